// SPDX-License-Identifier: AGPL-3.0-or-later
// Specialists: who answers which kind of question. Each is a file: lines "key: value" (title, words, tools), an empty line, and
// the prompt with its rules. Those in assist/specialists are embedded; a folder named by the setting assist.specialists
// replaces them by name or adds more. Immutable once loaded.
#ifndef LARDER_ASSIST_SPECIALIST_H
#define LARDER_ASSIST_SPECIALIST_H

#include "assist/question.h"
#include "assist/tool.h"

enum {
    SPECIALISTS_MAX = 16,
    SPECIALIST_FILE_MAX = 32 * 1024,
    SPECIALIST_WORDS_MAX = 200,
    SPECIALIST_TOOLS_MAX = 16,
};

struct specialist {
    const char *name; // "equipment": the file's name without .txt
    const char *title; // "Equipment"
    const char *prompt;
    char (*words)[WORD_MAX]; // stems that choose it
    size_t word_count;
    const struct tool *tools[SPECIALIST_TOOLS_MAX + 1]; // ended by NULL
};
struct specialists {
    struct arena arena;
    struct specialist items[SPECIALISTS_MAX];
    size_t count;
};
// folder "": only those embedded. ERR_INVALID names the file and what is wrong in it.
int specialists_load(const char *folder, struct specialists **ret, struct error *err);
void specialists_free(struct specialists *s);
// One file's text; name is copied. For tests, too.
int specialist_parse(struct specialists *s, const char *name, struct slice text, struct error *err);
const struct specialist *specialist_find(const struct specialists *s, struct slice name);
// The one with most of the question's weight among its words; the one named "general" if none fits.
const struct specialist *specialist_choose(const struct specialists *s, const struct question *q);

struct embedded_file {
    const char *name;
    const char *text;
};
extern const struct embedded_file embedded_specialists[]; // ended by name NULL

#endif
