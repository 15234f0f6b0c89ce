/* SPDX-License-Identifier: MIT */
/* Knows what the health of routes is told, who is told of its changes, and how to wake who waits for a way; must not judge. */
#include "engine/engine_priv.h"

/* So many callbacks in a row, then others may do something too. */
#define CARE_NEWS 256

struct apipie_health *pie_engine_health(struct apipie_client *c)
{
    if (pie_client_is_foreign(c)) /* a thread of the parent may have held the lock */
        return NULL;
    struct apipie_health *s = pie_health_take(c->health, &c->mem, pie_clock_wall_ms());
    if (s == NULL)
        return NULL;
    s->client = c;
    pie_client_keep(c);
    return s;
}

void pie_engine_health_drop(struct apipie_health *s)
{
    if (s == NULL || pie_atomic_add(&s->refs, -1) != 0)
        return;
    struct apipie_client *c = s->client;
    pie_health_free(s);
    pie_client_drop(c);
}

/* ---- groups: what the seed's users watch together */

const char *pie_care_group(const char *provider, const char *model)
{
    const struct pie_model *m = pie_model_find(pie_models, pie_model_count,
                                               pie_slice_text(provider), pie_slice_text(model));
    if (m == NULL || m->family == NULL)
        return NULL;
    if (strcmp(m->family, "SDXL") == 0)
        return "SDXL";
    int32_t base = m->series != NULL && strcmp(m->series, "Stable Diffusion") == 0;
    return base && !m->edits ? "base" : "specialised";
}

/* ---- what happens to routes; the leader's */

static void care_wake(struct apipie_client *c, int32_t what)
{
    if (what == 0)
        return;
    pie_lock_take(c->lock);
    if ((what & PIE_HEALTH_NEWS) != 0 && c->health_hook != NULL)
        c->health_due = 1;
    pie_deliver_look(c);
    pie_sleep_wake_all(c);
    pie_lock_drop(c->lock);
}

static int32_t care_is_image(const struct apipie_catalog *list, size_t i)
{
    const char *type = pie_catalog_text(list, i, APIPIE_MODEL_TYPE);
    return type == NULL || pie_slice_equal_nocase(pie_slice_text(type), "image");
}

static apipie_status care_tell_list(struct apipie_client *c, const struct apipie_catalog *list,
                                    struct pie_health_said *said, struct pie_health_place *only,
                                    int32_t *ret_what)
{
    struct pie_health_fact *facts =
        pie_mem_new(&c->mem, pie_catalog_count(list) + 1, sizeof(*facts));
    if (facts == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < pie_catalog_count(list); i++) {
        struct pie_health_fact *f = &facts[said->n];
        if (!care_is_image(list, i))
            continue;
        f->provider = pie_catalog_text(list, i, APIPIE_MODEL_PROVIDER);
        f->model = pie_catalog_text(list, i, APIPIE_MODEL_NAME);
        f->usable = (int32_t)pie_catalog_usable(list, i);
        f->group = only == NULL ? pie_care_group(f->provider, f->model) : NULL;
        said->n++;
    }
    said->facts = facts;
    apipie_status status =
        pie_health_table_listed(c->health, said, only, pie_clock_wall_ms(), ret_what);
    pie_mem_free(&c->mem, facts);
    return status;
}

/* The newest whole list, when it is young. */
static apipie_status care_listed(struct apipie_client *c, const char *backend,
                                 struct pie_health_place *only, int32_t *ret_what)
{
    struct pie_health_said said = {backend, NULL, 0, 0};
    apipie_status status = APIPIE_OK;
    pie_lock_take(c->lock);
    struct apipie_catalog *list = pie_catalog_keep(pie_shelf_whole(c, NULL, &said.at_ms));
    pie_lock_drop(c->lock);
    if (list != NULL && pie_clock_wall_ms() - said.at_ms < PIE_WINDOW_MS)
        status = care_tell_list(c, list, &said, only, ret_what);
    pie_catalog_drop(list);
    return status;
}

static int32_t care_gate(struct apipie_client *c, const struct pie_lane *lane, int64_t wall_ms)
{
    const struct pie_breaker *b = &lane->breaker;
    const struct pie_health_gate gate = {b->state != PIE_BREAKER_CLOSED,
                                         b->probing ? INT64_MAX : b->until_ms, lane->paused_ms};
    return pie_health_table_gate(c->health, lane->health, &gate, pie_clock_ms(), wall_ms);
}

void pie_care_gate(struct apipie_client *c, const struct pie_lane *lane)
{
    care_wake(c, care_gate(c, lane, pie_clock_wall_ms()));
}

void pie_care_judged(struct apipie_request *r, const struct pie_outcome *o, int32_t good,
                     int32_t drawn)
{
    struct apipie_client *c = r->client;
    struct pie_lane *lane = r->lane;
    int64_t wall = pie_clock_wall_ms();
    int32_t what = 0;
    if (lane->health == NULL) {
        lane->health =
            pie_health_table_route(c->health, lane->backend, lane->provider, lane->model, wall);
        if (lane->health != NULL &&
            pie_backend_is_own(r->place->of)) /* without memory the next list tells it */
            (void)care_listed(c, lane->backend, lane->health, &what);
    }
    if (good >= 0)
        what |=
            pie_health_table_call(c->health, lane->health, wall, good,
                                  drawn && o->total_us >= 0 ? o->total_us / 1000 : APIPIE_UNKNOWN);
    care_wake(c, what | care_gate(c, lane, wall));
}

/* ---- what lists and files say */

apipie_status pie_care_listed(struct apipie_client *c, const char *backend)
{
    int32_t what = 0;
    apipie_status status = care_listed(c, backend, NULL, &what);
    care_wake(c, what);
    return status;
}

apipie_status pie_care_load(struct apipie_client *c, const char *path)
{
    int32_t what = 0;
    const char *reason = NULL;
    apipie_status status =
        pie_health_table_load(c->health, path, pie_clock_wall_ms(), &what, &reason);
    care_wake(c, what);
    if (status == APIPIE_OK) /* a list that came before the file */
        status = pie_care_listed(c, pie_dialect_apipie.name);
    return status;
}

/* ---- telling */

void pie_care_set(struct apipie_client *c, struct pie_hook *hook)
{
    pie_lock_take(c->lock);
    struct pie_hook *old = c->health_hook;
    c->health_hook = hook;
    c->health_due = 0;
    pie_health_table_tell(c->health, hook != NULL, pie_clock_wall_ms());
    pie_deliver_look(c);
    pie_lock_drop(c->lock);
    pie_hook_drop(old);
}

int32_t pie_care_is_due(const struct apipie_client *c)
{
    return c->health_due && !c->health_calling;
}

/* For this hook, while it is the client's. */
static int32_t care_take(struct apipie_client *c, const struct pie_hook *hook,
                         struct pie_health_news *ret)
{
    pie_lock_take(c->lock);
    int32_t found =
        c->health_hook == hook && pie_health_table_news(c->health, pie_clock_wall_ms(), ret);
    pie_lock_drop(c->lock);
    return found;
}

/* 1: there may be more. */
static int32_t care_tell(struct apipie_client *c, const struct pie_hook *hook)
{
    struct pie_inside frame;
    struct pie_health_news n;
    for (int32_t i = 0; i < CARE_NEWS; i++) {
        if (!care_take(c, hook, &n))
            return 0;
        pie_inside_enter(&frame, c, PIE_INSIDE_CALL);
        hook->health(hook->user, n.text[APIPIE_HEALTH_BACKEND], n.text[APIPIE_HEALTH_PROVIDER_NAME],
                     n.text[APIPIE_HEALTH_MODEL], n.scope, n.before, n.after, n.reason);
        pie_inside_leave(&frame);
    }
    return 1;
}

void pie_care_call(struct apipie_client *c)
{
    if (!pie_care_is_due(c))
        return;
    struct pie_hook *hook = pie_hook_keep(c->health_hook);
    c->health_due = 0;
    c->health_calling = 1; /* one at a time: they have an order */
    pie_deliver_look(c);
    pie_sleep_hand_over(c);
    pie_lock_drop(c->lock);
    int32_t more = care_tell(c, hook);
    pie_lock_take(c->lock);
    c->health_calling = 0;
    if (more && c->health_hook == hook)
        c->health_due = 1;
    pie_deliver_look(c);
    if (c->health_due) /* who was woken for it found us at work, and slept on */
        pie_sleep_wake_all(c);
    pie_lock_drop(c->lock);
    pie_hook_drop(hook);
    pie_lock_take(c->lock);
}
