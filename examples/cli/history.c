/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie history`: whose bills, and what is done with them. */
#include "history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bills.h"
#include "commands.h"
#include "config.h"
#include "report.h"
#include "session.h"

/* A screen; sums and audits want all that there is. */
#define LIST_MOST 100
#define ALL_MOST  1000000

static const char *const history_hint = "apipie history --help shows the options";

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    if (o->local && o->ledger == NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, history_hint, "--local needs --ledger FILE", NULL,
                        NULL);
    else if (o->ledger != NULL && !o->local && o->by != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "--local shows the ledger itself",
                        "--by and --ledger exclude each other", NULL, NULL);
    else if (o->since != CLI_UNSET && o->until != CLI_UNSET && o->since > o->until)
        cli_failure_set(f, APIPIE_E_ARGUMENT, history_hint, "--since is after --until", NULL, NULL);
    else if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, history_hint,
                        "--sandbox and --base-url exclude each other", NULL, NULL);
}

static int64_t most(const struct cli_options *o)
{
    if (o->limit != CLI_UNSET)
        return o->limit;
    return o->by == NULL && o->ledger == NULL ? LIST_MOST : ALL_MOST;
}

static void show_totals(const apipie_history *history, const struct cli_options *o,
                        struct cli_failure *f)
{
    apipie_totals *rows = apipie_history_totals(history, cli_history_by(o->by));
    apipie_totals *all = apipie_history_totals(history, APIPIE_TOTALS_ALL);

    if (rows == NULL || all == NULL)
        cli_failure_memory(f);
    else if (o->json)
        cli_history_totals_json(history, rows, all, o->by);
    else
        cli_history_totals(rows, all, o->by);
    (void)apipie_totals_unref(rows);
    (void)apipie_totals_unref(all);
}

static void show_bills(const apipie_history *history, const struct cli_options *o,
                       struct cli_failure *f)
{
    apipie_totals *all = apipie_history_totals(history, APIPIE_TOTALS_ALL);

    if (all == NULL)
        cli_failure_memory(f);
    else if (o->json)
        cli_history_bills_json(history, all);
    else
        cli_history_bills(history, all);
    (void)apipie_totals_unref(all);
}

static void show_audit(apipie_history *ledger, apipie_history *gateway, const struct cli_options *o,
                       struct cli_failure *f)
{
    apipie_audit *audit = apipie_audit_new(ledger, gateway);

    if (audit == NULL)
        cli_failure_memory(f);
    else if (o->json)
        cli_history_audit_json(audit, ledger, gateway);
    else
        cli_history_audit(audit, ledger, gateway);
    (void)apipie_audit_unref(audit);
}

static void say_more(const apipie_history *history, const struct cli_options *o)
{
    if (!apipie_history_is_complete(history) && !o->json)
        (void)fputs("note: there are older ones; --limit N shows more\n", stderr);
}

/* The ledger is read, and last: what is paid meanwhile is then not missed. */
static void run(const struct cli_options *o, apipie_client *client, struct cli_bills *gateway,
                struct cli_bills *ledger, struct cli_failure *f)
{
    const struct cli_bills *shown = o->local ? ledger : gateway;

    if (!o->local)
        cli_bills_fetch(gateway, client, o, most(o), f);
    if (f->status == APIPIE_OK && o->ledger != NULL)
        cli_bills_ledger(ledger, client, o, f);
    if (f->status != APIPIE_OK)
        return;
    if (o->ledger != NULL && !o->local)
        show_audit(ledger->history, gateway->history, o, f);
    else if (o->by != NULL)
        show_totals(shown->history, o, f);
    else
        show_bills(shown->history, o, f);
    say_more(shown->history, o);
    if (f->status == APIPIE_OK && (fflush(stdout) != 0 || ferror(stdout)))
        cli_failure_set(f, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno), NULL);
}

/* The session would write to --ledger. */
static void open_session(struct cli_session *session, const struct cli_options *o,
                         struct cli_failure *f)
{
    struct cli_options asking = *o;

    asking.ledger = NULL;
    asking.backend = cli_config_asked(o); /* no routes */
    if (o->local)
        cli_session_open_keyless(session, &asking, f);
    else
        cli_session_open(session, &asking, f);
}

int cli_history(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    struct cli_bills gateway = {NULL, NULL}, ledger = {NULL, NULL};
    int code;

    check_options(o, &failure);
    if (failure.status == APIPIE_OK)
        open_session(&session, o, &failure);
    if (failure.status == APIPIE_OK)
        run(o, session.client, &gateway, &ledger, &failure);
    code = cli_report(&failure, o->json);
    cli_bills_close(&gateway);
    cli_bills_close(&ledger);
    cli_session_close(&session);
    return code;
}
