/* SPDX-License-Identifier: MIT */
/* The library against the sandbox's OpenAI wire, which is as strict as the real one: what only both together can show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define NUMBER(field) apipie_sandbox_number(w->box, APIPIE_SANDBOX_##field)

struct world {
    apipie_sandbox *box;
    apipie_client *client;
    apipie_request *request;
    int32_t sketches;
};

struct bytes {
    unsigned char *p;
    size_t n;
};

static int setup(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.box = apipie_sandbox_new();
    w.client = apipie_client_new(NULL);
    *state = &w;
    return apipie_sandbox_start(w.box) != APIPIE_OK ||
           apipie_client_set_key(w.client, apipie_sandbox_key(w.box)) != APIPIE_OK ||
           apipie_client_set_base_url(w.client, apipie_sandbox_url(w.box)) != APIPIE_OK ||
           apipie_client_set_retry(w.client, APIPIE_RETRY_SAFE, 0) != APIPIE_OK ||
           apipie_client_add_backend(w.client, "oa", "openai",
                                     apipie_sandbox_backend_url(w.box, "openai")) != APIPIE_OK ||
           apipie_client_set_backend_key(w.client, "oa", apipie_sandbox_key(w.box)) != APIPIE_OK;
}

static int teardown(void **state)
{
    struct world *w = *state;
    apipie_request_unref(w->request);
    apipie_client_unref(w->client);
    apipie_sandbox_unref(w->box);
    return 0;
}

static apipie_request *fresh(struct world *w, int32_t kind, const char *model)
{
    apipie_request_unref(w->request);
    w->request = apipie_request_new(w->client, kind);
    assert_non_null(w->request);
    assert_int_equal(apipie_request_set_backend(w->request, "oa"), APIPIE_OK);
    assert_int_equal(apipie_request_set_model(w->request, model), APIPIE_OK);
    if (kind != APIPIE_REQUEST_VARIATION)
        assert_int_equal(apipie_request_set_prompt(w->request, "a lake", APIPIE_NTS), APIPIE_OK);
    return w->request;
}

static const apipie_result *perform(struct world *w, apipie_status want)
{
    apipie_status got = apipie_request_perform(w->request);
    if (got != want)
        print_message("%s\n", apipie_error_message(apipie_request_error(w->request)));
    assert_int_equal(got, want);
    return apipie_request_result(w->request);
}

static void assert_image(const apipie_result *r, size_t index, int32_t width, int32_t height)
{
    assert_true(apipie_result_image_size(r, index) > 50);
    assert_int_equal(apipie_result_image_width(r, index), width);
    assert_int_equal(apipie_result_image_height(r, index), height);
}

static void it_draws(void **state)
{
    struct world *w = *state;
    apipie_request *q = fresh(w, APIPIE_REQUEST_IMAGE, "gpt-image-2");
    apipie_request_set_size(q, 64, 80);
    apipie_request_set_quality(q, "low");
    apipie_request_set_background(q, "opaque");
    apipie_request_set_output_format(q, "png");
    apipie_request_set_moderation(q, "low");
    apipie_request_set_user(q, "me");
    apipie_request_set_n(q, 2);
    const apipie_result *r = perform(w, APIPIE_OK);
    assert_int_equal(apipie_result_image_count(r), 2);
    assert_image(r, 0, 64, 80);
    assert_image(r, 1, 64, 80);
    assert_int_equal(apipie_result_warning_count(r), 0);
    assert_string_equal(apipie_result_backend(r), "oa");
    assert_true(apipie_result_total_tokens(r) > 0);
    assert_true(apipie_result_token_detail(r, APIPIE_TOKENS_INPUT_TEXT) > 0);

    q = fresh(w, APIPIE_REQUEST_IMAGE, "dall-e-2"); /* by url */
    apipie_request_set_size(q, 256, 256);
    assert_image(perform(w, APIPIE_OK), 0, 256, 256);

    /* One image a call: the engine asks three times. */
    q = fresh(w, APIPIE_REQUEST_IMAGE, "dall-e-3");
    apipie_request_set_n(q, 3);
    apipie_request_set_response_format(q, "b64_json");
    r = perform(w, APIPIE_OK);
    assert_int_equal(apipie_result_image_count(r), 3);
    assert_image(r, 2, 1024, 1024);
    assert_non_null(apipie_result_image_revised_prompt(r, 0));
}

static void it_edits(void **state)
{
    struct world *w = *state;
    struct bytes picture, mask;
    picture.p = talk_png(64, 64, 1, 1, &picture.n);
    mask.p = talk_png(64, 64, 1, 4, &mask.n);
    apipie_request *q = fresh(w, APIPIE_REQUEST_EDIT, "gpt-image-2");
    apipie_request_set_size(q, 64, 64);
    apipie_request_set_input_fidelity(q, "high");
    assert_int_equal(apipie_request_set_image_bytes(q, picture.p, picture.n), APIPIE_OK);
    assert_int_equal(apipie_request_set_mask_bytes(q, mask.p, mask.n), APIPIE_OK);
    assert_image(perform(w, APIPIE_OK), 0, 64, 64);
    assert_int_equal(NUMBER(INPUTS), 1);
    assert_int_equal(NUMBER(INPUT_BYTES), (int64_t)picture.n);
    assert_int_equal(NUMBER(MASK_BYTES), (int64_t)mask.n);

    q = fresh(w, APIPIE_REQUEST_EDIT, "gpt-image-2");
    apipie_request_set_size(q, 64, 64);
    for (int i = 0; i < 16; i++)
        assert_int_equal(apipie_request_add_image_bytes(q, picture.p, picture.n), APIPIE_OK);
    assert_image(perform(w, APIPIE_OK), 0, 64, 64);
    assert_int_equal(NUMBER(INPUTS), 16);

    /* As JSON, for one of them is a URL. */
    char *base64 = talk_base64("data:image/png;base64,", picture.p, picture.n, "");
    q = fresh(w, APIPIE_REQUEST_EDIT, "gpt-image-2");
    apipie_request_set_size(q, 64, 64);
    assert_int_equal(apipie_request_set_image_url(q, base64), APIPIE_OK);
    assert_int_equal(apipie_request_add_image_bytes(q, picture.p, picture.n), APIPIE_OK);
    assert_int_equal(apipie_request_set_mask_bytes(q, mask.p, mask.n), APIPIE_OK);
    assert_image(perform(w, APIPIE_OK), 0, 64, 64);
    assert_int_equal(NUMBER(INPUTS), 2);
    assert_int_equal(NUMBER(MASK_BYTES), (int64_t)mask.n);
    free(base64);

    /* The gateway has no mask in its pages: a warning, but it goes there. */
    q = fresh(w, APIPIE_REQUEST_EDIT, "sd_xl_base_1.0");
    apipie_request_set_backend(q, NULL);
    assert_int_equal(apipie_request_set_image_bytes(q, picture.p, picture.n), APIPIE_OK);
    assert_int_equal(apipie_request_set_mask_bytes(q, mask.p, mask.n), APIPIE_OK);
    apipie_request_set_size(q, 64, 64);
    /* ... and two more: it may resize what is uploaded. */
    assert_int_equal(apipie_result_warning_count(perform(w, APIPIE_OK)), 3);
    assert_int_equal(NUMBER(UPLOADS), 2);
    assert_int_equal(NUMBER(INPUT_BYTES), (int64_t)picture.n);
    assert_int_equal(NUMBER(MASK_BYTES), (int64_t)mask.n);

    q = fresh(w, APIPIE_REQUEST_VARIATION, "dall-e-2");
    apipie_request_set_size(q, 256, 256);
    assert_int_equal(apipie_request_set_image_bytes(q, picture.p, picture.n), APIPIE_OK);
    assert_image(perform(w, APIPIE_OK), 0, 256, 256);
    int64_t before = apipie_sandbox_request_count(w->box);
    q = fresh(w, APIPIE_REQUEST_VARIATION, "sd_xl_base_1.0");
    apipie_request_set_backend(q, NULL);
    assert_int_equal(apipie_request_set_image_bytes(q, picture.p, picture.n), APIPIE_OK);
    perform(w, APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_sandbox_request_count(w->box), before);
    free(picture.p);
    free(mask.p);
}

static void see(void *user, apipie_request *request, size_t index, const void *bytes, size_t size,
                const char *mime)
{
    struct world *w = user;
    assert_ptr_equal(request, w->request);
    assert_int_equal(index, 0);
    assert_true(bytes != NULL && size > 50);
    assert_string_equal(mime, "image/png");
    w->sketches++;
}

static void it_streams(void **state)
{
    static const char *const faults[] = {"", "sse:crlf,comments,bytes,done", "sse:plain", "sse:eof",
                                         "sse:error"};
    struct world *w = *state;
    apipie_sandbox_set_drawing_time(w->box, 200);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        apipie_request *q = fresh(w, APIPIE_REQUEST_IMAGE, "gpt-image-2");
        w->sketches = 0;
        apipie_request_set_size(q, 64, 64);
        apipie_request_set_stream(q, 1);
        apipie_request_set_partial_images(q, 2);
        apipie_request_set_partial_fn(q, see, w, NULL);
        apipie_sandbox_set_fault(w->box, faults[i], 1);
        const apipie_result *r = perform(w, i == 3   ? APIPIE_E_MALFORMED
                                            : i == 4 ? APIPIE_E_SERVER
                                                     : APIPIE_OK);
        if (i < 3)
            assert_image(r, 0, 64, 64);
        if (i < 2)
            assert_true(w->sketches >= 1 && apipie_result_total_tokens(r) > 0);
    }
    assert_int_equal(NUMBER(STREAMS), 4);
}

/* Each server has its own. */
static void a_bad_key_is_not_the_gateways(void **state)
{
    struct world *w = *state;
    apipie_client_set_backend_key(w->client, "oa", "sk-wrong-0123456789");
    fresh(w, APIPIE_REQUEST_IMAGE, "sd_xl_base_1.0");
    apipie_request_set_backend(w->request, NULL);
    apipie_request_set_size(w->request, 64, 64);
    perform(w, APIPIE_OK);
}

/* From openai to the gateway, and back. */
static void the_other_one_is_asked(void **state)
{
    struct world *w = *state;
    for (int gateway_first = 0; gateway_first < 2; gateway_first++) {
        apipie_request_unref(w->request);
        apipie_request *q = w->request = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_prompt(q, "a lake", APIPIE_NTS);
        apipie_request_set_size(q, 64, 64);
        if (gateway_first)
            apipie_request_add_route(q, NULL, "prodia", "sd_xl_base_1.0");
        apipie_request_add_route(q, "oa", NULL, "gpt-image-2");
        if (!gateway_first)
            apipie_request_add_route(q, NULL, "prodia", "sd_xl_base_1.0");
        apipie_sandbox_set_fault(w->box, gateway_first ? "quota" : "status:429", 1);
        const apipie_result *r = perform(w, APIPIE_OK);
        assert_image(r, 0, 64, 64);
        assert_string_equal(apipie_result_backend(r), gateway_first ? "oa" : "apipie");
        assert_int_equal(apipie_request_attempt_count(q), gateway_first ? 2 : 3); /* by url */
        assert_string_equal(apipie_request_attempt_backend(q, 0), gateway_first ? "apipie" : "oa");
    }
    assert_int_equal(apipie_sandbox_billed_count(w->box), 2);
}

static void its_models_are_listed(void **state)
{
    struct world *w = *state;
    apipie_request_unref(w->request);
    w->request = apipie_request_new(w->client, APIPIE_REQUEST_MODELS);
    apipie_request_set_backend(w->request, "oa");
    apipie_request_set_filter(w->request, "type", "image");
    perform(w, APIPIE_OK);
    apipie_catalog *list = apipie_request_catalog(w->request);
    int64_t at = apipie_catalog_find(list, "oa", "gpt-image-2");
    assert_true(at >= 0);
    assert_string_equal(apipie_catalog_text(list, (size_t)at, APIPIE_MODEL_TYPE), "image");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_draws, setup, teardown),
        cmocka_unit_test_setup_teardown(it_edits, setup, teardown),
        cmocka_unit_test_setup_teardown(it_streams, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_key_is_not_the_gateways, setup, teardown),
        cmocka_unit_test_setup_teardown(the_other_one_is_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(its_models_are_listed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
