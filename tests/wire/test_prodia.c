/* SPDX-License-Identifier: MIT */
/* Prodia's API of jobs: what it is asked, what it is not, and what its errors mean. Knows the public API alone. */
#include "../support/asks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS  "inference.sdxl.txt2img.v1"
#define STARTS "inference.flux.dev.img2img.v1"
#define FILLS  "inference.sdxl.inpainting.v1"
#define PATH   "/v2/job?price=true"

/* A job without a picture, as it stands in a reply. */
#define JOB "{\"id\":\"j-1\",\"type\":\"" DRAWS "\",\"state\":{\"current\":\"completed\"}}"

static struct draw *serve(void **state, int32_t status, const char *headers, const char *body)
{
    struct draw *d = *state;
    const struct draw_reply r = {status, headers, body};
    asks_serve(d, "prodia", "/v2", &r);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, DRAWS, "p");
    return d;
}

/* ---- what is sent: the reply has no picture, which is another test's */

struct ask {
    const char *name;
    int32_t kind;
    const char *model, *letters, *body, *accept;
};

#define CONFIG(type, more)                                                                         \
    "{\"type\":\"" type "\",\"config\":{\"prompt\":\"a \\\"lake\\\"\"" more "}}"
#define FORM(job) ASKS_FILE("job", "job.json", "application/json", job)

static const struct ask asks[] = {
    {"a prompt alone", APIPIE_REQUEST_IMAGE, DRAWS, "p", CONFIG(DRAWS, ""), "image/png"},
    {"a name of before", APIPIE_REQUEST_IMAGE, "v2.job.sdxl.txt2img", "pO",
     CONFIG("v2.job.sdxl.txt2img", ""), "image/png"},
    {"a type that is not known here", APIPIE_REQUEST_IMAGE, "acme.paint.v12", "p",
     CONFIG("acme.paint.v12", ""), "image/png"},
    {"all of it", APIPIE_REQUEST_IMAGE, DRAWS, "pgostSG",
     CONFIG(DRAWS,
            ",\"negative_prompt\":\"people\",\"guidance_scale\":7.5,\"seed\":18446744073709551615,"
            "\"steps\":20,\"width\":512,\"height\":768"),
     "image/webp"},
    {"a picture to start from", APIPIE_REQUEST_IMAGE, STARTS, "pIT",
     FORM(CONFIG(STARTS, ",\"strength\":0.4"))
         ASKS_FILE("input", "input.png", "image/png", "$1") "--B--\r\n",
     "image/png"},
    {"an edit of several", APIPIE_REQUEST_EDIT, STARTS, "pIJ",
     FORM(CONFIG(STARTS, "")) ASKS_FILE("input", "input.png", "image/png", "$1")
         ASKS_FILE("input", "input-2.jpeg", "image/jpeg", "$3") "--B--\r\n",
     "image/png"},
    {"a mask", APIPIE_REQUEST_EDIT, FILLS, "pIM",
     FORM(CONFIG(FILLS, "")) ASKS_FILE("input", "input.png", "image/png", "$1")
         ASKS_FILE("input", "mask.png", "image/png", "$2") "--B--\r\n",
     "image/png"},
};

static void exactly_this_is_sent(void **state)
{
    struct draw *d = serve(state, 200, NULL, JOB);
    const struct ask *a = d->row;
    char value[100];
    char accept[100];
    asks_fresh(d, a->kind, a->model, a->letters);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NO_IMAGE);
    const struct raw_request *q = draw_sent(d);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        assert_int_equal(asks_is(q, PATH, asks[i].body), &asks[i] == a);
    assert_true(raw_request_header(q, "authorization", value, sizeof value));
    assert_string_equal(value, "Bearer key-0123456789abcdef");
    snprintf(accept, sizeof accept, "multipart/form-data; %s", a->accept);
    assert_true(raw_request_header(q, "accept", value, sizeof value));
    assert_string_equal(value, accept);
    assert_string_equal(q->method, "POST");
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

static void extra_fields_go_into_the_config(void **state)
{
    struct draw *d = serve(state, 200, NULL, JOB);
    apipie_request_set_extra(d->request, "style_preset", "\"anime\"");
    apipie_request_set_extra(d->request, "loras", "[\"prodia/flux-lora-painting\"]");
    apipie_request_set_extra(d->request, "progressive", "true");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NO_IMAGE);
    assert_string_equal(draw_sent(d)->body,
                        CONFIG(DRAWS, ",\"style_preset\":\"anime\","
                                      "\"loras\":[\"prodia/flux-lora-painting\"],"
                                      "\"progressive\":true"));
}

static void a_request_reads_as_it_is_sent(void **state)
{
    struct draw *d = serve(state, 200, NULL, JOB);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, FILLS, "pIM");
    char json[400];
    assert_in_range(apipie_request_format_json(d->request, json, sizeof json), 1, sizeof json - 1);
    assert_string_equal(json, "{\"type\":\"" FILLS "\",\"config\":{\"prompt\":\"a \\\"lake\\\"\"},"
                              "\"input\":[null,null]}");
}

static void several_are_asked_for_one_by_one(void **state)
{
    struct draw *d = serve(state, 200, "Content-Type: image/gif\r\n", "GIF89a\x01\1\x01\1!");
    apipie_request_set_n(d->request, 2);
    apipie_request_set_seed(d->request, 41);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 2);
    assert_int_equal(draw_posts(d->server, "\"seed\":41}"), 1);
    assert_int_equal(draw_posts(d->server, "\"seed\":42}"), 1);
    assert_int_equal(draw_posts(d->server, "\"n\""), 0);
}

/* ---- what is not */

static const struct asks_refusal refusals[] = {
    {"no model", APIPIE_REQUEST_IMAGE, NULL, "p", NULL, APIPIE_E_ARGUMENT, "set_model", NULL},
    {"a checkpoint", APIPIE_REQUEST_IMAGE, "absolutereality_v1.8.1", "p", NULL, APIPIE_E_ARGUMENT,
     "absolutereality", "api.prodia.com/v1"},
    {"a checkpoint in full", APIPIE_REQUEST_IMAGE, "sd_xl_base_1.0.safetensors [be9edd61]", "p",
     NULL, APIPIE_E_ARGUMENT, "no type of a job", "inference.sdxl.txt2img.v1"},
    {"a name that ends like a type", APIPIE_REQUEST_IMAGE, "portraitplus_V1.0", "p", NULL,
     APIPIE_E_ARGUMENT, "no type of a job", NULL},
    {"a variation", APIPIE_REQUEST_VARIATION, STARTS, "I", NULL, APIPIE_E_UNSUPPORTED, "variation",
     NULL},
    {"a picture that nobody looks at", APIPIE_REQUEST_IMAGE, DRAWS, "pI", NULL,
     APIPIE_E_UNSUPPORTED, "set_image", NULL},
    {"no picture to start from", APIPIE_REQUEST_IMAGE, STARTS, "p", NULL, APIPIE_E_ARGUMENT,
     "starts from a picture", NULL},
    {"no mask", APIPIE_REQUEST_EDIT, FILLS, "pI", NULL, APIPIE_E_ARGUMENT, "set_mask", NULL},
    {"a mask that nobody looks at", APIPIE_REQUEST_EDIT, STARTS, "pIM", NULL, APIPIE_E_UNSUPPORTED,
     "set_mask", NULL},
    {"a picture by URL", APIPIE_REQUEST_EDIT, STARTS, "pU", NULL, APIPIE_E_UNSUPPORTED,
     "set_image_url", NULL},
    {"strength of nothing", APIPIE_REQUEST_IMAGE, DRAWS, "pT", NULL, APIPIE_E_UNSUPPORTED,
     "set_strength", NULL},
    {"quality", APIPIE_REQUEST_IMAGE, DRAWS, "pq", NULL, APIPIE_E_UNSUPPORTED, "set_quality", NULL},
    {"a sampler", APIPIE_REQUEST_IMAGE, DRAWS, "pm", NULL, APIPIE_E_UNSUPPORTED, "set_sampler",
     NULL},
    {"an aspect ratio", APIPIE_REQUEST_IMAGE, DRAWS, "pa", NULL, APIPIE_E_UNSUPPORTED,
     "set_aspect_ratio", NULL},
    {"a response format", APIPIE_REQUEST_IMAGE, DRAWS, "pr", NULL, APIPIE_E_UNSUPPORTED,
     "set_response_format", NULL},
    {"the width twice", APIPIE_REQUEST_IMAGE, DRAWS, "ps", "width", APIPIE_E_ARGUMENT, "width",
     NULL},
    {"the number as an extra", APIPIE_REQUEST_IMAGE, DRAWS, "p", "n", APIPIE_E_ARGUMENT,
     "set_extra", NULL},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state, 200, NULL, JOB);
    asks_assert_refusal(d, d->row);
}

static void what_it_does_not_take_can_be_left_out(void **state)
{
    struct draw *d = serve(state, 200, "Content-Type: image/gif\r\n", "GIF89a\x01\1\x01\1!");
    char accept[100];
    asks_fresh(d, APIPIE_REQUEST_IMAGE, DRAWS, "pqamrIT");
    apipie_request_set_output_format(d->request, "tiff");
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_DROP);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->body, CONFIG(DRAWS, ""));
    assert_true(raw_request_header(draw_sent(d), "accept", accept, sizeof accept));
    assert_string_equal(accept, "multipart/form-data; image/png");
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 7);
}

static void it_has_no_list_of_models(void **state)
{
    struct draw *d = serve(state, 200, NULL, "[]");
    asks_fresh(d, APIPIE_REQUEST_MODELS, NULL, "");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    assert_contains(apipie_error_message(draw_error(d)), "no list of models");
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

/* ---- errors */

#define FORM_TYPE "Content-Type: multipart/form-data; boundary=\"q\"\r\n"
#define FORM_OF(job)                                                                               \
    "--q\r\nContent-Disposition: form-data; name=\"job\"; filename=\"job.json\"\r\n"               \
    "Content-Type: application/json\r\n\r\n" job "\r\n--q--\r\n"

static const struct asks_failure failures[] = {
    {"a parameter", 400, "{\"message\":\"config.steps must be <= 100\"}", APIPIE_E_PARAMETER, 0,
     APIPIE_BILLED_NO, NULL, "must be <= 100", NULL},
    {"a parameter, in a form", 400, FORM_OF("{\"id\":\"j-1\",\"error\":\"width is too large\"}"),
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, NULL, "width is too large", NULL},
    {"a bad token", 401, "token is invalid", APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, NULL,
     "token is invalid", "dashboard"},
    {"no access", 402, "{\"error\":\"Insufficient credits\"}", APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO,
     NULL, "Insufficient", "credit"},
    {"forbidden", 403, "{\"detail\":\"not for this token\"}", APIPIE_E_AUTH, 0, APIPIE_BILLED_NO,
     NULL, "not for this token", NULL},
    {"no such thing", 404, "Not Found", APIPIE_E_NOT_FOUND, 0, APIPIE_BILLED_NO, NULL, "Not Found",
     "inference.prodia.com/v2"},
    {"too many, or a bad token, or type", 429, "Too Many Requests", APIPIE_E_RATE_LIMITED, 1,
     APIPIE_BILLED_NO, NULL, "Too Many", "wrong token"},
    {"the quota", 429, "{\"error\":\"You exceeded your current quota\"}", APIPIE_E_QUOTA, 0,
     APIPIE_BILLED_NO, NULL, "quota", "credit"},
    {"failed", 500, "{\"error\":\"worker lost\"}", APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL,
     "worker lost", NULL},
    {"a gateway's page", 502, "<html><title>Bad Gateway</title></html>", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "Bad Gateway", "gateway"},
    {"a filter", 400, FORM_OF("{\"id\":\"j-1\",\"error\":\"NSFW content detected\"}"),
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, NULL, "NSFW", "prompt"},
    {"a filter, and a success", 200,
     FORM_OF("{\"id\":\"j-1\",\"error\":\"NSFW content detected\"}"), APIPIE_E_CONTENT_POLICY, 0,
     APIPIE_BILLED_UNKNOWN, NULL, "NSFW", "prompt"},
    {"a job that failed", 200,
     "{\"id\":\"j-1\",\"state\":{\"current\":\"failed\"},\"error\":\"CUDA error\"}",
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "CUDA error", NULL},
    {"a job that failed without a word", 200, "{\"id\":\"j-1\",\"state\":{\"current\":\"failed\"}}",
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "job has failed", "usage"},
    {"a job without its picture", 200, JOB, APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_UNKNOWN, NULL,
     "without a picture", NULL},
    {"words", 200, "accepted", APIPIE_E_MALFORMED, 1, APIPIE_BILLED_UNKNOWN, NULL, "neither JSON",
     NULL},
    {"broken JSON", 200, "{\"id\":\"j-1\",\"state\":{", APIPIE_E_MALFORMED, 0,
     APIPIE_BILLED_UNKNOWN, NULL, "damaged", NULL},
};

static void errors_mean_what_they_say(void **state)
{
    struct draw *d = *state;
    const struct asks_failure *f = d->row;
    const char *type = f->body[0] == '{'   ? NULL
                       : f->body[0] == '-' ? FORM_TYPE
                                           : "Content-Type: text/plain\r\n";
    serve(state, f->status, type, f->body);
    asks_assert_failure(d, f);
    if (strstr(f->body, "j-1") != NULL && f->want != APIPIE_E_MALFORMED)
        assert_string_equal(apipie_error_request_id(draw_error(d)), "j-1");
}

/* It may be the token that is wrong: it is not asked for ever. */
static void too_many_are_sent_again_a_few_times(void **state)
{
    struct draw *d = serve(state, 429, "Retry-After: 0\r\n", "Too Many Requests");
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 2);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, DRAWS, "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
    assert_contains(apipie_error_hint(draw_error(d)), "type of job");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(extra_fields_go_into_the_config),
        DRAW_TEST(a_request_reads_as_it_is_sent),
        DRAW_TEST(several_are_asked_for_one_by_one),
        DRAW_TEST(what_it_does_not_take_can_be_left_out),
        DRAW_TEST(it_has_no_list_of_models),
        DRAW_TEST(too_many_are_sent_again_a_few_times),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(exactly_this_is_sent, asks);
    failed += DRAW_ROWS(this_is_refused_before_it_is_sent, refusals);
    return failed + DRAW_ROWS(errors_mean_what_they_say, failures);
}
