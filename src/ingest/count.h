// SPDX-License-Identifier: AGPL-3.0-or-later
// What ingest counts for watch/: uploads, findings, readings, the time of stages. Any thread.
#ifndef LARDER_INGEST_COUNT_H
#define LARDER_INGEST_COUNT_H

#include "ingest/ingest.h"
#include "watch/metric.h"

// rc as ingest_receive returns it; us: of all of it.
void ingest_count_upload(
    const struct receive_input *in, const struct receive_result *r, int rc, int64_t us);
void ingest_count_findings(const struct findings *f, bool upload);
void ingest_count_processed(const struct document *d, enum process_outcome outcome);

#endif
