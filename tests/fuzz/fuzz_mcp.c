// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON-RPC as the Model Context Protocol's entry reads it: any bytes. Messages that are taken keep the rules that all later
// code relies on, and what is answered to any of them is JSON again.
#include "api/mcp_rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct buf *b, const json_t *id)
{
    AUTO_JSON *answer = json_in_parse(buf_slice(b), JSON_IN_DEPTH_MOST, NULL);

    BUG_ON(!json_is_object(answer));
    const json_t *back = json_object_get(answer, "id");
    BUG_ON(id ? !json_equal(id, back) : !json_is_null(back));
}

static void check_message(const struct rpc_message *m)
{
    AUTO_BUF b = BUF_INIT(64 * 1024);

    BUG_ON(m->id && !json_is_integer(m->id) && !json_is_string(m->id));
    BUG_ON(m->kind == RPC_REQUEST && (!m->id || !m->method.len));
    BUG_ON(m->kind == RPC_NOTIFICATION && (m->id || !m->method.len));
    BUG_ON(m->kind == RPC_RESPONSE && (!m->id || !m->result == !m->error));
    BUG_ON(m->kind == RPC_WRONG && !m->why);
    BUG_ON(m->kind != RPC_WRONG && m->params && !json_is_object(m->params));
    rpc_add_error(&b, m->id, RPC_INVALID_REQUEST, m->why, slice_make(NULL, 0));
    check_answer(&b, m->id);
    buf_reset(&b);
    rpc_add_result(&b, m->id, SLICE_LIT("{}"));
    check_answer(&b, m->id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_input in;
    struct error err = { 0 };
    enum rpc_code code = rpc_read(slice_make((const char *)data, size), &in, &err);

    BUG_ON(code != RPC_OK && !err.text[0]);
    BUG_ON(code == RPC_OK && (in.count < 1 || in.count > RPC_BATCH_MAX));
    for (size_t i = 0; code == RPC_OK && i < in.count; i++) {
        check_message(&in.items[i]);
    }
    rpc_input_done(&in);
    return 0;
}
