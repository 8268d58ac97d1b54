// SPDX-License-Identifier: AGPL-3.0-or-later
// A body on its way to disk. The loop fills one buffer while a pool thread takes the other apart (multipart), hashes and
// writes it, so that network and disk overlap and memory stays at two buffers. Reading stops while both are full.
//
//   loop:  take -> fill ... push (fill becomes flight, job out) ... done: flight empty again, conn_body_progress
//   pool:  flight -> multipart or raw -> cap -> hash -> write; after the last: fdatasync
//
// The cap holds on the announced length (raw: at open; multipart: when the file part begins) and byte by byte. Past it the
// rest is not taken: `over_limit`, and the handler is still called. The file is 0600, made with O_EXCL under a random name,
// and goes unless a handler took it. Fields and names live in the request's arena, which only the pool thread uses while a
// job is out.
#include "http/internal.h"

#include "base/id.h"
#include "base/utf8.h"
#include "wire/multipart.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SPOOL_BUF = 256 * 1024,
    SPOOL_BUF_LEAST = 4 * 1024,
    SPOOL_PUSH = 64 * 1024, // what waits is worth a job from here on
    SPOOL_FIELDS_MAX = 32,
    SPOOL_FIELD_MAX = 64 * 1024,
    SPOOL_NAME_MAX = 4 * 1024, // bytes of a file's or field's name
    SPOOL_SLACK =
        1024 * 1024, // boundaries and fields after a file part, when its length is only announced
};

enum part_kind { PART_FIELD, PART_FILE, PART_SKIPPED };

struct chunk {
    char *data;
    size_t len;
};

struct spool {
    struct http_job job; // first
    struct exchange *x;
    struct http_spool pub;
    int fd;
    int64_t cap;
    int64_t seen; // bytes of the body that the pool has looked at
    EVP_MD_CTX *hash;
    bool multipart;
    struct multipart parser;
    enum part_kind part;
    struct slice field_name;
    struct buf field;
    // loop side
    struct chunk fill, flight;
    size_t buf_size;
    bool busy; // a job is out
    bool last_pushed; // no more is to come
    bool last_wanted; // push(last) came while a job was out
    bool abandoned;
    // results, written by the job
    bool finishing; // this job is the last
    bool complete;
    int rc;
    struct error err;
};

static struct spool *of(struct http_job *job)
{
    return (struct spool *)(void *)job;
}

// ---- pool thread ----

static int io_failure(struct spool *sp, int e)
{
    bool full = e == ENOSPC || e == EDQUOT || e == EFBIG;
    return error_set(&sp->err, full ? ERR_NO_SPACE : ERR_IO,
        full ? "There is no room for this upload on the server's disk."
             : "The upload could not be written to disk.");
}

static int64_t ask_cap(struct exchange *x)
{
    int64_t most = x->route->body_max;
    if (!x->route->body_cap) {
        return most;
    }
    int64_t cap = x->route->body_cap(&x->req, x->spool->pub.file_name, x->spool->pub.media_type);
    return cap >= 0 && cap < most ? cap : most;
}

static int make_file(struct spool *sp)
{
    uint8_t random[SPOOL_RANDOM_BYTES];
    char name[2 * SPOOL_RANDOM_BYTES + 1];

    random_bytes(random, sizeof(random));
    hex_format(random, sizeof(random), name);
    int n =
        snprintf(sp->pub.path, sizeof(sp->pub.path), "%s/%s.part", sp->x->server->spool_dir, name);
    if (n < 0 || (size_t)n >= sizeof(sp->pub.path)) {
        sp->pub.path[0] = '\0';
        return io_failure(sp, ENAMETOOLONG);
    }
    sp->fd = open(sp->pub.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (sp->fd < 0) {
        sp->pub.path[0] = '\0';
        return io_failure(sp, errno);
    }
    return 0;
}

static int file_bytes(struct spool *sp, const char *data, size_t len)
{
    if (sp->pub.over_limit) {
        return 0;
    }
    if ((int64_t)len > sp->cap - sp->pub.size) {
        len = (size_t)(sp->cap - sp->pub.size);
        sp->pub.over_limit = true;
    }
    if (len > 0 && EVP_DigestUpdate(sp->hash, data, len) != 1) {
        return error_set(&sp->err, ERR_INTERNAL, "The upload could not be hashed.");
    }
    while (len > 0) {
        ssize_t n = write(sp->fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return io_failure(sp, n < 0 ? errno : EIO);
        }
        data += n;
        len -= (size_t)n;
        sp->pub.size += n;
    }
    return 0;
}

// A name as sent, as valid text in the arena.
static struct slice clean(struct spool *sp, struct slice s)
{
    AUTO_BUF text = BUF_INIT(3 * SPOOL_NAME_MAX + 1);
    utf8_add_clean(&text, s.len > SPOOL_NAME_MAX ? utf8_prefix(s, SPOOL_NAME_MAX) : s);
    return arena_slice(&sp->x->arena, buf_slice(&text));
}

static int part_begin(void *data, const struct multipart_part *part, struct error *err)
{
    struct spool *sp = data;

    if (!part->has_file_name) {
        sp->part = PART_FIELD;
        if (sp->pub.field_count == SPOOL_FIELDS_MAX) {
            return error_set(err, ERR_LIMIT, "The form has more than %d fields.", SPOOL_FIELDS_MAX);
        }
        sp->field_name = clean(sp, part->name);
        buf_reset(&sp->field);
        return 0;
    }
    if (!slice_is(part->name, "file")) {
        sp->part = PART_SKIPPED;
        return 0;
    }
    if (sp->pub.has_file) {
        return error_set(err, ERR_INVALID, "The form holds two files. Send one file a request.");
    }
    sp->part = PART_FILE;
    sp->pub.has_file = true;
    sp->pub.file_name = clean(sp, part->file_name);
    sp->pub.media_type = clean(sp, part->media_type);
    sp->cap = ask_cap(sp->x);
    if (!sp->x->facts.chunked && sp->x->facts.length - sp->seen > sp->cap &&
        sp->x->facts.length - sp->seen - sp->cap > SPOOL_SLACK) {
        sp->pub.over_limit = true;
    }
    return 0;
}

static int part_data(void *data, const char *bytes, size_t len, struct error *err)
{
    struct spool *sp = data;

    switch (sp->part) {
    case PART_FILE: {
        int rc = file_bytes(sp, bytes, len);
        return rc == 0 ? 0 : error_set(err, rc, "%s", sp->err.text);
    }
    case PART_FIELD:
        buf_add(&sp->field, bytes, len);
        return buf_ok(&sp->field)
                   ? 0
                   : error_set(err, ERR_LIMIT, "A field of the form is larger than 64 KiB.");
    case PART_SKIPPED:
        break;
    }
    return 0;
}

static int part_end(void *data, struct error *err)
{
    struct spool *sp = data;
    struct http_spool *pub = &sp->pub;

    if (sp->part != PART_FIELD) {
        return 0;
    }
    if (!pub->fields) {
        pub->fields = arena_array(&sp->x->arena, SPOOL_FIELDS_MAX, sizeof(pub->fields[0]));
    }
    struct slice value = arena_slice(&sp->x->arena, buf_slice(&sp->field));
    if (!pub->fields || !value.data) {
        return error_set(err, ERR_MEMORY, "There is no memory for this form.");
    }
    pub->fields[pub->field_count++] = (struct http_header){ sp->field_name, value };
    return 0;
}

static const struct multipart_events events = { part_begin, part_data, part_end };

int spool_open(struct exchange *x, struct error *err)
{
    struct slice type = http_header_find(&x->req, "content-type");
    struct slice boundary = { NULL, 0 };
    bool multipart = multipart_is(type);

    if (multipart && !multipart_boundary(type, &boundary)) {
        return error_set(err, ERR_INVALID, "The form's Content-Type names no usable boundary.");
    }
    if (atomic_fetch_add(&x->server->spooling, 1) >= x->server->o.max_spooling) {
        count_up(&x->server->spooling, -1);
        return error_set(
            err, ERR_BUSY, "Too many uploads are on their way. Try again in a moment.");
    }
    struct spool *sp = xalloc(sizeof(*sp));
    sp->x = x;
    sp->fd = -1;
    sp->cap = x->route->body_max;
    buf_init(&sp->field, SPOOL_FIELD_MAX);
    x->spool = sp;
    x->req.spool = &sp->pub;
    sp->multipart = sp->pub.is_multipart = multipart;
    if (multipart) {
        multipart_init(&sp->parser, boundary, &events, sp);
    } else {
        sp->pub.has_file = true;
        sp->pub.media_type = type;
        sp->cap = ask_cap(x);
        sp->pub.over_limit = x->facts.length > sp->cap;
    }
    sp->buf_size = server_crowded(x->server) ? SPOOL_PUSH : SPOOL_BUF;
    if (!x->facts.chunked && x->facts.length < (int64_t)sp->buf_size) {
        sp->buf_size =
            x->facts.length > SPOOL_BUF_LEAST ? (size_t)x->facts.length : SPOOL_BUF_LEAST;
    }
    sp->hash = EVP_MD_CTX_new();
    if (!sp->hash || EVP_DigestInit_ex(sp->hash, EVP_sha256(), NULL) != 1) {
        return error_set(err, ERR_INTERNAL, "The upload could not be hashed.");
    }
    int rc = make_file(sp);
    return rc == 0 ? 0 : error_set(err, rc, "%s", sp->err.text);
}

static int take_apart(struct spool *sp)
{
    int rc = sp->multipart ? multipart_feed(&sp->parser, sp->flight.data, sp->flight.len, &sp->err)
                           : file_bytes(sp, sp->flight.data, sp->flight.len);
    sp->seen += (int64_t)sp->flight.len;
    if (rc != 0 || sp->pub.over_limit || !sp->finishing) {
        return rc;
    }
    if (sp->multipart && !sp->pub.cut_short) {
        rc = multipart_finish(&sp->parser, &sp->err);
    }
    if (rc == 0 && EVP_DigestFinal_ex(sp->hash, sp->pub.sha256, NULL) != 1) {
        rc = error_set(&sp->err, ERR_INTERNAL, "The upload could not be hashed.");
    }
    if (rc == 0 && fdatasync(sp->fd) != 0) {
        rc = io_failure(sp, errno);
    }
    sp->pub.synced = rc == 0;
    sp->complete = rc == 0;
    return rc;
}

static void chunk_run(struct http_job *job)
{
    struct spool *sp = of(job);
    sp->rc = take_apart(sp);
}

void spool_clean(struct spool *sp)
{
    if (sp->fd >= 0) {
        close(sp->fd);
        sp->fd = -1;
    }
    if (sp->pub.path[0] && !sp->pub.taken) {
        unlink(sp->pub.path);
        sp->pub.path[0] = '\0';
    }
}

// ---- loop thread ----

void spool_free(struct spool *sp)
{
    if (!sp) {
        return;
    }
    BUG_ON(sp->busy);
    count_up(&sp->x->server->spooling, -1);
    if (sp->multipart) {
        multipart_done(&sp->parser);
    }
    EVP_MD_CTX_free(sp->hash);
    buf_done(&sp->field);
    free(sp->fill.data);
    free(sp->flight.data);
    free(sp);
}

size_t spool_room(const struct spool *sp)
{
    return sp->last_wanted || spool_stopped(sp) ? 0 : sp->buf_size - sp->fill.len;
}

int spool_take(void *data, const char *bytes, size_t len)
{
    struct spool *sp = data;

    BUG_ON(len > sp->buf_size - sp->fill.len);
    if (!sp->fill.data) {
        sp->fill.data = malloc(sp->buf_size);
        if (!sp->fill.data) {
            return ERR_MEMORY;
        }
    }
    memcpy(sp->fill.data + sp->fill.len, bytes, len);
    sp->fill.len += len;
    return 0;
}

bool spool_complete(const struct spool *sp)
{
    return !sp->busy && sp->complete;
}

bool spool_stopped(const struct spool *sp)
{
    return !sp->busy && (sp->rc != 0 || sp->pub.over_limit);
}

bool spool_over_limit(const struct spool *sp)
{
    return !sp->busy && sp->pub.over_limit;
}

int spool_result(const struct spool *sp, struct error *err)
{
    *err = sp->err;
    return sp->rc;
}

static void chunk_done(struct http_job *job)
{
    struct spool *sp = of(job);
    struct exchange *x = sp->x;

    sp->busy = false;
    sp->flight.len = 0;
    if (sp->abandoned) {
        if (sp->complete && !x->in_pool && exchange_handle(x) == 0) {
            return; // the handler keeps what had come
        }
        if (!sp->finishing && sp->rc == 0) {
            spool_abandon(x);
        } else {
            exchange_free(x);
        }
        return;
    }
    spool_push(sp, false); // what filled up meanwhile, and the end if it has come
    if (!sp->busy || !sp->last_wanted) {
        conn_body_progress(x);
    }
}

void spool_push(struct spool *sp, bool last)
{
    sp->last_wanted |= last;
    if (sp->busy || sp->last_pushed || spool_stopped(sp) ||
        (!sp->last_wanted && sp->fill.len < SPOOL_PUSH)) {
        return;
    }
    struct chunk empty = sp->flight;
    sp->flight = sp->fill;
    sp->fill = empty;
    sp->finishing = sp->last_pushed = sp->last_wanted;
    sp->job = (struct http_job){ .run = chunk_run, .done = chunk_done };
    sp->busy = true;
    if (server_submit(sp->x->server, sp->x->server->io, &sp->job) != 0) {
        // The pool of the disk holds one job a connection, so this can't be; refused all the same, never lost.
        sp->busy = false;
        sp->rc = error_set(&sp->err, ERR_BUSY, "The server is busy. Try again in a moment.");
    }
}

void spool_abandon(struct exchange *x)
{
    struct spool *sp = x->spool;

    x->conn = NULL;
    sp->abandoned = true;
    if (sp->busy) {
        return; // chunk_done comes back
    }
    bool keep = x->route->keep_partial && !sp->multipart && sp->rc == 0 && !sp->pub.over_limit &&
                !sp->last_pushed && !x->reply.ready && !x->server->hurry;
    if (keep) {
        sp->pub.cut_short = true;
        spool_push(sp, true);
        if (sp->busy) {
            return;
        }
    }
    exchange_free(x);
}
