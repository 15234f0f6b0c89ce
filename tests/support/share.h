/* SPDX-License-Identifier: MIT */
/* A gateway with uploads: what they and the calls get, and what came of it. */
#ifndef TEST_SHARE_H
#define TEST_SHARE_H

#include "draw.h"

/* What uploads and calls get, in order; a status of 0 ends a list, and the last one serves all that follow. NULL: all is well.
 * A reply to an upload without a body is a good one: number n gets SHARE_TEMP(n). */
struct share {
    const struct draw_reply *uploads;
    const struct draw_reply *calls;
    int32_t wait_ms;   /* before an upload is answered */
    int32_t stalls;    /* so many uploads are never answered */
    const char *extra; /* headers of a good upload */
};

#define SHARE_TEMP(n) "https://apipie.ai/temp/" #n ".png"

/* The stage, with a fresh request whose pictures are uploaded. s lives longer than the test. */
struct draw *share_serve(void **state, struct share *s);
void share_again(struct draw *d); /* another such request */
void share_perform(struct draw *d);
/* All of it, with that picture. */
void share_draw(struct draw *d, const char *picture);
/* So many such requests, d->more[0] ... */
void share_more(struct draw *d, size_t n, const char *picture);
int32_t share_uploads(struct draw *d); /* that came */
int32_t share_calls(struct draw *d);   /* other POSTs */
/* What the last call was drawn from. */
void share_assert_image(struct draw *d, const char *want);

#endif
