/* SPDX-License-Identifier: MIT */
/* Knows the forms in which a picture stands in a string; must not know JSON or who sent it. */
#include "flow/form_priv.h"

/* Decoded bytes are handed on in portions of about this size, because libcurl brings 16 KiB at a time and each
 * write to a file is a system call. Small enough to stay in the processor's cache. */
#define FORM_ROOM  131072
#define FORM_PIECE 16384 /* characters decoded in one go */

enum {
    FORM_START,  /* blanks, then characters that could still be one of several */
    FORM_HEADER, /* "data:" came, ',' did not */
    FORM_BASE64,
    FORM_URL,
    FORM_BROKEN
};

void pie_form_init(struct pie_form *f, const struct pie_mem *mem, struct pie_sink *sink,
                   uint32_t *next_slot, uint64_t max)
{
    memset(f, 0, sizeof(*f));
    f->mem = mem;
    f->sink = sink;
    f->next_slot = next_slot;
    f->max = max;
    pie_buf_init(&f->url, mem, PIE_FORM_URL);
}

void pie_form_free(struct pie_form *f)
{
    pie_buf_free(&f->url);
    f->room = pie_mem_free(f->mem, f->room);
}

void pie_form_begin(struct pie_form *f, int32_t kind)
{
    f->kind = kind;
    f->state = FORM_START;
    f->head_n = 0;
    f->problem = NULL;
    f->picture.gave_up = APIPIE_OK;
    pie_buf_clear(&f->url);
}

static void form_break(struct pie_form *f, const char *problem)
{
    f->state = FORM_BROKEN;
    f->problem = problem;
}

/* ---- base64 */

/* Without memory for the decoder the picture is lost, but not the news that it came and what it cost. */
static void form_base64_begin(struct pie_form *f)
{
    if (f->room == NULL)
        f->room = pie_mem_resize(f->mem, NULL, FORM_ROOM); /* not zeroed: it is large */
    f->state = FORM_BASE64;
    f->filled = 0;
    pie_base64_init(&f->base64);
    pie_picture_begin(&f->picture, f->sink, f->next_slot, f->max);
    if (f->room == NULL)
        pie_picture_give_up(&f->picture, APIPIE_E_MEMORY, "out of memory for the picture");
}

static void form_base64_flush(struct pie_form *f)
{
    pie_picture_write(&f->picture, f->room, f->filled);
    f->filled = 0;
}

static void form_base64_write(struct pie_form *f, const char *p, size_t n)
{
    while (n != 0 && f->picture.status == APIPIE_OK) {
        size_t piece = n < FORM_PIECE ? n : FORM_PIECE;
        size_t bytes = 0;
        apipie_status status = pie_base64_decode(&f->base64, p, piece, f->room + f->filled, &bytes);
        f->filled += bytes;
        if (FORM_ROOM - f->filled < PIE_BASE64_ROOM(FORM_PIECE))
            form_base64_flush(f);
        if (status != APIPIE_OK)
            pie_picture_break(&f->picture, status, "the base64 holds a character that is none");
        p += piece;
        n -= piece;
    }
}

static void form_base64_end(struct pie_form *f, struct pie_part *part)
{
    if (f->picture.status == APIPIE_OK) {
        size_t n = 0;
        apipie_status status = pie_base64_end(&f->base64, f->room + f->filled, &n);
        f->filled += n;
        form_base64_flush(f);
        if (status != APIPIE_OK)
            pie_picture_break(&f->picture, status, "the base64 does not end where it should");
    }
    pie_picture_end(&f->picture, part);
}

/* ---- urls */

static void form_url_write(struct pie_form *f, const char *p, size_t n)
{
    pie_buf_add(&f->url, p, n);
}

static int32_t form_has_control(struct pie_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return 1;
    }
    return 0;
}

static apipie_status form_url_end(struct pie_form *f, struct pie_part *part)
{
    struct pie_slice url = pie_slice_trim(pie_buf_slice(&f->url));
    if (f->url.failed == APIPIE_E_MEMORY)
        return APIPIE_E_MEMORY;
    if (f->url.failed != APIPIE_OK) {
        form_break(f, "the url is too long");
    } else if (form_has_control(url) || pie_utf8_valid(url.p, url.n) != url.n) {
        form_break(f, "the url holds bytes that no url has");
    } else {
        part->url = pie_mem_text(f->mem, url.p, url.n);
        part->kind = PIE_PART_URL;
        return part->url != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    }
    return APIPIE_OK;
}

/* ---- the first characters */

/* 1 when the head is `start`, 0 when it cannot become it any more, -1 while it could. */
static int32_t form_head_is(const struct pie_form *f, const char *start)
{
    size_t n = strlen(start);
    struct pie_slice head = pie_slice(f->head, f->head_n);
    if (head.n >= n)
        return pie_slice_starts_nocase(head, start);
    for (size_t i = 0; i < head.n; i++) {
        if (pie_lower(head.p[i]) != start[i])
            return 0;
    }
    return -1;
}

/* What the head begins: nothing of what could be a prefix of base64 is decided before it must be. */
static int32_t form_decide(const struct pie_form *f, int32_t final)
{
    int32_t data = form_head_is(f, "data:");
    int32_t http = form_head_is(f, "http://");
    int32_t https = form_head_is(f, "https://");
    if (data == 1)
        return FORM_HEADER;
    if (http == 1 || https == 1)
        return FORM_URL;
    if (!final && (data == -1 || (f->kind == PIE_PATH_IMAGE && (http == -1 || https == -1))))
        return FORM_START;
    return f->kind == PIE_PATH_URL ? FORM_URL : FORM_BASE64;
}

/* The held characters go on where they belong. */
static void form_settle(struct pie_form *f, int32_t state)
{
    f->state = state;
    if (state == FORM_URL)
        form_url_write(f, f->head, f->head_n);
    if (state != FORM_BASE64)
        return;
    form_base64_begin(f);
    form_base64_write(f, f->head, f->head_n);
}

/* Takes characters until the form is known. Returns how many were used. */
static size_t form_start(struct pie_form *f, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && f->state == FORM_START) {
        char c = p[i++];
        if (f->head_n == 0 && pie_is_blank(c))
            continue;
        f->head[f->head_n++] = c;
        int32_t state = form_decide(f, 0);
        if (state != FORM_START)
            form_settle(f, state);
    }
    return i;
}

/* "data:image/png;base64": the last parameter must say base64. */
static int32_t form_header_is_base64(const struct pie_form *f)
{
    static const char mark[] = ";base64";
    struct pie_slice head = pie_slice_trim(pie_slice(f->head, f->head_n));
    const size_t n = sizeof(mark) - 1;
    return head.n >= n && pie_slice_equal_nocase(pie_slice(head.p + head.n - n, n), mark);
}

static size_t form_header(struct pie_form *f, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && f->state == FORM_HEADER) {
        char c = p[i++];
        if (c == ',' && form_header_is_base64(f))
            form_base64_begin(f);
        else if (c == ',')
            form_break(f, "a data URI that is not base64");
        else if (f->head_n == sizeof(f->head))
            form_break(f, "a data URI with too long a header");
        else
            f->head[f->head_n++] = c;
    }
    return i;
}

void pie_form_write(struct pie_form *f, const char *p, size_t n)
{
    size_t i = 0;
    if (f->state == FORM_START)
        i = form_start(f, p, n);
    if (f->state == FORM_HEADER)
        i += form_header(f, p + i, n - i);
    if (i == n)
        return;
    if (f->state == FORM_BASE64)
        form_base64_write(f, p + i, n - i);
    else if (f->state == FORM_URL)
        form_url_write(f, p + i, n - i);
}

/* A cut string is no good, whatever it was. */
static void form_cut(struct pie_form *f)
{
    static const char problem[] = "the reply breaks off inside the picture";
    if (f->state == FORM_BASE64)
        pie_picture_break(&f->picture, APIPIE_E_MALFORMED, problem);
    else
        form_break(f, problem);
}

apipie_status pie_form_end(struct pie_form *f, int32_t whole, struct pie_part *part)
{
    apipie_status status = APIPIE_OK;
    part->slot = PIE_SLOT_NONE;
    part->kind = PIE_PART_EMPTY;
    if (!whole)
        form_cut(f);
    else if (f->state == FORM_START && f->head_n != 0)
        form_settle(f, form_decide(f, 1));
    else if (f->state == FORM_HEADER)
        form_break(f, "a data URI without a comma");
    if (f->state == FORM_BASE64)
        form_base64_end(f, part);
    else if (f->state == FORM_URL)
        status = form_url_end(f, part);
    if (f->state == FORM_BROKEN) {
        part->kind = PIE_PART_BROKEN;
        part->status = APIPIE_E_MALFORMED;
        pie_text_copy(pie_slice_text(f->problem), part->problem, sizeof(part->problem));
    }
    return status;
}
