/* SPDX-License-Identifier: MIT */
/* A proxy of the environment: what it spoils, and that it opens no private address. Knows the public API alone. The
 * only names that are looked up here are answered here: nothing leaves this machine. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "../support/draw.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names: .invalid ones are looked up by nobody, but "internal" is this machine */

static int lookups_here; /* of that name; libcurl calls this function in place of the C library's */

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    if (name && strcmp(name, "internal.invalid") == 0) {
        __atomic_add_fetch(&lookups_here, 1, __ATOMIC_SEQ_CST);
        name = "127.0.0.1";
    } else if (name && strspn(name, "0123456789.") != strlen(name)) {
        return EAI_NONAME;
    }
    return real(name, service, hints, ret);
}

/* ---- an https proxy that does not connect */

static const char *const moods[] = {"answers 502", "answers 502 and closes", "stalls",
                                    "breaks off"};

static void bad_proxy(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *mood = user;
    if (strcmp(q->method, "CONNECT") != 0)
        raw_reply(c, 500, "", "not asked for", 13);
    else if (mood == moods[0])
        raw_reply(c, 502, "", "bad gateway", 11); /* and the connection stays */
    else if (mood == moods[1])
        raw_reply(c, 502, "Connection: close\r\n", "bad gateway", 11);
    else if (mood == moods[2])
        raw_stall(c);
    if (mood != moods[0])
        raw_close(c);
}

/* The request never got further than the proxy: nobody can have drawn anything. */
static void a_proxy_that_does_not_connect(void **state)
{
    struct draw *d = *state;
    const char *const *mood = d->row;
    draw_serve(d, bad_proxy, (void *)(uintptr_t)*mood);
    setenv("https_proxy", raw_server_origin(d->server), 1);
    assert_status(apipie_client_set_base_url(d->client, "https://gateway.invalid/v1"), APIPIE_OK);
    apipie_request_set_timeout(d->request, 400);
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_E_CONNECT || status == APIPIE_E_NETWORK ||
                status == APIPIE_E_TIMEOUT);
    const struct raw_request *q = raw_server_request(d->server, 0);
    assert_non_null(q);
    assert_string_equal(q->method, "CONNECT");
    assert_lacks(q->head, DRAW_KEY);
    assert_int_equal(raw_server_count(d->server, "POST"), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

/* ---- an http proxy between us and a public server, and an image on a private address */

/* The gateway and, when it is asked for one, any image host. */
static void good_proxy(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char body[256];
    if (strcmp(q->method, "POST") != 0) {
        draw_send_picture(c, PNG1, "image/png");
        return;
    }
    snprintf(body, sizeof body, "{\"data\":[{\"url\":\"http://internal.invalid:%s/pics/1\"}]}",
             strrchr(raw_server_origin(user), ':') + 1);
    raw_reply_json(c, 200, body);
}

static apipie_status perform_through(struct draw *d)
{
    static struct draw_script none;
    d->other = raw_server_start(draw_handler, &none);
    assert_non_null(d->other);
    draw_serve(d, good_proxy, d->other);
    setenv("http_proxy", raw_server_origin(d->server), 1);
    assert_status(apipie_client_allow_http(d->client, 1), APIPIE_OK);
    assert_status(apipie_client_set_base_url(d->client, "http://gateway.invalid/v1"), APIPIE_OK);
    return apipie_request_perform(d->request);
}

static void an_image_through_the_proxy(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, perform_through(d), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(apipie_request_attempt_is_proxied(d->request, 0), 1);
    assert_int_equal(apipie_request_attempt_is_proxied(d->request, 9), APIPIE_UNKNOWN);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_int_equal(raw_server_connections(d->other), 0);
}

static const char *const exceptions[] = {"internal.invalid", ".internal.invalid",
                                         "example.com,internal.invalid",
                                         "example.com INTERNAL.invalid", "internal.invalid."};

/* no_proxy makes the fetch a direct one, which may not reach into the network of the one who draws. */
static void no_proxy_opens_no_private_address(void **state)
{
    struct draw *d = *state;
    setenv("no_proxy", *(const char *const *)d->row, 1);
    setenv("https_proxy", "http://127.0.0.1:9", 1); /* says nothing about http */
    __atomic_store_n(&lookups_here, 0, __ATOMIC_SEQ_CST);
    apipie_status status = perform_through(d);
    if (__atomic_load_n(&lookups_here, __ATOMIC_SEQ_CST) == 0)
        skip(); /* a libcurl with a resolver of its own */
    assert_true(status < 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(raw_server_count(d->server, "GET"), 0);
    assert_int_equal(raw_server_connections(d->other), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 1), APIPIE_OUTCOME_NOT_SENT);
    assert_int_equal(apipie_request_attempt_status(d->request, 1), APIPIE_E_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DRAW_TEST(an_image_through_the_proxy)};
    int failed = cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
    failed += DRAW_ROWS(a_proxy_that_does_not_connect, moods);
    failed += DRAW_ROWS(no_proxy_opens_no_private_address, exceptions);
    return failed;
}
