/* SPDX-License-Identifier: MIT */
/* Replies that come as a stream of events: sketches while it is drawn, and a picture that is like any other. Knows the public API
 * alone. */
#include "../support/play.h"
#include "../support/parts.h"
#include "../support/tape.h"

#include <stdlib.h>
#include <string.h>

/* ---- sketches */

static const struct play in_order = {
    {SKETCH(PNG1), PLAY_SHOWN, ": wait\n\n" SKETCH(PNG2), PLAY_SHOWN, PICTURE(PNG3)}, NULL};

static void assert_in_order(const struct draw *d, const struct play_seen *s)
{
    assert_int_equal(s->count, 2);
    play_assert(s, 0, 0, PNG1);
    play_assert(s, 1, 0, PNG2);
    assert_ptr_equal(s->request, d->request);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_IMAGES_BEGUN), 1);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_IMAGES_DONE), 1);
}

static void sketches_come_in_order_and_the_picture_goes_into_its_file(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    parts_make_folder();
    play_serve(d, &in_order, &s);
    apipie_request_set_output_file(d->request, parts_in_folder("lake.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_in_order(d, &s);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), 1);
    assert_int_equal(apipie_result_warning_count(r), 0);
    assert_int_equal(apipie_result_prompt_tokens(r), 9);
    assert_int_equal(apipie_result_total_tokens(r), 4169);
    parts_assert_file(parts_in_folder("lake.png"), PNG3);
    assert_int_equal(parts_entries(1), 1);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(s.freed, 1);
}

static void polls_show_them(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    play_serve(d, &in_order, &s);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t until = draw_now_ms() + 20000;
    while (apipie_request_status(d->request) == APIPIE_PENDING && draw_now_ms() < until)
        apipie_client_poll(d->client, 5);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_in_order(d, &s);
    draw_assert_image(draw_result(d), 0, PNG3, "image/png");
}

static void a_worker_leaves_them_to_polls(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    play_serve(d, &in_order, &s);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t until = draw_now_ms() + 20000;
    while (apipie_request_status(d->request) == APIPIE_PENDING && draw_now_ms() < until)
        apipie_client_poll(d->client, 5);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_in_order(d, &s);
    draw_assert_image(draw_result(d), 0, PNG3, "image/png");
}

static void only_the_newest_is_shown(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {
        {SKETCH(PNG1) SKETCH(PNG2) SKETCH(PNG3), PLAY_SHOWN, PICTURE(PNG1)}, NULL};
    play_serve(d, &p, &s);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    play_wait_read(d, &p);
    assert_int_equal(s.count, 0);
    apipie_client_poll(d->client, 5000);
    assert_int_equal(s.count, 1);
    play_assert(&s, 0, 0, PNG3);
    assert_ended(d->request, apipie_request_wait(d->request, 20000), APIPIE_OK);
    assert_int_equal(s.count, 1);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
}

static void none_is_shown_after_the_end(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1) PICTURE(PNG2)}, NULL};
    play_serve(d, &p, &s);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t until = draw_now_ms() + 20000;
    while (apipie_request_status(d->request) == APIPIE_PENDING && draw_now_ms() < until)
        draw_sleep_ms(2);
    apipie_client_poll(d->client, 0);
    assert_int_equal(s.count, 0);
    draw_assert_image(draw_result(d), 0, PNG2, "image/png");
}

static void nobody_need_look(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PICTURE(PNG2)}, NULL};
    play_serve(d, &p, &s);
    assert_status(apipie_request_set_partial_fn(d->request, NULL, &s, play_free), APIPIE_OK);
    assert_int_equal(s.freed, 2); /* the one before, and the one that came with nothing */
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(s.count, 0);
    draw_assert_image(draw_result(d), 0, PNG2, "image/png");
}

static void several_images(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PLAY_SHOWN, PICTURE(PNG2), SKETCH(PNG3),
                                   PLAY_SHOWN, PICTURE(PNG1),
                                   "data: {\"type\":\"bye\"}\n\ndata: [DONE]\n\n"},
                                  NULL};
    play_serve(d, &p, &s);
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    play_assert(&s, 0, 0, PNG1);
    play_assert(&s, 1, 1, PNG3);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 2);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
    assert_int_equal(apipie_result_total_tokens(draw_result(d)), 4169); /* whatever comes behind */
    draw_assert_image(draw_result(d), 0, PNG2, "image/png");
    draw_assert_image(draw_result(d), 1, PNG1, "image/png");
}

static void one_by_one(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char n[32];
    draw_field(q, "n", n, sizeof n);
    if (n[0] != '\0')
        raw_reply_json(c, 400, PARTS_ONE_EACH);
    else
        play(c, q, user);
}

/* A model that makes one image a call: each call is a stream. */
static void images_that_are_asked_for_one_by_one(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PLAY_SHOWN, PICTURE(PNG2)}, NULL};
    int32_t of[2] = {0, 0};
    play_reset(&s);
    draw_serve(d, one_by_one, (void *)(uintptr_t)&p);
    apipie_request_set_n(d->request, 2);
    apipie_request_set_partial_fn(d->request, play_see, &s, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(s.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_true(s.index[i] < 2);
        of[s.index[i]]++;
        play_assert(&s, i, s.index[i], PNG1);
    }
    assert_int_equal(of[0], 1);
    assert_int_equal(of[1], 1);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 2);
    draw_assert_image(draw_result(d), 1, PNG2, "image/png");
}

/* ---- memory */

#define LARGE ((size_t)16 << 20)
#define SMALL ((size_t)2 << 20)

static void memory_is_bounded(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    char *sketch = play_large("x.partial_image", SMALL, 1);
    char *picture = play_large("x.completed", LARGE, 1);
    char *late = play_large("x.completed", SMALL, 0);
    struct play p = {{picture}, NULL};
    parts_make_folder();
    play_serve(d, &p, &s);
    apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    int64_t peak = apipie_client_memory(d->client, APIPIE_MEMORY_PEAK);
    assert_true(peak < (int64_t)1 << 20); /* nothing of a picture */
    /* a sketch is held once, its growing apart; then its memory is free again */
    p.pieces[0] = sketch;
    p.pieces[1] = PLAY_SHOWN;
    p.pieces[2] = sketch;
    p.pieces[3] = PLAY_SHOWN;
    p.pieces[4] = picture;
    draw_again(d);
    apipie_request_set_partial_fn(d->request, play_see, &s, NULL);
    apipie_request_set_output_file(d->request, parts_in_folder("y.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.size[1], SMALL);
    peak = apipie_client_memory(d->client, APIPIE_MEMORY_PEAK);
    assert_in_range(peak, (int64_t)SMALL, 4 * (int64_t)SMALL);
    /* a picture whose name comes behind it is held too, and is whole */
    p.pieces[0] = late;
    p.pieces[1] = NULL;
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    size_t n = 0;
    apipie_result_image_data(draw_result(d), 0, &n);
    assert_int_equal(n, SMALL);
    d->request = apipie_request_unref(d->request);
    assert_true(apipie_client_memory(d->client, APIPIE_MEMORY_NOW) < (int64_t)1 << 20);
    parts_entries(1);
    free(sketch);
    free(picture);
    free(late);
}

static void a_sketch_that_is_too_large_is_not_shown(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    char *sketch = play_large("x.partial_image", SMALL, 0);
    struct play p = {{sketch, PICTURE(PNG1)}, NULL};
    play_serve(d, &p, &s);
    apipie_request_set_max_image_bytes(d->request, SMALL - 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(s.count, 0);
    draw_assert_one(d, 0);
    free(sketch);
}

/* ---- settings, and what is recorded */

static void settings_have_limits(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{PICTURE(PNG1)}, NULL};
    play_serve(d, &p, &s);
    assert_status(apipie_request_set_stream(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_partial_images(NULL, 1), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_partial_fn(NULL, play_see, &s, play_free), APIPIE_E_ARGUMENT);
    assert_int_equal(s.freed, 1);
    assert_status(apipie_request_set_partial_images(d->request, 4), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
    assert_contains(apipie_error_message(draw_error(d)), "set_partial_images: it must be 0 to 3");
    draw_again(d);
    assert_status(apipie_request_set_stream(d->request, 2), APIPIE_E_ARGUMENT);
    draw_again(d);
    assert_status(apipie_request_set_partial_images(d->request, -1), APIPIE_E_ARGUMENT);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request),
                 APIPIE_OK); /* unasked is as good */
    assert_status(apipie_request_set_stream(d->request, 1), APIPIE_E_STATE);
    assert_status(apipie_request_set_partial_fn(d->request, play_see, &s, play_free),
                  APIPIE_E_STATE);
    assert_int_equal(s.freed, 3);
}

static void the_gateway_is_not_asked_for_what_it_does_not_know(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{PICTURE(PNG1)}, NULL};
    play_serve(d, &p, &s);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lacks(raw_server_request(d->server, 0)->body, "stream");
    assert_lacks(raw_server_request(d->server, 0)->body, "partial");
}

/* A recorded stream is one again: the sketch, and the picture. */
static void a_recording_plays_it_again(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PLAY_SHOWN, PICTURE(PNG2)}, NULL};
    assert_true(tape_begin());
    const char *path = tape_fresh();
    play_serve(d, &p, &s);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    char *first = tape_tell(d->request);
    tape_turn(d, path);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    char *second = tape_tell(d->request);
    assert_string_equal(second, first);
    draw_assert_image(draw_result(d), 0, PNG2, "image/png");
    free(first);
    free(second);
    tape_end();
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(sketches_come_in_order_and_the_picture_goes_into_its_file),
        DRAW_TEST(polls_show_them),
        DRAW_TEST(a_worker_leaves_them_to_polls),
        DRAW_TEST(only_the_newest_is_shown),
        DRAW_TEST(none_is_shown_after_the_end),
        DRAW_TEST(nobody_need_look),
        DRAW_TEST(several_images),
        DRAW_TEST(images_that_are_asked_for_one_by_one),
        DRAW_TEST(memory_is_bounded),
        DRAW_TEST(a_sketch_that_is_too_large_is_not_shown),
        DRAW_TEST(settings_have_limits),
        DRAW_TEST(the_gateway_is_not_asked_for_what_it_does_not_know),
        DRAW_TEST(a_recording_plays_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
