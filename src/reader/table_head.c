// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements table_head.h.
#include "reader/table_head.h"

#include <ctype.h>

enum {
    SHAPE_MAX = 24, // signs of a cell's shape
    CODE_LETTERS = 4, // a code begins with, at most
    VALUE_MAX = 32, // bytes of a quantity: "400 V, three phases"
    SENTENCE_MIN = 16, // bytes
    SAME_LEAST = 2, // cells that share a word with the first
};

// Weekdays, then months: by their first three letters, whole or short.
static const char *const series[][12] = {
    { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" },
    { "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december" },
};

static struct slice cell_at(const struct head_grid *g, size_t row, size_t col)
{
    return g->cells[row * g->cols + col];
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

static bool has_digit(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_digit(s.data[i])) {
            return true;
        }
    }
    return false;
}

static bool has_letter(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (isalpha((unsigned char)s.data[i])) {
            return true;
        }
    }
    return false;
}

static struct slice first_word(struct slice s)
{
    size_t n = 0;

    while (n < s.len && (isalnum((unsigned char)s.data[n]) || (unsigned char)s.data[n] >= 0x80)) {
        n++;
    }
    return slice_make(s.data, n);
}

static struct slice last_word(struct slice s)
{
    size_t n = s.len;

    while (
        n > 0 && (isalnum((unsigned char)s.data[n - 1]) || (unsigned char)s.data[n - 1] >= 0x80)) {
        n--;
    }
    return slice_from(s, n);
}

// 0: of none.
static size_t series_of(struct slice cell)
{
    struct slice word = first_word(cell);

    for (size_t k = 0; k < ARRAY_LEN(series); k++) {
        for (size_t i = 0; i < ARRAY_LEN(series[k]) && series[k][i]; i++) {
            struct slice name = slice_of(series[k][i]);
            bool brief = word.len == 3 && slice_equal_nocase(word, slice_make(name.data, 3));
            if (brief || slice_equal_nocase(word, name)) {
                return k + 1;
            }
        }
    }
    return 0;
}

// "IM-4402" and "HG-17" are both "a-9", "9:30 p.m." and "10:15 a.m." both "9:9 a.a.".
static size_t shape_of(struct slice s, char ret[SHAPE_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < s.len && n < SHAPE_MAX; i++) {
        unsigned char c = (unsigned char)s.data[i];
        char sign = isdigit(c) ? '9' : isalpha(c) || c >= 0x80 ? 'a' : (char)c;
        if (n == 0 || ret[n - 1] != sign) {
            ret[n++] = sign;
        }
    }
    return n;
}

static struct slice leading_letters(struct slice s)
{
    size_t n = 0;

    while (n < s.len && (isalpha((unsigned char)s.data[n]) || (unsigned char)s.data[n] >= 0x80)) {
        n++;
    }
    return slice_make(s.data, n);
}

// Of words with numbers ("Header 1", "Cell 1") only those of the same word.
static bool same_shape(struct slice a, struct slice b)
{
    char x[SHAPE_MAX], y[SHAPE_MAX];
    size_t n = shape_of(a, x);

    struct slice head = leading_letters(a), other = leading_letters(b);
    bool code =
        (head.len <= CODE_LETTERS && other.len <= CODE_LETTERS) || slice_equal_nocase(head, other);
    return code && n == shape_of(b, y) && memcmp(x, y, n) == 0;
}

// "$7.50", "175 kg", "9:30 p.m."; not "1st".
static bool is_value(struct slice s)
{
    size_t i = 0;

    if (s.len == 0 || s.len > VALUE_MAX) {
        return false;
    }
    while (i < s.len && (strchr("+-~<>$ ", s.data[i]) || (unsigned char)s.data[i] >= 0x80)) {
        i++;
    }
    bool digits = i < s.len && is_digit(s.data[i]);
    while (i < s.len && (is_digit(s.data[i]) || s.data[i] == '.' || s.data[i] == ',')) {
        i++;
    }
    struct slice unit = first_word(slice_from(s, i));
    return digits && !slice_equal_nocase(unit, SLICE_LIT("st")) &&
           !slice_equal_nocase(unit, SLICE_LIT("nd")) &&
           !slice_equal_nocase(unit, SLICE_LIT("rd")) && !slice_equal_nocase(unit, SLICE_LIT("th"));
}

static bool is_year(struct slice s)
{
    int64_t n = 0;

    return slice_to_i64(s, &n) && n >= 1900 && n <= 2100;
}

static bool is_sentence(struct slice s)
{
    return s.len >= SENTENCE_MIN && s.data[s.len - 1] == '.' && slice_find(s, SLICE_LIT(" "));
}

// What the cells below the first are like it.
struct below {
    size_t filled, series, shaped, values, numbered, begin, end, sentences;
    bool again; // the first cell's text, further down than a cell may reach that spans rows
};

static struct below look_below(const struct head_grid *g, size_t col)
{
    struct slice first = cell_at(g, 0, col), head = first_word(first), tail = last_word(first);
    bool words = head.len >= 2 && head.len < first.len && !has_digit(head);
    struct below b = { 0 };

    for (size_t r = 1; r < g->rows; r++) {
        struct slice s = cell_at(g, r, col);
        if (s.len == 0) {
            continue;
        }
        b.filled++;
        b.series += series_of(s) && series_of(s) == series_of(first);
        b.shaped += has_digit(s) && same_shape(s, first);
        b.values += is_value(s) && has_letter(s) == has_letter(first);
        b.numbered += is_value(s);
        b.begin += words && slice_equal_nocase(first_word(s), head);
        b.end += words && tail.len >= 2 && slice_equal_nocase(last_word(s), tail);
        b.sentences += is_sentence(s);
        b.again = b.again || (r > 1 && first.len > 1 && slice_equal_nocase(s, first));
    }
    return b;
}

// A column's word: 1 for data, -1 for a header, 0 for none.
static int column_says(const struct head_grid *g, size_t col)
{
    struct slice first = cell_at(g, 0, col);
    struct below b = look_below(g, col);

    if (first.len == 0 || b.filled == 0) {
        return 0;
    }
    bool alike = b.series > 0 || b.again || (is_sentence(first) && b.sentences * 2 >= b.filled) ||
                 (b.begin >= SAME_LEAST && b.begin * 10 >= b.filled * 6) ||
                 (b.end >= SAME_LEAST && b.end * 2 >= b.filled);
    bool valued = has_digit(first) && !is_year(first) &&
                  (b.shaped * 2 >= b.filled || (is_value(first) && b.values * 2 >= b.filled));
    if (alike || valued) {
        return 1;
    }
    return !has_digit(first) && b.numbered >= SAME_LEAST && b.numbered == b.filled ? -1 : 0;
}

static bool row_again(const struct head_grid *g)
{
    for (size_t r = 1; r < g->rows; r++) {
        size_t same = 0, filled = 0;
        for (size_t c = 0; c < g->cols; c++) {
            struct slice first = cell_at(g, 0, c);
            filled += first.len > 0;
            same += first.len > 0 && slice_equal_nocase(first, cell_at(g, r, c));
        }
        if (filled >= 2 && same == filled) {
            return true;
        }
    }
    return false;
}

// One quantity among words: a header of quantities ("12 oz", "16 oz") has several.
static bool holds_one_value(const struct head_grid *g)
{
    size_t values = 0, filled = 0;

    for (size_t c = 0; c < g->cols; c++) {
        struct slice first = cell_at(g, 0, c);
        filled += first.len > 0;
        values += is_value(first) && has_letter(first);
    }
    return values == 1 && filled >= 3 && !is_value(cell_at(g, 0, 0));
}

bool head_is_data(const struct head_grid *g)
{
    int data = 0, names = 0;

    if (g->rows < 2 || row_again(g)) {
        return false;
    }
    for (size_t c = 0; c < g->cols; c++) {
        int says = column_says(g, c);
        data += says > 0;
        names += says < 0;
    }
    return names == 0 ? data > 0 || holds_one_value(g) : data > names;
}

bool head_lines_are_data(struct slice lines)
{
    struct head_grid g = { .cols = HEAD_LOOK_COLUMNS };
    struct slice line;

    while (g.rows < HEAD_LOOK_ROWS && slice_cut(&lines, '\n', &line)) {
        struct slice *cells = &g.cells[g.rows++ * g.cols], one;
        for (size_t c = 0; c < g.cols && slice_cut(&line, '|', &one); c++) {
            cells[c] = slice_trim(one);
        }
    }
    return head_is_data(&g);
}
