/* SPDX-License-Identifier: MIT */
/* From options to a request that is ready to be submitted. */
#ifndef CLI_DRAFT_H
#define CLI_DRAFT_H

#include "options.h"

/* A reference, or NULL with the failure set. A setter's refusal is told by submit; *ret_refused then names
 * the option, else it is NULL. The failure may be set beside a request: a file that cannot
 * be read. */
apipie_request *cli_draft(const struct cli_options *options, apipie_client *client,
                          const char **ret_refused, struct cli_failure *failure);

#endif
