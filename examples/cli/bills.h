/* SPDX-License-Identifier: MIT */
/* What was paid: by the gateway's history, or by a ledger. */
#ifndef CLI_BILLS_H
#define CLI_BILLS_H

#include "options.h"

struct cli_bills {
    apipie_request *request; /* what a failure borrows from; NULL of a ledger */
    apipie_history *history; /* NULL on failure */
};

/* Asks the gateway for the bills of --since to --until, at most so many; warnings go to stderr. cli_bills_close() in any case, like the
 * next one: after the failure was told. */
void cli_bills_fetch(struct cli_bills *bills, apipie_client *client,
                     const struct cli_options *options, int64_t most, struct cli_failure *failure);
/* Reads those of --ledger. */
void cli_bills_ledger(struct cli_bills *bills, apipie_client *client,
                      const struct cli_options *options, struct cli_failure *failure);
void cli_bills_close(struct cli_bills *bills);

#endif
