/* SPDX-License-Identifier: MIT */
/* Knows what must hold for every wire; must not know any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "round.h"

apipie_client *round_client;
apipie_request *round_request;

void round_begin(const struct round *r)
{
    const char *key = apipie_sandbox_key(talk_box);
    const char *url = apipie_sandbox_backend_url(talk_box, r->wire);
    char dialect[32] = ""; /* a wire may be one of two that a dialect has: "prodia-v1" */
    strncat(dialect, r->wire, strcspn(r->wire, "-"));
    round_client = apipie_client_new(NULL);
    assert_non_null(url);
    assert_int_equal(apipie_client_set_retry(round_client, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    assert_int_equal(apipie_client_set_breaker(round_client, 0, 1000), APIPIE_OK);
    assert_int_equal(apipie_client_add_backend(round_client, r->wire, dialect, url), APIPIE_OK);
    assert_int_equal(apipie_client_set_backend_key(round_client, r->wire, key), APIPIE_OK);
}

int round_teardown(void **state)
{
    round_request = apipie_request_unref(round_request);
    round_client = apipie_client_unref(round_client);
    return talk_teardown(state);
}

apipie_request *round_fresh(const struct round *r, int32_t kind)
{
    apipie_request_unref(round_request);
    apipie_request *q = round_request = apipie_request_new(round_client, kind);
    assert_non_null(q);
    assert_int_equal(apipie_request_set_backend(q, r->wire), APIPIE_OK);
    assert_int_equal(apipie_request_set_model(q, r->model), APIPIE_OK);
    assert_int_equal(apipie_request_set_prompt(q, "a lake", APIPIE_NTS), APIPIE_OK);
    if (r->width != 0)
        assert_int_equal(apipie_request_set_size(q, r->width, r->height), APIPIE_OK);
    return q;
}

const apipie_result *round_need(apipie_status want)
{
    apipie_status got = apipie_request_perform(round_request);
    if (got != want && apipie_request_error(round_request) != NULL)
        print_message("%s\n", apipie_error_message(apipie_request_error(round_request)));
    assert_int_equal(got, want);
    return apipie_request_result(round_request);
}

uint64_t round_picture(const struct round *r, size_t index)
{
    const apipie_result *result = apipie_request_result(round_request);
    size_t n = 0;
    const unsigned char *p = apipie_result_image_data(result, index, &n);
    uint64_t hash = 5381;
    assert_non_null(p);
    assert_true(talk_is_png(p, n, r->width != 0 ? (unsigned)r->width : 1024,
                            r->height != 0 ? (unsigned)r->height : 1024));
    for (size_t i = 0; i < n; i++)
        hash = hash * 33 + p[i];
    return hash;
}

void round_draws(const struct round *r)
{
    apipie_request *q = round_fresh(r, APIPIE_REQUEST_IMAGE);
    apipie_request_set_n(q, 2);
    if (r->takes & ROUND_STEPS)
        apipie_request_set_steps(q, 11);
    const apipie_result *result = round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_count(result), 2);
    assert_true(round_picture(r, 0) != round_picture(r, 1));
    assert_int_equal(apipie_result_warning_count(result), 0);
    assert_string_equal(apipie_result_backend(result), r->wire);
    assert_string_equal(apipie_result_model(result), r->model);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), r->calls);
    assert_int_equal(apipie_sandbox_request_count(talk_box), r->calls);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS),
                     r->takes & ROUND_STEPS ? 11 : APIPIE_UNKNOWN);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 0);
}

static uint64_t drawn_with(const struct round *r, uint64_t seed, const char *negative)
{
    apipie_request *q = round_fresh(r, APIPIE_REQUEST_IMAGE);
    apipie_request_set_seed(q, seed);
    if (negative != NULL)
        apipie_request_set_negative_prompt(q, negative, APIPIE_NTS);
    round_need(APIPIE_OK);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SEED), seed);
    return round_picture(r, 0);
}

void round_repeats(const struct round *r)
{
    uint64_t first = drawn_with(r, 41, NULL);
    assert_true(drawn_with(r, 41, NULL) == first);
    assert_true(drawn_with(r, 42, NULL) != first);
    if (r->takes & ROUND_NEGATIVE)
        assert_true(drawn_with(r, 41, "boats") != first);
}

void round_paints_over(const struct round *r, int32_t kind)
{
    size_t n = 0, mask_n = 0;
    unsigned w = r->width != 0 ? (unsigned)r->width : 1024;
    unsigned h = r->height != 0 ? (unsigned)r->height : 1024;
    unsigned char *picture = talk_png(w, h, 0, 1, &n), *mask = talk_png(w, h, 1, 2, &mask_n);
    apipie_request *q = round_fresh(r, kind);
    assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
    if (r->takes & ROUND_MASK)
        assert_int_equal(apipie_request_set_mask_bytes(q, mask, mask_n), APIPIE_OK);
    if (r->takes & ROUND_STRENGTH)
        apipie_request_set_strength(q, 0.6);
    round_need(APIPIE_OK);
    round_picture(r, 0);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 1);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), n);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES),
                     r->takes & ROUND_MASK ? mask_n : 0);
    free(picture);
    free(mask);
}

/* ---- what goes wrong */

static const apipie_error *fails_with(const struct round *r, const char *fault, apipie_status want)
{
    round_fresh(r, APIPIE_REQUEST_IMAGE);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, fault, 1), APIPIE_OK);
    round_need(want);
    return apipie_request_error(round_request);
}

static void garbage(const struct round *r)
{
    static const struct {
        const char *fault;
        apipie_status want;
    } rows[] = {
        {"badjson", APIPIE_E_MALFORMED}, {"truncate", APIPIE_E_NETWORK},
        {"cut", APIPIE_E_NETWORK},       {"html", APIPIE_E_SERVER},
        {"html200", APIPIE_E_MALFORMED}, {"noimage", APIPIE_E_NO_IMAGE},
        {"error200", APIPIE_E_SERVER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        fails_with(r, rows[i].fault, rows[i].want);
}

static void refusals(const struct round *r)
{
    const struct {
        const char *fault;
        apipie_status want;
        int32_t retryable;
    } rows[] = {
        {"quota", APIPIE_E_QUOTA, 0},
        {"status:429", APIPIE_E_RATE_LIMITED, 1},
        {"status:500", APIPIE_E_SERVER, 1},
        {"status:503", APIPIE_E_SERVER, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const apipie_error *e = fails_with(r, rows[i].fault, rows[i].want);
        assert_int_equal(apipie_error_is_retryable(e), rows[i].retryable);
        if (i != 2)
            assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    }
}

/* One call a minute: somebody else has it. A client that had it itself would wait, where the wire says how long. */
static void throttled(const struct round *r)
{
    apipie_client *own = round_client;
    round_request = apipie_request_unref(round_request);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    round_request = apipie_request_unref(round_request);
    round_begin(r);
    round_fresh(r, APIPIE_REQUEST_IMAGE);
    round_need(APIPIE_OK);
    round_request = apipie_request_unref(round_request);
    apipie_client_unref(round_client);
    round_client = own;
    round_fresh(r, APIPIE_REQUEST_IMAGE);
    round_need(APIPIE_E_RATE_LIMITED);
    assert_int_equal(apipie_error_http_status(apipie_request_error(round_request)), 429);
    assert_int_equal(apipie_error_billed(apipie_request_error(round_request)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 0), APIPIE_OK);
}

void round_fails(const struct round *r)
{
    const apipie_error *e = NULL;
    garbage(r);
    refusals(r);
    if (r->content != APIPIE_OK)
        e = fails_with(r, "content", r->content);
    if (e != NULL)
        assert_int_equal(apipie_error_is_retryable(e), 0);
    apipie_sandbox_set_fault(talk_box, "stall:20000", 1);
    apipie_request *q = round_fresh(r, APIPIE_REQUEST_IMAGE);
    apipie_request_set_timeout(q, 400);
    round_need(APIPIE_E_TIMEOUT);
    assert_int_equal(apipie_client_set_backend_key(round_client, r->wire, "sk-wrong-0123456789"),
                     APIPIE_OK);
    round_fresh(r, APIPIE_REQUEST_IMAGE);
    round_need(APIPIE_E_AUTH);
    assert_int_equal(apipie_error_billed(apipie_request_error(round_request)), APIPIE_BILLED_NO);
    assert_null(strstr(apipie_error_message(apipie_request_error(round_request)), "sk-wrong-0"));
    assert_int_equal(
        apipie_client_set_backend_key(round_client, r->wire, apipie_sandbox_key(talk_box)),
        APIPIE_OK);
    throttled(r); /* last: the client remembers it */
}
