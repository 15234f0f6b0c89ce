/* SPDX-License-Identifier: MIT */
/* Knows hashes of bytes; must not know what is hashed. */
#include "base/base.h"

void pie_hash_init(struct pie_hash *h)
{
    h->high = UINT64_C(0x6C62272E07BB0142);
    h->low = UINT64_C(0x62B821756295C58D);
}

/* Times 2^88 + 0x13B. The upper half of low's product stands apart, so that the bytes do not wait for it. */
void pie_hash_add(struct pie_hash *h, const void *p, size_t n)
{
    const uint8_t *at = p;
    uint64_t high = h->high, low = h->low;
    for (size_t i = 0; i < n; i++) {
        low ^= at[i];
        uint64_t over = ((low >> 32) * 0x13B + ((low & UINT32_MAX) * 0x13B >> 32)) >> 32;
        high = high * 0x13B + over + (low << 24);
        low *= 0x13B;
    }
    h->high = high;
    h->low = low;
}

#define HASH_SHORT_PRIME UINT64_C(1099511628211)

uint64_t pie_hash_short(uint64_t h, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * HASH_SHORT_PRIME;
    return h;
}

uint64_t pie_hash_short_nocase(uint64_t h, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint64_t)pie_lower((unsigned char)p[i])) * HASH_SHORT_PRIME;
    return h;
}

uint64_t pie_hash_fold(uint64_t h)
{
    return h ^ h >> 32;
}

void pie_hash_sum(struct pie_hash *h, const void *p, size_t n)
{
    const uint8_t *at = p;
    uint64_t high = h->high, low = h->low;
    for (size_t i = 0; i < n; i++) {
        low += at[i];
        high += low;
    }
    h->high = high;
    h->low = low;
}

void pie_hash_text(const struct pie_hash *h, char out[PIE_HASH_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        out[i] = hex[h->high >> (60 - 4 * i) & 15];
        out[16 + i] = hex[h->low >> (60 - 4 * i) & 15];
    }
    out[32] = '\0';
}
