/* SPDX-License-Identifier: MIT */
/* Knows how the tests of the content cache draw and load; must not decide what is right. */
#include "cache_world.h"

#include "../flow/folder.h"

int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return -1;
    memcpy(w->folder, "/tmp/apipie-cache-XXXXXX", sizeof("/tmp/apipie-cache-XXXXXX"));
    if (mkdtemp(w->folder) == NULL)
        return -1;
    const struct pie_mem mem = SCARCE_MEM(&w->scarce);
    w->mem = mem;
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;
    pie_cache_drop(w->cache);
    int64_t live = w->scarce.alive;
    remove_all(w->folder);
    free(w);
    return live == 0 ? 0 : -1;
}

void world_open(struct world *w, uint64_t max_bytes)
{
    const char *reason = NULL;
    pie_cache_drop(w->cache);
    w->cache = NULL;
    assert_int_equal(pie_cache_open(&w->mem, w->folder, max_bytes, &w->cache, &reason), APIPIE_OK);
}

const char *world_path(const struct world *w, const char *name)
{
    static char path[600];
    snprintf(path, sizeof(path), "%s/%s", w->folder, name);
    return path;
}

const char *world_entry(const struct world *w, const char *key, const char *file)
{
    char name[PIE_CACHE_NAME];
    char path[200];
    assert_true(pie_cache_name(pie_slice_text(key), name));
    snprintf(path, sizeof(path), "%s%s%s", name, file != NULL ? "/" : "", file != NULL ? file : "");
    return world_path(w, path);
}

int32_t world_has(const struct world *w, const char *key)
{
    return pie_path_kind(world_entry(w, key, NULL)) == PIE_PATH_FOLDER;
}

size_t world_count(const struct world *w, size_t *ret_others)
{
    size_t entries = 0;
    DIR *d = opendir(w->folder);
    assert_non_null(d);
    *ret_others = 0;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strlen(e->d_name) == PIE_HASH_TEXT - 1)
            entries++;
        else if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (*ret_others)++;
    }
    closedir(d);
    return entries;
}

char *world_read(const char *path, size_t *ret_n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *p = calloc(1, 1 << 20);
    assert_non_null(p);
    size_t n = fread(p, 1, (1 << 20) - 1, f);
    fclose(f);
    if (ret_n != NULL)
        *ret_n = n;
    return p;
}

void world_write(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void world_picture(uint8_t *out, size_t n, uint32_t seed)
{
    static const uint8_t head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0,
                                   13,   'I', 'H', 'D', 'R',  0,    0,    0,    3, 0, 0,
                                   0,    2,   8,   2,   0,    0,    0,    0,    0, 0, 0};
    memcpy(out, head, sizeof(head));
    for (size_t i = sizeof(head); i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        out[i] = (uint8_t)(seed >> 24);
    }
}

/* ---- drawing */

apipie_status drawing_begin(struct world *w, const char *key, size_t n, uint32_t seed,
                            struct drawing *d)
{
    struct pie_sink *inner = NULL;
    memset(d, 0, sizeof(*d));
    d->n = n;
    d->seed = seed;
    pie_wish_init(&d->wish, &w->mem, APIPIE_REQUEST_IMAGE);
    d->wish.max_image_bytes = 1 << 20;
    apipie_status status = pie_sink_new(&w->mem, &d->wish, &inner);
    if (status == APIPIE_OK)
        status = pie_cache_sink_new(w->cache, pie_slice_text(key), inner, &d->sink);
    if (status != APIPIE_OK && inner != NULL)
        inner->type->close(inner);
    d->result = status == APIPIE_OK ? pie_result_new(&w->mem) : NULL;
    return status == APIPIE_OK && d->result == NULL ? APIPIE_E_MEMORY : status;
}

apipie_status drawing_picture(struct drawing *d, uint32_t slot, size_t index)
{
    const struct pie_sink_type *type = d->sink->type;
    uint8_t *p = malloc(d->n);
    assert_non_null(p);
    world_picture(p, d->n, d->seed + (uint32_t)index);
    apipie_status status = pie_result_grow(d->result, index + 1);
    if (status == APIPIE_OK)
        status = type->begin(d->sink, slot, pie_magic_mime(p, d->n));
    if (status == APIPIE_OK)
        status = type->write(d->sink, slot, p, d->n / 3);
    if (status == APIPIE_OK)
        status = type->write(d->sink, slot, p + d->n / 3, d->n - d->n / 3);
    if (status == APIPIE_OK)
        status = type->end(d->sink, slot);
    if (status == APIPIE_OK) {
        const struct pie_part part = {
            .slot = slot, .size = d->n, .mime = pie_magic_mime(p, d->n), .width = 3, .height = 2};
        pie_image_take(&d->result->images[index], &part);
    } else {
        type->abort(d->sink, slot);
    }
    free(p);
    return status;
}

void drawing_publish(struct drawing *d)
{
    for (size_t i = 0; i < d->result->count; i++) {
        struct pie_image *image = &d->result->images[i];
        if (image->slot == PIE_SLOT_NONE)
            continue;
        image->status = d->sink->type->commit(d->sink, image->slot, i, d->result->count, image);
        image->slot = PIE_SLOT_NONE;
    }
    pie_cache_sink_publish(d->sink, d->result);
}

void drawing_end(struct drawing *d)
{
    if (d->sink != NULL)
        d->sink->type->close(d->sink);
    pie_result_free(d->result);
    pie_wish_free(&d->wish);
}

void world_draw(struct world *w, const char *key, size_t n, uint32_t seed)
{
    struct drawing d;
    assert_int_equal(drawing_begin(w, key, n, seed, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    drawing_publish(&d);
    drawing_end(&d);
}

/* ---- loading */

apipie_status world_load(struct world *w, const char *key, struct apipie_result **ret)
{
    struct pie_wish wish;
    struct pie_sink *sink = NULL;
    pie_wish_init(&wish, &w->mem, APIPIE_REQUEST_IMAGE);
    wish.max_image_bytes = 1 << 20;
    *ret = pie_result_new(&w->mem);
    apipie_status status = *ret != NULL ? pie_sink_new(&w->mem, &wish, &sink) : APIPIE_E_MEMORY;
    if (status == APIPIE_OK)
        status = pie_cache_load(w->cache, pie_slice_text(key), sink, wish.max_image_bytes, *ret);
    for (size_t i = 0; status == APIPIE_OK && i < (*ret)->count; i++)
        status =
            sink->type->commit(sink, (*ret)->images[i].slot, i, (*ret)->count, &(*ret)->images[i]);
    /* whoever tells of it has words for it */
    assert_true(status != APIPIE_E_MEMORY || sink == NULL || sink->problem[0] != '\0');
    if (sink != NULL)
        sink->type->close(sink);
    if (status != APIPIE_OK)
        *ret = pie_result_free(*ret);
    pie_wish_free(&wish);
    return status;
}

int32_t world_hit(struct world *w, const char *key, size_t n, uint32_t seed)
{
    struct apipie_result *result = NULL;
    apipie_status status = world_load(w, key, &result);
    uint8_t *p = malloc(n);
    if (status == APIPIE_OK) {
        assert_int_equal(result->images[0].data.n, n);
        world_picture(p, n, seed);
        assert_memory_equal(result->images[0].data.p, p, n);
    } else {
        assert_int_equal(status, APIPIE_E_NOT_FOUND);
    }
    free(p);
    pie_result_free(result);
    return status == APIPIE_OK;
}
