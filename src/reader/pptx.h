// SPDX-License-Identifier: AGPL-3.0-or-later
// The inside of the PowerPoint reader: what its files share. One struct pptx a run; one thread; thrown away whole.
//
//   pptx.c         entry, order of the slides, notes, comments
//   pptx_slide.c   the shapes of a slide, where they stand, in which order they are read
//   pptx_text.c    paragraphs, bullets and numbers
//   pptx_layout.c  what a placeholder inherits: its box, its bullets
#ifndef LARDER_READER_PPTX_H
#define LARDER_READER_PPTX_H

#include "reader/ooxml.h"
#include "reader/xml.h"

enum {
    PPTX_LEVELS = 9, // of bullets
    PPTX_SHAPES_MAX = 10000, // of one slide
    PPTX_SLIDE_MAX = 32 * 1024 * 1024, // bytes of text of one slide
    PPTX_PARAGRAPH_MAX = 1024 * 1024,
    PPTX_LAYOUTS_MAX = 500,
    PPTX_HOLDERS_MAX = 100, // placeholders of one layout
    PPTX_ARENA_MAX = 64 * 1024 * 1024,
    PPTX_TINY = 274320, // EMU, 0.3 inch: a picture used as an ornament
    PPTX_HIDDEN_SIZE = 200, // hundredths of a point
    PPTX_INHERIT_MAX = 3, // slide, layout, master
};

enum bullet_kind { BULLET_UNSET, BULLET_NONE, BULLET_SIGN, BULLET_NUMBER };
struct bullet {
    enum bullet_kind kind;
    char scheme[24]; // "arabicPeriod"
    int32_t start;
};
struct bullets {
    struct bullet level[PPTX_LEVELS];
};

struct box {
    bool known;
    double x, y, w, h; // EMU on the slide
};

enum holder {
    HOLDER_NONE,
    HOLDER_TITLE,
    HOLDER_SUBTITLE,
    HOLDER_BODY,
    HOLDER_FOOTER,
    HOLDER_HEADER,
    HOLDER_MARK,
    HOLDER_IMAGE
};

struct pptx_holder { // a placeholder of a layout or a master
    enum holder kind;
    char type[16];
    int64_t index; // -1: none
    struct box box;
    struct bullets bullets;
};
struct pptx_layout {
    const struct opc_part *part;
    const struct opc_part *master; // of a layout; NULL for a master
    struct pptx_holder *holders;
    size_t count;
    struct bullets body; // of a master: what its body text looks like
};

// A shape with what it says, held until the order is known.
struct pptx_shape {
    struct box box;
    struct box unit; // of the outermost group it is in, or its own
    size_t order; // as written
    size_t unit_number;
    bool title;
    bool aside; // outside of the slide or switched off
    size_t from, to; // in the slide's buffer of elements
};

struct pptx {
    struct reader *r;
    struct opc package;
    struct arena arena;
    bool quiet;
    double width, height; // of a slide, EMU
    struct opc_rels rels; // of the current part
    struct ooxml_pictures pictures;
    struct pptx_layout *layouts;
    size_t layout_count, layout_cap;
    int64_t cells;
    size_t text_bytes, figure_count, hidden_bytes;
    int32_t hidden_slide; // the first slide with hidden text
    // the current slide
    int32_t number;
    bool slide_hidden;
    struct buf held;
    struct pptx_shape *shapes;
    size_t shape_count, shape_cap;
};

// pptx_layout.c: the layout of the current slide (from its relationships); NULL if it has none. Cached.
int pptx_layout_find(struct pptx *p, const struct pptx_layout **ret_layout);
const struct pptx_holder *pptx_holder_find(
    struct pptx *p, const struct pptx_layout *layout, const char *type, int64_t index);
enum holder pptx_holder_kind(const char *type);
struct bullets pptx_inherited(struct pptx *p, const struct pptx_layout *layout,
    const struct pptx_holder *holder, enum holder kind);

// pptx_text.c
void pptx_bullet_read(struct xml *x, struct bullet *b); // at a:pPr or a:lvl1pPr, to its end
void pptx_list_style_read(
    struct xml *x, struct bullets *b); // at a:lstStyle or p:bodyStyle, to its end
// At p:txBody or alike: each paragraph becomes an element. as: the kind of plain paragraphs; whole: all paragraphs are
// one element of it. Elements go to p->held.
struct pptx_text {
    enum element_kind as;
    int32_t level;
    uint32_t flags;
    bool whole;
    struct bullets bullets;
};
int pptx_text_read(struct pptx *p, struct xml *x, const struct pptx_text *how);

// pptx_slide.c: at p:spTree; reports its elements in reading order.
int pptx_slide_tree(struct pptx *p, struct xml *x);

// pptx.c
int pptx_hold(struct pptx *p, const struct element *e);
int pptx_emit(struct pptx *p, struct element *e, const struct box *box, const char *name);

#endif
