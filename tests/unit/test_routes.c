/* SPDX-License-Identifier: MIT */
/* Lists of routes, what a wish copies, and what a fresh record says before anybody knows. */
#include "../support/scarce.h"
#include "data/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void routes_assert(const struct pie_routes *r, size_t i, const char *provider,
                          const char *model)
{
    assert_true(i < r->count);
    if (provider == NULL)
        assert_null(r->items[i].provider);
    else
        assert_string_equal(r->items[i].provider, provider);
    if (model == NULL)
        assert_null(r->items[i].model);
    else
        assert_string_equal(r->items[i].model, model);
}

static void routes_keep_their_order(void **state)
{
    struct pie_routes r;
    struct pie_routes more;
    char name[] = "prodia";
    (void)state;
    pie_routes_init(&r, &pie_mem_libc);
    pie_routes_init(&more, &pie_mem_libc);
    assert_int_equal(pie_routes_add(&r, "local", name, "sd"), APIPIE_OK);
    name[0] = 'x'; /* a copy was taken */
    assert_int_equal(pie_routes_add(&r, NULL, NULL, "xl"), APIPIE_OK);
    assert_int_equal(pie_routes_add(&r, NULL, "bedrock", NULL), APIPIE_OK);
    assert_int_equal(pie_routes_add(&more, NULL, NULL, NULL), APIPIE_OK);
    assert_int_equal(pie_routes_add_all(&more, &r), APIPIE_OK);
    assert_int_equal(r.count, 3);
    assert_int_equal(more.count, 4);
    pie_routes_clear(&r);
    assert_int_equal(r.count, 0);
    routes_assert(&more, 0, NULL, NULL);
    routes_assert(&more, 1, "prodia", "sd");
    routes_assert(&more, 2, NULL, "xl");
    routes_assert(&more, 3, "bedrock", NULL);
    assert_int_equal(pie_routes_add_all(&more, &r), APIPIE_OK); /* none */
    assert_int_equal(more.count, 4);
    assert_int_equal(pie_routes_add(&r, NULL, "again", NULL), APIPIE_OK);
    pie_routes_clear(&r);
    pie_routes_clear(&more);
}

static void there_is_a_limit(void **state)
{
    struct pie_routes r;
    struct pie_routes two;
    (void)state;
    pie_routes_init(&r, &pie_mem_libc);
    pie_routes_init(&two, &pie_mem_libc);
    for (int32_t i = 0; i < APIPIE_LIMIT_ROUTES - 1; i++)
        assert_int_equal(pie_routes_add(&r, NULL, "p", "m"), APIPIE_OK);
    assert_int_equal(pie_routes_add(&two, NULL, "q", NULL), APIPIE_OK);
    assert_int_equal(pie_routes_add(&two, NULL, NULL, "q"), APIPIE_OK);
    assert_int_equal(pie_routes_add_all(&r, &two), APIPIE_E_LIMIT);
    assert_int_equal(r.count, APIPIE_LIMIT_ROUTES - 1);
    assert_int_equal(pie_routes_add(&r, NULL, "last", NULL), APIPIE_OK);
    assert_int_equal(pie_routes_add(&r, NULL, "over", NULL), APIPIE_E_LIMIT);
    assert_int_equal(r.count, APIPIE_LIMIT_ROUTES);
    routes_assert(&r, APIPIE_LIMIT_ROUTES - 1, "last", NULL);
    pie_routes_clear(&r);
    pie_routes_clear(&two);
}

/* ---- without memory */

static void without_memory_nothing_changes(void **state)
{
    struct scarce scarce = {0};
    const struct pie_mem mem = SCARCE_MEM(&scarce);
    struct pie_routes from;
    struct pie_routes to;
    (void)state;
    pie_routes_init(&from, &pie_mem_libc);
    pie_routes_init(&to, &mem);
    assert_int_equal(pie_routes_add(&from, NULL, "a", "b"), APIPIE_OK);
    assert_int_equal(pie_routes_add(&from, NULL, NULL, "d"), APIPIE_OK);
    for (int32_t room = 0; room < 3; room++) {
        scarce_give(&scarce, room);
        assert_int_equal(pie_routes_add(&to, NULL, "x", "y"), APIPIE_E_MEMORY);
        assert_int_equal(to.count, 0);
    }
    scarce_give(&scarce, 3);
    assert_int_equal(pie_routes_add(&to, NULL, "x", "y"), APIPIE_OK);
    for (int32_t room = 0; room < 4; room++) {
        scarce_give(&scarce, room);
        assert_int_equal(pie_routes_add_all(&to, &from), APIPIE_E_MEMORY);
        assert_int_equal(to.count, 1);
        routes_assert(&to, 0, "x", "y");
    }
    scarce_give(&scarce, 4);
    assert_int_equal(pie_routes_add_all(&to, &from), APIPIE_OK);
    routes_assert(&to, 2, NULL, "d");
    pie_routes_clear(&to);
    pie_routes_clear(&from);
    assert_int_equal(scarce.alive, 0);
}

/* ---- records */

static void routes_fill_wish(struct pie_wish *w, const struct pie_mem *mem)
{
    pie_wish_init(w, mem, APIPIE_REQUEST_IMAGE);
    w->budget = 12;
    w->priority = -7;
    w->first_byte_timeout_ms = 3;
    w->stall_timeout_ms = 4;
    assert_int_equal(pie_wish_set_text(w, PIE_WISH_TAG, "player", 6), APIPIE_OK);
    assert_int_equal(pie_routes_add(&w->routes, "local", "prodia", NULL), APIPIE_OK);
    assert_int_equal(pie_routes_add(&w->routes, NULL, NULL, "sd"), APIPIE_OK);
}

static void a_wish_is_copied_with_all(void **state)
{
    struct pie_wish w;
    struct pie_wish copy;
    (void)state;
    pie_wish_init(&w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    assert_int_equal(w.budget, APIPIE_UNKNOWN);
    assert_int_equal(w.priority, 0);
    assert_int_equal(w.first_byte_timeout_ms, 0);
    assert_int_equal(w.routes.count, 0);
    pie_wish_free(&w);
    routes_fill_wish(&w, &pie_mem_libc);
    assert_int_equal(pie_wish_copy(&copy, &w), APIPIE_OK);
    pie_wish_free(&w);
    assert_int_equal(w.routes.count, 0);
    assert_int_equal(copy.budget, 12);
    assert_int_equal(copy.priority, -7);
    assert_int_equal(copy.first_byte_timeout_ms, 3);
    assert_int_equal(copy.stall_timeout_ms, 4);
    assert_string_equal(copy.text[PIE_WISH_TAG], "player");
    assert_int_equal(copy.routes.count, 2);
    routes_assert(&copy.routes, 0, "prodia", NULL);
    routes_assert(&copy.routes, 1, NULL, "sd");
    pie_wish_free(&copy);
}

static void a_wish_without_memory_copies_nothing(void **state)
{
    struct scarce scarce = {0};
    const struct pie_mem mem = SCARCE_MEM(&scarce);
    struct pie_wish w;
    struct pie_wish copy;
    int32_t room = 0;
    (void)state;
    routes_fill_wish(&w, &mem);
    for (;; room++) {
        scarce_give(&scarce, room);
        if (pie_wish_copy(&copy, &w) == APIPIE_OK)
            break;
        assert_null(copy.text[PIE_WISH_TAG]);
        assert_int_equal(copy.routes.count, 0);
    }
    assert_int_equal(room, 5); /* the tag, the list, a backend, two names */
    assert_int_equal(w.routes.count, 2);
    pie_wish_free(&copy);
    pie_wish_free(&w);
    assert_int_equal(scarce.alive, 0);
}

static void fresh_records_know_nothing(void **state)
{
    struct pie_attempt a;
    struct apipie_error e;
    (void)state;
    struct apipie_result *r = pie_result_new(&pie_mem_libc);
    assert_non_null(r);
    assert_int_equal(r->billed, APIPIE_BILLED_UNKNOWN);
    assert_int_equal(r->cached, 0);
    pie_result_free(r);
    memset(&a, 7, sizeof(a));
    pie_attempt_init(&a);
    assert_int_equal(a.route, -1);
    assert_int_equal(a.charge, 0);
    assert_int_equal(a.charge_kind, APIPIE_CHARGE_NONE);
    assert_int_equal(a.time[APIPIE_TIME_TOTAL], APIPIE_UNKNOWN);
    assert_string_equal(a.message, "");
    assert_string_equal(a.hold, "");
    memset(&e, 7, sizeof(e));
    pie_error_init(&e, &pie_mem_libc);
    assert_int_equal(e.should_retry, APIPIE_UNKNOWN);
    assert_int_equal(e.one_image, 0);
    e.should_retry = 1;
    e.one_image = 1;
    pie_error_set(&e, APIPIE_E_SERVER, "", "x", NULL, NULL);
    assert_int_equal(e.should_retry, APIPIE_UNKNOWN);
    assert_int_equal(e.one_image, 0);
    pie_error_free(&e);
}

static void whose_fault_it_is(void **state)
{
    (void)state;
    assert_int_equal(pie_error_fault(APIPIE_E_BUDGET), APIPIE_FAULT_CALLER);
    assert_int_equal(pie_error_fault(APIPIE_E_VETOED), APIPIE_FAULT_CALLER);
    assert_int_equal(pie_error_fault(APIPIE_E_UNAVAILABLE), APIPIE_FAULT_PROVIDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_keep_their_order),
        cmocka_unit_test(there_is_a_limit),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(a_wish_is_copied_with_all),
        cmocka_unit_test(a_wish_without_memory_copies_nothing),
        cmocka_unit_test(fresh_records_know_nothing),
        cmocka_unit_test(whose_fault_it_is),
    };
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
