// SPDX-License-Identifier: AGPL-3.0-or-later
// larder alerts list|rules|history|test|silence|unsilence|ack.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_value(double value, const char *unit)
{
    if (strcmp(unit, "ratio") == 0) {
        printf("%.1f %%", value * 100);
    } else if (strcmp(unit, "seconds") == 0 && value >= 3600) {
        printf("%.1f h", value / 3600);
    } else {
        printf("%.4g%s", value, strcmp(unit, "seconds") == 0 ? " s" : "");
    }
}

static void print_alert(const json_t *a)
{
    const char *word = field_text(a, "word"), *held = field_text(a, "held");
    const json_t *value = json_object_get(a, "value");

    printf(
        "%-9s %s%s%s", field_text(a, "state"), field_text(a, "title"), word[0] ? ", " : "", word);
    if (json_is_number(value)) {
        printf(": ");
        print_value(json_number_value(value), field_text(a, "unit"));
    }
    printf("%s%s%s\n", held[0] ? " (" : "", held, held[0] ? ")" : "");
    if (json_is_true(json_object_get(a, "firing"))) {
        printf("          %s since %s. ", field_text(a, "rule"), field_text(a, "fired_at"));
        print_safe(field_text(a, "advice"));
        putchar('\n');
    }
}

static int list(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    size_t i = 0, firing = 0;
    json_t *one = NULL;
    int rc = client_ask(in, "GET", "/v1/alerts", NULL, &reply, err);

    if (rc < 0 || in->json) {
        if (rc == 0) {
            print_json(reply.json);
        }
        return rc;
    }
    json_array_foreach(json_object_get(reply.json, "alerts"), i, one)
    {
        print_alert(one);
        firing += json_is_true(json_object_get(one, "firing"));
    }
    json_array_foreach(json_object_get(reply.json, "silences"), i, one)
    {
        printf("silence %lld: %s until %s. ", (long long)field_number(one, "id"),
            field_text(one, "rule")[0] ? field_text(one, "rule") : "everything",
            field_text(one, "until"));
        print_safe(field_text(one, "comment"));
        putchar('\n');
    }
    return firing ? 2 : 0; // so that a script can ask
}

static int rules(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    size_t i = 0;
    json_t *one = NULL;
    int rc = client_ask(in, "GET", "/v1/alerts/rules", NULL, &reply, err);

    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    if (field_text(reply.json, "file_error")[0]) {
        printf("The rules file is wrong, the rules before it hold: %s\n\n",
            field_text(reply.json, "file_error"));
    }
    json_array_foreach(json_object_get(reply.json, "rules"), i, one)
    {
        printf("%-24s %-8s %s %s ", field_text(one, "name"),
            json_is_true(json_object_get(one, "enabled")) ? field_text(one, "severity") : "off",
            field_text(one, "measure"), field_text(one, "direction"));
        print_value(json_number_value(json_object_get(one, "raise")), field_text(one, "unit"));
        printf(", for %lld s\n", (long long)field_number(one, "for_seconds"));
    }
    return 0;
}

static int history(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    size_t i = 0;
    json_t *one = NULL;
    int rc = client_ask(in, "GET", "/v1/alerts/history?limit=50", NULL, &reply, err);

    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    json_array_foreach(json_object_get(reply.json, "changes"), i, one)
    {
        const json_t *a = json_object_get(one, "alert");
        printf("%s  %-8s %s%s%s\n", field_text(one, "time"), field_text(a, "state"),
            field_text(a, "rule"), field_text(a, "word")[0] ? ", " : "", field_text(a, "word"));
    }
    return 0;
}

static int test(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    size_t i = 0;
    json_t *one = NULL;
    int rc = client_ask(in, "POST", "/v1/alerts/test", NULL, &reply, err);

    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    const json_t *sent = json_object_get(reply.json, "sent_to");
    if (json_array_size(sent) == 0) {
        printf(
            "No channel is set: see alerts.webhook, alerts.alertmanager and alerts.smtp in larder "
            "help settings.\n");
        return 1;
    }
    json_array_foreach(sent, i, one)
    {
        printf("A test message is on its way by %s.\n", json_string_value(one));
    }
    printf("larder alerts list --json shows under channels whether they arrived.\n");
    return 0;
}

static int post(
    struct invocation *in, const char *path, json_t *body, const char *done, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    int rc = client_ask(in, "POST", path, text, &reply, err);
    if (rc == 0 && in->json) {
        print_json(reply.json);
    } else if (rc == 0 && !in->quiet) {
        printf("%s\n", done);
    }
    return rc;
}

static int silence(struct invocation *in, struct error *err)
{
    int64_t minutes = 0;
    int rc = option_number(in, "minutes", 60, &minutes, err);
    const char *comment = option_value(in, "comment"), *word = option_value(in, "word");
    bool all = option_value(in, "maintenance") != NULL;
    const char *rule = in->argument_count > 1 ? in->arguments[1] : "";

    if (rc < 0) {
        return rc;
    }
    if (!rule[0] && !all) {
        return error_set(err, ERR_INVALID,
            "Say which rule is silenced, or --maintenance to silence all of them.");
    }
    return post(in, "/v1/alerts/silences",
        json_pack("{s:s, s:s, s:I, s:b, s:s}", "rule", rule, "word", word ? word : "", "minutes",
            (json_int_t)minutes, "maintenance", (int)all, "comment", comment ? comment : ""),
        "Silenced. The alert is still seen in larder alerts list.", err);
}

static int unsilence(struct invocation *in, struct error *err)
{
    AUTO_REPLY reply = { 0 };
    char path[64];

    if (in->argument_count < 2 ||
        strspn(in->arguments[1], "0123456789") != strlen(in->arguments[1])) {
        return error_set(
            err, ERR_INVALID, "Say the silence's number; larder alerts list shows it.");
    }
    snprintf(path, sizeof(path), "/v1/alerts/silences/%.20s", in->arguments[1]);
    return client_ask(in, "DELETE", path, NULL, &reply, err);
}

static int acknowledge(struct invocation *in, struct error *err)
{
    const char *word = option_value(in, "word");

    if (in->argument_count < 2) {
        return error_set(err, ERR_INVALID, "Say the rule whose alert you look after.");
    }
    return post(in, "/v1/alerts/acknowledge",
        json_pack("{s:s, s:s}", "rule", in->arguments[1], "word", word ? word : ""),
        "Acknowledged; it is not repeated until it ends.", err);
}

static int alerts_run(struct invocation *in, struct error *err)
{
    static const struct {
        const char *name;
        int (*run)(struct invocation *in, struct error *err);
    } acts[] = { { "list", list }, { "rules", rules }, { "history", history }, { "test", test },
        { "silence", silence }, { "unsilence", unsilence }, { "ack", acknowledge } };
    const char *act = in->argument_count ? in->arguments[0] : "list";

    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        if (strcmp(act, acts[i].name) == 0) {
            return acts[i].run(in, err);
        }
    }
    return error_set(err, ERR_INVALID,
        "larder alerts can list, rules, history, test, silence, unsilence or ack.");
}

static const struct option_info options[] = {
    { "minutes", "N", "silence: for how long (60)" },
    { "word", "WORD", "silence, ack: only of this file type or part" },
    { "maintenance", NULL, "silence: all rules" },
    { "comment", "TEXT", "silence: why" },
    { NULL },
};
const struct command alerts_command = { "alerts", "[ACT]", "Show, silence and test alerts",
    "larder alerts list         how all stands; exit code 2 while one fires\n"
    "larder alerts rules        what is watched\n"
    "larder alerts history      what happened\n"
    "larder alerts test         send a test message through all channels\n"
    "larder alerts silence RULE hold back messages for a while\n"
    "larder alerts unsilence N  end a silence\n"
    "larder alerts ack RULE     say that somebody looks after it: no more reminders",
    options, alerts_run };
