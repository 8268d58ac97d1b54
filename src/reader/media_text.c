// SPDX-License-Identifier: AGPL-3.0-or-later
// Texts that come with a recording: chapters and subtitle tracks.
#include "reader/media_parts.h"

#include <stdlib.h>

static bool add_text(struct timeline *t, double start, double end, bool chapter, struct slice text)
{
    text = slice_trim(text);
    if (text.len == 0 || t->count == TIMELINE_MAX || t->text.len + text.len > TIMELINE_TEXT_MAX) {
        return true;
    }
    if (t->count % 256 == 0) {
        struct timed_text *more = realloc(t->items, (t->count + 256) * sizeof(*more));
        if (!more) {
            return false;
        }
        t->items = more;
    }
    t->items[t->count++] =
        (struct timed_text){ start, end > start ? end : start, chapter, t->text.len, text.len };
    buf_add_slice(&t->text, text);
    return buf_ok(&t->text);
}

static bool add_chapters(struct timeline *t, const struct media_file *m)
{
    for (unsigned i = 0; i < m->av->nb_chapters; i++) {
        const AVChapter *c = m->av->chapters[i];
        const AVDictionaryEntry *title = av_dict_get(c->metadata, "title", NULL, 0);
        double start = (double)c->start * av_q2d(c->time_base),
               end = (double)c->end * av_q2d(c->time_base);
        bool sane =
            title && start >= 0 && start < MEDIA_DURATION_MAX_S && end <= MEDIA_DURATION_MAX_S;
        if (sane && !add_text(t, start, end, true, slice_of(title->value))) {
            return false;
        }
    }
    return true;
}

// The ninth field of an ASS line is its text.
static struct slice ass_text(struct slice cue)
{
    for (int commas = 0; commas < 8; commas++) {
        size_t i = 0;
        while (i < cue.len && cue.data[i] != ',') {
            i++;
        }
        if (i == cue.len) {
            return cue;
        }
        cue = slice_from(cue, i + 1);
    }
    return cue;
}

void subtitle_clean(struct slice cue, bool ass, struct buf *to)
{
    size_t begin = to->len;

    cue = ass ? ass_text(cue) : cue;
    for (size_t i = 0; i < cue.len; i++) {
        char c = cue.data[i], closing = c == '<' ? '>' : '}';
        if (c == '<' || (ass && c == '{')) { // a tag or a style, if it ends at all
            const char *end = memchr(cue.data + i, closing, cue.len - i);
            if (end) {
                i = (size_t)(end - cue.data);
                continue;
            }
        }
        if (ass && c == '\\' && i + 1 < cue.len && strchr("Nnh", cue.data[i + 1])) {
            c = ' ';
            i++;
        }
        c = (unsigned char)c < 0x20 ? ' ' : c;
        if (c != ' ' || (to->len > begin && to->data[to->len - 1] != ' ')) {
            buf_add_char(to, c);
        }
    }
}

static bool add_cue(
    struct timeline *t, struct media_file *m, AVCodecContext *decoder, AVPacket *packet)
{
    AVSubtitle sub = { 0 };
    int got = 0;
    bool ok = true;
    double start = media_seconds(m, packet->stream_index, packet->pts);
    double length =
        (double)packet->duration * av_q2d(m->av->streams[packet->stream_index]->time_base);

    if (avcodec_decode_subtitle2(decoder, &sub, &got, packet) < 0 || !got) {
        return true;
    }
    for (unsigned i = 0; ok && i < sub.num_rects; i++) {
        AUTO_BUF text = BUF_INIT(16384);
        const AVSubtitleRect *rect = sub.rects[i];
        if (rect->type == SUBTITLE_ASS && rect->ass) {
            subtitle_clean(slice_of(rect->ass), true, &text);
        } else if (rect->type == SUBTITLE_TEXT && rect->text) {
            subtitle_clean(slice_of(rect->text), false, &text);
        }
        ok = add_text(t, start, length > 0 && length < 3600 ? start + length : start, false,
            buf_slice(&text));
    }
    avsubtitle_free(&sub);
    return ok;
}

static int first_subtitles(const struct media_file *m)
{
    for (unsigned i = 0; i < m->av->nb_streams; i++) {
        if (m->av->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE) {
            return (int)i;
        }
    }
    return -1;
}

static int earlier(const void *a, const void *b)
{
    const struct timed_text *x = a, *y = b;
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return x->chapter != y->chapter ? (x->chapter ? -1 : 1) : x->at < y->at ? -1 : 1;
}

int timeline_load(struct timeline *t, struct media_file *m)
{
    int stream = first_subtitles(m);
    bool ok;

    *t = (struct timeline){ .items = NULL };
    buf_init(&t->text, TIMELINE_TEXT_MAX + 1);
    ok = add_chapters(t, m);
    AVCodecContext *decoder = media_decoder(m, stream);
    AVPacket *packet = decoder ? av_packet_alloc() : NULL;
    if (packet && media_rewind(m, stream, -1)) {
        while (ok && t->count < TIMELINE_MAX && media_next(m, packet) == 0) {
            ok = add_cue(t, m, decoder, packet);
            av_packet_unref(packet);
        }
    }
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    if (t->count) {
        qsort(t->items, t->count, sizeof(*t->items), earlier);
    }
    return ok ? 0 : ERR_MEMORY;
}

int timeline_until(struct timeline *t, struct reader *r, double second)
{
    int rc = 0;

    while (rc == 0 && t->given < t->count && t->items[t->given].start < second) {
        const struct timed_text *one = &t->items[t->given++];
        struct element e = { .kind = one->chapter ? ELEMENT_HEADING : ELEMENT_CAPTION,
            .level = one->chapter ? 2 : 0,
            .place = { .kind = PLACE_TIME, .seconds = { one->start, one->end } },
            .text = slice_make(t->text.data + one->at, one->len) };
        rc = reader_element(r, &e);
    }
    return rc;
}

void timeline_done(struct timeline *t)
{
    free(t->items);
    buf_done(&t->text);
}
