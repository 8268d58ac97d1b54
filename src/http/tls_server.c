// SPDX-License-Identifier: AGPL-3.0-or-later
// What TLS connections share, and the watch over the certificate's files: looked at every TLS_WATCH_MS on a pool thread
// (links that are turned elsewhere are seen too), and at once when http_server_reload asks. A change is taken up when the
// files have been the same for two looks, so that half of a change is not; what can't be used is told once, and the
// certificate that is in use stays. Connections keep what they began with.
#include "http/tls.h"

#include "base/log.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

struct stamp { // of one file; all zero: not there
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified, changed;
};
struct stamps {
    struct stamp of[2];
};

struct tls_watch {
    struct http_job job; // first
    struct tls_server *tls;
    uv_timer_t timer;
    bool out; // the job is on its way; loop
    bool now; // its look is one that was asked for
    bool again; // asked for while one was on its way; loop
    // the job's, or the loop's while there is none
    struct stamps used, seen, refused;
    SSL_CTX *fresh;
    pthread_mutex_t mutex;
    struct http_tls_state state; // mutex
};

static struct stamp stamp_of(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return (struct stamp){ 0 };
    }
    return (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct stamps *a, const struct stamps *b)
{
    for (int i = 0; i < 2; i++) {
        const struct stamp *x = &a->of[i], *y = &b->of[i];
        if (x->dev != y->dev || x->ino != y->ino || x->size != y->size ||
            !same_time(x->modified, y->modified) || !same_time(x->changed, y->changed)) {
            return false;
        }
    }
    return true;
}

static struct stamps look(const struct tls_server *ts)
{
    return (struct stamps){ { stamp_of(ts->certificate), stamp_of(ts->key) } };
}

// ---- taking up a change; pool thread

static void set_state(struct tls_watch *w, const struct certificate_info *info, const char *problem)
{
    pthread_mutex_lock(&w->mutex);
    if (info) {
        w->state.certificate = *info;
    }
    snprintf(w->state.problem, sizeof(w->state.problem), "%s", problem);
    pthread_mutex_unlock(&w->mutex);
}

static int check_new(struct tls_watch *w, const struct certificate_info *info, struct error *err)
{
    char words[ERROR_TEXT_MAX];
    int64_t now = (int64_t)time(NULL);

    pthread_mutex_lock(&w->mutex);
    bool good_now = now < w->state.certificate.until_s && now >= w->state.certificate.from_s;
    pthread_mutex_unlock(&w->mutex);
    if (good_now && certificate_advice(info, now, words) == CERTIFICATE_BAD) {
        return error_set(err, ERR_INVALID, "%s", words);
    }
    return 0;
}

static void watch_run(struct http_job *job)
{
    struct tls_watch *w = (struct tls_watch *)(void *)job;
    struct tls_server *ts = w->tls;
    struct stamps now = look(ts);
    struct certificate_info info;
    struct error err;
    bool settled = same(&now, &w->seen);
    bool old_news = same(&now, &w->used) || same(&now, &w->refused);

    w->seen = now;
    if ((!w->now && (old_news || !settled)) || http_server_stopping(ts->server)) {
        return;
    }
    int rc = certificate_load(&ts->files, &w->fresh, &info, &err);
    rc = rc < 0 ? rc : check_new(w, &info, &err);
    if (rc < 0) {
        SSL_CTX_free(TAKE(w->fresh));
        w->refused = now;
        set_state(w, NULL, err.text);
        log_warn("tls.not_taken_up", LS("what", err.text));
        return;
    }
    w->used = now;
    w->refused = (struct stamps){ 0 };
    set_state(w, &info, "");
    log_info("tls.taken_up", LS("name", info.name), LI("valid_until", info.until_s));
    if (ts->server->o.tls_changed) {
        ts->server->o.tls_changed(ts->server->o.app);
    }
}

static void watch_done(struct http_job *job)
{
    struct tls_watch *w = (struct tls_watch *)(void *)job;

    w->out = false;
    if (w->fresh) {
        SSL_CTX_free(w->tls->context);
        w->tls->context = TAKE(w->fresh);
    }
    if (w->again) {
        w->again = false;
        tls_server_reload(w->tls, true);
    }
}

void tls_server_reload(struct tls_server *ts, bool now)
{
    struct tls_watch *w = ts->watch;

    if (w->out) {
        w->again = w->again || now;
        return;
    }
    w->out = true;
    w->now = now;
    w->job.run = watch_run;
    w->job.done = watch_done;
    if (server_submit(ts->server, ts->server->io, &w->job) != 0) {
        w->out = false; // the next look will do
    }
}

static void on_watch(uv_timer_t *timer)
{
    tls_server_reload(timer->data, false);
}

// ---- turns

static void on_idle(uv_idle_t *idle)
{
    tls_server_take_turns(idle->data);
}

void tls_server_wait(struct tls_server *ts, bool on)
{
    if (on) {
        uv_idle_start(&ts->idle, on_idle);
    } else {
        uv_idle_stop(&ts->idle);
    }
}

// ---- life

int tls_server_new(struct http_server *s, struct error *err)
{
    struct tls_server *ts = xalloc(sizeof(*ts));
    struct tls_watch *w = xalloc(sizeof(*w));

    ts->server = s;
    ts->watch = w;
    ts->certificate = xstrdup(s->o.tls.certificate);
    ts->key = xstrdup(s->o.tls.key ? s->o.tls.key : "");
    ts->files = (struct certificate_files){ ts->certificate, ts->key, s->o.tls.only_13 };
    buf_init(&ts->out, TLS_OUT_MAX);
    w->tls = ts;
    pthread_mutex_init(&w->mutex, NULL);
    w->used = w->seen = look(ts);
    s->tls = ts;
    int rc = certificate_load(&ts->files, &ts->context, &w->state.certificate, err);
    if (rc < 0) {
        return rc;
    }
    w->state.on = true;
    ts->pool = pool_new("http-tls", TLS_THREADS, (size_t)s->o.max_connections);
    if (!ts->pool) {
        return error_set(err, ERR_MEMORY, "The server's threads could not be started.");
    }
    uv_idle_init(&s->loop, &ts->idle);
    ts->idle.data = ts;
    uv_timer_init(&s->loop, &w->timer);
    w->timer.data = ts;
    uv_timer_start(&w->timer, on_watch, TLS_WATCH_MS, TLS_WATCH_MS);
    return 0;
}

void tls_server_close(struct tls_server *ts)
{
    if (ts) {
        pool_free(TAKE(ts->pool));
    }
}

void tls_server_free(struct tls_server *ts)
{
    if (!ts) {
        return;
    }
    SSL_CTX_free(ts->context);
    SSL_CTX_free(ts->watch->fresh);
    pthread_mutex_destroy(&ts->watch->mutex);
    free(ts->watch);
    buf_done(&ts->out);
    free(ts->certificate);
    free(ts->key);
    free(ts);
}

void http_server_tls(struct http_server *s, struct http_tls_state *ret)
{
    struct tls_watch *w = s->tls ? s->tls->watch : NULL;

    *ret = (struct http_tls_state){ 0 };
    if (w) {
        pthread_mutex_lock(&w->mutex);
        *ret = w->state;
        pthread_mutex_unlock(&w->mutex);
    }
}
