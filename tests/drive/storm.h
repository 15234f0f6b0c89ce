/* SPDX-License-Identifier: MIT */
/* A storm of calls over one client by one drive: what is known of each call, and the two sides of it. */
#ifndef TEST_STORM_H
#define TEST_STORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#include "../support/rawserver.h"
#include "../support/scarce.h"

/* What the server does with a call. Each number has its own, by the seed. */
enum {
    STORM_PICTURE,
    STORM_LARGE,
    STORM_SLOW,
    STORM_URL,
    STORM_BUSY, /* 503: may come again */
    STORM_FAILED,
    STORM_STALL,
    STORM_STALL_HALF,
    STORM_CUT,
    STORM_CUT_HALF,
    STORM_GARBAGE,
    STORM_HTML,
    STORM_KINDS
};

/* ---- the server */

struct storm_seen {
    int32_t arrivals, answered, kind;
    char key[40];
};

struct storm_server {
    struct raw_server *raw;
    pthread_mutex_t lock;
    struct storm_seen *seen; /* by number */
    int32_t count;
    uint64_t seed;
    char *large; /* the whole reply with the large picture */
    size_t small_size, large_size;
    int32_t gets;
    int32_t kinds[STORM_KINDS];
};

void storm_server_start(struct storm_server *s, uint64_t seed, int32_t count);
void storm_server_stop(struct storm_server *s);
/* No Idempotency-Key served two calls. */
void storm_server_check(struct storm_server *s);
/* What try number `try` (from 1) of call `number` meets. */
int32_t storm_kind(uint64_t seed, int32_t number, int32_t try);
/* Bytes of the picture that the server gave to a call at last; 0: none. */
size_t storm_server_size(struct storm_server *s, int32_t number);

/* ---- the calls */

struct storm;

struct storm_call {
    struct storm *storm;
    int32_t number;
    int32_t has_done, has_progress, has_sink, waits, gives_up;
    atomic_int submitted, waited, done, nexted;
    atomic_int ended; /* delivered to done or next */
    atomic_int in_progress, progressed;
    atomic_int user_freed, done_freed, progress_freed, sink_freed;
    /* of the sink; one thread at a time */
    uint64_t bytes;
    int32_t begun, committed;
};

struct storm_drive {
    const char *name;
    int32_t worker; /* 2: it is started in the middle */
    int64_t budget_us;
    int32_t waits;    /* percent of the calls for which the thread waits that submitted them */
    int32_t poll_ms;  /* the threads that submit also poll; negative: not */
    int32_t collects; /* ... and collect */
    int32_t pumps, pump_ms, queues, loops; /* further threads */
};

#define STORM_RING 48

struct storm {
    const struct storm_drive *drive;
    uint64_t seed;
    int32_t count;
    struct storm_server server;
    apipie_client *client;
    struct storm_call *calls;
    atomic_int next, submitted, delivered, stop;
    struct scarce blocks; /* of the allocator */
    pthread_mutex_t ring_lock;
    apipie_request *ring[STORM_RING]; /* those that anybody may cancel, copy, let go */
};

/* Where this thread is. */
struct storm_spot {
    int32_t ours; /* made by the test, not by the library */
    int32_t in_poll, in_free;
    int32_t waits_for; /* a number; 0: none */
};
extern _Thread_local struct storm_spot storm_spot;

uint64_t storm_random(uint64_t seed, int32_t number, int32_t salt);
/* 1 in `percent` of 100 cases. */
int32_t storm_chance(const struct storm *s, int32_t number, int32_t salt, int32_t percent);
/* Something is wrong: said at once, counted. */
void storm_wrong(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;
int32_t storm_wrongs(void);
int64_t storm_now_ms(void);
void storm_nap(int32_t us);

/* Makes and submits the next call. NULL when all have been made; else the caller's reference. */
apipie_request *storm_submit_next(struct storm *s, struct storm_call **ret);
/* It came out of wait, done or next. */
void storm_delivered(struct storm_call *c, const apipie_request *r, atomic_int *how);
apipie_status storm_poll(struct storm *s, int64_t timeout_ms);
void storm_collect(struct storm *s);
/* Into the ring; what was there is perhaps cancelled, and let go. Takes the reference. */
void storm_ring(struct storm *s, apipie_request *r, int32_t number);
void storm_ring_empty(struct storm *s);
/* All that must be true of a call when all is over. */
void storm_call_check(struct storm *s, struct storm_call *c);
int32_t storm_call_freed(const struct storm_call *c);

#endif
