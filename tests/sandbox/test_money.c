/* SPDX-License-Identifier: MIT */
/* What the sandbox says of money and of limits: its history of what was billed, rates, keys that expire, models that
 * make one picture, routes that are down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "talk.h"

#define OPENAI "\"model\":\"dall-e-2\",\"prompt\":\"x\",\"size\":\"64x64\""

static int has(const struct talk *t, const char *line)
{
    return t->head != NULL && strstr(t->head, line) != NULL;
}

static long head_number(const struct talk *t, const char *name)
{
    assert_true(has(t, name));
    return strtol(strstr(t->head, name) + strlen(name), NULL, 10);
}

static void expect_status(struct talk t, long status)
{
    assert_int_equal(t.status, status);
    talk_end(&t);
}

static struct talk queries(const char *query)
{
    char path[128];
    struct talk t;

    snprintf(path, sizeof(path), "/queries/%s", query);
    t = talk(talk_base, path, NULL, TALK_KEY, NULL);
    assert_int_equal(t.code, CURLE_OK);
    return t;
}

static size_t rows_of(const char *query)
{
    struct talk t = queries(query);
    size_t n = json_array_size(talk_at(&t, "items"));

    assert_int_equal(t.status, 200);
    assert_true(json_is_array(talk_at(&t, "items")));
    talk_end(&t);
    return n;
}

static long long number(const struct talk *t, const char *path)
{
    assert_true(json_is_integer(talk_at(t, path)));
    return (long long)json_integer_value(talk_at(t, path));
}

/* ---- the history */

static void lists_what_was_billed(void **state)
{
    char before[32], after[32];
    time_t now = time(NULL);
    struct talk t;

    (void)state;
    strftime(before, sizeof(before), "%Y-%m-%dT%H:%M:%S", gmtime(&now));
    expect_status(talk_post("{\"provider\":\"prodia\",\"model\":\"Prodia/sd_xl_base_1.0\",\"size\":"
                            "\"64x64\",\"prompt\":\"a caf\\u00e9 \\ud83d\\ude00\",\"n\":3}"),
                  200);
    now = time(NULL) + 1;
    strftime(after, sizeof(after), "%Y-%m-%dT%H:%M:%S", gmtime(&now));
    t = queries("");
    assert_int_equal(t.status, 200);
    assert_true(has(&t, "Content-Type: application/json"));
    assert_int_equal(json_object_size(t.json), 3);
    assert_int_equal(json_array_size(talk_at(&t, "items")), 1);
    assert_int_equal(json_object_size(talk_at(&t, "items.0")), 15);
    assert_int_equal(number(&t, "items.0.id"), 1);
    assert_string_equal(talk_text(&t, "items.0.username"), "sandbox");
    assert_string_equal(talk_text(&t, "items.0.app"), "sandbox");
    assert_string_equal(talk_text(&t, "items.0.provider"), "prodia");
    assert_string_equal(talk_text(&t, "items.0.route"), "sd_xl_base_1.0");
    assert_string_equal(talk_text(&t, "items.0.unit"), "image");
    assert_int_equal(number(&t, "items.0.prompt_tokens"), 6);
    assert_int_equal(number(&t, "items.0.prompt_char"), 8); /* of 12 bytes */
    assert_int_equal(number(&t, "items.0.response_tokens"), 0);
    assert_int_equal(number(&t, "items.0.response_char"), 0);
    assert_string_equal(talk_text(&t, "items.0.cost"), "0.012000000000");
    assert_int_equal(number(&t, "items.0.latency_ms"), 2600);
    assert_string_equal(talk_text(&t, "items.0.source_ip"), "127.0.0.1");
    assert_true(json_is_null(talk_at(&t, "items.0.chat_id")));
    assert_int_equal(strlen(talk_text(&t, "items.0.timestamp")), 24);
    assert_true(strcmp(before, talk_text(&t, "items.0.timestamp")) <= 0);
    assert_true(strcmp(after, talk_text(&t, "items.0.timestamp")) >= 0);
    assert_int_equal(number(&t, "limit"), 50);
    assert_int_equal(number(&t, "offset"), 0);
    talk_end(&t);
}

static void pages_the_history(void **state)
{
    static const struct {
        const char *query;
        size_t count;
        int newest; /* prompt_char of the first row */
    } pages[] = {{"", 4, 4},
                 {"?limit=1", 1, 4},
                 {"?limit=2&offset=1", 2, 3},
                 {"?offset=3&limit=100", 1, 1},
                 {"?offset=4", 0, 0},
                 {"?offset=2147483647", 0, 0}};

    (void)state;
    for (int i = 1; i <= 4; i++) {
        char body[128];

        snprintf(body, sizeof(body), "{\"model\":\"sdv1_4\",\"size\":\"8x8\",\"prompt\":\"%.*s\"}",
                 i, "aaaa");
        expect_status(talk_post(body), 200);
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct talk t = queries(pages[i].query);

        assert_int_equal(json_array_size(talk_at(&t, "items")), pages[i].count);
        if (pages[i].count != 0)
            assert_int_equal(number(&t, "items.0.prompt_char"), pages[i].newest);
        talk_end(&t);
    }
    struct talk t = queries("?limit=2&offset=1");
    assert_int_equal(number(&t, "limit"), 2);
    assert_int_equal(number(&t, "offset"), 1);
    talk_end(&t);
}

static void refuses_bad_pages(void **state)
{
    static const char *const bad[] = {
        "?limit=0",   "?limit=101",          "?limit=x",          "?limit=", "?limit", "?limit=-1",
        "?limit=1.5", "?limit=10&offset=-1", "?offset=2147483648"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct talk t = queries(bad[i]);

        assert_string_equal(talk_text(&t, "error.param"),
                            strstr(bad[i], "off") ? "offset" : "limit");
        talk_expect_error(&t, 400, "invalid_parameter");
    }
}

static void guards_the_history(void **state)
{
    struct talk t = talk(talk_base, "/queries/", NULL, NULL, NULL);

    (void)state;
    talk_expect_error(&t, 401, "invalid_api_key");
    t = talk(talk_base, "/queries", NULL, "x-api-key: wrong", NULL);
    talk_expect_error(&t, 401, "invalid_api_key");
    t = talk(talk_base, "/queries", NULL, "x-api-key: sk-pie-sandbox", NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    for (int slash = 0; slash < 2; slash++) {
        t = talk(talk_base, slash ? "/queries/" : "/queries", "{}", TALK_KEY, NULL);
        assert_true(has(&t, "Allow: GET\r\n"));
        talk_expect_error(&t, 405, "method_not_allowed");
    }
    t = talk(talk_base, "/queries/1", NULL, TALK_KEY, NULL);
    talk_expect_error(&t, 404, "not_found");
    assert_int_equal(apipie_sandbox_request_count(talk_box), 0);
}

static void answers_head_without_a_body(void **state)
{
    struct talk t = talk_head(talk_base, "/queries/?limit=3", TALK_KEY);
    char length[64];

    (void)state;
    snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
             strlen("{\"items\":[],\"limit\":3,\"offset\":0}"));
    assert_int_equal(t.code, CURLE_OK);
    assert_int_equal(t.status, 200);
    assert_true(has(&t, length));
    assert_int_equal(t.n, 0);
    talk_end(&t);
    t = talk_head(talk_base, "/queries/", NULL);
    assert_int_equal(t.status, 401);
    talk_end(&t);
}

/* Each fault once, and whether its call is in the history. */
static void lists_a_reply_that_was_lost(void **state)
{
    static const struct {
        const char *fault;
        int billed;
    } faults[] = {{"cut", 1},         {"truncate", 1}, {"stall:1", 1},    {"noimage", 1},
                  {"badjson", 1},     {"fewer", 0},    {"status:500", 0}, {"status:500;cut", 0},
                  {"quota", 0},       {"content", 0},  {"error200", 0},   {"html200", 0},
                  {"onlyone;cut", 1}, {"nousage", 1}};
    size_t billed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct talk t = talk_post_fault("{" SMALL "}", faults[i].fault);

        if (strstr(faults[i].fault, "cut") != NULL) {
            assert_int_equal(t.code, CURLE_GOT_NOTHING);
            assert_int_equal(t.head_n + t.n, 0);
        }
        talk_end(&t);
        billed += (size_t)faults[i].billed;
        assert_int_equal(rows_of("?limit=100"), billed);
        assert_int_equal(apipie_sandbox_billed_count(talk_box), billed);
    }
    expect_status(talk_post("{\"model\":\"nosuch\",\"prompt\":\"x\"}"), 404);
    assert_int_equal(rows_of(""), billed);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), (int64_t)billed * 4000000000);
}

static void lists_a_call_whose_answer_is_still_held_back(void **state)
{
    pthread_t thread;
    struct talk t;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, talk_stalled_call, &t), 0);
    while (apipie_sandbox_billed_count(talk_box) == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_int_equal(rows_of(""), 1);
    talk_box = apipie_sandbox_unref(talk_box);
    pthread_join(thread, NULL);
    talk_end(&t);
}

static void lists_a_late_row_later(void **state)
{
    int64_t start = talk_now_ms();
    struct talk t;

    (void)state;
    expect_status(talk_post_fault("{" SMALL "}", "late:700"), 200);
    expect_status(talk_post("{" OPENAI "}"), 200);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    t = queries("");
    if (talk_now_ms() - start < 700) { /* a machine that stood still proves nothing */
        assert_int_equal(json_array_size(talk_at(&t, "items")), 1);
        assert_int_equal(number(&t, "items.0.id"), 2);
        assert_int_equal(rows_of("?offset=1"), 0);
    }
    talk_end(&t);
    while (rows_of("") != 2) {
        assert_true(talk_now_ms() - start < 30000);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    assert_true(talk_now_ms() - start >= 700);
    t = queries("");
    assert_int_equal(number(&t, "items.1.id"), 1);
    assert_true(strcmp(talk_text(&t, "items.0.timestamp"), talk_text(&t, "items.1.timestamp")) >=
                0);
    talk_end(&t);
}

/* ---- rates */

static void lets_through_as_many_as_the_rate(void **state)
{
    struct talk t;

    (void)state;
    assert_int_equal(apipie_sandbox_set_rate(talk_box, -1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 2), APIPIE_OK);
    t = talk_post("{" SMALL "}");
    assert_int_equal(t.status, 200);
    assert_true(has(&t, "x-ratelimit-limit-requests: 2\r\n"));
    assert_true(has(&t, "x-ratelimit-remaining-requests: 1\r\n"));
    assert_true(has(&t, "x-ratelimit-reset-requests: 30s\r\n"));
    talk_end(&t);
    expect_status(talk_post("{}"), 400); /* a refused one counts as well */
    apipie_sandbox_set_fault(talk_box, "status:500", 1);
    t = talk_post("{" SMALL "}");
    assert_in_range(head_number(&t, "retry-after-ms: "), 1, 30000);
    assert_int_equal(head_number(&t, "Retry-After: "),
                     (head_number(&t, "retry-after-ms: ") + 999) / 1000);
    assert_true(has(&t, "x-ratelimit-remaining-requests: 0\r\n"));
    assert_true(has(&t, "x-ratelimit-reset-requests: "));
    talk_expect_error(&t, 429, "rate_limit_exceeded");
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 3);
    t = talk(talk_base, GENERATE, "{" SMALL "}", NULL, NULL);
    assert_false(has(&t, "x-ratelimit"));
    talk_expect_error(&t, 401, "invalid_api_key");
    assert_int_equal(rows_of(""), 1); /* reading is not limited */
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 0), APIPIE_OK);
    t = talk_post("{" SMALL "}");
    assert_false(has(&t, "x-ratelimit"));
    talk_expect_error(&t, 500, "server_error"); /* the fault waited */
}

static void lets_through_again_after_the_wait(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "status:500");
    int64_t start, wait;

    (void)state;
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 60), APIPIE_OK);
    while (t.status == 500) {
        talk_end(&t);
        t = talk_post_fault("{" SMALL "}", "status:500");
    }
    start = talk_now_ms();
    assert_int_equal(t.status, 429);
    assert_int_equal(head_number(&t, "Retry-After: "), 1);
    wait = head_number(&t, "retry-after-ms: ");
    assert_in_range(wait, 1, 1000);
    talk_end(&t);
    while (talk_now_ms() <= start + wait)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    expect_status(talk_post("{" SMALL "}"), 200);
}

static void says_the_limits_it_is_told(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "ratelimit:0/2s");

    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(has(&t, "x-ratelimit-remaining-requests: 0\r\n"));
    assert_true(has(&t, "x-ratelimit-reset-requests: 2s\r\n"));
    assert_false(has(&t, "x-ratelimit-limit-requests"));
    talk_end(&t);
    apipie_sandbox_set_rate(talk_box, 60);
    t = talk_post_fault("{" SMALL "}", "status:429;retry-after:2;ratelimit: 17 / 6m0.5s");
    assert_true(has(&t, "x-ratelimit-limit-requests: 60\r\n"));
    assert_true(has(&t, "x-ratelimit-remaining-requests: 17\r\n"));
    assert_true(has(&t, "x-ratelimit-reset-requests: 6m0.5s\r\n"));
    assert_true(has(&t, "Retry-After: 2\r\n"));
    talk_expect_error(&t, 429, "rate_limit_exceeded");
}

static void says_whether_to_retry(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "status:500;shouldretry:true");

    (void)state;
    assert_true(has(&t, "x-should-retry: true\r\n"));
    talk_expect_error(&t, 500, "server_error");
    t = talk_post_fault("{" SMALL "}", "status:429;shouldretry:false");
    assert_true(has(&t, "x-should-retry: false\r\n"));
    talk_expect_error(&t, 429, "rate_limit_exceeded");
    t = talk_post("{" SMALL "}");
    assert_false(has(&t, "x-should-retry"));
    talk_end(&t);
}

/* ---- one picture a call */

static void expect_one_only(struct talk t, const char *message)
{
    assert_string_equal(talk_text(&t, "error.message"), message);
    assert_string_equal(talk_text(&t, "error.param"), "n");
    talk_expect_error(&t, 400, "invalid_parameter");
}

static void makes_one_picture_a_call(void **state)
{
    struct talk t = talk_post_fault("{" SMALL ",\"n\":2}", "onlyone;retry-after:3");

    (void)state;
    assert_true(has(&t, "Retry-After: 3\r\n"));
    assert_string_equal(t.body,
                        "{\"error\":{\"code\":\"invalid_parameter\",\"message\":\"n must be "
                        "1 for this model\",\"param\":\"n\"}}");
    expect_one_only(t, "n must be 1 for this model");
    expect_status(talk_post_fault("{" SMALL ",\"n\":1}", "onlyone"), 200);
    expect_status(talk_post_fault("{" SMALL "}", "onlyone"), 200);
    expect_status(talk_post_fault("{" SMALL "}", "onlyone;status:503"), 503);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
}

static void makes_at_most_n_pictures_a_call(void **state)
{
    (void)state;
    assert_int_equal(apipie_sandbox_set_n_max(talk_box, -1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_n_max(talk_box, 11), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_n_max(talk_box, 1), APIPIE_OK);
    apipie_sandbox_set_fault(talk_box, "status:500", 1);
    expect_one_only(talk_post("{" SMALL ",\"n\":2}"), "n must be 1 for this model");
    expect_status(talk_post("{" SMALL ",\"n\":1}"), 500); /* the fault waited */
    expect_status(talk_post("{" SMALL "}"), 200);
    assert_int_equal(apipie_sandbox_set_n_max(talk_box, 3), APIPIE_OK);
    expect_one_only(talk_post("{" SMALL ",\"n\":4}"), "n must be 1 to 3 for this model");
    expect_status(talk_post("{" SMALL ",\"n\":3}"), 200);
    assert_int_equal(apipie_sandbox_set_n_max(talk_box, 0), APIPIE_OK);
    expect_status(talk_post("{" SMALL ",\"n\":10}"), 200);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 3);
}

/* ---- keys that expire */

static void refuses_an_expired_key(void **state)
{
    const char *first = apipie_sandbox_key(talk_box), *second;

    (void)state;
    assert_int_equal(apipie_sandbox_set_key(talk_box, "second"), APIPIE_OK);
    second = apipie_sandbox_key(talk_box);
    assert_string_equal(second, "second");
    struct talk t = talk_post("{" SMALL "}");
    talk_expect_error(&t, 401, "invalid_api_key");
    t = talk(talk_base, "/models", NULL, TALK_KEY, NULL);
    talk_expect_error(&t, 401, "invalid_api_key");
    t = queries("");
    talk_expect_error(&t, 401, "invalid_api_key");
    expect_status(talk(talk_base, GENERATE, "{" SMALL "}", "x-api-key: second", NULL), 200);
    assert_int_equal(apipie_sandbox_set_key(talk_box, first), APIPIE_OK);
    assert_ptr_equal(apipie_sandbox_key(talk_box), first);
    assert_string_equal(second, "second");
    expect_status(talk_post("{" SMALL "}"), 200);
    expect_status(talk(talk_base, GENERATE, "{" SMALL "}", "x-api-key: second", NULL), 401);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
}

#define ROTATE_CALLS 60

static void *rotate(void *failures)
{
    char key[32];

    for (int i = 0; apipie_sandbox_request_count(talk_box) < ROTATE_CALLS; i++) {
        snprintf(key, sizeof(key), "key-%d", i % 100);
        *(int *)failures += apipie_sandbox_set_key(talk_box, key) != APIPIE_OK;
        *(int *)failures +=
            apipie_sandbox_set_route_fault(talk_box, NULL, "sd_xl_base_1.0",
                                           i % 2 ? "status:503" : NULL) != APIPIE_OK;
        *(int *)failures += apipie_sandbox_set_rate(talk_box, i % 3 * 1000) != APIPIE_OK;
        *(int *)failures += apipie_sandbox_set_n_max(talk_box, i % 4) != APIPIE_OK;
    }
    return NULL;
}

/* Everything that may be set is set while calls come; under the thread sanitizer this is the proof. */
static void is_set_while_it_serves(void **state)
{
    pthread_t thread;
    int failures = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, rotate, &failures), 0);
    for (int i = 0; i < ROTATE_CALLS; i++) {
        char header[64];
        struct talk t;

        snprintf(header, sizeof(header), "x-api-key: %s", apipie_sandbox_key(talk_box));
        t = talk(talk_base, GENERATE, "{" SMALL "}", header, NULL);
        assert_true(t.status == 200 || t.status == 401 || t.status == 429 || t.status == 503);
        talk_end(&t);
        expect_status(talk(talk_base, "/queries", NULL, NULL, NULL), 401);
    }
    pthread_join(thread, NULL);
    assert_int_equal(failures, 0);
}

/* ---- routes that are down */

static void fails_on_one_route(void **state)
{
    (void)state;
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "Prodia", NULL, "status:503"),
                     APIPIE_OK);
    expect_status(talk_post("{" SMALL "}"), 503);
    expect_status(talk_post("{" SMALL ",\"provider\":\"pool\"}"), 503);
    expect_status(talk_post("{" OPENAI "}"), 200);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, NULL, "prodia/sdv1_4", "status:429"),
                     APIPIE_OK);
    expect_status(talk_post("{\"model\":\"sdv1_4\",\"prompt\":\"x\"}"), 429);
    expect_status(talk_post("{" SMALL "}"), 503);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "prodia", "sdv1_4", "status:504"),
                     APIPIE_OK);
    expect_status(talk_post("{\"model\":\"sdv1_4\",\"prompt\":\"x\"}"), 504);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "", "", "status:408"), APIPIE_OK);
    expect_status(talk_post("{" OPENAI "}"), 408);
    expect_status(talk_post("{" SMALL "}"), 503);
    expect_status(talk_post_fault("{" SMALL "}", "status:500"), 500);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
}

static void takes_a_route_s_fault_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        apipie_sandbox_set_route_fault(talk_box, "prodia", NULL, "status:503");
        apipie_sandbox_set_route_fault(talk_box, NULL, NULL, "status:408");
        apipie_sandbox_set_fault(talk_box, "status:500", 1);
        expect_status(talk_post("{" SMALL "}"), 503);
        apipie_sandbox_set_route_fault(talk_box, "PRODIA", "", "quota");
        expect_status(talk_post("{" SMALL "}"), 402);
        assert_int_equal(
            apipie_sandbox_set_route_fault(talk_box, "prodia", NULL, i == 0 ? NULL : ""),
            APIPIE_OK);
        assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "bedrock", NULL, NULL),
                         APIPIE_OK);
        expect_status(talk_post("{" SMALL "}"), 408);
        apipie_sandbox_set_route_fault(talk_box, NULL, NULL, NULL);
        expect_status(talk_post("{" SMALL "}"), 500); /* the server's own waited */
        expect_status(talk_post("{" SMALL "}"), 200);
    }
}

static void refuses_routes_that_are_none(void **state)
{
    static const char *const bad[][3] = {{"prodia", NULL, "boom"},      {"nosuch", NULL, "cut"},
                                         {"pool", NULL, "cut"},         {NULL, "nosuch", "cut"},
                                         {"together", "sdv1_4", "cut"}, {"openai", "sdv1_4", "cut"},
                                         {"nosuch", NULL, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(apipie_sandbox_set_route_fault(talk_box, bad[i][0], bad[i][1], bad[i][2]),
                         APIPIE_E_ARGUMENT);
    expect_status(talk_post("{" SMALL "}"), 200);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "openai", "dall-e-3", "cut"),
                     APIPIE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_what_was_billed),
        TEST(pages_the_history),
        TEST(refuses_bad_pages),
        TEST(guards_the_history),
        TEST(answers_head_without_a_body),
        TEST(lists_a_reply_that_was_lost),
        TEST(lists_a_call_whose_answer_is_still_held_back),
        TEST(lists_a_late_row_later),
        TEST(lets_through_as_many_as_the_rate),
        TEST(lets_through_again_after_the_wait),
        TEST(says_the_limits_it_is_told),
        TEST(says_whether_to_retry),
        TEST(makes_one_picture_a_call),
        TEST(makes_at_most_n_pictures_a_call),
        TEST(refuses_an_expired_key),
        TEST(is_set_while_it_serves),
        TEST(fails_on_one_route),
        TEST(takes_a_route_s_fault_back),
        TEST(refuses_routes_that_are_none),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-money", tests, NULL, NULL);
}
