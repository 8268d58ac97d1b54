// SPDX-License-Identifier: AGPL-3.0-or-later
// Embeddings: what the model makes of texts, what is said when there is none, and a server's answers.
#include "models/embedder.h"
#include "models/remote.h"
#include "os/file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *folder;

static double likeness(const float *a, const float *b)
{
    double sum = 0;

    for (int i = 0; i < 384; i++) {
        sum += (double)a[i] * b[i];
    }
    return sum;
}

static void the_model_finds_the_passage_that_means_it(void **state)
{
    (void)state;
    struct embedder *e = embedder_new(&(struct embedder_options){ .model = "", .folder = folder });
    struct slice passages[] = { SLICE_LIT("Drain the oil and boil out the vat once a week."),
        SLICE_LIT("Employees must present a doctor's note after three days of illness.") };
    struct slice question = SLICE_LIT("How often is the fryer cleaned?");
    float *vectors = calloc(3 * 384, sizeof(float)), again[384];
    struct error err = { 0 };
    struct embedder_identity id;

    assert_true(embedder_wanted(e));
    assert_false(embedder_loaded(e));
    assert_int_equal(embedder_identify(e, &id, &err), 0);
    assert_int_equal(id.dimension, 384);
    assert_int_equal(strlen(id.hash), 64);
    assert_false(embedder_loaded(e)); // loaded at the first text only
    if (embedder_embed(e, EMBED_PASSAGE, passages, 2, vectors, &err) != 0) {
        fail_msg("%s", err.text);
    }
    assert_true(embedder_loaded(e));
    assert_int_equal(embedder_embed(e, EMBED_QUERY, &question, 1, vectors + 768, &err), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(likeness(vectors + i * 384, vectors + i * 384) - 1) < 1e-4);
    }
    assert_true(likeness(vectors + 768, vectors) > likeness(vectors + 768, vectors + 384) + 0.1);
    // A text's vector does not depend on what it came with.
    assert_int_equal(embedder_embed(e, EMBED_PASSAGE, &passages[1], 1, again, &err), 0);
    assert_memory_equal(again, vectors + 384, sizeof(again));
    free(vectors);
    embedder_free(e);
}

static void without_a_model_it_says_so(void **state)
{
    (void)state;
    char words[512];
    const char *models[] = { "off", "" };
    struct error err = { 0 };

    for (size_t i = 0; i < 2; i++) {
        struct embedder *e =
            embedder_new(&(struct embedder_options){ .model = models[i], .folder = "/nowhere" });
        assert_false(embedder_wanted(e));
        embedder_describe(e, words, sizeof(words));
        assert_non_null(strstr(words, "by words"));
        embedder_free(e);
    }
    struct embedder *e = embedder_new(
        &(struct embedder_options){ .model = "/nowhere/m.onnx", .folder = "/nowhere" });
    struct embedder_identity id;
    assert_true(embedder_wanted(e)); // it is wanted, and lacking
    assert_int_equal(embedder_identify(e, &id, &err), ERR_NOT_FOUND);
    assert_null(strstr(err.text, "nowhere")); // texts for people hold no paths
    embedder_free(e);
}

static void answers_of_a_server_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t count;
        int rc;
    } cases[] = {
        { "{\"data\":[{\"index\":0,\"embedding\":[3,4]}]}", 1, 0 },
        { "{\"data\":[{\"index\":1,\"embedding\":[0,1]},{\"index\":0,\"embedding\":[1,0]}]}", 2,
            0 },
        { "{\"data\":[{\"index\":0,\"embedding\":[1,0]},{\"index\":0,\"embedding\":[1,0]}]}", 2,
            ERR_INVALID },
        { "{\"data\":[{\"embedding\":[1,0]},{\"embedding\":[1]}]}", 2, ERR_INVALID },
        { "{\"data\":[{\"embedding\":[1,\"0\"]}]}", 1, ERR_INVALID },
        { "{\"data\":[{\"embedding\":[1e300,0]}]}", 1, ERR_INVALID },
        { "{\"data\":[{\"embedding\":[0,0]}]}", 1, ERR_INVALID },
        { "{\"data\":[{\"embedding\":[]}]}", 1, ERR_INVALID },
        { "{\"data\":[{\"index\":-1,\"embedding\":[1]}]}", 1, ERR_INVALID },
        { "{\"data\":[]}", 1, ERR_INVALID },
        { "{\"error\":\"no\"}", 1, ERR_INVALID },
        { "not json", 1, ERR_INVALID },
    };
    float out[64];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int dimension = 0;
        struct error err = { 0 };
        int rc = remote_parse(
            slice_of(cases[i].json), cases[i].count, out, ARRAY_LEN(out), &dimension, &err);
        if ((rc == 0) != (cases[i].rc == 0)) {
            fail_msg("%s: %d %s", cases[i].json, rc, err.text);
        }
    }
    int dimension = 0;
    assert_int_equal(remote_parse(slice_of(cases[0].json), 1, out, 64, &dimension, NULL), 0);
    assert_int_equal(dimension, 2);
    assert_true(fabsf(out[0] - 0.6f) < 1e-6f && fabsf(out[1] - 0.8f) < 1e-6f);
    assert_int_equal(remote_parse(slice_of(cases[1].json), 2, out, 64, &dimension, NULL), 0);
    assert_true(out[0] == 1 && out[3] == 1); // in the order that was asked
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_finds_the_passage_that_means_it),
        cmocka_unit_test(without_a_model_it_says_so),
        cmocka_unit_test(answers_of_a_server_are_checked),
    };
    if (argc != 2) {
        return 2;
    }
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
