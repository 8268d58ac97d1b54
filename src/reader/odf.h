// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of the OpenDocument reader share (OASIS OpenDocument 1.0 to 1.4): text (ODT), spreadsheets (ODS) and
// presentations (ODP) out of a package.
//
//   odf.c         the formats: opening, layers 4 and 5, order of reading
//   odf_style.c   styles: titles, headings, numbered lists, hidden text
//   odf_text.c    blocks, lists, notes, frames
//   odf_inline.c  the text of a paragraph, white space as the standard has it
//   odf_table.c   tables of texts and slides
//   odf_sheet.c   sheets
//   odf_object.c  tables, charts and texts of other programs, kept in the same package
//
// One thread. Depth is bounded by reader_limits.depth, which xml.h enforces.
#ifndef LARDER_READER_ODF_H
#define LARDER_READER_ODF_H

#include "reader/txt_common.h"
#include "reader/xml.h"

enum {
    ODF_STYLES_MAX = 65536,
    ODF_ARENA_MAX = 32 << 20,
    ODF_PARAGRAPH_MAX = 16 << 20, // bytes of one paragraph or cell
    ODF_HELD_MAX = 64 << 20, // notes and boxes of one paragraph
    ODF_SPACES_MAX = 100, // of one text:s
    ODF_LIST_LEVELS = 10,
    ODF_REPEAT_MAX = 1000, // times a filled row is repeated
    ODF_OBJECTS_MAX = 1000, // embedded objects that are read
};

struct odf_style {
    const char *parent; // "" if none
    const char *list; // name of its list style, "" if none
    bool hidden;
};

struct odf {
    struct reader *r;
    struct opc package;
    struct arena arena;
    struct map styles; // name → struct odf_style
    struct map lists; // name of a list style → bits of the levels that are numbered
    struct section_path section;
    const char *
        part; // name of places: "document", "header", "footer", "notes"; of slides: "" for the slide itself
    int32_t slide; // 0: no presentation
    enum element_kind as; // of paragraphs here: a title's box, a note
    int32_t as_level;
    struct buf *cell; // of a table: text goes there
    int hold; // over 0: elements wait in `held` until the paragraph that they belong to is out
    struct buf held;
    int list_level;
    bool ordered; // the innermost list
    bool item; // the next paragraph is the item itself
    int64_t number; // of that item
    int64_t headings, cells;
    bool in_object;
    int64_t objects; // read so far
};

int odf_styles_load(struct odf *o, const char *part); // 0 also when there is no such part
// After the START of style:style or text:list-style: takes it in, to its END.
int odf_style_take(struct odf *o, struct xml *x);
enum odf_look { ODF_PLAIN, ODF_TITLE, ODF_HEADING };
// What paragraphs of a style are; *ret_level of headings.
enum odf_look odf_look_of(const struct odf *o, const char *style, int32_t *ret_level);
bool odf_is_hidden(const struct odf *o, const char *style);
bool odf_is_numbered(const struct odf *o, const char *list, int level);

// After a START: reads the element there, to its END. Elements that are no blocks are walked through.
int odf_block(struct odf *o, struct xml *x);
int odf_blocks(struct odf *o, struct xml *x); // all that is inside
// After the START of a paragraph or heading: its text, to its END. Frames, notes and comments inside are held.
int odf_inline(struct odf *o, struct xml *x, struct buf *text);
int odf_table(struct odf *o, struct xml *x);
int odf_emit(struct odf *o, struct element *e);
// A paragraph's text as elements of the kind that is due, or into the cell; then what it held.
int odf_paragraph(struct odf *o, struct slice text, enum odf_look look, int32_t level);
int odf_frame(struct odf *o, struct xml *x); // draw:frame
// After the START of draw:object: what the object holds, to its END; an object inside an object is passed over.
int odf_object(struct odf *o, struct xml *x);
int odf_comment(struct odf *o, struct xml *x); // office:annotation
int odf_note(struct odf *o, struct xml *x); // text:note

// After the START of office:spreadsheet: all sheets, to its END.
int odf_sheets(struct odf *o, struct xml *x);

#endif
