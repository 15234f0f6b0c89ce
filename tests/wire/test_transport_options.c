/* SPDX-License-Identifier: MIT */
/* The way to the server as the host sets it: headers, agent, proxy, interface, addresses. Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENT "libapipie/" APIPIE_VERSION_STRING

/* ---- what a request carried */

static void assert_header(struct raw_server *s, int32_t index, const char *name, const char *want)
{
    static char value[APIPIE_LIMIT_TEXT + 1];
    const struct raw_request *q = raw_server_request(s, index);
    assert_non_null(q);
    int32_t found = raw_request_header(q, name, value, sizeof value);
    if (!want && found)
        print_error("%s: %s is there\n", name, value);
    assert_int_equal(found, want != NULL);
    if (want)
        assert_string_equal(value, want);
}

static int32_t count_header(const struct raw_request *q, const char *name)
{
    int32_t n = 0;
    for (const char *at = q->head; (at = strstr(at, name)) != NULL; at++)
        n += at == q->head || at[-1] == '\n';
    return n;
}

static void perform_good(struct draw *d)
{
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

/* ---- headers */

static void headers_of_client_and_request(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_header(d->client, "X-Own", "first"), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Org", "blanks inside\tare good"),
                  APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "x-own", "second"), APIPIE_OK);
    draw_again(d);
    assert_status(apipie_request_set_header(d->request, "X-OWN", "the request's"), APIPIE_OK);
    assert_status(apipie_request_set_header(d->request, "X-More", "1"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_header(d->server, 0, "x-own", "the request's");
    assert_header(d->server, 0, "X-Org", "blanks inside\tare good");
    assert_header(d->server, 0, "X-More", "1");
    assert_header(d->server, 0, "Authorization", "Bearer " DRAW_KEY);
    assert_header(d->server, 0, "User-Agent", AGENT);
    assert_int_equal(count_header(raw_server_request(d->server, 0), "X-OWN:"), 1);
    assert_int_equal(count_header(raw_server_request(d->server, 0), "x-own:"), 0);
    perform_good(d);
    assert_header(d->server, 1, "X-Own", "second");
    assert_header(d->server, 1, "X-More", NULL);
}

static void headers_are_taken_back(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_header(d->client, "X-Own", "1"), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Two", "2"), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Absent", NULL), APIPIE_OK);
    assert_status(apipie_request_set_header(d->request, "X-Own", "mine"), APIPIE_OK);
    assert_status(apipie_request_set_header(d->request, "X-OWN", NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_header(d->server, 0, "X-Own", "1");
    assert_status(apipie_client_set_header(d->client, "x-OWN", NULL), APIPIE_OK);
    perform_good(d);
    assert_header(d->server, 1, "X-Own", NULL);
    assert_header(d->server, 1, "X-Two", "2");
}

/* What was submitted keeps what was set then. */
static void settings_are_for_later_requests(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_header(d->client, "X-Own", "old"), APIPIE_OK);
    assert_status(apipie_client_set_user_agent(d->client, "Old/1"), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Own", "new"), APIPIE_OK);
    assert_status(apipie_client_set_user_agent(d->client, "New/2"), APIPIE_OK);
    assert_status(apipie_client_set_interface(d->client, "no-such-if"), APIPIE_OK);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_header(d->server, 0, "X-Own", "old");
    assert_header(d->server, 0, "User-Agent", AGENT " Old/1");
    assert_status(apipie_client_set_interface(d->client, NULL), APIPIE_OK);
    perform_good(d);
    assert_header(d->server, 1, "X-Own", "new");
    assert_header(d->server, 1, "User-Agent", AGENT " New/2");
    assert_status(apipie_client_set_user_agent(d->client, NULL), APIPIE_OK);
    perform_good(d);
    assert_header(d->server, 2, "User-Agent", AGENT);
}

static void a_copy_has_them_too(void **state)
{
    struct draw *d = *state;
    char json[4096];
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_header(d->request, "X-Own", "hidden"), APIPIE_OK);
    apipie_request *copy = apipie_request_copy(d->request);
    assert_non_null(copy);
    apipie_request_unref(d->request);
    d->request = copy;
    apipie_request_format_json(d->request, json, sizeof json);
    assert_lacks(json, "hidden");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_header(d->server, 0, "X-Own", "hidden");
}

/* ---- where they go */

/* A picture by url at its own origin, which leads to another one. */
static void lead_away(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char headers[256];
    struct draw *d = user;
    static const struct draw_reply by_url = {
        200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"},{\"url\":\"$ORIGIN/away\"}]}"};
    if (strcmp(q->method, "POST") == 0 && strcmp(q->path, "/v1/images/generations") == 0) {
        raw_reply(c, 307, "Location: /v1/elsewhere\r\n", "", 0);
    } else if (strcmp(q->method, "POST") == 0) {
        draw_send_reply(c, &by_url);
    } else if (strcmp(q->path, "/away") == 0) {
        snprintf(headers, sizeof headers, "Location: %s/pics/2\r\n", raw_server_origin(d->other));
        raw_reply(c, 302, headers, "", 0);
    } else {
        draw_send_picture(c, PNG1, "image/png");
    }
}

static void only_calls_carry_them(void **state)
{
    struct draw *d = *state;
    static struct draw_script none;
    d->other = raw_server_start(draw_handler, &none);
    assert_non_null(d->other);
    draw_serve(d, lead_away, d);
    assert_status(apipie_client_set_header(d->client, "X-Own", "client"), APIPIE_OK);
    assert_status(apipie_client_set_user_agent(d->client, "Game/1.2 (a b)"), APIPIE_OK);
    draw_again(d);
    assert_status(apipie_request_set_header(d->request, "X-Mine", "request"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 2); /* a redirect within the origin */
    assert_int_equal(raw_server_count(d->server, "GET"), 2);
    for (int32_t i = 0; i < 4; i++) {
        int32_t call = strcmp(raw_server_request(d->server, i)->method, "POST") == 0;
        assert_header(d->server, i, "X-Own", call ? "client" : NULL);
        assert_header(d->server, i, "X-Mine", call ? "request" : NULL);
        assert_header(d->server, i, "User-Agent", AGENT " Game/1.2 (a b)");
    }
    assert_int_equal(raw_server_count(d->other, "GET"), 1);
    assert_header(d->other, 0, "X-Own", NULL);
    assert_header(d->other, 0, "X-Mine", NULL);
    assert_header(d->other, 0, "Authorization", NULL);
}

static void lose_the_call(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strcmp(q->method, "POST") == 0)
        raw_close(c);
    else
        raw_reply_json(c, 200, "{\"items\":[]}");
}

static void the_history_has_the_client_s(void **state)
{
    struct draw *d = *state;
    draw_serve(d, lose_the_call, NULL);
    assert_status(apipie_client_set_header(d->client, "X-Own", "client"), APIPIE_OK);
    draw_again(d);
    assert_status(apipie_request_set_header(d->request, "X-Mine", "request"), APIPIE_OK);
    assert_status(apipie_request_perform(d->request), APIPIE_E_NETWORK);
    apipie_request *look = apipie_request_new_reconcile(d->request);
    apipie_request_unref(d->request);
    d->request = look;
    assert_status(apipie_request_set_header(look, "X-Look", "its own"), APIPIE_OK);
    assert_ended(look, apipie_request_perform(look), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_header(d->server, 1, "X-Own", "client");
    assert_header(d->server, 1, "X-Mine", NULL);
    assert_header(d->server, 1, "X-Look", "its own");
    assert_header(d->server, 1, "Authorization", "Bearer " DRAW_KEY);
}

/* One request that becomes several calls. */
static const struct draw_reply one_each[] = {
    {400, NULL, "{\"error\":{\"message\":\"n must be 1 for this model\",\"param\":\"n\"}}"},
    {200, NULL, ONE_IMAGE}};

static void every_part_has_them(void **state)
{
    struct draw *d = *state;
    static const struct draw_script script = DRAW_SCRIPT(one_each);
    draw_serve_script(d, &script);
    assert_status(apipie_request_set_n(d->request, 3), APIPIE_OK);
    assert_status(apipie_request_set_header(d->request, "X-Mine", "request"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 4);
    for (int32_t i = 0; i < 4; i++)
        assert_header(d->server, i, "X-Mine", "request");
}

/* ---- what is refused */

static const struct {
    const char *name, *value;
} bad_headers[] = {
    {NULL, "1"},
    {"", "1"},
    {"X Own", "1"},
    {"X-Own:", "1"},
    {"X-Own\r\n", "1"},
    {"X-\xC3\xA4", "1"},
    {"X\tOwn", "1"},
    {"X(Own)", "1"},
    {"X-Own", ""},
    {"X-Own", " 1"},
    {"X-Own", "1 "},
    {"X-Own", "\t"},
    {"X-Own", "a\r\nB: c"},
    {"X-Own", "a\nb"},
    {"X-Own", "a\rb"},
    {"X-Own", "\xC3\xA4"},
    {"X-Own", "a\x7F"},
    {"X-Own", "a\x01"},
    {"authorization", "1"},
    {"Content-Type", "1"},
    {"CONTENT-LENGTH", "1"},
    {"Host", "1"},
    {"Connection", "1"},
    {"Transfer-Encoding", "1"},
    {"Expect", "1"},
    {"Accept", "1"},
    {"Accept-Encoding", "1"},
    {"User-Agent", "1"},
    {"idempotency-key", "1"},
    {"Traceparent", "1"},
    {"Authorization", NULL},
};

static void bad_headers_are_refused(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    for (size_t i = 0; i < sizeof bad_headers / sizeof bad_headers[0]; i++) {
        draw_again(d);
        assert_status(
            apipie_client_set_header(d->client, bad_headers[i].name, bad_headers[i].value),
            APIPIE_E_ARGUMENT);
        assert_status(
            apipie_request_set_header(d->request, bad_headers[i].name, bad_headers[i].value),
            APIPIE_E_ARGUMENT);
        assert_status(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
        assert_contains(apipie_error_message(draw_error(d)), "set_header: ");
        assert_lacks(apipie_error_message(draw_error(d)), "\n");
    }
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    draw_again(d);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_set_header(d->request, "X-Own", "1"), APIPIE_E_STATE);
    assert_status(apipie_request_set_header(NULL, "X-Own", "1"), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_header(NULL, "X-Own", "1"), APIPIE_E_ARGUMENT);
}

/* As many and as long as they may be, all at once. */
static void the_limits(void **state)
{
    static char value[APIPIE_LIMIT_TEXT + 2];
    char name[16];
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    memset(value, 'v', APIPIE_LIMIT_TEXT + 1);
    assert_status(apipie_client_set_header(d->client, "X-Own", value), APIPIE_E_ARGUMENT);
    value[APIPIE_LIMIT_TEXT] = 0;
    for (int i = 0; i < APIPIE_LIMIT_HEADERS; i++) {
        snprintf(name, sizeof name, "X-Client-%d", i);
        assert_status(apipie_client_set_header(d->client, name, value), APIPIE_OK);
        snprintf(name, sizeof name, "X-Request-%d", i);
        assert_status(apipie_request_set_header(d->request, name, value), APIPIE_OK);
    }
    assert_status(apipie_client_set_header(d->client, "X-Own", "1"), APIPIE_E_LIMIT);
    assert_status(apipie_client_set_header(d->client, "x-client-0", value), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "x-client-1", NULL), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Own", value), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_header(d->server, 0, "X-Client-31", value);
    assert_header(d->server, 0, "X-Request-31", value);
    assert_header(d->server, 0, "X-Own", value);
    assert_int_equal(count_header(raw_server_request(d->server, 0), "X-Request-"), 32);
    assert_int_equal(count_header(raw_server_request(d->server, 0), "X-Client-") +
                         count_header(raw_server_request(d->server, 0), "x-client-"),
                     31);
    draw_again(d);
    for (int i = 0; i < APIPIE_LIMIT_HEADERS; i++) {
        snprintf(name, sizeof name, "X-Request-%d", i);
        assert_status(apipie_request_set_header(d->request, name, "1"), APIPIE_OK);
    }
    assert_status(apipie_request_set_header(d->request, "X-Own", "1"), APIPIE_E_LIMIT);
    assert_status(apipie_request_submit(d->request), APIPIE_E_LIMIT);
}

#define HASH          "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PEM           "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define REFUSED(call) assert_status(call, APIPIE_E_ARGUMENT)
#define TAKEN(call)   assert_status(call, APIPIE_OK)

static void values_of_proxies(void **state)
{
    struct draw *d = *state;
    static const char *const good[] = {"",
                                       "http://proxy.test:3128",
                                       "HTTP://u:p%40ss@10.0.0.1:3128/",
                                       "https://proxy.test",
                                       "socks5://[::1]:1080",
                                       "socks5h://u@proxy.test:1080"};
    static const char *const bad[] = {"proxy.test:3128", "socks4://proxy.test", "ftp://proxy.test",
                                      "http://",         "http://a b",          "http://a\r\nb",
                                      "http://p:x",      "http://p/path",       "http://p?q",
                                      "http://p#f",      "socks5://u:p@",       "\xC3\xA4"};
    draw_serve_json(d, ONE_IMAGE);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        TAKEN(apipie_client_set_proxy(d->client, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(apipie_client_set_proxy(d->client, bad[i]));
    TAKEN(apipie_client_set_proxy(d->client, NULL));
    REFUSED(apipie_client_set_proxy(NULL, NULL));
    perform_good(d);
}

static void values_of_certificates(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_client *c = d->client;
    TAKEN(apipie_client_set_ca_file(c, "no/such/file.pem")); /* read at the first connection */
    TAKEN(apipie_client_set_ca_file(c, NULL));
    REFUSED(apipie_client_set_ca_file(c, ""));
    REFUSED(apipie_client_set_ca_file(NULL, "x"));
    TAKEN(apipie_client_set_ca_pem(c, PEM, APIPIE_NTS));
    TAKEN(apipie_client_set_ca_pem(c, PEM "more", sizeof PEM));
    TAKEN(apipie_client_set_ca_pem(c, NULL, 0));
    TAKEN(apipie_client_set_ca_pem(c, NULL, APIPIE_NTS));
    REFUSED(apipie_client_set_ca_pem(c, "", 0));
    REFUSED(apipie_client_set_ca_pem(c, PEM, 20));
    REFUSED(apipie_client_set_ca_pem(c, "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                                     APIPIE_NTS));
    REFUSED(apipie_client_set_ca_pem(c, PEM, (size_t)APIPIE_LIMIT_PEM + 1));
    REFUSED(apipie_client_set_ca_pem(NULL, PEM, APIPIE_NTS));
    TAKEN(apipie_client_set_certificate(c, "me.pem", NULL, NULL));
    TAKEN(apipie_client_set_certificate(c, "me.pem", "me.key", "secret"));
    TAKEN(apipie_client_set_certificate(c, NULL, NULL, NULL));
    REFUSED(apipie_client_set_certificate(c, NULL, "me.key", NULL));
    REFUSED(apipie_client_set_certificate(c, NULL, NULL, "secret"));
    REFUSED(apipie_client_set_certificate(c, "", NULL, NULL));
    REFUSED(apipie_client_set_certificate(c, "me.pem", "", NULL));
    REFUSED(apipie_client_set_certificate(NULL, "me.pem", NULL, NULL));
    TAKEN(apipie_client_set_pinned_key(c, HASH));
    TAKEN(apipie_client_set_pinned_key(c, HASH ";" HASH));
    TAKEN(apipie_client_set_pinned_key(c, NULL));
    REFUSED(apipie_client_set_pinned_key(c, ""));
    REFUSED(apipie_client_set_pinned_key(c, "key.pem")); /* no file */
    REFUSED(apipie_client_set_pinned_key(c, HASH ";"));
    REFUSED(apipie_client_set_pinned_key(c, ";" HASH));
    REFUSED(apipie_client_set_pinned_key(c, HASH ", " HASH));
    REFUSED(apipie_client_set_pinned_key(c, "sha256//AAAA"));
    REFUSED(apipie_client_set_pinned_key(NULL, HASH));
    perform_good(d);
}

static void values_of_manners(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_client *c = d->client;
    apipie_status http2 = apipie_client_set_http2(c, 1);
    assert_true(http2 == APIPIE_OK || http2 == APIPIE_E_UNSUPPORTED);
    TAKEN(apipie_client_set_http2(c, 0));
    REFUSED(apipie_client_set_http2(c, 2));
    REFUSED(apipie_client_set_http2(NULL, 1));
    TAKEN(apipie_client_set_user_agent(c, "Game/1"));
    REFUSED(apipie_client_set_user_agent(c, ""));
    REFUSED(apipie_client_set_user_agent(c, "Game\r\nX: y"));
    REFUSED(apipie_client_set_user_agent(c, "Sp\xC3\xA4\xC3\x9F"));
    REFUSED(apipie_client_set_user_agent(NULL, "Game/1"));
    TAKEN(apipie_client_set_interface(c, "eth1"));
    TAKEN(apipie_client_set_interface(c, NULL));
    REFUSED(apipie_client_set_interface(c, ""));
    REFUSED(apipie_client_set_interface(c, "eth 1"));
    REFUSED(apipie_client_set_interface(c, "if!eth1"));
    REFUSED(apipie_client_set_interface(NULL, "eth1"));
    TAKEN(apipie_client_set_ip_version(c, 6));
    TAKEN(apipie_client_set_ip_version(c, 4));
    TAKEN(apipie_client_set_ip_version(c, 0));
    REFUSED(apipie_client_set_ip_version(c, 5));
    REFUSED(apipie_client_set_ip_version(NULL, 4));
    perform_good(d);
}

/* ---- from where, and to which address */

static void assert_unsent(const struct draw *d, const char *words, const char *hint)
{
    const apipie_error *e = draw_error(d);
    assert_non_null(e);
    assert_contains(apipie_error_message(e), words);
    assert_contains(apipie_error_hint(e), hint);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
}

static void the_interface(void **state)
{
    struct draw *d = *state;
    static const char *const good[] = {"lo", "127.0.0.1"};
    static const char *const bad[] = {"no-such-if", "192.0.2.7"};
    draw_serve_json(d, ONE_IMAGE);
    for (size_t i = 0; i < 2; i++) {
        TAKEN(apipie_client_set_interface(d->client, good[i]));
        perform_good(d);
    }
    for (size_t i = 0; i < 2; i++) {
        TAKEN(apipie_client_set_interface(d->client, bad[i]));
        draw_again(d);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
        assert_unsent(d, "connections cannot go out from there", "apipie_client_set_interface()");
    }
    TAKEN(apipie_client_set_interface(d->client, "2001:db8::7")); /* leads to no IPv4 address */
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    TAKEN(apipie_client_set_interface(d->client, NULL));
    perform_good(d);
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
}

static void the_version_of_addresses(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    TAKEN(apipie_client_set_ip_version(d->client, 4));
    perform_good(d);
    TAKEN(apipie_client_set_ip_version(d->client, 6));
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    assert_unsent(d, "it has no IPv6 address", "base URL");
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    TAKEN(apipie_client_set_ip_version(d->client, 0));
    perform_good(d);
}

/* ---- proxies; this machine is never asked through one, so the names are of nowhere */

static void gate(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char wants[] = "Proxy-Authenticate: Basic realm=\"gate\"\r\n";
    char who[128];
    (void)user;
    if (!raw_request_header(q, "Proxy-Authorization", who, sizeof who) ||
        strcmp(who, "Basic a2F0ZTpvcGVuIHNlc2FtZQ==") != 0) {
        raw_reply(c, 407, wants, "", 0);
    } else if (strcmp(q->method, "CONNECT") == 0) {
        raw_reply(c, 502, "", "", 0);
        raw_close(c);
    } else {
        raw_reply_json(c, 200, ONE_IMAGE);
    }
}

static void set_gate(struct draw *d, const char *who)
{
    char proxy[256];
    snprintf(proxy, sizeof proxy, "http://%s%s", who, raw_server_origin(d->server) + 7);
    assert_status(apipie_client_set_proxy(d->client, proxy), APIPIE_OK);
    draw_again(d);
}

static void serve_gate(struct draw *d, const char *base)
{
    draw_serve(d, gate, NULL);
    setenv("no_proxy", "*", 1); /* says nothing about one that was set */
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    assert_status(apipie_client_allow_http(d->client, 1), APIPIE_OK);
    assert_status(apipie_client_set_base_url(d->client, base), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Own", "secret"), APIPIE_OK);
    assert_status(apipie_client_set_user_agent(d->client, "Game/1"), APIPIE_OK);
    assert_status(apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 2), APIPIE_OK);
}

static void assert_gate_refuses(struct draw *d)
{
    static const char *const who[] = {"", "kate@", "kate:open%20barley@"};
    for (size_t i = 0; i < 3; i++) {
        set_gate(d, who[i]);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
        assert_unsent(d, "the proxy wants another user or password", "apipie_client_set_proxy()");
        assert_lacks(apipie_error_message(draw_error(d)), "barley");
        assert_int_equal(apipie_error_is_retryable(draw_error(d)), 0);
        assert_null(apipie_error_body(draw_error(d), NULL));
    }
}

static void a_proxy_without_a_tunnel(void **state)
{
    struct draw *d = *state;
    serve_gate(d, "http://gateway.invalid/v1");
    assert_gate_refuses(d);
    set_gate(d, "kate:open%20sesame@");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    int32_t last = raw_server_count(d->server, NULL) - 1;
    assert_string_equal(raw_server_request(d->server, last)->path,
                        "http://gateway.invalid/v1/images/generations");
    assert_header(d->server, last, "X-Own", "secret");
    assert_header(d->server, last, "User-Agent", AGENT " Game/1");
}

/* What is meant for the server is not shown to the proxy. */
static void a_proxy_with_a_tunnel(void **state)
{
    struct draw *d = *state;
    serve_gate(d, "https://gateway.invalid/v1");
    assert_gate_refuses(d);
    assert_status(apipie_client_set_retry(d->client, APIPIE_RETRY_NEVER, 0), APIPIE_OK);
    set_gate(d, "kate:open%20sesame@");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    assert_unsent(d, "no way through the proxy", "http_proxy");
    for (int32_t i = 0; i < raw_server_count(d->server, NULL); i++) {
        const struct raw_request *q = raw_server_request(d->server, i);
        assert_string_equal(q->method, "CONNECT");
        assert_string_equal(q->path, "gateway.invalid:443");
        assert_header(d->server, i, "X-Own", NULL);
        assert_header(d->server, i, "Authorization", NULL);
        assert_header(d->server, i, "User-Agent", AGENT " Game/1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(headers_of_client_and_request),
        DRAW_TEST(headers_are_taken_back),
        DRAW_TEST(settings_are_for_later_requests),
        DRAW_TEST(a_copy_has_them_too),
        DRAW_TEST(only_calls_carry_them),
        DRAW_TEST(the_history_has_the_client_s),
        DRAW_TEST(every_part_has_them),
        DRAW_TEST(bad_headers_are_refused),
        DRAW_TEST(the_limits),
        DRAW_TEST(values_of_proxies),
        DRAW_TEST(values_of_certificates),
        DRAW_TEST(values_of_manners),
        DRAW_TEST(the_interface),
        DRAW_TEST(the_version_of_addresses),
        DRAW_TEST(a_proxy_without_a_tunnel),
        DRAW_TEST(a_proxy_with_a_tunnel),
    };
    return cmocka_run_group_tests_name("transport options", tests, NULL, NULL);
}
