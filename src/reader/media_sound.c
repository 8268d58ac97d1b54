// SPDX-License-Identifier: AGPL-3.0-or-later
// Sound: packets → frames → one channel at 16 kHz, in pieces. Memory stays flat however long the recording is. Gaps in the
// times of the packets become silence, so that a second stays that second.
#include "reader/media_parts.h"

#include <libswresample/swresample.h>
#include <math.h>
#include <stdlib.h>

enum { CHANNELS_MAX = 16, GAP_MAX_S = 600 };
#define GAP_LEAST_S 0.5 // shorter gaps are rounding of the container

struct sound {
    struct media_file *m;
    sound_fn fn;
    void *ctx;
    SwrContext *swr;
    AVChannelLayout
        layout; // of swr's input, with rate and format: when they change, it is made anew
    int rate, format;
    float *piece;
    int64_t samples; // given out so far
};

static double now(const struct sound *s)
{
    return (double)s->samples / SOUND_RATE;
}

static int give(struct sound *s, size_t count)
{
    double second = now(s);
    for (size_t i = 0; i < count; i++) {
        s->piece[i] = isfinite(s->piece[i]) ? s->piece[i] : 0;
    }
    s->samples += (int64_t)count;
    return s->fn(s->ctx, s->piece, count, second);
}

static int give_silence(struct sound *s, double until)
{
    int rc = 0;

    while (rc == 0 && now(s) < until) {
        int64_t left = (int64_t)((until - now(s)) * SOUND_RATE) + 1;
        size_t n = left < SOUND_PIECE ? (size_t)left : SOUND_PIECE;
        memset(s->piece, 0, n * sizeof(float));
        rc = give(s, n);
    }
    return rc;
}

static bool set_up(struct sound *s, const AVFrame *f)
{
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;

    if (s->swr && f->sample_rate == s->rate && f->format == s->format &&
        av_channel_layout_compare(&f->ch_layout, &s->layout) == 0) {
        return true;
    }
    if (f->ch_layout.nb_channels < 1 || f->ch_layout.nb_channels > CHANNELS_MAX ||
        f->sample_rate < 1000 || f->sample_rate > 768000) {
        return false;
    }
    swr_free(&s->swr);
    av_channel_layout_uninit(&s->layout);
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(&s->layout, f->ch_layout.nb_channels);
    } else if (av_channel_layout_copy(&s->layout, &f->ch_layout) < 0) {
        return false;
    }
    s->rate = f->sample_rate;
    s->format = f->format;
    if (swr_alloc_set_opts2(&s->swr, &mono, AV_SAMPLE_FMT_FLT, SOUND_RATE, &s->layout, f->format,
            f->sample_rate, 0, NULL) < 0 ||
        swr_init(s->swr) < 0) {
        swr_free(&s->swr);
        return false;
    }
    return true;
}

static int convert(struct sound *s, const AVFrame *f)
{
    const uint8_t **in = f ? (const uint8_t **)(uintptr_t)f->extended_data : NULL;
    int in_count = f ? f->nb_samples : 0, rc = 0;

    for (;;) {
        uint8_t *out[1] = { (uint8_t *)s->piece };
        int n = swr_convert(s->swr, out, SOUND_PIECE, in, in_count);
        if (n <= 0) {
            return 0;
        }
        rc = give(s, (size_t)n);
        if (rc != 0 || n < SOUND_PIECE) {
            return rc;
        }
        in = NULL;
        in_count = 0;
    }
}

static int take_frame(struct sound *s, const AVFrame *f)
{
    double second = media_seconds(s->m, s->m->audio, f->best_effort_timestamp);
    double delay = s->swr ? (double)swr_get_delay(s->swr, SOUND_RATE) / SOUND_RATE : 0;
    int rc = 0;

    if (f->best_effort_timestamp != AV_NOPTS_VALUE && second > now(s) + delay + GAP_LEAST_S &&
        second < now(s) + GAP_MAX_S) {
        rc = give_silence(s, second - delay);
    }
    if (rc != 0 || !set_up(s, f)) {
        return rc;
    }
    return convert(s, f);
}

static int drain(struct sound *s, AVCodecContext *decoder, AVFrame *frame, int *bad)
{
    int rc = 0;

    while (rc == 0) {
        int got = avcodec_receive_frame(decoder, frame);
        if (got < 0) {
            *bad += got != AVERROR(EAGAIN) && got != AVERROR_EOF;
            break;
        }
        *bad = 0;
        rc = take_frame(s, frame);
        av_frame_unref(frame);
    }
    return rc;
}

static int decode(struct sound *s, AVCodecContext *decoder, AVPacket *packet, AVFrame *frame)
{
    int rc = 0, bad = 0;
    bool end = false;

    while (rc == 0 && !end && bad < SOUND_BAD_PACKETS_MAX && now(s) < MEDIA_DURATION_MAX_S) {
        end = media_next(s->m, packet) != 0;
        int sent = avcodec_send_packet(decoder, end ? NULL : packet);
        bad += sent < 0 && !end;
        av_packet_unref(packet);
        rc = drain(s, decoder, frame, &bad);
    }
    return rc == 0 && s->swr ? convert(s, NULL) : rc;
}

int sound_read(struct media_file *m, sound_fn fn, void *ctx, double *ret_seconds)
{
    struct sound s = { .m = m, .fn = fn, .ctx = ctx };
    AVCodecContext *decoder = media_decoder(m, m->audio);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int rc = 0;

    s.piece = malloc(SOUND_PIECE * sizeof(float));
    if (!packet || !frame || !s.piece) {
        rc = ERR_MEMORY;
    } else if (decoder && media_rewind(m, m->audio, -1)) {
        rc = decode(&s, decoder, packet, frame);
    }
    *ret_seconds = now(&s);
    swr_free(&s.swr);
    av_channel_layout_uninit(&s.layout);
    free(s.piece);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    return rc;
}
