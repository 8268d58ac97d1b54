// SPDX-License-Identifier: AGPL-3.0-or-later
// Plain text. The lines of a file become paragraphs, list items and headings; places are line ranges, exact.
//
//   blank line            ends whatever is open
//   "- x", "1. x", "a) x" begins a list item; what follows without a blank line belongs to it
//   heading               alone at the start of a block and short: underlined with === or ---; or in capitals; or "Chapter
//                         2: …", "3.1 Title"; or a label "Daily start-up:" right above a list
//   title                 the first line, if it is short, stands alone and does not end like a sentence
//   ruler                 a line of - = * _ # ~ only: ends what is open, says nothing itself
//
// Text is kept as written, list markers too, because in a plain file they are part of what people see. When in doubt it is
// a paragraph: a heading that is none harms more than one that was missed. Paragraphs over TEXT_PIECE_AIM bytes are cut
// after a sentence that ends a line, over TEXT_PIECE_MAX anywhere between words; so no element is much longer.
#include "reader/txt_common.h"

#include "base/utf8.h"

#include <ctype.h>

enum { HEADING_LONGEST = 90, LABEL_LONGEST = 60, LIST_DEPTH_MAX = 9 };

struct txt {
    struct reader *r;
    struct section_path section;
    struct buf text; // of what is open
    enum element_kind kind; // of what is open
    int32_t first, last; // its lines; first 0: nothing is open
    int32_t indent; // of the list item that is open
    int32_t level;
    bool titled; // the place for a title has passed
};

static struct slice trimmed(struct slice s)
{
    while (s.len && (unsigned char)s.data[0] <= ' ') {
        s = slice_from(s, 1);
    }
    return text_trim_end(s);
}

static int32_t indent_of(struct slice line)
{
    int32_t n = 0;
    for (size_t i = 0; i < line.len && (line.data[i] == ' ' || line.data[i] == '\t') && n < 1000;
         i++) {
        n += line.data[i] == '\t' ? 8 : 1;
    }
    return n;
}

static int flush(struct txt *t)
{
    struct element e = { .kind = t->kind, .level = t->level };
    int rc = 0;

    if (!t->first) {
        return 0;
    }
    e.place = (struct place){ .kind = PLACE_LINES, .rows = { t->first, t->last } };
    if (t->kind == ELEMENT_HEADING) {
        section_leave(&t->section, t->level);
    }
    e.place.section = section_text(&t->section);
    e.text = buf_slice(&t->text);
    rc = reader_element(t->r, &e);
    if (t->kind == ELEMENT_HEADING) {
        section_set(&t->section, t->level, e.text);
    }
    t->first = 0;
    buf_reset(&t->text);
    return rc;
}

static void begin(struct txt *t, enum element_kind kind, int32_t level, int32_t line)
{
    t->kind = kind;
    t->level = level;
    t->first = t->last = line;
}

// Adds a line to what is open, cutting where it grows too long. A new piece carries the kind on, as a paragraph.
static int add(struct txt *t, struct slice line, int32_t number)
{
    line = text_trim_end(line);
    if (t->text.len == 0) {
        line = trimmed(line);
    }
    while (line.len) {
        if (t->text.len && t->text.len + line.len > TEXT_PIECE_AIM) {
            char end = t->text.data[t->text.len - 1];
            bool sentence = end == '.' || end == '!' || end == '?' || end == '"' || end == ':';
            if (sentence || t->text.len + line.len > TEXT_PIECE_MAX) {
                int rc = flush(t);
                if (rc != 0) {
                    return rc;
                }
                begin(t, ELEMENT_PARAGRAPH, 0, number);
            }
        }
        size_t n = line.len > TEXT_PIECE_MAX ? text_cut(line, TEXT_PIECE_MAX) : line.len;
        if (t->text.len) {
            buf_add_char(&t->text, '\n');
        }
        buf_add(&t->text, line.data, n);
        t->last = number;
        line = trimmed(slice_from(line, n));
        if (line.len) {
            int rc = flush(t);
            if (rc != 0) {
                return rc;
            }
            begin(t, ELEMENT_PARAGRAPH, 0, number);
        }
    }
    return 0;
}

static bool is_ruler(struct slice s)
{
    if (s.len < 3 || !strchr("-=*_#~^+.", s.data[0])) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != s.data[0] && s.data[i] != ' ') {
            return false;
        }
    }
    return true;
}

// An underline for a heading of that length: one character repeated, about as long.
static bool is_underline(struct slice s, size_t heading_len)
{
    return is_ruler(s) && strchr("=-~^*", s.data[0]) && memchr(s.data, ' ', s.len) == NULL &&
           s.len + 3 >= heading_len * 2 / 3 && s.len <= heading_len * 2 + 8;
}

// The length of a list marker with its space: "- ", "12. ", "a) ", "(iv) "; 0 if there is none. *ret_number: of "12.", else 1.
static size_t list_marker(struct slice s, int *ret_number)
{
    static const char *const bullets[] = { "\xE2\x80\xA2", "\xE2\x96\xAA", "\xE2\x97\xA6",
        "\xE2\x80\xA3", "\xE2\x97\x8F", "\xE2\x96\xA0", "\xC2\xB7", "\xE2\x80\x93", "\xE2\x80\x94",
        "-", "*", "+" };
    size_t i = 0, start;

    *ret_number = 1;
    for (size_t b = 0; b < ARRAY_LEN(bullets); b++) {
        size_t n = strlen(bullets[b]);
        if (slice_starts(s, bullets[b]) && s.len > n + 1 &&
            (s.data[n] == ' ' || s.data[n] == '\t')) {
            return n + 1;
        }
    }
    bool open = s.len && s.data[0] == '(';
    i = start = open ? 1 : 0;
    while (i < s.len && i < start + 3 && isdigit((unsigned char)s.data[i])) {
        i++;
    }
    if (i > start) {
        *ret_number = 0;
        for (size_t d = start; d < i; d++) {
            *ret_number = *ret_number * 10 + (s.data[d] - '0');
        }
    } else if (i < s.len && islower((unsigned char)s.data[i])) {
        while (i < s.len && i < start + 4 && strchr("ivx", s.data[i])) {
            i++;
        }
        i = i > start ? i : start + 1;
        if (i < s.len && s.data[i] == '.') {
            return 0; // "a. " and "i. " are too often the end of an abbreviation
        }
    } else {
        return 0;
    }
    bool closed = i < s.len && (s.data[i] == ')' || (s.data[i] == '.' && !open));
    return closed && i + 2 < s.len && (s.data[i + 1] == ' ' || s.data[i + 1] == '\t') ? i + 2 : 0;
}

// "GRILL OPERATION", also behind a date or a number: "2026-01-28  GRILL".
static bool in_capitals(struct slice s)
{
    size_t upper = 0, others = 0, run = 0, longest = 0;

    for (size_t i = 0; i < s.len;) {
        size_t n = 1;
        uint32_t c = utf8_decode(s.data + i, s.len - i, &n);
        bool accented =
            (c >= 0xC0 && c <= 0xDE) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F);
        bool capital = (c >= 'A' && c <= 'Z') || accented;
        if ((c >= 'a' && c <= 'z') || (c >= 0x80 && !accented)) {
            return false; // small letters, also of other scripts, or a script without case
        }
        upper += capital;
        others += !capital && c != ' ';
        run = capital ? run + 1 : 0;
        longest = run > longest ? run : longest;
        i += n;
    }
    return upper >= 3 && (upper >= others || longest >= 4);
}

// "Chapter 2", "PART IV: …", "3.1 Title"; the level, or 0.
static int numbered_heading(struct slice s)
{
    static const struct {
        const char *word;
        int level;
    } words[] = { { "part ", 1 }, { "chapter ", 1 }, { "appendix ", 1 }, { "annex ", 1 },
        { "section ", 2 }, { "article ", 2 }, { "lesson ", 2 }, { "module ", 2 }, { "unit ", 2 },
        { "step ", 3 } };
    size_t i = 0;
    int dots = 0;

    for (size_t w = 0; w < ARRAY_LEN(words); w++) {
        size_t n = strlen(words[w].word);
        if (s.len > n && slice_equal_nocase(slice_make(s.data, n), slice_of(words[w].word)) &&
            isupper((unsigned char)s.data[0])) {
            for (i = n; i < s.len && (isdigit((unsigned char)s.data[i]) ||
                                         strchr("IVXLC", s.data[i]) || s.data[i] == '.');
                 i++) {
            }
            if (i == n && isupper((unsigned char)s.data[n]) &&
                (n + 1 == s.len || strchr(":. -", s.data[n + 1]))) {
                i++; // "Appendix A"
            }
            bool ends = i == s.len || s.data[i] == ':' || s.data[i] == '.' ||
                        slice_starts(slice_from(s, i), " -") ||
                        slice_starts(slice_from(s, i), " \xE2\x80") ||
                        slice_starts(slice_from(s, i), "\xE2\x80");
            return i > n && ends ? words[w].level : 0;
        }
    }
    while (i < s.len &&
           (isdigit((unsigned char)s.data[i]) || (s.data[i] == '.' && i && s.data[i - 1] != '.'))) {
        dots += s.data[i] == '.' && i + 1 < s.len && isdigit((unsigned char)s.data[i + 1]);
        i++;
    }
    bool title = i > 0 && i < 12 && i + 2 < s.len && s.data[i] == ' ' &&
                 isupper((unsigned char)s.data[i + 1]);
    return title && dots > 0 ? dots + 1 > SECTION_LEVELS ? SECTION_LEVELS : dots + 1 : 0;
}

// The level of a heading that this line is, or 0. Only asked where a block may begin.
static int heading_level(struct slice line, struct slice next, bool next_blank)
{
    struct slice s = trimmed(line), below = trimmed(next);
    int number;

    if (s.len == 0 || s.len > HEADING_LONGEST || list_marker(s, &number)) {
        return 0;
    }
    char end = s.data[s.len - 1];
    if (!next_blank && is_underline(below, utf8_count(s)) && !is_ruler(s)) {
        return below.data[0] == '=' || below.data[0] == '*' ? 1 : 2;
    }
    if (end == ',' || end == ';') {
        return 0;
    }
    int level = numbered_heading(s);
    if (level && end != '.' && (next_blank || !islower((unsigned char)below.data[0]))) {
        return level;
    }
    if (in_capitals(s) && end != '.' && (next_blank || !in_capitals(below))) {
        return 2;
    }
    if (end == ':' && s.len <= LABEL_LONGEST && !next_blank && list_marker(below, &number)) {
        return 3;
    }
    return 0;
}

static bool is_title(struct slice line, bool next_blank)
{
    struct slice s = trimmed(line);
    int number;

    return next_blank && s.len >= 3 && s.len <= HEADING_LONGEST &&
           !strchr(".,;:", s.data[s.len - 1]) && !list_marker(s, &number) && !is_ruler(s);
}

// One line of content. *ret_used_next: the line below was an underline and is used up.
static int take_line(struct txt *t, struct slice line, int32_t number, struct slice next,
    bool next_blank, bool last, bool *ret_used_next)
{
    struct slice s = trimmed(line);
    int value, level, rc = 0;
    bool list = t->first && t->kind == ELEMENT_LIST_ITEM;
    bool first = !t->titled;

    t->titled = t->titled || !is_ruler(s);
    if (is_ruler(s)) {
        return flush(t);
    }
    level = !t->first ? heading_level(line, next, next_blank) : 0;
    if (level) {
        begin(t, ELEMENT_HEADING, level, number);
        rc = add(t, line, number);
        *ret_used_next = !next_blank && is_underline(trimmed(next), utf8_count(s));
        t->last += *ret_used_next;
        return rc ? rc : flush(t);
    }
    if (first && !last && is_title(line, next_blank)) {
        begin(t, ELEMENT_TITLE, 0, number);
        rc = add(t, line, number);
        if (rc == 0) {
            rc = reader_info_text(t->r, "title", t->text.data);
        }
        return rc ? rc : flush(t);
    }
    bool after_colon = t->text.len && t->text.data[t->text.len - 1] == ':';
    if (list_marker(s, &value) && (!t->first || list || after_colon || value <= 1)) {
        int32_t indent = indent_of(line);
        level = !list                    ? 1 + (indent >= 6)
                : indent > t->indent + 1 ? t->level + 1
                : indent + 1 < t->indent ? t->level - 1
                                         : t->level;
        rc = flush(t);
        if (rc != 0) {
            return rc;
        }
        begin(t, ELEMENT_LIST_ITEM,
            level < 1                ? 1
            : level > LIST_DEPTH_MAX ? LIST_DEPTH_MAX
                                     : level,
            number);
        t->indent = indent;
        return add(t, line, number);
    }
    if (!t->first) {
        begin(t, ELEMENT_PARAGRAPH, 0, number);
    }
    return add(t, line, number);
}

static int read_lines(struct txt *t, struct slice text)
{
    struct text_cursor c = { text, 0 };
    int64_t total = text_line_count(text);
    struct slice line, next = { NULL, 0 };
    bool more = text_line(&c, &line);
    int rc = 0;

    while (more && rc == 0) {
        int32_t number = c.line;
        bool used_next = false;
        bool has_next = text_line(&c, &next);
        bool next_blank = !has_next || text_is_blank(next);

        if (text_is_blank(line)) {
            rc = flush(t);
        } else {
            rc = take_line(t, line, number, has_next ? next : slice_make(NULL, 0), next_blank,
                c.rest.len == 0, &used_next);
        }
        if (rc == 0 && number % LINES_PER_PROGRESS == 0) {
            rc = reader_progress(t->r, number, total);
        }
        line = next;
        more = has_next;
        if (more && used_next) {
            more = text_line(&c, &line);
        }
    }
    if (rc == 0) {
        rc = flush(t);
    }
    return rc ? rc : reader_progress(t->r, total, total);
}

static int txt_check(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct slice text;
    int rc = text_load(r, true, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    if (rc == 0) {
        rc = reader_info_number(r, "lines", (double)text_line_count(text));
    }
    return rc ? error_set(err, rc, "The text could not be checked.") : 0;
}

static int txt_read(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct txt t = { .r = r };
    struct slice text;
    int rc = text_load(r, false, &store, &text);

    if (rc != 0) {
        return rc == ERR_REFUSED ? 0 : error_set(err, rc, "The text could not be read.");
    }
    section_init(&t.section);
    buf_init(&t.text, 4 * TEXT_PIECE_MAX);
    rc = read_lines(&t, text);
    buf_done(&t.text);
    section_done(&t.section);
    rc = rc ? rc : text_end(r);
    return rc ? error_set(err, rc, "The text could not be read to its end.") : 0;
}

const struct reader_format format_txt = { FORMAT_TXT, txt_check, txt_read, NULL };
