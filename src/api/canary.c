// SPDX-License-Identifier: AGPL-3.0-or-later
// The canary: a tiny document goes the whole road that people's documents go (taken in, checked, read, indexed, found, removed)
// in a partition of its own. Twice in a row without success is an alert. What waits in a long queue is no failure: the queue
// has an alert of its own.
#include "api/monitor_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "search/search.h"

#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

enum { WAIT_MS = 120000, PAUSE_US = 100000, ARENA_MAX = 16 << 20, TOKEN_BYTES = 8 };

static bool stopping(struct monitor *m)
{
    pthread_mutex_lock(&m->mutex);
    bool stop = m->stopping;
    pthread_mutex_unlock(&m->mutex);
    return stop;
}

// A file in the spool, named as those of uploads are, so that a crash leaves nothing behind for long.
static int make_file(struct monitor *m, const char *text, char *ret_path, size_t size,
    uint8_t ret_hash[32], struct error *err)
{
    uint8_t random[16];
    char name[33];
    size_t len = strlen(text);

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), name);
    snprintf(ret_path, size, "%s/spool/%s.part", m->api->settings->data_dir, name);
    AUTO_FD int fd = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fdatasync(fd) != 0 ||
        EVP_Digest(text, len, ret_hash, NULL, EVP_sha256(), NULL) != 1) {
        return error_set(err, ERR_IO, "The canary document could not be written.");
    }
    return 0;
}

// 0 when it is ready; ERR_BUSY when it still waited in the queue at the end.
static int wait_ready(struct monitor *m, struct slice id, struct error *err)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    enum document_status status = DOCUMENT_PENDING;

    while (clock_mono_ms() < until && !stopping(m)) {
        struct document d;
        AUTO_ARENA arena;
        arena_init(&arena, ARENA_MAX);
        int rc = store_document_load(m->api->store, id, &arena, &d, err);
        if (rc < 0) {
            return rc;
        }
        status = d.status;
        if (status == DOCUMENT_READY) {
            return 0;
        }
        if (status == DOCUMENT_FAILED || status == DOCUMENT_QUARANTINED) {
            return error_set(err, ERR_REFUSED, "The canary document was not read.");
        }
        usleep(PAUSE_US);
    }
    return status == DOCUMENT_PENDING || stopping(m)
               ? error_set(err, ERR_BUSY, "The canary document still waits.")
               : error_set(err, ERR_TIMEOUT, "The canary document was not ready in time.");
}

static int find_it(struct monitor *m, const char *token, const char *id, struct error *err)
{
    struct search_request q = {
        .query = slice_of(token), .partition = SLICE_LIT(CANARY_PARTITION), .limit = 1
    };
    struct search_reply reply;
    AUTO_ARENA arena;

    arena_init(&arena, ARENA_MAX);
    int rc = search_run(m->api->store, &q, &arena, &reply, err);
    if (rc == 0 && (reply.count == 0 || strcmp(reply.results[0].hit.document_id, id) != 0)) {
        rc = error_set(err, ERR_NOT_FOUND, "The canary document was not found by its words.");
    }
    return rc;
}

static int fly(struct monitor *m, struct error *err)
{
    uint8_t random[TOKEN_BYTES];
    char token[2 * TOKEN_BYTES + 8] = "canary", text[200], path[4200];
    struct receive_result result;
    struct receive_input in = { .name = SLICE_LIT("larder-canary.txt"),
        .partition = SLICE_LIT(CANARY_PARTITION),
        .path = path };
    AUTO_ARENA arena;

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), token + 6);
    snprintf(
        text, sizeof(text), "Larder tries itself out.\n\nThe word of this time is %s.\n", token);
    arena_init(&arena, ARENA_MAX);
    int rc = make_file(m, text, path, sizeof(path), in.sha256, err);
    if (rc < 0) {
        return rc;
    }
    in.size = (int64_t)strlen(text);
    rc = ingest_receive(m->api->ingest, &in, &arena, &result, err);
    if (rc < 0 || !result.taken) {
        unlink(path);
    }
    if (rc == 0 && result.refused) {
        rc = error_set(err, ERR_REFUSED, "The canary document was refused.");
    }
    if (rc < 0) {
        return rc;
    }
    rc = wait_ready(m, slice_of(result.document.id), err);
    rc = rc < 0 ? rc : find_it(m, token, result.document.id, err);
    int gone = store_document_delete(m->api->store, slice_of(result.document.id), NULL);
    return rc < 0 || gone == 0 ? rc
                               : error_set(err, gone, "The canary document could not be removed.");
}

void canary_run(struct monitor *m)
{
    struct error err = { 0 };
    int64_t start = clock_mono_us();
    double failures = metric_value(METRIC_CANARY_FAILURES, 0, 0);
    int rc = fly(m, &err);

    if (rc == ERR_BUSY) {
        return; // nothing was learnt
    }
    if (rc == 0) {
        metric_set(METRIC_CANARY_SECONDS, 0, 0, (double)(clock_mono_us() - start) * 1e-6);
        metric_set(METRIC_CANARY_FAILURES, 0, 0, 0);
        return;
    }
    metric_set(METRIC_CANARY_FAILURES, 0, 0, isnan(failures) ? 1 : failures + 1);
    log_warn("canary.failed", LS("error", err.text));
}
