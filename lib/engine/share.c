/* SPDX-License-Identifier: MIT */
/* Knows how the pictures of a part go into the sink of the whole, each under a slot of its own; must not commit. */
#include "engine/engine_priv.h"

/* A part makes one picture; a second place is for a repeated key or a generous server. */
#define SHARE_SLOTS 16

struct share {
    struct pie_sink base;
    const struct pie_mem *mem;
    struct apipie_request *whole;
    uint32_t slots[SHARE_SLOTS]; /* the whole's, by the part's; PIE_SLOT_NONE: not in use */
};

static struct share *share_of(struct pie_sink *s)
{
    return (struct share *)s;
}

static struct pie_sink *share_inner(struct share *s)
{
    return s->whole->run->sink;
}

static apipie_status share_result(struct share *s, apipie_status status)
{
    if (status != APIPIE_OK)
        memcpy(s->base.problem, share_inner(s)->problem, sizeof(s->base.problem));
    return status;
}

static apipie_status share_open(struct pie_sink *base, struct apipie_error *err)
{
    (void)base; /* the whole has opened it */
    (void)err;
    return APIPIE_OK;
}

static apipie_status share_begin(struct pie_sink *base, uint32_t slot, const char *mime)
{
    struct share *s = share_of(base);
    if (slot >= SHARE_SLOTS) {
        pie_text_copy(pie_slice_text("too many pictures in one part"), base->problem,
                      sizeof(base->problem));
        return APIPIE_E_LIMIT;
    }
    if (s->slots[slot] == PIE_SLOT_NONE)
        s->slots[slot] = s->whole->run->next_slot++;
    return share_result(s, share_inner(s)->type->begin(share_inner(s), s->slots[slot], mime));
}

static apipie_status share_write(struct pie_sink *base, uint32_t slot, const uint8_t *p, size_t n)
{
    struct share *s = share_of(base);
    return share_result(s, share_inner(s)->type->write(share_inner(s), s->slots[slot], p, n));
}

static apipie_status share_end(struct pie_sink *base, uint32_t slot)
{
    struct share *s = share_of(base);
    return share_result(s, share_inner(s)->type->end(share_inner(s), s->slots[slot]));
}

static apipie_status share_commit(struct pie_sink *base, uint32_t slot, size_t index, size_t count,
                                  struct pie_image *image)
{
    (void)slot;
    (void)index;
    (void)count;
    (void)image;
    pie_text_copy(pie_slice_text("a part was committed alone"), base->problem,
                  sizeof(base->problem));
    return APIPIE_E_INTERNAL;
}

static void share_abort(struct pie_sink *base, uint32_t slot)
{
    struct share *s = share_of(base);
    if (slot >= SHARE_SLOTS || s->slots[slot] == PIE_SLOT_NONE)
        return;
    share_inner(s)->type->abort(share_inner(s), s->slots[slot]);
    s->slots[slot] = PIE_SLOT_NONE;
}

static void share_close(struct pie_sink *base)
{
    struct share *s = share_of(base);
    for (uint32_t i = 0; i < SHARE_SLOTS; i++)
        share_abort(base, i);
    pie_mem_free(s->mem, s);
}

static int32_t share_can_restart(struct pie_sink *base)
{
    return pie_sink_can_restart(share_inner(share_of(base)));
}

static const struct pie_sink_type share_type = {
    "share",      share_open,  share_begin, share_write,       share_end,
    share_commit, share_abort, share_close, share_can_restart,
};

apipie_status pie_share_new(struct apipie_request *whole, struct pie_sink **ret)
{
    struct share *s = pie_mem_new(whole->mem, 1, sizeof(*s));
    if (s == NULL)
        return APIPIE_E_MEMORY;
    s->base.type = &share_type;
    s->mem = whole->mem;
    s->whole = whole;
    for (uint32_t i = 0; i < SHARE_SLOTS; i++)
        s->slots[i] = PIE_SLOT_NONE;
    *ret = &s->base;
    return APIPIE_OK;
}

uint32_t pie_share_hand_over(struct pie_sink *base, uint32_t slot)
{
    struct share *s = share_of(base);
    if (slot >= SHARE_SLOTS)
        return PIE_SLOT_NONE;
    uint32_t inner = s->slots[slot];
    s->slots[slot] = PIE_SLOT_NONE;
    return inner;
}
