/* SPDX-License-Identifier: MIT */
/* Knows how cells are cut and filled; not what stands in them. */
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <apipie/apipie.h>

#include "text.h"

#define MICRODOLLAR INT64_C(1000000)

static int characters(const char *text)
{
    int n = 0;

    for (size_t length; *text != '\0'; text += length, n++)
        (void)cli_text_next(text, &length);
    return n;
}

static void put(const char *text, int width, int fill)
{
    int n = characters(text), shown = n <= width ? n : width - 1;
    char part[8];

    for (int i = 0; i < shown; i++) {
        size_t length;

        (void)cli_text_next(text, &length);
        memcpy(part, text, length);
        part[length] = '\0';
        cli_text_print(stdout, part);
        text += length;
    }
    if (shown < n)
        (void)fputc('~', stdout);
    for (int i = shown + (shown < n); fill && i < width; i++)
        (void)fputc(' ', stdout);
}

void cli_table_text(const char *text, int width)
{
    (void)fputc(' ', stdout);
    put(text != NULL ? text : "-", width < 0 ? -width : width, width > 0);
}

const char *cli_table_where(const char *backend, const char *provider, char *text, size_t room)
{
    int named = provider != NULL && provider[0] != '\0';

    if (backend == NULL || backend[0] == '\0' || strcmp(backend, "apipie") == 0)
        return provider;
    (void)snprintf(text, room, "%s%s%s", backend, named ? "/" : "", named ? provider : "");
    return text;
}

void cli_table_model(const char *provider, const char *name, int width)
{
    char both[256];

    if (provider == NULL)
        provider = "";
    if (name == NULL)
        name = "";
    (void)snprintf(both, sizeof both, "%s%s%s", provider,
                   provider[0] != '\0' && name[0] != '\0' ? "/" : "", name);
    cli_table_text(both[0] != '\0' ? both : NULL, width);
}

void cli_table_head(const char *text, int width)
{
    (void)printf(" %*s", width, text);
}

void cli_table_number(int64_t number, int width)
{
    if (number < 0)
        (void)printf(" %*s", width, "-");
    else
        (void)printf(" %*" PRId64, width, number);
}

void cli_table_money(int64_t picodollars, int width)
{
    char amount[32] = "-";

    if (picodollars >= 0)
        (void)apipie_money_format((picodollars + MICRODOLLAR - 1) / MICRODOLLAR * MICRODOLLAR,
                                  amount, sizeof amount);
    (void)printf(" %*s", width, amount);
}

void cli_table_percent(int64_t part, int64_t of, int width)
{
    if (of <= 0)
        (void)printf(" %*s", width, "-");
    else
        (void)printf(" %*d%%", width - 1, (int)((double)part * 100 / (double)of));
}

void cli_table_end(void)
{
    (void)fputc('\n', stdout);
}
