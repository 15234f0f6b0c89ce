/* SPDX-License-Identifier: MIT */
/* Knows how one backend is examined, with questions that cost nothing; not how that is told. Never touches a key. */
#include "doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "interrupt.h"

#define USUAL_MS   15000
#define CLOCK_MOST 60

static struct cli_finding *find(struct cli_visit *v, const char *check, enum cli_state state,
                                const char *text, const char *hint)
{
    struct cli_finding *found = &v->findings[v->count++];

    found->check = check;
    found->state = state;
    found->ms = APIPIE_UNKNOWN;
    (void)snprintf(found->text, sizeof found->text, "%s", text);
    (void)snprintf(found->hint, sizeof found->hint, "%s", hint == NULL ? "" : hint);
    return found;
}

static void fail(struct cli_visit *v, const char *check, apipie_status status, const char *text,
                 const char *hint)
{
    (void)find(v, check, CLI_STATE_FAILED, text, hint);
    if (v->status == APIPIE_OK)
        v->status = status == APIPIE_OK ? APIPIE_E_MEMORY : status; /* there was no request */
}

static void fail_by(struct cli_visit *v, const char *check, const apipie_request *r)
{
    const apipie_error *error = apipie_request_error(r);

    if (v->status == APIPIE_OK) {
        v->fault = apipie_error_fault(error);
        v->http_status = apipie_error_http_status(error);
    }
    fail(v, check, apipie_error_code(error), apipie_error_message(error), apipie_error_hint(error));
}

/* ---- the way there */

static const char *text_of(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* http_proxy in capitals is no variable of libcurl's: a server's environment may have it from a client's header. */
const char *cli_doctor_proxy(const char *url, char *ret, size_t room)
{
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    const char *const *names = strncasecmp(url, "https:", 6) == 0 ? secure : plain;

    for (int i = 0; i < 4 && names[i] != NULL; i++) {
        const char *value = text_of(names[i]);
        const char *user = value == NULL ? NULL : strrchr(value, '@');

        if (value == NULL)
            continue;
        (void)snprintf(ret, room, "%s", user == NULL ? value : user + 1);
        return names[i];
    }
    return NULL;
}

static void find_proxy(struct cli_visit *v, const apipie_request *r)
{
    char text[200], value[100];
    const char *name = cli_doctor_proxy(v->place, value, sizeof value);

    if (apipie_request_attempt_is_proxied(r, 0) == 1 && name != NULL)
        (void)snprintf(text, sizeof text, "through %s: %s", name, value);
    else if (apipie_request_attempt_is_proxied(r, 0) == 1)
        (void)snprintf(text, sizeof text, "through one");
    else if (apipie_request_attempt_is_proxied(r, 0) == 0)
        (void)snprintf(text, sizeof text, "none%s",
                       name != NULL ? ": this machine, or named by NO_PROXY" : "");
    else
        (void)snprintf(text, sizeof text, "unknown");
    (void)find(v, "proxy", CLI_STATE_OK, text, NULL);
}

/* 0: no further. A stage that was not reached is where a request without an answer ended. */
static int find_stage(struct cli_visit *v, const apipie_request *r, const char *check,
                      int32_t which, const char *text)
{
    int64_t ms = apipie_request_attempt_time(r, 0, which);
    /* libcurl tells no time of a connection that it then cannot secure. */
    int past =
        which < APIPIE_TIME_TLS && apipie_error_code(apipie_request_error(r)) == APIPIE_E_TLS;

    if (!past && ms == APIPIE_UNKNOWN && apipie_request_attempt_http_status(r, 0) == 0) {
        fail_by(v, check, r);
        return 0;
    }
    find(v, check, CLI_STATE_OK, text, NULL)->ms = ms;
    return 1;
}

/* 0: the server did not answer. */
static int find_way(struct cli_visit *v, const apipie_request *r)
{
    int secure = strncasecmp(v->place, "https:", 6) == 0;
    int proxied = apipie_request_attempt_is_proxied(r, 0) == 1;

    if (apipie_request_attempt_count(r) == 0 &&
        apipie_error_code(apipie_request_error(r)) == APIPIE_E_UNSUPPORTED) {
        (void)find(v, "reply", CLI_STATE_WARNING, "unknown: it has no question that costs nothing",
                   "draw something small with it");
        return 0;
    }
    if (apipie_request_attempt_count(r) == 0) {
        fail_by(v, "address", r);
        return 0;
    }
    find_proxy(v, r);
    if (!find_stage(v, r, "lookup", APIPIE_TIME_LOOKUP, proxied ? "the proxy's name" : "found") ||
        !find_stage(v, r, "connect", APIPIE_TIME_CONNECT,
                    proxied ? "the proxy answers" : "connected"))
        return 0;
    if (!secure)
        (void)find(v, "tls", CLI_STATE_OK, "none: http://", NULL);
    else if (!find_stage(v, r, "tls", APIPIE_TIME_TLS, "secure, and trusted"))
        return 0;
    if (apipie_request_attempt_http_status(r, 0) != 0)
        return 1;
    fail_by(v, "reply", r);
    return 0;
}

/* ---- what it says */

static void find_clock(struct cli_visit *v, const apipie_request *r)
{
    int64_t server = apipie_request_attempt_time(r, 0, APIPIE_TIME_SERVER);
    int64_t ours = apipie_request_attempt_time(r, 0, APIPIE_TIME_CLOCK) +
                   apipie_request_attempt_time(r, 0, APIPIE_TIME_FIRST_BYTE);
    int64_t ahead = (ours - server) / 1000;
    int64_t apart = ahead < 0 ? -ahead : ahead;
    char text[128];

    if (server == APIPIE_UNKNOWN) {
        (void)find(v, "clock", CLI_STATE_OK, "unknown: the server names no Date", NULL);
        return;
    }
    (void)snprintf(text, sizeof text, "this machine's is %" PRId64 " s %s the server's", apart,
                   ahead < 0 ? "behind" : "ahead of");
    if (apart > CLOCK_MOST)
        (void)find(v, "clock", CLI_STATE_WARNING, text,
                   "set it, by NTP say: certificates, budgets of the day and bills go by the "
                   "clock");
    else
        (void)find(v, "clock", CLI_STATE_OK, apart <= 2 ? "right" : text, NULL);
}

static void find_models(struct cli_visit *v, const apipie_request *r, apipie_status status)
{
    size_t last = apipie_request_attempt_count(r) - 1;
    struct cli_finding *found;
    char text[64];

    if (status == APIPIE_E_AUTH) /* it is the key's line that says so */
        return;
    if (status != APIPIE_OK) {
        fail_by(v, "models", r);
        return;
    }
    v->models = (int64_t)apipie_catalog_count(apipie_request_catalog(r));
    v->latency_ms = apipie_request_attempt_time(r, last, APIPIE_TIME_TOTAL);
    (void)snprintf(text, sizeof text, "%" PRId64 " that make pictures", v->models);
    found = find(v, "models", v->models > 0 ? CLI_STATE_OK : CLI_STATE_WARNING, text,
                 v->models > 0 ? NULL : "is it the right address, and has it a model loaded?");
    found->ms = v->latency_ms;
}

/* ---- the key */

static apipie_request *ask(const struct cli_visit *v, const struct cli_options *o,
                           apipie_client *client, int32_t kind, apipie_status *ret)
{
    apipie_request *r = apipie_request_new(client, kind);

    (void)apipie_request_set_backend(r, v->name);
    (void)apipie_request_set_retry(r, APIPIE_RETRY_NEVER, 0);
    (void)apipie_request_set_timeout(r, o->timeout_ms != CLI_UNSET ? o->timeout_ms : USUAL_MS);
    if (kind == APIPIE_REQUEST_MODELS)
        (void)apipie_request_set_filter(r, "type", "image");
    else
        (void)apipie_request_set_max_rows(r, 1);
    cli_interrupt_watch(r);
    *ret = apipie_request_perform(r);
    cli_interrupt_watch(NULL);
    return r;
}

/* The history is what a key is needed for; where a server has none, the list went with the key too. */
static void try_key(struct cli_visit *v, const struct cli_options *o, apipie_client *client,
                    const char *variable, apipie_status listed)
{
    apipie_status status;
    apipie_request *r = ask(v, o, client, APIPIE_REQUEST_HISTORY, &status);
    const apipie_error *error = apipie_request_error(r);
    char text[256];

    if (status == APIPIE_E_UNSUPPORTED && listed == APIPIE_E_AUTH)
        status = listed;
    if (status == APIPIE_OK)
        (void)snprintf(text, sizeof text, "%s is set, and accepted", variable);
    else if (status == APIPIE_E_UNSUPPORTED)
        (void)snprintf(text, sizeof text, "%s is set; the server took it with the list", variable);
    else if (status == APIPIE_E_AUTH)
        (void)snprintf(text, sizeof text, "%s is set, and refused", variable);
    else
        (void)snprintf(text, sizeof text, "%s is set; whether it is accepted is unknown: %s",
                       variable, apipie_error_message(error));
    if (status == APIPIE_E_AUTH) {
        if (v->status == APIPIE_OK)
            v->fault = APIPIE_FAULT_ACCOUNT;
        fail(v, "key", status, text, "copy it again, or get a new one");
    } else if (status == APIPIE_OK || status == APIPIE_E_UNSUPPORTED)
        (void)find(v, "key", CLI_STATE_OK, text, NULL);
    else
        (void)find(v, "key", CLI_STATE_WARNING, text, apipie_error_hint(error));
    (void)apipie_request_unref(r);
}

/* listed is APIPIE_PENDING where the server could not be asked. */
static void find_key(struct cli_visit *v, const struct cli_options *o, const struct cli_backend *b,
                     apipie_client *client, apipie_status listed)
{
    const char *variable = b == NULL ? "APIPIE_API_KEY" : b->key_env;
    char text[200];

    if (v->status == APIPIE_OK)
        v->fault = APIPIE_FAULT_CALLER;
    if (variable == NULL && listed == APIPIE_E_AUTH) {
        fail(v, "key", listed, "the server wants one, and the configuration names none",
             "put it into a variable, and name that: \"key_env\":\"NAME\"");
    } else if (variable == NULL) {
        (void)find(v, "key", CLI_STATE_OK, "none is set up", NULL);
    } else if (cli_config_key(b) == NULL) {
        (void)snprintf(text, sizeof text, "%s is not set", variable);
        fail(v, "key", APIPIE_E_CONFIG, text,
             b == NULL ? "set it to a key of https://apipie.ai" : "set it, or take key_env out");
    } else if (listed == APIPIE_PENDING) {
        (void)snprintf(text, sizeof text, "%s is set; it could not be tried", variable);
        (void)find(v, "key", CLI_STATE_OK, text, NULL);
    } else {
        try_key(v, o, client, variable, listed);
    }
}

/* ---- all of it */

/* Who draws under the desk alone needs no gateway. */
static int is_idle(const struct cli_options *o, const struct cli_backend *b)
{
    return b == NULL && cli_config_key(NULL) == NULL && o->backend == NULL &&
           !cli_config_may_ask(o, CLI_GATEWAY);
}

void cli_doctor_visit(struct cli_visit *v, const struct cli_options *o, const struct cli_backend *b,
                      apipie_client *client)
{
    apipie_status status;
    apipie_request *r;
    int reached;

    memset(v, 0, sizeof *v);
    v->models = v->latency_ms = APIPIE_UNKNOWN;
    v->name = b == NULL ? CLI_GATEWAY : b->name;
    v->dialect = b == NULL ? "apipie" : b->dialect;
    v->place = cli_config_shown_place(o, v->name);
    v->is_default = strcmp(cli_config_default(o), v->name) == 0;
    if (is_idle(o, b)) {
        (void)find(v, "use", CLI_STATE_OK,
                   "not asked: there is no key, and neither the default backend nor a route is it",
                   NULL);
        return;
    }
    r = ask(v, o, client, APIPIE_REQUEST_MODELS, &status);
    reached = find_way(v, r);
    if (reached) {
        find_clock(v, r);
        find_models(v, r, status);
    }
    find_key(v, o, b, client, reached ? status : APIPIE_PENDING);
    (void)apipie_request_unref(r);
}

enum cli_state cli_doctor_state(const struct cli_visit *v)
{
    enum cli_state worst = CLI_STATE_OK;

    for (size_t i = 0; i < v->count; i++)
        if (v->findings[i].state > worst)
            worst = v->findings[i].state;
    return worst;
}
