// SPDX-License-Identifier: AGPL-3.0-or-later
// Markdown: the block structure of CommonMark 0.30 with GitHub's tables, front matter and footnotes, line by line. Inline
// marks are not interpreted: the text of an element is the source as written (without the marks of its own block: #, >,
// bullets), so that what somebody remembers from the file, links and raw HTML included, is found; the Markdown is the
// source's lines. md4c was weighed: it drops link definitions and the ends of links, so places and text would not be exact.
//
//   for each line:  match the open containers (quote marks, indentation of list items)
//                   → a fence or HTML block that is open takes the line
//                   → else new containers and leaves begin, or the paragraph goes on (also lazily)
//
// Every line that is not blank, a ruler, a fence or a table's second line ends up in exactly one element. Places are line
// ranges and the path of headings. Ordered items keep their number ("3." is what people cite), bullets are dropped.
// Elements are cut at about TEXT_PIECE_AIM bytes between lines. Limits: CONTAINERS_MAX deep (deeper marks are text).
#include "reader/markdown_line.h"
#include "reader/txt_common.h"

#include "base/utf8.h"

enum { CONTAINERS_MAX = 32, FRONT_MATTER_LINES = 300 };

enum leaf { LEAF_NONE, LEAF_PARAGRAPH, LEAF_CODE, LEAF_FENCE, LEAF_HTML, LEAF_TABLE };

struct container {
    bool item; // a list item, else a quote
    int32_t content; // columns from the container's start to its text
    bool used; // something of it was reported as the item itself
    bool empty; // began with a blank line and has nothing yet
    char marker[16]; // "12." of an ordered item, else ""
};

struct markdown {
    struct reader *r;
    struct section_path section;
    struct container open[CONTAINERS_MAX];
    int depth;
    enum leaf leaf;
    struct buf text, source; // of the leaf
    int32_t first, last; // its lines; 0: none yet
    char fence; // of LEAF_FENCE
    size_t fence_length;
    int32_t fence_indent;
    int html; // kind of LEAF_HTML
    struct buf table_head; // header and delimiter lines of LEAF_TABLE, as source
    struct buf table_header; // the header row as text
    bool head_open; // the piece of LEAF_TABLE that is open begins with its head
    size_t row_start; // in text: where the paragraph's last line begins
    size_t source_start; // the same in source
    bool titled;
};

static bool starts_footnote(struct slice s)
{
    const char *end = slice_starts(s, "[^") ? memchr(s.data, ']', s.len) : NULL;
    return end && end + 1 < s.data + s.len && end[1] == ':';
}

static int list_level(const struct markdown *m)
{
    int level = 0;
    for (int i = 0; i < m->depth; i++) {
        level += m->open[i].item;
    }
    return level;
}

// Reports what the leaf holds so far; the leaf stays open (a piece of it follows).
static int emit_piece(struct markdown *m)
{
    AUTO_BUF whole = BUF_INIT(1 << 20);
    struct container *in = m->depth ? &m->open[m->depth - 1] : NULL;
    struct element e = { .kind = ELEMENT_PARAGRAPH };
    int rc;

    if (!m->first) {
        return 0;
    }
    e.text = text_trim_end(buf_slice(&m->text));
    e.markdown = text_trim_end(buf_slice(&m->source));
    e.place = (struct place){
        .kind = PLACE_LINES, .rows = { m->first, m->last }, .section = section_text(&m->section)
    };
    switch (m->leaf) {
    case LEAF_CODE:
    case LEAF_FENCE:
        e.kind = ELEMENT_CODE;
        break;
    case LEAF_TABLE:
        e.kind = ELEMENT_TABLE;
        e.header = buf_slice(&m->table_header);
        if (!m->head_open) { // a later piece: give it the head, so that it too shows as a table
            buf_add_slice(&whole, buf_slice(&m->table_head));
        }
        buf_add_slice(&whole, e.markdown);
        e.markdown = buf_slice(&whole);
        break;
    case LEAF_HTML:
        e.flags = m->html == 2 ? ELEMENT_HIDDEN : 0; // a comment
        break;
    default:
        if (in && in->item && !in->used) {
            e.kind = ELEMENT_LIST_ITEM;
            e.level = list_level(m);
        } else if (starts_footnote(e.text)) {
            e.kind = ELEMENT_NOTE;
        }
    }
    if (in && in->item) {
        if (!in->used && in->marker[0]) {
            buf_reset(&whole);
            buf_addf(&whole, "%s ", in->marker);
            buf_add_slice(&whole, e.text);
            e.text = m->leaf == LEAF_PARAGRAPH ? buf_slice(&whole) : e.text;
        }
        in->used = true;
    }
    rc = reader_element(m->r, &e);
    m->first = 0;
    buf_reset(&m->text);
    buf_reset(&m->source);
    m->row_start = m->source_start = 0;
    m->head_open = false;
    return rc;
}

static int close_leaf(struct markdown *m)
{
    int rc = emit_piece(m);
    m->leaf = LEAF_NONE;
    return rc;
}

static int close_to(struct markdown *m, int depth)
{
    int rc = m->depth > depth ? close_leaf(m) : 0;
    m->depth = m->depth > depth ? depth : m->depth;
    return rc;
}

// Adds a line's text to the leaf; `raw` is the line as it stands in the file.
static int add_line(struct markdown *m, struct slice text, struct slice raw, int32_t number)
{
    text = text_trim_end(text);
    raw = text_trim_end(raw);
    if (m->text.len && m->text.len + text.len > TEXT_PIECE_AIM) {
        char end = m->text.data[m->text.len - 1];
        bool good =
            m->leaf != LEAF_PARAGRAPH || end == '.' || end == '!' || end == '?' || end == ':';
        if (good || m->text.len + text.len > TEXT_PIECE_MAX) {
            int rc = emit_piece(m);
            if (rc != 0) {
                return rc;
            }
        }
    }
    while (text.len > TEXT_PIECE_MAX) { // one line alone is too long: its pieces share its number
        size_t n = text_cut(text, TEXT_PIECE_MAX);
        buf_add(&m->text, text.data, n);
        buf_add(&m->source, text.data, n);
        m->first = m->first ? m->first : number;
        m->last = number;
        int rc = emit_piece(m);
        if (rc != 0) {
            return rc;
        }
        raw = text = slice_trim(slice_from(text, n));
    }
    if (m->text.len) {
        buf_add_char(&m->text, '\n');
    }
    if (m->source.len) {
        buf_add_char(&m->source, '\n');
    }
    m->first = m->first ? m->first : number;
    m->last = number;
    m->row_start = m->text.len;
    m->source_start = m->source.len;
    buf_add_slice(&m->text, text);
    buf_add_slice(&m->source, raw);
    return 0;
}

static int heading(struct markdown *m, int level, struct slice text, struct slice source,
    int32_t first, int32_t last)
{
    struct element e = {
        .kind = ELEMENT_HEADING, .level = level, .text = text, .markdown = source
    };
    int rc;

    section_leave(&m->section, level);
    e.place = (struct place){
        .kind = PLACE_LINES, .rows = { first, last }, .section = section_text(&m->section)
    };
    rc = reader_element(m->r, &e);
    section_set(&m->section, level, text);
    if (rc == 0 && !m->titled && level == 1 && text.len) {
        AUTO_FREE char *title = xstrndup(text.data, text.len < 1000 ? text.len : 1000);
        for (char *c = title; *c; c++) {
            *c = *c == '\n' ? ' ' : *c;
        }
        rc = reader_info_text(m->r, "title", title);
        m->titled = true;
    }
    return rc;
}

// "| a |  b|" as it stands, runs of white space made one.
static void add_row(struct buf *b, struct slice s)
{
    s = slice_trim(s);
    for (size_t i = 0; i < s.len; i++) {
        bool space = s.data[i] == ' ' || s.data[i] == '\t';
        if (!space || (i > 0 && s.data[i - 1] != ' ' && s.data[i - 1] != '\t')) {
            buf_add_char(b, space ? ' ' : s.data[i]);
        }
    }
}

// The paragraph's last line and this one turn out to be the head of a table.
static int begin_table(struct markdown *m, struct slice raw, int32_t number)
{
    AUTO_BUF head = BUF_INIT(1 << 20);
    AUTO_BUF head_source = BUF_INIT(1 << 20);
    int rc = 0;

    buf_add_slice(&head, slice_from(buf_slice(&m->text), m->row_start));
    buf_add_slice(&head_source, slice_from(buf_slice(&m->source), m->source_start));
    if (m->row_start > 0) { // lines above the head stay a paragraph
        m->text.len = m->row_start - 1;
        m->source.len = m->source_start - 1;
        m->text.data[m->text.len] = m->source.data[m->source.len] = '\0';
        m->last--;
        rc = emit_piece(m);
    }
    m->leaf = LEAF_TABLE;
    buf_reset(&m->text);
    buf_reset(&m->source);
    buf_reset(&m->table_header);
    buf_reset(&m->table_head);
    add_row(&m->table_header, buf_slice(&head));
    buf_add_slice(&m->table_head, slice_trim(buf_slice(&head)));
    buf_add_char(&m->table_head, '\n');
    buf_add_slice(&m->table_head, slice_trim(raw));
    buf_add_char(&m->table_head, '\n');
    buf_add_slice(&m->text, buf_slice(&m->table_header));
    buf_add_slice(&m->source, buf_slice(&head_source));
    buf_add_char(&m->source, '\n');
    buf_add_slice(&m->source, text_trim_end(raw));
    m->first = number - 1;
    m->last = number;
    m->head_open = true;
    return rc;
}

static int table_line(struct markdown *m, struct slice content, struct slice raw, int32_t number)
{
    AUTO_BUF row = BUF_INIT(1 << 20);

    add_row(&row, content.len < (1 << 19) ? content : slice_make(content.data, 1 << 19));
    return add_line(m, buf_slice(&row), raw, number);
}

// Matches the line against the open containers; the number of those that it continues.
static int match(struct markdown *m, struct md_at *at)
{
    int k = 0;

    for (; k < m->depth; k++) {
        struct container *c = &m->open[k];
        if (c->item) {
            if (md_blank(at)) {
                if (c->empty) {
                    break; // an item may begin with one blank line, not with two
                }
                continue;
            }
            if (md_indent(at) < c->content) {
                break;
            }
            md_eat(at, c->content);
        } else {
            struct slice s = md_content(at);
            if (md_indent(at) > 3 || s.len == 0 || s.data[0] != '>') {
                break;
            }
            md_eat(at, md_indent(at));
            md_skip(at, 1);
            md_eat(at, 1);
        }
    }
    return k;
}

// Whether the line under a paragraph makes its last line the head of a table.
static size_t heads_table(const struct markdown *m, struct slice s)
{
    size_t columns = md_table_delimiter(s);
    bool fits = columns && memchr(s.data, '|', s.len) &&
                columns == md_table_cells(slice_from(buf_slice(&m->text), m->row_start));
    return fits ? columns : 0;
}

// Opens a quote or an item at the position, if one begins there. matched: containers of the line so far.
static bool open_container(
    struct markdown *m, struct md_at *at, bool in_paragraph, int *ret_rc, int *matched)
{
    struct slice s = md_content(at);
    struct container c = { .item = false };
    struct md_marker marker;
    int32_t indent = md_indent(at);

    if (indent > 3 || s.len == 0 || *matched >= CONTAINERS_MAX) {
        return false;
    }
    if (s.data[0] == '>') {
        *ret_rc = close_to(m, *matched);
        *ret_rc = *ret_rc ? *ret_rc : close_leaf(m);
        md_eat(at, indent);
        md_skip(at, 1);
        md_eat(at, 1);
    } else if (!md_thematic(s) && md_list_marker(s, &marker) &&
               !(in_paragraph && heads_table(m, s))) {
        bool blank = slice_trim(slice_from(s, marker.bytes)).len == 0;
        if (in_paragraph && (blank || (marker.ordered && marker.number != 1))) {
            return false;
        }
        *ret_rc = close_to(m, *matched);
        *ret_rc = *ret_rc ? *ret_rc : close_leaf(m);
        md_eat(at, indent);
        md_skip(at, marker.bytes);
        int32_t spaces = md_indent(at);
        spaces = blank || spaces > 4 ? 1 : spaces;
        c = (struct container){
            .item = true, .content = indent + (int32_t)marker.bytes + spaces, .empty = blank
        };
        if (marker.ordered) {
            memcpy(c.marker, s.data,
                marker.bytes < sizeof(c.marker) - 1 ? marker.bytes : sizeof(c.marker) - 1);
        }
        md_eat(at, spaces);
    } else {
        return false;
    }
    m->open[m->depth++] = c;
    *matched = m->depth;
    return true;
}

// A line inside an open fence or HTML block; true if it was taken.
static bool take_verbatim(struct markdown *m, struct md_at *at, int32_t number, int *ret_rc)
{
    struct slice s = md_content(at);

    if (m->leaf == LEAF_FENCE) {
        if (md_indent(at) <= 3 && md_fence_closes(s, m->fence, m->fence_length)) {
            m->last = number;
            buf_add_char(&m->source, '\n');
            buf_add_slice(&m->source, text_trim_end(at->line));
            *ret_rc = close_leaf(m);
            return true;
        }
        int32_t indent = md_indent(at);
        md_eat(at, indent < m->fence_indent ? indent : m->fence_indent);
        *ret_rc = add_line(m, md_rest(at), at->line, number);
        return true;
    }
    if (m->leaf == LEAF_HTML) {
        if (m->html >= 6 && md_blank(at)) {
            *ret_rc = close_leaf(m);
            return true;
        }
        *ret_rc = add_line(m, md_rest(at), at->line, number);
        if (*ret_rc == 0 && md_html_ends(s, m->html)) {
            *ret_rc = close_leaf(m);
        }
        return true;
    }
    return false;
}

// A leaf that begins at the position and is not a paragraph; true if the line was used.
static bool begin_leaf(
    struct markdown *m, struct md_at *at, bool in_paragraph, int32_t number, int *ret_rc)
{
    struct slice s = md_content(at), text;
    int level = md_atx(s, &text), html;
    char fence;
    size_t length = md_fence(s, &fence);

    if (level) {
        *ret_rc = close_leaf(m);
        *ret_rc = *ret_rc ? *ret_rc : heading(m, level, text, slice_trim(at->line), number, number);
        return true;
    }
    if (length) {
        *ret_rc = close_leaf(m);
        m->leaf = LEAF_FENCE;
        m->fence = fence;
        m->fence_length = length;
        m->fence_indent = md_indent(at);
        m->first = m->last = number;
        buf_add_slice(&m->source, text_trim_end(at->line));
        return true;
    }
    if (md_thematic(s)) {
        *ret_rc = close_leaf(m);
        return true;
    }
    html = md_html_starts(s, in_paragraph);
    if (html) {
        *ret_rc = close_leaf(m);
        m->leaf = LEAF_HTML;
        m->html = html;
        *ret_rc = *ret_rc ? *ret_rc : add_line(m, md_rest(at), at->line, number);
        if (*ret_rc == 0 && md_html_ends(slice_from(s, html == 2 ? 4 : 1), html)) {
            *ret_rc = close_leaf(m);
        }
        return true;
    }
    return false;
}

static int blank_line(struct markdown *m, int matched)
{
    int rc = 0;

    for (int i = matched; i < m->depth && rc == 0; i++) {
        if (!m->open[i].item || m->open[i].empty) { // a quote ends with a line that lacks its mark
            rc = close_to(m, i);
        }
    }
    if (rc == 0 && m->leaf == LEAF_CODE && m->first) {
        buf_add_char(&m->text, '\n'); // inside indented code; trimmed off if it was the end
        buf_add_char(&m->source, '\n');
        return 0;
    }
    return rc ? rc : close_leaf(m);
}

// The text of a line after its containers: code, setext underline, table, or paragraph.
static int text_line_of(struct markdown *m, struct md_at *at, int32_t number)
{
    struct slice s = md_content(at);
    int rc = 0, level;

    if (m->leaf == LEAF_PARAGRAPH && m->first) {
        level = md_indent(at) <= 3 ? md_setext(s) : 0;
        if (level) {
            AUTO_BUF text = BUF_INIT(1 << 20);
            AUTO_BUF source = BUF_INIT(1 << 20);
            int32_t first = m->first;
            buf_add_slice(&text, buf_slice(&m->text));
            buf_add_slice(&source, buf_slice(&m->source));
            buf_addf(&source, "\n" SLICE_FMT, SLICE_ARG(text_trim_end(at->line)));
            buf_reset(&m->text);
            buf_reset(&m->source);
            m->first = 0;
            m->leaf = LEAF_NONE;
            return heading(m, level, buf_slice(&text), buf_slice(&source), first, number);
        }
        if (heads_table(m, s)) {
            return begin_table(m, at->line, number);
        }
    }
    if (m->leaf == LEAF_TABLE) {
        return table_line(m, s, at->line, number);
    }
    if (m->leaf != LEAF_PARAGRAPH && md_indent(at) >= 4) {
        if (m->leaf != LEAF_CODE) {
            rc = close_leaf(m);
            m->leaf = LEAF_CODE;
        }
        md_eat(at, 4);
        return rc ? rc : add_line(m, md_rest(at), at->line, number);
    }
    if (m->leaf != LEAF_PARAGRAPH) {
        rc = close_leaf(m);
        m->leaf = LEAF_PARAGRAPH;
    }
    return rc ? rc : add_line(m, s, at->line, number);
}

static int take_line(struct markdown *m, struct slice line, int32_t number)
{
    struct md_at at = { line, 0, 0, 0 };
    int matched = match(m, &at), rc = 0;

    if (matched == m->depth && take_verbatim(m, &at, number, &rc)) {
        return rc;
    }
    if (m->leaf == LEAF_FENCE || m->leaf == LEAF_HTML) { // its container ended without it
        rc = md_blank(&at) ? 0 : close_to(m, matched);
        if (rc != 0) {
            return rc;
        }
    }
    if (md_blank(&at)) {
        return blank_line(m, matched);
    }
    bool was_paragraph = m->leaf == LEAF_PARAGRAPH && m->first;
    bool in_paragraph = was_paragraph && matched == m->depth;
    while (rc == 0 && open_container(m, &at, in_paragraph, &rc, &matched)) {
        in_paragraph = was_paragraph = false;
        if (md_blank(&at)) {
            return rc;
        }
    }
    if (rc != 0) {
        return rc;
    }
    if (matched > 0) {
        m->open[matched - 1].empty = false;
    }
    bool code = md_indent(&at) >= 4 && !was_paragraph;
    if (!code && md_indent(&at) <= 3) {
        struct slice s = md_content(&at);
        bool underline = in_paragraph && md_setext(s);
        char fence;
        struct slice text;
        bool leaf = md_atx(s, &text) || md_fence(s, &fence) || md_thematic(s) ||
                    md_html_starts(s, was_paragraph);
        if (leaf && !underline) {
            rc = close_to(m, matched);
            if (rc == 0 && begin_leaf(m, &at, was_paragraph && matched == m->depth, number, &rc)) {
                return rc;
            }
        }
    }
    if (!was_paragraph ||
        matched == m->depth) { // else a paragraph goes on lazily, its containers stay open
        rc = rc ? rc : close_to(m, matched);
    }
    return rc ? rc : text_line_of(m, &at, number);
}

// "---" on the first line, keys, and "---" or "..." again: its number of lines, or 0.
static int32_t front_matter(struct slice text)
{
    struct text_cursor c = { text, 0 };
    struct slice line;
    bool key = false, toml;

    if (!text_line(&c, &line) ||
        (!slice_is(text_trim_end(line), "---") && !slice_is(text_trim_end(line), "+++"))) {
        return 0;
    }
    toml = line.data[0] == '+';
    while (text_line(&c, &line) && c.line <= FRONT_MATTER_LINES) {
        struct slice s = text_trim_end(line);
        if (slice_is(s, toml ? "+++" : "---") || (!toml && slice_is(s, "..."))) {
            return key ? c.line : 0;
        }
        if (c.line == 2 && s.len == 0) {
            return 0;
        }
        key = key || (s.len && memchr(s.data, toml ? '=' : ':', s.len));
    }
    return 0;
}

static int front_matter_line(struct markdown *m, struct slice line, int32_t number)
{
    struct slice s = slice_trim(line);

    if (slice_starts(s, "title:") || slice_starts(s, "title =")) {
        struct slice title = slice_trim(slice_from(s, s.data[5] == ':' ? 6 : 7));
        while (title.len && strchr("\"'", title.data[0])) {
            title = slice_from(title, 1);
        }
        while (title.len && strchr("\"'", title.data[title.len - 1])) {
            title.len--;
        }
        AUTO_FREE char *copy =
            xstrndup(title.data ? title.data : "", title.len < 1000 ? title.len : 1000);
        int rc = reader_info_text(m->r, "title", copy);
        m->titled = true;
        if (rc != 0) {
            return rc;
        }
    }
    if (slice_is(s, "---") || slice_is(s, "+++") || slice_is(s, "...")) {
        return number == 1 ? 0 : close_leaf(m);
    }
    m->leaf = LEAF_PARAGRAPH;
    return s.len ? add_line(m, s, line, number) : 0;
}

static int read_lines(struct markdown *m, struct slice text)
{
    struct text_cursor c = { text, 0 };
    int64_t total = text_line_count(text);
    int32_t front = front_matter(text);
    struct slice line;
    int rc = 0;

    while (rc == 0 && text_line(&c, &line)) {
        rc = c.line <= front ? front_matter_line(m, line, c.line) : take_line(m, line, c.line);
        if (rc == 0 && c.line % LINES_PER_PROGRESS == 0) {
            rc = reader_progress(m->r, c.line, total);
        }
    }
    if (rc == 0) {
        rc = close_leaf(m);
    }
    return rc ? rc : reader_progress(m->r, total, total);
}

static int markdown_check(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct slice text;
    int rc = text_load(r, true, &store, &text);

    if (rc == ERR_REFUSED) {
        return 0;
    }
    if (rc == 0 &&
        (slice_find(text, SLICE_LIT("<script")) || slice_find(text, SLICE_LIT("](javascript:")))) {
        rc = reader_finding(r, "active.script", NULL, "The text holds a script for web browsers.");
    }
    if (rc == 0) {
        rc = reader_info_number(r, "lines", (double)text_line_count(text));
    }
    return rc ? error_set(err, rc, "The text could not be checked.") : 0;
}

static int markdown_read(struct reader *r, struct error *err)
{
    AUTO_BUF store = { .max = 1 };
    struct markdown m = { .r = r };
    struct slice text;
    int rc = text_load(r, false, &store, &text);

    if (rc != 0) {
        return rc == ERR_REFUSED ? 0 : error_set(err, rc, "The text could not be read.");
    }
    section_init(&m.section);
    buf_init(&m.text, 1 << 20);
    buf_init(&m.source, 32 << 20);
    buf_init(&m.table_head, 2 << 20);
    buf_init(&m.table_header, 1 << 20);
    rc = read_lines(&m, text);
    buf_done(&m.text);
    buf_done(&m.source);
    buf_done(&m.table_head);
    buf_done(&m.table_header);
    section_done(&m.section);
    rc = rc ? rc : text_end(r);
    return rc ? error_set(err, rc, "The text could not be read to its end.") : 0;
}

const struct reader_format format_md = { FORMAT_MD, markdown_check, markdown_read, NULL };
