/* SPDX-License-Identifier: MIT */
#include <apipie/apipie.h>
#include <stdio.h>

int main(void)
{
    apipie_client *client = apipie_client_new(NULL); /* the key is $APIPIE_API_KEY */
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_provider(req, "prodia");
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, "A serene landscape with mountains", APIPIE_NTS);
    apipie_request_set_size(req, 1024, 1024);
    apipie_request_set_output_file(req, "draw.png");
    apipie_status status = apipie_request_perform(req); /* submit + wait */
    puts(status == APIPIE_OK ? "draw.png" : apipie_error_message(apipie_request_error(req)));
    apipie_request_unref(req);
    apipie_client_unref(client);
    return status == APIPIE_OK ? 0 : 1;
}
