/* SPDX-License-Identifier: MIT */
/* Knows how the host gets at the figures, and when it is told of them by itself; must not count. */
#include "engine/engine_priv.h"

struct apipie_stats *pie_engine_stats(struct apipie_client *c)
{
    if (pie_client_is_foreign(c)) /* a thread of the parent may have held the lock */
        return NULL;
    struct apipie_stats *s = pie_stats_take(c->counters, &c->mem);
    if (s == NULL)
        return NULL;
    s->client = c;
    pie_client_keep(c);
    return s;
}

void pie_engine_stats_drop(struct apipie_stats *s)
{
    if (s == NULL || pie_atomic_add(&s->refs, -1) != 0)
        return;
    struct apipie_client *c = s->client;
    pie_stats_free(s);
    pie_client_drop(c);
}

/* ---- every so often */

void pie_inform_set(struct apipie_client *c, struct pie_hook *hook, int64_t every_ms)
{
    pie_lock_take(c->lock);
    struct pie_hook *old = c->stats_hook;
    c->stats_hook = hook;
    c->stats_every_ms = every_ms;
    c->stats_due_ms = hook != NULL ? pie_clock_ms() + every_ms : INT64_MAX;
    /* Whoever sleeps already shall not sleep longer than that. */
    pie_engine_look_again(c);
    pie_sleep_wake_all(c);
    pie_lock_drop(c->lock);
    pie_hook_drop(old);
}

int64_t pie_inform_due_ms(const struct apipie_client *c)
{
    return c->closing ? INT64_MAX : c->stats_due_ms;
}

int32_t pie_inform_is_due(const struct apipie_client *c)
{
    int64_t due = pie_inform_due_ms(c);
    return due != INT64_MAX && due <= pie_clock_ms();
}

static void inform_tell(struct apipie_client *c, const struct pie_hook *hook)
{
    struct pie_inside frame;
    struct apipie_stats *s = pie_engine_stats(c);
    if (s == NULL) /* next time, perhaps */
        return;
    pie_inside_enter(&frame, c, PIE_INSIDE_CALL);
    hook->stats(hook->user, s);
    pie_inside_leave(&frame);
    pie_engine_stats_drop(s);
}

void pie_inform_call(struct apipie_client *c)
{
    if (!pie_inform_is_due(c))
        return;
    struct pie_hook *hook = pie_hook_keep(c->stats_hook);
    c->stats_due_ms = pie_clock_ms() + c->stats_every_ms;
    pie_sleep_hand_over(c);
    pie_lock_drop(c->lock);
    inform_tell(c, hook);
    pie_hook_drop(hook);
    pie_lock_take(c->lock);
}
