/* SPDX-License-Identifier: MIT */
/* Knows how a multipart body is taken apart (RFC 2046, 5.1; RFC 7578); must not hold its parts, nor know what they are. */
#include "codec/codec.h"

enum {
    MULTI_PREAMBLE, /* nothing counts before the first delimiter */
    MULTI_TAIL,     /* behind a delimiter, up to the end of its line */
    MULTI_HEADERS,  /* of a part: what it is, its bytes tell better */
    MULTI_DATA,
    MULTI_DONE /* the last delimiter came: nothing counts behind it */
};

#define MULTI_LINE_END 2 /* of the delimiter's bytes so many are the line end before it */

struct pie_slice pie_multiread_boundary(const char *content_type)
{
    static const char multipart[] = "multipart/";
    struct pie_slice s = pie_slice_trim(pie_slice_text(content_type));
    struct pie_slice none = {NULL, 0};
    if (!pie_slice_starts_nocase(s, multipart))
        return none;
    for (const char *p = strchr(s.p, ';'); p != NULL; p = strchr(p, ';')) {
        p++;
        p += strspn(p, " \t");
        if (!pie_slice_starts_nocase(pie_slice_text(p), "boundary="))
            continue;
        p += strlen("boundary=");
        const int32_t quoted = *p == '"';
        struct pie_slice b = pie_slice(p + quoted, strcspn(p + quoted, quoted ? "\"" : "; \t"));
        return b.n <= PIE_MULTIREAD_BOUNDARY ? b : none;
    }
    return none;
}

void pie_multiread_init(struct pie_multiread *m, struct pie_slice boundary,
                        const struct pie_multiread_out *out, void *user)
{
    memset(m, 0, sizeof(*m));
    m->out = out;
    m->user = user;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.n);
    m->delimiter_n = boundary.n + 4;
    m->state = MULTI_PREAMBLE;
    m->matched = m->from = MULTI_LINE_END; /* the first one needs no line before it */
}

int32_t pie_multiread_is_done(const struct pie_multiread *m)
{
    return m->state == MULTI_DONE;
}

static void multi_check(struct pie_multiread *m, apipie_status status)
{
    if (m->failed == APIPIE_OK)
        m->failed = status;
}

static void multi_hand_on(struct pie_multiread *m, const char *p, size_t n)
{
    if (m->state == MULTI_DATA && n != 0 && m->failed == APIPIE_OK)
        multi_check(m, m->out->data(m->user, p, n));
}

static void multi_end(struct pie_multiread *m, int32_t whole)
{
    if (m->open && m->failed == APIPIE_OK)
        multi_check(m, m->out->end(m->user, whole));
    m->open = 0;
}

/* ---- the delimiter */

/* What looked like one was none: its bytes count, and those that were kept behind it. */
static void multi_give_back(struct pie_multiread *m, size_t behind)
{
    const size_t n = m->matched - m->from;
    m->matched = 0;
    m->at -= n + behind;
    multi_hand_on(m, m->delimiter + m->from, n);
    m->at += n;
    multi_hand_on(m, m->tail, behind);
    m->at += behind;
}

/* More of one that has begun. */
static const char *multi_match(struct pie_multiread *m, const char *at, const char *end)
{
    while (at < end && m->matched < m->delimiter_n && *at == m->delimiter[m->matched]) {
        m->matched++;
        m->at++;
        at++;
    }
    if (m->matched == m->delimiter_n) {
        m->was = m->state;
        m->state = MULTI_TAIL;
        m->tail_n = 0;
    } else if (at < end) {
        multi_give_back(m, 0);
    }
    return at;
}

/* The first place that may be one, as far as the bytes tell; `end`: there is none. A picture has a line feed every 256 bytes, and almost
 * never two dashes behind it. */
static const char *multi_find(struct pie_multiread *m, const char *at, const char *end)
{
    const char *feed = at;
    while ((feed = memchr(feed, '\n', (size_t)(end - feed))) != NULL) {
        const char *start = feed++;
        size_t n = (size_t)(end - feed);
        if (n > m->delimiter_n - MULTI_LINE_END)
            n = m->delimiter_n - MULTI_LINE_END;
        if (memcmp(feed, m->delimiter + MULTI_LINE_END, n) != 0)
            continue;
        m->matched = MULTI_LINE_END;
        m->from = start == at || start[-1] != '\r'; /* some write line feeds alone */
        return start - (m->from == 0);
    }
    if (at == end || end[-1] != '\r')
        return end;
    m->matched = 1;
    m->from = 0;
    return end - 1;
}

static const char *multi_data(struct pie_multiread *m, const char *at, const char *end)
{
    if (m->matched != 0)
        return multi_match(m, at, end);
    const char *stop = multi_find(m, at, end);
    multi_hand_on(m, at, (size_t)(stop - at));
    return stop + (m->matched - (m->matched != 0 ? m->from : 0));
}

/* ---- behind it */

static void multi_part_ends(struct pie_multiread *m, int32_t state)
{
    multi_end(m, 1);
    m->state = state;
    m->matched = 0;
    m->line_n = 0;
}

static int32_t multi_tail_goes_on(const struct pie_multiread *m, char c)
{
    const char last = m->tail_n != 0 ? m->tail[m->tail_n - 1] : '\0';
    if (m->tail_n == sizeof(m->tail) || last == '\r')
        return 0;
    if (c == '-')
        return m->tail_n == 0;
    return last != '-' && (c == ' ' || c == '\t' || c == '\r');
}

/* Two dashes, or blanks and the end of the line; otherwise it was no delimiter. */
static const char *multi_tail(struct pie_multiread *m, const char *at)
{
    if (*at == '-' && m->tail_n == 1 && m->tail[0] == '-') {
        multi_part_ends(m, MULTI_DONE);
    } else if (*at == '\n' && (m->tail_n == 0 || m->tail[m->tail_n - 1] != '-')) {
        multi_part_ends(m, MULTI_HEADERS);
    } else if (multi_tail_goes_on(m, *at)) {
        m->tail[m->tail_n++] = *at;
    } else {
        m->state = m->was;
        multi_give_back(m, m->tail_n);
        return at;
    }
    return at + 1;
}

/* An empty line ends them. */
static const char *multi_headers(struct pie_multiread *m, const char *at, const char *end)
{
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    const char *stop = feed != NULL ? feed : end;
    for (; at < stop && m->line_n < 2; at++)
        m->line_n += *at != '\r';
    if (feed == NULL)
        return end;
    if (m->line_n == 0) {
        m->state = MULTI_DATA;
        m->open = 1;
        m->matched = m->from = MULTI_LINE_END; /* of a part without a byte */
        multi_check(m, m->out->begin(m->user));
    }
    m->line_n = 0;
    return feed + 1;
}

/* ---- the door */

apipie_status pie_multiread_write(struct pie_multiread *m, const char *p, size_t n)
{
    const char *at = p;
    const char *end = p + n;
    const uint64_t start = m->at;
    while (at < end && m->failed == APIPIE_OK) {
        m->at = start + (uint64_t)(at - p);
        if (m->state == MULTI_TAIL)
            at = multi_tail(m, at);
        else if (m->state == MULTI_HEADERS)
            at = multi_headers(m, at, end);
        else if (m->state == MULTI_DONE)
            at = end;
        else
            at = multi_data(m, at, end);
    }
    m->at = start + n;
    return m->failed;
}

apipie_status pie_multiread_finish(struct pie_multiread *m)
{
    const int32_t delimited = m->state == MULTI_TAIL; /* only what follows it is missing */
    if (m->state == MULTI_DATA && m->matched != 0)
        multi_give_back(m, 0);
    multi_end(m, delimited);
    return m->failed;
}
