/* SPDX-License-Identifier: MIT */
/* The list of models as the options want it, and how it is shown. */
#ifndef CLI_CATALOG_H
#define CLI_CATALOG_H

#include "options.h"

struct cli_catalog {
    apipie_request *request; /* that fetched it; NULL: built in */
    apipie_catalog *models;  /* a reference; NULL on failure */
    apipie_request *limits;  /* that fetched the restrictions; NULL without --country */
};

/* Fetches the list, chooses and sorts; or the built-in one. cli_catalog_close() in any case. */
void cli_catalog_open(struct cli_catalog *catalog, const struct cli_options *options,
                      apipie_client *client, struct cli_failure *failure);
/* Fetches the list of models that make images, for the client's own use. */
void cli_catalog_fetch(struct cli_catalog *catalog, const struct cli_options *options,
                       apipie_client *client, struct cli_failure *failure);
/* With --country: fetches the list of what is not offered where. */
void cli_catalog_fetch_restrictions(struct cli_catalog *catalog, const struct cli_options *options,
                                    apipie_client *client, struct cli_failure *failure);
void cli_catalog_close(struct cli_catalog *catalog);

/* On stdout. The warnings of a table go to stderr. */
void cli_catalog_print(const struct cli_catalog *catalog, const char *country);
void cli_catalog_print_json(const struct cli_catalog *catalog, const struct cli_options *options);
/* What the fetching has to say, on stderr. */
void cli_catalog_warn(const struct cli_catalog *catalog);

#endif
