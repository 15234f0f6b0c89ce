/* SPDX-License-Identifier: MIT */
/* Knows how health is shown, for people and for machines; not where it comes from. */
#include "health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "json_out.h"
#include "table.h"

#define NAME_WIDTH   25
#define REASON_WIDTH 74

static int64_t figure(const apipie_health *h, size_t row, int32_t which)
{
    return apipie_health_number(h, row, which);
}

int cli_health_is_asked(const apipie_health *h, size_t row, const struct cli_options *o)
{
    const char *provider = apipie_health_text(h, row, APIPIE_HEALTH_PROVIDER_NAME);
    const char *model = apipie_health_text(h, row, APIPIE_HEALTH_MODEL);

    return (o->provider == NULL || strcmp(o->provider, provider) == 0) &&
           (o->model == NULL || strcmp(o->model, model) == 0);
}

/* ---- for people */

static void print_name(const apipie_health *h, size_t row)
{
    char where[192];
    const char *provider = cli_table_where(apipie_health_text(h, row, APIPIE_HEALTH_BACKEND),
                                           apipie_health_text(h, row, APIPIE_HEALTH_PROVIDER_NAME),
                                           where, sizeof where);
    const char *model = apipie_health_text(h, row, APIPIE_HEALTH_MODEL);
    int64_t scope = figure(h, row, APIPIE_HEALTH_SCOPE);
    char name[256];

    provider = provider[0] != '\0' ? provider : "any";
    if (scope == APIPIE_HEALTH_ROUTE)
        (void)snprintf(name, sizeof name, "%s/%s", provider, model[0] != '\0' ? model : "any");
    else
        (void)snprintf(name, sizeof name, "%s", scope == APIPIE_HEALTH_GROUP ? model : provider);
    cli_table_text(name, NAME_WIDTH);
}

/* How long it is so: "12s", "5m", "3h", "9d". */
static void print_age(int64_t since_ms, int64_t now_ms)
{
    static const struct {
        int64_t seconds;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    int64_t age = (now_ms - since_ms) / 1000;
    char text[32] = "0s";

    for (size_t i = 0; since_ms >= 0 && i < sizeof units / sizeof *units; i++)
        if (age >= units[i].seconds) {
            (void)snprintf(text, sizeof text, "%" PRId64 "%c", age / units[i].seconds,
                           units[i].letter);
            break;
        }
    cli_table_head(text, 5);
}

static void print_calls(const apipie_health *h, size_t row)
{
    int64_t calls = figure(h, row, APIPIE_HEALTH_CALLS);
    char text[64] = "-";

    if (calls > 0)
        (void)snprintf(text, sizeof text, "%" PRId64 "/%" PRId64,
                       calls - figure(h, row, APIPIE_HEALTH_FAILED), calls);
    cli_table_head(text, 5);
}

/* Seconds, as many digits as fit. */
static void print_seconds(int64_t ms)
{
    char text[32] = "-";

    if (ms >= 0 && ms < 100000)
        (void)snprintf(text, sizeof text, "%" PRId64 ".%02" PRId64, (ms + 5) / 1000,
                       (ms + 5) % 1000 / 10);
    else if (ms >= 0)
        (void)snprintf(text, sizeof text, "%" PRId64, ms / 1000);
    cli_table_head(text, 6);
}

/* 100 only when nothing was amiss. */
static void print_share(int64_t per_mille)
{
    char text[32] = "-";

    if (per_mille == 1000)
        (void)snprintf(text, sizeof text, "100");
    else if (per_mille >= 0)
        (void)snprintf(text, sizeof text, "%" PRId64 ".%" PRId64, per_mille / 10, per_mille % 10);
    cli_table_head(text, 4);
}

static void print_row(const apipie_health *h, size_t row, int64_t now_ms)
{
    int64_t state = figure(h, row, APIPIE_HEALTH_STATE);
    int64_t warning = figure(h, row, APIPIE_HEALTH_WARNING);

    print_name(h, row);
    cli_table_text(apipie_health_name((int32_t)state), 8);
    print_age(figure(h, row, APIPIE_HEALTH_SINCE_MS), now_ms);
    print_calls(h, row);
    print_seconds(figure(h, row, APIPIE_HEALTH_P50_MS));
    print_seconds(figure(h, row, APIPIE_HEALTH_BASELINE_MS));
    for (int32_t which = APIPIE_HEALTH_UPTIME_HOUR; which <= APIPIE_HEALTH_UPTIME_WEEK; which++)
        print_share(figure(h, row, which));
    cli_table_end();
    if (state == APIPIE_HEALTH_HEALTHY && warning == APIPIE_HEALTH_WARNING_NONE)
        return;
    (void)fputs(warning != APIPIE_HEALTH_WARNING_NONE ? "   ! " : "    ", stdout);
    cli_table_text(apipie_health_text(h, row, APIPIE_HEALTH_REASON), -REASON_WIDTH);
    cli_table_end();
}

void cli_health_print(const apipie_health *h, const struct cli_options *o)
{
    static const char *const titles[] = {"route", "provider", "kind of models"};
    static const int32_t scopes[] = {APIPIE_HEALTH_GROUP, APIPIE_HEALTH_PROVIDER,
                                     APIPIE_HEALTH_ROUTE};
    int64_t now_ms = (int64_t)time(NULL) * 1000;

    for (size_t k = 0; k < sizeof scopes / sizeof *scopes; k++) {
        int shown = 0;

        for (size_t row = 0; row < apipie_health_count(h); row++) {
            if (figure(h, row, APIPIE_HEALTH_SCOPE) != scopes[k] || !cli_health_is_asked(h, row, o))
                continue;
            if (!shown) {
                cli_table_text(titles[scopes[k]], NAME_WIDTH);
                (void)puts(" state    since    ok  p50 s  usual hour  day week");
            }
            shown = 1;
            print_row(h, row, now_ms);
        }
    }
}

/* ---- for machines */

static void report_row(struct cli_json *j, const apipie_health *h, size_t row)
{
    static const char *const scopes[] = {"route", "provider", "group"};
    static const char *const warnings[] = {NULL, "errors", "latency"};
    static const struct {
        const char *key;
        int32_t which;
    } figures[] = {{"since_ms", APIPIE_HEALTH_SINCE_MS},
                   {"calls", APIPIE_HEALTH_CALLS},
                   {"failed", APIPIE_HEALTH_FAILED},
                   {"success_per_mille", APIPIE_HEALTH_SUCCESS},
                   {"p50_ms", APIPIE_HEALTH_P50_MS},
                   {"baseline_ms", APIPIE_HEALTH_BASELINE_MS},
                   {"uptime_hour_per_mille", APIPIE_HEALTH_UPTIME_HOUR},
                   {"uptime_day_per_mille", APIPIE_HEALTH_UPTIME_DAY},
                   {"uptime_week_per_mille", APIPIE_HEALTH_UPTIME_WEEK}};
    int64_t listed = figure(h, row, APIPIE_HEALTH_LISTED);

    cli_json_open(j, NULL, '{');
    cli_json_text(j, "scope", scopes[figure(h, row, APIPIE_HEALTH_SCOPE)]);
    cli_json_text(j, "backend", apipie_health_text(h, row, APIPIE_HEALTH_BACKEND));
    cli_json_text(j, "provider", apipie_health_text(h, row, APIPIE_HEALTH_PROVIDER_NAME));
    cli_json_text(j, "model", apipie_health_text(h, row, APIPIE_HEALTH_MODEL));
    cli_json_text(j, "state", apipie_health_name((int32_t)figure(h, row, APIPIE_HEALTH_STATE)));
    cli_json_text(j, "reason", apipie_health_text(h, row, APIPIE_HEALTH_REASON));
    cli_json_text(j, "warning", warnings[figure(h, row, APIPIE_HEALTH_WARNING)]);
    if (listed < 0)
        cli_json_text(j, "listed", NULL);
    else
        cli_json_flag(j, "listed", listed == 1);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        cli_json_number(j, figures[i].key, figure(h, row, figures[i].which));
    cli_json_close(j, '}');
}

void cli_health_print_json(const apipie_health *h, const struct cli_options *o)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_open(&j, "routes", '[');
    for (size_t row = 0; row < apipie_health_count(h); row++)
        if (cli_health_is_asked(h, row, o))
            report_row(&j, h, row);
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

void cli_health_print_check_json(const char *check, int32_t state, const char *reason)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_text(&j, "check", check);
    cli_json_text(&j, "state", apipie_health_name(state));
    cli_json_text(&j, "reason", reason);
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}
