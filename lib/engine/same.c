/* SPDX-License-Identifier: MIT */
/* Knows requests that ask for the same when there is a cache: pictures that are stored are not drawn, and what one of them is out
 * for the others wait for. Must not send. */
#include "engine/cache_priv.h"
#include "engine/engine_priv.h"

int32_t pie_same_applies(const struct apipie_request *r)
{
    return r->cache != NULL && r->whole == NULL && pie_request_draws(r) &&
           (r->wish.has & PIE_WISH_HAS_SEED) != 0;
}

apipie_status pie_same_name(struct apipie_request *r)
{
    struct pie_buf key;
    if (!pie_same_applies(r))
        return APIPIE_OK;
    pie_buf_init(&key, r->mem, SIZE_MAX);
    apipie_status status = pie_cache_key(r, &key);
    if (status == APIPIE_OK) {
        pie_mem_free(r->mem, r->same_key);
        r->same_key = pie_mem_text(r->mem, key.p, key.n);
        status = r->same_key != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    }
    pie_buf_free(&key);
    return status;
}

apipie_status pie_same_wrap(struct apipie_request *r, struct pie_sink **sink)
{
    if (!pie_same_applies(r))
        return APIPIE_OK;
    return pie_cache_sink_new(r->cache, pie_slice_text(r->same_key), *sink, sink);
}

static struct apipie_request *same_drawer(const struct apipie_request *r)
{
    struct apipie_request *d = r->client->drawing;
    while (d != NULL && (d->wish.kind != r->wish.kind || d->cache != r->cache ||
                         strcmp(d->same_key, r->same_key) != 0))
        d = d->next_drawing;
    return d;
}

static void same_follow(struct apipie_request *r, struct apipie_request *drawer)
{
    pie_route_release(r);
    r->drawer = drawer;
    r->next_follower = drawer->followers;
    drawer->followers = r;
    pie_job_set_state(r, PIE_STATE_PARENT);
    pie_job_set_alarm(r);
}

static void same_fail(struct apipie_request *r, apipie_status status)
{
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    pie_error_set(&err, status, "nothing was sent and nothing billed",
                  "the picture from the cache cannot be kept: ", r->run->inner->problem, NULL);
    pie_job_fail_with(r, &err);
    pie_error_free(&err);
}

int32_t pie_same_follows(struct apipie_request *r)
{
    struct apipie_request *drawer = same_drawer(r);
    if (drawer != NULL) {
        same_follow(r, drawer);
        return 1;
    }
    r->drawing = 1;
    r->next_drawing = r->client->drawing;
    r->client->drawing = r;
    return 0;
}

int32_t pie_same_found(struct apipie_request *r)
{
    if (!pie_same_applies(r) || r->drawing)
        return 0;
    apipie_status status = pie_cache_load(r->cache, pie_slice_text(r->same_key), r->run->inner,
                                          r->asked->max_image_bytes, r->result);
    if (status == APIPIE_OK) {
        r->result_known = 1;
        r->result->backend = r->place->backend;
        pie_count_add(&r->view->begun, (int64_t)r->result->count);
        pie_count_add(&r->view->done, (int64_t)r->result->count);
        pie_gather_commit(r);
        return 1;
    }
    if (status != APIPIE_E_NOT_FOUND) {
        same_fail(r, status);
        return 1;
    }
    return pie_same_follows(r);
}

static void same_leave(struct apipie_request *r)
{
    struct apipie_request **at = &r->drawer->followers;
    while (*at != r)
        at = &(*at)->next_follower;
    *at = r->next_follower;
    r->drawer = NULL;
}

void pie_same_ended(struct apipie_request *r)
{
    if (r->drawer != NULL)
        same_leave(r);
    if (!r->drawing)
        return;
    struct apipie_request **at = &r->client->drawing;
    while (*at != r)
        at = &(*at)->next_drawing;
    *at = r->next_drawing;
    r->drawing = 0;
    if (r->status == APIPIE_OK && r->run != NULL && pie_same_applies(r))
        pie_cache_sink_publish(r->run->sink, r->result);
    /* Each looks again: in the cache, or it is the next to draw. A list of models is handed on. */
    while (r->followers != NULL) {
        struct apipie_request *f = r->followers;
        r->followers = f->next_follower;
        f->drawer = NULL;
        if (f->wish.kind == APIPIE_REQUEST_MODELS)
            pie_models_share(f, r);
        else
            pie_route_enter(f);
    }
}
