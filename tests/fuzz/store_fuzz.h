// SPDX-License-Identifier: AGPL-3.0-or-later
// What the fuzz targets that need a store share: one in a folder of its own, made once a process, with three short documents
// that are ready. The folder lies in memory where the machine has such a place, and is removed when the process ends.
#ifndef LARDER_FUZZ_STORE_FUZZ_H
#define LARDER_FUZZ_STORE_FUZZ_H

#include "base/log.h"
#include "store/store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char fuzz_folder[64];

static inline int fuzz_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline void fuzz_remove(void)
{
    nftw(fuzz_folder, fuzz_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fuzz_add_document(struct store *s, int n, const char *text)
{
    struct place place = { .kind = PLACE_LINES, .rows = { 1, 2 } };
    struct document d = { .name = "Fryer manual.txt",
        .type = "txt",
        .category = "text",
        .media_type = "text/plain",
        .mode = "fast",
        .status = DOCUMENT_PENDING,
        .verdict = "accepted",
        .size = 10,
        .partition = "default",
        .metadata = "{\"model\":\"FX-200\",\"year\":2019,\"tags\":[\"oil\",\"fryer\"],\"in\":{"
                    "\"use\":true}}" };
    struct element e = { .kind = ELEMENT_PARAGRAPH, .place = place, .text = slice_of(text) };
    struct chunk c = { .text = slice_of(text),
        .heading = SLICE_LIT("Cleaning > Weekly"),
        .place = place,
        .places = "[{\"lines\":[1,2]}]" };
    struct job_result r = { .page_count = 1 };
    struct error err = { 0 };
    struct job j = { 0 };
    bool duplicate = false;
    AUTO_ARENA a;

    arena_init(&a, 1 << 20);
    snprintf(d.blob, sizeof(d.blob), "%064x", (unsigned)n);
    int rc = store_document_create(s, &d, &duplicate, &err);
    rc = rc ? rc : store_job_lease(s, "fuzz", 60000, &a, &j, &err);
    rc = rc ? rc : store_job_elements(s, &j, &e, 1, &err);
    rc = rc ? rc : store_job_chunks(s, &j, "Fryer manual", &c, 1, &err);
    rc = rc ? rc : store_job_finish(s, &j, &r, &err);
    if (rc != 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

static inline struct store *fuzz_store(void)
{
    static struct store *store;
    struct error err = { 0 };

    if (store) {
        return store;
    }
    log_set_level(LOG_LEVEL_ERROR + 1);
    snprintf(fuzz_folder, sizeof(fuzz_folder), "%s/larder-fuzz-XXXXXX",
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    BUG_ON(!mkdtemp(fuzz_folder));
    atexit(fuzz_remove);
    struct store_options o = { .data_dir = fuzz_folder, .readers = 1, .no_sweeper = true };
    if (store_open(&o, &store, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    fuzz_add_document(store, 1, "Filter the fryer oil daily at 180 °C. Model FX-200, 2 L of oil.");
    fuzz_add_document(store, 2, "Error E-12: the basket lift is stuck; switch off and call.");
    fuzz_add_document(store, 3, "Ice machine 冷蔵庫: descale every week, 1/2 cup, 40 °F.");
    return store;
}

#endif
