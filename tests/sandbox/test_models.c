/* SPDX-License-Identifier: MIT */
/* The library's list of models and estimates against the sandbox: what is estimated is what is billed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apipie/apipie.h>
#include <apipie/sandbox.h>

#include <string.h>

struct world {
    apipie_sandbox *box;
    apipie_client *client;
};

static int setup(void **state)
{
    static struct world w;
    w.box = apipie_sandbox_new();
    w.client = apipie_client_new(NULL);
    *state = &w;
    return apipie_sandbox_start(w.box) != APIPIE_OK ||
           apipie_client_set_key(w.client, apipie_sandbox_key(w.box)) != APIPIE_OK ||
           apipie_client_set_base_url(w.client, apipie_sandbox_url(w.box)) != APIPIE_OK ||
           apipie_client_set_retry(w.client, APIPIE_RETRY_NEVER, 0) != APIPIE_OK;
}

static int teardown(void **state)
{
    struct world *w = *state;
    apipie_client_unref(w->client);
    apipie_sandbox_unref(w->box);
    return 0;
}

static apipie_request *listed(struct world *w)
{
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_MODELS);
    apipie_request_set_filter(r, "type", "image");
    assert_int_equal(apipie_request_perform(r), APIPIE_OK);
    return r;
}

static void every_price_is_the_bill(void **state)
{
    static const char *const names[][2] = {{"prodia", "sd_xl_base_1.0"},
                                           {"bedrock", "stable-diffusion-xl-v1"},
                                           {"deepinfra", "stable-diffusion-2-1"},
                                           {"together", "stable-diffusion-xl-base-1.0"}};
    struct world *w = *state;
    int32_t source = 0;
    apipie_request_unref(listed(w));
    for (size_t i = 0; i < 8; i++) {
        apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
        apipie_request_set_provider(r, names[i / 2][0]);
        apipie_request_set_model(r, names[i / 2][1]);
        apipie_request_set_size(r, 512, 512);
        if (i % 2 == 1)
            apipie_request_set_quality(r, "hd");
        int64_t estimate = apipie_client_estimate(w->client, r, &source);
        assert_int_equal(source, APIPIE_PRICE_LISTED);
        assert_int_equal(apipie_request_perform(r), APIPIE_OK);
        assert_true(apipie_result_cost(apipie_request_result(r)) == estimate);
        apipie_request_unref(r);
    }
}

static void the_list_is_whole(void **state)
{
    struct world *w = *state;
    apipie_request *r = listed(w);
    apipie_catalog *list = apipie_request_catalog(r);
    assert_int_equal(apipie_catalog_count(list), 82);
    assert_int_equal(apipie_catalog_warning_count(list), 0);
    assert_int_equal(apipie_result_warning_count(apipie_request_result(r)), 0);
    for (size_t i = 0; i < 82; i++) {
        assert_true(apipie_catalog_number(list, i, APIPIE_MODEL_PRICE) > 0);
        assert_int_equal(apipie_catalog_number(list, i, APIPIE_MODEL_AVAILABLE), 1);
    }
    apipie_request_unref(r);
}

static void nothing_new_and_faults(void **state)
{
    struct world *w = *state;
    assert_int_equal(apipie_client_set_models_cache(w->client, NULL, 0), APIPIE_OK);
    apipie_request_unref(listed(w));
    apipie_request *r = listed(w);
    assert_int_equal(apipie_request_attempt_http_status(r, 0), 304);
    assert_int_equal(apipie_catalog_count(apipie_request_catalog(r)), 82);
    apipie_request_unref(r);
    static const char *const faults[] = {"status:500", "badjson", "html200", "truncate", "cut"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        apipie_client_set_header(w->client, "X-Sandbox-Fault", faults[i]);
        r = listed(w);
        /* A 304 has no body to spoil. */
        int32_t served = apipie_request_attempt_http_status(r, 0) == 304;
        assert_int_equal(apipie_result_warning_count(apipie_request_result(r)), served ? 0 : 1);
        assert_int_equal(apipie_catalog_count(apipie_request_catalog(r)), 82);
        apipie_request_unref(r);
    }
}

/* One request, one question a model; and the list is kept like any other. */
static void restrictions_are_asked_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(apipie_client_set_models_cache(w->client, NULL, 3600000), APIPIE_OK);
    for (int32_t i = 0; i < 2; i++) {
        apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_MODELS);
        apipie_request_set_filter(r, "restrictions", NULL);
        assert_int_equal(apipie_request_perform(r), APIPIE_OK);
        apipie_catalog *c = apipie_request_catalog(r);
        assert_int_equal(apipie_result_is_cached(apipie_request_result(r)), i);
        assert_int_equal(apipie_result_warning_count(apipie_request_result(r)), 0);
        assert_int_equal(apipie_catalog_count(c), 0);
        assert_int_equal(apipie_catalog_restriction_count(c), 4);
        assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "stable-diffusion-xl", "CU"),
                         1);
        assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "stable-diffusion-xl", "DE"),
                         0);
        assert_int_equal(apipie_catalog_is_restricted(c, "prodia", "sd_xl_base_1.0", "CU"), 0);
        apipie_request_unref(r);
    }
    apipie_request *r = listed(w);
    assert_int_equal(apipie_catalog_is_restricted(apipie_request_catalog(r), "bedrock",
                                                  "stable-diffusion-xl", "CU"),
                     APIPIE_UNKNOWN);
    apipie_request_unref(r);
}

static void the_detailed_list_says_more(void **state)
{
    struct world *w = *state;
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_MODELS);
    size_t n = 0;
    assert_int_equal(apipie_request_set_detailed(r, 1), APIPIE_OK);
    apipie_request_set_filter(r, "provider", "together");
    assert_int_equal(apipie_request_perform(r), APIPIE_OK);
    apipie_catalog *c = apipie_request_catalog(r);
    assert_int_equal(apipie_result_warning_count(apipie_request_result(r)), 0);
    assert_int_equal(apipie_catalog_count(c), 1);
    assert_true(apipie_catalog_number(c, 0, APIPIE_MODEL_INPUT_PER_MILLION) == APIPIE_DOLLAR / 5);
    assert_true(apipie_catalog_number(c, 0, APIPIE_MODEL_INPUT_PER_TOKEN) ==
                APIPIE_DOLLAR / 5000000);
    assert_true(apipie_catalog_number(c, 0, APIPIE_MODEL_OUTPUT_PER_MILLION) == 0);
    assert_int_equal(apipie_catalog_number(c, 0, APIPIE_MODEL_MAX_IMAGES), 10);
    assert_true(apipie_catalog_number(c, 0, APIPIE_MODEL_PRICE) == APIPIE_DOLLAR / 100);
    const char *json = apipie_catalog_json(c, 0, &n);
    assert_non_null(strstr(json, "\"supported_input_parameters\":{\"size\":{\"enum\":"));
    apipie_request_unref(r);
    r = listed(w);
    c = apipie_request_catalog(r);
    assert_int_equal(apipie_catalog_number(c, 0, APIPIE_MODEL_MAX_IMAGES), APIPIE_UNKNOWN);
    apipie_request_unref(r);
}

/* What is known then is good for estimates too. */
static void the_detailed_list_is_a_list(void **state)
{
    struct world *w = *state;
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_MODELS);
    int32_t source = 0;
    apipie_request_set_detailed(r, 1);
    assert_int_equal(apipie_request_perform(r), APIPIE_OK);
    assert_int_equal(apipie_catalog_count(apipie_request_catalog(r)), 82);
    apipie_request_unref(r);
    r = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_provider(r, "prodia");
    apipie_request_set_model(r, "sd_xl_base_1.0");
    apipie_request_set_size(r, 1024, 1024);
    assert_true(apipie_client_estimate(w->client, r, &source) == 8 * APIPIE_DOLLAR / 1000);
    assert_int_equal(source, APIPIE_PRICE_LISTED);
    apipie_request_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_price_is_the_bill, setup, teardown),
        cmocka_unit_test_setup_teardown(the_list_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_new_and_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(restrictions_are_asked_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_detailed_list_says_more, setup, teardown),
        cmocka_unit_test_setup_teardown(the_detailed_list_is_a_list, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
