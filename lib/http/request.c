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

/* Copies from one segment what fits; returns characters written. */
static size_t request_read_segment(const struct pie_segment *s, size_t *offset, char *out,
                                   size_t room)
{
    size_t left = s->n - *offset;
    size_t n = s->encode != NULL ? room / 4 * 3 : room;
    n = left < n ? left : n;
    const uint8_t *from = s->p + *offset;
    *offset += n;
    if (n == 0)
        return 0;
    if (s->encode != NULL)
        return s->encode(from, n, out);
    memcpy(out, from, n);
    return n;
}

size_t pie_http_request_read(const struct pie_http_request *q, struct pie_http_place *at, char *out,
                             size_t room)
{
    size_t used = 0;
    while (at->segment < q->segment_count) {
        const struct pie_segment *s = &q->segments[at->segment];
        used += request_read_segment(s, &at->offset, out + used, room - used);
        if (at->offset < s->n)
            break;
        at->segment++;
        at->offset = 0;
    }
    return used;
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
