/* SPDX-License-Identifier: MIT */
/* How a batch stands: the live line on a terminal, the last line, the exit code. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include <apipie/apipie.h>

enum cli_tally_stop {
    CLI_TALLY_GOES_ON,
    CLI_TALLY_BUDGET,
    CLI_TALLY_INTERRUPTED,
    CLI_TALLY_BROKEN
};

struct cli_tally {
    int64_t done, failed, skipped, not_started;
    int64_t total;         /* lines there are; 0 when nobody can know */
    int64_t paid, perhaps; /* picodollars; perhaps: of calls of which nobody knows */
    int64_t doubtful;      /* lines that may have been billed */
    int32_t estimated;     /* some of paid is no server's figure */
    int64_t unpriced;      /* lines that were billed, for how much nobody says */
    int64_t begun_ms, shown_ms;
    int64_t first_index; /* the first line that failed, by its number */
    apipie_status first;
    enum cli_tally_stop stop;
    int not_started_open; /* there may be more that nobody read */
    int is_live;          /* stderr is a terminal */
};

void cli_tally_begin(struct cli_tally *tally);
/* A line has ended; request is NULL when it was refused before there was one. */
void cli_tally_add(struct cli_tally *tally, int64_t index, apipie_status status,
                   const apipie_request *request);
/* A failure of a line that was counted, or that is no end of it: for the exit code. */
void cli_tally_note(struct cli_tally *tally, int64_t index, apipie_status status);
/* Now and then, on a terminal. */
void cli_tally_show(struct cli_tally *tally);
/* Before something else is written. */
void cli_tally_clear(struct cli_tally *tally);
/* The line at the end; the exit code. */
int cli_tally_end(struct cli_tally *tally);

#endif
