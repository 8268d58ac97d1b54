// SPDX-License-Identifier: AGPL-3.0-or-later
// Layers 4 and 5 of recordings: it opens, its measures are within limits, and something in it can be decoded.
#include "reader/media_parts.h"

enum { TRY_PACKETS = 400, TRY_BYTES = 16 << 20 };

// Does at least one frame come out? Looks at the beginning only.
static bool gives_a_frame(struct media_file *m, int stream)
{
    AVCodecContext *decoder = media_decoder(m, stream);
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    bool got = false, end = !decoder || !packet || !frame || !media_rewind(m, stream, -1);
    int64_t bytes = 0;

    for (int i = 0; !end && !got; i++) {
        end = i == TRY_PACKETS || bytes > TRY_BYTES || media_next(m, packet) != 0;
        bytes += end ? 0 : packet->size;
        (void)avcodec_send_packet(decoder, end ? NULL : packet); // a damaged packet is passed over
        got = avcodec_receive_frame(decoder, frame) == 0 &&
              (frame->nb_samples > 0 || frame->width > 0);
        av_packet_unref(packet);
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    return got;
}

static bool pictures_too_large(const struct media_file *m)
{
    const AVCodecParameters *p = m->video >= 0 ? m->av->streams[m->video]->codecpar : NULL;
    return p && (p->width > MEDIA_SIDE_MAX || p->height > MEDIA_SIDE_MAX ||
                    (int64_t)p->width * p->height > m->reader->limits->pixels);
}

static int judge(struct media_file *m)
{
    struct reader *r = m->reader;

    if (m->external) {
        return reader_finding(r, "structure.undecodable", NULL,
            "The recording lies in other files, which it only names.");
    }
    if (m->duration > MEDIA_DURATION_MAX_S) {
        return reader_finding(r, "bomb.duration", NULL,
            "The recording says it lasts %.0f hours; the limit is %d.", m->duration / 3600,
            MEDIA_DURATION_MAX_S / 3600);
    }
    if (pictures_too_large(m)) {
        return reader_finding(
            r, "bomb.pixels", NULL, "The pictures of the video are larger than is allowed.");
    }
    bool sound = gives_a_frame(m, m->audio), pictures = gives_a_frame(m, m->video);
    if (!sound && !pictures) {
        return reader_finding(r, "structure.undecodable", NULL,
            "Neither sound nor pictures of the recording can be decoded (%s).",
            media_codec(m, m->audio >= 0 ? m->audio : m->video));
    }
    if (m->audio >= 0 && !sound) {
        return reader_finding(r, "structure.partial", NULL,
            "The sound of the video can't be decoded (%s).", media_codec(m, m->audio));
    }
    if (m->video >= 0 && !pictures) {
        return reader_finding(r, "structure.partial", NULL,
            "The pictures of the video can't be decoded (%s).", media_codec(m, m->video));
    }
    return 0;
}

int media_check_file(struct reader *r, struct error *err)
{
    struct media_file m;
    const char *why = NULL;
    int rc = 0;

    (void)err;
    if (!media_open(&m, r, &why)) {
        rc = reader_finding(r, "structure.undecodable", NULL, "%s",
            m.external ? "The recording lies in other files, which it only names." : why);
    } else {
        rc = media_tell(&m);
        rc = rc ? rc : judge(&m);
        if (rc == 0 && m.external) {
            rc = reader_finding(r, "active.external", NULL,
                "The recording names other files as parts of itself; they are left out.");
        }
    }
    media_close(&m);
    return rc;
}
