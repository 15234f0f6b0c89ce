/* SPDX-License-Identifier: MIT */
/* Knows the words of --help for the page of charts, nothing else. */
#include "help.h"

const char *const cli_help_dashboard[] = {
    "usage: apipie dashboard -o FILE.html [option]...\n"
    "\n"
    "Writes one page with all there is to see: availability, health, response times, prices, "
    "costs,\n"
    "recommendations; charts, and the tables behind them. It needs no network and no script. What\n"
    "has no data says which option would bring it.\n"
    "\n"
    "  -o, --output FILE.html  replaced when the page is whole; -: to stdout\n"
    "      --stats FILE        requests, success, times: what generate --stats FILE wrote\n"
    "      --health FILE       states and uptime: what generate --health FILE wrote\n"
    "      --ledger FILE       costs over time: what generate --ledger FILE wrote\n"
    "      --history           costs over time, as the gateway billed them (needs the key)\n"
    "      --since WHEN        bills from then on: a date, a time, or an age as 30d; with\n"
    "                          --history it is 90d otherwise\n"
    "      --prices FILE       prices over time; what the gateway lists now is written down there\n"
    "      --models FILE       a saved body of GET /v1/models; without it the gateway is asked,\n"
    "                          no key is needed; if it does not answer, the page says so\n"
    "      --builtin           nobody is asked: no prices and latencies are listed\n"
    "      --base-url URL, --sandbox, --timeout SECONDS, --retries N\n"
    "                          who is asked, and how\n"
    "      --json              where the page is, its size, which sections have data; the figures\n"
    "                          themselves are what the other commands give\n",
    NULL};
