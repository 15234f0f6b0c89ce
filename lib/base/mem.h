/* SPDX-License-Identifier: MIT */
/* Memory through the client's allocator. Every block of the library comes from here. */
#ifndef PIE_MEM_H
#define PIE_MEM_H

#include <stddef.h>

struct pie_mem {
    void *user;
    void *(*alloc)(void *user, size_t size);
    void *(*resize)(void *user, void *block, size_t size);
    void (*release)(void *user, void *block);
};

extern const struct pie_mem pie_mem_libc;

/* count * size zeroed bytes; NULL without memory or when the product overflows. */
void *pie_mem_new(const struct pie_mem *mem, size_t count, size_t size);
/* block may be NULL; size is at least 1. The old block stays when NULL comes back. */
void *pie_mem_resize(const struct pie_mem *mem, void *block, size_t size);
/* Takes NULL, returns NULL. */
void *pie_mem_free(const struct pie_mem *mem, void *block);
/* A copy of n bytes with a NUL behind them; NULL without memory. */
char *pie_mem_text(const struct pie_mem *mem, const char *text, size_t n);
/* Overwrites secrets in a way that the compiler keeps. */
void pie_mem_wipe(void *block, size_t size);

#endif
