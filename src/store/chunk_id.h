// SPDX-License-Identifier: AGPL-3.0-or-later
// The number of a chunk: partition (20 bits), order within it (35 bits), and its length in words as a logarithm (8 bits, steps
// of 4 %), as Lucene keeps norms. One partition's chunks are so one range of the full-text index, and a score needs no other
// row. Pure.
#ifndef LARDER_STORE_CHUNK_ID_H
#define LARDER_STORE_CHUNK_ID_H

#include <math.h>
#include <stdint.h>

enum { CHUNK_NORM_BITS = 8, CHUNK_ORDER_BITS = 35, CHUNK_NORMS = 256 };

static inline int64_t chunk_id_make(int64_t partition, int64_t order, int64_t words)
{
    double norm = 16 * log2(1 + (double)(words < 0 ? 0 : words));

    return partition << (CHUNK_NORM_BITS + CHUNK_ORDER_BITS) | order << CHUNK_NORM_BITS |
           (int64_t)(norm > 255 ? 255 : norm + 0.5);
}
static inline double chunk_id_words(int64_t id)
{
    return exp2((double)(id & 255) / 16) - 1;
}
static inline int64_t chunk_id_partition(int64_t id)
{
    return id >> (CHUNK_NORM_BITS + CHUNK_ORDER_BITS);
}
static inline int64_t chunk_id_order(int64_t id)
{
    return id >> CHUNK_NORM_BITS & (((int64_t)1 << CHUNK_ORDER_BITS) - 1);
}
static inline int64_t chunk_id_first(
    int64_t partition) // ids of a partition are at least this and below the next one's
{
    return partition << (CHUNK_NORM_BITS + CHUNK_ORDER_BITS);
}

#endif
