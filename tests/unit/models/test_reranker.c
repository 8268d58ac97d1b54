// SPDX-License-Identifier: AGPL-3.0-or-later
// Reranking: a tiny cross-encoder (tests/tiny_cross_encoder.py) over ONNX Runtime, and what services answer.
#include "base/clock.h"
#include "models/remote.h"
#include "models/reranker.h"
#include "models/runtime.h"
#include "models/wordpiece.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *folder, *model;

static struct reranker *open_file(const char *path)
{
    struct reranker *r =
        reranker_new(&(struct reranker_options){ .model = path, .folder = folder });
    double score = 0;
    struct slice any = SLICE_LIT("vat");

    for (int i = 0; i < 1000; i++) { // it is loaded beside
        if (reranker_score(r, any, &any, 1, 1000, &score, NULL) != ERR_BUSY) {
            break;
        }
        usleep(10000);
    }
    return r;
}

static void a_pair_is_two_texts_with_a_mark_between_and_types(void **state)
{
    (void)state;
    struct wordpiece *w = NULL;
    int32_t tokens[16], types[16];

    assert_int_equal(
        wordpiece_open(SLICE_LIT("[PAD]\n[UNK]\n[CLS]\n[SEP]\none\ntwo\nthree\n"), &w, NULL), 0);
    size_t n =
        wordpiece_encode_pair(w, SLICE_LIT("one two"), SLICE_LIT("three one"), tokens, types, 16);
    const int32_t want[] = { 2, 4, 5, 3, 6, 4, 3 }, kinds[] = { 0, 0, 0, 0, 1, 1, 1 };
    assert_int_equal(n, 7);
    assert_memory_equal(tokens, want, sizeof(want));
    assert_memory_equal(types, kinds, sizeof(kinds));
    // A question may fill half; what is behind the room is cut off, and the last mark stays.
    n = wordpiece_encode_pair(w, SLICE_LIT("one one one one one one one one"),
        SLICE_LIT("two two two two two two two two"), tokens, types, 10);
    assert_int_equal(n, 10);
    assert_int_equal(tokens[4], 3);
    assert_int_equal(tokens[5], 5);
    assert_int_equal(tokens[9], 3);
    assert_int_equal(types[4], 0);
    assert_int_equal(types[5], 1);
    n = wordpiece_encode_pair(w, SLICE_LIT(""), SLICE_LIT(""), tokens, types, 16);
    assert_int_equal(n, 3);
    wordpiece_free(w);
}

static void a_cross_encoder_reads_question_and_passage_together(void **state)
{
    (void)state;
    struct reranker *r = open_file(model);
    struct slice passages[] = { SLICE_LIT("illness of staff"), SLICE_LIT("boil the vat"),
        SLICE_LIT("the vat") };
    double scores[3] = { 0 };
    struct error err = { 0 };
    char words[ERROR_TEXT_MAX];

    assert_true(reranker_wanted(r));
    if (reranker_score(r, SLICE_LIT("clean fryer"), passages, 3, 60000, scores, &err) != 0) {
        fail_msg("%s", err.text);
    }
    assert_true(fabs(scores[0] - 1 / (1 + exp(0.5))) < 1e-5); // nothing shared: -0.5
    assert_true(fabs(scores[1] - 1 / (1 + exp(-1.5))) < 1e-5); // two subjects: 1.5
    assert_true(fabs(scores[2] - 1 / (1 + exp(-0.5))) < 1e-5);
    assert_false(reranker_failed(r));
    reranker_describe(r, words, sizeof(words));
    assert_non_null(strstr(words, "loaded"));
    // Without time the first is tried and the others may be left out, never guessed.
    assert_int_equal(reranker_score(r, SLICE_LIT("vat"), passages, 3, 0, scores, &err), 0);
    assert_false(isnan(scores[0]));
    assert_true(isnan(scores[2]));
    reranker_free(r);
}

static void what_can_not_be_loaded_is_said(void **state)
{
    (void)state;
    struct slice any = SLICE_LIT("vat");
    double score = 7;
    struct error err = { 0 };
    char words[ERROR_TEXT_MAX];
    struct reranker *off =
        reranker_new(&(struct reranker_options){ .model = "off", .folder = folder });
    struct reranker *lost = open_file("/nowhere/m.onnx");

    assert_false(reranker_wanted(off));
    assert_true(reranker_wanted(lost));
    assert_true(reranker_score(lost, any, &any, 1, 1000, &score, &err) < 0);
    assert_true(score == 7);
    assert_true(reranker_failed(lost));
    reranker_describe(lost, words, sizeof(words));
    assert_null(strstr(words, "nowhere"));
    assert_non_null(strstr(words, "not there"));
    reranker_free(off);
    reranker_free(lost);
}

static void a_service_nobody_answers_at_is_left_alone_for_a_while(void **state)
{
    (void)state;
    struct reranker *r = reranker_new(
        &(struct reranker_options){ .model = "http://127.0.0.1:1/v1/rerank", .folder = folder });
    struct slice any = SLICE_LIT("vat");
    double score = 0;
    struct error err = { 0 };

    for (int i = 0; i < RERANK_FAILURES; i++) {
        assert_int_equal(reranker_score(r, any, &any, 1, 1000, &score, &err), ERR_IO);
    }
    assert_int_equal(reranker_score(r, any, &any, 1, 1000, &score, &err), ERR_BUSY);
    assert_true(reranker_failed(r));
    reranker_free(r);
}

static void answers_of_a_service_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int rc;
    } cases[] = {
        { "{\"results\":[{\"index\":1,\"relevance_score\":0.9},{\"index\":0,\"relevance_score\":0."
          "1}]}",
            0 },
        { "{\"results\":[{\"index\":1,\"relevance_score\":0.9,\"document\":{\"text\":\"x\"}}]}",
            0 },
        { "{\"results\":[]}", ERR_INVALID },
        { "{\"results\":[{\"index\":2,\"relevance_score\":0.9}]}", ERR_INVALID },
        { "{\"results\":[{\"index\":-1,\"relevance_score\":0.9}]}", ERR_INVALID },
        { "{\"results\":[{\"index\":0,\"relevance_score\":1},{\"index\":0,\"relevance_score\":1}]}",
            ERR_INVALID },
        { "{\"results\":[{\"index\":0,\"relevance_score\":\"1\"}]}", ERR_INVALID },
        { "{\"results\":[{\"index\":0,\"relevance_score\":1e300}]}", ERR_INVALID },
        { "{\"results\":[{\"relevance_score\":1}]}", ERR_INVALID },
        { "{\"results\":[7]}", ERR_INVALID },
        { "{\"data\":[]}", ERR_INVALID },
        { "[]", ERR_INVALID },
        { "", ERR_INVALID },
        { "not json", ERR_INVALID },
    };
    double scores[2];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };
        if (remote_parse_scores(slice_of(cases[i].json), 2, scores, &err) != cases[i].rc) {
            fail_msg("%s: %s", cases[i].json, err.text);
        }
    }
    assert_int_equal(remote_parse_scores(slice_of(cases[0].json), 2, scores, NULL), 0);
    assert_true(scores[0] == 0.1 && scores[1] == 0.9);
    assert_int_equal(remote_parse_scores(slice_of(cases[1].json), 2, scores, NULL), 0);
    assert_true(isnan(scores[0]) && scores[1] == 0.9); // left out
    assert_int_equal(
        remote_parse_scores(
            SLICE_LIT("{\"results\":[{\"index\":0,\"relevance_score\":-3},{\"index\":1,"
                      "\"relevance_score\":5.5}]}"),
            2, scores, NULL),
        0);
    assert_true(fabs(scores[0] - 1 / (1 + exp(3))) < 1e-9 && scores[1] > 0.99 && scores[1] < 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_two_texts_with_a_mark_between_and_types),
        cmocka_unit_test(a_cross_encoder_reads_question_and_passage_together),
        cmocka_unit_test(what_can_not_be_loaded_is_said),
        cmocka_unit_test(a_service_nobody_answers_at_is_left_alone_for_a_while),
        cmocka_unit_test(answers_of_a_service_are_checked),
    };
    if (argc != 3) {
        return 2;
    }
    folder = argv[1];
    model = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
