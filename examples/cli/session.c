/* SPDX-License-Identifier: MIT */
/* Knows how a client is set up: server, key, money, cache, figures, prices; nothing of pictures. */
#include "session.h"

#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "text.h"

#define CACHE_MAX (UINT64_C(1) << 30)

static void set_base_url(apipie_client *client, const char *url, struct cli_failure *f)
{
    switch (apipie_client_set_base_url(client, url)) {
    case APIPIE_OK:
        return;
    case APIPIE_E_ARGUMENT:
        cli_failure_set(f, APIPIE_E_CONFIG, "as https://apipie.ai/v1",
                        "--base-url: no http(s) URL that can be used: ", url, NULL);
        return;
    case APIPIE_E_CONFIG:
        cli_failure_set(f, APIPIE_E_CONFIG, "use https://",
                        "--base-url: http:// would show the key on the way: ", url, NULL);
        return;
    default:
        cli_failure_memory(f);
    }
}

static void set_server(struct cli_session *s, const struct cli_options *o, struct cli_failure *f)
{
    if (s->box != NULL) {
        set_base_url(s->client, cli_box_url(s->box), f);
        (void)apipie_client_set_key(s->client, cli_box_key(s->box));
    } else if (o->base_url != NULL) {
        set_base_url(s->client, o->base_url, f);
    }
}

static void note(apipie_status status, const char *flag, const char *value, struct cli_failure *f)
{
    if (status == APIPIE_E_FILE)
        cli_failure_set(f, status, "nothing was sent", flag,
                        ": cannot be read and written: ", value);
    else if (status == APIPIE_E_MEMORY)
        cli_failure_set(f, status, "", "out of memory", NULL, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, status, "", flag, ": refused: ", apipie_status_name(status));
}

/* The ledger before the budget: it says what is spent of it today. */
static void set_money(apipie_client *client, const struct cli_options *o, struct cli_failure *f)
{
    if (o->ledger != NULL)
        note(apipie_client_set_ledger(client, o->ledger), "--ledger", o->ledger, f);
    if (o->price != CLI_UNSET)
        note(apipie_client_set_price(client, NULL, NULL, o->price), "--price", "", f);
    if (o->budget != CLI_UNSET)
        note(apipie_client_set_budget(client, o->budget), "--budget", "", f);
    if (o->cache != NULL)
        note(apipie_client_set_cache(client, o->cache, CACHE_MAX), "--cache", o->cache, f);
    if (o->jobs != CLI_UNSET)
        note(apipie_client_set_max_in_flight(client, (int32_t)o->jobs), "--jobs", "", f);
}

/* Before anything is sent: a file that cannot be written is found here. */
static void set_prices(apipie_client *client, const struct cli_options *o, struct cli_failure *f)
{
    if (o->prices != NULL)
        note(apipie_client_set_models_history(client, o->prices), "--prices", o->prices, f);
}

/* What stands in the file, and what this run adds. */
static apipie_status save_stats(apipie_client *client, const char *path)
{
    apipie_status status = APIPIE_OK;
    apipie_stats *stats;

    if (access(path, F_OK) == 0)
        status = apipie_client_load_stats(client, path);
    stats = status == APIPIE_OK ? apipie_client_stats(client) : NULL;
    if (status == APIPIE_OK)
        status = stats != NULL ? apipie_stats_save(stats, path) : APIPIE_E_MEMORY;
    (void)apipie_stats_unref(stats);
    return status;
}

/* Before anything is sent it is tried once: a file that cannot be written is found here. What it holds is read again at the end. */
static void set_stats(struct cli_session *s, const struct cli_options *o, struct cli_failure *f)
{
    if (o->stats == NULL)
        return;
    note(save_stats(s->client, o->stats), "--stats", o->stats, f);
    (void)apipie_client_reset_stats(s->client);
    if (f->status == APIPIE_OK)
        s->stats = o->stats;
}

apipie_status cli_session_save_health(apipie_client *client, const char *path)
{
    apipie_status status = APIPIE_OK;
    apipie_health *health;

    if (access(path, F_OK) == 0)
        status = apipie_client_load_health(client, path);
    health = status == APIPIE_OK ? apipie_client_health_snapshot(client) : NULL;
    if (status == APIPIE_OK)
        status = health != NULL ? apipie_health_save(health, path) : APIPIE_E_MEMORY;
    (void)apipie_health_unref(health);
    return status;
}

/* What it holds is known from the beginning: what is usual grows from run to run. */
static void set_health(struct cli_session *s, const struct cli_options *o, struct cli_failure *f)
{
    if (o->health == NULL)
        return;
    note(cli_session_save_health(s->client, o->health), "--health", o->health, f);
    if (f->status == APIPIE_OK)
        s->health = o->health;
}

void cli_session_open(struct cli_session *session, const struct cli_options *o,
                      struct cli_failure *f)
{
    if (f->status == APIPIE_OK && !o->sandbox)
        cli_config_check_keys(o, f);
    cli_session_open_keyless(session, o, f);
}

void cli_session_open_keyless(struct cli_session *session, const struct cli_options *o,
                              struct cli_failure *f)
{
    const struct cli_box_ways ways = {CLI_UNSET, CLI_UNSET, NULL, NULL};

    session->client = NULL;
    session->box = NULL;
    session->stats = session->health = NULL;
    if (f->status == APIPIE_OK && o->sandbox)
        session->box = cli_box_start(&ways, f);
    if (f->status == APIPIE_OK && (session->client = apipie_client_new(NULL)) == NULL)
        cli_failure_memory(f);
    if (f->status == APIPIE_OK)
        set_server(session, o, f);
    if (f->status == APIPIE_OK)
        cli_config_apply(o, session->client, f);
    if (f->status == APIPIE_OK)
        set_money(session->client, o, f);
    if (f->status == APIPIE_OK)
        set_prices(session->client, o, f);
    if (f->status == APIPIE_OK)
        set_stats(session, o, f);
    if (f->status == APIPIE_OK)
        set_health(session, o, f);
}

static void warn_file(const char *what, const char *path)
{
    (void)fprintf(stderr, "warning: --%s of this run could not be added to ", what);
    cli_text_print(stderr, path);
    (void)fputc('\n', stderr);
}

void cli_session_close(struct cli_session *session)
{
    const char *problem =
        session->client == NULL ? NULL : apipie_client_ledger_problem(session->client);

    if (problem != NULL) {
        (void)fputs("warning: the ledger is not complete: ", stderr);
        cli_text_print(stderr, problem);
        (void)fputc('\n', stderr);
    }
    if (session->stats != NULL && save_stats(session->client, session->stats) != APIPIE_OK)
        warn_file("stats: the figures", session->stats);
    if (session->health != NULL &&
        cli_session_save_health(session->client, session->health) != APIPIE_OK)
        warn_file("health: the calls", session->health);
    session->client = apipie_client_unref(session->client);
    session->box = cli_box_stop(session->box);
}

const char *cli_session_place(const struct cli_options *options)
{
    return cli_config_place(options, cli_config_asked(options));
}
