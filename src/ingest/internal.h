// SPDX-License-Identifier: AGPL-3.0-or-later
// What the files of ingest/ share.
#ifndef LARDER_INGEST_INTERNAL_H
#define LARDER_INGEST_INTERNAL_H

#include "check/clamd.h"
#include "ingest/ingest.h"
#include "ingest/meaning.h"
#include "ingest/mode.h"
#include "ingest/transcript.h"
#include "jobs/converter.h"
#include "jobs/reader_client.h"
#include "jobs/worker.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SANDBOX_WORDS_MAX = 128 };

struct ingest {
    struct store *store;
    const struct settings *settings;
    char *reader_program;
    struct jobs *jobs;
    struct meaning *meaning; // from ingest_start on
    pthread_mutex_t mutex; // guards sandbox and scanner
    char sandbox[SANDBOX_WORDS_MAX];
    struct scanner_state scanner; // as of scanner_asked_ms
    int64_t scanner_asked_ms; // monotonic; 0: never
    atomic_int
        model_error; // errno of the last opening of the speech model that is set; 0: it was there
    bool converts; // LibreOffice was found at the start
    char office[PATH_MAX]; // its program
};

// A request with the settings' limits filled in.
struct reader_request ingest_reader_request(const struct ingest *g, enum reader_mode mode,
    const char *format, int input_fd, int64_t wall_s);
// The speech model's file, opened to be read, if the type has sound; -1: none is wanted or there. The caller closes it.
// Logs when a model that is set went missing, and when it is there again.
int ingest_open_model(struct ingest *g, const char *type);
void ingest_note_sandbox(struct ingest *g, const struct reader_result *r);

// scan.c: layer 5 by the virus scanner, if one is set. Adds malware.signature or malware.not_scanned.
void ingest_scan(struct ingest *g, int fd, int64_t size, struct findings *findings);

// speech_service.c: speech.model is a URL.
struct speech_window {
    double second; // of the recording, at which it begins
    struct slice samples; // 16 bits each, 16 kHz, one channel
};
// The words of a window, heard by the service, with some tries. ERR_BUSY: later may help; ERR_REFUSED: it will not;
// ERR_CANCELLED. err's sentence goes after "Speech was not read: ".
int ingest_hear(const struct settings *s, const struct speech_window *w, const atomic_bool *cancel,
    struct transcript *ret, struct error *err);

// convert.c: finds LibreOffice, and empties the folder for converting of what a killed server left.
int ingest_converter_start(struct ingest *g, struct error *err);
// Adds type.no_converter if the type is converted and nothing is there to do it.
void ingest_check_converter(
    const struct ingest *g, const struct format_info *format, struct findings *findings);
// A descriptor of the converted document, to be closed by the caller; fd is lent. ERR_REFUSED: findings say why;
// ERR_CANCELLED; ERR_UNSUPPORTED: no LibreOffice, or no jail for it; others are not the document's fault.
int ingest_convert(struct ingest *g, const struct document *d, int fd, const atomic_bool *cancel,
    struct findings *findings, struct error *err);

// Facts about a document that a reader reports (pages, title, …), kept as a JSON object.
struct media_facts {
    struct buf json; // "{" and members so far
    double pages;
};
void media_facts_init(struct media_facts *m);
void media_facts_done(struct media_facts *m);
void media_facts_add(struct media_facts *m, struct slice key, const struct slice *text,
    double number); // text NULL: number
const char *media_facts_close(struct media_facts *m); // the whole object; no adding afterwards

// Adds the finding that a reader's end means for the document, if it means one.
bool ingest_end_finding(const struct reader_result *r, struct findings *f);

int ingest_run_read(
    void *ctx, const struct job *job, struct job_control *control, struct error *err); // read.c

#endif
