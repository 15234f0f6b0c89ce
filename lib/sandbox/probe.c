/* SPDX-License-Identifier: MIT */
/* Knows by its bytes what kind of picture something is, and whether it arrived whole; must not know what for. Pure. */
#include "sandbox/wires_priv.h"

#define PROBE_PIECE ((size_t)64 * 1024)

static uint32_t probe_big(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* From chunk to chunk up to IEND, with which the file ends. */
static int32_t probe_png_is_whole(const unsigned char *p, size_t n, int32_t *alpha)
{
    size_t at = 8;

    while (n - at >= 12) {
        uint32_t length = probe_big(p + at);

        if (length > n - at - 12)
            return 0;
        if (memcmp(p + at + 4, "tRNS", 4) == 0)
            *alpha = 1;
        at += 12 + (size_t)length;
        if (memcmp(p + at - 8 - length, "IEND", 4) == 0)
            return at == n;
    }
    return 0;
}

static void probe_png(const unsigned char *p, size_t n, struct pie_probe *ret)
{
    uint32_t width, height;

    if (n < 57 || memcmp(p + 12, "IHDR", 4) != 0)
        return;
    width = probe_big(p + 16);
    height = probe_big(p + 20);
    ret->alpha = p[25] == 4 || p[25] == 6;
    if (width < 1 || height < 1 || width > INT32_MAX || height > INT32_MAX ||
        !probe_png_is_whole(p, n, &ret->alpha))
        return;
    ret->kind = PIE_PROBE_PNG;
    ret->width = (int32_t)width;
    ret->height = (int32_t)height;
}

void pie_probe(struct pie_slice bytes, struct pie_probe *ret)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    size_t n = bytes.n;

    memset(ret, 0, sizeof(*ret));
    if (n < 12)
        return;
    if (memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0)
        probe_png(p, n, ret);
    else if (memcmp(p, "\xff\xd8\xff", 3) == 0 && p[n - 2] == 0xff && p[n - 1] == 0xd9)
        ret->kind = PIE_PROBE_JPEG;
    else if (memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0)
        ret->kind = PIE_PROBE_WEBP;
}

apipie_status pie_probe_base64(struct pie_slice text, struct pie_buf *out)
{
    struct pie_base64 d;
    uint8_t *piece = pie_mem_new(out->mem, 1, PIE_BASE64_ROOM(PROBE_PIECE));
    apipie_status status = piece != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    size_t n = 0;

    pie_base64_init(&d);
    for (size_t i = 0; i < text.n && status == APIPIE_OK; i += PROBE_PIECE) {
        size_t part = text.n - i < PROBE_PIECE ? text.n - i : PROBE_PIECE;

        status = pie_base64_decode(&d, text.p + i, part, piece, &n);
        if (status == APIPIE_OK)
            pie_buf_add(out, piece, n);
    }
    if (status == APIPIE_OK)
        status = pie_base64_end(&d, piece, &n);
    if (status == APIPIE_OK)
        pie_buf_add(out, piece, n);
    pie_mem_free(out->mem, piece);
    return status == APIPIE_OK ? out->failed : status;
}

/* ---- the pictures of one call */

void pie_box_inputs_add(struct pie_inputs *in, struct pie_slice bytes,
                        const struct pie_probe *probe)
{
    if (in->count == 0)
        in->first = *probe;
    in->count++;
    in->bytes += bytes.n;
    in->hash = pie_draw_hash(in->hash ^ (uint32_t)bytes.n, bytes);
}

void pie_inputs_mask(struct pie_inputs *in, struct pie_slice bytes)
{
    in->mask_bytes += bytes.n;
    in->hash = pie_draw_hash(in->hash ^ 77u ^ (uint32_t)bytes.n, bytes);
}
