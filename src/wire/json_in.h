// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON in: jansson with limits, and getters whose refusals name the field in a plain sentence. Duplicate keys, NUL in
// strings, malformed UTF-8, numbers out of range and text after the value are refused. Any thread, one value at a time.
//
// Getters: an absent field (or null) leaves *ret as it was and gives 0 if it is JSON_OPTIONAL, so put the default there
// first; ERR_INVALID if it is JSON_REQUIRED. Slices and values lend from the document.
#ifndef LARDER_WIRE_JSON_IN_H
#define LARDER_WIRE_JSON_IN_H

#include "base/error.h"
#include "base/slice.h"

#include <jansson.h>

enum {
    JSON_IN_DEPTH = 32
}; // what callers ask for unless they have a reason; jansson recurses, so there is a hard end
enum { JSON_IN_DEPTH_MOST = 256 };
enum json_need { JSON_OPTIONAL, JSON_REQUIRED };

// From now on what jansson frees is overwritten first, because a request's JSON may hold a key. Before the first value.
void json_in_forget(void);
void json_in_done(json_t **value); // for CLEANUP
#define AUTO_JSON CLEANUP(json_in_done) json_t

// The value that is all of text; the caller frees it (AUTO_JSON or json_decref). NULL with err set: ERR_INVALID (says the
// line and column), ERR_LIMIT (nested deeper than max_depth).
json_t *json_in_parse(struct slice text, size_t max_depth, struct error *err);
// The same for request bodies: it must be an object with JSON_IN_DEPTH levels at most.
json_t *json_in_parse_object(struct slice text, struct error *err);

int json_in_string(const json_t *object, const char *field, enum json_need need, size_t max_bytes,
    struct slice *ret, struct error *err);
int json_in_int(const json_t *object, const char *field, enum json_need need, int64_t least,
    int64_t most, int64_t *ret, struct error *err);
int json_in_double(const json_t *object, const char *field, enum json_need need, double least,
    double most, double *ret, struct error *err);
int json_in_bool(
    const json_t *object, const char *field, enum json_need need, bool *ret, struct error *err);
int json_in_array(const json_t *object, const char *field, enum json_need need, size_t max_items,
    const json_t **ret, struct error *err);
int json_in_object(const json_t *object, const char *field, enum json_need need, const json_t **ret,
    struct error *err);
// ERR_INVALID if object has a field that is not in the NULL-ended list.
int json_in_only(const json_t *object, const char *const *fields, struct error *err);

#endif
