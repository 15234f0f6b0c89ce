/* SPDX-License-Identifier: MIT */
/* The stage of the wire tests: knows the public API and the raw server, no test. */
#include "draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const draw_variables[] = {"APIPIE_API_KEY", "APIPIE_BASE_URL", "http_proxy",
                                             "https_proxy",    "HTTPS_PROXY",     "all_proxy",
                                             "ALL_PROXY",      "no_proxy",        "NO_PROXY"};

int draw_setup(void **state)
{
    for (size_t i = 0; i < sizeof draw_variables / sizeof draw_variables[0]; i++)
        unsetenv(draw_variables[i]);
    struct draw *d = calloc(1, sizeof *d);
    if (!d)
        return -1;
    d->row = *state;
    *state = d;
    return 0;
}

int draw_teardown(void **state)
{
    struct draw *d = *state;
    d->request = apipie_request_unref(d->request);
    draw_more(d, 0);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server);
    d->other = raw_server_stop(d->other);
    free(d);
    return 0;
}

int draw_rows(const char *group, void (*test)(void **state), const void *rows, size_t row_size,
              size_t count, size_t name_at)
{
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    if (!tests)
        return 1;
    for (size_t i = 0; i < count; i++) {
        const char *row = (const char *)rows + i * row_size;
        memcpy(&tests[i].name, row + name_at, sizeof tests[i].name);
        tests[i].test_func = test;
        tests[i].setup_func = draw_setup;
        tests[i].teardown_func = draw_teardown;
        memcpy(&tests[i].initial_state, &row, sizeof row);
    }
    int failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    free(tests);
    return failed;
}

apipie_client *draw_client(const char *base_url)
{
    apipie_client *client = apipie_client_new(NULL);
    assert_non_null(client);
    assert_status(apipie_client_set_key(client, DRAW_KEY), APIPIE_OK);
    assert_status(apipie_client_set_base_url(client, base_url), APIPIE_OK);
    assert_status(apipie_client_set_retry(client, APIPIE_RETRY_NEVER, 0), APIPIE_OK);
    assert_status(apipie_client_set_timeout(client, 20000), APIPIE_OK);
    return client;
}

apipie_request *draw_request(apipie_client *client)
{
    apipie_request *request = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    assert_non_null(request);
    assert_status(apipie_request_set_prompt(request, "a lake", APIPIE_NTS), APIPIE_OK);
    assert_status(apipie_request_set_response_format(request, "b64_json"), APIPIE_OK);
    /* One POST is one picture: what is uploaded first is for test_upload.c. */
    assert_status(apipie_request_set_input_transfer(request, APIPIE_TRANSFER_INLINE), APIPIE_OK);
    return request;
}

void draw_again(struct draw *d)
{
    d->request = apipie_request_unref(d->request);
    d->request = draw_request(d->client);
}

void draw_more(struct draw *d, size_t count)
{
    for (size_t i = 0; i < DRAW_MORE; i++)
        d->more[i] = apipie_request_unref(d->more[i]);
    for (size_t i = 0; i < count; i++)
        d->more[i] = draw_request(d->client);
}

void draw_submit_more(struct draw *d)
{
    for (size_t i = 0; i < DRAW_MORE && d->more[i]; i++)
        assert_status(apipie_request_submit(d->more[i]), APIPIE_OK);
}

int32_t draw_wait_more(struct draw *d)
{
    int32_t good = 0;
    for (size_t i = 0; i < DRAW_MORE && d->more[i]; i++)
        good += apipie_request_wait(d->more[i], -1) == APIPIE_OK;
    return good;
}

void draw_serve(struct draw *d, raw_handler handler, void *user)
{
    d->server = raw_server_start(handler, user);
    assert_non_null(d->server);
    d->client = draw_client(raw_server_base(d->server));
    d->request = draw_request(d->client);
}

void draw_serve_reply(struct draw *d, int32_t status, const char *headers, const char *body)
{
    d->reply = (struct draw_reply){status, headers, body};
    d->script = (struct draw_script){&d->reply, 1};
    draw_serve(d, draw_handler, &d->script);
}

void draw_serve_json(struct draw *d, const char *body)
{
    draw_serve_reply(d, 200, NULL, body);
}

void draw_serve_script(struct draw *d, const struct draw_script *script)
{
    d->script = *script;
    draw_serve(d, draw_handler, &d->script);
}

apipie_status draw_perform_json(struct draw *d, const char *body)
{
    draw_serve_json(d, body);
    return apipie_request_perform(d->request);
}

char *draw_replace(const char *text, const char *what, const char *with)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    char *out = malloc(strlen(text) + count * strlen(with) + 1);
    if (!out)
        abort();
    char *end = out;
    for (const char *at; (at = strstr(text, what)) != NULL; text = at + strlen(what)) {
        memcpy(end, text, (size_t)(at - text));
        end += at - text;
        memcpy(end, with, strlen(with));
        end += strlen(with);
    }
    memcpy(end, text, strlen(text) + 1);
    return out;
}

void draw_send_reply(struct raw_conn *c, const struct draw_reply *r)
{
    if (r->body && strcmp(r->body, DRAW_PICTURE) == 0) {
        uint8_t bytes[1024];
        raw_reply(c, r->status, r->headers ? r->headers : "Content-Type: image/png\r\n", bytes,
                  draw_decode(PNG1, bytes));
        return;
    }
    char *body = draw_replace(r->body ? r->body : "", "$ORIGIN", raw_origin(c));
    char *headers = draw_replace(r->headers ? r->headers : "Content-Type: application/json\r\n",
                                 "$ORIGIN", raw_origin(c));
    raw_reply(c, r->status, headers, body, strlen(body));
    free(headers);
    free(body);
}

void draw_send_picture(struct raw_conn *c, const char *base64, const char *type)
{
    char headers[128];
    uint8_t bytes[1024];
    snprintf(headers, sizeof headers, "Content-Type: %s\r\n", type);
    raw_reply(c, 200, headers, bytes, draw_decode(base64, bytes));
}

void draw_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char *const pics[] = {PNG1, PNG2, PNG3};
    const struct draw_script *script = user;
    const char *pic = strstr(q->path, "/pics/");
    if (strcmp(q->method, "POST") == 0) {
        int32_t i = q->number <= script->count ? q->number - 1 : script->count - 1;
        draw_send_reply(c, &script->replies[i]);
    } else if (pic && pic[6] >= '1' && pic[6] <= '3') {
        draw_send_picture(c, pics[pic[6] - '1'], "image/png");
    } else {
        raw_reply_json(c, 404, "{\"error\":{\"message\":\"no such thing\"}}");
    }
}

/* How many POSTs of the first `count` requests are like it. */
static int32_t draw_count(struct raw_server *s, int32_t count,
                          int (*like)(const struct raw_request *q, const char *text),
                          const char *text)
{
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++) {
        const struct raw_request *q = raw_server_request(s, i);
        n += strcmp(q->method, "POST") == 0 && like(q, text);
    }
    return n;
}

static int draw_has_key(const struct raw_request *q, const char *key)
{
    char own[128] = "";
    return raw_request_header(q, "Idempotency-Key", own, sizeof own) && strcmp(own, key) == 0;
}

static int draw_has_piece(const struct raw_request *q, const char *piece)
{
    return strstr(q->body, piece) != NULL;
}

int32_t draw_try(const struct raw_conn *c, const struct raw_request *q)
{
    char key[128] = "";
    raw_request_header(q, "Idempotency-Key", key, sizeof key);
    return draw_count(raw_server_of(c), q->number, draw_has_key, key);
}

int32_t draw_posts(struct raw_server *s, const char *piece)
{
    return draw_count(s, raw_server_count(s, NULL), draw_has_piece, piece);
}

int32_t draw_nth(const struct raw_conn *c, const struct raw_request *q, const char *piece)
{
    if (!draw_has_piece(q, piece))
        return 0;
    return draw_count(raw_server_of(c), q->number, draw_has_piece, piece);
}

void draw_field(const struct raw_request *q, const char *name, char *out, size_t capacity)
{
    char start[64];
    snprintf(start, sizeof start, "\"%s\":", name);
    const char *at = strstr(q->body, start);
    snprintf(out, capacity, "%s", "");
    if (!at)
        return;
    at += strlen(start);
    const char *ends = *at == '"' ? "\"" : ",}";
    at += *at == '"';
    snprintf(out, capacity, "%.*s", (int)strcspn(at, ends), at);
}

void draw_order(struct raw_server *s, const char *name, char *out, size_t capacity)
{
    size_t n = 0;
    int32_t count = raw_server_count(s, NULL);
    for (int32_t i = 0; i < count && n + 1 < capacity; i++) {
        char value[64];
        const struct raw_request *q = raw_server_request(s, i);
        if (strcmp(q->method, "POST") != 0)
            continue;
        draw_field(q, name, value, sizeof value);
        out[n++] = value[0] ? value[0] : '-';
    }
    out[n] = 0;
}

void draw_assert_order(struct raw_server *s, const char *name, const char *want, const char *file,
                       int line)
{
    char got[256];
    draw_order(s, name, got, sizeof got);
    if (strcmp(got, want) == 0)
        return;
    print_error("\"%s\" of the calls: %s instead of %s\n", name, got, want);
    _fail(file, line);
}

static const struct draw_reply *draw_stage_reply(const struct draw_model *m, int32_t nth)
{
    static const struct draw_reply good = {200, NULL, ONE_IMAGE};
    int32_t i = 0;
    while (i < 5 && i < nth - 1 && m->replies[i + 1])
        i++;
    return m->replies[i] ? m->replies[i] : &good;
}

static void draw_stage_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct draw_stage *stage = user;
    char name[64], piece[80] = "";
    size_t which = 0;
    draw_field(q, "model", name, sizeof name);
    if (name[0] >= 'A' && name[0] <= 'C')
        which = (size_t)(name[0] - 'A');
    if (name[0])
        snprintf(piece, sizeof piece, "\"model\":\"%s\"", name);
    raw_work(c, 1);
    raw_pause_ms(c, stage->slow_ms);
    raw_work(c, -1);
    draw_send_reply(c, draw_stage_reply(&stage->models[which], draw_nth(c, q, piece)));
}

void draw_serve_stage(struct draw *d, const struct draw_stage *stage)
{
    draw_serve(d, draw_stage_handler, (void *)(uintptr_t)stage);
}

apipie_request *draw_request_for(apipie_client *client, const char *routes)
{
    apipie_request *r = draw_request(client);
    for (; *routes; routes++) {
        const char model[2] = {*routes, 0}, provider[3] = {'p', *routes, 0};
        assert_status(apipie_request_add_route(r, NULL, provider, model), APIPIE_OK);
    }
    return r;
}

const apipie_result *draw_result(const struct draw *d)
{
    return apipie_request_result(d->request);
}

const apipie_error *draw_error(const struct draw *d)
{
    return apipie_request_error(d->request);
}

void draw_assert_image(const apipie_result *r, size_t index, const char *base64, const char *mime)
{
    uint8_t want[1024];
    size_t want_size = draw_decode(base64, want), size = 0;
    const uint8_t *data = apipie_result_image_data(r, index, &size);
    assert_non_null(data);
    assert_int_equal(size, want_size);
    assert_memory_equal(data, want, want_size);
    assert_int_equal(apipie_result_image_size(r, index), want_size);
    assert_string_equal(apipie_result_image_mime(r, index), mime);
}

void draw_set_image(struct draw *d, const char *base64, int32_t mask)
{
    uint8_t bytes[1024];
    size_t n = draw_decode(base64, bytes);
    assert_status(mask ? apipie_request_set_mask_bytes(d->request, bytes, n)
                       : apipie_request_add_image_bytes(d->request, bytes, n),
                  APIPIE_OK);
}

const struct raw_request *draw_sent(struct draw *d)
{
    const struct raw_request *q =
        raw_server_request(d->server, raw_server_count(d->server, NULL) - 1);
    assert_non_null(q);
    return q;
}

void draw_assert_one(const struct draw *d, size_t warnings)
{
    const apipie_result *r = draw_result(d);
    assert_ended(d->request, apipie_request_status(d->request), APIPIE_OK);
    assert_non_null(r);
    assert_null(draw_error(d));
    assert_int_equal(apipie_result_image_count(r), 1);
    draw_assert_image(r, 0, PNG1, "image/png");
    if (apipie_result_warning_count(r) != warnings)
        print_message("warning: %s\n", apipie_result_warning(r, 0));
    assert_int_equal(apipie_result_warning_count(r), warnings);
}

void draw_assert_status(apipie_status got, apipie_status want, const apipie_request *request,
                        const char *file, int line)
{
    if (got == want)
        return;
    print_error("%s instead of %s", apipie_status_name(got), apipie_status_name(want));
    if (request && apipie_request_error(request))
        print_error(": %s", apipie_error_message(apipie_request_error(request)));
    print_error("\n");
    _fail(file, line);
}

void draw_assert_contains(const char *text, const char *part, int wanted, const char *file,
                          int line)
{
    int found = text && strstr(text, part);
    if (found == wanted)
        return;
    print_error("\"%s\" %s \"%s\"\n", text ? text : "(null)", wanted ? "lacks" : "holds", part);
    _fail(file, line);
}

static const char draw_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t draw_decode(const char *base64, uint8_t *out)
{
    uint32_t bits = 0;
    size_t have = 0, n = 0;
    for (; *base64 && *base64 != '='; base64++) {
        bits = (bits << 6 | (uint32_t)(strchr(draw_alphabet, *base64) - draw_alphabet)) & 0xffffffU;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have & 0xffU);
        }
    }
    return n;
}

char *draw_encode(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    char *out = malloc((n + 2) / 3 * 4 + 1), *end = out;
    if (!out)
        abort();
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0U);
        *end++ = draw_alphabet[v >> 18];
        *end++ = draw_alphabet[v >> 12 & 63];
        *end++ = i + 1 < n ? draw_alphabet[v >> 6 & 63] : '=';
        *end++ = i + 2 < n ? draw_alphabet[v & 63] : '=';
    }
    *end = 0;
    return out;
}

int64_t draw_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void draw_sleep_ms(int32_t ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}
