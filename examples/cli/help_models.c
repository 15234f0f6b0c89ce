/* SPDX-License-Identifier: MIT */
/* Knows the words of --help for the commands about models, nothing else. */
#include "help.h"

static const char figures[] =
    "Where figures come from\n"
    "      --models FILE       a saved body of GET /v1/models; without it the gateway is asked,\n"
    "                          no key is needed\n"
    "      --builtin           nobody is asked: no prices and latencies are listed\n"
    "      --stats FILE        own measurements, as a program saved them\n"
    "      --prices FILE       write down there what the gateway lists, as it changes\n"
    "      --base-url URL, --sandbox, --timeout SECONDS, --retries N\n"
    "                          who is asked, and how\n"
    "      --json              one JSON value on stdout, on success and on failure\n";

const char *const cli_help_choose[] = {
    "usage: apipie choose [option]...\n"
    "\n"
    "Ranks the models that serve a need, best first, and says why the others do not.\n"
    "\n"
    "What is needed\n"
    "      --family NAME       \"SD 1.x\", \"SD 2.x\", SDXL\n"
    "      --speciality NAME   realistic, anime, artistic, children's, inpainting, ...\n"
    "      --series NAME       \"Realistic Vision\", ...\n"
    "  -p, --provider NAME     who serves it\n"
    "  -s, --size WxH          pixels: prices are of this size, and the model must draw it\n"
    "  -q, --quality WORD      standard, hd\n"
    "      --country NAME      as DE: what is not offered there is left out; the gateway is asked\n"
    "      --edit              it must paint into a picture that it gets\n"
    "      --max-price USD     an image, as 0.008; unknown prices stay\n"
    "      --max-p95 MS        milliseconds that 95 of 100 take at most; unknown times stay\n"
    "      --by price|speed|reliability|balance\n"
    "                          what counts, default balance\n"
    "      --explain           all models, with what each score comes from, and all reasons\n",
    figures, NULL};

const char *const cli_help_compare[] = {
    "usage: apipie compare [option]...\n"
    "\n"
    "Groups of models side by side: listed prices (USD an image of 1024x1024) and latencies (ms, "
    "median\n"
    "of the models), and what was measured of them (p50 in ms, requests that drew a picture).\n"
    "\n"
    "      --by provider|family|series|version|speciality\n"
    "                          what they have in common, default provider\n"
    "      --family NAME, --speciality NAME, --series NAME, -p NAME\n"
    "                          of these models only\n"
    "      --since WHEN        then and now instead: what was listed then by the file of "
    "--prices,\n"
    "                          what is listed now, the change in percent, and the models whose\n"
    "                          price or availability changed; a date as 2026-11-01, a time as\n"
    "                          2026-11-01T12:00:00Z (both UTC), or an age: 90min, 36h, 7d, 4w\n",
    figures, NULL};

const char *const cli_help_recommend[] = {
    "usage: apipie recommend --stats FILE | --history | --ledger FILE [option]...\n"
    "\n"
    "Says for each model that was used which equal one would have been cheaper or faster, and by "
    "how\n"
    "much. Equal: family, speciality, size and editing; and it did not fail more often.\n"
    "\n"
    "What was used\n"
    "      --stats FILE        as a program measured it\n"
    "      --history           as the gateway billed it (needs the key)\n"
    "      --ledger FILE       as a ledger has it\n"
    "      --since WHEN        bills from then on only\n",
    figures, NULL};

const char *const cli_help_history[] = {
    "usage: apipie history [option]...\n"
    "\n"
    "Shows what was paid, newest first: by the gateway's history (needs the key), or by a ledger. "
    "With\n"
    "--ledger alone both are compared: what is missing at the gateway, what the ledger does not "
    "know,\n"
    "what costs differently, and lost calls that were billed after all.\n"
    "\n"
    "      --since WHEN, --until WHEN\n"
    "                          a date as 2026-11-01, a time as 2026-11-01T12:00:00Z (both UTC), or "
    "an\n"
    "                          age: 90min, 36h, 7d, 4w\n"
    "      --by day|provider|model|key|tag\n"
    "                          sums instead of single bills\n"
    "      --limit N           so many bills at most; default 100, and all of them for sums\n"
    "      --ledger FILE       what generate --ledger FILE wrote\n"
    "      --local             the ledger itself: nobody is asked\n"
    "      --backend NAME, --config FILE\n"
    "                          another one of the configuration\n"
    "      --base-url URL, --sandbox, --timeout SECONDS, --retries N\n"
    "                          who is asked, and how\n"
    "      --json              one JSON value on stdout, on success and on failure\n",
    NULL};
