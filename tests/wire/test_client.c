/* SPDX-License-Identifier: MIT */
/* Clients and requests as objects: threads, references, memory, NULL. Knows the public API alone. */
#include "../support/draw.h"
#include "../support/scarce.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void sleep_ms(int32_t ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

/* ---- many at once */

static void slow_picture(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_pause_ms(c, 20);
    raw_reply_json(c, 200, ONE_IMAGE);
}

struct worker {
    pthread_t thread;
    apipie_client *client;
    int32_t calls, good;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    for (int32_t i = 0; i < w->calls; i++) {
        apipie_request *r = apipie_request_new(w->client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
        if (apipie_request_perform(r) == APIPIE_OK &&
            apipie_result_image_size(apipie_request_result(r), 0) == 86)
            w->good++;
        apipie_request_unref(r);
    }
    return NULL;
}

static void many_threads_one_client(void **state)
{
    enum { THREADS = 6, CALLS = 8 };
    struct draw *d = *state;
    struct worker workers[THREADS];
    int32_t good = 0;
    draw_serve(d, slow_picture, NULL);
    int64_t start = draw_now_ms();
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.client = d->client, .calls = CALLS};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        good += workers[i].good;
    }
    assert_int_equal(good, THREADS * CALLS);
    assert_int_equal(raw_server_count(d->server, "POST"), THREADS * CALLS);
    assert_true(raw_server_connections(d->server) >= 2);
    assert_true(draw_now_ms() - start < 10000);
}

/* Answers only when two requests are there at once. */
static void wait_for_two(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct raw_server *s = raw_server_of(c);
    (void)q;
    (void)user;
    for (int i = 0; i < 300 && raw_server_count(s, "POST") < 2; i++)
        raw_pause_ms(c, 10);
    raw_reply_json(c, raw_server_count(s, "POST") < 2 ? 500 : 200, ONE_IMAGE);
}

static void two_jobs_in_one_thread(void **state)
{
    struct draw *d = *state;
    draw_serve(d, wait_for_two, NULL);
    apipie_request *second = draw_request(d->client);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_submit(second), APIPIE_OK);
    apipie_status a = apipie_request_wait(d->request, -1);
    apipie_status b = apipie_request_wait(second, -1);
    second = apipie_request_unref(second);
    assert_ended(d->request, a, APIPIE_OK);
    assert_status(b, APIPIE_OK);
    draw_assert_one(d, 0);
}

static void a_request_nobody_holds_goes_on(void **state)
{
    struct draw *d = *state;
    draw_serve(d, wait_for_two, NULL);
    apipie_request *second = draw_request(d->client);
    assert_status(apipie_request_submit(second), APIPIE_OK);
    assert_null(apipie_request_unref(second));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
}

struct waiter {
    pthread_t thread;
    apipie_request *request;
    apipie_status status;
    int64_t end_ms;
};

static void *wait_for_end(void *arg)
{
    struct waiter *w = arg;
    w->status = apipie_request_wait(w->request, -1);
    w->end_ms = draw_now_ms();
    return NULL;
}

static void start_waiters(struct waiter *w, size_t n, apipie_request *request)
{
    for (size_t i = 0; i < n; i++) {
        w[i].request = request;
        assert_int_equal(pthread_create(&w[i].thread, NULL, wait_for_end, &w[i]), 0);
    }
}

static void several_threads_wait_for_one(void **state)
{
    struct draw *d = *state;
    struct waiter w[4];
    draw_serve(d, slow_picture, NULL);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    start_waiters(w, 4, d->request);
    for (int i = 0; i < 4; i++) {
        pthread_join(w[i].thread, NULL);
        assert_status(w[i].status, APIPIE_OK);
    }
    draw_assert_one(d, 0);
}

/* A leader whose own wait is over hands the work to those who still wait. */
static void a_leader_that_leaves_hands_over(void **state)
{
    struct draw *d = *state;
    struct waiter w;
    draw_serve(d, wait_for_two, NULL);
    apipie_request *other = draw_request(d->client);
    assert_status(apipie_request_submit(other), APIPIE_OK);
    assert_status(apipie_request_wait(other, 100), APIPIE_PENDING);
    start_waiters(&w, 1, other);
    sleep_ms(50);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, 0), APIPIE_PENDING);
    pthread_join(w.thread, NULL);
    apipie_status a = apipie_request_wait(d->request, -1);
    other = apipie_request_unref(other);
    assert_status(w.status, APIPIE_OK);
    assert_ended(d->request, a, APIPIE_OK);
}

/* ---- the end of a client */

static void stall_all(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void the_last_client_reference_cancels(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall_all, NULL);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    for (int i = 0; i < 100 && raw_server_count(d->server, "POST") < 1; i++)
        assert_status(apipie_request_wait(d->request, 20), APIPIE_PENDING);
    int64_t start = draw_now_ms();
    d->client = apipie_client_unref(d->client);
    assert_true(draw_now_ms() - start < 1000);
    assert_status(apipie_request_status(d->request), APIPIE_E_CANCELLED);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_true(strlen(apipie_error_message(draw_error(d))) > 0);
}

static void it_wakes_who_waits(void **state)
{
    struct draw *d = *state;
    struct waiter w;
    draw_serve(d, stall_all, NULL);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    start_waiters(&w, 1, d->request);
    while (raw_server_count(d->server, "POST") < 1)
        sleep_ms(2);
    int64_t start = draw_now_ms();
    d->client = apipie_client_unref(d->client);
    pthread_join(w.thread, NULL);
    assert_true(w.end_ms - start < 1000);
    assert_status(w.status, APIPIE_E_CANCELLED);
}

static void a_result_outlives_its_client(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, draw_perform_json(d, ONE_IMAGE), APIPIE_OK);
    apipie_client *second = apipie_client_ref(d->client);
    assert_ptr_equal(second, d->client);
    assert_null(apipie_client_unref(second));
    d->client = apipie_client_unref(d->client);
    draw_assert_one(d, 0);
}

static void a_request_without_its_client(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    d->client = apipie_client_unref(d->client);
    assert_status(apipie_request_set_n(d->request, 1), APIPIE_OK);
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_E_CANCELLED || status == APIPIE_E_STATE);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

/* ---- memory */

static void every_block_comes_back(void **state)
{
    struct draw *d = *state;
    struct scarce scarce = {0};
    const apipie_allocator a = SCARCE_TABLE(&scarce);
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/1\"},{\"b64_json\":\"" PNG2
                       "\",\"revised_prompt\":\"x\"}]}");
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = apipie_client_new(&a);
    assert_non_null(d->client);
    apipie_client_set_key(d->client, DRAW_KEY);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    draw_again(d);
    apipie_request_set_extra(d->request, "x", "{\"y\":[1]}");
    apipie_request *copy = apipie_request_copy(d->request);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 2);
    apipie_request_cancel(copy);
    (void)apipie_request_perform(copy);
    apipie_request_unref(copy);
    d->client = apipie_client_unref(d->client);
    assert_true(scarce.alive > 0);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(scarce.alive, 0);
    assert_true(scarce.asked > 10);
}

static void an_allocator_of_another_size(void **state)
{
    struct scarce scarce = {0};
    apipie_allocator a = SCARCE_TABLE(&scarce);
    (void)state;
    a.size = sizeof a - 1;
    assert_null(apipie_client_new(&a));
    a.size = 0;
    assert_null(apipie_client_new(&a));
    assert_int_equal(scarce.asked, 0);
}

/* ---- NULL everywhere */

static void null_verbs_give_a_status(void **state)
{
    (void)state;
    assert_null(apipie_client_ref(NULL));
    assert_null(apipie_client_unref(NULL));
    assert_null(apipie_request_new(NULL, APIPIE_REQUEST_IMAGE));
    assert_null(apipie_request_ref(NULL));
    assert_null(apipie_request_unref(NULL));
    assert_null(apipie_request_copy(NULL));
    assert_true(apipie_client_set_key(NULL, "k") < 0);
    assert_true(apipie_client_set_base_url(NULL, "https://x.y") < 0);
    assert_true(apipie_client_allow_http(NULL, 1) < 0);
    assert_true(apipie_client_set_timeout(NULL, 1) < 0);
    assert_true(apipie_client_set_connect_timeout(NULL, 1) < 0);
    assert_true(apipie_client_set_retry(NULL, 0, 0) < 0);
    assert_true(apipie_client_set_max_image_bytes(NULL, 1) < 0);
    assert_true(apipie_request_set_prompt(NULL, "x", APIPIE_NTS) < 0);
    assert_true(apipie_request_set_model(NULL, "x") < 0);
    assert_true(apipie_request_set_n(NULL, 1) < 0);
    assert_true(apipie_request_set_strength(NULL, 0.5) < 0);
    assert_true(apipie_request_set_image_bytes(NULL, "x", 1) < 0);
    assert_true(apipie_request_set_image_file(NULL, "x") < 0);
    assert_true(apipie_request_add_image_bytes(NULL, "x", 1) < 0);
    assert_true(apipie_request_add_image_file(NULL, "x") < 0);
    assert_true(apipie_request_add_image_url(NULL, "https://x.y") < 0);
    assert_true(apipie_request_set_mask_bytes(NULL, "x", 1) < 0);
    assert_true(apipie_request_set_mask_file(NULL, "x") < 0);
    assert_true(apipie_request_set_mask_url(NULL, "https://x.y") < 0);
    assert_true(apipie_request_set_extra(NULL, "x", "1") < 0);
    assert_true(apipie_request_set_output_file(NULL, "x") < 0);
    assert_true(apipie_request_set_output_folder(NULL, ".", NULL) < 0);
    assert_true(apipie_request_submit(NULL) < 0);
    assert_true(apipie_request_wait(NULL, 0) < 0);
    assert_true(apipie_request_perform(NULL) < 0);
    assert_true(apipie_request_status(NULL) < 0);
    assert_true(apipie_result_save(NULL, 0, "x") < 0);
    apipie_request_cancel(NULL);
}

static void null_getters_give_nothing(void **state)
{
    (void)state;
    size_t n = 1;
    uint64_t seed = 5;
    assert_null(apipie_request_result(NULL));
    assert_non_null(apipie_request_error(NULL));
    assert_true(strlen(apipie_error_message(apipie_request_error(NULL))) > 0);
    assert_int_equal(apipie_request_attempt_count(NULL), 0);
    assert_int_equal(apipie_request_tries(NULL), 0);
    assert_int_equal(apipie_request_attempt_purpose(NULL, 0), 0);
    assert_int_equal(apipie_request_attempt_outcome(NULL, 0), 0);
    assert_null(apipie_request_attempt_request_id(NULL, 0));
    assert_int_equal(apipie_request_attempt_time(NULL, 0, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_request_elapsed(NULL), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_image_count(NULL), 0);
    assert_null(apipie_result_image_data(NULL, 0, &n));
    assert_int_equal(n, 0);
    assert_int_equal(apipie_result_image_size(NULL, 0), 0);
    assert_null(apipie_result_image_path(NULL, 0));
    assert_null(apipie_result_image_mime(NULL, 0));
    assert_null(apipie_result_image_url(NULL, 0));
    assert_int_equal(apipie_result_image_width(NULL, 0), 0);
    assert_true(apipie_result_image_seed(NULL, 0, &seed) < 0);
    assert_int_equal(seed, 5);
    assert_int_equal(apipie_result_cost(NULL), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_total_tokens(NULL), APIPIE_UNKNOWN);
    assert_null(apipie_result_provider(NULL));
    assert_int_equal(apipie_result_warning_count(NULL), 0);
    assert_null(apipie_result_warning(NULL, 0));
    assert_null(apipie_result_json(NULL, NULL));
    assert_status(apipie_error_code(NULL), APIPIE_OK);
    assert_string_equal(apipie_error_message(NULL), "");
    assert_string_equal(apipie_error_hint(NULL), "");
    assert_null(apipie_error_provider_code(NULL));
    assert_null(apipie_error_body(NULL, NULL));
    assert_int_equal(apipie_error_retry_after(NULL), APIPIE_UNKNOWN);
}

static void places_that_are_not_there(void **state)
{
    struct draw *d = *state;
    size_t n = 1;
    assert_ended(d->request, draw_perform_json(d, ONE_IMAGE), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_null(apipie_result_image_data(r, 1, &n));
    assert_int_equal(n, 0);
    assert_int_equal(apipie_result_image_size(r, SIZE_MAX), 0);
    assert_null(apipie_result_image_mime(r, 1));
    assert_null(apipie_result_warning(r, 0));
    assert_int_equal(apipie_request_attempt_outcome(d->request, 1), 0);
    assert_int_equal(apipie_request_attempt_time(d->request, 0, 99), APIPIE_UNKNOWN);
    assert_int_equal(apipie_request_attempt_time(d->request, 0, -1), APIPIE_UNKNOWN);
}

static void names_of_statuses(void **state)
{
    (void)state;
    assert_string_equal(apipie_status_name(APIPIE_E_RATE_LIMITED), "rate_limited");
    assert_string_equal(apipie_status_name(APIPIE_E_NO_IMAGE), "no_image");
    assert_string_equal(apipie_status_name(-9999), "unknown");
    assert_string_equal(apipie_version(), APIPIE_VERSION_STRING);
    assert_in_range(apipie_part_version(APIPIE_PART_CURL)[0], '7', '9');
    assert_non_null(strchr(apipie_part_version(APIPIE_PART_TLS), '/'));
    assert_int_equal(apipie_part_version(APIPIE_PART_JSON)[0], '2');
    assert_null(apipie_part_version(-1));
    assert_null(apipie_part_version(3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(many_threads_one_client),
        DRAW_TEST(two_jobs_in_one_thread),
        DRAW_TEST(a_request_nobody_holds_goes_on),
        DRAW_TEST(several_threads_wait_for_one),
        DRAW_TEST(a_leader_that_leaves_hands_over),
        DRAW_TEST(the_last_client_reference_cancels),
        DRAW_TEST(it_wakes_who_waits),
        DRAW_TEST(a_result_outlives_its_client),
        DRAW_TEST(a_request_without_its_client),
        DRAW_TEST(every_block_comes_back),
        DRAW_TEST(an_allocator_of_another_size),
        DRAW_TEST(null_verbs_give_a_status),
        DRAW_TEST(null_getters_give_nothing),
        DRAW_TEST(places_that_are_not_there),
        DRAW_TEST(names_of_statuses),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
