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
#include "meter/meter.h"

#include "catalog/catalog.h"

#include "engine/queue_priv.h"
#include "engine/shelf_priv.h"

/* A kind of request of our own: it asks how far the call of its whole is. */
#define PIE_REQUEST_PROGRESS (-1)

enum {
    PIE_STATE_BUILDING,  /* setters */
    PIE_STATE_SEALED,    /* submit is at work, or the leader has not seen it yet */
    PIE_STATE_QUEUED,    /* in the line of its route */
    PIE_STATE_WAITING,   /* until a time: a backoff, a redirect, a picture by url */
    PIE_STATE_IN_FLIGHT, /* one leg is out */
    PIE_STATE_PARENT,    /* its parts are under way, or another request is out for the same */
    PIE_STATE_ENDED      /* status says how */
};

/* Defaults that requests take over when they are made. */
struct pie_defaults {
    int64_t timeout_ms, connect_timeout_ms, first_byte_timeout_ms, stall_timeout_ms;
    int32_t retry_policy, retries;
    uint64_t max_image_bytes;
};

/* A callback of the host with its user pointer, kept by whoever may be calling it. */
struct pie_hook {
    const struct pie_mem *mem;
    int32_t refs; /* atomic */
    apipie_veto_fn veto;
    apipie_key_fn key;
    apipie_log_fn log;
    int32_t level; /* of log */
    apipie_trace_fn trace;
    apipie_stats_fn stats;
    apipie_health_fn health;
    void *user;
    apipie_free_fn user_free;
};

/* A server, and the wire that it speaks. Never goes before its client. */
struct pie_backend {
    struct pie_backend *next;
    char *name;
    const struct pie_dialect *dialect;
    char *base_url, *key;          /* of the client's own: the client has them */
    int32_t retry_policy, retries; /* -1: as the dialect, or the client, has it */
    struct pie_headers headers;
    struct pie_place *place; /* as c->place */
};

/* Where and as whom calls of this moment go: shared by all requests that were submitted with the same settings. */
struct pie_place {
    const struct pie_mem *mem;
    int32_t refs; /* atomic */
    const struct pie_backend *of;
    const char *backend; /* its name: lives as long as the client */
    const struct pie_dialect *dialect;
    int32_t retry_policy, retries; /* -1: the request's */
    char *base_url;
    char *key;             /* NULL with a key callback */
    struct pie_hook *hook; /* the key callback; NULL */
    int32_t allow_http;
    int32_t private_gateway;         /* its host is loopback or private by its name */
    struct pie_wire_options options; /* the way there */
    struct pie_headers headers;      /* the host's own, for calls to that server */
};

/* A paid call that was billed, or may have been, as the history would show it: when one is looked for, the others must be
 * known. Hashes fold case; 0 stands for any. */
struct pie_recent {
    const char *backend;   /* its name: whose history it is in */
    uint64_t chars, units; /* of the prompt */
    uint64_t provider, model;
    int64_t from_ms, to_ms; /* by our clock */
    int32_t unknown;        /* nobody knows yet whether it has a row */
    char hold[37];
};
#define PIE_RECENT 256

/* The host's pointer, freed once. */
struct pie_user {
    void *pointer;
    apipie_free_fn free;
};

/* done or progress, of one request. */
struct pie_call_back {
    void (*fn)(void *user, struct apipie_request *request);
    struct pie_user user;
};

enum { PIE_FOR_NOBODY, PIE_FOR_NEXT, PIE_FOR_CALL };
enum { PIE_DUE_PROGRESS = 1, PIE_DUE_DONE = 2, PIE_DUE_SKETCH = 4 };

/* An image as it looked on its way, not told yet. */
struct pie_sketch;

/* A limit by the minute, of one provider or of all. */
struct pie_rate;
/* What an image costs where nobody knows better. */
struct pie_price;
struct pie_cache;
struct pie_tariff;
struct pie_lane;

/* A picture at a server: where it is, or who is taking it there. Empty without both. */
struct pie_upload {
    struct pie_hash name; /* of the picture and the server */
    char *url;
    int64_t until_ms; /* it is used no more then */
    uint64_t used;    /* the newest is the largest */
    struct apipie_request *by;
};
#define PIE_UPLOADS 64

struct apipie_client {
    struct pie_mem mem;
    struct pie_mem_count memory; /* of all that belongs to it; mem counts there */
    struct pie_lock *lock;       /* guards what follows up to the line */
    int32_t handles;             /* atomic: the host's references */
    int32_t refs; /* atomic: one for all handles, one for each request: keeps the memory */
    char *key, *base_url;
    int32_t key_bad; /* the environment's cannot be sent */
    int32_t base_url_bad;
    int32_t allow_http;
    struct pie_wire_options options; /* serial: how many places were made of them */
    struct pie_headers headers;
    struct pie_place *place; /* made of these by the next submit; NULL: something changed */
    struct pie_hook *veto_hook, *key_hook, *log_hook, *trace_hook;
    struct pie_defaults defaults;
    struct pie_routes routes;
    struct pie_backend *backends; /* a list, beside its own */
    const char *default_backend;  /* NULL: its own */
    int32_t breaker_failures;
    int64_t breaker_rest_ms;
    int32_t max_in_flight;
    int64_t reconcile_ms;
    uint64_t submitted;                        /* requests so far */
    struct pie_rate *rates;                    /* a list */
    struct pie_price *prices;                  /* a list */
    struct pie_cache *cache;                   /* refcounted; NULL: none */
    struct pie_tariff *tariff;                 /* refcounted; NULL: none */
    struct pie_shelf shelf;                    /* lists of models */
    struct apipie_request *inbox, *inbox_last; /* submitted, not yet seen by a leader */
    struct apipie_request *cancelled;          /* cancelled, not yet seen by a leader */
    struct pie_transport *transport;
    int32_t replays;              /* from a recording: needs no key */
    int32_t closing;              /* the last handle went */
    int32_t close_later;          /* ... and whoever is the last to leave does the rest */
    int32_t inside;               /* threads in poll and wait */
    uint64_t leader;              /* the thread that pumps; 0: nobody */
    struct pie_sleeper *sleepers; /* threads that wait while it does: a list */
    struct pie_thread *worker;
    int32_t nudged;       /* apipie_client_wakeup(), not seen yet */
    int32_t asked_beside; /* a loop asked for its timeout while somebody else turned */
    int64_t open;         /* requests that were submitted and have not ended */
    int64_t uncollected;  /* ... that have, and that nobody has been given yet */
    struct apipie_request *posted, *posted_last; /* ended, for next() */
    struct apipie_request *due, *due_last;       /* a callback is due */
    int64_t bell; /* rings while one of these two is not empty; -1: nobody asked for it */
    int32_t bell_rung;
    struct pie_poller
        *loop; /* transport and bell, for a loop of the host's; NULL: nobody asked for it */
    struct pie_meter *meter;         /* has a lock of its own */
    struct pie_counters *counters;   /* likewise */
    struct pie_health_table *health; /* likewise */
    struct pie_hook *health_hook;
    int32_t health_due;     /* it is to be told something */
    int32_t health_calling; /* it is being told */
    int64_t poll_budget_us; /* a counter; 0: none */
    struct pie_hook *stats_hook;
    int64_t stats_every_ms, stats_due_ms; /* INT64_MAX: nobody wants to be told */
    int64_t process;                      /* that made it */
    uint8_t upload_salt[16];              /* never changes */
    /* ---- the leader's alone */
    struct apipie_request *jobs;  /* all that has not ended */
    uint64_t calls;               /* that were sent so far */
    struct apipie_request *ended; /* to be published at the end of this turn */
    struct pie_queue alarms;      /* jobs by the next time that something is due */
    struct pie_lane *lanes;
    struct apipie_request *drawing; /* with a cache: what is out, one of each picture or list */
    int32_t in_flight;
    uint64_t order;     /* of arrival */
    int64_t turned_ms;  /* the end of the last turn; 0: there was none */
    int64_t began_us;   /* this turn */
    int64_t until_us;   /* when it should end; INT64_MAX: never */
    int64_t resumed_us; /* nobody turned for a while until then; 0: that never was */
    int64_t grace_ms;   /* ... and until here what arrived meanwhile counts */
    int64_t admit_ms;   /* when somebody in line may go; INT64_MAX: another event decides */
    int32_t watched;    /* jobs with a progress callback */
    int32_t limited;    /* jobs that are out under a limit for silence */
    struct pie_recent recent[PIE_RECENT]; /* a ring */
    size_t recent_next;
    int64_t recent_forgot_ms; /* calls up to then may have been forgotten */
    struct pie_upload uploads[PIE_UPLOADS];
    uint64_t uploads_used;           /* a counter */
    struct apipie_request *awaiting; /* jobs that wait for another one's upload */
};

/* What a job needs while it is out; made when it is let out of the line, so that thousands may wait there. */
struct pie_run {
    struct pie_leg call;      /* the paid one, for the present route */
    struct pie_leg fetch;     /* an image by url, or a page of the history */
    struct pie_leg *leg;      /* the one that is out or comes next */
    int32_t encoded;          /* call is that of the present route and key */
    int32_t way;              /* pie_call's, of the present route */
    int32_t prepared;         /* what the wire wants to know before it is known ... */
    struct pie_buf found;     /* ... and is this */
    struct pie_hash upload;   /* the picture that is taken to the server, or waited for */
    int32_t waits_for_upload; /* in client->awaiting */
    int32_t uploads_alone;    /* it waits for no other one */
    int32_t no_uploads;       /* pie_call's, of the present route */
    uint64_t
        called; /* the call went out, as the client's so-manieth, and has not come to its end; 0: it is not out */
    int32_t stopping; /* it was given up: the server is told */
    struct pie_step step;
    char *key; /* from the key callback; NULL: the place has it */
    struct pie_sink *sink;
    struct pie_sink *inner; /* the same without the cache before it */
    struct pie_body *body;
    struct pie_progress progress;
    struct pie_meter_hold hold;
    uint32_t next_slot;
    size_t fetching;     /* the image whose url is fetched */
    int32_t fetch_tries; /* of this url */
    int32_t redirects;   /* of this leg */
    int32_t private_gateway;
    int64_t fetch_since_ms;
    int32_t limited; /* counted in client->limited */
    int64_t idle_ms; /* nobody pumped for so long since the byte of idle_byte_us */
    int64_t idle_byte_us;
};

struct apipie_request {
    struct apipie_client *client;
    const struct pie_mem *mem;
    int32_t refs;   /* atomic */
    int32_t cancel; /* atomic */
    int32_t state;  /* atomic: PIE_STATE_* */
    apipie_status status;
    struct pie_wish wish;
    int32_t setter_failed; /* error holds the first bad setter */
    struct pie_user user;  /* the host's pointer */
    struct pie_call_back done_fn, progress_fn;
    apipie_partial_fn partial_fn;
    struct pie_user partial_user;
    struct pie_view own_view;
    struct pie_view *view;     /* own_view, or that of the whole */
    struct apipie_error error; /* code APIPIE_OK: none */
    struct apipie_result *result;
    int32_t result_known;               /* a reply filled it */
    struct apipie_request *cancel_next; /* in the client's list; guarded by its lock */
    struct pie_settle *settle;          /* of a reconciliation */
    struct pie_modeljob *models;        /* of a list of models; NULL: not begun */
    struct pie_historyjob *history;     /* of a history; NULL: nothing is set or begun */
    /* ---- delivery; guarded by the client's lock */
    int32_t waiters;                                  /* threads in wait for it */
    int32_t listed_for;                               /* PIE_FOR_* */
    int32_t due;                                      /* PIE_DUE_* */
    int32_t calling;                                  /* one of its callbacks runs */
    struct pie_sketch *sketches;                      /* the newest of each image */
    int32_t uncollected;                              /* counted in client->uncollected */
    struct apipie_request *post_next, *post_previous; /* in posted or due, which have a reference */
    /* ---- who watches: of the moment of submit; a part's are those of the whole */
    uint64_t number; /* among the submitted ones of its client */
    struct pie_hook *log, *trace;
    int64_t tracer;                      /* atomic: the thread that is in the trace hook; 0: none */
    const struct apipie_request *traced; /* whose last attempt the hook is told of; the tracer's */
    /* ---- sealed by submit, then the leader's alone until the end */
    const struct pie_dialect *dialect; /* of the present route, like place: borrowed */
    struct pie_place *place;
    struct pie_place **places; /* of all routes; a part's are those of the whole */
    struct pie_place **own_places;
    struct pie_cache *cache; /* at submit */
    int64_t reconcile_ms;    /* at submit */
    const struct pie_routes
        *routes; /* what is tried, at least one; a part's are those of the whole */
    struct pie_routes own_routes;
    uint32_t dead_routes;  /* bits: not worth another try */
    size_t route;          /* the present one */
    struct pie_lane *lane; /* of the present route */
    struct pie_queued place_in_lane, alarm;
    struct pie_run *run;
    struct pie_attempt *attempts;
    size_t attempt_count, attempt_room;
    int32_t tries;                 /* of the paid call */
    struct pie_stats_row *figures; /* where it will be counted; NULL: not known yet */
    int32_t drawn;                 /* ... because it was drawn there */
    int32_t rounds;                /* over the routes */
    int64_t
        round_delay_ms; /* the shortest wait that a failure of this round asks for; -1: none may be repeated */
    int32_t counted;         /* in client->in_flight */
    int32_t rated;           /* its place in the limits by the minute is taken, and not used yet */
    int32_t probe;           /* it is the probe of its lane */
    int32_t key_asked_again; /* after a 401 */
    int64_t submitted_ms, submitted_wall_ms, deadline_ms, until_ms, ended_ms;
    uint64_t order;
    uint8_t seed_of_keys[16]; /* random: the Idempotency-Keys of its calls are made of it */
    /* one request that became several */
    struct apipie_request *whole;  /* this is a part of it; NULL */
    const struct pie_wish *asked;  /* the wish, or that of the whole */
    int32_t part;                  /* which one */
    struct apipie_request *beside; /* asks how far the call is; the whole's reference; NULL */
    struct apipie_request **parts; /* owned references */
    int32_t part_count, parts_left;
    apipie_status stopped; /* why its parts were stopped */
    /* equal requests with a cache: one goes out, the others wait for it */
    char *same_key;
    struct apipie_request *drawer;                    /* who draws for this one; NULL */
    struct apipie_request *followers, *next_follower; /* who waits for this one */
    struct apipie_request *next_drawing;              /* in client->drawing */
    struct apipie_request *next_awaiting;             /* in client->awaiting */
    int32_t drawing;
    int32_t settling;      /* its one part is the reconciliation of its bill */
    int32_t settled;       /* it was tried */
    struct pie_view shown; /* what the progress callback was told of last */
    int64_t shown_ms;
    int32_t listed; /* in client->jobs */
    struct apipie_request *prev, *next;
};

/* ---- client */

struct apipie_client *pie_client_new(const struct pie_mem *mem);
void pie_client_keep(struct apipie_client *c); /* one more reason to keep its memory */
void pie_client_drop(struct apipie_client *c);
/* The last handle went: cancels what runs, closes connections. */
void pie_client_close(struct apipie_client *c);
/* Key, base URL, key callback or the way to the server changed: the next submit looks again. The lock is held. */
void pie_client_changed(struct apipie_client *c);

/* ---- recording.c: before the first submit, and once: else APIPIE_E_STATE. APIPIE_E_FILE, APIPIE_E_MEMORY. */

apipie_status pie_client_record(struct apipie_client *c, const char *path);
apipie_status pie_client_replay(struct apipie_client *c, const char *path);

/* ---- backend.c. Names are checked by the caller. */

/* APIPIE_E_UNSUPPORTED: no such dialect; APIPIE_E_STATE: the name is taken; APIPIE_E_MEMORY. */
apipie_status pie_backend_add(struct apipie_client *c, const char *name, const char *dialect,
                              const char *base_url);
/* Those of an added one: APIPIE_E_NOT_FOUND, APIPIE_E_MEMORY. key NULL takes it back. */
apipie_status pie_backend_set_key(struct apipie_client *c, const char *name, const char *key);
apipie_status pie_backend_set_retry(struct apipie_client *c, const char *name, int32_t policy,
                                    int32_t retries);
/* NULL: the client's own. APIPIE_E_NOT_FOUND. */
apipie_status pie_backend_set_default(struct apipie_client *c, const char *name);
size_t pie_backend_count(struct apipie_client *c);
const struct pie_backend *pie_backend_at(struct apipie_client *c, size_t index); /* NULL */
/* NULL: the default one; or there is none of that name. The lock is held. */
const struct pie_backend *pie_backend_find(const struct apipie_client *c, const char *name);
/* NULL past the last dialect. */
const char *pie_backend_dialect_name(size_t index);

/* ---- hook.c */

/* One like `as`: the callback, its level, user and user_free. APIPIE_E_MEMORY: user was freed. Takes user in any case. */
apipie_status pie_hook_new(const struct pie_mem *mem, const struct pie_hook *as,
                           struct pie_hook **ret);
struct pie_hook *pie_hook_keep(struct pie_hook *h); /* NULL is fine */
void pie_hook_drop(struct pie_hook *h); /* the last one frees user: never under a lock of ours */

/* ---- price.c and rate.c: small lists of a client; its lock is held by the caller */

apipie_status pie_price_set(struct apipie_client *c, const char *provider, const char *model,
                            int64_t picodollars);
/* Of one image; APIPIE_UNKNOWN. */
int64_t pie_price_find(const struct apipie_client *c, const char *provider, const char *model);

/* One call: what it is about, all borrowed. */
struct pie_price_ask {
    const struct pie_backend *backend;      /* NULL: the client's own */
    const char *provider, *model, *quality; /* NULL: not said */
    int32_t width, height, steps, images;   /* 0: not said */
};

/* As the call asks, without what the backend does not take; backend is the caller's to fill. */
void pie_price_ask_init(struct pie_price_ask *ask, const struct pie_call *c);
/* Of all its images: the host's price, else the listed one; APIPIE_UNKNOWN. *ret_source: APIPIE_PRICE_*. The lock is not held. */
int64_t pie_price_estimate(struct apipie_client *c, const struct pie_price_ask *ask,
                           int32_t *ret_source);
void pie_price_free_all(struct apipie_client *c);
apipie_status pie_rate_set(struct apipie_client *c, const char *provider, int32_t requests,
                           int32_t images, int64_t now_us);
/* When one call of that many images to that provider may go: microseconds, <= now when at once (all limits that apply). */
int64_t pie_rate_ready(const struct apipie_client *c, const char *provider, int32_t images,
                       int64_t now_us);
void pie_rate_take(struct apipie_client *c, const char *provider, int32_t images, int64_t now_us);
void pie_rate_give_back(struct apipie_client *c, const char *provider, int32_t images,
                        int64_t now_us);
void pie_rate_free_all(struct apipie_client *c);

/* ---- inside.c: which callback of a client this thread is in, and which process */

enum {
    PIE_INSIDE_NOTHING,
    PIE_INSIDE_TURN,   /* sink, key, log, trace: in the middle of a turn */
    PIE_INSIDE_SUBMIT, /* veto, log: in the middle of a submit */
    PIE_INSIDE_CALL    /* done, progress: between two turns */
};

struct pie_inside {
    const struct apipie_client *client;
    int32_t where;
    struct pie_inside *before;
};

void pie_inside_enter(struct pie_inside *f, const struct apipie_client *c, int32_t where);
void pie_inside_leave(struct pie_inside *f);
/* The innermost one of this client. */
int32_t pie_inside_where(const struct apipie_client *c);
/* 1 in a child after fork(): nothing of it may be touched. */
int32_t pie_client_is_foreign(const struct apipie_client *c);

/* ---- submit.c, lead.c, drive.c */

/* Checks, seals, opens the output, hands over. waits: the caller comes to wait for it, and takes himself from r->waiters. */
apipie_status pie_engine_submit(struct apipie_request *r, int32_t waits);
apipie_status pie_engine_perform(struct apipie_request *r);
apipie_status pie_engine_wait(struct apipie_request *r, int64_t timeout_ms);
/* APIPIE_OK when a request may go one of the ways that the names mean; APIPIE_PENDING when the time is up. */
apipie_status pie_engine_wait_available(struct apipie_client *c, const char *provider,
                                        const char *model, int64_t timeout_ms);
apipie_status pie_engine_poll(struct apipie_client *c, int64_t timeout_ms);
void pie_engine_cancel(struct apipie_request *r);
void pie_engine_wakeup(struct apipie_client *c);
int64_t pie_engine_pending(struct apipie_client *c);
int64_t pie_engine_next_timeout(struct apipie_client *c);
apipie_status pie_engine_start_worker(struct apipie_client *c);
/* Whoever leads, or the host's loop, shall look for news. The lock is held. */
void pie_engine_look_again(struct apipie_client *c);
/* The transport, made when it is not there. The lock is held. */
apipie_status pie_engine_connect(struct apipie_client *c);

/* ---- deliver.c: what has ended, and how it comes to the host */

/* A reference, or NULL. */
struct apipie_request *pie_deliver_next(struct apipie_client *c);
/* -1 without memory or descriptors. */
int64_t pie_deliver_queue_fd(struct apipie_client *c);
int64_t pie_deliver_loop_fd(struct apipie_client *c);

/* ---- inform.c: the figures */

/* A reference, which keeps the client's memory. NULL without memory, and in a child after fork(). */
struct apipie_stats *pie_engine_stats(struct apipie_client *c);
void pie_engine_stats_drop(struct apipie_stats *s); /* NULL is fine */
/* From now on; hook NULL: never. Takes hook. Without the lock. */
void pie_inform_set(struct apipie_client *c, struct pie_hook *hook, int64_t every_ms);

/* ---- care.c: the health of routes */

/* A reference, which keeps the client's memory. NULL without memory, and in a child after fork(). */
struct apipie_health *pie_engine_health(struct apipie_client *c);
void pie_engine_health_drop(struct apipie_health *s); /* NULL is fine */
/* Who is told of changes from now on; NULL: nobody. Takes hook. Without the lock. */
void pie_care_set(struct apipie_client *c, struct pie_hook *hook);
/* Adds what a file of pie_health_save() holds. APIPIE_E_FILE, APIPIE_E_MEMORY. Without the lock. */
apipie_status pie_care_load(struct apipie_client *c, const char *path);

/* ---- request */

/* Inside the trace hook, on its thread: the attempt that it is told of. Else NULL. */
const struct pie_attempt *pie_engine_traced(const struct apipie_request *r, size_t index);

struct apipie_request *pie_request_new(struct apipie_client *c, int32_t kind);
void pie_user_clear(struct pie_user *u);
void pie_request_keep(struct apipie_request *r);
void pie_request_drop(struct apipie_request *r);
/* A builder that looks for what became of the unknown attempts of `ended`. NULL without memory or when there are none. */
struct apipie_request *pie_request_new_reconcile(const struct apipie_request *ended);
/* What its first route costs by the prices of c; APIPIE_UNKNOWN. *ret_source: APIPIE_PRICE_*, written when there is a price. */
int64_t pie_request_estimate(struct apipie_client *c, const struct apipie_request *r,
                             int32_t *ret_source);
/* The parameters of its first route as JSON. */
apipie_status pie_request_write(const struct apipie_request *r, struct pie_buf *out);

/* May a base url be used? APIPIE_OK, APIPIE_E_ARGUMENT (it is none), APIPIE_E_CONFIG (not encrypted) or _E_MEMORY; on failure
 * *ret_problem is a constant text. */
apipie_status pie_engine_check_url(const struct pie_mem *mem, const char *url, int32_t allow_http,
                                   const char **ret_problem);

/* ---- shelf.c: lists of models that were fetched */

/* ttl_ms: so long a list needs no asking; negative: lists are not used again. Reads the file, when there is one: what is wrong
 * with it is a warning of the next list. APIPIE_E_MEMORY. */
apipie_status pie_shelf_set(struct apipie_client *c, const char *path, int64_t ttl_ms);
/* All models that the client knows: built in, with the newest list of all that it fetched. A reference; NULL without memory. */
struct apipie_catalog *pie_shelf_view(struct apipie_client *c);

/* ---- tariff.c: prices as they change, in a file that several processes may share */

/* Opens or makes it (mode 0600); NULL: none any more. APIPIE_E_FILE, APIPIE_E_MEMORY. */
apipie_status pie_tariff_set(struct apipie_client *c, const char *path);
void pie_tariff_drop(struct pie_tariff *t); /* NULL is fine */

/* ---- history.c: bills. Handles keep the client's memory. */

/* A reference to an empty one, or NULL without memory. */
struct apipie_history *pie_engine_history_new(struct apipie_client *c);
struct apipie_history *pie_engine_history_keep(struct apipie_history *h);
void pie_engine_history_drop(struct apipie_history *h);
/* What a request asks for; checked by the caller. APIPIE_E_MEMORY. */
apipie_status pie_history_set_period(struct apipie_request *r, int64_t from_ms, int64_t to_ms);
apipie_status pie_history_set_most(struct apipie_request *r, size_t rows);
apipie_status pie_history_set_after(struct apipie_request *r, struct apipie_history *after);
apipie_status pie_history_copy(struct apipie_request *to, const struct apipie_request *from);
/* What was walked; NULL: nothing yet. */
struct apipie_history *pie_history_list(const struct apipie_request *r);
/* ---- tariff_read.c */

/* What stands in such a file. APIPIE_E_FILE, APIPIE_E_MEMORY. */
apipie_status pie_tariff_load(const struct pie_mem *mem, const char *path,
                              struct apipie_price_history **ret);

/* ---- models.c */

/* What the list of models is; NULL: none. */
struct apipie_catalog *pie_models_list(const struct apipie_request *r);

/* ---- cache.c: pictures of requests with a seed, in a folder. Refcounted; any thread may keep and drop. */

apipie_status pie_cache_open(const struct pie_mem *mem, const char *folder, uint64_t max_bytes,
                             struct pie_cache **ret, const char **ret_reason);
struct pie_cache *pie_cache_keep(struct pie_cache *c); /* NULL is fine */
void pie_cache_drop(struct pie_cache *c);

#endif
