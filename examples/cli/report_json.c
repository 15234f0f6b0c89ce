/* SPDX-License-Identifier: MIT */
/* Knows the JSON of the contract: keys, order, null for what nobody said. */
#include "report.h"

static const char *billed_word(int32_t billed)
{
    switch (billed) {
    case APIPIE_BILLED_NO:
        return "no";
    case APIPIE_BILLED_YES:
        return "yes";
    default:
        return "unknown";
    }
}

static const char *fault_word(int32_t fault)
{
    static const char *const words[] = {"none",    "caller",   "account", "network",
                                        "gateway", "provider", "library"};

    return fault >= 0 && fault <= APIPIE_FAULT_LIBRARY ? words[fault] : "library";
}

/* 0 and "" stand for "not said" where the library has no other way to say so. */
static int64_t known(int64_t number)
{
    return number == 0 ? APIPIE_UNKNOWN : number;
}

static const char *said(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static const char *purpose_word(int32_t purpose)
{
    switch (purpose) {
    case APIPIE_PURPOSE_GENERATE:
        return "generate";
    case APIPIE_PURPOSE_DOWNLOAD:
        return "download";
    case APIPIE_PURPOSE_MODELS:
        return "models";
    case APIPIE_PURPOSE_HISTORY:
        return "history";
    case APIPIE_PURPOSE_CHECK:
        return "check";
    case APIPIE_PURPOSE_POLL:
        return "poll";
    case APIPIE_PURPOSE_STOP:
        return "stop";
    case APIPIE_PURPOSE_PROGRESS:
        return "progress";
    case APIPIE_PURPOSE_UPLOAD:
        return "upload";
    default:
        return NULL;
    }
}

static const char *outcome_word(int32_t outcome)
{
    switch (outcome) {
    case APIPIE_OUTCOME_NOT_SENT:
        return "not_sent";
    case APIPIE_OUTCOME_REJECTED:
        return "rejected";
    case APIPIE_OUTCOME_DELIVERED:
        return "delivered";
    default:
        return "unknown";
    }
}

const char *cli_report_charge_word(int32_t kind)
{
    switch (kind) {
    case APIPIE_CHARGE_NONE:
        return "none";
    case APIPIE_CHARGE_SERVER:
        return "server";
    case APIPIE_CHARGE_ESTIMATED:
        return "estimated";
    default:
        return "unknown";
    }
}

/* Nothing where something was charged: no price is known. */
static void report_charge(struct cli_json *j, const apipie_request *request)
{
    int32_t kind = APIPIE_CHARGE_NONE;
    int64_t charge = apipie_request_charge(request, &kind);

    if (charge == 0 && kind != APIPIE_CHARGE_NONE)
        charge = APIPIE_UNKNOWN;
    cli_json_money(j, "charge_usd", charge);
    cli_json_text(j, "charge", cli_report_charge_word(kind));
}

static void report_attempt(struct cli_json *j, const apipie_request *request, size_t i)
{
    apipie_status status = apipie_request_attempt_status(request, i);

    cli_json_open(j, NULL, '{');
    cli_json_text(j, "purpose", purpose_word(apipie_request_attempt_purpose(request, i)));
    cli_json_text(j, "backend", apipie_request_attempt_backend(request, i));
    cli_json_text(j, "provider", apipie_request_attempt_provider(request, i));
    cli_json_text(j, "model", apipie_request_attempt_model(request, i));
    cli_json_text(j, "outcome", outcome_word(apipie_request_attempt_outcome(request, i)));
    cli_json_text(j, "billed", billed_word(apipie_request_attempt_billed(request, i)));
    cli_json_text(j, "code", status == APIPIE_OK ? NULL : apipie_status_name(status));
    cli_json_number(j, "http_status", known(apipie_request_attempt_http_status(request, i)));
    cli_json_text(j, "message", said(apipie_request_attempt_message(request, i)));
    cli_json_close(j, '}');
}

static void report_attempts(struct cli_json *j, const apipie_request *request)
{
    cli_json_open(j, "attempt_log", '[');
    for (size_t i = 0; i < apipie_request_attempt_count(request); i++)
        report_attempt(j, request, i);
    cli_json_close(j, ']');
}

static void report_entry(struct cli_json *j, const struct cli_entry *entry)
{
    if (entry == NULL)
        return;
    cli_json_number(j, "index", entry->index);
    cli_json_text(j, "prompt", entry->prompt);
}

void cli_report_error_json(struct cli_json *j, const struct cli_failure *f)
{
    cli_json_open(j, "error", '{');
    cli_json_text(j, "code", apipie_status_name(f->status));
    cli_json_text(j, "message", f->message);
    cli_json_text(j, "hint", said(f->hint));
    cli_json_number(j, "http_status", known(f->http_status));
    cli_json_text(j, "provider_code", f->provider_code);
    cli_json_flag(j, "retryable", f->retryable);
    cli_json_text(j, "billed", billed_word(f->billed));
    cli_json_text(j, "fault", fault_word(f->fault));
    cli_json_number(j, "retry_after_ms", f->retry_after_ms);
    cli_json_number(j, "attempts", f->attempts);
    cli_json_text(j, "request_id", f->request_id);
    cli_json_close(j, '}');
}

void cli_report_failure_json(const struct cli_failure *f, const struct cli_entry *entry)
{
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 0);
    cli_report_error_json(&j, f);
    report_charge(&j, f->request);
    report_attempts(&j, f->request);
    report_entry(&j, entry);
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}

static void report_image(struct cli_json *j, const apipie_result *result, size_t i,
                         enum cli_place place)
{
    cli_json_open(j, NULL, '{');
    cli_json_text(j, "path", cli_report_path(result, i, place));
    cli_json_number(j, "bytes", known((int64_t)apipie_result_image_size(result, i)));
    cli_json_text(j, "mime", apipie_result_image_mime(result, i));
    cli_json_number(j, "width", known(apipie_result_image_width(result, i)));
    cli_json_number(j, "height", known(apipie_result_image_height(result, i)));
    cli_json_text(j, "url", apipie_result_image_url(result, i));
    cli_json_text(j, "revised_prompt", apipie_result_image_revised_prompt(result, i));
    cli_json_close(j, '}');
}

void cli_report_success_json(const apipie_request *request, enum cli_place place,
                             const struct cli_entry *entry)
{
    const apipie_result *result = apipie_request_result(request);
    char words[CLI_WARNING_ROOM];
    struct cli_json j = {stdout, 0};

    cli_json_open(&j, NULL, '{');
    cli_json_flag(&j, "ok", 1);
    cli_json_open(&j, "images", '[');
    for (size_t i = 0; i < apipie_result_image_count(result); i++)
        report_image(&j, result, i, place);
    cli_json_close(&j, ']');
    cli_json_open(&j, "usage", '{');
    cli_json_money(&j, "cost_usd", apipie_result_cost(result));
    cli_json_number(&j, "prompt_tokens", apipie_result_prompt_tokens(result));
    cli_json_number(&j, "total_tokens", apipie_result_total_tokens(result));
    cli_json_number(&j, "latency_ms", apipie_result_latency(result));
    cli_json_close(&j, '}');
    report_charge(&j, request);
    cli_json_flag(&j, "cached", apipie_result_is_cached(result));
    cli_json_text(&j, "backend", apipie_result_backend(result));
    cli_json_text(&j, "provider", apipie_result_provider(result));
    cli_json_text(&j, "model", apipie_result_model(result));
    cli_json_number(&j, "attempts", apipie_request_tries(request));
    cli_json_number(&j, "elapsed_ms", apipie_request_elapsed(request));
    cli_json_text(&j, "request_id", apipie_result_request_id(result));
    cli_json_open(&j, "warnings", '[');
    for (size_t i = 0; i < apipie_result_warning_count(result); i++) {
        cli_report_warning(result, i, words, sizeof words);
        cli_json_text(&j, NULL, words);
    }
    cli_json_close(&j, ']');
    report_attempts(&j, request);
    report_entry(&j, entry);
    cli_json_close(&j, '}');
    (void)fputc('\n', stdout);
}
