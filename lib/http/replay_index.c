/* SPDX-License-Identifier: MIT */
/* Knows what a recording holds and where; must not play it. */
#include "http/replay_priv.h"

struct index_reader {
    struct pie_replay_index *index;
    struct pie_recording_in *in;
    struct pie_record record;
    char room[16384];
};

void pie_replay_index_free(struct pie_replay_index *x)
{
    x->entries = pie_mem_free(x->mem, x->entries);
    x->pieces = pie_mem_free(x->mem, x->pieces);
    x->count = x->room = x->piece_count = x->piece_room = 0;
}

struct pie_replay_entry *pie_replay_index_find(struct pie_replay_index *x,
                                               const struct pie_hash *key, int32_t *ret_used)
{
    for (size_t i = 0; i < x->count; i++) {
        struct pie_replay_entry *e = &x->entries[i];
        if (!e->whole || e->key.low != key->low || e->key.high != key->high)
            continue;
        if (!e->used)
            return e;
        *ret_used = 1;
    }
    return NULL;
}

/* ---- filled. APIPIE_E_NOT_FOUND: nothing can be relied on from here on. */

/* Entries ascend by their numbers. NULL: not there, or it has ended. */
static struct pie_replay_entry *index_open_entry(const struct pie_replay_index *x, uint64_t number)
{
    size_t low = 0;
    size_t high = x->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x->entries[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    struct pie_replay_entry *e = low < x->count ? &x->entries[low] : NULL;
    return e != NULL && e->number == number && !e->whole ? e : NULL;
}

/* One more, all zeros. */
static struct pie_replay_entry *index_add_entry(struct pie_replay_index *x)
{
    if (x->count == x->room) {
        size_t room = x->room == 0 ? 16 : x->room * 2;
        void *more = room <= SIZE_MAX / 2 / sizeof(*x->entries)
                         ? pie_mem_resize(x->mem, x->entries, room * sizeof(*x->entries))
                         : NULL;
        if (more == NULL)
            return NULL;
        x->entries = more;
        x->room = room;
    }
    struct pie_replay_entry *e = &x->entries[x->count++];
    memset(e, 0, sizeof(*e));
    return e;
}

/* The next place; PIE_REPLAY_NO_PIECE without memory, or when there are too many. */
static uint32_t index_add_piece(struct pie_replay_index *x)
{
    if (x->piece_count == x->piece_room) {
        size_t room = x->piece_room == 0 ? 64 : x->piece_room * 2;
        void *more = room < UINT32_MAX && room <= SIZE_MAX / 2 / sizeof(*x->pieces)
                         ? pie_mem_resize(x->mem, x->pieces, room * sizeof(*x->pieces))
                         : NULL;
        if (more == NULL)
            return PIE_REPLAY_NO_PIECE;
        x->pieces = more;
        x->piece_room = room;
    }
    return (uint32_t)x->piece_count++;
}

static apipie_status index_hash(struct index_reader *r, struct pie_hash *key)
{
    for (uint64_t done = 0; done < r->record.n;) {
        uint64_t left = r->record.n - done;
        size_t n = left < sizeof(r->room) ? (size_t)left : sizeof(r->room);
        apipie_status status = pie_recording_bytes(r->in, r->record.at + done, r->room, n);
        if (status != APIPIE_OK)
            return status;
        pie_hash_add(key, r->room, n);
        done += n;
    }
    return APIPIE_OK;
}

static apipie_status index_request(struct index_reader *r)
{
    struct pie_replay_index *x = r->index;
    if (r->record.fields != 3 ||
        (x->count != 0 && r->record.exchange <= x->entries[x->count - 1].number))
        return APIPIE_E_NOT_FOUND;
    struct pie_replay_entry *e = index_add_entry(x);
    if (e == NULL)
        return APIPIE_E_MEMORY;
    e->number = r->record.exchange;
    e->first = e->last = PIE_REPLAY_NO_PIECE;
    pie_hash_init(&e->key);
    pie_hash_add(&e->key, r->record.field[2].p, r->record.field[2].n);
    pie_hash_add(&e->key, "", 1);
    apipie_status status = index_hash(r, &e->key);
    pie_hash_add(&e->key, "", 1);
    return status;
}

static apipie_status index_head(struct index_reader *r, struct pie_replay_entry *e)
{
    if (r->record.n > PIE_RECORD_TEXT ||
        pie_recording_read_status(&r->record, &e->status) != APIPIE_OK)
        return APIPIE_E_NOT_FOUND;
    e->head_at = r->record.at;
    e->head_n = (size_t)r->record.n;
    return APIPIE_OK;
}

static apipie_status index_body(struct index_reader *r, struct pie_replay_entry *e)
{
    struct pie_replay_index *x = r->index;
    if (r->record.n == 0)
        return APIPIE_OK;
    if (r->record.n > UINT32_MAX)
        return APIPIE_E_NOT_FOUND;
    uint32_t i = index_add_piece(x);
    if (i == PIE_REPLAY_NO_PIECE)
        return APIPIE_E_MEMORY;
    x->pieces[i].at = r->record.at;
    x->pieces[i].n = (uint32_t)r->record.n;
    x->pieces[i].next = PIE_REPLAY_NO_PIECE;
    *(e->last != PIE_REPLAY_NO_PIECE ? &x->pieces[e->last].next : &e->first) = i;
    e->last = i;
    e->down += r->record.n;
    return APIPIE_OK;
}

/* A whole reply has a head, and so has a body. */
static apipie_status index_end(struct index_reader *r, struct pie_replay_entry *e)
{
    if (r->record.n > PIE_RECORD_TEXT || pie_recording_read_end(&r->record, &e->end) != APIPIE_OK ||
        (e->status == 0 && (e->end.wire == PIE_WIRE_OK || e->down != 0)))
        return APIPIE_E_NOT_FOUND;
    e->words_at = r->record.at;
    e->words_n = (size_t)r->record.n;
    e->whole = 1;
    return APIPIE_OK;
}

static apipie_status index_record(struct index_reader *r)
{
    struct pie_slice kind = r->record.field[0];
    if (pie_slice_equal(kind, "request"))
        return index_request(r);
    struct pie_replay_entry *e = index_open_entry(r->index, r->record.exchange);
    if (e == NULL)
        return APIPIE_E_NOT_FOUND;
    if (pie_slice_equal(kind, "send"))
        return index_hash(r, &e->key);
    if (pie_slice_equal(kind, "head"))
        return index_head(r, e);
    if (pie_slice_equal(kind, "body"))
        return index_body(r, e);
    return pie_slice_equal(kind, "end") ? index_end(r, e) : APIPIE_OK;
}

apipie_status pie_replay_index_fill(struct pie_replay_index *x, struct pie_recording_in *in,
                                    uint64_t at)
{
    struct index_reader r;
    apipie_status status = APIPIE_OK;
    memset(&r, 0, sizeof(r));
    r.index = x;
    r.in = in;
    while (status == APIPIE_OK) {
        status = pie_recording_next(in, &at, &r.record);
        if (status == APIPIE_OK)
            status = index_record(&r);
    }
    return status == APIPIE_E_NOT_FOUND ? APIPIE_OK : status;
}
