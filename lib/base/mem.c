/* SPDX-License-Identifier: MIT */
/* Knows how to ask an allocator safely, and how much it gave; must not know what the blocks are for. */
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

const struct pie_mem pie_mem_libc = {NULL, mem_libc_alloc, mem_libc_resize, mem_libc_release, NULL};

/* Before each block: so it is known what it takes, whatever allocator the host gave. Blocks that nobody counts have one
 * too: a block may go back through a copy of its pie_mem that does not count. */
struct mem_head {
    _Alignas(max_align_t) size_t size; /* with the head */
};

#define MEM_MOST ((size_t)PTRDIFF_MAX - sizeof(struct mem_head))

static struct mem_head *mem_head_of(void *block)
{
    return (struct mem_head *)block - 1;
}

/* ---- the count */

static void mem_refused(struct pie_mem_count *c)
{
    if (c != NULL)
        pie_count_add(&c->refused, 1);
}

/* Counts bytes that are about to be asked for; *ret_now is the sum. Compared and added in one step: together two threads
 * cannot pass the limit, and what is too much is never counted, so that nobody else is refused because of it. */
static int32_t mem_claim(struct pie_mem_count *c, size_t bytes, int64_t *ret_now)
{
    if (c == NULL)
        return 1;
    int64_t more = (int64_t)bytes;
    int64_t limit = pie_count_get(&c->limit);
    int64_t now = pie_count_get(&c->now);
    do {
        if (more > (limit != 0 ? limit : INT64_MAX) - now)
            return 0;
    } while (!pie_count_swap(&c->now, &now, now + more));
    *ret_now = now + more;
    return 1;
}

static void mem_give_back(struct pie_mem_count *c, size_t bytes)
{
    if (c != NULL)
        pie_count_add(&c->now, -(int64_t)bytes);
}

static void mem_note_peak(struct pie_mem_count *c, int64_t now)
{
    if (c == NULL)
        return;
    int64_t peak = pie_count_get(&c->peak);
    while (now > peak && !pie_count_swap(&c->peak, &peak, now))
        continue;
}

int32_t pie_mem_is_limited(const struct pie_mem *mem)
{
    return mem->count != NULL && pie_count_get(&mem->count->limit) != 0;
}

/* ---- blocks */

static void *mem_take(const struct pie_mem *mem, size_t size)
{
    int64_t now = 0;
    size_t total = size + sizeof(struct mem_head);
    struct mem_head *head = NULL;
    if (size <= MEM_MOST && mem_claim(mem->count, total, &now)) {
        head = mem->alloc(mem->user, total);
        if (head == NULL)
            mem_give_back(mem->count, total);
    }
    if (head == NULL) {
        mem_refused(mem->count);
        return NULL;
    }
    mem_note_peak(mem->count, now);
    head->size = total;
    return head + 1;
}

/* Only what it grows by is counted before; what it shrinks by goes back after. */
static void *mem_change(const struct pie_mem *mem, struct mem_head *old, size_t total)
{
    int64_t now = 0;
    size_t before = old->size;
    size_t more = total > before ? total - before : 0;
    if (more != 0 && !mem_claim(mem->count, more, &now))
        return NULL;
    struct mem_head *head = mem->resize(mem->user, old, total);
    if (head == NULL) {
        mem_give_back(mem->count, more);
        return NULL;
    }
    mem_note_peak(mem->count, now);
    if (total < before)
        mem_give_back(mem->count, before - total);
    head->size = total;
    return head + 1;
}

void *pie_mem_new(const struct pie_mem *mem, size_t count, size_t size)
{
    if (size != 0 && count > MEM_MOST / size) {
        mem_refused(mem->count);
        return NULL;
    }
    size_t total = count * size != 0 ? count * size : 1;
    void *block = mem_take(mem, total);
    if (block != NULL)
        memset(block, 0, total);
    return block;
}

void *pie_mem_resize(const struct pie_mem *mem, void *block, size_t size)
{
    if (block == NULL)
        return mem_take(mem, size);
    void *other = NULL;
    if (size <= MEM_MOST)
        other = mem_change(mem, mem_head_of(block), size + sizeof(struct mem_head));
    if (other == NULL)
        mem_refused(mem->count);
    return other;
}

void *pie_mem_free(const struct pie_mem *mem, void *block)
{
    if (block == NULL)
        return NULL;
    struct mem_head *head = mem_head_of(block);
    mem_give_back(mem->count, head->size);
    mem->release(mem->user, head);
    return NULL;
}

char *pie_mem_text(const struct pie_mem *mem, const char *text, size_t n)
{
    char *copy = mem_take(mem, n < SIZE_MAX ? n + 1 : n);
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
