/* SPDX-License-Identifier: MIT */
/* The list of models as a request: what is sent, what comes back, and how it fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/lists.h"

static const struct draw_reply two = {200, LISTS_ETAG, LISTS_TWO};

static void the_list_is_read(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    char seen[128];
    lists_serve(d, &script);
    assert_null(apipie_request_catalog(d->request));
    assert_int_equal(apipie_request_format_json(d->request, seen, sizeof seen), 0);
    assert_string_equal(seen, "");
    const apipie_catalog *list = lists_get(d);
    assert_int_equal(apipie_catalog_count(list), 2);
    assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_NAME), "dreamshaper_8");
    assert_int_equal(apipie_catalog_number(list, 0, APIPIE_MODEL_QUERY_COUNT), 310000);
    assert_true(apipie_catalog_price(list, 0, 512, 512, NULL) == APIPIE_DOLLAR / 1000);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    const struct raw_request *q = raw_server_request(d->server, 0);
    assert_string_equal(q->path, "/v1/models");
    assert_true(raw_request_header(q, "Authorization", seen, sizeof seen));
    assert_string_equal(seen, "Bearer " DRAW_KEY);
    assert_false(raw_request_header(q, "If-None-Match", seen, sizeof seen));
    assert_false(raw_request_header(q, "Idempotency-Key", seen, sizeof seen));
}

static void it_is_an_exchange_that_costs_nothing(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    int32_t kind = -1;
    lists_serve(d, &script);
    lists_get(d);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 0), APIPIE_PURPOSE_MODELS);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), 200);
    assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_NO);
    assert_int_equal(apipie_result_image_count(r), 0);
    assert_int_equal(apipie_result_is_cached(r), 0);
    assert_string_equal(apipie_result_backend(r), "apipie");
    assert_true(apipie_request_charge(d->request, &kind) == 0);
    assert_int_equal(kind, APIPIE_CHARGE_NONE);
    assert_true(apipie_request_elapsed(d->request) >= 0);
}

static void filters_are_encoded(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    assert_status(apipie_request_set_filter(d->request, "type", "image"), APIPIE_OK);
    assert_status(apipie_request_set_filter(d->request, "model", "a b/\xC3\xA4&c=+~"), APIPIE_OK);
    assert_status(apipie_request_set_filter(d->request, "voices", NULL), APIPIE_OK);
    assert_status(apipie_request_set_filter(d->request, "provider", "x"), APIPIE_OK);
    assert_status(apipie_request_set_filter(d->request, "provider", ""), APIPIE_OK);
    assert_status(apipie_request_set_filter(d->request, "enabled", "0"), APIPIE_OK);
    assert_status(apipie_request_set_filter(d->request, "enabled", "1"), APIPIE_OK);
    apipie_request *copy = apipie_request_copy(d->request);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_ended(copy, apipie_request_perform(copy), APIPIE_OK);
    apipie_request_unref(copy);
    for (int32_t i = 0; i < 2; i++)
        assert_string_equal(
            raw_server_request(d->server, i)->path,
            "/v1/models?enabled=1&model=a%20b%2F%C3%A4%26c%3D%2B~&type=image&voices");
}

static void bad_filters_are_refused(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    char *lots = calloc(1, APIPIE_LIMIT_TEXT + 2);
    memset(lots, 'x', APIPIE_LIMIT_TEXT + 1);
    lists_serve(d, &script);
    assert_status(apipie_request_set_filter(NULL, "type", "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_filter(d->request, "a\nb", "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_filter(d->request, "", "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_filter(d->request, NULL, "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_filter(d->request, "type", "\xFF"), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_filter(d->request, "type", lots), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
    assert_contains(apipie_error_message(draw_error(d)), "set_filter");
    lists_ask(d);
    lots[APIPIE_LIMIT_TEXT] = '\0';
    for (char name[] = "a"; name[0] <= 'z'; name[0]++) /* each is fine */
        assert_status(apipie_request_set_filter(d->request, name, lots), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_ARGUMENT);
    assert_contains(apipie_error_message(draw_error(d)), "too long");
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    free(lots);
}

static void it_needs_no_key(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    char seen[128];
    lists_serve(d, &script);
    apipie_client_unref(d->client);
    d->client = apipie_client_new(NULL);
    assert_status(apipie_client_set_base_url(d->client, raw_server_base(d->server)), APIPIE_OK);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_false(
        raw_request_header(raw_server_request(d->server, 0), "Authorization", seen, sizeof seen));
    apipie_request_unref(d->request);
    d->request = draw_request(d->client);
    assert_status(apipie_request_perform(d->request), APIPIE_E_CONFIG);
    assert_contains(apipie_error_message(draw_error(d)), "no key");
    lists_get(d);
}

static apipie_status give_key(void *user, int32_t refused, char *key, size_t capacity)
{
    int32_t *asked = user;
    (void)capacity;
    (*asked)++;
    strcpy(key, refused ? "sk-pie-fresh-000" : "sk-pie-stale-000");
    return APIPIE_OK;
}

static void a_stale_key_is_asked_for_again(void **state)
{
    static const struct draw_reply replies[] = {
        {401, NULL, "{\"error\":\"x\"}"}, {200, NULL, LISTS_TWO}, {401, NULL, "{\"error\":\"x\"}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    int32_t asked = 0;
    lists_serve(d, &script);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 1);
    assert_status(apipie_client_set_key_fn(d->client, give_key, &asked, NULL), APIPIE_OK);
    lists_get(d);
    assert_int_equal(asked, 2);
    lists_ask(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_AUTH);
    assert_int_equal(asked, 4);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
}

static void it_is_tried_again_like_any_get(void **state)
{
    static const struct draw_reply replies[] = {{500, NULL, "{}"},
                                                {-2, NULL, LISTS_TWO},
                                                {200, NULL, "{\"data\":[{]"},
                                                {200, NULL, LISTS_TWO}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    static const apipie_status want[] = {APIPIE_E_SERVER, APIPIE_E_NETWORK, APIPIE_E_MALFORMED,
                                         APIPIE_OK};
    struct draw *d = *state;
    lists_serve(d, &script);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 3);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_int_equal(apipie_request_attempt_count(d->request), 4);
    for (size_t i = 0; i < 4; i++)
        assert_status(apipie_request_attempt_status(d->request, i), want[i]);
}

/* ---- failures, without a list of before */

struct failure {
    const char *name;
    struct draw_reply reply;
    apipie_status want;
    const char *message;
};

static const struct failure failures[] = {
    {"500", {500, NULL, "{\"error\":{\"message\":\"oops\"}}"}, APIPIE_E_SERVER, "oops"},
    {"404", {404, NULL, "{}"}, APIPIE_E_NOT_FOUND, ""},
    {"401", {401, NULL, "{}"}, APIPIE_E_AUTH, ""},
    {"429", {429, NULL, "{}"}, APIPIE_E_RATE_LIMITED, ""},
    {"304 unasked", {304, "", ""}, APIPIE_E_NETWORK, NULL},
    {"reset", {0, NULL, ""}, APIPIE_E_NETWORK, ""},
    {"cut", {-2, NULL, LISTS_TWO}, APIPIE_E_NETWORK, ""},
    {"nothing", {200, NULL, ""}, APIPIE_E_MALFORMED, "no JSON"},
    {"html",
     {200, "Content-Type: text/html\r\n", "<html><title>Hi</title></html>"},
     APIPIE_E_MALFORMED,
     "no JSON"},
    {"half", {200, NULL, "{\"data\":[{\"model\":\"a\""}, APIPIE_E_MALFORMED, "damaged"},
    {"no list", {200, NULL, "{\"hello\":1}"}, APIPIE_E_MALFORMED, "no list"},
    {"a picture", {200, NULL, "GIF89a\1\0\1\0"}, APIPIE_E_MALFORMED, "no JSON"},
    {"error inside",
     {200, NULL, "{\"error\":{\"message\":\"provider down\"}}"},
     APIPIE_E_SERVER,
     "provider down"},
};

static void it_fails(void **state)
{
    struct draw *d = *state;
    const struct failure *f = d->row;
    const struct draw_script script = {&f->reply, 1};
    lists_serve(d, &script);
    apipie_status got = apipie_request_perform(d->request);
    if (f->message != NULL)
        assert_ended(d->request, got, f->want);
    else
        assert_true(got < 0);
    assert_null(apipie_request_catalog(d->request));
    assert_contains(apipie_error_message(draw_error(d)), f->message != NULL ? f->message : "");
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

static void an_empty_list_is_an_answer(void **state)
{
    static const struct draw_reply replies[] = {{200, NULL, "{\"object\":\"list\",\"data\":[]}"},
                                                {200, NULL, "[]"},
                                                {200, NULL, "{\"data\":[7,null,{\"x\":1}]}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    for (int32_t i = 0; i < 3; i++)
        assert_int_equal(apipie_catalog_count(lists_get(d)), 0);
    assert_true(apipie_result_warning_count(draw_result(d)) != 0);
}

static void damaged_rows_are_left_out(void **state)
{
    static const struct draw_reply reply = {
        200, NULL,
        "[{\"model\":\"a\",\"provider\":\"p\"},17,{\"model\":\"b\",\"provider\":\"p\","
        "\"avg_cost\":\"-1\",\"price_type\":\"image\"},"
        "{\"model\":\"c\\ud800\\u0000\",\"provider\":\"p\"},\"x\"]"};
    static const struct draw_script script = {&reply, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    const apipie_catalog *list = lists_get(d);
    assert_int_equal(apipie_catalog_count(list), 3);
    assert_true(apipie_catalog_warning_count(list) >= 3);
    assert_true(apipie_result_warning_count(draw_result(d)) >= 3);
}

/* ---- large */

static char *many_models(size_t count, size_t *ret_n)
{
    const size_t room = count * 400 + 64;
    char *text = malloc(room);
    size_t n = (size_t)snprintf(text, room, "{\"data\":[");
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, room - n,
                              "%s{\"id\":\"m%zu\",\"model\":\"m%zu\",\"provider\":\"p%zu\","
                              "\"description\":\"some words about it, so that it has the length "
                              "of what really comes: about two hundred bytes a model\","
                              "\"avg_cost\":\"0.%06zu\",\"price_type\":\"image\"}",
                              i ? "," : "", i, i, i % 7, i);
    n += (size_t)snprintf(text + n, room - n, "]}");
    *ret_n = n;
    return text;
}

static void ten_thousand_models(void **state)
{
    struct draw *d = *state;
    size_t n = 0;
    char *text = many_models(10000, &n);
    const struct draw_reply reply = {200, NULL, text};
    const struct draw_script script = {&reply, 1};
    assert_true(n > 1024 * 1024);
    lists_serve(d, &script);
    const apipie_catalog *list = lists_get(d);
    assert_int_equal(apipie_catalog_count(list), 10000);
    assert_string_equal(apipie_catalog_text(list, 9999, APIPIE_MODEL_NAME), "m9999");
    assert_true(apipie_catalog_price(list, 9999, 1024, 1024, NULL) == 9999 * INT64_C(1000000));
    d->server = raw_server_stop(d->server);
    free(text);
}

static void send_too_much(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char row[] =
        "{\"model\":\"m\",\"provider\":\"p\",\"description\":\"0123456789\"},";
    char *piece = malloc(1000 * sizeof row);
    size_t n = 0;
    (void)q;
    (void)user;
    for (int i = 0; i < 1000; i++, n += sizeof row - 1)
        memcpy(piece + n, row, sizeof row - 1);
    raw_head(c, 200, "Content-Type: application/json\r\nConnection: close\r\n");
    raw_send_text(c, "[");
    for (size_t sent = 0; sent < (size_t)70 * 1024 * 1024; sent += n)
        raw_send(c, piece, n);
    raw_send_text(c, "{}]");
    free(piece);
    raw_close(c);
}

static void too_large_a_list(void **state)
{
    struct draw *d = *state;
    draw_serve(d, send_too_much, NULL);
    lists_ask(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TOO_LARGE);
}

/* ---- stopped */

static void it_is_cancelled(void **state)
{
    static const struct draw_reply silent = {-1, NULL, ""};
    const struct draw_script script = {&silent, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    for (int i = 0; i < 500 && raw_server_count(d->server, "GET") == 0; i++)
        apipie_client_poll(d->client, 10);
    int64_t before = draw_now_ms();
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_true(draw_now_ms() - before < 1000);
    assert_null(apipie_request_catalog(d->request));
}

static void its_time_is_limited(void **state)
{
    static const struct draw_reply silent = {-1, NULL, ""};
    const struct draw_script script = {&silent, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    assert_status(apipie_request_set_timeout(d->request, 150), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    lists_ask(d);
    assert_status(apipie_request_set_first_byte_timeout(d->request, 100), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
}

static void it_is_handed_over_by_next(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    apipie_request *ended = NULL;
    lists_serve(d, &script);
    assert_status(apipie_request_set_traceparent(
                      d->request, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                  APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    for (int i = 0; i < 500 && ended == NULL; i++) {
        apipie_client_poll(d->client, 10);
        ended = apipie_client_next(d->client);
    }
    assert_ptr_equal(ended, d->request);
    assert_int_equal(apipie_catalog_count(apipie_request_catalog(ended)), 2);
    assert_non_null(apipie_request_attempt_traceparent(ended, 0));
    apipie_request_unref(ended);
}

static void keep_line(void *user, int32_t level, const char *line)
{
    char *all = user;
    (void)level;
    if (strlen(all) + strlen(line) + 2 < 4096)
        strcat(strcat(all, line), "\n");
}

static void it_is_logged(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    char all[4096] = "";
    lists_serve(d, &script);
    assert_status(apipie_client_set_log(d->client, APIPIE_LOG_DEBUG, keep_line, all, NULL),
                  APIPIE_OK);
    lists_get(d);
    assert_contains(all, "submitted: list of models");
    assert_contains(all, "models, ");
    assert_contains(all, "ended: ok, 2 models");
    assert_lacks(all, DRAW_KEY);
}

/* ---- elsewhere */

static void a_redirect_on_the_same_server(void **state)
{
    static const struct draw_reply replies[] = {
        {301, "Location: $ORIGIN/v2/models?type=image\r\n", ""}, {200, NULL, LISTS_TWO}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_string_equal(raw_server_request(d->server, 1)->path, "/v2/models?type=image");
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
}

static void a_redirect_to_another_server(void **state)
{
    char headers[200];
    struct draw *d = *state;
    d->other = raw_server_start(draw_handler, &d->script);
    snprintf(headers, sizeof headers, "Location: %s/v1/models\r\n", raw_server_origin(d->other));
    const struct draw_reply reply = {302, headers, ""};
    const struct draw_script script = {&reply, 1};
    lists_serve(d, &script);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_contains(apipie_error_hint(draw_error(d)), "--base-url");
    assert_int_equal(raw_server_count(d->other, NULL), 0);
}

static void a_list_outlives_its_client(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    lists_get(d);
    apipie_catalog *view = apipie_client_catalog(d->client);
    assert_non_null(view);
    apipie_catalog *list = apipie_catalog_ref(apipie_request_catalog(d->request));
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(apipie_catalog_count(list), 2);
    assert_true(apipie_catalog_count(view) > 2);
    apipie_catalog_unref(list);
    apipie_catalog_unref(view);
}

static void doors_take_nothing(void **state)
{
    struct draw *d = *state;
    int32_t source = 7;
    d->client = apipie_client_new(NULL);
    assert_null(apipie_request_catalog(NULL));
    assert_null(apipie_client_catalog(NULL));
    assert_status(apipie_client_set_models_cache(NULL, NULL, 0), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_models_cache(d->client, "", 0), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_models_cache(d->client, NULL, -2), APIPIE_E_ARGUMENT);
    assert_true(apipie_client_estimate(NULL, NULL, &source) == APIPIE_UNKNOWN);
    assert_int_equal(source, APIPIE_PRICE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_list_is_read),
        DRAW_TEST(it_is_an_exchange_that_costs_nothing),
        DRAW_TEST(filters_are_encoded),
        DRAW_TEST(bad_filters_are_refused),
        DRAW_TEST(it_needs_no_key),
        DRAW_TEST(a_stale_key_is_asked_for_again),
        DRAW_TEST(it_is_tried_again_like_any_get),
        DRAW_TEST(an_empty_list_is_an_answer),
        DRAW_TEST(damaged_rows_are_left_out),
        DRAW_TEST(ten_thousand_models),
        DRAW_TEST(too_large_a_list),
        DRAW_TEST(it_is_cancelled),
        DRAW_TEST(its_time_is_limited),
        DRAW_TEST(it_is_handed_over_by_next),
        DRAW_TEST(it_is_logged),
        DRAW_TEST(a_redirect_on_the_same_server),
        DRAW_TEST(a_redirect_to_another_server),
        DRAW_TEST(a_list_outlives_its_client),
        DRAW_TEST(doors_take_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + DRAW_ROWS(it_fails, failures);
}
