/* SPDX-License-Identifier: MIT */
/* Knows how a failure is gathered and which exit code it has; not how it is printed. */
#include "failure.h"

#include <string.h>

static void append(struct cli_failure *f, const char *text)
{
    size_t have = strlen(f->message);
    size_t room = sizeof f->message - 1 - have;
    size_t n = text == NULL ? 0 : strlen(text);

    if (n > room)
        n = room;
    if (n > 0)
        memcpy(f->message + have, text, n);
    f->message[have + n] = '\0';
}

void cli_failure_set(struct cli_failure *f, apipie_status status, const char *hint, const char *a,
                     const char *b, const char *c)
{
    if (f->status != APIPIE_OK)
        return;
    memset(f, 0, sizeof *f);
    f->status = status;
    f->hint = hint;
    f->retry_after_ms = APIPIE_UNKNOWN;
    f->paid = APIPIE_UNKNOWN;
    f->billed = APIPIE_BILLED_NO;
    f->fault = status <= APIPIE_E_MEMORY ? APIPIE_FAULT_LIBRARY : APIPIE_FAULT_CALLER;
    append(f, a);
    append(f, b);
    append(f, c);
}

void cli_failure_memory(struct cli_failure *f)
{
    cli_failure_set(f, APIPIE_E_MEMORY, "", "out of memory", NULL, NULL);
}

static int32_t count_doubtful(const apipie_request *request)
{
    int32_t found = 0;

    for (size_t i = 0; i < apipie_request_attempt_count(request); i++)
        found += apipie_request_attempt_purpose(request, i) == APIPIE_PURPOSE_GENERATE &&
                 apipie_request_attempt_billed(request, i) != APIPIE_BILLED_NO;
    return found;
}

static const char *first_url(const apipie_result *result)
{
    for (size_t i = 0; i < apipie_result_image_count(result); i++)
        if (apipie_result_image_url(result, i) != NULL)
            return apipie_result_image_url(result, i);
    return NULL;
}

/* The library speaks of its functions; here the same is an option. */
const char *cli_failure_option(const char *message, const char **ret_rest)
{
    static const struct {
        const char *setter, *option;
    } known[] = {
        {"set_prompt", "PROMPT"},
        {"set_model", "-m"},
        {"set_provider", "-p"},
        {"set_n", "-n"},
        {"set_size", "-s"},
        {"set_quality", "-q"},
        {"set_style", "--style"},
        {"set_negative_prompt", "--negative"},
        {"set_seed", "--seed"},
        {"set_steps", "--steps"},
        {"set_guidance", "--cfg-scale"},
        {"set_sampler", "--sampler"},
        {"set_strength", "--strength"},
        {"set_output_format", "--output-format"},
        {"set_stream", "--stream"},
        {"set_partial_images", "--partial-images"},
        {"set_image", "--image"},
        {"set_image_file", "--image"},
        {"set_image_url", "--image"},
        {"set_image_bytes", "--image"},
        {"add_image", "--image"},
        {"add_image_file", "--image"},
        {"add_image_url", "--image"},
        {"add_image_bytes", "--image"},
        {"set_mask", "--mask"},
        {"set_mask_file", "--mask"},
        {"set_mask_url", "--mask"},
        {"set_mask_bytes", "--mask"},
        {"set_response_format", "--format"},
        {"set_extra", "--extra"},
    };
    size_t n = message == NULL ? 0 : strcspn(message, ":");

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (n == 0 || message[n] == '\0' || strlen(known[i].setter) != n ||
            memcmp(known[i].setter, message, n) != 0)
            continue;
        *ret_rest = message + n;
        return known[i].option;
    }
    *ret_rest = message;
    return NULL;
}

/* Which variable holds the key of another backend is the configuration's business. */
static int is_key_of_another(apipie_status status, const apipie_request *request)
{
    size_t n = apipie_request_attempt_count(request);
    const char *backend = n == 0 ? NULL : apipie_request_attempt_backend(request, n - 1);

    return status == APIPIE_E_AUTH && backend != NULL && strcmp(backend, "apipie") != 0;
}

static const char *hint(apipie_status status, const apipie_request *request,
                        const apipie_error *error)
{
    if (is_key_of_another(status, request) &&
        strstr(apipie_error_hint(error), "APIPIE_API_KEY") != NULL)
        return "check the key in the variable that \"key_env\" of this backend names; apipie "
               "doctor "
               "says more";
    if (status == APIPIE_E_BUDGET)
        return "raise --budget; where no price is known, --price USD says what one image costs";
    if (status == APIPIE_E_UNAVAILABLE)
        return "wait, or add another route: --route BACKEND/PROVIDER/MODEL";
    if (status == APIPIE_E_UNSUPPORTED &&
        strstr(apipie_error_hint(error), "apipie_request_set_unsupported") != NULL)
        return "leave it out, ask another backend, or say --unsupported drop, or nearest";
    return apipie_error_hint(error);
}

void cli_failure_take(struct cli_failure *f, apipie_status status, const apipie_request *request,
                      const char *flag)
{
    const apipie_error *error = apipie_request_error(request);
    const apipie_result *result = apipie_request_result(request);
    const char *words;
    const char *option = cli_failure_option(apipie_error_message(error), &words);

    if (option != NULL)
        cli_failure_set(f, status, hint(status, request, error), option, words, NULL);
    else
        cli_failure_set(f, status, hint(status, request, error), flag, flag == NULL ? NULL : ": ",
                        words);
    f->request = request;
    f->http_status = apipie_error_http_status(error);
    f->provider_code = apipie_error_provider_code(error);
    f->retryable = apipie_error_is_retryable(error);
    f->billed = apipie_error_billed(error);
    f->fault = apipie_error_fault(error);
    f->retry_after_ms = apipie_error_retry_after(error);
    f->attempts = apipie_error_attempts(error);
    f->request_id = apipie_error_request_id(error);
    f->doubtful = count_doubtful(request);
    f->paid = result == NULL ? APIPIE_UNKNOWN : apipie_result_cost(result);
    f->left_url = first_url(result);
}

int cli_exit_code(apipie_status status)
{
    switch (status) {
    case APIPIE_OK:
        return 0;
    case APIPIE_E_CANCELLED:
        return 130;
    case APIPIE_E_LIMIT:
        return 2;
    case APIPIE_E_AUTH:
        return 3;
    case APIPIE_E_VETOED:
        return 4;
    case APIPIE_E_BUDGET:
    case APIPIE_E_RATE_LIMITED:
    case APIPIE_E_QUOTA:
        return 5;
    case APIPIE_E_SERVER:
    case APIPIE_E_UNAVAILABLE:
        return 7;
    default:
        break;
    }
    if (status > APIPIE_E_MEMORY)
        return 2;
    if (status > APIPIE_E_CONNECT)
        return 9;
    if (status > APIPIE_E_AUTH)
        return 6;
    return status > APIPIE_E_MALFORMED ? 4 : 8;
}
