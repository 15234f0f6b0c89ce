/* SPDX-License-Identifier: MIT */
/* The server of a storm: knows which call it is and what it does to it; nothing of who moves the bytes. */
#include "storm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/draw.h"

#define SERVER_LARGE (225 * 1024) /* 300 KB of base64 */

static const int32_t server_weights[STORM_KINDS] = {40, 8, 8, 8, 9, 7, 3, 2, 5, 4, 3, 3};

uint64_t storm_random(uint64_t seed, int32_t number, int32_t salt)
{
    uint64_t x = seed + (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15) +
                 (uint64_t)salt * UINT64_C(0xD1B54A32D192ED03);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

int32_t storm_kind(uint64_t seed, int32_t number, int32_t try)
{
    int32_t total = 0;
    for (int32_t k = 0; k < STORM_KINDS; k++)
        total += server_weights[k];
    int32_t at = (int32_t)(storm_random(seed, number, 100 + try) % (uint64_t)total);
    int32_t kind = 0;
    while (at >= server_weights[kind])
        at -= server_weights[kind++];
    /* Only those whose first try stalls have a short time limit. */
    return try > 1 && (kind == STORM_STALL || kind == STORM_STALL_HALF) ? STORM_FAILED : kind;
}

/* ---- answers */

static void server_text(struct raw_conn *c, int32_t status, const char *headers, const char *text)
{
    raw_reply(c, status, headers, text, strlen(text));
}

static void server_half(struct raw_conn *c)
{
    raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 300000\r\n");
    raw_send_text(c, "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAAS");
}

static void server_url(struct raw_conn *c, int32_t number)
{
    char text[160];
    snprintf(text, sizeof text, "{\"data\":[{\"url\":\"%s/pics/%d\"}]}", raw_origin(c),
             (int)number);
    raw_reply_json(c, 200, text);
}

static void server_busy(struct raw_conn *c, uint64_t random)
{
    char headers[96];
    snprintf(headers, sizeof headers, "Content-Type: application/json\r\nretry-after-ms: %d\r\n",
             1 + (int)(random % 5));
    server_text(c, 503, headers,
                "{\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}");
}

static void server_break(struct raw_conn *c, int32_t kind, uint64_t random)
{
    switch (kind) {
    case STORM_STALL_HALF:
        server_half(c);
        raw_stall(c);
        break;
    case STORM_STALL:
        raw_stall(c);
        break;
    case STORM_CUT_HALF:
        server_half(c);
        break;
    case STORM_GARBAGE:
        raw_send_text(c, "\x16\x03 this is not HTTP\r\n\r\nat all");
        break;
    default:
        break;
    }
    if (random & 1)
        raw_reset(c);
    else
        raw_close(c);
}

static void server_answer(struct storm_server *s, struct raw_conn *c, int32_t kind, int32_t number,
                          uint64_t random)
{
    switch (kind) {
    case STORM_SLOW:
        raw_pause_ms(c, 1 + (int32_t)(random % 30));
        raw_reply_json(c, 200, ONE_IMAGE);
        break;
    case STORM_PICTURE:
        raw_reply_json(c, 200, ONE_IMAGE);
        break;
    case STORM_LARGE:
        raw_reply_json(c, 200, s->large);
        break;
    case STORM_URL:
        server_url(c, number);
        break;
    case STORM_BUSY:
        server_busy(c, random);
        break;
    case STORM_FAILED:
        raw_reply_json(c, 500, "{\"error\":{\"message\":\"out of order\"}}");
        break;
    case STORM_HTML:
        server_text(c, 200, "Content-Type: text/html\r\n", "<html><title>hm</title></html>");
        break;
    default:
        server_break(c, kind, random);
        break;
    }
}

/* ---- which call it is */

static int32_t server_arrived(struct storm_server *s, const struct raw_request *q, int32_t number)
{
    char key[40] = "";
    struct storm_seen *seen = &s->seen[number];
    raw_request_header(q, "Idempotency-Key", key, sizeof key);
    pthread_mutex_lock(&s->lock);
    if (seen->answered)
        storm_wrong("call %d: sent again after kind %d", (int)number, (int)seen->kind);
    if (strlen(key) != 36 || (seen->arrivals != 0 && strcmp(seen->key, key) != 0))
        storm_wrong("call %d: another key: \"%s\", \"%s\"", (int)number, seen->key, key);
    memcpy(seen->key, key, sizeof key);
    seen->kind = storm_kind(s->seed, number, ++seen->arrivals);
    seen->answered = seen->kind != STORM_BUSY;
    s->kinds[seen->kind]++;
    int32_t kind = seen->kind;
    pthread_mutex_unlock(&s->lock);
    return kind;
}

static void server_handle(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct storm_server *s = user;
    if (strcmp(q->method, "GET") == 0) {
        pthread_mutex_lock(&s->lock);
        s->gets++;
        pthread_mutex_unlock(&s->lock);
        draw_send_picture(c, PNG1, "image/png");
        return;
    }
    const char *at = strstr(q->body, "call-");
    long number = at ? strtol(at + 5, NULL, 10) : 0;
    if (number < 1 || number > s->count) {
        storm_wrong("a call that nobody made: %s", q->body);
        raw_reset(c);
        return;
    }
    int32_t kind = server_arrived(s, q, (int32_t)number);
    server_answer(s, c, kind, (int32_t)number, storm_random(s->seed, (int32_t)number, 99));
}

/* ---- the whole */

static void server_make_large(struct storm_server *s)
{
    uint8_t *bytes = malloc(SERVER_LARGE);
    if (!bytes)
        abort();
    for (size_t i = 0; i < SERVER_LARGE; i++)
        bytes[i] = (uint8_t)(i * 2654435761U >> 13);
    uint8_t small[256];
    s->small_size = draw_decode(PNG1, small);
    memcpy(bytes, small, s->small_size);
    s->large_size = SERVER_LARGE;
    char *text = draw_encode(bytes, SERVER_LARGE);
    s->large = malloc(strlen(text) + 64);
    if (!s->large)
        abort();
    sprintf(s->large, "{\"data\":[{\"b64_json\":\"%s\"}]}", text);
    free(text);
    free(bytes);
}

void storm_server_start(struct storm_server *s, uint64_t seed, int32_t count)
{
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->count = count;
    s->seen = calloc((size_t)count + 1, sizeof *s->seen);
    pthread_mutex_init(&s->lock, NULL);
    server_make_large(s);
    s->raw = raw_server_start(server_handle, s);
    if (!s->seen || !s->raw)
        abort();
}

void storm_server_stop(struct storm_server *s)
{
    s->raw = raw_server_stop(s->raw);
    pthread_mutex_destroy(&s->lock);
    free(s->large);
    free(s->seen);
}

static int server_compare(const void *a, const void *b)
{
    return strcmp(((const struct storm_seen *)a)->key, ((const struct storm_seen *)b)->key);
}

void storm_server_check(struct storm_server *s)
{
    qsort(s->seen, (size_t)s->count + 1, sizeof *s->seen, server_compare);
    for (int32_t i = 1; i <= s->count; i++)
        if (s->seen[i].key[0] && strcmp(s->seen[i - 1].key, s->seen[i].key) == 0)
            storm_wrong("two calls with the key %s", s->seen[i].key);
}

size_t storm_server_size(struct storm_server *s, int32_t number)
{
    pthread_mutex_lock(&s->lock);
    const struct storm_seen *seen = &s->seen[number];
    int32_t kind = seen->arrivals ? seen->kind : STORM_KINDS;
    pthread_mutex_unlock(&s->lock);
    if (kind == STORM_LARGE)
        return s->large_size;
    return kind == STORM_PICTURE || kind == STORM_SLOW || kind == STORM_URL ? s->small_size : 0;
}
