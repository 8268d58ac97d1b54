// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements the styles of odf.h. Only what says something about meaning is kept: the parent (a chain that ends at
// "Title" or "Heading_20_2"), the list style, whether text is hidden.
#include "reader/odf.h"

#include <stdlib.h>

enum { CHAIN_MAX = 20 };

static int take_style(struct odf *o, struct xml *x)
{
    const char *name = xml_attr(x, NS_STYLE, "name"),
               *parent = xml_attr(x, NS_STYLE, "parent-style-name");
    const char *list = xml_attr(x, NS_STYLE, "list-style-name");
    struct odf_style *s = arena_alloc(&o->arena, sizeof(*s));
    char *key = name ? arena_strdup(&o->arena, name) : NULL;
    int depth = x->depth;

    if (!s || !key) {
        xml_skip(x);
        return key || !name ? (s ? 0 : ERR_MEMORY) : ERR_MEMORY;
    }
    s->parent = parent ? arena_strdup(&o->arena, parent) : "";
    s->list = list ? arena_strdup(&o->arena, list) : "";
    if (!s->parent || !s->list) {
        return ERR_MEMORY;
    }
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_STYLE, "text-properties")) {
            const char *display = xml_attr(x, NS_TEXT, "display");
            s->hidden = display && strcmp(display, "none") == 0;
        }
    }
    int rc = map_put(&o->styles, slice_of(key), s);
    return rc == ERR_LIMIT ? 0 : rc;
}

static int take_list(struct odf *o, struct xml *x)
{
    const char *name = xml_attr(x, NS_STYLE, "name");
    char *key = name ? arena_strdup(&o->arena, name) : NULL;
    uintptr_t numbered = 0;
    int depth = x->depth;

    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_TEXT, "list-level-style-number")) {
            int64_t level = xml_attr_int(x, NS_TEXT, "level", 1);
            const char *format = xml_attr(x, NS_STYLE, "num-format");
            if (level >= 1 && level <= ODF_LIST_LEVELS && (!format || *format)) {
                numbered |= (uintptr_t)1 << level;
            }
        }
    }
    int rc = key ? map_put(&o->lists, slice_of(key), (void *)numbered) : 0;
    return rc == ERR_LIMIT ? 0 : rc;
}

int odf_style_take(struct odf *o, struct xml *x)
{
    return xml_named(x, NS_STYLE, "style") ? take_style(o, x) : take_list(o, x);
}

int odf_styles_load(struct odf *o, const char *name)
{
    const struct opc_part *part = opc_find(&o->package, name);
    struct xml x;
    int rc, end;

    if (!part) {
        return 0;
    }
    rc = xml_open(&x, &o->package, part, false);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_STYLE, "style") || xml_start(&x, NS_TEXT, "list-style")) {
            rc = odf_style_take(o, &x);
        } else if (xml_start(&x, NS_OFFICE, "master-styles") || xml_start(&x, NS_OFFICE, "body")) {
            break;
        }
    }
    end = xml_close(&x);
    return rc ? rc : end;
}

static const struct odf_style *style_find(const struct odf *o, const char *name)
{
    return name ? map_find(&o->styles, slice_of(name)) : NULL;
}

enum odf_look odf_look_of(const struct odf *o, const char *name, int32_t *ret_level)
{
    for (int i = 0; i < CHAIN_MAX && name && *name; i++) {
        if (strcmp(name, "Title") == 0) {
            return ODF_TITLE;
        }
        if (strcmp(name, "Subtitle") == 0) {
            return ODF_PLAIN;
        }
        if (strncmp(name, "Heading_20_", 11) == 0) {
            long level = strtol(name + 11, NULL, 10);
            *ret_level = level < 1 ? 1 : level > SECTION_LEVELS ? SECTION_LEVELS : (int32_t)level;
            return ODF_HEADING;
        }
        const struct odf_style *s = style_find(o, name);
        name = s ? s->parent : NULL;
    }
    return ODF_PLAIN;
}

bool odf_is_hidden(const struct odf *o, const char *name)
{
    const struct odf_style *s = style_find(o, name);
    return s && s->hidden;
}

bool odf_is_numbered(const struct odf *o, const char *list, int level)
{
    uintptr_t bits = list ? (uintptr_t)map_find(&o->lists, slice_of(list)) : 0;
    return level <= ODF_LIST_LEVELS && (bits >> level & 1);
}
