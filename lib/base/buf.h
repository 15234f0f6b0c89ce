/* SPDX-License-Identifier: MIT */
/* Owned bytes that grow up to a maximum they are born with. A failure sticks: straight-line code checks once. */
#ifndef PIE_BUF_H
#define PIE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#include "base/mem.h"
#include "base/text.h"

struct pie_buf {
    const struct pie_mem *mem;
    char *p; /* p[n] is NUL once anything was added */
    size_t n;
    size_t cap;
    size_t max;           /* bytes without the NUL */
    apipie_status failed; /* APIPIE_OK, APIPIE_E_MEMORY or APIPIE_E_LIMIT: later adds do nothing */
};

void pie_buf_init(struct pie_buf *b, const struct pie_mem *mem, size_t max);
void pie_buf_free(struct pie_buf *b);  /* ready for use again, same maximum */
void pie_buf_clear(struct pie_buf *b); /* keeps the memory, forgets content and failure */
void pie_buf_truncate(struct pie_buf *b, size_t n);
void pie_buf_add(struct pie_buf *b, const void *p, size_t n);
void pie_buf_add_char(struct pie_buf *b, char c);
void pie_buf_add_text(struct pie_buf *b, const char *text);
void pie_buf_add_slice(struct pie_buf *b, struct pie_slice s);
void pie_buf_add_int(struct pie_buf *b, int64_t v);
void pie_buf_add_uint(struct pie_buf *b, uint64_t v);
struct pie_slice pie_buf_slice(const struct pie_buf *b);
/* Makes room for n bytes in all, exactly: for sizes known beforehand. */
void pie_buf_reserve(struct pie_buf *b, size_t n);

#endif
