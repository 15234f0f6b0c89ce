/* SPDX-License-Identifier: MIT */
/* Knows how results and failures are told to a person; decides nothing. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "text.h"

static void report_bill(const struct cli_failure *f)
{
    char amount[32];

    if (f->billed == APIPIE_BILLED_YES) {
        (void)apipie_money_format(f->paid, amount, sizeof amount);
        if (amount[0] != '\0')
            (void)fprintf(stderr, "You have paid $%s.\n", amount);
        else
            (void)fputs("You have paid.\n", stderr);
    } else if (f->billed == APIPIE_BILLED_UNKNOWN && f->doubtful > 1) {
        (void)fprintf(stderr, "You may have paid up to %" PRId32 " times.\n", f->doubtful);
    } else if (f->billed == APIPIE_BILLED_UNKNOWN) {
        (void)fputs("You may have paid. Not sent again.\n", stderr);
    } else if (f->status <= APIPIE_E_CONNECT || f->status == APIPIE_E_CANCELLED ||
               f->status == APIPIE_E_BUDGET) {
        (void)fputs("Nothing was billed.\n", stderr);
    }
}

static void report_failure(const struct cli_failure *f)
{
    (void)fputs("apipie: ", stderr);
    cli_text_print(stderr, f->message);
    (void)fputc('\n', stderr);
    if (f->hint != NULL && f->hint[0] != '\0') {
        (void)fputs("hint: ", stderr);
        cli_text_print(stderr, f->hint);
        (void)fputc('\n', stderr);
    }
    cli_report_routes(f->request);
    report_bill(f);
    /* Perhaps paid for, and still there for a while. */
    if (f->left_url != NULL) {
        (void)fputs("The picture may still be at ", stderr);
        cli_text_print(stderr, f->left_url);
        (void)fputc('\n', stderr);
    }
}

int cli_report(const struct cli_failure *f, int json)
{
    if (f->status != APIPIE_OK && json)
        cli_report_failure_json(f, NULL);
    else if (f->status != APIPIE_OK)
        report_failure(f);
    (void)fflush(stdout);
    return cli_exit_code(f->status);
}

static long peak_mebibytes(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return -1;
#ifdef __APPLE__
    return (usage.ru_maxrss + 1048575) / 1048576;
#else
    return (usage.ru_maxrss + 1023) / 1024;
#endif
}

const char *cli_report_path(const apipie_result *result, size_t index, enum cli_place place)
{
    const char *path = apipie_result_image_path(result, index);

    return path != NULL && place == CLI_HERE && strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static void receipt_images(const apipie_result *result, enum cli_place place)
{
    const char *between = "";

    for (size_t i = 0; i < apipie_result_image_count(result); i++) {
        int32_t width = apipie_result_image_width(result, i);
        const char *path = cli_report_path(result, i, place);

        if (apipie_result_image_size(result, i) == 0)
            continue;
        (void)fputs(between, stderr);
        cli_text_print(stderr, place == CLI_STDOUT ? "stdout" : path);
        if (width > 0)
            (void)fprintf(stderr, " %" PRId32 "x%" PRId32, width,
                          apipie_result_image_height(result, i));
        between = ", ";
    }
}

/* "prodia/sd_xl_base_1.0": some servers put the provider before the model themselves. */
static void receipt_route(const apipie_result *result)
{
    const char *backend = apipie_result_backend(result);
    const char *provider = apipie_result_provider(result);
    const char *model = apipie_result_model(result);

    if (backend != NULL && strcmp(backend, "apipie") != 0) {
        (void)fputs(" \u00b7 ", stderr);
        cli_text_print(stderr, backend);
    }
    if (provider == NULL && model == NULL)
        return;
    (void)fputs(" \u00b7 ", stderr);
    if (provider != NULL && (model == NULL || strchr(model, '/') == NULL)) {
        cli_text_print(stderr, provider);
        if (model != NULL)
            (void)fputc('/', stderr);
    }
    cli_text_print(stderr, model);
}

static void receipt(const apipie_request *request, enum cli_place place)
{
    const apipie_result *result = apipie_request_result(request);
    int64_t latency = apipie_result_latency(result);
    int32_t tries = apipie_request_tries(request);
    long peak = peak_mebibytes();
    int32_t kind = APIPIE_CHARGE_UNKNOWN;
    char amount[32];

    receipt_images(result, place);
    (void)apipie_request_charge(request, &kind);
    (void)apipie_money_format(apipie_result_cost(result), amount, sizeof amount);
    if (apipie_result_is_cached(result))
        (void)fputs(" \u00b7 from the cache, nothing billed", stderr);
    else if (amount[0] != '\0')
        (void)fprintf(stderr, " \u00b7 $%s", amount);
    else if (kind == APIPIE_CHARGE_NONE)
        (void)fputs(" \u00b7 free", stderr);
    else
        (void)fputs(" \u00b7 cost unknown", stderr);
    receipt_route(result);
    if (latency >= 0)
        (void)fprintf(stderr, " \u00b7 server %" PRId64 ".%" PRId64 " s", (latency + 50) / 1000,
                      (latency + 50) / 100 % 10);
    (void)fprintf(stderr, " \u00b7 %" PRId32 " attempt%s", tries, tries == 1 ? "" : "s");
    if (peak > 0)
        (void)fprintf(stderr, " \u00b7 peak memory %ld MiB", peak);
    (void)fputc('\n', stderr);
}

void cli_report_warning(const apipie_result *result, size_t i, char *text, size_t room)
{
    const char *rest;
    const char *option = cli_failure_option(apipie_result_warning(result, i), &rest);

    (void)snprintf(text, room, "%s%s", option == NULL ? "" : option, rest == NULL ? "" : rest);
}

void cli_report_success(const apipie_request *request, enum cli_place place)
{
    const apipie_result *result = apipie_request_result(request);
    char words[CLI_WARNING_ROOM];

    for (size_t i = 0; i < apipie_result_image_count(result); i++) {
        const char *path = cli_report_path(result, i, place);

        if (path != NULL)
            (void)puts(path);
    }
    (void)fflush(stdout);
    for (size_t i = 0; i < apipie_result_warning_count(result); i++) {
        (void)fputs("warning: ", stderr);
        cli_report_warning(result, i, words, sizeof words);
        cli_text_print(stderr, words);
        (void)fputc('\n', stderr);
    }
    cli_report_routes(request);
    receipt(request, place);
}

void cli_progress_show(const apipie_request *request, int64_t elapsed_ms)
{
    int64_t drawn = apipie_request_progress(request, APIPIE_PROGRESS_DRAWN);

    (void)fprintf(stderr, "\rdrawing %" PRId64 ".%" PRId64 " s ", elapsed_ms / 1000,
                  elapsed_ms / 100 % 10);
    if (drawn >= 0)
        (void)fprintf(stderr, "%3" PRId64 " %% ", drawn / 10);
    (void)fflush(stderr);
}

void cli_progress_clear(void)
{
    (void)fprintf(stderr, "\r%32s\r", "");
    (void)fflush(stderr);
}
