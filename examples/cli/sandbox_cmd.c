/* SPDX-License-Identifier: MIT */
/* Knows `apipie sandbox`: says how to reach it, then serves until a signal. */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "box.h"
#include "interrupt.h"
#include "report.h"

/* Fit to be read by a shell (`. FILE`), hence what comes from the third line on is a comment there. */
static void print_way(const struct cli_box *box)
{
    const char *url = cli_box_url(box);
    const char *key = cli_box_key(box);
    static const char *const wires[] = {"openai",  "a1111",  "sdcpp",     "together", "deepinfra",
                                        "bedrock", "prodia", "prodia-v1", "stability"};

    (void)printf("export APIPIE_BASE_URL=%s OPENAI_BASE_URL=%s\n", url, url);
    (void)printf("export APIPIE_API_KEY=%s OPENAI_API_KEY=%s\n", key, key);
    (void)printf("# curl %s/images/generations -H 'Authorization: Bearer %s' "
                 "-H 'Content-Type: application/json' -d '{\"prompt\":\"A calm lake\"}'\n",
                 url, key);
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++)
        (void)printf("# %s: %s\n", wires[i], cli_box_wire_url(box, wires[i]));
    (void)fflush(stdout);
}

static void print_till(const struct cli_box *box)
{
    char amount[32];

    (void)apipie_money_format(cli_box_cost(box), amount, sizeof amount);
    (void)fprintf(stderr, "%" PRId64 " calls, %" PRId64 " would have been billed: $%s\n",
                  cli_box_calls(box), cli_box_billed(box), amount);
}

int cli_sandbox(const struct cli_options *options)
{
    struct cli_failure failure = {0};
    const struct cli_box_ways ways = {options->port, options->drawing_ms, options->fault,
                                      options->basic};
    struct cli_box *box = cli_box_start(&ways, &failure);

    if (box == NULL)
        return cli_report(&failure, 0);
    print_way(box);
    cli_interrupt_wait();
    print_till(box);
    (void)cli_box_stop(box);
    return 0;
}
