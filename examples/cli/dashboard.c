/* SPDX-License-Identifier: MIT */
/* Knows the course of `apipie dashboard`: gather, write the page, put it in its place; not what its sections say. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bills.h"
#include "board.h"
#include "draft.h"
#include "json_out.h"
#include "moment.h"
#include "offer.h"
#include "report.h"
#include "save.h"
#include "text.h"

static const struct {
    const char *name;
    int (*write)(struct cli_html *h, const struct cli_board *board);
} sections[] = {
    {"summary", cli_board_summary},
    {"recommendations", cli_board_advice},
    {"availability", cli_board_availability},
    {"health", cli_board_health},
    {"times", cli_board_times},
    {"prices", cli_board_prices},
    {"prices_over_time", cli_board_changes},
    {"costs", cli_board_costs},
};

/* Of --history without --since: 90 days. */
#define BILLS_MS  (90 * INT64_C(86400000))
#define BILLS_MAX 1000000
#define SECTIONS  (sizeof sections / sizeof *sections)

struct page {
    struct cli_offer offer;
    struct cli_session biller; /* where the gateway is asked what it billed */
    struct cli_bills bills;
    struct cli_board board;
    char trouble[768];
    char *text;
    size_t size;
    int32_t charts, has[SECTIONS];
};

static void check_options(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "apipie dashboard --help shows the options";

    if (o->output == NULL || o->output[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, "as -o report.html; - is stdout",
                        "-o is missing: it names the page", NULL, NULL);
    else if (cli_draft_is_folder(o->output))
        cli_failure_set(f, APIPIE_E_ARGUMENT, "as -o report.html; - is stdout",
                        "-o: is a folder: ", o->output, NULL);
    else if (o->json && strcmp(o->output, "-") == 0)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint,
                        "-o - and --json exclude each other: both "
                        "want stdout",
                        NULL, NULL);
    else if (o->sandbox && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --base-url exclude each other",
                        NULL, NULL);
    else if (o->ledger != NULL && o->history)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--ledger and --history exclude each other",
                        NULL, NULL);
    else if ((o->models != NULL) + (o->built_in != 0) > 1)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--models and --builtin exclude each other",
                        NULL, NULL);
}

/* ---- gathering */

/* A gateway that cannot be asked is what a report may be wanted for: the page says so, and has all the rest. */
static void open_offer(struct page *p, const struct cli_options *asking, struct cli_failure *f)
{
    struct cli_options alone = *asking;
    struct cli_failure none = {0};

    cli_offer_open(&p->offer, asking, f);
    if (f->status == APIPIE_OK || f->status == APIPIE_E_CANCELLED || f->status == APIPIE_E_MEMORY ||
        p->offer.list.request == NULL || p->offer.catalog != NULL)
        return;
    (void)snprintf(p->trouble, sizeof p->trouble, "%s", f->message);
    (void)cli_offer_close(&p->offer, asking, &none);
    memset(f, 0, sizeof *f);
    (void)fputs("warning: the gateway could not be asked: ", stderr);
    cli_text_print(stderr, p->trouble);
    (void)fputc('\n', stderr);
    alone.built_in = 1;
    alone.prices = NULL;
    cli_offer_open(&p->offer, &alone, f);
}

/* What the key was billed for: in a session of its own, as the list needs no key. */
static void read_bills(struct page *p, const struct cli_options *asking, struct cli_failure *f)
{
    struct cli_options o = *asking;

    if (o.history && o.since == CLI_UNSET)
        o.since = p->board.now - BILLS_MS;
    if (!o.history) {
        cli_bills_ledger(&p->bills, p->board.client, &o, f);
    } else {
        o.ledger = NULL;
        cli_session_open(&p->biller, &o, f);
        if (f->status == APIPIE_OK)
            cli_bills_fetch(&p->bills, p->biller.client, &o, BILLS_MAX, f);
    }
    p->board.bills = p->bills.history;
}

/* Without measurements the bills say what was used. */
static void take_usage(struct cli_board *b, struct cli_failure *f)
{
    if (b->stats != NULL)
        b->used = apipie_stats_ref(b->stats);
    else if (b->bills != NULL && (b->used = apipie_history_stats(b->bills)) == NULL)
        cli_failure_memory(f);
}

static void open_files(struct page *p, const struct cli_options *o, struct cli_failure *f)
{
    struct cli_options asking = *o;

    asking.stats = asking.prices = asking.health = NULL;
    if (o->prices != NULL)
        cli_board_load_prices(&p->board, o->prices, f);
    if (f->status == APIPIE_OK && o->health != NULL)
        cli_board_load_health(&p->board, o->health, f);
    if (f->status == APIPIE_OK && (o->ledger != NULL || o->history))
        read_bills(p, &asking, f);
    if (f->status == APIPIE_OK)
        take_usage(&p->board, f);
}

static int is_listed(const apipie_catalog *catalog)
{
    for (size_t i = 0; i < apipie_catalog_count(catalog); i++)
        if (apipie_catalog_number(catalog, i, APIPIE_MODEL_LIVE) == 1)
            return 1;
    return 0;
}

static void open_board(struct page *p, const struct cli_options *o, struct cli_failure *f)
{
    struct cli_options asking = *o;

    asking.ledger = asking.health = NULL; /* they are read here, not written to */
    if (o->models != NULL || o->built_in)
        asking.prices = NULL; /* the same: nothing is fetched that could be added */
    open_offer(p, &asking, f);
    if (f->status != APIPIE_OK)
        return;
    p->board.client = p->offer.client;
    p->board.catalog = p->offer.catalog;
    p->board.stats = p->offer.stats;
    p->board.now = cli_moment_now();
    p->board.listed = is_listed(p->offer.catalog);
    p->board.trouble = p->trouble[0] != '\0' ? p->trouble : NULL;
    if (o->models != NULL)
        p->board.place = "a saved list";
    else if (o->built_in || p->board.trouble != NULL)
        p->board.place = "built in";
    else
        p->board.place = cli_session_place(o);
    open_files(p, o, f);
}

static void close_board(struct page *p)
{
    p->board.health = apipie_health_unref(p->board.health);
    p->board.used = apipie_stats_unref(p->board.used);
    p->board.prices = apipie_price_history_unref(p->board.prices);
    cli_bills_close(&p->bills);
    cli_session_close(&p->biller);
    free(p->text);
}

/* ---- writing */

static void write_page(struct page *p, struct cli_failure *f)
{
    struct cli_html h = {0};

    h.out = open_memstream(&p->text, &p->size);
    if (h.out == NULL) {
        cli_failure_memory(f);
        return;
    }
    cli_page_begin(&h, &p->board);
    for (size_t i = 0; i < SECTIONS; i++)
        p->has[i] = sections[i].write(&h, &p->board);
    cli_page_end(&h);
    p->charts = h.charts;
    if (ferror(h.out))
        h.no_memory = 1;
    if (fclose(h.out) != 0 || h.no_memory)
        cli_failure_memory(f);
}

static void report(const struct page *p, const char *path)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_text(&j, "path", path);
    cli_json_number(&j, "bytes", (int64_t)p->size);
    cli_json_number(&j, "charts", p->charts);
    cli_json_text(&j, "models_from", p->board.place);
    cli_json_text(&j, "trouble", p->board.trouble);
    cli_json_open(&j, "sections", '{');
    for (size_t i = 0; i < SECTIONS; i++)
        cli_json_flag(&j, sections[i].name, p->has[i]);
    cli_json_close(&j, '}');
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

int cli_dashboard(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct page page;
    int code;

    memset(&page, 0, sizeof page);
    check_options(o, &failure);
    if (failure.status == APIPIE_OK)
        open_board(&page, o, &failure);
    if (failure.status == APIPIE_OK)
        write_page(&page, &failure);
    if (failure.status == APIPIE_OK)
        cli_save(o->output, page.text, page.size, "-o", &failure);
    if (failure.status == APIPIE_OK && o->json)
        report(&page, o->output);
    else if (failure.status == APIPIE_OK && strcmp(o->output, "-") != 0)
        (void)puts(o->output);
    code = cli_offer_close(&page.offer, o, &failure);
    close_board(&page);
    return code;
}
