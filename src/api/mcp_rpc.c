// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements mcp_rpc.h.
#include "api/mcp_rpc.h"

static bool id_fits(const json_t *id)
{
    return json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= RPC_ID_MAX);
}

static void wrong(struct rpc_message *m, const char *why)
{
    m->kind = RPC_WRONG;
    m->why = why;
}

static void read_response(const json_t *object, struct rpc_message *m)
{
    m->kind = RPC_RESPONSE;
    m->result = json_object_get(object, "result");
    m->error = json_object_get(object, "error");
    if (!m->id || (m->result != NULL) == (m->error != NULL)) {
        wrong(m, "A message needs a method, or an id with either a result or an error.");
    } else if (m->error &&
               (!json_is_object(m->error) || !json_is_integer(json_object_get(m->error, "code")))) {
        wrong(m, "An error is an object with a code.");
    }
}

static void read_message(const json_t *object, struct rpc_message *m)
{
    const json_t *version = json_object_get(object, "jsonrpc");
    const json_t *id = json_object_get(object, "id");
    const json_t *method = json_object_get(object, "method");

    *m = (struct rpc_message){ .kind = RPC_REQUEST };
    if (!json_is_object(object)) {
        wrong(m, "A message is an object.");
        return;
    }
    m->id = id_fits(id) ? id : NULL;
    m->params = json_object_get(object, "params");
    if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0) {
        wrong(m, "jsonrpc must be \"2.0\".");
    } else if (id && !m->id) {
        wrong(m, "id must be a whole number or a text of at most 256 bytes.");
    } else if (!method) {
        read_response(object, m);
    } else if (!json_is_string(method) || json_string_length(method) == 0 ||
               json_string_length(method) > RPC_METHOD_MAX) {
        wrong(m, "method must be a text of 1 to 128 bytes.");
    } else if (m->params && !json_is_object(m->params)) {
        wrong(m, "params must be an object.");
    } else {
        m->kind = m->id ? RPC_REQUEST : RPC_NOTIFICATION;
        m->method = slice_make(json_string_value(method), json_string_length(method));
    }
}

enum rpc_code rpc_read(struct slice text, struct rpc_input *ret, struct error *err)
{
    struct error why = { 0 };

    *ret = (struct rpc_input){ .json = json_in_parse(text, JSON_IN_DEPTH, &why) };
    if (!ret->json) {
        error_set(err, ERR_INVALID, "%s", why.text);
        return why.code == ERR_LIMIT ? RPC_INVALID_REQUEST : RPC_PARSE;
    }
    ret->batch = json_is_array(ret->json);
    if (!ret->batch) {
        ret->count = 1;
        read_message(ret->json, &ret->items[0]);
        return RPC_OK;
    }
    ret->count = json_array_size(ret->json);
    if (ret->count == 0 || ret->count > RPC_BATCH_MAX) {
        rpc_input_done(ret);
        error_set(err, ERR_INVALID, "A batch holds 1 to %d messages.", RPC_BATCH_MAX);
        return RPC_INVALID_REQUEST;
    }
    for (size_t i = 0; i < ret->count; i++) {
        read_message(json_array_get(ret->json, i), &ret->items[i]);
    }
    return RPC_OK;
}

void rpc_input_done(struct rpc_input *in)
{
    json_decref(in->json);
    in->json = NULL;
    in->count = 0;
}

static void put_id(struct json_out *j, const json_t *id)
{
    json_key(j, "id");
    if (json_is_string(id)) {
        json_slice(j, slice_make(json_string_value(id), json_string_length(id)));
    } else if (json_is_integer(id)) {
        json_int(j, json_integer_value(id));
    } else {
        json_none(j);
    }
}

void rpc_add_result(struct buf *b, const json_t *id, struct slice result)
{
    struct json_out j;

    json_begin(&j, b);
    json_begin_object(&j);
    json_key_text(&j, "jsonrpc", "2.0");
    put_id(&j, id);
    json_key_raw(&j, "result", result);
    json_end(&j);
}

void rpc_add_error(
    struct buf *b, const json_t *id, enum rpc_code code, const char *message, struct slice data)
{
    struct json_out j;

    json_begin(&j, b);
    json_begin_object(&j);
    json_key_text(&j, "jsonrpc", "2.0");
    put_id(&j, id);
    json_key_object(&j, "error");
    json_key_int(&j, "code", code);
    json_key_text(&j, "message", message);
    if (data.len) {
        json_key_raw(&j, "data", data);
    }
    json_end(&j);
    json_end(&j);
}

void rpc_add_call(struct buf *b, int64_t id, const char *method, struct slice params)
{
    struct json_out j;

    json_begin(&j, b);
    json_begin_object(&j);
    json_key_text(&j, "jsonrpc", "2.0");
    if (id > 0) {
        json_key_int(&j, "id", id);
    }
    json_key_text(&j, "method", method);
    if (params.len) {
        json_key_raw(&j, "params", params);
    }
    json_end(&j);
}
