/* SPDX-License-Identifier: MIT */
/* Knows how bills, their sums and their audit look; the library adds up and compares. */
#include "history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_out.h"
#include "moment.h"
#include "table.h"

#define TIME_WIDTH 16 /* to the minute */

int32_t cli_history_by(const char *word)
{
    static const char *const words[] = {"day", "provider", "model", "key", "tag"};

    for (int32_t i = 0; word != NULL && i < 5; i++)
        if (strcmp(word, words[i]) == 0)
            return APIPIE_TOTALS_DAY + i;
    return APIPIE_TOTALS_ALL;
}

static void put_time(int64_t ms)
{
    char text[CLI_MOMENT_TEXT];

    cli_moment_text(ms, text);
    if (strlen(text) > TIME_WIDTH)
        text[TIME_WIDTH] = '\0';
    if (text[0] != '\0')
        text[10] = ' '; /* for the T */
    cli_table_text(text[0] != '\0' ? text : NULL, TIME_WIDTH);
}

static void json_time(struct cli_json *j, const char *key, int64_t ms)
{
    char text[CLI_MOMENT_TEXT];

    cli_moment_text(ms, text);
    cli_json_text(j, key, text[0] != '\0' ? text : NULL);
}

/* ---- one bill */

static void show_cost(const apipie_history *h, size_t i)
{
    if (apipie_history_number(h, i, APIPIE_BILL_BILLED) == APIPIE_BILLED_UNKNOWN)
        cli_table_head("unknown", 11);
    else
        cli_table_money(apipie_history_number(h, i, APIPIE_BILL_COST), 11);
}

void cli_history_bills(const apipie_history *h, const apipie_totals *all)
{
    char where[192];

    (void)puts(" time, UTC        route                           unit            USD      ms");
    for (size_t i = 0; i < apipie_history_count(h); i++) {
        put_time(apipie_history_number(h, i, APIPIE_BILL_TIME));
        cli_table_model(cli_table_where(apipie_history_text(h, i, APIPIE_BILL_BACKEND),
                                        apipie_history_text(h, i, APIPIE_BILL_PROVIDER), where,
                                        sizeof where),
                        apipie_history_text(h, i, APIPIE_BILL_MODEL), 31);
        cli_table_text(apipie_history_text(h, i, APIPIE_BILL_UNIT), 7);
        show_cost(h, i);
        cli_table_number(apipie_history_number(h, i, APIPIE_BILL_LATENCY), 7);
        cli_table_end();
    }
    cli_table_text("all", TIME_WIDTH);
    cli_table_text("", 31);
    cli_table_text("", 7);
    cli_table_money(
        apipie_history_count(h) != 0 ? apipie_totals_number(all, 0, APIPIE_TOTAL_COST) : 0, 11);
    cli_table_end();
}

static void report_bill(struct cli_json *j, const apipie_history *h, size_t i)
{
    static const struct {
        const char *key;
        int32_t field;
    } texts[] = {{"id", APIPIE_BILL_ID},
                 {"backend", APIPIE_BILL_BACKEND},
                 {"provider", APIPIE_BILL_PROVIDER},
                 {"model", APIPIE_BILL_MODEL},
                 {"unit", APIPIE_BILL_UNIT},
                 {"key", APIPIE_BILL_KEY},
                 {"tag", APIPIE_BILL_TAG},
                 {"request_id", APIPIE_BILL_REQUEST_ID}},
      numbers[] = {{"images", APIPIE_BILL_IMAGES},
                   {"latency_ms", APIPIE_BILL_LATENCY},
                   {"prompt_tokens", APIPIE_BILL_PROMPT_TOKENS},
                   {"response_tokens", APIPIE_BILL_RESPONSE_TOKENS},
                   {"prompt_chars", APIPIE_BILL_PROMPT_CHARS},
                   {"response_chars", APIPIE_BILL_RESPONSE_CHARS}};
    int unknown = apipie_history_number(h, i, APIPIE_BILL_BILLED) == APIPIE_BILLED_UNKNOWN;

    cli_json_open(j, NULL, '{');
    json_time(j, "time", apipie_history_number(h, i, APIPIE_BILL_TIME));
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        cli_json_text(j, texts[k].key, apipie_history_text(h, i, texts[k].field));
    cli_json_text(j, "billed", unknown ? "unknown" : "yes");
    cli_json_money(j, "cost_usd", apipie_history_number(h, i, APIPIE_BILL_COST));
    cli_json_flag(j, "estimated", apipie_history_number(h, i, APIPIE_BILL_ESTIMATED) == 1);
    cli_json_money(j, "reserved_usd", apipie_history_number(h, i, APIPIE_BILL_RESERVED));
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        cli_json_number(j, numbers[k].key, apipie_history_number(h, i, numbers[k].field));
    cli_json_close(j, '}');
}

/* ---- sums */

static int64_t total(const apipie_totals *t, size_t row, int32_t which)
{
    return apipie_totals_number(t, row, which);
}

static void show_total(const apipie_totals *t, size_t row, const char *name)
{
    cli_table_text(name, 28);
    cli_table_number(total(t, row, APIPIE_TOTAL_BILLS), 7);
    cli_table_number(total(t, row, APIPIE_TOTAL_IMAGES), 7);
    cli_table_money(total(t, row, APIPIE_TOTAL_COST), 11);
    cli_table_number(total(t, row, APIPIE_TOTAL_UNKNOWN), 7);
    cli_table_number(total(t, row, APIPIE_TOTAL_LATENCY), 6);
    cli_table_number(total(t, row, APIPIE_TOTAL_LATENCY_P95), 6);
    cli_table_end();
}

void cli_history_totals(const apipie_totals *rows, const apipie_totals *all, const char *by)
{
    cli_table_text(by, 28);
    (void)puts("   bills  images         USD unknown p50 ms p95 ms");
    for (size_t i = 0; i < apipie_totals_count(rows); i++)
        show_total(rows, i, apipie_totals_text(rows, i));
    if (apipie_totals_count(all) != 0)
        show_total(all, 0, "all");
}

static void report_total(struct cli_json *j, const char *key, const apipie_totals *t, size_t row)
{
    static const struct {
        const char *key;
        int32_t which, money;
    } sums[] = {{"bills", APIPIE_TOTAL_BILLS, 0},
                {"images", APIPIE_TOTAL_IMAGES, 0},
                {"cost_usd", APIPIE_TOTAL_COST, 1},
                {"estimated_usd", APIPIE_TOTAL_ESTIMATED, 1},
                {"unpriced", APIPIE_TOTAL_UNPRICED, 0},
                {"unknown", APIPIE_TOTAL_UNKNOWN, 0},
                {"reserved_usd", APIPIE_TOTAL_RESERVED, 1},
                {"prompt_tokens", APIPIE_TOTAL_PROMPT_TOKENS, 0},
                {"response_tokens", APIPIE_TOTAL_RESPONSE_TOKENS, 0},
                {"latency_median_ms", APIPIE_TOTAL_LATENCY, 0},
                {"latency_p95_ms", APIPIE_TOTAL_LATENCY_P95, 0}};

    cli_json_open(j, key, '{');
    if (key == NULL)
        cli_json_text(j, "name", apipie_totals_text(t, row));
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        if (sums[i].money)
            cli_json_money(j, sums[i].key, total(t, row, sums[i].which));
        else
            cli_json_number(j, sums[i].key, total(t, row, sums[i].which));
    }
    json_time(j, "first", total(t, row, APIPIE_TOTAL_FIRST));
    json_time(j, "last", total(t, row, APIPIE_TOTAL_LAST));
    cli_json_close(j, '}');
}

static void begin(struct cli_json *j, const apipie_history *h, const apipie_totals *all)
{
    cli_json_open(j, NULL, '{');
    cli_json_flag(j, "ok", 1);
    cli_json_flag(j, "complete", apipie_history_is_complete(h));
    if (apipie_totals_count(all) != 0)
        report_total(j, "all", all, 0);
    else
        cli_json_text(j, "all", NULL);
}

static void end(struct cli_json *j)
{
    cli_json_close(j, ']');
    cli_json_close(j, '}');
    (void)fputc('\n', stdout);
}

void cli_history_bills_json(const apipie_history *h, const apipie_totals *all)
{
    struct cli_json j = {stdout, 0};

    begin(&j, h, all);
    cli_json_open(&j, "bills", '[');
    for (size_t i = 0; i < apipie_history_count(h); i++)
        report_bill(&j, h, i);
    end(&j);
}

void cli_history_totals_json(const apipie_history *h, const apipie_totals *rows,
                             const apipie_totals *all, const char *by)
{
    struct cli_json j = {stdout, 0};

    begin(&j, h, all);
    cli_json_text(&j, "by", by);
    cli_json_open(&j, "totals", '[');
    for (size_t i = 0; i < apipie_totals_count(rows); i++)
        report_total(&j, NULL, rows, i);
    end(&j);
}

/* ---- audit */

static const char *kind_name(int32_t kind)
{
    static const char *const names[] = {"", "missing", "unexpected", "different", "found"};

    return names[kind];
}

/* The side that has it tells its time and route. */
static int64_t place(const apipie_audit *a, size_t i, const apipie_history *ledger,
                     const apipie_history *gateway, const apipie_history **ret)
{
    int64_t at = apipie_audit_index(a, i, 0);

    *ret = at >= 0 ? ledger : gateway;
    return at >= 0 ? at : apipie_audit_index(a, i, 1);
}

static int64_t cost_at(const apipie_history *h, int64_t at)
{
    return at < 0 ? APIPIE_UNKNOWN : apipie_history_number(h, (size_t)at, APIPIE_BILL_COST);
}

static void show_finding(const apipie_audit *a, size_t i, const apipie_history *ledger,
                         const apipie_history *gateway)
{
    char where[192];
    const apipie_history *h;
    size_t at = (size_t)place(a, i, ledger, gateway, &h);

    cli_table_text(kind_name(apipie_audit_kind(a, i)), 10);
    put_time(apipie_history_number(h, at, APIPIE_BILL_TIME));
    cli_table_model(cli_table_where(apipie_history_text(h, at, APIPIE_BILL_BACKEND),
                                    apipie_history_text(h, at, APIPIE_BILL_PROVIDER), where,
                                    sizeof where),
                    apipie_history_text(h, at, APIPIE_BILL_MODEL), 27);
    cli_table_money(cost_at(ledger, apipie_audit_index(a, i, 0)), 10);
    cli_table_money(cost_at(gateway, apipie_audit_index(a, i, 1)), 10);
    cli_table_end();
}

static void show_sums(const apipie_audit *a)
{
    char own[32], theirs[32];

    if (apipie_audit_number(a, APIPIE_AUDIT_FROM) == APIPIE_UNKNOWN) {
        (void)puts("nothing was compared: there is no time that both cover");
        return;
    }
    (void)apipie_money_format(apipie_audit_number(a, APIPIE_AUDIT_LEDGER_COST), own, sizeof own);
    (void)apipie_money_format(apipie_audit_number(a, APIPIE_AUDIT_GATEWAY_COST), theirs,
                              sizeof theirs);
    (void)printf("%" PRId64 " bills agree on the call; the ledger has $%s, the gateway $%s\n",
                 apipie_audit_number(a, APIPIE_AUDIT_MATCHED), own, theirs);
    if (apipie_audit_number(a, APIPIE_AUDIT_OPEN) != 0)
        (void)printf("%" PRId64 " calls of the ledger are unknown still\n",
                     apipie_audit_number(a, APIPIE_AUDIT_OPEN));
}

void cli_history_audit(const apipie_audit *a, const apipie_history *ledger,
                       const apipie_history *gateway)
{
    if (apipie_audit_count(a) != 0)
        (void)puts(
            " what       time, UTC        route                           ledger    gateway");
    for (size_t i = 0; i < apipie_audit_count(a); i++)
        show_finding(a, i, ledger, gateway);
    show_sums(a);
}

static void report_side(struct cli_json *j, const char *key, const apipie_history *h, int64_t at)
{
    if (at < 0) {
        cli_json_text(j, key, NULL);
        return;
    }
    cli_json_open(j, key, '{');
    json_time(j, "time", apipie_history_number(h, (size_t)at, APIPIE_BILL_TIME));
    cli_json_text(j, "id", apipie_history_text(h, (size_t)at, APIPIE_BILL_ID));
    cli_json_text(j, "provider", apipie_history_text(h, (size_t)at, APIPIE_BILL_PROVIDER));
    cli_json_text(j, "model", apipie_history_text(h, (size_t)at, APIPIE_BILL_MODEL));
    cli_json_money(j, "cost_usd", cost_at(h, at));
    cli_json_text(j, "request_id", apipie_history_text(h, (size_t)at, APIPIE_BILL_REQUEST_ID));
    cli_json_close(j, '}');
}

static void report_counts(struct cli_json *j, const apipie_audit *a)
{
    cli_json_number(j, "matched", apipie_audit_number(a, APIPIE_AUDIT_MATCHED));
    for (int32_t kind = APIPIE_AUDIT_MISSING; kind <= APIPIE_AUDIT_FOUND; kind++)
        cli_json_number(j, kind_name(kind), apipie_audit_number(a, kind));
    cli_json_number(j, "open", apipie_audit_number(a, APIPIE_AUDIT_OPEN));
    cli_json_money(j, "ledger_usd", apipie_audit_number(a, APIPIE_AUDIT_LEDGER_COST));
    cli_json_money(j, "gateway_usd", apipie_audit_number(a, APIPIE_AUDIT_GATEWAY_COST));
    json_time(j, "from", apipie_audit_number(a, APIPIE_AUDIT_FROM));
    json_time(j, "to", apipie_audit_number(a, APIPIE_AUDIT_TO));
}

void cli_history_audit_json(const apipie_audit *a, const apipie_history *ledger,
                            const apipie_history *gateway)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_flag(&j, "complete", apipie_history_is_complete(gateway));
    report_counts(&j, a);
    cli_json_open(&j, "findings", '[');
    for (size_t i = 0; i < apipie_audit_count(a); i++) {
        cli_json_open(&j, NULL, '{');
        cli_json_text(&j, "kind", kind_name(apipie_audit_kind(a, i)));
        report_side(&j, "ledger", ledger, apipie_audit_index(a, i, 0));
        report_side(&j, "gateway", gateway, apipie_audit_index(a, i, 1));
        cli_json_close(&j, '}');
    }
    end(&j);
}
