/* SPDX-License-Identifier: MIT */
/* Knows the public face of the sandbox: check, guard, call. Must not know HTTP or pictures. */
#include "sandbox/wires_priv.h"

static struct pie_sandbox_key *sandbox_key_free(struct pie_sandbox_key *key)
{
    pie_mem_free(&pie_mem_libc, key->text);
    return pie_mem_free(&pie_mem_libc, key);
}

static struct pie_sandbox_key *sandbox_key_new(const char *text)
{
    struct pie_sandbox_key *key = pie_mem_new(&pie_mem_libc, 1, sizeof(*key));

    if (key == NULL)
        return NULL;
    key->text = pie_mem_text(&pie_mem_libc, text, strlen(text));
    return key->text != NULL ? key : sandbox_key_free(key);
}

/* Ahead of the others; one that was taken before comes back. The lock is held. */
static apipie_status sandbox_key_take(struct apipie_sandbox *box, const char *text)
{
    struct pie_sandbox_key **at = &box->key, *key;

    while (*at != NULL && strcmp((*at)->text, text) != 0)
        at = &(*at)->before;
    key = *at;
    if (key != NULL)
        *at = key->before;
    else
        key = sandbox_key_new(text);
    if (key == NULL)
        return APIPIE_E_MEMORY;
    key->before = box->key;
    box->key = key;
    return APIPIE_OK;
}

static void sandbox_keys_free(struct apipie_sandbox *box)
{
    while (box->key != NULL) {
        struct pie_sandbox_key *before = box->key->before;

        sandbox_key_free(box->key);
        box->key = before;
    }
}

static void sandbox_free(struct apipie_sandbox *box)
{
    pie_store_clear(&box->store);
    pie_outage_clear(&box->outages);
    pie_till_free(&box->till);
    sandbox_keys_free(box);
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
    box->n_max = PIE_SANDBOX_N_MAX;
    box->numbers[APIPIE_SANDBOX_SEED] = box->numbers[APIPIE_SANDBOX_STEPS] = APIPIE_UNKNOWN;
    if (box->lock != NULL && sandbox_key_take(box, APIPIE_SANDBOX_KEY) == APIPIE_OK &&
        pie_till_init(&box->till) == APIPIE_OK)
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
    pie_sdcpp_close(sandbox);
    pie_prodia_v1_close(sandbox);
    pie_stability_close(sandbox);
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
    apipie_status status;

    if (sandbox == NULL || !sandbox_good_key(key))
        return APIPIE_E_ARGUMENT;
    pie_lock_take(sandbox->lock);
    status = sandbox_key_take(sandbox, key);
    pie_lock_drop(sandbox->lock);
    return status;
}

static const char *sandbox_key(const struct apipie_sandbox *box)
{
    const char *key;

    pie_lock_take(box->lock);
    key = box->key->text;
    pie_lock_drop(box->lock);
    return key;
}

int32_t pie_sandbox_takes_key(struct apipie_sandbox *box, struct pie_slice key)
{
    return pie_slice_equal(key, sandbox_key(box));
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

apipie_status apipie_sandbox_set_route_fault(apipie_sandbox *sandbox, const char *provider,
                                             const char *model, const char *fault)
{
    struct pie_fault parsed;
    apipie_status status;

    if (sandbox == NULL || pie_fault_parse(pie_slice_text(fault), &parsed) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(sandbox->lock);
    status =
        pie_outage_set(&sandbox->outages, pie_slice_text(provider), pie_slice_text(model), &parsed);
    pie_lock_drop(sandbox->lock);
    return status;
}

apipie_status apipie_sandbox_set_rate(apipie_sandbox *sandbox, int32_t requests_per_minute)
{
    if (sandbox == NULL || requests_per_minute < 0)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(sandbox->lock);
    pie_throttle_set(&sandbox->throttle, requests_per_minute, pie_clock_ms());
    pie_lock_drop(sandbox->lock);
    return APIPIE_OK;
}

apipie_status apipie_sandbox_set_n_max(apipie_sandbox *sandbox, int32_t n)
{
    if (sandbox == NULL || n < 0 || n > PIE_SANDBOX_N_MAX)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(sandbox->lock);
    sandbox->n_max = n != 0 ? n : PIE_SANDBOX_N_MAX;
    pie_lock_drop(sandbox->lock);
    return APIPIE_OK;
}

apipie_status apipie_sandbox_set_drawing_time(apipie_sandbox *sandbox, int32_t ms)
{
    if (sandbox == NULL || ms < 0 || ms > 600000)
        return APIPIE_E_ARGUMENT;
    pie_lock_take(sandbox->lock);
    sandbox->draw_ms = ms;
    pie_lock_drop(sandbox->lock);
    return APIPIE_OK;
}

apipie_status apipie_sandbox_set_basic(apipie_sandbox *sandbox, const char *user,
                                       const char *password)
{
    struct pie_slice name = pie_slice_text(user), secret = pie_slice_text(password);
    char plain[2 * APIPIE_SANDBOX_LIMIT_BASIC + 1];
    size_t n = 0;

    if (sandbox == NULL || name.n > APIPIE_SANDBOX_LIMIT_BASIC ||
        secret.n > APIPIE_SANDBOX_LIMIT_BASIC || strcspn(name.n != 0 ? user : "", ":") != name.n)
        return APIPIE_E_ARGUMENT;
    if (name.n != 0) {
        memcpy(plain, name.p, name.n);
        plain[name.n] = ':';
        if (secret.n != 0)
            memcpy(plain + name.n + 1, secret.p, secret.n);
        n = name.n + 1 + secret.n;
    }
    pie_lock_take(sandbox->lock);
    n = n != 0 ? pie_base64_encode((const uint8_t *)plain, n, sandbox->basic) : 0;
    sandbox->basic[n] = '\0';
    pie_lock_drop(sandbox->lock);
    return APIPIE_OK;
}

/* "http://127.0.0.1:PORT", the same with /v1, and those of the wires. */
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
    for (size_t i = 0; i < pie_wire_count; i++) {
        memcpy(box->wire_urls[i], box->root, n + digits);
        pie_text_copy(pie_slice_text(pie_wires[i].base), box->wire_urls[i] + n + digits,
                      sizeof(box->wire_urls[i]) - n - digits);
    }
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

const char *apipie_sandbox_backend_url(const apipie_sandbox *sandbox, const char *dialect)
{
    struct pie_slice name = pie_slice_text(dialect);

    if (sandbox == NULL || sandbox->server == NULL)
        return NULL;
    for (size_t i = 0; i < pie_wire_count; i++)
        if (pie_slice_equal(name, pie_wires[i].name))
            return sandbox->wire_urls[i];
    return pie_slice_equal(name, "apipie") ? sandbox->url : NULL;
}

const char *apipie_sandbox_key(const apipie_sandbox *sandbox)
{
    return sandbox != NULL ? sandbox_key(sandbox) : NULL;
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

int64_t apipie_sandbox_number(const apipie_sandbox *sandbox, int32_t field)
{
    if (sandbox == NULL || field < 1 || field >= PIE_SANDBOX_NUMBERS)
        return APIPIE_UNKNOWN;
    return sandbox_read(sandbox, &sandbox->numbers[field]);
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
