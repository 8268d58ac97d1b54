// SPDX-License-Identifier: AGPL-3.0-or-later
// PNG by libpng: rows as they come, made smaller by averages; the passes of an interlaced file are put in place point by
// point, so that no file needs its full size in memory. Chunks of text are bounded by libpng's own limits, which are no more
// than warnings for a chunk's announced length: it takes and clears so much memory before it looks whether the file has that
// many bytes. So the memory that libpng may take at once is bounded here while it reads chunks.
#include "reader/image.h"

#include <setjmp.h>
#include <stdlib.h>

#include <png.h>

enum {
    CHUNK_BYTES = 8 << 20, // of one that is kept
    CHUNKS_KEPT = 200,
    SIDE_MAX = 1 << 24, // above, libpng refuses by itself
    SCATTERED_PIXELS = 4 * 1000 * 1000, // sixteen bytes each while averages are taken
    ROWS_PER_LOOK = 64,
};

struct png {
    const struct image_request *q;
    struct image_report *ret;
    png_structp png;
    png_infop info;
    size_t at; // read of the bytes
    size_t memory_max; // that libpng may ask for at once
    bool ended; // more were asked for
    bool no_memory;
    bool no_time;
    bool started;
    bool complete;
    int64_t rows, rows_all; // of all passes
    struct picture picture;
    struct picture_sink sink;
    unsigned char *row;
};

static void on_error(png_structp p, png_const_charp text)
{
    struct png *g = png_get_error_ptr(p);

    g->no_memory =
        g->no_memory || strstr(text, "ut of memory") || strstr(text, "nsufficient memory");
    png_longjmp(p, 1);
}

static void on_warning(png_structp p, png_const_charp text)
{
    (void)p;
    (void)text;
}

static png_voidp on_malloc(png_structp p, png_alloc_size_t size)
{
    const struct png *g = png_get_mem_ptr(p);

    return size > g->memory_max ? NULL : malloc(size);
}

static void on_free(png_structp p, png_voidp at)
{
    (void)p;
    free(at);
}

// No chunk is longer than the file, none that is kept unpacks to more than CHUNK_BYTES. Rows are bounded by the picture's size.
static void bound_memory(struct png *g, bool chunks)
{
    g->memory_max = chunks ? g->q->bytes.len + CHUNK_BYTES : SIZE_MAX;
}

static void on_read(png_structp p, png_bytep to, png_size_t len)
{
    struct png *g = png_get_io_ptr(p);

    if (len > g->q->bytes.len - g->at) {
        g->ended = true;
        png_error(p, "end");
    }
    memcpy(to, g->q->bytes.data + g->at, len);
    g->at += len;
}

static void read_texts(struct png *g)
{
    struct image_facts *f = &g->ret->facts;
    const struct {
        const char *key;
        char *to;
    } keys[] = { { "Title", f->title }, { "Description", f->description }, { "Author", f->author },
        { "Comment", f->comment } };
    png_textp texts = NULL;
    int count = 0;
    png_uint_32 exif_len = 0;
    png_bytep exif = NULL;

    png_get_text(g->png, g->info, &texts, &count);
    for (int i = 0; i < count; i++) {
        struct slice s = slice_of(texts[i].text ? texts[i].text : "");
        for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
            if (texts[i].key && slice_equal_nocase(slice_of(texts[i].key), slice_of(keys[k].key))) {
                image_fact(keys[k].to, IMAGE_TEXT_SIZE, s);
            }
        }
        if (texts[i].key && slice_is(slice_of(texts[i].key), "XML:com.adobe.xmp")) {
            image_read_xmp(s, f);
        }
    }
    if (png_get_eXIf_1(g->png, g->info, &exif_len, &exif) && exif) {
        image_read_exif(slice_make((const char *)exif, exif_len), f);
    }
}

// To eight bits of red, green, blue, alpha.
static void ask_for_rgba(struct png *g)
{
    int colour = png_get_color_type(g->png, g->info);

    g->ret->facts.bits = png_get_bit_depth(g->png, g->info);
    g->ret->facts.colour = colour == PNG_COLOR_TYPE_PALETTE ? "palette"
                           : colour & PNG_COLOR_MASK_COLOR  ? "RGB"
                                                            : "grey";
    g->ret->facts.alpha =
        (colour & PNG_COLOR_MASK_ALPHA) || png_get_valid(g->png, g->info, PNG_INFO_tRNS);
    g->ret->facts.lossless = true;
    png_set_expand(g->png);
    png_set_scale_16(g->png);
    png_set_gray_to_rgb(g->png);
    png_set_add_alpha(g->png, 0xFF, PNG_FILLER_AFTER);
}

static void look_at_clock(struct png *g)
{
    if (g->rows % ROWS_PER_LOOK == 0 && image_time_over(g->q)) {
        g->no_time = true;
        png_longjmp(g->png, 1);
    }
}

static void read_plain(struct png *g)
{
    for (int32_t y = 0; y < g->ret->facts.height; y++, g->rows++) {
        png_read_row(g->png, g->row, NULL);
        picture_sink_row(&g->sink, y, g->row);
        look_at_clock(g);
    }
}

static void read_interlaced(struct png *g)
{
    int32_t width = g->ret->facts.width, height = g->ret->facts.height;

    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
        int32_t columns = (int32_t)PNG_PASS_COLS((png_uint_32)width, pass);
        int32_t rows = (int32_t)PNG_PASS_ROWS((png_uint_32)height, pass);
        if (columns == 0) {
            continue;
        }
        for (int32_t y = 0; y < rows; y++, g->rows++) {
            png_read_row(g->png, g->row, NULL);
            int32_t to_y = (int32_t)PNG_ROW_FROM_PASS_ROW(y, pass);
            for (int32_t x = 0; x < columns; x++) {
                picture_sink_point(&g->sink, (int32_t)PNG_COL_FROM_PASS_COL(x, pass), to_y,
                    g->row + 4 * (size_t)x);
            }
            look_at_clock(g);
        }
    }
}

static int64_t rows_of(struct png *g, bool interlaced)
{
    int64_t rows = 0;

    if (!interlaced) {
        return g->ret->facts.height;
    }
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
        bool empty = PNG_PASS_COLS((png_uint_32)g->ret->facts.width, pass) == 0;
        rows += empty ? 0 : (int64_t)PNG_PASS_ROWS((png_uint_32)g->ret->facts.height, pass);
    }
    return rows;
}

static void decode(struct png *g)
{
    bound_memory(g, true);
    png_set_user_limits(g->png, SIDE_MAX, SIDE_MAX);
    png_set_chunk_malloc_max(g->png, CHUNK_BYTES);
    png_set_chunk_cache_max(g->png, CHUNKS_KEPT);
    png_set_read_fn(g->png, g, on_read);
    png_read_info(g->png, g->info);
    if (!image_size_allowed(g->q, png_get_image_width(g->png, g->info),
            png_get_image_height(g->png, g->info), g->ret)) {
        return;
    }
    read_texts(g);
    ask_for_rgba(g);
    bool interlaced = png_get_interlace_type(g->png, g->info) != PNG_INTERLACE_NONE;
    g->ret->facts.progressive = interlaced;
    bound_memory(g, false);
    png_start_read_image(g->png);
    int64_t max = g->q->max_pixels;
    int32_t step = picture_step(g->ret->facts.width, g->ret->facts.height, max);
    if (interlaced && step > 1 && max > SCATTERED_PIXELS) {
        step = picture_step(g->ret->facts.width, g->ret->facts.height, SCATTERED_PIXELS);
    }
    g->row = malloc(4 * (size_t)g->ret->facts.width);
    int rc = picture_sink_init(
        &g->sink, &g->picture, g->ret->facts.width, g->ret->facts.height, step, interlaced);
    if (rc != 0 || !g->row) {
        g->ret->trouble = rc == ERR_LIMIT ? IMAGE_TOO_LARGE : IMAGE_NO_MEMORY;
        return;
    }
    g->started = true;
    g->rows_all = rows_of(g, interlaced);
    if (interlaced) {
        read_interlaced(g);
    } else {
        read_plain(g);
    }
    g->complete = true;
    bound_memory(g, true);
    png_read_end(g->png, NULL);
}

static void conclude(struct png *g, bool jumped)
{
    struct image_report *ret = g->ret;

    ret->share = g->started && g->rows_all ? (double)g->rows / (double)g->rows_all : 0;
    if (jumped && !g->complete) {
        ret->trouble = g->no_memory   ? IMAGE_NO_MEMORY
                       : g->no_time   ? IMAGE_NO_TIME
                       : g->rows == 0 ? IMAGE_BROKEN
                       : g->ended     ? IMAGE_TRUNCATED
                                      : IMAGE_DAMAGED;
    }
}

void image_decode_png(const struct image_request *q, struct image_report *ret)
{
    struct png *g = calloc(1, sizeof(*g));

    if (!g) {
        ret->trouble = IMAGE_NO_MEMORY;
        return;
    }
    g->q = q;
    g->ret = ret;
    bound_memory(g, true);
    g->png = png_create_read_struct_2(
        PNG_LIBPNG_VER_STRING, g, on_error, on_warning, g, on_malloc, on_free);
    g->info = g->png ? png_create_info_struct(g->png) : NULL;
    if (!g->info) {
        ret->trouble = IMAGE_NO_MEMORY;
    } else {
        bool jumped = setjmp(png_jmpbuf(g->png)) != 0;
        if (!jumped) {
            decode(g);
        }
        conclude(g, jumped);
    }
    picture_sink_end(&g->sink);
    png_destroy_read_struct(&g->png, &g->info, NULL);
    free(g->row);
    ret->facts.frames = ret->facts.width > 0;
    if (ret->share > 0) {
        image_give(q, 1, &g->picture, false, ret);
    }
    picture_done(&g->picture);
    free(g);
}
