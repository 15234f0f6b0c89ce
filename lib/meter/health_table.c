/* SPDX-License-Identifier: MIT */
/* Knows the health of all routes and providers, and which changes nobody has been told of; must not know the rules. */
#include "meter/sealed_priv.h"

/* A route is part of its provider, and of a group. */
enum { PLACES_PROVIDER, PLACES_GROUP, PLACES_WHOLES };

/* Of a route, or of several together: of a provider, of a group. Never goes away before the table. */
struct pie_health_place {
    struct pie_health_place *next; /* ordered by name, a provider before its routes */
    struct pie_health_place *whole[PLACES_WHOLES]; /* of a route: that it is part of; NULL */
    const char *text[PIE_HEALTH_TEXTS];
    int32_t scope;
    int32_t used; /* of a route: a request went or wants to go there */
    struct pie_health health;
    struct pie_health_gate gate; /* of a route */
    int32_t routes, resting;     /* of a whole */
    struct pie_health_place *next_news;
    int32_t has_news;
    int32_t told;    /* the state that was told last */
    int32_t warning; /* ... and the warning */
};

struct pie_health_table {
    const struct pie_mem *mem;
    struct pie_lock *lock;
    struct pie_health_place *places;
    size_t count, listed;      /* listed: routes that are not used */
    pie_health_group_fn group; /* NULL: there are none */
    int32_t wanted;
    struct pie_health_place *news, *news_last;
};

struct pie_health_table *pie_health_table_new(const struct pie_mem *mem)
{
    struct pie_health_table *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->mem = mem;
    t->lock = pie_lock_new(mem);
    return t->lock != NULL ? t : pie_health_table_free(t);
}

struct pie_health_table *pie_health_table_free(struct pie_health_table *t)
{
    if (t == NULL)
        return NULL;
    while (t->places != NULL) {
        struct pie_health_place *place = t->places;
        t->places = place->next;
        pie_mem_free(t->mem, place);
    }
    if (t->lock != NULL)
        pie_lock_free(t->mem, t->lock);
    return pie_mem_free(t->mem, t);
}

/* ---- places. The lock is held. */

static int32_t places_order(const struct pie_health_place *place, int32_t scope,
                            const char *const text[PIE_HEALTH_TEXTS])
{
    int32_t order = strcmp(place->text[APIPIE_HEALTH_BACKEND], text[APIPIE_HEALTH_BACKEND]);
    if (order == 0)
        order = strcmp(place->text[APIPIE_HEALTH_PROVIDER_NAME], text[APIPIE_HEALTH_PROVIDER_NAME]);
    if (order == 0)
        order = scope - place->scope; /* the greater number is the greater thing */
    return order != 0 ? order : strcmp(place->text[APIPIE_HEALTH_MODEL], text[APIPIE_HEALTH_MODEL]);
}

/* With its names behind it. */
static struct pie_health_place *places_new(struct pie_health_table *t, int32_t scope,
                                           const char *const text[PIE_HEALTH_TEXTS],
                                           int64_t wall_ms)
{
    size_t bytes = sizeof(struct pie_health_place);
    for (size_t i = 0; i < PIE_HEALTH_TEXTS; i++)
        bytes += strlen(text[i]) + 1;
    struct pie_health_place *place = pie_mem_new(t->mem, 1, bytes);
    if (place == NULL)
        return NULL;
    char *at = (char *)(place + 1);
    for (size_t i = 0; i < PIE_HEALTH_TEXTS; i++) {
        size_t n = strlen(text[i]) + 1;
        memcpy(at, text[i], n);
        place->text[i] = at;
        at += n;
    }
    place->scope = scope;
    pie_health_init(&place->health, wall_ms);
    place->health.whole = scope != APIPIE_HEALTH_ROUTE;
    return place;
}

/* Finds or makes it. */
static struct pie_health_place *places_get(struct pie_health_table *t, int32_t scope,
                                           const char *const text[PIE_HEALTH_TEXTS],
                                           int64_t wall_ms)
{
    struct pie_health_place **at = &t->places;
    int32_t order = 1;
    while (*at != NULL && (order = places_order(*at, scope, text)) < 0)
        at = &(*at)->next;
    if (*at != NULL && order == 0)
        return *at;
    struct pie_health_place *place =
        t->count < PIE_HEALTH_PLACES ? places_new(t, scope, text, wall_ms) : NULL;
    if (place == NULL)
        return NULL;
    place->next = *at;
    *at = place;
    t->count++;
    return place;
}

/* Without memory it is part of nothing. */
static void places_join_all(struct pie_health_table *t, struct pie_health_place *route,
                            int64_t wall_ms)
{
    const char *const *text = route->text;
    const char *provider[PIE_HEALTH_TEXTS] = {text[0], text[1], ""};
    const char *group[PIE_HEALTH_TEXTS] = {"", "", NULL};
    if (t->group != NULL)
        group[2] = t->group(text[1], text[2]);
    route->whole[PLACES_PROVIDER] = places_get(t, APIPIE_HEALTH_PROVIDER, provider, wall_ms);
    if (group[2] != NULL)
        route->whole[PLACES_GROUP] = places_get(t, APIPIE_HEALTH_GROUP, group, wall_ms);
}

/* Finds or makes a route, with what it is part of. */
static struct pie_health_place *
places_route(struct pie_health_table *t, const char *const text[PIE_HEALTH_TEXTS], int64_t wall_ms)
{
    size_t before = t->count;
    struct pie_health_place *place = places_get(t, APIPIE_HEALTH_ROUTE, text, wall_ms);
    if (place != NULL && t->count != before) {
        t->listed++;
        places_join_all(t, place, wall_ms);
    }
    return place;
}

/* Who was only heard of does not count among those that may rest. */
static void places_use(struct pie_health_table *t, struct pie_health_place *route)
{
    if (route->used)
        return;
    route->used = 1;
    t->listed--;
    for (int32_t i = 0; i < PLACES_WHOLES; i++) {
        if (route->whole[i] != NULL)
            route->whole[i]->routes++;
    }
}

void pie_health_table_groups(struct pie_health_table *t, pie_health_group_fn group)
{
    pie_lock_take(t->lock);
    t->group = group;
    pie_lock_drop(t->lock);
}

struct pie_health_place *pie_health_table_route(struct pie_health_table *t, const char *backend,
                                                const char *provider, const char *model,
                                                int64_t wall_ms)
{
    const char *text[PIE_HEALTH_TEXTS] = {backend != NULL ? backend : "",
                                          provider != NULL ? provider : "",
                                          model != NULL ? model : ""};
    pie_lock_take(t->lock);
    struct pie_health_place *place = places_route(t, text, wall_ms);
    if (place != NULL)
        places_use(t, place);
    pie_lock_drop(t->lock);
    return place;
}

/* ---- what happened. The lock is held. */

/* PIE_HEALTH_NEWS: it waits to be told. */
static int32_t places_compare(struct pie_health_table *t, struct pie_health_place *place)
{
    const struct pie_health *h = &place->health;
    if (!t->wanted)
        return 0;
    int32_t changed = h->state != place->told ||
                      (h->warning != place->warning && h->warning != APIPIE_HEALTH_WARNING_NONE);
    if (!changed) {
        if (!place->has_news) /* else it is not told that the warning is over */
            place->warning = h->warning;
        return place->has_news;
    }
    if (place->has_news)
        return 1;
    place->has_news = 1;
    place->next_news = NULL;
    *(t->news_last != NULL ? &t->news_last->next_news : &t->news) = place;
    t->news_last = place;
    return 1;
}

int32_t pie_health_table_call(struct pie_health_table *t, struct pie_health_place *place,
                              int64_t wall_ms, int32_t good, int64_t took_ms)
{
    if (place == NULL)
        return 0;
    pie_lock_take(t->lock);
    pie_health_call(&place->health, wall_ms, good, took_ms);
    int32_t news = places_compare(t, place);
    for (int32_t i = 0; i < PLACES_WHOLES; i++) {
        struct pie_health_place *whole = place->whole[i];
        if (whole == NULL)
            continue;
        /* Times of different models do not compare. */
        pie_health_call(&whole->health, wall_ms, good, APIPIE_UNKNOWN);
        news |= places_compare(t, whole);
    }
    pie_lock_drop(t->lock);
    return news;
}

/* A whole rests when all of its routes do, until the first of them is tried again. */
static int32_t places_rest_whole(struct pie_health_table *t, int32_t which,
                                 struct pie_health_place *whole, int64_t wall_ms)
{
    int64_t until = INT64_MAX;
    int32_t rests = whole->resting == whole->routes;
    for (const struct pie_health_place *p = t->places; rests && p != NULL; p = p->next) {
        if (p->whole[which] == whole && p->health.rest_until_ms < until)
            until = p->health.rest_until_ms;
    }
    if (rests || whole->health.rests)
        pie_health_rest(&whole->health, wall_ms, rests, until);
    return places_compare(t, whole);
}

int32_t pie_health_table_gate(struct pie_health_table *t, struct pie_health_place *place,
                              const struct pie_health_gate *gate, int64_t now_ms, int64_t wall_ms)
{
    int32_t told = 0;
    if (place == NULL)
        return 0;
    /* A probe that is out is no rest any more. */
    int64_t until = wall_ms;
    if (gate->until_ms != INT64_MAX && gate->until_ms > now_ms)
        until += gate->until_ms - now_ms;
    pie_lock_take(t->lock);
    int32_t rested = place->gate.rests;
    if (rested != gate->rests || (gate->rests && place->gate.until_ms != gate->until_ms) ||
        place->gate.paused_ms != gate->paused_ms)
        told = PIE_HEALTH_MOVED;
    place->gate = *gate;
    if (rested || gate->rests) {
        pie_health_rest(&place->health, wall_ms, gate->rests, until);
        told |= places_compare(t, place);
    }
    for (int32_t i = 0; i < PLACES_WHOLES; i++) {
        struct pie_health_place *whole = place->whole[i];
        /* A new route may have joined one that rests. */
        if (whole == NULL || (!rested && !gate->rests && !whole->health.rests))
            continue;
        whole->resting += gate->rests - rested;
        told |= places_rest_whole(t, i, whole, wall_ms);
    }
    pie_lock_drop(t->lock);
    return told;
}

/* ---- what lists say */

static int32_t places_listed(struct pie_health_table *t, struct pie_health_place *p,
                             const struct pie_health_list *list, int64_t at_ms, int64_t wall_ms)
{
    const char *model = p->text[APIPIE_HEALTH_MODEL];
    int32_t usable =
        p->scope == APIPIE_HEALTH_GROUP
            ? pie_health_list_group(list, model)
            : pie_health_list_usable(list, p->text[APIPIE_HEALTH_PROVIDER_NAME], model);
    pie_health_listed(&p->health, wall_ms, at_ms, usable);
    return places_compare(t, p);
}

/* Who is not available is watched, whether it was asked for or not. */
static void places_hear(struct pie_health_table *t, const char *backend,
                        const struct pie_health_list *list, int64_t wall_ms)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct pie_health_fact *f = &list->facts[i];
        const char *text[PIE_HEALTH_TEXTS] = {backend, f->provider, f->model};
        if (f->usable != 0)
            continue;
        pie_lock_take(t->lock);
        if (t->listed < PIE_HEALTH_LISTED)
            places_route(t, text, wall_ms);
        pie_lock_drop(t->lock);
    }
}

/* The lock is let go between two places: they only become more. */
static int32_t places_listed_all(struct pie_health_table *t, const struct pie_health_said *said,
                                 const struct pie_health_list *list, int64_t wall_ms)
{
    int32_t what = 0;
    pie_lock_take(t->lock);
    struct pie_health_place *p = t->places;
    pie_lock_drop(t->lock);
    while (p != NULL) {
        pie_lock_take(t->lock);
        if (p->scope == APIPIE_HEALTH_GROUP ||
            strcmp(p->text[APIPIE_HEALTH_BACKEND], said->backend) == 0)
            what |= places_listed(t, p, list, said->at_ms, wall_ms);
        p = p->next;
        pie_lock_drop(t->lock);
    }
    return what;
}

apipie_status pie_health_table_listed(struct pie_health_table *t,
                                      const struct pie_health_said *said,
                                      struct pie_health_place *only, int64_t wall_ms,
                                      int32_t *ret_what)
{
    struct pie_health_list list;
    if (pie_health_list_init(&list, t->mem, said->facts, said->n) != APIPIE_OK)
        return APIPIE_E_MEMORY;
    if (only != NULL) {
        pie_lock_take(t->lock);
        *ret_what = places_listed(t, only, &list, said->at_ms, wall_ms);
        pie_lock_drop(t->lock);
    } else {
        places_hear(t, said->backend, &list, wall_ms);
        *ret_what = places_listed_all(t, said, &list, wall_ms);
    }
    pie_health_list_free(&list);
    return APIPIE_OK;
}

/* ---- what a file says */

/* The same place here; NULL without memory, or when there are too many. */
static struct pie_health_place *places_same(struct pie_health_table *t,
                                            const struct pie_health_place *other, int64_t wall_ms)
{
    return other->scope == APIPIE_HEALTH_ROUTE ? places_route(t, other->text, wall_ms)
                                               : places_get(t, other->scope, other->text, wall_ms);
}

/* All places first: without memory nothing of it counts. */
static apipie_status places_merge(struct pie_health_table *t, const struct pie_health_table *from,
                                  int64_t wall_ms, int32_t *ret_what)
{
    for (const struct pie_health_place *p = from->places; p != NULL; p = p->next) {
        if (places_same(t, p, wall_ms) == NULL && t->count < PIE_HEALTH_PLACES)
            return APIPIE_E_MEMORY;
    }
    for (const struct pie_health_place *p = from->places; p != NULL; p = p->next) {
        struct pie_health_place *place = places_same(t, p, wall_ms);
        if (place == NULL)
            continue;
        pie_health_merge(&place->health, &p->health, wall_ms);
        *ret_what |= places_compare(t, place);
    }
    return APIPIE_OK;
}

struct places_reading {
    struct pie_health_table *into;
    int64_t wall_ms;
};

static apipie_status places_read_line(void *user, const struct pie_node *root)
{
    struct places_reading *reading = user;
    struct pie_health_table *t = reading->into;
    struct pie_slice slice[PIE_HEALTH_TEXTS];
    const char *text[PIE_HEALTH_TEXTS] = {NULL};
    char *copy[PIE_HEALTH_TEXTS] = {NULL};
    struct pie_health_row row;
    struct pie_health_place *place = NULL;
    int32_t good = 1;
    if (!pie_health_read(root, &row, slice))
        return APIPIE_OK;
    for (size_t i = 0; i < PIE_HEALTH_TEXTS; i++) {
        text[i] = copy[i] = pie_mem_text(t->mem, slice[i].p, slice[i].n);
        good = good && copy[i] != NULL;
    }
    if (good)
        place = places_get(t, row.scope, text, reading->wall_ms);
    if (place != NULL)
        pie_health_merge(&place->health, &row.health, reading->wall_ms);
    for (size_t i = 0; i < PIE_HEALTH_TEXTS; i++)
        pie_mem_free(t->mem, copy[i]);
    return place != NULL || (good && t->count == PIE_HEALTH_PLACES) ? APIPIE_OK : APIPIE_E_MEMORY;
}

apipie_status pie_health_table_load(struct pie_health_table *t, const char *path, int64_t wall_ms,
                                    int32_t *ret_what, const char **ret_reason)
{
    struct places_reading reading = {pie_health_table_new(t->mem), wall_ms};
    *ret_reason = "out of memory";
    if (reading.into == NULL)
        return APIPIE_E_MEMORY;
    apipie_status status =
        pie_sealed_load(t->mem, path, &pie_health_sealed, places_read_line, &reading, ret_reason);
    if (status == APIPIE_OK) {
        pie_lock_take(t->lock);
        status = places_merge(t, reading.into, wall_ms, ret_what);
        pie_lock_drop(t->lock);
    }
    pie_health_table_free(reading.into);
    return status;
}

/* ---- news */

void pie_health_table_tell(struct pie_health_table *t, int32_t wanted, int64_t wall_ms)
{
    struct pie_health_view v;
    pie_lock_take(t->lock);
    t->wanted = wanted;
    t->news = t->news_last = NULL;
    for (struct pie_health_place *p = t->places; p != NULL; p = p->next) {
        pie_health_look(&p->health, wall_ms, &v);
        p->has_news = 0;
        p->told = v.state;
        p->warning = v.warning;
    }
    pie_lock_drop(t->lock);
}

/* 1 when there is still something to tell. */
static int32_t places_tell(struct pie_health_place *place, int64_t wall_ms,
                           struct pie_health_news *ret)
{
    struct pie_health_view v;
    int32_t before = place->told;
    int32_t warning = place->warning;
    pie_health_look(&place->health, wall_ms, &v);
    place->told = v.state;
    place->warning = v.warning;
    if (v.state == before && (v.warning == warning || v.warning == APIPIE_HEALTH_WARNING_NONE))
        return 0;
    memcpy(ret->text, place->text, sizeof(ret->text));
    memcpy(ret->reason, v.reason, sizeof(ret->reason));
    ret->scope = place->scope;
    ret->before = before;
    ret->after = v.state;
    return 1;
}

int32_t pie_health_table_news(struct pie_health_table *t, int64_t wall_ms,
                              struct pie_health_news *ret)
{
    int32_t found = 0;
    pie_lock_take(t->lock);
    while (!found && t->news != NULL) {
        struct pie_health_place *place = t->news;
        t->news = place->next_news;
        if (t->news == NULL)
            t->news_last = NULL;
        place->has_news = 0;
        found = places_tell(place, wall_ms, ret);
    }
    pie_lock_drop(t->lock);
    return found;
}

/* ---- looking */

static int32_t places_named(const struct pie_health_place *p, int32_t which, const char *name)
{
    return name == NULL || strcmp(p->text[which], name) == 0;
}

/* Something is known of it but what lists say of all the world. */
static int32_t places_is_met(const struct pie_health_place *p)
{
    return p->used || p->routes != 0 || p->health.window.count != 0;
}

int32_t pie_health_table_state(struct pie_health_table *t, const char *backend,
                               const char *provider, const char *model, int64_t wall_ms)
{
    struct pie_health_view v;
    int32_t scope = model != NULL ? APIPIE_HEALTH_ROUTE : APIPIE_HEALTH_PROVIDER;
    int32_t worst = APIPIE_HEALTH_UNKNOWN;
    int32_t named = provider != NULL; /* else the worst would be of somebody who is never asked */
    pie_lock_take(t->lock);
    for (const struct pie_health_place *p = t->places; p != NULL; p = p->next) {
        if (p->scope != scope || !places_named(p, APIPIE_HEALTH_BACKEND, backend) ||
            !places_named(p, APIPIE_HEALTH_PROVIDER_NAME, provider) ||
            !places_named(p, APIPIE_HEALTH_MODEL, model) || (!named && !places_is_met(p)))
            continue;
        pie_health_look(&p->health, wall_ms, &v);
        worst = v.state > worst ? v.state : worst;
    }
    pie_lock_drop(t->lock);
    return worst;
}

/* Steady clock. */
static int64_t places_open(const struct pie_health_place *p)
{
    int64_t rest = p->gate.rests ? p->gate.until_ms : INT64_MIN;
    return rest > p->gate.paused_ms ? rest : p->gate.paused_ms;
}

int64_t pie_health_table_open(struct pie_health_table *t, const char *provider, const char *model,
                              int64_t now_ms)
{
    int64_t first = INT64_MAX;
    int32_t known = 0;
    pie_lock_take(t->lock);
    for (const struct pie_health_place *p = t->places; p != NULL; p = p->next) {
        if (!p->used || !places_named(p, APIPIE_HEALTH_PROVIDER_NAME, provider) ||
            !places_named(p, APIPIE_HEALTH_MODEL, model))
            continue;
        int64_t open = places_open(p);
        known = 1;
        first = open < first ? open : first;
    }
    pie_lock_drop(t->lock);
    return known ? first : now_ms;
}

/* ---- snapshots */

static void places_read(struct pie_health_place *p, int64_t wall_ms, struct pie_health_row *ret)
{
    static const int32_t minutes[] = {PIE_UPTIME_HOUR, PIE_UPTIME_DAY, PIE_UPTIME_WEEK};
    memcpy(ret->text, p->text, sizeof(ret->text));
    ret->scope = p->scope;
    for (size_t i = 0; i < PIE_COUNT(minutes); i++)
        ret->uptime[i] = pie_health_uptime(&p->health, wall_ms, minutes[i]);
    pie_health_look(&p->health, wall_ms, &ret->view);
    ret->health = p->health;
}

void pie_health_free(struct apipie_health *s)
{
    if (s == NULL)
        return;
    pie_mem_free(s->mem, s->rows);
    pie_mem_free(s->mem, s);
}

/* The lock is let go between two rows: a week of minutes takes its time to count. Places only become more. */
struct apipie_health *pie_health_take(struct pie_health_table *t, const struct pie_mem *mem,
                                      int64_t wall_ms)
{
    size_t room = 1;
    struct apipie_health *s = pie_mem_new(mem, 1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->mem = mem;
    s->refs = 1;
    pie_lock_take(t->lock);
    struct pie_health_place *p = t->places;
    for (const struct pie_health_place *each = p; each != NULL; each = each->next)
        room++;
    pie_lock_drop(t->lock);
    s->rows = pie_mem_resize(mem, NULL, room * sizeof(*s->rows)); /* each is written whole */
    if (s->rows == NULL) {
        pie_health_free(s);
        return NULL;
    }
    while (p != NULL && s->count < room) {
        pie_lock_take(t->lock);
        places_read(p, wall_ms, &s->rows[s->count++]);
        p = p->next;
        pie_lock_drop(t->lock);
    }
    return s;
}
