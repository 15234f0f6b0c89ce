/* SPDX-License-Identifier: MIT */
/* What each way to fail is taken for, what it may have cost, and how often it is sent under each policy: counted at the
 * server. Knows the public API alone. The only names that are looked up here are answered here. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "../support/draw.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* No name is known; libcurl calls this function in place of the C library's. */
int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    if (name && strspn(name, "0123456789.") != strlen(name))
        return EAI_NONAME;
    return real(name, service, hints, ret);
}

#define JSON  "Content-Type: application/json\r\n"
#define SOON  JSON "retry-after-ms: 1\r\n"
#define LATER JSON "Retry-After: 0.01\r\n"

#define QUOTA  "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"m\"}}"
#define POLICY "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"m\"}}"
#define BROKEN "{\"error\":{\"message\":\"the backend failed\"}}"

/* The requests of a row: one each, side by side. */
enum { NEVER, SAFE, ALWAYS, POLICIES };
static const int32_t policies[POLICIES] = {APIPIE_RETRY_NEVER, APIPIE_RETRY_SAFE,
                                           APIPIE_RETRY_ALWAYS};
static const char *const prompts[POLICIES] = {"never", "safe", "always"};

/* One retry where the policy allows it. No row is to open the breaker for the others. */
static void make_requests(struct draw *d)
{
    apipie_client_set_breaker(d->client, 0, 1);
    draw_more(d, POLICIES);
    for (size_t i = 0; i < POLICIES; i++) {
        apipie_request_set_prompt(d->more[i], prompts[i], APIPIE_NTS);
        apipie_request_set_retry(d->more[i], policies[i], 1);
    }
}

static void assert_posts(struct draw *d, size_t i, int32_t posts)
{
    char prompt[32];
    snprintf(prompt, sizeof prompt, "\"prompt\":\"%s\"", prompts[i]);
    if (draw_posts(d->server, prompt) != posts)
        print_error("of policy %s:\n", prompts[i]);
    assert_int_equal(draw_posts(d->server, prompt), posts);
}

/* ---- not sent */

enum { PLACE_NO_NAME, PLACE_REFUSES, PLACE_SILENT, PLACE_NO_TLS, PLACE_NO_PROXY, PLACE_BAD_PROXY };

struct place {
    const char *name;
    int place;
    apipie_status code;
};

static const struct place places[] = {
    {"the name is not known", PLACE_NO_NAME, APIPIE_E_CONNECT},
    {"the connection is refused", PLACE_REFUSES, APIPIE_E_CONNECT},
    {"connect time-out", PLACE_SILENT, APIPIE_E_TIMEOUT},
    {"no TLS there", PLACE_NO_TLS, APIPIE_E_TLS},
    {"the proxy is not there", PLACE_NO_PROXY, APIPIE_E_CONNECT},
    {"the proxy does not connect", PLACE_BAD_PROXY, APIPIE_E_CONNECT},
};

static void no_way_through(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply(c, 502, "Connection: close\r\n", "bad gateway", 11);
    raw_close(c);
}

/* A base URL behind which nobody gets the request; *port is to be closed. */
static void find_place(struct draw *d, int place, char *url, size_t capacity, int *port)
{
    snprintf(url, capacity, "https://gateway.invalid/v1");
    if (place == PLACE_REFUSES || place == PLACE_NO_PROXY)
        *port = raw_port_refused(url, capacity);
    if (place == PLACE_SILENT)
        *port = raw_port_silent(url, capacity);
    d->server = raw_server_start(no_way_through, NULL);
    assert_non_null(d->server);
    if (place == PLACE_NO_TLS)
        snprintf(url, capacity, "https%s", raw_server_base(d->server) + strlen("http"));
    if (place == PLACE_BAD_PROXY)
        setenv("https_proxy", raw_server_origin(d->server), 1);
    if (place != PLACE_NO_PROXY)
        return;
    *strrchr(url, '/') = 0;
    setenv("https_proxy", url, 1);
    snprintf(url, capacity, "https://gateway.invalid/v1");
}

static void assert_not_sent(const apipie_request *r, const struct place *row, int32_t tries)
{
    const apipie_error *e = apipie_request_error(r);
    assert_ended(r, apipie_request_status(r), row->code);
    assert_int_equal(apipie_request_tries(r), tries);
    assert_int_equal(apipie_request_attempt_count(r), tries);
    for (size_t i = 0; i < (size_t)tries; i++) {
        assert_int_equal(apipie_request_attempt_outcome(r, i), APIPIE_OUTCOME_NOT_SENT);
        assert_int_equal(apipie_request_attempt_billed(r, i), APIPIE_BILLED_NO);
        assert_status(apipie_request_attempt_status(r, i), row->code);
        assert_true(strlen(apipie_request_attempt_message(r, i)) > 0);
    }
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_is_retryable(e), 1);
    assert_int_equal(apipie_error_attempts(e), tries);
}

static void what_never_left(void **state)
{
    struct draw *d = *state;
    const struct place *row = d->row;
    char url[128];
    int port = -1;
    find_place(d, row->place, url, sizeof url, &port);
    if (row->place == PLACE_SILENT && port < 0)
        skip(); /* this machine answers for a full queue */
    d->client = draw_client(url);
    apipie_client_set_connect_timeout(d->client, row->place == PLACE_SILENT ? 200 : 5000);
    make_requests(d);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 0);
    raw_port_close(port);
    for (size_t i = 0; i < POLICIES; i++)
        assert_not_sent(d->more[i], row, i == NEVER ? 1 : 2);
    assert_int_equal(raw_server_count(d->server, "POST"), 0);
}

/* ---- sent */

enum { WAY_REPLY, WAY_CLOSE, WAY_RESET, WAY_STALL };
enum { AT_START, IN_HEAD, IN_BODY, BEHIND_PICTURE };

struct outcome {
    const char *name;
    int way;
    int32_t status; /* or the place where it breaks off */
    const char *headers, *body;
    apipie_status code;
    int32_t outcome, retryable;
    int32_t safe, always; /* POSTs */
    int64_t first_byte_ms, stall_ms, timeout_ms, most_bytes;
};

#define REJECTED APIPIE_OUTCOME_REJECTED
#define UNKNOWN  APIPIE_OUTCOME_UNKNOWN
#define DONE     APIPIE_OUTCOME_DELIVERED

#define REFUSED(n, code)                                                                           \
    {                                                                                              \
#n, WAY_REPLY, n, SOON, "{}", code, REJECTED, 0, 1, 1, 0, 0, 0, 0                          \
    }
#define OBSCURE(n, code)                                                                           \
    {                                                                                              \
#n, WAY_REPLY, n, SOON, "{}", code, UNKNOWN, 1, 1, 2, 0, 0, 0, 0                           \
    }
#define REPLY(name, status, headers, body, code, ...)                                              \
    {                                                                                              \
        name, WAY_REPLY, status, headers, body, code, __VA_ARGS__                                  \
    }
#define BREAK(name, way, at, code, ...)                                                            \
    {                                                                                              \
        name, way, at, "", "", code, UNKNOWN, 1, __VA_ARGS__                                       \
    }

static const struct outcome outcomes[] = {
    /* refused: the same again would be refused again */
    REFUSED(400, APIPIE_E_PARAMETER),
    REFUSED(401, APIPIE_E_AUTH),
    REFUSED(402, APIPIE_E_QUOTA),
    REFUSED(403, APIPIE_E_AUTH),
    REFUSED(404, APIPIE_E_NOT_FOUND),
    REFUSED(405, APIPIE_E_PARAMETER),
    REFUSED(413, APIPIE_E_PARAMETER),
    REFUSED(415, APIPIE_E_PARAMETER),
    REFUSED(422, APIPIE_E_PARAMETER),
    REPLY("400, content", 400, SOON, POLICY, APIPIE_E_CONTENT_POLICY, REJECTED, 0, 1, 1, 0, 0, 0,
          0),
    REPLY("429, quota", 429, SOON, QUOTA, APIPIE_E_QUOTA, REJECTED, 0, 1, 1, 0, 0, 0, 0),
    REPLY("302", 302, "Location: http://127.0.0.1:9/x\r\n", "", APIPIE_E_NETWORK, REJECTED, 0, 1, 1,
          0, 0, 0, 0),
    /* refused for now */
    REPLY("425", 425, SOON, "{}", APIPIE_E_PARAMETER, REJECTED, 1, 2, 2, 0, 0, 0, 0),
    REPLY("429", 429, SOON, "{}", APIPIE_E_RATE_LIMITED, REJECTED, 1, 2, 2, 0, 0, 0, 0),
    REPLY("503, Retry-After", 503, LATER, "{}", APIPIE_E_SERVER, REJECTED, 1, 2, 2, 0, 0, 0, 0),
    REPLY("503, overloaded", 503, SOON, "{\"error\":{\"message\":\"overloaded\"}}", APIPIE_E_SERVER,
          REJECTED, 1, 2, 2, 0, 0, 0, 0),
    /* who knows */
    OBSCURE(408, APIPIE_E_SERVER),
    OBSCURE(409, APIPIE_E_PARAMETER),
    OBSCURE(424, APIPIE_E_PARAMETER),
    OBSCURE(499, APIPIE_E_PARAMETER),
    OBSCURE(500, APIPIE_E_SERVER),
    OBSCURE(502, APIPIE_E_SERVER),
    OBSCURE(503, APIPIE_E_SERVER),
    OBSCURE(504, APIPIE_E_SERVER),
    REPLY("303", 303, "Location: /elsewhere\r\n", "", APIPIE_E_NETWORK, UNKNOWN, 0, 1, 1, 0, 0, 0,
          0),
    REPLY("200, error", 200, SOON, BROKEN, APIPIE_E_SERVER, UNKNOWN, 1, 1, 2, 0, 0, 0, 0),
    REPLY("200, no image", 200, SOON, "{\"data\":[]}", APIPIE_E_NO_IMAGE, UNKNOWN, 1, 1, 2, 0, 0, 0,
          0),
    REPLY("200, no JSON", 200, SOON, "drawn!", APIPIE_E_MALFORMED, UNKNOWN, 1, 1, 2, 0, 0, 0, 0),
    REPLY("200, content", 200, SOON, POLICY, APIPIE_E_CONTENT_POLICY, UNKNOWN, 0, 1, 1, 0, 0, 0, 0),
    BREAK("closed before the head", WAY_CLOSE, AT_START, APIPIE_E_NETWORK, 1, 2, 0, 0, 0, 0),
    BREAK("closed in the head", WAY_CLOSE, IN_HEAD, APIPIE_E_NETWORK, 1, 2, 0, 0, 0, 0),
    BREAK("closed in the body", WAY_CLOSE, IN_BODY, APIPIE_E_NETWORK, 1, 2, 0, 0, 0, 0),
    BREAK("reset before the head", WAY_RESET, AT_START, APIPIE_E_NETWORK, 1, 2, 0, 0, 0, 0),
    BREAK("reset in the head", WAY_RESET, IN_HEAD, APIPIE_E_NETWORK, 1, 2, 0, 0, 0, 0),
    BREAK("reset in the body", WAY_RESET, IN_BODY, APIPIE_E_NETWORK, 1, 2, 0, 0, 0, 0),
    BREAK("first-byte limit", WAY_STALL, AT_START, APIPIE_E_TIMEOUT, 1, 2, 400, 0, 0, 0),
    BREAK("stall limit in the head", WAY_STALL, IN_HEAD, APIPIE_E_TIMEOUT, 1, 2, 0, 400, 0, 0),
    BREAK("stall limit in the body", WAY_STALL, IN_BODY, APIPIE_E_TIMEOUT, 1, 2, 0, 400, 0, 0),
    BREAK("time limit before the head", WAY_STALL, AT_START, APIPIE_E_TIMEOUT, 1, 1, 0, 0, 500, 0),
    /* paid */
    REPLY("a picture", 200, JSON, ONE_IMAGE, APIPIE_OK, DONE, 0, 1, 1, 0, 0, 0, 0),
    REPLY("a picture and a bad tail", 200, JSON, "{\"data\":[{\"b64_json\":\"" PNG1 "\"},?",
          APIPIE_OK, DONE, 0, 1, 1, 0, 0, 0, 0),
    {"a picture, then closed", WAY_CLOSE, BEHIND_PICTURE, "", "", APIPIE_OK, DONE, 0, 1, 1, 0, 0, 0,
     0},
    {"a picture, then the stall limit", WAY_STALL, BEHIND_PICTURE, "", "", APIPIE_OK, DONE, 0, 1, 1,
     0, 400, 0, 0},
    REPLY("no picture, but a cost", 200, SOON, "{\"data\":[],\"usage\":{\"cost\":0.008}}",
          APIPIE_E_NO_IMAGE, DONE, -1, 1, 1, 0, 0, 0, 0),
    REPLY("a picture, too large", 200, SOON, ONE_IMAGE, APIPIE_E_TOO_LARGE, DONE, -1, 1, 1, 0, 0, 0,
          20),
};

static void break_off(struct raw_conn *c, const struct outcome *row)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n" JSON "Content-Length: 5000\r\n";
    if (row->status >= IN_HEAD)
        raw_send_text(c, head);
    if (row->status >= IN_BODY)
        raw_send_text(c, "\r\n{\"data\":[");
    if (row->status == BEHIND_PICTURE)
        raw_send_text(c, "{\"b64_json\":\"" PNG1 "\"}");
    else if (row->status == IN_BODY)
        raw_send_text(c, "{\"b64_json\":\"iVBORw0KGgoAAAAN");
    if (row->way == WAY_STALL)
        raw_stall(c);
    else if (row->way == WAY_RESET)
        raw_reset(c);
    else
        raw_close(c);
}

/* The first try of each call fails as the row says, the second is served. */
static void fail_once(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct outcome *row = user;
    const struct draw_reply reply = {row->status, row->headers, row->body};
    if (draw_try(c, q) > 1)
        raw_reply_json(c, 200, ONE_IMAGE);
    else if (row->way == WAY_REPLY)
        draw_send_reply(c, &reply);
    else
        break_off(c, row);
}

static int32_t bill_of(int32_t outcome)
{
    if (outcome == UNKNOWN)
        return APIPIE_BILLED_UNKNOWN;
    return outcome == DONE ? APIPIE_BILLED_YES : APIPIE_BILLED_NO;
}

static void assert_first_attempt(const apipie_request *r, const struct outcome *row)
{
    int32_t http = row->status;
    if (row->way != WAY_REPLY)
        http = row->status >= IN_BODY ? 200 : -1;
    assert_int_equal(apipie_request_attempt_outcome(r, 0), row->outcome);
    assert_int_equal(apipie_request_attempt_billed(r, 0), bill_of(row->outcome));
    assert_status(apipie_request_attempt_status(r, 0), row->code);
    if (http >= 0)
        assert_int_equal(apipie_request_attempt_http_status(r, 0), http);
    assert_int_equal(strlen(apipie_request_attempt_message(r, 0)) > 0, row->code != APIPIE_OK);
}

static void assert_outcome(const apipie_request *r, const struct outcome *row, int32_t tries)
{
    const apipie_error *e = apipie_request_error(r);
    assert_first_attempt(r, row);
    assert_int_equal(apipie_request_tries(r), tries);
    if (tries == 2 || row->code == APIPIE_OK) {
        assert_ended(r, apipie_request_status(r), APIPIE_OK);
        draw_assert_image(apipie_request_result(r), 0, PNG1, "image/png");
        assert_int_equal(apipie_request_attempt_outcome(r, (size_t)tries - 1), DONE);
        assert_int_equal(apipie_result_billed(apipie_request_result(r)), APIPIE_BILLED_YES);
        return;
    }
    assert_ended(r, apipie_request_status(r), row->code);
    assert_int_equal(apipie_error_billed(e), bill_of(row->outcome));
    assert_int_equal(apipie_error_attempts(e), 1);
    if (row->retryable >= 0)
        assert_int_equal(apipie_error_is_retryable(e), row->retryable);
}

static void set_limits(apipie_request *r, const struct outcome *row)
{
    apipie_request_set_first_byte_timeout(r, row->first_byte_ms);
    apipie_request_set_stall_timeout(r, row->stall_ms);
    if (row->timeout_ms > 0)
        apipie_request_set_timeout(r, row->timeout_ms);
    if (row->most_bytes > 0)
        apipie_request_set_max_image_bytes(r, (uint64_t)row->most_bytes);
}

static void what_was_sent(void **state)
{
    struct draw *d = *state;
    const struct outcome *row = d->row;
    const int32_t posts[POLICIES] = {1, row->safe, row->always};
    draw_serve(d, fail_once, (void *)(uintptr_t)row);
    make_requests(d);
    for (size_t i = 0; i < POLICIES; i++)
        set_limits(d->more[i], row);
    draw_submit_more(d);
    (void)draw_wait_more(d);
    for (size_t i = 0; i < POLICIES; i++) {
        assert_posts(d, i, posts[i]);
        assert_outcome(d->more[i], row, posts[i]);
    }
    assert_int_equal(raw_server_count(d->server, "GET"), 0);
}

/* ---- the server's advice */

struct advice {
    const char *name;
    int32_t status;
    const char *advice, *body;
    int32_t safe, always;
};

static const struct advice advices[] = {
    {"400, retry", 400, "true", "{}", 2, 2},
    {"400, do not", 400, "false", "{}", 1, 1},
    {"409, retry", 409, "true", "{}", 1, 2},
    {"429, retry", 429, "true", "{}", 2, 2},
    {"429, do not", 429, "false", "{}", 1, 1},
    {"500, retry", 500, "true", "{}", 1, 2},
    {"500, do not", 500, "false", "{}", 1, 1},
    {"quota, retry", 429, "true", QUOTA, 1, 1},
    {"402, retry", 402, "true", "{}", 1, 1},
    {"content, retry", 400, "true", POLICY, 1, 1},
    {"200 without image, do not", 200, "false", "{\"data\":[]}", 1, 1},
    {"200 without image, retry", 200, "true", "{\"data\":[]}", 1, 2},
};

static void advise_once(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct advice *row = user;
    char headers[128];
    snprintf(headers, sizeof headers, SOON "X-Should-Retry: %s\r\n", row->advice);
    if (draw_try(c, q) > 1)
        raw_reply_json(c, 200, ONE_IMAGE);
    else
        raw_reply(c, row->status, headers, row->body, strlen(row->body));
}

static void advice_within_the_policy(void **state)
{
    struct draw *d = *state;
    const struct advice *row = d->row;
    draw_serve(d, advise_once, (void *)(uintptr_t)row);
    make_requests(d);
    draw_submit_more(d);
    (void)draw_wait_more(d);
    assert_posts(d, NEVER, 1);
    assert_posts(d, SAFE, row->safe);
    assert_posts(d, ALWAYS, row->always);
}

/* ---- waits */

struct wait {
    const char *name, *headers;
    int32_t date_hours; /* how far the server's clock is off, when it tells an hour for the wait */
    int64_t wait_ms;
};

static const struct wait waits[] = {
    {"milliseconds", "retry-after-ms: 350\r\n", 0, 350},
    {"a fraction of milliseconds", "retry-after-ms: 350.5\r\n", 0, 350},
    {"a fraction of seconds", "Retry-After: 0.35\r\n", 0, 350},
    {"a clock hours ahead", NULL, 5, 1000},
    {"a clock hours behind", NULL, -5, 1000},
};

static void ask_for_a_wait(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct wait *row = user;
    char headers[160], date[2][64];
    if (draw_try(c, q) > 1) {
        raw_reply_json(c, 200, ONE_IMAGE);
        return;
    }
    for (int i = 0; i < 2; i++) {
        time_t at = time(NULL) + row->date_hours * 3600 + i * (row->wait_ms / 1000);
        struct tm t;
        strftime(date[i], sizeof date[i], "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &t));
    }
    snprintf(headers, sizeof headers, "Date: %s\r\nRetry-After: %s\r\n", date[0], date[1]);
    raw_reply(c, 429, row->headers ? row->headers : headers, "{}", 2);
}

static void waits_as_told(void **state)
{
    struct draw *d = *state;
    const struct wait *row = d->row;
    draw_serve(d, ask_for_a_wait, (void *)(uintptr_t)row);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
    int64_t took =
        raw_server_request(d->server, 1)->came_ms - raw_server_request(d->server, 0)->came_ms;
    assert_true(took >= row->wait_ms - 1);
    assert_true(took < row->wait_ms + 5000);
}

static const struct wait too_long[] = {
    {"61 s", "Retry-After: 61\r\n", 0, 61000},
    {"60001 ms", "retry-after-ms: 60001\r\n", 0, 60001},
    {"60.5 s", "Retry-After: 60.5\r\n", 0, 60500},
    {"a date in an hour", NULL, 3, 3600000},
};

static void a_wait_over_the_cap_is_reported(void **state)
{
    struct draw *d = *state;
    const struct wait *row = d->row;
    draw_serve(d, ask_for_a_wait, (void *)(uintptr_t)row);
    apipie_request_set_timeout(d->request, 86400000);
    apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 5);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(apipie_error_retry_after(draw_error(d)), row->wait_ms);
    assert_int_equal(apipie_error_is_retryable(draw_error(d)), 1);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_true(apipie_request_elapsed(d->request) < 10000);
}

static void no_wait_that_ends_behind_the_deadline(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 429, "Retry-After: 30\r\n", "{}");
    apipie_request_set_timeout(d->request, 15000);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 5);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_int_equal(apipie_error_retry_after(draw_error(d)), 30000);
    assert_true(apipie_request_elapsed(d->request) < 10000);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

static void one_deadline_over_tries_and_waits(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 429, "Retry-After: 0.4\r\n", "{}");
    apipie_request_set_timeout(d->request, 1000);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 20);
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_E_RATE_LIMITED || status == APIPIE_E_TIMEOUT);
    assert_in_range(raw_server_count(d->server, "POST"), 1, 3);
    assert_true(apipie_request_elapsed(d->request) < 4000);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

/* ---- limits that must not fire */

struct slow {
    const char *prompt;
    int32_t first_byte_ms, stall_ms; /* the limits */
    int32_t before_ms;               /* the server waits before its head */
    int32_t pieces, between_ms;      /* and between the pieces of its body */
};

static const struct slow *find_slow(const struct raw_request *q, const struct slow *rows)
{
    char prompt[64];
    draw_field(q, "prompt", prompt, sizeof prompt);
    while (strcmp(rows->prompt, prompt) != 0)
        rows++;
    return rows;
}

static void in_pieces(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct slow *row = find_slow(q, user);
    char head[128];
    size_t n = strlen(ONE_IMAGE);
    snprintf(head, sizeof head, JSON "Content-Length: %d\r\n", (int)n);
    raw_pause_ms(c, row->before_ms);
    raw_head(c, 200, head);
    raw_drip(c, ONE_IMAGE, n, n / (size_t)row->pieces + 1, row->between_ms);
}

/* All of them side by side. */
static void submit_slow(struct draw *d, const struct slow *rows, size_t count)
{
    draw_serve(d, in_pieces, (void *)(uintptr_t)rows);
    draw_more(d, count);
    for (size_t i = 0; i < count; i++) {
        apipie_request_set_prompt(d->more[i], rows[i].prompt, APIPIE_NTS);
        apipie_request_set_first_byte_timeout(d->more[i], rows[i].first_byte_ms);
        apipie_request_set_stall_timeout(d->more[i], rows[i].stall_ms);
    }
    draw_submit_more(d);
}

static void assert_slow(struct draw *d, size_t count)
{
    (void)draw_wait_more(d);
    for (size_t i = 0; i < count; i++) {
        if (apipie_request_status(d->more[i]) != APIPIE_OK)
            print_error("%s:\n", apipie_request_prompt(d->more[i], NULL));
        assert_ended(d->more[i], apipie_request_status(d->more[i]), APIPIE_OK);
        draw_assert_image(apipie_request_result(d->more[i]), 0, PNG1, "image/png");
    }
    assert_int_equal(raw_server_count(d->server, "POST"), count);
}

static void what_moves_is_no_stall(void **state)
{
    struct draw *d = *state;
    static const struct slow rows[] = {{"a drip", 900, 900, 0, 10, 170},
                                       {"drawing, with a stall limit", 0, 600, 1400, 1, 0},
                                       {"begun, with a first-byte limit", 900, 0, 0, 2, 1500}};
    submit_slow(d, rows, 3);
    assert_slow(d, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(apipie_request_elapsed(d->more[i]) >= 1350);
}

/* The host looks away for a while in the middle of the replies. */
static void look_away(struct draw *d, int32_t count, int32_t away_ms)
{
    while (raw_server_count(d->server, "POST") < count)
        assert_status(apipie_request_wait(d->more[0], 10), APIPIE_PENDING);
    assert_status(apipie_request_wait(d->more[0], 100), APIPIE_PENDING);
    draw_sleep_ms(away_ms);
}

static void time_in_which_nobody_waited_is_no_stall(void **state)
{
    struct draw *d = *state;
    static const struct slow rows[] = {{"the rest came meanwhile", 0, 1000, 0, 2, 300},
                                       {"the rest comes after it", 0, 1000, 0, 2, 1900},
                                       {"the head comes after it", 1000, 0, 1900, 1, 0}};
    submit_slow(d, rows, 3);
    look_away(d, 3, 1500);
    assert_slow(d, 3);
}

static void nor_is_a_short_time(void **state)
{
    struct draw *d = *state;
    static const struct slow rows[] = {{"the rest comes after it", 0, 600, 0, 2, 1200},
                                       {"the head comes after it", 600, 0, 1200, 1, 0}};
    submit_slow(d, rows, 2);
    look_away(d, 2, 900);
    assert_slow(d, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(no_wait_that_ends_behind_the_deadline),
        DRAW_TEST(one_deadline_over_tries_and_waits),
        DRAW_TEST(what_moves_is_no_stall),
        DRAW_TEST(time_in_which_nobody_waited_is_no_stall),
        DRAW_TEST(nor_is_a_short_time),
    };
    int failed = cmocka_run_group_tests_name("outcomes", tests, NULL, NULL);
    failed += DRAW_ROWS(what_never_left, places);
    failed += DRAW_ROWS(what_was_sent, outcomes);
    failed += DRAW_ROWS(advice_within_the_policy, advices);
    failed += DRAW_ROWS(waits_as_told, waits);
    failed += DRAW_ROWS(a_wait_over_the_cap_is_reported, too_long);
    return failed;
}
