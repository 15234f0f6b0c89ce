/* SPDX-License-Identifier: MIT */
/* A sink of our own: the picture's bytes as they arrive, for a decoder, an upload, a hash. This one sums
 * them up (FNV-1a) and keeps none. */
#include <apipie/apipie.h>

#include <inttypes.h>
#include <stdio.h>

/* begin may come again after a retry, and nothing counts before commit. */
struct summing {
    uint64_t hash, bytes;
    const char *mime;
    int good;
};

static apipie_status sum_begin(void *user, uint32_t slot, const char *mime)
{
    struct summing *sum = user;

    (void)slot;
    sum->hash = UINT64_C(14695981039346656037);
    sum->bytes = 0;
    sum->mime = mime;
    return APIPIE_OK;
}

static apipie_status sum_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct summing *sum = user;

    (void)slot;
    for (size_t i = 0; i < size; i++)
        sum->hash = (sum->hash ^ data[i]) * UINT64_C(1099511628211);
    sum->bytes += size;
    return APIPIE_OK;
}

static apipie_status sum_commit(void *user, uint32_t slot, size_t index)
{
    struct summing *sum = user;

    (void)slot;
    (void)index;
    sum->good = 1;
    return APIPIE_OK;
}

int main(void)
{
    struct summing sum = {0};
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_status status;

    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, "A lighthouse in the fog", APIPIE_NTS);
    apipie_request_set_response_format(req, "b64_json");
    apipie_request_set_sink(req, sum_begin, sum_write, NULL, sum_commit, NULL, &sum, NULL);
    status = apipie_request_perform(req);
    if (status == APIPIE_OK && sum.good)
        (void)printf("%s, %" PRIu64 " bytes, FNV-1a %016" PRIx64 "\n", sum.mime, sum.bytes,
                     sum.hash);
    else
        (void)fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
    req = apipie_request_unref(req);
    client = apipie_client_unref(client);
    return status == APIPIE_OK && sum.good ? 0 : 1;
}
