/* SPDX-License-Identifier: MIT */
/* What an attempt's money costs in time: measure [COUNT]. Prints figures, judges nothing. */
#include "meter_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW HOUR(12)

static double measure_pairs(struct pie_meter *m, int count)
{
    struct pie_meter_ask ask = meter_ask("web", MILLI(8), NOW);
    struct pie_meter_end end = {APIPIE_BILLED_YES, APIPIE_OUTCOME_DELIVERED, MILLI(7),
                                "5f3c9b0e-0000-4000-8000-000000000000", NOW};
    struct pie_meter_hold hold = {0};
    struct apipie_error err;
    int64_t charge = 0;
    pie_error_init(&err, &pie_mem_libc);
    const int64_t start = pie_clock_us();
    for (int i = 0; i < count; i++) {
        end.billed = i % 10 == 0 ? APIPIE_BILLED_UNKNOWN : APIPIE_BILLED_YES;
        if (pie_meter_reserve(m, &ask, &hold, &err) != APIPIE_OK)
            exit(1);
        pie_meter_settle(m, &hold, &end, &charge);
    }
    return (double)(pie_clock_us() - start);
}

static void measure_say(const char *what, double us, int count)
{
    printf("%-40s %8.2f us each, %8.1f ms in all\n", what, us / count, us / 1000);
}

static double measure_open(const char *path, int64_t now)
{
    const char *reason = NULL;
    struct pie_meter *m = pie_meter_new(&pie_mem_libc);
    const int64_t start = pie_clock_us();
    if (pie_meter_open_ledger(m, path, now, &reason) != APIPIE_OK)
        exit(1);
    const double us = (double)(pie_clock_us() - start);
    pie_meter_free(m);
    return us;
}

int main(int argc, char **argv)
{
    const int count = argc > 1 ? atoi(argv[1]) : 100000;
    const char *reason = NULL;
    char path[64];
    struct pie_meter_totals t;
    snprintf(path, sizeof(path), "/tmp/apipie-measure-%d", (int)getpid());
    struct pie_meter *m = pie_meter_new(&pie_mem_libc);
    measure_say("reserve and settle, no ledger", measure_pairs(m, count), count);
    pie_meter_free(m);
    m = pie_meter_new(&pie_mem_libc);
    if (pie_meter_open_ledger(m, path, NOW, &reason) != APIPIE_OK)
        return 1;
    pie_meter_set_cap(m, NULL, INT64_MAX);
    measure_say("reserve and settle, with a ledger", measure_pairs(m, count), count);
    const int64_t start = pie_clock_us();
    for (int i = 0; i < count; i++)
        pie_meter_totals(m, NULL, NOW, &t);
    measure_say("totals, with a ledger", (double)(pie_clock_us() - start), count);
    measure_say("opening it again, a line of today", measure_open(path, NOW), 2 * count);
    measure_say("opening it again, a line of another day", measure_open(path, HOUR(100)),
                2 * count);
    pie_meter_free(m);
    unlink(path);
    return 0;
}
