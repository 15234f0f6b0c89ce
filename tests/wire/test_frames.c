/* SPDX-License-Identifier: MIT */
/* Frames: polls that may only work for so long, and polls that come late. Nothing is lost. Knows the public API alone. */
#include "../support/draw.h"
#include "../support/driven.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A picture of so many bytes, in base64 JSON: a PNG head, then noise. */
static char *large_reply(size_t bytes)
{
    static const char head[] = "{\"data\":[{\"b64_json\":\"";
    uint8_t *image = malloc(bytes);
    assert_non_null(image);
    uint8_t png[256];
    size_t n = draw_decode(PNG1, png);
    memcpy(image, png, n);
    for (size_t i = n; i < bytes; i++)
        image[i] = (uint8_t)(i * 2654435761u >> 13);
    char *base64 = draw_encode(image, bytes);
    char *text = malloc(strlen(base64) + sizeof head + 8);
    assert_non_null(text);
    strcpy(text, head);
    strcat(text, base64);
    strcat(text, "\"}]}");
    free(base64);
    free(image);
    return text;
}

static void assert_large(const apipie_result *r, size_t bytes)
{
    size_t n = 0;
    const uint8_t *data = apipie_result_image_data(r, 0, &n);
    assert_int_equal(n, bytes);
    for (size_t i = 200; i < bytes; i++) {
        if (data[i] != (uint8_t)(i * 2654435761u >> 13))
            fail_msg("byte %zu is another one", i);
    }
}

/* ---- the budget, and time that nobody polls */

#define LARGE (4 * 1024 * 1024)

static void a_budget_loses_nothing(void **state)
{
    struct draw *d = *state;
    int64_t budget = *(const int *)d->row;
    char *reply = large_reply(LARGE);
    draw_serve_json(d, reply);
    assert_status(apipie_client_set_poll_budget(d->client, -1), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_poll_budget(d->client, budget), APIPIE_OK);
    draw_more(d, 3);
    draw_submit_more(d);
    for (int i = 0; i < 3; i++) {
        int64_t until = draw_now_ms() + 20000;
        while (apipie_request_status(d->more[i]) == APIPIE_PENDING && draw_now_ms() < until)
            apipie_client_poll(d->client, i == 0 ? 0 : 2);
        assert_ended(d->more[i], apipie_request_status(d->more[i]), APIPIE_OK);
        assert_large(apipie_request_result(d->more[i]), LARGE);
    }
    free(reply);
}

/* The picture is there in time; nobody looks for longer than its limit. */
static void a_frame_that_hangs_loses_nothing(void **state)
{
    struct draw *d = *state;
    int64_t budget = *(const int *)d->row;
    char *reply = large_reply(LARGE);
    draw_serve_json(d, reply);
    apipie_client_set_poll_budget(d->client, budget);
    apipie_request_set_timeout(d->request, 1000);
    apipie_request_set_first_byte_timeout(d->request, 500);
    apipie_request_set_stall_timeout(d->request, 500);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (apipie_request_progress(d->request, APIPIE_PROGRESS_PHASE) < APIPIE_PHASE_DRAWING)
        apipie_client_poll(d->client, 0);
    draw_sleep_ms(1500);
    apipie_request *r = driven_collect(d->client, 0);
    assert_ptr_equal(r, d->request);
    assert_ended(r, apipie_request_status(r), APIPIE_OK);
    assert_large(apipie_request_result(r), LARGE);
    apipie_request_unref(r);
    free(reply);
}

/* Accepts what waits at a port that did not answer; the first that says something gets a picture. */
static void *answer_at_last(void *user)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" ONE_IMAGE;
    char bytes[4096];
    int fd = -1;
    ssize_t n = 0;
    while (n <= 0 && (fd = accept(*(int *)user, NULL, NULL)) >= 0) {
        n = driven_readable(fd, 900) ? recv(fd, bytes, sizeof bytes, 0) : 0;
        if (n > 0) {
            draw_sleep_ms(50);
            (void)send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
            (void)shutdown(fd, SHUT_WR);
            while (recv(fd, bytes, sizeof bytes, 0) > 0)
                ;
        }
        close(fd);
    }
    return NULL;
}

/* Neither is the time for connecting counted while nobody looks. */
static void a_frame_that_hangs_while_it_connects(void **state)
{
    struct draw *d = *state;
    char url[64];
    pthread_t other;
    int port = raw_port_silent(url, sizeof url);
    if (port < 0)
        skip();
    d->client = draw_client(url);
    d->request = draw_request(d->client);
    apipie_request_set_connect_timeout(d->request, 300);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_client_poll(d->client, 0);
    assert_int_equal(pthread_create(&other, NULL, answer_at_last, &port), 0);
    draw_sleep_ms(1500); /* the system tries again after a second, and has the connection then */
    apipie_request *r = driven_collect(d->client, 0);
    assert_ptr_equal(r, d->request);
    assert_ended(r, apipie_request_status(r), APIPIE_OK);
    apipie_request_unref(r);
    (void)shutdown(port, SHUT_RDWR);
    pthread_join(other, NULL);
    raw_port_close(port);
}

/* A server that drips for ever still meets the time limit. */
static void drip(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char noise[2000];
    (void)q;
    (void)user;
    memset(noise, ' ', sizeof noise);
    raw_head(c, 200, "Content-Type: application/json\r\n");
    raw_drip(c, noise, sizeof noise, 1, 5);
}

static void a_drip_meets_the_time_limit(void **state)
{
    struct draw *d = *state;
    draw_serve(d, drip, NULL);
    apipie_client_set_poll_budget(d->client, *(const int *)d->row);
    apipie_request_set_timeout(d->request, 400);
    int64_t start = draw_now_ms();
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_request *r = driven_collect(d->client, 0);
    assert_ended(r, apipie_request_status(r), APIPIE_E_TIMEOUT);
    assert_true(draw_now_ms() - start < 1500);
    apipie_request_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_frame_that_hangs_while_it_connects),
    };
    static const struct driven_row budgets[] = {
        {0, "no budget"}, {1, "a microsecond"}, {300, "300 microseconds"}};
    int failed = cmocka_run_group_tests_name("frames", tests, NULL, NULL);
    failed += DRAW_ROWS_AT(a_budget_loses_nothing, budgets, offsetof(struct driven_row, name));
    failed +=
        DRAW_ROWS_AT(a_frame_that_hangs_loses_nothing, budgets, offsetof(struct driven_row, name));
    failed += DRAW_ROWS_AT(a_drip_meets_the_time_limit, budgets, offsetof(struct driven_row, name));
    return failed;
}
