/* SPDX-License-Identifier: MIT */
/* What lists of models do to health: when their word counts, who refutes it, minutes, names, providers and groups. Knows lib/meter
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "meter/meter.h"

#define MINUTE INT64_C(60000)
#define T0     INT64_C(1700000040000)

static struct pie_health_view look(const struct pie_health *h, int64_t at)
{
    struct pie_health_view v;
    pie_health_look(h, at, &v);
    return v;
}

static void assert_state(const struct pie_health *h, int64_t at, int32_t state, const char *reason)
{
    struct pie_health_view v = look(h, at);
    assert_string_equal(v.reason, reason);
    assert_int_equal(v.state, state);
}

static const char off[] = "the gateway lists it as not available";

/* ---- one route */

static void bad_news_counts_good_news_proves_nothing(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    pie_health_listed(&h, T0, T0, 1);
    assert_state(&h, T0, APIPIE_HEALTH_UNKNOWN, "no call yet; the gateway lists it as available");
    assert_int_equal(look(&h, T0).listed, 1);
    pie_health_listed(&h, T0 + MINUTE, T0 + MINUTE, 0);
    assert_state(&h, T0 + MINUTE, APIPIE_HEALTH_DOWN, off);
    assert_int_equal(look(&h, T0 + MINUTE).since_ms, T0 + MINUTE);
    assert_int_equal(look(&h, T0 + MINUTE).listed, 0);
    /* No word of it any more. */
    pie_health_listed(&h, T0 + 2 * MINUTE, T0 + 2 * MINUTE, APIPIE_UNKNOWN);
    assert_state(&h, T0 + 2 * MINUTE, APIPIE_HEALTH_UNKNOWN, "no call yet");
    assert_int_equal(look(&h, T0 + 2 * MINUTE).since_ms, T0 + 2 * MINUTE);
    /* Listed as available, it still fails. */
    pie_health_listed(&h, T0 + 3 * MINUTE, T0 + 3 * MINUTE, 1);
    for (int32_t i = 0; i < 3; i++)
        pie_health_call(&h, T0 + 3 * MINUTE, 0, APIPIE_UNKNOWN);
    assert_state(&h, T0 + 3 * MINUTE, APIPIE_HEALTH_DOWN, "the last 3 failed");
}

static void a_good_call_refutes_it(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    pie_health_call(&h, T0, 1, 4000);
    pie_health_listed(&h, T0 + MINUTE, T0 + MINUTE, 0);
    assert_state(&h, T0 + MINUTE, APIPIE_HEALTH_DOWN, off);
    pie_health_call(&h, T0 + 2 * MINUTE, 0, APIPIE_UNKNOWN);
    assert_state(&h, T0 + 2 * MINUTE, APIPIE_HEALTH_DOWN, off);
    pie_health_call(&h, T0 + 3 * MINUTE, 1, 4000);
    assert_state(&h, T0 + 3 * MINUTE, APIPIE_HEALTH_HEALTHY, "1 of the last 3 failed");
    /* The same once more is no news: it is wrong. */
    pie_health_listed(&h, T0 + 4 * MINUTE, T0 + 4 * MINUTE, 0);
    assert_int_equal(look(&h, T0 + 4 * MINUTE).state, APIPIE_HEALTH_HEALTHY);
    /* It was on meanwhile: now it is news. */
    pie_health_listed(&h, T0 + 5 * MINUTE, T0 + 5 * MINUTE, 1);
    pie_health_listed(&h, T0 + 6 * MINUTE, T0 + 6 * MINUTE, 0);
    assert_state(&h, T0 + 6 * MINUTE, APIPIE_HEALTH_DOWN, off);
    /* A list that is older than a good call says nothing. */
    pie_health_init(&h, T0);
    pie_health_call(&h, T0 + MINUTE, 1, 4000);
    pie_health_listed(&h, T0 + 2 * MINUTE, T0, 0);
    assert_int_equal(look(&h, T0 + 2 * MINUTE).state, APIPIE_HEALTH_HEALTHY);
    /* ... nor does one that is older than another list. */
    pie_health_listed(&h, T0 + 4 * MINUTE, T0 + 3 * MINUTE, 1);
    pie_health_listed(&h, T0 + 4 * MINUTE, T0 + 2 * MINUTE, 0);
    assert_int_equal(look(&h, T0 + 4 * MINUTE).listed, 1);
}

static void its_word_grows_old(void **state)
{
    (void)state;
    struct pie_health h;
    int64_t end = T0 + PIE_WINDOW_MS;
    pie_health_init(&h, T0);
    pie_health_listed(&h, T0, T0, 0);
    assert_state(&h, end - 1, APIPIE_HEALTH_DOWN, off);
    assert_state(&h, end, APIPIE_HEALTH_UNKNOWN, "no call yet");
    assert_int_equal(look(&h, end + MINUTE).since_ms, end);
    assert_int_equal(look(&h, end).listed, APIPIE_UNKNOWN);
    /* Confirmed in time it goes on, refuted or not. */
    pie_health_listed(&h, T0 + 10 * MINUTE, T0 + 10 * MINUTE, 0);
    assert_state(&h, end, APIPIE_HEALTH_DOWN, off);
    assert_int_equal(look(&h, end).since_ms, T0);
    pie_health_call(&h, T0 + 11 * MINUTE, 1, 4000);
    pie_health_listed(&h, T0 + 24 * MINUTE, T0 + 24 * MINUTE, 0);
    assert_int_equal(look(&h, T0 + 24 * MINUTE).state, APIPIE_HEALTH_HEALTHY);
    /* After a silence it is news again. */
    pie_health_listed(&h, T0 + 60 * MINUTE, T0 + 60 * MINUTE, 0);
    assert_int_equal(look(&h, T0 + 60 * MINUTE).state, APIPIE_HEALTH_DOWN);
}

static void minutes_that_it_was_off(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    pie_health_listed(&h, T0, T0, 0);
    assert_int_equal(pie_health_uptime(&h, T0 + 3 * MINUTE, 60), 0);
    pie_health_call(&h, T0 + 4 * MINUTE, 1, 4000); /* both in that minute */
    assert_int_equal(pie_health_uptime(&h, T0 + 4 * MINUTE, 60), 100);
    pie_health_call(&h, T0 + 5 * MINUTE, 1, 4000);                     /* refuted: no more of it */
    assert_int_equal(pie_health_uptime(&h, T0 + 9 * MINUTE, 60), 250); /* 1.5 of 6 */
    /* Nobody looked for hours: fifteen minutes were said, no more. */
    pie_health_init(&h, T0);
    pie_health_listed(&h, T0, T0, 0);
    pie_health_call(&h, T0 + 120 * MINUTE, 1, 4000);
    assert_int_equal(pie_health_uptime(&h, T0 + 120 * MINUTE, PIE_UPTIME_DAY), 62); /* 1 of 16 */
    /* From list to list. */
    pie_health_init(&h, T0);
    pie_health_listed(&h, T0, T0, 0);
    pie_health_listed(&h, T0 + 10 * MINUTE, T0 + 10 * MINUTE, 1);
    pie_health_call(&h, T0 + 11 * MINUTE, 1, 4000);
    assert_int_equal(pie_health_uptime(&h, T0 + 30 * MINUTE, 60), 83); /* 1 of 12 */
}

/* What one refuted, another one that heard a later list does not bring back; and the other way round. */
static void two_that_heard_lists(void **state)
{
    (void)state;
    struct pie_health a;
    struct pie_health b;
    pie_health_init(&a, T0);
    pie_health_init(&b, T0);
    pie_health_listed(&a, T0, T0, 0);
    pie_health_call(&a, T0 + MINUTE, 1, 4000);
    pie_health_listed(&b, T0 + 2 * MINUTE, T0 + 2 * MINUTE, 0);
    pie_health_merge(&a, &b, T0 + 3 * MINUTE);
    assert_int_equal(look(&a, T0 + 3 * MINUTE).state, APIPIE_HEALTH_HEALTHY);
    assert_int_equal(look(&a, T0 + 16 * MINUTE).listed, 0); /* it is the later one's */
    pie_health_listed(&b, T0 + 4 * MINUTE, T0 + 4 * MINUTE, 1);
    pie_health_listed(&b, T0 + 5 * MINUTE, T0 + 5 * MINUTE, 0); /* news */
    assert_state(&b, T0 + 5 * MINUTE, APIPIE_HEALTH_DOWN, off);
    pie_health_init(&b, T0);
    pie_health_listed(&b, T0, T0, 0);
    pie_health_merge(&b, &a, T0 + 5 * MINUTE);
    assert_int_equal(look(&b, T0 + 5 * MINUTE).state, APIPIE_HEALTH_HEALTHY);
}

static void a_rest_says_more(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    pie_health_rest(&h, T0, 1, T0 + 10000);
    pie_health_listed(&h, T0, T0, 0);
    assert_state(&h, T0, APIPIE_HEALTH_DOWN, "rests after failures for another 10.0 s");
    pie_health_rest(&h, T0 + 11000, 0, T0 + 11000);
    assert_state(&h, T0 + 11000, APIPIE_HEALTH_DOWN, off);
}

static void the_clock_was_set_back(void **state)
{
    (void)state;
    struct pie_health h;
    pie_health_init(&h, T0);
    pie_health_listed(&h, T0 + 600 * MINUTE, T0 + 600 * MINUTE, 0);
    pie_health_listed(&h, T0, T0, 1);
    assert_int_equal(look(&h, T0).state, APIPIE_HEALTH_UNKNOWN);
    pie_health_listed(&h, T0 + MINUTE, T0 + MINUTE, 0);
    assert_state(&h, T0 + MINUTE, APIPIE_HEALTH_DOWN, off);
    /* A list of the future is one of now. */
    pie_health_listed(&h, T0 + 2 * MINUTE, T0 + 9000 * MINUTE, 0);
    assert_state(&h, T0 + 18 * MINUTE, APIPIE_HEALTH_UNKNOWN, "no call yet");
}

/* ---- names */

static const struct pie_health_fact facts[] = {
    {"prodia", "sdxl", "SDXL", 1},       {"prodia", "anime", "specialised", 0},
    {"together", "sdxl", "SDXL", 0},     {"together", "x/y", "SDXL", 0},
    {"Nowhere", "only", NULL, 0},        {"silent", "quiet", NULL, APIPIE_UNKNOWN},
    {"silent", "off", "specialised", 0}, {"prodia", "twice", NULL, 0},
    {"prodia", "twice", NULL, 1},
};

static const struct {
    const char *provider, *model;
    int32_t usable;
} names[] = {
    {"prodia", "sdxl", 1},
    {"prodia", "anime", 0},
    {"PRODIA", "anime", 0},
    {"prodia", "Anime", -1},
    {"together", "sdxl", 0},
    {"", "sdxl", 1}, /* one is enough */
    {"", "anime", 0},
    {"prodia", "", 1},
    {"together", "", 0},
    {"nowhere", "", 0},
    {"silent", "", -1},
    {"nobody", "", -1},
    {"", "", 1},
    {"prodia", "prodia/anime", 0},
    {"", "prodia/anime", 0},
    {"", "together/sdxl", 0},
    {"prodia", "together/sdxl", -1},
    {"together", "x/y", 0},
    {"", "x/y", 0},
    {"", "together/x/y", 0},
    {"prodia", "twice", 1},
    {"prodia", "/", -1},
    {"prodia", "prodia/", -1},
    {"", "/anime", -1},
};

static void names_of_a_route(void **state)
{
    (void)state;
    struct pie_health_list l;
    int32_t wrong = 0;
    assert_int_equal(pie_health_list_init(&l, &pie_mem_libc, facts, PIE_COUNT(facts)), APIPIE_OK);
    for (size_t i = 0; i < PIE_COUNT(names); i++) {
        int32_t usable = pie_health_list_usable(&l, names[i].provider, names[i].model);
        if (usable == names[i].usable)
            continue;
        print_error("%s %s: %d\n", names[i].provider, names[i].model, usable);
        wrong++;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(pie_health_list_group(&l, "SDXL"), 1);
    assert_int_equal(pie_health_list_group(&l, "specialised"), 0);
    assert_int_equal(pie_health_list_group(&l, "base"), APIPIE_UNKNOWN);
    pie_health_list_free(&l);
    assert_int_equal(pie_health_list_init(&l, &pie_mem_libc, NULL, 0), APIPIE_OK);
    assert_int_equal(pie_health_list_usable(&l, "", ""), APIPIE_UNKNOWN);
    pie_health_list_free(&l);
}

/* ---- the table */

static const char *group_of(const char *provider, const char *model)
{
    (void)provider;
    return strcmp(model, "anime") == 0 || strcmp(model, "off") == 0 ? "specialised" : NULL;
}

static int32_t state_of(struct pie_health_table *t, const char *provider, const char *model)
{
    return pie_health_table_state(t, NULL, provider, model, T0);
}

static int32_t hear(struct pie_health_table *t, const struct pie_health_fact *f, size_t n)
{
    int32_t what = 0;
    const struct pie_health_said said = {"apipie", f, n, T0};
    assert_int_equal(pie_health_table_listed(t, &said, NULL, T0, &what), APIPIE_OK);
    return what;
}

static void a_list_for_all(void **state)
{
    (void)state;
    struct pie_health_table *t = pie_health_table_new(&pie_mem_libc);
    struct pie_health_news n;
    pie_health_table_groups(t, group_of);
    pie_health_table_tell(t, 1, T0);
    struct pie_health_place *sdxl = pie_health_table_route(t, "apipie", "prodia", "sdxl", T0);
    pie_health_table_route(t, "other", "prodia", "anime", T0);
    assert_int_equal(hear(t, facts, PIE_COUNT(facts)), PIE_HEALTH_NEWS);
    assert_int_equal(state_of(t, "prodia", "sdxl"), APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(state_of(t, "prodia", "anime"), APIPIE_HEALTH_DOWN);
    assert_int_equal(pie_health_table_state(t, "other", "prodia", "anime", T0),
                     APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(state_of(t, "prodia", NULL), APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(state_of(t, "together", NULL), APIPIE_HEALTH_DOWN);
    assert_int_equal(state_of(t, "Nowhere", NULL), APIPIE_HEALTH_DOWN);
    assert_int_equal(state_of(t, "silent", NULL), APIPIE_HEALTH_UNKNOWN);
    /* Without a name only those count that were called. */
    assert_int_equal(state_of(t, NULL, NULL), APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(state_of(t, NULL, "anime"), APIPIE_HEALTH_UNKNOWN);
    int32_t told = 0;
    int32_t group = 0;
    while (pie_health_table_news(t, T0, &n)) {
        assert_int_equal(n.before, APIPIE_HEALTH_UNKNOWN);
        assert_int_equal(n.after, APIPIE_HEALTH_DOWN);
        group += n.scope == APIPIE_HEALTH_GROUP &&
                 strcmp(n.reason, "the gateway lists none of its models as available") == 0;
        told++;
    }
    assert_int_equal(told, 5 + 2 + 1); /* routes; together, Nowhere; specialised */
    assert_int_equal(group, 1);
    /* Who was only heard of neither rests nor opens a way. */
    struct pie_health_gate gate = {1, 5000, INT64_MIN};
    pie_health_table_gate(t, sdxl, &gate, 1000, T0);
    assert_int_equal(pie_health_table_open(t, "prodia", "sdxl", 1000), 5000);
    assert_int_equal(pie_health_table_open(t, "prodia", "anime", 1000),
                     0); /* of the other backend */
    assert_int_equal(pie_health_table_open(t, "together", NULL, 1000), 1000);
    hear(t, NULL, 0);
    assert_int_equal(state_of(t, "together", NULL), APIPIE_HEALTH_UNKNOWN);
    pie_health_table_free(t);
}

static void a_provider_rests_whatever_is_listed(void **state)
{
    (void)state;
    struct pie_health_table *t = pie_health_table_new(&pie_mem_libc);
    struct pie_health_place *sdxl = pie_health_table_route(t, "apipie", "prodia", "sdxl", T0);
    struct pie_health_gate gate = {1, 5000, INT64_MIN};
    hear(t, facts, PIE_COUNT(facts));
    pie_health_table_gate(t, sdxl, &gate, 1000, T0);
    assert_int_equal(state_of(t, "prodia", NULL), APIPIE_HEALTH_DOWN);
    /* Called for the first time, it counts. */
    struct pie_health_place *anime = pie_health_table_route(t, "apipie", "prodia", "anime", T0);
    pie_health_table_call(t, anime, T0, 1, 4000);
    gate.rests = 0;
    pie_health_table_gate(t, anime, &gate, 1000, T0);
    assert_int_equal(state_of(t, "prodia", "anime"), APIPIE_HEALTH_HEALTHY);
    assert_int_equal(state_of(t, "prodia", NULL), APIPIE_HEALTH_DOWN); /* until it proved it */
    pie_health_table_call(t, anime, T0, 1, 4000);
    pie_health_table_call(t, anime, T0, 1, 4000);
    assert_int_equal(state_of(t, "prodia", NULL), APIPIE_HEALTH_HEALTHY);
    pie_health_table_free(t);
}

/* Thousands that are off do not take the place of those that are called, nor much time. */
static void a_long_list(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    static char text[MANY][16];
    static struct pie_health_fact many[MANY];
    struct pie_health_table *t = pie_health_table_new(&pie_mem_libc);
    for (int32_t i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof(text[i]), "m%d", i);
        many[i] = (struct pie_health_fact){i % 2 ? "p" : "q", text[i], NULL, 0};
    }
    int64_t from = pie_clock_us();
    hear(t, many, MANY);
    int64_t first = pie_clock_us() - from;
    hear(t, many, MANY);
    print_message("a list of %d models: %.1f ms, again: %.1f ms\n", MANY, (double)first / 1000,
                  (double)(pie_clock_us() - from - first) / 1000);
    struct apipie_health *s = pie_health_take(t, &pie_mem_libc, T0);
    assert_int_equal(s->count, PIE_HEALTH_LISTED + 2);
    pie_health_free(s);
    assert_non_null(pie_health_table_route(t, "apipie", "p", "own", T0));
    pie_health_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_news_counts_good_news_proves_nothing),
        cmocka_unit_test(a_good_call_refutes_it),
        cmocka_unit_test(its_word_grows_old),
        cmocka_unit_test(minutes_that_it_was_off),
        cmocka_unit_test(two_that_heard_lists),
        cmocka_unit_test(a_rest_says_more),
        cmocka_unit_test(the_clock_was_set_back),
        cmocka_unit_test(names_of_a_route),
        cmocka_unit_test(a_list_for_all),
        cmocka_unit_test(a_provider_rests_whatever_is_listed),
        cmocka_unit_test(a_long_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
