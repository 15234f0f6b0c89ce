/* SPDX-License-Identifier: MIT */
/* Together's images API: what it is asked, and what its replies, errors and list mean. Knows the public API alone. */
#include "../support/asks.h"

#include <string.h>

#define MODEL "black-forest-labs/FLUX.1-schnell"

static struct draw *serve(void **state, int32_t status, const char *headers, const char *body)
{
    struct draw *d = *state;
    const struct draw_reply r = {status, headers, body};
    asks_serve(d, "together", "/v1", &r);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "p");
    return d;
}

/* ---- what is sent */

struct ask {
    const char *name;
    int32_t kind;
    const char *letters;
    const char *body;
};

#define BEGIN "{\"model\":\"" MODEL "\",\"prompt\":\"a \\\"lake\\\"\""
#define DATA  "data:image/png;base64," PNG1

static const struct ask asks[] = {
    {"a prompt alone", APIPIE_REQUEST_IMAGE, "p", BEGIN ",\"response_format\":\"base64\"}"},
    {"the picture itself, smaller", APIPIE_REQUEST_IMAGE, "prs",
     BEGIN ",\"width\":512,\"height\":768,\"response_format\":\"base64\"}"},
    {"a url", APIPIE_REQUEST_IMAGE, "pR", BEGIN ",\"response_format\":\"url\"}"},
    {"all of it", APIPIE_REQUEST_IMAGE, "pgOnstSG",
     BEGIN ",\"negative_prompt\":\"people\",\"output_format\":\"png\",\"n\":2,\"width\":512,"
           "\"height\":768,\"steps\":20,\"seed\":18446744073709551615,\"guidance_scale\":7.5,"
           "\"response_format\":\"base64\"}"},
    {"a picture to start from", APIPIE_REQUEST_IMAGE, "pI",
     BEGIN ",\"response_format\":\"base64\",\"image_url\":\"" DATA "\"}"},
    {"an edit of a picture by URL", APIPIE_REQUEST_EDIT, "pU",
     BEGIN ",\"response_format\":\"base64\",\"image_url\":\"" ASKS_URL "\"}"},
    {"several pictures", APIPIE_REQUEST_EDIT, "pIUJ",
     BEGIN ",\"response_format\":\"base64\",\"reference_images\":[\"" DATA "\",\"" ASKS_URL
           "\",\"data:image/jpeg;base64," JPEG1 "\"]}"},
};

static void exactly_this_is_sent(void **state)
{
    struct draw *d = serve(state, 200, NULL, ONE_IMAGE);
    const struct ask *a = d->row;
    char key[100];
    asks_fresh(d, a->kind, MODEL, a->letters);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct raw_request *q = draw_sent(d);
    assert_string_equal(q->body, a->body);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
        assert_int_equal(asks_is(q, "/v1/images/generations", asks[i].body), &asks[i] == a);
    assert_true(raw_request_header(q, "authorization", key, sizeof key));
    assert_string_equal(key, "Bearer " ASKS_KEY);
    assert_string_equal(q->method, "POST");
}

static void extra_fields_go_as_they_are(void **state)
{
    struct draw *d = serve(state, 200, NULL, ONE_IMAGE);
    apipie_request_set_extra(d->request, "image_loras",
                             "[{\"path\":\"https://example.com/l\",\"scale\":0.8}]");
    apipie_request_set_extra(d->request, "response_format", "\"url\"");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->body, BEGIN
                        ",\"image_loras\":[{\"path\":\"https://example.com/l\",\"scale\":0.8}],"
                        "\"response_format\":\"url\"}");
}

static const struct asks_refusal refusals[] = {
    {"no model", APIPIE_REQUEST_IMAGE, NULL, "p", NULL, APIPIE_E_ARGUMENT, "set_model", NULL},
    {"a variation", APIPIE_REQUEST_VARIATION, MODEL, "I", NULL, APIPIE_E_UNSUPPORTED, "variation",
     NULL},
    {"a mask", APIPIE_REQUEST_EDIT, MODEL, "pIM", NULL, APIPIE_E_UNSUPPORTED, "set_mask", NULL},
    {"strength", APIPIE_REQUEST_IMAGE, MODEL, "pIT", NULL, APIPIE_E_UNSUPPORTED, "set_strength",
     NULL},
    {"webp", APIPIE_REQUEST_IMAGE, MODEL, "po", NULL, APIPIE_E_UNSUPPORTED, "jpeg and png: webp",
     NULL},
    {"quality", APIPIE_REQUEST_IMAGE, MODEL, "pq", NULL, APIPIE_E_UNSUPPORTED, "set_quality", NULL},
    {"an aspect ratio", APIPIE_REQUEST_IMAGE, MODEL, "pa", NULL, APIPIE_E_UNSUPPORTED,
     "set_aspect_ratio", NULL},
    {"the format twice", APIPIE_REQUEST_IMAGE, MODEL, "pr", "response_format", APIPIE_E_ARGUMENT,
     "response_format", NULL},
    {"the width twice", APIPIE_REQUEST_IMAGE, MODEL, "ps", "width", APIPIE_E_ARGUMENT, "width",
     NULL},
    {"the picture twice", APIPIE_REQUEST_IMAGE, MODEL, "pI", "image_url", APIPIE_E_ARGUMENT,
     "image_url", NULL},
    {"a stream", APIPIE_REQUEST_IMAGE, MODEL, "p", "stream", APIPIE_E_UNSUPPORTED, "stream", NULL},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state, 200, NULL, ONE_IMAGE);
    asks_assert_refusal(d, d->row);
}

static void what_it_does_not_take_can_be_left_out(void **state)
{
    struct draw *d = serve(state, 200, NULL, ONE_IMAGE);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "poqam");
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_DROP);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->body, BEGIN ",\"response_format\":\"base64\"}");
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 4);
}

/* ---- replies */

static void a_whole_reply_is_understood(void **state)
{
    struct draw *d =
        serve(state, 200, NULL,
              "{\"id\":\"o4Xk-1\",\"model\":\"" MODEL "\",\"object\":\"list\",\"data\":["
              "{\"index\":0,\"type\":\"b64_json\",\"b64_json\":\"" JPEG1
              "\",\"timings\":{\"inference\":0.25}},{\"index\":1,\"type\":\"url\","
              "\"url\":\"$ORIGIN/pics/2\",\"timings\":{\"inference\":0.5}}]}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    draw_assert_image(r, 0, JPEG1, "image/jpeg");
    draw_assert_image(r, 1, PNG2, "image/png");
    assert_string_equal(apipie_result_model(r), MODEL);
    assert_string_equal(apipie_result_request_id(r), "o4Xk-1");
    assert_int_equal(apipie_result_latency(r), 500);
    assert_int_equal(apipie_result_cost(r), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_created(r), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_warning_count(r), 0);
}

#define ERROR(message, type, code)                                                                 \
    "{\"error\":{\"message\":\"" message "\",\"type\":\"" type "\",\"param\":null,\"code\":" code  \
    "}}"

static const struct asks_failure failures[] = {
    {"a parameter", 400,
     "{\"id\":\"r1\","
     "\"error\":{\"message\":\"steps must be between 1 and 4\","
     "\"type\":\"invalid_request_error\",\"param\":\"steps\",\"code\":null}}",
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "invalid_request_error", "steps must be", NULL},
    {"a bad key", 401,
     ERROR("Invalid API key provided", "invalid_request_error", "\"invalid_api_key\""),
     APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, "invalid_api_key", "API key", NULL},
    {"the spending limit", 402, ERROR("Credit limit exceeded", "credit_limit", "null"),
     APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO, "credit_limit", "limit", "top up"},
    {"a long prompt", 403,
     ERROR("Input token count + `max_tokens` must be less than the context length of the model",
           "invalid_request_error", "null"),
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, NULL, "context length", "too long"},
    {"not allowed", 403, ERROR("This account may not use it", "forbidden", "null"), APIPIE_E_AUTH,
     0, APIPIE_BILLED_NO, "forbidden", "may not", NULL},
    {"no model", 404,
     ERROR("Unable to access model flux", "invalid_request_error", "\"model_not_available\""),
     APIPIE_E_NOT_FOUND, 0, APIPIE_BILLED_NO, "model_not_available", "flux", "owner"},
    {"too many requests", 429,
     "{\"error\":{\"message\":\"Slow down\",\"error_type\":\"dynamic_request_limited\"}}",
     APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, "dynamic_request_limited", "Slow down",
     "step by step"},
    {"too many tokens", 429, ERROR("Slow down", "dynamic_token_limited", "null"),
     APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, "dynamic_token_limited", "Slow down",
     "step by step"},
    {"too many of another kind", 429, ERROR("Slow down", "rate_limit", "null"),
     APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, "rate_limit", "Slow down", "wait"},
    {"failed", 500, ERROR("Internal", "server_error", "null"), APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, "server_error", "Internal", NULL},
    {"no room", 503, ERROR("Please try again", "service_unavailable", "null"), APIPIE_E_SERVER, 1,
     APIPIE_BILLED_NO, "service_unavailable", "try again", "busy"},
    {"timed out", 504, ERROR("Timed out", "timeout", "null"), APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, "timeout", "Timed out", NULL},
    {"a filter", 422, ERROR("NSFW content detected", "invalid_request_error", "null"),
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, NULL, "NSFW", NULL},
    {"no picture", 200, "{\"id\":\"r1\",\"data\":[]}", APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_UNKNOWN,
     NULL, "without a picture", NULL},
};

static void errors_mean_what_they_say(void **state)
{
    struct draw *d = *state;
    const struct asks_failure *f = d->row;
    serve(state, f->status, NULL, f->body);
    asks_assert_failure(d, f);
}

/* ---- its list */

static const char list[] =
    "[{\"id\":\"" MODEL "\",\"object\":\"model\",\"created\":0,\"type\":\"image\","
    "\"display_name\":\"FLUX.1 Schnell\",\"organization\":\"Black Forest Labs\","
    "\"pricing\":{\"hourly\":0,\"input\":0,\"output\":0,\"base\":0.0027,\"finetune\":0}},"
    "{\"id\":\"a/free\",\"type\":\"image\",\"pricing\":{\"base\":0}},{\"id\":\"a/none\","
    "\"type\":\"image\"},{\"id\":\"a/odd\",\"type\":\"image\",\"pricing\":{\"base\":-1}},7,"
    "{\"id\":\"meta/llama\",\"type\":\"chat\",\"pricing\":{\"input\":0.88,\"base\":3}}]";

static void its_models_are_listed_with_prices(void **state)
{
    struct draw *d = *state;
    asks_serve_list(d, "together", "/v1", list);
    const apipie_catalog *c = asks_list(d, NULL);
    assert_string_equal(draw_sent(d)->path, "/v1/models");
    assert_int_equal(apipie_catalog_count(c), 5);
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_PROVIDER), "own");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_NAME), MODEL);
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_TYPE), "image");
    assert_int_equal(apipie_catalog_number(c, 0, APIPIE_MODEL_PRICE), INT64_C(2700000000));
    for (size_t i = 1; i < 5; i++)
        assert_int_equal(apipie_catalog_number(c, i, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
    assert_contains(apipie_catalog_json(c, 0, NULL), "\"organization\":\"Black Forest Labs\"");
    assert_int_equal(apipie_catalog_count(asks_list(d, "image")), 4);
    assert_int_equal(apipie_catalog_count(asks_list(d, "chat")), 1);
    assert_int_equal(apipie_catalog_count(asks_list(d, "voice")), 0);
}

/* The one size of which the list speaks, at the model's own steps; what others cost is no guess of ours. */
static void only_what_the_list_says_is_estimated(void **state)
{
    struct draw *d = *state;
    asks_serve_list(d, "together", "/v1", list);
    asks_list(d, "image");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "p");
    assert_int_equal(apipie_client_estimate(d->client, d->request, NULL), INT64_C(2700000000));
    apipie_request_set_size(d->request, 1024, 1024);
    assert_int_equal(apipie_client_estimate(d->client, d->request, NULL), INT64_C(2700000000));
    apipie_request_set_steps(d->request, 8);
    assert_int_equal(apipie_client_estimate(d->client, d->request, NULL), APIPIE_UNKNOWN);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "ps");
    assert_int_equal(apipie_client_estimate(d->client, d->request, NULL), APIPIE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(extra_fields_go_as_they_are),
        DRAW_TEST(what_it_does_not_take_can_be_left_out),
        DRAW_TEST(a_whole_reply_is_understood),
        DRAW_TEST(its_models_are_listed_with_prices),
        DRAW_TEST(only_what_the_list_says_is_estimated),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(exactly_this_is_sent, asks);
    failed += DRAW_ROWS(this_is_refused_before_it_is_sent, refusals);
    return failed + DRAW_ROWS(errors_mean_what_they_say, failures);
}
