// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements synonyms.h.
#include "search/synonyms.h"
#include "base/buf.h"
#include "base/map.h"
#include "text/words.h"

#include <stdlib.h>

struct group {
    const char *expressions[SYNONYM_GROUP_MAX]; // as written, owned
    size_t count;
};
struct member {
    struct group *group;
    size_t self;
};
struct synonyms {
    struct group **groups;
    size_t group_count;
    struct map members; // stems → struct member
};

// The stems of an expression with a space between; empty if it has no or too many words.
static void stems_of(struct slice text, struct buf *ret)
{
    struct word w;
    size_t at = 0, words = 0;

    buf_reset(ret);
    while (word_next(text, &at, &w)) {
        if (++words > SYNONYM_WORDS_MAX) {
            buf_reset(ret);
            return;
        }
        word_stem(w.folded);
        if (ret->len) {
            buf_add_char(ret, ' ');
        }
        buf_add_str(ret, w.folded);
    }
}

static int add_expression(struct synonyms *s, struct group *g, struct slice text, struct error *err)
{
    AUTO_BUF stems = BUF_INIT(SYNONYM_WORDS_MAX * (WORD_MAX + 1));

    text = slice_trim(text);
    stems_of(text, &stems);
    if (stems.len == 0) {
        return text.len == 0 ? 0
                             : error_set(err, ERR_INVALID,
                                   "An expression of the synonyms must have one to %d words.",
                                   SYNONYM_WORDS_MAX);
    }
    if (g->count == SYNONYM_GROUP_MAX) {
        return error_set(
            err, ERR_LIMIT, "A group of synonyms has more than %d expressions.", SYNONYM_GROUP_MAX);
    }
    g->expressions[g->count] = xstrndup(text.data, text.len);
    if (!map_find(&s->members, buf_slice(&stems))) { // the first group that has it keeps it
        struct member *m = xalloc(sizeof(*m));
        *m = (struct member){ .group = g, .self = g->count };
        if (map_put(&s->members, buf_slice(&stems), m) != 0) {
            free(m);
            return error_set(err, ERR_LIMIT, "There are too many synonyms.");
        }
    }
    g->count++;
    return 0;
}

static int add_line(struct synonyms *s, struct slice line, struct error *err)
{
    struct slice rest = line, one;

    if (s->group_count == SYNONYM_GROUPS_MAX) {
        return error_set(
            err, ERR_LIMIT, "There are more than %d groups of synonyms.", SYNONYM_GROUPS_MAX);
    }
    struct group *g = xalloc(sizeof(*g));
    s->groups[s->group_count++] = g;
    if (!slice_cut(&rest, '=', &one) || rest.len == 0) {
        return error_set(err, ERR_INVALID, "A line of the synonyms must be: word = word, word.");
    }
    int rc = add_expression(s, g, one, err);
    while (rc == 0 && slice_cut(&rest, ',', &one)) {
        rc = add_expression(s, g, one, err);
        if (rest.len == 0) {
            break;
        }
    }
    return rc;
}

int synonyms_open(struct slice text, struct synonyms **ret, struct error *err)
{
    struct synonyms *s = xalloc(sizeof(*s));
    struct slice rest = text, line;
    int number = 0, rc = 0;

    s->groups = xalloc(SYNONYM_GROUPS_MAX * sizeof(struct group *));
    map_init(&s->members, (size_t)SYNONYM_GROUPS_MAX * SYNONYM_GROUP_MAX);
    if (text.len > SYNONYM_BYTES_MAX) {
        rc = error_set(err, ERR_TOO_LARGE, "The synonyms are too large.");
    }
    while (rc == 0 && rest.len && slice_cut(&rest, '\n', &line)) {
        struct slice plain = line, code;
        number++;
        slice_cut(&plain, '#', &code);
        code = slice_trim(code);
        rc = code.len ? add_line(s, code, err) : 0;
        if (rc < 0) {
            rc = error_prefix(err, rc, "Synonyms, line %d", number);
        }
    }
    if (rc < 0) {
        synonyms_free(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void synonyms_free(struct synonyms *s)
{
    struct map_entry *e = NULL;

    if (!s) {
        return;
    }
    for (size_t at = 0; (e = map_next(&s->members, &at)) != NULL;) {
        free(e->value);
    }
    map_done(&s->members);
    for (size_t i = 0; i < s->group_count; i++) {
        for (size_t k = 0; k < s->groups[i]->count; k++) {
            free((char *)s->groups[i]->expressions[k]);
        }
        free(s->groups[i]);
    }
    free(s->groups);
    free(s);
}

size_t synonyms_count(const struct synonyms *s)
{
    return s->members.count;
}

size_t synonyms_find(
    const struct synonyms *s, const char *stems, const char *const **ret_others, size_t *ret_self)
{
    struct member *m = map_find(&s->members, slice_of(stems));

    if (!m) {
        return 0;
    }
    *ret_others = m->group->expressions;
    *ret_self = m->self;
    return m->group->count;
}
