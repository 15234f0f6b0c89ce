/* SPDX-License-Identifier: MIT */
/* What the sandbox refuses, what it takes all the same, and how it fails on demand. */
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

/* ---- bad input */

static void refuses_bad_orders(void **state)
{
    static const struct {
        const char *body;
        long status;
        const char *code, *param;
    } cases[] = {
        {"", 400, "invalid_parameter", ""},
        {"{", 400, "invalid_parameter", ""},
        {"[]", 400, "invalid_parameter", ""},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"n\":01}", 400, "invalid_parameter", ""},
        {"{\"prompt\":\"\xff\",\"model\":\"sdv1_4\"}", 400, "invalid_parameter", ""},
        {"{\"model\":\"sdv1_4\"}", 400, "invalid_parameter", "prompt"},
        {"{\"prompt\":null,\"model\":\"sdv1_4\"}", 400, "invalid_parameter", "prompt"},
        {"{\"prompt\":\" \",\"model\":\"sdv1_4\"}", 400, "invalid_parameter", "prompt"},
        {"{\"prompt\":7,\"model\":\"sdv1_4\"}", 400, "invalid_parameter", "prompt"},
        {"{\"prompt\":\"x\"}", 400, "invalid_parameter", "model"},
        {"{\"prompt\":\"x\",\"model\":\"nosuch\"}", 404, "model_not_found", "model"},
        {"{\"prompt\":\"x\",\"model\":\"together/sdv1_4\"}", 404, "model_not_found", "model"},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"provider\":\"bedrock\"}", 404, "model_not_found",
         "model"},
        {"{" SMALL ",\"n\":0}", 400, "invalid_parameter", "n"},
        {"{" SMALL ",\"n\":11}", 400, "invalid_parameter", "n"},
        {"{" SMALL ",\"n\":1.5}", 400, "invalid_parameter", "n"},
        {"{" SMALL ",\"n\":\"1\"}", 400, "invalid_parameter", "n"},
        {"{" SMALL ",\"quality\":\"best\"}", 400, "invalid_parameter", "quality"},
        {"{" SMALL ",\"style\":3}", 400, "invalid_parameter", "style"},
        {"{" SMALL ",\"response_format\":\"png\"}", 400, "invalid_parameter", "response_format"},
        {"{" SMALL ",\"steps\":0}", 400, "invalid_parameter", "steps"},
        {"{" SMALL ",\"strength\":1.01}", 400, "invalid_parameter", "strength"},
        {"{" SMALL ",\"strength\":\"1\"}", 400, "invalid_parameter", "strength"},
        {"{" SMALL ",\"seed\":18446744073709551616}", 400, "invalid_parameter", "seed"},
        {"{" SMALL ",\"seed\":-2}", 400, "invalid_parameter", "seed"},
        {"{" SMALL ",\"image\":\"\"}", 400, "invalid_parameter", "image"},
        {"{" SMALL ",\"sandbox\":{\"fault\":\"boom\"}}", 400, "invalid_parameter", "sandbox"},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"size\":\"2049x64\"}", 400, "invalid_parameter",
         "size"},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"size\":\"0x64\"}", 400, "invalid_parameter",
         "size"},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"size\":\"64\"}", 400, "invalid_parameter",
         "size"},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"size\":64}", 400, "invalid_parameter", "size"},
        {"{\"prompt\":\"x\",\"model\":\"sdv1_4\",\"size\":\"-64x64\"}", 400, "invalid_parameter",
         "size"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talk t = talk_post(cases[i].body);

        assert_string_equal(talk_text(&t, "error.param"), cases[i].param);
        talk_expect_error(&t, cases[i].status, cases[i].code);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void takes_what_it_need_not_know(void **state)
{
    static const char *const bodies[] = {
        "{" SMALL ",\"unknown\":{\"a\":[1,2,{\"b\":1e999}]},\"seed\":-1}",
        " {" SMALL
        ",\"strength\":1,\"cfg_scale\":7.5,\"steps\":30,\"loras\":\"a,b\",\"seed\":null} ",
        "{" SMALL
        ",\"provider\":\"pool\",\"routing\":\"price\",\"user\":\"u\",\"style\":\"vivid\"}",
        "{\"provider\":\"PRODIA\",\"model\":\"Prodia/sdv1_4\",\"prompt\":\"\\u00e9\\ud83d\\ude00 "
        "\\\"q\\\"\","
        "\"size\":\"64x64\",\"quality\":\"hd\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct talk t = talk_post(bodies[i]);

        assert_int_equal(t.status, 200);
        talk_end(&t);
    }
}

static void takes_a_large_input_image(void **state)
{
    struct talk t = talk_long(talk_base, GENERATE, "{\"image\":\"data:image\\/png;base64,",
                              100u << 20, "\"," SMALL "}");

    (void)state;
    assert_int_equal(t.status, 200);
    talk_end(&t);
    t = talk_long(talk_base, GENERATE, "{\"image\":\"data:image/png;base64,", 400u << 20,
                  "\"," SMALL "}");
    talk_expect_error(&t, 413, "request_too_large");
    t = talk_long(talk_base, GENERATE, "{\"model\":\"sdv1_4\",\"prompt\":\"", 9u << 20, "\"}");
    assert_string_equal(talk_text(&t, "error.param"), "prompt");
    talk_expect_error(&t, 400, "invalid_parameter");
}

/* ---- at once */

static void *parallel_call(void *user)
{
    struct talk *t = user;

    *t = talk_post("{\"model\":\"sdv1_4\",\"prompt\":\"x\",\"size\":\"256x256\"}");
    return NULL;
}

static void serves_several_at_once(void **state)
{
    pthread_t threads[6], stalled;
    struct talk calls[6], slow;
    int64_t start = talk_now_ms();

    (void)state;
    pthread_create(&stalled, NULL, talk_stalled_call, &slow);
    for (size_t i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, parallel_call, &calls[i]);
    for (size_t i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(calls[i].status, 200);
        talk_end(&calls[i]);
    }
    assert_true(talk_now_ms() - start < 30000);
    while (apipie_sandbox_billed_count(talk_box) < 7)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    talk_box = apipie_sandbox_unref(talk_box);
    pthread_join(stalled, NULL);
    talk_end(&slow);
}

/* ---- faults */

static void fails_with_a_status(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "status:503;retry-after:1.5");

    (void)state;
    assert_non_null(strstr(t.head, "Retry-After: 1.5\r\n"));
    talk_expect_error(&t, 503, "service_unavailable");
    t = talk_post_fault("{" SMALL "}", "status:429; retry-after:Wed, 21 Oct 2026 07:28:00 GMT");
    assert_non_null(strstr(t.head, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"));
    talk_expect_error(&t, 429, "rate_limit_exceeded");
    t = talk_post_fault("{" SMALL "}", "content");
    talk_expect_error(&t, 400, "content_policy_violation");
    t = talk_post_fault("{" SMALL "}", "error200");
    talk_expect_error(&t, 200, "server_error");
    t = talk_post_fault("{" SMALL "}", "quota");
    assert_int_equal(t.status, 402);
    assert_string_equal(talk_text(&t, "code"), "ACCOUNT_ERROR");
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void fails_with_a_page(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "html");

    (void)state;
    assert_int_equal(t.status, 502);
    assert_non_null(strstr(t.head, "Content-Type: text/html"));
    assert_non_null(strstr(t.body, "<title>"));
    talk_end(&t);
    t = talk_post_fault("{" SMALL "}", "html200");
    assert_int_equal(t.status, 200);
    assert_memory_equal(t.body, "<!DOCTYPE html>", 15);
    talk_end(&t);
}

static void breaks_connections(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "cut");

    (void)state;
    assert_int_equal(t.code, CURLE_GOT_NOTHING);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    talk_end(&t);
    t = talk_post_fault("{" SMALL ",\"response_format\":\"b64_json\"}", "truncate");
    assert_int_equal(t.code, CURLE_PARTIAL_FILE);
    assert_int_equal(t.status, 200);
    assert_true(t.n > 1000);
    assert_null(t.json);
    talk_end(&t);
}

static void stalls(void **state)
{
    int64_t start = talk_now_ms();
    struct talk t = talk_post_fault("{" SMALL "}", "stall:300");

    (void)state;
    assert_true(talk_now_ms() - start >= 300);
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

static void spoils_replies(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "badjson"), picture;

    (void)state;
    assert_int_equal(t.status, 200);
    assert_null(t.json);
    talk_end(&t);
    t = talk_post_fault("{" SMALL ",\"n\":2}", "noimage");
    assert_int_equal(json_array_size(talk_at(&t, "data")), 0);
    assert_non_null(strstr(t.body, "\"cost\":0.008000"));
    talk_end(&t);
    t = talk_post_fault("{" SMALL ",\"n\":3}", "fewer;nousage");
    assert_int_equal(json_array_size(talk_at(&t, "data")), 2);
    assert_null(talk_at(&t, "usage"));
    talk_end(&t);
    t = talk_post_fault("{" SMALL "}", "coststring");
    assert_string_equal(talk_text(&t, "usage.cost"), "0.004000");
    talk_end(&t);
    t = talk_post_fault("{" SMALL "}", "wrongmime");
    assert_non_null(strstr(t.head, "Content-Type: text/html"));
    picture = talk_fetch(&t, "data.0.url");
    assert_non_null(strstr(picture.head, "Content-Type: image/jpeg"));
    assert_true(talk_is_png(picture.body, picture.n, 64, 64));
    talk_end(&picture);
    talk_end(&t);
}

static void hides_pictures(void **state)
{
    struct talk t = talk_post_fault("{" SMALL "}", "relurl"), picture;
    size_t n;

    (void)state;
    assert_memory_equal(talk_text(&t, "data.0.url"), "/temp/", 6);
    picture = talk(talk_root, talk_text(&t, "data.0.url"), NULL, NULL, NULL);
    assert_true(talk_is_png(picture.body, picture.n, 64, 64));
    talk_end(&picture);
    talk_end(&t);
    t = talk_post_fault("{" SMALL "}", "dataurl");
    assert_memory_equal(talk_text(&t, "data.0.url"), "data:image/png;base64,", 22);
    unsigned char *png = talk_decode(talk_text(&t, "data.0.url") + 22, &n);
    assert_true(talk_is_png(png, n, 64, 64));
    free(png);
    talk_end(&t);
    t = talk_post_fault("{" SMALL "}", "urlin64");
    picture = talk_fetch(&t, "data.0.b64_json");
    assert_true(talk_is_png(picture.body, picture.n, 64, 64));
    talk_end(&picture);
    talk_end(&t);
    t = talk_post_fault("{" SMALL "}", "url404");
    for (int i = 0; i < 3; i++) {
        picture = talk_fetch(&t, "data.0.url");
        assert_int_equal(picture.status, i < 2 ? 404 : 200);
        talk_end(&picture);
    }
    talk_end(&t);
}

static void lists_the_words_for_an_unknown_one(void **state)
{
    static const char *const bad[] = {
        "boom",        "cut:1",          "status",       "status:200",    "status:x",
        "stall:-1",    "stall:600001",   "retry-after:", "cut;boom",      "late",
        "late:600001", "onlyone:1",      "ratelimit:1",  "ratelimit:/1s", "ratelimit:1/",
        "shouldretry", "shouldretry:yes"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct talk t = talk_post_fault("{" SMALL "}", bad[i]);

        assert_non_null(strstr(talk_text(&t, "error.message"), "stall:MS"));
        assert_non_null(strstr(talk_text(&t, "error.message"), "coststring"));
        talk_expect_error(&t, 400, "invalid_parameter");
        assert_int_equal(apipie_sandbox_set_fault(talk_box, bad[i], 1), APIPIE_E_ARGUMENT);
    }
}

static void fails_for_all_as_often_as_told(void **state)
{
    struct talk t;

    (void)state;
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "cut", -2), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "status:500", 2), APIPIE_OK);
    t = talk_post_fault("{" SMALL "}", "quota"); /* its own fault, and the two are still to come */
    assert_int_equal(t.status, 402);
    talk_end(&t);
    for (int i = 0; i < 3; i++) {
        t = talk_post("{" SMALL "}");
        assert_int_equal(t.status, i < 2 ? 500 : 200);
        talk_end(&t);
    }
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "quota", -1), APIPIE_OK);
    for (int i = 0; i < 3; i++) {
        t = talk_post("{" SMALL "}");
        assert_int_equal(t.status, 402);
        talk_end(&t);
    }
    assert_int_equal(apipie_sandbox_set_fault(talk_box, NULL, 0), APIPIE_OK);
    t = talk_post("{" SMALL "}");
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_bad_orders),
        TEST(takes_what_it_need_not_know),
        TEST(takes_a_large_input_image),
        TEST(serves_several_at_once),
        TEST(fails_with_a_status),
        TEST(fails_with_a_page),
        TEST(breaks_connections),
        TEST(stalls),
        TEST(spoils_replies),
        TEST(hides_pictures),
        TEST(lists_the_words_for_an_unknown_one),
        TEST(fails_for_all_as_often_as_told),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-faults", tests, NULL, NULL);
}
