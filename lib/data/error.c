/* SPDX-License-Identifier: MIT */
/* Knows how a failure is told; must not know where it happened. */
#include "data/data.h"

/* Bodies of failed replies, as kept for the host. */
#define ERROR_BODY_MAX 65536

/* These names are the command line's contract; they never change. */
static const struct {
    apipie_status status;
    const char *name;
} error_names[] = {
    {APIPIE_OK, "ok"},
    {APIPIE_PENDING, "pending"},
    {APIPIE_E_ARGUMENT, "usage"},
    {APIPIE_E_STATE, "usage"},
    {APIPIE_E_REENTRANT, "usage"},
    {APIPIE_E_CONFIG, "config"},
    {APIPIE_E_UNSUPPORTED, "usage"},
    {APIPIE_E_CANCELLED, "cancelled"},
    {APIPIE_E_BUDGET, "budget"},
    {APIPIE_E_VETOED, "vetoed"},
    {APIPIE_E_FORKED, "forked"},
    {APIPIE_E_MEMORY, "out_of_memory"},
    {APIPIE_E_LIMIT, "usage"},
    {APIPIE_E_FILE, "file"},
    {APIPIE_E_SINK, "file"},
    {APIPIE_E_INTERNAL, "internal"},
    {APIPIE_E_CONNECT, "connect"},
    {APIPIE_E_TLS, "tls"},
    {APIPIE_E_TIMEOUT, "timeout"},
    {APIPIE_E_NETWORK, "network"},
    {APIPIE_E_AUTH, "auth"},
    {APIPIE_E_PARAMETER, "parameter"},
    {APIPIE_E_CONTENT_POLICY, "content_policy"},
    {APIPIE_E_NOT_FOUND, "not_found"},
    {APIPIE_E_RATE_LIMITED, "rate_limited"},
    {APIPIE_E_QUOTA, "quota"},
    {APIPIE_E_SERVER, "server"},
    {APIPIE_E_UNAVAILABLE, "unavailable"},
    {APIPIE_E_MALFORMED, "response_malformed"},
    {APIPIE_E_TOO_LARGE, "response_too_large"},
    {APIPIE_E_NO_IMAGE, "no_image"},
};

const char *pie_error_name(apipie_status status)
{
    for (size_t i = 0; i < PIE_COUNT(error_names); i++) {
        if (error_names[i].status == status)
            return error_names[i].name;
    }
    return "unknown";
}

_Static_assert(PIE_COUNT(error_names) <= PIE_ERROR_STATUSES, "PIE_ERROR_STATUSES is too small");

size_t pie_error_index(apipie_status status)
{
    size_t internal = 0;
    for (size_t i = 0; i < PIE_COUNT(error_names); i++) {
        if (error_names[i].status == status)
            return i;
        if (error_names[i].status == APIPIE_E_INTERNAL)
            internal = i;
    }
    return internal;
}

apipie_status pie_error_at(size_t index)
{
    return index < PIE_COUNT(error_names) ? error_names[index].status : APIPIE_PENDING;
}

void pie_error_init(struct apipie_error *e, const struct pie_mem *mem)
{
    memset(e, 0, sizeof(*e));
    e->retry_after_ms = APIPIE_UNKNOWN;
    e->should_retry = APIPIE_UNKNOWN;
    pie_buf_init(&e->body, mem, ERROR_BODY_MAX);
}

void pie_error_free(struct apipie_error *e)
{
    pie_buf_free(&e->body);
}

int32_t pie_error_fault(apipie_status code)
{
    switch (code) {
    case APIPIE_OK:
    case APIPIE_E_CANCELLED:
        return APIPIE_FAULT_NONE;
    case APIPIE_E_AUTH:
    case APIPIE_E_RATE_LIMITED:
    case APIPIE_E_QUOTA:
        return APIPIE_FAULT_ACCOUNT;
    case APIPIE_E_CONNECT:
    case APIPIE_E_TLS:
    case APIPIE_E_TIMEOUT:
    case APIPIE_E_NETWORK:
        return APIPIE_FAULT_NETWORK;
    case APIPIE_E_SERVER:
    case APIPIE_E_UNAVAILABLE:
    case APIPIE_E_MALFORMED:
    case APIPIE_E_NO_IMAGE:
        return APIPIE_FAULT_PROVIDER;
    case APIPIE_E_MEMORY:
    case APIPIE_E_INTERNAL:
        return APIPIE_FAULT_LIBRARY;
    default:
        return APIPIE_FAULT_CALLER;
    }
}

static void error_hint_limit(struct apipie_error *e)
{
    static const char more[] = "a memory limit is set: raise apipie_client_set_memory_limit(), or "
                               "let pictures go to a file or a sink";
    size_t n = strlen(e->hint);
    if (n != 0) {
        pie_text_copy(pie_slice_text("; "), e->hint + n, sizeof(e->hint) - n);
        n += strlen(e->hint + n);
    }
    pie_text_copy(pie_slice_text(more), e->hint + n, sizeof(e->hint) - n);
}

void pie_error_set(struct apipie_error *e, apipie_status code, const char *hint, const char *a,
                   const char *b, const char *c)
{
    struct pie_buf body = e->body;
    const char *piece[3] = {a, b, c};
    char text[sizeof(e->message) * 2];
    size_t n = 0;
    memset(e, 0, sizeof(*e));
    e->body = body;
    e->code = code;
    e->fault = pie_error_fault(code);
    e->retry_after_ms = APIPIE_UNKNOWN;
    e->should_retry = APIPIE_UNKNOWN;
    for (size_t i = 0; i < PIE_COUNT(piece) && piece[i] != NULL; i++) {
        pie_text_copy(pie_slice_text(piece[i]), text + n, sizeof(text) - n);
        n += strlen(text + n);
    }
    pie_text_display(pie_slice(text, n), e->message, sizeof(e->message));
    pie_text_copy(pie_slice_text(hint), e->hint, sizeof(e->hint));
    if (code == APIPIE_E_MEMORY && body.mem != NULL && pie_mem_is_limited(body.mem))
        error_hint_limit(e);
}

void pie_error_move(struct apipie_error *to, struct apipie_error *from)
{
    pie_error_free(to);
    *to = *from;
    pie_buf_init(&from->body, to->body.mem, ERROR_BODY_MAX);
}
