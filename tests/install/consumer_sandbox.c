/* SPDX-License-Identifier: MIT */
/* A program with both libraries: draws one picture in a sandbox of its own. */
#include <apipie/apipie.h>
#include <apipie/sandbox.h>

#include <stdio.h>

int main(void)
{
    apipie_sandbox *box = apipie_sandbox_new();
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    if (apipie_sandbox_start(box) == APIPIE_OK) {
        apipie_client_set_base_url(client, apipie_sandbox_url(box));
        apipie_client_set_key(client, APIPIE_SANDBOX_KEY);
    }
    apipie_request_set_provider(request, "prodia");
    apipie_request_set_model(request, "sd_xl_base_1.0");
    apipie_request_set_prompt(request, "a lake", APIPIE_NTS);
    apipie_request_set_size(request, 64, 48);
    apipie_status status = apipie_request_perform(request);
    int32_t width = apipie_result_image_width(apipie_request_result(request), 0);
    printf("%s, %d pixels wide\n", apipie_status_name(status), (int)width);
    request = apipie_request_unref(request);
    client = apipie_client_unref(client);
    box = apipie_sandbox_unref(box);
    return status == APIPIE_OK && width == 64 ? 0 : 1;
}
