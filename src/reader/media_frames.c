// SPDX-License-Identifier: AGPL-3.0-or-later
// Pictures of a video: key frames only (they need no other picture to be decoded), of those the ones that differ from the last
// one kept, at most one in FRAME_EVERY_S seconds. Whether they differ is measured on 16 × 16 grey squares.
#include "reader/media.h"
#include "reader/media_parts.h"

#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    GRID = 16,
    DIFFERENT =
        10, // mean difference of the squares, of 255: a cut is above 25, a talking head below 5
    PACKETS_MAX = 4000000,
    WORDS_CPU_S = 300, // then pictures are kept without their words
    WORDS_CPU_FAST_S = 20, // the same when the mode is fast
    WORDS_SURE = 70, // of 100
    JPEG_QUALITY = 4, // of 2 (best) to 31
    THUMBNAIL_SIDE = 320,
};

static const struct media_host *host;

struct frames {
    double cpu_start;
    struct media_file *m;
    struct SwsContext *grid_scaler, *picture_scaler;
    uint8_t last[GRID * GRID];
    double last_second;
    size_t kept;
    bool only_first;
};

static bool grid_of(struct frames *s, const AVFrame *f, uint8_t grid[GRID * GRID])
{
    uint8_t *to[4] = { grid };
    int stride[4] = { GRID };

    s->grid_scaler = sws_getCachedContext(s->grid_scaler, f->width, f->height, f->format, GRID,
        GRID, AV_PIX_FMT_GRAY8, SWS_AREA, NULL, NULL, NULL);
    return s->grid_scaler && sws_scale(s->grid_scaler, (const uint8_t *const *)f->data, f->linesize,
                                 0, f->height, to, stride) == GRID;
}

static bool differs(const struct frames *s, const uint8_t grid[GRID * GRID])
{
    int sum = 0;
    for (int i = 0; i < GRID * GRID; i++) {
        sum += abs(grid[i] - s->last[i]);
    }
    return sum > DIFFERENT * GRID * GRID;
}

static AVFrame *scaled(struct frames *s, const AVFrame *f, int side)
{
    int larger = f->width > f->height ? f->width : f->height;
    AVFrame *p = av_frame_alloc();

    if (!p) {
        return NULL;
    }
    p->width = larger > side ? (int)((int64_t)f->width * side / larger) : f->width;
    p->height = larger > side ? (int)((int64_t)f->height * side / larger) : f->height;
    p->width = p->width > 0 ? p->width : 1;
    p->height = p->height > 0 ? p->height : 1;
    p->format = AV_PIX_FMT_YUVJ420P;
    s->picture_scaler = sws_getCachedContext(s->picture_scaler, f->width, f->height, f->format,
        p->width, p->height, AV_PIX_FMT_YUVJ420P, SWS_AREA, NULL, NULL, NULL);
    if (!s->picture_scaler || av_frame_get_buffer(p, 0) < 0 ||
        sws_scale(s->picture_scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
            p->data, p->linesize) <= 0) {
        av_frame_free(&p);
    }
    return p;
}

static AVPacket *jpeg_of(AVFrame *picture)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    AVPacket *packet = c ? av_packet_alloc() : NULL;

    if (packet) {
        c->width = picture->width;
        c->height = picture->height;
        c->pix_fmt = picture->format;
        c->time_base = (AVRational){ 1, 25 };
        c->thread_count = 1;
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = JPEG_QUALITY * FF_QP2LAMBDA;
        picture->quality = c->global_quality;
        if (avcodec_open2(c, codec, NULL) < 0 || avcodec_send_frame(c, picture) < 0 ||
            avcodec_receive_packet(c, packet) < 0) {
            av_packet_free(&packet);
        }
    }
    avcodec_free_context(&c);
    return packet;
}

// The words on the picture; how sure they are.
static int words_on(struct frames *s, const AVFrame *picture, struct buf *text)
{
    size_t width = (size_t)picture->width, height = (size_t)picture->height;

    if (!host || !host->words ||
        (double)clock() / CLOCKS_PER_SEC - s->cpu_start >
            (s->m->reader->hi_res ? WORDS_CPU_S : WORDS_CPU_FAST_S)) {
        return 0;
    }
    AUTO_FREE unsigned char *grey = malloc(width * height);
    for (size_t y = 0; grey && y < height; y++) {
        memcpy(grey + y * width, picture->data[0] + (ptrdiff_t)y * picture->linesize[0], width);
    }
    return grey ? host->words(grey, picture->width, picture->height, text) : 0;
}

static int tell(struct frames *s, const AVFrame *picture, const char *name, double second)
{
    AUTO_BUF text = BUF_INIT(64 << 10);
    int sure = words_on(s, picture, &text);
    struct element e = { .kind = ELEMENT_KEY_FRAME,
        .place = { .kind = PLACE_TIME, .seconds = { second, second } },
        .flags = sure > 0 && sure < WORDS_SURE ? ELEMENT_LOW_CONFIDENCE : 0,
        .text = buf_slice(&text),
        .image = slice_of(name) };
    return reader_element(s->m->reader, &e);
}

// The small one for the library.
static int thumbnail(struct frames *s, const AVFrame *f)
{
    AVFrame *picture = scaled(s, f, THUMBNAIL_SIDE);
    AVPacket *jpeg = picture ? jpeg_of(picture) : NULL;
    int rc =
        jpeg ? reader_image(s->m->reader, "thumbnail", "image/jpeg", jpeg->data, (size_t)jpeg->size)
             : 0;

    av_packet_free(&jpeg);
    av_frame_free(&picture);
    return rc;
}

static int keep(struct frames *s, const AVFrame *f, double second)
{
    AVFrame *picture = scaled(s, f, FRAME_SIDE);
    AVPacket *jpeg = picture ? jpeg_of(picture) : NULL;
    char name[40];
    int rc = 0;

    if (jpeg) {
        snprintf(name, sizeof(name), s->only_first ? "poster" : "frame-%.2f", second);
        rc = reader_image(s->m->reader, name, "image/jpeg", jpeg->data, (size_t)jpeg->size);
        rc = rc == 0 && s->only_first ? thumbnail(s, f) : rc;
        rc = rc == 0 && !s->only_first ? tell(s, picture, name, second) : rc;
        s->kept++;
    }
    av_packet_free(&jpeg);
    av_frame_free(&picture);
    return rc;
}

static int take_frame(struct frames *s, const AVFrame *f)
{
    double second = media_seconds(s->m, s->m->video, f->best_effort_timestamp);
    uint8_t grid[GRID * GRID] = { 0 };

    if (f->width <= 0 || f->height <= 0 || (s->kept && second < s->last_second + FRAME_EVERY_S) ||
        !grid_of(s, f, grid) || (s->kept && !differs(s, grid))) {
        return 0;
    }
    memcpy(s->last, grid, sizeof(grid));
    s->last_second = second;
    return keep(s, f, second);
}

static int decode(struct frames *s, AVCodecContext *decoder, AVPacket *packet, AVFrame *frame)
{
    size_t most = s->only_first ? 1 : s->m->reader->hi_res ? FRAMES_MAX : FRAMES_FAST_MAX;
    bool end = false;
    int rc = 0;

    for (int i = 0; rc == 0 && !end && s->kept < most && i < PACKETS_MAX; i++) {
        end = media_next(s->m, packet) != 0;
        if (!end && !(packet->flags & AV_PKT_FLAG_KEY)) {
            av_packet_unref(packet);
            continue;
        }
        (void)avcodec_send_packet(decoder, end ? NULL : packet);
        av_packet_unref(packet);
        while (rc == 0 && s->kept < most && avcodec_receive_frame(decoder, frame) == 0) {
            rc = take_frame(s, frame);
            av_frame_unref(frame);
        }
    }
    return rc;
}

void frames_use_host(const struct media_host *h)
{
    host = h;
}

int frames_read(struct media_file *m, bool only_first, size_t *ret_count)
{
    struct frames s = {
        .cpu_start = (double)clock() / CLOCKS_PER_SEC, .m = m, .only_first = only_first
    };
    AVCodecContext *decoder = media_decoder(m, m->video);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int rc = 0;

    if (decoder && packet && frame && media_rewind(m, m->video, -1)) {
        decoder->skip_frame = AVDISCARD_NONKEY;
        rc = decode(&s, decoder, packet, frame);
    }
    *ret_count = s.kept;
    sws_freeContext(s.grid_scaler);
    sws_freeContext(s.picture_scaler);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    return rc;
}
