/* SPDX-License-Identifier: MIT */
/* One line of a batch: a prompt, or a JSON object with parameters of its own. */
#ifndef CLI_BATCH_LINE_H
#define CLI_BATCH_LINE_H

#include "options.h"
#include "store.h"

struct cli_batch_line {
    struct cli_options options; /* the command line's, with the line's over them */
    struct cli_store store;
};

/* 1 for a line that asks for nothing: blank, or a comment. */
int cli_batch_line_is_empty(const char *text);
/* text[n] is NUL. cli_batch_line_free() in any case. */
void cli_batch_line_read(struct cli_batch_line *line, const struct cli_options *options,
                         const char *text, size_t n, struct cli_failure *failure);
void cli_batch_line_free(struct cli_batch_line *line);

#endif
