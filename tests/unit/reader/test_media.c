// SPDX-License-Identifier: AGPL-3.0-or-later
// Recordings: what is told of them, what is refused, subtitles, chapters, pictures; cut anywhere they end well. No model.
#include "ooxml_test.h"

#include "reader/media.h"
#include "reader/media_parts.h"

static struct package fixture_of(const char *name)
{
    char path[4096];
    struct package p = { 0 };

    snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        fail_msg("no fixture %s", path);
    }
    p.bytes = malloc(1 << 20);
    p.len = fread(p.bytes, 1, 1 << 20, f);
    fclose(f);
    return p;
}

struct told {
    struct buf lines;
    int images, elements;
    double duration;
};

static int on_finding(void *ctx, const struct finding *f)
{
    buf_addf(&((struct told *)ctx)->lines, "finding %s\n", f->code->code);
    return 0;
}

static int on_element(void *ctx, const struct element *e)
{
    struct told *t = ctx;
    t->elements++;
    buf_addf(&t->lines, "%s ", element_kind_word(e->kind));
    place_add_json(&t->lines, &e->place);
    buf_addf(&t->lines, " " SLICE_FMT "\n", SLICE_ARG(e->text));
    return 0;
}

static int on_info(void *ctx, const char *key, const char *text, double number)
{
    struct told *t = ctx;
    if (text) {
        buf_addf(&t->lines, "info %s=%s\n", key, text);
    } else {
        buf_addf(&t->lines, "info %s=%g\n", key, number);
    }
    return 0;
}

static int on_image(void *ctx, const char *name, const char *type, const void *bytes, size_t len)
{
    struct told *t = ctx;
    assert_string_equal(type, "image/jpeg");
    assert_true(len > 100 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0);
    t->images++;
    buf_addf(&t->lines, "image %s\n", name);
    return 0;
}

static int run(struct slice bytes, enum format_id id, bool read, bool hi_res, struct told *t)
{
    struct reader_sink sink = {
        .finding = on_finding, .element = on_element, .info = on_info, .image = on_image, .ctx = t
    };
    struct reader r = { .format = id,
        .input = bytes,
        .limits = &reader_limits_default,
        .sink = &sink,
        .hi_res = hi_res };
    struct error err = { .code = 0 };

    *t = (struct told){ .images = 0 };
    buf_init(&t->lines, 1 << 20);
    buf_add_str(&t->lines, "");
    return read ? larder_media.read(&r, &err) : larder_media.check(&r, &err);
}

static void expect(
    const char *name, enum format_id id, bool read, bool hi_res, const char *const *wanted)
{
    struct package p = fixture_of(name);
    struct told t;

    assert_int_equal(run(slice_make(p.bytes, p.len), id, read, hi_res, &t), 0);
    for (size_t i = 0; wanted[i]; i++) {
        if (!strstr(t.lines.data ? t.lines.data : "", wanted[i])) {
            fail_msg("%s: no \"%s\" in:\n%s", name, wanted[i], t.lines.data ? t.lines.data : "");
        }
    }
    buf_done(&t.lines);
    free(p.bytes);
}

#define WANT(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void what_a_recording_holds_is_told(void **state)
{
    (void)state;
    expect("training.mp4", FORMAT_MP4, false, false,
        WANT("info width=320", "info height=180", "info video_codec=h264", "info audio_codec=aac",
            "info sample_rate=16000", "info channels=1", "info has_subtitles=yes",
            "info title=Closing the kitchen", "info duration_s="));
    expect("fryer.wav", FORMAT_WAV, false, false,
        WANT("info audio_codec=pcm_s16le", "info sample_rate=11025"));
    expect("tags.mp3", FORMAT_MP3, false, false,
        WANT("info title=Timer bell", "info artist=Kitchen One"));
    expect("chapters.m4a", FORMAT_M4A, false, false, WANT("info chapters=2"));
}

static void subtitles_chapters_and_tags_are_read_with_times(void **state)
{
    (void)state;
    expect("training.mp4", FORMAT_MP4, true, false,
        WANT("title null Closing the kitchen", "caption {\"time\":[0.5,2.5]} Drain the fryer first",
            "caption {\"time\":[5,8]} Lock the back door", "image poster"));
    expect("chapters.m4a", FORMAT_M4A, true, false,
        WANT("heading {\"time\":[0,2]} Grill", "heading {\"time\":[2,4]} Walk-in cooler"));
    expect("tags.mp3", FORMAT_MP3, true, false,
        WANT("paragraph null Comment: The bell that ends a basket of fries"));
}

static void without_a_model_speech_is_said_to_be_unread(void **state)
{
    (void)state;
    expect("fryer.wav", FORMAT_WAV, true, false,
        WANT("finding speech.no_model", "figure null Sound recording, 0:06"));
    expect("silent.mov", FORMAT_MOV, true, false,
        WANT("figure null Video, 0:02, 160 × 120, without sound"));
}

static void pictures_are_taken_at_changes_of_scene(void **state)
{
    (void)state;
    expect("training.mp4", FORMAT_MP4, true, true,
        WANT("image frame-0.00", "image frame-3.00", "image frame-6.00"));
    struct package p = fixture_of("training.mp4");
    struct told t;
    assert_int_equal(run(slice_make(p.bytes, p.len), FORMAT_MP4, true, true, &t), 0);
    assert_int_equal(t.images, 5); // and the poster with its thumbnail
    buf_done(&t.lines);
    free(p.bytes);
}

static void what_can_not_be_decoded_is_refused(void **state)
{
    (void)state;
    expect("hostile/no-data.wav", FORMAT_WAV, false, false, WANT("finding structure.undecodable"));
    expect(
        "hostile/no-samples.wav", FORMAT_WAV, false, false, WANT("finding structure.undecodable"));
    expect("hostile/no-index.mp4", FORMAT_MP4, false, false, WANT("finding structure.undecodable"));
    expect("hostile/noise.mp3", FORMAT_MP3, false, false, WANT("finding structure.undecodable"));
    expect("hostile/playlist.avi", FORMAT_AVI, false, false, WANT("finding structure.undecodable"));
    expect("hostile/playlist.mp4", FORMAT_MP4, false, false, WANT("finding structure.undecodable"));
    expect("hostile/list.mov", FORMAT_MOV, false, false, WANT("finding structure.undecodable"));
}

static void a_recording_cut_anywhere_ends_well(void **state)
{
    static const struct {
        const char *name;
        enum format_id id;
    } files[] = { { "training.mp4", FORMAT_MP4 }, { "old.avi", FORMAT_AVI },
        { "tags.mp3", FORMAT_MP3 }, { "silent.mov", FORMAT_MOV } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct package p = fixture_of(files[i].name);
        for (size_t len = 0; len < p.len; len += p.len / 23) {
            char *copy =
                memcpy(malloc(len + 1), p.bytes, len); // so that a read past the end is seen
            for (int read = 0; read < 2; read++) {
                struct told t;
                assert_int_equal(run(slice_make(copy, len), files[i].id, read, true, &t), 0);
                buf_done(&t.lines);
            }
            free(copy);
        }
        free(p.bytes);
    }
}

static void a_sink_that_has_enough_ends_the_reading(void **state)
{
    struct package p = fixture_of("training.mp4");
    struct reader_sink sink = { .element = NULL };
    struct reader_limits few = reader_limits_default;
    struct error err = { .code = 0 };
    (void)state;
    few.elements = 2;
    struct reader r = {
        .format = FORMAT_MP4, .input = slice_make(p.bytes, p.len), .limits = &few, .sink = &sink
    };
    assert_int_equal(larder_media.read(&r, &err), ERR_LIMIT);
    free(p.bytes);
}

static const struct {
    const char *cue, *shown;
    bool ass;
} cues[] = {
    { "0,0,Default,,0,0,0,,Lock, then leave", "Lock, then leave", true },
    { "0,0,Default,,0,0,0,,{\\an8}Up {\\i1}here{\\i0}\\Nand there", "Up here and there", true },
    { "a <b>bold</b> word", "a bold word", false },
    { "3 < 4 holds", "3 < 4 holds", false },
    { "line\r\nline", "line line", false },
    { "", "", false },
};

static void cues_become_plain_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cues); i++) {
        AUTO_BUF b = BUF_INIT(1000);
        subtitle_clean(slice_of(cues[i].cue), cues[i].ass, &b);
        assert_string_equal(b.data ? b.data : "", cues[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_recording_holds_is_told),
        cmocka_unit_test(subtitles_chapters_and_tags_are_read_with_times),
        cmocka_unit_test(without_a_model_speech_is_said_to_be_unread),
        cmocka_unit_test(pictures_are_taken_at_changes_of_scene),
        cmocka_unit_test(what_can_not_be_decoded_is_refused),
        cmocka_unit_test(a_recording_cut_anywhere_ends_well),
        cmocka_unit_test(a_sink_that_has_enough_ends_the_reading),
        cmocka_unit_test(cues_become_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
