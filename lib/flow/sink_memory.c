/* SPDX-License-Identifier: MIT */
/* Knows how to keep pictures in memory until they are handed over; must not know files or hosts. */
#include "flow/sink_priv.h"

struct sinkmem {
    struct pie_sink base;
    const struct pie_mem *mem;
    uint64_t max;
    struct pie_slots slots; /* of struct pie_buf */
};

static struct sinkmem *sinkmem_of(struct pie_sink *s)
{
    return (struct sinkmem *)(void *)s;
}

static struct pie_buf *sinkmem_slot(struct pie_sink *s, uint32_t slot)
{
    return pie_slots_get(&sinkmem_of(s)->slots, slot);
}

static apipie_status sinkmem_no_memory(struct pie_sink *s)
{
    pie_text_copy(pie_slice_text("out of memory for the picture"), s->problem, sizeof(s->problem));
    return APIPIE_E_MEMORY;
}

static apipie_status sinkmem_open(struct pie_sink *s, struct apipie_error *err)
{
    (void)s;
    (void)err;
    return APIPIE_OK;
}

static apipie_status sinkmem_begin(struct pie_sink *s, uint32_t slot, const char *mime)
{
    struct pie_buf *b = sinkmem_slot(s, slot);
    (void)mime;
    if (b == NULL)
        return sinkmem_no_memory(s);
    pie_buf_free(b);
    pie_buf_init(b, sinkmem_of(s)->mem,
                 sinkmem_of(s)->max < SIZE_MAX ? (size_t)sinkmem_of(s)->max : SIZE_MAX);
    return APIPIE_OK;
}

static apipie_status sinkmem_write(struct pie_sink *s, uint32_t slot, const uint8_t *p, size_t n)
{
    struct pie_buf *b = sinkmem_slot(s, slot);
    if (b == NULL)
        return sinkmem_no_memory(s);
    pie_buf_add(b, p, n);
    return b->failed == APIPIE_OK ? APIPIE_OK : sinkmem_no_memory(s);
}

static apipie_status sinkmem_end(struct pie_sink *s, uint32_t slot)
{
    (void)s;
    (void)slot;
    return APIPIE_OK;
}

/* What doubling made too large goes back; a failure of that is none. */
static void sinkmem_shrink(struct pie_buf *b)
{
    char *p = b->p != NULL ? pie_mem_resize(b->mem, b->p, b->n + 1) : NULL;
    if (p == NULL)
        return;
    b->p = p;
    b->cap = b->n + 1;
}

static apipie_status sinkmem_commit(struct pie_sink *s, uint32_t slot, size_t index, size_t count,
                                    struct pie_image *image)
{
    struct pie_buf *b = sinkmem_slot(s, slot);
    (void)index;
    (void)count;
    if (b == NULL)
        return sinkmem_no_memory(s);
    sinkmem_shrink(b);
    pie_buf_free(&image->data);
    image->data = *b;
    memset(b, 0, sizeof(*b));
    return APIPIE_OK;
}

static void sinkmem_abort(struct pie_sink *s, uint32_t slot)
{
    if (slot < sinkmem_of(s)->slots.count)
        pie_buf_free(sinkmem_slot(s, slot));
}

static void sinkmem_close(struct pie_sink *s)
{
    struct sinkmem *m = sinkmem_of(s);
    for (size_t i = 0; i < m->slots.count; i++)
        sinkmem_abort(s, (uint32_t)i);
    pie_mem_free(m->mem, m->slots.list);
    pie_mem_free(m->mem, m);
}

static const struct pie_sink_type sinkmem_type = {"memory",      sinkmem_open,  sinkmem_begin,
                                                  sinkmem_write, sinkmem_end,   sinkmem_commit,
                                                  sinkmem_abort, sinkmem_close, NULL};

apipie_status pie_sink_memory_new(const struct pie_mem *mem, const struct pie_wish *wish,
                                  struct pie_sink **ret)
{
    struct sinkmem *m = pie_mem_new(mem, 1, sizeof(*m));
    if (m == NULL)
        return APIPIE_E_MEMORY;
    m->base.type = &sinkmem_type;
    m->mem = mem;
    m->max = wish->max_image_bytes;
    m->slots.mem = mem;
    m->slots.record = sizeof(struct pie_buf);
    *ret = &m->base;
    return APIPIE_OK;
}
