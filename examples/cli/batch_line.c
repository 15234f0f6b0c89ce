/* SPDX-License-Identifier: MIT */
/* Knows how a line of a batch is written; not how it is drawn. */
#include "batch_line.h"

#include <string.h>

#include "draft.h"
#include "field.h"

static const char *const hint =
    "a prompt, or {\"prompt\":\"...\",\"n\":2,\"o\":\"x.png\"}; further "
    "fields go into \"extra\":{}";

int cli_batch_line_is_empty(const char *text)
{
    text += strspn(text, " \t\r\f\v");
    return *text == '\0' || *text == '#';
}

static void complain(struct cli_batch_line *l, const struct cli_json_value *name,
                     const char *problem, const char *wants, struct cli_failure *f)
{
    const char *unused = NULL;
    const char *text = cli_field_text(&l->store, name, &unused);

    cli_failure_set(f, APIPIE_E_ARGUMENT, hint, text == NULL ? "?" : text, problem, wants);
}

static void read_extra(struct cli_batch_line *l, const struct cli_json_value *name,
                       const struct cli_json_value *value, struct cli_failure *f)
{
    struct cli_json_walk walk;
    struct cli_json_value key, field;

    if (value->kind == CLI_JSON_NULL)
        return;
    if (value->kind != CLI_JSON_OBJECT) {
        complain(l, name, " takes ", "an object", f);
        return;
    }
    cli_json_walk(&walk, value);
    while (cli_json_next(&walk, &key, &field)) {
        enum cli_field_result result = cli_field_extra(&l->options, &l->store, &key, &field);

        if (result == CLI_FIELD_MISFIT)
            complain(l, name, " takes ", "names without U+0000", f);
        else if (result == CLI_FIELD_NO_MEMORY)
            cli_failure_memory(f);
    }
}

/* In the folder of -o, unless it names one from the root. */
static void read_output(struct cli_batch_line *l, const struct cli_json_value *name,
                        const struct cli_json_value *value, struct cli_failure *f)
{
    const char *wants = "a file or a folder";
    const char *folder = l->options.output;
    const char *path;

    if (value->kind == CLI_JSON_NULL)
        return;
    path = value->kind == CLI_JSON_TEXT ? cli_field_text(&l->store, value, &wants) : "";
    if (path == NULL || path[0] == '\0' || strcmp(path, "-") == 0) {
        complain(l, name, " takes ", wants, f);
        return;
    }
    if (path[0] != '/' && folder != NULL && cli_draft_is_folder(folder))
        path =
            cli_store_join(&l->store, folder, folder[strlen(folder) - 1] == '/' ? "" : "/", path);
    if (path == NULL)
        cli_failure_memory(f);
    else
        l->options.output = path;
}

static void read_member(struct cli_batch_line *l, const struct cli_json_value *name,
                        const struct cli_json_value *value, struct cli_failure *f)
{
    static const struct cli_json_value format = {CLI_JSON_TEXT, "\"response_format\"", 17};
    const char *wants = NULL;

    if (cli_json_is(name, "extra")) {
        read_extra(l, name, value, f);
        return;
    }
    if (cli_json_is(name, "o") || cli_json_is(name, "output")) {
        read_output(l, name, value, f);
        return;
    }
    switch (cli_field_take(&l->options, &l->store, cli_json_is(name, "format") ? &format : name,
                           value, &wants)) {
    case CLI_FIELD_TAKEN:
        break;
    case CLI_FIELD_UNKNOWN:
        complain(l, name, ": unknown member", NULL, f);
        break;
    case CLI_FIELD_MISFIT:
        complain(l, name, " takes ", wants, f);
        break;
    case CLI_FIELD_NO_MEMORY:
        cli_failure_memory(f);
    }
}

static void read_object(struct cli_batch_line *l, const char *text, size_t n, struct cli_failure *f)
{
    struct cli_json_walk walk;
    struct cli_json_value object, name, value;
    const char *problem = cli_json_read(text, n, &object);

    if (problem != NULL) {
        cli_failure_set(f, APIPIE_E_ARGUMENT,
                        "a prompt that begins with { is written {\"prompt\":\"{...\"}",
                        "no good JSON: ", problem, NULL);
        return;
    }
    cli_json_walk(&walk, &object);
    while (f->status == APIPIE_OK && cli_json_next(&walk, &name, &value))
        read_member(l, &name, &value, f);
}

static void read_text(struct cli_batch_line *l, const char *text, size_t n, struct cli_failure *f)
{
    if (text[strspn(text, " \t")] == '{') {
        read_object(l, text, n, f);
    } else {
        l->options.prompt = cli_store_keep(&l->store, text, n);
        if (l->options.prompt == NULL)
            cli_failure_memory(f);
    }
    if (f->status != APIPIE_OK)
        return;
    if (l->options.prompt == NULL || l->options.prompt[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "the line has no prompt", NULL, NULL);
}

void cli_batch_line_read(struct cli_batch_line *l, const struct cli_options *options,
                         const char *text, size_t n, struct cli_failure *f)
{
    memset(l, 0, sizeof *l);
    if (!cli_options_copy(&l->options, options))
        cli_failure_memory(f);
    else if (strlen(text) != n)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "the line holds a NUL byte", NULL, NULL);
    else
        read_text(l, text, n, f);
}

void cli_batch_line_free(struct cli_batch_line *line)
{
    cli_options_free(&line->options);
    cli_store_free(&line->store);
}
