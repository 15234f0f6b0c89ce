/* SPDX-License-Identifier: MIT */
/* Knows how the gateway words a refusal; must not know why it refuses. */
#include "sandbox/sandbox_priv.h"

static const struct answer_words {
    int32_t status;
    const char *code, *message;
} answer_words[] = {
    {400, "invalid_parameter", "The request was refused."},
    {401, "invalid_api_key", "The API key was refused."},
    {402, "insufficient_quota", "The account is out of credit."},
    {403, "forbidden", "The key may not do this."},
    {404, "not_found", "There is nothing here."},
    {408, "request_timeout", "The request took too long to arrive."},
    {409, "conflict", "The request conflicts with another one."},
    {413, "request_too_large", "The request is too large."},
    {422, "unprocessable", "The request was understood, and cannot be served."},
    {425, "too_early", "The request came too early."},
    {429, "rate_limit_exceeded", "Too many requests. Try again later."},
    {500, "server_error", "The gateway failed."},
    {502, "bad_gateway", "The provider's answer could not be read."},
    {503, "service_unavailable", "The provider is overloaded. Try again later."},
    {504, "gateway_timeout", "The provider did not answer in time."},
};

void pie_answer_init(struct pie_answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    answer->status = 200;
    answer->mime = "application/json";
    pie_buf_init(&answer->body, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
}

void pie_answer_free(struct pie_answer *answer)
{
    pie_buf_free(&answer->body);
    answer->picture = pie_picture_unref(answer->picture);
}

void pie_answer_error(struct pie_answer *answer, int32_t status, const char *code,
                      const char *message, const char *param)
{
    struct pie_buf *body = &answer->body;

    pie_buf_clear(body);
    answer->status = status;
    answer->mime = "application/json";
    pie_buf_add_text(body, "{\"error\":{\"code\":");
    pie_json_string(body, pie_slice_text(code));
    pie_buf_add_text(body, ",\"message\":");
    pie_json_string(body, pie_slice_text(message));
    if (param != NULL) {
        pie_buf_add_text(body, ",\"param\":");
        pie_json_string(body, pie_slice_text(param));
    }
    pie_buf_add_text(body, "}}");
}

void pie_answer_words(int32_t status, const char **ret_code, const char **ret_message)
{
    *ret_code = status < 500 ? "invalid_request" : "server_error";
    *ret_message = "The sandbox was asked for this status.";
    for (size_t i = 0; i < PIE_COUNT(answer_words); i++)
        if (answer_words[i].status == status) {
            *ret_code = answer_words[i].code;
            *ret_message = answer_words[i].message;
        }
}

void pie_answer_status(struct pie_answer *answer, int32_t status)
{
    const char *code, *message;

    pie_answer_words(status, &code, &message);
    pie_answer_error(answer, status, code, message, NULL);
}

void pie_answer_header(struct pie_answer *answer, const char *name, const char *value)
{
    struct pie_answer_header *h = &answer->extra[answer->extra_count];

    if (answer->extra_count == PIE_ANSWER_EXTRA)
        return;
    h->name = name;
    pie_text_copy(pie_slice_text(value), h->value, sizeof(h->value));
    answer->extra_count++;
}

void pie_answer_stop(struct pie_answer *answer)
{
    if (answer->stop_count < PIE_ANSWER_STOPS)
        answer->stops[answer->stop_count++] = answer->body.n;
}
