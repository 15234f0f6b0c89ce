/* SPDX-License-Identifier: MIT */
/* What the command tells: results on stdout, the rest on stderr. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "failure.h"

/* Tells the failure, if there is one, and returns the exit code. */
int cli_report(const struct cli_failure *f, int json);
/* Where the pictures went. */
enum cli_place {
    CLI_HERE, /* the current folder, as nothing else was said: paths are told without "./" */
    CLI_THERE,
    CLI_STDOUT
};

/* Paths on stdout, unless the pictures are; warnings and the receipt on stderr. */
void cli_report_success(const apipie_request *request, enum cli_place place);

/* The one JSON value of --json, on stdout. */
void cli_report_failure_json(const struct cli_failure *f);
void cli_report_success_json(const apipie_request *request, enum cli_place place);
/* The path of a picture as it is told; NULL for none. */
const char *cli_report_path(const apipie_result *result, size_t index, enum cli_place place);

/* A line with the seconds, on a terminal only. */
void cli_progress_show(int64_t elapsed_ms);
void cli_progress_clear(void);

#endif
