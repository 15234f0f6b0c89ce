/* SPDX-License-Identifier: MIT */
/* What the sandbox billed beside what the ledger says: both are read as bills, added up and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apipie/apipie.h>
#include <apipie/sandbox.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
    apipie_sandbox *box;
    apipie_client *client;
    char ledger[64];
};

static int setup(void **state)
{
    static struct world w;
    strcpy(w.ledger, "bills-XXXXXX");
    int file = mkstemp(w.ledger);
    w.box = apipie_sandbox_new();
    w.client = apipie_client_new(NULL);
    *state = &w;
    return file < 0 || close(file) != 0 || apipie_sandbox_start(w.box) != APIPIE_OK ||
           apipie_client_set_key(w.client, apipie_sandbox_key(w.box)) != APIPIE_OK ||
           apipie_client_set_base_url(w.client, apipie_sandbox_url(w.box)) != APIPIE_OK ||
           apipie_client_set_price(w.client, NULL, NULL, APIPIE_DOLLAR / 100) != APIPIE_OK ||
           apipie_client_set_ledger(w.client, w.ledger) != APIPIE_OK;
}

static int teardown(void **state)
{
    struct world *w = *state;
    apipie_client_unref(w->client);
    apipie_sandbox_unref(w->box);
    unlink(w->ledger);
    return 0;
}

/* fault: "" for none. */
static void draw(apipie_client *client, const char *provider, const char *model, const char *prompt,
                 const char *fault)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    apipie_request_set_provider(r, provider);
    apipie_request_set_model(r, model);
    apipie_request_set_size(r, 64, 64);
    apipie_request_set_tag(r, "tests");
    if (fault[0] != '\0')
        apipie_request_set_extra(r, "sandbox", fault);
    apipie_request_perform(r);
    apipie_request_unref(r);
}

#define LOST        "{\"fault\":\"cut\"}"            /* drawn and billed, no reply */
#define NEVER_DRAWN "{\"fault\":\"status:500;cut\"}" /* not billed, no reply */
#define REFUSED     "{\"fault\":\"status:429\"}"

static apipie_history *of_ledger(struct world *w)
{
    apipie_history *h = NULL;
    assert_int_equal(
        apipie_history_load_ledger(w->client, w->ledger, APIPIE_UNKNOWN, APIPIE_UNKNOWN, &h),
        APIPIE_OK);
    return h;
}

static apipie_history *of_gateway(struct world *w)
{
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_HISTORY);
    assert_int_equal(apipie_request_perform(r), APIPIE_OK);
    apipie_history *h = apipie_history_ref(apipie_request_history(r));
    apipie_request_unref(r);
    return h;
}

static int64_t sum(const apipie_history *h, int32_t which)
{
    apipie_totals *t = apipie_history_totals(h, APIPIE_TOTALS_ALL);
    assert_int_equal(apipie_totals_count(t), 1);
    assert_null(apipie_totals_text(t, 0));
    int64_t v = apipie_totals_number(t, 0, which);
    apipie_totals_unref(t);
    return v;
}

static void both_agree_when_all_is_well(void **state)
{
    struct world *w = *state;
    draw(w->client, "prodia", "sd_xl_base_1.0", "a lake", "");
    draw(w->client, "prodia", "dreamshaper_8", "a lake at night", "");
    draw(w->client, "prodia", "sd_xl_base_1.0", "a fj\xC3\xB8rd", "");
    draw(w->client, "prodia", "sd_xl_base_1.0", "refused", REFUSED);
    apipie_history *ledger = of_ledger(w), *gateway = of_gateway(w);
    apipie_audit *audit = apipie_audit_new(ledger, gateway);

    assert_int_equal(apipie_history_count(ledger), 3);
    assert_int_equal(apipie_history_count(gateway), 3);
    assert_int_equal(sum(ledger, APIPIE_TOTAL_COST), apipie_sandbox_billed_cost(w->box));
    assert_int_equal(sum(gateway, APIPIE_TOTAL_COST), apipie_sandbox_billed_cost(w->box));
    assert_string_equal(apipie_history_text(ledger, 0, APIPIE_BILL_TAG), "tests");
    assert_string_equal(apipie_history_text(ledger, 1, APIPIE_BILL_MODEL), "dreamshaper_8");
    assert_non_null(apipie_history_text(ledger, 0, APIPIE_BILL_REQUEST_ID));
    assert_int_equal(apipie_history_number(ledger, 1, APIPIE_BILL_PROMPT_CHARS), 15);
    assert_true(apipie_history_number(ledger, 1, APIPIE_BILL_LATENCY) >= 0);
    assert_int_equal(apipie_history_number(ledger, 0, APIPIE_BILL_ESTIMATED), 0);
    assert_int_equal(apipie_audit_count(audit), 0);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_MATCHED), 3);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_LEDGER_COST),
                     apipie_audit_number(audit, APIPIE_AUDIT_GATEWAY_COST));
    apipie_audit_unref(audit);
    apipie_history_unref(ledger);
    apipie_history_unref(gateway);
}

/* A call that the ledger does not know the end of, one that another program made, and one of which only the ledger knows. */
static void what_differs_is_told(void **state)
{
    struct world *w = *state;
    apipie_client *other = apipie_client_new(NULL);
    apipie_client_set_key(other, apipie_sandbox_key(w->box));
    apipie_client_set_base_url(other, apipie_sandbox_url(w->box));
    draw(w->client, "prodia", "sd_xl_base_1.0", "a lake", "");
    draw(w->client, "prodia", "sd_xl_base_1.0", "a lost one", LOST);
    draw(w->client, "prodia", "dreamshaper_8", "never drawn", NEVER_DRAWN);
    draw(other, "prodia", "absolutereality_v181.safetensors", "somebody else's", "");
    draw(other, "prodia", "deliberate_v3", "somebody else's", "");
    apipie_client_unref(other);
    apipie_history *ledger = of_ledger(w), *gateway = of_gateway(w);
    apipie_audit *audit = apipie_audit_new(ledger, gateway);

    assert_int_equal(apipie_history_count(ledger), 3);
    assert_int_equal(sum(ledger, APIPIE_TOTAL_UNKNOWN), 2);
    assert_int_equal(sum(ledger, APIPIE_TOTAL_RESERVED), 2 * (APIPIE_DOLLAR / 100));
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_MATCHED), 2);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_FOUND), 1);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_UNEXPECTED),
                     (int64_t)apipie_history_count(gateway) - 2);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_MISSING), 0);
    /* It may be drawing still, for ten minutes: it is not judged. */
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_OPEN), 0);
    size_t found = apipie_audit_count(audit) - 1; /* the oldest */
    assert_int_equal(apipie_audit_kind(audit, found), APIPIE_AUDIT_FOUND);
    int64_t mine = apipie_audit_index(audit, found, 0);
    int64_t theirs = apipie_audit_index(audit, found, 1);
    assert_int_equal(apipie_history_number(ledger, (size_t)mine, APIPIE_BILL_PROMPT_CHARS), 10);
    assert_int_equal(apipie_history_number(gateway, (size_t)theirs, APIPIE_BILL_PROMPT_CHARS), 10);
    assert_int_equal(apipie_audit_index(audit, 0, 0), APIPIE_UNKNOWN);
    apipie_audit_unref(audit);
    apipie_history_unref(ledger);
    apipie_history_unref(gateway);
}

/* Bills say what would have been cheaper, without any statistics of one's own. */
static void bills_are_statistics_too(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 3; i++)
        draw(w->client, "prodia", "sd_xl_base_1.0", "a lake", "");
    apipie_request *list = apipie_request_new(w->client, APIPIE_REQUEST_MODELS);
    assert_int_equal(apipie_request_perform(list), APIPIE_OK);
    apipie_history *gateway = of_gateway(w);
    apipie_stats *stats = apipie_history_stats(gateway);
    apipie_catalog *catalog = apipie_client_catalog(w->client);
    apipie_advice *advice = apipie_recommend(catalog, stats);

    assert_int_equal(apipie_stats_count(stats), 1);
    assert_string_equal(apipie_stats_text(stats, 0, APIPIE_STATS_MODEL), "sd_xl_base_1.0");
    assert_int_equal(apipie_stats_number(stats, 0, APIPIE_STATS_IMAGES), 3);
    assert_int_equal(apipie_stats_number(stats, 0, APIPIE_STATS_REQUESTS_OK), 3);
    assert_int_equal(apipie_stats_number(stats, 0, APIPIE_STATS_COST),
                     apipie_sandbox_billed_cost(w->box));
    assert_int_equal(apipie_stats_time_count(stats, 0, APIPIE_STATS_SERVER), 3);
    assert_int_equal(apipie_advice_looked(advice), 1);
    apipie_advice_unref(advice);
    apipie_catalog_unref(catalog);
    apipie_stats_unref(stats);
    apipie_history_unref(gateway);
    apipie_request_unref(list);
}

/* What a program that died left behind, and what a disk did. */
static void a_damaged_ledger_is_read_as_far_as_it_goes(void **state)
{
    static const char damage[] =
        "\n{\"v\":1,\"type\":\"reserve\"}\nnonsense\n{\"v\":1,\"type\":\"settle\",\"id\":\"x\"}\n"
        "{\"v\":1,\"type\":\"reserve\",\"id\":\"7\",\"time\":\"2026-11-01T10:00:00.000Z\","
        "\"backend\":\"apipie\",\"provider\":\"prodia\",\"model\":\"m\",\"images\":2,"
        "\"amount_usd\":\"0.02\"}\n"
        "{\"v\":1,\"type\":\"settle\",\"id\":\"7\",\"time\":\"2026-11-01T10:00:03.250Z\","
        "\"billed\":\"yes\",\"cost_usd\":\"0.03\",\"estimated\":true}\n{\"v\":1,\"type\":\"res";
    struct world *w = *state;
    draw(w->client, "prodia", "sd_xl_base_1.0", "a lake", "");
    FILE *file = fopen(w->ledger, "a");
    assert_non_null(file);
    for (int i = 0; i < 70000; i++)
        fputc('x', file); /* a line that is too long */
    fputs(damage, file);
    fclose(file);
    apipie_history *h = of_ledger(w);
    assert_int_equal(apipie_history_count(h), 2);
    assert_string_equal(apipie_history_text(h, 1, APIPIE_BILL_ID), "7");
    assert_int_equal(apipie_history_number(h, 1, APIPIE_BILL_COST), 3 * (APIPIE_DOLLAR / 100));
    assert_int_equal(apipie_history_number(h, 1, APIPIE_BILL_ESTIMATED), 1);
    assert_int_equal(apipie_history_number(h, 1, APIPIE_BILL_LATENCY), 3250);
    assert_int_equal(apipie_history_number(h, 1, APIPIE_BILL_IMAGES), 2);
    assert_int_equal(sum(h, APIPIE_TOTAL_ESTIMATED), 3 * (APIPIE_DOLLAR / 100));
    apipie_totals *days = apipie_history_totals(h, APIPIE_TOTALS_DAY);
    assert_int_equal(apipie_totals_count(days), 2);
    assert_string_equal(apipie_totals_text(days, 0), "2026-11-01");
    apipie_totals_unref(days);
    apipie_history_unref(h);

    assert_int_equal(apipie_history_load_ledger(w->client, w->ledger, INT64_C(1793491200000),
                                                INT64_C(1793577600000), &h),
                     APIPIE_OK);
    assert_int_equal(apipie_history_count(h), 1);
    apipie_history_unref(h);
}

/* A ledger without a line says nothing about any time. */
static void an_empty_ledger_accuses_nobody(void **state)
{
    struct world *w = *state;
    apipie_client *other = apipie_client_new(NULL);
    apipie_client_set_key(other, apipie_sandbox_key(w->box));
    apipie_client_set_base_url(other, apipie_sandbox_url(w->box));
    draw(other, "prodia", "sd_xl_base_1.0", "a lake", "");
    apipie_client_unref(other);
    apipie_history *gateway = of_gateway(w), *ledger = of_ledger(w);
    apipie_audit *audit = apipie_audit_new(ledger, gateway);
    assert_int_equal(apipie_history_count(gateway), 1);
    assert_int_equal(apipie_audit_count(audit), 0);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_GATEWAY_COST), 0);
    assert_int_equal(apipie_audit_number(audit, APIPIE_AUDIT_FROM), APIPIE_UNKNOWN);
    apipie_audit_unref(audit);
    apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_HISTORY);
    assert_int_equal(apipie_request_set_after(r, ledger), APIPIE_E_ARGUMENT);
    apipie_request_unref(r);
    apipie_history_unref(ledger);
    apipie_history_unref(gateway);
}

static void what_cannot_be_read_is_told(void **state)
{
    struct world *w = *state;
    apipie_history *h = NULL;
    assert_int_equal(apipie_history_load_ledger(w->client, "no-such-file", -1, -1, &h),
                     APIPIE_E_FILE);
    assert_int_equal(apipie_history_load_ledger(w->client, ".", -1, -1, &h), APIPIE_E_FILE);
    assert_int_equal(apipie_history_load_ledger(w->client, w->ledger, 5, 4, &h), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_history_load_ledger(NULL, w->ledger, -1, -1, &h), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_history_load_ledger(w->client, NULL, -1, -1, &h), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_history_load_ledger(w->client, w->ledger, -1, -1, NULL),
                     APIPIE_E_ARGUMENT);
    assert_null(h);
    assert_int_equal(apipie_history_load_ledger(w->client, w->ledger, -1, -1, &h), APIPIE_OK);
    assert_int_equal(apipie_history_count(h), 0); /* an empty file */
    assert_null(apipie_history_totals(h, 6));
    assert_null(apipie_history_totals(h, -1));
    apipie_totals *none = apipie_history_totals(h, APIPIE_TOTALS_DAY);
    assert_int_equal(apipie_totals_count(none), 0);
    assert_int_equal(apipie_totals_number(none, 0, APIPIE_TOTAL_COST), APIPIE_UNKNOWN);
    apipie_totals_unref(none);
    apipie_history_unref(h);
    assert_null(apipie_history_stats(NULL));
    assert_null(apipie_audit_new(NULL, NULL));
    assert_int_equal(apipie_audit_number(NULL, APIPIE_AUDIT_MATCHED), APIPIE_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_agree_when_all_is_well), TEST(what_differs_is_told),
        TEST(bills_are_statistics_too),    TEST(a_damaged_ledger_is_read_as_far_as_it_goes),
        TEST(what_cannot_be_read_is_told), TEST(an_empty_ledger_accuses_nobody),
    };
    return cmocka_run_group_tests_name("bills", tests, NULL, NULL);
}
