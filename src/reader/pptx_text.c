// SPDX-License-Identifier: AGPL-3.0-or-later
// Text of PowerPoint shapes: paragraphs with bullets and numbers as a viewer sees them. Whether a paragraph has a bullet is
// said by itself, its shape, the layout's or the master's placeholder, in this order.
#include "reader/ooxml_drawing.h"
#include "reader/pptx.h"

#include <stdio.h>
#include <string.h>

void pptx_bullet_read(struct xml *x, struct bullet *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_A) {
            continue;
        }
        if (strcmp(x->name, "buNone") == 0) {
            b->kind = BULLET_NONE;
        } else if (strcmp(x->name, "buChar") == 0 || strcmp(x->name, "buBlip") == 0) {
            b->kind = BULLET_SIGN;
        } else if (strcmp(x->name, "buAutoNum") == 0) {
            const char *scheme = xml_attr(x, NS_NONE, "type");
            b->kind = BULLET_NUMBER;
            b->start = (int32_t)xml_attr_int(x, NS_NONE, "startAt", 1);
            snprintf(b->scheme, sizeof(b->scheme), "%s", scheme ? scheme : "arabicPeriod");
        }
    }
}

void pptx_list_style_read(struct xml *x, struct bullets *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event == XML_START && x->ns == NS_A && strncmp(x->name, "lvl", 3) == 0 &&
            x->name[3] >= '1' && x->name[3] <= '9' && strcmp(x->name + 4, "pPr") == 0) {
            pptx_bullet_read(x, &b->level[x->name[3] - '1']);
        }
    }
}

struct counters {
    int32_t at[PPTX_LEVELS];
    char scheme[PPTX_LEVELS][24];
};

static void add_roman(struct buf *b, int32_t n, bool upper)
{
    static const struct {
        int32_t value;
        const char *lower, *upper;
    } digits[] = { { 100, "c", "C" }, { 90, "xc", "XC" }, { 50, "l", "L" }, { 40, "xl", "XL" },
        { 10, "x", "X" }, { 9, "ix", "IX" }, { 5, "v", "V" }, { 4, "iv", "IV" }, { 1, "i", "I" } };
    for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
        for (; n >= digits[i].value; n -= digits[i].value) {
            buf_add_str(b, upper ? digits[i].upper : digits[i].lower);
        }
    }
}

// "alphaLcParenR", 3 → "c)"
static void add_number(struct buf *b, const char *scheme, int32_t n)
{
    if (strstr(scheme, "ParenBoth")) {
        buf_add_char(b, '(');
    }
    if (strncmp(scheme, "alpha", 5) == 0 && n >= 1 && n <= 26 * 26) {
        char first = strstr(scheme, "Uc") ? 'A' : 'a';
        if (n > 26) {
            buf_add_char(b, (char)(first + (n - 1) / 26 - 1));
        }
        buf_add_char(b, (char)(first + (n - 1) % 26));
    } else if (strncmp(scheme, "roman", 5) == 0 && n >= 1 && n < 400) {
        add_roman(b, n, strstr(scheme, "Uc") != NULL);
    } else {
        buf_addf(b, "%d", n);
    }
    if (strstr(scheme, "Paren")) {
        buf_add_char(b, ')');
    } else if (!strstr(scheme, "Plain")) {
        buf_add_char(b, '.');
    }
}

// The sign in front of a paragraph: "-", "3." or nothing.
static void add_label(struct counters *c, const struct bullet *b, int32_t level, struct buf *label)
{
    for (int32_t i = level + 1; i < PPTX_LEVELS; i++) {
        c->at[i] = 0;
    }
    if (b->kind != BULLET_NUMBER) {
        c->at[level] = 0;
        if (b->kind == BULLET_SIGN) {
            buf_add_char(label, '-');
        }
        return;
    }
    bool goes_on = c->at[level] > 0 && strcmp(c->scheme[level], b->scheme) == 0;
    c->at[level] = goes_on && c->at[level] < INT32_MAX ? c->at[level] + 1 : b->start;
    memcpy(c->scheme[level], b->scheme, sizeof(b->scheme));
    add_number(label, b->scheme, c->at[level]);
}

struct paragraph {
    struct buf text, hidden;
    int32_t level;
    struct bullet bullet;
    bool formula_only, any_formula;
};

static void read_run(struct xml *x, struct paragraph *g)
{
    int depth = x->depth;
    struct buf *to = &g->text;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_A, "rPr")) {
            int64_t size = xml_attr_int(x, NS_NONE, "sz", 1800);
            to = size <= PPTX_HIDDEN_SIZE ? &g->hidden : &g->text;
        } else if (xml_start(x, NS_A, "t")) {
            g->formula_only = false;
            xml_collect(x, to);
        }
    }
}

static void read_paragraph(struct xml *x, struct paragraph *g, const struct bullets *inherited)
{
    int depth = x->depth;
    g->bullet = inherited->level[0];
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_A, "pPr")) {
            int64_t level = xml_attr_int(x, NS_NONE, "lvl", 0);
            g->level = level < 0 ? 0 : level >= PPTX_LEVELS ? PPTX_LEVELS - 1 : (int32_t)level;
            g->bullet = inherited->level[g->level];
            pptx_bullet_read(x, &g->bullet);
        } else if (xml_start(x, NS_A, "r") || xml_start(x, NS_A, "fld")) {
            read_run(x, g);
        } else if (xml_start(x, NS_A, "br")) {
            buf_add_char(&g->text, '\n');
        } else if (xml_start(x, NS_M, "oMath")) {
            g->any_formula = true;
            ooxml_math(x, &g->text);
        }
    }
}

static int hold_hidden(struct pptx *p, const struct paragraph *g)
{
    struct slice hidden = slice_trim(buf_slice(&g->hidden));
    if (hidden.len == 0) {
        return 0;
    }
    struct element e = {
        .kind = ELEMENT_PARAGRAPH, .text = hidden, .flags = ELEMENT_HIDDEN | ELEMENT_NOT_INDEXED
    };
    p->hidden_slide = p->hidden_bytes ? p->hidden_slide : p->number;
    p->hidden_bytes += hidden.len;
    return pptx_hold(p, &e);
}

static int hold_paragraph(
    struct pptx *p, const struct pptx_text *how, const struct paragraph *g, struct slice label)
{
    AUTO_BUF markdown = BUF_INIT(PPTX_PARAGRAPH_MAX + 1000);
    struct element e = { .kind = how->as, .level = how->level, .flags = how->flags };
    e.text = slice_trim(buf_slice(&g->text));
    if (e.text.len == 0) {
        return 0;
    }
    if (label.len && how->as == ELEMENT_PARAGRAPH) {
        e.kind = ELEMENT_LIST_ITEM;
        e.level = g->level + 1;
        buf_addf(&markdown, "%*s" SLICE_FMT " ", g->level * 2, "", SLICE_ARG(label));
        buf_add_slice(&markdown, e.text);
        e.markdown = buf_slice(&markdown);
    } else if (how->as == ELEMENT_PARAGRAPH && g->any_formula && g->formula_only) {
        e.kind = ELEMENT_FORMULA;
    }
    return pptx_hold(p, &e);
}

int pptx_text_read(struct pptx *p, struct xml *x, const struct pptx_text *how)
{
    AUTO_BUF whole = BUF_INIT(PPTX_SLIDE_MAX);
    struct counters counters = { 0 };
    struct bullets bullets = how->bullets;
    int depth = x->depth, rc = 0;
    while (rc == 0 && xml_inside(x, depth)) {
        if (xml_start(x, NS_A, "lstStyle")) {
            pptx_list_style_read(x, &bullets);
        }
        if (!xml_start(x, NS_A, "p")) {
            continue;
        }
        struct paragraph g = { .text = BUF_INIT(PPTX_PARAGRAPH_MAX),
            .hidden = BUF_INIT(PPTX_PARAGRAPH_MAX),
            .formula_only = true };
        AUTO_BUF label = BUF_INIT(64);
        read_paragraph(x, &g, &bullets);
        struct slice text = slice_trim(buf_slice(&g.text));
        if (text.len) {
            add_label(&counters, &g.bullet, g.level, &label);
        }
        if (how->whole && text.len) {
            buf_add_str(&whole, whole.len ? "\n" : "");
            buf_add_slice(&whole, text);
        } else {
            rc = hold_paragraph(p, how, &g, buf_slice(&label));
        }
        rc = rc == 0 ? hold_hidden(p, &g) : rc;
        buf_done(&g.text);
        buf_done(&g.hidden);
    }
    if (rc == 0 && whole.len) {
        struct element e = {
            .kind = how->as, .level = how->level, .flags = how->flags, .text = buf_slice(&whole)
        };
        for (size_t i = 0; e.kind == ELEMENT_HEADING && i < whole.len; i++) {
            whole.data[i] = whole.data[i] == '\n' || whole.data[i] == '\v' ? ' ' : whole.data[i];
        }
        AUTO_BUF markdown = BUF_INIT(PPTX_SLIDE_MAX + 16);
        if (e.kind == ELEMENT_HEADING) {
            buf_add_str(&markdown, "# ");
            buf_add_slice(&markdown, e.text);
            e.markdown = buf_slice(&markdown);
        }
        rc = pptx_hold(p, &e);
    }
    return rc;
}
