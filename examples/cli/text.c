/* SPDX-License-Identifier: MIT */
/* Knows UTF-8 and what a terminal obeys; nothing of pictures. */
#include "text.h"

/* Bytes that follow a lead byte, and the least character that may be written so. */
static int lead(unsigned char byte, int32_t *ret_bits, int32_t *ret_least)
{
    if (byte >= 0xC2 && byte <= 0xDF) {
        *ret_bits = byte & 0x1F;
        *ret_least = 0x80;
        return 1;
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        *ret_bits = byte & 0x0F;
        *ret_least = 0x800;
        return 2;
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        *ret_bits = byte & 0x07;
        *ret_least = 0x10000;
        return 3;
    }
    return 0;
}

int32_t cli_text_next(const char *text, size_t *ret_length)
{
    const unsigned char *p = (const unsigned char *)text;
    int32_t character, least;
    int follow;

    *ret_length = 1;
    if (p[0] < 0x80)
        return p[0];
    follow = lead(p[0], &character, &least);
    if (follow == 0)
        return -1;
    /* A NUL is no continuation byte: the loop never reads past the end. */
    for (int i = 1; i <= follow; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return -1;
        character = (character << 6) | (p[i] & 0x3F);
    }
    if (character < least || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
        return -1;
    *ret_length = (size_t)follow + 1;
    return character;
}

int cli_text_steers(int32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

void cli_text_print(FILE *out, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t length;
        int32_t character = cli_text_next(text, &length);

        if (character < 0 || cli_text_steers(character))
            (void)fputc('?', out);
        else
            (void)fwrite(text, 1, length, out);
        text += length;
    }
}
