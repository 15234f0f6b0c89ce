/* SPDX-License-Identifier: MIT */
/* The subcommands; each returns the exit code and has reported what there was to say. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

int cli_generate(const struct cli_options *options);
int cli_again(const struct cli_options *options);
int cli_edit(const struct cli_options *options);
int cli_upload(const struct cli_options *options);
int cli_models(const struct cli_options *options);
int cli_estimate(const struct cli_options *options);
int cli_choose(const struct cli_options *options);
int cli_compare(const struct cli_options *options);
int cli_recommend(const struct cli_options *options);
int cli_history(const struct cli_options *options);
int cli_dashboard(const struct cli_options *options);
int cli_sandbox(const struct cli_options *options);
int cli_stats(const struct cli_options *options);
int cli_health(const struct cli_options *options);
int cli_backends(const struct cli_options *options);
int cli_doctor(const struct cli_options *options);

#endif
