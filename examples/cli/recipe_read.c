/* SPDX-License-Identifier: MIT */
/* Knows how a recipe becomes options again; sends nothing. It never says where a server is: a recipe may be a
 * stranger's, and the key goes to the server. The name of a backend is looked up in the user's own configuration. */
#include "recipe.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "field.h"
#include "input.h"
#include "value.h"

#define RECIPE_MAX ((size_t)64 << 20)

/* What a recipe says, as it is read. */
struct reading {
    const char *path;
    struct cli_options *options;
    struct cli_store *store;
    struct cli_failure *failure;
    struct cli_json_value provider, model, seed, parameters, input, mask,
        more; /* n is 0: not there */
    int seed_served;
};

static void complain(struct reading *r, const char *problem, const char *detail)
{
    cli_failure_set(r->failure, APIPIE_E_ARGUMENT, "", r->path, problem, detail);
}

static void complain_of(struct reading *r, const char *problem, const struct cli_json_value *name)
{
    const char *wants = NULL;
    const char *text = cli_field_text(r->store, name, &wants);

    complain(r, problem, text == NULL ? "?" : text);
}

static const char *text_of(struct reading *r, const struct cli_json_value *value)
{
    const char *wants = NULL;
    const char *text;

    if (value->n == 0 || value->kind == CLI_JSON_NULL)
        return NULL;
    text = value->kind == CLI_JSON_TEXT ? cli_field_text(r->store, value, &wants) : NULL;
    if (text == NULL)
        complain(r, ": a text is none", NULL);
    return text;
}

/* ---- the outer members */

/* What is only told, and not needed to repeat it. */
static int is_told(const struct cli_json_value *name)
{
    static const char *const told[] = {
        "apipie_recipe", "library",    "file",          "image",      "of",
        "created",       "base_url",   "cost_usd",      "charge_usd", "charge",
        "cached",        "request_id", "revised_prompt"};

    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (cli_json_is(name, told[i]))
            return 1;
    return 0;
}

static struct cli_json_value *find_place(struct reading *r, const struct cli_json_value *name)
{
    if (cli_json_is(name, "provider"))
        return &r->provider;
    if (cli_json_is(name, "model"))
        return &r->model;
    if (cli_json_is(name, "seed"))
        return &r->seed;
    if (cli_json_is(name, "parameters"))
        return &r->parameters;
    if (cli_json_is(name, "mask"))
        return &r->mask;
    if (cli_json_is(name, "more_inputs"))
        return &r->more;
    return cli_json_is(name, "input") ? &r->input : NULL;
}

/* As --unsupported takes it. */
static void read_unsupported(struct reading *r, const struct cli_json_value *value)
{
    const char *word = text_of(r, value);

    if (word != NULL && strcmp(word, "refuse") != 0 && strcmp(word, "drop") != 0 &&
        strcmp(word, "nearest") != 0)
        complain(r, ": unsupported is refuse, drop or nearest, not ", word);
    r->options->unsupported = word;
}

static void read_member(struct reading *r, const struct cli_json_value *name,
                        const struct cli_json_value *value)
{
    struct cli_json_value *place = find_place(r, name);

    if (place != NULL) {
        *place = *value;
    } else if (cli_json_is(name, "seed_served")) {
        r->seed_served = value->kind == CLI_JSON_TRUE;
    } else if (cli_json_is(name, "edit")) {
        r->options->edits = value->kind == CLI_JSON_TRUE;
    } else if (cli_json_is(name, "inline_image")) {
        r->options->inline_image = value->kind == CLI_JSON_TRUE;
    } else if (cli_json_is(name, "unsupported")) {
        read_unsupported(r, value);
    } else if (cli_json_is(name, "backend")) {
        if (value->kind != CLI_JSON_NULL && value->kind != CLI_JSON_TEXT)
            complain(r, ": its backend is none", NULL);
        else if (value->kind == CLI_JSON_TEXT)
            r->options->backend = text_of(r, value);
    } else if (!is_told(name)) {
        complain_of(r, ": unknown member: ", name);
    }
}

/* Before anything else, so that a later version is called that, and not full of unknown members. */
static void check_version(struct reading *r, const struct cli_json_value *recipe)
{
    struct cli_json_walk walk;
    struct cli_json_value name, value;

    if (recipe->kind != CLI_JSON_OBJECT) {
        complain(r, ": this is no recipe of `--recipe`", NULL);
        return;
    }
    cli_json_walk(&walk, recipe);
    while (cli_json_next(&walk, &name, &value)) {
        if (!cli_json_is(&name, "apipie_recipe"))
            continue;
        if (value.kind != CLI_JSON_NUMBER || value.n != 1 || *value.at != '1')
            complain(r, ": this was made by a later version of apipie", NULL);
        return;
    }
    complain(r, ": this is no recipe of `--recipe`", NULL);
}

/* ---- what it asks for */

static int is_of_gateway(const struct reading *r)
{
    const char *backend = r->options->backend;

    return backend == NULL || strcmp(backend, CLI_GATEWAY) == 0;
}

/* Of a picture of the gateway these were --extra: it has no such parameters. */
static int is_extra(const struct reading *r, const struct cli_json_value *name)
{
    return is_of_gateway(r) && (cli_json_is(name, "sampler") || cli_json_is(name, "output_format"));
}

/* An extra field that bears an option's name but is none of its values ("size":"auto") stays one. */
static void read_parameter(struct reading *r, const struct cli_json_value *name,
                           const struct cli_json_value *value)
{
    const char *wants = NULL;
    enum cli_field_result result = is_extra(r, name)
                                       ? CLI_FIELD_UNKNOWN
                                       : cli_field_take(r->options, r->store, name, value, &wants);

    if (result == CLI_FIELD_UNKNOWN || result == CLI_FIELD_MISFIT)
        result = cli_field_extra(r->options, r->store, name, value);
    if (result == CLI_FIELD_MISFIT)
        complain_of(r, ": a bad name: ", name);
    else if (result == CLI_FIELD_NO_MEMORY)
        cli_failure_memory(r->failure);
}

static void read_parameters(struct reading *r)
{
    struct cli_json_walk walk;
    struct cli_json_value name, value;

    if (r->parameters.kind != CLI_JSON_OBJECT || r->parameters.n == 0) {
        complain(r, ": it has no parameters", NULL);
        return;
    }
    cli_json_walk(&walk, &r->parameters);
    while (cli_json_next(&walk, &name, &value))
        read_parameter(r, &name, &value);
    if (r->options->prompt == NULL && !r->options->edits)
        complain(r, ": it has no prompt", NULL);
}

static void read_route(struct reading *r)
{
    static const struct cli_route anywhere = {"//", 0, 0};
    struct cli_options *o = r->options;
    const char *provider = text_of(r, &r->provider);
    const char *model = text_of(r, &r->model);

    if (provider != NULL || model != NULL) {
        o->provider = provider;
        o->model = model;
    }
    /* Nobody said where the gateway drew it: nor does this, or the command's default would step in. Another backend is asked
     * alone, as --backend has it. */
    if (is_of_gateway(r) && o->provider == NULL && o->model == NULL &&
        !cli_options_add_route(o, &anywhere))
        cli_failure_memory(r->failure);
}

/* --extra seed=-1, which the server's own answer replaces. */
static void drop_extra(struct cli_options *o, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < o->extra_count; i++)
        if (strcmp(o->extras[i].name, name) != 0)
            o->extras[kept++] = o->extras[i];
    o->extra_count = kept;
}

/* One picture of several can be had alone when its own seed is known. */
static void read_seed(struct reading *r)
{
    struct cli_options *o = r->options;
    const char *text;

    if (r->seed.n == 0 || r->seed.kind == CLI_JSON_NULL)
        return;
    text = cli_store_keep(r->store, r->seed.at, r->seed.n);
    if (text == NULL)
        cli_failure_memory(r->failure);
    else if (r->seed.kind != CLI_JSON_NUMBER || !cli_value_unsigned(text, &o->seed))
        complain(r, ": the seed is no number of 64 bits", NULL);
    else
        o->has_seed = 1;
    drop_extra(o, "seed");
    if (r->seed_served && o->n != CLI_UNSET)
        o->n = 1;
}

static void read_input(struct reading *r, const struct cli_json_value *input, const char **ret_path,
                       const char **ret_sha256)
{
    struct cli_json_walk walk;
    struct cli_json_value name, value;

    if (input->n == 0 || input->kind == CLI_JSON_NULL)
        return;
    if (input->kind != CLI_JSON_OBJECT) {
        complain(r, ": its input is none", NULL);
        return;
    }
    cli_json_walk(&walk, input);
    while (cli_json_next(&walk, &name, &value)) {
        if (cli_json_is(&name, "path"))
            *ret_path = text_of(r, &value);
        else if (cli_json_is(&name, "sha256"))
            *ret_sha256 = text_of(r, &value);
        else if (!cli_json_is(&name, "bytes"))
            complain_of(r, ": unknown member: ", &name);
    }
    if (*ret_path == NULL || *ret_sha256 == NULL)
        complain(r, ": its input has no path or no sha256", NULL);
}

/* Those behind the first: files, and URLs as they are. */
static void read_more(struct reading *r)
{
    struct cli_options *o = r->options;
    struct cli_json_walk walk;
    struct cli_json_value value;

    if (r->more.n == 0 || r->more.kind == CLI_JSON_NULL)
        return;
    if (r->more.kind != CLI_JSON_ARRAY || (o->image == NULL && r->more.n > 2)) {
        complain(r, ": its further inputs are none", NULL);
        return;
    }
    cli_json_walk(&walk, &r->more);
    while (r->failure->status == APIPIE_OK && cli_json_next(&walk, NULL, &value)) {
        const char *path = NULL, *sha256 = NULL;

        if (o->more_image_count == APIPIE_LIMIT_IMAGES)
            complain(r, ": it has too many inputs", NULL);
        else if (value.kind == CLI_JSON_TEXT)
            path = text_of(r, &value);
        else
            read_input(r, &value, &path, &sha256);
        if (r->failure->status != APIPIE_OK)
            return;
        o->more_sha256[o->more_image_count] = sha256;
        if (path == NULL)
            complain(r, ": a further input is none", NULL);
        else if (!cli_options_add_image(o, path))
            cli_failure_memory(r->failure);
    }
}

static void read_text(struct reading *r, const char *text, size_t n)
{
    struct cli_json_walk walk;
    struct cli_json_value recipe, name, value;
    const char *problem = cli_json_read(text, n, &recipe);

    if (problem != NULL) {
        complain(r, ": no good JSON: ", problem);
        return;
    }
    check_version(r, &recipe);
    if (r->failure->status != APIPIE_OK)
        return;
    cli_json_walk(&walk, &recipe);
    while (cli_json_next(&walk, &name, &value))
        read_member(r, &name, &value);
    read_parameters(r);
    read_route(r);
    read_seed(r);
    read_input(r, &r->input, &r->options->image, &r->options->image_sha256);
    read_input(r, &r->mask, &r->options->mask, &r->options->mask_sha256);
    read_more(r);
}

void cli_recipe_read(const char *path, struct cli_options *ret, struct cli_store *store,
                     struct cli_failure *failure)
{
    struct reading r = {path, ret, store, failure, {0}, {0}, {0}, {0}, {0}, {0}, {0}, 0};
    size_t n;
    char *text = cli_input_read(path, RECIPE_MAX, "", &n, failure);

    cli_options_init(ret);
    if (text != NULL)
        read_text(&r, text, n);
    free(text);
}
