/* SPDX-License-Identifier: MIT */
/* Knows how numbers are written for a reader, without a locale; not what they mean. */
#include "figure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <apipie/apipie.h>

#include "text.h"

int64_t cli_figure_add(int64_t a, int64_t b)
{
    return b > 0 && a > INT64_MAX - b ? INT64_MAX : a + (b > 0 ? b : 0);
}

/* Groups of three, from the right. */
static void put_groups(int64_t n, char *ret, size_t size)
{
    char digits[24];
    size_t at = 0, length;

    (void)snprintf(digits, sizeof digits, "%" PRId64, n);
    length = strlen(digits);
    for (size_t i = 0; i < length && at + 2 < size; i++) {
        if (i != 0 && (length - i) % 3 == 0)
            ret[at++] = ',';
        ret[at++] = digits[i];
    }
    ret[at] = '\0';
}

struct cli_figure cli_figure_count(int64_t n)
{
    struct cli_figure f = {""};

    if (n >= 0)
        put_groups(n, f.text, sizeof f.text);
    return f;
}

int cli_figure_decimals(int64_t picodollars, int before)
{
    int64_t unit = APIPIE_DOLLAR / 100;
    int decimals = 2;

    for (; decimals < 6 && picodollars % unit != 0; decimals++)
        unit /= 10;
    return picodollars > 0 && decimals > before ? decimals : before;
}

int cli_figure_few(int64_t picodollars, int before)
{
    int64_t least = APIPIE_DOLLAR, unit = APIPIE_DOLLAR / 100;
    int decimals = 2;

    for (; decimals < 6 && picodollars < least && picodollars > 0; decimals++) {
        least /= 10;
        unit /= 10;
    }
    if (picodollars > 0 && picodollars <= INT64_MAX - unit)
        picodollars = (picodollars + unit / 2) / unit * unit;
    return cli_figure_decimals(picodollars, before);
}

struct cli_figure cli_figure_dollars(int64_t picodollars)
{
    return cli_figure_money(picodollars, cli_figure_few(picodollars, 2));
}

struct cli_figure cli_figure_money(int64_t picodollars, int decimals)
{
    struct cli_figure f = {""};
    int64_t unit = APIPIE_DOLLAR, scale = 1;
    char whole[32];

    if (picodollars < 0)
        return f;
    for (int i = 0; i < decimals; i++) {
        unit /= 10;
        scale *= 10;
    }
    picodollars = picodollars / unit + (picodollars % unit >= unit / 2 && unit > 1);
    put_groups(picodollars / scale, whole, sizeof whole);
    (void)snprintf(f.text, sizeof f.text, "$%s.%0*" PRId64, whole, decimals, picodollars % scale);
    return f;
}

struct cli_figure cli_figure_seconds(int64_t ms)
{
    struct cli_figure f = {""};

    if (ms < 0)
        return f;
    if (ms > INT64_MAX - 5)
        ms = INT64_MAX - 5;
    (void)snprintf(f.text, sizeof f.text, "%" PRId64 ".%02" PRId64, (ms + 5) / 1000,
                   (ms + 5) % 1000 / 10);
    return f;
}

struct cli_figure cli_figure_time(int64_t ms)
{
    struct cli_figure f = {""};

    if (ms < 0)
        return f;
    if (ms < 1000)
        (void)snprintf(f.text, sizeof f.text, "%" PRId64 " ms", ms);
    else if (ms < 99950 && ms % 1000 == 0)
        (void)snprintf(f.text, sizeof f.text, "%" PRId64 " s", ms / 1000);
    else if (ms < 9995)
        (void)snprintf(f.text, sizeof f.text, "%.30s s", cli_figure_seconds(ms).text);
    else if (ms < 99950)
        (void)snprintf(f.text, sizeof f.text, "%" PRId64 ".%" PRId64 " s", (ms + 50) / 1000,
                       (ms + 50) % 1000 / 100);
    else if (ms < 600000)
        (void)snprintf(f.text, sizeof f.text, "%" PRId64 " s", (ms + 500) / 1000);
    else
        (void)snprintf(f.text, sizeof f.text, "%.30s min", cli_figure_count(ms / 60000).text);
    return f;
}

struct cli_figure cli_figure_share(int64_t part, int64_t of)
{
    struct cli_figure f = {""};
    int64_t tenths;

    if (of <= 0 || part < 0)
        return f;
    if (part >= of) {
        (void)snprintf(f.text, sizeof f.text, "100 %%");
        return f;
    }
    tenths = (int64_t)((double)part * 1000 / (double)of);
    (void)snprintf(f.text, sizeof f.text, "%" PRId64 ".%" PRId64 " %%", tenths / 10, tenths % 10);
    return f;
}

static int take_apart(int64_t ms, struct tm *ret)
{
    time_t seconds = (time_t)(ms / 1000);

    return ms >= 0 && ms / 1000 <= INT64_C(253402300799) && gmtime_r(&seconds, ret) != NULL;
}

struct cli_figure cli_figure_moment(int64_t ms)
{
    struct cli_figure f = {""};
    struct tm parts;

    if (take_apart(ms, &parts))
        (void)strftime(f.text, sizeof f.text, "%Y-%m-%d %H:%M", &parts);
    return f;
}

struct cli_figure cli_figure_day(int64_t ms)
{
    struct cli_figure f = {""};
    struct tm parts;

    if (take_apart(ms, &parts))
        (void)strftime(f.text, sizeof f.text, "%Y-%m-%d", &parts);
    return f;
}

struct cli_figure cli_figure_short_day(int64_t ms)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct cli_figure f = {""};
    struct tm parts;

    if (take_apart(ms, &parts))
        (void)snprintf(f.text, sizeof f.text, "%d %s", parts.tm_mday, months[parts.tm_mon]);
    return f;
}

void cli_figure_route(const char *provider, const char *model, char *ret, size_t size)
{
    const char *parts[] = {provider, "/", model};
    size_t at = 0, length;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *text = parts[i] != NULL && parts[i][0] != '\0' ? parts[i] : "any";

        for (; *text != '\0'; text += length) {
            (void)cli_text_next(text, &length);
            if (at + length >= size)
                goto end;
            memcpy(ret + at, text, length);
            at += length;
        }
    }
end:
    ret[at] = '\0';
}
