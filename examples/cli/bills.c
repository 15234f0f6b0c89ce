/* SPDX-License-Identifier: MIT */
/* Knows where bills are read from; not how they are shown. */
#include "bills.h"

#include <stdio.h>

#include "config.h"
#include "interrupt.h"
#include "text.h"

static void say_warnings(const apipie_result *result)
{
    for (size_t i = 0; i < apipie_result_warning_count(result); i++) {
        (void)fputs("warning: ", stderr);
        cli_text_print(stderr, apipie_result_warning(result, i));
        (void)fputc('\n', stderr);
    }
}

static void set_up(apipie_request *r, const struct cli_options *o, int64_t most)
{
    (void)apipie_request_set_backend(r, cli_config_asked(o));
    (void)apipie_request_set_period(r, o->since, o->until); /* CLI_UNSET is APIPIE_UNKNOWN */
    (void)apipie_request_set_max_rows(r, most);
    if (o->timeout_ms != CLI_UNSET)
        (void)apipie_request_set_timeout(r, o->timeout_ms);
    if (o->retries != CLI_UNSET)
        (void)apipie_request_set_retry(r, APIPIE_RETRY_SAFE, (int32_t)o->retries);
}

void cli_bills_fetch(struct cli_bills *bills, apipie_client *client, const struct cli_options *o,
                     int64_t most, struct cli_failure *f)
{
    apipie_request *r = bills->request = apipie_request_new(client, APIPIE_REQUEST_HISTORY);
    apipie_status status;

    bills->history = NULL;
    if (r == NULL) {
        cli_failure_memory(f);
        return;
    }
    set_up(r, o, most);
    cli_interrupt_watch(r);
    status = apipie_request_perform(r);
    cli_interrupt_watch(NULL);
    if (status != APIPIE_OK)
        cli_failure_take(f, status, r, NULL);
    else
        say_warnings(apipie_request_result(r));
    bills->history = apipie_history_ref(apipie_request_history(r));
}

void cli_bills_ledger(struct cli_bills *bills, apipie_client *client, const struct cli_options *o,
                      struct cli_failure *f)
{
    apipie_status status;

    bills->request = NULL;
    bills->history = NULL;
    status = apipie_history_load_ledger(client, o->ledger, o->since, o->until, &bills->history);
    if (status == APIPIE_E_FILE)
        cli_failure_set(f, status, "it is what generate --ledger FILE writes",
                        "--ledger: cannot be read: ", o->ledger, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, status, "", "--ledger: ", apipie_status_name(status), NULL);
}

void cli_bills_close(struct cli_bills *bills)
{
    bills->history = apipie_history_unref(bills->history);
    bills->request = apipie_request_unref(bills->request);
}
