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

#define BAD_KEY    "sk-wrong-0123456789"
#define SIGNS_HOST "bedrock-runtime." APIPIE_SANDBOX_AWS_REGION ".localhost"

apipie_client *round_client;
apipie_request *round_request;

/* Every client has it already. */
static int is_gateway(const struct round *r)
{
    return strcmp(r->wire, "apipie") == 0;
}

static void set_key(const struct round *r, const char *key)
{
    assert_int_equal(is_gateway(r) ? apipie_client_set_key(round_client, key)
                                   : apipie_client_set_backend_key(round_client, r->wire, key),
                     APIPIE_OK);
}

static const char *good_key(const struct round *r)
{
    return r->takes & ROUND_SIGNS ? APIPIE_SANDBOX_AWS_SESSION : apipie_sandbox_key(talk_box);
}

/* "http://127.0.0.1:PORT/path", or the same with another host. */
static void address(const struct round *r, char *out, size_t capacity)
{
    const char *url = apipie_sandbox_backend_url(talk_box, r->wire);
    assert_non_null(url);
    if (r->takes & ROUND_SIGNS) /* names below "localhost" are this machine */
        snprintf(out, capacity, "http://" SIGNS_HOST "%s", strrchr(url, ':'));
    else
        snprintf(out, capacity, "%s", url);
}

void round_begin(const struct round *r)
{
    char dialect[32] = "", url[128]; /* a wire may be one of two that a dialect has: "prodia-v1" */
    strncat(dialect, r->wire, strcspn(r->wire, "-"));
    address(r, url, sizeof url);
    round_client = apipie_client_new(NULL);
    assert_int_equal(apipie_client_set_retry(round_client, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    assert_int_equal(apipie_client_set_breaker(round_client, 0, 1000), APIPIE_OK);
    if (is_gateway(r))
        assert_int_equal(apipie_client_set_base_url(round_client, url), APIPIE_OK);
    else
        assert_int_equal(apipie_client_add_backend(round_client, r->wire, dialect, url), APIPIE_OK);
    if ((r->takes & ROUND_FREE) == 0)
        set_key(r, good_key(r));
}

int round_teardown(void **state)
{
    round_request = apipie_request_unref(round_request);
    round_client = apipie_client_unref(round_client);
    return talk_teardown(state);
}

static apipie_request *without_size(const struct round *r, int32_t kind)
{
    apipie_request_unref(round_request);
    apipie_request *q = round_request = apipie_request_new(round_client, kind);
    assert_non_null(q);
    assert_int_equal(apipie_request_set_backend(q, r->wire), APIPIE_OK);
    assert_int_equal(apipie_request_set_model(q, r->model), APIPIE_OK);
    assert_int_equal(apipie_request_set_prompt(q, "a lake", APIPIE_NTS), APIPIE_OK);
    return q;
}

apipie_request *round_fresh(const struct round *r, int32_t kind)
{
    apipie_request *q = without_size(r, kind);
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

static unsigned width_of(const struct round *r, int over)
{
    return over && (r->takes & ROUND_OWN_SIZE) ? 64 : r->width != 0 ? (unsigned)r->width : 1024;
}

static unsigned height_of(const struct round *r, int over)
{
    return over && (r->takes & ROUND_OWN_SIZE) ? 80 : r->height != 0 ? (unsigned)r->height : 1024;
}

static uint64_t picture_of(const struct round *r, int over, size_t index)
{
    const apipie_result *result = apipie_request_result(round_request);
    size_t n = 0;
    const unsigned char *p = apipie_result_image_data(result, index, &n);
    uint64_t hash = 5381;
    assert_non_null(p);
    assert_true(talk_is_png(p, n, width_of(r, over), height_of(r, over)));
    for (size_t i = 0; i < n; i++)
        hash = hash * 33 + p[i];
    return hash;
}

uint64_t round_picture(const struct round *r, size_t index)
{
    return picture_of(r, (r->takes & ROUND_ONLY_EDITS) != 0, index);
}

static int64_t number(int32_t field)
{
    return apipie_sandbox_number(talk_box, field);
}

static const apipie_error *error(void)
{
    return apipie_request_error(round_request);
}

/* ---- with pictures */

static size_t give_image(const struct round *r)
{
    size_t n = 0;
    unsigned char *png = talk_png(width_of(r, 1), height_of(r, 1), 0, 1, &n);
    assert_int_equal(apipie_request_set_image_bytes(round_request, png, n), APIPIE_OK);
    free(png);
    return n;
}

static size_t give_mask(const struct round *r)
{
    size_t n = 0;
    unsigned char *png = talk_png(width_of(r, 1), height_of(r, 1), 1, 2, &n);
    assert_int_equal(apipie_request_set_mask_bytes(round_request, png, n), APIPIE_OK);
    free(png);
    return n;
}

static apipie_request *fresh_over(const struct round *r, int32_t kind)
{
    return r->takes & ROUND_OWN_SIZE ? without_size(r, kind) : round_fresh(r, kind);
}

/* The least that this model draws. */
static apipie_request *ask(const struct round *r)
{
    if ((r->takes & ROUND_ONLY_EDITS) == 0)
        return round_fresh(r, APIPIE_REQUEST_IMAGE);
    fresh_over(r, APIPIE_REQUEST_EDIT);
    give_image(r);
    if (r->takes & ROUND_MASK)
        give_mask(r);
    return round_request;
}

static void drawn_over(const struct round *r, int32_t kind, size_t n, size_t mask_n)
{
    const int32_t times = kind == APIPIE_REQUEST_EDIT && (r->takes & ROUND_TWICE) ? 2 : 1;
    const apipie_result *result = round_need(APIPIE_OK);
    picture_of(r, 1, 0);
    assert_int_equal(apipie_result_warning_count(result) != 0, (r->takes & ROUND_UPLOADS) != 0);
    assert_int_equal(number(APIPIE_SANDBOX_INPUTS), times);
    assert_int_equal(number(APIPIE_SANDBOX_INPUT_BYTES), n * (size_t)times);
    assert_int_equal(number(APIPIE_SANDBOX_MASK_BYTES), mask_n);
}

static void drawn_over_as(const struct round *r, int32_t kind, double strength)
{
    fresh_over(r, kind);
    size_t n = give_image(r);
    size_t mask_n = (r->takes & ROUND_ONLY_EDITS) && (r->takes & ROUND_MASK) ? give_mask(r) : 0;
    if (strength > 0)
        assert_int_equal(apipie_request_set_strength(round_request, strength), APIPIE_OK);
    drawn_over(r, kind, n, mask_n);
}

/* Some have no default for it. */
static double usual_strength(const struct round *r)
{
    return r->takes & ROUND_STRENGTH ? 0.6 : 0;
}

static void starts_from_an_image(const struct round *r)
{
    drawn_over_as(r, APIPIE_REQUEST_IMAGE, usual_strength(r));
}

static void edits(const struct round *r)
{
    drawn_over_as(r, APIPIE_REQUEST_EDIT, usual_strength(r));
}

static void heeds_strength(const struct round *r)
{
    const int32_t kind = r->takes & ROUND_IMAGE ? APIPIE_REQUEST_IMAGE : APIPIE_REQUEST_EDIT;
    drawn_over_as(r, kind, 0.25);
    uint64_t first = picture_of(r, 1, 0);
    drawn_over_as(r, kind, 0.75);
    assert_true(picture_of(r, 1, 0) != first);
}

static void paints_under_a_mask(const struct round *r)
{
    const int32_t kind = r->takes & ROUND_EDIT ? APIPIE_REQUEST_EDIT : APIPIE_REQUEST_IMAGE;
    fresh_over(r, kind);
    size_t n = give_image(r), mask_n = give_mask(r);
    if ((r->takes & ROUND_STRENGTH) && (r->takes & ROUND_MASK_ALONE) == 0)
        assert_int_equal(apipie_request_set_strength(round_request, 0.6), APIPIE_OK);
    drawn_over(r, kind, n, mask_n);
}

/* ---- without */

static void draws(const struct round *r)
{
    ask(r);
    const apipie_result *result = round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_count(result), 1);
    round_picture(r, 0);
    assert_int_equal(apipie_result_image_width(result, 0),
                     width_of(r, (r->takes & ROUND_ONLY_EDITS) != 0));
    assert_int_equal(apipie_result_warning_count(result), 0);
    assert_string_equal(apipie_result_backend(result), r->wire);
    if (r->model != NULL)
        assert_string_equal(apipie_result_model(result), r->model);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 1);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), (r->takes & ROUND_FREE) == 0);
    assert_int_equal(number(APIPIE_SANDBOX_INPUTS), (r->takes & ROUND_ONLY_EDITS) != 0);
}

static void draws_two(const struct round *r)
{
    apipie_request_set_n(ask(r), 2);
    const apipie_result *result = round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_count(result), 2);
    assert_true(round_picture(r, 0) != round_picture(r, 1));
    assert_int_equal(apipie_sandbox_request_count(talk_box), r->calls);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), r->takes & ROUND_FREE ? 0 : r->calls);
}

static uint64_t drawn_with(const struct round *r, uint64_t seed, const char *negative)
{
    apipie_request *q = ask(r);
    if (r->takes & ROUND_SEED)
        apipie_request_set_seed(q, seed);
    if (negative != NULL)
        apipie_request_set_negative_prompt(q, negative, APIPIE_NTS);
    round_need(APIPIE_OK);
    if (r->takes & ROUND_SEED)
        assert_int_equal(number(APIPIE_SANDBOX_SEED), seed);
    return round_picture(r, 0);
}

static void heeds_the_seed(const struct round *r)
{
    uint64_t first = drawn_with(r, 41, NULL);
    assert_true(drawn_with(r, 41, NULL) == first);
    assert_true(drawn_with(r, 42, NULL) != first);
}

static void heeds_the_negative_prompt(const struct round *r)
{
    uint64_t first = drawn_with(r, 41, "fog");
    assert_true(drawn_with(r, 41, "boats") != first);
}

static void heeds_steps(const struct round *r)
{
    apipie_request_set_steps(ask(r), 11);
    round_need(APIPIE_OK);
    assert_int_equal(number(APIPIE_SANDBOX_STEPS), 11);
}

/* ---- what it cannot do is not sent */

static void not_sent(void)
{
    apipie_status got = apipie_request_perform(round_request);
    print_message("%s\n", error() != NULL ? apipie_error_message(error()) : "no error");
    assert_true(got == APIPIE_E_UNSUPPORTED || got == APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_error_http_status(error()), 0);
    assert_int_equal(apipie_error_billed(error()), APIPIE_BILLED_NO);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 0);
    assert_int_equal(number(APIPIE_SANDBOX_UPLOADS), 0);
}

static void steps_are_not_sent(const struct round *r)
{
    apipie_request_set_steps(ask(r), 11);
    not_sent();
}

static void a_negative_prompt_is_not_sent(const struct round *r)
{
    apipie_request_set_negative_prompt(ask(r), "boats", APIPIE_NTS);
    not_sent();
}

static void a_seed_is_not_sent(const struct round *r)
{
    apipie_request_set_seed(ask(r), 41);
    not_sent();
}

static void a_size_is_not_sent(const struct round *r)
{
    apipie_request_set_size(ask(r), 512, 512);
    not_sent();
}

static void strength_is_not_sent(const struct round *r)
{
    ask(r);
    if (r->takes & ROUND_IMAGE)
        give_image(r);
    apipie_request_set_strength(round_request, 0.6);
    not_sent();
}

static void an_image_is_not_sent(const struct round *r)
{
    fresh_over(r, APIPIE_REQUEST_IMAGE);
    give_image(r);
    not_sent();
}

static void an_edit_is_not_sent(const struct round *r)
{
    fresh_over(r, APIPIE_REQUEST_EDIT);
    give_image(r);
    not_sent();
}

static void a_mask_is_not_sent(const struct round *r)
{
    fresh_over(r, r->takes & ROUND_EDIT ? APIPIE_REQUEST_EDIT : APIPIE_REQUEST_IMAGE);
    give_image(r);
    give_mask(r);
    not_sent();
}

static void an_edit_of_nothing_is_not_sent(const struct round *r)
{
    fresh_over(r, APIPIE_REQUEST_EDIT);
    not_sent();
}

/* ---- what goes wrong */

static const apipie_error *fails_with(const struct round *r, const char *fault, apipie_status want)
{
    ask(r);
    print_message("%s\n", fault);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, fault, 1), APIPIE_OK);
    round_need(want);
    return error();
}

static void no_garbage_is_taken(const struct round *r)
{
    static const struct {
        const char *fault;
        apipie_status want;
    } rows[] = {
        {"badjson", APIPIE_E_MALFORMED}, {"truncate", APIPIE_E_NETWORK},  {"cut", APIPIE_E_NETWORK},
        {"html", APIPIE_E_SERVER},       {"html200", APIPIE_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        fails_with(r, rows[i].fault, rows[i].want);
    const int job = (r->takes & ROUND_JOB_FIRST) != 0;
    fails_with(r, "error200", job ? APIPIE_E_MALFORMED : APIPIE_E_SERVER);
    fails_with(r, "noimage", job ? APIPIE_E_SERVER : APIPIE_E_NO_IMAGE);
}

static void knows_trouble(const struct round *r)
{
    assert_true(apipie_error_is_retryable(fails_with(r, "status:500", APIPIE_E_SERVER)));
    assert_true(apipie_error_is_retryable(fails_with(r, "status:503", APIPIE_E_SERVER)));
    assert_int_equal(apipie_error_billed(error()), APIPIE_BILLED_NO);
}

static void knows_a_filter(const struct round *r)
{
    const apipie_error *e = fails_with(r, "content", r->content);
    if (r->content == APIPIE_OK) {
        round_picture(r, 0);
        assert_int_equal(apipie_result_warning_count(apipie_request_result(round_request)), 1);
        return;
    }
    assert_int_equal(apipie_error_is_retryable(e), 0);
    assert_int_not_equal(apipie_error_billed(e), APIPIE_BILLED_YES);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void knows_an_empty_purse(const struct round *r)
{
    const apipie_error *e = fails_with(r, "quota", APIPIE_E_QUOTA);
    assert_int_equal(apipie_error_is_retryable(e), 0);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
}

static void knows_a_bad_key(const struct round *r)
{
    set_key(r, r->takes & ROUND_SIGNS ? APIPIE_SANDBOX_AWS_EXPIRED : BAD_KEY);
    ask(r);
    round_need(APIPIE_E_AUTH);
    assert_int_equal(apipie_error_is_retryable(error()), 0);
    assert_int_equal(apipie_error_billed(error()), APIPIE_BILLED_NO);
    assert_null(strstr(apipie_error_message(error()), "sk-wrong-0"));
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
    set_key(r, good_key(r));
    ask(r);
    round_need(APIPIE_OK);
}

/* One call a minute: somebody else has it. A client that had it itself would wait, where the wire says how long. */
static void knows_a_throttle(const struct round *r)
{
    apipie_client *own = round_client;
    const apipie_error *e = fails_with(r, "status:429", APIPIE_E_RATE_LIMITED);
    assert_true(apipie_error_is_retryable(e));
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    round_request = apipie_request_unref(round_request);
    assert_int_equal(apipie_sandbox_set_rate(talk_box, 1), APIPIE_OK);
    round_begin(r);
    ask(r);
    round_need(APIPIE_OK);
    round_request = apipie_request_unref(round_request);
    apipie_client_unref(round_client);
    round_client = own;
    ask(r);
    round_need(APIPIE_E_RATE_LIMITED);
    assert_int_equal(apipie_error_http_status(error()), 429);
    assert_int_equal(apipie_error_billed(error()), APIPIE_BILLED_NO);
}

static void does_not_wait_forever(const struct round *r)
{
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "stall:20000", 1), APIPIE_OK);
    apipie_request_set_timeout(ask(r), 150);
    round_need(APIPIE_E_TIMEOUT);
}

/* ---- the list */

const struct round_subject round_subjects[] = {
    {"draws", 0, 0, draws, NULL},
    {"two pictures", 0, 0, draws_two, NULL},
    {"steps", ROUND_STEPS, 0, heeds_steps, steps_are_not_sent},
    {"size", ROUND_SIZE, 0, NULL, a_size_is_not_sent},
    {"seed", ROUND_SEED, 0, heeds_the_seed, a_seed_is_not_sent},
    {"negative prompt", ROUND_NEGATIVE, 0, heeds_the_negative_prompt,
     a_negative_prompt_is_not_sent},
    {"input image", ROUND_IMAGE, 0, starts_from_an_image, an_image_is_not_sent},
    {"edit", ROUND_EDIT, ROUND_BLIND, edits, an_edit_is_not_sent},
    {"strength", ROUND_STRENGTH, 0, heeds_strength, strength_is_not_sent},
    {"mask", ROUND_MASK, ROUND_BLIND, paints_under_a_mask, a_mask_is_not_sent},
    {"edit of nothing", 0, 0, an_edit_of_nothing_is_not_sent, NULL},
    {"content filter", 0, ROUND_FREE, knows_a_filter, NULL},
    {"bad key", 0, ROUND_FREE, knows_a_bad_key, NULL},
    {"quota", 0, ROUND_FREE, knows_an_empty_purse, NULL},
    {"throttle", 0, ROUND_FREE, knows_a_throttle, NULL},
    {"trouble", 0, 0, knows_trouble, NULL},
    {"timeout", 0, 0, does_not_wait_forever, NULL},
    {"garbage", 0, 0, no_garbage_is_taken, NULL},
};
const size_t round_subject_count = sizeof round_subjects / sizeof round_subjects[0];
