/* SPDX-License-Identifier: MIT */
/* Knows the public face of the sandbox: check, guard, call. Must not know HTTP or pictures. */
#include "sandbox/sandbox_priv.h"

static void sandbox_free(struct apipie_sandbox *box)
{
    if (box->lock != NULL)
        pie_store_clear(&box->store);
    pie_mem_free(&pie_mem_libc, box->key);
    pie_lock_free(&pie_mem_libc, box->lock);
    pie_mem_free(&pie_mem_libc, box);
}

apipie_sandbox *apipie_sandbox_new(void)
{
    struct apipie_sandbox *box = pie_mem_new(&pie_mem_libc, 1, sizeof(*box));

    if (box == NULL)
        return NULL;
    box->refs = 1;
    box->lock = pie_lock_new(&pie_mem_libc);
    box->key = pie_mem_text(&pie_mem_libc, APIPIE_SANDBOX_KEY, strlen(APIPIE_SANDBOX_KEY));
    if (box->lock != NULL && box->key != NULL)
        return box;
    sandbox_free(box);
    return NULL;
}

apipie_sandbox *apipie_sandbox_ref(apipie_sandbox *sandbox)
{
    if (sandbox != NULL)
        pie_atomic_add(&sandbox->refs, 1);
    return sandbox;
}

apipie_sandbox *apipie_sandbox_unref(apipie_sandbox *sandbox)
{
    if (sandbox == NULL || pie_atomic_add(&sandbox->refs, -1) != 0)
        return NULL;
    pie_lock_take(sandbox->lock);
    sandbox->stopping = 1;
    pie_lock_wake(sandbox->lock);
    pie_lock_drop(sandbox->lock);
    pie_server_stop(sandbox->server);
    sandbox_free(sandbox);
    return NULL;
}

apipie_status apipie_sandbox_set_port(apipie_sandbox *sandbox, int32_t port)
{
    if (sandbox == NULL || port < 0 || port > 65535)
        return APIPIE_E_ARGUMENT;
    if (sandbox->server != NULL)
        return APIPIE_E_STATE;
    sandbox->port = port;
    return APIPIE_OK;
}

static int32_t sandbox_good_key(const char *key)
{
    size_t n = key != NULL ? strlen(key) : 0;

    for (size_t i = 0; i < n; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return 0;
    return n != 0 && n <= APIPIE_LIMIT_TEXT;
}

apipie_status apipie_sandbox_set_key(apipie_sandbox *sandbox, const char *key)
{
    char *copy;

    if (sandbox == NULL || !sandbox_good_key(key))
        return APIPIE_E_ARGUMENT;
    if (sandbox->server != NULL)
        return APIPIE_E_STATE;
    copy = pie_mem_text(&pie_mem_libc, key, strlen(key));
    if (copy == NULL)
        return APIPIE_E_MEMORY;
    pie_mem_free(&pie_mem_libc, sandbox->key);
    sandbox->key = copy;
    return APIPIE_OK;
}

apipie_status apipie_sandbox_set_fault(apipie_sandbox *sandbox, const char *fault, int32_t times)
{
    struct pie_fault parsed;

    if (sandbox == NULL || times < -1 ||
        pie_fault_parse(pie_slice_text(fault), &parsed) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(sandbox->lock);
    sandbox->fault = parsed;
    sandbox->fault_times = parsed.set != 0 ? times : 0;
    pie_lock_drop(sandbox->lock);
    return APIPIE_OK;
}

/* "http://127.0.0.1:PORT" and the same with /v1. */
static void sandbox_write_urls(struct apipie_sandbox *box)
{
    char port[PIE_NUMBER_MAX];
    static const char host[] = "http://127.0.0.1:";
    size_t n = sizeof(host) - 1, digits;

    pie_number_uint_text((uint64_t)pie_server_port(box->server), port);
    digits = strlen(port);
    memcpy(box->root, host, n);
    memcpy(box->root + n, port, digits + 1);
    memcpy(box->url, box->root, n + digits);
    memcpy(box->url + n + digits, "/v1", 4);
}

apipie_status apipie_sandbox_start(apipie_sandbox *sandbox)
{
    apipie_status status;

    if (sandbox == NULL)
        return APIPIE_E_ARGUMENT;
    if (sandbox->server != NULL)
        return APIPIE_E_STATE;
    pie_lock_take(sandbox->lock); /* the first call may come before we know our own port */
    status = pie_server_start(sandbox, sandbox->port, &sandbox->server);
    if (status == APIPIE_OK)
        sandbox_write_urls(sandbox);
    pie_lock_drop(sandbox->lock);
    return status;
}

const char *apipie_sandbox_url(const apipie_sandbox *sandbox)
{
    return sandbox != NULL && sandbox->server != NULL ? sandbox->url : NULL;
}

const char *apipie_sandbox_key(const apipie_sandbox *sandbox)
{
    return sandbox != NULL ? sandbox->key : NULL;
}

static int64_t sandbox_read(const struct apipie_sandbox *box, const int64_t *counter)
{
    int64_t v;

    pie_lock_take(box->lock);
    v = *counter;
    pie_lock_drop(box->lock);
    return v;
}

int64_t apipie_sandbox_request_count(const apipie_sandbox *sandbox)
{
    return sandbox != NULL ? sandbox_read(sandbox, &sandbox->requests) : 0;
}

int64_t apipie_sandbox_billed_count(const apipie_sandbox *sandbox)
{
    return sandbox != NULL ? sandbox_read(sandbox, &sandbox->billed) : 0;
}

int64_t apipie_sandbox_billed_cost(const apipie_sandbox *sandbox)
{
    return sandbox != NULL ? sandbox_read(sandbox, &sandbox->billed_micro) * 1000000 : 0;
}

apipie_status pie_sandbox_sleep(struct apipie_sandbox *box, int64_t ms)
{
    int64_t until = pie_clock_ms() + ms, left = ms;
    apipie_status status;

    pie_lock_take(box->lock);
    while (!box->stopping && left > 0) {
        pie_lock_wait(box->lock, left);
        left = until - pie_clock_ms();
    }
    status = box->stopping ? APIPIE_E_CANCELLED : APIPIE_OK;
    pie_lock_drop(box->lock);
    return status;
}
