/* SPDX-License-Identifier: MIT */
/* Knows which lists of models a client has fetched; must not fetch one, nor judge how old it may be. */
#include "engine/engine_priv.h"

void pie_shelf_init(struct pie_shelf *s, const struct pie_mem *mem)
{
    memset(s, 0, sizeof(*s));
    s->mem = mem;
}

void pie_shelf_list_free(struct pie_shelf_list *list)
{
    const struct pie_mem *mem = list->text.mem;
    pie_mem_free(mem, list->url);
    pie_mem_free(mem, list->etag);
    pie_mem_free(mem, list->modified);
    pie_buf_free(&list->text);
    pie_catalog_drop(list->list);
    memset(list, 0, sizeof(*list));
    pie_buf_init(&list->text, mem, PIE_SHELF_FILE_MAX);
}

void pie_shelf_clear(struct apipie_client *c)
{
    struct pie_shelf old;
    pie_lock_take(c->lock);
    old = c->shelf;
    c->shelf.count = 0;
    c->shelf.view = NULL;
    pie_lock_drop(c->lock);
    for (size_t i = 0; i < old.count; i++)
        pie_shelf_list_free(&old.lists[i]);
    pie_catalog_drop(old.view);
}

void pie_shelf_free(struct pie_shelf *s)
{
    for (size_t i = 0; i < s->count; i++)
        pie_shelf_list_free(&s->lists[i]);
    s->count = 0;
    s->path = pie_mem_free(s->mem, s->path);
}

struct pie_shelf_list *pie_shelf_find(struct pie_shelf *s, const char *url)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->lists[i].url, url) == 0)
            return &s->lists[i];
    }
    return NULL;
}

/* Another server's prices are not this one's. */
static int32_t shelf_is_from(const struct pie_shelf_list *list, const char *name,
                             const char *base_url, const struct pie_dialect *d)
{
    const char *p = list->url;
    const char *const before[] = {name != NULL ? name : "", name != NULL ? " " : "", base_url};
    for (size_t i = 0; i < PIE_COUNT(before); i++) {
        const size_t n = strlen(before[i]);
        if (strncmp(p, before[i], n) != 0)
            return 0;
        p += n;
    }
    struct pie_slice asked = pie_slice(p, strcspn(p, "?#"));
    return (d->models_path != NULL && pie_slice_equal(asked, d->models_path)) ||
           (d->models_detailed != NULL && pie_slice_equal(asked, d->models_detailed));
}

struct apipie_catalog *pie_shelf_whole(const struct apipie_client *c, const struct pie_backend *b,
                                       int64_t *ret_wall_ms)
{
    const char *name = b != NULL ? b->name : NULL;
    const char *base_url = b != NULL ? b->base_url : c->base_url;
    const struct pie_dialect *d = b != NULL ? b->dialect : &pie_dialect_apipie;
    const struct pie_shelf *s = &c->shelf;
    const struct pie_shelf_list *newest = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct pie_shelf_list *list = &s->lists[i];
        if (list->whole && shelf_is_from(list, name, base_url, d) &&
            (newest == NULL || list->wall_ms >= newest->wall_ms))
            newest = list;
    }
    if (newest != NULL && ret_wall_ms != NULL)
        *ret_wall_ms = newest->wall_ms;
    return newest != NULL ? newest->list : NULL;
}

/* Where a list goes that has no place yet: a free one, or that of the oldest. */
static struct pie_shelf_list *shelf_room(struct pie_shelf *s)
{
    struct pie_shelf_list *oldest = &s->lists[0];
    if (s->count < PIE_SHELF_LISTS) {
        memset(&s->lists[s->count], 0, sizeof(*oldest));
        return &s->lists[s->count++];
    }
    for (size_t i = 1; i < s->count; i++) {
        if (s->lists[i].wall_ms < oldest->wall_ms)
            oldest = &s->lists[i];
    }
    return oldest;
}

void pie_shelf_put(struct apipie_client *c, struct pie_shelf_list *list)
{
    struct pie_shelf *s = &c->shelf;
    struct pie_shelf_list old;
    memset(&old, 0, sizeof(old));
    pie_lock_take(c->lock);
    struct apipie_catalog *view = s->view;
    struct pie_shelf_list *place = pie_shelf_find(s, list->url);
    if (place == NULL)
        place = shelf_room(s);
    old = *place;
    *place = *list;
    s->view = NULL;
    pie_lock_drop(c->lock);
    pie_catalog_drop(view);
    if (old.url != NULL)
        pie_shelf_list_free(&old);
    memset(list, 0, sizeof(*list));
    pie_buf_init(&list->text, &c->mem, PIE_SHELF_FILE_MAX);
}

static void shelf_let_go(void *client)
{
    pie_client_drop(client);
}

void pie_shelf_own(struct apipie_client *c, struct apipie_catalog *list)
{
    pie_client_keep(c);
    pie_catalog_own(list, shelf_let_go, c);
}

void pie_shelf_save(struct apipie_client *c)
{
    struct pie_buf text;
    const char *reason = NULL;
    apipie_status status = APIPIE_OK;
    pie_buf_init(&text, &c->mem, PIE_SHELF_FILE_MAX);
    pie_lock_take(c->lock);
    char *path =
        c->shelf.path != NULL ? pie_mem_text(&c->mem, c->shelf.path, strlen(c->shelf.path)) : NULL;
    if (path != NULL)
        status = pie_shelf_write(&c->shelf, &text);
    pie_lock_drop(c->lock);
    if (path != NULL && status == APIPIE_OK)
        status = pie_save_private(&c->mem, path, pie_buf_slice(&text), &reason);
    if (status != APIPIE_OK) {
        pie_lock_take(c->lock);
        pie_text_copy(pie_slice_text("the file for lists of models cannot be written: "),
                      c->shelf.problem, sizeof(c->shelf.problem));
        size_t n = strlen(c->shelf.problem);
        pie_text_copy(pie_slice_text(reason != NULL ? reason : "out of memory"),
                      c->shelf.problem + n, sizeof(c->shelf.problem) - n);
        pie_lock_drop(c->lock);
    }
    pie_mem_free(&c->mem, path);
    pie_buf_free(&text);
}

/* ---- the doors of the client */

/* What the file holds, as lists. *ret_problem: why a part of it is not there. */
static apipie_status shelf_load(struct apipie_client *c, const char *path,
                                struct pie_shelf_list *lists, size_t *ret_count,
                                const char **ret_problem)
{
    size_t have = 0, good = 0;
    apipie_status status = pie_shelf_read(&c->mem, path, lists, &have, ret_problem);
    for (size_t i = 0; i < have; i++) {
        struct pie_shelf_list *list = &lists[i];
        apipie_status parsed =
            pie_catalog_parse(&c->mem, pie_buf_slice(&list->text), list->wall_ms, &list->list);
        if (parsed != APIPIE_OK) {
            *ret_problem = parsed == APIPIE_E_MEMORY ? "out of memory" : "a list in it is none";
            pie_shelf_list_free(list);
            continue;
        }
        pie_shelf_own(c, list->list);
        if (good != i) {
            lists[good] = *list;
            memset(list, 0, sizeof(*list));
            pie_buf_init(&list->text, &c->mem, PIE_SHELF_FILE_MAX);
        }
        good++;
    }
    *ret_count = good;
    return status;
}

apipie_status pie_shelf_set(struct apipie_client *c, const char *path, int64_t ttl_ms)
{
    struct pie_shelf_list lists[PIE_SHELF_LISTS];
    const char *problem = NULL;
    size_t count = 0;
    char *copy = path != NULL ? pie_path_absolute(&c->mem, path) : NULL;
    for (size_t i = 0; i < PIE_SHELF_LISTS; i++) {
        memset(&lists[i], 0, sizeof(lists[i]));
        pie_buf_init(&lists[i].text, &c->mem, PIE_SHELF_FILE_MAX);
    }
    apipie_status status = path != NULL && copy == NULL ? APIPIE_E_MEMORY : APIPIE_OK;
    if (status == APIPIE_OK && copy != NULL)
        status = shelf_load(c, copy, lists, &count, &problem);
    if (status == APIPIE_OK) {
        pie_lock_take(c->lock);
        char *old = c->shelf.path;
        c->shelf.path = copy;
        copy = old;
        c->shelf.on = ttl_ms >= 0;
        c->shelf.ttl_ms = ttl_ms;
        c->shelf.problem[0] = '\0';
        if (problem != NULL) {
            pie_text_copy(pie_slice_text("the file with lists of models is not used: "),
                          c->shelf.problem, sizeof(c->shelf.problem));
            size_t n = strlen(c->shelf.problem);
            pie_text_copy(pie_slice_text(problem), c->shelf.problem + n,
                          sizeof(c->shelf.problem) - n);
        }
        pie_lock_drop(c->lock);
    }
    for (size_t i = 0; i < count; i++) {
        if (status == APIPIE_OK)
            pie_shelf_put(c, &lists[i]);
        else
            pie_shelf_list_free(&lists[i]);
    }
    pie_mem_free(&c->mem, copy);
    if (status == APIPIE_OK && count != 0)
        status = pie_care_listed(c, pie_dialect_apipie.name);
    return status;
}

struct apipie_catalog *pie_shelf_view(struct apipie_client *c)
{
    struct apipie_catalog *built_in = NULL, *merged = NULL, *drop = NULL;
    pie_lock_take(c->lock);
    struct apipie_catalog *live = pie_catalog_keep(pie_shelf_whole(c, NULL, NULL));
    struct apipie_catalog *view = c->shelf.view_of == live ? pie_catalog_keep(c->shelf.view) : NULL;
    int32_t closing = c->closing;
    pie_lock_drop(c->lock);
    if (view == NULL && pie_catalog_built_in(&c->mem, &built_in) == APIPIE_OK &&
        pie_catalog_merge(&c->mem, built_in, live, &merged) == APIPIE_OK) {
        pie_shelf_own(c, merged);
        view = merged;
        pie_lock_take(c->lock);
        if (!closing && pie_shelf_whole(c, NULL, NULL) == live) { /* still the newest */
            drop = c->shelf.view;
            c->shelf.view = pie_catalog_keep(view);
            c->shelf.view_of = live;
        }
        pie_lock_drop(c->lock);
    }
    pie_catalog_drop(drop);
    pie_catalog_drop(built_in);
    pie_catalog_drop(live);
    return view;
}
