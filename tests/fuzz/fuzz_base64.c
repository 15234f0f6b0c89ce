/* SPDX-License-Identifier: MIT */
/* base64 from a stranger: byte 0 is the size of the pieces, the rest the text. */
#include "fuzz.h"
#include "codec/codec.h"

struct decoded {
    apipie_status status;
    uint64_t offset;
    uint8_t *bytes;
    size_t n;
};

static void fuzz_decode(const uint8_t *text, size_t n, size_t step, struct decoded *ret)
{
    struct pie_base64 d;
    size_t got = 0;
    ret->bytes = malloc(PIE_BASE64_ROOM(n) + 2);
    FUZZ_NEED(ret->bytes != NULL);
    ret->n = 0;
    ret->status = APIPIE_OK;
    pie_base64_init(&d);
    for (size_t at = 0; at < n && ret->status == APIPIE_OK;) {
        size_t piece = step < n - at ? step : n - at;
        uint8_t *out = malloc(PIE_BASE64_ROOM(piece));
        FUZZ_NEED(out != NULL);
        ret->status = pie_base64_decode(&d, (const char *)text + at, piece, out, &got);
        FUZZ_NEED(ret->n + got <= PIE_BASE64_ROOM(n));
        memcpy(ret->bytes + ret->n, out, got);
        ret->n += got;
        free(out);
        at += piece;
    }
    if (ret->status == APIPIE_OK)
        ret->status = pie_base64_end(&d, ret->bytes + ret->n, &got);
    if (ret->status == APIPIE_OK)
        ret->n += got;
    ret->offset = d.offset;
}

/* Good text is what the encoder writes, but for blanks, the alphabet and the padding. */
static void fuzz_is_what_the_encoder_writes(const uint8_t *text, size_t n, const struct decoded *d)
{
    size_t encoded_n = (size_t)pie_base64_length(d->n);
    char *encoded = malloc(encoded_n + 1);
    FUZZ_NEED(encoded != NULL);
    FUZZ_NEED(pie_base64_encode(d->bytes, d->n, encoded) == encoded_n);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        char c = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
        if (pie_is_blank(c))
            continue;
        FUZZ_NEED(at < encoded_n && encoded[at] == c);
        at++;
    }
    while (at < encoded_n && encoded[at] == '=')
        at++;
    FUZZ_NEED(at == encoded_n);
    free(encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decoded whole, pieces;
    if (size < 1)
        return 0;
    fuzz_decode(data + 1, size - 1, size, &whole);
    fuzz_decode(data + 1, size - 1, (size_t)data[0] + 1, &pieces);
    FUZZ_NEED(whole.status == pieces.status && whole.offset == pieces.offset);
    FUZZ_NEED(whole.n == pieces.n && memcmp(whole.bytes, pieces.bytes, whole.n) == 0);
    if (whole.status == APIPIE_OK)
        fuzz_is_what_the_encoder_writes(data + 1, size - 1, &whole);
    free(whole.bytes);
    free(pieces.bytes);
    return 0;
}
