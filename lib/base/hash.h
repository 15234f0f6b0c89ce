/* SPDX-License-Identifier: MIT */
/* Hashes: what the same bytes have in common. */
#ifndef PIE_HASH_H
#define PIE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a of 128 bits: small and well spread. No defence against forgers. */
struct pie_hash {
    uint64_t high, low;
};

#define PIE_HASH_TEXT 33

void pie_hash_init(struct pie_hash *h);
void pie_hash_add(struct pie_hash *h, const void *p, size_t n);
void pie_hash_text(const struct pie_hash *h, char out[PIE_HASH_TEXT]);

/* FNV-1a of 64 bits, for places in a table in memory: begun with PIE_HASH_SHORT, folded at the end, for the low bits of a product
 * know nothing of the high ones. */
#define PIE_HASH_SHORT UINT64_C(14695981039346656037)
uint64_t pie_hash_short(uint64_t h, const char *p, size_t n);
uint64_t pie_hash_short_nocase(uint64_t h, const char *p, size_t n);
uint64_t pie_hash_fold(uint64_t h);

/* Fletcher's sums, of bytes, modulo 2^64, begun with zeros: finds what a disk or a crash did to a picture, several times as fast. */
void pie_hash_sum(struct pie_hash *h, const void *p, size_t n);

#endif
