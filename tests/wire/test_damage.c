/* SPDX-License-Identifier: MIT */
/* Broken replies: a whole picture is never thrown away, and without one the failure says what was wrong and that it
 * may have cost money. Knows the public API alone. */
#include "../support/draw.h"

#include <stdlib.h>
#include <string.h>

#define ITEM1     "{\"b64_json\":\"" PNG1 "\"}"
#define BAD_ITEM  "{\"b64_json\":\"iVBORw0KGgo!!AAANSUhEUg\"}"
#define HALF_ITEM "{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAAS"

/* Damage around a picture: success, with a warning. */
static const char *const saved[] = {
    "{\"data\":[" ITEM1 "]",
    "{\"data\":[" ITEM1,
    "{\"data\":[{\"b64_json\":\"" PNG1 "\"",
    "{\"data\":[" ITEM1 "]}}}}",
    "{\"data\":[" ITEM1 "]} and more",
    "{\"data\":[" ITEM1 "],\"usage\":{\"cost\":",
    "{\"data\":[" ITEM1 "],\"x\":NaN}",
    "{\"data\":[" ITEM1 "],\"x\":-Infinity}",
    "{\"data\":[" ITEM1 "],\"x\":01}",
    "{\"data\":[" ITEM1 "],}",
    "{\"data\":[" ITEM1 "],\"x\":'single'}",
    "{\"data\":[" ITEM1 "],\"x\":\"\\q\"}",
    "{\"created\":NaN,\"data\":[" ITEM1 "]}",
    "{\"data\":[" ITEM1 "]}\xff\xfe",
};

static void damage_around_a_picture(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, draw_perform_json(d, *(const char *const *)d->row), APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
    assert_true(strlen(apipie_result_warning(draw_result(d), 0)) > 0);
}

/* Text that is odd, but no damage: nothing to warn of. */
static const char *const odd_texts[][2] = {
    {"\xff", "\xef\xbf\xbd"},
    {"a\xc3", "a\xef\xbf\xbd"},
    {"\\ud800x", "\xef\xbf\xbdx"},
    {"x\\udc00", "x\xef\xbf\xbd"},
    {"a\\u0000b", "a\xef\xbf\xbd"
                  "b"},
    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
    {"a\nb", "a\nb"},
};

static void odd_text_is_made_safe(void **state)
{
    struct draw *d = *state;
    const char *const *text = d->row;
    char *body =
        draw_replace("{\"data\":[{\"revised_prompt\":\"%\",\"b64_json\":\"" PNG1 "\"}],\"usage\":{"
                     "\"cost\":0.01}}",
                     "%", text[0]);
    apipie_status status = draw_perform_json(d, body);
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_string_equal(apipie_result_image_revised_prompt(draw_result(d), 0), text[1]);
    assert_int_equal(apipie_result_cost(draw_result(d)), APIPIE_DOLLAR / 100);
}

static void usage_where_the_damage_was_is_unknown(void **state)
{
    struct draw *d = *state;
    assert_status(
        draw_perform_json(d, "{\"data\":[" ITEM1 "],\"usage\":{\"prompt_tokens\":15,\"cost\":0.0"),
        APIPIE_OK);
    assert_int_equal(apipie_result_cost(draw_result(d)), APIPIE_UNKNOWN);
}

/* One broken, one whole: both have their place. */
static void pair(struct draw *d, const char *body, size_t whole)
{
    draw_serve_json(d, body);
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), 2);
    draw_assert_image(r, whole, PNG1, "image/png");
    assert_int_equal(apipie_result_image_size(r, 1 - whole), 0);
    assert_null(apipie_result_image_data(r, 1 - whole, NULL));
    assert_null(apipie_result_image_mime(r, 1 - whole));
    assert_true(apipie_result_warning_count(r) >= 1);
}

static void second_item_broken(void **state)
{
    pair(*state, "{\"data\":[" ITEM1 "," BAD_ITEM "]}", 0);
}

static void first_item_broken(void **state)
{
    pair(*state, "{\"data\":[" BAD_ITEM "," ITEM1 "]}", 1);
}

static void second_item_null(void **state)
{
    pair(*state, "{\"data\":[" ITEM1 ",{\"b64_json\":null,\"url\":null}]}", 0);
}

static void second_item_cut(void **state)
{
    pair(*state, "{\"data\":[" ITEM1 "," HALF_ITEM, 0);
}

static void second_url_not_to_be_had(void **state)
{
    struct draw *d = *state;
    pair(d, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"},{\"url\":\"$ORIGIN/gone\"}]}", 0);
    assert_contains(apipie_result_image_url(draw_result(d), 1), "/gone");
}

static void cut_reply(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *body = user;
    (void)q;
    raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 5000\r\n");
    raw_send_text(c, body);
    raw_close(c);
}

static void connection_cut_behind_the_picture(void **state)
{
    struct draw *d = *state;
    static char body[] = "{\"data\":[" ITEM1 ",";
    draw_serve(d, cut_reply, body);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
}

static void assert_may_have_paid(struct draw *d, apipie_status got, apipie_status want)
{
    assert_ended(d->request, got, want);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_true(strlen(apipie_error_message(draw_error(d))) > 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_UNKNOWN);
}

static void connection_cut_inside_the_picture(void **state)
{
    struct draw *d = *state;
    static char body[] = "{\"data\":[" HALF_ITEM;
    draw_serve(d, cut_reply, body);
    assert_may_have_paid(d, apipie_request_perform(d->request), APIPIE_E_NETWORK);
}

static void bad_chunks(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_head(c, 200, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    raw_chunk(c, "{\"data\":[", 9);
    raw_send_text(c, "zzzz\r\nnonsense\r\n");
    raw_close(c);
}

static void bad_chunked_encoding(void **state)
{
    struct draw *d = *state;
    draw_serve(d, bad_chunks, NULL);
    assert_may_have_paid(d, apipie_request_perform(d->request), APIPIE_E_NETWORK);
}

static void no_length_and_close(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_head(c, 200, "Content-Type: application/json\r\nConnection: close\r\n");
    raw_send_text(c, ONE_IMAGE);
    raw_close(c);
}

static void reply_that_ends_with_the_connection(void **state)
{
    struct draw *d = *state;
    draw_serve(d, no_length_and_close, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

/* No picture in a reply that was delivered: a failure, and nobody knows whether it was paid. */
struct pictureless {
    const char *body;
    apipie_status status;
};

static const struct pictureless pictureless[] = {
    {"{\"data\":[]}", APIPIE_E_NO_IMAGE},
    {"{\"data\":null}", APIPIE_E_NO_IMAGE},
    {"{}", APIPIE_E_NO_IMAGE},
    {"[]", APIPIE_E_NO_IMAGE},
    {"{\"created\":1}", APIPIE_E_NO_IMAGE},
    {"{\"data\":[{\"b64_json\":null,\"url\":null}]}", APIPIE_E_NO_IMAGE},
    {"{\"data\":[{\"b64_json\":\"\",\"url\":\"\"}]}", APIPIE_E_NO_IMAGE},
    {"{\"data\":[{}]}", APIPIE_E_NO_IMAGE},
    {"{\"data\":[" BAD_ITEM "]}", APIPIE_E_MALFORMED},
    {"{\"data\":[" HALF_ITEM, APIPIE_E_MALFORMED},
    {"{\"data\":[{\"b64_json\":\"A\"}]}", APIPIE_E_MALFORMED},
    {"{\"data\":[{\"b64_json\":\"QUJD=REVG\"}]}", APIPIE_E_MALFORMED},
    {"{\"data\":[", APIPIE_E_MALFORMED},
    {"", APIPIE_E_MALFORMED},
    {"hello", APIPIE_E_MALFORMED},
    {"<!DOCTYPE html><html><head><title>Welcome</title></head></html>", APIPIE_E_MALFORMED},
    {"{\"finish_reasons\":[\"Filter reason: prompt\"]}", APIPIE_E_CONTENT_POLICY},
    {"{\"status\":\"Request Moderated\",\"details\":{\"Moderation Reasons\":[\"x\"]}}",
     APIPIE_E_CONTENT_POLICY},
    {"{\"error\":{\"message\":\"it broke\"},\"message\":\"it broke\"}", APIPIE_E_SERVER},
    {"{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"no\"}}",
     APIPIE_E_CONTENT_POLICY},
    {"{\"error\":\"it broke\"}", APIPIE_E_SERVER},
};

static void a_reply_without_a_picture(void **state)
{
    struct draw *d = *state;
    const struct pictureless *p = d->row;
    assert_may_have_paid(d, draw_perform_json(d, p->body), p->status);
}

static void success_status_with_an_error_keeps_its_words(void **state)
{
    struct draw *d = *state;
    draw_perform_json(d, "{\"error\":{\"code\":\"gpu_lost\",\"message\":\"the GPU fell off\"}}");
    assert_contains(apipie_error_message(draw_error(d)), "the GPU fell off");
    assert_string_equal(apipie_error_provider_code(draw_error(d)), "gpu_lost");
    assert_int_equal(apipie_error_http_status(draw_error(d)), 200);
}

static void empty_error_members_are_no_errors(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request,
                 draw_perform_json(d, "{\"error\":null,\"errors\":[],\"data\":[" ITEM1 "]}"),
                 APIPIE_OK);
    draw_assert_one(d, 0);
}

static void a_picture_outweighs_an_error(void **state)
{
    struct draw *d = *state;
    assert_ended(
        d->request,
        draw_perform_json(d, "{\"data\":[" ITEM1 "],\"error\":{\"message\":\"upscaler off\"}}"),
        APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
}

static void usage_of_a_reply_without_a_picture(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[],\"usage\":{\"cost\":0.04}}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NO_IMAGE);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_YES);
    assert_non_null(draw_result(d));
    assert_int_equal(apipie_result_cost(draw_result(d)), APIPIE_DOLLAR / 25);
}

static void a_job_instead_of_a_picture(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 202, NULL,
                     "{\"id\":\"job-1\",\"status\":\"queued\",\"poll_url\":\"/jobs/1\"}");
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_E_NO_IMAGE || status == APIPIE_E_UNSUPPORTED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
}

static char *repeat(const char *before, char with, size_t n, const char *after)
{
    char *text = malloc(strlen(before) + n + strlen(after) + 1);
    assert_non_null(text);
    strcpy(text, before);
    memset(text + strlen(before), with, n);
    strcpy(text + strlen(before) + n, after);
    return text;
}

static void nesting_without_end(void **state)
{
    struct draw *d = *state;
    char *body = repeat("{\"data\":[" ITEM1 "],\"x\":", '[', 200000, "");
    apipie_status status = draw_perform_json(d, body);
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_true(apipie_result_warning_count(draw_result(d)) >= 1);
}

static void a_long_text_is_dropped_with_a_warning(void **state)
{
    struct draw *d = *state;
    char *body =
        repeat("{\"echo\":\"", 'x', 300000, "\",\"data\":[" ITEM1 "],\"usage\":{\"cost\":0.04}}");
    apipie_status status = draw_perform_json(d, body);
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 1);
    assert_int_equal(apipie_result_cost(draw_result(d)), APIPIE_DOLLAR / 25);
}

static void ten_megabytes_of_envelope(void **state)
{
    struct draw *d = *state;
    char *body = repeat("{\"data\":[" ITEM1 "],\"x\":[0", ' ', 10000000, "]}");
    for (char *at = strchr(body, ' '); *at == ' ' && at[1] == ' '; at += 2)
        memcpy(at, ",1", 2);
    apipie_status status = draw_perform_json(d, body);
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        DRAW_TEST(usage_where_the_damage_was_is_unknown),
        DRAW_TEST(second_item_broken),
        DRAW_TEST(first_item_broken),
        DRAW_TEST(second_item_null),
        DRAW_TEST(second_item_cut),
        DRAW_TEST(second_url_not_to_be_had),
        DRAW_TEST(connection_cut_behind_the_picture),
        DRAW_TEST(connection_cut_inside_the_picture),
        DRAW_TEST(bad_chunked_encoding),
        DRAW_TEST(reply_that_ends_with_the_connection),

        DRAW_TEST(success_status_with_an_error_keeps_its_words),
        DRAW_TEST(empty_error_members_are_no_errors),
        DRAW_TEST(a_picture_outweighs_an_error),
        DRAW_TEST(usage_of_a_reply_without_a_picture),
        DRAW_TEST(a_job_instead_of_a_picture),
        DRAW_TEST(nesting_without_end),
        DRAW_TEST(a_long_text_is_dropped_with_a_warning),
        DRAW_TEST(ten_megabytes_of_envelope),
    };
    int failed = cmocka_run_group_tests_name("damage", tests, NULL, NULL);
    failed += DRAW_ROWS(damage_around_a_picture, saved);
    failed += DRAW_ROWS(odd_text_is_made_safe, odd_texts);
    failed += DRAW_ROWS(a_reply_without_a_picture, pictureless);
    return failed;
}
