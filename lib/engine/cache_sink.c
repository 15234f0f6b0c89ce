/* SPDX-License-Identifier: MIT */
/* Knows how pictures on their way to a sink are kept too, and when they become an entry; must not harm them. */
#include "engine/cache_entry_priv.h"

/* What begins so is about the request, not about the reply: its pictures are as good as any. */
static const char cachesink_harmless[] = "the prompt";

struct cachesink_slot {
    uint32_t number;
    int32_t open;
    pie_file file;
    uint64_t size;
    struct pie_hash sum;
    size_t index; /* of the committed image; SIZE_MAX: none yet */
};

struct cachesink {
    struct pie_sink base;
    struct pie_cache *cache;
    struct pie_sink *inner;
    char *key;
    size_t key_n;
    char *folder; /* of what is written; behind it is room for a file's name */
    size_t folder_n;
    int32_t made;                 /* the folder */
    struct cachesink_slot *slots; /* those that are whole so far */
    size_t count, room;
};

static struct cachesink *cachesink_of(struct pie_sink *s)
{
    return (struct cachesink *)(void *)s;
}

static apipie_status cachesink_result(struct cachesink *s, apipie_status status)
{
    if (status != APIPIE_OK)
        memcpy(s->base.problem, s->inner->problem, sizeof(s->base.problem));
    return status;
}

/* ---- the files */

/* Until the next call. */
static const char *cachesink_path(struct cachesink *s, const char *file)
{
    s->folder[s->folder_n] = file != NULL ? '/' : '\0';
    if (file != NULL)
        memcpy(s->folder + s->folder_n + 1, file, strlen(file) + 1);
    return s->folder;
}

static void cachesink_file_name(uint32_t number, char out[PIE_CACHE_NAME])
{
    static const char start[] = "slot-";
    memcpy(out, start, sizeof(start));
    pie_number_uint_text(number, out + sizeof(start) - 1);
}

static const char *cachesink_slot_path(struct cachesink *s, uint32_t number)
{
    char name[PIE_CACHE_NAME];
    cachesink_file_name(number, name);
    return cachesink_path(s, name);
}

static struct cachesink_slot *cachesink_find(struct cachesink *s, uint32_t number)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->slots[i].number == number)
            return &s->slots[i];
    }
    return NULL;
}

/* Forgotten, on the disk too: it may be the room that the picture itself needs. slot may be NULL. */
static void cachesink_drop(struct cachesink *s, struct cachesink_slot *slot)
{
    const char *reason = NULL;
    if (slot == NULL)
        return;
    if (slot->open)
        pie_file_close(slot->file, &reason);
    pie_file_remove(cachesink_slot_path(s, slot->number));
    *slot = s->slots[--s->count];
}

static struct cachesink_slot *cachesink_new_slot(struct cachesink *s)
{
    if (s->count == s->room) {
        size_t room = s->room * 2 + 4;
        struct cachesink_slot *slots =
            pie_mem_resize(&s->cache->mem, s->slots, room * sizeof(*slots));
        if (slots == NULL)
            return NULL;
        s->slots = slots;
        s->room = room;
    }
    return &s->slots[s->count];
}

/* A slot that has no record is not kept, whatever the reason. */
static void cachesink_open_slot(struct cachesink *s, uint32_t number)
{
    const char *reason = NULL;
    if (!s->made && pie_folder_make(cachesink_path(s, NULL), &reason) != APIPIE_OK)
        return;
    s->made = 1;
    struct cachesink_slot *slot = cachesink_new_slot(s);
    if (slot == NULL ||
        pie_file_create_private(cachesink_slot_path(s, number), &slot->file, &reason) != APIPIE_OK)
        return;
    slot->number = number;
    slot->open = 1;
    slot->size = 0;
    slot->index = SIZE_MAX;
    memset(&slot->sum, 0, sizeof(slot->sum));
    s->count++;
}

/* ---- the sink */

static apipie_status cachesink_open(struct pie_sink *base, struct apipie_error *err)
{
    struct cachesink *s = cachesink_of(base);
    return cachesink_result(s, s->inner->type->open(s->inner, err));
}

static apipie_status cachesink_begin(struct pie_sink *base, uint32_t number, const char *mime)
{
    struct cachesink *s = cachesink_of(base);
    cachesink_drop(s, cachesink_find(s, number));
    apipie_status status = s->inner->type->begin(s->inner, number, mime);
    if (status == APIPIE_OK)
        cachesink_open_slot(s, number);
    return cachesink_result(s, status);
}

static apipie_status cachesink_write(struct pie_sink *base, uint32_t number, const uint8_t *p,
                                     size_t n)
{
    const char *reason = NULL;
    struct cachesink *s = cachesink_of(base);
    apipie_status status = s->inner->type->write(s->inner, number, p, n);
    struct cachesink_slot *slot = cachesink_find(s, number);
    if (slot == NULL)
        return cachesink_result(s, status);
    slot->size += n;
    if (status != APIPIE_OK || !slot->open || slot->size > s->cache->max_bytes ||
        pie_file_write(slot->file, p, n, &reason) != APIPIE_OK)
        cachesink_drop(s, slot);
    else
        pie_hash_sum(&slot->sum, p, n);
    return cachesink_result(s, status);
}

static apipie_status cachesink_end(struct pie_sink *base, uint32_t number)
{
    const char *reason = NULL;
    struct cachesink *s = cachesink_of(base);
    apipie_status status = s->inner->type->end(s->inner, number);
    struct cachesink_slot *slot = cachesink_find(s, number);
    if (slot == NULL || !slot->open)
        return cachesink_result(s, status);
    slot->open = 0;
    if (pie_file_close(slot->file, &reason) != APIPIE_OK || status != APIPIE_OK)
        cachesink_drop(s, slot);
    return cachesink_result(s, status);
}

static apipie_status cachesink_commit(struct pie_sink *base, uint32_t number, size_t index,
                                      size_t count, struct pie_image *image)
{
    struct cachesink *s = cachesink_of(base);
    apipie_status status = s->inner->type->commit(s->inner, number, index, count, image);
    struct cachesink_slot *slot = cachesink_find(s, number);
    if (slot != NULL && (status != APIPIE_OK || slot->open))
        cachesink_drop(s, slot);
    else if (slot != NULL)
        slot->index = index;
    return cachesink_result(s, status);
}

static void cachesink_abort(struct pie_sink *base, uint32_t number)
{
    struct cachesink *s = cachesink_of(base);
    s->inner->type->abort(s->inner, number);
    cachesink_drop(s, cachesink_find(s, number));
}

static void cachesink_free(struct cachesink *s)
{
    const struct pie_mem *mem = &s->cache->mem;
    pie_mem_free(mem, s->key);
    pie_mem_free(mem, s->folder);
    pie_mem_free(mem, s->slots);
    struct pie_cache *cache = s->cache;
    pie_mem_free(mem, s);
    pie_cache_drop(cache);
}

static void cachesink_close(struct pie_sink *base)
{
    struct cachesink *s = cachesink_of(base);
    while (s->count != 0)
        cachesink_drop(s, s->slots);
    if (s->made)
        pie_folder_remove(cachesink_path(s, NULL));
    s->inner->type->close(s->inner);
    cachesink_free(s);
}

static int32_t cachesink_can_restart(struct pie_sink *base)
{
    return pie_sink_can_restart(cachesink_of(base)->inner);
}

static const struct pie_sink_type cachesink_type = {
    "cache",          cachesink_open,  cachesink_begin, cachesink_write,      cachesink_end,
    cachesink_commit, cachesink_abort, cachesink_close, cachesink_can_restart};

apipie_status pie_cache_sink_new(struct pie_cache *c, struct pie_slice key, struct pie_sink *inner,
                                 struct pie_sink **ret)
{
    char name[PIE_CACHE_NAME];
    const size_t folder_n = strlen(c->folder);
    if (!pie_cache_name(key, name)) {
        *ret = inner; /* it passes, and is not kept */
        return APIPIE_OK;
    }
    struct cachesink *s = pie_mem_new(&c->mem, 1, sizeof(*s));
    if (s == NULL)
        return APIPIE_E_MEMORY;
    s->base.type = &cachesink_type;
    s->cache = pie_cache_keep(c);
    s->inner = inner;
    s->key = pie_mem_text(&c->mem, key.p, key.n);
    s->key_n = key.n;
    s->folder = pie_mem_new(&c->mem, folder_n + 3 * PIE_CACHE_NAME, 1);
    if (s->key == NULL || s->folder == NULL) {
        cachesink_free(s);
        return APIPIE_E_MEMORY;
    }
    pie_cache_temporary_name(name);
    memcpy(s->folder, c->folder, folder_n);
    s->folder[folder_n] = '/';
    memcpy(s->folder + folder_n + 1, name, strlen(name) + 1);
    s->folder_n = strlen(s->folder);
    *ret = &s->base;
    return APIPIE_OK;
}

/* ---- publish */

static struct cachesink_slot *cachesink_of_image(struct cachesink *s, size_t index)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->slots[i].index == index)
            return &s->slots[i];
    }
    return NULL;
}

static int32_t cachesink_is_short(const char *text)
{
    return text == NULL || strlen(text) <= PIE_CACHE_TEXT_MAX;
}

static int32_t cachesink_is_good_image(struct cachesink *s, const struct pie_image *image,
                                       size_t index)
{
    const struct cachesink_slot *slot = cachesink_of_image(s, index);
    return slot != NULL && image->status == APIPIE_OK && image->size != 0 &&
           image->size == slot->size && image->mime != NULL &&
           strcmp(image->mime, PIE_MIME_UNKNOWN) != 0 && cachesink_is_short(image->revised_prompt);
}

static int32_t cachesink_is_good(struct cachesink *s, const struct apipie_result *result)
{
    if (result->count == 0 || result->count > PIE_CACHE_IMAGES_MAX || result->cached ||
        !cachesink_is_short(result->provider) || !cachesink_is_short(result->model))
        return 0;
    for (size_t i = 0; i < result->warning_count; i++) {
        if (strncmp(result->warnings[i], cachesink_harmless, sizeof(cachesink_harmless) - 1) != 0)
            return 0;
    }
    for (size_t i = 0; i < result->count; i++) {
        if (!cachesink_is_good_image(s, &result->images[i], i))
            return 0;
    }
    return 1;
}

/* Slots that became no image go; the others get the names that people will see. */
static int32_t cachesink_name_pictures(struct cachesink *s, const struct apipie_result *result,
                                       struct pie_hash *sums, struct pie_buf *path)
{
    const char *reason = NULL;
    char name[PIE_CACHE_NAME];
    for (size_t i = s->count; i > 0; i--) {
        if (s->slots[i - 1].index >= result->count)
            cachesink_drop(s, &s->slots[i - 1]);
    }
    for (size_t i = 0; i < result->count; i++) {
        const struct cachesink_slot *slot = cachesink_of_image(s, i);
        sums[i] = slot->sum;
        pie_cache_picture_name(i, result->images[i].mime, name);
        pie_buf_clear(path);
        pie_buf_add_text(path, cachesink_path(s, name));
        if (path->failed != APIPIE_OK ||
            pie_file_replace(cachesink_slot_path(s, slot->number), path->p, &reason) != APIPIE_OK)
            return 0;
    }
    return 1;
}

static int32_t cachesink_write_json(struct cachesink *s, struct pie_slice text)
{
    const char *reason = NULL;
    pie_file file = PIE_FILE_NONE;
    if (pie_file_create_private(cachesink_path(s, PIE_CACHE_JSON), &file, &reason) != APIPIE_OK)
        return 0;
    apipie_status status = pie_file_write(file, text.p, text.n, &reason);
    apipie_status closed = pie_file_close(file, &reason);
    return status == APIPIE_OK && closed == APIPIE_OK;
}

/* A rename over an entry that is there fails, because its folder is not empty: whoever was first stays. */
static int32_t cachesink_show(struct cachesink *s, struct pie_buf *path)
{
    const char *reason = NULL;
    char name[PIE_CACHE_NAME];
    pie_cache_name(pie_slice(s->key, s->key_n), name);
    pie_cache_path(s->cache, name, NULL, path);
    if (path->failed != APIPIE_OK)
        return 0;
    pie_path_touch(cachesink_path(s, NULL));
    return pie_file_replace(cachesink_path(s, NULL), path->p, &reason) == APIPIE_OK;
}

static uint64_t cachesink_publish(struct cachesink *s, const struct apipie_result *result,
                                  struct pie_hash *sums)
{
    struct pie_buf path, json;
    uint64_t bytes = 0;
    int32_t shown = 0;
    pie_buf_init(&path, &s->cache->mem, SIZE_MAX);
    pie_buf_init(&json, &s->cache->mem, SIZE_MAX);
    if (cachesink_name_pictures(s, result, sums, &path)) {
        pie_cache_write_entry(pie_slice(s->key, s->key_n), result, sums, &json);
        for (size_t i = 0; i < result->count; i++)
            bytes += result->images[i].size;
        bytes += json.n;
        shown = json.failed == APIPIE_OK && bytes <= s->cache->max_bytes &&
                cachesink_write_json(s, pie_buf_slice(&json)) && cachesink_show(s, &path);
    }
    pie_buf_free(&path);
    pie_buf_free(&json);
    return shown ? bytes : 0;
}

void pie_cache_sink_publish(struct pie_sink *sink, const struct apipie_result *result)
{
    if (sink->type != &cachesink_type)
        return;
    struct cachesink *s = cachesink_of(sink);
    if (!s->made || !cachesink_is_good(s, result))
        return;
    struct pie_hash *sums = pie_mem_new(&s->cache->mem, result->count, sizeof(*sums));
    const uint64_t bytes = sums != NULL ? cachesink_publish(s, result, sums) : 0;
    pie_mem_free(&s->cache->mem, sums);
    /* Once only: what could not be kept now is not tried again. */
    s->made = bytes == 0;
    s->count = bytes != 0 ? 0 : s->count;
    if (bytes != 0)
        pie_cache_added(s->cache, bytes);
}
