// SPDX-License-Identifier: AGPL-3.0-or-later
// What stands on one page of a PDF, in our own terms and without MuPDF: words with their places, thin rules, filled
// areas, pictures. pdf_collect.c fills it from MuPDF's drawing calls; the pdf_rows, pdf_table and pdf_layout files read it.
//
// Coordinates: points on the displayed page, origin top left, y down. A word has a direction of writing; its x0, x1 and y
// are in the frame of that direction, in which text runs to the right and lines follow downwards:
//
//     direction   text runs   x in the frame   y in the frame
//     0           right       x                y
//     1           down        y                width - x
//     2           left        width - x        height - y
//     3           up          height - y       x
//     4 (odd)     at an angle: the frame is the page, the box is the bounding box
//
// Limits: LPDF_PAGE_WORDS and its like; what is past them is dropped and `full` set.
#ifndef LARDER_READER_PDF_PAGE_H
#define LARDER_READER_PDF_PAGE_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    LPDF_PAGE_WORDS = 100000, // a dense drawing has 20,000
    LPDF_PAGE_TEXT = 4 << 20, // bytes
    LPDF_PAGE_RULES = 6000,
    LPDF_PAGE_FILLS = 2000,
    LPDF_PAGE_IMAGES = 1000,
    LPDF_PAGE_MARKS = 800, // curved or slanted shapes: drawings are made of them
    LPDF_PAGE_STYLES = 512,
    LPDF_PAGE_NOTES = 200, // annotations with text
    LPDF_WORD_CHARS = 200, // longer runs without a space are several words glued together
    LPDF_DIRECTIONS = 5,
};

struct lpdf_rect {
    float x0, y0, x1, y1;
};

enum { // flags of a word
    LPDF_GLUED = 1, // no space between it and the one before
    LPDF_RTL = 2, // Hebrew, Arabic and their like; text is in logical order
    LPDF_CJK = 4, // joins the next line without a space
    LPDF_HIDDEN =
        8, // can't be seen: same colour as what is beneath, too small, invisible over no picture
    LPDF_SCANNED = 16, // invisible over a picture: what somebody's OCR read
    LPDF_FIELD = 32, // the value of a form's field
    LPDF_DEAD = 64, // taken into a table, or a duplicate
    LPDF_UNSEEN = 128, // drawn invisibly; becomes HIDDEN or SCANNED when the page is complete
    LPDF_LEADER = 1024, // stands for a row of dots
    LPDF_AFTER_SPACE = 512, // a space was drawn before it
    LPDF_SPACED = 256, // a letter of a word that is set with wide gaps: no space before it
};

struct lpdf_word {
    uint32_t text, len; // bytes in the page's text
    float x0, x1, y; // in the frame; y is the baseline
    float size; // height of the font in points
    uint16_t style;
    uint8_t dir;
    uint16_t flags;
};

struct lpdf_style {
    const void *font; // only to compare
    float size; // rounded to half a point
    bool bold, italic, mono;
};

struct lpdf_rule { // a thin line, horizontal or vertical
    float x0, y0, x1, y1;
    bool vertical;
};

struct lpdf_fill {
    struct lpdf_rect box;
    int32_t rgb; // -1: a picture, a pattern, a shape: colour not known
    bool exact; // an opaque rectangle, not the box of some shape
    uint32_t after; // words that were drawn before it
};

struct lpdf_image {
    struct lpdf_rect box;
    int32_t width, height;
};

enum lpdf_note_kind { LPDF_NOTE_COMMENT, LPDF_NOTE_TEXT };
struct lpdf_note { // a visible annotation
    enum lpdf_note_kind kind;
    struct lpdf_rect box;
    uint32_t text, len; // bytes in the page's text
};

struct lpdf_page {
    int32_t number; // 1-based
    float width, height;
    struct buf text;
    struct lpdf_word *words;
    struct lpdf_rule *rules;
    struct lpdf_fill *fills;
    struct lpdf_image *images;
    struct lpdf_style *styles;
    struct lpdf_note *notes;
    struct lpdf_rect *marks;
    uint32_t word_count, rule_count, fill_count, image_count, style_count, note_count, mark_count;
    uint32_t word_cap, rule_cap, fill_cap, image_cap, style_cap, note_cap, mark_cap;
    int64_t letters; // of visible text and of OCR text
    int64_t hidden_letters;
    int64_t scanned_letters; // of OCR text alone
    int64_t rubbish; // glyphs without a character
    uint32_t shapes; // paths and shadings drawn
    bool full; // a limit cut something off
    bool broken; // drawing stopped at damage
    bool cut_short; // it stopped because it took too long or too much
};

void lpdf_page_init(struct lpdf_page *p, int32_t number, float width, float height);
void lpdf_page_done(struct lpdf_page *p);

static inline struct slice lpdf_word_text(const struct lpdf_page *p, const struct lpdf_word *w)
{
    return (struct slice){ p->text.data + w->text, w->len };
}

// Each gives the new entry, zeroed, or NULL at its limit (then `full` is set).
struct lpdf_word *lpdf_add_word(struct lpdf_page *p);
struct lpdf_rule *lpdf_add_rule(struct lpdf_page *p);
struct lpdf_fill *lpdf_add_fill(struct lpdf_page *p);
struct lpdf_image *lpdf_add_image(struct lpdf_page *p);
struct lpdf_note *lpdf_add_note(struct lpdf_page *p);
void lpdf_add_mark(struct lpdf_page *p,
    struct lpdf_rect box); // past the limit it is left out, which harms nothing
uint16_t lpdf_style_id(struct lpdf_page *p, const struct lpdf_style *style);

// From the frame of a direction to the page.
struct lpdf_rect lpdf_from_frame(const struct lpdf_page *p, int dir, struct lpdf_rect r);
struct lpdf_rect lpdf_word_box(const struct lpdf_page *p, const struct lpdf_word *w); // on the page
// The box as a place has it: fractions of the page, clipped.
void lpdf_box_fractions(const struct lpdf_page *p, struct lpdf_rect r, float ret_box[4]);

static inline float lpdf_ascent(float size)
{
    return 0.76f * size;
}
static inline float lpdf_descent(float size)
{
    return 0.22f * size;
}
static inline struct lpdf_rect lpdf_union(struct lpdf_rect a, struct lpdf_rect b)
{
    return (struct lpdf_rect){ a.x0 < b.x0 ? a.x0 : b.x0, a.y0 < b.y0 ? a.y0 : b.y0,
        a.x1 > b.x1 ? a.x1 : b.x1, a.y1 > b.y1 ? a.y1 : b.y1 };
}

// Words out of glyphs, in the order in which they are drawn.
struct lpdf_glyph {
    uint32_t ucs;
    float x, y; // origin on the page
    float dx, dy; // unit vector of the direction of writing
    float advance; // along it
    float size;
    uint16_t style;
    uint16_t flags; // LPDF_HIDDEN, LPDF_SCANNED, LPDF_FIELD
    bool more; // belongs to the glyph before (a ligature's second letter)
    bool vertical; // upright letters one under the other
    float space; // a gap of this share of the size is a space
};

struct lpdf_letter {
    uint32_t ucs;
    float x;
    bool more;
};

struct lpdf_pen {
    struct lpdf_page *page;
    struct lpdf_letter letters[LPDF_WORD_CHARS + 8];
    int count;
    struct lpdf_glyph first; // of the word that is being put together
    int dir;
    float x0, x1, y; // of it, in the frame
    float last_x0; // of the newest letter
    bool glue; // the next word begins right after this one
    bool spaced; // a space was drawn since the last letter
    bool after_space; // the same, before this word
    int rtl, ltr, cjk; // letters of each kind
};

void lpdf_pen_init(struct lpdf_pen *pen, struct lpdf_page *page);
void lpdf_pen_glyph(struct lpdf_pen *pen, const struct lpdf_glyph *g);
void lpdf_pen_lift(struct lpdf_pen *pen); // ends the word; call at the end of a page too

bool lpdf_is_rtl(uint32_t c);
bool lpdf_is_cjk(uint32_t c);
bool lpdf_is_space(uint32_t c);
bool lpdf_is_letter(uint32_t c); // a letter or digit of any script, roughly

#endif
