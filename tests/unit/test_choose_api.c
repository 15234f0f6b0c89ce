/* SPDX-License-Identifier: MIT */
/* The doors: what statistics become, on several backends too, and NULL handles. */
#include "choose_world.h"

#include "engine/engine.h"
#include "meter/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char list[] =
    "{\"data\":[{\"provider\":\"prodia\",\"model\":\"dreamshaper_8\",\"type\":\"image\","
    "\"price_type\":\"image\",\"img_price\":\"0.02\",\"latency\":\"3000\"},"
    "{\"provider\":\"prodia\",\"model\":\"dreamshaper_7\",\"type\":\"image\","
    "\"price_type\":\"image\",\"img_price\":\"0.01\",\"latency\":\"2000\"}]}";

static int doors_begin(void **state)
{
    *state = apipie_client_new(NULL);
    return *state == NULL;
}

static int doors_end(void **state)
{
    apipie_client_unref(*state);
    return 0;
}

/* n requests that ended so; those that drew took 100 ms and cost 3 cents. */
static void ended(apipie_client *client, const char *backend, const char *model,
                  apipie_status status, int32_t cached, int n)
{
    struct pie_stats_row *row = pie_counters_route(client->counters, backend, "prodia", model);
    int32_t drew = status == APIPIE_OK && !cached;
    const struct pie_stats_request q = {status, cached, drew, drew ? 100 : APIPIE_UNKNOWN, 1};
    const struct pie_stats_attempt a = {.is_call = 1,
                                        .cost = drew ? USD(0.03) : APIPIE_UNKNOWN,
                                        .estimated = APIPIE_UNKNOWN,
                                        .prompt_tokens = APIPIE_UNKNOWN,
                                        .completion_tokens = APIPIE_UNKNOWN,
                                        .first_byte_ms = APIPIE_UNKNOWN,
                                        .server_ms = APIPIE_UNKNOWN,
                                        .now_wall_ms = 1};
    assert_non_null(row);
    for (int i = 0; i < n; i++) {
        pie_counters_attempt(client->counters, row, &a);
        pie_counters_request(client->counters, row, &q);
    }
}

static apipie_catalog *doors_list(apipie_client *client)
{
    apipie_catalog *c = apipie_catalog_parse(client, list, sizeof(list) - 1);
    assert_non_null(c);
    assert_int_equal(apipie_catalog_count(c), 82);
    return c;
}

static void measurements_come_from_statistics(void **state)
{
    apipie_client *client = *state;
    apipie_catalog *c = doors_list(client);
    /* 10 + 10 drew, on two backends; 5 failed; 8 are not the model's fault, 3 came out of the cache */
    ended(client, "apipie", "dreamshaper_8", APIPIE_OK, 0, 10);
    ended(client, "other", "dreamshaper_8", APIPIE_OK, 0, 10);
    ended(client, "other", "dreamshaper_8", APIPIE_OK, 1, 3);
    ended(client, "apipie", "dreamshaper_8", APIPIE_E_SERVER, 0, 4);
    ended(client, "other", "dreamshaper_8", APIPIE_E_TIMEOUT, 0, 1);
    ended(client, "apipie", "dreamshaper_8", APIPIE_E_CONTENT_POLICY, 0, 2);
    ended(client, "apipie", "dreamshaper_8", APIPIE_E_PARAMETER, 0, 2);
    ended(client, "apipie", "dreamshaper_8", APIPIE_E_CANCELLED, 0, 2);
    ended(client, "apipie", "dreamshaper_8", APIPIE_E_QUOTA, 0, 1);
    ended(client, "apipie", "dreamshaper_8", APIPIE_E_AUTH, 0, 1);
    apipie_stats *stats = apipie_client_stats(client);
    apipie_choice *choice = apipie_choose(c, stats, NULL);
    assert_int_equal(apipie_choice_count(choice), 2);
    assert_string_equal(apipie_choice_text(choice, 0, APIPIE_MODEL_NAME), "dreamshaper_7");
    assert_string_equal(apipie_choice_text(choice, 1, APIPIE_MODEL_NAME), "dreamshaper_8");
    assert_int_equal(apipie_choice_number(choice, 1, APIPIE_CHOICE_TRIES), 25);
    assert_int_equal(apipie_choice_number(choice, 1, APIPIE_CHOICE_OK), 20);
    assert_int_equal(apipie_choice_number(choice, 1, APIPIE_CHOICE_PRICE_OWN), USD(0.03));
    assert_int_equal(apipie_choice_number(choice, 1, APIPIE_CHOICE_PRICE), USD(0.025));
    int64_t p50 = apipie_choice_number(choice, 1, APIPIE_CHOICE_LATENCY_OWN);
    assert_true(p50 > 80 && p50 <= 160);
    assert_true(apipie_choice_number(choice, 1, APIPIE_CHOICE_P95) <= 160);
    assert_int_equal(apipie_choice_number(choice, 1, APIPIE_CHOICE_LATENCY),
                     p50 + (3000 - p50) / 2);
    choice = apipie_choice_unref(choice);

    apipie_comparison *comparison = apipie_compare(c, stats, APIPIE_MODEL_SERIES);
    assert_int_equal(apipie_comparison_count(comparison), 1);
    assert_string_equal(apipie_comparison_text(comparison, 0), "DreamShaper");
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_TRIES), 25);
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_OK), 20);
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_IMAGES), 20);
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_PRICE_OWN), USD(0.03));
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_P50), p50);
    comparison = apipie_comparison_unref(comparison);

    apipie_advice *advice = apipie_recommend(c, stats);
    assert_int_equal(apipie_advice_looked(advice), 1);
    assert_int_equal(apipie_advice_count(advice), 1);
    assert_string_equal(apipie_advice_text(advice, 0, 1, APIPIE_MODEL_NAME), "dreamshaper_7");
    assert_int_equal(apipie_advice_number(advice, 0, APIPIE_ADVICE_SAVED), 20 * USD(0.02));
    apipie_stats_unref(stats);
    apipie_catalog_unref(c);
    assert_int_equal(apipie_advice_index(advice, 0, 0), 0);
    apipie_advice_unref(advice);
}

static void what_nobody_named_is_not_counted(void **state)
{
    apipie_client *client = *state;
    apipie_catalog *c = doors_list(client);
    struct pie_stats_row *row = pie_counters_route(client->counters, "apipie", "", "");
    const struct pie_stats_request q = {APIPIE_OK, 0, 1, 100, 1};
    pie_counters_request(client->counters, row, &q);
    ended(client, "apipie", "unheard-of", APIPIE_OK, 0, 1);
    apipie_stats *stats = apipie_client_stats(client);
    apipie_comparison *comparison = apipie_compare(c, stats, APIPIE_MODEL_PROVIDER);
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_TRIES), 0);
    assert_int_equal(apipie_comparison_number(comparison, 0, APIPIE_COMPARE_P95), APIPIE_UNKNOWN);
    apipie_comparison_unref(comparison);
    apipie_advice *advice = apipie_recommend(c, stats);
    assert_int_equal(apipie_advice_looked(advice), 0);
    apipie_advice_unref(advice);
    apipie_stats_unref(stats);
    apipie_catalog_unref(c);
}

static void a_name_with_its_provider_is_the_same(void **state)
{
    apipie_client *client = *state;
    apipie_catalog *c = doors_list(client);
    ended(client, "apipie", "Prodia/dreamshaper_8", APIPIE_OK, 0, 3);
    ended(client, "apipie", "dreamshaper_8", APIPIE_OK, 0, 2);
    ended(client, "apipie", "prodia/", APIPIE_OK, 0, 1);
    apipie_stats *stats = apipie_client_stats(client);
    apipie_choice *choice = apipie_choose(c, stats, NULL);
    size_t rank = (size_t)world_rank(choice, "dreamshaper_8");
    assert_int_equal(apipie_choice_number(choice, rank, APIPIE_CHOICE_TRIES), 3);
    apipie_choice_unref(choice);
    apipie_stats_unref(stats);
    apipie_catalog_unref(c);
}

/* Answers keep what they need when all else is gone; a reason fits, or is cut with NUL. */
static void answers_outlive_the_client(void **state)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_catalog *c = doors_list(client);
    apipie_need *need = apipie_need_new(client);
    char text[8] = "zzzzzzz";
    (void)state;
    assert_int_equal(apipie_need_set_text(need, APIPIE_MODEL_FAMILY, "SDXL"), APIPIE_OK);
    apipie_client_unref(client);
    apipie_choice *choice = apipie_choose(c, NULL, need);
    apipie_need_unref(apipie_need_ref(need));
    assert_int_equal(apipie_need_set_size(need, 0, 0), APIPIE_E_ARGUMENT);
    assert_null(apipie_choose(c, NULL, need));
    apipie_need_unref(need);
    apipie_catalog_unref(c);
    assert_int_equal(apipie_choice_rejected_count(choice), 82);
    assert_int_equal(apipie_choice_reason(choice, 0, NULL, 0), strlen("family is SD 1.x"));
    assert_int_equal(apipie_choice_reason(choice, 0, text, sizeof(text)),
                     strlen("family is SD 1.x"));
    assert_string_equal(text, "family ");
    assert_int_equal(apipie_choice_reason(choice, 82, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    assert_int_equal(apipie_choice_rejected_index(choice, 1), 1);
    assert_string_equal(apipie_choice_rejected_text(choice, 1, APIPIE_MODEL_NAME), "dreamshaper_7");
    apipie_choice_unref(choice);
}

static void nothing_gives_nothing(void **state)
{
    apipie_client *client = *state;
    assert_null(apipie_catalog_parse(client, "{}", 2));
    assert_null(apipie_catalog_parse(client, NULL, 0));
    assert_null(apipie_catalog_parse(NULL, "[]", 2));
    assert_null(apipie_need_new(NULL));
    assert_null(apipie_need_ref(NULL));
    assert_null(apipie_need_unref(NULL));
    assert_int_equal(apipie_need_set_editing(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_need_set_quality(NULL, ""), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_need_set_max_price(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_need_set_max_p95(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_need_set_weights(NULL, 1, 1, 1), APIPIE_E_ARGUMENT);
    assert_null(apipie_choose(NULL, NULL, NULL));
    assert_null(apipie_choice_ref(NULL));
    assert_null(apipie_choice_unref(NULL));
    assert_int_equal(apipie_choice_count(NULL), 0);
    assert_int_equal(apipie_choice_index(NULL, 0), APIPIE_UNKNOWN);
    assert_null(apipie_choice_text(NULL, 0, APIPIE_MODEL_NAME));
    assert_int_equal(apipie_choice_number(NULL, 0, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_choice_reason(NULL, 0, NULL, 0), 0);
    assert_null(apipie_compare(NULL, NULL, APIPIE_MODEL_NAME));
    assert_null(apipie_comparison_ref(NULL));
    assert_null(apipie_comparison_text(NULL, 0));
    assert_int_equal(apipie_comparison_count(NULL), 0);
    assert_null(apipie_recommend(NULL, NULL));
    assert_null(apipie_advice_ref(NULL));
    assert_int_equal(apipie_advice_count(NULL), 0);
    assert_int_equal(apipie_advice_looked(NULL), 0);
    assert_int_equal(apipie_advice_number(NULL, 0, 0), APIPIE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(measurements_come_from_statistics, doors_begin, doors_end),
        cmocka_unit_test_setup_teardown(what_nobody_named_is_not_counted, doors_begin, doors_end),
        cmocka_unit_test_setup_teardown(a_name_with_its_provider_is_the_same, doors_begin,
                                        doors_end),
        cmocka_unit_test(answers_outlive_the_client),
        cmocka_unit_test_setup_teardown(nothing_gives_nothing, doors_begin, doors_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
