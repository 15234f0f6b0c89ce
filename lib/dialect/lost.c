/* SPDX-License-Identifier: MIT */
/* Knows which rows of a history can be a call whose end nobody saw; must not know any wire, nor ask a clock. */
#include "dialect/dialect.h"

/* A gateway that writes whole seconds cuts the rest off. */
#define LOST_SECOND_MS 1000

void pie_lost_call_init(struct pie_lost_call *lost, const char *prompt)
{
    memset(lost, 0, sizeof(*lost));
    lost->cost = APIPIE_UNKNOWN;
    for (const char *p = prompt; p != NULL && *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        uint64_t starts = (c & 0xC0) != 0x80;
        lost->prompt_chars += starts;
        lost->prompt_units += starts + (c >= 0xF0); /* a pair in UTF-16 */
    }
}

static int32_t lost_fits_time(const struct pie_lost_call *lost, int64_t at)
{
    int64_t until = at;
    if (at < 0)
        return 0;
    if (at % LOST_SECOND_MS == 0 && at <= INT64_MAX - LOST_SECOND_MS)
        until += LOST_SECOND_MS - 1;
    return until >= lost->from_ms && at <= lost->to_ms;
}

/* A pool is the gateway's own choice: the row names what it chose. */
static int32_t lost_any_route(const struct pie_lost_call *lost)
{
    return pie_slice_equal_nocase(pie_slice_text(lost->provider), "pool");
}

static int32_t lost_fits_provider(const struct pie_lost_call *lost, struct pie_slice provider)
{
    return lost->provider == NULL || provider.n == 0 || lost_any_route(lost) ||
           pie_slice_equal_nocase(provider, lost->provider);
}

/* What stands behind the first "provider/". */
static struct pie_slice lost_bare(struct pie_slice name)
{
    const char *slash = name.n != 0 ? memchr(name.p, '/', name.n) : NULL;
    size_t n = slash != NULL ? (size_t)(slash - name.p) + 1 : 0;
    return pie_slice(name.p + n, name.n - n);
}

static int32_t lost_same(struct pie_slice a, struct pie_slice b)
{
    if (a.n == 0 || a.n != b.n)
        return 0;
    for (size_t i = 0; i < a.n; i++) {
        if (pie_lower(a.p[i]) != pie_lower(b.p[i]))
            return 0;
    }
    return 1;
}

/* Only one of the two may be stripped: "a/x" and "b/x" are two models. */
static int32_t lost_fits_route(const struct pie_lost_call *lost, struct pie_slice route)
{
    struct pie_slice model = pie_slice_text(lost->model);
    if (lost->model == NULL || lost_any_route(lost))
        return 1;
    return lost_same(route, model) || lost_same(lost_bare(route), model) ||
           lost_same(route, lost_bare(model));
}

static int32_t lost_fits_unit(struct pie_slice unit)
{
    return unit.n == 0 || pie_slice_equal_nocase(unit, "image") ||
           pie_slice_equal_nocase(unit, "images");
}

static int32_t lost_fits_prompt(const struct pie_lost_call *lost, int64_t chars)
{
    return chars < 0 || (uint64_t)chars == lost->prompt_chars ||
           (uint64_t)chars == lost->prompt_units;
}

/* Pages move while they are read: new rows push the last of one page to the top of the next. */
static int32_t lost_seen(const struct pie_lost_call *lost, const char *id)
{
    return lost->found != 0 && id[0] != '\0' && strlen(id) < sizeof(lost->id) - 4 &&
           strcmp(id, lost->id) == 0;
}

/* It could be the one just as well, and says nothing: then no other is surely the one. */
static int32_t lost_count_unpriced(struct pie_lost_call *lost)
{
    lost->unpriced++;
    lost->found += lost->found != 0;
    return 0;
}

int32_t pie_lost_call_match(struct pie_lost_call *lost, const struct pie_history_row *row)
{
    char id[sizeof(lost->id)];
    if (!lost_fits_time(lost, row->time_ms) || !lost_fits_unit(row->unit) ||
        !lost_fits_provider(lost, row->provider) || !lost_fits_route(lost, row->route) ||
        !lost_fits_prompt(lost, row->prompt_chars))
        return 0;
    if (row->cost < 0)
        return lost_count_unpriced(lost);
    pie_text_display(row->id, id, sizeof(id));
    if (lost_seen(lost, id))
        return 1;
    if (lost->found == 0) {
        lost->found = lost->unpriced;
        lost->cost = row->cost;
        memcpy(lost->id, id, sizeof(id));
    }
    lost->found++;
    return 1;
}
