/* SPDX-License-Identifier: MIT */
/* A sandbox in this process; box_absent.c stands in where the build has none. */
#ifndef CLI_BOX_H
#define CLI_BOX_H

#include "failure.h"

struct cli_box;

/* What --port, --fault, --drawing-time and --basic say: CLI_UNSET or NULL where they say nothing. */
struct cli_box_ways {
    int64_t port, drawing_ms;
    const char *fault, *basic;
};

/* Serves from here on; NULL on failure. */
struct cli_box *cli_box_start(const struct cli_box_ways *ways, struct cli_failure *failure);
struct cli_box *cli_box_stop(struct cli_box *box);
const char *cli_box_url(const struct cli_box *box);
/* Of another wire it speaks: "openai", "a1111", "sdcpp". */
const char *cli_box_wire_url(const struct cli_box *box, const char *dialect);
const char *cli_box_key(const struct cli_box *box);
/* What happened in it: calls, how many of them would have been billed, and for how much. */
int64_t cli_box_calls(const struct cli_box *box);
int64_t cli_box_billed(const struct cli_box *box);
int64_t cli_box_cost(const struct cli_box *box);

#endif
