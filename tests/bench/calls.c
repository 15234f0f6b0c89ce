/* SPDX-License-Identifier: MIT */
/* Small calls through the public API. Arguments: base URL, calls, in flight, and how many are submitted before the first is
 * waited for. */
#include <apipie/apipie.h>

#include <stdio.h>
#include <stdlib.h>

static apipie_request *calls_submit(apipie_client *client)
{
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_provider(request, "prodia");
    apipie_request_set_model(request, "sd_xl_base_1.0");
    apipie_request_set_prompt(request, "a lake", APIPIE_NTS);
    if (apipie_request_submit(request) == APIPIE_OK)
        return request;
    fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(request)));
    exit(1);
}

/* Waits for one and returns the bytes of its picture. */
static uint64_t calls_finish(apipie_request *request)
{
    if (apipie_request_wait(request, -1) != APIPIE_OK) {
        fprintf(stderr, "%s\n", apipie_error_message(apipie_request_error(request)));
        exit(1);
    }
    uint64_t bytes = apipie_result_image_size(apipie_request_result(request), 0);
    apipie_request_unref(request);
    return bytes;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    size_t calls = (size_t)atol(argv[2]);
    size_t window = (size_t)atol(argv[4]);
    window = window < calls ? window : calls;
    apipie_request **requests = calloc(window + 1, sizeof(apipie_request *));
    apipie_client *client = apipie_client_new(NULL);
    uint64_t bytes = 0;
    if (requests == NULL || window == 0)
        return 2;
    apipie_client_set_key(client, "bench");
    apipie_client_set_base_url(client, argv[1]);
    apipie_client_set_max_in_flight(client, atoi(argv[3]));
    for (size_t i = 0; i < window; i++)
        requests[i] = calls_submit(client);
    for (size_t i = 0; i < calls; i++) {
        bytes += calls_finish(requests[i % window]);
        if (i + window < calls)
            requests[i % window] = calls_submit(client);
    }
    printf("%llu\n", (unsigned long long)bytes);
    apipie_client_unref(client);
    free(requests);
    return 0;
}
