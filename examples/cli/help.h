/* SPDX-License-Identifier: MIT */
/* The texts of --help, in parts, up to NULL. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

extern const char *const cli_help[];
extern const char *const cli_help_generate[];
extern const char *const cli_help_again[];
extern const char *const cli_help_upload[];
extern const char *const cli_help_models[];
extern const char *const cli_help_estimate[];
extern const char *const cli_help_sandbox[];
extern const char *const cli_help_stats[];
extern const char *const cli_help_health[];
extern const char *const cli_help_choose[];
extern const char *const cli_help_compare[];
extern const char *const cli_help_recommend[];
extern const char *const cli_help_history[];
extern const char *const cli_help_dashboard[];
extern const char *const cli_help_edit[];
extern const char *const cli_help_backends[];
extern const char *const cli_help_doctor[];

/* The exit code. */
int cli_help_print(const char *const *parts);

#endif
