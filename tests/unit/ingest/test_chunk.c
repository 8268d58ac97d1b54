// SPDX-License-Identifier: AGPL-3.0-or-later
#include "ingest/chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { KEPT_MAX = 64 };

struct kept {
    char *text[KEPT_MAX], *heading[KEPT_MAX], *places[KEPT_MAX];
    int64_t first[KEPT_MAX], last[KEPT_MAX];
    struct place place[KEPT_MAX];
    size_t count;
};

static int keep(void *ctx, const struct chunk *c, struct error *err)
{
    struct kept *k = ctx;

    (void)err;
    assert_true(k->count < KEPT_MAX);
    assert_int_equal(c->index, k->count);
    k->text[k->count] = xstrndup(c->text.data, c->text.len);
    k->heading[k->count] = xstrndup(c->heading.data, c->heading.len);
    k->places[k->count] = xstrdup(c->places);
    k->first[k->count] = c->first_element;
    k->last[k->count] = c->last_element;
    k->place[k->count] = c->place;
    k->count++;
    return 0;
}

static void drop(struct kept *k)
{
    for (size_t i = 0; i < k->count; i++) {
        free(k->text[i]);
        free(k->heading[i]);
        free(k->places[i]);
    }
}

static struct element on_page(
    int64_t index, enum element_kind kind, int level, int page, const char *text)
{
    return (struct element){ .index = index,
        .kind = kind,
        .level = level,
        .text = slice_of(text),
        .place = { .kind = PLACE_PAGE,
            .number = page,
            .has_box = true,
            .box = { 0.1f, 0.1f * (float)(index % 9), 0.9f, 0.5f } } };
}

static void run(const struct element *elements, size_t count, struct kept *k)
{
    struct chunker *c = chunker_new(keep, k);

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(chunker_add(c, &elements[i], NULL), 0);
    }
    assert_int_equal(chunker_finish(c, NULL), 0);
    chunker_free(c);
}

static void a_heading_begins_a_chunk_and_stands_above_it(void **state)
{
    struct kept k = { .count = 0 };
    const struct element e[] = { on_page(0, ELEMENT_TITLE, 0, 1, "Fryer manual"),
        on_page(1, ELEMENT_HEADING, 1, 1, "Cleaning"), on_page(2, ELEMENT_HEADING, 2, 1, "Daily"),
        on_page(3, ELEMENT_PARAGRAPH, 0, 1, "Filter the oil."),
        on_page(4, ELEMENT_HEADING, 2, 1, "Weekly"),
        on_page(5, ELEMENT_PARAGRAPH, 0, 1, "Boil out.") };

    (void)state;
    run(e, ARRAY_LEN(e), &k);
    assert_int_equal(k.count, 2);
    assert_string_equal(k.heading[0], "Cleaning > Daily");
    assert_string_equal(k.text[0], "Fryer manual\nCleaning\nDaily\nFilter the oil.");
    assert_string_equal(k.heading[1], "Cleaning > Weekly");
    assert_string_equal(k.text[1], "Weekly\nBoil out.");
    drop(&k);
}

static void no_chunk_crosses_a_page(void **state)
{
    struct kept k = { .count = 0 };
    const struct element e[] = { on_page(0, ELEMENT_PARAGRAPH, 0, 1, "One."),
        on_page(1, ELEMENT_PARAGRAPH, 0, 2, "Two."),
        on_page(2, ELEMENT_PARAGRAPH, 0, 2, "Three.") };

    (void)state;
    run(e, ARRAY_LEN(e), &k);
    assert_int_equal(k.count, 2);
    assert_int_equal(k.place[0].number, 1);
    assert_int_equal(k.place[1].number, 2);
    assert_int_equal(k.first[1], 1);
    assert_int_equal(k.last[1], 2);
    assert_true(k.place[1].box[1] < 0.15f && k.place[1].box[3] > 0.45f);
    drop(&k);
}

static void long_text_is_cut_at_sentences_and_keeps_its_place(void **state)
{
    struct kept k = { .count = 0 };
    char text[10000] = "";

    (void)state;
    for (int i = 0; strlen(text) < 9000; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
            "Sentence number %d stands here. ", i);
    }
    const struct element e = on_page(0, ELEMENT_PARAGRAPH, 0, 7, text);
    run(&e, 1, &k);
    assert_true(k.count > 4);
    for (size_t i = 0; i < k.count; i++) {
        assert_true(strlen(k.text[i]) <= CHUNK_MAX_BYTES);
        assert_int_equal(k.text[i][strlen(k.text[i]) - 1], '.');
        assert_int_equal(k.place[i].number, 7);
    }
    drop(&k);
}

static void a_block_of_a_table_gets_its_header(void **state)
{
    struct kept k = { .count = 0 };
    struct element e[] = {
        { .index = 0,
            .kind = ELEMENT_TABLE,
            .text = SLICE_LIT("Item | Price\nFries | 2.50"),
            .header = SLICE_LIT("Item | Price"),
            .place = { .kind = PLACE_SHEET,
                .name = SLICE_LIT("Menu"),
                .rows = { 1, 2 },
                .cols = { 1, 2 } } },
        { .index = 1,
            .kind = ELEMENT_TABLE,
            .text = SLICE_LIT("Shake | 3.00"),
            .header = SLICE_LIT("Item | Price"),
            .place = { .kind = PLACE_SHEET,
                .name = SLICE_LIT("Drinks"),
                .rows = { 3, 3 },
                .cols = { 1, 2 } } },
    };

    (void)state;
    run(e, ARRAY_LEN(e), &k);
    assert_int_equal(k.count, 2);
    assert_string_equal(k.text[0], "Item | Price\nFries | 2.50");
    assert_string_equal(k.text[1], "Item | Price\nShake | 3.00");
    assert_int_equal(k.place[1].rows[0], 3);
    drop(&k);
}

static void what_is_not_indexed_is_left_out(void **state)
{
    struct kept k = { .count = 0 };
    struct element e[] = { on_page(0, ELEMENT_FOOTER, 0, 1, "Page 1 of 9"),
        on_page(1, ELEMENT_PARAGRAPH, 0, 1, "  \n "),
        on_page(2, ELEMENT_PARAGRAPH, 0, 1, "Real text.") };

    (void)state;
    e[0].flags = ELEMENT_NOT_INDEXED;
    run(e, ARRAY_LEN(e), &k);
    assert_int_equal(k.count, 1);
    assert_string_equal(k.text[0], "Real text.");
    assert_string_equal(k.heading[0], "");
    drop(&k);
}

static void many_small_elements_close_a_chunk_by_count(void **state)
{
    struct kept k = { .count = 0 };
    struct element e[CHUNK_PLACES_MAX + 5];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(e); i++) {
        e[i] = on_page((int64_t)i, ELEMENT_LIST_ITEM, 1, 1, "x");
    }
    run(e, ARRAY_LEN(e), &k);
    assert_int_equal(k.count, 2);
    assert_int_equal(k.last[0], CHUNK_PLACES_MAX - 1);
    assert_int_equal(k.first[1], CHUNK_PLACES_MAX);
    drop(&k);
}

static void a_document_of_headings_only_is_still_found(void **state)
{
    struct kept k = { .count = 0 };
    const struct element e[] = { on_page(0, ELEMENT_HEADING, 1, 1, "Call the hotline"),
        on_page(1, ELEMENT_HEADING, 1, 1, "Now") };

    (void)state;
    run(e, ARRAY_LEN(e), &k);
    assert_int_equal(k.count, 1);
    assert_string_equal(k.text[0], "Call the hotline\nNow");
    drop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heading_begins_a_chunk_and_stands_above_it),
        cmocka_unit_test(no_chunk_crosses_a_page),
        cmocka_unit_test(long_text_is_cut_at_sentences_and_keeps_its_place),
        cmocka_unit_test(a_block_of_a_table_gets_its_header),
        cmocka_unit_test(what_is_not_indexed_is_left_out),
        cmocka_unit_test(many_small_elements_close_a_chunk_by_count),
        cmocka_unit_test(a_document_of_headings_only_is_still_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
