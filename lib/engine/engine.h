/* SPDX-License-Identifier: MIT */
/* The door of engine: clients, jobs, and who pumps. A request is a job: it owns a wish, later a result or an error, and only
 * moves forward. */
#ifndef PIE_ENGINE_H
#define PIE_ENGINE_H

#include "base/base.h"
#include "data/data.h"
#include "codec/codec.h"
#include "http/http.h"
#include "flow/flow.h"
#include "dialect/dialect.h"

enum {
    PIE_STATE_BUILDING,  /* setters */
    PIE_STATE_SEALED,    /* submit is at work */
    PIE_STATE_WAITING,   /* until a time: the start, a backoff */
    PIE_STATE_IN_FLIGHT, /* one leg is out */
    PIE_STATE_ENDED      /* status says how */
};

/* Defaults that requests take over when they are made. */
struct pie_defaults {
    int64_t timeout_ms, connect_timeout_ms;
    int32_t retry_policy, retries;
    uint64_t max_image_bytes;
};

struct apipie_client {
    struct pie_mem mem;
    struct pie_lock *lock; /* guards what follows up to the line */
    int32_t handles;       /* the host's references */
    int32_t refs;          /* one for all handles, one for each request: keeps the memory */
    char *key, *base_url;
    int32_t key_bad; /* the environment's cannot be sent */
    int32_t base_url_bad;
    int32_t allow_http;
    struct pie_defaults defaults;
    struct apipie_request *inbox; /* submitted, not yet seen by a leader */
    struct pie_transport *transport;
    int32_t closing;
    uint64_t leader; /* the thread that pumps; 0: nobody */
    /* ---- the leader's alone */
    struct apipie_request *jobs;
    uint32_t tickets;
};

struct apipie_request {
    struct apipie_client *client;
    const struct pie_mem *mem;
    int32_t refs;   /* atomic */
    int32_t cancel; /* atomic */
    int32_t state;  /* atomic: PIE_STATE_* */
    apipie_status status;
    struct pie_wish wish;
    int32_t setter_failed;     /* error holds the first bad setter */
    struct apipie_error error; /* code APIPIE_OK: none */
    struct apipie_result
        *result;          /* made by submit: nothing that a reply needs is left to be found later */
    int32_t result_known; /* a reply filled it */
    /* ---- sealed by submit, then the leader's alone until the end */
    const struct pie_dialect *dialect;
    char *key, *base_url;
    int32_t allow_http;
    struct pie_leg call;  /* the paid one, frozen */
    struct pie_leg fetch; /* an image by url */
    struct pie_leg *leg;  /* the one that is out or comes next */
    struct pie_sink *sink;
    struct pie_body *body;
    struct pie_attempt *attempts;
    size_t attempt_count, attempt_room;
    uint32_t ticket;
    uint32_t next_slot;
    size_t fetching;     /* the image whose url is fetched */
    int32_t tries;       /* of the paid call */
    int32_t fetch_tries; /* of this url */
    int32_t redirects;   /* of this leg */
    int32_t private_gateway;
    int64_t submitted_ms, deadline_ms, until_ms, fetch_since_ms, ended_ms;
    struct apipie_request *next;
};

/* ---- client */

struct apipie_client *pie_client_new(const struct pie_mem *mem);
void pie_client_keep(struct apipie_client *c); /* one more reason to keep its memory */
void pie_client_drop(struct apipie_client *c);
/* The last handle went: cancels what runs, closes connections. */
void pie_client_close(struct apipie_client *c);

/* ---- drive */

/* Checks, seals, opens the output, hands over. */
apipie_status pie_engine_submit(struct apipie_request *r);
apipie_status pie_engine_wait(struct apipie_request *r, int64_t timeout_ms);
void pie_engine_cancel(struct apipie_request *r);
int32_t pie_engine_is_leader(struct apipie_client *c); /* 1 inside a callback of this client */

/* ---- request */

struct apipie_request *pie_request_new(struct apipie_client *c, int32_t kind);
void pie_request_keep(struct apipie_request *r);
void pie_request_drop(struct apipie_request *r);

/* May a base url be used? APIPIE_OK, APIPIE_E_ARGUMENT (it is none), APIPIE_E_CONFIG (not encrypted) or _E_MEMORY; on failure
 * *ret_problem is a constant text. */
apipie_status pie_engine_check_url(const struct pie_mem *mem, const char *url, int32_t allow_http,
                                   const char **ret_problem);

#endif
