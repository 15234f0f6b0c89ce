/* SPDX-License-Identifier: MIT */
/* Knows the steps of an attempt's money, before and after; must not know how lines or books are made. */
#include "meter/meter_priv.h"

struct pie_meter *pie_meter_new(const struct pie_mem *mem)
{
    struct pie_meter *m = pie_mem_new(mem, 1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->mem = mem;
    m->cap = APIPIE_UNKNOWN;
    pie_meter_table_init(&m->tags, mem);
    pie_meter_table_init(&m->attempts, mem);
    pie_meter_ledger_init(&m->ledger);
    m->lock = pie_lock_new(mem);
    return m->lock != NULL ? m : pie_mem_free(mem, m);
}

/* Lines that wait get a last try. */
static void meter_flush(struct pie_meter *m)
{
    const char *reason = NULL;
    if (!pie_meter_has_ledger(m) || m->ledger.out.n <= 1)
        return;
    if (pie_meter_ledger_enter(m, m->now_ms, &reason) != APIPIE_OK)
        return;
    pie_meter_ledger_write(m, &reason);
    pie_meter_ledger_leave(m);
}

struct pie_meter *pie_meter_free(struct pie_meter *m)
{
    if (m == NULL)
        return NULL;
    meter_flush(m);
    pie_meter_ledger_close(&m->ledger, m->mem);
    pie_meter_forget_all(m);
    pie_lock_free(m->mem, m->lock);
    return pie_mem_free(m->mem, m);
}

static apipie_status meter_set_tag_cap(struct pie_meter *m, struct pie_slice name, int64_t cap)
{
    struct pie_meter_tag *tag = pie_meter_tag_find(m, name);
    apipie_status status = APIPIE_OK;
    if (!pie_meter_tag_is_good(name))
        return APIPIE_E_ARGUMENT;
    if (tag == NULL && cap != APIPIE_UNKNOWN)
        status = pie_meter_tag_get(m, name, &tag);
    if (status == APIPIE_OK && tag != NULL)
        tag->cap = cap;
    return status;
}

apipie_status pie_meter_set_cap(struct pie_meter *m, const char *tag, int64_t picodollars)
{
    apipie_status status = APIPIE_OK;
    if (picodollars < 0 && picodollars != APIPIE_UNKNOWN)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(m->lock);
    if (tag == NULL)
        m->cap = picodollars;
    else
        status = meter_set_tag_cap(m, pie_slice_text(tag), picodollars);
    pie_lock_drop(m->lock);
    return status;
}

/* The old ledger comes back when the new one cannot be read. */
static apipie_status meter_change_ledger(struct pie_meter *m, const char *path, int64_t now_wall_ms,
                                         const char **ret_reason)
{
    struct pie_meter_ledger before = m->ledger;
    struct pie_meter_ledger next;
    apipie_status status = pie_meter_ledger_open(&next, m->mem, path, ret_reason);
    if (status != APIPIE_OK)
        return status;
    meter_flush(m);
    before = m->ledger;
    m->ledger = next;
    status = pie_meter_ledger_enter(m, now_wall_ms, ret_reason);
    if (status == APIPIE_OK) {
        pie_meter_ledger_leave(m);
        pie_meter_ledger_close(&before, m->mem);
        return APIPIE_OK;
    }
    pie_meter_ledger_close(&m->ledger, m->mem);
    m->ledger = before;
    m->ledger.stale = 1;
    return status;
}

apipie_status pie_meter_open_ledger(struct pie_meter *m, const char *path, int64_t now_wall_ms,
                                    const char **ret_reason)
{
    apipie_status status = APIPIE_OK;
    pie_lock_take(m->lock);
    if (path != NULL) {
        status = meter_change_ledger(m, path, now_wall_ms, ret_reason);
    } else {
        meter_flush(m);
        pie_meter_ledger_close(&m->ledger, m->mem);
    }
    pie_lock_drop(m->lock);
    if (status == APIPIE_E_MEMORY)
        *ret_reason = "out of memory";
    return status;
}

/* ---- Before. */

static apipie_status meter_refuse(struct apipie_error *err, apipie_status status,
                                  const char *reason)
{
    if (status == APIPIE_E_FILE)
        pie_error_set(err, status,
                      "check its folder, its rights and the space, or run without a ledger",
                      "the ledger cannot be written: ", reason != NULL ? reason : "unknown", NULL);
    else
        pie_error_set(err, status, "", "out of memory", NULL, NULL);
    return status;
}

/* UUID version 4, RFC 9562. */
static void meter_make_id(char out[37])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char random[16];
    size_t n = 0;
    pie_random(random, sizeof(random));
    random[6] = (unsigned char)((random[6] & 0x0f) | 0x40);
    random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(random); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[n++] = '-';
        out[n++] = hex[random[i] >> 4];
        out[n++] = hex[random[i] & 15];
    }
    out[n] = '\0';
}

/* All that was added behind `n` is taken back. */
static void meter_cut_out(struct pie_meter_ledger *l, size_t n)
{
    l->out.failed = APIPIE_OK;
    pie_buf_truncate(&l->out, n);
}

static apipie_status meter_write_reserve(struct pie_meter *m, const struct pie_meter_ask *ask,
                                         struct pie_meter_attempt *a, const char **ret_reason)
{
    struct pie_meter_ledger *l = &m->ledger;
    const size_t before = l->out.n;
    pie_meter_line_reserve(&l->out, ask, a->id, ask->estimate >= 0 ? a->amount : APIPIE_UNKNOWN);
    apipie_status status = l->out.failed;
    if (status == APIPIE_OK)
        status = pie_meter_ledger_write(m, ret_reason);
    if (status == APIPIE_OK)
        a->written = 1;
    else
        meter_cut_out(l, before);
    return status;
}

/* The caller may have looked at the clock just before midnight: the attempt belongs to the day whose cap it passed. */
static struct pie_meter_ask meter_dated(const struct pie_meter *m, const struct pie_meter_ask *ask)
{
    struct pie_meter_ask dated = *ask;
    if (pie_meter_has_ledger(m) && pie_meter_day(ask->now_wall_ms) != m->day)
        dated.now_wall_ms = m->now_ms;
    return dated;
}

static apipie_status meter_hold(struct pie_meter *m, const struct pie_meter_ask *ask,
                                struct pie_meter_hold *ret, struct apipie_error *err)
{
    const struct pie_meter_ask dated = meter_dated(m, ask);
    struct pie_meter_attempt *a = NULL;
    const char *reason = NULL;
    char id[37];
    apipie_status status = pie_meter_budget_check(m, ask, err);
    if (status != APIPIE_OK)
        return status;
    meter_make_id(id);
    status = pie_meter_attempt_add(m, pie_slice_text(id), pie_slice_text(ask->tag),
                                   ask->estimate > 0 ? ask->estimate : 0, dated.now_wall_ms,
                                   PIE_METER_RESERVED, &a);
    if (status != APIPIE_OK)
        return meter_refuse(err, status, NULL);
    if (pie_meter_has_ledger(m))
        status = meter_write_reserve(m, &dated, a, &reason);
    if (status != APIPIE_OK) {
        pie_meter_attempt_drop(m, a);
        return meter_refuse(err, status, reason);
    }
    ret->open = 1;
    memcpy(ret->id, a->id, sizeof(ret->id));
    ret->amount = a->amount;
    ret->day = pie_meter_day(a->time_ms);
    ret->tag = a->tag != NULL ? a->tag->name : NULL;
    return APIPIE_OK;
}

static apipie_status meter_reserve(struct pie_meter *m, const struct pie_meter_ask *ask,
                                   struct pie_meter_hold *ret, struct apipie_error *err)
{
    const struct pie_slice tag = pie_slice_text(ask->tag);
    const char *reason = NULL;
    if (tag.n != 0 && !pie_meter_tag_is_good(tag)) {
        pie_error_set(err, APIPIE_E_ARGUMENT, "", "the tag is no text that a ledger can hold", NULL,
                      NULL);
        return APIPIE_E_ARGUMENT;
    }
    if (!pie_meter_has_ledger(m))
        return meter_hold(m, ask, ret, err);
    apipie_status status = pie_meter_ledger_enter(m, ask->now_wall_ms, &reason);
    if (status != APIPIE_OK)
        return meter_refuse(err, status, reason);
    status = meter_hold(m, ask, ret, err);
    if (m->ledger.out.n > 1) /* refused: what waits need not wait longer */
        pie_meter_ledger_write(m, &reason);
    pie_meter_ledger_leave(m);
    return status;
}

apipie_status pie_meter_reserve(struct pie_meter *m, const struct pie_meter_ask *ask,
                                struct pie_meter_hold *ret, struct apipie_error *err)
{
    pie_lock_take(m->lock);
    apipie_status status = meter_reserve(m, ask, ret, err);
    pie_lock_drop(m->lock);
    return status;
}

apipie_status pie_meter_check(struct pie_meter *m, const struct pie_meter_ask *ask,
                              struct apipie_error *err)
{
    pie_lock_take(m->lock);
    apipie_status status = pie_meter_budget_check(m, ask, err);
    pie_lock_drop(m->lock);
    return status;
}

/* ---- After. */

struct meter_note {
    void (*write)(struct pie_buf *out, const char *id, const struct pie_meter_end *end,
                  int64_t cost, int32_t estimated);
    int32_t entered; /* the file is locked and read */
    const char *reason;
};

static void meter_enter(struct pie_meter *m, int64_t now_wall_ms, struct meter_note *note)
{
    if (!pie_meter_has_ledger(m))
        return;
    apipie_status status = pie_meter_ledger_enter(m, now_wall_ms, &note->reason);
    if (status == APIPIE_E_MEMORY)
        note->reason = "out of memory";
    note->entered = status == APIPIE_OK;
}

/* What could not be written waits for the next line, and as long as the meter lives. */
static void meter_leave(struct pie_meter *m, struct meter_note *note)
{
    struct pie_meter_ledger *l = &m->ledger;
    if (!pie_meter_has_ledger(m))
        return;
    if (!note->entered) {
        l->problem = l->out.n > 1 ? note->reason : l->problem;
        return;
    }
    if (l->out.n > 1 && pie_meter_ledger_write(m, &note->reason) != APIPIE_OK)
        l->problem = note->reason;
    pie_meter_ledger_leave(m);
}

/* The attempt's end, in the ledger's words and in the books. What counts now comes back. */
static int64_t meter_end(struct pie_meter *m, struct pie_meter_attempt *a,
                         const struct pie_meter_end *end, const struct meter_note *note)
{
    struct pie_meter_ledger *l = &m->ledger;
    const int32_t known = pie_meter_cost_is_good(end->cost);
    if (pie_meter_has_ledger(m)) {
        const size_t before = l->out.n;
        if (!a->written)
            pie_meter_line_again(&l->out, a);
        note->write(&l->out, a->id, end, known ? end->cost : a->amount, !known);
        if (l->out.failed != APIPIE_OK || l->out.n > PIE_METER_LINE) {
            meter_cut_out(l, before);
            l->lost = 1;
            l->problem = l->problem != NULL ? l->problem : "out of memory";
        }
    }
    a->written = 1;
    return pie_meter_attempt_end(m, a, end->billed, end->cost, 0);
}

void pie_meter_settle(struct pie_meter *m, struct pie_meter_hold *hold,
                      const struct pie_meter_end *end, int64_t *ret_charge)
{
    struct meter_note note = {pie_meter_line_settle, 0, NULL};
    struct pie_meter_end ended = *end;
    *ret_charge = 0;
    if (!hold->open)
        return;
    hold->open = 0;
    hold->tag = NULL;
    if (ended.billed != APIPIE_BILLED_NO && ended.billed != APIPIE_BILLED_YES)
        ended.billed = APIPIE_BILLED_UNKNOWN;
    pie_lock_take(m->lock);
    meter_enter(m, ended.now_wall_ms, &note);
    struct pie_meter_attempt *a = pie_meter_attempt_find(m, pie_slice_text(hold->id));
    if (a != NULL)
        *ret_charge = meter_end(m, a, &ended, &note);
    meter_leave(m, &note);
    pie_lock_drop(m->lock);
}

int32_t pie_meter_resolve(struct pie_meter *m, const char *id, int32_t billed, int64_t cost,
                          int64_t now_wall_ms)
{
    struct meter_note note = {pie_meter_line_resolve, 0, NULL};
    const struct pie_meter_end end = {billed, 0, cost, NULL, now_wall_ms};
    if (billed != APIPIE_BILLED_NO && billed != APIPIE_BILLED_YES)
        return 0;
    pie_lock_take(m->lock);
    meter_enter(m, now_wall_ms, &note);
    struct pie_meter_attempt *a = pie_meter_attempt_find(m, pie_slice_text(id));
    int32_t unknown = a != NULL && a->place == PIE_METER_UNKNOWN;
    if (unknown)
        meter_end(m, a, &end, &note);
    meter_leave(m, &note);
    pie_lock_drop(m->lock);
    return unknown;
}

void pie_meter_totals(struct pie_meter *m, const char *tag, int64_t now_wall_ms,
                      struct pie_meter_totals *ret)
{
    const char *reason = NULL;
    memset(ret, 0, sizeof(*ret));
    pie_lock_take(m->lock);
    if (pie_meter_has_ledger(m))
        pie_meter_ledger_look(m, now_wall_ms, &reason);
    const struct pie_meter_tag *of =
        tag != NULL ? pie_meter_tag_find(m, pie_slice_text(tag)) : NULL;
    if (tag == NULL)
        pie_meter_book_totals(&m->book, ret);
    else if (of != NULL)
        pie_meter_book_totals(&of->book, ret);
    pie_lock_drop(m->lock);
}

const char *pie_meter_problem(struct pie_meter *m)
{
    pie_lock_take(m->lock);
    const char *problem = m->ledger.problem;
    pie_lock_drop(m->lock);
    return problem;
}
