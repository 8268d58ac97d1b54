// SPDX-License-Identifier: AGPL-3.0-or-later
// The parts a server works with, as it says itself (/readyz, /health, /v1/status), tried where that is possible; and messages
// about alerts, which must arrive.
#include "base/clock.h"
#include "verify/internal.h"

#include <string.h>
#include <time.h>

enum { DELIVERY_MS = 15000, PAUSE_MS = 200 };

// What a key without the right is not told can't be judged.
static bool told(const struct trial *t, struct verify_result *ret)
{
    if (!t->status) {
        trial_skip(ret, "the key has no monitor right.");
    }
    return t->status != NULL;
}

TRIAL_CHECK(check_ready)
{
    AUTO_TRIAL_REPLY reply = { 0 };

    (void)c;
    if (trial_get(t, "/readyz", &reply) == 200) {
        trial_pass(ret, "The server says that it is ready.");
    } else {
        trial_fail(ret, "The server says that it is not ready. %s", reply.error);
    }
}

TRIAL_CHECK(check_health)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    const char *name = NULL;
    json_t *list = NULL;
    AUTO_BUF bad = BUF_INIT(VERIFY_TEXT_MAX - 64);

    (void)c;
    if (!told(t, ret)) {
        return;
    }
    if (trial_get(t, "/health", &reply) != 200) {
        trial_fail(ret, "%s", reply.error);
        return;
    }
    json_object_foreach(json_object_get(reply.json, "checks"), name, list)
    {
        const json_t *one = json_array_get(list, 0);
        const char *status = trial_text(one, "status"), *output = trial_text(one, "output");
        if (strcmp(status, "pass") != 0) {
            buf_addf(&bad, "%s%s is %s%s%s", bad.len ? "; " : "", name, status,
                output[0] ? ": " : "", output);
        }
    }
    if (strcmp(trial_text(reply.json, "status"), "fail") == 0) {
        trial_fail(ret, "%s", bad.data ? bad.data : "The server says fail.");
    } else {
        trial_pass(ret, "%s", bad.data ? bad.data : "All parts say pass.");
    }
}

TRIAL_CHECK(check_sandbox)
{
    static const char *const wanted[] = { "rlimits", "no-new-privs", "seccomp" };
    AUTO_BUF missing = BUF_INIT(128);
    AUTO_TRIAL_REPLY now = { 0 };

    (void)c;
    if (!told(t, ret)) {
        return;
    }
    trial_get(t, "/v1/status", &now); // known since a document was read
    const char *level = trial_text(now.json, "sandbox");
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (!strstr(level, wanted[i])) {
            buf_addf(&missing, " %s", wanted[i]);
        }
    }
    if (!strstr(level, "landlock") && !strstr(level, "mount-ns")) {
        buf_add_str(&missing, " landlock or mount-ns");
    }
    if (!level[0]) {
        trial_fail(ret, "The server does not say how its readers are shut in.");
    } else if (missing.len) {
        trial_fail(ret, "Documents are read without:%s.", missing.data);
    } else {
        trial_pass(ret, "Readers are shut in by: %s.", level);
    }
}

// A part that /v1/status shows as {wanted, available, message}.
static bool part_there(const struct trial *t, const char *name, struct verify_result *ret)
{
    const json_t *part = json_object_get(t->status, name);
    const char *message = trial_text(part, "message");

    if (!told(t, ret)) {
        return false;
    }
    if (!part) {
        trial_skip(ret, "this version of the server does not tell of it.");
    } else if (!json_is_true(json_object_get(part, "wanted"))) {
        trial_skip(ret, "%s", message);
    } else if (!json_is_true(json_object_get(part, "available"))) {
        trial_fail(ret, "%s", message);
    } else {
        trial_pass(ret, "%s", message);
        return true;
    }
    return false;
}

TRIAL_CHECK(check_libreoffice)
{
    (void)c;
    part_there(t, "converter", ret);
}

TRIAL_CHECK(check_speech)
{
    (void)c;
    part_there(t, "speech", ret);
}

// By other words than stand in the document, so that only meaning can find it.
TRIAL_CHECK(check_meaning)
{
    const json_t *meaning = json_object_get(t->status, "meaning");
    AUTO_TRIAL_REPLY reply = { 0 };

    (void)c;
    if (!told(t, ret)) {
        return;
    }
    if (!json_is_true(json_object_get(meaning, "on"))) {
        trial_skip(ret, "no embedding model is in use: search is by words. %s",
            trial_text(meaning, "model"));
        return;
    }
    if (!types_have_pdf(t, ret)) {
        return;
    }
    long status = trial_post(t, "/v1/search", &reply,
        "{\"query\":\"burner does not ignite, error on the grill\",\"partition\":\"%s\",\"mode\":"
        "\"meaning\",\"types\":[\"pdf\"],\"limit\":3}",
        t->partition);
    const json_t *first = json_array_get(json_object_get(reply.json, "results"), 0);
    if (status != 200) {
        trial_fail(ret, "Search by meaning does not work. %s", reply.error);
    } else if (!first) {
        trial_fail(ret, "Search by meaning finds nothing where a passage is.");
    } else {
        trial_pass(ret, "A passage is found by other words than its own.");
    }
}

TRIAL_CHECK(check_scanner)
{
    const json_t *scanner = json_object_get(t->status, "scanner");

    (void)c;
    if (!told(t, ret)) {
        return;
    }
    if (!json_is_true(json_object_get(scanner, "configured"))) {
        trial_skip(ret, "no virus scanner is set (clamd.address).");
    } else if (!json_is_true(json_object_get(scanner, "answers"))) {
        trial_fail(ret, "The virus scanner does not answer: %s", trial_text(scanner, "message"));
    } else {
        trial_pass(ret, "%s", trial_text(scanner, "message"));
    }
}

TRIAL_CHECK(check_queue)
{
    const json_t *jobs = json_object_get(t->status, "jobs");

    (void)c;
    if (told(t, ret)) { // as it was when the run began
        trial_measure(ret, trial_number(jobs, "oldest_waiting_ms") / 1000,
            "the oldest document that waited before this run began");
    }
}

// ---- alerts

static double channel_count(const json_t *alerts, const char *channel, const char *field)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(alerts, "channels"), i, one)
    {
        if (strcmp(trial_text(one, "channel"), channel) == 0) {
            return trial_number(one, field);
        }
    }
    return 0;
}

// Which channels have sent nothing since `before`; why, as far as it is known.
static void find_silent(const json_t *before, const json_t *now, struct buf *out)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(now, "channels"), i, one)
    {
        const char *channel = trial_text(one, "channel"), *why = trial_text(one, "last_error");
        if (trial_number(one, "sent") <= channel_count(before, channel, "sent")) {
            buf_addf(out, "%s%s%s%s", out->len ? "; " : "", channel, why[0] ? ": " : "", why);
        }
    }
}

TRIAL_CHECK(check_alert_delivery)
{
    AUTO_TRIAL_REPLY before = { 0 }, test = { 0 };
    AUTO_BUF silent = BUF_INIT(VERIFY_TEXT_MAX - 100);
    int64_t until = clock_mono_ms() + DELIVERY_MS;

    (void)c;
    if (!told(t, ret)) {
        return;
    }
    if (trial_get(t, "/v1/alerts", &before) != 200) {
        trial_fail(ret, "%s", before.error);
        return;
    }
    size_t channels = json_array_size(json_object_get(before.json, "channels"));
    if (channels == 0) {
        trial_skip(ret,
            "no channel is set (alerts.webhook, alerts.alertmanager, alerts.smtp): nobody "
            "would be told.");
        return;
    }
    if (trial_post(t, "/v1/alerts/test", &test, "%s", "") != 200) {
        trial_fail(ret, "The test message was not begun. %s", test.error);
        return;
    }
    do {
        AUTO_TRIAL_REPLY now = { 0 };
        struct timespec nap = { .tv_nsec = PAUSE_MS * 1000000 };
        nanosleep(&nap, NULL);
        buf_reset(&silent);
        if (trial_get(t, "/v1/alerts", &now) != 200) {
            trial_fail(ret, "%s", now.error);
            return;
        }
        find_silent(before.json, now.json, &silent);
    } while (silent.len && clock_mono_ms() < until && !trial_stopped(t));
    if (silent.len) {
        trial_fail(ret, "The test message was not delivered within %d s by %s", DELIVERY_MS / 1000,
            silent.data);
    } else {
        trial_pass(
            ret, "A test message was delivered by all channels that are set (%zu).", channels);
    }
}
