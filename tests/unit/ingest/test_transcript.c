// SPDX-License-Identifier: AGPL-3.0-or-later
// Answers of a speech service: words with seconds come out of good ones, and nothing comes out of others.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "ingest/transcript.h"

static const struct {
    const char *json,
        *words; // "word@start-end …" for a window of 10 s from second 100 on; NULL: refused
} cases[] = {
    { "{\"text\":\"Clean it.\",\"language\":\"english\",\"words\":[{\"word\":\"Clean\",\"start\":1,"
      "\"end\":1.5},{\"word\":\"it\",\"start\":1.5,\"end\":2}],\"segments\":[{\"start\":0,\"end\":"
      "3,"
      "\"text\":\" Clean it.\"}]}",
        "Clean@101.0-101.5 it.@101.5-102.0" },
    { "{\"text\":\"x\",\"words\":[{\"word\":\"Clean\",\"start\":1,\"end\":1.5}],\"segments\":[{"
      "\"start\":0,\"end\":3,\"text\":\"Clean it.\"}]}",
        "Clean@101.0-101.5" }, // the segments have other words
    { "{\"segments\":[{\"start\":2,\"end\":4,\"text\":\" ab cd\"},{\"start\":4,\"end\":5,\"text\":"
      "\"e\"}]}",
        "ab@102.0-103.0 cd@103.0-104.0 e@104.0-105.0" },
    { "{\"segments\":[{\"start\":0,\"end\":9,\"text\":\" Salt it, now\",\"words\":[{\"word\":\" "
      "Sa\","
      "\"start\":2,\"end\":2.5},{\"word\":\"lt\",\"start\":2.5,\"end\":3},{\"word\":\" "
      "it\",\"start\":3,"
      "\"end\":4},{\"word\":\",\",\"start\":4,\"end\":4.5}]},{\"start\":9,\"end\":10,\"text\":"
      "\"now\"}]}",
        "Salt@102.0-103.0 it,@103.0-104.5 now@109.0-110.0" }, // pieces of words, as whisper.cpp's server sends them
    { "{\"segments\":[{\"start\":0,\"end\":9,\"text\":\"a "
      "b\",\"words\":[{\"word\":\"a\",\"start\":2,\"end\":3},"
      "{\"word\":\"b\",\"start\":5,\"end\":6}]}]}",
        "a@102.0-103.0 b@105.0-106.0" }, // no spaces at all: whole words
    { "{\"segments\":[{\"start\":0,\"end\":9,\"text\":\"a\",\"words\":[{\"word\":\" "
      "a\",\"start\":2,\"end\":3},"
      "{\"word\":\" \",\"start\":3,\"end\":3},{\"word\":\"b\",\"start\":5,\"end\":6}]}]}",
        "a@102.0-103.0 b@105.0-106.0" },
    { "{\"segments\":[{\"start\":0,\"end\":9,\"text\":\"a\",\"words\":7}]}", NULL },
    { "{\"segments\":[{\"start\":0,\"end\":9,\"text\":\"a\",\"words\":[{\"word\":\" a\"}]}]}",
        NULL },
    { "{\"text\":\"\"}", "" },
    { "{\"text\":\" \",\"words\":[],\"segments\":[]}", "" },
    { "{\"text\":\"\",\"words\":null}", "" },
    { "{\"text\":\"a\",\"words\":[{\"word\":\"a\",\"start\":9,\"end\":11.5}]}",
        "a@109.0-110.0" }, // engines pad their window
    { "{\"text\":\"a b\",\"words\":[{\"word\":\"a\",\"start\":2,\"end\":3},{\"word\":\"b\","
      "\"start\":1.8,\"end\":2.5}]}",
        "a@102.0-103.0 b@102.0-102.5" },
    { "{\"text\":\"said without times\"}", NULL },
    { "{}", NULL },
    { "[]", NULL },
    { "", NULL },
    { "not json", NULL },
    { "{\"text\":\"a\",\"words\":{}}", NULL },
    { "{\"text\":\"a\",\"words\":[7]}", NULL },
    { "{\"text\":\"a\",\"words\":[{\"word\":\"a\",\"start\":\"1\",\"end\":2}]}", NULL },
    { "{\"text\":\"a\",\"words\":[{\"word\":\"a\",\"start\":-1,\"end\":2}]}", NULL },
    { "{\"text\":\"a\",\"words\":[{\"word\":\"a\",\"start\":3,\"end\":2}]}", NULL },
    { "{\"text\":\"a\",\"words\":[{\"word\":\"a\",\"start\":1,\"end\":99}]}", NULL },
    { "{\"text\":\"a\",\"words\":[{\"word\":7,\"start\":1,\"end\":2}]}", NULL },
    { "{\"text\":\"a\",\"words\":[{\"start\":1,\"end\":2}]}", NULL },
    { "{\"text\":\"a b\",\"words\":[{\"word\":\"a\",\"start\":5,\"end\":6},{\"word\":\"b\","
      "\"start\":1,\"end\":2}]}",
        NULL },
};

static void answers_are_parsed_strictly(void **state)
{
    struct transcript *t = malloc(sizeof(*t));
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_BUF got = BUF_INIT(10000);
        struct error err = { 0 };
        int rc = transcript_parse(slice_of(cases[i].json), 10, 100, t, &err);
        buf_add_str(&got, "");
        for (size_t k = 0; rc == 0 && k < t->count; k++) {
            buf_addf(&got, "%s%s@%.1f-%.1f", k ? " " : "", t->words[k].text,
                (double)t->words[k].start, (double)t->words[k].end);
        }
        if ((rc == 0) != (cases[i].words != NULL)) {
            fail_msg("case %zu: %d %s", i, rc, err.text);
        }
        if (rc == 0 && !slice_is(buf_slice(&got), cases[i].words)) {
            fail_msg("case %zu: %s", i, got.data);
        }
        assert_true(rc == 0 || (rc == ERR_CORRUPT && err.text[0]));
    }
    assert_int_equal(transcript_parse(slice_of(cases[0].json), 10, 0, t, NULL), 0);
    assert_string_equal(t->language, "english");
    free(t);
}

static void too_many_words_are_refused(void **state)
{
    struct transcript *t = malloc(sizeof(*t));
    AUTO_BUF json = BUF_INIT(1 << 20);
    (void)state;
    buf_add_str(&json, "{\"text\":\"a\",\"words\":[");
    for (int i = 0; i <= SPEECH_WORDS_MAX; i++) {
        buf_addf(&json, "%s{\"word\":\"a\",\"start\":1,\"end\":1}", i ? "," : "");
    }
    buf_add_str(&json, "]}");
    assert_int_equal(transcript_parse(buf_slice(&json), 10, 0, t, NULL), ERR_CORRUPT);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_parsed_strictly),
        cmocka_unit_test(too_many_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
