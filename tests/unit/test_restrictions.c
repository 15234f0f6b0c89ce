/* SPDX-License-Identifier: MIT */
/* Where a model is not offered: what the gateway's list of restrictions says, however it says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apipie/apipie.h>

#include <string.h>

static int setup(void **state)
{
    *state = apipie_client_new(NULL);
    return *state == NULL;
}

static int teardown(void **state)
{
    apipie_client_unref(*state);
    return 0;
}

static apipie_catalog *parse(void **state, const char *text)
{
    apipie_catalog *list = apipie_catalog_parse(*state, text, strlen(text));
    assert_non_null(list);
    return list;
}

/* As the gateway has it: JSON in a string; then as an object, and as a bare array. */
static const char usual[] =
    "{\"object\":\"list\",\"data\":["
    "{\"restrict_id\":1,\"name\":\"bedrock\",\"countries\":\"{\\\"countries\\\":"
    "[{\\\"name\\\":\\\"Cuba\\\",\\\"alpha-2\\\":\\\"CU\\\"},{\\\"name\\\":\\\"Iran\\\",\\\"alpha-"
    "2\\\":\\\"IR\\\"}]}\"},"
    "{\"restrict_id\":2,\"name\":\"sdxl\",\"countries\":{\"countries\":[{\"name\":\"Germany\","
    "\"alpha-2\":\"DE\"}]}},"
    "{\"restrict_id\":3,\"name\":\"deepinfra/stabilityai/"
    "sd\",\"countries\":[{\"name\":\"France\",\"alpha-2\":\"FR\"}]}"
    "]}";

static void by_provider_model_or_both(void **state)
{
    apipie_catalog *c = parse(state, usual);
    assert_int_equal(apipie_catalog_warning_count(c), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "titan", "CU"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "Bedrock", "bedrock/titan", "IR"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", NULL, "CU"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "titan", "DE"), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "prodia", "sdxl", "DE"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "prodia", "prodia/sdxl", "DE"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "prodia", "sdxl-2", "DE"), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "prodia", "sdx", "DE"), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "deepinfra", "stabilityai/sd", "FR"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "deepinfra", "deepinfra/stabilityai/sd", "FR"),
                     1);
    assert_int_equal(apipie_catalog_is_restricted(c, "stabilityai", "sd", "FR"), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "deepinfra", "other", "FR"), 0);
    apipie_catalog_unref(c);
}

static void countries_by_code_or_name(void **state)
{
    apipie_catalog *c = parse(state, usual);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "x", "cuba"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "x", " cu "), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "x", "Germany"), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "x", ""), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_is_restricted(c, "bedrock", "x", NULL), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_is_restricted(c, NULL, NULL, "CU"), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_is_restricted(NULL, "bedrock", "x", "CU"), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_restriction_count(c), 4);
    assert_string_equal(apipie_catalog_restriction_text(c, 1, APIPIE_RESTRICTION_NAME), "bedrock");
    assert_string_equal(apipie_catalog_restriction_text(c, 1, APIPIE_RESTRICTION_COUNTRY), "Iran");
    assert_string_equal(apipie_catalog_restriction_text(c, 1, APIPIE_RESTRICTION_COUNTRY_CODE),
                        "IR");
    assert_null(apipie_catalog_restriction_text(c, 4, APIPIE_RESTRICTION_NAME));
    assert_null(apipie_catalog_restriction_text(c, 0, 3));
    assert_null(apipie_catalog_restriction_text(c, 0, -1));
    assert_int_equal(apipie_catalog_restriction_count(NULL), 0);
    apipie_catalog_unref(c);
}

static void without_a_provider_the_gateway_chooses(void **state)
{
    apipie_catalog *c = parse(state, usual);
    assert_int_equal(apipie_catalog_is_restricted(c, NULL, "sdxl", "DE"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "", "bedrock/titan", "CU"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, NULL, "titan", "CU"), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_is_restricted(c, NULL, "titan", "US"), 0);
    apipie_catalog_unref(c);
}

static void what_is_not_said_is_not_known(void **state)
{
    apipie_catalog *c =
        parse(state, "[{\"name\":\"a\",\"countries\":[{\"alpha-2\":\"DE\"},{\"name\":\"Peru\"}]},"
                     "{\"name\":\"b\",\"countries\":[\"FR\",\"Chile\"]}]");
    assert_int_equal(apipie_catalog_warning_count(c), 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "a", "x", "DE"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "a", "x", "Peru"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "a", "x", "Germany"), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_is_restricted(c, "a", "x", "PE"), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_is_restricted(c, "b", "x", "fr"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "b", "x", "chile"), 1);
    assert_int_equal(apipie_catalog_is_restricted(c, "z", "x", "Germany"), 0);
    apipie_catalog_unref(c);
}

/* Damage never makes a 0: the part that is missing may be the one. */
static void damage_is_told(void **state)
{
    static const struct {
        const char *text, *warning;
    } bad[] = {
        {"[{\"restrict_id\":1,\"countries\":[\"FR\"]}]", "row 1: dropped: has no name"},
        {"[{\"restrict_id\":1,\"name\":\"a\"}]", "row 1, a: countries: refused: is no list"},
        {"[{\"restrict_id\":1,\"name\":\"a\",\"countries\":7}]",
         "row 1, a: countries: refused: is no list"},
        {"[{\"restrict_id\":1,\"name\":\"a\",\"countries\":\"nowhere\"}]",
         "row 1, a: countries: refused: is no JSON"},
        {"[{\"restrict_id\":1,\"name\":\"a\",\"countries\":\"{\\\"countries\\\":{}}\"}]",
         "row 1, a: countries: refused: is no list"},
        {"[{\"restrict_id\":1,\"name\":\"a\",\"countries\":[\"FR\",{}]}]",
         "row 1, a: countries: refused: is no country"},
        {"[{\"restrict_id\":1,\"name\":\"a\",\"countries\":[\"FR\",null]}]",
         "row 1, a: countries: refused: is no country"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        apipie_catalog *c = parse(state, bad[i].text);
        assert_int_equal(apipie_catalog_warning_count(c), 1);
        assert_string_equal(apipie_catalog_warning(c, 0), bad[i].warning);
        assert_int_equal(apipie_catalog_is_restricted(c, "other", "x", "DE"), APIPIE_UNKNOWN);
        apipie_catalog_unref(c);
    }
}

static void models_are_no_restrictions(void **state)
{
    apipie_catalog *c = parse(
        state, "[{\"id\":\"x\",\"provider\":\"prodia\",\"model\":\"x\",\"countries\":[\"DE\"]}]");
    apipie_need *need = apipie_need_new(*state);
    assert_int_equal(apipie_catalog_restriction_count(c), 0);
    assert_true(apipie_catalog_find(c, "prodia", "x") >= 0);
    assert_int_equal(apipie_catalog_is_restricted(c, "prodia", "x", "DE"), APIPIE_UNKNOWN);
    assert_int_equal(apipie_need_set_country(need, c, "DE"), APIPIE_E_ARGUMENT);
    assert_null(apipie_choose(c, NULL, need));
    apipie_need_unref(need);
    apipie_catalog_unref(c);
}

static void choosing_leaves_out_what_is_not_offered(void **state)
{
    char reason[128];
    char country[65];
    apipie_catalog *models =
        parse(state, "[{\"provider\":\"bedrock\",\"model\":\"titan\",\"type\":\"image\"},"
                     "{\"provider\":\"prodia\",\"model\":\"sdxl\",\"type\":\"image\"}]");
    apipie_catalog *restrictions = parse(state, usual);
    apipie_need *need = apipie_need_new(*state);
    memset(country, 'x', 64);
    country[64] = '\0';
    assert_int_equal(apipie_need_set_country(NULL, restrictions, "CU"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_need_set_country(need, NULL, NULL), APIPIE_OK);
    assert_int_equal(apipie_need_set_country(need, restrictions, "CU"), APIPIE_OK);
    apipie_catalog_unref(restrictions); /* the need keeps it */
    apipie_choice *choice = apipie_choose(models, NULL, need);
    assert_int_equal(apipie_choice_count(choice), 1);
    assert_string_equal(apipie_choice_text(choice, 0, APIPIE_MODEL_NAME), "sdxl");
    for (size_t i = 0; i < apipie_choice_rejected_count(choice); i++) {
        apipie_choice_reason(choice, i, reason, sizeof(reason));
        if (strcmp(apipie_choice_rejected_text(choice, i, APIPIE_MODEL_NAME), "titan") == 0)
            assert_string_equal(reason, "not offered in CU");
        else
            assert_string_equal(reason, "not on the gateway's list");
    }
    apipie_choice_unref(choice);
    assert_int_equal(apipie_need_set_country(need, NULL, NULL), APIPIE_OK);
    choice = apipie_choose(models, NULL, need);
    assert_int_equal(apipie_choice_count(choice), 2);
    apipie_choice_unref(choice);
    assert_int_equal(apipie_need_set_country(need, NULL, "CU"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_need_set_country(need, models, country), APIPIE_E_ARGUMENT);
    assert_null(apipie_choose(models, NULL, need));
    apipie_need_unref(need);
    apipie_catalog_unref(models);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_provider_model_or_both, setup, teardown),
        cmocka_unit_test_setup_teardown(countries_by_code_or_name, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_provider_the_gateway_chooses, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_said_is_not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(models_are_no_restrictions, setup, teardown),
        cmocka_unit_test_setup_teardown(choosing_leaves_out_what_is_not_offered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
