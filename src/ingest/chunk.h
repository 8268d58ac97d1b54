// SPDX-License-Identifier: AGPL-3.0-or-later
// The chunker: elements in reading order go in, chunks come out, one pass, flat memory.
//
// Invariants: a chunk is made of whole elements (an element over CHUNK_MAX_BYTES is cut at sentences and its pieces keep its
// place); all stand under one heading path; none crosses a page, slide, sheet or part, so that a citation can name it; a
// block of a table that does not begin with its header row gets it in front. Elements flagged NOT_INDEXED or without text
// are left out. One thread.
#ifndef LARDER_INGEST_CHUNK_H
#define LARDER_INGEST_CHUNK_H

#include "base/error.h"
#include "store/store.h"

enum {
    CHUNK_TARGET_BYTES = 900, // a chunk that has this much is closed at the next element
    CHUNK_MAX_BYTES = 1800, // no chunk of several elements is longer; one element is cut here
    CHUNK_PLACES_MAX = 64, // places named; more elements than that close the chunk
    HEADING_PATH_MAX = 600, // bytes
    HEADING_LEVELS = 6,
};

// Takes each chunk as it is done; its slices live until the call returns. 0 or a negative ERR_*.
typedef int (*chunk_fn)(void *ctx, const struct chunk *chunk, struct error *err);

struct chunker;
struct chunker *chunker_new(chunk_fn fn, void *ctx);
void chunker_free(struct chunker *c);
// The next element, in reading order; it need not live on. 0, ERR_MEMORY, or what chunk_fn returned.
int chunker_add(struct chunker *c, const struct element *e, struct error *err);
int chunker_finish(struct chunker *c, struct error *err); // gives out what is left
int64_t chunker_count(const struct chunker *c);

#endif
