/* SPDX-License-Identifier: MIT */
/* Knows how figures are counted while others read them; must not know what is done with them. */
#include "meter/meter.h"

#define COUNTERS_FIRST_ROOM 16
/* Backends whose other routes have a row of their own: a file may name any. */
#define COUNTERS_BACKENDS 64

/* Never goes away before the counters: whoever has found it may keep it. */
struct counters_route {
    struct pie_stats_row row; /* first: the others see only that */
    struct counters_route *next;
    uint64_t hash;
};

struct pie_counters {
    const struct pie_mem *mem;
    struct pie_lock *lock;
    struct counters_route **slots; /* chained; room is a power of two */
    struct counters_route **all;   /* ordered by name */
    size_t count, room;
};

struct pie_counters *pie_counters_new(const struct pie_mem *mem)
{
    struct pie_counters *c = pie_mem_new(mem, 1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->mem = mem;
    c->lock = pie_lock_new(mem);
    return c->lock != NULL ? c : pie_counters_free(c);
}

struct pie_counters *pie_counters_free(struct pie_counters *c)
{
    if (c == NULL)
        return NULL;
    for (size_t i = 0; i < c->count; i++)
        pie_mem_free(c->mem, c->all[i]);
    pie_mem_free(c->mem, c->all);
    pie_mem_free(c->mem, c->slots);
    if (c->lock != NULL)
        pie_lock_free(c->mem, c->lock);
    return pie_mem_free(c->mem, c);
}

/* ---- routes. The lock is held. */

/* Of the three names with their ends. */
static uint64_t counters_hash(const char *const text[PIE_STATS_TEXTS])
{
    uint64_t h = PIE_HASH_SHORT;
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++)
        h = pie_hash_short(h, text[i], strlen(text[i]) + 1);
    return pie_hash_fold(h);
}

static int32_t counters_names_are(const struct pie_stats_row *row,
                                  const char *const text[PIE_STATS_TEXTS])
{
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++) {
        if (strcmp(row->text[i], text[i]) != 0)
            return 0;
    }
    return 1;
}

static struct counters_route *counters_find(const struct pie_counters *c,
                                            const char *const text[PIE_STATS_TEXTS], uint64_t hash)
{
    if (c->count == 0)
        return NULL;
    struct counters_route *route = c->slots[(size_t)hash & (c->room - 1)];
    while (route != NULL && (route->hash != hash || !counters_names_are(&route->row, text)))
        route = route->next;
    return route;
}

static void counters_put(struct counters_route **slots, size_t room, struct counters_route *route)
{
    struct counters_route **slot = &slots[(size_t)route->hash & (room - 1)];
    route->next = *slot;
    *slot = route;
}

static apipie_status counters_grow(struct pie_counters *c)
{
    if (c->count < c->room)
        return APIPIE_OK;
    size_t room = c->room != 0 ? c->room * 2 : COUNTERS_FIRST_ROOM;
    struct counters_route **slots = pie_mem_new(c->mem, room, sizeof(*slots));
    struct counters_route **all = NULL;
    if (slots != NULL)
        all = pie_mem_resize(c->mem, c->all, room * sizeof(*all));
    if (all == NULL) {
        pie_mem_free(c->mem, slots);
        return APIPIE_E_MEMORY;
    }
    c->all = all;
    for (size_t i = 0; i < c->count; i++)
        counters_put(slots, room, c->all[i]);
    pie_mem_free(c->mem, c->slots);
    c->slots = slots;
    c->room = room;
    return APIPIE_OK;
}

/* With its names behind it. */
static struct counters_route *counters_new_route(struct pie_counters *c,
                                                 const char *const text[PIE_STATS_TEXTS])
{
    size_t bytes = sizeof(struct counters_route);
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++)
        bytes += strlen(text[i]) + 1;
    struct counters_route *route = pie_mem_new(c->mem, 1, bytes);
    if (route == NULL)
        return NULL;
    char *at = (char *)(route + 1);
    for (size_t i = 0; i < PIE_STATS_TEXTS; i++) {
        size_t n = strlen(text[i]) + 1;
        memcpy(at, text[i], n);
        route->row.text[i] = at;
        at += n;
    }
    return route;
}

static struct counters_route *
counters_insert(struct pie_counters *c, const char *const text[PIE_STATS_TEXTS], uint64_t hash)
{
    if (counters_grow(c) != APIPIE_OK)
        return NULL;
    struct counters_route *route = counters_new_route(c, text);
    if (route == NULL)
        return NULL;
    route->hash = hash;
    counters_put(c->slots, c->room, route);
    size_t low = 0;
    size_t high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pie_stats_row_order(&c->all[middle]->row, &route->row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(c->all + low + 1, c->all + low, (c->count - low) * sizeof(*c->all));
    c->all[low] = route;
    c->count++;
    return route;
}

/* A name that a server made up may be any text. */
static const char *counters_name(const char *text)
{
    if (text == NULL)
        return "";
    return strlen(text) <= APIPIE_LIMIT_TEXT ? text : PIE_STATS_OTHER;
}

struct pie_stats_row *pie_counters_route(struct pie_counters *c, const char *backend,
                                         const char *provider, const char *model)
{
    const char *text[PIE_STATS_TEXTS] = {counters_name(backend), counters_name(provider),
                                         counters_name(model)};
    uint64_t hash = counters_hash(text);
    pie_lock_take(c->lock);
    struct counters_route *route = counters_find(c, text, hash);
    if (route == NULL && c->count >= PIE_STATS_ROUTES) {
        text[APIPIE_STATS_PROVIDER] = text[APIPIE_STATS_MODEL] = PIE_STATS_OTHER;
        hash = counters_hash(text);
        route = counters_find(c, text, hash);
    }
    if (route == NULL && c->count >= PIE_STATS_ROUTES + COUNTERS_BACKENDS) {
        text[APIPIE_STATS_BACKEND] = PIE_STATS_OTHER;
        hash = counters_hash(text);
        route = counters_find(c, text, hash);
    }
    if (route == NULL)
        route = counters_insert(c, text, hash);
    pie_lock_drop(c->lock);
    return route != NULL ? &route->row : NULL;
}

/* ---- counting */

static void counters_plus(struct pie_stats_row *row, int32_t which, int64_t amount)
{
    if (amount > 0)
        row->number[which] = pie_stats_sum(row->number[which], amount);
}

static void counters_clock(struct pie_stats_row *row, int64_t now_ms)
{
    int64_t *first = &row->number[APIPIE_STATS_FIRST_MS];
    int64_t *last = &row->number[APIPIE_STATS_LAST_MS];
    now_ms = now_ms > 0 ? now_ms : 1; /* a row that counted something has a time */
    if (*first == 0 || now_ms < *first)
        *first = now_ms;
    if (now_ms > *last)
        *last = now_ms;
}

void pie_counters_attempt(struct pie_counters *c, struct pie_stats_row *row,
                          const struct pie_stats_attempt *a)
{
    if (row == NULL)
        return;
    pie_lock_take(c->lock);
    counters_plus(row, APIPIE_STATS_ATTEMPTS, a->is_call);
    counters_plus(row, APIPIE_STATS_RETRIES, a->retry);
    counters_plus(row, APIPIE_STATS_FAILOVERS, a->failover);
    counters_plus(row, APIPIE_STATS_BILLED_UNKNOWN, a->billed_unknown);
    counters_plus(row, APIPIE_STATS_BYTES_UP, a->bytes_up);
    counters_plus(row, APIPIE_STATS_BYTES_DOWN, a->bytes_down);
    counters_plus(row, APIPIE_STATS_COST, a->cost);
    counters_plus(row, APIPIE_STATS_COST_ESTIMATED, a->estimated);
    counters_plus(row, APIPIE_STATS_TOKENS_PROMPT, a->prompt_tokens);
    counters_plus(row, APIPIE_STATS_TOKENS_COMPLETION, a->completion_tokens);
    pie_histogram_add(&row->time[APIPIE_STATS_FIRST_BYTE], a->first_byte_ms);
    pie_histogram_add(&row->time[APIPIE_STATS_SERVER], a->server_ms);
    counters_clock(row, a->now_wall_ms);
    pie_lock_drop(c->lock);
}

void pie_counters_request(struct pie_counters *c, struct pie_stats_row *row,
                          const struct pie_stats_request *q)
{
    size_t place = pie_error_index(q->status);
    if (row == NULL)
        return;
    pie_lock_take(c->lock);
    row->ended[place] = pie_stats_sum(row->ended[place], 1);
    counters_plus(row, APIPIE_STATS_REQUESTS_CACHED, q->cached);
    counters_plus(row, APIPIE_STATS_IMAGES, q->images);
    pie_histogram_add(&row->time[APIPIE_STATS_TOTAL], q->total_ms);
    counters_clock(row, q->now_wall_ms);
    pie_lock_drop(c->lock);
}

static void counters_clear(struct pie_stats_row *row)
{
    struct pie_stats_row empty = {
        {row->text[0], row->text[1], row->text[2]}, {0}, {0}, {{{0}, 0, 0}}};
    *row = empty;
}

void pie_counters_reset(struct pie_counters *c)
{
    pie_lock_take(c->lock);
    for (size_t i = 0; i < c->count; i++)
        counters_clear(&c->all[i]->row);
    pie_lock_drop(c->lock);
}

/* ---- all at once */

/* The places of all routes, without the lock for longer than that: each row is then read by itself. */
static apipie_status counters_list(struct pie_counters *c, const struct pie_mem *mem,
                                   struct counters_route ***ret, size_t *ret_count)
{
    size_t room = 0;
    struct counters_route **list = NULL;
    pie_lock_take(c->lock);
    while (c->count > room) { /* it may have grown while we had no lock */
        room = c->count;
        pie_lock_drop(c->lock);
        pie_mem_free(mem, list);
        list = pie_mem_new(mem, room, sizeof(*list));
        if (list == NULL)
            return APIPIE_E_MEMORY;
        pie_lock_take(c->lock);
    }
    if (c->count != 0)
        memcpy(list, c->all, c->count * sizeof(*list));
    *ret_count = c->count;
    pie_lock_drop(c->lock);
    *ret = list;
    return APIPIE_OK;
}

static void counters_read(struct pie_counters *c, const struct counters_route *route,
                          struct pie_stats_row *ret)
{
    pie_lock_take(c->lock);
    *ret = route->row;
    pie_lock_drop(c->lock);
}

struct apipie_stats *pie_stats_take(struct pie_counters *c, const struct pie_mem *mem)
{
    size_t count = 0;
    struct counters_route **list = NULL;
    struct apipie_stats *s = pie_mem_new(mem, 1, sizeof(*s));
    if (s == NULL || counters_list(c, mem, &list, &count) != APIPIE_OK)
        return pie_mem_free(mem, s);
    s->mem = mem;
    s->refs = 1;
    s->rows = pie_mem_resize(mem, NULL, (count != 0 ? count : 1) * sizeof(*s->rows));
    for (size_t i = 0; i < count && s->rows != NULL; i++) {
        counters_read(c, list[i], &s->rows[s->count]);
        s->count += s->rows[s->count].number[APIPIE_STATS_LAST_MS] != 0; /* else it was reset */
    }
    pie_mem_free(mem, list);
    if (s->rows == NULL)
        return pie_mem_free(mem, s);
    return s;
}

apipie_status pie_counters_add_row(struct pie_counters *c, const struct pie_stats_row *row)
{
    struct pie_stats_row *to = pie_counters_route(c, row->text[0], row->text[1], row->text[2]);
    if (to == NULL)
        return APIPIE_E_MEMORY;
    pie_lock_take(c->lock);
    pie_stats_row_merge(to, row);
    pie_lock_drop(c->lock);
    return APIPIE_OK;
}

apipie_status pie_counters_add(struct pie_counters *c, struct pie_counters *from)
{
    struct apipie_stats *s = pie_stats_take(from, c->mem);
    apipie_status status = s != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    /* All places first: from then on nothing can fail. */
    for (size_t i = 0; status == APIPIE_OK && i < s->count; i++) {
        const char *const *text = s->rows[i].text;
        if (pie_counters_route(c, text[0], text[1], text[2]) == NULL)
            status = APIPIE_E_MEMORY;
    }
    for (size_t i = 0; status == APIPIE_OK && i < s->count; i++)
        status = pie_counters_add_row(c, &s->rows[i]);
    pie_stats_free(s);
    return status;
}
