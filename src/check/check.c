// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements check.h: the three layers in order, and what a file of each format may be by its bytes.
//
// What agrees with its name goes on to the reader, and so does what begins like its type but is cut, damaged, encrypted or
// oversized: only the reader, in its sandbox, can tell those apart. Everything else is refused here, with both names told.
// Text is text: .txt, .md and .csv differ by their extension only.
#include "check/check.h"

#include "check/name.h"
#include "check/sniff.h"

#include <stdio.h>

enum { KINDS_PER_FORMAT = 6 };

// What a format's bytes may be. weak: the container has no fixed signature, so unknown data and text are left to the reader.
static const struct {
    const char *format;
    bool weak;
    enum sniff_kind kinds[KINDS_PER_FORMAT]; // ended by SNIFF_UNKNOWN
} allowed[] = {
    { "pdf", false, { SNIFF_PDF } },
    { "docx", false, { SNIFF_DOCX, SNIFF_ZIP_ODD, SNIFF_CFB } },
    { "docm", false, { SNIFF_DOCM, SNIFF_DOCX, SNIFF_ZIP_ODD, SNIFF_CFB } },
    { "xlsx", false, { SNIFF_XLSX, SNIFF_ZIP_ODD, SNIFF_CFB } },
    { "xlsm", false, { SNIFF_XLSM, SNIFF_XLSX, SNIFF_ZIP_ODD, SNIFF_CFB } },
    { "pptx", false, { SNIFF_PPTX, SNIFF_ZIP_ODD, SNIFF_CFB } },
    { "jpg", false, { SNIFF_JPEG } },
    { "jpeg", false, { SNIFF_JPEG } },
    { "png", false, { SNIFF_PNG } },
    { "gif", false, { SNIFF_GIF } },
    { "webp", false, { SNIFF_WEBP } },
    { "tiff", false, { SNIFF_TIFF } },
    { "bmp", false, { SNIFF_BMP } },
    { "heic", false, { SNIFF_HEIC } },
    { "mp4", true, { SNIFF_MP4, SNIFF_MOV, SNIFF_M4A } },
    { "mov", true, { SNIFF_MOV, SNIFF_MP4 } },
    { "m4a", true, { SNIFF_M4A, SNIFF_MP4, SNIFF_MOV } },
    { "mp3", true, { SNIFF_MP3 } },
    { "aac", true, { SNIFF_AAC, SNIFF_MP4, SNIFF_M4A } },
    { "avi", false, { SNIFF_AVI } },
    { "wav", false, { SNIFF_WAV } },
    { "ogg", false, { SNIFF_OGG } },
    { "flac", false, { SNIFF_FLAC } },
    { "mkv", false, { SNIFF_MATROSKA } },
    { "webm", false, { SNIFF_MATROSKA } },
    { "html", false, { SNIFF_HTML, SNIFF_XML, SNIFF_TEXT } },
    { "rtf", false, { SNIFF_RTF } },
    { "epub", false, { SNIFF_EPUB, SNIFF_ODF, SNIFF_ZIP_ODD } },
    { "odt", false, { SNIFF_ODF, SNIFF_ZIP_ODD } },
    { "ods", false, { SNIFF_ODF, SNIFF_ZIP_ODD } },
    { "odp", false, { SNIFF_ODF, SNIFF_ZIP_ODD } },
    { "doc", false, { SNIFF_CFB } },
    { "xls", false, { SNIFF_CFB } },
    { "ppt", false, { SNIFF_CFB } },
    { "zip", false, { SNIFF_ZIP, SNIFF_ZIP_ODD } },
};

static bool is_text_format(const struct format_info *format)
{
    return strcmp(format->category, "text") == 0 || strcmp(format->category, "data") == 0;
}

static bool may_be(const struct format_info *format, const struct sniff *s)
{
    if (format->id == FORMAT_PDF && s->text && s->pdf_inside) {
        return true; // a header with words before it: readers of PDF accept that
    }
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        if (strcmp(allowed[i].format, format->name) != 0) {
            continue;
        }
        for (size_t k = 0; k < KINDS_PER_FORMAT && allowed[i].kinds[k]; k++) {
            if (allowed[i].kinds[k] == s->kind) {
                return true;
            }
        }
        return allowed[i].weak && (s->kind == SNIFF_UNKNOWN || s->kind == SNIFF_TEXT);
    }
    // Text, or a format that has no line above: then it is for the reader to say.
    bool own = s->kind == SNIFF_PDF || s->kind == SNIFF_RTF || s->kind == SNIFF_POSTSCRIPT;
    return is_text_format(format) ? s->text && !own : true;
}

// The format whose documents these bytes would be, for advice; NULL if none is known here.
static const struct format_info *better(const struct sniff *s)
{
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        if (allowed[i].kinds[0] == s->kind) {
            return format_by_name(slice_of(allowed[i].format));
        }
    }
    return s->kind == SNIFF_TEXT ? format_by_name(SLICE_LIT("txt")) : NULL;
}

// ".docx, .pdf, …" of all formats, for a person whose file is of none.
static void list_extensions(struct buf *b)
{
    const struct format_info *f;

    for (size_t i = 0; (f = format_at(i)); i++) {
        struct slice rest = slice_of(f->extensions), one;
        while (slice_cut(&rest, ' ', &one)) {
            buf_addf(b, "%s." SLICE_FMT, b->len ? ", " : "", SLICE_ARG(one));
        }
    }
}

static const struct format_info *choose(
    const struct check_input *in, struct slice ext, const struct sniff *s, bool sniffed)
{
    const struct format_info *format = ext.len ? format_by_extension(ext) : NULL;

    if (!format &&
        ext.len == 0) { // no extension: what the client says, else what the bytes are beyond doubt
        format = format_by_media_type(in->declared_media_type);
        if (!format && sniffed && s->kind != SNIFF_TEXT && s->kind != SNIFF_UNKNOWN) {
            format = better(s);
        }
    }
    return format;
}

static void check_type(
    const struct format_info *format, struct slice ext, const struct sniff *s, struct findings *f)
{
    const struct format_info *other = better(s);
    char named[40];

    if (ext.len) {
        snprintf(named, sizeof(named), "named ." SLICE_FMT, SLICE_ARG(ext));
    } else {
        snprintf(named, sizeof(named), "announced as %s", format->title);
    }
    if (!may_be(format, s)) {
        char hint[64] = "";
        if (other && other != format) {
            snprintf(hint, sizeof(hint), " Rename it to .%s to upload it as that.", other->name);
        }
        findings_add(f, "type.mismatch", NULL, "The file is %s but is %s.%s", named,
            sniff_title(s->kind), hint);
        return;
    }
    if (is_text_format(format)) {
        return;
    }
    if (s->zip_behind) {
        findings_add(f, "type.polyglot", NULL, "The file is %s and at the same time a ZIP archive.",
            sniff_title(s->kind));
    }
    if (s->pdf_inside && format->id != FORMAT_PDF) {
        findings_add(f, "type.polyglot", NULL, "The file is %s and at the same time a PDF.",
            sniff_title(s->kind));
    }
    if (s->html_before) {
        findings_add(
            f, "type.polyglot", NULL, "The file is a PDF and at the same time a web page.");
    }
    if (s->script_head) {
        findings_add(f, "type.polyglot", NULL, "The file is %s and at the same time a script.",
            sniff_title(s->kind));
    }
}

static void check_declared(
    const struct check_input *in, const struct format_info *format, struct findings *f)
{
    const struct format_info *declared = format_by_media_type(in->declared_media_type);

    if (declared && declared != format && !(is_text_format(declared) && is_text_format(format))) {
        findings_add(f, "type.declared", NULL, "The file was announced as %s but is read as %s.",
            declared->title, format->title);
    }
}

static void say_size(int64_t bytes, char text[32])
{
    if (bytes >= 1 << 20) {
        snprintf(text, 32, "%.1f MiB", (double)bytes / (1 << 20));
    } else {
        snprintf(text, 32, "%lld bytes", (long long)bytes);
    }
}

int check_upload(const struct check_input *in, struct findings *f,
    const struct format_info **ret_format, struct error *err)
{
    AUTO_BUF name = BUF_INIT(4096);
    struct sniff s = { .kind = SNIFF_UNKNOWN };
    bool sniffed = in->fd >= 0 && in->size > 0 && !(in->cap > 0 && in->size > in->cap);
    char size[32], cap[32];

    *ret_format = NULL;
    check_name(in->name, f);
    check_clean_name(in->name, &name);
    struct slice ext = check_extension(buf_slice(&name));
    if (sniffed && sniff_file(in->fd, in->size, &s) != 0) {
        return error_set(err, ERR_IO, "The uploaded file could not be read back.");
    }
    const struct format_info *format = choose(in, ext, &s, sniffed);
    if (!format) {
        AUTO_BUF known = BUF_INIT(1024);
        list_extensions(&known);
        const char *list = known.data ? known.data : "none";
        if (ext.len) {
            findings_add(f, "type.unknown", NULL,
                "Files named ." SLICE_FMT " are not supported; supported are %s.", SLICE_ARG(ext),
                list);
        } else {
            findings_add(f, "type.unknown", NULL,
                "The file name has no ending that says its type; supported are %s.", list);
        }
    }
    if (in->size <= 0) {
        findings_add(f, "size.empty", NULL, "The file is empty.");
    } else if (in->cap > 0 && in->size > in->cap) {
        say_size(in->size, size);
        say_size(in->cap, cap);
        findings_add(f, "size.over_limit", NULL, "The file has %s; the limit%s%s is %s.", size,
            format ? " for " : "", format ? format->title : "", cap);
    }
    if (format && sniffed) {
        check_type(format, ext, &s, f);
        check_declared(in, format, f);
    }
    *ret_format = format;
    return 0;
}
