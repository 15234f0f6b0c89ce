/* SPDX-License-Identifier: MIT */
/* Knows which threads sleep while another one leads, and for what; must not know who leads. The client's lock is held throughout.
 * Each sleeps by itself: to wake all of them for every end costs more than the calls. */
#include "engine/engine_priv.h"

/* On the stack of its thread. */
struct pie_sleeper {
    struct pie_sleeper *next, *previous;
    const struct apipie_request *request; /* NULL: it polls */
    int32_t woken;
    struct pie_nap nap;
};

static void sleep_link(struct apipie_client *c, struct pie_sleeper *s)
{
    s->next = c->sleepers;
    if (s->next != NULL)
        s->next->previous = s;
    c->sleepers = s;
}

static void sleep_unlink(struct apipie_client *c, struct pie_sleeper *s)
{
    if (s->previous != NULL)
        s->previous->next = s->next;
    else
        c->sleepers = s->next;
    if (s->next != NULL)
        s->next->previous = s->previous;
}

void pie_sleep(struct apipie_client *c, const struct apipie_request *request, int64_t timeout_ms)
{
    struct pie_sleeper s;
    memset(&s, 0, sizeof(s));
    s.request = request;
    pie_nap_begin(&s.nap);
    sleep_link(c, &s);
    pie_nap_wait(c->lock, &s.nap, timeout_ms);
    sleep_unlink(c, &s);
    pie_nap_end(&s.nap);
}

static void sleep_rouse(struct pie_sleeper *s)
{
    s->woken = 1;
    pie_nap_wake(&s->nap);
}

void pie_sleep_wake(struct apipie_client *c, const struct apipie_request *request)
{
    for (struct pie_sleeper *s = c->sleepers; s != NULL; s = s->next) {
        if (s->request == request)
            sleep_rouse(s);
    }
}

void pie_sleep_wake_all(struct apipie_client *c)
{
    for (struct pie_sleeper *s = c->sleepers; s != NULL; s = s->next)
        sleep_rouse(s);
}

/* One that is woken already will lead, or have something else to do and call the next one. */
void pie_sleep_hand_over(struct apipie_client *c)
{
    if (c->leader != 0 || c->worker != NULL)
        return;
    for (const struct pie_sleeper *s = c->sleepers; s != NULL; s = s->next) {
        if (s->woken)
            return;
    }
    if (c->sleepers != NULL)
        sleep_rouse(c->sleepers);
}
