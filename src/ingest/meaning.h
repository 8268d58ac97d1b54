// SPDX-License-Identifier: AGPL-3.0-or-later
// Embedding in the background: what the store lists as not embedded is worked off, by a few threads of low priority, while
// search goes on. The model is loaded when there is the first passage. A model that can't be used makes no document wait.
#ifndef LARDER_INGEST_MEANING_H
#define LARDER_INGEST_MEANING_H

#include "config/settings.h"
#include "store/store.h"

struct meaning;
// Sets what searches use (search_use): the embedder, the reranker and the synonyms. folder: where the program lies.
int meaning_new(struct store *store, const struct settings *settings, const char *folder,
    struct meaning **ret, struct error *err);
void meaning_free(struct meaning *m); // after meaning_stop and the last search
int meaning_start(struct meaning *m, struct error *err);
void meaning_stop(struct meaning *m);
void meaning_wake(struct meaning *m); // a document was read
// What a passage is embedded as: the headings above it, unless it begins with them, and its text.
void meaning_text(struct buf *b, struct slice heading, struct slice text);

#endif
