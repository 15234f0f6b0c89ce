/* SPDX-License-Identifier: MIT */
/* Servers under the desk: what Automatic1111 and stable-diffusion.cpp are asked, and what their answers become. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a path gets: the replies in order, the last one for all that follow. */
struct desk_route {
    const char *path; /* with query; a trailing '*' stands for anything */
    struct draw_reply replies[8];
    int32_t wait_ms; /* before each */
};
#define DESK_END                                                                                   \
    {                                                                                              \
        NULL, {{0, NULL, NULL}}, 0                                                                 \
    }

struct desk {
    const struct desk_route *routes; /* ends with a NULL path */
    const char *after;               /* NULL; or drawing lasts until that was asked so often */
    int32_t often;
};

static int32_t desk_matches(const char *pattern, const char *path)
{
    size_t n = strlen(pattern);
    if (n != 0 && pattern[n - 1] == '*')
        return strncmp(pattern, path, n - 1) == 0;
    return strcmp(pattern, path) == 0;
}

/* How many requests for the path came before that one. */
static int32_t desk_before(struct raw_conn *c, const struct raw_request *q, const char *pattern)
{
    int32_t n = 0;
    for (int32_t i = 0;; i++) {
        const struct raw_request *other = raw_server_request(raw_server_of(c), i);
        if (other == NULL || other->number >= q->number)
            return n;
        n += desk_matches(pattern, other->path);
    }
}

static int32_t desk_came(struct raw_conn *c, const char *pattern)
{
    int32_t n = 0;
    for (int32_t i = 0; raw_server_request(raw_server_of(c), i) != NULL; i++)
        n += desk_matches(pattern, raw_server_request(raw_server_of(c), i)->path);
    return n;
}

static void desk_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct desk *desk = user;
    const struct desk_route *r = desk->routes;
    while (r->path != NULL && !desk_matches(r->path, q->path))
        r++;
    if (r->path == NULL) {
        raw_reply(c, 404, "Connection: close\r\n", "", 0);
        return;
    }
    int32_t at = desk_before(c, q, r->path);
    while (at > 0 && (at > 7 || r->replies[at].status == 0))
        at--;
    if (r->wait_ms != 0)
        raw_pause_ms(c, r->wait_ms);
    while (desk->after != NULL && strcmp(q->method, "POST") == 0 &&
           desk_came(c, desk->after) < desk->often)
        raw_pause_ms(c, 5);
    const struct draw_reply *reply = &r->replies[at];
    if (reply->headers != NULL)
        raw_reply(c, reply->status, reply->headers, reply->body, strlen(reply->body));
    else
        raw_reply_json(c, reply->status, reply->body);
}

/* The stage's server is the gateway, `other` is under the desk. It lives longer than the test. */
static void serve_desk(struct draw *d, const char *dialect, struct desk *desk)
{
    draw_serve_json(d, ONE_IMAGE);
    d->other = raw_server_start(desk_handler, desk);
    assert_non_null(d->other);
    assert_status(
        apipie_client_add_backend(d->client, "desk", dialect, raw_server_origin(d->other)),
        APIPIE_OK);
    assert_status(apipie_client_set_default_backend(d->client, "desk"), APIPIE_OK);
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    assert_non_null(d->request);
    assert_status(apipie_request_set_prompt(d->request, "a cat", 5), APIPIE_OK);
}

static void again(struct draw *d)
{
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    assert_non_null(d->request);
    assert_status(apipie_request_set_prompt(d->request, "a cat", 5), APIPIE_OK);
}

/* The paths that were asked for, one a line. */
static void assert_asked(struct draw *d, const char *want)
{
    char text[2000] = "";
    for (int32_t i = 0; raw_server_request(d->other, i) != NULL; i++) {
        const struct raw_request *q = raw_server_request(d->other, i);
        if (strlen(text) + strlen(q->method) + strlen(q->path) + 3 > sizeof(text))
            break;
        strcat(text, q->method);
        strcat(text, " ");
        strcat(text, q->path);
        strcat(text, "\n");
    }
    assert_string_equal(text, want);
}

static const struct raw_request *asked(struct draw *d, const char *path)
{
    for (int32_t i = 0; raw_server_request(d->other, i) != NULL; i++) {
        if (strcmp(raw_server_request(d->other, i)->path, path) == 0)
            return raw_server_request(d->other, i);
    }
    return NULL;
}

#define TXT2IMG "/sdapi/v1/txt2img"
#define IMG2IMG "/sdapi/v1/img2img"
#define MODELS  "/sdapi/v1/sd-models"
#define LOOK    "/sdapi/v1/progress*"
#define INFO                                                                                       \
    "\"info\":\"{\\\"seed\\\":7,\\\"all_seeds\\\":[7],\\\"sd_model_name\\\":\\\"dreamshaper_"      \
    "8\\\","                                                                                       \
    "\\\"index_of_first_image\\\":0}\""
#define DRAWN "{\"images\":[\"" PNG1 "\"],\"parameters\":{}," INFO "}"
#define LIST                                                                                       \
    "[{\"title\":\"dreamshaper_8.safetensors [879db523c3]\",\"model_name\":\"dreamshaper_8\","     \
    "\"hash\":\"879db523c3\",\"sha256\":null,\"filename\":\"/m/d.safetensors\",\"config\":null}]"

/* ---- Automatic1111 */

static void a_picture_by_txt2img(void **state)
{
    static const struct desk_route routes[] = {
        {TXT2IMG, {{200, NULL, DRAWN}}, 0}, {MODELS, {{200, NULL, LIST}}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    uint64_t seed = 0;
    serve_desk(d, "a1111", &desk);
    apipie_request_set_model(d->request, "dreamshaper_8");
    apipie_request_set_size(d->request, 64, 64);
    apipie_request_set_seed(d->request, 7);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_asked(d, "GET " MODELS "\nPOST " TXT2IMG "\n");
    assert_string_equal(asked(d, TXT2IMG)->body,
                        "{\"prompt\":\"a cat\",\"width\":64,\"height\":64,\"seed\":7,"
                        "\"override_settings\":{\"sd_model_checkpoint\":\"dreamshaper_8\"}}");
    assert_string_equal(apipie_result_backend(draw_result(d)), "desk");
    assert_string_equal(apipie_result_model(draw_result(d)), "dreamshaper_8");
    assert_status(apipie_result_image_seed(draw_result(d), 0, &seed), APIPIE_OK);
    assert_int_equal(seed, 7);
    assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 0); /* the gateway hears nothing of it */
}

static void an_unknown_checkpoint_is_found_before_the_call(void **state)
{
    static const struct desk_route routes[] = {
        {TXT2IMG, {{200, NULL, DRAWN}}, 0}, {MODELS, {{200, NULL, LIST}}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "a1111", &desk);
    apipie_request_set_model(d->request, "dreamshaper_7");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NOT_FOUND);
    assert_contains(apipie_error_message(draw_error(d)), "dreamshaper_7; there are: dreamshaper_8");
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_asked(d, "GET " MODELS "\n");
}

static void a_grid_and_another_checkpoint(void **state)
{
    static const struct desk_route routes[] = {
        {MODELS, {{200, NULL, LIST}}, 0},
        {TXT2IMG,
         {{200, NULL,
           "{\"images\":[\"" PNG2 "\",\"" PNG1 "\",\"" PNG3 "\"],\"parameters\":{},\"info\":\""
           "{\\\"all_seeds\\\":[7,8],\\\"sd_model_name\\\":\\\"other\\\",\\\"sd_model_hash\\\":"
           "\\\"0011223344\\\",\\\"index_of_first_image\\\":1}\"}"}},
         0},
        DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    uint64_t seed = 0;
    serve_desk(d, "a1111", &desk);
    apipie_request_set_model(d->request, "dreamshaper_8");
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), 2);
    draw_assert_image(r, 0, PNG1, "image/png");
    draw_assert_image(r, 1, PNG3, "image/png");
    assert_status(apipie_result_image_seed(r, 1, &seed), APIPIE_OK);
    assert_int_equal(seed, 8);
    assert_string_equal(apipie_result_model(r), "other");
    assert_int_equal(apipie_result_warning_count(r), 1);
    assert_contains(apipie_result_warning(r, 0), "other");
}

static void a_picture_and_a_mask_by_img2img(void **state)
{
    static const struct desk_route routes[] = {{IMG2IMG, {{200, NULL, DRAWN}}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    uint8_t picture[sizeof(PNG1)];
    serve_desk(d, "a1111", &desk);
    size_t n = draw_decode(PNG1, picture);
    assert_status(apipie_request_set_image_bytes(d->request, picture, n), APIPIE_OK);
    n = draw_decode(GIF1, picture);
    assert_status(apipie_request_set_mask_bytes(d->request, picture, n), APIPIE_OK);
    apipie_request_set_strength(d->request, 0.5);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_string_equal(asked(d, IMG2IMG)->body,
                        "{\"prompt\":\"a cat\",\"denoising_strength\":0.5,\"init_images\":"
                        "[\"" PNG1 "\"],\"inpainting_fill\":1,\"inpaint_full_res\":false,"
                        "\"mask\":\"" GIF1 "\"}");
}

static void user_and_password_are_shown_at_once(void **state)
{
    static const struct desk_route routes[] = {
        {TXT2IMG, {{200, NULL, DRAWN}}, 0}, {MODELS, {{200, NULL, LIST}}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "a1111", &desk);
    assert_status(apipie_client_set_backend_key(d->client, "desk", "Aladdin:opensesame"),
                  APIPIE_OK);
    apipie_request_set_model(d->request, "dreamshaper_8");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    for (int32_t i = 0; i < 2; i++) {
        char value[200] = "";
        raw_request_header(raw_server_request(d->other, i), "authorization", value, sizeof(value));
        assert_string_equal(value, "Basic QWxhZGRpbjpvcGVuc2VzYW1l");
    }
    assert_asked(d, "GET " MODELS "\nPOST " TXT2IMG "\n");
}

/* No byte comes for a while: nobody has set a limit for that. */
static void a_late_answer_is_waited_for(void **state)
{
    static const struct desk_route routes[] = {
        {TXT2IMG, {{200, NULL, DRAWN}}, 2500}, {LOOK, {{404, "", ""}}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "a1111", &desk);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->other, "POST"), 1);
}

static void errors_that_stay_are_not_sent_again(void **state)
{
    static const struct {
        struct draw_reply reply;
        apipie_status want;
        int32_t calls;
    } rows[] = {
        {{500, NULL,
          "{\"error\":\"OutOfMemoryError\",\"detail\":\"\",\"errors\":\"CUDA out of memory\"}"},
         APIPIE_E_SERVER,
         1},
        {{404, NULL, "{\"detail\":\"Sampler not found\"}"}, APIPIE_E_PARAMETER, 1},
        {{404, NULL, "{\"detail\":\"Not Found\"}"}, APIPIE_E_NOT_FOUND, 1},
        {{422, NULL,
          "{\"detail\":[{\"loc\":[\"body\",\"steps\"],\"msg\":\"bad\",\"type\":\"x\"}]}"},
         APIPIE_E_PARAMETER,
         1},
        {{401, NULL, "{\"error\":\"HTTPException\",\"detail\":\"Not authenticated\"}"},
         APIPIE_E_AUTH,
         1},
        {{500, NULL, "{\"error\":\"RuntimeError\",\"detail\":\"\",\"errors\":\"oops\"}"},
         APIPIE_E_SERVER,
         2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk_route routes[] = {{TXT2IMG, {rows[i].reply}, 0}, DESK_END};
        struct desk desk = {routes, NULL, 0};
        struct draw *d = *state;
        serve_desk(d, "a1111", &desk);
        apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 1);
        assert_ended(d->request, apipie_request_perform(d->request), rows[i].want);
        assert_int_equal(raw_server_count(d->other, "POST"), rows[i].calls);
        assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
        draw_teardown(state);
        draw_setup(state);
    }
}

/* What was seen of the progress. */
struct seen {
    int64_t values[64];
    int32_t count;
};

static void see(void *user, apipie_request *request)
{
    struct seen *s = user;
    int64_t v = apipie_request_progress(request, APIPIE_PROGRESS_DRAWN);
    if (s->count < 64 && (s->count == 0 || s->values[s->count - 1] != v))
        s->values[s->count++] = v;
}

#define AT(X)                                                                                      \
    {                                                                                              \
        200, NULL, "{\"progress\":" X ",\"state\":{\"job_count\":-1}}"                             \
    }

static void progress_only_grows(void **state)
{
    static const struct desk_route routes[] = {
        {TXT2IMG, {{200, NULL, DRAWN}}, 0},
        {LOOK, {AT("-0.94"), AT("0.25"), AT("0.01"), AT("\"x\""), AT("0.5"), AT("7e300")}, 0},
        DESK_END};
    static struct desk desk = {routes, LOOK, 7};
    struct draw *d = *state;
    struct seen seen = {{0}, 0};
    serve_desk(d, "a1111", &desk);
    apipie_request_set_progress(d->request, see, &seen, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    int32_t at = seen.values[0] == APIPIE_UNKNOWN ? 1 : 0;
    for (int32_t i = at; i < seen.count; i++) {
        assert_in_range(seen.values[i], 0, 1000);
        assert_true(i == at || seen.values[i] > seen.values[i - 1]);
    }
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_DRAWN), 1000);
    assert_true(seen.count >= 3);
}

static void who_cancels_interrupts(void **state)
{
    static const struct desk_route routes[] = {{TXT2IMG, {{200, NULL, DRAWN}}, 20000},
                                               {"/sdapi/v1/interrupt", {{200, NULL, "{}"}}, 0},
                                               {LOOK, {AT("0.1")}, 0},
                                               DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "a1111", &desk);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (asked(d, TXT2IMG) == NULL)
        apipie_request_wait(d->request, 20);
    int64_t start = draw_now_ms();
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    int64_t took = draw_now_ms() - start;
    if (took > 50)
        print_message("the cancel took %d ms\n", (int)took);
    while (asked(d, "/sdapi/v1/interrupt") == NULL)
        draw_sleep_ms(5);
    assert_string_equal(asked(d, "/sdapi/v1/interrupt")->method, "POST");
}

/* ---- stable-diffusion.cpp */

#define SUBMIT "/sdcpp/v1/img_gen"
#define JOB    "/sdcpp/v1/jobs/job_1_00000001"
#define TAKEN                                                                                      \
    {                                                                                              \
        202, NULL,                                                                                 \
            "{\"id\":\"job_1_00000001\",\"kind\":\"img_gen\",\"status\":\"queued\","               \
            "\"created\":1,\"poll_url\":\"" JOB "\"}"                                              \
    }
#define WAITS                                                                                      \
    {                                                                                              \
        200, NULL, "{\"id\":\"job_1_00000001\",\"status\":\"queued\",\"queue_position\":1}"        \
    }
#define DONE                                                                                       \
    {                                                                                              \
        200, NULL,                                                                                 \
            "{\"id\":\"job_1_00000001\",\"status\":\"completed\",\"created\":1,\"result\":{"       \
            "\"output_format\":\"png\",\"images\":[{\"index\":0,\"b64_json\":\"" PNG1 "\"}]},"     \
            "\"error\":null}"                                                                      \
    }

static void a_job_is_looked_at_until_it_is_done(void **state)
{
    static const struct desk_route routes[] = {
        {SUBMIT, {TAKEN}, 0}, {JOB, {WAITS, WAITS, DONE}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "sdcpp", &desk);
    apipie_request_set_steps(d->request, 4);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_asked(d, "POST " SUBMIT "\nGET " JOB "\nGET " JOB "\nGET " JOB "\n");
    assert_string_equal(asked(d, SUBMIT)->body,
                        "{\"prompt\":\"a cat\",\"sample_params\":{\"sample_steps\":4}}");
    assert_true(
        raw_server_request(d->other, 1)->came_ms - raw_server_request(d->other, 0)->came_ms >= 90);
    assert_true(
        raw_server_request(d->other, 3)->came_ms - raw_server_request(d->other, 2)->came_ms >= 380);
    assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_NO);
}

static void jobs_fail_as_they_are(void **state)
{
    static const struct {
        struct draw_reply submit, job;
        apipie_status want;
        int32_t calls;
    } rows[] = {
        {TAKEN,
         {200, NULL,
          "{\"status\":\"failed\",\"error\":{\"code\":\"generation_failed\",\"message\":\"no\"}}"},
         APIPIE_E_SERVER,
         2},
        {TAKEN,
         {200, NULL,
          "{\"status\":\"cancelled\",\"error\":{\"code\":\"cancelled\",\"message\":\"no\"}}"},
         APIPIE_E_SERVER,
         1},
        {TAKEN, {404, NULL, "{\"error\":\"job not found\"}"}, APIPIE_E_SERVER, 2},
        {TAKEN, {410, NULL, "{\"error\":\"job expired\"}"}, APIPIE_E_SERVER, 2},
        {TAKEN,
         {200, NULL, "{\"status\":\"completed\",\"result\":{\"images\":[]},\"error\":null}"},
         APIPIE_E_NO_IMAGE,
         2},
        {{500, NULL,
          "{\"error\":\"server_error\",\"message\":\"[json.exception.type_error.302] x\"}"},
         DONE,
         APIPIE_E_PARAMETER,
         1},
        {{400, NULL, "{\"error\":\"prompt required\"}"}, DONE, APIPIE_E_PARAMETER, 1},
        {{429, NULL, "{\"error\":\"job queue is full\"}"}, DONE, APIPIE_E_RATE_LIMITED, 2},
        {{202, NULL, "{\"id\":\"../x\"}"}, DONE, APIPIE_E_MALFORMED, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk_route routes[] = {
            {SUBMIT, {rows[i].submit}, 0}, {JOB, {rows[i].job}, 0}, DESK_END};
        struct desk desk = {routes, NULL, 0};
        struct draw *d = *state;
        serve_desk(d, "sdcpp", &desk);
        apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 1);
        apipie_status got = apipie_request_perform(d->request);
        if (got != rows[i].want || raw_server_count(d->other, "POST") != rows[i].calls)
            print_message("row %d\n", (int)i);
        assert_ended(d->request, got, rows[i].want);
        assert_int_equal(raw_server_count(d->other, "POST"), rows[i].calls);
        assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
        draw_teardown(state);
        draw_setup(state);
    }
}

static void a_full_queue_is_tried_again(void **state)
{
    static const struct desk_route routes[] = {
        {SUBMIT, {{429, NULL, "{\"error\":\"job queue is full\"}"}, TAKEN}, 0},
        {JOB, {DONE}, 0},
        DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "sdcpp", &desk);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

static void who_cancels_a_job_tells_the_server(void **state)
{
    static const struct desk_route routes[] = {
        {SUBMIT, {TAKEN}, 0}, {JOB, {WAITS}, 0}, {JOB "/cancel", {WAITS}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "sdcpp", &desk);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (asked(d, JOB) == NULL)
        apipie_request_wait(d->request, 20);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    while (asked(d, JOB "/cancel") == NULL)
        draw_sleep_ms(5);
    assert_string_equal(asked(d, JOB "/cancel")->method, "POST");
}

/* An older server has no jobs: it is asked the other way, and from then on at once. */
static void a_server_without_jobs_is_asked_otherwise(void **state)
{
    static const struct desk_route routes[] = {
        {"/v1/images/generations",
         {{200, NULL,
           "{\"created\":1,\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"output_format\":\"png\"}"}},
         0},
        DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "sdcpp", &desk);
    apipie_request_set_seed(d->request, 9);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    again(d);
    apipie_request_set_n(d->request, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_asked(d, "POST " SUBMIT "\nPOST /v1/images/generations\nPOST /v1/images/generations\n");
    assert_string_equal(raw_server_request(d->other, 1)->body,
                        "{\"prompt\":\"a cat <sd_cpp_extra_args>{\\\"seed\\\":9}</"
                        "sd_cpp_extra_args>\"}");
    assert_string_equal(raw_server_request(d->other, 2)->body, "{\"prompt\":\"a cat\",\"n\":1}");
}

static void nothing_there_at_all(void **state)
{
    static const struct desk_route routes[] = {DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "sdcpp", &desk);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NOT_FOUND);
    assert_contains(apipie_error_hint(draw_error(d)), "without a path");
    assert_asked(d, "POST " SUBMIT "\nPOST /v1/images/generations\n");
}

/* ---- lists of models */

static void local_models_cost_nothing(void **state)
{
    static const struct desk_route routes[] = {{MODELS, {{200, NULL, LIST}}, 0}, DESK_END};
    static struct desk desk = {routes, NULL, 0};
    struct draw *d = *state;
    serve_desk(d, "a1111", &desk);
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_MODELS);
    assert_status(apipie_request_set_backend(d->request, "desk"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_catalog *list = apipie_request_catalog(d->request);
    assert_int_equal(apipie_catalog_count(list), 1);
    assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_NAME), "dreamshaper_8");
    assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_PROVIDER), "desk");
    assert_int_equal(apipie_catalog_number(list, 0, APIPIE_MODEL_PRICE), 0);
    assert_int_equal(apipie_catalog_number(list, 0, APIPIE_MODEL_AVAILABLE), 1);
    assert_int_equal(apipie_catalog_warning_count(list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_picture_by_txt2img),
        DRAW_TEST(an_unknown_checkpoint_is_found_before_the_call),
        DRAW_TEST(a_grid_and_another_checkpoint),
        DRAW_TEST(a_picture_and_a_mask_by_img2img),
        DRAW_TEST(user_and_password_are_shown_at_once),
        DRAW_TEST(a_late_answer_is_waited_for),
        DRAW_TEST(errors_that_stay_are_not_sent_again),
        DRAW_TEST(progress_only_grows),
        DRAW_TEST(who_cancels_interrupts),
        DRAW_TEST(a_job_is_looked_at_until_it_is_done),
        DRAW_TEST(jobs_fail_as_they_are),
        DRAW_TEST(a_full_queue_is_tried_again),
        DRAW_TEST(who_cancels_a_job_tells_the_server),
        DRAW_TEST(a_server_without_jobs_is_asked_otherwise),
        DRAW_TEST(nothing_there_at_all),
        DRAW_TEST(local_models_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
