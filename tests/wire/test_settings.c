/* SPDX-License-Identifier: MIT */
/* Settings of a client that take effect on what is under way or comes next. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <time.h>

static void sleep_ms(int32_t ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

static void a_client_s_routes_are_taken(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_add_route(d->client, NULL, "prodia", "sdv1_4"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_contains(raw_server_request(d->server, 0)->body, "\"provider\":\"prodia\"");
    assert_status(apipie_client_clear_routes(d->client), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lacks(raw_server_request(d->server, 1)->body, "prodia");
    assert_null(apipie_request_attempt_model(d->request, 0));
}

static void silent(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void a_client_s_limits_are_those_of_its_requests(void **state)
{
    struct draw *d = *state;
    draw_serve(d, silent, NULL);
    assert_status(apipie_client_set_first_byte_timeout(d->client, 50), APIPIE_OK);
    draw_again(d);
    int64_t start = draw_now_ms();
    assert_status(apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_true(draw_now_ms() - start < 5000);
}

/* Answers only when two requests are there at once. */
static void wait_for_two(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct raw_server *s = raw_server_of(c);
    (void)q;
    (void)user;
    for (int i = 0; i < 500 && raw_server_count(s, "POST") < 2; i++)
        raw_pause_ms(c, 10);
    raw_reply_json(c, raw_server_count(s, "POST") < 2 ? 500 : 200, ONE_IMAGE);
}

static void *wait_for_end(void *arg)
{
    (void)apipie_request_wait(arg, -1);
    return NULL;
}

/* Two requests, of which the second must wait, until `change` while another thread pumps. */
static void assert_let_out(struct draw *d, apipie_status (*change)(apipie_client *client))
{
    pthread_t thread;
    apipie_request *second = draw_request(d->client);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_submit(second), APIPIE_OK);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, d->request), 0);
    int64_t start = draw_now_ms();
    while (raw_server_count(d->server, "POST") < 1 || draw_now_ms() - start < 400)
        sleep_ms(5);
    int32_t before = raw_server_count(d->server, "POST");
    apipie_status changed = change(d->client);
    pthread_join(thread, NULL);
    apipie_status status = apipie_request_wait(second, 10000);
    apipie_request_unref(second);
    assert_int_equal(before, 1);
    assert_status(changed, APIPIE_OK);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_status(status, APIPIE_OK);
}

static apipie_status two_at_once(apipie_client *client)
{
    return apipie_client_set_max_in_flight(client, 2);
}

static void more_in_flight_lets_others_out(void **state)
{
    struct draw *d = *state;
    draw_serve(d, wait_for_two, NULL);
    assert_status(apipie_client_set_max_in_flight(d->client, 1), APIPIE_OK);
    assert_let_out(d, two_at_once);
}

static apipie_status no_rate(apipie_client *client)
{
    return apipie_client_set_rate(client, NULL, 0, 0);
}

static void a_rate_taken_back_lets_others_out(void **state)
{
    struct draw *d = *state;
    draw_serve(d, wait_for_two, NULL);
    assert_status(apipie_client_set_rate(d->client, NULL, 1, 0), APIPIE_OK);
    assert_let_out(d, no_rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_client_s_routes_are_taken),
        DRAW_TEST(a_client_s_limits_are_those_of_its_requests),
        DRAW_TEST(more_in_flight_lets_others_out),
        DRAW_TEST(a_rate_taken_back_lets_others_out),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
