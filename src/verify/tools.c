// SPDX-License-Identifier: AGPL-3.0-or-later
// The faces for agents and for questions: MCP (initialize, tools/list, a call) and /v1/ask, all in the run's own partition.
#include "verify/internal.h"

#include <stdio.h>
#include <string.h>

#define MCP_VERSION "2025-06-18"
#define QUESTION "What does code G-07 mean?"
#define CITED "simple.pdf"

// An answer of /mcp is JSON, or the last event of a stream.
static json_t *mcp_message(const struct trial_reply *r)
{
    struct slice rest = buf_slice(&r->body), line, last = { 0 };

    if (r->json) {
        return json_incref(r->json);
    }
    while (slice_cut(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (slice_starts(line, "data:") && line.len > 6) {
            last = slice_trim(slice_from(line, 5));
        }
    }
    return last.len ? json_loadb(last.data, last.len, 0, NULL) : NULL;
}

static long mcp_post(struct trial *t, const char *body, struct trial_reply *ret)
{
    char path[128], session[96];
    const char *headers[] = { "MCP-Protocol-Version: " MCP_VERSION, session, NULL };

    snprintf(path, sizeof(path), "/mcp?partition=%s", t->partition);
    snprintf(session, sizeof(session), "Mcp-Session-Id: %s", t->mcp_session);
    return trial_call(t,
        &(struct trial_request){ .method = "POST",
            .path = path,
            .body = slice_of(body),
            .accept = "application/json, text/event-stream",
            .headers = t->mcp_session[0] ? headers : NULL },
        ret);
}

TRIAL_CHECK(check_mcp_start)
{
    AUTO_TRIAL_REPLY reply = { 0 }, noted = { 0 };
    long status = mcp_post(t,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"" MCP_VERSION "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"larder-verify\","
        "\"version\":\"" LARDER_VERSION "\"}}}",
        &reply);
    AUTO_JSON *message = mcp_message(&reply);
    const json_t *result = json_object_get(message, "result");

    (void)c;
    if (status != 200 || !result || !reply.session[0]) {
        trial_fail(ret, "MCP was not begun. %s", reply.error);
        return;
    }
    snprintf(t->mcp_session, sizeof(t->mcp_session), "%s", reply.session);
    mcp_post(t, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", &noted);
    trial_pass(ret, "The server speaks revision %s.", trial_text(result, "protocolVersion"));
}

TRIAL_CHECK(check_mcp_list)
{
    AUTO_TRIAL_REPLY reply = { 0 };

    (void)c;
    if (!t->mcp_session[0]) {
        trial_fail(ret, "There is no MCP session to ask in (see tools.mcp).");
        return;
    }
    mcp_post(t, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}", &reply);
    AUTO_JSON *message = mcp_message(&reply);
    const json_t *tools = json_object_get(json_object_get(message, "result"), "tools"), *one = NULL;
    bool search = false;
    size_t i = 0;
    json_array_foreach(tools, i, one)
    {
        search = search || strcmp(trial_text(one, "name"), "search_knowledge") == 0;
    }
    if (!search) {
        trial_fail(ret, "The list of tools has no search_knowledge. %s", reply.error);
    } else {
        trial_pass(ret, "%zu tools.", json_array_size(tools));
    }
}

TRIAL_CHECK(check_mcp_call)
{
    AUTO_TRIAL_REPLY reply = { 0 };

    (void)c;
    if (!t->mcp_session[0]) {
        trial_fail(ret, "There is no MCP session to call in (see tools.mcp).");
        return;
    }
    if (!types_have_pdf(t, ret)) {
        return;
    }
    mcp_post(t,
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":"
        "\"search_knowledge\",\"arguments\":{\"query\":\"flame sensor\"}}}",
        &reply);
    AUTO_JSON *message = mcp_message(&reply);
    const json_t *result = json_object_get(message, "result");
    AUTO_BUF text = BUF_INIT(TRIAL_REPLY_MAX);
    char *dump = result ? json_dumps(result, JSON_COMPACT) : NULL;
    buf_add_str(&text, dump ? dump : "");
    free(dump);
    if (!result || json_is_true(json_object_get(result, "isError"))) {
        trial_fail(ret, "The tool search_knowledge gave no result. %s", reply.error);
    } else if (!text.data || !strstr(text.data, CITED)) {
        trial_fail(ret, "The tool search_knowledge did not find the document that was uploaded.");
    } else {
        trial_pass(ret, "search_knowledge found %s.", CITED);
    }
}

TRIAL_CHECK(check_ask)
{
    AUTO_TRIAL_REPLY reply = { 0 };
    const json_t *one = NULL;
    bool cited = false;
    size_t i = 0;

    (void)c;
    if (!trial_may(t, "ask")) {
        trial_skip(ret, "the key may not ask the assistant.");
        return;
    }
    if (!types_have_pdf(t, ret)) {
        return;
    }
    if (trial_post(t, "/v1/ask", &reply, "{\"question\":\"" QUESTION "\",\"partition\":\"%s\"}",
            t->partition) != 200) {
        trial_fail(ret, "The question was not answered. %s", reply.error);
        return;
    }
    json_array_foreach(json_object_get(reply.json, "citations"), i, one)
    {
        cited = cited || (strcmp(trial_text(one, "document_name"), CITED) == 0 &&
                             trial_number(json_object_get(one, "place"), "page") == 3);
    }
    if (!trial_text(reply.json, "answer")[0] ||
        json_is_true(json_object_get(reply.json, "refused"))) {
        trial_fail(ret, "The assistant did not answer from the document that was uploaded.");
    } else if (!cited) {
        trial_fail(ret, "The answer does not cite the place where it stands (" CITED ", page 3).");
    } else {
        trial_pass(ret, "Answered (%s) with %zu citations, the right page among them.",
            trial_text(reply.json, "mode"),
            json_array_size(json_object_get(reply.json, "citations")));
    }
}
