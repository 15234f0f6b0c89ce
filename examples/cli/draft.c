/* SPDX-License-Identifier: MIT */
/* Knows how options become the settings of a request; sends nothing. */
#include "draft.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "input.h"

static void note(struct cli_draft *d, apipie_status status, const char *flag)
{
    if (status != APIPIE_OK && d->refused == NULL)
        d->refused = flag;
}

/* An option that names a picture, and what it goes to. */
struct picture {
    const char *flag, *what; /* "--image", "--image: " */
    const char *value;
    const char *sha256;       /* that it must have; NULL for any */
    const char *other, *hint; /* of another one */
    apipie_status (*set_url)(apipie_request *request, const char *url);
    apipie_status (*set_file)(apipie_request *request, const char *path);
    apipie_status (*set_bytes)(apipie_request *request, const void *bytes, size_t size);
    struct cli_draft_input *input;
};

static int is_file(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* A pipe comes once: it is read now. */
static void set_pipe(struct cli_draft *d, const struct picture *p, struct cli_failure *f)
{
    struct cli_digest digest;
    size_t size = 0;
    void *bytes = cli_input_read(p->value, APIPIE_LIMIT_INPUT, p->what, &size, f);

    if (bytes == NULL)
        return;
    cli_digest_begin(&digest);
    cli_digest_add(&digest, bytes, size);
    cli_digest_end(&digest, p->input->sha256);
    p->input->size = size;
    note(d, p->set_bytes(d->request, bytes, size), p->flag);
    free(bytes);
}

static void set_input(struct cli_draft *d, const struct picture *p, struct cli_failure *f)
{
    apipie_status status;

    if (p->value == NULL)
        return;
    if (cli_input_is_url(p->value)) {
        note(d, p->set_url(d->request, p->value), p->flag);
        return;
    }
    if (!is_file(p->value)) {
        set_pipe(d, p, f);
    } else {
        /* First of all: what is changed from here on is found by the library. */
        status = p->set_file(d->request, p->value);
        note(d, status, p->flag);
        if (status == APIPIE_OK)
            cli_input_digest(p->value, p->what, &p->input->size, p->input->sha256, f);
    }
    if (f->status == APIPIE_OK && p->sha256 != NULL && p->input->size != 0 &&
        strcmp(p->sha256, p->input->sha256) != 0)
        cli_failure_set(f, APIPIE_E_FILE, p->hint, p->other, p->value, NULL);
}

static void set_inputs(struct cli_draft *d, const struct cli_options *o, struct cli_failure *f)
{
    const struct picture image = {"--image",
                                  "--image: ",
                                  o->image,
                                  o->image_sha256,
                                  "not the input image that the recipe was made with: ",
                                  "--image FILE names the picture to use",
                                  apipie_request_set_image_url,
                                  apipie_request_set_image_file,
                                  apipie_request_set_image_bytes,
                                  &d->image};
    const struct picture mask = {"--mask",
                                 "--mask: ",
                                 o->mask,
                                 o->mask_sha256,
                                 "not the mask that the recipe was made with: ",
                                 "--mask FILE names the mask to use",
                                 apipie_request_set_mask_url,
                                 apipie_request_set_mask_file,
                                 apipie_request_set_mask_bytes,
                                 &d->mask};

    set_input(d, &image, f);
    for (size_t i = 0; f->status == APIPIE_OK && i < o->more_image_count; i++) {
        struct cli_draft_input unused = {0};
        struct picture more = image;
        int within = i < sizeof d->more / sizeof *d->more;

        more.value = o->more_images[i];
        more.sha256 = within ? o->more_sha256[i] : NULL;
        more.set_url = apipie_request_add_image_url;
        more.set_file = apipie_request_add_image_file;
        more.set_bytes = apipie_request_add_image_bytes;
        more.input = within ? &d->more[i] : &unused;
        set_input(d, &more, f);
    }
    if (f->status == APIPIE_OK)
        set_input(d, &mask, f);
}

/* The first bytes of a text, with a NUL; NULL without memory and the failure set. */
static char *part(const char *text, size_t length, struct cli_failure *f)
{
    char *copy = malloc(length + 1);

    if (copy == NULL) {
        cli_failure_memory(f);
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static void set_extras(struct cli_draft *d, const struct cli_options *o, struct cli_failure *f)
{
    for (size_t i = 0; i < o->extra_count; i++) {
        const struct cli_extra *extra = &o->extras[i];
        char *name = part(extra->name, extra->name_length, f);

        if (name != NULL)
            note(d, apipie_request_set_extra(d->request, name, extra->json), "--extra");
        free(name);
    }
}

static const char *said(const char *name)
{
    return name[0] == '\0' ? NULL : name;
}

static void set_routes(struct cli_draft *d, const struct cli_options *o, struct cli_failure *f)
{
    for (size_t i = 0; i < o->route_count; i++) {
        const struct cli_route *route = &o->routes[i];
        size_t model = route->backend_length + route->provider_length + 2;
        char *backend = part(route->text, route->backend_length, f);
        char *provider = part(route->text + route->backend_length + 1, route->provider_length, f);

        if (backend != NULL && provider != NULL)
            note(d,
                 apipie_request_add_route(d->request, said(backend), said(provider),
                                          said(route->text + model)),
                 "--route");
        free(backend);
        free(provider);
    }
}

int cli_draft_is_folder(const char *output)
{
    struct stat about;

    return output[strlen(output) - 1] == '/' ||
           (stat(output, &about) == 0 && S_ISDIR(about.st_mode));
}

int cli_draft_is_stream(const char *output)
{
    struct stat about;

    return strcmp(output, "-") == 0 || strncmp(output, "/dev/", 5) == 0 ||
           strncmp(output, "/proc/", 6) == 0 ||
           (stat(output, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode));
}

static void set_output(struct cli_draft *d, const char *output)
{
    if (output == NULL)
        note(d, apipie_request_set_output_folder(d->request, ".", NULL), "-o");
    else if (strcmp(output, "-") == 0)
        return;
    else if (cli_draft_is_folder(output))
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

static void set_sending(struct cli_draft *d, const struct cli_options *o)
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

/* The seed's example model, where nobody says anything and the gateway is asked. */
static void set_route(struct cli_draft *d, const struct cli_options *o)
{
    int neither = o->model == NULL && o->provider == NULL &&
                  o->route_count + cli_config_routes(o) == 0 && cli_config_first_is_gateway(o);

    note(d, apipie_request_set_backend(d->request, o->backend), "--backend");
    note(d, apipie_request_set_provider(d->request, neither ? "prodia" : o->provider), "-p");
    note(d, apipie_request_set_model(d->request, neither ? "sd_xl_base_1.0" : o->model), "-m");
}

/* What only some servers take, and what is to be done where one does not. */
static void set_wire(struct cli_draft *d, const struct cli_options *o)
{
    int32_t how = APIPIE_UNSUPPORTED_REFUSE;

    if (o->inline_image)
        note(d, apipie_request_set_input_transfer(d->request, APIPIE_TRANSFER_INLINE),
             "--inline-image");
    note(d, apipie_request_set_sampler(d->request, o->sampler), "--sampler");
    note(d, apipie_request_set_output_format(d->request, o->output_format), "--output-format");
    if (o->unsupported == NULL)
        return;
    if (strcmp(o->unsupported, "refuse") != 0)
        how = strcmp(o->unsupported, "drop") == 0 ? APIPIE_UNSUPPORTED_DROP
                                                  : APIPIE_UNSUPPORTED_NEAREST;
    note(d, apipie_request_set_unsupported(d->request, how), "--unsupported");
}

static void set_picture(struct cli_draft *d, const struct cli_options *o)
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
    if (o->scale.set)
        note(d, apipie_request_set_guidance(r, o->scale.value), "--cfg-scale");
    if (o->strength.set)
        note(d, apipie_request_set_strength(r, o->strength.value), "--strength");
    note(d, apipie_request_set_response_format(r, o->format), "--format");
    if (o->stream)
        note(d, apipie_request_set_stream(r, 1), "--stream");
    if (o->partial_images != CLI_UNSET)
        note(d, apipie_request_set_partial_images(r, (int32_t)o->partial_images),
             "--partial-images");
}

void cli_draft_make(struct cli_draft *draft, const struct cli_options *o, apipie_client *client,
                    struct cli_failure *f)
{
    memset(draft, 0, sizeof *draft);
    draft->request =
        apipie_request_new(client, o->edits ? APIPIE_REQUEST_EDIT : APIPIE_REQUEST_IMAGE);
    if (draft->request == NULL) {
        cli_failure_memory(f);
        return;
    }
    set_route(draft, o);
    set_routes(draft, o, f);
    set_picture(draft, o);
    set_wire(draft, o);
    set_inputs(draft, o, f);
    set_extras(draft, o, f);
    set_output(draft, o->output);
    set_sending(draft, o);
}

char *cli_draft_parameters(const apipie_request *request)
{
    size_t n = apipie_request_format_json(request, NULL, 0);
    char *text = n == 0 ? NULL : malloc(n + 1);

    if (text != NULL)
        (void)apipie_request_format_json(request, text, n + 1);
    return text;
}
