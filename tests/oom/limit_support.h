/* SPDX-License-Identifier: MIT */
/* What the tests of the memory limit share: a server that gives pictures of as many bytes as the prompt asks for, and a host's
 * allocator that adds up. */
#ifndef TEST_LIMIT_SUPPORT_H
#define TEST_LIMIT_SUPPORT_H

#include "../support/draw.h"

#include <pthread.h>

#define KIB 1024
#define MIB (1024 * KIB)

#define LIMIT_COST   INT64_C(40000000000) /* 0.04 USD, of each reply */
#define LIMIT_SILENT "silent"             /* a model that does not say what it cost */

struct limit_wish {
    size_t bytes;
    const char *format; /* NULL: base64 */
    int32_t n;          /* images; 0: not said */
    const char *path;   /* NULL: to memory */
};

/* Who waits for whom at the server. */
struct limit_hall {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int32_t gone;  /* replies of pictures of 1 MiB and more that have left */
    int32_t after; /* smaller ones wait until so many have */
};

/* user is a struct limit_hall, or NULL. */
void limit_handler(struct raw_conn *c, const struct raw_request *q, void *user);
/* A request like that; nothing of it is checked. */
apipie_request *limit_ask(apipie_client *client, const struct limit_wish *w);
/* Asks for a picture to memory on the stage, and waits. */
apipie_status limit_draw(struct draw *d, size_t bytes, const char *format);
/* Every byte of it. */
int limit_picture_is_whole(const apipie_request *r, size_t index, size_t n);

/* The figures of the stage's client. */
int64_t limit_now(const struct draw *d);
int64_t limit_peak(const struct draw *d);
int64_t limit_refused(const struct draw *d);
void limit_set(struct draw *d, int64_t bytes);
/* What is made once and kept has been made: what is held now, and is held again after each call. */
int64_t limit_warm_up(struct draw *d);

struct limit_host {
    pthread_mutex_t lock;
    int64_t bytes;
};

/* A fresh server for the stage, and for its client: one takes a limited number of connections and requests. */
void limit_serve(struct draw *d);
/* A client of that server with that allocator. */
apipie_client *limit_client(const struct draw *d, struct limit_host *host);

#endif
