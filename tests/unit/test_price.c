/* SPDX-License-Identifier: MIT */
/* Assumed prices: the closest one counts, and each may be taken back. */
#include "../support/scarce.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct apipie_client price_client(void)
{
    struct apipie_client c;
    memset(&c, 0, sizeof(c));
    c.mem = pie_mem_libc;
    return c;
}

static void the_closest_counts(void **state)
{
    struct apipie_client c = price_client();
    (void)state;
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), APIPIE_UNKNOWN);
    assert_int_equal(pie_price_set(&c, NULL, NULL, 1), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 1);
    assert_int_equal(pie_price_find(&c, NULL, NULL), 1);
    assert_int_equal(pie_price_set(&c, "prodia", NULL, 2), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 2);
    assert_int_equal(pie_price_set(&c, NULL, "sd", 3), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 3);
    assert_int_equal(pie_price_set(&c, "prodia", "sd", 4), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 4);
    /* other calls meet only what is for them */
    assert_int_equal(pie_price_find(&c, "prodia", "xl"), 2);
    assert_int_equal(pie_price_find(&c, "prodia", NULL), 2);
    assert_int_equal(pie_price_find(&c, "bedrock", "sd"), 3);
    assert_int_equal(pie_price_find(&c, NULL, "sd"), 3);
    assert_int_equal(pie_price_find(&c, "bedrock", "xl"), 1);
    assert_int_equal(pie_price_find(&c, NULL, NULL), 1);
    pie_price_free_all(&c);
    assert_null(c.prices);
}

static void the_order_of_setting_does_not_count(void **state)
{
    struct apipie_client c = price_client();
    (void)state;
    assert_int_equal(pie_price_set(&c, "prodia", "sd", 4), APIPIE_OK);
    assert_int_equal(pie_price_set(&c, NULL, "sd", 3), APIPIE_OK);
    assert_int_equal(pie_price_set(&c, "prodia", NULL, 2), APIPIE_OK);
    assert_int_equal(pie_price_set(&c, NULL, NULL, 1), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 4);
    assert_int_equal(pie_price_find(&c, "bedrock", "sd"), 3);
    assert_int_equal(pie_price_find(&c, "prodia", "xl"), 2);
    pie_price_free_all(&c);
}

static void a_price_is_replaced_and_taken_back(void **state)
{
    struct apipie_client c = price_client();
    (void)state;
    assert_int_equal(pie_price_set(&c, "prodia", NULL, 2), APIPIE_OK);
    assert_int_equal(pie_price_set(&c, NULL, NULL, 0), APIPIE_OK);
    assert_int_equal(pie_price_set(&c, "prodia", NULL, 7), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 7);
    /* what was never set can be taken back too */
    assert_int_equal(pie_price_set(&c, "prodia", "sd", APIPIE_UNKNOWN), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 7);
    assert_int_equal(pie_price_set(&c, "prodia", NULL, APIPIE_UNKNOWN), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 0); /* free is a price */
    assert_int_equal(pie_price_set(&c, NULL, NULL, APIPIE_UNKNOWN), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), APIPIE_UNKNOWN);
    assert_null(c.prices);
}

/* ---- without memory */

static void without_memory_nothing_changes(void **state)
{
    struct apipie_client c = price_client();
    struct scarce scarce = {0};
    (void)state;
    c.mem = (struct pie_mem)SCARCE_MEM(&scarce);
    assert_int_equal(pie_price_set(&c, NULL, NULL, 1), APIPIE_OK);
    for (int32_t room = 0; room < 3; room++) {
        scarce_give(&scarce, room);
        assert_int_equal(pie_price_set(&c, "prodia", "sd", 4), APIPIE_E_MEMORY);
        assert_int_equal(pie_price_find(&c, "prodia", "sd"), 1);
    }
    scarce_give(&scarce, 3);
    assert_int_equal(pie_price_set(&c, "prodia", "sd", 4), APIPIE_OK);
    scarce_give(&scarce, 0); /* a change of a price needs none */
    assert_int_equal(pie_price_set(&c, "prodia", "sd", 5), APIPIE_OK);
    assert_int_equal(pie_price_find(&c, "prodia", "sd"), 5);
    pie_price_free_all(&c);
    assert_int_equal(scarce.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_counts),
        cmocka_unit_test(the_order_of_setting_does_not_count),
        cmocka_unit_test(a_price_is_replaced_and_taken_back),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("price", tests, NULL, NULL);
}
