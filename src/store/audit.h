// SPDX-License-Identifier: AGPL-3.0-or-later
// The audit log: rows that are only ever added, each holding the hash of the one before. Part of the store's door (store.h).
//
// An act's row belongs into the act's own transaction. So the caller that is about to act attaches what is to be written to
// its thread; the next write that this thread makes and that succeeds carries the row along (or neither is kept). What was
// not carried (a refusal, an act without a write) is added by store_audit_add.
#ifndef LARDER_STORE_AUDIT_H
#define LARDER_STORE_AUDIT_H

#include "store/store.h"

enum { AUDIT_TEXT_MAX = 400, AUDIT_LIST_MAX = 1000, AUDIT_HASH_SIZE = 65 };

struct audit_row {
    int64_t seq, time_ms; // given by the store
    const char *who; // "key:0123456789ab", "admin", "nobody"
    const char *act; // "createDocument"
    const char *subject; // id or address of what was acted on
    const char *outcome; // done, refused, failed
    int64_t status; // of HTTP; 0: the row came with the act's own transaction
    const char *address, *request_id, *detail; // NULL: ""; longer texts are cut to AUDIT_TEXT_MAX
    char hash[AUDIT_HASH_SIZE], before[AUDIT_HASH_SIZE]; // hexadecimal; read only
};

struct audit_attachment {
    struct audit_row row; // a subject that the write itself knows goes before this one's
    int64_t
        quota_bytes; // over 0: a document of so many bytes counts for row.who in the same transaction
    bool written;
};
void store_audit_attach(struct audit_attachment *a); // to this thread; NULL takes it off

int store_audit_add(struct store *s, const struct audit_row *row, struct error *err);

struct audit_filter {
    struct slice who, act, outcome; // empty: any
    int64_t since; // rows above it, oldest first; negative: newest first
    int64_t before; // newest first: only rows below it; 0: from the end
};
// Strings live in the arena.
int store_audit_list(struct store *s, const struct audit_filter *f, int limit, struct arena *a,
    struct audit_row **ret, size_t *ret_count, struct error *err);

struct audit_verdict {
    int64_t rows; // read before the end or the first bad one
    int64_t bad_seq; // 0: the chain holds
    char why[200]; // what is wrong with that row
    int64_t head; // number of the last row
    char head_hash[AUDIT_HASH_SIZE];
};
// The same a piece at a time, for a background look: begin zeroed (with an anchor, if there is one), go on until `ended`.
struct audit_walk {
    struct audit_verdict verdict;
    uint8_t before[32]; // hash of the last row that was good
    int64_t anchor;
    char anchor_hash[AUDIT_HASH_SIZE]; // "": not compared
    bool ended;
};
// Looks at the next rows, at most so many; after the end, at what was added since.
int store_audit_walk(struct store *s, struct audit_walk *w, int rows, struct error *err);
// Walks the whole chain. anchor (0: none) must be there with that hash: it was written down elsewhere.
int store_audit_verify(struct store *s, int64_t anchor, const char *anchor_hash,
    struct audit_verdict *ret, struct error *err);
int store_audit_head(
    struct store *s, int64_t *ret_seq, char ret_hash[AUDIT_HASH_SIZE], struct error *err);

#endif
