// SPDX-License-Identifier: AGPL-3.0-or-later
// Text blocks to elements: headings, list items, code, captions, paragraphs. Tables too.
#include "reader/pdf_unit.h"

#include "base/utf8.h"
#include "wire/span_list.h"

#include <ctype.h>
#include <math.h>

#define NEAR_LABEL                                                                                 \
    0.28f // of the page's width: text that begins so close to a word is explained by it, not headed

int lpdf_emit(
    struct lpdf_out *o, struct lpdf_unit *u, int dir, struct lpdf_rect box, struct element *e)
{
    e->place = (struct place){ .kind = PLACE_PAGE, .number = u->page.number, .has_box = true };
    lpdf_box_fractions(&u->page, lpdf_from_frame(&u->page, dir, box), e->place.box);
    return reader_element(o->r, e);
}

bool lpdf_is_caption(struct slice t)
{
    static const char *const words[] = { "figure", "fig.", "fig", "table", "exhibit", "chart",
        "photo", "illustration", "diagram", "listing", "abbildung", "tabelle", "tableau", "figura",
        "tabla" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i]);
        if (t.len > n + 1 && strncasecmp(t.data, words[i], n) == 0 &&
            isupper((unsigned char)t.data[0])) {
            struct slice rest = slice_trim(slice_from(t, n));
            size_t at = 0;
            while (at < rest.len && at < 12 &&
                   (isalnum((unsigned char)rest.data[at]) || strchr(".-", rest.data[at]))) {
                at++;
            }
            bool numbered =
                rest.len > 0 && (isdigit((unsigned char)rest.data[0]) ||
                                    (isupper((unsigned char)rest.data[0]) && at > 1 &&
                                        isdigit((unsigned char)rest.data[at > 2 ? 2 : 1])));
            bool ends = at == rest.len || rest.data[at] == ':' || rest.data[at - 1] == '.' ||
                        rest.data[at] == '(' || (unsigned char)rest.data[at] >= 0x80 ||
                        (rest.data[at] == ' ' && at + 1 < rest.len &&
                            !islower((unsigned char)rest.data[at + 1]));
            return numbered && ends && t.len < 600;
        }
    }
    return false;
}

static struct lpdf_rect box_of(const struct lpdf_sheet *s, const uint32_t *segs, uint32_t count)
{
    struct lpdf_rect box = { 1e9f, 1e9f, -1e9f, -1e9f };
    for (uint32_t i = 0; i < count; i++) {
        const struct lpdf_seg *g = &s->segs[segs[i]];
        box = lpdf_union(box, (struct lpdf_rect){ g->x0, g->y - lpdf_ascent(g->size), g->x1,
                                  g->y + lpdf_descent(g->size) });
    }
    return box;
}

static uint32_t flags_of(const struct lpdf_sheet *s, const uint32_t *segs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct lpdf_seg *g = &s->segs[segs[i]];
        if (lpdf_sheet_word(s, g->first)->flags & LPDF_SCANNED) {
            return ELEMENT_LOW_CONFIDENCE; // somebody's OCR read it
        }
    }
    return 0;
}

// List items.

static int list_level(struct lpdf_out *o, float x, float size)
{
    while (o->list_depth > 0 && x < o->list_x[o->list_depth - 1] - 0.5f * size) {
        o->list_depth--;
    }
    bool deeper = o->list_depth == 0 || x > o->list_x[o->list_depth - 1] + 0.5f * size;
    if (deeper && o->list_depth < LPDF_LEVELS) {
        o->list_x[o->list_depth++] = x;
    }
    return o->list_depth;
}

static int emit_list_item(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l,
    const uint32_t *segs, uint32_t count, size_t marker, bool bullet)
{
    const struct lpdf_seg *first = &l->sheet.segs[segs[0]];
    struct element e = { .kind = ELEMENT_LIST_ITEM,
        .level = list_level(o, first->x0, first->size),
        .flags = flags_of(&l->sheet, segs, count) };
    struct slice whole = buf_slice(&o->text), rest = slice_trim(slice_from(whole, marker));

    buf_reset(&o->markdown);
    for (int i = 1; i < e.level; i++) {
        buf_add_str(&o->markdown, "  ");
    }
    buf_add_str(&o->markdown, bullet ? "- " : "");
    buf_add_slice(&o->markdown, bullet ? rest : whole);
    e.text = bullet ? rest : whole; // a number is how people name the step
    e.markdown = buf_slice(&o->markdown);
    return lpdf_emit(o, u, l->sheet.dir, box_of(&l->sheet, segs, count), &e);
}

// Headings.

// A label beside its value, or beside the text that it marks, is no heading; columns of text beside it do no harm.
static bool stands_alone(
    const struct lpdf_unit *u, const struct lpdf_sheet *s, const uint32_t *segs, uint32_t count)
{
    const struct lpdf_seg *first = &s->segs[segs[0]];
    int32_t from = first->row > 0 ? first->row - 1 : 0, to = s->segs[segs[count - 1]].row + 1;
    for (int32_t r = from; r <= to && r < (int32_t)s->row_count; r++) {
        for (uint32_t i = 0; i < s->rows[r].segs; i++) {
            const struct lpdf_seg *g = &s->segs[s->rows[r].seg + i];
            bool beside = g->x0 > first->x1 || g->x1 < first->x0;
            bool level = r == first->row || fabsf(g->y - first->y) < 0.95f * first->size;
            bool near = fabsf(g->x0 - first->x0) < NEAR_LABEL * u->page.width;
            if (beside && level && !g->gone && (g->chars <= 22 || near)) {
                return false;
            }
        }
    }
    return true;
}

static int heading_level(struct lpdf_out *o, const struct lpdf_unit *u, const struct lpdf_sheet *s,
    const uint32_t *segs, uint32_t count)
{
    const struct lpdf_seg *first = &s->segs[segs[0]];
    struct lpdf_head_query q = { .text = buf_slice(&o->text),
        .size = first->size,
        .bold = true,
        .caps = true,
        .italic = true,
        .alone = true,
        .lines = count };
    for (uint32_t i = 0; i < count; i++) {
        q.bold = q.bold && s->segs[segs[i]].bold;
        q.caps = q.caps && s->segs[segs[i]].caps;
        q.italic = q.italic && s->segs[segs[i]].italic;
        q.size = fmaxf(q.size, s->segs[segs[i]].size);
        if (s->segs[segs[i]].leader) {
            return 0; // a table of contents
        }
    }
    q.alone = stands_alone(u, s, segs, count);
    return u->main_dir == s->dir ? lpdf_heads_level(o->heads, &q) : 0;
}

bool lpdf_is_heading(struct lpdf_out *o, const struct lpdf_unit *u, const struct lpdf_layout *l,
    const struct lpdf_block *b)
{
    buf_reset(&o->text);
    lpdf_join_lines(o->heads, &l->sheet, b->segs, b->seg_count, false, &o->text);
    return heading_level(o, u, &l->sheet, b->segs, b->seg_count) > 0;
}

static bool is_title(const struct lpdf_out *o, const struct lpdf_unit *u,
    const struct lpdf_sheet *s, float size, float y)
{
    if (o->title_done || u->page.number > 2 || size < 1.25f * o->heads->body ||
        y > 0.7f * u->page.height) {
        return false;
    }
    for (uint32_t i = 0; i < s->seg_count; i++) {
        if (s->segs[i].size > 1.05f * size && s->segs[i].chars > 3) {
            return false;
        }
    }
    return true;
}

static int emit_heading(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l,
    const uint32_t *segs, uint32_t count, int level)
{
    const struct lpdf_seg *first = &l->sheet.segs[segs[0]];
    struct lpdf_rect box = box_of(&l->sheet, segs, count);
    struct element e = { .kind = ELEMENT_HEADING,
        .level = level,
        .flags = flags_of(&l->sheet, segs, count),
        .text = buf_slice(&o->text) };
    if (l->sheet.dir == 0 && is_title(o, u, &l->sheet, first->size, box.y0)) {
        e.kind = ELEMENT_TITLE;
        e.level = 1;
        o->title_done = true;
    }
    o->list_depth = 0;
    buf_reset(&o->markdown);
    for (int i = 0; i < e.level && i < LPDF_LEVELS; i++) {
        buf_add_char(&o->markdown, '#');
    }
    buf_add_char(&o->markdown, ' ');
    buf_add_slice(&o->markdown, e.text);
    e.markdown = buf_slice(&o->markdown);
    return lpdf_emit(o, u, l->sheet.dir, box, &e);
}

// Paragraphs.

static bool begins_large(const struct lpdf_sheet *s, const struct lpdf_seg *g)
{
    struct slice t = lpdf_word_text(s->page, lpdf_sheet_word(s, g->first));
    return t.len > 0 && !islower((unsigned char)t.data[0]);
}

// Does a paragraph of the block begin with line i?
static bool begins_paragraph(
    const struct lpdf_sheet *s, const struct lpdf_block *b, uint32_t i, bool flush_left)
{
    const struct lpdf_seg *g = &s->segs[b->segs[i]], *before = &s->segs[b->segs[i - 1]];
    float width = b->box.x1 - b->box.x0;
    if (!flush_left || b->seg_count < 3 || g->rtl) {
        return false;
    }
    bool indented = g->x0 > b->box.x0 + 0.8f * g->size && g->x0 < b->box.x0 + 5 * g->size &&
                    before->x0 < b->box.x0 + 0.5f * g->size && begins_large(s, g);
    bool short_before =
        before->x1 < b->box.x1 - 0.25f * width && before->ends && begins_large(s, g);
    return indented || (short_before && b->chars > 30 * b->seg_count);
}

// Lines of an address, a poem, a table of contents: each by itself.
static bool keeps_lines(const struct lpdf_sheet *s, const uint32_t *segs, uint32_t count)
{
    uint32_t chars = 0, small = 0, leaders = 0;
    for (uint32_t i = 0; i < count; i++) {
        chars += s->segs[segs[i]].chars;
        small += i > 0 && !begins_large(s, &s->segs[segs[i]]);
        leaders += s->segs[segs[i]].leader;
    }
    return leaders * 2 > count || (count > 1 && small == 0 && chars < 32 * count);
}

static int emit_paragraph(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l,
    const uint32_t *segs, uint32_t count)
{
    const struct lpdf_sheet *s = &l->sheet;
    bool bullet;
    buf_reset(&o->text);
    lpdf_join_lines(o->heads, s, segs, count, false, &o->text);
    size_t marker = lpdf_marker(buf_slice(&o->text), &bullet);
    int level = marker && bullet ? 0 : heading_level(o, u, s, segs, count);
    if (level > 0 && !lpdf_is_caption(buf_slice(&o->text))) {
        return emit_heading(o, u, l, segs, count, level);
    }
    if (marker > 0 && o->text.len > marker) {
        return emit_list_item(o, u, l, segs, count, marker, bullet);
    }
    struct lpdf_rect box = box_of(s, segs, count);
    struct element e = { .kind = ELEMENT_PARAGRAPH, .flags = flags_of(s, segs, count) };
    if (lpdf_is_caption(buf_slice(&o->text))) {
        e.kind = ELEMENT_CAPTION;
    } else if (keeps_lines(s, segs, count)) {
        buf_reset(&o->text);
        lpdf_join_lines(o->heads, s, segs, count, true, &o->text);
    }
    if (o->list_depth > 0 && box.x0 < o->list_x[0] + 0.5f * s->body) {
        o->list_depth = 0;
    }
    e.text = buf_slice(&o->text);
    return lpdf_emit(o, u, s->dir, box, &e);
}

int lpdf_emit_text(
    struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, const struct lpdf_block *b)
{
    const struct lpdf_sheet *s = &l->sheet;
    uint32_t left = 0, from = 0;
    for (uint32_t i = 0; i < b->seg_count; i++) {
        left += s->segs[b->segs[i]].x0 < b->box.x0 + 0.5f * s->body;
    }
    bool flush_left = left * 10 >= b->seg_count * 5;
    for (uint32_t i = 1; i <= b->seg_count; i++) {
        if (i == b->seg_count || begins_paragraph(s, b, i, flush_left)) {
            int error = emit_paragraph(o, u, l, b->segs + from, i - from);
            if (error) {
                return error;
            }
            from = i;
        }
    }
    return 0;
}

// Code.

bool lpdf_is_code(const struct lpdf_out *o, const struct lpdf_layout *l, const struct lpdf_block *b)
{
    if (b->kind != LPDF_BLOCK_TEXT || o->heads->body_mono) {
        return false;
    }
    for (uint32_t i = 0; i < b->seg_count; i++) {
        if (!l->sheet.segs[b->segs[i]].mono) {
            return false;
        }
    }
    return true;
}

int lpdf_emit_code(struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l,
    const struct lpdf_block *blocks, uint32_t count)
{
    const struct lpdf_sheet *s = &l->sheet;
    struct lpdf_rect box = blocks[0].box;
    for (uint32_t i = 1; i < count; i++) {
        box = lpdf_union(box, blocks[i].box);
    }
    buf_reset(&o->text);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < blocks[i].seg_count; k++) {
            const struct lpdf_seg *g = &s->segs[blocks[i].segs[k]];
            int indent = (int)((g->x0 - box.x0) / (0.6f * g->size) + 0.5f);
            if (o->text.len > 0) {
                buf_add_char(&o->text, '\n');
            }
            for (int n = 0; n < indent && n < 80; n++) {
                buf_add_char(&o->text, ' ');
            }
            lpdf_add_words(s, g->first, g->count, false, &o->text);
        }
    }
    buf_reset(&o->markdown);
    buf_addf(&o->markdown, "```\n" SLICE_FMT "\n```", SLICE_ARG(buf_slice(&o->text)));
    struct element e = {
        .kind = ELEMENT_CODE, .text = buf_slice(&o->text), .markdown = buf_slice(&o->markdown)
    };
    o->list_depth = 0;
    return lpdf_emit(o, u, s->dir, box, &e);
}

// Tables.

static void add_cell(struct buf *b, struct slice cell)
{
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.data[i] == '|') {
            buf_add_char(b, '\\');
        }
        buf_add_char(b, cell.data[i] == '\n' ? ' ' : cell.data[i]);
    }
}

static int emit_boxed(
    struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, const struct lpdf_table *t)
{
    struct element e = { .kind = ELEMENT_PARAGRAPH };
    buf_reset(&o->text);
    for (uint32_t c = 0; c < t->cols; c++) {
        if (c > 0 && o->text.len > 0) {
            buf_add_str(
                &o->text, isalnum((unsigned char)o->text.data[o->text.len - 1]) ? ": " : " ");
        }
        buf_add_slice(&o->text, t->cells[c]);
    }
    e.text = buf_slice(&o->text);
    return lpdf_emit(o, u, l->sheet.dir, t->box, &e);
}

// Rows of text that stands upright, as shares of the page's height.
static void add_rows(
    struct buf *rows, const struct lpdf_unit *u, int dir, const struct lpdf_table *t)
{
    for (uint32_t r = 0; dir == 0 && t->bands && r < t->rows; r++) {
        float box[4];
        lpdf_box_fractions(&u->page,
            (struct lpdf_rect){ t->box.x0, t->bands[r].y0, t->box.x1, t->bands[r].y1 }, box);
        row_add(rows, box[1], box[3]);
    }
}

int lpdf_emit_table(
    struct lpdf_out *o, struct lpdf_unit *u, struct lpdf_layout *l, const struct lpdf_table *t)
{
    struct element e = { .kind = ELEMENT_TABLE };
    size_t header = 0;

    o->list_depth = 0;
    buf_reset(&o->text);
    buf_reset(&o->markdown);
    for (uint32_t r = 0; r < t->rows; r++) {
        const struct slice *cells = &t->cells[(size_t)r * t->cols];
        uint32_t last = t->cols;
        while (last > 0 && cells[last - 1].len == 0) {
            last--;
        }
        if (r > 0) {
            buf_add_char(&o->text, '\n');
            buf_add_char(&o->markdown, '\n');
        }
        for (uint32_t c = 0; c < t->cols; c++) {
            if (c < last) {
                buf_add_str(&o->text, c > 0 ? " | " : "");
                buf_add_slice(&o->text, cells[c]);
            }
            buf_add_str(&o->markdown, c > 0 ? " | " : "| ");
            add_cell(&o->markdown, cells[c]);
        }
        buf_add_str(&o->markdown, " |");
        if (r == 0) {
            header = o->text.len;
            buf_add_str(&o->markdown, "\n|");
            for (uint32_t c = 0; c < t->cols; c++) {
                buf_add_str(&o->markdown, " --- |");
            }
        }
    }
    if (t->rows == 1) { // "WARNING" in a box beside what it warns of
        return emit_boxed(o, u, l, t);
    }
    buf_reset(&o->rows);
    add_rows(&o->rows, u, l->sheet.dir, t);
    e.text = buf_slice(&o->text);
    e.markdown = buf_slice(&o->markdown);
    e.rows = buf_slice(&o->rows);
    if (t->header_rows > 0) {
        e.header = (struct slice){ o->text.data, header };
    }
    return lpdf_emit(o, u, l->sheet.dir, t->box, &e);
}
