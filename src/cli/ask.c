// SPDX-License-Identifier: AGPL-3.0-or-later
// larder ask QUESTION: the answer with its sources.
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_answer(const json_t *answer)
{
    const json_t *sentence, *number;
    size_t i, n;

    json_array_foreach(json_object_get(answer, "sentences"), i, sentence)
    {
        if (i > 0) {
            printf("%s", json_is_true(json_object_get(sentence, "breaks")) ? "\n" : " ");
        }
        print_safe(field_text(sentence, "text"));
        json_array_foreach(json_object_get(sentence, "citations"), n, number)
        {
            printf(" [%lld]", (long long)json_integer_value(number));
        }
        if (!json_is_true(json_object_get(sentence, "supported"))) {
            printf(" (not supported by the documents)");
        }
    }
    printf("\n");
}

static void print_citations(const json_t *answer)
{
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(answer, "citations"), i, c)
    {
        printf("%s  [%lld] ", i == 0 ? "\n" : "", (long long)field_number(c, "number"));
        print_safe(field_text(c, "document_name"));
        if (field_text(c, "place_words")[0]) {
            printf(", ");
            print_safe(field_text(c, "place_words"));
        }
        printf("\n");
    }
}

static int ask_run(struct invocation *in, struct error *err)
{
    AUTO_BUF words = BUF_INIT(64 * 1024);
    AUTO_REPLY reply = { 0 };
    json_t *request = json_object();

    for (size_t a = 0; a < in->argument_count; a++) {
        buf_addf(&words, "%s%s", a ? " " : "", in->arguments[a]);
    }
    json_object_set_new(request, "question", json_string(words.data ? words.data : ""));
    if (option_value(in, "partition")) {
        json_object_set_new(request, "partition", json_string(option_value(in, "partition")));
    }
    if (option_value(in, "conversation")) {
        json_object_set_new(
            request, "conversation_id", json_string(option_value(in, "conversation")));
    }
    if (option_value(in, "extractive")) {
        json_object_set_new(request, "extractive", json_true());
    }
    AUTO_FREE char *body = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    int rc = client_ask(in, "POST", "/v1/ask", body, &reply, err);
    if (rc < 0) {
        return rc;
    }
    if (in->json) {
        print_json(reply.json);
        return 0;
    }
    print_answer(reply.json);
    print_citations(reply.json);
    if (field_text(reply.json, "notice")[0]) {
        printf("\n");
        print_safe(field_text(reply.json, "notice"));
        printf("\n");
    }
    if (!in->quiet) {
        printf("\nTo go on: larder ask --conversation %s …\n",
            field_text(reply.json, "conversation_id"));
    }
    return 0;
}

static const struct option_info options[] = { { "partition", "NAME",
                                                  "ask in this partition (default)" },
    { "conversation", "ID", "go on with this conversation" },
    { "extractive", NULL, "put the answer together from passages, even if a model is set" },
    { NULL } };

const struct command ask_command = { "ask", "QUESTION…",
    "Answer a question from the documents, with its sources",
    "Numbers in square brackets name the sources below the answer. When the documents don't "
    "support "
    "an answer, it says so and names what is closest.",
    options, ask_run };
