// SPDX-License-Identifier: AGPL-3.0-or-later
// A store in a fresh folder with a clock that tests move, and the few steps that most tests need.
#ifndef LARDER_TESTS_STORE_FIXTURE_H
#define LARDER_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "store/store.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    char dir[64];
    struct store *store;
    struct arena arena;
    atomic_llong mono_ms; // the clock of leases
    const char *boot_id;
    struct error err;
};

static inline int64_t fixture_mono_ms(void *ctx)
{
    return atomic_load(&((struct fixture *)ctx)->mono_ms);
}

// What failed, in words.
#define OK(call)                                                                                   \
    do {                                                                                           \
        int ok_rc_ = (call);                                                                       \
        if (ok_rc_ != 0) {                                                                         \
            fail_msg("%s gave %d: %s", #call, ok_rc_, f->err.text);                                \
        }                                                                                          \
    } while (0)

static inline void fixture_open(struct fixture *f)
{
    struct store_options o = { .data_dir = f->dir,
        .readers = 2,
        .ctx = f,
        .mono_ms = fixture_mono_ms,
        .boot_id = f->boot_id,
        .no_sweeper = true };
    OK(store_open(&o, &f->store, &f->err));
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    log_set_level(LOG_LEVEL_ERROR + 1); // what is provoked here need not be printed
    snprintf(f->dir, sizeof(f->dir), "/tmp/larder-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    arena_init(&f->arena, 256 << 20);
    atomic_store(&f->mono_ms, 1000000);
    f->boot_id = "00000000-0000-0000-0000-000000000001";
    fixture_open(f);
    *state = f;
    return 0;
}

static inline int fixture_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    arena_done(&f->arena);
    nftw(f->dir, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

static inline void fixture_reopen(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    fixture_open(f);
}

// A hash that stands for content number n; no such blob need be there.
static inline void make_hash(int n, char ret_hash[BLOB_HASH_SIZE])
{
    snprintf(ret_hash, BLOB_HASH_SIZE, "%064x", (unsigned)n);
}

static inline struct document make_document(int n)
{
    static _Thread_local char name[64];
    struct document d = { .type = "txt",
        .category = "text",
        .media_type = "text/plain",
        .mode = "fast",
        .status = DOCUMENT_PENDING,
        .verdict = "accepted",
        .size = 10,
        .partition = "default" };

    snprintf(name, sizeof(name), "Document %04d", n);
    d.name = name;
    make_hash(n, d.blob);
    return d;
}

static inline void create(struct fixture *f, int n, char ret_id[ID_SIZE])
{
    struct document d = make_document(n);
    bool duplicate = true;

    OK(store_document_create(f->store, &d, &duplicate, &f->err));
    assert_false(duplicate);
    memcpy(ret_id, d.id, ID_SIZE);
}

static inline struct document load(struct fixture *f, const char *id)
{
    struct document d = { 0 };
    OK(store_document_load(f->store, slice_of(id), &f->arena, &d, &f->err));
    return d;
}

static inline struct job lease(struct fixture *f, int64_t lease_ms)
{
    struct job j = { 0 };
    OK(store_job_lease(f->store, "test", lease_ms, &f->arena, &j, &f->err));
    return j;
}

static inline int64_t count_term(struct fixture *f, const char *term)
{
    struct slice t = slice_of(term);
    int64_t n = -1, chunks = 0;
    OK(store_term_counts(f->store, &t, 1, &n, &chunks, &f->err));
    return n;
}

static inline size_t search_count(struct fixture *f, const char *match)
{
    struct chunk_hit *hits;
    size_t n = 0;
    struct field_weights w = { 4, 2, 1 };
    OK(store_search_words(f->store, slice_of(match), NULL, w, 50, &f->arena, &hits, &n, &f->err));
    return n;
}

// Writes one element and one chunk of this text, and ends the job well.
static inline void write_text(
    struct fixture *f, const struct job *j, int64_t index, const char *text)
{
    struct place place = { .kind = PLACE_LINES, .rows = { 1, 2 } };
    struct element e = {
        .index = index, .kind = ELEMENT_PARAGRAPH, .place = place, .text = slice_of(text)
    };
    struct chunk c = { .index = index,
        .first_element = index,
        .last_element = index,
        .text = slice_of(text),
        .place = place,
        .places = "[{\"lines\":[1,2]}]" };

    OK(store_job_elements(f->store, j, &e, 1, &f->err));
    OK(store_job_chunks(f->store, j, "Title of it", &c, 1, &f->err));
}

static inline void make_ready(struct fixture *f, const char *text)
{
    struct job j = lease(f, 60000);
    struct job_result r = { .page_count = 1 };

    write_text(f, &j, 0, text);
    OK(store_job_finish(f->store, &j, &r, &f->err));
}

#endif
