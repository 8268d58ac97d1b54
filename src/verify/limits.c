// SPDX-License-Identifier: AGPL-3.0-or-later
// The doors: no key, a wrong key, a key that may less, walls between partitions, requests that are too large or malformed.
// A key is made for it, narrowed to the run's partition and to one day, and revoked.
#include "net/web.h"
#include "verify/internal.h"

#include <stdio.h>
#include <string.h>

enum { JSON_TOO_LARGE = (1 << 20) + 1024 };
#define WRONG_KEY "larder_000000000000_000000000000000000000000000000000000000000000verify"

static long get_with(
    const struct trial *t, const char *path, const char *key, struct trial_reply *ret)
{
    return trial_call(t, &(struct trial_request){ .path = path, .key = key }, ret);
}

TRIAL_CHECK(check_no_key)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    long status = get_with(t, "/v1/documents?limit=1", "", &reply);

    (void)c;
    if (status == 401) {
        trial_pass(ret, "Refused with 401.");
    } else if (status == 200 && web_url_local(t->o->url)) {
        trial_skip(ret, "this server lets every program on its own machine act without a key "
                        "(access.loopback = open).");
    } else if (status == 200) {
        trial_fail(ret, "Documents are listed for a caller without a key.");
    } else {
        trial_fail(ret, "It was not refused with 401. %s", reply.error);
    }
}

TRIAL_CHECK(check_wrong_key)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    long status = get_with(t, "/v1/documents?limit=1", WRONG_KEY, &reply);

    (void)c;
    if (status == 401) {
        trial_pass(ret, "Refused with 401.");
    } else if (status == 200) {
        trial_fail(ret, "Documents are listed for a key that does not exist.");
    } else {
        trial_fail(ret, "It was not refused with 401. %s", reply.error);
    }
}

static bool make_key(struct trial *t, struct verify_result *ret)
{
    AUTO_TRIAL_REPLY reply = { 0 };

    if (t->key[0]) {
        return true;
    }
    if (!trial_may(t, "keys")) {
        trial_skip(ret, "the key may not make keys, and a lesser one is needed to try this.");
        return false;
    }
    if (trial_post(t, "/v1/keys", &reply,
            "{\"name\":\"" TRIAL_KEY_NAME "\",\"role\":\"viewer\",\"partitions\":[\"%s\"],"
            "\"expires_in_days\":1}",
            t->partition) != 201) {
        trial_fail(ret, "A viewer's key could not be made. %s", reply.error);
        return false;
    }
    snprintf(t->key_id, sizeof(t->key_id), "%s", trial_text(reply.json, "id"));
    snprintf(t->key, sizeof(t->key), "%s", trial_text(reply.json, "key"));
    explicit_bzero(reply.body.data, reply.body.len);
    return true;
}

TRIAL_CHECK(check_role)
{
    AUTO_TRIAL_REPLY search = { 0 }, upload = { 0 }, keys = { 0 };
    AUTO_BUF query = BUF_INIT(512), path = BUF_INIT(512);

    (void)c;
    if (!make_key(t, ret)) {
        return;
    }
    buf_addf(&query, "{\"query\":\"flame sensor\",\"partition\":\"%s\"}", t->partition);
    buf_addf(&path, "/v1/documents?name=viewer.txt&partition=%s&external_id=" VERIFY_EXTERNAL_ID,
        t->partition);
    long found = trial_call(t,
        &(struct trial_request){
            .method = "POST", .path = "/v1/search", .body = buf_slice(&query), .key = t->key },
        &search);
    long sent = trial_call(t,
        &(struct trial_request){ .method = "POST",
            .path = path.data,
            .body = SLICE_LIT("A viewer may not add this.\n"),
            .media_type = "application/octet-stream",
            .key = t->key },
        &upload);
    long listed = get_with(t, "/v1/keys", t->key, &keys);
    if (found != 200) {
        trial_fail(ret, "A viewer's key can't search. %s", search.error);
    } else if (sent != 403 || listed != 403) {
        trial_fail(ret,
            "A viewer's key may do what it must not: uploading gave %ld, listing keys %ld.", sent,
            listed);
    } else {
        trial_pass(
            ret, "A viewer's key searches; uploading and listing keys are refused with 403.");
    }
}

TRIAL_CHECK(check_walls)
{
    AUTO_TRIAL_REPLY list = { 0 }, search = { 0 };

    (void)c;
    if (!make_key(t, ret)) {
        return;
    }
    long listed = get_with(t, "/v1/documents?partition=default&limit=1", t->key, &list);
    long found = trial_call(t,
        &(struct trial_request){ .method = "POST",
            .path = "/v1/search",
            .body = SLICE_LIT("{\"query\":\"temperature\",\"partition\":\"default\"}"),
            .key = t->key },
        &search);
    if (listed != 403 || found != 403) {
        trial_fail(ret, "A key of one partition reaches another: listing gave %ld, searching %ld.",
            listed, found);
    } else {
        trial_pass(ret, "A key of one partition is refused in another with 403.");
    }
}

TRIAL_CHECK(check_revoked)
{
    AUTO_TRIAL_REPLY gone = { 0 }, list = { 0 };
    char path[96];

    (void)c;
    if (!make_key(t, ret)) {
        return;
    }
    snprintf(path, sizeof(path), "/v1/keys/%.40s", t->key_id);
    long revoked =
        trial_call(t, &(struct trial_request){ .method = "DELETE", .path = path }, &gone);
    if (revoked == 204) {
        t->key_id[0] = '\0';
    }
    long listed = get_with(t, "/v1/documents?limit=1", t->key, &list);
    explicit_bzero(t->key, sizeof(t->key));
    if (revoked != 204) {
        trial_fail(ret, "The key could not be revoked. %s", gone.error);
    } else if (listed != 401) {
        trial_fail(ret, "A revoked key still opens: the answer was %ld.", listed);
    } else {
        trial_pass(ret, "Refused with 401 at once.");
    }
}

TRIAL_CHECK(check_json_size)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    long status = trial_call(t,
        &(struct trial_request){
            .method = "POST", .path = "/v1/search", .announced = JSON_TOO_LARGE },
        &reply);

    (void)c;
    if (status == 413) {
        trial_pass(ret, "Refused with 413.");
    } else {
        trial_fail(ret, "A question of 1 MiB was not refused with 413 but with %ld.", status);
    }
}

TRIAL_CHECK(check_bad_request)
{
    AUTO_TRIAL_REPLY broken = { 0 }, unknown = { 0 };
    long first = trial_post(t, "/v1/search", &broken, "{\"query\": ");
    long second = trial_get(t, "/v1/documents/00000000-0000-7000-8000-000000000000", &unknown);

    (void)c;
    if (first != 400 || second != 404) {
        trial_fail(ret,
            "Malformed JSON gave %ld instead of 400, an unknown document %ld instead of 404.",
            first, second);
    } else if (!trial_text(broken.json, "detail")[0] || !trial_text(unknown.json, "detail")[0]) {
        trial_fail(ret, "The answers don't say what is wrong.");
    } else {
        trial_pass(ret, "400 and 404, each with a sentence.");
    }
}
