// SPDX-License-Identifier: AGPL-3.0-or-later
// The order that reranking makes of the best passages.
#include "search/rerank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void scored_ones_go_first_and_the_others_keep_their_order(void **state)
{
    (void)state;
    struct rerank_item items[] = { { 0.2, 0, 9 }, { 0.9, 1, 8 }, { NAN, 2, 6 }, { 0.9, 3, 5 },
        { NAN, 4, 3 }, { NAN, 5, 0 } };
    const size_t want[] = { 1, 3, 0, 2, 4, 5 };
    const double scores[] = { 0.9, 0.9, 0.2, 0.2, 0.1, 0 };

    rerank_order(items, ARRAY_LEN(items));
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        assert_int_equal(items[i].before, want[i]);
        assert_true(fabs(items[i].score - scores[i]) < 1e-12);
    }
}

static void a_reranker_that_fails_leaves_a_note_and_no_number(void **state)
{
    (void)state;
    struct reranker *r = reranker_new(&(struct reranker_options){
        .model = "http://127.0.0.1:1/v1/rerank", .folder = "/nowhere" });
    struct search_tools tools = { .reranker = r, .rerank_count = 2, .rerank_ms = 1000 };
    struct chunk_hit a = { .text = SLICE_LIT("a"), .heading = SLICE_LIT("b") }, b = a;
    const struct chunk_hit *hits[] = { &a, &b };
    double scores[2] = { 0 };
    const char *note = NULL;
    AUTO_ARENA arena = { 0 };

    arena_init(&arena, 1 << 20);
    assert_int_equal(rerank_hits(&tools, SLICE_LIT("q"), hits, 2, &arena, scores, &note), 0);
    assert_true(isnan(scores[0]) && isnan(scores[1]));
    assert_non_null(note);
    assert_non_null(strstr(note, "Not reranked: The reranking service does not answer."));
    reranker_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scored_ones_go_first_and_the_others_keep_their_order),
        cmocka_unit_test(a_reranker_that_fails_leaves_a_note_and_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
