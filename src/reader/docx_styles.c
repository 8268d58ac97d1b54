// SPDX-License-Identifier: AGPL-3.0-or-later
// Styles of a Word document: which one is a heading, a title, a caption, a list, hidden. Properties are inherited along
// basedOn; a chain longer than DOCX_STYLE_CHAIN_MAX is a circle and is cut there.
#include "reader/docx.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

// Built-in styles have English names in the file whatever the language of Word is, but other programs write their own.
static const char *const heading_words[] = { "heading ", "heading",
    "\xC3\xBC"
    "berschrift ",
    "\xC3\xBC"
    "berschrift",
    "berschrift", "titre ", "titre", "t\xC3\xADtulo ", "titulo ", "titulo", "ttulo", "kop ", "kop",
    "rubrik ", "rubrik", "overskrift ", "overskrift", "otsikko ", "otsikko",
    "nag\xC5\x82\xC3\xB3wek ", "nagwek", "nadpis ", "nadpis", "titolo ", "titolo",
    "\xD0\xB7\xD0\xB0\xD0\xB3\xD0\xBE\xD0\xBB\xD0\xBE\xD0\xB2\xD0\xBE\xD0\xBA ",
    "\xE6\xA0\x87\xE9\xA2\x98 ", "\xE8\xA6\x8B\xE5\x87\xBA\xE3\x81\x97 ",
    "\xEC\xA0\x9C\xEB\xAA\xA9 " };
static const struct {
    const char *name;
    enum docx_role role;
} role_names[] = {
    { "title", ROLE_TITLE },
    { "titel", ROLE_TITLE },
    { "caption", ROLE_CAPTION },
    { "beschriftung", ROLE_CAPTION },
    { "image caption", ROLE_CAPTION },
    { "table caption", ROLE_CAPTION },
    { "html preformatted", ROLE_CODE },
    { "source code", ROLE_CODE },
    { "code", ROLE_CODE },
    { "preformatted text", ROLE_CODE },
    { "macro text", ROLE_CODE },
    { "macro", ROLE_CODE },
    { "table of figures", ROLE_CONTENTS },
};

static int32_t heading_of(const char *name)
{
    char lower[80];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof(lower); n++) {
        lower[n] = (char)tolower((unsigned char)name[n]);
    }
    lower[n] = '\0';
    if (memcmp(lower, "\xC3\x9C", n >= 2 ? 2 : 0) == 0 && n >= 2) {
        lower[1] = '\xBC'; // Ü
    }
    for (size_t i = 0; i < ARRAY_LEN(heading_words); i++) {
        size_t len = strlen(heading_words[i]);
        if (n == len + 1 && memcmp(lower, heading_words[i], len) == 0 && lower[len] >= '1' &&
            lower[len] <= '9') {
            return lower[len] - '0';
        }
    }
    return 0;
}

static enum docx_role role_of(const char *name)
{
    if (strncasecmp(name, "toc ", 4) == 0 && isdigit((unsigned char)name[4])) {
        return ROLE_CONTENTS;
    }
    for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
        if (strcasecmp(name, role_names[i].name) == 0) {
            return role_names[i].role;
        }
    }
    return ROLE_NONE;
}

static enum docx_toggle toggle(struct xml *x)
{
    return xml_attr_bool(x, NS_W, "val", true) ? TOGGLE_ON : TOGGLE_OFF;
}

static bool colour_fills(struct xml *x)
{
    const char *fill = xml_attr(x, NS_W, "fill"), *value = xml_attr(x, NS_W, "val");
    bool plain = !fill || strcasecmp(fill, "auto") == 0 || strcasecmp(fill, "FFFFFF") == 0;
    return !plain || xml_attr(x, NS_W, "themeFill") || (value && strncmp(value, "pct", 3) == 0) ||
           (value && strcmp(value, "solid") == 0);
}

void docx_run_format_read(
    struct xml *x, struct docx_run_format *f, char ret_style[DOCX_STYLE_ID_MAX])
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_W) {
            continue;
        }
        if (strcmp(x->name, "vanish") == 0) {
            f->vanish = toggle(x);
        } else if (strcmp(x->name, "b") == 0) {
            f->bold = toggle(x);
        } else if (strcmp(x->name, "sz") == 0) {
            f->size = (int32_t)xml_attr_int(x, NS_W, "val", 0);
        } else if (strcmp(x->name, "color") == 0) {
            const char *value = xml_attr(x, NS_W, "val");
            f->white = value && strcasecmp(value, "FFFFFF") == 0 ? TOGGLE_ON : TOGGLE_OFF;
        } else if (strcmp(x->name, "shd") == 0) {
            f->shaded = colour_fills(x) ? TOGGLE_ON : TOGGLE_OFF;
        } else if (strcmp(x->name, "highlight") == 0) {
            f->shaded = TOGGLE_ON;
        } else if (strcmp(x->name, "rStyle") == 0 && ret_style) {
            const char *value = xml_attr(x, NS_W, "val");
            snprintf(ret_style, DOCX_STYLE_ID_MAX, "%s", value ? value : "");
        } else if (strcmp(x->name, "rPrChange") == 0) {
            xml_skip(x);
        }
    }
}

void docx_run_format_merge(struct docx_run_format *base, const struct docx_run_format *over)
{
    base->vanish = over->vanish ? over->vanish : base->vanish;
    base->bold = over->bold ? over->bold : base->bold;
    base->white = over->white ? over->white : base->white;
    base->shaded = over->shaded ? over->shaded : base->shaded;
    base->size = over->size ? over->size : base->size;
}

static void read_paragraph_part(struct xml *x, struct docx_style *s)
{
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_W) {
            continue;
        }
        if (strcmp(x->name, "outlineLvl") == 0) {
            int64_t level = xml_attr_int(x, NS_W, "val", 9);
            s->heading = level >= 0 && level < 9 ? (int32_t)level + 1 : -1;
        } else if (strcmp(x->name, "numId") == 0) {
            s->num_id = (int32_t)xml_attr_int(x, NS_W, "val", 0);
        } else if (strcmp(x->name, "ilvl") == 0) {
            s->num_level = (int32_t)xml_attr_int(x, NS_W, "val", 0);
        } else if (strcmp(x->name, "shd") == 0) {
            s->shaded = colour_fills(x);
        } else if (strcmp(x->name, "pPrChange") == 0) {
            xml_skip(x);
        }
    }
}

static int read_style(struct docx *d, struct xml *x)
{
    const char *id = xml_attr(x, NS_W, "styleId"), *type = xml_attr(x, NS_W, "type");
    bool is_default =
        xml_attr_bool(x, NS_W, "default", false) && type && strcmp(type, "paragraph") == 0;
    struct docx_style *s = arena_alloc(&d->arena, sizeof(*s));
    if (!s || !(s->id = arena_strdup(&d->arena, id ? id : ""))) {
        return ERR_MEMORY;
    }
    s->num_id = s->num_level = -1;
    int32_t named = heading_of(s->id);
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_W || x->depth != depth + 1) {
            continue;
        }
        const char *value = xml_attr(x, NS_W, "val");
        if (strcmp(x->name, "name") == 0 && value) {
            s->role = role_of(value);
            int32_t level = heading_of(value);
            named = level ? level : named;
        } else if (strcmp(x->name, "basedOn") == 0 && value) {
            s->based_on = arena_strdup(&d->arena, value);
        } else if (strcmp(x->name, "pPr") == 0) {
            read_paragraph_part(x, s);
        } else if (strcmp(x->name, "rPr") == 0) {
            docx_run_format_read(x, &s->run, NULL);
        }
    }
    if (s->heading == 0 && named) {
        s->heading = named;
    }
    if (d->styles.count >= DOCX_STYLES_MAX || map_find(&d->styles, slice_of(s->id))) {
        return 0;
    }
    if (is_default && !d->default_style) {
        d->default_style = s;
    }
    return map_put(&d->styles, slice_of(s->id), s);
}

int docx_styles_load(struct docx *d)
{
    const struct opc_part *part = docx_part(d, "styles");
    struct xml x;
    if (!part) {
        return 0;
    }
    int rc = xml_open(&x, &d->package, part, false);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_W, "style")) {
            rc = read_style(d, &x);
        } else if (xml_start(&x, NS_W, "rPrDefault")) {
            int depth = x.depth;
            while (xml_inside(&x, depth)) {
                if (xml_start(&x, NS_W, "rPr")) {
                    docx_run_format_read(&x, &d->defaults, NULL);
                }
            }
        }
    }
    int end = xml_close(&x);
    rc = rc != 0 ? rc : end;
    if (rc == 0 && d->default_style) {
        d->default_style = docx_style_find(d, d->default_style->id);
    }
    return rc;
}

// Fills in what a style does not say itself from the styles it is based on.
static void resolve(struct docx *d, struct docx_style *s)
{
    struct docx_run_format run = s->run;
    const char *next = s->based_on;
    s->resolved = true;
    for (int hop = 0; next && hop < DOCX_STYLE_CHAIN_MAX; hop++) {
        const struct docx_style *base = map_find(&d->styles, slice_of(next));
        if (!base || base == s) {
            break;
        }
        struct docx_run_format merged = base->run;
        docx_run_format_merge(&merged, &run);
        run = merged;
        s->heading = s->heading ? s->heading : base->heading;
        s->role = s->role ? s->role : base->role;
        s->num_id = s->num_id >= 0 ? s->num_id : base->num_id;
        s->num_level = s->num_level >= 0 ? s->num_level : base->num_level;
        s->shaded = s->shaded || base->shaded;
        next = base->resolved ? NULL : base->based_on;
    }
    s->run = run;
}

const struct docx_style *docx_style_find(struct docx *d, const char *id)
{
    struct docx_style *s = id ? map_find(&d->styles, slice_of(id)) : NULL;
    if (s && !s->resolved) {
        resolve(d, s);
    }
    return s;
}
