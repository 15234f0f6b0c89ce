/* SPDX-License-Identifier: MIT */
/* What a recorded client saw, a replaying one sees again, without server and key; and no key is in the file. Knows the public
 * API alone. */
#include "../support/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ONE_IMAGE, packed. */
#define ONE_IMAGE_GZIP                                                                             \
    "H4sIAAAAAAACA6tWSkksSVSyiq5WSjIzic8qzs9TslLKDHPyDyo38HZPz3cEAr/g0AzX0HQQ0xdEODs7eoLoYLcyNz8Q" \
    "wyM0xzUwLMjEKNcvMCWyMMC7QD+4TDsyO9AiIDkirLisLELfrSjd0zFM28IrOyMlx8LMEQyCQ8P8g7xNnSM9PW2VamNr" \
    "ARuNwDSOAAAA"
#define ECHO "{\"error\":{\"message\":\"Incorrect API key: " DRAW_KEY "\",\"code\":\"bad_key\"}}"

/* ---- servers */

static void cut(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 1000\r\n");
    raw_send_text(c, "{\"data\":[{\"b64_json\":\"iVBORw0KGgo");
    raw_close(c);
}

static void reset(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reset(c);
}

static void packed(struct raw_conn *c, const struct raw_request *q, void *user)
{
    uint8_t bytes[1024];
    (void)q;
    (void)user;
    raw_reply(c, 200, "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", bytes,
              draw_decode(ONE_IMAGE_GZIP, bytes));
}

/* The key comes back in a header and byte by byte. */
static void drip(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_head(c, 401, "X-Echo: " DRAW_KEY "\r\nConnection: close\r\n");
    raw_drip(c, ECHO, strlen(ECHO), 1, 0);
    raw_close(c);
}

/* A call that is sent elsewhere, whose picture is elsewhere too. */
static void wander(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const struct draw_reply there = {307, "Location: /other\r\n", ""};
    static const struct draw_reply moved = {302, "Location: /pics/2\r\n", ""};
    static const struct draw_reply drawn = {200, NULL, "{\"data\":[{\"url\":\"/pics/moved\"}]}"};
    (void)user;
    if (strcmp(q->path, "/other") == 0)
        draw_send_reply(c, &drawn);
    else if (strcmp(q->method, "POST") == 0)
        draw_send_reply(c, &there);
    else if (strcmp(q->path, "/pics/moved") == 0)
        draw_send_reply(c, &moved);
    else
        draw_send_picture(c, PNG2, "image/png");
}

static void picture_itself(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    draw_send_picture(c, JPEG1, "image/jpeg");
}

/* ---- requests */

static void ask_key(apipie_request *r)
{
    apipie_request_set_prompt(r, "my key is " DRAW_KEY, APIPIE_NTS);
}

static void ask_small(apipie_request *r)
{
    apipie_request_set_max_image_bytes(r, 20);
}

static void ask_two(apipie_request *r)
{
    apipie_request_set_n(r, 2);
}

/* Longer than a piece, with the key at the border of two. */
static void ask_keys(apipie_request *r)
{
    static char prompt[90000];
    for (size_t n = 0; n + strlen(DRAW_KEY) < sizeof prompt; n += strlen(DRAW_KEY))
        strcpy(prompt + n, DRAW_KEY);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
}

/* Longer than a piece, and encoded. */
static void ask_input(apipie_request *r)
{
    static uint8_t bytes[200000];
    size_t n = draw_decode(PNG1, bytes);
    for (; n < sizeof bytes; n++)
        bytes[n] = (uint8_t)(n * n >> 7);
    apipie_request_set_image_bytes(r, bytes, n);
}

struct row {
    const char *name;
    raw_handler handler; /* NULL: the replies */
    void (*ask)(apipie_request *r);
    int32_t retries;
    apipie_status want;
    int32_t unknown; /* without the key it is another request */
    struct draw_reply replies[3];
};

static const struct row rows[] = {
    {"a picture",
     NULL,
     NULL,
     0,
     APIPIE_OK,
     0,
     {{200, "Content-Type: application/json\r\nX-Request-Id: req-1\r\nSet-Cookie: sid=crumbs\r\n",
       "{\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"usage\":{\"cost\":0.04}}"}}},
    {"by url",
     NULL,
     NULL,
     0,
     APIPIE_OK,
     0,
     {{200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/pics/1?sign=1\"}]}"}}},
    {"two, one by url",
     NULL,
     ask_two,
     0,
     APIPIE_OK,
     0,
     {{200, NULL, "{\"data\":[{\"url\":\"/pics/3\"},{\"b64_json\":\"" PNG1 "\"}]}"}}},
    {"an input image", NULL, ask_input, 0, APIPIE_OK, 0, {{200, NULL, ONE_IMAGE}}},
    {"refused, then drawn",
     NULL,
     NULL,
     2,
     APIPIE_OK,
     0,
     {{503, "Retry-After-Ms: 1\r\n", "{\"error\":{\"message\":\"overloaded\"}}"},
      {429, "Retry-After-Ms: 1\r\n", "busy"},
      {200, NULL, ONE_IMAGE}}},
    {"the key comes back", NULL, NULL, 0, APIPIE_E_AUTH, 0, {{401, NULL, ECHO}}},
    {"byte by byte", drip, NULL, 0, APIPIE_E_AUTH, 0, {{0, NULL, NULL}}},
    {"the key was asked for", NULL, ask_key, 0, APIPIE_OK, 1, {{200, NULL, ONE_IMAGE}}},
    {"the key all over", NULL, ask_keys, 0, APIPIE_OK, 1, {{200, NULL, ONE_IMAGE}}},
    {"packed", packed, NULL, 0, APIPIE_OK, 0, {{0, NULL, NULL}}},
    {"cut off", cut, NULL, 0, APIPIE_E_NETWORK, 0, {{0, NULL, NULL}}},
    {"reset", reset, NULL, 0, APIPIE_E_NETWORK, 0, {{0, NULL, NULL}}},
    {"redirects", wander, NULL, 0, APIPIE_OK, 0, {{0, NULL, NULL}}},
    {"the picture itself", picture_itself, NULL, 0, APIPIE_OK, 0, {{0, NULL, NULL}}},
    {"too large", NULL, ask_small, 0, APIPIE_E_TOO_LARGE, 0, {{200, NULL, ONE_IMAGE}}},
    {"too large itself", picture_itself, ask_small, 0, APIPIE_E_TOO_LARGE, 0, {{0, NULL, NULL}}},
    {"an error without a body", NULL, NULL, 0, APIPIE_E_SERVER, 0, {{500, "", ""}}},
    {"a url that leads nowhere",
     NULL,
     NULL,
     0,
     APIPIE_E_NETWORK,
     0,
     {{200, NULL, "{\"data\":[{\"url\":\"/nothing\"}]}"}}},
};

static void ask(struct draw *d, const struct row *row)
{
    assert_status(apipie_client_set_retry(d->client,
                                          row->retries ? APIPIE_RETRY_SAFE : APIPIE_RETRY_NEVER,
                                          row->retries),
                  APIPIE_OK);
    draw_again(d);
    if (row->ask)
        row->ask(d->request);
}

static void assert_clean(const char *path)
{
    size_t n = 0;
    struct stat st;
    char *file = tape_read(path, &n);
    assert_int_equal(tape_count(file, n, DRAW_KEY), 0);
    assert_int_equal(tape_count(file, n, "sk-pie"), 0);
    assert_int_equal(tape_count(file, n, "crumbs"), 0);
    assert_int_equal(tape_count(file, n, "Bearer"), 0);
    assert_true(tape_count(file, n, "\nend 1 ") == 1);
    free(file);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void the_same_comes_again(void **state)
{
    struct draw *d = *state;
    const struct row *row = d->row;
    const char *path = tape_fresh();
    struct draw_script script = DRAW_SCRIPT(row->replies);
    while (script.count > 1 && script.replies[script.count - 1].status == 0)
        script.count--;
    draw_serve(d, row->handler ? row->handler : draw_handler, &script);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    ask(d, row);
    assert_ended(d->request, apipie_request_perform(d->request), row->want);
    char *first = tape_tell(d->request);
    tape_turn(d, path);
    assert_clean(path);
    if (row->unknown)
        assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_OK);
    ask(d, row);
    assert_ended(d->request, apipie_request_perform(d->request), row->want);
    char *second = tape_tell(d->request);
    assert_string_equal(second, first);
    free(first);
    free(second);
}

/* ---- what is not there */

static void each_exchange_serves_once(void **state)
{
    struct draw *d = *state;
    const char *path = tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    apipie_client_set_retry(d->client, APIPIE_RETRY_ALWAYS, 5);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    assert_contains(apipie_error_message(draw_error(d)),
                    "the recording holds no further exchange for POST http://127.0.0.1:");
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_NOT_SENT);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    draw_again(d);
    apipie_request_set_prompt(d->request, "a hill", APIPIE_NTS);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    assert_contains(apipie_error_message(draw_error(d)), "holds no exchange for POST");
    assert_contains(apipie_error_message(draw_error(d)), "with this body");
}

/* A key callback is asked, and a header is no part of what is compared. */
static void another_key_gets_the_same(void **state)
{
    struct draw *d = *state;
    const char *path = tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    assert_status(apipie_client_set_key(d->client, "sk-another-key-0001"), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

/* As JSON writes it, with a slash escaped and without. */
static void a_quoted_secret_is_not_kept(void **state)
{
    static const char *const keys[] = {"pw/0123\\\"4567", "hd/89ab\\\"cdef"};
    struct draw *d = *state;
    size_t n = 0;
    const char *path = tape_fresh();
    draw_serve_reply(
        d, 401, NULL,
        "{\"error\":\"pw\\/0123\\\\\\\"4567 hd/89ab\\\\\\\"cdef pw/0123\\\\\\\"4567\"}");
    assert_status(apipie_client_set_key(d->client, keys[0]), APIPIE_OK);
    assert_status(apipie_client_set_header(d->client, "X-Team", keys[1]), APIPIE_OK);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_AUTH);
    tape_turn(d, path);
    char *file = tape_read(path, &n);
    assert_int_equal(tape_count(file, n, "\"error\":\"***"), 1);
    assert_int_equal(tape_count(file, n, "0123"), 0);
    assert_int_equal(tape_count(file, n, "89ab"), 0);
    free(file);
}

/* ---- several at once */

/* Half of it, then all wait for each other, then the rest: in the file they cross. */
static void crossing(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char body[512];
    const char *picture = strstr(q->body, "dusk") ? PNG2 : PNG1;
    int32_t *all = user;
    snprintf(body, sizeof body, "{\"data\":[{\"b64_json\":\"%s\"}]}", picture);
    raw_head(c, 200, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    raw_chunk(c, body, 40);
    raw_work(c, 1);
    for (int32_t i = 0; i < 2000 && raw_server_busiest(raw_server_of(c)) < *all; i++)
        raw_pause_ms(c, 1);
    raw_pause_ms(c, 20);
    raw_chunk(c, body + 40, strlen(body) - 40);
    raw_chunk(c, "", 0);
    raw_work(c, -1);
}

static void ask_crossing(struct draw *d)
{
    draw_more(d, 2);
    apipie_request_set_prompt(d->more[0], "dawn", APIPIE_NTS);
    apipie_request_set_prompt(d->more[1], "dusk", APIPIE_NTS);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 2);
    draw_assert_image(apipie_request_result(d->more[0]), 0, PNG1, "image/png");
    draw_assert_image(apipie_request_result(d->more[1]), 0, PNG2, "image/png");
}

static void exchanges_cross(void **state)
{
    struct draw *d = *state;
    int32_t all = 2;
    size_t n = 0;
    const char *path = tape_fresh();
    draw_serve(d, crossing, &all);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    ask_crossing(d);
    tape_turn(d, path);
    char *file = tape_read(path, &n);
    const char *end = strstr(file, "\nend "), *first = strstr(file, "\nbody 1 "),
               *second = strstr(file, "\nbody 2 ");
    assert_true(end && first && second && first < end && second < end);
    free(file);
    ask_crossing(d);
}

static void many_at_once(void **state)
{
    struct draw *d = *state;
    const char *path = tape_fresh();
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/1\"}]}");
    apipie_client_set_max_in_flight(d->client, 16);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    draw_more(d, 40);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 40);
    tape_turn(d, path);
    draw_more(d, 40);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 40);
    draw_more(d, 1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 0);
}

/* ---- the ways of a picture out */

static void into_files(void **state)
{
    struct draw *d = *state;
    struct stat st;
    const char *path = tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    assert_status(apipie_request_set_output_file(d->request, tape_path("x.png")), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(stat(tape_path("x.png"), &st), 0);
    assert_int_equal(st.st_size, 86);
    draw_again(d);
    assert_status(apipie_request_set_output_folder(d->request, tape_path("."), NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(stat(apipie_result_image_path(draw_result(d), 0), &st), 0);
    assert_int_equal(st.st_size, 86);
}

static apipie_status sink_begin(void *user, uint32_t slot, const char *mime)
{
    (void)slot;
    (void)mime;
    *(size_t *)user = 0;
    return APIPIE_OK;
}

static apipie_status sink_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)slot;
    (void)data;
    *(size_t *)user += size;
    return APIPIE_OK;
}

static void into_a_sink(void **state)
{
    struct draw *d = *state;
    size_t size = 0;
    const char *path = tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    assert_status(
        apipie_request_set_sink(d->request, sink_begin, sink_write, NULL, NULL, NULL, &size, NULL),
        APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(size, 86);
}

/* ---- what was cancelled */

static void stall_once(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (q->number == 1) {
        raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 1000\r\n");
        raw_send_text(c, "{");
        raw_stall(c);
        return;
    }
    raw_reply_json(c, 200, ONE_IMAGE);
}

static void what_was_stopped_is_left_away(void **state)
{
    struct draw *d = *state;
    const char *path = tape_fresh();
    draw_serve(d, stall_once, NULL);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_status(apipie_request_set_timeout(d->request, 200), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    draw_again(d); /* and a replay may be cancelled, too */
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
}

/* ---- an https server, by a recording whose address was rewritten */

static void rewrite(const char *path, const char *origin, const char *far)
{
    size_t n = 0, length = strlen(origin);
    char *file = tape_read(path, &n);
    for (size_t i = 0; i + length <= n; i++) {
        if (memcmp(file + i, origin, length) == 0)
            memcpy(file + i, far, length);
    }
    tape_write(path, file, n);
    free(file);
}

static void of_an_https_server(void **state)
{
    struct draw *d = *state;
    char origin[64], far[64], base[70];
    const char *path = tape_fresh();
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/1\"}]}");
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    snprintf(origin, sizeof origin, "%s", raw_server_origin(d->server));
    tape_turn(d, path);
    size_t n = strlen(origin); /* the new one is as long: the file says how long texts are */
    snprintf(far, sizeof far, "https://%.*s.com", (int)n - 12, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    rewrite(path, origin, far);
    snprintf(base, sizeof base, "%s/v1", far);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = tape_client(base, path);
    d->request = draw_request(d->client);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(each_exchange_serves_once),
        DRAW_TEST(another_key_gets_the_same),
        DRAW_TEST(a_quoted_secret_is_not_kept),
        DRAW_TEST(exchanges_cross),
        DRAW_TEST(many_at_once),
        DRAW_TEST(into_files),
        DRAW_TEST(into_a_sink),
        DRAW_TEST(of_an_https_server),
        DRAW_TEST(what_was_stopped_is_left_away),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("recording", tests, NULL, NULL);
    failed += DRAW_ROWS(the_same_comes_again, rows);
    tape_end();
    return failed;
}
