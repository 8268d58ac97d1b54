// SPDX-License-Identifier: AGPL-3.0-or-later
// XML of a package's part, pulled event by event: expat with namespaces over a stream that is unpacked as it is parsed, so
// that memory is bounded whatever the part's size. Strict and transitional OOXML namespaces get the same short ids.
// Alternate content (mc:AlternateContent) is resolved here: exactly one branch is seen, its wrappers are not.
//
// Refused, each with a finding: a DOCTYPE (xml.dtd), nesting over reader_limits.depth (bomb.depth), one tag or comment over
// XML_TOKEN_MAX (bomb.size). External entities can't occur without a DOCTYPE. One thread.
//
//     struct xml x;
//     int rc = xml_open(&x, package, part, true);
//     while (rc == 0 && xml_next(&x)) { if (xml_start(&x, NS_W, "p")) … }
//     rc = xml_close(&x);
#ifndef LARDER_READER_XML_H
#define LARDER_READER_XML_H

#include "reader/opc.h"

enum {
    XML_TOKEN_MAX = 8 * 1024 * 1024, // Word keeps pictures of old clients in attributes
    XML_FEED_BYTES = 16 * 1024,
};

enum xml_ns {
    NS_NONE,
    NS_OTHER,
    NS_XML, // xml:space
    NS_CT, // content types
    NS_REL, // relationships part
    NS_R, // relationship ids in markup
    NS_MC, // markup compatibility
    NS_W, // WordprocessingML
    NS_W14,
    NS_WP, // drawing anchors of Word
    NS_WPS, // shapes of Word
    NS_A, // DrawingML
    NS_PIC,
    NS_C, // charts
    NS_DGM, // diagrams
    NS_DSP, // drawings of diagrams
    NS_P, // PresentationML
    NS_P188, // modern comments
    NS_S, // SpreadsheetML
    NS_XDR, // drawing anchors of Excel
    NS_M, // mathematics
    NS_V, // VML
    NS_O, // Office VML
    NS_DC, // Dublin Core
    NS_CP, // core properties
    NS_EP, // extended properties
    NS_OFFICE, // OpenDocument from here on
    NS_TEXT,
    NS_TABLE,
    NS_DRAW,
    NS_STYLE,
    NS_SVG,
    NS_XLINK,
    NS_PRES, // presentation
    NS_META,
    NS_SCRIPT,
    NS_MANIFEST,
    NS_CONTAINER, // books: where the package document is
    NS_OPF, // package document
    NS_NCX, // table of contents
    NS_XENC, // encryption
    NS_COUNT
};

enum xml_event { XML_END_OF_PART, XML_START, XML_END, XML_TEXT };

struct xml_queue;
struct xml {
    // the current event, valid until the next one
    enum xml_event event;
    enum xml_ns ns; // of the element, START and END
    const char *name; // local name, START and END
    struct slice
        text; // TEXT: a piece of character data; pieces follow each other without other events between
    int depth; // of the element; the root is 1; TEXT: of its parent
    int64_t bytes; // unpacked so far, for progress
    // inner
    bool needed;
    struct opc_stream stream;
    struct xml_queue *q;
};

// needed: whether a broken part makes the document unreadable (structure.corrupt) or only poorer (structure.repaired).
// 0, or a negative code; then there is nothing to close.
int xml_open(struct xml *x, struct opc *p, const struct opc_part *part, bool needed);
// The next event; false at the end and on failure.
bool xml_next(struct xml *x);
// Closes and tells how it ended: 0 (end reached, given up half-way, or a part that was not needed is broken), ERR_REFUSED
// (reported), or another code.
int xml_close(struct xml *x);

static inline bool xml_named(const struct xml *x, enum xml_ns ns, const char *name)
{
    return x->ns == ns && strcmp(x->name, name) == 0;
}
static inline bool xml_start(const struct xml *x, enum xml_ns ns, const char *name)
{
    return x->event == XML_START && xml_named(x, ns, name);
}
static inline bool xml_end(const struct xml *x, enum xml_ns ns, const char *name)
{
    return x->event == XML_END && xml_named(x, ns, name);
}
// The current event comes once more from xml_next. Not twice in a row.
void xml_again(struct xml *x);
// An attribute of the current START event; NULL if it isn't there.
const char *xml_attr(const struct xml *x, enum xml_ns ns, const char *name);
int64_t xml_attr_int(const struct xml *x, enum xml_ns ns, const char *name, int64_t otherwise);
// An on/off attribute as OOXML has it: absent gives `otherwise`; "0", "false", "off" are false.
bool xml_attr_bool(const struct xml *x, enum xml_ns ns, const char *name, bool otherwise);
// After a START: moves to its END.
void xml_skip(struct xml *x);
// After a START: appends all text inside and moves to its END.
void xml_collect(struct xml *x, struct buf *b);
// After a START at depth d: the next event inside that element; false at its END (which is then the current event).
bool xml_inside(struct xml *x, int depth);

#endif
