/* SPDX-License-Identifier: MIT */
/* Knows how then and now are told side by side; what was listed then, and what changed, the library says. */
#include "since.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "json_out.h"
#include "moment.h"
#include "table.h"
#include "text.h"

#define NONE SIZE_MAX

struct since {
    const struct cli_options *options;
    apipie_price_history *history;
    apipie_catalog *then, *now; /* of what was listed, those that the options speak of */
    apipie_comparison *before, *after;
    int64_t earliest; /* of the file; APIPIE_UNKNOWN: it is empty */
    int known;        /* it knows something of that moment */
    struct cli_json json;
    int changes; /* told so far */
};

/* ---- read */

static void read_history(struct since *s, apipie_client *client, struct cli_failure *f)
{
    const char *path = s->options->prices;
    apipie_status status = apipie_price_history_load(client, path, &s->history);

    if (status == APIPIE_E_MEMORY)
        cli_failure_set(f, status, "", "out of memory", NULL, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, APIPIE_E_FILE, "apipie models --prices FILE writes it",
                        "--prices: cannot be read: ", path, NULL);
    else if (apipie_price_history_skipped(s->history) != 0)
        (void)fprintf(stderr, "warning: --prices: lines that could not be read: %zu\n",
                      apipie_price_history_skipped(s->history));
}

/* Takes the catalogue; NULL without memory. */
static apipie_catalog *select_listed(apipie_catalog *all, const struct cli_options *o)
{
    apipie_catalog *listed =
        all == NULL ? NULL : apipie_catalog_where_number(all, APIPIE_MODEL_LIVE, 1, 1);
    apipie_catalog *some = listed == NULL ? NULL : cli_compare_select(listed, o);

    (void)apipie_catalog_unref(listed);
    (void)apipie_catalog_unref(all);
    return some;
}

static void look(struct since *s, const struct cli_offer *offer, struct cli_failure *f)
{
    int32_t field = cli_compare_field(s->options->by);

    s->earliest = apipie_price_history_time(s->history, 0);
    s->known = s->earliest != APIPIE_UNKNOWN && s->earliest <= s->options->since;
    s->then = select_listed(apipie_price_history_at(s->history, s->options->since), s->options);
    s->now = select_listed(apipie_catalog_ref(offer->catalog), s->options);
    s->before = s->then == NULL ? NULL : apipie_compare(s->then, NULL, field);
    s->after = s->now == NULL ? NULL : apipie_compare(s->now, NULL, field);
    if (s->before == NULL || s->after == NULL)
        cli_failure_memory(f);
}

static void let_go(struct since *s)
{
    (void)apipie_comparison_unref(s->before);
    (void)apipie_comparison_unref(s->after);
    (void)apipie_catalog_unref(s->then);
    (void)apipie_catalog_unref(s->now);
    (void)apipie_price_history_unref(s->history);
}

/* ---- groups */

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

/* As comparisons are sorted: without case, no name last. */
static int order(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a == NULL) - (b == NULL);
    for (; lower(*a) == lower(*b); a++, b++)
        if (*a == '\0')
            return 0;
    return lower(*a) < lower(*b) ? -1 : 1;
}

typedef void (*group_fn)(struct since *s, const char *name, size_t before, size_t after);

/* Each group once; NONE where a side has none of that name. */
static void each_group(struct since *s, group_fn fn)
{
    size_t i = 0, j = 0, n = apipie_comparison_count(s->before);
    size_t m = apipie_comparison_count(s->after);

    while (i < n || j < m) {
        int side = i == n ? 1 : -1;

        if (i < n && j < m)
            side = order(apipie_comparison_text(s->before, i), apipie_comparison_text(s->after, j));
        fn(s,
           side <= 0 ? apipie_comparison_text(s->before, i) : apipie_comparison_text(s->after, j),
           side <= 0 ? i : NONE, side >= 0 ? j : NONE);
        i += side <= 0;
        j += side >= 0;
    }
}

static const struct {
    const char *word, *key;
    int32_t which, money;
} figures[] = {{"models", "models", APIPIE_COMPARE_MODELS, 0},
               {"cheapest USD", "price_low_usd", APIPIE_COMPARE_PRICE_LOW, 1},
               {"median USD", "price_median_usd", APIPIE_COMPARE_PRICE_MEDIAN, 1},
               {"latency ms", "latency_median_ms", APIPIE_COMPARE_LATENCY_MEDIAN, 0}};

#define FIGURES (sizeof figures / sizeof *figures)

/* In percent; NAN when a side is not known, or it grew from nothing. */
static double change(int64_t then, int64_t now)
{
    if (then < 0 || now < 0 || (then == 0 && now != 0))
        return NAN;
    return then == now ? 0 : ((double)now - (double)then) * 100 / (double)then;
}

/* ---- a table */

static void show_percent(double percent)
{
    char text[32] = "-";

    if (percent > 9999)
        (void)snprintf(text, sizeof text, ">9999%%");
    else if (!isnan(percent) && fabs(percent) < 0.05)
        (void)snprintf(text, sizeof text, percent == 0 ? "0%%" : "%s0.0%%",
                       percent < 0 ? "-" : "+");
    else if (!isnan(percent))
        (void)snprintf(text, sizeof text, fabs(percent) < 99.95 ? "%+.1f%%" : "%+.0f%%", percent);
    cli_table_head(text, 8);
}

static void show_group(struct since *s, const char *name, size_t before, size_t after)
{
    for (size_t i = 0; i < FIGURES; i++) {
        int64_t then = apipie_comparison_number(s->before, before, figures[i].which);
        int64_t now = apipie_comparison_number(s->after, after, figures[i].which);

        cli_table_text(i == 0 ? name : "", 28);
        cli_table_text(figures[i].word, 12);
        if (figures[i].money) {
            cli_table_money(then, 12);
            cli_table_money(now, 12);
        } else {
            cli_table_number(then, 12);
            cli_table_number(now, 12);
        }
        if (figures[i].which != APIPIE_COMPARE_MODELS)
            show_percent(change(then, now));
        cli_table_end();
    }
}

/* What makes no pictures may stand in the file too. */
static int is_image(const struct since *s, const char *provider, const char *model)
{
    const apipie_catalog *sides[] = {s->now, s->then};

    for (size_t i = 0; i < 2; i++) {
        int64_t at = apipie_catalog_find(sides[i], provider, model);
        const char *type = at == APIPIE_UNKNOWN
                               ? NULL
                               : apipie_catalog_text(sides[i], (size_t)at, APIPIE_MODEL_TYPE);

        if (type != NULL)
            return order(type, "image") == 0;
    }
    return 1;
}

/* In the table, in JSON. */
static const char *word_of(int32_t kind, int full)
{
    switch (kind) {
    case APIPIE_CHANGE_NEW:
        return "new";
    case APIPIE_CHANGE_GONE:
        return "gone";
    case APIPIE_CHANGE_AVAILABILITY:
        return full ? "availability" : "state";
    default:
        return "price";
    }
}

static void show_change(void *user, int32_t kind, const char *provider, const char *model,
                        int64_t then, int64_t now)
{
    struct since *s = user;

    if (!is_image(s, provider, model))
        return;
    if (s->changes++ == 0)
        (void)puts(
            "\n model                                 what         then         now   change");
    cli_table_model(provider, model, 37);
    cli_table_text(word_of(kind, 0), 5);
    if (kind == APIPIE_CHANGE_AVAILABILITY) {
        cli_table_head(then ? "up" : "down", 11);
        cli_table_head(now ? "up" : "down", 11);
    } else {
        cli_table_money(then, 11);
        cli_table_money(now, 11);
        show_percent(change(then, now));
    }
    cli_table_end();
}

static void note_unknown(const struct since *s, const char *when)
{
    char first[CLI_MOMENT_TEXT];

    cli_moment_text(s->earliest, first);
    (void)fputs("note: ", stderr);
    cli_text_print(stderr, s->options->prices);
    if (first[0] == '\0')
        (void)fputs(": nothing was written down yet\n", stderr);
    else
        (void)fprintf(stderr, ": knows nothing of %s; it begins at %s\n", when, first);
}

static apipie_status show(struct since *s)
{
    char when[CLI_MOMENT_TEXT];
    apipie_status status = APIPIE_OK;

    cli_moment_text(s->options->since, when);
    (void)printf(" since %s\n", when);
    (void)puts(" group                        figure               then          now   change");
    each_group(s, show_group);
    if (!s->known) {
        note_unknown(s, when);
        return APIPIE_OK;
    }
    status = apipie_catalog_diff(s->then, s->now, show_change, s);
    if (status == APIPIE_OK && s->changes == 0)
        (void)puts("\n no price and no availability changed");
    return status;
}

/* ---- JSON */

static void report_percent(struct cli_json *j, const char *key, double percent)
{
    char text[64];

    if (isnan(percent)) {
        cli_json_raw(j, key, NULL);
        return;
    }
    (void)snprintf(text, sizeof text, "%.3f", fabs(percent) < 0.0005 ? 0 : percent);
    cli_json_raw(j, key, text);
}

static void report_side(struct cli_json *j, const char *key, const apipie_comparison *c, size_t row)
{
    if (row == NONE) {
        cli_json_raw(j, key, NULL);
        return;
    }
    cli_json_open(j, key, '{');
    for (size_t i = 0; i < FIGURES; i++) {
        int64_t v = apipie_comparison_number(c, row, figures[i].which);

        if (figures[i].money)
            cli_json_money(j, figures[i].key, v);
        else
            cli_json_number(j, figures[i].key, v);
    }
    cli_json_close(j, '}');
}

static void report_group(struct since *s, const char *name, size_t before, size_t after)
{
    struct cli_json *j = &s->json;

    cli_json_open(j, NULL, '{');
    cli_json_text(j, "name", name);
    report_side(j, "then", s->before, before);
    report_side(j, "now", s->after, after);
    cli_json_open(j, "change_percent", '{');
    for (size_t i = 0; i < FIGURES; i++)
        report_percent(j, figures[i].key,
                       change(apipie_comparison_number(s->before, before, figures[i].which),
                              apipie_comparison_number(s->after, after, figures[i].which)));
    cli_json_close(j, '}');
    cli_json_close(j, '}');
}

static void report_available(struct cli_json *j, const char *key, int is_said, int64_t available)
{
    if (is_said)
        cli_json_flag(j, key, available == 1);
    else
        cli_json_raw(j, key, NULL);
}

static void report_change(void *user, int32_t kind, const char *provider, const char *model,
                          int64_t then, int64_t now)
{
    struct since *s = user;
    struct cli_json *j = &s->json;
    int available = kind == APIPIE_CHANGE_AVAILABILITY;

    if (!is_image(s, provider, model))
        return;
    cli_json_open(j, NULL, '{');
    cli_json_text(j, "kind", word_of(kind, 1));
    cli_json_text(j, "provider", provider);
    cli_json_text(j, "model", model);
    cli_json_money(j, "then_usd", available ? APIPIE_UNKNOWN : then);
    cli_json_money(j, "now_usd", available ? APIPIE_UNKNOWN : now);
    report_percent(j, "change_percent", available ? NAN : change(then, now));
    report_available(j, "then_available", available, then);
    report_available(j, "now_available", available, now);
    cli_json_close(j, '}');
}

static void report_time(struct cli_json *j, const char *key, int64_t ms)
{
    char text[CLI_MOMENT_TEXT];

    cli_moment_text(ms, text);
    cli_json_text(j, key, text[0] == '\0' ? NULL : text);
}

static apipie_status report(struct since *s)
{
    struct cli_json *j = &s->json;
    apipie_status status = APIPIE_OK;

    j->out = stdout;
    cli_json_open(j, NULL, '{');
    cli_json_flag(j, "ok", 1);
    cli_json_text(j, "by", s->options->by != NULL ? s->options->by : "provider");
    report_time(j, "since", s->options->since);
    report_time(j, "earliest", s->earliest);
    cli_json_flag(j, "known", s->known);
    cli_json_open(j, "groups", '[');
    each_group(s, report_group);
    cli_json_close(j, ']');
    cli_json_open(j, "changes", '[');
    if (s->known)
        status = apipie_catalog_diff(s->then, s->now, report_change, s);
    cli_json_close(j, ']');
    cli_json_close(j, '}');
    (void)fputc('\n', stdout);
    return status;
}

void cli_since(const struct cli_offer *offer, const struct cli_options *o, struct cli_failure *f)
{
    struct since s = {.options = o};

    read_history(&s, offer->client, f);
    if (f->status == APIPIE_OK)
        look(&s, offer, f);
    if (f->status == APIPIE_OK && (o->json ? report(&s) : show(&s)) != APIPIE_OK)
        cli_failure_memory(f);
    let_go(&s);
}
