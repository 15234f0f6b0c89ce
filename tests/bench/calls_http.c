/* SPDX-License-Identifier: MIT */
/* The same small calls through the transport of lib/http alone, replies dropped. Arguments: URL, calls, in flight. */
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t no_end = INT64_MAX;

#define CALLS_MAX 1024

struct calls_slot {
    struct pie_writer writer;
    struct pie_http_request request;
    struct pie_progress progress;
};

static uint64_t calls_bytes;
static const char *const calls_headers[][2] = {
    {"Authorization", "Bearer bench"},
    {"Accept", "application/json"},
    {"Content-Type", "application/json"},
    {"Idempotency-Key", "2b502a6b-3b95-45dc-bd91-75f2fa9a51e5"},
};

static apipie_status calls_head(struct pie_writer *w, int32_t status, const struct pie_headers *h)
{
    (void)w;
    (void)h;
    return status == 200 ? APIPIE_OK : APIPIE_E_SERVER;
}

static apipie_status calls_write(struct pie_writer *w, const uint8_t *p, size_t n)
{
    (void)w;
    (void)p;
    calls_bytes += n;
    return APIPIE_OK;
}

static apipie_status calls_end(struct pie_writer *w)
{
    (void)w;
    return APIPIE_OK;
}

static const struct pie_writer_type calls_writer = {"drop", calls_head, calls_write, calls_end};

static void calls_prepare(struct calls_slot *s, const char *url)
{
    static const char body[] =
        "{\"provider\":\"prodia\",\"model\":\"sd_xl_base_1.0\",\"prompt\":\"a lake\"}";
    struct pie_http_request *q = &s->request;
    pie_http_request_init(q, &pie_mem_libc);
    q->method = "POST";
    q->once = 1;
    q->connect_timeout_ms = 10000;
    pie_buf_add_text(&q->url, url);
    for (size_t i = 0; i < PIE_COUNT(calls_headers); i++)
        pie_headers_add(&q->headers, pie_slice_text(calls_headers[i][0]),
                        pie_slice_text(calls_headers[i][1]));
    pie_http_request_add_bytes(q, body, sizeof(body) - 1, NULL);
    s->writer.type = &calls_writer;
}

static int calls_send(struct pie_transport *t, struct calls_slot *s)
{
    return t->type->submit(t, &s->request, &s->writer, &s->progress, s) == APIPIE_OK;
}

/* Takes the ended ones, sends them again while calls are left; returns how many failed. */
static long calls_collect(struct pie_transport *t, long *started, long *ended, long calls)
{
    long failed = 0;
    for (;;) {
        struct pie_outcome o;
        pie_outcome_init(&o, &pie_mem_libc);
        struct calls_slot *s = t->type->next(t, &o);
        failed += s != NULL && o.wire != PIE_WIRE_OK;
        pie_outcome_free(&o);
        if (s == NULL)
            return failed;
        ++*ended;
        if (*started < calls) {
            failed += !calls_send(t, s);
            ++*started;
        }
    }
}

int main(int argc, char **argv)
{
    static struct calls_slot slots[CALLS_MAX];
    struct pie_transport *t = NULL;
    if (argc < 4 || pie_curl_transport_new(&pie_mem_libc, &t) != APIPIE_OK)
        return 2;
    long calls = atol(argv[2]);
    long width = atol(argv[3]);
    long started = 0, ended = 0, failed = 0;
    if (width < 1 || width > CALLS_MAX)
        return 2;
    for (; started < width && started < calls; started++) {
        calls_prepare(&slots[started], argv[1]);
        failed += !calls_send(t, &slots[started]);
    }
    while (ended < calls && failed == 0) {
        t->type->drive(t, 1000, &no_end);
        failed += calls_collect(t, &started, &ended, calls);
    }
    t->type->close(t);
    for (long i = 0; i < started && i < width; i++)
        pie_http_request_free(&slots[i].request);
    printf("%llu\n", (unsigned long long)calls_bytes);
    return failed == 0 ? 0 : 1;
}
