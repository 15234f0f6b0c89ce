/* SPDX-License-Identifier: MIT */
/* Knows the life of clients and requests; must not move bytes. */
#include "engine/engine_priv.h"

#define CLIENT_BASE_URL "https://apipie.ai/v1"

static void client_free(struct apipie_client *c)
{
    struct pie_mem mem = c->mem; /* c goes with it */
    if (c->transport != NULL)
        c->transport->type->close(c->transport);
    if (c->key != NULL)
        pie_mem_wipe(c->key, strlen(c->key));
    pie_mem_free(&mem, c->key);
    pie_mem_free(&mem, c->base_url);
    pie_wire_options_free(&mem, &c->options);
    pie_headers_free(&c->headers);
    pie_place_drop(c->place);
    pie_backend_free_all(c);
    pie_hook_drop(c->veto_hook);
    pie_hook_drop(c->key_hook);
    pie_hook_drop(c->log_hook);
    pie_hook_drop(c->trace_hook);
    pie_hook_drop(c->stats_hook);
    pie_hook_drop(c->health_hook);
    pie_routes_clear(&c->routes);
    pie_rate_free_all(c);
    pie_price_free_all(c);
    pie_cache_drop(c->cache);
    pie_uploads_free(c);
    pie_tariff_drop(c->tariff);
    pie_shelf_free(&c->shelf);
    pie_lane_free_all(c);
    pie_queue_free(&c->alarms);
    pie_meter_free(c->meter);
    pie_counters_free(c->counters);
    pie_health_table_free(c->health);
    pie_poller_free(&mem, c->loop);
    pie_bell_free(c->bell);
    pie_lock_free(&mem, c->lock);
    mem.count = NULL;
    pie_mem_free(&mem, c);
}

/* The environment is read once, here, and judged at submit: making a client says nothing yet. */
static apipie_status client_read_environment(struct apipie_client *c)
{
    const char *key = pie_environment("APIPIE_API_KEY");
    const char *url = pie_environment("APIPIE_BASE_URL");
    struct pie_slice base = pie_slice_text(url != NULL ? url : CLIENT_BASE_URL);
    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    c->base_url = pie_mem_text(&c->mem, base.p, base.n);
    if (c->base_url == NULL)
        return APIPIE_E_MEMORY;
    c->base_url_bad = pie_utf8_valid(base.p, base.n) != base.n || base.n > APIPIE_LIMIT_TEXT ||
                      strpbrk(c->base_url, "?# @") != NULL;
    if (key == NULL)
        return APIPIE_OK;
    c->key = pie_mem_text(&c->mem, key, strlen(key));
    if (c->key == NULL)
        return APIPIE_E_MEMORY;
    for (const char *p = key; *p != '\0'; p++)
        c->key_bad |= (unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7F;
    c->key_bad |= strlen(key) > APIPIE_LIMIT_TEXT;
    return APIPIE_OK;
}

static void client_set_defaults(struct apipie_client *c)
{
    c->defaults.connect_timeout_ms = 10000;
    c->defaults.timeout_ms = 600000;
    c->defaults.retry_policy = APIPIE_RETRY_SAFE;
    c->defaults.retries = 2;
    c->defaults.max_image_bytes = (uint64_t)256 * 1024 * 1024;
    c->breaker_failures = PIE_BREAKER_FAILURES;
    c->breaker_rest_ms = PIE_BREAKER_REST_MS;
    c->max_in_flight = 8;
}

struct apipie_client *pie_client_new(const struct pie_mem *mem)
{
    struct apipie_client *c = pie_mem_new(mem, 1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->mem = *mem;
    c->mem.count = &c->memory; /* its own block apart: it holds the count */
    c->handles = c->refs = 1;
    c->bell = -1;
    c->admit_ms = INT64_MAX;
    c->stats_due_ms = INT64_MAX;
    c->process = pie_process_id();
    pie_random(c->upload_salt, sizeof(c->upload_salt));
    pie_routes_init(&c->routes, &c->mem);
    pie_headers_init_custom(&c->headers, &c->mem);
    pie_queue_init(&c->alarms, &c->mem);
    pie_shelf_init(&c->shelf, &c->mem);
    client_set_defaults(c);
    c->lock = pie_lock_new(&c->mem);
    c->meter = pie_meter_new(&c->mem);
    c->counters = pie_counters_new(&c->mem);
    c->health = pie_health_table_new(&c->mem);
    if (c->lock == NULL || c->meter == NULL || c->counters == NULL || c->health == NULL ||
        client_read_environment(c) != APIPIE_OK) {
        client_free(c);
        return NULL;
    }
    pie_health_table_groups(c->health, pie_care_group);
    return c;
}

void pie_client_changed(struct apipie_client *c)
{
    struct pie_place *old = c->place;
    c->place = NULL;
    pie_place_drop(old);
    for (struct pie_backend *b = c->backends; b != NULL; b = b->next)
        pie_backend_changed(b); /* the way there is the client's */
}

void pie_client_keep(struct apipie_client *c)
{
    pie_atomic_add(&c->refs, 1);
}

void pie_client_drop(struct apipie_client *c)
{
    if (pie_atomic_add(&c->refs, -1) == 0)
        client_free(c);
}

/* ---- requests */

static void client_init_request(struct apipie_request *r, struct apipie_client *c, int32_t kind)
{
    r->client = c;
    r->mem = &c->mem;
    r->refs = 1;
    r->status = APIPIE_PENDING;
    r->dialect = &pie_dialect_apipie; /* until submit knows its routes */
    r->ended_ms = APIPIE_UNKNOWN;
    r->asked = &r->wish;
    r->view = &r->own_view;
    pie_wish_init(&r->wish, r->mem, kind);
    pie_error_init(&r->error, r->mem);
    pie_routes_init(&r->own_routes, r->mem);
    pie_queued_init(&r->place_in_lane, r);
    pie_queued_init(&r->alarm, r);
}

struct apipie_request *pie_request_new(struct apipie_client *c, int32_t kind)
{
    if (pie_client_is_foreign(c))
        return NULL;
    struct apipie_request *r = pie_mem_new(&c->mem, 1, sizeof(*r));
    if (r == NULL)
        return NULL;
    client_init_request(r, c, kind);
    pie_lock_take(c->lock);
    r->wish.timeout_ms = c->defaults.timeout_ms;
    r->wish.connect_timeout_ms = c->defaults.connect_timeout_ms;
    r->wish.first_byte_timeout_ms = c->defaults.first_byte_timeout_ms;
    r->wish.stall_timeout_ms = c->defaults.stall_timeout_ms;
    r->wish.retry_policy = c->defaults.retry_policy;
    r->wish.retries = c->defaults.retries;
    r->wish.max_image_bytes = c->defaults.max_image_bytes;
    pie_lock_drop(c->lock);
    pie_client_keep(c);
    return r;
}

void pie_user_clear(struct pie_user *u)
{
    if (u->free != NULL)
        u->free(u->pointer);
    u->pointer = NULL;
    u->free = NULL;
}

void pie_request_keep(struct apipie_request *r)
{
    pie_atomic_add(&r->refs, 1);
}

void pie_request_drop_places(struct apipie_request *r)
{
    for (size_t i = 0; r->own_places != NULL && i < r->own_routes.count; i++)
        pie_place_drop(r->own_places[i]);
    r->own_places = pie_mem_free(r->mem, r->own_places);
    r->places = NULL;
    r->place = NULL;
}

void pie_request_drop(struct apipie_request *r)
{
    if (pie_atomic_add(&r->refs, -1) != 0)
        return;
    struct apipie_client *c = r->client;
    pie_wish_free(&r->wish);
    pie_error_free(&r->error);
    pie_result_free(r->result);
    pie_mem_free(r->mem, r->attempts);
    pie_run_free(r);
    pie_part_free_all(r);
    if (r->beside != NULL)
        pie_request_drop(r->beside);
    pie_request_drop_places(r);
    pie_watch_end(r);
    pie_routes_clear(&r->own_routes);
    pie_cache_drop(r->cache);
    pie_mem_free(r->mem, r->same_key);
    pie_settle_free(r);
    pie_models_free(r);
    pie_history_free(r);
    pie_user_clear(&r->user);
    pie_user_clear(&r->done_fn.user);
    pie_user_clear(&r->progress_fn.user);
    pie_user_clear(&r->partial_user);
    pie_mem_free(r->mem, r);
    pie_client_drop(c);
}

int32_t pie_request_draws(const struct apipie_request *r)
{
    return r->wish.kind == APIPIE_REQUEST_IMAGE || r->wish.kind == APIPIE_REQUEST_EDIT ||
           r->wish.kind == APIPIE_REQUEST_VARIATION;
}

/* As submit would collect them. */
static apipie_status client_first_route(const struct apipie_request *r, struct pie_routes *ret)
{
    struct apipie_client *c = r->client;
    apipie_status status = APIPIE_OK;
    pie_routes_init(ret, r->mem);
    const char *const *text = (const char *const *)r->wish.text;
    const struct pie_route *first = r->wish.routes.items;
    if (text[PIE_WISH_PROVIDER] != NULL || text[PIE_WISH_MODEL] != NULL ||
        text[PIE_WISH_BACKEND] != NULL)
        return pie_routes_add(ret, text[PIE_WISH_BACKEND], text[PIE_WISH_PROVIDER],
                              text[PIE_WISH_MODEL]);
    if (r->wish.routes.count != 0)
        return pie_routes_add(ret, first->backend, first->provider, first->model);
    pie_lock_take(c->lock);
    if (c->routes.count != 0)
        status = pie_routes_add(ret, c->routes.items[0].backend, c->routes.items[0].provider,
                                c->routes.items[0].model);
    pie_lock_drop(c->lock);
    return status;
}

/* That of a backend; without one of that name the client's own: submit will say so. */
static const struct pie_backend *client_backend(const struct apipie_request *r, const char *name)
{
    struct apipie_client *c = r->client;
    pie_lock_take(c->lock);
    const struct pie_backend *b = pie_backend_find(c, name);
    if (b == NULL)
        b = pie_backend_find(c, "apipie");
    pie_lock_drop(c->lock);
    return b;
}

/* The call of its first route, and to whom; the names are those of *first, which is cleared afterwards, also after a failure. */
static apipie_status client_first_call(const struct apipie_request *r, struct pie_routes *first,
                                       struct pie_call *ret, const struct pie_backend **ret_backend)
{
    apipie_status status = client_first_route(r, first);
    pie_call_init(ret, &r->wish);
    if (first->count != 0) {
        ret->provider = first->items[0].provider;
        ret->model = first->items[0].model;
    }
    *ret_backend = client_backend(r, first->count != 0 ? first->items[0].backend : NULL);
    ret->base_url = (*ret_backend)->base_url;
    return status;
}

int64_t pie_request_estimate(struct apipie_client *c, const struct apipie_request *r,
                             int32_t *ret_source)
{
    struct pie_price_ask ask;
    struct pie_routes first;
    struct pie_call call;
    struct apipie_error ignored; /* submit will say it */
    const struct pie_backend *backend = NULL;
    int64_t price = APIPIE_UNKNOWN;
    if (!pie_request_draws(r))
        return APIPIE_UNKNOWN;
    apipie_status status = client_first_call(r, &first, &call, &backend);
    pie_error_init(&ignored, r->mem);
    (void)pie_call_fit(backend->dialect, &call, NULL, &ignored);
    pie_error_free(&ignored);
    pie_price_ask_init(&ask, &call);
    ask.backend = backend;
    if (status == APIPIE_OK)
        price = pie_price_estimate(c, &ask, ret_source);
    pie_routes_clear(&first);
    return price;
}

apipie_status pie_request_write(const struct apipie_request *r, struct pie_buf *out)
{
    struct pie_call call;
    struct pie_routes first;
    const struct pie_backend *backend = NULL;
    apipie_status status = client_first_call(r, &first, &call, &backend);
    if (status == APIPIE_OK)
        backend->dialect->write(&call, out);
    pie_routes_clear(&first);
    return status == APIPIE_OK ? out->failed : status;
}
