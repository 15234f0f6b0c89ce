/* SPDX-License-Identifier: MIT */
/* Knows the three forms of an HTTP date (RFC 9110 5.6.7) and ISO 8601; must not ask a clock or a time zone. */
#include "base/base.h"

static const char date_months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

/* Takes the next run of letters, or of digits, and skips what separates. */
static struct pie_slice date_word(struct pie_slice *s)
{
    while (s->n != 0 && !pie_is_digit(s->p[0]) && !pie_is_alpha(s->p[0])) {
        s->p++;
        s->n--;
    }
    struct pie_slice word = {s->p, 0};
    while (s->n != 0 && (pie_is_digit(s->p[0]) || pie_is_alpha(s->p[0]))) {
        word.n++;
        s->p++;
        s->n--;
    }
    return word;
}

static int32_t date_month(struct pie_slice word)
{
    for (int32_t m = 0; m < 12 && word.n == 3; m++) {
        char name[4] = {date_months[m * 3], date_months[m * 3 + 1], date_months[m * 3 + 2], '\0'};
        if (pie_slice_equal_nocase(word, name))
            return m + 1;
    }
    return 0;
}

/* Days since 1970-01-01 in the Gregorian calendar (years of 400 turn around in March). */
static int64_t date_days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date_fields {
    uint64_t day, year, hour, minute, second;
    int32_t month;
};

static apipie_status date_number(struct pie_slice *s, uint64_t most, uint64_t *ret)
{
    apipie_status status = pie_number_uint(date_word(s), ret);
    return status == APIPIE_OK && *ret > most ? APIPIE_E_ARGUMENT : status;
}

static apipie_status date_time(struct pie_slice *s, struct date_fields *f)
{
    apipie_status status = date_number(s, 23, &f->hour);
    if (status == APIPIE_OK)
        status = date_number(s, 59, &f->minute);
    if (status == APIPIE_OK)
        status = date_number(s, 60, &f->second);
    return status;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" */
static apipie_status date_read(struct pie_slice s, struct date_fields *f)
{
    struct pie_slice weekday = date_word(&s);
    if (weekday.n < 3 || !pie_is_alpha(weekday.p[0]))
        return APIPIE_E_ARGUMENT;
    struct pie_slice word = date_word(&s);
    f->month = date_month(word);
    apipie_status status = APIPIE_OK;
    if (f->month != 0) { /* asctime: the year comes last */
        status = date_number(&s, 31, &f->day);
        if (status == APIPIE_OK)
            status = date_time(&s, f);
        return status == APIPIE_OK ? date_number(&s, 9999, &f->year) : status;
    }
    status = pie_number_uint(word, &f->day);
    f->month = date_month(date_word(&s));
    if (status == APIPIE_OK)
        status = date_number(&s, 9999, &f->year);
    return status == APIPIE_OK ? date_time(&s, f) : status;
}

static int64_t date_ms(const struct date_fields *f)
{
    int64_t days = date_days((int64_t)f->year, f->month, (int64_t)f->day);
    int64_t minutes = (days * 24 + (int64_t)f->hour) * 60 + (int64_t)f->minute;
    return (minutes * 60 + (int64_t)f->second) * 1000;
}

apipie_status pie_number_http_date(struct pie_slice s, int64_t *ret_ms)
{
    struct date_fields f;
    memset(&f, 0, sizeof(f));
    if (date_read(s, &f) != APIPIE_OK || f.month == 0 || f.day < 1 || f.day > 31)
        return APIPIE_E_ARGUMENT;
    if (f.year < 100) /* two digits: RFC 850 */
        f.year += f.year < 70 ? 2000 : 1900;
    *ret_ms = date_ms(&f);
    return APIPIE_OK;
}

/* ---- ISO 8601 */

/* Takes one character when it is one of `any`. */
static int32_t date_take(struct pie_slice *s, const char *any)
{
    if (s->n == 0 || memchr(any, s->p[0], strlen(any)) == NULL)
        return 0;
    *s = pie_slice(s->p + 1, s->n - 1);
    return 1;
}

/* Takes exactly so many digits. */
static apipie_status date_digits(struct pie_slice *s, size_t digits, uint64_t most, uint64_t *ret)
{
    if (s->n < digits || pie_number_uint(pie_slice(s->p, digits), ret) != APIPIE_OK || *ret > most)
        return APIPIE_E_ARGUMENT;
    *s = pie_slice(s->p + digits, s->n - digits);
    return APIPIE_OK;
}

static uint64_t date_month_days(uint64_t year, uint64_t month)
{
    if (month == 2)
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* "2024-05-01" */
static apipie_status date_iso_day(struct pie_slice *s, struct date_fields *f)
{
    uint64_t month = 0;
    if (date_digits(s, 4, 9999, &f->year) != APIPIE_OK || f->year == 0 || !date_take(s, "-") ||
        date_digits(s, 2, 12, &month) != APIPIE_OK || month == 0 || !date_take(s, "-") ||
        date_digits(s, 2, date_month_days(f->year, month), &f->day) != APIPIE_OK || f->day == 0)
        return APIPIE_E_ARGUMENT;
    f->month = (int32_t)month;
    return APIPIE_OK;
}

/* "12:34", "12:34:56", "12:34:56.789123": what is below a millisecond is cut off. */
static apipie_status date_iso_time(struct pie_slice *s, struct date_fields *f, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (date_digits(s, 2, 23, &f->hour) != APIPIE_OK || !date_take(s, ":") ||
        date_digits(s, 2, 59, &f->minute) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (!date_take(s, ":"))
        return APIPIE_OK;
    if (date_digits(s, 2, 60, &f->second) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (!date_take(s, ".,"))
        return APIPIE_OK;
    if (s->n == 0 || !pie_is_digit(s->p[0]))
        return APIPIE_E_ARGUMENT;
    for (int64_t unit = 100; s->n != 0 && pie_is_digit(s->p[0]); unit /= 10) {
        *ret_ms += unit * (s->p[0] - '0');
        *s = pie_slice(s->p + 1, s->n - 1);
    }
    return APIPIE_OK;
}

/* "", "Z", "UTC", "GMT", "+02:00", "+0200", "+02": minutes east of Greenwich. */
static apipie_status date_iso_zone(struct pie_slice s, int64_t *ret_minutes)
{
    uint64_t hour = 0;
    uint64_t minute = 0;
    int64_t sign = 1;
    s = pie_slice_trim(s);
    *ret_minutes = 0;
    if (s.n == 0 || pie_slice_equal_nocase(s, "z") || pie_slice_equal_nocase(s, "utc") ||
        pie_slice_equal_nocase(s, "gmt"))
        return APIPIE_OK;
    if (s.p[0] == '-')
        sign = -1;
    if (!date_take(&s, "+-") || date_digits(&s, 2, 23, &hour) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    int32_t more = date_take(&s, ":") || s.n != 0;
    if (more && (date_digits(&s, 2, 59, &minute) != APIPIE_OK || s.n != 0))
        return APIPIE_E_ARGUMENT;
    *ret_minutes = sign * (int64_t)(hour * 60 + minute);
    return APIPIE_OK;
}

apipie_status pie_number_iso_date(struct pie_slice s, int64_t *ret_ms)
{
    struct date_fields f;
    int64_t ms = 0;
    int64_t east = 0;
    memset(&f, 0, sizeof(f));
    s = pie_slice_trim(s);
    if (date_iso_day(&s, &f) != APIPIE_OK || !date_take(&s, "Tt ") ||
        date_iso_time(&s, &f, &ms) != APIPIE_OK || date_iso_zone(s, &east) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    *ret_ms = date_ms(&f) + ms - east * 60000;
    return APIPIE_OK;
}

/* ---- written */

#define DATE_DAY_MS INT64_C(86400000)
#define DATE_LAST   (INT64_C(253402300800000) - 1) /* of the year 9999 */

static void date_put(char *out, int64_t v, int32_t n)
{
    for (int32_t i = n; i > 0; i--) {
        out[i - 1] = (char)('0' + (int)(v % 10));
        v /= 10;
    }
}

/* The year begins in March here, so that the leap day is its last. */
static void date_write(int64_t day, char *out)
{
    int64_t days = day + 719468; /* since 0000-03-01 */
    int64_t of_era = days % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0: March */
    date_put(out, days / 146097 * 400 + year + (month >= 10), 4);
    date_put(out + 5, month < 10 ? month + 3 : month - 9, 2);
    date_put(out + 8, of_year - (153 * month + 2) / 5 + 1, 2);
}

void pie_number_iso_text(int64_t ms, char out[PIE_NUMBER_MAX])
{
    static const char form[] = "0000-00-00T00:00:00.000Z";
    ms = ms > 0 ? ms : 0;
    ms = ms < DATE_LAST ? ms : DATE_LAST;
    memcpy(out, form, sizeof(form));
    date_write(ms / DATE_DAY_MS, out);
    date_put(out + 11, ms / 3600000 % 24, 2);
    date_put(out + 14, ms / 60000 % 60, 2);
    date_put(out + 17, ms / 1000 % 60, 2);
    date_put(out + 20, ms % 1000, 3);
}
