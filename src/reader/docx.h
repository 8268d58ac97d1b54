// SPDX-License-Identifier: AGPL-3.0-or-later
// The inside of the Word reader: what its files share. One struct docx a run; one thread; everything is thrown away whole.
//
// The body is walked twice when it is read: a quiet walk counts headings (progress) and notes whether the document uses
// heading styles at all, then the real walk reports. A check is a quiet walk over all parts that looks at the findings.
//
//   docx.c            entry, order of the parts      docx_styles.c     what a style means
//   docx_block.c      paragraphs → elements          docx_numbering.c  "2.1", "a)"
//   docx_run.c        inside a paragraph             docx_table.c      tables
//   docx_notes.c      headers, notes, comments       docx_emit.c       places, order, hidden text
#ifndef LARDER_READER_DOCX_H
#define LARDER_READER_DOCX_H

#include "reader/ooxml.h"
#include "reader/ooxml_table.h"
#include "reader/xml.h"

enum {
    DOCX_STYLES_MAX = 20000,
    DOCX_STYLE_CHAIN_MAX = 32, // basedOn; longer is a circle
    DOCX_STYLE_ID_MAX = 256,
    DOCX_LEVELS = 9, // of headings and lists
    DOCX_FIELDS_MAX = 32, // nested
    DOCX_PARAGRAPH_MAX = 4 * 1024 * 1024, // bytes of one paragraph
    DOCX_FIGURES_MAX = 256, // of one paragraph
    DOCX_DEFERRED_MAX = 64 * 1024 * 1024, // bytes of elements that wait for their paragraph
    DOCX_TABLE_DEPTH_MAX = 32, // tables in tables; deeper ones are left out
    DOCX_ARENA_MAX = 64 * 1024 * 1024,
    DOCX_NUMBERS_MAX = 32768, // list definitions
    DOCX_TINY = 274320, // EMU, 0.3 inch: a picture used as a bullet
    DOCX_HIDDEN_SIZE = 4, // half points: letters of 2 points are not there to be read
    DOCX_SIZES = 128, // half points; larger ones count as the last
    DOCX_BOLD_LINE_MAX = 90, // bytes of a line in bold that stands for a heading
};

// Three-valued properties: not said, no, yes.
enum docx_toggle { TOGGLE_UNSET, TOGGLE_OFF, TOGGLE_ON };

struct docx_run_format {
    enum docx_toggle vanish, bold, white, shaded;
    int32_t size; // half points; 0: not said
};

enum docx_role { ROLE_NONE, ROLE_TITLE, ROLE_CAPTION, ROLE_CODE, ROLE_CONTENTS };

struct docx_style {
    const char *id;
    const char *based_on; // NULL: none
    enum docx_role role;
    int32_t heading; // 1 to 9; 0: not said; -1: said to be body text
    int32_t num_id; // -1: not said; 0: none
    int32_t num_level; // -1: not said
    bool shaded;
    struct docx_run_format run;
    bool resolved;
};

struct docx_level {
    int32_t start;
    int32_t restart; // -1: after any higher level
    const char *format; // "decimal"
    const char *text; // "%1.%2"
    const char *style; // a style that is bound to it, or NULL
    bool legal; // all numbers in decimal
};
struct docx_list { // w:abstractNum
    int64_t id;
    struct docx_level levels[DOCX_LEVELS];
    int32_t counters[DOCX_LEVELS];
    bool used[DOCX_LEVELS];
    const char *style_link; // the style that defines it (w:numStyleLink)
};
struct docx_num { // w:num
    int64_t id;
    int64_t list_id;
    int32_t start[DOCX_LEVELS]; // overrides; -1: none
    bool begun[DOCX_LEVELS];
    struct docx_level *own[DOCX_LEVELS]; // overriding levels
};
struct docx_numbering {
    struct docx_list *lists;
    size_t list_count;
    struct docx_num *nums;
    size_t num_count;
    size_t list_cap, num_cap;
};

struct docx_figure {
    const char *alt;
    const struct opc_part *picture; // NULL: a drawing without one
};

struct docx_field {
    bool instruction; // between begin and separate
    char text[32]; // the beginning of the instruction
    size_t len;
};

struct docx_note_ref {
    int64_t id;
    int32_t number;
    struct slice section;
};
struct docx_note_refs {
    struct docx_note_ref *items;
    size_t count, cap;
};

struct docx_paragraph {
    struct buf text;
    struct buf hidden;
    const struct docx_style *style;
    int32_t outline; // -1 not said, 0 to 8, 9 body text
    int32_t num_id, num_level;
    bool shaded;
    bool all_bold, any_run;
    int32_t size; // largest letters, half points
    bool formula_only, any_formula; // nothing but mathematics
    struct docx_figure figures[DOCX_FIGURES_MAX];
    size_t figure_count;
    struct buf refs; // note references: struct docx_mark after struct docx_mark
};
struct docx_mark {
    size_t at; // in the paragraph's text
    int32_t number;
    char kind; // 'f' footnote, 'e' endnote
};

struct docx {
    struct reader *r;
    struct opc package;
    struct arena arena;
    bool quiet; // no elements
    bool checking; // findings of the parts that other readers read
    size_t chunk_bytes; // of pages within the document, in this walk
    struct map styles; // id → struct docx_style *
    const struct docx_style *default_style;
    struct docx_run_format defaults;
    struct docx_numbering numbering;
    struct ooxml_pictures pictures;
    // where we are
    struct opc_rels rels; // of the current part
    const char *place_name;
    struct buf path[DOCX_LEVELS + 1]; // headings above, by level
    struct buf section;
    // state of the walk
    struct docx_field fields[DOCX_FIELDS_MAX];
    size_t field_depth, field_lost;
    int table_depth, box_depth;
    struct buf *cell; // where paragraphs go inside a table or a note; NULL: elements
    bool cell_plain; // since it was last reset: words that are not bold were put there
    int hold; // > 0: elements wait in `held`
    struct buf held;
    // what the walks found
    int64_t headings; // of the walk so far
    int64_t styled; // headings that a style or an outline level makes, from the quiet walk
    int64_t total; // sections, for progress
    bool bold_lines; // no heading is styled: lines in bold stand for them
    int32_t body_size; // usual letters, half points
    size_t size_bytes[DOCX_SIZES]; // how much text is of which size
    bool background; // the page has a colour
    size_t hidden_bytes;
    struct place hidden_place;
    char hidden_section[200];
    size_t dde_count, deep_tables;
    int64_t cells, paragraphs;
    size_t text_bytes, figure_count;
    struct docx_note_refs footnotes, endnotes, comments;
};

// docx.c
// The part that the document's relation of this kind names; NULL if there is none.
const struct opc_part *docx_part(const struct docx *d, const char *kind);
// docx_styles.c
int docx_styles_load(struct docx *d);
const struct docx_style *docx_style_find(struct docx *d, const char *id); // resolved; NULL if none
void docx_run_format_read(struct xml *x, struct docx_run_format *f,
    char ret_style[DOCX_STYLE_ID_MAX]); // at w:rPr, to its end; ret_style may be NULL
void docx_run_format_merge(struct docx_run_format *base, const struct docx_run_format *over);

// docx_numbering.c
int docx_numbering_load(struct docx *d);
// Counts a paragraph of list num_id. Appends its visible number ("2.1", "a)") to label; *ret_bullet when it is a sign.
// False when there is no such list. level may be -1: found through the style.
bool docx_number(struct docx *d, int32_t num_id, int32_t *level, const struct docx_style *style,
    struct buf *label, bool *ret_bullet);
void docx_numbering_restart(struct docx *d);

// docx_block.c: all at a START; they end at its END. 0 or a negative code.
int docx_block(struct docx *d, struct xml *x); // w:p, w:tbl; walks on past what else it may be
int docx_blocks(struct docx *d, struct xml *x); // the children of a body, cell, note, text box
int docx_paragraph(struct docx *d, struct xml *x); // w:p

// docx_run.c
int docx_inlines(struct docx *d, struct xml *x,
    struct docx_paragraph *p); // children of w:p and of what wraps runs

// docx_table.c
int docx_table(struct docx *d, struct xml *x); // w:tbl

// docx_notes.c
int docx_headers(
    struct docx *d, const struct opc_rels *rels, const char *kind, enum element_kind as);
int docx_notes(struct docx *d, const struct opc_part *part, const char *element, const char *name,
    enum element_kind as, const struct docx_note_refs *refs);
int docx_ref_add(struct docx *d, struct docx_note_refs *refs, int64_t id, int32_t *ret_number);

// docx_chunk.c
int docx_chunk(struct docx *d, struct xml *x); // at w:altChunk: a page that is shown here

// docx_emit.c
int docx_emit(struct docx *d, struct element *e); // now, or after what it belongs to
int docx_release(struct docx *d); // what waits, if nothing holds it any more
void docx_heading_enter(struct docx *d, int32_t level, struct slice text);
int docx_figure(struct docx *d, const struct docx_figure *f);
void docx_hidden(struct docx *d, struct slice text);

#endif
