/* SPDX-License-Identifier: MIT */
/* Knows how each kind of value is written; not where the text comes from. */
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"

static const char digits[] = "0123456789";

/* Digits alone: strtoull() would take blanks, signs and "0x". */
int cli_value_unsigned(const char *text, uint64_t *ret)
{
    unsigned long long number;

    if (*text == '\0' || strspn(text, digits) != strlen(text))
        return 0;
    errno = 0;
    number = strtoull(text, NULL, 10);
    if (errno != 0)
        return 0;
    *ret = (uint64_t)number;
    return 1;
}

/* Digits with at most one point. */
static int is_decimal(const char *text)
{
    size_t whole = strspn(text, digits);
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;

    return whole + part != 0 && text[whole + (text[whole] == '.') + part] == '\0';
}

/* The command never leaves the "C" locale, so strtod() reads a point. */
static int read_decimal(const char *text, double *ret)
{
    if (!is_decimal(text))
        return 0;
    *ret = strtod(text, NULL);
    return 1;
}

/* No double comes near it: each digit is worth a tenth of the one before. */
int cli_value_money(const char *text, int64_t *ret_picodollars)
{
    int64_t sum = 0, unit = APIPIE_DOLLAR;
    int behind = 0;

    if (!is_decimal(text))
        return 0;
    for (; *text != '\0'; text++) {
        int64_t digit = *text - '0';

        if (*text == '.') {
            behind = 1;
            continue;
        }
        if (behind)
            unit /= 10;
        else if (sum > INT64_MAX / 10)
            return 0;
        else
            sum *= 10;
        if (digit != 0 && (unit == 0 || sum > INT64_MAX - digit * unit))
            return 0;
        sum += digit * unit;
    }
    *ret_picodollars = sum;
    return 1;
}

static int is_word(const char *words, const char *value)
{
    size_t length = strlen(value);

    while (*words != '\0') {
        size_t n = strcspn(words, " ");

        if (n == length && memcmp(words, value, n) == 0)
            return 1;
        words += n + (words[n] == ' ');
    }
    return 0;
}

static int read_size(struct cli_options *o, const struct cli_option *row, const char *value)
{
    const char *x = strchr(value, 'x');
    char width_text[8];
    uint64_t width, height;

    if (x == NULL || (size_t)(x - value) >= sizeof width_text)
        return 0;
    memcpy(width_text, value, (size_t)(x - value));
    width_text[x - value] = '\0';
    if (!cli_value_unsigned(width_text, &width) || !cli_value_unsigned(x + 1, &height) ||
        width < 1 || height < 1 || width > (uint64_t)row->most || height > (uint64_t)row->most)
        return 0;
    o->width = (int64_t)width;
    o->height = (int64_t)height;
    return 1;
}

static int read_number(int64_t *ret, const struct cli_option *row, const char *value)
{
    uint64_t number;

    if (!cli_value_unsigned(value, &number) || number > (uint64_t)row->most ||
        number < (uint64_t)row->least)
        return 0;
    *ret = (int64_t)number;
    return 1;
}

static int read_seconds(int64_t *ret, const struct cli_option *row, const char *value)
{
    double seconds;

    if (!read_decimal(value, &seconds) || seconds < 0.001 || seconds > (double)row->most)
        return 0;
    *ret = (int64_t)(seconds * 1000 + 0.5);
    return 1;
}

static int read_scale(struct cli_decimal *ret, const struct cli_option *row, const char *value)
{
    double scale;

    if (!read_decimal(value, &scale) || scale > (double)row->most)
        return 0;
    ret->value = scale;
    ret->set = 1;
    return 1;
}

static int read_seed(struct cli_options *o, const char *value)
{
    if (!cli_value_unsigned(value, &o->seed))
        return 0;
    o->has_seed = 1;
    return 1;
}

static int read_extra(struct cli_options *o, const char *value)
{
    const char *equals = strchr(value, '=');
    struct cli_extra extra;

    if (equals == NULL || equals == value || equals[1] == '\0')
        return 0;
    extra.name = value;
    extra.name_length = (size_t)(equals - value);
    extra.json = equals + 1;
    return cli_options_add_extra(o, &extra);
}

static int read_filter(struct cli_options *o, const char *value)
{
    const char *equals = strchr(value, '=');
    struct cli_extra filter = {value, strcspn(value, "="), equals == NULL ? NULL : equals + 1};

    return filter.name_length != 0 && cli_options_add_extra(o, &filter);
}

int cli_value_route(const char *text, struct cli_route *ret)
{
    const char *provider;

    ret->text = text;
    ret->backend_length = strcspn(text, "/");
    if (text[ret->backend_length] == '\0')
        return 0;
    provider = text + ret->backend_length + 1;
    ret->provider_length = strcspn(provider, "/");
    return provider[ret->provider_length] == '/';
}

static int read_route(struct cli_options *o, const char *value)
{
    struct cli_route route;

    return cli_value_route(value, &route) && cli_options_add_route(o, &route);
}

int cli_value_take(struct cli_options *o, const struct cli_option *row, const char *value)
{
    void *member = (char *)o + row->offset;

    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)member = value;
        return 1;
    case OPTION_WORD:
        *(const char **)member = value;
        return is_word(row->words, value);
    case OPTION_NUMBER:
        return read_number(member, row, value);
    case OPTION_SECONDS:
        return read_seconds(member, row, value);
    case OPTION_MONEY:
        return cli_value_money(value, member);
    case OPTION_MOMENT:
        return cli_moment_read(value, cli_moment_now(), member);
    case OPTION_SIZE:
        return read_size(o, row, value);
    case OPTION_SEED:
        return read_seed(o, value);
    case OPTION_SCALE:
        return read_scale(member, row, value);
    case OPTION_EXTRA:
        return read_extra(o, value);
    case OPTION_FILTER:
        return read_filter(o, value);
    case OPTION_ROUTE:
        return read_route(o, value);
    case OPTION_IMAGE:
        return value[0] != '\0' && cli_options_add_image(o, value);
    case OPTION_END:
    case OPTION_FLAG:
        break;
    }
    return 1;
}
