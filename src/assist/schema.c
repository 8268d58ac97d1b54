// SPDX-License-Identifier: AGPL-3.0-or-later
// Field tables as JSON Schema (2020-12), and values checked against them: the two must say the same, so they stand together.
// Pure; any thread.
#include "assist/tool.h"

#include <math.h>

#define SCHEMA_DIALECT "https://json-schema.org/draft/2020-12/schema"

static const char *const type_words[] = { [TOOL_TEXT] = "string",
    [TOOL_INTEGER] = "integer",
    [TOOL_NUMBER] = "number",
    [TOOL_BOOL] = "boolean",
    [TOOL_OBJECT] = "object" };

static bool has_range(const struct tool_field *f)
{
    return f->min != 0 || f->max != 0;
}

static void put_object(const struct tool_field *fields, bool outermost, struct json_out *j);

// The members of one value's schema, without its description.
static void put_value(const struct tool_field *f, struct json_out *j)
{
    if (f->type == TOOL_OBJECT && f->fields) {
        put_object(f->fields, false, j);
        return;
    }
    json_begin_object(j);
    json_key_text(j, "type", type_words[f->type]);
    if (f->choices) {
        struct slice rest = slice_of(f->choices), one;
        json_key_array(j, "enum");
        while (slice_cut(&rest, ' ', &one)) {
            json_slice(j, one);
        }
        json_end(j);
    }
    if (f->type == TOOL_TEXT && f->length) {
        json_key_int(j, "maxLength", f->length);
    }
    if (has_range(f)) {
        json_key_double(j, "minimum", f->min);
        json_key_double(j, "maximum", f->max);
    }
    json_end(j);
}

static void put_field(const struct tool_field *f, struct json_out *j)
{
    AUTO_BUF value = BUF_INIT(TOOL_RESULT_MAX);
    struct json_out inner;

    json_begin(&inner, &value);
    put_value(f, &inner);
    json_key(j, f->name);
    json_begin_object(j);
    json_key_text(j, "description", f->description);
    if (f->array) {
        json_key_text(j, "type", "array");
        json_key_raw(j, "items", buf_slice(&value));
        if (f->items) {
            json_key_int(j, "maxItems", f->items);
        }
    } else { // the members of the value's schema go beside the description
        AUTO_JSON *members = json_in_parse(buf_slice(&value), JSON_IN_DEPTH, NULL);
        const char *key;
        json_t *member;
        json_object_foreach(members, key, member)
        {
            AUTO_FREE char *text = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY);
            json_key_raw(j, key, slice_of(text));
        }
    }
    if (f->fallback) {
        json_key_raw(j, "default", slice_of(f->fallback));
    }
    json_end(j);
}

static void put_object(const struct tool_field *fields, bool outermost, struct json_out *j)
{
    bool any_required = false;

    json_begin_object(j);
    if (outermost) {
        json_key_text(j, "$schema", SCHEMA_DIALECT);
    }
    json_key_text(j, "type", "object");
    json_key_object(j, "properties");
    for (const struct tool_field *f = fields; f && f->name; f++) {
        put_field(f, j);
        any_required |= f->required;
    }
    json_end(j);
    if (any_required) {
        json_key_array(j, "required");
        for (const struct tool_field *f = fields; f->name; f++) {
            if (f->required) {
                json_text(j, f->name);
            }
        }
        json_end(j);
    }
    json_key_bool(j, "additionalProperties", false);
    json_end(j);
}

void tool_fields_schema(const struct tool_field *fields, struct json_out *j)
{
    put_object(fields, true, j);
}

void tool_arguments_schema(const struct tool *t, struct json_out *j)
{
    put_object(t->arguments, true, j);
}

void tool_results_schema(const struct tool *t, struct json_out *j)
{
    put_object(t->results, true, j);
}

// ---- checking

struct check {
    struct buf complaints; // one sentence, pieces by "; "
    int count;
    const char *what; // "an argument"
};

static void expectation(const struct tool_field *f, bool item, struct buf *b)
{
    const char *one = item ? "" : "must be ";

    buf_add_str(b, one);
    if (f->array && !item) {
        buf_add_str(b, "a list of which each is ");
    }
    switch (f->type) {
    case TOOL_TEXT:
        if (f->choices) {
            buf_addf(b, "one of: %s", f->choices);
        } else {
            buf_addf(b, "a text of at most %d bytes", f->length ? f->length : TOOL_TEXT_MAX);
        }
        break;
    case TOOL_INTEGER:
    case TOOL_NUMBER:
        buf_add_str(b, f->type == TOOL_INTEGER ? "a whole number" : "a number");
        if (has_range(f)) {
            buf_addf(b, " from %g to %g", f->min, f->max);
        }
        break;
    case TOOL_BOOL:
        buf_add_str(b, "true or false");
        break;
    case TOOL_OBJECT:
        buf_add_str(b, "an object");
        break;
    }
}

static void complain_start(struct check *c, const char *path)
{
    buf_addf(&c->complaints, "%s%s ", c->complaints.len ? "; " : "", path);
    c->count++;
}

static void complain_value(
    struct check *c, const char *path, const struct tool_field *f, const json_t *value)
{
    if (c->count >= TOOL_COMPLAINTS_MAX) {
        return;
    }
    AUTO_FREE char *got = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    complain_start(c, path);
    expectation(f, false, &c->complaints);
    buf_addf(
        &c->complaints, ", not %.40s%s", got ? got : "that", got && strlen(got) > 40 ? "…" : "");
}

static bool is_choice(const char *choices, struct slice value)
{
    struct slice rest = slice_of(choices), one;

    while (slice_cut(&rest, ' ', &one)) {
        if (slice_equal(one, value)) {
            return true;
        }
    }
    return false;
}

static bool number_fits(const struct tool_field *f, double n)
{
    return isfinite(n) && (!has_range(f) || (n >= f->min && n <= f->max));
}

static bool value_fits(const struct tool_field *f, const json_t *v, bool is_argument)
{
    size_t most = f->length ? (size_t)f->length : is_argument ? (size_t)TOOL_TEXT_MAX : SIZE_MAX;

    switch (f->type) {
    case TOOL_TEXT:
        return json_is_string(v) && json_string_length(v) <= most &&
               (!f->choices ||
                   is_choice(f->choices, slice_make(json_string_value(v), json_string_length(v))));
    case TOOL_INTEGER:
        return json_is_integer(v) && number_fits(f, (double)json_integer_value(v));
    case TOOL_NUMBER:
        return json_is_number(v) && number_fits(f, json_number_value(v));
    case TOOL_BOOL:
        return json_is_boolean(v);
    case TOOL_OBJECT:
        return json_is_object(v);
    }
    return false;
}

static void check_object(
    struct check *c, const struct tool_field *fields, json_t *object, const char *path, int depth);

static void check_value(
    struct check *c, const struct tool_field *f, json_t *v, const char *path, int depth)
{
    bool is_argument = strcmp(c->what, "an argument") == 0;

    if (!value_fits(f, v, is_argument)) {
        complain_value(c, path, f, v);
    } else if (f->type == TOOL_OBJECT && f->fields) {
        check_object(c, f->fields, v, path, depth + 1);
    }
}

static void check_array(
    struct check *c, const struct tool_field *f, json_t *v, const char *path, int depth)
{
    bool is_argument = strcmp(c->what, "an argument") == 0;
    size_t most = f->items ? (size_t)f->items : is_argument ? (size_t)TOOL_ITEMS_MAX : SIZE_MAX;
    char item_path[160];
    size_t i;
    json_t *item;

    if (!json_is_array(v)) {
        complain_value(c, path, f, v);
        return;
    }
    if (json_array_size(v) > most && c->count < TOOL_COMPLAINTS_MAX) {
        complain_start(c, path);
        buf_addf(&c->complaints, "may have at most %zu items", most);
        return;
    }
    json_array_foreach(v, i, item)
    {
        snprintf(item_path, sizeof(item_path), "%.120s[%zu]", path, i);
        struct tool_field one = *f;
        one.array = false;
        check_value(c, &one, item, item_path, depth);
    }
}

static const struct tool_field *field_find(const struct tool_field *fields, const char *name)
{
    for (; fields && fields->name; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

static void complain_unknown(
    struct check *c, const struct tool_field *fields, const char *path, const char *name)
{
    char at[160];

    if (c->count >= TOOL_COMPLAINTS_MAX) {
        return;
    }
    snprintf(at, sizeof(at), "%.80s%s%.60s", path, path[0] ? "." : "", name);
    complain_start(c, at);
    buf_addf(&c->complaints, "is not %s (there are:", c->what);
    for (const struct tool_field *f = fields; f && f->name; f++) {
        buf_addf(&c->complaints, "%s %s", f == fields ? "" : ",", f->name);
    }
    buf_addf(&c->complaints, "%s)", fields && fields->name ? "" : " none");
}

static void check_field(
    struct check *c, const struct tool_field *f, json_t *object, const char *path, int depth)
{
    json_t *v = json_object_get(object, f->name);
    char at[160];

    snprintf(at, sizeof(at), "%.80s%s%.60s", path, path[0] ? "." : "", f->name);
    if (v && json_is_null(v) && !f->required) { // models write null for "not given"
        json_object_del(object, f->name);
        v = NULL;
    }
    if (v && f->array) {
        check_array(c, f, v, at, depth);
    } else if (v) {
        check_value(c, f, v, at, depth);
    } else if (f->required && c->count < TOOL_COMPLAINTS_MAX) {
        complain_start(c, at);
        buf_add_str(&c->complaints, "is missing; it ");
        expectation(f, false, &c->complaints);
    } else if (f->fallback) {
        json_object_set_new(object, f->name, json_loads(f->fallback, JSON_DECODE_ANY, NULL));
    }
}

static void check_object(
    struct check *c, const struct tool_field *fields, json_t *object, const char *path, int depth)
{
    const char *key;
    json_t *v;

    BUG_ON(depth > TOOL_DEPTH_MAX); // of our own tables
    json_object_foreach(object, key, v)
    {
        if (!field_find(fields, key)) {
            complain_unknown(c, fields, path, key);
        }
    }
    for (const struct tool_field *f = fields; f && f->name; f++) {
        check_field(c, f, object, path, depth);
    }
}

int tool_fields_check(
    const struct tool_field *fields, json_t *object, const char *what, struct error *err)
{
    struct check c = { .what = what };

    if (!json_is_object(object)) {
        return error_set(err, ERR_INVALID, "What is given must be an object, in curly brackets.");
    }
    buf_init(&c.complaints, 64 * 1024);
    check_object(&c, fields, object, "", 0);
    int rc = c.count ? error_set(err, ERR_INVALID, "%s.", c.complaints.data) : 0;
    buf_done(&c.complaints);
    return rc;
}
