// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements specialist.h.
#include "assist/specialist.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 40, ARENA_MAX = 4 << 20, FOLDER_ENTRIES_MAX = 1000 };

static const struct specialist *find_by_name(const struct specialists *s, struct slice name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (slice_is(name, s->items[i].name)) {
            return &s->items[i];
        }
    }
    return NULL;
}

const struct specialist *specialist_find(const struct specialists *s, struct slice name)
{
    return find_by_name(s, name);
}

static int take_words(struct specialists *s, struct specialist *one, struct slice text)
{
    struct word w;
    size_t at = 0;

    one->words = arena_array(&s->arena, SPECIALIST_WORDS_MAX, sizeof(*one->words));
    while (one->words && one->word_count < SPECIALIST_WORDS_MAX && word_next(text, &at, &w)) {
        word_stem(w.folded);
        memcpy(one->words[one->word_count++], w.folded, WORD_MAX);
    }
    return one->words ? 0 : ERR_MEMORY;
}

static int take_tools(
    struct specialist *one, const char *file, struct slice text, struct error *err)
{
    struct slice name;
    size_t count = 0;

    while (slice_cut(&text, ' ', &name)) {
        name = slice_trim(name);
        const struct tool *t = tool_find(assist_tools, name);
        if (!name.len) {
            continue;
        }
        if (!t) {
            return error_set(err, ERR_INVALID,
                "The specialist %s names a tool that is not there: " SLICE_FMT ".", file,
                SLICE_ARG(name));
        }
        if (count == SPECIALIST_TOOLS_MAX) {
            return error_set(err, ERR_LIMIT, "The specialist %s names more than %d tools.", file,
                SPECIALIST_TOOLS_MAX);
        }
        one->tools[count++] = t;
    }
    return 0;
}

static int take_line(
    struct specialists *s, struct specialist *one, struct slice line, struct error *err)
{
    struct slice key;

    if (!slice_cut(&line, ':', &key)) {
        return 0;
    }
    line = slice_trim(line);
    if (slice_is(key, "title")) {
        one->title = arena_strndup(&s->arena, line.data, line.len);
        return one->title ? 0 : ERR_MEMORY;
    }
    if (slice_is(key, "words")) {
        return take_words(s, one, line);
    }
    if (slice_is(key, "tools")) {
        return take_tools(one, one->name, line, err);
    }
    return error_set(err, ERR_INVALID,
        "The specialist %s has a line that is none of title, words and tools.", one->name);
}

int specialist_parse(struct specialists *s, const char *name, struct slice text, struct error *err)
{
    struct specialist one = { .name = arena_strdup(&s->arena, name), .title = name };
    struct slice line;

    if (text.len > SPECIALIST_FILE_MAX) {
        return error_set(err, ERR_TOO_LARGE, "The file of the specialist %s is longer than %d KiB.",
            name, SPECIALIST_FILE_MAX / 1024);
    }
    while (slice_cut(&text, '\n', &line) && slice_trim(line).len) {
        int rc = take_line(s, &one, line, err);
        if (rc < 0) {
            return rc == ERR_MEMORY ? error_set(err, rc, "There is no memory for it.") : rc;
        }
    }
    text = slice_trim(text);
    one.prompt = arena_strndup(&s->arena, text.data ? text.data : "", text.len);
    if (!one.name || !one.prompt) {
        return error_set(err, ERR_MEMORY, "There is no memory for the specialist %s.", name);
    }
    if (!one.prompt[0]) {
        return error_set(err, ERR_INVALID,
            "The specialist %s has no prompt: it stands after an empty line.", name);
    }
    struct specialist *there = (struct specialist *)(uintptr_t)find_by_name(s, slice_of(name));
    if (!there && s->count == SPECIALISTS_MAX) {
        return error_set(err, ERR_LIMIT, "There are more than %d specialists.", SPECIALISTS_MAX);
    }
    *(there ? there : &s->items[s->count++]) = one;
    return 0;
}

static int load_file(struct specialists *s, const char *folder, const char *file, struct error *err)
{
    AUTO_FREE char *path = xasprintf("%s/%s", folder, file);
    AUTO_FREE char *text = xalloc(SPECIALIST_FILE_MAX + 2);
    char name[NAME_MAX_BYTES];
    FILE *f = fopen(path, "re");

    snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 4), file);
    if (!f) {
        return error_set(err, ERR_INVALID, "The file of the specialist %s can't be opened.", name);
    }
    size_t n = fread(text, 1, SPECIALIST_FILE_MAX + 1, f);
    fclose(f);
    return specialist_parse(s, name, slice_make(text, n), err);
}

static int load_folder(struct specialists *s, const char *folder, struct error *err)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    int rc = 0, seen = 0;

    if (!d) {
        return error_set(err, ERR_INVALID, "The folder of assist.specialists can't be opened.");
    }
    while (rc == 0 && seen++ < FOLDER_ENTRIES_MAX && (entry = readdir(d)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && len < NAME_MAX_BYTES && strcmp(entry->d_name + len - 4, ".txt") == 0 &&
            entry->d_name[0] != '.') {
            rc = load_file(s, folder, entry->d_name, err);
        }
    }
    closedir(d);
    return rc;
}

int specialists_load(const char *folder, struct specialists **ret, struct error *err)
{
    struct specialists *s = xalloc(sizeof(*s));
    int rc = 0;

    arena_init(&s->arena, ARENA_MAX);
    for (const struct embedded_file *f = embedded_specialists; rc == 0 && f->name; f++) {
        rc = specialist_parse(s, f->name, slice_of(f->text), err);
    }
    if (rc == 0 && folder[0]) {
        rc = load_folder(s, folder, err);
    }
    if (rc < 0) {
        specialists_free(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void specialists_free(struct specialists *s)
{
    if (s) {
        arena_done(&s->arena);
        free(s);
    }
}

static double fits(const struct specialist *one, const struct question *q)
{
    double sum = 0;

    for (size_t i = 0; i < q->count; i++) {
        for (size_t n = 0; n < one->word_count; n++) {
            if (strcmp(q->terms[i].stem, one->words[n]) == 0) {
                sum += q->terms[i].weight;
                break;
            }
        }
    }
    return sum;
}

const struct specialist *specialist_choose(const struct specialists *s, const struct question *q)
{
    const struct specialist *best = find_by_name(s, SLICE_LIT("general"));
    double most = 0;

    for (size_t i = 0; i < s->count; i++) {
        double sum = fits(&s->items[i], q);
        if (sum > most) {
            most = sum;
            best = &s->items[i];
        }
    }
    return best;
}
