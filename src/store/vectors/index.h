// SPDX-License-Identifier: AGPL-3.0-or-later
// Vectors of one space in memory, by partition, in blocks that lie in one piece each. A scan looks at every vector of a
// partition that the filter lets through: exact, with no graph to build or to keep. Whole numbers choose the best, which
// are then scored again with the question as floats.
//
// Any thread: scans share a lock, changes take it alone. A partition is filled by the caller from what is stored, under the
// caller's own order of events (vector_index_fill).
#ifndef LARDER_STORE_VECTORS_INDEX_H
#define LARDER_STORE_VECTORS_INDEX_H

#include "base/base.h"

enum { VECTOR_SCAN_MAX = 1000, VECTOR_BLOCK = 4096 };

struct vector_match {
    int64_t chunk;
    float score; // cosine
};
struct vector_index;
struct vector_index *vector_index_new(size_t dimension);
void vector_index_free(struct vector_index *x);
size_t vector_index_dimension(const struct vector_index *x);
size_t vector_index_count(struct vector_index *x, int64_t partition);
size_t vector_index_bytes(struct vector_index *x); // of memory
// Is this partition in memory? If not, the caller reads its vectors and adds them, then says filled.
bool vector_index_has(struct vector_index *x, int64_t partition);
void vector_index_filled(struct vector_index *x, int64_t partition);
// numbers: dimension bytes. Not checked for a second one of the same chunk.
void vector_index_add(struct vector_index *x, int64_t partition, int64_t chunk, int64_t document,
    float scale, const int8_t *numbers);
// Forgets the chunks of a document whose ids are listed, ascending; all of the document's when ids is NULL.
void vector_index_remove(
    struct vector_index *x, int64_t partition, int64_t document, const int64_t *ids, size_t count);
// The best `limit` (at most VECTOR_SCAN_MAX), best first; equal ones by lower id. allowed: a bit for each document's key
// below bits, NULL: all. plain: without the processor's special instructions (for tests). *ret_seen: how many were scored.
size_t vector_index_scan(struct vector_index *x, int64_t partition, const float *query,
    const uint64_t *allowed, int64_t bits, bool plain, size_t limit, struct vector_match *ret,
    size_t *ret_seen);
// The cosine of each listed chunk, NAN where there is no vector of it.
void vector_index_score(struct vector_index *x, int64_t partition, const float *query,
    const int64_t *chunks, size_t count, float *ret);

#endif
