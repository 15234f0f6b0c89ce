/* SPDX-License-Identifier: MIT */
/* Knows how the server's history of bills is walked, page after page, while new rows push the old ones down; must not judge bills. */
#include "engine/engine_priv.h"

#define HISTORY_PAGE 50
#define HISTORY_MOST 100000
/* So many pages in a row with neither a row for the list nor an older one than before: the server shows the same again and again. */
#define HISTORY_STALE 20
/* Rows are newest first as far as this. */
#define HISTORY_SLACK_MS INT64_C(600000)
/* A server's Date has whole seconds; without one its clock may differ by more. */
#define HISTORY_CLOCK_MS      INT64_C(2500)
#define HISTORY_CLOCK_FREE_MS INT64_C(60000)

struct pie_historyjob {
    /* what is asked for */
    int64_t from_ms, to_ms;       /* APIPIE_UNKNOWN: open */
    size_t most;                  /* rows */
    struct apipie_history *after; /* NULL: from the newest */
    /* what has come of it */
    struct apipie_history *list;
    size_t empty, undated; /* rows that were left out */
    int64_t oldest_ms;     /* of all rows that were read; INT64_MAX: none yet */
    int32_t pages, stale;
};

/* ---- life */

struct apipie_history *pie_engine_history_new(struct apipie_client *c)
{
    struct apipie_history *h = pie_bills_new(&c->mem);
    if (h == NULL)
        return NULL;
    h->client = c;
    pie_client_keep(c);
    return h;
}

struct apipie_history *pie_engine_history_keep(struct apipie_history *h)
{
    if (h != NULL)
        pie_atomic_add(&h->refs, 1);
    return h;
}

void pie_engine_history_drop(struct apipie_history *h)
{
    if (h == NULL || pie_atomic_add(&h->refs, -1) != 0)
        return;
    struct apipie_client *c = h->client;
    pie_bills_free(h);
    pie_client_drop(c);
}

static apipie_status historyjob_new(struct apipie_request *r)
{
    if (r->history != NULL)
        return APIPIE_OK;
    struct pie_historyjob *j = pie_mem_new(r->mem, 1, sizeof(*j));
    if (j == NULL)
        return APIPIE_E_MEMORY;
    j->from_ms = j->to_ms = APIPIE_UNKNOWN;
    j->most = HISTORY_MOST;
    j->oldest_ms = INT64_MAX;
    r->history = j;
    return APIPIE_OK;
}

void pie_history_free(struct apipie_request *r)
{
    if (r->history == NULL)
        return;
    pie_engine_history_drop(r->history->after);
    pie_engine_history_drop(r->history->list);
    r->history = pie_mem_free(r->mem, r->history);
}

/* ---- what is asked for */

apipie_status pie_history_set_period(struct apipie_request *r, int64_t from_ms, int64_t to_ms)
{
    apipie_status status = historyjob_new(r);
    if (status != APIPIE_OK)
        return status;
    r->history->from_ms = from_ms;
    r->history->to_ms = to_ms;
    return APIPIE_OK;
}

apipie_status pie_history_set_most(struct apipie_request *r, size_t rows)
{
    apipie_status status = historyjob_new(r);
    if (status == APIPIE_OK)
        r->history->most = rows;
    return status;
}

apipie_status pie_history_set_after(struct apipie_request *r, struct apipie_history *after)
{
    apipie_status status = historyjob_new(r);
    if (status != APIPIE_OK)
        return status;
    pie_engine_history_keep(after);
    pie_engine_history_drop(r->history->after);
    r->history->after = after;
    return APIPIE_OK;
}

apipie_status pie_history_copy(struct apipie_request *to, const struct apipie_request *from)
{
    const struct pie_historyjob *j = from->history;
    if (j == NULL)
        return APIPIE_OK;
    apipie_status status = pie_history_set_after(to, j->after);
    if (status == APIPIE_OK)
        status = pie_history_set_period(to, j->from_ms, j->to_ms);
    return status == APIPIE_OK ? pie_history_set_most(to, j->most) : status;
}

struct apipie_history *pie_history_list(const struct apipie_request *r)
{
    return r->history != NULL ? r->history->list : NULL;
}

/* ---- asking */

/* The period is that of the request, else of the walk that it goes on with. */
static apipie_status historyjob_begin(struct apipie_request *r)
{
    apipie_status status = historyjob_new(r);
    if (status != APIPIE_OK || r->history->list != NULL)
        return status;
    struct pie_historyjob *j = r->history;
    j->list = pie_engine_history_new(r->client);
    if (j->list == NULL)
        return APIPIE_E_MEMORY;
    j->list->walked = 1;
    if (j->after == NULL)
        return APIPIE_OK;
    if (j->from_ms < 0 && j->to_ms < 0) {
        j->from_ms = j->after->asked_from_ms;
        j->to_ms = j->after->asked_to_ms;
    }
    return pie_bills_go_on(j->list, j->after);
}

static apipie_status historyjob_ask(struct apipie_request *r, int32_t key_refused,
                                    struct apipie_error *err)
{
    struct pie_call call;
    apipie_status status = pie_run_ask_key(r, key_refused, err);
    if (status != APIPIE_OK)
        return status;
    pie_call_init(&call, r->asked);
    call.base_url = r->place->base_url;
    call.key = pie_run_key(r);
    pie_run_make_room(r, &r->run->fetch);
    status =
        r->dialect->ask_history(&call, HISTORY_PAGE, r->history->list->offset, &r->run->fetch, err);
    if (status == APIPIE_OK)
        status = pie_run_set_way(r, 1, &r->run->fetch);
    r->run->leg = &r->run->fetch;
    r->run->redirects = 0;
    return status;
}

void pie_history_go(struct apipie_request *r, int32_t key_refused)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    apipie_status status = pie_run_make(r, &err);
    if (status == APIPIE_OK)
        status = historyjob_begin(r);
    if (status == APIPIE_OK)
        status = historyjob_ask(r, key_refused, &err);
    pie_free_send(r, status, &err);
    pie_error_free(&err);
}

/* ---- reading */

static int32_t historyjob_is_image(struct pie_slice unit)
{
    return pie_slice_equal_nocase(unit, "image") || pie_slice_equal_nocase(unit, "images");
}

static void historyjob_says(const struct apipie_request *r, const struct pie_history_row *row,
                            struct pie_bill_says *ret)
{
    const struct {
        int32_t field;
        int64_t number;
    } numbers[] = {
        {APIPIE_BILL_TIME, row->time_ms},
        {APIPIE_BILL_COST, row->cost},
        {APIPIE_BILL_BILLED, APIPIE_BILLED_YES},
        {APIPIE_BILL_ESTIMATED, 0},
        {APIPIE_BILL_RESERVED, 0},
        {APIPIE_BILL_IMAGES, historyjob_is_image(row->unit) ? 1 : 0},
        {APIPIE_BILL_LATENCY, row->latency_ms},
        {APIPIE_BILL_PROMPT_TOKENS, row->prompt_tokens},
        {APIPIE_BILL_RESPONSE_TOKENS, row->response_tokens},
        {APIPIE_BILL_PROMPT_CHARS, row->prompt_chars},
        {APIPIE_BILL_RESPONSE_CHARS, row->response_chars},
    };
    pie_bill_says_init(ret);
    for (size_t i = 0; i < PIE_COUNT(numbers); i++)
        ret->number[PIE_BILL_NUMBER_AT(numbers[i].field)] = numbers[i].number;
    if (row->unit.n == 0)
        ret->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_IMAGES)] = APIPIE_UNKNOWN;
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_ID)] = row->id;
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_BACKEND)] = pie_slice_text(r->place->backend);
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_PROVIDER)] = row->provider;
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_MODEL)] = pie_model_bare(row->route, row->provider);
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_UNIT)] = row->unit;
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_KEY)] = row->app;
}

/* 1 when it belongs into the list. */
static int32_t historyjob_wants(struct pie_historyjob *j, const struct pie_history_row *row)
{
    if (row->time_ms < 0 && row->cost < 0 && row->provider.n == 0 && row->route.n == 0) {
        j->empty++;
        return 0;
    }
    if (j->from_ms < 0 && j->to_ms < 0)
        return 1;
    if (row->time_ms < 0) {
        j->undated++;
        return 0;
    }
    return row->time_ms >= j->from_ms && (j->to_ms < 0 || row->time_ms < j->to_ms);
}

/* Takes the rows of a page up to the most that the list may hold; the number of those that were read. */
static apipie_status historyjob_take(struct apipie_request *r, const struct pie_reply *reply,
                                     size_t *ret_read, int64_t *ret_last_ms)
{
    struct pie_history_row row;
    struct pie_bill_says says;
    struct pie_historyjob *j = r->history;
    size_t before = j->list->n;
    int64_t oldest_ms = j->oldest_ms;
    size_t n = 0;
    apipie_status status = APIPIE_OK;
    while (status == APIPIE_OK && j->list->n < j->most &&
           r->dialect->read_history(reply, n, &row)) {
        n++;
        *ret_last_ms = row.time_ms;
        if (row.time_ms >= 0 && row.time_ms < j->oldest_ms)
            j->oldest_ms = row.time_ms;
        historyjob_says(r, &row, &says);
        if (historyjob_wants(j, &row) && !pie_bills_has(j->list, &says))
            status = pie_bills_add(j->list, &says);
    }
    if (status == APIPIE_OK)
        status = pie_bills_turn(j->list);
    j->stale = j->list->n != before || j->oldest_ms < oldest_ms ? 0 : j->stale + 1;
    *ret_read = n;
    return status;
}

static void historyjob_set_clock(struct pie_historyjob *j, const struct pie_outcome *o)
{
    int64_t date_ms = 0;
    int64_t now = pie_clock_wall_ms();
    struct apipie_history *h = j->list;
    const char *date = pie_headers_get(&o->headers, "date");
    int32_t known =
        date != NULL && pie_number_http_date(pie_slice_text(date), &date_ms) == APIPIE_OK;
    h->ahead_ms = known ? date_ms - now : 0;
    h->slack_ms = known ? HISTORY_CLOCK_MS : HISTORY_CLOCK_FREE_MS;
    h->asked_from_ms = j->from_ms;
    h->asked_to_ms = j->to_ms;
    h->to_ms = now + h->ahead_ms;
    if (j->to_ms >= 0 && j->to_ms < h->to_ms)
        h->to_ms = j->to_ms;
    if (j->after != NULL)
        h->to_ms = j->after->from_ms;
}

/* What it covers now that it ends here: all, or as far as its last row whose time is known. */
static void historyjob_close(struct pie_historyjob *j, int32_t complete)
{
    struct apipie_history *h = j->list;
    h->complete = complete;
    h->from_ms = complete ? (j->from_ms > 0 ? j->from_ms : 0) : h->to_ms;
    for (size_t i = 0; i < h->n && !complete; i++) {
        int64_t ms = pie_bills_number(h, i, APIPIE_BILL_TIME);
        h->from_ms = ms >= 0 ? ms : h->from_ms;
    }
}

static apipie_status historyjob_read(struct apipie_request *r, const struct pie_outcome *o,
                                     const struct pie_reply *reply, int32_t more)
{
    struct pie_historyjob *j = r->history;
    int64_t last_ms = APIPIE_UNKNOWN;
    size_t n = 0;
    if (j->pages++ == 0)
        historyjob_set_clock(j, o);
    apipie_status status = historyjob_take(r, reply, &n, &last_ms);
    j->list->offset += n;
    if (status != APIPIE_OK)
        return status;
    if (j->list->n >= j->most || j->stale >= HISTORY_STALE)
        historyjob_close(j, 0);
    else if (!more || (last_ms >= 0 && last_ms < j->from_ms - HISTORY_SLACK_MS))
        historyjob_close(j, 1);
    else
        return APIPIE_PENDING;
    return APIPIE_OK;
}

static void historyjob_refuse(const struct pie_outcome *o, struct apipie_error *err,
                              const char *what)
{
    pie_error_set(err, APIPIE_E_MALFORMED, "is the base URL the gateway's?", what, NULL, NULL);
    err->http_status = o->status;
    err->retryable = 1;
    pie_explain_request_id(&o->headers, err->request_id);
}

apipie_status pie_history_read(struct apipie_request *r, const struct pie_outcome *o,
                               struct apipie_error *err)
{
    struct pie_reading g;
    int32_t more = 0;
    apipie_status status = APIPIE_E_MALFORMED;
    if (o->wire != PIE_WIRE_OK || o->status < 200 || o->status >= 300)
        return status;
    if (pie_body_failure(r->run->body) != APIPIE_OK)
        return APIPIE_E_MEMORY;
    pie_reading_open(&g, r, o);
    if (pie_explain_has_error(g.reply.root))
        pie_explain_no_image(&g.reply, r->result, err);
    else if (pie_body_damage(r->run->body)->found || !r->dialect->read_page(&g.reply, &more))
        historyjob_refuse(o, err, "the reply is no page of a history");
    else
        status = historyjob_read(r, o, &g.reply, more);
    pie_reading_close(&g);
    return status;
}

/* ---- the end */

static void historyjob_warn(struct apipie_request *r, size_t count, const char *what)
{
    char text[PIE_NUMBER_MAX];
    if (count == 0)
        return;
    pie_number_uint_text(count, text);
    pie_result_warn(r->result, text, what);
}

void pie_history_finish(struct apipie_request *r)
{
    struct pie_historyjob *j = r->history;
    r->result_known = 1;
    r->result->backend = r->place->backend;
    r->result->billed = APIPIE_BILLED_NO;
    historyjob_warn(r, j->empty, " rows of the history say nothing: left out");
    historyjob_warn(r, j->undated, " rows of the history have no time that can be read: left out");
    if (j->stale >= HISTORY_STALE)
        pie_result_warn(r->result,
                        "the server shows the same rows again and again: there may be more", NULL);
    pie_job_succeed(r);
}
