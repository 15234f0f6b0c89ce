/* SPDX-License-Identifier: MIT */
/* Knows how to look in the server's history for calls whose end nobody saw, and what may be concluded; must not send them again. */
#include "engine/engine_priv.h"

#define SETTLE_PAGE     50
#define SETTLE_PAGES    20
#define SETTLE_FIRST_MS 1000
#define SETTLE_MOST_MS  16000
/* A server's Date has whole seconds; without one its clock may differ by more. */
#define SETTLE_SLACK_MS      2500
#define SETTLE_SLACK_FREE_MS 60000
/* The latest that a call which we have given up can still have been drawn. */
#define SETTLE_LATE_MS 600000
#define SETTLE_ROWS    32

struct settle_row {
    char id[64];
    int64_t cost;
};

struct settle_call {
    struct pie_lost_call lost;
    int64_t from_ms, to_ms; /* by our clock */
    size_t attempt;         /* of `of` */
    int32_t settled;
    int64_t cost;
};

struct pie_settle {
    struct apipie_request *of;
    const char *backend; /* whose history */
    int32_t owned;       /* `of` is kept by a reference */
    struct settle_call *calls;
    size_t count;
    uint64_t offset;
    int32_t pages, looks;
    int64_t until_ms; /* looks again until then; 0: one look */
    int32_t clock_known;
    int64_t ahead_ms;                    /* the server's clock before ours */
    int64_t slack_ms;                    /* how far it may be off */
    struct settle_row rows[SETTLE_ROWS]; /* that fit any of the calls */
    size_t row_count;
    int32_t overflow;
};

/* ---- what is looked for */

static int32_t settle_is_unknown(const struct pie_attempt *a)
{
    return a->purpose == APIPIE_PURPOSE_GENERATE && a->billed == APIPIE_BILLED_UNKNOWN;
}

/* The first backend that may have billed it and has a history; NULL. */
static const char *settle_backend(const struct apipie_request *of)
{
    struct apipie_client *c = of->client;
    const char *found = NULL;
    pie_lock_take(c->lock);
    for (size_t i = 0; i < of->attempt_count && found == NULL; i++) {
        const struct pie_backend *b = settle_is_unknown(&of->attempts[i])
                                          ? pie_backend_find(c, of->attempts[i].backend)
                                          : NULL;
        if (b != NULL && b->dialect->ask_history != NULL)
            found = b->name;
    }
    pie_lock_drop(c->lock);
    return found;
}

static int32_t settle_is_of(const struct pie_attempt *a, const char *backend)
{
    return settle_is_unknown(a) && backend != NULL && strcmp(a->backend, backend) == 0;
}

static void settle_add_call(struct pie_settle *s, size_t index)
{
    const struct apipie_request *of = s->of;
    const struct pie_attempt *a = &of->attempts[index];
    struct settle_call *call = &s->calls[s->count++];
    const char *prompt = of->asked->text[PIE_WISH_PROMPT];
    int64_t took = a->time[APIPIE_TIME_TOTAL];
    pie_lost_call_init(&call->lost, prompt);
    pie_route_names(of, (size_t)a->route, &call->lost.provider, &call->lost.model);
    call->attempt = index;
    call->from_ms = a->wall_ms;
    call->to_ms = a->wall_ms + (took > 0 ? took : 0) + SETTLE_LATE_MS;
    call->cost = APIPIE_UNKNOWN;
}

/* NULL without memory or when nothing is unknown. */
static struct pie_settle *settle_new(struct apipie_request *of)
{
    size_t count = 0;
    const char *backend = settle_backend(of);
    for (size_t i = 0; i < of->attempt_count; i++)
        count += settle_is_of(&of->attempts[i], backend) ? 1 : 0;
    if (count == 0)
        return NULL;
    struct pie_settle *s = pie_mem_new(of->mem, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->of = of;
    s->backend = backend;
    s->calls = pie_mem_new(of->mem, count, sizeof(*s->calls));
    if (s->calls == NULL)
        return pie_mem_free(of->mem, s);
    for (size_t i = 0; i < of->attempt_count; i++) {
        if (settle_is_of(&of->attempts[i], backend))
            settle_add_call(s, i);
    }
    return s;
}

void pie_settle_free(struct apipie_request *r)
{
    struct pie_settle *s = r->settle;
    if (s == NULL)
        return;
    if (s->owned)
        pie_request_drop(s->of);
    pie_mem_free(r->mem, s->calls);
    r->settle = pie_mem_free(r->mem, s);
}

struct apipie_request *pie_request_new_reconcile(const struct apipie_request *ended)
{
    /* The reference count is all that changes. */
    struct apipie_request *of = (struct apipie_request *)(uintptr_t)ended;
    struct apipie_request *r = pie_request_new(of->client, APIPIE_REQUEST_RECONCILE);
    if (r == NULL)
        return NULL;
    r->settle = settle_new(of);
    if (r->settle == NULL) {
        pie_request_drop(r);
        return NULL;
    }
    r->settle->owned = 1;
    pie_request_keep(of);
    if (pie_wish_set_text(&r->wish, PIE_WISH_BACKEND, r->settle->backend,
                          strlen(r->settle->backend)) == APIPIE_OK)
        return r;
    pie_request_drop(r);
    return NULL;
}

/* ---- asking */

void pie_settle_go(struct apipie_request *r)
{
    struct apipie_error err;
    struct pie_call call;
    pie_error_init(&err, r->mem);
    apipie_status status = pie_run_make(r, &err);
    if (status == APIPIE_OK)
        status = pie_run_ask_key(r, 0, &err);
    if (status == APIPIE_OK) {
        pie_call_init(&call, r->asked);
        call.base_url = r->place->base_url;
        call.key = pie_run_key(r);
        pie_run_make_room(r, &r->run->fetch);
        status =
            r->dialect->ask_history(&call, SETTLE_PAGE, r->settle->offset, &r->run->fetch, &err);
        if (status == APIPIE_OK)
            status = pie_run_set_way(r, 1, &r->run->fetch);
        r->run->leg = &r->run->fetch;
        r->run->redirects = 0;
    }
    pie_free_send(r, status, &err);
    pie_error_free(&err);
}

/* ---- reading */

static void settle_set_clock(struct pie_settle *s, const struct pie_outcome *o)
{
    int64_t date_ms = 0;
    const char *date = pie_headers_get(&o->headers, "date");
    s->clock_known =
        date != NULL && pie_number_http_date(pie_slice_text(date), &date_ms) == APIPIE_OK;
    s->ahead_ms = s->clock_known ? date_ms - pie_clock_wall_ms() : 0;
    s->slack_ms = s->clock_known ? SETTLE_SLACK_MS : SETTLE_SLACK_FREE_MS;
    for (size_t i = 0; i < s->count; i++) {
        s->calls[i].lost.from_ms = s->calls[i].from_ms + s->ahead_ms - s->slack_ms;
        s->calls[i].lost.to_ms = s->calls[i].to_ms + s->ahead_ms + s->slack_ms;
    }
}

static void settle_keep_row(struct pie_settle *s, const struct pie_history_row *row)
{
    if (s->row_count == SETTLE_ROWS) {
        s->overflow = 1;
        return;
    }
    struct settle_row *keep = &s->rows[s->row_count++];
    pie_text_copy(row->id, keep->id, sizeof(keep->id));
    keep->cost = row->cost;
}

/* A row that was on the page before may be on this one too: new ones push it down. */
static int32_t settle_has_row(const struct pie_settle *s, const struct pie_history_row *row)
{
    for (size_t i = 0; i < s->row_count; i++) {
        if (row->id.n != 0 && row->id.n == strlen(s->rows[i].id) &&
            memcmp(row->id.p, s->rows[i].id, row->id.n) == 0)
            return 1;
    }
    return 0;
}

static void settle_take_row(struct pie_settle *s, const struct pie_history_row *row)
{
    int32_t fits = 0;
    if (settle_has_row(s, row))
        return;
    for (size_t i = 0; i < s->count; i++)
        fits |= pie_lost_call_match(&s->calls[i].lost, row);
    if (fits)
        settle_keep_row(s, row);
}

/* 1 when older pages cannot hold anything that fits. */
static int32_t settle_is_before(const struct pie_settle *s, const struct pie_history_row *row)
{
    if (row->time_ms < 0)
        return 0;
    for (size_t i = 0; i < s->count; i++) {
        if (row->time_ms >= s->calls[i].lost.from_ms - 999) /* a time in whole seconds */
            return 0;
    }
    return 1;
}

/* Returns 1 when another page is to be read. */
static int32_t settle_read_page(struct apipie_request *r, const struct pie_outcome *o)
{
    struct pie_reading g;
    struct pie_history_row row;
    struct pie_settle *s = r->settle;
    size_t n = 0;
    int32_t before = 0;
    if (s->pages == 0)
        settle_set_clock(s, o);
    pie_reading_open(&g, r, o);
    for (; r->dialect->read_history(&g.reply, n, &row); n++) {
        settle_take_row(s, &row);
        before = settle_is_before(s, &row);
    }
    pie_reading_close(&g);
    s->pages++;
    s->offset += n;
    if (n >= SETTLE_PAGE && !before && s->pages >= SETTLE_PAGES)
        s->overflow = 1; /* what is behind may fit too */
    return n >= SETTLE_PAGE && !before && s->pages < SETTLE_PAGES;
}

/* ---- concluding */

static int32_t settle_is_mine(const void *user, const char *hold)
{
    const struct pie_settle *s = user;
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->of->attempts[s->calls[i].attempt].hold, hold) == 0)
            return 1;
    }
    return 0;
}

/* Other calls of this client that look like the lost one in the history. 0: nobody can tell. */
static int32_t settle_known(const struct apipie_request *r, const struct settle_call *call,
                            size_t *ret_known)
{
    const struct pie_settle *s = r->settle;
    struct pie_recent_ask ask = {0};
    ask.backend = s->backend;
    ask.provider = call->lost.provider;
    ask.model = call->lost.model;
    ask.prompt = s->of->asked->text[PIE_WISH_PROMPT];
    ask.from_ms = call->from_ms - s->slack_ms - 999;
    ask.to_ms = call->to_ms + s->slack_ms;
    ask.is_mine = settle_is_mine;
    ask.user = s;
    return pie_recent_count(r->client, &ask, ret_known);
}

static int32_t settle_costs_agree(const struct pie_settle *s)
{
    for (size_t i = 1; i < s->row_count; i++) {
        if (s->rows[i].cost != s->rows[0].cost)
            return 0;
    }
    return 1;
}

/* Each call has one row that fits, and no two have the same. */
static int32_t settle_each(const struct apipie_request *r)
{
    const struct pie_settle *s = r->settle;
    for (size_t i = 0; i < s->count; i++) {
        size_t known = 0;
        if (s->calls[i].lost.found != 1 || !settle_known(r, &s->calls[i], &known) || known != 0)
            return 0;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(s->calls[i].lost.id, s->calls[j].lost.id) == 0)
                return 0;
        }
    }
    return 1;
}

/* All rows fit all calls alike, and there are just as many as there must be when each was billed. */
static int32_t settle_together(const struct apipie_request *r)
{
    const struct pie_settle *s = r->settle;
    size_t known = 0;
    if (!settle_known(r, &s->calls[0], &known))
        return 0;
    if (s->row_count != s->count + known || (known != 0 && !settle_costs_agree(s)))
        return 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t here = 0;
        if ((size_t)s->calls[i].lost.found != s->row_count ||
            !settle_known(r, &s->calls[i], &here) || here != known)
            return 0;
    }
    return 1;
}

/* Anything but these two is not clear. A row that is not there is no proof: the call may still be drawing. */
static void settle_conclude(struct apipie_request *r)
{
    struct pie_settle *s = r->settle;
    if (s->overflow)
        return;
    for (size_t i = 0; i < s->count; i++) {
        if (s->calls[i].lost.unpriced != 0)
            return;
    }
    int32_t each = settle_each(r);
    if (!each && !settle_together(r))
        return;
    for (size_t i = 0; i < s->count; i++) {
        s->calls[i].settled = 1;
        s->calls[i].cost = each ? s->calls[i].lost.cost : s->rows[i].cost;
    }
}

/* The money is counted where it was kept back, and the next one that is looked for is not taken for this one. */
static void settle_book(struct apipie_request *r)
{
    struct pie_settle *s = r->settle;
    for (size_t i = 0; i < s->count; i++) {
        struct settle_call *call = &s->calls[i];
        const struct pie_attempt *a = &s->of->attempts[call->attempt];
        if (!call->settled)
            continue;
        pie_recent_settled(r->client, a->hold);
        if (a->hold[0] != '\0' && pie_meter_resolve(r->client->meter, a->hold, APIPIE_BILLED_YES,
                                                    call->cost, pie_clock_wall_ms()))
            pie_figures_settled(s->of, a, call->cost);
    }
}

static void settle_finish(struct apipie_request *r)
{
    struct pie_settle *s = r->settle;
    int64_t cost = 0;
    r->result_known = 1;
    r->result->backend = r->place->backend;
    r->result->billed = APIPIE_BILLED_UNKNOWN;
    if (s->calls[0].settled) {
        for (size_t i = 0; i < s->count; i++)
            cost = cost < 0 || s->calls[i].cost < 0 ? APIPIE_UNKNOWN : cost + s->calls[i].cost;
        r->result->billed = APIPIE_BILLED_YES;
        r->result->usage.cost = cost;
    }
    settle_book(r);
    pie_job_succeed(r);
}

static void settle_look_again(struct apipie_request *r, int64_t at_ms)
{
    struct pie_settle *s = r->settle;
    s->offset = 0;
    s->pages = 0;
    s->row_count = 0;
    s->overflow = 0;
    s->looks++;
    for (size_t i = 0; i < s->count; i++)
        s->calls[i].lost.found = s->calls[i].lost.unpriced = 0;
    pie_job_wait_until(r, at_ms);
}

void pie_settle_reply(struct apipie_request *r, const struct pie_outcome *o)
{
    struct pie_settle *s = r->settle;
    int64_t now = pie_clock_ms();
    r->run->fetch_tries = 0; /* each page has its own tries */
    if (settle_read_page(r, o)) {
        pie_job_wait_until(r, now);
        return;
    }
    settle_conclude(r);
    int64_t wait = SETTLE_FIRST_MS << (s->looks < 4 ? s->looks : 4);
    wait = wait < SETTLE_MOST_MS ? wait : SETTLE_MOST_MS;
    if (s->calls[0].settled || now + wait >= s->until_ms)
        settle_finish(r);
    else
        settle_look_again(r, now + wait);
}

/* ---- by itself, before a request ends */

/* The backend was one of the routes'. */
static void settle_take_place(struct apipie_request *look, const char *backend)
{
    for (size_t i = 0; i < look->routes->count; i++) {
        if (strcmp(look->places[i]->backend, backend) != 0)
            continue;
        look->place = look->places[i];
        look->dialect = look->place->dialect;
        return;
    }
}

/* The job that looks, as the one part of r. Takes settle; NULL without memory. */
static struct apipie_request *settle_new_look(struct apipie_request *r, struct pie_settle *settle)
{
    struct apipie_request **parts = pie_mem_new(r->mem, 1, sizeof(struct apipie_request *));
    struct apipie_request *look =
        parts != NULL ? pie_part_new(r, 0, APIPIE_REQUEST_RECONCILE) : NULL;
    if (look == NULL) {
        pie_mem_free(r->mem, parts);
        pie_mem_free(r->mem, settle->calls);
        pie_mem_free(r->mem, settle);
        return NULL;
    }
    pie_part_free_all(r);
    settle_take_place(look, settle->backend);
    look->settle = settle;
    parts[0] = look;
    r->parts = parts;
    r->part_count = 1;
    return look;
}

int32_t pie_settle_begin(struct apipie_request *r)
{
    int64_t now = pie_clock_ms();
    int64_t until = now + r->reconcile_ms;
    until = until < r->deadline_ms ? until : r->deadline_ms;
    if (r->reconcile_ms <= 0 || r->settling || r->settled || r->whole != NULL || r->place == NULL ||
        !pie_request_draws(r) || r->error.code == APIPIE_E_CANCELLED ||
        now + SETTLE_FIRST_MS >= until || pie_money_billed(r) != APIPIE_BILLED_UNKNOWN)
        return 0;
    struct pie_settle *settle = settle_new(r);
    if (settle == NULL)
        return 0;
    struct apipie_request *look = settle_new_look(r, settle);
    if (look == NULL)
        return 0;
    r->settling = 1;
    r->parts_left = 1;
    pie_route_release(r);
    pie_job_set_state(r, PIE_STATE_PARENT);
    pie_job_set_alarm(r);
    settle->until_ms = until;
    settle->looks = 1;
    pie_job_wait_until(look, now + SETTLE_FIRST_MS);
    return 1;
}

static void settle_take_bill(struct pie_attempt *a, const struct settle_call *call)
{
    a->billed = APIPIE_BILLED_YES;
    a->charge_kind = APIPIE_CHARGE_ESTIMATED;
    if (call->cost >= 0) {
        a->charge = call->cost;
        a->charge_kind = APIPIE_CHARGE_SERVER;
    }
}

void pie_settle_ended(struct apipie_request *whole)
{
    const struct pie_settle *s = whole->parts[0]->settle;
    whole->settling = 0;
    whole->settled = 1;
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        if (s->calls[i].settled)
            settle_take_bill(&whole->attempts[s->calls[i].attempt], &s->calls[i]);
    }
    pie_part_add_attempts(whole, whole->parts[0]);
    if (whole->stopped == APIPIE_E_CANCELLED)
        pie_error_set(&whole->error, APIPIE_E_CANCELLED, PIE_HINT_SENT, "cancelled", NULL, NULL);
    pie_job_fail(whole);
}
