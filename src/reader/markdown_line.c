// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements markdown_line.h.
#include "reader/markdown_line.h"

#include <ctype.h>

struct slice md_rest(const struct md_at *a)
{
    return slice_from(a->line, a->i);
}

struct slice md_content(const struct md_at *a)
{
    size_t i = a->i;
    while (i < a->line.len && (a->line.data[i] == ' ' || a->line.data[i] == '\t')) {
        i++;
    }
    return slice_from(a->line, i);
}

bool md_blank(const struct md_at *a)
{
    return slice_trim(md_rest(a)).len == 0;
}

int32_t md_indent(const struct md_at *a)
{
    int32_t n = a->pending, col = a->col;

    for (size_t i = a->i; i < a->line.len && n < 1000; i++) {
        int32_t width = a->line.data[i] == ' ' ? 1 : a->line.data[i] == '\t' ? 4 - col % 4 : 0;
        if (!width) {
            break;
        }
        n += width;
        col += width;
    }
    return n;
}

void md_eat(struct md_at *a, int32_t columns)
{
    while (columns > 0) {
        if (a->pending) {
            a->pending--;
            columns--;
        } else if (a->i < a->line.len && a->line.data[a->i] == ' ') {
            a->i++;
            a->col++;
            columns--;
        } else if (a->i < a->line.len && a->line.data[a->i] == '\t') {
            a->pending = 4 - a->col % 4;
            a->col += a->pending;
            a->i++;
        } else {
            return;
        }
    }
}

void md_skip(struct md_at *a, size_t bytes)
{
    a->i = a->i + bytes < a->line.len ? a->i + bytes : a->line.len;
    a->col += (int32_t)bytes;
    a->pending = 0;
}

static size_t run_of(struct slice s, char c)
{
    size_t n = 0;
    while (n < s.len && s.data[n] == c) {
        n++;
    }
    return n;
}

static bool is_space(struct slice s, size_t i)
{
    return i >= s.len || s.data[i] == ' ' || s.data[i] == '\t';
}

int md_atx(struct slice s, struct slice *ret_text)
{
    size_t n = run_of(s, '#');

    if (n < 1 || n > 6 || !is_space(s, n)) {
        return 0;
    }
    s = slice_trim(slice_from(s, n));
    size_t end = s.len;
    while (end > 0 && s.data[end - 1] == '#') {
        end--;
    }
    if (end < s.len && (end == 0 || is_space(s, end - 1))) {
        s = slice_trim(slice_make(s.data, end));
    }
    *ret_text = s;
    return (int)n;
}

int md_setext(struct slice s)
{
    s = slice_trim(s);
    if (s.len == 0 || (s.data[0] != '=' && s.data[0] != '-') || run_of(s, s.data[0]) != s.len) {
        return 0;
    }
    return s.data[0] == '=' ? 1 : 2;
}

bool md_thematic(struct slice s)
{
    size_t n = 0;

    if (s.len == 0 || !(s.data[0] == '*' || s.data[0] == '-' || s.data[0] == '_')) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == s.data[0]) {
            n++;
        } else if (!is_space(s, i)) {
            return false;
        }
    }
    return n >= 3;
}

size_t md_fence(struct slice s, char *ret_char)
{
    char c = s.len ? s.data[0] : 0;
    size_t n = run_of(s, c);

    if ((c != '`' && c != '~') || n < 3 || (c == '`' && memchr(s.data + n, '`', s.len - n))) {
        return 0;
    }
    *ret_char = c;
    return n;
}

bool md_fence_closes(struct slice s, char c, size_t length)
{
    size_t n = run_of(s, c);
    return n >= length && slice_trim(slice_from(s, n)).len == 0;
}

bool md_list_marker(struct slice s, struct md_marker *ret)
{
    size_t digits = 0;
    int32_t number = 0;

    if (s.len && (s.data[0] == '-' || s.data[0] == '+' || s.data[0] == '*') && is_space(s, 1)) {
        *ret = (struct md_marker){ .sign = s.data[0], .bytes = 1 };
        return true;
    }
    while (digits < s.len && digits < 9 && isdigit((unsigned char)s.data[digits])) {
        number = number * 10 + (s.data[digits++] - '0');
    }
    if (digits == 0 || digits >= s.len || (s.data[digits] != '.' && s.data[digits] != ')') ||
        !is_space(s, digits + 1)) {
        return false;
    }
    *ret = (struct md_marker){
        .ordered = true, .sign = s.data[digits], .number = number, .bytes = digits + 1
    };
    return true;
}

static bool tag_in(struct slice name, const char *list)
{
    struct slice rest = slice_of(list), one;
    while (slice_cut(&rest, ' ', &one)) {
        if (slice_equal_nocase(one, name)) {
            return true;
        }
    }
    return false;
}

static const char block_tags[] =
    "address article aside base basefont blockquote body caption center col colgroup dd details "
    "dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 "
    "head header hr html iframe "
    "legend li link main menu menuitem nav noframes ol optgroup option p param search section "
    "summary table tbody td tfoot "
    "th thead title tr track ul";

// A whole opening or closing tag with nothing but white space behind it.
static bool lone_tag(struct slice s)
{
    size_t i = s.len > 1 && s.data[1] == '/' ? 2 : 1;
    char quote = 0;

    if (i >= s.len || !isalpha((unsigned char)s.data[i])) {
        return false;
    }
    while (i < s.len && (isalnum((unsigned char)s.data[i]) || s.data[i] == '-')) {
        i++;
    }
    if (i < s.len && !is_space(s, i) && s.data[i] != '>' && s.data[i] != '/') {
        return false; // "<https://…>" is a link
    }
    for (; i < s.len; i++) {
        char c = s.data[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return slice_trim(slice_from(s, i + 1)).len == 0;
        } else if (c == '<') {
            return false;
        }
    }
    return false;
}

int md_html_starts(struct slice s, bool in_paragraph)
{
    size_t n = 1, start;

    if (s.len < 2 || s.data[0] != '<') {
        return 0;
    }
    if (slice_starts(s, "<!--")) {
        return 2;
    }
    if (s.data[1] == '?') {
        return 3;
    }
    if (slice_starts(s, "<![CDATA[")) {
        return 5;
    }
    if (s.data[1] == '!') {
        return s.len > 2 && isalpha((unsigned char)s.data[2]) ? 4 : 0;
    }
    n = start = s.data[1] == '/' ? 2 : 1;
    while (n < s.len && isalnum((unsigned char)s.data[n])) {
        n++;
    }
    struct slice name = slice_make(s.data + start, n - start);
    bool ends = is_space(s, n) || s.data[n] == '>' || slice_starts(slice_from(s, n), "/>");
    if (start == 1 && ends && tag_in(name, "script pre style textarea")) {
        return 1;
    }
    if (ends && tag_in(name, block_tags)) {
        return 6;
    }
    return !in_paragraph && lone_tag(s) ? 7 : 0;
}

static bool holds_nocase(struct slice s, const char *what)
{
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= s.len; i++) {
        if (slice_equal_nocase(slice_make(s.data + i, n), slice_make(what, n))) {
            return true;
        }
    }
    return false;
}

bool md_html_ends(struct slice s, int kind)
{
    switch (kind) {
    case 1:
        return holds_nocase(s, "</script>") || holds_nocase(s, "</pre>") ||
               holds_nocase(s, "</style>") || holds_nocase(s, "</textarea>");
    case 2:
        return slice_find(s, SLICE_LIT("-->")) != NULL;
    case 3:
        return slice_find(s, SLICE_LIT("?>")) != NULL;
    case 4:
        return s.len && memchr(s.data, '>', s.len) != NULL;
    case 5:
        return slice_find(s, SLICE_LIT("]]>")) != NULL;
    default:
        return false;
    }
}

size_t md_table_cells(struct slice s)
{
    size_t cells = 1;

    s = slice_trim(s);
    if (s.len && s.data[0] == '|') {
        s = slice_from(s, 1);
    }
    if (s.len && s.data[s.len - 1] == '|' && !(s.len > 1 && s.data[s.len - 2] == '\\')) {
        s.len--;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '\\') {
            i++;
        } else if (s.data[i] == '|') {
            cells++;
        }
    }
    return cells;
}

size_t md_table_delimiter(struct slice s)
{
    size_t columns = 0;
    struct slice rest, cell;

    s = slice_trim(s);
    if (s.len == 0 || !strchr("|-:", s.data[0]) || !memchr(s.data, '-', s.len)) {
        return 0;
    }
    rest = s.data[0] == '|' ? slice_from(s, 1) : s;
    if (rest.len && rest.data[rest.len - 1] == '|') {
        rest.len--;
    }
    while (slice_cut(&rest, '|', &cell)) {
        cell = slice_trim(cell);
        size_t i = cell.len && cell.data[0] == ':', dashes = run_of(slice_from(cell, i), '-');
        i += dashes;
        i += i < cell.len && cell.data[i] == ':';
        if (dashes == 0 || i != cell.len) {
            return 0;
        }
        columns++;
    }
    return columns;
}
