/* SPDX-License-Identifier: MIT */
/* The client's memory limit and its figures: what passes the limit fails alone, what was paid is told, and all that was counted
 * comes back. Knows the public API alone. */
#include "limit_support.h"

#define LIMIT_TOP ((size_t)32 * MIB)

static void the_doors(void **state)
{
    struct draw *d = *state;
    assert_status(apipie_client_set_memory_limit(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_memory(NULL, APIPIE_MEMORY_NOW), APIPIE_UNKNOWN);
    d->client = apipie_client_new(NULL);
    assert_int_equal(apipie_client_memory(d->client, -1), APIPIE_UNKNOWN);
    assert_int_equal(apipie_client_memory(d->client, 3), APIPIE_UNKNOWN);
    int64_t before = limit_now(d);
    assert_true(before > 0);
    assert_true(before < 64 * KIB);
    assert_true(limit_peak(d) >= before);
    assert_int_equal(limit_refused(d), 0);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_OK);
    assert_in_range(limit_now(d) - before, sizeof DRAW_KEY, sizeof DRAW_KEY + 64);
}

/* A client that already holds more gives nothing new, and goes on when it may again. */
static void a_limit_below_what_is_held(void **state)
{
    struct draw *d = *state;
    d->client = draw_client("http://127.0.0.1:9/v1");
    limit_set(d, 1);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_E_MEMORY);
    assert_null(apipie_request_new(d->client, APIPIE_REQUEST_IMAGE));
    assert_int_equal(limit_refused(d), 2);
    limit_set(d, 0);
    d->request = draw_request(d->client);
    limit_set(d, 1);
    assert_status(apipie_request_set_model(d->request, "m"), APIPIE_E_MEMORY);
    limit_set(d, INT64_MAX);
    assert_status(apipie_request_submit(d->request), APIPIE_E_MEMORY); /* the first bad setter */
    assert_status(apipie_client_set_memory_limit(d->client, UINT64_MAX), APIPIE_OK);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_OK);
    assert_int_equal(limit_refused(d), 3);
}

/* How pictures come. */
static const struct way {
    const char *name, *format;
    size_t attempts;
} ways[] = {{"base64", "b64_json", 1}, {"url", "url", 2}};

/* The one that is too large was drawn and paid: so it is told, and the smaller ones go on. */
static void a_picture_too_large(void **state)
{
    struct draw *d = *state;
    const struct way *way = d->row;
    draw_serve(d, limit_handler, NULL);
    int64_t before = limit_warm_up(d);
    limit_set(d, before + 800 * KIB);
    assert_ended(d->request, limit_draw(d, 300 * KIB, way->format), APIPIE_OK);
    assert_true(limit_picture_is_whole(d->request, 0, 300 * KIB));
    d->request = apipie_request_unref(d->request);
    assert_int_equal(limit_now(d), before);
    assert_int_equal(limit_refused(d), 0);
    assert_in_range(limit_peak(d), 300 * KIB, before + 800 * KIB);

    assert_ended(d->request, limit_draw(d, 4 * MIB, way->format), APIPIE_E_MEMORY);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_hint(e), "apipie_client_set_memory_limit()");
    assert_contains(apipie_error_hint(e), "billed");
    assert_int_equal(apipie_error_fault(e), APIPIE_FAULT_LIBRARY);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_YES);
    assert_int_equal(apipie_result_cost(draw_result(d)), LIMIT_COST);
    assert_int_equal(apipie_request_attempt_count(d->request), way->attempts);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_YES);
    assert_int_equal(apipie_client_money(d->client, NULL, APIPIE_MONEY_SPENT), 4 * LIMIT_COST);
    assert_true(limit_refused(d) > 0);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(limit_now(d), before);

    assert_ended(d->request, limit_draw(d, 300 * KIB, way->format), APIPIE_OK);
    assert_true(limit_picture_is_whole(d->request, 0, 300 * KIB));
    assert_in_range(limit_peak(d), 300 * KIB, before + 800 * KIB);
    limit_set(d, 0);
    assert_ended(d->request, limit_draw(d, 4 * MIB, way->format), APIPIE_OK);
    assert_true(limit_picture_is_whole(d->request, 0, 4 * MIB));
    assert_true(limit_peak(d) >= before + 4 * MIB);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(limit_now(d), before);
}

/* Room for the reply, but not for the work on its picture: the picture is lost, not the news about it. */
static void no_room_for_the_decoder(void **state)
{
    struct draw *d = *state;
    draw_serve(d, limit_handler, NULL);
    const struct limit_wish w = {1000, NULL, 0, NULL};
    limit_set(d, limit_warm_up(d) + 64 * KIB);
    d->request = limit_ask(d->client, &w);
    apipie_request_set_model(d->request, LIMIT_SILENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_MEMORY);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_YES);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_ended(d->request, limit_draw(d, 1000, "url"), APIPIE_OK);
}

/* A limit with room for the picture, but not for another half of it. */
static void what_fits_is_not_lost_to_doubling(void **state)
{
    struct draw *d = *state;
    const size_t bytes = 2 * MIB + 100 * KIB; /* just above a power of two */
    draw_serve(d, limit_handler, NULL);
    int64_t before = limit_warm_up(d);
    limit_set(d, before + (int64_t)bytes + 192 * KIB);
    assert_ended(d->request, limit_draw(d, bytes, "b64_json"), APIPIE_OK);
    assert_true(limit_picture_is_whole(d->request, 0, bytes));
    assert_in_range(limit_now(d) - before, bytes, bytes + 16 * KIB);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(limit_now(d), before);
}

/* The seven wait until the eighth, which needs more than there is, has come almost whole. */
static void the_others_go_on(void **state)
{
    struct draw *d = *state;
    struct limit_hall hall = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 1};
    draw_serve(d, limit_handler, NULL);
    int64_t before = limit_warm_up(d);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    raw_server_stop(d->server);
    d->server = raw_server_start(limit_handler, &hall);
    d->client = draw_client(raw_server_base(d->server));
    limit_set(d, before + 8 * MIB);
    for (size_t i = 0; i < 8; i++) {
        const struct limit_wish w = {i == 3 ? LIMIT_TOP : 100 * KIB + i, NULL, 0, NULL};
        d->more[i] = limit_ask(d->client, &w);
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 7);
    for (size_t i = 0; i < 8; i++) {
        assert_ended(d->more[i], apipie_request_status(d->more[i]),
                     i == 3 ? APIPIE_E_MEMORY : APIPIE_OK);
        assert_true(i == 3 || limit_picture_is_whole(d->more[i], 0, 100 * KIB + i));
    }
    assert_int_equal(apipie_error_billed(apipie_request_error(d->more[3])), APIPIE_BILLED_YES);
    assert_true(limit_refused(d) > 0);
    assert_in_range(limit_peak(d), 8 * 100 * KIB, before + 8 * MIB);
    draw_more(d, 0);
    assert_ended(d->request, limit_draw(d, 1000, "b64_json"), APIPIE_OK);
}

/* Those that a limit refuses among them. */
static void a_hundred_calls_leave_nothing(void **state)
{
    struct draw *d = *state;
    int32_t good = 0, unknown = 0;
    draw_serve(d, limit_handler, NULL);
    int64_t before = limit_warm_up(d);
    limit_set(d, before + 600 * KIB);
    for (size_t i = 0; i < 100; i++) {
        apipie_status status = limit_draw(d, (i * 37 % 100 + 1) * 10 * KIB, i % 3 ? NULL : "url");
        assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
        good += status == APIPIE_OK;
        if (i % 10 == 0)
            apipie_request_cancel(d->request);
        int32_t lost = apipie_error_billed(draw_error(d)) == APIPIE_BILLED_UNKNOWN;
        d->request = apipie_request_unref(d->request);
        if (lost) { /* not even the reply's head found memory: its money stays put aside, its connection is made anew */
            assert_ended(d->request, limit_draw(d, 10 * KIB, NULL), APIPIE_OK);
            d->request = apipie_request_unref(d->request);
            assert_in_range(limit_now(d), before, before + 200);
            before = limit_now(d);
            unknown++;
        }
        assert_int_equal(limit_now(d), before);
    }
    assert_in_range(good, 30, 70);
    assert_in_range(unknown, 0, 3);
    assert_in_range(limit_peak(d), 300 * KIB, before + 600 * KIB);
}

/* ---- threads */

#define CROWD       4
#define CROWD_CALLS 25

struct crowd {
    apipie_client *client;
    size_t number;
    int32_t good, bad;
};

static void *crowd_main(void *user)
{
    struct crowd *c = user;
    for (size_t i = 0; i < CROWD_CALLS; i++) {
        const struct limit_wish w = {10 * KIB + c->number * 100 + i, i % 4 ? NULL : "url", 0, NULL};
        apipie_request *r = limit_ask(c->client, &w);
        if (apipie_request_perform(r) == APIPIE_OK && limit_picture_is_whole(r, 0, w.bytes))
            c->good++;
        else if (apipie_request_status(r) != APIPIE_E_MEMORY)
            c->bad++;
        apipie_request_unref(r);
        /* Among all that asks: what is read is never nonsense. */
        if (apipie_client_memory(c->client, APIPIE_MEMORY_NOW) <= 0 ||
            apipie_client_memory(c->client, APIPIE_MEMORY_PEAK) > (int64_t)LIMIT_TOP)
            c->bad++;
    }
    return NULL;
}

static void crowd_run(struct draw *d, struct crowd *crowd)
{
    pthread_t threads[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = (struct crowd){d->client, i, 0, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd[i]), 0);
    }
    for (size_t i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
}

static void several_threads(void **state)
{
    struct draw *d = *state;
    struct limit_host host = {PTHREAD_MUTEX_INITIALIZER, 0};
    struct crowd crowd[CROWD];
    limit_serve(d);
    d->client = limit_client(d, &host);
    int64_t beside = host.bytes - limit_now(d);
    limit_set(d, 16 * MIB);
    crowd_run(d, crowd);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].good, CROWD_CALLS);
        assert_int_equal(crowd[i].bad, 0);
    }
    assert_int_equal(limit_refused(d), 0);
    assert_int_equal(host.bytes - limit_now(d), beside);
    limit_set(d, limit_now(d) + 200 * KIB); /* not for four at once */
    crowd_run(d, crowd);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(crowd[i].bad, 0);
    assert_int_equal(host.bytes - limit_now(d), beside);
    assert_true(limit_now(d) < 64 * KIB);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(host.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_doors),
        DRAW_TEST(a_limit_below_what_is_held),
        DRAW_TEST(no_room_for_the_decoder),
        DRAW_TEST(what_fits_is_not_lost_to_doubling),
        DRAW_TEST(the_others_go_on),
        DRAW_TEST(a_hundred_calls_leave_nothing),
        DRAW_TEST(several_threads),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + DRAW_ROWS(a_picture_too_large, ways);
}
