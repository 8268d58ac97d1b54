// SPDX-License-Identifier: AGPL-3.0-or-later
// Text on its way into the full-text index and queries on their way to it, folded alike. The index (FTS5, unicode61 with
// Porter's stems) cuts at everything that is no letter or digit, and takes a run of letters without spaces as one word:
// - scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) get a space around each character, so
//   that a quoted query is a phrase of characters and finds them anywhere;
// - part numbers: "FX-200" is cut into fx + 200 by the index, and "FX-200" in a query becomes that phrase. So that FX200
//   finds it too, and "FX 200" finds FX200, a document's text gets the other spelling appended at its end.
// Pure; any thread.
#ifndef LARDER_STORE_FTS_TEXT_H
#define LARDER_STORE_FTS_TEXT_H

#include "base/buf.h"
#include "base/slice.h"

enum {
    FTS_PART_NUMBER_MAX = 32, // bytes; longer runs are no part numbers
    FTS_EXTRAS_MAX = 256, // spellings added to one text
};

// For queries and for titles: only the spaces.
void fts_fold(struct buf *out, struct slice text);
// For documents: the spaces, then the other spellings.
void fts_fold_document(struct buf *out, struct slice text);
// The most bytes that fts_fold_document can make of len bytes.
size_t fts_fold_bound(size_t len);

#endif
