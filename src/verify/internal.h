// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of verify/ share: the run, its client, its marks on results. One thread, but for the load's own threads, which
// only use verify_call with replies of their own.
#ifndef LARDER_VERIFY_INTERNAL_H
#define LARDER_VERIFY_INTERNAL_H

#include "net/call.h"
#include "verify/verify.h"
#include "wire/json_in.h"

#define TRIAL_KEY_NAME "larder verify" // of a key that is made
enum {
    TRIAL_REPLY_MAX = 8 << 20, // bytes of an answer
    TRIAL_CALL_MS = 150000, // one request
    TRIAL_READY_MS = 240000, // from the upload of the twenty to the last of them
    TRIAL_TYPES = 20,
};

struct slice trial_file(const char *name); // BUG if it is not there

struct trial_upload { // one of the twenty, as its upload ended
    char id[40];
    long status;
    char words[VERIFY_TEXT_MAX]; // why it was not taken in
};

struct trial {
    const struct verify_options *o;
    struct verify_report *report;
    char partition[VERIFY_NAME_MAX];
    char token[24]; // in every text that is made, so that nothing is like what is there
    unsigned made; // counts texts
    json_t *session; // GET /v1/session
    json_t *status; // GET /v1/status; NULL without the right
    json_t *formats; // GET /v1/formats
    bool uploaded; // the twenty
    int64_t uploaded_ms; // clock_mono_ms
    struct trial_upload uploads[TRIAL_TYPES];
    char mcp_session[64]; // "" when there is none
    char key_id[40], key[128]; // a key that was made and not revoked yet; "" when there is none
    bool cleaning; // cancel counts no more
};

bool trial_may(const struct trial *t, const char *right);
bool trial_stopped(const struct trial *t);

// ---- the client (client.c)
struct trial_reply {
    long status; // 0: none; then error says why
    int64_t us; // from the connection being there to the end of the answer
    struct buf body;
    json_t *json; // NULL if it is none
    char session[64];
    char error[ERROR_TEXT_MAX]; // why there is no answer, or the problem's sentence
};
void trial_reply_done(struct trial_reply *r);
#define AUTO_TRIAL_REPLY CLEANUP(trial_reply_done) struct trial_reply

struct trial_request {
    const char *method; // NULL: GET, or POST with a body
    const char *path; // with its query
    struct slice body;
    const char *media_type; // NULL: JSON
    const char *accept;
    const char *key; // NULL: the run's; "": none
    const char *const *headers;
    int64_t
        announced; // > 0: a body of so many spaces is announced and sent as long as it is wanted
};
// Any thread. The status, or a negative ERR_* if no answer came.
long trial_call(const struct trial *t, const struct trial_request *q, struct trial_reply *ret);
long trial_get(const struct trial *t, const char *path, struct trial_reply *ret);
// format makes the JSON body.
long trial_post(const struct trial *t, const char *path, struct trial_reply *ret,
    const char *format, ...) PRINTF_LIKE(4, 5);
// A file into the run's partition. mode: NULL for the type's own.
long trial_upload(const struct trial *t, const char *name, struct slice bytes, const char *mode,
    struct trial_reply *ret);
const char *trial_text(const json_t *object, const char *field); // "" if it is not there
double trial_number(const json_t *object, const char *field); // 0 if it is not there
int64_t trial_int(const json_t *object, const char *field); // 0 if it is not there or no integer
bool trial_has_finding(const json_t *answer, const char *code);

// ---- marks
void trial_pass(struct verify_result *r, const char *format, ...) PRINTF_LIKE(2, 3);
void trial_fail(struct verify_result *r, const char *format, ...) PRINTF_LIKE(2, 3);
void trial_skip(struct verify_result *r, const char *format, ...) PRINTF_LIKE(2, 3);
// Passes or fails by the check's limit. what says what was measured: "the median of 5 uploads".
void trial_measure(struct verify_result *r, double value, const char *what);
// Sorts; the value that so large a share (0 to 1) is not above: 0.5 is the median.
double trial_sorted_at(double *values, size_t n, double share);

// ---- checks, by file
#define TRIAL_CHECK(name)                                                                          \
    void name(struct trial *t, const struct verify_check *c, struct verify_result *ret)
TRIAL_CHECK(check_type); // types.c
TRIAL_CHECK(check_legacy);
TRIAL_CHECK(check_refused); // refusals.c
TRIAL_CHECK(check_warned);
TRIAL_CHECK(check_long_name);
TRIAL_CHECK(check_oversize);
TRIAL_CHECK(check_progress); // live.c
TRIAL_CHECK(check_event_delay);
TRIAL_CHECK(check_ping);
TRIAL_CHECK(check_resume);
TRIAL_CHECK(check_mcp_start); // tools.c
TRIAL_CHECK(check_mcp_list);
TRIAL_CHECK(check_mcp_call);
TRIAL_CHECK(check_ask);
TRIAL_CHECK(check_ready); // engines.c
TRIAL_CHECK(check_health);
TRIAL_CHECK(check_sandbox);
TRIAL_CHECK(check_libreoffice);
TRIAL_CHECK(check_speech);
TRIAL_CHECK(check_meaning);
TRIAL_CHECK(check_scanner);
TRIAL_CHECK(check_queue);
TRIAL_CHECK(check_alert_delivery);
TRIAL_CHECK(check_no_key); // limits.c
TRIAL_CHECK(check_wrong_key);
TRIAL_CHECK(check_role);
TRIAL_CHECK(check_walls);
TRIAL_CHECK(check_revoked);
TRIAL_CHECK(check_json_size);
TRIAL_CHECK(check_bad_request);
TRIAL_CHECK(check_time_small); // times.c
TRIAL_CHECK(check_time_refusal);
TRIAL_CHECK(check_time_medium);
TRIAL_CHECK(check_time_search);
TRIAL_CHECK(check_load_searches);
TRIAL_CHECK(check_load_uploads);
TRIAL_CHECK(check_clean); // run.c

// types.c: uploads the twenty, once. Then: is the PDF there that later checks ask for? Else ret is skipped.
void types_upload(struct trial *t);
bool types_have_pdf(struct trial *t, struct verify_result *ret);
// Waits for a document's end; its JSON in ret->json. False: it did not end, ret->error says so.
bool trial_wait(struct trial *t, const char *id, int64_t until_ms, struct trial_reply *ret);
// run.c: a text that was never there, of `lines` lines.
void trial_make_text(struct trial *t, int lines, struct buf *out);

#endif
