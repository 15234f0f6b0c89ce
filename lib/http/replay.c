/* SPDX-License-Identifier: MIT */
/* Knows how a recording answers requests; must not send anything, nor hold a body whole. */
#include "http/replay_priv.h"

/* Pieces that are taken in one turn: whoever waits for something else gets a look between them. */
#define REPLAY_TURN 16

struct replay_list;

/* One exchange that is answered. */
struct replay_exchange {
    struct replay_exchange *next, *previous;
    struct replay_list *home;
    const struct pie_http_request *request;
    struct pie_writer *body;
    struct pie_progress *progress;
    void *owner;
    const struct pie_replay_entry *entry; /* NULL: the recording holds none */
    int32_t begun;
    int32_t head_done;
    struct pie_headers headers;
    uint32_t piece, offset; /* what comes next */
    int32_t wire;           /* how it ended, or will */
    apipie_status writer_status;
    char words[PIE_HTTP_PROBLEM];
};

/* First in, first out. */
struct replay_list {
    struct replay_exchange *first, *last;
};

struct replay_transport {
    struct pie_transport base;
    const struct pie_mem *mem;
    struct pie_recording_in in;
    struct pie_replay_index index;
    struct pie_secrets secrets;
    struct pie_poller *poller;
    struct replay_list active, ended;
    struct pie_buf room; /* of the bytes at hand */
};

/* ---- lists */

static void replay_link(struct replay_list *list, struct replay_exchange *x)
{
    x->home = list;
    x->next = NULL;
    x->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = x;
    list->last = x;
}

static void replay_unlink(struct replay_exchange *x)
{
    struct replay_list *list = x->home;
    *(x->previous != NULL ? &x->previous->next : &list->first) = x->next;
    *(x->next != NULL ? &x->next->previous : &list->last) = x->previous;
}

static void replay_move(struct replay_exchange *x, struct replay_list *list)
{
    replay_unlink(x);
    replay_link(list, x);
}

static void replay_forget(struct replay_transport *t, struct replay_exchange *x)
{
    replay_unlink(x);
    pie_headers_free(&x->headers);
    pie_mem_free(t->mem, x);
}

/* ---- which reply it gets */

static void replay_hash(struct pie_hash *key, struct pie_buf *masked)
{
    pie_hash_add(key, masked->p, masked->n);
    pie_buf_truncate(masked, 0);
}

/* The request as it would have been written. at->reason tells when its body could not be read. */
static apipie_status replay_key(struct replay_transport *t, const struct pie_http_request *q,
                                struct pie_http_place *at, struct pie_hash *key)
{
    struct pie_mask mask;
    struct pie_buf masked;
    size_t n = 0;
    apipie_status status = pie_secrets_learn(&t->secrets, &q->headers);
    pie_mask_init(&mask, &t->secrets);
    pie_buf_init(&masked, t->mem, PIE_RECORD_TEXT);
    pie_hash_init(key);
    pie_hash_add(key, q->method, strlen(q->method) + 1);
    pie_mask_feed(&mask, q->url.p, q->url.n, &masked);
    pie_mask_end(&mask, &masked);
    replay_hash(key, &masked);
    pie_hash_add(key, "", 1);
    while (masked.failed == APIPIE_OK &&
           (n = pie_http_request_read(q, at, t->room.p, PIE_RECORD_PIECE)) != 0) {
        pie_mask_feed(&mask, t->room.p, n, &masked);
        replay_hash(key, &masked);
    }
    pie_mask_end(&mask, &masked);
    replay_hash(key, &masked);
    status = status == APIPIE_OK ? masked.failed : status;
    pie_buf_free(&masked);
    pie_mask_free(&mask);
    return status;
}

/* What was asked for, without the query: it may be long, and holds what signs it. */
static void replay_say_what(struct replay_exchange *x, int32_t used)
{
    struct pie_buf text;
    const struct pie_buf *url = &x->request->url;
    const char *query = memchr(url->p, '?', url->n);
    pie_buf_init(&text, url->mem, url->max + sizeof(x->words));
    pie_buf_add_text(&text, used ? "no further exchange for " : "no exchange for ");
    pie_buf_add_text(&text, x->request->method);
    pie_buf_add_char(&text, ' ');
    pie_buf_add(&text, url->p, query != NULL ? (size_t)(query - url->p) : url->n);
    if (!used && x->request->segment_count != 0)
        pie_buf_add_text(&text, " with this body");
    if (text.failed == APIPIE_OK)
        pie_text_display(pie_buf_slice(&text), x->words, sizeof(x->words));
    pie_buf_free(&text);
}

static apipie_status replay_choose(struct replay_transport *t, struct replay_exchange *x)
{
    struct pie_hash key;
    struct pie_http_place at;
    int32_t used = 0;
    pie_http_place_init(&at);
    apipie_status status = replay_key(t, x->request, &at, &key);
    if (at.reason != NULL) {
        x->wire = PIE_WIRE_BODY;
        pie_http_request_problem(x->request, &at, x->words);
    }
    const int32_t unread = at.reason != NULL;
    pie_http_place_rewind(&at);
    if (status != APIPIE_OK || unread)
        return status;
    struct pie_replay_entry *e = pie_replay_index_find(&t->index, &key, &used);
    x->entry = e;
    if (e == NULL) {
        x->wire = PIE_WIRE_UNRECORDED;
        replay_say_what(x, used);
        return APIPIE_OK;
    }
    e->used = 1;
    x->piece = e->first;
    x->wire = e->end.wire;
    return APIPIE_OK;
}

static void replay_start(struct replay_exchange *x)
{
    struct pie_progress *p = x->progress;
    memset(p, 0, sizeof(*p));
    p->started_us = pie_clock_us();
    p->sent_us = p->first_byte_us = p->last_byte_us = APIPIE_UNKNOWN;
    p->exchange = x;
    if (x->request->view == NULL)
        return;
    pie_atomic_set(&x->request->view->phase, APIPIE_PHASE_LOOKUP);
    pie_count_add(&x->request->view->up_all, (int64_t)pie_http_request_length(x->request));
}

static apipie_status replay_submit(struct pie_transport *base, const struct pie_http_request *q,
                                   struct pie_writer *body, struct pie_progress *progress,
                                   void *owner)
{
    struct replay_transport *t = (struct replay_transport *)base;
    struct replay_exchange *x = pie_mem_new(t->mem, 1, sizeof(*x));
    if (x == NULL)
        return APIPIE_E_MEMORY;
    x->request = q;
    x->body = body;
    x->progress = progress;
    x->owner = owner;
    x->piece = PIE_REPLAY_NO_PIECE;
    pie_headers_init(&x->headers, t->mem);
    apipie_status status = replay_choose(t, x);
    if (status != APIPIE_OK) {
        pie_mem_free(t->mem, x);
        return status;
    }
    replay_start(x);
    replay_link(x->entry != NULL ? &t->active : &t->ended, x);
    return APIPIE_OK;
}

/* ---- one step */

/* Bytes of the file in t->room; a failure ends the exchange. */
static apipie_status replay_read(struct replay_transport *t, struct replay_exchange *x, uint64_t at,
                                 size_t n)
{
    pie_buf_reserve(&t->room, n);
    if (t->room.failed != APIPIE_OK) {
        t->room.failed = APIPIE_OK; /* there is less of it, that is all */
        x->wire = PIE_WIRE_MEMORY;
        return APIPIE_E_MEMORY;
    }
    apipie_status status = pie_recording_bytes(&t->in, at, t->room.p, n);
    if (status == APIPIE_OK)
        return APIPIE_OK;
    x->wire = PIE_WIRE_OTHER;
    pie_text_copy(pie_slice_text("the recording cannot be read"), x->words, sizeof(x->words));
    return status;
}

static apipie_status replay_read_texts(struct replay_transport *t, struct replay_exchange *x)
{
    const struct pie_replay_entry *e = x->entry;
    apipie_status status = replay_read(t, x, e->head_at, e->head_n);
    if (status == APIPIE_OK &&
        pie_recording_read_head(pie_slice(t->room.p, e->head_n), &x->headers) != APIPIE_OK) {
        x->wire = PIE_WIRE_MEMORY;
        return APIPIE_E_MEMORY;
    }
    if (status == APIPIE_OK)
        status = replay_read(t, x, e->words_at, e->words_n);
    if (status == APIPIE_OK)
        pie_text_display(pie_slice(t->room.p, e->words_n), x->words, sizeof(x->words));
    return status;
}

/* The request has been sent, and the head of the reply comes, if one came. */
static apipie_status replay_begin(struct replay_transport *t, struct replay_exchange *x)
{
    struct pie_progress *p = x->progress;
    struct pie_view *view = x->request->view;
    x->begun = 1;
    p->last_byte_us = pie_clock_us();
    if (x->entry->end.sent) {
        p->sent_us = p->last_byte_us;
        p->up = pie_http_request_length(x->request);
    }
    if (x->entry->status != 0)
        p->first_byte_us = p->last_byte_us;
    if (view != NULL) {
        pie_atomic_set(&view->phase,
                       x->entry->status != 0 ? APIPIE_PHASE_RECEIVING : APIPIE_PHASE_SENDING);
        pie_count_add(&view->up, (int64_t)p->up);
        pie_count_add(&view->down_all, (int64_t)x->entry->down);
    }
    return replay_read_texts(t, x);
}

static apipie_status replay_head(struct replay_exchange *x)
{
    if (!x->head_done)
        x->writer_status = x->body->type->head(x->body, x->entry->status, &x->headers);
    x->head_done = 1;
    return x->writer_status;
}

static apipie_status replay_piece(struct replay_transport *t, struct replay_exchange *x)
{
    const struct pie_replay_piece *piece = &t->index.pieces[x->piece];
    struct pie_progress *p = x->progress;
    size_t left = piece->n - x->offset;
    size_t n = left < PIE_RECORD_PIECE ? left : PIE_RECORD_PIECE;
    apipie_status status = replay_read(t, x, piece->at + x->offset, n);
    if (status == APIPIE_OK)
        status = replay_head(x);
    if (status != APIPIE_OK)
        return status;
    x->offset += (uint32_t)n;
    if (x->offset == piece->n) {
        x->piece = piece->next;
        x->offset = 0;
    }
    p->last_byte_us = pie_clock_us();
    p->down += n;
    if (x->request->view != NULL)
        pie_count_add(&x->request->view->down, (int64_t)n);
    x->writer_status = x->body->type->write(x->body, (const uint8_t *)t->room.p, n);
    return x->writer_status;
}

/* All that came has been taken. */
static void replay_complete(struct replay_exchange *x)
{
    if (x->wire == PIE_WIRE_OK && replay_head(x) == APIPIE_OK)
        x->writer_status = x->body->type->end(x->body);
    if (x->wire == PIE_WIRE_WRITER) /* one that failed back then, and did not now */
        x->writer_status = x->entry->end.writer_status;
}

/* Ends, or goes to the end of the line. */
static void replay_step(struct replay_transport *t, struct replay_exchange *x)
{
    apipie_status status = x->begun ? APIPIE_OK : replay_begin(t, x);
    x->progress->behind = 0;
    if (status == APIPIE_OK && x->piece != PIE_REPLAY_NO_PIECE)
        status = replay_piece(t, x);
    if (status == APIPIE_OK && x->piece != PIE_REPLAY_NO_PIECE) {
        replay_move(x, &t->active);
        return;
    }
    if (status == APIPIE_OK)
        replay_complete(x);
    if (x->writer_status != APIPIE_OK)
        x->wire = PIE_WIRE_WRITER;
    replay_move(x, &t->ended);
}

static apipie_status replay_drive(struct pie_transport *base, int64_t timeout_ms, int64_t *until_us)
{
    struct replay_transport *t = (struct replay_transport *)base;
    struct pie_poller_event none;
    int32_t busy = t->active.first != NULL || t->ended.first != NULL;
    int64_t before = pie_clock_us();
    pie_poller_wait(t->poller, busy ? 0 : timeout_ms, &none, 1);
    if (!busy && *until_us != INT64_MAX) /* waiting is no work */
        *until_us += pie_clock_us() - before;
    for (int32_t i = 0; i < REPLAY_TURN && t->active.first != NULL; i++) {
        replay_step(t, t->active.first);
        if (*until_us != INT64_MAX && pie_clock_us() >= *until_us)
            break;
    }
    for (struct replay_exchange *x = t->active.first; x != NULL; x = x->next)
        x->progress->behind = 1;
    return APIPIE_OK;
}

/* ---- what came of it */

static void replay_fill(struct replay_exchange *x, int32_t wire, struct pie_outcome *ret)
{
    ret->wire = wire;
    ret->writer_status = x->writer_status;
    ret->body_bytes = x->progress->down;
    pie_text_copy(pie_slice_text(x->words), ret->detail, sizeof(ret->detail));
    if (!x->begun)
        return;
    const struct pie_record_end *e = &x->entry->end;
    ret->status = x->entry->status;
    ret->sent = e->sent;
    ret->private_peer = e->private_peer;
    ret->lookup_us = e->lookup_us;
    ret->connect_us = e->connect_us;
    ret->tls_us = e->tls_us;
    ret->first_byte_us = e->first_byte_us;
    ret->total_us = e->total_us;
    struct pie_headers empty = ret->headers;
    ret->headers = x->headers;
    x->headers = empty;
}

static void replay_cancel(struct pie_transport *base, struct pie_progress *progress,
                          struct pie_outcome *ret)
{
    struct replay_transport *t = (struct replay_transport *)base;
    struct replay_exchange *x = progress->exchange;
    if (x == NULL)
        return;
    int32_t stopped = x->home == &t->active;
    replay_fill(x, stopped ? PIE_WIRE_STOPPED : x->wire, ret);
    if (stopped)
        ret->total_us = pie_clock_us() - progress->started_us;
    progress->exchange = NULL;
    replay_forget(t, x);
}

static void *replay_next(struct pie_transport *base, struct pie_outcome *ret)
{
    struct replay_transport *t = (struct replay_transport *)base;
    struct replay_exchange *x = t->ended.first;
    if (x == NULL)
        return NULL;
    void *owner = x->owner;
    replay_fill(x, x->wire, ret);
    x->progress->exchange = NULL;
    replay_forget(t, x);
    return owner;
}

/* ---- the rest of the contract */

static int64_t replay_timeout(struct pie_transport *base)
{
    const struct replay_transport *t = (struct replay_transport *)base;
    return t->active.first != NULL || t->ended.first != NULL ? 0 : -1;
}

static int64_t replay_fd(struct pie_transport *base)
{
    return pie_poller_fd(((struct replay_transport *)base)->poller);
}

static void replay_wakeup(struct pie_transport *base)
{
    pie_poller_ring(((struct replay_transport *)base)->poller);
}

static void replay_close(struct pie_transport *base)
{
    struct replay_transport *t = (struct replay_transport *)base;
    const char *reason = NULL;
    while (t->active.first != NULL)
        replay_forget(t, t->active.first);
    while (t->ended.first != NULL)
        replay_forget(t, t->ended.first);
    pie_replay_index_free(&t->index);
    pie_secrets_free(&t->secrets);
    pie_poller_free(t->mem, t->poller);
    if (t->room.p != NULL) /* it held requests before the asterisks */
        pie_mem_wipe(t->room.p, t->room.cap);
    pie_buf_free(&t->room);
    if (t->in.file != PIE_FILE_NONE)
        pie_file_close(t->in.file, &reason);
    pie_mem_free(t->mem, t);
}

/* What is out may be in the hands of a thread that is not here: that is left lying. Nothing else is shared with the parent. */
static void replay_abandon(struct pie_transport *base)
{
    if (replay_timeout(base) < 0)
        replay_close(base);
}

static const struct pie_transport_type replay_transport_type = {
    "replay",  replay_submit, replay_cancel, replay_drive, replay_timeout,
    replay_fd, replay_next,   replay_wakeup, replay_close, replay_abandon,
};

static apipie_status replay_open(struct replay_transport *t, const char *path)
{
    uint64_t first = 0;
    apipie_status status = pie_recording_open(path, &t->in, &first);
    if (status != APIPIE_OK) {
        t->in.file = PIE_FILE_NONE;
        return status;
    }
    return pie_replay_index_fill(&t->index, &t->in, first);
}

apipie_status pie_replay_transport_new(const struct pie_mem *mem, const char *path,
                                       struct pie_transport **ret)
{
    struct replay_transport *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    t->base.type = &replay_transport_type;
    t->mem = t->index.mem = mem;
    t->in.file = PIE_FILE_NONE;
    pie_secrets_init(&t->secrets, mem);
    pie_buf_init(&t->room, mem, PIE_RECORD_TEXT);
    pie_buf_reserve(&t->room, PIE_RECORD_PIECE);
    t->poller = pie_poller_new(mem);
    apipie_status status = t->poller != NULL ? t->room.failed : APIPIE_E_MEMORY;
    if (status == APIPIE_OK)
        status = replay_open(t, path);
    if (status != APIPIE_OK) {
        replay_close(&t->base);
        return status;
    }
    *ret = &t->base;
    return APIPIE_OK;
}
