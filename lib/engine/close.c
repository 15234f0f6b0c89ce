/* SPDX-License-Identifier: MIT */
/* Knows how a client goes, whoever drops its last handle and wherever; must not move bytes. */
#include "engine/engine_priv.h"

void pie_close_finish(struct apipie_client *c)
{
    pie_thread_end(&c->mem,
                   c->worker); /* it has seen that we close; on the worker itself it is let go */
    struct pie_transport *transport = pie_lead_to_the_end(c);
    pie_deliver_forget(c);
    if (transport != NULL)
        transport->type->close(transport);
    pie_shelf_clear(c);
    pie_client_drop(c);
}

/* A child after fork(): the threads of the parent are not here, its connections are not ours. What a thread was at work in stays as it
 * is: nobody knows how far it had come. */
static void close_foreign(struct apipie_client *c)
{
    if (!pie_lock_renew(c->lock) || c->leader != 0 || c->jobs != NULL || c->inbox != NULL)
        return;
    c->process = pie_process_id(); /* from here on it is ours, and closed */
    c->closing = 1;
    if (c->transport != NULL)
        c->transport->type->abandon(c->transport);
    c->transport = NULL;
    pie_shelf_clear(c);
    pie_client_drop(c);
}

void pie_client_close(struct apipie_client *c)
{
    if (pie_client_is_foreign(c)) {
        close_foreign(c);
        return;
    }
    pie_lock_take(c->lock);
    c->closing = 1;
    pie_engine_look_again(c);
    pie_sleep_wake_all(c);
    /* Whoever is inside does the rest when he leaves: also this thread, inside a callback. */
    int32_t later =
        c->inside != 0 || (c->worker != NULL && pie_inside_where(c) != PIE_INSIDE_NOTHING);
    c->close_later = later;
    pie_lock_drop(c->lock);
    if (!later)
        pie_close_finish(c);
}
