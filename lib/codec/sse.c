/* SPDX-License-Identifier: MIT */
/* Knows how an event stream is taken apart (https://html.spec.whatwg.org/multipage/server-sent-events.html); must not hold its data,
 * nor know what it says. */
#include "codec/codec.h"

enum {
    SSE_MARK,  /* the byte order mark, perhaps */
    SSE_LINE,  /* a line begins */
    SSE_FIELD, /* in its name */
    SSE_BLANK, /* behind the colon: one blank belongs to it */
    SSE_VALUE,
    SSE_DONE /* "[DONE]" came: nothing is read any more */
};

/* Fields. id and retry are for who connects again: a paid call is never sent again for its stream. */
enum { SSE_OTHER, SSE_DATA, SSE_EVENT };

static const char sse_order_mark[3] = "\xEF\xBB\xBF";
static const char sse_last[6] = "[DONE]";

#define SSE_NOT_LAST (sizeof(sse_last) + 1) /* the data at hand begins otherwise */

void pie_sse_init(struct pie_sse *s, const struct pie_sse_out *out, void *user, uint64_t at)
{
    memset(s, 0, sizeof(*s));
    s->out = out;
    s->user = user;
    s->at = at;
    s->state = SSE_MARK;
}

struct pie_slice pie_sse_name(const struct pie_sse *s)
{
    return pie_slice(s->name, s->name_n <= sizeof(s->name) ? s->name_n : 0);
}

int32_t pie_sse_is_done(const struct pie_sse *s)
{
    return s->state == SSE_DONE;
}

static void sse_check(struct pie_sse *s, apipie_status status)
{
    if (s->failed == APIPIE_OK)
        s->failed = status;
}

/* Keeps what fits into `text`, and counts the rest. */
static void sse_keep(char *text, size_t room, size_t *n, const char *p, size_t add)
{
    if (*n < room)
        memcpy(text + *n, p, add < room - *n ? add : room - *n);
    *n = add > SIZE_MAX - *n ? SIZE_MAX : *n + add;
}

/* ---- data */

static void sse_hand_on(struct pie_sse *s, const char *p, size_t n)
{
    if (!s->open) {
        s->open = 1;
        sse_check(s, s->out->begin(s->user));
    }
    if (n != 0 && s->failed == APIPIE_OK)
        sse_check(s, s->out->data(s->user, p, n));
}

/* It does not begin with "[DONE]": what looked like it goes on. */
static void sse_not_last(struct pie_sse *s)
{
    size_t n = s->mark;
    if (n == SSE_NOT_LAST)
        return;
    uint64_t at = s->at;
    s->mark = SSE_NOT_LAST;
    s->at = s->mark_at;
    sse_hand_on(s, sse_last, n);
    s->at = at;
}

static void sse_data(struct pie_sse *s, const char *p, size_t n)
{
    if (s->mark == 0)
        s->mark_at = s->at;
    while (n != 0 && s->mark < sizeof(sse_last) && *p == sse_last[s->mark]) {
        s->mark++;
        s->at++;
        p++;
        n--;
    }
    if (s->mark == sizeof(sse_last)) {
        s->state = SSE_DONE;
        return;
    }
    if (n == 0)
        return;
    sse_not_last(s);
    sse_hand_on(s, p, n);
}

/* ---- lines */

static void sse_value_begin(struct pie_sse *s)
{
    s->state = SSE_BLANK;
    if (s->field == SSE_EVENT)
        s->name_n = 0;
    if (s->field != SSE_DATA)
        return;
    if (s->has_data)
        sse_data(s, "\n", 1); /* between two lines of it */
    s->has_data = 1;
}

static void sse_field_end(struct pie_sse *s)
{
    struct pie_slice field = pie_slice(s->field_name, s->field_n);
    s->field = SSE_OTHER;
    if (s->field_n <= sizeof(s->field_name))
        s->field = pie_slice_equal(field, "data")    ? SSE_DATA
                   : pie_slice_equal(field, "event") ? SSE_EVENT
                                                     : SSE_OTHER;
    sse_value_begin(s);
}

static void sse_event_end(struct pie_sse *s)
{
    if (s->has_data) {
        sse_not_last(s);
        if (s->failed == APIPIE_OK)
            sse_check(s, s->out->end(s->user));
    }
    s->open = s->has_data = 0;
    s->mark = s->name_n = 0;
}

static void sse_line_end(struct pie_sse *s)
{
    if (s->state == SSE_LINE)
        sse_event_end(s);
    else if (s->state == SSE_FIELD)
        sse_field_end(s);
    s->state = SSE_LINE;
}

static int32_t sse_is_end(char c)
{
    return c == '\n' || c == '\r';
}

/* The line feed of "\r\n" may come with the next bytes. */
static const char *sse_end(struct pie_sse *s, const char *at)
{
    s->after_return = *at == '\r';
    sse_line_end(s);
    return at + 1;
}

/* ---- states. Each returns where to go on. */

static const char *sse_mark(struct pie_sse *s, const char *at)
{
    if (*at == sse_order_mark[s->mark]) {
        s->mark++;
        if (s->mark == sizeof(sse_order_mark)) {
            s->mark = 0;
            s->state = SSE_LINE;
        }
        return at + 1;
    }
    s->state = s->mark != 0 ? SSE_FIELD : SSE_LINE; /* half a mark is a field that nobody knows */
    sse_keep(s->field_name, sizeof(s->field_name), &s->field_n, sse_order_mark, s->mark);
    s->mark = 0;
    return at;
}

static const char *sse_line(struct pie_sse *s, const char *at)
{
    int32_t second = s->after_return && *at == '\n';
    s->after_return = 0;
    if (second)
        return at + 1;
    if (sse_is_end(*at))
        return sse_end(s, at);
    s->field_n = 0;
    s->state = SSE_FIELD; /* a comment is a field without a name */
    return at;
}

static const char *sse_field(struct pie_sse *s, const char *at, const char *end)
{
    const char *start = at;
    while (at < end && *at != ':' && !sse_is_end(*at))
        at++;
    sse_keep(s->field_name, sizeof(s->field_name), &s->field_n, start, (size_t)(at - start));
    s->at += (uint64_t)(at - start);
    if (at == end)
        return at;
    if (*at != ':')
        return sse_end(s, at);
    sse_field_end(s);
    return at + 1;
}

/* The next line feed is looked for once, not once for every line that ends otherwise. */
static const char *sse_find_end(const char *at, const char *end, const char **feed)
{
    if (*feed == NULL || *feed < at) {
        *feed = memchr(at, '\n', (size_t)(end - at));
        if (*feed == NULL)
            *feed = end;
    }
    const char *back = memchr(at, '\r', (size_t)(*feed - at));
    return back != NULL ? back : *feed;
}

static const char *sse_value(struct pie_sse *s, const char *at, const char *end, const char **feed)
{
    const char *stop = sse_find_end(at, end, feed);
    size_t n = (size_t)(stop - at);
    if (s->field == SSE_DATA)
        sse_data(s, at, n);
    else if (s->field == SSE_EVENT)
        sse_keep(s->name, sizeof(s->name), &s->name_n, at, n);
    return stop == end || s->state == SSE_DONE ? end : sse_end(s, stop);
}

static const char *sse_step(struct pie_sse *s, const char *at, const char *end, const char **feed)
{
    switch (s->state) {
    case SSE_MARK:
        return sse_mark(s, at);
    case SSE_LINE:
        return sse_line(s, at);
    case SSE_FIELD:
        return sse_field(s, at, end);
    case SSE_BLANK:
        s->state = SSE_VALUE;
        return at + (*at == ' ');
    case SSE_VALUE:
        return sse_value(s, at, end, feed);
    default:
        return end;
    }
}

apipie_status pie_sse_write(struct pie_sse *s, const char *p, size_t n)
{
    const char *at = p;
    const char *end = p + n;
    const char *feed = NULL;
    uint64_t start = s->at;
    while (at < end && s->failed == APIPIE_OK) {
        s->at = start + (uint64_t)(at - p);
        at = sse_step(s, at, end, &feed);
    }
    s->at = start + n;
    return s->failed;
}

apipie_status pie_sse_finish(struct pie_sse *s)
{
    if (s->state == SSE_DONE || s->failed != APIPIE_OK)
        return s->failed;
    if (s->state != SSE_LINE && s->state != SSE_MARK)
        sse_line_end(s);
    sse_event_end(s);
    s->state = SSE_DONE;
    return s->failed;
}
