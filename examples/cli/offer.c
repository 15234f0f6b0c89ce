/* SPDX-License-Identifier: MIT */
/* Knows where models and measurements are read from; does not judge them. */
#include "offer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "report.h"
#include "text.h"

#define MODELS_MAX ((size_t)64 << 20)

static void say_warnings(const apipie_catalog *catalog)
{
    size_t n = apipie_catalog_warning_count(catalog);

    if (n == 0)
        return;
    (void)fprintf(stderr, "warning: --models: %zu things are wrong with it; the first: ", n);
    cli_text_print(stderr, apipie_catalog_warning(catalog, 0));
    (void)fputc('\n', stderr);
}

static apipie_catalog *read_models(apipie_client *client, const char *path, struct cli_failure *f)
{
    size_t size = 0;
    char *text = cli_input_read(path, MODELS_MAX, "--models: ", &size, f);
    apipie_catalog *catalog;

    if (text == NULL)
        return NULL;
    catalog = apipie_catalog_parse(client, text, size);
    free(text);
    if (catalog == NULL)
        cli_failure_set(f, APIPIE_E_FILE, "it takes the body of GET /v1/models",
                        "--models: is no list of models: ", path, NULL);
    else
        say_warnings(catalog);
    return catalog;
}

static void read_stats(struct cli_offer *offer, const char *path, struct cli_failure *f)
{
    apipie_status status = apipie_client_load_stats(offer->client, path);

    if (status == APIPIE_E_MEMORY)
        cli_failure_memory(f);
    else if (status != APIPIE_OK)
        cli_failure_set(f, APIPIE_E_FILE, "it takes a file of apipie_stats_save()",
                        "--stats: cannot be read, or is no such file: ", path, NULL);
    else if ((offer->stats = apipie_client_stats(offer->client)) == NULL)
        cli_failure_memory(f);
}

/* --stats is read here, not written as `generate` does it. */
static void ask_gateway(struct cli_offer *offer, const struct cli_options *o, struct cli_failure *f)
{
    struct cli_options asking = *o;

    asking.stats = NULL;
    cli_session_open_keyless(&offer->session, &asking, f);
    offer->client = offer->session.client;
    if (f->status == APIPIE_OK)
        cli_catalog_fetch(&offer->list, &asking, offer->client, f);
    if (f->status == APIPIE_OK && (offer->catalog = apipie_client_catalog(offer->client)) == NULL)
        cli_failure_memory(f);
    cli_catalog_fetch_restrictions(&offer->list, &asking, offer->client, f);
    if (f->status == APIPIE_OK) /* the answer, in JSON too, has no place for it */
        cli_catalog_warn(&offer->list);
}

void cli_offer_open(struct cli_offer *offer, const struct cli_options *o, struct cli_failure *f)
{
    memset(offer, 0, sizeof *offer);
    if (o->country != NULL && (o->country[0] == '\0' || o->models != NULL || o->built_in))
        cli_failure_set(f, APIPIE_E_ARGUMENT, "it takes two letters, as DE, or a name",
                        o->country[0] == '\0'
                            ? "--country is empty"
                            : "--country asks the gateway: no --models, no --builtin",
                        NULL, NULL);
    else if (o->prices != NULL && o->since == CLI_UNSET && (o->models != NULL || o->built_in))
        cli_failure_set(f, APIPIE_E_ARGUMENT, "leave one of them out",
                        "--prices takes what is fetched; --models and --builtin fetch nothing",
                        NULL, NULL);
    else if (o->models == NULL && !o->built_in)
        ask_gateway(offer, o, f);
    else if ((offer->client = apipie_client_new(NULL)) == NULL)
        cli_failure_memory(f);
    else if (o->models != NULL)
        offer->catalog = read_models(offer->client, o->models, f);
    else if ((offer->catalog = apipie_catalog_new(offer->client)) == NULL)
        cli_failure_memory(f);
    if (f->status == APIPIE_OK && o->stats != NULL)
        read_stats(offer, o->stats, f);
}

int cli_offer_close(struct cli_offer *offer, const struct cli_options *o, struct cli_failure *f)
{
    int code;

    if (f->status == APIPIE_OK && (fflush(stdout) != 0 || ferror(stdout)))
        cli_failure_set(f, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
    code = cli_report(f, o->json);
    offer->catalog = apipie_catalog_unref(offer->catalog);
    offer->stats = apipie_stats_unref(offer->stats);
    if (offer->client != offer->session.client)
        offer->client = apipie_client_unref(offer->client);
    cli_catalog_close(&offer->list);
    cli_session_close(&offer->session);
    return code;
}
