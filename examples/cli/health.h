/* SPDX-License-Identifier: MIT */
/* How providers and models do, as it is shown. */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "options.h"

/* Does the row match -p and -m? */
int cli_health_is_asked(const apipie_health *health, size_t row, const struct cli_options *options);
/* All rows that do, on stdout. */
void cli_health_print(const apipie_health *health, const struct cli_options *options);
void cli_health_print_json(const apipie_health *health, const struct cli_options *options);
/* One answer: {"ok":true,"check":"prodia/sdxl","state":"healthy","reason":"..."}. */
void cli_health_print_check_json(const char *check, int32_t state, const char *reason);

#endif
