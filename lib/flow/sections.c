/* SPDX-License-Identifier: MIT */
/* Knows how the parts of a multipart body are read, each as a body of its own: pictures become parts in their order, and the first JSON
 * (without one, the first text) is the rest. Must not know a provider, nor hold a picture. */
#include "flow/body_priv.h"

static int32_t sections_is_text(int32_t reader)
{
    return reader == BODY_SPLIT || reader == BODY_TEXT;
}

static apipie_status sections_begin(void *user)
{
    struct pie_body *b = user;
    b->reader = BODY_UNDECIDED;
    b->held_n = 0;
    return APIPIE_OK;
}

static apipie_status sections_data(void *user, const char *p, size_t n)
{
    struct pie_body *b = user;
    b->offset = b->sections.multiread.at;
    return pie_body_feed(b, (const uint8_t *)p, n);
}

static apipie_status sections_end(void *user, int32_t whole)
{
    struct pie_body *b = user;
    apipie_status status = pie_body_close(b, whole);
    if (sections_is_text(b->reader))
        b->sections.rest = b->reader;
    else if (b->reader == BODY_PICTURE || b->reader == BODY_FORM)
        b->sections.pictures++;
    b->reader = BODY_SKIP;
    return status;
}

static const struct pie_multiread_out sections_out = {sections_begin, sections_data, sections_end};

int32_t pie_sections_choose(struct pie_body *b, int32_t reader)
{
    const uint32_t index[PIE_PATH_INDICES] = {b->sections.pictures};
    pie_body_place(b, -1, index);
    if (sections_is_text(reader)) {
        if (b->sections.rest == BODY_SPLIT || b->sections.rest == reader)
            return BODY_SKIP;
        pie_buf_clear(&b->text);
        return reader;
    }
    if (pie_parts_room(&b->parts, &b->part))
        return reader;
    pie_damage_note(&b->damage, b->offset, "more pictures than can be taken");
    return BODY_SKIP;
}

void pie_sections_start(struct pie_body *b, struct pie_slice boundary)
{
    b->sections.on = boundary.n != 0;
    b->sections.sure = 0;
    b->sections.first_n = 0;
    b->sections.rest = BODY_UNDECIDED;
    b->sections.pictures = 0;
    if (b->sections.on)
        pie_multiread_init(&b->sections.multiread, boundary, &sections_out, b);
}

/* ---- is it one? Types are often wrong, and a picture that came is worth more than they are. */

enum { SECTIONS_NO, SECTIONS_YES, SECTIONS_MAYBE };

/* A form, which may have words before its first part; or JSON, or a picture. */
static int32_t sections_is_form(const struct pie_sections *s, int32_t final)
{
    size_t i = 0;
    while (i < s->first_n && pie_is_blank(s->first[i]))
        i++;
    const uint8_t c = i < s->first_n ? s->first[i] : '\0';
    if (i < s->first_n && (c == '{' || c == '['))
        return SECTIONS_NO;
    if (c == '-')
        return SECTIONS_YES;
    if (s->first_n < sizeof(s->first) && !final)
        return SECTIONS_MAYBE;
    return strcmp(pie_magic_mime(s->first, s->first_n), PIE_MIME_UNKNOWN) == 0 ? SECTIONS_YES
                                                                               : SECTIONS_NO;
}

static apipie_status sections_take(struct pie_body *b, const uint8_t *p, size_t n)
{
    return b->sections.on ? pie_multiread_write(&b->sections.multiread, (const char *)p, n)
                          : pie_body_feed(b, p, n);
}

/* From here on it is what it is. */
static apipie_status sections_settle(struct pie_body *b, int32_t is_form)
{
    b->sections.on = is_form == SECTIONS_YES;
    b->sections.sure = 1;
    return sections_take(b, b->sections.first, b->sections.first_n);
}

/* Bytes are held one by one, so that the result does not depend on how they were cut. */
apipie_status pie_sections_write(struct pie_body *b, const uint8_t *p, size_t n)
{
    struct pie_sections *s = &b->sections;
    apipie_status status = APIPIE_OK;
    size_t i = 0;
    while (i < n && !s->sure && status == APIPIE_OK) {
        s->first[s->first_n++] = p[i++];
        const int32_t is_form = sections_is_form(s, 0);
        if (is_form != SECTIONS_MAYBE)
            status = sections_settle(b, is_form);
    }
    return status == APIPIE_OK && i < n ? sections_take(b, p + i, n - i) : status;
}

static apipie_status sections_end_form(struct pie_body *b)
{
    struct pie_sections *s = &b->sections;
    apipie_status status = pie_multiread_finish(&s->multiread);
    b->offset = s->multiread.at;
    if (!pie_multiread_is_done(&s->multiread))
        pie_damage_note(&b->damage, b->offset, "the reply breaks off between its parts");
    b->reader = s->rest != BODY_UNDECIDED ? s->rest
                : s->pictures != 0        ? BODY_PICTURE
                                          : BODY_UNDECIDED;
    return status;
}

apipie_status pie_sections_finish(struct pie_body *b, int32_t complete)
{
    apipie_status status = APIPIE_OK;
    if (!b->sections.sure)
        status = sections_settle(b, sections_is_form(&b->sections, 1));
    apipie_status ended = b->sections.on ? sections_end_form(b) : pie_body_close(b, complete);
    return status == APIPIE_OK ? ended : status;
}
