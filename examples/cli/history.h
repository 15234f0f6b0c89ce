/* SPDX-License-Identifier: MIT */
/* How bills, their sums and their audit are shown. */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include <apipie/apipie.h>

/* APIPIE_TOTALS_* of the word of --by. */
int32_t cli_history_by(const char *word);

void cli_history_bills(const apipie_history *history, const apipie_totals *all);
void cli_history_bills_json(const apipie_history *history, const apipie_totals *all);
void cli_history_totals(const apipie_totals *rows, const apipie_totals *all, const char *by);
void cli_history_totals_json(const apipie_history *history, const apipie_totals *rows,
                             const apipie_totals *all, const char *by);
void cli_history_audit(const apipie_audit *audit, const apipie_history *ledger,
                       const apipie_history *gateway);
void cli_history_audit_json(const apipie_audit *audit, const apipie_history *ledger,
                            const apipie_history *gateway);

#endif
