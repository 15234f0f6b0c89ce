/* SPDX-License-Identifier: MIT */
/* Knows libapipie-sandbox; the rest of the command does not. */
#include "box.h"

#include <stdlib.h>

#include <apipie/sandbox.h>

#include "options.h"

struct cli_box {
    apipie_sandbox *sandbox;
};

static apipie_status start(apipie_sandbox *sandbox, int64_t port, const char *fault,
                           struct cli_failure *failure)
{
    apipie_status status = sandbox == NULL ? APIPIE_E_MEMORY : APIPIE_OK;

    if (status == APIPIE_OK && port != CLI_UNSET)
        status = apipie_sandbox_set_port(sandbox, (int32_t)port);
    if (status == APIPIE_OK && fault != NULL) {
        status = apipie_sandbox_set_fault(sandbox, fault, -1);
        if (status == APIPIE_E_ARGUMENT)
            cli_failure_set(failure, status, "apipie sandbox --help lists the words",
                            "--fault does not know \"", fault, "\"");
    }
    if (status == APIPIE_OK)
        status = apipie_sandbox_start(sandbox);
    if (status == APIPIE_E_CONFIG)
        cli_failure_set(failure, status, "try another --port", "the port cannot be had", NULL,
                        NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(failure, status, "",
                        "the sandbox does not start: ", apipie_status_name(status), NULL);
    return status;
}

struct cli_box *cli_box_start(int64_t port, const char *fault, struct cli_failure *failure)
{
    struct cli_box *box = malloc(sizeof *box);

    if (box == NULL) {
        cli_failure_set(failure, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
        return NULL;
    }
    box->sandbox = apipie_sandbox_new();
    if (start(box->sandbox, port, fault, failure) == APIPIE_OK)
        return box;
    return cli_box_stop(box);
}

struct cli_box *cli_box_stop(struct cli_box *box)
{
    if (box != NULL)
        (void)apipie_sandbox_unref(box->sandbox);
    free(box);
    return NULL;
}

const char *cli_box_url(const struct cli_box *box)
{
    return apipie_sandbox_url(box->sandbox);
}

const char *cli_box_wire_url(const struct cli_box *box, const char *dialect)
{
    return apipie_sandbox_backend_url(box->sandbox, dialect);
}

const char *cli_box_key(const struct cli_box *box)
{
    return apipie_sandbox_key(box->sandbox);
}

int64_t cli_box_calls(const struct cli_box *box)
{
    return apipie_sandbox_request_count(box->sandbox);
}

int64_t cli_box_billed(const struct cli_box *box)
{
    return apipie_sandbox_billed_count(box->sandbox);
}

int64_t cli_box_cost(const struct cli_box *box)
{
    return apipie_sandbox_billed_cost(box->sandbox);
}
