// SPDX-License-Identifier: AGPL-3.0-or-later
// file_status: is an upload done, how far is it, and what went wrong?
#include "assist/retrieve.h"
#include "assist/tools/tools.h"
#include "base/clock.h"

enum { FILES_MOST = 20 };

static const struct tool_field arguments[] = {
    { "document_id", "The document's id.", .length = 36 },
    { "name", "A part of the file's name; without id and name, the newest files are told.",
        .length = 200 },
    { NULL },
};
static const struct tool_field progress_fields[] = {
    { "unit", "What is counted: page, slide, row, second.", .required = true },
    { "done", "How many are done.", .type = TOOL_INTEGER, .required = true },
    { "total", "Of how many; 0 if not known.", .type = TOOL_INTEGER, .required = true },
    { "queue_position", "Files before it and itself; 0 while it is read.", .type = TOOL_INTEGER,
        .required = true },
    { "seconds_left", "About how long it will take.", .type = TOOL_NUMBER },
    { NULL },
};
static const struct tool_field file_fields[] = {
    { "document_id", "The document's id.", .required = true },
    { "name", "The file's name.", .required = true },
    { "status", "ready, failed, quarantined, or a state of being read.", .required = true },
    { "in_words", "One sentence for a person.", .required = true },
    { "verdict", "What the checks said.", .required = true },
    { "findings", "What the checks found, with advice.", .type = TOOL_OBJECT, .array = true,
        .required = true },
    { "progress", "How far reading is.", .type = TOOL_OBJECT, .fields = progress_fields },
    { "added_at", "When it was taken in (RFC 3339).", .required = true },
    { NULL },
};
static const struct tool_field results[] = {
    { "files", "The files, newest first.", .type = TOOL_OBJECT, .array = true,
        .fields = file_fields, .required = true },
    { NULL },
};

// "Page 37 of 212 is read, about 40 seconds are left."
static void in_words(const struct document *d, const struct job_progress *p, struct buf *b)
{
    AUTO_JSON *errors = json_in_parse(slice_of(d->errors), JSON_IN_DEPTH, NULL);
    const char *error = json_string_value(json_array_get(errors, 0));

    switch (d->status) {
    case DOCUMENT_READY:
        buf_add_str(b, "It is read and can be searched.");
        return;
    case DOCUMENT_FAILED:
        buf_addf(b, "It could not be read%s%s", error ? ": " : ".", error ? error : "");
        return;
    case DOCUMENT_QUARANTINED:
        buf_add_str(b, "It is held back; a person must release or delete it.");
        return;
    default:
        break;
    }
    if (p->has_job && p->queue_position > 0) {
        buf_addf(b, "It waits to be read, number %lld in the queue.", (long long)p->queue_position);
    } else if (p->total > 0) {
        buf_addf(b, "It is being read: %s %lld of %lld.", p->unit, (long long)p->done,
            (long long)p->total);
    } else {
        buf_add_str(b, "It is being read.");
    }
}

static int put_file(
    struct tool_context *c, const struct document *d, struct json_out *ret, struct error *err)
{
    struct job_progress p = { .seconds_left = -1 };
    AUTO_BUF words = BUF_INIT(4096);
    char when[CLOCK_TEXT_MAX];
    bool done = d->status == DOCUMENT_READY || d->status == DOCUMENT_FAILED ||
                d->status == DOCUMENT_QUARANTINED;
    int rc = done ? 0 : store_job_progress_of(c->store, slice_of(d->id), &p, err);

    if (rc < 0) {
        return rc;
    }
    in_words(d, &p, &words);
    clock_format(d->created_ms, when);
    json_begin_object(ret);
    json_key_text(ret, "document_id", d->id);
    json_key_text(ret, "name", d->name);
    json_key_text(ret, "status", document_status_word(d->status));
    json_key_string(ret, "in_words", buf_slice(&words));
    json_key_text(ret, "verdict", d->verdict ? d->verdict : "");
    json_key_raw(ret, "findings", slice_of(d->findings));
    if (p.has_job && !done) {
        json_key_object(ret, "progress");
        json_key_text(ret, "unit", p.unit);
        json_key_int(ret, "done", p.done);
        json_key_int(ret, "total", p.total);
        json_key_int(ret, "queue_position", p.queue_position);
        if (p.seconds_left >= 0) {
            json_key_double(ret, "seconds_left", p.seconds_left);
        }
        json_end(ret);
    }
    json_key_text(ret, "added_at", when);
    json_end(ret);
    return 0;
}

static int run(struct tool_context *c, const json_t *args, struct json_out *ret, struct error *err)
{
    struct slice id = argument_text(args, "document_id");
    struct document_filter f = { .partition = context_partition(c),
        .name_like = argument_text(args, "name") };
    struct document one, *documents = &one;
    size_t count = 1;
    int64_t total = 0;
    const char *next = NULL;
    int rc = id.len ? document_visible(c, id, &one, err)
                    : store_document_list(c->store, &f, slice_make(NULL, 0), FILES_MOST, c->arena,
                          &documents, &count, &next, &total, err);

    if (rc == 0 && count == 0 && f.name_like.len) {
        rc = error_set(err, ERR_NOT_FOUND, "No file's name contains \"" SLICE_FMT "\".",
            SLICE_ARG(f.name_like));
    }
    json_key_array(ret, "files");
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = put_file(c, &documents[i], ret, err);
    }
    json_end(ret);
    return rc;
}

const struct tool file_status_tool = { .name = "file_status",
    .title = "Ask about an upload",
    .description = "Says of files whether they are read, how far reading is, how long it will "
                   "take, and what went wrong with advice. Use it for questions such as \"is my "
                   "upload done?\" or \"why was my file refused?\".",
    .arguments = arguments,
    .results = results,
    .needs_status = true,
    .run = run };
