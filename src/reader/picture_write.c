// SPDX-License-Identifier: AGPL-3.0-or-later
// Writes pictures that people see: JPEG for photographs, PNG for what has few colours. No metadata is ever written.
#include "base/error.h"
#include "reader/picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <png.h>

enum {
    FEW_COLOURS = 400, // a screen's drawing has less, a photograph thousands
    COLOUR_SAMPLES = 40000,
    COLOUR_SLOTS = 4096,
    JPEG_QUALITY = 85,
    PNG_LEVEL = 4,
};

struct jpeg_writing {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    jmp_buf out;
    unsigned char *bytes;
    unsigned long len;
    unsigned char *row;
};

static void jpeg_failed(j_common_ptr c)
{
    longjmp(((struct jpeg_writing *)c->client_data)->out, 1);
}

static void jpeg_quiet(j_common_ptr c)
{
    (void)c;
}

static void write_jpeg(struct jpeg_writing *w, const struct picture *p, int quality)
{
    jpeg_create_compress(&w->c);
    jpeg_mem_dest(&w->c, &w->bytes, &w->len);
    w->c.image_width = (JDIMENSION)p->width;
    w->c.image_height = (JDIMENSION)p->height;
    w->c.input_components = 3;
    w->c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&w->c);
    jpeg_set_quality(&w->c, quality, TRUE);
    w->c.write_JFIF_header = TRUE;
    jpeg_start_compress(&w->c, TRUE);
    for (int32_t y = 0; y < p->height; y++) {
        const unsigned char *from = picture_at(p, 0, y);
        for (int32_t x = 0; x < p->width; x++) {
            memcpy(w->row + 3 * (size_t)x, from + 4 * (size_t)x, 3);
        }
        jpeg_write_scanlines(&w->c, &w->row, 1);
    }
    jpeg_finish_compress(&w->c);
}

int picture_write_jpeg(const struct picture *p, int quality, struct buf *out)
{
    struct jpeg_writing *w = calloc(1, sizeof(*w));
    volatile int rc = ERR_MEMORY;

    if (!w) {
        return ERR_MEMORY;
    }
    w->row = malloc(3 * (size_t)p->width);
    w->c.err = jpeg_std_error(&w->errors);
    w->errors.error_exit = jpeg_failed;
    w->errors.output_message = jpeg_quiet;
    w->c.client_data = w;
    if (w->row && p->width <= JPEG_MAX_DIMENSION && p->height <= JPEG_MAX_DIMENSION &&
        setjmp(w->out) == 0) {
        write_jpeg(w, p, quality);
        buf_add(out, w->bytes, w->len);
        rc = buf_ok(out) ? 0 : ERR_MEMORY;
    }
    jpeg_destroy_compress(&w->c);
    free(w->bytes);
    free(w->row);
    free(w);
    return rc;
}

static void png_to_buf(png_structp png, png_bytep data, png_size_t len)
{
    struct buf *out = png_get_io_ptr(png);

    buf_add(out, data, len);
    if (!buf_ok(out)) {
        png_error(png, "no room");
    }
}

static void png_nothing(png_structp png)
{
    (void)png;
}

static void png_failed(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void png_quiet(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void write_png(png_structp png, png_infop info, const struct picture *p, unsigned char *row)
{
    png_set_IHDR(png, info, (png_uint_32)p->width, (png_uint_32)p->height, 8, PNG_COLOR_TYPE_RGB,
        PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, PNG_LEVEL);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB | PNG_FILTER_UP);
    png_write_info(png, info);
    for (int32_t y = 0; y < p->height; y++) {
        const unsigned char *from = picture_at(p, 0, y);
        for (int32_t x = 0; x < p->width; x++) {
            memcpy(row + 3 * (size_t)x, from + 4 * (size_t)x, 3);
        }
        png_write_row(png, row);
    }
    png_write_end(png, info);
}

int picture_write_png(const struct picture *p, struct buf *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_failed, png_quiet);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    unsigned char *row = malloc(3 * (size_t)p->width);
    volatile int rc = ERR_MEMORY;

    if (info && row && setjmp(png_jmpbuf(png)) == 0) {
        png_set_write_fn(png, out, png_to_buf, png_nothing);
        write_png(png, info, p, row);
        rc = 0;
    }
    png_destroy_write_struct(&png, &info);
    free(row);
    return rc;
}

// Counts colours by a small table; a full slot of another colour counts as new, which only errs towards JPEG.
static bool has_few_colours(const struct picture *p)
{
    uint32_t slots[COLOUR_SLOTS] = { 0 };
    size_t n = (size_t)p->width * (size_t)p->height, step = n / COLOUR_SAMPLES + 1;
    int colours = 0;

    for (size_t i = 0; i < n && colours <= FEW_COLOURS; i += step) {
        const unsigned char *c = p->rgba + 4 * i;
        uint32_t colour = ((uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2]) + 1;
        uint32_t at = colour * 2654435761U >> 20;
        if (slots[at] != colour) {
            slots[at] = colour;
            colours++;
        }
    }
    return colours <= FEW_COLOURS;
}

int picture_write(const struct picture *p, struct buf *out, const char **ret_type)
{
    if (has_few_colours(p)) {
        *ret_type = "image/png";
        return picture_write_png(p, out);
    }
    *ret_type = "image/jpeg";
    return picture_write_jpeg(p, JPEG_QUALITY, out);
}
