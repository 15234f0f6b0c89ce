/* SPDX-License-Identifier: MIT */
/* Knows what can be seen of the body path from outside; the tests know what it should be. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>

static struct record_sink *record_of(struct pie_sink *s)
{
    return (struct record_sink *)(void *)s;
}

static apipie_status record_open(struct pie_sink *s, struct apipie_error *err)
{
    (void)s;
    (void)err;
    return APIPIE_OK;
}

static apipie_status record_slot_begin(struct pie_sink *s, uint32_t slot, const char *mime)
{
    struct record_sink *r = record_of(s);
    if (slot >= RECORD_SLOTS || r->state[slot] == 'b' || mime == NULL) {
        r->misuse++;
        return APIPIE_E_INTERNAL;
    }
    pie_buf_clear(&r->bytes[slot]);
    r->state[slot] = 'b';
    r->mime[slot] = mime;
    return APIPIE_OK;
}

static apipie_status record_slot_write(struct pie_sink *s, uint32_t slot, const uint8_t *p,
                                       size_t n)
{
    struct record_sink *r = record_of(s);
    if (slot >= RECORD_SLOTS || r->state[slot] != 'b' || n == 0) {
        r->misuse++;
        return APIPIE_E_INTERNAL;
    }
    if (n > r->room) {
        memcpy(s->problem, "cannot write x: no space left",
               sizeof("cannot write x: no space left"));
        return APIPIE_E_FILE;
    }
    r->room -= n;
    pie_buf_add(&r->bytes[slot], p, n);
    return APIPIE_OK;
}

static apipie_status record_slot_end(struct pie_sink *s, uint32_t slot)
{
    struct record_sink *r = record_of(s);
    if (slot >= RECORD_SLOTS || r->state[slot] != 'b') {
        r->misuse++;
        return APIPIE_E_INTERNAL;
    }
    r->state[slot] = 'e';
    return APIPIE_OK;
}

static apipie_status record_commit(struct pie_sink *s, uint32_t slot, size_t index, size_t count,
                                   struct pie_image *image)
{
    (void)slot;
    (void)index;
    (void)count;
    (void)image;
    record_of(s)->misuse++; /* the body never commits */
    return APIPIE_E_INTERNAL;
}

static void record_abort(struct pie_sink *s, uint32_t slot)
{
    struct record_sink *r = record_of(s);
    if (slot >= RECORD_SLOTS || r->state[slot] == ' ' || r->state[slot] == 'a') {
        r->misuse++;
        return;
    }
    r->state[slot] = 'a';
    pie_buf_clear(&r->bytes[slot]);
}

static void record_close(struct pie_sink *s)
{
    (void)s;
}

static const struct pie_sink_type record_type = {
    "record",          record_open,     record_slot_begin,
    record_slot_write, record_slot_end, record_commit,
    record_abort,      record_close,    NULL};

void record_sink_init(struct record_sink *s)
{
    memset(s, 0, sizeof(*s));
    s->base.type = &record_type;
    s->room = UINT64_MAX;
    memset(s->state, ' ', sizeof(s->state));
    for (size_t i = 0; i < RECORD_SLOTS; i++)
        pie_buf_init(&s->bytes[i], &pie_mem_libc, SIZE_MAX);
}

void record_sink_free(struct record_sink *s)
{
    for (size_t i = 0; i < RECORD_SLOTS; i++)
        pie_buf_free(&s->bytes[i]);
}

static void record_sketch(void *user, size_t image, struct pie_buf *bytes, const char *mime)
{
    struct record_run *run = user;
    char line[96];
    snprintf(line, sizeof(line), "sketch: %u %s %lu ", (unsigned)image, mime,
             (unsigned long)bytes->n);
    pie_buf_add_text(&run->sketches, line);
    pie_buf_add_slice(&run->sketches, pie_buf_slice(bytes));
    pie_buf_add_char(&run->sketches, '\n');
    if ((image & 1) != 0) /* it may be taken */
        pie_buf_free(bytes);
}

apipie_status record_begin(const struct record *what, struct record_run *run)
{
    record_sink_init(&run->sink);
    if (what->sink_room != 0)
        run->sink.room = what->sink_room;
    run->body = NULL;
    pie_headers_init(&run->headers, &pie_mem_libc);
    pie_buf_init(&run->sketches, &pie_mem_libc, SIZE_MAX);
    apipie_status status =
        pie_body_new(&pie_mem_libc, &run->sink.base,
                     what->max_image != 0 ? what->max_image : UINT64_MAX, &run->body);
    if (status != APIPIE_OK)
        return status;
    pie_body_set_stream(run->body, what->stream);
    pie_body_set_partial(run->body, record_sketch, run);
    pie_body_reset(run->body, what->paths, 0, what->expect_image);
    if (what->type != NULL)
        pie_headers_add(&run->headers, pie_slice_text("Content-Type"), pie_slice_text(what->type));
    struct pie_writer *w = pie_body_writer(run->body);
    return w->type->head(w, what->status != 0 ? what->status : 200,
                         what->type != NULL ? &run->headers : NULL);
}

apipie_status record_write(struct record_run *run, const void *p, size_t n)
{
    struct pie_writer *w = pie_body_writer(run->body);
    return w->type->write(w, p, n);
}

static void record_line(struct pie_buf *out, const char *name, const char *text)
{
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, ": ");
    pie_buf_add_text(out, text != NULL ? text : "-");
    pie_buf_add_char(out, '\n');
}

static void record_number(struct pie_buf *out, const char *name, int64_t v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_int_text(v, text);
    record_line(out, name, text);
}

static void record_part(struct pie_buf *out, const struct pie_part *part)
{
    static const char *const kinds[] = {"?", "null", "empty", "url", "image", "broken"};
    char line[160];
    snprintf(line, sizeof(line), "path %d [%u,%u,%u,%u] %s slot %d", (int)part->path,
             (unsigned)part->index[0], (unsigned)part->index[1], (unsigned)part->index[2],
             (unsigned)part->index[3], kinds[part->kind], (int)(int32_t)part->slot);
    if (part->event >= 0)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), " event %d", (int)part->event);
    record_line(out, "part", line);
    if (part->kind == PIE_PART_URL)
        record_line(out, "  url", part->url);
    if (part->kind == PIE_PART_IMAGE) {
        snprintf(line, sizeof(line), "%s %dx%d, %llu bytes", part->mime, (int)part->width,
                 (int)part->height, (unsigned long long)part->size);
        record_line(out, "  image", line);
    }
    if (part->kind == PIE_PART_BROKEN) {
        snprintf(line, sizeof(line), "%d %s", (int)part->status, part->problem);
        record_line(out, "  broken", line);
    }
}

static void record_slots(struct pie_buf *out, const struct record_sink *s)
{
    char line[96];
    for (size_t i = 0; i < RECORD_SLOTS; i++) {
        if (s->state[i] == ' ')
            continue;
        snprintf(line, sizeof(line), "%u %c %s %lu ", (unsigned)i, s->state[i], s->mime[i],
                 (unsigned long)s->bytes[i].n);
        pie_buf_add_text(out, "slot: ");
        pie_buf_add_text(out, line);
        pie_buf_add_slice(out, pie_buf_slice(&s->bytes[i]));
        pie_buf_add_char(out, '\n');
    }
    record_number(out, "misuse", s->misuse);
}

void record_end(const struct record *what, struct record_run *run, struct pie_buf *out)
{
    static const char *const kinds[] = {"none", "json", "image", "events", "text"};
    struct pie_body *b = run->body;
    size_t n = 0;
    pie_body_finish(b, !what->cut);
    record_line(out, "kind", kinds[pie_body_kind(b)]);
    record_number(out, "failure", pie_body_failure(b));
    record_number(out, "shortened", pie_body_shortened(b));
    const struct pie_damage *damage = pie_body_damage(b);
    if (damage->found) {
        record_number(out, "damage", (int64_t)damage->offset);
        record_line(out, "  what", damage->what);
    }
    if (pie_body_event_failed(b) >= 0)
        record_number(out, "failed", pie_body_event_failed(b));
    pie_buf_add_slice(out, pie_buf_slice(&run->sketches));
    const struct pie_part *parts = pie_body_parts(b, &n);
    for (size_t i = 0; i < n; i++)
        record_part(out, &parts[i]);
    record_slots(out, &run->sink);
    pie_buf_add_text(out, "rest: ");
    pie_buf_add_slice(out, pie_body_rest(b));
    pie_buf_add_char(out, '\n');
    run->body = pie_body_free(b);
    pie_headers_free(&run->headers);
    pie_buf_free(&run->sketches);
    record_sink_free(&run->sink);
}

void record_pieces(const struct record *what, const void *p, size_t n, size_t first, size_t step,
                   struct pie_buf *out)
{
    struct record_run run;
    if (record_begin(what, &run) != APIPIE_OK)
        abort();
    size_t at = 0;
    size_t piece = first < n ? first : n;
    while (at < n || piece != 0) {
        /* a copy of its own: reading behind a chunk must not go unseen */
        char *chunk = malloc(piece != 0 ? piece : 1);
        if (chunk == NULL)
            abort();
        memcpy(chunk, (const char *)p + at, piece);
        apipie_status status = record_write(&run, chunk, piece);
        free(chunk);
        if (status != APIPIE_OK)
            record_number(out, "write failed", status);
        at += piece;
        piece = step != 0 && step < n - at ? step : n - at;
    }
    record_end(what, &run, out);
}
