/* SPDX-License-Identifier: MIT */
/* Knows where and as whom the calls of a client go, checked once for all requests that share it; must not send. */
#include "engine/engine_priv.h"

/* Stands in the place of a key where nothing is sent. */
#define PLACE_NO_KEY "none"

void pie_place_drop(struct pie_place *p)
{
    if (p == NULL || pie_atomic_add(&p->refs, -1) != 0)
        return;
    const struct pie_mem *mem = p->mem;
    if (p->key != NULL)
        pie_mem_wipe(p->key, strlen(p->key));
    pie_mem_free(mem, p->key);
    pie_mem_free(mem, p->base_url);
    pie_wire_options_free(mem, &p->options);
    pie_headers_free(&p->headers);
    pie_hook_drop(p->hook);
    pie_mem_free(mem, p);
}

static apipie_status place_error(struct apipie_error *err, apipie_status code, const char *hint,
                                 const char *a, const char *b)
{
    pie_error_set(err, code, hint, a, b, NULL);
    return code;
}

static apipie_status place_memory(struct apipie_error *err)
{
    return place_error(err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL);
}

/* A number of its own: what was told for other settings must not be taken for these. What shows the client to its own server, or
 * that server to the client, is for no other. */
static apipie_status place_copy_way(struct apipie_client *c, const struct pie_backend *b,
                                    struct pie_place *p)
{
    int32_t own = pie_backend_is_own(b);
    struct pie_wire_options options = c->options;
    pie_headers_init_custom(&p->headers, p->mem);
    options.serial = ++c->options.serial;
    if (!own) {
        options.certificate = options.certificate_key = options.certificate_password = NULL;
        options.pinned_key = NULL;
    }
    apipie_status status = pie_wire_options_copy(p->mem, &options, &p->options);
    if (status != APIPIE_OK)
        return status;
    return pie_headers_add_all(&p->headers, own ? &c->headers : &b->headers);
}

static apipie_status place_copy_texts(struct apipie_client *c, const struct pie_backend *b,
                                      struct pie_place *p)
{
    const char *url = b->base_url;
    const char *key = b->key;
    if (pie_backend_is_own(b)) {
        url = c->base_url;
        key = c->key == NULL && c->replays ? PLACE_NO_KEY : c->key;
        p->hook = pie_hook_keep(c->key_hook);
    }
    p->base_url = pie_mem_text(&c->mem, url, strlen(url));
    if (p->hook == NULL && key != NULL)
        p->key = pie_mem_text(&c->mem, key, strlen(key));
    return p->base_url != NULL && (p->hook != NULL || key == NULL || p->key != NULL)
               ? place_copy_way(c, b, p)
               : APIPIE_E_MEMORY;
}

/* The client's lock is held. */
static apipie_status place_copy(struct apipie_client *c, const struct pie_backend *b,
                                struct pie_place **ret, struct apipie_error *err)
{
    struct pie_place *p = pie_mem_new(&c->mem, 1, sizeof(*p));
    if (p == NULL)
        return place_memory(err);
    p->mem = &c->mem;
    p->refs = 1;
    p->of = b;
    p->backend = b->name;
    p->dialect = b->dialect;
    p->retry_policy = b->retry_policy;
    p->retries = b->retries;
    p->allow_http = c->allow_http;
    *ret = p;
    if (place_copy_texts(c, b, p) != APIPIE_OK)
        return place_memory(err);
    if (!pie_backend_is_own(b))
        return APIPIE_OK;
    if (c->base_url_bad)
        return place_error(err, APIPIE_E_CONFIG,
                           "set it to the gateway's address, like https://apipie.ai/v1",
                           "APIPIE_BASE_URL is no URL", NULL);
    if (c->key_bad && p->hook == NULL)
        return place_error(err, APIPIE_E_CONFIG,
                           "copy the key again: letters, digits and signs only",
                           "APIPIE_API_KEY holds a blank or a control byte", NULL);
    return APIPIE_OK;
}

static apipie_status place_check(struct pie_place *p, struct apipie_error *err)
{
    struct pie_url u;
    const char *problem = NULL;
    apipie_status status = pie_engine_check_url(p->mem, p->base_url, p->allow_http, &problem);
    if (status == APIPIE_E_MEMORY)
        return place_memory(err);
    if (status != APIPIE_OK)
        return place_error(err, APIPIE_E_CONFIG,
                           "set APIPIE_BASE_URL or apipie_client_set_base_url()",
                           "the base URL cannot be used: ", problem);
    if (pie_url_parse(p->mem, p->base_url, &u) != APIPIE_OK) /* it was parsed a moment ago */
        return place_memory(err);
    p->private_gateway = pie_url_host_is_private(u.host);
    pie_url_free(p->mem, &u);
    return APIPIE_OK;
}

static int32_t place_has_key(const struct pie_place *p)
{
    return p->key != NULL || p->hook != NULL;
}

/* The one that is there, or a new one; the client's lock is held. On failure ret may hold what is left of it. */
static apipie_status place_find(struct apipie_client *c, const char *backend,
                                struct pie_place **ret, struct apipie_error *err)
{
    const struct pie_backend *b = pie_backend_find(c, backend);
    if (b == NULL)
        return place_error(err, APIPIE_E_CONFIG, "add it: apipie_client_add_backend()",
                           "there is no backend of that name: ", backend);
    /* Only the list's own are changed here, and these are no constants. */
    struct pie_place **at =
        pie_backend_is_own(b) ? &c->place : &((struct pie_backend *)(uintptr_t)b)->place;
    if (*at != NULL) {
        *ret = *at;
        return APIPIE_OK;
    }
    apipie_status status = place_copy(c, b, ret, err);
    if (status == APIPIE_OK)
        status = place_check(*ret, err);
    if (status == APIPIE_OK)
        *at = *ret;
    return status;
}

apipie_status pie_place_of(struct apipie_client *c, const char *backend, int32_t keyless,
                           struct pie_place **ret, struct apipie_error *err)
{
    struct pie_place *p = NULL;
    pie_lock_take(c->lock);
    apipie_status status = place_find(c, backend, &p, err);
    int32_t made = status == APIPIE_OK;
    if (made)
        pie_atomic_add(&p->refs, 1);
    pie_lock_drop(c->lock);
    if (made && !keyless && pie_backend_is_own(p->of) && !place_has_key(p))
        status = place_error(
            err, APIPIE_E_CONFIG,
            "set APIPIE_API_KEY, or call apipie_client_set_key(); without one, try the sandbox",
            "no key is set", NULL);
    if (status == APIPIE_OK)
        *ret = p;
    else
        pie_place_drop(p); /* outside the lock: it may free the host's pointer */
    return status;
}
