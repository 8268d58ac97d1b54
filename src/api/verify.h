// SPDX-License-Identifier: AGPL-3.0-or-later
// Runs of verify/ inside the server, for the page of the web app: one at a time, on a thread of its own, over loopback with the
// local key. The report of the last run is kept in memory.
#ifndef LARDER_API_VERIFY_H
#define LARDER_API_VERIFY_H

#include "api/api.h"

struct verify_runs;
struct verify_runs *verify_runs_new(struct api *api);
// Ends a run that is under way and removes what it made; the store must still be open. NULL is fine.
void verify_runs_stop(struct verify_runs *v);
void verify_runs_free(struct verify_runs *v);
// Removes what runs left that were killed with their server: all documents, conversations and keys of
// their partitions.
void verify_sweep(struct api *api);

#endif
