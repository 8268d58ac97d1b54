// SPDX-License-Identifier: AGPL-3.0-or-later
// What vectors.c (spaces and search) and embed_queue.c (what is not embedded yet) share.
#ifndef LARDER_STORE_SQLITE_VECTORS_H
#define LARDER_STORE_SQLITE_VECTORS_H

#include "store/sqlite/backend.h"
#include "store/vectors/index.h"

struct vectors {
    pthread_mutex_t fill_mutex; // see vectors.c
    struct vector_index *index; // made once, before space is set; then immutable as a pointer
    atomic_llong space; // 0: none in use
    atomic_bool wait; // new documents wait for their vectors
};
// The document's last chunk has its vector (or it has none): it leaves the list and is ready, if it waited.
int vectors_done(struct write *w, int64_t document, bool waits, struct error *err);
void vectors_purge_others(struct store *s); // vectors of spaces that are not in use, in steps

#endif
