// SPDX-License-Identifier: AGPL-3.0-or-later
// What a question asks the index for, and filters as SQL.
#include "search/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

struct rig {
    char dir[64];
    struct store *store;
    struct arena arena;
};

static int set_up(void **state)
{
    struct rig *rig = xalloc(sizeof(*rig));
    struct error err;

    strcpy(rig->dir, "/tmp/larder-query-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    assert_int_equal(
        store_open(&(struct store_options){ .data_dir = rig->dir }, &rig->store, &err), 0);
    arena_init(&rig->arena, 1 << 20);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    char command[100];

    store_close(rig->store);
    arena_done(&rig->arena);
    snprintf(command, sizeof(command), "rm -r %s", rig->dir);
    assert_int_equal(system(command), 0);
    free(rig);
    return 0;
}

static void assert_match(struct rig *rig, const char *text, const char *wanted)
{
    struct query q;
    struct error err;

    assert_int_equal(query_parse(rig->store, slice_of(text), &rig->arena, &q, &err), 0);
    assert_string_equal(q.match, wanted);
}

static void a_question_is_an_or_of_its_words(void **state)
{
    assert_match(*state, "How do I filter the oil?", "(\"filter\" OR \"oil?\")");
    assert_match(*state, "oil OIL oil", "(\"oil\")");
    assert_match(*state, "the of and", "(\"the\" OR \"of\" OR \"and\")");
    assert_match(*state, "", "");
    assert_match(*state, " ?!… \t", "");
}

static void phrases_prefixes_and_exclusions_keep_their_meaning(void **state)
{
    assert_match(*state, "\"basket lift\"", "(\"basket lift\")");
    assert_match(
        *state, "\"basket lift\" motor", "(\"basket lift\") AND (\"basket lift\" OR \"motor\")");
    assert_match(*state, "bask*", "(\"bask\"*)");
    assert_match(*state, "oil -fish", "(\"oil\") NOT \"fish\"");
    assert_match(*state, "-fish", "");
    assert_match(*state, "walk-in", "(\"walk-in\")");
    assert_match(*state, "\"unended phrase", "(\"unended phrase\")");
}

static void the_languages_own_signs_are_only_text(void **state)
{
    assert_match(
        *state, "NEAR(a b) AND x: ^y {z}", "(\"NEAR(a\" OR \"b)\" OR \"x:\" OR \"^y\" OR \"{z}\")");
    assert_match(*state, "5\"x", "(\"x\") AND (\"x\" OR \"5\")");
}

static void too_long_a_question_is_refused(void **state)
{
    struct rig *rig = *state;
    char text[SEARCH_QUERY_MAX_BYTES + 2];
    struct query q;
    struct error err;

    memset(text, 'a', sizeof(text));
    assert_int_equal(query_parse(rig->store, slice_make(text, sizeof(text)), &rig->arena, &q, &err),
        ERR_TOO_LARGE);
    for (size_t i = 0; i + 1 < SEARCH_QUERY_MAX_BYTES; i += 2) {
        text[i] = (char)('a' + i / 2 % 26);
        text[i + 1] = ' ';
    }
    assert_int_equal(
        query_parse(rig->store, slice_make(text, SEARCH_QUERY_MAX_BYTES), &rig->arena, &q, &err),
        0);
    assert_true(q.term_count <= SEARCH_TERMS_MAX);
}

static void assert_filter(struct rig *rig, const char *json, const char *sql, size_t values)
{
    struct chunk_filter f = { 0 };
    struct error err = { 0 };

    assert_int_equal(filter_parse(slice_of(json), &rig->arena, &f, &err), sql ? 0 : ERR_INVALID);
    if (sql) {
        assert_string_equal(f.metadata_sql, sql);
        assert_int_equal(f.metadata_value_count, values);
    } else {
        assert_true(err.text[0] != '\0');
    }
}

#define HAS(field, type, sign, value)                                                              \
    "EXISTS(SELECT 1 FROM json_tree(d.metadata,'$.\"" field                                        \
    "\"') e WHERE e.atom IS NOT NULL AND " type " AND e.atom " sign " " value ")"
#define TEXT "e.type='text'"
#define NUMBER "e.type IN ('integer','real','true','false')"

static void filters_become_sql_with_bound_values(void **state)
{
    assert_filter(*state, "{\"kind\":\"fryer\"}", "(" HAS("kind", TEXT, "=", "?") ")", 1);
    assert_filter(*state, "{\"n\":{\"$gt\":3,\"$lte\":9}}",
        "((" HAS("n", NUMBER, ">", "CAST(? AS REAL)") " AND " HAS(
            "n", NUMBER, "<=", "CAST(? AS REAL)") "))",
        2);
    assert_filter(*state, "{\"$or\":[{\"a\":\"x\"},{\"b\":true}]}",
        "(((" HAS("a", TEXT, "=", "?") ") OR (" HAS("b", NUMBER, "=", "CAST(? AS REAL)") ")))", 2);
    assert_filter(*state, "{\"a\":{\"$nin\":[\"x\",\"y\"]}}",
        "((NOT (" HAS("a", TEXT, "=", "?") " OR " HAS("a", TEXT, "=", "?") ")))", 2);
}

static void filters_that_are_not_right_are_refused(void **state)
{
    static const char *const bad[] = { "{}", "[]", "{\"a'b\":1}", "{\"a\\\"b\":1}",
        "{\"a\":{\"$x\":1}}", "{\"a\":{}}", "{\"a\":null}", "{\"a\":{\"$in\":[]}}", "{\"$and\":{}}",
        "{\"$and\":[1]}", "{\"a\":{\"$eq\":[1]}}", "{\"\":1}",
        "{\"$or\":[{\"$or\":[{\"$or\":[{\"$or\":[{\"$or\":[{\"$or\":[{\"$or\":[{\"$or\":[{\"a\":1}]"
        "}]}]}]}]}]}]}]}" };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_filter(*state, bad[i], NULL, 0);
    }
}

static void a_filter_has_a_limit_on_its_conditions(void **state)
{
    AUTO_BUF json = BUF_INIT(65536);

    buf_add_str(&json, "{\"$and\":[{\"a\":1}");
    for (int i = 0; i < 60; i++) {
        buf_add_str(&json, ",{\"a\":{\"$in\":[1,2,3]}}");
    }
    buf_add_str(&json, "]}");
    assert_filter(*state, json.data, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_an_or_of_its_words),
        cmocka_unit_test(phrases_prefixes_and_exclusions_keep_their_meaning),
        cmocka_unit_test(the_languages_own_signs_are_only_text),
        cmocka_unit_test(too_long_a_question_is_refused),
        cmocka_unit_test(filters_become_sql_with_bound_values),
        cmocka_unit_test(filters_that_are_not_right_are_refused),
        cmocka_unit_test(a_filter_has_a_limit_on_its_conditions),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
