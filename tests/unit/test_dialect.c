/* SPDX-License-Identifier: MIT */
/* Calls of the APIpie language: what cannot be asked for, what is sent, and how a leg is filled again. */
#include "../support/scarce.h"
#include "dialect/dialect.h"
#include "flow/flow.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct pie_dialect *const wire = &pie_dialect_apipie;

/* A wish with most of what can be set, without an input image. */
static void wish_open(struct pie_wish *w)
{
    pie_wish_init(w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    assert_int_equal(pie_wish_set_text(w, PIE_WISH_PROMPT, "a \"cat\"\n", 8), APIPIE_OK);
    assert_int_equal(pie_wish_set_text(w, PIE_WISH_PROVIDER, "prodia", 6), APIPIE_OK);
    assert_int_equal(pie_wish_set_text(w, PIE_WISH_MODEL, "sdxl", 4), APIPIE_OK);
    assert_int_equal(pie_wish_set_extra(w, "loras", "[\"a{\"]"), APIPIE_OK);
    w->has = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_SEED;
    w->n = 3;
    w->width = 1024;
    w->height = 768;
    w->strength = 0.5;
    w->seed = UINT64_MAX;
}

static struct pie_call call_of(const struct pie_wish *w)
{
    struct pie_call c;
    pie_call_init(&c, w);
    c.base_url = "https://gateway.test/v1";
    c.key = "secret-key-one";
    return c;
}

static void leg_open(struct pie_leg *leg)
{
    memset(leg, 0, sizeof(*leg));
    pie_http_request_init(&leg->request, &pie_mem_libc);
}

/* The body as it will travel. */
static void body_of(const struct pie_leg *leg, struct pie_buf *out)
{
    const struct pie_http_request *q = &leg->request;
    pie_buf_init(out, &pie_mem_libc, 1 << 20);
    struct pie_http_place at;
    char piece[64];
    size_t n = 0;
    pie_http_place_init(&at);
    while ((n = pie_http_request_read(q, &at, piece, sizeof(piece))) != 0)
        pie_buf_add(out, piece, n);
    assert_null(at.reason);
    pie_http_place_rewind(&at);
    assert_int_equal(out->failed, APIPIE_OK);
    assert_int_equal(out->n, pie_http_request_length(q));
}

static void need_body(const struct pie_call *c, struct pie_leg *leg, const char *want)
{
    struct pie_buf body;
    struct apipie_error err;
    pie_error_init(&err, &pie_mem_libc);
    assert_int_equal(wire->encode(c, leg, &err), APIPIE_OK);
    body_of(leg, &body);
    assert_string_equal(body.p, want);
    pie_buf_free(&body);
    pie_error_free(&err);
}

static void need_written(const struct pie_call *c, const char *want)
{
    struct pie_buf out;
    pie_buf_init(&out, &pie_mem_libc, 1 << 20);
    pie_buf_add_text(&out, "before "); /* appended, whatever stands there */
    wire->write(c, &out);
    assert_int_equal(out.failed, APIPIE_OK);
    assert_string_equal(out.p + 7, want);
    pie_buf_free(&out);
}

static void image_set(struct pie_wish *w, int32_t kind, const char *p, size_t n, const char *mime)
{
    struct pie_input in;
    memset(&in, 0, sizeof(in));
    in.kind = kind;
    in.p = p;
    in.n = n;
    in.mime = mime;
    assert_int_equal(pie_wish_set_image(w, &in), APIPIE_OK);
}

static void png_set(struct pie_wish *w)
{
    image_set(w, PIE_INPUT_BYTES, "\x89PNG", 4, "image/png");
}

#define REST "\"size\":\"1024x768\",\"strength\":0.5,"

static void a_call_is_the_wish_until_it_is_changed(void **state)
{
    struct pie_wish w;
    struct pie_leg leg;
    (void)state;
    wish_open(&w);
    leg_open(&leg);
    struct pie_call c = call_of(&w);
    assert_ptr_equal(c.wish, &w);
    assert_string_equal(c.provider, "prodia");
    assert_string_equal(c.model, "sdxl");
    assert_true(c.n == 3 && c.has_seed == 1 && c.seed == UINT64_MAX);
    static const char whole[] =
        "{\"provider\":\"prodia\",\"model\":\"sdxl\",\"prompt\":\"a \\\"cat\\\"\\n\",\"n\":3," REST
        "\"seed\":18446744073709551615,\"loras\":[\"a{\"]}";
    need_body(&c, &leg, whole);
    need_written(&c, whole);
    c.provider = "together"; /* another route, one part of three */
    c.model = NULL;
    c.n = 1;
    c.seed = 7;
    static const char part[] =
        "{\"provider\":\"together\",\"prompt\":\"a \\\"cat\\\"\\n\",\"n\":1," REST
        "\"seed\":7,\"loras\":[\"a{\"]}";
    need_body(&c, &leg, part);
    need_written(&c, part);
    c.provider = NULL; /* the gateway chooses, and the number is not sent */
    c.n = 0;
    c.has_seed = 0;
    static const char least[] = "{\"prompt\":\"a \\\"cat\\\"\\n\"," REST "\"loras\":[\"a{\"]}";
    need_body(&c, &leg, least);
    need_written(&c, least);
    pie_http_request_free(&leg.request);
    pie_wish_free(&w);
}

static void an_empty_wish_is_an_empty_call(void **state)
{
    struct pie_wish w;
    (void)state;
    pie_wish_init(&w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    w.n = 9; /* not set, whatever stands there */
    w.seed = 9;
    struct pie_call c;
    memset(&c, 'x', sizeof(c));
    pie_call_init(&c, &w);
    assert_true(c.n == 0 && c.has_seed == 0 && c.seed == 0);
    assert_true(c.provider == NULL && c.model == NULL && c.base_url == NULL && c.key == NULL);
    need_written(&c, "{}");
    assert_int_equal(pie_wish_set_extra(&w, "x", "{}"), APIPIE_OK);
    need_written(&c, "{\"x\":{}}");
    pie_wish_free(&w);
}

static void input_images_are_written_short(void **state)
{
    static const char url[] = "data:image/png;base64,AAAA";
    struct pie_wish w;
    struct pie_leg leg;
    (void)state;
    pie_wish_init(&w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    leg_open(&leg);
    assert_int_equal(pie_wish_set_text(&w, PIE_WISH_PROMPT, "x", 1), APIPIE_OK);
    png_set(&w);
    w.transfer = APIPIE_TRANSFER_INLINE;
    struct pie_call c = call_of(&w);
    need_body(&c, &leg, "{\"prompt\":\"x\",\"image\":\"data:image/png;base64,iVBORw==\"}");
    need_written(&c, "{\"prompt\":\"x\",\"image\":null}");
    assert_int_equal(pie_input_copy(w.mem, &w.mask, &w.images.items[0]), APIPIE_OK);
    image_set(&w, PIE_INPUT_URL, url, strlen(url), NULL);
    c = call_of(&w);
    need_body(&c, &leg,
              "{\"prompt\":\"x\",\"image\":\"data:image/png;base64,AAAA\","
              "\"mask\":\"data:image/png;base64,iVBORw==\"}");
    need_written(&c, "{\"prompt\":\"x\",\"image\":null,\"mask\":null}");
    pie_input_free(w.mem, &w.mask);
    c = call_of(&w);
    image_set(&w, PIE_INPUT_URL, "https://a/\"", 11, NULL);
    need_body(&c, &leg, "{\"prompt\":\"x\",\"image\":\"https://a/\\\"\"}");
    need_written(&c, "{\"prompt\":\"x\",\"image\":\"https://a/\\\"\"}");
    assert_int_equal(leg.request.segment_count, 1); /* nothing is left of the others */
    assert_int_equal(pie_wish_set_image(&w, NULL), APIPIE_OK);
    c = call_of(&w);
    need_body(&c, &leg, "{\"prompt\":\"x\"}");
    pie_http_request_free(&leg.request);
    pie_wish_free(&w);
}

/* ... or as the URLs that they got before the call. */
static void uploaded_images_are_urls(void **state)
{
    struct pie_wish w;
    struct pie_leg leg;
    (void)state;
    pie_wish_init(&w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    leg_open(&leg);
    assert_int_equal(pie_wish_set_text(&w, PIE_WISH_PROMPT, "x", 1), APIPIE_OK);
    png_set(&w);
    assert_int_equal(pie_input_copy(w.mem, &w.mask, &w.images.items[0]), APIPIE_OK);
    struct pie_call c = call_of(&w);
    assert_ptr_equal(wire->next_upload(&c), &w.images.items[0]);
    c.found = "https://a/1\n";
    assert_ptr_equal(wire->next_upload(&c), &w.mask);
    c.found = "https://a/1\nhttps://a/2\n";
    assert_null(wire->next_upload(&c));
    need_body(&c, &leg, "{\"prompt\":\"x\",\"image\":\"https://a/1\",\"mask\":\"https://a/2\"}");
    need_written(&c, "{\"prompt\":\"x\",\"image\":null,\"mask\":null}");
    image_set(&w, PIE_INPUT_URL, "https://b/", 10, NULL);
    c = call_of(&w);
    assert_ptr_equal(wire->next_upload(&c), &w.mask);
    c.found = "https://a/2\n";
    need_body(&c, &leg, "{\"prompt\":\"x\",\"image\":\"https://b/\",\"mask\":\"https://a/2\"}");
    c.no_uploads = 1;
    assert_null(wire->next_upload(&c));
    pie_http_request_free(&leg.request);
    pie_wish_free(&w);
}

static void a_leg_is_filled_again(void **state)
{
    struct pie_wish w;
    struct pie_leg leg;
    struct apipie_error err;
    (void)state;
    wish_open(&w);
    leg_open(&leg);
    pie_error_init(&err, &pie_mem_libc);
    struct pie_call c = call_of(&w);
    char key[300]; /* longer than all headers of the next call: they alone would not cover it */
    memset(key, '-', sizeof(key));
    memcpy(key + sizeof(key) - 7, "secret", 7);
    c.key = key;
    assert_int_equal(wire->encode(&c, &leg, &err), APIPIE_OK);
    const char *text = leg.request.text.p;
    const char *headers = leg.request.headers.text.p;
    size_t headers_cap = leg.request.headers.text.cap;
    assert_int_equal(pie_headers_add(&leg.request.headers, pie_slice_text("Idempotency-Key"),
                                     pie_slice_text("1234")),
                     APIPIE_OK);
    leg.request.public_only = 1;
    leg.request.connect_timeout_ms = 77;
    c.key = "two";
    c.base_url = "http://x";
    assert_int_equal(wire->encode(&c, &leg, &err), APIPIE_OK);
    assert_ptr_equal(leg.request.text.p, text); /* the memory is kept */
    assert_ptr_equal(leg.request.headers.text.p, headers);
    assert_string_equal(leg.request.url.p, "http://x/images/generations");
    assert_string_equal(leg.request.method, "POST");
    assert_string_equal(pie_headers_get(&leg.request.headers, "authorization"), "Bearer two");
    assert_string_equal(pie_headers_get(&leg.request.headers, "content-type"), "application/json");
    assert_string_equal(pie_headers_get(&leg.request.headers, "accept"), "application/json");
    assert_null(pie_headers_get(&leg.request.headers,
                                "idempotency-key")); /* the engine adds it each time */
    assert_true(leg.paid == 1 && leg.with_key == 1 && leg.request.once == 1);
    assert_int_equal(leg.purpose, APIPIE_PURPOSE_GENERATE);
    assert_int_equal(leg.request.public_only, 0);
    assert_int_equal(leg.request.connect_timeout_ms, 77);
    for (size_t i = 0; i + 6 < headers_cap; i++) /* of the old key not a byte is left */
        assert_memory_not_equal(headers + i, "secret", 6);
    assert_int_equal(wire->ask_history(&c, 10, 0, &leg, &err),
                     APIPIE_OK); /* for something else altogether */
    assert_true(leg.paid == 0 && leg.request.once == 0 && leg.request.segment_count == 0);
    assert_int_equal(leg.request.text.n, 0);
    assert_null(pie_headers_get(&leg.request.headers, "content-type"));
    pie_http_request_free(&leg.request);
    pie_wish_free(&w);
}

/* ---- check */

/* By the wish's own route, or by another. */
static void need_check_by(const struct pie_wish *w, const char *provider, apipie_status want,
                          const char *word)
{
    struct apipie_error err;
    struct pie_call c;
    pie_call_init(&c, w);
    c.provider = provider != NULL ? provider : c.provider;
    pie_error_init(&err, &pie_mem_libc);
    assert_int_equal(pie_call_fit(wire, &c, NULL, &err), want);
    assert_int_equal(err.code, want);
    if (word != NULL)
        assert_non_null(strstr(err.message, word));
    assert_true(want == APIPIE_OK || err.hint[0] != '\0');
    pie_error_free(&err);
}

static void need_check(struct pie_wish *w, apipie_status want, const char *word)
{
    need_check_by(w, NULL, want, word);
}

static void extras_do_not_meet_setters(void **state)
{
    static const struct {
        const char *name;
        apipie_status want;
    } rows[] = {{"provider", APIPIE_E_ARGUMENT},
                {"model", APIPIE_E_ARGUMENT},
                {"prompt", APIPIE_E_ARGUMENT},
                {"n", APIPIE_E_ARGUMENT},
                {"size", APIPIE_E_ARGUMENT},
                {"strength", APIPIE_E_ARGUMENT},
                {"seed", APIPIE_E_ARGUMENT},
                {"steps", APIPIE_OK},
                {"quality", APIPIE_OK},
                {"image", APIPIE_OK},
                {"Size", APIPIE_OK}};
    struct pie_wish w;
    (void)state;
    wish_open(&w);
    need_check(&w, APIPIE_OK, NULL);
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        assert_int_equal(pie_wish_set_extra(&w, rows[i].name, "1"), APIPIE_OK);
        need_check(&w, rows[i].want, rows[i].want == APIPIE_OK ? NULL : rows[i].name);
        assert_int_equal(pie_wish_set_extra(&w, rows[i].name, NULL), APIPIE_OK);
    }
    png_set(&w);
    assert_int_equal(pie_wish_set_extra(&w, "mask", "1"), APIPIE_OK);
    need_check(&w, APIPIE_OK, NULL);
    assert_int_equal(pie_input_copy(w.mem, &w.mask, &w.images.items[0]), APIPIE_OK);
    need_check(&w, APIPIE_E_ARGUMENT, "mask");
    pie_input_free(w.mem, &w.mask);
    assert_int_equal(pie_wish_set_extra(&w, "image", "1"), APIPIE_OK);
    need_check(&w, APIPIE_E_ARGUMENT, "image");
    pie_wish_free(&w);
}

static void extras_do_not_meet_routes(void **state)
{
    char provider[] = "prodia";
    struct pie_wish w;
    struct pie_leg leg;
    struct apipie_error err;
    (void)state;
    pie_wish_init(&w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    leg_open(&leg);
    pie_error_init(&err, &pie_mem_libc);
    assert_int_equal(pie_wish_set_extra(&w, "provider", "\"x\""), APIPIE_OK);
    need_check(&w, APIPIE_OK, NULL);
    need_check_by(&w, provider, APIPIE_E_ARGUMENT, "provider");
    struct pie_call c = call_of(&w);
    c.provider = provider; /* a route of the client's: only the call knows */
    assert_int_equal(wire->encode(&c, &leg, &err), APIPIE_E_ARGUMENT);
    assert_int_equal(err.code, APIPIE_E_ARGUMENT);
    pie_http_request_free(&leg.request);
    pie_wish_free(&w);
}

static void what_would_cost_in_vain_is_refused(void **state)
{
    static const struct {
        const char *name, *json;
        apipie_status want;
    } rows[] = {{"n", "2", APIPIE_E_ARGUMENT},
                {"n", "null", APIPIE_E_ARGUMENT},
                {"stream", "true", APIPIE_E_UNSUPPORTED},
                {"stream", "1", APIPIE_E_UNSUPPORTED},
                {"stream", " false ", APIPIE_OK},
                {"stream", "null", APIPIE_OK},
                {"streams", "true", APIPIE_OK}};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct pie_wish w;
        pie_wish_init(&w, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
        assert_int_equal(pie_wish_set_extra(&w, rows[i].name, rows[i].json), APIPIE_OK);
        need_check(&w, rows[i].want, rows[i].want == APIPIE_OK ? NULL : rows[i].name);
        pie_wish_free(&w);
    }
}

/* ---- decode */

static struct apipie_result *decode(const struct pie_call *c, const char *body)
{
    struct apipie_result *result = pie_result_new(&pie_mem_libc);
    struct apipie_error err;
    struct pie_outcome outcome;
    struct pie_buf safe;
    struct pie_damage damage;
    struct pie_doc *doc = NULL;
    struct pie_reply reply;
    char url[] = "https://gateway.test/1.png";
    struct pie_part part;
    memset(&reply, 0, sizeof(reply));
    memset(&part, 0, sizeof(part));
    part.kind = PIE_PART_URL;
    part.slot = PIE_SLOT_NONE;
    part.url = url;
    pie_error_init(&err, &pie_mem_libc);
    pie_outcome_init(&outcome, &pie_mem_libc);
    pie_buf_init(&safe, &pie_mem_libc, 1 << 20);
    outcome.status = 200;
    assert_int_equal(pie_json_safe(&pie_mem_libc, pie_slice_text(body), &safe, &damage), APIPIE_OK);
    assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_buf_slice(&safe), &doc), APIPIE_OK);
    reply.outcome = &outcome;
    reply.root = pie_doc_root(doc);
    reply.parts = &part;
    reply.part_count = 1;
    assert_int_equal(wire->decode(c, &reply, result, &err), APIPIE_OK);
    pie_doc_free(doc);
    pie_buf_free(&safe);
    pie_outcome_free(&outcome);
    pie_error_free(&err);
    return result;
}

static void the_route_that_served_is_told(void **state)
{
    struct pie_wish w;
    (void)state;
    wish_open(&w);
    struct pie_call c = call_of(&w);
    c.provider = "together";
    c.model = "flux";
    struct apipie_result *r = decode(&c, "{\"data\":[{\"url\":\"x\"}]}");
    assert_string_equal(r->provider, "together"); /* the call's, not the wish's */
    assert_string_equal(r->model, "flux");
    pie_result_free(r);
    r = decode(&c, "{\"data\":[{\"url\":\"x\"}],\"provider\":\"prodia\",\"model\":\"sd15\"}");
    assert_string_equal(r->provider, "prodia"); /* the server knows best */
    assert_string_equal(r->model, "sd15");
    pie_result_free(r);
    c.provider = c.model = NULL;
    r = decode(&c, "{\"data\":[{\"url\":\"x\"}]}");
    assert_null(r->provider);
    assert_null(r->model);
    pie_result_free(r);
    pie_wish_free(&w);
}

static void the_call_s_number_is_missed(void **state)
{
    struct pie_wish w;
    (void)state;
    wish_open(&w); /* asks for 3 */
    struct pie_call c = call_of(&w);
    struct apipie_result *r = decode(&c, "{\"data\":[{\"url\":\"x\"}]}");
    assert_int_equal(r->warning_count, 1);
    assert_string_equal(r->warnings[0], "3 images were asked for, the server sent 1");
    pie_result_free(r);
    for (c.n = 1; c.n >= 0; c.n--) { /* a part */
        r = decode(&c, "{\"data\":[{\"url\":\"x\"}]}");
        assert_int_equal(r->warning_count, 0);
        pie_result_free(r);
    }
    pie_wish_free(&w);
}

/* ---- memory */

static void want_of_memory_is_told(void **state)
{
    struct scarce scarce = {0};
    const struct pie_mem lean = SCARCE_MEM(&scarce);
    struct pie_wish w;
    struct apipie_error err;
    apipie_status status = APIPIE_E_MEMORY;
    size_t blocks = 0;
    (void)state;
    wish_open(&w);
    pie_error_init(&err, &lean);
    struct pie_call c = call_of(&w);
    for (; status != APIPIE_OK; blocks++) {
        struct pie_leg leg;
        memset(&leg, 0, sizeof(leg));
        pie_http_request_init(&leg.request, &lean);
        scarce_give(&scarce, (int64_t)blocks);
        status = wire->encode(&c, &leg, &err);
        assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
        assert_int_equal(err.code, APIPIE_OK);
        scarce_give_all(&scarce); /* then there is some: the same leg will do */
        assert_int_equal(wire->encode(&c, &leg, &err), APIPIE_OK);
        assert_string_equal(pie_headers_get(&leg.request.headers, "authorization"),
                            "Bearer secret-key-one");
        pie_http_request_free(&leg.request);
        assert_int_equal(scarce.alive, 0);
    }
    assert_true(blocks > 3);
    struct pie_buf out;
    pie_buf_init(&out, &lean, 100000);
    scarce_give(&scarce, 0);
    wire->write(&c, &out);
    assert_int_equal(out.failed, APIPIE_E_MEMORY);
    pie_buf_free(&out);
    pie_wish_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_the_wish_until_it_is_changed),
        cmocka_unit_test(an_empty_wish_is_an_empty_call),
        cmocka_unit_test(input_images_are_written_short),
        cmocka_unit_test(uploaded_images_are_urls),
        cmocka_unit_test(a_leg_is_filled_again),
        cmocka_unit_test(extras_do_not_meet_setters),
        cmocka_unit_test(extras_do_not_meet_routes),
        cmocka_unit_test(what_would_cost_in_vain_is_refused),
        cmocka_unit_test(the_route_that_served_is_told),
        cmocka_unit_test(the_call_s_number_is_missed),
        cmocka_unit_test(want_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
