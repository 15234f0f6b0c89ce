/* SPDX-License-Identifier: MIT */
/* Knows what stands in a recipe and how it comes beside its picture; not how it is repeated. */
#include "recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "input.h"
#include "json_out.h"

static const char *const begins = "{\"apipie_recipe\":";
static const char *const paid = "the picture is there all the same";

/* ---- what may be replaced */

/* 1 for a file that we wrote. */
static int is_recipe(const char *path)
{
    char first[32] = "";
    FILE *in = fopen(path, "rb");
    int same;

    if (in == NULL)
        return 0;
    same = fread(first, 1, strlen(begins), in) == strlen(begins) && strcmp(first, begins) == 0;
    (void)fclose(in);
    return same;
}

/* 0 where somebody else's file is in the way. */
static int is_free(const char *path)
{
    struct stat about;

    if (lstat(path, &about) != 0)
        return errno == ENOENT;
    return S_ISREG(about.st_mode) && is_recipe(path);
}

static char *join(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 1;
    char *text = malloc(n);

    if (text != NULL)
        (void)snprintf(text, n, "%s%s", a, b);
    return text;
}

/* "x.png", "x-2.png" ..., as the library names them. */
static char *numbered(const char *path, int64_t number)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    size_t stem = dot == NULL || dot == name ? strlen(path) : (size_t)(dot - path);
    size_t room = strlen(path) + 32;
    char *text = malloc(room);

    if (text != NULL && number > 1)
        (void)snprintf(text, room, "%.*s-%" PRId64 "%s.json", (int)stem, path, number, path + stem);
    else if (text != NULL)
        (void)snprintf(text, room, "%s.json", path);
    return text;
}

void cli_recipe_check(const struct cli_options *o, struct cli_failure *f)
{
    if (!o->recipe || o->output == NULL || cli_draft_is_folder(o->output))
        return;
    if (cli_draft_is_stream(o->output)) {
        cli_failure_set(f, APIPIE_E_ARGUMENT, "say -o FILE or FOLDER",
                        "--recipe has no place beside ", o->output, NULL);
        return;
    }
    for (int64_t i = 1; i <= (o->n == CLI_UNSET ? 1 : o->n); i++) {
        char *path = numbered(o->output, i);

        if (path == NULL)
            cli_failure_memory(f);
        else if (!is_free(path))
            cli_failure_set(f, APIPIE_E_FILE, "move it away; nothing was sent",
                            "--recipe: this is no recipe, so it is not replaced: ", path, NULL);
        free(path);
    }
}

/* ---- what it says */

static void put_time(struct cli_json *j, const apipie_result *result)
{
    int64_t created = apipie_result_created(result);
    time_t seconds = created == APIPIE_UNKNOWN ? time(NULL) : (time_t)(created / 1000);
    struct tm utc;
    char text[40];

    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        cli_json_text(j, "created", NULL);
    else
        cli_json_text(j, "created", text);
}

static void put_seed(struct cli_json *j, const struct cli_options *o, const apipie_result *result,
                     size_t i)
{
    uint64_t seed = 0;
    int served = apipie_result_image_seed(result, i, &seed) == APIPIE_OK;

    if (served || o->has_seed)
        cli_json_unsigned(j, "seed", served ? seed : o->seed);
    else
        cli_json_text(j, "seed", NULL);
    cli_json_flag(j, "seed_served", served);
}

static void put_input(struct cli_json *j, const char *name, const char *path,
                      const struct cli_draft_input *input)
{
    if (input->size == 0) {
        cli_json_text(j, name, NULL);
        return;
    }
    cli_json_open(j, name, '{');
    cli_json_text(j, "path", path);
    cli_json_number(j, "bytes", (int64_t)input->size);
    cli_json_text(j, "sha256", input->sha256);
    cli_json_close(j, '}');
}

static void put_money(struct cli_json *j, const struct cli_draft *d)
{
    const apipie_result *result = apipie_request_result(d->request);
    int32_t kind = APIPIE_CHARGE_NONE;
    int64_t charge = apipie_request_charge(d->request, &kind);

    if (charge == 0 && kind != APIPIE_CHARGE_NONE)
        charge = APIPIE_UNKNOWN;
    cli_json_money(j, "cost_usd", apipie_result_cost(result));
    cli_json_money(j, "charge_usd", charge);
    cli_json_text(j, "charge", cli_report_charge_word(kind));
    cli_json_flag(j, "cached", apipie_result_is_cached(result));
}

/* As short as it reads back the same. */
static void put_decimal(struct cli_json *j, const char *name, const struct cli_decimal *decimal)
{
    char text[40];

    if (!decimal->set)
        return;
    (void)snprintf(text, sizeof text, "%.15g", decimal->value);
    if (strtod(text, NULL) < decimal->value || strtod(text, NULL) > decimal->value)
        (void)snprintf(text, sizeof text, "%.17g", decimal->value);
    cli_json_raw(j, name, text);
}

static void put_said(struct cli_json *j, const char *name, const char *text)
{
    if (text != NULL)
        cli_json_text(j, name, text);
}

static void put_extras(struct cli_json *j, const struct cli_options *o)
{
    for (size_t i = 0; i < o->extra_count; i++) {
        char *name = strndup(o->extras[i].name, o->extras[i].name_length);

        if (name != NULL)
            cli_json_raw(j, name, o->extras[i].json);
        free(name);
    }
}

/* A file is told as "input" or "mask", with its digest. */
static const char *url_of(const char *picture)
{
    return picture != NULL && cli_input_is_url(picture) ? picture : NULL;
}

/* What was asked for, in the words of batches: what other servers were sent is of use to their kind alone. */
static void put_asked(struct cli_json *j, const struct cli_options *o, int to_gateway)
{
    char size[32];

    cli_json_open(j, "parameters", '{');
    put_said(j, "model", o->model);
    put_said(j, "prompt", o->prompt);
    put_said(j, "negative_prompt", o->negative);
    if (o->n != CLI_UNSET)
        cli_json_number(j, "n", o->n);
    (void)snprintf(size, sizeof size, "%" PRId64 "x%" PRId64, o->width, o->height);
    put_said(j, "size", o->width == CLI_UNSET ? NULL : size);
    put_said(j, "quality", o->quality);
    put_said(j, "style", o->style);
    put_said(j, "response_format", o->format);
    if (o->has_seed)
        cli_json_unsigned(j, "seed", o->seed);
    if (o->steps != CLI_UNSET)
        cli_json_number(j, "steps", o->steps);
    put_decimal(j, "cfg_scale", &o->scale);
    put_decimal(j, "strength", &o->strength);
    put_said(j, "sampler", to_gateway ? NULL : o->sampler);
    put_said(j, "output_format", to_gateway ? NULL : o->output_format);
    put_said(j, "image", url_of(o->image));
    put_said(j, "mask", url_of(o->mask));
    put_extras(j, o);
    cli_json_close(j, '}');
}

static void put_parameters(struct cli_json *j, const struct cli_options *o,
                           const apipie_result *result, const char *sent)
{
    const char *backend = apipie_result_backend(result);
    int to_gateway = backend == NULL || strcmp(backend, CLI_GATEWAY) == 0;

    if (to_gateway && cli_config_first_is_gateway(o))
        cli_json_raw(j, "parameters", sent);
    else
        put_asked(j, o, to_gateway);
}

/* What most recipes have no need of, so that they stay what they were. */
static void put_rest(struct cli_json *j, const struct cli_options *o, const struct cli_draft *d)
{
    if (o->inline_image)
        cli_json_flag(j, "inline_image", 1);
    put_said(j, "unsupported", o->unsupported);
    if (!o->edits)
        return;
    cli_json_flag(j, "edit", 1);
    cli_json_open(j, "more_inputs", '[');
    for (size_t i = 0; i < o->more_image_count && i < APIPIE_LIMIT_IMAGES; i++) {
        if (url_of(o->more_images[i]) != NULL)
            cli_json_text(j, NULL, o->more_images[i]);
        else
            put_input(j, NULL, o->more_images[i], &d->more[i]);
    }
    cli_json_close(j, ']');
}

static void put_recipe(FILE *out, const struct cli_options *o, const struct cli_draft *d, size_t i,
                       const char *parameters)
{
    const apipie_result *result = apipie_request_result(d->request);
    const char *path = apipie_result_image_path(result, i);
    const char *slash = strrchr(path, '/');
    struct cli_json j = {out, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_number(&j, "apipie_recipe", 1);
    cli_json_text(&j, "library", apipie_version());
    cli_json_text(&j, "file", slash == NULL ? path : slash + 1);
    cli_json_number(&j, "image", (int64_t)i + 1);
    cli_json_number(&j, "of", (int64_t)apipie_result_image_count(result));
    put_time(&j, result);
    cli_json_text(&j, "base_url", cli_config_place(o, apipie_result_backend(result)));
    cli_json_text(&j, "backend", apipie_result_backend(result));
    cli_json_text(&j, "provider", apipie_result_provider(result));
    cli_json_text(&j, "model", apipie_result_model(result));
    put_seed(&j, o, result, i);
    put_money(&j, d);
    cli_json_text(&j, "request_id", apipie_result_request_id(result));
    cli_json_text(&j, "revised_prompt", apipie_result_image_revised_prompt(result, i));
    put_parameters(&j, o, result, parameters);
    put_input(&j, "input", o->image, &d->image);
    put_input(&j, "mask", o->mask, &d->mask);
    put_rest(&j, o, d);
    cli_json_close(&j, '}');
    (void)fputc('\n', out);
}

/* ---- how it gets there */

/* A file that we wrote before may be replaced when the picture was, too; nothing else. */
static int put_in_place(const char *temporary, const char *path, int replace)
{
    if (replace && is_free(path))
        return rename(temporary, path) == 0;
    if (link(temporary, path) == 0)
        return unlink(temporary) == 0;
    /* Not every file system has links. */
    return errno != EEXIST && access(path, F_OK) != 0 && rename(temporary, path) == 0;
}

static char *temporary_name(const char *path)
{
    static int32_t count;
    const char *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
    size_t room = (size_t)folder + 64;
    char *text = malloc(room);

    if (text != NULL)
        (void)snprintf(text, room, "%.*s.apipie-%ld-%" PRId32 ".tmp", folder, path, (long)getpid(),
                       ++count);
    return text;
}

static FILE *open_new(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *out = file < 0 ? NULL : fdopen(file, "wb");

    if (file >= 0 && out == NULL)
        (void)close(file);
    return out;
}

/* 0, or the errno. */
static int write_one(const char *temporary, const char *path, const struct cli_options *o,
                     const struct cli_draft *d, size_t i, const char *parameters)
{
    FILE *out = open_new(temporary);
    int good, problem;

    if (out == NULL)
        return errno;
    put_recipe(out, o, d, i, parameters);
    good = fflush(out) == 0 && !ferror(out);
    good &= fclose(out) == 0;
    good =
        good && put_in_place(temporary, path, o->output != NULL && !cli_draft_is_folder(o->output));
    problem = errno;
    if (good)
        return 0;
    (void)unlink(temporary);
    return problem == 0 ? EIO : problem;
}

static void write_beside(const struct cli_options *o, const struct cli_draft *d, size_t i,
                         const char *parameters, struct cli_failure *f)
{
    const char *picture = apipie_result_image_path(apipie_request_result(d->request), i);
    char *path = join(picture, ".json");
    char *temporary = temporary_name(picture);
    char *what = path == NULL ? NULL : join(path, ": ");
    int problem = 0;

    if (what == NULL || temporary == NULL)
        cli_failure_set(f, APIPIE_E_MEMORY, paid, "out of memory", NULL, NULL);
    else if ((problem = write_one(temporary, path, o, d, i, parameters)) != 0)
        cli_failure_set(f, APIPIE_E_FILE, paid, "the recipe cannot be written: ", what,
                        strerror(problem));
    free(what);
    free(path);
    free(temporary);
}

void cli_recipe_write(const struct cli_options *o, const struct cli_draft *d, struct cli_failure *f)
{
    const apipie_result *result = apipie_request_result(d->request);
    char *parameters = o->recipe ? cli_draft_parameters(d->request) : NULL;

    if (o->recipe && parameters == NULL)
        cli_failure_set(f, APIPIE_E_MEMORY, paid, "out of memory", NULL, NULL);
    for (size_t i = 0; parameters != NULL && i < apipie_result_image_count(result); i++)
        if (apipie_result_image_path(result, i) != NULL)
            write_beside(o, d, i, parameters, f);
    free(parameters);
}
