/* SPDX-License-Identifier: MIT */
/* How a stream of events may end: whole, cut, refused, stopped; and replies that are none. Knows the public API
 * alone. */
#include "../support/play.h"
#include "../support/parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- what may go wrong */

struct end {
    const char *name;
    struct play play;
    apipie_status status;
    const char *says; /* in the message, or in a warning of a success */
    const char *code; /* the provider's */
};

static const struct end ends[] = {
    {"an error event",
     {{SKETCH(PNG1), "event: error\ndata: {\"code\":\"boom\",\"message\":\"it broke\"}\n\n"}, NULL},
     APIPIE_E_SERVER,
     "it broke",
     "boom"},
    {"an error in an envelope",
     {{"data: {\"error\":{\"code\":\"boom\",\"message\":\"it broke\"}}\n\n"}, NULL},
     APIPIE_E_SERVER,
     "it broke",
     "boom"},
    {"an error with a type",
     {{"data: {\"type\":\"error\",\"error\":{\"code\":\"boom\",\"message\":\"it broke\"}}\n\n"},
      NULL},
     APIPIE_E_SERVER,
     "it broke",
     "boom"},
    {"an error in words",
     {{"event: error\ndata: it broke\n\n"}, NULL},
     APIPIE_E_SERVER,
     "it broke",
     NULL},
    {"an error that says nothing",
     {{"event: error\ndata:\n\n"}, NULL},
     APIPIE_E_SERVER,
     "no reason",
     NULL},
    {"a refusal",
     {{"event: error\ndata: {\"error\":{\"code\":\"moderation_blocked\",\"message\":\"no\"}}\n\n"},
      NULL},
     APIPIE_E_CONTENT_POLICY,
     "no",
     "moderation_blocked"},
    {"only sketches",
     {{SKETCH(PNG1)}, NULL},
     APIPIE_E_MALFORMED,
     "the stream ends before a picture is complete",
     NULL},
    {"nothing",
     {{": nothing\n\n"}, NULL},
     APIPIE_E_MALFORMED,
     "the stream ends before a picture is complete",
     NULL},
    {"done without a picture",
     {{SKETCH(PNG1) "data: [DONE]\n\n"}, NULL},
     APIPIE_E_MALFORMED,
     "without a picture",
     NULL},
    {"a picture that is no base64",
     {{PICTURE("iVBO!!!!")}, NULL},
     APIPIE_E_MALFORMED,
     "base64",
     NULL},
    {"the end in a picture", {{BROKEN}, NULL}, APIPIE_E_MALFORMED, "the reply breaks off", NULL},
    {"a cut in a picture",
     {{BROKEN, PLAY_CUT}, NULL},
     APIPIE_E_NETWORK,
     "the connection broke",
     NULL},
    {"a cut behind a sketch",
     {{SKETCH(PNG1), PLAY_CUT}, NULL},
     APIPIE_E_NETWORK,
     "the connection broke",
     NULL},
    {"a cut behind the picture",
     {{PICTURE(PNG1), PLAY_CUT}, NULL},
     APIPIE_OK,
     "broke off after the picture",
     NULL},
    {"a cut in the next picture",
     {{PICTURE(PNG1) BROKEN, PLAY_CUT}, NULL},
     APIPIE_OK,
     "broke off after the picture",
     NULL},
    {"an error behind the picture",
     {{PICTURE(PNG1) "event: error\ndata: {}\n\n"}, NULL},
     APIPIE_OK,
     "an error beside the picture",
     NULL},
    {"the end without an empty line",
     {{"data: {\"b64_json\":\"" PNG1 "\"}"}, NULL},
     APIPIE_OK,
     NULL,
     NULL},
    {"returns",
     {{"event: x.completed\r\rdata:{\"b64_json\":\"" PNG1 "\"}\r\r"}, NULL},
     APIPIE_OK,
     NULL,
     NULL},
    {"JSON instead",
     {{"{\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"}, "application/json"},
     APIPIE_OK,
     NULL,
     NULL},
    {"JSON with the stream's type",
     {{"{\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"}, NULL},
     APIPIE_OK,
     NULL,
     NULL},
    {"a stream with another type", {{PICTURE(PNG1)}, "text/plain"}, APIPIE_OK, NULL, NULL},
};

static void assert_failed(const struct draw *d, const struct end *e)
{
    assert_contains(apipie_error_message(draw_error(d)), e->says);
    if (e->code != NULL)
        assert_string_equal(apipie_error_provider_code(draw_error(d)), e->code);
    assert_int_equal(apipie_error_http_status(draw_error(d)), 200);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
}

static void each_end(void **state)
{
    struct draw *d = *state;
    const struct end *e = d->row;
    static struct play_seen s;
    parts_make_folder();
    play_serve(d, &e->play, &s);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
    assert_ended(d->request, apipie_request_perform(d->request), e->status);
    assert_int_equal(raw_server_count(d->server, "POST"), 1); /* it may have been drawn */
    if (e->status != APIPIE_OK) {
        assert_failed(d, e);
    } else {
        parts_assert_file(parts_in_folder("x.png"), PNG1);
        size_t warnings = apipie_result_warning_count(draw_result(d));
        assert_int_equal(warnings != 0, e->says != NULL);
        if (e->says != NULL)
            assert_contains(apipie_result_warning(draw_result(d), 0), e->says);
    }
    assert_int_equal(parts_entries(1), e->status == APIPIE_OK);
}

/* ---- stopped on the way */

static void cancelled_by_the_one_who_looks(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PLAY_SHOWN, SKETCH(PNG2), PLAY_OPEN}, NULL};
    parts_make_folder();
    play_serve(d, &p, &s);
    s.cancel_at = 1;
    apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(s.count, 1);
    assert_int_equal(parts_entries(1), 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
}

/* In the middle of the picture, with a sketch that nobody was shown. */
static void cancelled_from_elsewhere(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1) BROKEN, PLAY_OPEN}, NULL};
    parts_make_folder();
    play_serve(d, &p, &s);
    apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    play_wait_read(d, &p);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, 20000), APIPIE_E_CANCELLED);
    assert_int_equal(s.count, 0);
    assert_int_equal(parts_entries(1), 0);
}

static void a_time_limit_keeps_what_is_complete(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{PICTURE(PNG1) SKETCH(PNG2), PLAY_OPEN}, NULL};
    play_serve(d, &p, &s);
    apipie_request_set_timeout(d->request, 300);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 1);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
}

/* The client goes while a sketch waits: nothing is left behind, and user is freed. */
static void the_client_goes(void **state)
{
    struct draw *d = *state;
    static struct play_seen s;
    static const struct play p = {{SKETCH(PNG1), PLAY_OPEN}, NULL};
    play_serve(d, &p, &s);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    play_wait_read(d, &p);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(s.freed, 1);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(cancelled_by_the_one_who_looks),
        DRAW_TEST(cancelled_from_elsewhere),
        DRAW_TEST(a_time_limit_keeps_what_is_complete),
        DRAW_TEST(the_client_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + DRAW_ROWS(each_end, ends);
}
