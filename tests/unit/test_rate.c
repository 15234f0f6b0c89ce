/* SPDX-License-Identifier: MIT */
/* The host's own limits by the minute, on a clock of the test: which of them a call meets, and when it may go. */
#include "../support/scarce.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SECOND INT64_C(1000000)

static struct apipie_client rate_client(void)
{
    struct apipie_client c;
    memset(&c, 0, sizeof(c));
    c.mem = pie_mem_libc;
    return c;
}

/* Microseconds until one call may go. */
static int64_t rate_wait(const struct apipie_client *c, const char *provider, int32_t images,
                         int64_t now_us)
{
    int64_t ready = pie_rate_ready(c, provider, images, now_us);
    return ready > now_us ? ready - now_us : 0;
}

static void without_limits_all_may_go(void **state)
{
    struct apipie_client c = rate_client();
    (void)state;
    for (int32_t i = 0; i < 1000; i++) {
        assert_int_equal(rate_wait(&c, "prodia", 64, 5), 0);
        pie_rate_take(&c, "prodia", 64, 5);
    }
    assert_int_equal(pie_rate_set(&c, "prodia", 0, 0, 0), APIPIE_OK);
    assert_null(c.rates);
}

static void requests_and_images_are_counted(void **state)
{
    struct apipie_client c = rate_client();
    (void)state;
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 0, 0), APIPIE_OK);
    assert_int_equal(rate_wait(&c, "prodia", 64, 0), 0);
    pie_rate_take(&c, "prodia", 64, 0);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 10 * SECOND);
    assert_int_equal(rate_wait(&c, "prodia", 1, 10 * SECOND), 0);
    pie_rate_free_all(&c);
    /* images alone */
    assert_int_equal(pie_rate_set(&c, "prodia", 0, 6, 0), APIPIE_OK);
    pie_rate_take(&c, "prodia", 4, 0);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 40 * SECOND);
    pie_rate_free_all(&c);
    /* both: the later one counts */
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 60, 0), APIPIE_OK);
    pie_rate_take(&c, "prodia", 1, 0);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 10 * SECOND);
    pie_rate_take(&c, "prodia", 60, 0);
    assert_int_equal(rate_wait(&c, "prodia", 6, 0), 61 * SECOND);
    pie_rate_free_all(&c);
}

static void a_limit_is_of_a_provider_or_of_all(void **state)
{
    struct apipie_client c = rate_client();
    (void)state;
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 0, 0), APIPIE_OK);
    assert_int_equal(pie_rate_set(&c, "bedrock", 3, 0, 0), APIPIE_OK);
    pie_rate_take(&c, "prodia", 1, 0);
    pie_rate_take(&c, "bedrock", 1, 0);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 10 * SECOND);
    assert_int_equal(rate_wait(&c, "bedrock", 1, 0), 20 * SECOND);
    assert_int_equal(rate_wait(&c, "together", 1, 0), 0);
    assert_int_equal(rate_wait(&c, NULL, 1, 0), 0); /* the gateway's choice is no provider */
    assert_int_equal(pie_rate_set(&c, NULL, 2, 0, 0), APIPIE_OK);
    assert_int_equal(rate_wait(&c, NULL, 1, 0), 0);
    pie_rate_take(&c, NULL, 1, 0);
    assert_int_equal(rate_wait(&c, NULL, 1, 0), 30 * SECOND);
    assert_int_equal(rate_wait(&c, "together", 1, 0), 30 * SECOND);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 30 * SECOND);
    /* a call to a provider counts for all too */
    pie_rate_take(&c, "prodia", 1, 30 * SECOND);
    assert_int_equal(rate_wait(&c, NULL, 1, 30 * SECOND), 30 * SECOND);
    pie_rate_free_all(&c);
    assert_null(c.rates);
}

static void what_was_not_sent_is_given_back(void **state)
{
    struct apipie_client c = rate_client();
    (void)state;
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 60, 0), APIPIE_OK);
    assert_int_equal(pie_rate_set(&c, NULL, 3, 0, 0), APIPIE_OK);
    pie_rate_take(&c, "prodia", 60, 0);
    assert_true(rate_wait(&c, "prodia", 60, 0) > 0);
    pie_rate_give_back(&c, "prodia", 60, 0);
    assert_int_equal(rate_wait(&c, "prodia", 6, 0), 0);
    assert_int_equal(rate_wait(&c, NULL, 1, 0), 0);
    /* more than was taken does not make it fuller than full */
    pie_rate_give_back(&c, "prodia", 60, 0);
    pie_rate_take(&c, "prodia", 1, 0);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 20 * SECOND);
    pie_rate_free_all(&c);
}

static void a_limit_set_again_gives_no_second_burst(void **state)
{
    struct apipie_client c = rate_client();
    (void)state;
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 6, 0), APIPIE_OK);
    pie_rate_take(&c, "prodia", 1, 0);
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 6, 1), APIPIE_OK);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 10 * SECOND);
    /* another limit counts from now on */
    assert_int_equal(pie_rate_set(&c, "prodia", 0, 30, 0), APIPIE_OK);
    assert_int_equal(rate_wait(&c, "prodia", 3, 0), 0);
    pie_rate_take(&c, "prodia", 3, 0);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 2 * SECOND);
    assert_int_equal(pie_rate_set(&c, "prodia", 0, 0, 0), APIPIE_OK);
    assert_int_equal(rate_wait(&c, "prodia", 1, 0), 0);
    assert_null(c.rates);
}

/* Whatever comes, no minute holds more than the limit and what the bucket held. */
static void an_hour_is_evenly_spread(void **state)
{
    struct apipie_client c = rate_client();
    int64_t now = 0;
    int32_t sent = 0;
    (void)state;
    assert_int_equal(pie_rate_set(&c, NULL, 30, 0, 0), APIPIE_OK);
    while (now < 3600 * SECOND) {
        int64_t wait = rate_wait(&c, "prodia", 1, now);
        assert_true(wait <= 2 * SECOND);
        now += wait;
        pie_rate_take(&c, "prodia", 1, now);
        sent++;
    }
    assert_in_range(sent, 1800, 1804);
    pie_rate_free_all(&c);
}

static void without_memory_nothing_changes(void **state)
{
    struct apipie_client c = rate_client();
    struct scarce scarce = {0};
    (void)state;
    c.mem = (struct pie_mem)SCARCE_MEM(&scarce);
    for (int32_t room = 0; room < 2; room++) {
        scarce_give(&scarce, room);
        assert_int_equal(pie_rate_set(&c, "prodia", 6, 6, 0), APIPIE_E_MEMORY);
        assert_null(c.rates);
    }
    scarce_give(&scarce, 2);
    assert_int_equal(pie_rate_set(&c, "prodia", 6, 6, 0), APIPIE_OK);
    pie_rate_free_all(&c);
    assert_int_equal(scarce.alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits_all_may_go),
        cmocka_unit_test(requests_and_images_are_counted),
        cmocka_unit_test(a_limit_is_of_a_provider_or_of_all),
        cmocka_unit_test(what_was_not_sent_is_given_back),
        cmocka_unit_test(a_limit_set_again_gives_no_second_burst),
        cmocka_unit_test(an_hour_is_evenly_spread),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
