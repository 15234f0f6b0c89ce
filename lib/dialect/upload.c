/* SPDX-License-Identifier: MIT */
/* Knows the APIpie gateway's uploads (https://apipie.ai/docs/api/urlshare); must not know what a picture is uploaded for. */
#include "dialect/apipie_priv.h"
#include "dialect/shared_priv.h"

/* An SVG is a text, and none is looked into: what the gateway makes of it is the gateway's. */
static const char *const upload_types[] = {"image/png",  "image/jpeg", "image/gif",    "image/bmp",
                                           "image/tiff", "image/webp", "image/svg+xml"};

/* Sizes that stay as they are. */
static const struct {
    int32_t width, height;
} upload_sizes[] = {{1024, 1024}, {1024, 768}, {768, 1024}};

static int32_t upload_is_type(const char *mime)
{
    for (size_t i = 0; i < PIE_COUNT(upload_types); i++) {
        if (strcmp(upload_types[i], mime) == 0)
            return 1;
    }
    return 0;
}

static int32_t upload_stays(const struct pie_input *in)
{
    for (size_t i = 0; i < PIE_COUNT(upload_sizes); i++) {
        if (in->width == upload_sizes[i].width && in->height == upload_sizes[i].height)
            return 1;
    }
    return in->width <= 0 || in->height <= 0; /* nobody knows */
}

int32_t pie_apipie_takes_upload(const struct pie_input *in, const char **ret_note)
{
    *ret_note = NULL;
    if (in->kind == PIE_INPUT_URL)
        *ret_note = "it is a URL already; an upload takes bytes or a file";
    else if (!upload_is_type(in->mime))
        *ret_note = "uploads take PNG, JPEG, GIF, BMP, TIFF, WebP and SVG";
    else if (pie_input_size(in) > APIPIE_LIMIT_UPLOAD)
        *ret_note = "uploads take at most 5 MB (APIPIE_LIMIT_UPLOAD)";
    if (*ret_note != NULL)
        return 0;
    if (!upload_stays(in))
        *ret_note = "uploads that are not 1024x1024, 1024x768 or 768x1024 are resized there";
    return 1;
}

/* Beside "/v1", not in it. */
static apipie_status upload_address(const struct pie_call *c, struct pie_buf *url)
{
    static const char version[] = "/v1";
    const size_t n = sizeof(version) - 1;
    struct pie_slice base = pie_slice_text(c->base_url);
    if (base.n >= n && memcmp(base.p + base.n - n, version, n) == 0)
        base.n -= n;
    pie_buf_clear(url);
    pie_buf_add_slice(url, base);
    pie_buf_add_text(url, "/urlshare");
    return url->failed;
}

apipie_status pie_apipie_ask_upload(const struct pie_call *c, const struct pie_input *in,
                                    struct pie_leg *leg)
{
    char name[PIE_INPUT_NAME];
    struct pie_multipart m;
    apipie_status status = pie_begin(c, "POST", "", leg);
    if (status == APIPIE_OK)
        status = upload_address(c, &leg->request.url);
    if (status != APIPIE_OK)
        return status;
    leg->purpose = APIPIE_PURPOSE_UPLOAD;
    pie_input_name(in, "image", 0, name);
    pie_multipart_begin(&m, &leg->request, c->random);
    status = pie_multipart_file(&m, "file", name, in);
    return status == APIPIE_OK ? pie_multipart_end(&m) : status;
}

struct pie_slice pie_apipie_read_upload(const struct pie_reply *reply)
{
    return pie_slice_trim(pie_node_text(pie_node_get(reply->root, "url")));
}
