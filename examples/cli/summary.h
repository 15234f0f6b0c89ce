/* SPDX-License-Identifier: MIT */
/* A text that grows to a limit: what a chart says, for those who hear it. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <stddef.h>

struct cli_summary {
    char text[2048];
    size_t length;
};

#if defined(__GNUC__)
#define CLI_LIKE_PRINTF __attribute__((format(printf, 2, 3)))
#else
#define CLI_LIKE_PRINTF
#endif

/* As printf; what does not fit is left out as a whole. */
void cli_summary_add(struct cli_summary *summary, const char *format, ...) CLI_LIKE_PRINTF;

#endif
