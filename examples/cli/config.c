/* SPDX-License-Identifier: MIT */
/* Knows what the configuration means beside the command line: which backends are asked, and where they are. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is asked */

const struct cli_backend *cli_config_find(const struct cli_config *config, const char *name)
{
    for (size_t i = 0; config != NULL && name != NULL && i < config->backend_count; i++)
        if (strcmp(config->backends[i].name, name) == 0)
            return &config->backends[i];
    return NULL;
}

/* --base-url and --sandbox say where the gateway is: they want to be asked. */
const char *cli_config_default(const struct cli_options *o)
{
    if (o->sandbox || o->base_url != NULL || o->config == NULL ||
        o->config->default_backend == NULL)
        return CLI_GATEWAY;
    return o->config->default_backend;
}

const char *cli_config_asked(const struct cli_options *o)
{
    return o->backend != NULL ? o->backend : cli_config_default(o);
}

size_t cli_config_routes(const struct cli_options *o)
{
    if (o->sandbox || o->base_url != NULL || o->backend != NULL || o->route_count != 0 ||
        o->config == NULL)
        return 0;
    return o->config->route_count;
}

static int is_name(const char *text, size_t length, const char *name)
{
    return length == strlen(name) && memcmp(text, name, length) == 0;
}

static int route_asks(const struct cli_options *o, const struct cli_route *route, const char *name)
{
    if (route->backend_length == 0)
        return strcmp(cli_config_default(o), name) == 0;
    return is_name(route->text, route->backend_length, name);
}

/* What comes before all routes, if anything does. */
static int has_own_place(const struct cli_options *o)
{
    return o->backend != NULL || o->model != NULL || o->provider != NULL ||
           o->route_count + cli_config_routes(o) == 0;
}

static int first_is(const struct cli_options *o, const char *name)
{
    if (has_own_place(o))
        return strcmp(cli_config_asked(o), name) == 0;
    return route_asks(o, o->route_count != 0 ? &o->routes[0] : &o->config->routes[0], name);
}

int cli_config_first_is_gateway(const struct cli_options *o)
{
    return first_is(o, CLI_GATEWAY);
}

const char *cli_config_first(const struct cli_options *o)
{
    for (size_t i = 0; o->config != NULL && i < o->config->backend_count; i++)
        if (first_is(o, o->config->backends[i].name))
            return o->config->backends[i].name;
    return CLI_GATEWAY;
}

int cli_config_may_ask(const struct cli_options *o, const char *name)
{
    int found = first_is(o, name);

    for (size_t i = 0; i < o->route_count; i++)
        found |= route_asks(o, &o->routes[i], name);
    for (size_t i = 0; i < cli_config_routes(o); i++)
        found |= route_asks(o, &o->config->routes[i], name);
    return found;
}

const char *cli_config_key(const struct cli_backend *b)
{
    const char *name = b == NULL ? "APIPIE_API_KEY" : b->key_env;
    const char *key = name == NULL ? NULL : getenv(name);

    return key == NULL || key[0] == '\0' ? NULL : key;
}

const char *cli_config_place(const struct cli_options *o, const char *name)
{
    const struct cli_backend *b = cli_config_find(o->config, name);
    const char *place = o->base_url != NULL ? o->base_url : getenv("APIPIE_BASE_URL");

    if (b != NULL)
        return b->base_url;
    if (o->sandbox)
        return "sandbox";
    return place == NULL || place[0] == '\0' ? "https://apipie.ai/v1" : place;
}

const char *cli_config_shown_place(const struct cli_options *o, const char *name)
{
    const char *place = cli_config_place(o, name);

    return strchr(place, '@') == NULL ? place : "(not shown: it names a user)";
}

/* ---- what is refused */

static int is_known(const struct cli_options *o, const char *name, size_t length)
{
    for (size_t i = 0; o->config != NULL && i < o->config->backend_count; i++)
        if (is_name(name, length, o->config->backends[i].name))
            return 1;
    return length == 0 || is_name(name, length, CLI_GATEWAY);
}

static void unknown(const char *flag, const char *value, struct cli_failure *f)
{
    cli_failure_set(f, APIPIE_E_ARGUMENT,
                    "apipie backends shows those of the configuration; \"apipie\" is the gateway",
                    flag, ": there is no such backend: ", value);
}

void cli_config_check(const struct cli_options *o, struct cli_failure *f)
{
    const char *const hint = "leave one of them out";

    if (o->sandbox && o->config_file != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --config exclude each other",
                        NULL, NULL);
    else if (o->backend != NULL && o->backend[0] == '\0')
        cli_failure_set(f, APIPIE_E_ARGUMENT, "apipie backends shows what there is",
                        "--backend is empty", NULL, NULL);
    else if (o->backend != NULL && strcmp(o->backend, CLI_GATEWAY) != 0 && o->sandbox)
        cli_failure_set(f, APIPIE_E_ARGUMENT, hint, "--sandbox and --backend exclude each other",
                        NULL, NULL);
    else if (o->backend != NULL && !is_known(o, o->backend, strlen(o->backend)))
        unknown("--backend", o->backend, f);
    else if (o->backend != NULL && strcmp(o->backend, CLI_GATEWAY) != 0 && o->base_url != NULL)
        cli_failure_set(f, APIPIE_E_ARGUMENT, "--base-url is the gateway's",
                        "--base-url and --backend exclude each other", NULL, NULL);
    for (size_t i = 0; i < o->route_count; i++)
        if (!is_known(o, o->routes[i].text, o->routes[i].backend_length))
            unknown("--route", o->routes[i].text, f);
}

void cli_config_check_keys(const struct cli_options *o, struct cli_failure *f)
{
    if (cli_config_may_ask(o, CLI_GATEWAY) && cli_config_key(NULL) == NULL)
        cli_failure_set(
            f, APIPIE_E_CONFIG,
            "set APIPIE_API_KEY to a key of https://apipie.ai, or try without one: --sandbox",
            "no key: APIPIE_API_KEY is not set", NULL, NULL);
    for (size_t i = 0; o->config != NULL && i < o->config->backend_count; i++) {
        const struct cli_backend *b = &o->config->backends[i];

        if (b->key_env != NULL && cli_config_key(b) == NULL && cli_config_may_ask(o, b->name)) {
            cli_failure_set(f, APIPIE_E_CONFIG,
                            "the configuration names it as \"key_env\" of that backend",
                            "no key: ", b->key_env, " is not set");
        }
    }
}

/* ---- what the client is told */

static void complain(const struct cli_config *c, const struct cli_backend *b, const char *problem,
                     const char *hint, struct cli_failure *f)
{
    char place[128];

    (void)snprintf(place, sizeof place, ":%zu: backends[%zu].%s", b->line,
                   (size_t)(b - c->backends), problem);
    cli_failure_set(f, APIPIE_E_CONFIG, hint, c->path, place, NULL);
}

/* "it speaks apipie, openai, ...": a failure is told after we are gone. */
static const char *spoken(void)
{
    static char text[256];
    size_t n = (size_t)snprintf(text, sizeof text, "it speaks");
    const char *name;

    for (size_t i = 0; (name = apipie_dialect_name(i)) != NULL && n < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %s", i == 0 ? "" : ",", name);
    return text;
}

static void refused(const struct cli_config *c, const struct cli_backend *b, apipie_status status,
                    struct cli_failure *f)
{
    switch (status) {
    case APIPIE_OK:
        return;
    case APIPIE_E_UNSUPPORTED:
        complain(c, b, "dialect: this version does not speak it", spoken(), f);
        return;
    case APIPIE_E_ARGUMENT:
        complain(c, b, "base_url: no http(s) URL that can be used",
                 "as http://127.0.0.1:7860, without user, password and query", f);
        return;
    case APIPIE_E_CONFIG:
        complain(c, b, "base_url: http:// goes to this machine only",
                 "use https://, or bring it here: ssh -L 7860:127.0.0.1:7860 HOST", f);
        return;
    default:
        cli_failure_set(f, status, "", "out of memory", NULL, NULL);
    }
}

static void set_key(const struct cli_backend *b, apipie_client *client, struct cli_failure *f)
{
    const char *key = cli_config_key(b);
    apipie_status status =
        key == NULL ? APIPIE_OK : apipie_client_set_backend_key(client, b->name, key);

    if (status == APIPIE_E_MEMORY)
        cli_failure_set(f, status, "", "out of memory", NULL, NULL);
    else if (status != APIPIE_OK)
        cli_failure_set(f, APIPIE_E_CONFIG, "copy the key again: letters, digits and signs only",
                        b->key_env, " holds no key that can be sent", NULL);
}

static void add_backend(const struct cli_config *c, const struct cli_backend *b,
                        apipie_client *client, struct cli_failure *f)
{
    int32_t policy = APIPIE_RETRY_SAFE;
    apipie_status status;

    refused(c, b, apipie_client_add_backend(client, b->name, b->dialect, b->base_url), f);
    if (f->status != APIPIE_OK)
        return;
    set_key(b, client, f);
    if (b->retry == NULL)
        return;
    if (strcmp(b->retry, "safe") != 0)
        policy = strcmp(b->retry, "never") == 0 ? APIPIE_RETRY_NEVER : APIPIE_RETRY_ALWAYS;
    status = apipie_client_set_backend_retry(client, b->name, policy,
                                             b->retries == CLI_UNSET ? 2 : (int32_t)b->retries);
    if (status != APIPIE_OK)
        complain(c, b, "retry: refused", "", f);
}

static void add_routes(const struct cli_options *o, apipie_client *client, struct cli_failure *f)
{
    for (size_t i = 0; f->status == APIPIE_OK && i < cli_config_routes(o); i++) {
        const struct cli_route *route = &o->config->routes[i];
        char *text = malloc(strlen(route->text) + 1);
        char *provider, *model;
        apipie_status status;

        if (text == NULL) {
            cli_failure_memory(f);
            return;
        }
        memcpy(text, route->text, strlen(route->text) + 1);
        provider = text + route->backend_length + 1;
        model = provider + route->provider_length + 1;
        provider[-1] = model[-1] = '\0';
        status = apipie_client_add_route(client, text[0] != '\0' ? text : NULL,
                                         provider[0] != '\0' ? provider : NULL,
                                         model[0] != '\0' ? model : NULL);
        if (status != APIPIE_OK)
            cli_failure_set(f, status, "", o->config->path,
                            ": \"routes\": this one cannot be used: ", route->text);
        free(text);
    }
}

void cli_config_apply(const struct cli_options *o, apipie_client *client, struct cli_failure *f)
{
    const struct cli_config *c = o->config;

    for (size_t i = 0; c != NULL && f->status == APIPIE_OK && i < c->backend_count; i++)
        add_backend(c, &c->backends[i], client, f);
    if (f->status == APIPIE_OK && strcmp(cli_config_default(o), CLI_GATEWAY) != 0)
        (void)apipie_client_set_default_backend(client, cli_config_default(o));
    add_routes(o, client, f);
}
