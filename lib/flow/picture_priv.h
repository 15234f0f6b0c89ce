/* SPDX-License-Identifier: MIT */
/* A picture on its last steps: size limit, magic bytes, sink slot. */
#ifndef PIE_PICTURE_PRIV_H
#define PIE_PICTURE_PRIV_H

#include "flow/flow.h"

struct pie_picture {
    struct pie_view *view; /* NULL: nobody looks */
    struct pie_sink *sink;
    uint32_t *next_slot; /* borrowed counter: a slot is taken when the picture begins in the sink */
    uint64_t max;        /* bytes */
    uint32_t slot;
    struct pie_magic magic;
    apipie_status status;  /* sticky; the slot is aborted then */
    apipie_status gave_up; /* the status, when not the server was at fault */
    char problem[96];
};

void pie_picture_begin(struct pie_picture *c, struct pie_sink *sink, uint32_t *next_slot,
                       uint64_t max);
/* Never fails: a picture that broke takes no more bytes, and the reply is read on for its other news. */
void pie_picture_write(struct pie_picture *c, const uint8_t *p, size_t n);
/* `problem` is static. */
void pie_picture_break(struct pie_picture *c, apipie_status status, const char *problem);
/* The same where the fault is not the server's: the picture came, and could not be taken. */
void pie_picture_give_up(struct pie_picture *c, apipie_status status, const char *problem);
/* The end: tells part kind, slot, size, mime and dimensions, or what is wrong. */
void pie_picture_end(struct pie_picture *c, struct pie_part *part);

#endif
