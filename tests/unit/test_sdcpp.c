/* SPDX-License-Identifier: MIT */
/* The language of stable-diffusion.cpp's server: jobs, and the other way where it has none. */
#include "wires.h"

static void open_wish(struct wires *t)
{
    wires_open(t, "sdcpp", "a cat");
}

#define JOB "/sdcpp/v1/img_gen"

static void set_all(struct wires *t)
{
    wires_text(t, PIE_WISH_NEGATIVE, "dog");
    wires_text(t, PIE_WISH_SAMPLER, "euler_a");
    wires_text(t, PIE_WISH_ENCODING, "webp");
    wires_extra(t, "clip_skip", "2");
    t->wish.has = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS | PIE_WISH_HAS_GUIDANCE |
                  PIE_WISH_HAS_SEED | PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_COMPRESSION;
    t->wish.n = 3;
    t->wish.width = 512;
    t->wish.height = 768;
    t->wish.steps = 20;
    t->wish.guidance = 7.5;
    t->wish.strength = 0.4;
    t->wish.compression = 80;
    t->wish.seed = INT64_MAX;
}

static void a_job_holds_only_what_was_set(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_encode(&t, JOB);
    assert_string_equal(t.body.p, "{\"prompt\":\"a cat\"}");
    set_all(&t);
    wires_need_check(&t, APIPIE_OK, NULL);
    wires_encode(&t, JOB);
    assert_string_equal(
        t.body.p,
        "{\"prompt\":\"a cat\",\"width\":512,\"height\":768,\"batch_count\":3,\"output_format\":"
        "\"webp\",\"output_compression\":80,\"negative_prompt\":\"dog\",\"strength\":0.4,\"seed\":"
        "9223372036854775807,\"sample_params\":{\"sample_method\":\"euler_a\",\"sample_steps\":20,"
        "\"guidance\":{\"txt_cfg\":7.5}},\"clip_skip\":2}");
    wires_extra(&t, "sample_params", "{\"eta\":0.5}");
    wires_encode(&t, JOB);
    assert_non_null(strstr(t.body.p, "\"guidance\":{\"txt_cfg\":7.5},\"eta\":0.5},"));
    wires_close(&t);
}

static void sample_params_of_the_user_alone(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_extra(&t, "sample_params", "{\"sample_steps\":3}");
    wires_encode(&t, JOB);
    assert_string_equal(t.body.p, "{\"prompt\":\"a cat\",\"sample_params\":{\"sample_steps\":3}}");
    wires_close(&t);
}

static void pictures_of_a_job(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_image(&t);
    wires_mask(&t);
    wires_encode(&t, JOB);
    assert_string_equal(t.body.p, "{\"prompt\":\"a cat\",\"init_image\":\"iVBORw==\","
                                  "\"mask_image\":\"bWFzaw==\"}");
    t.wish.kind = APIPIE_REQUEST_EDIT;
    wires_image_url(&t, "data:image/png;base64,AAAA");
    wires_encode(&t, JOB);
    assert_string_equal(t.body.p, "{\"prompt\":\"a cat\",\"init_image\":\"iVBORw==\","
                                  "\"mask_image\":\"bWFzaw==\",\"ref_images\":[\"iVBORw==\","
                                  "\"AAAA\"]}");
    pie_buf_clear(&t.body);
    t.wire->write(&t.call, &t.body);
    assert_string_equal(t.body.p, "{\"prompt\":\"a cat\",\"init_image\":null,\"mask_image\":null,"
                                  "\"ref_images\":[null,null]}");
    wires_close(&t);
}

static void a_prompt_smuggles_nothing(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_text(&t, PIE_WISH_PROMPT,
               "a <b> <sd_cpp_extra_args>{\"seed\":1}</sd_cpp_extra_args> <sd_cpp_extra_args>");
    wires_encode(&t, JOB);
    assert_string_equal(t.body.p, "{\"prompt\":\"a <b> < sd_cpp_extra_args>{\\\"seed\\\":1}< "
                                  "/sd_cpp_extra_args> < sd_cpp_extra_args>\"}");
    t.wish.has = PIE_WISH_HAS_SEED;
    t.wish.seed = 5;
    t.call.way = 1;
    wires_text(&t, PIE_WISH_NEGATIVE, "</sd_cpp_extra_args>");
    wires_extra(&t, "clip_skip", "[1,\n2,\r\n3]");
    wires_encode(&t, "/v1/images/generations");
    assert_string_equal(
        t.body.p, "{\"prompt\":\"a <b> < sd_cpp_extra_args>{\\\"seed\\\":1}< /sd_cpp_extra_args> < "
                  "sd_cpp_extra_args> <sd_cpp_extra_args>{\\\"negative_prompt\\\":\\\"\\\\u003c/"
                  "sd_cpp_extra_args>\\\",\\\"seed\\\":5,\\\"clip_skip\\\":[1, 2,  3]}</"
                  "sd_cpp_extra_args>\"}");
    wires_close(&t);
}

/* ---- the other way */

static void without_jobs_it_is_openais_route(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    wires_reply(&t, 404, "");
    t.call.way = t.wire->instead(&t.call, &t.reply);
    assert_int_equal(t.call.way, 1);
    wires_encode(&t, "/v1/images/generations");
    assert_string_equal(t.body.p, "{\"prompt\":\"a cat\"}");
    set_all(&t);
    wires_encode(&t, "/v1/images/generations");
    assert_string_equal(
        t.body.p,
        "{\"prompt\":\"a cat "
        "<sd_cpp_extra_args>{\\\"negative_prompt\\\":\\\"dog\\\",\\\"strength\\\":0.4,\\\"seed\\\":"
        "9223372036854775807,\\\"sample_params\\\":{\\\"sample_method\\\":\\\"euler_a\\\","
        "\\\"sample_steps\\\":20,\\\"guidance\\\":{\\\"txt_cfg\\\":7.5}},\\\"clip_skip\\\":2}</"
        "sd_cpp_extra_args>\",\"n\":3,\"size\":\"512x768\",\"output_format\":\"webp\","
        "\"output_compression\":80}");
    assert_int_equal(t.wire->instead(&t.call, &t.reply), 0); /* there is no third */
    wires_close(&t);
}

static void only_an_empty_404_is_no_jobs(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    wires_reply(&t, 404, "{\"error\":\"job not found\"}");
    assert_int_equal(t.wire->instead(&t.call, &t.reply), 0);
    wires_reply(&t, 404, "<html>no</html>");
    assert_int_equal(t.wire->instead(&t.call, &t.reply), 0);
    wires_reply(&t, 500, "");
    assert_int_equal(t.wire->instead(&t.call, &t.reply), 0);
    wires_close(&t);
}

static void pictures_without_jobs_are_a_form(void **state)
{
    static const uint8_t random[16] = {1, 2, 3};
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_image(&t);
    wires_mask(&t);
    t.wish.has = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STRENGTH;
    t.wish.n = 2;
    t.wish.width = t.wish.height = 64;
    t.wish.strength = 0.25;
    wires_text(&t, PIE_WISH_ENCODING, "jpeg");
    wires_call(&t);
    t.call.way = 1;
    t.call.random = random;
    assert_int_equal(t.wire->encode(&t.call, &t.leg, &t.err), APIPIE_OK);
    assert_string_equal(t.leg.request.url.p, "http://box:7860/v1/images/edits");
    const char *type = pie_headers_get(&t.leg.request.headers, "content-type");
    assert_string_equal(type,
                        "multipart/form-data; boundary=apipie-01020300000000000000000000000000");
    wires_read_body(&t);
    const char *boundary = "--apipie-01020300000000000000000000000000\r\n";
    const char *at = t.body.p;
    static const char *const fields[] = {
        "Content-Disposition: form-data; name=\"prompt\"\r\n\r\na cat "
        "<sd_cpp_extra_args>{\"strength\":0.25}</sd_cpp_extra_args>\r\n",
        "Content-Disposition: form-data; name=\"n\"\r\n\r\n2\r\n",
        "Content-Disposition: form-data; name=\"size\"\r\n\r\n64x64\r\n",
        "Content-Disposition: form-data; name=\"output_format\"\r\n\r\njpeg\r\n",
        "Content-Disposition: form-data; name=\"image[]\"; filename=\"image.png\"\r\n"
        "Content-Type: image/png\r\n\r\n\x89PNG\r\n",
        "Content-Disposition: form-data; name=\"mask\"; filename=\"mask.png\"\r\n"
        "Content-Type: image/png\r\n\r\nmask\r\n"};
    for (size_t i = 0; i < PIE_COUNT(fields); i++) {
        assert_memory_equal(at, boundary, strlen(boundary));
        at += strlen(boundary);
        assert_memory_equal(at, fields[i], strlen(fields[i]));
        at += strlen(fields[i]);
    }
    assert_string_equal(at, "--apipie-01020300000000000000000000000000--\r\n");
    wires_image_url(&t, "data:image/png;base64,AAAA"); /* nobody decodes it here */
    wires_call(&t);
    assert_int_equal(t.wire->encode(&t.call, &t.leg, &t.err), APIPIE_E_UNSUPPORTED);
    assert_non_null(strstr(t.err.hint, "as a file"));
    wires_close(&t);
}

/* ---- what cannot be asked for */

static void what_cannot_be_asked_for(void **state)
{
    static const struct wires_field rows[] = {
        {"prompt", "\"x\"", APIPIE_E_ARGUMENT},
        {"n", "2", APIPIE_E_ARGUMENT},
        {"batch_count", "2", APIPIE_E_ARGUMENT},
        {"height", "64", APIPIE_E_ARGUMENT},
        {"seed", "64", APIPIE_E_ARGUMENT},
        {"sample_params", "{\"guidance\":{}}", APIPIE_E_ARGUMENT},
        {"sample_params", "{\"sample_steps\":4}", APIPIE_E_ARGUMENT},
        {"sample_params", "7", APIPIE_E_ARGUMENT},
        {"sample_params", "{\"scheduler\":\"karras\"}", APIPIE_OK},
        {"init_image", "null", APIPIE_OK},
        {"vae_tiling_params", "{}", APIPIE_OK}};
    struct wires t;
    (void)state;
    open_wish(&t);
    set_all(&t);
    wires_need_fields(&t, rows, PIE_COUNT(rows));
    t.wish.seed = (uint64_t)INT64_MAX + 1;
    wires_need_check(&t, APIPIE_E_ARGUMENT, "seed");
    t.wish.seed = 1;
    wires_mask(&t);
    wires_need_check(&t, APIPIE_E_ARGUMENT, "no input image");
    wires_image_url(&t, "https://pictures.test/a.png");
    wires_need_check(&t, APIPIE_E_UNSUPPORTED, "fetch no pictures");
    wires_text(&t, PIE_WISH_QUALITY, "hd");
    wires_need_check(&t, APIPIE_E_UNSUPPORTED, "set_quality");
    wires_close(&t);
}

/* ---- jobs */

#define TAKEN                                                                                      \
    "{\"id\":\"job_0193_00000001\",\"kind\":\"img_gen\",\"status\":\"queued\",\"created\":1,"      \
    "\"poll_url\":\"/sdcpp/v1/jobs/job_0193_00000001\"}"

static apipie_status step(struct wires *t, int32_t status, const char *body, int64_t *after)
{
    *after = -7;
    wires_reply(t, status, body);
    return t->wire->step(&t->call, &t->reply, &t->step, &t->leg, after, &t->err);
}

static void a_job_is_looked_at_ever_more_seldom(void **state)
{
    static const int64_t pauses[] = {100, 200, 400, 800, 1600, 2000, 2000, 2000};
    struct wires t;
    int64_t after = 0;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    assert_int_equal(t.wire->abandon(&t.call, &t.step, &t.leg), 0); /* there is no job yet */
    for (size_t i = 0; i < PIE_COUNT(pauses); i++) {
        const char *body = i == 0  ? TAKEN
                           : i < 3 ? "{\"status\":\"queued\",\"queue_position\":2}"
                                   : "{\"status\":\"generating\",\"result\":null,\"error\":null}";
        assert_int_equal(step(&t, i == 0 ? 202 : 200, body, &after), APIPIE_PENDING);
        assert_int_equal(after, pauses[i]);
        assert_string_equal(t.leg.request.url.p, "http://box:7860/sdcpp/v1/jobs/job_0193_00000001");
        assert_string_equal(t.leg.request.method, "GET");
        assert_int_equal(t.leg.purpose, APIPIE_PURPOSE_POLL);
        assert_int_equal(t.leg.paid, 0);
    }
    assert_int_equal(t.wire->abandon(&t.call, &t.step, &t.leg), 1);
    assert_string_equal(t.leg.request.url.p,
                        "http://box:7860/sdcpp/v1/jobs/job_0193_00000001/cancel");
    assert_string_equal(t.leg.request.method, "POST");
    assert_int_equal(t.leg.purpose, APIPIE_PURPOSE_STOP);
    assert_int_equal(step(&t, 200, "{\"status\":\"completed\",\"result\":{}}", &after), APIPIE_OK);
    wires_close(&t);
}

static void ids_that_are_none_are_not_asked_for(void **state)
{
    static const char *const bad[] = {
        "{}", "{\"id\":\"\"}", "{\"id\":\"../../x\"}", "{\"id\":\"a?b\"}", "{\"id\":\"a\\nb\"}",
        "[]", "no JSON"};
    struct wires t;
    int64_t after = 0;
    char many[300];
    (void)state;
    open_wish(&t);
    wires_call(&t);
    for (size_t i = 0; i < PIE_COUNT(bad); i++)
        assert_int_equal(step(&t, 202, bad[i], &after), APIPIE_E_MALFORMED);
    memset(many, 'a', sizeof(many));
    memcpy(many, "{\"id\":\"", 7);
    memcpy(many + 297, "\"}", 3);
    assert_int_equal(step(&t, 202, many, &after), APIPIE_E_MALFORMED);
    assert_int_equal(step(&t, 202, TAKEN, &after), APIPIE_PENDING);
    assert_int_equal(step(&t, 200, "{\"id\":\"x\"}", &after), APIPIE_E_MALFORMED);
    wires_close(&t);
}

static void jobs_fail_with_200(void **state)
{
    struct wires t;
    int64_t after = 0;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    assert_int_equal(step(&t, 202, TAKEN, &after), APIPIE_PENDING);
    assert_int_equal(step(&t, 200,
                          "{\"status\":\"failed\",\"result\":null,\"error\":{\"code\":"
                          "\"generation_failed\",\"message\":\"no results\"}}",
                          &after),
                     APIPIE_E_SERVER);
    assert_non_null(strstr(t.err.message, "no results"));
    assert_string_equal(t.err.provider_code, "generation_failed");
    assert_int_equal(t.err.retryable, 1);
    assert_int_equal(step(&t, 200,
                          "{\"status\":\"failed\",\"error\":{\"code\":\"generation_failed\","
                          "\"message\":\"ggml: out of memory\"}}",
                          &after),
                     APIPIE_E_SERVER);
    assert_int_equal(t.err.retryable, 0);
    assert_int_equal(step(&t, 200,
                          "{\"status\":\"cancelled\",\"error\":{\"code\":\"cancelled\","
                          "\"message\":\"job cancelled\"}}",
                          &after),
                     APIPIE_E_SERVER);
    assert_int_equal(t.err.retryable, 0);
    assert_non_null(strstr(t.err.hint, "cancelled"));
    wires_close(&t);
}

static void a_job_that_is_done_is_the_answer(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    t.wish.has = PIE_WISH_HAS_SEED | PIE_WISH_HAS_N;
    t.wish.seed = 41;
    t.wish.n = 2;
    wires_call(&t);
    wires_reply(&t, 200,
                "{\"id\":\"job_1\",\"status\":\"completed\",\"created\":1775401200,\"result\":{"
                "\"output_format\":\"png\",\"images\":[]},\"error\":null}");
    wires_pictures(&t, 0, 2);
    assert_int_equal(wires_decode(&t), APIPIE_OK);
    assert_int_equal(t.result->count, 2);
    assert_true(t.result->images[0].seed == 41 && t.result->images[1].seed == 42);
    assert_int_equal(t.result->created_ms, INT64_C(1775401200000));
    assert_int_equal(t.result->warning_count, 0);
    wires_pictures(&t, 0, 1); /* one could not be encoded: nobody knows which */
    t.result = pie_result_free(t.result);
    t.result = pie_result_new(&pie_mem_libc);
    assert_int_equal(wires_decode(&t), APIPIE_OK);
    assert_int_equal(t.result->images[0].has_seed, 0);
    assert_int_equal(t.result->warning_count, 1);
    wires_reply(&t, 200, "{\"created\":1,\"data\":[],\"output_format\":\"png\"}");
    assert_int_equal(wires_decode(&t), APIPIE_E_NO_IMAGE);
    wires_text(&t, PIE_WISH_MODEL, "sdxl"); /* it looks at no model */
    t.wish.has = 0;
    wires_call(&t);
    wires_reply(&t, 200, "{\"data\":[]}");
    wires_pictures(&t, 1, 1);
    assert_int_equal(wires_decode(&t), APIPIE_OK);
    assert_non_null(strstr(t.result->warnings[0], "started with"));
    wires_close(&t);
}

/* ---- errors */

static void errors_mean_what_they_say(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_need_error(&t, 500,
                     "{\"error\":\"server_error\",\"message\":\"[json.exception.type_error.302] "
                     "type must be number, but is string\"}",
                     APIPIE_E_PARAMETER, 0, "must be number", "extra fields");
    wires_need_error(&t, 400, "{\"error\":\"invalid json\",\"message\":\"[json.exception\"}",
                     APIPIE_E_PARAMETER, 0, "json", NULL);
    wires_need_error(&t, 400, "{\"error\":\"prompt required\"}", APIPIE_E_PARAMETER, 0,
                     "prompt required", NULL);
    wires_need_error(&t, 500, "{\"error\":\"generate_image returned no results\"}", APIPIE_E_SERVER,
                     1, "no results", NULL);
    wires_need_error(&t, 429, "{\"error\":\"job queue is full\"}", APIPIE_E_RATE_LIMITED, 1,
                     "queue is full", NULL);
    assert_int_equal(t.err.refused, 1);
    wires_need_error(&t, 404, "{\"error\":\"job not found\"}", APIPIE_E_SERVER, 1, "job not found",
                     "anew");
    wires_need_error(&t, 410, "{\"error\":\"job expired\"}", APIPIE_E_SERVER, 1, "job expired",
                     "minutes");
    wires_need_error(&t, 404, "", APIPIE_E_NOT_FOUND, 0, "not found", "without a path");
    wires_close(&t);
}

static void the_list_is_the_one_model(void **state)
{
    struct wires t;
    struct pie_buf out;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    assert_int_equal(pie_dialect_ask_models(t.wire, &t.call, &t.leg), APIPIE_OK);
    assert_string_equal(t.leg.request.url.p, "http://box:7860/sdcpp/v1/capabilities");
    wires_reply(&t, 200, "{\"model\":{\"name\":\"sd-v1-4.ckpt\",\"stem\":\"sd-v1-4\"}}");
    wires_models(&t, &out);
    assert_string_equal(out.p, "{\"data\":[{\"id\":\"sd-v1-4\",\"model\":\"sd-v1-4\",\"provider\":"
                               "\"desk\",\"type\":\"image\",\"description\":\"sd-v1-4.ckpt\","
                               "\"price_type\":\"image\",\"img_price\":\"0\",\"enabled\":true,"
                               "\"available\":true}]}");
    pie_buf_free(&out);
    assert_int_equal(t.wire->free, 1);
    wires_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_holds_only_what_was_set),
        cmocka_unit_test(sample_params_of_the_user_alone),
        cmocka_unit_test(pictures_of_a_job),
        cmocka_unit_test(a_prompt_smuggles_nothing),
        cmocka_unit_test(without_jobs_it_is_openais_route),
        cmocka_unit_test(only_an_empty_404_is_no_jobs),
        cmocka_unit_test(pictures_without_jobs_are_a_form),
        cmocka_unit_test(what_cannot_be_asked_for),
        cmocka_unit_test(a_job_is_looked_at_ever_more_seldom),
        cmocka_unit_test(ids_that_are_none_are_not_asked_for),
        cmocka_unit_test(jobs_fail_with_200),
        cmocka_unit_test(a_job_that_is_done_is_the_answer),
        cmocka_unit_test(errors_mean_what_they_say),
        cmocka_unit_test(the_list_is_the_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
