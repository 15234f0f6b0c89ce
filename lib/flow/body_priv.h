/* SPDX-License-Identifier: MIT */
/* The inside of a body, for the files that read one. */
#ifndef PIE_BODY_PRIV_H
#define PIE_BODY_PRIV_H

#include "flow/flow.h"
#include "flow/form_priv.h"
#include "flow/parts_priv.h"
#include "flow/picture_priv.h"
#include "flow/split_priv.h"

/* A body of another kind is decided by its first bytes: as many as magic.c looks at. */
#define BODY_HELD PIE_MAGIC_HEAD

/* Who reads the body. */
enum { BODY_UNDECIDED, BODY_SPLIT, BODY_EVENTS, BODY_PICTURE, BODY_FORM, BODY_TEXT, BODY_SKIP };

/* One picture in memory, of which nobody knows yet whether it counts. */
struct pie_aside {
    struct pie_sink base;
    struct pie_buf bytes;
};

/* A stream of events: each has a JSON text as its data, read by the body's splitter. */
struct pie_events {
    struct pie_sse sse;
    size_t kept;     /* elements of the rest */
    uint32_t images; /* events that brought a picture */
    int32_t failed;  /* the element that was named an error; -1 */
    /* the event at hand */
    int32_t form;       /* what its data is */
    size_t text_start;  /* of its element in the rest */
    size_t parts_start; /* of its parts */
    int32_t named;      /* its data says what it is ... */
    int32_t named_kind; /* ... PIE_EVENT_*, 0: any other */
    int32_t counts;     /* whatever it calls itself: it has several pictures */
    /* its first picture, as long as nobody knows whether it is a sketch */
    struct pie_aside aside;
    uint32_t aside_slot;
    int32_t aside_state;
    struct pie_part aside_part;
    apipie_status aside_gave_up;
};

/* A multipart body: each of its parts is decided and read as a body is. */
struct pie_sections {
    int32_t on;
    int32_t sure; /* it is one; until then its first bytes are held */
    uint8_t first[BODY_HELD];
    size_t first_n;
    struct pie_multiread multiread;
    int32_t rest; /* who read what is the rest: BODY_SPLIT, BODY_TEXT, or BODY_UNDECIDED */
    uint32_t pictures;
};

struct pie_body {
    struct pie_writer writer;
    const struct pie_mem *mem;
    struct pie_sink *sink;
    struct pie_view *view;
    uint64_t max_image_bytes;
    const struct pie_path *paths;
    const struct pie_stream *stream;
    pie_partial_fn partial_fn;
    void *partial_user;
    int32_t expect_image;
    uint32_t next_slot;

    int32_t good;        /* a status of success */
    int32_t says_events; /* the header says so */
    int32_t reader;
    int32_t finished;
    int32_t shortened;
    uint64_t offset; /* of the next byte, behind what is held */
    uint8_t held[BODY_HELD];
    size_t held_n;

    struct pie_buf text; /* the rest, or the raw text */
    struct pie_split split;
    struct pie_events events;
    struct pie_sections sections;
    struct pie_form form;
    struct pie_picture picture;
    struct pie_part part; /* the one at hand */
    int32_t ignored;      /* the string at hand: one picture too many */
    struct pie_parts parts;
    struct pie_damage damage; /* outside of JSON, or of all events */
    apipie_status failure;
};

/* The part at hand is a new one, which stands there. index NULL: zeros. */
void pie_body_place(struct pie_body *b, int32_t path, const uint32_t index[PIE_PATH_INDICES]);
/* The part at hand could not be had although it came: the first reason counts. */
void pie_body_gave_up(struct pie_body *b, apipie_status why);

/* Bytes of the body, or of one part of it. */
apipie_status pie_body_feed(struct pie_body *b, const uint8_t *p, size_t n);
/* No more of them come. complete 0: it was cut. */
apipie_status pie_body_close(struct pie_body *b, int32_t complete);

/* ---- sections.c */

/* Of a multipart body; an empty boundary: it is none. */
void pie_sections_start(struct pie_body *b, struct pie_slice boundary);
apipie_status pie_sections_write(struct pie_body *b, const uint8_t *p, size_t n);
/* Who reads the part at hand, when that one would: BODY_SKIP when nobody needs it. */
int32_t pie_sections_choose(struct pie_body *b, int32_t reader);
/* complete 0: the body was cut. */
apipie_status pie_sections_finish(struct pie_body *b, int32_t complete);

/* ---- events.c */

void pie_events_init(struct pie_body *b);
void pie_events_free(struct pie_body *b);
/* The stream begins at byte `at` of the body. */
void pie_events_start(struct pie_body *b, uint64_t at);
/* No more bytes come. */
apipie_status pie_events_finish(struct pie_body *b);

#endif
