/* SPDX-License-Identifier: MIT */
/* Calls and replies of a dialect as literals: what a leg holds, what a reply means. */
#ifndef TEST_WIRES_H
#define TEST_WIRES_H

#include "dialect/dialect.h"
#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct wires {
    const struct pie_dialect *wire;
    struct pie_wish wish;
    struct pie_call call;
    struct pie_leg leg;
    struct pie_step step;
    struct pie_buf body; /* of the leg, as it will travel */
    struct apipie_error err;
    /* the reply */
    struct pie_outcome outcome;
    struct pie_buf safe;
    struct pie_doc *doc;
    struct pie_reply reply;
    struct pie_part parts[8];
    struct apipie_result *result;
};

static inline void wires_open(struct wires *t, const char *dialect, const char *prompt)
{
    memset(t, 0, sizeof(*t));
    t->wire = pie_dialect_find(dialect);
    assert_non_null(t->wire);
    pie_wish_init(&t->wish, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    if (prompt != NULL)
        assert_int_equal(pie_wish_set_text(&t->wish, PIE_WISH_PROMPT, prompt, strlen(prompt)),
                         APIPIE_OK);
    pie_http_request_init(&t->leg.request, &pie_mem_libc);
    pie_error_init(&t->err, &pie_mem_libc);
    pie_outcome_init(&t->outcome, &pie_mem_libc);
    pie_buf_init(&t->body, &pie_mem_libc, 1 << 20);
    pie_buf_init(&t->safe, &pie_mem_libc, 1 << 20);
    t->result = pie_result_new(&pie_mem_libc);
    assert_non_null(t->result);
}

static inline void wires_close(struct wires *t)
{
    pie_result_free(t->result);
    pie_doc_free(t->doc);
    pie_buf_free(&t->safe);
    pie_buf_free(&t->body);
    pie_outcome_free(&t->outcome);
    pie_error_free(&t->err);
    pie_http_request_free(&t->leg.request);
    pie_wish_free(&t->wish);
}

static inline void wires_text(struct wires *t, int32_t which, const char *text)
{
    assert_int_equal(pie_wish_set_text(&t->wish, which, text, strlen(text)), APIPIE_OK);
}

static inline void wires_extra(struct wires *t, const char *name, const char *json)
{
    assert_int_equal(pie_wish_set_extra(&t->wish, name, json), APIPIE_OK);
}

static inline struct pie_input wires_bytes(const char *p, size_t n)
{
    struct pie_input in;
    memset(&in, 0, sizeof(in));
    in.kind = PIE_INPUT_BYTES;
    in.p = p;
    in.n = n;
    in.mime = "image/png";
    return in;
}

/* A picture of four bytes: iVBORw== in base64. */
static inline void wires_image(struct wires *t)
{
    struct pie_input in = wires_bytes("\x89PNG", 4);
    assert_int_equal(pie_inputs_add(&pie_mem_libc, &t->wish.images, &in), APIPIE_OK);
}

static inline void wires_image_url(struct wires *t, const char *url)
{
    struct pie_input in;
    memset(&in, 0, sizeof(in));
    in.kind = PIE_INPUT_URL;
    in.p = url;
    in.n = strlen(url);
    assert_int_equal(pie_inputs_add(&pie_mem_libc, &t->wish.images, &in), APIPIE_OK);
}

static inline void wires_mask(struct wires *t)
{
    struct pie_input in = wires_bytes("mask", 4); /* bWFzaw== */
    assert_int_equal(pie_input_copy(&pie_mem_libc, &t->wish.mask, &in), APIPIE_OK);
}

/* The call of the wish as it is now. */
static inline void wires_call(struct wires *t)
{
    const int32_t way = t->call.way;
    pie_call_init(&t->call, &t->wish);
    t->call.base_url = "http://box:7860";
    t->call.way = way;
}

static inline void wires_read_body(struct wires *t)
{
    struct pie_http_place at;
    char piece[64];
    size_t n = 0;
    pie_buf_clear(&t->body);
    pie_buf_add(&t->body, "", 0);
    pie_http_place_init(&at);
    while ((n = pie_http_request_read(&t->leg.request, &at, piece, sizeof(piece))) != 0)
        pie_buf_add(&t->body, piece, n);
    pie_http_place_rewind(&at);
}

static inline void wires_encode(struct wires *t, const char *path)
{
    wires_call(t);
    assert_int_equal(t->wire->encode(&t->call, &t->leg, &t->err), APIPIE_OK);
    assert_string_equal(t->leg.request.url.p + strlen("http://box:7860"), path);
    assert_string_equal(t->leg.request.method, "POST");
    assert_true(t->leg.paid == 1 && t->leg.request.once == 1);
    assert_int_equal(t->leg.purpose, APIPIE_PURPOSE_GENERATE);
    wires_read_body(t);
}

/* What is wrong with the wish as it is now. */
static inline void wires_need_check(struct wires *t, apipie_status want, const char *word)
{
    wires_call(t);
    pie_error_free(&t->err);
    pie_error_init(&t->err, &pie_mem_libc);
    assert_int_equal(pie_call_fit(t->wire, &t->call, NULL, &t->err), want);
    assert_int_equal(t->err.code, want);
    if (word != NULL)
        assert_non_null(strstr(t->err.message, word));
    assert_true(want == APIPIE_OK || t->err.hint[0] != '\0');
}

/* An extra field, and whether it may stand beside what is set; a refusal names it. */
struct wires_field {
    const char *name, *json;
    apipie_status want;
};

/* Each of them alone, one after the other. */
static inline void wires_need_fields(struct wires *t, const struct wires_field *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wires_extra(t, rows[i].name, rows[i].json);
        wires_need_check(t, rows[i].want, rows[i].want != APIPIE_OK ? rows[i].name : NULL);
        wires_extra(t, rows[i].name, NULL);
    }
}

/* A reply instead of the one before. */
static inline void wires_reply(struct wires *t, int32_t status, const char *body)
{
    struct pie_damage damage;
    t->doc = pie_doc_free(t->doc);
    pie_buf_clear(&t->safe);
    pie_headers_clear(&t->outcome.headers);
    pie_error_free(&t->err);
    pie_error_init(&t->err, &pie_mem_libc);
    t->result = pie_result_free(t->result);
    t->result = pie_result_new(&pie_mem_libc);
    memset(&t->reply, 0, sizeof(t->reply));
    t->outcome.status = status;
    t->reply.outcome = &t->outcome;
    t->reply.text = pie_slice_text(body);
    if (pie_json_safe(&pie_mem_libc, t->reply.text, &t->safe, &damage) != APIPIE_OK)
        return;
    assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_buf_slice(&t->safe), &t->doc), APIPIE_OK);
    t->reply.root = pie_doc_root(t->doc);
}

/* With that many whole pictures in it. */
static inline void wires_pictures(struct wires *t, int32_t path, size_t count)
{
    memset(t->parts, 0, sizeof(t->parts));
    for (size_t i = 0; i < count; i++) {
        t->parts[i].kind = PIE_PART_IMAGE;
        t->parts[i].path = path;
        t->parts[i].index[0] = (uint32_t)i;
        t->parts[i].slot = (uint32_t)i;
        t->parts[i].size = 100 + i;
        t->parts[i].mime = "image/png";
    }
    t->reply.parts = t->parts;
    t->reply.part_count = count;
}

static inline apipie_status wires_decode(struct wires *t)
{
    return t->wire->decode(&t->call, &t->reply, t->result, &t->err);
}

static inline void wires_need_error(struct wires *t, int32_t status, const char *body,
                                    apipie_status code, int32_t retryable, const char *message,
                                    const char *hint)
{
    wires_reply(t, status, body);
    pie_dialect_explain(t->wire, &t->reply, &t->err);
    assert_int_equal(t->err.code, code);
    assert_int_equal(t->err.retryable, retryable);
    assert_int_equal(t->err.http_status, status);
    assert_non_null(strstr(t->err.message, message));
    if (hint != NULL)
        assert_non_null(strstr(t->err.hint, hint));
}

/* The list of models, as the catalogue reads it. */
static inline void wires_models(struct wires *t, struct pie_buf *out)
{
    pie_buf_init(out, &pie_mem_libc, 1 << 16);
    wires_call(t);
    assert_int_equal(t->wire->write_models(&t->call, &t->reply, "desk", out), APIPIE_OK);
    assert_int_equal(pie_json_check(pie_buf_slice(out)), APIPIE_OK);
}

#endif
