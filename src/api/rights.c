// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements rights.h.
#include "api/rights.h"

#define BIT(r) (1u << (r))

static const char *const words[RIGHTS] = { "admin", "any", "read", "search", "ask", "write",
    "manage", "monitor", "keys", "audit", "admin" };

enum {
    VIEWER = BIT(RIGHT_ANY) | BIT(RIGHT_READ) | BIT(RIGHT_SEARCH) | BIT(RIGHT_ASK),
    CONTRIBUTOR = VIEWER | BIT(RIGHT_WRITE),
    MANAGER = CONTRIBUTOR | BIT(RIGHT_MANAGE) | BIT(RIGHT_MONITOR),
    ADMIN = MANAGER | BIT(RIGHT_KEYS) | BIT(RIGHT_AUDIT) | BIT(RIGHT_ADMIN),
};
static const struct {
    const char *word;
    unsigned rights;
} roles[ROLES] = { { "viewer", VIEWER }, { "contributor", CONTRIBUTOR }, { "manager", MANAGER },
    { "admin", ADMIN } };

const char *right_word(enum right r)
{
    return words[r];
}

int right_from_word(struct slice word)
{
    for (int i = RIGHT_READ; i < RIGHTS; i++) {
        if (slice_is(word, words[i])) {
            return i;
        }
    }
    return -1;
}

const char *role_word(enum role r)
{
    return roles[r].word;
}

int role_from_word(struct slice word)
{
    for (int i = 0; i < ROLES; i++) {
        if (slice_is(word, roles[i].word)) {
            return i;
        }
    }
    return -1;
}

unsigned role_rights(enum role r)
{
    return roles[r].rights;
}
