/* SPDX-License-Identifier: MIT */
/* Knows how a request is signed for AWS (Signature Version 4); must not know a service, a clock, or how bytes are hashed. */
#include "dialect/sigv4_priv.h"

/* The secret of a key, behind "AWS4". */
#define SIGV4_SECRET (APIPIE_LIMIT_TEXT + 4)
/* The date, the name of the algorithm, the scope and the signature. */
#define SIGV4_HEADERS 1024
#define SIGV4_TEXT    (2 * PIE_HEADERS_MAX)

/* "20240102T030405Z", and the first eight of it. */
#define SIGV4_DATE 17
#define SIGV4_DAY  8

static const char sigv4_algorithm[] = "AWS4-HMAC-SHA256";

/* In the order in which they are signed. What the host or a proxy adds is not: it may change on the way. */
static const char *const sigv4_signed[] = {"accept", "content-type", "host", "x-amz-date",
                                           "x-amz-security-token"};

/* ---- the key */

static int32_t sigv4_is_word(struct pie_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pie_is_alpha(s.p[i]) && !pie_is_digit(s.p[i]) && s.p[i] != '_')
            return 0;
    }
    return s.n != 0;
}

int32_t pie_sigv4_read_key(const char *key, struct pie_sigv4 *ret)
{
    struct pie_slice part[3] = {{"", 0}, {"", 0}, {"", 0}};
    size_t parts = 0;
    for (;; key++) {
        size_t n = strcspn(key, ":");
        if (parts == PIE_COUNT(part) || n == 0)
            return 0;
        part[parts++] = pie_slice(key, n);
        key += n;
        if (*key == '\0')
            break;
    }
    if (parts < 2 || part[1].n > APIPIE_LIMIT_TEXT || !sigv4_is_word(part[0]))
        return 0;
    ret->access = part[0];
    ret->secret = part[1];
    ret->token = part[2];
    return 1;
}

/* ---- pieces */

static void sigv4_date(int64_t wall_ms, char out[SIGV4_DATE])
{
    char text[PIE_NUMBER_MAX]; /* 2024-01-02T03:04:05.678Z */
    size_t n = 0;
    pie_number_iso_text(wall_ms, text);
    for (size_t i = 0; text[i] != '.' && n < SIGV4_DATE - 2; i++) {
        if (text[i] != '-' && text[i] != ':')
            out[n++] = text[i];
    }
    out[n++] = 'Z';
    out[n] = '\0';
}

static void sigv4_hex(struct pie_buf *out, const uint8_t hash[PIE_SHA256])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < PIE_SHA256; i++) {
        pie_buf_add_char(out, hex[hash[i] >> 4]);
        pie_buf_add_char(out, hex[hash[i] & 15]);
    }
}

static void sigv4_scope(const struct pie_sigv4 *s, const char *date, struct pie_buf *out)
{
    pie_buf_add(out, date, SIGV4_DAY);
    pie_buf_add_char(out, '/');
    pie_buf_add_slice(out, s->region);
    pie_buf_add_char(out, '/');
    pie_buf_add_slice(out, s->service);
    pie_buf_add_text(out, "/aws4_request");
}

/* ---- what is signed */

struct sigv4_address {
    struct pie_slice host, path, query;
};

/* As libcurl sends it: the port is left out where it goes without saying. */
static struct pie_slice sigv4_host(struct pie_slice url, struct pie_slice host)
{
    const char *port = pie_slice_starts_nocase(url, "https:") ? ":443" : ":80";
    const size_t n = strlen(port);
    if (host.n > n && memcmp(host.p + host.n - n, port, n) == 0)
        host.n -= n;
    return host;
}

static void sigv4_split(const char *url, struct sigv4_address *ret)
{
    const char *at = strstr(url, "://");
    at = at != NULL ? at + 3 : url;
    ret->host = sigv4_host(pie_slice_text(url), pie_slice(at, strcspn(at, "/?#")));
    at += strcspn(at, "/?#");
    ret->path = *at == '/' ? pie_slice(at, strcspn(at, "?#")) : pie_slice_text("/");
    at += strcspn(at, "?#");
    ret->query = *at == '?' ? pie_slice(at + 1, strcspn(at + 1, "#")) : pie_slice("", 0);
}

/* The path as it is sent, encoded once more. */
static void sigv4_path(struct pie_buf *out, struct pie_slice path)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (pie_is_alpha(path.p[i]) || pie_is_digit(path.p[i]) || (c != 0 && strchr("-._~/", c))) {
            pie_buf_add_char(out, path.p[i]);
            continue;
        }
        pie_buf_add_char(out, '%');
        pie_buf_add_char(out, hex[c >> 4]);
        pie_buf_add_char(out, hex[c & 15]);
    }
}

static struct pie_slice sigv4_value(const struct pie_http_request *q,
                                    const struct sigv4_address *to, size_t i)
{
    if (strcmp(sigv4_signed[i], "host") == 0)
        return to->host;
    return pie_slice_text(pie_headers_get(&q->headers, sigv4_signed[i]));
}

/* The names, with a ';' between them. */
static void sigv4_names(const struct pie_http_request *q, const struct sigv4_address *to,
                        struct pie_buf *out)
{
    int32_t first = 1;
    for (size_t i = 0; i < PIE_COUNT(sigv4_signed); i++) {
        if (sigv4_value(q, to, i).n == 0)
            continue;
        if (!first)
            pie_buf_add_char(out, ';');
        pie_buf_add_text(out, sigv4_signed[i]);
        first = 0;
    }
}

/* A query stands as it is: the services that are asked here have none. */
void pie_sigv4_canonical(const struct pie_http_request *q, const uint8_t body[PIE_SHA256],
                         struct pie_buf *out)
{
    struct sigv4_address to;
    sigv4_split(q->url.p, &to);
    pie_buf_add_text(out, q->method);
    pie_buf_add_char(out, '\n');
    sigv4_path(out, to.path);
    pie_buf_add_char(out, '\n');
    pie_buf_add_slice(out, to.query);
    pie_buf_add_char(out, '\n');
    for (size_t i = 0; i < PIE_COUNT(sigv4_signed); i++) {
        struct pie_slice value = sigv4_value(q, &to, i);
        if (value.n == 0)
            continue;
        pie_buf_add_text(out, sigv4_signed[i]);
        pie_buf_add_char(out, ':');
        pie_buf_add_slice(out, value);
        pie_buf_add_char(out, '\n');
    }
    pie_buf_add_char(out, '\n');
    sigv4_names(q, &to, out);
    pie_buf_add_char(out, '\n');
    sigv4_hex(out, body);
}

/* ---- the signature */

apipie_status pie_sigv4_day_key(const struct pie_sigv4 *s, uint8_t out[PIE_SHA256])
{
    char first[SIGV4_SECRET] = "AWS4";
    char date[SIGV4_DATE];
    sigv4_date(s->wall_ms, date);
    const struct pie_slice steps[] = {pie_slice(date, SIGV4_DAY), s->region, s->service,
                                      pie_slice_text("aws4_request")};
    struct pie_slice key = pie_slice(first, 4 + s->secret.n);
    uint8_t made[PIE_SHA256];
    apipie_status status = APIPIE_OK;
    memcpy(first + 4, s->secret.p, s->secret.n);
    for (size_t i = 0; i < PIE_COUNT(steps) && status == APIPIE_OK; i++) {
        status = pie_sha256_keyed(key, steps[i], made);
        memcpy(out, made, PIE_SHA256);
        key = pie_slice((const char *)out, PIE_SHA256);
    }
    pie_mem_wipe(first, sizeof(first));
    pie_mem_wipe(made, sizeof(made));
    return status;
}

static void sigv4_free(struct pie_buf *b)
{
    if (b->p != NULL)
        pie_mem_wipe(b->p, b->cap);
    pie_buf_free(b);
}

/* The hash of what is signed. */
static apipie_status sigv4_hash(const struct pie_http_request *q, char problem[PIE_HTTP_PROBLEM],
                                uint8_t out[PIE_SHA256])
{
    struct pie_buf text;
    apipie_status status = pie_sha256_body(q, out, problem);
    if (status != APIPIE_OK)
        return status;
    pie_buf_init(&text, q->text.mem, SIGV4_TEXT);
    pie_buf_reserve(&text, q->url.n * 3 + q->headers.text.n + SIGV4_HEADERS); /* it holds a token */
    pie_sigv4_canonical(q, out, &text);
    status = text.failed == APIPIE_OK ? pie_sha256(pie_buf_slice(&text), out) : text.failed;
    sigv4_free(&text);
    return status;
}

static apipie_status sigv4_make(const struct pie_sigv4 *s, const char *date,
                                const uint8_t hash[PIE_SHA256], const struct pie_mem *mem,
                                uint8_t out[PIE_SHA256])
{
    uint8_t key[PIE_SHA256];
    struct pie_buf text;
    pie_buf_init(&text, mem, SIGV4_TEXT);
    pie_buf_add_text(&text, sigv4_algorithm);
    pie_buf_add_char(&text, '\n');
    pie_buf_add_text(&text, date);
    pie_buf_add_char(&text, '\n');
    sigv4_scope(s, date, &text);
    pie_buf_add_char(&text, '\n');
    sigv4_hex(&text, hash);
    apipie_status status = text.failed == APIPIE_OK ? pie_sigv4_day_key(s, key) : text.failed;
    if (status == APIPIE_OK)
        status =
            pie_sha256_keyed(pie_slice((const char *)key, sizeof(key)), pie_buf_slice(&text), out);
    pie_mem_wipe(key, sizeof(key));
    pie_buf_free(&text);
    return status;
}

static apipie_status sigv4_show(const struct pie_sigv4 *s, const char *date,
                                const uint8_t signature[PIE_SHA256], struct pie_http_request *q)
{
    struct sigv4_address to;
    struct pie_buf line;
    pie_buf_init(&line, q->text.mem, PIE_HEADERS_MAX);
    sigv4_split(q->url.p, &to);
    pie_buf_add_text(&line, sigv4_algorithm);
    pie_buf_add_text(&line, " Credential=");
    pie_buf_add_slice(&line, s->access);
    pie_buf_add_char(&line, '/');
    sigv4_scope(s, date, &line);
    pie_buf_add_text(&line, ", SignedHeaders=");
    sigv4_names(q, &to, &line);
    pie_buf_add_text(&line, ", Signature=");
    sigv4_hex(&line, signature);
    apipie_status status = line.failed;
    if (status == APIPIE_OK)
        status =
            pie_headers_add(&q->headers, pie_slice_text("Authorization"), pie_buf_slice(&line));
    sigv4_free(&line);
    return status;
}

/* Neither date nor token of another try. Growing later would leave copies of the token behind. */
static apipie_status sigv4_begin(const struct pie_sigv4 *s, const char *date,
                                 struct pie_http_request *q)
{
    struct pie_headers *h = &q->headers;
    pie_headers_set(h, "Authorization", NULL);
    pie_headers_set(h, "X-Amz-Date", NULL);
    pie_headers_set(h, "X-Amz-Security-Token", NULL);
    pie_buf_reserve(&h->text, h->text.n + s->token.n + s->access.n + SIGV4_HEADERS);
    apipie_status status = h->text.failed;
    if (status == APIPIE_OK)
        status = pie_headers_add(h, pie_slice_text("X-Amz-Date"), pie_slice_text(date));
    if (status == APIPIE_OK && s->token.n != 0)
        status = pie_headers_add(h, pie_slice_text("X-Amz-Security-Token"), s->token);
    return status;
}

apipie_status pie_sigv4_sign(const struct pie_sigv4 *s, struct pie_http_request *q,
                             char problem[PIE_HTTP_PROBLEM])
{
    char date[SIGV4_DATE];
    uint8_t hash[PIE_SHA256], signature[PIE_SHA256];
    problem[0] = '\0';
    sigv4_date(s->wall_ms, date);
    apipie_status status = sigv4_begin(s, date, q);
    if (status == APIPIE_OK)
        status = sigv4_hash(q, problem, hash);
    if (status == APIPIE_OK)
        status = sigv4_make(s, date, hash, q->text.mem, signature);
    return status == APIPIE_OK ? sigv4_show(s, date, signature, q) : status;
}
