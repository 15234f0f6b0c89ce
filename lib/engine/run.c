/* SPDX-License-Identifier: MIT */
/* Knows what a job holds while it is out: sink, body, the call of its present route; must not send it. */
#include "engine/engine_priv.h"

#define RUN_FOUND_MAX 65536 /* of what is found out before a call */

static apipie_status run_memory(struct apipie_error *err)
{
    pie_error_set(err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
    return APIPIE_E_MEMORY;
}

/* Everything that a reply will need is made now: after the money is spent it would be too late. */
static apipie_status run_fill(struct apipie_request *r, struct pie_run *run,
                              struct apipie_error *err)
{
    apipie_status status = APIPIE_OK;
    if (r->result == NULL)
        r->result = pie_result_new(r->mem);
    if (r->result == NULL)
        return run_memory(err);
    if (r->whole != NULL && pie_request_draws(r))
        status = pie_share_new(r->whole, &run->sink);
    else
        status = pie_sink_new(r->mem, r->asked, &run->sink);
    run->inner = run->sink;
    if (status == APIPIE_OK)
        status = pie_same_wrap(r, &run->sink);
    if (status == APIPIE_OK)
        status = pie_body_new(r->mem, run->sink, r->asked->max_image_bytes, &run->body);
    if (status == APIPIE_OK) {
        pie_body_show(run->body, r->view);
        pie_body_set_partial(run->body, pie_sketch_came, r);
        status = run->sink->type->open(run->sink, err);
        if (status != APIPIE_OK && err->code != APIPIE_OK)
            return err->code;
    }
    return status == APIPIE_OK ? APIPIE_OK : run_memory(err);
}

apipie_status pie_run_make(struct apipie_request *r, struct apipie_error *err)
{
    if (r->run != NULL)
        return APIPIE_OK;
    struct pie_run *run = pie_mem_new(r->mem, 1, sizeof(*run));
    if (run == NULL)
        return run_memory(err);
    pie_http_request_init(&run->call.request, r->mem);
    pie_http_request_init(&run->fetch.request, r->mem);
    pie_buf_init(&run->found, r->mem, RUN_FOUND_MAX);
    run->private_gateway = r->place->private_gateway;
    r->run = run;
    apipie_status status = run_fill(r, run, err);
    if (status != APIPIE_OK)
        pie_run_free(r);
    return status;
}

void pie_run_wipe_key(struct apipie_request *r)
{
    struct pie_run *run = r->run;
    if (run->key != NULL)
        pie_mem_wipe(run->key, strlen(run->key));
    run->key = pie_mem_free(r->mem, run->key);
}

void pie_run_free(struct apipie_request *r)
{
    struct pie_run *run = r->run;
    if (run == NULL)
        return;
    if (run->sink != NULL)
        run->sink->type->close(run->sink); /* what was not committed is gone with it */
    pie_body_free(run->body);
    pie_run_wipe_key(r);
    pie_http_request_free(&run->call.request);
    pie_http_request_free(&run->fetch.request);
    pie_buf_free(&run->found);
    r->run = pie_mem_free(r->mem, run);
}

/* ---- the key */

const char *pie_run_key(const struct apipie_request *r)
{
    if (r->run != NULL && r->run->key != NULL)
        return r->run->key;
    return r->place != NULL ? r->place->key : NULL;
}

static int32_t run_key_is_good(const char *key, size_t capacity)
{
    size_t n = 0;
    while (n < capacity && key[n] != '\0') {
        if ((unsigned char)key[n] <= 0x20 || (unsigned char)key[n] >= 0x7F)
            return 0;
        n++;
    }
    return n > 0 && n < capacity;
}

apipie_status pie_run_ask_key(struct apipie_request *r, int32_t refused, struct apipie_error *err)
{
    char key[APIPIE_LIMIT_TEXT + 1];
    struct pie_hook *hook = r->place->hook;
    if (hook == NULL)
        return APIPIE_OK;
    memset(key, 0, sizeof(key));
    apipie_status status = hook->key(hook->user, refused, key, sizeof(key));
    if (status != APIPIE_OK || !run_key_is_good(key, sizeof(key))) {
        pie_mem_wipe(key, sizeof(key));
        pie_error_set(err, APIPIE_E_CONFIG, "see the function given to apipie_client_set_key_fn()",
                      status != APIPIE_OK ? "the key callback gave no key"
                                          : "the key callback gave a key that cannot be sent",
                      NULL, NULL);
        return APIPIE_E_CONFIG;
    }
    pie_run_wipe_key(r);
    r->run->key = pie_mem_text(r->mem, key, strlen(key));
    r->run->encoded = 0;
    pie_mem_wipe(key, sizeof(key));
    return r->run->key != NULL ? APIPIE_OK : run_memory(err);
}

int32_t pie_run_wants_key_again(struct apipie_request *r, const struct apipie_error *err)
{
    if (err->http_status != 401 || r->place->hook == NULL || r->key_asked_again ||
        pie_run_policy(r) == APIPIE_RETRY_NEVER)
        return 0;
    r->key_asked_again = 1;
    return 1;
}

/* ---- the policy */

int32_t pie_run_policy(const struct apipie_request *r)
{
    if ((r->asked->has & PIE_WISH_HAS_RETRY) != 0 || r->place == NULL)
        return r->asked->retry_policy;
    if (r->place->retry_policy >= 0)
        return r->place->retry_policy;
    return r->dialect->free ? APIPIE_RETRY_ALWAYS : r->asked->retry_policy;
}

int32_t pie_run_retries(const struct apipie_request *r)
{
    if ((r->asked->has & PIE_WISH_HAS_RETRY) != 0 || r->place == NULL || r->place->retries < 0)
        return r->asked->retries;
    return r->place->retries;
}

/* ---- the way */

static apipie_status run_add_headers(struct pie_headers *to, const struct pie_headers *from,
                                     const struct pie_headers *but)
{
    const char *name = NULL;
    const char *value = NULL;
    apipie_status status = APIPIE_OK;
    for (size_t at = 0; status == APIPIE_OK && pie_headers_next(from, &at, &name, &value);) {
        if (but == NULL || pie_headers_get(but, name) == NULL)
            status = pie_headers_add(to, pie_slice_text(name), pie_slice_text(value));
    }
    return status;
}

/* Room beside the dialect's headers, before they hold the key: growing would leave copies of it behind. */
#define RUN_HEADERS 8192

void pie_run_make_room(const struct apipie_request *r, struct pie_leg *leg)
{
    size_t custom = r->place->headers.text.n + r->asked->headers.text.n;
    if (custom != 0)
        pie_buf_reserve(&leg->request.headers.text, RUN_HEADERS + custom);
}

apipie_status pie_run_set_way(const struct apipie_request *r, int32_t ours, struct pie_leg *leg)
{
    struct pie_http_request *q = &leg->request;
    /* A look into the history for another request has none of its own. */
    int32_t of_call = leg->paid || r->whole == NULL || pie_request_draws(r);
    const struct pie_headers *own = of_call ? &r->asked->headers : NULL;
    q->options = &r->place->options;
    q->ours = ours;
    q->connect_timeout_ms = r->asked->connect_timeout_ms;
    if (!ours)
        return APIPIE_OK;
    apipie_status status = run_add_headers(&q->headers, &r->place->headers, own);
    if (status == APIPIE_OK && own != NULL)
        status = run_add_headers(&q->headers, own, NULL);
    return status;
}

/* ---- the call */

/* Submit has seen that it can be done. */
void pie_run_fit(const struct apipie_request *r, struct pie_call *call, struct pie_buf *notes)
{
    struct apipie_error ignored;
    pie_error_init(&ignored, r->mem);
    (void)pie_call_fit(r->dialect, call, notes, &ignored);
    pie_error_free(&ignored);
}

void pie_run_call(const struct apipie_request *r, struct pie_call *ret)
{
    pie_call_init(ret, r->asked);
    ret->base_url = r->place->base_url;
    ret->key = pie_run_key(r);
    ret->wall_ms = pie_clock_wall_ms();
    ret->random = r->seed_of_keys;
    pie_route_names(r, r->route, &ret->provider, &ret->model);
    ret->way = r->run != NULL ? r->run->way : 0;
    ret->no_uploads = r->run != NULL && r->run->no_uploads;
    ret->found = r->run != NULL && r->run->found.n != 0 ? r->run->found.p : NULL;
    pie_run_fit(r, ret, NULL);
    if (r->whole != NULL) {
        ret->n = 0; /* one is what everybody makes unasked, and some refuse the very field */
        ret->seed += (uint64_t)r->part; /* wraps like the servers' own */
    }
}

/* The Idempotency-Key of a call: the same for every try of the same request, route and part. Gateways may or may not know it, so it is no
 * licence to repeat. */
static apipie_status run_add_idempotency_key(struct apipie_request *r)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t bytes[16];
    char text[37];
    size_t n = 0;
    memcpy(bytes, r->seed_of_keys, sizeof(bytes));
    bytes[15] = (uint8_t)(bytes[15] ^ r->route);
    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* UUID version 4, RFC 9562 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[n++] = '-';
        text[n++] = hex[bytes[i] >> 4];
        text[n++] = hex[bytes[i] & 15];
    }
    text[n] = '\0';
    return pie_headers_add(&r->run->call.request.headers, pie_slice_text("Idempotency-Key"),
                           pie_slice_text(text));
}

apipie_status pie_run_check_files(const struct apipie_request *r, struct apipie_error *err)
{
    char problem[PIE_HTTP_PROBLEM];
    apipie_status status = pie_http_request_check_files(&r->run->call.request, problem);
    if (status != APIPIE_OK)
        pie_verdict_file(problem, err);
    return status;
}

static apipie_status run_failed(apipie_status status, struct apipie_error *err)
{
    if (status == APIPIE_OK)
        return APIPIE_OK;
    if (status == APIPIE_E_MEMORY)
        return run_memory(err);
    if (err->code == APIPIE_OK)
        pie_error_set(err, status, "shorten the prompt or the extra fields",
                      "the request is too large", NULL, NULL);
    return err->code;
}

apipie_status pie_run_sign(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_call call;
    if (r->dialect->sign == NULL)
        return APIPIE_OK;
    pie_run_call(r, &call);
    return run_failed(r->dialect->sign(&call, &r->run->call, err), err);
}

apipie_status pie_run_encode(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_call call;
    if (r->run->encoded)
        return APIPIE_OK;
    pie_run_call(r, &call);
    pie_run_make_room(r, &r->run->call);
    apipie_status status = r->dialect->encode(&call, &r->run->call, err);
    if (status == APIPIE_OK)
        status = run_add_idempotency_key(r);
    if (status == APIPIE_OK)
        status = pie_run_set_way(r, 1, &r->run->call);
    r->run->encoded = status == APIPIE_OK;
    return run_failed(status, err);
}
