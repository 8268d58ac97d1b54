// SPDX-License-Identifier: AGPL-3.0-or-later
// What the tests of Office formats share: packages built in memory, and a sink that writes down what is reported, one line
// each: "finding CODE MESSAGE", "kind LEVEL [flags] {place} text" with line ends as "/", "info KEY=…", "image NAME".
#ifndef LARDER_TEST_OOXML_TEST_H
#define LARDER_TEST_OOXML_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zip.h>

#include "reader/reader.h"

#define REL "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
#define RELS(items)                                                                                \
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">" items \
    "</Relationships>"
#define RELATION(id, kind, target)                                                                 \
    "<Relationship Id=\"" id "\" Type=\"" REL kind "\" Target=\"" target "\"/>"
#define OUTSIDE(id, kind, target)                                                                  \
    "<Relationship Id=\"" id "\" Type=\"" REL kind "\" Target=\"" target                           \
    "\" TargetMode=\"External\"/>"

// A package that is being built. Parts are (name, content) pairs ended by NULL.
struct package {
    char *bytes;
    size_t len;
};

static inline zip_source_t *package_source(zip_t *zip, const char *text, size_t len)
{
    char *copy = len ? memcpy(malloc(len), text, len) : NULL;
    zip_source_t *s = zip_source_buffer(zip, copy, len, 1);
    assert_non_null(s);
    return s;
}

struct package_writer {
    zip_t *zip;
    zip_source_t *to;
};

static inline void package_begin(struct package_writer *w)
{
    zip_error_t why;
    zip_error_init(&why);
    w->to = zip_source_buffer_create(NULL, 0, 0, &why);
    assert_non_null(w->to);
    zip_source_keep(w->to);
    w->zip = zip_open_from_source(w->to, ZIP_TRUNCATE, &why);
    assert_non_null(w->zip);
}

static inline void package_add(
    struct package_writer *w, const char *name, const char *content, size_t len)
{
    zip_int64_t at =
        zip_file_add(w->zip, name, package_source(w->zip, content, len), ZIP_FL_ENC_UTF_8);
    assert_true(at >= 0);
}

static inline struct package package_end(struct package_writer *w)
{
    struct package p = { 0 };
    zip_stat_t st;
    assert_int_equal(zip_close(w->zip), 0);
    assert_int_equal(zip_source_open(w->to), 0);
    assert_int_equal(zip_source_stat(w->to, &st), 0);
    p.len = st.size;
    p.bytes = malloc(p.len ? p.len : 1);
    assert_int_equal(zip_source_read(w->to, p.bytes, p.len), (zip_int64_t)p.len);
    zip_source_close(w->to);
    zip_source_free(w->to);
    return p;
}

static inline void package_types(
    struct package_writer *w, const char *main_name, const char *main_type)
{
    char *types = xasprintf(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
        "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
        "<Default Extension=\"html\" ContentType=\"text/html\"/>"
        "<Default Extension=\"mht\" ContentType=\"message/rfc822\"/><Override PartName=\"/%s\" "
        "ContentType=\"%s\"/></Types>",
        main_name, main_type);
    char *rels = xasprintf(RELS(RELATION("rId1", "officeDocument", "%s")), main_name);
    package_add(w, "[Content_Types].xml", types, strlen(types));
    package_add(w, "_rels/.rels", rels, strlen(rels));
    free(types);
    free(rels);
}

#define WORD_TYPE "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
#define MACRO_TYPE "application/vnd.ms-word.document.macroEnabled.main+xml"
#define SLIDES_TYPE                                                                                \
    "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
#define SHEET_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

static inline struct package package_of(
    const char *main_name, const char *main_type, const char *const *parts)
{
    struct package_writer w;
    package_begin(&w);
    package_types(&w, main_name, main_type);
    for (; *parts; parts += 2) {
        package_add(&w, parts[0], parts[1], strlen(parts[1]));
    }
    return package_end(&w);
}

static inline int seen_finding(void *ctx, const struct finding *f)
{
    buf_addf(ctx, "finding %s %s\n", f->code->code, f->message);
    return 0;
}

static inline void add_line(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        buf_add_char(b, s.data[i] == '\n' ? '/' : s.data[i]);
    }
}

static inline int seen_element(void *ctx, const struct element *e)
{
    struct buf *b = ctx;
    buf_addf(b, "%s %d%s%s ", element_kind_word(e->kind), e->level,
        e->flags & ELEMENT_HIDDEN ? " hidden" : "",
        e->flags & ELEMENT_NOT_INDEXED ? " not_indexed" : "");
    buf_add_char(b, '{');
    if (e->place.kind == PLACE_PART) {
        buf_add_slice(b, e->place.name);
    } else {
        place_add_words(b, &e->place);
    }
    if (e->place.section.len) {
        buf_addf(b, "; " SLICE_FMT, SLICE_ARG(e->place.section));
    }
    if (e->place.kind == PLACE_SLIDE && e->place.has_box) {
        buf_addf(b, "; %.2f %.2f %.2f %.2f", (double)e->place.box[0], (double)e->place.box[1],
            (double)e->place.box[2], (double)e->place.box[3]);
    }
    buf_add_str(b, "} ");
    add_line(b, e->text);
    if (e->markdown.len) {
        buf_add_str(b, " = ");
        add_line(b, e->markdown);
    }
    if (e->image.len) {
        buf_addf(b, " @" SLICE_FMT, SLICE_ARG(e->image));
    }
    buf_add_char(b, '\n');
    return 0;
}

static inline int seen_info(void *ctx, const char *key, const char *text, double number)
{
    buf_addf(ctx, text ? "info %s=%s\n" : "info %s=", key, text);
    if (!text) {
        buf_addf(ctx, "%g\n", number);
    }
    return 0;
}

static inline int seen_image(
    void *ctx, const char *name, const char *type, const void *bytes, size_t len)
{
    (void)bytes;
    buf_addf(ctx, "image %s %s %zu\n", name, type, len);
    return 0;
}

static inline int seen_progress(void *ctx, int64_t done, int64_t total)
{
    (void)ctx;
    assert_true(done >= 0 && (total == 0 || done <= total));
    return 0;
}

enum pass { CHECK, READ };

// What checking or reading says about the package, which is freed. The text is the caller's to free.
static inline char *seen(struct package p, enum format_id id, enum pass pass)
{
    struct buf out = BUF_INIT(64 << 20);
    struct reader_sink sink = { seen_finding, seen_element, seen_progress, seen_info, seen_image,
        &out };
    struct reader r = { .format = id,
        .input = slice_make(p.bytes, p.len),
        .limits = &reader_limits_default,
        .sink = &sink,
        .hi_res = true };
    struct error err = { .code = 0 };
    const struct reader_format *f = reader_format_find(id);
    assert_non_null(f);
    int rc = pass == CHECK ? f->check(&r, &err) : f->read(&r, &err);
    if (rc != 0) {
        fail_msg("code %d: %s", rc, err.text);
    }
    free(p.bytes);
    return buf_take(&out);
}

// The same for a file that is text.
static inline char *seen_bytes(const char *text, size_t len, enum format_id id, enum pass pass)
{
    return seen((struct package){ memcpy(malloc(len + 1), text, len), len }, id, pass);
}

static inline char *seen_text(const char *text, enum format_id id, enum pass pass)
{
    return seen_bytes(text, strlen(text), id, pass);
}

struct reading_case {
    const char *name, *source, *want;
    const char *unwanted; // NULL: nothing
};

// Says all that differ, then fails.
static inline void expect_readings(const struct reading_case *cases, size_t n, enum format_id id)
{
    int wrong = 0;

    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *out = seen_text(cases[i].source, id, READ);
        if (!strstr(out, cases[i].want) || (cases[i].unwanted && strstr(out, cases[i].unwanted))) {
            print_message("--- %s: want\n%s--- in\n%s", cases[i].name, cases[i].want, out);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static inline void expect_text(char *text, const char *want)
{
    if (!strstr(text, want)) {
        fail_msg("\n--- missing:\n%s\n--- in:\n%s", want, text);
    }
}

static inline void expect_no_text(char *text, const char *unwanted)
{
    if (strstr(text, unwanted)) {
        fail_msg("\n--- not wanted:\n%s\n--- in:\n%s", unwanted, text);
    }
}

#endif
