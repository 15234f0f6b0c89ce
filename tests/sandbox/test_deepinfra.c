/* SPDX-License-Identifier: MIT */
/* The sandbox as DeepInfra: native inference, edits as a form, the list; and what the library makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

#define BASE     apipie_sandbox_backend_url(talk_box, "deepinfra")
#define NATIVE   "/v1/inference/"
#define SDXL     "stability-ai/sdxl"
#define EDITS    "/v1/openai/images/edits"
#define EDITOR   "Qwen/Qwen-Image-Edit"
#define ASK      "\"prompt\":\"a lake\",\"width\":128,\"height\":128"
#define DATA_URI "data:image/png;base64,"

static const struct round sdxl = {.wire = "deepinfra", .model = SDXL, .width = 128, .height = 192};
static const struct round editor = {
    .wire = "deepinfra", .model = EDITOR, .width = 64, .height = 80};

static struct talk ask(const char *model, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, NATIVE "%s", model);
    return talk(BASE, path, body, "Authorization: bearer sk-pie-sandbox", NULL);
}

static struct talk ask_with(const char *body, const char *fault)
{
    return talk(BASE, NATIVE SDXL, body, TALK_KEY, fault);
}

/* The data: URI at that path. */
static int holds_png(const struct talk *t, const char *path, unsigned width, unsigned height)
{
    const char *text = talk_text(t, path);
    size_t n = 0;
    int good = strncmp(text, DATA_URI, strlen(DATA_URI)) == 0;
    unsigned char *png = talk_decode(text + (good ? strlen(DATA_URI) : 0), &n);
    good = good && talk_is_png(png, n, width, height);
    free(png);
    return good;
}

/* {"detail":{"error":...}} and nothing else. */
static void expect(struct talk *t, long status)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_int_equal(json_object_size(t->json), 1);
    assert_true(strlen(talk_text(t, "detail.error")) > 5);
    talk_end(t);
}

/* ---- the server by itself */

static void draws(void **state)
{
    struct talk t = ask(SDXL, "{" ASK ",\"num_images\":2,\"seed\":9223372036854775807,"
                              "\"negative_prompt\":\"fog\",\"num_inference_steps\":5,"
                              "\"guidance_scale\":7.5,\"scheduler\":\"DDIM\",\"strength\":null}");
    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(holds_png(&t, "images.0", 128, 128));
    assert_true(holds_png(&t, "images.1", 128, 128));
    assert_string_not_equal(talk_text(&t, "images.0"), talk_text(&t, "images.1"));
    assert_true(json_is_false(talk_at(&t, "nsfw_content_detected.1")));
    assert_true(json_integer_value(talk_at(&t, "seed")) == INT64_MAX);
    assert_true(strlen(talk_text(&t, "request_id")) > 10);
    assert_string_equal(talk_text(&t, "inference_status.status"), "succeeded");
    assert_true(json_integer_value(talk_at(&t, "inference_status.runtime_ms")) > 0);
    assert_true(json_real_value(talk_at(&t, "inference_status.cost")) > 0.0039);
    assert_true(json_is_null(talk_at(&t, "inference_status.tokens_input")));
    assert_null(strstr(t.head, "x-request-id"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), INT64_C(4000000000));
    t = ask(SDXL, "{" ASK ",\"seed\":18446744073709552000}"); /* 2^64, as their schema has it */
    assert_non_null(strstr(t.body, "\"seed\":18446744073709551615,"));
    talk_end(&t);
    t = ask("CompVis/stable-diffusion-v1-4", "{\"prompt\":\"a lake\"}");
    assert_true(holds_png(&t, "images.0", 512, 512));
    talk_end(&t);
    t = ask("black-forest-labs/FLUX-1.1-pro", "{\"prompt\":\"a lake\",\"aspect_ratio\":\"16:9\"}");
    struct talk picture = talk_fetch(&t, "image_url");
    assert_true(talk_is_png(picture.body, picture.n, 1024, 576));
    assert_string_equal(talk_text(&t, "status"), "ok");
    assert_null(talk_at(&t, "images"));
    talk_end(&picture);
    talk_end(&t);
}

/* {"detail":[{"loc":["body",NAME],"msg","type"}]} */
static void refuses_what_it_does_not_know(void **state)
{
    static const struct {
        const char *model, *body, *name, *type;
    } rows[] = {
        {SDXL, "{}", "prompt", "value_error.missing"},
        {SDXL, "{\"prompt\":7}", "prompt", "type_error.str"},
        {SDXL, "{" ASK ",\"size\":\"128x128\"}", "size", "value_error.extra"},
        {SDXL, "{" ASK ",\"n\":1}", "n", "value_error.extra"},
        {SDXL, "{\"prompt\":\"a\",\"width\":127}", "width", "value_error.number.not_ge"},
        {SDXL, "{\"prompt\":\"a\",\"height\":2049}", "height", "value_error.number.not_le"},
        {SDXL, "{\"prompt\":\"a\",\"height\":256.5}", "height", "type_error.integer"},
        {SDXL, "{" ASK ",\"num_images\":5}", "num_images", "value_error.number.not_le"},
        {SDXL, "{" ASK ",\"num_images\":0}", "num_images", "value_error.number.not_ge"},
        {SDXL, "{" ASK ",\"strength\":1.01}", "strength", "value_error.number.not_le"},
        {SDXL, "{" ASK ",\"guidance_scale\":\"much\"}", "guidance_scale", "type_error.float"},
        {SDXL, "{" ASK ",\"seed\":-1}", "seed", "value_error.number.not_ge"},
        {SDXL, "{" ASK ",\"seed\":18446744073709552001}", "seed", "value_error.number.not_le"},
        {SDXL, "{" ASK ",\"aspect_ratio\":\"1:1\"}", "aspect_ratio", "value_error.extra"},
        {SDXL, "{" ASK ",\"webhook\":\"https://x\"}", "webhook", "value_error.webhook"},
        {"runwayml/stable-diffusion-v1-5", "{\"prompt\":\"a\",\"width\":1088}", "width",
         "value_error.number.not_le"},
        {"runwayml/stable-diffusion-v1-5", "{" ASK ",\"image\":\"https://x/y\"}", "image",
         "value_error.extra"},
        {"black-forest-labs/FLUX-1.1-pro", "{" ASK "}", "width", "value_error.extra"},
        {"black-forest-labs/FLUX-1.1-pro", "{\"prompt\":\"a\",\"aspect_ratio\":\"7:5\"}",
         "aspect_ratio", "type_error.enum"},
        {SDXL, "[]", "", "type_error.dict"},
        {SDXL, "{", "", "value_error.jsondecode"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask(rows[i].model, rows[i].body);
        print_message("%s\n", rows[i].body);
        assert_int_equal(t.status, 422);
        assert_string_equal(talk_text(&t, "detail.0.loc.0"), "body");
        assert_string_equal(talk_text(&t, "detail.0.loc.1"), rows[i].name);
        assert_string_equal(talk_text(&t, "detail.0.type"), rows[i].type);
        assert_true(strlen(talk_text(&t, "detail.0.msg")) > 5);
        talk_end(&t);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void refuses_what_is_not_there(void **state)
{
    static const char *const models[] = {"sdxl", "stability-ai/sdxl/extra", EDITOR, "x/y"};
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        struct talk t = ask(models[i], "{" ASK "}");
        expect(&t, 404);
    }
    struct talk t = ask("", "{" ASK "}");
    assert_int_equal(t.status, 404);
    assert_string_equal(talk_text(&t, "detail"), "Not Found");
    talk_end(&t);
    t = talk(BASE, NATIVE SDXL, NULL, TALK_KEY, NULL);
    assert_int_equal(t.status, 405);
    assert_string_equal(talk_text(&t, "detail"), "Method Not Allowed");
    talk_end(&t);
    t = ask(SDXL, "{" ASK ",\"image\":\"data:image/png;base64,AAAA\"}");
    expect(&t, 400);
    t = talk(BASE, NATIVE SDXL, "{" ASK "}", NULL, NULL);
    expect(&t, 401);
    t = talk(BASE, NATIVE SDXL, "{" ASK "}", "Authorization: bearer sk-other", NULL);
    expect(&t, 401);
    t = talk(BASE, NATIVE SDXL, "{" ASK "}", "Authorization: sk-pie-sandbox", NULL);
    expect(&t, 401);
}

static void fails_on_demand(void **state)
{
    (void)state;
    struct talk t = ask_with("{" ASK "}", "X-Sandbox-Fault: quota");
    expect(&t, 402);
    t = ask_with("{" ASK "}", "X-Sandbox-Fault: status:429");
    assert_string_equal(talk_text(&t, "detail.error"), "Rate limited");
    expect(&t, 429);
    t = ask_with("{" ASK ",\"num_images\":2}", "X-Sandbox-Fault: content");
    assert_int_equal(t.status, 200);
    assert_true(json_is_true(talk_at(&t, "nsfw_content_detected.0")));
    assert_true(json_is_null(talk_at(&t, "images.0")));
    talk_end(&t);
    t = ask_with("{" ASK "}", "X-Sandbox-Fault: error200");
    assert_int_equal(t.status, 200);
    assert_true(json_is_null(talk_at(&t, "images")));
    assert_string_equal(talk_text(&t, "inference_status.status"), "failed");
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
    t = ask_with("{" ASK ",\"num_images\":2}", "X-Sandbox-Fault: noimage");
    assert_true(json_is_null(talk_at(&t, "images.0")));
    assert_string_equal(talk_text(&t, "images.1"), "");
    assert_non_null(talk_at(&t, "images.1"));
    talk_end(&t);
    t = ask_with("{" ASK "}", "X-Sandbox-Fault: urlin64;coststring");
    assert_memory_equal(talk_text(&t, "images.0"), "http://127.0.0.1:", 17);
    assert_string_equal(talk_text(&t, "inference_status.cost"), "0.002000");
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    t = ask(SDXL, "{" ASK "}");
    assert_null(strstr(t.head, "ratelimit"));
    talk_end(&t);
    t = ask(SDXL, "{" ASK "}");
    assert_null(strstr(t.head, "etry-"));
    expect(&t, 429);
}

static void lists_its_models(void **state)
{
    struct talk t = talk(BASE, "/models/list", NULL, NULL, NULL);
    (void)state;
    assert_int_equal(json_array_size(t.json), 8);
    assert_string_equal(talk_text(&t, "0.model_name"), SDXL);
    assert_string_equal(talk_text(&t, "0.type"), "text-to-image");
    assert_int_equal(json_integer_value(talk_at(&t, "3.pricing.default_width")), 512);
    assert_true(json_is_number(talk_at(&t, "0.pricing.cents_per_image_unit")));
    assert_true(json_is_number(talk_at(&t, "4.deprecated")));
    talk_end(&t);
    t = talk(BASE, "/models/list", NULL, "Authorization: bearer sk-other", NULL);
    expect(&t, 401);
}

/* ---- edits */

struct edit {
    struct talk_part parts[6];
    size_t count, bytes;
    unsigned char *picture, *mask;
};

static void edit_begin(struct edit *e)
{
    size_t mask_n = 0;
    memset(e, 0, sizeof *e);
    e->picture = talk_png(64, 64, 0, 1, &e->bytes);
    e->mask = talk_png(64, 64, 1, 2, &mask_n);
    const struct talk_part parts[] = {
        {"model", NULL, NULL, EDITOR, strlen(EDITOR)},
        {"prompt", NULL, NULL, "a lake", 6},
        {"image", "a.png", "image/png", e->picture, e->bytes},
        {"mask", "m.png", "image/png", e->mask, mask_n},
        {"image", "b.png", "image/png", e->picture, e->bytes},
    };
    memcpy(e->parts, parts, sizeof parts);
    e->count = 5;
}

static void edit_end(struct edit *e)
{
    free(e->picture);
    free(e->mask);
}

/* {"error":{"message"}} */
static void edit_refused(struct edit *e, long status)
{
    struct talk t = talk_form(BASE, EDITS, e->parts, e->count, TALK_KEY);
    assert_int_equal(t.status, status);
    assert_true(strlen(talk_text(&t, "error.message")) > 8);
    assert_int_equal(json_object_size(talk_at(&t, "error")), 1);
    talk_end(&t);
    edit_end(e);
    edit_begin(e);
}

static void edits(void **state)
{
    struct edit e;
    (void)state;
    edit_begin(&e);
    struct talk t = talk_form(BASE, EDITS, e.parts, e.count, TALK_KEY);
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "data.0.b64_json", 64, 64));
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 2);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), 2 * e.bytes);
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES) > 0);
    talk_end(&t);
    e.parts[0].p = SDXL, e.parts[0].n = strlen(SDXL);
    edit_refused(&e, 404);
    e.parts[1].name = "negative_prompt";
    edit_refused(&e, 422);
    e.parts[1].n = 0;
    edit_refused(&e, 422);
    e.parts[2].file = NULL; /* a text */
    edit_refused(&e, 422);
    e.parts[2].n -= 4; /* cut short */
    edit_refused(&e, 422);
    e.parts[4].name = "mask"; /* twice */
    edit_refused(&e, 422);
    e.parts[5] = (struct talk_part){"n", NULL, NULL, "11", 2}, e.count = 6;
    edit_refused(&e, 422);
    e.parts[5] = (struct talk_part){"size", NULL, NULL, "64", 2}, e.count = 6;
    edit_refused(&e, 422);
    e.parts[5] = (struct talk_part){"response_format", NULL, NULL, "url", 3}, e.count = 6;
    edit_refused(&e, 422);
    e.count = 2; /* no picture */
    edit_refused(&e, 422);
    edit_end(&e);
    t = talk(BASE, EDITS, "{}", TALK_KEY, NULL);
    assert_int_equal(t.status, 422);
    talk_end(&t);
    t = talk(BASE, EDITS, "{}", NULL, NULL);
    assert_int_equal(t.status, 401);
    assert_string_equal(talk_text(&t, "error.message"), "Not authenticated");
    talk_end(&t);
}

/* ---- the client */

static void the_client_draws(void **state)
{
    uint64_t seed = 0;
    (void)state;
    round_begin(&sdxl);
    apipie_request *q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    const apipie_result *r = round_need(APIPIE_OK);
    assert_true(apipie_result_cost(r) > 0);
    assert_int_equal(apipie_result_cost(r), apipie_sandbox_billed_cost(talk_box));
    assert_true(apipie_result_latency(r) > 0);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_seed(q, UINT64_MAX);
    round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_seed(apipie_request_result(q), 0, &seed), APIPIE_OK);
    assert_true(seed == UINT64_MAX);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE); /* the other shape, by url */
    apipie_request_unref(q);
    round_request = q = apipie_request_new(round_client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_backend(q, "deepinfra");
    apipie_request_set_model(q, "black-forest-labs/FLUX-1.1-pro");
    apipie_request_set_prompt(q, "a lake", APIPIE_NTS);
    apipie_request_set_aspect_ratio(q, "1:1");
    round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_width(apipie_request_result(q), 0), 1024);
}

static void the_client_sends_several_pictures(void **state)
{
    (void)state;
    round_begin(&sdxl);
    apipie_request *q = round_fresh(&editor, APIPIE_REQUEST_EDIT);
    size_t n = 0;
    unsigned char *picture = talk_png(64, 64, 0, 7, &n);
    assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
    assert_int_equal(apipie_request_add_image_bytes(q, picture, n), APIPIE_OK);
    apipie_request_set_n(q, 2);
    assert_int_equal(apipie_result_image_count(round_need(APIPIE_OK)), 2);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 2);
    free(picture);
}

static void what_cannot_be_is_not_sent(void **state)
{
    (void)state;
    round_begin(&sdxl);
    apipie_request *q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_size(q, 64, 64);
    round_need(APIPIE_E_UNSUPPORTED);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_n(q, 5);
    round_need(APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 0);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "stability-ai/sdxl-9");
    round_need(APIPIE_E_NOT_FOUND);
    q = round_fresh(&sdxl, APIPIE_REQUEST_IMAGE);
    apipie_request_set_extra(q, "size", "\"64x64\"");
    round_need(APIPIE_E_PARAMETER);
    assert_non_null(strstr(apipie_error_message(apipie_request_error(q)), "size: extra"));
}

static void the_client_lists_models(void **state)
{
    (void)state;
    round_begin(&sdxl);
    round_request = apipie_request_new(round_client, APIPIE_REQUEST_MODELS);
    apipie_request_set_backend(round_request, "deepinfra");
    apipie_request_set_filter(round_request, "type", "image");
    round_need(APIPIE_OK);
    apipie_catalog *list = apipie_request_catalog(round_request);
    assert_int_equal(apipie_catalog_count(list), 7);
    int64_t at = apipie_catalog_find(list, "deepinfra", SDXL);
    assert_true(at >= 0);
    assert_int_equal(apipie_catalog_number(list, (size_t)at, APIPIE_MODEL_PRICE),
                     INT64_C(4000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws),
        TEST(refuses_what_it_does_not_know),
        TEST(refuses_what_is_not_there),
        TEST(fails_on_demand),
        TEST(lists_its_models),
        TEST(edits),
        ROUND_TEST(the_client_draws),
        ROUND_TEST(the_client_sends_several_pictures),
        ROUND_TEST(what_cannot_be_is_not_sent),
        ROUND_TEST(the_client_lists_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
