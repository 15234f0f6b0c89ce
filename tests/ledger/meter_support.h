/* SPDX-License-Identifier: MIT */
/* Short words for the tests of the meter and its ledger. */
#ifndef METER_SUPPORT_H
#define METER_SUPPORT_H

#include "meter/meter.h"

/* An instant: hours into day 20000 since 1970, 2024-10-04. */
#define HOUR(h) (INT64_C(20000) * 86400000 + (int64_t)(h)*3600000)
/* Dollars in thousandths. */
#define MILLI(n) ((int64_t)(n) * (APIPIE_DOLLAR / 1000))

/* A folder of its own, and the path of a ledger in it that is not there yet. */
struct place {
    char folder[64];
    char path[80];
};
int place_setup(void **state);
int place_teardown(void **state);

/* A meter on a ledger (path NULL: without one). */
struct pie_meter *meter_on(const char *path, int64_t now);
struct pie_meter_ask meter_ask(const char *tag, int64_t estimate, int64_t now);
/* The status of a reservation; the hold is open on success. */
apipie_status meter_try(struct pie_meter *m, const char *tag, int64_t estimate, int64_t now,
                        struct pie_meter_hold *ret);
/* One that must be granted. */
struct pie_meter_hold meter_take(struct pie_meter *m, const char *tag, int64_t estimate,
                                 int64_t now);
/* What counts then. */
int64_t meter_settle(struct pie_meter *m, struct pie_meter_hold *hold, int32_t billed, int64_t cost,
                     int64_t now);
/* Fails with the line of the caller unless the totals are these. */
#define EXPECT_TOTALS(m, tag, now, spent, estimated, reserved, unknown, count)                     \
    meter_expect(m, tag, now,                                                                      \
                 (const struct pie_meter_totals){spent, estimated, reserved, unknown, count},      \
                 __FILE__, __LINE__)
void meter_expect(struct pie_meter *m, const char *tag, int64_t now, struct pie_meter_totals want,
                  const char *file, int line);

/* The file's bytes with a NUL behind them: free(). */
char *file_read(const char *path, size_t *ret_n);
void file_write(const char *path, const char *p, size_t n);
void file_append(const char *path, const char *text);
/* How many lines hold the text (NULL: all lines). */
size_t file_lines_with(const char *path, const char *text);

#endif
