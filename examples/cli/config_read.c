/* SPDX-License-Identifier: MIT */
/* Knows how the configuration is written, to the letter, and says where it is wrong; not what it is good for. It never
 * repeats a value: somebody may have put a key there. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "field.h"
#include "input.h"
#include "value.h"

#define CONFIG_MAX ((size_t)1 << 20)
#define NAME_MAX_  64
#define WHERE      96

static const char config_hint[] =
    "as {\"backends\":[{\"name\":\"desk\",\"dialect\":\"a1111\","
    "\"base_url\":\"http://127.0.0.1:7860\"}]}; see docs/configuration.md";

struct reading {
    struct cli_config *config;
    struct cli_failure *failure;
    const char *text;
};

/* ---- complaints */

static void complain(struct reading *r, const char *at, const char *where, const char *problem,
                     const char *hint)
{
    char place[WHERE + 32];
    size_t line = 1;

    for (const char *p = r->text; p < at; p++)
        line += *p == '\n';
    (void)snprintf(place, sizeof place, ":%zu: %s%s", line, where, where[0] == '\0' ? "" : ": ");
    cli_failure_set(r->failure, APIPIE_E_CONFIG, hint, r->config->path, place, problem);
}

/* Of the names of members a stranger's eye may see the beginning. */
static void unknown_member(struct reading *r, const struct cli_json_value *key, const char *where,
                           const char *known)
{
    char problem[160];

    (void)snprintf(problem, sizeof problem, "unknown member %.*s", key->n > 40 ? 40 : (int)key->n,
                   key->at);
    complain(r, key->at, where, problem, known);
}

static int is_twice(struct reading *r, const struct cli_json_value *key, const char *where,
                    int there)
{
    if (there)
        complain(r, key->at, where, "it stands there twice", "leave one of them out");
    return there;
}

/* ---- values */

static void read_text(struct reading *r, const struct cli_json_value *value, const char *where,
                      const char **ret)
{
    const char *wants = NULL;
    const char *text;

    if (value->kind != CLI_JSON_TEXT) {
        complain(r, value->at, where, "takes a text", config_hint);
        return;
    }
    text = cli_field_text(&r->config->store, value, &wants);
    if (text == NULL && wants == NULL)
        cli_failure_memory(r->failure);
    else if (text == NULL || text[0] == '\0')
        complain(r, value->at, where, "takes a text, not empty and without U+0000", config_hint);
    else
        *ret = text;
}

static int is_made_of(const char *text, const char *more, size_t longest)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (strchr(letters, text[i]) == NULL && strchr(more, text[i]) == NULL)
            return 0;
    return n <= longest;
}

static void read_name(struct reading *r, const struct cli_json_value *value, const char *where,
                      const char **ret)
{
    read_text(r, value, where, ret);
    if (r->failure->status == APIPIE_OK && !is_made_of(*ret, "-_.", NAME_MAX_))
        complain(r, value->at, where, "takes 1 to 64 letters, digits, '-', '_' and '.'",
                 config_hint);
}

static void read_variable(struct reading *r, const struct cli_json_value *value, const char *where,
                          const char **ret)
{
    read_text(r, value, where, ret);
    if (r->failure->status == APIPIE_OK &&
        (!is_made_of(*ret, "_", 256) || ((*ret)[0] >= '0' && (*ret)[0] <= '9')))
        complain(r, value->at, where, "this is not the name of an environment variable",
                 "the key itself stays out of the file: \"key_env\":\"DESK_KEY\"");
}

static void read_retry(struct reading *r, const struct cli_json_value *value, const char *where,
                       const char **ret)
{
    if (!cli_json_is(value, "safe") && !cli_json_is(value, "always") &&
        !cli_json_is(value, "never"))
        complain(r, value->at, where, "takes safe, always or never", config_hint);
    else
        read_text(r, value, where, ret);
}

static void read_retries(struct reading *r, const struct cli_json_value *value, const char *where,
                         int64_t *ret)
{
    uint64_t number = 21;
    char text[4];

    if (value->kind == CLI_JSON_NUMBER && value->n < sizeof text) {
        memcpy(text, value->at, value->n);
        text[value->n] = '\0';
        if (!cli_value_unsigned(text, &number))
            number = 21;
    }
    if (number > 20)
        complain(r, value->at, where, "takes a whole number from 0 to 20", config_hint);
    else
        *ret = (int64_t)number;
}

/* ---- backends */

static void read_backend_member(struct reading *r, struct cli_backend *b, const char *place,
                                const struct cli_json_value *key,
                                const struct cli_json_value *value)
{
    static const struct {
        const char *name;
        size_t offset;
        void (*read)(struct reading *r, const struct cli_json_value *value, const char *where,
                     const char **ret);
    } members[] = {
        {"name", offsetof(struct cli_backend, name), read_name},
        {"dialect", offsetof(struct cli_backend, dialect), read_text},
        {"base_url", offsetof(struct cli_backend, base_url), read_text},
        {"key_env", offsetof(struct cli_backend, key_env), read_variable},
        {"retry", offsetof(struct cli_backend, retry), read_retry},
    };
    char where[WHERE];

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char **member = (const char **)(void *)((char *)b + members[i].offset);

        if (!cli_json_is(key, members[i].name))
            continue;
        (void)snprintf(where, sizeof where, "%s.%s", place, members[i].name);
        if (!is_twice(r, key, where, *member != NULL))
            members[i].read(r, value, where, member);
        return;
    }
    (void)snprintf(where, sizeof where, "%s.retries", place);
    if (cli_json_is(key, "key"))
        complain(r, key->at, place, "\"key\": keys do not belong into this file",
                 "put it into an environment variable and name that: \"key_env\":\"DESK_KEY\"");
    else if (!cli_json_is(key, "retries"))
        unknown_member(r, key, place, "known are name, dialect, base_url, key_env, retry, retries");
    else if (!is_twice(r, key, where, b->retries != CLI_UNSET))
        read_retries(r, value, where, &b->retries);
}

static const char *what_lacks(const struct cli_backend *b)
{
    if (b->name == NULL)
        return "\"name\" is missing";
    if (b->dialect == NULL)
        return "\"dialect\" is missing";
    return b->base_url == NULL ? "\"base_url\" is missing" : NULL;
}

static void check_backend(struct reading *r, const struct cli_backend *b, const char *at,
                          const char *place)
{
    const char *lacks = what_lacks(b);

    if (lacks != NULL)
        complain(r, at, place, lacks, config_hint);
    else if (b->retries != CLI_UNSET && b->retry == NULL)
        complain(r, at, place, "\"retries\" goes with \"retry\"", "as \"retry\":\"safe\"");
    else if (strcmp(b->name, CLI_GATEWAY) == 0)
        complain(r, at, place, "\"apipie\" is the gateway's own name",
                 "its key is APIPIE_API_KEY, its address APIPIE_BASE_URL; call this one "
                 "something else");
    else if (cli_config_find(r->config, b->name) != NULL)
        complain(r, at, place, "another backend has that name", "give each its own");
}

static void read_backend(struct reading *r, const struct cli_json_value *object, size_t index)
{
    struct cli_config *c = r->config;
    struct cli_backend b = {.retries = CLI_UNSET}, *more;
    struct cli_json_walk walk;
    struct cli_json_value key, value;
    char place[40];

    (void)snprintf(place, sizeof place, "backends[%zu]", index);
    if (object->kind != CLI_JSON_OBJECT) {
        complain(r, object->at, place, "takes an object", config_hint);
        return;
    }
    cli_json_walk(&walk, object);
    while (r->failure->status == APIPIE_OK && cli_json_next(&walk, &key, &value))
        read_backend_member(r, &b, place, &key, &value);
    if (r->failure->status == APIPIE_OK)
        check_backend(r, &b, object->at, place);
    if (r->failure->status != APIPIE_OK)
        return;
    b.line = 1;
    for (const char *p = r->text; p < object->at; p++)
        b.line += *p == '\n';
    more = realloc(c->backends, (c->backend_count + 1) * sizeof *more);
    if (more == NULL) {
        cli_failure_memory(r->failure);
        return;
    }
    c->backends = more;
    more[c->backend_count++] = b;
}

/* ---- routes, the default */

static int is_there(const struct cli_config *c, const char *name, size_t length)
{
    if (length == strlen(CLI_GATEWAY) && memcmp(name, CLI_GATEWAY, length) == 0)
        return 1;
    for (size_t i = 0; i < c->backend_count; i++)
        if (strlen(c->backends[i].name) == length && memcmp(c->backends[i].name, name, length) == 0)
            return 1;
    return length == 0;
}

static void read_route(struct reading *r, const struct cli_json_value *value, size_t index)
{
    struct cli_config *c = r->config;
    struct cli_route route, *more;
    const char *text = NULL;
    char place[40];

    (void)snprintf(place, sizeof place, "routes[%zu]", index);
    read_text(r, value, place, &text);
    if (r->failure->status != APIPIE_OK)
        return;
    if (!cli_value_route(text, &route))
        complain(r, value->at, place, "takes BACKEND/PROVIDER/MODEL, where a part may be empty",
                 "as \"desk//\" or \"apipie/prodia/sd_xl_base_1.0\"");
    else if (!is_there(c, text, route.backend_length))
        complain(r, value->at, place, "there is no such backend", "\"backends\" names them");
    else if (c->route_count == APIPIE_LIMIT_ROUTES)
        complain(r, value->at, place, "that are more routes than 32", "leave some out");
    if (r->failure->status != APIPIE_OK)
        return;
    more = realloc(c->routes, (c->route_count + 1) * sizeof *more);
    if (more == NULL) {
        cli_failure_memory(r->failure);
        return;
    }
    c->routes = more;
    more[c->route_count++] = route;
}

static void read_array(struct reading *r, const struct cli_json_value *array, const char *name,
                       void (*read)(struct reading *r, const struct cli_json_value *value,
                                    size_t index))
{
    struct cli_json_walk walk;
    struct cli_json_value value;
    size_t index = 0;

    if (array->n == 0 || r->failure->status != APIPIE_OK)
        return;
    if (array->kind != CLI_JSON_ARRAY) {
        complain(r, array->at, name, "takes a list", config_hint);
        return;
    }
    cli_json_walk(&walk, array);
    while (r->failure->status == APIPIE_OK && cli_json_next(&walk, NULL, &value))
        read(r, &value, index++);
}

static void read_default(struct reading *r, const struct cli_json_value *value)
{
    const char *name = NULL;

    if (value->n == 0 || r->failure->status != APIPIE_OK)
        return;
    read_text(r, value, "default_backend", &name);
    if (r->failure->status != APIPIE_OK)
        return;
    if (!is_there(r->config, name, strlen(name)))
        complain(r, value->at, "default_backend", "there is no such backend",
                 "\"backends\" names them");
    else if (strcmp(name, CLI_GATEWAY) != 0)
        r->config->default_backend = name;
}

/* ---- the file */

/* Backends first, wherever they stand: the others name them. */
static void read_object(struct reading *r, const struct cli_json_value *object)
{
    static const char *const names[] = {"backends", "default_backend", "routes"};
    struct cli_json_value found[3] = {{0}}, key, value;
    struct cli_json_walk walk;

    if (object->kind != CLI_JSON_OBJECT) {
        complain(r, object->at, "", "an object is wanted", config_hint);
        return;
    }
    cli_json_walk(&walk, object);
    while (r->failure->status == APIPIE_OK && cli_json_next(&walk, &key, &value)) {
        size_t i = 0;

        while (i < 3 && !cli_json_is(&key, names[i]))
            i++;
        if (i == 3)
            unknown_member(r, &key, "", "known are backends, default_backend and routes");
        else if (!is_twice(r, &key, names[i], found[i].n != 0))
            found[i] = value;
    }
    read_array(r, &found[0], names[0], read_backend);
    read_default(r, &found[1]);
    read_array(r, &found[2], names[2], read_route);
}

static void read_file(struct reading *r, const char *what)
{
    struct cli_failure reading = {0};
    struct cli_json_value value;
    size_t n = 0;
    char *text = cli_input_read(r->config->path, CONFIG_MAX, what, &n, &reading);
    const char *problem;

    if (text == NULL) {
        cli_failure_set(r->failure,
                        reading.status == APIPIE_E_MEMORY ? reading.status : APIPIE_E_CONFIG,
                        reading.hint, reading.message, NULL, NULL);
        return;
    }
    r->text = text;
    problem = cli_json_read(text, n, &value);
    if (problem != NULL)
        complain(r, value.at, "no good JSON", problem, config_hint);
    else
        read_object(r, &value);
    free(text); /* what is kept of it was copied */
}

/* $XDG_CONFIG_HOME (which counts only from the root), else ~/.config. NULL where neither is. */
static const char *usual_path(struct cli_config *c, struct cli_failure *f)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const char *path;

    if (folder != NULL && folder[0] == '/')
        path = cli_store_join(&c->store, folder, "/apipie", "/config.json");
    else if (home != NULL && home[0] == '/')
        path = cli_store_join(&c->store, home, "/.config/apipie", "/config.json");
    else
        return NULL;
    if (path == NULL)
        cli_failure_memory(f);
    return path;
}

void cli_config_read(struct cli_config *c, const char *file, struct cli_failure *f)
{
    struct reading r = {c, f, NULL};
    struct stat about;

    memset(c, 0, sizeof *c);
    c->path = file != NULL ? file : usual_path(c, f);
    if (file == NULL && c->path != NULL && stat(c->path, &about) != 0 &&
        (errno == ENOENT || errno == ENOTDIR))
        c->path = NULL;
    if (c->path != NULL)
        read_file(&r, file != NULL ? "--config: " : "the configuration: ");
}

void cli_config_free(struct cli_config *c)
{
    free(c->backends);
    free(c->routes);
    cli_store_free(&c->store);
    memset(c, 0, sizeof *c);
}
