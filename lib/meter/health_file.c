/* SPDX-License-Identifier: MIT */
/* Knows how the health of a route is kept in a file between two runs, a place a line; must not judge it. Breakers are not kept: a new
 * process tries the way anew. */
#include "meter/sealed_priv.h"

/* What a double is kept in: thousandths of milliseconds, millionths of the rest. */
#define HEALTHFILE_MICRO 1000.0
#define HEALTHFILE_PPM   1000000.0
#define HEALTHFILE_MOST  1e15
/* Minutes since 1970 that fit a time. */
#define HEALTHFILE_MINUTES (INT64_MAX / 60000 - PIE_UPTIME_WEEK)

const struct pie_sealed pie_health_sealed = {"apipie-health 1\n", "it is no file of health"};

static const char *const healthfile_scopes[] = {"route", "provider", "group"};
static const char *const healthfile_texts[PIE_HEALTH_TEXTS] = {"backend", "provider", "model"};
static const char healthfile_minutes[] = " udb"; /* up, down, both */

/* ---- written */

static void healthfile_name(struct pie_buf *out, const char *name)
{
    if (out->n != 0 && out->p[out->n - 1] != '{')
        pie_buf_add_char(out, ',');
    pie_buf_add_char(out, '"');
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, "\":");
}

static void healthfile_text(struct pie_buf *out, const char *name, const char *text)
{
    healthfile_name(out, name);
    pie_json_string(out, pie_slice_text(text));
}

static void healthfile_number(struct pie_buf *out, const char *name, int64_t v)
{
    healthfile_name(out, name);
    pie_buf_add_int(out, v);
}

static void healthfile_real(struct pie_buf *out, const char *name, double v, double unit)
{
    double scaled = v * unit + 0.5;
    healthfile_number(out, name,
                      (int64_t)(scaled < 0                 ? 0
                                : scaled > HEALTHFILE_MOST ? HEALTHFILE_MOST
                                                           : scaled));
}

/* The oldest first: [when, good, milliseconds or -1]. */
static void healthfile_write_calls(struct pie_buf *out, const struct pie_window *w)
{
    healthfile_name(out, "calls");
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < w->count; i++) {
        const struct pie_window_call *call = pie_window_at(w, i);
        pie_buf_add_text(out, i != 0 ? ",[" : "[");
        pie_buf_add_int(out, call->at_ms);
        pie_buf_add_text(out, call->good ? ",1," : ",0,");
        pie_buf_add_int(out, call->took_ms);
        pie_buf_add_char(out, ']');
    }
    pie_buf_add_char(out, ']');
}

static void healthfile_write_trend(struct pie_buf *out, const struct pie_trend *t)
{
    healthfile_name(out, "usual");
    pie_buf_add_char(out, '{');
    healthfile_number(out, "fed", t->fed);
    healthfile_name(out, "first");
    pie_buf_add_char(out, '[');
    for (size_t i = 0; t->timed < PIE_TREND_CALLS && i < t->timed; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_buf_add_int(out, t->first[i]);
    }
    pie_buf_add_char(out, ']');
    if (t->timed == PIE_TREND_CALLS) {
        healthfile_real(out, "baseline_us", t->baseline, HEALTHFILE_MICRO);
        healthfile_real(out, "spread_us", t->spread, HEALTHFILE_MICRO);
    }
    healthfile_real(out, "rate_ppm", t->rate, HEALTHFILE_PPM);
    healthfile_real(out, "errors_ppm", t->errors, HEALTHFILE_PPM);
    healthfile_real(out, "times_ppm", t->times, HEALTHFILE_PPM);
    pie_buf_add_char(out, '}');
}

/* From the first known minute on: "3u 2d" as "3u57 2d" when 57 of which nothing is known lie between. */
static void healthfile_write_minutes(struct pie_buf *out, const struct pie_uptime *u)
{
    int64_t m = u->head - PIE_UPTIME_WEEK + 1;
    while (m < u->head && pie_uptime_at(u, m) == 0)
        m++;
    healthfile_number(out, "minute", m > 0 ? m : 0);
    healthfile_name(out, "minutes");
    pie_buf_add_char(out, '"');
    while (m > 0 && m <= u->head) {
        int32_t what = pie_uptime_at(u, m);
        int64_t from = m;
        while (m <= u->head && pie_uptime_at(u, m) == what)
            m++;
        pie_buf_add_int(out, m - from);
        pie_buf_add_char(out, healthfile_minutes[what]);
    }
    pie_buf_add_char(out, '"');
}

static void healthfile_write_listed(struct pie_buf *out, const struct pie_health_word *l)
{
    if (l->usable == APIPIE_UNKNOWN)
        return;
    healthfile_name(out, "listed");
    pie_buf_add_char(out, '{');
    healthfile_number(out, "usable", l->usable);
    healthfile_number(out, "refuted", l->refuted);
    healthfile_number(out, "at_ms", l->at_ms);
    healthfile_number(out, "down_ms", l->down_ms);
    pie_buf_add_char(out, '}');
}

void pie_health_write(struct pie_buf *out, const struct pie_health_row *row)
{
    const struct pie_health *h = &row->health;
    pie_buf_add_char(out, '{');
    healthfile_text(out, "scope", healthfile_scopes[row->scope]);
    for (size_t i = 0; i < PIE_HEALTH_TEXTS; i++)
        healthfile_text(out, healthfile_texts[i], row->text[i]);
    healthfile_text(out, "state", pie_health_name(h->state));
    healthfile_text(out, "own", pie_health_name(h->own));
    healthfile_number(out, "since_ms", h->since_ms);
    healthfile_number(out, "good_ms", h->good_ms);
    healthfile_number(out, "good_run", h->good_run);
    healthfile_number(out, "bad_run", h->bad_run);
    healthfile_number(out, "warning", h->warning);
    healthfile_number(out, "quiet", h->quiet);
    healthfile_number(out, "slow", h->slow);
    healthfile_write_listed(out, &h->listed);
    healthfile_write_calls(out, &h->window);
    healthfile_write_trend(out, &h->trend);
    healthfile_write_minutes(out, &h->uptime);
    pie_buf_add_char(out, '}');
}

static void healthfile_write_row(const void *user, size_t n, struct pie_buf *out)
{
    const struct apipie_health *s = user;
    pie_health_write(out, &s->rows[n]);
}

apipie_status pie_health_save(const struct apipie_health *s, const char *path,
                              const char **ret_reason)
{
    return pie_sealed_save(s->mem, path, &pie_health_sealed, s->count, healthfile_write_row, s,
                           ret_reason);
}

/* ---- read. *good becomes 0 for what was never written so. */

static int64_t healthfile_int(const struct pie_node *node, int64_t least, int64_t most,
                              int32_t *good)
{
    int64_t v = 0;
    if (pie_node_int(node, &v) == APIPIE_OK && v >= least && v <= most)
        return v;
    *good = 0;
    return least;
}

static int64_t healthfile_of(const struct pie_node *object, const char *name, int64_t least,
                             int64_t most, int32_t *good)
{
    return healthfile_int(pie_node_get(object, name), least, most, good);
}

static double healthfile_real_of(const struct pie_node *object, const char *name, double unit,
                                 int32_t *good)
{
    return (double)healthfile_of(object, name, 0, (int64_t)HEALTHFILE_MOST, good) / unit;
}

static int32_t healthfile_state(const struct pie_node *object, const char *name, int32_t *good)
{
    struct pie_slice text = pie_node_text(pie_node_get(object, name));
    for (int32_t i = APIPIE_HEALTH_UNKNOWN; i <= APIPIE_HEALTH_DOWN; i++) {
        if (pie_slice_equal(text, pie_health_name(i)))
            return i;
    }
    *good = 0;
    return APIPIE_HEALTH_UNKNOWN;
}

static void healthfile_read_calls(const struct pie_node *list, struct pie_window *w, int32_t *good)
{
    size_t n = pie_node_count(list);
    *good = *good && n <= PIE_WINDOW_CALLS;
    for (size_t i = 0; i < n && *good; i++) {
        const struct pie_node *call = pie_node_at(list, i);
        int64_t at = healthfile_int(pie_node_at(call, 0), 0, INT64_MAX - PIE_WINDOW_MS, good);
        int64_t well = healthfile_int(pie_node_at(call, 1), 0, 1, good);
        int64_t took =
            healthfile_int(pie_node_at(call, 2), APIPIE_UNKNOWN, (int64_t)HEALTHFILE_MOST, good);
        pie_window_add(w, at, (int32_t)well, took);
    }
}

static void healthfile_read_trend(const struct pie_node *usual, struct pie_trend *t, int32_t *good)
{
    const struct pie_node *first = pie_node_get(usual, "first");
    t->fed = healthfile_of(usual, "fed", 0, INT64_MAX, good);
    t->timed = pie_node_count(first);
    if (pie_node_get(usual, "baseline_us") != NULL) {
        t->timed = PIE_TREND_CALLS;
        t->baseline = healthfile_real_of(usual, "baseline_us", HEALTHFILE_MICRO, good);
        t->spread = healthfile_real_of(usual, "spread_us", HEALTHFILE_MICRO, good);
    } else if (t->timed >= PIE_TREND_CALLS) {
        *good = 0;
    }
    for (size_t i = 0; *good && t->timed < PIE_TREND_CALLS && i < t->timed; i++)
        t->first[i] = healthfile_int(pie_node_at(first, i), 0, (int64_t)HEALTHFILE_MOST, good);
    t->rate = healthfile_real_of(usual, "rate_ppm", HEALTHFILE_PPM, good);
    t->errors = healthfile_real_of(usual, "errors_ppm", HEALTHFILE_PPM, good);
    t->times = healthfile_real_of(usual, "times_ppm", HEALTHFILE_PPM, good);
}

/* One run of minutes, as long as it may be; 0 when the text is none. */
static int64_t healthfile_run(struct pie_slice *text, int32_t *ret_what)
{
    int64_t n = 0;
    size_t i = 0;
    for (; i < text->n && pie_is_digit(text->p[i]) && n <= PIE_UPTIME_WEEK; i++)
        n = n * 10 + (text->p[i] - '0');
    const char *what = i < text->n ? strchr(healthfile_minutes, text->p[i]) : NULL;
    if (what == NULL || *what == '\0' || n > PIE_UPTIME_WEEK)
        return 0;
    *ret_what = (int32_t)(what - healthfile_minutes);
    *text = pie_slice(text->p + i + 1, text->n - i - 1);
    return n;
}

static void healthfile_read_minutes(const struct pie_node *root, struct pie_uptime *u,
                                    int32_t *good)
{
    struct pie_slice text = pie_node_text(pie_node_get(root, "minutes"));
    int64_t minute = healthfile_of(root, "minute", 0, HEALTHFILE_MINUTES, good);
    int64_t end = minute + PIE_UPTIME_WEEK;
    while (text.n != 0 && *good) {
        int32_t what = 0;
        int64_t n = healthfile_run(&text, &what);
        *good = n != 0 && minute + n <= end;
        for (int64_t m = minute; *good && what != 0 && m < minute + n; m++)
            pie_uptime_mark(u, m * 60000, what);
        minute += n;
    }
}

static void healthfile_read_listed(const struct pie_node *listed, struct pie_health_word *l,
                                   int32_t *good)
{
    if (listed == NULL)
        return;
    l->usable = (int32_t)healthfile_of(listed, "usable", 0, 1, good);
    l->refuted = (int32_t)healthfile_of(listed, "refuted", 0, 1, good);
    l->at_ms = healthfile_of(listed, "at_ms", 0, INT64_MAX - PIE_WINDOW_MS, good);
    l->down_ms = healthfile_of(listed, "down_ms", 0, INT64_MAX - PIE_WINDOW_MS, good);
}

static int32_t healthfile_read_names(const struct pie_node *root, struct pie_health_row *ret,
                                     struct pie_slice text[PIE_HEALTH_TEXTS])
{
    struct pie_slice scope = pie_node_text(pie_node_get(root, "scope"));
    ret->scope = 0;
    while ((size_t)ret->scope < PIE_COUNT(healthfile_scopes) &&
           !pie_slice_equal(scope, healthfile_scopes[ret->scope]))
        ret->scope++;
    for (size_t i = 0; i < PIE_HEALTH_TEXTS; i++) {
        const struct pie_node *node = pie_node_get(root, healthfile_texts[i]);
        text[i] = pie_node_text(node);
        if (pie_node_kind(node) != PIE_JSON_TEXT || memchr(text[i].p, '\0', text[i].n) != NULL)
            return 0;
    }
    return (size_t)ret->scope < PIE_COUNT(healthfile_scopes);
}

int32_t pie_health_read(const struct pie_node *root, struct pie_health_row *ret,
                        struct pie_slice text[PIE_HEALTH_TEXTS])
{
    struct pie_health *h = &ret->health;
    int32_t good = healthfile_read_names(root, ret, text);
    if (!good)
        return 0;
    pie_health_init(h, 0);
    h->state = healthfile_state(root, "state", &good);
    h->own = healthfile_state(root, "own", &good);
    h->since_ms = healthfile_of(root, "since_ms", 0, INT64_MAX, &good);
    h->good_ms = healthfile_of(root, "good_ms", APIPIE_UNKNOWN, INT64_MAX, &good);
    h->good_run = (int32_t)healthfile_of(root, "good_run", 0, INT32_MAX, &good);
    h->bad_run = (int32_t)healthfile_of(root, "bad_run", 0, INT32_MAX, &good);
    h->warning = (int32_t)healthfile_of(root, "warning", 0, APIPIE_HEALTH_WARNING_LATENCY, &good);
    h->quiet = (int32_t)healthfile_of(root, "quiet", 0, INT32_MAX / 2, &good);
    h->slow = (int32_t)healthfile_of(root, "slow", 0, 1, &good);
    healthfile_read_listed(pie_node_get(root, "listed"), &h->listed, &good);
    healthfile_read_calls(pie_node_get(root, "calls"), &h->window, &good);
    healthfile_read_trend(pie_node_get(root, "usual"), &h->trend, &good);
    healthfile_read_minutes(root, &h->uptime, &good);
    return good;
}
