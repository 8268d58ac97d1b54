// SPDX-License-Identifier: AGPL-3.0-or-later
// Reading a recording: what it is, its tags, then by time: chapters, subtitles, speech; key frames last. Progress in seconds.
#include "base/buf.h"
#include "reader/media.h"
#include "reader/media_parts.h"
#include "reader/speech.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum {
    PARTIAL_BELOW_PERCENT = 90, // of the length it claims
    CPU_SPARE_S = 120, // of processor time,
    CPU_PER_SECOND = 4, // and this for each second of the recording that was read
};

struct read {
    struct media_file m;
    struct reader *r;
    struct timeline timeline;
    struct speech *speech;
    size_t utterances;
    double total; // seconds, for progress
};

static int on_utterance(void *ctx, const struct speech_word *words, size_t count)
{
    struct read *x = ctx;
    AUTO_BUF text = BUF_INIT(SPEECH_WORDS_MAX * SPEECH_WORD_BYTES);
    AUTO_BUF times = BUF_INIT(SPEECH_TIMES_MAX);
    struct element e;

    if (!speech_element(words, count, &text, &times, &e)) {
        return ERR_MEMORY;
    }
    int rc = timeline_until(&x->timeline, x->r, words[0].start);
    x->utterances++;
    return rc ? rc : reader_element(x->r, &e);
}

// For a speech service: the server makes elements of what it answers, before any that we send later.
static int on_window(void *ctx, double second, const float *samples, size_t count)
{
    struct read *x = ctx;
    int rc = timeline_until(&x->timeline, x->r, second);

    return rc ? rc : reader_sound(x->r, second, samples, count);
}

static int on_sound(void *ctx, const float *samples, size_t count, double second)
{
    struct read *x = ctx;
    double cpu_s = (double)clock() / CLOCKS_PER_SEC;

    if (cpu_s > CPU_SPARE_S + CPU_PER_SECOND * second) {
        reader_finding(x->r, "structure.partial", NULL,
            "Hearing the recording took far too long; it was read up to second %.0f.", second);
        return ERR_TIMEOUT;
    }
    int rc = x->speech ? speech_feed(x->speech, samples, count) : 0;
    return rc ? rc
              : reader_progress(
                    x->r, (int64_t)(second + (double)count / SOUND_RATE), (int64_t)ceil(x->total));
}

static int read_sound(struct read *x)
{
    double came = 0;
    int rc;

    if (x->r->sound_out) {
        x->speech = speech_new_windows(on_window, x);
    } else if (speech_ready()) {
        x->speech = speech_new(on_utterance, x);
    } else {
        rc = reader_finding(
            x->r, "speech.no_model", NULL, "Speech was not read: no speech model is installed.");
        if (rc != 0) {
            return rc;
        }
    }
    rc = sound_read(&x->m, on_sound, x, &came);
    rc = rc == ERR_TIMEOUT ? 0 : rc;
    rc = rc == 0 && x->speech ? speech_finish(x->speech) : rc;
    if (rc == 0 && x->m.duration > 2 && came * 100 < x->m.duration * PARTIAL_BELOW_PERCENT) {
        double here = x->m.av->streams[x->m.audio]->duration > 0
                          ? (double)x->m.av->streams[x->m.audio]->duration *
                                av_q2d(x->m.av->streams[x->m.audio]->time_base)
                          : x->m.duration;
        if (came * 100 < here * PARTIAL_BELOW_PERCENT) {
            rc = reader_finding(x->r, "structure.partial", NULL,
                "Only the first %.0f of %.0f seconds of sound could be read.", came, here);
        }
    }
    if (rc == 0 && speech_language()[0] && x->utterances) {
        rc = reader_info_text(x->r, "language", speech_language());
    }
    return rc;
}

static int send_tags(struct read *x)
{
    static const char *const tags[][2] = { { "artist", "Artist" }, { "album", "Album" },
        { "comment", "Comment" }, { "description", "Description" }, { "synopsis", "Synopsis" },
        { "lyrics", "Lyrics" } };
    const char *title = media_tag(&x->m, "title");
    struct element head = {
        .kind = ELEMENT_TITLE, .level = 1, .text = slice_of(title ? title : "")
    };
    int rc = title ? reader_element(x->r, &head) : 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(tags); i++) {
        AUTO_BUF text = BUF_INIT(64 << 10);
        const char *value = media_tag(&x->m, tags[i][0]);
        if (value && strlen(value) < (32 << 10)) {
            buf_addf(&text, "%s: %s", tags[i][1], value);
            struct element e = { .kind = ELEMENT_PARAGRAPH, .text = buf_slice(&text) };
            rc = reader_element(x->r, &e);
        }
    }
    return rc;
}

// What the recording is, in words: shown, but not searched, since nobody said it. With the poster for a video.
static int send_summary(struct read *x)
{
    AUTO_BUF text = BUF_INIT(1000);
    size_t pictures = 0;
    int rc = x->m.video >= 0 ? frames_read(&x->m, true, &pictures) : 0;
    int64_t s = (int64_t)llround(x->m.duration);

    buf_add_str(&text, x->m.video >= 0 ? "Video" : "Sound recording");
    if (x->m.duration > 0) {
        buf_addf(&text, s >= 3600 ? ", %lld:%02lld:%02lld" : ", %.0lld%lld:%02lld",
            (long long)(s / 3600), (long long)(s / 60 % 60), (long long)(s % 60));
    }
    if (x->m.video >= 0) {
        const AVCodecParameters *p = x->m.av->streams[x->m.video]->codecpar;
        buf_addf(&text, ", %d × %d", p->width, p->height);
    }
    buf_add_str(&text, x->m.audio >= 0 ? "" : ", without sound");
    struct element e = { .kind = ELEMENT_FIGURE,
        .flags = ELEMENT_NOT_INDEXED,
        .text = buf_slice(&text),
        .image = slice_of(pictures ? "poster" : "") };
    return rc ? rc : reader_element(x->r, &e);
}

static int read_all(struct read *x)
{
    size_t frames = 0;
    int rc = media_tell(&x->m);

    x->total = x->m.duration;
    rc = rc ? rc : send_summary(x);
    rc = rc ? rc : send_tags(x);
    rc = rc ? rc : timeline_load(&x->timeline, &x->m);
    bool sound = x->m.audio >= 0 && !(x->r->leave_out & READER_NO_SOUND);
    bool pictures = x->m.video >= 0 && !(x->r->leave_out & READER_NO_PICTURES);
    rc = rc ? rc : sound ? read_sound(x) : 0;
    rc = rc ? rc : timeline_until(&x->timeline, x->r, INFINITY);
    rc = rc ? rc : pictures ? frames_read(&x->m, false, &frames) : 0;
    return rc ? rc : reader_progress(x->r, (int64_t)ceil(x->total), (int64_t)ceil(x->total));
}

int media_read_file(struct reader *r, struct error *err)
{
    struct read x = { .r = r };
    const char *why = NULL;
    int rc = 0;

    if (!media_open(&x.m, r, &why)) {
        rc = reader_finding(r, "structure.undecodable", NULL, "%s", why);
    } else if (x.m.duration > MEDIA_DURATION_MAX_S) {
        rc = reader_finding(
            r, "bomb.duration", NULL, "The recording says it lasts longer than a day.");
    } else {
        rc = read_all(&x);
    }
    speech_free(x.speech);
    timeline_done(&x.timeline);
    media_close(&x.m);
    return rc == ERR_MEMORY ? error_set(err, ERR_MEMORY,
                                  "Reading the recording needs more memory than is allowed.")
                            : rc;
}

static int prepare(const struct media_host *host, struct slice model)
{
    frames_use_host(host);
    return model.len ? speech_prepare(model) : ERR_NOT_FOUND;
}

const struct media_module larder_media = { MEDIA_MODULE_VERSION, media_check_file, media_read_file,
    prepare };
