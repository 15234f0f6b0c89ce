/* SPDX-License-Identifier: MIT */
/* Knows the backends of a client: their names, wires, addresses and keys; must not send. */
#include "engine/engine_priv.h"

/* What a client is made for: its address and key are the client's own. */
static const struct pie_backend backend_own = {
    .name = (char[]){"apipie"}, .dialect = &pie_dialect_apipie, .retry_policy = -1, .retries = -1};

const struct pie_backend *pie_backend_find(const struct apipie_client *c, const char *name)
{
    if (name == NULL)
        name = c->default_backend;
    if (name == NULL || strcmp(name, backend_own.name) == 0)
        return &backend_own;
    for (const struct pie_backend *b = c->backends; b != NULL; b = b->next) {
        if (strcmp(b->name, name) == 0)
            return b;
    }
    return NULL;
}

int32_t pie_backend_is_own(const struct pie_backend *b)
{
    return b == &backend_own;
}

const char *pie_backend_dialect_name(size_t index)
{
    const struct pie_dialect *d = pie_dialect_at(index);
    return d != NULL ? d->name : NULL;
}

static struct pie_backend *backend_added(struct apipie_client *c, const char *name)
{
    struct pie_backend *b = c->backends;
    while (b != NULL && strcmp(b->name, name) != 0)
        b = b->next;
    return b;
}

static void backend_wipe(const struct pie_mem *mem, char **text)
{
    if (*text != NULL)
        pie_mem_wipe(*text, strlen(*text));
    *text = pie_mem_free(mem, *text);
}

static struct pie_backend *backend_free(const struct pie_mem *mem, struct pie_backend *b)
{
    if (b == NULL)
        return NULL;
    backend_wipe(mem, &b->key);
    pie_place_drop(b->place);
    pie_headers_free(&b->headers);
    pie_mem_free(mem, b->name);
    pie_mem_free(mem, b->base_url);
    return pie_mem_free(mem, b);
}

void pie_backend_free_all(struct apipie_client *c)
{
    while (c->backends != NULL) {
        struct pie_backend *b = c->backends;
        c->backends = b->next;
        backend_free(&c->mem, b);
    }
}

void pie_backend_changed(struct pie_backend *b)
{
    struct pie_place *old = b->place;
    b->place = NULL;
    pie_place_drop(old);
}

static struct pie_backend *backend_new(const struct pie_mem *mem, const char *name,
                                       const struct pie_dialect *dialect, const char *base_url)
{
    size_t n = strlen(base_url);
    struct pie_backend *b = pie_mem_new(mem, 1, sizeof(*b));
    if (b == NULL)
        return NULL;
    while (n > 0 && base_url[n - 1] == '/')
        n--;
    pie_headers_init_custom(&b->headers, mem);
    b->dialect = dialect;
    b->retry_policy = b->retries = -1;
    b->name = pie_mem_text(mem, name, strlen(name));
    b->base_url = pie_mem_text(mem, base_url, n);
    return b->name != NULL && b->base_url != NULL ? b : backend_free(mem, b);
}

apipie_status pie_backend_add(struct apipie_client *c, const char *name, const char *dialect,
                              const char *base_url)
{
    const struct pie_dialect *d = pie_dialect_find(dialect);
    if (d == NULL)
        return APIPIE_E_UNSUPPORTED;
    struct pie_backend *b = backend_new(&c->mem, name, d, base_url);
    if (b == NULL)
        return APIPIE_E_MEMORY;
    pie_lock_take(c->lock);
    int32_t taken = backend_added(c, name) != NULL || strcmp(name, backend_own.name) == 0;
    if (!taken) {
        b->next = c->backends;
        c->backends = b;
    }
    pie_lock_drop(c->lock);
    if (!taken)
        return APIPIE_OK;
    backend_free(&c->mem, b);
    return APIPIE_E_STATE;
}

/* ---- settings; the lock is taken here */

apipie_status pie_backend_set_key(struct apipie_client *c, const char *name, const char *key)
{
    char *copy = key != NULL ? pie_mem_text(&c->mem, key, strlen(key)) : NULL;
    if (key != NULL && copy == NULL)
        return APIPIE_E_MEMORY;
    pie_lock_take(c->lock);
    struct pie_backend *b = backend_added(c, name);
    char *old = b != NULL ? b->key : copy;
    if (b != NULL) {
        b->key = copy;
        pie_backend_changed(b);
    }
    pie_lock_drop(c->lock);
    backend_wipe(&c->mem, &old);
    return b != NULL ? APIPIE_OK : APIPIE_E_NOT_FOUND;
}

apipie_status pie_backend_set_retry(struct apipie_client *c, const char *name, int32_t policy,
                                    int32_t retries)
{
    pie_lock_take(c->lock);
    struct pie_backend *b = backend_added(c, name);
    if (b != NULL) {
        b->retry_policy = policy;
        b->retries = retries;
        pie_backend_changed(b);
    }
    pie_lock_drop(c->lock);
    return b != NULL ? APIPIE_OK : APIPIE_E_NOT_FOUND;
}

apipie_status pie_backend_set_default(struct apipie_client *c, const char *name)
{
    apipie_status status = APIPIE_OK;
    pie_lock_take(c->lock);
    struct pie_backend *b = name != NULL ? backend_added(c, name) : NULL;
    if (b == NULL && name != NULL && strcmp(name, backend_own.name) != 0)
        status = APIPIE_E_NOT_FOUND;
    else
        c->default_backend = b != NULL ? b->name : NULL;
    pie_lock_drop(c->lock);
    return status;
}

size_t pie_backend_count(struct apipie_client *c)
{
    size_t n = 1;
    pie_lock_take(c->lock);
    for (const struct pie_backend *b = c->backends; b != NULL; b = b->next)
        n++;
    pie_lock_drop(c->lock);
    return n;
}

/* The first one is the client's own; then as they were added. */
const struct pie_backend *pie_backend_at(struct apipie_client *c, size_t index)
{
    const struct pie_backend *found = index == 0 ? &backend_own : NULL;
    size_t n = 0;
    pie_lock_take(c->lock);
    for (const struct pie_backend *b = c->backends; b != NULL; b = b->next)
        n++;
    for (const struct pie_backend *b = c->backends; b != NULL && found == NULL; b = b->next)
        found = index == n-- ? b : NULL;
    pie_lock_drop(c->lock);
    return found;
}
