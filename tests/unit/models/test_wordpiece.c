// SPDX-License-Identifier: AGPL-3.0-or-later
// The tokeniser gives what the reference implementation gives (wordpiece.golden), and keeps its limits.
#include "models/wordpiece.h"
#include "os/file.h"
#include "wire/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *vocabulary_path, *golden_path;

static struct wordpiece *open_vocabulary(void)
{
    AUTO_BUF lines = BUF_INIT(WORDPIECE_VOCABULARY_BYTES);
    struct wordpiece *w = NULL;
    struct error err = { 0 };

    assert_int_equal(read_all(vocabulary_path, &lines, &err), 0);
    if (wordpiece_open(buf_slice(&lines), &w, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return w;
}

static void tokens_are_those_of_the_reference(void **state)
{
    (void)state;
    struct wordpiece *w = open_vocabulary();
    AUTO_BUF golden = BUF_INIT(16 << 20);
    struct slice rest, line;
    size_t texts = 0;

    assert_int_equal(read_all(golden_path, &golden, NULL), 0);
    rest = buf_slice(&golden);
    while (slice_cut(&rest, '\n', &line) && line.len) {
        int32_t tokens[WORDPIECE_TOKENS_MAX];
        AUTO_JSON *j = json_loadb(line.data, line.len, JSON_ALLOW_NUL, NULL);
        assert_non_null(j);
        const json_t *text = json_object_get(j, "text"), *want = json_object_get(j, "tokens");
        struct slice s = slice_make(json_string_value(text), json_string_length(text));
        size_t count = wordpiece_encode(w, s, tokens, WORDPIECE_TOKENS_MAX);
        bool same = count == json_array_size(want);
        for (size_t i = 0; same && i < count; i++) {
            same = tokens[i] == json_integer_value(json_array_get(want, i));
        }
        if (!same) {
            fail_msg("other tokens for: " SLICE_FMT, SLICE_ARG(s));
        }
        texts++;
    }
    assert_true(texts > 400);
    wordpiece_free(w);
}

static void what_does_not_fit_is_cut_and_the_end_mark_stays(void **state)
{
    (void)state;
    struct wordpiece *w = open_vocabulary();
    int32_t all[WORDPIECE_TOKENS_MAX], few[WORDPIECE_TOKENS_MAX];
    size_t n = wordpiece_encode(w, SLICE_LIT("recalibrate the thermostat twice"), all, 512);

    for (size_t most = 3; most < n; most++) {
        assert_int_equal(
            wordpiece_encode(w, SLICE_LIT("recalibrate the thermostat twice"), few, most), most);
        assert_memory_equal(few, all, (most - 1) * sizeof(few[0]));
        assert_int_equal(few[most - 1], all[n - 1]);
    }
    wordpiece_free(w);
}

static void special_marks_in_a_text_are_text(void **state)
{
    (void)state;
    struct wordpiece *w = open_vocabulary();
    int32_t tokens[WORDPIECE_TOKENS_MAX];
    size_t n = wordpiece_encode(w, SLICE_LIT("a [SEP] b"), tokens, 512), ends = 0;

    for (size_t i = 0; i < n; i++) {
        ends += tokens[i] == tokens[n - 1];
    }
    assert_int_equal(ends, 1);
    wordpiece_free(w);
}

static void a_vocabulary_without_its_marks_is_refused(void **state)
{
    (void)state;
    struct wordpiece *w = NULL;
    struct error err = { 0 };

    assert_int_equal(wordpiece_open(SLICE_LIT("a\nb\n[CLS]\n[SEP]\n"), &w, &err), ERR_CORRUPT);
    assert_int_equal(wordpiece_open(SLICE_LIT(""), &w, &err), ERR_CORRUPT);
    assert_null(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_those_of_the_reference),
        cmocka_unit_test(what_does_not_fit_is_cut_and_the_end_mark_stays),
        cmocka_unit_test(special_marks_in_a_text_are_text),
        cmocka_unit_test(a_vocabulary_without_its_marks_is_refused),
    };
    if (argc != 3) {
        return 2;
    }
    vocabulary_path = argv[1];
    golden_path = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
