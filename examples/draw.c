/* SPDX-License-Identifier: MIT */
/* The smallest program that makes a picture: twelve lines. */
#include <apipie/apipie.h>
#include <stdio.h>
int main(void)
{
    apipie_client *client = apipie_client_new(NULL); /* the key is $APIPIE_API_KEY */
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, "A serene landscape with mountains", APIPIE_NTS);
    apipie_request_set_output_file(req, "draw.png");
    puts(apipie_request_perform(req) ? apipie_error_message(apipie_request_error(req)) : "done");
    req = apipie_request_unref(req), client = apipie_client_unref(client);
}
