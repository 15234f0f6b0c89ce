/* SPDX-License-Identifier: MIT */
/* What the command tells: results on stdout, the rest on stderr. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "failure.h"
#include "json_out.h"

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
/* On stderr, which routes were tried and why they did not draw; nothing where there was one route only. */
void cli_report_routes(const apipie_request *request);

/* The line of a batch that a value is about. */
struct cli_entry {
    int64_t index;      /* of the line, from 1 */
    const char *prompt; /* NULL when it could not be read */
};

/* The one JSON value of --json, on stdout; of a batch, one a line, with the entry. NULL: no batch. */
void cli_report_failure_json(const struct cli_failure *f, const struct cli_entry *entry);
void cli_report_success_json(const apipie_request *request, enum cli_place place,
                             const struct cli_entry *entry);
/* The member "error" of a value that says more. */
void cli_report_error_json(struct cli_json *j, const struct cli_failure *f);
/* The path of a picture as it is told; NULL for none. */
const char *cli_report_path(const apipie_result *result, size_t index, enum cli_place place);
/* "none", "server", "estimated", "unknown": APIPIE_CHARGE_*. */
const char *cli_report_charge_word(int32_t kind);

/* Bytes of a warning that are shown. */
#define CLI_WARNING_ROOM 1024

/* Warning i in the words of the command; for a person and in JSON alike. */
void cli_report_warning(const apipie_result *result, size_t i, char *text, size_t room);

/* A line with the seconds, and how much is drawn where the server says it; on a terminal only. */
void cli_progress_show(const apipie_request *request, int64_t elapsed_ms);
void cli_progress_clear(void);

#endif
