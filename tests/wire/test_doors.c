/* SPDX-License-Identifier: MIT */
/* The plain doors of routes, pace and money: what they take, what they refuse, what they say before and after.
 * Knows the public API alone. */
#include "../support/draw.h"

#include <string.h>

/* ---- bad values of a request */

#define SETTER(name, call)                                                                         \
    static apipie_status bad_##name(apipie_request *r)                                             \
    {                                                                                              \
        return call;                                                                               \
    }
SETTER(connect_0, apipie_request_set_connect_timeout(r, 0))
SETTER(connect_long, apipie_request_set_connect_timeout(r, 86400001))
SETTER(first_byte_negative, apipie_request_set_first_byte_timeout(r, -1))
SETTER(first_byte_long, apipie_request_set_first_byte_timeout(r, 86400001))
SETTER(stall_negative, apipie_request_set_stall_timeout(r, -1))
SETTER(stall_long, apipie_request_set_stall_timeout(r, 86400001))
SETTER(route_backend, apipie_request_add_route(r, "openai", NULL, NULL))
SETTER(route_backend_empty, apipie_request_add_route(r, "", NULL, NULL))
SETTER(route_provider_empty, apipie_request_add_route(r, NULL, "", NULL))
SETTER(route_provider_utf8, apipie_request_add_route(r, "apipie", "pro\xff", NULL))
SETTER(route_model_control, apipie_request_add_route(r, NULL, "prodia", "sd\nxl"))
SETTER(route_model_empty, apipie_request_add_route(r, NULL, NULL, ""))
SETTER(priority_low, apipie_request_set_priority(r, -3601))
SETTER(priority_high, apipie_request_set_priority(r, 3601))
SETTER(budget_negative, apipie_request_set_budget(r, -2))
SETTER(budget_lowest, apipie_request_set_budget(r, INT64_MIN))
SETTER(tag_empty, apipie_request_set_tag(r, ""))
SETTER(tag_utf8, apipie_request_set_tag(r, "\x80"))
SETTER(tag_control, apipie_request_set_tag(r, "a\tb"))

static apipie_status bad_route_33(apipie_request *r)
{
    apipie_status status = APIPIE_OK;
    for (int i = 0; i < APIPIE_LIMIT_ROUTES && status == APIPIE_OK; i++)
        status = apipie_request_add_route(r, NULL, "prodia", NULL);
    return status == APIPIE_OK ? apipie_request_add_route(r, NULL, "prodia", NULL)
                               : APIPIE_E_INTERNAL;
}

#define BAD(name, setter, want)                                                                    \
    {                                                                                              \
#name, bad_##name, setter, want                                                            \
    }
struct bad {
    const char *name;
    apipie_status (*set)(apipie_request *r);
    const char *setter; /* as the message names it */
    apipie_status want;
};

static const struct bad bad[] = {
    BAD(connect_0, "set_connect_timeout", APIPIE_E_ARGUMENT),
    BAD(connect_long, "set_connect_timeout", APIPIE_E_ARGUMENT),
    BAD(first_byte_negative, "set_first_byte_timeout", APIPIE_E_ARGUMENT),
    BAD(first_byte_long, "set_first_byte_timeout", APIPIE_E_ARGUMENT),
    BAD(stall_negative, "set_stall_timeout", APIPIE_E_ARGUMENT),
    BAD(stall_long, "set_stall_timeout", APIPIE_E_ARGUMENT),
    BAD(route_backend, "add_route", APIPIE_E_UNSUPPORTED),
    BAD(route_backend_empty, "add_route", APIPIE_E_UNSUPPORTED),
    BAD(route_provider_empty, "add_route", APIPIE_E_ARGUMENT),
    BAD(route_provider_utf8, "add_route", APIPIE_E_ARGUMENT),
    BAD(route_model_control, "add_route", APIPIE_E_ARGUMENT),
    BAD(route_model_empty, "add_route", APIPIE_E_ARGUMENT),
    BAD(route_33, "add_route", APIPIE_E_LIMIT),
    BAD(priority_low, "set_priority", APIPIE_E_ARGUMENT),
    BAD(priority_high, "set_priority", APIPIE_E_ARGUMENT),
    BAD(budget_negative, "set_budget", APIPIE_E_ARGUMENT),
    BAD(budget_lowest, "set_budget", APIPIE_E_ARGUMENT),
    BAD(tag_empty, "set_tag", APIPIE_E_ARGUMENT),
    BAD(tag_utf8, "set_tag", APIPIE_E_ARGUMENT),
    BAD(tag_control, "set_tag", APIPIE_E_ARGUMENT),
};

static void a_bad_value_is_named(void **state)
{
    struct draw *d = *state;
    const struct bad *b = d->row;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(b->set(d->request), b->want);
    apipie_request_set_n(d->request, 0); /* the first one counts */
    assert_ended(d->request, apipie_request_perform(d->request), b->want);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_message(e), b->setter);
    assert_true(strlen(apipie_error_message(e)) > strlen(b->setter) + 5);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    apipie_request *copy = apipie_request_copy(d->request);
    apipie_status status = apipie_request_submit(copy);
    apipie_request_unref(copy);
    assert_status(status, b->want);
}

/* ---- good values, and the wrong time for them */

static apipie_status set_all(apipie_request *r, apipie_status want)
{
    apipie_status bad_one = APIPIE_OK;
#define TRY(call)                                                                                  \
    do {                                                                                           \
        apipie_status got = call;                                                                  \
        if (got != want)                                                                           \
            bad_one = got != APIPIE_OK ? got : APIPIE_E_INTERNAL;                                  \
    } while (0)
    TRY(apipie_request_set_connect_timeout(r, 1));
    TRY(apipie_request_set_connect_timeout(r, 86400000));
    TRY(apipie_request_set_first_byte_timeout(r, 0));
    TRY(apipie_request_set_first_byte_timeout(r, 86400000));
    TRY(apipie_request_set_stall_timeout(r, 0));
    TRY(apipie_request_set_stall_timeout(r, 86400000));
    TRY(apipie_request_add_route(r, "apipie", "bedrock", NULL));
    TRY(apipie_request_clear_routes(r));
    TRY(apipie_request_add_route(r, NULL, "prodia", "sdv1_4"));
    TRY(apipie_request_set_priority(r, -APIPIE_LIMIT_PRIORITY));
    TRY(apipie_request_set_priority(r, APIPIE_LIMIT_PRIORITY));
    TRY(apipie_request_set_budget(r, 0));
    TRY(apipie_request_set_budget(r, INT64_MAX));
    TRY(apipie_request_set_budget(r, APIPIE_UNKNOWN));
    TRY(apipie_request_set_tag(r, "player \xc3\xa9"));
    TRY(apipie_request_set_tag(r, NULL));
#undef TRY
    return bad_one;
}

static void values_at_their_ends(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(set_all(d->request, APIPIE_OK), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_contains(raw_server_request(d->server, 0)->body, "\"provider\":\"prodia\"");
    assert_lacks(raw_server_request(d->server, 0)->body, "bedrock");
}

static void setters_after_submit(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(set_all(d->request, APIPIE_E_STATE), APIPIE_OK);
    assert_status(apipie_request_add_route(d->request, "openai", "", ""), APIPIE_E_STATE);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_status(set_all(d->request, APIPIE_E_STATE), APIPIE_OK);
    assert_null(draw_error(d));
    assert_lacks(raw_server_request(d->server, 0)->body, "prodia");
    assert_status(set_all(NULL, APIPIE_E_ARGUMENT), APIPIE_OK);
}

static void client_values(void **state)
{
    struct draw *d = *state;
    apipie_client *c = d->client = draw_client("http://127.0.0.1:1/v1");
#define GOOD(call)    assert_status(call, APIPIE_OK)
#define REFUSED(call) assert_status(call, APIPIE_E_ARGUMENT)
    REFUSED(apipie_client_set_first_byte_timeout(c, -1));
    REFUSED(apipie_client_set_first_byte_timeout(c, 86400001));
    GOOD(apipie_client_set_first_byte_timeout(c, 0));
    REFUSED(apipie_client_set_stall_timeout(c, -1));
    REFUSED(apipie_client_set_stall_timeout(c, 86400001));
    GOOD(apipie_client_set_stall_timeout(c, 86400000));
    REFUSED(apipie_client_set_breaker(c, -1, 1000));
    REFUSED(apipie_client_set_breaker(c, 5, 0));
    REFUSED(apipie_client_set_breaker(c, 5, 86400001));
    GOOD(apipie_client_set_breaker(c, 0, 1));
    REFUSED(apipie_client_set_max_in_flight(c, 0));
    REFUSED(apipie_client_set_max_in_flight(c, 1025));
    GOOD(apipie_client_set_max_in_flight(c, 1024));
    REFUSED(apipie_client_set_rate(c, NULL, -1, 0));
    REFUSED(apipie_client_set_rate(c, NULL, 0, -1));
    REFUSED(apipie_client_set_rate(c, "", 1, 1));
    REFUSED(apipie_client_set_rate(c, "a\nb", 1, 1));
    GOOD(apipie_client_set_rate(c, "prodia", INT32_MAX, INT32_MAX));
    GOOD(apipie_client_set_rate(c, NULL, 0, 0));
    REFUSED(apipie_client_set_budget(c, -2));
    GOOD(apipie_client_set_budget(c, 0));
    GOOD(apipie_client_set_budget(c, APIPIE_UNKNOWN));
    REFUSED(apipie_client_set_tag_budget(c, NULL, 1));
    REFUSED(apipie_client_set_tag_budget(c, "", 1));
    REFUSED(apipie_client_set_tag_budget(c, "\xff", 1));
    REFUSED(apipie_client_set_tag_budget(c, "a", -2));
    GOOD(apipie_client_set_tag_budget(c, "a", APIPIE_UNKNOWN));
    REFUSED(apipie_client_set_price(c, "", NULL, 1));
    REFUSED(apipie_client_set_price(c, NULL, "a\x7f", 1));
    REFUSED(apipie_client_set_price(c, NULL, NULL, INT64_MIN));
    GOOD(apipie_client_set_price(c, NULL, NULL, INT64_MAX));
    GOOD(apipie_client_set_price(c, NULL, NULL, APIPIE_UNKNOWN));
    REFUSED(apipie_client_set_reconcile(c, -1));
    REFUSED(apipie_client_set_reconcile(c, 86400001));
    GOOD(apipie_client_set_reconcile(c, 0));
    REFUSED(apipie_client_set_cache(c, "", 1));
    REFUSED(apipie_client_set_cache(c, "folder", 0));
    GOOD(apipie_client_set_cache(c, NULL, 0));
    REFUSED(apipie_client_set_ledger(c, ""));
    GOOD(apipie_client_set_ledger(c, NULL));
    REFUSED(apipie_client_add_route(c, NULL, "", NULL));
    REFUSED(apipie_client_add_route(c, NULL, NULL, "\xc0\xaf"));
    assert_status(apipie_client_add_route(c, "openai", NULL, NULL), APIPIE_E_UNSUPPORTED);
    for (int i = 0; i < APIPIE_LIMIT_ROUTES; i++)
        GOOD(apipie_client_add_route(c, "apipie", "prodia", NULL));
    assert_status(apipie_client_add_route(c, NULL, "prodia", NULL), APIPIE_E_LIMIT);
    GOOD(apipie_client_clear_routes(c));
    GOOD(apipie_client_add_route(c, NULL, NULL, NULL));
#undef GOOD
#undef REFUSED
}

static void files_that_cannot_be(void **state)
{
    struct draw *d = *state;
    char path[4200];
    d->client = draw_client("http://127.0.0.1:1/v1");
    assert_status(apipie_client_set_ledger(d->client, "/nowhere/at/all/ledger"), APIPIE_E_FILE);
    assert_status(apipie_client_set_ledger(d->client, "/"), APIPIE_E_FILE);
    assert_null(apipie_client_ledger_problem(d->client));
    assert_status(apipie_client_set_cache(d->client, "/dev/null/cache", 1000), APIPIE_E_FILE);
    memset(path, 'a', sizeof path - 1);
    path[APIPIE_LIMIT_TEXT + 1] = 0;
    assert_status(apipie_client_set_ledger(d->client, path), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_cache(d->client, path, 1000), APIPIE_E_ARGUMENT);
}

static void without_a_client(void **state)
{
    (void)state;
    assert_status(apipie_client_set_first_byte_timeout(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_stall_timeout(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_add_route(NULL, NULL, NULL, NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_clear_routes(NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_breaker(NULL, 1, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_max_in_flight(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_rate(NULL, NULL, 1, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_budget(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_tag_budget(NULL, "a", 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_price(NULL, NULL, NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_ledger(NULL, NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_reconcile(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_cache(NULL, NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_money(NULL, NULL, APIPIE_MONEY_SPENT), APIPIE_UNKNOWN);
    assert_null(apipie_client_ledger_problem(NULL));
}

static void names_of_statuses(void **state)
{
    (void)state;
    assert_string_equal(apipie_status_name(APIPIE_E_BUDGET), "budget");
    assert_string_equal(apipie_status_name(APIPIE_E_VETOED), "vetoed");
    assert_string_equal(apipie_status_name(APIPIE_E_UNAVAILABLE), "unavailable");
}

/* ---- getters */

static void assert_no_attempt(const apipie_request *r, size_t index)
{
    assert_null(apipie_request_attempt_provider(r, index));
    assert_null(apipie_request_attempt_model(r, index));
    assert_null(apipie_request_attempt_message(r, index));
}

static void assert_charge(const apipie_request *r, int64_t amount, int32_t kind)
{
    int32_t got = 4711;
    assert_int_equal(apipie_request_charge(r, &got), amount);
    assert_int_equal(got, kind);
    assert_int_equal(apipie_request_charge(r, NULL), amount);
}

static void without_a_request(void **state)
{
    size_t size = 4711;
    char text[8] = "before";
    (void)state;
    assert_null(apipie_request_prompt(NULL, &size));
    assert_int_equal(size, 0);
    assert_null(apipie_request_prompt(NULL, NULL));
    assert_int_equal(apipie_request_format_json(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_int_equal(apipie_request_format_json(NULL, NULL, 0), 0);
    assert_null(apipie_request_new_reconcile(NULL));
    assert_no_attempt(NULL, 0);
    assert_charge(NULL, 0, APIPIE_CHARGE_NONE);
    assert_int_equal(apipie_result_billed(NULL), APIPIE_BILLED_NO);
    assert_int_equal(apipie_result_is_cached(NULL), 0);
}

#define USAGE(cost) "\"usage\":{\"cost\":" cost "},"

static void before_and_after_the_end(void **state)
{
    static const struct draw_reply replies[] = {
        {503, "Retry-After: 0\r\n", "{\"error\":{\"message\":\"too \\u0007 busy\"}}"},
        {200, NULL, "{" USAGE("0.008") "\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    draw_serve_script(d, &script);
    apipie_request *r = d->request;
    apipie_client_set_price(d->client, NULL, NULL, APIPIE_DOLLAR);
    apipie_request_set_model(r, "sdv1_4");
    apipie_request_add_route(r, NULL, "prodia", NULL);
    apipie_request_set_retry(r, APIPIE_RETRY_SAFE, 2);
    assert_no_attempt(r, 0);
    assert_charge(r, 0, APIPIE_CHARGE_NONE);
    assert_null(apipie_request_new_reconcile(r));
    assert_status(apipie_request_submit(r), APIPIE_OK);
    assert_no_attempt(r, 0);
    assert_charge(r, 0, APIPIE_CHARGE_NONE);
    assert_null(apipie_request_new_reconcile(r));
    assert_ended(r, apipie_request_wait(r, -1), APIPIE_OK);
    assert_int_equal(apipie_request_attempt_count(r), 2);
    /* the request's own model, at no provider; then the route, with the request's model */
    assert_null(apipie_request_attempt_provider(r, 0));
    assert_string_equal(apipie_request_attempt_model(r, 0), "sdv1_4");
    assert_contains(apipie_request_attempt_message(r, 0), "too busy");
    assert_string_equal(apipie_request_attempt_provider(r, 1), "prodia");
    assert_string_equal(apipie_request_attempt_model(r, 1), "sdv1_4");
    assert_string_equal(apipie_request_attempt_message(r, 1), "");
    assert_no_attempt(r, 2);
    assert_charge(r, APIPIE_DOLLAR / 125, APIPIE_CHARGE_SERVER);
    assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_YES);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 0);
    assert_null(apipie_request_new_reconcile(r)); /* nothing is unknown */
}

static void assert_money(apipie_client *c, const char *tag, int64_t spent, int64_t estimated,
                         int64_t unknown)
{
    assert_int_equal(apipie_client_money(c, tag, APIPIE_MONEY_SPENT), spent);
    assert_int_equal(apipie_client_money(c, tag, APIPIE_MONEY_ESTIMATED), estimated);
    assert_int_equal(apipie_client_money(c, tag, APIPIE_MONEY_RESERVED), 0);
    assert_int_equal(apipie_client_money(c, tag, APIPIE_MONEY_UNKNOWN), unknown);
}

static void money_is_counted(void **state)
{
    static const struct draw_reply replies[] = {
        {200, NULL, "{" USAGE("0.25") "\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"},
        {200, NULL, ONE_IMAGE},
        {400, NULL, "{\"error\":{\"message\":\"no\"}}"},
        {500, NULL, "{\"error\":{\"message\":\"broken\"}}"}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    draw_serve_script(d, &script);
    assert_money(d->client, NULL, 0, 0, 0);
    assert_money(d->client, "player", 0, 0, 0);
    assert_int_equal(apipie_client_money(d->client, NULL, -1), APIPIE_UNKNOWN);
    assert_int_equal(apipie_client_money(d->client, NULL, 4), APIPIE_UNKNOWN);
    assert_int_equal(apipie_client_money(d->client, "", 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_client_money(d->client, "\xff", 0), APIPIE_UNKNOWN);
    apipie_client_set_price(d->client, NULL, NULL, APIPIE_DOLLAR);
    apipie_request_set_tag(d->request, "player");
    assert_status(apipie_request_perform(d->request), APIPIE_OK);
    assert_money(d->client, NULL, APIPIE_DOLLAR / 4, 0, 0);
    draw_again(d);
    assert_status(apipie_request_perform(d->request), APIPIE_OK);
    assert_charge(d->request, APIPIE_DOLLAR, APIPIE_CHARGE_ESTIMATED);
    draw_again(d);
    assert_status(apipie_request_perform(d->request), APIPIE_E_PARAMETER);
    assert_charge(d->request, 0, APIPIE_CHARGE_NONE);
    draw_again(d);
    assert_status(apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_charge(d->request, APIPIE_DOLLAR, APIPIE_CHARGE_UNKNOWN);
    assert_money(d->client, NULL, APIPIE_DOLLAR / 4 + APIPIE_DOLLAR, APIPIE_DOLLAR, APIPIE_DOLLAR);
    assert_money(d->client, "player", APIPIE_DOLLAR / 4, 0, 0);
}

static void the_least_sure_charge_counts(void **state)
{
    static const struct draw_reply replies[] = {
        {500, NULL, "{\"error\":{\"message\":\"broken\"}}"},
        {200, NULL, "{" USAGE("0.25") "\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    draw_serve_script(d, &script);
    apipie_client_set_price(d->client, NULL, NULL, APIPIE_DOLLAR);
    apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_charge(d->request, APIPIE_DOLLAR + APIPIE_DOLLAR / 4, APIPIE_CHARGE_UNKNOWN);
    assert_money(d->client, NULL, APIPIE_DOLLAR / 4, 0, APIPIE_DOLLAR);
}

static void before_the_end_nothing_is_looked_up(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 500, "Retry-After: 10\r\n", "{\"error\":{\"message\":\"broken\"}}");
    apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 1);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    for (int i = 0; i < 100 && raw_server_count(d->server, "POST") == 0; i++)
        assert_status(apipie_request_wait(d->request, 20), APIPIE_PENDING);
    assert_status(apipie_request_wait(d->request, 200), APIPIE_PENDING);
    assert_null(apipie_request_new_reconcile(d->request));
    assert_charge(d->request, 0, APIPIE_CHARGE_NONE);
    assert_no_attempt(d->request, 0);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    apipie_request *look = apipie_request_new_reconcile(d->request);
    apipie_request_unref(look);
    assert_non_null(look);
}

static void what_was_not_billed_for_sure_can_be_looked_up(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 500, NULL, "{\"error\":{\"message\":\"broken\"}}");
    assert_status(apipie_request_perform(d->request), APIPIE_E_SERVER);
    apipie_request *look = apipie_request_new_reconcile(d->request);
    apipie_request *copy = apipie_request_copy(look);
    apipie_status status = apipie_request_status(look);
    apipie_request_unref(look);
    assert_non_null(look);
    assert_null(copy);
    assert_status(status, APIPIE_E_STATE);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

/* ---- the request as text */

static void the_prompt_comes_back(void **state)
{
    struct draw *d = *state;
    size_t size = 4711;
    draw_serve_json(d, ONE_IMAGE);
    assert_string_equal(apipie_request_prompt(d->request, &size), "a lake");
    assert_int_equal(size, 6);
    apipie_request_set_prompt(d->request, "caf\xc3\xa9 au lait", 5);
    assert_string_equal(apipie_request_prompt(d->request, &size), "caf\xc3\xa9");
    assert_int_equal(size, 5);
    apipie_request_set_prompt(d->request, NULL, 0);
    assert_null(apipie_request_prompt(d->request, &size));
    assert_int_equal(size, 0);
}

static void json_is_cut_between_characters(void **state)
{
    struct draw *d = *state;
    char whole[256], part[256];
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_prompt(d->request, "caf\xc3\xa9 \xf0\x9f\x8c\x8a", APIPIE_NTS);
    size_t n = apipie_request_format_json(d->request, whole, sizeof whole);
    assert_int_equal(n, strlen(whole));
    assert_contains(whole, "\"prompt\":\"caf\xc3\xa9 \xf0\x9f\x8c\x8a\"");
    assert_int_equal(apipie_request_format_json(d->request, NULL, 0), n);
    assert_int_equal(apipie_request_format_json(d->request, NULL, 9), n);
    for (size_t capacity = 0; capacity < n + 2; capacity++) {
        memset(part, 'x', sizeof part);
        assert_int_equal(apipie_request_format_json(d->request, part, capacity), n);
        size_t got = capacity != 0 ? strlen(part) : 0;
        assert_true(got <= n);
        if (capacity == 0) {
            assert_int_equal(part[0], 'x');
            continue;
        }
        assert_true(got < capacity && got + 4 >= (capacity < n + 1 ? capacity : n + 1));
        assert_memory_equal(part, whole, got);
        assert_true(((unsigned char)whole[got] & 0xC0) != 0x80);
        assert_int_equal(part[capacity], 'x');
    }
}

static void an_input_image_is_null_in_the_text(void **state)
{
    struct draw *d = *state;
    uint8_t png[128];
    char text[512];
    draw_serve_json(d, ONE_IMAGE);
    size_t n = draw_decode(PNG1, png);
    assert_status(apipie_request_set_image_bytes(d->request, png, n), APIPIE_OK);
    n = apipie_request_format_json(d->request, text, sizeof text);
    assert_int_equal(n, strlen(text));
    assert_contains(text, "\"image\":null");
    assert_lacks(text, "base64");
}

static void the_first_route_is_in_the_text(void **state)
{
    struct draw *d = *state;
    char text[512];
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_add_route(d->client, NULL, "together", "flux"), APIPIE_OK);
    apipie_request_format_json(d->request, text, sizeof text);
    assert_contains(text, "\"provider\":\"together\"");
    assert_contains(text, "\"model\":\"flux\"");
    apipie_request_add_route(d->request, NULL, "prodia", NULL);
    apipie_request_format_json(d->request, text, sizeof text);
    assert_contains(text, "\"provider\":\"prodia\"");
    assert_lacks(text, "flux");
    apipie_request_set_model(d->request, "sdv1_4");
    apipie_request_format_json(d->request, text, sizeof text);
    assert_lacks(text, "provider"); /* its own comes first, and names none */
    assert_contains(text, "\"model\":\"sdv1_4\"");
}

/* ---- a copy */

static void a_copy_has_routes_and_money(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_client_set_price(d->client, NULL, NULL, APIPIE_DOLLAR);
    apipie_request_add_route(d->request, NULL, "prodia", "sdv1_4");
    apipie_request_set_tag(d->request, "player");
    apipie_request_set_budget(d->request, APIPIE_DOLLAR);
    apipie_request *copy = apipie_request_copy(d->request);
    d->request = apipie_request_unref(d->request);
    d->request = copy;
    assert_ended(copy, apipie_request_perform(copy), APIPIE_OK);
    assert_contains(raw_server_request(d->server, 0)->body, "\"provider\":\"prodia\"");
    assert_string_equal(apipie_request_attempt_model(copy, 0), "sdv1_4");
    assert_int_equal(apipie_client_money(d->client, "player", APIPIE_MONEY_SPENT), APIPIE_DOLLAR);
    apipie_client_set_price(d->client, NULL, NULL, APIPIE_DOLLAR + 1);
    copy = apipie_request_copy(d->request);
    d->request = apipie_request_unref(d->request);
    d->request = copy;
    assert_ended(copy, apipie_request_perform(copy), APIPIE_E_BUDGET);
    assert_int_equal(apipie_error_fault(draw_error(d)), APIPIE_FAULT_CALLER);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(values_at_their_ends),
        DRAW_TEST(setters_after_submit),
        DRAW_TEST(client_values),
        DRAW_TEST(files_that_cannot_be),
        DRAW_TEST(without_a_client),
        DRAW_TEST(names_of_statuses),
        DRAW_TEST(without_a_request),
        DRAW_TEST(before_and_after_the_end),
        DRAW_TEST(money_is_counted),
        DRAW_TEST(the_least_sure_charge_counts),
        DRAW_TEST(before_the_end_nothing_is_looked_up),
        DRAW_TEST(what_was_not_billed_for_sure_can_be_looked_up),
        DRAW_TEST(the_prompt_comes_back),
        DRAW_TEST(json_is_cut_between_characters),
        DRAW_TEST(an_input_image_is_null_in_the_text),
        DRAW_TEST(the_first_route_is_in_the_text),
        DRAW_TEST(a_copy_has_routes_and_money),
    };
    int failed = cmocka_run_group_tests_name("doors", tests, NULL, NULL);
    failed += DRAW_ROWS(a_bad_value_is_named, bad);
    return failed;
}
