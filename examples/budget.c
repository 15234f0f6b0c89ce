/* SPDX-License-Identifier: MIT */
/* Two routes, a cap, a ledger: budget PROMPT CAP_USD [LEDGER]. Draws until the day's money is spent, and says where it went. */
#include <apipie/apipie.h>
#include <stdio.h>
#include <stdlib.h>

static void print_money(const char *what, int64_t picodollars)
{
    char text[32];
    apipie_money_format(picodollars, text, sizeof(text));
    printf("%-10s %s USD\n", what, text);
}

/* Why the first route did not serve, and which one did. */
static void print_route(const apipie_request *request)
{
    for (size_t i = 0; i < apipie_request_attempt_count(request); i++) {
        const char *why = apipie_request_attempt_message(request, i);
        if (why[0] != '\0')
            printf("passed over: %s/%s: %s\n", apipie_request_attempt_provider(request, i),
                   apipie_request_attempt_model(request, i), why);
    }
    printf("drawn by %s\n", apipie_result_provider(apipie_request_result(request)));
}

static apipie_status draw(apipie_client *client, const char *prompt)
{
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(request, prompt, APIPIE_NTS);
    apipie_request_set_size(request, 256, 256);
    apipie_request_add_route(request, NULL, "prodia", "sd_xl_base_1.0");
    apipie_request_add_route(request, NULL, "together", "stable-diffusion-xl-base-1.0");
    apipie_status status = apipie_request_perform(request);
    if (status == APIPIE_OK)
        print_route(request);
    else
        printf("%s\n", apipie_error_message(apipie_request_error(request)));
    apipie_request_unref(request);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: budget PROMPT CAP_USD [LEDGER]\n");
        return 2;
    }
    apipie_client *client = apipie_client_new(NULL);
    int64_t cap = (int64_t)(atof(argv[2]) * 1e6 + 0.5) * (APIPIE_DOLLAR / 1000000);
    apipie_client_set_budget(client, cap);
    apipie_client_set_price(client, NULL, NULL, APIPIE_DOLLAR / 100);
    apipie_status status = apipie_client_set_ledger(client, argc == 4 ? argv[3] : NULL);
    if (status != APIPIE_OK)
        fprintf(stderr, "the ledger cannot be used: %s\n", argv[3]);
    while (status == APIPIE_OK)
        status = draw(client, argv[1]);
    print_money("spent", apipie_client_money(client, NULL, APIPIE_MONEY_SPENT));
    print_money("unknown", apipie_client_money(client, NULL, APIPIE_MONEY_UNKNOWN));
    apipie_client_unref(client);
    return status == APIPIE_E_BUDGET ? 0 : 1;
}
