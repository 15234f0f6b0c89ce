/* SPDX-License-Identifier: MIT */
/* Knows how it is told what would have been better; the library finds it. */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "bills.h"
#include "json_out.h"
#include "offer.h"
#include "table.h"

#define BILLS_MOST 1000000

static int64_t figure(const apipie_advice *a, size_t n, int32_t which)
{
    return apipie_advice_number(a, n, which);
}

static int is_cheaper(const apipie_advice *a, size_t n)
{
    return figure(a, n, APIPIE_ADVICE_KIND) == APIPIE_ADVICE_CHEAPER;
}

static void show_one(const apipie_advice *a, size_t i)
{
    char saved[32] = "";

    cli_table_model(apipie_advice_text(a, i, 0, APIPIE_MODEL_PROVIDER),
                    apipie_advice_text(a, i, 0, APIPIE_MODEL_NAME), 27);
    cli_table_model(apipie_advice_text(a, i, 1, APIPIE_MODEL_PROVIDER),
                    apipie_advice_text(a, i, 1, APIPIE_MODEL_NAME), 27);
    if (is_cheaper(a, i)) {
        (void)apipie_money_format(figure(a, i, APIPIE_ADVICE_SAVED) / 1000000 * 1000000, saved,
                                  sizeof saved);
        (void)printf(" $%s for %" PRId64, saved, figure(a, i, APIPIE_ADVICE_IMAGES));
    } else {
        (void)printf(" %" PRId64 " ms each", figure(a, i, APIPIE_ADVICE_SAVED));
    }
    cli_table_end();
}

static void show(const apipie_advice *a)
{
    if (apipie_advice_count(a) != 0)
        (void)puts(" used                        better                      saves");
    else
        (void)printf("nothing better is known for %zu models that were used\n",
                     apipie_advice_looked(a));
    for (size_t i = 0; i < apipie_advice_count(a); i++)
        show_one(a, i);
}

static void report_model(struct cli_json *j, const apipie_advice *a, size_t i, int32_t better)
{
    cli_json_open(j, better ? "better" : "used", '{');
    cli_json_text(j, "provider", apipie_advice_text(a, i, better, APIPIE_MODEL_PROVIDER));
    cli_json_text(j, "model", apipie_advice_text(a, i, better, APIPIE_MODEL_NAME));
    cli_json_money(j, "price_usd",
                   figure(a, i, better ? APIPIE_ADVICE_PRICE_BETTER : APIPIE_ADVICE_PRICE_USED));
    cli_json_number(
        j, "latency_ms",
        figure(a, i, better ? APIPIE_ADVICE_LATENCY_BETTER : APIPIE_ADVICE_LATENCY_USED));
    if (better) {
        cli_json_number(j, "tries", figure(a, i, APIPIE_ADVICE_TRIES));
        cli_json_number(j, "ok", figure(a, i, APIPIE_ADVICE_OK));
    } else {
        cli_json_number(j, "images", figure(a, i, APIPIE_ADVICE_IMAGES));
    }
    cli_json_close(j, '}');
}

static void report(const apipie_advice *a)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_number(&j, "looked_at", (int64_t)apipie_advice_looked(a));
    cli_json_open(&j, "advice", '[');
    for (size_t i = 0; i < apipie_advice_count(a); i++) {
        int64_t saved = figure(a, i, APIPIE_ADVICE_SAVED);

        cli_json_open(&j, NULL, '{');
        cli_json_text(&j, "kind", is_cheaper(a, i) ? "cheaper" : "faster");
        cli_json_money(&j, "saved_usd", is_cheaper(a, i) ? saved : APIPIE_UNKNOWN);
        cli_json_number(&j, "saved_ms", is_cheaper(a, i) ? APIPIE_UNKNOWN : saved);
        report_model(&j, a, i, 0);
        report_model(&j, a, i, 1);
        cli_json_close(&j, '}');
    }
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

/* What was used: the offer has the statistics already, when there are any. */
static void read_bills(struct cli_offer *offer, const struct cli_options *o,
                       struct cli_session *session, struct cli_bills *bills, struct cli_failure *f)
{
    struct cli_options asking = *o;

    asking.stats = asking.ledger = NULL;
    if (o->ledger != NULL) {
        cli_bills_ledger(bills, offer->client, o, f);
    } else if (offer->session.client != NULL) {
        cli_bills_fetch(bills, offer->session.client, o, BILLS_MOST, f);
    } else { /* the models came from elsewhere */
        cli_session_open(session, &asking, f);
        if (f->status == APIPIE_OK)
            cli_bills_fetch(bills, session->client, o, BILLS_MOST, f);
    }
    if (f->status == APIPIE_OK && (offer->stats = apipie_history_stats(bills->history)) == NULL)
        cli_failure_memory(f);
}

static void open_offer(struct cli_offer *offer, const struct cli_options *o, struct cli_failure *f)
{
    struct cli_options asking = *o;

    asking.ledger = NULL; /* it is read, not written */
    asking.since = CLI_UNSET;
    if ((o->stats != NULL) + (o->history != 0) + (o->ledger != NULL) != 1)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "apipie recommend --help shows the options",
                        "say what was used: --stats FILE, --history or --ledger FILE, one of them",
                        NULL, NULL);
    else if (o->since != CLI_UNSET && o->stats != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "it goes with --history and --ledger",
                        "--since: statistics have no times", NULL, NULL);
    else
        cli_offer_open(offer, &asking, f);
}

int cli_recommend(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_offer offer = {0};
    struct cli_session session = {0};
    struct cli_bills bills = {NULL, NULL};
    apipie_advice *advice = NULL;
    int code;

    open_offer(&offer, o, &failure);
    if (failure.status == APIPIE_OK && o->stats == NULL)
        read_bills(&offer, o, &session, &bills, &failure);
    if (failure.status == APIPIE_OK &&
        (advice = apipie_recommend(offer.catalog, offer.stats)) == NULL)
        cli_failure_memory(&failure);
    else if (failure.status == APIPIE_OK && o->json)
        report(advice);
    else if (failure.status == APIPIE_OK)
        show(advice);
    (void)apipie_advice_unref(advice);
    code = cli_offer_close(&offer, o, &failure);
    cli_bills_close(&bills);
    cli_session_close(&session);
    return code;
}
