// SPDX-License-Identifier: AGPL-3.0-or-later
// EXIF and XMP: orientation, what a person would call the picture's title and description, the camera, the time, and
// whether a place is told (never which). EXIF is a TIFF structure: a header, then directories of twelve-byte entries that
// point into it; every offset is checked, and only three directories are looked at, so there are no loops to fall into.
#include "reader/image.h"

#include <stdio.h>

enum {
    ENTRIES_MAX = 400, // of a directory
    XMP_MAX = 1 << 20, // bytes that are searched
    TAG_DESCRIPTION = 0x010E,
    TAG_MAKE = 0x010F,
    TAG_MODEL = 0x0110,
    TAG_ORIENTATION = 0x0112,
    TAG_TIME = 0x0132,
    TAG_ARTIST = 0x013B,
    TAG_EXIF = 0x8769,
    TAG_GPS = 0x8825,
    TAG_TIME_TAKEN = 0x9003,
    GPS_LATITUDE = 2,
    TYPE_ASCII = 2,
    TYPE_SHORT = 3,
    TYPE_LONG = 4,
};

struct tiff {
    struct slice s;
    bool little;
};

static uint32_t number(const struct tiff *t, size_t at, int bytes)
{
    uint32_t n = 0;

    if (t->s.len < (size_t)bytes || at > t->s.len - (size_t)bytes) {
        return 0;
    }
    for (int i = 0; i < bytes; i++) {
        int from = t->little ? bytes - 1 - i : i;
        n = n << 8 | (unsigned char)t->s.data[at + (size_t)from];
    }
    return n;
}

struct entry {
    uint32_t tag, type, count;
    size_t at; // of the value or of its offset
};

static struct slice entry_text(const struct tiff *t, const struct entry *e)
{
    size_t at = e->count > 4 ? number(t, e->at, 4) : e->at;

    if (e->type != TYPE_ASCII || at > t->s.len || e->count > t->s.len - at) {
        return slice_make(NULL, 0);
    }
    struct slice s = slice_make(t->s.data + at, e->count);
    const char *end = s.len ? memchr(s.data, 0, s.len) : NULL;
    return end ? slice_make(s.data, (size_t)(end - s.data)) : s;
}

static uint32_t entry_number(const struct tiff *t, const struct entry *e)
{
    return e->type == TYPE_SHORT  ? number(t, e->at, 2)
           : e->type == TYPE_LONG ? number(t, e->at, 4)
                                  : 0;
}

typedef void (*entry_fn)(const struct tiff *t, const struct entry *e, void *ctx);

static void walk(const struct tiff *t, uint32_t at, entry_fn fn, void *ctx)
{
    uint32_t count = at ? number(t, at, 2) : 0;

    for (uint32_t i = 0; i < count && i < ENTRIES_MAX; i++) {
        size_t from = (size_t)at + 2 + 12 * (size_t)i;
        if (from + 12 > t->s.len) {
            return;
        }
        struct entry e = { number(t, from, 2), number(t, from + 2, 2), number(t, from + 4, 4),
            from + 8 };
        fn(t, &e, ctx);
    }
}

struct reading {
    struct image_facts *facts;
    struct slice make, model;
    uint32_t exif, gps; // directories
};

static void on_gps(const struct tiff *t, const struct entry *e, void *ctx)
{
    struct reading *r = ctx;

    (void)t;
    r->facts->located = r->facts->located || (e->tag == GPS_LATITUDE && e->count > 0);
}

static void on_entry(const struct tiff *t, const struct entry *e, void *ctx)
{
    struct reading *r = ctx;
    struct image_facts *f = r->facts;

    switch (e->tag) {
    case TAG_ORIENTATION:
        f->orientation = entry_number(t, e) <= 8 ? (int)entry_number(t, e) : 0;
        break;
    case TAG_DESCRIPTION:
        image_fact(f->description, sizeof(f->description), entry_text(t, e));
        break;
    case TAG_ARTIST:
        image_fact(f->author, sizeof(f->author), entry_text(t, e));
        break;
    case TAG_MAKE:
        r->make = slice_trim(entry_text(t, e));
        break;
    case TAG_MODEL:
        r->model = slice_trim(entry_text(t, e));
        break;
    case TAG_TIME_TAKEN:
    case TAG_TIME:
        image_fact(f->taken, sizeof(f->taken), entry_text(t, e));
        break;
    case TAG_EXIF:
        r->exif = entry_number(t, e);
        break;
    case TAG_GPS:
        r->gps = entry_number(t, e);
        break;
    default:
        break;
    }
}

void image_read_exif(struct slice exif, struct image_facts *f)
{
    struct reading r = { .facts = f };

    if (slice_starts(exif, "Exif")) {
        exif = slice_from(exif, exif.len < 6 ? exif.len : 6);
    }
    struct tiff t = { exif, slice_starts(exif, "II") };
    if (exif.len < 8 || (!t.little && !slice_starts(exif, "MM")) || number(&t, 2, 2) != 42) {
        return;
    }
    walk(&t, number(&t, 4, 4), on_entry, &r);
    uint32_t gps = r.gps;
    walk(&t, r.exif, on_entry, &r);
    walk(&t, gps, on_gps, &r);
    char camera[IMAGE_TEXT_SIZE];
    bool named = r.model.len >= r.make.len &&
                 slice_equal_nocase(slice_make(r.model.data, r.make.len), r.make);
    int n = snprintf(camera, sizeof(camera), "%.*s%s%.*s",
        named ? 0 : (int)(r.make.len < 200 ? r.make.len : 200), r.make.data ? r.make.data : "",
        named || !r.make.len ? "" : " ", (int)(r.model.len < 200 ? r.model.len : 200),
        r.model.data ? r.model.data : "");
    image_fact(f->camera, sizeof(f->camera), slice_make(camera, n > 0 ? (size_t)n : 0));
}

void image_read_xmp(struct slice xmp, struct image_facts *f)
{
    struct slice looked = slice_make(xmp.data, xmp.len < XMP_MAX ? xmp.len : XMP_MAX);

    f->located = f->located || slice_find(looked, SLICE_LIT("GPSLatitude")) != NULL;
}
