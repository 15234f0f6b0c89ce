/* SPDX-License-Identifier: MIT */
/* Knows the headers in which servers say that none remains, and until when; must not ask a clock or
 * wait. */
#include "engine/bucket_priv.h"

/* Plain numbers from there on are unix times: in seconds (2001 and later), then in milliseconds.
 * From the last one on (2115) they are nothing, and so is what pie_number_seconds takes for "for
 * ever". */
#define RATELIMIT_UNIX_S  INT64_C(1000000000)
#define RATELIMIT_UNIX_MS INT64_C(100000000000)
#define RATELIMIT_NOTHING INT64_C(4600000000000)

static const struct {
    const char *remaining, *reset;
} ratelimit_families[] = {
    {"x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
    {"x-ratelimit-remaining", "x-ratelimit-reset"},
    {"ratelimit-remaining", "ratelimit-reset"},
};

/* A thousandth of each unit in picoseconds. A name that begins with another comes first. */
static const struct {
    const char *name;
    int64_t milli_ps;
} ratelimit_units[] = {
    {"ms", 1000000},
    {"m", INT64_C(60000000000)},
    {"h", INT64_C(3600000000000)},
    {"s", 1000000000},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, /* the micro sign, and the Greek letter */
    {"\xCE\xBCs", 1000},
    {"ns", 1},
};

#define RATELIMIT_MS_PS  INT64_C(1000000000)
#define RATELIMIT_MAX_PS (PIE_RATELIMIT_PAUSE_MAX_MS * RATELIMIT_MS_PS)

/* Takes the unit away from the front. 0 when there is none. */
static int32_t ratelimit_unit(struct pie_slice *s, int64_t *ret_milli_ps)
{
    for (size_t i = 0; i < PIE_COUNT(ratelimit_units); i++) {
        size_t n = strlen(ratelimit_units[i].name);
        if (s->n < n || memcmp(s->p, ratelimit_units[i].name, n) != 0)
            continue;
        *s = pie_slice(s->p + n, s->n - n);
        *ret_milli_ps = ratelimit_units[i].milli_ps;
        return 1;
    }
    return 0;
}

/* Takes "3.5s" away from the front and adds it. 0 when there is no such thing. */
static int32_t ratelimit_term(struct pie_slice *s, int64_t *sum_ps)
{
    size_t n = 0;
    int64_t milli = 0;
    int64_t milli_ps = 0;
    while (n < s->n && (pie_is_digit(s->p[n]) || s->p[n] == '.'))
        n++;
    if (pie_number_seconds(pie_slice(s->p, n), &milli) != APIPIE_OK)
        return 0;
    *s = pie_slice(s->p + n, s->n - n);
    if (!ratelimit_unit(s, &milli_ps))
        return 0;
    if (milli > (RATELIMIT_MAX_PS - *sum_ps) / milli_ps)
        *sum_ps = RATELIMIT_MAX_PS;
    else
        *sum_ps += milli * milli_ps;
    return 1;
}

/* "1h2m3.5s" as Go prints it. 0 when it is none. */
static int64_t ratelimit_duration(struct pie_slice s)
{
    int64_t ps = 0;
    while (s.n != 0) {
        if (!ratelimit_term(&s, &ps))
            return 0;
    }
    return (ps + RATELIMIT_MS_PS - 1) / RATELIMIT_MS_PS;
}

static int64_t ratelimit_now(const struct pie_headers *headers, int64_t now_wall_ms)
{
    /* Our clock may be wrong; the server's own tells how far away its reset is. */
    int64_t date_ms = 0;
    struct pie_slice date = pie_slice_text(pie_headers_get(headers, "date"));
    return pie_number_http_date(date, &date_ms) == APIPIE_OK ? date_ms : now_wall_ms;
}

static int64_t ratelimit_wait(const struct pie_headers *headers, const char *name,
                              int64_t now_wall_ms)
{
    int64_t ms = 0;
    struct pie_slice reset = pie_slice_trim(pie_slice_text(pie_headers_get(headers, name)));
    if (pie_number_seconds(reset, &ms) != APIPIE_OK)
        return ratelimit_duration(reset);
    if (ms / 1000 >= RATELIMIT_NOTHING)
        return 0;
    if (ms / 1000 >= RATELIMIT_UNIX_MS)
        ms /= 1000;
    else if (ms / 1000 < RATELIMIT_UNIX_S)
        return ms;
    return ms - ratelimit_now(headers, now_wall_ms);
}

/* "0" and less than one whole request; a negative number says nothing. */
static int32_t ratelimit_none(const struct pie_headers *headers, const char *name)
{
    int64_t milli = 0;
    struct pie_slice remaining = pie_slice_text(pie_headers_get(headers, name));
    return pie_number_seconds(remaining, &milli) == APIPIE_OK && milli < 1000;
}

int64_t pie_ratelimit_pause(const struct pie_headers *headers, int64_t now_wall_ms)
{
    int64_t longest = 0;
    for (size_t i = 0; i < PIE_COUNT(ratelimit_families); i++) {
        if (!ratelimit_none(headers, ratelimit_families[i].remaining))
            continue;
        int64_t wait = ratelimit_wait(headers, ratelimit_families[i].reset, now_wall_ms);
        longest = wait > longest ? wait : longest;
    }
    return longest < PIE_RATELIMIT_PAUSE_MAX_MS ? longest : PIE_RATELIMIT_PAUSE_MAX_MS;
}
