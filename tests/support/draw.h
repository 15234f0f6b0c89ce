/* SPDX-License-Identifier: MIT */
/* What most tests of the public API share: three tiny pictures, a stage of server, client and request, and
 * comparisons that say what was wrong. */
#ifndef TEST_DRAW_H
#define TEST_DRAW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apipie/apipie.h>

#include "rawserver.h"

#define DRAW_KEY "sk-pie-0123456789abcdef"

/* Whole pictures in base64. */
#define PNG1 /* 3x2 */                                                                             \
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/Sv+YkQ8PcXVsvvX/"          \
    "FrgIAV+8Jkhdl86AAAAAASUVORK5CYII="
#define PNG2 /* 2x5 */                                                                             \
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAAFCAIAAADg0arLAAAALklEQVR42gEjANz/"                             \
    "AEpnhH+cuQClwt/a9xQAAB06NVJvAFt4lZCtygC20/DrCCUMyw+Cngs0UwAAAABJRU5ErkJggg=="
#define PNG3 /* 7x1 */                                                                             \
    "iVBORw0KGgoAAAANSUhEUgAAAAcAAAABCAIAAACdaSOZAAAAH0lEQVR42mPI71m55OC9m9+E+bQ9nBNqK6ZuWnvq"     \
    "OQB9IQuIJCzWTQAAAABJRU5ErkJggg=="
#define JPEG1 /* 4x3 */                                                                            \
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ" \
    "EBAQEBAQEBAQEBAQEBAQEBAQEBD/wAALCAADAAQBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAA" \
    "AAAAAAAAAAD/2gAIAQEAAD8AP//Z"
#define GIF1  "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" /* 1x1 */
#define WEBP1 "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA" /* 1x1 */

/* A reply with one whole picture. */
#define ONE_IMAGE "{\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"

/* As the body of a response: the bytes of PNG1. */
#define DRAW_PICTURE "$PICTURE"

/* A response as a table writes it. "$ORIGIN" in the body becomes the server's. */
struct draw_reply {
    int32_t status;
    const char *headers; /* NULL: JSON */
    const char *body;
};

/* What the n-th POST gets; the last one serves all that follow. */
struct draw_script {
    const struct draw_reply *replies;
    int32_t count;
};

/* What the calls for a model get, one after the other; the last one serves all that follow. None: a picture. Models
 * are called "A", "B", "C", so that assert_order() can name the calls as "ABA". Without a model: as "A". */
struct draw_model {
    const struct draw_reply *replies[6];
};
struct draw_stage {
    struct draw_model models[3];
    int32_t slow_ms; /* how long a call is worked at */
};
#define DRAW_REPLIES(...)                                                                          \
    {                                                                                              \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define DRAW_SCRIPT(replies)                                                                       \
    {                                                                                              \
        replies, (int32_t)(sizeof(replies) / sizeof((replies)[0]))                                 \
    }

#define DRAW_MORE 96

/* The stage of a test; freed by the teardown, also when the test failed. */
struct draw {
    struct raw_server *server, *other; /* other: another origin, when the test starts one */
    apipie_client *client;
    apipie_request *request;
    apipie_request *more[DRAW_MORE]; /* several at once: draw_more() */
    const void *row;                 /* of draw_rows() */
    struct draw_reply reply;         /* of draw_serve_json() */
    struct draw_script script;       /* the one reply, or the test's own */
};

int draw_setup(void **state);
int draw_teardown(void **state);
#define DRAW_TEST(f) cmocka_unit_test_setup_teardown(f, draw_setup, draw_teardown)

/* Runs `test` once for each row of a table, each on a stage of its own; d->row is the row. A row's name is its first
 * member, or the member that is said. How many failed. */
#define DRAW_ROWS(test, rows) DRAW_ROWS_AT(test, rows, 0)
#define DRAW_ROWS_AT(test, rows, name_at)                                                          \
    draw_rows(#test, test, rows, sizeof(rows)[0], sizeof(rows) / sizeof(rows)[0], name_at)
int draw_rows(const char *group, void (*test)(void **state), const void *rows, size_t row_size,
              size_t count, size_t name_at);

/* Starts the server, a client for it that retries nothing, and a request with a prompt. */
void draw_serve(struct draw *d, raw_handler handler, void *user);
/* The same with one reply to every POST; GET /pics/1 to /pics/3 give PNG1 to PNG3. */
void draw_serve_reply(struct draw *d, int32_t status, const char *headers, const char *body);
void draw_serve_json(struct draw *d, const char *body);
void draw_serve_script(struct draw *d, const struct draw_script *script);
/* Serves one reply to the fresh request and performs it. */
apipie_status draw_perform_json(struct draw *d, const char *body);
void draw_serve_stage(struct draw *d, const struct draw_stage *stage);
/* A client for a base URL: a key, no retries. */
apipie_client *draw_client(const char *base_url);
/* A request with a prompt and b64_json. */
apipie_request *draw_request(apipie_client *client);
/* One with such routes: "AB" is model A of provider pA, then B of pB. */
apipie_request *draw_request_for(apipie_client *client, const char *routes);
/* Drops the request of the stage and makes a fresh one. */
void draw_again(struct draw *d);

/* The handlers behind draw_serve_*; user is a struct draw_script. */
void draw_handler(struct raw_conn *c, const struct raw_request *q, void *user);
void draw_send_reply(struct raw_conn *c, const struct draw_reply *r);
void draw_send_picture(struct raw_conn *c, const char *base64, const char *type);

/* Makes so many requests, d->more[0] ...; those of an earlier call are dropped. */
void draw_more(struct draw *d, size_t count);
/* Submits them, in order. */
void draw_submit_more(struct draw *d);
/* Waits until all of them have ended; how many succeeded. */
int32_t draw_wait_more(struct draw *d);

/* How many POSTs hold that piece in their body. */
int32_t draw_posts(struct raw_server *s, const char *piece);
/* Which try of its call a POST is, by its Idempotency-Key: 1, 2, ... */
int32_t draw_try(const struct raw_conn *c, const struct raw_request *q);
/* Which POST with that piece in its body it is: 1, 2, ...; 0 when it lacks it. */
int32_t draw_nth(const struct raw_conn *c, const struct raw_request *q, const char *piece);
/* The value of a text or number in a JSON body, as it stands there; "" when the field is not there. */
void draw_field(const struct raw_request *q, const char *name, char *out, size_t capacity);
/* The first characters of that field in all POSTs so far, in order; '-' for one without it. */
void draw_order(struct raw_server *s, const char *name, char *out, size_t capacity);
#define assert_order(server, name, want) draw_assert_order(server, name, want, __FILE__, __LINE__)
void draw_assert_order(struct raw_server *s, const char *name, const char *want, const char *file,
                       int line);

const apipie_result *draw_result(const struct draw *d);
const apipie_error *draw_error(const struct draw *d);

/* The image is exactly that picture, in memory. */
void draw_assert_image(const apipie_result *r, size_t index, const char *base64, const char *mime);
/* The request succeeded with exactly one image, PNG1, and as many warnings. */
void draw_assert_one(const struct draw *d, size_t warnings);
#define assert_status(got, want) draw_assert_status(got, want, NULL, __FILE__, __LINE__)
/* With the message of the failure when it is another one. */
#define assert_ended(request, got, want) draw_assert_status(got, want, request, __FILE__, __LINE__)
void draw_assert_status(apipie_status got, apipie_status want, const apipie_request *request,
                        const char *file, int line);
#define assert_contains(text, part) draw_assert_contains(text, part, 1, __FILE__, __LINE__)
#define assert_lacks(text, part)    draw_assert_contains(text, part, 0, __FILE__, __LINE__)
void draw_assert_contains(const char *text, const char *part, int wanted, const char *file,
                          int line);

/* The picture, as bytes: one to begin with, or the mask. */
void draw_set_image(struct draw *d, const char *base64, int32_t mask);
const struct raw_request *draw_sent(struct draw *d); /* the last one that came */

size_t draw_decode(const char *base64, uint8_t *out); /* out holds strlen(base64) */
char *draw_encode(const void *bytes, size_t n);       /* free() it */
int64_t draw_now_ms(void);
void draw_sleep_ms(int32_t ms);
char *draw_replace(const char *text, const char *what, const char *with); /* free() it */

#endif
