/* SPDX-License-Identifier: MIT */
/* What a picture cost, what each exchange was, and what a failure says about money. */
#include <apipie/apipie.h>

#include <inttypes.h>
#include <stdio.h>

static const char *billed(int32_t word)
{
    return word == APIPIE_BILLED_NO    ? "not billed"
           : word == APIPIE_BILLED_YES ? "billed"
                                       : "unknown";
}

static void print_attempts(const apipie_request *req)
{
    for (size_t i = 0; i < apipie_request_attempt_count(req); i++)
        (void)printf(
            "  %s: http %d, %s, first byte after %" PRId64 " ms, all after %" PRId64 " ms\n",
            apipie_request_attempt_purpose(req, i) == APIPIE_PURPOSE_GENERATE ? "draw" : "fetch",
            (int)apipie_request_attempt_http_status(req, i),
            billed(apipie_request_attempt_billed(req, i)),
            apipie_request_attempt_time(req, i, APIPIE_TIME_FIRST_BYTE),
            apipie_request_attempt_time(req, i, APIPIE_TIME_TOTAL));
}

static void print_usage(const apipie_result *result)
{
    char dollars[24];

    (void)apipie_money_format(apipie_result_cost(result), dollars, sizeof dollars);
    (void)printf("$%s, %" PRId64 " tokens, server %" PRId64 " ms, %s/%s\n", dollars,
                 apipie_result_total_tokens(result), apipie_result_latency(result),
                 apipie_result_provider(result), apipie_result_model(result));
}

static void print_error(const apipie_error *error)
{
    (void)printf("%s (%s)\n", apipie_error_message(error),
                 apipie_status_name(apipie_error_code(error)));
    if (apipie_error_hint(error)[0] != '\0')
        (void)printf("  hint: %s\n", apipie_error_hint(error));
    (void)printf("  %s, worth another try: %s\n", billed(apipie_error_billed(error)),
                 apipie_error_is_retryable(error) ? "yes" : "no");
}

static apipie_status draw(apipie_client *client, const char *fault)
{
    apipie_request *req = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    apipie_status status;

    apipie_request_set_provider(req, "prodia");
    apipie_request_set_model(req, "sd_xl_base_1.0");
    apipie_request_set_prompt(req, "A windmill", APIPIE_NTS);
    apipie_request_set_size(req, 512, 512);
    if (fault != NULL)
        apipie_request_set_extra(req, "sandbox", fault);
    status = apipie_request_perform(req); /* to memory */
    if (status == APIPIE_OK)
        print_usage(apipie_request_result(req));
    else
        print_error(apipie_request_error(req));
    print_attempts(req);
    req = apipie_request_unref(req);
    return status;
}

int main(void)
{
    apipie_client *client = apipie_client_new(NULL);
    apipie_status good = draw(client, NULL);
    /* In the sandbox: a refusal, as a gateway without credit gives it. */
    apipie_status bad = draw(client, "{\"fault\":\"quota\"}");

    client = apipie_client_unref(client);
    return good == APIPIE_OK && bad == APIPIE_E_QUOTA ? 0 : 1;
}
