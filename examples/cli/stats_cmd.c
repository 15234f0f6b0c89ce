/* SPDX-License-Identifier: MIT */
/* Knows `apipie stats`: a file of figures, as a table for people or as text for machines. */
#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "table.h"
#include "text.h"

/* Columns of a terminal, 80 in all. */
#define ROUTE_WIDTH  32
#define NUMBER_WIDTH 8

static const char *const stats_hint = "apipie stats --help shows the options";

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    if (o->file == NULL || o->file[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, stats_hint, "--file is missing", NULL, NULL);
    else if (o->json + o->prometheus + o->openmetrics > 1)
        cli_failure_set(f, APIPIE_E_ARGUMENT, stats_hint,
                        "--json, --prometheus and --openmetrics exclude each other", NULL, NULL);
}

static apipie_stats *load(const struct cli_options *o, struct cli_failure *f)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_status status =
        client != NULL ? apipie_client_load_stats(client, o->file) : APIPIE_E_MEMORY;
    apipie_stats *stats = status == APIPIE_OK ? apipie_client_stats(client) : NULL;

    if (status == APIPIE_OK && stats == NULL)
        status = APIPIE_E_MEMORY;
    if (status == APIPIE_E_FILE)
        cli_failure_set(f, status, "it is what generate --stats FILE writes",
                        "--file: no file of statistics that can be read: ", o->file, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, status, "",
                        "the statistics cannot be read: ", apipie_status_name(status), NULL);
    (void)apipie_client_unref(client);
    return stats;
}

/* ---- for machines */

static void print_text(const apipie_stats *stats, int32_t format, struct cli_failure *f)
{
    size_t n = apipie_stats_format(stats, format, NULL, 0);
    char *text = malloc(n + 1);

    if (text == NULL || apipie_stats_format(stats, format, text, n + 1) != n)
        cli_failure_memory(f);
    else
        (void)fwrite(text, 1, n, stdout);
    if (f->status == APIPIE_OK && format == APIPIE_FORMAT_JSON)
        (void)fputc('\n', stdout);
    free(text);
}

/* ---- for people */

/* Fit for a terminal, in exactly so many columns. */
static void print_cell(const char *text, size_t width)
{
    size_t column = 0, length;

    while (*text != '\0' && column < width - 1) {
        int32_t character = cli_text_next(text, &length);

        if (character < 0 || cli_text_steers(character))
            (void)fputc('?', stdout);
        else
            (void)fwrite(text, 1, length, stdout);
        text += length;
        column++;
    }
    if (*text != '\0') {
        (void)fputc('+', stdout);
        column++;
    }
    for (; column < width; column++)
        (void)fputc(' ', stdout);
}

static void print_route(const apipie_stats *stats, size_t row)
{
    char where[192], route[256];
    const char *provider =
        cli_table_where(apipie_stats_text(stats, row, APIPIE_STATS_BACKEND),
                        apipie_stats_text(stats, row, APIPIE_STATS_PROVIDER), where, sizeof where);
    const char *model = apipie_stats_text(stats, row, APIPIE_STATS_MODEL);

    (void)snprintf(route, sizeof route, "%s/%s", provider[0] != '\0' ? provider : "any",
                   model[0] != '\0' ? model : "any");
    print_cell(route, ROUTE_WIDTH);
}

/* A number never takes more than its column, but for a blank before it. */
static void print_count(int64_t count)
{
    static const char units[] = "kMGTPE";
    int64_t tenths = count > INT64_MAX / 10 ? INT64_MAX : count * 10;
    int unit = -1;

    if (count < 1000000) {
        (void)printf("%*" PRId64, NUMBER_WIDTH, count);
        return;
    }
    for (; tenths >= 10000; unit++)
        tenths /= 1000;
    (void)printf("%*" PRId64 ".%" PRId64 "%c", NUMBER_WIDTH - 3, tenths / 10, tenths % 10,
                 units[unit]);
}

static void print_seconds(int64_t ms)
{
    if (ms == APIPIE_UNKNOWN)
        (void)printf("%*s", NUMBER_WIDTH, "-");
    else
        (void)printf("%*" PRId64 ".%02" PRId64, NUMBER_WIDTH - 3, (ms + 5) / 1000,
                     (ms + 5) % 1000 / 10);
}

/* Four decimals; the exact amount is in the other forms. */
static void print_money(int64_t picodollars)
{
    int64_t rest = picodollars % (APIPIE_DOLLAR / 10000);
    int64_t cents = picodollars / (APIPIE_DOLLAR / 10000) + (rest >= APIPIE_DOLLAR / 20000);

    if (cents >= 10000000)
        print_count(cents / 10000);
    else
        (void)printf("%*" PRId64 ".%04" PRId64, NUMBER_WIDTH - 5, cents / 10000, cents % 10000);
}

struct sums {
    int64_t requests, failed, images, cost;
};

/* A file may hold anything. */
static void add(int64_t *sum, int64_t more)
{
    *sum = *sum > INT64_MAX - more ? INT64_MAX : *sum + more;
}

static void print_sums(const struct sums *s)
{
    print_count(s->requests);
    print_count(s->failed);
    print_count(s->images);
}

static void print_row(const apipie_stats *stats, size_t row, struct sums *all)
{
    struct sums s;

    s.requests = apipie_stats_number(stats, row, APIPIE_STATS_REQUESTS);
    s.failed = s.requests - apipie_stats_number(stats, row, APIPIE_STATS_REQUESTS_OK);
    s.images = apipie_stats_number(stats, row, APIPIE_STATS_IMAGES);
    s.cost = apipie_stats_number(stats, row, APIPIE_STATS_COST);
    print_route(stats, row);
    print_sums(&s);
    print_seconds(apipie_stats_quantile(stats, row, APIPIE_STATS_TOTAL, 500));
    print_seconds(apipie_stats_quantile(stats, row, APIPIE_STATS_TOTAL, 950));
    print_money(s.cost);
    (void)fputc('\n', stdout);
    add(&all->requests, s.requests);
    add(&all->failed, s.failed);
    add(&all->images, s.images);
    add(&all->cost, s.cost);
}

static void print_failures(const apipie_stats *stats)
{
    const char *title = "\nfailed\n";
    apipie_status status;

    for (size_t row = 0; row < apipie_stats_count(stats); row++)
        for (size_t n = 0; (status = apipie_stats_error_code(stats, row, n)) != APIPIE_OK; n++) {
            (void)fputs(title, stdout);
            title = "";
            print_route(stats, row);
            print_count(apipie_stats_errors(stats, row, status));
            (void)printf("  %s\n", apipie_status_name(status));
        }
}

static void print_table(const apipie_stats *stats)
{
    struct sums all = {0, 0, 0, 0};

    print_cell("route", ROUTE_WIDTH);
    (void)puts("requests  failed  images   p50 s   p95 s     USD");
    for (size_t row = 0; row < apipie_stats_count(stats); row++)
        print_row(stats, row, &all);
    print_cell("all", ROUTE_WIDTH);
    print_sums(&all);
    (void)printf("%*s", 2 * NUMBER_WIDTH, "");
    print_money(all.cost);
    (void)fputc('\n', stdout);
    print_failures(stats);
}

int cli_stats(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    apipie_stats *stats = NULL;

    check_options(o, &failure);
    if (failure.status == APIPIE_OK)
        stats = load(o, &failure);
    if (stats != NULL) {
        if (o->json)
            print_text(stats, APIPIE_FORMAT_JSON, &failure);
        else if (o->prometheus)
            print_text(stats, APIPIE_FORMAT_PROMETHEUS, &failure);
        else if (o->openmetrics)
            print_text(stats, APIPIE_FORMAT_OPENMETRICS, &failure);
        else
            print_table(stats);
        if (fflush(stdout) != 0 || ferror(stdout))
            cli_failure_set(&failure, APIPIE_E_FILE, "",
                            "cannot write to stdout: ", strerror(errno), NULL);
    }
    (void)apipie_stats_unref(stats);
    return cli_report(&failure, o->json);
}
