/* SPDX-License-Identifier: MIT */
/* The command line, understood. All text is borrowed from argv. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define CLI_UNSET INT64_C(-1)

struct cli_options {
    /* generate */
    const char *prompt, *model, *provider, *quality, *style, *negative, *image, *format;
    const char *output, *base_url, *retry;
    int64_t n, width, height, steps, timeout_ms, retries, max_image_bytes; /* or CLI_UNSET */
    int32_t has_seed, has_scale, json, sandbox, help;
    uint64_t seed;
    double scale;
    const char **extras; /* KEY=JSON */
    size_t extra_count;
    /* sandbox */
    const char *fault;
    int64_t port;
};

struct cli_option; /* option_table.h */

/* One subcommand, as main.c dispatches it. */
struct cli_command {
    const char *name;
    int takes_prompt;
    const struct cli_option *table; /* up to OPTION_END */
    const char *help;
    int (*run)(const struct cli_options *options);
};

/* Reads argv after the subcommand. On a failure json and help are still right: they rule how it is told.
 * cli_options_free() in any case. */
void cli_options_read(struct cli_options *options, const struct cli_command *command, int argc,
                      char **argv, struct cli_failure *failure);
void cli_options_free(struct cli_options *options);

#endif
