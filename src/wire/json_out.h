// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON out with its nesting tracked: an append-only writer over a buffer. Commas and colons are its business; a key where
// a value belongs, an unclosed object or one level too many is BUG(), because shapes are ours and never input's.
// Strings leave as valid UTF-8 (malformed bytes as U+FFFD) with U+2028, U+2029 and <, >, & escaped. Running out of the
// buffer's maximum is not misuse: the buffer says failed, and json_finish gives ERR_TOO_LARGE. One thread at a time.
// (json_slice and json_none are named so because jansson owns json_string and json_null.)
//
//     struct json_out j;
//     json_begin(&j, &resp->body);
//     json_begin_object(&j);
//     json_key(&j, "documents");
//     json_begin_array(&j);
//     json_slice(&j, name);
//     json_end(&j);
//     json_key_int(&j, "total", total);
//     json_end(&j);
//     return json_finish(&j, err);
#ifndef LARDER_WIRE_JSON_OUT_H
#define LARDER_WIRE_JSON_OUT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

enum { JSON_OUT_DEPTH = 64 }; // one bit each in `arrays`

struct json_out {
    struct buf *out;
    uint64_t arrays; // bit n: level n is an array, else an object
    int depth; // open objects and arrays
    bool comma; // something stands before the next item of this level
    bool keyed; // a key waits for its value
    bool done; // the one outermost value is complete
};

void json_begin(struct json_out *j, struct buf *out); // writes at the end of what out holds
void json_begin_object(struct json_out *j);
void json_begin_array(struct json_out *j);
void json_end(struct json_out *j); // the innermost object or array
void json_key(struct json_out *j, const char *key);
void json_key_slice(struct json_out *j, struct slice key); // a key that comes from users
void json_slice(struct json_out *j, struct slice text);
void json_text(struct json_out *j, const char *text); // NULL: null
void json_int(struct json_out *j, int64_t value);
void json_double(
    struct json_out *j, double value); // fewest digits that read back the same; no number: null
void json_float(
    struct json_out *j, float value); // the same with the fewest digits of a float: faster, shorter
void json_bool(struct json_out *j, bool value);
void json_none(struct json_out *j);
void json_raw(
    struct json_out *j, struct slice json); // one value that is valid JSON already; empty: null
// 0, or ERR_TOO_LARGE if the buffer's maximum (or memory) did not hold it all. BUG if something is still open.
int json_finish(struct json_out *j, struct error *err);

// A key with its value in one step.
void json_key_string(struct json_out *j, const char *key, struct slice text);
void json_key_text(struct json_out *j, const char *key, const char *text); // NULL: null
void json_key_int(struct json_out *j, const char *key, int64_t value);
void json_key_double(struct json_out *j, const char *key, double value);
void json_key_bool(struct json_out *j, const char *key, bool value);
void json_key_null(struct json_out *j, const char *key);
void json_key_raw(struct json_out *j, const char *key, struct slice json);
void json_key_object(struct json_out *j, const char *key); // opens it; json_end closes
void json_key_array(struct json_out *j, const char *key);

#endif
