/* SPDX-License-Identifier: MIT */
/* Groups side by side, and what would have been cheaper or faster. */
#include "choose_world.h"

#include "catalog/choose_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PRICED(provider, name, price, ms)                                                          \
    "{\"provider\":\"" provider "\",\"model\":\"" name                                             \
    "\",\"type\":\"image\",\"price_type\":\"image\",\"img_price\":" price ",\"latency\":\"" ms     \
    "\",\"available\":1}"

/* ---- compare */

static void groups_stand_side_by_side(void **state)
{
    struct apipie_comparison *comparison = NULL;
    struct apipie_catalog *c =
        world_list("[" PRICED("b", "1", "0.04", "400") "," PRICED("A", "2", "0.03", "") "," PRICED(
            "a", "3", "0.01",
            "900") "," PRICED("a", "4", "null",
                              "700") ",{"
                                     "\"provider\":\"z\",\"model\":\"talks\",\"type\":\"llm\"}]");
    (void)state;
    assert_int_equal(pie_compare(c, APIPIE_MODEL_PROVIDER, &comparison), APIPIE_OK);
    assert_int_equal(pie_comparison_count(comparison), 2);
    assert_string_equal(pie_comparison_text(comparison, 0), "A");
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_MODELS), 3);
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_PRICED), 2);
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_PRICE_LOW), USD(0.01));
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_PRICE_MEDIAN), USD(0.01));
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_PRICE_HIGH), USD(0.03));
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_TIMED), 2);
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_LATENCY_LOW), 700);
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_LATENCY_MEDIAN), 700);
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_TRIES), 0);
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_P50), APIPIE_UNKNOWN);
    assert_string_equal(pie_comparison_text(comparison, 1), "b");
    assert_int_equal(pie_comparison_number(comparison, 1, APIPIE_COMPARE_PRICE_MEDIAN), USD(0.04));
    assert_null(pie_comparison_text(comparison, 2));
    assert_int_equal(pie_comparison_number(comparison, 2, 0), APIPIE_UNKNOWN);
    assert_int_equal(pie_comparison_number(comparison, 0, 14), APIPIE_UNKNOWN);
    assert_int_equal(pie_comparison_group(comparison, 0), 1);
    assert_int_equal(pie_comparison_group(comparison, 3), 0);
    assert_true(pie_comparison_group(comparison, 4) == SIZE_MAX);
    pie_catalog_drop(c);
    pie_comparison_drop(comparison);
}

static void built_in_families(void **state)
{
    struct apipie_comparison *comparison = NULL;
    struct apipie_catalog *c = world_built_in();
    int64_t models = 0;
    (void)state;
    assert_int_equal(pie_compare(c, APIPIE_MODEL_PRICE, &comparison), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_compare(c, APIPIE_MODEL_FAMILY, &comparison), APIPIE_OK);
    assert_int_equal(pie_comparison_count(comparison), 3);
    assert_string_equal(pie_comparison_text(comparison, 0), "SD 1.x");
    assert_string_equal(pie_comparison_text(comparison, 1), "SD 2.x");
    assert_string_equal(pie_comparison_text(comparison, 2), "SDXL");
    for (size_t i = 0; i < 3; i++)
        models += pie_comparison_number(comparison, i, APIPIE_COMPARE_MODELS);
    assert_int_equal(models, 82);
    pie_comparison_drop(comparison);
    pie_catalog_drop(c);
}

/* A live list is compared, not what else is known; what has no value comes last. */
static void listed_ones_and_unknown_ones(void **state)
{
    struct apipie_comparison *comparison = NULL;
    struct apipie_catalog *c = world_merged(
        "[" PRICED("x", "new", "0.01", "5") "," PRICED("prodia", "dreamshaper_8", "0.02", "9") "]");
    (void)state;
    assert_int_equal(pie_compare(c, APIPIE_MODEL_FAMILY, &comparison), APIPIE_OK);
    assert_int_equal(pie_comparison_count(comparison), 2);
    assert_string_equal(pie_comparison_text(comparison, 0), "SD 1.x");
    assert_int_equal(pie_comparison_number(comparison, 0, APIPIE_COMPARE_MODELS), 1);
    assert_null(pie_comparison_text(comparison, 1));
    assert_int_equal(pie_comparison_number(comparison, 1, APIPIE_COMPARE_PRICE_LOW), USD(0.01));
    pie_comparison_drop(comparison);
    pie_catalog_drop(c);
}

/* ---- recommend */

/* SD 1.x, general, 512: dreamshaper 6, 7, 8; SDXL: not the same. */
static const char dreams[] = "[" PRICED("prodia", "dreamshaper_8", "0.02", "3000") "," PRICED(
    "prodia", "dreamshaper_7", "0.01",
    "4000") "," PRICED("prodia", "dreamshaper_6BakedVae", "0.03",
                       "1000") "," PRICED("prodia", "dreamshaperXL10_alpha2", "0.001", "10") "]";

static struct apipie_advice *advise(struct apipie_catalog *c, const struct pie_own *own, size_t n)
{
    struct apipie_advice *advice = NULL;
    const struct pie_owns owns = {own, n};
    assert_int_equal(pie_recommend(c, owns, &advice), APIPIE_OK);
    return advice;
}

static void cheaper_and_faster_ones_are_named(void **state)
{
    const struct pie_own own = {"prodia", "dreamshaper_8", 100, 95, 95, 2500, 6000, 100, USD(2.0)};
    struct apipie_catalog *c = world_merged(dreams);
    struct apipie_advice *a = advise(c, &own, 1);
    (void)state;
    assert_int_equal(pie_advice_looked(a), 1);
    assert_int_equal(pie_advice_count(a), 2);
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_KIND), APIPIE_ADVICE_CHEAPER);
    assert_string_equal(pie_advice_text(a, 0, 0, APIPIE_MODEL_NAME), "dreamshaper_8");
    assert_string_equal(pie_advice_text(a, 0, 1, APIPIE_MODEL_NAME), "dreamshaper_7");
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_SAVED), USD(1.0));
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_IMAGES), 100);
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_PRICE_USED), USD(0.02));
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_PRICE_BETTER), USD(0.01));
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_LATENCY_USED), 2500);
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_LATENCY_BETTER), 4000);
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_TRIES), 0);
    assert_int_equal(pie_advice_number(a, 1, APIPIE_ADVICE_KIND), APIPIE_ADVICE_FASTER);
    assert_string_equal(pie_advice_text(a, 1, 1, APIPIE_MODEL_NAME), "dreamshaper_6BakedVae");
    assert_int_equal(pie_advice_number(a, 1, APIPIE_ADVICE_SAVED), 1500);
    assert_int_equal(pie_advice_index(a, 2, 0), APIPIE_UNKNOWN);
    assert_int_equal(pie_advice_index(a, 0, 2), APIPIE_UNKNOWN);
    pie_advice_drop(a);
    pie_catalog_drop(c);
}

static void what_fails_more_often_is_not_better(void **state)
{
    struct pie_own own[] = {{"prodia", "dreamshaper_8", 100, 95, 95, 2500, 6000, 100, USD(2.0)},
                            {"prodia", "dreamshaper_7", 20, 19, 19, 3000, 6000, 0, 0},
                            {"prodia", "dreamshaper_6BakedVae", 100, 94, 94, 900, 6000, 0, 0}};
    struct apipie_catalog *c = world_merged(dreams);
    struct apipie_advice *a = advise(c, own, 3);
    (void)state;
    /* 19/20 is as good as 95/100; 94/100 is not */
    assert_int_equal(pie_advice_count(a), 1);
    assert_string_equal(pie_advice_text(a, 0, 1, APIPIE_MODEL_NAME), "dreamshaper_7");
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_OK), 19);
    pie_advice_drop(a);
    own[1].ok = 18;
    a = advise(c, own, 3);
    assert_int_equal(pie_advice_count(a), 0);
    assert_int_equal(pie_advice_looked(a), 1);
    pie_advice_drop(a);
    pie_catalog_drop(c);
}

/* What is smaller, does not edit, or is off, is no equal. */
static void equals_do_as_much(void **state)
{
    static const struct {
        int32_t field;
        int64_t used, better;
        size_t advices;
    } cases[] = {{APIPIE_MODEL_WIDTH, 512, 511, 0},  {APIPIE_MODEL_WIDTH, 512, 513, 1},
                 {APIPIE_MODEL_HEIGHT, 512, 511, 0}, {APIPIE_MODEL_EDITS, 1, 0, 0},
                 {APIPIE_MODEL_EDITS, 1, -1, 0},     {APIPIE_MODEL_EDITS, 1, 1, 1},
                 {APIPIE_MODEL_EDITS, 0, 1, 1},      {APIPIE_MODEL_WIDTH, -1, -1, 1},
                 {APIPIE_MODEL_AVAILABLE, 0, 1, 1},  {APIPIE_MODEL_AVAILABLE, 1, 0, 0},
                 {APIPIE_MODEL_AVAILABLE, 1, -1, 1}, {APIPIE_MODEL_ENABLED, 1, 0, 0}};
    const struct pie_own own = {"prodia", "dreamshaper_8", 1, 1, 0, -1, -1, 1, USD(2.0)};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(cases); i++) {
        struct apipie_catalog *c =
            world_merged("[" PRICED("prodia", "dreamshaper_8", "0.02",
                                    "") "," PRICED("prodia", "dreamshaper_7", "0.01", "") "]");
        c->table->rows[0].number[PIE_NUMBER_AT(cases[i].field)] = cases[i].used;
        c->table->rows[1].number[PIE_NUMBER_AT(cases[i].field)] = cases[i].better;
        struct apipie_advice *a = advise(c, &own, 1);
        assert_int_equal(pie_advice_count(a), cases[i].advices);
        pie_advice_drop(a);
        pie_catalog_drop(c);
    }
}

/* The own average is of other sizes than the listed price, perhaps: both must say so. */
static void the_list_must_agree(void **state)
{
    const struct pie_own own = {"prodia", "dreamshaper_7", 9, 9, 9, 9000, 9000, 9, USD(9)};
    struct apipie_catalog *c = world_merged(dreams);
    struct apipie_advice *a = advise(c, &own, 1);
    (void)state;
    assert_int_equal(pie_advice_count(a), 1);
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_KIND), APIPIE_ADVICE_FASTER);
    assert_int_equal(pie_advice_number(a, 0, APIPIE_ADVICE_SAVED), 8000);
    pie_advice_drop(a);
    pie_catalog_drop(c);
}

static void nothing_better_is_known(void **state)
{
    const struct pie_own own[] = {{"prodia", "dreamshaper_8", 10, 10, 10, 50, 50, 10, 10},
                                  {"nobody", "knows", 10, 10, 10, 50, 50, 10, 10}};
    struct apipie_catalog *c = world_built_in();
    struct apipie_advice *a = advise(c, own, 2);
    (void)state;
    assert_int_equal(pie_advice_count(a), 0);
    assert_int_equal(pie_advice_looked(a), 1);
    pie_advice_drop(a);
    a = advise(c, NULL, 0);
    assert_int_equal(pie_advice_count(a), 0);
    assert_int_equal(pie_advice_looked(a), 0);
    pie_catalog_drop(c);
    pie_advice_drop(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_stand_side_by_side),
        cmocka_unit_test(built_in_families),
        cmocka_unit_test(listed_ones_and_unknown_ones),
        cmocka_unit_test(cheaper_and_faster_ones_are_named),
        cmocka_unit_test(what_fails_more_often_is_not_better),
        cmocka_unit_test(equals_do_as_much),
        cmocka_unit_test(the_list_must_agree),
        cmocka_unit_test(nothing_better_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
