/* SPDX-License-Identifier: MIT */
/* The door of codec: JSON, base64, event streams and multipart bodies. Alone sees jansson (json_*.c) and libb64 (base64_encode.c). */
#ifndef PIE_CODEC_H
#define PIE_CODEC_H

#include "base/base.h"

/* ---- JSON, read. The text must have been made safe by flow (pie_json_safe and the splitter): numbers are
 * strings that begin with PIE_JSON_NUMBER, so that their exact text survives. */

#define PIE_JSON_NUMBER "\\u0001" /* as it stands in the safe text; no server text can hold it */

struct pie_doc;  /* owns all nodes */
struct pie_node; /* borrowed from its doc; NULL stands for "absent" everywhere */

enum {
    PIE_JSON_ABSENT,
    PIE_JSON_NULL,
    PIE_JSON_BOOL,
    PIE_JSON_NUMERIC,
    PIE_JSON_TEXT,
    PIE_JSON_ARRAY,
    PIE_JSON_OBJECT
};

/* Of the jansson that this was built with. */
const char *pie_json_version(void);
/* ret is written only on success: APIPIE_OK, APIPIE_E_MALFORMED or APIPIE_E_MEMORY. */
apipie_status pie_doc_parse(const struct pie_mem *mem, struct pie_slice text, struct pie_doc **ret);
struct pie_doc *pie_doc_free(struct pie_doc *doc);
const struct pie_node *pie_doc_root(const struct pie_doc *doc);
int32_t pie_node_kind(const struct pie_node *node);
const struct pie_node *pie_node_get(const struct pie_node *object, const char *key);
const struct pie_node *pie_node_at(const struct pie_node *array, size_t index);
size_t pie_node_count(const struct pie_node *array_or_object);
/* Member number `index` of an object, in the order of the text. Walks there: not for objects of thousands. */
const struct pie_node *pie_node_member(const struct pie_node *object, size_t index,
                                       const char **ret_key);
/* The text of a string, or the exact text of a number; {NULL,0} for anything else. */
struct pie_slice pie_node_text(const struct pie_node *node);
/* A tolerant number: number or string, fraction, exponent, comma groups, true/false as 1/0. */
apipie_status pie_node_int(const struct pie_node *node, int64_t *ret);
apipie_status pie_node_uint(const struct pie_node *node, uint64_t *ret);
apipie_status pie_node_money(const struct pie_node *node, int64_t *ret);
/* Writes the node as JSON again, with plain numbers. */
void pie_node_write(const struct pie_node *node, struct pie_buf *out);
/* Safe text to plain JSON: numbers become numbers again. */
void pie_json_plain(struct pie_slice safe, struct pie_buf *out);
/* The grammar of a JSON number (RFC 8259), whole text. */
int32_t pie_json_is_number(struct pie_slice text);
/* Is this one JSON value and nothing else (strictly, RFC 8259)? APIPIE_OK, APIPIE_E_ARGUMENT or _E_MEMORY. */
apipie_status pie_json_check(struct pie_slice text);

/* ---- JSON, written. Straight-line: failures stick in out. */

void pie_json_string(struct pie_buf *out,
                     struct pie_slice text); /* valid UTF-8, quoted and escaped */

/* ---- base64, read: strict and streaming, both alphabets, white space skipped, padding optional. */

struct pie_base64 {
    uint32_t bits;   /* characters that wait, 6 bits each */
    uint8_t have;    /* 0..3 of them */
    uint8_t padding; /* '=' seen */
    uint8_t broken;  /* sticky */
    uint64_t offset; /* characters read so far; where it broke when broken */
};

/* Most bytes that n characters can give, whatever waits. */
#define PIE_BASE64_ROOM(n) ((n) / 4 * 3 + 3)

void pie_base64_init(struct pie_base64 *d);
/* out holds PIE_BASE64_ROOM(n). APIPIE_OK, or APIPIE_E_MALFORMED at the first bad character (*ret_n bytes before
 * it are good). */
apipie_status pie_base64_decode(struct pie_base64 *d, const char *p, size_t n, uint8_t *out,
                                size_t *ret_n);
/* The end: one last byte or two may come out (out holds 2). APIPIE_E_MALFORMED for a lonely character, set
 * bits behind the last byte, or wrong padding. */
apipie_status pie_base64_end(struct pie_base64 *d, uint8_t *out, size_t *ret_n);

/* ---- event streams, read: any chunks, and each byte once. Data goes on as it comes, for an event may be larger than the memory. */

#define PIE_SSE_NAME  128 /* longest name of an event; a longer one is none */
#define PIE_SSE_FIELD 8   /* longest name of a field that is told from others */

/* A failure ends the reading, and is handed up. */
struct pie_sse_out {
    apipie_status (*begin)(void *user); /* an event that has data; its name may come later */
    apipie_status (*data)(void *user, const char *p, size_t n); /* n is not 0 */
    apipie_status (*end)(void *user);                           /* pie_sse_name() is final */
};

struct pie_sse {
    const struct pie_sse_out *out;
    void *user;
    uint64_t at; /* where in the body stands what is handed on */
    apipie_status failed;
    int32_t state;
    int32_t field;        /* of the line at hand */
    int32_t after_return; /* a line feed now belongs to the line before */
    int32_t has_data;     /* the event at hand has a line of it */
    int32_t open;         /* begin was called */
    size_t mark;          /* how much of "[DONE]", or of the byte order mark, has come */
    uint64_t mark_at;     /* where its first byte stands */
    char field_name[PIE_SSE_FIELD];
    size_t field_n; /* its true length */
    char name[PIE_SSE_NAME];
    size_t name_n; /* likewise */
};

/* `at`: where in the body the first byte stands. */
void pie_sse_init(struct pie_sse *s, const struct pie_sse_out *out, void *user, uint64_t at);
/* APIPIE_OK, or what out said. */
apipie_status pie_sse_write(struct pie_sse *s, const char *p, size_t n);
/* No more bytes come: an event that lacks its empty line counts. */
apipie_status pie_sse_finish(struct pie_sse *s);
/* The event's name as far as it is known; empty without one. */
struct pie_slice pie_sse_name(const struct pie_sse *s);
/* 1 when data that begins with "[DONE]" came: what follows is not read. */
int32_t pie_sse_is_done(const struct pie_sse *s);

/* ---- multipart bodies, read: any chunks, and each byte once. Data goes on as it comes, in pieces as large as those that came. */

#define PIE_MULTIREAD_BOUNDARY 70 /* RFC 2046 */

/* A failure ends the reading, and is handed up. */
struct pie_multiread_out {
    apipie_status (*begin)(void *user);
    apipie_status (*data)(void *user, const char *p, size_t n); /* n is not 0 */
    apipie_status (*end)(void *user, int32_t whole);            /* 0: the body was cut in it */
};

struct pie_multiread {
    const struct pie_multiread_out *out;
    void *user;
    uint64_t
        at; /* where in the body stands what is handed on; of what looked like a delimiter, its end */
    apipie_status failed;
    int32_t state, was;
    int32_t open;                               /* a part has begun */
    char delimiter[4 + PIE_MULTIREAD_BOUNDARY]; /* with the line end before it */
    size_t delimiter_n;
    size_t matched, from; /* of the delimiter: bytes [from..matched) may have come */
    char tail[16];        /* what came behind it */
    size_t tail_n;
    size_t line_n; /* bytes of a header's line, counted to 2 */
};

/* The boundary that a Content-Type names, in it; empty when it is no multipart, or names none that is allowed. */
struct pie_slice pie_multiread_boundary(const char *content_type);
/* boundary: not empty, at most PIE_MULTIREAD_BOUNDARY bytes. */
void pie_multiread_init(struct pie_multiread *m, struct pie_slice boundary,
                        const struct pie_multiread_out *out, void *user);
/* APIPIE_OK, or what out said. */
apipie_status pie_multiread_write(struct pie_multiread *m, const char *p, size_t n);
/* No more bytes come. */
apipie_status pie_multiread_finish(struct pie_multiread *m);
/* 1 when the last delimiter came: nothing is missing. */
int32_t pie_multiread_is_done(const struct pie_multiread *m);

/* ---- base64, written, by libb64. */

/* Characters for n bytes, padding included, no line ends. */
uint64_t pie_base64_length(uint64_t n);
/* Encodes p[0..n) whole. out holds pie_base64_length(n). n is a multiple of 3 but for the last piece. */
size_t pie_base64_encode(const uint8_t *p, size_t n, char *out);

#endif
