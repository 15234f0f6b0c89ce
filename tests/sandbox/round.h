/* SPDX-License-Identifier: MIT */
/* The whole round that every wire goes with the library's own client: what only both together can show. On top of talk.h's sandbox. */
#ifndef ROUND_H
#define ROUND_H

#include <apipie/apipie.h>

#include "talk.h"

/* A wire, and one of its models that takes what is said here. */
struct round {
    const char *wire, *model;
    int32_t width, height;
    int32_t calls;         /* for two pictures: 2 where each is asked for by itself */
    apipie_status content; /* what the filter's word ends in */
    int32_t takes;         /* ROUND_* */
};
enum {
    ROUND_STEPS = 1,
    ROUND_NEGATIVE = 2,
    ROUND_STRENGTH = 4,
    ROUND_MASK = 8,
    ROUND_NO_RATE = 16
};

extern apipie_client *round_client;
extern apipie_request *round_request;

/* A client with that wire as a backend of the same name, and the sandbox's key; no retries. */
void round_begin(const struct round *r);
int round_teardown(void **state);
#define ROUND_TEST(name) cmocka_unit_test_setup_teardown(name, talk_setup, round_teardown)

/* A request of that kind (APIPIE_REQUEST_*) for "a lake", in the size above; the one before is dropped. */
apipie_request *round_fresh(const struct round *r, int32_t kind);
const apipie_result *round_need(apipie_status want);
/* How many bytes, and a hash of them; the picture must have the size above. */
uint64_t round_picture(const struct round *r, size_t index);

void round_draws(const struct round *r);                     /* text to image, n, steps */
void round_repeats(const struct round *r);                   /* seed and negative prompt */
void round_paints_over(const struct round *r, int32_t kind); /* an input image, and a mask */
void round_fails(const struct round *r); /* filter, key, quota, throttle, garbage, timeout */

#endif
