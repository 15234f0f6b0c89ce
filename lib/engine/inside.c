/* SPDX-License-Identifier: MIT */
/* Knows which callback of which client a thread is in, and which process made a client; must not know what is allowed there. */
#include "engine/engine.h"

void pie_inside_enter(struct pie_inside *f, const struct apipie_client *c, int32_t where)
{
    void **mine = pie_thread_slot();
    f->client = c;
    f->where = where;
    f->before = *mine;
    *mine = f;
}

void pie_inside_leave(struct pie_inside *f)
{
    *pie_thread_slot() = f->before;
}

int32_t pie_inside_where(const struct apipie_client *c)
{
    const struct pie_inside *f = *pie_thread_slot();
    while (f != NULL && f->client != c)
        f = f->before;
    return f != NULL ? f->where : PIE_INSIDE_NOTHING;
}

int32_t pie_client_is_foreign(const struct apipie_client *c)
{
    return c->process != pie_process_id();
}
