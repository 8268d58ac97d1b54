// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements json_in.h.
#include "wire/json_in.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void wipe_and_free(void *p)
{
    if (p) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}

void json_in_forget(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
}

void json_in_done(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

// Nesting is counted before jansson sees the text, because jansson recurses up to 2,048 levels.
static bool too_deep(struct slice text, size_t max_depth)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_depth) {
                return true;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *json_in_parse(struct slice text, size_t max_depth, struct error *err)
{
    json_error_t where;

    BUG_ON(max_depth == 0 || max_depth > JSON_IN_DEPTH_MOST);
    if (text.len == 0) {
        error_set(err, ERR_INVALID, "There is no JSON: the text is empty.");
        return NULL;
    }
    if (too_deep(text, max_depth)) {
        error_set(err, ERR_LIMIT, "The JSON is nested deeper than %zu levels.", max_depth);
        return NULL;
    }
    json_t *value =
        json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!value) {
        const char *why = json_error_code(&where) == json_error_duplicate_key
                              ? " (a field stands there twice)"
                              : "";
        error_set(err, ERR_INVALID, "The JSON is not valid at line %d, column %d%s.", where.line,
            where.column, why);
    }
    return value;
}

json_t *json_in_parse_object(struct slice text, struct error *err)
{
    json_t *value = json_in_parse(text, JSON_IN_DEPTH, err);
    if (value && !json_is_object(value)) {
        json_decref(value);
        error_set(err, ERR_INVALID, "The JSON must be an object, in curly brackets.");
        return NULL;
    }
    return value;
}

// The field's value in *ret, or NULL there if it is absent and may be.
static int find(const json_t *object, const char *field, enum json_need need, const json_t **ret,
    struct error *err)
{
    const json_t *value = json_object_get(object, field);
    if (!value || json_is_null(value)) {
        *ret = NULL;
        return need == JSON_REQUIRED
                   ? error_set(err, ERR_INVALID, "The field \"%s\" is missing.", field)
                   : 0;
    }
    *ret = value;
    return 0;
}

int json_in_string(const json_t *object, const char *field, enum json_need need, size_t max_bytes,
    struct slice *ret, struct error *err)
{
    const json_t *value = NULL;
    int rc = find(object, field, need, &value, err);
    if (rc != 0 || !value) {
        return rc;
    }
    if (!json_is_string(value)) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be a text.", field);
    }
    if (json_string_length(value) > max_bytes) {
        return error_set(
            err, ERR_INVALID, "The field \"%s\" is longer than %zu bytes.", field, max_bytes);
    }
    *ret = slice_make(json_string_value(value), json_string_length(value));
    return 0;
}

int json_in_int(const json_t *object, const char *field, enum json_need need, int64_t least,
    int64_t most, int64_t *ret, struct error *err)
{
    const json_t *value = NULL;
    int rc = find(object, field, need, &value, err);
    if (rc != 0 || !value) {
        return rc;
    }
    if (!json_is_integer(value)) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be a whole number.", field);
    }
    int64_t number = json_integer_value(value);
    if (number < least || number > most) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be from %lld to %lld.", field,
            (long long)least, (long long)most);
    }
    *ret = number;
    return 0;
}

int json_in_double(const json_t *object, const char *field, enum json_need need, double least,
    double most, double *ret, struct error *err)
{
    const json_t *value = NULL;
    int rc = find(object, field, need, &value, err);
    if (rc != 0 || !value) {
        return rc;
    }
    if (!json_is_number(value)) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be a number.", field);
    }
    double number = json_number_value(value);
    if (!(number >= least && number <= most)) {
        return error_set(
            err, ERR_INVALID, "The field \"%s\" must be from %g to %g.", field, least, most);
    }
    *ret = number;
    return 0;
}

int json_in_bool(
    const json_t *object, const char *field, enum json_need need, bool *ret, struct error *err)
{
    const json_t *value = NULL;
    int rc = find(object, field, need, &value, err);
    if (rc != 0 || !value) {
        return rc;
    }
    if (!json_is_boolean(value)) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be true or false.", field);
    }
    *ret = json_is_true(value);
    return 0;
}

int json_in_array(const json_t *object, const char *field, enum json_need need, size_t max_items,
    const json_t **ret, struct error *err)
{
    const json_t *value = NULL;
    int rc = find(object, field, need, &value, err);
    if (rc != 0 || !value) {
        return rc;
    }
    if (!json_is_array(value)) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be a list.", field);
    }
    if (json_array_size(value) > max_items) {
        return error_set(
            err, ERR_INVALID, "The field \"%s\" has more than %zu entries.", field, max_items);
    }
    *ret = value;
    return 0;
}

int json_in_object(const json_t *object, const char *field, enum json_need need, const json_t **ret,
    struct error *err)
{
    const json_t *value = NULL;
    int rc = find(object, field, need, &value, err);
    if (rc != 0 || !value) {
        return rc;
    }
    if (!json_is_object(value)) {
        return error_set(err, ERR_INVALID, "The field \"%s\" must be an object.", field);
    }
    *ret = value;
    return 0;
}

int json_in_only(const json_t *object, const char *const *fields, struct error *err)
{
    // jansson's walk takes a plain pointer though it changes nothing
    json_t *walked = (json_t *)(uintptr_t)object;
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach(walked, name, value)
    {
        bool known = false;
        for (const char *const *f = fields; *f && !known; f++) {
            known = strcmp(*f, name) == 0;
        }
        if (!known) {
            return error_set(err, ERR_INVALID, "The field \"%.80s\" is not known here.", name);
        }
    }
    return 0;
}
