/* SPDX-License-Identifier: MIT */
/* Knows how people write a date, a time of day and an age; not what happens at that moment. */
#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    (24 * 60 * MINUTE_MS)

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly so many digits, worth at most `most`; *text moves behind them. */
static int take_digits(const char **text, int digits, int64_t most, int64_t *ret)
{
    int64_t number = 0;

    for (; digits > 0; digits--, ++*text) {
        if (!is_digit(**text))
            return 0;
        number = number * 10 + (**text - '0');
    }
    *ret = number;
    return number <= most;
}

static int take(const char **text, char wanted)
{
    if (**text != wanted)
        return 0;
    ++*text;
    return 1;
}

/* ---- dates */

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Since 1970-01-01. */
static int64_t days_before(int64_t year, int64_t month, int64_t day)
{
    int64_t past = year - 1;
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162 + day - 1;

    for (int64_t m = 1; m < month; m++)
        days += days_of_month(year, m);
    return days;
}

static int take_date(const char **text, int64_t *ret_ms)
{
    int64_t year, month, day;

    if (!take_digits(text, 4, 9999, &year) || year < 1970 || !take(text, '-') ||
        !take_digits(text, 2, 12, &month) || month == 0 || !take(text, '-') ||
        !take_digits(text, 2, days_of_month(year, month), &day) || day == 0)
        return 0;
    *ret_ms = days_before(year, month, day) * DAY_MS;
    return 1;
}

/* ":30", ":30.25" or nothing */
static int take_seconds(const char **text, int64_t *ms)
{
    int64_t seconds;

    if (!take(text, ':'))
        return 1;
    if (!take_digits(text, 2, 59, &seconds))
        return 0;
    *ms += seconds * 1000;
    if (!take(text, '.'))
        return 1;
    if (!is_digit(**text))
        return 0;
    for (int64_t unit = 100; is_digit(**text); unit /= 10, ++*text)
        *ms += unit * (**text - '0');
    return 1;
}

/* "Z", "+02:00", "+0200" or nothing */
static int take_zone(const char **text, int64_t *ms)
{
    int64_t hours, minutes;
    int east = **text == '+';

    if (take(text, 'Z') || take(text, 'z') || **text == '\0')
        return 1;
    if ((!take(text, '+') && !take(text, '-')) || !take_digits(text, 2, 23, &hours))
        return 0;
    (void)take(text, ':');
    if (!take_digits(text, 2, 59, &minutes))
        return 0;
    *ms += (hours * 60 + minutes) * (east ? -MINUTE_MS : MINUTE_MS);
    return 1;
}

static int take_clock(const char **text, int64_t *ms)
{
    int64_t hours, minutes;

    if (!take_digits(text, 2, 23, &hours) || !take(text, ':') ||
        !take_digits(text, 2, 59, &minutes))
        return 0;
    *ms += (hours * 60 + minutes) * MINUTE_MS;
    return take_seconds(text, ms) && take_zone(text, ms);
}

static int read_date(const char *text, int64_t *ret_ms)
{
    if (!take_date(&text, ret_ms))
        return 0;
    if ((take(&text, 'T') || take(&text, 't') || take(&text, ' ')) && !take_clock(&text, ret_ms))
        return 0;
    return *text == '\0' && *ret_ms >= 0;
}

/* ---- ages */

static int read_age(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    static const struct {
        const char *word;
        int64_t ms;
    } units[] = {{"min", MINUTE_MS}, {"h", 60 * MINUTE_MS}, {"d", DAY_MS}, {"w", 7 * DAY_MS}};
    int64_t number = 0;

    if (!is_digit(*text))
        return 0;
    for (; is_digit(*text); text++) {
        if (number > now_ms)
            return 0;
        number = number * 10 + (*text - '0');
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text, units[i].word) != 0)
            continue;
        *ret_ms = now_ms - number * units[i].ms;
        return number <= now_ms / units[i].ms;
    }
    return 0;
}

int cli_moment_read(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    int64_t ms;

    if (!read_age(text, now_ms, &ms) && !read_date(text, &ms))
        return 0;
    *ret_ms = ms;
    return 1;
}

int64_t cli_moment_now(void)
{
    struct timespec now;

    if (timespec_get(&now, TIME_UTC) != TIME_UTC)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_moment_text(int64_t ms, char text[CLI_MOMENT_TEXT])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    char whole[24];

    text[0] = '\0';
    if (ms < 0 || gmtime_r(&seconds, &utc) == NULL ||
        strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return;
    if (ms % 1000 == 0)
        (void)snprintf(text, CLI_MOMENT_TEXT, "%sZ", whole);
    else
        (void)snprintf(text, CLI_MOMENT_TEXT, "%s.%03dZ", whole, (int)(ms % 1000));
}
