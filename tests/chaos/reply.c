/* SPDX-License-Identifier: MIT */
/* Knows how a reply looks on the wire; must not know when it is given or how much of it. */
#include "chaos.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_PADDING (96 * 1024)

/* 3x2 pixels. */
static const uint8_t reply_picture[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
    0x52, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0x12,
    0x16, 0xf1, 0x4d, 0x00, 0x00, 0x00, 0x1d, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x50,
    0x75, 0x8a, 0x8f, 0x2a, 0x9f, 0xd2, 0xbf, 0xe6, 0x24, 0x43, 0xc3, 0xdc, 0x5d, 0x5b, 0x2f,
    0xbd, 0x7f, 0xc5, 0xae, 0x02, 0x00, 0x57, 0xef, 0x09, 0x92, 0x17, 0x65, 0xf3, 0xa0, 0x00,
    0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

const uint8_t *chaos_picture(size_t *ret_size)
{
    *ret_size = sizeof(reply_picture);
    return reply_picture;
}

void chaos_bytes_free(struct chaos_bytes *b)
{
    free(b->p);
    memset(b, 0, sizeof(*b));
}

void chaos_bytes_add(struct chaos_bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->room) {
        size_t room = (b->n + n) * 2 + 1024;
        char *more = realloc(b->p, room);
        if (more == NULL)
            abort();
        b->p = more;
        b->room = room;
    }
    if (n != 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void reply_text(struct chaos_bytes *b, const char *text)
{
    chaos_bytes_add(b, text, strlen(text));
}

/* ---- bodies */

static void reply_base64(struct chaos_bytes *b, const uint8_t *p, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t left = n - i < 3 ? (uint32_t)(n - i) : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        v |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)p[i + 2] : 0;
        char four[4] = {letters[v >> 18], letters[v >> 12 & 63],
                        left > 1 ? letters[v >> 6 & 63] : '=', left > 2 ? letters[v & 63] : '='};
        chaos_bytes_add(b, four, 4);
    }
}

static void reply_cost(const struct chaos_answer *a, char *out, size_t capacity)
{
    if (a->exponent)
        snprintf(out, capacity, "%" PRId64 "e-12", a->amount);
    else
        snprintf(out, capacity, "%" PRId64 ".%012" PRId64, a->amount / APIPIE_DOLLAR,
                 a->amount % APIPIE_DOLLAR);
}

/* ',"usage":{...}', or nothing. */
static void reply_usage(const struct chaos_answer *a, char *out, size_t capacity)
{
    char cost[48];
    out[0] = '\0';
    reply_cost(a, cost, sizeof(cost));
    switch (chaos_kinds[a->kind].cost) {
    case CHAOS_COST_NAMED:
        snprintf(out, capacity, ",\"usage\":{\"total_tokens\":7,\"cost\":%s,\"latency_ms\":12}",
                 cost);
        break;
    case CHAOS_COST_ZEROS:
        snprintf(out, capacity, ",\"usage\":{\"total_tokens\":0,\"cost\":0}");
        break;
    case CHAOS_COST_NONSENSE:
        snprintf(out, capacity, ",\"usage\":{\"total_tokens\":7,\"cost\":%s}",
                 a->cost_first ? "1e30"
                 : a->exponent ? "\"much\""
                               : "-0.5");
        break;
    case CHAOS_COST_FREE:
        snprintf(out, capacity, ",\"usage\":{\"total_tokens\":7,\"cost\":0}");
        break;
    default:
        break;
    }
}

static void reply_image(struct chaos_bytes *b, const struct chaos_answer *a)
{
    static const uint8_t noise[3] = {0x12, 0x34, 0x56};
    reply_text(b, "\"data\":[{\"b64_json\":\"");
    if (a->padded) { /* more bytes than one read takes, in front of which a PNG stands */
        reply_base64(b, reply_picture, sizeof(reply_picture) / 3 * 3);
        for (size_t i = 0; i < REPLY_PADDING; i += 3)
            reply_base64(b, noise, 3);
    } else {
        reply_base64(b, reply_picture, sizeof(reply_picture));
    }
    if (chaos_kinds[a->kind].body == CHAOS_BODY_BROKEN)
        b->p[b->n - 40] = '!';
    reply_text(b, "\"}]");
}

static void reply_json(struct chaos_bytes *b, const struct chaos_answer *a, const char *origin,
                       int32_t order)
{
    char usage[160];
    char url[160];
    reply_usage(a, usage, sizeof(usage));
    reply_text(b, "{\"created\":1700000000");
    if (a->cost_first)
        reply_text(b, usage);
    reply_text(b, ",");
    if (chaos_kinds[a->kind].body == CHAOS_BODY_URL) {
        snprintf(url, sizeof(url), "\"data\":[{\"url\":\"%s/pics/%d.png\"}]", origin, (int)order);
        reply_text(b, url);
    } else {
        reply_image(b, a);
    }
    if (!a->cost_first)
        reply_text(b, usage);
    reply_text(b, "}");
}

static void reply_body(struct chaos_bytes *b, const struct chaos_answer *a, const char *origin,
                       int32_t order)
{
    const struct chaos_kind *k = &chaos_kinds[a->kind];
    char usage[160];
    const char *at = k->text != NULL ? strstr(k->text, "%s") : NULL;
    switch (k->body) {
    case CHAOS_BODY_TEXT:
        reply_usage(a, usage, sizeof(usage));
        if (at != NULL) {
            chaos_bytes_add(b, k->text, (size_t)(at - k->text));
            reply_text(b, usage);
        }
        reply_text(b, at != NULL ? at + 2 : k->text);
        break;
    case CHAOS_BODY_BYTES:
        chaos_bytes_add(b, reply_picture, sizeof(reply_picture));
        break;
    case CHAOS_BODY_NONE:
        break;
    default:
        reply_json(b, a, origin, order);
        break;
    }
}

/* ---- around them */

static void reply_chunks(struct chaos_bytes *out, const struct chaos_bytes *body)
{
    char head[32];
    size_t piece = body->n > 4096 ? 4000 : 61;
    for (size_t i = 0; i < body->n; i += piece) {
        size_t n = body->n - i < piece ? body->n - i : piece;
        snprintf(head, sizeof(head), "%zx\r\n", n);
        reply_text(out, head);
        chaos_bytes_add(out, body->p + i, n);
        reply_text(out, "\r\n");
    }
    reply_text(out, "0\r\n\r\n");
}

static void reply_framing(struct chaos_bytes *out, const struct chaos_answer *a, size_t n)
{
    char line[64];
    line[0] = '\0';
    if (a->framing == 0)
        snprintf(line, sizeof(line), "Content-Length: %zu\r\n", n);
    else if (a->framing == 1)
        snprintf(line, sizeof(line), "Transfer-Encoding: chunked\r\n");
    reply_text(out, line);
    if (a->framing == 2 || a->ending == CHAOS_CLOSE)
        reply_text(out, a->exponent ? "" : "Connection: close\r\n");
}

static void reply_head(struct chaos_bytes *out, const struct chaos_answer *a, int32_t status,
                       const char *headers, const char *id)
{
    char line[160];
    if (a->first_continue)
        reply_text(out, "HTTP/1.1 100 Continue\r\n\r\n");
    snprintf(line, sizeof(line), "HTTP/1.1 %d Chaos\r\n", (int)status);
    reply_text(out, line);
    out->line_end = out->n;
    if (id != NULL) {
        snprintf(line, sizeof(line), "x-request-id: %s\r\n", id);
        reply_text(out, line);
    }
    reply_text(out, headers);
    out->said_end = out->n;
}

void chaos_reply_make(struct chaos_bytes *out, const struct chaos_answer *a, const char *id,
                      const char *origin, int32_t order)
{
    const struct chaos_kind *k = &chaos_kinds[a->kind];
    struct chaos_bytes body = {NULL, 0, 0, 0, 0};
    out->n = 0;
    reply_body(&body, a, origin, order);
    reply_head(out, a, k->status, k->headers, id);
    if (k->body != CHAOS_BODY_NONE)
        reply_framing(out, a, body.n);
    reply_text(out, "\r\n");
    if (k->body != CHAOS_BODY_NONE && a->framing == 1)
        reply_chunks(out, &body);
    else
        chaos_bytes_add(out, body.p, body.n);
    chaos_bytes_free(&body);
}

void chaos_reply_get(struct chaos_bytes *out, int32_t status)
{
    struct chaos_answer plain;
    memset(&plain, 0, sizeof(plain));
    plain.ending = CHAOS_REPLY;
    out->n = 0;
    reply_head(out, &plain, status, "Content-Type: image/png\r\n", NULL);
    reply_framing(out, &plain, status == 200 ? sizeof(reply_picture) : 0);
    reply_text(out, "\r\n");
    if (status == 200)
        chaos_bytes_add(out, reply_picture, sizeof(reply_picture));
}
