// SPDX-License-Identifier: AGPL-3.0-or-later
// A finding: what a check found, with a stable code. The table in finding.c is the only list of codes; severity, layer,
// reason and advice of a code stand there, so that two places can't tell them differently.
#ifndef LARDER_WIRE_FINDING_H
#define LARDER_WIRE_FINDING_H

#include "wire/place.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_QUARANTINE, SEVERITY_REJECT };
enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_ACCEPTED_WITH_WARNINGS,
    VERDICT_QUARANTINED,
    VERDICT_REJECTED
};
enum reason { // why a document was refused; words as in the API contract
    REASON_NONE,
    REASON_EMPTY_FILE,
    REASON_TOO_LARGE,
    REASON_UNKNOWN_TYPE,
    REASON_TYPE_MISMATCH,
    REASON_CORRUPT,
    REASON_ENCRYPTED,
    REASON_RESOURCE_LIMIT,
    REASON_XML_ENTITIES,
    REASON_MEDIA_UNDECODABLE,
    REASON_NO_CONTENT,
    REASON_MALWARE_SIGNATURE,
    REASON_PATH_TRAVERSAL,
    REASON_POLYGLOT,
    REASONS
};

struct finding_code {
    const char *code; // "bomb.ratio"
    int layer; // 1 name, 2 size, 3 type, 4 structure, 5 security
    enum severity severity;
    enum reason reason; // for each SEVERITY_REJECT
    const char *advice; // what the person who uploaded can do next
};
const struct finding_code *finding_code_find(struct slice code); // NULL if there is none
const struct finding_code *finding_code_at(size_t i); // for listing; NULL past the end

struct finding {
    const struct finding_code *code;
    struct place place; // PLACE_NONE: the whole file
    char message[400]; // one plain sentence
};

enum {
    FINDINGS_MAX = 64
}; // more of the same say nothing new; the last one then tells how many were left out

// A growing list with that limit. One thread.
struct findings {
    struct finding *items;
    size_t count;
    size_t dropped;
    struct arena arena; // holds names of places
};
void findings_init(struct findings *f);
void findings_done(struct findings *f);
// code must be in the table (BUG if not); the same code at the same place is kept once. place may be NULL.
void findings_add(struct findings *f, const char *code, const struct place *place, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
// A copy of one that came from elsewhere (a frame), under the same rules.
void findings_put(struct findings *f, const struct finding *one);
void finding_set_message(
    struct finding *f, struct slice text); // cleaned to one line of UTF-8, cut to fit
enum verdict findings_verdict(const struct findings *f);
// Of the worst finding that has one, the lowest layer first; REASON_NONE when nothing is refused or held.
enum reason findings_reason(const struct findings *f);
bool findings_has(const struct findings *f, const char *code);
void findings_add_json(
    struct buf *b, const struct findings *f); // [{code, layer, severity, message, place?, advice}]
void findings_put_json(
    struct json_out *j, const struct findings *f); // the same inside a larger value
void finding_put_json(struct json_out *j, const struct finding *f); // one of them

const char *severity_word(enum severity s);
const char *verdict_word(enum verdict v);
int verdict_from_word(struct slice word);
const char *reason_word(enum reason r); // NULL for REASON_NONE

#endif
