/* SPDX-License-Identifier: MIT */
/* Knows which option a parameter of the request is; not where the JSON comes from. */
#include "field.h"

#include <stdlib.h>
#include <string.h>

#include "option_table.h"
#include "value.h"

/* NULL for the prompt, which is no option. */
static const struct {
    const char *name, *option;
} fields[] = {
    {"prompt", NULL},
    {"model", "model"},
    {"provider", "provider"},
    {"n", "number"},
    {"size", "size"},
    {"quality", "quality"},
    {"style", "style"},
    {"seed", "seed"},
    {"negative_prompt", "negative"},
    {"steps", "steps"},
    {"image", "image"},
    {"mask", "mask"},
    {"strength", "strength"},
    {"cfg_scale", "cfg-scale"},
    {"response_format", "format"},
    {"sampler", "sampler"},
    {"output_format", "output-format"},
};

static const char text_wants[] = "a text without U+0000";

const char *cli_field_text(struct cli_store *store, const struct cli_json_value *value,
                           const char **ret_wants)
{
    char *text = cli_store_take(store, value->n);

    if (text != NULL && cli_json_decode(value, text) != strlen(text)) {
        *ret_wants = text_wants;
        return NULL;
    }
    return text;
}

static int is_number(const struct cli_option *row)
{
    return row->kind == OPTION_NUMBER || row->kind == OPTION_SEED || row->kind == OPTION_SCALE;
}

/* JSON may write 7.5 as 75e-1. */
static int take_scale(struct cli_options *o, const struct cli_option *row, const char *text)
{
    struct cli_decimal *member = (struct cli_decimal *)(void *)((char *)o + row->offset);
    double scale = strtod(text, NULL);

    if (!(scale >= 0) || scale > (double)row->most)
        return 0;
    member->value = scale;
    member->set = 1;
    return 1;
}

static enum cli_field_result take_option(struct cli_options *o, struct cli_store *store,
                                         const struct cli_option *row,
                                         const struct cli_json_value *value, const char **ret_wants)
{
    const char *text;

    *ret_wants = row->wants != NULL ? row->wants : "a text";
    if (value->kind != (is_number(row) ? CLI_JSON_NUMBER : CLI_JSON_TEXT))
        return CLI_FIELD_MISFIT;
    if (is_number(row))
        text = cli_store_keep(store, value->at, value->n);
    else
        text = cli_field_text(store, value, ret_wants);
    if (text == NULL)
        return *ret_wants == text_wants ? CLI_FIELD_MISFIT : CLI_FIELD_NO_MEMORY;
    if (row->kind == OPTION_SCALE)
        return take_scale(o, row, text) ? CLI_FIELD_TAKEN : CLI_FIELD_MISFIT;
    return cli_value_take(o, row, text) ? CLI_FIELD_TAKEN : CLI_FIELD_MISFIT;
}

static enum cli_field_result take_prompt(struct cli_options *o, struct cli_store *store,
                                         const struct cli_json_value *value, const char **ret_wants)
{
    *ret_wants = "a text";
    if (value->kind != CLI_JSON_TEXT)
        return CLI_FIELD_MISFIT;
    o->prompt = cli_field_text(store, value, ret_wants);
    if (o->prompt == NULL)
        return *ret_wants == text_wants ? CLI_FIELD_MISFIT : CLI_FIELD_NO_MEMORY;
    return CLI_FIELD_TAKEN;
}

enum cli_field_result cli_field_take(struct cli_options *options, struct cli_store *store,
                                     const struct cli_json_value *name,
                                     const struct cli_json_value *value, const char **ret_wants)
{
    size_t i = 0;

    while (i < sizeof fields / sizeof *fields && !cli_json_is(name, fields[i].name))
        i++;
    if (i == sizeof fields / sizeof *fields)
        return CLI_FIELD_UNKNOWN;
    if (value->kind == CLI_JSON_NULL)
        return CLI_FIELD_TAKEN;
    if (fields[i].option == NULL)
        return take_prompt(options, store, value, ret_wants);
    return take_option(
        options, store,
        cli_option_find(cli_generate_options, fields[i].option, strlen(fields[i].option)), value,
        ret_wants);
}

enum cli_field_result cli_field_extra(struct cli_options *options, struct cli_store *store,
                                      const struct cli_json_value *name,
                                      const struct cli_json_value *value)
{
    const char *wants = NULL;
    struct cli_extra extra = {cli_field_text(store, name, &wants), 0, NULL};

    if (extra.name == NULL)
        return wants != NULL ? CLI_FIELD_MISFIT : CLI_FIELD_NO_MEMORY;
    extra.name_length = strlen(extra.name);
    extra.json = cli_store_keep(store, value->at, value->n);
    if (extra.json == NULL || !cli_options_add_extra(options, &extra))
        return CLI_FIELD_NO_MEMORY;
    return CLI_FIELD_TAKEN;
}
