// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements html.h: gumbo within limits. Gumbo takes memory without asking twice and gives a tree back by recursion, so
// memory is lent to it piece by piece from a list with a maximum: past it, parsing is left by longjmp, and the end of a
// tree is the end of the list. Depth is estimated before parsing, because gumbo's work grows with depth times tags.
#include "reader/html.h"

#include "base/error.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>

struct piece {
    struct piece *next, *before;
    size_t size;
};
_Static_assert(sizeof(struct piece) % 8 == 0, "what follows is aligned");

struct html_memory {
    struct piece *first;
    size_t used;
    jmp_buf out;
};

static void *take(void *ctx, size_t size)
{
    struct html_memory *m = ctx;
    struct piece *p = NULL;

    if (size <= HTML_TREE_MAX && m->used + size + sizeof(*p) <= HTML_TREE_MAX) {
        p = malloc(sizeof(*p) + size);
    }
    if (!p) {
        longjmp(m->out, 1);
    }
    *p = (struct piece){ .next = m->first, .size = size };
    if (m->first) {
        m->first->before = p;
    }
    m->first = p;
    m->used += size + sizeof(*p);
    return p + 1;
}

static void give(void *ctx, void *at)
{
    struct html_memory *m = ctx;

    if (!at) {
        return;
    }
    struct piece *p = (struct piece *)at - 1;
    if (p->before) {
        p->before->next = p->next;
    } else {
        m->first = p->next;
    }
    if (p->next) {
        p->next->before = p->before;
    }
    m->used -= p->size + sizeof(*p);
    free(p);
}

void html_free(struct html_tree *t)
{
    struct html_memory *m = t->memory;

    while (m && m->first) {
        struct piece *p = m->first;
        m->first = p->next;
        free(p);
    }
    free(m);
    *t = (struct html_tree){ .output = NULL };
}

// Tags that end by themselves, or never hold anything: they add no depth.
static bool adds_depth(struct slice name)
{
    static const char *const names[] = { "area", "base", "br", "col", "colgroup", "dd", "dt",
        "embed", "frame", "hr", "img", "input", "li", "link", "meta", "option", "p", "param",
        "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (slice_equal_nocase(name, slice_of(names[i]))) {
            return false;
        }
    }
    return true;
}

static bool holds_no_tags(struct slice name)
{
    return slice_equal_nocase(name, SLICE_LIT("script")) ||
           slice_equal_nocase(name, SLICE_LIT("style")) ||
           slice_equal_nocase(name, SLICE_LIT("textarea")) ||
           slice_equal_nocase(name, SLICE_LIT("title"));
}

// The most tags that are open at once, about; stops counting at `enough`.
static size_t depth_of(struct slice s, size_t enough)
{
    size_t depth = 0, most = 0;

    while (s.len && most < enough) {
        const char *open = memchr(s.data, '<', s.len);
        if (!open) {
            break;
        }
        s = slice_from(s, (size_t)(open - s.data) + 1);
        bool end = s.len && s.data[0] == '/';
        size_t from = end ? 1 : 0, n = from;
        while (n < s.len && isalnum((unsigned char)s.data[n])) {
            n++;
        }
        struct slice name = slice_make(s.data + from, n > from ? n - from : 0);
        s = slice_from(s, n);
        if (name.len == 0 || !adds_depth(name)) {
            continue;
        }
        if (end) {
            depth -= depth > 0;
        } else if (holds_no_tags(name)) {
            const char *close = slice_find(s, SLICE_LIT("</"));
            s = close ? slice_from(s, (size_t)(close - s.data)) : slice_make(NULL, 0);
            depth++;
        } else {
            depth++;
            most = depth > most ? depth : most;
        }
    }
    return most;
}

int html_parse(struct reader *r, struct slice text, struct html_tree *ret)
{
    struct html_memory *m;
    GumboOptions options = kGumboDefaultOptions;
    int rc = 0;

    *ret = (struct html_tree){ .output = NULL };
    if (depth_of(text, HTML_DEPTH_MAX + 1) > HTML_DEPTH_MAX) {
        rc = reader_finding(
            r, "bomb.depth", NULL, "The page is nested far deeper than any real one.");
        return rc ? rc : ERR_REFUSED;
    }
    m = xalloc(sizeof(*m));
    ret->memory = m;
    options.allocator = take;
    options.deallocator = give;
    options.userdata = m;
    options.max_errors = 0;
    if (setjmp(m->out) != 0) {
        html_free(ret);
        rc =
            reader_finding(r, "bomb.memory", NULL, "The page has more parts than fit into memory.");
        return rc ? rc : ERR_REFUSED;
    }
    ret->output = gumbo_parse_with_options(&options, text.data ? text.data : "", text.len);
    return 0;
}

bool html_is_element(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
}

bool html_is(const GumboNode *n, GumboTag tag)
{
    return html_is_element(n) && n->v.element.tag == tag;
}

const char *html_attr(const GumboNode *n, const char *name)
{
    GumboAttribute *a =
        html_is_element(n) ? gumbo_get_attribute(&n->v.element.attributes, name) : NULL;
    return a ? a->value : NULL;
}

const GumboVector *html_children(const GumboNode *n)
{
    static const GumboVector none;
    return html_is_element(n)               ? &n->v.element.children
           : n->type == GUMBO_NODE_DOCUMENT ? &n->v.document.children
                                            : &none;
}
