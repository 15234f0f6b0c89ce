/* SPDX-License-Identifier: MIT */
/* What there is to choose from: the models, as the gateway lists them now, or as a file or the library has them, and what was
 * measured of them. */
#ifndef CLI_OFFER_H
#define CLI_OFFER_H

#include "catalog.h"
#include "session.h"

struct cli_offer {
    struct cli_session session; /* where the gateway is asked */
    struct cli_catalog list;    /* what it said */
    apipie_client *client;      /* the session's, or one of its own */
    apipie_catalog *catalog;    /* the built-in models, and the list over them */
    apipie_stats *stats;        /* NULL without --stats */
};

/* cli_offer_close() in any case. */
void cli_offer_open(struct cli_offer *offer, const struct cli_options *options,
                    struct cli_failure *failure);
/* Returns the exit code: the failure is told, and a stdout that did not take all is one. */
int cli_offer_close(struct cli_offer *offer, const struct cli_options *options,
                    struct cli_failure *failure);

#endif
