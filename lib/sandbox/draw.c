/* SPDX-License-Identifier: MIT */
/* Knows how a picture is drawn and handed out, as base64 or as a link; must not know who asked. */
#include "sandbox/wires_priv.h"

/* A multiple of 3, so that the pieces join without padding. */
#define DRAW_PIECE 3072

void pie_draw_base64(struct pie_buf *out, struct pie_slice bytes)
{
    char text[DRAW_PIECE / 3 * 4];

    pie_buf_reserve(out, out->n + (size_t)pie_base64_length(bytes.n));
    for (size_t i = 0; i < bytes.n; i += DRAW_PIECE) {
        size_t n = bytes.n - i < DRAW_PIECE ? bytes.n - i : DRAW_PIECE;

        pie_buf_add(out, text, pie_base64_encode((const uint8_t *)bytes.p + i, n, text));
    }
}

/* FNV-1a, with a mark between the parts. */
uint32_t pie_draw_hash(uint32_t h, struct pie_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return (h ^ 0xffu) * 16777619u;
}

uint32_t pie_draw_hash_uint(uint32_t h, uint64_t v)
{
    char text[PIE_NUMBER_MAX];

    pie_number_uint_text(v, text);
    return pie_draw_hash(h, pie_slice_text(text));
}

apipie_status pie_draw(const struct pie_drawing *d, struct pie_buf *out)
{
    struct pie_scene *scene = pie_scene_new(&pie_mem_libc, d->width, d->height, d->prompt, d->seed);
    apipie_status status = APIPIE_E_MEMORY;

    if (scene != NULL)
        status = pie_png_draw(scene, d->width, d->height, d->coarse, out);
    pie_scene_free(scene);
    return status;
}

apipie_status pie_draw_picture(const struct pie_drawing *d, struct pie_picture **ret)
{
    struct pie_picture *picture = pie_picture_new(".png");
    apipie_status status = APIPIE_E_MEMORY;

    if (picture != NULL)
        status = pie_draw(d, &picture->png);
    if (status != APIPIE_OK) {
        pie_picture_unref(picture);
        return status;
    }
    *ret = picture;
    return APIPIE_OK;
}

void pie_draw_value(struct apipie_sandbox *box, const struct pie_fault *f, int32_t base64,
                    struct pie_picture *picture, struct pie_buf *out)
{
    int32_t data = !base64 && f->set & PIE_FAULT_DATAURL;

    pie_buf_add_text(out, data ? "\"data:image/png;base64," : "\"");
    if (data || (base64 && !(f->set & PIE_FAULT_URLIN64)))
        pie_draw_base64(out, pie_buf_slice(&picture->png));
    else
        pie_draw_link(box, f, picture, out);
    pie_buf_add_char(out, '"');
}

void pie_draw_link(struct apipie_sandbox *box, const struct pie_fault *f,
                   struct pie_picture *picture, struct pie_buf *out)
{
    if (f->set & PIE_FAULT_URL404)
        picture->misses = 2;
    picture->wrong_mime = (f->set & PIE_FAULT_WRONGMIME) != 0;
    pie_lock_take(box->lock);
    pie_store_put(&box->store, picture);
    if (!(f->set & PIE_FAULT_RELURL))
        pie_buf_add_text(out, box->root);
    pie_lock_drop(box->lock);
    pie_buf_add_text(out, "/temp/");
    pie_buf_add_text(out, picture->name);
}
