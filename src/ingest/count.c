// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements count.h.
#include "ingest/count.h"

// Larder's own tries say nothing about what people send.
static bool is_own(struct slice partition)
{
    return slice_is(partition, CANARY_PARTITION) || slice_starts(partition, TRIAL_PREFIX);
}

static unsigned type_of(const struct receive_input *in, const struct receive_result *r)
{
    if (r->document.type && r->document.type[0]) {
        return label_find(LABEL_TYPE, slice_of(r->document.type));
    }
    // Refused before its type was sure: what its name says.
    const struct format_info *f = NULL;
    for (size_t i = in->name.len; i > 0 && !f; i--) {
        if (in->name.data[i - 1] == '.') {
            f = format_by_extension(slice_from(in->name, i));
            break;
        }
    }
    return label_find(LABEL_TYPE, slice_of(f ? f->name : ""));
}

static enum upload_outcome outcome_of(const struct receive_result *r, int rc)
{
    if (rc < 0) {
        return UPLOAD_FAILED;
    }
    if (r->duplicate) {
        return UPLOAD_DUPLICATE;
    }
    if (r->refused) {
        return UPLOAD_REJECTED;
    }
    if (r->document.status == DOCUMENT_QUARANTINED) {
        return UPLOAD_QUARANTINED;
    }
    return r->document.verdict && slice_is(slice_of(r->document.verdict), "accepted")
               ? UPLOAD_ACCEPTED
               : UPLOAD_WARNED;
}

void ingest_count_upload(
    const struct receive_input *in, const struct receive_result *r, int rc, int64_t us)
{
    // A wrong request is no upload that failed.
    if (rc == ERR_INVALID || is_own(in->partition)) {
        return;
    }
    metric_add(METRIC_UPLOADS, type_of(in, r), outcome_of(r, rc), 1);
    metric_add(METRIC_UPLOAD_BYTES, 0, 0, in->size);
    metric_observe(METRIC_STAGE_SECONDS, STAGE_RECEIVE, us);
}

void ingest_count_findings(const struct findings *f, bool upload)
{
    int lowest = 6;

    for (size_t i = 0; i < f->count; i++) {
        const struct finding_code *code = f->items[i].code;
        metric_add(METRIC_FINDINGS, label_find(LABEL_FINDING, slice_of(code->code)), 0, 1);
        if (code->severity >= SEVERITY_QUARANTINE && code->layer < lowest) {
            lowest = code->layer;
        }
    }
    if (upload && lowest < 6) {
        metric_add(METRIC_UPLOADS_REFUSED, (unsigned)(lowest < 1 ? 5 : lowest - 1), 0, 1);
    }
}

void ingest_count_processed(const struct document *d, enum process_outcome outcome)
{
    if (!is_own(slice_of(d->partition))) {
        metric_add(METRIC_PROCESSED, label_find(LABEL_TYPE, slice_of(d->type)), outcome, 1);
    }
}
