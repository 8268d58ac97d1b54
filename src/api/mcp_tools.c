// SPDX-License-Identifier: AGPL-3.0-or-later
// tools/list and tools/call over the tools of assist/tool.h. A tool's refusal is a result with isError, so that the model can
// do better; only a tool that does not exist is an error of the protocol.
#include "api/mcp.h"
#include "assist/assist.h"
#include "base/clock.h"

static void put_tool(const struct tool *t, struct json_out *j)
{
    json_begin_object(j);
    json_key_text(j, "name", t->name);
    json_key_text(j, "title", t->title);
    json_key_text(j, "description", t->description);
    json_key(j, "inputSchema");
    tool_arguments_schema(t, j);
    json_key(j, "outputSchema");
    tool_results_schema(t, j);
    json_key_object(j, "annotations");
    json_key_text(j, "title", t->title);
    json_key_bool(j, "readOnlyHint", true);
    json_key_bool(j, "destructiveHint", false);
    json_key_bool(j, "idempotentHint", true);
    json_key_bool(j, "openWorldHint", false);
    json_end(j);
    json_end(j);
}

int mcp_tools_list(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    (void)p;
    (void)err;
    json_begin_object(j);
    json_key_array(j, "tools");
    if (c->mcp->set) {
        c->mcp->set->put_tools(j);
    }
    for (const struct tool *const *t = assist_tools; *t; t++) {
        put_tool(*t, j);
    }
    json_end(j);
    json_end(j);
    return RPC_OK;
}

static void put_failure(struct json_out *j, const char *sentence)
{
    json_key_array(j, "content");
    mcp_put_text(j, slice_of(sentence));
    json_end(j);
    json_key_bool(j, "isError", true);
}

// The text says the same as the structured content, for clients that know text only. Nothing else stands beside it: clients
// such as PydanticAI take the structured content only then.
static void put_success(struct slice result, struct json_out *j)
{
    json_key_array(j, "content");
    mcp_put_text(j, result);
    json_end(j);
    json_key_raw(j, "structuredContent", result);
    json_key_bool(j, "isError", false);
}

static bool known(struct slice name)
{
    return tool_find(assist_tools, name) != NULL;
}

static int call_own(struct mcp_call *c, struct slice name, const json_t *arguments,
    struct json_out *j, struct error *err)
{
    struct tool_context context;
    struct slice result = { 0 };
    AUTO_FREE char *text = arguments ? json_dumps(arguments, JSON_COMPACT) : NULL;
    int rc = assist_tool_context(
        c->mcp->api->assist, c->partition, c->status_allowed, c->arena, &context, err);

    if (rc < 0) {
        return mcp_code(rc);
    }
    context.cancelled = &c->cancelled;
    mcp_progress(c, 0, 1, "Looking");
    int64_t start = clock_mono_ms();
    rc = tool_call(assist_tools, name, slice_of(text), &context, &result, err);
    if (rc == ERR_CANCELLED) {
        return RPC_CANCELLED;
    }
    mcp_progress(c, 1, 1, "Done");
    if (rc < 0) {
        char said[ERROR_TEXT_MAX + 64];
        snprintf(said, sizeof(said), "%.*s: %s", (int)name.len, name.data, err->text);
        mcp_log(c, MCP_WARNING, said);
        put_failure(j, err->text);
    } else {
        char said[160];
        snprintf(said, sizeof(said), "%.*s took %lld ms", (int)name.len, name.data,
            (long long)(clock_mono_ms() - start));
        mcp_log(c, MCP_DEBUG, said);
        put_success(result, j);
    }
    return RPC_OK;
}

int mcp_tools_call(struct mcp_call *c, const json_t *p, struct json_out *j, struct error *err)
{
    const json_t *arguments = NULL;
    struct slice name = { 0 };
    int rc = json_in_string(p, "name", JSON_REQUIRED, 128, &name, err);

    rc = rc < 0 ? rc : json_in_object(p, "arguments", JSON_OPTIONAL, &arguments, err);
    if (rc < 0) {
        return RPC_INVALID_PARAMS;
    }
    json_begin_object(j);
    rc = c->mcp->set ? c->mcp->set->tool(c, name, arguments, j, err) : RPC_METHOD_NOT_FOUND;
    if (rc == RPC_METHOD_NOT_FOUND) {
        if (!known(name)) {
            error_set(err, ERR_INVALID, "Unknown tool: %.*s", (int)name.len, name.data);
            rc = RPC_INVALID_PARAMS;
        } else {
            rc = call_own(c, name, arguments, j, err);
        }
    }
    if (rc == RPC_OK) {
        json_end(j);
    }
    return rc;
}
