/* SPDX-License-Identifier: MIT */
/* Inside recordings: what must not be written, and a stream in which it becomes asterisks. mask.c. */
#ifndef PIE_MASK_PRIV_H
#define PIE_MASK_PRIV_H

#include "http/http.h"

/* The newest ones are known: a key that changes now and then, and all headers that a request may have, each as it is and as JSON
 * may write it. */
#define PIE_SECRETS 256

struct pie_secrets {
    const struct pie_mem *mem;
    struct {
        char *p;
        size_t n;
    } each[PIE_SECRETS]; /* the one that was used last comes first */
    size_t count;
    size_t longest;
    uint8_t starts[256]; /* one of them begins with this byte */
};

void pie_secrets_init(struct pie_secrets *s, const struct pie_mem *mem);
void pie_secrets_free(struct pie_secrets *s); /* wipes them */
/* What the headers of a request say that nobody may read: the key, and the values of headers that are the host's own. */
apipie_status pie_secrets_learn(struct pie_secrets *s, const struct pie_headers *h);

/* The same bytes with asterisks in the place of secrets, wherever the pieces begin and end. */
struct pie_mask {
    const struct pie_secrets *secrets; /* borrowed; may learn meanwhile */
    struct pie_buf held;               /* the last bytes: they may be the start of one */
};

void pie_mask_init(struct pie_mask *m, const struct pie_secrets *s);
void pie_mask_free(struct pie_mask *m);
/* A piece of at most PIE_MASK_PIECE bytes. Adds to out what is sure by now. */
void pie_mask_feed(struct pie_mask *m, const void *p, size_t n, struct pie_buf *out);
/* There is no more: adds the rest. Ready for another stream. */
void pie_mask_end(struct pie_mask *m, struct pie_buf *out);

#define PIE_MASK_PIECE 65536
/* The most that comes out at once: a secret is a value of headers. */
#define PIE_MASK_MOST (PIE_MASK_PIECE + PIE_HEADERS_MAX)

#endif
