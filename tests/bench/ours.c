/* SPDX-License-Identifier: MIT */
/* The same with libapipie. Arguments: base URL, file or "-" for memory. */
#include <apipie/apipie.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    apipie_client *client = apipie_client_new(NULL);
    apipie_client_set_key(client, "bench");
    apipie_client_set_base_url(client, argv[1]);
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(request, "a lake", APIPIE_NTS);
    if (strcmp(argv[2], "-") != 0)
        apipie_request_set_output_file(request, argv[2]);
    apipie_status status = apipie_request_perform(request);
    if (status != APIPIE_OK)
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(request)));
    printf("%llu\n", (unsigned long long)apipie_result_image_size(apipie_request_result(request), 0));
    apipie_request_unref(request);
    apipie_client_unref(client);
    return status == APIPIE_OK ? 0 : 1;
}
