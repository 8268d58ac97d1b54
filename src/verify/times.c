// SPDX-License-Identifier: AGPL-3.0-or-later
// The promised times, as a client sees them (from the connection being there to the end of the answer), and a short load of
// bounded length and size.
#include "base/clock.h"
#include "verify/internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SETTLE_MS = 30000,
    TRIES = 7,
    MEDIUM_TRIES = 3,
    MEDIUM_BYTES = 5 << 20,
    SEARCH_TRIES = 21,
    LOAD_MS = 3000,
    LOAD_SEARCHERS = 4,
    LOAD_SENDERS = 2,
    LOAD_UPLOADS = 40, // of all senders
    LOAD_CALLS_MAX = 4000, // of one thread
};

// What the run itself gave the server to do is not to be in its times: waits, within bounds, until that is done.
static void settle(struct trial *t)
{
    int64_t until = clock_mono_ms() + SETTLE_MS;

    while (trial_may(t, "monitor") && clock_mono_ms() < until && !trial_stopped(t)) {
        AUTO_TRIAL_REPLY reply = { 0 };
        struct timespec nap = { .tv_nsec = 200 * 1000000 };
        trial_get(t, "/v1/status", &reply);
        const json_t *jobs = json_object_get(reply.json, "jobs");
        const json_t *meaning = json_object_get(reply.json, "meaning");
        if (trial_number(jobs, "queued") + trial_number(jobs, "running") +
                trial_number(meaning, "documents_waiting") ==
            0) {
            return;
        }
        nanosleep(&nap, NULL);
    }
}

TRIAL_CHECK(check_time_small)
{
    double ms[TRIES];

    (void)c;
    settle(t);
    for (int i = 0; i < TRIES; i++) {
        AUTO_TRIAL_REPLY reply = { 0 };
        AUTO_BUF text = BUF_INIT(4096);
        trial_make_text(t, 3, &text);
        if (trial_upload(t, "larder-verify-small.txt", buf_slice(&text), NULL, &reply) != 201) {
            trial_fail(ret, "A small text was not taken in. %s", reply.error);
            return;
        }
        ms[i] = (double)reply.us / 1000;
    }
    trial_measure(
        ret, trial_sorted_at(ms, TRIES, 0.5), "upload and all checks of a small text, median of 7");
}

TRIAL_CHECK(check_time_refusal)
{
    double ms[TRIES];

    (void)c;
    for (int i = 0; i < TRIES; i++) {
        AUTO_TRIAL_REPLY reply = { 0 };
        if (trial_upload(t, "elf-named.pdf", trial_file("hostile/elf-named.pdf"), NULL, &reply) !=
            422) {
            trial_fail(ret, "A renamed program was not refused. %s", reply.error);
            return;
        }
        ms[i] = (double)reply.us / 1000;
    }
    trial_measure(
        ret, trial_sorted_at(ms, TRIES, 0.5), "refusal of a renamed program, median of 7");
}

// A recording of silence: large to upload and to check, little work to read.
static void make_silence(struct trial *t, struct buf *out)
{
    static const unsigned char head[] = { 'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'A', 'V', 'E', 'f',
        'm', 't', ' ', 16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0x3E, 0, 0, 0, 0x7D, 0, 0, 2, 0, 16, 0, 'd',
        'a', 't', 'a', 0, 0, 0, 0 };
    char *bytes = buf_reserve(out, MEDIUM_BYTES);

    if (!bytes) {
        return;
    }
    memset(bytes, 0, MEDIUM_BYTES);
    memcpy(bytes, head, sizeof(head));
    for (int i = 0; i < 4; i++) {
        bytes[4 + i] = (char)((MEDIUM_BYTES - 8) >> (8 * i));
        bytes[40 + i] = (char)((MEDIUM_BYTES - (int)sizeof(head)) >> (8 * i));
    }
    for (int i = 0; i < 8; i++) { // unlike every other; far too quiet to be heard
        bytes[MEDIUM_BYTES - 16 + 2 * i] = (char)((t->made + (unsigned)t->token[i]) & 15);
    }
    t->made++;
    buf_grew(out, MEDIUM_BYTES);
}

TRIAL_CHECK(check_time_medium)
{
    double ms[MEDIUM_TRIES];
    AUTO_BUF bytes = BUF_INIT(MEDIUM_BYTES + 1);

    (void)c;
    settle(t);
    for (int i = 0; i < MEDIUM_TRIES; i++) {
        AUTO_TRIAL_REPLY reply = { 0 };
        buf_reset(&bytes);
        make_silence(t, &bytes);
        if (trial_upload(t, "larder-verify-medium.wav", buf_slice(&bytes), "{\"audio\":false}",
                &reply) != 201) {
            trial_fail(ret, "A recording of 5 MiB was not taken in. %s", reply.error);
            return;
        }
        ms[i] = (double)reply.us / 1000;
    }
    trial_measure(
        ret, trial_sorted_at(ms, MEDIUM_TRIES, 0.5), "upload and all checks of 5 MiB, median of 3");
}

static long search(const struct trial *t, int number, struct trial_reply *ret)
{
    static const char *const queries[] = { "flame sensor is dirty", "weigh the bin", "onion rings",
        "hold hot food", "drain oil", "degreaser", "light the pilot flame" };

    return trial_post(t, "/v1/search", ret, "{\"query\":\"%s\",\"partition\":\"%s\",\"limit\":5}",
        queries[(size_t)number % ARRAY_LEN(queries)], t->partition);
}

TRIAL_CHECK(check_time_search)
{
    double ms[SEARCH_TRIES];

    (void)c;
    settle(t);
    for (int i = 0; i < SEARCH_TRIES; i++) {
        AUTO_TRIAL_REPLY reply = { 0 };
        if (search(t, i, &reply) != 200) {
            trial_fail(ret, "A search was not answered. %s", reply.error);
            return;
        }
        ms[i] = (double)reply.us / 1000;
    }
    trial_measure(ret, trial_sorted_at(ms, SEARCH_TRIES, 0.5), "a search, median of 21");
}

// ---- load

struct loader { // one thread
    struct trial *t;
    int number;
    bool uploads;
    int most; // calls
    int64_t until_ms;
    double ms[LOAD_CALLS_MAX];
    size_t calls, failed;
    char error[ERROR_TEXT_MAX]; // of the first failure
};

static long load_once(struct loader *l, struct trial_reply *reply)
{
    char text[256];
    int n = snprintf(
        text, sizeof(text), "Load of %s, thread %d, text %zu.\n", l->t->token, l->number, l->calls);

    return l->uploads ? trial_upload(l->t, "larder-verify-load.txt", slice_make(text, (size_t)n),
                            NULL, reply)
                      : search(l->t, (int)l->calls + l->number, reply);
}

static void *load_main(void *arg)
{
    struct loader *l = arg;

    while ((int)l->calls < l->most && clock_mono_ms() < l->until_ms && !trial_stopped(l->t)) {
        AUTO_TRIAL_REPLY reply = { 0 };
        long status = load_once(l, &reply);
        if (status != (l->uploads ? 201 : 200)) {
            if (l->failed++ == 0) {
                snprintf(l->error, sizeof(l->error), "%s", reply.error);
            }
            struct timespec nap = { .tv_nsec = 20 * 1000000 }; // no storm of refusals
            nanosleep(&nap, NULL);
        }
        l->ms[l->calls++] = (double)reply.us / 1000;
    }
    return NULL;
}

static void put_under_load(struct trial *t, bool uploads, int threads, int most, const char *what,
    struct verify_result *ret)
{
    struct loader *l = xalloc((size_t)threads * sizeof(*l));
    pthread_t ids[LOAD_SEARCHERS];
    double *all = xalloc((size_t)threads * LOAD_CALLS_MAX * sizeof(*all));
    size_t calls = 0, failed = 0;
    const char *error = "";
    int started = 0;
    char words[160];

    for (; started < threads; started++) {
        struct loader *one = &l[started];
        one->t = t;
        one->number = started;
        one->uploads = uploads;
        one->most = most;
        one->until_ms = clock_mono_ms() + LOAD_MS;
        if (pthread_create(&ids[started], NULL, load_main, one) != 0) {
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        pthread_join(ids[i], NULL);
        memcpy(all + calls, l[i].ms, l[i].calls * sizeof(*all));
        calls += l[i].calls;
        failed += l[i].failed;
        error = l[i].failed && !error[0] ? l[i].error : error;
    }
    if (calls == 0) {
        trial_fail(ret, "Nothing could be sent.");
    } else if (failed) {
        trial_fail(ret, "%zu of %zu %s failed; the first: %.250s", failed, calls, what, error);
    } else {
        snprintf(words, sizeof(words), "95th of 100, %zu %s by %d clients at once", calls, what,
            started);
        trial_measure(ret, trial_sorted_at(all, calls, 0.95), words);
    }
    free(all);
    free(l);
}

TRIAL_CHECK(check_load_searches)
{
    (void)c;
    put_under_load(t, false, LOAD_SEARCHERS, LOAD_CALLS_MAX, "searches", ret);
}

TRIAL_CHECK(check_load_uploads)
{
    (void)c;
    put_under_load(t, true, LOAD_SENDERS, LOAD_UPLOADS / LOAD_SENDERS, "uploads", ret);
}
