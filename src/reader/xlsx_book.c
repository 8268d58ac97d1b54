// SPDX-License-Identifier: AGPL-3.0-or-later
// Workbook, styles and shared strings of xlsx.h.
#include "reader/xlsx.h"

#include "base/utf8.h"
#include "reader/numfmt.h"

#include <ctype.h>
#include <stdlib.h>

bool xlsx_range_parse(struct slice text, struct xlsx_range *ret)
{
    struct xlsx_range r;
    size_t i = 0;
    int part = 0;

    for (;; part++) {
        int64_t col = 0, row = 0;
        while (i < text.len && (text.data[i] == '$' || isalpha((unsigned char)text.data[i]))) {
            col = text.data[i] == '$' ? col
                                      : col * 26 + (toupper((unsigned char)text.data[i]) - 'A' + 1);
            if (++i > 16 || col > XLSX_COLUMNS) {
                return false;
            }
        }
        while (i < text.len && (text.data[i] == '$' || isdigit((unsigned char)text.data[i]))) {
            row = text.data[i] == '$' ? row : row * 10 + (text.data[i] - '0');
            i++;
            if (row > XLSX_ROWS) {
                return false;
            }
        }
        if (col < 1 || row < 1) {
            return false;
        }
        r.cols[part] = (int32_t)col;
        r.rows[part] = (int32_t)row;
        if (part == 1 || i >= text.len || text.data[i] != ':') {
            break;
        }
        text = slice_from(text, i + 1);
        i = 0;
    }
    if (part == 0) {
        r.cols[1] = r.cols[0];
        r.rows[1] = r.rows[0];
    }
    if (i != text.len || r.cols[1] < r.cols[0] || r.rows[1] < r.rows[0]) {
        return false;
    }
    *ret = r;
    return true;
}

void xlsx_unescape(struct buf *b, size_t from)
{
    size_t to = from;

    for (size_t i = from; i < b->len;) {
        uint32_t c = 0;
        bool escaped =
            b->len - i >= 7 && b->data[i] == '_' && b->data[i + 1] == 'x' && b->data[i + 6] == '_';
        for (size_t k = 2; escaped && k < 6; k++) {
            unsigned char h = (unsigned char)b->data[i + k];
            escaped = isxdigit(h);
            c = c * 16 + (uint32_t)(isdigit(h) ? h - '0' : (tolower(h) - 'a' + 10));
        }
        if (escaped && !(c >= 0xD800 && c <= 0xDFFF)) {
            to += utf8_encode(c == 0 ? ' ' : c, b->data + to); // three bytes at most for seven
            i += 7;
        } else {
            b->data[to++] = b->data[i++];
        }
    }
    if (to < b->len) {
        b->len = to;
        b->data[to] = '\0';
    }
}

void xlsx_collect_rich(struct xml *x, struct buf *b)
{
    int depth = x->depth;
    size_t from = b->len;

    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_S, "rPh")) {
            xml_skip(x);
        } else if (xml_start(x, NS_S, "t")) {
            xml_collect(x, b);
        }
    }
    xlsx_unescape(b, from);
}

static int add_sheet(struct xlsx *x, struct xml *m, const struct opc_rels *rels)
{
    const char *name = xml_attr(m, NS_NONE, "name"), *id = xml_attr(m, NS_R, "id"),
               *state = xml_attr(m, NS_NONE, "state");
    const struct opc_rel *rel = id ? opc_rel_by_id(rels, id) : NULL;
    struct xlsx_sheet *bigger;

    if (x->sheet_count >= (size_t)x->r->limits->pages) {
        reader_finding(x->r, "bomb.pages", NULL, "The workbook has more than %d sheets.",
            (int)x->r->limits->pages);
        return ERR_REFUSED;
    }
    if (!rel || !rel->part || strcmp(rel->kind, "worksheet") != 0) {
        return 0; // a sheet of macros or a chart by itself has no cells; a missing one is told by the caller
    }
    if ((x->sheet_count & (x->sheet_count + 1)) == 0 || x->sheet_count == 0) {
        bigger = realloc(x->sheets, (x->sheet_count + 1) * 2 * sizeof(*bigger));
        if (!bigger) {
            return ERR_MEMORY;
        }
        x->sheets = bigger;
    }
    bool very = state && strcmp(state, "veryHidden") == 0;
    x->sheets[x->sheet_count++] = (struct xlsx_sheet){
        .name = arena_slice(&x->arena, slice_of(name ? name : "")),
        .part = rel->part,
        .hidden = very || (state && strcmp(state, "hidden") == 0),
        .very_hidden = very,
    };
    return 0;
}

static int load_workbook(struct xlsx *x)
{
    struct opc_rels rels;
    struct xml m;
    int rc = opc_rels_load(&x->package, x->package.main, &rels), named = 0;

    rc = rc ? rc : xml_open(&m, &x->package, x->package.main, true);
    if (rc == 0) {
        while (rc == 0 && xml_next(&m)) {
            if (xml_start(&m, NS_S, "workbookPr")) {
                x->from_1904 = xml_attr_bool(&m, NS_NONE, "date1904", false);
            } else if (xml_start(&m, NS_S, "sheet")) {
                named++;
                rc = add_sheet(x, &m, &rels);
            }
        }
        int closed = xml_close(&m);
        rc = rc ? rc : closed;
    }
    opc_rels_done(&rels);
    if (rc == 0 && x->sheet_count == 0) {
        reader_finding(x->r, "structure.corrupt", NULL,
            named ? "The sheets of the workbook are missing." : "The workbook has no sheets.");
        rc = ERR_REFUSED;
    }
    return rc;
}

enum { FONTS_MAX = 4096 }; // of a workbook; Excel: 1,024 in use

// The format codes of the cell styles. Custom codes have ids of their own, found by a small map. Fonts stand before styles.
static int load_styles(struct xlsx *x, const struct opc_part *part)
{
    struct map custom;
    struct xml m;
    char key[24];
    int rc = xml_open(&m, &x->package, part, false);
    bool in_cells = false, in_fonts = false, bold[FONTS_MAX] = { false };
    size_t fonts = 0;

    if (rc != 0) {
        return rc;
    }
    map_init(&custom, XLSX_STYLES_MAX);
    x->codes = calloc(XLSX_STYLES_MAX, sizeof(*x->codes));
    x->bold = calloc(XLSX_STYLES_MAX, sizeof(*x->bold));
    while (x->codes && x->bold && rc == 0 && xml_next(&m)) {
        if (xml_start(&m, NS_S, "numFmt")) {
            const char *id = xml_attr(&m, NS_NONE, "numFmtId"),
                       *code = xml_attr(&m, NS_NONE, "formatCode");
            char *copy =
                id && code ? arena_strndup(&x->arena, code, strnlen(code, NUMFMT_CODE_MAX)) : NULL;
            if (copy && strlen(id) < sizeof(key)) {
                rc = map_put(&custom, slice_of(id), copy) == ERR_MEMORY ? ERR_MEMORY : 0;
            }
        } else if (xml_start(&m, NS_S, "fonts") || xml_end(&m, NS_S, "fonts")) {
            in_fonts = m.event == XML_START;
        } else if (in_fonts && xml_start(&m, NS_S, "font")) {
            fonts++;
        } else if (in_fonts && xml_start(&m, NS_S, "b") && fonts > 0 && fonts <= FONTS_MAX) {
            bold[fonts - 1] = xml_attr_bool(&m, NS_NONE, "val", true);
        } else if (xml_start(&m, NS_S, "cellXfs")) {
            in_cells = true;
        } else if (xml_end(&m, NS_S, "cellXfs")) {
            in_cells = false;
        } else if (in_cells && xml_start(&m, NS_S, "xf") && x->code_count < XLSX_STYLES_MAX) {
            const char *id = xml_attr(&m, NS_NONE, "numFmtId");
            const char *code = id ? map_find(&custom, slice_of(id)) : NULL;
            int64_t font = xml_attr_int(&m, NS_NONE, "fontId", 0);
            x->bold[x->code_count] = font >= 0 && font < FONTS_MAX && bold[font];
            x->codes[x->code_count++] = code ? code : numfmt_builtin(id ? atoi(id) : 0);
        }
    }
    int closed = xml_close(&m);
    map_done(&custom);
    return rc ? rc : x->codes && x->bold ? closed : ERR_MEMORY;
}

static int add_string(struct xlsx *x, struct xml *m, size_t *cap)
{
    if (x->string_count == *cap) {
        size_t want = *cap ? *cap * 2 : 1024;
        uint32_t *bigger = realloc(x->string_ends, want * sizeof(*bigger));
        if (!bigger) {
            return ERR_MEMORY;
        }
        x->string_ends = bigger;
        *cap = want;
    }
    xlsx_collect_rich(m, &x->strings);
    if (!buf_ok(&x->strings) || x->string_count >= XLSX_STRINGS_MAX) {
        reader_finding(x->r, "bomb.text", NULL,
            "The texts of the workbook's cells are over the limit of %lld MiB.",
            (long long)(x->r->limits->text_bytes >> 20));
        return ERR_REFUSED;
    }
    x->string_ends[x->string_count++] = (uint32_t)x->strings.len;
    return 0;
}

static int load_strings(struct xlsx *x, const struct opc_part *part)
{
    struct xml m;
    size_t cap = 0;
    int rc = xml_open(&m, &x->package, part, false);

    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&m)) {
        if (xml_start(&m, NS_S, "si")) {
            rc = add_string(x, &m, &cap);
        }
    }
    int closed = xml_close(&m);
    return rc ? rc : closed;
}

int xlsx_open(struct xlsx *x, struct reader *r, bool strings, struct error *err)
{
    struct opc_rels rels;
    int rc;

    *x = (struct xlsx){ .r = r };
    rc = opc_open(&x->package, r, OPC_SHEET, err);
    if (rc != 0) {
        return rc;
    }
    arena_init(&x->arena, XLSX_ARENA_MAX);
    buf_init(&x->strings,
        r->limits->text_bytes < UINT32_MAX / 2 ? (size_t)r->limits->text_bytes : UINT32_MAX / 2);
    ooxml_pictures_init(&x->pictures);
    rc = load_workbook(x);
    if (rc == 0) {
        rc = opc_rels_load(&x->package, x->package.main, &rels);
        const struct opc_rel *styles = opc_rel_by_kind(&rels, "styles"),
                             *shared = opc_rel_by_kind(&rels, "sharedStrings");
        if (rc == 0 && strings && styles && styles->part) {
            rc = load_styles(x, styles->part);
        }
        if (rc == 0 && strings && shared && shared->part) {
            rc = load_strings(x, shared->part);
        }
        opc_rels_done(&rels);
    }
    if (rc != 0) {
        xlsx_close(x);
    }
    return rc == 0 || rc == ERR_REFUSED ? rc
                                        : error_set(err, rc, "The workbook could not be opened.");
}

void xlsx_close(struct xlsx *x)
{
    ooxml_pictures_done(&x->pictures);
    free(x->sheets);
    free(x->codes);
    free(x->bold);
    free(x->string_ends);
    buf_done(&x->strings);
    arena_done(&x->arena);
    opc_close(&x->package);
    *x = (struct xlsx){ .r = NULL };
}

struct slice xlsx_string(const struct xlsx *x, int64_t i)
{
    if (i < 0 || (uint64_t)i >= x->string_count) {
        return (struct slice){ NULL, 0 };
    }
    size_t start = i ? x->string_ends[i - 1] : 0;
    return slice_make(x->strings.data ? x->strings.data + start : "", x->string_ends[i] - start);
}

const char *xlsx_code(const struct xlsx *x, int64_t style)
{
    return style >= 0 && (uint64_t)style < x->code_count ? x->codes[style] : "General";
}

bool xlsx_bold(const struct xlsx *x, int64_t style)
{
    return style >= 0 && (uint64_t)style < x->code_count && x->bold[style];
}
