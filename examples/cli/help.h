/* SPDX-License-Identifier: MIT */
/* The texts of --help. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

extern const char cli_help[];
extern const char cli_help_generate[];
extern const char cli_help_sandbox[];

#endif
