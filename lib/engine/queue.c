/* SPDX-License-Identifier: MIT */
/* Knows which of many elements has the smallest key; must not know what they are or ask a clock. */
#include "engine/queue_priv.h"

#define QUEUE_FIRST_ROOM 16

void pie_queue_init(struct pie_queue *q, const struct pie_mem *mem)
{
    memset(q, 0, sizeof(*q));
    q->mem = mem;
}

void pie_queue_free(struct pie_queue *q)
{
    pie_mem_free(q->mem, q->items);
    pie_queue_init(q, q->mem);
}

void pie_queued_init(struct pie_queued *e, void *owner)
{
    memset(e, 0, sizeof(*e));
    e->at = PIE_QUEUE_NONE;
    e->owner = owner;
}

apipie_status pie_queue_reserve(struct pie_queue *q, size_t count)
{
    size_t most = SIZE_MAX / sizeof(*q->items);
    if (count <= q->room)
        return APIPIE_OK;
    if (count > most)
        return APIPIE_E_MEMORY;
    size_t room = q->room < most / 2 ? q->room + q->room / 2 : most;
    room = room > QUEUE_FIRST_ROOM ? room : QUEUE_FIRST_ROOM;
    room = room > count ? room : count;
    struct pie_queued **items = pie_mem_resize(q->mem, q->items, room * sizeof(*items));
    if (items == NULL)
        return APIPIE_E_MEMORY;
    q->items = items;
    q->room = room;
    return APIPIE_OK;
}

static int32_t queue_before(const struct pie_queued *a, const struct pie_queued *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void queue_set(struct pie_queue *q, size_t at, struct pie_queued *e)
{
    q->items[at] = e;
    e->at = at;
}

/* e belongs at `at` or nearer to the top. */
static void queue_rise(struct pie_queue *q, struct pie_queued *e, size_t at)
{
    while (at > 0) {
        size_t above = (at - 1) / 2;
        if (!queue_before(e, q->items[above]))
            break;
        queue_set(q, at, q->items[above]);
        at = above;
    }
    queue_set(q, at, e);
}

/* e belongs at `at` or farther from the top. */
static void queue_sink(struct pie_queue *q, struct pie_queued *e, size_t at)
{
    for (;;) {
        size_t below = at * 2 + 1;
        if (below >= q->count)
            break;
        if (below + 1 < q->count && queue_before(q->items[below + 1], q->items[below]))
            below++;
        if (!queue_before(q->items[below], e))
            break;
        queue_set(q, at, q->items[below]);
        at = below;
    }
    queue_set(q, at, e);
}

/* e is to stand at `at` or wherever else its key says. */
static void queue_settle(struct pie_queue *q, struct pie_queued *e, size_t at)
{
    if (at > 0 && queue_before(e, q->items[(at - 1) / 2]))
        queue_rise(q, e, at);
    else
        queue_sink(q, e, at);
}

apipie_status pie_queue_put(struct pie_queue *q, struct pie_queued *e, int64_t key, uint64_t order)
{
    apipie_status status = pie_queue_reserve(q, q->count + 1);
    if (status != APIPIE_OK)
        return status;
    e->key = key;
    e->order = order;
    queue_rise(q, e, q->count++);
    return APIPIE_OK;
}

struct pie_queued *pie_queue_first(const struct pie_queue *q)
{
    return q->count != 0 ? q->items[0] : NULL;
}

static int32_t queue_has(const struct pie_queue *q, const struct pie_queued *e)
{
    return e->at < q->count && q->items[e->at] == e;
}

void pie_queue_take(struct pie_queue *q, struct pie_queued *e)
{
    if (!queue_has(q, e))
        return;
    size_t at = e->at;
    struct pie_queued *last = q->items[--q->count];
    e->at = PIE_QUEUE_NONE;
    if (last != e)
        queue_settle(q, last, at);
}

void pie_queue_move(struct pie_queue *q, struct pie_queued *e, int64_t key)
{
    if (!queue_has(q, e))
        return;
    e->key = key;
    queue_settle(q, e, e->at);
}
