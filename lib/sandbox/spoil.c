/* SPDX-License-Identifier: MIT */
/* Knows what a fault makes of an answer; must not know what was asked. */
#include "sandbox/sandbox_priv.h"

static const char spoil_page[] =
    "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>apipie.ai | 502: Bad gateway</title>\n"
    "<meta charset=\"UTF-8\" />\n</head>\n<body>\n<div id=\"cf-wrapper\">\n"
    "<h1><span>Bad gateway</span> <span>Error code 502</span></h1>\n"
    "<p>The web server reported a bad gateway error.</p>\n"
    "<p>Ray ID: <strong>8f00d5a7be0c1234</strong> &bull; Performance and security by a proxy</p>\n"
    "</div>\n</body>\n</html>\n";

static void spoil_html(struct pie_answer *answer, int32_t status)
{
    pie_buf_clear(&answer->body);
    pie_buf_add_text(&answer->body, spoil_page);
    answer->status = status;
    answer->mime = "text/html; charset=UTF-8";
}

/* Nothing is drawn, nothing is billed. */
void pie_spoil_refuse(const struct pie_fault *f, struct pie_answer *answer, pie_error_fn error)
{
    const char *code, *message;

    if (f->set & PIE_FAULT_STATUS) {
        pie_answer_words(f->status, &code, &message);
        error(answer, f->status, code, message, NULL);
    }
    if (f->set & PIE_FAULT_CONTENT)
        error(answer, 400, "content_policy_violation",
              "The prompt was refused by the provider's safety system.", NULL);
    if (f->set & PIE_FAULT_ERROR200)
        error(answer, 200, "server_error", "The provider failed to draw.", NULL);
    if (f->set & PIE_FAULT_QUOTA && error != pie_answer_error)
        error(answer, 429, "insufficient_quota",
              "You exceeded your current quota, please check your plan and billing details.", NULL);
    else if (f->set & PIE_FAULT_QUOTA) {
        answer->status = 402;
        pie_buf_clear(&answer->body);
        pie_buf_add_text(&answer->body, "{\"code\":\"ACCOUNT_ERROR\",\"message\":\"Your account is "
                                        "out of credit. Add credit to go on.\"}");
    }
    if (f->set & (PIE_FAULT_HTML | PIE_FAULT_HTML200))
        spoil_html(answer, f->set & PIE_FAULT_HTML ? 502 : 200);
}

/* What happens to an answer that is ready. */
void pie_spoil_answer(struct apipie_sandbox *box, const struct pie_fault *f,
                      struct pie_answer *answer)
{
    if (f->set & PIE_FAULT_BADJSON) {
        pie_buf_clear(&answer->body);
        pie_buf_add_text(&answer->body, "{\"created\":1729535643,\"data\":[{\"url\":picture}]");
    }
    if (f->set & PIE_FAULT_WRONGMIME)
        answer->mime = "text/html";
    if (f->set & PIE_FAULT_RETRY_AFTER)
        memcpy(answer->retry_after, f->retry_after, sizeof(answer->retry_after));
    if (f->set & PIE_FAULT_RATELIMIT) {
        memcpy(answer->rate_remaining, f->rate_remaining, sizeof(answer->rate_remaining));
        memcpy(answer->rate_reset, f->rate_reset, sizeof(answer->rate_reset));
    }
    answer->should_retry = f->should_retry;
    answer->truncate = (f->set & PIE_FAULT_TRUNCATE) != 0;
    if (f->set & PIE_FAULT_CUT)
        answer->cut = 1;
    if (f->set & PIE_FAULT_STALL && pie_sandbox_sleep(box, f->stall_ms) != APIPIE_OK)
        answer->cut = 1;
}

/* The server's, which this call uses up. The lock is held. */
static void spoil_server_fault(struct apipie_sandbox *box, struct pie_fault *ret)
{
    if (box->fault_times != 0)
        *ret = box->fault;
    if (box->fault_times > 0)
        box->fault_times--;
}

/* The call's own fault, else its route's, else the server's. */
apipie_status pie_spoil_choose(struct apipie_sandbox *box, const struct pie_model *model,
                               struct pie_slice words, struct pie_answer *answer,
                               struct pie_fault *ret)
{
    const struct pie_fault *outage;

    if (words.n != 0)
        return pie_spoil_words(words, answer, ret);
    memset(ret, 0, sizeof(*ret));
    pie_lock_take(box->lock);
    outage = pie_outage_of(box->outages, model);
    if (outage != NULL)
        *ret = *outage;
    else
        spoil_server_fault(box, ret);
    pie_lock_drop(box->lock);
    return APIPIE_OK;
}

apipie_status pie_spoil_words(struct pie_slice words, struct pie_answer *answer,
                              struct pie_fault *ret)
{
    struct pie_buf text;

    if (pie_fault_parse(words, ret) == APIPIE_OK)
        return APIPIE_OK;
    pie_buf_init(&text, &pie_mem_libc, 2048);
    pie_buf_add_text(&text, "The sandbox knows no such fault. It knows, joined by ';': ");
    pie_fault_list(&text);
    pie_answer_error(answer, 400, "invalid_parameter", text.failed == APIPIE_OK ? text.p : "",
                     "sandbox");
    pie_buf_free(&text);
    return APIPIE_E_ARGUMENT;
}
