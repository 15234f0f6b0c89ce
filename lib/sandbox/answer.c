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

static void answer_member(struct pie_buf *out, const char *key, const char *value)
{
    pie_buf_add_text(out, key);
    if (value != NULL)
        pie_json_string(out, pie_slice_text(value));
    else
        pie_buf_add_text(out, "null");
}

void pie_answer_typed_error(struct pie_answer *answer, int32_t status, const char *type,
                            const char *code, const char *message, const char *param)
{
    struct pie_buf *body = &answer->body;

    pie_buf_clear(body);
    answer->status = status;
    answer->mime = "application/json";
    answer_member(body, "{\"error\":{\"message\":", message);
    answer_member(body, ",\"type\":", type);
    answer_member(body, ",\"param\":", param);
    answer_member(body, ",\"code\":", code);
    pie_buf_add_text(body, "}}");
}

void pie_answer_invalid(struct pie_answer *answer, const char *field, const char *message,
                        const char *type)
{
    struct pie_buf *body = &answer->body;

    pie_buf_clear(body);
    answer->status = 422;
    answer->mime = "application/json";
    pie_buf_add_text(body, "{\"detail\":[{\"loc\":[\"body\"");
    if (field != NULL)
        answer_member(body, ",", field);
    answer_member(body, "],\"msg\":", message);
    answer_member(body, ",\"type\":", type);
    pie_buf_add_text(body, "}]}");
}

void pie_answer_say(char out[PIE_ANSWER_SAY], const char *a, struct pie_slice name, const char *b)
{
    size_t n = strlen(a), most = PIE_ANSWER_SAY - 161 - strlen(b);

    pie_text_copy(pie_slice(a, n < most ? n : most), out, PIE_ANSWER_SAY);
    n = strlen(out);
    pie_text_display(name, out + n, 161);
    n += strlen(out + n);
    pie_text_copy(pie_slice_text(b), out + n, PIE_ANSWER_SAY - n);
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
    size_t i = 0;

    while (i < answer->extra_count && strcmp(answer->extra[i].name, name) != 0)
        i++;
    if (i == PIE_ANSWER_EXTRA)
        return;
    answer->extra[i].name = name;
    pie_text_copy(pie_slice_text(value), answer->extra[i].value, sizeof(answer->extra[i].value));
    answer->extra_count += i == answer->extra_count ? 1 : 0;
}

void pie_answer_no_rate(struct pie_answer *answer)
{
    answer->rate_limit[0] = answer->rate_remaining[0] = answer->rate_reset[0] = '\0';
}

void pie_answer_hex(const uint8_t *p, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex[p[i] >> 4];
        out[2 * i + 1] = hex[p[i] & 15];
    }
    out[2 * n] = '\0';
}

void pie_answer_id(char out[PIE_ANSWER_ID])
{
    uint8_t bytes[(PIE_ANSWER_ID - 1) / 2];

    pie_random(bytes, sizeof(bytes));
    pie_answer_hex(bytes, sizeof(bytes), out);
}

void pie_answer_stop(struct pie_answer *answer)
{
    if (answer->stop_count < PIE_ANSWER_STOPS)
        answer->stops[answer->stop_count++] = answer->body.n;
}
