// SPDX-License-Identifier: AGPL-3.0-or-later
// The conformance suite's example tools for revision 2026-07-28: those that need something of the client, in one round or in
// two, and one whose argument is said in a header too. For tests only.
#include "conformance_modern.h"
#include "base/map.h"

#include <stdlib.h>
#include <unistd.h>

enum { WISHES_MAX = 3, ROUNDS_MAX = 2 };

#define ASK(message, name, type)                                                                   \
    "{\"message\":\"" message "\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{\""     \
    "" name "\":{\"type\":\"" type "\"}},\"required\":[\"" name "\"]}}"
#define SAY(words, tokens)                                                                         \
    "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":\"" words           \
    "\"}}],\"maxTokens\":" tokens "}"
#define ELICIT "elicitation/create"
#define SAMPLE "sampling/createMessage"
#define ROOTS "roots/list"

struct wish {
    const char *key, *method, *params;
};
static const struct example {
    const char *name;
    bool state; // its answer brings a requestState that must come back unchanged
    size_t rounds;
    struct wish wishes[ROUNDS_MAX][WISHES_MAX];
    const char *said;
} examples[] = {
    { "test_input_required_result_elicitation", false, 1,
        { { { "user_name", ELICIT, ASK("What is your name?", "name", "string") } } }, "Hello, " },
    { "test_input_required_result_sampling", false, 1,
        { { { "capital_question", SAMPLE, SAY("What is the capital of France?", "100") } } },
        "The model said: " },
    { "test_input_required_result_list_roots", false, 1, { { { "client_roots", ROOTS, "{}" } } },
        "Roots: " },
    { "test_input_required_result_request_state", true, 1,
        { { { "confirm", ELICIT, ASK("Please confirm", "ok", "boolean") } } }, "state-ok " },
    { "test_input_required_result_tampered_state", true, 1,
        { { { "confirm", ELICIT, ASK("Please confirm", "ok", "boolean") } } }, "state-ok " },
    { "test_input_required_result_multiple_inputs", true, 1,
        { { { "user_name", ELICIT, ASK("What is your name?", "name", "string") },
            { "greeting", SAMPLE, SAY("Generate a greeting", "50") },
            { "client_roots", ROOTS, "{}" } } },
        "All came: " },
    { "test_input_required_result_multi_round", true, 2,
        { { { "step1", ELICIT, ASK("Step 1: What is your name?", "name", "string") } },
            { { "step2", ELICIT,
                ASK("Step 2: What is your favorite color?", "color", "string") } } },
        "Both came: " },
    { "test_input_required_result_capabilities", false, 1,
        { { { "user_name", ELICIT, ASK("What is your name?", "name", "string") },
            { "greeting", SAMPLE, SAY("Generate a greeting", "50") } } },
        "Came: " },
    { "test_streaming_elicitation", false, 1,
        { { { "user_name", ELICIT, ASK("What is your name?", "name", "string") } } }, "Hello, " },
    { "test_input_required_result_prompt", false, 1,
        { { { "user_context", ELICIT,
            ASK("What context should the prompt use?", "context", "string") } } },
        "Context: " },
};

static const struct example *find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        if (slice_is(name, examples[i].name)) {
            return &examples[i];
        }
    }
    return NULL;
}

// "1-0123456789abcdef": the round that was asked for, and a check that only this process can make.
static void put_state(const struct example *e, size_t round, char ret[40])
{
    uint64_t seed = (uint64_t)getpid() * 0x9e3779b97f4a7c15u + (uint64_t)(uintptr_t)examples;

    snprintf(ret, 40, "%zu-%016llx", round,
        (unsigned long long)hash_bytes(e->name, strlen(e->name), seed + round));
}

static bool can(const struct mcp_call *c, const char *method)
{
    char word[32];

    snprintf(word, sizeof(word), "%.*s", (int)strcspn(method, "/"), method);
    return json_is_object(json_object_get(c->client, word));
}

static bool came(const struct mcp_call *c, const struct wish *w)
{
    const json_t *responses = json_object_get(c->params, "inputResponses");

    return json_is_object(json_object_get(responses, w->key));
}

static void ask(struct mcp_call *c, const struct example *e, size_t round, struct json_out *j)
{
    char state[40];

    c->says_type = true;
    json_key_text(j, "resultType", "input_required");
    json_key_object(j, "inputRequests");
    for (size_t i = 0; i < WISHES_MAX && e->wishes[round][i].key; i++) {
        const struct wish *w = &e->wishes[round][i];
        if (can(c, w->method)) {
            json_key_object(j, w->key);
            json_key_text(j, "method", w->method);
            json_key_raw(j, "params", slice_of(w->params));
            json_end(j);
        }
    }
    json_end(j);
    if (e->state) {
        put_state(e, round, state);
        json_key_text(j, "requestState", state);
    }
}

// The round whose answers have come, or -1: the state is not one of ours.
static int round_of(const struct mcp_call *c, const struct example *e)
{
    const char *given = json_string_value(json_object_get(c->params, "requestState"));
    char state[40];

    for (size_t i = 0; given && i < e->rounds; i++) {
        put_state(e, i, state);
        if (strcmp(given, state) == 0) {
            return (int)i;
        }
    }
    return given && e->state ? -1 : 0;
}

// True: everything came; *ret_text is what to say (free).
static int play(struct mcp_call *c, const struct example *e, struct json_out *j, char **ret_text,
    struct error *err)
{
    int round = round_of(c, e);

    *ret_text = NULL;
    if (round < 0) {
        error_set(err, ERR_INVALID, "requestState was changed on its way.");
        return RPC_INVALID_PARAMS;
    }
    for (size_t i = 0; i < WISHES_MAX && e->wishes[round][i].key; i++) {
        if (!came(c, &e->wishes[round][i])) {
            ask(c, e, (size_t)round, j);
            return RPC_OK;
        }
    }
    if ((size_t)round + 1 < e->rounds) {
        ask(c, e, (size_t)round + 1, j);
        return RPC_OK;
    }
    AUTO_FREE char *answers =
        json_dumps(json_object_get(c->params, "inputResponses"), JSON_COMPACT);
    *ret_text = xasprintf("%s%s", e->said, answers ? answers : "");
    return RPC_OK;
}

static int missing_capability(struct mcp_call *c, struct json_out *j, struct error *err)
{
    if (!can(c, SAMPLE)) {
        c->data = SLICE_LIT("{\"requiredCapabilities\":{\"sampling\":{}}}");
        error_set(err, ERR_INVALID, "This tool needs a client that can sample.");
        return RPC_CAPABILITY;
    }
    json_key_array(j, "content");
    mcp_put_text(j, SLICE_LIT("The client can sample."));
    json_end(j);
    return RPC_OK;
}

void modern_put_tools(struct json_out *j)
{
    static const char *const others[] = { "test_missing_capability", "test_logging_tool" };

    for (size_t i = 0; i < ARRAY_LEN(examples) + ARRAY_LEN(others); i++) {
        bool other = i >= ARRAY_LEN(examples);
        json_begin_object(j);
        json_key_text(j, "name", other ? others[i - ARRAY_LEN(examples)] : examples[i].name);
        json_key_text(j, "description", "An example of the conformance suite.");
        json_key_raw(j, "inputSchema", SLICE_LIT("{\"type\":\"object\",\"properties\":{}}"));
        json_end(j);
    }
    json_begin_object(j);
    json_key_text(j, "name", "test_x_mcp_header");
    json_key_text(j, "description", "An example of the conformance suite.");
    json_key_raw(j, "inputSchema",
        SLICE_LIT("{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\","
                  "\"x-mcp-header\":\"Region\"}}}"));
    json_end(j);
}

int modern_tool(struct mcp_call *c, struct slice name, struct json_out *j, struct error *err)
{
    const struct example *e = find(name);
    AUTO_FREE char *text = NULL;

    if (slice_is(name, "test_missing_capability")) {
        return missing_capability(c, j, err);
    }
    if (slice_is(name, "test_logging_tool")) {
        mcp_log(c, MCP_INFO, "A message for who asked for it");
        text = xstrdup("Logged.");
    } else if (slice_is(name, "test_x_mcp_header")) {
        text = xstrdup("The header fits.");
    } else if (!e) {
        return RPC_METHOD_NOT_FOUND;
    } else {
        int rc = play(c, e, j, &text, err);
        if (rc != RPC_OK || !text) {
            return rc;
        }
    }
    json_key_array(j, "content");
    mcp_put_text(j, slice_of(text));
    json_end(j);
    return RPC_OK;
}

int modern_prompt(struct mcp_call *c, struct slice name, struct json_out *j, struct error *err)
{
    AUTO_FREE char *text = NULL;

    if (!slice_is(name, "test_input_required_result_prompt")) {
        return RPC_METHOD_NOT_FOUND;
    }
    int rc = play(c, find(name), j, &text, err);
    if (rc != RPC_OK || !text) {
        return rc;
    }
    json_key_array(j, "messages");
    json_begin_object(j);
    json_key_text(j, "role", "user");
    json_key(j, "content");
    mcp_put_text(j, slice_of(text));
    json_end(j);
    json_end(j);
    return RPC_OK;
}

const char *modern_headers(const struct http_request *req, const struct rpc_message *m)
{
    const char *name = json_string_value(json_object_get(m->params, "name"));
    const json_t *region = json_object_get(json_object_get(m->params, "arguments"), "region");
    struct slice header = http_header_find(req, "mcp-param-region");

    if (!name || strcmp(name, "test_x_mcp_header") != 0 || (!header.data && !region)) {
        return NULL;
    }
    bool fits =
        header.data && json_is_string(region) &&
        mcp_header_says(header, slice_make(json_string_value(region), json_string_length(region)));
    return fits ? NULL : "Mcp-Param-Region and the argument region are not the same.";
}
