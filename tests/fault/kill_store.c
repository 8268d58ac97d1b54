// SPDX-License-Identifier: AGPL-3.0-or-later
// Kills a process that works on the store, again and again, at moments nobody chose, and checks after each time that
// nothing it was told is lost: kill_store [ROUNDS [SEED]].
//
// The child uploads, reads and deletes documents in several threads and reports through a pipe what the store has
// acknowledged. The parent keeps the ledger. After the kill another child opens the store, lets it recover, and compares:
// - each acknowledged document is there with its content, each acknowledged deletion has left nothing;
// - what was acknowledged as ready is ready, whole and found; nothing that is ready is partial;
// - no lease survives, no job is dead, events have no gap, the database's own checks pass.
#include "base/log.h"
#include "base/map.h"
#include "store/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS_DEFAULT = 15,
    DOCUMENTS_MAX = 200000,
    ELEMENTS = 3,
    CHUNKS = 2, // of each document
    LINE = 64, // bytes of a report
    SAMPLE = 300, // documents that are also searched for, the last ones
    RECENT = 256,
    SKIP = 100, // numbers that were used but not acknowledged are not used again
};

enum fate { CREATED, READY, DELETING, DELETED };
struct entry {
    char id[ID_SIZE];
    int number;
    enum fate fate;
    bool was_ready;
};
static struct entry *ledger;
static int ledger_count;
static struct map by_id;

static const char *dir;
static int report_fd;
static atomic_int next_number;
static struct store *store;

#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "line %d: %s: ", __LINE__, #cond);                                     \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void report(char what, const char *id, int number)
{
    char line[LINE] = "";

    snprintf(line, sizeof(line), "%c %s %d", what, id, number);
    if (write(report_fd, line, sizeof(line)) !=
        sizeof(line)) { // less than PIPE_BUF: whole or not at all
        _exit(2);
    }
}

static void open_store(void)
{
    struct error err = { 0 };
    struct store_options o = { .data_dir = dir, .readers = 2 };
    CHECK(store_open(&o, &store, &err) == 0, "%s", err.text);
}

// ---- the child that is killed

static pthread_mutex_t recent_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct entry recent[RECENT];
static int recent_count;

static void *upload(void *arg)
{
    (void)arg;
    for (;;) {
        struct error err = { 0 };
        struct document d = {
            .type = "txt", .category = "text", .media_type = "text/plain", .mode = "fast"
        };
        char name[32];
        bool duplicate = false;
        int n = atomic_fetch_add(&next_number, 1);

        snprintf(name, sizeof(name), "document %d", n);
        d.name = name;
        d.size = (int64_t)strlen(name);
        CHECK(store_blob_put_bytes(store, name, strlen(name), d.blob, &err) == 0, "%s", err.text);
        CHECK(
            store_document_create(store, &d, &duplicate, &err) == 0 && !duplicate, "%s", err.text);
        report('C', d.id, n);
        pthread_mutex_lock(&recent_mutex);
        struct entry *e = &recent[recent_count++ % RECENT];
        memcpy(e->id, d.id, ID_SIZE);
        e->number = n;
        pthread_mutex_unlock(&recent_mutex);
    }
    return NULL;
}

static int read_one(const struct job *j, int number, struct error *err)
{
    char text[64];
    struct job_result r = { .media = "{\"pages\":1}", .page_count = 1 };
    int rc = 0;

    snprintf(text, sizeof(text), "unique%dword in the text of a document", number);
    for (int i = 0; rc == 0 && i < ELEMENTS; i++) {
        struct element e = { .index = i, .kind = ELEMENT_PARAGRAPH, .text = slice_of(text) };
        rc = store_job_elements(store, j, &e, 1, err);
    }
    for (int i = 0; rc == 0 && i < CHUNKS; i++) {
        struct chunk c = { .index = i, .text = slice_of(i ? "the other part" : text) };
        rc = store_job_chunks(store, j, "document", &c, 1, err);
    }
    return rc ? rc : store_job_finish(store, j, &r, err);
}

static void *work(void *arg)
{
    (void)arg;
    for (;;) {
        AUTO_ARENA a = { 0 };
        struct error err = { 0 };
        struct document d;
        struct job j;

        arena_init(&a, 1 << 20);
        int rc = store_job_lease(store, "w", 60000, &a, &j, &err);
        if (rc == ERR_NOT_FOUND) {
            usleep(1000);
            continue;
        }
        CHECK(rc == 0, "%s", err.text);
        rc = store_document_load(store, slice_of(j.document_id), &a, &d, &err);
        if (rc == 0) {
            int number = atoi(d.name + strlen("document "));
            rc = read_one(&j, number, &err);
            if (rc == 0) {
                report('R', d.id, number);
            }
        }
        CHECK(rc == 0 || rc == ERR_CONFLICT || rc == ERR_NOT_FOUND, "%s",
            err.text); // deleted meanwhile
    }
    return NULL;
}

static void remove_some(unsigned seed)
{
    for (;;) {
        struct error err = { 0 };
        struct entry e = { 0 };

        usleep(3000);
        pthread_mutex_lock(&recent_mutex);
        if (recent_count) {
            int at = rand_r(&seed) % (recent_count < RECENT ? recent_count : RECENT);
            e = recent[at];
            recent[at].id[0] = '\0';
        }
        pthread_mutex_unlock(&recent_mutex);
        if (e.id[0]) {
            report('d', e.id, e.number);
            CHECK(store_document_delete(store, slice_of(e.id), &err) == 0, "%s", err.text);
            report('D', e.id, e.number);
        }
    }
}

static void work_until_killed(unsigned seed)
{
    pthread_t t;

    open_store();
    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, upload, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&t, NULL, work, NULL);
    }
    remove_some(seed);
}

// ---- the child that checks

static int check_event(void *ctx, int64_t seq, struct slice kind, struct slice json)
{
    int64_t *last = ctx;
    (void)kind;
    (void)json;
    CHECK(seq == *last + 1, "event %lld follows %lld", (long long)seq, (long long)*last);
    *last = seq;
    return 0;
}

static void check_blob(const struct document *d)
{
    char content[64] = "";
    int64_t size = 0;
    int fd = store_blob_open(store, d->blob, &size, NULL);

    CHECK(fd >= 0 && size == d->size && read(fd, content, sizeof(content) - 1) == size,
        "blob of %s", d->id);
    CHECK(strcmp(content, d->name) == 0, "blob of %s holds %s", d->id, content);
    close(fd);
}

static void check_contents(const struct entry *e, const struct document *d, struct arena *a)
{
    struct element_row *rows;
    struct chunk *chunks;
    size_t elements = 0, chunk_count = 0;
    bool ready = d->status == DOCUMENT_READY;

    CHECK(ready || (d->status == DOCUMENT_PENDING && !e->was_ready), "document %s is %s", e->id,
        document_status_word(d->status));
    CHECK(store_element_list(store, slice_of(e->id), -1, 100, a, &rows, &elements, NULL) == 0, "%s",
        e->id);
    CHECK(store_chunk_list(store, slice_of(e->id), -1, 100, a, &chunks, &chunk_count, NULL) == 0,
        "%s", e->id);
    CHECK(elements == (ready ? ELEMENTS : 0) && chunk_count == (ready ? CHUNKS : 0),
        "document %s is partial", e->id);
}

static void check_entry(const struct entry *e, bool search)
{
    AUTO_ARENA a = { 0 };
    struct document d = { 0 };
    char word[32];
    int64_t found = 0;

    arena_init(&a, 1 << 20);
    int rc = store_document_load(store, slice_of(e->id), &a, &d, NULL);
    CHECK(rc == 0 || (rc == ERR_NOT_FOUND && e->fate >= DELETING), "document %s is lost (%d)",
        e->id, rc);
    CHECK(rc != 0 || e->fate != DELETED, "document %s is there again", e->id);
    if (rc == 0) {
        check_blob(&d);
        check_contents(e, &d, &a);
    }
    if (search) {
        snprintf(word, sizeof(word), "unique%dword", e->number);
        struct slice t = slice_of(word);
        CHECK(store_term_counts(store, &t, 1, &found, NULL, NULL) == 0, "%s", word);
        CHECK(found == (rc == 0 && d.status == DOCUMENT_READY), "%s is found %lld times", word,
            (long long)found);
    }
}

static void check_all(unsigned unused)
{
    struct error err = { 0 };
    struct store_stats st;
    int64_t last = 0;
    (void)unused;

    open_store();
    CHECK(store_sweep(store, &err) == 0, "%s", err.text);
    CHECK(store_check(store, &err) == 0, "%s", err.text);
    CHECK(store_stats(store, &st, &err) == 0, "%s", err.text);
    CHECK(st.jobs_running == 0 && st.jobs_dead == 0, "%lld leases, %lld dead",
        (long long)st.jobs_running, (long long)st.jobs_dead);
    CHECK(store_event_list(store, 0, (size_t)-1, check_event, &last, &err) == 0, "%s", err.text);
    CHECK(last == store_event_last(store), "events end at %lld", (long long)last);
    for (int i = 0; i < ledger_count; i++) {
        check_entry(&ledger[i], i >= ledger_count - SAMPLE);
    }
    store_close(store);
}

// ---- the parent

static void note(const char *line)
{
    char what, id[ID_SIZE];
    int number;

    CHECK(sscanf(line, "%c %36s %d", &what, id, &number) == 3, "report %s", line);
    struct entry *e = map_find(&by_id, slice_of(id));
    if (!e) {
        CHECK(ledger_count < DOCUMENTS_MAX, "too many documents");
        e = &ledger[ledger_count++];
        *e = (struct entry){ .number = number };
        memcpy(e->id, id, sizeof(id));
        CHECK(map_put(&by_id, slice_of(id), e) == 0, "map");
    }
    if (number >= atomic_load(&next_number)) {
        atomic_store(&next_number, number + 1);
    }
    e->was_ready |= what == 'R';
    enum fate fate = what == 'R' ? READY : what == 'd' ? DELETING : what == 'D' ? DELETED : CREATED;
    e->fate = fate > e->fate ? fate : e->fate; // threads report in no order
}

static pid_t start(void (*fn)(unsigned), unsigned arg, int *ret_fd)
{
    int fds[2];
    pid_t pid = -1;

    CHECK(pipe2(fds, O_CLOEXEC) == 0 && (pid = fork()) >= 0, "no process");
    if (pid == 0) {
        close(fds[0]);
        report_fd = fds[1];
        fn(arg);
        _exit(0);
    }
    close(fds[1]);
    *ret_fd = fds[0];
    return pid;
}

// Reads reports until the pipe ends; kills the child at its time.
static void listen_and_kill(pid_t pid, int fd, int64_t end_us)
{
    char line[LINE];
    size_t have = 0;
    bool killed = false;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (ssize_t n; (n = read(fd, line + have, sizeof(line) - have)) != 0;) {
        if (n > 0) {
            have += (size_t)n;
            if (have == sizeof(line)) {
                note(line);
                have = 0;
            }
        } else {
            usleep(200);
        }
        if (!killed && now_us() >= end_us) {
            kill(pid, SIGKILL);
            killed = true;
        }
    }
}

static void one_round(unsigned *seed)
{
    int fd, status;
    // Some are killed while they open and recover, most while they work.
    int64_t life_us = rand_r(seed) % 5 == 0 ? rand_r(seed) % 30000 : 20000 + rand_r(seed) % 180000;
    pid_t pid = start(work_until_killed, (unsigned)rand_r(seed), &fd);

    listen_and_kill(pid, fd, now_us() + life_us);
    close(fd);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the child ended by itself");
    atomic_fetch_add(&next_number, SKIP);
    pid = start(check_all, 0, &fd);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
        "the check failed");
    close(fd);
}

static int remove_path(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/larder-kill-XXXXXX";
    int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS_DEFAULT;
    unsigned seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)time(NULL);
    int ready = 0, deleted = 0;

    log_set_level(LOG_LEVEL_ERROR);
    dir = mkdtemp(folder);
    ledger = calloc(DOCUMENTS_MAX, sizeof(*ledger));
    CHECK(dir && ledger, "no folder");
    map_init(&by_id, DOCUMENTS_MAX);
    printf("seed %u, %d rounds\n", seed, rounds);
    fflush(stdout);
    for (int i = 0; i < rounds; i++) {
        one_round(&seed);
    }
    for (int i = 0; i < ledger_count; i++) {
        ready += ledger[i].was_ready;
        deleted += ledger[i].fate == DELETED;
    }
    printf("%d documents acknowledged, %d ready, %d deleted; nothing lost\n", ledger_count, ready,
        deleted);
    nftw(dir, remove_path, 16, FTW_DEPTH | FTW_PHYS);
    map_done(&by_id);
    free(ledger);
    return 0;
}
