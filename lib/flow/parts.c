/* SPDX-License-Identifier: MIT */
/* Knows which of two parts at one place counts; must not know how a part was read. */
#include "flow/parts_priv.h"

void pie_parts_init(struct pie_parts *l, const struct pie_mem *mem, struct pie_sink *sink)
{
    memset(l, 0, sizeof(*l));
    l->mem = mem;
    l->sink = sink;
}

void pie_parts_clear(struct pie_parts *l)
{
    for (size_t i = 0; i < l->n; i++)
        pie_mem_free(l->mem, l->list[i].url);
    l->n = 0;
}

void pie_parts_free(struct pie_parts *l)
{
    pie_parts_clear(l);
    l->list = pie_mem_free(l->mem, l->list);
    l->cap = 0;
}

static struct pie_part *parts_find(const struct pie_parts *l, const struct pie_part *place)
{
    for (size_t i = 0; i < l->n; i++) {
        struct pie_part *part = &l->list[i];
        if (part->path == place->path &&
            memcmp(part->index, place->index, sizeof(part->index)) == 0)
            return part;
    }
    return NULL;
}

int32_t pie_parts_room(const struct pie_parts *l, const struct pie_part *place)
{
    return l->n < PIE_PARTS_MAX || parts_find(l, place) != NULL;
}

static int32_t parts_grow(struct pie_parts *l)
{
    if (l->n < l->cap)
        return 1;
    size_t cap = l->cap == 0 ? 4 : l->cap * 2;
    struct pie_part *list = pie_mem_resize(l->mem, l->list, cap * sizeof(*list));
    if (list == NULL)
        return 0;
    l->list = list;
    l->cap = cap;
    return 1;
}

/* A picture is worth more than a url, a url more than nothing: what was paid for is not thrown away for a null that
 * comes later. Among equals the last one wins. */
static int32_t parts_worth(const struct pie_part *part)
{
    return part->kind == PIE_PART_IMAGE ? 2 : part->kind == PIE_PART_URL ? 1 : 0;
}

static void parts_drop(struct pie_parts *l, const struct pie_part *part)
{
    if (part->kind == PIE_PART_IMAGE)
        l->sink->type->abort(l->sink, part->slot);
    pie_mem_free(l->mem, part->url);
}

void pie_parts_cut(struct pie_parts *l, size_t n)
{
    while (l->n > n)
        parts_drop(l, &l->list[--l->n]);
}

apipie_status pie_parts_put(struct pie_parts *l, const struct pie_part *part)
{
    struct pie_part *before = parts_find(l, part);
    if (before != NULL && parts_worth(before) > parts_worth(part)) {
        parts_drop(l, part);
        return APIPIE_OK;
    }
    if (before != NULL) {
        parts_drop(l, before);
        *before = *part;
        return APIPIE_OK;
    }
    if (!parts_grow(l)) {
        parts_drop(l, part);
        return APIPIE_E_MEMORY;
    }
    l->list[l->n++] = *part;
    return APIPIE_OK;
}
