/* SPDX-License-Identifier: MIT */
/* Knows how a picture gets a URL at a server, by itself or before a call; must not know who else wants it, or any wire. */
#include "engine/engine_priv.h"

/* ---- what it says of how long */

/* Seconds behind "max-age="; 0 of what must not be kept; APIPIE_UNKNOWN where nothing is said. */
static int64_t upload_max_age(struct pie_slice s)
{
    uint64_t seconds = 0;
    size_t at = pie_slice_find_nocase(s, "max-age=");
    if (pie_slice_find_nocase(s, "no-store") != s.n || pie_slice_find_nocase(s, "no-cache") != s.n)
        return 0;
    if (at == s.n)
        return APIPIE_UNKNOWN;
    at += sizeof("max-age=") - 1;
    size_t end = at;
    while (end < s.n && pie_is_digit(s.p[end]))
        end++;
    if (end == at)
        return APIPIE_UNKNOWN;
    if (pie_number_uint(pie_slice(s.p + at, end - at), &seconds) != APIPIE_OK ||
        seconds > APIPIE_UPLOAD_KEEP_MS)
        return APIPIE_UPLOAD_KEEP_MS; /* longer than any of ours */
    return (int64_t)seconds;
}

/* RFC 9111, 4.2.1: Cache-Control before Expires, and what is no date has passed. */
static int64_t upload_lifetime(const struct pie_headers *h)
{
    int64_t until = 0;
    int64_t now = 0;
    const char *control = pie_headers_get(h, "cache-control");
    const char *expires = pie_headers_get(h, "expires");
    const char *date = pie_headers_get(h, "date");
    int64_t ms = control != NULL ? upload_max_age(pie_slice_text(control)) : APIPIE_UNKNOWN;
    if (ms != APIPIE_UNKNOWN) {
        ms *= 1000;
    } else if (expires != NULL) {
        if (date == NULL || pie_number_http_date(pie_slice_text(date), &now) != APIPIE_OK)
            now = pie_clock_wall_ms();
        ms = pie_number_http_date(pie_slice_text(expires), &until) == APIPIE_OK ? until - now : 0;
    } else {
        ms = APIPIE_UPLOAD_KEEP_MS;
    }
    return ms < APIPIE_UPLOAD_KEEP_MS ? ms : APIPIE_UPLOAD_KEEP_MS;
}

/* ---- asking */

static apipie_status upload_ask(struct apipie_request *r, const struct pie_call *call,
                                const struct pie_input *in, struct apipie_error *err)
{
    char problem[PIE_HTTP_PROBLEM];
    struct pie_leg *leg = &r->run->fetch;
    pie_run_make_room(r, leg);
    apipie_status status = r->dialect->ask_upload(call, in, leg);
    if (status == APIPIE_OK && pie_http_request_check_files(&leg->request, problem) != APIPIE_OK) {
        pie_verdict_file(problem, err);
        return err->code;
    }
    if (status == APIPIE_OK)
        status = pie_run_set_way(r, 1, leg);
    r->run->leg = leg;
    r->run->redirects = 0;
    return status;
}

void pie_upload_go(struct apipie_request *r, int32_t key_refused)
{
    struct pie_call call;
    struct apipie_error err;
    pie_error_init(&err, r->mem);
    apipie_status status = pie_run_make(r, &err);
    if (status == APIPIE_OK)
        status = pie_run_ask_key(r, key_refused, &err);
    if (status == APIPIE_OK) {
        pie_call_init(&call, r->asked);
        call.base_url = r->place->base_url;
        call.key = pie_run_key(r);
        call.random = r->seed_of_keys;
        status = upload_ask(r, &call, &r->asked->images.items[0], &err);
    }
    pie_free_send(r, status, &err);
    pie_error_free(&err);
}

int32_t pie_upload_prepare(struct apipie_request *r, struct apipie_error *err)
{
    struct pie_call call;
    if (r->lane->no_uploads_ms > pie_clock_ms())
        r->run->no_uploads = 1;
    for (;;) {
        pie_run_call(r, &call);
        const struct pie_input *in =
            r->run->found.failed == APIPIE_OK ? r->dialect->next_upload(&call) : NULL;
        apipie_status status = r->run->found.failed;
        if (status == APIPIE_OK && in == NULL)
            return PIE_STEPS_READY;
        int32_t how = status == APIPIE_OK ? pie_uploads_ask(r, in) : PIE_UPLOADS_SEND;
        if (how == PIE_UPLOADS_WAIT)
            return PIE_STEPS_WAITS;
        if (how == PIE_UPLOADS_HAVE)
            continue;
        if (status == APIPIE_OK)
            status = upload_ask(r, &call, in, err);
        if (status != APIPIE_OK && err->code == APIPIE_OK)
            pie_error_set(err, APIPIE_E_MEMORY, PIE_HINT_MEMORY, "out of memory", NULL, NULL);
        return PIE_STEPS_LEG;
    }
}

/* ---- reading */

#define UPLOAD_HINT "is it the gateway's base URL?"

static apipie_status upload_refuse(const struct apipie_request *r, const struct pie_outcome *o,
                                   apipie_status code, const char *what, struct apipie_error *err)
{
    const char *hint = pie_request_draws(r) ? UPLOAD_HINT
                           " without uploads: "
                           "apipie_request_set_input_transfer(), --inline-image"
                                            : UPLOAD_HINT;
    pie_error_set(err, code, code == APIPIE_E_MEMORY ? PIE_HINT_MEMORY : hint, what, NULL, NULL);
    err->http_status = o->status;
    err->retryable = code == APIPIE_E_MALFORMED;
    pie_explain_request_id(&o->headers, err->request_id);
    return code;
}

/* One of http or https that goes into a line. */
static apipie_status upload_check_url(const struct pie_mem *mem, const char *url)
{
    struct pie_url u;
    for (const char *p = url; *p != '\0'; p++) {
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p == 0x7F)
            return APIPIE_E_MALFORMED;
    }
    if (strlen(url) > APIPIE_LIMIT_TEXT)
        return APIPIE_E_MALFORMED;
    apipie_status status = pie_url_parse(mem, url, &u);
    if (status == APIPIE_OK)
        pie_url_free(mem, &u);
    return status;
}

/* The whole URL, to be freed. */
static apipie_status upload_url(struct apipie_request *r, const struct pie_outcome *o,
                                const struct pie_reading *g, char **ret, struct apipie_error *err)
{
    char *whole = NULL;
    if (pie_explain_has_error(g->reply.root)) {
        pie_explain_no_image(&g->reply, r->result, err);
        return err->code;
    }
    if (g->no_memory)
        return upload_refuse(r, o, APIPIE_E_MEMORY, "out of memory", err);
    struct pie_slice s = r->dialect->read_upload(&g->reply);
    if (s.n == 0)
        return upload_refuse(r, o, APIPIE_E_MALFORMED, "the reply to the upload holds no URL", err);
    char *text = pie_mem_text(r->mem, s.p, s.n);
    apipie_status status = text != NULL
                               ? pie_url_resolve(r->mem, r->run->leg->request.url.p, text, &whole)
                               : APIPIE_E_MEMORY;
    pie_mem_free(r->mem, text);
    if (status == APIPIE_OK)
        status = upload_check_url(r->mem, whole);
    if (status == APIPIE_OK) {
        *ret = whole;
        return APIPIE_OK;
    }
    pie_mem_free(r->mem, whole);
    if (status == APIPIE_E_MEMORY)
        return upload_refuse(r, o, APIPIE_E_MEMORY, "out of memory", err);
    return upload_refuse(r, o, APIPIE_E_MALFORMED, "the upload's URL is none", err);
}

apipie_status pie_upload_read(struct apipie_request *r, const struct pie_outcome *o,
                              struct apipie_error *err)
{
    struct pie_reading g;
    char *url = NULL;
    pie_reading_open(&g, r, o);
    apipie_status status = upload_url(r, o, &g, &url, err);
    pie_reading_close(&g);
    if (status != APIPIE_OK)
        return status;
    pie_uploads_came(r, url, upload_lifetime(&o->headers));
    pie_mem_free(r->mem, url);
    if (r->run->found.failed != APIPIE_OK)
        return upload_refuse(r, o, APIPIE_E_MEMORY, "out of memory", err);
    return APIPIE_OK;
}

int32_t pie_upload_is_unknown(struct apipie_request *r, const struct pie_outcome *o)
{
    if (r->run->leg->purpose != APIPIE_PURPOSE_UPLOAD || o->wire != PIE_WIRE_OK ||
        (o->status != 404 && o->status != 405))
        return 0;
    r->lane->no_uploads_ms = pie_clock_ms() + APIPIE_UPLOAD_KEEP_MS;
    pie_uploads_left(r, 1);
    return 1;
}

/* ---- one by itself */

void pie_upload_hint(const struct apipie_request *r, struct apipie_error *err)
{
    if (r->wish.kind == APIPIE_REQUEST_UPLOAD &&
        (err->http_status == 404 || err->http_status == 405)) /* it names no model */
        pie_text_copy(pie_slice_text(UPLOAD_HINT), err->hint, sizeof(err->hint));
}

int32_t pie_upload_answered(struct apipie_request *r, const struct pie_outcome *o,
                            struct apipie_error *err)
{
    struct pie_reading g;
    char *url = NULL;
    if (o->wire != PIE_WIRE_OK || o->status < 200 || o->status > 299)
        return 0;
    if (pie_result_grow(r->result, 1) != APIPIE_OK) {
        upload_refuse(r, o, APIPIE_E_MEMORY, "out of memory", err);
        return 0;
    }
    pie_reading_open(&g, r, o);
    apipie_status status = upload_url(r, o, &g, &url, err);
    pie_reading_close(&g);
    if (status != APIPIE_OK)
        return 0;
    r->result->images[0].url = url;
    return 1;
}

void pie_upload_finish(struct apipie_request *r)
{
    const char *note = NULL;
    const struct pie_input *in = &r->asked->images.items[0];
    r->dialect->takes_upload(in, &note);
    if (note != NULL)
        pie_result_warn(r->result, note, NULL);
    r->result_known = 1;
    r->result->backend = r->place->backend;
    r->result->billed = APIPIE_BILLED_NO;
    pie_job_succeed(r);
}
