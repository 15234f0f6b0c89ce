/* SPDX-License-Identifier: MIT */
/* Knows how a builder becomes a job: all that can be found wrong is found before anything is sent. */
#include "engine/engine_priv.h"

static apipie_status submit_error(struct apipie_request *r, apipie_status code, const char *hint,
                                  const char *a, const char *b)
{
    pie_error_set(&r->error, code, hint, a, b, NULL);
    return code;
}

static apipie_status submit_memory(struct apipie_request *r)
{
    return submit_error(r, APIPIE_E_MEMORY, "free some memory, then try again", "out of memory",
                        NULL);
}

/* The key and address of this moment: later changes to the client do not reach a submitted request. */
static apipie_status submit_copy_endpoint(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    apipie_status status = APIPIE_OK;
    pie_lock_take(c->lock);
    r->allow_http = c->allow_http;
    r->base_url = pie_mem_text(r->mem, c->base_url, strlen(c->base_url));
    if (c->key != NULL)
        r->key = pie_mem_text(r->mem, c->key, strlen(c->key));
    if (r->base_url == NULL || (c->key != NULL && r->key == NULL))
        status = APIPIE_E_MEMORY;
    else if (c->base_url_bad)
        status = APIPIE_E_CONFIG;
    int32_t key_bad = c->key_bad;
    pie_lock_drop(c->lock);
    if (status == APIPIE_E_MEMORY)
        return submit_memory(r);
    if (status != APIPIE_OK)
        return submit_error(r, status, "set it to the gateway's address, like https://apipie.ai/v1",
                            "APIPIE_BASE_URL is no URL", NULL);
    if (key_bad)
        return submit_error(r, APIPIE_E_CONFIG,
                            "copy the key again: letters, digits and signs only",
                            "APIPIE_API_KEY holds a blank or a control byte", NULL);
    return APIPIE_OK;
}

static apipie_status submit_check_endpoint(struct apipie_request *r)
{
    struct pie_url u;
    const char *problem = NULL;
    apipie_status status = pie_engine_check_url(r->mem, r->base_url, r->allow_http, &problem);
    if (status == APIPIE_E_MEMORY)
        return submit_memory(r);
    if (status != APIPIE_OK)
        return submit_error(r, APIPIE_E_CONFIG,
                            "set APIPIE_BASE_URL or apipie_client_set_base_url()",
                            "the base URL cannot be used: ", problem);
    if (r->key == NULL)
        return submit_error(
            r, APIPIE_E_CONFIG,
            "set APIPIE_API_KEY, or call apipie_client_set_key(); without one, try the sandbox",
            "no key is set", NULL);
    if (pie_url_parse(r->mem, r->base_url, &u) != APIPIE_OK) /* it was parsed a moment ago */
        return submit_memory(r);
    r->private_gateway = pie_url_host_is_private(u.host);
    pie_url_free(r->mem, &u);
    return APIPIE_OK;
}

static apipie_status submit_check_wish(struct apipie_request *r)
{
    const char *prompt = r->wish.text[PIE_WISH_PROMPT];
    if (r->wish.kind != APIPIE_REQUEST_IMAGE)
        return submit_error(
            r, APIPIE_E_UNSUPPORTED, "this version makes images: APIPIE_REQUEST_IMAGE",
            "apipie_request_new: this kind of request is not in this version", NULL);
    if (prompt == NULL)
        return submit_error(r, APIPIE_E_ARGUMENT, "say what to draw",
                            "set_prompt: the prompt is missing", NULL);
    return APIPIE_OK;
}

/* Goes with every try of this request; gateways may or may not know it, so it is no licence to repeat. */
static apipie_status submit_add_idempotency_key(struct apipie_request *r)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t random[16];
    char text[37];
    size_t n = 0;
    pie_random(random, sizeof(random));
    random[6] = (uint8_t)((random[6] & 0x0F) | 0x40); /* UUID version 4, RFC 9562 */
    random[8] = (uint8_t)((random[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof(random); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[n++] = '-';
        text[n++] = hex[random[i] >> 4];
        text[n++] = hex[random[i] & 15];
    }
    text[n] = '\0';
    return pie_headers_add(&r->call.request.headers, pie_slice_text("Idempotency-Key"),
                           pie_slice_text(text));
}

static apipie_status submit_encode(struct apipie_request *r)
{
    struct pie_endpoint at = {r->base_url, r->key};
    apipie_status status = r->dialect->encode(&r->wish, &at, &r->call, &r->error);
    if (status == APIPIE_OK)
        status = submit_add_idempotency_key(r);
    if (status == APIPIE_E_LIMIT)
        return submit_error(r, status, "shorten the prompt or the extra fields",
                            "the request is too large", NULL);
    if (status == APIPIE_E_MEMORY)
        return submit_memory(r);
    r->call.request.connect_timeout_ms = r->wish.connect_timeout_ms;
    r->leg = &r->call;
    return status;
}

/* Everything that a reply will need is made now: after the money is spent it would be too late. */
static apipie_status submit_prepare(struct apipie_request *r)
{
    r->result = pie_result_new(r->mem);
    apipie_status status = r->result != NULL ? APIPIE_OK : APIPIE_E_MEMORY;
    if (status == APIPIE_OK)
        status = pie_sink_new(r->mem, &r->wish, &r->sink);
    if (status == APIPIE_OK)
        status = pie_body_new(r->mem, r->sink, r->wish.max_image_bytes, &r->body);
    if (status == APIPIE_OK) {
        status = r->sink->type->open(r->sink, &r->error);
        if (status != APIPIE_OK && r->error.code != APIPIE_OK)
            return r->error.code;
    }
    return status == APIPIE_OK ? APIPIE_OK : submit_memory(r);
}

static apipie_status submit_check(struct apipie_request *r)
{
    if (r->setter_failed)
        return r->error.code;
    if (pie_atomic_get(&r->cancel))
        return submit_error(r, APIPIE_E_CANCELLED, "", "cancelled before it was submitted", NULL);
    apipie_status status = submit_check_wish(r);
    if (status == APIPIE_OK)
        status = submit_copy_endpoint(r);
    if (status == APIPIE_OK)
        status = submit_check_endpoint(r);
    if (status == APIPIE_OK)
        status = submit_encode(r);
    return status == APIPIE_OK ? submit_prepare(r) : status;
}

/* To the end of the inbox: first come, first sent. */
static void submit_enqueue(struct apipie_client *c, struct apipie_request *r)
{
    struct apipie_request **at = &c->inbox;
    while (*at != NULL)
        at = &(*at)->next;
    *at = r;
}

static apipie_status submit_hand_over(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    apipie_status status = APIPIE_OK;
    pie_lock_take(c->lock);
    if (c->closing)
        status = submit_error(r, APIPIE_E_CANCELLED, "", "its client was freed", NULL);
    else if (c->transport == NULL && pie_curl_transport_new(&c->mem, &c->transport) != APIPIE_OK)
        status = submit_memory(r);
    if (status == APIPIE_OK) {
        pie_request_keep(r);
        r->submitted_ms = r->until_ms = pie_clock_ms();
        r->deadline_ms = r->submitted_ms + r->wish.timeout_ms;
        pie_atomic_set(&r->state, PIE_STATE_WAITING);
        submit_enqueue(c, r);
        c->transport->type->wakeup(c->transport);
        pie_lock_wake(
            c->lock); /* who waits already, and could not pump before there was a transport */
    }
    pie_lock_drop(c->lock);
    return status;
}

apipie_status pie_engine_submit(struct apipie_request *r)
{
    struct apipie_client *c = r->client;
    pie_lock_take(c->lock);
    int32_t state = pie_atomic_get(&r->state);
    if (state == PIE_STATE_BUILDING)
        pie_atomic_set(&r->state, PIE_STATE_SEALED);
    pie_lock_drop(c->lock);
    if (state != PIE_STATE_BUILDING)
        return APIPIE_E_STATE;
    r->submitted_ms = pie_clock_ms();
    apipie_status status = submit_check(r);
    if (status == APIPIE_OK)
        status = submit_hand_over(r);
    if (status != APIPIE_OK) {
        pie_job_fail(r);
        pie_lock_take(c->lock);
        pie_atomic_set(&r->state, PIE_STATE_ENDED);
        pie_lock_wake(c->lock);
        pie_lock_drop(c->lock);
    }
    return status;
}
