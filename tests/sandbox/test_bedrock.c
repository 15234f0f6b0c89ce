/* SPDX-License-Identifier: MIT */
/* The sandbox as Amazon Bedrock: what Stability's models take, and the exceptions; and what the library makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

#define BASE    apipie_sandbox_backend_url(talk_box, "bedrock")
#define SDXL    "stability.stable-diffusion-xl-v1"
#define SDXL_0  "stability.stable-diffusion-xl-v0"
#define SD3     "stability.sd3-5-large-v1:0"
#define CORE    "stability.stable-image-core-v1:1"
#define ULTRA   "stability.stable-image-ultra-v1:0"
#define WORDS   "\"text_prompts\":[{\"text\":\"a lake\"},{\"text\":\"fog\",\"weight\":-1}]"
#define PROMPT  "\"prompt\":\"a lake\""
#define PICTURE "@" /* becomes a picture in base64 */

static const struct round sdxl = {.wire = "bedrock", .model = SDXL, .width = 1024, .height = 1024};
static const struct round sd3 = {.wire = "bedrock", .model = SD3};

/* A small picture stands for each '@' of the body. */
static struct talk ask_with(const char *model, const char *body, const char *key, const char *fault)
{
    char path[128], *all = calloc(1, 1 << 16);
    size_t n = 0;
    unsigned char *png = talk_png(64, 80, 0, 3, &n);
    char *base64 = talk_base64("", png, n, "");
    for (size_t i = 0, at = 0; body[i] != '\0'; i++, at = strlen(all)) {
        if (body[i] == '@')
            strcpy(all + at, base64);
        else
            all[at] = body[i];
    }
    snprintf(path, sizeof path, "/model/%s/invoke", model);
    struct talk t = talk(BASE, path, all, key, fault);
    free(png);
    free(base64);
    free(all);
    return t;
}

static struct talk ask(const char *model, const char *body)
{
    return ask_with(model, body, TALK_KEY, NULL);
}

/* {"message"}, the exception and an id of the request. */
static void expect(struct talk *t, long status, const char *exception)
{
    char line[128];
    snprintf(line, sizeof line, "x-amzn-ErrorType: %s:http://", exception);
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_non_null(strstr(t->head, line));
    assert_non_null(strstr(t->head, "x-amzn-RequestId: "));
    assert_true(strlen(talk_text(t, "message")) > 10);
    assert_int_equal(json_object_size(t->json), 1);
    talk_end(t);
}

/* ---- the server by itself */

static void draws_with_sdxl(void **state)
{
    struct talk t = ask(SDXL, "{" WORDS ",\"cfg_scale\":7.5,\"seed\":7,\"steps\":30,\"width\":1152,"
                              "\"height\":896,\"sampler\":\"K_EULER\",\"samples\":1,"
                              "\"clip_guidance_preset\":\"NONE\",\"style_preset\":\"anime\","
                              "\"extras\":{\"x\":1}}");
    (void)state;
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "result"), "success");
    assert_true(talk_holds_png(&t, "artifacts.0.base64", 1152, 896));
    assert_int_equal(json_integer_value(talk_at(&t, "artifacts.0.seed")), 7);
    assert_string_equal(talk_text(&t, "artifacts.0.finishReason"), "SUCCESS");
    assert_non_null(strstr(t.head, "X-Amzn-Bedrock-Invocation-Latency: "));
    assert_non_null(strstr(t.head, "x-amzn-RequestId: "));
    assert_null(strstr(t.head, "x-amzn-ErrorType"));
    assert_null(strstr(t.head, "x-request-id"));
    talk_end(&t);
    t = ask("stability.stable-diffusion-xl", "{" WORDS "}");
    assert_true(talk_holds_png(&t, "artifacts.0.base64", 1024, 1024));
    assert_true(json_integer_value(talk_at(&t, "artifacts.0.seed")) > 0); /* any */
    talk_end(&t);
    t = ask(SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"image_strength\":0.4,"
                  "\"mask_source\":\"MASK_IMAGE_BLACK\",\"mask_image\":\"" PICTURE "\"}");
    assert_true(talk_holds_png(&t, "artifacts.0.base64", 64, 80));
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES) > 0);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 30);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 3);
}

static void draws_with_the_newer_ones(void **state)
{
    static const char *const ids[] = {"stability.sd3-large-v1:0", SD3, CORE, ULTRA,
                                      "stability.sd3-5-large-v1%3A0"};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct talk t = ask(ids[i], "{" PROMPT ",\"negative_prompt\":\"\",\"seed\":7,"
                                    "\"aspect_ratio\":\"21:9\",\"mode\":\"text-to-image\","
                                    "\"output_format\":\"PNG\"}");
        assert_int_equal(t.status, 200);
        assert_true(talk_holds_png(&t, "images.0", 1536, 640));
        assert_int_equal(json_integer_value(talk_at(&t, "seeds.0")), 7);
        assert_true(json_is_null(talk_at(&t, "finish_reasons.0")));
        talk_end(&t);
    }
    struct talk t = ask(ULTRA, "{" PROMPT ",\"mode\":\"image-to-image\",\"strength\":0.5,"
                               "\"image\":\"" PICTURE "\"}");
    assert_true(talk_holds_png(&t, "images.0", 64, 80));
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 1);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), APIPIE_UNKNOWN);
    talk_end(&t);
}

static void refuses_what_it_does_not_know(void **state)
{
    static const struct {
        const char *model, *body, *says;
    } rows[] = {
        {SDXL, "{}", "text_prompts"},
        {SDXL, "{\"text_prompts\":[]}", "text_prompts"},
        {SDXL, "{\"text_prompts\":[\"a\"]}", "text_prompts"},
        {SDXL, "{\"text_prompts\":[{\"text\":7}]}", "text"},
        {SDXL, "{\"text_prompts\":[{\"text\":\"a\",\"weight\":\"1\"}]}", "weight"},
        {SDXL, "{\"text_prompts\":[{\"text\":\"a\",\"x\":1}]}", "[x]"},
        {SDXL, "{" WORDS ",\"prompt\":\"a\"}", "extraneous key [prompt]"},
        {SDXL, "{" WORDS ",\"cfg_scale\":35.1}", "cfg_scale"},
        {SDXL, "{" WORDS ",\"cfg_scale\":null}", "cfg_scale"},
        {SDXL, "{" WORDS ",\"seed\":4294967296}", "seed"},
        {SDXL, "{" WORDS ",\"seed\":-1}", "seed"},
        {SDXL, "{" WORDS ",\"steps\":9}", "steps"},
        {SDXL, "{" WORDS ",\"samples\":2}", "samples"},
        {SDXL, "{" WORDS ",\"width\":1024,\"height\":896}", "1152x896"},
        {SDXL, "{" WORDS ",\"sampler\":\"EULER\"}", "sampler"},
        {SDXL, "{" WORDS ",\"style_preset\":\"nice\"}", "style_preset"},
        {SDXL, "{" WORDS ",\"image_strength\":0.5}", "init_image"},
        {SDXL, "{" WORDS ",\"mask_source\":\"MASK_IMAGE_WHITE\"}", "init_image"},
        {SDXL, "{" WORDS ",\"init_image\":\"AAAA\"}", "init_image"},
        {SDXL, "{" WORDS ",\"init_image\":\"data:image/png;base64," PICTURE "\"}", "init_image"},
        {SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"image_strength\":1.5}",
         "image_strength"},
        {SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"init_image_mode\":\"STEP_SCHEDULE\"}",
         "step_schedule_start"},
        {SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"step_schedule_start\":0.5}",
         "step_schedule_start"},
        {SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"mask_image\":\"" PICTURE "\"}",
         "mask_source"},
        {SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"mask_source\":\"MASK_IMAGE_WHITE\"}",
         "mask_image"},
        {SDXL, "{" WORDS ",\"init_image\":\"" PICTURE "\",\"mask_source\":\"INIT_IMAGE_ALPHA\"}",
         "alpha"},
        {SDXL_0, "{" WORDS ",\"width\":1024}", "extraneous key [width]"},
        {SDXL_0, "{" WORDS ",\"sampler\":\"DDIM\"}", "extraneous key [sampler]"},
        {SD3, "{}", "required key [prompt]"},
        {SD3, "{" WORDS "}", "extraneous key [text_prompts]"},
        {SD3, "{" PROMPT ",\"steps\":30}", "extraneous key [steps]"},
        {SD3, "{" PROMPT ",\"aspect_ratio\":\"4:3\"}", "aspect_ratio"},
        {SD3, "{" PROMPT ",\"output_format\":\"WEBP\"}", "output_format"},
        {SD3, "{" PROMPT ",\"output_format\":\"JPEG\"}", "png alone"},
        {SD3, "{" PROMPT ",\"seed\":4294967296}", "seed"},
        {SD3, "{" PROMPT ",\"strength\":0.5}", "image-to-image"},
        {SD3, "{" PROMPT ",\"image\":\"" PICTURE "\"}", "image-to-image"},
        {SD3, "{" PROMPT ",\"mode\":\"image-to-image\"}", "required key [image]"},
        {SD3,
         "{" PROMPT ",\"mode\":\"image-to-image\",\"image\":\"" PICTURE
         "\",\"aspect_ratio\":\"1:1\"}",
         "aspect_ratio"},
        {SD3, "{" PROMPT ",\"mode\":\"image-to-image\",\"image\":\"AAAA\"}", "image"},
        {CORE, "{" PROMPT ",\"image\":\"" PICTURE "\"}", "extraneous key [image]"},
        {CORE, "{" PROMPT ",\"mode\":\"image-to-image\"}", "mode"},
        {SD3, "[]", "JSON object"},
        {SD3, "{", "JSON object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask(rows[i].model, rows[i].body);
        print_message("%s\n", rows[i].body);
        assert_non_null(strstr(talk_text(&t, "message"), rows[i].says));
        expect(&t, 400, "ValidationException");
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void refuses_what_is_not_there(void **state)
{
    struct talk t = ask("stability.sd4-v1:0", "{" PROMPT "}");
    (void)state;
    expect(&t, 404, "ResourceNotFoundException");
    t = ask("sd3-5-large-v1:0", "{" PROMPT "}");
    expect(&t, 404, "ResourceNotFoundException");
    t = talk(BASE, "/foundation-models", NULL, TALK_KEY, NULL);
    expect(&t, 404, "UnknownOperationException");
    t = talk(BASE, "/model/" SDXL "/invoke", NULL, TALK_KEY, NULL);
    expect(&t, 404, "UnknownOperationException");
    t = talk_raw(BASE, "/model/" SDXL "/invoke", "{" WORDS "}", strlen("{" WORDS "}"), "text/plain",
                 TALK_KEY);
    expect(&t, 400, "ValidationException");
    t = talk_long(BASE, "/model/" SDXL "/invoke", "{" WORDS ",\"init_image\":\"", 25000000, "\"}");
    assert_non_null(strstr(talk_text(&t, "message"), "25000000"));
    expect(&t, 400, "ValidationException");
    t = ask_with(SD3, "{" PROMPT "}", NULL, NULL);
    expect(&t, 403, "MissingAuthenticationTokenException");
    t = ask_with(SD3, "{" PROMPT "}", "Authorization: Bearer sk-other", NULL);
    expect(&t, 403, "AccessDeniedException");
    t = ask_with(SD3, "{" PROMPT "}", "Authorization: sk-pie-sandbox", NULL);
    expect(&t, 403, "AccessDeniedException");
}

static void fails_on_demand(void **state)
{
    static const struct {
        const char *fault;
        long status;
        const char *exception;
    } rows[] = {
        {"X-Sandbox-Fault: quota", 400, "ServiceQuotaExceededException"},
        {"X-Sandbox-Fault: status:400", 400, "ValidationException"},
        {"X-Sandbox-Fault: status:403", 403, "AccessDeniedException"},
        {"X-Sandbox-Fault: status:404", 404, "ResourceNotFoundException"},
        {"X-Sandbox-Fault: status:408", 408, "ModelTimeoutException"},
        {"X-Sandbox-Fault: status:424", 424, "ModelErrorException"},
        {"X-Sandbox-Fault: status:429", 429, "ThrottlingException"},
        {"X-Sandbox-Fault: status:500", 500, "InternalServerException"},
        {"X-Sandbox-Fault: status:503", 503, "ServiceUnavailableException"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask_with(SD3, "{" PROMPT "}", TALK_KEY, rows[i].fault);
        expect(&t, rows[i].status, rows[i].exception);
    }
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    struct talk t = ask(SD3, "{" PROMPT "}");
    assert_null(strstr(t.head, "ratelimit"));
    talk_end(&t);
    t = ask(SD3, "{" PROMPT "}");
    assert_null(strstr(t.head, "etry-"));
    expect(&t, 429, "ThrottlingException");
}

/* What it answers to a signature when it cannot make one; else the header below is only half of one. */
static void says_when_it_cannot_check(void **state)
{
    struct talk t =
        ask_with(SD3, "{" PROMPT "}", "Authorization: AWS4-HMAC-SHA256 Credential=A/B", NULL);
    (void)state;
#ifdef WITHOUT_SIGV4
    assert_non_null(strstr(talk_text(&t, "message"), "libcrypto"));
    expect(&t, 403, "AccessDeniedException");
#else
    expect(&t, 400, "IncompleteSignatureException");
#endif
}

/* All with status 200. */
static void filters(void **state)
{
    struct talk t = ask_with(SD3, "{" PROMPT "}", TALK_KEY, "X-Sandbox-Fault: content");
    (void)state;
    assert_int_equal(t.status, 200);
    assert_string_equal(t.body, "{\"finish_reasons\":[\"Filter reason: prompt\"]}");
    talk_end(&t);
    t = ask_with(SDXL, "{" WORDS "}", TALK_KEY, "X-Sandbox-Fault: content");
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "artifacts.0.finishReason"), "CONTENT_FILTERED");
    assert_true(talk_holds_png(&t, "artifacts.0.base64", 1024, 1024)); /* blurred */
    talk_end(&t);
    t = ask_with(SDXL, "{" WORDS "}", TALK_KEY, "X-Sandbox-Fault: error200");
    assert_string_equal(talk_text(&t, "artifacts.0.finishReason"), "ERROR");
    talk_end(&t);
    t = ask_with(SD3, "{" PROMPT "}", TALK_KEY, "X-Sandbox-Fault: error200");
    assert_string_equal(talk_text(&t, "finish_reasons.0"), "Inference error");
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

/* ---- the client */

/* What the client asks for with seed 41 and against boats, in our own words: the same picture comes. */
static void the_client_says_the_same(void)
{
    struct talk t = ask(SDXL, "{\"seed\":41,\"width\":1024,\"height\":1024,\"text_prompts\":[{"
                              "\"text\":\"a lake\"},{\"text\":\"boats\",\"weight\":-1}]}");
    size_t n = 0, got_n = 0;
    unsigned char *png = talk_decode(talk_text(&t, "artifacts.0.base64"), &n);
    const void *got = apipie_result_image_data(apipie_request_result(round_request), 0, &got_n);
    assert_int_equal(n, got_n);
    assert_memory_equal(png, got, n);
    free(png);
    talk_end(&t);
}

static void the_client_draws(void **state)
{
    uint64_t seed = 0;
    (void)state;
    round_begin(&sdxl);
    apipie_request *q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_seed(q, 41);
    apipie_request_set_negative_prompt(q, "boats", APIPIE_NTS);
    assert_true(apipie_result_latency(round_need(APIPIE_OK)) > 0);
    the_client_says_the_same();
    assert_int_equal(apipie_result_image_seed(apipie_request_result(round_request), 0, &seed),
                     APIPIE_OK);
    assert_true(seed == 41);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_guidance(q, 7.5);
    apipie_request_set_sampler(q, "K_EULER");
    apipie_request_set_extra(q, "style_preset", "\"anime\"");
    apipie_request_set_extra(q, "text_prompts", "[{\"text\":\"mist\",\"weight\":0.5}]");
    round_need(APIPIE_OK);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, SDXL_0);
    apipie_request_set_unsupported(q, APIPIE_UNSUPPORTED_DROP); /* it has no size */
    round_need(APIPIE_OK);
    round_picture(&sdxl, 0);
}

static void the_client_draws_with_the_newer_ones(void **state)
{
    (void)state;
    round_begin(&sd3);
    apipie_request *q = round_fresh(&sd3, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, ULTRA);
    apipie_request_set_aspect_ratio(q, "16:9");
    apipie_request_set_output_format(q, "png");
    round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_width(apipie_request_result(q), 0), 1344);
}

static void the_client_delivers_what_was_filtered(void **state)
{
    (void)state;
    round_begin(&sdxl);
    round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "content", 1), APIPIE_OK);
    const apipie_result *r = round_need(APIPIE_OK);
    round_picture(&sdxl, 0);
    assert_int_equal(apipie_result_warning_count(r), 1);
    assert_non_null(strstr(apipie_result_warning(r, 0), "CONTENT_FILTERED"));
}

static void what_cannot_be_is_not_sent(void **state)
{
    (void)state;
    round_begin(&sdxl);
    apipie_request *q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_size(q, 512, 512);
    round_need(APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 0);
    q = round_fresh(&sd3, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "stability.sd4-v1:0");
    round_need(APIPIE_E_NOT_FOUND);
    q = round_fresh(&sd3, APIPIE_REQUEST_IMAGE);
    apipie_request_set_extra(q, "steps", "30");
    round_need(APIPIE_E_PARAMETER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws_with_sdxl),
        TEST(draws_with_the_newer_ones),
        TEST(refuses_what_it_does_not_know),
        TEST(refuses_what_is_not_there),
        TEST(fails_on_demand),
        TEST(says_when_it_cannot_check),
        TEST(filters),
        ROUND_TEST(the_client_draws),
        ROUND_TEST(the_client_draws_with_the_newer_ones),
        ROUND_TEST(the_client_delivers_what_was_filtered),
        ROUND_TEST(what_cannot_be_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
