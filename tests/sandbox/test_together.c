/* SPDX-License-Identifier: MIT */
/* The sandbox as Together's images API: what it takes and how it says no; and what the library makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

#define BASE  apipie_sandbox_backend_url(talk_box, "together")
#define MODEL "black-forest-labs/FLUX.1-schnell"
#define ASK   "\"model\":\"" MODEL "\",\"prompt\":\"a lake\",\"width\":64,\"height\":64"

static const struct round flux = {.wire = "together", .model = MODEL, .width = 64, .height = 80};

static struct talk ask(const char *body)
{
    return talk(BASE, GENERATE, body, TALK_KEY, NULL);
}

/* All four members are there; code and param may be null ("" here). */
static void expect(struct talk *t, long status, const char *type, const char *code,
                   const char *param)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error.type"), type);
    assert_string_equal(talk_text(t, "error.code"), code);
    assert_string_equal(talk_text(t, "error.param"), param);
    assert_true(strlen(talk_text(t, "error.message")) > 10);
    assert_non_null(talk_at(t, "error.code"));
    assert_non_null(talk_at(t, "error.param"));
    talk_end(t);
}

/* ---- the server by itself */

static void draws(void **state)
{
    struct talk t = ask("{" ASK ",\"n\":2,\"response_format\":\"base64\",\"steps\":4,\"seed\":-3,"
                        "\"guidance_scale\":3.5,\"negative_prompt\":\"fog\",\"output_format\":"
                        "\"png\",\"disable_safety_checker\":true,\"image_loras\":[{\"path\":"
                        "\"https://example.com/l\",\"scale\":0.8}]}");
    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(strlen(talk_text(&t, "id")) > 10);
    assert_string_equal(talk_text(&t, "model"), MODEL);
    assert_string_equal(talk_text(&t, "object"), "list");
    assert_true(talk_holds_png(&t, "data.0.b64_json", 64, 64));
    assert_true(talk_holds_png(&t, "data.1.b64_json", 64, 64));
    assert_string_equal(talk_text(&t, "data.1.type"), "b64_json");
    assert_int_equal(json_integer_value(talk_at(&t, "data.1.index")), 1);
    assert_null(talk_at(&t, "created"));
    assert_null(talk_at(&t, "usage"));
    assert_null(talk_at(&t, "data.0.timings"));
    talk_end(&t);
    t = ask("{\"model\":\"" MODEL "\",\"prompt\":\"a lake\"}"); /* a url, and a megapixel */
    struct talk picture = talk_fetch(&t, "data.0.url");
    assert_string_equal(talk_text(&t, "data.0.type"), "url");
    assert_null(talk_at(&t, "data.0.b64_json"));
    assert_true(talk_is_png(picture.body, picture.n, 1024, 1024));
    talk_end(&picture);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 20);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 2);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), INT64_C(20000000000));
}

static void refuses_what_it_does_not_know(void **state)
{
    static const struct {
        const char *body;
        long status;
        const char *code, *param;
    } rows[] = {
        {"{\"model\":\"" MODEL "\"}", 400, "invalid_value", "prompt"},
        {"{\"prompt\":\"a lake\"}", 400, "invalid_value", "model"},
        {"{" ASK ",\"size\":\"64x64\"}", 400, "invalid_value", "size"},
        {"{" ASK ",\"response_format\":\"b64_json\"}", 400, "invalid_value", "response_format"},
        {"{" ASK ",\"output_format\":\"webp\"}", 400, "invalid_value", "output_format"},
        {"{" ASK ",\"output_format\":\"jpeg\"}", 400, "invalid_value", "output_format"},
        {"{" ASK ",\"n\":0}", 400, "invalid_value", "n"},
        {"{" ASK ",\"n\":11}", 400, "invalid_value", "n"},
        {"{" ASK ",\"n\":\"2\"}", 400, "invalid_value", "n"},
        {"{" ASK ",\"n\":null}", 400, "invalid_value", "n"},
        {"{" ASK ",\"steps\":1.5}", 400, "invalid_value", "steps"},
        {"{" ASK ",\"steps\":99999999999999999999}", 400, "invalid_value", "steps"},
        {"{" ASK ",\"seed\":\"7\"}", 400, "invalid_value", "seed"},
        {"{" ASK ",\"guidance_scale\":-0.1}", 400, "invalid_value", "guidance_scale"},
        {"{" ASK ",\"image_url\":[]}", 400, "invalid_value", "image_url"},
        {"{" ASK ",\"image_url\":\"ftp://x/y\"}", 400, "invalid_value", "image_url"},
        {"{" ASK ",\"image_url\":\"data:image/png;base64,AAAA\"}", 400, "invalid_value",
         "image_url"},
        {"{" ASK ",\"reference_images\":[]}", 400, "invalid_value", "reference_images"},
        {"{" ASK ",\"reference_images\":[7]}", 400, "invalid_value", "reference_images"},
        {"{" ASK ",\"image_loras\":[{\"path\":\"https://x\"}]}", 400, "invalid_value", "scale"},
        {"{" ASK ",\"image_loras\":[\"x\"]}", 400, "invalid_value", "image_loras"},
        {"{\"model\":\"FLUX.1-schnell\",\"prompt\":\"a lake\"}", 404, "model_not_available",
         "model"},
        {"[]", 400, "", ""},
        {"{", 400, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask(rows[i].body);
        print_message("%s\n", rows[i].body);
        expect(&t, rows[i].status, "invalid_request_error", rows[i].code, rows[i].param);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void a_long_prompt_is_403(void **state)
{
    char body[24000] = "{\"model\":\"" MODEL "\",\"prompt\":\"";
    size_t n = strlen(body);
    (void)state;
    memset(body + n, 'a', 21000);
    strcpy(body + n + 21000, "\"}");
    struct talk t = ask(body);
    expect(&t, 403, "invalid_request_error", "", "");
}

static void asks_for_the_key(void **state)
{
    struct talk t = talk(BASE, GENERATE, "{" ASK "}", NULL, NULL);
    (void)state;
    expect(&t, 401, "invalid_request_error", "invalid_api_key", "");
    t = talk(BASE, GENERATE, "{" ASK "}", "Authorization: Bearer sk-other", NULL);
    expect(&t, 401, "invalid_request_error", "invalid_api_key", "");
    t = talk(BASE, "/models", NULL, NULL, NULL);
    expect(&t, 401, "invalid_request_error", "invalid_api_key", "");
    t = talk(BASE, "/images/edits", "{}", TALK_KEY, NULL);
    expect(&t, 404, "invalid_request_error", "", "");
    t = talk(BASE, GENERATE, NULL, TALK_KEY, NULL);
    expect(&t, 405, "invalid_request_error", "", "");
}

static void fails_on_demand(void **state)
{
    static const struct {
        const char *fault;
        long status;
        const char *type, *code;
    } rows[] = {
        {"X-Sandbox-Fault: quota", 402, "credit_limit", ""},
        {"X-Sandbox-Fault: status:429", 429, "dynamic_request_limited", "dynamic_request_limited"},
        {"X-Sandbox-Fault: status:503", 503, "service_unavailable", ""},
        {"X-Sandbox-Fault: status:500", 500, "server_error", "server_error"},
        {"X-Sandbox-Fault: content", 400, "invalid_request_error", "content_policy_violation"},
        {"X-Sandbox-Fault: error200", 200, "server_error", "server_error"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = talk(BASE, GENERATE, "{" ASK "}", TALK_KEY, rows[i].fault);
        expect(&t, rows[i].status, rows[i].type, rows[i].code, "");
    }
    struct talk t = talk(BASE, GENERATE, "{" ASK ",\"n\":2}", TALK_KEY, "X-Sandbox-Fault: onlyone");
    expect(&t, 400, "invalid_request_error", "invalid_value", "n");
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "together", MODEL, "quota"),
                     APIPIE_OK);
    t = ask("{" ASK "}");
    expect(&t, 402, "credit_limit", "", "");
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void throttles_in_its_own_words(void **state)
{
    (void)state;
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 2), APIPIE_OK);
    struct talk t = ask("{" ASK "}");
    assert_int_equal(t.status, 200);
    assert_non_null(strstr(t.head, "x-ratelimit-limit: 2\r\n"));
    assert_non_null(strstr(t.head, "x-ratelimit-remaining: 1\r\n"));
    assert_non_null(strstr(t.head, "x-ratelimit-reset: 30\r\n"));
    assert_null(strstr(t.head, "-requests"));
    talk_end(&t);
    t = ask("{" ASK "}");
    talk_end(&t);
    t = ask("{" ASK "}");
    assert_non_null(strstr(t.head, "Retry-After: 30\r\n"));
    assert_non_null(strstr(t.head, "x-ratelimit-remaining: 0\r\n"));
    expect(&t, 429, "dynamic_request_limited", "dynamic_request_limited", "");
}

static void lists_its_models(void **state)
{
    struct talk t = talk(BASE, "/models", NULL, TALK_KEY, NULL);
    (void)state;
    assert_true(json_is_array(t.json));
    assert_string_equal(talk_text(&t, "0.id"), "stabilityai/stable-diffusion-xl-base-1.0");
    assert_string_equal(talk_text(&t, "0.type"), "image");
    assert_string_equal(talk_text(&t, "0.organization"), "stabilityai");
    assert_true(json_is_number(talk_at(&t, "0.pricing.base")));
    assert_string_equal(talk_text(&t, "4.type"), "chat");
    talk_end(&t);
    t = talk(BASE, "/models?dedicated=true", NULL, TALK_KEY, NULL);
    assert_int_equal(json_array_size(t.json), 1);
    talk_end(&t);
}

/* ---- the client */

static void the_client_draws_by_url(void **state)
{
    (void)state;
    round_begin(&flux);
    apipie_request *q = round_fresh(&flux, APIPIE_REQUEST_IMAGE);
    apipie_request_set_response_format(q, "url");
    round_need(APIPIE_OK);
    round_picture(&flux, 0);
}

static void the_client_sends_several_pictures(void **state)
{
    size_t n = 0;
    unsigned char *picture = talk_png(64, 64, 0, 7, &n);
    (void)state;
    round_begin(&flux);
    apipie_request *q = round_fresh(&flux, APIPIE_REQUEST_EDIT);
    assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
    assert_int_equal(apipie_request_set_image_url(q, "https://example.com/lake.png"), APIPIE_OK);
    assert_int_equal(apipie_request_set_extra(q, "image_loras",
                                              "[{\"path\":\"https://example.com/l\",\"scale\":1}]"),
                     APIPIE_OK);
    free(picture);
    round_need(APIPIE_OK);
}

static void what_is_sent_and_is_not_there(void **state)
{
    (void)state;
    round_begin(&flux);
    apipie_request *q = round_fresh(&flux, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "black-forest-labs/FLUX.9");
    round_need(APIPIE_E_NOT_FOUND);
    q = round_fresh(&flux, APIPIE_REQUEST_IMAGE);
    apipie_request_set_extra(q, "size", "\"64x64\"");
    round_need(APIPIE_E_PARAMETER);
}

static void the_client_lists_models(void **state)
{
    (void)state;
    round_begin(&flux);
    round_request = apipie_request_new(round_client, APIPIE_REQUEST_MODELS);
    apipie_request_set_backend(round_request, "together");
    apipie_request_set_filter(round_request, "type", "image");
    round_need(APIPIE_OK);
    apipie_catalog *list = apipie_request_catalog(round_request);
    assert_int_equal(apipie_catalog_count(list), 4);
    int64_t at = apipie_catalog_find(list, "together", MODEL);
    assert_true(at >= 0);
    assert_int_equal(apipie_catalog_number(list, (size_t)at, APIPIE_MODEL_PRICE),
                     INT64_C(10000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws),
        TEST(refuses_what_it_does_not_know),
        TEST(a_long_prompt_is_403),
        TEST(asks_for_the_key),
        TEST(fails_on_demand),
        TEST(throttles_in_its_own_words),
        TEST(lists_its_models),
        ROUND_TEST(the_client_draws_by_url),
        ROUND_TEST(the_client_sends_several_pictures),
        ROUND_TEST(what_is_sent_and_is_not_there),
        ROUND_TEST(the_client_lists_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
