/* SPDX-License-Identifier: MIT */
/* Behind play.h: knows the public API and the raw server, no test. */
#include "play.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_int play_shown;
static atomic_int play_sent;  /* bytes of the pieces */
static atomic_int play_asked; /* PLAY_SHOWN was reached so often */

static void play_wait(struct raw_conn *c)
{
    int want = atomic_fetch_add(&play_asked, 1) + 1;
    for (int i = 0; i < 4000 && atomic_load(&play_shown) < want; i++)
        raw_pause_ms(c, 2);
}

void play(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct play *p = user;
    char head[128];
    (void)q;
    snprintf(head, sizeof head, "Content-Type: %s\r\nTransfer-Encoding: chunked\r\n",
             p->type != NULL ? p->type : "text/event-stream; charset=utf-8");
    raw_head(c, 200, head);
    for (size_t i = 0; i < PLAY_PIECES && p->pieces[i] != NULL; i++) {
        const char *piece = p->pieces[i];
        if (strcmp(piece, PLAY_SHOWN) == 0) {
            play_wait(c);
        } else if (strcmp(piece, PLAY_CUT) == 0) {
            raw_close(c);
            return;
        } else if (strcmp(piece, PLAY_OPEN) == 0) {
            raw_stall(c);
            return;
        } else {
            raw_chunk(c, piece, strlen(piece));
            atomic_fetch_add(&play_sent, (int)strlen(piece));
        }
    }
    raw_chunk(c, NULL, 0);
}

void play_see(void *user, apipie_request *request, size_t index, const void *bytes, size_t size,
              const char *mime)
{
    struct play_seen *s = user;
    if (s->count < 16 && size <= sizeof s->bytes[0]) {
        memcpy(s->bytes[s->count], bytes, size);
        snprintf(s->mime[s->count], sizeof s->mime[0], "%s", mime);
    }
    s->size[s->count & 15] = size;
    s->index[s->count & 15] = index;
    s->request = request;
    s->count++;
    if (s->count == s->cancel_at)
        apipie_request_cancel(request);
    atomic_fetch_add(&play_shown, 1);
}

void play_free(void *user)
{
    ((struct play_seen *)user)->freed++;
}

void play_assert(const struct play_seen *s, int32_t number, size_t index, const char *base64)
{
    uint8_t want[1024];
    size_t n = draw_decode(base64, want);
    assert_true(number < s->count);
    assert_int_equal(s->index[number], index);
    assert_int_equal(s->size[number], n);
    assert_memory_equal(s->bytes[number], want, n);
    assert_string_equal(s->mime[number], "image/png");
}

void play_reset(struct play_seen *s)
{
    atomic_store(&play_shown, 0);
    atomic_store(&play_asked, 0);
    atomic_store(&play_sent, 0);
    memset(s, 0, sizeof *s);
}

void play_serve(struct draw *d, const struct play *p, struct play_seen *s)
{
    play_reset(s);
    draw_serve(d, play, (void *)(uintptr_t)p);
    assert_status(apipie_request_set_stream(d->request, 1), APIPIE_OK);
    assert_status(apipie_request_set_partial_images(d->request, 3), APIPIE_OK);
    assert_status(apipie_request_set_partial_fn(d->request, play_see, s, play_free), APIPIE_OK);
}

void play_wait_read(const struct draw *d, const struct play *p)
{
    int64_t until = draw_now_ms() + 20000;
    while (draw_now_ms() < until &&
           (atomic_load(&play_sent) < (int)strlen(p->pieces[0]) ||
            apipie_request_progress(d->request, APIPIE_PROGRESS_DOWN) < atomic_load(&play_sent)))
        draw_sleep_ms(2);
    draw_sleep_ms(20); /* it is counted before it is taken apart */
}

/* A picture of so many bytes: a PNG head, then noise. */
char *play_large(const char *name, size_t bytes, int32_t name_first)
{
    uint8_t *image = malloc(bytes);
    uint8_t png[256];
    assert_non_null(image);
    size_t n = draw_decode(PNG1, png);
    memcpy(image, png, n);
    for (size_t i = n; i < bytes; i++)
        image[i] = (uint8_t)(i * 2654435761u >> 13);
    char *base64 = draw_encode(image, bytes);
    size_t room = strlen(base64) + 256;
    char *text = malloc(room);
    assert_non_null(text);
    if (name_first)
        snprintf(text, room, "event: %s\ndata: {\"b64_json\":\"%s\"}\n\n", name, base64);
    else
        snprintf(text, room, "data: {\"b64_json\":\"%s\"}\nevent: %s\n\n", base64, name);
    free(base64);
    free(image);
    return text;
}
