/* SPDX-License-Identifier: MIT */
/* The table of all routes: providers and groups, what is news, gates, too many names, no memory. Knows lib/meter alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/scarce.h"
#include "meter/meter.h"

#define T0 INT64_C(1700000040000)

static struct scarce scarce;
static const struct pie_mem mem = SCARCE_MEM(&scarce);

static int set_up(void **state)
{
    scarce_give_all(&scarce);
    *state = pie_health_table_new(&mem);
    return *state == NULL;
}

static int tear_down(void **state)
{
    *state = pie_health_table_free(*state);
    return scarce.alive != 0;
}

static void call(struct pie_health_table *t, struct pie_health_place *p, int64_t at,
                 const char *calls)
{
    for (; *calls != '\0'; calls++, at += 1000)
        pie_health_table_call(t, p, at, *calls == '+', *calls == '+' ? 4000 : APIPIE_UNKNOWN);
}

static struct pie_health_place *route(struct pie_health_table *t, const char *provider,
                                      const char *model)
{
    return pie_health_table_route(t, "apipie", provider, model, T0);
}

/* "scope provider/model state>state" of all news. */
static const char *all_news(struct pie_health_table *t, int64_t at)
{
    static char text[1024];
    struct pie_health_news n;
    size_t used = 0;
    text[0] = '\0';
    while (pie_health_table_news(t, at, &n))
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%d %s/%s %d>%d;", n.scope,
                                 n.text[1], n.text[2], n.before, n.after);
    return text;
}

static void news_are_told_once(void **state)
{
    struct pie_health_table *t = *state;
    struct pie_health_place *a = route(t, "p", "a");
    call(t, a, T0, "+");
    assert_string_equal(all_news(t, T0), ""); /* nobody wanted any */
    pie_health_table_tell(t, 1, T0);
    call(t, a, T0, "++");
    assert_string_equal(all_news(t, T0), "");
    call(t, a, T0 + 1000, "---");
    assert_string_equal(all_news(t, T0 + 4000), "0 p/a 1>3;1 p/ 1>3;");
    assert_string_equal(all_news(t, T0 + 4000), "");
    /* There and back before anybody listened is nothing; the rest comes in one piece. */
    struct pie_health_place *b = route(t, "q", NULL);
    call(t, b, T0, "---++++++++");
    call(t, b, T0 + 11000, "---");
    call(t, a, T0 + 4000, "+++");
    assert_string_equal(all_news(t, T0 + 14000), "0 q/ 0>3;1 q/ 0>3;0 p/a 3>2;1 p/ 3>2;");
    call(t, b, T0 + 14000, "+++---");
    assert_string_equal(all_news(t, T0 + 20000), "");
    pie_health_table_tell(t, 0, T0);
    call(t, b, T0 + 20000, "+++");
    assert_string_equal(all_news(t, T0 + 24000), "");
}

static void a_provider_rests_with_its_last_route(void **state)
{
    struct pie_health_table *t = *state;
    struct pie_health_place *a = route(t, "p", "a");
    struct pie_health_place *b = route(t, "p", "b");
    struct pie_health_gate gate = {1, 5000, INT64_MIN}; /* the steady clock says 1000 */
    assert_ptr_equal(route(t, "p", "a"), a);
    call(t, a, T0, "+-");
    call(t, b, T0, "+");
    assert_int_equal(pie_health_table_gate(t, a, &gate, 1000, T0 + 2000), PIE_HEALTH_MOVED);
    assert_int_equal(pie_health_table_gate(t, a, &gate, 1000, T0 + 2000), 0);
    assert_int_equal(pie_health_table_state(t, NULL, "p", "a", T0 + 2000), APIPIE_HEALTH_DOWN);
    assert_int_equal(pie_health_table_state(t, NULL, "p", NULL, T0 + 2000), APIPIE_HEALTH_HEALTHY);
    assert_int_equal(pie_health_table_open(t, "p", "a", 1000), 5000);
    assert_true(pie_health_table_open(t, "p", NULL, 1000) <= 1000);
    gate.until_ms = 9000;
    pie_health_table_gate(t, b, &gate, 1000, T0 + 2000);
    assert_int_equal(pie_health_table_state(t, NULL, "p", NULL, T0 + 2000), APIPIE_HEALTH_DOWN);
    assert_int_equal(pie_health_table_open(t, NULL, NULL, 1000), 5000);
    struct apipie_health *s = pie_health_take(t, &mem, T0 + 2000);
    assert_int_equal(s->count, 3);
    assert_int_equal(s->rows[0].scope, APIPIE_HEALTH_PROVIDER);
    assert_string_equal(s->rows[0].view.reason, "rests after failures for another 4.0 s");
    assert_string_equal(s->rows[2].view.reason, "rests after failures for another 8.0 s");
    pie_health_free(s);
    /* A probe is out: nobody knows when; it was good. */
    gate.until_ms = INT64_MAX;
    assert_int_equal(pie_health_table_gate(t, a, &gate, 6000, T0 + 7000), PIE_HEALTH_MOVED);
    assert_int_equal(pie_health_table_open(t, "p", "a", 6000), INT64_MAX);
    gate.rests = 0;
    pie_health_table_gate(t, a, &gate, 6000, T0 + 7000);
    assert_true(pie_health_table_open(t, "p", "a", 6000) <= 6000);
    call(t, a, T0 + 7000, "+++");
    assert_int_not_equal(pie_health_table_state(t, NULL, "p", NULL, T0 + 9000), APIPIE_HEALTH_DOWN);
    /* Paused. */
    gate.paused_ms = 8000;
    assert_int_equal(pie_health_table_gate(t, a, &gate, 7000, T0 + 8000), PIE_HEALTH_MOVED);
    assert_int_equal(pie_health_table_open(t, "p", "a", 7000), 8000);
    assert_int_equal(pie_health_table_open(t, "elsewhere", NULL, 7000), 7000);
}

/* Whoever rests may never be asked again. */
static void a_new_route_wakes_its_provider(void **state)
{
    struct pie_health_table *t = *state;
    struct pie_health_gate gate = {1, 8000, INT64_MIN};
    struct pie_health_place *a = route(t, "p", "a");
    call(t, a, T0, "---");
    pie_health_table_gate(t, a, &gate, 0, T0);
    assert_int_equal(pie_health_table_state(t, NULL, "p", NULL, T0), APIPIE_HEALTH_DOWN);
    struct pie_health_place *b = route(t, "p", "b");
    call(t, b, T0 + 3000, "+++++++++++++++++++++++");
    gate.rests = 0;
    pie_health_table_gate(t, b, &gate, 0, T0 + 30000);
    assert_int_equal(pie_health_table_state(t, NULL, "p", "a", T0 + 30000), APIPIE_HEALTH_DOWN);
    assert_int_equal(pie_health_table_state(t, NULL, "p", "b", T0 + 30000), APIPIE_HEALTH_HEALTHY);
    assert_int_equal(pie_health_table_state(t, NULL, "p", NULL, T0 + 30000), APIPIE_HEALTH_HEALTHY);
}

static const char *by_kind(const char *provider, const char *model)
{
    (void)provider;
    return strstr(model, "xl") != NULL ? "SDXL" : model[0] != '\0' ? "base" : NULL;
}

static void models_of_a_kind(void **state)
{
    struct pie_health_table *t = *state;
    pie_health_table_groups(t, by_kind);
    call(t, route(t, "p", "one-xl"), T0, "+-");
    call(t, route(t, "q", "two-xl"), T0 + 2000, "--");
    call(t, route(t, "q", "plain"), T0, "+");
    call(t, route(t, "q", NULL), T0, "+");
    struct apipie_health *s = pie_health_take(t, &mem, T0 + 4000);
    assert_int_equal(s->count, 8);
    assert_string_equal(s->rows[0].text[APIPIE_HEALTH_MODEL], "SDXL");
    assert_int_equal(s->rows[0].scope, APIPIE_HEALTH_GROUP);
    assert_string_equal(s->rows[0].view.reason, "the last 3 failed");
    assert_int_equal(s->rows[0].view.state, APIPIE_HEALTH_DOWN);
    assert_string_equal(s->rows[1].text[APIPIE_HEALTH_MODEL], "base");
    assert_int_equal(s->rows[1].view.window.calls, 1);
    pie_health_free(s);
}

static void too_many_names(void **state)
{
    struct pie_health_table *t = *state;
    char name[16];
    size_t places = 0;
    for (int32_t i = 0; i < 2 * PIE_HEALTH_PLACES; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        places += route(t, "p", name) != NULL;
    }
    assert_int_equal(places, PIE_HEALTH_PLACES - 1);
    assert_int_equal(pie_health_table_call(t, NULL, T0, 1, 1), 0);
}

static void without_memory(void **state)
{
    struct pie_health_table *t = *state;
    scarce_give(&scarce, 0);
    assert_null(pie_health_table_new(&mem));
    assert_null(route(t, "p", "a"));
    assert_null(pie_health_take(t, &mem, T0));
    scarce_give(&scarce, 1);
    struct pie_health_place *a = route(t, "p", "a"); /* without its provider */
    assert_non_null(a);
    scarce_give(&scarce, 1);
    assert_null(pie_health_table_new(&mem));
    scarce_give(&scarce, 1);
    assert_null(pie_health_take(t, &mem, T0));
    call(t, a, T0, "---");
    struct pie_health_gate gate = {1, 5000, INT64_MIN};
    pie_health_table_gate(t, a, &gate, 1000, T0);
    assert_int_equal(pie_health_table_state(t, NULL, "p", "a", T0), APIPIE_HEALTH_DOWN);
    assert_int_equal(pie_health_table_state(t, NULL, "p", NULL, T0), APIPIE_HEALTH_UNKNOWN);
}

/* Route, provider and group, with the lock; and a snapshot of 1,000 routes. */
static void a_record_is_cheap(void **state)
{
    struct pie_health_table *t = *state;
    char name[16];
    enum { TIMES = 200000, ROUTES = 1000 };
    pie_health_table_groups(t, by_kind);
    struct pie_health_place *a = route(t, "p", "a");
    int64_t from = pie_clock_us();
    for (int64_t i = 0; i < TIMES; i++)
        pie_health_table_call(t, a, T0 + i * 100, i % 50 != 0, 3900 + i % 200);
    double us = (double)(pie_clock_us() - from) / TIMES;
    for (int32_t i = 1; i < ROUTES; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        call(t, route(t, "p", name), T0, "+-+");
    }
    from = pie_clock_us();
    pie_health_free(pie_health_take(t, &mem, T0 + 4000));
    double snapshot_us = (double)(pie_clock_us() - from);
    print_message("one record: %.3f us, a snapshot of %d routes: %.0f us\n", us, ROUTES,
                  snapshot_us);
    assert_true(us < 50); /* a busy machine, a sanitizer: only a quadratic mistake fails */
}

#define TABLE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(news_are_told_once),
        TABLE_TEST(a_provider_rests_with_its_last_route),
        TABLE_TEST(models_of_a_kind),
        TABLE_TEST(too_many_names),
        TABLE_TEST(without_memory),
        TABLE_TEST(a_record_is_cheap),
        TABLE_TEST(a_new_route_wakes_its_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
