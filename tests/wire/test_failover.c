/* SPDX-License-Identifier: MIT */
/* Which routes a request is tried on, in which order, and what the ends of calls say about a route for all who come after:
 * read off the calls that the server received. Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON  "Content-Type: application/json\r\n"
#define SOON  JSON "retry-after-ms: 1\r\n"
#define LATER JSON "Retry-After: 0.01\r\n"

#define POLICY "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"m\"}}"
#define QUOTA  "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"m\"}}"

static const struct draw_reply good = {200, NULL, ONE_IMAGE};
static const struct draw_reply no_model = {404, SOON,
                                           "{\"error\":{\"message\":\"no such model\"}}"};
static const struct draw_reply busy = {429, JSON, "{\"error\":{\"message\":\"slow down\"}}"};
static const struct draw_reply broken = {500, SOON, "{\"error\":{\"message\":\"it broke\"}}"};

static void use_routes(struct draw *d, const char *routes, int32_t policy, int32_t retries)
{
    d->request = apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, routes);
    apipie_request_set_retry(d->request, policy, retries);
}

/* ---- the order */

static void the_first_route_serves(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.slow_ms = 0};
    draw_serve_stage(d, &stage);
    use_routes(d, "ABC", APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "A");
    assert_string_equal(apipie_result_provider(draw_result(d)), "pA");
    assert_string_equal(apipie_result_model(draw_result(d)), "A");
}

static void assert_attempt(const apipie_request *r, size_t i, const char *provider,
                           const char *model, int32_t outcome, apipie_status status,
                           const char *words)
{
    assert_int_equal(apipie_request_attempt_purpose(r, i), APIPIE_PURPOSE_GENERATE);
    assert_string_equal(apipie_request_attempt_provider(r, i), provider);
    assert_string_equal(apipie_request_attempt_model(r, i), model);
    assert_int_equal(apipie_request_attempt_outcome(r, i), outcome);
    assert_status(apipie_request_attempt_status(r, i), status);
    assert_contains(apipie_request_attempt_message(r, i), words);
}

static void in_order_and_why(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        .models = {DRAW_REPLIES(&no_model), DRAW_REPLIES(&busy)}};
    draw_serve_stage(d, &stage);
    use_routes(d, "ABC", APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "ABC");
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
    assert_attempt(d->request, 0, "pA", "A", APIPIE_OUTCOME_REJECTED, APIPIE_E_NOT_FOUND,
                   "no such model");
    assert_attempt(d->request, 1, "pB", "B", APIPIE_OUTCOME_REJECTED, APIPIE_E_RATE_LIMITED,
                   "slow down");
    assert_attempt(d->request, 2, "pC", "C", APIPIE_OUTCOME_DELIVERED, APIPIE_OK, "");
    assert_null(apipie_request_attempt_message(d->request, 3));
    assert_null(apipie_request_attempt_model(d->request, 3));
    assert_string_equal(apipie_result_provider(draw_result(d)), "pC");
    assert_string_equal(apipie_result_model(draw_result(d)), "C");
    assert_int_equal(apipie_request_tries(d->request), 3);
    assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_YES);
}

/* Who is asked when all of them refuse: "own" the request's own provider and model, "routes" its routes. */
struct order {
    const char *name, *own, *routes, *clients;
    int32_t clear; /* 1: the request's routes, 2: the client's */
    const char *models;
};

static const struct order orders[] = {
    {"its own first, then its routes", "C", "AB", "", 0, "CAB"},
    {"its own first, then the client's", "C", "", "AB", 0, "CAB"},
    {"the client's", "", "", "BA", 0, "BA"},
    {"its routes instead of the client's", "", "A", "BC", 0, "A"},
    {"its routes cleared: the client's", "", "A", "BC", 1, "BC"},
    {"the client's cleared: the gateway's choice", "", "", "BC", 2, "-"},
    {"no routes: the gateway's choice", "", "", "", 0, "-"},
};

static void whose_routes(void **state)
{
    struct draw *d = *state;
    const struct order *row = d->row;
    static const struct draw_stage stage = {
        .models = {{{&no_model}}, {{&no_model}}, {{&no_model}}}};
    draw_serve_stage(d, &stage);
    for (const char *m = row->clients; *m; m++) {
        const char model[2] = {*m, 0};
        assert_status(apipie_client_add_route(d->client, "apipie", NULL, model), APIPIE_OK);
    }
    use_routes(d, row->routes, APIPIE_RETRY_SAFE, 0);
    if (*row->own)
        apipie_request_set_model(d->request, row->own);
    if (row->clear == 1)
        assert_status(apipie_request_clear_routes(d->request), APIPIE_OK);
    if (row->clear == 2)
        assert_status(apipie_client_clear_routes(d->client), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NOT_FOUND);
    assert_order(d->server, "model", row->models);
}

/* A route without a model takes the request's. */
static void a_route_of_a_provider_alone(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.models = {{{&no_model, &good}}}};
    char provider[64];
    draw_serve_stage(d, &stage);
    apipie_request_set_provider(d->request, "first");
    apipie_request_set_model(d->request, "A");
    apipie_request_add_route(d->request, NULL, "second", NULL);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AA");
    draw_field(raw_server_request(d->server, 0), "provider", provider, sizeof provider);
    assert_string_equal(provider, "first");
    draw_field(raw_server_request(d->server, 1), "provider", provider, sizeof provider);
    assert_string_equal(provider, "second");
}

/* ---- what moves on */

struct move {
    const char *name;
    int32_t status;
    const char *headers, *body;
    const char *safe, *always; /* the calls, with a second route that would serve */
};

static const struct move moves[] = {
    {"400, parameter", 400, SOON, "{\"error\":{\"message\":\"no\",\"param\":\"size\"}}", "AB",
     "AB"},
    {"404", 404, SOON, "{}", "AB", "AB"},
    {"422", 422, SOON, "{}", "AB", "AB"},
    {"429", 429, JSON, "{}", "AB", "AB"},
    {"429, in a minute and a half", 429, JSON "Retry-After: 90\r\n", "{}", "AB", "AB"},
    {"429, do not retry", 429, SOON "x-should-retry: false\r\n", "{}", "AB", "AB"},
    {"503, refused", 503, LATER, "{}", "AB", "AB"},
    {"500", 500, SOON, "{}", "A", "AB"},
    {"502", 502, SOON, "{}", "A", "AB"},
    {"503, bare", 503, SOON, "{}", "A", "AB"},
    {"200, no image", 200, SOON, "{\"data\":[]}", "A", "AB"},
    {"cut off", 0, "", "", "A", "AB"},
    {"content", 400, SOON, POLICY, "A", "A"},
    {"401", 401, SOON, "{}", "A", "A"},
    {"402", 402, SOON, "{}", "A", "A"},
    {"quota", 429, SOON, QUOTA, "A", "A"},
};

static void first_fails(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct move *row = user;
    struct draw_reply reply = {row->status, row->headers, row->body};
    if (draw_nth(c, q, "\"model\":\"A\"") == 0)
        draw_send_reply(c, &good);
    else if (row->status == 0)
        raw_close(c);
    else
        draw_send_reply(c, &reply);
}

static void moves_on(struct draw *d, int32_t policy, const char *want)
{
    draw_serve(d, first_fails, (void *)(uintptr_t)d->row);
    use_routes(d, "AB", policy, 0);
    apipie_status status = apipie_request_perform(d->request);
    assert_order(d->server, "model", want);
    assert_int_equal(status == APIPIE_OK, strlen(want) == 2);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server);
}

static void what_another_route_may_do_better(void **state)
{
    struct draw *d = *state;
    const struct move *row = d->row;
    moves_on(d, APIPIE_RETRY_NEVER, "A");
    moves_on(d, APIPIE_RETRY_SAFE, row->safe);
    moves_on(d, APIPIE_RETRY_ALWAYS, row->always);
}

/* ---- each call is its route's */

static void image_to_image_stays_so(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.models = {{{&no_model}}}};
    uint8_t picture[512];
    char image[2][1024], strength[64];
    size_t n = draw_decode(PNG3, picture);
    draw_serve_stage(d, &stage);
    use_routes(d, "AB", APIPIE_RETRY_SAFE, 0);
    assert_status(apipie_request_set_image_bytes(d->request, picture, n), APIPIE_OK);
    assert_status(apipie_request_set_strength(d->request, 0.25), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "AB");
    for (int i = 0; i < 2; i++) {
        const struct raw_request *q = raw_server_request(d->server, i);
        draw_field(q, "image", image[i], sizeof image[i]);
        assert_string_equal(image[i], "data:image/png;base64," PNG3);
        draw_field(q, "strength", strength, sizeof strength);
        assert_string_equal(strength, "0.25");
    }
}

static void the_bodies_name_their_routes(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.models = {{{&no_model}}, {{&no_model}}}};
    draw_serve_stage(d, &stage);
    use_routes(d, "ABC", APIPIE_RETRY_SAFE, 0);
    apipie_request_set_seed(d->request, 11);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    for (int i = 0; i < 3; i++) {
        char got[64], want[3] = {'p', (char)('A' + i), 0};
        const struct raw_request *q = raw_server_request(d->server, i);
        draw_field(q, "provider", got, sizeof got);
        assert_string_equal(got, want);
        draw_field(q, "model", got, sizeof got);
        assert_string_equal(got, want + 1);
        draw_field(q, "seed", got, sizeof got);
        assert_string_equal(got, "11");
    }
}

/* A and B are asked twice each. */
static void a_key_for_each_route(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.models = {{{&busy}}, {{&busy}}}};
    char key[4][128];
    draw_serve_stage(d, &stage);
    use_routes(d, "AB", APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_order(d->server, "model", "ABAB");
    for (int i = 0; i < 4; i++)
        assert_true(raw_request_header(raw_server_request(d->server, i), "Idempotency-Key", key[i],
                                       sizeof key[i]));
    assert_string_equal(key[0], key[2]);
    assert_string_equal(key[1], key[3]);
    assert_string_not_equal(key[0], key[1]);
    assert_int_equal(raw_server_request(d->server, 0)->body_size,
                     raw_server_request(d->server, 2)->body_size);
    assert_string_equal(raw_server_request(d->server, 0)->body,
                        raw_server_request(d->server, 2)->body);
}

/* ---- rounds */

struct round {
    const char *name;
    struct draw_stage stage;
    const char *routes;
    int32_t policy, retries;
    const char *calls;
    apipie_status code;
    int32_t billed;
};

static const struct draw_reply refused_content = {400, SOON, POLICY};
static const struct draw_reply no_credit = {402, SOON, "{}"};
static const struct draw_reply bad_key = {401, SOON, "{}"};
static const struct draw_reply no_picture = {200, SOON, "{\"data\":[]}"};

static const struct round rounds[] = {
    {"both busy once",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&busy, &good)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     2,
     "ABA",
     APIPIE_OK,
     APIPIE_BILLED_YES},
    {"retries count rounds",
     {{DRAW_REPLIES(&busy), DRAW_REPLIES(&busy)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     1,
     "ABAB",
     APIPIE_E_RATE_LIMITED,
     APIPIE_BILLED_NO},
    {"no retries, but both routes",
     {{DRAW_REPLIES(&busy), DRAW_REPLIES(&busy)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     0,
     "AB",
     APIPIE_E_RATE_LIMITED,
     APIPIE_BILLED_NO},
    {"a dead first route",
     {{DRAW_REPLIES(&no_model), DRAW_REPLIES(&busy, &good)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     2,
     "ABB",
     APIPIE_OK,
     APIPIE_BILLED_YES},
    {"a dead second route",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&no_model)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     2,
     "ABA",
     APIPIE_OK,
     APIPIE_BILLED_YES},
    {"all dead",
     {{DRAW_REPLIES(&no_model), DRAW_REPLIES(&no_model)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     5,
     "AB",
     APIPIE_E_NOT_FOUND,
     APIPIE_BILLED_NO},
    /* what ends the request ends it, though an earlier route would take it again */
    {"busy, then perhaps paid",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&broken)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     2,
     "AB",
     APIPIE_E_SERVER,
     APIPIE_BILLED_UNKNOWN},
    {"busy, then no picture",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&no_picture)}, 0},
     "ABC",
     APIPIE_RETRY_SAFE,
     2,
     "AB",
     APIPIE_E_NO_IMAGE,
     APIPIE_BILLED_UNKNOWN},
    {"busy, then refused content",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&refused_content)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     2,
     "AB",
     APIPIE_E_CONTENT_POLICY,
     APIPIE_BILLED_NO},
    {"busy, then no credit",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&no_credit)}, 0},
     "ABC",
     APIPIE_RETRY_SAFE,
     2,
     "AB",
     APIPIE_E_QUOTA,
     APIPIE_BILLED_NO},
    {"busy, then a bad key",
     {{DRAW_REPLIES(&busy, &good), DRAW_REPLIES(&bad_key)}, 0},
     "AB",
     APIPIE_RETRY_SAFE,
     2,
     "AB",
     APIPIE_E_AUTH,
     APIPIE_BILLED_NO},
    {"always: perhaps paid, then again",
     {{DRAW_REPLIES(&broken), DRAW_REPLIES(&broken, &good)}, 0},
     "AB",
     APIPIE_RETRY_ALWAYS,
     1,
     "ABAB",
     APIPIE_OK,
     APIPIE_BILLED_YES},
    {"always: a dead route stays dead",
     {{DRAW_REPLIES(&broken), DRAW_REPLIES(&no_model)}, 0},
     "AB",
     APIPIE_RETRY_ALWAYS,
     1,
     "ABA",
     APIPIE_E_SERVER,
     APIPIE_BILLED_UNKNOWN},
};

static void round_after_round(void **state)
{
    struct draw *d = *state;
    const struct round *row = d->row;
    draw_serve_stage(d, &row->stage);
    use_routes(d, row->routes, row->policy, row->retries);
    apipie_status status = apipie_request_perform(d->request);
    assert_order(d->server, "model", row->calls);
    assert_ended(d->request, status, row->code);
    assert_int_equal(apipie_request_tries(d->request), strlen(row->calls));
    assert_int_equal(apipie_request_attempt_count(d->request), strlen(row->calls));
    assert_int_equal(status == APIPIE_OK ? apipie_result_billed(draw_result(d))
                                         : apipie_error_billed(draw_error(d)),
                     row->billed);
}

static const struct draw_reply wait_a_bit = {429, JSON "Retry-After: 0.9\r\n", "{}"};
static const struct draw_reply wait_long = {429, JSON "Retry-After: 20\r\n", "{}"};

static int64_t came_ms(const struct draw *d, int32_t index)
{
    const struct raw_request *q = raw_server_request(d->server, index);
    assert_non_null(q);
    return q->came_ms;
}

static void the_wait_is_between_rounds(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&wait_a_bit, &good), DRAW_REPLIES(&wait_long)}, 0};
    draw_serve_stage(d, &stage);
    use_routes(d, "AB", APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_order(d->server, "model", "ABA");
    assert_true(came_ms(d, 2) - came_ms(d, 0) >= 900);
}

/* ---- what one request learns, the others know */

static void others_wait_too(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&wait_a_bit, &good)}, 0};
    static const char *const routes[] = {"A", "A", "B"};
    draw_serve_stage(d, &stage);
    apipie_client_set_max_in_flight(d->client, 1);
    draw_more(d, 3);
    for (int i = 0; i < 3; i++) {
        d->more[i] = apipie_request_unref(d->more[i]);
        d->more[i] = draw_request_for(d->client, routes[i]);
    }
    apipie_request_set_retry(d->more[0], APIPIE_RETRY_SAFE, 1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_order(d->server, "model", "ABAA");
    assert_true(came_ms(d, 2) - came_ms(d, 0) >= 900);
    assert_int_equal(apipie_request_tries(d->more[0]), 2);
    assert_int_equal(apipie_request_tries(d->more[1]), 1);
    assert_int_equal(apipie_request_attempt_count(d->more[2]), 1);
}

static void who_has_another_route_takes_it(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&wait_long)}, 0};
    static const char *const routes[] = {"A", "AB"};
    draw_serve_stage(d, &stage);
    apipie_client_set_max_in_flight(d->client, 1);
    draw_more(d, 2);
    for (int i = 0; i < 2; i++) {
        d->more[i] = apipie_request_unref(d->more[i]);
        d->more[i] = draw_request_for(d->client, routes[i]);
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 1);
    assert_order(d->server, "model", "AB");
    assert_attempt(d->more[1], 0, "pA", "A", APIPIE_OUTCOME_NOT_SENT, APIPIE_E_RATE_LIMITED,
                   "pause");
    assert_attempt(d->more[1], 1, "pB", "B", APIPIE_OUTCOME_DELIVERED, APIPIE_OK, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_first_route_serves),         DRAW_TEST(in_order_and_why),
        DRAW_TEST(a_route_of_a_provider_alone),    DRAW_TEST(image_to_image_stays_so),
        DRAW_TEST(the_bodies_name_their_routes),   DRAW_TEST(a_key_for_each_route),
        DRAW_TEST(the_wait_is_between_rounds),     DRAW_TEST(others_wait_too),
        DRAW_TEST(who_has_another_route_takes_it),
    };
    int failed = cmocka_run_group_tests_name("failover", tests, NULL, NULL);
    failed += DRAW_ROWS(whose_routes, orders);
    failed += DRAW_ROWS(what_another_route_may_do_better, moves);
    failed += DRAW_ROWS(round_after_round, rounds);
    return failed;
}
