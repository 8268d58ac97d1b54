// SPDX-License-Identifier: AGPL-3.0-or-later
// Tools: what an agent may call, whoever it is: the assistant's own loop, an MCP client, a test. One file a tool in
// assist/tools/, one table here; JSON Schema, the checks and the descriptions all come from the same field tables.
//
//   name + arguments as JSON ─▶ tool_call: known? within the budget? arguments as the table says (defaults filled in)?
//                            ─▶ tool.run ─▶ result as JSON, checked against the table of results
//
// A call never ends the program and never writes: all tools here only read. A wrong argument gives ERR_INVALID with a
// sentence that names the field and what is expected of it; whoever runs a model feeds that sentence back (tool_error_helps)
// for a bounded number of retries, as PydanticAI's ModelRetry does. Tables are immutable; a context belongs to one thread
// at a time; different contexts may run at the same time.
#ifndef LARDER_ASSIST_TOOL_H
#define LARDER_ASSIST_TOOL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "store/store.h"
#include "wire/json.h"

#include <stdatomic.h>

enum {
    TOOL_FIELDS_MAX = 32, // of one object
    TOOL_DEPTH_MAX = 6, // objects in objects
    TOOL_TEXT_MAX = 2000, // bytes of a text argument that sets no length of its own
    TOOL_ITEMS_MAX = 64, // of an array argument that sets none
    TOOL_ARGUMENTS_MAX = 64 * 1024, // bytes of all arguments as JSON
    TOOL_RESULT_MAX = 1024 * 1024, // bytes of a result
    TOOL_COMPLAINTS_MAX = 6, // wrong arguments named in one sentence
};

enum tool_type { TOOL_TEXT, TOOL_INTEGER, TOOL_NUMBER, TOOL_BOOL, TOOL_OBJECT };

struct tool_field {
    const char *name; // NULL ends a table
    const char *description; // for the model and for people, one sentence
    enum tool_type type; // of the value, or of the items if `array`
    bool required;
    bool array;
    const char *choices; // TOOL_TEXT: the words allowed, separated by spaces; NULL: any text
    double min, max; // TOOL_INTEGER, TOOL_NUMBER: both bounds, inclusive; both 0: none
    int length; // TOOL_TEXT: most bytes; 0: TOOL_TEXT_MAX for arguments, no limit for results
    int items; // most items of an array; 0: TOOL_ITEMS_MAX for arguments, no limit for results
    const char *fallback; // arguments: the default, as JSON ("10", "\"all\""); NULL: none
    const struct tool_field *fields; // TOOL_OBJECT: its own table; NULL: any members
};

// What may be seen. Checked where passages are fetched, not afterwards.
struct tool_access {
    struct slice partition; // the one partition that is visible; empty: "default"
    bool status; // file_status and system_status may tell of jobs, disk and failures
};

// What a run may use, and what it has used; one for a whole run, specialists and retries included.
struct usage_limits {
    int64_t requests, tool_calls, tokens; // 0: none allowed
    int64_t seconds;
};
struct usage {
    struct usage_limits limits;
    int64_t requests, tool_calls, input_tokens, output_tokens;
};
bool usage_room_for_call(const struct usage *u);

// What only the running server can tell; every member may be NULL.
struct tool_host {
    void *ctx;
    const char *(*sandbox_level)(void *ctx);
    const char *data_dir; // for free disk space; never shown
    int64_t started_ms; // wall clock; 0: not known
    const char *model; // name of the configured language model; NULL: answers are extractive
};

struct evidence; // assist/evidence.h: passages that were retrieved in this run, numbered for citing

struct tool_context {
    struct store *store;
    struct arena *arena; // lives at least as long as the result is used
    struct tool_access access;
    struct evidence *evidence; // never NULL; the same for all calls of a run
    struct usage *usage; // NULL: no budget
    int64_t deadline_ms; // clock_mono_ms(); 0: none
    const atomic_bool *cancelled; // NULL: can't be
    const atomic_bool *stopping; // the server ends; NULL: not told
    const struct tool_host *host; // NULL: nothing is known of the server
};
// 0, ERR_CANCELLED or ERR_TIMEOUT. Tools ask between steps that may take long.
int tool_context_check(const struct tool_context *c, struct error *err);

struct tool {
    const char *name; // "search_knowledge": letters, digits, _
    const char *title; // "Search the documents"
    const char *description; // for the model: what it does, when to use it, what comes back
    const struct tool_field *arguments; // NULL: takes none
    const struct tool_field *results;
    bool needs_status; // access.status must be set
    // arguments is an object that fits the table, defaults filled in, absent optional fields absent. Writes the members of
    // the result object; the braces are the caller's. Errors: ERR_NOT_FOUND and ERR_INVALID are told to the model.
    int (*run)(
        struct tool_context *c, const json_t *arguments, struct json_out *ret, struct error *err);
};
// All tools, ended by NULL.
extern const struct tool *const assist_tools[];

// From a NULL-ended list (assist_tools, or a caller's own); NULL if there is none of that name.
const struct tool *tool_find(const struct tool *const *list, struct slice name);
// JSON Schema (2020-12): {"type":"object","properties":{…},"required":[…],"additionalProperties":false}.
void tool_arguments_schema(const struct tool *t, struct json_out *j);
void tool_results_schema(const struct tool *t, struct json_out *j);
void tool_fields_schema(
    const struct tool_field *fields, struct json_out *j); // the same for any table

// Checks an object against a table and fills in defaults. ERR_INVALID names up to TOOL_COMPLAINTS_MAX fields: "limit must be
// a whole number from 1 to 40, not \"many\"; colour is not an argument (there are: query, limit)." `what` is "an argument".
int tool_fields_check(
    const struct tool_field *fields, json_t *object, const char *what, struct error *err);

// One call. arguments: JSON text of an object; empty is {}. On success *ret_json is the result object, in the context's
// arena. ERR_UNSUPPORTED: no such tool; ERR_INVALID: wrong arguments or malformed JSON; ERR_NOT_FOUND; ERR_DENIED;
// ERR_LIMIT: the budget is used up; ERR_TIMEOUT; ERR_CANCELLED; else the store's errors. Counts in c->usage.
int tool_call(const struct tool *const *list, struct slice name, struct slice arguments,
    struct tool_context *c, struct slice *ret_json, struct error *err);
// Can the caller do better with the sentence (unknown tool, wrong argument, nothing found), so that a retry is worth it?
bool tool_error_helps(int code);

#endif
