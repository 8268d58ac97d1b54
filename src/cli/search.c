// SPDX-License-Identifier: AGPL-3.0-or-later
// larder search WORDS.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A snippet is HTML with <mark>: on a terminal marks are bold, entities are themselves again.
static void print_snippet(const char *html)
{
    static const struct {
        const char *html, *plain, *terminal;
    } words[] = { { "<mark>", "", "\033[1m" }, { "</mark>", "", "\033[0m" }, { "&lt;", "<", "<" },
        { "&gt;", ">", ">" }, { "&quot;", "\"", "\"" }, { "&#39;", "'", "'" },
        { "&amp;", "&", "&" } };
    bool terminal = is_terminal();

    while (*html) {
        size_t i = 0;
        while (i < ARRAY_LEN(words) && strncmp(html, words[i].html, strlen(words[i].html)) != 0) {
            i++;
        }
        if (i < ARRAY_LEN(words)) {
            fputs(terminal ? words[i].terminal : words[i].plain, stdout);
            html += strlen(words[i].html);
        } else {
            char one[2] = { *html++, '\0' };
            putchar((unsigned char)one[0] >= ' ' ? one[0] : ' ');
        }
    }
}

static json_t *list_of(const char *text)
{
    json_t *list = json_array();
    struct slice rest = slice_of(text), one;

    while (slice_cut(&rest, ',', &one)) {
        json_array_append_new(list, json_stringn(one.data, one.len));
    }
    return list;
}

static int search_run_command(struct invocation *in, struct error *err)
{
    AUTO_BUF words = BUF_INIT(64 * 1024);
    AUTO_REPLY reply = { 0 };
    json_t *request = json_object(), *r = NULL;
    int64_t limit = 0;
    size_t i = 0;
    int rc = option_number(in, "limit", 10, &limit, err);

    for (size_t a = 0; a < in->argument_count; a++) {
        buf_addf(&words, "%s%s", a ? " " : "", in->arguments[a]);
    }
    json_object_set_new(request, "query", json_string(words.data ? words.data : ""));
    json_object_set_new(request, "limit", json_integer(limit));
    if (option_value(in, "type")) {
        json_object_set_new(request, "types", list_of(option_value(in, "type")));
    }
    if (option_value(in, "category")) {
        json_object_set_new(request, "categories", list_of(option_value(in, "category")));
    }
    if (option_value(in, "partition")) {
        json_object_set_new(request, "partition", json_string(option_value(in, "partition")));
    }
    if (option_value(in, "explain")) {
        json_object_set_new(request, "explain", json_true());
    }
    AUTO_FREE char *body = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    rc = rc < 0 ? rc : client_ask(in, "POST", "/v1/search", body, &reply, err);
    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    json_array_foreach(json_object_get(reply.json, "results"), i, r)
    {
        printf("%zu. ", i + 1);
        print_safe(field_text(r, "document_name"));
        printf(", ");
        print_safe(field_text(r, "place_words"));
        printf("\n   ");
        print_snippet(field_text(r, "snippet"));
        printf("\n");
        if (json_object_get(r, "explain")) {
            print_json(json_object_get(r, "explain"));
        }
    }
    if (i == 0) {
        printf("Nothing found. Try fewer or other words.\n");
    }
    return 0;
}

static const struct option_info options[] = { { "limit", "N", "at most so many passages (10)" },
    { "type", "TYPE,…", "only of these types" },
    { "category", "NAME,…", "only of these categories" },
    { "partition", "NAME", "in this partition (default)" },
    { "explain", NULL, "say how each score came about" }, { NULL } };

const struct command search_command = { "search", "WORDS…",
    "Find passages, each with its document and place",
    "\"a phrase\" must occur as it is, word* matches beginnings, -word excludes.", options,
    search_run_command };
