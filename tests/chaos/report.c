/* SPDX-License-Identifier: MIT */
/* Knows what the public API says of a call that has ended, and that all of it must fit together; must not know the server. */
#include "chaos.h"

#include <string.h>

/* ---- the host's sink of some calls */

static apipie_status report_begin(void *user, uint32_t slot, const char *mime)
{
    struct chaos_report *report = user;
    (void)mime;
    report->open |= UINT32_C(1) << (slot & 31);
    return APIPIE_OK;
}

static apipie_status report_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    const struct chaos_report *report = user;
    (void)data;
    (void)size;
    return report->open & UINT32_C(1) << (slot & 31) ? APIPIE_OK : APIPIE_E_SINK;
}

static apipie_status report_commit(void *user, uint32_t slot, size_t index)
{
    struct chaos_report *report = user;
    (void)index;
    if ((report->open & UINT32_C(1) << (slot & 31)) == 0)
        chaos_wrong("a slot is committed that has not begun, or has ended");
    report->open &= ~(UINT32_C(1) << (slot & 31));
    report->commits++;
    return APIPIE_OK;
}

static void report_abort(void *user, uint32_t slot)
{
    struct chaos_report *report = user;
    report->open &= ~(UINT32_C(1) << (slot & 31));
}

static void report_free(void *user)
{
    struct chaos_report *report = user;
    report->freed++;
}

void chaos_report_sink(apipie_request *r, struct chaos_report *report)
{
    apipie_request_set_sink(r, report_begin, report_write, NULL, report_commit, report_abort,
                            report, report_free);
}

/* ---- one state */

static void report_state(const struct chaos_crowd *c, int32_t number, apipie_request *r)
{
    const struct chaos_report *report = &c->reports[number];
    const apipie_error *error = apipie_request_error(r);
    apipie_status status = report->status;
    apipie_request_cancel(r);
    if (status > 0 || apipie_request_wait(r, 0) != status || apipie_request_status(r) != status)
        chaos_wrong("call %d: ended with %s, then is %s", (int)number, apipie_status_name(status),
                    apipie_status_name(apipie_request_status(r)));
    if ((status == APIPIE_OK) != (error == NULL) ||
        (error != NULL && apipie_error_code(error) != status))
        chaos_wrong("call %d: %s, but its error is %s", (int)number, apipie_status_name(status),
                    apipie_error_message(error));
    if (status == APIPIE_E_MEMORY || status == APIPIE_E_INTERNAL || status == APIPIE_E_FILE ||
        status == APIPIE_E_STATE)
        chaos_wrong("call %d: %s: %s", (int)number, apipie_status_name(status),
                    apipie_error_message(error));
}

static void report_pictures(const struct chaos_crowd *c, int32_t number, apipie_request *r,
                            int32_t sink)
{
    const struct chaos_report *report = &c->reports[number];
    const apipie_result *result = apipie_request_result(r);
    size_t size = 0;
    size_t whole = 0;
    const uint8_t *picture = chaos_picture(&size);
    for (size_t i = 0; i < apipie_result_image_count(result); i++) {
        const uint8_t *data = apipie_result_image_data(result, i, NULL);
        uint64_t got = apipie_result_image_size(result, i);
        whole += got != 0;
        /* A padded one has other bytes behind its first ones. */
        if (data != NULL && (got < size / 3 * 3 || memcmp(data, picture, size / 3 * 3) != 0))
            chaos_wrong("call %d: image %zu is not the one that was sent", (int)number, i);
        if (data == NULL && got != 0 && !sink && report->status == APIPIE_OK)
            chaos_wrong("call %d: image %zu has a size and no bytes", (int)number, i);
    }
    if ((report->status == APIPIE_OK) != (whole != 0))
        chaos_wrong("call %d: %s with %zu pictures", (int)number,
                    apipie_status_name(report->status), whole);
    if (sink && (report->open != 0 || (size_t)report->commits != whole))
        chaos_wrong("call %d: %d pictures committed of %zu, slots %x still open", (int)number,
                    (int)report->commits, whole, (unsigned)report->open);
}

/* ---- attempts */

static void report_attempt(struct chaos_report *report, int32_t number, const apipie_request *r,
                           size_t i)
{
    static const int32_t bills[] = {-1, APIPIE_BILLED_NO, APIPIE_BILLED_NO, APIPIE_BILLED_YES,
                                    APIPIE_BILLED_UNKNOWN};
    int32_t outcome = apipie_request_attempt_outcome(r, i);
    int32_t billed = apipie_request_attempt_billed(r, i);
    int32_t paid = apipie_request_attempt_purpose(r, i) == APIPIE_PURPOSE_GENERATE;
    apipie_status status = apipie_request_attempt_status(r, i);
    if (outcome < APIPIE_OUTCOME_NOT_SENT || outcome > APIPIE_OUTCOME_UNKNOWN ||
        billed != (paid ? bills[outcome] : APIPIE_BILLED_NO))
        chaos_wrong("call %d: attempt %zu ended as %d, billed %d", (int)number, i, (int)outcome,
                    (int)billed);
    if (!paid)
        return;
    report->generates++;
    report->sent += outcome != APIPIE_OUTCOME_NOT_SENT;
    report->skipped += outcome == APIPIE_OUTCOME_NOT_SENT &&
                       (status == APIPIE_E_UNAVAILABLE || status == APIPIE_E_RATE_LIMITED);
    report->resent += outcome == APIPIE_OUTCOME_UNKNOWN &&
                      strstr(apipie_request_attempt_message(r, i), "kept connection") != NULL;
}

static void report_attempts(struct chaos_report *report, int32_t number, const apipie_request *r)
{
    int32_t over = 0;
    for (size_t i = 0; i < apipie_request_attempt_count(r); i++) {
        report_attempt(report, number, r, i);
        if (apipie_request_attempt_purpose(r, i) != APIPIE_PURPOSE_GENERATE)
            continue;
        report->repeated += over;
        over = apipie_request_attempt_billed(r, i) != APIPIE_BILLED_NO;
    }
}

/* ---- money */

static void report_bill(struct chaos_report *report, int32_t number, const apipie_request *r)
{
    const apipie_result *result = apipie_request_result(r);
    const apipie_error *error = apipie_request_error(r);
    report->billed = error != NULL ? apipie_error_billed(error) : apipie_result_billed(result);
    report->charge = apipie_request_charge(r, &report->kind);
    report->tries = apipie_request_tries(r);
    if (error != NULL && result != NULL && apipie_result_billed(result) != report->billed)
        chaos_wrong("call %d: billed %d by its error, %d by its result", (int)number,
                    (int)report->billed, (int)apipie_result_billed(result));
    if (report->status == APIPIE_OK && report->billed != APIPIE_BILLED_YES)
        chaos_wrong("call %d: a picture, but billed %d", (int)number, (int)report->billed);
}

void chaos_report_take(const struct chaos_crowd *c, int32_t number, apipie_request *r)
{
    struct chaos_report *report = &c->reports[number];
    report->status = apipie_request_status(r);
    report->ends++;
    report_state(c, number, r);
    report_pictures(c, number, r, chaos_wish(c->form, c->seed, number).sink);
    report_attempts(report, number, r);
    report_bill(report, number, r);
}

void chaos_report_money(apipie_client *client, const char *ledger, const char *when)
{
    struct chaos_paper paper;
    struct chaos_sums sums;
    char day[12];
    char after[12];
    chaos_today(day);
    int64_t spent = apipie_client_money(client, NULL, APIPIE_MONEY_SPENT);
    int64_t estimated = apipie_client_money(client, NULL, APIPIE_MONEY_ESTIMATED);
    int64_t reserved = apipie_client_money(client, NULL, APIPIE_MONEY_RESERVED);
    int64_t unknown = apipie_client_money(client, NULL, APIPIE_MONEY_UNKNOWN);
    chaos_today(after);
    if (apipie_client_ledger_problem(client) != NULL)
        chaos_wrong("%s: the ledger: %s", when, apipie_client_ledger_problem(client));
    if (!chaos_paper_read(&paper, ledger))
        chaos_wrong("%s: the ledger cannot be read", when);
    chaos_paper_sums(&paper, day, &sums);
    chaos_paper_free(&paper);
    if (strcmp(day, after) != 0) /* the books began anew meanwhile */
        return;
    if (spent != sums.spent || estimated != sums.estimated || reserved != 0 ||
        unknown != sums.unknown || sums.unsettled != 0)
        chaos_wrong("%s: spent %lld, estimated %lld, reserved %lld, unknown %lld; the file says "
                    "%lld, %lld, unsettled %lld, %lld",
                    when, (long long)spent, (long long)estimated, (long long)reserved,
                    (long long)unknown, (long long)sums.spent, (long long)sums.estimated,
                    (long long)sums.unsettled, (long long)sums.unknown);
}
