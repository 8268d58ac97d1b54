// SPDX-License-Identifier: AGPL-3.0-or-later
// Proving a deployment: a list of checks against a running server, spoken to over HTTP and WebSocket as any client would, so
// that what is proven is what people get. The same list runs for `larder verify` and for the page of the web app.
//
// Safe on a live server: all documents go into a partition of their own (VERIFY_PREFIX and a random word), under an external id
// of their own; they, the conversations and the keys that were made are removed at the end, also after a failed check and
// after a cancel. What an earlier run left because it was killed is removed first. Load is bounded by time and count.
//
// verify_run blocks; one thread a run (the short load starts threads of its own and joins them). Reports are plain data.
#ifndef LARDER_VERIFY_VERIFY_H
#define LARDER_VERIFY_VERIFY_H

#include "base/buf.h"
#include "base/error.h"
#include "net/trust.h"

#include <stdatomic.h>

#define VERIFY_PREFIX "larder-verify-"
#define VERIFY_EXTERNAL_ID "larder-verify" // of all documents that are made
enum {
    VERIFY_CHECKS_MAX = 96,
    VERIFY_TEXT_MAX = 400,
    VERIFY_NAME_MAX = 64,
    VERIFY_URL_MAX = 256,
    VERIFY_REPORT_MAX = 1 << 20, // bytes of a written report
};

enum verify_status {
    VERIFY_WAITING,
    VERIFY_RUNNING,
    VERIFY_PASS,
    VERIFY_FAIL,
    VERIFY_SKIPPED, // could not run because a part is not there; never a pass
    VERIFY_STATUSES
};
const char *verify_status_word(enum verify_status s);

struct trial; // one run; internal.h
struct verify_result;
struct verify_check {
    const char *id; // "type.pdf"
    const char *category; // "File types"
    const char *proves; // a sentence's worth for people
    const char *unit; // of the measured figure: "ms", "s"; NULL: nothing is measured
    double limit; // the most that the figure may be; 0: none
    int subject; // for checks that share a function: which
    void (*run)(struct trial *t, const struct verify_check *c, struct verify_result *ret);
    const char *advice; // what to do next when it fails
};
const struct verify_check *verify_check_at(size_t i); // NULL past the end

struct verify_result {
    const struct verify_check *check;
    enum verify_status status;
    bool measured;
    double value;
    int64_t took_ms;
    char text[VERIFY_TEXT_MAX]; // what was seen, or why it was skipped
};

struct verify_report {
    char url[VERIFY_URL_MAX]; // without a key
    char server_version[VERIFY_NAME_MAX];
    char partition[VERIFY_NAME_MAX];
    int64_t started_ms; // wall clock
    int64_t took_ms;
    bool ended;
    bool cancelled;
    int rc; // why it could not run; 0: it ran
    char error[ERROR_TEXT_MAX];
    struct verify_result results[VERIFY_CHECKS_MAX];
    size_t count;
};

struct verify_options {
    const char *url; // http://HOST:PORT or https://HOST:PORT
    const char *key;
    struct net_trust trust; // over TLS
    const atomic_bool *cancelled; // ends early, cleaned up; NULL: never
    const atomic_bool *stopping; // ends at once, whatever is left; NULL: never
    // Called before and after each check (running, then its end), on the thread of verify_run.
    void (*on_result)(void *ctx, const struct verify_report *r, size_t i);
    void *ctx;
};
// Fills the report. 0: all checks ran (passed, failed or skipped; see verify_count). A negative ERR_*: the server could not
// be tried (nobody there, wrong key, a key that may too little), or it was cancelled; what was made is removed in any case.
int verify_run(const struct verify_options *o, struct verify_report *ret, struct error *err);
// All checks as waiting, in order.
void verify_report_init(struct verify_report *r, const char *url);
size_t verify_count(const struct verify_report *r, enum verify_status s);

// ---- reports (report.c); pure
void verify_result_text(
    const struct verify_result *r, bool first_of_category, struct buf *out); // one check, as text
void verify_end_text(const struct verify_report *r, struct buf *out); // the last lines
int verify_report_json(const struct verify_report *r, struct buf *out, struct error *err);
void verify_report_junit(const struct verify_report *r, struct buf *out);

#endif
