/* SPDX-License-Identifier: MIT */
/* Knows the promises, and compares what the callers saw, the server's book and the ledger; must not make calls. */
#include "chaos.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One call, as each of the three tells it. */
struct audit_call {
    const struct chaos_crowd *run;
    struct chaos_wish wish;
    const struct chaos_report *report;
    struct chaos_arrival *arrivals;
    size_t arrival_count;
    const struct chaos_entry *entries;
    size_t entry_count;
    int64_t billed_sum; /* the server's */
    int32_t billed;     /* arrivals */
    int32_t yes, unknown;
    int64_t yes_sum, unknown_sum; /* the ledger's */
};

static int audit_number(const struct audit_call *c)
{
    return (int)c->wish.number;
}

/* ---- what arrived */

/* May it be sent again after this arrival? */
static int32_t audit_may_repeat(const struct chaos_form *form, const struct chaos_arrival *a)
{
    if (form->policy == APIPIE_RETRY_ALWAYS || a->again == CHAOS_AGAIN_HOP)
        return 1;
    if (form->policy == APIPIE_RETRY_NEVER)
        return a->again == CHAOS_AGAIN_REFUSED && a->kind == (int32_t)chaos_kind_count - 1;
    return a->again == CHAOS_AGAIN_REFUSED || (a->again == CHAOS_AGAIN_ROUTE && form->routes != 0);
}

/* Parts of a call go side by side, each with its key; else a call is one thing, whatever keys its routes have. */
static int32_t audit_same(const struct audit_call *c, size_t i, size_t k)
{
    return c->wish.images == 1 || strcmp(c->arrivals[i].key, c->arrivals[k].key) == 0;
}

/* Not even half a request follows one that was not surely refused. */
static void audit_repeats(const struct audit_call *c)
{
    for (size_t i = 0; i < c->arrival_count; i++) {
        const struct chaos_arrival *a = &c->arrivals[i];
        size_t next = i + 1;
        while (next < c->arrival_count && !audit_same(c, i, next))
            next++;
        if (next < c->arrival_count && !audit_may_repeat(c->run->form, a))
            chaos_wrong("call %d was sent again after it came %s and got \"%s\" (%s)",
                        audit_number(c), a->whole ? "whole" : "in part",
                        a->kind >= 0 ? chaos_kinds[a->kind].name : "nothing",
                        a->billed ? "billed" : "unbilled");
    }
}

static void audit_bills(struct audit_call *c)
{
    for (size_t i = 0; i < c->arrival_count; i++) {
        int32_t before = 0;
        for (size_t k = 0; k < i; k++)
            before += audit_same(c, i, k) && c->arrivals[k].billed;
        c->billed += c->arrivals[i].billed;
        c->billed_sum += c->arrivals[i].amount;
        if (c->arrivals[i].billed && before != 0 && c->run->form->policy != APIPIE_RETRY_ALWAYS)
            chaos_wrong("call %d was billed twice", audit_number(c));
    }
}

/* One key for all tries of a call on a route. */
static void audit_keys(const struct audit_call *c)
{
    int32_t keys = 0;
    int32_t most = c->run->form->routes != 0 ? c->run->form->routes : 1;
    for (size_t i = 0; i < c->arrival_count; i++) {
        size_t k = 0;
        while (k < i && strcmp(c->arrivals[i].key, c->arrivals[k].key) != 0)
            k++;
        keys += k == i;
    }
    most = c->wish.images > 1 ? 1 + c->wish.images : most;
    if (keys > most)
        chaos_wrong("call %d came with %d keys", audit_number(c), (int)keys);
}

/* ---- what the ledger says */

static void audit_entry(const struct audit_call *c, const struct chaos_entry *e)
{
    if (e->reserves != 1 || e->settles != 1 || e->billed < 0)
        chaos_wrong("call %d: attempt %s has %d reserve lines and %d settle lines", audit_number(c),
                    e->id, (int)e->reserves, (int)e->settles);
    if (e->amount != chaos_price(e->provider) * e->images)
        chaos_wrong("call %d: %" PRId64 " was reserved for %d images of p%d", audit_number(c),
                    e->amount, (int)e->images, (int)e->provider);
    if (e->billed == APIPIE_BILLED_YES && e->estimated && e->cost != e->amount)
        chaos_wrong("call %d: an estimate of %" PRId64 ", %" PRId64 " was reserved",
                    audit_number(c), e->cost, e->amount);
}

/* The arrival that a settled attempt is: by the id of its reply, else by its amount. */
static struct chaos_arrival *audit_match(const struct audit_call *c, const struct chaos_entry *e)
{
    for (size_t i = 0; i < c->arrival_count; i++) {
        struct chaos_arrival *a = &c->arrivals[i];
        if (!a->matched && (e->order >= 0 ? a->order == e->order
                                          : a->billed && !e->estimated && a->amount == e->cost))
            return a;
    }
    return NULL;
}

static void audit_settled(const struct audit_call *c, const struct chaos_entry *e)
{
    struct chaos_arrival *a = audit_match(c, e);
    int32_t exact = e->billed == APIPIE_BILLED_YES && !e->estimated;
    if (a == NULL && (exact || e->order >= 0))
        chaos_wrong("call %d: nothing came that is attempt %s (billed %d, %" PRId64 ", r%d)",
                    audit_number(c), e->id, (int)e->billed, e->cost, (int)e->order);
    if (a == NULL)
        return;
    a->matched = 1;
    if ((e->billed == APIPIE_BILLED_YES && !a->billed) ||
        (e->billed == APIPIE_BILLED_NO && a->billed))
        chaos_wrong("call %d: settled as %s, but the server %s it (\"%s\")", audit_number(c),
                    e->billed == APIPIE_BILLED_YES ? "billed" : "unbilled",
                    a->billed ? "billed" : "did not bill",
                    a->kind >= 0 ? chaos_kinds[a->kind].name : "nothing");
    if (exact && e->cost != a->amount)
        chaos_wrong("call %d: settled with %" PRId64 ", billed %" PRId64, audit_number(c), e->cost,
                    a->amount);
}

static void audit_ledger(struct audit_call *c)
{
    /* Those with an id first: two may have cost the same. */
    for (size_t i = 0; i < c->entry_count; i++) {
        if (c->entries[i].order >= 0)
            audit_settled(c, &c->entries[i]);
    }
    for (size_t i = 0; i < c->entry_count; i++) {
        const struct chaos_entry *e = &c->entries[i];
        audit_entry(c, e);
        if (e->order < 0)
            audit_settled(c, e);
        if (e->billed == APIPIE_BILLED_YES) {
            c->yes++;
            c->yes_sum += e->cost;
        } else if (e->billed == APIPIE_BILLED_UNKNOWN) {
            c->unknown++;
            c->unknown_sum += e->amount;
        }
    }
    if (c->yes > c->billed || c->billed > c->yes + c->unknown)
        chaos_wrong("call %d: billed %d times, the ledger says %d, and %d unknown", audit_number(c),
                    (int)c->billed, (int)c->yes, (int)c->unknown);
    if (c->billed_sum > c->yes_sum + c->unknown_sum)
        chaos_wrong("call %d: billed %" PRId64 ", the ledger has room for %" PRId64,
                    audit_number(c), c->billed_sum, c->yes_sum + c->unknown_sum);
}

/* ---- what the caller saw */

static void audit_report_money(const struct audit_call *c)
{
    const struct chaos_report *r = c->report;
    int32_t worst = c->yes != 0       ? APIPIE_BILLED_YES
                    : c->unknown != 0 ? APIPIE_BILLED_UNKNOWN
                                      : APIPIE_BILLED_NO;
    int32_t estimated = 0;
    for (size_t i = 0; i < c->entry_count; i++)
        estimated |= c->entries[i].billed == APIPIE_BILLED_YES && c->entries[i].estimated;
    int32_t kind = c->unknown != 0 ? APIPIE_CHARGE_UNKNOWN
                   : estimated     ? APIPIE_CHARGE_ESTIMATED
                   : c->yes != 0   ? APIPIE_CHARGE_SERVER
                                   : APIPIE_CHARGE_NONE;
    if (r->billed != worst || r->kind != kind || r->charge != c->yes_sum + c->unknown_sum)
        chaos_wrong("call %d (%s): billed %d, charge %" PRId64 " of kind %d; the ledger: %d, "
                    "%" PRId64 ", %d",
                    audit_number(c), apipie_status_name(r->status), (int)r->billed, r->charge,
                    (int)r->kind, (int)worst, c->yes_sum + c->unknown_sum, (int)kind);
    if ((r->billed == APIPIE_BILLED_NO && c->billed != 0) ||
        (r->billed == APIPIE_BILLED_YES && c->billed == 0))
        chaos_wrong("call %d (%s): billed %d by the caller, %d times by the server",
                    audit_number(c), apipie_status_name(r->status), (int)r->billed, (int)c->billed);
    if (c->wish.budget >= 0 && r->charge > c->wish.budget)
        chaos_wrong("call %d: %" PRId64 " passes its cap", audit_number(c), r->charge);
}

static void audit_report(const struct audit_call *c)
{
    const struct chaos_report *r = c->report;
    const struct chaos_form *form = c->run->form;
    size_t attempts = (size_t)(r->generates - r->skipped);
    if (r->ends != 1)
        chaos_wrong("call %d ended %d times", audit_number(c), (int)r->ends);
    audit_report_money(c);
    if (c->entry_count != attempts)
        chaos_wrong("call %d: %zu attempts, %zu reservations", audit_number(c), attempts,
                    c->entry_count);
    if (c->arrival_count > (size_t)r->sent)
        chaos_wrong("call %d came %zu times, %d of its attempts were sent", audit_number(c),
                    c->arrival_count, (int)r->sent);
    if (form->policy != APIPIE_RETRY_ALWAYS && c->wish.images == 1 && r->repeated != 0)
        chaos_wrong("call %d went on after an attempt that may have been billed", audit_number(c));
    if (c->wish.images == 1 &&
        r->tries > (form->retries + 1) * (form->routes != 0 ? form->routes : 1))
        chaos_wrong("call %d was tried %d times", audit_number(c), (int)r->tries);
    if (c->wish.budget >= 0 && form->routes == 0 && c->wish.images == 1 &&
        c->wish.budget < chaos_price(c->wish.provider) &&
        (r->generates != 0 || c->arrival_count != 0))
        chaos_wrong("call %d was over its cap, and sent", audit_number(c));
}

/* ---- all of them */

static void audit_one(struct audit_call *c)
{
    if (!c->report->submitted) {
        if (c->arrival_count != 0 || c->entry_count != 0)
            chaos_wrong("call %d was not made, and came", audit_number(c));
        return;
    }
    audit_repeats(c);
    audit_bills(c);
    audit_keys(c);
    audit_ledger(c);
    if (!c->report->let_go)
        audit_report(c);
    if ((c->wish.sink || c->report->let_go) && c->report->freed != 1)
        chaos_wrong("call %d: its sink was freed %d times", audit_number(c), (int)c->report->freed);
}

/* What nobody could read the number of: halves of requests that never came whole. */
static size_t audit_strangers(const struct chaos_crowd *run, const struct chaos_book *b)
{
    size_t i = 0;
    for (; i < b->count && b->arrivals[i].number < 0; i++) {
        if (i > 0 && strcmp(b->arrivals[i].key, b->arrivals[i - 1].key) == 0 &&
            !audit_may_repeat(run->form, &b->arrivals[i - 1]))
            chaos_wrong("a request of an unknown call was sent again");
    }
    return i;
}

static void audit_all(const struct chaos_crowd *run, const struct chaos_book *b,
                      const struct chaos_paper *p)
{
    size_t arrival = audit_strangers(run, b);
    size_t entry = 0;
    for (; entry < p->count && p->entries[entry].number < 0; entry++)
        chaos_wrong("the ledger has an attempt %s of no call", p->entries[entry].id);
    for (int32_t i = 0; i < chaos_crowd_numbers(run->calls); i++) {
        struct audit_call c;
        memset(&c, 0, sizeof(c));
        c.run = run;
        c.wish = chaos_wish(run->form, run->seed, i);
        c.report = &run->reports[i];
        c.arrivals = b->arrivals + arrival;
        for (; arrival < b->count && b->arrivals[arrival].number == i; arrival++)
            c.arrival_count++;
        c.entries = p->entries + entry;
        for (; entry < p->count && p->entries[entry].number == i; entry++)
            c.entry_count++;
        audit_one(&c);
    }
}

static int64_t audit_billed(const struct chaos_book *b, int64_t *ret_count)
{
    int64_t sum = 0;
    *ret_count = 0;
    for (size_t i = 0; i < b->count; i++) {
        sum += b->arrivals[i].amount;
        *ret_count += b->arrivals[i].billed;
    }
    return sum;
}

/* A request of which the server read only the head, and refused: the ledger knows whose it was. */
static void audit_introduce(struct chaos_book *b, const struct chaos_paper *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct chaos_entry *e = &p->entries[i];
        if (e->order >= 0 && (size_t)e->order < b->count && b->arrivals[e->order].number < 0)
            b->arrivals[e->order].number = e->number;
    }
}

void chaos_audit(const struct chaos_crowd *run, struct chaos_book *b, struct chaos_paper *p)
{
    struct chaos_sums sums;
    int64_t count = 0;
    audit_introduce(b, p);
    chaos_book_sort(b);
    audit_all(run, b, p);
    chaos_paper_sums(p, NULL, &sums);
    int64_t billed = audit_billed(b, &count);
    if (p->bad_lines != 0 || sums.unsettled != 0)
        chaos_wrong("the ledger has %d bad lines, %" PRId64 " unsettled", (int)p->bad_lines,
                    sums.unsettled);
    if (billed > sums.spent + sums.unknown || sums.yes > count || count > sums.yes + sums.unknowns)
        chaos_wrong("the server billed %" PRId64 " for %" PRId64 " calls, the ledger says %" PRId64
                    " for %" PRId64 ", and %" PRId64 " for %" PRId64 " unknown",
                    billed, count, sums.spent, sums.yes, sums.unknown, sums.unknowns);
    if (b->leaks != 0)
        chaos_wrong("%d downloads carried the key", (int)b->leaks);
}

/* ---- figures */

static void audit_print_kinds(const struct chaos_book *b)
{
    for (size_t k = 0; k < chaos_kind_count; k++) {
        size_t n = 0;
        for (size_t i = 0; i < b->count; i++)
            n += b->arrivals[i].kind == (int32_t)k;
        printf("    %6zu %s\n", n, chaos_kinds[k].name);
    }
}

void chaos_audit_print(const struct chaos_crowd *run, const struct chaos_book *b,
                       const struct chaos_paper *p, double seconds, int32_t verbose)
{
    struct chaos_sums sums;
    int64_t calls = 0, good = 0, billed = 0, whole = 0, resent = 0;
    for (int32_t i = 0; i < chaos_crowd_numbers(run->calls); i++) {
        calls += run->reports[i].submitted;
        good += run->reports[i].ends != 0 && run->reports[i].status == APIPIE_OK;
        resent += run->reports[i].resent;
    }
    for (size_t i = 0; i < b->count; i++)
        whole += b->arrivals[i].whole;
    int64_t amount = audit_billed(b, &billed);
    chaos_paper_sums(p, NULL, &sums);
    printf("%s: %lld calls, %lld with pictures; %zu requests came, %lld whole, %lld billed (%.6f "
           "USD); ledger: %lld billed (%lld estimated), %lld not, %lld unknown; %llu connections, "
           "%llu kept ones killed, %lld resends stopped, %llu outages; %.1f s\n",
           run->form->name, (long long)calls, (long long)good, b->count, (long long)whole,
           (long long)billed, (double)amount / 1e12, (long long)sums.yes, (long long)sums.guessed,
           (long long)sums.no, (long long)sums.unknowns, (unsigned long long)b->connections,
           (unsigned long long)b->turns_lost, (long long)resent, (unsigned long long)b->outages,
           seconds);
    if (verbose)
        audit_print_kinds(b);
}
