/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie estimate`: what a picture will cost, and how that is known. Nothing is drawn. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "config.h"
#include "draft.h"
#include "json_out.h"
#include "report.h"
#include "session.h"

struct estimate {
    int64_t cost; /* picodollars, or APIPIE_UNKNOWN */
    int32_t source;
};

static const char *source_word(int32_t source)
{
    switch (source) {
    case APIPIE_PRICE_HOST:
        return "given";
    case APIPIE_PRICE_LISTED:
        return "listed";
    case APIPIE_PRICE_FREE:
        return "free";
    case APIPIE_PRICE_PUBLISHED:
        return "published";
    default:
        return "unknown";
    }
}

static void print_json(const struct estimate *e, const struct cli_catalog *c)
{
    struct cli_json j = {stdout, 0};
    const apipie_result *result = apipie_request_result(c->request);

    cli_json_open(&j, NULL, '{');
    cli_json_open(&j, "estimate", '{');
    cli_json_money(&j, "cost_usd", e->cost);
    cli_json_text(&j, "source", source_word(e->source));
    cli_json_close(&j, '}');
    cli_json_open(&j, "warnings", '[');
    for (size_t i = 0; i < apipie_result_warning_count(result); i++)
        cli_json_text(&j, NULL, apipie_result_warning(result, i));
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

static void print(const struct estimate *e, const struct cli_catalog *c)
{
    char amount[32];

    (void)apipie_money_format(e->cost, amount, sizeof amount);
    if (e->cost < 0)
        (void)puts("unknown");
    else
        (void)printf("%s USD, %s\n", amount, source_word(e->source));
    cli_catalog_warn(c);
}

static void tell(const struct cli_options *o, apipie_client *client, const struct cli_draft *draft,
                 const struct cli_catalog *c, struct cli_failure *f)
{
    struct estimate e = {APIPIE_UNKNOWN, APIPIE_PRICE_NONE};

    e.cost = apipie_client_estimate(client, draft->request, &e.source);
    if (o->json)
        print_json(&e, c);
    else
        print(&e, c);
    if (fflush(stdout) != 0 || ferror(stdout))
        cli_failure_set(f, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
}

/* A setter that refused is told by the request. */
static void check_draft(const struct cli_draft *draft, struct cli_failure *f)
{
    const apipie_error *error = apipie_request_error(draft->request);

    if (draft->request != NULL && error != NULL)
        cli_failure_take(f, apipie_error_code(error), draft->request, draft->refused);
}

/* The list of who is asked first. Of another server than the gateway only where nothing is known without it; it may have none. */
static void fetch(struct cli_catalog *c, const struct cli_options *o, apipie_client *client,
                  const struct cli_draft *draft, struct cli_failure *f)
{
    static const struct cli_failure none = {0};
    struct cli_options asking = *o;

    if (f->status != APIPIE_OK || o->price != CLI_UNSET ||
        (!cli_config_first_is_gateway(o) &&
         apipie_client_estimate(client, draft->request, NULL) >= 0))
        return;
    asking.backend = cli_config_first(o);
    cli_catalog_fetch(c, &asking, client, f);
    if (f->status == APIPIE_E_UNSUPPORTED)
        *f = none;
}

/* The report comes before the draft goes: its text may belong to the request. */
static int work(const struct cli_options *o, apipie_client *client)
{
    struct cli_failure failure = {0};
    struct cli_catalog catalog = {NULL, NULL, NULL};
    struct cli_draft draft;
    int code;

    cli_draft_make(&draft, o, client, &failure);
    check_draft(&draft, &failure);
    fetch(&catalog, o, client, &draft, &failure);
    if (failure.status == APIPIE_OK)
        tell(o, client, &draft, &catalog, &failure);
    code = cli_report(&failure, o->json);
    cli_catalog_close(&catalog);
    (void)apipie_request_unref(draft.request);
    return code;
}

int cli_estimate(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    int code;

    if (o->sandbox && o->base_url != NULL)
        cli_failure_set(&failure, APIPIE_E_ARGUMENT, "apipie estimate --help shows the options",
                        "--sandbox and --base-url exclude each other", NULL, NULL);
    else if (o->price != CLI_UNSET && o->prices != NULL)
        cli_failure_set(&failure, APIPIE_E_ARGUMENT, "apipie estimate --help shows the options",
                        "--prices takes what is fetched; with --price nothing is", NULL, NULL);
    if (failure.status == APIPIE_OK)
        cli_session_open_keyless(&session, o, &failure);
    if (failure.status == APIPIE_OK)
        code = work(o, session.client);
    else
        code = cli_report(&failure, o->json);
    cli_session_close(&session);
    return code;
}
