// SPDX-License-Identifier: AGPL-3.0-or-later
// Implements dot.h.
#include "store/vectors/dot.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

int32_t dot_plain(const int16_t *query, const int8_t *passage, size_t padded)
{
    int32_t sum = 0;

    for (size_t i = 0; i < padded; i++) {
        sum += query[i] * passage[i];
    }
    return sum;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static int32_t dot_avx2(
    const int16_t *query, const int8_t *passage, size_t padded)
{
    __m256i a = _mm256_setzero_si256(), b = a;

    for (size_t i = 0; i < padded; i += DOT_STEP) {
        __m256i p = _mm256_loadu_si256((const __m256i *)(passage + i));
        __m256i low = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(p));
        __m256i high = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(p, 1));
        a = _mm256_add_epi32(
            a, _mm256_madd_epi16(low, _mm256_loadu_si256((const __m256i *)(query + i))));
        b = _mm256_add_epi32(
            b, _mm256_madd_epi16(high, _mm256_loadu_si256((const __m256i *)(query + i + 16))));
    }
    a = _mm256_add_epi32(a, b);
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
    return _mm_cvtsi128_si32(s);
}
#endif

static bool has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

dot_fn dot_best(void)
{
#if defined(__x86_64__)
    if (has_avx2()) {
        return dot_avx2;
    }
#endif
    return dot_plain;
}

static float largest(const float *v, size_t dimension)
{
    float most = 0;

    for (size_t i = 0; i < dimension; i++) {
        most = fabsf(v[i]) > most ? fabsf(v[i]) : most;
    }
    return most;
}

void dot_quantise_passage(
    const float *v, size_t dimension, int8_t *ret, size_t padded, float *ret_scale)
{
    float most = largest(v, dimension);

    for (size_t i = 0; i < padded; i++) {
        ret[i] = i < dimension && most > 0 ? (int8_t)lrintf(v[i] / most * 127) : 0;
    }
    *ret_scale = most / 127;
}

void dot_quantise_query(
    const float *v, size_t dimension, int16_t *ret, size_t padded, float *ret_scale)
{
    float most = largest(v, dimension);

    for (size_t i = 0; i < padded; i++) {
        ret[i] = i < dimension && most > 0 ? (int16_t)lrintf(v[i] / most * DOT_QUERY_MOST) : 0;
    }
    *ret_scale = most / DOT_QUERY_MOST;
}
