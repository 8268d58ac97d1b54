// SPDX-License-Identifier: AGPL-3.0-or-later
// The heads of the three main streams, as far as a check needs them: [MS-DOC] 2.5.1 (the FIB), [MS-XLS] 2.1 (records) and
// [MS-PPT] 2.1 (records, the Current User atom). All numbers are little-endian.
#include "reader/legacy.h"

#include "reader/ooxml.h"

#include <stdlib.h>

#include <zlib.h>

enum {
    FIB_BYTES = 32, // of its fixed part
    WORD_MARK = 0xA5EC,
    WORD_MARK_95 = 0xA5DC,
    WORD_97 = 193, // nFib; older ones have no table stream
    WORD_ENCRYPTED = 0x0100,
    WORD_SECOND_TABLE = 0x0200,
};

static int refuse_encrypted(struct legacy *l)
{
    int rc = reader_finding(l->r, "structure.encrypted", NULL,
        "The file is protected by a password, so it cannot be read.");
    return rc < 0 ? rc : ERR_REFUSED;
}

static int refuse_corrupt(struct legacy *l, const char *what)
{
    int rc = reader_finding(l->r, "structure.corrupt", NULL, "The file is damaged: %s.", what);
    return rc < 0 ? rc : ERR_REFUSED;
}

int legacy_doc(struct legacy *l)
{
    struct slice s = buf_slice(&l->main);
    uint32_t mark = legacy_u16(s, 0), version = legacy_u16(s, 2), flags = legacy_u16(s, 10);

    if (s.len < FIB_BYTES || (mark != WORD_MARK && mark != WORD_MARK_95)) {
        return refuse_corrupt(l, "it does not begin as a Word document does");
    }
    if (flags & WORD_ENCRYPTED) {
        return refuse_encrypted(l);
    }
    if (version >= WORD_97 && !cfb_find(&l->cfb, flags & WORD_SECOND_TABLE ? "1Table" : "0Table")) {
        return refuse_corrupt(l, "the table of its text is missing");
    }
    return 0;
}

// Workbooks: {u16 number, u16 length, bytes}, the globals up to the first EOF record.

enum {
    XLS_EOF = 0x000A,
    XLS_FILEPASS = 0x002F,
    XLS_BOUNDSHEET = 0x0085,
    XLS_BOF = 0x0809,
    XLS_SUPBOOK = 0x01AE,
    XLS_SHEET_MACRO = 1,
    XLS_VERY_HIDDEN = 2,
    XLS_SUPBOOK_SELF = 0x0401,
    XLS_SUPBOOK_ADDIN = 0x3A01,
};

int legacy_xls(struct legacy *l)
{
    struct slice s = buf_slice(&l->main);
    size_t at = 0, sheets = 0, macro_sheets = 0, very_hidden = 0, books = 0;
    bool ended = false;
    int rc = 0;

    if (legacy_u16(s, 0) != XLS_BOF) {
        return refuse_corrupt(l, "it does not begin as an Excel workbook does");
    }
    for (int n = 0; !ended && n < LEGACY_RECORDS_MAX && at + 4 <= s.len; n++) {
        uint32_t number = legacy_u16(s, at), len = legacy_u16(s, at + 2);
        size_t data = at + 4;
        at = data + len;
        if (at > s.len) {
            return refuse_corrupt(l, "one of its records goes beyond its end");
        }
        struct slice body = slice_make(s.data + data, len);
        uint32_t state = legacy_u16(body, 4);
        switch (number) {
        case XLS_FILEPASS:
            return refuse_encrypted(l);
        case XLS_BOUNDSHEET:
            sheets++;
            very_hidden += (state & 3) == XLS_VERY_HIDDEN;
            macro_sheets += state >> 8 == XLS_SHEET_MACRO;
            break;
        case XLS_SUPBOOK:
            books +=
                legacy_u16(body, 2) != XLS_SUPBOOK_SELF && legacy_u16(body, 2) != XLS_SUPBOOK_ADDIN;
            break;
        default:
            ended = number == XLS_EOF;
        }
    }
    if (sheets == 0) {
        return refuse_corrupt(l, "it names no sheet");
    }
    rc = reader_info_number(l->r, "sheets", (double)sheets);
    if (rc == 0 && macro_sheets) {
        rc = reader_finding(l->r, "active.macro", NULL,
            "The workbook contains %zu sheet%s of Excel 4 macros.", macro_sheets,
            macro_sheets == 1 ? "" : "s");
    }
    if (rc == 0 && very_hidden) {
        rc = reader_finding(l->r, "text.hidden", NULL,
            "%zu sheet%s hidden so that Excel's menus do not show %s.", very_hidden,
            very_hidden == 1 ? " is" : "s are", very_hidden == 1 ? "it" : "them");
    }
    if (rc == 0 && books) {
        rc = reader_finding(l->r, "active.external", NULL,
            "The workbook takes values from %zu other workbook%s or program%s.", books,
            books == 1 ? "" : "s", books == 1 ? "" : "s");
    }
    return rc;
}

// Presentations: {u16 version and instance, u16 type, u32 length, bytes}.

enum {
    PPT_HEADER = 8,
    PPT_DOCUMENT = 0x03E8,
    PPT_STORAGE = 0x1011, // an embedded compound file: an object, or the macros
    PPT_PACKED = 1, // instance: a length, then zlib
    PPT_TOKEN_ENCRYPTED = (int)0xF3D1C4DF,
};

static bool unpack(struct slice packed, struct buf *to)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.len };
    unsigned char piece[16 * 1024];
    int rc = inflateInit(&z);

    while (rc == Z_OK && buf_ok(to)) {
        z.next_out = piece;
        z.avail_out = sizeof(piece);
        rc = inflate(&z, Z_NO_FLUSH);
        buf_add(to, piece, sizeof(piece) - z.avail_out);
        if (z.avail_out == sizeof(piece)) {
            break; // nothing more comes
        }
    }
    inflateEnd(&z);
    return buf_ok(to) && to->len > 0;
}

static void look_at_storage(struct legacy *l, struct slice body, bool packed)
{
    AUTO_BUF bytes = BUF_INIT(LEGACY_OBJECT_MAX);
    struct cfb c;

    if (packed && (body.len <= 4 || !unpack(slice_from(body, 4), &bytes))) {
        l->objects++;
        return;
    }
    struct slice inside = packed ? buf_slice(&bytes) : body;
    if (cfb_open(&c, inside) != 0) {
        l->objects++;
        return;
    }
    if (cfb_find(&c, "PROJECT") || cfb_find(&c, "_VBA_PROJECT")) {
        l->has_macros = true;
        ooxml_macro_names(inside, l->macros, sizeof(l->macros));
    } else {
        l->objects++;
    }
    cfb_close(&c);
}

int legacy_ppt(struct legacy *l)
{
    struct slice s = buf_slice(&l->main);
    AUTO_BUF user = BUF_INIT(64);
    const struct cfb_entry *e = cfb_find(&l->cfb, "Current User");
    size_t at = 0, storages = 0;
    bool document = false;

    if (cfb_find(&l->cfb, "EncryptedSummary")) {
        return refuse_encrypted(l);
    }
    if (e && cfb_read(&l->cfb, e, 64, &user) == 0 &&
        legacy_u32(buf_slice(&user), 12) == (uint32_t)PPT_TOKEN_ENCRYPTED) {
        return refuse_encrypted(l);
    }
    for (int n = 0; n < LEGACY_RECORDS_MAX && at + PPT_HEADER <= s.len; n++) {
        uint32_t instance = legacy_u16(s, at) >> 4, type = legacy_u16(s, at + 2),
                 len = legacy_u32(s, at + 4);
        at += PPT_HEADER;
        if (len > s.len - at) {
            return document ? 0 : refuse_corrupt(l, "one of its records goes beyond its end");
        }
        document = document || type == PPT_DOCUMENT;
        if (type == PPT_STORAGE && storages++ < LEGACY_OBJECTS_MAX) {
            look_at_storage(l, slice_make(s.data + at, len), instance == PPT_PACKED);
        }
        at += len;
    }
    return document ? 0 : refuse_corrupt(l, "it does not hold a presentation");
}
