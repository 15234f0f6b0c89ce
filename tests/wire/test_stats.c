/* SPDX-License-Identifier: MIT */
/* What the statistics of a client say of what it really did: requests, attempts, money, bytes and times by route; snapshots
 * that stay. Knows the public API alone. */
#include "../support/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JSON  "Content-Type: application/json\r\n"
#define SOON  JSON "retry-after-ms: 1\r\n"
#define LATER JSON "Retry-After: 0.01\r\n"

#define USAGE                                                                                      \
    "\"usage\":{\"cost\":\"0.008\",\"prompt_tokens\":15,\"completion_tokens\":7,\"latency_ms\":"   \
    "1300}"
#define PRICED "{\"data\":[{\"b64_json\":\"" PNG1 "\"}]," USAGE "}"

static const struct draw_reply no_model = {404, SOON,
                                           "{\"error\":{\"message\":\"no such model\"}}"};
static const struct draw_reply busy = {503, LATER, "{\"error\":{\"message\":\"busy\"}}"};
static const struct draw_reply broken = {500, JSON, "{\"error\":{\"message\":\"it broke\"}}"};

/* ---- a row that is expected: what is not named must be 0 */

struct want {
    int64_t number[APIPIE_STATS_LAST_MS + 1];
    int64_t times[3];
};

static apipie_stats *stats_of(struct draw *d, size_t rows)
{
    apipie_stats *s = apipie_client_stats(d->client);
    assert_non_null(s);
    assert_int_equal(apipie_stats_count(s), rows);
    return s;
}

static size_t row_of(const apipie_stats *s, const char *provider, const char *model)
{
    size_t row = apipie_stats_find(s, "apipie", provider, model);
    assert_true(row < apipie_stats_count(s));
    assert_string_equal(apipie_stats_text(s, row, APIPIE_STATS_BACKEND), "apipie");
    assert_string_equal(apipie_stats_text(s, row, APIPIE_STATS_PROVIDER), provider);
    assert_string_equal(apipie_stats_text(s, row, APIPIE_STATS_MODEL), model);
    return row;
}

static void assert_row(const apipie_stats *s, size_t row, const struct want *w)
{
    for (int32_t i = 0; i < APIPIE_STATS_FIRST_MS; i++) {
        int64_t got = apipie_stats_number(s, row, i);
        int bytes = i == APIPIE_STATS_BYTES_UP || i == APIPIE_STATS_BYTES_DOWN;
        if (bytes ? (got != 0) != (w->number[i] != 0) : got != w->number[i])
            fail_msg("row %zu, number %d: %lld, not %lld", row, (int)i, (long long)got,
                     (long long)w->number[i]);
    }
    for (int32_t i = 0; i < 3; i++)
        assert_int_equal(apipie_stats_time_count(s, row, i), w->times[i]);
    assert_true(apipie_stats_number(s, row, APIPIE_STATS_FIRST_MS) > INT64_C(1700000000000));
    assert_true(apipie_stats_number(s, row, APIPIE_STATS_LAST_MS) >=
                apipie_stats_number(s, row, APIPIE_STATS_FIRST_MS));
}

#define WANT(...) (&(const struct want){.number = {__VA_ARGS__}})
#define REQUESTS  [APIPIE_STATS_REQUESTS]
#define OK        [APIPIE_STATS_REQUESTS_OK]
#define CACHED    [APIPIE_STATS_REQUESTS_CACHED]
#define IMAGES    [APIPIE_STATS_IMAGES]
#define ATTEMPTS  [APIPIE_STATS_ATTEMPTS]
#define RETRIES   [APIPIE_STATS_RETRIES]
#define FAILOVERS [APIPIE_STATS_FAILOVERS]
#define UNKNOWN   [APIPIE_STATS_BILLED_UNKNOWN]
#define UP        [APIPIE_STATS_BYTES_UP]
#define DOWN      [APIPIE_STATS_BYTES_DOWN]
#define COST      [APIPIE_STATS_COST]
#define ESTIMATED [APIPIE_STATS_COST_ESTIMATED]
#define PROMPT    [APIPIE_STATS_TOKENS_PROMPT]
#define ANSWER    [APIPIE_STATS_TOKENS_COMPLETION]

static void route(struct draw *d, const char *provider, const char *model)
{
    apipie_request_set_provider(d->request, provider);
    apipie_request_set_model(d->request, model);
}

/* ---- one request */

static void a_picture(void **state)
{
    struct draw *d = *state;
    int64_t upper = 0;
    draw_serve_json(d, PRICED);
    route(d, "prodia", "sdxl");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 1);
    size_t row = row_of(s, "prodia", "sdxl");
    assert_row(s, row,
               &(struct want){{REQUESTS = 1, OK = 1, IMAGES = 1, ATTEMPTS = 1, UP = 1, DOWN = 1,
                               COST = APIPIE_DOLLAR / 125, PROMPT = 15, ANSWER = 7},
                              {1, 1, 1}});
    assert_int_equal(apipie_stats_number(s, row, APIPIE_STATS_BYTES_UP),
                     raw_server_request(d->server, 0)->body_size);
    assert_int_equal(apipie_stats_number(s, row, APIPIE_STATS_BYTES_DOWN), strlen(PRICED));
    assert_int_equal(apipie_stats_time_sum(s, row, APIPIE_STATS_SERVER), 1300);
    assert_int_equal(apipie_stats_bucket(s, row, APIPIE_STATS_SERVER, 8, &upper), 1);
    assert_int_equal(upper, 2560);
    assert_int_equal(apipie_stats_time_sum(s, row, APIPIE_STATS_TOTAL),
                     apipie_request_elapsed(d->request));
    assert_int_equal(apipie_stats_error_code(s, row, 0), APIPIE_OK);
    apipie_stats_unref(s);
}

/* What nobody named is counted under what the reply says. */
static void the_gateway_chose(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"provider\":\"together\",\"model\":\"flux\",\"data\":[{\"b64_json\":"
                       "\"" PNG1 "\"}]}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 1);
    row_of(s, "together", "flux");
    apipie_stats_unref(s);
    draw_again(d);
    route(d, "prodia", NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    s = stats_of(d, 2);
    row_of(s, "prodia", "flux");
    assert_int_equal(apipie_stats_find(s, NULL, NULL, NULL), APIPIE_STATS_NONE);
    apipie_stats_unref(s);
}

static void failures(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply replies[] = {
        {500, JSON, "{}"}, {404, JSON, "{}"}, {500, JSON, "{}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    draw_serve_script(d, &script);
    for (int i = 0; i < 3; i++) {
        route(d, "p", "m");
        apipie_request_perform(d->request);
        draw_again(d);
    }
    apipie_stats *s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"),
               WANT(REQUESTS = 3, ATTEMPTS = 3, UNKNOWN = 2, UP = 1, DOWN = 1));
    assert_int_equal(apipie_stats_errors(s, 0, APIPIE_E_SERVER), 2);
    assert_int_equal(apipie_stats_errors(s, 0, APIPIE_E_NOT_FOUND), 1);
    assert_int_equal(apipie_stats_errors(s, 0, APIPIE_E_QUOTA), 0);
    assert_int_equal(apipie_stats_errors(s, 0, -77), 0);
    assert_int_equal(apipie_stats_error_code(s, 0, 0), APIPIE_E_NOT_FOUND);
    assert_int_equal(apipie_stats_error_code(s, 0, 1), APIPIE_E_SERVER);
    assert_int_equal(apipie_stats_error_code(s, 0, 2), APIPIE_OK);
    apipie_stats_unref(s);
}

static void sent_again(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply replies[] = {
        {503, LATER, "{}"}, {429, SOON, "{}"}, {200, NULL, ONE_IMAGE}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    draw_serve_script(d, &script);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    route(d, "p", "m");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"),
               &(struct want){
                   {REQUESTS = 1, OK = 1, IMAGES = 1, ATTEMPTS = 3, RETRIES = 2, UP = 1, DOWN = 1},
                   {1, 1, 0}});
    apipie_stats_unref(s);
}

static void another_route(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        .models = {DRAW_REPLIES(&no_model), DRAW_REPLIES(&busy)}};
    draw_serve_stage(d, &stage);
    d->request = apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, "ABC");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 3);
    assert_row(s, row_of(s, "pA", "A"), WANT(ATTEMPTS = 1, UP = 1, DOWN = 1));
    assert_row(s, row_of(s, "pB", "B"), WANT(ATTEMPTS = 1, FAILOVERS = 1, UP = 1, DOWN = 1));
    assert_row(s, row_of(s, "pC", "C"),
               &(struct want){{REQUESTS = 1, OK = 1, IMAGES = 1, ATTEMPTS = 1, FAILOVERS = 1,
                               UP = 1, DOWN = 1},
                              {1, 1, 0}});
    apipie_stats_unref(s);
}

/* The last one that was tried has the failure. */
static void no_route_left(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        .models = {DRAW_REPLIES(&no_model), DRAW_REPLIES(&broken)}};
    draw_serve_stage(d, &stage);
    d->request = apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, "AB");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    apipie_stats *s = stats_of(d, 2);
    assert_row(s, row_of(s, "pA", "A"), WANT(ATTEMPTS = 1, UP = 1, DOWN = 1));
    assert_row(s, row_of(s, "pB", "B"),
               WANT(REQUESTS = 1, ATTEMPTS = 1, FAILOVERS = 1, UNKNOWN = 1, UP = 1, DOWN = 1));
    apipie_stats_unref(s);
}

static void one_request_of_parts(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 1 + PARTS_IMAGES};
    parts_serve(d, &plan);
    route(d, "p", "m");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"),
               &(struct want){{REQUESTS = 1, OK = 1, IMAGES = 4, ATTEMPTS = 5, UP = 1, DOWN = 1},
                              {1, 4, 0}});
    apipie_stats_unref(s);
}

/* The first route takes it apart, the second draws it. */
static void parts_on_another_route(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.replies = {&no_model, &no_model, &no_model, &no_model}};
    parts_serve(d, &plan);
    apipie_request_add_route(d->request, NULL, "pA", "A");
    apipie_request_add_route(d->request, NULL, "pB", "B");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 2);
    assert_row(s, row_of(s, "pA", "A"), WANT(ATTEMPTS = 5, UP = 1, DOWN = 1));
    assert_row(s, row_of(s, "pB", "B"),
               &(struct want){{REQUESTS = 1, OK = 1, IMAGES = 4, ATTEMPTS = 4, FAILOVERS = 4,
                               UP = 1, DOWN = 1},
                              {1, 4, 0}});
    apipie_stats_unref(s);
}

/* The picture's bytes count on the route, its exchange is no attempt. */
static void by_url(void **state)
{
    struct draw *d = *state;
    uint8_t bytes[256];
    const char *body = "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"}]}";
    draw_serve_json(d, body);
    route(d, "p", "m");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"),
               &(struct want){{REQUESTS = 1, OK = 1, IMAGES = 1, ATTEMPTS = 1, UP = 1, DOWN = 1},
                              {1, 1, 0}});
    size_t origin = strlen(raw_server_origin(d->server));
    assert_int_equal(apipie_stats_number(s, 0, APIPIE_STATS_BYTES_DOWN),
                     strlen(body) - strlen("$ORIGIN") + origin + draw_decode(PNG1, bytes));
    apipie_stats_unref(s);
}

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void cancelled(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall, NULL);
    route(d, "p", "m");
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, 100), APIPIE_PENDING);
    apipie_stats *s = stats_of(d, 0); /* nothing has ended yet */
    apipie_stats_unref(s);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"), WANT(REQUESTS = 1, ATTEMPTS = 1, UNKNOWN = 1, UP = 1));
    assert_int_equal(apipie_stats_errors(s, 0, APIPIE_E_CANCELLED), 1);
    apipie_stats_unref(s);
}

static void out_of_the_cache(void **state)
{
    struct draw *d = *state;
    parts_make_folder();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_cache(d->client, parts_folder(), 1 << 20), APIPIE_OK);
    for (int i = 0; i < 2; i++) {
        draw_again(d);
        route(d, "p", "m");
        apipie_request_set_seed(d->request, 5);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    }
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    apipie_stats *s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"),
               &(struct want){
                   {REQUESTS = 2, OK = 2, CACHED = 1, IMAGES = 1, ATTEMPTS = 1, UP = 1, DOWN = 1},
                   {1, 1, 0}});
    apipie_stats_unref(s);
    assert_status(apipie_client_set_cache(d->client, NULL, 0), APIPIE_OK);
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", parts_folder());
    assert_int_equal(system(command), 0);
}

/* The server named no figure: the price of the host counts, marked. */
static void estimated(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_price(d->client, NULL, NULL, 5000), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_stats *s = stats_of(d, 1);
    assert_row(s, 0,
               &(struct want){{REQUESTS = 1, OK = 1, IMAGES = 1, ATTEMPTS = 1, UP = 1, DOWN = 1,
                               COST = 5000, ESTIMATED = 5000},
                              {1, 1, 0}});
    apipie_stats_unref(s);
}

static apipie_status veto(void *user, const apipie_request *request, char *reason, size_t capacity)
{
    (void)user;
    (void)request;
    (void)reason;
    (void)capacity;
    return APIPIE_E_STATE;
}

/* What submit refuses never ran; what was stopped in line, before anything was sent, did. */
static void nothing_sent(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_n(d->request, -1);
    assert_status(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
    draw_again(d);
    apipie_client_set_veto(d->client, veto, NULL, NULL);
    assert_status(apipie_request_submit(d->request), APIPIE_E_VETOED);
    apipie_client_set_veto(d->client, NULL, NULL, NULL);
    apipie_stats *s = stats_of(d, 0);
    apipie_stats_unref(s);
    draw_again(d);
    apipie_client_set_budget(d->client, 1);
    apipie_client_set_price(d->client, NULL, NULL, 5000);
    route(d, "p", "m");
    assert_status(apipie_request_perform(d->request), APIPIE_E_BUDGET);
    s = stats_of(d, 1);
    assert_row(s, row_of(s, "p", "m"), WANT(REQUESTS = 1));
    assert_int_equal(apipie_stats_errors(s, 0, APIPIE_E_BUDGET), 1);
    apipie_stats_unref(s);
}

/* ---- snapshots */

static void a_snapshot_stays(void **state)
{
    struct draw *d = *state;
    char text[16];
    draw_serve_json(d, PRICED);
    route(d, "p", "m");
    apipie_request_perform(d->request);
    apipie_stats *s = stats_of(d, 1);
    assert_status(apipie_client_reset_stats(d->client), APIPIE_OK);
    apipie_stats *empty = stats_of(d, 0);
    assert_int_equal(apipie_stats_format(empty, APIPIE_FORMAT_OPENMETRICS, text, sizeof text), 6);
    assert_string_equal(text, "# EOF\n");
    assert_ptr_equal(apipie_stats_ref(s), s);
    apipie_stats_unref(s);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    apipie_stats *twice = apipie_stats_merge(s, s);
    apipie_stats *alone = apipie_stats_merge(NULL, empty);
    apipie_stats_unref(s);
    assert_int_equal(apipie_stats_number(twice, 0, APIPIE_STATS_REQUESTS), 2);
    assert_int_equal(apipie_stats_number(twice, 0, APIPIE_STATS_COST), APIPIE_DOLLAR * 2 / 125);
    assert_string_equal(apipie_stats_text(twice, 0, APIPIE_STATS_MODEL), "m");
    assert_int_equal(apipie_stats_count(alone), 0);
    apipie_stats_unref(alone);
    apipie_stats_unref(empty);
    apipie_stats_unref(twice);
}

static void saved_and_loaded(void **state)
{
    struct draw *d = *state;
    char before[8192], after[8192];
    parts_make_folder();
    draw_serve_json(d, PRICED);
    route(d, "p", "m");
    apipie_request_perform(d->request);
    apipie_stats *s = stats_of(d, 1);
    assert_status(apipie_stats_save(s, parts_in_folder("s")), APIPIE_OK);
    assert_status(apipie_stats_save(s, parts_in_folder("s")), APIPIE_OK);
    assert_status(apipie_stats_save(s, parts_in_folder("no/s")), APIPIE_E_FILE);
    assert_status(apipie_stats_save(s, parts_folder()), APIPIE_E_FILE);
    apipie_client *other = draw_client(raw_server_base(d->server));
    assert_status(apipie_client_load_stats(other, parts_in_folder("s")), APIPIE_OK);
    assert_status(apipie_client_load_stats(other, parts_in_folder("none")), APIPIE_E_FILE);
    apipie_stats *t = apipie_client_stats(other);
    size_t n = apipie_stats_format(s, APIPIE_FORMAT_JSON, before, sizeof before);
    assert_true(n > 100 && n < sizeof before);
    apipie_stats_format(t, APIPIE_FORMAT_JSON, after, sizeof after);
    assert_string_equal(before, after);
    apipie_stats_format(t, APIPIE_FORMAT_JSON, after, 20);
    assert_int_equal(strlen(after), 19);
    apipie_stats_unref(t);
    apipie_client_unref(other);
    apipie_stats_unref(s);
    assert_int_equal(parts_entries(1), 1);
}

static void nothing_at_all(void **state)
{
    (void)state;
    int64_t upper = 5;
    char text[8] = "x";
    assert_null(apipie_client_stats(NULL));
    assert_null(apipie_stats_merge(NULL, NULL));
    assert_null(apipie_stats_ref(NULL));
    assert_null(apipie_stats_unref(NULL));
    assert_status(apipie_client_reset_stats(NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_load_stats(NULL, "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_stats_save(NULL, "x"), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_stats_fn(NULL, 5, NULL, NULL, NULL), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_stats_count(NULL), 0);
    assert_int_equal(apipie_stats_find(NULL, "a", "b", "c"), APIPIE_STATS_NONE);
    assert_null(apipie_stats_text(NULL, 0, 0));
    assert_int_equal(apipie_stats_number(NULL, 0, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_stats_errors(NULL, 0, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_stats_error_code(NULL, 0, 0), APIPIE_OK);
    assert_int_equal(apipie_stats_bucket(NULL, 0, 0, 0, &upper), APIPIE_UNKNOWN);
    assert_int_equal(upper, 5);
    assert_int_equal(apipie_stats_time_count(NULL, 0, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_stats_time_sum(NULL, 0, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_stats_quantile(NULL, 0, 0, 500), APIPIE_UNKNOWN);
    assert_int_equal(apipie_stats_format(NULL, 0, text, sizeof text), 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_picture),
        DRAW_TEST(the_gateway_chose),
        DRAW_TEST(failures),
        DRAW_TEST(sent_again),
        DRAW_TEST(another_route),
        DRAW_TEST(no_route_left),
        DRAW_TEST(one_request_of_parts),
        DRAW_TEST(parts_on_another_route),
        DRAW_TEST(by_url),
        DRAW_TEST(cancelled),
        DRAW_TEST(out_of_the_cache),
        DRAW_TEST(estimated),
        DRAW_TEST(nothing_sent),
        DRAW_TEST(a_snapshot_stays),
        DRAW_TEST(saved_and_loaded),
        cmocka_unit_test(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
