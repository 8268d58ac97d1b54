// SPDX-License-Identifier: AGPL-3.0-or-later
// TIFF by libtiff, page by page. The directories are walked and judged before a pixel is decoded: how many there are,
// whether their chain bites its tail, how large pages, strips and tiles are, whether pages share their data. A page is
// decoded in bands of rows, so that memory follows the strip or tile and not the page; each is brought upright and to
// square pixels (faxes are half as fine downwards as across). What libtiff says in its own words is counted, not shown.
//
// Codecs that scans do not use are not part of the reader (image_tiff_codecs.c); their pages are told as not readable.
#include "reader/image.h"

#include <stdlib.h>

#include <tiffio.h>

enum {
    BLOCK_BYTES =
        160 << 20, // decoded, of one strip or tile; and of any memory that libtiff asks for
    BAND_PIXELS = 12 * 1000 * 1000, // four bytes each
    SHARED_MAX =
        2, // pages that begin with the same data; more are made to be unpacked over and over
    TEXT_MAX = 64 << 10, // of one tag
};
static const double SQUARE_UNTIL = 1.4, // finer one way than the other by less: left as it is
    STRETCH_MAX = 4;

struct tiff {
    const struct image_request *q;
    struct image_report *ret;
    TIFF *file;
    toff_t at;
    int errors; // that libtiff reported
    uint64_t *starts; // first data of each page
    struct picture picture;
    uint32_t *band;
};

// Bytes.

static tmsize_t on_read(thandle_t handle, void *to, tmsize_t len)
{
    struct tiff *t = handle;
    struct slice bytes = t->q->bytes;

    if (len <= 0 || t->at >= bytes.len) {
        return 0;
    }
    size_t left = bytes.len - (size_t)t->at, n = (size_t)len < left ? (size_t)len : left;
    memcpy(to, bytes.data + t->at, n);
    t->at += n;
    return (tmsize_t)n;
}

static tmsize_t on_write(thandle_t handle, void *from, tmsize_t len)
{
    (void)handle;
    (void)from;
    (void)len;
    return 0;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence)
{
    struct tiff *t = handle;

    t->at = whence == SEEK_CUR   ? t->at + offset
            : whence == SEEK_END ? t->q->bytes.len + offset
                                 : offset;
    return t->at;
}

static int on_close(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t on_size(thandle_t handle)
{
    return ((struct tiff *)handle)->q->bytes.len;
}

static int on_error(TIFF *file, void *ctx, const char *module, const char *fmt, va_list args)
{
    (void)file;
    (void)module;
    (void)fmt;
    (void)args;
    ((struct tiff *)ctx)->errors++;
    return 1;
}

static int on_warning(TIFF *file, void *ctx, const char *module, const char *fmt, va_list args)
{
    (void)file;
    (void)ctx;
    (void)module;
    (void)fmt;
    (void)args;
    return 1;
}

static bool open_file(struct tiff *t)
{
    TIFFOpenOptions *o = TIFFOpenOptionsAlloc();

    if (!o) {
        t->ret->trouble = IMAGE_NO_MEMORY;
        return false;
    }
    TIFFOpenOptionsSetMaxSingleMemAlloc(o, BLOCK_BYTES);
    TIFFOpenOptionsSetErrorHandlerExtR(o, on_error, t);
    TIFFOpenOptionsSetWarningHandlerExtR(o, on_warning, t);
    t->file = TIFFClientOpenExt(
        "picture", "rm", t, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, o);
    TIFFOpenOptionsFree(o);
    if (!t->file) {
        t->ret->trouble = IMAGE_BROKEN;
    }
    return t->file != NULL;
}

// One page.

struct page {
    uint32_t width, height;
    uint32_t block_width, block_height; // of a strip or tile
    uint64_t block_bytes;
    uint16_t samples, bits;
    bool tiled;
    bool aside; // a smaller copy, or a mask
};

static void look_at_page(TIFF *f, struct page *p)
{
    uint32_t kind = 0, rows = 0;
    uint16_t planes = PLANARCONFIG_CONTIG;

    *p = (struct page){ .tiled = TIFFIsTiled(f) };
    TIFFGetField(f, TIFFTAG_IMAGEWIDTH, &p->width);
    TIFFGetField(f, TIFFTAG_IMAGELENGTH, &p->height);
    TIFFGetFieldDefaulted(f, TIFFTAG_SUBFILETYPE, &kind);
    TIFFGetFieldDefaulted(f, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
    TIFFGetFieldDefaulted(f, TIFFTAG_BITSPERSAMPLE, &p->bits);
    TIFFGetFieldDefaulted(f, TIFFTAG_PLANARCONFIG, &planes);
    p->aside = kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK);
    if (p->tiled) {
        TIFFGetField(f, TIFFTAG_TILEWIDTH, &p->block_width);
        TIFFGetField(f, TIFFTAG_TILELENGTH, &p->block_height);
        p->block_bytes = TIFFTileSize64(f);
    } else {
        TIFFGetFieldDefaulted(f, TIFFTAG_ROWSPERSTRIP, &rows);
        p->block_width = p->width;
        p->block_height = rows && rows < p->height ? rows : p->height;
        p->block_bytes = TIFFStripSize64(f);
    }
    if (planes == PLANARCONFIG_SEPARATE && p->samples > 1 &&
        __builtin_mul_overflow(p->block_bytes, (uint64_t)p->samples, &p->block_bytes)) {
        p->block_bytes = UINT64_MAX;
    }
}

// Whether the page may be decoded at all; else the trouble is set.
static bool allowed(struct tiff *t, const struct page *p)
{
    struct image_report one = { .trouble = IMAGE_FINE };

    if (!image_size_allowed(t->q, p->width, p->height, &one)) {
        t->ret->facts.width = one.facts.width;
        t->ret->facts.height = one.facts.height;
        t->ret->trouble = one.trouble;
        return false;
    }
    bool wide = (uint64_t)p->block_width * p->block_height > (uint64_t)t->q->pixels_max;
    if (p->block_bytes == 0) {
        t->ret->trouble = IMAGE_BROKEN;
        return false;
    }
    if (p->block_bytes > BLOCK_BYTES || (p->tiled && wide)) {
        t->ret->trouble = IMAGE_TOO_LARGE;
        return false;
    }
    return true;
}

static bool can_decode(TIFF *f)
{
    static const uint16_t codecs[] = { COMPRESSION_NONE, COMPRESSION_CCITTRLE,
        COMPRESSION_CCITTRLEW, COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4, COMPRESSION_LZW,
        COMPRESSION_JPEG, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE, COMPRESSION_PACKBITS };
    uint16_t codec = COMPRESSION_NONE;
    char why[1024];

    TIFFGetFieldDefaulted(f, TIFFTAG_COMPRESSION, &codec);
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        if (codecs[i] == codec) {
            return TIFFRGBAImageOK(f, why);
        }
    }
    return false;
}

// libtiff gives colours that are multiplied by alpha.
static void to_plain_alpha(uint32_t *row, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++) {
        uint32_t c = row[x], a = TIFFGetA(c);
        unsigned char out[4] = { (unsigned char)TIFFGetR(c), (unsigned char)TIFFGetG(c),
            (unsigned char)TIFFGetB(c), (unsigned char)a };
        if (a != 255 && a != 0) {
            for (int k = 0; k < 3; k++) {
                uint32_t v = out[k] * 255U / a;
                out[k] = (unsigned char)(v < 255 ? v : 255);
            }
        }
        memcpy(&row[x], out, sizeof(out));
    }
}

static uint32_t rows_of_band(const struct page *p)
{
    uint32_t block = p->block_height ? p->block_height : 1, fits = BAND_PIXELS / p->width;

    fits = fits ? fits : 1;
    fits = fits > block ? fits - fits % block : fits;
    return fits < p->height ? fits : p->height;
}

// The share of rows that came without an error.
static double read_bands(
    struct tiff *t, const struct page *p, TIFFRGBAImage *img, struct picture_sink *sink)
{
    uint32_t rows = rows_of_band(p), good = 0;

    for (uint32_t y = 0; y < p->height; y += rows) {
        uint32_t n = p->height - y < rows ? p->height - y : rows;
        if (image_time_over(t->q)) {
            t->ret->trouble = IMAGE_NO_TIME;
            break;
        }
        int before = t->errors;
        memset(t->band, 0xFF, sizeof(*t->band) * n * p->width); // what is missing is paper
        img->row_offset = (int)y;
        bool whole = TIFFRGBAImageGet(img, t->band, p->width, n) && t->errors == before;
        good += whole ? n : 0;
        for (uint32_t i = 0; i < n; i++) {
            to_plain_alpha(t->band + (size_t)i * p->width, p->width);
            picture_sink_row(
                sink, (int32_t)(y + i), (unsigned char *)(t->band + (size_t)i * p->width));
        }
    }
    return (double)good / p->height;
}

// Nearest pixels: a fax's rows are doubled.
static int stretch(struct picture *p, int32_t width, int32_t height)
{
    struct picture out;
    int rc = picture_init(&out, width, height);

    if (rc != 0) {
        return rc;
    }
    for (int32_t y = 0; y < height; y++) {
        int32_t from = (int32_t)((int64_t)y * p->height / height);
        for (int32_t x = 0; x < width; x++) {
            int32_t at = (int32_t)((int64_t)x * p->width / width);
            memcpy(picture_at(&out, x, y), picture_at(p, at, from), 4);
        }
    }
    picture_done(p);
    *p = out;
    return 0;
}

static int make_square(TIFF *f, struct picture *p)
{
    float x = 0, y = 0;

    if (!TIFFGetField(f, TIFFTAG_XRESOLUTION, &x) || !TIFFGetField(f, TIFFTAG_YRESOLUTION, &y) ||
        !(x > 0) || !(y > 0)) {
        return 0;
    }
    double finer = (double)x / (double)y;
    bool across = finer > 1;
    finer = across ? finer : 1 / finer;
    if (!(finer >= SQUARE_UNTIL && finer <= STRETCH_MAX) ||
        (double)p->width * p->height * finer > PICTURE_PIXELS_MAX) {
        return 0;
    }
    return across ? stretch(p, p->width, (int32_t)(p->height * finer + 0.5))
                  : stretch(p, (int32_t)(p->width * finer + 0.5), p->height);
}

static bool is_cut(const struct tiff *t)
{
    uint32_t blocks =
        TIFFIsTiled(t->file) ? TIFFNumberOfTiles(t->file) : TIFFNumberOfStrips(t->file);
    uint64_t end = 0;

    if (blocks == 0) {
        return false;
    }
    bool over = __builtin_add_overflow(TIFFGetStrileOffset(t->file, blocks - 1),
        TIFFGetStrileByteCount(t->file, blocks - 1), &end);
    return over || end > t->q->bytes.len;
}

// Decodes the page that libtiff stands on into t->picture, turned upright. The share of it that is fine.
static double decode_page(struct tiff *t, const struct page *p)
{
    TIFFRGBAImage img;
    struct picture_sink sink;
    char why[1024];
    int32_t step = picture_step(p->width, p->height, t->q->max_pixels);
    size_t band = sizeof(*t->band) * rows_of_band(p) * p->width;

    t->band = malloc(band);
    int rc = t->band ? picture_sink_init(
                           &sink, &t->picture, (int32_t)p->width, (int32_t)p->height, step, false)
                     : ERR_MEMORY;
    if (rc != 0) {
        free(t->band);
        t->band = NULL;
        t->ret->trouble = rc == ERR_LIMIT ? IMAGE_TOO_LARGE : IMAGE_NO_MEMORY;
        return 0;
    }
    double share = 0;
    if (TIFFRGBAImageBegin(&img, t->file, 0, why)) {
        img.req_orientation = img.orientation; // turned below, once, for all eight ways
        share = read_bands(t, p, &img, &sink);
        int orientation = img.orientation;
        TIFFRGBAImageEnd(&img);
        picture_sink_end(&sink);
        rc = make_square(t->file, &t->picture);
        rc = rc ? rc : picture_orient(&t->picture, orientation);
    } else {
        picture_sink_end(&sink);
    }
    if (rc != 0) {
        t->ret->trouble = IMAGE_NO_MEMORY;
        share = 0;
    }
    free(t->band);
    t->band = NULL;
    return share;
}

// What the first page says is told of the file.
static void first_facts(struct tiff *t, const struct page *p)
{
    static const char *const colours[] = { [PHOTOMETRIC_MINISWHITE] = "grey",
        [PHOTOMETRIC_MINISBLACK] = "grey",
        [PHOTOMETRIC_RGB] = "RGB",
        [PHOTOMETRIC_PALETTE] = "palette",
        [PHOTOMETRIC_SEPARATED] = "CMYK",
        [PHOTOMETRIC_YCBCR] = "YCbCr" };
    struct image_facts *f = &t->ret->facts;
    uint16_t colour = UINT16_MAX;
    uint32_t xmp_len = 0;
    void *xmp = NULL;

    TIFFGetField(t->file, TIFFTAG_PHOTOMETRIC, &colour);
    f->colour = colour < ARRAY_LEN(colours) ? colours[colour] : NULL;
    f->bits = p->bits;
    image_read_exif(t->q->bytes, f); // EXIF is a TIFF file's first directory
    if (TIFFGetField(t->file, TIFFTAG_XMLPACKET, &xmp_len, &xmp) && xmp && xmp_len <= TEXT_MAX) {
        image_read_xmp(slice_make(xmp, xmp_len), f);
    }
    bool sideways = f->orientation >= 5;
    f->width = (int32_t)(sideways ? p->height : p->width);
    f->height = (int32_t)(sideways ? p->width : p->height);
    f->orientation = 0; // pages come upright
}

// All of them.

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool share_data(uint64_t *starts, int32_t count)
{
    int32_t same = 1;

    qsort(starts, (size_t)count, sizeof(*starts), by_value);
    for (int32_t i = 1; i < count; i++) {
        same = starts[i] && starts[i] == starts[i - 1] ? same + 1 : 1;
        if (same > SHARED_MAX) {
            return true;
        }
    }
    return false;
}

// Looks at every directory; false when nothing may be decoded.
static bool walk(struct tiff *t)
{
    struct image_facts *f = &t->ret->facts;
    int32_t directories = 0;

    t->starts = calloc(IMAGE_FRAMES_MAX, sizeof(*t->starts));
    if (!t->starts) {
        t->ret->trouble = IMAGE_NO_MEMORY;
        return false;
    }
    do {
        struct page p;
        look_at_page(t->file, &p);
        if (p.aside && directories > 0) {
            continue;
        }
        if (!allowed(t, &p)) {
            return false;
        }
        if (f->frames == 0) {
            first_facts(t, &p);
        }
        t->starts[f->frames++] = TIFFGetStrileOffset(t->file, 0);
    } while (++directories < IMAGE_FRAMES_MAX && TIFFReadDirectory(t->file));
    f->more_frames = directories == IMAGE_FRAMES_MAX && !TIFFLastDirectory(t->file);
    // The chain ends at a directory that can't be read, or that was there before.
    t->ret->trouble = !f->more_frames && !TIFFLastDirectory(t->file) ? IMAGE_DAMAGED : IMAGE_FINE;
    if (share_data(t->starts, f->frames)) {
        t->ret->trouble = IMAGE_SHARED;
        return false;
    }
    return true;
}

// One page; false to stop.
static bool give_page(struct tiff *t, const struct page *p, int32_t number)
{
    enum image_trouble before = t->ret->trouble;
    bool known = can_decode(t->file);
    double share = known ? decode_page(t, p) : 0;

    if (number == 1) {
        t->ret->share = share;
    }
    if (t->ret->trouble == IMAGE_NO_TIME || t->ret->trouble == IMAGE_NO_MEMORY ||
        t->ret->trouble == IMAGE_TOO_LARGE) {
        return false;
    }
    if (share < 1) {
        t->ret->facts.lost_frames += share == 0;
        if (before == IMAGE_FINE) {
            t->ret->trouble = !known && number == 1 ? IMAGE_UNKNOWN_CODEC
                              : is_cut(t)           ? IMAGE_TRUNCATED
                                                    : IMAGE_DAMAGED;
        }
    }
    bool go_on = share == 0 || image_give(t->q, number, &t->picture, false, t->ret);
    picture_done(&t->picture);
    return go_on;
}

static void give_pages(struct tiff *t)
{
    int32_t number = 0, directories = 0;

    if (!TIFFSetDirectory(t->file, 0)) {
        t->ret->trouble = IMAGE_BROKEN;
        return;
    }
    do {
        struct page p;
        look_at_page(t->file, &p);
        if (p.aside && directories > 0) {
            continue;
        }
        number++;
        if (number > t->q->frames_max || image_time_over(t->q)) {
            t->ret->trouble = number > t->q->frames_max ? t->ret->trouble : IMAGE_NO_TIME;
            return;
        }
        if (number >= t->q->frames_from && !give_page(t, &p, number)) {
            return;
        }
    } while (++directories < IMAGE_FRAMES_MAX && TIFFReadDirectory(t->file));
}

void image_decode_tiff(const struct image_request *q, struct image_report *ret)
{
    struct tiff t = { .q = q, .ret = ret };

    image_tiff_codecs();
    if (open_file(&t)) {
        if (walk(&t)) {
            give_pages(&t);
        }
        TIFFClose(t.file);
    }
    picture_done(&t.picture);
    free(t.starts);
}
