// SPDX-License-Identifier: AGPL-3.0-or-later
// Larder with the example tools, resources and prompts that the Model Context Protocol's own conformance suite calls, on top
// of what it serves anyway. For tests only. Their names, texts and shapes are those that the suite's scenarios describe.
#include "api/mcp.h"
#include "cli/command.h"
#include "conformance_modern.h"

#include <stdlib.h>
#include <time.h>

enum { STEP_MS = 50 };

#define PNG                                                                                        \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJg" \
    "gg=="
#define WAV "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="

#define PLAIN "{\"type\":\"object\",\"properties\":{}}"
#define TEXT_ARGUMENT(name)                                                                        \
    "{\"type\":\"object\",\"properties\":{\"" name                                                 \
    "\":{\"type\":\"string\"}},\"required\":[\"" name "\"]}"

static void step(void)
{
    struct timespec t = { .tv_nsec = STEP_MS * 1000000L };
    nanosleep(&t, NULL);
}

static int say(struct json_out *j, const char *text)
{
    json_key_array(j, "content");
    mcp_put_text(j, slice_of(text));
    json_end(j);
    return RPC_OK;
}

static void put_raw(struct json_out *j, const char *json)
{
    json_raw(j, slice_of(json));
}

// ---- tools

static int simple_text(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)c, (void)a, (void)err;
    return say(j, "This is a simple text response for testing.");
}

static int image(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)c, (void)a, (void)err;
    json_key_array(j, "content");
    put_raw(j, "{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}");
    json_end(j);
    return RPC_OK;
}

static int audio(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)c, (void)a, (void)err;
    json_key_array(j, "content");
    put_raw(j, "{\"type\":\"audio\",\"data\":\"" WAV "\",\"mimeType\":\"audio/wav\"}");
    json_end(j);
    return RPC_OK;
}

static int embedded(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)c, (void)a, (void)err;
    json_key_array(j, "content");
    put_raw(j, "{\"type\":\"resource\",\"resource\":{\"uri\":\"test://embedded-resource\","
               "\"mimeType\":\"text/plain\",\"text\":\"This is an embedded resource content.\"}}");
    json_end(j);
    return RPC_OK;
}

static int several(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)c, (void)a, (void)err;
    json_key_array(j, "content");
    mcp_put_text(j, SLICE_LIT("Multiple content types test:"));
    put_raw(j, "{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}");
    put_raw(j, "{\"type\":\"resource\",\"resource\":{\"uri\":\"test://mixed-content-resource\","
               "\"mimeType\":\"application/json\",\"text\":\"{\\\"test\\\":\\\"data\\\","
               "\\\"value\\\":123}\"}}");
    json_end(j);
    return RPC_OK;
}

static int logging(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)a, (void)err;
    mcp_log(c, MCP_INFO, "Tool execution started");
    step();
    mcp_log(c, MCP_INFO, "Tool processing data");
    step();
    mcp_log(c, MCP_INFO, "Tool execution completed");
    return say(j, "Three messages were sent.");
}

static int failing(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)c, (void)a, (void)err;
    json_key_bool(j, "isError", true);
    return say(j, "This tool intentionally returns an error for testing");
}

static int progressing(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)a, (void)err;
    mcp_progress(c, 0, 100, NULL);
    step();
    mcp_progress(c, 50, 100, NULL);
    step();
    mcp_progress(c, 100, 100, NULL);
    return say(j, "Progress was told.");
}

// Ends the connection in the middle of the call; the answer goes to whoever resumes the stream.
static int reconnecting(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)a, (void)err;
    step();
    if (c->stream && c->stream->resumable) {
        mcp_stream_detach(c->stream);
    }
    step();
    return say(j, "The stream was resumed.");
}

// Asks the client; what it said stands in the result's text.
static int ask(struct mcp_call *c, bool can, const char *method, const char *params,
    const char *said, struct json_out *j, struct error *err)
{
    json_t *result = NULL;

    if (!c->session || !can) {
        json_key_bool(j, "isError", true);
        return say(j, "The client can't do this.");
    }
    if (mcp_ask_client(c, method, slice_of(params), &result, err) < 0) {
        json_key_bool(j, "isError", true);
        return say(j, err->text);
    }
    AUTO_FREE char *text = json_dumps(result, JSON_COMPACT);
    AUTO_FREE char *whole = xasprintf("%s%s", said, text);
    json_decref(result);
    return say(j, whole);
}

static const char *text_of(const json_t *arguments, const char *name)
{
    const char *text = json_string_value(json_object_get(arguments, name));
    return text ? text : "";
}

static int sampling(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    AUTO_BUF b = BUF_INIT(64 * 1024);

    buf_add_str(&b, "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":");
    json_add_text(&b, text_of(a, "prompt"));
    buf_add_str(&b, "}}],\"maxTokens\":100}");
    return ask(c, c->session && c->session->can_sample, "sampling/createMessage", b.data,
        "LLM response: ", j, err);
}

static int elicit(struct mcp_call *c, const char *message, const char *schema, const char *said,
    struct json_out *j, struct error *err)
{
    AUTO_BUF b = BUF_INIT(64 * 1024);

    buf_add_str(&b, "{\"message\":");
    json_add_text(&b, message);
    buf_addf(&b, ",\"requestedSchema\":%s}", schema);
    return ask(c, c->session && c->session->can_elicit, "elicitation/create", b.data, said, j, err);
}

static int elicitation(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    return elicit(c, text_of(a, "message"),
        "{\"type\":\"object\",\"properties\":{\"username\":{\"type\":\"string\",\"description\":"
        "\"User's response\"},\"email\":{\"type\":\"string\",\"description\":\"User's email "
        "address\"}},\"required\":[\"username\",\"email\"]}",
        "User response: ", j, err);
}

static int defaults(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)a;
    return elicit(c, "Please check these values",
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"default\":\"John "
        "Doe\"},\"age\":{\"type\":\"integer\",\"default\":30},\"score\":{\"type\":\"number\","
        "\"default\":95.5},\"status\":{\"type\":\"string\",\"enum\":[\"active\",\"inactive\","
        "\"pending\"],\"default\":\"active\"},\"verified\":{\"type\":\"boolean\",\"default\":true}}"
        ",\"required\":[]}",
        "Elicitation completed: ", j, err);
}

static int enums(struct mcp_call *c, const json_t *a, struct json_out *j, struct error *err)
{
    (void)a;
    return elicit(c, "Please choose",
        "{\"type\":\"object\",\"properties\":{\"untitledSingle\":{\"type\":\"string\",\"enum\":["
        "\"option1\",\"option2\",\"option3\"]},\"titledSingle\":{\"type\":\"string\",\"oneOf\":[{"
        "\"const\":\"value1\",\"title\":\"First Option\"},{\"const\":\"value2\",\"title\":\"Second "
        "Option\"},{\"const\":\"value3\",\"title\":\"Third Option\"}]},\"legacyEnum\":{\"type\":"
        "\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],\"enumNames\":[\"Option One\",\"Option "
        "Two\",\"Option Three\"]},\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":"
        "\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]}},\"titledMulti\":{\"type\":"
        "\"array\",\"items\":{\"anyOf\":[{\"const\":\"value1\",\"title\":\"First Choice\"},{"
        "\"const\":\"value2\",\"title\":\"Second Choice\"},{\"const\":\"value3\",\"title\":\"Third "
        "Choice\"}]}}},\"required\":[]}",
        "Elicitation completed: ", j, err);
}

static const struct {
    const char *name, *schema;
    mcp_method_fn run;
} tools[] = {
    { "test_simple_text", PLAIN, simple_text },
    { "test_image_content", PLAIN, image },
    { "test_audio_content", PLAIN, audio },
    { "test_embedded_resource", PLAIN, embedded },
    { "test_multiple_content_types", PLAIN, several },
    { "test_tool_with_logging", PLAIN, logging },
    { "test_error_handling", PLAIN, failing },
    { "test_tool_with_progress", PLAIN, progressing },
    { "test_reconnection", PLAIN, reconnecting },
    { "test_sampling", TEXT_ARGUMENT("prompt"), sampling },
    { "test_elicitation", TEXT_ARGUMENT("message"), elicitation },
    { "test_elicitation_sep1034_defaults", PLAIN, defaults },
    { "test_elicitation_sep1330_enums", PLAIN, enums },
    { "json_schema_2020_12_tool",
        "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
        "\"$defs\":{\"address\":{\"$anchor\":\"addressDef\",\"type\":\"object\",\"properties\":{"
        "\"street\":{\"type\":"
        "\"string\"},\"city\":{\"type\":\"string\"}}}},\"properties\":{\"name\":{\"type\":"
        "\"string\"},\"address\":{\"$ref\":\"#/$defs/address\"},\"contactMethod\":{\"type\":"
        "\"string\",\"enum\":[\"phone\",\"email\"]},\"phone\":{\"type\":\"string\"},\"email\":{"
        "\"type\":\"string\"}},\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":["
        "\"email\"]}]}],\"if\":{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},"
        "\"required\":[\"contactMethod\"]},\"then\":{\"required\":[\"phone\"]},\"else\":{"
        "\"required\":[\"email\"]},\"additionalProperties\":false}",
        simple_text },
};

static void put_tools(struct json_out *j)
{
    for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
        json_begin_object(j);
        json_key_text(j, "name", tools[i].name);
        json_key_text(j, "description", "An example of the conformance suite.");
        json_key_raw(j, "inputSchema", slice_of(tools[i].schema));
        json_end(j);
    }
    modern_put_tools(j);
}

static int tool(struct mcp_call *c, struct slice name, const json_t *arguments, struct json_out *j,
    struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
        if (slice_is(name, tools[i].name)) {
            return tools[i].run(c, arguments, j, err);
        }
    }
    return modern_tool(c, name, j, err);
}

// ---- resources

static void put_resources(struct json_out *j)
{
    put_raw(j,
        "{\"uri\":\"test://static-text\",\"name\":\"Static text\",\"description\":\"An example\","
        "\"mimeType\":\"text/plain\"}");
    put_raw(j, "{\"uri\":\"test://static-binary\",\"name\":\"Static picture\",\"description\":\"An "
               "example\",\"mimeType\":\"image/png\"}");
    put_raw(j, "{\"uri\":\"test://watched-resource\",\"name\":\"Watched\",\"description\":\"An "
               "example\",\"mimeType\":\"text/plain\"}");
}

static void put_templates(struct json_out *j)
{
    put_raw(j,
        "{\"uriTemplate\":\"test://template/{id}/data\",\"name\":\"By id\",\"description\":\"An "
        "example\",\"mimeType\":\"application/json\"}");
}

static int read_template(struct slice uri, struct json_out *j)
{
    static const char head[] = "test://template/", tail[] = "/data";
    size_t around = sizeof(head) - 1 + sizeof(tail) - 1;
    AUTO_BUF text = BUF_INIT(MCP_URI_MAX * 8);

    if (!slice_starts(uri, head) || uri.len < around ||
        !slice_is(slice_from(uri, uri.len - (sizeof(tail) - 1)), tail)) {
        return RPC_METHOD_NOT_FOUND;
    }
    struct slice id = slice_make(uri.data + sizeof(head) - 1, uri.len - around);
    buf_add_str(&text, "{\"id\":");
    json_add_string(&text, id);
    buf_addf(&text, ",\"templateTest\":true,\"data\":\"Data for ID: %.*s\"}", SLICE_ARG(id));
    json_begin_object(j);
    json_key_string(j, "uri", uri);
    json_key_text(j, "mimeType", "application/json");
    json_key_string(j, "text", buf_slice(&text));
    json_end(j);
    return RPC_OK;
}

static int read(struct mcp_call *c, struct slice uri, struct json_out *j, struct error *err)
{
    (void)c, (void)err;
    if (slice_is(uri, "test://static-text") || slice_is(uri, "test://watched-resource")) {
        json_begin_object(j);
        json_key_string(j, "uri", uri);
        json_key_text(j, "mimeType", "text/plain");
        json_key_text(j, "text", "This is the content of the static text resource.");
        json_end(j);
        return RPC_OK;
    }
    if (slice_is(uri, "test://static-binary")) {
        put_raw(j,
            "{\"uri\":\"test://static-binary\",\"mimeType\":\"image/png\",\"blob\":\"" PNG "\"}");
        return RPC_OK;
    }
    return read_template(uri, j);
}

// ---- prompts

static void put_prompts(struct json_out *j)
{
    put_raw(j, "{\"name\":\"test_simple_prompt\",\"description\":\"An example\"}");
    put_raw(j,
        "{\"name\":\"test_prompt_with_arguments\",\"description\":\"An example\",\"arguments\":["
        "{\"name\":\"arg1\",\"required\":true},{\"name\":\"arg2\",\"required\":true}]}");
    put_raw(j, "{\"name\":\"test_prompt_with_embedded_resource\",\"description\":\"An example\","
               "\"arguments\":[{\"name\":\"resourceUri\",\"required\":true}]}");
    put_raw(j, "{\"name\":\"test_input_required_result_prompt\",\"description\":\"An example\"}");
    put_raw(j, "{\"name\":\"test_prompt_with_image\",\"description\":\"An example\"}");
}

static void put_message(struct json_out *j, struct slice content)
{
    json_begin_object(j);
    json_key_text(j, "role", "user");
    json_key_raw(j, "content", content);
    json_end(j);
}

static void put_words(struct json_out *j, const char *words)
{
    json_begin_object(j);
    json_key_text(j, "role", "user");
    json_key(j, "content");
    mcp_put_text(j, slice_of(words));
    json_end(j);
}

static int prompt(struct mcp_call *c, struct slice name, const json_t *arguments,
    struct json_out *j, struct error *err)
{
    AUTO_BUF b = BUF_INIT(64 * 1024);
    bool plain = slice_is(name, "test_simple_prompt"),
         filled = slice_is(name, "test_prompt_with_arguments"),
         embeds = slice_is(name, "test_prompt_with_embedded_resource");

    (void)c, (void)err;
    if (!plain && !filled && !embeds && !slice_is(name, "test_prompt_with_image")) {
        return modern_prompt(c, name, j, err);
    }
    json_key_array(j, "messages");
    if (plain) {
        put_words(j, "This is a simple prompt for testing.");
    } else if (filled) {
        buf_addf(&b, "Prompt with arguments: arg1='%s', arg2='%s'", text_of(arguments, "arg1"),
            text_of(arguments, "arg2"));
        put_words(j, b.data);
    } else if (embeds) {
        buf_add_str(&b, "{\"type\":\"resource\",\"resource\":{\"uri\":");
        json_add_text(&b, text_of(arguments, "resourceUri"));
        buf_add_str(&b, ",\"mimeType\":\"text/plain\",\"text\":\"Embedded resource content for "
                        "testing.\"}}");
        put_message(j, buf_slice(&b));
        put_words(j, "Please process the embedded resource above.");
    } else {
        put_message(
            j, SLICE_LIT("{\"type\":\"image\",\"data\":\"" PNG "\",\"mimeType\":\"image/png\"}"));
        put_words(j, "Please analyze the image above.");
    }
    json_end(j);
    return RPC_OK;
}

static const struct mcp_set examples = { .put_tools = put_tools,
    .put_resources = put_resources,
    .put_templates = put_templates,
    .put_prompts = put_prompts,
    .tool = tool,
    .read = read,
    .prompt = prompt,
    .headers = modern_headers };

int main(int argc, char **argv)
{
    mcp_use_set(&examples);
    return command_line_main(argc, argv);
}
