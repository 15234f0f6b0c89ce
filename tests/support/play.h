/* SPDX-License-Identifier: MIT */
/* A server that plays a stream of events step by step, and a host that looks at the sketches in it. */
#ifndef TEST_PLAY_H
#define TEST_PLAY_H

#include "draw.h"

#define SKETCH(png)                                                                                \
    "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\","   \
    "\"partial_image_index\":0,\"b64_json\":\"" png "\"}\n\n"
#define PICTURE(png)                                                                               \
    "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\","           \
    "\"b64_json\":\"" png "\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4160,"               \
    "\"total_tokens\":4169}}\n\n"

/* A picture that never ends. */
#define BROKEN                                                                                     \
    "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAA"

/* The steps: texts, and what is done between them. */
#define PLAY_PIECES 8
#define PLAY_CUT    "cut"   /* the connection breaks */
#define PLAY_SHOWN  "shown" /* waits for one more sketch to be shown */
#define PLAY_OPEN   "open"  /* says no more, and does not end */

struct play {
    const char *pieces[PLAY_PIECES];
    const char *type; /* NULL: text/event-stream */
};

/* What the host was shown. Static in each test: the teardown frees the request that holds it. */
struct play_seen {
    uint8_t bytes[16][1024];
    size_t size[16], index[16];
    char mime[16][32];
    int32_t count, freed;
    apipie_request *request; /* that it is called with */
    int32_t cancel_at;       /* when so many were shown */
};

/* A handler; user is a struct play. */
void play(struct raw_conn *c, const struct raw_request *q, void *user);
/* The stage, with a request that is asked to stream; s is made empty. */
void play_serve(struct draw *d, const struct play *p, struct play_seen *s);
/* Nothing was shown or sent yet. */
void play_reset(struct play_seen *s);
/* The callbacks of the host; user is a struct play_seen. */
void play_see(void *user, apipie_request *request, size_t index, const void *bytes, size_t size,
              const char *mime);
void play_free(void *user);
/* Until all of the first piece has been read by a worker. */
void play_wait_read(const struct draw *d, const struct play *p);
/* Sketch number `number` was that picture, for that image. */
void play_assert(const struct play_seen *s, int32_t number, size_t index, const char *base64);
/* An event of that name with a picture of so many bytes; the name stands first, or last. free() it. */
char *play_large(const char *name, size_t bytes, int32_t name_first);

#endif
