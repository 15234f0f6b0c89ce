/* SPDX-License-Identifier: MIT */
/* Stability's models on Amazon Bedrock: what replies and errors mean. Knows the public API alone. */
#include "../support/asks.h"

#include <stdio.h>

#define SDXL "stability.stable-diffusion-xl-v1"
#define SD35 "stability.sd3-5-large-v1:0"

/* A request to the server, which speaks bedrock here. */
static struct draw *serve(void **state, int32_t status, const char *headers, const char *body)
{
    struct draw *d = *state;
    const struct draw_reply r = {status, headers, body};
    asks_serve(d, "bedrock", "", &r);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, SD35, "p");
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

/* "seeds" are numbers, or texts; figures that are none are not known. And it goes without a key. */
static void lists_are_understood(void **state)
{
    struct draw *d =
        serve(state, 200,
              "Content-Type: application/json\r\n"
              "X-Amzn-Bedrock-Invocation-Latency: soon\r\n",
              "{\"seeds\":[\"2130420379\"],\"finish_reasons\":[null],\"images\":[\"" PNG1 "\"]}");
    uint64_t seed = 0;
    char key[100];
    assert_status(apipie_client_set_backend_key(d->client, "own", NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_false(raw_request_header(draw_sent(d), "authorization", key, sizeof key));
    draw_assert_one(d, 0);
    assert_status(apipie_result_image_seed(draw_result(d), 0, &seed), APIPIE_OK);
    assert_true(seed == 2130420379U);
    assert_int_equal(apipie_result_latency(draw_result(d)), APIPIE_UNKNOWN);
}

struct doubt {
    const char *name, *body;
    const char *says; /* the warning */
};

static const struct doubt doubts[] = {
    {"a blurred picture of SDXL",
     "{\"artifacts\":[{\"seed\":1,\"base64\":\"" PNG1 "\",\"finishReason\":\"CONTENT_FILTERED\"}]}",
     "filtered a picture"},
    {"a picture with a doubt",
     "{\"artifacts\":[{\"seed\":1,\"base64\":\"" PNG1 "\",\"finishReason\":\"ERROR\"}]}", "ERROR"},
    {"a filtered picture of SD3.5",
     "{\"seeds\":[1],\"finish_reasons\":[\"Filter reason: output image\"],\"images\":[\"" PNG1
     "\"]}",
     "Filter reason: output image"},
};

static void a_picture_comes_with_a_warning(void **state)
{
    struct draw *d = *state;
    const struct doubt *s = d->row;
    serve(state, 200, NULL, s->body);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), s->says);
}

static const struct asks_failure failures[] = {
    {"a filtered prompt", 200, "{\"finish_reasons\":[\"Filter reason: prompt\"]}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "Filter reason: prompt", NULL},
    {"a filtered input image", 200,
     "{\"seeds\":[],\"finish_reasons\":[\"Filter reason: input image\"],\"images\":[]}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "Filter reason: input image", NULL},
    {"a filtered picture that is kept back", 200,
     "{\"seeds\":[1],\"finish_reasons\":[\"Filter reason: output image\"],\"images\":[null]}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "output image", NULL},
    {"the same of SDXL", 200,
     "{\"artifacts\":[{\"seed\":1,\"base64\":\"\",\"finishReason\":\"CONTENT_FILTERED\"}]}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "CONTENT_FILTERED", NULL},
    {"a failure", 200, "{\"finish_reasons\":[\"Inference error\"]}", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "Inference error", NULL},
    {"a failure of SDXL", 200, "{\"artifacts\":[{\"seed\":1,\"finishReason\":\"ERROR\"}]}",
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "ERROR", NULL},
    {"moderated", 200,
     "{\"status\":\"Request Moderated\",\"details\":{\"Moderation Reasons\":[\"x\"]}}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "Moderated", NULL},
    {"an error", 200, "{\"message\":\"no\",\"error\":{\"message\":\"it broke\"}}", APIPIE_E_SERVER,
     1, APIPIE_BILLED_UNKNOWN, NULL, "it broke", NULL},
    {"nothing", 200, "{}", APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_UNKNOWN, NULL, "without a picture",
     NULL},
    {"no lists", 200, "{\"artifacts\":7,\"images\":\"x\",\"finish_reasons\":{}}", APIPIE_E_NO_IMAGE,
     1, APIPIE_BILLED_UNKNOWN, NULL, "without a picture", NULL},
    {"no base64", 200, "{\"images\":[\"!!!\"]}", APIPIE_E_MALFORMED, 1, APIPIE_BILLED_UNKNOWN, NULL,
     "without a picture", NULL},
    {"a page", 200, "<html>hello</html>", APIPIE_E_MALFORMED, 1, APIPIE_BILLED_UNKNOWN, NULL,
     "neither JSON", NULL},
};

static void a_success_may_be_none(void **state)
{
    struct draw *d = *state;
    const struct asks_failure *f = d->row;
    serve(state, f->status, NULL, f->body);
    asks_assert_failure(d, f);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

/* ---- errors */

struct wrong {
    struct asks_failure seen; /* its name: of the exception; what it says: the whole message */
    int32_t tries;            /* with two retries, by the safe policy */
};

static const struct wrong wrongs[] = {
    {{"ValidationException", 400, NULL, APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, NULL,
      "cfg_scale: 99 is greater than 35", "parameter"},
     1},
    {{"ServiceQuotaExceededException", 400, NULL, APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO, NULL,
      "too many", "Service Quotas"},
     1},
    {{"ValidationException", 400, NULL, APIPIE_E_NOT_FOUND, 0, APIPIE_BILLED_NO, NULL,
      "This model version has reached the end of its life.", "retired"},
     1},
    {{"ValidationException", 400, NULL, APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, NULL,
      "blocked by our content filters", "prompt"},
     1},
    {{"AccessDeniedException", 403, NULL, APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, NULL,
      "You don't have access to the model", "bedrock:InvokeModel"},
     1},
    {{"InvalidSignatureException", 403, NULL, APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, NULL,
      "Signature expired: 1 is now earlier than 2", "clock"},
     1},
    {{"ExpiredTokenException", 403, NULL, APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, NULL,
      "The security token is expired", "fresh"},
     1},
    {{"ExpiredTokenException", 400, NULL, APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, NULL,
      "The security token is expired", "fresh"},
     1},
    {{"UnrecognizedClientException", 403, NULL, APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, NULL,
      "The security token is invalid", "access key"},
     1},
    {{"ResourceNotFoundException", 404, NULL, APIPIE_E_NOT_FOUND, 0, APIPIE_BILLED_NO, NULL,
      "Could not resolve the model", "region"},
     1},
    {{"ModelTimeoutException", 408, NULL, APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL,
      "timed out", "too long"},
     1},
    {{"ModelErrorException", 424, NULL, APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "it broke",
      "once"},
     1},
    {{"ThrottlingException", 429, NULL, APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, NULL,
      "Too many requests", "fewer"},
     3},
    {{"ModelNotReadyException", 429, NULL, APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, NULL,
      "not ready", "ready"},
     3},
    {{"InternalServerException", 500, NULL, APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "oops",
      "request id"},
     1},
    {{"ServiceUnavailableException", 503, NULL, APIPIE_E_SERVER, 1, APIPIE_BILLED_NO, NULL, "later",
      "busy"},
     3},
};

/* How the exception is told: in the header, with what AWS hangs on it; in the body; by its long name. */
static void serve_wrong(struct draw *d, void **state, const struct asks_failure *f, int32_t how)
{
    static char headers[400], body[400]; /* live as long as the server */
    int n = snprintf(headers, sizeof headers,
                     "Content-Type: application/json\r\nx-amzn-RequestId: id-9\r\n"
                     "retry-after-ms: 1\r\n");
    snprintf(body, sizeof body, how == 1 ? "{\"Message\":\"%s\"}" : "{\"message\":\"%s\"}",
             f->says);
    if (how == 2)
        snprintf(body, sizeof body, "{\"__type\":\"com.amazon.x#%s\",\"message\":\"%s\"}", f->name,
                 f->says);
    else
        snprintf(headers + n, sizeof headers - (size_t)n, "x-amzn-ErrorType: %s%s\r\n", f->name,
                 how == 0 ? ":http://internal.amazon.com/coral/com.amazon.bedrock/" : "");
    serve(state, f->status, headers, body);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
}

static int32_t how_told; /* 0, 1, 2 */

static void errors_are_understood(void **state)
{
    struct draw *d = *state;
    const struct wrong *w = d->row;
    serve_wrong(d, state, &w->seen, how_told);
    asks_assert_failure(d, &w->seen);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_provider_code(e), w->seen.name);
    if (how_told == 0)
        assert_string_equal(apipie_error_provider_code(e), w->seen.name); /* cut at the colon */
    assert_string_equal(apipie_error_request_id(e), "id-9");
    assert_int_equal(raw_server_count(d->server, NULL), w->tries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(artifacts_are_understood),
        DRAW_TEST(lists_are_understood),
    };
    int failed = DRAW_ROWS(a_picture_comes_with_a_warning, doubts) +
                 DRAW_ROWS(a_success_may_be_none, failures);
    for (how_told = 0; how_told < 3; how_told++)
        failed += DRAW_ROWS(errors_are_understood, wrongs);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
