// SPDX-License-Identifier: AGPL-3.0-or-later
// The table of commands, parsing of arguments, and the end of every run.
#include "cli/command.h"
#include "base/utf8.h"
#include "watch/alert.h"
#include "wire/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT_COLUMN = 22 };

const struct command *const commands[] = { &serve_command, &add_command, &list_command,
    &show_command, &search_command, &ask_command, &mcp_command, &status_command, &doctor_command,
    &verify_command, &formats_command, &watch_command, &alerts_command, &reread_command,
    &release_command, &cancel_command, &delete_command, &keys_command, &audit_command,
    &help_command, &version_command, NULL };

static const struct option_info common_options[] = { { "json", NULL, "print JSON for programs" },
    { "quiet", NULL, "print nothing but errors" },
    { "url", "URL", "the server; found from the data folder if left out" },
    { "ca", "FILE",
        "authorities that may have signed the server's certificate (PEM); or LARDER_CA" },
    { "key", "KEY", "the key; better in LARDER_KEY, since arguments can be seen by others" },
    { NULL } };

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

const char *option_value(const struct invocation *in, const char *name)
{
    for (size_t i = in->option_count; i > 0; i--) {
        if (strcmp(in->options[i - 1].name, name) == 0) {
            return in->options[i - 1].value;
        }
    }
    return NULL;
}

int option_number(const struct invocation *in, const char *name, int64_t fallback, int64_t *ret,
    struct error *err)
{
    const char *value = option_value(in, name);

    *ret = fallback;
    if (value && (!slice_to_i64(slice_of(value), ret) || *ret < 0)) {
        return error_set(err, ERR_INVALID, "--%s takes a whole number.", name);
    }
    return 0;
}

static const struct option_info *option_find(
    const struct option_info *list, const char *name, size_t len)
{
    for (; list && list->name; list++) {
        if (strlen(list->name) == len && strncmp(list->name, name, len) == 0) {
            return list;
        }
    }
    return NULL;
}

// --section-key VALUE sets a setting, for every command.
static int set_setting(struct invocation *in, const char *name, size_t len, const char *value,
    bool *ret_known, struct error *err)
{
    *ret_known = false;
    for (size_t i = 0; setting_at(i); i++) {
        const struct setting_info *s = setting_at(i);
        char flag[64], setting[64];
        snprintf(flag, sizeof(flag), "%s-%s", s->section, s->key);
        for (char *c = flag; *c; c++) {
            *c = *c == '_' ? '-' : *c;
        }
        bool is_short = strcmp(s->section, "server") == 0 && strlen(s->key) == len &&
                        strncmp(s->key, name, len) == 0;
        if (is_short || (strlen(flag) == len && strncmp(flag, name, len) == 0)) {
            *ret_known = true;
            snprintf(setting, sizeof(setting), "%s.%s", s->section, s->key);
            return value ? settings_set(in->settings, setting, value, err)
                         : error_set(err, ERR_INVALID, "--%.*s needs a value.", (int)len, name);
        }
    }
    return 0;
}

static int take_option(struct invocation *in, const char *text, const char *next,
    bool *ret_used_next, struct error *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    const struct option_info *o = option_find(in->command->options, text, len);
    const char *value = equals ? equals + 1 : next;
    bool known = false;

    o = o ? o : option_find(common_options, text, len);
    *ret_used_next = false;
    if (!o) {
        int rc = set_setting(in, text, len, value, &known, err);
        *ret_used_next = known && !equals;
        return rc < 0 || known ? rc
                               : error_set(err, ERR_INVALID,
                                     "larder %s has no option --%.*s; see larder help %s.",
                                     in->command->name, (int)len, text, in->command->name);
    }
    if (!o->value && equals) {
        return error_set(err, ERR_INVALID, "--%s takes no value.", o->name);
    }
    if (o->value && !value) {
        return error_set(err, ERR_INVALID, "--%s needs a value: %s.", o->name, o->value);
    }
    *ret_used_next = o->value && !equals;
    if (in->option_count >= ARRAY_LEN(in->options)) {
        return error_set(err, ERR_LIMIT, "There are too many options.");
    }
    in->options[in->option_count].name = o->name;
    in->options[in->option_count++].value = o->value ? value : "";
    return 0;
}

// Arguments can be seen by everybody on the machine: the key is kept aside and its place wiped.
static void hide_key(struct invocation *in, int argc, char **argv)
{
    for (int i = 2; in->key && i < argc; i++) {
        size_t len = strlen(in->key);
        if (in->key >= argv[i] && in->key <= argv[i] + strlen(argv[i])) {
            char *at = argv[i] + (in->key - argv[i]);
            in->key = in->own_key = xstrdup(in->key);
            explicit_bzero(at, len);
            return;
        }
    }
}

static int parse(struct invocation *in, int argc, char **argv, struct error *err)
{
    bool options_end = false;

    for (int i = 2; i < argc; i++) {
        bool used_next = false;
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && strncmp(argv[i], "--", 2) == 0) {
            int rc =
                take_option(in, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL, &used_next, err);
            if (rc < 0) {
                return rc;
            }
            i += used_next;
        } else if (in->argument_count < ARGS_MAX) {
            in->arguments[in->argument_count++] = argv[i];
        } else {
            return error_set(
                err, ERR_LIMIT, "There are too many arguments; at most %d can be given.", ARGS_MAX);
        }
    }
    in->json = option_value(in, "json") != NULL;
    in->quiet = option_value(in, "quiet") != NULL;
    in->url = option_value(in, "url");
    in->key = option_value(in, "key");
    hide_key(in, argc, argv);
    return 0;
}

static int load_settings(struct settings *s, struct error *err)
{
    const char *file = getenv("LARDER_SETTINGS");
    int rc = file ? settings_load_file(s, file, err) : settings_load_file(s, "larder.ini", NULL);

    if (rc < 0 && file) {
        return rc;
    }
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        return settings_load_file(s, "larder.ini", err);
    }
    return settings_load_environment(s, err);
}

// `larder COMMAND --help` at any place, or -h alone: a search may leave out the word h.
static bool asks_help(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[2], "-h") == 0) {
        return true;
    }
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

int command_line_main(int argc, char **argv)
{
    struct error err = { 0 };
    struct settings settings;
    const char *name = argc > 1 ? argv[1] : "help";

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    struct invocation in = { .command = command_find(name), .settings = &settings };
    if (!in.command) {
        fprintf(stderr, "larder: there is no command %s; see larder help.\n", name);
        return error_kind(ERR_INVALID)->exit_code;
    }
    in.arguments = xalloc((size_t)ARGS_MAX * sizeof(*in.arguments));
    settings_init(&settings);
    int rc = load_settings(&settings, &err);
    if (asks_help(argc, argv)) {
        in.arguments[in.argument_count++] = in.command->name;
        in.command = &help_command;
        rc = 0; // however wrong the settings are
    } else {
        rc = rc < 0 ? rc : parse(&in, argc, argv, &err);
    }
    rc = rc < 0 ? rc : in.command->run(&in, &err);
    if (rc < 0) {
        fprintf(stderr, "larder %s: %s\n", in.command->name,
            err.text[0] ? err.text : error_kind(rc)->title);
    }
    settings_done(&settings);
    free(in.arguments);
    if (in.own_key) {
        explicit_bzero(in.own_key, strlen(in.own_key));
        free(in.own_key);
    }
    return rc < 0 ? error_kind(rc)->exit_code : rc;
}

// ---- help and version

static void print_options(const struct option_info *list)
{
    for (; list && list->name; list++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", list->name, list->value ? " " : "",
            list->value ? list->value : "");
        printf("  %-26s %s\n", left, list->meaning);
    }
}

static void print_settings(void)
{
    printf("Settings, in a file larder.ini (or the one LARDER_SETTINGS names) as [section] key = "
           "value,\n"
           "in the environment as LARDER_SECTION_KEY, or as --section-key VALUE:\n\n");
    for (size_t i = 0; setting_at(i); i++) {
        const struct setting_info *s = setting_at(i);
        printf("  [%s] %-16s %s%s%s%s\n", s->section, s->key, s->meaning,
            s->fallback[0] ? " (" : "", s->fallback, s->fallback[0] ? ")" : "");
    }
    for (size_t i = 0; format_at(i); i++) {
        printf("  [limits] %-14s largest %s (%lld MiB)\n", format_at(i)->name, format_at(i)->title,
            (long long)(format_at(i)->cap >> 20));
    }
}

static void print_finding_codes(void)
{
    printf("| code | layer | severity | reason of a refusal | what to do next |\n| --- | --- | --- "
           "| --- | --- |\n");
    for (size_t i = 0; finding_code_at(i); i++) {
        const struct finding_code *c = finding_code_at(i);
        const char *reason = reason_word(c->reason);
        printf("| `%s` | %d | %s | %s | %s |\n", c->code, c->layer, severity_word(c->severity),
            reason ? reason : "", c->advice);
    }
}

static int help_run(struct invocation *in, struct error *err)
{
    if (in->argument_count == 0) {
        printf("larder: restaurant documents in, answers with their places out\n\nusage: larder "
               "COMMAND [options]\n\n");
        for (size_t i = 0; commands[i]; i++) {
            char left[64];
            snprintf(left, sizeof(left), "%s %s", commands[i]->name, commands[i]->arguments);
            int pad = LEFT_COLUMN - (int)utf8_count(slice_of(left));
            if (pad < 0) { // its meaning stands on a line of its own
                printf("  %s\n", left);
                left[0] = '\0';
                pad = LEFT_COLUMN;
            }
            printf("  %s%*s %s\n", left, pad, "", commands[i]->summary);
        }
        printf(
            "\nlarder help COMMAND tells more; larder help settings lists the settings,\nlarder "
            "help findings the codes of what checks can find,\nlarder help metrics and larder help "
            "alert-rules what is measured and watched,\nlarder help "
            "prometheus-rules the same rules for Prometheus.\n");
        return 0;
    }
    if (strcmp(in->arguments[0], "settings") == 0) {
        print_settings();
        return 0;
    }
    if (strcmp(in->arguments[0], "findings") == 0) {
        print_finding_codes();
        return 0;
    }
    if (strcmp(in->arguments[0], "metrics") == 0 || strcmp(in->arguments[0], "alert-rules") == 0) {
        AUTO_BUF page = BUF_INIT(1024 * 1024);
        if (strcmp(in->arguments[0], "metrics") == 0) {
            metrics_describe(&page);
        } else {
            alert_rules_describe(&page);
        }
        fputs(page.data, stdout);
        return 0;
    }
    if (strcmp(in->arguments[0], "prometheus-rules") == 0) {
        AUTO_BUF page = BUF_INIT(1024 * 1024);
        alert_rules_prometheus(&page);
        fwrite(page.data, 1, page.len, stdout);
        return 0;
    }
    const struct command *c = command_find(in->arguments[0]);
    if (!c) {
        return error_set(err, ERR_NOT_FOUND, "There is no command %.60s; larder help lists them.",
            in->arguments[0]);
    }
    printf("usage: larder %s [options]%s%s\n\n%s.\n", c->name, c->arguments[0] ? " " : "",
        c->arguments, c->summary);
    if (c->detail) {
        printf("\n%s\n", c->detail);
    }
    printf("\n");
    print_options(c->options);
    print_options(common_options);
    return 0;
}

static int version_run(struct invocation *in, struct error *err)
{
    (void)in;
    (void)err;
    printf("larder %s\n", LARDER_VERSION);
    return 0;
}

const struct command help_command = { "help", "[COMMAND]", "Show how to use larder", NULL, NULL,
    help_run };
const struct command version_command = { "version", "", "Print the version", NULL, NULL,
    version_run };
