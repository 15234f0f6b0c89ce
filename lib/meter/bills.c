/* SPDX-License-Identifier: MIT */
/* Knows how bills lie in memory, and which of them came already; must not know where they come from. */
#include "meter/meter.h"

#define BILLS_FIRST_ROOM 64
#define BILLS_TEXT       ((size_t)512) /* of names that others made up */

struct apipie_history *pie_bills_new(const struct pie_mem *mem)
{
    struct apipie_history *h = pie_mem_new(mem, 1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->mem = mem;
    h->refs = 1;
    h->from_ms = h->to_ms = h->asked_from_ms = h->asked_to_ms = APIPIE_UNKNOWN;
    pie_buf_init(&h->texts, mem, (size_t)INT32_MAX);
    pie_buf_add(&h->texts, "", 1);
    return h;
}

void pie_bills_free(struct apipie_history *h)
{
    if (h == NULL)
        return;
    pie_buf_free(&h->texts);
    pie_mem_free(h->mem, h->name);
    pie_mem_free(h->mem, h->rows);
    pie_mem_free(h->mem, h->seen.slot);
    pie_mem_free(h->mem, h->seen.used);
    pie_mem_free(h->mem, h);
}

void pie_bill_says_init(struct pie_bill_says *says)
{
    memset(says, 0, sizeof(*says));
    for (size_t i = 0; i < PIE_BILL_NUMBERS; i++)
        says->number[i] = APIPIE_UNKNOWN;
}

/* ---- texts */

static uint32_t bills_text(struct apipie_history *h, struct pie_slice text)
{
    size_t at = h->texts.n;
    pie_buf_add(&h->texts, text.p, pie_utf8_cut(text.p, text.n, BILLS_TEXT));
    pie_buf_add(&h->texts, "", 1);
    return h->texts.failed == APIPIE_OK ? (uint32_t)at : 0;
}

/* Where a text is among the names, or would be. */
static uint32_t *bills_name_place(const struct apipie_history *h, uint32_t *name, size_t room,
                                  struct pie_slice text)
{
    size_t at = (size_t)pie_hash_fold(pie_hash_short(PIE_HASH_SHORT, text.p, text.n)) & (room - 1);
    while (name[at] != 0 && !pie_slice_equal(text, h->texts.p + name[at]))
        at = (at + 1) & (room - 1);
    return &name[at];
}

static apipie_status bills_name_grow(struct apipie_history *h)
{
    size_t room = h->name_room != 0 ? h->name_room * 2 : BILLS_FIRST_ROOM;
    if (h->name_room != 0 && h->name_count < h->name_room / 2)
        return APIPIE_OK;
    uint32_t *more = pie_mem_new(h->mem, room, sizeof(*more));
    if (more == NULL)
        return APIPIE_E_MEMORY;
    for (size_t i = 0; i < h->name_room; i++) {
        if (h->name[i] != 0)
            *bills_name_place(h, more, room, pie_slice_text(h->texts.p + h->name[i])) = h->name[i];
    }
    pie_mem_free(h->mem, h->name);
    h->name = more;
    h->name_room = room;
    return APIPIE_OK;
}

/* One that may well have come before. */
static apipie_status bills_name(struct apipie_history *h, struct pie_slice text, uint32_t *ret)
{
    text.n = pie_utf8_cut(text.p, text.n, BILLS_TEXT);
    apipie_status status = bills_name_grow(h);
    if (status != APIPIE_OK)
        return status;
    uint32_t *place = bills_name_place(h, h->name, h->name_room, text);
    if (*place == 0) {
        *place = bills_text(h, text);
        h->name_count += *place != 0;
    }
    *ret = *place;
    return h->texts.failed;
}

/* ---- rows */

static apipie_status bills_grow(struct apipie_history *h)
{
    size_t room = h->room != 0 ? h->room * 2 : BILLS_FIRST_ROOM;
    if (h->n < h->room)
        return APIPIE_OK;
    if (room > UINT32_MAX || room > SIZE_MAX / sizeof(*h->rows))
        return APIPIE_E_LIMIT;
    struct pie_bill *rows = pie_mem_resize(h->mem, h->rows, room * sizeof(*rows));
    if (rows == NULL)
        return APIPIE_E_MEMORY;
    h->rows = rows;
    h->room = room;
    return APIPIE_OK;
}

/* Ids are all different: they are not looked up. */
static int32_t bills_is_id(size_t text)
{
    return text == PIE_BILL_TEXT_AT(APIPIE_BILL_ID) ||
           text == PIE_BILL_TEXT_AT(APIPIE_BILL_REQUEST_ID);
}

static apipie_status bills_keep_text(struct apipie_history *h, struct pie_slice text, size_t which,
                                     struct pie_bill *row)
{
    if (text.n == 0)
        return APIPIE_OK;
    if (!bills_is_id(which))
        return bills_name(h, text, &row->text[which]);
    row->text[which] = bills_text(h, text);
    return h->texts.failed;
}

apipie_status pie_bills_set_text(struct apipie_history *h, size_t index, int32_t field,
                                 struct pie_slice text)
{
    return bills_keep_text(h, text, (size_t)PIE_BILL_TEXT_AT(field), &h->rows[index]);
}

apipie_status pie_bills_add(struct apipie_history *h, const struct pie_bill_says *says)
{
    struct pie_bill row = {{0}, {0}};
    apipie_status status = bills_grow(h);
    for (size_t i = 0; i < PIE_BILL_TEXTS && status == APIPIE_OK; i++)
        status = bills_keep_text(h, says->text[i], i, &row);
    if (status != APIPIE_OK)
        return status;
    memcpy(row.number, says->number, sizeof(row.number));
    h->rows[h->n++] = row;
    return APIPIE_OK;
}

const char *pie_bills_text(const struct apipie_history *h, size_t index, int32_t field)
{
    if (h == NULL || index >= h->n || field < APIPIE_BILL_ID || field > APIPIE_BILL_REQUEST_ID)
        return NULL;
    uint32_t place = h->rows[index].text[PIE_BILL_TEXT_AT(field)];
    return place != 0 ? h->texts.p + place : NULL;
}

int64_t pie_bills_number(const struct apipie_history *h, size_t index, int32_t field)
{
    if (h == NULL || index >= h->n || field < APIPIE_BILL_TIME ||
        field > APIPIE_BILL_RESPONSE_CHARS)
        return APIPIE_UNKNOWN;
    return h->rows[index].number[PIE_BILL_NUMBER_AT(field)];
}

/* ---- what came already */

static void bills_hash_text(struct pie_hash *hash, struct pie_slice text)
{
    uint64_t n = text.n;
    pie_hash_add(hash, &n, sizeof(n));
    if (n != 0)
        pie_hash_add(hash, text.p, text.n);
}

static void bills_hash(const struct pie_bill_says *says, struct pie_hash *ret)
{
    pie_hash_init(ret);
    struct pie_slice id = says->text[PIE_BILL_TEXT_AT(APIPIE_BILL_ID)];
    bills_hash_text(ret, id);
    if (id.n != 0)
        return;
    for (size_t i = 0; i < PIE_BILL_TEXTS; i++)
        bills_hash_text(ret, says->text[i]);
    pie_hash_add(ret, says->number, sizeof(says->number));
}

static size_t bills_seen_place(const struct pie_bills_seen *seen, const struct pie_hash *hash)
{
    size_t at = (size_t)hash->low & (seen->room - 1);
    while (seen->used[at] && (seen->slot[at].low != hash->low || seen->slot[at].high != hash->high))
        at = (at + 1) & (seen->room - 1);
    return at;
}

static apipie_status bills_seen_room(const struct pie_mem *mem, size_t room,
                                     struct pie_bills_seen *ret)
{
    struct pie_bills_seen seen = {pie_mem_new(mem, room, sizeof(*seen.slot)),
                                  pie_mem_new(mem, room, 1), 0, room};
    if (seen.slot != NULL && seen.used != NULL) {
        *ret = seen;
        return APIPIE_OK;
    }
    pie_mem_free(mem, seen.slot);
    pie_mem_free(mem, seen.used);
    return APIPIE_E_MEMORY;
}

static void bills_seen_put(struct pie_bills_seen *seen, const struct pie_hash *hash)
{
    size_t at = bills_seen_place(seen, hash);
    seen->count += !seen->used[at];
    seen->used[at] = 1;
    seen->slot[at] = *hash;
}

/* A set of so much room with all that is in `from`. */
static apipie_status bills_seen_copy(const struct pie_mem *mem, const struct pie_bills_seen *from,
                                     size_t room, struct pie_bills_seen *ret)
{
    struct pie_bills_seen seen;
    apipie_status status = bills_seen_room(mem, room, &seen);
    if (status != APIPIE_OK)
        return status;
    for (size_t i = 0; i < from->room; i++) {
        if (from->used[i])
            bills_seen_put(&seen, &from->slot[i]);
    }
    *ret = seen;
    return APIPIE_OK;
}

static apipie_status bills_seen_add(struct apipie_history *h, const struct pie_hash *hash)
{
    struct pie_bills_seen more;
    struct pie_bills_seen *seen = &h->seen;
    if (seen->room == 0 || seen->count >= seen->room - seen->room / 4) {
        size_t room = seen->room != 0 ? seen->room * 2 : BILLS_FIRST_ROOM;
        apipie_status status = bills_seen_copy(h->mem, seen, room, &more);
        if (status != APIPIE_OK)
            return status;
        pie_mem_free(h->mem, seen->slot);
        pie_mem_free(h->mem, seen->used);
        *seen = more;
    }
    bills_seen_put(seen, hash);
    return APIPIE_OK;
}

int32_t pie_bills_has(const struct apipie_history *h, const struct pie_bill_says *says)
{
    struct pie_hash hash;
    if (h->seen.room == 0)
        return 0;
    bills_hash(says, &hash);
    return h->seen.used[bills_seen_place(&h->seen, &hash)];
}

/* What a row says, from its own texts. */
static void bills_again(const struct apipie_history *h, size_t index, struct pie_bill_says *ret)
{
    const struct pie_bill *row = &h->rows[index];
    for (size_t i = 0; i < PIE_BILL_TEXTS; i++)
        ret->text[i] =
            row->text[i] != 0 ? pie_slice_text(h->texts.p + row->text[i]) : pie_slice(NULL, 0);
    memcpy(ret->number, row->number, sizeof(ret->number));
}

apipie_status pie_bills_turn(struct apipie_history *h)
{
    struct pie_bill_says says;
    struct pie_hash hash;
    apipie_status status = APIPIE_OK;
    for (; h->page < h->n && status == APIPIE_OK; h->page++) {
        bills_again(h, h->page, &says);
        bills_hash(&says, &hash);
        status = bills_seen_add(h, &hash);
    }
    return status;
}

apipie_status pie_bills_go_on(struct apipie_history *to, const struct apipie_history *from)
{
    to->offset = from->offset;
    if (from->seen.room == 0)
        return APIPIE_OK;
    return bills_seen_copy(to->mem, &from->seen, from->seen.room, &to->seen);
}

/* ---- as statistics */

static apipie_status bills_count(struct pie_counters *c, const struct apipie_history *h,
                                 size_t index)
{
    struct pie_stats_attempt attempt = {.is_call = 1};
    struct pie_stats_request request = {.status = APIPIE_OK};
    struct pie_stats_row *row = pie_counters_route(c, pie_bills_text(h, index, APIPIE_BILL_BACKEND),
                                                   pie_bills_text(h, index, APIPIE_BILL_PROVIDER),
                                                   pie_bills_text(h, index, APIPIE_BILL_MODEL));
    if (row == NULL)
        return APIPIE_E_MEMORY;
    attempt.cost = pie_bills_number(h, index, APIPIE_BILL_COST);
    attempt.estimated = pie_bills_number(h, index, APIPIE_BILL_ESTIMATED) == 1 ? attempt.cost : 0;
    attempt.prompt_tokens = pie_bills_number(h, index, APIPIE_BILL_PROMPT_TOKENS);
    attempt.completion_tokens = pie_bills_number(h, index, APIPIE_BILL_RESPONSE_TOKENS);
    attempt.first_byte_ms = APIPIE_UNKNOWN;
    attempt.server_ms = pie_bills_number(h, index, APIPIE_BILL_LATENCY);
    attempt.now_wall_ms = pie_bills_number(h, index, APIPIE_BILL_TIME);
    request.images = pie_bills_number(h, index, APIPIE_BILL_IMAGES);
    request.total_ms = attempt.server_ms;
    request.now_wall_ms = attempt.now_wall_ms;
    pie_counters_attempt(c, row, &attempt);
    pie_counters_request(c, row, &request);
    return APIPIE_OK;
}

struct apipie_stats *pie_bills_stats(const struct apipie_history *h)
{
    struct pie_counters *c = pie_counters_new(h->mem);
    struct apipie_stats *merged = NULL;
    apipie_status status = c != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    for (size_t i = 0; i < h->n && status == APIPIE_OK; i++) {
        if (pie_bills_number(h, i, APIPIE_BILL_IMAGES) > 0 &&
            pie_bills_number(h, i, APIPIE_BILL_BILLED) == APIPIE_BILLED_YES)
            status = bills_count(c, h, i);
    }
    struct apipie_stats *taken = status == APIPIE_OK ? pie_stats_take(c, h->mem) : NULL;
    if (taken != NULL)
        merged = pie_stats_merge(taken, NULL); /* with names of its own */
    pie_stats_free(taken);
    pie_counters_free(c);
    return merged;
}
