/* SPDX-License-Identifier: MIT */
/* A picture that is uploaded to the gateway by itself: what goes out, what is refused before that, and what comes back. */
#include "../support/asks.h"
#include "../support/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT   "https://apipie.ai/temp/a.png"
#define GOOD "{\"url\":\"" AT "\"}"

static void make(struct draw *d)
{
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_UPLOAD);
    assert_non_null(d->request);
}

static struct draw *serve(void **state, int32_t status, const char *headers, const char *body)
{
    struct draw *d = *state;
    draw_serve_reply(d, status, headers, body);
    make(d);
    draw_set_image(d, PNG1, 0);
    return d;
}

static void perform(struct draw *d)
{
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

/* ---- what goes out */

#define FORM(file, type, picture) ASKS_FILE("file", file, type, picture) "--B--\r\n"

static void the_request_to_the_byte(void **state)
{
    char key[128];
    struct draw *d = serve(state, 200, NULL, GOOD);
    perform(d);
    assert_int_equal(raw_server_count(d->server, NULL), 1); /* nothing is fetched */
    const struct raw_request *q = draw_sent(d);
    assert_true(asks_is(q, "/urlshare", FORM("image.png", "image/png", "$1")));
    assert_true(raw_request_header(q, "Authorization", key, sizeof key));
    assert_string_equal(key, "Bearer " DRAW_KEY);
    assert_false(raw_request_header(q, "Idempotency-Key", key, sizeof key));
    make(d);
    draw_set_image(d, JPEG1, 0);
    perform(d);
    assert_true(asks_is(draw_sent(d), "/urlshare", FORM("image.jpeg", "image/jpeg", "$3")));
}

static void what_comes_of_it(void **state)
{
    struct draw *d = serve(state, 200, NULL, GOOD);
    perform(d);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), 1);
    assert_string_equal(apipie_result_image_url(r, 0), AT);
    assert_int_equal(apipie_result_image_size(r, 0), 0);
    assert_int_equal(apipie_result_cost(r), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_NO);
    assert_string_equal(apipie_result_backend(r), "apipie");
    assert_int_equal(apipie_result_warning_count(r), 1);
    assert_contains(apipie_result_warning(r, 0), "1024x768"); /* it is 3x2 */
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 0), APIPIE_PURPOSE_UPLOAD);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_tries(d->request), 0);
    assert_int_equal(apipie_request_charge(d->request, NULL), 0);
}

/* Without "/v1" there is none to take off. */
static void beside_the_base_url(void **state)
{
    char base[200];
    static const char *const ends[][2] = {{"", "/urlshare"},
                                          {"/v1/", "/urlshare"},
                                          {"/v1/v1", "/v1/urlshare"},
                                          {"/gate/v1", "/gate/urlshare"},
                                          {"/gatev1", "/gatev1/urlshare"}};
    struct draw *d = serve(state, 200, NULL, GOOD);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends)[0]; i++) {
        snprintf(base, sizeof base, "%s%s", raw_server_origin(d->server), ends[i][0]);
        assert_status(apipie_client_set_base_url(d->client, base), APIPIE_OK);
        make(d);
        draw_set_image(d, PNG1, 0);
        perform(d);
        assert_string_equal(draw_sent(d)->path, ends[i][1]);
    }
}

static const struct kind {
    const char *name, *file, *mime;
    const char *bytes;
    size_t n;
} kinds[] = {
    {"gif", "image.gif", "image/gif", "GIF89a\1\0\1\0", 10},
    {"bmp", "image.bmp", "image/bmp", "BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0", 26},
    {"little tiff", "image.tiff", "image/tiff", "II*\0\x8\0\0\0", 8},
    {"big tiff", "image.tiff", "image/tiff", "MM\0*\0\0\0\x8", 8},
    {"webp", "image.webp", "image/webp", "RIFF\x1a\0\0\0WEBPVP8L", 16},
    {"svg", "image.svg", "image/svg+xml", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", 41},
};

static void a_kind_of_picture(void **state)
{
    char head[200];
    struct draw *d = serve(state, 200, NULL, GOOD);
    const struct kind *row = d->row;
    make(d);
    assert_status(apipie_request_set_image_bytes(d->request, row->bytes, row->n), APIPIE_OK);
    perform(d);
    snprintf(head, sizeof head,
             "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
             "Content-Type: %s\r\n\r\n",
             row->file, row->mime);
    const char *at = strstr(draw_sent(d)->body, head);
    assert_non_null(at);
    assert_memory_equal(at + strlen(head), row->bytes, row->n);
    assert_memory_equal(at + strlen(head) + row->n, "\r\n--", 4);
}

/* ---- files */

static const char *file_of(size_t n)
{
    const char *path = tape_path("in.png");
    uint8_t *bytes = calloc(1, n + 128);
    assert_non_null(bytes);
    for (size_t i = draw_decode(PNG1, bytes); i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    tape_write(path, bytes, n);
    free(bytes);
    return path;
}

static void a_file_is_streamed(void **state)
{
    size_t n = 0;
    struct draw *d = serve(state, 200, NULL, GOOD);
    tape_fresh();
    const char *path = file_of(APIPIE_LIMIT_UPLOAD);
    make(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    perform(d);
    char *bytes = tape_read(path, &n);
    const struct raw_request *q = draw_sent(d);
    const char *at = strstr(q->body, "\r\n\r\n");
    assert_in_range(q->body_size, n, n + 400);
    int32_t same = memcmp(at + 4, bytes, n) == 0;
    free(bytes);
    assert_true(same);
    assert_in_range(apipie_client_memory(d->client, APIPIE_MEMORY_PEAK), 1, 1024 * 1024);
    assert_true(apipie_request_attempt_time(d->request, 0, APIPIE_TIME_TOTAL) >= 0);
}

static void a_file_that_changed_is_not_sent(void **state)
{
    struct draw *d = serve(state, 200, NULL, GOOD);
    tape_fresh();
    const char *path = file_of(1000);
    make(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    file_of(1001);
    assert_status(apipie_request_perform(d->request), APIPIE_E_FILE);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

/* ---- refused before anything is sent */

static void refused(struct draw *d, apipie_status want, const char *says)
{
    assert_status(apipie_request_perform(d->request), want);
    assert_contains(apipie_error_message(draw_error(d)), says);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    make(d);
}

static void what_no_upload_is(void **state)
{
    static const char avif[] = "\0\0\0\x18"
                               "ftypavif\0\0\0\0avifmif1";
    struct draw *d = serve(state, 200, NULL, GOOD);
    make(d);
    refused(d, APIPIE_E_ARGUMENT, "set_image: the picture to upload is missing");
    apipie_request_set_image_url(d->request, AT);
    refused(d, APIPIE_E_ARGUMENT, "set_image: it is a URL already");
    apipie_request_set_image_url(d->request, "data:image/gif;base64," GIF1);
    refused(d, APIPIE_E_ARGUMENT, "set_image: it is a URL already");
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    refused(d, APIPIE_E_ARGUMENT, "set_mask: ");
    draw_set_image(d, PNG1, 0);
    apipie_request_add_image_url(d->request, AT);
    refused(d, APIPIE_E_ARGUMENT, "add_image: an upload takes one picture");
    draw_set_image(d, PNG1, 0);
    apipie_request_set_prompt(d->request, "a lake", APIPIE_NTS);
    refused(d, APIPIE_E_ARGUMENT, "set_prompt: ");
    assert_status(apipie_request_set_image_bytes(d->request, avif, sizeof avif - 1), APIPIE_OK);
    refused(d, APIPIE_E_ARGUMENT, "set_image: uploads take PNG, JPEG");
    assert_status(apipie_request_set_image_bytes(d->request, "no picture", 10), APIPIE_E_ARGUMENT);
    refused(d, APIPIE_E_ARGUMENT, "set_image_bytes: ");
}

static void one_byte_too_many(void **state)
{
    size_t n = 0;
    struct draw *d = serve(state, 200, NULL, GOOD);
    tape_fresh();
    const char *path = file_of(APIPIE_LIMIT_UPLOAD + 1);
    make(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    refused(d, APIPIE_E_ARGUMENT, "at most 5 MB");
    char *bytes = tape_read(path, &n);
    assert_status(apipie_request_set_image_bytes(d->request, bytes, n), APIPIE_OK);
    free(bytes);
    refused(d, APIPIE_E_ARGUMENT, "at most 5 MB");
}

static void servers_without_uploads(void **state)
{
    static const char *const dialects[] = {"openai",   "a1111",     "sdcpp",
                                           "together", "deepinfra", "bedrock"};
    struct draw *d = serve(state, 200, NULL, GOOD);
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects)[0]; i++) {
        assert_status(apipie_client_add_backend(d->client, dialects[i], dialects[i],
                                                raw_server_origin(d->server)),
                      APIPIE_OK);
        assert_status(apipie_client_set_backend_key(d->client, dialects[i], "k"), APIPIE_OK);
        make(d);
        draw_set_image(d, PNG1, 0);
        apipie_request_set_backend(d->request, dialects[i]);
        refused(d, APIPIE_E_UNSUPPORTED, dialects[i]);
    }
}

static void a_key_is_needed(void **state)
{
    struct draw *d = serve(state, 200, NULL, GOOD);
    apipie_client_unref(d->client);
    d->client = apipie_client_new(NULL);
    assert_status(apipie_client_set_base_url(d->client, raw_server_base(d->server)), APIPIE_OK);
    make(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_perform(d->request), APIPIE_E_CONFIG);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

/* ---- what comes back */

#define HTML "Content-Type: text/html\r\n"

static const struct answer {
    const char *name;
    int32_t status;
    const char *headers, *body;
    apipie_status want;
    int32_t retryable;
    const char *says;
} answers[] = {
    {"400", 400, NULL, "{\"error\":{\"message\":\"File type not allowed\"}}", APIPIE_E_PARAMETER, 0,
     "File type not allowed"},
    {"400, plain", 400, NULL, "{\"message\":\"No file\"}", APIPIE_E_PARAMETER, 0, "No file"},
    {"401", 401, NULL, "{}", APIPIE_E_AUTH, 0, ""},
    {"402", 402, NULL, "{\"code\":\"ACCOUNT_ERROR\",\"message\":\"out of credit\"}", APIPIE_E_QUOTA,
     0, "out of credit"},
    {"404", 404, HTML, "<html><title>Not Found</title></html>", APIPIE_E_NOT_FOUND, 0, ""},
    {"413", 413, NULL, "{}", APIPIE_E_PARAMETER, 0, ""},
    {"429", 429, NULL, "{}", APIPIE_E_RATE_LIMITED, 1, ""},
    {"500", 500, NULL, "{\"error\":\"disk full\"}", APIPIE_E_SERVER, 1, "disk full"},
    {"303", 303, "Location: /else\r\n", "", APIPIE_E_NETWORK, 0, "303"},
    {"empty", 200, NULL, "", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"204", 204, NULL, "", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"no member", 200, NULL, "{}", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"null", 200, NULL, "{\"url\":null}", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"empty url", 200, NULL, "{\"url\":\" \"}", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"object", 200, NULL, "{\"url\":{\"url\":\"x\"}}", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"array", 200, NULL, "[\"" AT "\"]", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"text", 200, NULL, AT, APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"page", 200, HTML, "<html><title>Hi</title></html>", APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"cut JSON", 200, NULL, "{\"url\":\"" AT, APIPIE_E_MALFORMED, 1, "holds no URL"},
    {"a blank in it", 200, NULL, "{\"url\":\"https://a.b/c d\"}", APIPIE_E_MALFORMED, 1, "is none"},
    {"two lines", 200, NULL, "{\"url\":\"https://a.b/c\\nhttps://d\"}", APIPIE_E_MALFORMED, 1,
     "is none"},
    {"another scheme", 200, NULL, "{\"url\":\"file:///etc/passwd\"}", APIPIE_E_MALFORMED, 1,
     "is none"},
    {"an error inside", 200, NULL, "{\"error\":{\"message\":\"no room\"}}", APIPIE_E_SERVER, -1,
     "no room"},
};

static void an_answer(void **state)
{
    struct draw *d = *state;
    const struct answer *row = d->row;
    serve(state, row->status, row->headers, row->body);
    assert_ended(d->request, apipie_request_perform(d->request), row->want);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_message(e), row->says);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_http_status(e), row->status);
    if (row->retryable >= 0)
        assert_int_equal(apipie_error_is_retryable(e), row->retryable);
    if (row->status == 404) /* no model was named */
        assert_string_equal(apipie_error_hint(e), "is it the gateway's base URL?");
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 0), APIPIE_PURPOSE_UPLOAD);
}

/* ... and what is a URL all the same. */
static const struct url {
    const char *name, *body, *want; /* $ORIGIN: the server's */
} urls[] = {
    {"relative", "{\"url\":\"/temp/b.png\"}", "$ORIGIN/temp/b.png"},
    {"more beside it", "{\"ok\":true,\"url\":\"" AT "\",\"expires\":1}", AT},
    {"escaped", "{\"url\":\"https:\\/\\/apipie.ai\\/temp\\/a.png\"}", AT},
    {"blanks around", "{\"url\":\" " AT " \"}", AT},
    {"an error of null", "{\"error\":null,\"url\":\"" AT "\"}", AT},
    {"a query", "{\"url\":\"" AT "?sig=a%2Fb\"}", AT "?sig=a%2Fb"},
};

static void a_url(void **state)
{
    struct draw *d = *state;
    const struct url *row = d->row;
    serve(state, 200, NULL, row->body);
    perform(d);
    char *want = draw_replace(row->want, "$ORIGIN", raw_server_origin(d->server));
    int32_t same = strcmp(apipie_result_image_url(draw_result(d), 0), want) == 0;
    free(want);
    assert_true(same);
}

static void an_image_is_no_url(void **state)
{
    struct draw *d = serve(state, 200, "Content-Type: image/gif\r\n", "GIF89a\1");
    assert_status(apipie_request_perform(d->request), APIPIE_E_MALFORMED);
}

/* ---- again */

static void it_is_tried_again(void **state)
{
    static const struct draw_reply replies[] = {
        {500, NULL, "{}"}, {200, NULL, "{}"}, {200, NULL, GOOD}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    make(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2), APIPIE_OK);
    perform(d);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
    const struct raw_request *first = raw_server_request(d->server, 0);
    assert_int_equal(first->body_size, draw_sent(d)->body_size);
    assert_memory_equal(first->body, draw_sent(d)->body, first->body_size);
}

static void a_redirect_takes_the_picture_along(void **state)
{
    static const struct draw_reply replies[] = {{307, "Location: $ORIGIN/other\r\n", ""},
                                                {200, NULL, GOOD}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    make(d);
    draw_set_image(d, PNG1, 0);
    perform(d);
    assert_true(asks_is(draw_sent(d), "/other", FORM("image.png", "image/png", "$1")));
}

static void never_to_another_place(void **state)
{
    struct draw *d = serve(state, 307, "Location: http://localhost:1/urlshare\r\n", "");
    assert_status(apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_contains(apipie_error_message(draw_error(d)), "another place");
    assert_contains(apipie_error_hint(draw_error(d)), "base URL");
}

static int32_t keys_asked;

static apipie_status next_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    (void)refused;
    snprintf(key, capacity, "key-%d", (int)++keys_asked);
    return APIPIE_OK;
}

static void a_fresh_key_is_asked_for(void **state)
{
    char key[128];
    static const struct draw_reply replies[] = {{401, NULL, "{}"}, {200, NULL, GOOD}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    keys_asked = 0;
    apipie_client_set_key_fn(d->client, next_key, NULL, NULL);
    make(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    perform(d);
    assert_true(raw_request_header(draw_sent(d), "Authorization", key, sizeof key));
    assert_string_equal(key, "Bearer key-2");
}

static void never_answers(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void cancelled_under_way(void **state)
{
    struct draw *d = *state;
    draw_serve(d, never_answers, NULL);
    make(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (raw_server_count(d->server, NULL) == 0)
        apipie_client_poll(d->client, 5);
    int64_t begun = draw_now_ms();
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_true(draw_now_ms() - begun < 500);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static void a_time_limit_holds(void **state)
{
    struct draw *d = *state;
    draw_serve(d, never_answers, NULL);
    make(d);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_timeout(d->request, 100), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
}

static void a_copy_uploads_too(void **state)
{
    struct draw *d = serve(state, 200, NULL, GOOD);
    apipie_request *copy = apipie_request_copy(d->request);
    assert_non_null(copy);
    apipie_request_unref(d->request);
    d->request = copy;
    perform(d);
    assert_string_equal(apipie_result_image_url(draw_result(d), 0), AT);
    assert_int_equal(apipie_request_format_json(copy, NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_request_to_the_byte),
        DRAW_TEST(what_comes_of_it),
        DRAW_TEST(beside_the_base_url),
        DRAW_TEST(a_file_is_streamed),
        DRAW_TEST(a_file_that_changed_is_not_sent),
        DRAW_TEST(what_no_upload_is),
        DRAW_TEST(one_byte_too_many),
        DRAW_TEST(servers_without_uploads),
        DRAW_TEST(a_key_is_needed),
        DRAW_TEST(an_image_is_no_url),
        DRAW_TEST(it_is_tried_again),
        DRAW_TEST(a_redirect_takes_the_picture_along),
        DRAW_TEST(never_to_another_place),
        DRAW_TEST(a_fresh_key_is_asked_for),
        DRAW_TEST(cancelled_under_way),
        DRAW_TEST(a_time_limit_holds),
        DRAW_TEST(a_copy_uploads_too),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("upload", tests, NULL, NULL);
    failed += DRAW_ROWS(a_kind_of_picture, kinds);
    failed += DRAW_ROWS(an_answer, answers);
    failed += DRAW_ROWS(a_url, urls);
    tape_end();
    return failed;
}
