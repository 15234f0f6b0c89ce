/* SPDX-License-Identifier: MIT */
/* Knows the three forms of an HTTP date (RFC 9110 5.6.7); must not ask a clock or a time zone. */
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

apipie_status pie_number_http_date(struct pie_slice s, int64_t *ret_ms)
{
    struct date_fields f;
    memset(&f, 0, sizeof(f));
    if (date_read(s, &f) != APIPIE_OK || f.month == 0 || f.day < 1 || f.day > 31)
        return APIPIE_E_ARGUMENT;
    if (f.year < 100) /* two digits: RFC 850 */
        f.year += f.year < 70 ? 2000 : 1900;
    int64_t days = date_days((int64_t)f.year, f.month, (int64_t)f.day);
    *ret_ms =
        (((days * 24 + (int64_t)f.hour) * 60 + (int64_t)f.minute) * 60 + (int64_t)f.second) * 1000;
    return APIPIE_OK;
}
