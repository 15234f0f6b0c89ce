/* SPDX-License-Identifier: MIT */
/* A log sink that keeps every line and looks at each: what must never be in one. */
#ifndef TEST_DIARY_H
#define TEST_DIARY_H

#include "draw.h"

#include <pthread.h>

#define SECRET "s3cr3t-signature"
#define TOKEN  "tok_0123456789abcdef" /* a key that does not look like one */

#define DIARY_LINES 600

/* Static in the tests: the teardown may be what frees it. */
struct diary {
    pthread_mutex_t lock;
    char lines[DIARY_LINES][600];
    int32_t levels[DIARY_LINES];
    int32_t count, freed;
    const char *odd;         /* what was wrong with a line */
    apipie_request *cancels; /* from inside, at its first call */
};

void diary_open(struct diary *y);
/* The sink, and what frees it. */
void diary_log(void *user, int32_t level, const char *line);
void diary_free(void *user);
/* Opens it, and sets it as the log of the client of the stage. */
void diary_keep(struct draw *d, struct diary *y, int32_t level);

/* So many lines of that level hold the piece, and no line is odd. */
#define assert_lines(y, level, piece, want)                                                        \
    diary_assert_lines(y, level, piece, want, __FILE__, __LINE__)
void diary_assert_lines(const struct diary *y, int32_t level, const char *piece, int32_t want,
                        const char *file, int line);
/* Before the first line with `b` there is one with `a`. */
void diary_assert_before(const struct diary *y, const char *a, const char *b);
/* No line of any level holds it. */
void diary_assert_nowhere(const struct diary *y, const char *piece);

#endif
