/* SPDX-License-Identifier: MIT */
/* Stability's models on Amazon Bedrock: what replies and errors mean. Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <string.h>

#define SDXL "stability.stable-diffusion-xl-v1"
#define SD35 "stability.sd3-5-large-v1:0"

/* A request to the server, which speaks bedrock here. */
static struct draw *serve(void **state, int32_t status, const char *headers, const char *body)
{
    struct draw *d = *state;
    draw_serve_reply(d, status, headers, body);
    assert_status(
        apipie_client_add_backend(d->client, "aws", "bedrock", raw_server_origin(d->server)),
        APIPIE_OK);
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    assert_non_null(d->request);
    assert_status(apipie_request_set_backend(d->request, "aws"), APIPIE_OK);
    assert_status(apipie_request_set_model(d->request, SD35), APIPIE_OK);
    assert_status(apipie_request_set_prompt(d->request, "a cat", APIPIE_NTS), APIPIE_OK);
    return d;
}

static void artifacts_are_understood(void **state)
{
    struct draw *d = serve(state, 200,
                           "Content-Type: application/json\r\nx-amzn-RequestId: 1-2-3\r\n"
                           "X-Amzn-Bedrock-Invocation-Latency: 4321\r\n"
                           "X-Amzn-Bedrock-Input-Token-Count: 5\r\n"
                           "X-Amzn-Bedrock-Output-Token-Count: 6\r\n",
                           "{\"result\":\"success\",\"artifacts\":[{\"seed\":4294967295,\"base64\":"
                           "\"" PNG1 "\",\"finishReason\":\"SUCCESS\"}]}");
    apipie_request_set_model(d->request, SDXL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    const apipie_result *r = draw_result(d);
    uint64_t seed = 0;
    assert_status(apipie_result_image_seed(r, 0, &seed), APIPIE_OK);
    assert_true(seed == 4294967295U);
    assert_int_equal(apipie_result_latency(r), 4321);
    assert_int_equal(apipie_result_prompt_tokens(r), 5);
    assert_int_equal(apipie_result_completion_tokens(r), 6);
    assert_string_equal(apipie_result_model(r), SDXL);
    assert_string_equal(apipie_result_request_id(r), "1-2-3");
    assert_int_equal(apipie_result_cost(r), APIPIE_UNKNOWN);
}

/* "seeds" are numbers, or texts; figures that are none are not known. */
static void lists_are_understood(void **state)
{
    struct draw *d =
        serve(state, 200,
              "Content-Type: application/json\r\n"
              "X-Amzn-Bedrock-Invocation-Latency: soon\r\n",
              "{\"seeds\":[\"2130420379\"],\"finish_reasons\":[null],\"images\":[\"" PNG1 "\"]}");
    uint64_t seed = 0;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_status(apipie_result_image_seed(draw_result(d), 0, &seed), APIPIE_OK);
    assert_true(seed == 2130420379U);
    assert_int_equal(apipie_result_latency(draw_result(d)), APIPIE_UNKNOWN);
}

struct said {
    const char *name, *body;
    apipie_status status;
    const char *says; /* the message; of a success the first warning */
    int32_t retryable;
};

static const struct said saids[] = {
    {"a blurred picture of SDXL",
     "{\"artifacts\":[{\"seed\":1,\"base64\":\"" PNG1 "\",\"finishReason\":\"CONTENT_FILTERED\"}]}",
     APIPIE_OK, "filtered a picture", 0},
    {"a picture with a doubt",
     "{\"artifacts\":[{\"seed\":1,\"base64\":\"" PNG1 "\",\"finishReason\":\"ERROR\"}]}", APIPIE_OK,
     "ERROR", 0},
    {"a filtered picture of SD3.5",
     "{\"seeds\":[1],\"finish_reasons\":[\"Filter reason: output image\"],\"images\":[\"" PNG1
     "\"]}",
     APIPIE_OK, "Filter reason: output image", 0},
    {"a filtered prompt", "{\"finish_reasons\":[\"Filter reason: prompt\"]}",
     APIPIE_E_CONTENT_POLICY, "Filter reason: prompt", 0},
    {"a filtered input image",
     "{\"seeds\":[],\"finish_reasons\":[\"Filter reason: input image\"],\"images\":[]}",
     APIPIE_E_CONTENT_POLICY, "Filter reason: input image", 0},
    {"a filtered picture that is kept back",
     "{\"seeds\":[1],\"finish_reasons\":[\"Filter reason: output image\"],\"images\":[null]}",
     APIPIE_E_CONTENT_POLICY, "output image", 0},
    {"the same of SDXL",
     "{\"artifacts\":[{\"seed\":1,\"base64\":\"\",\"finishReason\":\"CONTENT_FILTERED\"}]}",
     APIPIE_E_CONTENT_POLICY, "CONTENT_FILTERED", 0},
    {"a failure", "{\"finish_reasons\":[\"Inference error\"]}", APIPIE_E_SERVER, "Inference error",
     1},
    {"a failure of SDXL", "{\"artifacts\":[{\"seed\":1,\"finishReason\":\"ERROR\"}]}",
     APIPIE_E_SERVER, "ERROR", 1},
    {"moderated", "{\"status\":\"Request Moderated\",\"details\":{\"Moderation Reasons\":[\"x\"]}}",
     APIPIE_E_CONTENT_POLICY, "Moderated", 0},
    {"an error", "{\"message\":\"no\",\"error\":{\"message\":\"it broke\"}}", APIPIE_E_SERVER,
     "it broke", 1},
    {"nothing", "{}", APIPIE_E_NO_IMAGE, "without a picture", 1},
    {"no lists", "{\"artifacts\":7,\"images\":\"x\",\"finish_reasons\":{}}", APIPIE_E_NO_IMAGE,
     "without a picture", 1},
    {"no base64", "{\"images\":[\"!!!\"]}", APIPIE_E_MALFORMED, "without a picture", 1},
    {"a page", "<html>hello</html>", APIPIE_E_MALFORMED, "neither JSON", 1},
};

static void a_success_says_what_it_means(void **state)
{
    struct draw *d = *state;
    const struct said *s = d->row;
    serve(state, 200, NULL, s->body);
    assert_ended(d->request, apipie_request_perform(d->request), s->status);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    if (s->status == APIPIE_OK) {
        draw_assert_one(d, 1);
        assert_contains(apipie_result_warning(draw_result(d), 0), s->says);
        return;
    }
    assert_contains(apipie_error_message(draw_error(d)), s->says);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), s->retryable);
}

/* ---- errors */

struct wrong {
    const char *name; /* of the exception */
    int32_t http;
    const char *message;
    apipie_status status;
    int32_t retryable;
    const char *hint;
    int32_t tries; /* with two retries, by the safe policy */
};

static const struct wrong wrongs[] = {
    {"ValidationException", 400, "cfg_scale: 99 is greater than 35", APIPIE_E_PARAMETER, 0,
     "parameter", 1},
    {"ServiceQuotaExceededException", 400, "too many", APIPIE_E_QUOTA, 0, "Service Quotas", 1},
    {"ValidationException", 400, "This model version has reached the end of its life.",
     APIPIE_E_NOT_FOUND, 0, "retired", 1},
    {"ValidationException", 400, "blocked by our content filters", APIPIE_E_CONTENT_POLICY, 0,
     "prompt", 1},
    {"AccessDeniedException", 403, "You don't have access to the model", APIPIE_E_AUTH, 0,
     "bedrock:InvokeModel", 1},
    {"InvalidSignatureException", 403, "Signature expired: 1 is now earlier than 2", APIPIE_E_AUTH,
     0, "clock", 1},
    {"ExpiredTokenException", 403, "The security token is expired", APIPIE_E_AUTH, 0, "fresh", 1},
    {"ExpiredTokenException", 400, "The security token is expired", APIPIE_E_AUTH, 0, "fresh", 1},
    {"UnrecognizedClientException", 403, "The security token is invalid", APIPIE_E_AUTH, 0,
     "access key", 1},
    {"ResourceNotFoundException", 404, "Could not resolve the model", APIPIE_E_NOT_FOUND, 0,
     "region", 1},
    {"ModelTimeoutException", 408, "timed out", APIPIE_E_SERVER, 1, "too long", 1},
    {"ModelErrorException", 424, "it broke", APIPIE_E_SERVER, 1, "once", 1},
    {"ThrottlingException", 429, "Too many requests", APIPIE_E_RATE_LIMITED, 1, "fewer", 3},
    {"ModelNotReadyException", 429, "not ready", APIPIE_E_RATE_LIMITED, 1, "ready", 3},
    {"InternalServerException", 500, "oops", APIPIE_E_SERVER, 1, "request id", 1},
    {"ServiceUnavailableException", 503, "later", APIPIE_E_SERVER, 1, "busy", 3},
};

/* How the exception is told: in the header, with what AWS hangs on it; in the body; by its long name. */
static void serve_wrong(struct draw *d, void **state, const struct wrong *w, int32_t how)
{
    static char headers[400], body[400]; /* live as long as the server */
    int n = snprintf(headers, sizeof headers,
                     "Content-Type: application/json\r\nx-amzn-RequestId: id-9\r\n"
                     "retry-after-ms: 1\r\n");
    snprintf(body, sizeof body, how == 1 ? "{\"Message\":\"%s\"}" : "{\"message\":\"%s\"}",
             w->message);
    if (how == 2)
        snprintf(body, sizeof body, "{\"__type\":\"com.amazon.x#%s\",\"message\":\"%s\"}", w->name,
                 w->message);
    else
        snprintf(headers + n, sizeof headers - (size_t)n, "x-amzn-ErrorType: %s%s\r\n", w->name,
                 how == 0 ? ":http://internal.amazon.com/coral/com.amazon.bedrock/" : "");
    serve(state, w->http, headers, body);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
}

static int32_t how_told; /* 0, 1, 2 */

static void errors_are_understood(void **state)
{
    struct draw *d = *state;
    const struct wrong *w = d->row;
    serve_wrong(d, state, w, how_told);
    assert_ended(d->request, apipie_request_perform(d->request), w->status);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_message(e), w->message);
    assert_contains(apipie_error_hint(e), w->hint);
    assert_contains(apipie_error_provider_code(e), w->name);
    if (how_told == 0)
        assert_string_equal(apipie_error_provider_code(e), w->name); /* cut at the colon */
    assert_string_equal(apipie_error_request_id(e), "id-9");
    assert_int_equal(apipie_error_is_retryable(e), w->retryable);
    assert_int_equal(raw_server_count(d->server, NULL), w->tries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(artifacts_are_understood),
        DRAW_TEST(lists_are_understood),
    };
    int failed = DRAW_ROWS(a_success_says_what_it_means, saids);
    for (how_told = 0; how_told < 3; how_told++)
        failed += DRAW_ROWS(errors_are_understood, wrongs);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
