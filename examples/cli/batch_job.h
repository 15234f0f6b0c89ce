/* SPDX-License-Identifier: MIT */
/* One line of a batch from its text to its report. */
#ifndef CLI_BATCH_JOB_H
#define CLI_BATCH_JOB_H

#include "batch_line.h"
#include "draft.h"
#include "journal.h"
#include "names.h"
#include "tally.h"

struct cli_batch_job {
    struct cli_batch_line line;
    struct cli_draft draft; /* its request is NULL: this place is free */
    char key[CLI_DIGEST_TEXT];
    int64_t index;
};

/* What all jobs of a batch share. */
struct cli_batch_room {
    const struct cli_options *options;
    apipie_client *client;
    struct cli_journal *journal; /* NULL: none */
    struct cli_names names;
    struct cli_tally tally;
    struct cli_failure failure; /* what no line is to blame for: it stops the batch */
};

/* Sends the line, or reports at once why not. 1 when it is out now. */
int cli_batch_job_start(struct cli_batch_job *job, struct cli_batch_room *room, int64_t index,
                        const char *text, size_t n);
/* A line of which only the number is known. */
void cli_batch_job_too_long(struct cli_batch_room *room, int64_t index);
/* Reports what became of a request that has ended; the place is free then. */
void cli_batch_job_end(struct cli_batch_job *job, struct cli_batch_room *room);

#endif
