/* SPDX-License-Identifier: MIT */
/* A few words of HTTP for the sandbox's tests, by plain libcurl: nothing of libapipie is in between. */
#ifndef TALK_H
#define TALK_H

#include <stddef.h>

#include <curl/curl.h>
#include <jansson.h>

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
/* A POST whose body is `start`, then count times 'A', then `end`. */
struct talk talk_long(const char *base, const char *path, const char *start, size_t count,
                      const char *end);
void talk_end(struct talk *t);

/* "error.code", "data.0.url", "usage.cost"; NULL when absent. */
json_t *talk_at(const struct talk *t, const char *path);
/* Its string; "" when it is none. */
const char *talk_text(const struct talk *t, const char *path);

/* The pixels are read, not only the header. 1 when it is a whole PNG of that size. */
int talk_is_png(const void *p, size_t n, unsigned width, unsigned height);
/* libb64's decoder; to be freed. */
unsigned char *talk_decode(const char *text, size_t *ret_n);

#endif
