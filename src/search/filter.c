// SPDX-License-Identifier: AGPL-3.0-or-later
// Metadata filters with Ragie's operators, to SQL over documents d with bound values only. Field names are checked letter
// by letter before they enter the SQL as a JSON path, so nothing of a client's text is ever part of a statement.
//
//   filter    := object                      all of its members must hold
//   member    := "$and" | "$or" : [filter …]
//              | "$not" : filter
//              | field : value               the same as {"$eq": value}; an array field matches when it holds the value
//              | field : { op : value … }    op: $eq $ne $gt $gte $lt $lte $in $nin
#include "search/search.h"
#include "wire/json_in.h"

#include <stdio.h>

struct walk {
    struct arena *arena;
    struct buf sql;
    struct slice values[SEARCH_FILTER_CONDITIONS * 2];
    size_t value_count;
    size_t conditions;
};

static int walk_object(struct walk *w, const json_t *object, int depth, struct error *err);

static int bad(struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID, "The filter is not right: %s.", what);
}

static bool field_valid(const char *field)
{
    size_t n = strlen(field);

    for (size_t i = 0; i < n; i++) {
        char c = field[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '.';
        if (!fine) {
            return false;
        }
    }
    return n > 0 && n <= 64;
}

// The values are bound as text; numbers are compared as numbers by a cast, booleans as json_each gives them (0 and 1).
static int add_value(struct walk *w, const json_t *value, struct error *err)
{
    char number[40];
    struct slice text = { NULL, 0 };

    if (json_is_string(value)) {
        text = slice_make(json_string_value(value), json_string_length(value));
    } else if (json_is_boolean(value)) {
        text = slice_of(json_is_true(value) ? "1" : "0");
    } else if (json_is_number(value)) {
        snprintf(number, sizeof(number), "%.17g", json_number_value(value));
        text = slice_of(number);
    } else {
        return bad(err, "values are texts, numbers or true and false");
    }
    if (w->value_count >= ARRAY_LEN(w->values)) {
        return bad(err, "it has too many conditions");
    }
    struct slice copy = arena_slice(w->arena, text);
    if (!copy.data) {
        return error_set(err, ERR_MEMORY, "The filter did not fit into memory.");
    }
    w->values[w->value_count++] = copy;
    buf_add_str(&w->sql, json_is_number(value) || json_is_boolean(value) ? "CAST(? AS REAL)" : "?");
    return 0;
}

// Text and numbers don't compare: typeof of the stored value must fit, else SQLite's order of types would decide.
static const char *type_test(const json_t *value)
{
    return json_is_string(value) ? "e.type='text'" : "e.type IN ('integer','real','true','false')";
}

static int add_comparison(
    struct walk *w, const char *field, const char *sign, const json_t *value, struct error *err)
{
    buf_addf(&w->sql,
        "EXISTS(SELECT 1 FROM json_tree(d.metadata,'$.\"%s\"') e WHERE e.atom IS NOT NULL AND %s "
        "AND e.atom %s ",
        field, type_test(value), sign);
    int rc = add_value(w, value, err);
    buf_add_char(&w->sql, ')');
    return rc;
}

static int add_any(struct walk *w, const char *field, const json_t *list, struct error *err)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n == 0 || n > SEARCH_FILTER_CONDITIONS) {
        return bad(err, "$in and $nin take a list of 1 to 64 values");
    }
    buf_add_char(&w->sql, '(');
    for (size_t i = 0; i < n; i++) {
        buf_add_str(&w->sql, i ? " OR " : "");
        int rc = add_comparison(w, field, "=", json_array_get(list, i), err);
        if (rc < 0) {
            return rc;
        }
    }
    buf_add_char(&w->sql, ')');
    return 0;
}

static int walk_operator(
    struct walk *w, const char *field, const char *op, const json_t *value, struct error *err)
{
    static const struct {
        const char *op, *sign;
    } comparisons[] = { { "$eq", "=" }, { "$gt", ">" }, { "$gte", ">=" }, { "$lt", "<" },
        { "$lte", "<=" } };

    if (++w->conditions > SEARCH_FILTER_CONDITIONS) {
        return bad(err, "it has too many conditions");
    }
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++) {
        if (strcmp(op, comparisons[i].op) == 0) {
            return add_comparison(w, field, comparisons[i].sign, value, err);
        }
    }
    bool negated = strcmp(op, "$ne") == 0 || strcmp(op, "$nin") == 0;
    if (negated) {
        buf_add_str(&w->sql, "NOT ");
    }
    if (strcmp(op, "$ne") == 0) {
        return add_comparison(w, field, "=", value, err);
    }
    if (strcmp(op, "$in") == 0 || strcmp(op, "$nin") == 0) {
        return add_any(w, field, value, err);
    }
    return bad(err, "operators are $eq $ne $gt $gte $lt $lte $in $nin $and $or $not");
}

static int walk_field(struct walk *w, const char *field, const json_t *value, struct error *err)
{
    const char *op = NULL;
    json_t *operand = NULL;
    bool first = true;

    if (!field_valid(field)) {
        return bad(err, "names of fields hold letters, digits, _ - and . only");
    }
    if (!json_is_object(value)) {
        return walk_operator(w, field, "$eq", value, err);
    }
    if (json_object_size(value) == 0) {
        return bad(err, "a field has no condition");
    }
    buf_add_char(&w->sql, '(');
    json_object_foreach((json_t *)value, op, operand)
    {
        buf_add_str(&w->sql, first ? "" : " AND ");
        first = false;
        int rc = walk_operator(w, field, op, operand, err);
        if (rc < 0) {
            return rc;
        }
    }
    buf_add_char(&w->sql, ')');
    return 0;
}

static int walk_list(
    struct walk *w, const char *joint, const json_t *list, int depth, struct error *err)
{
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n == 0 || n > SEARCH_FILTER_CONDITIONS) {
        return bad(err, "$and and $or take a list of 1 to 64 filters");
    }
    buf_add_char(&w->sql, '(');
    for (size_t i = 0; i < n; i++) {
        buf_add_str(&w->sql, i ? joint : "");
        int rc = walk_object(w, json_array_get(list, i), depth + 1, err);
        if (rc < 0) {
            return rc;
        }
    }
    buf_add_char(&w->sql, ')');
    return 0;
}

static int walk_object(struct walk *w, const json_t *object, int depth, struct error *err)
{
    const char *key = NULL;
    json_t *value = NULL;
    bool first = true;

    if (!json_is_object(object) || json_object_size(object) == 0) {
        return bad(err, "a filter is an object such as {\"kind\": \"fryer\"}");
    }
    if (depth > SEARCH_FILTER_DEPTH) {
        return bad(err, "it is nested too deep");
    }
    buf_add_char(&w->sql, '(');
    json_object_foreach((json_t *)object, key, value)
    {
        int rc = 0;
        buf_add_str(&w->sql, first ? "" : " AND ");
        first = false;
        if (strcmp(key, "$and") == 0 || strcmp(key, "$or") == 0) {
            rc = walk_list(w, key[1] == 'a' ? " AND " : " OR ", value, depth, err);
        } else if (strcmp(key, "$not") == 0) {
            buf_add_str(&w->sql, "NOT ");
            rc = walk_object(w, value, depth + 1, err);
        } else {
            rc = walk_field(w, key, value, err);
        }
        if (rc < 0) {
            return rc;
        }
    }
    buf_add_char(&w->sql, ')');
    return 0;
}

int filter_parse(struct slice json, struct arena *a, struct chunk_filter *f, struct error *err)
{
    struct walk w = { .arena = a, .sql = { .max = 256 * 1024 } };
    AUTO_JSON *root = json_in_parse_object(json, err);
    int rc = root ? walk_object(&w, root, 1, err) : ERR_INVALID;

    if (rc == 0) {
        struct slice *values = arena_array(a, w.value_count ? w.value_count : 1, sizeof(*values));
        f->metadata_sql = arena_strndup(a, w.sql.data, w.sql.len);
        if (!values || !f->metadata_sql || !buf_ok(&w.sql)) {
            rc = error_set(err, ERR_MEMORY, "The filter did not fit into memory.");
        } else {
            memcpy(values, w.values, w.value_count * sizeof(*values));
            f->metadata_values = values;
            f->metadata_value_count = w.value_count;
        }
    }
    buf_done(&w.sql);
    return rc;
}
