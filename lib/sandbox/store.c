/* SPDX-License-Identifier: MIT */
/* Knows which pictures can still be fetched; must not know HTTP. The caller holds the sandbox's lock. */
#include "sandbox/sandbox_priv.h"

static void store_name(const char *end, char out[40])
{
    pie_answer_id(out);
    memcpy(out + PIE_ANSWER_ID - 1, end, strlen(end) + 1);
}

struct pie_picture *pie_picture_new(const char *end)
{
    struct pie_picture *picture = pie_mem_new(&pie_mem_libc, 1, sizeof(*picture));

    if (picture == NULL)
        return NULL;
    picture->refs = 1;
    store_name(end, picture->name);
    picture->mime = "image/png";
    pie_buf_init(&picture->png, &pie_mem_libc, PIE_STORE_BYTES / 8);
    return picture;
}

struct pie_picture *pie_picture_unref(struct pie_picture *picture)
{
    if (picture == NULL || pie_atomic_add(&picture->refs, -1) != 0)
        return NULL;
    pie_buf_free(&picture->png);
    return pie_mem_free(&pie_mem_libc, picture);
}

static void store_drop_oldest(struct pie_store *store)
{
    struct pie_picture *oldest = store->pictures[0];

    store->count--;
    store->bytes -= oldest->png.n;
    memmove(store->pictures, store->pictures + 1, store->count * sizeof(store->pictures[0]));
    pie_picture_unref(oldest);
}

void pie_store_put(struct pie_store *store, struct pie_picture *picture)
{
    while (store->count != 0 &&
           (store->count == PIE_STORE_COUNT || store->bytes + picture->png.n > PIE_STORE_BYTES))
        store_drop_oldest(store);
    pie_atomic_add(&picture->refs, 1);
    store->pictures[store->count++] = picture;
    store->bytes += picture->png.n;
}

struct pie_picture *pie_store_get(struct pie_store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++) {
        struct pie_picture *picture = store->pictures[i];

        if (strcmp(picture->name, name) != 0)
            continue;
        if (picture->misses > 0) {
            picture->misses--;
            return NULL;
        }
        pie_atomic_add(&picture->refs, 1);
        return picture;
    }
    return NULL;
}

void pie_store_clear(struct pie_store *store)
{
    while (store->count != 0)
        store_drop_oldest(store);
}
