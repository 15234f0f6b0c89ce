/* SPDX-License-Identifier: MIT */
/* The gateway of share.h; knows the public API and the raw server, no test. */
#include "share.h"

#include <stdio.h>
#include <string.h>

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

static void answer(struct raw_conn *c, const struct raw_request *q, void *user)
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

void share_again(struct draw *d)
{
    draw_again(d);
    assert_status(apipie_request_set_input_transfer(d->request, APIPIE_TRANSFER_AUTO), APIPIE_OK);
}

struct draw *share_serve(void **state, struct share *s)
{
    struct draw *d = *state;
    if (s->uploads == NULL)
        s->uploads = good_uploads;
    if (s->calls == NULL)
        s->calls = good_calls;
    draw_serve(d, answer, s);
    share_again(d);
    return d;
}

void share_perform(struct draw *d)
{
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

void share_draw(struct draw *d, const char *picture)
{
    share_again(d);
    draw_set_image(d, picture, 0);
    share_perform(d);
}

int32_t share_uploads(struct draw *d)
{
    return uploads_up_to(d->server, INT32_MAX);
}

int32_t share_calls(struct draw *d)
{
    return raw_server_count(d->server, "POST") - share_uploads(d);
}

void share_assert_image(struct draw *d, const char *want)
{
    char image[200];
    draw_field(draw_sent(d), "image", image, sizeof image);
    assert_string_equal(image, want);
}

void share_more(struct draw *d, size_t n, const char *picture)
{
    uint8_t bytes[1024];
    size_t size = draw_decode(picture, bytes);
    draw_more(d, n);
    for (size_t i = 0; i < n; i++) {
        apipie_request_set_input_transfer(d->more[i], APIPIE_TRANSFER_AUTO);
        apipie_request_set_image_bytes(d->more[i], bytes, size);
    }
}
