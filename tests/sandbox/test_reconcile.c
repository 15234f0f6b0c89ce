/* SPDX-License-Identifier: MIT */
/* What became of a call whose reply was lost: the library looks into the sandbox's history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apipie/apipie.h>
#include <apipie/sandbox.h>

#include <string.h>

struct world {
    apipie_sandbox *box;
    apipie_client *client;
};

static int setup(void **state)
{
    static struct world w;
    w.box = apipie_sandbox_new();
    w.client = apipie_client_new(NULL);
    *state = &w;
    return apipie_sandbox_start(w.box) != APIPIE_OK ||
           apipie_client_set_key(w.client, apipie_sandbox_key(w.box)) != APIPIE_OK ||
           apipie_client_set_base_url(w.client, apipie_sandbox_url(w.box)) != APIPIE_OK ||
           apipie_client_set_price(w.client, NULL, NULL, APIPIE_DOLLAR / 100) != APIPIE_OK;
}

static int teardown(void **state)
{
    struct world *w = *state;
    apipie_client_unref(w->client);
    apipie_sandbox_unref(w->box);
    return 0;
}

/* fault: "" for none. */
static apipie_request *drawn(struct world *w, const char *prompt, const char *fault)
{
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    apipie_request_set_provider(r, "prodia");
    apipie_request_set_model(r, "sd_xl_base_1.0");
    apipie_request_set_size(r, 64, 64);
    if (fault[0] != '\0')
        apipie_request_set_extra(r, "sandbox", fault);
    apipie_request_perform(r);
    return r;
}

#define LOST        "{\"fault\":\"cut\"}"            /* drawn and billed, no reply */
#define NEVER_DRAWN "{\"fault\":\"status:500;cut\"}" /* not billed, no reply */

/* Looks for a lost call: what is found, and its cost. */
static int32_t found(const apipie_request *lost, int64_t *ret_cost)
{
    apipie_request *look = apipie_request_new_reconcile(lost);
    assert_non_null(look);
    assert_int_equal(apipie_request_perform(look), APIPIE_OK);
    int32_t billed = apipie_result_billed(apipie_request_result(look));
    *ret_cost = apipie_result_cost(apipie_request_result(look));
    apipie_request_unref(look);
    return billed;
}

static int64_t money(struct world *w, int32_t which)
{
    return apipie_client_money(w->client, NULL, which);
}

/* What the statistics say that it cost. */
static int64_t counted(struct world *w)
{
    apipie_stats *s = apipie_client_stats(w->client);
    assert_int_equal(apipie_stats_count(s), 1);
    assert_int_equal(apipie_stats_number(s, 0, APIPIE_STATS_REQUESTS), 1); /* the look is none */
    assert_int_equal(apipie_stats_number(s, 0, APIPIE_STATS_ATTEMPTS), 1);
    assert_int_equal(apipie_stats_number(s, 0, APIPIE_STATS_BILLED_UNKNOWN), 1);
    int64_t cost = apipie_stats_number(s, 0, APIPIE_STATS_COST);
    apipie_stats_unref(s);
    return cost;
}

static void a_lost_call_is_found(void **state)
{
    struct world *w = *state;
    int64_t cost = 0;
    apipie_request *lost = drawn(w, "a fj\xC3\xB8rd", LOST);
    assert_int_equal(apipie_error_billed(apipie_request_error(lost)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(money(w, APIPIE_MONEY_UNKNOWN), APIPIE_DOLLAR / 100);
    assert_int_equal(counted(w), 0);
    assert_int_equal(found(lost, &cost), APIPIE_BILLED_YES);
    assert_int_equal(counted(w), cost);
    int64_t again = 0;
    found(lost, &again);
    assert_int_equal(counted(w), cost); /* once */
    assert_int_equal(cost, apipie_sandbox_billed_cost(w->box));
    assert_int_equal(money(w, APIPIE_MONEY_UNKNOWN), 0);
    assert_int_equal(money(w, APIPIE_MONEY_SPENT), cost);
    assert_int_equal(apipie_sandbox_billed_count(w->box), 1); /* it was not sent again */
    apipie_request_unref(lost);
}

static void what_is_not_there_stays_unknown(void **state)
{
    struct world *w = *state;
    int64_t cost = 0;
    apipie_request *lost = drawn(w, "a lake", NEVER_DRAWN);
    assert_int_equal(found(lost, &cost), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(cost, APIPIE_UNKNOWN);
    assert_int_equal(money(w, APIPIE_MONEY_UNKNOWN), APIPIE_DOLLAR / 100);
    apipie_request_unref(lost);
}

/* The row of a call that came back whole is not taken for the lost one's. */
static void a_good_call_beside_it_is_known(void **state)
{
    struct world *w = *state;
    int64_t cost = 0;
    apipie_request *good = drawn(w, "a lake", "");
    apipie_request *lost = drawn(w, "a lake", NEVER_DRAWN);
    apipie_request *after = drawn(w, "a hill", "");
    assert_int_equal(found(lost, &cost), APIPIE_BILLED_UNKNOWN);
    apipie_request *billed = drawn(w, "by night", LOST);
    assert_int_equal(found(billed, &cost), APIPIE_BILLED_YES);
    apipie_request_unref(good);
    apipie_request_unref(lost);
    apipie_request_unref(after);
    apipie_request_unref(billed);
}

/* Another server's call stands in another history. */
static void a_call_to_another_backend_is_not_in_the_way(void **state)
{
    struct world *w = *state;
    int64_t cost = 0;
    apipie_sandbox *other = apipie_sandbox_new();
    assert_int_equal(apipie_sandbox_start(other), APIPIE_OK);
    apipie_client_add_backend(w->client, "other", "apipie", apipie_sandbox_url(other));
    apipie_client_set_backend_key(w->client, "other", apipie_sandbox_key(other));
    apipie_request *lost = drawn(w, "a lighthouse", LOST);
    apipie_client_set_default_backend(w->client, "other");
    apipie_request *good = drawn(w, "a lighthouse", "");
    assert_int_equal(apipie_request_status(good), APIPIE_OK);
    assert_string_equal(apipie_result_backend(apipie_request_result(good)), "other");
    assert_int_equal(found(lost, &cost), APIPIE_BILLED_YES);
    assert_true(cost > 0);
    apipie_request_unref(lost);
    apipie_request_unref(good);
    apipie_sandbox_unref(other);
}

/* Of two lost calls that look the same nobody can tell which one was billed. */
static void two_that_look_the_same_are_not_clear(void **state)
{
    struct world *w = *state;
    int64_t cost = 0;
    apipie_request *a = drawn(w, "a lake", NEVER_DRAWN);
    apipie_request *b = drawn(w, "a hill", LOST);
    assert_int_equal(found(a, &cost), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(found(b, &cost), APIPIE_BILLED_UNKNOWN);
    apipie_request_unref(a);
    apipie_request_unref(b);
}

/* By itself, before the request ends; the row comes only after the first look. */
static void it_may_look_by_itself(void **state)
{
    struct world *w = *state;
    assert_int_equal(apipie_client_set_reconcile(w->client, 20000), APIPIE_OK);
    apipie_request *lost = drawn(w, "a lake", "{\"fault\":\"cut;late:1500\"}");
    int32_t kind = 0;
    assert_int_equal(apipie_request_status(lost), APIPIE_E_NETWORK);
    assert_int_equal(apipie_error_billed(apipie_request_error(lost)), APIPIE_BILLED_YES);
    assert_int_equal(apipie_request_charge(lost, &kind), apipie_sandbox_billed_cost(w->box));
    assert_int_equal(kind, APIPIE_CHARGE_SERVER);
    assert_int_equal(counted(w), apipie_sandbox_billed_cost(w->box));
    assert_int_equal(apipie_sandbox_billed_count(w->box), 1);
    assert_true(apipie_request_attempt_count(lost) >= 3); /* the call, and two looks */
    apipie_request_unref(lost);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lost_call_is_found),
        TEST(what_is_not_there_stays_unknown),
        TEST(a_good_call_beside_it_is_known),
        TEST(a_call_to_another_backend_is_not_in_the_way),
        TEST(two_that_look_the_same_are_not_clear),
        TEST(it_may_look_by_itself),
    };
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
