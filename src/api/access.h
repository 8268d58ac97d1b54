// SPDX-License-Identifier: AGPL-3.0-or-later
// Who may act. There is one admin key (more keys, roles and rights come with the access issue): its hash is kept in the data
// folder; the key itself is shown once, or read from a file at each start. A browser signs in with the key or with a
// one-time token and gets a signed cookie. The command line on the same machine uses a local key that lives as long as the
// server runs. Immutable after access_open but for the one-time token (mutex inside). Any thread.
#ifndef LARDER_API_ACCESS_H
#define LARDER_API_ACCESS_H

#include "base/error.h"
#include "base/slice.h"
#include "http/http.h"

enum { ACCESS_KEY_SIZE = 96, ACCESS_COOKIE_SIZE = 128, ACCESS_SESSION_S = 14 * 24 * 3600 };
#define ACCESS_COOKIE "larder_session"

struct access;
struct access_options {
    const char *data_dir;
    const char *admin_key_file; // "" : make a key at the first start
    bool loopback_open;
};
// ret_new_key is "" unless a key was made just now: show it once.
int access_open(const struct access_options *o, struct access **ret,
    char ret_new_key[ACCESS_KEY_SIZE], struct error *err);
void access_close(struct access *a); // wipes keys
const char *access_local_key(const struct access *a);
// A fresh one-time token for the browser's first visit; it replaces the one before.
void access_new_token(struct access *a, char ret_token[ACCESS_KEY_SIZE]);
bool access_use_token(struct access *a, struct slice token); // true once
bool access_key_matches(const struct access *a, struct slice key);
void access_new_cookie(const struct access *a, char ret_value[ACCESS_COOKIE_SIZE]);
// For http_options.authorize.
int access_authorize(struct http_request *req, const struct http_route *route, struct error *err);

#endif
