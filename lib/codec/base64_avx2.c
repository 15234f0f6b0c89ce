/* SPDX-License-Identifier: MIT */
/* Knows how to decode 32 characters at once with AVX2, after asking the processor; must not judge what is no base64. */
#include "codec/base64_priv.h"

#include <immintrin.h>

#define AVX2_BLOCK 32
/* A step stores 32 bytes of which 24 count: the room of 48 characters has space for them. */
#define AVX2_LEFT 48

static __m256i avx2_between(__m256i c, char low, char high)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(c, _mm256_set1_epi8((char)(low - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(high + 1)), c));
}

static __m256i avx2_is(__m256i c, char one)
{
    return _mm256_cmpeq_epi8(c, _mm256_set1_epi8(one));
}

/* Adds what turns the characters of one kind into their values, and remembers that they are good. */
static __m256i avx2_add(__m256i offset, __m256i kind, int by, __m256i *good)
{
    *good = _mm256_or_si256(*good, kind);
    return _mm256_or_si256(offset, _mm256_and_si256(kind, _mm256_set1_epi8((char)by)));
}

/* Both alphabets, as in the narrow decoder. Bytes over 127 are negative here and belong to no kind. */
static __m256i avx2_values(__m256i c, __m256i *good)
{
    __m256i offset = _mm256_setzero_si256();
    *good = offset;
    offset = avx2_add(offset, avx2_between(c, 'A', 'Z'), -'A', good);
    offset = avx2_add(offset, avx2_between(c, 'a', 'z'), 26 - 'a', good);
    offset = avx2_add(offset, avx2_between(c, '0', '9'), 52 - '0', good);
    offset = avx2_add(offset, avx2_is(c, '+'), 62 - '+', good);
    offset = avx2_add(offset, avx2_is(c, '-'), 62 - '-', good);
    offset = avx2_add(offset, avx2_is(c, '/'), 63 - '/', good);
    offset = avx2_add(offset, avx2_is(c, '_'), 63 - '_', good);
    return _mm256_add_epi8(c, offset);
}

/* 32 values of 6 bits to 24 bytes at the low end. */
static __m256i avx2_pack(__m256i values)
{
    const __m256i bytes = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
                                           2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i words = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0140)); /* a * 64 + b */
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000)); /* ab * 4096 + cd */
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(fours, bytes), words);
}

size_t pie_base64_wide(const uint8_t *p, size_t n, uint8_t *out)
{
    size_t i = 0;
    if (n < AVX2_LEFT || !pie_cpu_has_avx2())
        return 0;
    for (; n - i >= AVX2_LEFT; i += AVX2_BLOCK) {
        __m256i good;
        __m256i values =
            avx2_values(_mm256_loadu_si256((const __m256i *)(const void *)(p + i)), &good);
        if (_mm256_movemask_epi8(good) != -1)
            break;
        _mm256_storeu_si256((__m256i *)(void *)out, avx2_pack(values));
        out += AVX2_BLOCK / 4 * 3;
    }
    return i;
}
