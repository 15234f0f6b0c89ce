/* SPDX-License-Identifier: MIT */
/* Knows what a request and an outcome consist of, and reads a body piece by piece; must not know how either travels. */
#include "http/http.h"

/* Longer URLs are refused by most servers anyway. */
#define REQUEST_URL_MAX  65536
#define REQUEST_TEXT_MAX ((size_t)32 * 1024 * 1024)
/* Bytes of a file that are encoded at a time: whole groups of three. */
#define REQUEST_PIECE 6144

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
    pie_http_request_clear_body(q);
    q->segments = pie_mem_free(q->text.mem, q->segments);
    q->segment_room = 0;
    pie_buf_free(&q->url);
    pie_buf_free(&q->text);
    pie_headers_free(&q->headers);
}

/* ---- made */

static int32_t request_has_room(struct pie_http_request *q)
{
    if (q->segment_count < q->segment_room)
        return 1;
    if (q->segment_count == PIE_SEGMENTS_MAX) {
        q->text.failed = APIPIE_E_LIMIT;
        return 0;
    }
    size_t room = q->segment_room == 0 ? 4 : q->segment_room * 2;
    struct pie_segment *more =
        pie_mem_resize(q->text.mem, q->segments, room * sizeof(*q->segments));
    if (more == NULL) {
        q->text.failed = APIPIE_E_MEMORY;
        return 0;
    }
    q->segments = more;
    q->segment_room = room;
    return 1;
}

static void request_add(struct pie_http_request *q, const struct pie_segment *s)
{
    if (q->text.failed == APIPIE_OK && s->n != 0 && request_has_room(q))
        q->segments[q->segment_count++] = *s;
}

/* The text that no segment holds yet. By its place: the text may still move. */
static void request_add_text(struct pie_http_request *q)
{
    struct pie_segment s;
    memset(&s, 0, sizeof(s));
    s.offset = q->text_placed;
    s.n = q->text.n - q->text_placed;
    request_add(q, &s);
    q->text_placed = q->text.n;
}

void pie_http_request_add_bytes(struct pie_http_request *q, const void *p, size_t n,
                                pie_segment_encode_fn encode)
{
    struct pie_segment s;
    memset(&s, 0, sizeof(s));
    s.p = p;
    s.n = n;
    s.encode = encode;
    request_add_text(q);
    request_add(q, &s);
}

void pie_http_request_add_file(struct pie_http_request *q, const char *path,
                               const struct pie_file_stamp *stamp, uint64_t offset, uint64_t n,
                               pie_segment_encode_fn encode)
{
    struct pie_segment s;
    memset(&s, 0, sizeof(s));
    s.path = path;
    s.offset = offset;
    s.n = n;
    s.stamp = *stamp;
    s.encode = encode;
    request_add_text(q);
    request_add(q, &s);
}

apipie_status pie_http_request_end_body(struct pie_http_request *q)
{
    request_add_text(q);
    return q->text.failed;
}

void pie_http_request_clear_body(struct pie_http_request *q)
{
    if (q->segments != NULL)
        memset(q->segments, 0, q->segment_room * sizeof(*q->segments));
    q->segment_count = 0;
    q->text_placed = 0;
    pie_buf_clear(&q->text);
}

/* ---- looked at */

uint64_t pie_http_request_length(const struct pie_http_request *q)
{
    uint64_t n = 0;
    for (size_t i = 0; i < q->segment_count; i++) {
        const struct pie_segment *s = &q->segments[i];
        n += s->encode != NULL ? (s->n + 2) / 3 * 4 : s->n;
    }
    return n;
}

static const uint8_t *request_bytes(const struct pie_http_request *q, const struct pie_segment *s)
{
    return s->p != NULL ? s->p : (const uint8_t *)q->text.p + s->offset;
}

const char *pie_http_request_plain(const struct pie_http_request *q)
{
    const struct pie_segment *s = q->segments;
    if (q->segment_count != 1 || s->path != NULL || s->encode != NULL)
        return NULL;
    return (const char *)request_bytes(q, s);
}

void pie_http_request_problem(const struct pie_http_request *q, const struct pie_http_place *at,
                              char problem[PIE_HTTP_PROBLEM])
{
    const char *path = at->segment < q->segment_count ? q->segments[at->segment].path : NULL;
    size_t n = 0;
    pie_text_copy(pie_slice_text(at->reason), problem, PIE_HTTP_PROBLEM);
    n = strlen(problem);
    if (path == NULL || n + 3 > PIE_HTTP_PROBLEM)
        return;
    memcpy(problem + n, ": ", 3);
    pie_text_display(pie_slice_text(path), problem + n + 2, PIE_HTTP_PROBLEM - n - 2);
}

apipie_status pie_http_request_check_files(const struct pie_http_request *q,
                                           char problem[PIE_HTTP_PROBLEM])
{
    for (size_t i = 0; i < q->segment_count; i++) {
        const struct pie_segment *s = &q->segments[i];
        struct pie_http_place at;
        pie_http_place_init(&at);
        at.segment = i;
        if (s->path == NULL)
            continue;
        if (pie_file_open_same(s->path, &s->stamp, &at.file, &at.reason) != APIPIE_OK) {
            pie_http_request_problem(q, &at, problem);
            return APIPIE_E_FILE;
        }
        pie_http_place_rewind(&at);
    }
    return APIPIE_OK;
}

/* ---- read */

void pie_http_place_init(struct pie_http_place *at)
{
    memset(at, 0, sizeof(*at));
    at->file = PIE_FILE_NONE;
}

static void request_close(struct pie_http_place *at)
{
    const char *ignored = NULL;
    if (at->file != PIE_FILE_NONE)
        pie_file_close(at->file, &ignored);
    at->file = PIE_FILE_NONE;
}

void pie_http_place_rewind(struct pie_http_place *at)
{
    request_close(at);
    pie_http_place_init(at);
}

/* Exactly n bytes of the segment's file from the place on. Before the last ones are given away the file must still be what it was:
 * a body that was made of two files never goes out whole. */
static int32_t request_read_file(const struct pie_segment *s, struct pie_http_place *at, void *p,
                                 size_t n)
{
    size_t got = 0;
    apipie_status status = APIPIE_OK;
    if (at->file == PIE_FILE_NONE)
        status = pie_file_open_same(s->path, &s->stamp, &at->file, &at->reason);
    if (status == APIPIE_OK)
        status = pie_file_read_at(at->file, s->offset + at->offset, p, n, &got, &at->reason);
    if (status == APIPIE_OK && got < n)
        at->reason = "it became shorter in the meantime";
    if (status == APIPIE_OK && got == n && at->offset + n == s->n)
        pie_file_is_as(at->file, &s->stamp, &at->reason);
    return at->reason == NULL;
}

/* Copies from one segment what fits, or some of it; returns characters written. */
static size_t request_read_segment(const struct pie_http_request *q, const struct pie_segment *s,
                                   struct pie_http_place *at, char *out, size_t room)
{
    uint8_t piece[REQUEST_PIECE];
    uint64_t left = s->n - at->offset;
    size_t n = s->encode != NULL ? room / 4 * 3 : room;
    n = s->encode != NULL && s->path != NULL && n > sizeof(piece) ? sizeof(piece) : n;
    n = left < n ? (size_t)left : n;
    if (n == 0)
        return 0;
    const uint8_t *from = piece;
    if (s->path == NULL)
        from = request_bytes(q, s) + at->offset;
    else if (!request_read_file(s, at, s->encode != NULL ? piece : (uint8_t *)out, n))
        return 0;
    at->offset += n;
    if (s->encode != NULL)
        return s->encode(from, n, out);
    if (s->path == NULL)
        memcpy(out, from, n);
    return n;
}

size_t pie_http_request_read(const struct pie_http_request *q, struct pie_http_place *at, char *out,
                             size_t room)
{
    size_t used = 0;
    while (at->segment < q->segment_count && at->reason == NULL) {
        const struct pie_segment *s = &q->segments[at->segment];
        size_t n = request_read_segment(q, s, at, out + used, room - used);
        used += n;
        if (n == 0)
            break;
        if (at->offset < s->n)
            continue;
        request_close(at);
        at->segment++;
        at->offset = 0;
    }
    return at->reason == NULL ? used : 0;
}

void pie_outcome_init(struct pie_outcome *o, const struct pie_mem *mem)
{
    memset(o, 0, sizeof(*o));
    o->lookup_us = o->connect_us = o->tls_us = o->first_byte_us = o->total_us = APIPIE_UNKNOWN;
    o->proxied = APIPIE_UNKNOWN;
    pie_headers_init(&o->headers, mem);
}

void pie_outcome_free(struct pie_outcome *o)
{
    pie_headers_free(&o->headers);
}
