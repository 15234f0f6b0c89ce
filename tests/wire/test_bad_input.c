/* SPDX-License-Identifier: MIT */
/* Bad input: a clear status, a message that names the setter, and nothing sent. Knows the public API alone. */
#include "../support/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTER(name, call)                                                                         \
    static apipie_status bad_##name(apipie_request *r)                                             \
    {                                                                                              \
        return call;                                                                               \
    }
SETTER(prompt_empty, apipie_request_set_prompt(r, "", APIPIE_NTS))
SETTER(prompt_utf8, apipie_request_set_prompt(r, "a \xff lake", APIPIE_NTS))
SETTER(prompt_overlong, apipie_request_set_prompt(r, "a \xc0\xaf lake", APIPIE_NTS))
SETTER(prompt_surrogate, apipie_request_set_prompt(r, "\xed\xa0\x80", APIPIE_NTS))
SETTER(prompt_cut, apipie_request_set_prompt(r, "caf\xc3\xa9", 4))
SETTER(prompt_nul, apipie_request_set_prompt(r, "a\0lake", 6))
SETTER(negative_utf8, apipie_request_set_negative_prompt(r, "\xfe", APIPIE_NTS))
SETTER(model_control, apipie_request_set_model(r, "sd\nxl"))
SETTER(model_utf8, apipie_request_set_model(r, "sd\x80"))
SETTER(provider_control, apipie_request_set_provider(r, "pro\x1b[31mdia"))
SETTER(size_0, apipie_request_set_size(r, 0, 512))
SETTER(size_negative, apipie_request_set_size(r, 512, -1))
SETTER(size_8193, apipie_request_set_size(r, 8193, 512))
SETTER(n_0, apipie_request_set_n(r, 0))
SETTER(n_65, apipie_request_set_n(r, 65))
SETTER(steps_0, apipie_request_set_steps(r, 0))
SETTER(strength_nan, apipie_request_set_strength(r, (double)NAN))
SETTER(strength_inf, apipie_request_set_strength(r, (double)INFINITY))
SETTER(strength_low, apipie_request_set_strength(r, -0.01))
SETTER(strength_high, apipie_request_set_strength(r, 1.01))
SETTER(guidance_nan, apipie_request_set_guidance(r, (double)NAN))
SETTER(guidance_high, apipie_request_set_guidance(r, 100.5))
SETTER(image_url, apipie_request_set_image_url(r, "ftp://example.com/i.png"))
SETTER(image_file, apipie_request_set_image_url(r, "lake.png"))
SETTER(image_null, apipie_request_set_image_bytes(r, NULL, 10))
SETTER(image_none, apipie_request_set_image_bytes(r, "", 0))
SETTER(image_text, apipie_request_set_image_bytes(r, "hello, world", 12))
SETTER(extra_half, apipie_request_set_extra(r, "x", "{\"a\":"))
SETTER(extra_empty, apipie_request_set_extra(r, "x", ""))
SETTER(extra_two, apipie_request_set_extra(r, "x", "1 2"))
SETTER(extra_nan, apipie_request_set_extra(r, "x", "NaN"))
SETTER(extra_word, apipie_request_set_extra(r, "x", "auto"))
SETTER(extra_comma, apipie_request_set_extra(r, "x", "[1,]"))
SETTER(extra_01, apipie_request_set_extra(r, "x", "01"))
SETTER(extra_close, apipie_request_set_extra(r, "x", "1},\"y\":{\"z\":1"))
SETTER(extra_utf8, apipie_request_set_extra(r, "x", "\"\xff\""))
SETTER(extra_name, apipie_request_set_extra(r, "", "1"))
SETTER(extra_null, apipie_request_set_extra(r, NULL, "1"))
SETTER(timeout_0, apipie_request_set_timeout(r, 0))
SETTER(timeout_long, apipie_request_set_timeout(r, 86400001))
SETTER(retry_policy, apipie_request_set_retry(r, 3, 1))
SETTER(retry_21, apipie_request_set_retry(r, APIPIE_RETRY_SAFE, 21))
SETTER(retry_negative, apipie_request_set_retry(r, APIPIE_RETRY_SAFE, -1))
SETTER(max_0, apipie_request_set_max_image_bytes(r, 0))
SETTER(max_large, apipie_request_set_max_image_bytes(r, (UINT64_C(1) << 40) + 1))
SETTER(file_empty, apipie_request_set_output_file(r, ""))
SETTER(sink_without_write, apipie_request_set_sink(r, NULL, NULL, NULL, NULL, NULL, NULL, NULL))

#define BAD(name, setter)                                                                          \
    {                                                                                              \
#name, bad_##name, setter                                                                  \
    }
struct bad {
    const char *name;
    apipie_status (*set)(apipie_request *r);
    const char *setter; /* as the message names it */
};

static const struct bad bad[] = {
    BAD(prompt_empty, "set_prompt"),
    BAD(prompt_utf8, "set_prompt"),
    BAD(prompt_overlong, "set_prompt"),
    BAD(prompt_surrogate, "set_prompt"),
    BAD(prompt_cut, "set_prompt"),
    BAD(prompt_nul, "set_prompt"),
    BAD(negative_utf8, "set_negative_prompt"),
    BAD(model_control, "set_model"),
    BAD(model_utf8, "set_model"),
    BAD(provider_control, "set_provider"),
    BAD(size_0, "set_size"),
    BAD(size_negative, "set_size"),
    BAD(size_8193, "set_size"),
    BAD(n_0, "set_n"),
    BAD(n_65, "set_n"),
    BAD(steps_0, "set_steps"),
    BAD(strength_nan, "set_strength"),
    BAD(strength_inf, "set_strength"),
    BAD(strength_low, "set_strength"),
    BAD(strength_high, "set_strength"),
    BAD(guidance_nan, "set_guidance"),
    BAD(guidance_high, "set_guidance"),
    BAD(image_url, "set_image_url"),
    BAD(image_file, "set_image_url"),
    BAD(image_null, "set_image_bytes"),
    BAD(image_none, "set_image_bytes"),
    BAD(image_text, "set_image_bytes"),
    BAD(extra_half, "set_extra"),
    BAD(extra_empty, "set_extra"),
    BAD(extra_two, "set_extra"),
    BAD(extra_nan, "set_extra"),
    BAD(extra_word, "set_extra"),
    BAD(extra_comma, "set_extra"),
    BAD(extra_01, "set_extra"),
    BAD(extra_close, "set_extra"),
    BAD(extra_utf8, "set_extra"),
    BAD(extra_name, "set_extra"),
    BAD(extra_null, "set_extra"),
    BAD(timeout_0, "set_timeout"),
    BAD(timeout_long, "set_timeout"),
    BAD(retry_policy, "set_retry"),
    BAD(retry_21, "set_retry"),
    BAD(retry_negative, "set_retry"),
    BAD(max_0, "set_max_image_bytes"),
    BAD(max_large, "set_max_image_bytes"),
    BAD(file_empty, "set_output_file"),
    BAD(sink_without_write, "set_sink"),
};

static void assert_refused(struct draw *d, apipie_status got, apipie_status want, const char *part)
{
    assert_ended(d->request, got, want);
    assert_status(apipie_request_status(d->request), want);
    assert_non_null(draw_error(d));
    assert_contains(apipie_error_message(draw_error(d)), part);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_fault(draw_error(d)), APIPIE_FAULT_CALLER);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

static void a_bad_value_is_named(void **state)
{
    struct draw *d = *state;
    const struct bad *b = d->row;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(b->set(d->request), APIPIE_E_ARGUMENT);
    assert_refused(d, apipie_request_perform(d->request), APIPIE_E_ARGUMENT, b->setter);
    assert_true(strlen(apipie_error_message(draw_error(d))) > strlen(b->setter) + 5);
}

static void the_first_bad_value_counts(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_n(d->request, 0);
    apipie_request_set_size(d->request, 0, 0);
    apipie_request_set_n(d->request, 1);
    assert_refused(d, apipie_request_perform(d->request), APIPIE_E_ARGUMENT, "set_n");
}

static void no_prompt(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_prompt(d->request, NULL, APIPIE_NTS), APIPIE_OK);
    assert_refused(d, apipie_request_perform(d->request), APIPIE_E_ARGUMENT, "set_prompt");
}

static void texts_that_are_too_long(void **state)
{
    struct draw *d = *state;
    char *text = calloc(1, APIPIE_LIMIT_PROMPT + 2);
    assert_non_null(text);
    memset(text, 'a', APIPIE_LIMIT_PROMPT + 1);
    draw_serve_json(d, ONE_IMAGE);
    apipie_status prompt = apipie_request_set_prompt(d->request, text, APIPIE_NTS);
    text[APIPIE_LIMIT_TEXT + 1] = 0;
    apipie_status model = apipie_request_set_model(d->request, text);
    apipie_status key = apipie_client_set_key(d->client, text);
    text[APIPIE_LIMIT_TEXT] = 0;
    apipie_status fits = apipie_request_set_model(d->request, text);
    free(text);
    assert_status(prompt, APIPIE_E_ARGUMENT);
    assert_status(model, APIPIE_E_ARGUMENT);
    assert_status(key, APIPIE_E_ARGUMENT);
    assert_status(fits, APIPIE_OK);
}

static void an_extra_field_that_a_setter_has_set(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_size(d->request, 512, 512);
    assert_status(apipie_request_set_extra(d->request, "size", "\"256x256\""), APIPIE_OK);
    assert_refused(d, apipie_request_perform(d->request), APIPIE_E_ARGUMENT, "size");
    draw_again(d);
    assert_status(apipie_request_set_extra(d->request, "size", "\"256x256\""), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

static void setters_after_submit(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_set_n(d->request, 2), APIPIE_E_STATE);
    assert_status(apipie_request_set_prompt(d->request, "x", APIPIE_NTS), APIPIE_E_STATE);
    assert_status(apipie_request_set_extra(d->request, "x", "1"), APIPIE_E_STATE);
    assert_status(apipie_request_submit(d->request), APIPIE_E_STATE);
    assert_status(apipie_request_perform(d->request), APIPIE_E_STATE);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_status(apipie_request_submit(d->request), APIPIE_E_STATE);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

static void another_kind(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    d->request = apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, 99);
    assert_non_null(d->request);
    apipie_request_set_prompt(d->request, "a lake", APIPIE_NTS);
    assert_refused(d, apipie_request_submit(d->request), APIPIE_E_UNSUPPORTED, "");
}

/* ---- the client */

static void no_key(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = apipie_client_new(NULL);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    draw_again(d);
    assert_refused(d, apipie_request_perform(d->request), APIPIE_E_CONFIG, "key");
    assert_contains(apipie_error_hint(draw_error(d)), "APIPIE_API_KEY");
}

static void bad_keys(void **state)
{
    static const char *const keys[] = {"",
                                       "a b",
                                       "a\nb",
                                       "a\r\nX-Other: 1",
                                       "a\tb",
                                       "a\x7f"
                                       "b",
                                       "\x01",
                                       " ",
                                       NULL};
    struct draw *d = *state;
    d->client = draw_client("http://127.0.0.1:1/v1");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_status(apipie_client_set_key(d->client, keys[i]), APIPIE_E_ARGUMENT);
}

static void base_urls(void **state)
{
    static const struct {
        const char *url;
        apipie_status want;
    } table[] = {
        {"https://apipie.ai/v1", APIPIE_OK},
        {"https://apipie.ai/v1/", APIPIE_OK},
        {"HTTPS://Example.COM", APIPIE_OK},
        {"http://127.0.0.1:8080/v1", APIPIE_OK},
        {"http://localhost:8080/v1", APIPIE_OK},
        {"http://[::1]:8080/v1", APIPIE_OK},
        {NULL, APIPIE_E_ARGUMENT},
        {"", APIPIE_E_ARGUMENT},
        {"apipie.ai/v1", APIPIE_E_ARGUMENT},
        {"ftp://apipie.ai/v1", APIPIE_E_ARGUMENT},
        {"file:///etc/passwd", APIPIE_E_ARGUMENT},
        {"https://", APIPIE_E_ARGUMENT},
        {"https://user:secret@apipie.ai/v1", APIPIE_E_ARGUMENT},
        {"https://user@apipie.ai/v1", APIPIE_E_ARGUMENT},
        {"https://apipie.ai/v1?x=1", APIPIE_E_ARGUMENT},
        {"https://apipie.ai/v1#x", APIPIE_E_ARGUMENT},
        {"https://apipie.ai/v1\r\nX: y", APIPIE_E_ARGUMENT},
        {"https://apipie.ai:99999/v1", APIPIE_E_ARGUMENT},
        {"http://apipie.ai/v1", APIPIE_E_CONFIG},
        {"http://192.168.1.4:1234/v1", APIPIE_E_CONFIG},
        {"http://127.0.0.1.example.com/v1", APIPIE_E_CONFIG},
        {"http://localhost.example.com/v1", APIPIE_E_CONFIG},
    };
    struct draw *d = *state;
    d->client = draw_client("http://127.0.0.1:1/v1");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        print_message("%s\n", table[i].url ? table[i].url : "NULL");
        assert_status(apipie_client_set_base_url(d->client, table[i].url), table[i].want);
    }
    assert_status(apipie_client_allow_http(d->client, 1), APIPIE_OK);
    assert_status(apipie_client_set_base_url(d->client, "http://192.168.1.4:1234/v1"), APIPIE_OK);
}

static void a_refused_base_url_changes_nothing(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_base_url(d->client, "ftp://x"), APIPIE_E_ARGUMENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

static const char *const urls[] = {"nonsense", "http://example.com/v1", "ftp://x/"};

static void a_bad_base_url_from_the_environment(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    setenv("APIPIE_BASE_URL", *(const char *const *)d->row, 1);
    d->client = apipie_client_new(NULL);
    assert_non_null(d->client);
    apipie_client_set_key(d->client, DRAW_KEY);
    draw_again(d);
    assert_refused(d, apipie_request_perform(d->request), APIPIE_E_CONFIG, "");
}

static void client_values(void **state)
{
    struct draw *d = *state;
    apipie_client *c = d->client = draw_client("http://127.0.0.1:1/v1");
    assert_status(apipie_client_set_timeout(c, 0), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_timeout(c, 86400001), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_timeout(c, 86400000), APIPIE_OK);
    assert_status(apipie_client_set_connect_timeout(c, -1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_retry(c, 7, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_retry(c, APIPIE_RETRY_SAFE, 21), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_max_image_bytes(c, 0), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_allow_http(c, 2), APIPIE_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(the_first_bad_value_counts),
        DRAW_TEST(no_prompt),
        DRAW_TEST(texts_that_are_too_long),
        DRAW_TEST(an_extra_field_that_a_setter_has_set),
        DRAW_TEST(setters_after_submit),
        DRAW_TEST(another_kind),
        DRAW_TEST(no_key),
        DRAW_TEST(bad_keys),
        DRAW_TEST(base_urls),
        DRAW_TEST(a_refused_base_url_changes_nothing),

        DRAW_TEST(client_values),
    };
    int failed = cmocka_run_group_tests_name("bad input", tests, NULL, NULL);
    failed += DRAW_ROWS(a_bad_value_is_named, bad);
    failed += DRAW_ROWS(a_bad_base_url_from_the_environment, urls);
    return failed;
}
