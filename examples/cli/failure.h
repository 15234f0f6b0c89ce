/* SPDX-License-Identifier: MIT */
/* What the command reports when it fails: the words of the text and of the JSON alike. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include <apipie/apipie.h>

struct cli_failure {
    apipie_status status; /* APIPIE_OK: nothing failed */
    char message[768];
    const char *hint;          /* "" for none */
    const char *provider_code; /* NULL when the server gave none */
    const char *request_id;
    int64_t retry_after_ms;
    int64_t paid;         /* picodollars that the reply names, or APIPIE_UNKNOWN */
    const char *left_url; /* a picture that could not be fetched may still be there */
    int32_t http_status, retryable, billed, fault, attempts;
    int32_t doubtful;              /* attempts that may have cost money */
    const apipie_request *request; /* its attempts and charge; NULL when there was none */
};

/* The message is the three parts joined; NULL parts are left out. The first failure stays. */
void cli_failure_set(struct cli_failure *f, apipie_status status, const char *hint, const char *a,
                     const char *b, const char *c);
void cli_failure_memory(struct cli_failure *f); /* the same, where memory ran out */
/* What became of a request that ended badly. flag names the option that its setter refused, or NULL.
 * Borrows from the request. */
void cli_failure_take(struct cli_failure *f, apipie_status status, const apipie_request *request,
                      const char *flag);
/* The option that a message of the library begins with as a setter ("set_guidance: ..."), and what follows its name; NULL and
 * the whole message where there is none. */
const char *cli_failure_option(const char *message, const char **ret_rest);
/* The exit code of the contract. */
int cli_exit_code(apipie_status status);

#endif
