/* SPDX-License-Identifier: MIT */
/* The configuration file: the user's backends and routes. It holds no keys, only the names of variables that do. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "options.h"
#include "store.h"

/* How the gateway's own backend is called. */
#define CLI_GATEWAY "apipie"

struct cli_backend {
    const char *name, *dialect, *base_url;
    const char *key_env; /* the variable that holds its key; NULL: none is sent */
    const char *retry;   /* safe, always, never; NULL: the library's default */
    int64_t retries;     /* or CLI_UNSET */
    size_t line;         /* where it stands in the file */
};

struct cli_config {
    const char *path; /* NULL: there is no file */
    struct cli_backend *backends;
    size_t backend_count;
    const char *default_backend; /* NULL: the gateway */
    struct cli_route *routes;
    size_t route_count;
    struct cli_store store;
};

/* Reads the file that --config names, else the user's own; there need not be one. cli_config_free() in any case. */
void cli_config_read(struct cli_config *config, const char *file, struct cli_failure *failure);
void cli_config_free(struct cli_config *config);

/* That --backend and --route name what there is, and no option excludes them. */
void cli_config_check(const struct cli_options *options, struct cli_failure *failure);
/* Gives a client the backends, and what the options leave to the configuration: default backend and routes. */
void cli_config_apply(const struct cli_options *options, apipie_client *client,
                      struct cli_failure *failure);

/* NULL for the gateway, and where there is none of that name. */
const struct cli_backend *cli_config_find(const struct cli_config *config, const char *name);
/* Which backend serves what names none: the configuration's default, unless the options say where the gateway is. Never NULL. */
const char *cli_config_default(const struct cli_options *options);
/* Which one a list or a history is asked of. Never NULL. */
const char *cli_config_asked(const struct cli_options *options);
/* The routes of the configuration that the options leave in force. */
size_t cli_config_routes(const struct cli_options *options);
/* 1 when a picture is first asked of the gateway. */
int cli_config_first_is_gateway(const struct cli_options *options);
/* Who is first asked for a picture. */
const char *cli_config_first(const struct cli_options *options);
/* 1 when a picture is, or may be, asked of that backend. */
int cli_config_may_ask(const struct cli_options *options, const char *name);
/* That all keys are there for what a picture may be asked of. */
void cli_config_check_keys(const struct cli_options *options, struct cli_failure *failure);
/* The key of a backend (NULL: the gateway), by its variable; NULL where there is none. */
const char *cli_config_key(const struct cli_backend *backend);
/* Where a backend is, without the key; NULL or an unknown name: the gateway. Borrows. */
const char *cli_config_place(const struct cli_options *options, const char *name);
/* The same where people see it: an address that holds a password is not shown. */
const char *cli_config_shown_place(const struct cli_options *options, const char *name);

#endif
