/* SPDX-License-Identifier: MIT */
/* Knows how a choice is asked for and shown; the library makes it. */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_out.h"
#include "offer.h"
#include "table.h"
#include "text.h"

#define SHOWN 20 /* without --explain */

/* ---- what is asked */

static const char *set_texts(apipie_need *need, const struct cli_options *o)
{
    const struct {
        const char *flag, *value;
        int32_t field;
    } texts[] = {{"--family", o->family, APIPIE_MODEL_FAMILY},
                 {"--speciality", o->speciality, APIPIE_MODEL_SPECIALITY},
                 {"--series", o->series, APIPIE_MODEL_SERIES},
                 {"--provider", o->provider, APIPIE_MODEL_PROVIDER}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value != NULL &&
            apipie_need_set_text(need, texts[i].field, texts[i].value) != APIPIE_OK)
            return texts[i].flag;
    return NULL;
}

static apipie_status set_weights(apipie_need *need, const char *by)
{
    if (by == NULL || strcmp(by, "balance") == 0)
        return APIPIE_OK;
    return apipie_need_set_weights(need, strcmp(by, "price") == 0, strcmp(by, "speed") == 0,
                                   strcmp(by, "reliability") == 0);
}

/* NULL, or the option that was refused. */
static const char *set_need(apipie_need *need, const struct cli_options *o,
                            const struct cli_offer *offer)
{
    const char *flag = set_texts(need, o);

    if (flag != NULL)
        return flag;
    if (o->width != CLI_UNSET &&
        apipie_need_set_size(need, (int32_t)o->width, (int32_t)o->height) != APIPIE_OK)
        return "--size";
    if (apipie_need_set_country(need, apipie_request_catalog(offer->list.limits), o->country) !=
        APIPIE_OK)
        return "--country";
    if (o->quality != NULL && apipie_need_set_quality(need, o->quality) != APIPIE_OK)
        return "--quality";
    if (o->max_price != CLI_UNSET && apipie_need_set_max_price(need, o->max_price) != APIPIE_OK)
        return "--max-price";
    if (o->max_p95 != CLI_UNSET && apipie_need_set_max_p95(need, o->max_p95) != APIPIE_OK)
        return "--max-p95";
    if (apipie_need_set_editing(need, o->edit) != APIPIE_OK)
        return "--edit";
    return set_weights(need, o->by) != APIPIE_OK ? "--by" : NULL;
}

/* ---- shown */

static int64_t figure(const apipie_choice *choice, size_t rank, int32_t which)
{
    return apipie_choice_number(choice, rank, which);
}

static void show_candidate(const apipie_choice *choice, size_t i)
{
    cli_table_number((int64_t)i + 1, 3);
    cli_table_number(figure(choice, i, APIPIE_CHOICE_SCORE), 5);
    cli_table_money(figure(choice, i, APIPIE_CHOICE_PRICE), 10);
    cli_table_number(figure(choice, i, APIPIE_CHOICE_LATENCY), 7);
    cli_table_number(figure(choice, i, APIPIE_CHOICE_P95), 7);
    cli_table_percent(figure(choice, i, APIPIE_CHOICE_OK), figure(choice, i, APIPIE_CHOICE_TRIES),
                      5);
    cli_table_model(apipie_choice_text(choice, i, APIPIE_MODEL_PROVIDER),
                    apipie_choice_text(choice, i, APIPIE_MODEL_NAME), -36);
    cli_table_end();
}

/* Where the score comes from, in two lines. */
static void explain_candidate(const apipie_choice *choice, size_t i)
{
    (void)printf("    price %" PRId64 ": listed", figure(choice, i, APIPIE_CHOICE_SCORE_PRICE));
    cli_table_money(figure(choice, i, APIPIE_CHOICE_PRICE_LISTED), 1);
    (void)fputs(", own", stdout);
    cli_table_money(figure(choice, i, APIPIE_CHOICE_PRICE_OWN), 1);
    (void)printf("; reliability %" PRId64 ": %" PRId64 " of %" PRId64 "\n",
                 figure(choice, i, APIPIE_CHOICE_SCORE_RELIABILITY),
                 figure(choice, i, APIPIE_CHOICE_OK), figure(choice, i, APIPIE_CHOICE_TRIES));
    (void)printf("    speed %" PRId64 ": listed", figure(choice, i, APIPIE_CHOICE_SCORE_SPEED));
    cli_table_number(figure(choice, i, APIPIE_CHOICE_LATENCY_LISTED), 1);
    (void)fputs(" ms, own", stdout);
    cli_table_number(figure(choice, i, APIPIE_CHOICE_LATENCY_OWN), 1);
    (void)fputs(" ms\n", stdout);
}

static void show_rejected(const apipie_choice *choice)
{
    for (size_t i = 0; i < apipie_choice_rejected_count(choice); i++) {
        char reason[128];

        (void)apipie_choice_reason(choice, i, reason, sizeof reason);
        cli_table_text("no", 3);
        cli_table_text(reason, 37);
        cli_table_model(apipie_choice_rejected_text(choice, i, APIPIE_MODEL_PROVIDER),
                        apipie_choice_rejected_text(choice, i, APIPIE_MODEL_NAME), -36);
        cli_table_end();
    }
}

static void show(const apipie_choice *choice, int explain)
{
    size_t n = apipie_choice_count(choice), shown = explain || n < SHOWN ? n : SHOWN;

    if (n != 0)
        (void)puts("   # score  USD/image      ms  p95 ms    ok model");
    for (size_t i = 0; i < shown; i++) {
        show_candidate(choice, i);
        if (explain)
            explain_candidate(choice, i);
    }
    if (explain || n == 0)
        show_rejected(choice);
    (void)fprintf(stderr, "%zu models serve it, %zu do not%s\n", n,
                  apipie_choice_rejected_count(choice), explain ? "" : "; --explain says why");
}

/* ---- JSON */

static void report_candidate(struct cli_json *j, const apipie_choice *choice, size_t i)
{
    cli_json_open(j, NULL, '{');
    cli_json_text(j, "provider", apipie_choice_text(choice, i, APIPIE_MODEL_PROVIDER));
    cli_json_text(j, "model", apipie_choice_text(choice, i, APIPIE_MODEL_NAME));
    cli_json_number(j, "score", figure(choice, i, APIPIE_CHOICE_SCORE));
    cli_json_open(j, "parts", '{');
    cli_json_number(j, "price", figure(choice, i, APIPIE_CHOICE_SCORE_PRICE));
    cli_json_number(j, "speed", figure(choice, i, APIPIE_CHOICE_SCORE_SPEED));
    cli_json_number(j, "reliability", figure(choice, i, APIPIE_CHOICE_SCORE_RELIABILITY));
    cli_json_close(j, '}');
    cli_json_money(j, "price_usd", figure(choice, i, APIPIE_CHOICE_PRICE));
    cli_json_money(j, "price_listed_usd", figure(choice, i, APIPIE_CHOICE_PRICE_LISTED));
    cli_json_money(j, "price_own_usd", figure(choice, i, APIPIE_CHOICE_PRICE_OWN));
    cli_json_number(j, "latency_ms", figure(choice, i, APIPIE_CHOICE_LATENCY));
    cli_json_number(j, "latency_listed_ms", figure(choice, i, APIPIE_CHOICE_LATENCY_LISTED));
    cli_json_number(j, "latency_own_ms", figure(choice, i, APIPIE_CHOICE_LATENCY_OWN));
    cli_json_number(j, "p95_ms", figure(choice, i, APIPIE_CHOICE_P95));
    cli_json_number(j, "tries", figure(choice, i, APIPIE_CHOICE_TRIES));
    cli_json_number(j, "ok", figure(choice, i, APIPIE_CHOICE_OK));
    cli_json_close(j, '}');
}

static void report_rejected(struct cli_json *j, const apipie_choice *choice, size_t i)
{
    char reason[512];

    (void)apipie_choice_reason(choice, i, reason, sizeof reason);
    cli_json_open(j, NULL, '{');
    cli_json_text(j, "provider", apipie_choice_rejected_text(choice, i, APIPIE_MODEL_PROVIDER));
    cli_json_text(j, "model", apipie_choice_rejected_text(choice, i, APIPIE_MODEL_NAME));
    cli_json_text(j, "reason", reason);
    cli_json_close(j, '}');
}

static void report(const apipie_choice *choice)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_open(&j, "models", '[');
    for (size_t i = 0; i < apipie_choice_count(choice); i++)
        report_candidate(&j, choice, i);
    cli_json_close(&j, ']');
    cli_json_open(&j, "rejected", '[');
    for (size_t i = 0; i < apipie_choice_rejected_count(choice); i++)
        report_rejected(&j, choice, i);
    cli_json_close(&j, ']');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

static void choose(const struct cli_offer *offer, const struct cli_options *o,
                   struct cli_failure *f)
{
    apipie_need *need = apipie_need_new(offer->client);
    const char *flag = need == NULL ? NULL : set_need(need, o, offer);
    apipie_choice *choice = NULL;

    if (flag != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "", flag, ": the value is refused", NULL);
    else if (need == NULL || (choice = apipie_choose(offer->catalog, offer->stats, need)) == NULL)
        cli_failure_memory(f);
    else if (o->json)
        report(choice);
    else
        show(choice, o->explain);
    (void)apipie_choice_unref(choice);
    (void)apipie_need_unref(need);
}

int cli_choose(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_offer offer;

    cli_offer_open(&offer, o, &failure);
    if (failure.status == APIPIE_OK)
        choose(&offer, o, &failure);
    return cli_offer_close(&offer, o, &failure);
}
