/* SPDX-License-Identifier: MIT */
/* Knows how the events of a stream become parts, sketches and one array; must not know a provider, nor hold a picture that counts. */
#include "flow/body_priv.h"

/* What the data of the event at hand is. */
enum { EVENTS_BLANK, EVENTS_JSON, EVENTS_TEXT };

/* What is put aside. */
enum { EVENTS_ASIDE_FREE, EVENTS_ASIDE_OPEN, EVENTS_ASIDE_FULL };

/* What may be needed behind the elements: to close the last one, and for one more that is dropped again. */
#define EVENTS_CLOSING (3 * PIE_REST_CLOSING)

/* ---- a sink for one picture in memory */

static struct pie_buf *events_aside_bytes(struct pie_sink *s)
{
    return &((struct pie_aside *)(void *)s)->bytes;
}

static apipie_status events_aside_begin(struct pie_sink *s, uint32_t slot, const char *mime)
{
    (void)slot;
    (void)mime;
    pie_buf_free(events_aside_bytes(s));
    return APIPIE_OK;
}

static apipie_status events_aside_write(struct pie_sink *s, uint32_t slot, const uint8_t *p,
                                        size_t n)
{
    struct pie_buf *bytes = events_aside_bytes(s);
    (void)slot;
    pie_buf_add(bytes, p, n);
    if (bytes->failed == APIPIE_OK)
        return APIPIE_OK;
    pie_text_copy(pie_slice_text("out of memory for the picture"), s->problem, sizeof(s->problem));
    return APIPIE_E_MEMORY;
}

static apipie_status events_aside_end(struct pie_sink *s, uint32_t slot)
{
    (void)s;
    (void)slot;
    return APIPIE_OK;
}

static void events_aside_abort(struct pie_sink *s, uint32_t slot)
{
    (void)slot;
    pie_buf_free(events_aside_bytes(s));
}

/* It is opened, committed and closed by nobody. */
static const struct pie_sink_type events_aside_type = {"aside",
                                                       NULL,
                                                       events_aside_begin,
                                                       events_aside_write,
                                                       events_aside_end,
                                                       NULL,
                                                       events_aside_abort,
                                                       NULL,
                                                       NULL};

static void events_aside_drop(struct pie_body *b)
{
    struct pie_events *e = &b->events;
    if (e->aside_state == EVENTS_ASIDE_FULL)
        pie_mem_free(b->mem, e->aside_part.url);
    e->aside_state = EVENTS_ASIDE_FREE;
    pie_buf_free(&e->aside.bytes);
}

void pie_events_init(struct pie_body *b)
{
    struct pie_events *e = &b->events;
    e->aside.base.type = &events_aside_type;
    pie_buf_init(&e->aside.bytes, b->mem, SIZE_MAX); /* the picture counts its bytes */
}

void pie_events_free(struct pie_body *b)
{
    events_aside_drop(b);
}

/* ---- what an event is */

static int32_t events_kind_of(const struct pie_stream *stream, struct pie_slice name)
{
    for (const struct pie_event *each = stream->events; each->ends != NULL; each++) {
        size_t n = strlen(each->ends);
        if (name.n >= n && memcmp(name.p + name.n - n, each->ends, n) == 0)
            return each->kind;
    }
    return 0;
}

static int32_t events_is(const struct pie_body *b, int32_t kind)
{
    struct pie_slice name = pie_sse_name(&b->events.sse);
    return (b->events.named && b->events.named_kind == kind) ||
           (name.n != 0 && events_kind_of(b->stream, name) == kind);
}

/* As far as is known: the stream names an event before or behind its data, and the data may too, at any place. */
static int32_t events_is_named(const struct pie_body *b)
{
    return b->events.named || pie_sse_name(&b->events.sse).n != 0;
}

/* All that names it must say so: a picture that may have been paid is no sketch. */
static int32_t events_is_sketch(const struct pie_body *b)
{
    struct pie_slice name = pie_sse_name(&b->events.sse);
    if (b->events.counts || !events_is(b, PIE_EVENT_PARTIAL))
        return 0;
    return (!b->events.named || b->events.named_kind == PIE_EVENT_PARTIAL) &&
           (name.n == 0 || events_kind_of(b->stream, name) == PIE_EVENT_PARTIAL);
}

/* ---- pictures */

/* What was put aside counts: it goes the way that it would have gone. */
static apipie_status events_settle(struct pie_body *b)
{
    struct pie_events *e = &b->events;
    if (e->aside_state != EVENTS_ASIDE_FULL)
        return APIPIE_OK;
    e->aside_state = EVENTS_ASIDE_FREE;
    b->part = e->aside_part;
    if (b->part.kind == PIE_PART_IMAGE) {
        pie_picture_begin(&b->picture, b->sink, &b->next_slot, b->max_image_bytes);
        pie_picture_write(&b->picture, (const uint8_t *)e->aside.bytes.p, e->aside.bytes.n);
        pie_picture_end(&b->picture, &b->part);
        e->aside_gave_up = b->picture.gave_up;
    }
    pie_buf_free(&e->aside.bytes);
    pie_body_gave_up(b, e->aside_gave_up);
    return pie_parts_put(&b->parts, &b->part);
}

/* 1 when the picture that begins is put aside: as long as it may be a sketch. */
static int32_t events_goes_aside(struct pie_body *b)
{
    return !b->events.counts && (events_is_sketch(b) || !events_is_named(b));
}

static apipie_status events_begin(void *user, int32_t path, const uint32_t index[PIE_PATH_INDICES])
{
    struct pie_body *b = user;
    struct pie_events *e = &b->events;
    uint32_t place[PIE_PATH_INDICES] = {e->images};
    apipie_status status = APIPIE_OK;
    memcpy(place + 1, index, sizeof(place) - sizeof(place[0]));
    if (e->aside_state == EVENTS_ASIDE_FULL && !events_is_sketch(b)) {
        e->counts = 1;
        status = events_settle(b);
    }
    int32_t aside = events_goes_aside(b);
    pie_body_place(b, path, place);
    b->ignored = b->sink == NULL || e->aside_state == EVENTS_ASIDE_FULL;
    if (!b->ignored && !pie_parts_room(&b->parts, &b->part)) {
        pie_damage_note(&b->split.damage, b->split.value_at, "more pictures than can be taken");
        b->ignored = 1;
    }
    if (b->ignored)
        return status;
    e->aside_state = aside ? EVENTS_ASIDE_OPEN : EVENTS_ASIDE_FREE;
    e->aside_slot = 0;
    b->form.sink = aside ? &e->aside.base : b->sink;
    b->form.next_slot = aside ? &e->aside_slot : &b->next_slot;
    b->form.picture.view = aside ? NULL : b->view;
    pie_form_begin(&b->form, b->stream->paths[path].kind);
    return status;
}

static apipie_status events_text(void *user, const char *p, size_t n)
{
    struct pie_body *b = user;
    if (!b->ignored)
        pie_form_write(&b->form, p, n);
    return APIPIE_OK;
}

static apipie_status events_end(void *user, int32_t whole)
{
    struct pie_body *b = user;
    struct pie_events *e = &b->events;
    if (b->ignored)
        return APIPIE_OK;
    apipie_status status = pie_form_end(&b->form, whole, &b->part);
    if (e->aside_state == EVENTS_ASIDE_OPEN) {
        e->aside_state = EVENTS_ASIDE_FULL;
        e->aside_part = b->part;
        e->aside_gave_up = b->form.picture.gave_up;
        return status;
    }
    if (status != APIPIE_OK)
        return status;
    pie_body_gave_up(b, b->form.picture.gave_up);
    return pie_parts_put(&b->parts, &b->part);
}

static apipie_status events_nothing(void *user, int32_t path,
                                    const uint32_t index[PIE_PATH_INDICES])
{
    struct pie_body *b = user;
    uint32_t place[PIE_PATH_INDICES] = {b->events.images};
    memcpy(place + 1, index, sizeof(place) - sizeof(place[0]));
    pie_body_place(b, path, place);
    if (!pie_parts_room(&b->parts, &b->part))
        return APIPIE_OK;
    b->part.kind = PIE_PART_NULL;
    return pie_parts_put(&b->parts, &b->part);
}

static void events_name(void *user, struct pie_slice name)
{
    struct pie_body *b = user;
    b->events.named = name.n != 0;
    b->events.named_kind = events_kind_of(b->stream, name);
}

static const struct pie_split_out events_split_out = {events_begin, events_text, events_end,
                                                      events_nothing, events_name};

/* ---- the element of an event */

/* Where the elements must end. */
static size_t events_room(const struct pie_body *b)
{
    return b->text.max > EVENTS_CLOSING ? b->text.max - EVENTS_CLOSING : 0;
}

/* Its element is limited, for one that talks must not push out those that have pictures. */
static void events_limit(struct pie_body *b)
{
    size_t room = events_room(b);
    size_t n = b->text.n;
    b->split.rest.limit = n < room && room - n > PIE_EVENT_REST_MAX ? n + PIE_EVENT_REST_MAX : room;
}

/* The first byte tells whether it is JSON. */
static void events_open(struct pie_body *b, int32_t json)
{
    struct pie_events *e = &b->events;
    e->form = json ? EVENTS_JSON : EVENTS_TEXT;
    if (e->kept != 0)
        pie_buf_add_char(&b->text, ',');
    pie_split_init(&b->split, b->stream->paths, &events_split_out, b, &b->text, e->sse.at);
    events_limit(b);
    if (!json)
        pie_rest_string_begin(&b->split.rest);
}

static void events_close(struct pie_body *b)
{
    if (b->events.form == EVENTS_BLANK)
        return;
    if (b->events.form == EVENTS_TEXT) {
        pie_rest_string_end(&b->split.rest);
        pie_rest_finish(&b->split.rest);
    } else {
        pie_split_check(&b->split, pie_split_finish(&b->split));
    }
    pie_split_check(&b->split, b->text.failed);
}

/* Its parts learn where they stood. */
static void events_keep(struct pie_body *b)
{
    struct pie_events *e = &b->events;
    int32_t error = events_is(b, PIE_EVENT_ERROR) && e->failed < 0;
    int32_t fits = e->text_start <= events_room(b);
    int32_t pictures = b->parts.n > e->parts_start;
    if (!fits || (e->kept >= PIE_EVENTS_MAX && !pictures && !error)) {
        pie_buf_truncate(&b->text, e->text_start);
        b->shortened |= !fits;
        return;
    }
    for (size_t i = e->parts_start; i < b->parts.n; i++)
        b->parts.list[i].event = (int32_t)e->kept;
    if (error)
        e->failed = (int32_t)e->kept;
    b->shortened |= b->split.rest.shortened;
    e->kept++;
}

/* A sketch leaves nothing behind. */
static void events_show(struct pie_body *b)
{
    struct pie_events *e = &b->events;
    if (e->aside_state == EVENTS_ASIDE_FULL && e->aside_part.kind == PIE_PART_IMAGE &&
        b->partial_fn != NULL)
        b->partial_fn(b->partial_user, e->images, &e->aside.bytes, e->aside_part.mime);
    events_aside_drop(b);
    pie_parts_cut(&b->parts, e->parts_start);
    pie_buf_truncate(&b->text, e->text_start);
}

/* ---- what the stream tells */

static apipie_status events_opened(void *user)
{
    struct pie_body *b = user;
    struct pie_events *e = &b->events;
    e->form = EVENTS_BLANK;
    e->text_start = b->text.n;
    e->parts_start = b->parts.n;
    e->named = e->named_kind = e->counts = 0;
    return APIPIE_OK;
}

static apipie_status events_data(void *user, const char *p, size_t n)
{
    struct pie_body *b = user;
    struct pie_events *e = &b->events;
    size_t i = 0;
    while (e->form == EVENTS_BLANK && i < n && pie_is_blank(p[i]))
        i++;
    if (i == n)
        return APIPIE_OK;
    if (e->form == EVENTS_BLANK)
        events_open(b, p[i] == '{' || p[i] == '[');
    b->split.chunk_at = e->sse.at + i;
    if (e->form == EVENTS_JSON)
        return pie_split_write(&b->split, p + i, n - i);
    pie_rest_string_text(&b->split.rest, p + i, n - i);
    return b->text.failed;
}

static apipie_status events_closed(void *user)
{
    struct pie_body *b = user;
    struct pie_events *e = &b->events;
    if (e->form == EVENTS_BLANK && events_is(b, PIE_EVENT_ERROR))
        events_open(b, 0);
    if (e->form == EVENTS_BLANK)
        return APIPIE_OK;
    events_close(b);
    if (events_is_sketch(b)) {
        events_show(b);
        return b->split.failed;
    }
    pie_split_check(&b->split, events_settle(b));
    if (b->split.damage.found)
        pie_damage_note(&b->damage, b->split.damage.offset, b->split.damage.what);
    events_keep(b);
    e->images += b->parts.n > e->parts_start;
    return b->split.failed;
}

static const struct pie_sse_out events_out = {events_opened, events_data, events_closed};

void pie_events_start(struct pie_body *b, uint64_t at)
{
    struct pie_events *e = &b->events;
    e->kept = 0;
    e->images = 0;
    e->failed = -1;
    events_aside_drop(b);
    pie_buf_add_char(&b->text, '[');
    pie_sse_init(&e->sse, &events_out, b, at);
}

apipie_status pie_events_finish(struct pie_body *b)
{
    struct pie_events *e = &b->events;
    int32_t done = pie_sse_is_done(&e->sse);
    apipie_status status = pie_sse_finish(&e->sse);
    if (status != APIPIE_OK && e->sse.open) { /* nothing stays open in the sink */
        events_close(b);
        events_aside_drop(b);
    }
    if (e->images == 0 && e->failed < 0 && !done)
        pie_damage_note(&b->damage, e->sse.at, "the stream ends before a picture is complete");
    pie_buf_add_char(&b->text, ']');
    return status == APIPIE_OK ? b->text.failed : status;
}
