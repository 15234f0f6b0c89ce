/* SPDX-License-Identifier: MIT */
/* Several servers behind one client: which one is asked, with whose key, and when the next one is. */
#include "../support/draw.h"

#include <stdio.h>
#include <string.h>

/* The stage's server is the gateway, `other` is the backend "spare". */
static const struct draw_reply good = {200, NULL, ONE_IMAGE};

static void serve_other(struct draw *d, const struct draw_script *script)
{
    d->other = raw_server_start(draw_handler, (void *)(uintptr_t)script);
    assert_non_null(d->other);
    assert_int_equal(
        apipie_client_add_backend(d->client, "spare", "apipie", raw_server_base(d->other)),
        APIPIE_OK);
}

static int32_t has_header(struct raw_server *s, int32_t index, const char *name, const char *want)
{
    char value[200] = "";
    const struct raw_request *q = raw_server_request(s, index);
    return q != NULL && raw_request_header(q, name, value, sizeof(value)) &&
           strcmp(value, want) == 0;
}

static void a_request_names_its_backend(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = {&good, 1};
    draw_serve_json(d, ONE_IMAGE);
    serve_other(d, &script);
    assert_int_equal(apipie_client_set_backend_key(d->client, "spare", "other-key"), APIPIE_OK);
    assert_int_equal(apipie_request_set_backend(d->request, "spare"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_string_equal(apipie_result_backend(draw_result(d)), "spare");
    assert_string_equal(apipie_request_attempt_backend(d->request, 0), "spare");
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_true(has_header(d->other, 0, "authorization", "Bearer other-key"));

    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(apipie_result_backend(draw_result(d)), "apipie");
    assert_true(has_header(d->server, 0, "authorization", "Bearer " DRAW_KEY));

    assert_int_equal(apipie_client_set_default_backend(d->client, "spare"), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(apipie_result_backend(draw_result(d)), "spare");
}

/* Nothing of the gateway's goes to another server. */
static void keys_and_headers_stay_at_home(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = {&good, 1};
    draw_serve_json(d, ONE_IMAGE);
    serve_other(d, &script);
    assert_int_equal(apipie_client_set_header(d->client, "X-Secret", "mine"), APIPIE_OK);
    apipie_request_set_backend(d->request, "spare");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    char value[200];
    const struct raw_request *q = raw_server_request(d->other, 0);
    assert_false(raw_request_header(q, "authorization", value, sizeof(value)));
    assert_false(raw_request_header(q, "x-secret", value, sizeof(value)));
    assert_null(strstr(q->head, DRAW_KEY));
}

/* What a route surely did not bill is asked elsewhere: also what concerns a whole server. */
static void the_next_backend_is_asked(void **state)
{
    static const struct draw_reply replies[] = {
        {401, NULL, "{\"error\":{\"message\":\"bad key\"}}"},
        {402, NULL, "{\"code\":\"ACCOUNT_ERROR\",\"message\":\"out of credit\"}"},
        {404, NULL, "{\"error\":{\"message\":\"no such model\"}}"},
        {429, NULL, "{\"error\":{\"message\":\"slow\"}}"},
        {503, "Retry-After: 30\r\n", "{}"},
    };
    static const struct draw_script script = {&good, 1};
    struct draw *d = *state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        draw_serve_reply(d, replies[i].status, replies[i].headers, replies[i].body);
        serve_other(d, &script);
        apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
        apipie_request_add_route(d->request, NULL, "prodia", "a");
        apipie_request_add_route(d->request, NULL, "prodia", "b");
        apipie_request_add_route(d->request, "spare", NULL, "c");
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        assert_string_equal(apipie_result_backend(draw_result(d)), "spare");
        /* The key and the credit are the same on all routes of a backend. */
        assert_int_equal(raw_server_count(d->server, "POST"), replies[i].status < 403 ? 1 : 2);
        assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_YES);
        draw_teardown(state);
        draw_setup(state);
        d = *state;
    }
}

static void a_dead_server_is_passed_over_and_asked_again(void **state)
{
    struct draw *d = *state;
    char url[100];
    int port = raw_port_refused(url, sizeof(url));
    draw_serve_json(d, ONE_IMAGE);
    assert_int_equal(apipie_client_add_backend(d->client, "desk", "apipie", url), APIPIE_OK);
    apipie_client_add_route(d->client, "desk", NULL, "sd");
    apipie_client_add_route(d->client, "apipie", "prodia", "sd");
    for (int i = 0; i < 2; i++) {
        apipie_request_unref(d->request);
        d->request = draw_request(d->client);
        apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        assert_string_equal(apipie_result_backend(draw_result(d)), "apipie");
        assert_string_equal(apipie_request_attempt_backend(d->request, 0), "desk");
        assert_string_equal(apipie_request_attempt_backend(d->request, 1), "apipie");
    }
    raw_port_close(port);
    apipie_stats *s = apipie_client_stats(d->client);
    assert_int_equal(apipie_stats_find(s, "apipie", "prodia", "sd") != (size_t)-1, 1);
    apipie_stats_unref(s);
}

/* It may have been drawn: nobody else draws it. */
static void in_doubt_nobody_else_is_asked(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = {&good, 1};
    draw_serve_reply(d, 500, NULL, "{}");
    serve_other(d, &script);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    apipie_request_add_route(d->request, NULL, NULL, "a");
    apipie_request_add_route(d->request, "spare", NULL, "a");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(raw_server_count(d->other, NULL), 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
}

/* Health and statistics know which server it was. */
static void figures_are_by_backend(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = {&good, 1};
    draw_serve_json(d, ONE_IMAGE);
    serve_other(d, &script);
    for (int i = 0; i < 3; i++) {
        draw_again(d);
        apipie_request_set_model(d->request, "m");
        apipie_request_set_backend(d->request, i == 0 ? "apipie" : "spare");
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    }
    apipie_stats *s = apipie_client_stats(d->client);
    assert_int_equal(apipie_stats_count(s), 2);
    assert_int_equal(
        apipie_stats_number(s, apipie_stats_find(s, "spare", NULL, "m"), APIPIE_STATS_IMAGES), 2);
    assert_int_equal(
        apipie_stats_number(s, apipie_stats_find(s, "apipie", NULL, "m"), APIPIE_STATS_IMAGES), 1);
    apipie_stats_unref(s);
    assert_int_equal(apipie_client_health(d->client, "spare", NULL, "m"), APIPIE_HEALTH_HEALTHY);
}

static void prices_are_by_backend(void **state)
{
    struct draw *d = *state;
    int32_t source = 0;
    static const struct draw_script script = {&good, 1};
    draw_serve_json(d, ONE_IMAGE);
    serve_other(d, &script);
    apipie_client_set_price(d->client, "spare", NULL, APIPIE_DOLLAR / 50);
    apipie_request_set_backend(d->request, "spare");
    assert_int_equal(apipie_client_estimate(d->client, d->request, &source), APIPIE_DOLLAR / 50);
    assert_int_equal(source, APIPIE_PRICE_HOST);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_client_money(d->client, NULL, APIPIE_MONEY_SPENT), APIPIE_DOLLAR / 50);
}

/* A cap refuses the dear one; the next costs less. */
static void a_budget_moves_on(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = {&good, 1};
    draw_serve_json(d, ONE_IMAGE);
    serve_other(d, &script);
    apipie_client_set_price(d->client, NULL, "m", APIPIE_DOLLAR);
    apipie_client_set_price(d->client, "spare", "m", APIPIE_DOLLAR / 100);
    apipie_client_set_budget(d->client, APIPIE_DOLLAR / 50);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    apipie_request_add_route(d->request, NULL, NULL, "m");
    apipie_request_add_route(d->request, "spare", NULL, "m");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(apipie_result_backend(draw_result(d)), "spare");
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_int_equal(apipie_client_money(d->client, NULL, APIPIE_MONEY_SPENT), APIPIE_DOLLAR / 100);

    draw_again(d); /* nothing cheaper is left */
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    apipie_request_set_model(d->request, "m");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_BUDGET);
}

static void refuses_what_cannot_be(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_client *c = d->client;
    const char *url = raw_server_base(d->server);
    static const char *const bad_names[] = {
        "", "a b", "a/b", "\xC3\xA4",
        "12345678901234567890123456789012345678901234567890123456789012345"};
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++)
        assert_int_equal(apipie_client_add_backend(c, bad_names[i], "apipie", url),
                         APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_add_backend(c, NULL, "apipie", url), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_add_backend(c, "x", "klingon", url), APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_client_add_backend(c, "x", "apipie", "ftp://x"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_add_backend(c, "x", "apipie", "http://example.org"),
                     APIPIE_E_CONFIG);
    assert_int_equal(apipie_client_add_backend(c, "apipie", "apipie", url), APIPIE_E_STATE);
    assert_int_equal(apipie_client_add_backend(c, "x", "apipie", url), APIPIE_OK);
    assert_int_equal(apipie_client_add_backend(c, "x", "apipie", url), APIPIE_E_STATE);
    assert_int_equal(apipie_client_set_backend_key(c, "y", "k"), APIPIE_E_NOT_FOUND);
    assert_int_equal(apipie_client_set_backend_key(c, "x", "a b"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_set_default_backend(c, "y"), APIPIE_E_NOT_FOUND);
    assert_int_equal(apipie_client_set_backend_retry(c, "x", 7, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_add_route(c, "y", NULL, NULL), APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_client_backend_count(c), 2);
    assert_string_equal(apipie_client_backend_text(c, 0, APIPIE_BACKEND_NAME), "apipie");
    assert_string_equal(apipie_client_backend_text(c, 1, APIPIE_BACKEND_NAME), "x");
    assert_string_equal(apipie_client_backend_text(c, 1, APIPIE_BACKEND_DIALECT), "apipie");
    assert_null(apipie_client_backend_text(c, 2, APIPIE_BACKEND_NAME));
    assert_int_equal(apipie_request_set_backend(d->request, "y"), APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_request_submit(d->request), APIPIE_E_UNSUPPORTED);
    assert_contains(apipie_error_message(draw_error(d)), "set_backend");
}

/* What a server does not take: refused before anything is sent, or left out and told. */
static void what_is_not_taken(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_sampler(d->request, "Euler a");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    assert_contains(apipie_error_message(draw_error(d)), "set_sampler");
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    draw_again(d);
    apipie_request_set_sampler(d->request, "Euler a");
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_DROP);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "set_sampler");
    assert_null(strstr(raw_server_request(d->server, 0)->body, "Euler"));
}

/* Not only the place but the whole key is another after the move; a 401 there asks no callback of the gateway's. */
static int32_t keys_asked;
static apipie_status give_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    (void)refused;
    keys_asked++;
    snprintf(key, capacity, "from-the-callback-%d", keys_asked);
    return APIPIE_OK;
}

static void the_key_callback_is_the_gateway_s(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = {&good, 1};
    keys_asked = 0;
    draw_serve_reply(d, 429, NULL, "{\"error\":{\"message\":\"slow\"}}");
    serve_other(d, &script);
    apipie_client_set_key_fn(d->client, give_key, NULL, NULL);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    apipie_request_add_route(d->request, NULL, NULL, "a");
    apipie_request_add_route(d->request, "spare", NULL, "a");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(keys_asked, 1);
    assert_true(has_header(d->server, 0, "authorization", "Bearer from-the-callback-1"));
    char value[200];
    assert_false(
        raw_request_header(raw_server_request(d->other, 0), "authorization", value, sizeof(value)));
}

/* How often a backend is asked again when nobody knows what became of the call. */
static void a_policy_of_its_own(void **state)
{
    static const struct {
        int32_t policy, posts;
    } rows[] = {{APIPIE_UNKNOWN, 1},
                {APIPIE_RETRY_SAFE, 1},
                {APIPIE_RETRY_NEVER, 1},
                {APIPIE_RETRY_ALWAYS, 2}};
    static const struct draw_reply broken = {500, NULL, "{}"};
    static const struct draw_script script = {&broken, 1};
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    serve_other(d, &script);
    assert_int_equal(apipie_client_set_backend_retry(d->client, "spare", 3, 1), APIPIE_E_ARGUMENT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int32_t before = raw_server_count(d->other, "POST");
        apipie_request_unref(d->request);
        d->request = draw_request(d->client);
        apipie_request_set_backend(d->request, "spare");
        assert_int_equal(apipie_client_set_backend_retry(d->client, "spare", rows[i].policy, 1),
                         APIPIE_OK);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
        assert_int_equal(raw_server_count(d->other, "POST") - before, rows[i].posts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_policy_of_its_own),
        DRAW_TEST(a_request_names_its_backend),
        DRAW_TEST(keys_and_headers_stay_at_home),
        DRAW_TEST(the_next_backend_is_asked),
        DRAW_TEST(a_dead_server_is_passed_over_and_asked_again),
        DRAW_TEST(in_doubt_nobody_else_is_asked),
        DRAW_TEST(figures_are_by_backend),
        DRAW_TEST(prices_are_by_backend),
        DRAW_TEST(a_budget_moves_on),
        DRAW_TEST(refuses_what_cannot_be),
        DRAW_TEST(what_is_not_taken),
        DRAW_TEST(the_key_callback_is_the_gateway_s),
    };
    return cmocka_run_group_tests_name("backends", tests, NULL, NULL);
}
