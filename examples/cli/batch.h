/* SPDX-License-Identifier: MIT */
/* `apipie generate --batch`. */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "options.h"

/* What can be said before anything is opened. */
void cli_batch_check(const struct cli_options *options, struct cli_failure *failure);
/* Draws the lines and reports them; the exit code. */
int cli_batch_run(const struct cli_options *options, apipie_client *client);

#endif
