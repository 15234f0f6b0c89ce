/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie again`: a recipe, the command line over it, and then as `generate`. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "recipe.h"

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "apipie again --help shows the options";

    if (o->prompt == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "IMAGE.json is missing", NULL, NULL);
    else if (o->prompt[0] == '\0' || strcmp(o->prompt, "-") == 0)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "IMAGE.json must be a file", NULL, NULL);
    else if (o->batch != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--batch belongs to generate", NULL, NULL);
}

/* A model of the command line's own is not looked for at the recipe's provider, and a picture of its own has not the
 * recipe's digest. */
static int overlay(struct cli_options *recipe, const struct cli_options *line)
{
    if (line->model != NULL)
        recipe->provider = NULL;
    if (line->image != NULL) { /* in place of all of them */
        recipe->image_sha256 = NULL;
        recipe->more_image_count = 0;
    }
    if (line->mask != NULL)
        recipe->mask_sha256 = NULL;
    if (line->backend != NULL && strcmp(line->backend, CLI_GATEWAY) != 0)
        recipe->route_count = 0;                 /* that one alone */
    if (line->sandbox || line->base_url != NULL) /* they say who is asked */
        recipe->backend = NULL;
    return cli_options_overlay(recipe, line);
}

static void check_backend(const char *path, const struct cli_options *recipe, struct cli_failure *f)
{
    if (recipe->backend != NULL && strcmp(recipe->backend, CLI_GATEWAY) != 0 &&
        cli_config_find(recipe->config, recipe->backend) == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "--backend NAME says who draws it instead", path,
                        ": there is no such backend in the configuration: ", recipe->backend);
}

int cli_again(const struct cli_options *line)
{
    struct cli_failure failure = {0};
    struct cli_store store = {NULL, 0};
    struct cli_options recipe;
    int code;

    cli_options_init(&recipe);
    check_options(line, &failure);
    if (failure.status == APIPIE_OK)
        cli_recipe_read(line->prompt, &recipe, &store, &failure);
    if (failure.status == APIPIE_OK && !overlay(&recipe, line))
        cli_failure_memory(&failure);
    check_backend(line->prompt, &recipe, &failure);
    if (failure.status == APIPIE_OK && !recipe.has_seed && !recipe.json)
        (void)fputs("note: the recipe knows no seed: it will be another picture\n", stderr);
    code = failure.status == APIPIE_OK ? cli_generate(&recipe) : cli_report(&failure, line->json);
    cli_options_free(&recipe);
    cli_store_free(&store);
    return code;
}
