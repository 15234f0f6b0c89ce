/* SPDX-License-Identifier: MIT */
/* Knows how an exchange begins: method, address, key, the filters of a list; must not know a body. */
#include "dialect/shared_priv.h"

apipie_status pie_begin_header(struct pie_http_request *q, const char *name, const char *value)
{
    return pie_headers_add(&q->headers, pie_slice_text(name), pie_slice_text(value));
}

/* What a dialect adds besides the key. */
#define BEGIN_HEADERS 512

static apipie_status begin_key(const char *scheme, const char *key, struct pie_http_request *q)
{
    struct pie_buf line;
    pie_buf_init(&line, q->text.mem, PIE_HEADERS_MAX);
    /* growing would leave copies behind */
    pie_buf_reserve(&line, strlen(scheme) + 1 + strlen(key));
    pie_buf_reserve(&q->headers.text, strlen(key) + BEGIN_HEADERS); /* likewise */
    pie_buf_add_text(&line, scheme);
    pie_buf_add_char(&line, ' ');
    pie_buf_add_text(&line, key);
    apipie_status status = line.failed;
    if (status == APIPIE_OK)
        status = pie_begin_header(q, "Authorization", line.p);
    if (line.p != NULL)
        pie_mem_wipe(line.p, line.cap);
    pie_buf_free(&line);
    return status;
}

/* Keeps the memory, but neither a key nor a byte of what was asked before. */
static void begin_empty(struct pie_leg *leg)
{
    struct pie_http_request *q = &leg->request;
    leg->purpose = leg->paid = leg->with_key = 0;
    q->once = q->public_only = 0;
    pie_http_request_clear_body(q);
    if (q->headers.text.p != NULL)
        pie_mem_wipe(q->headers.text.p, q->headers.text.cap);
    pie_headers_clear(&q->headers);
    pie_buf_clear(&q->url);
}

static apipie_status begin_as(const struct pie_call *c, const char *method, const char *path,
                              const char *scheme, struct pie_leg *leg)
{
    struct pie_http_request *q = &leg->request;
    begin_empty(leg);
    q->method = method;
    leg->with_key = c->key != NULL;
    pie_buf_add_text(&q->url, c->base_url);
    pie_buf_add_text(&q->url, path);
    apipie_status status = q->url.failed;
    if (status == APIPIE_OK && c->key != NULL)
        status = begin_key(scheme, c->key, q);
    if (status == APIPIE_OK)
        status = pie_begin_header(q, "Accept", "application/json");
    return status;
}

apipie_status pie_begin(const struct pie_call *c, const char *method, const char *path,
                        struct pie_leg *leg)
{
    return begin_as(c, method, path, "Bearer", leg);
}

apipie_status pie_begin_paid_as(const struct pie_call *c, const char *path, const char *scheme,
                                struct pie_leg *leg)
{
    apipie_status status = begin_as(c, "POST", path, scheme, leg);
    leg->purpose = APIPIE_PURPOSE_GENERATE;
    leg->paid = 1;
    leg->request.once = 1;
    return status;
}

apipie_status pie_begin_paid(const struct pie_call *c, const char *path, struct pie_leg *leg)
{
    return pie_begin_paid_as(c, path, "Bearer", leg);
}

apipie_status pie_begin_within(const struct pie_leg *leg, uint64_t most, const char *what,
                               struct apipie_error *err)
{
    if (pie_http_request_length(&leg->request) <= most)
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_LIMIT, "give a smaller input image, or encode it as JPEG", what,
                  NULL, NULL);
    return err->code;
}

/* ---- addresses */

int32_t pie_begin_is_id(struct pie_slice id)
{
    struct pie_step s;
    for (size_t i = 0; i < id.n; i++) {
        if (!pie_is_alpha(id.p[i]) && !pie_is_digit(id.p[i]) && id.p[i] != '_' && id.p[i] != '-')
            return 0;
    }
    return id.n != 0 && id.n < sizeof(s.id);
}

/* RFC 3986, 2.3: what needs no percent sign. */
static int32_t begin_is_plain(char c)
{
    return pie_is_alpha(c) || pie_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void pie_begin_percent(struct pie_buf *url, const char *text, char but)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (begin_is_plain(*text) || *text == but) {
            pie_buf_add_char(url, *text);
            continue;
        }
        pie_buf_add_char(url, '%');
        pie_buf_add_char(url, hex[c >> 4]);
        pie_buf_add_char(url, hex[c & 15]);
    }
}

/* ---- lists of models */

apipie_status pie_begin_models(const struct pie_call *c, const char *path, char before,
                               struct pie_leg *leg)
{
    struct pie_buf *url = &leg->request.url;
    apipie_status status = pie_begin(c, "GET", path, leg);
    if (status != APIPIE_OK)
        return status;
    leg->purpose = APIPIE_PURPOSE_MODELS;
    for (const struct pie_filter *f = c->wish->filters; f != NULL; f = f->next) {
        pie_buf_add_char(url, before);
        pie_begin_percent(url, f->name, '\0');
        if (f->value != NULL) {
            pie_buf_add_char(url, '=');
            pie_begin_percent(url, f->value, '\0');
        }
        before = '&';
    }
    return url->failed;
}

int32_t pie_models_wanted(const struct pie_wish *w, struct pie_slice provider,
                          struct pie_slice model, const char *type)
{
    for (const struct pie_filter *f = w->filters; f != NULL; f = f->next) {
        struct pie_slice value = pie_slice_text(type);
        if (f->value == NULL)
            continue;
        if (strcmp(f->name, "provider") == 0)
            value = provider;
        else if (strcmp(f->name, "model") == 0)
            value = model;
        else if (strcmp(f->name, "type") != 0)
            continue;
        if (!pie_slice_equal_nocase(value, f->value))
            return 0;
    }
    return 1;
}
