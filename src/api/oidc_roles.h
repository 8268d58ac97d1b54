// SPDX-License-Identifier: AGPL-3.0-or-later
// Which claims of a provider give which role here (settings oidc.roles, oidc.roles_file). An entry is
//
//     VALUE = ROLE                        kitchen-admins = admin
//     VALUE = ROLE: PARTITION PARTITION   east managers = manager: east
//
// split at its last "="; the value * is anybody whom the provider signs in. Of all entries that fit, those with the highest
// role count, and the partitions of these are taken together; one without partitions opens all. Lesser roles add nothing, so
// that no mixture gives more than an entry says. Immutable after parsing; any thread.
#ifndef LARDER_API_OIDC_ROLES_H
#define LARDER_API_OIDC_ROLES_H

#include "api/rights.h"
#include "base/arena.h"
#include "base/error.h"
#include "wire/json_in.h"

enum { OIDC_ROLES_MAX = 64, OIDC_VALUES_MAX = 1000, OIDC_ROLES_TEXT_MAX = 64 * 1024 };

struct oidc_grant {
    struct slice value;
    enum role role;
    struct slice partitions; // words with spaces between; empty: all
};
struct oidc_roles {
    char *text; // what the grants lend from
    struct oidc_grant grants[OIDC_ROLES_MAX];
    size_t count;
};
// Adds the entries of text, which stand between separators. ERR_INVALID with the entry.
int oidc_roles_parse(
    struct oidc_roles *r, const char *text, char separator, struct error *err); // once
void oidc_roles_done(struct oidc_roles *r);
// Bits of the entries that count for a claim (a text, or a list of texts); 0: none. NULL is a claim that is not there.
uint64_t oidc_roles_match(const struct oidc_roles *r, const json_t *claim);
// The same bits as a role and partitions (in the arena; none: all). false: no bits, bits of different roles, or more
// partitions than a caller can have.
bool oidc_roles_apply(const struct oidc_roles *r, uint64_t bits, struct arena *a,
    enum role *ret_role, const struct slice **ret_partitions, size_t *ret_count);

#endif
