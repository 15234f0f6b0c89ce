/* SPDX-License-Identifier: MIT */
/* What `apipie doctor` found, and how that is told. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "config.h"

enum cli_state { CLI_STATE_OK, CLI_STATE_WARNING, CLI_STATE_FAILED };

struct cli_finding {
    const char *check; /* "lookup" */
    enum cli_state state;
    char text[256], hint[256];
    int64_t ms; /* or APIPIE_UNKNOWN */
};

#define CLI_FINDINGS 8

/* One backend. */
struct cli_visit {
    const char *name, *dialect, *place;
    int is_default;
    struct cli_finding findings[CLI_FINDINGS];
    size_t count;
    int64_t models, latency_ms; /* or APIPIE_UNKNOWN */
    apipie_status status;       /* of the first finding that is a failure, and what goes with it */
    int32_t fault, http_status;
};

struct cli_doctor_report {
    const struct cli_options *options;
    const struct cli_config *config;
    struct cli_failure config_failure;
    struct cli_visit *visits;
    size_t count, working;
    struct cli_failure failure; /* the first one of all */
};

/* Asks one backend what costs nothing; NULL is the gateway. */
void cli_doctor_visit(struct cli_visit *visit, const struct cli_options *options,
                      const struct cli_backend *backend, apipie_client *client);
/* The worst of a visit. */
enum cli_state cli_doctor_state(const struct cli_visit *visit);
/* "ok", "warning", "failed" */
const char *cli_doctor_word(enum cli_state state);
void cli_doctor_print(const struct cli_doctor_report *report);
void cli_doctor_print_json(const struct cli_doctor_report *report);

/* Which variable names the proxy for a URL as libcurl reads them, and its value without user and password (to at most room
 * bytes). NULL: none does. */
const char *cli_doctor_proxy(const char *url, char *ret, size_t room);

#endif
