/* SPDX-License-Identifier: MIT */
/* The whole round that every wire goes with the library's own client: what only both together can show. On top of talk.h's sandbox. */
#ifndef ROUND_H
#define ROUND_H

#include <apipie/apipie.h>

#include "talk.h"

/* A wire, and one of its models that takes what is said here. */
struct round {
    const char *wire, *model; /* NULL: no model is named */
    int32_t width, height;    /* 0: no size is set, and 1024x1024 comes */
    int32_t calls;            /* for two pictures: 2 where each is asked for by itself */
    apipie_status content;    /* of the filter; APIPIE_OK: a picture and a warning */
    int32_t takes;            /* ROUND_* */
};
enum {
    /* What is not claimed is refused before anything is sent. */
    ROUND_STEPS = 1,
    ROUND_NEGATIVE = 2,
    ROUND_STRENGTH = 4,
    ROUND_MASK = 8,
    ROUND_SEED = 16,
    ROUND_IMAGE = 32, /* a picture to start from, by APIPIE_REQUEST_IMAGE */
    ROUND_EDIT = 64,  /* and by APIPIE_REQUEST_EDIT */
    ROUND_SIZE = 128,
    /* How it is. */
    ROUND_ONLY_EDITS = 256,  /* it needs a picture, and a mask if it takes one */
    ROUND_OWN_SIZE = 512,    /* what is drawn over a picture has its size, and none is set */
    ROUND_MASK_ALONE = 1024, /* no strength beside a mask */
    ROUND_FREE = 2048,       /* a server of one's own: no key, no money, no limit */
    ROUND_UPLOADS = 4096,    /* pictures are uploaded before the call, and warnings say so */
    ROUND_TWICE = 8192,      /* the picture of an edit goes in two ways */
    ROUND_BLIND = 16384,     /* others edit, and the client does not know them apart */
    ROUND_JOB_FIRST = 32768, /* a reply names a job, and one without a picture has failed */
    ROUND_SIGNS = 65536,     /* the key is a pair that signs, and the host names the region */
};

/* What a row is tried for. */
struct round_subject {
    const char *name;
    int32_t needs, bars;                    /* of the row's bits */
    void (*goes)(const struct round *r);    /* or NULL: another subject does */
    void (*refused)(const struct round *r); /* where a bit that it needs is not claimed; or NULL */
};
extern const struct round_subject round_subjects[];
extern const size_t round_subject_count;

extern apipie_client *round_client;
extern apipie_request *round_request;

/* A client with that wire as a backend of the same name, and the key; no retries. */
void round_begin(const struct round *r);
int round_teardown(void **state);
#define ROUND_TEST(name) cmocka_unit_test_setup_teardown(name, talk_setup, round_teardown)

/* A request of that kind (APIPIE_REQUEST_*) for "a lake", in the size above; the one before is dropped. */
apipie_request *round_fresh(const struct round *r, int32_t kind);
const apipie_result *round_need(apipie_status want);
/* A hash of its bytes; the picture must have the size above. */
uint64_t round_picture(const struct round *r, size_t index);

#endif
