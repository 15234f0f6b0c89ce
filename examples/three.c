/* SPDX-License-Identifier: MIT */
/* A server under the desk, a provider of one's own and the gateway: who draws, what it costs, how they do. three DESK PROVIDER PROMPT...
 * DESK speaks a1111, PROVIDER openai (its key: PROVIDER_KEY); the gateway as always. */
#include <apipie/apipie.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void draw(apipie_client *client, const char *prompt)
{
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    char cost[24] = "";
    int32_t kind = APIPIE_CHARGE_NONE;

    apipie_request_set_prompt(request, prompt, APIPIE_NTS);
    apipie_request_set_size(request, 512, 512);
    apipie_request_set_unsupported(request, APIPIE_UNSUPPORTED_NEAREST);
    if (apipie_request_perform(request) == APIPIE_OK) {
        apipie_money_format(apipie_request_charge(request, &kind), cost, sizeof cost);
        printf("%s: drawn by %s, $%s%s\n", prompt,
               apipie_result_backend(apipie_request_result(request)), cost,
               kind == APIPIE_CHARGE_ESTIMATED ? " (estimated)" : "");
    } else {
        printf("%s: %s\n", prompt, apipie_error_message(apipie_request_error(request)));
    }
    for (size_t i = 0; i < apipie_request_attempt_count(request); i++)
        if (apipie_request_attempt_message(request, i)[0] != '\0')
            printf("  not by %s: %s\n", apipie_request_attempt_backend(request, i),
                   apipie_request_attempt_message(request, i));
    apipie_request_unref(request);
}

static void show_health(apipie_client *client)
{
    apipie_health *health = apipie_client_health_snapshot(client);

    for (size_t i = 0; i < apipie_health_count(health); i++)
        if (apipie_health_number(health, i, APIPIE_HEALTH_SCOPE) == APIPIE_HEALTH_ROUTE)
            printf(
                "%s is %s: %s\n", apipie_health_text(health, i, APIPIE_HEALTH_BACKEND),
                apipie_health_name((int32_t)apipie_health_number(health, i, APIPIE_HEALTH_STATE)),
                apipie_health_text(health, i, APIPIE_HEALTH_REASON));
    apipie_health_unref(health);
}

static void show_costs(apipie_client *client)
{
    apipie_stats *stats = apipie_client_stats(client);
    char cost[24];

    for (size_t i = 0; i < apipie_stats_count(stats); i++) {
        apipie_money_format(apipie_stats_number(stats, i, APIPIE_STATS_COST), cost, sizeof cost);
        printf("%s has drawn %" PRId64 " for $%s\n",
               apipie_stats_text(stats, i, APIPIE_STATS_BACKEND),
               apipie_stats_number(stats, i, APIPIE_STATS_IMAGES), cost);
    }
    apipie_stats_unref(stats);
}

int main(int argc, char **argv)
{
    apipie_client *client = apipie_client_new(NULL);
    const char *key = getenv("PROVIDER_KEY");

    if (argc < 4 || apipie_client_add_backend(client, "desk", "a1111", argv[1]) != APIPIE_OK ||
        apipie_client_add_backend(client, "provider", "openai", argv[2]) != APIPIE_OK) {
        fprintf(stderr, "usage: three DESK PROVIDER PROMPT...\n");
        apipie_client_unref(client);
        return 1;
    }
    apipie_client_set_backend_key(client, "provider", key != NULL ? key : getenv("OPENAI_API_KEY"));
    apipie_client_set_price(client, "provider", NULL, APIPIE_DOLLAR / 25); /* it names no cost */
    apipie_client_set_price(client, NULL, NULL, APIPIE_DOLLAR / 100);
    apipie_client_set_budget(client, APIPIE_DOLLAR); /* of all three together */
    apipie_client_add_route(client, "desk", NULL, NULL);
    apipie_client_add_route(client, "provider", NULL, "gpt-image-1");
    apipie_client_add_route(client, "apipie", "prodia", "sd_xl_base_1.0");
    for (int i = 3; i < argc; i++)
        draw(client, argv[i]);
    show_costs(client);
    show_health(client);
    apipie_client_unref(client);
    return 0;
}
