/* SPDX-License-Identifier: MIT */
/* Knows the newest sketch of each image until the host has seen it; must not know how it came. */
#include "engine/engine_priv.h"

struct pie_sketch {
    struct pie_sketch *next; /* of a later image */
    size_t image;
    struct pie_buf bytes;
    const char *mime; /* static */
};

static void sketch_free(struct pie_sketch *s)
{
    const struct pie_mem *mem = s->bytes.mem;
    pie_buf_free(&s->bytes);
    pie_mem_free(mem, s);
}

/* Takes the bytes. NULL without memory: then there is none to see. */
static struct pie_sketch *sketch_new(const struct pie_mem *mem, size_t image, struct pie_buf *bytes,
                                     const char *mime)
{
    struct pie_sketch *s = pie_mem_new(mem, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->image = image;
    s->mime = mime;
    s->bytes = *bytes;
    pie_buf_init(bytes, mem, bytes->max);
    return s;
}

/* In its place. Returns the one that it replaces. The lock is held. */
static struct pie_sketch *sketch_put(struct apipie_request *r, struct pie_sketch *s)
{
    struct pie_sketch **at = &r->sketches;
    while (*at != NULL && (*at)->image < s->image)
        at = &(*at)->next;
    struct pie_sketch *old = *at != NULL && (*at)->image == s->image ? *at : NULL;
    s->next = old != NULL ? old->next : *at;
    *at = s;
    return old;
}

void pie_sketch_came(void *job, size_t image, struct pie_buf *bytes, const char *mime)
{
    const struct apipie_request *part = job;
    struct apipie_request *r = part->whole != NULL ? part->whole : job;
    struct apipie_client *c = r->client;
    if (r->partial_fn == NULL)
        return;
    if (part->whole != NULL) /* as its pictures will be counted */
        image = (size_t)part->part + image * (size_t)r->part_count;
    struct pie_sketch *s = sketch_new(r->mem, image, bytes, mime);
    if (s == NULL)
        return;
    pie_lock_take(c->lock);
    struct pie_sketch *old = sketch_put(r, s);
    pie_deliver_moved(r, PIE_DUE_SKETCH);
    pie_sleep_wake(c, r);
    pie_sleep_wake(c, NULL);
    pie_engine_look_again(c); /* this turn may read before it waits: then it shall not wait */
    pie_lock_drop(c->lock);
    if (old != NULL)
        sketch_free(old);
}

struct pie_sketch *pie_sketch_take(struct apipie_request *r)
{
    struct pie_sketch *list = r->sketches;
    r->sketches = NULL;
    return list;
}

void pie_sketch_tell(struct apipie_request *r, struct pie_sketch *list)
{
    while (list != NULL) {
        struct pie_sketch *s = list;
        list = s->next;
        /* Who has cancelled, perhaps a moment ago in here, wants to see no more. */
        if (!pie_atomic_get(&r->cancel))
            r->partial_fn(r->partial_user.pointer, r, s->image, s->bytes.p, s->bytes.n, s->mime);
        sketch_free(s);
    }
}

void pie_sketch_forget(struct apipie_request *r)
{
    if (r->partial_fn == NULL)
        return;
    pie_lock_take(r->client->lock);
    struct pie_sketch *list = pie_sketch_take(r);
    pie_lock_drop(r->client->lock);
    while (list != NULL) {
        struct pie_sketch *s = list;
        list = s->next;
        sketch_free(s);
    }
}
