// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements ooxml_held.h: struct held, then the texts one after the other, over and over.
#include "reader/ooxml_held.h"

struct held {
    enum element_kind kind;
    int32_t level;
    uint32_t flags;
    size_t text, markdown, header, image;
};

void held_add(struct buf *b, const struct element *e)
{
    struct held h = { e->kind, e->level, e->flags, e->text.len, e->markdown.len, e->header.len,
        e->image.len };
    buf_add(b, &h, sizeof(h));
    buf_add_slice(b, e->text);
    buf_add_slice(b, e->markdown);
    buf_add_slice(b, e->header);
    buf_add_slice(b, e->image);
}

static struct slice take(struct slice *rest, size_t len)
{
    struct slice s = slice_make(rest->data, len < rest->len ? len : rest->len);
    *rest = slice_from(*rest, s.len);
    return s;
}

bool held_next(struct slice *rest, struct element *ret_element)
{
    struct held h;
    if (rest->len < sizeof(h)) {
        return false;
    }
    memcpy(&h, rest->data, sizeof(h));
    *rest = slice_from(*rest, sizeof(h));
    *ret_element = (struct element){ .kind = h.kind, .level = h.level, .flags = h.flags };
    ret_element->text = take(rest, h.text);
    ret_element->markdown = take(rest, h.markdown);
    ret_element->header = take(rest, h.header);
    ret_element->image = take(rest, h.image);
    return true;
}
