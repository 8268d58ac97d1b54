// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of the HTML reader share, and what mail and books use of it: bytes to text, text to a tree, a tree to
// elements. Gumbo parses as browsers do (HTML5), so nothing is "corrupt"; limits are what keeps it in bounds.
//
//   html.c        the format: check and read
//   html_text.c   how the characters are encoded; XHTML made fit for an HTML parser
//   html_tree.c   gumbo within limits
//   html_walk.c   the tree to elements
//   html_table.c  tables
//
// One thread.
#ifndef LARDER_READER_HTML_H
#define LARDER_READER_HTML_H

#include "base/buf.h"
#include "reader/decode.h"
#include "reader/reader.h"

#include <gumbo.h>

enum {
    HTML_DEPTH_MAX =
        1500, // open tags; browsers stop at 512, and gumbo looks through all of them at each tag
    HTML_TREE_MAX = 400 << 20, // bytes of memory for one tree
    HTML_TEXT_MAX = 256 << 20, // bytes of one page as text; more never gets here
    HTML_CELL_MAX = 256 << 10, // bytes of one table cell
};

struct html_memory;
struct html_tree {
    struct GumboInternalOutput *output;
    struct html_memory *memory;
};

// Bytes to UTF-8: by byte order mark, else as `charset` says (of a mail's header; may be empty), else as a <meta> or an XML
// declaration within the first bytes says, unless the bytes are UTF-8 beyond doubt; else by guessing. *store is
// initialised here and the caller's to free. 0 or ERR_MEMORY.
int html_decode(struct slice input, struct slice charset, struct buf *store, struct decoded *ret);
// By a label as pages and mail have them ("latin1", "x-sjis"); NULL if it is none.
const struct decode_encoding *html_charset(struct slice name);
// Whether the text is XHTML, where <a/> closes itself.
bool html_is_xhtml(struct slice text);
// Writes XHTML so that an HTML parser sees the same: empty elements get an end tag. 0 or ERR_MEMORY.
int html_from_xhtml(struct slice text, struct buf *out);

// text must be UTF-8 and outlive the tree. 0, ERR_REFUSED (bomb.depth or bomb.memory was reported), or the sink's code.
// On failure there is nothing to free.
int html_parse(struct reader *r, struct slice text, struct html_tree *ret);
void html_free(struct html_tree *t);

struct html_options {
    struct slice part; // name of the places: "document"
    struct slice section; // put before the path of headings: the title of a chapter; may be empty
    bool title; // report <title> as the document's title
    int64_t *headings; // counted here, for progress; may be NULL
};
// The elements of a page in reading order. 0 or the sink's code.
int html_walk(struct reader *r, const struct html_tree *t, const struct html_options *o);
// Layer 5: scripts, frames and plug-ins, going elsewhere at once. 0 or the sink's code.
int html_check_tree(struct reader *r, const struct html_tree *t);
// Appends the words of <title>.
void html_title(const struct html_tree *t, struct buf *b);
// Whether a person would see any word or picture.
bool html_has_content(const struct html_tree *t);

// Shared by html_walk.c and html_table.c.
const char *html_attr(const GumboNode *n, const char *name); // NULL if it has none
bool html_is(const GumboNode *n, GumboTag tag);
bool html_is_element(const GumboNode *n);
const GumboVector *html_children(const GumboNode *n);
bool html_is_unseen(const GumboNode *n); // scripts, styles, hidden elements: nothing inside is read
bool html_is_block(const GumboNode *n);
// Text with white space as browsers show it: runs become one blank, none at the front of a line.
struct html_flow {
    struct buf *to;
    bool blank; // one is due before the next word
};
void html_flow_add(struct html_flow *f, struct slice text);
void html_flow_line(struct html_flow *f); // a new line, unless at the beginning of one
// All text inside, blocks on lines of their own, cells of a table inside by ", ".
void html_flow_node(struct html_flow *f, const GumboNode *n, int depth);

// A table that lays out a page and has no rows of data: its cells are read as blocks, one after the other.
bool html_is_layout(const GumboNode *table);
// Gives the rows of a table to emit as blocks. The model's place is used. 0 or emit's code.
int html_table(const GumboNode *table, const struct element *model, int64_t *cells_left,
    int (*emit)(void *ctx, struct element *e), void *ctx);

#endif
