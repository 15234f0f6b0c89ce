/* SPDX-License-Identifier: MIT */
/* The sandbox as Prodia, by its API of jobs and by the one before: what each takes and how it says no; and what the library makes of
 * both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

#define BASE   apipie_sandbox_backend_url(talk_box, "prodia")
#define BASE1  apipie_sandbox_backend_url(talk_box, "prodia-v1")
#define KEY1   "X-Prodia-Key: sk-pie-sandbox"
#define DRAWS  "inference.sdxl.txt2img.v1"
#define STARTS "inference.flux.dev.img2img.v1"
#define FILLS  "inference.sdxl.inpainting.v1"
#define XL     "dreamshaperXL10_alpha2.safetensors [c8afe2ef]"
#define OLD    "v1-5-pruned-emaonly.safetensors [d7049739]"
#define SMALL1 "\"model\":\"" OLD "\",\"prompt\":\"a lake\",\"width\":64,\"height\":80"
#define CONFIG "\"prompt\":\"a lake\",\"width\":256,\"height\":320"
#define JOB    "{\"type\":\"" DRAWS "\",\"config\":{" CONFIG "}}"

static const struct round jobs = {.wire = "prodia", .model = DRAWS, .width = 256, .height = 320};
static const struct round before = {.wire = "prodia-v1", .model = XL, .width = 64, .height = 80};

static struct talk ask(const char *path, const char *accept, const char *body)
{
    return talk(BASE, path, body, TALK_KEY, accept);
}

static struct talk ask1(const char *path, const char *body)
{
    return talk(BASE1, path, body, KEY1, NULL);
}

/* ---- jobs */

static void accept_says_what_comes(void **state)
{
    (void)state;
    struct talk t = ask("/job", "Accept: image/png", JOB);
    assert_int_equal(t.status, 200);
    assert_non_null(strstr(t.head, "Content-Type: image/png\r\n"));
    assert_true(talk_is_png(t.body, t.n, 256, 320));
    talk_end(&t);
    t = ask("/job?price=true", "Accept: application/json", JOB);
    assert_string_equal(talk_text(&t, "type"), DRAWS);
    assert_string_equal(talk_text(&t, "state.current"), "completed");
    assert_string_equal(talk_text(&t, "config.prompt"), "a lake");
    assert_true(json_is_integer(talk_at(&t, "config.seed")));
    assert_true(json_number_value(talk_at(&t, "price.dollars")) == 0.004);
    assert_true(json_number_value(talk_at(&t, "metrics.elapsed")) == 2.6);
    assert_int_equal(strlen(talk_text(&t, "created_at")), 24);
    talk_end(&t);
    t = ask("/job", "Accept: application/json", JOB);
    assert_true(json_is_null(talk_at(&t, "price")));
    talk_end(&t);
    t = ask("/job", "Accept: multipart/form-data; image/png", JOB);
    assert_non_null(strstr(t.head, "Content-Type: multipart/form-data; boundary="));
    assert_non_null(strstr(t.body, "name=\"job\"; filename=\"job.json\"\r\n"));
    const char *end = "\x82\r\n------prodia-9f4c1d6b7a2e48d0b35f--\r\n";
    assert_memory_equal(t.body + t.n - strlen(end), end, strlen(end));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 4);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), INT64_C(16000000000));
}

/* The message of a job, or of a refusal. */
static void expect(struct talk *t, long status, const char *says)
{
    assert_int_equal(t->code, CURLE_OK);
    if (t->status != status || strstr(t->body, says) == NULL)
        print_message("%ld %s\n", t->status, t->body);
    assert_int_equal(t->status, status);
    assert_non_null(strstr(t->body, says));
    talk_end(t);
}

#define OF(type, config) "{\"type\":\"" type "\",\"config\":{" config "}}"

static void refuses_what_it_does_not_know(void **state)
{
    static const char *const rows[][2] = {
        {"{\"config\":{}}", "'type'"},
        {"{\"type\":\"" DRAWS "\"}", "'config'"},
        {"{\"type\":7,\"config\":{}}", "'type' has the wrong type"},
        {"{\"type\":\"" DRAWS "\",\"config\":{" CONFIG "},\"price\":true}", "'price' is not known"},
        {OF("sd_xl_base_1.0", CONFIG), "no type of a job"},
        {OF(DRAWS, ""), "'prompt' is required"},
        {OF(DRAWS, "\"prompt\":\"\""), "'prompt' is below"},
        {OF(DRAWS, CONFIG ",\"n\":2"), "'n' is not known"},
        {OF(DRAWS, CONFIG ",\"cfg_scale\":7"), "'cfg_scale' is not known"},
        {OF(DRAWS, CONFIG ",\"strength\":0.5"), "'strength' is not known"},
        {OF(DRAWS, CONFIG ",\"loras\":[]"), "'loras' is not known"},
        {OF(DRAWS, CONFIG ",\"steps\":101"), "'steps' is above"},
        {OF(DRAWS, CONFIG ",\"steps\":1.5"), "'steps' has the wrong type"},
        {OF(DRAWS, CONFIG ",\"seed\":-1"), "'seed'"},
        {OF(DRAWS, CONFIG ",\"seed\":\"7\""), "'seed' has the wrong type"},
        {OF(DRAWS, CONFIG ",\"seed\":null"), "'seed' has the wrong type"},
        {OF(DRAWS, CONFIG ",\"style_preset\":\"baroque\""), "'style_preset' has an unknown value"},
        {OF(DRAWS, "\"prompt\":\"a\",\"width\":255"), "'width' is below"},
        {OF(DRAWS, "\"prompt\":\"a\",\"height\":1921"), "'height' is above"},
        {OF("inference.flux.schnell.txt2img.v2", CONFIG ",\"steps\":5"), "'steps' is above"},
        {OF("inference.flux.schnell.txt2img.v2", CONFIG ",\"negative_prompt\":\"a\""),
         "'negative_prompt' is not known"},
        {OF("inference.flux.schnell.txt2img.v2", CONFIG ",\"loras\":[\"a\",\"b\",\"c\",\"d\"]"),
         "'loras' is above"},
        {OF("inference.flux.schnell.txt2img.v2", CONFIG ",\"loras\":[7]"), "'loras'"},
        {OF(STARTS, CONFIG), "needs an 'input'"},
        {"[]", "no JSON object"},
        {"{", "no JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask("/job", "Accept: image/png", rows[i][0]);
        assert_true(json_is_string(talk_at(&t, "error")));
        expect(&t, 400, rows[i][1]);
    }
    struct talk t = ask("/job", "Accept: image/jpeg", JOB);
    expect(&t, 400, "not in the sandbox");
    t = ask("/job", "Accept: video/mp4", JOB);
    expect(&t, 400, "not in the sandbox");
    t = ask("/job", "Accept: multipart/form-data", "{");
    assert_non_null(strstr(t.head, "Content-Type: multipart/form-data; boundary="));
    expect(&t, 400, "\r\n\r\n{\"error\":\"The job is no JSON.\"}\r\n--");
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static struct talk form(const struct talk_part *parts, size_t count)
{
    return talk_form(BASE, "/job", parts, count, TALK_KEY);
}

static void forms_are_read_strictly(void **state)
{
    size_t n = 0, mask_n = 0, large_n = 0;
    unsigned char *picture = talk_png(300, 280, 0, 1, &n),
                  *mask = talk_png(300, 280, 0, 2, &mask_n);
    unsigned char *large = talk_png(1921, 64, 0, 2, &large_n);
    const char start[] = OF(STARTS, "\"prompt\":\"a lake\"");
    const char fill[] = OF(FILLS, "\"prompt\":\"a lake\",\"strength\":0.4");
    const struct talk_part job = {"job", "job.json", "application/json", start, strlen(start)};
    const struct talk_part two = {"job", "job.json", "application/json", fill, strlen(fill)};
    const struct talk_part input = {"input", "a.png", "image/png", picture, n};
    const struct talk_part other = {"input", "b.png", "image/png", mask, mask_n};
    const struct talk_part same = {"input", "a.png", "image/png", mask, mask_n};
    const struct talk_part text = {"input", NULL, NULL, "a", 1};
    const struct talk_part bare = {"job", NULL, NULL, start, strlen(start)};
    const struct talk_part extra = {"note", "c.png", "image/png", mask, mask_n};
    const struct talk_part none = {"input", "a.png", "image/png", "no picture", 10};
    const struct talk_part huge = {"input", "a.png", "image/png", large, large_n};
    const struct {
        struct talk_part parts[3];
        size_t count;
        const char *says;
    } rows[] = {
        {{input}, 1, "one part called 'job'"},
        {{job, job, input}, 3, "one part called 'job'"},
        {{bare, input}, 2, "file of application/json"},
        {{job}, 1, "needs an 'input'"},
        {{job, input, other}, 3, "another number"},
        {{job, text}, 2, "files called 'input'"},
        {{job, extra}, 2, "files called 'input'"},
        {{two, input, same}, 3, "file name of its own"},
        {{two, input}, 2, "another number"},
        {{job, none}, 2, "read as a picture"},
        {{job, huge}, 2, "1920x1920"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = form(rows[i].parts, rows[i].count);
        expect(&t, 400, rows[i].says);
    }
    struct talk t = form((const struct talk_part[]){job, input}, 2);
    assert_true(talk_is_png(t.body, t.n, 300, 280)); /* as the picture that it starts from */
    talk_end(&t);
    t = form((const struct talk_part[]){two, input, other}, 3);
    assert_true(talk_is_png(t.body, t.n, 300, 280));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 1);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES), mask_n);
    t = talk_raw(BASE, "/job", "--B--", 5, "multipart/form-data; boundary=B", TALK_KEY);
    expect(&t, 400, "'job'");
    t = talk_raw(BASE, "/job", JOB, strlen(JOB), "text/plain", TALK_KEY);
    expect(&t, 400, "application/json or multipart");
    free(picture);
    free(mask);
    free(large);
}

static void asks_for_the_token(void **state)
{
    (void)state;
    struct talk t = talk(BASE, "/job", JOB, NULL, NULL);
    assert_string_equal(t.body, "token is invalid");
    expect(&t, 401, "token is invalid");
    t = talk(BASE, "/job", JOB, "Authorization: Bearer sk-other", NULL);
    expect(&t, 401, "token is invalid");
    t = talk(BASE, "/job", JOB, KEY1, NULL);
    expect(&t, 401, "token is invalid");
    t = talk(BASE, "/job", NULL, TALK_KEY, NULL);
    expect(&t, 405, "Method");
    t = talk(BASE, "/jobs", JOB, TALK_KEY, NULL);
    expect(&t, 404, "Not found");
}

static void fails_on_demand(void **state)
{
    static const struct {
        const char *fault;
        long status;
        const char *says;
    } rows[] = {
        {"quota", 402, "Insufficient credits"},
        {"status:429", 429, "Too many requests"},
        {"status:503", 503, "overloaded"},
        {"content", 400, "safety system"},
        {"error200", 200, "{\"error\":"},
        {"jobfail", 200, "\"state\":{\"current\":\"failed\"},\"error\":\"the worker was lost\""},
        {"noimage", 200, "\"completed\""},
        {"coststring", 200, "\"dollars\":\"0.004000\""},
        {"nousage", 200, "\"price\":null"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(apipie_sandbox_set_fault(talk_box, rows[i].fault, 1), APIPIE_OK);
        struct talk t = ask("/job?price=true", "Accept: application/json", JOB);
        expect(&t, rows[i].status, rows[i].says);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 3);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "prodia", DRAWS, "quota"), APIPIE_OK);
    struct talk t = ask("/job", "Accept: application/json", JOB);
    expect(&t, 402, "credits");
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "prodia", DRAWS, ""), APIPIE_OK);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    t = ask("/job", "Accept: application/json", JOB);
    talk_end(&t);
    t = ask("/job", "Accept: application/json", JOB);
    assert_non_null(strstr(t.head, "Retry-After: 60\r\n"));
    assert_null(strstr(t.head, "ratelimit"));
    expect(&t, 429, "Too many requests");
}

/* ---- the API before */

static void draws_by_a_job(void **state)
{
    char path[80] = "/job/";
    (void)state;
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 300), APIPIE_OK);
    struct talk t = ask1("/sd/generate", "{" SMALL1 ",\"seed\":7,\"steps\":30,\"cfg_scale\":7,"
                                         "\"negative_prompt\":\"fog\",\"sampler\":\"Euler a\","
                                         "\"upscale\":false,\"aspect_ratio\":\"portrait\"}");
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "status"), "queued");
    assert_null(talk_at(&t, "imageUrl"));
    strcat(path, talk_text(&t, "job"));
    talk_end(&t);
    t = ask1(path, NULL);
    assert_string_equal(talk_text(&t, "status"), "generating");
    assert_null(talk_at(&t, "imageUrl"));
    int64_t until = talk_now_ms() + 10000;
    while (strcmp(talk_text(&t, "status"), "succeeded") != 0 && talk_now_ms() < until) {
        talk_end(&t);
        t = ask1(path, NULL);
    }
    assert_int_equal(json_integer_value(talk_at(&t, "params.seed")), 7);
    assert_string_equal(talk_text(&t, "params.model"), OLD);
    struct talk picture = talk_fetch(&t, "imageUrl");
    assert_true(talk_is_png(picture.body, picture.n, 64, 80));
    talk_end(&picture);
    talk_end(&t);
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_POLLS) >= 2);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 30);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    t = ask1("/job/0123456789abcdef", NULL);
    expect(&t, 404, "Job not found");
    apipie_sandbox_set_drawing_time(talk_box, 0);
    for (int32_t i = 0; i < 70; i++) { /* only the latest ones are kept */
        t = ask1("/sd/generate", "{" SMALL1 "}");
        assert_int_equal(t.status, 200);
        talk_end(&t);
    }
    t = ask1(path, NULL);
    expect(&t, 404, "Job not found");
}

static void refuses_what_it_did_not_know_before(void **state)
{
    static const char *const rows[][3] = {
        {"/sd/generate", "{\"model\":\"" OLD "\"}", "prompt"},
        {"/sd/generate", "{\"model\":\"" XL "\",\"prompt\":\"a\"}", "Invalid model"},
        {"/sdxl/generate", "{\"model\":\"" OLD "\",\"prompt\":\"a\"}", "Invalid model"},
        {"/sd/generate", "{\"model\":\"v1-5-pruned-emaonly\",\"prompt\":\"a\"}", "Invalid model"},
        {"/sd/generate", "{" SMALL1 ",\"n\":2}", "parameter: n"},
        {"/sd/generate", "{" SMALL1 ",\"steps\":51}", "parameter: steps"},
        {"/sd/generate", "{" SMALL1 ",\"seed\":-2}", "seed"},
        {"/sd/generate", "{" SMALL1 ",\"seed\":\"7\"}", "seed"},
        {"/sd/generate", "{" SMALL1 ",\"sampler\":\"Dice\"}", "sampler"},
        {"/sd/generate", "{" SMALL1 ",\"aspect_ratio\":\"16:9\"}", "aspect_ratio"},
        {"/sd/generate", "{\"prompt\":\"a\",\"width\":1025}", "width"},
        {"/sd/generate", "{" SMALL1 ",\"imageUrl\":\"https://x/y\"}", "imageUrl"},
        {"/sd/transform", "{" SMALL1 "}", "imageUrl"},
        {"/sd/transform", "{" SMALL1 ",\"imageUrl\":\"https://x/y\",\"imageData\":\"AA==\"}",
         "imageUrl"},
        {"/sd/transform", "{" SMALL1 ",\"imageData\":\"AAAA\"}", "picture: imageData"},
        {"/sd/transform", "{" SMALL1 ",\"imageUrl\":\"ftp://x/y\"}", "picture: imageUrl"},
        {"/sd/transform", "{" SMALL1 ",\"imageUrl\":\"https://x/y\",\"maskUrl\":\"https://x/z\"}",
         "maskUrl"},
        {"/sd/inpainting", "{" SMALL1 ",\"imageUrl\":\"https://x/y\"}", "maskUrl"},
        {"/sd/inpainting",
         "{" SMALL1 ",\"imageUrl\":\"https://x/y\",\"maskUrl\":\"https://x/z\","
         "\"inpainting_full_res\":true}",
         "inpainting_full_res"},
        {"/sd/generate", "[]", "JSON"},
        {"/sd/generate", "{", "JSON"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct talk t = ask1(rows[i][0], rows[i][1]);
        expect(&t, 400, rows[i][2]);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
    struct talk t = ask1("/sd/inpainting", "{" SMALL1 ",\"imageUrl\":\"https://x/y\",\"maskUrl\":"
                                           "\"https://x/z\",\"mask_blur\":4}");
    expect(&t, 200, "queued");
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES), 11);
}

static void asks_for_the_key(void **state)
{
    static const char *const paths[] = {"/sd/models", "/sdxl/models", "/sd/samplers", "/job/1"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct talk t = talk(BASE1, paths[i], NULL, TALK_KEY, NULL);
        expect(&t, 401, "Invalid API key");
    }
    struct talk t = talk(BASE1, "/sd/generate", "{" SMALL1 "}", NULL, NULL);
    expect(&t, 401, "Invalid API key");
    t = ask1("/sd/generate", NULL);
    expect(&t, 405, "Method");
    t = ask1("/sd/controlnet", "{}");
    expect(&t, 404, "Not Found");
}

static void lists_its_checkpoints(void **state)
{
    (void)state;
    struct talk t = ask1("/sd/models", NULL);
    assert_int_equal(json_array_size(t.json), 6);
    assert_string_equal(talk_text(&t, "0"), OLD);
    talk_end(&t);
    t = ask1("/sdxl/models", NULL);
    assert_int_equal(json_array_size(t.json), 6);
    assert_string_equal(talk_text(&t, "2"), XL);
    talk_end(&t);
    t = ask1("/sd/samplers", NULL);
    assert_string_equal(talk_text(&t, "0"), "DPM++ 2M Karras");
    talk_end(&t);
}

/* ---- the client */

static void the_client_draws(void **state)
{
    (void)state;
    round_begin(&jobs);
    apipie_request *q = round_fresh(&jobs, APIPIE_REQUEST_IMAGE);
    apipie_request_set_extra(q, "style_preset", "\"anime\"");
    apipie_request_set_output_format(q, "png");
    const apipie_result *r = round_need(APIPIE_OK);
    assert_int_equal(apipie_result_cost(r), INT64_C(4000000000));
    assert_int_equal(apipie_result_latency(r), 2600);
    q = round_fresh(&jobs, APIPIE_REQUEST_IMAGE);
    apipie_request_set_output_format(q, "webp"); /* is sent, and not in the sandbox */
    round_need(APIPIE_E_PARAMETER);
}

static void the_client_knows_what_went_wrong(void **state)
{
    (void)state;
    round_begin(&jobs);
    apipie_request *q = round_fresh(&jobs, APIPIE_REQUEST_IMAGE);
    apipie_request_set_extra(q, "cfg_scale", "7");
    round_need(APIPIE_E_PARAMETER);
    assert_non_null(
        strstr(apipie_error_message(apipie_request_error(round_request)), "'cfg_scale'"));
    round_fresh(&jobs, APIPIE_REQUEST_IMAGE);
    apipie_sandbox_set_fault(talk_box, "jobfail", 1);
    round_need(APIPIE_E_SERVER);
}

static void what_cannot_be_is_not_sent(void **state)
{
    (void)state;
    round_begin(&jobs);
    apipie_request *q = round_fresh(&jobs, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "sd_xl_base_1.0");
    round_need(APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 0);
    q = round_fresh(&jobs, APIPIE_REQUEST_IMAGE); /* what is sent and is not there */
    apipie_request_set_model(q, "inference.sdxl.txt2img.v9");
    round_need(APIPIE_E_PARAMETER);
}

static void the_client_draws_as_before(void **state)
{
    (void)state;
    round_begin(&before);
    apipie_request *q = round_fresh(&before, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "sdv1_4"); /* of the other list, by its bare name */
    apipie_request_set_aspect_ratio(q, "landscape");
    assert_string_equal(apipie_result_model(round_need(APIPIE_OK)), "sdv1_4.ckpt [7460a6fa]");
    q = round_fresh(&before, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "sdv1_5");
    round_need(APIPIE_E_NOT_FOUND);
    assert_non_null(strstr(apipie_error_message(apipie_request_error(round_request)), XL));
}

static void the_client_sends_pictures_as_before(void **state)
{
    size_t n = 0;
    unsigned char *picture = talk_png(64, 80, 0, 1, &n);
    (void)state;
    round_begin(&before);
    apipie_request *q = round_fresh(&before, APIPIE_REQUEST_IMAGE);
    apipie_request_set_image_bytes(q, picture, n);
    round_need(APIPIE_OK);
    q = round_fresh(&before, APIPIE_REQUEST_EDIT);
    apipie_request_set_image_url(q, "https://example.com/lake.png");
    round_need(APIPIE_OK);
    free(picture);
}

static void the_client_knew_what_went_wrong(void **state)
{
    static const struct {
        const char *fault;
        apipie_status want;
    } rows[] = {
        {"jobfail", APIPIE_E_SERVER},    {"queuefull", APIPIE_E_RATE_LIMITED},
        {"expired", APIPIE_E_NOT_FOUND}, {"dataurl", APIPIE_OK},
        {"relurl", APIPIE_OK},           {"url404", APIPIE_OK},
    };
    (void)state;
    round_begin(&before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        round_fresh(&before, APIPIE_REQUEST_IMAGE);
        apipie_sandbox_set_fault(talk_box, rows[i].fault, 1);
        round_need(rows[i].want);
    }
}

static void the_client_lists_models(void **state)
{
    (void)state;
    round_begin(&before);
    for (int32_t xl = 0; xl < 2; xl++) {
        apipie_request_unref(round_request);
        round_request = apipie_request_new(round_client, APIPIE_REQUEST_MODELS);
        apipie_request_set_backend(round_request, "prodia-v1");
        if (xl)
            apipie_request_set_filter(round_request, "subtype", "sdxl");
        round_need(APIPIE_OK);
        apipie_catalog *list = apipie_request_catalog(round_request);
        assert_int_equal(apipie_catalog_count(list), 6);
        assert_true(
            apipie_catalog_find(list, "prodia-v1", xl ? "sd_xl_base_1.0" : "dreamshaper_8") >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accept_says_what_comes),
        TEST(refuses_what_it_does_not_know),
        TEST(forms_are_read_strictly),
        TEST(asks_for_the_token),
        TEST(fails_on_demand),
        TEST(draws_by_a_job),
        TEST(refuses_what_it_did_not_know_before),
        TEST(asks_for_the_key),
        TEST(lists_its_checkpoints),
        ROUND_TEST(the_client_draws),
        ROUND_TEST(the_client_knows_what_went_wrong),
        ROUND_TEST(what_cannot_be_is_not_sent),
        ROUND_TEST(the_client_draws_as_before),
        ROUND_TEST(the_client_sends_pictures_as_before),
        ROUND_TEST(the_client_knew_what_went_wrong),
        ROUND_TEST(the_client_lists_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
