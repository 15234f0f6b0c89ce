/* SPDX-License-Identifier: MIT */
/* Knows the words of --help for backends, doctor and upload, nothing else. */
#include "help.h"

const char *const cli_help_backends[] = {
    "usage: apipie backends [--config FILE] [--json]\n"
    "\n"
    "Shows who can be asked: the gateway and the backends of the configuration, with the default\n"
    "one marked by a star, and the routes. Nobody is asked, and no key is shown.\n"
    "      --config FILE       default: $XDG_CONFIG_HOME/apipie/config.json, else\n"
    "                          ~/.config/apipie/config.json. As\n"
    "  "
    "{\"backends\":[{\"name\":\"desk\",\"dialect\":\"a1111\",\"base_url\":\"http://"
    "127.0.0.1:7860\",\n"
    "                \"key_env\":\"DESK_KEY\",\"retry\":\"always\",\"retries\":2}],\n"
    "   \"default_backend\":\"desk\",\"routes\":[\"desk//sd\",\"apipie/prodia/sd_xl_base_1.0\"]}\n"
    "                          All but name, dialect and base_url may be left out; key_env names\n"
    "                          the variable that holds the key\n"
    "      --json              one JSON value on stdout, on success and on failure\n",
    NULL};

const char *const cli_help_upload[] = {
    "usage: apipie upload FILE... [option]...\n"
    "\n"
    "Takes each picture to the gateway and prints its URL, a line each, for --image of any of its\n"
    "models: PNG, JPEG, GIF, BMP, TIFF, WebP or SVG of at most 5 MB. It costs nothing. Who has "
    "the\n"
    "URL has the picture, and the gateway does not say for how long; it resizes what is not\n"
    "1024x1024, 1024x768 or 768x1024. The first that fails ends it. generate and edit upload what\n"
    "they need by themselves.\n"
    "      --json              one JSON value on stdout, on success and on failure\n"
    "      --base-url URL      default: $APIPIE_BASE_URL, else https://apipie.ai/v1\n"
    "      --timeout SECONDS   for each file, default 600\n"
    "      --retries N         0 to 20, default 2\n"
    "      --backend NAME, --config FILE\n"
    "                          another one of the configuration, which must speak apipie\n"
    "      --sandbox           a gateway of our own; what it keeps ends with the command\n"
    "\n"
    "The key comes from APIPIE_API_KEY.\n",
    NULL};

const char *const cli_help_doctor[] = {
    "usage: apipie doctor [option]...\n"
    "\n"
    "Looks whether each backend can be reached and takes the key, by questions that cost nothing,\n"
    "and says what to do where it does not. The report holds no key: paste it into a bug.\n"
    "      --backend NAME      only that one; \"apipie\" is the gateway\n"
    "      --config FILE       instead of ~/.config/apipie/config.json\n"
    "      --base-url URL      the gateway's; default: $APIPIE_BASE_URL, else "
    "https://apipie.ai/v1\n"
    "      --timeout SECONDS   for each question, default 15\n"
    "      --json              one JSON value on stdout\n"
    "Exit: 0 when all of them work, else the code of the first failure (2 configuration or no "
    "key,\n"
    "3 key refused, 6 network, 7 server ...).\n",
    NULL};
