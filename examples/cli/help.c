/* SPDX-License-Identifier: MIT */
/* Knows the words of --help, nothing else. */
#include "help.h"

const char *const cli_help[] = {
    "usage: apipie generate PROMPT [option]...        make a picture\n"
    "       apipie generate --batch FILE [option]...  make many\n"
    "       apipie again IMAGE.json [option]...       make one again, by its recipe\n"
    "       apipie edit [PROMPT] --image FILE [option]... another picture out of one\n"
    "       apipie upload FILE... [option]...         a URL for a picture of yours\n"
    "       apipie models [option]...                 what there is, and what it costs\n"
    "       apipie estimate [PROMPT] [option]...      what a picture will cost\n"
    "       apipie choose [option]...                 which model serves a need best\n"
    "       apipie compare [option]...                providers, families, series side by side\n"
    "       apipie recommend [option]...              what would have been cheaper or faster\n"
    "       apipie history [option]...                what was paid, and whether it is right\n"
    "       apipie dashboard -o FILE.html [option]... a page with charts of all of this\n"
    "       apipie sandbox [option]...                a gateway in a box: no key, no money\n"
    "       apipie stats --file FILE [option]         what was drawn, and how it went\n"
    "       apipie health --file FILE [option]...     how providers and models do\n"
    "       apipie backends [option]                  who can be asked\n"
    "       apipie doctor [option]...                 can they be reached, with which key\n"
    "       apipie --version | --help\n"
    "\n"
    "apipie COMMAND --help shows the options of a command.\n"
    "The key comes from APIPIE_API_KEY, the server from APIPIE_BASE_URL or --base-url;\n"
    "further servers from ~/.config/apipie/config.json (apipie backends --help).\n",
    NULL};

static const char picture[] =
    "What to draw\n"
    "  -m, --model MODEL       default: sd_xl_base_1.0 at prodia, unless somebody else is to be\n"
    "                          asked: -p, --route, --backend, the configuration\n"
    "  -p, --provider NAME     who serves the model; not given: the gateway chooses\n"
    "  -n, --number N          pictures, 1 to 64\n"
    "  -s, --size WxH          pixels, as 1024x1024\n"
    "  -q, --quality WORD      standard, hd; of gpt-image models low, medium, high\n"
    "      --style WORD        natural, vivid\n"
    "      --negative TEXT     what not to draw\n"
    "      --seed N            the same seed draws the same picture\n"
    "      --steps N           denoising steps\n"
    "      --cfg-scale X       how closely to follow the prompt, 0 to 100\n"
    "      --sampler NAME      as the server names it; the gateway takes none\n"
    "      --output-format png|jpeg|webp\n"
    "                          how the picture is encoded; the gateway takes none\n"
    "      --extra KEY=JSON    any further field of the request; may be repeated\n"
    "      --unsupported refuse|drop|nearest\n"
    "                          what a server does not take is an error (refuse, the default), is "
    "left\n"
    "                          out, or becomes the nearest that it knows; with a warning\n";

static const char input[] =
    "      --image URL|FILE    an input image; a file is read while it is sent\n"
    "      --mask URL|FILE     which part of it to draw anew\n"
    "      --strength X        how far to go from the input image, 0 to 1\n"
    "      --inline-image      files go in the call itself; the gateway, which asks for URLs, "
    "else gets\n"
    "                          an upload of each of up to 5 MB\n";

static const char inputs[] = "What to edit\n"
                             "      --image URL|FILE    the picture; repeated, where the server "
                             "edits several together (the\n"
                             "                          gateway takes one)\n"
                             "      --mask URL|FILE     which part of the first one to draw anew; "
                             "the gateway's pages do not\n"
                             "                          say that it takes one\n"
                             "      --strength X        how far to go from the picture, 0 to 1\n"
                             "      --inline-image      files go in the call itself; the gateway, "
                             "which asks for URLs, else gets\n"
                             "                          an upload of each of up to 5 MB\n";

static const char output[] =
    "Where it goes\n"
    "      --format url|b64_json\n"
    "                          how the reply carries the picture; the file is the same\n"
    "  -o, --output FILE|FOLDER|-\n"
    "                          default: this folder, a name made from the prompt, never over a "
    "file;\n"
    "                          FILE is replaced; several pictures: x.png, x-2.png; -: to stdout\n"
    "      --json              one JSON value on stdout, on success and on failure\n";

static const char streaming[] =
    "      --stream            the picture as it is drawn, where the server can send it so; one "
    "that\n"
    "                          never does refuses it, or see --unsupported\n"
    "      --partial-images N  so many sketches before it, 0 to 3; each may cost tokens\n"
    "      --partials FOLDER   keep the sketches that come there\n";

static const char recipe[] =
    "      --recipe            x.png.json beside x.png: all that made it, for apipie again; a file "
    "that\n"
    "                          is no recipe is never replaced\n";

static const char sending[] =
    "How it is sent\n"
    "      --backend NAME      who is asked: \"apipie\" is the gateway, the others are those of "
    "the\n"
    "                          configuration; default: its default_backend and routes\n"
    "      --config FILE       instead of ~/.config/apipie/config.json\n"
    "      --base-url URL      default: $APIPIE_BASE_URL, else https://apipie.ai/v1\n"
    "      --timeout SECONDS   for everything together, default 600\n"
    "      --retries N         0 to 20, default 2\n"
    "      --retry safe|always|never\n"
    "                          safe (default): only what surely was not billed is sent again;\n"
    "                          always: may pay twice\n"
    "      --route BACKEND/PROVIDER/MODEL\n"
    "                          where to ask next when a route surely did not bill; may be "
    "repeated.\n"
    "                          --backend, -m and -p come first, if given. An empty part is not "
    "said:\n"
    "                          \"/prodia/sdxl\", \"/together/\" (the model of -m), \"//\" (the "
    "gateway\n"
    "                          chooses)\n"
    "      --max-image-bytes N default 268435456\n"
    "      --sandbox           draw in a gateway of our own: no key, no money\n"
    "What it may cost\n"
    "      --budget USD        as 2.50: what would pass it is not sent. Of this run; with --ledger "
    "of the\n"
    "                          day (UTC), by all that share the file\n"
    "      --price USD         what one image is taken to cost where no price is known: --budget "
    "needs one\n"
    "      --ledger FILE       keep the books there: lines of JSON, without prompts and keys\n"
    "      --cache FOLDER      keep pictures that have a seed (up to 1 GiB): the same again costs "
    "nothing\n"
    "      --stats FILE        add the figures of this run to that file, for apipie stats\n"
    "      --health FILE       add how the calls of this run went to that file, for apipie health\n"
    "\n"
    "An option may be written before or after the prompt, as --opt=value too; -- ends the "
    "options.\n"
    "Exit: 0 done, 2 usage or no key, 3 key refused, 4 request refused, 5 limit, credit or "
    "budget,\n"
    "6 network, 7 server, 8 bad reply, 9 local file or memory, 130 interrupted.\n";

static const char batch[] =
    "Many at once\n"
    "      --jobs N            calls that are out at once, 1 to 1024, default 8\n"
    "      --batch FILE|-      a prompt a line, or a JSON object: prompt, model, provider, n, "
    "size,\n"
    "                          quality, style, negative_prompt, seed, steps, cfg_scale, image, "
    "mask,\n"
    "                          strength, sampler, output_format, format, extra (an object), o "
    "(its\n"
    "                          file, in the folder of -o). What it says goes\n"
    "                          before the command line. Blank lines and lines that begin with # "
    "are\n"
    "                          skipped; lines are at most 2 MiB. stdout gets a line of JSON as "
    "each "
    "one\n"
    "                          ends, as --json, with its number as \"index\", and \"prompt\". A "
    "line that\n"
    "                          fails stops no other; the exit code is that of the first that "
    "did, by\n"
    "                          number. Once a line is over the budget no other is started, and "
    "the exit\n"
    "                          code is 5. FILE.done remembers what is drawn: start the same "
    "again, and\n"
    "                          lines are skipped whose pictures are still there. Not so with "
    "-, where\n"
    "                          the lines come from stdin, as they come.\n";

const char *const cli_help_generate[] = {"usage: apipie generate PROMPT [option]...\n"
                                         "       apipie generate --batch FILE|- [option]...\n"
                                         "\n",
                                         picture,
                                         input,
                                         output,
                                         streaming,
                                         recipe,
                                         batch,
                                         sending,
                                         NULL};

const char *const cli_help_edit[] = {"usage: apipie edit [PROMPT] --image FILE|URL [option]...\n"
                                     "\n"
                                     "Draws another picture out of one or several. PROMPT may be "
                                     "missing where the\n"
                                     "model needs none.\n"
                                     "\n",
                                     inputs,
                                     picture,
                                     output,
                                     streaming,
                                     recipe,
                                     sending,
                                     NULL};

const char *const cli_help_again[] = {
    "usage: apipie again IMAGE.json [option]...\n"
    "\n"
    "Repeats the picture of a recipe (--recipe of generate and edit): its parameters, the provider "
    "and model "
    "that\n"
    "served it, its seed. The file gets a new name. An option replaces what the recipe says; -m "
    "also\n"
    "its provider. The server and the key are yours, never the recipe's: the name of its backend "
    "is\n"
    "looked up in your configuration.\n"
    "\n",
    picture,
    input,
    output,
    streaming,
    recipe,
    sending,
    NULL};

static const char asking[] =
    "How it is asked\n"
    "      --json              one JSON value on stdout, on success and on failure\n"
    "      --base-url URL      default: $APIPIE_BASE_URL, else https://apipie.ai/v1\n"
    "      --timeout SECONDS   for everything together, default 600\n"
    "      --retries N         0 to 20, default 2\n"
    "      --sandbox           ask a gateway of our own\n"
    "\n"
    "Costs nothing and needs no key; APIPIE_API_KEY is sent when it is set.\n";

const char *const cli_help_models[] = {
    "usage: apipie models [option]...\n"
    "\n"
    "Lists the models that make pictures: what one of 1024x1024 costs, how long it takes on "
    "average, "
    "or\n"
    "\"down\" or \"off\".\n"
    "  -p, --provider NAME     only that provider's\n"
    "      --type WORD         default: image; others are image, llm, vision, embedding, voice "
    "...\n"
    "      --filter NAME[=VALUE]\n"
    "                          any other filter of the server's: subtype=pool, enabled=1; may be "
    "repeated\n"
    "      --family NAME       \"SD 1.x\", \"SD 2.x\", \"SDXL\"\n"
    "      --speciality WORD   realistic, anime, artistic, inpainting ...\n"
    "      --country NAME      as DE: whether each is offered there (HERE), by the gateway's "
    "restrictions\n"
    "      --sort FIELD        price, latency, provider, model, family, series, speciality, "
    "queries\n"
    "      --detailed          with --json: prices by token, and each record as the server has it\n"
    "      --backend NAME, --config FILE\n"
    "                          another one of the configuration\n"
    "      --builtin           the models that the library knows by itself: nobody is asked\n"
    "      --prices FILE       write down prices, latency and availability there as they change,\n"
    "                          for apipie compare --since\n",
    asking, NULL};

const char *const cli_help_estimate[] = {
    "usage: apipie estimate [PROMPT] [option]...\n"
    "\n"
    "Says what a picture will cost by the server's list, exactly, or \"unknown\". Nothing is "
    "drawn.\n"
    "  -m, --model MODEL       as for generate\n"
    "  -p, --provider NAME     not given: the gateway chooses; the dearest counts\n"
    "  -n, --number N          pictures, 1 to 64\n"
    "  -s, --size WxH          default 1024x1024\n"
    "  -q, --quality WORD      standard, hd\n"
    "      --route BACKEND/PROVIDER/MODEL\n"
    "                          the first one counts, where -m and -p are not given\n"
    "      --backend NAME, --config FILE\n"
    "                          another one of the configuration\n"
    "      --price USD         what one image is taken to cost: nobody is asked\n"
    "      --prices FILE       write down there what the gateway lists, as it changes\n",
    asking, NULL};

const char *const cli_help_sandbox[] = {
    "usage: apipie sandbox [--port N] [--fault WORD] [--drawing-time MS] [--basic USER:PASSWORD]\n"
    "\n"
    "Serves the gateway's API on this machine until Ctrl-C and prints the lines that point a "
    "program,\n"
    "or any OpenAI client, at it; and, below them, where it speaks as OpenAI, Automatic1111,\n"
    "stable-diffusion.cpp, Together, DeepInfra, Amazon Bedrock, Prodia and Stability.\n"
    "  --port N      default: a free one\n"
    "  --fault WORD  how every call goes wrong, to see what your program does then:\n"
    "                status:CODE retry-after:TEXT quota content error200 html html200 cut "
    "stall:MS\n"
    "                late:MS badjson truncate noimage onlyone fewer wrongmime dataurl relurl "
    "urlin64\n"
    "                url404 nousage coststring ratelimit:REMAINING/RESET shouldretry:true|false;\n"
    "                joined by ';': \"status:503;retry-after:2\"\n"
    "                for openai: sse:TRAP,... (crlf cr nospace comments lines bom bytes done error "
    "eof "
    "plain);\n"
    "                for a1111: grid progress:X; for sdcpp, prodia and stability: jobfail "
    "queuefull\n"
    "                expired; for stability: blurred\n"
    "  --drawing-time MS\n"
    "                how long a picture of a1111 and sdcpp, and the events of one of openai, take: "
    "to\n"
    "                see progress, queues, sketches and what Ctrl-C does; at most 600000\n"
    "  --basic USER:PASSWORD\n"
    "                what a1111 asks for, as the real one does with --api-auth\n",
    NULL};

const char *const cli_help_stats[] = {
    "usage: apipie stats --file FILE [--json | --prometheus | --openmetrics]\n"
    "\n"
    "Shows what generate --stats FILE has counted, by provider and model: requests, failures, "
    "pictures,\n"
    "how long half of them and 95 of 100 took at most, and what they cost.\n"
    "  --json         all figures, as docs/stats.schema.json describes them\n"
    "  --prometheus   for Prometheus, for the textfile collector of its node exporter say\n"
    "  --openmetrics  the same as OpenMetrics\n",
    NULL};

const char *const cli_help_health[] = {
    "usage: apipie health --file FILE [option]...\n"
    "       apipie health --list [option]...\n"
    "\n"
    "Shows what generate --health FILE has seen: of kinds of models, providers and routes the "
    "state and\n"
    "since when, how many of the last calls went well, how long half of the pictures took and how "
    "long\n"
    "is usual (seconds), and the uptime over the hour, day and week in percent. What is not well "
    "has a\n"
    "reason below it.\n"
    "      --file FILE         of generate --health\n"
    "  -p, --provider NAME     only that provider's\n"
    "  -m, --model NAME        only that model, or kind of models\n"
    "      --list              asks the gateway what it lists as not available; with --file that "
    "is added\n"
    "                          to it, and FILE is made where there is none\n"
    "      --check PROVIDER[/MODEL]\n"
    "                          one line for a script: exit 7 when it is down, 0 when healthy, "
    "degraded,\n"
    "                          or unknown (no call in 15 minutes)\n"
    "How it is asked, which includes --list\n"
    "      --base-url URL      default: $APIPIE_BASE_URL, else https://apipie.ai/v1\n"
    "      --sandbox           a gateway of our own\n"
    "      --timeout SECONDS   for everything together, default 600\n"
    "      --retries N         0 to 20, default 2\n"
    "      --json              one JSON value on stdout, on success and on failure\n",
    NULL};

int cli_help_print(const char *const *parts)
{
    for (; *parts != NULL; parts++)
        if (fputs(*parts, stdout) == EOF)
            return 9;
    return fflush(stdout) == 0 ? 0 : 9;
}
