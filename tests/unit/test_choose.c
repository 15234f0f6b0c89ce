/* SPDX-License-Identifier: MIT */
/* Who is chosen, with which score, and how figures are joined; every number here follows from docs/choose.md by hand. */
#include "choose_world.h"

#include "catalog/choose_priv.h"

#include <strings.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MODEL(name, price, ms)                                                                     \
    "{\"provider\":\"p\",\"model\":\"" name "\",\"type\":\"image\",\"price_type\":\"image\","      \
    "\"img_price\":" price ",\"latency\":\"" ms "\"}"

static struct apipie_need *need_by(int32_t price, int32_t speed, int32_t reliability)
{
    struct apipie_need *need = pie_need_new(&pie_mem_libc);
    assert_int_equal(pie_need_set_weights(need, price, speed, reliability), APIPIE_OK);
    return need;
}

static void assert_names(const struct apipie_choice *choice, const char *const *names, size_t n)
{
    assert_int_equal(pie_choice_count(choice), n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(world_name(choice, i), names[i]);
}

static void scores_are_ratios(void **state)
{
    static const char *const by_price[] = {"cheap", "middle", "dear"};
    static const char *const by_speed[] = {"dear", "middle", "cheap"};
    struct apipie_catalog *c = world_list("[" MODEL("dear", "0.04", "1000") "," MODEL(
        "cheap", "0.01", "4000") "," MODEL("middle", "0.03", "3000") "]");
    struct apipie_need *price = need_by(1, 0, 0);
    struct apipie_need *speed = need_by(0, 1, 0);
    struct apipie_choice *choice = world_choose(c, NULL, 0, price);
    (void)state;
    assert_names(choice, by_price, 3);
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_SCORE), 1000);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE), 333);
    assert_int_equal(pie_choice_number(choice, 2, APIPIE_CHOICE_SCORE), 250);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE_SPEED), 333);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE_RELIABILITY), 500);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_PRICE), USD(0.03));
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_PRICE_LISTED), USD(0.03));
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_PRICE_OWN), APIPIE_UNKNOWN);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_LATENCY), 3000);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_OK + 1), APIPIE_UNKNOWN);
    assert_int_equal(pie_choice_number(choice, 3, APIPIE_CHOICE_SCORE), APIPIE_UNKNOWN);
    pie_choice_drop(choice);
    choice = world_choose(c, NULL, 0, speed);
    assert_names(choice, by_speed, 3);
    pie_choice_drop(choice);
    /* 1:1:1: dear (250+1000+500)/3, cheap (1000+250+500)/3, middle (333+333+500)/3 */
    choice = world_choose(c, NULL, 0, NULL);
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_SCORE), 583);
    assert_string_equal(world_name(choice, 0), "cheap"); /* as good as dear: by name */
    assert_int_equal(pie_choice_number(choice, 2, APIPIE_CHOICE_SCORE), 388);
    pie_choice_drop(choice);
    pie_need_free(price);
    pie_need_free(speed);
    pie_catalog_drop(c);
}

static void own_measurements_weigh_more_as_they_grow(void **state)
{
    (void)state;
    /* own + (listed - own) * 20 / (n + 20) */
    assert_int_equal(pie_figures_blend(1000, 3000, 0), 1000);
    assert_int_equal(pie_figures_blend(1000, 3000, 20), 2000);
    assert_int_equal(pie_figures_blend(1000, 3000, 60), 2500);
    assert_int_equal(pie_figures_blend(1000, 3000, 1), 1096);
    assert_int_equal(pie_figures_blend(3000, 1000, 60), 1500);
    assert_int_equal(pie_figures_blend(1000, 3000, INT64_MAX), 3000);
    assert_int_equal(pie_figures_blend(APIPIE_UNKNOWN, 3000, 1), 3000);
    assert_int_equal(pie_figures_blend(1000, APIPIE_UNKNOWN, 0), 1000);
    assert_int_equal(pie_figures_blend(APIPIE_UNKNOWN, APIPIE_UNKNOWN, 0), APIPIE_UNKNOWN);
    assert_int_equal(pie_figures_blend(10000 * APIPIE_DOLLAR, 0, 0), 10000 * APIPIE_DOLLAR);
}

static void own_figures_are_told(void **state)
{
    const struct pie_own own[] = {{"P", "a", 98, 97, 60, 3000, 6000, 20, USD(0.40)},
                                  {"q", "a", 5, 0, 5, 1, 1, 5, 5},
                                  {"p", "b", 3, 0, 19, 10, 90000, 0, 0}};
    struct apipie_catalog *c =
        world_list("[" MODEL("a", "0.01", "1000") "," MODEL("b", "0.01", "1000") "]");
    struct apipie_choice *choice = world_choose(c, own, 3, NULL);
    (void)state;
    assert_string_equal(world_name(choice, 0), "b"); /* 1000 + 1000 + 200 of 3000 */
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_SCORE_RELIABILITY), 200);
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_LATENCY), 517);
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_P95), APIPIE_UNKNOWN);
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_PRICE_OWN), APIPIE_UNKNOWN);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE_RELIABILITY), 980);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_PRICE_OWN), USD(0.02));
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_PRICE), USD(0.015));
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_LATENCY_LISTED), 1000);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_LATENCY_OWN), 3000);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_LATENCY), 2500);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_P95), 6000);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_TRIES), 98);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_OK), 97);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE_PRICE), 666);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE_SPEED), 206);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

/* Providers are found whatever their case, names are not. */
static void own_figures_are_found_by_name(void **state)
{
    static const char *const names[] = {"the-model-a", "the-model-b", "the-model-c", "the-model-d",
                                        "the-model-e", "the-model-f", "the-model-g", "the-model-h"};
    struct pie_own own[2 * PIE_COUNT(names)];
    struct apipie_catalog *c =
        world_list("[" MODEL("the-model-a", "1", "1") "," MODEL("the-model-b", "1", "1") "," MODEL(
            "the-model-c", "1",
            "1") "," MODEL("the-model-d", "1",
                           "1") "," MODEL("the-model-e", "1",
                                          "1") "," MODEL("the-model-f", "1",
                                                         "1") "," MODEL("the-model-g", "1",
                                                                        "1") "," MODEL("the-model-"
                                                                                       "h",
                                                                                       "1",
                                                                                       "1") "," MODEL("the-model-A",
                                                                                                      "1",
                                                                                                      "1") "]");
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(names); i++) {
        int64_t tries = 10 + (int64_t)i;
        own[i] =
            (struct pie_own){"P", names[i], tries, tries, 0, APIPIE_UNKNOWN, APIPIE_UNKNOWN, 0, 0};
        own[i + PIE_COUNT(names)] = own[i];
        own[i + PIE_COUNT(names)].provider = "pp";
        own[i + PIE_COUNT(names)].tries = 1;
    }
    struct apipie_choice *choice = world_choose(c, own, PIE_COUNT(own), NULL);
    for (size_t i = 0; i < PIE_COUNT(names); i++)
        assert_int_equal(
            pie_choice_number(choice, (size_t)world_rank(choice, names[i]), APIPIE_CHOICE_TRIES),
            10 + (int64_t)i);
    assert_int_equal(
        pie_choice_number(choice, (size_t)world_rank(choice, "the-model-A"), APIPIE_CHOICE_TRIES),
        0);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

static void what_nobody_knows_neither_wins_nor_loses(void **state)
{
    static const char *const names[] = {"a1", "b2", "c4", "0unknown", "d8"};
    struct apipie_catalog *c =
        world_list("[" MODEL("0unknown", "null", "") "," MODEL("a1", "0.01", "") "," MODEL(
            "b2", "0.02", "") "," MODEL("c4", "0.04", "") "," MODEL("d8", "0.08", "") "]");
    struct apipie_need *need = need_by(1, 0, 0);
    struct apipie_choice *choice = world_choose(c, NULL, 0, need);
    (void)state;
    /* three of four cost 0.04 or less: it is taken for that, and comes behind the one that surely does */
    assert_names(choice, names, 5);
    assert_int_equal(pie_choice_number(choice, 3, APIPIE_CHOICE_SCORE_PRICE), 250);
    assert_int_equal(pie_choice_number(choice, 3, APIPIE_CHOICE_PRICE), APIPIE_UNKNOWN);
    /* no latency is known at all */
    assert_int_equal(pie_choice_number(choice, 3, APIPIE_CHOICE_SCORE_SPEED), 500);
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_SCORE_SPEED), 500);
    pie_choice_drop(choice);
    assert_int_equal(pie_need_set_max_price(need, 1), APIPIE_OK);
    assert_int_equal(pie_need_set_max_p95(need, 1), APIPIE_OK);
    choice = world_choose(c, NULL, 0, need);
    assert_int_equal(pie_choice_count(choice), 1);
    assert_string_equal(world_name(choice, 0), "0unknown");
    pie_choice_drop(choice);
    pie_need_free(need);
    pie_catalog_drop(c);
}

static void what_is_free_costs_nothing(void **state)
{
    struct apipie_catalog *c = world_list("[" MODEL("a", "0.01", "") "," MODEL("b", "0", "") "]");
    struct apipie_choice *choice = world_choose(c, NULL, 0, NULL);
    (void)state;
    assert_string_equal(world_name(choice, 0), "b");
    assert_int_equal(pie_choice_number(choice, 0, APIPIE_CHOICE_SCORE_PRICE), 1000);
    assert_int_equal(pie_choice_number(choice, 1, APIPIE_CHOICE_SCORE_PRICE), 0);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

static void ties_go_by_name(void **state)
{
    static const char *const names[] = {"a", "B", "b", "c"};
    struct apipie_catalog *c = world_list("[" MODEL("c", "1", "5") "," MODEL(
        "b", "1", "5") "," MODEL("B", "1", "5") "," MODEL("a", "1", "5") "]");
    struct apipie_choice *choice = world_choose(c, NULL, 0, NULL);
    (void)state;
    assert_names(choice, names, 4);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
    c = world_list("[{\"provider\":\"y\",\"model\":\"m\"},{\"provider\":\"x\",\"model\":\"m\"}]");
    choice = world_choose(c, NULL, 0, NULL);
    assert_int_equal(pie_choice_index(choice, 0), 1);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

/* A difference below a thousandth still ranks. */
static void small_differences_rank(void **state)
{
    struct apipie_catalog *c = world_list("[" MODEL("a", "0.010001", "") "," MODEL(
        "b", "0.01", "") "," MODEL("c", "0.0100005", "") "]");
    struct apipie_choice *choice = world_choose(c, NULL, 0, NULL);
    static const char *const names[] = {"b", "c", "a"};
    (void)state;
    assert_names(choice, names, 3);
    assert_int_equal(pie_choice_number(choice, 2, APIPIE_CHOICE_SCORE_PRICE), 999);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

/* By price alone, the faster of two that cost the same comes first. */
static void what_does_not_weigh_breaks_ties(void **state)
{
    struct apipie_catalog *c = world_list("[" MODEL("a", "1", "9") "," MODEL("b", "1", "5") "]");
    struct apipie_need *need = need_by(1, 0, 0);
    struct apipie_choice *choice = world_choose(c, NULL, 0, need);
    (void)state;
    assert_string_equal(world_name(choice, 0), "b");
    pie_choice_drop(choice);
    pie_need_free(need);
    pie_catalog_drop(c);
}

static void all_built_in_ones_are_ranked(void **state)
{
    struct apipie_catalog *c = world_built_in();
    struct apipie_choice *choice = world_choose(c, NULL, 0, NULL);
    (void)state;
    assert_int_equal(pie_catalog_count(c), 82);
    assert_int_equal(pie_choice_count(choice), 80);
    assert_int_equal(pie_choice_rejected(choice), 2);
    for (size_t i = 0; i < pie_choice_count(choice); i++) {
        assert_int_equal(pie_choice_number(choice, i, APIPIE_CHOICE_SCORE), 500);
        assert_int_equal(pie_choice_number(choice, i, APIPIE_CHOICE_PRICE), APIPIE_UNKNOWN);
        if (i != 0)
            assert_true(strcasecmp(world_name(choice, i - 1), world_name(choice, i)) <= 0);
    }
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

static void nothing_is_an_answer(void **state)
{
    struct apipie_catalog *c = world_list("[]");
    struct apipie_choice *choice = world_choose(c, NULL, 0, NULL);
    (void)state;
    assert_int_equal(pie_choice_count(choice), 0);
    assert_int_equal(pie_choice_index(choice, 0), APIPIE_UNKNOWN);
    assert_int_equal(pie_choice_rejected_index(choice, 0), APIPIE_UNKNOWN);
    pie_choice_drop(choice);
    pie_catalog_drop(c);
}

/* An answer outlives what it was made from. */
static void an_answer_keeps_its_list(void **state)
{
    struct apipie_catalog *c = world_list("[" MODEL("a", "1", "9") "]");
    struct apipie_choice *choice = world_choose(c, NULL, 0, NULL);
    (void)state;
    pie_catalog_drop(c);
    assert_ptr_equal(pie_choice_keep(choice), choice);
    pie_choice_drop(choice);
    assert_string_equal(world_name(choice, 0), "a");
    pie_choice_drop(choice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_ratios),
        cmocka_unit_test(own_measurements_weigh_more_as_they_grow),
        cmocka_unit_test(own_figures_are_told),
        cmocka_unit_test(own_figures_are_found_by_name),
        cmocka_unit_test(what_nobody_knows_neither_wins_nor_loses),
        cmocka_unit_test(what_is_free_costs_nothing),
        cmocka_unit_test(ties_go_by_name),
        cmocka_unit_test(small_differences_rank),
        cmocka_unit_test(what_does_not_weigh_breaks_ties),
        cmocka_unit_test(all_built_in_ones_are_ranked),
        cmocka_unit_test(nothing_is_an_answer),
        cmocka_unit_test(an_answer_keeps_its_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
