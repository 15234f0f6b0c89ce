/* SPDX-License-Identifier: MIT */
/* Servers that send too much, too little or nonsense below HTTP. Knows the public API, and zlib to pack a bomb. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { PNG1_SIZE = 86 };

static void send_body_itself(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    draw_send_picture(c, PNG1, "image/png");
}

static apipie_status perform_limited(struct draw *d, const char *body, uint64_t limit)
{
    if (body)
        draw_serve_json(d, body);
    else
        draw_serve(d, send_body_itself, NULL);
    assert_status(apipie_request_set_max_image_bytes(d->request, limit), APIPIE_OK);
    return apipie_request_perform(d->request);
}

static void check_image_limit(void **state, const char *body)
{
    struct draw *d = *state;
    assert_ended(d->request, perform_limited(d, body, PNG1_SIZE), APIPIE_OK);
    draw_assert_one(d, 0);
    draw_teardown(state);
    assert_int_equal(draw_setup(state), 0);
    d = *state;
    assert_ended(d->request, perform_limited(d, body, PNG1_SIZE - 1), APIPIE_E_TOO_LARGE);
    assert_true(apipie_error_billed(draw_error(d)) != APIPIE_BILLED_NO);
    assert_true(strlen(apipie_error_message(draw_error(d))) > 0);
    assert_true(strlen(apipie_error_hint(draw_error(d))) > 0);
}

static void the_limit_of_base64(void **state)
{
    check_image_limit(state, ONE_IMAGE);
}

static void the_limit_of_a_url(void **state)
{
    check_image_limit(state, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"}]}");
}

static void the_limit_of_a_body(void **state)
{
    check_image_limit(state, NULL);
}

static void the_limit_of_the_client(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_max_image_bytes(d->client, 10), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TOO_LARGE);
}

static void one_too_large_one_good(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" PNG2 "\"},{\"b64_json\":\"" PNG1 "\"}]}");
    apipie_request_set_n(d->request, 2);
    apipie_request_set_max_image_bytes(d->request, PNG1_SIZE);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_image(draw_result(d), 1, PNG1, "image/png");
    assert_int_equal(apipie_result_image_size(draw_result(d), 0), 0);
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
}

/* ---- sizes */

struct large {
    char *base64;
    uint8_t *bytes;
    size_t n;
};

static void send_large(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct large *l = user;
    (void)q;
    raw_head(c, 200, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    raw_chunk(c, "{\"data\":[{\"b64_json\":\"", 22);
    for (size_t at = 0, n = strlen(l->base64); at < n; at += 100003)
        raw_chunk(c, l->base64 + at, n - at < 100003 ? n - at : 100003);
    raw_chunk(c, "\"}]}", 4);
    raw_chunk(c, NULL, 0);
}

static void eight_megabytes(void **state)
{
    struct draw *d = *state;
    struct large l = {.n = 8 * 1024 * 1024 + 1};
    size_t size = 0;
    l.bytes = calloc(1, l.n);
    assert_non_null(l.bytes);
    for (size_t i = draw_decode(PNG1, l.bytes); i < l.n; i++)
        l.bytes[i] = (uint8_t)(i * 2654435761U >> 13);
    l.base64 = draw_encode(l.bytes, l.n);
    draw_serve(d, send_large, &l);
    apipie_status status = apipie_request_perform(d->request);
    d->server = raw_server_stop(d->server);
    free(l.base64);
    const uint8_t *data = apipie_result_image_data(draw_result(d), 0, &size);
    int equal = data && size == l.n && memcmp(data, l.bytes, l.n) == 0;
    free(l.bytes);
    assert_ended(d->request, status, APIPIE_OK);
    assert_true(equal);
}

/* ---- lies about length */

static void too_short_length(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (q->number > 1) {
        raw_reply_json(c, 200, ONE_IMAGE);
        return;
    }
    raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 20\r\n");
    raw_send_text(c, ONE_IMAGE);
}

static void a_length_that_is_too_short(void **state)
{
    struct draw *d = *state;
    draw_serve(d, too_short_length, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_MALFORMED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    draw_again(d);
    apipie_status status = apipie_request_perform(d->request);
    if (status == APIPIE_OK) {
        draw_assert_one(d, 0);
        return;
    }
    /* libcurl before 8.1 may use the connection again although bytes are left in it: then that is told */
    assert_ended(d->request, status, APIPIE_E_NETWORK);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_true(raw_server_count(d->server, "POST") <= 2);
}

/* ---- what comes before the body */

struct preface {
    const char *name, *text;
    size_t repeat;
    apipie_status want;
};

static void send_preface(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct preface *p = user;
    (void)q;
    if (p->repeat == 0) {
        raw_send_text(c, p->text);
    } else {
        raw_send_text(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
        for (size_t i = 0; i < p->repeat; i++)
            raw_send_text(c, p->text);
        raw_send_text(c, "\r\n");
    }
    raw_send_text(c, ONE_IMAGE);
    raw_close(c);
}

static const struct preface prefaces[] = {
    {"100 first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, APIPIE_OK},
    {"early hints", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0,
     APIPIE_OK},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", 0, APIPIE_OK},
    {"no reason", "HTTP/1.1 200\r\n\r\n", 0, APIPIE_OK},
    {"60 KB of headers", "X-Filler: 0123456789012345678901234567890123456789\r\n", 1100, APIPIE_OK},
    {"1.5 MB of headers", "X-Filler: 0123456789012345678901234567890123456789\r\n", 30000,
     APIPIE_E_NETWORK},
    {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", 0, APIPIE_E_NETWORK},
};

static void an_odd_preface(void **state)
{
    struct draw *d = *state;
    struct preface p = *(const struct preface *)d->row;
    draw_serve(d, send_preface, &p);
    apipie_status status = apipie_request_perform(d->request);
    d->server = raw_server_stop(d->server); /* before p goes */
    /* libcurl of some versions takes any amount of headers; we keep 64 KiB of them */
    if (!(p.repeat > 10000 && status == APIPIE_OK))
        assert_ended(d->request, status, p.want);
    if (status != APIPIE_OK)
        assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
}

/* ---- compression */

struct packed {
    uint8_t *bytes;
    size_t n;
};

/* head, then `fill` bytes 'A', then tail, as gzip. */
static struct packed pack(const char *head, size_t fill, const char *tail)
{
    struct packed p = {malloc(4 * 1024 * 1024), 0};
    static uint8_t run[65536];
    z_stream z = {0};
    if (!p.bytes || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    memset(run, 'A', sizeof run);
    z.next_out = p.bytes;
    z.avail_out = 4 * 1024 * 1024;
    z.next_in = (z_const Bytef *)(uintptr_t)head;
    z.avail_in = (uInt)strlen(head);
    deflate(&z, Z_NO_FLUSH);
    for (; fill > 0; fill -= fill < sizeof run ? fill : sizeof run) {
        z.next_in = run;
        z.avail_in = (uInt)(fill < sizeof run ? fill : sizeof run);
        deflate(&z, Z_NO_FLUSH);
    }
    z.next_in = (z_const Bytef *)(uintptr_t)tail;
    z.avail_in = (uInt)strlen(tail);
    deflate(&z, Z_FINISH);
    p.n = z.total_out;
    deflateEnd(&z);
    return p;
}

static void send_packed(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct packed *p = user;
    (void)q;
    raw_reply(c, 200, "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", p->bytes,
              p->n);
}

static void a_packed_reply(void **state)
{
    struct draw *d = *state;
    struct packed p = pack(ONE_IMAGE, 0, "");
    draw_serve(d, send_packed, &p);
    apipie_status status = apipie_request_perform(d->request);
    d->server = raw_server_stop(d->server); /* it may still be sending */
    free(p.bytes);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_one(d, 0);
}

static void a_bomb_in_the_picture(void **state)
{
    struct draw *d = *state;
    struct packed p = pack("{\"data\":[{\"b64_json\":\"", 100U * 1024 * 1024, "\"}]}");
    draw_serve(d, send_packed, &p);
    apipie_request_set_max_image_bytes(d->request, 1048576);
    apipie_status status = apipie_request_perform(d->request);
    d->server = raw_server_stop(d->server); /* it may still be sending */
    free(p.bytes);
    assert_ended(d->request, status, APIPIE_E_TOO_LARGE);
}

static void a_bomb_in_a_text(void **state)
{
    struct draw *d = *state;
    size_t n = 0;
    struct packed p =
        pack("{\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"x\":\"", 100U * 1024 * 1024, "\"}");
    draw_serve(d, send_packed, &p);
    apipie_status status = apipie_request_perform(d->request);
    d->server = raw_server_stop(d->server); /* it may still be sending */
    free(p.bytes);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
    (void)apipie_result_json(draw_result(d), &n);
    assert_true(n <= 1048576);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_limit_of_base64),
        DRAW_TEST(the_limit_of_a_url),
        DRAW_TEST(the_limit_of_a_body),
        DRAW_TEST(the_limit_of_the_client),
        DRAW_TEST(one_too_large_one_good),
        DRAW_TEST(eight_megabytes),
        DRAW_TEST(a_length_that_is_too_short),

        DRAW_TEST(a_packed_reply),
        DRAW_TEST(a_bomb_in_the_picture),
        DRAW_TEST(a_bomb_in_a_text),
    };
    int failed = cmocka_run_group_tests_name("limits", tests, NULL, NULL);
    failed += DRAW_ROWS(an_odd_preface, prefaces);
    return failed;
}
