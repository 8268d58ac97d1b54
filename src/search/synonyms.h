// SPDX-License-Identifier: AGPL-3.0-or-later
// Words that mean the same in a kitchen: groups of expressions of one to four words. One group a line, `fryer = fry vat, deep
// fryer`; all of a group stand for each other; # starts a comment. Immutable after opening; any thread.
#ifndef LARDER_SEARCH_SYNONYMS_H
#define LARDER_SEARCH_SYNONYMS_H

#include "base/error.h"
#include "base/slice.h"

enum {
    SYNONYM_BYTES_MAX = 4 << 20,
    SYNONYM_GROUPS_MAX = 20000,
    SYNONYM_GROUP_MAX = 16, // expressions of a group
    SYNONYM_WORDS_MAX = 4, // of an expression
};

struct synonyms;
extern const char synonyms_default[]; // the list that is built in
int synonyms_open(struct slice text, struct synonyms **ret, struct error *err);
void synonyms_free(struct synonyms *s);
size_t synonyms_count(const struct synonyms *s); // expressions
// The other expressions of the group that holds these words (stems, a space between), at most max; how many.
size_t synonyms_find(
    const struct synonyms *s, const char *stems, const char *const **ret_others, size_t *ret_self);

#endif
