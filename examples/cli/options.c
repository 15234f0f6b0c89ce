/* SPDX-License-Identifier: MIT */
/* Knows how a command line is written; which options there are is in the tables. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "value.h"

static const char *const usage_hint = "--help shows the options";

static const struct cli_option *find_letter(const struct cli_option *table, char letter)
{
    for (; table->name != NULL; table++)
        if (table->letter == letter)
            return table;
    return NULL;
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
    return row->kind != OPTION_FLAG;
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
    if (row->kind == OPTION_FLAG)
        *(int32_t *)(void *)((char *)r->options + row->offset) = 1;
    else if (!cli_value_take(r->options, row, value))
        complain(r->failure, argument, flag_length, " takes ", row->wants);
}

static void read_prompt(struct reader *r, const char *argument)
{
    if (r->command->takes == CLI_FILES) {
        if (!cli_options_add_image(r->options, argument))
            cli_failure_memory(r->failure);
    } else if (r->command->takes != CLI_PROMPT)
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

            read_option(r, cli_option_find(table, argument + 2, n), n + 2,
                        argument[n + 2] == '=' ? argument + n + 3 : NULL);
        } else {
            read_option(r, find_letter(table, argument[1]), 2,
                        argument[2] == '\0' ? NULL : argument + 2);
        }
    }
}

void cli_options_init(struct cli_options *options)
{
    memset(options, 0, sizeof *options);
    options->n = options->width = options->height = options->steps = CLI_UNSET;
    options->timeout_ms = options->retries = options->max_image_bytes = CLI_UNSET;
    options->partial_images = CLI_UNSET;
    options->budget = options->price = options->jobs = CLI_UNSET;
    options->since = options->until = options->limit = CLI_UNSET;
    options->port = options->drawing_ms = options->max_price = options->max_p95 = CLI_UNSET;
}

void cli_options_read(struct cli_options *options, const struct cli_command *command, int argc,
                      char **argv, struct cli_failure *failure)
{
    struct reader r = {options, command, failure, argv, argc, 0};

    cli_options_init(options);
    read_all(&r);
}

/* ---- lists, copies */

int cli_options_add_extra(struct cli_options *options, const struct cli_extra *extra)
{
    struct cli_extra *more =
        realloc(options->extras, (options->extra_count + 1) * sizeof *options->extras);

    if (more == NULL)
        return 0;
    options->extras = more;
    more[options->extra_count++] = *extra;
    return 1;
}

int cli_options_add_route(struct cli_options *options, const struct cli_route *route)
{
    struct cli_route *more =
        realloc(options->routes, (options->route_count + 1) * sizeof *options->routes);

    if (more == NULL)
        return 0;
    options->routes = more;
    more[options->route_count++] = *route;
    return 1;
}

/* The first one is image. */
int cli_options_add_image(struct cli_options *options, const char *image)
{
    const char **more;

    if (options->image == NULL) {
        options->image = image;
        return 1;
    }
    more = realloc(options->more_images,
                   (options->more_image_count + 1) * sizeof *options->more_images);
    if (more == NULL)
        return 0;
    options->more_images = more;
    more[options->more_image_count++] = image;
    return 1;
}

static int add_lists(struct cli_options *to, const struct cli_options *from)
{
    int good = 1;

    for (size_t i = 0; good && i < from->extra_count; i++)
        good = cli_options_add_extra(to, &from->extras[i]);
    for (size_t i = 0; good && i < from->route_count; i++)
        good = cli_options_add_route(to, &from->routes[i]);
    for (size_t i = 0; good && i < from->more_image_count; i++)
        good = cli_options_add_image(to, from->more_images[i]);
    return good;
}

int cli_options_copy(struct cli_options *to, const struct cli_options *from)
{
    *to = *from;
    to->extras = NULL;
    to->routes = NULL;
    to->more_images = NULL;
    to->extra_count = to->route_count = to->more_image_count = 0;
    return add_lists(to, from);
}

static void overlay_member(struct cli_options *to, const struct cli_options *from,
                           const struct cli_option *row)
{
    void *target = (char *)to + row->offset;
    const void *source = (const char *)from + row->offset;

    switch (row->kind) {
    case OPTION_TEXT:
    case OPTION_WORD:
        if (*(const char *const *)source != NULL)
            *(const char **)target = *(const char *const *)source;
        break;
    case OPTION_NUMBER:
    case OPTION_SECONDS:
    case OPTION_MONEY:
    case OPTION_MOMENT:
        if (*(const int64_t *)source != CLI_UNSET)
            *(int64_t *)target = *(const int64_t *)source;
        break;
    case OPTION_SCALE:
        if (((const struct cli_decimal *)source)->set)
            *(struct cli_decimal *)target = *(const struct cli_decimal *)source;
        break;
    case OPTION_FLAG:
        *(int32_t *)target |= *(const int32_t *)source;
        break;
    default:
        break;
    }
}

int cli_options_overlay(struct cli_options *to, const struct cli_options *from)
{
    for (const struct cli_option *row = cli_generate_options; row->name != NULL; row++)
        overlay_member(to, from, row);
    to->config = from->config;
    if (from->width != CLI_UNSET) {
        to->width = from->width;
        to->height = from->height;
    }
    if (from->has_seed) {
        to->has_seed = 1;
        to->seed = from->seed;
    }
    return add_lists(to, from);
}

void cli_options_free(struct cli_options *options)
{
    free(options->extras);
    free(options->routes);
    free(options->more_images);
    options->extras = NULL;
    options->routes = NULL;
    options->more_images = NULL;
}
