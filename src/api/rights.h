// SPDX-License-Identifier: AGPL-3.0-or-later
// What a caller may do, as words. Every route names the one right that it needs (http_route.right); roles are sets of rights.
#ifndef LARDER_API_RIGHTS_H
#define LARDER_API_RIGHTS_H

#include "base/slice.h"

enum right {
    RIGHT_UNDECLARED, // of a route that names none: only for RIGHT_ADMIN
    RIGHT_ANY, // any known caller
    RIGHT_READ, // documents, their contents, pictures, events
    RIGHT_SEARCH,
    RIGHT_ASK, // the assistant, its conversations and runs
    RIGHT_WRITE, // upload, read again, cancel, change metadata
    RIGHT_MANAGE, // delete, release from quarantine
    RIGHT_MONITOR, // health, status, metrics, alerts
    RIGHT_KEYS, // make, list, rotate and revoke keys
    RIGHT_AUDIT, // read the audit log
    RIGHT_ADMIN, // everything else
    RIGHTS
};
enum role { ROLE_VIEWER, ROLE_CONTRIBUTOR, ROLE_MANAGER, ROLE_ADMIN, ROLES };

// The next of words with spaces between; an empty text has none.
static inline bool words_next(struct slice *rest, struct slice *ret_word)
{
    while (slice_cut(rest, ' ', ret_word)) {
        if (ret_word->len) {
            return true;
        }
    }
    return false;
}

const char *right_word(enum right r); // "read"; "admin" for RIGHT_UNDECLARED
int right_from_word(struct slice word); // -1 if none; RIGHT_ANY has no word
const char *role_word(enum role r);
int role_from_word(struct slice word); // -1 if none
unsigned role_rights(enum role r); // bit 1 << right, RIGHT_ANY included

#endif
