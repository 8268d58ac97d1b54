// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements sniff.h: signatures and the difference between text and binary data; ZIP directories are sniff_zip.c's part.
#include "check/sniff.h"

#include "base/error.h"
#include "base/utf8.h"
#include "check/sniff_zip.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const titles[SNIFF_KINDS] = {
    [SNIFF_UNKNOWN] = "data of an unknown kind",
    [SNIFF_TEXT] = "plain text",
    [SNIFF_HTML] = "a web page",
    [SNIFF_XML] = "XML",
    [SNIFF_JSON] = "JSON",
    [SNIFF_RTF] = "Rich Text",
    [SNIFF_SCRIPT] = "a script",
    [SNIFF_POSTSCRIPT] = "PostScript",
    [SNIFF_PLAYLIST] = "a playlist, which only names other files",
    [SNIFF_PDF] = "a PDF",
    [SNIFF_DOCX] = "a Word document",
    [SNIFF_DOCM] = "a Word document with macros",
    [SNIFF_XLSX] = "an Excel workbook",
    [SNIFF_XLSM] = "an Excel workbook with macros",
    [SNIFF_XLSB] = "an Excel binary workbook",
    [SNIFF_PPTX] = "a PowerPoint presentation",
    [SNIFF_ODF] = "an OpenDocument file",
    [SNIFF_EPUB] = "an EPUB book",
    [SNIFF_ZIP] = "a ZIP archive",
    [SNIFF_ZIP_ODD] = "a damaged ZIP archive",
    [SNIFF_CFB] = "an older Office document, or an encrypted one",
    [SNIFF_PNG] = "a PNG picture",
    [SNIFF_JPEG] = "a JPEG picture",
    [SNIFF_GIF] = "a GIF picture",
    [SNIFF_WEBP] = "a WebP picture",
    [SNIFF_BMP] = "a BMP picture",
    [SNIFF_TIFF] = "a TIFF picture",
    [SNIFF_HEIC] = "a HEIC picture",
    [SNIFF_MP4] = "an MP4 video",
    [SNIFF_MOV] = "a QuickTime video",
    [SNIFF_M4A] = "M4A audio",
    [SNIFF_AVI] = "an AVI video",
    [SNIFF_WAV] = "WAV audio",
    [SNIFF_MP3] = "MP3 audio",
    [SNIFF_AAC] = "AAC audio",
    [SNIFF_OGG] = "an Ogg file",
    [SNIFF_FLAC] = "FLAC audio",
    [SNIFF_MATROSKA] = "a Matroska or WebM video",
    [SNIFF_ELF] = "a program for Linux",
    [SNIFF_WINDOWS] = "a program for Windows",
    [SNIFF_MACHO] = "a program for macOS",
    [SNIFF_JAVA] = "a Java class",
    [SNIFF_GZIP] = "a gzip archive",
    [SNIFF_BZIP2] = "a bzip2 archive",
    [SNIFF_XZ] = "an xz archive",
    [SNIFF_RAR] = "a RAR archive",
    [SNIFF_7Z] = "a 7-Zip archive",
    [SNIFF_TAR] = "a tar archive",
    [SNIFF_SQLITE] = "an SQLite database",
};

const char *sniff_title(enum sniff_kind kind)
{
    return (unsigned)kind < SNIFF_KINDS ? titles[kind] : titles[SNIFF_UNKNOWN];
}

#define SIGNATURE(at, bytes, kind)                                                                 \
    {                                                                                              \
        at, bytes, sizeof(bytes) - 1, kind                                                         \
    }

// Fixed bytes at fixed places. All are binary enough not to begin a text, or are looked at only for what is no text.
static const struct {
    size_t at;
    const char *bytes;
    size_t len;
    enum sniff_kind kind;
} signatures[] = {
    SIGNATURE(0, "PK\3\4", SNIFF_ZIP_ODD),
    SIGNATURE(0, "PK\5\6", SNIFF_ZIP_ODD),
    SIGNATURE(0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", SNIFF_CFB),
    SIGNATURE(0, "\x89PNG\r\n\x1A\n", SNIFF_PNG),
    SIGNATURE(0, "\xFF\xD8\xFF", SNIFF_JPEG),
    SIGNATURE(0, "GIF87a", SNIFF_GIF),
    SIGNATURE(0, "GIF89a", SNIFF_GIF),
    SIGNATURE(0, "II*\0", SNIFF_TIFF),
    SIGNATURE(0, "MM\0*", SNIFF_TIFF),
    SIGNATURE(0, "II+\0\b\0", SNIFF_TIFF),
    SIGNATURE(0, "MM\0+\0\b", SNIFF_TIFF),
    SIGNATURE(0, "OggS", SNIFF_OGG),
    SIGNATURE(0, "fLaC", SNIFF_FLAC),
    SIGNATURE(0, "ID3", SNIFF_MP3),
    SIGNATURE(0, "\x1A\x45\xDF\xA3", SNIFF_MATROSKA),
    SIGNATURE(0,
        "\x7F"
        "ELF",
        SNIFF_ELF),
    SIGNATURE(0, "MZ", SNIFF_WINDOWS),
    SIGNATURE(0, "\xFE\xED\xFA\xCE", SNIFF_MACHO),
    SIGNATURE(0, "\xCF\xFA\xED\xFE", SNIFF_MACHO),
    SIGNATURE(0, "\xCE\xFA\xED\xFE", SNIFF_MACHO),
    SIGNATURE(0, "\xCA\xFE\xBA\xBE", SNIFF_JAVA),
    SIGNATURE(0, "\x1F\x8B\x08", SNIFF_GZIP),
    SIGNATURE(0, "BZh", SNIFF_BZIP2),
    SIGNATURE(0,
        "\xFD"
        "7zXZ\0",
        SNIFF_XZ),
    SIGNATURE(0, "Rar!\x1A\x07", SNIFF_RAR),
    SIGNATURE(0, "7z\xBC\xAF\x27\x1C", SNIFF_7Z),
    SIGNATURE(257, "ustar", SNIFF_TAR),
    SIGNATURE(0, "SQLite format 3\0", SNIFF_SQLITE),
    SIGNATURE(0, "BM", SNIFF_BMP),
};

static bool bytes_at(struct slice s, size_t at, const char *bytes, size_t len)
{
    return s.len >= at + len && memcmp(s.data + at, bytes, len) == 0;
}

// MPEG audio: eleven bits of sync, then version, layer, bit rate and rate that exist.
static enum sniff_kind mpeg_audio(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.data;

    if (s.len < 4 || p[0] != 0xFF || (p[1] & 0xE0) != 0xE0) {
        return SNIFF_UNKNOWN;
    }
    if ((p[1] & 0xF6) == 0xF0) {
        return SNIFF_AAC;
    }
    bool fits = (p[1] & 0x18) != 0x08 && (p[1] & 0x06) == 0x02 && (p[2] & 0xF0) != 0xF0 &&
                (p[2] & 0xF0) != 0 && (p[2] & 0x0C) != 0x0C;
    return fits ? SNIFF_MP3 : SNIFF_UNKNOWN;
}

// ISO base media: a box of a known kind first.
static enum sniff_kind iso_media(struct slice s)
{
    static const char *const boxes[] = { "moov", "mdat", "free", "wide", "skip", "pnot", "moof",
        "styp" };

    if (bytes_at(s, 4, "ftyp", 4)) {
        if (bytes_at(s, 8, "qt  ", 4)) {
            return SNIFF_MOV;
        }
        if (bytes_at(s, 8, "M4A", 3) || bytes_at(s, 8, "M4B", 3)) {
            return SNIFF_M4A;
        }
        if (bytes_at(s, 8, "heic", 4) || bytes_at(s, 8, "heix", 4) || bytes_at(s, 8, "mif1", 4) ||
            bytes_at(s, 8, "avif", 4)) {
            return SNIFF_HEIC;
        }
        return SNIFF_MP4;
    }
    for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
        if (bytes_at(s, 4, boxes[i], 4)) {
            return SNIFF_MOV;
        }
    }
    return SNIFF_UNKNOWN;
}

static enum sniff_kind binary_kind(struct slice s)
{
    if (bytes_at(s, 0, "RIFF", 4) || bytes_at(s, 0, "RF64", 4)) {
        return bytes_at(s, 8, "WEBP", 4)   ? SNIFF_WEBP
               : bytes_at(s, 8, "AVI ", 4) ? SNIFF_AVI
               : bytes_at(s, 8, "WAVE", 4) ? SNIFF_WAV
                                           : SNIFF_UNKNOWN;
    }
    for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
        if (bytes_at(s, signatures[i].at, signatures[i].bytes, signatures[i].len)) {
            return signatures[i].kind;
        }
    }
    enum sniff_kind kind = iso_media(s);
    return kind ? kind : mpeg_audio(s);
}

static struct slice skip_mark_and_space(struct slice s)
{
    if (slice_starts(s, "\xEF\xBB\xBF")) {
        s = slice_from(s, 3);
    }
    while (s.len && (unsigned char)s.data[0] <= ' ') {
        s = slice_from(s, 1);
    }
    return s;
}

static bool starts_nocase(struct slice s, const char *word)
{
    size_t n = strlen(word);
    return s.len >= n && slice_equal_nocase(slice_make(s.data, n), slice_make(word, n));
}

static bool begins_html(struct slice s)
{
    s = skip_mark_and_space(s);
    return starts_nocase(s, "<!doctype html") || starts_nocase(s, "<html") ||
           starts_nocase(s, "<script") || starts_nocase(s, "<head") || starts_nocase(s, "<body");
}

static enum sniff_kind text_kind(struct slice s)
{
    if (begins_html(s)) {
        return SNIFF_HTML;
    }
    s = skip_mark_and_space(s);
    if (slice_starts(s, "<?xml")) {
        return SNIFF_XML;
    }
    if (slice_starts(s, "{\\rtf")) {
        return SNIFF_RTF;
    }
    if (starts_nocase(s, "#EXTM3U") || starts_nocase(s, "[playlist]") ||
        starts_nocase(s, "ffconcat version")) {
        return SNIFF_PLAYLIST;
    }
    if (slice_starts(s, "%!PS")) {
        return SNIFF_POSTSCRIPT;
    }
    if (slice_starts(s, "#!") && s.len > 2 && (s.data[2] == '/' || s.data[2] == ' ')) {
        return SNIFF_SCRIPT;
    }
    if (s.len && (s.data[0] == '{' || s.data[0] == '[')) {
        struct slice rest = skip_mark_and_space(slice_from(s, 1));
        bool value = rest.len && (strchr("\"{[}]-", rest.data[0]) ||
                                     (rest.data[0] >= '0' && rest.data[0] <= '9'));
        return value ? SNIFF_JSON : SNIFF_TEXT;
    }
    return SNIFF_TEXT;
}

// UTF-16 with or without a mark: white space or zeros on one side, and almost no unit that can't stand in a text.
static bool is_utf16(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t n = s.len / 2;
    bool marked = bytes_at(s, 0, "\xFF\xFE", 2) || bytes_at(s, 0, "\xFE\xFF", 2);
    size_t ascii = 0;

    for (size_t i = 0; i < s.len; i++) {
        ascii += p[i] >= 0x20 && p[i] < 0x7F;
    }
    if (ascii > s.len - s.len / 6) {
        return false; // one byte a character, with a stray zero
    }
    for (int side = 0; side < 2 && n >= 1; side++) {
        size_t bad = 0, plain = 0;
        for (size_t i = 0; i < n; i++) {
            unsigned u = (unsigned)p[2 * i + (size_t)side] << 8 | p[2 * i + 1 - (size_t)side];
            bad += (u < 0x20 && u != '\n' && u != '\r' && u != '\t' && u != '\f') || u == 0xFFFF ||
                   u == 0xFFFE;
            plain += u < 0x80 || u == 0x3002 || u == 0x3001 || u == 0x3000;
        }
        if (bad <= n / 100 && (plain > n / 20 || (marked && s.len % 2 == 0)) && (plain || marked)) {
            return true;
        }
    }
    return false;
}

bool sniff_is_text(struct slice s)
{
    size_t controls = 0;

    if (s.len == 0) {
        return true;
    }
    if (memchr(s.data, 0, s.len)) {
        return is_utf16(s) || bytes_at(s, 0, "\xFF\xFE\0\0", 4) ||
               bytes_at(s, 0, "\0\0\xFE\xFF", 4);
    }
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        bool allowed = c >= 0x20 || (c >= 0x07 && c <= 0x0D) || c == 0x1B ||
                       (c == 0x1A && i + 1 == s.len) || c == 0x0E || c == 0x0F;
        controls += !allowed || c == 0x7F;
    }
    // A stray control character happens in old files; packed data has one in ten bytes.
    return controls <= 1 + s.len / 100 || (is_utf16(s) && s.len >= 32);
}

static int read_at(int fd, int64_t at, void *to, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (char *)to + done, len - done, at + (int64_t)done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_IO;
        }
        done += (size_t)n;
    }
    return 0;
}

static int read_fd(void *ctx, int64_t at, void *to, size_t len)
{
    return read_at(*(int *)ctx, at, to, len);
}

static int read_memory(void *ctx, int64_t at, void *to, size_t len)
{
    const struct slice *s = ctx;

    if (at < 0 || (uint64_t)at > s->len || len > s->len - (size_t)at) {
        return ERR_IO;
    }
    if (len) {
        memcpy(to, s->data + at, len);
    }
    return 0;
}

static int look(const struct sniff_source *source, struct sniff *ret)
{
    size_t head_len = source->size < SNIFF_BYTES ? (size_t)source->size : SNIFF_BYTES;
    AUTO_FREE char *head_bytes = xalloc(SNIFF_BYTES), *tail_bytes = xalloc(SNIFF_BYTES);
    struct slice head = { head_bytes, head_len }, tail = { tail_bytes, head_len };
    struct sniff s = { .kind = SNIFF_UNKNOWN };
    int rc = source->read(source->ctx, 0, head_bytes, head_len);

    rc =
        rc ? rc : source->read(source->ctx, source->size - (int64_t)head_len, tail_bytes, head_len);
    if (rc != 0) {
        return rc;
    }
    struct slice front =
        slice_make(head.data, head.len < SNIFF_PDF_WITHIN ? head.len : SNIFF_PDF_WITHIN);
    const char *pdf = slice_find(front, SLICE_LIT("%PDF-"));
    bool whole_tail = head.len == SNIFF_BYTES && source->size >= 2 * SNIFF_BYTES;
    // The tail may begin inside a character of two bytes or more: an even offset keeps UTF-16 in step.
    s.text = sniff_is_text(head) &&
             (!whole_tail || sniff_is_text(slice_from(tail, source->size % 2 ? 1 : 0)));
    s.kind = s.text ? text_kind(head) : binary_kind(head);
    if (pdf && (s.kind == SNIFF_UNKNOWN || s.text)) {
        size_t before = (size_t)(pdf - head.data);
        bool first_line = skip_mark_and_space(head).data == pdf;
        s.html_before = before > 0 && begins_html(head);
        s.kind = first_line || !s.text || s.html_before ? SNIFF_PDF
                                                        : s.kind; // a text may speak of "%PDF-"
    }
    s.pdf_inside = pdf && s.kind != SNIFF_PDF;
    if (s.kind == SNIFF_ZIP_ODD) {
        s.kind = sniff_zip(source, tail, SNIFF_ZIP_ODD);
    } else if (s.kind != SNIFF_CFB && sniff_zip_ends(source, tail)) {
        s.zip_behind = true;
        if (s.kind == SNIFF_UNKNOWN) { // rubbish before a ZIP file: many readers accept it
            s.kind = SNIFF_ZIP_ODD;
        }
    }
    s.script_head =
        s.kind == SNIFF_GIF && head.len > 8 &&
        (bytes_at(head, 6, "/*", 2) || bytes_at(head, 6, "=", 1) || bytes_at(head, 6, "//", 2));
    *ret = s;
    return 0;
}

int sniff_file(int fd, int64_t size, struct sniff *ret)
{
    struct sniff_source source = { read_fd, &fd, size };
    return look(&source, ret);
}

int sniff_bytes(struct slice bytes, struct sniff *ret)
{
    struct sniff_source source = { read_memory, &bytes, (int64_t)bytes.len };
    return look(&source, ret);
}
