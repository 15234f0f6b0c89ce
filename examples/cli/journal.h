/* SPDX-License-Identifier: MIT */
/* FILE.done, beside the file of a batch: a line of JSON for each line that is drawn, so that the same batch, started
 * again, goes on where it was stopped. */
#ifndef CLI_JOURNAL_H
#define CLI_JOURNAL_H

#include "digest.h"
#include "json_in.h"
#include "report.h"

struct cli_journal;

/* Opens and locks the journal of a batch file. NULL on failure. */
struct cli_journal *cli_journal_open(const char *batch, struct cli_failure *failure);
struct cli_journal *cli_journal_close(struct cli_journal *journal);

/* A line that is done, with files that are still there. Each entry is given once: of two equal lines each has its own. */
struct cli_journal_line {
    char *text;                  /* to be freed */
    struct cli_json_value files; /* [{"path","bytes"}], in text */
};

int cli_journal_find(struct cli_journal *journal, const char key[CLI_DIGEST_TEXT],
                     struct cli_journal_line *ret);
/* On the disk when it returns. */
void cli_journal_add(struct cli_journal *journal, const char key[CLI_DIGEST_TEXT], int64_t index,
                     const apipie_result *result, enum cli_place place,
                     struct cli_failure *failure);

#endif
