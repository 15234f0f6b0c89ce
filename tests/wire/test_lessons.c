/* SPDX-License-Identifier: MIT */
/* Defects that a reader proved once, each with a program of its own: what was cut, refused or freed at an odd moment.
 * Knows the public API alone. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- replies that break off */

static const char *const cuts[] = {"a chunk is missing", "Content-Length is too large"};

/* The url comes whole, the end of the reply does not. */
static void cut_behind_the_url(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *cut = user;
    char body[256], headers[128];
    if (strcmp(q->method, "GET") == 0) {
        draw_send_picture(c, PNG1, "image/png");
        return;
    }
    snprintf(body, sizeof body, "{\"created\":1,\"data\":[{\"url\":\"%s/pics/1\"}]}",
             raw_origin(c));
    if (cut == cuts[0]) {
        raw_head(c, 200,
                 "Content-Type: application/json\r\n"
                 "Transfer-Encoding: chunked\r\n");
        raw_chunk(c, body, strlen(body));
    } else {
        snprintf(headers, sizeof headers,
                 "Content-Type: application/json\r\nContent-Length: %d\r\n", (int)strlen(body) + 2);
        raw_head(c, 200, headers);
        raw_send_text(c, body);
    }
    raw_close(c);
}

static void a_url_that_came_is_fetched(void **state)
{
    struct draw *d = *state;
    const char *const *cut = d->row;
    draw_serve(d, cut_behind_the_url, (void *)(uintptr_t)*cut);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 1);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_YES);
}

/* The picture breaks off in the first reply, and is whole in the second. */
static void cut_in_the_picture(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *body = user;
    char headers[128];
    if (q->number > 1) {
        raw_reply_json(c, 200, body);
        return;
    }
    snprintf(headers, sizeof headers, "Content-Type: application/json\r\nContent-Length: %d\r\n",
             (int)strlen(body));
    raw_head(c, 200, headers);
    raw_send(c, body, strlen(body) / 2);
    raw_close(c);
}

/* Outlives the server's threads. */
static char *large_picture(void)
{
    static const char head[] =
        "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAAS";
    static char body[sizeof head + 400000 + 4];
    memset(body, 'A', sizeof body);
    memcpy(body, head, sizeof head - 1);
    memcpy(body + sizeof body - 5, "\"}]}", 5);
    return body;
}

struct output {
    const char *name;
    int to_device;
    int32_t posts;
};

static const struct output outputs[] = {{"a device", 1, 1}, {"memory", 0, 2}};

/* What went into a device cannot be taken back: a second picture could not be kept, so it is not paid for. */
static void a_second_picture_only_where_it_can_go(void **state)
{
    struct draw *d = *state;
    const struct output *t = d->row;
    char folder[] = "/tmp/apipie-lessons-XXXXXX", link[64], *body = large_picture();
    assert_non_null(mkdtemp(folder));
    snprintf(link, sizeof link, "%s/device", folder);
    assert_int_equal(symlink("/dev/null", link), 0);
    draw_serve(d, cut_in_the_picture, body);
    apipie_request_set_retry(d->request, APIPIE_RETRY_ALWAYS, 2);
    if (t->to_device)
        apipie_request_set_output_file(d->request, link);
    apipie_status status = apipie_request_perform(d->request);
    int32_t billed = draw_error(d) ? apipie_error_billed(draw_error(d)) : APIPIE_BILLED_YES;
    unlink(link);
    rmdir(folder);
    assert_true(t->to_device ? status < 0 : status == APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), t->posts);
    assert_true(billed != APIPIE_BILLED_NO);
}

/* ---- replies that claim too much */

static void an_image_at_index_two_million(void **state)
{
    struct draw *d = *state;
    static const char begin[] = "{\"data\":[", end[] = "{\"b64_json\":\"" PNG1 "\"}]}";
    size_t items = 2000000, n = sizeof begin - 1;
    char *body = malloc(n + 2 * items + sizeof end);
    assert_non_null(body);
    memcpy(body, begin, n);
    for (size_t i = 0; i < items; i++)
        memcpy(body + n + 2 * i, "0,", 2);
    memcpy(body + n + 2 * items, end, sizeof end);
    apipie_status status = draw_perform_json(d, body);
    d->reply.body = NULL;
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    size_t count = apipie_result_image_count(draw_result(d)), whole = 0;
    assert_in_range(count, 1, 257);
    for (size_t i = 0; i < count; i++) {
        if (apipie_result_image_data(draw_result(d), i, NULL)) {
            draw_assert_image(draw_result(d), i, PNG1, "image/png");
            whole++;
        }
    }
    assert_int_equal(whole, 1);
}

/* ---- 503, 401, 404 */

static const struct draw_reply nginx_busy = {
    503, "Content-Type: text/html\r\n",
    "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    "<center><h1>503 Service Temporarily "
    "Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"};

/* A gateway's stock page says nothing of what happened behind it. */
static void a_page_503_is_not_a_refusal(void **state)
{
    struct draw *d = *state;
    draw_serve_script(d, &(struct draw_script){&nginx_busy, 1});
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_UNKNOWN);
}

static void an_overloaded_model_is_asked_again(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply replies[] = {
        {503, NULL, "{\"error\":{\"message\":\"model is overloaded\"}}"}, {200, NULL, ONE_IMAGE}};
    draw_serve_script(d, &(struct draw_script)DRAW_SCRIPT(replies));
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_REJECTED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
}

static void begin_401_and_stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_head(c, 401, "Content-Type: application/json\r\nContent-Length: 50\r\n");
    raw_send_text(c, "{\"err");
    raw_stall(c);
}

static void a_refusal_counts_by_its_first_line(void **state)
{
    struct draw *d = *state;
    draw_serve(d, begin_401_and_stall, NULL);
    apipie_request_set_timeout(d->request, 300);
    assert_true(apipie_request_perform(d->request) < 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), 401);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_REJECTED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static void a_picture_that_is_not_there(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"url\":\"$ORIGIN/gone\"}]}");
    assert_true(apipie_request_perform(d->request) < 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 1), APIPIE_PURPOSE_DOWNLOAD);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 1), 404);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 1), APIPIE_OUTCOME_REJECTED);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
}

/* ---- waits */

static void a_wait_for_ever_is_not_no_wait(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 429, "Retry-After: 99999999999999999999\r\n", "{}");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    int64_t start = draw_now_ms();
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_RATE_LIMITED);
    assert_true(draw_now_ms() - start < 2000);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_true(apipie_error_retry_after(draw_error(d)) > INT64_C(1000000000000));
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

/* ---- settings */

static const char *const bad_urls[] = {
    "https://gateway.invalid/v1?x=1", "https://gateway.invalid/v1#f",
    "https://user:word@gateway.invalid/v1", "https://user@gateway.invalid/v1"};

/* As the setter does, for a URL that came another way. */
static void a_base_url_of_the_environment(void **state)
{
    struct draw *d = *state;
    const char *url = *(const char *const *)d->row;
    setenv("APIPIE_BASE_URL", url, 1);
    d->client = apipie_client_new(NULL);
    unsetenv("APIPIE_BASE_URL");
    assert_non_null(d->client);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_OK);
    d->request = draw_request(d->client);
    assert_status(apipie_request_submit(d->request), APIPIE_E_CONFIG);
    assert_status(apipie_request_status(d->request), APIPIE_E_CONFIG);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_lacks(apipie_error_message(draw_error(d)), "word");
}

static void back_to_memory(void **state)
{
    struct draw *d = *state;
    static const char path[] = "/tmp/apipie-lessons-no-folder/never.png";
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_output_file(d->request, path), APIPIE_OK);
    assert_status(apipie_request_set_output_file(d->request, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_null(apipie_result_image_path(draw_result(d), 0));
    draw_again(d);
    assert_status(apipie_request_set_output_folder(d->request, path, NULL), APIPIE_OK);
    assert_status(apipie_request_set_output_folder(d->request, NULL, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(an_image_at_index_two_million),
        DRAW_TEST(a_page_503_is_not_a_refusal),
        DRAW_TEST(an_overloaded_model_is_asked_again),
        DRAW_TEST(a_refusal_counts_by_its_first_line),
        DRAW_TEST(a_picture_that_is_not_there),
        DRAW_TEST(a_wait_for_ever_is_not_no_wait),
        DRAW_TEST(back_to_memory),
    };
    int failed = cmocka_run_group_tests_name("lessons", tests, NULL, NULL);
    failed += DRAW_ROWS(a_url_that_came_is_fetched, cuts);
    failed += DRAW_ROWS(a_second_picture_only_where_it_can_go, outputs);
    failed += DRAW_ROWS(a_base_url_of_the_environment, bad_urls);
    return failed;
}
