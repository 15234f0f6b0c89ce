/* SPDX-License-Identifier: MIT */
/* What must hold of any list: no order surprises, nothing lost, better figures never rank worse. Lists are drawn from a fixed seed. */
#include "../support/scarce.h"
#include "choose_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define RULES_ROUNDS 300
#define RULES_MODELS 12

struct rules_model {
    int64_t price, ms; /* millionths of a dollar; or APIPIE_UNKNOWN */
};

static uint64_t rules_seed = 7;

static int64_t rules_number(int64_t below)
{
    rules_seed = rules_seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((rules_seed >> 33) % (uint64_t)below);
}

/* One of four knows no price, one of four no latency; few values, so that there are ties. */
static void rules_draw(struct rules_model *m)
{
    for (size_t i = 0; i < RULES_MODELS; i++) {
        m[i].price = rules_number(4) == 0 ? APIPIE_UNKNOWN : rules_number(6) * 10000;
        m[i].ms = rules_number(4) == 0 ? APIPIE_UNKNOWN : 100 + rules_number(5) * 700;
    }
}

static struct apipie_catalog *rules_list(const struct rules_model *m)
{
    char json[RULES_MODELS * 160];
    size_t n = 0;
    for (size_t i = 0; i < RULES_MODELS; i++) {
        char price[40] = "null";
        char ms[40] = "";
        if (m[i].price != APIPIE_UNKNOWN)
            (void)snprintf(price, sizeof(price), "0.%06d", (int)m[i].price);
        if (m[i].ms != APIPIE_UNKNOWN)
            (void)snprintf(ms, sizeof(ms), "%d", (int)m[i].ms);
        n += (size_t)snprintf(json + n, sizeof(json) - n,
                              "%c{\"provider\":\"p\",\"model\":\"m%02d\",\"type\":\"image\","
                              "\"price_type\":\"image\",\"img_price\":%s,\"latency\":\"%s\"}",
                              i == 0 ? '[' : ',', (int)i, price, ms);
    }
    (void)snprintf(json + n, sizeof(json) - n, "]");
    return world_list(json);
}

static void rules_own(struct pie_own *own, char names[][8])
{
    for (size_t i = 0; i < RULES_MODELS; i++) {
        int64_t tries = rules_number(2) * rules_number(60);
        (void)snprintf(names[i], sizeof(names[i]), "m%02d", (int)i);
        own[i] = (struct pie_own){
            "p", names[i], tries, tries != 0 ? rules_number(tries + 1) : 0, tries, 0, 0, tries, 0};
        own[i].p50_ms = tries != 0 ? 50 + rules_number(3000) : APIPIE_UNKNOWN;
        own[i].p95_ms = tries != 0 ? own[i].p50_ms + rules_number(3000) : APIPIE_UNKNOWN;
        own[i].cost = tries * rules_number(5) * USD(0.01);
    }
}

static int64_t rules_rank(const struct rules_model *m, const struct pie_own *own,
                          const struct apipie_need *need, const char *name)
{
    struct apipie_catalog *c = rules_list(m);
    struct apipie_choice *choice = world_choose(c, own, own != NULL ? RULES_MODELS : 0, need);
    int64_t rank = world_rank(choice, name);
    int64_t rejected = rank < 0;
    pie_choice_drop(choice);
    pie_catalog_drop(c);
    return rejected ? RULES_MODELS : rank;
}

static void rules_weights(struct apipie_need *need)
{
    int32_t price = (int32_t)rules_number(4);
    int32_t speed = (int32_t)rules_number(4);
    int32_t reliability = (int32_t)rules_number(4) + (price + speed == 0);
    assert_int_equal(pie_need_set_weights(need, price, speed, reliability), APIPIE_OK);
    assert_int_equal(pie_need_set_max_price(need, rules_number(3) == 0 ? rules_number(6) * USD(0.01)
                                                                       : APIPIE_UNKNOWN),
                     APIPIE_OK);
}

/* With own measurements too, in every second round. */
static void a_higher_figure_never_ranks_better(void **state)
{
    struct rules_model m[RULES_MODELS];
    struct pie_own own[RULES_MODELS];
    char names[RULES_MODELS][8];
    struct apipie_need *need = pie_need_new(&pie_mem_libc);
    (void)state;
    for (int round = 0; round < RULES_ROUNDS; round++) {
        size_t i = (size_t)rules_number(RULES_MODELS);
        const struct pie_own *used = round % 2 != 0 ? own : NULL;
        rules_draw(m);
        rules_own(own, names);
        rules_weights(need);
        int64_t before = rules_rank(m, used, need, names[i]);
        if (m[i].price != APIPIE_UNKNOWN) {
            m[i].price += 1 + rules_number(90000);
            assert_true(rules_rank(m, used, need, names[i]) >= before);
        } else if (m[i].ms != APIPIE_UNKNOWN) {
            m[i].ms += 1 + rules_number(5000);
            assert_true(rules_rank(m, used, need, names[i]) >= before);
        }
    }
    pie_need_free(need);
}

static void one_more_success_never_ranks_worse(void **state)
{
    struct rules_model m[RULES_MODELS];
    struct pie_own own[RULES_MODELS];
    char names[RULES_MODELS][8];
    struct apipie_need *need = pie_need_new(&pie_mem_libc);
    (void)state;
    for (int round = 0; round < RULES_ROUNDS; round++) {
        size_t i = (size_t)rules_number(RULES_MODELS);
        rules_draw(m);
        rules_own(own, names);
        rules_weights(need);
        if (own[i].tries == 0)
            continue;
        int64_t before = rules_rank(m, own, need, names[i]);
        own[i].tries++;
        own[i].ok++;
        assert_true(rules_rank(m, own, need, names[i]) <= before);
    }
    pie_need_free(need);
}

/* The order of the list does not matter, nor what the catalogue was selected from; scores fall with the rank. */
static void ranks_follow_from_scores(void **state)
{
    struct rules_model m[RULES_MODELS];
    struct pie_own own[RULES_MODELS];
    char names[RULES_MODELS][8];
    (void)state;
    for (int round = 0; round < RULES_ROUNDS; round++) {
        struct apipie_catalog *sorted = NULL;
        rules_draw(m);
        rules_own(own, names);
        struct apipie_catalog *c = rules_list(m);
        assert_int_equal(pie_catalog_sort(c, APIPIE_MODEL_NAME, 1, &sorted), APIPIE_OK);
        struct apipie_choice *a = world_choose(c, own, RULES_MODELS, NULL);
        struct apipie_choice *b = world_choose(sorted, own, RULES_MODELS, NULL);
        for (size_t i = 0; i < pie_choice_count(a); i++) {
            int64_t score = pie_choice_number(a, i, APIPIE_CHOICE_SCORE);
            assert_true(score >= 0 && score <= 1000);
            assert_string_equal(world_name(a, i), world_name(b, i));
            assert_true(i == 0 || score <= pie_choice_number(a, i - 1, APIPIE_CHOICE_SCORE));
        }
        pie_choice_drop(a);
        pie_choice_drop(b);
        pie_catalog_drop(sorted);
        pie_catalog_drop(c);
    }
}

static apipie_status rules_all(struct apipie_catalog *c, struct pie_owns owns)
{
    struct apipie_choice *choice = NULL;
    struct apipie_comparison *comparison = NULL;
    struct apipie_advice *advice = NULL;
    apipie_status status = pie_choose(c, owns, &pie_need_any, &choice);
    if (status == APIPIE_OK)
        status = pie_compare(c, APIPIE_MODEL_NAME, &comparison);
    if (status == APIPIE_OK)
        status = pie_recommend(c, owns, &advice);
    pie_choice_drop(choice);
    pie_comparison_drop(comparison);
    pie_advice_drop(advice);
    return status;
}

static void without_memory_nothing_is_lost(void **state)
{
    const struct pie_own own = {"prodia", "dreamshaper_8", 3, 3, 3, 50, 60, 3, USD(0.03)};
    struct scarce scarce = {0};
    const struct pie_mem mem = SCARCE_MEM(&scarce);
    struct apipie_catalog *c = NULL;
    int needed = 0;
    (void)state;
    assert_int_equal(pie_catalog_built_in(&mem, &c), APIPIE_OK);
    int64_t held = scarce.alive;
    scarce_give(&scarce, 0);
    while (rules_all(c, (struct pie_owns){&own, 1}) != APIPIE_OK) {
        assert_int_equal(scarce.alive, held);
        assert_true(needed < 100);
        scarce_give(&scarce, ++needed);
    }
    assert_int_equal(scarce.alive, held);
    assert_true(needed > 10);
    scarce_give(&scarce, 0);
    assert_null(pie_need_new(&mem));
    scarce_give(&scarce, 1);
    struct apipie_need *need = pie_need_new(&mem);
    assert_int_equal(pie_need_set_text(need, APIPIE_MODEL_NAME, "x"), APIPIE_E_MEMORY);
    pie_need_free(need);
    pie_catalog_drop(c);
    assert_int_equal(scarce.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_higher_figure_never_ranks_better),
        cmocka_unit_test(one_more_success_never_ranks_worse),
        cmocka_unit_test(ranks_follow_from_scores),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
