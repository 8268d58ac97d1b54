// SPDX-License-Identifier: AGPL-3.0-or-later
// The command line as data: one file and one entry a command; `larder help` is made from the table in commands.c.
#ifndef LARDER_CLI_COMMAND_H
#define LARDER_CLI_COMMAND_H

#include "base/buf.h"
#include "base/error.h"
#include "config/settings.h"
#include "net/trust.h"

#include <jansson.h>

enum { ARGS_MAX = 4096 };

struct option_info {
    const char *name; // "limit": --limit VALUE
    const char *value; // "N"; NULL: a switch
    const char *meaning; // NULL name ends the list
};

struct invocation; // one call of a command: its options, arguments and the client
struct command {
    const char *name;
    const char *arguments; // "FILE…"
    const char *summary;
    const char *detail; // further paragraphs of its help, or NULL
    const struct option_info *options;
    int (*run)(
        struct invocation *in, struct error *err); // 0, a negative ERR_*, or a positive exit code
};
extern const struct command *const commands[]; // ended by NULL
const struct command *command_find(const char *name);

struct invocation {
    const struct command *command;
    struct settings *settings;
    bool json; // --json
    bool quiet; // --quiet
    const char *url; // NULL: found out
    const char *key;
    char *own_key; // what key is when it came by an option, kept aside; NULL: none
    const char **arguments;
    size_t argument_count;
    struct {
        const char *name, *value;
    } options[32];
    size_t option_count;
};
const char *option_value(
    const struct invocation *in, const char *name); // NULL if not given; "" for a switch
int option_number(const struct invocation *in, const char *name, int64_t fallback, int64_t *ret,
    struct error *err);

// The whole of a program run: parses, runs, prints an error, gives the exit code.
int command_line_main(int argc, char **argv);

// ---- the client of a running server (client.c)
enum { CLIENT_URL_MAX = 2048, CLIENT_KEY_MAX = 512, CLIENT_PIN_MAX = 64 };
// Where the server is, with which key, and by what it is known over TLS.
struct client_target {
    char url[CLIENT_URL_MAX]; // without a slash at its end
    char key[CLIENT_KEY_MAX]; // "": none
    char pin[CLIENT_PIN_MAX]; // of the server's public key; "": by its certificate
    const char *ca; // file of authorities; NULL: those of this machine
};
// ERR_INVALID: an address or a key that is too long; none of them is ever cut.
int client_target_find(const struct invocation *in, struct client_target *ret, struct error *err);
// Lends from the target.
struct net_trust client_trust(const struct client_target *t);
struct reply {
    long status;
    struct buf body;
    json_t *json; // NULL if the body is none
};
void client_reply_done(struct reply *r);
#define AUTO_REPLY CLEANUP(client_reply_done) struct reply
// method GET, POST, DELETE; json NULL for none. 0 with any HTTP status; ERR_IO if nobody answers.
int client_call(struct invocation *in, const char *method, const char *path, const char *json,
    struct reply *ret, struct error *err);
// 0, or of a status of 400 or more the code and the problem's sentence.
int client_problem(const struct reply *r, struct error *err);
// Both.
int client_ask(struct invocation *in, const char *method, const char *path, const char *json,
    struct reply *ret, struct error *err);
typedef void (*upload_progress_fn)(void *ctx, int64_t sent, int64_t total);
int client_upload(struct invocation *in, const char *file, const char *query, upload_progress_fn fn,
    void *ctx, struct reply *ret, struct error *err);

// ---- printing (print.c)
void print_json(const json_t *value); // two spaces of indentation
const char *field_text(const json_t *object, const char *field); // "" if it is not there
int64_t field_number(const json_t *object, const char *field);
void print_findings(const json_t *findings); // one a line, with advice
void print_place(const json_t *place); // "page 12"
void print_safe(
    const char *text); // control characters left out, so that a name can't drive the terminal
bool is_terminal(void);

extern const struct command ask_command, mcp_command, serve_command, add_command, list_command,
    show_command, search_command, status_command, doctor_command, formats_command, delete_command,
    reread_command, release_command, cancel_command, watch_command, alerts_command, help_command,
    version_command, keys_command, audit_command, verify_command;

#endif
