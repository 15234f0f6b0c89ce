/* SPDX-License-Identifier: MIT */
/* Knows that this processor has no wide road. */
#include "codec/base64_priv.h"

size_t pie_base64_wide(const uint8_t *p, size_t n, uint8_t *out)
{
    (void)p;
    (void)n;
    (void)out;
    return 0;
}
