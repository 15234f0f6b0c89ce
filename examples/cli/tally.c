/* SPDX-License-Identifier: MIT */
/* Knows what is counted in a batch and how it is told; draws nothing. */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"

#define SHOW_EVERY_MS 200
#define WIDTH         78

static int64_t clock_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_tally_begin(struct cli_tally *t)
{
    memset(t, 0, sizeof *t);
    t->begun_ms = clock_ms();
    t->is_live = isatty(STDERR_FILENO);
}

static int64_t plus(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static void add_charge(struct cli_tally *t, const apipie_request *request)
{
    int32_t kind = APIPIE_CHARGE_NONE;
    int64_t charge = apipie_request_charge(request, &kind);

    if (kind == APIPIE_CHARGE_UNKNOWN) {
        t->perhaps = plus(t->perhaps, charge);
        t->doubtful++;
    } else {
        t->paid = plus(t->paid, charge);
        t->estimated |= kind == APIPIE_CHARGE_ESTIMATED && charge > 0;
        t->unpriced += kind != APIPIE_CHARGE_NONE && charge == 0;
    }
}

void cli_tally_note(struct cli_tally *t, int64_t index, apipie_status status)
{
    if (t->first != APIPIE_OK && index >= t->first_index)
        return;
    t->first = status;
    t->first_index = index;
}

void cli_tally_add(struct cli_tally *t, int64_t index, apipie_status status,
                   const apipie_request *request)
{
    add_charge(t, request);
    if (status == APIPIE_OK) {
        t->done++;
        return;
    }
    t->failed++;
    cli_tally_note(t, index, status);
    if (status == APIPIE_E_BUDGET && t->stop == CLI_TALLY_GOES_ON)
        t->stop = CLI_TALLY_BUDGET;
}

static const char *dollars(int64_t amount, char text[32])
{
    (void)apipie_money_format(amount, text, 32);
    return text;
}

/* As long as each of those that are left takes as long as those that were. */
static int64_t seconds_left(const struct cli_tally *t)
{
    int64_t ended = t->done + t->failed;
    int64_t left = t->total - ended - t->skipped;

    if (t->total == 0 || ended == 0 || left < 0)
        return -1;
    return (int64_t)((double)(clock_ms() - t->begun_ms) / (double)ended * (double)left / 1000 +
                     0.5);
}

void cli_tally_show(struct cli_tally *t)
{
    int64_t now = clock_ms(), left;
    char line[200], rest[64] = "", amount[32];
    int n;

    if (!t->is_live || now - t->shown_ms < SHOW_EVERY_MS)
        return;
    t->shown_ms = now;
    left = seconds_left(t);
    if (left >= 0)
        (void)snprintf(rest, sizeof rest, ", %" PRId64 ":%02d left", left / 60, (int)(left % 60));
    n = snprintf(line, sizeof line, "%" PRId64 " done, %" PRId64 " failed, $%s%s", t->done,
                 t->failed, dollars(t->paid, amount), rest);
    (void)fprintf(stderr, "\r%.*s%*s", WIDTH, line, n < WIDTH ? WIDTH - n : 0, "");
    (void)fflush(stderr);
}

void cli_tally_clear(struct cli_tally *t)
{
    if (!t->is_live || t->shown_ms == 0)
        return;
    (void)fprintf(stderr, "\r%*s\r", WIDTH, "");
    (void)fflush(stderr);
    t->shown_ms = 0;
}

static void print_not_started(const struct cli_tally *t)
{
    if (t->not_started > 0 || t->not_started_open)
        (void)fprintf(stderr, ", %s%" PRId64 " not started", t->not_started_open ? "at least " : "",
                      t->not_started);
    if (t->stop == CLI_TALLY_BUDGET)
        (void)fputs(" (the budget is reached)", stderr);
    else if (t->stop == CLI_TALLY_INTERRUPTED)
        (void)fputs(" (interrupted)", stderr);
}

int cli_tally_end(struct cli_tally *t)
{
    int64_t elapsed = clock_ms() - t->begun_ms;
    char amount[32];

    cli_tally_clear(t);
    (void)fprintf(stderr, "%" PRId64 " done, %" PRId64 " failed", t->done, t->failed);
    if (t->skipped > 0)
        (void)fprintf(stderr, ", %" PRId64 " skipped", t->skipped);
    print_not_started(t);
    (void)fprintf(stderr, " \u00b7 $%s%s", dollars(t->paid, amount),
                  t->estimated ? " (in part estimated)" : "");
    if (t->unpriced > 0)
        (void)fprintf(stderr, " \u00b7 %" PRId64 " at unknown cost", t->unpriced);
    if (t->doubtful > 0)
        (void)fprintf(stderr, " \u00b7 %" PRId64 " may have been billed besides%s%s", t->doubtful,
                      t->perhaps > 0 ? ": $" : "",
                      t->perhaps > 0 ? dollars(t->perhaps, amount) : "");
    (void)fprintf(stderr, " \u00b7 %" PRId64 ".%" PRId64 " s\n", elapsed / 1000,
                  elapsed / 100 % 10);
    if (t->stop == CLI_TALLY_INTERRUPTED)
        return cli_exit_code(APIPIE_E_CANCELLED);
    if (t->stop == CLI_TALLY_BUDGET)
        return cli_exit_code(APIPIE_E_BUDGET);
    return cli_exit_code(t->first);
}
