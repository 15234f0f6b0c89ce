/* SPDX-License-Identifier: MIT */
/* Refusals: which say that a model makes one image a call, and what a server advises about sending again. */
#include "dialect/dialect.h"
#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct refusal {
    struct pie_outcome outcome;
    struct pie_buf safe;
    struct pie_doc *doc;
    struct pie_reply reply;
    struct apipie_error err;
};

static void refusal_open(struct refusal *r, int32_t status, const char *body)
{
    struct pie_damage damage;
    memset(r, 0, sizeof(*r));
    pie_outcome_init(&r->outcome, &pie_mem_libc);
    pie_buf_init(&r->safe, &pie_mem_libc, 1 << 20);
    pie_error_init(&r->err, &pie_mem_libc);
    r->outcome.status = status;
    r->outcome.sent = 1;
    r->reply.outcome = &r->outcome;
    r->reply.text = pie_slice_text(body);
    if (pie_json_safe(&pie_mem_libc, r->reply.text, &r->safe, &damage) != APIPIE_OK)
        return;
    assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_buf_slice(&r->safe), &r->doc), APIPIE_OK);
    r->reply.root = pie_doc_root(r->doc);
}

static void refusal_header(struct refusal *r, const char *name, const char *value)
{
    assert_int_equal(
        pie_headers_add(&r->outcome.headers, pie_slice_text(name), pie_slice_text(value)),
        APIPIE_OK);
}

static void refusal_close(struct refusal *r)
{
    pie_doc_free(r->doc);
    pie_buf_free(&r->safe);
    pie_outcome_free(&r->outcome);
    pie_error_free(&r->err);
}

static int32_t body_says_one(int32_t status, const char *body)
{
    struct refusal r;
    refusal_open(&r, status, body);
    pie_explain(&r.reply, &r.err);
    int32_t one = r.err.one_image;
    refusal_close(&r);
    return one;
}

/* In OpenAI's envelope; param NULL: null. */
static int32_t message_says_one(int32_t status, const char *message, const char *param)
{
    struct pie_buf body;
    pie_buf_init(&body, &pie_mem_libc, 1 << 20);
    pie_buf_add_text(&body,
                     "{\"error\":{\"code\":null,\"type\":\"invalid_request_error\",\"param\":");
    if (param != NULL)
        pie_json_string(&body, pie_slice_text(param));
    else
        pie_buf_add_text(&body, "null");
    pie_buf_add_text(&body, ",\"message\":");
    pie_json_string(&body, pie_slice_text(message));
    pie_buf_add_text(&body, "}}");
    int32_t one = body_says_one(status, body.p);
    pie_buf_free(&body);
    return one;
}

/* What servers write, or have written. */
static const char *const says_one[] = {
    "Invalid value for 'n': You must provide n=1 for this model.",
    "You must provide n=1 for this model.",
    "Only n=1 is supported for gpt-image-1",
    "Only n=1 is supported in v1.",
    "Only n = 1 is supported",
    "dall-e-3 only supports n=1",
    "Streaming is only supported with n=1.",
    "'n' must be 1 (only single image generation supported)",
    "Unsupported value: 'n' must be 1. This endpoint returns one completion per request.",
    "\"n\" must be equal to 1",
    "`n` must be one",
    "n must be 1",
    "N MUST BE 1!",
    "n must be 1, got 4",
    "n must be <= 1",
    "n must be ==1",
    "num_images must be 1 for this pipeline",
    "numberOfImages can only be 1",
    "Number of images must be 1 for this model",
    "n cannot be greater than 1",
    "n > 1 is not supported",
    "n>1 is not supported yet",
    "n > 1 isn't implemented",
    "n greater than 1 is not allowed for black-forest-labs/FLUX.1-schnell",
    "This model doesn't support n>1",
    "This model does not support n > 1.",
    "litellm.UnsupportedParamsError: n=2 is not supported for model MAI-Image-2.5. The Azure AI "
    "MAI image endpoint "
    "returns exactly 1 image per request and ignores any count",
    "litellm.UnsupportedParamsError: together_ai does not support parameters: {'n': 2}, for "
    "model=x",
    "litellm.UnsupportedParamsError: vertex_ai does not support parameters: ['n'], for model=x",
    "Unknown parameter: 'tools[0].n'.",
    "Unsupported parameter: \"n\" is not supported with this model.",
    "[{'type': 'less_than_equal', 'loc': ('body', 'n'), 'msg': 'Input should be less than or equal "
    "to 1', 'input': 3}]",
    "{\"message\": \"n\\\" must be 1\"}",
    "Only one image can be generated at a time",
    "Only one image can be generated per call.",
    "This model can only generate one image per request",
    "only 1 image is supported",
    "Phoenix 1.0 only generates 1 image",
    "This model does not support generating multiple images",
};

static void one_image_is_heard(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(says_one); i++) {
        if (!message_says_one(400, says_one[i], NULL) || !message_says_one(422, says_one[i], "n"))
            fail_msg("not heard: %s", says_one[i]);
    }
}

/* About something else, or about another number. */
static const char *const says_no_such_thing[] = {
    "",
    "invalid negative prompt",
    "Invalid value for quality.",
    "Unsupported parameter: 'size'.",
    "Unknown parameter: response_format",
    "Unknown parameter: 'tools[0].name'.",
    "size must be 1024",
    "size must be 1024x1024",
    "n must be 10",
    "n must be 1024",
    "n must be 1.5",
    "n must be 1,024",
    "n must be 1-4",
    "n must be 1 to 4",
    "n must be 1 - 4",
    "n must be 1 or 2",
    "n must be 1 or more",
    "n must be 1, 2 or 4",
    "n must be at least 1",
    "n must be greater than or equal to 1",
    "n must be between 1 and 10",
    "n must be an integer",
    "n > 10 is not supported",
    "n > 1 is not supported: the maximum is 4",
    "n=20 is not supported, use at most 10",
    "20 is greater than the maximum of 10 - 'n'",
    "version must be 1",
    "schema_version=1 is supported only",
    "Only schema_version=1 is supported",
    "strength must be 1",
    "min must be 1",
    "option n1 must be 1",
    "model-n must be 1",
    "an n. Must it be 1?",
    "bad field\\n must be 1",
    "n must be 1\342\200\2234",
    "\xC3\xB1n must be 1",
    "steps must be <= 1",
    "Image must be at least 1024 pixels",
    "At most 1 image(s) may be provided in one request.",
    "Only one image may be uploaded",
    "Only one image can be provided as reference",
    "Only one input image is supported",
    "Only 1 image file is allowed",
    "Only one image format is supported: png",
    "Only one image model is enabled",
    "one image per request is accepted by the vision endpoint",
    "Multiple images are not supported, please upload one image.",
    "This model does not support multiple images",
    "Your prompt contains banned words",
    "Rate limit reached, retry in 1 second",
    "does not support parameters: ['negative_prompt'], for model=n",
    "does not support parameters: ['quality', 'n']",
};

static void other_refusals_are_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(says_no_such_thing); i++) {
        if (message_says_one(400, says_no_such_thing[i], NULL))
            fail_msg("misheard: %s", says_no_such_thing[i]);
    }
    /* The parameter that is named is another one: then whatever the message says is not about the count. */
    for (size_t i = 0; i < PIE_COUNT(says_one); i++) {
        if (message_says_one(400, says_one[i], "prompt"))
            fail_msg("misheard: %s", says_one[i]);
    }
}

static void a_named_count_is_enough(void **state)
{
    static const char *const names[] = {"n",         "num_images", "number_of_images",
                                        "numImages", "tools[0].n", "body.n"};
    static const char *const others[] = {"size",   "negative_prompt",     "n1",   "an",
                                         "n.size", "num_inference_steps", "image"};
    static const char *const larger[] = {
        "n must be between 1 and 10",
        "20 is greater than the maximum of 10 - 'n'",
        "must be less than or equal to 4",
        "Input should be less than or equal to 8",
        "must be at most 4",
        "up to 6 images can be made",
        "must be in the range [1, 10]",
        "must be in the range [1,10]",
        "n must be 1 to 4",
        "must be 1-4",
        "must be <= 4",
        "the maximum is 10, got 11",
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(names); i++) {
        assert_true(message_says_one(400, "not good", names[i]));
        assert_true(message_says_one(422, "", names[i]));
    }
    for (size_t i = 0; i < PIE_COUNT(others); i++)
        assert_false(message_says_one(400, "not good", others[i]));
    for (size_t i = 0; i < PIE_COUNT(larger); i++) {
        if (message_says_one(400, larger[i], "n"))
            fail_msg("a larger limit: %s", larger[i]);
    }
    assert_true(message_says_one(400, "4 is greater than the maximum of 1 - 'n'", "n"));
}

static void only_refusals_count(void **state)
{
    static const int32_t statuses[] = {200, 401, 402, 403, 404, 408, 409, 413, 429, 500, 503};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(statuses); i++)
        assert_false(message_says_one(statuses[i], "n must be 1", "n"));
    assert_false(message_says_one(400, "n must be 1; insufficient credit", "n"));
    assert_false(message_says_one(400, "n must be 1; blocked by our safety system", "n"));
}

static void every_envelope_is_read(void **state)
{
    (void)state;
    assert_true(body_says_one(
        422, "{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"ensure this value is less than or "
             "equal to 1\",\"type\":\"value_error\"}]}"));
    assert_true(body_says_one(
        422, "{\"detail\":[{\"loc\":[\"body\",\"num_images\"],\"msg\":\"too many\"}]}"));
    assert_false(body_says_one(
        422, "{\"detail\":[{\"loc\":[\"body\",\"size\"],\"msg\":\"ensure this value is less than "
             "or equal to 1\"}]}"));
    assert_true(body_says_one(400, "{\"code\":\"invalid_parameter\",\"message\":\"n must be 1\"}"));
    assert_true(body_says_one(400, "{\"error\":\"n must be 1\"}"));
    assert_true(body_says_one(
        400, "{\"error\":{\"message\":\"invalid value of n (request id: 2023)\",\"type\":"
             "\"one_api_error\",\"param\":\"\",\"code\":\"n_not_within_range\"}}"));
    assert_false(
        body_says_one(400, "{\"error\":{\"message\":\"invalid value of n (request id: 2023)\"}}"));
    assert_true(body_says_one(400, "n must be 1"));
    assert_false(body_says_one(400, "<html><title>400 Bad Request</title></html>"));
    assert_false(body_says_one(400, ""));
    assert_false(body_says_one(400, "{}"));
}

/* ---- x-should-retry */

static void advice_is_passed_on(void **state)
{
    static const struct {
        const char *value;
        int32_t want, retryable;
    } rows[] = {{"true", 1, 1}, {"false", 0, 0},  {" True ", 1, 1}, {"FALSE", 0, 0},
                {"", -1, 1},    {"maybe", -1, 1}, {"1", -1, 1},     {"0", -1, 1}};
    struct refusal r;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        refusal_open(&r, 429, "{\"error\":{\"message\":\"slow down\"}}");
        refusal_header(&r, "X-Should-Retry", rows[i].value);
        assert_int_equal(pie_explain_should_retry(&r.outcome.headers), rows[i].want);
        pie_explain(&r.reply, &r.err);
        assert_int_equal(r.err.should_retry, rows[i].want);
        assert_int_equal(r.err.retryable, rows[i].retryable);
        refusal_close(&r);
    }
    refusal_open(&r, 429, "");
    pie_explain(&r.reply, &r.err);
    assert_int_equal(r.err.should_retry, APIPIE_UNKNOWN);
    assert_int_equal(r.err.retryable, 1);
    refusal_close(&r);
}

/* What is no refusal for now does not become one that may be sent again. */
static void advice_grants_nothing(void **state)
{
    struct refusal r;
    (void)state;
    refusal_open(&r, 402, "{\"code\":\"ACCOUNT_ERROR\",\"message\":\"out of credit\"}");
    refusal_header(&r, "x-should-retry", "true");
    pie_explain(&r.reply, &r.err);
    assert_int_equal(r.err.should_retry, 1);
    assert_int_equal(r.err.retryable, 0);
    assert_int_equal(r.err.code, APIPIE_E_QUOTA);
    refusal_close(&r);
}

static void a_reply_without_a_picture_has_advice_too(void **state)
{
    static const char *const bodies[] = {"{\"data\":[]}",
                                         "{\"error\":{\"message\":\"too many requests\"}}"};
    struct apipie_result *result = pie_result_new(&pie_mem_libc);
    (void)state;
    assert_non_null(result);
    for (size_t i = 0; i < PIE_COUNT(bodies); i++) {
        struct refusal r;
        refusal_open(&r, 200, bodies[i]);
        pie_explain_no_image(&r.reply, result, &r.err);
        assert_int_equal(r.err.should_retry, APIPIE_UNKNOWN);
        assert_int_equal(r.err.retryable, 1);
        refusal_header(&r, "x-should-retry", "false");
        pie_explain_no_image(&r.reply, result, &r.err);
        assert_int_equal(r.err.should_retry, 0);
        assert_int_equal(r.err.retryable, 0);
        assert_int_equal(r.err.one_image, 0);
        refusal_close(&r);
    }
    pie_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_image_is_heard),
        cmocka_unit_test(other_refusals_are_left_alone),
        cmocka_unit_test(a_named_count_is_enough),
        cmocka_unit_test(only_refusals_count),
        cmocka_unit_test(every_envelope_is_read),
        cmocka_unit_test(advice_is_passed_on),
        cmocka_unit_test(advice_grants_nothing),
        cmocka_unit_test(a_reply_without_a_picture_has_advice_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
