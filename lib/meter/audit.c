/* SPDX-License-Identifier: MIT */
/* Knows which bills of a ledger and of the gateway are the same call; must not settle anything. */
#include "meter/meter.h"

/* The latest that a call whose end nobody saw can still have been drawn. */
#define AUDIT_LATE_MS INT64_C(600000)
/* A gateway that writes whole seconds cuts the rest off. */
#define AUDIT_SECOND_MS INT64_C(1000)

enum { AUDIT_LEDGER, AUDIT_GATEWAY };
/* Who is matched first: a call that the ledger knows to be billed before one that may never have been drawn. */
enum { AUDIT_EQUAL, AUDIT_BILLED, AUDIT_ALL };

struct audit_work {
    struct apipie_audit *a;
    const struct apipie_history *ledger, *gateway;
    uint32_t *order[2];     /* oldest first */
    uint32_t *match[2];     /* of each row: its other one, from 1; 0: none */
    int64_t from_ms, to_ms; /* what both cover, by our clock */
};

/* ---- times, by our clock */

static int64_t audit_ledger_time(const struct audit_work *w, size_t i)
{
    return pie_bills_number(w->ledger, i, APIPIE_BILL_TIME);
}

static int64_t audit_gateway_time(const struct audit_work *w, size_t i)
{
    int64_t ms = pie_bills_number(w->gateway, i, APIPIE_BILL_TIME);
    return ms >= 0 ? ms - w->gateway->ahead_ms : APIPIE_UNKNOWN;
}

/* How long after it was sent the gateway may have written its bill. */
static int64_t audit_took(const struct audit_work *w, size_t i)
{
    int64_t ms = pie_bills_number(w->ledger, i, APIPIE_BILL_LATENCY);
    return ms >= 0 ? ms : AUDIT_LATE_MS;
}

static int32_t audit_fits_time(const struct audit_work *w, size_t i, size_t j)
{
    int64_t sent = audit_ledger_time(w, i);
    int64_t at = audit_gateway_time(w, j);
    int64_t slack = w->gateway->slack_ms;
    return at >= sent - slack - AUDIT_SECOND_MS && at <= sent + audit_took(w, i) + slack;
}

/* ---- is it the same call? */

static struct pie_slice audit_text(const struct apipie_history *h, size_t i, int32_t field)
{
    return pie_slice_text(pie_bills_text(h, i, field));
}

/* Without "provider/", whichever of the two names that provider. */
static struct pie_slice audit_model(const struct apipie_history *h, size_t i, struct pie_slice own,
                                    struct pie_slice theirs)
{
    struct pie_slice model = audit_text(h, i, APIPIE_BILL_MODEL);
    struct pie_slice bare = pie_slice_behind(model, own);
    return bare.n != model.n ? bare : pie_slice_behind(model, theirs);
}

/* What one of them does not say agrees. */
static int32_t audit_same_text(struct pie_slice a, struct pie_slice b)
{
    return a.n == 0 || b.n == 0 || pie_slice_equal_nocase(a, b.p);
}

/* A pool is the gateway's own choice: the bill names what it chose. */
static int32_t audit_same_route(const struct audit_work *w, size_t i, size_t j)
{
    struct pie_slice own = audit_text(w->ledger, i, APIPIE_BILL_PROVIDER);
    struct pie_slice theirs = audit_text(w->gateway, j, APIPIE_BILL_PROVIDER);
    if (pie_slice_equal_nocase(own, "pool"))
        return 1;
    return audit_same_text(own, theirs) && audit_same_text(audit_model(w->ledger, i, own, theirs),
                                                           audit_model(w->gateway, j, theirs, own));
}

/* Gateways count characters or the units of UTF-16, of which a character has one or two. */
static int32_t audit_same_prompt(const struct audit_work *w, size_t i, size_t j)
{
    int64_t own = pie_bills_number(w->ledger, i, APIPIE_BILL_PROMPT_CHARS);
    int64_t theirs = pie_bills_number(w->gateway, j, APIPIE_BILL_PROMPT_CHARS);
    return own < 0 || theirs < 0 || (theirs >= own && theirs <= 2 * own);
}

static int32_t audit_is_unknown(const struct audit_work *w, size_t i)
{
    return pie_bills_number(w->ledger, i, APIPIE_BILL_BILLED) == APIPIE_BILLED_UNKNOWN;
}

static int32_t audit_same_cost(const struct audit_work *w, size_t i, size_t j)
{
    int64_t own = pie_bills_number(w->ledger, i, APIPIE_BILL_COST);
    return own >= 0 && own == pie_bills_number(w->gateway, j, APIPIE_BILL_COST);
}

static int32_t audit_fits(const struct audit_work *w, size_t i, size_t j, int32_t who)
{
    return w->match[AUDIT_GATEWAY][j] == 0 &&
           pie_bills_number(w->gateway, j, APIPIE_BILL_IMAGES) != 0 && audit_fits_time(w, i, j) &&
           audit_same_route(w, i, j) && audit_same_prompt(w, i, j) &&
           (who != AUDIT_EQUAL || audit_same_cost(w, i, j));
}

/* The first of the gateway's that fits: later calls of the ledger leave less to choose from. Both go forward in time. */
static void audit_match(struct audit_work *w, int32_t who)
{
    size_t first = 0;
    const uint32_t *theirs = w->order[AUDIT_GATEWAY];
    for (size_t k = 0; k < w->ledger->n; k++) {
        uint32_t i = w->order[AUDIT_LEDGER][k];
        int64_t sent = audit_ledger_time(w, i);
        int64_t slack = w->gateway->slack_ms + AUDIT_SECOND_MS;
        if (w->match[AUDIT_LEDGER][i] != 0 || (who != AUDIT_ALL && audit_is_unknown(w, i)))
            continue;
        while (first < w->gateway->n && audit_gateway_time(w, theirs[first]) < sent - slack)
            first++;
        for (size_t n = first; n < w->gateway->n; n++) {
            uint32_t j = theirs[n];
            if (audit_gateway_time(w, j) > sent + audit_took(w, i) + slack)
                break;
            if (!audit_fits(w, i, j, who))
                continue;
            w->match[AUDIT_LEDGER][i] = j + 1;
            w->match[AUDIT_GATEWAY][j] = i + 1;
            break;
        }
    }
}

/* ---- what comes of it */

static void audit_plus(struct audit_work *w, int32_t which, int64_t amount)
{
    if (amount > 0)
        w->a->number[which] = pie_stats_sum(w->a->number[which], amount);
}

static void audit_find(struct audit_work *w, int32_t kind, int64_t time_ms, int64_t ledger,
                       int64_t gateway)
{
    struct pie_audit_row *row = &w->a->rows[w->a->n++];
    row->kind = kind;
    row->time_ms = time_ms;
    row->at[AUDIT_LEDGER] = ledger;
    row->at[AUDIT_GATEWAY] = gateway;
    audit_plus(w, kind, 1);
}

static void audit_pair(struct audit_work *w, size_t i, size_t j, int32_t unknown)
{
    int64_t at = audit_ledger_time(w, i);
    int64_t own = pie_bills_number(w->ledger, i, APIPIE_BILL_COST);
    int64_t theirs = pie_bills_number(w->gateway, j, APIPIE_BILL_COST);
    audit_plus(w, APIPIE_AUDIT_MATCHED, 1);
    audit_plus(w, APIPIE_AUDIT_GATEWAY_COST, theirs);
    if (unknown)
        audit_find(w, APIPIE_AUDIT_FOUND, at, (int64_t)i, (int64_t)j);
    else if (own >= 0 && theirs >= 0 && own != theirs)
        audit_find(w, APIPIE_AUDIT_DIFFERENT, at, (int64_t)i, (int64_t)j);
}

static void audit_judge_ledger(struct audit_work *w, size_t i)
{
    int64_t sent = audit_ledger_time(w, i);
    uint32_t match = w->match[AUDIT_LEDGER][i];
    int32_t unknown = audit_is_unknown(w, i);
    /* Near the edges its bill may be outside of what the gateway was asked for. */
    if (match == 0 && (sent < w->from_ms || sent + audit_took(w, i) > w->to_ms))
        return;
    audit_plus(w, APIPIE_AUDIT_LEDGER_COST, pie_bills_number(w->ledger, i, APIPIE_BILL_COST));
    if (match != 0)
        audit_pair(w, i, match - 1, unknown);
    else if (unknown)
        audit_plus(w, APIPIE_AUDIT_OPEN, 1);
    else
        audit_find(w, APIPIE_AUDIT_MISSING, sent, (int64_t)i, APIPIE_UNKNOWN);
}

static void audit_judge_gateway(struct audit_work *w, size_t j)
{
    int64_t at = audit_gateway_time(w, j);
    if (w->match[AUDIT_GATEWAY][j] != 0 || at < w->from_ms ||
        at >= w->to_ms + w->gateway->slack_ms ||
        pie_bills_number(w->gateway, j, APIPIE_BILL_IMAGES) == 0)
        return;
    audit_plus(w, APIPIE_AUDIT_GATEWAY_COST, pie_bills_number(w->gateway, j, APIPIE_BILL_COST));
    audit_find(w, APIPIE_AUDIT_UNEXPECTED, at, APIPIE_UNKNOWN, (int64_t)j);
}

static int32_t audit_order_rows(const void *user, uint32_t a, uint32_t b)
{
    const struct apipie_audit *audit = user;
    int64_t left = audit->rows[a].time_ms;
    int64_t right = audit->rows[b].time_ms;
    return (left < right) - (left > right);
}

/* ---- making */

static int32_t audit_oldest_first(const void *user, uint32_t a, uint32_t b)
{
    int64_t left = pie_bills_number(user, a, APIPIE_BILL_TIME);
    int64_t right = pie_bills_number(user, b, APIPIE_BILL_TIME);
    return (left > right) - (left < right);
}

static apipie_status audit_make_room(struct audit_work *w)
{
    const struct pie_mem *mem = w->a->mem;
    const struct apipie_history *sides[2] = {w->ledger, w->gateway};
    for (int32_t s = AUDIT_LEDGER; s <= AUDIT_GATEWAY; s++) {
        size_t n = sides[s]->n;
        w->order[s] = pie_mem_new(mem, n, 2 * sizeof(uint32_t));
        w->match[s] = pie_mem_new(mem, n, sizeof(uint32_t));
        if (w->order[s] == NULL || w->match[s] == NULL)
            return APIPIE_E_MEMORY;
        for (size_t i = 0; i < n; i++)
            w->order[s][i] = (uint32_t)i;
        pie_order_sort(w->order[s], w->order[s] + n, n, audit_oldest_first, sides[s]);
    }
    w->a->rows = pie_mem_new(mem, w->ledger->n + w->gateway->n, sizeof(*w->a->rows));
    return w->a->rows != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
}

static void audit_cover(struct audit_work *w)
{
    int64_t from = w->gateway->from_ms;
    int64_t to = w->gateway->to_ms - w->gateway->ahead_ms;
    from = from >= 0 ? from - w->gateway->ahead_ms : from;
    w->from_ms = w->ledger->from_ms > from ? w->ledger->from_ms : from;
    w->to_ms = w->ledger->to_ms < to ? w->ledger->to_ms : to;
}

static apipie_status audit_sort(struct apipie_audit *a)
{
    struct pie_audit_row *rows =
        pie_order_rows(a->mem, a->rows, a->n, sizeof(*rows), audit_order_rows, a);
    if (rows == NULL)
        return APIPIE_E_MEMORY;
    pie_mem_free(a->mem, a->rows);
    a->rows = rows;
    return APIPIE_OK;
}

static void audit_judge(struct audit_work *w)
{
    audit_cover(w);
    int32_t covers = w->from_ms < w->to_ms;
    w->a->number[APIPIE_AUDIT_FROM] = covers ? w->from_ms : APIPIE_UNKNOWN;
    w->a->number[APIPIE_AUDIT_TO] = covers ? w->to_ms : APIPIE_UNKNOWN;
    if (!covers)
        return;
    for (int32_t who = AUDIT_EQUAL; who <= AUDIT_ALL; who++)
        audit_match(w, who);
    for (size_t i = 0; i < w->ledger->n; i++)
        audit_judge_ledger(w, i);
    for (size_t j = 0; j < w->gateway->n; j++)
        audit_judge_gateway(w, j);
}

struct apipie_audit *pie_audit_new(struct apipie_history *ledger, struct apipie_history *gateway)
{
    const struct pie_mem *mem = ledger->mem;
    struct audit_work w = {.ledger = ledger, .gateway = gateway};
    struct apipie_audit *a = w.a = pie_mem_new(mem, 1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->mem = mem;
    a->refs = 1;
    a->side[AUDIT_LEDGER] = ledger;
    a->side[AUDIT_GATEWAY] = gateway;
    apipie_status status = audit_make_room(&w);
    if (status == APIPIE_OK) {
        audit_judge(&w);
        status = audit_sort(a);
    }
    for (int32_t s = AUDIT_LEDGER; s <= AUDIT_GATEWAY; s++) {
        pie_mem_free(mem, w.order[s]);
        pie_mem_free(mem, w.match[s]);
    }
    if (status == APIPIE_OK)
        return a;
    pie_audit_free(a);
    return NULL;
}

void pie_audit_free(struct apipie_audit *a)
{
    if (a == NULL)
        return;
    pie_mem_free(a->mem, a->rows);
    pie_mem_free(a->mem, a);
}
