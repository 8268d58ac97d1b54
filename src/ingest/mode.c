// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements mode.h. Pure; any thread.
#include "ingest/mode.h"

#include "wire/json.h"

static const char *const words[] = { "fast", "hi_res", "all", "agentic_ocr" };
static const char *const static_words[] = { "fast", "hi_res", "agentic_ocr", NULL };
static const char *const video_words[] = { "audio_only", "video_only", "audio_video", NULL };

struct parts { // words of the tables above; NULL: left out
    const char *documents, *video;
    bool audio;
};

static const char *word_of(const json_t *value, const char *const *list)
{
    const char *text = json_string_value(value);

    for (size_t i = 0; text && list[i]; i++) {
        if (strcmp(text, list[i]) == 0) {
            return list[i];
        }
    }
    return NULL;
}

static bool is_given(const json_t *value)
{
    return value && !json_is_null(value);
}

static int parse_object(struct slice mode, struct parts *ret, struct error *err)
{
    static const char *const fields[] = { "static", "audio", "video", NULL };
    AUTO_JSON *object = json_in_parse_object(mode, err);

    if (!object) {
        return error_prefix(err, ERR_INVALID, "mode");
    }
    int rc = json_in_only(object, fields, err);
    if (rc < 0) {
        return error_prefix(err, rc, "mode");
    }
    const json_t *documents = json_object_get(object, "static");
    const json_t *audio = json_object_get(object, "audio");
    const json_t *video = json_object_get(object, "video");
    ret->documents = word_of(documents, static_words);
    ret->video = word_of(video, video_words);
    ret->audio = json_is_true(audio);
    if (is_given(documents) && !ret->documents) {
        return error_set(err, ERR_INVALID, "mode: \"static\" can be \"fast\", \"hi_res\" or null.");
    }
    if (is_given(audio) && !json_is_boolean(audio)) {
        return error_set(err, ERR_INVALID, "mode: \"audio\" can be true, false or null.");
    }
    if (is_given(video) && !ret->video) {
        return error_set(err, ERR_INVALID,
            "mode: \"video\" can be \"audio_only\", \"video_only\", \"audio_video\" or null.");
    }
    return 0;
}

static bool is_object(struct slice mode)
{
    return mode.len && mode.data[0] == '{';
}

int mode_check(struct slice mode, struct buf *ret_kept, struct error *err)
{
    struct parts p = { NULL };

    mode = slice_trim(mode);
    if (mode.len > MODE_TEXT_MAX) {
        return error_set(err, ERR_INVALID, "mode is longer than %d bytes.", MODE_TEXT_MAX);
    }
    if (is_object(mode)) {
        int rc = parse_object(mode, &p, err);
        if (rc == 0) {
            const char *quote = p.documents ? "\"" : "", *video_quote = p.video ? "\"" : "";
            buf_addf(ret_kept, "{\"static\":%s%s%s,\"audio\":%s,\"video\":%s%s%s}", quote,
                p.documents ? p.documents : "null", quote, p.audio ? "true" : "false", video_quote,
                p.video ? p.video : "null", video_quote);
        }
        return rc;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (slice_is(mode, words[i])) {
            buf_add_str(ret_kept, words[i]);
            return 0;
        }
    }
    return error_set(err, ERR_INVALID,
        "mode can be fast, hi_res, all, or an object with static, audio and video.");
}

static void plan_parts(const struct parts *p, const struct format_info *format, struct mode_plan *r)
{
    if (strcmp(format->category, "audio") == 0) {
        r->no_sound = !p->audio;
        r->left_out = r->no_sound ? "The speech was not read: the mode leaves sound out." : NULL;
    } else if (strcmp(format->category, "video") == 0) {
        r->no_sound = !p->video || strcmp(p->video, "video_only") == 0;
        r->no_pictures = !p->video || strcmp(p->video, "audio_only") == 0;
        r->hi_res = !r->no_pictures;
        r->left_out = r->no_sound && r->no_pictures
                          ? "Neither speech nor pictures were read: the mode leaves videos out."
                      : r->no_sound    ? "The speech was not read: the mode asks for pictures only."
                      : r->no_pictures ? "The pictures were not read: the mode asks for sound only."
                                       : NULL;
    } else {
        r->nothing = !p->documents;
        r->hi_res = p->documents && strcmp(p->documents, "fast") != 0;
        r->left_out =
            r->nothing ? "It was not read: the mode leaves out this kind of document." : NULL;
    }
}

void mode_plan(struct slice mode, const struct format_info *format, struct mode_plan *ret)
{
    struct parts p = { NULL };

    *ret = (struct mode_plan){ .hi_res = true };
    if (!mode.len) {
        mode = slice_of(format->mode);
    }
    if (is_object(mode) && parse_object(mode, &p, NULL) == 0) {
        ret->hi_res = false;
        plan_parts(&p, format, ret);
    } else {
        ret->hi_res = !slice_is(mode, "fast");
    }
    if (!ret->left_out && !ret->hi_res && strcmp(format->category, "image") == 0) {
        ret->left_out = "The words on the picture were not read: the mode is fast.";
    }
}
