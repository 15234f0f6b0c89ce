/* SPDX-License-Identifier: MIT */
/* Knows how groups of models are shown side by side; the library compares them. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "json_out.h"
#include "moment.h"
#include "offer.h"
#include "since.h"
#include "table.h"

int32_t cli_compare_field(const char *by)
{
    static const struct {
        const char *word;
        int32_t field;
    } fields[] = {{"family", APIPIE_MODEL_FAMILY},
                  {"series", APIPIE_MODEL_SERIES},
                  {"version", APIPIE_MODEL_VERSION},
                  {"speciality", APIPIE_MODEL_SPECIALITY}};

    for (size_t i = 0; by != NULL && i < sizeof fields / sizeof *fields; i++)
        if (strcmp(by, fields[i].word) == 0)
            return fields[i].field;
    return APIPIE_MODEL_PROVIDER;
}

apipie_catalog *cli_compare_select(apipie_catalog *all, const struct cli_options *o)
{
    const struct {
        const char *value;
        int32_t field;
    } texts[] = {{o->family, APIPIE_MODEL_FAMILY},
                 {o->speciality, APIPIE_MODEL_SPECIALITY},
                 {o->series, APIPIE_MODEL_SERIES},
                 {o->provider, APIPIE_MODEL_PROVIDER}};
    apipie_catalog *some = apipie_catalog_ref(all);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        apipie_catalog *before = some;

        if (texts[i].value == NULL)
            continue;
        some = apipie_catalog_where_text(before, texts[i].field, texts[i].value);
        (void)apipie_catalog_unref(before);
    }
    return some;
}

static int64_t figure(const apipie_comparison *c, size_t row, int32_t which)
{
    return apipie_comparison_number(c, row, which);
}

static void show(const apipie_comparison *c)
{
    (void)puts(" group              models  cheapest    median   dearest     ms    p50    ok");
    for (size_t i = 0; i < apipie_comparison_count(c); i++) {
        cli_table_text(apipie_comparison_text(c, i), 18);
        cli_table_number(figure(c, i, APIPIE_COMPARE_MODELS), 6);
        cli_table_money(figure(c, i, APIPIE_COMPARE_PRICE_LOW), 9);
        cli_table_money(figure(c, i, APIPIE_COMPARE_PRICE_MEDIAN), 9);
        cli_table_money(figure(c, i, APIPIE_COMPARE_PRICE_HIGH), 9);
        cli_table_number(figure(c, i, APIPIE_COMPARE_LATENCY_MEDIAN), 6);
        cli_table_number(figure(c, i, APIPIE_COMPARE_P50), 6);
        cli_table_percent(figure(c, i, APIPIE_COMPARE_OK), figure(c, i, APIPIE_COMPARE_TRIES), 5);
        cli_table_end();
    }
}

static void report_group(struct cli_json *j, const apipie_comparison *c, size_t i)
{
    static const struct {
        const char *key;
        int32_t which, money;
    } figures[] = {{"models", APIPIE_COMPARE_MODELS, 0},
                   {"priced", APIPIE_COMPARE_PRICED, 0},
                   {"price_low_usd", APIPIE_COMPARE_PRICE_LOW, 1},
                   {"price_median_usd", APIPIE_COMPARE_PRICE_MEDIAN, 1},
                   {"price_high_usd", APIPIE_COMPARE_PRICE_HIGH, 1},
                   {"timed", APIPIE_COMPARE_TIMED, 0},
                   {"latency_low_ms", APIPIE_COMPARE_LATENCY_LOW, 0},
                   {"latency_median_ms", APIPIE_COMPARE_LATENCY_MEDIAN, 0},
                   {"tries", APIPIE_COMPARE_TRIES, 0},
                   {"ok", APIPIE_COMPARE_OK, 0},
                   {"images", APIPIE_COMPARE_IMAGES, 0},
                   {"price_own_usd", APIPIE_COMPARE_PRICE_OWN, 1},
                   {"p50_ms", APIPIE_COMPARE_P50, 0},
                   {"p95_ms", APIPIE_COMPARE_P95, 0}};

    cli_json_open(j, NULL, '{');
    cli_json_text(j, "name", apipie_comparison_text(c, i));
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++) {
        if (figures[k].money)
            cli_json_money(j, figures[k].key, figure(c, i, figures[k].which));
        else
            cli_json_number(j, figures[k].key, figure(c, i, figures[k].which));
    }
    cli_json_close(j, '}');
}

static void report(const apipie_comparison *c, const char *by)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_text(&j, "by", by != NULL ? by : "provider");
    cli_json_open(&j, "groups", '[');
    for (size_t i = 0; i < apipie_comparison_count(c); i++)
        report_group(&j, c, i);
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

static void compare(const struct cli_offer *offer, const struct cli_options *o,
                    struct cli_failure *f)
{
    apipie_catalog *some = cli_compare_select(offer->catalog, o);
    apipie_comparison *comparison = NULL;

    if (some == NULL ||
        (comparison = apipie_compare(some, offer->stats, cli_compare_field(o->by))) == NULL)
        cli_failure_memory(f);
    else if (o->json)
        report(comparison, o->by);
    else
        show(comparison);
    (void)apipie_comparison_unref(comparison);
    (void)apipie_catalog_unref(some);
}

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "apipie compare --help shows the options";

    if (o->since == CLI_UNSET)
        return;
    if (o->prices == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT,
                        "it names the file that apipie models --prices FILE writes",
                        "--since needs --prices FILE: who knows what it was then?", NULL, NULL);
    else if (o->built_in)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--since compares prices; --builtin knows none",
                        NULL, NULL);
    else if (o->stats != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint,
                        "--since compares what was listed: --stats does not belong to it", NULL,
                        NULL);
    else if (o->since > cli_moment_now())
        cli_failure_set(f, APIPIE_E_ARGUMENT, "it takes " CLI_MOMENT_WANTS,
                        "--since is in the future", NULL, NULL);
}

int cli_compare(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_offer offer = {0};

    check_options(o, &failure);
    if (failure.status == APIPIE_OK)
        cli_offer_open(&offer, o, &failure);
    if (failure.status == APIPIE_OK && o->since != CLI_UNSET)
        cli_since(&offer, o, &failure);
    else if (failure.status == APIPIE_OK)
        compare(&offer, o, &failure);
    return cli_offer_close(&offer, o, &failure);
}
