/* SPDX-License-Identifier: MIT */
/* Knows how the host's own functions are called, and when; must not know what they do. */
#include "flow/sink_priv.h"

struct sinkhost {
    struct pie_sink base;
    const struct pie_mem *mem;
    const struct pie_host_sink *host; /* in the wish */
    struct pie_slots slots;           /* of uint8_t: 1 while the host waits for commit or abort */
};

static struct sinkhost *sinkhost_of(struct pie_sink *s)
{
    return (struct sinkhost *)(void *)s;
}

/* The host's status is its own affair: it may be any number. */
static apipie_status sinkhost_answer(struct pie_sink *s, apipie_status status, const char *problem)
{
    if (status == APIPIE_OK)
        return APIPIE_OK;
    pie_text_copy(pie_slice_text(problem), s->problem, sizeof(s->problem));
    return APIPIE_E_SINK;
}

static apipie_status sinkhost_open(struct pie_sink *s, struct apipie_error *err)
{
    (void)s;
    (void)err;
    return APIPIE_OK;
}

static apipie_status sinkhost_begin(struct pie_sink *s, uint32_t slot, const char *mime)
{
    struct sinkhost *h = sinkhost_of(s);
    uint8_t *open = pie_slots_get(&h->slots, slot);
    if (open == NULL) {
        pie_text_copy(pie_slice_text("out of memory"), s->problem, sizeof(s->problem));
        return APIPIE_E_MEMORY;
    }
    *open = 1;
    if (h->host->begin == NULL)
        return APIPIE_OK;
    return sinkhost_answer(s, h->host->begin(h->host->user, slot, mime),
                           "the program's sink refused to begin");
}

static apipie_status sinkhost_write(struct pie_sink *s, uint32_t slot, const uint8_t *p, size_t n)
{
    struct sinkhost *h = sinkhost_of(s);
    return sinkhost_answer(s, h->host->write(h->host->user, slot, p, n),
                           "the program's sink refused the bytes");
}

static apipie_status sinkhost_end(struct pie_sink *s, uint32_t slot)
{
    struct sinkhost *h = sinkhost_of(s);
    if (h->host->end == NULL)
        return APIPIE_OK;
    return sinkhost_answer(s, h->host->end(h->host->user, slot),
                           "the program's sink refused the end");
}

/* Once only, and only for what began. */
static int32_t sinkhost_settle(struct sinkhost *h, uint32_t slot)
{
    uint8_t *open = slot < h->slots.count ? pie_slots_get(&h->slots, slot) : NULL;
    if (open == NULL || *open == 0)
        return 0;
    *open = 0;
    return 1;
}

/* A commit that the host refuses needs no abort: it said so itself. */
static apipie_status sinkhost_commit(struct pie_sink *s, uint32_t slot, size_t index, size_t count,
                                     struct pie_image *image)
{
    struct sinkhost *h = sinkhost_of(s);
    (void)count;
    (void)image;
    sinkhost_settle(h, slot);
    if (h->host->commit == NULL)
        return APIPIE_OK;
    return sinkhost_answer(s, h->host->commit(h->host->user, slot, index),
                           "the program's sink refused the picture");
}

static void sinkhost_abort(struct pie_sink *s, uint32_t slot)
{
    struct sinkhost *h = sinkhost_of(s);
    if (sinkhost_settle(h, slot) && h->host->abort_slot != NULL)
        h->host->abort_slot(h->host->user, slot);
}

static void sinkhost_close(struct pie_sink *s)
{
    struct sinkhost *h = sinkhost_of(s);
    for (size_t i = 0; i < h->slots.count; i++)
        sinkhost_abort(s, (uint32_t)i);
    pie_mem_free(h->mem, h->slots.list);
    pie_mem_free(h->mem, h);
}

static const struct pie_sink_type sinkhost_type = {"host",         sinkhost_open,  sinkhost_begin,
                                                   sinkhost_write, sinkhost_end,   sinkhost_commit,
                                                   sinkhost_abort, sinkhost_close, NULL};

apipie_status pie_sink_host_new(const struct pie_mem *mem, const struct pie_wish *wish,
                                struct pie_sink **ret)
{
    struct sinkhost *h = pie_mem_new(mem, 1, sizeof(*h));
    if (h == NULL)
        return APIPIE_E_MEMORY;
    h->base.type = &sinkhost_type;
    h->mem = mem;
    h->host = &wish->sink;
    h->slots.mem = mem;
    h->slots.record = 1;
    *ret = &h->base;
    return APIPIE_OK;
}
