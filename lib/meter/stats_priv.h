/* SPDX-License-Identifier: MIT */
/* The words that statistics have in JSON, written and read. */
#ifndef PIE_METER_STATS_PRIV_H
#define PIE_METER_STATS_PRIV_H

#include "meter/meter.h"

extern const char *const pie_stats_text_names[PIE_STATS_TEXTS]; /* by APIPIE_STATS_BACKEND ... */
extern const char
    *const pie_stats_number_names[PIE_STATS_NUMBERS];           /* by APIPIE_STATS_REQUESTS ... */
extern const char *const pie_stats_time_names[PIE_STATS_TIMES]; /* by APIPIE_STATS_TOTAL ... */
/* 1: decimal dollars, in quotes. */
int32_t pie_stats_is_money(size_t which);

#endif
