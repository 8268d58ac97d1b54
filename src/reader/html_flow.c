// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements html.h: which nodes are seen, which are blocks, and text with the white space that browsers show.
#include "reader/html.h"

#include <ctype.h>

static const GumboTag blocks[] = { GUMBO_TAG_ADDRESS, GUMBO_TAG_ARTICLE, GUMBO_TAG_ASIDE,
    GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_BODY, GUMBO_TAG_CAPTION, GUMBO_TAG_CENTER, GUMBO_TAG_DD,
    GUMBO_TAG_DETAILS, GUMBO_TAG_DIR, GUMBO_TAG_DIV, GUMBO_TAG_DL, GUMBO_TAG_DT, GUMBO_TAG_FIELDSET,
    GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FIGURE, GUMBO_TAG_FOOTER, GUMBO_TAG_FORM, GUMBO_TAG_H1,
    GUMBO_TAG_H2, GUMBO_TAG_H3, GUMBO_TAG_H4, GUMBO_TAG_H5, GUMBO_TAG_H6, GUMBO_TAG_HEADER,
    GUMBO_TAG_HGROUP, GUMBO_TAG_HR, GUMBO_TAG_HTML, GUMBO_TAG_LEGEND, GUMBO_TAG_LI,
    GUMBO_TAG_LISTING, GUMBO_TAG_MAIN, GUMBO_TAG_MENU, GUMBO_TAG_NAV, GUMBO_TAG_OL,
    GUMBO_TAG_OPTGROUP, GUMBO_TAG_OPTION, GUMBO_TAG_P, GUMBO_TAG_PLAINTEXT, GUMBO_TAG_PRE,
    GUMBO_TAG_SECTION, GUMBO_TAG_SELECT, GUMBO_TAG_SUMMARY, GUMBO_TAG_TABLE, GUMBO_TAG_TBODY,
    GUMBO_TAG_TD, GUMBO_TAG_TEXTAREA, GUMBO_TAG_TFOOT, GUMBO_TAG_TH, GUMBO_TAG_THEAD, GUMBO_TAG_TR,
    GUMBO_TAG_UL, GUMBO_TAG_XMP };

static const GumboTag unseen[] = { GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE, GUMBO_TAG_HEAD,
    GUMBO_TAG_TEMPLATE, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_IFRAME, GUMBO_TAG_NOFRAMES, GUMBO_TAG_NOEMBED,
    GUMBO_TAG_TITLE, GUMBO_TAG_RP, GUMBO_TAG_RT, GUMBO_TAG_DATALIST, GUMBO_TAG_ANNOTATION_XML,
    GUMBO_TAG_DESC };

static bool among(GumboTag tag, const GumboTag *tags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tags[i] == tag) {
            return true;
        }
    }
    return false;
}

bool html_is_block(const GumboNode *n)
{
    return html_is_element(n) && among(n->v.element.tag, blocks, ARRAY_LEN(blocks));
}

// "display: none" and "visibility:hidden" anywhere in a style attribute.
static bool style_hides(const char *style)
{
    char flat[256];
    size_t n = 0;

    for (; *style && n + 1 < sizeof(flat); style++) {
        if (!isspace((unsigned char)*style)) {
            flat[n++] = (char)tolower((unsigned char)*style);
        }
    }
    flat[n] = '\0';
    return strstr(flat, "display:none") || strstr(flat, "visibility:hidden");
}

bool html_is_unseen(const GumboNode *n)
{
    if (n->type == GUMBO_NODE_TEMPLATE || n->type == GUMBO_NODE_COMMENT) {
        return true;
    }
    if (n->type != GUMBO_NODE_ELEMENT) {
        return false;
    }
    if (among(n->v.element.tag, unseen, ARRAY_LEN(unseen))) {
        return true;
    }
    if (n->v.element.tag_namespace == GUMBO_NAMESPACE_MATHML &&
        n->v.element.tag == GUMBO_TAG_UNKNOWN) {
        GumboStringPiece name = n->v.element.original_tag;
        gumbo_tag_from_original_text(&name);
        if (slice_equal_nocase(slice_make(name.data, name.length), SLICE_LIT("annotation"))) {
            return true; // the same formula once more, as TeX
        }
    }
    const char *style = html_attr(n, "style");
    return html_attr(n, "hidden") || (style && style_hides(style));
}

static bool white(unsigned char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

void html_flow_add(struct html_flow *f, struct slice s)
{
    struct buf *b = f->to;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        bool fixed =
            c == 0xC2 && i + 1 < s.len && (unsigned char)s.data[i + 1] == 0xA0; // a no-break space
        if (white(c) || fixed) {
            f->blank = true;
            i += fixed;
            continue;
        }
        if (f->blank && b->len && b->data[b->len - 1] != '\n') {
            buf_add_char(b, ' ');
        }
        f->blank = false;
        buf_add_char(b, (char)c);
    }
}

void html_flow_line(struct html_flow *f)
{
    f->blank = false;
    if (f->to->len && f->to->data[f->to->len - 1] != '\n') {
        buf_add_char(f->to, '\n');
    }
}

void html_flow_node(struct html_flow *f, const GumboNode *n, int depth)
{
    const GumboVector *inside = html_children(n);

    if (depth > 2 * HTML_DEPTH_MAX || html_is_unseen(n)) {
        return;
    }
    if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA ||
        n->type == GUMBO_NODE_WHITESPACE) {
        html_flow_add(f, slice_of(n->v.text.text));
        return;
    }
    if (html_is(n, GUMBO_TAG_BR) || html_is(n, GUMBO_TAG_HR)) {
        html_flow_line(f);
        return;
    }
    bool cell = html_is(n, GUMBO_TAG_TD) || html_is(n, GUMBO_TAG_TH);
    bool block = !cell && html_is_block(n);
    if (cell && f->to->len && f->to->data[f->to->len - 1] != '\n') {
        html_flow_add(f, SLICE_LIT(", "));
    } else if (block) {
        html_flow_line(f);
    }
    for (unsigned i = 0; i < inside->length; i++) {
        html_flow_node(f, inside->data[i], depth + 1);
    }
    if (block) {
        html_flow_line(f);
    }
}
