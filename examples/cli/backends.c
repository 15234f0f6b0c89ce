/* SPDX-License-Identifier: MIT */
/* Knows how the backends are shown: the gateway and those of the configuration. Nobody is asked. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "json_out.h"
#include "report.h"
#include "session.h"
#include "table.h"
#include "text.h"

/* The gateway's own one, or one of the configuration. */
struct row {
    const char *name, *dialect, *place, *key_env, *retry;
    int64_t retries;
    int key_set, is_default;
};

static void take(struct row *row, const struct cli_options *o, const struct cli_backend *b)
{
    row->name = b == NULL ? CLI_GATEWAY : b->name;
    row->dialect = b == NULL ? "apipie" : b->dialect;
    row->place = cli_config_shown_place(o, row->name);
    row->key_env = b == NULL ? "APIPIE_API_KEY" : b->key_env;
    row->key_set = cli_config_key(b) != NULL;
    row->retry = b == NULL ? NULL : b->retry;
    row->retries = b == NULL ? CLI_UNSET : b->retries;
    row->is_default = strcmp(cli_config_default(o), row->name) == 0;
}

static const char *key_word(const struct row *row)
{
    if (row->key_env == NULL)
        return "-";
    return row->key_set ? "set" : "not set";
}

static void print_row(const struct row *row)
{
    cli_table_text(row->is_default ? "*" : "", 1);
    cli_table_text(row->name, 15);
    cli_table_text(row->dialect, 9);
    cli_table_text(key_word(row), 7);
    cli_table_text(row->place, -42);
    cli_table_end();
}

static void print_key(const struct row *row)
{
    if (row->key_env == NULL || row->key_set)
        return;
    (void)fputs("note: ", stderr);
    cli_text_print(stderr, row->name);
    (void)fputs(": ", stderr);
    cli_text_print(stderr, row->key_env);
    (void)fputs(" is not set\n", stderr);
}

static void print_routes(const struct cli_config *c)
{
    for (size_t i = 0; i < c->route_count; i++) {
        (void)fputs(i == 0 ? "routes:" : "       ", stdout);
        cli_table_text(c->routes[i].text, -71);
        cli_table_end();
    }
}

static void print(const struct cli_options *o)
{
    const struct cli_config *c = o->config;
    struct row row;

    cli_table_text("", 1);
    cli_table_text("NAME", 15);
    cli_table_text("DIALECT", 9);
    cli_table_text("KEY", 7);
    cli_table_text("BASE URL", -42);
    cli_table_end();
    for (size_t i = 0; i <= c->backend_count; i++) {
        take(&row, o, i == 0 ? NULL : &c->backends[i - 1]);
        print_row(&row);
    }
    print_routes(c);
    (void)fflush(stdout);
    for (size_t i = 0; i <= c->backend_count; i++) {
        take(&row, o, i == 0 ? NULL : &c->backends[i - 1]);
        print_key(&row);
    }
}

static void print_row_json(struct cli_json *j, const struct row *row)
{
    cli_json_open(j, NULL, '{');
    cli_json_text(j, "name", row->name);
    cli_json_text(j, "dialect", row->dialect);
    cli_json_text(j, "base_url", row->place);
    cli_json_text(j, "key_env", row->key_env);
    cli_json_flag(j, "key_set", row->key_set);
    cli_json_flag(j, "default", row->is_default);
    cli_json_text(j, "retry", row->retry);
    cli_json_number(j, "retries", row->retries);
    cli_json_close(j, '}');
}

static void print_json(const struct cli_options *o)
{
    const struct cli_config *c = o->config;
    struct cli_json j = {stdout, 0};
    struct row row;

    cli_json_open(&j, NULL, '{');
    cli_json_open(&j, "backends", '[');
    for (size_t i = 0; i <= c->backend_count; i++) {
        take(&row, o, i == 0 ? NULL : &c->backends[i - 1]);
        print_row_json(&j, &row);
    }
    cli_json_close(&j, ']');
    cli_json_open(&j, "routes", '[');
    for (size_t i = 0; i < c->route_count; i++)
        cli_json_text(&j, NULL, c->routes[i].text);
    cli_json_close(&j, ']');
    cli_json_text(&j, "config", c->path);
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

/* A client is made, as only the library knows which dialects and addresses there can be. */
int cli_backends(const struct cli_options *o)
{
    struct cli_failure failure = {0};
    struct cli_session session = {0};
    int code;

    cli_session_open_keyless(&session, o, &failure);
    if (failure.status == APIPIE_OK && o->json)
        print_json(o);
    else if (failure.status == APIPIE_OK)
        print(o);
    if (failure.status == APIPIE_OK && (fflush(stdout) != 0 || ferror(stdout)))
        cli_failure_set(&failure, APIPIE_E_FILE, "", "cannot write to stdout: ", strerror(errno),
                        NULL);
    code = cli_report(&failure, o->json);
    cli_session_close(&session);
    return code;
}
