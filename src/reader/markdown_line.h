// SPDX-License-Identifier: AGPL-3.0-or-later
// What one line of Markdown begins, by CommonMark 0.30 and GitHub's tables. Pure functions on a position in a line; what is
// open around the line is markdown.c's part.
#ifndef LARDER_READER_MARKDOWN_LINE_H
#define LARDER_READER_MARKDOWN_LINE_H

#include "base/slice.h"

// A position in a line that counts columns, because a tab reaches to the next multiple of four.
struct md_at {
    struct slice line;
    size_t i;
    int32_t col;
    int32_t pending; // columns of a tab that was used only in part
};

struct md_marker {
    bool ordered;
    char sign; // "-", "+", "*"; ")" or "." of a number
    int32_t number;
    size_t bytes; // of the marker itself
};

struct slice md_rest(const struct md_at *a); // from the position on, indentation included
struct slice md_content(const struct md_at *a); // without indentation
bool md_blank(const struct md_at *a);
int32_t md_indent(const struct md_at *a); // columns of white space at the position
void md_eat(struct md_at *a, int32_t columns); // of white space; fewer if there are fewer
void md_skip(struct md_at *a, size_t bytes); // that are no white space

// Each takes the content after up to three columns of indentation.
int md_atx(struct slice s, struct slice *ret_text); // level 1 to 6, or 0
int md_setext(struct slice s); // 1 for ===, 2 for ---, or 0
bool md_thematic(struct slice s); // *** --- ___
size_t md_fence(struct slice s, char *ret_char); // length of an opening fence, or 0
bool md_fence_closes(struct slice s, char c, size_t length);
bool md_list_marker(struct slice s, struct md_marker *ret);
int md_html_starts(struct slice s, bool in_paragraph); // kind 1 to 7 of an HTML block, or 0
bool md_html_ends(struct slice s, int kind); // whether the block ends with this line (kinds 1 to 5)
size_t md_table_cells(struct slice s); // number of cells of a row
size_t md_table_delimiter(struct slice s); // columns of "| --- | :-: |", or 0

#endif
