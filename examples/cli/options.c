/* SPDX-License-Identifier: MIT */
/* Knows how a command line is written; which options there are is in the tables. */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

static const char *const usage_hint = "--help shows the options";

static const struct cli_option *find_long(const struct cli_option *table, const char *name,
                                          size_t length)
{
    for (; table->name != NULL; table++)
        if (strlen(table->name) == length && memcmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *table, char letter)
{
    for (; table->name != NULL; table++)
        if (table->letter == letter)
            return table;
    return NULL;
}

/* Digits alone: strtoull() would take blanks, signs and "0x". */
static int read_unsigned(const char *text, uint64_t *ret)
{
    unsigned long long number;

    if (*text == '\0' || strspn(text, "0123456789") != strlen(text))
        return 0;
    errno = 0;
    number = strtoull(text, NULL, 10);
    if (errno != 0)
        return 0;
    *ret = (uint64_t)number;
    return 1;
}

/* Digits with at most one point. The command never leaves the "C" locale, so strtod() reads a point. */
static int read_decimal(const char *text, double *ret)
{
    size_t whole = strspn(text, "0123456789");
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;

    if (whole + part == 0 || text[whole + (text[whole] == '.') + part] != '\0')
        return 0;
    *ret = strtod(text, NULL);
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
    if (!read_unsigned(width_text, &width) || !read_unsigned(x + 1, &height) || width < 1 ||
        height < 1 || width > (uint64_t)row->most || height > (uint64_t)row->most)
        return 0;
    o->width = (int64_t)width;
    o->height = (int64_t)height;
    return 1;
}

static int read_number(int64_t *ret, const struct cli_option *row, const char *value)
{
    uint64_t number;

    if (!read_unsigned(value, &number) || number > (uint64_t)row->most ||
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

static int read_scale(struct cli_options *o, const struct cli_option *row, const char *value)
{
    double scale;

    if (!read_decimal(value, &scale) || scale > (double)row->most)
        return 0;
    o->scale = scale;
    o->has_scale = 1;
    return 1;
}

static int read_seed(struct cli_options *o, const char *value)
{
    if (!read_unsigned(value, &o->seed))
        return 0;
    o->has_seed = 1;
    return 1;
}

static int read_extra(struct cli_options *o, const char *value)
{
    const char *equals = strchr(value, '=');

    if (equals == NULL || equals == value || equals[1] == '\0')
        return 0;
    o->extras[o->extra_count++] = value;
    return 1;
}

static int take_value(struct cli_options *o, const struct cli_option *row, const char *value)
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
    case OPTION_SIZE:
        return read_size(o, row, value);
    case OPTION_SEED:
        return read_seed(o, value);
    case OPTION_SCALE:
        return read_scale(o, row, value);
    case OPTION_EXTRA:
        return read_extra(o, value);
    case OPTION_END:
    case OPTION_FLAG:
    case OPTION_LATER:
    case OPTION_LATER_FLAG:
        break;
    }
    return 1;
}

static void complain(struct cli_failure *f, const char *argument, size_t length, const char *what,
                     const char *wants)
{
    char flag[80];

    if (length >= sizeof flag)
        length = sizeof flag - 1;
    memcpy(flag, argument, length);
    flag[length] = '\0';
    cli_failure_set(f, APIPIE_E_ARGUMENT, usage_hint, flag, what, wants);
}

/* The walk over argv. */
struct reader {
    struct cli_options *options;
    const struct cli_command *command;
    struct cli_failure *failure;
    char **argv;
    int argc, at;
};

static int takes_value(const struct cli_option *row)
{
    return row->kind != OPTION_FLAG && row->kind != OPTION_LATER_FLAG;
}

/* One option. flag_length bytes of the argument name it; value is what is attached to it, or NULL. */
static void read_option(struct reader *r, const struct cli_option *row, size_t flag_length,
                        const char *value)
{
    const char *argument = r->argv[r->at];

    if (row == NULL) {
        complain(r->failure, argument, flag_length, ": unknown option", NULL);
        return;
    }
    if (!takes_value(row) && value != NULL) {
        complain(r->failure, argument, flag_length, " takes no value", NULL);
        return;
    }
    if (takes_value(row) && value == NULL) {
        if (r->at + 1 == r->argc) {
            complain(r->failure, argument, flag_length, " needs a value", NULL);
            return;
        }
        value = r->argv[++r->at];
    }
    if (row->kind == OPTION_LATER || row->kind == OPTION_LATER_FLAG)
        complain(r->failure, argument, flag_length, ": not in this version", NULL);
    else if (row->kind == OPTION_FLAG)
        *(int32_t *)(void *)((char *)r->options + row->offset) = 1;
    else if (!take_value(r->options, row, value))
        complain(r->failure, argument, flag_length, " takes ", row->wants);
}

static void read_prompt(struct reader *r, const char *argument)
{
    if (!r->command->takes_prompt)
        cli_failure_set(r->failure, APIPIE_E_ARGUMENT, usage_hint, "what is \"", argument, "\"?");
    else if (r->options->prompt != NULL)
        cli_failure_set(r->failure, APIPIE_E_ARGUMENT, "put quotes around the prompt",
                        "more than one PROMPT: \"", argument, "\"");
    else
        r->options->prompt = argument;
}

static void read_all(struct reader *r)
{
    const struct cli_option *table = r->command->table;
    int only_prompts = 0;

    for (; r->at < r->argc; r->at++) {
        const char *argument = r->argv[r->at];

        if (only_prompts || argument[0] != '-' || argument[1] == '\0') {
            read_prompt(r, argument);
        } else if (strcmp(argument, "--") == 0) {
            only_prompts = 1;
        } else if (argument[1] == '-') {
            size_t n = strcspn(argument + 2, "=");

            read_option(r, find_long(table, argument + 2, n), n + 2,
                        argument[n + 2] == '=' ? argument + n + 3 : NULL);
        } else {
            read_option(r, find_letter(table, argument[1]), 2,
                        argument[2] == '\0' ? NULL : argument + 2);
        }
    }
}

void cli_options_read(struct cli_options *options, const struct cli_command *command, int argc,
                      char **argv, struct cli_failure *failure)
{
    struct reader r = {options, command, failure, argv, argc, 0};

    memset(options, 0, sizeof *options);
    options->n = options->width = options->height = options->steps = CLI_UNSET;
    options->timeout_ms = options->retries = options->max_image_bytes = CLI_UNSET;
    options->port = CLI_UNSET;
    options->extras = calloc((size_t)argc + 1, sizeof *options->extras);
    if (options->extras == NULL) {
        cli_failure_set(failure, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
        return;
    }
    read_all(&r);
}

void cli_options_free(struct cli_options *options)
{
    free((void *)options->extras);
}
