/* SPDX-License-Identifier: MIT */
/* One meter of several threads, one ledger of several meters and processes: no cap is passed together. */
#include "meter_support.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW     HOUR(12)
#define WORKERS 4
#define CAP     600

/* What one worker got: nothing here asserts, for it runs in threads and children. */
struct share {
    struct pie_meter *m;
    int64_t charged; /* settled as billed */
    int64_t kept;    /* settled as unknown */
    int64_t over;    /* times that more than the cap stood */
    int64_t failed;  /* neither granted nor over the budget */
    uint32_t seed;
};

static void share_settle(struct share *s, struct pie_meter_hold *hold)
{
    struct pie_meter_end end = {APIPIE_BILLED_YES, APIPIE_OUTCOME_DELIVERED, APIPIE_UNKNOWN, NULL,
                                NOW};
    int64_t charge = 0;
    s->seed = s->seed * 1664525 + 1013904223;
    switch (s->seed >> 29) {
    case 0:
        end.billed = APIPIE_BILLED_UNKNOWN;
        pie_meter_settle(s->m, hold, &end, &charge);
        s->kept += charge;
        return;
    case 1:
    case 2:
    case 3:
        end.billed = APIPIE_BILLED_NO;
        break;
    case 4:
        end.cost = 1;
        break;
    default:
        break;
    }
    pie_meter_settle(s->m, hold, &end, &charge);
    s->charged += charge;
}

/* Until the budget refuses even the smallest attempt. */
static void *share_work(void *user)
{
    struct share *s = user;
    struct pie_meter_ask ask = meter_ask("t", 2, NOW);
    struct pie_meter_hold hold = {0};
    struct pie_meter_totals t;
    struct apipie_error err;
    pie_error_init(&err, &pie_mem_libc);
    for (int refused = 0; refused < 20;) {
        const apipie_status status = pie_meter_reserve(s->m, &ask, &hold, &err);
        s->failed += status != APIPIE_OK && status != APIPIE_E_BUDGET;
        refused += status != APIPIE_OK;
        pie_meter_totals(s->m, s->seed & 1 ? "t" : NULL, NOW, &t);
        s->over += t.spent + t.reserved + t.unknown > CAP;
        if (status == APIPIE_OK)
            share_settle(s, &hold);
        if (refused > 10)
            ask.estimate = 1;
        /* Where threads take turns (valgrind), the others must not find the file held for a second on end. */
        if (status != APIPIE_OK || (s->seed >> 16 & 7) == 0)
            poll(NULL, 0, 1);
    }
    return NULL;
}

static void share_check(const struct share *all, struct pie_meter *m)
{
    struct pie_meter_totals t;
    int64_t charged = 0, kept = 0;
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(all[i].over, 0);
        assert_int_equal(all[i].failed, 0);
        charged += all[i].charged;
        kept += all[i].kept;
    }
    pie_meter_totals(m, NULL, NOW, &t);
    assert_int_equal(t.spent, charged);
    assert_int_equal(t.unknown, kept);
    assert_int_equal(t.reserved, 0);
    /* and all of it was to be had */
    assert_int_equal(charged + kept, CAP);
}

/* meters: 0 for one without a ledger, else how many share the file. */
static void share_threads(const struct place *at, int meters)
{
    struct pie_meter *m[WORKERS];
    struct share all[WORKERS];
    pthread_t thread[WORKERS];
    const int count = meters != 0 ? meters : 1;
    memset(all, 0, sizeof(all));
    for (int i = 0; i < count; i++) {
        m[i] = meter_on(meters != 0 ? at->path : NULL, NOW);
        pie_meter_set_cap(m[i], i & 1 ? "t" : NULL, CAP);
    }
    for (int i = 0; i < WORKERS; i++) {
        all[i].m = m[i % count];
        all[i].seed = (uint32_t)i + 1;
        assert_int_equal(pthread_create(&thread[i], NULL, share_work, &all[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < count; i++) {
        share_check(all, m[i]);
        assert_null(pie_meter_problem(m[i]));
        pie_meter_free(m[i]);
    }
}

static void threads_without_ledger(void **state)
{
    share_threads(*state, 0);
}

static void threads_on_one_meter(void **state)
{
    share_threads(*state, 1);
}

static void threads_on_their_meters(void **state)
{
    share_threads(*state, WORKERS);
}

/* A child: opens the ledger by itself, as another program does. */
static void share_child(const struct place *at, int number, int out)
{
    struct share s;
    const char *reason = NULL;
    memset(&s, 0, sizeof(s));
    s.m = pie_meter_new(&pie_mem_libc);
    s.seed = (uint32_t)number + 1;
    if (s.m == NULL || pie_meter_open_ledger(s.m, at->path, NOW, &reason) != APIPIE_OK ||
        pie_meter_set_cap(s.m, NULL, CAP) != APIPIE_OK)
        s.failed++;
    else
        share_work(&s);
    s.m = pie_meter_free(s.m);
    if (write(out, &s, sizeof(s)) != (ssize_t)sizeof(s))
        _exit(1);
    _exit(0);
}

static void processes(void **state)
{
    const struct place *at = *state;
    struct share all[WORKERS];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < WORKERS; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            share_child(at, i, ends[1]);
    }
    close(ends[1]);
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(read(ends[0], &all[i], sizeof(all[i])), sizeof(all[i]));
    close(ends[0]);
    for (int i = 0; i < WORKERS; i++) {
        int how = 0;
        assert_true(wait(&how) > 0);
        assert_int_equal(how, 0);
    }
    struct pie_meter *m = meter_on(at->path, NOW);
    share_check(all, m);
    pie_meter_free(m);
}

int main(void)
{
#define SHARED_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
    const struct CMUnitTest tests[] = {
        SHARED_TEST(threads_without_ledger),
        SHARED_TEST(threads_on_one_meter),
        SHARED_TEST(threads_on_their_meters),
        SHARED_TEST(processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
