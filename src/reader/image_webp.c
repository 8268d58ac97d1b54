// SPDX-License-Identifier: AGPL-3.0-or-later
// WebP by libwebp: a still picture is decoded incrementally, so that what is there of a cut file shows, and made smaller
// by the library itself; an animation by its own decoder, which holds two canvases at full size.
#include "reader/image.h"

#include <stdlib.h>

#include <webp/decode.h>
#include <webp/demux.h>

enum { LOSSLESS_BYTES_A_PIXEL = 4, CANVAS_BYTES_A_PIXEL = 8, FEED_BYTES = 256 << 10 };

static void read_chunk(const WebPDemuxer *demux, const char *name, struct slice *ret)
{
    WebPChunkIterator it;

    *ret = slice_make(NULL, 0);
    if (WebPDemuxGetChunk(demux, name, 1, &it)) {
        *ret = slice_make((const char *)it.chunk.bytes, it.chunk.size);
    }
    WebPDemuxReleaseChunkIterator(&it);
}

static void read_facts(const WebPDemuxer *demux, struct image_facts *f)
{
    struct slice exif, xmp;

    read_chunk(demux, "EXIF", &exif);
    read_chunk(demux, "XMP ", &xmp);
    image_read_exif(exif, f);
    image_read_xmp(xmp, f);
}

struct still {
    WebPDecoderConfig config;
    WebPIDecoder *decoder;
    struct picture picture;
};

static void prepare_still(struct still *s, const struct image_request *q, struct image_report *ret)
{
    int64_t width = ret->facts.width, height = ret->facts.height;
    int32_t step = picture_step(width, height, q->max_pixels);
    int rc = picture_init(
        &s->picture, (int32_t)((width + step - 1) / step), (int32_t)((height + step - 1) / step));

    if (rc != 0) {
        ret->trouble = rc == ERR_LIMIT ? IMAGE_TOO_LARGE : IMAGE_NO_MEMORY;
        return;
    }
    s->config.options.use_scaling = step > 1;
    s->config.options.scaled_width = s->picture.width;
    s->config.options.scaled_height = s->picture.height;
    s->config.output.colorspace = MODE_RGBA;
    s->config.output.is_external_memory = 1;
    s->config.output.u.RGBA.rgba = s->picture.rgba;
    s->config.output.u.RGBA.stride = 4 * s->picture.width;
    s->config.output.u.RGBA.size = 4 * (size_t)s->picture.width * (size_t)s->picture.height;
    s->decoder = WebPIDecode(NULL, 0, &s->config);
    if (!s->decoder) {
        ret->trouble = IMAGE_NO_MEMORY;
    }
}

static void feed_still(struct still *s, const struct image_request *q, struct image_report *ret)
{
    VP8StatusCode status = VP8_STATUS_SUSPENDED;
    bool late = false;
    int rows = 0;

    for (size_t upto = 0; status == VP8_STATUS_SUSPENDED && upto < q->bytes.len && !late;) {
        upto = upto + FEED_BYTES < q->bytes.len ? upto + FEED_BYTES : q->bytes.len;
        status = WebPIUpdate(s->decoder, (const uint8_t *)q->bytes.data, upto);
        late = image_time_over(q);
    }
    WebPIDecGetRGB(s->decoder, &rows, NULL, NULL, NULL);
    if (status == VP8_STATUS_OK) {
        rows = s->picture.height;
    }
    ret->share = (double)rows / s->picture.height;
    if (status != VP8_STATUS_OK) {
        ret->trouble = late                                 ? IMAGE_NO_TIME
                       : status == VP8_STATUS_OUT_OF_MEMORY ? IMAGE_NO_MEMORY
                       : rows <= 0                          ? IMAGE_BROKEN
                       : status == VP8_STATUS_SUSPENDED     ? IMAGE_TRUNCATED
                                                            : IMAGE_DAMAGED;
    }
}

static void decode_still(const struct image_request *q, struct image_report *ret)
{
    struct still *s = calloc(1, sizeof(*s));
    int64_t pixels = (int64_t)ret->facts.width * ret->facts.height;

    if (!s || !WebPInitDecoderConfig(&s->config)) {
        ret->trouble = IMAGE_NO_MEMORY;
    } else if (ret->facts.lossless && pixels * LOSSLESS_BYTES_A_PIXEL > IMAGE_WHOLE_BYTES) {
        ret->trouble = IMAGE_TOO_LARGE;
    } else {
        prepare_still(s, q, ret);
        if (s->decoder) {
            feed_still(s, q, ret);
        }
    }
    ret->facts.frames = 1;
    if (s) {
        WebPIDelete(s->decoder);
        if (ret->share > 0) {
            image_give(q, 1, &s->picture, false, ret);
        }
        picture_done(&s->picture);
    }
    free(s);
}

static void decode_frames(const struct image_request *q, struct image_report *ret, int32_t frames)
{
    WebPData data = { (const uint8_t *)q->bytes.data, q->bytes.len };
    WebPAnimDecoderOptions options;
    int64_t pixels = (int64_t)ret->facts.width * ret->facts.height, all = 0;

    if (pixels * CANVAS_BYTES_A_PIXEL > IMAGE_WHOLE_BYTES || pixels > PICTURE_PIXELS_MAX) {
        ret->trouble = IMAGE_TOO_LARGE;
        return;
    }
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
    if (!decoder) {
        ret->trouble = IMAGE_NO_MEMORY;
        return;
    }
    while (WebPAnimDecoderHasMoreFrames(decoder) && ret->facts.frames < q->frames_max &&
           ret->trouble == IMAGE_FINE) {
        uint8_t *rgba = NULL;
        int time = 0;
        if (!WebPAnimDecoderGetNext(decoder, &rgba, &time)) {
            ret->trouble = ret->facts.frames ? IMAGE_DAMAGED : IMAGE_BROKEN;
            break;
        }
        ret->facts.frames++;
        ret->share = 1;
        struct picture canvas = { ret->facts.width, ret->facts.height, rgba };
        all += pixels;
        if (ret->facts.frames >= IMAGE_FRAMES_MAX || all > IMAGE_FRAMES_PIXELS) {
            ret->facts.more_frames = true;
            break;
        }
        if (image_time_over(q)) {
            ret->trouble = IMAGE_NO_TIME;
            break;
        }
        image_give(q, ret->facts.frames, &canvas, true, ret);
    }
    WebPAnimDecoderDelete(decoder);
    if (ret->facts.frames < frames) {
        ret->facts.frames = frames;
    }
}

void image_decode_webp(const struct image_request *q, struct image_report *ret)
{
    WebPData data = { (const uint8_t *)q->bytes.data, q->bytes.len };
    WebPBitstreamFeatures features;
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;

    if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) {
        ret->trouble = IMAGE_BROKEN;
        return;
    }
    ret->facts.alpha = features.has_alpha;
    ret->facts.lossless = features.format == 2;
    ret->facts.bits = 8;
    ret->facts.colour = "RGB";
    if (!image_size_allowed(q, features.width, features.height, ret)) {
        return;
    }
    WebPDemuxer *demux = WebPDemuxPartial(&data, &state);
    int32_t frames = 1;
    if (demux) {
        read_facts(demux, &ret->facts);
        frames = (int32_t)WebPDemuxGetI(demux, WEBP_FF_FRAME_COUNT);
        WebPDemuxDelete(demux);
    }
    if (!features.has_animation) {
        decode_still(q, ret);
    } else if (state == WEBP_DEMUX_DONE) {
        decode_frames(q, ret, frames);
    } else { // its decoder wants all of the file
        ret->trouble = IMAGE_TRUNCATED;
        ret->facts.frames = frames;
    }
}
