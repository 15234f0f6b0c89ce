/* SPDX-License-Identifier: MIT */
/* The shape of every stage of the body path: a response walks down a chain of writers. */
#ifndef PIE_WRITER_H
#define PIE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#include "base/headers.h"

struct pie_writer;

struct pie_writer_type {
    const char *name;
    /* Once a response, before any byte. */
    apipie_status (*head)(struct pie_writer *w, int32_t status, const struct pie_headers *headers);
    /* Any n, even 1. A failure ends the response: it is returned up to the transport. */
    apipie_status (*write)(struct pie_writer *w, const uint8_t *p, size_t n);
    /* All bytes came. Not called after a cut. */
    apipie_status (*end)(struct pie_writer *w);
};

/* First member of every stage. The owner frees the stage; a writer does not free itself. */
struct pie_writer {
    const struct pie_writer_type *type;
};

#endif
