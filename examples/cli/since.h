/* SPDX-License-Identifier: MIT */
/* Prices and latencies then and now, by group and by model. */
#ifndef CLI_SINCE_H
#define CLI_SINCE_H

#include "offer.h"

/* Then: what the file of --prices knows of the moment of --since. Now: the offer. */
void cli_since(const struct cli_offer *offer, const struct cli_options *options,
               struct cli_failure *failure);

#endif
