/* SPDX-License-Identifier: MIT */
/* A few words of HTTP for the sandbox's tests, by plain libcurl: nothing of libapipie is in between. */
#ifndef TALK_H
#define TALK_H

#include <stddef.h>

#include <curl/curl.h>
#include <jansson.h>

#include <apipie/sandbox.h>

#define TALK_KEY "Authorization: Bearer sk-pie-sandbox"

struct talk {
    CURLcode code;
    long status;
    char *body; /* NUL behind it */
    size_t n;
    char *head;
    size_t head_n;
    json_t *json; /* NULL when the body is none */
};

/* body NULL: GET. Each header may be NULL. */
struct talk talk(const char *base, const char *path, const char *body, const char *header1,
                 const char *header2);
/* header may be NULL. */
struct talk talk_head(const char *base, const char *path, const char *header);
/* A POST whose body is `start`, then count times 'A', then `end`. */
struct talk talk_long(const char *base, const char *path, const char *start, size_t count,
                      const char *end);
/* A POST of any bytes with that Content-Type; header may be NULL. */
struct talk talk_raw(const char *base, const char *path, const void *body, size_t n,
                     const char *type, const char *header);
void talk_end(struct talk *t);

/* One field of a form; file NULL: no file. */
struct talk_part {
    const char *name, *file, *type; /* type: the file's Content-Type */
    const void *p;
    size_t n;
};
/* A multipart/form-data POST as libcurl writes it; header may be NULL. */
struct talk talk_form(const char *base, const char *path, const struct talk_part *parts,
                      size_t count, const char *header);
struct talk talk_form_with(const char *base, const char *path, const struct talk_part *parts,
                           size_t count, const char *header1, const char *header2);

/* "error.code", "data.0.url", "usage.cost"; NULL when absent. */
json_t *talk_at(const struct talk *t, const char *path);
/* Its string; "" when it is none. */
const char *talk_text(const struct talk *t, const char *path);

/* ---- the fixture: a fresh sandbox for each test. */

#define GENERATE "/images/generations"
#define SMALL    "\"model\":\"sd_xl_base_1.0\",\"prompt\":\"a lake\",\"size\":\"64x64\""

extern apipie_sandbox *talk_box;
extern char talk_base[64], talk_root[64]; /* with /v1 and without */

int talk_setup(void **state);
int talk_teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, talk_setup, talk_teardown)

int64_t talk_now_ms(void);
struct talk talk_post(const char *body);
struct talk talk_post_fault(const char *body, const char *fault);
/* The url that the reply holds at a path, without a key. */
struct talk talk_fetch(const struct talk *reply, const char *path);
/* Ends t. */
void talk_expect_error(struct talk *t, long status, const char *code);
/* A thread whose call is answered only after a minute; user is a struct talk. */
void *talk_stalled_call(void *user);

/* The pixels are read, not only the header. 1 when it is a whole PNG of that size. */
int talk_is_png(const void *p, size_t n, unsigned width, unsigned height);
/* A PNG of noise by libpng, the same for the same numbers; to be freed. */
unsigned char *talk_png(unsigned width, unsigned height, int alpha, unsigned seed, size_t *ret_n);
/* libb64's encoder, with something before and behind; to be freed. */
char *talk_base64(const char *before, const void *p, size_t n, const char *behind);
/* Is the base64 at that path of the reply such a picture? */
int talk_holds_png(const struct talk *t, const char *path, unsigned width, unsigned height);
/* libb64's decoder; to be freed. */
unsigned char *talk_decode(const char *text, size_t *ret_n);

#endif
