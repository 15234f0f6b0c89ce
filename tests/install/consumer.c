/* SPDX-License-Identifier: MIT */
/* A program of somebody else: knows the installed header and library alone. */
#include <apipie/apipie.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_status status = apipie_request_perform(request);
    printf("%s %s\n", apipie_version(), apipie_status_name(status));
    request = apipie_request_unref(request);
    client = apipie_client_unref(client);
    return status < 0 && strcmp(apipie_version(), APIPIE_VERSION_STRING) == 0 ? 0 : 1;
}
