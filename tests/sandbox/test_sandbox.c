/* SPDX-License-Identifier: MIT */
/* The sandbox as a program sees it over HTTP: its life, pictures, keys, routes and models. */
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

/* ---- life */

static void starts_once_on_a_free_port(void **state)
{
    apipie_sandbox *other = apipie_sandbox_new();
    long port = strtol(strrchr(talk_base, ':') + 1, NULL, 10);

    (void)state;
    assert_memory_equal(talk_base, "http://127.0.0.1:", 17);
    assert_int_equal(apipie_sandbox_start(talk_box), APIPIE_E_STATE);
    assert_int_equal(apipie_sandbox_set_port(talk_box, 1), APIPIE_E_STATE);
    assert_string_equal(apipie_sandbox_key(talk_box), APIPIE_SANDBOX_KEY);
    assert_null(apipie_sandbox_url(other));
    assert_int_equal(apipie_sandbox_set_port(other, 65536), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_port(other, (int32_t)port), APIPIE_OK);
    assert_int_equal(apipie_sandbox_start(other), APIPIE_E_CONFIG);
    assert_int_equal(apipie_sandbox_set_port(other, 0), APIPIE_OK);
    assert_int_equal(apipie_sandbox_start(other), APIPIE_OK);
    assert_ptr_equal(apipie_sandbox_ref(other), other);
    assert_null(apipie_sandbox_unref(other));
    assert_non_null(apipie_sandbox_url(other));
    assert_null(apipie_sandbox_unref(other));
}

static void takes_null(void **state)
{
    (void)state;
    assert_null(apipie_sandbox_ref(NULL));
    assert_null(apipie_sandbox_unref(NULL));
    assert_null(apipie_sandbox_url(NULL));
    assert_null(apipie_sandbox_key(NULL));
    assert_int_equal(apipie_sandbox_start(NULL), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_port(NULL, 0), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_key(NULL, "k"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_fault(NULL, "cut", 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_route_fault(NULL, NULL, NULL, "cut"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_rate(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_n_max(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_request_count(NULL), 0);
    assert_int_equal(apipie_sandbox_billed_count(NULL), 0);
    assert_int_equal(apipie_sandbox_billed_cost(NULL), 0);
}

static void stops_while_a_call_stalls(void **state)
{
    pthread_t thread;
    struct talk t;
    int64_t start;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, talk_stalled_call, &t), 0);
    while (apipie_sandbox_billed_count(talk_box) == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    start = talk_now_ms();
    talk_box = apipie_sandbox_unref(talk_box);
    assert_true(talk_now_ms() - start < 5000);
    pthread_join(thread, NULL);
    assert_int_not_equal(t.code, CURLE_OK);
    talk_end(&t);
}

/* ---- pictures */

static void answers_the_documented_example(void **state)
{
    struct talk picture;
    struct talk t =
        talk_post("{\"provider\":\"prodia\",\"model\":\"sd_xl_base_1.0\",\"prompt\":\"A serene "
                  "landscape with mountains reflected in a calm lake at sunset\",\"n\":1,"
                  "\"size\":\"1024x1024\"}");

    (void)state;
    assert_int_equal(t.status, 200);
    assert_non_null(strstr(t.head, "x-request-id: "));
    assert_non_null(strstr(t.head, "Content-Type: application/json"));
    assert_non_null(strstr(t.body, "\"usage\":{\"prompt_tokens\":15,\"total_tokens\":15,"
                                   "\"cost\":0.008000,\"latency_ms\":5200}"));
    assert_true(llabs(json_integer_value(talk_at(&t, "created")) - (long long)time(NULL)) < 10);
    assert_int_equal(json_array_size(talk_at(&t, "data")), 1);
    assert_true(json_is_null(talk_at(&t, "data.0.b64_json")));
    picture = talk_fetch(&t, "data.0.url");
    assert_int_equal(picture.status, 200);
    assert_non_null(strstr(picture.head, "Content-Type: image/png"));
    assert_true(talk_is_png(picture.body, picture.n, 1024, 1024));
    assert_true(picture.n < 3 * 1024 * 1024);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 1);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), 8000000000);
    talk_end(&picture);
    talk_end(&t);
}

static void answers_in_base64(void **state)
{
    struct talk t = talk_post("{" SMALL ",\"response_format\":\"b64_json\",\"n\":3}");
    size_t n;

    (void)state;
    assert_int_equal(json_array_size(talk_at(&t, "data")), 3);
    assert_true(json_is_null(talk_at(&t, "data.2.url")));
    unsigned char *png = talk_decode(talk_text(&t, "data.2.b64_json"), &n);
    assert_true(talk_is_png(png, n, 64, 64));
    assert_string_not_equal(talk_text(&t, "data.0.b64_json"), talk_text(&t, "data.1.b64_json"));
    assert_non_null(strstr(t.body, "\"cost\":0.012000"));
    free(png);
    talk_end(&t);
}

/* The base64 of a picture; to be freed. */
static char *drawn(const char *fields)
{
    char body[512];
    struct talk t;
    char *text;

    snprintf(body, sizeof(body), "{\"response_format\":\"b64_json\",\"size\":\"96x64\",%s}",
             fields);
    t = talk_post(body);
    assert_int_equal(t.status, 200);
    text = strdup(talk_text(&t, "data.0.b64_json"));
    talk_end(&t);
    return text;
}

static void draws_the_same_for_the_same_words(void **state)
{
    char *a = drawn("\"prompt\":\"dawn\",\"model\":\"lofi_v4\",\"seed\":18446744073709551615");
    char *same =
        drawn("\"prompt\":\"dawn\",\"model\":\"prodia/lofi_v4\",\"seed\":18446744073709551615");
    char *others[] = {
        drawn("\"prompt\":\"dawn\",\"model\":\"lofi_v4\",\"seed\":18446744073709551614"),
        drawn("\"prompt\":\"dawn\",\"model\":\"lofi_v4\""),
        drawn("\"prompt\":\"Dawn\",\"model\":\"lofi_v4\",\"seed\":18446744073709551615"),
        drawn("\"prompt\":\"dawn\",\"model\":\"sdv1_4\",\"seed\":18446744073709551615"),
    };

    (void)state;
    assert_true(strlen(a) > 1000);
    assert_string_equal(a, same);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_string_not_equal(a, others[i]);
        free(others[i]);
    }
    free(a);
    free(same);
}

static void draws_any_size(void **state)
{
    static const unsigned sizes[][2] = {{1, 1},      {1, 2048}, {2048, 1},
                                        {256, 1792}, {333, 7},  {2048, 2048}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char body[128];
        struct talk t, picture;

        snprintf(body, sizeof(body),
                 "{\"model\":\"sdv1_4\",\"prompt\":\"night\",\"size\":\"%ux%u\"}", sizes[i][0],
                 sizes[i][1]);
        t = talk_post(body);
        picture = talk_fetch(&t, "data.0.url");
        assert_true(talk_is_png(picture.body, picture.n, sizes[i][0], sizes[i][1]));
        talk_end(&picture);
        talk_end(&t);
    }
}

static void draws_an_aspect_ratio(void **state)
{
    struct talk t = talk_post("{\"model\":\"sdv1_4\",\"prompt\":\"x\",\"aspect_ratio\":\"16:9\"}");
    struct talk picture = talk_fetch(&t, "data.0.url");

    (void)state;
    assert_true(talk_is_png(picture.body, picture.n, 1408, 768));
    talk_end(&picture);
    talk_end(&t);
}

static void takes_openai_models(void **state)
{
    struct talk t = talk_post(
        "{\"model\":\"gpt-image-1\",\"prompt\":\"x\",\"size\":\"auto\",\"quality\":\"low\","
        "\"response_format\":null}");
    size_t n;
    unsigned char *png = talk_decode(talk_text(&t, "data.0.b64_json"), &n);

    (void)state;
    assert_true(talk_is_png(png, n, 1024, 1024));
    free(png);
    talk_end(&t);
    t = talk_post("{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"size\":\"64x64\"}");
    assert_string_equal(talk_text(&t, "data.0.revised_prompt"), "x");
    talk_end(&t);
}

static void draws_with_every_model(void **state)
{
    struct talk list = talk(talk_base, "/models", NULL, NULL, NULL);
    size_t count = json_array_size(talk_at(&list, "data"));

    (void)state;
    assert_int_equal(count, 82);
    for (size_t i = 0; i < count; i++) {
        const json_t *m = json_array_get(talk_at(&list, "data"), i);
        char body[256];
        struct talk t, picture;

        snprintf(body, sizeof(body),
                 "{\"provider\":\"%s\",\"model\":\"%s\",\"prompt\":\"x\",\"size\":\"64x64\"}",
                 json_string_value(json_object_get(m, "provider")),
                 json_string_value(json_object_get(m, "model")));
        t = talk_post(body);
        picture = talk_fetch(&t, "data.0.url");
        assert_true(talk_is_png(picture.body, picture.n, 64, 64));
        talk_end(&picture);
        talk_end(&t);
    }
    talk_end(&list);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 82);
}

static void keeps_the_last_512_pictures(void **state)
{
    struct talk first = talk_post("{" SMALL "}");

    (void)state;
    for (int i = 0; i < 512; i++) {
        struct talk picture = talk_fetch(&first, "data.0.url"), t = talk_post("{" SMALL "}");

        assert_int_equal(picture.status, 200);
        talk_end(&picture);
        talk_end(&t);
    }
    struct talk gone = talk_fetch(&first, "data.0.url");
    talk_expect_error(&gone, 404, "not_found");
    talk_end(&first);
}

static void refuses_a_key_at_a_link(void **state)
{
    struct talk t = talk_post("{" SMALL "}");
    struct talk picture = talk(talk_text(&t, "data.0.url"), "", NULL, TALK_KEY, NULL);

    (void)state;
    assert_int_equal(picture.status, 400);
    assert_non_null(strstr(picture.body, "<Error>"));
    talk_end(&picture);
    talk_end(&t);
}

/* ---- keys, routes, models */

static void checks_the_key(void **state)
{
    static const char *const good[] = {TALK_KEY, "authorization: bearer sk-pie-sandbox",
                                       "Authorization: sk-pie-sandbox",
                                       "X-API-Key: sk-pie-sandbox"};
    static const char *const bad[] = {NULL, "Authorization: Bearer sk-pie",
                                      "Authorization: Basic abc", "x-api-key: sk-pie-sandbox2"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct talk t = talk(talk_base, GENERATE, "{" SMALL "}", good[i], NULL);

        assert_int_equal(t.status, 200);
        talk_end(&t);
        t = talk(talk_base, GENERATE, "{" SMALL "}", bad[i], NULL);
        talk_expect_error(&t, 401, "invalid_api_key");
    }
    assert_int_equal(apipie_sandbox_request_count(talk_box), 8);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 4);
}

static void takes_another_key(void **state)
{
    apipie_sandbox *other = apipie_sandbox_new();
    struct talk t;

    (void)state;
    assert_int_equal(apipie_sandbox_set_key(other, ""), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_key(other, "a b"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_key(other, "a\r\nb"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_key(other, "mine"), APIPIE_OK);
    assert_int_equal(apipie_sandbox_start(other), APIPIE_OK);
    t = talk(apipie_sandbox_url(other), GENERATE, "{" SMALL "}", "x-api-key: mine", NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    t = talk(apipie_sandbox_url(other), GENERATE, "{" SMALL "}", TALK_KEY, NULL);
    talk_expect_error(&t, 401, "invalid_api_key");
    apipie_sandbox_unref(other);
}

static void knows_its_routes(void **state)
{
    struct talk t = talk(talk_base, "/images/edits", "{}", TALK_KEY, NULL);

    (void)state;
    talk_expect_error(&t, 404, "not_found");
    t = talk(talk_root, "/", NULL, NULL, NULL);
    talk_expect_error(&t, 404, "not_found");
    t = talk(talk_base, GENERATE, NULL, TALK_KEY, NULL);
    assert_non_null(strstr(t.head, "Allow: POST"));
    talk_expect_error(&t, 405, "method_not_allowed");
    t = talk(talk_base, "/models", "{}", TALK_KEY, NULL);
    assert_non_null(strstr(t.head, "Allow: GET"));
    talk_expect_error(&t, 405, "method_not_allowed");
    t = talk(talk_root, "/temp/../../etc/passwd", NULL, NULL, NULL);
    talk_expect_error(&t, 404, "not_found");
}

static size_t models_of(const char *query)
{
    char path[128];
    struct talk t;
    size_t n;

    snprintf(path, sizeof(path), "/models?%s", query);
    t = talk(talk_base, path, NULL, TALK_KEY, NULL);
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "object"), "list");
    n = json_array_size(talk_at(&t, "data"));
    talk_end(&t);
    return n;
}

static void filters_models(void **state)
{
    (void)state;
    assert_int_equal(models_of("type=image"), 82);
    assert_int_equal(models_of("type=llm"), 0);
    assert_int_equal(models_of("provider=prodia"), 75);
    assert_int_equal(models_of("provider=Bedrock&type=image"), 3);
    assert_int_equal(models_of("model=stable-diffusion-2-1"), 1);
    assert_int_equal(models_of("provider=prodia&model=stable-diffusion-2-1"), 0);
    assert_int_equal(models_of("enabled=0"), 0);
    assert_int_equal(models_of("voices"), 2);
    assert_int_equal(models_of("voices&provider=openai"), 1);
    assert_int_equal(models_of("restrictions"), 2);
    struct talk t = talk(talk_base, "/models", NULL, "Authorization: Bearer wrong", NULL);
    talk_expect_error(&t, 401, "invalid_api_key");
}

static void lists_models_in_the_wire_s_types(void **state)
{
    struct talk t = talk(talk_base, "/models?model=sd_xl_base_1.0", NULL, NULL, NULL);
    json_t *prices = json_loads(talk_text(&t, "data.0.img_json"), 0, NULL);

    (void)state;
    assert_string_equal(talk_text(&t, "data.0.provider"), "prodia");
    assert_string_equal(talk_text(&t, "data.0.description"), "SDXL base");
    assert_string_equal(talk_text(&t, "data.0.avg_cost"), "0.0080000000");
    assert_int_equal(json_integer_value(talk_at(&t, "data.0.enabled")), 1);
    assert_true(json_is_null(talk_at(&t, "data.0.max_tokens")));
    assert_non_null(strchr(talk_text(&t, "data.0.query_count"), ','));
    assert_non_null(strchr(talk_text(&t, "data.0.latency"), '/'));
    assert_true(json_number_value(
                    json_object_get(json_object_get(prices, "standard"), "1024x1024")) == 0.008);
    json_decref(prices);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(starts_once_on_a_free_port),
        TEST(takes_null),
        TEST(stops_while_a_call_stalls),
        TEST(answers_the_documented_example),
        TEST(answers_in_base64),
        TEST(draws_the_same_for_the_same_words),
        TEST(draws_any_size),
        TEST(draws_an_aspect_ratio),
        TEST(takes_openai_models),
        TEST(draws_with_every_model),
        TEST(keeps_the_last_512_pictures),
        TEST(refuses_a_key_at_a_link),
        TEST(checks_the_key),
        TEST(takes_another_key),
        TEST(knows_its_routes),
        TEST(filters_models),
        TEST(lists_models_in_the_wire_s_types),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
