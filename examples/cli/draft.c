/* SPDX-License-Identifier: MIT */
/* Knows how options become the settings of a request; sends nothing. */
#include "draft.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "input.h"

/* The request under construction, and the first option that a setter refused. */
struct draft {
    apipie_request *request;
    const char *refused;
};

static void note(struct draft *d, apipie_status status, const char *flag)
{
    if (status != APIPIE_OK && d->refused == NULL)
        d->refused = flag;
}

static void set_image(struct draft *d, const char *image, struct cli_failure *f)
{
    size_t size;
    void *bytes;

    if (cli_input_is_url(image)) {
        note(d, apipie_request_set_image_url(d->request, image), "--image");
        return;
    }
    bytes = cli_input_read(image, &size, f);
    if (bytes != NULL)
        note(d, apipie_request_set_image_bytes(d->request, bytes, size), "--image");
    free(bytes);
}

static void set_extras(struct draft *d, const struct cli_options *o, struct cli_failure *f)
{
    for (size_t i = 0; i < o->extra_count; i++) {
        const char *equals = strchr(o->extras[i], '=');
        size_t length = (size_t)(equals - o->extras[i]);
        char *name = malloc(length + 1);

        if (name == NULL) {
            cli_failure_set(f, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
            return;
        }
        memcpy(name, o->extras[i], length);
        name[length] = '\0';
        note(d, apipie_request_set_extra(d->request, name, equals + 1), "--extra");
        free(name);
    }
}

static int is_folder(const char *path)
{
    struct stat about;

    return path[strlen(path) - 1] == '/' || (stat(path, &about) == 0 && S_ISDIR(about.st_mode));
}

static void set_output(struct draft *d, const char *output)
{
    if (output == NULL)
        note(d, apipie_request_set_output_folder(d->request, ".", NULL), "-o");
    else if (strcmp(output, "-") == 0)
        return;
    else if (is_folder(output))
        note(d, apipie_request_set_output_folder(d->request, output, NULL), "-o");
    else
        note(d, apipie_request_set_output_file(d->request, output), "-o");
}

static int32_t policy(const char *word)
{
    if (word == NULL || strcmp(word, "safe") == 0)
        return APIPIE_RETRY_SAFE;
    return strcmp(word, "never") == 0 ? APIPIE_RETRY_NEVER : APIPIE_RETRY_ALWAYS;
}

static void set_sending(struct draft *d, const struct cli_options *o)
{
    apipie_request *r = d->request;

    if (o->timeout_ms != CLI_UNSET)
        note(d, apipie_request_set_timeout(r, o->timeout_ms), "--timeout");
    if (o->retry != NULL || o->retries != CLI_UNSET)
        note(d,
             apipie_request_set_retry(r, policy(o->retry),
                                      o->retries == CLI_UNSET ? 2 : (int32_t)o->retries),
             "--retry");
    if (o->max_image_bytes != CLI_UNSET)
        note(d, apipie_request_set_max_image_bytes(r, (uint64_t)o->max_image_bytes),
             "--max-image-bytes");
}

static void set_route(struct draft *d, const struct cli_options *o)
{
    int neither = o->model == NULL && o->provider == NULL;

    note(d, apipie_request_set_provider(d->request, neither ? "prodia" : o->provider), "-p");
    note(d, apipie_request_set_model(d->request, neither ? "sd_xl_base_1.0" : o->model), "-m");
}

static void set_picture(struct draft *d, const struct cli_options *o)
{
    apipie_request *r = d->request;

    note(d, apipie_request_set_prompt(r, o->prompt, APIPIE_NTS), "PROMPT");
    if (o->n != CLI_UNSET)
        note(d, apipie_request_set_n(r, (int32_t)o->n), "-n");
    if (o->width != CLI_UNSET)
        note(d, apipie_request_set_size(r, (int32_t)o->width, (int32_t)o->height), "-s");
    note(d, apipie_request_set_quality(r, o->quality), "-q");
    note(d, apipie_request_set_style(r, o->style), "--style");
    if (o->negative != NULL)
        note(d, apipie_request_set_negative_prompt(r, o->negative, APIPIE_NTS), "--negative");
    if (o->has_seed)
        note(d, apipie_request_set_seed(r, o->seed), "--seed");
    if (o->steps != CLI_UNSET)
        note(d, apipie_request_set_steps(r, (int32_t)o->steps), "--steps");
    if (o->has_scale)
        note(d, apipie_request_set_guidance(r, o->scale), "--cfg-scale");
    note(d, apipie_request_set_response_format(r, o->format), "--format");
}

apipie_request *cli_draft(const struct cli_options *o, apipie_client *client,
                          const char **ret_refused, struct cli_failure *f)
{
    struct draft d = {apipie_request_new(client, APIPIE_REQUEST_IMAGE), NULL};

    if (d.request == NULL) {
        cli_failure_set(f, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
        return NULL;
    }
    set_route(&d, o);
    set_picture(&d, o);
    if (o->image != NULL)
        set_image(&d, o->image, f);
    set_extras(&d, o, f);
    set_output(&d, o->output);
    set_sending(&d, o);
    *ret_refused = d.refused;
    return d.request;
}
