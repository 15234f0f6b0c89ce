/* SPDX-License-Identifier: MIT */
/* Knows what makes two requests the same; must not know where pictures are kept. */
#include "engine/cache_entry_priv.h"

/* Bytes of a file that are hashed at a time. */
#define CACHEKEY_PIECE 16384

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

/* A picture counts by its hash and length: it may be larger than all the rest a thousand times. */
static void cachekey_hash(struct pie_buf *out, const struct pie_hash *h, uint64_t n,
                          const char *mime)
{
    char hash[PIE_HASH_TEXT];
    pie_hash_text(h, hash);
    pie_buf_add_text(out, "{\"hash\":\"");
    pie_buf_add_text(out, hash);
    pie_buf_add_text(out, "\",\"bytes\":");
    pie_buf_add_uint(out, n);
    pie_buf_add_text(out, ",\"mime\":");
    cachekey_text(out, mime);
    pie_buf_add_char(out, '}');
}

/* What is in the file now: it must still be that when it is sent, or nothing is. */
static apipie_status cachekey_read(const struct pie_input *in, struct pie_hash *h)
{
    uint8_t piece[CACHEKEY_PIECE];
    pie_file f = PIE_FILE_NONE;
    const char *reason = NULL;
    uint64_t at = 0;
    size_t n = 1;
    apipie_status status = pie_file_open_same(in->p, &in->stamp, &f, &reason);
    if (status != APIPIE_OK)
        return status;
    while (status == APIPIE_OK && n != 0 && at < in->stamp.size) {
        status = pie_file_read_at(f, at, piece, sizeof(piece), &n, &reason);
        if (status == APIPIE_OK)
            pie_hash_add(h, piece, n);
        at += n;
    }
    if (status == APIPIE_OK)
        status = pie_file_is_as(f, &in->stamp, &reason);
    pie_file_close(f, &reason);
    return status;
}

static apipie_status cachekey_input(struct pie_buf *out, const struct pie_input *in)
{
    struct pie_hash h;
    apipie_status status = APIPIE_OK;
    if (in->kind == PIE_INPUT_NONE) {
        pie_buf_add_text(out, "null");
        return APIPIE_OK;
    }
    if (in->kind == PIE_INPUT_URL && !pie_input_is_data_url(in)) {
        cachekey_text(out, in->p);
        return APIPIE_OK;
    }
    pie_hash_init(&h);
    if (in->kind == PIE_INPUT_FILE)
        status = cachekey_read(in, &h);
    else
        pie_hash_add(&h, in->p, in->n);
    cachekey_hash(out, &h, in->kind == PIE_INPUT_FILE ? in->stamp.size : in->n, in->mime);
    return status;
}

/* The mask, and then the images. */
static apipie_status cachekey_inputs(struct pie_buf *out, const struct pie_wish *w)
{
    if (w->images.count == 0 && w->mask.kind == PIE_INPUT_NONE)
        return APIPIE_OK;
    pie_buf_add_text(out, ",\"inputs\":[");
    apipie_status status = cachekey_input(out, &w->mask);
    for (size_t i = 0; i < w->images.count && status == APIPIE_OK; i++) {
        pie_buf_add_char(out, ',');
        status = cachekey_input(out, &w->images.items[i]);
    }
    pie_buf_add_char(out, ']');
    if (w->transfer == APIPIE_TRANSFER_INLINE) /* what is uploaded may be resized */
        pie_buf_add_text(out, ",\"inline\":1");
    return status;
}

/* What the first backend's wire leaves out may be what another one's draws with. */
static void cachekey_others(struct pie_buf *out, const struct apipie_request *r,
                            const struct pie_call *call)
{
    for (size_t i = 1; r->routes != NULL && i < r->routes->count; i++) {
        const struct pie_dialect *d = r->places[i]->dialect;
        size_t before = 0;
        while (before < i && r->places[before]->dialect != d)
            before++;
        if (before < i)
            continue;
        pie_buf_add_text(out, ",\"request_");
        pie_buf_add_text(out, d->name);
        pie_buf_add_text(out, "\":");
        d->write(call, out);
    }
    if (call->wish->unsupported == APIPIE_UNSUPPORTED_REFUSE)
        return;
    pie_buf_add_text(out, ",\"unsupported\":");
    pie_buf_add_int(out, call->wish->unsupported);
}

apipie_status pie_cache_key(const struct apipie_request *r, struct pie_buf *out)
{
    struct pie_wish wish = *r->asked; /* borrows all it points to */
    struct pie_call call;
    wish.images.count = 0;
    wish.mask.kind = PIE_INPUT_NONE;
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
    cachekey_others(out, r, &call);
    apipie_status status = cachekey_inputs(out, r->asked);
    pie_buf_add_char(out, '}');
    return status == APIPIE_OK ? out->failed : status;
}
