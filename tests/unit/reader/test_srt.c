// SPDX-License-Identifier: AGPL-3.0-or-later
// Subtitles: words by the second.
#include "ooxml_test.h"

static char *run(const char *text, enum pass pass)
{
    return seen_text(text, FORMAT_VTT, pass);
}

static const struct reading_case cases[] = {
    { "SubRip",
        "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>Open</i> "
        "the\r\n{\\an8}lid.\r\n\r\n2\r\n01:00:04,000 --> 01:00:05,250\r\nWait.\r\n",
        "speech 0 {0:01} Open the/lid.\nspeech 0 {1:00:04} Wait.\n" },
    { "WebVTT",
        "WEBVTT - x\n\nSTYLE\n::cue { color: red }\n\nNOTE secret\n\nid 1\n00:01.000 --> 00:02.000 "
        "align:start\n<v Trainer>Salt &amp; oil <00:01.500><c.x>now</c>\n",
        "speech 0 {0:01} Trainer: Salt & oil now\n" },
    { "no blank line between",
        "1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:03,000 --> 00:00:04,000\nb\n",
        "speech 0 {0:01} a\nspeech 0 {0:03} b\n" },
    { "less-than signs are text", "1\n00:00:01,000 --> 00:00:02,000\n3 < 4 & 5\n",
        "{0:01} 3 < 4 & 5\n" },
    { "a broken time loses its cue only",
        "1\nx --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\nb\n",
        "speech 0 {0:03} b\n" },
};

static void what_is_read(void **state)
{
    (void)state;
    expect_readings(cases, ARRAY_LEN(cases), FORMAT_VTT);
}

static void what_has_no_times_is_refused(void **state)
{
    (void)state;
    AUTO_FREE char *out = run("just words\n", CHECK);
    expect_text(out, "finding structure.corrupt");
    AUTO_FREE char *good = run("1\n00:00:01,000 --> 00:00:02,500\na\n", CHECK);
    expect_text(good, "info seconds=2.5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_has_no_times_is_refused),
    };
    return cmocka_run_group_tests_name("reader/srt", tests, NULL, NULL);
}
