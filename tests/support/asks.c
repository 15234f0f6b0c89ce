/* SPDX-License-Identifier: MIT */
/* The setters and bodies of asks.h; knows the public API and the raw server, no test. */
#include "asks.h"
#include "lists.h"
#include "scarce.h"

#include <stdio.h>
#include <string.h>

void asks_backend(struct draw *d, const char *dialect, const char *path)
{
    char base[200];
    snprintf(base, sizeof base, "%s%s", raw_server_origin(d->server), path);
    assert_status(apipie_client_add_backend(d->client, "own", dialect, base), APIPIE_OK);
    assert_status(apipie_client_set_backend_key(d->client, "own", ASKS_KEY), APIPIE_OK);
}

void asks_serve(struct draw *d, const char *dialect, const char *path, const struct draw_reply *r)
{
    draw_serve_reply(d, r->status, r->headers, r->body);
    asks_backend(d, dialect, path);
}

void asks_serve_list(struct draw *d, const char *dialect, const char *path, const char *body)
{
    d->reply = (struct draw_reply){200, NULL, body};
    const struct draw_script script = {&d->reply, 1};
    lists_serve(d, &script);
    asks_backend(d, dialect, path);
}

static apipie_status asks_none(apipie_request *r, char what)
{
    (void)r;
    (void)what;
    return APIPIE_E_ARGUMENT;
}

static apipie_status asks_text(apipie_request *r, char what, asks_own_fn own)
{
    switch (what) {
    case 'p':
        return apipie_request_set_prompt(r, "a \"lake\"", APIPIE_NTS);
    case 'g':
        return apipie_request_set_negative_prompt(r, "people", APIPIE_NTS);
    case 'a':
        return apipie_request_set_aspect_ratio(r, "16:9");
    case 'r':
        return apipie_request_set_response_format(r, "b64_json");
    case 'R':
        return apipie_request_set_response_format(r, "url");
    case 'o':
        return apipie_request_set_output_format(r, "webp");
    case 'O':
        return apipie_request_set_output_format(r, "png");
    case 'j':
        return apipie_request_set_output_format(r, "jpeg");
    case 'q':
        return apipie_request_set_quality(r, "high");
    case 'm':
        return apipie_request_set_sampler(r, "Euler");
    case 'u':
        return apipie_request_set_user(r, "me");
    default:
        return own(r, what);
    }
}

static void asks_set(struct draw *d, char what, asks_own_fn own)
{
    apipie_request *r = d->request;
    switch (what) {
    case 'n':
        assert_status(apipie_request_set_n(r, 2), APIPIE_OK);
        break;
    case 's':
        assert_status(apipie_request_set_size(r, 512, 768), APIPIE_OK);
        break;
    case 't':
        assert_status(apipie_request_set_steps(r, 20), APIPIE_OK);
        break;
    case 'G':
        assert_status(apipie_request_set_guidance(r, 7.5), APIPIE_OK);
        break;
    case 'T':
        assert_status(apipie_request_set_strength(r, 0.4), APIPIE_OK);
        break;
    case 'S':
        assert_status(apipie_request_set_seed(r, UINT64_MAX), APIPIE_OK);
        break;
    case 'v':
        assert_status(apipie_request_set_seed(r, 7), APIPIE_OK);
        break;
    case 'I':
        draw_set_image(d, PNG1, 0);
        break;
    case 'J':
        draw_set_image(d, JPEG1, 0);
        break;
    case 'M':
        draw_set_image(d, PNG2, 1);
        break;
    case 'U':
        assert_status(apipie_request_add_image_url(r, ASKS_URL), APIPIE_OK);
        break;
    default:
        if (asks_text(r, what, own) != APIPIE_OK)
            fail_msg("no setter, or it refused: %c", what);
    }
}

void asks_fresh_own(struct draw *d, int32_t kind, const char *model, const char *letters,
                    asks_own_fn own)
{
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, kind);
    assert_non_null(d->request);
    assert_status(apipie_request_set_backend(d->request, "own"), APIPIE_OK);
    assert_status(apipie_request_set_model(d->request, model), APIPIE_OK);
    for (; *letters != '\0'; letters++)
        asks_set(d, *letters, own);
}

void asks_fresh(struct draw *d, int32_t kind, const char *model, const char *letters)
{
    asks_fresh_own(d, kind, model, letters, asks_none);
}

const apipie_catalog *asks_list(struct draw *d, const char *type)
{
    asks_fresh(d, APIPIE_REQUEST_MODELS, NULL, "");
    if (type != NULL)
        assert_status(apipie_request_set_filter(d->request, "type", type), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    return apipie_request_catalog(d->request);
}

size_t asks_put(uint8_t *out, const char *body, const char *boundary)
{
    static const char *const pictures[] = {PNG1, PNG2, JPEG1};
    size_t at = 0;
    for (size_t i = 0; body[i] != '\0'; i++) {
        if (body[i] == '$' && body[i + 1] >= '1' && body[i + 1] <= '3')
            at += draw_decode(pictures[body[++i] - '1'], out + at);
        else if (body[i] == 'B' && i >= 2 && body[i - 1] == '-' && body[i - 2] == '-')
            at += (size_t)sprintf((char *)out + at, "%s", boundary);
        else
            out[at++] = (uint8_t)body[i];
    }
    return at;
}

int32_t asks_is(const struct raw_request *q, const char *path, const char *body)
{
    char type[200] = "";
    uint8_t form[8192];
    static const char begins[] = "multipart/form-data; boundary=";
    raw_request_header(q, "content-type", type, sizeof type);
    if (strcmp(q->path, path) != 0)
        return 0;
    if (body[0] == '{')
        return strcmp(type, "application/json") == 0 && strcmp(q->body, body) == 0;
    if (strncmp(type, begins, strlen(begins)) != 0)
        return 0;
    size_t n = asks_put(form, body, type + strlen(begins));
    return q->body_size == n && memcmp(q->body, form, n) == 0;
}

void asks_assert_refused(struct draw *d, apipie_status want, const char *says)
{
    assert_ended(d->request, apipie_request_perform(d->request), want);
    assert_contains(apipie_error_message(draw_error(d)), says);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

void asks_assert_refusal(struct draw *d, const struct asks_refusal *row)
{
    asks_fresh(d, row->kind, row->model, row->letters);
    if (row->extra != NULL)
        assert_status(apipie_request_set_extra(d->request, row->extra, "1"), APIPIE_OK);
    asks_assert_refused(d, row->status, row->says);
    if (row->hint != NULL)
        assert_contains(apipie_error_hint(draw_error(d)), row->hint);
}

void asks_assert_failure(struct draw *d, const struct asks_failure *f)
{
    assert_ended(d->request, apipie_request_perform(d->request), f->want);
    const apipie_error *e = draw_error(d);
    assert_int_equal(apipie_error_http_status(e), f->status);
    assert_int_equal(apipie_error_is_retryable(e), f->retryable);
    assert_int_equal(apipie_error_billed(e), f->billed);
    if (f->code != NULL)
        assert_string_equal(apipie_error_provider_code(e), f->code);
    assert_contains(apipie_error_message(e), f->says);
    assert_true(strlen(apipie_error_hint(e)) > 10);
    if (f->hint != NULL)
        assert_contains(apipie_error_hint(e), f->hint);
    assert_lacks(apipie_error_message(e), ASKS_KEY);
}

/* 1: nothing was refused any more. */
static int32_t asks_run_short(struct draw *d, const struct asks_short *s, struct scarce *scarce,
                              int64_t n)
{
    const apipie_allocator a = SCARCE_TABLE(scarce);
    scarce_give_all(scarce);
    d->request = apipie_request_unref(d->request);
    apipie_client_unref(d->client);
    d->client = apipie_client_new(&a);
    assert_non_null(d->client);
    apipie_client_set_key(d->client, DRAW_KEY);
    apipie_client_set_retry(d->client, APIPIE_RETRY_NEVER, 0);
    asks_backend(d, s->dialect, s->path);
    asks_fresh(d, s->kind, s->model, s->letters);
    scarce_refuse(scarce, n);
    const apipie_status status = apipie_request_perform(d->request);
    const int32_t done = scarce->refused == 0;
    scarce_give_all(scarce);
    if (status != APIPIE_OK && status != APIPIE_E_MEMORY)
        print_message("%d: %s\n", (int)n, apipie_error_message(draw_error(d)));
    assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
    return done;
}

void asks_run_out_of_memory(struct draw *d, const struct asks_short *s)
{
    static struct scarce scarce; /* the stage may outlive a test that fails */
    int64_t n = 1;
    memset(&scarce, 0, sizeof scarce);
    while (!asks_run_short(d, s, &scarce, n))
        n++;
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(scarce.alive, 0);
    assert_true(n > 20);
}
