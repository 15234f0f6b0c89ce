/* SPDX-License-Identifier: MIT */
/* The command line, understood. All text is borrowed: from argv, or from the line or file that was read. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define CLI_UNSET INT64_C(-1)

/* --extra KEY=JSON; --filter NAME[=VALUE], json is NULL without a value */
struct cli_extra {
    const char *name;
    size_t name_length;
    const char *json;
};

/* --route BACKEND/PROVIDER/MODEL; the model is what stands behind the second slash. */
struct cli_route {
    const char *text;
    size_t backend_length, provider_length;
};

/* A number with a point, when it is set. */
struct cli_decimal {
    double value;
    int32_t set;
};

struct cli_config; /* config.h */

struct cli_options {
    /* all that ask, or nearly */
    const char *backend, *config_file;
    const struct cli_config *config; /* that was read; NULL: none counts */
    /* generate, again, edit */
    const char *prompt, *model, *provider, *quality, *style, *negative, *image, *mask, *format;
    const char *output, *base_url, *retry, *ledger, *cache, *stats, *health, *batch;
    /* of a recipe: what --image and --mask must still be; NULL for anything */
    const char *image_sha256, *mask_sha256;
    const char *more_sha256[APIPIE_LIMIT_IMAGES]; /* likewise, of more_images */
    int64_t n, width, height, steps, timeout_ms, retries, max_image_bytes, jobs; /* or CLI_UNSET */
    int64_t budget, price; /* picodollars, or CLI_UNSET */
    int32_t has_seed, json, sandbox, recipe, help;
    uint64_t seed;
    struct cli_decimal scale, strength;
    struct cli_extra *extras;
    struct cli_route *routes;
    size_t extra_count, route_count;
    const char *sampler, *output_format, *unsupported;
    int32_t stream;
    const char *partials;
    int64_t partial_images; /* or CLI_UNSET */
    int32_t inline_image;   /* pictures go with the call */
    /* edit; upload has files in image and more_images */
    int32_t edits;            /* it is that command */
    const char **more_images; /* behind image */
    size_t more_image_count;
    /* models, choose, compare, recommend */
    const char *type, *sort, *family, *speciality, *series, *by, *models, *prices, *country;
    int64_t max_price, max_p95; /* picodollars, milliseconds, or CLI_UNSET */
    int32_t built_in, edit, explain, detailed;
    int64_t since, until; /* milliseconds since 1970, or CLI_UNSET */
    /* history, recommend */
    int64_t limit; /* or CLI_UNSET */
    int32_t local, history;
    /* stats */
    const char *file;
    int32_t prometheus, openmetrics;
    /* health, with file */
    const char *check;
    int32_t list;
    /* sandbox */
    const char *fault, *basic;
    int64_t port, drawing_ms; /* or CLI_UNSET */
};

struct cli_option; /* option_table.h */

/* CLI_FILES: image and more_images. */
enum { CLI_NOTHING, CLI_PROMPT, CLI_FILES };

/* One subcommand, as main.c dispatches it. */
struct cli_command {
    const char *name;
    int takes;                      /* beside its options: CLI_NOTHING ... */
    int configured;                 /* the configuration is read before it runs */
    const struct cli_option *table; /* up to OPTION_END */
    const char *const *help;        /* up to NULL */
    int (*run)(const struct cli_options *options);
};

/* Nothing is set. */
void cli_options_init(struct cli_options *options);
/* Reads argv after the subcommand. On a failure json and help are still right: they rule how it is told.
 * cli_options_free() in any case. */
void cli_options_read(struct cli_options *options, const struct cli_command *command, int argc,
                      char **argv, struct cli_failure *failure);
/* The text stays borrowed. 0 without memory; cli_options_free() in any case. */
int cli_options_copy(struct cli_options *to, const struct cli_options *from);
/* What is set in from replaces what to has; extra fields and routes are added. 0 without memory. */
int cli_options_overlay(struct cli_options *to, const struct cli_options *from);
void cli_options_free(struct cli_options *options);

/* 0 without memory. */
int cli_options_add_extra(struct cli_options *options, const struct cli_extra *extra);
int cli_options_add_route(struct cli_options *options, const struct cli_route *route);
int cli_options_add_image(struct cli_options *options, const char *image);

#endif
