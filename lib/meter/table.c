/* SPDX-License-Identifier: MIT */
/* Knows how to find an element by its text; must not know what the elements are. */
#include "meter/meter_priv.h"

#define TABLE_FIRST_ROOM 16

static uint64_t table_hash(struct pie_slice key)
{
    return pie_hash_fold(pie_hash_short(PIE_HASH_SHORT, key.p, key.n));
}

void pie_meter_table_init(struct pie_meter_table *t, const struct pie_mem *mem)
{
    memset(t, 0, sizeof(*t));
    t->mem = mem;
}

void pie_meter_table_free(struct pie_meter_table *t)
{
    pie_mem_free(t->mem, t->slots);
    pie_meter_table_init(t, t->mem);
}

static struct pie_meter_node **table_slot(const struct pie_meter_table *t, uint64_t hash)
{
    return &t->slots[(size_t)hash & (t->room - 1)];
}

struct pie_meter_node *pie_meter_table_find(const struct pie_meter_table *t, struct pie_slice key)
{
    if (t->count == 0)
        return NULL;
    const uint64_t hash = table_hash(key);
    struct pie_meter_node *node = *table_slot(t, hash);
    while (node != NULL && (node->hash != hash || !pie_slice_equal(key, node->key)))
        node = node->next;
    return node;
}

/* Twice the room. Without memory the old table still serves, with longer chains. */
static void table_grow(struct pie_meter_table *t)
{
    struct pie_meter_table larger = *t;
    larger.room = t->room != 0 ? t->room * 2 : TABLE_FIRST_ROOM;
    larger.slots = pie_mem_new(t->mem, larger.room, sizeof(struct pie_meter_node *));
    if (larger.slots == NULL)
        return;
    for (size_t i = 0; i < t->room; i++) {
        struct pie_meter_node *next = NULL;
        for (struct pie_meter_node *node = t->slots[i]; node != NULL; node = next) {
            struct pie_meter_node **slot = table_slot(&larger, node->hash);
            next = node->next;
            node->next = *slot;
            *slot = node;
        }
    }
    pie_mem_free(t->mem, t->slots);
    *t = larger;
}

apipie_status pie_meter_table_put(struct pie_meter_table *t, struct pie_meter_node *node,
                                  const char *key)
{
    if (t->count >= t->room)
        table_grow(t);
    if (t->room == 0)
        return APIPIE_E_MEMORY;
    node->key = key;
    node->hash = table_hash(pie_slice_text(key));
    struct pie_meter_node **slot = table_slot(t, node->hash);
    node->next = *slot;
    *slot = node;
    t->count++;
    return APIPIE_OK;
}

void pie_meter_table_take(struct pie_meter_table *t, struct pie_meter_node *node)
{
    struct pie_meter_node **at = table_slot(t, node->hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    t->count--;
}

void pie_meter_table_sweep(struct pie_meter_table *t, void *user,
                           int32_t (*drop)(void *user, struct pie_meter_node *node))
{
    for (size_t i = 0; i < t->room; i++) {
        struct pie_meter_node **at = &t->slots[i];
        while (*at != NULL) {
            struct pie_meter_node *node = *at;
            struct pie_meter_node *next = node->next;
            if (drop(user, node)) {
                *at = next;
                t->count--;
            } else {
                at = &node->next;
            }
        }
    }
}
