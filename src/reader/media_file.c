// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements media_file.h.
#include "reader/media_file.h"

#include <libavutil/channel_layout.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>

#include <math.h>
#include <stdio.h>

enum {
    READS_PER_BYTE = 8,
    READS_SPARE = 256 << 20
}; // interleaved badly, a file is read more than once

// Which demuxer reads a type. The content was looked at before (check/sniff.h), so that these fit or the file is damaged.
static const struct {
    enum format_id id;
    const char *demuxer;
} demuxers[] = {
    { FORMAT_WAV, "wav" },
    { FORMAT_MP3, "mp3" },
    { FORMAT_M4A, "mov" },
    { FORMAT_MP4, "mov" },
    { FORMAT_MOV, "mov" },
    { FORMAT_AVI, "avi" },
};

// Decoders written in libavcodec itself, and dav1d: other libraries behind it are not for untrusted files.
static const char decoders[] = "aac,aac_latm,ac3,eac3,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_"
                               "yamaha,adpcm_g726,adpcm_swf,alac,amrnb,amrwb,flac,"
                               "mace3,mace6,mp1float,mp2float,mp3float,mp1,mp2,mp3,nellymoser,opus,"
                               "pcm_alaw,pcm_bluray,pcm_dvd,pcm_f32be,pcm_f32le,"
                               "pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_"
                               "s24le,pcm_s32be,pcm_s32le,pcm_s8,pcm_u8,pcm_u16le,"
                               "qdm2,qdmc,truespeech,gsm,gsm_ms,vorbis,wmav1,wmav2,wmapro,"
                               "av1,libdav1d,cinepak,cscd,dnxhd,dvvideo,ffv1,ffvhuff,flv,fraps,"
                               "h261,h263,h263p,h264,hevc,huffyuv,indeo2,indeo3,indeo4,"
                               "indeo5,lagarith,magicyuv,mjpeg,mjpegb,mpeg1video,mpeg2video,"
                               "mpegvideo,mpeg4,msmpeg4,msmpeg4v1,msmpeg4v2,msrle,msvideo1,"
                               "png,prores,qtrle,rawvideo,rpza,smc,svq1,svq3,theora,tscc,utvideo,"
                               "vc1,vp8,vp9,wmv1,wmv2,zmbv,8bps,"
                               "mov_text,ass,ssa,srt,subrip,text,webvtt";

static void silent(void *object, int level, const char *format, va_list args)
{
    (void)object;
    (void)level;
    (void)format;
    (void)args;
}

static int read_bytes(void *ctx, uint8_t *to, int size)
{
    struct media_file *m = ctx;
    int64_t left = (int64_t)m->reader->input.len - m->at;
    int n = left < size ? (int)left : size;

    if (n <= 0) {
        return AVERROR_EOF;
    }
    m->read += n;
    if (m->read > READS_PER_BYTE * (int64_t)m->reader->input.len + READS_SPARE) {
        return AVERROR_EOF;
    }
    memcpy(to, m->reader->input.data + m->at, (size_t)n);
    m->at += n;
    return n;
}

static int64_t seek_bytes(void *ctx, int64_t offset, int whence)
{
    struct media_file *m = ctx;
    int64_t size = (int64_t)m->reader->input.len, to = 0;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return size;
    case SEEK_SET:
        to = offset;
        break;
    case SEEK_CUR:
        if (__builtin_add_overflow(m->at, offset, &to)) {
            return AVERROR(EINVAL);
        }
        break;
    case SEEK_END:
        if (__builtin_add_overflow(size, offset, &to)) {
            return AVERROR(EINVAL);
        }
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (to < 0) {
        return AVERROR(EINVAL);
    }
    m->at = to < size ? to : size;
    return m->at;
}

static int refuse_other_file(
    AVFormatContext *av, AVIOContext **pb, const char *url, int flags, AVDictionary **options)
{
    (void)pb;
    (void)url;
    (void)flags;
    (void)options;
    ((struct media_file *)av->opaque)->external = true;
    return AVERROR(EACCES);
}

static const AVInputFormat *demuxer_of(enum format_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(demuxers); i++) {
        if (demuxers[i].id == id) {
            return av_find_input_format(demuxers[i].demuxer);
        }
    }
    return NULL;
}

static bool begin(struct media_file *m)
{
    unsigned char *buffer = av_malloc(MEDIA_IO_BYTES);

    m->io = buffer ? avio_alloc_context(buffer, MEDIA_IO_BYTES, 0, m, read_bytes, NULL, seek_bytes)
                   : NULL;
    m->av = m->io ? avformat_alloc_context() : NULL;
    if (!m->av) {
        if (!m->io) {
            av_free(buffer);
        }
        return false;
    }
    m->av->pb = m->io;
    m->av->opaque = m;
    m->av->io_open = refuse_other_file;
    m->av->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_DISCARD_CORRUPT;
    m->av->max_streams = MEDIA_STREAMS_MAX;
    m->av->probesize = MEDIA_PROBE_BYTES;
    m->av->max_analyze_duration = (int64_t)MEDIA_PROBE_SECONDS * AV_TIME_BASE;
    m->av->codec_whitelist = av_strdup(decoders);
    m->av->protocol_whitelist = av_strdup("");
    return m->av->codec_whitelist && m->av->protocol_whitelist;
}

static bool picture_fits(const struct reader *r, const AVCodecParameters *p)
{
    return p->width >= 0 && p->height >= 0 && p->width <= MEDIA_SIDE_MAX &&
           p->height <= MEDIA_SIDE_MAX && (int64_t)p->width * p->height <= r->limits->pixels;
}

static void choose_streams(struct media_file *m)
{
    m->audio = av_find_best_stream(m->av, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    m->video = av_find_best_stream(m->av, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    m->audio = m->audio < 0 ? -1 : m->audio;
    // The cover of an album is a picture and no film.
    m->video = m->video < 0 || (m->av->streams[m->video]->disposition & AV_DISPOSITION_ATTACHED_PIC)
                   ? -1
                   : m->video;
    m->duration = m->av->duration > 0 ? (double)m->av->duration / AV_TIME_BASE : 0;
}

bool media_open(struct media_file *m, struct reader *r, const char **why)
{
    const AVInputFormat *demuxer = demuxer_of(r->format);

    *m = (struct media_file){ .reader = r, .audio = -1, .video = -1 };
    av_log_set_callback(silent);
    av_max_alloc(MEDIA_ALLOC_MAX);
    *why =
        "The recording can't be opened: its beginning or its list of parts is missing or damaged.";
    if (!demuxer || !begin(m)) {
        return false;
    }
    if (avformat_open_input(&m->av, NULL, demuxer, NULL) < 0) {
        return false; // it frees the context
    }
    if (avformat_find_stream_info(m->av, NULL) < 0 || m->av->nb_streams == 0) {
        *why = "There is no sound and no picture in the recording.";
        return false;
    }
    choose_streams(m);
    if (m->audio < 0 && m->video < 0) {
        *why = "There is no sound and no picture in the recording.";
        return false;
    }
    return true;
}

void media_close(struct media_file *m)
{
    if (m->av) {
        avformat_close_input(&m->av);
    }
    if (m->io) {
        av_freep(&m->io->buffer);
        avio_context_free(&m->io);
    }
}

const char *media_codec(const struct media_file *m, int stream)
{
    return avcodec_get_name(m->av->streams[stream]->codecpar->codec_id);
}

const char *media_tag(const struct media_file *m, const char *name)
{
    const AVDictionaryEntry *e = av_dict_get(m->av->metadata, name, NULL, 0);

    for (unsigned i = 0; !e && i < m->av->nb_streams; i++) {
        e = av_dict_get(m->av->streams[i]->metadata, name, NULL, 0);
    }
    return e && e->value[0] ? e->value : NULL;
}

double media_seconds(const struct media_file *m, int stream, int64_t pts)
{
    double start =
        m->av->start_time != AV_NOPTS_VALUE ? (double)m->av->start_time / AV_TIME_BASE : 0;
    double s =
        pts == AV_NOPTS_VALUE ? 0 : (double)pts * av_q2d(m->av->streams[stream]->time_base) - start;

    return isfinite(s) && s > 0 ? (s < MEDIA_DURATION_MAX_S ? s : MEDIA_DURATION_MAX_S) : 0;
}

static void stream_words(const struct media_file *m, int i, struct buf *b)
{
    const AVCodecParameters *p = m->av->streams[i]->codecpar;

    if (b->len) {
        buf_add_str(b, "; ");
    }
    switch (p->codec_type) {
    case AVMEDIA_TYPE_VIDEO:
        buf_addf(b, "video %s %dx%d", media_codec(m, i), p->width, p->height);
        break;
    case AVMEDIA_TYPE_AUDIO:
        buf_addf(b, "audio %s %d Hz, %d channel%s", media_codec(m, i), p->sample_rate,
            p->ch_layout.nb_channels, p->ch_layout.nb_channels == 1 ? "" : "s");
        break;
    case AVMEDIA_TYPE_SUBTITLE:
        buf_addf(b, "subtitles %s", media_codec(m, i));
        break;
    default:
        buf_addf(b, "data");
    }
}

static int tell_streams(struct media_file *m)
{
    AUTO_BUF words = BUF_INIT(16384);
    bool subtitles = false;

    for (unsigned i = 0; i < m->av->nb_streams; i++) {
        stream_words(m, (int)i, &words);
        subtitles = subtitles || m->av->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;
    }
    buf_add_char(&words, '\0');
    int rc = reader_info_text(m->reader, "streams", words.data);
    rc = rc                   ? rc
         : m->av->nb_chapters ? reader_info_number(m->reader, "chapters", m->av->nb_chapters)
                              : 0;
    return rc || !subtitles ? rc : reader_info_text(m->reader, "has_subtitles", "yes");
}

static int tell_tags(struct media_file *m)
{
    static const char *const tags[] = { "title", "artist", "album", "genre", "date" };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(tags); i++) {
        rc = reader_info_text(m->reader, tags[i], media_tag(m, tags[i]));
    }
    return rc;
}

int media_tell(struct media_file *m)
{
    struct reader *r = m->reader;
    int rc =
        m->duration > 0 ? reader_info_number(r, "duration_s", round(m->duration * 100) / 100) : 0;

    if (m->video >= 0) {
        const AVCodecParameters *p = m->av->streams[m->video]->codecpar;
        rc = rc ? rc : reader_info_number(r, "width", p->width);
        rc = rc ? rc : reader_info_number(r, "height", p->height);
        rc = rc ? rc : reader_info_text(r, "video_codec", media_codec(m, m->video));
    }
    if (m->audio >= 0) {
        const AVCodecParameters *p = m->av->streams[m->audio]->codecpar;
        rc = rc ? rc : reader_info_text(r, "audio_codec", media_codec(m, m->audio));
        rc = rc ? rc : reader_info_number(r, "sample_rate", p->sample_rate);
        rc = rc ? rc : reader_info_number(r, "channels", p->ch_layout.nb_channels);
    }
    rc = rc ? rc : tell_streams(m);
    return rc ? rc : tell_tags(m);
}

AVCodecContext *media_decoder(const struct media_file *m, int stream)
{
    if (stream < 0) {
        return NULL;
    }
    const AVCodecParameters *p = m->av->streams[stream]->codecpar;
    const AVCodec *codec = avcodec_find_decoder(p->codec_id);
    if (!codec || (p->codec_type == AVMEDIA_TYPE_VIDEO && !picture_fits(m->reader, p))) {
        return NULL;
    }
    AVCodecContext *c = avcodec_alloc_context3(codec);
    if (c) {
        c->codec_whitelist = av_strdup(decoders);
        c->max_pixels = m->reader->limits->pixels;
        c->thread_count = 1;
        c->pkt_timebase = m->av->streams[stream]->time_base;
        if (!c->codec_whitelist || avcodec_parameters_to_context(c, p) < 0 ||
            avcodec_open2(c, codec, NULL) < 0) {
            avcodec_free_context(&c);
        }
    }
    return c;
}

bool media_rewind(struct media_file *m, int one, int other)
{
    for (unsigned i = 0; i < m->av->nb_streams; i++) {
        m->av->streams[i]->discard =
            (int)i == one || (int)i == other ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    int64_t start = m->av->start_time != AV_NOPTS_VALUE ? m->av->start_time : 0;
    return avformat_seek_file(m->av, -1, INT64_MIN, start, start, 0) >= 0 ||
           av_seek_frame(m->av, -1, start, AVSEEK_FLAG_BACKWARD) >= 0 ||
           av_seek_frame(m->av, -1, 0, AVSEEK_FLAG_BYTE) >= 0;
}

int media_next(struct media_file *m, AVPacket *packet)
{
    for (int i = 0; i < MEDIA_EMPTY_PACKETS_MAX; i++) {
        int rc = av_read_frame(m->av, packet);
        if (rc == AVERROR(EAGAIN)) {
            continue;
        }
        if (rc < 0) {
            return rc;
        }
        if (m->av->streams[packet->stream_index]->discard != AVDISCARD_ALL) {
            return 0;
        }
        av_packet_unref(packet);
    }
    return AVERROR_EOF;
}
