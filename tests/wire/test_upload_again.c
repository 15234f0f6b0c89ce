/* SPDX-License-Identifier: MIT */
/* The URL of an upload serves more than one call: how long, and for whom. */
#include "../support/share.h"
#include "../support/tape.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- used again */

static void the_same_picture_is_uploaded_once(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    for (int i = 0; i < 3; i++) {
        share_draw(d, PNG1);
        share_assert_image(d, SHARE_TEMP(1));
    }
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    share_draw(d, PNG2);
    share_assert_image(d, SHARE_TEMP(2));
    share_draw(d, PNG1);
    share_assert_image(d, SHARE_TEMP(1));
    assert_int_equal(share_uploads(d), 2);
}

/* Another server has not got it. */
static void another_base_url_is_another_place(void **state)
{
    char base[200];
    static struct share s;
    struct draw *d = share_serve(state, &s);
    share_draw(d, PNG1);
    snprintf(base, sizeof base, "%s/two/v1", raw_server_origin(d->server));
    assert_status(apipie_client_set_base_url(d->client, base), APIPIE_OK);
    share_again(d);
    draw_set_image(d, PNG1, 0);
    apipie_request_perform(d->request); /* whatever that is there */
    assert_string_equal(raw_server_request(d->server, 2)->path, "/two/urlshare");
}

static void age(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{0, UTIME_OMIT}, {seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void a_file_by_what_it_was(void **state)
{
    uint8_t bytes[1024] = {0};
    static struct share s;
    struct draw *d = share_serve(state, &s);
    tape_fresh();
    const char *path = tape_path("in.png");
    size_t n = draw_decode(PNG1, bytes);
    tape_write(path, bytes, n);
    age(path, 1000000);
    for (int i = 0; i < 2; i++) {
        share_again(d);
        assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
        share_perform(d);
    }
    assert_int_equal(share_uploads(d), 1);
    tape_write(path, bytes, n + 1);
    age(path, 1000000);
    share_again(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    share_perform(d);
    share_assert_image(d, SHARE_TEMP(2));
}

/* Clocks of file systems tick: a file that has just been written may be written again, and nobody sees it from outside. */
static void a_file_that_is_written_again_at_once(void **state)
{
    uint8_t bytes[1024] = {0};
    static struct share s;
    const time_t now = time(NULL); /* whole seconds, as some have them */
    struct draw *d = share_serve(state, &s);
    tape_fresh();
    const char *path = tape_path("in.png");
    size_t n = draw_decode(PNG1, bytes);
    for (uint8_t i = 0; i < 2; i++) {
        bytes[n] = i;
        tape_write(path, bytes, n + 1);
        age(path, now);
        share_again(d);
        assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
        share_perform(d);
    }
    assert_int_equal(share_uploads(d), 2);
    share_assert_image(d, SHARE_TEMP(2));
}

static const struct lifetime {
    const char *name, *headers;
    int32_t uploads; /* of two calls at once, one after the other */
} lifetimes[] = {
    {"nothing said", NULL, 1},
    {"an hour", "Cache-Control: public, max-age=3600\r\n", 1},
    {"a century", "Cache-Control: max-age=99999999999999999999\r\n", 1},
    {"max-age=0", "Cache-Control: max-age=0\r\n", 2},
    {"no-store", "Cache-Control: No-Store\r\n", 2},
    {"no-cache", "Cache-Control: no-cache, max-age=60\r\n", 2},
    {"no number", "Cache-Control: max-age=soon\r\n", 1},
    {"private", "Cache-Control: private\r\n", 1},
    {"expired", "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", 2},
    {"no date", "Expires: 0\r\n", 2},
    {"in a year", "Expires: Sun, 01 Jan 2090 00:00:00 GMT\r\n", 1},
    {"by the server's clock",
     "Date: Sun, 01 Jan 2090 00:00:00 GMT\r\nExpires: Sun, 01 Jan 2090 00:00:00 GMT\r\n", 2},
    {"max-age first", "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\nCache-Control: max-age=60\r\n", 1},
};

static void as_long_as_it_says(void **state)
{
    static struct share s;
    struct draw *d = *state;
    const struct lifetime *row = d->row;
    s.extra = row->headers;
    share_serve(state, &s);
    share_draw(d, PNG1);
    share_draw(d, PNG1);
    assert_int_equal(share_uploads(d), row->uploads);
}

static void not_after_its_time(void **state)
{
    static struct share s = {.extra = "Cache-Control: max-age=2\r\n"};
    struct draw *d = share_serve(state, &s);
    share_draw(d, PNG1);
    share_draw(d, PNG1);
    assert_int_equal(share_uploads(d), 1);
    draw_sleep_ms(2050);
    share_draw(d, PNG1);
    share_assert_image(d, SHARE_TEMP(2));
}

static void the_oldest_go_first(void **state)
{
    uint8_t bytes[1024];
    static struct share s;
    struct draw *d = share_serve(state, &s);
    size_t n = draw_decode(PNG1, bytes);
    for (int i = 0; i < 65; i++) {
        share_again(d);
        bytes[n] = (uint8_t)i;
        apipie_request_set_image_bytes(d->request, bytes, n + 1);
        share_perform(d);
        if (i == 63) { /* the first one is used */
            share_again(d);
            bytes[n] = 0;
            apipie_request_set_image_bytes(d->request, bytes, n + 1);
            share_perform(d);
        }
    }
    assert_int_equal(share_uploads(d), 65);
    share_again(d);
    bytes[n] = 0;
    apipie_request_set_image_bytes(d->request, bytes, n + 1);
    share_perform(d);
    share_assert_image(d, SHARE_TEMP(1));
    share_again(d);
    bytes[n] = 1; /* the second one made room */
    apipie_request_set_image_bytes(d->request, bytes, n + 1);
    share_perform(d);
    share_assert_image(d, SHARE_TEMP(66));
}

static const struct refusal {
    const char *name;
    int32_t status;
    const char *body;
    int32_t again; /* the next call uploads anew */
} refusals[] = {
    {"400", 400, "{\"error\":{\"message\":\"image: cannot be fetched\"}}", 1},
    {"404", 404, "{}", 1},
    {"422", 422, "{}", 1},
    {"401", 401, "{}", 0},
    {"402", 402, "{}", 0},
    {"429", 429, "{}", 0},
    {"500", 500, "{}", 0},
    {"content", 400, "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"no\"}}", 0},
    {"an error that is none", 200,
     "{\"error\":{\"message\":\"no\",\"code\":\"invalid_parameter\"}}", 0},
};

static void a_refused_call_forgets_it(void **state)
{
    static struct share s;
    static struct draw_reply list[3];
    struct draw *d = *state;
    const struct refusal *row = d->row;
    list[0] = (struct draw_reply){row->status, NULL, row->body};
    list[1] = (struct draw_reply){200, NULL, ONE_IMAGE};
    s.calls = list;
    share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_true(apipie_request_perform(d->request) < 0);
    share_draw(d, PNG1);
    assert_int_equal(share_uploads(d), 1 + row->again);
    share_assert_image(d, row->again ? SHARE_TEMP(2) : SHARE_TEMP(1));
}

/* ---- several at once */

static void one_uploads_for_all(void **state)
{
    static struct share s = {.wait_ms = 50};
    struct draw *d = share_serve(state, &s);
    share_more(d, 8, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 8);
    assert_int_equal(share_uploads(d), 1);
    assert_int_equal(share_calls(d), 8);
    assert_int_equal(draw_posts(d->server, SHARE_TEMP(1)), 8);
}

/* What must not be kept is still what they all waited for. */
static void also_where_it_is_not_kept(void **state)
{
    static struct share s = {.wait_ms = 50, .extra = "Cache-Control: no-store\r\n"};
    struct draw *d = share_serve(state, &s);
    share_more(d, 6, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 6);
    assert_int_equal(share_uploads(d), 1);
}

static void one_failure_is_no_reason_for_another(void **state)
{
    static const struct draw_reply list[] = {{400, NULL, "{}"}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list, .wait_ms = 50};
    struct draw *d = share_serve(state, &s);
    share_more(d, 5, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 4);
    assert_int_equal(share_uploads(d), 5);
    share_draw(d, PNG1);
    assert_int_equal(share_uploads(d), 5);
}

static void the_next_takes_over(void **state)
{
    static struct share s = {.stalls = 1};
    struct draw *d = share_serve(state, &s);
    share_more(d, 4, PNG1);
    draw_submit_more(d);
    while (share_uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    apipie_request_cancel(d->more[0]);
    assert_int_equal(draw_wait_more(d), 3);
    assert_status(apipie_request_status(d->more[0]), APIPIE_E_CANCELLED);
    assert_int_equal(share_uploads(d), 2);
    assert_int_equal(share_calls(d), 3);
}

static void who_waits_can_be_cancelled(void **state)
{
    static struct share s = {.wait_ms = 100};
    struct draw *d = share_serve(state, &s);
    share_more(d, 3, PNG1);
    assert_status(apipie_request_set_timeout(d->more[2], 50), APIPIE_OK);
    draw_submit_more(d);
    while (share_uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    apipie_request_cancel(d->more[1]);
    assert_int_equal(draw_wait_more(d), 1);
    assert_status(apipie_request_status(d->more[1]), APIPIE_E_CANCELLED);
    assert_status(apipie_request_status(d->more[2]), APIPIE_E_TIMEOUT);
    assert_int_equal(apipie_request_attempt_count(d->more[1]), 0);
    assert_int_equal(share_calls(d), 1);
}

static void the_client_goes_meanwhile(void **state)
{
    static struct share s = {.stalls = 9};
    struct draw *d = share_serve(state, &s);
    share_more(d, 4, PNG1);
    draw_submit_more(d);
    while (share_uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    d->client = apipie_client_unref(d->client);
    for (int i = 0; i < 4; i++)
        assert_status(apipie_request_status(d->more[i]), APIPIE_E_CANCELLED);
}

static void parts_share_it(void **state)
{
    static const struct draw_reply list[] = {
        {400, NULL, "{\"error\":{\"message\":\"n must be 1 for this model\",\"param\":\"n\"}}"},
        {200, NULL, ONE_IMAGE},
        {0, NULL, NULL}};
    static struct share s = {.calls = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_n(d->request, 3), APIPIE_OK);
    share_perform(d);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 3);
    assert_int_equal(share_uploads(d), 1);
    assert_int_equal(share_calls(d), 4);
    share_again(d); /* it is known by now: all three begin at once */
    draw_set_image(d, PNG2, 0);
    assert_status(apipie_request_set_n(d->request, 3), APIPIE_OK);
    share_perform(d);
    assert_int_equal(share_uploads(d), 2);
    assert_int_equal(share_calls(d), 7);
}

static void *draw_some(void *user)
{
    uint8_t bytes[1024];
    apipie_client *client = user;
    intptr_t failed = 0;
    size_t n = draw_decode(PNG1, bytes);
    for (int i = 0; i < 20; i++) {
        apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
        bytes[n] = (uint8_t)(i / 4);
        apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
        apipie_request_set_image_bytes(r, bytes, n + 1);
        failed += apipie_request_perform(r) != APIPIE_OK;
        apipie_request_unref(r);
    }
    return (void *)failed;
}

static void from_several_threads(void **state)
{
    pthread_t threads[4];
    void *failed = NULL;
    intptr_t sum = 0;
    static struct share s = {.wait_ms = 2};
    struct draw *d = share_serve(state, &s);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_some, d->client), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        sum += (intptr_t)failed;
    }
    assert_int_equal(sum, 0);
    assert_int_equal(share_uploads(d), 5);
    assert_int_equal(share_calls(d), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_same_picture_is_uploaded_once),
        DRAW_TEST(another_base_url_is_another_place),
        DRAW_TEST(a_file_by_what_it_was),
        DRAW_TEST(a_file_that_is_written_again_at_once),
        DRAW_TEST(not_after_its_time),
        DRAW_TEST(the_oldest_go_first),
        DRAW_TEST(one_uploads_for_all),
        DRAW_TEST(also_where_it_is_not_kept),
        DRAW_TEST(one_failure_is_no_reason_for_another),
        DRAW_TEST(the_next_takes_over),
        DRAW_TEST(who_waits_can_be_cancelled),
        DRAW_TEST(the_client_goes_meanwhile),
        DRAW_TEST(parts_share_it),
        DRAW_TEST(from_several_threads),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("upload_again", tests, NULL, NULL);
    failed += DRAW_ROWS(as_long_as_it_says, lifetimes);
    failed += DRAW_ROWS(a_refused_call_forgets_it, refusals);
    tape_end();
    return failed;
}
