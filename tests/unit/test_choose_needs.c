/* SPDX-License-Identifier: MIT */
/* What may be asked of a model, and every reason why one does not serve. */
#include "choose_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Sold at a flat price; by size; by size and quality; switched off; no picture; unknown to the built-in table. */
static const char list[] =
    "[{\"provider\":\"prodia\",\"model\":\"sd_xl_base_1.0\",\"type\":\"image\",\"price_type\":"
    "\"image\","
    "\"img_price\":0.02,\"latency\":\"6200\",\"available\":1},"
    "{\"provider\":\"prodia\",\"model\":\"sizes\",\"type\":\"image\",\"available\":1,"
    "\"img_json\":\"{\\\"512x512\\\":0.01,\\\"1024x1024\\\":0.03}\"},"
    "{\"provider\":\"openai\",\"model\":\"qualities\",\"type\":\"image\",\"available\":1,"
    "\"img_json\":{\"standard\":{\"1024x1024\":0.04},\"hd\":{\"1024x1024\":0.08}}},"
    "{\"provider\":\"openai\",\"model\":\"off\",\"type\":\"image\",\"available\":0},"
    "{\"provider\":\"openai\",\"model\":\"disabled\",\"type\":\"image\",\"enabled\":0,"
    "\"available\":1},"
    "{\"provider\":\"openai\",\"model\":\"talks\",\"type\":\"llm\",\"available\":1},"
    "{\"provider\":\"prodia\",\"model\":\"dreamshaper_8\",\"type\":\"image\",\"latency\":\"900\"}]";

struct needs {
    struct apipie_catalog *c;
    struct apipie_need *need;
    struct apipie_choice *choice;
};

static int needs_begin(void **state)
{
    struct needs *n = pie_mem_new(&pie_mem_libc, 1, sizeof(*n));
    n->c = world_merged(list);
    n->need = pie_need_new(&pie_mem_libc);
    *state = n;
    return 0;
}

static int needs_end(void **state)
{
    struct needs *n = *state;
    pie_choice_drop(n->choice);
    pie_need_free(n->need);
    pie_catalog_drop(n->c);
    pie_mem_free(&pie_mem_libc, n);
    return 0;
}

static const char *why(struct needs *n, const char *model)
{
    pie_choice_drop(n->choice);
    n->choice = world_choose(n->c, NULL, 0, n->need);
    return world_reason(n->choice, model);
}

static void what_is_off_is_not_chosen(void **state)
{
    struct needs *n = *state;
    assert_string_equal(why(n, "off"), "not available");
    assert_string_equal(why(n, "disabled"), "not available");
    assert_string_equal(why(n, "talks"), "type is llm");
    assert_string_equal(why(n, "dreamshaper_7"), "not on the gateway's list");
    assert_string_equal(why(n, "dreamshaper_8"), "");
    assert_string_equal(why(n, "sizes"), "");
    assert_int_equal(pie_choice_count(n->choice), 4);
}

static void texts_must_fit(void **state)
{
    struct needs *n = *state;
    assert_int_equal(pie_need_set_text(n->need, APIPIE_MODEL_FAMILY, "sdxl"), APIPIE_OK);
    assert_string_equal(why(n, "dreamshaper_8"), "family is SD 1.x");
    assert_string_equal(why(n, "sizes"), "family is unknown");
    assert_string_equal(why(n, "sd_xl_base_1.0"), "");
    assert_int_equal(pie_need_set_text(n->need, APIPIE_MODEL_FAMILY, NULL), APIPIE_OK);
    assert_int_equal(pie_need_set_text(n->need, APIPIE_MODEL_PROVIDER, "OpenAI"), APIPIE_OK);
    assert_string_equal(why(n, "dreamshaper_8"), "provider is prodia");
    assert_string_equal(why(n, "qualities"), "");
    assert_int_equal(pie_need_set_text(n->need, APIPIE_MODEL_TYPE, "llm"), APIPIE_OK);
    assert_string_equal(why(n, "qualities"), "type is image");
    assert_string_equal(why(n, "talks"), "");
    assert_int_equal(pie_need_set_text(n->need, APIPIE_MODEL_TYPE, NULL), APIPIE_OK);
    assert_int_equal(pie_need_set_text(n->need, APIPIE_MODEL_SERIES, "Nothing"), APIPIE_OK);
    assert_string_equal(why(n, "qualities"), "series is unknown");
    assert_int_equal(pie_choice_count(n->choice), 0);
}

static void sizes_must_fit(void **state)
{
    struct needs *n = *state;
    assert_int_equal(pie_need_set_size(n->need, 512, 512), APIPIE_OK);
    assert_string_equal(why(n, "sizes"), "");
    assert_int_equal(
        pie_choice_number(n->choice, (size_t)world_rank(n->choice, "sizes"), APIPIE_CHOICE_PRICE),
        USD(0.01));
    assert_string_equal(why(n, "qualities"), "size 512x512 is not listed");
    assert_string_equal(why(n, "dreamshaper_8"), "");
    assert_int_equal(pie_need_set_size(n->need, 1024, 1024), APIPIE_OK);
    assert_string_equal(why(n, "dreamshaper_8"), "size 1024x1024 is over 512x512");
    assert_string_equal(why(n, "sd_xl_base_1.0"), "");
    assert_string_equal(why(n, "qualities"), "");
    /* the shorter side counts */
    assert_int_equal(pie_need_set_size(n->need, 512, 896), APIPIE_OK);
    assert_string_equal(why(n, "dreamshaper_8"), "");
}

static void qualities_must_fit(void **state)
{
    struct needs *n = *state;
    assert_int_equal(pie_need_set_quality(n->need, "HD"), APIPIE_OK);
    assert_string_equal(why(n, "qualities"), "");
    assert_int_equal(pie_choice_number(n->choice, (size_t)world_rank(n->choice, "qualities"),
                                       APIPIE_CHOICE_PRICE),
                     USD(0.08));
    assert_string_equal(why(n, "sizes"), ""); /* names none */
    assert_int_equal(pie_need_set_quality(n->need, "ultra"), APIPIE_OK);
    assert_string_equal(why(n, "qualities"), "quality ultra is not listed");
    assert_int_equal(pie_need_set_quality(n->need, NULL), APIPIE_OK);
    assert_string_equal(why(n, "qualities"), "");
}

static void editors_are_for_editing(void **state)
{
    struct needs n = {world_built_in(), pie_need_new(&pie_mem_libc), NULL};
    (void)state;
    assert_string_equal(why(&n, "sdv1_4"), "");
    for (size_t i = 0; i < pie_choice_rejected(n.choice); i++) {
        int64_t index = pie_choice_rejected_index(n.choice, i);
        const char *name = pie_choice_text(n.choice, index, APIPIE_MODEL_NAME);
        assert_string_equal(world_reason(n.choice, name), "is for inpainting");
    }
    assert_int_equal(pie_need_set_editing(n.need, 1), APIPIE_OK);
    assert_string_equal(why(&n, "dreamshaper_8"), "cannot edit");
    assert_int_equal(pie_choice_count(n.choice), 2);
    assert_int_equal(pie_need_set_editing(n.need, 0), APIPIE_OK);
    assert_int_equal(pie_need_set_text(n.need, APIPIE_MODEL_SPECIALITY, "Inpainting"), APIPIE_OK);
    assert_string_equal(why(&n, "dreamshaper_8"), "speciality is general");
    assert_int_equal(pie_choice_count(n.choice), 2);
    pie_choice_drop(n.choice);
    pie_need_free(n.need);
    pie_catalog_drop(n.c);
}

static void nobody_says_that_it_edits(void **state)
{
    struct needs *n = *state;
    assert_int_equal(pie_need_set_editing(n->need, 1), APIPIE_OK);
    assert_string_equal(why(n, "sizes"), "is not known to edit");
    assert_string_equal(why(n, "dreamshaper_8"), "cannot edit");
}

static void prices_have_a_limit(void **state)
{
    struct needs *n = *state;
    assert_int_equal(pie_need_set_max_price(n->need, USD(0.01)), APIPIE_OK);
    assert_string_equal(why(n, "sd_xl_base_1.0"), "price 0.02 is over 0.01");
    assert_string_equal(why(n, "dreamshaper_8"), ""); /* nobody knows */
    assert_int_equal(pie_need_set_max_price(n->need, USD(0.02)), APIPIE_OK);
    assert_string_equal(why(n, "sd_xl_base_1.0"), "");
    assert_int_equal(pie_need_set_max_price(n->need, 0), APIPIE_OK);
    assert_string_equal(why(n, "sd_xl_base_1.0"), "price 0.02 is over 0");
    assert_int_equal(pie_need_set_max_price(n->need, APIPIE_UNKNOWN), APIPIE_OK);
    assert_string_equal(why(n, "sd_xl_base_1.0"), "");
}

static void times_have_a_limit(void **state)
{
    struct needs *n = *state;
    struct pie_own own = {"prodia", "sd_xl_base_1.0", 20, 20, 20, 3000, 5001, 0, 0};
    assert_int_equal(pie_need_set_max_p95(n->need, 5000), APIPIE_OK);
    assert_string_equal(why(n, "sd_xl_base_1.0"), "latency 6200 ms is over 5000 ms");
    assert_string_equal(why(n, "dreamshaper_8"), "");
    pie_choice_drop(n->choice);
    n->choice = world_choose(n->c, &own, 1, n->need);
    assert_string_equal(world_reason(n->choice, "sd_xl_base_1.0"), "p95 5001 ms is over 5000 ms");
    own.p95_ms = 5000;
    pie_choice_drop(n->choice);
    n->choice = world_choose(n->c, &own, 1, n->need);
    assert_string_equal(world_reason(n->choice, "sd_xl_base_1.0"), "");
    own.times = 19; /* too few: (6200 * 20 + 3000 * 19) / 39 */
    pie_choice_drop(n->choice);
    n->choice = world_choose(n->c, &own, 1, n->need);
    assert_string_equal(world_reason(n->choice, "sd_xl_base_1.0"), "");
    assert_int_equal(pie_choice_number(n->choice, (size_t)world_rank(n->choice, "sd_xl_base_1.0"),
                                       APIPIE_CHOICE_LATENCY),
                     4641);
}

static void bad_needs_are_refused(void **state)
{
    struct needs *n = *state;
    struct apipie_choice *choice = NULL;
    char long_text[APIPIE_LIMIT_TEXT + 2];
    const struct pie_owns none = {NULL, 0};
    struct apipie_need *need = n->need;
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(pie_need_set_text(need, APIPIE_MODEL_PRICE, "x"), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_text(need, 0, "x"), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_text(need, APIPIE_MODEL_NAME, long_text), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_quality(need, long_text), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_size(need, 0, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_size(need, 1, 8193), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_editing(need, 2), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_max_price(need, -2), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_max_p95(need, 0), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_max_p95(need, 86400001), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_weights(need, 0, 0, 0), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_weights(need, -1, 1, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_need_set_weights(need, 1, 1001, 1), APIPIE_E_ARGUMENT);
    /* none of it is forgotten */
    assert_int_equal(pie_choose(n->c, none, need, &choice), APIPIE_E_ARGUMENT);
    assert_null(choice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_off_is_not_chosen, needs_begin, needs_end),
        cmocka_unit_test_setup_teardown(texts_must_fit, needs_begin, needs_end),
        cmocka_unit_test_setup_teardown(sizes_must_fit, needs_begin, needs_end),
        cmocka_unit_test_setup_teardown(qualities_must_fit, needs_begin, needs_end),
        cmocka_unit_test(editors_are_for_editing),
        cmocka_unit_test_setup_teardown(nobody_says_that_it_edits, needs_begin, needs_end),
        cmocka_unit_test_setup_teardown(prices_have_a_limit, needs_begin, needs_end),
        cmocka_unit_test_setup_teardown(times_have_a_limit, needs_begin, needs_end),
        cmocka_unit_test_setup_teardown(bad_needs_are_refused, needs_begin, needs_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
