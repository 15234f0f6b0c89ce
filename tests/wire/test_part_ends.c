/* SPDX-License-Identifier: MIT */
/* A request in parts of which some fail, are late, are stopped or too dear: what is kept, and what it costs. Knows the
 * public API alone. */
#include "../support/parts.h"

#include <string.h>

#define SOON "Content-Type: application/json\r\nretry-after-ms: 1\r\n"
#define CENT (APIPIE_DOLLAR / 100)
#define PRICED(picture, cost)                                                                      \
    "{\"data\":[{\"b64_json\":\"" picture "\"}],\"usage\":{\"cost\":" cost "}}"

static const struct draw_reply refused_content = {
    400, SOON, "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"not that\"}}"};
static const struct draw_reply broken = {500, SOON, "{\"error\":{\"message\":\"it broke\"}}"};
static const struct draw_reply busy = {429, SOON, "{}"};
static const struct draw_reply no_model = {404, SOON, "{}"};

/* ---- parts that fail */

struct failing {
    const char *name;
    struct parts_plan plan;
    int32_t retries, posts;
    apipie_status code;
    int32_t warnings, billed;
    const char *words;
};

static const struct failing failings[] = {
    {"one is refused",
     {.replies = {NULL, &refused_content}},
     2,
     5,
     APIPIE_OK,
     1,
     APIPIE_BILLED_YES,
     "image 2: HTTP 400: not that"},
    {"the first breaks",
     {.replies = {&broken}},
     2,
     5,
     APIPIE_OK,
     1,
     APIPIE_BILLED_YES,
     "image 1: HTTP 500: it broke"},
    {"two fail",
     {.replies = {&broken, NULL, NULL, &refused_content}},
     2,
     5,
     APIPIE_OK,
     2,
     APIPIE_BILLED_YES,
     "image 1: "},
    {"one is tried again",
     {.replies = {NULL, NULL, &busy}, .once = 1},
     2,
     6,
     APIPIE_OK,
     0,
     APIPIE_BILLED_YES,
     NULL},
    {"one is tried to the end",
     {.replies = {NULL, NULL, &busy}},
     2,
     7,
     APIPIE_OK,
     1,
     APIPIE_BILLED_YES,
     "image 3: HTTP 429"},
    {"all are refused",
     {.replies = {&refused_content, &refused_content, &refused_content, &refused_content}},
     2,
     5,
     APIPIE_E_CONTENT_POLICY,
     0,
     APIPIE_BILLED_NO,
     "not that"},
    {"all break",
     {.replies = {&broken, &broken, &broken, &broken}},
     2,
     5,
     APIPIE_E_SERVER,
     0,
     APIPIE_BILLED_UNKNOWN,
     "it broke"},
    {"all fail, one perhaps paid",
     {.replies = {&refused_content, &refused_content, &broken, &refused_content}},
     2,
     5,
     APIPIE_E_CONTENT_POLICY,
     0,
     APIPIE_BILLED_UNKNOWN,
     "not that"},
};

static void assert_what_is_left(const struct draw *d, const struct failing *row)
{
    const apipie_result *r = draw_result(d);
    int32_t missing = 0;
    assert_int_equal(apipie_result_image_count(r), PARTS_IMAGES);
    for (size_t i = 0; i < PARTS_IMAGES; i++) {
        if (apipie_result_image_size(r, i) != 0) {
            draw_assert_image(r, i, parts_pictures[i], "image/png");
            continue;
        }
        missing++;
        assert_non_null(row->plan.replies[i]);
        assert_null(apipie_result_image_data(r, i, NULL));
    }
    assert_int_equal(missing, row->warnings);
    assert_int_equal(apipie_result_warning_count(r), row->warnings);
    if (row->words)
        assert_contains(apipie_result_warning(r, 0), row->words);
    assert_int_equal(apipie_result_billed(r), row->billed);
    assert_null(draw_error(d));
}

static void the_others_are_kept(void **state)
{
    struct draw *d = *state;
    const struct failing *row = d->row;
    parts_serve(d, &row->plan);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, row->retries);
    assert_ended(d->request, apipie_request_perform(d->request), row->code);
    assert_int_equal(raw_server_count(d->server, "POST"), row->posts);
    assert_int_equal(apipie_request_tries(d->request), row->posts);
    assert_int_equal(apipie_request_attempt_count(d->request), row->posts);
    if (row->code == APIPIE_OK) {
        assert_what_is_left(d, row);
        return;
    }
    assert_contains(apipie_error_message(draw_error(d)), row->words);
    assert_int_equal(apipie_error_billed(draw_error(d)), row->billed);
    assert_int_equal(apipie_error_attempts(draw_error(d)), row->posts);
}

static void files_of_the_others(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.replies = {NULL, &refused_content}};
    parts_make_folder();
    parts_serve(d, &plan);
    apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_null(apipie_result_image_path(draw_result(d), 1));
    parts_assert_file(parts_in_folder("x.png"), parts_pictures[0]);
    parts_assert_file(parts_in_folder("x-3.png"), parts_pictures[2]);
    parts_assert_file(parts_in_folder("x-4.png"), parts_pictures[3]);
    assert_int_equal(parts_entries(1), 3);
}

static void no_file_of_none(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.replies = {&broken, &broken, &broken, &broken}};
    parts_make_folder();
    parts_serve(d, &plan);
    apipie_request_set_output_folder(d->request, parts_folder(), "x");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(parts_entries(1), 0);
}

static void a_part_takes_another_route(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.replies = {NULL, &no_model}};
    parts_serve(d, &plan);
    d->request = apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, "AB");
    apipie_request_set_n(d->request, PARTS_IMAGES);
    apipie_request_set_seed(d->request, PARTS_SEED);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(draw_posts(d->server, "\"model\":\"A\""), 1 + PARTS_IMAGES);
    assert_int_equal(draw_posts(d->server, "\"model\":\"B\""), 1);
    assert_int_equal(draw_posts(d->server, "\"n\":4"), 1);
}

/* ---- stopped in the middle: two are there, two never come */

static const struct parts_plan half = {.stall = 2};

static void serve_half(struct draw *d)
{
    parts_make_folder();
    parts_serve(d, &half);
    apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
}

/* Until all calls are out and some time has passed for the answers. */
static void wait_for_half(struct draw *d)
{
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (raw_server_count(d->server, "POST") < 1 + PARTS_IMAGES)
        assert_status(apipie_request_wait(d->request, 10), APIPIE_PENDING);
    assert_status(apipie_request_wait(d->request, 300), APIPIE_PENDING);
}

static void assert_nothing_is_left(struct draw *d)
{
    int left = parts_entries(1);
    assert_status(apipie_request_status(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(left, 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_YES);
    assert_int_equal(apipie_request_attempt_count(d->request), 1 + PARTS_IMAGES);
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + PARTS_IMAGES);
}

static void cancelled_in_the_middle(void **state)
{
    struct draw *d = *state;
    serve_half(d);
    wait_for_half(d);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_nothing_is_left(d);
}

static void the_client_goes_in_the_middle(void **state)
{
    struct draw *d = *state;
    serve_half(d);
    wait_for_half(d);
    d->client = apipie_client_unref(d->client);
    assert_nothing_is_left(d);
}

static void the_request_goes_in_the_middle(void **state)
{
    struct draw *d = *state;
    struct parts_host host = {.odd = 0};
    parts_serve(d, &half);
    parts_set_host(d->request, &host);
    wait_for_half(d);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(parts_committed(&host), 0);
}

static void late_ones_are_missing(void **state)
{
    struct draw *d = *state;
    serve_half(d);
    apipie_request_set_timeout(d->request, 1200);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), PARTS_IMAGES);
    parts_assert_file(parts_in_folder("x.png"), parts_pictures[0]);
    parts_assert_file(parts_in_folder("x-2.png"), parts_pictures[1]);
    assert_int_equal(parts_entries(1), 2);
    assert_int_equal(apipie_result_image_size(r, 2), 0);
    assert_int_equal(apipie_result_image_size(r, 3), 0);
    assert_int_equal(apipie_result_warning_count(r), 2);
    assert_contains(apipie_result_warning(r, 0), "image 3: the time limit");
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + PARTS_IMAGES);
}

/* ---- money */

static const struct draw_reply priced[] = {{200, SOON, PRICED(PNG1, "0.008")},
                                           {200, SOON, PRICED(PNG2, "0.02")},
                                           {200, SOON, PRICED(PNG3, "0.0000001")},
                                           {200, SOON, PRICED(PNG1, "0.5")}};

static int64_t money(const struct draw *d, int32_t which)
{
    return apipie_client_money(d->client, NULL, which);
}

static void the_cost_is_the_sum(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {
        .replies = {&priced[0], &priced[1], &priced[2], &priced[3]}};
    int32_t kind = -1;
    parts_serve(d, &plan);
    apipie_client_set_price(d->client, NULL, NULL, CENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(apipie_result_cost(draw_result(d)), INT64_C(528000100000));
    assert_int_equal(money(d, APIPIE_MONEY_SPENT), INT64_C(528000100000));
    assert_int_equal(money(d, APIPIE_MONEY_ESTIMATED), 0);
    assert_int_equal(apipie_request_charge(d->request, &kind), INT64_C(528000100000));
    assert_int_equal(kind, APIPIE_CHARGE_SERVER);
}

static void one_that_names_no_cost(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.replies = {&priced[0], NULL, &priced[2], &priced[3]}};
    int32_t kind = -1;
    parts_serve(d, &plan);
    apipie_client_set_price(d->client, NULL, NULL, CENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(apipie_result_cost(draw_result(d)), APIPIE_UNKNOWN);
    assert_int_equal(money(d, APIPIE_MONEY_SPENT), INT64_C(508000100000) + CENT);
    assert_int_equal(money(d, APIPIE_MONEY_ESTIMATED), CENT);
    assert_int_equal(apipie_request_charge(d->request, &kind), INT64_C(508000100000) + CENT);
    assert_int_equal(kind, APIPIE_CHARGE_ESTIMATED);
}

static void each_part_reserves(void **state)
{
    struct draw *d = *state;
    serve_half(d);
    apipie_client_set_price(d->client, NULL, NULL, CENT);
    wait_for_half(d);
    int64_t reserved = money(d, APIPIE_MONEY_RESERVED), spent = money(d, APIPIE_MONEY_SPENT);
    apipie_request_cancel(d->request);
    apipie_status status = apipie_request_wait(d->request, -1);
    assert_int_equal(parts_entries(1), 0);
    assert_status(status, APIPIE_E_CANCELLED);
    assert_int_equal(reserved, 2 * CENT);
    assert_int_equal(spent, 2 * CENT);
    assert_int_equal(money(d, APIPIE_MONEY_RESERVED), 0);
    assert_int_equal(money(d, APIPIE_MONEY_SPENT), 2 * CENT);
    assert_int_equal(money(d, APIPIE_MONEY_UNKNOWN), 2 * CENT);
}

static const char *const caps[] = {"of the client", "of the request"};

/* Enough for two parts and a half. */
static void a_cap_stops_some_of_them(void **state)
{
    struct draw *d = *state;
    const char *const *row = d->row;
    static const struct parts_plan plan = {.slow_ms = 100};
    parts_serve(d, &plan);
    apipie_client_set_price(d->client, NULL, NULL, CENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_ask(d);
    if (row == &caps[0])
        apipie_client_set_budget(d->client, PARTS_IMAGES * CENT + 5 * CENT / 2);
    else
        apipie_request_set_budget(d->request, 5 * CENT / 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + PARTS_IMAGES + 2);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 2);
    assert_int_equal(money(d, APIPIE_MONEY_SPENT), (PARTS_IMAGES + 2) * CENT);
    assert_int_equal(money(d, APIPIE_MONEY_RESERVED), 0);
}

/* Before anybody knows that it will be taken apart. */
static void a_cap_below_the_whole(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 0};
    parts_serve(d, &plan);
    apipie_client_set_price(d->client, NULL, NULL, CENT);
    apipie_request_set_budget(d->request, 5 * CENT / 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_BUDGET);
    assert_int_equal(raw_server_count(d->server, "POST"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(files_of_the_others),           DRAW_TEST(no_file_of_none),
        DRAW_TEST(a_part_takes_another_route),    DRAW_TEST(cancelled_in_the_middle),
        DRAW_TEST(the_client_goes_in_the_middle), DRAW_TEST(the_request_goes_in_the_middle),
        DRAW_TEST(late_ones_are_missing),         DRAW_TEST(the_cost_is_the_sum),
        DRAW_TEST(one_that_names_no_cost),        DRAW_TEST(each_part_reserves),
        DRAW_TEST(a_cap_below_the_whole),
    };
    int failed = cmocka_run_group_tests_name("part ends", tests, NULL, NULL);
    failed += DRAW_ROWS(the_others_are_kept, failings);
    failed += DRAW_ROWS(a_cap_stops_some_of_them, caps);
    return failed;
}
