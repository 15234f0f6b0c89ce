/* SPDX-License-Identifier: MIT */
/* Knows how to ask an allocator safely; must not know what the blocks are for. */
#include "base/base.h"

#include <stdlib.h>

static void *mem_libc_alloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *mem_libc_resize(void *user, void *block, size_t size)
{
    (void)user;
    return realloc(block, size);
}

static void mem_libc_release(void *user, void *block)
{
    (void)user;
    free(block);
}

const struct pie_mem pie_mem_libc = {NULL, mem_libc_alloc, mem_libc_resize, mem_libc_release};

void *pie_mem_new(const struct pie_mem *mem, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    size_t total = count * size;
    void *block = mem->alloc(mem->user, total != 0 ? total : 1);
    if (block != NULL)
        memset(block, 0, total != 0 ? total : 1);
    return block;
}

void *pie_mem_resize(const struct pie_mem *mem, void *block, size_t size)
{
    if (block == NULL)
        return mem->alloc(mem->user, size);
    return mem->resize(mem->user, block, size);
}

void *pie_mem_free(const struct pie_mem *mem, void *block)
{
    if (block != NULL)
        mem->release(mem->user, block);
    return NULL;
}

char *pie_mem_text(const struct pie_mem *mem, const char *text, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = mem->alloc(mem->user, n + 1);
    if (copy == NULL)
        return NULL;
    if (n != 0)
        memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

void pie_mem_wipe(void *block, size_t size)
{
    /* volatile: a call of memset itself, before free, may be removed as dead. */
    static void *(*const volatile mem_set)(void *, int, size_t) = memset;
    if (size != 0)
        mem_set(block, 0, size);
}
