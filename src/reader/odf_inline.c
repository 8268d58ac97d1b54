// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the paragraphs' text of odf.h: white space collapses (part 3, 6.1.2), text:s gives blanks, text:tab a tab,
// text:line-break a line. Deleted text, hidden text and what only programs read is left out.
#include "reader/odf.h"

#include "base/utf8.h"

static void add_text(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool white =
            s.data[i] == ' ' || s.data[i] == '\t' || s.data[i] == '\n' || s.data[i] == '\r';
        if (!white) {
            buf_add_char(b, s.data[i]);
        } else if (b->len && b->data[b->len - 1] != ' ' && b->data[b->len - 1] != '\n' &&
                   b->data[b->len - 1] != '\t') {
            buf_add_char(b, ' ');
        }
    }
}

static void add_spaces(struct buf *b, int64_t count)
{
    for (int64_t i = 0; i < count && i < ODF_SPACES_MAX; i++) {
        buf_add_char(b, ' ');
    }
}

static bool left_out(const struct odf *o, const struct xml *x)
{
    const char *style = x->ns == NS_TEXT ? xml_attr(x, NS_TEXT, "style-name") : NULL;

    if (style && odf_is_hidden(o, style)) {
        return true;
    }
    return xml_start(x, NS_TEXT, "ruby-text") || xml_start(x, NS_TEXT, "hidden-text") ||
           xml_start(x, NS_OFFICE, "event-listeners") || xml_start(x, NS_TEXT, "toc-mark") ||
           xml_start(x, NS_TEXT, "note-citation");
}

static int take(struct odf *o, struct xml *x, struct buf *text)
{
    if (x->ns == NS_DRAW || (x->ns == NS_TABLE && x->event == XML_START)) {
        o->hold++;
        int rc = odf_block(o, x);
        o->hold--;
        return rc;
    }
    if (left_out(o, x)) {
        xml_skip(x);
    } else if (xml_start(x, NS_TEXT, "s")) {
        add_spaces(text, xml_attr_int(x, NS_TEXT, "c", 1));
    } else if (xml_start(x, NS_TEXT, "tab")) {
        buf_add_char(text, '\t');
    } else if (xml_start(x, NS_TEXT, "line-break")) {
        buf_add_char(text, '\n');
    } else if (xml_start(x, NS_TEXT, "note")) {
        return odf_note(o, x);
    } else if (xml_start(x, NS_OFFICE, "annotation")) {
        return odf_comment(o, x);
    }
    return 0;
}

int odf_inline(struct odf *o, struct xml *x, struct buf *text)
{
    int depth = x->depth, rc = 0;

    while (rc == 0 && xml_inside(x, depth)) {
        if (x->event == XML_TEXT) {
            add_text(text, x->text);
        } else if (x->event == XML_START) {
            rc = take(o, x, text);
        }
    }
    return rc;
}
