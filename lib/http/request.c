/* SPDX-License-Identifier: MIT */
/* Knows what a request and an outcome consist of; must not know how either travels. */
#include "http/http.h"

/* Longer URLs are refused by most servers anyway. */
#define REQUEST_URL_MAX  65536
#define REQUEST_TEXT_MAX ((size_t)32 * 1024 * 1024)

void pie_http_request_init(struct pie_http_request *q, const struct pie_mem *mem)
{
    memset(q, 0, sizeof(*q));
    q->method = "GET";
    pie_buf_init(&q->url, mem, REQUEST_URL_MAX);
    pie_buf_init(&q->text, mem, REQUEST_TEXT_MAX);
    pie_buf_init(&q->headers.text, mem, PIE_HEADERS_MAX + 2 * PIE_HEADERS_CUSTOM_MAX);
}

void pie_http_request_free(struct pie_http_request *q)
{
    pie_buf_free(&q->url);
    pie_buf_free(&q->text);
    pie_headers_free(&q->headers);
    q->segment_count = 0;
}

uint64_t pie_http_request_length(const struct pie_http_request *q)
{
    uint64_t n = 0;
    for (size_t i = 0; i < q->segment_count; i++) {
        const struct pie_segment *s = &q->segments[i];
        n += s->encode != NULL ? ((uint64_t)s->n + 2) / 3 * 4 : s->n;
    }
    return n;
}

void pie_outcome_init(struct pie_outcome *o, const struct pie_mem *mem)
{
    memset(o, 0, sizeof(*o));
    o->lookup_us = o->connect_us = o->tls_us = o->first_byte_us = o->total_us = APIPIE_UNKNOWN;
    pie_headers_init(&o->headers, mem);
}

void pie_outcome_free(struct pie_outcome *o)
{
    pie_headers_free(&o->headers);
}
