// SPDX-License-Identifier: AGPL-3.0-or-later
// The product of a question's vector (16 bit) with a passage's (8 bit), in whole numbers: every way of computing it gives the
// same result to the bit. The fastest one that the processor has is chosen at the first call. Pure; any thread.
#ifndef LARDER_STORE_VECTORS_DOT_H
#define LARDER_STORE_VECTORS_DOT_H

#include "base/base.h"

enum {
    DOT_QUERY_MOST = 2047, // of the question's numbers, so that sums of 4096 products fit 32 bits
    DOT_STEP = 32, // vectors are padded with zeros to a multiple
};

typedef int32_t (*dot_fn)(const int16_t *query, const int8_t *passage, size_t padded);
dot_fn dot_best(void);
int32_t dot_plain(const int16_t *query, const int8_t *passage, size_t padded);

static inline size_t dot_padded(size_t dimension)
{
    return (dimension + DOT_STEP - 1) / DOT_STEP * DOT_STEP;
}
// A vector as whole numbers and the factor that brings them back; padded with zeros.
void dot_quantise_passage(
    const float *v, size_t dimension, int8_t *ret, size_t padded, float *ret_scale);
void dot_quantise_query(
    const float *v, size_t dimension, int16_t *ret, size_t padded, float *ret_scale);

#endif
