/* SPDX-License-Identifier: MIT */
/* The rest: everything of a reply that is no picture, copied as JSON that is valid whatever came. */
#ifndef PIE_REST_PRIV_H
#define PIE_REST_PRIV_H

#include "flow/flow.h"

struct pie_rest {
    struct pie_buf *out; /* borrowed */
    size_t limit;        /* of out->n, so that what is open can always be closed */
    size_t mark;         /* the last place where closing gives valid JSON ... */
    int32_t pending;     /* ... when 1 with a null put there, as a value had begun */
    uint32_t depth;
    uint64_t objects; /* a bit a level: it is an object */
    uint64_t filled;  /* a bit a level: it has a member, the next one needs a comma */
    int32_t full;     /* nothing is copied any more */
    int32_t shortened;
    int32_t in_string;
    int32_t overflow; /* the string at hand does not fit */
    size_t string_n;  /* bytes of the string at hand */
    int32_t dropped;  /* the string at hand was too long and became null */
    uint8_t part[4];  /* a UTF-8 character that is not all there yet */
    uint32_t have, need;
    uint8_t low, high; /* what its next byte may be */
};

/* Text goes behind what is in out; out->max must leave room for PIE_REST_CLOSING. */
#define PIE_REST_CLOSING (PIE_DEPTH_MAX + 8)

void pie_rest_init(struct pie_rest *r, struct pie_buf *out);
/* Containers and members, in the order of the text; bracket is '{' or '['. */
void pie_rest_open(struct pie_rest *r, char bracket);
void pie_rest_close(struct pie_rest *r);
void pie_rest_key(struct pie_rest *r, const char *p, size_t n);
/* Values. `text` is valid JSON by itself: null, true, false. */
void pie_rest_literal(struct pie_rest *r, const char *text);
void pie_rest_number(struct pie_rest *r, const char *p, size_t n);
void pie_rest_string_begin(struct pie_rest *r);
/* Unescaped bytes, of any kind and cut anywhere. */
void pie_rest_string_text(struct pie_rest *r, const char *p, size_t n);
/* The same for a run that pie_rest_plain_run() measured: not looked at again. */
void pie_rest_string_plain(struct pie_rest *r, const char *p, size_t n);
void pie_rest_string_end(struct pie_rest *r);
/* Closes what is open; out holds one JSON value from here on. */
void pie_rest_finish(struct pie_rest *r);

/* Leading bytes that stand in a JSON string as they are: ASCII but control bytes, '"' and '\'. */
size_t pie_rest_plain_run(const char *p, size_t n);

#endif
