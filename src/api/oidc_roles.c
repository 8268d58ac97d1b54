// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements oidc_roles.h.
#include "api/oidc_roles.h"

#include "api/keyring.h"
#include "ingest/ingest.h"

#include <stdlib.h>

static int read_entry(struct oidc_roles *r, struct slice entry, struct error *err)
{
    size_t at = entry.len;
    struct slice partitions, one, rest;

    while (at > 0 && entry.data[at - 1] != '=') {
        at--;
    }
    struct slice value = slice_trim(slice_make(entry.data, at ? at - 1 : 0));
    struct slice gives = slice_from(entry, at), role_text = gives;
    const char *colon = memchr(gives.data, ':', gives.len);
    if (colon) {
        role_text.len = (size_t)(colon - gives.data);
    }
    partitions = colon ? slice_trim(slice_from(gives, role_text.len + 1)) : slice_make("", 0);
    int role = role_from_word(slice_trim(role_text));
    if (!at || !value.len || role < 0 || (colon && !partitions.len)) {
        return error_set(err, ERR_INVALID,
            "\"%.*s\" is not VALUE = ROLE or VALUE = ROLE: PARTITION …; roles are viewer, "
            "contributor, manager and admin.",
            (int)(entry.len < 80 ? entry.len : 80), entry.data);
    }
    for (rest = partitions; words_next(&rest, &one);) {
        if (!partition_name_valid(one)) {
            return error_set(err, ERR_INVALID,
                "A partition's name has lower-case letters, digits, _ and - only.");
        }
    }
    if (r->count == OIDC_ROLES_MAX) {
        return error_set(err, ERR_LIMIT, "There are more than %d entries.", OIDC_ROLES_MAX);
    }
    r->grants[r->count++] = (struct oidc_grant){ value, (enum role)role, partitions };
    return 0;
}

int oidc_roles_parse(struct oidc_roles *r, const char *text, char separator, struct error *err)
{
    *r = (struct oidc_roles){ .text = xstrdup(text) };
    struct slice rest = slice_of(r->text), entry;

    while (slice_cut(&rest, separator, &entry)) {
        entry = slice_trim(entry);
        if (entry.len == 0 || entry.data[0] == '#') {
            continue;
        }
        int rc = read_entry(r, entry, err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

void oidc_roles_done(struct oidc_roles *r)
{
    free(r->text);
    *r = (struct oidc_roles){ .text = NULL };
}

static uint64_t match_one(const struct oidc_roles *r, struct slice value)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < r->count; i++) {
        // The claim's own "*" is a name like any other, and means nobody.
        bool fits = slice_equal(r->grants[i].value, value) && !slice_is(value, "*");
        bits |= (uint64_t)fits << i;
    }
    return bits;
}

uint64_t oidc_roles_match(const struct oidc_roles *r, const json_t *claim)
{
    uint64_t bits = 0, best = 0;

    if (json_is_string(claim)) {
        bits = match_one(r, slice_make(json_string_value(claim), json_string_length(claim)));
    }
    for (size_t i = 0; i < json_array_size(claim) && i < OIDC_VALUES_MAX; i++) {
        const json_t *one = json_array_get(claim, i);
        if (json_is_string(one)) {
            bits |= match_one(r, slice_make(json_string_value(one), json_string_length(one)));
        }
    }
    int highest = -1;
    for (size_t i = 0; i < r->count; i++) {
        bits |= (uint64_t)slice_is(r->grants[i].value, "*") << i;
        if ((bits >> i & 1) && (int)r->grants[i].role > highest) {
            highest = (int)r->grants[i].role;
        }
    }
    for (size_t i = 0; i < r->count; i++) {
        best |= (bits >> i & 1) && (int)r->grants[i].role == highest ? UINT64_C(1) << i : 0;
    }
    return best;
}

bool oidc_roles_apply(const struct oidc_roles *r, uint64_t bits, struct arena *a,
    enum role *ret_role, const struct slice **ret_partitions, size_t *ret_count)
{
    struct slice *found = arena_array(a, KEY_PARTITIONS_MAX, sizeof(*found));
    size_t count = 0;
    bool all = false, first = true;

    *ret_role = ROLE_VIEWER;
    for (size_t i = 0; i < r->count; i++) {
        const struct oidc_grant *g = &r->grants[i];
        struct slice rest = g->partitions, one;
        if (!(bits >> i & 1)) {
            continue;
        }
        if (!first && g->role != *ret_role) {
            return false;
        }
        first = false;
        *ret_role = g->role;
        all = all || rest.len == 0;
        while (found && words_next(&rest, &one)) {
            bool there = false;
            for (size_t k = 0; k < count; k++) {
                there = there || slice_equal(found[k], one);
            }
            if (!there && count == KEY_PARTITIONS_MAX) {
                return false;
            }
            if (!there) {
                found[count++] = one;
            }
        }
    }
    *ret_partitions = found;
    *ret_count = all ? 0 : count;
    return found && !first && (r->count == 64 || bits >> r->count == 0);
}
