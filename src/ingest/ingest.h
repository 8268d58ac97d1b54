// SPDX-License-Identifier: AGPL-3.0-or-later
// The road of one file: receive (layers 1 to 5, verdict, durable row) and read (reader, elements, chunks, index).
// Functions block; any thread.
#ifndef LARDER_INGEST_INGEST_H
#define LARDER_INGEST_INGEST_H

#include "config/settings.h"
#include "store/store.h"
#include "wire/finding.h"

// Is speech heard by a service outside (speech.model is a URL)?
bool ingest_speech_is_url(const struct settings *s);

// Larder's own tries go here; they are not counted as uploads.
#define CANARY_PARTITION "larder-canary"
#define TRIAL_PREFIX "larder-verify-" // partitions of larder verify begin so

struct ingest;
struct ingest_options {
    struct store *store;
    const struct settings *settings;
    const char *reader_program; // absolute path
};
struct ingest *ingest_new(const struct ingest_options *o);
void ingest_free(struct ingest *g); // after ingest_stop
// Starts the worker threads that read what waits; ingest_stop ends them, giving back what is not done. ERR_TIMEOUT from
// ingest_stop: a worker hangs, so neither the store nor ingest may be freed.
int ingest_start(struct ingest *g, struct error *err);
int ingest_stop(struct ingest *g, struct error *err);
void ingest_wake(struct ingest *g); // there is a new job
const char *ingest_sandbox_level(
    struct ingest *g); // words of the last reader's HELLO, "" before the first

// Is a virus scanner set, and does it answer? Asked at most every few seconds, for a second at most; any thread.
struct scanner_state {
    bool configured, answers;
    char words[256]; // its version, or what is wrong
};
void ingest_scanner(struct ingest *g, struct scanner_state *ret);

// A part that may be there or not: does somebody want it, is it there, and a sentence.
struct part_state {
    bool wanted, available;
    char words[160];
};
void ingest_speech(struct ingest *g, struct part_state *ret);
void ingest_converter(const struct ingest *g, struct part_state *ret);

// Are older Office files converted and read? Fixed at the start.
bool ingest_can_convert(const struct ingest *g);

// The cap in bytes for an upload of this name and declared type; that of the largest type if it is not known.
int64_t ingest_cap(struct ingest *g, struct slice name, struct slice media_type);

struct receive_input {
    struct slice name; // as the client gave it
    struct slice media_type; // declared; may be empty
    struct slice partition; // empty: "default"
    struct slice mode; // empty: the type's default
    struct slice metadata; // JSON object or empty
    struct slice external_id; // may be empty
    const char *path; // the spooled file, on the data folder's file system
    int64_t size;
    bool over_limit; // the spool stopped at the cap
    uint8_t sha256[32];
};
struct receive_result {
    struct document document; // strings in the arena
    bool duplicate;
    bool refused; // then no row was made; verdict, reason and findings say why
    bool taken; // the file at path was moved away
};
// 0 also for a refusal; errors are for what is not the file's fault (ERR_INVALID for bad metadata, ERR_BUSY, ERR_IO …).
int ingest_receive(struct ingest *g, const struct receive_input *in, struct arena *a,
    struct receive_result *ret, struct error *err);

// The picture of a page as a PNG of about `width` pixels, made once and kept; the blob's hash.
// ERR_NOT_FOUND: no such document or page. ERR_UNSUPPORTED: a type without pages.
int ingest_page_image(struct ingest *g, struct slice document_id, int32_t page, int32_t width,
    char ret_hash[BLOB_HASH_SIZE], struct error *err);

bool partition_name_valid(struct slice name); // lower-case letters, digits, _ and -, 1 to 128 bytes

#endif
