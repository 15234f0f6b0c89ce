/* SPDX-License-Identifier: MIT */
/* Stands in for box.c in a build without the sandbox: says so, and is never started. */
#include "box.h"

#include <stddef.h>

struct cli_box *cli_box_start(const struct cli_box_ways *ways, struct cli_failure *failure)
{
    (void)ways;
    cli_failure_set(failure, APIPIE_E_UNSUPPORTED, "build with -Dsandbox=true",
                    "this build has no sandbox", NULL, NULL);
    return NULL;
}

struct cli_box *cli_box_stop(struct cli_box *box)
{
    (void)box;
    return NULL;
}

const char *cli_box_url(const struct cli_box *box)
{
    (void)box;
    return NULL;
}

const char *cli_box_wire_url(const struct cli_box *box, const char *dialect)
{
    (void)box;
    (void)dialect;
    return NULL;
}

const char *cli_box_key(const struct cli_box *box)
{
    (void)box;
    return NULL;
}

int64_t cli_box_calls(const struct cli_box *box)
{
    (void)box;
    return 0;
}

int64_t cli_box_billed(const struct cli_box *box)
{
    (void)box;
    return 0;
}

int64_t cli_box_cost(const struct cli_box *box)
{
    (void)box;
    return 0;
}
