/* SPDX-License-Identifier: MIT */
/* The wide road of the decoder, where the processor has one. meson chooses base64_avx2.c or base64_narrow.c. */
#ifndef PIE_BASE64_PRIV_H
#define PIE_BASE64_PRIV_H

#include "codec/codec.h"

/* Decodes whole blocks while every character is good, and stops before the first block that is not. `out` holds
 * PIE_BASE64_ROOM(n). Returns the characters used, a multiple of 4; three bytes came out for each four. */
size_t pie_base64_wide(const uint8_t *p, size_t n, uint8_t *out);

#endif
