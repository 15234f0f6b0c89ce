/* SPDX-License-Identifier: MIT */
/* Knows libb64's encoder and its habits, alone in this library; must not know what is encoded. */
#include "codec/codec.h"

#include <b64/cencode.h>

/* Bytes encoded in one go: a multiple of 3, so that only the last piece is padded. */
#define ENCODE_PIECE 1536

uint64_t pie_base64_length(uint64_t n)
{
    return n / 3 * 4 + (n % 3 != 0 ? 4 : 0);
}

/* libb64 1.2 breaks the line after 72 characters and at the end, 2.x does not: line ends are left out here. */
static size_t encode_without_lines(const char *from, size_t n, char *out)
{
    size_t used = 0;
    while (n != 0) {
        const char *stop = memchr(from, '\n', n);
        size_t run = stop != NULL ? (size_t)(stop - from) : n;
        memcpy(out + used, from, run);
        used += run;
        run += stop != NULL ? 1 : 0;
        from += run;
        n -= run;
    }
    return used;
}

static size_t encode_piece(const uint8_t *p, size_t n, char *out)
{
    /* a character and a line end each at the very most, and the padding */
    char text[ENCODE_PIECE / 3 * 8 + 16];
    base64_encodestate state;
    base64_init_encodestate(&state);
    size_t used = (size_t)base64_encode_block((const char *)p, (int)n, text, &state);
    used += (size_t)base64_encode_blockend(text + used, &state);
    return encode_without_lines(text, used, out);
}

size_t pie_base64_encode(const uint8_t *p, size_t n, char *out)
{
    size_t used = 0;
    while (n != 0) {
        size_t piece = n < ENCODE_PIECE ? n : ENCODE_PIECE;
        used += encode_piece(p, piece, out + used);
        p += piece;
        n -= piece;
    }
    return used;
}
