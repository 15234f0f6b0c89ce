/* SPDX-License-Identifier: MIT */
/* Knows what the wires have in common: routes, bodies, counts. Must not know any of them, nor libmicrohttpd. */
#include "sandbox/wires_priv.h"

struct pie_slice pie_call_wild(const struct pie_call *call, const char *path)
{
    const char *star = strchr(path, '*');
    size_t n = strlen(call->path), before = star != NULL ? (size_t)(star - path) : 0;
    size_t behind = star != NULL ? strlen(star + 1) : 0;

    if (star == NULL || n <= before + behind || memcmp(call->path, path, before) != 0 ||
        strcmp(call->path + n - behind, star + 1) != 0)
        return pie_slice(NULL, 0);
    return pie_slice(call->path + before, n - before - behind);
}

static int32_t call_is_at(const struct pie_call *call, const char *path)
{
    return strcmp(call->path, path) == 0 || pie_call_wild(call, path).n != 0;
}

const struct pie_route *pie_route_find(const struct pie_route *routes, size_t n,
                                       const struct pie_call *call, const char **ret_allow)
{
    int32_t head = strcmp(call->method, "HEAD") == 0;

    *ret_allow = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!call_is_at(call, routes[i].path))
            continue;
        if (strcmp(head ? "GET" : call->method, routes[i].method) == 0)
            return &routes[i];
        *ret_allow = routes[i].method;
    }
    return NULL;
}

struct pie_slice pie_call_bearer(const struct pie_call *call)
{
    struct pie_slice sent = call->authorization;

    if (!pie_slice_starts_nocase(sent, "Bearer "))
        return pie_slice(NULL, 0);
    return pie_slice_trim(pie_slice(sent.p + 7, sent.n - 7));
}

int32_t pie_call_same(struct pie_slice a, struct pie_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int32_t pie_media_is(struct pie_slice media, const char *type)
{
    size_t n = pie_slice_find_nocase(media, ";");

    return pie_slice_equal_nocase(pie_slice_trim(pie_slice(media.p, n)), type);
}

void pie_call_arrived(struct apipie_sandbox *box)
{
    pie_lock_take(box->lock);
    box->requests++;
    pie_lock_drop(box->lock);
}

apipie_status pie_call_throttle(struct apipie_sandbox *box, struct pie_answer *answer,
                                pie_error_fn error)
{
    apipie_status status;
    const char *code, *message;

    pie_lock_take(box->lock);
    status = pie_throttle_take(&box->throttle, pie_clock_ms(), answer);
    pie_lock_drop(box->lock);
    if (status != APIPIE_OK) {
        pie_answer_words(429, &code, &message);
        error(answer, 429, code, message, NULL);
    }
    return status;
}

apipie_status pie_call_json(const struct pie_call *call, struct pie_doc **ret)
{
    return pie_intake_end(call->in, ret);
}

void pie_call_run(struct apipie_sandbox *box, const struct pie_route *route,
                  const struct pie_call *call, struct pie_answer *answer, pie_error_fn error)
{
    struct pie_fault fault;

    if (route->draws) {
        route->answer(box, call, answer);
        return;
    }
    if (pie_spoil_words(call->fault, answer, &fault) != APIPIE_OK)
        return;
    if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, error);
    else
        route->answer(box, call, answer);
    pie_spoil_answer(box, &fault, answer);
}

const struct pie_node *pie_call_get(const struct pie_node *object, const char *key)
{
    const struct pie_node *node = pie_node_get(object, key);

    return pie_node_kind(node) == PIE_JSON_NULL ? NULL : node;
}

int64_t pie_call_int(const struct pie_node *object, const char *key, int64_t otherwise)
{
    int64_t v = otherwise;

    (void)pie_node_int(pie_call_get(object, key), &v);
    return v;
}

void pie_call_count(struct apipie_sandbox *box, int32_t field)
{
    pie_lock_take(box->lock);
    box->numbers[field]++;
    pie_lock_drop(box->lock);
}

static int64_t call_fit(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

void pie_box_note(struct apipie_sandbox *box, const struct pie_inputs *in, const uint64_t *seed,
                  int64_t steps)
{
    pie_lock_take(box->lock);
    box->numbers[APIPIE_SANDBOX_INPUTS] = (int64_t)in->count;
    box->numbers[APIPIE_SANDBOX_INPUT_BYTES] = call_fit(in->bytes);
    box->numbers[APIPIE_SANDBOX_MASK_BYTES] = call_fit(in->mask_bytes);
    box->numbers[APIPIE_SANDBOX_SEED] = seed == NULL ? APIPIE_UNKNOWN : call_fit(*seed);
    box->numbers[APIPIE_SANDBOX_STEPS] = steps;
    pie_lock_drop(box->lock);
}
