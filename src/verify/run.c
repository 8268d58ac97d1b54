// SPDX-License-Identifier: AGPL-3.0-or-later
// One run: who are we there, what did an earlier run leave, every check of the table in order, and cleaning up, which also runs
// after a cancel.
#include "base/clock.h"
#include "base/embedded.h"
#include "base/id.h"
#include "verify/internal.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TOKEN_BYTES = 6,
    PAGE = 200, // documents of a list
    ROUNDS = 100, // pages that are removed at most
    SETTLE_MS = 300, // an upload that was cut off may still become a document
    OLD_S = 3600, // what is older was left by a run that was killed
};

// ---- marks

PRINTF_LIKE(3, 0)
static void mark(
    struct verify_result *r, enum verify_status status, const char *format, va_list args)
{
    r->status = status;
    vsnprintf(r->text, sizeof(r->text), format, args);
}

void trial_pass(struct verify_result *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mark(r, VERIFY_PASS, format, args);
    va_end(args);
}

void trial_fail(struct verify_result *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mark(r, VERIFY_FAIL, format, args);
    va_end(args);
}

void trial_skip(struct verify_result *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mark(r, VERIFY_SKIPPED, format, args);
    va_end(args);
}

void trial_measure(struct verify_result *r, double value, const char *what)
{
    r->measured = true;
    r->value = value;
    if (value <= r->check->limit) {
        trial_pass(r, "%.4g %s: %s.", value, r->check->unit, what);
    } else {
        trial_fail(
            r, "%.4g %s instead of at most %g: %s.", value, r->check->unit, r->check->limit, what);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double trial_sorted_at(double *values, size_t n, double share)
{
    qsort(values, n, sizeof(*values), by_value);
    return values[(size_t)(share * (double)(n - 1) + 0.5)];
}

extern const struct embedded_file trial_files[]; // of tests/fixtures; meson.build makes them
extern const size_t trial_files_count;

struct slice trial_file(const char *name)
{
    const struct embedded_file *file =
        embedded_find(trial_files, trial_files_count, slice_of(name));

    BUG_ON(!file);
    return slice_make((const char *)file->data, file->len);
}

void trial_make_text(struct trial *t, int lines, struct buf *out)
{
    static const char *const sentences[] = { "The cooler was looked at", "The grill was wiped",
        "The oil was filtered", "The floor was dry" };
    unsigned number = t->made++;

    buf_addf(out, "Larder tries itself out: %s, text %u.\n", t->token, number);
    for (int i = 0; i < lines; i++) {
        buf_addf(out, "%s%s on round %d of text %u.\n", i % 8 ? "" : "\n",
            sentences[(size_t)i % ARRAY_LEN(sentences)], i + 1, number);
    }
}

// ---- removing

// The next page of documents with this query; removes those that are to go. How many went, or -1 if the server did not let us.
static int remove_page(struct trial *t, const char *query, const char *before, const char **ret_why)
{
    AUTO_TRIAL_REPLY list = { 0 };
    AUTO_BUF path = BUF_INIT(512);
    const json_t *one = NULL;
    size_t i = 0;
    int gone = 0;

    buf_addf(&path, "/v1/documents?limit=%d&order=created_at&%s", PAGE, query);
    if (trial_get(t, path.data, &list) != 200) {
        *ret_why = "the documents could not be listed";
        return -1;
    }
    json_array_foreach(json_object_get(list.json, "documents"), i, one)
    {
        AUTO_TRIAL_REPLY reply = { 0 };
        char target[128];
        const char *partition = trial_text(one, "partition");
        if (strncmp(partition, VERIFY_PREFIX, strlen(VERIFY_PREFIX)) != 0 ||
            (before && strcmp(trial_text(one, "created_at"), before) >= 0)) {
            continue;
        }
        snprintf(target, sizeof(target), "/v1/documents/%.40s", trial_text(one, "id"));
        long status =
            trial_call(t, &(struct trial_request){ .method = "DELETE", .path = target }, &reply);
        if (status != 204 && status != 404) {
            *ret_why = "a document could not be deleted";
            return -1;
        }
        gone++;
    }
    return gone;
}

static bool remove_all(
    struct trial *t, const char *query, const char *before, int *ret_count, const char **ret_why)
{
    for (int round = 0; round < ROUNDS; round++) {
        int n = remove_page(t, query, before, ret_why);
        if (n <= 0) {
            return n == 0;
        }
        *ret_count += n;
    }
    *ret_why = "there were too many documents";
    return false;
}

static bool remove_conversations(struct trial *t, const char **ret_why)
{
    AUTO_TRIAL_REPLY list = { 0 };
    char path[192];
    const json_t *one = NULL;
    size_t i = 0;

    if (!trial_may(t, "ask")) {
        return true;
    }
    snprintf(path, sizeof(path), "/v1/conversations?limit=%d&partition=%s", PAGE, t->partition);
    if (trial_get(t, path, &list) != 200) {
        *ret_why = "the conversations could not be listed";
        return false;
    }
    json_array_foreach(json_object_get(list.json, "conversations"), i, one)
    {
        AUTO_TRIAL_REPLY reply = { 0 };
        snprintf(path, sizeof(path), "/v1/conversations/%.40s", trial_text(one, "id"));
        if (trial_call(t, &(struct trial_request){ .method = "DELETE", .path = path }, &reply) !=
            204) {
            *ret_why = "a conversation could not be deleted";
            return false;
        }
    }
    return true;
}

static bool remove_key(struct trial *t, const char *id, const char **ret_why)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    char path[96];

    snprintf(path, sizeof(path), "/v1/keys/%.40s", id);
    long status =
        trial_call(t, &(struct trial_request){ .method = "DELETE", .path = path }, &reply);
    if (status != 204 && status != 404) {
        *ret_why = "a key could not be revoked";
        return false;
    }
    return true;
}

// Of this run, or, with before, of any older than that.
static bool remove_keys(struct trial *t, const char *before, const char **ret_why)
{
    AUTO_TRIAL_REPLY list = { 0 };
    const json_t *one = NULL;
    size_t i = 0;
    bool fine = true;

    if (!trial_may(t, "keys")) {
        return true;
    }
    if (trial_get(t, "/v1/keys", &list) != 200) {
        *ret_why = "the keys could not be listed";
        return false;
    }
    json_array_foreach(json_object_get(list.json, "keys"), i, one)
    {
        const char *partition =
            json_string_value(json_array_get(json_object_get(one, "partitions"), 0));
        bool mine = partition && strcmp(partition, t->partition) == 0;
        bool old = before && strcmp(trial_text(one, "name"), TRIAL_KEY_NAME) == 0 &&
                   strcmp(trial_text(one, "created_at"), before) < 0;
        if (mine || old) {
            fine = remove_key(t, trial_text(one, "id"), ret_why) && fine;
        }
    }
    return fine;
}

static void end_mcp(struct trial *t)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    char session[96];
    const char *headers[] = { session, NULL };

    if (t->mcp_session[0]) {
        snprintf(session, sizeof(session), "Mcp-Session-Id: %s", t->mcp_session);
        trial_call(t,
            &(struct trial_request){ .method = "DELETE", .path = "/mcp", .headers = headers },
            &reply);
        t->mcp_session[0] = '\0';
    }
}

TRIAL_CHECK(check_clean)
{
    char query[VERIFY_NAME_MAX + 16];
    const char *why = "";
    int count = 0;

    (void)c;
    t->cleaning = true;
    end_mcp(t);
    snprintf(query, sizeof(query), "partition=%s", t->partition);
    bool fine = remove_all(t, query, NULL, &count, &why);
    struct timespec nap = { .tv_nsec = SETTLE_MS * 1000000 };
    nanosleep(&nap, NULL);
    fine = fine && remove_all(t, query, NULL, &count, &why);
    fine = remove_conversations(t, &why) && fine;
    fine = remove_keys(t, NULL, &why) && fine;
    OPENSSL_cleanse(t->key, sizeof(t->key));
    if (fine) {
        trial_pass(
            ret, "%d documents removed; nothing of partition %s is left.", count, t->partition);
    } else {
        trial_fail(ret, "Something of partition %s is left: %s.", t->partition, why);
    }
}

// ---- the run

void verify_report_init(struct verify_report *r, const char *url)
{
    *r = (struct verify_report){ .started_ms = clock_wall_ms() };
    snprintf(r->url, sizeof(r->url), "%s", url);
    for (; verify_check_at(r->count); r->count++) {
        r->results[r->count].check = verify_check_at(r->count);
    }
}

static int find_rights(struct trial *t, struct error *err)
{
    static const char *const needed[] = { "read", "search", "write", "manage" };
    AUTO_TRIAL_REPLY reply = { 0 };
    AUTO_BUF missing = BUF_INIT(128);
    long status = trial_get(t, "/v1/session", &reply);

    if (status < 0) {
        return error_set(err, (int)status, "%s", reply.error);
    }
    if (status == 401) {
        return error_set(err, ERR_AUTH, "%s",
            t->o->key && t->o->key[0] ? "The key is not known to this server."
                                      : "The server wants a key: give it by LARDER_KEY or --key.");
    }
    if (status != 200 || !json_is_array(json_object_get(reply.json, "rights"))) {
        return error_set(
            err, ERR_CORRUPT, "What answers at this address is not a Larder (status %ld).", status);
    }
    t->session = json_incref(reply.json);
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (!trial_may(t, needed[i])) {
            buf_addf(&missing, "%s%s", missing.len ? ", " : "", needed[i]);
        }
    }
    if (missing.len) {
        return error_set(err, ERR_DENIED,
            "The key lacks rights that are needed to try the server and to clean up afterwards: "
            "%s. "
            "Use a key of the role manager or admin.",
            missing.data);
    }
    if (json_array_size(json_object_get(t->session, "partitions")) > 0) {
        return error_set(err, ERR_DENIED,
            "The key opens only some partitions; trying the server needs a partition of its own.");
    }
    return 0;
}

static void remove_old(struct trial *t)
{
    char before[CLOCK_TEXT_MAX];
    const char *why = "";
    int count = 0;

    clock_format(clock_wall_ms() - (int64_t)OLD_S * 1000, before);
    remove_all(t, "external_id=" VERIFY_EXTERNAL_ID, before, &count, &why);
    remove_keys(t, before, &why);
}

static int prepare(struct trial *t, struct error *err)
{
    AUTO_TRIAL_REPLY status = { 0 }, formats = { 0 };
    uint8_t random[TOKEN_BYTES];

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), t->token);
    snprintf(t->partition, sizeof(t->partition), VERIFY_PREFIX "%s", t->token);
    snprintf(t->report->partition, sizeof(t->report->partition), "%s", t->partition);
    int rc = find_rights(t, err);
    if (rc < 0) {
        return rc;
    }
    if (trial_may(t, "monitor") && trial_get(t, "/v1/status", &status) == 200) {
        t->status = json_incref(status.json);
        snprintf(t->report->server_version, sizeof(t->report->server_version), "%.60s",
            trial_text(t->status, "version"));
    }
    if (trial_get(t, "/v1/formats", &formats) == 200) {
        t->formats = json_incref(formats.json);
    }
    remove_old(t);
    return 0;
}

static void tell(struct trial *t, size_t i)
{
    if (t->o->on_result) {
        t->o->on_result(t->o->ctx, t->report, i);
    }
}

static void run_one(struct trial *t, size_t i)
{
    struct verify_result *r = &t->report->results[i];
    int64_t start = clock_mono_ms();

    r->status = VERIFY_RUNNING;
    tell(t, i);
    struct verify_result done = *r; // readers of the report never see it half written
    r->check->run(t, r->check, &done);
    done.took_ms = clock_mono_ms() - start;
    if (trial_stopped(t)) { // it was cut off, so it says nothing
        done.status = VERIFY_WAITING;
        done.measured = false;
        done.text[0] = '\0';
    }
    *r = done;
    tell(t, i);
}

int verify_run(const struct verify_options *o, struct verify_report *ret, struct error *err)
{
    struct error own = { 0 };
    struct trial *t = xalloc(sizeof(*t));
    int64_t start = clock_mono_ms();

    verify_report_init(ret, o->url);
    t->o = o;
    t->report = ret;
    int rc = prepare(t, &own);
    if (rc == 0) {
        for (size_t i = 0; i + 1 < ret->count && !trial_stopped(t); i++) {
            run_one(t, i);
        }
        ret->cancelled = trial_stopped(t);
        t->cleaning = true;
        run_one(t, ret->count - 1);
        rc = ret->cancelled ? error_set(&own, ERR_CANCELLED, "Stopped before the end.") : 0;
    }
    ret->rc = rc;
    snprintf(ret->error, sizeof(ret->error), "%s", own.text);
    ret->took_ms = clock_mono_ms() - start;
    ret->ended = true;
    json_decref(t->session);
    json_decref(t->status);
    json_decref(t->formats);
    OPENSSL_cleanse(t, sizeof(*t));
    free(t);
    return rc < 0 ? error_set(err, rc, "%s", own.text) : 0;
}
