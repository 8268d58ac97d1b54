// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements csv_parse.h. The guess follows the idea of "CleverCSV" (van den Burg, Nazábal, Sutton 2019): the dialect under
// which rows are alike and cells look like data wins.
#include "reader/csv_parse.h"

#include "reader/csv_table.h"

#include <stdlib.h>

enum { SAMPLE_BYTES = 64 << 10, SAMPLE_RECORDS = 200 };

void csv_init(struct csv *c, struct slice text, struct csv_dialect d)
{
    *c = (struct csv){ .rest = text, .dialect = d };
    buf_init(&c->bytes, CSV_RECORD_MAX);
    c->fields = xalloc(CSV_FIELDS_MAX * sizeof(*c->fields));
}

void csv_done(struct csv *c)
{
    free(c->fields);
    buf_done(&c->bytes);
    c->fields = NULL;
}

// The position right after a quoted field that begins at s[0] == quote, unescaped into c->bytes; 0: it has no end.
static size_t quoted(struct csv *c, struct slice s)
{
    size_t start = c->bytes.len;
    size_t max = s.len < CSV_QUOTED_MAX ? s.len : CSV_QUOTED_MAX;
    char quote = c->dialect.quote;

    for (size_t i = 1; i < max;) {
        size_t from = i;
        while (i < max && s.data[i] != quote && !(c->dialect.backslash && s.data[i] == '\\')) {
            i++;
        }
        buf_add(&c->bytes, s.data + from, i - from);
        if (i >= max) {
            break;
        }
        if (s.data[i] == '\\') {
            if (i + 1 < max && (s.data[i + 1] == quote || s.data[i + 1] == '\\')) {
                i++;
            }
            buf_add_char(&c->bytes, s.data[i++]);
        } else if (i + 1 < s.len && s.data[i + 1] == quote) {
            buf_add_char(&c->bytes, quote);
            i += 2;
        } else {
            return i + 1;
        }
    }
    c->bytes.len = start;
    return 0;
}

static void add_field(struct csv *c, size_t at, bool was_quoted)
{
    if (c->count == CSV_FIELDS_MAX) {
        c->dropped++;
        c->bytes.len = at;
        return;
    }
    c->fields[c->count++] = (struct csv_field){ at, c->bytes.len - at, was_quoted };
}

bool csv_next(struct csv *c)
{
    struct slice s = c->rest;
    size_t i = 0;

    buf_reset(&c->bytes);
    c->count = 0;
    if (s.len == 0) {
        return false;
    }
    c->record += c->record < INT32_MAX;
    for (;;) {
        size_t at = c->bytes.len, lead = i, end = 0;
        bool was_quoted = false;
        while (c->dialect.quote && lead < s.len && s.data[lead] == ' ') {
            lead++;
        }
        if (c->dialect.quote && lead < s.len && s.data[lead] == c->dialect.quote) {
            end = quoted(c, slice_from(s, lead));
            if (end) {
                was_quoted = true;
                i = lead + end;
            } else if (++c->stray >= CSV_STRAY_QUOTES_MAX) {
                c->dialect.quote = 0;
            }
        }
        size_t from = i;
        while (i < s.len && s.data[i] != c->dialect.delimiter && s.data[i] != '\n' &&
               s.data[i] != '\r') {
            i++;
        }
        if (!was_quoted) {
            buf_add(&c->bytes, s.data + from, i - from);
        } else if (slice_trim(slice_make(s.data + from, i - from)).len) {
            buf_add(&c->bytes, s.data + from, i - from);
            c->junk++;
        }
        if (!buf_ok(&c->bytes)) {
            return false;
        }
        add_field(c, at, was_quoted);
        if (i >= s.len) {
            break;
        }
        if (s.data[i] == c->dialect.delimiter) {
            i++;
            if (i < s.len) {
                continue;
            }
            add_field(
                c, c->bytes.len, false); // a delimiter at the very end opens one more, empty field
            break;
        }
        i += s.data[i] == '\r' && i + 1 < s.len && s.data[i + 1] == '\n' ? 2 : 1;
        break;
    }
    c->rest = slice_from(s, i);
    return true;
}

struct pattern {
    size_t fields, rows;
};

// How well the sample fits a dialect; 0 when it makes one column only.
static double score(struct slice sample, struct csv_dialect d, bool whole)
{
    struct csv c;
    struct pattern seen[32];
    size_t patterns = 0, rows = 0, cells = 0, typed = 0;
    double fit = 0;

    csv_init(&c, sample, d);
    while (rows < SAMPLE_RECORDS && csv_next(&c)) {
        if (c.count == 1 && c.fields[0].len == 0) {
            continue;
        }
        if (c.rest.len == 0 && !whole && rows > 0) {
            break; // the sample may end inside this one
        }
        size_t k = 0;
        while (k < patterns && seen[k].fields != c.count) {
            k++;
        }
        if (k == patterns && patterns < ARRAY_LEN(seen)) {
            seen[patterns++] = (struct pattern){ c.count, 0 };
        }
        if (k < ARRAY_LEN(seen)) {
            seen[k].rows++;
        }
        rows++;
        for (size_t i = 0; i < c.count; i++) {
            struct slice s = slice_trim(csv_field_text(&c, i));
            bool rival =
                false; // an unquoted cell that still holds another delimiter looks cut wrongly
            for (size_t b = 0; b < s.len && !c.fields[i].quoted && !rival; b++) {
                rival = s.data[b] == ';' || s.data[b] == '\t' || s.data[b] == '|' ||
                        (s.data[b] == ',' && b + 1 < s.len && s.data[b + 1] != ' ');
            }
            cells++;
            typed += csv_table_cell_kind(s) != CELL_TEXT || (!rival && s.len <= 200);
        }
    }
    for (size_t k = 0; k < patterns; k++) {
        double n = (double)seen[k].fields;
        fit += (double)seen[k].rows * (n - 1) / n;
    }
    double bad = (double)(c.stray + c.junk);
    csv_done(&c);
    if (rows == 0 || cells == 0) {
        return 0;
    }
    fit = fit / (double)patterns * ((double)typed / (double)cells);
    return fit / (1 + bad / (double)rows);
}

struct csv_dialect csv_guess(struct slice text, size_t *ret_skip)
{
    static const char delimiters[] = { ',', ';', '\t', '|', ':' };
    static const double trust[] = { 1.0, 1.0, 1.0, 0.98,
        0.5 }; // a colon stands in times and addresses
    struct csv_dialect best = { ',', '"', false };
    double best_score = 0;
    bool whole = text.len <= SAMPLE_BYTES;

    *ret_skip = 0;
    if (text.len > 6 && slice_equal_nocase(slice_make(text.data, 4), SLICE_LIT("sep=")) &&
        strchr(",;\t|:", text.data[4]) && text.data[4] &&
        (text.data[5] == '\r' || text.data[5] == '\n')) {
        best.delimiter = text.data[4];
        *ret_skip = 6 + (text.data[5] == '\r' && text.data[6] == '\n');
        return best;
    }
    struct slice sample = slice_make(text.data, whole ? text.len : SAMPLE_BYTES);
    bool backslashes = slice_find(sample, SLICE_LIT("\\\"")) != NULL;
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++) {
        if (!memchr(sample.data, delimiters[i], sample.len)) {
            continue;
        }
        for (int b = 0; b <= (backslashes ? 1 : 0); b++) {
            struct csv_dialect d = { delimiters[i], '"', b == 1 };
            double s = score(sample, d, whole) * trust[i];
            if (s > best_score * 1.000001) {
                best = d;
                best_score = s;
            }
        }
    }
    return best;
}
