/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie models`: fetch, choose, show. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "config.h"
#include "report.h"
#include "session.h"

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "apipie models --help shows the options";

    if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --base-url exclude each other",
                        NULL, NULL);
    else if (o->built_in &&
             (o->sandbox || o->base_url != NULL || o->extra_count != 0 || o->country != NULL))
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint,
                        "--builtin asks nobody: no server, no --filter, no --country", NULL, NULL);
    else if (o->detailed && (!o->json || o->built_in))
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint,
                        "--detailed is for --json, of a list that is fetched", NULL, NULL);
    else if (o->country != NULL && o->country[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--country takes two letters, as DE, or a name",
                        NULL, NULL);
    else if (o->prices != NULL && strcmp(cli_config_asked(o), CLI_GATEWAY) != 0)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "--backend apipie",
                        "--prices takes what the gateway lists", NULL, NULL);
    else if (o->built_in && o->backend != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--builtin and --backend exclude each other",
                        NULL, NULL);
    else if (o->built_in && o->prices != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint,
                        "--prices takes what is fetched; --builtin fetches nothing", NULL, NULL);
}

static void show(const struct cli_options *o, const struct cli_catalog *c, struct cli_failure *f)
{
    if (o->json) {
        cli_catalog_print_json(c, o);
    } else {
        cli_catalog_print(c, o->country);
        cli_catalog_warn(c);
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        cli_failure_set(f, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
}

int cli_models(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    struct cli_catalog catalog = {NULL, NULL, NULL};
    int code;

    check_options(o, &failure);
    if (failure.status == APIPIE_OK)
        cli_session_open_keyless(&session, o, &failure);
    if (failure.status == APIPIE_OK)
        cli_catalog_open(&catalog, o, session.client, &failure);
    if (failure.status == APIPIE_OK)
        show(o, &catalog, &failure);
    code = cli_report(&failure, o->json);
    cli_catalog_close(&catalog);
    cli_session_close(&session);
    return code;
}
