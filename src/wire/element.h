// SPDX-License-Identifier: AGPL-3.0-or-later
// An element: the smallest piece of a document that a reader reports and a citation can name.
#ifndef LARDER_WIRE_ELEMENT_H
#define LARDER_WIRE_ELEMENT_H

#include "wire/place.h"

enum element_kind {
    ELEMENT_TITLE, // the title of the document
    ELEMENT_HEADING, // level 1 (top) to 6
    ELEMENT_PARAGRAPH,
    ELEMENT_LIST_ITEM, // level 1 is outermost; text without the bullet, markdown with it
    ELEMENT_TABLE, // a block of whole rows; text: rows by newline, cells by " | "; header: the header row alike
    ELEMENT_FIGURE, // text: its alternative text or caption, may be empty
    ELEMENT_CAPTION,
    ELEMENT_CODE,
    ELEMENT_NOTE, // footnote, endnote, speaker note
    ELEMENT_COMMENT, // a reviewer's
    ELEMENT_HEADER, // running header of a page
    ELEMENT_FOOTER, // running footer of a page
    ELEMENT_FORMULA,
    ELEMENT_SPEECH,
    ELEMENT_KEY_FRAME,
    ELEMENT_KINDS
};

enum { // flags
    ELEMENT_NEEDS_OCR = 1, // a page or picture whose words have not been read; text is empty
    ELEMENT_LOW_CONFIDENCE = 2, // recognised with doubt; searchable, never quoted as certain
    ELEMENT_HIDDEN = 4, // not visible to a reader of the document (hidden sheet, hidden slide)
    ELEMENT_NOT_INDEXED = 8, // kept, but not put into chunks (running headers, page numbers)
};

struct element {
    int64_t index; // 0-based in reading order; numbered by the emitter
    enum element_kind kind;
    int32_t level;
    uint32_t flags;
    struct place place;
    struct slice text; // plain UTF-8
    struct slice markdown; // may be empty: then as text
    struct slice header; // tables: the header row as text ("Item | Price"), else empty
    struct slice times; // speech: the seconds of its words (wire/speech_words.h), may be empty
    struct slice
        rows; // tables on a page: where each line of text stands (wire/span_list.h), may be empty
    struct slice image; // figures: the name of an emitted image, else empty
};

const char *element_kind_word(enum element_kind kind); // "list_item"
int element_kind_from_word(struct slice word); // the kind, or -1
void element_add_json(struct buf *b, const struct element *e); // as GET …/elements gives it
void element_put_json(
    struct json_out *j, const struct element *e); // the same inside a larger value

#endif
