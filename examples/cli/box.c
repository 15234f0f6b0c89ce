/* SPDX-License-Identifier: MIT */
/* Knows libapipie-sandbox; the rest of the command does not. */
#include "box.h"

#include <stdlib.h>
#include <string.h>

#include <apipie/sandbox.h>

#include "options.h"

struct cli_box {
    apipie_sandbox *sandbox;
};

/* The name is what stands before the first colon; the message never repeats the password. */
static apipie_status set_basic(apipie_sandbox *sandbox, const char *basic,
                               struct cli_failure *failure)
{
    const char *colon = strchr(basic, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - basic);
    char user[APIPIE_SANDBOX_LIMIT_BASIC + 1] = "";
    apipie_status status = APIPIE_E_ARGUMENT;

    if (n > 0 && n < sizeof user) {
        memcpy(user, basic, n);
        status = apipie_sandbox_set_basic(sandbox, user, colon + 1);
    }
    if (status == APIPIE_E_ARGUMENT)
        cli_failure_set(failure, status, "apipie sandbox --help shows the options",
                        "--basic takes USER:PASSWORD, of at most 256 bytes each", NULL, NULL);
    return status;
}

static apipie_status set_up(apipie_sandbox *sandbox, const struct cli_box_ways *w,
                            struct cli_failure *failure)
{
    apipie_status status = sandbox == NULL ? APIPIE_E_MEMORY : APIPIE_OK;

    if (status == APIPIE_OK && w->port != CLI_UNSET)
        status = apipie_sandbox_set_port(sandbox, (int32_t)w->port);
    if (status == APIPIE_OK && w->fault != NULL) {
        status = apipie_sandbox_set_fault(sandbox, w->fault, -1);
        if (status == APIPIE_E_ARGUMENT)
            cli_failure_set(failure, status, "apipie sandbox --help lists the words",
                            "--fault does not know \"", w->fault, "\"");
    }
    if (status == APIPIE_OK && w->drawing_ms != CLI_UNSET)
        status = apipie_sandbox_set_drawing_time(sandbox, (int32_t)w->drawing_ms);
    if (status == APIPIE_OK && w->basic != NULL)
        status = set_basic(sandbox, w->basic, failure);
    return status;
}

static apipie_status start(apipie_sandbox *sandbox, const struct cli_box_ways *ways,
                           struct cli_failure *failure)
{
    apipie_status status = set_up(sandbox, ways, failure);

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

struct cli_box *cli_box_start(const struct cli_box_ways *ways, struct cli_failure *failure)
{
    struct cli_box *box = malloc(sizeof *box);

    if (box == NULL) {
        cli_failure_memory(failure);
        return NULL;
    }
    box->sandbox = apipie_sandbox_new();
    if (start(box->sandbox, ways, failure) == APIPIE_OK)
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
