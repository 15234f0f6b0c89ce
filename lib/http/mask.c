/* SPDX-License-Identifier: MIT */
/* Knows which bytes must not be written down, and finds them in a stream; must not know what is recorded. */
#include "http/mask_priv.h"

/* A shorter one is no secret, but a part of ordinary words. */
#define MASK_LEAST 8

/* ---- what is secret */

static void mask_forget(struct pie_secrets *s, size_t i)
{
    pie_mem_wipe(s->each[i].p, s->each[i].n);
    s->each[i].p = pie_mem_free(s->mem, s->each[i].p);
}

static void mask_count(struct pie_secrets *s)
{
    s->longest = 0;
    memset(s->starts, 0, sizeof(s->starts));
    for (size_t i = 0; i < s->count; i++) {
        s->starts[(uint8_t)s->each[i].p[0]] = 1;
        s->longest = s->each[i].n > s->longest ? s->each[i].n : s->longest;
    }
}

/* The one at that place comes first. */
static void mask_move_up(struct pie_secrets *s, size_t from, char *p, size_t n)
{
    memmove(&s->each[1], &s->each[0], from * sizeof(s->each[0]));
    s->each[0].p = p;
    s->each[0].n = n;
}

static apipie_status mask_add(struct pie_secrets *s, struct pie_slice secret)
{
    for (size_t i = 0; i < s->count; i++) {
        if (pie_slice_equal(secret, s->each[i].p)) {
            mask_move_up(s, i, s->each[i].p, s->each[i].n);
            return APIPIE_OK;
        }
    }
    char *copy = pie_mem_text(s->mem, secret.p, secret.n);
    if (copy == NULL)
        return APIPIE_E_MEMORY;
    if (s->count == PIE_SECRETS)
        mask_forget(s, --s->count);
    mask_move_up(s, s->count++, copy, secret.n);
    mask_count(s);
    return APIPIE_OK;
}

/* As a JSON text holds it, where it has to escape these characters. */
static apipie_status mask_add_quoted(struct pie_secrets *s, struct pie_slice secret,
                                     const char *escaped)
{
    char text[2 * APIPIE_LIMIT_TEXT];
    size_t n = 0;
    apipie_status status = APIPIE_OK;
    for (size_t i = 0; i < secret.n && n + 2 <= sizeof(text); i++) {
        if (strchr(escaped, secret.p[i]) != NULL)
            text[n++] = '\\';
        text[n++] = secret.p[i];
    }
    if (n != secret.n)
        status = mask_add(s, pie_slice(text, n));
    pie_mem_wipe(text, n);
    return status;
}

/* Some servers escape a slash too. */
static apipie_status mask_add_all(struct pie_secrets *s, struct pie_slice secret)
{
    apipie_status status = mask_add_quoted(s, secret, "\"\\/");
    if (status == APIPIE_OK)
        status = mask_add_quoted(s, secret, "\"\\");
    return status == APIPIE_OK ? mask_add(s, secret) : status;
}

/* Those that are the same for everybody, or random. */
static int32_t mask_is_plain(const char *name)
{
    static const char *const plain[] = {"Accept", "Idempotency-Key", "traceparent"};
    for (size_t i = 0; i < PIE_COUNT(plain); i++) {
        if (pie_slice_equal_nocase(pie_slice_text(name), plain[i]))
            return 1;
    }
    return 0;
}

/* "Bearer " and the like are no part of it: elsewhere the key stands alone. The boundary of a form is random: without it the same form is
 * the same body. */
static struct pie_slice mask_value(const char *name, const char *value)
{
    static const char boundary[] = "boundary=";
    if (pie_slice_equal_nocase(pie_slice_text(name), "Content-Type")) {
        const char *at = strstr(value, boundary);
        return at != NULL ? pie_slice_text(at + sizeof(boundary) - 1) : pie_slice("", 0);
    }
    const char *blank = strchr(value, ' ');
    if (blank != NULL && pie_slice_equal_nocase(pie_slice_text(name), "Authorization"))
        value = blank + 1;
    return pie_slice_text(value);
}

/* The value of a character of base64; -1: it is none. */
static int32_t mask_sextet(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int32_t)(at - alphabet) : -1;
}

/* "user:password" goes out in base64 (RFC 7617). A server that reads it may repeat both, or the password. */
static apipie_status mask_add_basic(struct pie_secrets *s, const char *name, const char *value)
{
    char text[APIPIE_LIMIT_TEXT];
    size_t n = 0;
    uint32_t bits = 0;
    int32_t have = 0;
    if (!pie_slice_equal_nocase(pie_slice_text(name), "Authorization") ||
        !pie_slice_starts_nocase(pie_slice_text(value), "Basic "))
        return APIPIE_OK;
    for (const char *p = value + strlen("Basic "); mask_sextet(*p) >= 0 && n < sizeof(text); p++) {
        bits = (bits << 6 | (uint32_t)mask_sextet(*p)) & 0xFFF;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        text[n++] = (char)(uint8_t)(bits >> have);
    }
    const char *colon = n != 0 ? memchr(text, ':', n) : NULL;
    struct pie_slice password = pie_slice("", 0);
    if (colon != NULL)
        password = pie_slice(colon + 1, n - (size_t)(colon + 1 - text));
    apipie_status status = n >= MASK_LEAST ? mask_add_all(s, pie_slice(text, n)) : APIPIE_OK;
    if (status == APIPIE_OK && password.n >= MASK_LEAST)
        status = mask_add_all(s, password);
    pie_mem_wipe(text, sizeof(text));
    return status;
}

void pie_secrets_init(struct pie_secrets *s, const struct pie_mem *mem)
{
    memset(s, 0, sizeof(*s));
    s->mem = mem;
}

void pie_secrets_free(struct pie_secrets *s)
{
    while (s->count != 0)
        mask_forget(s, --s->count);
    mask_count(s);
}

apipie_status pie_secrets_learn(struct pie_secrets *s, const struct pie_headers *h)
{
    const char *name = NULL;
    const char *value = NULL;
    apipie_status status = APIPIE_OK;
    for (size_t at = 0; status == APIPIE_OK && pie_headers_next(h, &at, &name, &value);) {
        struct pie_slice secret = mask_value(name, value);
        if (!mask_is_plain(name) && secret.n >= MASK_LEAST)
            status = mask_add_all(s, secret);
        if (status == APIPIE_OK)
            status = mask_add_basic(s, name, value);
    }
    return status;
}

/* ---- the stream */

void pie_mask_init(struct pie_mask *m, const struct pie_secrets *s)
{
    m->secrets = s;
    pie_buf_init(&m->held, s->mem, PIE_MASK_MOST);
}

void pie_mask_free(struct pie_mask *m)
{
    if (m->held.p != NULL)
        pie_mem_wipe(m->held.p, m->held.cap);
    pie_buf_free(&m->held);
}

/* Bytes of the longest secret that stands there; 0: none does. */
static size_t mask_match(const struct pie_secrets *s, const char *p, size_t n)
{
    size_t best = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t length = s->each[i].n;
        if (length > best && length <= n && memcmp(p, s->each[i].p, length) == 0)
            best = length;
    }
    return best;
}

static size_t mask_plain_run(const struct pie_secrets *s, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && !s->starts[(uint8_t)p[i]])
        i++;
    return i;
}

/* Each place is judged when as many bytes as the longest secret has are known behind it: by then `keep` of them are kept. */
static void mask_scan(struct pie_mask *m, size_t keep, struct pie_buf *out)
{
    const struct pie_secrets *s = m->secrets;
    struct pie_buf *held = &m->held;
    size_t i = 0;
    while (i + keep < held->n) {
        size_t secret = mask_match(s, held->p + i, held->n - i);
        size_t run = secret != 0 ? secret : mask_plain_run(s, held->p + i, held->n - keep - i);
        run += run == 0; /* it begins like one */
        for (size_t k = 0; k < secret; k++)
            held->p[i + k] = '*';
        pie_buf_add(out, held->p + i, run);
        i += run;
    }
    if (i == 0)
        return;
    memmove(held->p, held->p + i, held->n - i);
    pie_buf_truncate(held, held->n - i);
}

void pie_mask_feed(struct pie_mask *m, const void *p, size_t n, struct pie_buf *out)
{
    if (m->secrets->count == 0 && m->held.n == 0) {
        pie_buf_add(out, p, n);
        return;
    }
    pie_buf_add(&m->held, p, n);
    if (m->held.failed != APIPIE_OK)
        out->failed = m->held.failed;
    else
        mask_scan(m, m->secrets->longest != 0 ? m->secrets->longest - 1 : 0, out);
}

void pie_mask_end(struct pie_mask *m, struct pie_buf *out)
{
    if (m->held.failed == APIPIE_OK)
        mask_scan(m, 0, out);
    pie_buf_clear(&m->held);
}
