/* SPDX-License-Identifier: MIT */
/* Knows what kind of body a reply is, by its first bytes, and who reads it; must not know a provider or a socket. */
#include "flow/body_priv.h"

/* ---- what the splitter tells */

void pie_body_place(struct pie_body *b, int32_t path, const uint32_t index[PIE_PATH_INDICES])
{
    memset(&b->part, 0, sizeof(b->part));
    b->part.path = path;
    b->part.event = -1;
    b->part.slot = PIE_SLOT_NONE;
    if (index != NULL)
        memcpy(b->part.index, index, sizeof(b->part.index));
}

void pie_body_gave_up(struct pie_body *b, apipie_status why)
{
    if (b->failure == APIPIE_OK && b->part.kind == PIE_PART_BROKEN)
        b->failure = why;
}

static apipie_status body_begin(void *user, int32_t path, const uint32_t index[PIE_PATH_INDICES])
{
    struct pie_body *b = user;
    pie_body_place(b, path, index);
    b->ignored = b->sink == NULL || !pie_parts_room(&b->parts, &b->part);
    if (b->ignored) {
        pie_damage_note(&b->split.damage, b->split.value_at, "more pictures than can be taken");
        return APIPIE_OK;
    }
    pie_form_begin(&b->form, b->paths[path].kind);
    return APIPIE_OK;
}

static apipie_status body_text(void *user, const char *p, size_t n)
{
    struct pie_body *b = user;
    if (!b->ignored)
        pie_form_write(&b->form, p, n);
    return APIPIE_OK;
}

static apipie_status body_end(void *user, int32_t whole)
{
    struct pie_body *b = user;
    if (b->ignored)
        return APIPIE_OK;
    apipie_status status = pie_form_end(&b->form, whole, &b->part);
    if (status != APIPIE_OK)
        return status;
    pie_body_gave_up(b, b->form.picture.gave_up);
    return pie_parts_put(&b->parts, &b->part);
}

static apipie_status body_nothing(void *user, int32_t path, const uint32_t index[PIE_PATH_INDICES])
{
    struct pie_body *b = user;
    pie_body_place(b, path, index);
    if (!pie_parts_room(&b->parts, &b->part))
        return APIPIE_OK;
    b->part.kind = PIE_PART_NULL;
    return pie_parts_put(&b->parts, &b->part);
}

static const struct pie_split_out body_split_out = {body_begin, body_text, body_end, body_nothing,
                                                    NULL};

/* ---- what kind of body it is */

/* Past a byte order mark and blanks; some servers send blanks to keep the connection alive. */
static size_t body_blank(const uint8_t *p, size_t n)
{
    size_t i = n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (i < n && pie_is_blank(p[i]))
        i++;
    return i;
}

/* A picture of a format that we do not know is not printable. */
static int32_t body_looks_like_text(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == 0x7F || (p[i] < 0x20 && !pie_is_blank(p[i])))
            return 0;
    }
    size_t valid = pie_utf8_valid((const char *)p, n);
    return valid == n || (n == BODY_HELD && n - valid < 4);
}

static int32_t body_picture_or_text(const struct pie_body *b, const uint8_t *p, size_t n)
{
    const char *mime = pie_magic_mime(p, n);
    if (strcmp(mime, PIE_MIME_UNKNOWN) != 0)
        return BODY_PICTURE;
    return b->expect_image && !body_looks_like_text(p, n) ? BODY_PICTURE : BODY_TEXT;
}

/* Some say "text/plain" of a stream. A data URI has no brace behind its colon. */
static int32_t body_begins_events(struct pie_slice s)
{
    static const char data[] = "data:";
    size_t i = sizeof(data) - 1;
    if (pie_slice_starts_nocase(s, "event:"))
        return 1;
    if (!pie_slice_starts_nocase(s, data))
        return 0;
    while (i < s.n && pie_is_blank(s.p[i]))
        i++;
    return i < s.n && s.p[i] == '{';
}

/* BODY_UNDECIDED: more bytes are needed. */
static int32_t body_decide(const struct pie_body *b, int32_t final)
{
    const uint8_t *p = b->held;
    size_t n = b->held_n;
    size_t start = body_blank(p, n);
    if (!b->good)
        return BODY_TEXT;
    if (start < n && (p[start] == '{' || p[start] == '['))
        return b->expect_image ? BODY_TEXT : BODY_SPLIT;
    if (start < n && b->stream != NULL && b->says_events)
        return BODY_EVENTS; /* a multipart body says something else */
    if (start == n || (n < BODY_HELD && !final))
        return BODY_UNDECIDED;
    if (b->sink == NULL)
        return BODY_TEXT;
    if (b->stream != NULL && !b->sections.on &&
        body_begins_events(pie_slice((const char *)p + start, n - start)))
        return BODY_EVENTS;
    if (pie_slice_starts_nocase(pie_slice((const char *)p + start, n - start), "data:"))
        return BODY_FORM;
    return body_picture_or_text(b, p, n);
}

/* ---- reading */

static void body_keep_text(struct pie_body *b, const uint8_t *p, size_t n)
{
    size_t room = PIE_BODY_TEXT_MAX - b->text.n;
    if (n > room)
        b->shortened = 1;
    pie_buf_add(&b->text, p, n < room ? n : room);
}

static apipie_status body_read(struct pie_body *b, const uint8_t *p, size_t n)
{
    switch (b->reader) {
    case BODY_SPLIT:
        return pie_split_write(&b->split, (const char *)p, n);
    case BODY_EVENTS:
        return pie_sse_write(&b->events.sse, (const char *)p, n);
    case BODY_FORM:
        pie_form_write(&b->form, (const char *)p, n);
        return APIPIE_OK;
    case BODY_PICTURE:
        pie_picture_write(&b->picture, p, n);
        return APIPIE_OK;
    case BODY_TEXT:
        body_keep_text(b, p, n);
        return b->text.failed;
    default:
        return APIPIE_OK;
    }
}

/* The reader is known: it gets what was held, bytes all of it, text without what stands before. */
static apipie_status body_settle(struct pie_body *b, int32_t reader)
{
    size_t start = reader == BODY_PICTURE ? 0 : body_blank(b->held, b->held_n);
    pie_body_place(b, -1, NULL);
    b->reader = reader = b->sections.on ? pie_sections_choose(b, reader) : reader;
    if (reader == BODY_SPLIT)
        pie_split_init(&b->split, b->paths, &body_split_out, b, &b->text,
                       b->offset - (b->held_n - start));
    else if (reader == BODY_EVENTS)
        pie_events_start(b, b->offset - (b->held_n - start));
    else if (reader == BODY_FORM)
        pie_form_begin(&b->form, PIE_PATH_IMAGE);
    else if (reader == BODY_PICTURE)
        pie_picture_begin(&b->picture, b->sink, &b->next_slot, b->max_image_bytes);
    return body_read(b, b->held + start, b->held_n - start);
}

/* Nothing but blanks so far is no picture: they need not be held. */
static void body_forget_blanks(struct pie_body *b)
{
    if (b->held_n == BODY_HELD && body_blank(b->held, b->held_n) == b->held_n)
        b->held_n = 0;
}

/* Holds bytes, one by one so that the result does not depend on how they were cut, until the reader is known.
 * Returns how many were used. */
static size_t body_hold(struct pie_body *b, const uint8_t *p, size_t n, apipie_status *ret_status)
{
    size_t i = 0;
    while (i < n && b->reader == BODY_UNDECIDED) {
        body_forget_blanks(b);
        b->held[b->held_n++] = p[i++];
        b->offset++;
        if (b->held_n < BODY_HELD && pie_is_blank(p[i - 1]))
            continue;
        int32_t reader = body_decide(b, 0);
        if (reader != BODY_UNDECIDED)
            *ret_status = body_settle(b, reader);
    }
    return i;
}

/* What they say of the type is only a hint, and often wrong: pictures and JSON are known by their bytes. */
static int32_t body_says_events(const char *type)
{
    if (type == NULL)
        return 0;
    return pie_slice_equal_nocase(pie_slice_trim(pie_slice(type, strcspn(type, ";"))),
                                  "text/event-stream");
}

static apipie_status body_head(struct pie_writer *w, int32_t status,
                               const struct pie_headers *headers)
{
    struct pie_body *b = (struct pie_body *)w;
    const char *type = headers != NULL ? pie_headers_get(headers, "content-type") : NULL;
    b->says_events = body_says_events(type);
    pie_sections_start(b, pie_multiread_boundary(type));
    b->good = status >= 200 && status <= 299;
    return APIPIE_OK;
}

apipie_status pie_body_feed(struct pie_body *b, const uint8_t *p, size_t n)
{
    apipie_status status = APIPIE_OK;
    size_t i = 0;
    if (b->reader == BODY_UNDECIDED)
        i = body_hold(b, p, n, &status);
    if (status != APIPIE_OK || i == n)
        return status;
    status = body_read(b, p + i, n - i);
    b->offset += n - i;
    return status;
}

static apipie_status body_write(struct pie_writer *w, const uint8_t *p, size_t n)
{
    struct pie_body *b = (struct pie_body *)w;
    return b->sections.on ? pie_sections_write(b, p, n) : pie_body_feed(b, p, n);
}

static apipie_status body_ended(struct pie_writer *w)
{
    (void)w; /* pie_body_finish does it, after a cut too */
    return APIPIE_OK;
}

static const struct pie_writer_type body_writer_type = {"body", body_head, body_write, body_ended};

/* ---- the door */

apipie_status pie_body_new(const struct pie_mem *mem, struct pie_sink *sink,
                           uint64_t max_image_bytes, struct pie_body **ret)
{
    struct pie_body *b = pie_mem_new(mem, 1, sizeof(*b));
    if (b == NULL)
        return APIPIE_E_MEMORY;
    b->writer.type = &body_writer_type;
    b->mem = mem;
    b->sink = sink;
    b->max_image_bytes = max_image_bytes;
    pie_buf_init(&b->text, mem, PIE_REST_MAX);
    pie_form_init(&b->form, mem, sink, &b->next_slot, max_image_bytes);
    pie_parts_init(&b->parts, mem, sink);
    pie_events_init(b);
    *ret = b;
    return APIPIE_OK;
}

struct pie_body *pie_body_free(struct pie_body *b)
{
    if (b == NULL)
        return NULL;
    pie_events_free(b);
    pie_parts_free(&b->parts);
    pie_form_free(&b->form);
    pie_buf_free(&b->text);
    return pie_mem_free(b->mem, b);
}

void pie_body_show(struct pie_body *b, struct pie_view *view)
{
    b->picture.view = b->form.picture.view = b->view = view;
}

void pie_body_set_stream(struct pie_body *b, const struct pie_stream *stream)
{
    b->stream = stream;
}

void pie_body_set_partial(struct pie_body *b, pie_partial_fn fn, void *user)
{
    b->partial_fn = fn;
    b->partial_user = user;
}

void pie_body_reset(struct pie_body *b, const struct pie_path *paths, uint32_t first_slot,
                    int32_t expect_image)
{
    pie_body_finish(b, 0); /* a leg that was given up leaves nothing open in the sink */
    pie_parts_clear(&b->parts);
    pie_buf_clear(&b->text);
    b->paths = paths;
    b->next_slot = first_slot;
    b->expect_image = expect_image;
    b->good = b->finished = b->shortened = b->says_events = b->sections.on = 0;
    b->reader = BODY_UNDECIDED;
    b->offset = 0;
    b->held_n = 0;
    b->failure = APIPIE_OK;
    memset(&b->damage, 0, sizeof(b->damage));
}

void pie_body_set_rest(struct pie_body *b, size_t max)
{
    b->text.max = max;
}

struct pie_writer *pie_body_writer(struct pie_body *b)
{
    return &b->writer;
}

static void body_finish_picture(struct pie_body *b, int32_t complete)
{
    static const char problem[] = "the reply breaks off inside the picture";
    if (!complete) {
        pie_damage_note(&b->damage, b->offset, problem);
        pie_picture_break(&b->picture, APIPIE_E_MALFORMED, problem);
    }
    pie_picture_end(&b->picture, &b->part);
    pie_body_gave_up(b, b->picture.gave_up);
}

static apipie_status body_finish_form(struct pie_body *b, int32_t complete)
{
    apipie_status status = pie_form_end(&b->form, complete, &b->part);
    if (!complete)
        pie_damage_note(&b->damage, b->offset, "the reply breaks off");
    pie_body_gave_up(b, b->form.picture.gave_up);
    return status;
}

apipie_status pie_body_close(struct pie_body *b, int32_t complete)
{
    apipie_status status = APIPIE_OK;
    if (b->reader == BODY_UNDECIDED && b->held_n != body_blank(b->held, b->held_n))
        status = body_settle(b, body_decide(b, 1));
    if (b->reader == BODY_SPLIT)
        status = pie_split_finish(&b->split);
    else if (b->reader == BODY_EVENTS)
        status = pie_events_finish(b);
    else if (b->reader == BODY_PICTURE)
        body_finish_picture(b, complete);
    else if (b->reader == BODY_FORM)
        status = body_finish_form(b, complete);
    if (status == APIPIE_OK && (b->reader == BODY_PICTURE || b->reader == BODY_FORM))
        status = pie_parts_put(&b->parts, &b->part);
    return status;
}

void pie_body_finish(struct pie_body *b, int32_t complete)
{
    if (b->finished)
        return;
    b->finished = 1;
    apipie_status status =
        b->sections.on ? pie_sections_finish(b, complete) : pie_body_close(b, complete);
    if (b->failure == APIPIE_OK)
        b->failure = status;
}

int32_t pie_body_kind(const struct pie_body *b)
{
    switch (b->reader) {
    case BODY_SPLIT:
        return PIE_BODY_JSON;
    case BODY_EVENTS:
        return PIE_BODY_EVENTS;
    case BODY_PICTURE:
    case BODY_FORM:
        return PIE_BODY_IMAGE;
    case BODY_TEXT:
        return b->text.n != 0 ? PIE_BODY_TEXT : PIE_BODY_NONE;
    default:
        return PIE_BODY_NONE;
    }
}

struct pie_slice pie_body_rest(const struct pie_body *b)
{
    return pie_buf_slice(&b->text);
}

const struct pie_part *pie_body_parts(const struct pie_body *b, size_t *ret_n)
{
    *ret_n = b->parts.n;
    return b->parts.list;
}

const struct pie_damage *pie_body_damage(const struct pie_body *b)
{
    return b->reader == BODY_SPLIT && !b->damage.found ? &b->split.damage : &b->damage;
}

int32_t pie_body_shortened(const struct pie_body *b)
{
    return b->reader == BODY_SPLIT ? b->split.rest.shortened : b->shortened;
}

int32_t pie_body_event_failed(const struct pie_body *b)
{
    return b->reader == BODY_EVENTS ? b->events.failed : -1;
}

apipie_status pie_body_failure(const struct pie_body *b)
{
    return b->failure;
}
