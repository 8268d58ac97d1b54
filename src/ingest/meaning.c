// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements meaning.h. One thread takes batches from the store and writes the vectors; the others share a batch's passages
// with it. Which passages are left is kept in the store, so that stopping at any moment loses a batch at most.
#include "ingest/meaning.h"
#include "base/clock.h"
#include "base/log.h"
#include "models/embedder.h"
#include "models/reranker.h"
#include "os/file.h"
#include "os/thread.h"
#include "search/search.h"
#include "watch/metric.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BATCH = 32, // passages of one commit
    BATCH_ARENA = 8 << 20,
    THREADS_MAX = 64,
    IDLE_MS = 5000, // an idle one looks this often even if nobody wakes it
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = 60000,
    PASSAGE_MAX = 16 << 10,
};

struct meaning {
    struct store *store;
    struct embedder *embedder;
    struct reranker *reranker;
    struct synonyms *synonyms;
    int thread_count;
    pthread_t threads[THREADS_MAX];
    int started;
    pthread_mutex_t mutex; // guards all below
    pthread_cond_t changed;
    bool stop, woken;
    // The batch at hand: passages 0 to count - 1, of which `taken` were begun and `done` ended.
    const struct unembedded *items;
    float *vectors;
    size_t count, taken, done, dimension;
    int rc; // the first failure of the batch
    struct error err;
};

static int open_synonyms(struct meaning *m, const char *set, struct error *err)
{
    AUTO_BUF text = BUF_INIT(SYNONYM_BYTES_MAX);

    if (strcmp(set, "none") == 0) {
        return 0;
    }
    if (set[0] == '\0') {
        return synonyms_open(slice_of(synonyms_default), &m->synonyms, err);
    }
    int rc = read_all(set, &text, err);
    return rc ? error_prefix(err, rc, "search.synonyms")
              : synonyms_open(buf_slice(&text), &m->synonyms, err);
}

int meaning_new(struct store *store, const struct settings *settings, const char *folder,
    struct meaning **ret, struct error *err)
{
    struct meaning *m = xalloc(sizeof(*m));

    m->store = store;
    m->thread_count = settings->embeddings_threads > THREADS_MAX
                          ? THREADS_MAX
                          : (int)settings->embeddings_threads;
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->changed, NULL);
    m->embedder = embedder_new(&(struct embedder_options){ .model = settings->embeddings_model,
        .name = settings->embeddings_name,
        .key_file = settings->embeddings_key_file,
        .library = settings->embeddings_library,
        .folder = folder });
    int rc = open_synonyms(m, settings->search_synonyms, err);
    if (rc < 0) {
        meaning_free(m);
        return rc;
    }
    m->reranker = reranker_new(&(struct reranker_options){ .model = settings->rerank_model,
        .name = settings->rerank_name,
        .key_file = settings->rerank_key_file,
        .library = settings->embeddings_library,
        .folder = folder });
    search_use(&(struct search_tools){ .embedder = m->embedder,
        .reranker = m->reranker,
        .rerank_count = settings->rerank_count < 1 ? 1
                        : settings->rerank_count > RERANK_PASSAGES_MAX
                            ? RERANK_PASSAGES_MAX
                            : (size_t)settings->rerank_count,
        .rerank_ms = settings->rerank_ms < 1 ? 1 : settings->rerank_ms,
        .synonyms = m->synonyms });
    *ret = m;
    return 0;
}

void meaning_free(struct meaning *m)
{
    if (m) {
        search_use(&(struct search_tools){ 0 });
        embedder_free(m->embedder);
        reranker_free(m->reranker);
        synonyms_free(m->synonyms);
        pthread_mutex_destroy(&m->mutex);
        pthread_cond_destroy(&m->changed);
        free(m);
    }
}

void meaning_text(struct buf *b, struct slice heading, struct slice text)
{
    struct slice above = heading;
    size_t last = 0;

    for (size_t i = 0; i + 3 <= heading.len; i++) {
        if (memcmp(heading.data + i, " > ", 3) == 0) {
            last = i + 3;
        }
    }
    struct slice nearest = slice_from(heading, last);
    if (nearest.len && text.len >= nearest.len &&
        memcmp(text.data, nearest.data, nearest.len) == 0) {
        above.len = last ? last - 3 : 0;
    }
    if (above.len) {
        buf_add_slice(b, above);
        buf_add_char(b, '\n');
    }
    buf_add_slice(b, text);
}

// ---- sharing a batch

// Embeds passages of the batch until none is left to begin. Called and returns with the mutex held.
static void work(struct meaning *m)
{
    while (m->taken < m->count) {
        size_t i = m->taken++;
        const struct unembedded *u = &m->items[i];
        float *vector = m->vectors + i * m->dimension;
        struct error err = { 0 };
        int rc = m->rc || m->stop ? ERR_CANCELLED : 0;

        pthread_mutex_unlock(&m->mutex);
        if (rc == 0) {
            AUTO_BUF text = BUF_INIT(PASSAGE_MAX);
            meaning_text(&text, u->heading, u->text);
            struct slice s = buf_ok(&text) ? buf_slice(&text) : u->text;
            rc = embedder_embed(m->embedder, EMBED_PASSAGE, &s, 1, vector, &err);
        }
        pthread_mutex_lock(&m->mutex);
        if (rc != 0 && m->rc == 0) {
            m->rc = rc;
            m->err = err;
        }
        if (++m->done == m->count) {
            pthread_cond_broadcast(&m->changed);
        }
    }
}

static void *helper_main(void *arg)
{
    struct meaning *m = arg;

    thread_low_priority();
    pthread_mutex_lock(&m->mutex);
    while (!m->stop) {
        work(m);
        if (!m->stop) {
            pthread_cond_wait(&m->changed, &m->mutex);
        }
    }
    pthread_mutex_unlock(&m->mutex);
    return NULL;
}

static int embed_batch(struct meaning *m, const struct unembedded *items, size_t count,
    float *vectors, struct error *err)
{
    pthread_mutex_lock(&m->mutex);
    m->items = items;
    m->vectors = vectors;
    m->rc = 0;
    m->done = m->taken = 0;
    m->count = count;
    pthread_cond_broadcast(&m->changed);
    work(m);
    while (m->done < m->count) {
        pthread_cond_wait(&m->changed, &m->mutex);
    }
    m->count = m->taken = 0;
    int rc = m->rc;
    *err = m->err;
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

// ---- the first thread

static bool stopping(struct meaning *m)
{
    pthread_mutex_lock(&m->mutex);
    bool stop = m->stop;
    pthread_mutex_unlock(&m->mutex);
    return stop;
}

// Until somebody wakes it or the time is up.
static void rest(struct meaning *m, int64_t ms)
{
    struct timespec until = thread_moment(ms);

    pthread_mutex_lock(&m->mutex);
    while (!m->stop && !m->woken && thread_wait(&m->changed, &m->mutex, &until)) {
        // woken for somebody else
    }
    m->woken = false;
    pthread_mutex_unlock(&m->mutex);
}

static int use_space(struct meaning *m, struct error *err)
{
    struct embedder_identity id;
    int rc = embedder_identify(m->embedder, &id, err);

    if (rc == 0) {
        m->dimension = (size_t)id.dimension;
        rc = store_space_use(m->store,
            &(struct vector_space){ .model = id.model,
                .hash = id.hash,
                .pooling = id.pooling,
                .query_prefix = id.query_prefix,
                .passage_prefix = id.passage_prefix,
                .dimension = id.dimension },
            err);
    }
    return rc;
}

// One batch; *ret_count is 0 when there was nothing to do.
static int step(struct meaning *m, size_t *ret_count, struct error *err)
{
    AUTO_ARENA arena = { 0 };
    struct unembedded *items = NULL;

    *ret_count = 0;
    arena_init(&arena, BATCH_ARENA);
    int rc = store_unembedded_next(m->store, BATCH, &arena, &items, ret_count, err);
    if (rc == 0 && *ret_count) {
        AUTO_FREE float *vectors = xalloc(*ret_count * m->dimension * sizeof(float));
        int64_t start = clock_mono_us();
        rc = embed_batch(m, items, *ret_count, vectors, err);
        if (rc == 0) {
            metric_observe(METRIC_STAGE_SECONDS, STAGE_EMBED, clock_mono_us() - start);
        }
        rc = rc ? rc : store_vectors_put(m->store, items, vectors, *ret_count, err);
    }
    return rc;
}

static void *first_main(void *arg)
{
    struct meaning *m = arg;
    int64_t retry = RETRY_FIRST_MS;
    bool space = false, waiting = true;

    thread_low_priority();
    while (!stopping(m)) {
        struct error err = { 0 };
        size_t count = 0;
        int rc = space ? 0 : use_space(m, &err);
        space = space || rc == 0;
        rc = rc ? rc : step(m, &count, &err);
        if (rc == 0) {
            if (!waiting) {
                store_space_wait(m->store, true, NULL);
                waiting = true;
                log_info("meaning.again");
            }
            retry = RETRY_FIRST_MS;
            if (count == 0) {
                rest(m, IDLE_MS);
            }
        } else if (!stopping(m)) {
            log_warn("meaning.failed", LS("error", err.text));
            if (waiting) { // nobody waits for what may never come
                store_space_wait(m->store, false, NULL);
                waiting = false;
            }
            rest(m, retry);
            retry = retry * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : retry * 2;
        }
    }
    return NULL;
}

int meaning_start(struct meaning *m, struct error *err)
{
    bool wanted = embedder_wanted(m->embedder);
    int rc = store_space_wait(m->store, wanted, err);

    for (int i = 0; rc == 0 && wanted && i < m->thread_count; i++) {
        if (!thread_start(&m->threads[i], "embed", i ? helper_main : first_main, m)) {
            if (i == 0) {
                rc = error_set(err, ERR_MEMORY, "No thread could be started for embedding.");
            }
            break;
        }
        m->started++;
    }
    return rc;
}

void meaning_stop(struct meaning *m)
{
    embedder_cancel(m->embedder);
    reranker_cancel(m->reranker);
    pthread_mutex_lock(&m->mutex);
    m->stop = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
    for (int i = 0; i < m->started; i++) {
        pthread_join(m->threads[i], NULL);
    }
    m->started = 0;
}

void meaning_wake(struct meaning *m)
{
    pthread_mutex_lock(&m->mutex);
    m->woken = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
}
