/* SPDX-License-Identifier: MIT */
/* Numbers, money and dates: what servers write, what we print. */
#include "base/base.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void money_reads(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } rows[] = {
        {"0.008000", 8000000000},
        {"0.04", 40000000000},
        {"0.0000001260", 126000},
        {"1.26e-7", 126000},
        {"0.00199500", 1995000000},
        {"0", 0},
        {"-0.0", 0},
        {"5", 5000000000000},
        {"310,000.5", 310000500000000000},
        {"0.0000000000005", 1}, /* half a picodollar is rounded up */
        {"0.00000000000049", 0},
        {"1e-400", 0},
        {"9223372.036854775806", INT64_C(9223372036854775806)},
        {"9223373", -1},
        {"1e999", -1},
        {"-0.5", -1},
        {"", -1},
        {"free", -1},
        {"1.2.3", -1},
        {"0x10", -1},
        {"1e", -1},
        {".", -1},
        {",5", -1},
        {"NaN", -1},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        int64_t got = -1;
        apipie_status status = pie_number_money(pie_slice_text(rows[i].text), &got);
        if (got != rows[i].want || (status == APIPIE_OK) != (rows[i].want >= 0))
            fail_msg("\"%s\": got %lld, status %d", rows[i].text, (long long)got, (int)status);
    }
}

static void money_prints(void **state)
{
    char text[24];
    (void)state;
    assert_int_equal(apipie_money_format(8000000000, text, sizeof(text)), APIPIE_OK);
    assert_string_equal(text, "0.008");
    assert_int_equal(apipie_money_format(0, text, sizeof(text)), APIPIE_OK);
    assert_string_equal(text, "0");
    assert_int_equal(apipie_money_format(126000, text, sizeof(text)), APIPIE_OK);
    assert_string_equal(text, "0.000000126");
    assert_int_equal(apipie_money_format(INT64_MAX, text, sizeof(text)), APIPIE_OK);
    assert_string_equal(text, "9223372.036854775807");
    assert_int_equal(apipie_money_format(APIPIE_UNKNOWN, text, sizeof(text)), APIPIE_OK);
    assert_string_equal(text, "");
    assert_int_equal(apipie_money_format(8000000000, text, 4), APIPIE_E_LIMIT);
    assert_string_equal(text, "");
}

static void counts_read(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {{"15", 15},        {"310,000", 310000}, {"15.4", 15},     {"15.5", 16},
                {"-3", -3},        {"1e3", 1000},       {" 7 ", 7},       {"99999999999999999999", INT64_MAX},
                {"-1e99", INT64_MIN}};
    int64_t got = 0;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        assert_int_equal(pie_number_int(pie_slice_text(rows[i].text), &got), APIPIE_OK);
        assert_true(got == rows[i].want);
    }
    assert_int_equal(pie_number_int(pie_slice_text("2026-11-22"), &got), APIPIE_E_ARGUMENT);
    uint64_t u = 0;
    assert_int_equal(pie_number_uint(pie_slice_text("18446744073709551615"), &u), APIPIE_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(pie_number_uint(pie_slice_text("18446744073709551616"), &u), APIPIE_E_ARGUMENT);
}

static void seconds_read(void **state)
{
    int64_t ms = -1;
    (void)state;
    assert_int_equal(pie_number_seconds(pie_slice_text("1.5"), &ms), APIPIE_OK);
    assert_int_equal(ms, 1500);
    assert_int_equal(pie_number_seconds(pie_slice_text(" 2 "), &ms), APIPIE_OK);
    assert_int_equal(ms, 2000);
    assert_int_equal(pie_number_seconds(pie_slice_text("0.0001"), &ms), APIPIE_OK);
    assert_int_equal(ms, 1);
    assert_int_equal(pie_number_seconds(pie_slice_text("1e99"), &ms), APIPIE_OK);
    assert_true(ms > INT64_C(1000000000000)); /* clamped, not forgotten */
    static const char *const bad[] = {"", "-1", "1,5", "soon", "2026-11-22", "1s"};
    for (size_t i = 0; i < PIE_COUNT(bad); i++)
        assert_int_equal(pie_number_seconds(pie_slice_text(bad[i]), &ms), APIPIE_E_ARGUMENT);
}

static void dates_read(void **state)
{
    /* The three forms of one moment, from RFC 9110 5.6.7. */
    static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    int64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(same); i++) {
        assert_int_equal(pie_number_http_date(pie_slice_text(same[i]), &ms), APIPIE_OK);
        assert_true(ms == INT64_C(784111777000));
    }
    assert_int_equal(pie_number_http_date(pie_slice_text("Thu, 29 Feb 2024 00:00:00 GMT"), &ms), APIPIE_OK);
    assert_true(ms == INT64_C(1709164800000));
    static const char *const bad[] = {"", "06 Nov", "Sun, 06 Foo 1994 08:49:37 GMT", "120",
                                      "Sun, 06 Nov 1994 25:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < PIE_COUNT(bad); i++)
        assert_int_equal(pie_number_http_date(pie_slice_text(bad[i]), &ms), APIPIE_E_ARGUMENT);
}

static void iso_dates_read(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"2024-05-01T12:34:56.789Z", INT64_C(1714566896789)},
        {"2024-05-01T12:34:56Z", INT64_C(1714566896000)},
        {"2024-05-01t12:34:56z", INT64_C(1714566896000)},
        {"2024-05-01T12:34:56", INT64_C(1714566896000)}, /* without a zone: UTC */
        {"2024-05-01 12:34:56", INT64_C(1714566896000)},
        {"2024-05-01 12:34:56.789123", INT64_C(1714566896789)}, /* cut, not rounded */
        {"2024-05-01 12:34:56.789999999Z", INT64_C(1714566896789)},
        {"2024-05-01T12:34:56,5Z", INT64_C(1714566896500)},
        {"2024-05-01T12:34:56.07Z", INT64_C(1714566896070)},
        {"2024-05-01T14:34:56+02:00", INT64_C(1714566896000)},
        {"2024-05-01T14:34:56.789+0200", INT64_C(1714566896789)},
        {"2024-05-01T14:34:56+02", INT64_C(1714566896000)},
        {"2024-05-01 14:34:56 +0200", INT64_C(1714566896000)},
        {"2024-05-01T07:04:56-05:30", INT64_C(1714566896000)},
        {"2024-05-01T12:34:56-00:00", INT64_C(1714566896000)},
        {"2024-05-01 12:34:56 UTC", INT64_C(1714566896000)},
        {"2024-05-01 12:34:56 gmt", INT64_C(1714566896000)},
        {" 2024-05-01T12:34:56Z\n", INT64_C(1714566896000)},
        {"2024-05-01T12:34Z", INT64_C(1714566840000)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
        {"2023-12-31T23:30:00-01:00", INT64_C(1704069000000)}, /* the zone moves the year */
        {"2024-01-01T00:30:00+01:00", INT64_C(1704065400000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000)}, /* a leap second */
        {"1970-01-01T00:00:00.001Z", 1},
        {"1969-12-31T23:59:59.999Z", -1},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        int64_t ms = INT64_MIN;
        apipie_status status = pie_number_iso_date(pie_slice_text(rows[i].text), &ms);
        if (status != APIPIE_OK || ms != rows[i].want)
            fail_msg("\"%s\": got %lld, status %d", rows[i].text, (long long)ms, (int)status);
    }
}

static void what_is_no_iso_date_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2024-05-01",
        "2024-05-01T",
        "2024-05-01Z",
        "2024-05-01T12Z",
        "2024-05-01T12:Z",
        "2024-05-01T12:34:Z",
        "2024-05-01T12:34:5Z",
        "2024-05-01T12:34:56.Z",
        "2024-05-01T12:34:56ZZ",
        "2024-05-01T12:34:56+",
        "2024-05-01T12:34:56+2",
        "2024-05-01T12:34:56+02:",
        "2024-05-01T12:34:56+02:0",
        "2024-05-01T12:34:56+02:00x",
        "2024-05-01T12:34:56+24:00",
        "2024-05-01T12:34:56+02:60",
        "2024-05-01T12:34:56 CEST",
        "2024-05-01T24:00:00Z",
        "2024-05-01T12:60:00Z",
        "2024-05-01T12:34:61Z",
        "2024-00-01T12:34:56Z",
        "2024-13-01T12:34:56Z",
        "2024-05-00T12:34:56Z",
        "2024-05-32T12:34:56Z",
        "2024-04-31T12:34:56Z",
        "2023-02-29T12:34:56Z",
        "1900-02-29T12:34:56Z",
        "0000-05-01T12:34:56Z",
        "24-05-01T12:34:56Z",
        "2024-5-1T12:34:56Z",
        "20240501T123456Z",
        "2024/05/01 12:34:56",
        "2024-05-01_12:34:56",
        "+2024-05-01T12:34:56Z",
        "-024-05-01T12:34:56Z",
        "1714566896",
        "Wed, 01 May 2024 12:34:56 GMT",
    };
    int64_t ms = 77;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bad); i++) {
        if (pie_number_iso_date(pie_slice_text(bad[i]), &ms) != APIPIE_E_ARGUMENT)
            fail_msg("\"%s\" was read", bad[i]);
    }
    assert_int_equal(pie_number_iso_date(pie_slice(NULL, 0), &ms), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_number_iso_date(pie_slice("2024-05-01\0" "12:34:56", 19), &ms),
                     APIPIE_E_ARGUMENT);
    assert_int_equal(ms, 77);
}

static void doubles_ignore_the_locale(void **state)
{
    static const char *const locales[] = {"C", "fr_FR.UTF-8", "de_DE.UTF-8"};
    char text[PIE_NUMBER_MAX];
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(locales); i++) {
        setlocale(LC_ALL, locales[i]); /* a locale that is not installed changes nothing */
        pie_number_double(7.5, text);
        assert_string_equal(text, "7.5");
        pie_number_double(0.1, text);
        assert_string_equal(text, "0.1");
        pie_number_double(1e-7, text);
        assert_string_equal(text, "1e-07");
        pie_number_double(0.1 + 0.2, text);
        assert_string_equal(text, "0.30000000000000004");
    }
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_reads),  cmocka_unit_test(money_prints), cmocka_unit_test(counts_read),
        cmocka_unit_test(seconds_read), cmocka_unit_test(dates_read),
        cmocka_unit_test(iso_dates_read), cmocka_unit_test(what_is_no_iso_date_is_refused),
        cmocka_unit_test(doubles_ignore_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
