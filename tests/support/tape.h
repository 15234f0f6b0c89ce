/* SPDX-License-Identifier: MIT */
/* Recordings in tests: a folder for them, what a request brought as one text, and clients that replay. */
#ifndef TEST_TAPE_H
#define TEST_TAPE_H

#include <apipie/transport.h>

#include "draw.h"

/* A folder for the program's recordings, made before its tests and removed behind them. */
int tape_begin(void);
void tape_end(void);
const char *tape_path(const char *name); /* in the folder; lives until the fourth call after it */
/* Empties the folder; where the test's recording goes. */
const char *tape_fresh(void);

/* All that a request brought and that does not depend on the clock: status, error, pictures, attempts. free() it. */
char *tape_tell(const apipie_request *r);

/* The same settings as draw_client(), but no key; answers from that file. */
apipie_client *tape_client(const char *base_url, const char *path);
/* Ends what is recorded and the server, so that the stage replays the file; the server's address stays. */
void tape_turn(struct draw *d, const char *path);

/* A whole file, with a NUL behind it; free() it. */
char *tape_read(const char *path, size_t *ret_size);
void tape_write(const char *path, const void *p, size_t n);
/* How often those bytes occur. */
int32_t tape_count(const char *p, size_t n, const char *what);

#endif
