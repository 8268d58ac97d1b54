// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements opc.h: opening and unpacking. Content types and relationships are opc_rels.c's.
// When a bomb was found nothing else is reported about the file's type, so that the reason of a refusal is the bomb.
#include "reader/opc.h"

#include "reader/cfb.h"
#include "reader/opc_rels.h"
#include "reader/opc_zip.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define REPORT(p, code, ...)                                                                       \
    do {                                                                                           \
        int report_rc_ = reader_finding((p)->reader, code, NULL, __VA_ARGS__);                     \
        if (report_rc_ < 0) {                                                                      \
            return report_rc_;                                                                     \
        }                                                                                          \
    } while (0)

const char *opc_family_title(enum opc_family family)
{
    static const char *const titles[] = { "an Office file", "a Word document", "an Excel workbook",
        "a PowerPoint presentation", "an OpenDocument file", "an EPUB book" };
    return titles[family];
}

static int refuse_compound(struct opc *p)
{
    struct cfb c;
    int rc = cfb_open(&c, p->reader->input);
    if (rc == ERR_MEMORY) {
        return rc;
    }
    if (rc != 0) {
        REPORT(p, "structure.corrupt", "The file is damaged: its inner directory cannot be read.");
        return ERR_REFUSED;
    }
    bool encrypted = cfb_find(&c, "EncryptedPackage") != NULL;
    cfb_close(&c);
    if (encrypted) {
        REPORT(
            p, "structure.encrypted", "The file is protected by a password, so it cannot be read.");
    } else {
        REPORT(p, "type.mismatch",
            "The name says %s, but the content is an older or different Office file.",
            opc_family_title(p->family));
    }
    return ERR_REFUSED;
}

static int look(struct opc *p, struct zip_look *z)
{
    struct reader *r = p->reader;
    switch (zip_look(z, r->input, (size_t)r->limits->entries)) {
    case ZIP_FINE:
        break;
    case ZIP_NOT_ZIP:
        REPORT(p, "type.mismatch", "The name says %s, but the content is something else.",
            opc_family_title(p->family));
        return ERR_REFUSED;
    case ZIP_CUT_OFF:
        REPORT(p, "structure.truncated",
            "The file is cut off: its end, with the list of its parts, is missing.");
        return ERR_REFUSED;
    case ZIP_BROKEN:
        REPORT(p, "structure.corrupt",
            "The file is damaged: the list of its parts does not fit its content.");
        return ERR_REFUSED;
    case ZIP_TOO_MANY:
        REPORT(p, "bomb.entries", "The file is made of %zu parts; at most %d are read.", z->count,
            r->limits->entries);
        return ERR_REFUSED;
    case ZIP_NO_MEMORY:
        return ERR_MEMORY;
    }
    if (z->count == 0) {
        REPORT(p, "structure.corrupt", "The file is an empty container; there is nothing in it.");
        return ERR_REFUSED;
    }
    if (z->overlapping) {
        REPORT(p, "bomb.overlap",
            "Parts of the file share the same bytes, as only a made-up file has it.");
    }
    return 0;
}

static int open_zip(struct opc *p, size_t count)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *source =
        zip_source_buffer_create(p->reader->input.data, p->reader->input.len, 0, &why);
    if (source) {
        p->zip = zip_open_from_source(source, ZIP_RDONLY, &why);
        if (!p->zip) {
            zip_source_free(source);
        }
    }
    int code = zip_error_code_zip(&why);
    zip_error_fini(&why);
    if (p->zip && (size_t)zip_get_num_entries(p->zip, 0) == count) {
        return 0;
    }
    if (!p->zip && code == ZIP_ER_MEMORY) {
        return ERR_MEMORY;
    }
    REPORT(p, "structure.corrupt",
        "The file is damaged: the list of its parts does not fit its content.");
    return ERR_REFUSED;
}

// Backslashes of careless writers become slashes, %41 becomes A, a leading slash goes. False: the name climbs out
// or names a drive, which no writer does by accident.
static bool clean_name(const char *raw, char *to, size_t cap)
{
    size_t n = 0;
    bool safe = !(isalpha((unsigned char)raw[0]) && raw[1] == ':');
    for (const char *at = raw; *at && n + 1 < cap; at++) {
        char c = *at == '\\' ? '/' : *at;
        if (c == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
            char hex[3] = { at[1], at[2], '\0' };
            char decoded = (char)strtol(hex, NULL, 16);
            if (decoded != '/' && decoded != '\\' && decoded != '\0') {
                c = decoded;
                at += 2;
            }
        }
        if (c != '/' || n > 0) {
            to[n++] = c;
        }
    }
    to[n] = '\0';
    struct slice rest = slice_make(to, n), piece;
    while (slice_cut(&rest, '/', &piece)) {
        safe = safe && !slice_is(piece, "..");
    }
    return safe;
}

void opc_key_of(const char *name, char *ret_key, size_t cap)
{
    size_t n = 0;
    for (; name[n] && n + 1 < cap; n++) {
        ret_key[n] = (char)tolower((unsigned char)name[n]);
    }
    ret_key[n] = '\0';
}

struct totals {
    int64_t unpacked, packed;
    const struct opc_part *ratio, *size, *encrypted, *method;
    size_t outside, twice;
};

static int add_part(struct opc *p, size_t index, struct totals *t)
{
    zip_stat_t st;
    char name[OPC_NAME_MAX], key[OPC_NAME_MAX];
    const zip_uint64_t want = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    if (zip_stat_index(p->zip, index, ZIP_FL_ENC_RAW, &st) != 0 || (st.valid & want) != want ||
        st.size > INT64_MAX / 2 || st.comp_size > INT64_MAX / 2) {
        REPORT(p, "structure.corrupt", "The file is damaged: one of its parts has no valid entry.");
        return ERR_REFUSED;
    }
    if (!clean_name(st.name, name, sizeof(name))) {
        t->outside++;
        return 0; // never found under any name, so never read
    }
    size_t len = strlen(name);
    struct opc_part *part = &p->parts[p->count];
    *part = (struct opc_part){ .name = arena_strdup(&p->arena, name),
        .type = "",
        .index = index,
        .size = (int64_t)st.size,
        .packed = (int64_t)st.comp_size,
        .method = (st.valid & ZIP_STAT_COMP_METHOD) ? (int16_t)st.comp_method : ZIP_CM_DEFLATE };
    if (!part->name) {
        return ERR_MEMORY;
    }
    p->count++;
    const struct reader_limits *limits = p->reader->limits;
    t->unpacked += part->size;
    t->packed = part->packed > INT64_MAX / 2 - t->packed ? INT64_MAX / 2 : t->packed + part->packed;
    if (part->size > OPC_RATIO_FROM && part->size / limits->ratio > part->packed) {
        t->ratio = part;
    }
    if (part->size > limits->part_bytes || t->unpacked > limits->unpacked_bytes) {
        t->size = part;
        t->unpacked =
            t->unpacked > limits->unpacked_bytes ? limits->unpacked_bytes + 1 : t->unpacked;
    }
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE) {
        t->encrypted = part;
    }
    if (len == 0 || name[len - 1] == '/') {
        return 0; // a folder
    }
    opc_key_of(name, key, sizeof(key));
    if (map_find(&p->by_name, slice_of(key))) {
        t->twice++;
        return 0;
    }
    return map_put(&p->by_name, slice_of(key), part);
}

static int add_parts(struct opc *p, bool bomb)
{
    struct totals t = { 0 };
    size_t count = (size_t)zip_get_num_entries(p->zip, 0);
    const struct reader_limits *limits = p->reader->limits;

    p->parts = arena_array(&p->arena, count, sizeof(*p->parts));
    if (!p->parts) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int rc = add_part(p, i, &t);
        if (rc != 0) {
            return rc;
        }
    }
    p->declared = t.unpacked;
    if (t.ratio) {
        REPORT(p, "bomb.ratio",
            "The part \"%.100s\" would grow to %lld MiB, more than %d times its packed size.",
            t.ratio->name, (long long)(t.ratio->size >> 20), limits->ratio);
        bomb = true;
    } else if (t.unpacked > OPC_TOTAL_FROM && t.unpacked / limits->ratio > t.packed) {
        REPORT(p, "bomb.ratio",
            "Its parts would grow to %lld MiB, more than %d times the packed size.",
            (long long)(t.unpacked >> 20), limits->ratio);
        bomb = true;
    }
    if (t.size) {
        REPORT(p, "bomb.size",
            "Unpacked, the file would be larger than the %lld MiB that are read of one document.",
            (long long)(limits->unpacked_bytes >> 20));
        bomb = true;
    }
    if (t.outside > 0) {
        REPORT(p, "embedded.path",
            "%zu %s a name that points outside of the file; such parts are never unpacked.",
            t.outside, t.outside == 1 ? "part has" : "parts have");
    }
    if (t.twice > 0) {
        REPORT(p, "structure.repaired",
            "The file holds parts of the same name twice; the first of each was read.");
    }
    if (!bomb && t.encrypted) {
        REPORT(p, "structure.encrypted",
            "The part \"%.100s\" is protected by a password, so the file cannot be read.",
            t.encrypted->name);
        return ERR_REFUSED;
    }
    return bomb ? ERR_REFUSED : 0;
}

static int open_inner(struct opc *p)
{
    if (cfb_is(p->reader->input)) {
        return refuse_compound(p);
    }
    struct zip_look z;
    int rc = look(p, &z);
    size_t count = z.count;
    bool overlapping = z.overlapping;
    zip_look_done(&z);
    if (rc == 0) {
        rc = open_zip(p, count);
    }
    if (rc == 0) {
        rc = add_parts(p, overlapping);
    }
    if (rc != 0 || p->family >= OPC_DOCUMENT) {
        return rc;
    }
    rc = opc_types_load(p);
    return rc == 0 ? opc_main_find(p) : rc;
}

int opc_open(struct opc *p, struct reader *r, enum opc_family family, struct error *err)
{
    *p = (struct opc){ .reader = r, .family = family };
    arena_init(&p->arena, OPC_ARENA_MAX);
    map_init(&p->by_name, (size_t)r->limits->entries);
    map_init(&p->type_by_ext, 1000);
    int rc = open_inner(p);
    if (rc != 0) {
        opc_close(p);
        if (rc == ERR_MEMORY) {
            error_set(err, rc, "There is not enough memory to open the file.");
        } else if (rc != ERR_REFUSED) {
            error_set(err, rc, "The file could not be opened.");
        }
    }
    return rc;
}

void opc_close(struct opc *p)
{
    if (p->zip) {
        zip_discard(p->zip);
        p->zip = NULL;
    }
    map_done(&p->by_name);
    map_done(&p->type_by_ext);
    arena_done(&p->arena);
    p->parts = NULL;
    p->count = 0;
}

const struct opc_part *opc_find(const struct opc *p, const char *name)
{
    char key[OPC_NAME_MAX];
    opc_key_of(name, key, sizeof(key));
    return map_find(&p->by_name, slice_of(key));
}

int opc_stream_open(struct opc_stream *s, struct opc *p, const struct opc_part *part)
{
    *s = (struct opc_stream){ .package = p, .part = &p->parts[part - p->parts] };
    if (part->method != ZIP_CM_STORE && part->method != ZIP_CM_DEFLATE) {
        return ERR_CORRUPT; // the only two that a package may use
    }
    s->file = zip_fopen_index(p->zip, part->index, 0);
    if (!s->file) {
        return zip_error_code_zip(zip_get_error(p->zip)) == ZIP_ER_MEMORY ? ERR_MEMORY
                                                                          : ERR_CORRUPT;
    }
    return 0;
}

// Counts what came out against the limits, whatever the directory announced.
static int count_bytes(struct opc_stream *s, int64_t n)
{
    struct opc *p = s->package;
    const struct reader_limits *limits = p->reader->limits;
    s->done += n;
    p->streamed += n;
    if (s->done > s->part->seen) {
        p->unpacked += s->done - s->part->seen;
        s->part->seen = s->done;
    }
    if (s->done > OPC_RATIO_FROM && s->done / limits->ratio > s->part->packed) {
        REPORT(p, "bomb.ratio", "The part \"%.100s\" grows to more than %d times its packed size.",
            s->part->name, limits->ratio);
        return ERR_REFUSED;
    }
    if (s->done > limits->part_bytes || p->unpacked > limits->unpacked_bytes) {
        REPORT(p, "bomb.size",
            "Unpacked, the file is larger than the %lld MiB that are read of one document.",
            (long long)(limits->unpacked_bytes >> 20));
        return ERR_REFUSED;
    }
    if (p->streamed > OPC_READ_SLACK &&
        (p->streamed - OPC_READ_SLACK) / OPC_READ_AGAIN > p->declared) {
        REPORT(p, "bomb.size",
            "The file shows the same parts over and over, far more often than any real document.");
        return ERR_REFUSED;
    }
    return 0;
}

int64_t opc_stream_read(struct opc_stream *s, void *to, size_t max)
{
    if (!s->file) {
        return 0;
    }
    zip_int64_t n = zip_fread(s->file, to, max);
    if (n < 0) {
        return zip_error_code_zip(zip_file_get_error(s->file)) == ZIP_ER_MEMORY ? ERR_MEMORY
                                                                                : ERR_CORRUPT;
    }
    int rc = count_bytes(s, n);
    return rc < 0 ? rc : n;
}

void opc_stream_close(struct opc_stream *s)
{
    if (s->file) {
        zip_fclose(s->file);
        s->file = NULL;
    }
}

int opc_part_read(struct opc *p, const struct opc_part *part, size_t max, struct buf *b)
{
    struct opc_stream s;
    char piece[16 * 1024];
    size_t total = 0;
    int rc = opc_stream_open(&s, p, part);
    while (rc == 0) {
        int64_t n = opc_stream_read(&s, piece, sizeof(piece));
        if (n <= 0) {
            rc = (int)n;
            break;
        }
        total += (size_t)n;
        if (total > max) {
            rc = ERR_TOO_LARGE;
        } else {
            buf_add(b, piece, (size_t)n);
        }
    }
    opc_stream_close(&s);
    return rc == 0 && !buf_ok(b) ? ERR_MEMORY : rc;
}

int opc_part_broken(struct opc *p, const struct opc_part *part, bool needed)
{
    if (needed) {
        REPORT(p, "structure.corrupt", "The file is damaged: its part \"%.100s\" cannot be read.",
            part->name);
        return ERR_REFUSED;
    }
    REPORT(p, "structure.repaired",
        "The part \"%.100s\" is damaged and was read only as far as possible.", part->name);
    return 0;
}
