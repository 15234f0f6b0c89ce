/* SPDX-License-Identifier: MIT */
/* OpenAI's images API: what its replies, errors, streams and lists mean. Knows the public API alone. */
#include "../support/asks.h"
#include "../support/lists.h"
#include "../support/play.h"

#include <string.h>

static struct draw *serve(void **state, int32_t status, const char *headers, const char *body)
{
    struct draw *d = *state;
    const struct draw_reply r = {status, headers, body};
    asks_serve(d, "openai", "/v1", &r);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, NULL, "p");
    return d;
}

static void a_whole_reply_is_understood(void **state)
{
    struct draw *d = serve(
        state, 200, "Content-Type: application/json\r\nx-request-id: req_1\r\n",
        "{\"created\":1745517030,\"background\":\"opaque\",\"output_format\":\"png\","
        "\"size\":\"1024x1024\",\"quality\":\"high\",\"data\":[{\"b64_json\":\"" PNG1
        "\",\"revised_prompt\":\"a wide lake\"},{\"b64_json\":null,\"url\":\"$ORIGIN/pics/2\"}],"
        "\"usage\":{\"total_tokens\":4309,\"input_tokens\":149,\"output_tokens\":4160,"
        "\"input_tokens_details\":{\"text_tokens\":19,\"image_tokens\":130},"
        "\"output_tokens_details\":{\"text_tokens\":100,\"image_tokens\":4060}}}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    draw_assert_image(r, 0, PNG1, "image/png");
    draw_assert_image(r, 1, PNG2, "image/png");
    assert_string_equal(apipie_result_image_revised_prompt(r, 0), "a wide lake");
    assert_null(apipie_result_image_revised_prompt(r, 1));
    assert_int_equal(apipie_result_created(r), INT64_C(1745517030000));
    assert_int_equal(apipie_result_prompt_tokens(r), 149);
    assert_int_equal(apipie_result_completion_tokens(r), 4160);
    assert_int_equal(apipie_result_total_tokens(r), 4309);
    assert_int_equal(apipie_result_token_detail(r, APIPIE_TOKENS_INPUT_TEXT), 19);
    assert_int_equal(apipie_result_token_detail(r, APIPIE_TOKENS_INPUT_IMAGE), 130);
    assert_int_equal(apipie_result_token_detail(r, APIPIE_TOKENS_OUTPUT_TEXT), 100);
    assert_int_equal(apipie_result_token_detail(r, APIPIE_TOKENS_OUTPUT_IMAGE), 4060);
    assert_int_equal(apipie_result_token_detail(r, 4), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_token_detail(r, -1), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_cost(r), APIPIE_UNKNOWN);
    assert_string_equal(apipie_result_backend(r), "own");
    assert_string_equal(apipie_result_request_id(r), "req_1");
    assert_contains(apipie_result_json(r, NULL), "\"background\":\"opaque\"");
    assert_contains(apipie_result_json(r, NULL), "\"output_tokens_details\"");
}

static void a_reply_without_details_has_none(void **state)
{
    struct draw *d = serve(state, 200, NULL,
                           "{\"created\":1,\"data\":[{\"b64_json\":\"" PNG1
                           "\"}],\"usage\":{\"total_tokens\":0,\"input_tokens\":0,"
                           "\"output_tokens\":0,\"input_tokens_details\":{\"text_tokens\":0}}}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_total_tokens(draw_result(d)), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_token_detail(draw_result(d), APIPIE_TOKENS_INPUT_TEXT),
                     APIPIE_UNKNOWN);
}

/* ---- errors */

struct failure {
    struct asks_failure seen;
    int32_t fault;
    const char *param; /* NULL: any */
};

#define ERROR(message, type, param, code)                                                          \
    "{\"error\":{\"message\":\"" message "\",\"type\":\"" type "\",\"param\":" param               \
    ",\"code\":" code "}}"

static const struct failure failures[] = {
    {{"unknown parameter", 400,
      ERROR("Unknown parameter: 'response_format'.", "invalid_request_error", "\"response_format\"",
            "\"unknown_parameter\""),
      APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "unknown_parameter", "response_format", NULL},
     APIPIE_FAULT_CALLER,
     "response_format"},
    {{"moderation", 400,
      ERROR("Your request was rejected by the safety system. safety_violations=[sexual].",
            "image_generation_user_error", "null", "\"moderation_blocked\""),
      APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, "moderation_blocked", "safety_violations",
      NULL},
     APIPIE_FAULT_CALLER,
     NULL},
    {{"content policy", 400,
      ERROR("Your request was rejected.", "invalid_request_error", "null",
            "\"content_policy_violation\""),
      APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, "content_policy_violation", "was rejected",
      NULL},
     APIPIE_FAULT_CALLER,
     NULL},
    {{"billing limit", 400,
      ERROR("Billing hard limit has been reached", "image_generation_user_error", "null",
            "\"billing_hard_limit_reached\""),
      APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO, "billing_hard_limit_reached", "hard limit", NULL},
     APIPIE_FAULT_ACCOUNT,
     NULL},
    {{"bad key", 401,
      ERROR("Incorrect API key provided: sk-oa-01********cdef.", "invalid_request_error", "null",
            "\"invalid_api_key\""),
      APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, "invalid_api_key", "Incorrect API key", NULL},
     APIPIE_FAULT_ACCOUNT,
     NULL},
    {{"not verified", 403,
      ERROR("Your organization must be verified to use the model `gpt-image-1`.",
            "invalid_request_error", "null", "null"),
      APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, "invalid_request_error", "must be verified", NULL},
     APIPIE_FAULT_ACCOUNT,
     NULL},
    {{"country", 403,
      ERROR("Country, region, or territory not supported", "request_forbidden", "null",
            "\"unsupported_country_region_territory\""),
      APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, "unsupported_country_region_territory", "not supported",
      NULL},
     APIPIE_FAULT_ACCOUNT,
     NULL},
    {{"no model", 404,
      ERROR("The model 'dall-e-9' does not exist.", "invalid_request_error", "\"model\"",
            "\"model_not_found\""),
      APIPIE_E_NOT_FOUND, 0, APIPIE_BILLED_NO, "model_not_found", "dall-e-9", NULL},
     APIPIE_FAULT_CALLER,
     "model"},
    {{"conflict", 409, ERROR("Conflict", "x", "null", "null"), APIPIE_E_PARAMETER, 1,
      APIPIE_BILLED_UNKNOWN, "x", "Conflict", NULL},
     APIPIE_FAULT_PROVIDER,
     NULL},
    {{"not understood", 422, ERROR("No.", "invalid_request_error", "null", "null"),
      APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "invalid_request_error", "No.", NULL},
     APIPIE_FAULT_CALLER,
     NULL},
    {{"too many", 429,
      ERROR("Rate limit reached for gpt-image-1", "images", "null", "\"rate_limit_exceeded\""),
      APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, "rate_limit_exceeded", "Rate limit reached",
      NULL},
     APIPIE_FAULT_ACCOUNT,
     NULL},
    {{"no credit", 429,
      ERROR("You exceeded your current quota", "insufficient_quota", "null",
            "\"insufficient_quota\""),
      APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO, "insufficient_quota", "current quota", NULL},
     APIPIE_FAULT_ACCOUNT,
     NULL},
    {{"failed", 500, ERROR("The server had an error", "server_error", "null", "null"),
      APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, "server_error", "had an error", NULL},
     APIPIE_FAULT_PROVIDER,
     NULL},
    {{"a message that is an object", 400,
      "{\"error\":{\"message\":{\"detail\":\"bad size\"},\"code\":400}}", APIPIE_E_PARAMETER, 0,
      APIPIE_BILLED_NO, "400", "bad size", NULL},
     APIPIE_FAULT_CALLER,
     NULL},
};

static void errors_mean_what_they_say(void **state)
{
    struct draw *d = *state;
    const struct failure *f = d->row;
    serve(state, f->seen.status, NULL, f->seen.body);
    asks_assert_failure(d, &f->seen);
    const apipie_error *e = draw_error(d);
    assert_int_equal(apipie_error_fault(e), f->fault);
    if (f->param != NULL)
        assert_string_equal(apipie_error_provider_param(e), f->param);
    assert_true(strlen(apipie_error_message(e)) > 10);
}

/* ---- streams */

static void a_stream_is_asked_for_and_read(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PLAY_SHOWN, PICTURE(PNG2)}, NULL};
    play_serve(d, &p, &s);
    asks_backend(d, "openai", "/v1");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, "gpt-image-1", "p");
    play_reset(&s);
    apipie_request_set_stream(d->request, 1);
    apipie_request_set_partial_images(d->request, 2);
    assert_status(apipie_request_set_partial_fn(d->request, play_see, &s, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_contains(draw_sent(d)->body, "\"stream\":true,\"partial_images\":2}");
    assert_int_equal(s.count, 1);
    play_assert(&s, 0, 0, PNG1);
    draw_assert_image(draw_result(d), 0, PNG2, "image/png");
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
    assert_int_equal(apipie_result_prompt_tokens(draw_result(d)), 9);
    assert_int_equal(apipie_result_total_tokens(draw_result(d)), 4169);
}

/* ---- lists of models */

static void its_models_are_listed(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply reply = {
        200, NULL,
        "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o\",\"object\":\"model\",\"created\":1,"
        "\"owned_by\":\"system\"},{\"id\":\"gpt-image-1\",\"object\":\"model\","
        "\"created\":1745517030,\"owned_by\":\"system\"},{\"id\":\"\"},7,"
        "{\"id\":\"dall-e-3\",\"owned_by\":\"openai\"}]}"};
    static const struct draw_script script = {&reply, 1};
    lists_serve(d, &script);
    asks_backend(d, "openai", "/v1");
    const apipie_catalog *c = asks_list(d, NULL);
    assert_int_equal(apipie_catalog_count(c), 3);
    assert_string_equal(apipie_catalog_text(c, 1, APIPIE_MODEL_PROVIDER), "own");
    assert_string_equal(apipie_catalog_text(c, 1, APIPIE_MODEL_NAME), "gpt-image-1");
    assert_string_equal(apipie_catalog_text(c, 1, APIPIE_MODEL_TYPE), "image");
    assert_null(apipie_catalog_text(c, 0, APIPIE_MODEL_TYPE));
    assert_int_equal(apipie_catalog_number(c, 1, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
    assert_contains(apipie_catalog_json(c, 1, NULL), "\"owned_by\":\"system\"");
    assert_string_equal(draw_sent(d)->path, "/v1/models");
    assert_int_equal(apipie_catalog_count(asks_list(d, "image")), 2);
    assert_string_equal(draw_sent(d)->path, "/v1/models");
    assert_int_equal(apipie_catalog_count(asks_list(d, "voice")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_whole_reply_is_understood),
        DRAW_TEST(a_reply_without_details_has_none),
        DRAW_TEST(a_stream_is_asked_for_and_read),
        DRAW_TEST(its_models_are_listed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + DRAW_ROWS(errors_mean_what_they_say, failures);
}
