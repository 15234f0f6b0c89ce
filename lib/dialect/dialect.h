/* SPDX-License-Identifier: MIT */
/* The door of dialect: one file a wire language. Pure: no sockets, no clock. */
#ifndef PIE_DIALECT_H
#define PIE_DIALECT_H

#include "base/base.h"
#include "data/data.h"
#include "codec/codec.h"
#include "http/http.h"

/* Where and as whom. */
struct pie_endpoint {
    const char *base_url; /* no slash at the end */
    const char *key;
};

/* One exchange to make. */
struct pie_leg {
    struct pie_http_request request;
    int32_t purpose; /* APIPIE_PURPOSE_* */
    int32_t paid;
    int32_t with_key;
};

/* What came back, as decode needs it. */
struct pie_reply {
    const struct pie_outcome *outcome;
    const struct pie_node *root; /* NULL: no JSON */
    struct pie_slice text;       /* raw, when it is no JSON */
    const struct pie_part *parts;
    size_t part_count;
};

struct pie_dialect {
    const char *name;
    const struct pie_path *paths;
    /* Fills leg (initialised by the caller). err says what cannot be asked for. */
    apipie_status (*encode)(const struct pie_wish *w, const struct pie_endpoint *at,
                            struct pie_leg *leg, struct apipie_error *err);
    /* A 2xx reply to what it means: images with slots and urls, usage, warnings; or err when it is an error in
     * disguise or holds no picture (ret may then still carry usage). APIPIE_OK or err's code or _E_MEMORY. */
    apipie_status (*decode)(const struct pie_wish *w, const struct pie_reply *reply,
                            struct apipie_result *ret, struct apipie_error *err);
    /* A reply that is no success to what it means. */
    void (*explain)(const struct pie_reply *reply, struct apipie_error *err);
};

extern const struct pie_dialect pie_dialect_apipie;

/* Most items of a reply that are looked at, with or without a picture. */
#define PIE_ITEMS_MAX 256

/* Serves every dialect: status, headers and a body of any shape to an error. */
void pie_explain(const struct pie_reply *reply, struct apipie_error *err);
/* A 2xx reply without a picture or a url to err: what the reply says of it, else what was wrong with the parts. */
void pie_explain_no_image(const struct pie_reply *reply, const struct apipie_result *result,
                          struct apipie_error *err);
/* 1 when a JSON reply holds an error member that says something. */
int32_t pie_explain_has_error(const struct pie_node *root);
/* The server's id for the exchange; "" when none. */
void pie_explain_request_id(const struct pie_headers *headers, char out[128]);
/* retry-after-ms, Retry-After in seconds, fractions and dates (clock: the server's Date, else now_wall_ms);
 * APIPIE_UNKNOWN without or with a senseless one. */
int64_t pie_explain_retry_after(const struct pie_headers *headers, int64_t now_wall_ms);

#endif
