/* SPDX-License-Identifier: MIT */
/* Knows what makes two requests the same; must not know where pictures are kept. */
#include "engine/cache_entry_priv.h"

static void cachekey_text(struct pie_buf *out, const char *text)
{
    if (text != NULL)
        pie_json_string(out, pie_slice_text(text));
    else
        pie_buf_add_text(out, "null");
}

/* The first backend is named already. */
static void cachekey_routes(struct pie_buf *out, const struct apipie_request *r)
{
    const struct pie_routes *routes = r->routes;
    pie_buf_add_text(out, ",\"routes\":[");
    for (size_t i = 0; routes != NULL && i < routes->count; i++) {
        pie_buf_add_text(out, i != 0 ? ",[" : "[");
        if (r->places[i] != r->places[0]) {
            cachekey_text(out, r->places[i]->base_url);
            pie_buf_add_char(out, ',');
            cachekey_text(out, r->places[i]->dialect->name);
            pie_buf_add_char(out, ',');
        }
        cachekey_text(out, routes->items[i].provider);
        pie_buf_add_char(out, ',');
        cachekey_text(out, routes->items[i].model);
        pie_buf_add_char(out, ']');
    }
    pie_buf_add_char(out, ']');
}

/* An input image counts by its hash and length: it may be larger than all the rest a thousand times. */
static void cachekey_image(struct pie_buf *out, const void *p, size_t n, const char *mime)
{
    struct pie_hash h;
    char hash[PIE_HASH_TEXT];
    pie_hash_init(&h);
    pie_hash_add(&h, p, n);
    pie_hash_text(&h, hash);
    pie_buf_add_text(out, ",\"image\":{\"hash\":\"");
    pie_buf_add_text(out, hash);
    pie_buf_add_text(out, "\",\"bytes\":");
    pie_buf_add_uint(out, n);
    pie_buf_add_text(out, ",\"mime\":");
    cachekey_text(out, mime);
    pie_buf_add_char(out, '}');
}

void pie_cache_key(const struct apipie_request *r, struct pie_buf *out)
{
    struct pie_wish wish = *r->asked; /* borrows all it points to */
    struct pie_slice url = pie_slice_text(wish.text[PIE_WISH_IMAGE_URL]);
    struct pie_call call;
    const int32_t is_data = pie_slice_starts_nocase(url, "data:");
    if (is_data)
        wish.text[PIE_WISH_IMAGE_URL] = NULL;
    pie_call_init(&call, &wish);
    call.base_url = r->places[0]->base_url;
    pie_buf_add_text(out, "{\"base_url\":");
    cachekey_text(out, r->places[0]->base_url);
    pie_buf_add_text(out, ",\"dialect\":");
    cachekey_text(out, r->places[0]->dialect->name);
    pie_buf_add_text(out, ",\"kind\":");
    pie_buf_add_int(out, wish.kind);
    cachekey_routes(out, r);
    pie_buf_add_text(out, ",\"request\":");
    r->places[0]->dialect->write(&call, out);
    if (is_data)
        cachekey_image(out, url.p, url.n, NULL);
    if (wish.image != NULL)
        cachekey_image(out, wish.image, wish.image_size, wish.image_mime);
    pie_buf_add_char(out, '}');
}
