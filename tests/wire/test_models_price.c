/* SPDX-License-Identifier: MIT */
/* What a list is good for: the client's view of the models, estimates, reservations; and many threads that ask at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/lists.h"

#define MILLI (APIPIE_DOLLAR / 1000)

static const struct draw_reply two = {200, LISTS_ETAG, LISTS_TWO};

static void serve_two(struct draw *d)
{
    d->reply = two;
    const struct draw_script script = {&d->reply, 1};
    lists_serve(d, &script);
}

static size_t view_count(apipie_client *client, int32_t field)
{
    apipie_catalog *view = apipie_client_catalog(client);
    size_t n = 0;
    assert_non_null(view);
    for (size_t i = 0; i < apipie_catalog_count(view); i++)
        n += apipie_catalog_number(view, i, field) == 1;
    apipie_catalog_unref(view);
    return n;
}

static void the_view_knows_both_sides(void **state)
{
    struct draw *d = *state;
    serve_two(d);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 0);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_BUILT_IN), 82);
    lists_ask(d); /* a part says nothing of the rest */
    apipie_request_set_filter(d->request, "provider", "prodia");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 0);
    lists_ask(d);
    apipie_request_set_filter(d->request, "type", "image");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 2);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_BUILT_IN), 82);
    apipie_catalog *a = apipie_client_catalog(d->client);
    apipie_catalog *b = apipie_client_catalog(d->client);
    assert_ptr_equal(a, b); /* nothing changed */
    lists_get(d);
    apipie_catalog *c = apipie_client_catalog(d->client);
    assert_ptr_not_equal(a, c);
    apipie_catalog_unref(a);
    apipie_catalog_unref(b);
    apipie_catalog_unref(c);
}

/* Neither its models nor its prices are those of the next one. */
static void another_server_has_another_list(void **state)
{
    struct draw *d = *state;
    int32_t source = -1;
    serve_two(d);
    lists_get(d);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 2);
    apipie_request *r = draw_request(d->client);
    apipie_request_set_provider(r, "prodia");
    apipie_request_set_model(r, "dreamshaper_8");
    assert_int_equal(apipie_client_estimate(d->client, r, &source), 2 * MILLI);
    assert_int_equal(source, APIPIE_PRICE_LISTED);
    apipie_client_set_base_url(d->client, "https://other.example/v1");
    assert_int_equal(apipie_client_estimate(d->client, r, &source), APIPIE_UNKNOWN);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 0);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    assert_int_equal(apipie_client_estimate(d->client, r, &source), 2 * MILLI);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 2);
    apipie_request_unref(r);
}

/* A list that the server confirms is the newest one again. */
static void the_view_follows_a_304(void **state)
{
    const struct draw_reply replies[] = {
        two,
        {200, NULL, "[{\"model\":\"a\",\"provider\":\"p\",\"type\":\"image\"}]"},
        {304, "ETag: \"abc-1\"\r\n", ""},
    };
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    assert_status(apipie_client_set_models_cache(d->client, NULL, 0), APIPIE_OK);
    lists_get(d);
    draw_sleep_ms(5);
    lists_ask(d);
    apipie_request_set_filter(d->request, "type", "image");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 1);
    draw_sleep_ms(5);
    lists_get(d);
    assert_int_equal(view_count(d->client, APIPIE_MODEL_LIVE), 2);
}

struct ask {
    const char *name;
    const char *provider, *model, *quality;
    int32_t side, n;
    int64_t host; /* a price of the host's; 0: none */
    int32_t source;
    int64_t want;
};

static const struct ask asks[] = {
    {"listed", "prodia", "dreamshaper_8", NULL, 1024, 1, 0, APIPIE_PRICE_LISTED, 2 * MILLI},
    {"no size", "prodia", "dreamshaper_8", NULL, 0, 1, 0, APIPIE_PRICE_LISTED, 2 * MILLI},
    {"small", "prodia", "dreamshaper_8", "standard", 512, 1, 0, APIPIE_PRICE_LISTED, MILLI},
    {"hd", "prodia", "dreamshaper_8", "hd", 1024, 1, 0, APIPIE_PRICE_LISTED, 4 * MILLI},
    {"three", "prodia", "dreamshaper_8", NULL, 512, 3, 0, APIPIE_PRICE_LISTED, 3 * MILLI},
    {"any provider", NULL, "dreamshaper_8", NULL, 512, 1, 0, APIPIE_PRICE_LISTED, MILLI},
    {"a size that is not listed", "prodia", "dreamshaper_8", NULL, 333, 1, 0, APIPIE_PRICE_NONE,
     APIPIE_UNKNOWN},
    {"average", "together", "stable-diffusion-xl-base-1.0", NULL, 1024, 1, 0, APIPIE_PRICE_LISTED,
     101 * MILLI / 10},
    {"unknown model", "prodia", "nothing", NULL, 1024, 1, 0, APIPIE_PRICE_NONE, APIPIE_UNKNOWN},
    {"other provider", "bedrock", "dreamshaper_8", NULL, 512, 1, 0, APIPIE_PRICE_NONE,
     APIPIE_UNKNOWN},
    {"no model", "prodia", NULL, NULL, 512, 1, 0, APIPIE_PRICE_NONE, APIPIE_UNKNOWN},
    {"host", "prodia", "dreamshaper_8", NULL, 1024, 2, 7 * MILLI, APIPIE_PRICE_HOST, 14 * MILLI},
};

static void an_estimate_is_exact(void **state)
{
    struct draw *d = *state;
    const struct ask *a = d->row;
    int32_t source = -1;
    serve_two(d);
    apipie_request *image = draw_request(d->client);
    apipie_request_set_provider(image, a->provider);
    apipie_request_set_model(image, a->model);
    apipie_request_set_quality(image, a->quality);
    apipie_request_set_n(image, a->n);
    if (a->side != 0)
        apipie_request_set_size(image, a->side, a->side);
    assert_true(apipie_client_estimate(d->client, image, &source) == APIPIE_UNKNOWN);
    assert_int_equal(source, APIPIE_PRICE_NONE);
    lists_get(d);
    if (a->host != 0)
        apipie_client_set_price(d->client, NULL, NULL, a->host);
    int64_t got = apipie_client_estimate(d->client, image, &source);
    apipie_request_unref(image);
    assert_true(got == a->want);
    assert_int_equal(source, a->source);
    assert_true(apipie_client_estimate(d->client, d->request, NULL) == APIPIE_UNKNOWN);
}

static void the_first_route_is_estimated(void **state)
{
    struct draw *d = *state;
    int32_t source = -1;
    serve_two(d);
    lists_get(d);
    apipie_request *image = draw_request(d->client);
    apipie_client_add_route(d->client, NULL, "prodia", "dreamshaper_8");
    assert_true(apipie_client_estimate(d->client, image, &source) == 2 * MILLI);
    apipie_request_add_route(image, NULL, "together", "stable-diffusion-xl-base-1.0");
    assert_true(apipie_client_estimate(d->client, image, &source) == 101 * MILLI / 10);
    apipie_request_unref(image);
}

/* Its list names providers, as the first one's does. */
static void a_second_gateway_is_estimated(void **state)
{
    struct draw *d = *state;
    int32_t source = -1;
    serve_two(d);
    assert_status(apipie_client_add_backend(d->client, "two", "apipie", raw_server_base(d->server)),
                  APIPIE_OK);
    apipie_request *image = draw_request(d->client);
    apipie_request_set_backend(image, "two");
    apipie_request_set_model(image, "dreamshaper_8");
    lists_get(d); /* of the first one */
    assert_true(apipie_client_estimate(d->client, image, &source) == APIPIE_UNKNOWN);
    lists_ask(d);
    apipie_request_set_backend(d->request, "two");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_true(apipie_client_estimate(d->client, image, &source) == 2 * MILLI);
    assert_int_equal(source, APIPIE_PRICE_LISTED);
    apipie_request_set_provider(image, "prodia");
    assert_true(apipie_client_estimate(d->client, image, &source) == 2 * MILLI);
    apipie_client_set_price(d->client, "two", NULL, 7 * MILLI);
    apipie_request_set_provider(image, NULL);
    assert_true(apipie_client_estimate(d->client, image, &source) == 7 * MILLI);
    apipie_request_unref(image);
}

/* The dearest of those that may serve it. */
static void the_gateway_chooses(void **state)
{
    static const struct draw_reply reply = {
        200, NULL,
        "[{\"model\":\"m\",\"provider\":\"a\",\"avg_cost\":\"0.001\",\"price_type\":\"image\"},"
        "{\"model\":\"m\",\"provider\":\"b\",\"avg_cost\":\"0.003\",\"price_type\":\"image\"},"
        "{\"model\":\"m\",\"provider\":\"c\",\"avg_cost\":\"0.002\",\"price_type\":\"image\"},"
        "{\"model\":\"m2\",\"provider\":\"c\",\"avg_cost\":\"0.009\",\"price_type\":\"image\"}]"};
    const struct draw_script script = {&reply, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    lists_get(d);
    apipie_request *image = draw_request(d->client);
    apipie_request_set_model(image, "m");
    assert_true(apipie_client_estimate(d->client, image, NULL) == 3 * MILLI);
    apipie_request_set_model(image, "c/m");
    assert_true(apipie_client_estimate(d->client, image, NULL) == 2 * MILLI);
    apipie_request_unref(image);
}

static void a_budget_reserves_the_listed_price(void **state)
{
    struct draw *d = *state;
    serve_two(d);
    assert_status(apipie_client_set_budget(d->client, 3 * MILLI), APIPIE_OK);
    apipie_request *image = draw_request(d->client);
    apipie_request_set_provider(image, "prodia");
    apipie_request_set_model(image, "dreamshaper_8");
    apipie_request *second = apipie_request_copy(image);
    apipie_request *third = apipie_request_copy(image);
    assert_ended(image, apipie_request_perform(image), APIPIE_E_BUDGET); /* no price is known */
    lists_get(d);
    assert_ended(second, apipie_request_perform(second), APIPIE_OK);
    assert_true(apipie_client_money(d->client, NULL, APIPIE_MONEY_SPENT) == 2 * MILLI);
    assert_true(apipie_client_money(d->client, NULL, APIPIE_MONEY_ESTIMATED) == 2 * MILLI);
    assert_ended(third, apipie_request_perform(third), APIPIE_E_BUDGET);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    apipie_request_unref(image);
    apipie_request_unref(second);
    apipie_request_unref(third);
}

/* ---- many threads */

#define THREADS 8
#define ROUNDS  12

static void *ask_often(void *user)
{
    apipie_client *client = user;
    uintptr_t good = 0;
    for (int i = 0; i < ROUNDS; i++) {
        apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_MODELS);
        if (i % 3 == 1)
            apipie_request_set_filter(r, "type", "image");
        good += apipie_request_perform(r) == APIPIE_OK &&
                apipie_catalog_count(apipie_request_catalog(r)) == 2;
        apipie_request_unref(r);
        apipie_catalog *view = apipie_client_catalog(client);
        apipie_request *image = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_model(image, "dreamshaper_8");
        good += apipie_catalog_count(view) > 2 &&
                apipie_client_estimate(client, image, NULL) == 2 * MILLI;
        apipie_request_unref(image);
        apipie_catalog_unref(view);
        if (i % 4 == 3)
            apipie_client_set_models_cache(client, NULL, i % 8 == 3 ? 0 : 1000);
    }
    return (void *)good;
}

static void many_ask_at_once(void **state)
{
    struct draw *d = *state;
    pthread_t threads[THREADS];
    serve_two(d);
    apipie_client_set_models_cache(d->client, NULL, 0);
    lists_get(d);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, d->client), 0);
    for (int i = 0; i < THREADS; i++) {
        void *good = NULL;
        pthread_join(threads[i], &good);
        assert_int_equal((uintptr_t)good, 2 * ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_view_knows_both_sides), DRAW_TEST(the_first_route_is_estimated),
        DRAW_TEST(the_gateway_chooses),       DRAW_TEST(a_budget_reserves_the_listed_price),
        DRAW_TEST(many_ask_at_once),          DRAW_TEST(another_server_has_another_list),
        DRAW_TEST(the_view_follows_a_304),    DRAW_TEST(a_second_gateway_is_estimated),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + DRAW_ROWS(an_estimate_is_exact, asks);
}
