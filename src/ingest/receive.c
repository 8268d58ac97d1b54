// SPDX-License-Identifier: AGPL-3.0-or-later
// From a spooled upload to a verdict and a durable row. Order: the same content again is recognised before any work; layers
// 1 to 3 in this process without any parser; layers 4 and 5 in a sandboxed reader; then blob, then row, then the answer.
#include "base/clock.h"
#include "base/log.h"
#include "check/check.h"
#include "ingest/count.h"
#include "ingest/internal.h"
#include "wire/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255, METADATA_MAX_BYTES = 64 * 1024, EXTERNAL_ID_MAX = 256 };

bool partition_name_valid(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) {
            return false;
        }
    }
    return name.len > 0 && name.len <= PARTITION_MAX;
}

static struct slice extension_of(struct slice name)
{
    for (size_t i = name.len; i > 0; i--) {
        if (name.data[i - 1] == '.') {
            return slice_from(name, i);
        }
    }
    return slice_make("", 0);
}

int64_t ingest_cap(struct ingest *g, struct slice name, struct slice media_type)
{
    const struct format_info *f = format_by_extension(extension_of(name));
    int64_t most = 0;

    f = f ? f : format_by_media_type(media_type);
    if (f) {
        return g->settings->cap[f->id];
    }
    for (size_t i = 0; format_at(i); i++) {
        int64_t cap = g->settings->cap[format_at(i)->id];
        most = cap > most ? cap : most;
    }
    return most;
}

// The queue of readings is bounded; who comes when it is full learns it before any work is done.
static int check_queue(struct ingest *g, struct error *err)
{
    bool full = false;
    int rc = store_job_queue_full(g->store, g->settings->jobs_queue, &full, err);

    if (rc < 0 || !full) {
        return rc;
    }
    return error_set(err, ERR_BUSY,
        "%lld documents wait to be read, and more may not wait (jobs.queue). Try again when some "
        "of them are ready.",
        (long long)g->settings->jobs_queue);
}

static int check_request(const struct receive_input *in, struct error *err)
{
    if (in->partition.len && !partition_name_valid(in->partition)) {
        return error_set(err, ERR_INVALID,
            "The partition's name can have lower-case letters, digits, _ and -, up to %d of them.",
            PARTITION_MAX);
    }
    if (in->external_id.len > EXTERNAL_ID_MAX) {
        return error_set(
            err, ERR_INVALID, "external_id can have at most %d bytes.", EXTERNAL_ID_MAX);
    }
    return 0;
}

static int copy_metadata(
    const struct receive_input *in, struct arena *a, const char **ret, struct error *err)
{
    *ret = "{}";
    if (!in->metadata.len) {
        return 0;
    }
    if (in->metadata.len > METADATA_MAX_BYTES) {
        return error_set(err, ERR_TOO_LARGE, "The metadata of a document can have at most 64 KiB.");
    }
    AUTO_JSON *object = json_in_parse_object(in->metadata, err);
    if (!object) {
        return error_prefix(err, ERR_INVALID, "metadata");
    }
    AUTO_FREE char *text = json_dumps(object, JSON_COMPACT);
    *ret = text ? arena_strdup(a, text) : NULL;
    return *ret ? 0 : error_set(err, ERR_MEMORY, "The metadata did not fit into memory.");
}

struct check_run {
    struct findings *findings;
    struct media_facts *media;
};

static int on_check_finding(void *ctx, const struct finding *f)
{
    findings_add(((struct check_run *)ctx)->findings, f->code->code, &f->place, "%s", f->message);
    return 0;
}

static int on_check_info(void *ctx, struct slice key, const struct slice *text, double number)
{
    media_facts_add(((struct check_run *)ctx)->media, key, text, number);
    return 0;
}

// Layers 4 and 5.
static int check_deep(struct ingest *g, int fd, const struct format_info *format,
    struct findings *findings, struct media_facts *media, struct error *err)
{
    struct reader_request request =
        ingest_reader_request(g, READER_CHECK, format->name, fd, g->settings->reader_check_s);
    struct check_run run = { findings, media };
    struct reader_events events = {
        .finding = on_check_finding, .info = on_check_info, .ctx = &run
    };
    struct reader_result result = { 0 };
    int rc = reader_run(&request, &events, NULL, &result, err);

    if (rc < 0) {
        return rc;
    }
    ingest_note_sandbox(g, &result);
    if (result.end == READER_DONE) {
        return 0;
    }
    log_warn("check.ended", LS("end", reader_end_word(result.end)), LI("signal", result.signal),
        LS("format", format->name));
    if (result.end == READER_NO_SANDBOX || result.end == READER_UNSUPPORTED) {
        return error_set(err, ERR_UNSUPPORTED, "%s", result.text);
    }
    ingest_end_finding(&result, findings);
    if (findings_verdict(findings) < VERDICT_QUARANTINED) {
        findings_add(findings, "structure.corrupt", NULL,
            "The file could not be checked to its end, so it can't be trusted.");
    }
    return 0;
}

struct checked { // what the checks found out
    struct findings findings;
    struct media_facts media;
    const struct format_info *format; // NULL: not known, so refused
};

static const char *json_of(const struct findings *f, struct arena *a)
{
    AUTO_BUF out = BUF_INIT(256 * 1024);

    findings_add_json(&out, f);
    return buf_ok(&out) ? arena_strndup(a, out.data, out.len) : NULL;
}

static int check_first_layers(struct ingest *g, const struct receive_input *in, int fd,
    struct findings *findings, const struct format_info **ret_format, struct error *err)
{
    struct check_input input = { .name = in->name,
        .declared_media_type = in->media_type,
        .fd = fd,
        .size = in->size,
        .cap = ingest_cap(g, in->name, in->media_type) };
    if (in->over_limit && input.size <= input.cap) {
        input.size = input.cap + 1; // the spool stopped there; the real size is not known
    }
    return check_upload(&input, findings, ret_format, err);
}

// Content that is here under a good name is still refused under a bad one: whoever sends it must hear of it.
static bool refused_by_name(struct ingest *g, const struct receive_input *in)
{
    AUTO_FD int fd = open(in->path, O_RDONLY | O_CLOEXEC);
    const struct format_info *format = NULL;
    struct findings findings;

    findings_init(&findings);
    bool refused = fd >= 0 && check_first_layers(g, in, fd, &findings, &format, NULL) == 0 &&
                   (!format || findings_verdict(&findings) == VERDICT_REJECTED);
    findings_done(&findings);
    return refused;
}

static int check_all(
    struct ingest *g, const struct receive_input *in, struct checked *c, struct error *err)
{
    AUTO_FD int fd = open(in->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return error_set(err, ERR_IO, "The upload could not be read back from the disk.");
    }
    int rc = check_first_layers(g, in, fd, &c->findings, &c->format, err);
    if (rc == 0 && c->format && findings_verdict(&c->findings) != VERDICT_REJECTED) {
        int64_t start_us = clock_mono_us();
        ingest_scan(g, fd, in->size, &c->findings);
        ingest_check_converter(g, c->format, &c->findings);
        int64_t scanned_us = clock_mono_us();
        rc = check_deep(g, fd, c->format, &c->findings, &c->media, err);
        if (g->settings->clamd_address[0]) {
            metric_observe(METRIC_STAGE_SECONDS, STAGE_SCAN, scanned_us - start_us);
        }
        metric_observe(METRIC_STAGE_SECONDS, STAGE_CHECK, clock_mono_us() - scanned_us);
    }
    return rc;
}

static int keep(
    struct ingest *g, const struct receive_input *in, struct receive_result *ret, struct error *err)
{
    int rc = store_blob_put(g->store, ret->document.blob, in->path, err);

    if (rc < 0) {
        return rc;
    }
    ret->taken = true;
    rc = store_document_create(g->store, &ret->document, &ret->duplicate, err);
    if (rc == 0) {
        ingest_wake(g);
    }
    return rc;
}

static int clean_name(struct slice name, struct arena *a, const char **ret, struct error *err)
{
    AUTO_BUF clean = BUF_INIT(8 * 1024);

    check_clean_name(name, &clean);
    *ret = arena_strndup(a, clean.data ? clean.data : "", clean.len);
    return *ret ? 0 : error_set(err, ERR_MEMORY, "The name did not fit into memory.");
}

// Is it here already, and not only by a reading that failed or under a name that was good?
static int find_known(struct ingest *g, const struct receive_input *in, struct slice partition,
    const char hash[BLOB_HASH_SIZE], struct arena *a, struct receive_result *ret, struct error *err)
{
    if (in->over_limit || in->size == 0) {
        return 0;
    }
    int rc = store_document_by_blob(g->store, partition, hash, a, &ret->document, err);
    ret->duplicate = rc == 0 && ret->document.status != DOCUMENT_FAILED && !refused_by_name(g, in);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

// The document's row; false if it does not fit into memory.
static bool describe(struct document *d, const struct receive_input *in, struct slice partition,
    struct slice mode, struct checked *c, struct arena *a)
{
    const struct format_info *f = c->format;
    enum verdict verdict = findings_verdict(&c->findings);

    d->verdict = verdict_word(verdict);
    d->reason = reason_word(findings_reason(&c->findings));
    d->findings = json_of(&c->findings, a);
    d->media = arena_strdup(a, media_facts_close(&c->media));
    d->page_count = c->media.pages;
    d->partition = arena_strndup(a, partition.data, partition.len);
    d->external_id =
        in->external_id.len ? arena_strndup(a, in->external_id.data, in->external_id.len) : NULL;
    d->size = in->size;
    d->errors = "[]";
    d->created_ms = d->updated_ms = clock_wall_ms();
    d->type = f ? f->name : "";
    d->category = f ? f->category : "";
    d->media_type = f ? f->media_type : "";
    d->mode = mode.len ? arena_strndup(a, mode.data, mode.len) : f ? f->mode : "";
    d->status = verdict == VERDICT_QUARANTINED ? DOCUMENT_QUARANTINED : DOCUMENT_PENDING;
    return d->findings && d->media && d->partition && d->mode;
}

static int receive(struct ingest *g, const struct receive_input *in, struct arena *a,
    struct receive_result *ret, struct error *err)
{
    struct document *d = &ret->document;
    struct slice partition = in->partition.len ? in->partition : SLICE_LIT("default");
    const char *metadata = NULL, *name = NULL;
    char hash[BLOB_HASH_SIZE];
    struct checked c = { .format = NULL };
    AUTO_BUF mode = BUF_INIT(4 * MODE_TEXT_MAX);

    memset(ret, 0, sizeof(*ret));
    hex_format(in->sha256, sizeof(in->sha256), hash);
    int rc = check_request(in, err);
    rc = rc < 0 || !in->mode.len ? rc : mode_check(in->mode, &mode, err);
    rc = rc < 0 ? rc : copy_metadata(in, a, &metadata, err);
    rc = rc < 0 ? rc : clean_name(in->name, a, &name, err);
    rc = rc < 0 ? rc : find_known(g, in, partition, hash, a, ret, err);
    if (rc < 0 || ret->duplicate) {
        return rc;
    }
    *d = (struct document){ .metadata = metadata, .name = name };
    memcpy(d->blob, hash, sizeof(hash));
    rc = check_queue(g, err);
    if (rc < 0) {
        return rc;
    }
    findings_init(&c.findings);
    media_facts_init(&c.media);
    rc = check_all(g, in, &c, err);
    if (rc == 0) {
        ret->refused = !c.format || findings_verdict(&c.findings) == VERDICT_REJECTED;
        if (!describe(d, in, partition, buf_slice(&mode), &c, a)) {
            rc = error_set(err, ERR_MEMORY, "The upload's findings did not fit into memory.");
        } else if (!ret->refused) {
            id_new(d->id);
            rc = keep(g, in, ret, err);
        }
    }
    ingest_count_findings(&c.findings, true);
    findings_done(&c.findings);
    media_facts_done(&c.media);
    return rc;
}

int ingest_receive(struct ingest *g, const struct receive_input *in, struct arena *a,
    struct receive_result *ret, struct error *err)
{
    int64_t start_us = clock_mono_us();
    int rc = receive(g, in, a, ret, err);

    ingest_count_upload(in, ret, rc, clock_mono_us() - start_us);
    return rc;
}
