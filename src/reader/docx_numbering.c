// SPDX-License-Identifier: AGPL-3.0-or-later
// Lists of a Word document: counts their paragraphs as Word does and writes the number that a reader sees. A w:num uses a
// definition (w:abstractNum) whose counters all nums of it share; an override starts them anew once.
#include "reader/docx.h"

#include <stdlib.h>
#include <string.h>

static void read_level(struct docx *d, struct xml *x, struct docx_level *level)
{
    int depth = x->depth;
    *level = (struct docx_level){ .start = 1, .restart = -1, .format = "decimal", .text = "" };
    while (xml_inside(x, depth)) {
        if (x->event != XML_START || x->ns != NS_W) {
            continue;
        }
        const char *value = xml_attr(x, NS_W, "val");
        if (strcmp(x->name, "start") == 0) {
            level->start = (int32_t)xml_attr_int(x, NS_W, "val", 1);
        } else if (strcmp(x->name, "numFmt") == 0 && value) {
            const char *copy = arena_strdup(&d->arena, value);
            level->format = copy ? copy : "decimal";
        } else if (strcmp(x->name, "lvlText") == 0 && value) {
            const char *copy = arena_strdup(&d->arena, value);
            level->text = copy ? copy : "";
        } else if (strcmp(x->name, "pStyle") == 0 && value) {
            level->style = arena_strdup(&d->arena, value);
        } else if (strcmp(x->name, "lvlRestart") == 0) {
            level->restart = (int32_t)xml_attr_int(x, NS_W, "val", -1);
        } else if (strcmp(x->name, "isLgl") == 0) {
            level->legal = xml_attr_bool(x, NS_W, "val", true);
        }
    }
}

static void *grow(struct docx *d, void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    size_t more = *cap ? *cap * 2 : 16;
    void *fresh = count < DOCX_NUMBERS_MAX ? arena_array(&d->arena, more, size) : NULL;
    if (fresh) {
        if (count) {
            memcpy(fresh, items, count * size);
        }
        *cap = more;
    }
    return fresh;
}

static int read_list(struct docx *d, struct xml *x)
{
    struct docx_numbering *n = &d->numbering;
    struct docx_list *items = grow(d, n->lists, n->list_count, &n->list_cap, sizeof(*items));
    if (!items) {
        xml_skip(x);
        return 0;
    }
    n->lists = items;
    struct docx_list *list = &n->lists[n->list_count++];
    list->id = xml_attr_int(x, NS_W, "abstractNumId", -1);
    for (int i = 0; i < DOCX_LEVELS; i++) {
        list->levels[i] =
            (struct docx_level){ .start = 1, .restart = -1, .format = "none", .text = "" };
    }
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "lvl")) {
            int64_t i = xml_attr_int(x, NS_W, "ilvl", -1);
            if (i >= 0 && i < DOCX_LEVELS) {
                read_level(d, x, &list->levels[i]);
            } else {
                xml_skip(x);
            }
        } else if (xml_start(x, NS_W, "numStyleLink")) {
            const char *value = xml_attr(x, NS_W, "val");
            list->style_link = value ? arena_strdup(&d->arena, value) : NULL;
        }
    }
    return 0;
}

static int read_num(struct docx *d, struct xml *x)
{
    struct docx_numbering *n = &d->numbering;
    struct docx_num *items = grow(d, n->nums, n->num_count, &n->num_cap, sizeof(*items));
    if (!items) {
        xml_skip(x);
        return 0;
    }
    n->nums = items;
    struct docx_num *num = &n->nums[n->num_count++];
    num->id = xml_attr_int(x, NS_W, "numId", -1);
    num->list_id = -1;
    memset(num->start, -1, sizeof(num->start));
    int64_t at = -1;
    int depth = x->depth;
    while (xml_inside(x, depth)) {
        if (xml_start(x, NS_W, "abstractNumId")) {
            num->list_id = xml_attr_int(x, NS_W, "val", -1);
        } else if (xml_start(x, NS_W, "lvlOverride")) {
            at = xml_attr_int(x, NS_W, "ilvl", -1);
        } else if (xml_start(x, NS_W, "startOverride") && at >= 0 && at < DOCX_LEVELS) {
            num->start[at] = (int32_t)xml_attr_int(x, NS_W, "val", 1);
        } else if (xml_start(x, NS_W, "lvl")) {
            if (at >= 0 && at < DOCX_LEVELS &&
                (num->own[at] = arena_alloc(&d->arena, sizeof(*num->own[at])))) {
                read_level(d, x, num->own[at]);
            } else {
                xml_skip(x);
            }
        }
    }
    return 0;
}

static int by_num_id(const void *a, const void *b)
{
    const struct docx_num *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int by_list_id(const void *a, const void *b)
{
    const struct docx_list *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

int docx_numbering_load(struct docx *d)
{
    const struct opc_part *part = docx_part(d, "numbering");
    struct xml x;
    if (!part) {
        return 0;
    }
    int rc = xml_open(&x, &d->package, part, false);
    if (rc != 0) {
        return rc;
    }
    while (rc == 0 && xml_next(&x)) {
        if (xml_start(&x, NS_W, "abstractNum")) {
            rc = read_list(d, &x);
        } else if (xml_start(&x, NS_W, "num")) {
            rc = read_num(d, &x);
        }
    }
    int end = xml_close(&x);
    if (d->numbering.num_count) {
        qsort(d->numbering.nums, d->numbering.num_count, sizeof(*d->numbering.nums), by_num_id);
    }
    if (d->numbering.list_count) {
        qsort(d->numbering.lists, d->numbering.list_count, sizeof(*d->numbering.lists), by_list_id);
    }
    return rc != 0 ? rc : end;
}

static struct docx_num *find_num(struct docx *d, int64_t id)
{
    const struct docx_numbering *n = &d->numbering;
    struct docx_num key = { .id = id };
    return n->num_count ? bsearch(&key, n->nums, n->num_count, sizeof(key), by_num_id) : NULL;
}

static struct docx_list *find_list(struct docx *d, int64_t id)
{
    const struct docx_numbering *n = &d->numbering;
    size_t low = 0, high = n->list_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (n->lists[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n->list_count && n->lists[low].id == id ? &n->lists[low] : NULL;
}

static void add_letters(struct buf *b, int32_t n, char first)
{
    if (n < 1 || n > 26 * 30) {
        buf_addf(b, "%d", n);
        return;
    }
    for (int32_t i = 0; i <= (n - 1) / 26; i++) { // z, aa, bb: Word repeats the letter
        buf_add_char(b, (char)(first + (n - 1) % 26));
    }
}

static void add_roman(struct buf *b, int32_t n, bool upper)
{
    static const struct {
        int32_t value;
        const char *lower, *upper;
    } digits[] = { { 1000, "m", "M" }, { 900, "cm", "CM" }, { 500, "d", "D" }, { 400, "cd", "CD" },
        { 100, "c", "C" }, { 90, "xc", "XC" }, { 50, "l", "L" }, { 40, "xl", "XL" },
        { 10, "x", "X" }, { 9, "ix", "IX" }, { 5, "v", "V" }, { 4, "iv", "IV" }, { 1, "i", "I" } };
    if (n < 1 || n > 3999) {
        buf_addf(b, "%d", n);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
        for (; n >= digits[i].value; n -= digits[i].value) {
            buf_add_str(b, upper ? digits[i].upper : digits[i].lower);
        }
    }
}

static void add_number(struct buf *b, int32_t n, const char *format, bool legal)
{
    if (legal || strcmp(format, "decimal") == 0) {
        buf_addf(b, "%d", n);
    } else if (strcmp(format, "lowerLetter") == 0 || strcmp(format, "upperLetter") == 0) {
        add_letters(b, n, format[0] == 'l' ? 'a' : 'A');
    } else if (strcmp(format, "lowerRoman") == 0 || strcmp(format, "upperRoman") == 0) {
        add_roman(b, n, format[0] == 'u');
    } else if (strcmp(format, "decimalZero") == 0) {
        buf_addf(b, "%02d", n);
    } else if (strcmp(format, "ordinal") == 0) {
        int32_t tens = n / 10 % 10, ones = n % 10;
        const char *end = tens == 1   ? "th"
                          : ones == 1 ? "st"
                          : ones == 2 ? "nd"
                          : ones == 3 ? "rd"
                                      : "th";
        buf_addf(b, "%d%s", n, end);
    } else if (strcmp(format, "none") != 0) {
        buf_addf(b, "%d", n);
    }
}

static const struct docx_level *level_of(
    const struct docx_list *list, const struct docx_num *num, int32_t i)
{
    return num->own[i] ? num->own[i] : &list->levels[i];
}

static void count(struct docx_list *list, struct docx_num *num, int32_t level)
{
    const struct docx_level *l = level_of(list, num, level);
    if (num->start[level] >= 0 && !num->begun[level]) {
        list->counters[level] = num->start[level];
    } else if (!list->used[level]) {
        list->counters[level] = l->start;
    } else if (list->counters[level] < INT32_MAX) {
        list->counters[level]++;
    }
    num->begun[level] = list->used[level] = true;
    for (int32_t i = 0; i < level; i++) { // a level that was skipped counts as begun
        if (!list->used[i]) {
            list->counters[i] = level_of(list, num, i)->start;
            list->used[i] = true;
        }
    }
    for (int32_t i = level + 1; i < DOCX_LEVELS; i++) {
        int32_t restart = level_of(list, num, i)->restart;
        if (restart != 0 && (restart < 0 || level + 1 <= restart)) {
            list->used[i] = false;
        }
    }
}

static int32_t level_by_style(const struct docx_list *list, const struct docx_style *style)
{
    for (int32_t i = 0; style && i < DOCX_LEVELS; i++) {
        if (list->levels[i].style && strcmp(list->levels[i].style, style->id) == 0) {
            return i;
        }
    }
    return 0;
}

bool docx_number(struct docx *d, int32_t num_id, int32_t *level, const struct docx_style *style,
    struct buf *label, bool *ret_bullet)
{
    struct docx_num *num = find_num(d, num_id);
    struct docx_list *list = num ? find_list(d, num->list_id) : NULL;
    *ret_bullet = false;
    if (list && list->style_link) { // the definition stands with the num of another style
        const struct docx_style *link = docx_style_find(d, list->style_link);
        struct docx_num *other = link && link->num_id > 0 ? find_num(d, link->num_id) : NULL;
        struct docx_list *defined = other ? find_list(d, other->list_id) : NULL;
        list = defined ? defined : list;
    }
    if (!list) {
        return false;
    }
    int32_t at = *level >= 0 ? *level : level_by_style(list, style);
    at = at < DOCX_LEVELS ? at : DOCX_LEVELS - 1;
    *level = at;
    const struct docx_level *l = level_of(list, num, at);
    count(list, num, at);
    if (strcmp(l->format, "bullet") == 0) {
        *ret_bullet = true;
        return true;
    }
    for (const char *c = l->text; *c; c++) {
        int32_t other = c[1] - '1';
        if (*c != '%' || other < 0 || other >= DOCX_LEVELS) {
            buf_add_char(label, *c);
            continue;
        }
        const struct docx_level *o = level_of(list, num, other);
        add_number(label, list->used[other] || other == at ? list->counters[other] : o->start,
            o->format, l->legal);
        c++;
    }
    return true;
}

void docx_numbering_restart(struct docx *d)
{
    for (size_t i = 0; i < d->numbering.list_count; i++) {
        memset(d->numbering.lists[i].used, 0, sizeof(d->numbering.lists[i].used));
    }
    for (size_t i = 0; i < d->numbering.num_count; i++) {
        memset(d->numbering.nums[i].begun, 0, sizeof(d->numbering.nums[i].begun));
    }
}
