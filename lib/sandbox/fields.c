/* SPDX-License-Identifier: MIT */
/* Knows multipart/form-data, strictly; must not know what its fields mean. Pure: the parts point into the body. */
#include "sandbox/wires_priv.h"

#define FIELDS_BOUNDARY_MAX 70

/* The value of `name=` among the parameters of a header, quoted or not. */
static apipie_status fields_parameter(struct pie_slice header, const char *name,
                                      struct pie_slice *ret)
{
    size_t length = strlen(name), at = 0, end;

    for (; at < header.n; at++) {
        if (header.p[at] == '"') /* what is quoted holds no parameter */
            for (at++; at < header.n && header.p[at] != '"'; at++)
                at += header.p[at] == '\\' ? 1 : 0;
        else if (header.p[at] == ';') {
            struct pie_slice rest = pie_slice_trim(pie_slice(header.p + at + 1, header.n - at - 1));

            if (rest.n > length && rest.p[length] == '=' && pie_slice_starts_nocase(rest, name)) {
                at = (size_t)(rest.p - header.p) + length + 1;
                break;
            }
        }
    }
    if (at >= header.n)
        return APIPIE_E_ARGUMENT;
    if (header.p[at] != '"') {
        for (end = at; end < header.n && header.p[end] != ';'; end++)
            ;
        *ret = pie_slice_trim(pie_slice(header.p + at, end - at));
        return APIPIE_OK;
    }
    for (end = ++at; end < header.n && header.p[end] != '"'; end++)
        end += header.p[end] == '\\' ? 1 : 0;
    if (end >= header.n)
        return APIPIE_E_ARGUMENT;
    *ret = pie_slice(header.p + at, end - at);
    return APIPIE_OK;
}

/* Where "--boundary" begins at a line's start, from `at` on; body.n: nowhere. */
static size_t fields_find(struct pie_slice body, size_t at, struct pie_slice boundary)
{
    while (at < body.n) {
        const char *line = memchr(body.p + at, '\r', body.n - at);
        size_t left;

        if (line == NULL)
            return body.n;
        at = (size_t)(line - body.p);
        left = body.n - at;
        if (left >= 4 + boundary.n && memcmp(line, "\r\n--", 4) == 0 &&
            memcmp(line + 4, boundary.p, boundary.n) == 0)
            return at;
        at++;
    }
    return body.n;
}

/* A line without its end, which must be CRLF; *at goes behind it. */
static apipie_status fields_line(struct pie_slice body, size_t *at, struct pie_slice *ret)
{
    const char *end = memchr(body.p + *at, '\n', body.n - *at);
    size_t n;

    if (end == NULL || end == body.p + *at || end[-1] != '\r')
        return APIPIE_E_ARGUMENT;
    n = (size_t)(end - body.p) - *at - 1;
    *ret = pie_slice(body.p + *at, n);
    *at += n + 2;
    return APIPIE_OK;
}

static apipie_status fields_header(struct pie_slice line, struct pie_field *part)
{
    static const char disposition[] = "Content-Disposition:", type[] = "Content-Type:";
    struct pie_slice value;

    if (pie_slice_starts_nocase(line, type))
        part->mime =
            pie_slice_trim(pie_slice(line.p + sizeof(type) - 1, line.n - sizeof(type) + 1));
    if (!pie_slice_starts_nocase(line, disposition))
        return memchr(line.p, ':', line.n) != NULL ? APIPIE_OK : APIPIE_E_ARGUMENT;
    value = pie_slice_trim(
        pie_slice(line.p + sizeof(disposition) - 1, line.n - sizeof(disposition) + 1));
    if (!pie_slice_starts_nocase(value, "form-data;") || part->name.p != NULL ||
        fields_parameter(value, "name", &part->name) != APIPIE_OK || part->name.n == 0)
        return APIPIE_E_ARGUMENT;
    part->is_file = fields_parameter(value, "filename", &part->filename) == APIPIE_OK;
    return APIPIE_OK;
}

/* From behind a boundary's line to the next boundary. */
static apipie_status fields_part(struct pie_slice body, size_t *at, struct pie_slice boundary,
                                 struct pie_field *part)
{
    struct pie_slice line;
    size_t end;

    memset(part, 0, sizeof(*part));
    for (;;) {
        if (fields_line(body, at, &line) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
        if (line.n == 0)
            break;
        if (fields_header(line, part) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    }
    /* An empty part has the line end of its head before the boundary. */
    end = fields_find(body, *at - 2, boundary);
    if (end == body.n || part->name.p == NULL)
        return APIPIE_E_ARGUMENT;
    part->body = pie_slice(body.p + *at, end > *at ? end - *at : 0);
    *at = end + 4 + boundary.n;
    return APIPIE_OK;
}

static int32_t fields_is_end(struct pie_slice body, size_t at)
{
    struct pie_slice rest = pie_slice(body.p + at, body.n - at);

    return pie_slice_equal(rest, "--") || pie_slice_equal(rest, "--\r\n");
}

apipie_status pie_fields_parse(struct pie_slice content_type, struct pie_slice body,
                               struct pie_fields *ret)
{
    struct pie_slice boundary, line;
    size_t at;

    ret->count = 0;
    if (fields_parameter(content_type, "boundary", &boundary) != APIPIE_OK || boundary.n == 0 ||
        boundary.n > FIELDS_BOUNDARY_MAX)
        return APIPIE_E_ARGUMENT;
    if (body.n < boundary.n + 4 || memcmp(body.p, "--", 2) != 0 ||
        memcmp(body.p + 2, boundary.p, boundary.n) != 0)
        return APIPIE_E_ARGUMENT;
    for (at = 2 + boundary.n; !fields_is_end(body, at);) {
        if (ret->count == PIE_FIELDS_MAX || fields_line(body, &at, &line) != APIPIE_OK ||
            line.n != 0 || fields_part(body, &at, boundary, &ret->parts[ret->count]) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
        ret->count++;
    }
    return APIPIE_OK;
}

const struct pie_field *pie_fields_find(const struct pie_fields *form, const char *name,
                                        size_t index)
{
    for (size_t i = 0; i < form->count; i++)
        if (pie_slice_equal(form->parts[i].name, name) && index-- == 0)
            return &form->parts[i];
    return NULL;
}

struct pie_slice pie_fields_text(const struct pie_fields *form, const char *name)
{
    const struct pie_field *part = pie_fields_find(form, name, 0);

    return part != NULL && !part->is_file ? part->body : pie_slice_text(NULL);
}
