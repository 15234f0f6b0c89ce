/* SPDX-License-Identifier: MIT */
/* A server under the desk while it runs, the gateway when it does not: the same requests. desk DIALECT URL PROMPT [FILE] */
#include <apipie/apipie.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void show(const apipie_request *request)
{
    const apipie_result *result = apipie_request_result(request);
    int32_t kind = APIPIE_CHARGE_UNKNOWN;
    char cost[24] = "";

    for (size_t i = 0; i < apipie_request_attempt_count(request); i++)
        if (apipie_request_attempt_message(request, i)[0] != '\0') /* why another one drew it */
            printf("%s: %s\n", apipie_request_attempt_backend(request, i),
                   apipie_request_attempt_message(request, i));
    apipie_request_charge(request, &kind);
    apipie_money_format(apipie_result_cost(result), cost, sizeof cost);
    if (cost[0] == '\0')
        snprintf(cost, sizeof cost, "%s",
                 kind == APIPIE_CHARGE_NONE ? "free" : "cost unknown"); /* openai names none */
    printf("drawn by %s, %s\n", apipie_result_backend(result), cost);
    for (size_t i = 0; i < apipie_result_warning_count(result); i++)
        printf("but: %s\n", apipie_result_warning(result, i));
}

static void progress(void *user, apipie_request *request)
{
    int64_t drawn = apipie_request_progress(request, APIPIE_PROGRESS_DRAWN);

    (void)user;
    if (drawn >= 0)
        fprintf(stderr, "%" PRId64 " %%\n", drawn / 10);
}

int main(int argc, char **argv)
{
    apipie_client *client = apipie_client_new(NULL); /* the gateway: APIPIE_API_KEY */
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    int code = 1;

    if (argc < 4 || apipie_client_add_backend(client, "desk", argv[1], argv[2]) != APIPIE_OK) {
        fprintf(stderr, "usage: desk a1111|sdcpp|openai URL PROMPT [FILE]\n");
    } else {
        apipie_client_set_backend_key(client, "desk", getenv("DESK_KEY")); /* if it wants one */
        apipie_client_add_route(client, "desk", NULL, NULL); /* first: it costs nothing */
        apipie_client_add_route(client, "apipie", "prodia", "sd_xl_base_1.0");
        apipie_request_set_prompt(request, argv[3], APIPIE_NTS);
        apipie_request_set_size(request, 512, 512);
        apipie_request_set_steps(request, 20);
        apipie_request_set_unsupported(request,
                                       APIPIE_UNSUPPORTED_DROP); /* what one of them lacks */
        apipie_request_set_output_file(request, argc > 4 ? argv[4] : "desk.png");
        apipie_request_set_progress(request, progress, NULL, NULL);
        if (apipie_request_perform(request) == APIPIE_OK) {
            show(request);
            code = 0;
        } else {
            fprintf(stderr, "%s\n%s\n", apipie_error_message(apipie_request_error(request)),
                    apipie_error_hint(apipie_request_error(request)));
        }
    }
    apipie_request_unref(request);
    apipie_client_unref(client);
    return code;
}
