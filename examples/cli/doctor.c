/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie doctor`: the configuration, then one backend after the other. */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "report.h"
#include "session.h"

/* What is wrong with the configuration is a finding: the gateway is examined all the same. */
static void configure(struct cli_doctor_report *d, struct cli_options *o, struct cli_config *config,
                      apipie_client *client, struct cli_failure *f)
{
    cli_config_read(config, o->config_file, &d->config_failure);
    if (d->config_failure.status == APIPIE_OK) {
        o->config = config;
        cli_config_check(o, f);
        if (f->status == APIPIE_OK)
            cli_config_apply(o, client, &d->config_failure);
    }
    if (d->config_failure.status != APIPIE_OK)
        o->config = NULL;
    d->failure = d->config_failure;
}

static int is_wanted(const struct cli_options *o, const char *name)
{
    return o->backend == NULL || strcmp(o->backend, name) == 0;
}

/* Its first failure, for the exit code. */
static void note(struct cli_doctor_report *d, const struct cli_visit *v)
{
    size_t i = 0;
    char what[160];

    if (v->status == APIPIE_OK) {
        d->working++;
        return;
    }
    while (v->findings[i].state != CLI_STATE_FAILED)
        i++;
    (void)snprintf(what, sizeof what, "%s: %s: ", v->name, v->findings[i].check);
    if (d->failure.status != APIPIE_OK)
        return;
    cli_failure_set(&d->failure, v->status, v->findings[i].hint, what, v->findings[i].text, NULL);
    d->failure.fault = v->fault;
    d->failure.http_status = v->http_status;
}

static void visit(struct cli_doctor_report *d, const struct cli_options *o,
                  const struct cli_backend *b, apipie_client *client)
{
    struct cli_visit *v = &d->visits[d->count];

    if (!is_wanted(o, b == NULL ? CLI_GATEWAY : b->name) || d->failure.status == APIPIE_E_CANCELLED)
        return;
    cli_doctor_visit(v, o, b, client);
    d->count++;
    note(d, v);
}

static void visit_all(struct cli_doctor_report *d, const struct cli_options *o,
                      apipie_client *client, struct cli_failure *f)
{
    size_t count = o->config == NULL ? 0 : o->config->backend_count;

    d->visits = calloc(count + 1, sizeof *d->visits);
    if (d->visits == NULL) {
        cli_failure_memory(f);
        return;
    }
    visit(d, o, NULL, client);
    for (size_t i = 0; i < count; i++)
        visit(d, o, &o->config->backends[i], client);
}

/* The report is the result, whatever it says: it stands on stdout. */
static int tell(const struct cli_doctor_report *d)
{
    struct cli_failure failure = {0};

    if (d->options->json)
        cli_doctor_print_json(d);
    else
        cli_doctor_print(d);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return cli_exit_code(d->failure.status);
    cli_failure_set(&failure, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
    return cli_report(&failure, 0);
}

int cli_doctor(const struct cli_options *line)
{
    struct cli_doctor_report d = {0};
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    struct cli_config config = {0};
    struct cli_options o = *line;
    int code;

    cli_session_open_keyless(&session, &o, &failure);
    if (failure.status == APIPIE_OK)
        configure(&d, &o, &config, session.client, &failure);
    d.options = &o;
    d.config = &config;
    if (failure.status == APIPIE_OK)
        visit_all(&d, &o, session.client, &failure);
    code = failure.status == APIPIE_OK ? tell(&d) : cli_report(&failure, o.json);
    free(d.visits);
    cli_config_free(&config);
    cli_session_close(&session);
    return code;
}
