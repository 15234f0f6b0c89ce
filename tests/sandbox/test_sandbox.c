/* SPDX-License-Identifier: MIT */
/* The sandbox as a program sees it: over HTTP, by plain libcurl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include <apipie/sandbox.h>

#include "talk.h"

#define GENERATE "/images/generations"
#define SMALL    "\"model\":\"sd_xl_base_1.0\",\"prompt\":\"a lake\",\"size\":\"64x64\""

static apipie_sandbox *box;
static char base[64], root[64];

static int setup(void **state)
{
    (void)state;
    box = apipie_sandbox_new();
    if (apipie_sandbox_start(box) != APIPIE_OK)
        return -1;
    snprintf(base, sizeof(base), "%s", apipie_sandbox_url(box));
    snprintf(root, sizeof(root), "%.*s", (int)(strlen(base) - 3), base);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    box = apipie_sandbox_unref(box);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct talk post(const char *body)
{
    return talk(base, GENERATE, body, TALK_KEY, NULL);
}

static struct talk post_fault(const char *body, const char *fault)
{
    char header[128];

    snprintf(header, sizeof(header), "X-Sandbox-Fault: %s", fault);
    return talk(base, GENERATE, body, TALK_KEY, header);
}

static struct talk fetch(const struct talk *reply, const char *path)
{
    return talk(talk_text(reply, path), "", NULL, NULL, NULL);
}

static void expect_error(struct talk *t, long status, const char *code)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error.code"), code);
    assert_true(strlen(talk_text(t, "error.message")) > 10);
    talk_end(t);
}

/* ---- life */

static void starts_once_on_a_free_port(void **state)
{
    apipie_sandbox *other = apipie_sandbox_new();
    long port = strtol(strrchr(base, ':') + 1, NULL, 10);

    (void)state;
    assert_memory_equal(base, "http://127.0.0.1:", 17);
    assert_int_equal(apipie_sandbox_start(box), APIPIE_E_STATE);
    assert_int_equal(apipie_sandbox_set_port(box, 1), APIPIE_E_STATE);
    assert_int_equal(apipie_sandbox_set_key(box, "k"), APIPIE_E_STATE);
    assert_string_equal(apipie_sandbox_key(box), APIPIE_SANDBOX_KEY);
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
    assert_int_equal(apipie_sandbox_request_count(NULL), 0);
    assert_int_equal(apipie_sandbox_billed_count(NULL), 0);
    assert_int_equal(apipie_sandbox_billed_cost(NULL), 0);
}

static void *stalled_call(void *user)
{
    struct talk *t = user;

    *t = post("{" SMALL ",\"sandbox\":{\"fault\":\"stall:60000\"}}");
    return NULL;
}

static void stops_while_a_call_stalls(void **state)
{
    pthread_t thread;
    struct talk t;
    int64_t start;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, stalled_call, &t), 0);
    while (apipie_sandbox_billed_count(box) == 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    start = now_ms();
    box = apipie_sandbox_unref(box);
    assert_true(now_ms() - start < 5000);
    pthread_join(thread, NULL);
    assert_int_not_equal(t.code, CURLE_OK);
    talk_end(&t);
}

/* ---- pictures */

static void answers_the_documented_example(void **state)
{
    struct talk picture;
    struct talk t =
        post("{\"provider\":\"prodia\",\"model\":\"sd_xl_base_1.0\",\"prompt\":\"A serene "
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
    picture = fetch(&t, "data.0.url");
    assert_int_equal(picture.status, 200);
    assert_non_null(strstr(picture.head, "Content-Type: image/png"));
    assert_true(talk_is_png(picture.body, picture.n, 1024, 1024));
    assert_true(picture.n < 3 * 1024 * 1024);
    assert_int_equal(apipie_sandbox_request_count(box), 1);
    assert_int_equal(apipie_sandbox_billed_count(box), 1);
    assert_int_equal(apipie_sandbox_billed_cost(box), 8000000000);
    talk_end(&picture);
    talk_end(&t);
}

static void answers_in_base64(void **state)
{
    struct talk t = post("{" SMALL ",\"response_format\":\"b64_json\",\"n\":3}");
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
    t = post(body);
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
        t = post(body);
        picture = fetch(&t, "data.0.url");
        assert_true(talk_is_png(picture.body, picture.n, sizes[i][0], sizes[i][1]));
        talk_end(&picture);
        talk_end(&t);
    }
}

static void draws_an_aspect_ratio(void **state)
{
    struct talk t = post("{\"model\":\"sdv1_4\",\"prompt\":\"x\",\"aspect_ratio\":\"16:9\"}");
    struct talk picture = fetch(&t, "data.0.url");

    (void)state;
    assert_true(talk_is_png(picture.body, picture.n, 1408, 768));
    talk_end(&picture);
    talk_end(&t);
}

static void takes_openai_models(void **state)
{
    struct talk t =
        post("{\"model\":\"gpt-image-1\",\"prompt\":\"x\",\"size\":\"auto\",\"quality\":\"low\","
             "\"response_format\":null}");
    size_t n;
    unsigned char *png = talk_decode(talk_text(&t, "data.0.b64_json"), &n);

    (void)state;
    assert_true(talk_is_png(png, n, 1024, 1024));
    free(png);
    talk_end(&t);
    t = post("{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"size\":\"64x64\"}");
    assert_string_equal(talk_text(&t, "data.0.revised_prompt"), "x");
    talk_end(&t);
}

static void draws_with_every_model(void **state)
{
    struct talk list = talk(base, "/models", NULL, NULL, NULL);
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
        t = post(body);
        picture = fetch(&t, "data.0.url");
        assert_true(talk_is_png(picture.body, picture.n, 64, 64));
        talk_end(&picture);
        talk_end(&t);
    }
    talk_end(&list);
    assert_int_equal(apipie_sandbox_billed_count(box), 82);
}

static void keeps_the_last_64_pictures(void **state)
{
    struct talk first = post("{" SMALL "}");

    (void)state;
    for (int i = 0; i < 64; i++) {
        struct talk picture = fetch(&first, "data.0.url"), t = post("{" SMALL "}");

        assert_int_equal(picture.status, 200);
        talk_end(&picture);
        talk_end(&t);
    }
    struct talk gone = fetch(&first, "data.0.url");
    expect_error(&gone, 404, "not_found");
    talk_end(&first);
}

static void refuses_a_key_at_a_link(void **state)
{
    struct talk t = post("{" SMALL "}");
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
        struct talk t = talk(base, GENERATE, "{" SMALL "}", good[i], NULL);

        assert_int_equal(t.status, 200);
        talk_end(&t);
        t = talk(base, GENERATE, "{" SMALL "}", bad[i], NULL);
        expect_error(&t, 401, "invalid_api_key");
    }
    assert_int_equal(apipie_sandbox_request_count(box), 8);
    assert_int_equal(apipie_sandbox_billed_count(box), 4);
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
    expect_error(&t, 401, "invalid_api_key");
    apipie_sandbox_unref(other);
}

static void knows_its_routes(void **state)
{
    struct talk t = talk(base, "/images/edits", "{}", TALK_KEY, NULL);

    (void)state;
    expect_error(&t, 404, "not_found");
    t = talk(root, "/", NULL, NULL, NULL);
    expect_error(&t, 404, "not_found");
    t = talk(base, GENERATE, NULL, TALK_KEY, NULL);
    assert_non_null(strstr(t.head, "Allow: POST"));
    expect_error(&t, 405, "method_not_allowed");
    t = talk(base, "/models", "{}", TALK_KEY, NULL);
    assert_non_null(strstr(t.head, "Allow: GET"));
    expect_error(&t, 405, "method_not_allowed");
    t = talk(root, "/temp/../../etc/passwd", NULL, NULL, NULL);
    expect_error(&t, 404, "not_found");
}

static size_t models_of(const char *query)
{
    char path[128];
    struct talk t;
    size_t n;

    snprintf(path, sizeof(path), "/models?%s", query);
    t = talk(base, path, NULL, TALK_KEY, NULL);
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
    assert_int_equal(models_of("voices"), 0);
    struct talk t = talk(base, "/models", NULL, "Authorization: Bearer wrong", NULL);
    expect_error(&t, 401, "invalid_api_key");
}

static void lists_models_in_the_wire_s_types(void **state)
{
    struct talk t = talk(base, "/models?model=sd_xl_base_1.0", NULL, NULL, NULL);
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
        struct talk t = post(cases[i].body);

        assert_string_equal(talk_text(&t, "error.param"), cases[i].param);
        expect_error(&t, cases[i].status, cases[i].code);
    }
    assert_int_equal(apipie_sandbox_billed_count(box), 0);
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
        struct talk t = post(bodies[i]);

        assert_int_equal(t.status, 200);
        talk_end(&t);
    }
}

static void takes_a_large_input_image(void **state)
{
    struct talk t = talk_long(base, GENERATE, "{\"image\":\"data:image\\/png;base64,", 100u << 20,
                              "\"," SMALL "}");

    (void)state;
    assert_int_equal(t.status, 200);
    talk_end(&t);
    t = talk_long(base, GENERATE, "{\"image\":\"data:image/png;base64,", 400u << 20,
                  "\"," SMALL "}");
    expect_error(&t, 413, "request_too_large");
    t = talk_long(base, GENERATE, "{\"model\":\"sdv1_4\",\"prompt\":\"", 9u << 20, "\"}");
    assert_string_equal(talk_text(&t, "error.param"), "prompt");
    expect_error(&t, 400, "invalid_parameter");
}

/* ---- at once */

static void *parallel_call(void *user)
{
    struct talk *t = user;

    *t = post("{\"model\":\"sdv1_4\",\"prompt\":\"x\",\"size\":\"256x256\"}");
    return NULL;
}

static void serves_several_at_once(void **state)
{
    pthread_t threads[6], stalled;
    struct talk calls[6], slow;
    int64_t start = now_ms();

    (void)state;
    pthread_create(&stalled, NULL, stalled_call, &slow);
    for (size_t i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, parallel_call, &calls[i]);
    for (size_t i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(calls[i].status, 200);
        talk_end(&calls[i]);
    }
    assert_true(now_ms() - start < 30000);
    while (apipie_sandbox_billed_count(box) < 7)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    box = apipie_sandbox_unref(box);
    pthread_join(stalled, NULL);
    talk_end(&slow);
}

/* ---- faults */

static void fails_with_a_status(void **state)
{
    struct talk t = post_fault("{" SMALL "}", "status:503;retry-after:1.5");

    (void)state;
    assert_non_null(strstr(t.head, "Retry-After: 1.5\r\n"));
    expect_error(&t, 503, "service_unavailable");
    t = post_fault("{" SMALL "}", "status:429; retry-after:Wed, 21 Oct 2026 07:28:00 GMT");
    assert_non_null(strstr(t.head, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"));
    expect_error(&t, 429, "rate_limit_exceeded");
    t = post_fault("{" SMALL "}", "content");
    expect_error(&t, 400, "content_policy_violation");
    t = post_fault("{" SMALL "}", "error200");
    expect_error(&t, 200, "server_error");
    t = post_fault("{" SMALL "}", "quota");
    assert_int_equal(t.status, 402);
    assert_string_equal(talk_text(&t, "code"), "ACCOUNT_ERROR");
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(box), 0);
}

static void fails_with_a_page(void **state)
{
    struct talk t = post_fault("{" SMALL "}", "html");

    (void)state;
    assert_int_equal(t.status, 502);
    assert_non_null(strstr(t.head, "Content-Type: text/html"));
    assert_non_null(strstr(t.body, "<title>"));
    talk_end(&t);
    t = post_fault("{" SMALL "}", "html200");
    assert_int_equal(t.status, 200);
    assert_memory_equal(t.body, "<!DOCTYPE html>", 15);
    talk_end(&t);
}

static void breaks_connections(void **state)
{
    struct talk t = post_fault("{" SMALL "}", "cut");

    (void)state;
    assert_int_equal(t.code, CURLE_GOT_NOTHING);
    assert_int_equal(apipie_sandbox_billed_count(box), 1);
    talk_end(&t);
    t = post_fault("{" SMALL ",\"response_format\":\"b64_json\"}", "truncate");
    assert_int_equal(t.code, CURLE_PARTIAL_FILE);
    assert_int_equal(t.status, 200);
    assert_true(t.n > 1000);
    assert_null(t.json);
    talk_end(&t);
}

static void stalls(void **state)
{
    int64_t start = now_ms();
    struct talk t = post_fault("{" SMALL "}", "stall:300");

    (void)state;
    assert_true(now_ms() - start >= 300);
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

static void spoils_replies(void **state)
{
    struct talk t = post_fault("{" SMALL "}", "badjson"), picture;

    (void)state;
    assert_int_equal(t.status, 200);
    assert_null(t.json);
    talk_end(&t);
    t = post_fault("{" SMALL ",\"n\":2}", "noimage");
    assert_int_equal(json_array_size(talk_at(&t, "data")), 0);
    assert_non_null(strstr(t.body, "\"cost\":0.008000"));
    talk_end(&t);
    t = post_fault("{" SMALL ",\"n\":3}", "fewer;nousage");
    assert_int_equal(json_array_size(talk_at(&t, "data")), 2);
    assert_null(talk_at(&t, "usage"));
    talk_end(&t);
    t = post_fault("{" SMALL "}", "coststring");
    assert_string_equal(talk_text(&t, "usage.cost"), "0.004000");
    talk_end(&t);
    t = post_fault("{" SMALL "}", "wrongmime");
    assert_non_null(strstr(t.head, "Content-Type: text/html"));
    picture = fetch(&t, "data.0.url");
    assert_non_null(strstr(picture.head, "Content-Type: image/jpeg"));
    assert_true(talk_is_png(picture.body, picture.n, 64, 64));
    talk_end(&picture);
    talk_end(&t);
}

static void hides_pictures(void **state)
{
    struct talk t = post_fault("{" SMALL "}", "relurl"), picture;
    size_t n;

    (void)state;
    assert_memory_equal(talk_text(&t, "data.0.url"), "/temp/", 6);
    picture = talk(root, talk_text(&t, "data.0.url"), NULL, NULL, NULL);
    assert_true(talk_is_png(picture.body, picture.n, 64, 64));
    talk_end(&picture);
    talk_end(&t);
    t = post_fault("{" SMALL "}", "dataurl");
    assert_memory_equal(talk_text(&t, "data.0.url"), "data:image/png;base64,", 22);
    unsigned char *png = talk_decode(talk_text(&t, "data.0.url") + 22, &n);
    assert_true(talk_is_png(png, n, 64, 64));
    free(png);
    talk_end(&t);
    t = post_fault("{" SMALL "}", "urlin64");
    picture = fetch(&t, "data.0.b64_json");
    assert_true(talk_is_png(picture.body, picture.n, 64, 64));
    talk_end(&picture);
    talk_end(&t);
    t = post_fault("{" SMALL "}", "url404");
    for (int i = 0; i < 3; i++) {
        picture = fetch(&t, "data.0.url");
        assert_int_equal(picture.status, i < 2 ? 404 : 200);
        talk_end(&picture);
    }
    talk_end(&t);
}

static void lists_the_words_for_an_unknown_one(void **state)
{
    static const char *const bad[] = {"boom",         "cut:1",        "status",
                                      "status:200",   "status:x",     "stall:-1",
                                      "stall:600001", "retry-after:", "cut;boom"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct talk t = post_fault("{" SMALL "}", bad[i]);

        assert_non_null(strstr(talk_text(&t, "error.message"), "stall:MS"));
        assert_non_null(strstr(talk_text(&t, "error.message"), "coststring"));
        expect_error(&t, 400, "invalid_parameter");
        assert_int_equal(apipie_sandbox_set_fault(box, bad[i], 1), APIPIE_E_ARGUMENT);
    }
}

static void fails_for_all_as_often_as_told(void **state)
{
    struct talk t;

    (void)state;
    assert_int_equal(apipie_sandbox_set_fault(box, "cut", -2), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_fault(box, "status:500", 2), APIPIE_OK);
    t = post_fault("{" SMALL "}", "quota"); /* its own fault, and the two are still to come */
    assert_int_equal(t.status, 402);
    talk_end(&t);
    for (int i = 0; i < 3; i++) {
        t = post("{" SMALL "}");
        assert_int_equal(t.status, i < 2 ? 500 : 200);
        talk_end(&t);
    }
    assert_int_equal(apipie_sandbox_set_fault(box, "quota", -1), APIPIE_OK);
    for (int i = 0; i < 3; i++) {
        t = post("{" SMALL "}");
        assert_int_equal(t.status, 402);
        talk_end(&t);
    }
    assert_int_equal(apipie_sandbox_set_fault(box, NULL, 0), APIPIE_OK);
    t = post("{" SMALL "}");
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(keeps_the_last_64_pictures),
        TEST(refuses_a_key_at_a_link),
        TEST(checks_the_key),
        TEST(takes_another_key),
        TEST(knows_its_routes),
        TEST(filters_models),
        TEST(lists_models_in_the_wire_s_types),
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
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
