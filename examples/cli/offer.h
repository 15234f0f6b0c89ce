/* SPDX-License-Identifier: MIT */
/* What there is to choose from: the models and what was measured of them. Nothing is asked of the network. */
#ifndef CLI_OFFER_H
#define CLI_OFFER_H

#include "options.h"

struct cli_offer {
    apipie_client *client;
    apipie_catalog *catalog; /* built in, and --models over it */
    apipie_stats *stats;     /* NULL without --stats */
};

/* cli_offer_close() in any case. */
void cli_offer_open(struct cli_offer *offer, const struct cli_options *options,
                    struct cli_failure *failure);
/* Returns the exit code: the failure is told, and a stdout that did not take all is one. */
int cli_offer_close(struct cli_offer *offer, const struct cli_options *options,
                    struct cli_failure *failure);

#endif
