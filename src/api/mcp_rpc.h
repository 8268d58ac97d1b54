// SPDX-License-Identifier: AGPL-3.0-or-later
// JSON-RPC 2.0 (jsonrpc.org/specification) as the Model Context Protocol uses it: ids are texts or whole numbers, params are
// objects, batches exist in one revision only. Bytes in, messages out; and what an answer looks like. Pure; any thread.
#ifndef LARDER_API_MCP_RPC_H
#define LARDER_API_MCP_RPC_H

#include "base/buf.h"
#include "base/slice.h"
#include "wire/json.h"

enum {
    RPC_MESSAGE_MAX = 1024 * 1024, // bytes of a body
    RPC_BATCH_MAX = 32, // messages in one
    RPC_ID_MAX = 256, // bytes of an id that is a text
    RPC_METHOD_MAX = 128, // bytes
};

enum rpc_code {
    RPC_OK = 0,
    RPC_PARSE = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL = -32603,
    RPC_NO_SESSION = -32001, // as the official servers say it
    RPC_NO_RESOURCE = -32002, // Model Context Protocol, resources: error handling
    RPC_HEADERS = -32020, // headers say something else than the message
    RPC_CAPABILITY = -32021, // the client did not say that it can what is needed
    RPC_VERSION = -32022, // no such revision of the protocol
    RPC_CANCELLED = -32800, // the client withdrew the request and waits in plain JSON all the same
};

enum rpc_kind { RPC_REQUEST, RPC_NOTIFICATION, RPC_RESPONSE, RPC_WRONG };
struct rpc_message {
    enum rpc_kind kind;
    const json_t *id; // requests and responses; of a wrong one NULL or what was there
    struct slice method; // requests and notifications
    const json_t *params; // NULL: none; else an object
    const json_t *result, *error; // of a response: one of them
    const char *why; // of a wrong one, a sentence
};
struct rpc_input {
    json_t *json; // what the messages lend from
    bool batch;
    size_t count; // at least 1
    struct rpc_message items[RPC_BATCH_MAX];
};
// RPC_OK; RPC_PARSE: no JSON, or JSON that no two programs would read alike; RPC_INVALID_REQUEST: an empty or too long batch,
// or nested too deep. A single message that is wrong comes as RPC_WRONG, so that a batch answers each on its own.
enum rpc_code rpc_read(struct slice text, struct rpc_input *ret, struct error *err);
void rpc_input_done(struct rpc_input *in);

// {"jsonrpc":"2.0","id":…,"result":RESULT}; id NULL is null.
void rpc_add_result(struct buf *b, const json_t *id, struct slice result);
// data is JSON or empty.
void rpc_add_error(
    struct buf *b, const json_t *id, enum rpc_code code, const char *message, struct slice data);
// A request to the client if id is above 0, else a notification. params is JSON.
void rpc_add_call(struct buf *b, int64_t id, const char *method, struct slice params);

#endif
