/* SPDX-License-Identifier: MIT */
/* Figures for Prometheus without a port: a file for the textfile collector of its node exporter, written anew every so often.
 *
 *   metrics FILE.prom PROMPT...
 */
#include <apipie/apipie.h>

#include <stdio.h>
#include <stdlib.h>

/* Under another name first: the exporter must never read half of it. */
static int replace_file(const char *path, const char *text, size_t size)
{
    char temporary[4096];
    int good = snprintf(temporary, sizeof temporary, "%s.new", path) < (int)sizeof temporary;
    FILE *file = good ? fopen(temporary, "w") : NULL;

    if (file == NULL)
        return 0;
    good = fwrite(text, 1, size, file) == size;
    good = fclose(file) == 0 && good;
    return good && rename(temporary, path) == 0;
}

static void write_metrics(void *path, apipie_stats *stats)
{
    size_t size = apipie_stats_format(stats, APIPIE_FORMAT_PROMETHEUS, NULL, 0);
    char *text = malloc(size + 1);

    if (text != NULL) {
        apipie_stats_format(stats, APIPIE_FORMAT_PROMETHEUS, text, size + 1);
        if (!replace_file(path, text, size))
            perror(path);
    }
    free(text);
}

static void say(apipie_request *request)
{
    if (apipie_request_status(request) == APIPIE_OK)
        printf("%s: drawn\n", apipie_request_prompt(request, NULL));
    else
        printf("%s: %s\n", apipie_request_prompt(request, NULL),
               apipie_error_message(apipie_request_error(request)));
}

int main(int argc, char **argv)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_request *request;
    apipie_stats *stats;

    if (argc < 3) {
        fprintf(stderr, "usage: metrics FILE.prom PROMPT...\n");
        return 2;
    }
    apipie_client_set_stats_fn(client, 500, write_metrics, argv[1], NULL);
    for (int i = 2; i < argc; i++) {
        request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_provider(request, "prodia");
        apipie_request_set_model(request, "sd_xl_base_1.0");
        apipie_request_set_prompt(request, argv[i], APIPIE_NTS);
        apipie_request_set_size(request, 64, 64);
        apipie_request_submit(request);
        request = apipie_request_unref(request);
    }
    while (apipie_client_poll(client, -1) == APIPIE_PENDING) {
        while ((request = apipie_client_next(client)) != NULL) {
            say(request);
            request = apipie_request_unref(request);
        }
    }
    stats = apipie_client_stats(client); /* what the last half second brought */
    write_metrics(argv[1], stats);
    if (apipie_stats_count(stats) != 0)
        printf("half of them took at most %lld ms\n",
               (long long)apipie_stats_quantile(stats, 0, APIPIE_STATS_TOTAL, 500));
    stats = apipie_stats_unref(stats);
    client = apipie_client_unref(client);
    return 0;
}
