// SPDX-License-Identifier: AGPL-3.0-or-later
// JPEG by libjpeg-turbo. Large pictures are made smaller by the decoder itself (1/2, 1/4, 1/8) and then by averages.
// A progressive file holds all its coefficients at once: their size is counted from the header first. The end of the
// data is noticed when the library asks for more; it then fills up with grey, and the share tells how far the file went.
#include "reader/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

enum { MARKER_BYTES = 0xFFFF, ROWS_PER_LOOK = 64 };

struct jpeg {
    const struct image_request *q;
    struct image_report *ret;
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    enum image_trouble why; // of the jump
    struct picture picture;
    struct picture_sink sink;
    unsigned char *row, *rgba;
    bool ended; // the data ended early
    double end_row; // where, in rows
    long damages; // in the packed data
    bool started;
};

static struct jpeg *owner(j_common_ptr c)
{
    return c->client_data;
}

static void on_error(j_common_ptr c)
{
    struct jpeg *j = owner(c);

    j->why = c->err->msg_code == JERR_OUT_OF_MEMORY ? IMAGE_NO_MEMORY : IMAGE_BROKEN;
    longjmp(j->out, 1);
}

static void on_message(j_common_ptr c, int level)
{
    if (level < 0) {
        c->err->num_warnings++;
        int code = c->err->msg_code;
        owner(c)->damages += code == JWRN_HUFF_BAD_CODE || code == JWRN_HIT_MARKER ||
                             code == JWRN_MUST_RESYNC || code == JWRN_BOGUS_PROGRESSION;
    }
}

static void on_text(j_common_ptr c)
{
    (void)c;
}

static void on_progress(j_common_ptr c)
{
    struct jpeg *j = owner(c);

    if (j->c.input_scan_number > IMAGE_SCANS_MAX || image_time_over(j->q)) {
        j->why = image_time_over(j->q) ? IMAGE_NO_TIME : IMAGE_TOO_LARGE;
        longjmp(j->out, 1);
    }
}

// The source: all bytes at once. Asked for more, it says "end of image" for ever.

static void source_start(j_decompress_ptr c)
{
    (void)c;
}

static boolean source_more(j_decompress_ptr c)
{
    static const JOCTET end[] = { 0xFF, JPEG_EOI };
    struct jpeg *j = owner((j_common_ptr)c);

    if (!j->ended) {
        j->ended = true;
        j->end_row = j->started ? (double)c->output_scanline : 0;
    }
    j->source.next_input_byte = end;
    j->source.bytes_in_buffer = sizeof(end);
    return TRUE;
}

static void source_skip(j_decompress_ptr c, long n)
{
    struct jpeg *j = owner((j_common_ptr)c);

    if (n > 0 && (size_t)n >= j->source.bytes_in_buffer) {
        source_more(c);
    } else if (n > 0) {
        j->source.next_input_byte += n;
        j->source.bytes_in_buffer -= (size_t)n;
    }
}

static void read_markers(struct jpeg *j)
{
    struct image_facts *f = &j->ret->facts;

    for (jpeg_saved_marker_ptr m = j->c.marker_list; m; m = m->next) {
        struct slice s = slice_make((const char *)m->data, m->data_length);
        if (m->marker == JPEG_COM) {
            image_fact(f->comment, sizeof(f->comment), s);
        } else if (slice_starts(s, "Exif")) {
            image_read_exif(s, f);
        } else if (slice_starts(s, "http://ns.adobe.com/xap/1.0/")) {
            image_read_xmp(s, f);
        }
    }
}

static int64_t coefficient_bytes(const struct jpeg_decompress_struct *c)
{
    int64_t blocks = 0;

    for (int i = 0; i < c->num_components; i++) {
        blocks += (int64_t)c->comp_info[i].width_in_blocks * c->comp_info[i].height_in_blocks;
    }
    return blocks * DCTSIZE2 * (int64_t)sizeof(JCOEF);
}

static void choose_colours(struct jpeg *j)
{
    bool ink = j->c.jpeg_color_space == JCS_CMYK || j->c.jpeg_color_space == JCS_YCCK;

    j->ret->facts.bits = j->c.data_precision;
    j->ret->facts.colour = ink ? "CMYK" : j->c.num_components == 1 ? "grey" : "RGB";
    j->ret->facts.progressive = j->c.progressive_mode;
    j->c.out_color_space = ink ? JCS_CMYK : j->c.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
}

static void convert_row(const struct jpeg *j, unsigned char *to)
{
    const unsigned char *from = j->row;
    bool inverted =
        j->c.saw_Adobe_marker; // Adobe writes how much light is left, others how much ink there is

    for (JDIMENSION x = 0; x < j->c.output_width; x++, to += 4) {
        if (j->c.output_components == 1) {
            to[0] = to[1] = to[2] = *from++;
        } else if (j->c.output_components == 4) {
            unsigned k = inverted ? from[3] : 255U - from[3];
            for (int i = 0; i < 3; i++) {
                to[i] = (unsigned char)((inverted ? from[i] : 255U - from[i]) * k / 255U);
            }
            from += 4;
        } else {
            memcpy(to, from, 3);
            from += 3;
        }
        to[3] = 255;
    }
}

static void read_rows(struct jpeg *j)
{
    int32_t step = picture_step(j->ret->facts.width, j->ret->facts.height, j->q->max_pixels);
    int shrink = step >= 8 ? 8 : step >= 4 ? 4 : step >= 2 ? 2 : 1;

    j->c.scale_num = 1;
    j->c.scale_denom = (unsigned)shrink;
    j->c.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&j->c);
    j->started = true;
    step = picture_step(j->c.output_width, j->c.output_height, j->q->max_pixels);
    j->row = malloc((size_t)j->c.output_width * (size_t)j->c.output_components);
    j->rgba = malloc((size_t)j->c.output_width * 4);
    int rc = picture_sink_init(&j->sink, &j->picture, (int32_t)j->c.output_width,
        (int32_t)j->c.output_height, step, false);
    if (rc != 0 || !j->row || !j->rgba) {
        j->why = rc == ERR_LIMIT ? IMAGE_TOO_LARGE : IMAGE_NO_MEMORY;
        longjmp(j->out, 1);
    }
    while (j->c.output_scanline < j->c.output_height) {
        int32_t y = (int32_t)j->c.output_scanline;
        jpeg_read_scanlines(&j->c, &j->row, 1);
        convert_row(j, j->rgba);
        picture_sink_row(&j->sink, y, j->rgba);
        if (y % ROWS_PER_LOOK == 0 && image_time_over(j->q)) {
            j->why = IMAGE_NO_TIME;
            longjmp(j->out, 1);
        }
    }
}

static void decode(struct jpeg *j)
{
    jpeg_create_decompress(&j->c);
    j->progress.progress_monitor = on_progress;
    j->c.progress = &j->progress;
    j->source = (struct jpeg_source_mgr){ .next_input_byte = (const JOCTET *)j->q->bytes.data,
        .bytes_in_buffer = j->q->bytes.len,
        .init_source = source_start,
        .fill_input_buffer = source_more,
        .skip_input_data = source_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = source_start };
    j->c.src = &j->source;
    jpeg_save_markers(&j->c, JPEG_COM, MARKER_BYTES);
    jpeg_save_markers(&j->c, JPEG_APP0 + 1, MARKER_BYTES);
    jpeg_read_header(&j->c, TRUE);
    read_markers(j);
    if (!image_size_allowed(j->q, j->c.image_width, j->c.image_height, j->ret)) {
        return;
    }
    choose_colours(j);
    if (jpeg_has_multiple_scans(&j->c) && coefficient_bytes(&j->c) > IMAGE_WHOLE_BYTES) {
        j->ret->trouble = IMAGE_TOO_LARGE;
        return;
    }
    read_rows(j);
}

// What came of it, after a jump or not.
static void conclude(struct jpeg *j, bool jumped)
{
    struct image_report *ret = j->ret;

    if (!j->started) {
        ret->trouble = jumped ? j->why : ret->trouble;
        return;
    }
    double rows = j->c.output_height ? j->c.output_height : 1;
    bool many_scans = j->c.input_scan_number > 1; // an early end costs sharpness then, not rows
    ret->share = (jumped                       ? (double)j->c.output_scanline
                     : j->ended && !many_scans ? j->end_row
                                               : rows) /
                 rows;
    if (jumped) {
        ret->trouble = j->why == IMAGE_BROKEN && ret->share > 0 ? IMAGE_DAMAGED : j->why;
    } else if (j->ended) {
        // The last rows are decoded ahead of being handed out: an end there is a missing end mark, no more.
        ret->trouble = ret->share < 0.98 || many_scans ? IMAGE_TRUNCATED : IMAGE_FINE;
    } else if (j->damages > 0) {
        ret->trouble = IMAGE_DAMAGED;
    }
}

void image_decode_jpeg(const struct image_request *q, struct image_report *ret)
{
    struct jpeg *j = calloc(1, sizeof(*j));

    if (!j) {
        ret->trouble = IMAGE_NO_MEMORY;
        return;
    }
    j->q = q;
    j->ret = ret;
    j->c.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    j->errors.output_message = on_text;
    j->c.client_data = j;
    bool jumped = setjmp(j->out) != 0;
    if (!jumped) {
        decode(j);
    }
    conclude(j, jumped);
    picture_sink_end(&j->sink);
    free(j->row);
    free(j->rgba);
    jpeg_destroy_decompress(&j->c);
    ret->facts.frames = ret->facts.width > 0;
    if (ret->share > 0) {
        image_give(q, 1, &j->picture, false, ret);
    }
    picture_done(&j->picture);
    free(j);
}
