/* SPDX-License-Identifier: MIT */
/* Memory through the client's allocator. Every block of the library comes from here, and goes back here alone: each has a
 * head of ours before it. */
#ifndef PIE_MEM_H
#define PIE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* What is held, in bytes with the heads. Any thread, with pie_count_*. */
struct pie_mem_count {
    int64_t now, peak;
    int64_t refused; /* how often, by the limit or by the allocator */
    int64_t limit;   /* 0: none */
};

struct pie_mem {
    void *user;
    void *(*alloc)(void *user, size_t size);
    void *(*resize)(void *user, void *block, size_t size);
    void (*release)(void *user, void *block);
    struct pie_mem_count *count; /* NULL: nobody counts */
};

extern const struct pie_mem pie_mem_libc;

/* count * size zeroed bytes; NULL without memory, above the limit, or when the product overflows. */
void *pie_mem_new(const struct pie_mem *mem, size_t count, size_t size);
/* block may be NULL; size is at least 1. The old block stays when NULL comes back. */
void *pie_mem_resize(const struct pie_mem *mem, void *block, size_t size);
/* Takes NULL, returns NULL. */
void *pie_mem_free(const struct pie_mem *mem, void *block);
/* A copy of n bytes with a NUL behind them; NULL without memory. */
char *pie_mem_text(const struct pie_mem *mem, const char *text, size_t n);
/* 1 when a limit is set. */
int32_t pie_mem_is_limited(const struct pie_mem *mem);
/* Overwrites secrets in a way that the compiler keeps. */
void pie_mem_wipe(void *block, size_t size);

#endif
