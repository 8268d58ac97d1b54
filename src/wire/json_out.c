// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements json_out.h. What a value may follow:
//
//   level   | key               | value, begin        | end
//   --------+-------------------+---------------------+------------------
//   none    | BUG               | once                | BUG
//   array   | BUG               | yes                 | yes
//   object  | unless keyed      | only when keyed     | unless keyed
#include "wire/json_out.h"

#include "wire/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DOUBLE_TEXT_MAX = 40,
    DOUBLE_DIGITS_LEAST = 15,
    DOUBLE_DIGITS_MOST = 17,
    FLOAT_DIGITS_LEAST = 6,
    FLOAT_DIGITS_MOST = 9,
    FLOAT_WHOLE_MAX = 1 << 24, // below it every whole number is told exactly
};
static const double WHOLE_MAX = 1e15;

static bool in_array(const struct json_out *j)
{
    return j->depth > 0 && (j->arrays >> (j->depth - 1) & 1);
}

// What stands before any value.
static void before_value(struct json_out *j)
{
    if (j->depth == 0) {
        BUG_ON(j->done);
        return;
    }
    if (in_array(j)) {
        if (j->comma) {
            buf_add_char(j->out, ',');
        }
    } else {
        BUG_ON(!j->keyed);
        j->keyed = false;
    }
}

static void after_value(struct json_out *j)
{
    j->comma = true;
    j->done = j->depth == 0;
}

static void open_level(struct json_out *j, bool array)
{
    before_value(j);
    BUG_ON(j->depth >= JSON_OUT_DEPTH);
    uint64_t bit = (uint64_t)1 << j->depth;
    j->arrays = array ? j->arrays | bit : j->arrays & ~bit;
    j->depth++;
    j->comma = false;
    buf_add_char(j->out, array ? '[' : '{');
}

void json_begin(struct json_out *j, struct buf *out)
{
    *j = (struct json_out){ .out = out };
}

void json_begin_object(struct json_out *j)
{
    open_level(j, false);
}

void json_begin_array(struct json_out *j)
{
    open_level(j, true);
}

void json_end(struct json_out *j)
{
    BUG_ON(j->depth == 0 || j->keyed);
    buf_add_char(j->out, in_array(j) ? ']' : '}');
    j->depth--;
    after_value(j);
}

void json_key_slice(struct json_out *j, struct slice key)
{
    BUG_ON(j->depth == 0 || in_array(j) || j->keyed);
    if (j->comma) {
        buf_add_char(j->out, ',');
    }
    json_add_string(j->out, key);
    buf_add_char(j->out, ':');
    j->keyed = true;
}

void json_key(struct json_out *j, const char *key)
{
    json_key_slice(j, slice_of(key));
}

void json_slice(struct json_out *j, struct slice text)
{
    before_value(j);
    json_add_string(j->out, text);
    after_value(j);
}

void json_text(struct json_out *j, const char *text)
{
    if (text) {
        json_slice(j, slice_of(text));
    } else {
        json_none(j);
    }
}

void json_int(struct json_out *j, int64_t value)
{
    before_value(j);
    buf_addf(j->out, "%lld", (long long)value);
    after_value(j);
}

static void add_number(struct json_out *j, char *text)
{
    for (char *c = text; *c; c++) { // a locale may have its own point
        if (*c == ',') {
            *c = '.';
        }
    }
    before_value(j);
    buf_add_str(j->out, text);
    after_value(j);
}

void json_double(struct json_out *j, double value)
{
    char text[DOUBLE_TEXT_MAX];

    if (!isfinite(value)) {
        json_none(j);
        return;
    }
    if (fabs(value) < WHOLE_MAX && value == (double)(int64_t)value) {
        json_int(j, (int64_t)value);
        return;
    }
    for (int digits = DOUBLE_DIGITS_LEAST; digits <= DOUBLE_DIGITS_MOST; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    add_number(j, text);
}

void json_float(struct json_out *j, float value)
{
    char text[DOUBLE_TEXT_MAX];

    if (!isfinite(value) || (fabsf(value) < FLOAT_WHOLE_MAX && value == (float)(int64_t)value)) {
        json_double(j, (double)value);
        return;
    }
    for (int digits = FLOAT_DIGITS_LEAST; digits <= FLOAT_DIGITS_MOST; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) {
            break;
        }
    }
    add_number(j, text);
}

void json_bool(struct json_out *j, bool value)
{
    before_value(j);
    buf_add_str(j->out, value ? "true" : "false");
    after_value(j);
}

void json_none(struct json_out *j)
{
    before_value(j);
    buf_add_str(j->out, "null");
    after_value(j);
}

void json_raw(struct json_out *j, struct slice json)
{
    before_value(j);
    buf_add_slice(j->out, json.len ? json : SLICE_LIT("null"));
    after_value(j);
}

int json_finish(struct json_out *j, struct error *err)
{
    BUG_ON(j->depth != 0 || !j->done);
    if (!buf_ok(j->out)) {
        return error_set(err, ERR_TOO_LARGE,
            "The answer is larger than %zu bytes. Ask for less at a time.", j->out->max);
    }
    return 0;
}

void json_key_string(struct json_out *j, const char *key, struct slice text)
{
    json_key(j, key);
    json_slice(j, text);
}

void json_key_text(struct json_out *j, const char *key, const char *text)
{
    json_key(j, key);
    json_text(j, text);
}

void json_key_int(struct json_out *j, const char *key, int64_t value)
{
    json_key(j, key);
    json_int(j, value);
}

void json_key_double(struct json_out *j, const char *key, double value)
{
    json_key(j, key);
    json_double(j, value);
}

void json_key_bool(struct json_out *j, const char *key, bool value)
{
    json_key(j, key);
    json_bool(j, value);
}

void json_key_null(struct json_out *j, const char *key)
{
    json_key(j, key);
    json_none(j);
}

void json_key_raw(struct json_out *j, const char *key, struct slice json)
{
    json_key(j, key);
    json_raw(j, json);
}

void json_key_object(struct json_out *j, const char *key)
{
    json_key(j, key);
    json_begin_object(j);
}

void json_key_array(struct json_out *j, const char *key)
{
    json_key(j, key);
    json_begin_array(j);
}
