/* SPDX-License-Identifier: MIT */
/* Knows which pictures the gateway's uploads take (https://apipie.ai/docs/api/urlshare); must not know HTTP. What is taken can be
 * fetched as it came: nothing is resized here. */
#include "sandbox/wires_priv.h"

#define URLSHARE_MOST ((size_t)5 * 1024 * 1024)

/* A name's end, the type that goes with it, and how the bytes begin. */
static const struct urlshare_kind {
    const char *end, *mime, *sign;
    size_t n, at;
} urlshare_kinds[] = {
    {".png", "image/png", "\x89PNG\r\n\x1a\n", 8, 0},
    {".jpg", "image/jpeg", "\xff\xd8\xff", 3, 0},
    {".jpeg", "image/jpeg", "\xff\xd8\xff", 3, 0},
    {".gif", "image/gif", "GIF8", 4, 0},
    {".bmp", "image/bmp", "BM", 2, 0},
    {".tif", "image/tiff", "II*\0", 4, 0},
    {".tif", "image/tiff", "MM\0*", 4, 0},
    {".tiff", "image/tiff", "II*\0", 4, 0},
    {".tiff", "image/tiff", "MM\0*", 4, 0},
    {".webp", "image/webp", "WEBP", 4, 8},
    {".svg", "image/svg+xml", "<", 1, 0},
};

/* The one whose name, type and first bytes agree; NULL: the gateway does not take it. */
static const struct urlshare_kind *urlshare_kind(const struct pie_field *part)
{
    for (size_t i = 0; i < PIE_COUNT(urlshare_kinds); i++) {
        const struct urlshare_kind *k = &urlshare_kinds[i];
        size_t n = strlen(k->end);

        if (part->filename.n > n &&
            pie_slice_equal_nocase(pie_slice(part->filename.p + part->filename.n - n, n), k->end) &&
            pie_slice_equal_nocase(part->mime, k->mime) && part->body.n >= k->at + k->n &&
            memcmp(part->body.p + k->at, k->sign, k->n) == 0)
            return k;
    }
    return NULL;
}

static const struct pie_field *urlshare_file(const struct pie_fields *form,
                                             struct pie_answer *answer)
{
    const struct pie_field *part = pie_fields_find(form, "file", 0);

    if (part == NULL || !part->is_file || form->count != 1)
        pie_answer_error(answer, 400, "invalid_parameter",
                         "No file uploaded: the form holds one file, 'file', and nothing else.",
                         "file");
    else if (part->body.n > URLSHARE_MOST)
        pie_answer_error(answer, 400, "invalid_parameter", "File too large: at most 5 MB.", "file");
    else if (urlshare_kind(part) == NULL)
        pie_answer_error(answer, 400, "invalid_parameter",
                         "File type not allowed: .png .jpg .jpeg .svg .gif .bmp .tif .tiff .webp, "
                         "with the type and the bytes of that.",
                         "file");
    else
        return part;
    return NULL;
}

static void urlshare_keep(struct apipie_sandbox *box, const struct pie_field *part,
                          struct pie_answer *answer)
{
    const struct urlshare_kind *kind = urlshare_kind(part);
    struct pie_picture *picture = pie_picture_new(kind->end);
    struct pie_fault none;

    if (picture == NULL) {
        pie_answer_status(answer, 500);
        return;
    }
    memset(&none, 0, sizeof(none));
    picture->mime = kind->mime;
    pie_buf_add_slice(&picture->png, part->body);
    pie_buf_add_text(&answer->body, "{\"url\":\"");
    if (picture->png.failed == APIPIE_OK)
        pie_draw_link(box, &none, picture, &answer->body);
    pie_buf_add_text(&answer->body, "\"}");
    if (picture->png.failed != APIPIE_OK)
        pie_answer_status(answer, 500);
    else
        pie_call_count(box, APIPIE_SANDBOX_UPLOADS);
    pie_picture_unref(picture);
}

void pie_urlshare(struct apipie_sandbox *box, struct pie_slice media, struct pie_slice body,
                  struct pie_slice words, struct pie_answer *answer)
{
    const struct pie_field *part = NULL;
    struct pie_fields form;
    struct pie_fault fault;

    if (pie_spoil_words(words, answer, &fault) != APIPIE_OK)
        return;
    if (pie_fields_parse(media, body, &form) != APIPIE_OK)
        pie_answer_error(answer, 400, "invalid_parameter",
                         "No file uploaded: send multipart/form-data with the field 'file'.",
                         "file");
    else
        part = urlshare_file(&form, answer);
    if (part == NULL)
        return;
    if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, pie_answer_error);
    else
        urlshare_keep(box, part, answer);
    pie_spoil_answer(box, &fault, answer);
}
