/* SPDX-License-Identifier: MIT */
/* Pictures of a call that are uploaded before it, or not, and what goes wrong then. */
#include "../support/asks.h"
#include "../support/share.h"
#include "../support/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- before the call */

static void the_call_has_the_url(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    share_draw(d, PNG1);
    assert_true(asks_is(raw_server_request(d->server, 0), "/urlshare",
                        ASKS_FILE("file", "image.png", "image/png", "$1") "--B--\r\n"));
    assert_true(asks_is(raw_server_request(d->server, 1), "/v1/images/generations",
                        "{\"prompt\":\"a lake\",\"response_format\":\"b64_json\",\"image\":"
                        "\"" SHARE_TEMP(1) "\"}"));
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 0), APIPIE_PURPOSE_UPLOAD);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 1), APIPIE_PURPOSE_GENERATE);
    assert_int_equal(apipie_request_attempt_billed(d->request, 1), APIPIE_BILLED_YES);
    assert_int_equal(apipie_request_tries(d->request), 1);
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "set_image: uploads that are not");
}

static void image_and_mask(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    share_again(d);
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    share_perform(d);
    assert_int_equal(share_uploads(d), 2);
    assert_true(asks_is(raw_server_request(d->server, 1), "/urlshare",
                        ASKS_FILE("file", "image.png", "image/png", "$2") "--B--\r\n"));
    assert_contains(draw_sent(d)->body,
                    "\"image\":\"" SHARE_TEMP(1) "\",\"mask\":\"" SHARE_TEMP(2) "\"}");
    draw_assert_one(d, 3);
    /* one by URL */
    share_again(d);
    assert_status(apipie_request_set_image_url(d->request, ASKS_URL), APIPIE_OK);
    draw_set_image(d, JPEG1, 1);
    share_perform(d);
    assert_contains(draw_sent(d)->body,
                    "\"image\":\"" ASKS_URL "\",\"mask\":\"" SHARE_TEMP(3) "\"}");
    /* one picture twice */
    share_again(d);
    draw_set_image(d, PNG3, 0);
    draw_set_image(d, PNG3, 1);
    share_perform(d);
    assert_contains(draw_sent(d)->body,
                    "\"image\":\"" SHARE_TEMP(4) "\",\"mask\":\"" SHARE_TEMP(4) "\"}");
    assert_int_equal(share_uploads(d), 4);
}

/* ---- not by an upload */

static void assert_inline(struct draw *d, const char *start)
{
    char want[100];
    snprintf(want, sizeof want, "\"image\":\"data:%s", start);
    assert_int_equal(share_uploads(d), 0);
    assert_contains(draw_sent(d)->body, want);
}

static void with_the_call_when_told(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    share_again(d);
    assert_status(apipie_request_set_input_transfer(d->request, APIPIE_TRANSFER_INLINE), APIPIE_OK);
    draw_set_image(d, PNG1, 0);
    share_perform(d);
    assert_inline(d, "image/png;base64," PNG1 "\"");
    draw_assert_one(d, 0);
    assert_status(apipie_request_set_input_transfer(NULL, 0), APIPIE_E_ARGUMENT);
    share_again(d);
    assert_status(apipie_request_set_input_transfer(d->request, 2), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_input_transfer(d->request, -1), APIPIE_E_ARGUMENT);
}

static void with_the_call_when_uploads_do_not_take_it(void **state)
{
    static struct share s;
    static const char avif[] = "\0\0\0\x18"
                               "ftypavif\0\0\0\0avifmif1";
    struct draw *d = share_serve(state, &s);
    assert_status(apipie_request_set_image_bytes(d->request, avif, sizeof avif - 1), APIPIE_OK);
    share_perform(d);
    assert_inline(d, "image/avif;base64,AAAAGGZ0eXBhdmlm");
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0),
                    "set_image: sent as a data: URL, for uploads take PNG");
}

static void with_the_call_when_it_is_too_large(void **state)
{
    static struct share s;
    const size_t n = APIPIE_LIMIT_UPLOAD + 1;
    struct draw *d = share_serve(state, &s);
    uint8_t *bytes = calloc(1, n);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    apipie_status status = apipie_request_set_image_bytes(d->request, bytes, n);
    assert_status(status, APIPIE_OK);
    share_perform(d);
    assert_inline(d, "image/png;base64,iVBOR");
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "at most 5 MB");
    /* one byte less is not */
    share_again(d);
    status = apipie_request_set_image_bytes(d->request, bytes, n - 1);
    free(bytes);
    assert_status(status, APIPIE_OK);
    share_perform(d);
    assert_int_equal(share_uploads(d), 1);
}

static void no_such_route(void **state, int32_t status)
{
    struct draw_reply list[] = {{status, NULL, "{}"}, {0, NULL, NULL}};
    struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    share_perform(d);
    assert_int_equal(share_uploads(d), 1);
    assert_contains(draw_sent(d)->body, "\"image\":\"data:image/png;base64," PNG1 "\"");
    assert_contains(draw_sent(d)->body, "\"mask\":\"data:image/png;base64," PNG2 "\"");
    draw_assert_one(d, 3);
    assert_contains(apipie_result_warning(draw_result(d), 1),
                    "set_image: sent as a data: URL, for this server has no uploads");
    assert_int_equal(apipie_request_tries(d->request), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), status);
    share_draw(d, PNG3); /* it is not asked again so soon */
    assert_int_equal(share_uploads(d), 1);
    draw_assert_one(d, 1);
    share_more(d, 3, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_int_equal(share_uploads(d), 1);
    d->server = raw_server_stop(d->server);
}

static void with_the_call_where_there_are_no_uploads(void **state)
{
    no_such_route(state, 404);
}

static void with_the_call_where_nothing_is_posted(void **state)
{
    no_such_route(state, 405);
}

/* ---- what goes wrong */

static void it_is_tried_again_and_paid_once(void **state)
{
    static const struct draw_reply list[] = {
        {500, NULL, "{}"}, {200, NULL, "{}"}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2), APIPIE_OK);
    share_perform(d);
    share_assert_image(d, SHARE_TEMP(3));
    assert_int_equal(share_uploads(d), 3);
    assert_int_equal(share_calls(d), 1);
    assert_int_equal(apipie_request_tries(d->request), 1);
}

static void not_for_ever(void **state)
{
    static const struct draw_reply list[] = {{200, NULL, NULL}, {500, NULL, "{}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list, .extra = "Cache-Control: no-store\r\n"};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(share_uploads(d),
                     3); /* image, mask; once more the image: its URL was not kept */
    assert_int_equal(share_calls(d), 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static void never_is_never(void **state)
{
    static const struct draw_reply list[] = {{500, NULL, "{}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_NEVER, 5), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(share_uploads(d), 1);
}

static void another_try_of_the_call_uploads_nothing(void **state)
{
    static const struct draw_reply list[] = {
        {429, NULL, "{}"}, {200, NULL, ONE_IMAGE}, {0, NULL, NULL}};
    static struct share s = {.calls = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1), APIPIE_OK);
    share_perform(d);
    assert_int_equal(share_uploads(d), 1);
    assert_int_equal(share_calls(d), 2);
    share_assert_image(d, SHARE_TEMP(1));
}

static int32_t keys_asked;

static apipie_status next_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    keys_asked += refused;
    snprintf(key, capacity, "key-%d", (int)keys_asked);
    return APIPIE_OK;
}

static void a_fresh_key_is_asked_for(void **state)
{
    char key[128];
    static const struct draw_reply list[] = {{401, NULL, "{}"}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    keys_asked = 0;
    apipie_client_set_key_fn(d->client, next_key, NULL, NULL);
    share_again(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    share_perform(d);
    share_assert_image(d, SHARE_TEMP(2));
    for (int32_t i = 1; i < 3; i++) {
        assert_true(
            raw_request_header(raw_server_request(d->server, i), "Authorization", key, sizeof key));
        assert_string_equal(key, "Bearer key-1");
    }
    assert_int_equal(share_calls(d), 1);
}

static void a_recording_holds_it(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    const char *tape = tape_fresh();
    assert_status(apipie_client_record(d->client, tape), APIPIE_OK);
    share_draw(d, PNG1);
    tape_turn(d, tape);
    share_draw(d, PNG1);
    draw_assert_one(d, 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    share_again(d);
    draw_set_image(d, PNG2, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
}

static void a_refused_upload_ends_it(void **state)
{
    static const struct draw_reply list[] = {
        {400, NULL, "{\"error\":{\"message\":\"File type not allowed\"}}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_PARAMETER);
    assert_contains(apipie_error_message(draw_error(d)), "File type not allowed");
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(share_calls(d), 0);
}

/* The other one takes the picture with the call. */
static void another_backend_draws(void **state)
{
    static const struct draw_reply list[] = {{500, NULL, "{}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    assert_status(apipie_client_add_backend(d->client, "oa", "openai", raw_server_base(d->server)),
                  APIPIE_OK);
    assert_status(apipie_client_set_backend_key(d->client, "oa", "k"), APIPIE_OK);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_add_route(d->request, NULL, NULL, "m"), APIPIE_OK);
    assert_status(apipie_request_add_route(d->request, "oa", NULL, "m"), APIPIE_OK);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    share_perform(d);
    assert_int_equal(share_uploads(d), 1);
    assert_string_equal(draw_sent(d)->path, "/v1/images/edits");
    assert_contains(draw_sent(d)->body, "name=\"image\"; filename=\"image.png\"");
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
}

static void cancelled_during_the_upload(void **state)
{
    static struct share s = {.stalls = 1};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (share_uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    share_draw(d, PNG1);
    assert_int_equal(share_uploads(d), 2);
}

static void redirected(void **state)
{
    static const struct draw_reply list[] = {
        {307, "Location: $ORIGIN/urlshare\r\n", ""}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = share_serve(state, &s);
    draw_set_image(d, PNG1, 0);
    share_perform(d);
    share_assert_image(d, SHARE_TEMP(2));
    assert_int_equal(apipie_request_tries(d->request), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
}

static void a_file_is_never_held(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    tape_fresh();
    const char *path = tape_path("in.png");
    uint8_t *bytes = calloc(1, APIPIE_LIMIT_UPLOAD);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    tape_write(path, bytes, APIPIE_LIMIT_UPLOAD);
    free(bytes);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    share_perform(d);
    assert_int_equal(share_uploads(d), 1);
    assert_in_range(apipie_client_memory(d->client, APIPIE_MEMORY_PEAK), 1, 1024 * 1024);
}

/* Nothing that could not be paid, and nothing that nobody wants any more. */
static void no_picture_leaves_in_vain(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    assert_status(apipie_client_set_price(d->client, NULL, NULL, 1000), APIPIE_OK);
    share_again(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_budget(d->request, 999), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_BUDGET);
    assert_int_equal(share_uploads(d), 0);
}

static apipie_status cancelling_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)refused;
    snprintf(key, capacity, "key");
    apipie_request_cancel(((struct draw *)user)->request);
    return APIPIE_OK;
}

static void cancelled_by_the_key(void **state)
{
    static struct share s;
    struct draw *d = share_serve(state, &s);
    apipie_client_set_key_fn(d->client, cancelling_key, d, NULL);
    share_again(d);
    draw_set_image(d, PNG1, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    draw_sleep_ms(50);
    assert_int_equal(share_uploads(d), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
}

static char logged[65536];

static void keep_line(void *user, int32_t level, const char *line)
{
    (void)user;
    (void)level;
    if (strlen(logged) + strlen(line) + 2 < sizeof logged)
        strcat(strcat(logged, line), "\n");
}

static void where_it_is_stays_out_of_the_log(void **state)
{
    static const struct draw_reply list[] = {
        {400, NULL, "{\"error\":{\"message\":\"cannot fetch " SHARE_TEMP(1) "?sig=secret\"}}"},
        {0, NULL, NULL}};
    static struct share s = {.calls = list};
    struct draw *d = share_serve(state, &s);
    logged[0] = '\0';
    assert_status(apipie_client_set_log(d->client, APIPIE_LOG_DEBUG, keep_line, NULL, NULL),
                  APIPIE_OK);
    share_again(d);
    draw_set_image(d, PNG1, 0);
    assert_true(apipie_request_perform(d->request) < 0);
    assert_contains(logged, "upload");
    assert_lacks(logged, "sig=secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_call_has_the_url),
        DRAW_TEST(image_and_mask),
        DRAW_TEST(with_the_call_when_told),
        DRAW_TEST(with_the_call_when_uploads_do_not_take_it),
        DRAW_TEST(with_the_call_when_it_is_too_large),
        DRAW_TEST(with_the_call_where_there_are_no_uploads),
        DRAW_TEST(with_the_call_where_nothing_is_posted),
        DRAW_TEST(it_is_tried_again_and_paid_once),
        DRAW_TEST(not_for_ever),
        DRAW_TEST(never_is_never),
        DRAW_TEST(another_try_of_the_call_uploads_nothing),
        DRAW_TEST(a_fresh_key_is_asked_for),
        DRAW_TEST(a_recording_holds_it),
        DRAW_TEST(a_refused_upload_ends_it),
        DRAW_TEST(another_backend_draws),
        DRAW_TEST(cancelled_during_the_upload),
        DRAW_TEST(no_picture_leaves_in_vain),
        DRAW_TEST(cancelled_by_the_key),
        DRAW_TEST(redirected),
        DRAW_TEST(a_file_is_never_held),
        DRAW_TEST(where_it_is_stays_out_of_the_log),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("upload_before", tests, NULL, NULL);
    tape_end();
    return failed;
}
