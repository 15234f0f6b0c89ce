/* SPDX-License-Identifier: MIT */
/* Knows which pictures a request may bring with it, and how to say what is wrong with one; must not know any wire. */
#include "api/api_priv.h"
#include "flow/flow.h"

/* Where a picture goes. */
enum { INPUTS_SET, INPUTS_ADD, INPUTS_MASK };

/* `in` NULL takes back what is there. */
static apipie_status inputs_put(apipie_request *r, int32_t where, const char *setter,
                                const struct pie_input *in)
{
    apipie_status status = APIPIE_OK;
    if (in == NULL && where == INPUTS_ADD)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, "it is NULL");
    if (where == INPUTS_ADD)
        status = pie_inputs_add(r->mem, &r->wish.images, in);
    else if (where == INPUTS_SET)
        status = pie_wish_set_image(&r->wish, in);
    else if (in != NULL)
        status = pie_input_copy(r->mem, &r->wish.mask, in);
    else
        pie_input_free(r->mem, &r->wish.mask);
    if (status == APIPIE_OK)
        return status;
    return pie_setter_refuse(r, status, setter,
                             status == APIPIE_E_LIMIT ? "there are APIPIE_LIMIT_IMAGES already"
                                                      : "out of memory");
}

/* ---- by URL */

static const char *inputs_url_problem(struct pie_slice s)
{
    int32_t data = pie_slice_starts_nocase(s, "data:");
    if (!pie_slice_starts_nocase(s, "https://") && !pie_slice_starts_nocase(s, "http://") && !data)
        return "it must begin with https://, http:// or data:";
    if (s.n > (size_t)(data ? APIPIE_LIMIT_DATA_URL : APIPIE_LIMIT_TEXT))
        return "it is too long; give the picture as bytes or as a file";
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return "it holds a control byte";
    }
    return pie_utf8_valid(s.p, s.n) == s.n ? NULL : "it is not valid UTF-8";
}

static apipie_status inputs_url(apipie_request *r, int32_t where, const char *setter,
                                const char *url)
{
    struct pie_input in;
    apipie_status status = pie_setter_open(r);
    if (status != APIPIE_OK)
        return status;
    if (url == NULL)
        return inputs_put(r, where, setter, NULL);
    memset(&in, 0, sizeof(in));
    in.kind = PIE_INPUT_URL;
    in.p = url;
    in.n = strlen(url);
    const char *problem = inputs_url_problem(pie_slice(url, in.n));
    if (problem != NULL)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, problem);
    return inputs_put(r, where, setter, &in);
}

APIPIE_API apipie_status apipie_request_set_image_url(apipie_request *request, const char *url)
{
    return inputs_url(request, INPUTS_SET, "set_image_url", url);
}

APIPIE_API apipie_status apipie_request_add_image_url(apipie_request *request, const char *url)
{
    return inputs_url(request, INPUTS_ADD, "add_image_url", url);
}

APIPIE_API apipie_status apipie_request_set_mask_url(apipie_request *request, const char *url)
{
    return inputs_url(request, INPUTS_MASK, "set_mask_url", url);
}

/* ---- by its bytes */

static const char *inputs_size_problem(uint64_t size)
{
    if (size == 0)
        return "it is empty";
    return size > APIPIE_LIMIT_INPUT ? "it is larger than APIPIE_LIMIT_INPUT" : NULL;
}

/* What its bytes say of it; or what is wrong with them. */
static const char *inputs_take_magic(struct pie_magic *m, struct pie_input *in)
{
    pie_magic_end(m);
    in->mime = m->mime;
    in->width = m->width;
    in->height = m->height;
    return strcmp(m->mime, PIE_MIME_UNKNOWN) != 0
               ? NULL
               : "the bytes are no PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or SVG";
}

static const char *inputs_look_at_bytes(struct pie_input *in)
{
    struct pie_magic m;
    const char *problem = inputs_size_problem(in->n);
    if (problem != NULL)
        return problem;
    pie_magic_init(&m);
    pie_magic_write(&m, in->p, in->n);
    return inputs_take_magic(&m, in);
}

static apipie_status inputs_bytes(apipie_request *r, int32_t where, const char *setter,
                                  const void *bytes, size_t size)
{
    struct pie_input in;
    apipie_status status = pie_setter_open(r);
    if (status != APIPIE_OK)
        return status;
    if (bytes == NULL && size != 0)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, "the bytes are NULL");
    if (bytes == NULL)
        return inputs_put(r, where, setter, NULL);
    memset(&in, 0, sizeof(in));
    in.kind = PIE_INPUT_BYTES;
    in.p = bytes;
    in.n = size;
    const char *problem = inputs_look_at_bytes(&in);
    if (problem != NULL)
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, problem);
    return inputs_put(r, where, setter, &in);
}

APIPIE_API apipie_status apipie_request_set_image_bytes(apipie_request *request, const void *bytes,
                                                        size_t size)
{
    return inputs_bytes(request, INPUTS_SET, "set_image_bytes", bytes, size);
}

APIPIE_API apipie_status apipie_request_add_image_bytes(apipie_request *request, const void *bytes,
                                                        size_t size)
{
    return inputs_bytes(request, INPUTS_ADD, "add_image_bytes", bytes, size);
}

APIPIE_API apipie_status apipie_request_set_mask_bytes(apipie_request *request, const void *bytes,
                                                       size_t size)
{
    return inputs_bytes(request, INPUTS_MASK, "set_mask_bytes", bytes, size);
}

/* ---- by file */

/* The reason first: a path may be long, and a message is cut. */
static apipie_status inputs_refuse_file(apipie_request *r, apipie_status code, const char *setter,
                                        const char *problem, const char *path)
{
    struct pie_buf text;
    pie_buf_init(&text, r->mem, APIPIE_LIMIT_TEXT * 2);
    pie_buf_add_text(&text, problem);
    pie_buf_add_text(&text, ": ");
    pie_buf_add_text(&text, path);
    pie_setter_refuse(r, code, setter, text.failed == APIPIE_OK ? text.p : problem);
    pie_buf_free(&text);
    return code;
}

/* So far a JPEG's size is looked for, behind what cameras and programs write before it. */
#define INPUTS_LOOK  262144
#define INPUTS_PIECE 4096

/* Whoever cuts it meanwhile is found when it is sent. */
static apipie_status inputs_read(pie_file f, struct pie_magic *m, const char **ret_problem)
{
    uint8_t piece[INPUTS_PIECE];
    size_t n = 1;
    apipie_status status = APIPIE_OK;
    pie_magic_init(m);
    for (uint64_t at = 0; status == APIPIE_OK && n != 0 && at < INPUTS_LOOK; at += n) {
        status = pie_file_read_at(f, at, piece, sizeof(piece), &n, ret_problem);
        if (status == APIPIE_OK)
            pie_magic_write(m, piece, n);
        if (pie_magic_is_done(m))
            break;
    }
    return status;
}

/* What the file is now. APIPIE_E_FILE when it cannot be read, is empty or too large, APIPIE_E_ARGUMENT when it is no picture. */
static apipie_status inputs_look(const char *path, struct pie_input *in, const char **ret_problem)
{
    struct pie_magic m;
    pie_file f = PIE_FILE_NONE;
    const char *ignored = NULL;
    apipie_status status = pie_file_open_read(path, &f, ret_problem);
    if (status != APIPIE_OK)
        return status;
    status = pie_file_stamp(f, &in->stamp, ret_problem);
    if (status == APIPIE_OK)
        status = inputs_read(f, &m, ret_problem);
    pie_file_close(f, &ignored);
    if (status != APIPIE_OK)
        return status;
    *ret_problem = inputs_size_problem(m.size != 0 ? in->stamp.size : 0);
    if (*ret_problem != NULL)
        return APIPIE_E_FILE;
    *ret_problem = inputs_take_magic(&m, in);
    return *ret_problem == NULL ? APIPIE_OK : APIPIE_E_ARGUMENT;
}

static apipie_status inputs_file(apipie_request *r, int32_t where, const char *setter,
                                 const char *path)
{
    struct pie_input in;
    const char *problem = NULL;
    apipie_status status = pie_setter_open(r);
    if (status != APIPIE_OK)
        return status;
    if (path == NULL)
        return inputs_put(r, where, setter, NULL);
    if (!pie_api_path_is_good(path))
        return pie_setter_refuse(r, APIPIE_E_ARGUMENT, setter, "the path is empty or too long");
    memset(&in, 0, sizeof(in));
    in.kind = PIE_INPUT_FILE;
    status = inputs_look(path, &in, &problem);
    if (status != APIPIE_OK)
        return inputs_refuse_file(r, status, setter, problem, path);
    /* It is opened again for every attempt, wherever the program stands by then. */
    char *whole = pie_path_absolute(r->mem, path);
    if (whole == NULL)
        return pie_setter_refuse(r, APIPIE_E_MEMORY, setter, "out of memory");
    in.p = whole;
    in.n = strlen(whole);
    status = inputs_put(r, where, setter, &in);
    pie_mem_free(r->mem, whole);
    return status;
}

APIPIE_API apipie_status apipie_request_set_image_file(apipie_request *request, const char *path)
{
    return inputs_file(request, INPUTS_SET, "set_image_file", path);
}

APIPIE_API apipie_status apipie_request_add_image_file(apipie_request *request, const char *path)
{
    return inputs_file(request, INPUTS_ADD, "add_image_file", path);
}

APIPIE_API apipie_status apipie_request_set_mask_file(apipie_request *request, const char *path)
{
    return inputs_file(request, INPUTS_MASK, "set_mask_file", path);
}
