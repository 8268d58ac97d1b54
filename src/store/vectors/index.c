// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements index.h.
#include "store/vectors/index.h"
#include "store/vectors/dot.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 64, PARTITIONS_FIRST = 16 };

struct block { // room vectors at most; the first one grows to VECTOR_BLOCK by doubling
    int8_t *numbers;
    float *scales;
    int64_t *chunks;
    uint32_t *documents;
    size_t room;
};
struct part {
    int64_t partition;
    bool filled;
    struct block *blocks;
    size_t block_count, count; // blocks; vectors
};
struct vector_index {
    size_t dimension, padded;
    pthread_rwlock_t lock; // guards all below
    struct part *parts;
    size_t part_count, part_room;
};

struct vector_index *vector_index_new(size_t dimension)
{
    struct vector_index *x = xalloc(sizeof(*x));

    x->dimension = dimension;
    x->padded = dot_padded(dimension);
    pthread_rwlock_init(&x->lock, NULL);
    return x;
}

static void free_block(struct block *b)
{
    free(b->numbers);
    free(b->scales);
    free(b->chunks);
    free(b->documents);
}

void vector_index_free(struct vector_index *x)
{
    if (!x) {
        return;
    }
    for (size_t i = 0; i < x->part_count; i++) {
        for (size_t k = 0; k < x->parts[i].block_count; k++) {
            free_block(&x->parts[i].blocks[k]);
        }
        free(x->parts[i].blocks);
    }
    free(x->parts);
    pthread_rwlock_destroy(&x->lock);
    free(x);
}

size_t vector_index_dimension(const struct vector_index *x)
{
    return x->dimension;
}

static struct part *find(struct vector_index *x, int64_t partition)
{
    for (size_t i = 0; i < x->part_count; i++) {
        if (x->parts[i].partition == partition) {
            return &x->parts[i];
        }
    }
    return NULL;
}

static void *grown(void *p, size_t count, size_t size)
{
    void *larger = reallocarray(p, count, size);

    if (!larger) {
        BUG("no memory for vectors");
    }
    return larger;
}

static struct part *find_or_make(struct vector_index *x, int64_t partition)
{
    struct part *p = find(x, partition);

    if (p) {
        return p;
    }
    if (x->part_count == x->part_room) {
        x->part_room = x->part_room ? 2 * x->part_room : PARTITIONS_FIRST;
        x->parts = grown(x->parts, x->part_room, sizeof(*x->parts));
    }
    p = &x->parts[x->part_count++];
    *p = (struct part){ .partition = partition };
    return p;
}

static void grow_block(struct vector_index *x, struct block *b)
{
    b->room = b->room ? 2 * b->room : FIRST_BLOCK;
    b->numbers = grown(b->numbers, b->room, x->padded);
    b->scales = grown(b->scales, b->room, sizeof(*b->scales));
    b->chunks = grown(b->chunks, b->room, sizeof(*b->chunks));
    b->documents = grown(b->documents, b->room, sizeof(*b->documents));
}

static void add(struct vector_index *x, struct part *p, int64_t chunk, uint32_t document,
    float scale, const int8_t *numbers, size_t len)
{
    size_t in_block = p->count % VECTOR_BLOCK, block = p->count / VECTOR_BLOCK;

    if (block == p->block_count) {
        p->blocks = grown(p->blocks, p->block_count + 1, sizeof(*p->blocks));
        p->blocks[p->block_count++] = (struct block){ 0 };
    }
    struct block *b = &p->blocks[block];
    if (in_block >= b->room) {
        grow_block(x, b);
    }
    memcpy(b->numbers + in_block * x->padded, numbers, len);
    memset(b->numbers + in_block * x->padded + len, 0, x->padded - len);
    b->scales[in_block] = scale;
    b->chunks[in_block] = chunk;
    b->documents[in_block] = document;
    p->count++;
}

bool vector_index_has(struct vector_index *x, int64_t partition)
{
    pthread_rwlock_rdlock(&x->lock);
    struct part *p = find(x, partition);
    bool has = p && p->filled;
    pthread_rwlock_unlock(&x->lock);
    return has;
}

void vector_index_filled(struct vector_index *x, int64_t partition)
{
    pthread_rwlock_wrlock(&x->lock);
    find_or_make(x, partition)->filled = true;
    pthread_rwlock_unlock(&x->lock);
}

void vector_index_add(struct vector_index *x, int64_t partition, int64_t chunk, int64_t document,
    float scale, const int8_t *numbers)
{
    pthread_rwlock_wrlock(&x->lock);
    add(x, find_or_make(x, partition), chunk, (uint32_t)document, scale, numbers, x->dimension);
    pthread_rwlock_unlock(&x->lock);
}

size_t vector_index_count(struct vector_index *x, int64_t partition)
{
    pthread_rwlock_rdlock(&x->lock);
    struct part *p = find(x, partition);
    size_t count = p ? p->count : 0;
    pthread_rwlock_unlock(&x->lock);
    return count;
}

size_t vector_index_bytes(struct vector_index *x)
{
    size_t bytes = 0;

    pthread_rwlock_rdlock(&x->lock);
    for (size_t i = 0; i < x->part_count; i++) {
        for (size_t k = 0; k < x->parts[i].block_count; k++) {
            bytes += x->parts[i].blocks[k].room *
                     (x->padded + sizeof(float) + sizeof(int64_t) + sizeof(uint32_t));
        }
    }
    pthread_rwlock_unlock(&x->lock);
    return bytes;
}

// ---- removal: the last vector takes the free place

static void move(struct vector_index *x, struct part *p, size_t to, size_t from)
{
    struct block *t = &p->blocks[to / VECTOR_BLOCK], *f = &p->blocks[from / VECTOR_BLOCK];
    size_t ti = to % VECTOR_BLOCK, fi = from % VECTOR_BLOCK;

    if (to == from) {
        return;
    }
    memcpy(t->numbers + ti * x->padded, f->numbers + fi * x->padded, x->padded);
    t->scales[ti] = f->scales[fi];
    t->chunks[ti] = f->chunks[fi];
    t->documents[ti] = f->documents[fi];
}

static bool listed(const int64_t *ids, size_t count, int64_t id)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ids[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && ids[low] == id;
}

void vector_index_remove(
    struct vector_index *x, int64_t partition, int64_t document, const int64_t *ids, size_t count)
{
    pthread_rwlock_wrlock(&x->lock);
    struct part *p = find(x, partition);
    for (size_t i = 0; p && i < p->count;) {
        struct block *b = &p->blocks[i / VECTOR_BLOCK];
        size_t at = i % VECTOR_BLOCK;
        if (b->documents[at] == (uint32_t)document && (!ids || listed(ids, count, b->chunks[at]))) {
            move(x, p, i, --p->count);
        } else {
            i++;
        }
    }
    while (
        p && p->block_count > 1 && p->count + VECTOR_BLOCK <= (p->block_count - 1) * VECTOR_BLOCK) {
        free_block(&p->blocks[--p->block_count]);
    }
    pthread_rwlock_unlock(&x->lock);
}

// ---- scan

struct candidate {
    float score;
    int64_t chunk;
    size_t at;
};

static bool worse(const struct candidate *a, const struct candidate *b)
{
    return a->score < b->score || (a->score == b->score && a->chunk > b->chunk);
}

// A heap with the worst on top.
static void sift_down(struct candidate *heap, size_t count)
{
    size_t i = 0;

    for (;;) {
        size_t worst = i, left = 2 * i + 1, right = left + 1;
        if (left < count && worse(&heap[left], &heap[worst])) {
            worst = left;
        }
        if (right < count && worse(&heap[right], &heap[worst])) {
            worst = right;
        }
        if (worst == i) {
            return;
        }
        struct candidate t = heap[i];
        heap[i] = heap[worst];
        heap[worst] = t;
        i = worst;
    }
}

static size_t push(struct candidate *heap, size_t count, size_t limit, struct candidate c)
{
    if (count == limit) {
        if (worse(&heap[0], &c)) {
            heap[0] = c;
            sift_down(heap, count);
        }
        return count;
    }
    size_t i = count;
    heap[i] = c;
    while (i > 0 && worse(&heap[i], &heap[(i - 1) / 2])) {
        struct candidate t = heap[i];
        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = t;
        i = (i - 1) / 2;
    }
    return count + 1;
}

static int by_score(const void *a, const void *b)
{
    const struct vector_match *x = a, *y = b;

    if (x->score != y->score) {
        return x->score < y->score ? 1 : -1;
    }
    return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

static float exact(
    const struct vector_index *x, const struct part *p, size_t at, const float *query)
{
    const struct block *b = &p->blocks[at / VECTOR_BLOCK];
    const int8_t *numbers = b->numbers + at % VECTOR_BLOCK * x->padded;
    double sum = 0;

    for (size_t k = 0; k < x->dimension; k++) {
        sum += (double)query[k] * numbers[k];
    }
    return (float)(sum * b->scales[at % VECTOR_BLOCK]);
}

static bool lets_through(const uint64_t *allowed, int64_t bits, uint32_t document)
{
    return (int64_t)document < bits && (allowed[document / 64] >> (document % 64) & 1);
}

size_t vector_index_scan(struct vector_index *x, int64_t partition, const float *query,
    const uint64_t *allowed, int64_t bits, bool plain, size_t limit, struct vector_match *ret,
    size_t *ret_seen)
{
    dot_fn dot = plain ? dot_plain : dot_best();
    AUTO_FREE int16_t *numbers = xalloc(x->padded * sizeof(*numbers));
    limit = limit > VECTOR_SCAN_MAX ? VECTOR_SCAN_MAX : limit;
    AUTO_FREE struct candidate *heap = xalloc((limit + 1) * sizeof(*heap));
    size_t count = 0, seen = 0;
    float scale = 0;

    dot_quantise_query(query, x->dimension, numbers, x->padded, &scale);
    pthread_rwlock_rdlock(&x->lock);
    struct part *p = find(x, partition);
    for (size_t k = 0; p && limit && k < p->block_count; k++) {
        const struct block *b = &p->blocks[k];
        size_t first = k * VECTOR_BLOCK, n = p->count - first;
        n = p->count <= first ? 0 : n < VECTOR_BLOCK ? n : VECTOR_BLOCK;
        for (size_t i = 0; i < n; i++) {
            if (allowed && !lets_through(allowed, bits, b->documents[i])) {
                continue;
            }
            seen++;
            float score = (float)dot(numbers, b->numbers + i * x->padded, x->padded) * b->scales[i];
            if (count < limit || score >= heap[0].score) {
                count = push(heap, count, limit,
                    (struct candidate){ .score = score, .chunk = b->chunks[i], .at = first + i });
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        ret[i] = (struct vector_match){ heap[i].chunk, exact(x, p, heap[i].at, query) };
    }
    pthread_rwlock_unlock(&x->lock);
    qsort(ret, count, sizeof(*ret), by_score);
    *ret_seen = seen;
    return count;
}

// The places of the wanted ids in an open table, so that one pass over the partition finds them all.
struct wanted {
    size_t mask;
    const int64_t *chunks;
    int32_t *places; // index into chunks, or -1
};

static size_t place_of(int64_t chunk, size_t mask)
{
    return (size_t)((uint64_t)chunk * 0x9E3779B97F4A7C15ULL >> 40) & mask;
}

static void want(struct wanted *w, const int64_t *chunks, size_t count)
{
    size_t room = 64;

    while (room < 4 * count) {
        room *= 2;
    }
    *w = (struct wanted){
        .mask = room - 1, .chunks = chunks, .places = xalloc(room * sizeof(*w->places))
    };
    memset(w->places, 0xff, room * sizeof(*w->places));
    for (size_t i = 0; i < count; i++) {
        size_t at = place_of(chunks[i], w->mask);
        while (w->places[at] >= 0) {
            at = (at + 1) & w->mask;
        }
        w->places[at] = (int32_t)i;
    }
}

void vector_index_score(struct vector_index *x, int64_t partition, const float *query,
    const int64_t *chunks, size_t count, float *ret)
{
    struct wanted w;

    for (size_t i = 0; i < count; i++) {
        ret[i] = NAN;
    }
    want(&w, chunks, count);
    pthread_rwlock_rdlock(&x->lock);
    struct part *p = find(x, partition);
    for (size_t at = 0; p && at < p->count; at++) {
        int64_t chunk = p->blocks[at / VECTOR_BLOCK].chunks[at % VECTOR_BLOCK];
        for (size_t h = place_of(chunk, w.mask); w.places[h] >= 0; h = (h + 1) & w.mask) {
            if (chunks[w.places[h]] == chunk) {
                ret[w.places[h]] = exact(x, p, at, query);
            }
        }
    }
    pthread_rwlock_unlock(&x->lock);
    free(w.places);
}
