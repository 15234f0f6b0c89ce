/* SPDX-License-Identifier: MIT */
/* The sandbox as Stability's platform: what its routes and engines take, and how they say no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define BASE    apipie_sandbox_backend_url(talk_box, "stability")
#define XL      "stable-diffusion-xl-1024-v1-0"
#define V16     "stable-diffusion-v1-6"
#define V2      "/v2beta/stable-image/"
#define V1      "/v1/generation/"
#define CORE    V2 "generate/core"
#define SD3     V2 "generate/sd3"
#define ULTRA   V2 "generate/ultra"
#define INPAINT V2 "edit/inpaint"
#define WORDS   "\"text_prompts\":[{\"text\":\"a lake\"},{\"text\":\"fog\",\"weight\":-1}]"

/* "prompt=a lake|seed=7|@image|!mask": fields of a form; '@' a picture of 64x80, '!' one of 64x64, '?' none that is one. */
static struct talk post(const char *path, const char *fields, const char *header)
{
    char text[4096], *at = text;
    struct talk_part parts[32];
    size_t count = 0, n[2] = {0, 0};
    unsigned char *png[2] = {talk_png(64, 80, 0, 3, &n[0]), talk_png(64, 64, 0, 3, &n[1])};
    memset(parts, 0, sizeof parts);
    strcpy(text, fields);
    for (char *field = strtok(at, "|"); field != NULL; field = strtok(NULL, "|"), count++) {
        struct talk_part *part = &parts[count];
        char *value = strchr(field, '=');
        if (field[0] == '@' || field[0] == '!' || field[0] == '?') {
            part->name = field + 1;
            part->file = "a.png";
            part->type = "image/png";
            part->p = field[0] == '?' ? (const void *)"no picture" : png[field[0] == '!'];
            part->n = field[0] == '?' ? 10 : n[field[0] == '!'];
            continue;
        }
        *value = '\0';
        part->name = field;
        part->p = value + 1;
        part->n = strlen(value + 1);
    }
    struct talk t = talk_form_with(BASE, path, parts, count, TALK_KEY, header);
    free(png[0]);
    free(png[1]);
    return t;
}

static struct talk ask(const char *path, const char *json, const char *header)
{
    return talk(BASE, path, json, TALK_KEY, header);
}

/* {"id","name"} and the words, as a list or as one text. */
static void expect(struct talk *t, long status, const char *name, const char *says)
{
    const char *words = talk_text(t, "errors.0");
    if (words[0] == '\0')
        words = talk_text(t, "message");
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "name"), name);
    assert_int_equal(strlen(talk_text(t, "id")), 32);
    assert_int_equal(json_object_size(t->json), 3);
    if (strstr(words, says) == NULL)
        fail_msg("%s is not in: %s", says, words);
    talk_end(t);
}

/* ---- v2beta */

static void draws_what_a_form_asks_for(void **state)
{
    struct talk t = post(CORE,
                         "prompt=a lake|negative_prompt=fog|aspect_ratio=16:9|seed=7|"
                         "output_format=png|style_preset=anime",
                         NULL);
    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_is_png(t.body, t.n, 1344, 768));
    assert_non_null(strstr(t.head, "finish-reason: SUCCESS\r\n"));
    assert_non_null(strstr(t.head, "seed: 7\r\n"));
    assert_non_null(strstr(t.head, "x-request-id: "));
    assert_non_null(strstr(t.head, "Content-Type: image/png\r\n"));
    talk_end(&t);
    t = post(CORE, "prompt=a lake", "Accept: application/json");
    assert_int_equal(t.status, 200);
    assert_non_null(strstr(t.head, "Content-Type: application/json; type=image/png\r\n"));
    assert_true(talk_holds_png(&t, "image", 1024, 1024));
    assert_string_equal(talk_text(&t, "finish_reason"), "SUCCESS");
    assert_true(json_integer_value(talk_at(&t, "seed")) > 0);
    assert_null(strstr(t.head, "finish-reason"));
    talk_end(&t);
    t = post(SD3,
             "prompt=a lake|model=sd3.5-medium|mode=image-to-image|strength=0.5|cfg_scale=4|"
             "@image",
             "Accept: image/*");
    assert_true(talk_is_png(t.body, t.n, 64, 80));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 1);
    t = post(V2 "upscale/fast", "@image", NULL);
    assert_true(talk_is_png(t.body, t.n, 256, 320));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 4);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), INT64_C(115000000000));
}

static void refuses_what_a_route_does_not_take(void **state)
{
    static const struct {
        const char *path, *fields;
        long status;
        const char *says;
    } rows[] = {
        {CORE, "seed=7", 400, "prompt: is required"},
        {CORE, "prompt=", 400, "prompt: "},
        {CORE, "prompt=a|prompt=b", 400, "prompt: is there twice"},
        {CORE, "prompt=a|size=1024x1024", 400, "size: is not allowed"},
        {CORE, "prompt=a|samples=2", 400, "samples: is not allowed"},
        {CORE, "prompt=a|aspect_ratio=4:3", 400, "aspect_ratio: "},
        {CORE, "prompt=a|seed=4294967295", 400, "seed: is above"},
        {CORE, "prompt=a|seed=-1", 400, "seed: is below"},
        {CORE, "prompt=a|seed=7.5", 400, "seed: has the wrong type"},
        {CORE, "prompt=a|seed=x", 400, "seed: has the wrong type"},
        {CORE, "prompt=a|output_format=gif", 400, "output_format: "},
        {CORE, "prompt=a|output_format=webp", 400, "not in the sandbox"},
        {CORE, "prompt=a|style_preset=oil", 400, "style_preset: "},
        {CORE, "prompt=a|cfg_scale=7", 400, "cfg_scale: is not allowed"},
        {CORE, "prompt=a|@image", 400, "image: is not allowed"},
        {CORE, "@prompt", 400, "prompt: has the wrong type"},
        {ULTRA, "prompt=a|style_preset=anime", 400, "style_preset: is not allowed"},
        {SD3, "prompt=a|style_preset=anime", 400, "style_preset: is not allowed"},
        {ULTRA, "prompt=a|@image", 400, "strength: is required"},
        {ULTRA, "prompt=a|strength=0.5", 400, "strength: needs an image"},
        {ULTRA, "prompt=a|strength=1.5|@image", 400, "strength: is above"},
        {ULTRA, "prompt=a|strength=0.5|image=x", 400, "image: has the wrong type"},
        {ULTRA, "prompt=a|strength=0.5|?image", 400, "image: must be a JPEG"},
        {SD3, "prompt=a|model=sd4", 400, "model: "},
        {SD3, "prompt=a|output_format=webp", 400, "output_format: is none"},
        {SD3, "prompt=a|strength=0.5|@image", 400, "image: is only allowed"},
        {SD3, "prompt=a|mode=image-to-image", 400, "mode: "},
        {SD3, "prompt=a|mode=image-to-image|strength=0.5|aspect_ratio=1:1|@image", 400,
         "aspect_ratio: "},
        {SD3, "prompt=a|model=sd3.5-large-turbo|negative_prompt=b", 400, "negative_prompt: "},
        {SD3, "prompt=a|cfg_scale=11", 400, "cfg_scale: is above"},
        {INPAINT, "prompt=a", 400, "image: is required"},
        {INPAINT, "prompt=a|@image|!mask", 400, "mask: must have the size"},
        {INPAINT, "prompt=a|@image|@mask|grow_mask=101", 400, "grow_mask: is above"},
        {INPAINT, "prompt=a|@image|strength=0.5", 400, "strength: is not allowed"},
        {V2 "edit/erase", "prompt=a|@image", 400, "prompt: is not allowed"},
        {V2 "edit/outpaint", "prompt=a|@image", 400, "left: one of"},
        {V2 "edit/outpaint", "prompt=a|@image|left=0", 400, "left: one of"},
        {V2 "edit/search-and-replace", "prompt=a|@image", 400, "search_prompt: is required"},
        {V2 "edit/search-and-recolor", "prompt=a|@image", 400, "select_prompt: is required"},
        {V2 "edit/remove-background", "@image|output_format=jpeg", 400, "output_format: is none"},
        {V2 "edit/remove-background", "@image|seed=7", 400, "seed: is not allowed"},
        {V2 "edit/replace-background-and-relight", "prompt=a|@image", 400, "prompt: is not"},
        {V2 "upscale/conservative", "@image", 400, "prompt: is required"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = post(rows[i].path, rows[i].fields, NULL);
        print_message("%s %s\n", rows[i].path, rows[i].fields);
        expect(&t, rows[i].status, "bad_request", rows[i].says);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

/* Every one of them is served when it is asked properly. */
static void has_all_edits(void **state)
{
    static const struct {
        const char *path, *fields;
    } rows[] = {
        {INPAINT, "prompt=a|negative_prompt=b|@image|@mask|grow_mask=5|seed=1"},
        {V2 "edit/erase", "@image|@mask|seed=1"},
        {V2 "edit/outpaint", "@image|left=100|down=20|creativity=0.5"},
        {V2 "edit/search-and-replace", "prompt=a|search_prompt=b|@image"},
        {V2 "edit/search-and-recolor", "prompt=a|select_prompt=b|@image"},
        {V2 "edit/remove-background", "@image"},
        {V2 "upscale/conservative", "prompt=a|@image|creativity=0.35"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = post(rows[i].path, rows[i].fields, NULL);
        assert_int_equal(t.status, 200);
        assert_non_null(strstr(t.head, "finish-reason: SUCCESS\r\n"));
        talk_end(&t);
    }
}

/* Always a form, also without a file. */
static void wants_forms(void **state)
{
    struct talk t = ask(CORE, "{\"prompt\":\"a lake\"}", NULL);
    (void)state;
    expect(&t, 400, "bad_request", "content-type: must be multipart/form-data");
    t = talk_raw(BASE, CORE, "prompt=a", 8, "application/x-www-form-urlencoded", TALK_KEY);
    expect(&t, 400, "bad_request", "content-type: must be multipart/form-data");
    t = talk_raw(BASE, CORE, "--b\r\nx", 6, "multipart/form-data; boundary=b", TALK_KEY);
    expect(&t, 400, "bad_request", "body: ");
    t = post(CORE, "prompt=a", "Accept: text/html");
    expect(&t, 400, "bad_request", "accept: must be");
    t = post(V2 "edit/nothing", "prompt=a", NULL);
    expect(&t, 404, "not_found", "no such route");
    char *large = calloc(1, 11 << 20);
    assert_non_null(large);
    const struct talk_part parts[] = {{"prompt", NULL, NULL, "a", 1},
                                      {"image", "a.png", "image/png", large, 11 << 20}};
    t = talk_form(BASE, INPAINT, parts, 2, TALK_KEY);
    free(large);
    expect(&t, 413, "payload_too_large", "10MiB");
}

static void asks_for_the_key(void **state)
{
    const struct talk_part part = {"prompt", NULL, NULL, "a", 1};
    struct talk t = talk_form(BASE, CORE, &part, 1, NULL);
    (void)state;
    expect(&t, 401, "unauthorized", "missing");
    t = talk_form(BASE, CORE, &part, 1, "Authorization: Bearer sk-other");
    expect(&t, 401, "unauthorized", "invalid key");
    t = talk(BASE, "/v1/engines/list", NULL, NULL, NULL);
    expect(&t, 401, "unauthorized", "missing");
    t = talk(BASE, CORE, NULL, TALK_KEY, NULL);
    expect(&t, 405, "method_not_allowed", "another method");
    t = talk(BASE, "/v1/user/nobody", NULL, TALK_KEY, NULL);
    expect(&t, 404, "not_found", "no such route");
}

/* ---- engines */

static void draws_with_engines(void **state)
{
    struct talk t = ask(V1 XL "/text-to-image",
                        "{" WORDS ",\"cfg_scale\":7.5,\"seed\":7,\"steps\":30,\"samples\":2,"
                        "\"width\":1152,\"height\":896,\"sampler\":\"K_EULER\","
                        "\"clip_guidance_preset\":\"NONE\",\"style_preset\":\"anime\"}",
                        NULL);
    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "artifacts.0.base64", 1152, 896));
    assert_true(talk_holds_png(&t, "artifacts.1.base64", 1152, 896));
    assert_int_equal(json_integer_value(talk_at(&t, "artifacts.0.seed")), 7);
    assert_int_equal(json_integer_value(talk_at(&t, "artifacts.1.seed")), 8);
    assert_string_equal(talk_text(&t, "artifacts.1.finishReason"), "SUCCESS");
    assert_null(talk_at(&t, "result"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 30);
    t = ask(V1 V16 "/text-to-image", "{" WORDS "}", "Accept: image/png");
    assert_true(talk_is_png(t.body, t.n, 512, 512));
    assert_non_null(strstr(t.head, "finish-reason: SUCCESS\r\n"));
    talk_end(&t);
    t = post(V1 XL "/image-to-image",
             "text_prompts[0][text]=a lake|text_prompts[0][weight]=1|text_prompts[1][text]=fog|"
             "text_prompts[1][weight]=-1|image_strength=0.35|samples=2|@init_image",
             NULL);
    assert_true(talk_holds_png(&t, "artifacts.1.base64", 64, 80));
    talk_end(&t);
    t = post(V1 XL "/image-to-image/masking",
             "text_prompts[0][text]=a lake|mask_source=MASK_IMAGE_WHITE|@init_image|@mask_image",
             NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES) > 0);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), INT64_C(12000000000)); /* of six */
}

static void refuses_what_an_engine_does_not_take(void **state)
{
    static const struct {
        const char *body;
        const char *name, *says;
    } rows[] = {
        {"{}", "bad_request", "text_prompts: is required"},
        {"{\"text_prompts\":[]}", "bad_request", "text_prompts"},
        {"{\"text_prompts\":[{\"weight\":1}]}", "bad_request", "text: is required"},
        {"{\"text_prompts\":[{\"text\":\"\"}]}", "bad_request", "text: "},
        {"{\"text_prompts\":[{\"text\":\"a\",\"wait\":1}]}", "bad_request", "wait: is not"},
        {"{\"prompt\":\"a\"," WORDS "}", "bad_request", "prompt: is not allowed"},
        {"{" WORDS ",\"cfg_scale\":36}", "bad_request", "cfg_scale: is above"},
        {"{" WORDS ",\"steps\":9}", "bad_request", "steps: is below"},
        {"{" WORDS ",\"samples\":11}", "invalid_samples", "samples: must be 1 to 10"},
        {"{" WORDS ",\"seed\":4294967296}", "bad_request", "seed: is above"},
        {"{" WORDS ",\"sampler\":\"Euler\"}", "bad_request", "sampler: "},
        {"{" WORDS ",\"init_image\":\"AAAA\"}", "bad_request", "init_image: is not allowed"},
        {"{" WORDS ",\"width\":512,\"height\":512}", "invalid_sdxl_v1_dimensions", "dimensions"},
        {"[]", "bad_request", "JSON object"},
        {"{", "bad_request", "no JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask(V1 XL "/text-to-image", rows[i].body, NULL);
        print_message("%s\n", rows[i].body);
        expect(&t, 400, rows[i].name, rows[i].says);
    }
    struct talk t = ask(V1 V16 "/text-to-image", "{" WORDS ",\"width\":500,\"height\":512}", NULL);
    expect(&t, 400, "invalid_height_or_width", "multiples of 64");
    t = ask(V1 V16 "/text-to-image", "{" WORDS ",\"width\":2048,\"height\":1024}", NULL);
    expect(&t, 400, "invalid_height_or_width", "pixels");
    t = ask(V1 XL "/text-to-image", "{" WORDS ",\"samples\":2}", "Accept: image/png");
    expect(&t, 400, "invalid_samples", "must be 1");
    t = ask(V1 "nobody/text-to-image", "{" WORDS "}", NULL);
    expect(&t, 404, "not_found", "engine was not found");
    t = ask(V1 "core/text-to-image", "{" WORDS "}", NULL);
    expect(&t, 404, "not_found", "engine was not found");
    t = ask(V1 XL "/nothing", "{" WORDS "}", NULL);
    expect(&t, 404, "not_found", "no such route");
}

static void refuses_what_an_engines_form_lacks(void **state)
{
    static const struct {
        const char *path, *fields, *says;
    } rows[] = {
        {"/image-to-image", "@init_image", "text_prompts: "},
        {"/image-to-image", "text_prompts[0][text]=a", "init_image: is required"},
        {"/image-to-image", "text_prompts[1][text]=a|@init_image", "counted from 0"},
        {"/image-to-image", "text_prompts[0][text]=a|text_prompts[1][weight]=1|@init_image",
         "counted from 0"},
        {"/image-to-image", "text_prompts[0][text]=a|text_prompts[0][weight]=x|@init_image",
         "weight is a number"},
        {"/image-to-image", "text_prompts[0][text]=a|width=1024|@init_image", "width: is not"},
        {"/image-to-image", "text_prompts[0][text]=a|image_strength=2|@init_image",
         "image_strength: is above"},
        {"/image-to-image", "text_prompts[0][text]=a|@init_image|@mask_image", "mask_image: is"},
        {"/image-to-image/masking", "text_prompts[0][text]=a|@init_image|@mask_image",
         "mask_source: is required"},
        {"/image-to-image/masking",
         "text_prompts[0][text]=a|mask_source=MASK_IMAGE_WHITE|@init_image", "mask_image: must"},
        {"/image-to-image/masking",
         "text_prompts[0][text]=a|mask_source=INIT_IMAGE_ALPHA|@init_image|@mask_image",
         "mask_image: must"},
        {"/image-to-image/masking",
         "text_prompts[0][text]=a|mask_source=INIT_IMAGE_ALPHA|image_strength=1|@init_image",
         "image_strength: is not"},
        {"/image-to-image/masking",
         "text_prompts[0][text]=a|mask_source=INIT_IMAGE_ALPHA|@init_image", "no alpha channel"},
        {"/image-to-image", "text_prompts[0][text]=a|init_image_mode=STEP_SCHEDULE|@init_image",
         "step_schedule_start: is required"},
        {"/image-to-image", "text_prompts[0][text]=a|step_schedule_end=0.5|@init_image",
         "step_schedule_end: goes with"},
        {"/image-to-image",
         "text_prompts[0][text]=a|init_image_mode=STEP_SCHEDULE|step_schedule_start=0.1|"
         "image_strength=0.5|@init_image",
         "image_strength: goes with"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, V1 XL "%s", rows[i].path);
        struct talk t = post(path, rows[i].fields, NULL);
        print_message("%s %s\n", rows[i].path, rows[i].fields);
        expect(&t, 400, "bad_request", rows[i].says);
    }
    struct talk t = ask(V1 XL "/image-to-image", "{" WORDS "}", NULL);
    expect(&t, 400, "bad_request", "content-type: must be multipart/form-data");
}

static void lists_its_engines(void **state)
{
    struct talk t = talk(BASE, "/v1/engines/list", NULL, TALK_KEY, NULL);
    (void)state;
    assert_true(json_is_array(t.json));
    assert_int_equal(json_array_size(t.json), 2);
    assert_string_equal(talk_text(&t, "0.id"), XL);
    assert_string_equal(talk_text(&t, "1.id"), V16);
    assert_string_equal(talk_text(&t, "1.type"), "PICTURE");
    talk_end(&t);
}

/* ---- trouble */

static void fails_on_demand(void **state)
{
    static const struct {
        const char *fault;
        long status;
        const char *name;
        long engine;
        const char *engine_name;
    } rows[] = {
        {"X-Sandbox-Fault: quota", 402, "payment_required", 429, "insufficient_balance"},
        {"X-Sandbox-Fault: content", 403, "content_moderation", 400, "invalid_prompts"},
        {"X-Sandbox-Fault: status:429", 429, "rate_limit_exceeded", 429, "rate_limit_exceeded"},
        {"X-Sandbox-Fault: status:500", 500, "internal_error", 500, "server_error"},
        {"X-Sandbox-Fault: queuefull", 429, "rate_limit_exceeded", 429, "rate_limit_exceeded"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = post(CORE, "prompt=a", rows[i].fault);
        expect(&t, rows[i].status, rows[i].name, "");
        t = ask(V1 V16 "/text-to-image", "{" WORDS "}", rows[i].fault);
        expect(&t, rows[i].engine, rows[i].engine_name, "");
    }
    struct talk t =
        ask(V1 V16 "/text-to-image", "{" WORDS ",\"samples\":2}", "X-Sandbox-Fault: onlyone");
    expect(&t, 400, "invalid_samples", "must be 1");
    t = post(CORE, "prompt=a", "X-Sandbox-Fault: error200");
    expect(&t, 200, "internal_error", "unexpected");
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "stability", "core", "quota"),
                     APIPIE_OK);
    t = post(CORE, "prompt=a", NULL);
    expect(&t, 402, "payment_required", "credits");
    t = post(ULTRA, "prompt=a", NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
}

/* A filtered picture is there, blurred, and was charged. */
static void filters_and_blurs(void **state)
{
    struct talk whole = post(CORE, "prompt=a|seed=7", NULL);
    struct talk t = post(CORE, "prompt=a|seed=7", "X-Sandbox-Fault: blurred");
    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_is_png(t.body, t.n, 1024, 1024));
    assert_true(t.n < whole.n / 4);
    assert_non_null(strstr(t.head, "finish-reason: CONTENT_FILTERED\r\n"));
    talk_end(&t);
    talk_end(&whole);
    t = ask(V1 V16 "/text-to-image", "{" WORDS "}", "X-Sandbox-Fault: blurred");
    assert_string_equal(talk_text(&t, "artifacts.0.finishReason"), "CONTENT_FILTERED");
    assert_true(talk_holds_png(&t, "artifacts.0.base64", 512, 512));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 3);
}

static void throttles_in_its_own_words(void **state)
{
    struct talk t;
    (void)state;
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    t = post(CORE, "prompt=a", NULL);
    assert_int_equal(t.status, 200);
    assert_null(strstr(t.head, "ratelimit"));
    talk_end(&t);
    t = post(CORE, "prompt=a", NULL);
    assert_null(strstr(t.head, "Retry-After"));
    assert_null(strstr(t.head, "retry-after-ms"));
    expect(&t, 429, "rate_limit_exceeded", "150 requests");
}

/* ---- jobs */

#define CREATIVE V2 "upscale/creative"

static void result_path(struct talk *t, char out[160])
{
    assert_int_equal(t->status, 200);
    assert_int_equal(json_object_size(t->json), 1);
    assert_int_equal(strlen(talk_text(t, "id")), 64);
    snprintf(out, 160, "/v2beta/results/%s", talk_text(t, "id"));
    talk_end(t);
}

static void draws_later(void **state)
{
    char path[160];
    struct talk t;
    (void)state;
    apipie_sandbox_set_drawing_time(talk_box, 300);
    t = post(CREATIVE, "prompt=a|@image|seed=5", "Accept: application/json");
    result_path(&t, path);
    t = ask(path, NULL, NULL);
    assert_int_equal(t.status, 202);
    assert_string_equal(talk_text(&t, "status"), "in-progress");
    assert_non_null(strstr(path, talk_text(&t, "id")));
    talk_end(&t);
    for (int64_t until = talk_now_ms() + 5000; talk_now_ms() < until;) {
        t = ask(path, NULL, "Accept: image/*");
        if (t.status != 202)
            break;
        talk_end(&t);
    }
    assert_true(talk_is_png(t.body, t.n, 256, 320));
    assert_non_null(strstr(t.head, "seed: 5\r\n"));
    talk_end(&t);
    t = ask(path, NULL, "Accept: application/json");
    assert_true(talk_holds_png(&t, "result", 256, 320));
    assert_string_equal(talk_text(&t, "finish_reason"), "SUCCESS");
    talk_end(&t);
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_POLLS) >= 3);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    apipie_sandbox_set_key(talk_box, "sk-another-key"); /* it is another one's then */
    t = talk(BASE, path, NULL, "Authorization: Bearer sk-another-key", NULL);
    expect(&t, 404, "not_found", "id: not found");
}

static void later_may_be_never(void **state)
{
    static const struct {
        const char *fault;
        long status;
        const char *name;
    } rows[] = {
        {"X-Sandbox-Fault: jobfail", 500, "internal_error"},
        {"X-Sandbox-Fault: expired", 404, "not_found"},
    };
    char path[160];
    struct talk t;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        t = post(V2 "edit/replace-background-and-relight",
                 "background_prompt=a|@subject_image|light_source_direction=left", rows[i].fault);
        result_path(&t, path);
        t = ask(path, NULL, NULL);
        expect(&t, rows[i].status, rows[i].name, "");
    }
    t = ask("/v2beta/results/0123", NULL, NULL);
    expect(&t, 404, "not_found", "id: not found");
    for (int i = 0; i < 70; i++) { /* the oldest are forgotten */
        t = post(CREATIVE, "prompt=a|@image", NULL);
        if (i == 0)
            result_path(&t, path);
        else
            talk_end(&t);
    }
    t = ask(path, NULL, NULL);
    expect(&t, 404, "not_found", "id: not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws_what_a_form_asks_for),
        TEST(refuses_what_a_route_does_not_take),
        TEST(has_all_edits),
        TEST(wants_forms),
        TEST(asks_for_the_key),
        TEST(draws_with_engines),
        TEST(refuses_what_an_engine_does_not_take),
        TEST(refuses_what_an_engines_form_lacks),
        TEST(lists_its_engines),
        TEST(fails_on_demand),
        TEST(filters_and_blurs),
        TEST(throttles_in_its_own_words),
        TEST(draws_later),
        TEST(later_may_be_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
