// SPDX-License-Identifier: AGPL-3.0-or-later
// What drawings of all three programs may hold: charts (their numbers as a table), diagrams (their words), mathematics.
// Elements are made without a place; the one who emits them knows it.
#ifndef LARDER_READER_OOXML_DRAWING_H
#define LARDER_READER_OOXML_DRAWING_H

#include "base/buf.h"
#include "reader/xml.h"

enum {
    CHART_SERIES_MAX = 64,
    CHART_POINTS_MAX = 2000, // of a series
    CHART_TEXT_MAX = 200, // bytes of a name or a category
};

typedef int (*ooxml_emit_fn)(void *ctx, struct element *e);

// A chart part: a figure named by the chart's title (or alt), then its series as a table. 0 or a negative code.
int ooxml_chart(
    struct opc *p, const struct opc_part *part, const char *alt, ooxml_emit_fn emit, void *ctx);
// A diagram's data part: its words as list items.
int ooxml_diagram(struct opc *p, const struct opc_part *part, ooxml_emit_fn emit, void *ctx);
// At m:oMath: appends it on one line, as people type it: (a+b)/2, x^2, √(y), Σ_(i=1)^n. Ends at its END.
void ooxml_math(struct xml *x, struct buf *b);

#endif
