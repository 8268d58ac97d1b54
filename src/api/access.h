// SPDX-License-Identifier: AGPL-3.0-or-later
// Who may act, and on what. Callers are the admin key (made at the first start, or read from a file), the local key (of the
// command line on this machine, as long as the server runs), API keys (keyring.h), a browser's session of one of them (a
// signed cookie), people whom an OpenID provider signed in (oidc.h), and, if set so, whoever is on this machine.
// access_authorize is the one place that decides: it knows the caller, holds the limits, and compares the route's right with
// the caller's; the rest of the api asks principal_of(). Any thread.
#ifndef LARDER_API_ACCESS_H
#define LARDER_API_ACCESS_H

#include "api/keyring.h"
#include "api/limits.h"
#include "api/rights.h"
#include "base/error.h"
#include "http/http.h"

enum { ACCESS_KEY_SIZE = 96, ACCESS_COOKIE_SIZE = 512, ACCESS_SESSION_S = 14 * 24 * 3600 };
enum { WHO_SIZE = 96 };
#define ACCESS_COOKIE "larder_session"

struct access;
struct access_options {
    const char *data_dir;
    const char *admin_key_file; // "" : make a key at the first start
    bool loopback_open;
    const char *origins; // of other pages that may use the API with a key of theirs
    struct limit_rates rates;
    int64_t quota_bytes, quota_documents; // a day and caller
};
// ret_new_key is "" unless a key was made just now: show it once.
int access_open(const struct access_options *o, struct access **ret,
    char ret_new_key[ACCESS_KEY_SIZE], struct error *err);
int access_load(struct access *a, struct store *s, struct error *err); // keys and today's usage
void access_close(struct access *a); // wipes keys
struct keyring *access_keyring(struct access *a);
struct limits *access_limits(struct access *a);
const char *access_local_key(const struct access *a);
// A fresh one-time token for the browser's first visit; it replaces the one before.
void access_new_token(struct access *a, char ret_token[ACCESS_KEY_SIZE]);
bool access_use_token(struct access *a, struct slice token); // true once

// Who a request comes from. who: "key:ID", "admin", "local", "loopback", "oidc:SUBJECT".
struct principal {
    char who[WHO_SIZE];
    const char *name; // of the key, of the account at the provider, "" for others
    const char *session; // what a cookie says for who, without dots; NULL: who itself
    enum role role;
    unsigned rights; // bits
    const struct slice *partitions; // with partition_count 0: all
    size_t partition_count;
    struct quota quota;
    uint8_t mark[8]; // of the digest: a session ends when its key is rotated
    int64_t expires_ms; // 0: never
};
// Of a host as a Host header names it, with or without a port.
bool access_host_is_loopback(struct slice host);
// NULL on routes that are open.
const struct principal *principal_of(const struct http_request *req);
bool principal_may(const struct principal *p, enum right r);
bool principal_sees(const struct principal *p, struct slice partition); // "" is "default"
// For a request that names one partition (or none: its own, if it has just one, else "default"): ERR_DENIED with a sentence.
int principal_partition(const struct principal *p, struct slice *partition, struct error *err);

// The key's holder, in the arena; false if it is not known or has expired. *ret_guessable: it might have been guessed.
bool access_key_holder(struct access *a, struct slice key, struct arena *arena,
    struct principal *ret, bool *ret_guessable);
void access_admin(struct access *a, struct principal *ret); // the first admin
void access_new_cookie(
    const struct access *a, const struct principal *p, char ret_value[ACCESS_COOKIE_SIZE]);
void access_set_cookie(
    struct http_request *req, struct http_response *resp, const char *value, int64_t max_age_s);
struct slice access_cookie(const struct http_request *req, const char *name); // {NULL, 0}: none
// HMAC-SHA256 under the secret that signs sessions; purpose begins with a letter, so none can stand for another.
void access_derive(const struct access *a, const char *purpose, struct slice text, uint8_t ret[32]);
struct oidc_door;
void access_use_oidc(struct access *a, struct oidc_door *door); // takes it over; before serving
struct oidc_door *access_oidc(const struct access *a); // NULL: not set up
// For http_options.
int access_authorize(struct http_request *req, const struct http_route *route, struct error *err);
// What a stream of this caller may see; NULL: everything. For http_request.audience and the options of the same names.
void *access_audience(struct access *a, const struct principal *p);
bool access_event_visible(void *audience, struct slice kind, struct slice json);
bool access_audience_alive(void *audience); // false: its key is gone or has expired
// Documents of this partition; {NULL, 0}: an event that names none, which only those see who see all.
bool access_audience_sees(void *audience, struct slice partition);
struct slice access_event_partition(struct slice json); // of a document's event; lends
void access_audience_free(void *audience);
int access_stream_auth(
    void *app, const char *peer, struct slice message, void **ret_audience, struct error *err);

#endif
