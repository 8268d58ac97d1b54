// SPDX-License-Identifier: AGPL-3.0-or-later
// Modes: which are taken, how they are kept, and what they mean for each kind of document.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "ingest/mode.h"

static const struct {
    const char *mode, *kept; // NULL: refused
} checks[] = {
    { "fast", "fast" },
    { " hi_res ", "hi_res" },
    { "all", "all" },
    { "agentic_ocr", "agentic_ocr" },
    { "{\"static\":\"hi_res\",\"audio\":true,\"video\":\"audio_video\"}",
        "{\"static\":\"hi_res\",\"audio\":true,\"video\":\"audio_video\"}" },
    { "{ \"video\" : \"audio_only\" }",
        "{\"static\":null,\"audio\":false,\"video\":\"audio_only\"}" },
    { "{\"static\":null,\"audio\":null,\"video\":null}",
        "{\"static\":null,\"audio\":false,\"video\":null}" },
    { "{}", "{\"static\":null,\"audio\":false,\"video\":null}" },
    { "", NULL },
    { "FAST", NULL },
    { "slow", NULL },
    { "fast,all", NULL },
    { "[\"fast\"]", NULL },
    { "{\"static\":\"all\"}", NULL },
    { "{\"static\":true}", NULL },
    { "{\"audio\":\"yes\"}", NULL },
    { "{\"audio\":1}", NULL },
    { "{\"video\":true}", NULL },
    { "{\"video\":\"both\"}", NULL },
    { "{\"pictures\":true}", NULL },
    { "{\"static\":\"fast\"", NULL },
};

static void a_mode_is_checked_and_kept_in_one_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        AUTO_BUF kept = BUF_INIT(1000);
        struct error err = { 0 };
        int rc = mode_check(slice_of(checks[i].mode), &kept, &err);
        if ((rc == 0) != (checks[i].kept != NULL) ||
            (rc == 0 && !slice_is(buf_slice(&kept), checks[i].kept))) {
            fail_msg("%s: %d " SLICE_FMT, checks[i].mode, rc, SLICE_ARG(buf_slice(&kept)));
        }
        assert_true(rc == 0 || (rc == ERR_INVALID && strncmp(err.text, "mode", 4) == 0));
    }
}

static const struct {
    const char *mode, *type,
        *plan; // h: hi_res, s: sound, p: pictures, n: nothing is read, !: something is left out
} plans[] = {
    { "", "pdf", "h sp" },
    { "", "txt", "sp" },
    { "fast", "pdf", "sp" },
    { "hi_res", "pdf", "h sp" },
    { "all", "pdf", "h sp" },
    { "agentic_ocr", "pdf", "h sp" },
    { "fast", "png", "sp !" },
    { "", "png", "h sp" },
    { "fast", "mp3", "sp" },
    { "fast", "mp4", "sp" },
    { "all", "mp4", "h sp" },
    { "{\"static\":\"fast\"}", "pdf", "sp" },
    { "{\"static\":\"hi_res\"}", "docx", "h sp" },
    { "{\"static\":\"fast\"}", "jpg", "sp !" },
    { "{\"audio\":true}", "pdf", "sp n !" },
    { "{\"audio\":true}", "wav", "sp" },
    { "{\"audio\":false}", "wav", "p !" },
    { "{\"static\":\"hi_res\"}", "wav", "p !" },
    { "{\"video\":\"audio_video\"}", "mp4", "h sp" },
    { "{\"video\":\"audio_only\"}", "mp4", "s !" },
    { "{\"video\":\"video_only\"}", "mov", "h p !" },
    { "{\"audio\":true}", "avi", "!" },
};

static void a_mode_means_something_for_each_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
        struct mode_plan p;
        AUTO_BUF words = BUF_INIT(100);
        const struct format_info *f = format_by_name(slice_of(plans[i].type));
        assert_non_null(f);
        mode_plan(slice_of(plans[i].mode), f, &p);
        buf_addf(&words, "%s%s%s%s%s", p.hi_res ? "h " : "", p.no_sound ? "" : "s",
            p.no_pictures ? "" : "p", p.nothing ? " n" : "", p.left_out ? " !" : "");
        if (!slice_equal(slice_trim(buf_slice(&words)), slice_of(plans[i].plan))) {
            fail_msg("%s of %s: \"" SLICE_FMT "\"", plans[i].mode, plans[i].type,
                SLICE_ARG(buf_slice(&words)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mode_is_checked_and_kept_in_one_form),
        cmocka_unit_test(a_mode_means_something_for_each_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
