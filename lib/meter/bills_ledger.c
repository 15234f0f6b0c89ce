/* SPDX-License-Identifier: MIT */
/* Knows how the lines of a ledger (see line.c) become bills; must not count what is spent today. */
#include "meter/meter.h"

#define BILLFILE_LINE ((size_t)65536) /* a longer one is not ours */
#define BILLFILE_ROOM 256

/* An attempt: which bill it is, found by its id. */
struct billfile_slot {
    struct pie_hash id;
    uint32_t row; /* from 1; 0: free */
};

struct billfile {
    struct apipie_history *h;
    struct billfile_slot *slot;
    size_t count, room;
    int64_t from_ms, to_ms; /* APIPIE_UNKNOWN: open */
    int64_t first_ms;       /* the oldest line of all */
};

/* ---- by id */

static struct billfile_slot *billfile_place(struct billfile_slot *slot, size_t room,
                                            const struct pie_hash *id)
{
    size_t at = (size_t)id->low & (room - 1);
    while (slot[at].row != 0 && (slot[at].id.low != id->low || slot[at].id.high != id->high))
        at = (at + 1) & (room - 1);
    return &slot[at];
}

static apipie_status billfile_grow(struct billfile *f)
{
    size_t room = f->room != 0 ? f->room * 2 : BILLFILE_ROOM;
    if (f->room != 0 && f->count < f->room - f->room / 4)
        return APIPIE_OK;
    struct billfile_slot *more = pie_mem_new(f->h->mem, room, sizeof(*more));
    if (more == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < f->room; i++) {
        if (f->slot[i].row != 0)
            *billfile_place(more, room, &f->slot[i].id) = f->slot[i];
    }
    pie_mem_free(f->h->mem, f->slot);
    f->slot = more;
    f->room = room;
    return APIPIE_OK;
}

static void billfile_hash(struct pie_slice id, struct pie_hash *ret)
{
    pie_hash_init(ret);
    pie_hash_add(ret, id.p, id.n);
}

/* ---- lines */

static int64_t billfile_time(const struct pie_node *root)
{
    int64_t ms = 0;
    if (pie_number_iso_date(pie_node_text(pie_node_get(root, "time")), &ms) != APIPIE_OK || ms <= 0)
        return APIPIE_UNKNOWN;
    return ms;
}

static int64_t billfile_count(const struct pie_node *root, const char *name)
{
    int64_t v = 0;
    return pie_node_int(pie_node_get(root, name), &v) == APIPIE_OK && v >= 0 ? v : APIPIE_UNKNOWN;
}

static int64_t billfile_money(const struct pie_node *root, const char *name)
{
    int64_t v = 0;
    return pie_node_money(pie_node_get(root, name), &v) == APIPIE_OK && v >= 0 ? v : APIPIE_UNKNOWN;
}

static void billfile_says(const struct pie_node *root, int64_t time_ms, struct pie_bill_says *ret)
{
    static const struct {
        int32_t field;
        const char *name;
    } texts[] = {{APIPIE_BILL_ID, "id"},
                 {APIPIE_BILL_BACKEND, "backend"},
                 {APIPIE_BILL_PROVIDER, "provider"},
                 {APIPIE_BILL_MODEL, "model"},
                 {APIPIE_BILL_TAG, "tag"}};
    pie_bill_says_init(ret);
    for (size_t i = 0; i < PIE_COUNT(texts); i++)
        ret->text[PIE_BILL_TEXT_AT(texts[i].field)] =
            pie_node_text(pie_node_get(root, texts[i].name));
    ret->text[PIE_BILL_TEXT_AT(APIPIE_BILL_UNIT)] = pie_slice_text("image");
    ret->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_TIME)] = time_ms;
    ret->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_BILLED)] = APIPIE_BILLED_UNKNOWN;
    ret->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_RESERVED)] = billfile_money(root, "amount_usd");
    ret->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_IMAGES)] = billfile_count(root, "images");
    ret->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_PROMPT_CHARS)] =
        billfile_count(root, "prompt_chars");
}

static int32_t billfile_is_wanted(const struct billfile *f, int64_t ms)
{
    return ms >= 0 && ms >= f->from_ms && (f->to_ms < 0 || ms < f->to_ms);
}

static apipie_status billfile_reserve(struct billfile *f, const struct pie_node *root,
                                      const struct pie_hash *id)
{
    struct pie_bill_says says;
    int64_t ms = billfile_time(root);
    if (ms >= 0 && (f->first_ms < 0 || ms < f->first_ms))
        f->first_ms = ms;
    apipie_status status = billfile_is_wanted(f, ms) ? billfile_grow(f) : APIPIE_PENDING;
    if (status != APIPIE_OK)
        return status == APIPIE_PENDING ? APIPIE_OK : status;
    struct billfile_slot *slot = billfile_place(f->slot, f->room, id);
    if (slot->row != 0) /* written again into a file that was replaced */
        return APIPIE_OK;
    billfile_says(root, ms, &says);
    status = pie_bills_add(f->h, &says);
    if (status != APIPIE_OK)
        return status;
    slot->id = *id;
    slot->row = (uint32_t)f->h->n;
    f->count++;
    return APIPIE_OK;
}

static void billfile_settle(const struct pie_node *root, struct pie_bill *row)
{
    int64_t *number = row->number;
    struct pie_slice billed = pie_node_text(pie_node_get(root, "billed"));
    int64_t end = billfile_time(root);
    int64_t begun = number[PIE_BILL_NUMBER_AT(APIPIE_BILL_TIME)];
    int64_t estimated = 0;
    if (pie_slice_equal(billed, "no")) {
        number[PIE_BILL_NUMBER_AT(APIPIE_BILL_BILLED)] = APIPIE_BILLED_NO;
        return;
    }
    if (!pie_slice_equal(billed, "yes"))
        return;
    (void)pie_node_int(pie_node_get(root, "estimated"), &estimated);
    number[PIE_BILL_NUMBER_AT(APIPIE_BILL_BILLED)] = APIPIE_BILLED_YES;
    number[PIE_BILL_NUMBER_AT(APIPIE_BILL_COST)] = billfile_money(root, "cost_usd");
    number[PIE_BILL_NUMBER_AT(APIPIE_BILL_ESTIMATED)] = estimated != 0;
    number[PIE_BILL_NUMBER_AT(APIPIE_BILL_RESERVED)] = 0;
    /* What was settled later, by reconciliation, says nothing about how long it took. */
    if (end >= begun && pie_slice_equal(pie_node_text(pie_node_get(root, "type")), "settle"))
        number[PIE_BILL_NUMBER_AT(APIPIE_BILL_LATENCY)] = end - begun;
}

static apipie_status billfile_end(struct billfile *f, const struct pie_node *root,
                                  const struct pie_hash *id)
{
    struct billfile_slot *slot = f->room != 0 ? billfile_place(f->slot, f->room, id) : NULL;
    if (slot == NULL || slot->row == 0)
        return APIPIE_OK;
    struct pie_bill *row = &f->h->rows[slot->row - 1];
    if (row->number[PIE_BILL_NUMBER_AT(APIPIE_BILL_BILLED)] != APIPIE_BILLED_UNKNOWN)
        return APIPIE_OK; /* its first word holds */
    billfile_settle(root, row);
    return pie_bills_set_text(f->h, slot->row - 1, APIPIE_BILL_REQUEST_ID,
                              pie_node_text(pie_node_get(root, "request_id")));
}

static apipie_status billfile_read_line(void *user, struct pie_slice line)
{
    struct billfile *f = user;
    struct pie_hash id;
    struct pie_doc *doc = NULL;
    line = pie_slice_trim(line);
    if (line.n == 0 || line.p[0] != '{')
        return APIPIE_OK;
    apipie_status status = pie_doc_parse(f->h->mem, line, &doc);
    if (status != APIPIE_OK)
        return status == APIPIE_E_MEMORY ? status : APIPIE_OK;
    const struct pie_node *root = pie_doc_root(doc);
    struct pie_slice type = pie_node_text(pie_node_get(root, "type"));
    struct pie_slice text = pie_node_text(pie_node_get(root, "id"));
    billfile_hash(text, &id);
    if (text.n == 0)
        status = APIPIE_OK;
    else if (pie_slice_equal(type, "reserve"))
        status = billfile_reserve(f, root, &id);
    else if (pie_slice_equal(type, "settle") || pie_slice_equal(type, "resolve"))
        status = billfile_end(f, root, &id);
    pie_doc_free(doc);
    return status;
}

/* ---- the list */

static int32_t billfile_order(const void *user, uint32_t a, uint32_t b)
{
    int64_t left = pie_bills_number(user, a, APIPIE_BILL_TIME);
    int64_t right = pie_bills_number(user, b, APIPIE_BILL_TIME);
    return (left < right) - (left > right);
}

static void billfile_drop_unbilled(struct apipie_history *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (h->rows[i].number[PIE_BILL_NUMBER_AT(APIPIE_BILL_BILLED)] != APIPIE_BILLED_NO)
            h->rows[kept++] = h->rows[i];
    }
    h->n = kept;
}

static apipie_status billfile_sort(struct apipie_history *h)
{
    struct pie_bill *rows = pie_order_rows(h->mem, h->rows, h->n, sizeof(*rows), billfile_order, h);
    if (rows == NULL)
        return APIPIE_E_MEMORY;
    pie_mem_free(h->mem, h->rows);
    h->rows = rows;
    h->room = h->n;
    return APIPIE_OK;
}

apipie_status pie_bills_load(struct apipie_history *h, const char *path, int64_t from_ms,
                             int64_t to_ms, int64_t now_wall_ms, const char **ret_reason)
{
    struct billfile f = {.h = h, .from_ms = from_ms, .to_ms = to_ms, .first_ms = APIPIE_UNKNOWN};
    apipie_status status =
        pie_lines_read(h->mem, path, BILLFILE_LINE, billfile_read_line, &f, NULL, ret_reason);
    pie_mem_free(h->mem, f.slot);
    if (status != APIPIE_OK)
        return status;
    billfile_drop_unbilled(h);
    h->complete = 1;
    h->to_ms = to_ms >= 0 && to_ms < now_wall_ms ? to_ms : now_wall_ms;
    h->from_ms = from_ms > f.first_ms ? from_ms : f.first_ms;
    if (f.first_ms < 0) /* an empty one knows of no time */
        h->from_ms = h->to_ms;
    return billfile_sort(h);
}
