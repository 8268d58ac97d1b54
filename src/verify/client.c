// SPDX-License-Identifier: AGPL-3.0-or-later
// The run's client: requests over net/call.h with the run's key, answers as JSON.
#include "base/clock.h"
#include "verify/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_MAX_BYTES = 2048, READY_PAUSE_MS = 25 };

void trial_reply_done(struct trial_reply *r)
{
    buf_done(&r->body);
    json_decref(r->json);
    r->json = NULL;
}

const char *trial_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));

    return text ? text : "";
}

double trial_number(const json_t *object, const char *field)
{
    return json_number_value(json_object_get(object, field));
}

int64_t trial_int(const json_t *object, const char *field)
{
    return json_integer_value(json_object_get(object, field));
}

bool trial_has_finding(const json_t *answer, const char *code)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(answer, "findings"), i, one)
    {
        if (strcmp(trial_text(one, "code"), code) == 0) {
            return true;
        }
    }
    return false;
}

bool trial_may(const struct trial *t, const char *right)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(t->session, "rights"), i, one)
    {
        if (strcmp(json_string_value(one) ? json_string_value(one) : "", right) == 0) {
            return true;
        }
    }
    return false;
}

bool trial_stopped(const struct trial *t)
{
    return (t->o->stopping && atomic_load(t->o->stopping)) ||
           (!t->cleaning && t->o->cancelled && atomic_load(t->o->cancelled));
}

static size_t give_spaces(void *ctx, char *ret, size_t size)
{
    int64_t *left = ctx;
    size_t n = (int64_t)size < *left ? size : (size_t)*left;

    memset(ret, ' ', n);
    *left -= (int64_t)n;
    return n;
}

long trial_call(const struct trial *t, const struct trial_request *q, struct trial_reply *ret)
{
    char url[VERIFY_URL_MAX + PATH_MAX_BYTES];
    int64_t left = q->announced;
    struct net_answer answer = { 0 };
    struct error err = { 0 };

    *ret = (struct trial_reply){ .us = -1 };
    snprintf(url, sizeof(url), "%s%s", t->o->url, q->path);
    struct net_call call = { .url = url,
        .method = q->method,
        .body = q->body,
        .content_type = q->media_type,
        .accept = q->accept,
        .bearer = q->key ? q->key : t->o->key,
        .headers = q->headers,
        .trust = &t->o->trust,
        .deadline_ms = clock_mono_ms() + TRIAL_CALL_MS,
        .answer_max = TRIAL_REPLY_MAX,
        .cancelled = t->cleaning ? NULL : t->o->cancelled,
        .stopping = t->o->stopping,
        .ctx = &left };
    if (q->announced > 0) {
        call.source = give_spaces;
        call.source_size = q->announced;
    }
    int rc = net_call_run(&call, &answer, &err);
    ret->us = answer.spent_us;
    memcpy(ret->session, answer.session, sizeof(ret->session));
    ret->body = answer.body;
    if (rc < 0) {
        snprintf(ret->error, sizeof(ret->error), "%s", err.text);
        return rc;
    }
    ret->status = answer.status;
    ret->json = ret->body.len ? json_loadb(ret->body.data, ret->body.len, 0, NULL) : NULL;
    if (ret->status >= 400) {
        const char *detail = trial_text(ret->json, "detail");
        snprintf(ret->error, sizeof(ret->error), "Status %ld%s%s", ret->status,
            detail[0] ? ": " : ".", detail);
    }
    return ret->status;
}

long trial_get(const struct trial *t, const char *path, struct trial_reply *ret)
{
    return trial_call(t, &(struct trial_request){ .path = path }, ret);
}

long trial_post(
    const struct trial *t, const char *path, struct trial_reply *ret, const char *format, ...)
{
    AUTO_BUF body = BUF_INIT(64 * 1024);
    va_list args;

    va_start(args, format);
    buf_vaddf(&body, format, args);
    va_end(args);
    return trial_call(t,
        &(struct trial_request){ .method = "POST", .path = path, .body = buf_slice(&body) }, ret);
}

long trial_upload(const struct trial *t, const char *name, struct slice bytes, const char *mode,
    struct trial_reply *ret)
{
    AUTO_BUF path = BUF_INIT(PATH_MAX_BYTES - 1);

    buf_addf(&path, "/v1/documents?partition=%s&external_id=" VERIFY_EXTERNAL_ID, t->partition);
    if (mode) {
        buf_add_str(&path, "&mode=");
        buf_add_percent(&path, mode);
    }
    buf_add_str(&path, "&name=");
    buf_add_percent(&path, name);
    BUG_ON(!buf_ok(&path));
    return trial_call(t,
        &(struct trial_request){ .method = "POST",
            .path = path.data,
            .body = bytes,
            .media_type = "application/octet-stream" },
        ret);
}

bool trial_wait(struct trial *t, const char *id, int64_t until_ms, struct trial_reply *ret)
{
    char path[128];

    snprintf(path, sizeof(path), "/v1/documents/%.40s", id);
    for (int64_t pause = READY_PAUSE_MS;; pause = pause < 400 ? pause * 3 / 2 : pause) {
        if (trial_get(t, path, ret) != 200) {
            return false;
        }
        const char *status = trial_text(ret->json, "status");
        if (strcmp(status, "ready") == 0 || strcmp(status, "failed") == 0 ||
            strcmp(status, "quarantined") == 0) {
            return true;
        }
        const json_t *progress = json_object_get(ret->json, "progress");
        if (clock_mono_ms() >= until_ms || trial_stopped(t)) {
            snprintf(ret->error, sizeof(ret->error),
                "It was not read in time: its state is %.20s, %lld documents stand before it.",
                status, (long long)trial_int(progress, "queue_position"));
            return false;
        }
        trial_reply_done(ret);
        struct timespec nap = { .tv_sec = 0, .tv_nsec = pause * 1000000 };
        nanosleep(&nap, NULL);
    }
}
