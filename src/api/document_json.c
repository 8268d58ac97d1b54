// SPDX-License-Identifier: AGPL-3.0-or-later
// The document as the API shows it.
#include "api/api.h"
#include "base/clock.h"
#include "wire/json.h"

static void add_progress(struct json_out *j, const struct job_progress *p)
{
    json_key_object(j, "progress");
    json_key_text(j, "unit", p->unit);
    json_key_int(j, "done", p->done);
    json_key_int(j, "total", p->total);
    json_key_int(j, "queue_position", p->queue_position);
    if (p->seconds_left >= 0) {
        json_key_double(j, "seconds_left", p->seconds_left);
    } else {
        json_key_null(j, "seconds_left");
    }
    json_end(j);
}

static void add_link(struct json_out *j, const char *name, const char *id, const char *tail)
{
    char url[128];

    snprintf(url, sizeof(url), "/v1/documents/%s%s", id, tail);
    json_key_text(j, name, url);
}

static void add_links(struct json_out *j, const struct document *d)
{
    const struct format_info *format = format_by_name(slice_of(d->type));

    json_key_object(j, "links");
    add_link(j, "self", d->id, "");
    add_link(j, "original", d->id, "/original");
    add_link(j, "elements", d->id, "/elements");
    if (format && format->pages) {
        add_link(j, "pages", d->id, "/pages/{page}");
    }
    json_end(j);
}

static void add_time(struct json_out *j, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];

    clock_format(ms, text);
    json_key_text(j, key, text);
}

int document_json(struct api *api, const struct document *d, bool with_progress, bool duplicate,
    struct buf *out, struct error *err)
{
    struct job_progress progress = { 0 };
    struct json_out j;

    if (with_progress) {
        int rc = store_job_progress_of(api->store, slice_of(d->id), &progress, err);
        if (rc < 0 && rc != ERR_NOT_FOUND) {
            return rc;
        }
    }
    json_begin(&j, out);
    json_begin_object(&j);
    json_key_text(&j, "id", d->id);
    json_key_text(&j, "name", d->name);
    json_key_text(&j, "type", d->type);
    json_key_text(&j, "category", d->category);
    json_key_text(&j, "media_type", d->media_type);
    json_key_text(&j, "status", document_status_word(d->status));
    json_key_text(&j, "verdict", d->verdict);
    if (d->reason) {
        json_key_text(&j, "reason", d->reason);
    }
    json_key_raw(&j, "findings", slice_of(d->findings ? d->findings : "[]"));
    json_key_text(&j, "partition", d->partition);
    if (d->mode && d->mode[0] == '{') {
        json_key_raw(&j, "mode", slice_of(d->mode));
    } else {
        json_key_text(&j, "mode", d->mode);
    }
    json_key_text(&j, "external_id", d->external_id);
    json_key_int(&j, "size", d->size);
    json_key_text(&j, "sha256", d->blob);
    add_time(&j, "created_at", d->created_ms);
    add_time(&j, "updated_at", d->updated_ms);
    json_key_raw(&j, "metadata", slice_of(d->metadata ? d->metadata : "{}"));
    json_key_raw(&j, "errors", slice_of(d->errors ? d->errors : "[]"));
    json_key_raw(&j, "media", slice_of(d->media ? d->media : "{}"));
    json_key_int(&j, "element_count", d->element_count);
    json_key_int(&j, "chunk_count", d->chunk_count);
    if (d->page_count > 0) {
        json_key_double(&j, "page_count", d->page_count);
    }
    if (duplicate) {
        json_key_bool(&j, "duplicate", true);
    }
    if (progress.has_job) {
        add_progress(&j, &progress);
    }
    add_links(&j, d);
    json_end(&j);
    return json_finish(&j, err);
}

int api_query_int(const struct http_request *req, const char *name, int64_t fallback, int64_t min,
    int64_t max, int64_t *ret, struct error *err)
{
    struct slice text = http_query_find(req, name);

    *ret = fallback;
    if (!text.data) {
        return 0;
    }
    if (!slice_to_i64(text, ret) || *ret < min || *ret > max) {
        return error_set(err, ERR_INVALID, "%s must be a whole number from %lld to %lld.", name,
            (long long)min, (long long)max);
    }
    return 0;
}
