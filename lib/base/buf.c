/* SPDX-License-Identifier: MIT */
/* Knows how bytes grow within a maximum; must not know what they mean. */
#include "base/base.h"

/* Less to spare than this is not worth another try. */
#define BUF_SPARE_LEAST 65536

void pie_buf_init(struct pie_buf *b, const struct pie_mem *mem, size_t max)
{
    memset(b, 0, sizeof(*b));
    b->mem = mem;
    b->max = max < SIZE_MAX - 1 ? max : SIZE_MAX - 1;
}

void pie_buf_free(struct pie_buf *b)
{
    if (b->mem != NULL)
        pie_mem_free(b->mem, b->p);
    b->p = NULL;
    b->n = b->cap = 0;
    b->failed = APIPIE_OK;
}

void pie_buf_clear(struct pie_buf *b)
{
    b->failed = APIPIE_OK;
    pie_buf_truncate(b, 0);
}

void pie_buf_truncate(struct pie_buf *b, size_t n)
{
    if (n > b->n || b->p == NULL)
        return;
    b->n = n;
    b->p[n] = '\0';
}

static int32_t buf_resize(struct pie_buf *b, size_t cap)
{
    char *p = pie_mem_resize(b->mem, b->p, cap);
    if (p == NULL)
        return 0;
    b->p = p;
    b->cap = cap;
    return 1;
}

void pie_buf_reserve(struct pie_buf *b, size_t n)
{
    if (b->failed != APIPIE_OK || n < b->cap)
        return;
    if (n > b->max) {
        b->failed = APIPIE_E_LIMIT;
        return;
    }
    if (!buf_resize(b, n + 1))
        b->failed = APIPIE_E_MEMORY;
}

/* Where memory is short, less than was wished for will do, down to what is needed. Not at once: growing by single pieces
 * would copy the whole each time. */
static void buf_grow(struct pie_buf *b, size_t need, size_t cap)
{
    size_t spare = cap - need;
    while (!buf_resize(b, need + spare)) {
        if (spare == 0) {
            b->failed = APIPIE_E_MEMORY;
            return;
        }
        spare = spare > BUF_SPARE_LEAST ? spare / 2 : 0;
    }
}

/* Room for `more` bytes and a NUL, doubling. */
static void buf_room(struct pie_buf *b, size_t more)
{
    if (more > b->max - b->n) {
        b->failed = APIPIE_E_LIMIT;
        return;
    }
    size_t need = b->n + more + 1;
    if (need <= b->cap)
        return;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap = cap <= (b->max + 1) / 2 ? cap * 2 : b->max + 1;
    buf_grow(b, need, cap < need ? need : cap);
}

void pie_buf_add(struct pie_buf *b, const void *p, size_t n)
{
    if (b->failed == APIPIE_OK)
        buf_room(b, n);
    if (b->failed != APIPIE_OK)
        return;
    if (n != 0)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void pie_buf_add_char(struct pie_buf *b, char c)
{
    pie_buf_add(b, &c, 1);
}

void pie_buf_add_text(struct pie_buf *b, const char *text)
{
    pie_buf_add(b, text, strlen(text));
}

void pie_buf_add_slice(struct pie_buf *b, struct pie_slice s)
{
    pie_buf_add(b, s.p, s.n);
}

void pie_buf_add_int(struct pie_buf *b, int64_t v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_int_text(v, text);
    pie_buf_add_text(b, text);
}

void pie_buf_add_uint(struct pie_buf *b, uint64_t v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_uint_text(v, text);
    pie_buf_add_text(b, text);
}

struct pie_slice pie_buf_slice(const struct pie_buf *b)
{
    return pie_slice(b->p, b->n);
}
