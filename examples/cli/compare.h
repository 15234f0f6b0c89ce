/* SPDX-License-Identifier: MIT */
/* What the two ways to compare share: groups side by side, and groups then and now. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "options.h"

/* What the models of a group have in common: APIPIE_MODEL_*. NULL: the provider. */
int32_t cli_compare_field(const char *by);
/* Those that the options speak of, as a reference; NULL without memory. */
apipie_catalog *cli_compare_select(apipie_catalog *all, const struct cli_options *options);

#endif
