// SPDX-License-Identifier: AGPL-3.0-or-later
// A read job: a sandboxed reader gives elements, they go to the store in batches together with the chunks made of them, and
// become visible all at once at the end. Memory stays flat however long the document is.
#include "base/clock.h"
#include "base/log.h"
#include "ingest/chunk.h"
#include "ingest/count.h"
#include "ingest/internal.h"
#include "wire/speech_words.h"
#include "wire/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BATCH_ELEMENTS = 256,
    BATCH_BYTES = 512 * 1024,
    BATCH_ARENA = 64 * 1024 * 1024,
    BATCH_CHUNKS = 128,
    READ_ATTEMPTS = 2, // a reader that crashes twice on the same bytes will crash again
    SPEECH_ATTEMPTS = 3, // of the job; then the document is ready without its speech
};

#define SOUND_OUTPUT_BYTES ((int64_t)4 << 30) // a day of sound is 2.7 GB

struct read_run {
    struct ingest *ingest;
    const struct job *job;
    struct job_control *control;
    const struct document *document;
    struct mode_plan plan;
    struct chunker *chunker;
    struct arena arena; // of the batch
    struct element elements[BATCH_ELEMENTS];
    size_t element_count;
    struct chunk chunks[BATCH_CHUNKS];
    size_t chunk_count;
    size_t bytes;
    int64_t total_elements;
    struct findings findings;
    struct media_facts media;
    bool speech_lost; // the service does not answer: no more windows go to it
    bool language_told;
    char speech_trouble[ERROR_TEXT_MAX]; // why this attempt ends
    struct transcript *transcript; // of a window; NULL until the first
    struct error *err;
    bool not_converted; // the converter found what refuses the document
    bool refused;
    int64_t reader_us; // without the two below
    int64_t chunk_us, index_us; // chunk_us: with the writing that a chunk may bring about
};

static void reset_batch(struct read_run *r)
{
    r->element_count = 0;
    r->chunk_count = 0;
    r->bytes = 0;
    arena_done(&r->arena);
    arena_init(&r->arena, BATCH_ARENA);
}

static int flush_batch(struct read_run *r)
{
    struct store *store = r->ingest->store;
    int64_t start_us = clock_mono_us();
    int rc = 0;

    if (r->element_count) {
        rc = store_job_elements(store, r->job, r->elements, r->element_count, r->err);
    }
    if (rc == 0 && r->chunk_count) {
        rc = store_job_chunks(store, r->job, r->document->name, r->chunks, r->chunk_count, r->err);
    }
    reset_batch(r);
    r->index_us += clock_mono_us() - start_us;
    return rc;
}

static int out_of_memory(struct read_run *r)
{
    return error_set(r->err, ERR_MEMORY, "A part of the document did not fit into memory.");
}

static bool copy_slice(struct arena *a, struct slice *s)
{
    if (s->len == 0) {
        *s = slice_make("", 0);
        return true;
    }
    *s = arena_slice(a, *s);
    return s->data != NULL;
}

static bool copy_place(struct arena *a, struct place *p)
{
    return copy_slice(a, &p->name) && copy_slice(a, &p->section);
}

static int on_chunk(void *ctx, const struct chunk *chunk, struct error *err)
{
    struct read_run *r = ctx;

    (void)err;
    if (r->chunk_count == BATCH_CHUNKS) {
        int rc = flush_batch(r);
        if (rc < 0) {
            return rc;
        }
    }
    struct chunk *c = &r->chunks[r->chunk_count];
    *c = *chunk;
    c->places = arena_strdup(&r->arena, chunk->places);
    c->starts = arena_strdup(&r->arena, chunk->starts);
    if (!c->places || !c->starts || !copy_slice(&r->arena, &c->heading) ||
        !copy_slice(&r->arena, &c->text) || !copy_place(&r->arena, &c->place)) {
        return out_of_memory(r);
    }
    r->chunk_count++;
    r->bytes += c->text.len;
    return 0;
}

static int on_element(void *ctx, const struct element *e)
{
    struct read_run *r = ctx;
    int rc = 0;

    if (r->element_count == BATCH_ELEMENTS || r->bytes > BATCH_BYTES) {
        rc = flush_batch(r);
    }
    if (rc == 0) {
        struct element *copy = &r->elements[r->element_count];
        *copy = *e;
        copy->index = r->total_elements;
        if (!copy_slice(&r->arena, &copy->text) || !copy_slice(&r->arena, &copy->markdown) ||
            !copy_slice(&r->arena, &copy->header) || !copy_slice(&r->arena, &copy->image) ||
            !copy_slice(&r->arena, &copy->times) || !copy_slice(&r->arena, &copy->rows) ||
            !copy_place(&r->arena, &copy->place)) {
            return out_of_memory(r);
        }
        r->element_count++;
        r->total_elements++;
        r->bytes += copy->text.len + copy->markdown.len;
        struct element numbered =
            *e; // not the copy: the chunker may flush the batch that owns it in the middle
        numbered.index = copy->index;
        int64_t start_us = clock_mono_us(), index_us = r->index_us;
        rc = chunker_add(r->chunker, &numbered, r->err);
        r->chunk_us += clock_mono_us() - start_us - (r->index_us - index_us);
    }
    return rc;
}

static int on_progress(void *ctx, int64_t done, int64_t total)
{
    struct read_run *r = ctx;
    const struct format_info *f = format_by_name(slice_of(r->document->type));

    job_control_progress(r->control, f ? f->unit : "part", done, total);
    return 0;
}

static int on_finding(void *ctx, const struct finding *f)
{
    struct read_run *r = ctx;

    findings_add(&r->findings, f->code->code, &f->place, "%s", f->message);
    return 0;
}

static int on_info(void *ctx, struct slice key, const struct slice *text, double number)
{
    struct read_run *r = ctx;

    media_facts_add(&r->media, key, text, number);
    return 0;
}

static int on_image(void *ctx, struct slice name, struct slice media_type, struct slice bytes)
{
    struct read_run *r = ctx;
    char hash[BLOB_HASH_SIZE];
    AUTO_FREE char *name_text = xstrndup(name.data, name.len);
    AUTO_FREE char *type_text = xstrndup(media_type.data, media_type.len);
    int rc = store_blob_put_bytes(r->ingest->store, bytes.data, bytes.len, hash, r->err);

    return rc < 0 ? rc
                  : store_job_media(r->ingest->store, r->job, name_text, type_text, hash, r->err);
}

// ---- speech that a service hears

static int add_speech(struct read_run *r, const struct transcript *t)
{
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < t->count;) {
        AUTO_BUF text = BUF_INIT(SPEECH_WORDS_MAX * SPEECH_WORD_BYTES);
        AUTO_BUF times = BUF_INIT(SPEECH_TIMES_MAX);
        struct element e;
        size_t n = speech_utterance(t->words + at, t->count - at);
        if (!speech_element(t->words + at, n, &text, &times, &e)) {
            return out_of_memory(r);
        }
        rc = on_element(r, &e);
        at += n;
    }
    if (rc == 0 && t->count && t->language[0] && !r->language_told) {
        struct slice language = slice_of(t->language);
        media_facts_add(&r->media, SLICE_LIT("language"), &language, 0);
        r->language_told = true;
    }
    return rc;
}

static int on_sound(void *ctx, double second, struct slice samples)
{
    struct read_run *r = ctx;
    struct speech_window w = { second, samples };
    struct error why = { 0 };

    if (r->speech_lost) {
        return 0;
    }
    if (!r->transcript) {
        r->transcript = xalloc(sizeof(*r->transcript));
    }
    int rc =
        ingest_hear(r->ingest->settings, &w, job_control_flag(r->control), r->transcript, &why);
    if (rc == 0) {
        return add_speech(r, r->transcript);
    }
    if (rc == ERR_CANCELLED) {
        return rc;
    }
    log_warn("speech.service", LS("document", r->job->document_id), LI("attempt", r->job->attempt),
        LS("error", why.text));
    if (rc == ERR_BUSY && r->job->attempt < SPEECH_ATTEMPTS) {
        snprintf(
            r->speech_trouble, sizeof(r->speech_trouble), "Speech was not read: %.400s", why.text);
        return rc; // the job fails and is tried again after a while
    }
    r->speech_lost = true;
    if (second > 0) {
        findings_add(&r->findings, "speech.unread", NULL,
            "Speech was not read from second %.0f on: %s", second, why.text);
    } else {
        findings_add(&r->findings, "speech.unread", NULL, "Speech was not read: %s", why.text);
    }
    return 0;
}

// The same member, or neither has it (json_equal says no to two that are not there).
static bool same_member(const json_t *a, const json_t *b, const char *key)
{
    const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

    return (!x && !y) || json_equal(x, y);
}

// Does only reading report it? What an earlier reading found is then not true of this one.
static bool is_of_reading(const json_t *finding)
{
    static const char *const groups[] = { "speech.", "mode.", "ocr." };
    const char *code = json_string_value(json_object_get(finding, "code"));

    for (size_t i = 0; code && i < ARRAY_LEN(groups); i++) {
        if (strncmp(code, groups[i], strlen(groups[i])) == 0) {
            return true;
        }
    }
    return false;
}

// The findings that the document has from its check, then those of this reading that are new.
static char *merge_findings(const char *before, const struct findings *f)
{
    AUTO_BUF mine = BUF_INIT(256 * 1024);
    findings_add_json(&mine, f);
    AUTO_JSON *list = json_loads(before && before[0] ? before : "[]", 0, NULL);
    AUTO_JSON *added = json_loads(mine.data ? mine.data : "[]", 0, NULL);
    json_t *one = NULL, *had = NULL;
    size_t i = 0, k = 0;

    for (i = json_array_size(list); i-- > 0;) {
        if (is_of_reading(json_array_get(list, i))) {
            json_array_remove(list, i);
        }
    }
    json_array_foreach(added, i, one)
    {
        bool known = false;
        json_array_foreach(list, k, had)
        {
            known = known || (same_member(one, had, "code") && same_member(one, had, "place"));
        }
        if (!known) {
            json_array_append(list, one);
        }
    }
    return list ? json_dumps(list, JSON_COMPACT) : NULL;
}

static int refuse(struct read_run *r)
{
    AUTO_FREE char *findings = merge_findings(r->document->findings, &r->findings);
    enum reason reason = findings_reason(&r->findings);
    const char *sentence = "The document could not be read; its findings say why.";

    r->refused = true;
    for (size_t i = 0; i < r->findings.count; i++) {
        if (r->findings.items[i].code->severity == SEVERITY_REJECT) {
            sentence = r->findings.items[i].message;
            break;
        }
    }
    return store_job_refuse(r->ingest->store, r->job, reason_word(reason),
        findings ? findings : "[]", sentence, r->err);
}

static int finish(struct read_run *r)
{
    int rc = chunker_finish(r->chunker, r->err);

    rc = rc < 0 ? rc : flush_batch(r);
    if (rc < 0) {
        return rc;
    }
    if (r->total_elements == 0 && !r->plan.nothing &&
        findings_verdict(&r->findings) != VERDICT_REJECTED) {
        findings_add(&r->findings, "structure.no_content", NULL,
            "Nothing to read was found in the document.");
    }
    if (findings_verdict(&r->findings) == VERDICT_REJECTED) {
        return refuse(r);
    }
    AUTO_FREE char *findings = merge_findings(r->document->findings, &r->findings);
    bool held = findings && strstr(findings, "\"severity\":\"quarantine\""); // and released
    bool warned = !held && findings && strstr(findings, "\"severity\":\"warning\"");
    bool was_warned =
        r->document->verdict &&
        strcmp(r->document->verdict, verdict_word(VERDICT_ACCEPTED_WITH_WARNINGS)) == 0;
    struct job_result result = { .media = media_facts_close(&r->media),
        .findings = findings,
        .verdict = warned       ? verdict_word(VERDICT_ACCEPTED_WITH_WARNINGS)
                   : was_warned ? verdict_word(VERDICT_ACCEPTED)
                                : NULL,
        .page_count = r->media.pages };
    return store_job_finish(r->ingest->store, r->job, &result, r->err);
}

static int conclude(struct read_run *r, const struct reader_result *result)
{
    switch (result->end) {
    case READER_DONE:
        return finish(r);
    case READER_CANCELLED:
        return error_set(r->err, ERR_CANCELLED, "Reading was stopped.");
    case READER_NO_SANDBOX:
    case READER_UNSUPPORTED:
        return error_set(r->err, ERR_UNSUPPORTED, "%s", result->text);
    default:
        break;
    }
    // A kill from outside says nothing about the document, so it is tried as often as any bad luck.
    bool killed = result->signal == SIGKILL && result->end == READER_CRASHED;
    if (killed || (reader_end_retry(result->end) && r->job->attempt < READ_ATTEMPTS)) {
        return error_set(r->err, ERR_INTERNAL, "%s", result->text);
    }
    ingest_end_finding(result, &r->findings);
    if (findings_verdict(&r->findings) != VERDICT_REJECTED) {
        findings_add(
            &r->findings, "structure.corrupt", NULL, "The document could not be read to its end.");
    }
    return refuse(r);
}

// What the document's mode asks for, and a finding for what it leaves out.
static void plan_run(struct read_run *r)
{
    const struct format_info *f = format_by_name(slice_of(r->document->type));

    if (f) {
        mode_plan(slice_of(r->document->mode), f, &r->plan);
    }
    if (r->plan.left_out) {
        findings_add(&r->findings, "mode.left_out", NULL, "%s", r->plan.left_out);
    }
}

static bool hears_elsewhere(const struct ingest *g, const struct document *d)
{
    return ingest_speech_is_url(g->settings) &&
           (strcmp(d->category, "audio") == 0 || strcmp(d->category, "video") == 0);
}

static void count_reading(const struct read_run *r, int rc)
{
    metric_observe(METRIC_STAGE_SECONDS, STAGE_READ, r->reader_us);
    metric_observe(METRIC_STAGE_SECONDS, STAGE_CHUNK, r->chunk_us);
    metric_observe(METRIC_STAGE_SECONDS, STAGE_INDEX, r->index_us);
    ingest_count_findings(&r->findings, false);
    if (rc == 0) {
        ingest_count_processed(r->document, r->refused ? PROCESS_REFUSED : PROCESS_READY);
    } else if (rc == ERR_CANCELLED || rc == ERR_CONFLICT) {
        ingest_count_processed(r->document, PROCESS_CANCELLED);
    }
}

// Converts the document first, if its type asks for that. A negative ERR_*: no reader came to an end.
static int run_reader(struct read_run *r, int fd, struct reader_result *ret)
{
    struct ingest *g = r->ingest;
    const struct document *d = r->document;
    const atomic_bool *cancel = job_control_flag(r->control);
    const struct format_info *format = format_by_name(slice_of(d->type));
    struct reader_request request =
        ingest_reader_request(g, READER_READ, d->type, fd, g->settings->reader_read_s);
    AUTO_FD int model = ingest_open_model(g, d->type);
    AUTO_FD int converted = -1;

    request.model_fd = model > 0 ? model : 0;
    request.hi_res = r->plan.hi_res;
    request.no_sound = r->plan.no_sound;
    request.no_pictures = r->plan.no_pictures;
    request.sound_out = hears_elsewhere(g, d) && !r->plan.no_sound;
    request.output_bytes = request.sound_out ? SOUND_OUTPUT_BYTES : 0;
    struct reader_events events = { .finding = on_finding,
        .element = on_element,
        .progress = on_progress,
        .info = on_info,
        .image = on_image,
        .sound = request.sound_out ? on_sound : NULL,
        .ctx = r };
    if (format && format->converted_to) {
        converted = ingest_convert(g, d, fd, cancel, &r->findings, r->err);
        if (converted < 0) {
            r->not_converted = converted == ERR_REFUSED;
            return converted;
        }
        request.format = format->converted_to;
        request.input_fd = converted;
    }
    int64_t start = clock_mono_us();
    int rc = reader_run(&request, &events, cancel, ret, r->err);
    r->reader_us = clock_mono_us() - start - r->chunk_us - r->index_us;
    return rc;
}

int ingest_run_read(
    void *ctx, const struct job *job, struct job_control *control, struct error *err)
{
    struct ingest *g = ctx;
    struct document document;
    struct reader_result result = { .end = READER_DONE };
    AUTO_ARENA arena;
    int64_t size = 0, start = clock_mono_ms();

    arena_init(&arena, 4 * 1024 * 1024);
    int rc = store_document_load(g->store, slice_of(job->document_id), &arena, &document, err);
    if (rc < 0) {
        return rc;
    }
    AUTO_FD int fd = store_blob_open(g->store, document.blob, &size, err);
    if (fd < 0) {
        return fd;
    }
    struct read_run *r = xalloc(sizeof(*r));
    *r = (struct read_run){
        .ingest = g, .job = job, .control = control, .document = &document, .err = err
    };
    r->chunker = chunker_new(on_chunk, r);
    arena_init(&r->arena, BATCH_ARENA);
    findings_init(&r->findings);
    media_facts_init(&r->media);

    plan_run(r);
    rc = r->plan.nothing ? 0 : run_reader(r, fd, &result);
    if (rc < 0 && r->speech_trouble[0]) {
        error_set(err, rc, "%s", r->speech_trouble);
    }
    if (rc == 0) {
        ingest_note_sandbox(g, &result);
        rc = conclude(r, &result);
        if (rc == 0) {
            meaning_wake(g->meaning);
        }
    } else if (r->not_converted) {
        rc = refuse(r);
    }
    count_reading(r, rc);
    log_info("read.end", LS("document", job->document_id), LS("type", document.type),
        LS("ending", rc < 0 ? error_kind(rc)->word : reader_end_word(result.end)),
        LI("elements", r->total_elements), LI("chunks", chunker_count(r->chunker)),
        LI("ms", clock_mono_ms() - start), LI("peak_kib", result.peak_rss_bytes / 1024));

    chunker_free(r->chunker);
    arena_done(&r->arena);
    findings_done(&r->findings);
    media_facts_done(&r->media);
    free(r->transcript);
    free(r);
    return rc;
}
