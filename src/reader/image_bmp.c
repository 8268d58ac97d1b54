// SPDX-License-Identifier: AGPL-3.0-or-later
// BMP, as Windows and OS/2 write it:
//
//   file header   14 bytes: "BM", size, offset of the pixels
//   info header   12, 16, 40, 52, 56, 64, 108 or 124 bytes: width, height (negative: top row first), bits, compression
//   masks         three or four words, behind a header of 40 bytes with compression 3 or 6
//   palette       3 bytes a colour (header of 12) or 4
//   pixels        rows of 1, 2, 4, 8, 16, 24 or 32 bits, padded to four bytes, or runs of 8 or 4 bits
//
// Rows go to a picture_sink one by one, so memory is a row and what is kept. Runs are decoded in the order they stand.
#include "reader/image.h"

#include <stdlib.h>

enum {
    FILE_HEADER = 14,
    CORE_HEADER = 12,
    INFO_HEADER = 40,
    PALETTE_MAX = 256,
    ROWS_PER_LOOK = 64,
};
enum compression { PLAIN, RUNS_8, RUNS_4, MASKS, JPEG_INSIDE, PNG_INSIDE, ALPHA_MASKS };

struct bmp {
    const struct image_request *q;
    struct image_report *ret;
    struct slice bytes;
    int32_t width, height;
    bool top_first;
    uint32_t bits, compression, header;
    uint32_t masks[4]; // red, green, blue, alpha
    unsigned char palette[PALETTE_MAX][4];
    size_t pixels; // where they begin
    bool any_alpha; // a 32-bit picture whose fourth byte is ever set
    struct picture picture;
    struct picture_sink sink;
    unsigned char *row; // four bytes a pixel
    int32_t rows; // that came whole
};

static uint32_t u16(const struct bmp *b, size_t at)
{
    if (b->bytes.len < 2 || at > b->bytes.len - 2) {
        return 0;
    }
    const unsigned char *p = (const unsigned char *)b->bytes.data + at;
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const struct bmp *b, size_t at)
{
    return u16(b, at) | u16(b, at + 2) << 16;
}

// The header.

static void read_palette(struct bmp *b, size_t at, uint32_t used)
{
    size_t each = b->header == CORE_HEADER ? 3 : 4;
    uint32_t most = 1U << b->bits;

    used = used && used < most ? used : most;
    for (uint32_t i = 0; i < PALETTE_MAX; i++) {
        bool there = i < used && at + each * (i + 1) <= b->bytes.len;
        const unsigned char *c = (const unsigned char *)b->bytes.data + (there ? at + each * i : 0);
        const unsigned char rgba[4] = { there ? c[2] : 0, there ? c[1] : 0, there ? c[0] : 0, 255 };
        memcpy(b->palette[i], rgba, sizeof(rgba));
    }
}

static void default_masks(struct bmp *b)
{
    static const uint32_t by_16[4] = { 0x7C00, 0x03E0, 0x001F, 0 },
                          by_32[4] = { 0xFF0000, 0xFF00, 0xFF, 0xFF000000 };
    memcpy(b->masks, b->bits == 16 ? by_16 : by_32, sizeof(b->masks));
}

static bool is_known(const struct bmp *b)
{
    switch (b->compression) {
    case PLAIN:
        return b->bits == 1 || b->bits == 2 || b->bits == 4 || b->bits == 8 || b->bits == 16 ||
               b->bits == 24 || b->bits == 32;
    case RUNS_8:
        return b->bits == 8 && !b->top_first;
    case RUNS_4:
        return b->bits == 4 && !b->top_first;
    case MASKS:
    case ALPHA_MASKS:
        return b->bits == 16 || b->bits == 32;
    default:
        return false;
    }
}

// False with the trouble set.
static bool read_header(struct bmp *b)
{
    size_t at = FILE_HEADER;

    b->ret->trouble = IMAGE_BROKEN;
    b->header = u32(b, at);
    bool sane = b->header == CORE_HEADER || b->header == 16 || b->header == INFO_HEADER ||
                b->header == 52 || b->header == 56 || b->header == 64 || b->header == 108 ||
                b->header == 124;
    if (!slice_starts(b->bytes, "BM") || !sane || at + b->header > b->bytes.len) {
        return false;
    }
    bool core = b->header == CORE_HEADER;
    int64_t width = core ? (int64_t)u16(b, at + 4) : (int32_t)u32(b, at + 4);
    int64_t height = core ? (int64_t)u16(b, at + 6) : (int32_t)u32(b, at + 8);
    b->top_first = height < 0;
    height = height < 0 ? -height : height;
    b->bits = u16(b, at + (core ? 10 : 14));
    b->compression = b->header >= INFO_HEADER ? u32(b, at + 16) : PLAIN;
    uint32_t used = b->header >= INFO_HEADER ? u32(b, at + 32) : 0;
    if (!image_size_allowed(b->q, width, height, b->ret)) {
        return false;
    }
    b->width = (int32_t)width;
    b->height = (int32_t)height;
    if (!is_known(b)) {
        b->ret->trouble = IMAGE_UNKNOWN_CODEC;
        return false;
    }
    default_masks(b);
    size_t behind = at + b->header;
    if (b->compression == MASKS || b->compression == ALPHA_MASKS) {
        size_t from = at + INFO_HEADER; // inside the longer headers, behind the short one
        uint32_t count = b->header >= 56 || b->compression == ALPHA_MASKS ? 4 : 3;
        b->masks[3] = 0;
        for (uint32_t i = 0; i < count; i++) {
            b->masks[i] = u32(b, from + 4 * (size_t)i);
        }
        behind += b->header == INFO_HEADER ? 4 * (size_t)count : 0;
    }
    if (b->bits <= 8) {
        read_palette(b, behind, used);
    }
    b->pixels = u32(b, 10);
    if (b->pixels < behind || b->pixels >= b->bytes.len) {
        b->ret->trouble = b->pixels < behind ? IMAGE_BROKEN : IMAGE_TRUNCATED;
        return false;
    }
    b->ret->trouble = IMAGE_FINE;
    return true;
}

// Pixels.

static unsigned char by_mask(uint32_t value, uint32_t mask)
{
    if (mask == 0) {
        return 0;
    }
    int shift = __builtin_ctz(mask);
    uint64_t most = mask >> shift, v = (value & mask) >> shift;
    return (unsigned char)(v * 255 / most);
}

static void masked_pixel(struct bmp *b, uint32_t value, unsigned char to[4])
{
    for (int k = 0; k < 3; k++) {
        to[k] = by_mask(value, b->masks[k]);
    }
    to[3] = b->masks[3] ? by_mask(value, b->masks[3]) : 255;
}

static void plain_row(struct bmp *b, const unsigned char *from)
{
    unsigned char *to = b->row;

    for (int32_t x = 0; x < b->width; x++, to += 4) {
        size_t i = (size_t)x;
        switch (b->bits) {
        case 16:
            masked_pixel(b, from[2 * i] | (uint32_t)from[2 * i + 1] << 8, to);
            break;
        case 24:
            to[0] = from[3 * i + 2];
            to[1] = from[3 * i + 1];
            to[2] = from[3 * i];
            to[3] = 255;
            break;
        case 32:
            masked_pixel(b,
                from[4 * i] | (uint32_t)from[4 * i + 1] << 8 | (uint32_t)from[4 * i + 2] << 16 |
                    (uint32_t)from[4 * i + 3] << 24,
                to);
            if (!b->any_alpha) {
                to[3] = 255;
            }
            break;
        default: {
            uint32_t per = 8 / b->bits;
            uint32_t shift = 8 - b->bits * ((uint32_t)(i % per) + 1);
            memcpy(to, b->palette[(from[i / per] >> shift) & ((1U << b->bits) - 1)], 4);
        }
        }
    }
}

// The fourth byte counts only if it is set anywhere: most programs leave it zero.
static bool find_alpha(const struct bmp *b, size_t stride)
{
    if (b->bits != 32 || b->masks[3] == 0) {
        return false;
    }
    for (int32_t y = 0; y < b->height; y++) {
        size_t at = b->pixels + stride * (size_t)y;
        if (at + stride > b->bytes.len) {
            return false;
        }
        for (int32_t x = 0; x < b->width; x++) {
            if (u32(b, at + 4 * (size_t)x) & b->masks[3]) {
                return true;
            }
        }
    }
    return false;
}

// Takes the row that is number y in the file.
static bool put_row(struct bmp *b, int32_t y)
{
    picture_sink_row(&b->sink, b->top_first ? y : b->height - 1 - y, b->row);
    b->rows = y + 1;
    if (y % ROWS_PER_LOOK == 0 && image_time_over(b->q)) {
        b->ret->trouble = IMAGE_NO_TIME;
        return false;
    }
    return true;
}

static void read_plain(struct bmp *b)
{
    size_t stride = ((size_t)b->width * b->bits + 31) / 32 * 4;
    size_t need = ((size_t)b->width * b->bits + 7) / 8;

    b->any_alpha = find_alpha(b, stride);
    b->ret->facts.alpha = b->any_alpha;
    for (int32_t y = 0; y < b->height; y++) {
        size_t at = b->pixels + stride * (size_t)y;
        if (at > b->bytes.len || b->bytes.len - at < need) {
            b->ret->trouble = IMAGE_TRUNCATED;
            return;
        }
        plain_row(b, (const unsigned char *)b->bytes.data + at);
        if (!put_row(b, y)) {
            return;
        }
    }
}

struct runs {
    struct bmp *b;
    size_t at;
    int32_t x, y;
    bool ended;
};

static int next_byte(struct runs *r)
{
    if (r->at >= r->b->bytes.len) {
        r->b->ret->trouble = IMAGE_TRUNCATED;
        return -1;
    }
    return (unsigned char)r->b->bytes.data[r->at++];
}

static void clear_row(struct bmp *b)
{
    for (int32_t x = 0; x < b->width; x++) {
        memcpy(b->row + 4 * (size_t)x, b->palette[0], 4);
    }
}

static bool end_row(struct runs *r)
{
    bool go_on = r->y < r->b->height && put_row(r->b, r->y);

    r->y++;
    r->x = 0;
    clear_row(r->b);
    return go_on && r->y < r->b->height;
}

static void put_index(struct runs *r, int index)
{
    if (r->x < r->b->width) {
        memcpy(r->b->row + 4 * (size_t)r->x, r->b->palette[index & 0xFF], 4);
        r->x++;
    }
}

static void put_pair(struct runs *r, int value, int count)
{
    for (int i = 0; i < count; i++) {
        put_index(r, r->b->bits == 8 ? value : i % 2 ? value & 15 : value >> 4);
    }
}

// Colours that stand there one by one, padded to two bytes.
static bool read_literal(struct runs *r, int count)
{
    int bytes = r->b->bits == 8 ? count : (count + 1) / 2;

    for (int i = 0; i < bytes; i++) {
        int value = next_byte(r), left = count - (r->b->bits == 8 ? i : 2 * i);
        if (value < 0) {
            return false;
        }
        put_pair(r, value, r->b->bits == 8 ? 1 : left < 2 ? left : 2);
    }
    return bytes % 2 == 0 || next_byte(r) >= 0;
}

static bool read_jump(struct runs *r)
{
    int right = next_byte(r), down = right < 0 ? -1 : next_byte(r);

    if (down < 0) {
        return false;
    }
    int32_t x = r->x + right;
    for (int i = 0; i < down; i++) {
        if (!end_row(r)) {
            r->ended = true;
            return false;
        }
    }
    r->x = x < r->b->width ? x : r->b->width;
    return true;
}

// One pair; false at the end, whatever it is.
static bool read_pair(struct runs *r)
{
    int count = next_byte(r), value = count < 0 ? -1 : next_byte(r);

    if (value < 0) {
        return false;
    }
    if (count > 0) {
        put_pair(r, value, count);
        return true;
    }
    switch (value) {
    case 0:
        r->ended = !end_row(r);
        return !r->ended;
    case 1:
        r->ended = true;
        return false;
    case 2:
        return read_jump(r);
    default:
        return read_literal(r, value);
    }
}

static void read_runs(struct bmp *b)
{
    struct runs r = { .b = b, .at = b->pixels };

    clear_row(b);
    while (read_pair(&r)) {
    }
    while (r.ended && r.y < b->height && end_row(&r)) { // rows that were not written are clear
    }
}

void image_decode_bmp(const struct image_request *q, struct image_report *ret)
{
    struct bmp *b = calloc(1, sizeof(*b));

    if (!b) {
        ret->trouble = IMAGE_NO_MEMORY;
        return;
    }
    b->q = q;
    b->ret = ret;
    b->bytes = q->bytes;
    if (read_header(b)) {
        int32_t step = picture_step(b->width, b->height, q->max_pixels);
        b->row = malloc(4 * (size_t)b->width);
        int rc = b->row ? picture_sink_init(&b->sink, &b->picture, b->width, b->height, step, false)
                        : ERR_MEMORY;
        ret->facts.bits = b->bits >= 24 ? 8 : (int)b->bits;
        ret->facts.colour = b->bits <= 8 ? "palette" : "RGB";
        ret->facts.frames = 1;
        if (rc != 0) {
            ret->trouble = rc == ERR_LIMIT ? IMAGE_TOO_LARGE : IMAGE_NO_MEMORY;
        } else if (b->compression == RUNS_8 || b->compression == RUNS_4) {
            read_runs(b);
        } else {
            read_plain(b);
        }
        ret->share = (double)b->rows / b->height;
        picture_sink_end(&b->sink);
    }
    if (ret->share > 0) {
        image_give(q, 1, &b->picture, false, ret);
    }
    picture_done(&b->picture);
    free(b->row);
    free(b);
}
