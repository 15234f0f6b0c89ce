/* SPDX-License-Identifier: MIT */
/* Runs a reply body through the body path and writes down all that came of it, as text that can be compared. */
#ifndef RECORD_H
#define RECORD_H

#include "flow/flow.h"

#define RECORD_SLOTS 300

/* A sink that remembers. */
struct record_sink {
    struct pie_sink base;
    struct pie_buf bytes[RECORD_SLOTS];
    char state[RECORD_SLOTS]; /* ' ', 'b'egun, 'e'nded, 'a'borted */
    const char *mime[RECORD_SLOTS];
    uint64_t room;  /* bytes it takes in all, then APIPIE_E_FILE */
    int32_t misuse; /* calls that must not happen */
};

struct record {
    const struct pie_path *paths;
    int32_t status;
    int32_t expect_image;
    int32_t cut;        /* the connection broke at the end */
    uint64_t max_image; /* 0: no limit */
    uint64_t sink_room; /* 0: no limit */
    const struct pie_stream *stream;
    const char *type; /* the Content-Type; NULL: none */
};

struct record_run {
    struct record_sink sink;
    struct pie_body *body;
    struct pie_headers headers;
    struct pie_buf sketches; /* a line each */
};

void record_sink_init(struct record_sink *s);
void record_sink_free(struct record_sink *s);

apipie_status record_begin(const struct record *what, struct record_run *run);
apipie_status record_write(struct record_run *run, const void *p, size_t n);
/* Finishes, dumps into out, frees. */
void record_end(const struct record *what, struct record_run *run, struct pie_buf *out);

/* All bytes in pieces: first `first`, then `step` each (0: all the rest at once). */
void record_pieces(const struct record *what, const void *p, size_t n, size_t first, size_t step,
                   struct pie_buf *out);

#endif
