/* SPDX-License-Identifier: MIT */
/* IMAGE.json, beside the picture: lake.png has lake.png.json, so that lake.jpg may have its own. */
#ifndef CLI_RECIPE_H
#define CLI_RECIPE_H

#include "draft.h"
#include "report.h"
#include "store.h"

/* Before anything is sent: whether recipes can be written where the pictures will go. */
void cli_recipe_check(const struct cli_options *options, struct cli_failure *failure);
/* One for each picture that was written. */
void cli_recipe_write(const struct cli_options *options, const struct cli_draft *draft,
                      struct cli_failure *failure);
/* The options that repeat what a recipe says. Texts go to the store; cli_options_free() in any case. */
void cli_recipe_read(const char *path, struct cli_options *ret, struct cli_store *store,
                     struct cli_failure *failure);

#endif
