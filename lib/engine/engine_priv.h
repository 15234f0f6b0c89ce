/* SPDX-License-Identifier: MIT */
/* Inside the engine: the steps of a job and the pure decisions. */
#ifndef PIE_ENGINE_PRIV_H
#define PIE_ENGINE_PRIV_H

#include "engine/engine.h"

/* ---- retry.c: pure */

#define PIE_RETRY_AFTER_MAX_MS 60000

struct pie_retry_ask {
    int32_t policy, retries;
    int32_t tries;   /* made so far, at least 1 */
    int32_t outcome; /* APIPIE_OUTCOME_* of the last one */
    int32_t free;    /* costs nothing: may always be repeated */
    const struct apipie_error *error;
    int64_t now_ms, deadline_ms;
    uint64_t random;
};

/* Milliseconds to wait before the next try, or -1: finished. */
int64_t pie_retry_decide(const struct pie_retry_ask *ask);

/* ---- verdict.c: pure */

/* The outcome of a paid exchange that brought no picture, as far as status and wire say. */
int32_t pie_verdict_outcome(const struct pie_outcome *o, const struct apipie_error *err);
/* An exchange that broke: to an error. */
void pie_verdict_wire(const struct pie_outcome *o, int32_t paid, struct apipie_error *err);
/* The key, and what looks like one, out of every text that the host may log. */
void pie_verdict_mask(struct apipie_error *err, const char *key);

/* ---- leg.c */

/* The url of an image to a leg that fetches it. err says why it must not be fetched. */
apipie_status pie_leg_fetch(struct apipie_request *r, const char *url, struct apipie_error *err);
/* Points the current leg to where the reply redirects. err says why not. */
apipie_status pie_leg_redirect(struct apipie_request *r, const struct pie_outcome *o,
                               struct apipie_error *err);

/* ---- reply.c: a body as the dialects read it */

struct pie_reading {
    struct pie_reply reply;
    struct pie_doc *doc;
    struct pie_buf safe;
};

/* Never fails: without memory the reply has no root. */
void pie_reading_open(struct pie_reading *g, struct apipie_request *r, const struct pie_outcome *o);
void pie_reading_close(struct pie_reading *g);

/* ---- job.c: the walk of a job, called by the leader */

void pie_job_send(struct apipie_request *r);
void pie_job_reply(struct apipie_request *r, struct pie_outcome *o);
/* APIPIE_E_CANCELLED or APIPIE_E_TIMEOUT */
void pie_job_stop(struct apipie_request *r, apipie_status why);
/* Ends with r->error, whose code is set. */
void pie_job_fail(struct apipie_request *r);
void pie_job_succeed(struct apipie_request *r);
/* The leg that is set goes out at that time. */
void pie_job_wait_until(struct apipie_request *r, int64_t until_ms);

/* ---- gather.c: from replies to a result */

/* A 2xx reply of the paid call. 1: the job goes on; 0: err says what is wrong. */
int32_t pie_gather_decode(struct apipie_request *r, const struct pie_outcome *o,
                          struct apipie_error *err);
/* The reply to a fetch. 1: the image is whole; 0: err says what is wrong. */
int32_t pie_gather_fetched(struct apipie_request *r, const struct pie_outcome *o,
                           struct apipie_error *err);
/* The next url to fetch, or, when there is none, the end. */
void pie_gather_go_on(struct apipie_request *r);
/* The image whose url was tried cannot be had: remembers why. Takes err. */
void pie_gather_give_up(struct apipie_request *r, struct apipie_error *err);
/* Commits what is whole and ends the job. */
void pie_gather_commit(struct apipie_request *r);

#endif
