/* SPDX-License-Identifier: MIT */
/* The sandbox as OpenAI's images API: what it takes of which model, and how it says no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define BASE  apipie_sandbox_backend_url(talk_box, "openai")
#define EDITS "/images/edits"
#define VARY  "/images/variations"
#define GPT2  "\"model\":\"gpt-image-2\",\"prompt\":\"a lake\",\"size\":\"64x64\""

static struct talk ask(const char *body)
{
    return talk(BASE, GENERATE, body, TALK_KEY, NULL);
}

/* All four members are there, whatever their value. */
static void expect(struct talk *t, long status, const char *code, const char *param)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error.code"), code);
    assert_string_equal(talk_text(t, "error.param"), param);
    assert_true(strlen(talk_text(t, "error.message")) > 10);
    assert_true(strlen(talk_text(t, "error.type")) > 5);
    assert_non_null(talk_at(t, "error.code"));
    assert_non_null(talk_at(t, "error.param"));
    talk_end(t);
}

static void says_where_it_is(void **state)
{
    apipie_sandbox *other = apipie_sandbox_new();

    (void)state;
    assert_null(apipie_sandbox_backend_url(NULL, "openai"));
    assert_null(apipie_sandbox_backend_url(other, "openai"));
    assert_null(apipie_sandbox_backend_url(talk_box, "OpenAI"));
    assert_null(apipie_sandbox_backend_url(talk_box, NULL));
    assert_string_equal(apipie_sandbox_backend_url(talk_box, "apipie"), talk_base);
    assert_memory_equal(BASE, talk_root, strlen(talk_root));
    assert_string_equal(BASE + strlen(talk_root), "/openai/v1");
    assert_string_equal(apipie_sandbox_backend_url(talk_box, "a1111") + strlen(talk_root),
                        "/a1111");
    assert_string_equal(apipie_sandbox_backend_url(talk_box, "sdcpp") + strlen(talk_root),
                        "/sdcpp");
    assert_int_equal(apipie_sandbox_number(NULL, APIPIE_SANDBOX_INPUTS), APIPIE_UNKNOWN);
    assert_int_equal(apipie_sandbox_number(other, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_sandbox_number(other, 99), APIPIE_UNKNOWN);
    assert_int_equal(apipie_sandbox_number(other, APIPIE_SANDBOX_SEED), APIPIE_UNKNOWN);
    apipie_sandbox_unref(other);
}

static void draws_with_dall_e_2(void **state)
{
    struct talk t = ask("{\"prompt\":\"a lake\",\"size\":\"256x256\",\"n\":2,\"user\":\"me\"}");
    struct talk picture = talk_fetch(&t, "data.1.url");

    (void)state;
    assert_int_equal(t.status, 200);
    assert_int_equal(json_array_size(talk_at(&t, "data")), 2);
    assert_true(talk_is_png(picture.body, picture.n, 256, 256));
    assert_null(talk_at(&t, "usage"));
    assert_null(talk_at(&t, "data.0.b64_json"));
    assert_null(talk_at(&t, "data.0.revised_prompt"));
    assert_null(talk_at(&t, "output_format"));
    assert_true(json_integer_value(talk_at(&t, "created")) > 1700000000);
    talk_end(&picture);
    talk_end(&t);
    t = ask("{\"prompt\":\"a lake\",\"size\":\"256x256\",\"response_format\":\"b64_json\","
            "\"n\":null,\"quality\":\"standard\"}");
    assert_true(talk_holds_png(&t, "data.0.b64_json", 256, 256));
    assert_null(talk_at(&t, "data.0.url"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 2);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), 3 * INT64_C(20000000000));
}

static void draws_with_dall_e_3(void **state)
{
    struct talk t = ask("{\"model\":\"dall-e-3\",\"prompt\":\"a lake\",\"quality\":\"hd\","
                        "\"style\":\"natural\",\"response_format\":\"b64_json\"}");

    (void)state;
    assert_true(talk_holds_png(&t, "data.0.b64_json", 1024, 1024));
    assert_string_equal(talk_text(&t, "data.0.revised_prompt"), "a lake");
    talk_end(&t);
}

static void draws_with_gpt_image(void **state)
{
    struct talk t = ask("{" GPT2 ",\"n\":2,\"quality\":\"low\",\"background\":\"transparent\","
                        "\"output_format\":\"png\",\"output_compression\":100,\"moderation\":"
                        "\"low\",\"user\":\"me\",\"stream\":false,\"partial_images\":null}");

    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "data.0.b64_json", 64, 64));
    assert_true(talk_holds_png(&t, "data.1.b64_json", 64, 64));
    assert_string_not_equal(talk_text(&t, "data.0.b64_json"), talk_text(&t, "data.1.b64_json"));
    assert_null(talk_at(&t, "data.0.url"));
    assert_string_equal(talk_text(&t, "background"), "transparent");
    assert_string_equal(talk_text(&t, "output_format"), "png");
    assert_string_equal(talk_text(&t, "quality"), "low");
    assert_string_equal(talk_text(&t, "size"), "64x64");
    assert_int_equal(json_integer_value(talk_at(&t, "usage.input_tokens_details.text_tokens")), 5);
    assert_int_equal(json_integer_value(talk_at(&t, "usage.input_tokens_details.image_tokens")), 0);
    assert_int_equal(json_integer_value(talk_at(&t, "usage.input_tokens")), 5);
    assert_int_equal(json_integer_value(talk_at(&t, "usage.total_tokens")),
                     5 + json_integer_value(talk_at(&t, "usage.output_tokens")));
    assert_null(talk_at(&t, "usage.cost"));
    talk_end(&t);
}

static void draws_the_same_for_the_same_words(void **state)
{
    struct talk a = ask("{" GPT2 "}"), b = ask("{" GPT2 "}");
    struct talk c = ask("{\"model\":\"gpt-image-2\",\"prompt\":\"a sea\",\"size\":\"64x64\"}");

    (void)state;
    assert_string_equal(talk_text(&a, "data.0.b64_json"), talk_text(&b, "data.0.b64_json"));
    assert_string_not_equal(talk_text(&a, "data.0.b64_json"), talk_text(&c, "data.0.b64_json"));
    talk_end(&a);
    talk_end(&b);
    talk_end(&c);
}

static void says_its_headers(void **state)
{
    struct talk t = ask("{" GPT2 "}");

    (void)state;
    assert_non_null(strstr(t.head, "x-request-id: req_"));
    assert_non_null(strstr(t.head, "openai-processing-ms: "));
    assert_non_null(strstr(t.head, "openai-version: 2020-10-01"));
    assert_non_null(strstr(t.head, "x-ratelimit-limit-requests: 5000"));
    assert_non_null(strstr(t.head, "x-ratelimit-reset-requests: 12ms"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    t = ask("{" GPT2 "}");
    assert_non_null(strstr(t.head, "x-ratelimit-remaining-requests: 0"));
    assert_non_null(strstr(t.head, "x-ratelimit-reset-requests: 1m0s"));
    talk_end(&t);
    t = ask("{" GPT2 "}");
    assert_non_null(strstr(t.head, "retry-after-ms: "));
    assert_string_equal(talk_text(&t, "error.type"), "requests");
    expect(&t, 429, "rate_limit_exceeded", "");
}

static void refuses_what_the_model_does_not_take(void **state)
{
    static const struct {
        const char *body, *code, *param;
        long status;
    } cases[] = {
        {"", "", "", 400},
        {"{", "", "", 400},
        {"[]", "", "", 400},
        {"{}", "missing_required_parameter", "prompt", 400},
        {"{\"prompt\":\"\"}", "empty_string", "prompt", 400},
        {"{\"prompt\":null}", "invalid_type", "prompt", 400},
        {"{\"prompt\":1}", "invalid_type", "prompt", 400},
        {"{\"prompt\":\"x\",\"user\":null}", "invalid_type", "user", 400},
        {"{\"prompt\":\"x\",\"model\":\"nosuch\"}", "model_not_found", "model", 404},
        {"{\"prompt\":\"x\",\"model\":7}", "invalid_type", "model", 400},
        {"{\"prompt\":\"x\",\"seed\":7}", "unknown_parameter", "seed", 400},
        {"{\"prompt\":\"x\",\"negative_prompt\":\"y\"}", "unknown_parameter", "negative_prompt",
         400},
        {"{\"prompt\":\"x\",\"provider\":\"openai\"}", "unknown_parameter", "provider", 400},
        {"{\"prompt\":\"x\",\"sandbox\":{\"fault\":\"cut\"}}", "unknown_parameter", "sandbox", 400},
        {"{" GPT2 ",\"response_format\":\"b64_json\"}", "unknown_parameter", "response_format",
         400},
        {"{" GPT2 ",\"style\":\"vivid\"}", "unknown_parameter", "style", 400},
        {"{" GPT2 ",\"quality\":\"hd\"}", "invalid_value", "quality", 400},
        {"{" GPT2 ",\"n\":0}", "integer_below_min_value", "n", 400},
        {"{" GPT2 ",\"n\":-1}", "integer_below_min_value", "n", 400},
        {"{" GPT2 ",\"n\":11}", "integer_above_max_value", "n", 400},
        {"{" GPT2 ",\"n\":\"1\"}", "invalid_type", "n", 400},
        {"{" GPT2 ",\"n\":1.5}", "invalid_type", "n", 400},
        {"{" GPT2 ",\"background\":\"blue\"}", "invalid_value", "background", 400},
        {"{" GPT2 ",\"output_format\":\"gif\"}", "invalid_value", "output_format", 400},
        {"{" GPT2 ",\"output_format\":\"webp\"}", "invalid_value", "output_format", 400},
        {"{" GPT2 ",\"output_compression\":101}", "integer_above_max_value", "output_compression",
         400},
        {"{" GPT2 ",\"output_compression\":50}", "invalid_value", "output_compression", 400},
        {"{" GPT2 ",\"partial_images\":4}", "integer_above_max_value", "partial_images", 400},
        {"{" GPT2 ",\"stream\":\"true\"}", "invalid_type", "stream", 400},
        {"{" GPT2 ",\"moderation\":\"high\"}", "invalid_value", "moderation", 400},
        {"{" GPT2 ",\"input_fidelity\":\"high\"}", "unknown_parameter", "input_fidelity", 400},
        {"{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"65x64\"}", "invalid_value", "size",
         400},
        {"{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"64x256\"}", "invalid_value",
         "size", 400},
        {"{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"4000x2000\"}", "invalid_value",
         "size", 400},
        {"{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"\"}", "invalid_value", "size",
         400},
        {"{\"model\":\"gpt-image-1\",\"prompt\":\"x\",\"size\":\"512x512\"}", "invalid_value",
         "size", 400},
        {"{\"model\":\"dall-e-2\",\"prompt\":\"x\",\"size\":\"auto\"}", "invalid_value", "size",
         400},
        {"{\"model\":\"dall-e-2\",\"prompt\":\"x\",\"stream\":true}", "unknown_parameter", "stream",
         400},
        {"{\"model\":\"dall-e-2\",\"prompt\":\"x\",\"style\":\"vivid\"}", "unknown_parameter",
         "style", 400},
        {"{\"model\":\"dall-e-2\",\"prompt\":\"x\",\"quality\":\"hd\"}", "invalid_value", "quality",
         400},
        {"{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"n\":2}", "integer_above_max_value", "n", 400},
        {"{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"size\":\"512x512\"}", "invalid_value", "size",
         400},
        {"{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"style\":\"pretty\"}", "invalid_value", "style",
         400},
        {"{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"background\":\"auto\"}", "unknown_parameter",
         "background", 400},
        {"{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"response_format\":\"png\"}", "invalid_value",
         "response_format", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talk t = ask(cases[i].body);

        expect(&t, cases[i].status, cases[i].code, cases[i].param);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void counts_the_characters_of_a_prompt(void **state)
{
    static const struct {
        const char *model;
        size_t most;
    } cases[] = {{"dall-e-2", 1000}, {"dall-e-3", 4000}, {"gpt-image-2", 32000}};

    (void)state; /* two bytes each: it is characters that are counted */
    for (size_t i = 0; i < 3; i++)
        for (size_t more = 0; more < 2; more++) {
            size_t n = cases[i].most + more, at;
            char *body = malloc(2 * n + 200);
            struct talk t;

            at = (size_t)snprintf(body, 200, "{\"model\":\"%s\",\"%s\":\"%s\",\"prompt\":\"",
                                  cases[i].model, i == 2 ? "size" : "response_format",
                                  i == 2 ? "64x64" : "url");
            for (size_t k = 0; k < n; k++) {
                memcpy(body + at, "\xc3\xa4", 2);
                at += 2;
            }
            memcpy(body + at, "\"}", 3);
            t = ask(body);
            free(body);
            if (more)
                expect(&t, 400, "string_above_max_length", "prompt");
            else
                assert_int_equal(t.status, 200);
            talk_end(&t);
        }
}

static void checks_the_key(void **state)
{
    static const char *const bad[] = {"Authorization: sk-pie-sandbox", "x-api-key: sk-pie-sandbox",
                                      "Authorization: Basic abc", "Accept: text/html"};
    struct talk t;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        t = talk(BASE, GENERATE, "{" GPT2 "}", bad[i], NULL);
        assert_non_null(strstr(talk_text(&t, "error.message"), "provide an API key"));
        expect(&t, 401, "", "");
    }
    t = talk(BASE, GENERATE, "{" GPT2 "}", "Authorization: Bearer sk-very-secret-key-1234", NULL);
    assert_non_null(strstr(talk_text(&t, "error.message"), "1234"));
    assert_null(strstr(talk_text(&t, "error.message"), "secret-key"));
    expect(&t, 401, "invalid_api_key", "");
    t = talk(BASE, "/models", NULL, NULL, NULL);
    expect(&t, 401, "", "");
    t = talk(BASE, "/models", NULL, TALK_KEY, NULL);
    assert_string_equal(talk_text(&t, "object"), "list");
    assert_string_equal(talk_text(&t, "data.2.id"), "gpt-image-1");
    assert_string_equal(talk_text(&t, "data.2.object"), "model");
    talk_end(&t);
}

static void knows_its_routes(void **state)
{
    struct talk t = talk(BASE, "/chat/completions", "{}", TALK_KEY, NULL);

    (void)state;
    assert_non_null(strstr(talk_text(&t, "error.message"), "POST /v1/chat/completions"));
    expect(&t, 404, "", "");
    t = talk(BASE, GENERATE, NULL, TALK_KEY, NULL);
    assert_non_null(strstr(t.head, "Allow: POST"));
    expect(&t, 405, "", "");
    t = talk(BASE, "", NULL, TALK_KEY, NULL);
    expect(&t, 404, "", "");
    t = talk_raw(BASE, GENERATE, "{" GPT2 "}", strlen("{" GPT2 "}"), "text/plain", TALK_KEY);
    expect(&t, 400, "unsupported_content_type", "");
    t = talk(BASE, VARY, "{}", TALK_KEY, NULL);
    expect(&t, 400, "unsupported_content_type", "");
}

/* ---- faults */

static struct talk ask_fault(const char *body, const char *fault)
{
    char header[128];

    snprintf(header, sizeof(header), "X-Sandbox-Fault: %s", fault);
    return talk(BASE, GENERATE, body, TALK_KEY, header);
}

static void fails_as_it_is_told(void **state)
{
    static const struct {
        const char *fault, *code, *type;
        long status;
    } cases[] = {
        {"status:500", "server_error", "server_error", 500},
        {"status:503", "service_unavailable", "server_error", 503},
        {"status:429", "rate_limit_exceeded", "requests", 429},
        {"quota", "insufficient_quota", "insufficient_quota", 429},
        {"content", "moderation_blocked", "image_generation_user_error", 400},
        {"error200", "server_error", "server_error", 200},
    };
    struct talk t;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        t = ask_fault("{" GPT2 "}", cases[i].fault);
        assert_string_equal(talk_text(&t, "error.type"), cases[i].type);
        expect(&t, cases[i].status, cases[i].code, "");
    }
    t = ask_fault("{\"prompt\":\"x\"}", "content");
    expect(&t, 400, "content_policy_violation", "");
    t = ask_fault("{" GPT2 "}", "boom");
    assert_int_equal(t.status, 400);
    talk_end(&t);
    t = ask_fault("{" GPT2 "}", "html");
    assert_int_equal(t.status, 502);
    assert_non_null(strstr(t.body, "<html"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
    t = ask_fault("{" GPT2 "}", "cut");
    assert_int_equal(t.code, CURLE_GOT_NOTHING);
    talk_end(&t);
    t = ask_fault("{" GPT2 "}", "noimage");
    assert_int_equal(json_array_size(talk_at(&t, "data")), 0);
    talk_end(&t);
    t = ask_fault("{" GPT2 ",\"n\":2}", "fewer;nousage");
    assert_int_equal(json_array_size(talk_at(&t, "data")), 1);
    assert_null(talk_at(&t, "usage"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 3);
}

static void fails_by_its_route_alone(void **state)
{
    struct talk t;

    (void)state;
    assert_int_equal(
        apipie_sandbox_set_route_fault(talk_box, "openai", "gpt-image-2", "status:503"), APIPIE_OK);
    t = ask("{" GPT2 "}");
    expect(&t, 503, "service_unavailable", "");
    t = ask("{\"prompt\":\"x\",\"size\":\"256x256\"}");
    assert_int_equal(t.status, 200);
    talk_end(&t);
    t = ask("{" GPT2 ",\"n\":11}"); /* a bad one gets its own */
    expect(&t, 400, "integer_above_max_value", "n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_where_it_is),
        TEST(draws_with_dall_e_2),
        TEST(draws_with_dall_e_3),
        TEST(draws_with_gpt_image),
        TEST(draws_the_same_for_the_same_words),
        TEST(says_its_headers),
        TEST(refuses_what_the_model_does_not_take),
        TEST(counts_the_characters_of_a_prompt),
        TEST(checks_the_key),
        TEST(knows_its_routes),
        TEST(fails_as_it_is_told),
        TEST(fails_by_its_route_alone),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-openai", tests, NULL, NULL);
}
