/* SPDX-License-Identifier: MIT */
/* Knows what an attempt may cost and what it did cost; must not decide what is sent. */
#include "engine/engine_priv.h"

/* The price of the present call, as far as anybody knows it. */
static int64_t money_estimate(struct apipie_request *r, const struct pie_call *call)
{
    struct pie_price_ask ask;
    int32_t source = APIPIE_PRICE_NONE;
    pie_price_ask_init(&ask, call);
    ask.backend = r->place->of;
    return pie_price_estimate(r->client, &ask, &source);
}

static int64_t money_add(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* What counts for the job itself so far: its attempts, and what is out. */
static int64_t money_of_job(const struct apipie_request *r)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r->attempt_count; i++)
        sum = money_add(sum, r->attempts[i].charge);
    if (r->run != NULL && r->run->hold.open)
        sum = money_add(sum, r->run->hold.amount);
    return sum;
}

/* What counts for the request that the host made, of which this may be a part. */
static int64_t money_of_request(const struct apipie_request *r)
{
    const struct apipie_request *whole = r->whole != NULL ? r->whole : r;
    int64_t sum = money_of_job(whole);
    for (int32_t i = 0; i < whole->part_count; i++) {
        if (whole->parts[i] != NULL)
            sum = money_add(sum, money_of_job(whole->parts[i]));
    }
    return sum;
}

static uint64_t money_characters(const char *text)
{
    uint64_t n = 0;
    for (; text != NULL && *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static struct pie_meter_ask money_ask(struct apipie_request *r)
{
    struct pie_call call;
    struct pie_meter_ask ask = {0};
    pie_run_call(r, &call);
    ask.backend = r->place->backend;
    ask.provider = call.provider;
    ask.model = call.model;
    ask.tag = r->asked->text[PIE_WISH_TAG];
    ask.images = call.n > 0 ? call.n : 1;
    ask.prompt_chars = money_characters(r->asked->text[PIE_WISH_PROMPT]);
    ask.estimate = money_estimate(r, &call);
    ask.cap = r->asked->budget;
    ask.spent = money_of_request(r);
    ask.now_wall_ms = pie_clock_wall_ms();
    return ask;
}

apipie_status pie_money_check(struct apipie_request *r, struct apipie_error *err)
{
    const struct pie_meter_ask ask = money_ask(r);
    return pie_meter_check(r->client->meter, &ask, err);
}

apipie_status pie_money_reserve(struct apipie_request *r, struct apipie_error *err)
{
    const struct pie_meter_ask ask = money_ask(r);
    memset(&r->run->hold, 0, sizeof(r->run->hold));
    return pie_meter_reserve(r->client->meter, &ask, &r->run->hold, err);
}

/* The server's figure for the reply that is at hand. */
static int64_t money_figure(const struct apipie_request *r, const struct pie_attempt *a)
{
    if (a->outcome != APIPIE_OUTCOME_DELIVERED || !r->result_known)
        return APIPIE_UNKNOWN;
    return r->result->usage.cost;
}

void pie_money_settle(struct apipie_request *r, struct pie_attempt *a)
{
    static const int32_t kinds[] = {APIPIE_CHARGE_NONE, APIPIE_CHARGE_SERVER,
                                    APIPIE_CHARGE_UNKNOWN};
    struct pie_meter_hold *hold = &r->run->hold;
    struct pie_meter_end end = {0};
    if (!hold->open)
        return;
    end.billed = a->billed;
    end.outcome = a->outcome;
    end.cost = money_figure(r, a);
    end.request_id = a->request_id;
    end.now_wall_ms = pie_clock_wall_ms();
    memcpy(a->hold, hold->id, sizeof(a->hold));
    pie_meter_settle(r->client->meter, hold, &end, &a->charge);
    a->charge_kind = kinds[a->billed];
    if (a->billed == APIPIE_BILLED_YES && end.cost < 0)
        a->charge_kind = APIPIE_CHARGE_ESTIMATED;
    if (a->billed != APIPIE_BILLED_NO)
        pie_recent_add(r, a);
}

static int32_t money_worse(int32_t a, int32_t b)
{
    if (a == APIPIE_BILLED_YES || b == APIPIE_BILLED_YES)
        return APIPIE_BILLED_YES;
    return a == APIPIE_BILLED_UNKNOWN ? a : b;
}

int32_t pie_money_billed(const struct apipie_request *r)
{
    int32_t billed = APIPIE_BILLED_NO;
    for (size_t i = 0; i < r->attempt_count; i++)
        billed = money_worse(billed, r->attempts[i].billed);
    /* Those of the parts are in the log too, unless there was no memory for that. */
    for (int32_t i = 0; i < r->part_count; i++) {
        if (r->parts[i] != NULL && pie_request_draws(r->parts[i]))
            billed = money_worse(billed, pie_money_billed(r->parts[i]));
    }
    return billed;
}
