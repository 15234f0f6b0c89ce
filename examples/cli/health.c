/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie health`: a file, the gateway's list, a table or one answer. */
#include "health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "catalog.h"
#include "commands.h"
#include "report.h"
#include "session.h"
#include "text.h"

static const char *const health_hint = "apipie health --help shows the options";

static int asks(const struct cli_options *o)
{
    return o->list || o->sandbox || o->base_url != NULL;
}

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    if ((o->file == NULL && !asks(o)) || (o->file != NULL && o->file[0] == '\0'))
        cli_failure_set(f, APIPIE_E_ARGUMENT, health_hint,
                        "--file is missing (or --list, to ask the gateway)", NULL, NULL);
    else if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, health_hint,
                        "--sandbox and --base-url exclude each other", NULL, NULL);
    else if (o->check != NULL && (o->check[0] == '\0' || o->check[0] == '/'))
        cli_failure_set(f, APIPIE_E_ARGUMENT, health_hint,
                        "--check takes PROVIDER or PROVIDER/MODEL", NULL, NULL);
    else if (o->check != NULL && (o->provider != NULL || o->model != NULL))
        cli_failure_set(f, APIPIE_E_ARGUMENT, health_hint,
                        "--check says it all: no --provider, no --model", NULL, NULL);
}

static void fail_file(apipie_status status, const char *path, struct cli_failure *f)
{
    if (status == APIPIE_E_FILE)
        cli_failure_set(f, status, "it is what generate --health FILE writes",
                        "--file: no file of health that can be read: ", path, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, status, "", "the health cannot be read: ", apipie_status_name(status),
                        NULL);
}

/* What the list says is kept: a clock that asks now and then makes a history of it. The failure borrows from the list. */
static void ask_gateway(struct cli_session *session, struct cli_catalog *list,
                        const struct cli_options *o, struct cli_failure *f)
{
    apipie_status status;

    cli_catalog_fetch(list, o, session->client, f);
    if (f->status == APIPIE_OK)
        cli_catalog_warn(list);
    if (f->status != APIPIE_OK || o->file == NULL)
        return;
    status = cli_session_save_health(session->client, o->file);
    if (status == APIPIE_E_FILE)
        cli_failure_set(f, status, "", "--file: cannot be read and written: ", o->file, NULL);
    else
        fail_file(status, o->file, f);
}

static apipie_health *look(struct cli_session *session, struct cli_catalog *list,
                           const struct cli_options *o, struct cli_failure *f)
{
    apipie_health *health = NULL;

    if (asks(o))
        cli_session_open_keyless(session, o, f);
    else if ((session->client = apipie_client_new(NULL)) == NULL)
        cli_failure_memory(f);
    if (f->status == APIPIE_OK && asks(o))
        ask_gateway(session, list, o, f);
    else if (f->status == APIPIE_OK)
        fail_file(apipie_client_load_health(session->client, o->file), o->file, f);
    if (f->status == APIPIE_OK && (health = apipie_client_health_snapshot(session->client)) == NULL)
        cli_failure_memory(f);
    return health;
}

/* Of the rows that --check names, whatever their backend, the worst; the count when there is none. */
static size_t worst_row(const apipie_health *h, const char *check)
{
    const char *slash = strchr(check, '/');
    size_t length = slash != NULL ? (size_t)(slash - check) : strlen(check);
    int64_t scope = slash != NULL ? APIPIE_HEALTH_ROUTE : APIPIE_HEALTH_PROVIDER;
    size_t worst = apipie_health_count(h);

    for (size_t row = 0; row < apipie_health_count(h); row++) {
        const char *provider = apipie_health_text(h, row, APIPIE_HEALTH_PROVIDER_NAME);

        if (apipie_health_number(h, row, APIPIE_HEALTH_SCOPE) != scope ||
            strlen(provider) != length || memcmp(provider, check, length) != 0 ||
            (slash != NULL &&
             strcmp(apipie_health_text(h, row, APIPIE_HEALTH_MODEL), slash + 1) != 0))
            continue;
        if (worst == apipie_health_count(h) ||
            apipie_health_number(h, row, APIPIE_HEALTH_STATE) >
                apipie_health_number(h, worst, APIPIE_HEALTH_STATE))
            worst = row;
    }
    return worst;
}

/* Down is a failure, with its exit code: a probe needs no more. */
static void check(const apipie_health *h, const struct cli_options *o, struct cli_failure *f)
{
    size_t row = worst_row(h, o->check);
    int known = row < apipie_health_count(h);
    int64_t state =
        known ? apipie_health_number(h, row, APIPIE_HEALTH_STATE) : APIPIE_HEALTH_UNKNOWN;
    const char *reason =
        known ? apipie_health_text(h, row, APIPIE_HEALTH_REASON) : "nothing is known of it";

    if (state == APIPIE_HEALTH_DOWN)
        cli_failure_set(f, APIPIE_E_UNAVAILABLE, "", o->check, " is down: ", reason);
    else if (o->json)
        cli_health_print_check_json(o->check, (int32_t)state, reason);
    else {
        cli_text_print(stdout, o->check);
        (void)printf(" is %s: ", apipie_health_name((int32_t)state));
        cli_text_print(stdout, reason);
        (void)fputc('\n', stdout);
    }
}

int cli_health(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    struct cli_catalog list = {.request = NULL};
    apipie_health *health = NULL;
    int code;

    check_options(o, &failure);
    if (failure.status == APIPIE_OK)
        health = look(&session, &list, o, &failure);
    if (health != NULL && o->check != NULL)
        check(health, o, &failure);
    else if (health != NULL && o->json)
        cli_health_print_json(health, o);
    else if (health != NULL)
        cli_health_print(health, o);
    if (failure.status == APIPIE_OK && (fflush(stdout) != 0 || ferror(stdout)))
        cli_failure_set(&failure, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno),
                        NULL);
    code = cli_report(&failure, o->json);
    (void)apipie_health_unref(health);
    cli_catalog_close(&list);
    cli_session_close(&session);
    return code;
}
