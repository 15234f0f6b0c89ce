/* SPDX-License-Identifier: MIT */
/* Knows how a list of models is fetched and what is chosen of it; not how it is shown. */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "interrupt.h"

static void set_filters(apipie_request *r, const struct cli_options *o, struct cli_failure *f)
{
    (void)apipie_request_set_filter(r, "type", o->type);
    for (size_t i = 0; i < o->extra_count; i++) {
        const struct cli_extra *filter = &o->extras[i];
        char *name = malloc(filter->name_length + 1);

        if (name == NULL) {
            cli_failure_memory(f);
            return;
        }
        memcpy(name, filter->name, filter->name_length);
        name[filter->name_length] = '\0';
        (void)apipie_request_set_filter(r, name, filter->json);
        free(name);
    }
}

static void set_sending(apipie_request *r, const struct cli_options *o)
{
    if (o->timeout_ms != CLI_UNSET)
        (void)apipie_request_set_timeout(r, o->timeout_ms);
    if (o->retries != CLI_UNSET)
        (void)apipie_request_set_retry(r, APIPIE_RETRY_SAFE, (int32_t)o->retries);
}

/* NULL without memory. */
static apipie_request *begin(const struct cli_options *o, apipie_client *client,
                             struct cli_failure *f)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_MODELS);

    if (r == NULL)
        cli_failure_memory(f);
    else
        (void)apipie_request_set_backend(r, cli_config_asked(o));
    return r;
}

/* Setters that refuse are told by submit. */
static void perform(apipie_request *r, const struct cli_options *o, struct cli_failure *f)
{
    apipie_status status;

    set_sending(r, o);
    if (f->status != APIPIE_OK)
        return;
    cli_interrupt_watch(r);
    status = apipie_request_perform(r);
    cli_interrupt_watch(NULL);
    if (status != APIPIE_OK)
        cli_failure_take(f, status, r, NULL);
}

static void fetch(struct cli_catalog *c, const struct cli_options *o, int filtered,
                  apipie_client *client, struct cli_failure *f)
{
    if ((c->request = begin(o, client, f)) == NULL)
        return;
    if (filtered)
        set_filters(c->request, o, f);
    else
        (void)apipie_request_set_filter(c->request, "type", "image");
    (void)apipie_request_set_detailed(c->request, o->detailed);
    perform(c->request, o, f);
}

void cli_catalog_fetch(struct cli_catalog *c, const struct cli_options *o, apipie_client *client,
                       struct cli_failure *f)
{
    memset(c, 0, sizeof *c);
    fetch(c, o, 0, client, f);
}

void cli_catalog_fetch_restrictions(struct cli_catalog *c, const struct cli_options *o,
                                    apipie_client *client, struct cli_failure *f)
{
    apipie_catalog *list;

    if (o->country == NULL || f->status != APIPIE_OK || (c->limits = begin(o, client, f)) == NULL)
        return;
    (void)apipie_request_set_filter(c->limits, "restrictions", NULL);
    perform(c->limits, o, f);
    list = apipie_request_catalog(c->limits);
    if (f->status == APIPIE_OK && apipie_catalog_restriction_count(list) == 0 &&
        apipie_catalog_count(list) != 0)
        cli_failure_set(f, APIPIE_E_MALFORMED, "without --country it works",
                        "the server has no list of restrictions", NULL, NULL);
}

/* Takes the old list, gives the new one. */
static void replace(struct cli_catalog *c, apipie_catalog *chosen, struct cli_failure *f)
{
    (void)apipie_catalog_unref(c->models);
    c->models = chosen;
    if (chosen == NULL)
        cli_failure_memory(f);
}

static void choose(struct cli_catalog *c, int32_t field, const char *value, struct cli_failure *f)
{
    if (value != NULL && f->status == APIPIE_OK)
        replace(c, apipie_catalog_where_text(c->models, field, value), f);
}

static const struct {
    const char *word;
    int32_t field, descending;
} orders[] = {
    {"price", APIPIE_MODEL_PRICE, 0},           {"latency", APIPIE_MODEL_LATENCY, 0},
    {"provider", APIPIE_MODEL_PROVIDER, 0},     {"model", APIPIE_MODEL_NAME, 0},
    {"family", APIPIE_MODEL_FAMILY, 0},         {"series", APIPIE_MODEL_SERIES, 0},
    {"speciality", APIPIE_MODEL_SPECIALITY, 0}, {"queries", APIPIE_MODEL_QUERY_COUNT, 1},
};

static void sort(struct cli_catalog *c, const char *word, struct cli_failure *f)
{
    for (size_t i = 0; word != NULL && i < sizeof orders / sizeof *orders; i++)
        if (strcmp(orders[i].word, word) == 0 && f->status == APIPIE_OK)
            replace(c, apipie_catalog_sort(c->models, orders[i].field, orders[i].descending), f);
}

/* What the library knows by itself of a model that is listed is shown with it, unless the list is another one, or another's. */
static void take(struct cli_catalog *c, int alone, apipie_client *client, struct cli_failure *f)
{
    if (alone) {
        replace(c, apipie_catalog_ref(apipie_request_catalog(c->request)), f);
        return;
    }
    replace(c, apipie_client_catalog(client), f);
    if (f->status == APIPIE_OK)
        replace(c, apipie_catalog_where_number(c->models, APIPIE_MODEL_LIVE, 1, 1), f);
}

void cli_catalog_open(struct cli_catalog *c, const struct cli_options *o, apipie_client *client,
                      struct cli_failure *f)
{
    int filtered = o->extra_count != 0 || (o->type != NULL && strcmp(o->type, "image") != 0);
    int foreign = strcmp(cli_config_asked(o), CLI_GATEWAY) != 0;

    memset(c, 0, sizeof *c);
    if (o->built_in) {
        replace(c, apipie_catalog_new(client), f);
    } else {
        fetch(c, o, filtered, client, f);
        if (f->status == APIPIE_OK)
            take(c, filtered || foreign, client, f);
        cli_catalog_fetch_restrictions(c, o, client, f);
    }
    choose(c, APIPIE_MODEL_PROVIDER, o->provider, f);
    choose(c, APIPIE_MODEL_FAMILY, o->family, f);
    choose(c, APIPIE_MODEL_SPECIALITY, o->speciality, f);
    sort(c, o->sort, f);
}

void cli_catalog_close(struct cli_catalog *c)
{
    c->models = apipie_catalog_unref(c->models);
    c->request = apipie_request_unref(c->request);
    c->limits = apipie_request_unref(c->limits);
}
