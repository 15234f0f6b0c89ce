/* SPDX-License-Identifier: MIT */
/* Knows who watches a request, and the trace that it belongs to; must not know what a line of the log says. */
#include "engine/engine_priv.h"

void pie_watch_begin(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    r->number = ++c->submitted;
    r->log = pie_hook_keep(c->log_hook);
    r->trace = pie_hook_keep(c->trace_hook);
}

void pie_watch_end(struct apipie_request *r)
{
    struct pie_hook *log = r->log;
    struct pie_hook *trace = r->trace;
    r->log = r->trace = NULL;
    pie_hook_drop(log);
    pie_hook_drop(trace);
}

/* ---- the trace hook */

static void watch_call(const struct pie_hook *hook, const struct apipie_request *whole,
                       size_t index)
{
    hook->trace(hook->user, whole, index);
}

void pie_watch_attempt(struct apipie_request *r)
{
    struct apipie_request *whole = r->whole != NULL ? r->whole : r;
    if (whole->trace == NULL || r->wish.kind == PIE_REQUEST_PROGRESS)
        return;
    whole->traced = r;
    pie_count_set(&whole->tracer, (int64_t)pie_thread_id());
    watch_call(whole->trace, whole, r->attempt_count - 1);
    pie_count_set(&whole->tracer, 0);
}

const struct pie_attempt *pie_engine_traced(const struct apipie_request *r, size_t index)
{
    if ((uint64_t)pie_count_get(&r->tracer) != pie_thread_id())
        return NULL;
    const struct apipie_request *job = r->traced; /* this thread has set it */
    return index == job->attempt_count - 1 ? &job->attempts[index] : NULL;
}

/* ---- traceparent (https://www.w3.org/TR/trace-context/) */

/* Where its parent-id stands. */
#define WATCH_PARENT_AT 36
#define WATCH_PARENT    8

static void watch_fresh_parent(char *out)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t id[WATCH_PARENT];
    uint8_t any = 0;
    pie_random(id, sizeof(id));
    for (size_t i = 0; i < sizeof(id); i++)
        any |= id[i];
    id[0] = any != 0 ? id[0] : 1; /* zeros alone are no id */
    for (size_t i = 0; i < sizeof(id); i++) {
        out[2 * i] = hex[id[i] >> 4];
        out[2 * i + 1] = hex[id[i] & 15];
    }
}

apipie_status pie_watch_stamp(struct apipie_request *r, struct pie_attempt *a)
{
    const struct apipie_request *whole = r->whole != NULL ? r->whole : r;
    const char *trace = whole->wish.text[PIE_WISH_TRACE];
    struct pie_leg *leg = r->run->leg;
    if (trace == NULL || leg->purpose == APIPIE_PURPOSE_DOWNLOAD) /* another server's */
        return APIPIE_OK;
    memcpy(a->traceparent, trace, PIE_TRACEPARENT);
    watch_fresh_parent(a->traceparent + WATCH_PARENT_AT);
    return pie_headers_set(&leg->request.headers, "traceparent", a->traceparent);
}
