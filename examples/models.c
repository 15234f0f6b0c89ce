/* SPDX-License-Identifier: MIT */
/* What there is, what it costs, and what one picture will cost, before anything is bought. */
#include <apipie/apipie.h>

#include <inttypes.h>
#include <stdio.h>

static void print_model(const apipie_catalog *models, size_t i)
{
    char dollars[24];
    const char *family = apipie_catalog_text(models, i, APIPIE_MODEL_FAMILY);

    (void)apipie_money_format(apipie_catalog_number(models, i, APIPIE_MODEL_PRICE), dollars,
                              sizeof dollars);
    (void)printf("  $%s %s/%s (%s), %" PRId64 " ms on average\n", dollars,
                 apipie_catalog_text(models, i, APIPIE_MODEL_PROVIDER),
                 apipie_catalog_text(models, i, APIPIE_MODEL_NAME),
                 family != NULL ? family : "family unknown",
                 apipie_catalog_number(models, i, APIPIE_MODEL_LATENCY));
}

/* The cheapest three that the library knows to be of the SDXL family. */
static void print_cheapest(apipie_client *client)
{
    apipie_catalog *all = apipie_client_catalog(client);
    apipie_catalog *sdxl = apipie_catalog_where_text(all, APIPIE_MODEL_FAMILY, "SDXL");
    apipie_catalog *sorted = apipie_catalog_sort(sdxl, APIPIE_MODEL_PRICE, 0);

    for (size_t i = 0; i < apipie_catalog_count(sorted) && i < 3; i++)
        print_model(sorted, i);
    (void)apipie_catalog_unref(sorted);
    (void)apipie_catalog_unref(sdxl);
    (void)apipie_catalog_unref(all);
}

static void print_estimate(apipie_client *client)
{
    char dollars[24];
    int32_t source;
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);

    (void)apipie_request_set_provider(req, "prodia");
    (void)apipie_request_set_model(req, "sd_xl_base_1.0");
    (void)apipie_request_set_size(req, 512, 512);
    (void)apipie_money_format(apipie_client_estimate(client, req, &source), dollars,
                              sizeof dollars);
    (void)printf("a picture of 512x512: $%s, %s\n", dollars,
                 source == APIPIE_PRICE_LISTED ? "listed" : "not listed");
    (void)apipie_request_unref(req);
}

int main(void)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_MODELS);
    apipie_status status;

    (void)apipie_client_set_models_cache(client, NULL, 3600000); /* an hour */
    (void)apipie_request_set_filter(req, "type", "image");
    status = apipie_request_perform(req);
    if (status == APIPIE_OK) {
        (void)printf("%zu models\n", apipie_catalog_count(apipie_request_catalog(req)));
        print_cheapest(client);
        print_estimate(client);
    } else {
        (void)fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(req)));
    }
    (void)apipie_request_unref(req);
    (void)apipie_client_unref(client);
    return status == APIPIE_OK ? 0 : 1;
}
