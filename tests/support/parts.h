/* SPDX-License-Identifier: MIT */
/* A server that makes one image a call and refuses n, the four pictures that it draws, and where they may go. */
#ifndef TEST_PARTS_H
#define TEST_PARTS_H

#include "draw.h"

#define PARTS_IMAGES 4
#define PARTS_SEED   100
#define PARTS_ONE_EACH                                                                             \
    "{\"error\":{\"message\":\"Invalid value for 'n': You must provide n=1 for this model.\","     \
    "\"type\":\"invalid_request_error\",\"param\":\"n\",\"code\":null}}"

/* Picture i is drawn with seed 100 + i. */
extern const char *const parts_pictures[PARTS_IMAGES];

/* What a server does that refuses n, to the call with seed 100, 101, ... Model B gives all their pictures. */
struct parts_plan {
    const struct draw_reply *replies[PARTS_IMAGES]; /* NULL: its picture */
    int32_t stall;                                  /* so many of the last ones never answer */
    int32_t gather;  /* nobody is answered before so many calls came */
    int32_t slow_ms; /* how long each is worked at */
    int32_t by_url;  /* the pictures come by url */
    int32_t once;    /* the second try of a call gets its picture */
};

/* A server of that plan, and a request for four images with the first seed. */
void parts_serve(struct draw *d, const struct parts_plan *plan);
/* A fresh request like that. */
void parts_ask(struct draw *d);
/* The part that asks so: 0 to 3. */
int32_t parts_of(const struct raw_request *q);
/* All four in memory, in order, without a warning. */
void parts_assert_all(const struct draw *d);

/* ---- a folder of the test's own */

void parts_make_folder(void);
const char *parts_folder(void);
const char *parts_in_folder(const char *name); /* lives until the next call */
/* How many files there are; with `drop` none are left, nor the folder. */
int parts_entries(int drop);
void parts_assert_file(const char *path, const char *base64);

/* ---- a sink of the host */

struct parts_host {
    uint8_t bytes[16][1024];
    size_t size[16];
    int32_t at[16]; /* the image that a slot became, + 1; -1: aborted */
    int32_t odd;    /* calls that must not be */
};

void parts_set_host(apipie_request *r, struct parts_host *h);
/* How many pictures were committed, each the right one. */
int32_t parts_committed(const struct parts_host *h);

#endif
