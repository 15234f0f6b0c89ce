/* SPDX-License-Identifier: MIT */
/* A text that grows to a limit: what a chart says, for those who hear it. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <stddef.h>

struct cli_summary {
    char text[2048];
    size_t length;
};

/* As printf; what does not fit is left out as a whole. */
void cli_summary_add(struct cli_summary *summary, const char *format, ...);

#endif
