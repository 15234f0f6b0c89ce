/* SPDX-License-Identifier: MIT */
/* Knows how to turn base64 into bytes, strictly and in any chunks; must not know where they come from. */
#include "codec/base64_priv.h"

/* In the tables: no character of the alphabet. The high byte of a good group of four stays clear. */
#define DECODE_BAD 0xFF000000u

/* Both alphabets at once: '+' and '-' are 62, '/' and '_' are 63. */
#define DECODE_VALUE(c)                                                                            \
    ((c) >= 'A' && (c) <= 'Z'   ? (uint32_t)(c) - 'A'                                              \
     : (c) >= 'a' && (c) <= 'z' ? (uint32_t)(c) - 'a' + 26                                         \
     : (c) >= '0' && (c) <= '9' ? (uint32_t)(c) - '0' + 52                                         \
     : (c) == '+' || (c) == '-' ? 62u                                                              \
     : (c) == '/' || (c) == '_' ? 63u                                                              \
                                : DECODE_BAD)
#define DECODE_AT(c, shift)                                                                        \
    (DECODE_VALUE(c) == DECODE_BAD ? DECODE_BAD : DECODE_VALUE(c) << (shift))
#define DECODE_4(c, s)                                                                             \
    DECODE_AT(c, s), DECODE_AT((c) + 1, s), DECODE_AT((c) + 2, s), DECODE_AT((c) + 3, s)
#define DECODE_16(c, s)                                                                            \
    DECODE_4(c, s), DECODE_4((c) + 4, s), DECODE_4((c) + 8, s), DECODE_4((c) + 12, s)
#define DECODE_64(c, s)                                                                            \
    DECODE_16(c, s), DECODE_16((c) + 16, s), DECODE_16((c) + 32, s), DECODE_16((c) + 48, s)
#define DECODE_256(s) DECODE_64(0, s), DECODE_64(64, s), DECODE_64(128, s), DECODE_64(192, s)

/* One table for each place in a group, the value already shifted there: four loads and three ORs give three
 * bytes, and one test finds a bad character among eight. */
static const uint32_t decode_table[4][256] = {
    {DECODE_256(18)}, {DECODE_256(12)}, {DECODE_256(6)}, {DECODE_256(0)}};

static uint32_t decode_group(const uint8_t *p)
{
    return decode_table[0][p[0]] | decode_table[1][p[1]] | decode_table[2][p[2]] |
           decode_table[3][p[3]];
}

static void decode_put(uint32_t bits, uint8_t *out)
{
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
}

/* Two groups: written as eight bytes, of which the last two are overwritten later, because compilers make one
 * store of this. */
static void decode_put_two(uint32_t a, uint32_t b, uint8_t *out)
{
    uint64_t w = (uint64_t)a << 40 | (uint64_t)b << 16;
    out[0] = (uint8_t)(w >> 56);
    out[1] = (uint8_t)(w >> 48);
    out[2] = (uint8_t)(w >> 40);
    out[3] = (uint8_t)(w >> 32);
    out[4] = (uint8_t)(w >> 24);
    out[5] = (uint8_t)(w >> 16);
    out[6] = (uint8_t)(w >> 8);
    out[7] = (uint8_t)w;
}

/* Whole groups while they are good. 20 characters must be left, so that the two bytes written too many per step
 * are still inside `out`. Returns the characters used; three bytes came out for each four. */
static size_t decode_fast(const uint8_t *p, size_t n, uint8_t *out)
{
    size_t wide = pie_base64_wide(p, n, out);
    size_t i = wide;
    out += wide / 4 * 3;
    while (n - i >= 20) {
        uint32_t a = decode_group(p + i);
        uint32_t b = decode_group(p + i + 4);
        uint32_t c = decode_group(p + i + 8);
        uint32_t d = decode_group(p + i + 12);
        if (((a | b | c | d) & DECODE_BAD) != 0)
            break;
        decode_put_two(a, b, out);
        decode_put_two(c, d, out + 6);
        out += 12;
        i += 16;
    }
    return i;
}

/* One character that belongs to the data. Returns the bytes that came out: 0 or 3. */
static size_t decode_value(struct pie_base64 *d, uint32_t value, uint8_t *out)
{
    d->bits = d->bits << 6 | value;
    d->have++;
    if (d->have < 4)
        return 0;
    decode_put(d->bits, out);
    d->bits = 0;
    d->have = 0;
    return 3;
}

/* One character of any kind. */
static size_t decode_one(struct pie_base64 *d, uint8_t c, uint8_t *out)
{
    uint32_t value = decode_table[3][c];
    if (value != DECODE_BAD && d->padding == 0)
        return decode_value(d, value, out);
    if (pie_is_blank(c))
        return 0;
    if (c == '=' && d->have >= 2 && d->have + d->padding < 4)
        d->padding++;
    else
        d->broken = 1;
    return 0;
}

void pie_base64_init(struct pie_base64 *d)
{
    memset(d, 0, sizeof(*d));
}

apipie_status pie_base64_decode(struct pie_base64 *d, const char *p, size_t n, uint8_t *out,
                                size_t *ret_n)
{
    const uint8_t *from = (const uint8_t *)p;
    size_t i = 0;
    size_t used = 0;
    while (i < n && !d->broken) {
        if (d->have == 0 && d->padding == 0) {
            size_t fast = decode_fast(from + i, n - i, out + used);
            i += fast;
            used += fast / 4 * 3;
        }
        /* The slow way until a group ends: past a blank, over the seam of two chunks, or into the tail. */
        do {
            if (i == n)
                break;
            used += decode_one(d, from[i], out + used);
            i++;
        } while (!d->broken && d->have != 0);
    }
    if (d->broken && i != 0)
        i--;
    d->offset += i;
    *ret_n = used;
    return d->broken ? APIPIE_E_MALFORMED : APIPIE_OK;
}

apipie_status pie_base64_end(struct pie_base64 *d, uint8_t *out, size_t *ret_n)
{
    static const uint32_t unused_bits[4] = {0, 0x3F, 0x0F, 0x03};
    if (d->broken || d->have == 1 || (d->padding != 0 && d->have + d->padding != 4) ||
        (d->bits & unused_bits[d->have]) != 0) {
        d->broken = 1;
        return APIPIE_E_MALFORMED;
    }
    size_t n = d->have == 0 ? 0 : (size_t)d->have - 1;
    uint32_t bits = d->bits << (d->have == 2 ? 12 : 6);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    *ret_n = n;
    return APIPIE_OK;
}
