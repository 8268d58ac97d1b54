// SPDX-License-Identifier: AGPL-3.0-or-later
// Mathematics on one line (ooxml_drawing.h). Recursion is bounded by the depth of the markup, which xml.h limits.
#include "reader/ooxml_drawing.h"

#include <string.h>

static void walk(struct xml *x, struct buf *b);

// The inside of the current element, in brackets if it is more than one letter or number.
static void operand(struct xml *x, struct buf *b)
{
    AUTO_BUF inner = BUF_INIT(64 * 1024);
    walk(x, &inner);
    bool simple = true;
    size_t signs = 0;
    for (size_t i = 0; i < inner.len; i++) {
        unsigned char c = (unsigned char)inner.data[i];
        signs += (c & 0xC0) != 0x80;
        simple = simple && ((c >= '0' && c <= '9') || signs <= 1);
    }
    buf_addf(b, simple ? "%.*s" : "(%.*s)", SLICE_ARG(buf_slice(&inner)));
}

struct shape {
    const char *name; // m:f
    const char *part[3]; // its children in the order they are written
    const char *before[3];
};
static const struct shape shapes[] = {
    { "f", { "num", "den", NULL }, { "", "/", NULL } },
    { "sSup", { "e", "sup", NULL }, { "", "^", NULL } },
    { "sSub", { "e", "sub", NULL }, { "", "_", NULL } },
    { "sSubSup", { "e", "sub", "sup" }, { "", "_", "^" } },
    { "limLow", { "e", "lim", NULL }, { "", "_", NULL } },
    { "limUpp", { "e", "lim", NULL }, { "", "^", NULL } },
};

static bool by_shape(struct xml *x, struct buf *b)
{
    const struct shape *s = NULL;
    for (size_t i = 0; i < ARRAY_LEN(shapes) && !s; i++) {
        s = strcmp(x->name, shapes[i].name) == 0 ? &shapes[i] : NULL;
    }
    if (!s) {
        return false;
    }
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        for (size_t i = 0; i < ARRAY_LEN(s->part) && s->part[i]; i++) {
            if (xml_start(x, NS_M, s->part[i])) {
                buf_add_str(b, s->before[i]);
                operand(x, b);
                break;
            }
        }
        if (x->event == XML_START && x->depth == depth + 1) {
            xml_skip(x); // properties
        }
    }
    return true;
}

static const char *value_of(struct xml *x, char to[16])
{
    const char *value = xml_attr(x, NS_M, "val");
    size_t len = value ? strlen(value) : 0;
    len = len < 15 ? len : 0;
    memcpy(to, value ? value : "", len);
    to[len] = '\0';
    return to;
}

static void nary(struct xml *x, struct buf *b)
{
    char sign[16] = "\xE2\x88\xAB"; // ∫ unless told
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_M, "chr")) {
            value_of(x, sign);
        } else if (xml_start(x, NS_M, "sub")) {
            buf_addf(b, "%s_", sign);
            operand(x, b);
        } else if (xml_start(x, NS_M, "sup")) {
            buf_add_char(b, '^');
            operand(x, b);
        } else if (xml_start(x, NS_M, "e")) {
            buf_add_char(b, ' ');
            walk(x, b);
        }
    }
}

static void delimiters(struct xml *x, struct buf *b)
{
    char open[16] = "(", close[16] = ")", between[16] = "|";
    bool first = true;
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_M, "begChr")) {
            value_of(x, open);
        } else if (xml_start(x, NS_M, "endChr")) {
            value_of(x, close);
        } else if (xml_start(x, NS_M, "sepChr")) {
            value_of(x, between);
        } else if (xml_start(x, NS_M, "e")) {
            buf_add_str(b, first ? open : between);
            first = false;
            walk(x, b);
        }
    }
    buf_add_str(b, first ? "" : close);
}

static void radical(struct xml *x, struct buf *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_M, "e")) {
            buf_add_str(b, "\xE2\x88\x9A");
            operand(x, b);
        } else if (xml_start(x, NS_M, "deg")) {
            AUTO_BUF degree = BUF_INIT(4096);
            walk(x, &degree);
            if (degree.len) {
                buf_addf(b, "(%s)", degree.data);
            }
        }
    }
}

static void matrix(struct xml *x, struct buf *b)
{
    int depth = x->depth;
    bool first_row = true, first = true;
    buf_add_char(b, '[');
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_M, "mr")) {
            buf_add_str(b, first_row ? "" : "; ");
            first_row = false;
            first = true;
        } else if (xml_start(x, NS_M, "e")) {
            buf_add_str(b, first ? "" : ", ");
            first = false;
            walk(x, b);
        }
    }
    buf_add_char(b, ']');
}

static void walk(struct xml *x, struct buf *b)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || by_shape(x, b)) {
            continue;
        }
        if (xml_named(x, NS_M, "nary")) {
            nary(x, b);
        } else if (xml_named(x, NS_M, "d")) {
            delimiters(x, b);
        } else if (xml_named(x, NS_M, "rad")) {
            radical(x, b);
        } else if (xml_named(x, NS_M, "m")) {
            matrix(x, b);
        } else if (xml_named(x, NS_M, "t") || xml_named(x, NS_W, "t") || xml_named(x, NS_A, "t")) {
            xml_collect(x, b);
        } else if (xml_named(x, NS_M, "rPr") || xml_named(x, NS_M, "ctrlPr")) {
            xml_skip(x);
        }
    }
}

void ooxml_math(struct xml *x, struct buf *b)
{
    walk(x, b);
}
