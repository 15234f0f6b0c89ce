/* SPDX-License-Identifier: MIT */
/* The ledger file: what stands in it, whose day it is, and what the next process makes of it. */
#include "../ledger/meter_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#define NOW HOUR(12)

static void lines_say_all(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_ask ask = meter_ask("we\"b", MILLI(8), NOW + 1007);
    struct pie_meter_hold hold = {0};
    struct apipie_error err;
    struct stat st;
    char want[700];
    size_t n = 0;
    int64_t charge = 0;
    pie_error_init(&err, &pie_mem_libc);
    ask.model = "a\nb";
    ask.provider = NULL;
    assert_int_equal(pie_meter_reserve(m, &ask, &hold, &err), APIPIE_OK);
    const struct pie_meter_end end = {APIPIE_BILLED_YES, APIPIE_OUTCOME_DELIVERED, 7500000001,
                                      "r\xff", NOW + 2000};
    struct pie_meter_hold closing = hold;
    pie_meter_settle(m, &closing, &end, &charge);
    snprintf(want, sizeof(want),
             "{\"v\":1,\"type\":\"reserve\",\"id\":\"%s\",\"time\":\"2024-10-04T12:00:01.007Z\","
             "\"backend\":\"apipie\",\"model\":\"a b\",\"tag\":\"we\\\"b\",\"images\":1,"
             "\"prompt_chars\":33,\"amount_usd\":\"0.008\"}\n"
             "{\"v\":1,\"type\":\"settle\",\"id\":\"%s\",\"time\":\"2024-10-04T12:00:02.000Z\","
             "\"billed\":\"yes\",\"outcome\":\"delivered\",\"cost_usd\":\"0.007500000001\","
             "\"estimated\":false,\"request_id\":\"r\xef\xbf\xbd\"}\n",
             hold.id, hold.id);
    char *got = file_read(at->path, &n);
    assert_string_equal(got, want);
    free(got);
    assert_int_equal(stat(at->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_null(pie_meter_problem(m));
    pie_meter_free(m);
}

/* Days at both ends of leap years and centuries, written and read. */
static void dates(void **state)
{
    static const struct {
        int64_t day;
        const char *text;
    } all[] = {{0, "1970-01-01"},     {58, "1970-02-28"},    {59, "1970-03-01"},
               {11016, "2000-02-29"}, {11017, "2000-03-01"}, {11322, "2000-12-31"},
               {11323, "2001-01-01"}, {20453, "2025-12-31"}, {20454, "2026-01-01"},
               {24837, "2038-01-01"}, {47541, "2100-03-01"}, {47540, "2100-02-28"}};
    const struct place *at = *state;
    for (size_t i = 0; i < PIE_COUNT(all); i++) {
        char want[40];
        unlink(at->path);
        const int64_t now = all[i].day * 86400000 + 86399999;
        struct pie_meter *m = meter_on(at->path, now);
        struct pie_meter_hold hold = meter_take(m, NULL, 5, now);
        assert_int_equal(hold.day, all[i].day);
        snprintf(want, sizeof(want), "\"time\":\"%sT23:59:59.999Z\"", all[i].text);
        assert_int_equal(file_lines_with(at->path, want), 1);
        struct pie_meter *next = meter_on(at->path, now);
        EXPECT_TOTALS(next, NULL, now, 0, 0, 0, 5, 1);
        EXPECT_TOTALS(next, NULL, now + 1, 0, 0, 0, 0, 0);
        pie_meter_free(next);
        pie_meter_free(m);
    }
}

/* The next process goes on where this one stopped; what it left open is unknown. */
static void reopening(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold[6];
    for (int i = 0; i < 6; i++)
        hold[i] = meter_take(m, i < 3 ? "web" : NULL, MILLI(10 + i), NOW);
    char id[37];
    memcpy(id, hold[4].id, sizeof(id));
    meter_settle(m, &hold[0], APIPIE_BILLED_YES, MILLI(1), NOW);
    meter_settle(m, &hold[1], APIPIE_BILLED_YES, APIPIE_UNKNOWN, NOW);
    meter_settle(m, &hold[2], APIPIE_BILLED_UNKNOWN, APIPIE_UNKNOWN, NOW);
    meter_settle(m, &hold[3], APIPIE_BILLED_NO, APIPIE_UNKNOWN, NOW);
    meter_settle(m, &hold[4], APIPIE_BILLED_UNKNOWN, APIPIE_UNKNOWN, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(12), MILLI(11), MILLI(15), MILLI(26), 2);
    pie_meter_free(m);
    m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(12), MILLI(11), 0, MILLI(41), 3);
    EXPECT_TOTALS(m, "web", NOW, MILLI(12), MILLI(11), 0, MILLI(12), 1);
    pie_meter_set_cap(m, NULL, MILLI(54));
    assert_int_equal(meter_try(m, NULL, MILLI(1) + 1, NOW, &hold[0]), APIPIE_E_BUDGET);
    pie_meter_set_cap(m, "web", MILLI(25));
    assert_int_equal(meter_try(m, "web", MILLI(1) + 1, NOW, &hold[0]), APIPIE_E_BUDGET);
    hold[0] = meter_take(m, "web", MILLI(1), NOW);
    /* what another left can be resolved */
    pie_meter_resolve(m, id, APIPIE_BILLED_YES, MILLI(2), NOW);
    pie_meter_resolve(m, hold[5].id, APIPIE_BILLED_NO, APIPIE_UNKNOWN, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(14), MILLI(11), MILLI(1), MILLI(12), 1);
    pie_meter_free(m);
    m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(14), MILLI(11), 0, MILLI(13), 2);
    assert_int_equal(file_lines_with(at->path, "\"resolve\""), 2);
    pie_meter_free(m);
}

static void days_change(void **state)
{
    const struct place *at = *state;
    const int64_t late = HOUR(24) - 1, early = HOUR(24), next_noon = HOUR(36);
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold spent = meter_take(m, "t", MILLI(1), NOW);
    struct pie_meter_hold open = meter_take(m, "t", MILLI(2), late);
    struct pie_meter_hold lost = meter_take(m, "t", MILLI(4), late);
    char id[37];
    memcpy(id, lost.id, sizeof(id));
    meter_settle(m, &spent, APIPIE_BILLED_YES, MILLI(1), late);
    pie_meter_set_cap(m, NULL, MILLI(7));
    EXPECT_TOTALS(m, "t", late, MILLI(1), 0, MILLI(6), 0, 0);
    struct pie_meter_hold hold;
    assert_int_equal(meter_try(m, NULL, 1, late, &hold), APIPIE_E_BUDGET);
    /* midnight: a new day, with all of its cap */
    EXPECT_TOTALS(m, "t", early, 0, 0, 0, 0, 0);
    hold = meter_take(m, "t", MILLI(7), early);
    assert_int_equal(meter_try(m, NULL, 1, early, &hold), APIPIE_E_BUDGET);
    /* a thread that looked at the clock before midnight does not turn it back */
    assert_int_equal(meter_try(m, NULL, 1, late, &hold), APIPIE_E_BUDGET);
    pie_meter_set_cap(m, NULL, MILLI(8));
    hold = meter_take(m, "t", MILLI(1), late);
    assert_int_equal(hold.day, 20001);
    meter_settle(m, &hold, APIPIE_BILLED_NO, 0, late);
    EXPECT_TOTALS(m, NULL, early, 0, 0, MILLI(7), 0, 0);
    /* yesterday's attempts end in yesterday */
    assert_int_equal(meter_settle(m, &open, APIPIE_BILLED_YES, MILLI(3), early), MILLI(3));
    meter_settle(m, &lost, APIPIE_BILLED_UNKNOWN, APIPIE_UNKNOWN, early);
    pie_meter_resolve(m, id, APIPIE_BILLED_YES, APIPIE_UNKNOWN, early);
    EXPECT_TOTALS(m, NULL, early, 0, 0, MILLI(7), 0, 0);
    struct pie_meter *other = meter_on(at->path, early);
    EXPECT_TOTALS(other, NULL, next_noon, 0, 0, 0, MILLI(7), 1);
    /* yesterday's line is written once, although the file was read anew in between */
    assert_int_equal(file_lines_with(at->path, open.id), 2);
    /* a clock that is put back a day finds all of that day */
    EXPECT_TOTALS(other, NULL, NOW, MILLI(8), MILLI(4), 0, 0, 0);
    EXPECT_TOTALS(other, "t", early, 0, 0, 0, MILLI(7), 1);
    pie_meter_free(other);
    pie_meter_free(m);
}

/* What a process left unknown can be found out the day after, for the day it was. */
static void resolved_the_day_after(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold = meter_take(m, NULL, MILLI(3), NOW);
    pie_meter_free(m);
    m = meter_on(at->path, HOUR(30));
    EXPECT_TOTALS(m, NULL, HOUR(30), 0, 0, 0, 0, 0);
    pie_meter_resolve(m, hold.id, APIPIE_BILLED_YES, MILLI(2), HOUR(30));
    EXPECT_TOTALS(m, NULL, HOUR(30), 0, 0, 0, 0, 0);
    pie_meter_free(m);
    m = meter_on(at->path, NOW);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(2), 0, 0, 0, 0);
    pie_meter_free(m);
}

/* A neighbour's clock is past midnight already: its line counts when our day comes. */
static void clocks_differ(void **state)
{
    const struct place *at = *state;
    struct pie_meter *slow = meter_on(at->path, HOUR(24) - 5);
    struct pie_meter *fast = meter_on(at->path, HOUR(24) + 5);
    struct pie_meter_hold hold = meter_take(fast, NULL, MILLI(3), HOUR(24) + 5);
    EXPECT_TOTALS(slow, NULL, HOUR(24) - 1, 0, 0, 0, 0, 0);
    EXPECT_TOTALS(slow, NULL, HOUR(24), 0, 0, 0, MILLI(3), 1);
    meter_settle(fast, &hold, APIPIE_BILLED_YES, MILLI(3), HOUR(24) + 9);
    EXPECT_TOTALS(slow, NULL, HOUR(24) + 1, MILLI(3), 0, 0, 0, 0);
    pie_meter_free(slow);
    pie_meter_free(fast);
}

/* Two meters on one file share their caps at once. */
static void two_meters(void **state)
{
    const struct place *at = *state;
    struct pie_meter *a = meter_on(at->path, NOW), *b = meter_on(at->path, NOW);
    struct pie_meter_hold hold;
    pie_meter_set_cap(a, NULL, MILLI(10));
    pie_meter_set_cap(b, NULL, MILLI(10));
    struct pie_meter_hold first = meter_take(a, "t", MILLI(4), NOW);
    struct pie_meter_hold second = meter_take(b, "t", MILLI(4), NOW);
    assert_int_equal(meter_try(a, NULL, MILLI(2) + 1, NOW, &hold), APIPIE_E_BUDGET);
    EXPECT_TOTALS(a, "t", NOW, 0, 0, MILLI(4), MILLI(4), 1);
    EXPECT_TOTALS(b, NULL, NOW, 0, 0, MILLI(4), MILLI(4), 1);
    meter_settle(a, &first, APIPIE_BILLED_YES, MILLI(1), NOW);
    EXPECT_TOTALS(b, NULL, NOW, MILLI(1), 0, MILLI(4), 0, 0);
    hold = meter_take(b, NULL, MILLI(5), NOW);
    /* nobody else ends what is out */
    pie_meter_resolve(b, second.id, APIPIE_BILLED_NO, 0, NOW);
    pie_meter_resolve(a, second.id, APIPIE_BILLED_NO, 0, NOW);
    assert_int_equal(meter_try(b, NULL, 1, NOW, &first), APIPIE_E_BUDGET);
    meter_settle(b, &second, APIPIE_BILLED_YES, MILLI(4), NOW);
    EXPECT_TOTALS(b, NULL, NOW, MILLI(5), 0, MILLI(5), 0, 0);
    pie_meter_free(a);
    pie_meter_free(b);
}

static void bad_paths(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    const char *reason = NULL;
    char path[120];
    meter_take(m, NULL, MILLI(3), NOW);
    assert_int_equal(pie_meter_open_ledger(m, at->folder, NOW, &reason), APIPIE_E_FILE);
    assert_string_equal(reason, "it is a folder");
    snprintf(path, sizeof(path), "%s/none/ledger", at->folder);
    assert_int_equal(pie_meter_open_ledger(m, path, NOW, &reason), APIPIE_E_FILE);
    assert_string_equal(reason, "no such file or folder");
    snprintf(path, sizeof(path), "%s/ledger/below", at->folder);
    assert_int_equal(pie_meter_open_ledger(m, path, NOW, &reason), APIPIE_E_FILE);
    assert_string_equal(reason, "a part of the path is no folder");
    snprintf(path, sizeof(path), "%s/pipe", at->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pie_meter_open_ledger(m, path, NOW, &reason), APIPIE_E_FILE);
    assert_string_equal(reason, "it is no regular file");
    /* the old one goes on */
    meter_take(m, NULL, MILLI(4), NOW);
    EXPECT_TOTALS(m, NULL, NOW, 0, 0, MILLI(7), 0, 0);
    assert_int_equal(file_lines_with(at->path, "reserve"), 2);
    pie_meter_free(m);
}

/* A ledger may come and go while attempts are out. */
static void opening_late(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(NULL, NOW);
    const char *reason = NULL;
    struct pie_meter_hold out = meter_take(m, "t", MILLI(5), NOW);
    struct pie_meter_hold past = meter_take(m, "t", MILLI(6), NOW);
    meter_settle(m, &past, APIPIE_BILLED_YES, MILLI(6), NOW);
    assert_int_equal(pie_meter_open_ledger(m, at->path, NOW, &reason), APIPIE_OK);
    EXPECT_TOTALS(m, "t", NOW, 0, 0, MILLI(5), 0, 0);
    struct pie_meter_hold second = meter_take(m, "t", MILLI(1), NOW);
    meter_settle(m, &out, APIPIE_BILLED_YES, MILLI(4), NOW);
    /* a settle line alone would tell nobody what it ends */
    assert_int_equal(file_lines_with(at->path, "reserve"), 2);
    struct pie_meter *other = meter_on(at->path, NOW);
    EXPECT_TOTALS(other, "t", NOW, MILLI(4), 0, 0, MILLI(1), 1);
    pie_meter_free(other);
    assert_int_equal(pie_meter_open_ledger(m, NULL, NOW, &reason), APIPIE_OK);
    meter_settle(m, &second, APIPIE_BILLED_YES, MILLI(1), HOUR(40));
    EXPECT_TOTALS(m, "t", HOUR(40), MILLI(5), 0, 0, 0, 0);
    assert_int_equal(file_lines_with(at->path, NULL), 3);
    pie_meter_free(m);
}

/* The path stays what it was when the host changes its folder. */
static void relative_path(void **state)
{
    const struct place *at = *state;
    char before[512];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(at->folder), 0);
    struct pie_meter *m = meter_on("ledger", NOW);
    assert_int_equal(chdir(before), 0);
    meter_take(m, NULL, MILLI(1), NOW);
    meter_take(m, NULL, MILLI(1), NOW);
    EXPECT_TOTALS(m, NULL, NOW, 0, 0, MILLI(2), 0, 0);
    assert_int_equal(file_lines_with(at->path, NULL), 2);
    pie_meter_free(m);
}

/* Another process holds the file: a reservation fails, an end waits and goes out with the next line. */
static void held_by_another(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_ask ask = meter_ask(NULL, 1, NOW);
    struct pie_meter_hold hold = meter_take(m, NULL, MILLI(3), NOW), none = {0};
    struct apipie_error err;
    const char *reason = NULL;
    pie_error_init(&err, &pie_mem_libc);
    const int fd = open(at->path, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    const int64_t start = pie_clock_ms();
    assert_int_equal(pie_meter_reserve(m, &ask, &none, &err), APIPIE_E_FILE);
    assert_in_range(pie_clock_ms() - start, 900, 3000);
    assert_string_equal(err.message,
                        "the ledger cannot be written: another process holds the ledger");
    assert_null(pie_meter_problem(m));
    assert_int_equal(meter_settle(m, &hold, APIPIE_BILLED_YES, MILLI(2), NOW), MILLI(2));
    assert_string_equal(pie_meter_problem(m), "another process holds the ledger");
    EXPECT_TOTALS(m, NULL, NOW, MILLI(2), 0, 0, 0, 0); /* needs no lock */
    /* the books are read anew (another day, and back): what waits still counts */
    EXPECT_TOTALS(m, NULL, HOUR(30), 0, 0, 0, 0, 0);
    EXPECT_TOTALS(m, NULL, NOW, MILLI(2), 0, 0, 0, 0);
    struct pie_meter *other = pie_meter_new(&pie_mem_libc);
    assert_int_equal(pie_meter_open_ledger(other, at->path, NOW, &reason), APIPIE_E_FILE);
    assert_string_equal(reason, "another process holds the ledger");
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(file_lines_with(at->path, NULL), 1);
    assert_int_equal(pie_meter_open_ledger(other, at->path, NOW, &reason), APIPIE_OK);
    EXPECT_TOTALS(other, NULL, NOW, 0, 0, 0, MILLI(3), 1);
    meter_take(m, NULL, MILLI(1), NOW);
    assert_null(pie_meter_problem(m));
    EXPECT_TOTALS(other, NULL, NOW, MILLI(2), 0, 0, MILLI(1), 1);
    assert_int_equal(file_lines_with(at->path, NULL), 3);
    pie_meter_free(other);
    pie_meter_free(m);
    close(fd);
}

/* What waits when the meter ends gets a last try. */
static void free_writes_what_waits(void **state)
{
    const struct place *at = *state;
    struct pie_meter *m = meter_on(at->path, NOW);
    struct pie_meter_hold hold = meter_take(m, NULL, MILLI(3), NOW);
    const int fd = open(at->path, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    meter_settle(m, &hold, APIPIE_BILLED_NO, 0, NOW);
    assert_int_equal(file_lines_with(at->path, NULL), 1);
    close(fd);
    pie_meter_free(m);
    assert_int_equal(file_lines_with(at->path, NULL), 2);
}

int main(void)
{
#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(lines_say_all),
        LEDGER_TEST(dates),
        LEDGER_TEST(reopening),
        LEDGER_TEST(days_change),
        LEDGER_TEST(resolved_the_day_after),
        LEDGER_TEST(clocks_differ),
        LEDGER_TEST(two_meters),
        LEDGER_TEST(bad_paths),
        LEDGER_TEST(opening_late),
        LEDGER_TEST(relative_path),
        LEDGER_TEST(held_by_another),
        LEDGER_TEST(free_writes_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
