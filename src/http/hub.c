// SPDX-License-Identifier: AGPL-3.0-or-later
// The hub: published events into a ring, out to all streams in slices of HUB_SLICE_US, so that ten thousand receivers don't
// hold up the loop; and the queue of streams that wait for older events from the store.
#include "http/stream.h"

#include "base/log.h"

#include <stdlib.h>

struct load {
    struct http_job job; // first
    struct hub *hub;
    struct stream *stream; // loop only; NULL when it went away
    struct http_event_list list;
    int rc;
};

struct hub {
    struct http_server *server;
    pthread_mutex_t mutex;
    struct frame *inbox_first, *inbox_last; // mutex
    // loop only
    struct frame *ring[HUB_RING];
    uint64_t pushed; // events ever; the ring holds the last `held`
    size_t held;
    int64_t floor, last; // numbers
    int64_t total; // bytes ever
    struct stream *streams;
    struct stream *sweep; // next one of the broadcast under way
    bool sweeping, again; // again: something came while sweeping
    uv_idle_t idle;
    struct stream *load_first, *load_last;
    int loads;
};

// ---- frames ----

struct frame *frame_new(int64_t seq, struct slice kind, struct slice json)
{
    uint8_t head[10];
    char sse[128];

    if (json.len > EVENT_MAX) {
        return NULL;
    }
    size_t head_len = ws_header_format(1, json.len, head);
    // A kind is a word of our own; a line end in it would forge a field of SSE.
    int sse_len = snprintf(sse, sizeof(sse), "id: %lld\nevent: %.*s\ndata: ", (long long)seq,
        (int)(kind.len > 64 ? 64 : kind.len), kind.data ? kind.data : "");
    struct frame *f = malloc(sizeof(*f) + head_len + json.len + 2 + (size_t)sse_len);
    if (!f) {
        return NULL;
    }
    *f = (struct frame){ .seq = seq,
        .ws_head = (uint8_t)head_len,
        .sse_head = (uint16_t)sse_len,
        .json = (uint32_t)json.len };
    atomic_init(&f->refs, 1);
    char *at = f->bytes;
    memcpy(at, head, head_len);
    at += head_len;
    for (size_t i = 0; i < json.len;
         i++) { // line ends are only white space in JSON, but ends of a field in SSE
        char c = json.data[i];
        *at++ = c == '\n' || c == '\r' ? ' ' : c;
    }
    *at++ = '\n';
    *at++ = '\n';
    memcpy(at, sse, (size_t)sse_len);
    return f;
}

struct frame *frame_ref(struct frame *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void frame_unref(struct frame *f)
{
    if (f && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
        free(f);
    }
}

static int64_t frame_size(const struct frame *f)
{
    return (int64_t)f->ws_head + f->json;
}

void http_event_add(struct http_event_list *list, int64_t seq, struct slice kind, struct slice json)
{
    list->full |= list->count == HUB_LOAD_BATCH ||
                  (list->count > 0 && list->bytes + (int64_t)json.len > HUB_LOAD_BYTES);
    if (list->full || seq <= list->since) {
        return; // what comes after a full list is loaded with the next one
    }
    struct frame *f = frame_new(seq, kind, json);
    if (f) {
        list->frames[list->count++] = f;
        list->since = seq;
        list->bytes += (int64_t)json.len;
    }
}

void http_publish(struct http_server *s, int64_t seq, struct slice kind, struct slice json)
{
    struct hub *h = s->hub;
    struct frame *f = frame_new(seq, kind, json);

    if (!f) {
        log_error("http.event_dropped", LI("seq", seq), LI("bytes", json.len));
        return;
    }
    pthread_mutex_lock(&h->mutex);
    bool first = h->inbox_first == NULL;
    if (first) {
        h->inbox_first = f;
    } else {
        h->inbox_last->next = f;
    }
    h->inbox_last = f;
    pthread_mutex_unlock(&h->mutex);
    if (first) {
        uv_async_send(&s->wake);
    }
}

// ---- the ring ----

static struct frame *ring_at(const struct hub *h, uint64_t index)
{
    return h->ring[index % HUB_RING];
}

static void push(struct hub *h, struct frame *f)
{
    if (h->held == HUB_RING) {
        struct frame *old = ring_at(h, h->pushed - HUB_RING);
        h->floor = old->seq;
        frame_unref(old);
        h->held--;
    }
    h->total += frame_size(f);
    f->end = h->total;
    f->next = NULL;
    h->ring[h->pushed++ % HUB_RING] = f;
    h->held++;
    h->last = f->seq;
    count_up(&h->server->events, 1);
}

bool hub_is_live(const struct hub *h, const struct stream *st)
{
    return st->cursor >= h->floor;
}

struct frame *hub_next(const struct hub *h, int64_t cursor)
{
    uint64_t low = h->pushed - h->held, high = h->pushed;

    if (h->last <= cursor) {
        return NULL;
    }
    while (low < high) { // the first number above cursor
        uint64_t middle = low + (high - low) / 2;
        if (ring_at(h, middle)->seq > cursor) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < h->pushed ? ring_at(h, low) : NULL;
}

int64_t hub_waiting(const struct hub *h, const struct stream *st)
{
    return h->total - st->mark;
}

// ---- broadcast ----

static void on_idle(uv_idle_t *idle)
{
    struct hub *h = idle->data;
    uint64_t until = uv_hrtime() + (uint64_t)HUB_SLICE_US * 1000;

    do {
        if (!h->sweep) {
            if (!h->again) {
                h->sweeping = false;
                uv_idle_stop(idle);
                return;
            }
            h->again = false;
            h->sweep = h->streams;
            continue;
        }
        struct stream *st = h->sweep;
        h->sweep = st->next;
        stream_pump(st);
    } while (uv_hrtime() < until);
}

void hub_again(struct hub *h)
{
    h->again = true;
    if (!h->sweeping && h->streams) {
        h->sweeping = true;
        uv_idle_start(&h->idle, on_idle);
    }
}

void hub_wake(struct hub *h)
{
    pthread_mutex_lock(&h->mutex);
    struct frame *f = h->inbox_first;
    h->inbox_first = h->inbox_last = NULL;
    pthread_mutex_unlock(&h->mutex);
    if (!f) {
        return;
    }
    while (f) {
        struct frame *next = f->next;
        if (f->seq <= h->last) {
            log_warn("http.event_out_of_order", LI("seq", f->seq), LI("last", h->last));
            frame_unref(f);
        } else {
            push(h, f);
        }
        f = next;
    }
    hub_again(h);
}

void hub_add(struct hub *h, struct stream *st, int64_t since)
{
    st->cursor = since < 0 ? h->last : since;
    st->mark = h->total;
    if (since >= 0 && since < h->last) {
        count_up(&h->server->streams_resumed, 1);
    }
    st->next = h->streams;
    if (h->streams) {
        h->streams->prev = st;
    }
    h->streams = st;
}

void hub_remove(struct hub *h, struct stream *st)
{
    if (st->auth_waits) {
        return; // it never came in
    }
    if (h->sweep == st) {
        h->sweep = st->next;
    }
    if (st->prev) {
        st->prev->next = st->next;
    } else {
        h->streams = st->next;
    }
    if (st->next) {
        st->next->prev = st->prev;
    }
    if (st->load) {
        st->load->stream = NULL;
        st->load = NULL;
    }
    if (st->load_waits) {
        struct stream **at = &h->load_first, *before = NULL;
        while (*at != st) {
            before = *at;
            at = &(*at)->load_next;
        }
        *at = st->load_next;
        if (h->load_last == st) {
            h->load_last = before;
        }
    }
}

// ---- older events ----

static void load_run(struct http_job *job)
{
    struct load *l = (struct load *)(void *)job;
    struct http_options *o = &l->hub->server->o;
    struct error err;

    if (o->events_load) {
        l->rc = o->events_load(o->app, l->list.since, HUB_LOAD_BATCH, &l->list, &err);
        if (l->rc < 0) {
            log_error("http.events_load", LI("code", l->rc), LS("error", err.text));
        }
    }
}

static void list_done(struct http_event_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        frame_unref(list->frames[i]);
    }
    list->count = 0;
}

static void run_loads(struct hub *h);

static void load_done(struct http_job *job)
{
    struct load *l = (struct load *)(void *)job;
    struct hub *h = l->hub;
    struct stream *st = l->stream;

    h->loads--;
    if (st) {
        st->load = NULL;
        st->loading = false;
        if (l->rc < 0) {
            stream_close(st, WS_FAILED);
        } else if (l->list.count == 0) { // nothing in the store: what there is, is in the ring
            if (st->cursor < h->floor) {
                st->cursor = h->floor;
            }
            st->mark = h->total;
        } else {
            st->replay = xalloc(sizeof(*st->replay));
            *st->replay = l->list;
            st->replay_at = 0;
            l->list.count = 0;
        }
        stream_pump(st);
    }
    list_done(&l->list);
    free(l);
    run_loads(h);
}

static void run_loads(struct hub *h)
{
    while (h->loads < HUB_LOADS && h->load_first && !h->server->hurry) {
        struct stream *st = h->load_first;
        h->load_first = st->load_next;
        if (!h->load_first) {
            h->load_last = NULL;
        }
        st->load_waits = false;
        st->load_next = NULL;
        struct load *l = xalloc(sizeof(*l));
        l->job = (struct http_job){ .run = load_run, .done = load_done };
        l->hub = h;
        l->stream = st;
        l->list.since = st->cursor;
        h->loads++;
        st->load = l;
        if (server_submit(h->server, h->server->io, &l->job) != 0) {
            h->loads--;
            st->load = NULL;
            st->loading = false;
            free(l);
            stream_close(st, WS_TRY_LATER);
        }
    }
}

void hub_load(struct hub *h, struct stream *st)
{
    if (st->loading) {
        return;
    }
    st->loading = st->load_waits = true;
    st->load_next = NULL;
    if (h->load_last) {
        h->load_last->load_next = st;
    } else {
        h->load_first = st;
    }
    h->load_last = st;
    run_loads(h);
}

// ---- life ----

struct hub *hub_new(struct http_server *s)
{
    struct hub *h = xalloc(sizeof(*h));

    h->server = s;
    h->floor = h->last = s->o.events_last;
    pthread_mutex_init(&h->mutex, NULL);
    uv_idle_init(&s->loop, &h->idle);
    h->idle.data = h;
    return h;
}

void hub_free(struct hub *h)
{
    if (!h) {
        return;
    }
    for (uint64_t i = h->pushed - h->held; i < h->pushed; i++) {
        frame_unref(ring_at(h, i));
    }
    while (h->inbox_first) {
        struct frame *f = h->inbox_first;
        h->inbox_first = f->next;
        frame_unref(f);
    }
    pthread_mutex_destroy(&h->mutex);
    free(h);
}
