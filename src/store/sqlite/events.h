// SPDX-License-Identifier: AGPL-3.0-or-later
// The form of an event: {"seq":N,"time":"…","kind":"…","document_id":"…","data":{…}}. Pure.
#ifndef LARDER_STORE_SQLITE_EVENTS_H
#define LARDER_STORE_SQLITE_EVENTS_H

#include "base/buf.h"

enum { EVENT_KIND_SIZE = 48 };

void event_add_json(struct buf *b, int64_t seq, int64_t time_ms, struct slice kind,
    struct slice document_id, struct slice data);

#endif
