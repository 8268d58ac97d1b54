// SPDX-License-Identifier: AGPL-3.0-or-later
// What Word, Excel and PowerPoint files share beside the package: layer 5 of the checks (macros, outside references, things
// embedded, controls), the document's properties, and reading pictures. One thread.
#ifndef LARDER_READER_OOXML_H
#define LARDER_READER_OOXML_H

#include "reader/opc.h"

enum {
    OOXML_NAMES_SHOWN = 8, // of modules, hosts, embedded files in one finding
    OOXML_BINARY_MAX = 32 * 1024 * 1024, // of a compound file looked into
    OOXML_PICTURE_MAX = 8 * 1024 * 1024, // of one picture handed on
    OOXML_PICTURES_MAX = 500, // of one document, handed on
    OOXML_SHOWN_MAX = 20000, // of one document, told apart
    OOXML_PICTURES_BYTES = 96 * 1024 * 1024, // of one document
};

// Reports active.macro (with module names), active.external (hosts only), embedded.file (names), active.control.
// 0 or the code of a sink or of memory; broken parts are warnings.
int ooxml_check_security(struct opc *p);

// docProps: title, author, pages, words, slides as info, those that are there.
int ooxml_report_properties(struct opc *p);

// The picture of an element: reports the bytes (PNG and JPEG, within limits, each part once) and gives the name to put
// into element.image; NULL if it was not handed on. Only when hi_res was asked for.
struct ooxml_pictures {
    struct map sent; // part name → itself
    struct map shown; // the same, of all that were asked for
    int64_t bytes;
};
void ooxml_pictures_init(struct ooxml_pictures *g);
void ooxml_pictures_done(struct ooxml_pictures *g);
bool ooxml_picture_shown(
    struct ooxml_pictures *g, const struct opc_part *part); // asked before? remembers it
int ooxml_picture(
    struct opc *p, struct ooxml_pictures *g, const struct opc_part *part, const char **ret_name);

// Names of the modules in a compound file with macros, in words: "Module1, ThisDocument and 3 more"; "" if none are told.
void ooxml_macro_names(struct slice bytes, char *ret, size_t cap);

// Whether a part is a web page (HTML, or one saved as a message), which is read as a part of the document.
bool ooxml_is_page(const struct opc_part *part);

#endif
