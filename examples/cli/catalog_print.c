/* SPDX-License-Identifier: MIT */
/* Knows how a list of models is shown: a table of 80 columns, or JSON; decides nothing. */
#include "catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_out.h"
#include "text.h"

/* One cell: cut with a '~' where it does not fit, and safe to show. */
static void print_cell(const char *text, size_t width, int last)
{
    size_t column = 0, length;

    for (; *text != '\0' && column < width; text += length, column++) {
        int32_t character = cli_text_next(text, &length);
        int cut = column + 1 == width && text[length] != '\0';

        if (cut)
            (void)fputc('~', stdout);
        else if (character < 0 || cli_text_steers(character))
            (void)fputc('?', stdout);
        else
            (void)fwrite(text, 1, length, stdout);
    }
    for (; !last && column < width; column++)
        (void)fputc(' ', stdout);
    (void)fputc(last ? '\n' : ' ', stdout);
}

static void print_text(const apipie_catalog *models, size_t i, int32_t field, size_t width)
{
    const char *text = apipie_catalog_text(models, i, field);

    print_cell(text == NULL ? "-" : text, width, 0);
}

/* An amount that is too long ends with a '~'; --json has all of it. */
static void print_price(const apipie_catalog *models, size_t i)
{
    char amount[32] = "-";
    int64_t price = apipie_catalog_number(models, i, APIPIE_MODEL_PRICE);

    if (price >= 0)
        (void)apipie_money_format(price, amount, sizeof amount);
    print_cell(amount, 9, 0);
}

static void print_state(const apipie_catalog *models, size_t i)
{
    char text[32] = "-";
    int64_t ms = apipie_catalog_number(models, i, APIPIE_MODEL_LATENCY);

    if (apipie_catalog_number(models, i, APIPIE_MODEL_ENABLED) == 0)
        (void)snprintf(text, sizeof text, "off");
    else if (apipie_catalog_number(models, i, APIPIE_MODEL_AVAILABLE) == 0)
        (void)snprintf(text, sizeof text, "down");
    else if (ms >= 0)
        (void)snprintf(text, sizeof text, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
    print_cell(text, 7, 1);
}

/* Is it not offered there? */
static int32_t is_restricted(const struct cli_catalog *c, size_t i, const char *country)
{
    return apipie_catalog_is_restricted(
        apipie_request_catalog(c->limits), apipie_catalog_text(c->models, i, APIPIE_MODEL_PROVIDER),
        apipie_catalog_text(c->models, i, APIPIE_MODEL_NAME), country);
}

void cli_catalog_print(const struct cli_catalog *c, const char *country)
{
    const size_t width = country != NULL ? 29 : 34;

    print_cell("MODEL", width, 0);
    if (country != NULL)
        print_cell("HERE", 4, 0);
    print_cell("PROVIDER", 9, 0);
    print_cell("FAMILY", 6, 0);
    print_cell("SPECIALITY", 10, 0);
    print_cell("USD", 9, 0);
    print_cell("LATENCY", 7, 1);
    for (size_t i = 0; i < apipie_catalog_count(c->models); i++) {
        print_text(c->models, i, APIPIE_MODEL_NAME, width);
        if (country != NULL) {
            int32_t restricted = is_restricted(c, i, country);

            print_cell(restricted == 1 ? "no" : restricted == 0 ? "yes" : "?", 4, 0);
        }
        print_text(c->models, i, APIPIE_MODEL_PROVIDER, 9);
        print_text(c->models, i, APIPIE_MODEL_FAMILY, 6);
        print_text(c->models, i, APIPIE_MODEL_SPECIALITY, 10);
        print_price(c->models, i);
        print_state(c->models, i);
    }
}

static void warn(const apipie_request *request)
{
    const apipie_result *result = apipie_request_result(request);

    for (size_t i = 0; i < apipie_result_warning_count(result); i++) {
        (void)fputs("warning: ", stderr);
        cli_text_print(stderr, apipie_result_warning(result, i));
        (void)fputc('\n', stderr);
    }
}

void cli_catalog_warn(const struct cli_catalog *c)
{
    warn(c->request);
    warn(c->limits);
}

/* ---- JSON */

static const struct {
    const char *key;
    int32_t field;
} texts[] = {
    {"provider", APIPIE_MODEL_PROVIDER},
    {"model", APIPIE_MODEL_NAME},
    {"id", APIPIE_MODEL_ID},
    {"type", APIPIE_MODEL_TYPE},
    {"subtype", APIPIE_MODEL_SUBTYPE},
    {"description", APIPIE_MODEL_DESCRIPTION},
    {"best_for", APIPIE_MODEL_BEST_FOR},
    {"family", APIPIE_MODEL_FAMILY},
    {"series", APIPIE_MODEL_SERIES},
    {"version", APIPIE_MODEL_VERSION},
    {"speciality", APIPIE_MODEL_SPECIALITY},
    {"license", APIPIE_MODEL_LICENSE},
    {"license_url", APIPIE_MODEL_LICENSE_URL},
};

static void put_flag(struct cli_json *j, const char *key, int64_t flag)
{
    if (flag < 0)
        cli_json_text(j, key, NULL);
    else
        cli_json_flag(j, key, flag != 0);
}

static void put_details(struct cli_json *j, const apipie_catalog *m, size_t i)
{
    const char *record = apipie_catalog_json(m, i, NULL);

    cli_json_money(j, "input_usd_per_million",
                   apipie_catalog_number(m, i, APIPIE_MODEL_INPUT_PER_MILLION));
    cli_json_money(j, "output_usd_per_million",
                   apipie_catalog_number(m, i, APIPIE_MODEL_OUTPUT_PER_MILLION));
    cli_json_money(j, "input_usd_per_token",
                   apipie_catalog_number(m, i, APIPIE_MODEL_INPUT_PER_TOKEN));
    cli_json_money(j, "output_usd_per_token",
                   apipie_catalog_number(m, i, APIPIE_MODEL_OUTPUT_PER_TOKEN));
    cli_json_number(j, "max_images", apipie_catalog_number(m, i, APIPIE_MODEL_MAX_IMAGES));
    cli_json_value(j, "record", record != NULL ? record : "null");
}

static void put_model(struct cli_json *j, const struct cli_catalog *c, size_t i,
                      const struct cli_options *o)
{
    const apipie_catalog *m = c->models;

    cli_json_open(j, NULL, '{');
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        cli_json_text(j, texts[t].key, apipie_catalog_text(m, i, texts[t].field));
    cli_json_money(j, "price_usd", apipie_catalog_number(m, i, APIPIE_MODEL_PRICE));
    cli_json_number(j, "latency_ms", apipie_catalog_number(m, i, APIPIE_MODEL_LATENCY));
    cli_json_number(j, "query_count", apipie_catalog_number(m, i, APIPIE_MODEL_QUERY_COUNT));
    cli_json_number(j, "width", apipie_catalog_number(m, i, APIPIE_MODEL_WIDTH));
    cli_json_number(j, "height", apipie_catalog_number(m, i, APIPIE_MODEL_HEIGHT));
    put_flag(j, "edits", apipie_catalog_number(m, i, APIPIE_MODEL_EDITS));
    put_flag(j, "enabled", apipie_catalog_number(m, i, APIPIE_MODEL_ENABLED));
    put_flag(j, "available", apipie_catalog_number(m, i, APIPIE_MODEL_AVAILABLE));
    put_flag(j, "listed", apipie_catalog_number(m, i, APIPIE_MODEL_LIVE));
    put_flag(j, "built_in", apipie_catalog_number(m, i, APIPIE_MODEL_BUILT_IN));
    if (o->country != NULL)
        put_flag(j, "restricted", is_restricted(c, i, o->country));
    if (o->detailed)
        put_details(j, m, i);
    cli_json_close(j, '}');
}

static void put_warnings(struct cli_json *j, const apipie_request *request)
{
    const apipie_result *result = apipie_request_result(request);

    for (size_t i = 0; i < apipie_result_warning_count(result); i++)
        cli_json_text(j, NULL, apipie_result_warning(result, i));
}

void cli_catalog_print_json(const struct cli_catalog *c, const struct cli_options *o)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_open(&j, "models", '[');
    for (size_t i = 0; i < apipie_catalog_count(c->models); i++)
        put_model(&j, c, i, o);
    cli_json_close(&j, ']');
    cli_json_open(&j, "warnings", '[');
    put_warnings(&j, c->request);
    put_warnings(&j, c->limits);
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}
