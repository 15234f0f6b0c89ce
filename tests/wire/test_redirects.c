/* SPDX-License-Identifier: MIT */
/* Redirects and image urls: who gets the key, and what happens when a picture cannot be had. Knows the public API
 * alone. Downgrades from https are not tested here: there is no TLS server. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detour {
    const char *name;
    int32_t status;
    const char *location; /* NULL: no such header; "$ORIGIN" is replaced */
};

static void send_redirect(struct raw_conn *c, int32_t status, const char *location)
{
    char headers[512] = "";
    if (location) {
        char *to = draw_replace(location, "$ORIGIN", raw_origin(c));
        snprintf(headers, sizeof headers, "Location: %s\r\n", to);
        free(to);
    }
    raw_reply(c, status, headers, "<html>moved</html>", 18);
}

/* The first path redirects, /moved draws. */
static void redirect_post(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct detour *t = user;
    if (strcmp(q->path, "/moved") == 0)
        raw_reply_json(c, 200, ONE_IMAGE);
    else
        send_redirect(c, t->status, t->location);
}

static const struct detour detours[] = {{"301 absolute", 301, "$ORIGIN/moved"},
                                        {"302 path", 302, "/moved"},
                                        {"302 absolute", 302, "$ORIGIN/moved"},
                                        {"307 absolute", 307, "$ORIGIN/moved"},
                                        {"308 relative", 308, "../../moved"}};

static void a_post_stays_a_post(void **state)
{
    struct draw *d = *state;
    struct detour t = *(const struct detour *)d->row;
    char a[256], b[256];
    draw_serve(d, redirect_post, &t);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    const struct raw_request *p = raw_server_request(d->server, 0),
                             *q = raw_server_request(d->server, 1);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->path, "/moved");
    assert_string_equal(q->body, p->body);
    assert_true(raw_request_header(q, "Authorization", a, sizeof a));
    assert_string_equal(a, "Bearer " DRAW_KEY);
    assert_true(raw_request_header(p, "Idempotency-Key", a, sizeof a));
    assert_true(raw_request_header(q, "Idempotency-Key", b, sizeof b));
    assert_string_equal(a, b);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_tries(d->request), 1);
}

static void another_origin_is_refused(void **state)
{
    struct draw *d = *state;
    struct draw_script script = {&(struct draw_reply){200, NULL, ONE_IMAGE}, 1};
    char to[128];
    d->other = raw_server_start(draw_handler, &script);
    snprintf(to, sizeof to, "%s/v1/images/generations", raw_server_origin(d->other));
    struct detour t = {"", ((const struct detour *)d->row)->status, to};
    draw_serve(d, redirect_post, &t);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_int_equal(raw_server_count(d->other, NULL), 0);
    assert_int_equal(raw_server_connections(d->other), 0);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    assert_contains(apipie_error_hint(draw_error(d)), raw_server_base(d->other));
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static const struct detour dead_ends[] = {{"303", 303, "/moved"},
                                          {"no Location", 302, NULL},
                                          {"empty Location", 302, ""},
                                          {"file", 302, "file:///etc/hostname"},
                                          {"ftp", 302, "ftp://127.0.0.1/x"},
                                          {"javascript", 302, "javascript:alert(1)"},
                                          {"304", 304, NULL},
                                          {"300", 300, "/moved"},
                                          {"no URL", 302, "http://[bad"}};

static void redirects_that_lead_nowhere(void **state)
{
    struct draw *d = *state;
    struct detour t = *(const struct detour *)d->row;
    draw_serve(d, redirect_post, &t);
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status < 0);
    assert_true(status != APIPIE_E_INTERNAL);
    assert_true(strlen(apipie_error_message(draw_error(d))) > 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

static void a_loop_of_redirects_ends(void **state)
{
    struct draw *d = *state;
    static struct detour t = {"", 307, "/v1/images/generations"};
    draw_serve(d, redirect_post, &t);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_int_equal(raw_server_count(d->server, "POST"), 6);
}

/* ---- image urls */

static void assert_no_secret(struct raw_server *s)
{
    char text[256];
    const struct raw_request *q;
    for (int32_t i = 0; (q = raw_server_request(s, i)) != NULL; i++) {
        if (strcmp(q->method, "GET") != 0)
            continue;
        assert_lacks(q->head, DRAW_KEY);
        assert_lacks(q->path, DRAW_KEY);
        assert_false(raw_request_header(q, "Authorization", text, sizeof text));
        assert_false(raw_request_header(q, "x-api-key", text, sizeof text));
        assert_false(raw_request_header(q, "Idempotency-Key", text, sizeof text));
        assert_false(raw_request_header(q, "Cookie", text, sizeof text));
        assert_int_equal(q->body_size, 0);
    }
}

/* GET /hop/N goes to /hop/N-1, /hop/0 to a picture; /late/1 is there at the third time; /html is a page. */
static void image_host(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct draw_reply *reply = user;
    char to[64];
    if (strcmp(q->method, "POST") == 0) {
        draw_send_reply(c, reply);
    } else if (strncmp(q->path, "/hop/", 5) == 0) {
        int hops = atoi(q->path + 5);
        snprintf(to, sizeof to, hops > 1 ? "/hop/%d" : "$ORIGIN/pics/1", hops - 1);
        send_redirect(c, 302, to);
    } else if (strncmp(q->path, "/late", 5) == 0 && q->number < 4) {
        raw_reply(c, 404, "", "", 0);
    } else if (strcmp(q->path, "/html") == 0) {
        raw_reply(c, 200, "Content-Type: text/html\r\n", "<html><title>Hi</title></html>", 30);
    } else if (strcmp(q->path, "/file") == 0) {
        send_redirect(c, 302, "file:///etc/hostname");
    } else if (strcmp(q->path, "/gone") == 0) {
        raw_reply(c, 403, "Content-Type: application/xml\r\n",
                  "<Error><Code>AuthenticationFailed</Code></Error>", 48);
    } else {
        draw_send_picture(c, PNG1, "image/png");
    }
}

static apipie_status perform_url(struct draw *d, const char *url)
{
    char body[512];
    snprintf(body, sizeof body, "{\"data\":[{\"url\":\"%s\"}],\"usage\":{\"cost\":0.04}}", url);
    struct draw_reply reply = {200, NULL, body};
    draw_serve(d, image_host, &reply);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    apipie_status status = apipie_request_perform(d->request);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_no_secret(d->server);
    return status;
}

static void the_key_stays_at_home(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, perform_url(d, "$ORIGIN/pics/1"), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 1), APIPIE_PURPOSE_DOWNLOAD);
    assert_int_equal(apipie_request_attempt_billed(d->request, 1), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_tries(d->request), 1);
}

static void an_image_of_another_origin(void **state)
{
    struct draw *d = *state;
    char url[128];
    d->other = raw_server_start(image_host, NULL);
    snprintf(url, sizeof url, "%s/hop/2", raw_server_origin(d->other));
    assert_ended(d->request, perform_url(d, url), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->other, "GET"), 3);
    assert_no_secret(d->other);
    assert_string_equal(apipie_result_image_url(draw_result(d), 0), url);
}

static void an_image_after_five_redirects(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, perform_url(d, "$ORIGIN/hop/5"), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->server, "GET"), 6);
}

static void an_image_url_that_is_late(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, perform_url(d, "$ORIGIN/late/1"), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->server, "GET"), 3);
}

static void an_image_url_is_sent_as_it_came(void **state)
{
    struct draw *d = *state;
    static const char path[] = "/pics/1?sig=a%2Fb%2bc%3d==&t=~!*'()&u=%7E;x,y:@+&e=";
    char url[128];
    snprintf(url, sizeof url, "$ORIGIN%s", path);
    assert_ended(d->request, perform_url(d, url), APIPIE_OK);
    assert_string_equal(raw_server_request(d->server, 1)->path, path);
    assert_contains(apipie_result_image_url(draw_result(d), 0), path);
}

static const char *const urls[] = {"$ORIGIN/html",           "$ORIGIN/hop/6",
                                   "$ORIGIN/gone",           "$ORIGIN/file",
                                   "file:///etc/hostname",   "ftp://127.0.0.1/x.png",
                                   "http://192.0.2.1/x.png", "http://127.0.0.1:1/x.png"};

/* The picture was paid for and cannot be had: the url and the cost are still told. */
static void urls_that_give_no_picture(void **state)
{
    struct draw *d = *state;
    int64_t start = draw_now_ms();
    apipie_status status = perform_url(d, *(const char *const *)d->row);
    assert_true(draw_now_ms() - start < 10000);
    assert_true(status == APIPIE_E_NETWORK || status == APIPIE_E_NO_IMAGE ||
                status == APIPIE_E_CONNECT);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_YES);
    const apipie_result *r = draw_result(d);
    assert_non_null(r);
    assert_int_equal(apipie_result_cost(r), APIPIE_DOLLAR / 25);
    assert_int_equal(apipie_result_image_count(r), 1);
    assert_non_null(apipie_result_image_url(r, 0));
    assert_int_equal(apipie_result_image_size(r, 0), 0);
    assert_null(apipie_result_image_data(r, 0, NULL));
}

static void cut_download(struct raw_conn *c, const struct raw_request *q, void *user)
{
    uint8_t bytes[1024];
    size_t n = draw_decode(PNG1, bytes);
    if (strcmp(q->method, "POST") == 0) {
        draw_send_reply(c, user);
    } else if (q->number == 2) {
        raw_head(c, 200, "Content-Type: image/png\r\nContent-Length: 86\r\n");
        raw_send(c, bytes, n / 2);
        raw_close(c);
    } else {
        raw_reply(c, 200, "Content-Type: image/png\r\n", bytes, n);
    }
}

static void a_download_that_breaks_is_repeated(void **state)
{
    struct draw *d = *state;
    static struct draw_reply reply = {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/a.png\"}]}"};
    draw_serve(d, cut_download, &reply);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(raw_server_count(d->server, "GET"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(a_loop_of_redirects_ends),           DRAW_TEST(the_key_stays_at_home),
        DRAW_TEST(an_image_of_another_origin),         DRAW_TEST(an_image_after_five_redirects),
        DRAW_TEST(an_image_url_that_is_late),          DRAW_TEST(an_image_url_is_sent_as_it_came),

        DRAW_TEST(a_download_that_breaks_is_repeated),
    };
    int failed = cmocka_run_group_tests_name("redirects", tests, NULL, NULL);
    failed += DRAW_ROWS(a_post_stays_a_post, detours);
    failed += DRAW_ROWS(another_origin_is_refused, detours);
    failed += DRAW_ROWS(redirects_that_lead_nowhere, dead_ends);
    failed += DRAW_ROWS(urls_that_give_no_picture, urls);
    return failed;
}
