// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements rows.h.
#include "assist/rows.h"
#include "base/buf.h"

#include <ctype.h>

enum { WORDS_BYTES_MAX = 16 * 1024 };

// A Markdown row stands between bars; in other formats a bar in front means a blank cell.
static bool between_bars(struct slice text)
{
    return text.len > 1 && text.data[0] == '|' && text.data[text.len - 1] == '|';
}

static struct slice without_bars(struct slice text)
{
    text = slice_trim(text);
    return between_bars(text) ? slice_make(text.data + 1, text.len - 2) : text;
}

static struct slice without_emphasis(struct slice cell)
{
    while (cell.len >= 4 && (cell.data[0] == '*' || cell.data[0] == '_') &&
           cell.data[1] == cell.data[0] && cell.data[cell.len - 1] == cell.data[0] &&
           cell.data[cell.len - 2] == cell.data[0]) {
        cell = slice_make(cell.data + 2, cell.len - 4);
    }
    return cell;
}

// "3/7/2026 (46088)": without what stands in brackets, if both hold digits and the second nothing else.
static struct slice without_bare_number(struct slice cell)
{
    size_t i = cell.len > 2 && cell.data[cell.len - 1] == ')' ? cell.len - 1 : 0;
    bool shown = false;

    while (i > 0 && (isdigit((unsigned char)cell.data[i - 1]) || cell.data[i - 1] == '.' ||
                        cell.data[i - 1] == '-')) {
        i--;
    }
    if (i < 3 || i + 1 >= cell.len || cell.data[i - 1] != '(' || cell.data[i - 2] != ' ') {
        return cell;
    }
    for (size_t n = 0; n < i - 2; n++) {
        shown = shown || isdigit((unsigned char)cell.data[n]);
    }
    return shown ? slice_trim(slice_make(cell.data, i - 2)) : cell;
}

static bool says_something(struct slice cell)
{
    for (size_t i = 0; i < cell.len; i++) {
        unsigned char c = (unsigned char)cell.data[i];
        if (isalnum(c) || c >= 0x80) {
            return true;
        }
    }
    return false;
}

static size_t cut(struct slice text, struct slice cells[ROW_CELLS_MAX])
{
    size_t n = 0;
    struct slice cell;

    while (n < ROW_CELLS_MAX && slice_cut(&text, '|', &cell)) {
        cells[n++] = slice_trim(cell);
    }
    return n;
}

void row_cut(struct slice header, struct slice line, bool sheet, struct row *ret)
{
    bool bars = between_bars(header);

    memset(ret, 0, sizeof(*ret));
    size_t names = cut(bars ? without_bars(header) : header, ret->names);
    size_t values = cut(bars ? without_bars(line) : line, ret->values);
    ret->count = names > values ? names : values;
    for (size_t i = 0; i < values; i++) {
        struct slice v = without_emphasis(ret->values[i]);
        v = sheet ? without_bare_number(v) : v;
        ret->values[i] = says_something(v) ? v : slice_make(NULL, 0);
    }
}

size_t row_key(const struct row *r)
{
    size_t i = 0;

    while (i < r->count && r->values[i].len == 0) {
        i++;
    }
    return i;
}

static size_t last_value(const struct row *r)
{
    size_t i = r->count;

    while (i > 0 && r->values[i - 1].len == 0) {
        i--;
    }
    return i > 0 ? i - 1 : 0;
}

struct slice row_words(struct arena *a, const struct row *r, const bool *named, bool only)
{
    AUTO_BUF b = BUF_INIT(WORDS_BYTES_MAX);
    size_t key = row_key(r);

    for (size_t i = 0; i < r->count; i++) {
        bool wanted = named && named[i];
        bool spans = r->count > 2 && i == key && last_value(r) == key && key > 0; // all columns
        bool told = r->values[i].len ? !only || wanted || i == key : wanted && r->names[i].len;
        struct slice name = spans ? slice_make(NULL, 0) : r->names[i];
        if (told) {
            buf_addf(&b, "%s" SLICE_FMT "%s" SLICE_FMT, b.len ? "; " : "", SLICE_ARG(name),
                name.len ? ": " : "",
                SLICE_ARG(r->values[i].len ? r->values[i] : SLICE_LIT("(empty)")));
        }
    }
    return arena_slice(a, buf_slice(&b));
}
