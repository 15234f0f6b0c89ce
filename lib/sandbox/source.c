/* SPDX-License-Identifier: MIT */
/* Knows how a picture comes inside JSON: as a data: URI, as base64, as one of our own links; must not know what for. */
#include "sandbox/wires_priv.h"

static int32_t source_starts(struct pie_slice s, const char *start)
{
    return s.n >= strlen(start) && memcmp(s.p, start, strlen(start)) == 0;
}

/* One of ours, which can be fetched by name. */
static apipie_status source_stored(struct apipie_sandbox *box, struct pie_slice url,
                                   struct pie_buf *out)
{
    struct pie_picture *picture = NULL;
    char name[sizeof(picture->name)];
    size_t root = strlen(box->root), folder = strlen("/temp/");

    if (url.n <= root + folder || memcmp(url.p, box->root, root) != 0 ||
        memcmp(url.p + root, "/temp/", folder) != 0)
        return APIPIE_E_ARGUMENT;
    pie_text_copy(pie_slice(url.p + root + folder, url.n - root - folder), name, sizeof(name));
    pie_lock_take(box->lock);
    picture = pie_store_get(&box->store, name);
    pie_lock_drop(box->lock);
    if (picture == NULL)
        return APIPIE_E_ARGUMENT;
    pie_buf_add_slice(out, pie_buf_slice(&picture->png));
    pie_picture_unref(picture);
    return out->failed;
}

apipie_status pie_source_read(struct apipie_sandbox *box, struct pie_slice url, struct pie_buf *out)
{
    static const char *const starts[] = {"data:image/png;base64,", "data:image/jpeg;base64,",
                                         "data:image/webp;base64,"};

    for (size_t i = 0; i < PIE_COUNT(starts); i++)
        if (source_starts(url, starts[i])) {
            size_t n = strlen(starts[i]);

            return pie_probe_base64(pie_slice(url.p + n, url.n - n), out);
        }
    return source_stored(box, url, out);
}

/* By its bytes. */
static apipie_status source_add(const struct pie_buf *bytes, int32_t is_mask, struct pie_inputs *in,
                                struct pie_probe *ret)
{
    struct pie_probe probe;

    pie_probe(pie_buf_slice(bytes), &probe);
    if (probe.kind == PIE_PROBE_OTHER)
        return APIPIE_E_MALFORMED;
    if (is_mask)
        pie_inputs_mask(in, pie_buf_slice(bytes));
    else
        pie_box_inputs_add(in, pie_buf_slice(bytes), &probe);
    if (ret != NULL)
        *ret = probe;
    return APIPIE_OK;
}

apipie_status pie_source_url(struct apipie_sandbox *box, struct pie_slice url,
                             struct pie_inputs *in)
{
    struct pie_probe unseen;
    struct pie_buf bytes;
    apipie_status status;

    if (source_starts(url, "https://") && url.n > strlen("https://")) {
        memset(&unseen, 0, sizeof(unseen));
        pie_box_inputs_add(in, url, &unseen);
        return APIPIE_OK;
    }
    pie_buf_init(&bytes, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    status = pie_source_read(box, url, &bytes);
    if (status == APIPIE_OK)
        status = source_add(&bytes, 0, in, NULL);
    pie_buf_free(&bytes);
    return status;
}

apipie_status pie_source_base64(struct pie_slice text, int32_t is_mask, struct pie_inputs *in,
                                struct pie_probe *ret)
{
    struct pie_buf bytes;
    apipie_status status;

    pie_buf_init(&bytes, &pie_mem_libc, PIE_SANDBOX_BODY_MAX);
    status = pie_probe_base64(text, &bytes);
    if (status == APIPIE_OK)
        status = source_add(&bytes, is_mask, in, ret);
    pie_buf_free(&bytes);
    return status;
}
