/* SPDX-License-Identifier: MIT */
/* The sandbox as stable-diffusion.cpp's server: its jobs, its two other families, and how it says no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "talk.h"

#define BASE     apipie_sandbox_backend_url(talk_box, "sdcpp")
#define OPENAI   "/v1/images/generations"
#define EDITS    "/v1/images/edits"
#define SDAPI    "/sdapi/v1/txt2img"
#define JOBS     "/sdcpp/v1/img_gen"
#define LAKE     "\"prompt\":\"a lake\",\"size\":\"64x64\""
#define NATIVE   "\"prompt\":\"a lake\",\"width\":64,\"height\":64,\"seed\":7"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct talk ask(const char *path, const char *body)
{
    return talk(BASE, path, body, NULL, NULL);
}

static struct talk ask_fault(const char *path, const char *body, const char *fault)
{
    char header[128];

    snprintf(header, sizeof(header), "X-Sandbox-Fault: %s", fault);
    return talk(BASE, path, body, header, NULL);
}

/* An error is a string, and the connection ends with it. */
static void expect(struct talk *t, long status, const char *error)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error"), error);
    assert_non_null(strstr(t->head, "Connection: close"));
    assert_non_null(strstr(t->head, "Access-Control-Allow-Origin: *"));
    talk_end(t);
}

/* ---- the OpenAI family */

static void draws(void **state)
{
    struct talk t = ask(OPENAI, "{" LAKE ",\"n\":2,\"model\":\"x\",\"response_format\":\"url\","
                                "\"quality\":7,\"output_format\":\"png\"}");

    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "data.0.b64_json", 64, 64));
    assert_true(talk_holds_png(&t, "data.1.b64_json", 64, 64));
    assert_string_equal(talk_text(&t, "output_format"), "png");
    assert_true(json_is_integer(talk_at(&t, "created")));
    assert_null(talk_at(&t, "usage"));
    assert_null(strstr(t.head, "x-request-id"));
    assert_non_null(strstr(t.head, "Access-Control-Allow-Origin: *"));
    assert_null(strstr(t.head, "Connection: close"));
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SEED), 42);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 20);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 1);
}

/* What cannot be read of a size is passed over: 512x512. */
static void passes_over_bad_sizes(void **state)
{
    static const struct {
        const char *size;
        unsigned width, height;
    } cases[] = {{"64x64 or so", 64, 64}, {" 64x 72", 64, 72}, {"64", 512, 512},
                 {"axb", 512, 512},       {"64xb", 64, 512},   {"", 512, 512}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[128];
        struct talk t;

        snprintf(body, sizeof(body), "{\"prompt\":\"x\",\"size\":\"%s\",\"n\":-3}", cases[i].size);
        t = ask(OPENAI, body);
        assert_int_equal(json_array_size(talk_at(&t, "data")), 1);
        assert_true(talk_holds_png(&t, "data.0.b64_json", cases[i].width, cases[i].height));
        talk_end(&t);
    }
}

/* The block in the prompt; who types one first wins. */
static void reads_extra_args(void **state)
{
    struct talk plain = ask(OPENAI, "{" LAKE "}"), same, other, smuggled;

    (void)state;
    same = ask(OPENAI, "{\"prompt\":\"a lake<sd_cpp_extra_args>{\\\"seed\\\":42}"
                       "</sd_cpp_extra_args>\",\"size\":\"64x64\"}");
    assert_string_equal(talk_text(&same, "data.0.b64_json"), talk_text(&plain, "data.0.b64_json"));
    other = ask(OPENAI, "{\"prompt\":\"a lake<sd_cpp_extra_args>{\\\"seed\\\":9,\\\"sample_params"
                        "\\\":{\\\"sample_steps\\\":4}}</sd_cpp_extra_args>\",\"size\":\"64x64\"}");
    assert_string_not_equal(talk_text(&other, "data.0.b64_json"),
                            talk_text(&plain, "data.0.b64_json"));
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SEED), 9);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 4);
    smuggled =
        ask(OPENAI, "{\"prompt\":\"a <sd_cpp_extra_args>{\\\"seed\\\":5}</sd_cpp_extra_args>lake"
                    "<sd_cpp_extra_args>{\\\"seed\\\":9}</sd_cpp_extra_args>\","
                    "\"size\":\"64x64\"}");
    assert_int_equal(smuggled.status, 200);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SEED), 5);
    talk_end(&plain);
    talk_end(&same);
    talk_end(&other);
    talk_end(&smuggled);
    other = ask(OPENAI, "{\"prompt\":\"x<sd_cpp_extra_args>{</sd_cpp_extra_args>\"}");
    expect(&other, 400, "invalid sd_cpp_extra_args");
}

static void refuses_bad_orders(void **state)
{
    static const struct {
        const char *path, *body, *error;
        long status;
    } cases[] = {
        {OPENAI, "", "empty body", 400},
        {OPENAI, "{", "server_error", 500},
        {OPENAI, "[]", "server_error", 500},
        {OPENAI, "{\"prompt\":7}", "server_error", 500},
        {OPENAI, "{" LAKE ",\"n\":\"1\"}", "server_error", 500},
        {OPENAI, "{\"prompt\":\"x\",\"size\":64}", "server_error", 500},
        {OPENAI, "{}", "prompt required", 400},
        {OPENAI, "{\"prompt\":\"\"}", "prompt required", 400},
        {OPENAI, "{" LAKE ",\"output_format\":\"gif\"}",
         "invalid output_format, must be one of [png, jpeg, webp]", 400},
        {OPENAI, "{" LAKE ",\"n\":9}", "invalid params", 400},
        {OPENAI, "{\"prompt\":\"x\",\"size\":\"9999x64\"}", "invalid params", 400},
        {EDITS, "{}", "Content-Type must be multipart/form-data", 400},
        {SDAPI, "", "empty body", 400},
        {SDAPI, "{\"prompt\":\"x\",\"width\":0}", "width and height must be positive", 400},
        {SDAPI, "{}", "prompt required", 400},
        {JOBS, "", "empty body", 400},
        {JOBS, "{", "invalid json", 400},
        {JOBS, "[]", "invalid generation parameters", 400},
        {JOBS, "{\"prompt\":\"x\",\"width\":\"64\"}", "invalid generation parameters", 400},
        {JOBS, "{\"prompt\":\"x\",\"width\":32}", "invalid params", 400},
        {JOBS, "{\"width\":64}", "invalid params", 400},
        {JOBS, "{" NATIVE ",\"batch_count\":9}", "invalid params", 400},
        {JOBS, "{" NATIVE ",\"output_format\":\"bmp\"}",
         "invalid output_format, must be one of [png, jpeg, webp]", 400},
        {JOBS, "{" NATIVE ",\"init_image\":\"AAAA\"}", "invalid image", 400},
        {JOBS, "{" NATIVE ",\"sample_params\":{\"sample_steps\":0}}",
         "invalid generation parameters", 400},
    };
    struct talk t;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        t = ask(cases[i].path, cases[i].body);
        if (cases[i].status == 500)
            assert_non_null(strstr(talk_text(&t, "message"), "json.exception"));
        expect(&t, cases[i].status, cases[i].error);
    }
}

static void knows_its_routes(void **state)
{
    static const char *const none[] = {"/sdapi/v1/progress", "/sdapi/v1/interrupt", "/nosuch", "",
                                       "/sdcpp/v1/jobs/"};
    struct talk t;

    (void)state;
    for (size_t i = 0; i < COUNT(none); i++) {
        t = ask(none[i], NULL);
        assert_int_equal(t.status, 404);
        assert_int_equal(t.n, 0);
        assert_non_null(strstr(t.head, "Connection: close"));
        assert_null(strstr(t.head, "Content-Type"));
        talk_end(&t);
    }
    t = ask("/v1/models", NULL);
    assert_string_equal(t.body, "{\"data\":[{\"id\":\"sd-cpp-local\",\"object\":\"model\","
                                "\"owned_by\":\"local\"}]}");
    talk_end(&t);
    t = ask("/sdcpp/v1/capabilities", NULL);
    assert_string_equal(talk_text(&t, "model.stem"), "sd-v1-4");
    assert_int_equal(json_integer_value(talk_at(&t, "limits.max_queue_size")), 64);
    assert_true(json_is_false(talk_at(&t, "features_by_mode.img_gen.cancel_generating")));
    talk_end(&t);
    t = ask("/sdapi/v1/options", NULL);
    assert_string_equal(talk_text(&t, "sd_model_checkpoint"), "sd-v1-4");
    talk_end(&t);
    t = ask("/sdapi/v1/sd-models", NULL);
    assert_string_equal(talk_text(&t, "0.hash"), "8888888888");
    talk_end(&t);
}

static void edits(void **state)
{
    size_t n, mask_n;
    unsigned char *png = talk_png(72, 64, 0, 1, &n), *mask = talk_png(72, 64, 0, 2, &mask_n);
    const struct talk_part parts[] = {
        {"prompt", NULL, NULL, "a lake", 6},          {"image[]", "a.png", "image/png", png, n},
        {"mask", "m.png", "image/png", mask, mask_n}, {"n", NULL, NULL, "2", 1},
        {"output_format", NULL, NULL, "webp", 4},
    };
    const struct talk_part bad[] = {{"prompt", NULL, NULL, "a lake", 6},
                                    {"image", "a.png", NULL, "junk", 4}};
    struct talk t = talk_form(BASE, EDITS, parts, 4, NULL);

    (void)state;
    assert_int_equal(json_array_size(talk_at(&t, "data")), 2);
    assert_true(talk_holds_png(&t, "data.0.b64_json", 72, 64)); /* as large as what came */
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), n);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES), mask_n);
    t = talk_form(BASE, EDITS, parts, 5, NULL);
    expect(&t, 400, "invalid output_format, must be one of [png, jpeg]");
    t = talk_form(BASE, EDITS, parts, 1, NULL);
    expect(&t, 400, "at least one image[] required");
    t = talk_form(BASE, EDITS, parts + 1, 3, NULL);
    expect(&t, 400, "prompt required");
    t = talk_form(BASE, EDITS, bad, 2, NULL); /* left out in silence */
    assert_int_equal(t.status, 200);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 0);
    free(png);
    free(mask);
}

static void speaks_sdapi(void **state)
{
    struct talk t = ask(SDAPI, "{" NATIVE ",\"batch_size\":2,\"steps\":5}");

    (void)state;
    assert_int_equal(json_array_size(talk_at(&t, "images")), 2);
    assert_true(talk_holds_png(&t, "images.1", 64, 64));
    assert_string_equal(talk_text(&t, "parameters.prompt"), "a lake");
    assert_non_null(strstr(talk_text(&t, "info"), "\"seed\":7"));
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 5);
    talk_end(&t);
    t = ask("/sdapi/v1/img2img", "{" NATIVE "}");
    expect(&t, 400, "img2img requires init_images");
}

/* ---- jobs */

static void submit(const char *body, const char *fault, char path[128])
{
    struct talk t = talk(BASE, JOBS, body, fault, NULL);

    assert_int_equal(t.status, 202);
    assert_string_equal(talk_text(&t, "kind"), "img_gen");
    assert_string_equal(talk_text(&t, "status"), "queued");
    assert_true(json_is_integer(talk_at(&t, "created")));
    assert_memory_equal(talk_text(&t, "id"), "job_", 4);
    snprintf(path, 128, "/sdcpp/v1/jobs/%s", talk_text(&t, "id"));
    assert_string_equal(talk_text(&t, "poll_url"), path);
    talk_end(&t);
}

static struct talk look(const char *path)
{
    return ask(path, NULL);
}

static struct talk cancel(const char *path)
{
    char url[160];

    snprintf(url, sizeof(url), "%s/cancel", path);
    return ask(url, "");
}

static struct talk wait_until_over(const char *path)
{
    struct timespec pause = {0, 2000000};
    struct talk t = look(path);

    while (t.status == 200 && (strcmp(talk_text(&t, "status"), "queued") == 0 ||
                               strcmp(talk_text(&t, "status"), "generating") == 0)) {
        assert_true(json_is_null(talk_at(&t, "result")));
        assert_true(json_is_null(talk_at(&t, "error")));
        talk_end(&t);
        nanosleep(&pause, NULL);
        t = look(path);
    }
    return t;
}

static void wait_for(int32_t field, int64_t value)
{
    struct timespec pause = {0, 2000000};

    while (apipie_sandbox_number(talk_box, field) != value)
        nanosleep(&pause, NULL);
}

static void does_a_job(void **state)
{
    struct talk t, sync;
    char path[128];

    (void)state;
    submit("{" NATIVE ",\"batch_count\":2,\"sample_params\":{\"sample_steps\":20}}", NULL, path);
    t = wait_until_over(path);
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "status"), "completed");
    assert_int_equal(json_integer_value(talk_at(&t, "queue_position")), 0);
    assert_true(json_is_integer(talk_at(&t, "started")));
    assert_true(json_is_integer(talk_at(&t, "completed")));
    assert_true(json_is_null(talk_at(&t, "error")));
    assert_int_equal(json_array_size(talk_at(&t, "result.images")), 2);
    assert_int_equal(json_integer_value(talk_at(&t, "result.images.1.index")), 1);
    assert_true(talk_holds_png(&t, "result.images.1.b64_json", 64, 64));
    /* The other families draw the same. */
    sync = ask(SDAPI, "{" NATIVE "}");
    assert_string_equal(talk_text(&t, "result.images.0.b64_json"), talk_text(&sync, "images.0"));
    talk_end(&sync);
    talk_end(&t);
    t = cancel(path); /* too late, and no harm */
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "status"), "completed");
    talk_end(&t);
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_POLLS) >= 1);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_CANCELS), 0);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void takes_pictures_in_a_job(void **state)
{
    size_t n;
    unsigned char *png = talk_png(64, 64, 0, 1, &n);
    char *raw = talk_base64("{" NATIVE ",\"init_image\":\"", png, n, "\",\"mask_image\":null}");
    char *uri = talk_base64("{" NATIVE ",\"ref_images\":[\"data:image/png;base64,", png, n, "\"]}");
    char path[128];
    struct talk t;

    (void)state;
    submit(raw, NULL, path);
    t = wait_until_over(path);
    assert_string_equal(talk_text(&t, "status"), "completed");
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), n);
    submit(uri, NULL, path);
    t = wait_until_over(path);
    assert_string_equal(talk_text(&t, "status"), "completed");
    talk_end(&t);
    free(raw);
    free(uri);
    free(png);
}

static void keeps_a_queue(void **state)
{
    char first[128], second[128], third[128];
    struct talk t;

    (void)state;
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 600000), APIPIE_OK);
    submit("{" NATIVE "}", NULL, first);
    wait_for(APIPIE_SANDBOX_RUNNING, 1);
    submit("{" NATIVE "}", NULL, second);
    submit("{" NATIVE "}", NULL, third);
    t = look(first);
    assert_string_equal(talk_text(&t, "status"), "generating");
    assert_int_equal(json_integer_value(talk_at(&t, "queue_position")), 0);
    assert_true(json_is_null(talk_at(&t, "completed")));
    talk_end(&t);
    t = look(third);
    assert_string_equal(talk_text(&t, "status"), "queued");
    assert_int_equal(json_integer_value(talk_at(&t, "queue_position")), 2);
    assert_true(json_is_null(talk_at(&t, "started")));
    talk_end(&t);
    t = cancel(first);
    expect(&t, 409, "job is currently generating and cannot be interrupted yet");
    t = cancel(second);
    assert_int_equal(t.status, 200);
    assert_string_equal(talk_text(&t, "status"), "cancelled");
    assert_string_equal(talk_text(&t, "error.code"), "cancelled");
    assert_true(json_is_null(talk_at(&t, "result")));
    talk_end(&t);
    t = look(third);
    assert_int_equal(json_integer_value(talk_at(&t, "queue_position")), 1);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_CANCELS), 1);
    for (int i = 0; i < 62; i++)
        submit("{" NATIVE "}", NULL, second);
    t = ask(JOBS, "{" NATIVE "}"); /* 64 wait or run */
    assert_null(strstr(t.head, "Retry-After"));
    expect(&t, 429, "job queue is full");
}

static void has_bad_ends(void **state)
{
    char path[128];
    struct talk t = look("/sdcpp/v1/jobs/job_0_00000000");

    (void)state;
    expect(&t, 404, "job not found");
    t = cancel("/sdcpp/v1/jobs/job_0_00000000");
    expect(&t, 404, "job not found");
    submit("{" NATIVE "}", "X-Sandbox-Fault: jobfail", path);
    t = wait_until_over(path);
    assert_int_equal(t.status, 200); /* although it failed */
    assert_string_equal(talk_text(&t, "status"), "failed");
    assert_string_equal(talk_text(&t, "error.code"), "generation_failed");
    assert_true(json_is_null(talk_at(&t, "result")));
    talk_end(&t);
    submit("{" NATIVE "}", "X-Sandbox-Fault: expired", path);
    t = wait_until_over(path);
    expect(&t, 410, "job expired");
    t = cancel(path);
    expect(&t, 410, "job expired");
    t = ask_fault(JOBS, "{" NATIVE "}", "queuefull");
    expect(&t, 429, "job queue is full");
    submit("{" NATIVE ",\"batch_count\":2}", "X-Sandbox-Fault: fewer", path);
    t = wait_until_over(path);
    assert_int_equal(json_array_size(talk_at(&t, "result.images")), 1);
    talk_end(&t);
}

/* ---- faults, and one lock for all */

static void fails_as_it_is_told(void **state)
{
    struct talk t = ask_fault(OPENAI, "{" LAKE "}", "status:503");

    (void)state;
    expect(&t, 503, "The provider is overloaded. Try again later.");
    t = ask_fault(OPENAI, "{" LAKE "}", "noimage");
    assert_int_equal(t.status, 200);
    assert_true(json_is_array(talk_at(&t, "data")));
    assert_int_equal(json_array_size(talk_at(&t, "data")), 0);
    talk_end(&t);
    t = ask_fault(JOBS, "{" NATIVE "}", "cut");
    assert_int_equal(t.code, CURLE_GOT_NOTHING);
    talk_end(&t);
    t = ask_fault("/v1/models", NULL, "truncate");
    assert_int_equal(t.code, CURLE_PARTIAL_FILE);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "sdcpp", NULL, "status:500"),
                     APIPIE_OK);
    t = ask(JOBS, "{" NATIVE "}");
    assert_int_equal(t.status, 500);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "sdcpp", NULL, NULL), APIPIE_OK);
    t = ask(OPENAI, "{" LAKE "}");
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

static void *draw(void *user)
{
    struct talk *t = user;

    *t = ask(OPENAI, "{" LAKE "}");
    return NULL;
}

/* A call waits behind a job, in silence; and both end with the sandbox. */
static void draws_one_at_a_time(void **state)
{
    pthread_t thread;
    struct talk t;
    char path[128];

    (void)state;
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 600000), APIPIE_OK);
    submit("{" NATIVE "}", NULL, path);
    wait_for(APIPIE_SANDBOX_RUNNING, 1);
    assert_int_equal(pthread_create(&thread, NULL, draw, &t), 0);
    wait_for(APIPIE_SANDBOX_WAITING, 1);
    talk_box = apipie_sandbox_unref(talk_box);
    pthread_join(thread, NULL);
    assert_int_equal(t.code, CURLE_GOT_NOTHING);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws),
        TEST(passes_over_bad_sizes),
        TEST(reads_extra_args),
        TEST(refuses_bad_orders),
        TEST(knows_its_routes),
        TEST(edits),
        TEST(speaks_sdapi),
        TEST(does_a_job),
        TEST(takes_pictures_in_a_job),
        TEST(keeps_a_queue),
        TEST(has_bad_ends),
        TEST(fails_as_it_is_told),
        TEST(draws_one_at_a_time),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-sdcpp", tests, NULL, NULL);
}
