// SPDX-License-Identifier: AGPL-3.0-or-later
// The life of ingest, what its parts share, and page images.
#include "base/log.h"
#include "ingest/count.h"
#include "ingest/internal.h"
#include "net/web.h"
#include "os/file.h"
#include "wire/frame.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORDING_TIMES =
        8, // longer than other documents may be read: an hour of speech takes a quarter of an hour
    MEDIA_JSON_MAX = 64 * 1024,
    RENDER_SECONDS = 10,
    STOP_FINISH_MS = 2000
};

struct ingest *ingest_new(const struct ingest_options *o)
{
    struct ingest *g = xalloc(sizeof(*g));

    g->store = o->store;
    g->settings = o->settings;
    g->reader_program = xstrdup(o->reader_program);
    pthread_mutex_init(&g->mutex, NULL);
    return g;
}

void ingest_free(struct ingest *g)
{
    if (g) {
        BUG_ON(g->jobs != NULL);
        meaning_free(g->meaning);
        pthread_mutex_destroy(&g->mutex);
        free(g->reader_program);
        free(g);
    }
}

// The model lies beside the programs.
static int start_meaning(struct ingest *g, struct error *err)
{
    const char *slash = strrchr(g->reader_program, '/');
    AUTO_FREE char *folder =
        slash ? xstrndup(g->reader_program, (size_t)(slash - g->reader_program)) : xstrdup(".");
    int rc = meaning_new(g->store, g->settings, folder, &g->meaning, err);

    return rc ? rc : meaning_start(g->meaning, err);
}

// What was tried too often is told by its type, which only the store knows by now.
static void on_buried(void *ctx, const struct job *job)
{
    struct ingest *g = ctx;
    struct document document;
    AUTO_ARENA arena;

    arena_init(&arena, 4 * 1024 * 1024);
    if (store_document_load(g->store, slice_of(job->document_id), &arena, &document, NULL) == 0) {
        ingest_count_processed(&document, PROCESS_DEAD);
    }
}

int ingest_start(struct ingest *g, struct error *err)
{
    const char *scanner = g->settings->clamd_address;

    if (scanner[0] && !clamd_address_valid(scanner)) {
        return error_set(err, ERR_INVALID,
            "The setting clamd.address is \"%.80s\"; it must be the path of a socket or "
            "HOST:PORT.",
            scanner);
    }
    if (ingest_speech_is_url(g->settings) && !web_url_valid(g->settings->speech_model)) {
        return error_set(err, ERR_INVALID,
            "The setting speech.model is no web address that can be used: it needs a host, and no "
            "name, password or #.");
    }
    int rc = ingest_converter_start(g, err);
    rc = rc < 0 ? rc : start_meaning(g, err);
    if (rc < 0) {
        return rc;
    }
    struct jobs_options o = { .store = g->store,
        .workers = (int)g->settings->jobs_workers,
        .run = ingest_run_read,
        .buried = on_buried,
        .ctx = g };
    return jobs_start(&o, &g->jobs, err);
}

int ingest_stop(struct ingest *g, struct error *err)
{
    int rc = g->jobs ? jobs_stop(g->jobs, STOP_FINISH_MS, err) : 0;

    g->jobs = NULL;
    if (g->meaning) {
        meaning_stop(g->meaning);
    }
    return rc;
}

void ingest_wake(struct ingest *g)
{
    if (g->jobs) {
        jobs_wake(g->jobs);
    }
}

const char *ingest_sandbox_level(struct ingest *g)
{
    static _Thread_local char copy[SANDBOX_WORDS_MAX];

    pthread_mutex_lock(&g->mutex);
    memcpy(copy, g->sandbox, sizeof(copy));
    pthread_mutex_unlock(&g->mutex);
    return copy;
}

void ingest_note_sandbox(struct ingest *g, const struct reader_result *r)
{
    AUTO_BUF words = BUF_INIT(SANDBOX_WORDS_MAX - 1);

    if (r->sandbox_level == 0) {
        return;
    }
    sandbox_level_words(&words, r->sandbox_level);
    pthread_mutex_lock(&g->mutex);
    snprintf(g->sandbox, sizeof(g->sandbox), "%s", words.data ? words.data : "");
    pthread_mutex_unlock(&g->mutex);
}

static bool is_recording(const char *type)
{
    const struct format_info *f = format_by_name(slice_of(type));
    return f && (strcmp(f->category, "audio") == 0 || strcmp(f->category, "video") == 0);
}

void ingest_speech(struct ingest *g, struct part_state *ret)
{
    const char *set = g->settings->speech_model;
    bool off = strcmp(set, "none") == 0, service = ingest_speech_is_url(g->settings);
    int fd = service || off ? -1 : ingest_open_model(g, "wav");

    *ret = (struct part_state){ .wanted = !off && (set[0] || fd >= 0),
        .available = service || fd >= 0 };
    snprintf(ret->words, sizeof(ret->words), "%s",
        off       ? "Speech is not read: speech.model is none."
        : service ? "A service hears speech."
        : fd >= 0 ? "A speech model is installed."
        : set[0]  ? "The file that speech.model names can't be opened."
                 : "No speech model is installed: recordings are kept, their words are not heard.");
    if (fd >= 0) {
        close(fd);
    }
}

// error: an errno, or 0 for a file that was opened. The model is asked for with each status and each recording.
static void note_model(struct ingest *g, int error)
{
    if (atomic_exchange(&g->model_error, error) == error) {
        return;
    }
    if (error) {
        log_warn("speech.model_missing", LS("error", strerror(error)));
    } else {
        log_info("speech.model_found");
    }
}

int ingest_open_model(struct ingest *g, const char *type)
{
    const char *set = g->settings->speech_model;

    if (!is_recording(type) || strcmp(set, "none") == 0 || ingest_speech_is_url(g->settings)) {
        return -1;
    }
    AUTO_FREE char *beside = path_beside(g->reader_program, "speech.model");
    int fd = open(set[0] ? set : beside, O_RDONLY | O_CLOEXEC);
    if (set[0]) {
        note_model(g, fd < 0 ? errno : 0);
    }
    return fd;
}

struct reader_request ingest_reader_request(
    const struct ingest *g, enum reader_mode mode, const char *format, int input_fd, int64_t wall_s)
{
    wall_s *= mode == READER_READ && is_recording(format) ? RECORDING_TIMES : 1;
    return (struct reader_request){ .program = g->reader_program,
        .mode = mode,
        .format = format,
        .input_fd = input_fd,
        .memory_bytes = g->settings->reader_memory,
        .cpu_s = wall_s,
        .wall_ms = wall_s * 1000,
        .sandbox_prefer = strcmp(g->settings->reader_sandbox, "prefer") == 0 };
}

bool ingest_end_finding(const struct reader_result *r, struct findings *f)
{
    const char *code = reader_end_finding(r->end);

    if (code) {
        findings_add(f, code, NULL, "%s", r->text);
    }
    return code != NULL;
}

void media_facts_init(struct media_facts *m)
{
    *m = (struct media_facts){ .json = { .max = MEDIA_JSON_MAX } };
    buf_add_char(&m->json, '{');
}

void media_facts_done(struct media_facts *m)
{
    buf_done(&m->json);
}

void media_facts_add(
    struct media_facts *m, struct slice key, const struct slice *text, double number)
{
    if (m->json.len > 1) {
        buf_add_char(&m->json, ',');
    }
    json_add_string(&m->json, key);
    buf_add_char(&m->json, ':');
    if (text) {
        json_add_string(&m->json, *text);
    } else {
        json_add_number(&m->json, number, 15);
    }
    if (!text && (slice_is(key, "pages") || slice_is(key, "slides"))) {
        m->pages = number;
    }
}

const char *media_facts_close(struct media_facts *m)
{
    buf_add_char(&m->json, '}');
    return buf_ok(&m->json) ? m->json.data : "{}";
}

// ---- page images

struct render {
    struct store *store;
    char hash[BLOB_HASH_SIZE];
    bool got;
    struct error *err;
};

static int on_page(void *ctx, struct slice name, struct slice media_type, struct slice bytes)
{
    struct render *r = ctx;

    (void)name;
    (void)media_type;
    r->got = true;
    return store_blob_put_bytes(r->store, bytes.data, bytes.len, r->hash, r->err);
}

static int render_page(struct ingest *g, const struct document *d, int32_t page, int32_t width,
    struct render *out, struct error *err)
{
    struct reader_result result = { 0 };
    int64_t size = 0;
    AUTO_FD int fd = store_blob_open(g->store, d->blob, &size, err);

    if (fd < 0) {
        return fd;
    }
    struct reader_request request =
        ingest_reader_request(g, READER_RENDER, d->type, fd, RENDER_SECONDS);
    request.page = page;
    request.width = width;
    struct reader_events events = { .image = on_page, .ctx = out };
    int rc = reader_run(&request, &events, NULL, &result, err);
    if (rc == 0 && !out->got) {
        rc = error_set(err, ERR_NOT_FOUND,
            "Page %d can't be shown: the document has no such page, or it is damaged.", page);
    }
    return rc;
}

int ingest_page_image(struct ingest *g, struct slice document_id, int32_t page, int32_t width,
    char ret_hash[BLOB_HASH_SIZE], struct error *err)
{
    struct render out = { .store = g->store, .err = err };
    struct document d;
    char name[64], media_type[64];
    AUTO_ARENA arena;

    arena_init(&arena, 4 * 1024 * 1024);
    int rc = store_document_load(g->store, document_id, &arena, &d, err);
    if (rc < 0) {
        return rc;
    }
    const struct format_info *format = format_by_name(slice_of(d.type));
    if (!format || !format->pages) {
        return error_set(err, ERR_UNSUPPORTED, "Documents of type %s have no page images.", d.type);
    }
    if (d.status == DOCUMENT_QUARANTINED) {
        return error_set(err, ERR_CONFLICT, "The document is in quarantine.");
    }
    if (d.page_count > 0 && page > d.page_count) {
        return error_set(err, ERR_NOT_FOUND, "The document has %d pages.", (int)d.page_count);
    }
    snprintf(name, sizeof(name), "page-%d-%d", page, width);
    rc = store_media_find(g->store, document_id, slice_of(name), ret_hash, media_type, err);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    rc = render_page(g, &d, page, width, &out, err);
    if (rc == 0) {
        rc = store_media_put(g->store, document_id, name, "image/png", out.hash, err);
        memcpy(ret_hash, out.hash, BLOB_HASH_SIZE);
    }
    return rc;
}
