/* SPDX-License-Identifier: MIT */
/* Pictures of a call that are uploaded before it: once each, used again, forgotten, and never paid for. */
#include "../support/asks.h"
#include "../support/tape.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What uploads and calls get, in order; the last one serves all that follow. Upload number n gets "/temp/n.png". */
struct share {
    const struct draw_reply *uploads;
    const struct draw_reply *calls;
    int32_t wait_ms;   /* before an upload is answered */
    int32_t stalls;    /* so many uploads are never answered */
    const char *extra; /* headers of a good upload */
};

static const struct draw_reply good_uploads[] = {{200, NULL, NULL}, {0, NULL, NULL}};
static const struct draw_reply good_calls[] = {{200, NULL, ONE_IMAGE}, {0, NULL, NULL}};

static int32_t is_upload(const struct raw_request *q)
{
    return strcmp(q->path, "/urlshare") == 0;
}

static int32_t uploads_up_to(struct raw_server *s, int32_t number)
{
    int32_t n = 0;
    for (int32_t i = 0; i < number && raw_server_request(s, i) != NULL; i++)
        n += is_upload(raw_server_request(s, i));
    return n;
}

static const struct draw_reply *reply_of(const struct draw_reply *list, int32_t nth)
{
    while (nth > 1 && list[1].status != 0) {
        list++;
        nth--;
    }
    return list;
}

static void share(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char text[200], headers[200];
    const struct share *s = user;
    int32_t nth = uploads_up_to(raw_server_of(c), q->number);
    if (!is_upload(q)) {
        draw_send_reply(c, reply_of(s->calls, q->number - nth));
        return;
    }
    if (nth <= s->stalls)
        raw_stall(c);
    raw_pause_ms(c, s->wait_ms);
    const struct draw_reply *reply = reply_of(s->uploads, nth);
    if (reply->body != NULL) {
        draw_send_reply(c, reply);
        return;
    }
    snprintf(text, sizeof text, "{\"url\":\"https://apipie.ai/temp/%d.png\"}", (int)nth);
    snprintf(headers, sizeof headers, "Content-Type: application/json\r\n%s",
             s->extra != NULL ? s->extra : "");
    raw_reply(c, 200, headers, text, strlen(text));
}

static void make(struct draw *d)
{
    draw_again(d);
    assert_status(apipie_request_set_input_transfer(d->request, APIPIE_TRANSFER_AUTO), APIPIE_OK);
}

/* s lives longer than the test. */
static struct draw *serve(void **state, struct share *s)
{
    struct draw *d = *state;
    if (s->uploads == NULL)
        s->uploads = good_uploads;
    if (s->calls == NULL)
        s->calls = good_calls;
    draw_serve(d, share, s);
    make(d);
    return d;
}

static void perform(struct draw *d)
{
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

static void draw_with(struct draw *d, const char *picture)
{
    make(d);
    draw_set_image(d, picture, 0);
    perform(d);
}

static int32_t uploads(struct draw *d)
{
    return uploads_up_to(d->server, INT32_MAX);
}

static int32_t calls(struct draw *d)
{
    return raw_server_count(d->server, "POST") - uploads(d);
}

/* What the last call was drawn from. */
static void assert_image(struct draw *d, const char *want)
{
    char image[200];
    draw_field(draw_sent(d), "image", image, sizeof image);
    assert_string_equal(image, want);
}

#define TEMP(n) "https://apipie.ai/temp/" #n ".png"

/* ---- before the call */

static void the_call_has_the_url(void **state)
{
    static struct share s;
    struct draw *d = serve(state, &s);
    draw_with(d, PNG1);
    assert_true(asks_is(raw_server_request(d->server, 0), "/urlshare",
                        ASKS_FILE("file", "image.png", "image/png", "$1") "--B--\r\n"));
    assert_true(asks_is(raw_server_request(d->server, 1), "/v1/images/generations",
                        "{\"prompt\":\"a lake\",\"response_format\":\"b64_json\",\"image\":"
                        "\"" TEMP(1) "\"}"));
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
    struct draw *d = serve(state, &s);
    make(d);
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    perform(d);
    assert_int_equal(uploads(d), 2);
    assert_true(asks_is(raw_server_request(d->server, 1), "/urlshare",
                        ASKS_FILE("file", "image.png", "image/png", "$2") "--B--\r\n"));
    assert_contains(draw_sent(d)->body, "\"image\":\"" TEMP(1) "\",\"mask\":\"" TEMP(2) "\"}");
    draw_assert_one(d, 3);
    /* one by URL */
    make(d);
    assert_status(apipie_request_set_image_url(d->request, ASKS_URL), APIPIE_OK);
    draw_set_image(d, JPEG1, 1);
    perform(d);
    assert_contains(draw_sent(d)->body, "\"image\":\"" ASKS_URL "\",\"mask\":\"" TEMP(3) "\"}");
    /* one picture twice */
    make(d);
    draw_set_image(d, PNG3, 0);
    draw_set_image(d, PNG3, 1);
    perform(d);
    assert_contains(draw_sent(d)->body, "\"image\":\"" TEMP(4) "\",\"mask\":\"" TEMP(4) "\"}");
    assert_int_equal(uploads(d), 4);
}

/* ---- not by an upload */

static void assert_inline(struct draw *d, const char *start)
{
    char want[100];
    snprintf(want, sizeof want, "\"image\":\"data:%s", start);
    assert_int_equal(uploads(d), 0);
    assert_contains(draw_sent(d)->body, want);
}

static void with_the_call_when_told(void **state)
{
    static struct share s;
    struct draw *d = serve(state, &s);
    make(d);
    assert_status(apipie_request_set_input_transfer(d->request, APIPIE_TRANSFER_INLINE), APIPIE_OK);
    draw_set_image(d, PNG1, 0);
    perform(d);
    assert_inline(d, "image/png;base64," PNG1 "\"");
    draw_assert_one(d, 0);
    assert_status(apipie_request_set_input_transfer(NULL, 0), APIPIE_E_ARGUMENT);
    make(d);
    assert_status(apipie_request_set_input_transfer(d->request, 2), APIPIE_E_ARGUMENT);
    assert_status(apipie_request_set_input_transfer(d->request, -1), APIPIE_E_ARGUMENT);
}

static void with_the_call_when_uploads_do_not_take_it(void **state)
{
    static struct share s;
    static const char avif[] = "\0\0\0\x18"
                               "ftypavif\0\0\0\0avifmif1";
    struct draw *d = serve(state, &s);
    assert_status(apipie_request_set_image_bytes(d->request, avif, sizeof avif - 1), APIPIE_OK);
    perform(d);
    assert_inline(d, "image/avif;base64,AAAAGGZ0eXBhdmlm");
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0),
                    "set_image: sent as a data: URL, for uploads take PNG");
}

static void with_the_call_when_it_is_too_large(void **state)
{
    static struct share s;
    const size_t n = APIPIE_LIMIT_UPLOAD + 1;
    struct draw *d = serve(state, &s);
    uint8_t *bytes = calloc(1, n);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    apipie_status status = apipie_request_set_image_bytes(d->request, bytes, n);
    assert_status(status, APIPIE_OK);
    perform(d);
    assert_inline(d, "image/png;base64,iVBOR");
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "at most 5 MB");
    /* one byte less is not */
    make(d);
    status = apipie_request_set_image_bytes(d->request, bytes, n - 1);
    free(bytes);
    assert_status(status, APIPIE_OK);
    perform(d);
    assert_int_equal(uploads(d), 1);
}

static void together(struct draw *d, size_t n, const char *picture)
{
    uint8_t bytes[1024];
    size_t size = draw_decode(picture, bytes);
    draw_more(d, n);
    for (size_t i = 0; i < n; i++) {
        apipie_request_set_input_transfer(d->more[i], APIPIE_TRANSFER_AUTO);
        apipie_request_set_image_bytes(d->more[i], bytes, size);
    }
}

static void no_such_route(void **state, int32_t status)
{
    struct draw_reply list[] = {{status, NULL, "{}"}, {0, NULL, NULL}};
    struct share s = {.uploads = list};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    perform(d);
    assert_int_equal(uploads(d), 1);
    assert_contains(draw_sent(d)->body, "\"image\":\"data:image/png;base64," PNG1 "\"");
    assert_contains(draw_sent(d)->body, "\"mask\":\"data:image/png;base64," PNG2 "\"");
    draw_assert_one(d, 3);
    assert_contains(apipie_result_warning(draw_result(d), 1),
                    "set_image: sent as a data: URL, for this server has no uploads");
    assert_int_equal(apipie_request_tries(d->request), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), status);
    draw_with(d, PNG3); /* it is not asked again so soon */
    assert_int_equal(uploads(d), 1);
    draw_assert_one(d, 1);
    together(d, 3, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 3);
    assert_int_equal(uploads(d), 1);
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

/* ---- used again */

static void the_same_picture_is_uploaded_once(void **state)
{
    static struct share s;
    struct draw *d = serve(state, &s);
    for (int i = 0; i < 3; i++) {
        draw_with(d, PNG1);
        assert_image(d, TEMP(1));
    }
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    draw_with(d, PNG2);
    assert_image(d, TEMP(2));
    draw_with(d, PNG1);
    assert_image(d, TEMP(1));
    assert_int_equal(uploads(d), 2);
}

/* Another server has not got it. */
static void another_base_url_is_another_place(void **state)
{
    char base[200];
    static struct share s;
    struct draw *d = serve(state, &s);
    draw_with(d, PNG1);
    snprintf(base, sizeof base, "%s/two/v1", raw_server_origin(d->server));
    assert_status(apipie_client_set_base_url(d->client, base), APIPIE_OK);
    make(d);
    draw_set_image(d, PNG1, 0);
    apipie_request_perform(d->request); /* whatever that is there */
    assert_string_equal(raw_server_request(d->server, 2)->path, "/two/urlshare");
}

static void a_file_by_what_it_was(void **state)
{
    uint8_t bytes[1024];
    static struct share s;
    struct draw *d = serve(state, &s);
    tape_fresh();
    const char *path = tape_path("in.png");
    size_t n = draw_decode(PNG1, bytes);
    tape_write(path, bytes, n);
    for (int i = 0; i < 2; i++) {
        make(d);
        assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
        perform(d);
    }
    assert_int_equal(uploads(d), 1);
    tape_write(path, bytes, n + 1);
    make(d);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    perform(d);
    assert_image(d, TEMP(2));
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
    serve(state, &s);
    draw_with(d, PNG1);
    draw_with(d, PNG1);
    assert_int_equal(uploads(d), row->uploads);
}

static void not_after_its_time(void **state)
{
    static struct share s = {.extra = "Cache-Control: max-age=1\r\n"};
    struct draw *d = serve(state, &s);
    draw_with(d, PNG1);
    draw_with(d, PNG1);
    assert_int_equal(uploads(d), 1);
    draw_sleep_ms(1050);
    draw_with(d, PNG1);
    assert_image(d, TEMP(2));
}

static void the_oldest_go_first(void **state)
{
    uint8_t bytes[1024];
    static struct share s;
    struct draw *d = serve(state, &s);
    size_t n = draw_decode(PNG1, bytes);
    for (int i = 0; i < 65; i++) {
        make(d);
        bytes[n] = (uint8_t)i;
        apipie_request_set_image_bytes(d->request, bytes, n + 1);
        perform(d);
        if (i == 63) { /* the first one is used */
            make(d);
            bytes[n] = 0;
            apipie_request_set_image_bytes(d->request, bytes, n + 1);
            perform(d);
        }
    }
    assert_int_equal(uploads(d), 65);
    make(d);
    bytes[n] = 0;
    apipie_request_set_image_bytes(d->request, bytes, n + 1);
    perform(d);
    assert_image(d, TEMP(1));
    make(d);
    bytes[n] = 1; /* the second one made room */
    apipie_request_set_image_bytes(d->request, bytes, n + 1);
    perform(d);
    assert_image(d, TEMP(66));
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
    list[1] = good_calls[0];
    s.calls = list;
    serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_true(apipie_request_perform(d->request) < 0);
    draw_with(d, PNG1);
    assert_int_equal(uploads(d), 1 + row->again);
    assert_image(d, row->again ? TEMP(2) : TEMP(1));
}

/* ---- several at once */

static void one_uploads_for_all(void **state)
{
    static struct share s = {.wait_ms = 50};
    struct draw *d = serve(state, &s);
    together(d, 8, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 8);
    assert_int_equal(uploads(d), 1);
    assert_int_equal(calls(d), 8);
    assert_int_equal(draw_posts(d->server, TEMP(1)), 8);
}

/* What must not be kept is still what they all waited for. */
static void also_where_it_is_not_kept(void **state)
{
    static struct share s = {.wait_ms = 50, .extra = "Cache-Control: no-store\r\n"};
    struct draw *d = serve(state, &s);
    together(d, 6, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 6);
    assert_int_equal(uploads(d), 1);
}

static void one_failure_is_no_reason_for_another(void **state)
{
    static const struct draw_reply list[] = {{400, NULL, "{}"}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list, .wait_ms = 50};
    struct draw *d = serve(state, &s);
    together(d, 5, PNG1);
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 4);
    assert_int_equal(uploads(d), 5);
    draw_with(d, PNG1);
    assert_int_equal(uploads(d), 5);
}

static void the_next_takes_over(void **state)
{
    static struct share s = {.stalls = 1};
    struct draw *d = serve(state, &s);
    together(d, 4, PNG1);
    draw_submit_more(d);
    while (uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    apipie_request_cancel(d->more[0]);
    assert_int_equal(draw_wait_more(d), 3);
    assert_status(apipie_request_status(d->more[0]), APIPIE_E_CANCELLED);
    assert_int_equal(uploads(d), 2);
    assert_int_equal(calls(d), 3);
}

static void who_waits_can_be_cancelled(void **state)
{
    static struct share s = {.wait_ms = 100};
    struct draw *d = serve(state, &s);
    together(d, 3, PNG1);
    assert_status(apipie_request_set_timeout(d->more[2], 50), APIPIE_OK);
    draw_submit_more(d);
    while (uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    apipie_request_cancel(d->more[1]);
    assert_int_equal(draw_wait_more(d), 1);
    assert_status(apipie_request_status(d->more[1]), APIPIE_E_CANCELLED);
    assert_status(apipie_request_status(d->more[2]), APIPIE_E_TIMEOUT);
    assert_int_equal(apipie_request_attempt_count(d->more[1]), 0);
    assert_int_equal(calls(d), 1);
}

static void the_client_goes_meanwhile(void **state)
{
    static struct share s = {.stalls = 9};
    struct draw *d = serve(state, &s);
    together(d, 4, PNG1);
    draw_submit_more(d);
    while (uploads(d) == 0)
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
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_n(d->request, 3), APIPIE_OK);
    perform(d);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 3);
    assert_int_equal(uploads(d), 1);
    assert_int_equal(calls(d), 4);
    make(d); /* it is known by now: all three begin at once */
    draw_set_image(d, PNG2, 0);
    assert_status(apipie_request_set_n(d->request, 3), APIPIE_OK);
    perform(d);
    assert_int_equal(uploads(d), 2);
    assert_int_equal(calls(d), 7);
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
    struct draw *d = serve(state, &s);
    assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_some, d->client), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        sum += (intptr_t)failed;
    }
    assert_int_equal(sum, 0);
    assert_int_equal(uploads(d), 5);
    assert_int_equal(calls(d), 80);
}

/* ---- what goes wrong */

static void it_is_tried_again_and_paid_once(void **state)
{
    static const struct draw_reply list[] = {
        {500, NULL, "{}"}, {200, NULL, "{}"}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2), APIPIE_OK);
    perform(d);
    assert_image(d, TEMP(3));
    assert_int_equal(uploads(d), 3);
    assert_int_equal(calls(d), 1);
    assert_int_equal(apipie_request_tries(d->request), 1);
}

static void not_for_ever(void **state)
{
    static const struct draw_reply list[] = {{200, NULL, NULL}, {500, NULL, "{}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list, .extra = "Cache-Control: no-store\r\n"};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    draw_set_image(d, PNG2, 1);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(uploads(d), 3); /* image, mask; once more the image: its URL was not kept */
    assert_int_equal(calls(d), 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

static void never_is_never(void **state)
{
    static const struct draw_reply list[] = {{500, NULL, "{}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_NEVER, 5), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(uploads(d), 1);
}

static void another_try_of_the_call_uploads_nothing(void **state)
{
    static const struct draw_reply list[] = {
        {429, NULL, "{}"}, {200, NULL, ONE_IMAGE}, {0, NULL, NULL}};
    static struct share s = {.calls = list};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1), APIPIE_OK);
    perform(d);
    assert_int_equal(uploads(d), 1);
    assert_int_equal(calls(d), 2);
    assert_image(d, TEMP(1));
}

static void a_refused_upload_ends_it(void **state)
{
    static const struct draw_reply list[] = {
        {400, NULL, "{\"error\":{\"message\":\"File type not allowed\"}}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_PARAMETER);
    assert_contains(apipie_error_message(draw_error(d)), "File type not allowed");
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(calls(d), 0);
}

/* The other one takes the picture with the call. */
static void another_backend_draws(void **state)
{
    static const struct draw_reply list[] = {{500, NULL, "{}"}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = serve(state, &s);
    assert_status(apipie_client_add_backend(d->client, "oa", "openai", raw_server_base(d->server)),
                  APIPIE_OK);
    assert_status(apipie_client_set_backend_key(d->client, "oa", "k"), APIPIE_OK);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_add_route(d->request, NULL, NULL, "m"), APIPIE_OK);
    assert_status(apipie_request_add_route(d->request, "oa", NULL, "m"), APIPIE_OK);
    assert_status(apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    perform(d);
    assert_int_equal(uploads(d), 1);
    assert_string_equal(draw_sent(d)->path, "/v1/images/edits");
    assert_contains(draw_sent(d)->body, "name=\"image\"; filename=\"image.png\"");
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
}

static void cancelled_during_the_upload(void **state)
{
    static struct share s = {.stalls = 1};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (uploads(d) == 0)
        apipie_client_poll(d->client, 5);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    draw_with(d, PNG1);
    assert_int_equal(uploads(d), 2);
}

static void redirected(void **state)
{
    static const struct draw_reply list[] = {
        {307, "Location: $ORIGIN/urlshare\r\n", ""}, {200, NULL, NULL}, {0, NULL, NULL}};
    static struct share s = {.uploads = list};
    struct draw *d = serve(state, &s);
    draw_set_image(d, PNG1, 0);
    perform(d);
    assert_image(d, TEMP(2));
    assert_int_equal(apipie_request_tries(d->request), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
}

static void a_file_is_never_held(void **state)
{
    static struct share s;
    struct draw *d = serve(state, &s);
    tape_fresh();
    const char *path = tape_path("in.png");
    uint8_t *bytes = calloc(1, APIPIE_LIMIT_UPLOAD);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    tape_write(path, bytes, APIPIE_LIMIT_UPLOAD);
    free(bytes);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    perform(d);
    assert_int_equal(uploads(d), 1);
    assert_in_range(apipie_client_memory(d->client, APIPIE_MEMORY_PEAK), 1, 1024 * 1024);
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
        {400, NULL, "{\"error\":{\"message\":\"cannot fetch " TEMP(1) "?sig=secret\"}}"},
        {0, NULL, NULL}};
    static struct share s = {.calls = list};
    struct draw *d = serve(state, &s);
    logged[0] = '\0';
    assert_status(apipie_client_set_log(d->client, APIPIE_LOG_DEBUG, keep_line, NULL, NULL),
                  APIPIE_OK);
    make(d);
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
        DRAW_TEST(the_same_picture_is_uploaded_once),
        DRAW_TEST(another_base_url_is_another_place),
        DRAW_TEST(a_file_by_what_it_was),
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
        DRAW_TEST(it_is_tried_again_and_paid_once),
        DRAW_TEST(not_for_ever),
        DRAW_TEST(never_is_never),
        DRAW_TEST(another_try_of_the_call_uploads_nothing),
        DRAW_TEST(a_refused_upload_ends_it),
        DRAW_TEST(another_backend_draws),
        DRAW_TEST(cancelled_during_the_upload),
        DRAW_TEST(redirected),
        DRAW_TEST(a_file_is_never_held),
        DRAW_TEST(where_it_is_stays_out_of_the_log),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("upload_before", tests, NULL, NULL);
    failed += DRAW_ROWS(as_long_as_it_says, lifetimes);
    failed += DRAW_ROWS(a_refused_call_forgets_it, refusals);
    tape_end();
    return failed;
}
