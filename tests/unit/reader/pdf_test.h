// SPDX-License-Identifier: AGPL-3.0-or-later
// What the tests of the PDF format share: a tiny writer of PDF files, and a sink that writes down what is reported, one line
// each: "finding CODE page N", "kind LEVEL [flags] page N text" with line ends as "/", "box X0 Y0 X1 Y1" of the last element
// that held a word, "info KEY=…".
#ifndef LARDER_TEST_PDF_TEST_H
#define LARDER_TEST_PDF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader/reader.h"

enum { PDF_OBJECTS = 200, PDF_BYTES = 8 << 20 };

// Object 1 is the catalog, 2 the page tree, 3 and 4 the fonts F (Helvetica) and B (bold), 5 the font M (Courier).
struct pdf {
    struct buf bytes;
    size_t at[PDF_OBJECTS];
    int objects; // the highest number used
    int pages[50];
    int page_count;
    char catalog[2000], trailer[500], page_extra[2000], resources[2000];
    const char *page_count_said;
};

static inline void pdf_object(struct pdf *p, int number, const char *fmt, ...) PRINTF_LIKE(3, 4);
static inline void pdf_object(struct pdf *p, int number, const char *fmt, ...)
{
    va_list args;
    assert_in_range(number, 1, PDF_OBJECTS - 1);
    p->at[number] = p->bytes.len;
    p->objects = number > p->objects ? number : p->objects;
    buf_addf(&p->bytes, "%d 0 obj\n", number);
    va_start(args, fmt);
    buf_vaddf(&p->bytes, fmt, args);
    va_end(args);
    buf_add_str(&p->bytes, "\nendobj\n");
}

static inline void pdf_begin(struct pdf *p)
{
    memset(p, 0, sizeof(*p));
    buf_init(&p->bytes, PDF_BYTES);
    buf_add_str(&p->bytes, "%PDF-1.7\n");
    pdf_object(p, 3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
    pdf_object(p, 4, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>");
    pdf_object(p, 5, "<</Type/Font/Subtype/Type1/BaseFont/Courier>>");
    p->objects = 9;
}

// A page of 612 × 792 points with these drawing commands; p->page_extra and p->resources are put into it.
static inline void pdf_page(struct pdf *p, const char *content)
{
    int page = ++p->objects, stream = ++p->objects;
    pdf_object(p, stream, "<</Length %zu>>stream\n%s\nendstream", strlen(content), content);
    pdf_object(p, page,
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F 3 0 "
        "R/B 4 0 R/M 5 0 R>>%s>>%s>>",
        stream, p->resources, p->page_extra);
    p->pages[p->page_count++] = page;
}

static inline struct slice pdf_end(struct pdf *p)
{
    char kids[2000] = "";
    for (int i = 0; i < p->page_count; i++) {
        size_t n = strlen(kids);
        snprintf(kids + n, sizeof(kids) - n, "%d 0 R ", p->pages[i]);
    }
    if (!p->at[2]) {
        char count[16];
        snprintf(count, sizeof(count), "%d", p->page_count);
        pdf_object(p, 2, "<</Type/Pages/Kids[%s]/Count %s>>", kids,
            p->page_count_said ? p->page_count_said : count);
    }
    pdf_object(p, 1, "<</Type/Catalog/Pages 2 0 R%s>>", p->catalog);
    size_t xref = p->bytes.len;
    buf_addf(&p->bytes, "xref\n0 %d\n0000000000 65535 f \n", p->objects + 1);
    for (int i = 1; i <= p->objects; i++) {
        buf_addf(
            &p->bytes, "%010zu %05d %c \n", p->at[i], p->at[i] ? 0 : 65535, p->at[i] ? 'n' : 'f');
    }
    buf_addf(&p->bytes, "trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%zu\n%%%%EOF\n",
        p->objects + 1, p->trailer, xref);
    return buf_slice(&p->bytes);
}

// Drawing commands.

static inline void text_at(
    struct buf *b, const char *font, double size, double x, double y, const char *text)
{
    buf_addf(b, "BT /%s %g Tf %g %g Td (%s) Tj ET\n", font, size, x, y, text);
}

// Lines of a paragraph, 12 points apart, given one after the other and ended by NULL.
static inline void lines_at(struct buf *b, double x, double y, const char *const *lines)
{
    for (; *lines; lines++, y -= 12) {
        text_at(b, "F", 10, x, y, *lines);
    }
}

// What is reported.

struct seen {
    struct buf out;
    struct place last;
    const char *look_for; // keep the place of the element that holds this
    struct place found;
    int64_t progress;
    struct buf image;
    int fail_at; // elements until the sink breaks; 0: never
};

static inline int pdf_seen_finding(void *ctx, const struct finding *f)
{
    struct seen *s = ctx;
    buf_addf(&s->out, "finding %s page %d: %s\n", f->code->code,
        f->place.kind == PLACE_PAGE ? f->place.number : 0, f->message);
    return 0;
}

static inline int pdf_seen_element(void *ctx, const struct element *e)
{
    struct seen *s = ctx;
    if (s->fail_at && --s->fail_at == 0) {
        return ERR_CANCELLED;
    }
    assert_int_equal(e->place.kind, PLACE_PAGE);
    assert_true(e->place.has_box);
    for (int i = 0; i < 4; i++) {
        assert_true(e->place.box[i] >= 0 && e->place.box[i] <= 1);
    }
    buf_addf(&s->out, "%s %d%s%s%s page %d ", element_kind_word(e->kind), e->level,
        e->flags & ELEMENT_HIDDEN ? " hidden" : "",
        e->flags & ELEMENT_NEEDS_OCR ? " needs_ocr" : "",
        e->flags & ELEMENT_NOT_INDEXED ? " not_indexed" : "", e->place.number);
    for (size_t i = 0; i < e->text.len; i++) {
        buf_add_char(&s->out, e->text.data[i] == '\n' ? '/' : e->text.data[i]);
    }
    if (e->header.len) {
        buf_addf(&s->out, " [header " SLICE_FMT "]", SLICE_ARG(e->header));
    }
    buf_add_char(&s->out, '\n');
    if (s->look_for && slice_find(e->text, slice_of(s->look_for))) {
        s->found = e->place;
    }
    return 0;
}

static inline int pdf_seen_progress(void *ctx, int64_t done, int64_t total)
{
    struct seen *s = ctx;
    assert_true(done > s->progress && done <= total);
    s->progress = done;
    return 0;
}

static inline int pdf_seen_info(void *ctx, const char *key, const char *text, double number)
{
    struct seen *s = ctx;
    buf_addf(&s->out, text ? "info %s=%s\n" : "info %s=", key, text);
    if (!text) {
        buf_addf(&s->out, "%g\n", number);
    }
    return 0;
}

static inline int pdf_seen_image(
    void *ctx, const char *name, const char *type, const void *bytes, size_t len)
{
    struct seen *s = ctx;
    buf_addf(&s->out, "image %s %s\n", name, type);
    buf_add(&s->image, bytes, len);
    return 0;
}

enum pass { CHECK, READ, RENDER };

// Runs a pass; the report is in s->out, which the caller ends with seen_done. Returns the format's result.
static inline int pdf_run(struct seen *s, struct slice input, enum pass pass, int number, int width)
{
    struct reader_sink sink = { pdf_seen_finding, pdf_seen_element, pdf_seen_progress,
        pdf_seen_info, pdf_seen_image, s };
    struct reader r = { .format = FORMAT_PDF,
        .input = input,
        .limits = &reader_limits_default,
        .sink = &sink,
        .hi_res = true };
    struct error err = { .code = 0 };
    const struct reader_format *f = reader_format_find(FORMAT_PDF);
    assert_non_null(f);
    buf_init(&s->out, PDF_BYTES);
    buf_init(&s->image, PDF_BYTES);
    buf_add_str(&s->out, "");
    return pass == CHECK  ? f->check(&r, &err)
           : pass == READ ? f->read(&r, &err)
                          : f->render(&r, number, width, &err);
}

static inline void seen_done(struct seen *s)
{
    buf_done(&s->out);
    buf_done(&s->image);
}

static inline void expect_in(const struct seen *s, const char *line)
{
    if (!s->out.data || !strstr(s->out.data, line)) {
        fail_msg("missing: %s\nreported:\n%s", line, s->out.data ? s->out.data : "(nothing)");
    }
}

static inline void expect_not_in(const struct seen *s, const char *line)
{
    if (s->out.data && strstr(s->out.data, line)) {
        fail_msg("not expected: %s\nreported:\n%s", line, s->out.data);
    }
}

// a comes before b in the report.
static inline void expect_order(const struct seen *s, const char *a, const char *b)
{
    expect_in(s, a);
    expect_in(s, b);
    if (strstr(s->out.data, a) > strstr(s->out.data, b)) {
        fail_msg("\"%s\" should come before \"%s\":\n%s", a, b, s->out.data);
    }
}

// One page with these commands, read.
static inline void read_page(struct seen *s, const char *content)
{
    struct pdf p;
    pdf_begin(&p);
    pdf_page(&p, content);
    assert_int_equal(pdf_run(s, pdf_end(&p), READ, 0, 0), 0);
    buf_done(&p.bytes);
}

#endif
