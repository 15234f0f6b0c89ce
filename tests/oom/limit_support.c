/* SPDX-License-Identifier: MIT */
/* Knows the public API and the raw server, no test. */
#include "limit_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a server that gives pictures of as many bytes as the prompt asks for */

static uint8_t *picture_bytes(size_t n)
{
    uint8_t *bytes = malloc(n + sizeof PNG1);
    if (!bytes)
        abort();
    size_t head = draw_decode(PNG1, bytes);
    for (size_t i = head; i < n; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    return bytes;
}

int limit_picture_is_whole(const apipie_request *r, size_t index, size_t n)
{
    size_t size = 0;
    const uint8_t *data = apipie_result_image_data(apipie_request_result(r), index, &size);
    uint8_t *want = picture_bytes(n);
    int same = data && size == n && memcmp(data, want, n) == 0;
    free(want);
    return same;
}

static void hall_wait(struct limit_hall *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->gone < h->after)
        pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static void hall_tell(struct limit_hall *h)
{
    pthread_mutex_lock(&h->lock);
    h->gone++;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void send_urls(struct raw_conn *c, size_t bytes)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"data\":[{\"url\":\"%s/pics/%zu\"}],\"usage\":{\"cost\":\"0.04\"}}", raw_origin(c),
             bytes);
    raw_reply_json(c, 200, body);
}

static void send_base64(struct raw_conn *c, size_t bytes, int n, const char *usage)
{
    uint8_t *picture = picture_bytes(bytes);
    char *base64 = draw_encode(picture, bytes);
    size_t capacity = (strlen(base64) + 64) * (size_t)n + 256;
    char *body = malloc(capacity);
    if (!body)
        abort();
    size_t at = (size_t)snprintf(body, capacity, "{\"data\":[");
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(body + at, capacity - at,
                               "%s{\"b64_json\":\"%s\",\"revised_prompt\":\"a lake\"}",
                               i ? "," : "", base64);
    snprintf(body + at, capacity - at, "],%s\"created\":1}", usage);
    raw_reply_json(c, 200, body);
    free(body);
    free(base64);
    free(picture);
}

void limit_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *ask = strstr(q->body, "bytes=");
    const char *pic = strstr(q->path, "/pics/");
    if (pic) {
        size_t bytes = strtoul(pic + 6, NULL, 10);
        uint8_t *picture = picture_bytes(bytes);
        raw_reply(c, 200, "Content-Type: image/png\r\n", picture, bytes);
        free(picture);
        return;
    }
    size_t bytes = ask ? strtoul(ask + 6, NULL, 10) : 100;
    char n[32] = "";
    draw_field(q, "n", n, sizeof n);
    if (user && bytes < MIB)
        hall_wait(user);
    if (strstr(q->body, "\"url\""))
        send_urls(c, bytes);
    else
        send_base64(c, bytes, n[0] ? (int)strtol(n, NULL, 10) : 1,
                    strstr(q->body, LIMIT_SILENT) ? "" : "\"usage\":{\"cost\":\"0.04\"},");
    if (user && bytes >= MIB)
        hall_tell(user);
}

/* ---- requests */

apipie_request *limit_ask(apipie_client *client, const struct limit_wish *w)
{
    char prompt[64];
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    snprintf(prompt, sizeof prompt, "bytes=%zu", w->bytes);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    apipie_request_set_response_format(r, w->format ? w->format : "b64_json");
    if (w->n)
        apipie_request_set_n(r, w->n);
    if (w->path)
        apipie_request_set_output_file(r, w->path);
    return r;
}

apipie_status limit_draw(struct draw *d, size_t bytes, const char *format)
{
    const struct limit_wish w = {bytes, format, 0, NULL};
    apipie_request_unref(d->request);
    d->request = limit_ask(d->client, &w);
    return apipie_request_perform(d->request);
}

int64_t limit_now(const struct draw *d)
{
    return apipie_client_memory(d->client, APIPIE_MEMORY_NOW);
}

int64_t limit_peak(const struct draw *d)
{
    return apipie_client_memory(d->client, APIPIE_MEMORY_PEAK);
}

int64_t limit_refused(const struct draw *d)
{
    return apipie_client_memory(d->client, APIPIE_MEMORY_REFUSED);
}

void limit_set(struct draw *d, int64_t bytes)
{
    assert_status(apipie_client_set_memory_limit(d->client, (uint64_t)bytes), APIPIE_OK);
}

int64_t limit_warm_up(struct draw *d)
{
    for (int32_t i = 0; i < 2; i++) {
        assert_ended(d->request, limit_draw(d, 1000, i ? "url" : "b64_json"), APIPIE_OK);
        d->request = apipie_request_unref(d->request);
    }
    return limit_now(d);
}

/* ---- a host's allocator */

union host_head {
    size_t size;
    max_align_t align;
};

static void host_add(struct limit_host *h, int64_t bytes)
{
    pthread_mutex_lock(&h->lock);
    h->bytes += bytes;
    pthread_mutex_unlock(&h->lock);
}

static void *host_alloc(void *user, size_t size)
{
    union host_head *head = malloc(size + sizeof *head);
    if (!head)
        return NULL;
    head->size = size;
    host_add(user, (int64_t)size);
    return head + 1;
}

static void host_release(void *user, void *block)
{
    union host_head *head = (union host_head *)block - 1;
    host_add(user, -(int64_t)head->size);
    free(head);
}

static void *host_resize(void *user, void *block, size_t size)
{
    size_t before = ((union host_head *)block - 1)->size;
    void *other = host_alloc(user, size);
    if (other) {
        memcpy(other, block, before < size ? before : size);
        host_release(user, block);
    }
    return other;
}

void limit_serve(struct draw *d)
{
    raw_server_stop(d->server);
    d->server = raw_server_start(limit_handler, NULL);
    assert_non_null(d->server);
    if (d->client)
        assert_status(apipie_client_set_base_url(d->client, raw_server_base(d->server)), APIPIE_OK);
}

apipie_client *limit_client(const struct draw *d, struct limit_host *host)
{
    const apipie_allocator a = {sizeof a, host, host_alloc, host_resize, host_release};
    apipie_client *client = apipie_client_new(&a);
    assert_non_null(client);
    assert_status(apipie_client_set_key(client, DRAW_KEY), APIPIE_OK);
    assert_status(apipie_client_set_base_url(client, raw_server_base(d->server)), APIPIE_OK);
    assert_status(apipie_client_set_retry(client, APIPIE_RETRY_NEVER, 0), APIPIE_OK);
    return client;
}
