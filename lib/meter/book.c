/* SPDX-License-Identifier: MIT */
/* Knows sums, tags and open attempts in memory; must not know of files or caps. */
#include "meter/meter_priv.h"

/* No attempt costs more: such a figure of a server is a mistake in its unit. */
#define BOOK_COST_MAX (10000 * APIPIE_DOLLAR)

void pie_meter_sum_add(struct pie_meter_sum *s, int64_t amount)
{
    s->dollars += amount / APIPIE_DOLLAR;
    s->rest += amount % APIPIE_DOLLAR;
    if (s->rest >= APIPIE_DOLLAR) {
        s->rest -= APIPIE_DOLLAR;
        s->dollars++;
    }
}

void pie_meter_sum_take(struct pie_meter_sum *s, int64_t amount)
{
    s->dollars -= amount / APIPIE_DOLLAR;
    s->rest -= amount % APIPIE_DOLLAR;
    if (s->rest < 0) {
        s->rest += APIPIE_DOLLAR;
        s->dollars--;
    }
}

int64_t pie_meter_sum_value(const struct pie_meter_sum *s)
{
    if (s->dollars >= INT64_MAX / APIPIE_DOLLAR)
        return INT64_MAX;
    return s->dollars * APIPIE_DOLLAR + s->rest;
}

void pie_meter_book_totals(const struct pie_meter_book *b, struct pie_meter_totals *ret)
{
    ret->spent = pie_meter_sum_value(&b->sum[PIE_METER_SPENT]);
    ret->estimated = pie_meter_sum_value(&b->sum[PIE_METER_ESTIMATED]);
    ret->reserved = pie_meter_sum_value(&b->sum[PIE_METER_RESERVED]);
    ret->unknown = pie_meter_sum_value(&b->sum[PIE_METER_UNKNOWN]);
    ret->unknown_count = b->unknown_count;
}

int64_t pie_meter_book_stands(const struct pie_meter_book *b)
{
    static const int32_t places[] = {PIE_METER_SPENT, PIE_METER_RESERVED, PIE_METER_UNKNOWN};
    struct pie_meter_sum all = {0, 0};
    for (size_t i = 0; i < PIE_COUNT(places); i++) {
        all.dollars += b->sum[places[i]].dollars;
        pie_meter_sum_add(&all, b->sum[places[i]].rest);
    }
    return pie_meter_sum_value(&all);
}

int32_t pie_meter_has_ledger(const struct pie_meter *m)
{
    return m->ledger.file != PIE_FILE_NONE;
}

int32_t pie_meter_day(int64_t time_ms)
{
    return time_ms > 0 ? (int32_t)(time_ms / PIE_METER_DAY_MS) : 0;
}

int32_t pie_meter_cost_is_good(int64_t cost)
{
    return cost >= 0 && cost <= BOOK_COST_MAX;
}

int32_t pie_meter_tag_is_good(struct pie_slice name)
{
    if (name.n == 0 || name.n > APIPIE_LIMIT_TEXT || pie_utf8_valid(name.p, name.n) != name.n)
        return 0;
    for (size_t i = 0; i < name.n; i++) {
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
            return 0;
    }
    return 1;
}

static struct pie_meter_tag *book_tag_of(struct pie_meter_node *node)
{
    return (struct pie_meter_tag *)(void *)node; /* its first member */
}

static struct pie_meter_attempt *book_attempt_of(struct pie_meter_node *node)
{
    return (struct pie_meter_attempt *)(void *)node; /* its first member */
}

struct pie_meter_tag *pie_meter_tag_find(const struct pie_meter *m, struct pie_slice name)
{
    return book_tag_of(pie_meter_table_find(&m->tags, name));
}

static void book_free_tag(struct pie_meter *m, struct pie_meter_tag *tag)
{
    pie_mem_free(m->mem, tag->name);
    pie_mem_free(m->mem, tag);
}

apipie_status pie_meter_tag_get(struct pie_meter *m, struct pie_slice name,
                                struct pie_meter_tag **ret)
{
    struct pie_meter_tag *tag = pie_meter_tag_find(m, name);
    if (tag == NULL) {
        tag = pie_mem_new(m->mem, 1, sizeof(*tag));
        if (tag == NULL)
            return APIPIE_E_MEMORY;
        tag->cap = APIPIE_UNKNOWN;
        tag->name = pie_mem_text(m->mem, name.p, name.n);
        if (tag->name == NULL ||
            pie_meter_table_put(&m->tags, &tag->node, tag->name) != APIPIE_OK) {
            book_free_tag(m, tag);
            return APIPIE_E_MEMORY;
        }
    }
    *ret = tag;
    return APIPIE_OK;
}

struct pie_meter_attempt *pie_meter_attempt_find(const struct pie_meter *m, struct pie_slice id)
{
    return book_attempt_of(pie_meter_table_find(&m->attempts, id));
}

static void book_put(struct pie_meter_book *b, int32_t place, int64_t amount)
{
    pie_meter_sum_add(&b->sum[place], amount);
    b->unknown_count += place == PIE_METER_UNKNOWN;
}

static void book_take(struct pie_meter_book *b, int32_t place, int64_t amount)
{
    pie_meter_sum_take(&b->sum[place], amount);
    b->unknown_count -= place == PIE_METER_UNKNOWN;
}

/* Into the meter's book and the tag's, if the attempt is of their day. */
static void book_count(struct pie_meter *m, struct pie_meter_attempt *a, int32_t place,
                       int64_t amount)
{
    if (!a->counted)
        return;
    book_put(&m->book, place, amount);
    if (a->tag != NULL)
        book_put(&a->tag->book, place, amount);
}

static void book_uncount(struct pie_meter *m, struct pie_meter_attempt *a)
{
    if (!a->counted)
        return;
    book_take(&m->book, a->place, a->amount);
    if (a->tag != NULL)
        book_take(&a->tag->book, a->place, a->amount);
}

/* A new day begins, or a ledger: does this attempt belong to the books? */
static void book_begin(struct pie_meter *m, struct pie_meter_attempt *a)
{
    a->counted = !pie_meter_has_ledger(m) || pie_meter_day(a->time_ms) == m->day;
    book_count(m, a, a->place, a->amount);
}

static void book_free_attempt(struct pie_meter *m, struct pie_meter_attempt *a)
{
    if (a->tag != NULL)
        a->tag->attempts--;
    pie_mem_free(m->mem, a);
}

apipie_status pie_meter_attempt_add(struct pie_meter *m, struct pie_slice id, struct pie_slice tag,
                                    int64_t amount, int64_t time_ms, int32_t place,
                                    struct pie_meter_attempt **ret)
{
    struct pie_meter_attempt *a = pie_mem_new(m->mem, 1, sizeof(*a));
    if (a == NULL)
        return APIPIE_E_MEMORY;
    pie_text_copy(id, a->id, sizeof(a->id));
    a->place = (int8_t)place;
    a->amount = amount;
    a->time_ms = time_ms;
    apipie_status status = tag.n != 0 ? pie_meter_tag_get(m, tag, &a->tag) : APIPIE_OK;
    if (status == APIPIE_OK)
        status = pie_meter_table_put(&m->attempts, &a->node, a->id);
    if (status != APIPIE_OK) {
        pie_mem_free(m->mem, a);
        return status;
    }
    if (a->tag != NULL)
        a->tag->attempts++;
    book_begin(m, a);
    *ret = a;
    return APIPIE_OK;
}

void pie_meter_attempt_drop(struct pie_meter *m, struct pie_meter_attempt *a)
{
    book_uncount(m, a);
    pie_meter_table_take(&m->attempts, &a->node);
    book_free_attempt(m, a);
}

int64_t pie_meter_attempt_end(struct pie_meter *m, struct pie_meter_attempt *a, int32_t billed,
                              int64_t cost, int32_t estimated)
{
    if (billed == APIPIE_BILLED_UNKNOWN) {
        book_uncount(m, a);
        a->place = PIE_METER_UNKNOWN;
        book_count(m, a, a->place, a->amount);
        return a->amount;
    }
    int64_t charge = 0;
    if (billed == APIPIE_BILLED_YES) {
        const int32_t known = pie_meter_cost_is_good(cost);
        charge = known ? cost : a->amount;
        book_count(m, a, PIE_METER_SPENT, charge);
        if (!known || estimated)
            book_count(m, a, PIE_METER_ESTIMATED, charge);
    }
    pie_meter_attempt_drop(m, a);
    return charge;
}

static int32_t book_sweep_blank(void *user, struct pie_meter_node *node)
{
    (void)user;
    memset(&book_tag_of(node)->book, 0, sizeof(struct pie_meter_book));
    return 0;
}

static int32_t book_sweep_attempt(void *user, struct pie_meter_node *node)
{
    struct pie_meter_attempt *a = book_attempt_of(node);
    if (a->place == PIE_METER_RESERVED) {
        a->written = 0;
        book_begin(user, a);
        return 0;
    }
    book_free_attempt(user, a);
    return 1;
}

/* Only names that somebody still needs. */
static int32_t book_sweep_tag(void *user, struct pie_meter_node *node)
{
    struct pie_meter_tag *tag = book_tag_of(node);
    if (tag->cap != APIPIE_UNKNOWN || tag->attempts != 0)
        return 0;
    book_free_tag(user, tag);
    return 1;
}

void pie_meter_forget(struct pie_meter *m)
{
    memset(&m->book, 0, sizeof(m->book));
    pie_meter_table_sweep(&m->tags, m, book_sweep_blank);
    pie_meter_table_sweep(&m->attempts, m, book_sweep_attempt);
    pie_meter_table_sweep(&m->tags, m, book_sweep_tag);
}

static int32_t book_sweep_all_attempts(void *user, struct pie_meter_node *node)
{
    book_free_attempt(user, book_attempt_of(node));
    return 1;
}

static int32_t book_sweep_all_tags(void *user, struct pie_meter_node *node)
{
    book_free_tag(user, book_tag_of(node));
    return 1;
}

void pie_meter_forget_all(struct pie_meter *m)
{
    pie_meter_table_sweep(&m->attempts, m, book_sweep_all_attempts);
    pie_meter_table_sweep(&m->tags, m, book_sweep_all_tags);
    pie_meter_table_free(&m->attempts);
    pie_meter_table_free(&m->tags);
}
