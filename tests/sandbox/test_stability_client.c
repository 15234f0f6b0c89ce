/* SPDX-License-Identifier: MIT */
/* The library's client against the sandbox as Stability's platform: upscalers, jobs, the filter, the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

#define XL "stable-diffusion-xl-1024-v1-0"

static const struct round sd35 = {.wire = "stability", .model = "sd3.5-large"};
static const struct round inpaint = {.wire = "stability", .model = "inpaint"};

static void the_client_draws(void **state)
{
    uint64_t seed = 0;
    (void)state;
    round_begin(&sd35);
    apipie_request *q = round_fresh(&sd35, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "core");
    apipie_request_set_aspect_ratio(q, "16:9");
    const apipie_result *r = round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_width(r, 0), 1344);
    assert_int_equal(apipie_result_image_seed(r, 0, &seed), APIPIE_OK);
    assert_int_equal((int64_t)seed, apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SEED));
    assert_true(strlen(apipie_result_request_id(r)) > 10);
}

static void the_client_upscales(void **state)
{
    size_t n = 0;
    unsigned char *picture = talk_png(64, 80, 1, 7, &n);
    (void)state;
    round_begin(&inpaint);
    apipie_request *q = round_fresh(&inpaint, APIPIE_REQUEST_EDIT);
    apipie_request_set_model(q, "fast");
    apipie_request_set_prompt(q, NULL, APIPIE_NTS);
    assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
    assert_int_equal(apipie_result_image_height(round_need(APIPIE_OK), 0), 320);
    free(picture);
}

static void the_client_waits_for_a_job(void **state)
{
    size_t n = 0;
    unsigned char *picture = talk_png(64, 80, 0, 7, &n);
    (void)state;
    round_begin(&inpaint);
    apipie_sandbox_set_drawing_time(talk_box, 300);
    for (int i = 0; i < 2; i++) {
        apipie_request *q = round_fresh(&inpaint, APIPIE_REQUEST_EDIT);
        apipie_request_set_model(q, i == 0 ? "creative" : "replace-background-and-relight");
        assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
        apipie_sandbox_set_fault(talk_box, "retry-after:0.1", 1);
        const apipie_result *r = round_need(APIPIE_OK);
        assert_int_equal(apipie_result_image_width(r, 0), i == 0 ? 256 : 64);
        assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_YES);
    }
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_POLLS) >= 4);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    apipie_sandbox_set_drawing_time(talk_box, 0);
    apipie_sandbox_set_fault(talk_box, "retry-after:0.05;expired", 1);
    apipie_request *q = round_fresh(&inpaint, APIPIE_REQUEST_EDIT);
    apipie_request_set_model(q, "creative");
    assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
    round_need(APIPIE_E_NOT_FOUND);
    free(picture);
}

static void the_client_is_told_of_a_filter(void **state)
{
    (void)state;
    round_begin(&sd35);
    for (int i = 0; i < 2; i++) {
        apipie_request *q = round_fresh(&sd35, APIPIE_REQUEST_IMAGE);
        apipie_request_set_model(q, i == 0 ? "sd3.5-large" : XL);
        apipie_sandbox_set_fault(talk_box, "blurred", 1);
        const apipie_result *r = round_need(APIPIE_OK);
        assert_int_equal(apipie_result_warning_count(r), 1);
        assert_non_null(strstr(apipie_result_warning(r, 0), "CONTENT_FILTERED"));
        assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_YES);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    round_fresh(&sd35, APIPIE_REQUEST_IMAGE);
    apipie_sandbox_set_fault(talk_box, "content", 1);
    round_need(APIPIE_E_CONTENT_POLICY);
    assert_int_equal(apipie_error_billed(apipie_request_error(round_request)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_http_status(apipie_request_error(round_request)), 403);
}

static void the_client_lists_models(void **state)
{
    (void)state;
    round_begin(&sd35);
    round_request = apipie_request_new(round_client, APIPIE_REQUEST_MODELS);
    apipie_request_set_backend(round_request, "stability");
    round_need(APIPIE_OK);
    apipie_catalog *list = apipie_request_catalog(round_request);
    assert_int_equal(apipie_catalog_count(list), 7);
    assert_true(apipie_catalog_find(list, "stability", XL) >= 0);
    int64_t at = apipie_catalog_find(list, "stability", "sd3.5-large");
    assert_true(at >= 0);
    assert_int_equal(apipie_catalog_number(list, (size_t)at, APIPIE_MODEL_PRICE),
                     INT64_C(65000000000));
    apipie_request *q = round_fresh(&sd35, APIPIE_REQUEST_IMAGE); /* the sandbox charges the same */
    assert_int_equal(apipie_client_estimate(round_client, q, NULL), INT64_C(65000000000));
    round_need(APIPIE_OK);
    assert_int_equal(apipie_sandbox_billed_cost(talk_box), INT64_C(65000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUND_TEST(the_client_draws),           ROUND_TEST(the_client_upscales),
        ROUND_TEST(the_client_waits_for_a_job), ROUND_TEST(the_client_is_told_of_a_filter),
        ROUND_TEST(the_client_lists_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
