/* SPDX-License-Identifier: MIT */
/* Numbers, money and dates as text, whatever the locale. Pure. */
#ifndef PIE_NUMBER_H
#define PIE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#include "base/text.h"

/* Room for any number that pie_number_* writes, with NUL. */
#define PIE_NUMBER_MAX 40

/* Whole string, decimal digits only; APIPIE_E_ARGUMENT otherwise or when it does not fit. */
apipie_status pie_number_uint(struct pie_slice s, uint64_t *ret);
/* A decimal number as servers write counts: sign, fraction, exponent, comma groups ("310,000");
 * rounded half up, clamped to int64. */
apipie_status pie_number_int(struct pie_slice s, int64_t *ret);
/* Decimal dollars to picodollars: "0.0000001260", "1.26e-7", "310,000.5"; digits below 1e-12 are rounded half
 * up. APIPIE_E_ARGUMENT for anything else, APIPIE_E_LIMIT when it does not fit. */
apipie_status pie_number_money(struct pie_slice s, int64_t *ret);
/* Seconds with a fraction to milliseconds, rounded up: "1.5" -> 1500, "0" -> 0; whole string. */
apipie_status pie_number_seconds(struct pie_slice s, int64_t *ret_ms);
/* The shortest text of 15 digits, or else 17, that reads back as the same double; a point in every locale; finite v
 * only. */
void pie_number_double(double v, char out[PIE_NUMBER_MAX]);
void pie_number_uint_text(uint64_t v, char out[PIE_NUMBER_MAX]);
void pie_number_int_text(int64_t v, char out[PIE_NUMBER_MAX]);
/* "0.008" for 8000000000; "" for a negative amount. */
void pie_number_money_text(int64_t picodollars, char out[PIE_NUMBER_MAX]);
/* An HTTP date in any of the three forms of RFC 9110 5.6.7 to milliseconds since 1970. */
apipie_status pie_number_http_date(struct pie_slice s, int64_t *ret_ms);
/* A date with a time of day after ISO 8601 and RFC 3339, and what passes for it, to milliseconds since 1970 (negative
 * before): "2024-05-01T12:34:56.789Z", a blank for the T, no seconds, no zone (then UTC), "+02:00", "+0200", "+02", " UTC".
 * APIPIE_E_ARGUMENT for anything else, a day that is not in the calendar included; a leap second counts as the next. */
apipie_status pie_number_iso_date(struct pie_slice s, int64_t *ret_ms);
/* "2026-01-31T23:59:59.999Z"; times before 1970 are written as 1970, those after 9999 as its end. */
void pie_number_iso_text(int64_t ms, char out[PIE_NUMBER_MAX]);

#endif
