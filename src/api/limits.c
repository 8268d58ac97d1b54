// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements limits.h.
#include "api/limits.h"
#include "base/id.h"
#include "base/map.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SETS = 8192, // a power of two
    WAYS = 4,
    QUOTAS_MAX = 4096, // callers with a quota of today: keys, sessions, admin
    DAY_S = 86400,
};

struct bucket {
    uint64_t hash; // 0: free
    int64_t at_us;
    double tokens;
};
struct usage {
    int64_t bytes, documents;
};
struct limits {
    struct limit_rates rates; // immutable, with what stands before mutex
    int64_t quota_bytes, quota_documents;
    uint64_t seed; // so that nobody can choose who shares a set
    pthread_mutex_t mutex; // guards the rest
    struct bucket buckets[SETS][WAYS];
    int64_t day;
    struct map usage; // of that day
};

struct limits *limits_new(
    const struct limit_rates *rates, int64_t quota_bytes, int64_t quota_documents)
{
    struct limits *l = xalloc(sizeof(*l));

    l->rates = *rates;
    l->quota_bytes = quota_bytes;
    l->quota_documents = quota_documents;
    random_bytes(&l->seed, sizeof(l->seed));
    pthread_mutex_init(&l->mutex, NULL);
    map_init(&l->usage, QUOTAS_MAX);
    return l;
}

static void forget_usage(struct limits *l)
{
    size_t at = 0;

    for (struct map_entry *e; (e = map_next(&l->usage, &at));) {
        free(e->value);
    }
    map_done(&l->usage);
    map_init(&l->usage, QUOTAS_MAX);
}

void limits_free(struct limits *l)
{
    if (l) {
        forget_usage(l);
        map_done(&l->usage);
        pthread_mutex_destroy(&l->mutex);
        free(l);
    }
}

static struct bucket *bucket_of(struct limits *l, enum limit_kind kind, struct slice who)
{
    uint64_t hash = hash_bytes(who.data, who.len, l->seed + (uint64_t)kind);
    hash = hash ? hash : 1;
    struct bucket *set = l->buckets[hash & (SETS - 1)], *oldest = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].hash == hash) {
            return &set[i];
        }
        if (set[i].at_us < oldest->at_us) {
            oldest = &set[i];
        }
    }
    *oldest = (struct bucket){ .hash = hash, .tokens = l->rates.burst[kind] };
    return oldest;
}

static int look(struct limits *l, enum limit_kind kind, struct slice who, int64_t now_us, bool take)
{
    double rate = l->rates.per_second[kind], burst = l->rates.burst[kind];
    int wait = 0;

    pthread_mutex_lock(&l->mutex);
    struct bucket *b = bucket_of(l, kind, who);
    if (b->at_us && now_us > b->at_us) {
        b->tokens += (double)(now_us - b->at_us) / 1e6 * rate;
        b->tokens = b->tokens > burst ? burst : b->tokens;
    }
    b->at_us = now_us;
    if (b->tokens < 1) {
        double seconds = (1 - b->tokens) / rate;
        wait = seconds > 3600 ? 3600 : (int)seconds + 1;
    } else if (take) {
        b->tokens -= 1;
    }
    pthread_mutex_unlock(&l->mutex);
    return wait;
}

int limits_take(struct limits *l, enum limit_kind kind, struct slice who, int64_t now_us)
{
    return look(l, kind, who, now_us, true);
}

int limits_ask(struct limits *l, enum limit_kind kind, struct slice who, int64_t now_us)
{
    return look(l, kind, who, now_us, false);
}

struct slice limits_address(const char *peer, char ret[64])
{
    uint8_t address[16];

    snprintf(ret, 64, "%s", peer);
    if (strchr(peer, ':') && inet_pton(AF_INET6, peer, address) == 1) {
        hex_format(address, 8, ret);
    }
    return slice_of(ret);
}

// ---- quotas

static struct usage *usage_of(struct limits *l, struct slice who, int64_t wall_ms)
{
    int64_t day = wall_ms / 1000 / DAY_S;

    if (day != l->day) {
        forget_usage(l);
        l->day = day;
    }
    struct usage *u = map_find(&l->usage, who);
    if (!u) {
        u = xalloc(sizeof(*u));
        if (map_put(&l->usage, who, u) != 0) {
            free(u);
            return NULL;
        }
    }
    return u;
}

int limits_quota_ask(
    struct limits *l, struct slice who, struct quota q, int64_t bytes, int64_t wall_ms)
{
    int64_t most_bytes = q.bytes ? q.bytes : l->quota_bytes;
    int64_t most_documents = q.documents ? q.documents : l->quota_documents;
    bool over = false;

    pthread_mutex_lock(&l->mutex);
    const struct usage *u = usage_of(l, who, wall_ms);
    over =
        !u || bytes > most_bytes || u->bytes > most_bytes - bytes || u->documents >= most_documents;
    pthread_mutex_unlock(&l->mutex);
    return over ? (int)(DAY_S - wall_ms / 1000 % DAY_S) : 0;
}

void limits_quota_take(
    struct limits *l, struct slice who, int64_t documents, int64_t bytes, int64_t wall_ms)
{
    pthread_mutex_lock(&l->mutex);
    struct usage *u = usage_of(l, who, wall_ms);
    if (u) {
        u->bytes += bytes;
        u->documents += documents;
    }
    pthread_mutex_unlock(&l->mutex);
}
