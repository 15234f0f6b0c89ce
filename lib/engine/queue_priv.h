/* SPDX-License-Identifier: MIT */
/* A priority queue of jobs: a binary heap by (key, order). Pure. */
#ifndef PIE_QUEUE_PRIV_H
#define PIE_QUEUE_PRIV_H

#include "base/base.h"

#define PIE_QUEUE_NONE SIZE_MAX

/* What an element carries for the queue it is in: its place, so that it can be taken out of the
 * middle. One for each queue that an owner may be in at the same time. */
struct pie_queued {
    size_t at; /* PIE_QUEUE_NONE: in no queue */
    int64_t key;
    uint64_t order; /* first come, first served among equal keys */
    void *owner;
};

struct pie_queue {
    const struct pie_mem *mem;
    struct pie_queued **items; /* items[0] has the smallest key */
    size_t count, room;
};

void pie_queue_init(struct pie_queue *q, const struct pie_mem *mem);
/* Ready for use again. Does not look at the elements that are still in it: they may be gone. */
void pie_queue_free(struct pie_queue *q);
void pie_queued_init(struct pie_queued *e, void *owner);
/* Room for that many elements altogether, so that puts up to there cannot fail. Grows by half at
 * least: one more for each element is cheap. APIPIE_OK or APIPIE_E_MEMORY. */
apipie_status pie_queue_reserve(struct pie_queue *q, size_t count);
/* e must be in no queue. O(log n). APIPIE_OK or APIPIE_E_MEMORY, and then nothing has changed. */
apipie_status pie_queue_put(struct pie_queue *q, struct pie_queued *e, int64_t key, uint64_t order);
/* The smallest, NULL when empty; it stays. */
struct pie_queued *pie_queue_first(const struct pie_queue *q);
/* Takes e out, wherever it is; nothing when it is not in q. O(log n), needs no memory. */
void pie_queue_take(struct pie_queue *q, struct pie_queued *e);
/* A new key for an element that is in q; its order stays. O(log n), needs no memory. */
void pie_queue_move(struct pie_queue *q, struct pie_queued *e, int64_t key);

#endif
