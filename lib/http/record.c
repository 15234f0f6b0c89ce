/* SPDX-License-Identifier: MIT */
/* Knows how exchanges of another transport are written to a file while they run; must not change one of them, nor let a key
 * into the file. */
#include "http/recording_priv.h"

struct record_transport;

/* One exchange, and the writer that stands before its own. */
struct record_exchange {
    struct pie_writer tee;
    struct record_transport *transport;
    struct record_exchange *next, *previous;
    struct pie_writer *body;
    struct pie_progress *progress;
    void *owner;
    void *inner; /* what the other transport keeps in progress */
    uint64_t number;
    struct pie_mask mask; /* of the reply's body */
    int32_t head_done;
};

struct record_transport {
    struct pie_transport base;
    const struct pie_mem *mem;
    struct pie_transport *inner;
    struct pie_recording_out out;
    struct pie_secrets secrets;
    struct pie_buf text, masked; /* of the record at hand */
    struct record_exchange *exchanges;
    uint64_t number; /* of the last request */
};

/* ---- what is written */

/* Masked as a whole. */
static struct pie_slice record_mask(struct record_transport *t, struct pie_slice text)
{
    struct pie_mask mask;
    pie_mask_init(&mask, &t->secrets);
    pie_buf_clear(&t->masked);
    for (size_t done = 0; done < text.n;) {
        size_t n = text.n - done < PIE_MASK_PIECE ? text.n - done : PIE_MASK_PIECE;
        pie_mask_feed(&mask, text.p + done, n, &t->masked);
        done += n;
    }
    pie_mask_end(&mask, &t->masked);
    pie_mask_free(&mask);
    t->out.broken |= t->masked.failed != APIPIE_OK;
    return pie_buf_slice(&t->masked);
}

/* A piece of a body; p NULL: its end. */
static void record_piece(struct record_transport *t, const char *kind, uint64_t number,
                         struct pie_mask *mask, const void *p, size_t n)
{
    pie_buf_clear(&t->masked);
    if (p != NULL)
        pie_mask_feed(mask, p, n, &t->masked);
    else
        pie_mask_end(mask, &t->masked);
    t->out.broken |= t->masked.failed != APIPIE_OK;
    if (t->out.broken || t->masked.n == 0)
        return;
    pie_recording_begin(&t->out, kind, number);
    pie_recording_write(&t->out, pie_buf_slice(&t->masked));
}

static void record_request_body(struct record_transport *t, const struct pie_http_request *q)
{
    struct pie_mask mask;
    struct pie_http_place at;
    size_t n = 0;
    pie_http_place_init(&at);
    pie_mask_init(&mask, &t->secrets);
    pie_buf_clear(&t->text);
    pie_buf_reserve(&t->text, PIE_RECORD_PIECE);
    t->out.broken |= t->text.failed != APIPIE_OK;
    while (!t->out.broken && (n = pie_http_request_read(q, &at, t->text.p, PIE_RECORD_PIECE)) != 0)
        record_piece(t, "send", t->number, &mask, t->text.p, n);
    record_piece(t, "send", t->number, &mask, NULL, 0);
    pie_http_place_rewind(&at); /* what could not be read ends the exchange too */
    pie_mask_free(&mask);
}

static void record_request(struct record_transport *t, const struct pie_http_request *q)
{
    t->number++;
    /* What is not known to be secret would be written. */
    t->out.broken |= pie_secrets_learn(&t->secrets, &q->headers) != APIPIE_OK;
    if (t->out.broken)
        return;
    struct pie_slice url = record_mask(t, pie_buf_slice(&q->url));
    pie_recording_begin(&t->out, "request", t->number);
    pie_recording_field(&t->out, q->method);
    pie_recording_write(&t->out, url);
    record_request_body(t, q);
}

static void record_reply_head(struct record_exchange *x, int32_t status,
                              const struct pie_headers *headers)
{
    struct record_transport *t = x->transport;
    x->head_done = 1;
    pie_buf_clear(&t->text);
    pie_recording_head_lines(headers, &t->text);
    t->out.broken |= t->text.failed != APIPIE_OK;
    if (t->out.broken)
        return;
    struct pie_slice lines = record_mask(t, pie_buf_slice(&t->text));
    pie_recording_begin(&t->out, "head", x->number);
    pie_recording_number(&t->out, status);
    pie_recording_write(&t->out, lines);
}

static void record_end(struct record_exchange *x, const struct pie_outcome *o)
{
    struct record_transport *t = x->transport;
    if (t->out.broken)
        return;
    if (!x->head_done && o->status != 0)
        record_reply_head(x, o->status, &o->headers);
    record_piece(t, "body", x->number, &x->mask, NULL, 0);
    const struct pie_record_end end = {
        o->wire,       o->writer_status, o->sent,          o->private_peer, o->lookup_us,
        o->connect_us, o->tls_us,        o->first_byte_us, o->total_us,
    };
    struct pie_slice words = record_mask(t, pie_slice_text(o->detail));
    pie_recording_begin(&t->out, "end", x->number);
    pie_recording_end_fields(&t->out, &end);
    pie_recording_write(&t->out, words);
}

/* ---- the writer before the exchange's own */

static apipie_status record_on_head(struct pie_writer *w, int32_t status,
                                    const struct pie_headers *headers)
{
    struct record_exchange *x = (struct record_exchange *)w;
    record_reply_head(x, status, headers);
    return x->body->type->head(x->body, status, headers);
}

static apipie_status record_on_write(struct pie_writer *w, const uint8_t *p, size_t n)
{
    struct record_exchange *x = (struct record_exchange *)w;
    for (size_t done = 0; done < n && !x->transport->out.broken;) {
        size_t piece = n - done < PIE_RECORD_PIECE ? n - done : PIE_RECORD_PIECE;
        record_piece(x->transport, "body", x->number, &x->mask, p + done, piece);
        done += piece;
    }
    return x->body->type->write(x->body, p, n);
}

static apipie_status record_on_end(struct pie_writer *w)
{
    struct record_exchange *x = (struct record_exchange *)w;
    return x->body->type->end(x->body);
}

static const struct pie_writer_type record_writer = {"record", record_on_head, record_on_write,
                                                     record_on_end};

/* ---- exchanges */

static void record_link(struct record_exchange *x)
{
    struct record_transport *t = x->transport;
    x->next = t->exchanges;
    if (x->next != NULL)
        x->next->previous = x;
    t->exchanges = x;
}

static void record_forget(struct record_exchange *x)
{
    struct record_transport *t = x->transport;
    *(x->previous != NULL ? &x->previous->next : &t->exchanges) = x->next;
    if (x->next != NULL)
        x->next->previous = x->previous;
    pie_mask_free(&x->mask);
    pie_mem_free(t->mem, x);
}

static apipie_status record_submit(struct pie_transport *base, const struct pie_http_request *q,
                                   struct pie_writer *body, struct pie_progress *progress,
                                   void *owner)
{
    struct record_transport *t = (struct record_transport *)base;
    struct record_exchange *x = pie_mem_new(t->mem, 1, sizeof(*x));
    if (x == NULL)
        return APIPIE_E_MEMORY;
    x->tee.type = &record_writer;
    x->transport = t;
    x->body = body;
    x->progress = progress;
    x->owner = owner;
    pie_mask_init(&x->mask, &t->secrets);
    record_link(x);
    record_request(t, q);
    x->number = t->number;
    apipie_status status = t->inner->type->submit(t->inner, q, &x->tee, progress, x);
    if (status != APIPIE_OK) {
        record_forget(x);
        return status;
    }
    /* So that cancel finds it at once. */
    x->inner = progress->exchange;
    progress->exchange = x;
    return APIPIE_OK;
}

static void record_cancel(struct pie_transport *base, struct pie_progress *progress,
                          struct pie_outcome *ret)
{
    struct record_transport *t = (struct record_transport *)base;
    struct record_exchange *x = progress->exchange;
    if (x == NULL)
        return;
    progress->exchange = x->inner;
    t->inner->type->cancel(t->inner, progress, ret);
    if (ret->wire != PIE_WIRE_STOPPED) /* it had ended already */
        record_end(x, ret);
    record_forget(x);
}

static void *record_next(struct pie_transport *base, struct pie_outcome *ret)
{
    struct record_transport *t = (struct record_transport *)base;
    struct record_exchange *x = t->inner->type->next(t->inner, ret);
    if (x == NULL)
        return NULL;
    void *owner = x->owner;
    x->progress->exchange = NULL;
    record_end(x, ret);
    record_forget(x);
    return owner;
}

/* ---- the rest is passed on */

static apipie_status record_drive(struct pie_transport *base, int64_t timeout_ms, int64_t *until_us)
{
    struct record_transport *t = (struct record_transport *)base;
    return t->inner->type->drive(t->inner, timeout_ms, until_us);
}

static int64_t record_timeout(struct pie_transport *base)
{
    struct record_transport *t = (struct record_transport *)base;
    return t->inner->type->timeout(t->inner);
}

static int64_t record_fd(struct pie_transport *base)
{
    struct record_transport *t = (struct record_transport *)base;
    return t->inner->type->fd(t->inner);
}

static void record_wakeup(struct pie_transport *base)
{
    struct record_transport *t = (struct record_transport *)base;
    t->inner->type->wakeup(t->inner);
}

static void record_free(struct record_transport *t)
{
    while (t->exchanges != NULL)
        record_forget(t->exchanges);
    pie_recording_close(&t->out);
    pie_secrets_free(&t->secrets);
    if (t->text.p != NULL) /* it is of before the asterisks */
        pie_mem_wipe(t->text.p, t->text.cap);
    pie_buf_free(&t->text);
    pie_buf_free(&t->masked);
    pie_mem_free(t->mem, t);
}

static void record_close(struct pie_transport *base)
{
    struct record_transport *t = (struct record_transport *)base;
    t->inner->type->close(t->inner);
    record_free(t);
}

/* The file is the parent's, and so is what is out: that is left lying. */
static void record_abandon(struct pie_transport *base)
{
    struct record_transport *t = (struct record_transport *)base;
    t->out.broken = 1;
    t->inner->type->abandon(t->inner);
    if (t->exchanges == NULL)
        record_free(t);
}

static const struct pie_transport_type record_transport_type = {
    "record",  record_submit, record_cancel, record_drive, record_timeout,
    record_fd, record_next,   record_wakeup, record_close, record_abandon,
};

apipie_status pie_record_transport_new(const struct pie_mem *mem, struct pie_transport *inner,
                                       const char *path, struct pie_transport **ret)
{
    struct record_transport *t = pie_mem_new(mem, 1, sizeof(*t));
    if (t == NULL)
        return APIPIE_E_MEMORY;
    t->base.type = &record_transport_type;
    t->mem = mem;
    t->inner = inner;
    pie_secrets_init(&t->secrets, mem);
    pie_buf_init(&t->text, mem, PIE_RECORD_TEXT);
    pie_buf_init(&t->masked, mem, PIE_RECORD_TEXT);
    apipie_status status = pie_recording_create(mem, path, &t->out);
    if (status != APIPIE_OK) {
        pie_mem_free(mem, t);
        return status;
    }
    *ret = &t->base;
    return APIPIE_OK;
}
