/* SPDX-License-Identifier: MIT */
/* What a reply says about money, tokens and time, in every spelling; exact. Knows the public API alone. */
#include "../support/draw.h"

#include <stdlib.h>

#define NONE APIPIE_UNKNOWN

struct usage {
    const char *json; /* members beside data */
    int64_t cost, prompt, completion, total, latency;
};

static const struct usage usages[] = {
    /* wire variants a to f */
    {"\"x\":1", NONE, NONE, NONE, NONE, NONE},
    {"\"usage\":{\"cost\":0.04,\"latency_ms\":1234,\"image_size\":\"1024x1024\",\"model_used\":"
     "\"m\"}",
     INT64_C(40000000000), NONE, NONE, NONE, 1234},
    {"\"usage\":{\"prompt_tokens\":15,\"total_tokens\":15,\"cost\":0.008000,\"latency_ms\":5200}",
     INT64_C(8000000000), 15, NONE, 15, 5200},
    {"\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":12,\"total_tokens\":21,\"prompt_"
     "characters\":40,"
     "\"response_characters\":50,\"cost\":0.00000315,\"latency_ms\":840}",
     INT64_C(3150000), 9, 12, 21, 840},
    {"\"usage\":{\"prompt_tokens\":9,\"cost\":\"0.0000001260\"}", INT64_C(126000), 9, NONE, NONE,
     NONE},
    {"\"usage\":{\"cost\":\"0.00199500\"}", INT64_C(1995000000), NONE, NONE, NONE, NONE},
    {"\"queryDetails\":{\"provider\":\"p\",\"route\":\"r\",\"promptTokens\":15,\"cost\":0.002,"
     "\"latencyMs\":900}",
     INT64_C(2000000000), 15, NONE, NONE, 900},
    /* numbers as they are found */
    {"\"usage\":{\"cost\":1.26e-7}", INT64_C(126000), NONE, NONE, NONE, NONE},
    {"\"usage\":{\"cost\":\"1.26E-7\"}", INT64_C(126000), NONE, NONE, NONE, NONE},
    {"\"usage\":{\"cost\":0.000000000001}", 1, NONE, NONE, NONE, NONE},
    {"\"usage\":{\"cost\":12}", 12 * APIPIE_DOLLAR, NONE, NONE, NONE, NONE},
    {"\"usage\":{\"cost\":0.1}", APIPIE_DOLLAR / 10, NONE, NONE, NONE, NONE},
    {"\"usage\":{\"cost\":null,\"prompt_tokens\":null,\"total_tokens\":7}", NONE, NONE, NONE, 7,
     NONE},
    {"\"usage\":{\"cost\":0.01,\"prompt_tokens\":\"15\",\"total_tokens\":15.4}",
     APIPIE_DOLLAR / 100, 15, NONE, 15, NONE},
    {"\"usage\":null", NONE, NONE, NONE, NONE, NONE},
    {"\"usage\":[]", NONE, NONE, NONE, NONE, NONE},
    {"\"usage\":\"free\"", NONE, NONE, NONE, NONE, NONE},
    /* zeros say nothing */
    {"\"usage\":{\"prompt_tokens\":0,\"total_tokens\":0,\"cost\":0}", NONE, NONE, NONE, NONE, NONE},
    {"\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}", NONE, NONE, NONE,
     NONE, NONE},
    {"\"usage\":{\"cost\":\"0.00\"}", NONE, NONE, NONE, NONE, NONE},
    /* absurd ones neither */
    {"\"usage\":{\"cost\":1e999,\"total_tokens\":3}", NONE, NONE, NONE, 3, NONE},
    {"\"usage\":{\"cost\":\"free\",\"total_tokens\":3}", NONE, NONE, NONE, 3, NONE},
    {"\"usage\":{\"cost\":{\"a\":1},\"total_tokens\":3}", NONE, NONE, NONE, 3, NONE},
    {"\"usage\":{\"cost\":-0.5,\"total_tokens\":3}", NONE, NONE, NONE, 3, NONE},
};

static void check_usage(struct draw *d, const char *shape)
{
    const struct usage *u = d->row;
    char *body = draw_replace(shape, "%", u->json);
    apipie_status status = draw_perform_json(d, body);
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    const apipie_result *r = draw_result(d);
    draw_assert_image(r, 0, PNG1, "image/png");
    assert_int_equal(apipie_result_cost(r), u->cost);
    assert_int_equal(apipie_result_prompt_tokens(r), u->prompt);
    assert_int_equal(apipie_result_completion_tokens(r), u->completion);
    assert_int_equal(apipie_result_total_tokens(r), u->total);
    assert_int_equal(apipie_result_latency(r), u->latency);
}

static void behind_the_picture(void **state)
{
    check_usage(*state, "{\"data\":[{\"b64_json\":\"" PNG1 "\"}],%}");
}

static void before_the_picture(void **state)
{
    check_usage(*state, "{%,\"data\":[{\"b64_json\":\"" PNG1 "\"}]}");
}

static void model_used_is_the_model(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" PNG1
                       "\"}],\"usage\":{\"cost\":0.04,\"model_used\":\"other\"}}");
    apipie_request_set_model(d->request, "asked");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(apipie_result_model(draw_result(d)), "other");
}

static void delivered_is_billed(void **state)
{
    struct draw *d = *state;
    assert_status(
        draw_perform_json(d, "{\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"usage\":{\"cost\":0.04}}"),
        APIPIE_OK);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_YES);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 0), APIPIE_PURPOSE_GENERATE);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), 200);
    assert_status(apipie_request_attempt_status(d->request, 0), APIPIE_OK);
    assert_int_equal(apipie_request_tries(d->request), 1);
}

static void money_as_text(void **state)
{
    static const struct {
        int64_t amount;
        const char *text;
    } table[] = {{0, "0"},
                 {1, "0.000000000001"},
                 {126000, "0.000000126"},
                 {INT64_C(8000000000), "0.008"},
                 {INT64_C(40000000000), "0.04"},
                 {APIPIE_DOLLAR, "1"},
                 {APIPIE_DOLLAR * 10 + APIPIE_DOLLAR / 2, "10.5"},
                 {INT64_MAX, "9223372.036854775807"},
                 {APIPIE_UNKNOWN, ""},
                 {INT64_MIN, ""}};
    char text[24];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_status(apipie_money_format(table[i].amount, text, sizeof text), APIPIE_OK);
        assert_string_equal(text, table[i].text);
    }
}

static void money_in_too_little_room(void **state)
{
    char text[8] = "xxxxxxx";
    (void)state;
    assert_status(apipie_money_format(126000, text, 5), APIPIE_E_LIMIT);
    assert_string_equal(text, "");
    assert_status(apipie_money_format(INT64_C(8000000000), text, 6), APIPIE_OK);
    assert_string_equal(text, "0.008");
    assert_true(apipie_money_format(1, NULL, 0) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(model_used_is_the_model),
        DRAW_TEST(delivered_is_billed),
        cmocka_unit_test(money_as_text),
        cmocka_unit_test(money_in_too_little_room),
    };
    int failed = cmocka_run_group_tests_name("usage", tests, NULL, NULL);
    failed += DRAW_ROWS(behind_the_picture, usages);
    failed += DRAW_ROWS(before_the_picture, usages);
    return failed;
}
