// SPDX-License-Identifier: AGPL-3.0-or-later
// RTF: text, headings (by outline level or the style's name), lists (by the number or bullet that is written out), tables, notes, titles. Bytes are read in the code page of
// their font, \u as Unicode. Pictures, objects and what only programs read is left out; objects, links of templates and
// fields that ask other programs for data are findings.
//
// State is kept a group; groups nest to GROUPS_MAX. Rows of a table follow each other without any mark around them: a
// paragraph outside of a table ends it.
#include "reader/rtf.h"
#include "reader/html.h"
#include "reader/ooxml_table.h"
#include "reader/txt_common.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GROUPS_MAX = 1000,
    FONTS_MAX = 4096,
    STYLES_MAX = 2048,
    TEXT_MAX = 64 << 20,
    LABEL_MAX = 32, // bytes of a list's number
    EVENTS_PER_PROGRESS = 100000
};

enum destination {
    TO_TEXT,
    TO_NOTHING,
    TO_FONTS,
    TO_STYLES,
    TO_TITLE,
    TO_AUTHOR,
    TO_NOTE,
    TO_HEADER,
    TO_FOOTER,
    TO_FIELD,
    TO_LABEL // the number or bullet of a list's paragraph
};

struct group {
    enum destination to;
    int32_t font, style, skip; // skip: characters that stand for one \u
    int32_t outline; // level 1 to 9, 0: none
    int32_t list_level; // from 0
    bool hidden, in_table;
};

struct rtf {
    struct reader *r;
    struct rtf_scan s;
    struct group groups[GROUPS_MAX];
    int depth;
    int32_t page; // code page of the document
    int16_t font_page[FONTS_MAX]; // 0: the document's
    int8_t style_level[STYLES_MAX]; // of styles called "heading N"
    int32_t default_font;
    struct buf bytes; // waiting to be decoded
    int32_t bytes_page;
    int32_t to_skip; // characters after \u
    uint32_t high; // first half of a pair
    struct buf text, note, running, info, name, field, label;
    struct section_path section;
    struct ooxml_table *table; // NULL: none is open
    struct buf cell;
    size_t objects;
    bool dde, outside, quiet, words;
    bool opened; // nothing has come since the "{"
    int rc;
};

static struct group *now(struct rtf *f)
{
    return &f->groups[f->depth];
}

static const struct decode_encoding *encoding_of(int32_t page)
{
    static const struct {
        int32_t page;
        const char *name;
    } pages[] = { { 437, "ibm437" }, { 850, "ibm850" }, { 852, "ibm852" }, { 855, "ibm855" },
        { 866, "ibm866" }, { 874, "windows-874" }, { 932, "shift_jis" }, { 936, "gb18030" },
        { 949, "euc-kr" }, { 950, "big5" }, { 10000, "macintosh" }, { 65001, "utf-8" } };
    char name[32];

    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (pages[i].page == page) {
            return decode_find(slice_of(pages[i].name));
        }
    }
    snprintf(name, sizeof(name), "windows-%d", (int)page);
    const struct decode_encoding *e = decode_find(slice_of(name));
    return e ? e : decode_find(SLICE_LIT("windows-1252"));
}

// Of \fcharset.
static int32_t page_of_charset(int32_t charset)
{
    static const int16_t pages[][2] = { { 0, 1252 }, { 77, 10000 }, { 128, 932 }, { 129, 949 },
        { 134, 936 }, { 136, 950 }, { 161, 1253 }, { 162, 1254 }, { 163, 1258 }, { 177, 1255 },
        { 178, 1256 }, { 186, 1257 }, { 204, 1251 }, { 222, 874 }, { 238, 1250 }, { 254, 437 },
        { 255, 850 } };

    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (pages[i][0] == charset) {
            return pages[i][1];
        }
    }
    return 0;
}

static struct buf *target(struct rtf *f)
{
    switch (now(f)->to) {
    case TO_TEXT:
        return now(f)->hidden ? NULL : &f->text;
    case TO_NOTE:
        return &f->note;
    case TO_HEADER:
    case TO_FOOTER:
        return &f->running;
    case TO_TITLE:
    case TO_AUTHOR:
        return &f->info;
    case TO_STYLES:
        return &f->name;
    case TO_FIELD:
        return &f->field;
    case TO_LABEL:
        return &f->label;
    case TO_FONTS:
    case TO_NOTHING:
        break;
    }
    return NULL;
}

static void decode_bytes(struct rtf *f)
{
    struct buf *to = target(f);

    if (f->bytes.len && to) {
        decode_add(encoding_of(f->bytes_page), buf_slice(&f->bytes), to);
    }
    buf_reset(&f->bytes);
}

static void add_byte(struct rtf *f, unsigned char c)
{
    const struct group *g = now(f);
    int32_t page = g->font >= 0 && g->font < FONTS_MAX && f->font_page[g->font]
                       ? f->font_page[g->font]
                       : f->page;

    if (f->to_skip > 0) {
        f->to_skip--;
        return;
    }
    if (f->bytes.len && page != f->bytes_page) {
        decode_bytes(f);
    }
    f->bytes_page = page;
    buf_add_char(&f->bytes, (char)c);
}

static void add_code(struct rtf *f, uint32_t c)
{
    struct buf *to = target(f);

    decode_bytes(f);
    if (c >= 0xD800 && c < 0xDC00) {
        f->high = c;
        return;
    }
    if (c >= 0xDC00 && c < 0xE000 && f->high) {
        c = 0x10000 + ((f->high - 0xD800) << 10) + (c - 0xDC00);
    }
    f->high = 0;
    if (to && c >= 0x20) {
        utf8_add(to, c >= 0xF020 && c <= 0xF0FF ? c - 0xF000 : c); // symbol fonts
    } else if (to && (c == '\n' || c == '\t')) {
        buf_add_char(to, (char)c);
    }
}

static struct place place_of(struct rtf *f, const char *part)
{
    return (struct place){
        .kind = PLACE_PART, .name = slice_of(part), .section = section_text(&f->section)
    };
}

static bool is_number(struct slice label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (isalnum((unsigned char)label.data[i])) {
            return true;
        }
    }
    return false;
}

// "  2. ", or "- " for a bullet and for what follows of a long item.
static void add_label(struct rtf *f, int32_t level, struct buf *to)
{
    struct slice label = slice_trim(buf_slice(&f->label));

    for (int32_t i = 1; i < level; i++) {
        buf_add_str(to, "  ");
    }
    if (label.len <= LABEL_MAX && is_number(label)) {
        buf_add_slice(to, label);
        buf_add_char(to, ' ');
    } else {
        buf_add_str(to, "- ");
    }
    buf_reset(&f->label);
}

static void emit(
    struct rtf *f, enum element_kind kind, int32_t level, const char *part, struct buf *text)
{
    AUTO_BUF markdown = BUF_INIT(8 * TEXT_PIECE_MAX);
    struct slice rest = slice_trim(buf_slice(text));

    f->words = f->words || !text_is_blank(rest);
    while (!f->rc && !f->quiet && rest.len) {
        size_t n = text_cut(rest, TEXT_PIECE_MAX);
        struct element e = { .kind = kind, .level = level, .text = slice_make(rest.data, n) };
        if (kind == ELEMENT_HEADING) {
            section_leave(&f->section, level);
        }
        buf_reset(&markdown);
        if (kind == ELEMENT_LIST_ITEM) {
            add_label(f, level, &markdown);
            buf_add_slice(&markdown, e.text);
            e.markdown = buf_ok(&markdown) ? buf_slice(&markdown) : slice_make(NULL, 0);
        }
        e.place = place_of(f, part);
        f->rc = reader_element(f->r, &e);
        if (kind == ELEMENT_HEADING) {
            section_set(&f->section, level, e.text);
        }
        rest = slice_trim(slice_from(rest, n));
    }
    buf_reset(text);
}

static int emit_block(void *ctx, struct element *e)
{
    struct rtf *f = ctx;
    e->place = place_of(f, "document");
    return f->quiet ? 0 : reader_element(f->r, e);
}

static void end_table(struct rtf *f)
{
    if (f->table) {
        int rc = table_row_end(f->table);
        rc = rc ? rc : table_end(f->table);
        if (rc) {
            table_drop(f->table);
        }
        f->rc = f->rc ? f->rc : rc;
        free(f->table);
        f->table = NULL;
    }
}

static void move_to_cell(struct rtf *f)
{
    struct slice text = slice_trim(buf_slice(&f->text));

    if (text.len) {
        struct slice label = slice_trim(buf_slice(&f->label));
        buf_add_str(&f->cell, f->cell.len ? "\n" : "");
        if (label.len <= LABEL_MAX && is_number(label)) {
            buf_add_slice(&f->cell, label);
            buf_add_char(&f->cell, ' ');
        }
        buf_add_slice(&f->cell, text);
    }
    buf_reset(&f->text);
    buf_reset(&f->label);
}

static void paragraph(struct rtf *f)
{
    const struct group *g = now(f);
    int32_t level = g->outline;

    decode_bytes(f);
    if (g->to == TO_HEADER || g->to == TO_FOOTER || g->to == TO_NOTE) {
        buf_add_char(target(f), '\n');
        return;
    }
    if (g->to != TO_TEXT) {
        return;
    }
    if (g->in_table) {
        move_to_cell(f);
        return;
    }
    if (f->text.len) {
        end_table(f);
    }
    if (!level && g->style >= 0 && g->style < STYLES_MAX) {
        level = f->style_level[g->style];
    }
    bool heading = level >= 1 && level <= 9 && f->text.len <= TEXT_PIECE_MAX;
    bool item = !heading && slice_trim(buf_slice(&f->label)).len > 0;
    emit(f,
        heading ? ELEMENT_HEADING
        : item  ? ELEMENT_LIST_ITEM
                : ELEMENT_PARAGRAPH,
        heading ? (level > SECTION_LEVELS ? SECTION_LEVELS : level)
        : item  ? g->list_level + 1
                : 0,
        "document", &f->text);
    buf_reset(&f->label);
    emit(f, ELEMENT_NOTE, 0, "footnotes", &f->note);
}

static void cell(struct rtf *f)
{
    decode_bytes(f);
    if (now(f)->to != TO_TEXT) {
        return;
    }
    move_to_cell(f);
    f->words = f->words || f->cell.len;
    if (!f->table) {
        f->table = xalloc(sizeof(*f->table));
        table_init(f->table, emit_block, f);
    }
    table_cell(f->table, buf_slice(&f->cell), 1, false);
    buf_reset(&f->cell);
}

static void row(struct rtf *f)
{
    if (f->table && now(f)->to == TO_TEXT) {
        int rc = table_row_end(f->table);
        f->rc = f->rc ? f->rc : rc;
    }
}

static void destination(struct rtf *f, enum destination to)
{
    decode_bytes(f);
    if (to == TO_LABEL && now(f)->to != TO_TEXT) {
        to = TO_NOTHING; // of a note or running line
    }
    if (now(f)->to != TO_NOTHING) {
        now(f)->to = to;
    }
}

static const struct {
    const char *word;
    enum destination to;
} destinations[] = { { "fonttbl", TO_FONTS }, { "stylesheet", TO_STYLES }, { "title", TO_TITLE },
    { "author", TO_AUTHOR }, { "footnote", TO_NOTE }, { "annotation", TO_NOTE },
    { "header", TO_HEADER }, { "headerl", TO_HEADER }, { "headerr", TO_HEADER },
    { "headerf", TO_HEADER }, { "footer", TO_FOOTER }, { "footerl", TO_FOOTER },
    { "footerr", TO_FOOTER }, { "footerf", TO_FOOTER }, { "fldinst", TO_FIELD },
    { "colortbl", TO_NOTHING }, { "pict", TO_NOTHING }, { "objdata", TO_NOTHING },
    { "info", TO_NOTHING }, { "listtext", TO_LABEL }, { "pntext", TO_LABEL }, { "xe", TO_NOTHING },
    { "tc", TO_NOTHING }, { "bkmkstart", TO_NOTHING }, { "nonshppict", TO_NOTHING },
    { "filetbl", TO_NOTHING }, { "rxe", TO_NOTHING }, { "txe", TO_NOTHING },
    { "atnid", TO_NOTHING }, { "atnauthor", TO_NOTHING } };

static const struct {
    const char *word;
    uint32_t code;
} characters[] = { { "tab", '\t' }, { "line", '\n' }, { "emdash", 0x2014 }, { "endash", 0x2013 },
    { "lquote", 0x2018 }, { "rquote", 0x2019 }, { "ldblquote", 0x201C }, { "rdblquote", 0x201D },
    { "bullet", 0x2022 }, { "emspace", ' ' }, { "enspace", ' ' }, { "qmspace", ' ' } };

static bool take_table_word(struct rtf *f)
{
    if (rtf_is(&f->s, "cell") || rtf_is(&f->s, "nestcell")) {
        cell(f);
    } else if (rtf_is(&f->s, "row") || rtf_is(&f->s, "nestrow")) {
        row(f);
    } else if (rtf_is(&f->s, "intbl")) {
        now(f)->in_table = true;
    } else {
        return false;
    }
    return true;
}

static bool take_state_word(struct rtf *f)
{
    struct group *g = now(f);
    int32_t n = f->s.number;

    if (rtf_is(&f->s, "f")) {
        decode_bytes(f);
        g->font = n;
    } else if (rtf_is(&f->s, "fcharset") && g->to == TO_FONTS) {
        if (g->font >= 0 && g->font < FONTS_MAX) {
            f->font_page[g->font] = (int16_t)page_of_charset(n);
        }
    } else if (rtf_is(&f->s, "deff")) {
        f->default_font = n;
        f->groups[f->depth].font = n;
    } else if (rtf_is(&f->s, "ansicpg")) {
        f->page = n;
    } else if (rtf_is(&f->s, "mac") || rtf_is(&f->s, "pc") || rtf_is(&f->s, "pca")) {
        f->page = rtf_is(&f->s, "mac") ? 10000 : rtf_is(&f->s, "pc") ? 437 : 850;
    } else if (rtf_is(&f->s, "uc")) {
        g->skip = n < 0 ? 0 : n > 16 ? 16 : n;
    } else if (rtf_is(&f->s, "s")) {
        g->style = n;
    } else if (rtf_is(&f->s, "outlinelevel")) {
        g->outline = n >= 0 && n < 9 ? n + 1 : 0;
    } else if (rtf_is(&f->s, "ilvl")) {
        g->list_level = n < 0 ? 0 : n > 8 ? 8 : n;
    } else if (rtf_is(&f->s, "v") || rtf_is(&f->s, "deleted")) {
        decode_bytes(f);
        g->hidden = !f->s.has_number || n != 0;
    } else if (rtf_is(&f->s, "pard")) {
        g->style = -1;
        g->outline = 0;
        g->list_level = 0;
        g->in_table = false;
    } else if (rtf_is(&f->s, "plain")) {
        decode_bytes(f);
        g->hidden = false;
        g->font = f->default_font;
    } else {
        return false;
    }
    return true;
}

static void take_word(struct rtf *f)
{
    struct group *g = now(f);

    f->to_skip = 0;
    if (rtf_is(&f->s, "u")) {
        uint32_t c = (uint32_t)(f->s.number < 0 ? f->s.number + 65536 : f->s.number);
        add_code(f, c > 0x10FFFF ? UTF8_REPLACEMENT : c);
        f->to_skip = g->skip;
        return;
    }
    if (take_table_word(f) || take_state_word(f)) {
        return;
    }
    if (rtf_is(&f->s, "par") || rtf_is(&f->s, "sect") || rtf_is(&f->s, "page")) {
        paragraph(f);
        return;
    }
    f->objects += rtf_is(&f->s, "object");
    for (size_t i = 0; i < ARRAY_LEN(characters); i++) {
        if (rtf_is(&f->s, characters[i].word)) {
            add_code(f, characters[i].code);
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(destinations); i++) {
        if (rtf_is(&f->s, destinations[i].word)) {
            enum destination to = destinations[i].to;
            bool info = (to == TO_TITLE || to == TO_AUTHOR) && g->to == TO_NOTHING;
            if (info) {
                g->to = to; // inside \info
            } else if (to != TO_TITLE && to != TO_AUTHOR) {
                destination(f, to);
            }
            return;
        }
    }
}

// "\*" before a control word: a destination that may be left out if it is not known.
static void take_optional(struct rtf *f)
{
    bool opened = f->opened;
    if (!rtf_next(&f->s)) {
        return;
    }
    if (!opened && f->s.event == RTF_WORD) { // older programs write it before any word
        take_word(f);
        return;
    }
    bool known = rtf_is(&f->s, "fldinst") || rtf_is(&f->s, "shppict") || rtf_is(&f->s, "shptxt") ||
                 rtf_is(&f->s, "annotation");
    if (rtf_is(&f->s, "template")) {
        const char *url = slice_find(
            slice_make(f->s.rest.data, f->s.rest.len < 300 ? f->s.rest.len : 300), SLICE_LIT("//"));
        f->outside = f->outside || url;
    }
    if (known) {
        take_word(f);
    } else {
        destination(f, TO_NOTHING);
    }
}

// A style that is called "heading 2": paragraphs in it are.
static void end_style(struct rtf *f)
{
    struct slice name = slice_trim(buf_slice(&f->name));
    int32_t style = now(f)->style < 0 ? 0 : now(f)->style;

    if (name.len >= 9 && slice_equal_nocase(slice_make(name.data, 8), SLICE_LIT("heading ")) &&
        name.data[8] >= '1' && name.data[8] <= '9' && style < STYLES_MAX) {
        f->style_level[style] = (int8_t)(name.data[8] - '0');
    }
    buf_reset(&f->name);
}

static void close_group(struct rtf *f)
{
    enum destination to, outer;

    decode_bytes(f);
    to = now(f)->to;
    if (to == TO_STYLES) {
        end_style(f);
    }
    f->depth -= f->depth > 0;
    outer = now(f)->to;
    if (to == outer) {
        return;
    }
    if (to == TO_TITLE || to == TO_AUTHOR) {
        if (f->quiet == false) {
            f->rc = f->rc
                        ? f->rc
                        : reader_info_text(f->r, to == TO_TITLE ? "title" : "author", f->info.data);
        }
        buf_reset(&f->info);
    } else if (to == TO_HEADER || to == TO_FOOTER) {
        emit(f, to == TO_HEADER ? ELEMENT_HEADER : ELEMENT_FOOTER, 0,
            to == TO_HEADER ? "header" : "footer", &f->running);
    } else if (to == TO_NOTE && f->note.len) {
        buf_add_char(&f->note, '\n');
    } else if (to == TO_FIELD) {
        struct slice code = slice_trim(buf_slice(&f->field));
        f->dde = f->dde || slice_starts(code, "DDE");
        f->outside =
            f->outside || (slice_starts(code, "INCLUDE") && slice_find(code, SLICE_LIT("//")));
        buf_reset(&f->field);
    }
}

static int take_event(struct rtf *f)
{
    bool opened = f->s.event == RTF_OPEN;
    switch (f->s.event) {
    case RTF_OPEN:
        decode_bytes(f);
        f->to_skip = 0;
        if (f->depth + 1 == GROUPS_MAX) {
            int rc = reader_finding(
                f->r, "bomb.depth", NULL, "The file is nested far deeper than any real one.");
            return rc ? rc : ERR_REFUSED;
        }
        f->groups[f->depth + 1] = f->groups[f->depth];
        f->depth++;
        break;
    case RTF_CLOSE:
        f->to_skip = 0;
        close_group(f);
        break;
    case RTF_WORD:
        take_word(f);
        break;
    case RTF_SIGN:
        if (f->s.byte == '*') {
            take_optional(f);
        } else if (f->s.byte == '\n' || f->s.byte == '\r') {
            paragraph(f);
        } else if (f->s.byte == '~' || f->s.byte == '_') {
            add_code(f, f->s.byte == '~' ? 0xA0 : '-');
        } else if (strchr("{}\\", f->s.byte) && f->s.byte) {
            add_byte(f, f->s.byte);
        }
        break;
    case RTF_BYTE:
        add_byte(f, f->s.byte);
        break;
    case RTF_TEXT:
        for (size_t i = 0; i < f->s.text.len && now(f)->to != TO_NOTHING; i++) {
            add_byte(f, (unsigned char)f->s.text.data[i]);
        }
        break;
    case RTF_END_OF_FILE:
        break;
    }
    f->opened = opened;
    if (f->text.len > 64 * TEXT_PIECE_MAX && now(f)->to == TO_TEXT) {
        paragraph(f); // no real paragraph is as long
    }
    return f->rc;
}

static struct buf *buffer_at(struct rtf *f, size_t i)
{
    struct buf *all[] = { &f->bytes, &f->text, &f->note, &f->running, &f->info, &f->name, &f->field,
        &f->cell, &f->label };
    return i < ARRAY_LEN(all) ? all[i] : NULL;
}

static int run(struct rtf *f)
{
    int64_t events = 0;
    int rc = 0;

    section_init(&f->section);
    for (size_t i = 0; buffer_at(f, i); i++) {
        buf_init(buffer_at(f, i), TEXT_MAX);
    }
    f->page = 1252;
    f->groups[0] = (struct group){ .skip = 1, .style = -1 };
    f->s.rest = f->r->input;
    while (rc == 0 && rtf_next(&f->s)) {
        rc = take_event(f);
        if (rc == 0 && ++events % EVENTS_PER_PROGRESS == 0 && !f->quiet) {
            rc = reader_progress(f->r, events / EVENTS_PER_PROGRESS, 0);
        }
    }
    if (rc == 0) {
        now(f)->to = TO_TEXT;
        now(f)->in_table = false;
        paragraph(f);
    }
    end_table(f);
    rc = rc ? rc : f->rc;
    for (size_t i = 0; buffer_at(f, i); i++) {
        buf_done(buffer_at(f, i));
    }
    section_done(&f->section);
    return rc;
}

static int findings(struct rtf *f)
{
    int rc = 0;

    if (f->depth > 0) {
        rc = reader_finding(f->r, "structure.repaired", NULL,
            "The end of the file is missing; what is there was read.");
    }
    if (rc == 0 && f->objects) {
        rc = reader_finding(f->r, "embedded.file", NULL,
            "The document holds %zu embedded object%s.", f->objects, f->objects == 1 ? "" : "s");
    }
    if (rc == 0 && f->dde) {
        rc = reader_finding(f->r, "active.dde", NULL, "The document asks other programs for data.");
    }
    if (rc == 0 && f->outside) {
        rc = reader_finding(
            f->r, "active.external", NULL, "The document loads a part from elsewhere.");
    }
    if (rc == 0 && !f->words) {
        rc = reader_finding(f->r, "structure.no_content", NULL, "The document holds no words.");
    }
    return rc;
}

static int rtf_check(struct reader *r, struct error *err)
{
    struct rtf *f = xalloc(sizeof(*f));
    int rc = 0;

    f->r = r;
    f->quiet = true;
    if (!slice_starts(slice_trim(r->input), "{\\rtf")) {
        rc = reader_finding(r, "type.mismatch", NULL,
            "The name says Rich Text, but the content is something else.");
    } else {
        rc = run(f);
        rc = rc ? rc : findings(f);
    }
    free(f);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The document could not be checked.")
                             : 0;
}

static int rtf_read(struct reader *r, struct error *err)
{
    struct rtf *f = xalloc(sizeof(*f));
    int rc;

    f->r = r;
    rc = run(f);
    rc = rc ? rc : text_end(r);
    rc = rc ? rc : reader_progress(r, 1, 1);
    free(f);
    return rc == ERR_REFUSED ? 0
           : rc              ? error_set(err, rc, "The document could not be read to its end.")
                             : 0;
}

const struct reader_format format_rtf = { FORMAT_RTF, rtf_check, rtf_read, NULL };
