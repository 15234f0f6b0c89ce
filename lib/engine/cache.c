/* SPDX-License-Identifier: MIT */
/* Knows the cache's folder: how entries are called and which ones make room; must not know what an entry holds. */
#include "engine/cache_entry_priv.h"

#include <stdlib.h>

#define CACHE_TEMPORARY   ".apipie-cache-"
#define CACHE_TEMPORARY_N (sizeof(CACHE_TEMPORARY) - 1)
#define CACHE_TAIL        ".tmp"
#define CACHE_DIGITS      16 /* of a temporary name */
/* What a process that crashed leaves behind is nobody's after this time. */
#define CACHE_LEFT_OVER_US ((int64_t)3600 * 1000000)
/* So often all is counted anew: other processes add to the folder too. */
#define CACHE_LOOK_US ((int64_t)60 * 1000000)
/* When it is full, this part of it goes at once: not every new entry has to look through the folder then. */
#define CACHE_SLACK 16

static const char cache_hex[] = "0123456789abcdef";

/* ---- names */

int32_t pie_cache_name(struct pie_slice key, char out[PIE_CACHE_NAME])
{
    struct pie_hash h;
    if (key.n == 0 || key.n > PIE_CACHE_KEY_MAX || pie_utf8_valid(key.p, key.n) != key.n)
        return 0;
    pie_hash_init(&h);
    pie_hash_add(&h, key.p, key.n);
    pie_hash_text(&h, out);
    return 1;
}

void pie_cache_temporary_name(char out[PIE_CACHE_NAME])
{
    uint8_t random[CACHE_DIGITS];
    pie_random(random, sizeof(random));
    memcpy(out, CACHE_TEMPORARY, CACHE_TEMPORARY_N);
    for (size_t i = 0; i < CACHE_DIGITS; i++)
        out[CACHE_TEMPORARY_N + i] = cache_hex[random[i] & 15];
    memcpy(out + CACHE_TEMPORARY_N + CACHE_DIGITS, CACHE_TAIL, sizeof(CACHE_TAIL));
}

static int32_t cache_is_hex(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\0' || strchr(cache_hex, p[i]) == NULL)
            return 0;
    }
    return 1;
}

static int32_t cache_is_entry(const struct pie_folder_item *item)
{
    return item->kind == PIE_PATH_FOLDER && strlen(item->name) == PIE_HASH_TEXT - 1 &&
           cache_is_hex(item->name, PIE_HASH_TEXT - 1);
}

static int32_t cache_is_temporary(const struct pie_folder_item *item)
{
    return item->kind == PIE_PATH_FOLDER &&
           strlen(item->name) == CACHE_TEMPORARY_N + CACHE_DIGITS + sizeof(CACHE_TAIL) - 1 &&
           memcmp(item->name, CACHE_TEMPORARY, CACHE_TEMPORARY_N) == 0 &&
           cache_is_hex(item->name + CACHE_TEMPORARY_N, CACHE_DIGITS) &&
           strcmp(item->name + CACHE_TEMPORARY_N + CACHE_DIGITS, CACHE_TAIL) == 0;
}

void pie_cache_path(const struct pie_cache *c, const char *name, const char *file,
                    struct pie_buf *out)
{
    pie_buf_clear(out);
    pie_buf_add_text(out, c->folder);
    pie_buf_add_char(out, '/');
    pie_buf_add_text(out, name);
    if (file != NULL) {
        pie_buf_add_char(out, '/');
        pie_buf_add_text(out, file);
    }
}

void pie_cache_remove(const struct pie_cache *c, const char *name)
{
    const char *reason = NULL;
    char temporary[PIE_CACHE_NAME];
    struct pie_buf from, to;
    pie_cache_temporary_name(temporary);
    pie_buf_init(&from, &c->mem, SIZE_MAX);
    pie_buf_init(&to, &c->mem, SIZE_MAX);
    pie_cache_path(c, name, NULL, &from);
    pie_cache_path(c, temporary, NULL, &to);
    if (from.failed == APIPIE_OK && to.failed == APIPIE_OK &&
        pie_file_replace(from.p, to.p, &reason) == APIPIE_OK)
        pie_folder_remove(to.p);
    pie_buf_free(&from);
    pie_buf_free(&to);
}

/* ---- room */

struct cache_item {
    char name[PIE_HASH_TEXT];
    uint64_t size;
    int64_t used_us;
};

struct cache_look {
    struct pie_cache *c;
    struct pie_buf path;
    struct cache_item *items;
    size_t count, room;
    uint64_t total, size; /* of all, and of the entry at hand */
    int64_t now_us;
    int32_t failed;
};

static void cache_see_file(void *user, const struct pie_folder_item *item)
{
    struct cache_look *look = user;
    look->size += item->kind == PIE_PATH_FILE ? item->size : 0;
}

static struct cache_item *cache_next_item(struct cache_look *look)
{
    if (look->count == look->room) {
        size_t room = look->room * 2 + 64;
        struct cache_item *items =
            pie_mem_resize(&look->c->mem, look->items, room * sizeof(*items));
        if (items == NULL)
            return NULL;
        look->items = items;
        look->room = room;
    }
    return &look->items[look->count++];
}

static void cache_see_entry(struct cache_look *look, const struct pie_folder_item *item)
{
    pie_cache_path(look->c, item->name, NULL, &look->path);
    struct cache_item *entry = look->path.failed == APIPIE_OK ? cache_next_item(look) : NULL;
    if (entry == NULL) {
        look->failed = 1;
        return;
    }
    look->size = 0;
    pie_folder_each(look->path.p, cache_see_file, look);
    memcpy(entry->name, item->name, sizeof(entry->name));
    entry->size = look->size;
    entry->used_us = item->changed_us;
    look->total += look->size;
}

static void cache_see(void *user, const struct pie_folder_item *item)
{
    struct cache_look *look = user;
    if (cache_is_entry(item))
        cache_see_entry(look, item);
    else if (cache_is_temporary(item) && look->now_us - item->changed_us > CACHE_LEFT_OVER_US) {
        pie_cache_path(look->c, item->name, NULL, &look->path);
        if (look->path.failed == APIPIE_OK)
            pie_folder_remove(look->path.p);
    }
}

static int cache_compare(const void *a, const void *b)
{
    const struct cache_item *x = a, *y = b;
    if (x->used_us != y->used_us)
        return x->used_us < y->used_us ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The oldest go until there is room for some more; the last one stays when it fits alone. */
static void cache_evict(struct cache_look *look)
{
    const struct pie_cache *c = look->c;
    const uint64_t goal = c->max_bytes - c->max_bytes / CACHE_SLACK;
    if (look->total <= c->max_bytes)
        return;
    qsort(look->items, look->count, sizeof(*look->items), cache_compare);
    for (size_t i = 0; i < look->count && look->total > goal; i++) {
        if (i + 1 == look->count && look->total <= c->max_bytes)
            break;
        pie_cache_remove(c, look->items[i].name);
        look->total -= look->items[i].size;
    }
}

/* The lock is held. Without memory for the list nothing goes, and the next entry tries again. */
static void cache_tidy(struct pie_cache *c)
{
    struct cache_look look = {c, {0}, NULL, 0, 0, 0, 0, pie_clock_wall_ms() * 1000, 0};
    pie_buf_init(&look.path, &c->mem, SIZE_MAX);
    pie_folder_each(c->folder, cache_see, &look);
    if (!look.failed) {
        cache_evict(&look);
        c->held = look.total;
        c->looked_us = pie_clock_us();
    }
    pie_buf_free(&look.path);
    pie_mem_free(&c->mem, look.items);
}

void pie_cache_added(struct pie_cache *c, uint64_t bytes)
{
    pie_lock_take(c->lock);
    c->held += bytes;
    if (c->held > c->max_bytes || pie_clock_us() - c->looked_us > CACHE_LOOK_US)
        cache_tidy(c);
    pie_lock_drop(c->lock);
}

/* ---- life */

static void cache_free(struct pie_cache *c)
{
    struct pie_mem mem = c->mem; /* c goes with it */
    pie_lock_free(&mem, c->lock);
    pie_mem_free(&mem, c->folder);
    pie_mem_free(&mem, c);
}

apipie_status pie_cache_open(const struct pie_mem *mem, const char *folder, uint64_t max_bytes,
                             struct pie_cache **ret, const char **ret_reason)
{
    apipie_status status = pie_folder_make(folder, ret_reason);
    if (status != APIPIE_OK)
        return status;
    *ret_reason = "out of memory";
    struct pie_cache *c = pie_mem_new(mem, 1, sizeof(*c));
    if (c == NULL)
        return APIPIE_E_MEMORY;
    c->mem = *mem;
    c->refs = 1;
    c->max_bytes = max_bytes;
    c->lock = pie_lock_new(mem);
    c->folder = pie_path_absolute(mem, folder);
    if (c->lock == NULL || c->folder == NULL) {
        cache_free(c);
        return APIPIE_E_MEMORY;
    }
    pie_lock_take(c->lock);
    cache_tidy(c);
    pie_lock_drop(c->lock);
    *ret = c;
    return APIPIE_OK;
}

struct pie_cache *pie_cache_keep(struct pie_cache *c)
{
    if (c != NULL)
        pie_atomic_add(&c->refs, 1);
    return c;
}

void pie_cache_drop(struct pie_cache *c)
{
    if (c != NULL && pie_atomic_add(&c->refs, -1) == 0)
        cache_free(c);
}
