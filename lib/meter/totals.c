/* SPDX-License-Identifier: MIT */
/* Knows how bills are added up; must not know where they come from. */
#include "meter/meter.h"

#define TOTALS_NUMBERS (APIPIE_TOTAL_LAST + 1)
#define TOTALS_DAY_MS  INT64_C(86400000)

struct pie_total_row {
    uint32_t text; /* place; 0: unknown */
    int64_t number[TOTALS_NUMBERS];
};

struct totals_by {
    const struct apipie_history *h;
    int32_t by;
};

/* ---- groups */

static int64_t totals_day(const struct apipie_history *h, uint32_t i)
{
    int64_t ms = pie_bills_number(h, i, APIPIE_BILL_TIME);
    return ms >= 0 ? ms / TOTALS_DAY_MS : INT64_MAX;
}

static int32_t totals_order_texts(const struct apipie_history *h, uint32_t a, uint32_t b,
                                  int32_t field)
{
    const char *left = pie_bills_text(h, a, field);
    const char *right = pie_bills_text(h, b, field);
    if (left == NULL || right == NULL)
        return (left == NULL) - (right == NULL);
    return left == right ? 0 : pie_order_text(left, right);
}

static int32_t totals_field(int32_t by)
{
    switch (by) {
    case APIPIE_TOTALS_PROVIDER:
    case APIPIE_TOTALS_MODEL:
        return APIPIE_BILL_PROVIDER;
    case APIPIE_TOTALS_KEY:
        return APIPIE_BILL_KEY;
    default:
        return APIPIE_BILL_TAG;
    }
}

static int32_t totals_order(const void *user, uint32_t a, uint32_t b)
{
    const struct totals_by *by = user;
    if (by->by == APIPIE_TOTALS_ALL)
        return 0;
    if (by->by == APIPIE_TOTALS_DAY) {
        int64_t left = totals_day(by->h, a);
        int64_t right = totals_day(by->h, b);
        return (left > right) - (left < right);
    }
    int32_t order = totals_order_texts(by->h, a, b, totals_field(by->by));
    if (order == 0 && by->by == APIPIE_TOTALS_MODEL)
        order = totals_order_texts(by->h, a, b, APIPIE_BILL_MODEL);
    return order;
}

/* By latency; what has none comes last. */
static int32_t totals_order_latency(const void *user, uint32_t a, uint32_t b)
{
    uint64_t left = (uint64_t)pie_bills_number(user, a, APIPIE_BILL_LATENCY);
    uint64_t right = (uint64_t)pie_bills_number(user, b, APIPIE_BILL_LATENCY);
    return (left > right) - (left < right);
}

/* ---- names */

static void totals_name(struct pie_buf *out, const struct totals_by *by, uint32_t i)
{
    const char *first = NULL;
    const char *model = NULL;
    if (by->by == APIPIE_TOTALS_DAY) {
        char time[PIE_NUMBER_MAX];
        if (totals_day(by->h, i) == INT64_MAX)
            return;
        pie_number_iso_text(pie_bills_number(by->h, i, APIPIE_BILL_TIME), time);
        pie_buf_add(out, time, 10); /* the date */
        return;
    }
    if (by->by != APIPIE_TOTALS_ALL)
        first = pie_bills_text(by->h, i, totals_field(by->by));
    if (by->by == APIPIE_TOTALS_MODEL)
        model = pie_bills_text(by->h, i, APIPIE_BILL_MODEL);
    if (first != NULL)
        pie_buf_add_text(out, first);
    if (first != NULL && model != NULL)
        pie_buf_add_char(out, '/');
    if (model != NULL)
        pie_buf_add_text(out, model);
}

static uint32_t totals_text(struct apipie_totals *t, const struct totals_by *by, uint32_t i)
{
    size_t at = t->texts.n;
    totals_name(&t->texts, by, i);
    if (t->texts.n == at)
        return 0;
    pie_buf_add(&t->texts, "", 1);
    return (uint32_t)at;
}

/* ---- sums */

static void totals_plus(struct pie_total_row *row, int32_t which, int64_t amount)
{
    if (amount > 0)
        row->number[which] = pie_stats_sum(row->number[which], amount);
}

static void totals_time(struct pie_total_row *row, int64_t ms)
{
    int64_t *first = &row->number[APIPIE_TOTAL_FIRST];
    int64_t *last = &row->number[APIPIE_TOTAL_LAST];
    if (ms < 0)
        return;
    *first = *first == APIPIE_UNKNOWN || ms < *first ? ms : *first;
    *last = ms > *last ? ms : *last;
}

static void totals_add(struct pie_total_row *row, const struct apipie_history *h, uint32_t i)
{
    int64_t cost = pie_bills_number(h, i, APIPIE_BILL_COST);
    int32_t unknown = pie_bills_number(h, i, APIPIE_BILL_BILLED) == APIPIE_BILLED_UNKNOWN;
    totals_plus(row, APIPIE_TOTAL_BILLS, 1);
    totals_plus(row, APIPIE_TOTAL_IMAGES, pie_bills_number(h, i, APIPIE_BILL_IMAGES));
    totals_plus(row, APIPIE_TOTAL_COST, cost);
    if (pie_bills_number(h, i, APIPIE_BILL_ESTIMATED) == 1)
        totals_plus(row, APIPIE_TOTAL_ESTIMATED, cost);
    totals_plus(row, APIPIE_TOTAL_UNPRICED, cost < 0 && !unknown);
    totals_plus(row, APIPIE_TOTAL_UNKNOWN, unknown);
    totals_plus(row, APIPIE_TOTAL_RESERVED, pie_bills_number(h, i, APIPIE_BILL_RESERVED));
    totals_plus(row, APIPIE_TOTAL_PROMPT_TOKENS, pie_bills_number(h, i, APIPIE_BILL_PROMPT_TOKENS));
    totals_plus(row, APIPIE_TOTAL_RESPONSE_TOKENS,
                pie_bills_number(h, i, APIPIE_BILL_RESPONSE_TOKENS));
    totals_time(row, pie_bills_number(h, i, APIPIE_BILL_TIME));
}

/* members are put in another order. */
static void totals_latency(struct pie_total_row *row, const struct apipie_history *h,
                           uint32_t *members, uint32_t *scratch, size_t n)
{
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        known += pie_bills_number(h, members[i], APIPIE_BILL_LATENCY) >= 0;
    if (known == 0)
        return;
    pie_order_sort(members, scratch, n, totals_order_latency, h);
    row->number[APIPIE_TOTAL_LATENCY] =
        pie_bills_number(h, members[(known + 1) / 2 - 1], APIPIE_BILL_LATENCY);
    row->number[APIPIE_TOTAL_LATENCY_P95] =
        pie_bills_number(h, members[(95 * known + 99) / 100 - 1], APIPIE_BILL_LATENCY);
}

static void totals_row(struct apipie_totals *t, const struct totals_by *by, uint32_t *members,
                       uint32_t *scratch, size_t n)
{
    struct pie_total_row *row = &t->rows[t->n++];
    row->text = totals_text(t, by, members[0]);
    for (int32_t i = APIPIE_TOTAL_LATENCY; i < TOTALS_NUMBERS; i++)
        row->number[i] = APIPIE_UNKNOWN;
    for (size_t i = 0; i < n; i++)
        totals_add(row, by->h, members[i]);
    totals_latency(row, by->h, members, scratch, n);
}

static size_t totals_end(const struct totals_by *by, const uint32_t *order, size_t i, size_t n)
{
    size_t end = i + 1;
    while (end < n && totals_order(by, order[i], order[end]) == 0)
        end++;
    return end;
}

static apipie_status totals_all(struct apipie_totals *t, const struct totals_by *by)
{
    size_t n = by->h->n;
    size_t groups = 0;
    uint32_t *order = pie_mem_new(t->mem, n, 2 * sizeof(*order));
    if (order == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    pie_order_sort(order, order + n, n, totals_order, by);
    for (size_t i = 0; i < n; i = totals_end(by, order, i, n))
        groups++;
    t->rows = pie_mem_new(t->mem, groups, sizeof(*t->rows));
    for (size_t i = 0; i < n && t->rows != NULL;) {
        size_t end = totals_end(by, order, i, n);
        totals_row(t, by, order + i, order + n, end - i);
        i = end;
    }
    pie_mem_free(t->mem, order);
    return t->rows != NULL ? t->texts.failed : APIPIE_E_MEMORY;
}

/* ---- the handle */

struct apipie_totals *pie_totals_new(const struct apipie_history *h, int32_t by)
{
    const struct totals_by how = {h, by};
    struct apipie_totals *t = pie_mem_new(h->mem, 1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->mem = h->mem;
    t->refs = 1;
    pie_buf_init(&t->texts, t->mem, (size_t)INT32_MAX);
    pie_buf_add(&t->texts, "", 1);
    if (totals_all(t, &how) == APIPIE_OK)
        return t;
    pie_totals_free(t);
    return NULL;
}

void pie_totals_free(struct apipie_totals *t)
{
    if (t == NULL)
        return;
    pie_buf_free(&t->texts);
    pie_mem_free(t->mem, t->rows);
    pie_mem_free(t->mem, t);
}

const char *pie_totals_text(const struct apipie_totals *t, size_t row)
{
    if (t == NULL || row >= t->n || t->rows[row].text == 0)
        return NULL;
    return t->texts.p + t->rows[row].text;
}

int64_t pie_totals_number(const struct apipie_totals *t, size_t row, int32_t which)
{
    if (t == NULL || row >= t->n || which < 0 || which >= TOTALS_NUMBERS)
        return APIPIE_UNKNOWN;
    return t->rows[row].number[which];
}
