// SPDX-License-Identifier: AGPL-3.0-or-later
// XML of any vocabulary: its text by element.
//
//   an element of plain text          a line "name: text"; those of one parent together are a paragraph
//   text with elements among it       one paragraph, the elements' text in it
//   attributes                        "name (id: 7, unit: F): text"; those of declarations are left out
//
// The path of elements is the section: "menu > item". Declared entities are refused before they can expand (xml.dtd); a
// document type that only names a file is let through, because nothing is ever fetched. Limits: depth of reader_limits,
// TEXT_PIECE_MAX of what is held for one element.
#include "reader/html.h"
#include "reader/txt_common.h"

#include "base/utf8.h"

#include <expat.h>
#include <stdlib.h>

enum {
    FEED = 64 << 10,
    DECLARED_MAX = 256,
    ATTRIBUTES_MAX = 64, // of one element
    ATTRIBUTE_MAX = 500, // bytes of one value
    ELEMENTS_PER_PROGRESS = 5000,
    HELD_MAX = 1 << 20, // bytes of one element's text, before it is cut
};

struct frame {
    size_t path; // length of the path before this element
    struct buf flat; // its text, that of elements inside it included
    struct buf lines; // "name: text" of plain elements inside it
    struct buf head; // "name (id: 7)"
    bool mixed; // has text of its own beside elements
    bool parent; // has elements
};

struct xml_doc {
    struct reader *r;
    XML_Parser parser;
    struct frame *frames; // depth of reader_limits + 1
    int depth;
    struct buf path;
    int64_t elements;
    bool quiet; // only checks
    bool words;
    int rc;
};

static void stop(struct xml_doc *d, int rc)
{
    if (rc && !d->rc) {
        d->rc = rc;
        XML_StopParser(d->parser, XML_FALSE);
    }
}

static void add_flat(struct buf *b, struct slice s)
{
    struct html_flow f = { .to = b, .blank = b->len && b->data[b->len - 1] == ' ' };

    if (f.blank) {
        b->data[--b->len] = '\0';
    }
    html_flow_add(&f, s);
    if (f.blank && b->len) {
        buf_add_char(b, ' '); // one is due before the next word
    }
}

// Emits text of the element at depth `at` as paragraphs.
static void emit(struct xml_doc *d, int at, struct buf *text)
{
    struct slice rest = slice_trim(buf_slice(text));
    struct slice path = buf_slice(&d->path);

    if (at + 1 < d->depth) {
        path.len = d->frames[at + 1].path;
    }
    while (rest.len && !d->rc && !d->quiet) {
        size_t n = text_cut(rest, TEXT_PIECE_MAX);
        struct element e = { .kind = ELEMENT_PARAGRAPH, .text = slice_make(rest.data, n) };
        e.place = (struct place){ .kind = PLACE_PART,
            .name = SLICE_LIT("document"),
            .section = utf8_prefix(path, SECTION_MAX) };
        stop(d, reader_element(d->r, &e));
        rest = slice_trim(slice_from(rest, n));
    }
    buf_reset(text);
}

// What is open in the elements above must come out first.
static void emit_above(struct xml_doc *d, int below)
{
    for (int i = 0; i < below && !d->rc; i++) {
        struct frame *f = &d->frames[i];
        emit(d, i, f->mixed ? &f->flat : &f->lines);
        buf_reset(&f->flat);
    }
}

static void add_attributes(struct frame *f, const char **attrs)
{
    int shown = 0;

    for (int i = 0; attrs[i] && i < 2 * ATTRIBUTES_MAX; i += 2) {
        struct slice value = slice_trim(utf8_prefix(slice_of(attrs[i + 1]), ATTRIBUTE_MAX));
        if (strncmp(attrs[i], "xmlns", 5) == 0 || strncmp(attrs[i], "xsi:", 4) == 0 ||
            strncmp(attrs[i], "xml:", 4) == 0 || value.len == 0) {
            continue;
        }
        buf_addf(&f->head, "%s%s: " SLICE_FMT, shown++ ? ", " : " (", attrs[i], SLICE_ARG(value));
    }
    buf_add_str(&f->head, shown ? ")" : "");
}

static void XMLCALL on_start(void *ctx, const char *name, const char **attrs)
{
    struct xml_doc *d = ctx;

    if (d->rc) {
        return;
    }
    if (d->depth >= d->r->limits->depth) {
        int rc = reader_finding(
            d->r, "bomb.depth", NULL, "The markup is nested far deeper than any real document.");
        stop(d, rc ? rc : ERR_REFUSED);
        return;
    }
    if (d->depth > 0) {
        struct frame *up = &d->frames[d->depth - 1];
        up->mixed = up->mixed || (!up->parent && !text_is_blank(buf_slice(&up->flat)));
        up->parent = true;
    }
    struct frame *f = &d->frames[d->depth++];
    f->path = d->path.len;
    f->mixed = f->parent = false;
    if (!f->flat.max) {
        buf_init(&f->flat, 2 * HELD_MAX);
        buf_init(&f->lines, 2 * HELD_MAX);
        buf_init(&f->head, ATTRIBUTES_MAX * (ATTRIBUTE_MAX + 1024));
    }
    buf_reset(&f->flat);
    buf_reset(&f->lines);
    buf_reset(&f->head);
    buf_add_slice(&f->head, utf8_prefix(slice_of(name), 100));
    add_attributes(f, attrs);
    if (d->path.len < SECTION_MAX) {
        buf_add_str(&d->path, d->path.len ? " > " : "");
        buf_add_slice(&d->path, utf8_prefix(slice_of(name), 100));
    }
    d->words = d->words || memchr(f->head.data, '(', f->head.len);
    if (++d->elements % ELEMENTS_PER_PROGRESS == 0 && !d->quiet) {
        stop(d, reader_progress(d->r, d->elements, 0));
    }
}

static void add_line(struct xml_doc *d, struct frame *to, struct slice head, struct slice text)
{
    if (to->lines.len && to->lines.len + head.len + text.len > TEXT_PIECE_AIM) {
        emit_above(d, d->depth - 1);
        emit(d, d->depth - 1, &to->lines);
        buf_reset(&to->flat);
    }
    buf_add_str(&to->lines, to->lines.len ? "\n" : "");
    buf_add_slice(&to->lines, head);
    buf_add_str(&to->lines, text.len ? ": " : "");
    buf_add_slice(&to->lines, text);
}

static void XMLCALL on_end(void *ctx, const char *name)
{
    struct xml_doc *d = ctx;
    (void)name;

    if (d->rc || d->depth == 0) {
        return;
    }
    struct frame *f = &d->frames[d->depth - 1], *up = d->depth > 1 ? f - 1 : NULL;
    struct slice text = slice_trim(buf_slice(&f->flat));
    bool told = f->head.len && memchr(f->head.data, '(', f->head.len);

    if (up && (up->mixed || !f->parent) && text.len <= TEXT_PIECE_AIM) {
        size_t path = f->path;
        d->depth--;
        d->path.len = path;
        if (text.len) {
            add_flat(&up->flat, text);
        }
        if (!up->mixed && (text.len || told)) {
            add_line(d, up, buf_slice(&f->head), text);
        }
        return;
    }
    AUTO_BUF all = BUF_INIT(4 * HELD_MAX);
    if (told) {
        buf_add_slice(&all, buf_slice(&f->head));
        buf_add_char(&all, '\n');
    }
    buf_add_slice(&all, buf_slice(f->mixed || !f->parent ? &f->flat : &f->lines));
    emit_above(d, d->depth - 1);
    emit(d, d->depth - 1, &all);
    d->depth--;
    d->path.len = f->path;
}

static void XMLCALL on_text(void *ctx, const char *text, int len)
{
    struct xml_doc *d = ctx;
    struct slice s = slice_make(text, (size_t)len);

    if (d->rc || d->depth == 0) {
        return;
    }
    struct frame *f = &d->frames[d->depth - 1];
    bool blank = text_is_blank(s);
    d->words = d->words || !blank;
    if (f->parent && !blank && !f->mixed) {
        f->mixed = true;
        buf_reset(&f->lines); // it stands in flat too
    }
    if (d->quiet) {
        return;
    }
    add_flat(&f->flat, s);
    if (f->flat.len > HELD_MAX) {
        emit_above(d, d->depth - 1);
        emit(d, d->depth - 1, &f->flat);
    }
}

static void XMLCALL on_entity(void *ctx, const char *name, int parameter, const char *value,
    int len, const char *base, const char *system, const char *public, const char *notation)
{
    struct xml_doc *d = ctx;
    (void)name, (void)parameter, (void)value, (void)len, (void)base, (void)system, (void)public,
        (void)notation;
    if (!d->rc) {
        int rc = reader_finding(d->r, "xml.dtd", NULL,
            "The file declares entities, which can make a reader run out of memory or fetch "
            "files.");
        stop(d, rc ? rc : ERR_REFUSED);
    }
}

static int parse(struct xml_doc *d, struct slice text)
{
    int line = 0;

    while (d->rc == 0) {
        size_t n = text.len < FEED ? text.len : FEED;
        enum XML_Status status =
            XML_Parse(d->parser, text.data ? text.data : "", (int)n, n == text.len);
        text = slice_from(text, n);
        if (status == XML_STATUS_ERROR && d->rc == 0) {
            line = (int)XML_GetCurrentLineNumber(d->parser);
            bool memory = XML_GetErrorCode(d->parser) == XML_ERROR_NO_MEMORY;
            d->rc = memory ? ERR_MEMORY
                           : reader_finding(d->r, "structure.corrupt", NULL,
                                 "The file is not well-formed XML: line %d.", line);
            d->rc = d->rc ? d->rc : ERR_REFUSED;
        }
        if (text.len == 0) {
            break;
        }
    }
    return d->rc;
}

static int run(struct reader *r, struct slice text, bool quiet, bool *ret_words)
{
    struct xml_doc d = { .r = r, .quiet = quiet };
    int rc;

    d.parser = XML_ParserCreate("UTF-8");
    d.frames = calloc((size_t)r->limits->depth + 1, sizeof(*d.frames));
    if (!d.parser || !d.frames) {
        rc = ERR_MEMORY;
    } else {
        buf_init(&d.path, 4 * SECTION_MAX);
        XML_SetUserData(d.parser, &d);
        XML_SetElementHandler(d.parser, on_start, on_end);
        XML_SetCharacterDataHandler(d.parser, on_text);
        XML_SetEntityDeclHandler(d.parser, on_entity);
        rc = parse(&d, text);
        rc = rc || quiet ? rc : reader_progress(r, d.elements, d.elements);
        for (int i = 0; i <= r->limits->depth; i++) {
            buf_done(&d.frames[i].flat);
            buf_done(&d.frames[i].lines);
            buf_done(&d.frames[i].head);
        }
        buf_done(&d.path);
    }
    if (d.parser) {
        XML_ParserFree(d.parser);
    }
    free(d.frames);
    *ret_words = d.words;
    return rc;
}

static int xml_doc_check(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct decoded d;
    bool words = false;
    int rc = html_decode(r->input, slice_make(NULL, 0), &store, &d);

    rc = rc ? rc : reader_info_text(r, "encoding", d.encoding);
    rc = rc ? rc : run(r, d.text, true, &words);
    if (rc == 0 && !words) {
        rc = reader_finding(r, "structure.no_content", NULL, "The file holds no words.");
    }
    return rc == ERR_REFUSED ? 0 : rc ? error_set(err, rc, "The file could not be checked.") : 0;
}

static int xml_doc_read(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct decoded d;
    bool words = false;
    int rc = html_decode(r->input, slice_make(NULL, 0), &store, &d);

    rc = rc ? rc : run(r, d.text, false, &words);
    rc = rc ? rc : text_end(r);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The file could not be read to its end.")
                             : 0;
}

const struct reader_format format_xml = { FORMAT_XML, xml_doc_check, xml_doc_read, NULL };
