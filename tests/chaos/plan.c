/* SPDX-License-Identifier: MIT */
/* Knows what goes wrong and when, drawn from a seed; must not know sockets or the library. Pure. */
#include "chaos.h"

#include <string.h>

static uint64_t plan_mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15); /* SplitMix64 */
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

struct chaos_dice chaos_dice(uint64_t seed, uint64_t a, uint64_t b)
{
    struct chaos_dice d = {plan_mix(plan_mix(plan_mix(seed) ^ a) ^ b)};
    return d;
}

uint32_t chaos_below(struct chaos_dice *d, uint32_t n)
{
    d->state += UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)((plan_mix(d->state) >> 32) % n);
}

int32_t chaos_hits(struct chaos_dice *d, uint32_t per_mille)
{
    return chaos_below(d, 1000) < per_mille;
}

/* Streams of dice that have nothing to do with each other. */
enum { PLAN_DOOR = 1, PLAN_ANSWER, PLAN_EARLY, PLAN_GET, PLAN_WISH };

static struct chaos_dice plan_dice(uint64_t seed, int32_t stream, uint64_t a, uint64_t b)
{
    return chaos_dice(seed ^ ((uint64_t)stream << 56), a, b);
}

/* ---- requests */

struct chaos_door chaos_door(uint64_t seed, uint64_t connection, int32_t turn)
{
    struct chaos_dice d = plan_dice(seed, PLAN_DOOR, connection, (uint64_t)turn);
    struct chaos_door door = {CHAOS_READ_ALL, CHAOS_REPLY, 0, 0};
    /* A kept connection dies just when the next request comes: that is what clients get wrong. */
    uint32_t nothing = turn == 0 ? 15 : 30;
    uint32_t throw = chaos_below(&d, 1000);
    if (throw < nothing)
        door.read = CHAOS_READ_NOTHING;
    else if (throw < nothing + 15)
        door.read = CHAOS_READ_HEAD;
    else if (throw < nothing + 35)
        door.read = CHAOS_READ_PART;
    if (door.read == CHAOS_READ_ALL)
        return door;
    door.part = chaos_below(&d, 1000);
    uint32_t ending = chaos_below(&d, door.read == CHAOS_READ_NOTHING ? 9 : 12);
    door.ending = ending < 4   ? CHAOS_CLOSE
                  : ending < 8 ? CHAOS_RESET
                  : ending < 9 ? CHAOS_HOLD
                               : CHAOS_REPLY;
    door.hold_ms = 5 + (int32_t)chaos_below(&d, 30);
    return door;
}

/* ---- replies */

static void plan_manner(struct chaos_dice *d, struct chaos_answer *a)
{
    uint32_t framing = chaos_below(d, 20);
    a->framing = framing < 14 ? 0 : framing < 19 ? 1 : 2;
    a->first_continue = chaos_hits(d, 30);
    a->cost_first = chaos_hits(d, 500);
    a->exponent = chaos_hits(d, 200);
    a->padded = chaos_hits(d, 10);
    a->with_id = chaos_hits(d, 900);
    a->drip = chaos_hits(d, 30) ? 1 + (int32_t)chaos_below(d, 60) : 0;
    a->wait_ms = chaos_hits(d, 300) ? 1 + (int32_t)chaos_below(d, 3) : 0;
}

static void plan_cut(struct chaos_dice *d, struct chaos_answer *a)
{
    static const int32_t endings[] = {CHAOS_CLOSE, CHAOS_CLOSE, CHAOS_CLOSE,
                                      CHAOS_RESET, CHAOS_RESET, CHAOS_HOLD};
    uint32_t where = chaos_below(d, 10);
    a->cut = where < 4 ? 0 : where < 5 ? 999 : 1 + (int32_t)chaos_below(d, 999);
    a->ending = endings[chaos_below(d, 6)];
    a->hold_ms = 40 + (int32_t)chaos_below(d, 60);
}

/* A whole reply, and what becomes of the connection. */
static void plan_after(struct chaos_dice *d, struct chaos_answer *a)
{
    uint32_t after = chaos_below(d, 100);
    a->cut = 1000;
    a->ending = after < 5 ? CHAOS_CLOSE : after < 8 ? CHAOS_RESET : CHAOS_REPLY;
    if (after >= 8 && after < 13) { /* while the next one comes, perhaps */
        a->ending = CHAOS_HOLD;
        a->hold_ms = (int32_t)chaos_below(d, 3);
    }
}

static size_t plan_kind(struct chaos_dice *d, int32_t early)
{
    uint32_t all = 0;
    size_t i = 0;
    for (size_t k = 0; k < chaos_kind_count; k++)
        all += !early || chaos_kinds[k].early ? chaos_kinds[k].weight : 0;
    uint32_t throw = chaos_below(d, all);
    for (i = 0; i + 1 < chaos_kind_count; i++) {
        uint32_t weight = !early || chaos_kinds[i].early ? chaos_kinds[i].weight : 0;
        if (throw < weight)
            break;
        throw -= weight;
    }
    return i;
}

static void plan_bill(struct chaos_dice *d, struct chaos_answer *a)
{
    const struct chaos_kind *k = &chaos_kinds[a->kind];
    int32_t perhaps = chaos_hits(d, 500);
    int64_t amount = chaos_below(d, 30000) * INT64_C(1000000) + chaos_below(d, 1000000) + 1;
    a->billed = k->bill == CHAOS_BILL_ALWAYS || (k->bill == CHAOS_BILL_PERHAPS && perhaps);
    a->amount = a->billed && k->cost != CHAOS_COST_FREE ? amount : 0;
}

struct chaos_answer chaos_answer(uint64_t seed, int32_t number, int32_t times)
{
    struct chaos_dice d = plan_dice(seed, PLAN_ANSWER, (uint64_t)number, (uint64_t)times);
    struct chaos_answer a;
    memset(&a, 0, sizeof(a));
    a.kind = plan_kind(&d, 0);
    plan_bill(&d, &a);
    plan_manner(&d, &a);
    /* Bytes that end with their connection may end anywhere. */
    if (a.framing == 2 && chaos_kinds[a.kind].body == CHAOS_BODY_BYTES)
        a.framing = 0;
    uint32_t fault = chaos_below(&d, 1000);
    if (fault < 130)
        plan_cut(&d, &a);
    else
        plan_after(&d, &a);
    if (fault >= 130 && fault < 150) /* late: perhaps just when a limit ends */
        a.wait_ms = 15 + (int32_t)chaos_below(&d, 40);
    return a;
}

int32_t chaos_is_slow(uint64_t seed, int32_t number)
{
    struct chaos_answer a = chaos_answer(seed, number, 0);
    return a.wait_ms >= 15 || (a.cut < 1000 && a.ending == CHAOS_HOLD);
}

struct chaos_answer chaos_answer_early(uint64_t seed, uint64_t connection, int32_t turn)
{
    struct chaos_dice d = plan_dice(seed, PLAN_EARLY, connection, (uint64_t)turn);
    struct chaos_answer a;
    memset(&a, 0, sizeof(a));
    a.kind = plan_kind(&d, 1);
    plan_manner(&d, &a);
    a.cut = 1000;
    a.ending = CHAOS_CLOSE;
    return a;
}

struct chaos_answer chaos_answer_get(uint64_t seed, uint64_t count, int32_t *ret_status)
{
    struct chaos_dice d = plan_dice(seed, PLAN_GET, count, 0);
    struct chaos_answer a;
    memset(&a, 0, sizeof(a));
    plan_manner(&d, &a);
    a.framing = 0;
    uint32_t fault = chaos_below(&d, 1000);
    *ret_status = fault < 30 ? 404 : fault < 60 ? 500 : fault < 70 ? 403 : 200;
    if (fault >= 70 && fault < 170)
        plan_cut(&d, &a);
    else
        plan_after(&d, &a);
    return a;
}

/* ---- calls */

static void plan_size(struct chaos_dice *d, struct chaos_wish *w)
{
    uint32_t size = chaos_below(d, 1000);
    if (size < 10)
        w->prompt = 20000 + chaos_below(d, 180000);
    else if (size < 20)
        w->picture = 20000 + chaos_below(d, 280000);
    else
        w->prompt = chaos_below(d, 40);
}

static void plan_limits(struct chaos_dice *d, struct chaos_wish *w, int32_t slow, int32_t hurry)
{
    uint32_t which = chaos_below(d, 5);
    int64_t soon = 15 + chaos_below(d, 30);
    if (hurry)
        soon = 1 + chaos_below(d, 12);
    if (!slow && !hurry)
        return;
    if (which < 2)
        w->timeout_ms = soon;
    else if (which < 4)
        w->first_byte_ms = soon;
    if (which > 2)
        w->stall_ms = soon;
    if (hurry)
        w->connect_ms = 1 + chaos_below(d, 5);
}

static void plan_budget(struct chaos_dice *d, struct chaos_wish *w)
{
    uint32_t which = chaos_below(d, 1000);
    int64_t price = chaos_price(w->provider) * w->images;
    w->budget = which < 10 ? price - 1 : which < 30 ? price : APIPIE_UNKNOWN;
}

int64_t chaos_price(int32_t provider)
{
    return INT64_C(30000000000) + provider * INT64_C(1234567891);
}

struct chaos_wish chaos_wish(const struct chaos_form *form, uint64_t seed, int32_t number)
{
    struct chaos_dice d = plan_dice(seed, PLAN_WISH, (uint64_t)number, 0);
    struct chaos_wish w;
    memset(&w, 0, sizeof(w));
    w.number = number;
    w.provider = (int32_t)chaos_below(&d, CHAOS_PROVIDERS);
    w.images = 1 + (int32_t)chaos_below(&d, (uint32_t)form->images);
    plan_size(&d, &w);
    int32_t hurry = chaos_hits(&d, form->hurries);
    plan_limits(&d, &w, chaos_is_slow(seed, number), hurry);
    plan_budget(&d, &w);
    w.cancel_after = chaos_hits(&d, form->cancels) ? (int32_t)chaos_below(&d, 60) : -1;
    w.cancel_apart = chaos_hits(&d, 500);
    w.let_go = chaos_hits(&d, form->lets_go);
    w.sink = chaos_hits(&d, 50);
    return w;
}
