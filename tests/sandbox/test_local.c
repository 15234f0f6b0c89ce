/* SPDX-License-Identifier: MIT */
/* The library against the sandbox as the servers under the desk: pictures, masks, progress, cancelling, failover. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <apipie/apipie.h>

#include "talk.h"

/* The client's own server is the gateway, as the sandbox plays it. */
struct desk {
    apipie_client *client;
    apipie_request *request;
};
static struct desk desk;

static int desk_setup(void **state)
{
    int failed = talk_setup(state);
    desk.client = apipie_client_new(NULL);
    desk.request = NULL;
    failed |= apipie_client_set_key(desk.client, apipie_sandbox_key(talk_box)) != APIPIE_OK ||
              apipie_client_set_base_url(desk.client, apipie_sandbox_url(talk_box)) != APIPIE_OK;
    static const char *const wires[] = {"a1111", "sdcpp"};
    for (size_t i = 0; i < 2; i++)
        failed |=
            apipie_client_add_backend(desk.client, wires[i], wires[i],
                                      apipie_sandbox_backend_url(talk_box, wires[i])) != APIPIE_OK;
    return failed;
}

static int desk_teardown(void **state)
{
    apipie_request_unref(desk.request);
    apipie_client_unref(desk.client);
    return talk_teardown(state);
}
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)

static apipie_request *ask_again(const char *backend)
{
    apipie_request_unref(desk.request);
    desk.request = apipie_request_new(desk.client, APIPIE_REQUEST_IMAGE);
    assert_non_null(desk.request);
    assert_int_equal(apipie_request_set_prompt(desk.request, "a lake", APIPIE_NTS), APIPIE_OK);
    assert_int_equal(apipie_request_set_size(desk.request, 64, 64), APIPIE_OK);
    if (backend != NULL)
        assert_int_equal(apipie_request_set_backend(desk.request, backend), APIPIE_OK);
    return desk.request;
}

static void need(apipie_status want)
{
    apipie_status got = apipie_request_perform(desk.request);
    if (got != want && apipie_request_error(desk.request) != NULL)
        print_message("%s\n", apipie_error_message(apipie_request_error(desk.request)));
    assert_int_equal(got, want);
}

static void need_picture(size_t index)
{
    const apipie_result *r = apipie_request_result(desk.request);
    size_t n = 0;
    const void *p = apipie_result_image_data(r, index, &n);
    assert_true(talk_is_png(p, n, 64, 64));
}

static int64_t number(int32_t field)
{
    return apipie_sandbox_number(talk_box, field);
}

static void text_to_image_by(const char *wire)
{
    apipie_request *r = ask_again(wire);
    uint64_t seed = 0;
    apipie_request_set_n(r, 2);
    apipie_request_set_seed(r, 41);
    apipie_request_set_steps(r, 11);
    apipie_request_set_guidance(r, 5.5);
    apipie_request_set_negative_prompt(r, "boats", APIPIE_NTS);
    need(APIPIE_OK);
    const apipie_result *result = apipie_request_result(r);
    assert_int_equal(apipie_result_image_count(result), 2);
    need_picture(0);
    need_picture(1);
    assert_int_equal(apipie_result_image_seed(result, 1, &seed), APIPIE_OK);
    assert_int_equal(seed, 42);
    assert_int_equal(number(APIPIE_SANDBOX_SEED), 41);
    assert_int_equal(number(APIPIE_SANDBOX_STEPS), 11);
    assert_int_equal(apipie_result_billed(result), APIPIE_BILLED_NO);
    assert_string_equal(apipie_result_backend(result), wire);
    assert_int_equal(apipie_result_warning_count(result), 0);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void text_to_image(void **state)
{
    (void)state;
    text_to_image_by("a1111");
    text_to_image_by("sdcpp");
    assert_true(number(APIPIE_SANDBOX_POLLS) > 0);
}

static void checkpoints(void **state)
{
    apipie_request *r = ask_again("a1111");
    (void)state;
    apipie_request_set_model(r, "sd_xl_base_1.0");
    need(APIPIE_OK);
    assert_string_equal(apipie_result_model(apipie_request_result(r)), "sd_xl_base_1.0");
    assert_int_equal(apipie_result_warning_count(apipie_request_result(r)), 0);
    int64_t calls = apipie_sandbox_request_count(talk_box);
    r = ask_again("a1111");
    apipie_request_set_model(r, "sd_xl_base_9.9");
    need(APIPIE_E_NOT_FOUND);
    const char *message = apipie_error_message(apipie_request_error(r));
    assert_non_null(strstr(message, "sd_xl_base_1.0"));
    assert_int_equal(apipie_sandbox_request_count(talk_box), calls); /* nothing was asked to draw */
}

static void a_grid_is_left_out(void **state)
{
    apipie_request *r = ask_again("a1111");
    (void)state;
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "grid", 1), APIPIE_OK);
    apipie_request_set_n(r, 2);
    need(APIPIE_OK);
    assert_int_equal(apipie_result_image_count(apipie_request_result(r)), 2);
    need_picture(0);
    need_picture(1);
}

static void user_and_password(void **state)
{
    (void)state;
    assert_int_equal(apipie_sandbox_set_basic(talk_box, "me", "secret"), APIPIE_OK);
    ask_again("a1111");
    need(APIPIE_E_AUTH);
    assert_non_null(strstr(apipie_error_hint(apipie_request_error(desk.request)), "user:password"));
    assert_int_equal(apipie_client_set_backend_key(desk.client, "a1111", "me:secret"), APIPIE_OK);
    apipie_request *r = ask_again("a1111");
    apipie_request_set_model(r, "dreamshaper_8");
    need(APIPIE_OK);
}

static void what_the_server_refuses(void **state)
{
    apipie_request *r = ask_again("a1111");
    (void)state;
    apipie_request_set_sampler(r, "no such sampler");
    need(APIPIE_E_PARAMETER);
    r = ask_again("a1111");
    int64_t calls = apipie_sandbox_request_count(talk_box);
    apipie_request_set_n(r, 2);
    assert_int_equal(apipie_request_set_extra(r, "n_iter", "99"), APIPIE_OK);
    need(APIPIE_E_SERVER);
    assert_non_null(strstr(apipie_error_message(apipie_request_error(r)), "out of memory"));
    assert_non_null(strstr(apipie_error_hint(apipie_request_error(r)), "smaller size"));
    assert_int_equal(apipie_sandbox_request_count(talk_box), calls + 1); /* once is enough */
    r = ask_again("sdcpp");
    assert_int_equal(apipie_request_set_extra(r, "strength", "\"much\""), APIPIE_OK);
    need(APIPIE_E_PARAMETER);
    assert_int_equal(apipie_error_is_retryable(apipie_request_error(r)), 0);
}

static void jobs_that_end_badly(void **state)
{
    static const struct {
        const char *fault;
        apipie_status want;
    } rows[] = {{"jobfail", APIPIE_E_SERVER},
                {"queuefull", APIPIE_E_RATE_LIMITED},
                {"expired", APIPIE_E_SERVER}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        apipie_request *r = ask_again("sdcpp");
        assert_int_equal(apipie_sandbox_set_fault(talk_box, rows[i].fault, 1), APIPIE_OK);
        apipie_request_set_retry(r, APIPIE_RETRY_NEVER, 0);
        need(rows[i].want);
        assert_int_equal(apipie_error_billed(apipie_request_error(r)), APIPIE_BILLED_NO);
        r = ask_again("sdcpp"); /* the same, tried again: it costs nothing */
        assert_int_equal(apipie_sandbox_set_fault(talk_box, rows[i].fault, 1), APIPIE_OK);
        need(APIPIE_OK);
    }
}

/* ---- while it draws */

struct seen {
    int64_t last;
    int32_t between; /* values that are neither the begin nor the end */
};

static void see(void *user, apipie_request *request)
{
    struct seen *s = user;
    int64_t v = apipie_request_progress(request, APIPIE_PROGRESS_DRAWN);
    s->between += v > 0 && v < 1000 && v != s->last;
    if (v < s->last && v != APIPIE_UNKNOWN)
        s->between = INT16_MIN; /* it fell back */
    s->last = v;
}

/* As long as it takes for somebody to look. */
static void progress_is_seen(void **state)
{
    struct seen seen = {APIPIE_UNKNOWN, 0};
    (void)state;
    for (int32_t ms = 1200; seen.between == 0; ms *= 2) {
        apipie_request *r = ask_again("a1111");
        assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, ms), APIPIE_OK);
        seen.last = APIPIE_UNKNOWN;
        apipie_request_set_progress(r, see, &seen, NULL);
        need(APIPIE_OK);
    }
    assert_true(seen.between > 0);
    assert_int_equal(apipie_request_progress(desk.request, APIPIE_PROGRESS_DRAWN), 1000);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the server draws. */
static void begin(apipie_request *r)
{
    assert_int_equal(apipie_request_submit(r), APIPIE_OK);
    while (number(APIPIE_SANDBOX_RUNNING) == 0)
        apipie_request_wait(r, 10);
}

static void wait_for(int32_t field, int64_t value)
{
    struct timespec pause = {0, 2000000};
    while (number(field) != value)
        nanosleep(&pause, NULL);
}

static void a_cancel_frees_the_server(void **state)
{
    apipie_request *r = ask_again("a1111");
    (void)state;
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 60000), APIPIE_OK);
    begin(r);
    int64_t start = now_ms();
    apipie_request_cancel(r);
    assert_int_equal(apipie_request_wait(r, -1), APIPIE_E_CANCELLED);
    int64_t told = now_ms();
    wait_for(APIPIE_SANDBOX_INTERRUPTS, 1);
    wait_for(APIPIE_SANDBOX_RUNNING, 0);
    print_message("cancelled after %d ms, the server is free after %d ms\n", (int)(told - start),
                  (int)(now_ms() - start));
}

/* The one that draws cannot be stopped; the one that waits is taken out of the queue. */
static void a_job_that_waits_is_cancelled(void **state)
{
    (void)state;
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 60000), APIPIE_OK);
    struct talk first = talk(apipie_sandbox_backend_url(talk_box, "sdcpp"), "/sdcpp/v1/img_gen",
                             "{\"prompt\":\"a sea\",\"width\":64,\"height\":64}", NULL, NULL);
    assert_int_equal(first.status, 202);
    talk_end(&first);
    apipie_request *second = ask_again("sdcpp");
    assert_int_equal(apipie_request_submit(second), APIPIE_OK);
    while (number(APIPIE_SANDBOX_POLLS) < 2)
        apipie_request_wait(second, 10);
    int64_t start = now_ms();
    apipie_request_cancel(second);
    assert_int_equal(apipie_request_wait(second, -1), APIPIE_E_CANCELLED);
    int64_t told = now_ms();
    wait_for(APIPIE_SANDBOX_CANCELS, 1);
    print_message("cancelled after %d ms\n", (int)(told - start));
}

/* ---- there and back */

/* The desk is tried first; while it is off the gateway draws, and costs. */
static void failover_and_back(void **state)
{
    char url[64];
    apipie_sandbox *own = apipie_sandbox_new();
    (void)state;
    assert_int_equal(apipie_sandbox_start(own), APIPIE_OK);
    strcpy(url, apipie_sandbox_backend_url(own, "sdcpp"));
    int32_t port = atoi(strrchr(url, ':') + 1);
    assert_int_equal(apipie_client_add_backend(desk.client, "desk", "sdcpp", url), APIPIE_OK);
    assert_int_equal(apipie_client_set_breaker(desk.client, 0, 1000), APIPIE_OK);
    apipie_client_add_route(desk.client, "desk", NULL, NULL);
    apipie_client_add_route(desk.client, "apipie", "prodia", "sd_xl_base_1.0");
    static const char *const want[] = {"desk", "apipie", "desk"};
    for (size_t i = 0; i < 3; i++) {
        if (i == 1)
            own = apipie_sandbox_unref(own);
        if (i == 2) {
            own = apipie_sandbox_new();
            assert_int_equal(apipie_sandbox_set_port(own, port), APIPIE_OK);
            assert_int_equal(apipie_sandbox_start(own), APIPIE_OK);
        }
        ask_again(NULL);
        need(APIPIE_OK);
        need_picture(0);
        assert_string_equal(apipie_result_backend(apipie_request_result(desk.request)), want[i]);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    apipie_sandbox_unref(own);
}

static void models_by(const char *wire, const char *name, size_t count)
{
    apipie_request_unref(desk.request);
    desk.request = apipie_request_new(desk.client, APIPIE_REQUEST_MODELS);
    assert_int_equal(apipie_request_set_backend(desk.request, wire), APIPIE_OK);
    need(APIPIE_OK);
    apipie_catalog *list = apipie_request_catalog(desk.request);
    assert_int_equal(apipie_catalog_count(list), count);
    size_t i = 0;
    while (i < count && strcmp(apipie_catalog_text(list, i, APIPIE_MODEL_NAME), name) != 0)
        i++;
    assert_true(i < count);
    assert_string_equal(apipie_catalog_text(list, i, APIPIE_MODEL_PROVIDER), wire);
    assert_int_equal(apipie_catalog_number(list, i, APIPIE_MODEL_PRICE), 0);
}

static void lists_of_models(void **state)
{
    (void)state;
    models_by("a1111", "dreamshaper_8", 3);
    models_by("sdcpp", "sd-v1-4", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(text_to_image),
        DESK_TEST(checkpoints),
        DESK_TEST(a_grid_is_left_out),
        DESK_TEST(user_and_password),
        DESK_TEST(what_the_server_refuses),
        DESK_TEST(jobs_that_end_badly),
        DESK_TEST(progress_is_seen),
        DESK_TEST(a_cancel_frees_the_server),
        DESK_TEST(a_job_that_waits_is_cancelled),
        DESK_TEST(failover_and_back),
        DESK_TEST(lists_of_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
