/* SPDX-License-Identifier: MIT */
/* What is sent: only what was set, exactly. Knows the public API, and jansson to read what came. */
#include "../support/draw.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* The stage with a server that draws, and a bare request: no prompt, nothing. */
static struct draw *bare(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    d->request = apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_input_transfer(d->request, APIPIE_TRANSFER_INLINE);
    return d;
}

static json_t *sent(struct draw *d)
{
    const struct raw_request *q = raw_server_request(d->server, 0);
    assert_non_null(q);
    json_t *body = json_loadb(q->body, q->body_size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!body)
        print_error("no JSON: %.200s\n", q->body);
    assert_non_null(body);
    return body;
}

static void assert_sent(struct draw *d, const char *want_json)
{
    json_t *got = sent(d), *want = json_loads(want_json, 0, NULL);
    assert_non_null(want);
    int equal = json_equal(got, want);
    if (!equal)
        print_error("sent %s\nwant %s\n", raw_server_request(d->server, 0)->body, want_json);
    json_decref(got);
    json_decref(want);
    assert_true(equal);
}

static void perform_prompt(struct draw *d)
{
    assert_status(apipie_request_set_prompt(d->request, "a lake", APIPIE_NTS), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

static void only_the_prompt(void **state)
{
    char text[256];
    struct draw *d = bare(state);
    perform_prompt(d);
    assert_sent(d, "{\"prompt\":\"a lake\"}");
    const struct raw_request *q = raw_server_request(d->server, 0);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->path, "/v1/images/generations");
    assert_true(raw_request_header(q, "Authorization", text, sizeof text));
    assert_string_equal(text, "Bearer " DRAW_KEY);
    assert_true(raw_request_header(q, "Content-Type", text, sizeof text));
    assert_contains(text, "application/json");
    assert_true(raw_request_header(q, "User-Agent", text, sizeof text));
    assert_contains(text, "libapipie/" APIPIE_VERSION_STRING);
    assert_true(raw_request_header(q, "Content-Length", text, sizeof text));
    assert_int_equal(atoi(text), q->body_size);
    assert_false(raw_request_header(q, "Expect", text, sizeof text));
    assert_false(raw_request_header(q, "Transfer-Encoding", text, sizeof text));
    assert_true(raw_request_header(q, "Idempotency-Key", text, sizeof text));
}

/* ---- one setter, one member */

#define SETTER(name, call)                                                                         \
    static apipie_status set_##name(apipie_request *r)                                             \
    {                                                                                              \
        return call;                                                                               \
    }
SETTER(provider, apipie_request_set_provider(r, "prodia"))
SETTER(model, apipie_request_set_model(r, "sd_xl_base_1.0"))
SETTER(negative, apipie_request_set_negative_prompt(r, "text, blur", 4))
SETTER(n, apipie_request_set_n(r, 1))
SETTER(size, apipie_request_set_size(r, 1024, 768))
SETTER(quality, apipie_request_set_quality(r, "hd"))
SETTER(style, apipie_request_set_style(r, "vivid"))
SETTER(format, apipie_request_set_response_format(r, "url"))
SETTER(routing, apipie_request_set_routing(r, "perf-avg"))
SETTER(user, apipie_request_set_user(r, "player-7"))
SETTER(ratio, apipie_request_set_aspect_ratio(r, "16:9"))
SETTER(steps, apipie_request_set_steps(r, 30))
SETTER(strength, apipie_request_set_strength(r, 0.35))
SETTER(guidance, apipie_request_set_guidance(r, 7.5))
SETTER(seed, apipie_request_set_seed(r, 0))
SETTER(url, apipie_request_set_image_url(r, "https://example.com/a%20b?c=%2B&d"))
SETTER(number, apipie_request_set_extra(r, "clip_skip", " 2 "))
SETTER(object, apipie_request_set_extra(r, "deep", "{\"a\":[1,null,{\"b\":\"\\u00e9\"}]}"))
SETTER(text, apipie_request_set_extra(r, "odd \"name\"", "\"auto\""))

struct setter {
    const char *name;
    apipie_status (*set)(apipie_request *r);
    const char *want;
};

static const struct setter setters[] = {
    {"provider", set_provider, "\"provider\":\"prodia\""},
    {"model", set_model, "\"model\":\"sd_xl_base_1.0\""},
    {"negative prompt", set_negative, "\"negative_prompt\":\"text\""},
    {"n", set_n, "\"n\":1"},
    {"size", set_size, "\"size\":\"1024x768\""},
    {"quality", set_quality, "\"quality\":\"hd\""},
    {"style", set_style, "\"style\":\"vivid\""},
    {"response format", set_format, "\"response_format\":\"url\""},
    {"routing", set_routing, "\"routing\":\"perf-avg\""},
    {"user", set_user, "\"user\":\"player-7\""},
    {"aspect ratio", set_ratio, "\"aspect_ratio\":\"16:9\""},
    {"steps", set_steps, "\"steps\":30"},
    {"strength", set_strength, "\"strength\":0.35"},
    {"guidance", set_guidance, "\"cfg_scale\":7.5"},
    {"seed", set_seed, "\"seed\":0"},
    {"image url", set_url, "\"image\":\"https://example.com/a%20b?c=%2B&d\""},
    {"extra number", set_number, "\"clip_skip\":2"},
    {"extra object", set_object, "\"deep\":{\"a\":[1,null,{\"b\":\"\xc3\xa9\"}]}"},
    {"extra text", set_text, "\"odd \\\"name\\\"\":\"auto\""},
};

static void a_setter_sends_one_member(void **state)
{
    struct draw *d = bare(state);
    const struct setter *s = d->row;
    char want[256];
    snprintf(want, sizeof want, "{\"prompt\":\"a lake\",%s}", s->want);
    assert_status(s->set(d->request), APIPIE_OK);
    perform_prompt(d);
    assert_sent(d, want);
}

static void all_setters_together(void **state)
{
    struct draw *d = bare(state);
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++)
        assert_status(setters[i].set(d->request), APIPIE_OK);
    perform_prompt(d);
    json_t *body = sent(d);
    size_t count = json_object_size(body);
    json_decref(body);
    assert_int_equal(count, sizeof setters / sizeof setters[0] + 1);
}

static void setting_again_replaces(void **state)
{
    struct draw *d = bare(state);
    apipie_request_set_model(d->request, "first");
    apipie_request_set_model(d->request, "second");
    apipie_request_set_provider(d->request, "prodia");
    apipie_request_set_provider(d->request, NULL);
    apipie_request_set_extra(d->request, "a", "1");
    apipie_request_set_extra(d->request, "a", "2");
    apipie_request_set_extra(d->request, "b", "1");
    apipie_request_set_extra(d->request, "b", NULL);
    apipie_request_set_image_bytes(d->request, "GIF89a\1\0\1\0\0\0\0;", 14);
    apipie_request_set_image_url(d->request, "https://example.com/i.png");
    perform_prompt(d);
    assert_sent(d, "{\"prompt\":\"a "
                   "lake\",\"model\":\"second\",\"a\":2,\"image\":\"https://example.com/i.png\"}");
}

static void a_prompt_goes_out_as_it_is(void **state)
{
    static const char prompt[] =
        "(a:1.2) <lora:x:0.8> \"q\" \\ / \t\r\n \x01\x1f\x7f \xc3\xa9 \xf0\x9f\x98\x80 "
        "\xe2\x80\xa8 \\u0041";
    struct draw *d = bare(state);
    assert_status(apipie_request_set_prompt(d->request, prompt, APIPIE_NTS), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    json_t *body = sent(d);
    int equal = strcmp(json_string_value(json_object_get(body, "prompt")), prompt) == 0;
    json_decref(body);
    assert_true(equal);
}

static void a_megabyte_of_prompt(void **state)
{
    struct draw *d = bare(state);
    char *prompt = malloc(APIPIE_LIMIT_PROMPT + 2);
    assert_non_null(prompt);
    memset(prompt, '"', APIPIE_LIMIT_PROMPT + 1);
    assert_status(apipie_request_set_prompt(d->request, prompt, APIPIE_LIMIT_PROMPT), APIPIE_OK);
    free(prompt);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    json_t *body = sent(d);
    size_t n = json_string_length(json_object_get(body, "prompt"));
    json_decref(body);
    assert_int_equal(n, APIPIE_LIMIT_PROMPT);
}

static void seeds_are_exact(void **state)
{
    struct draw *d = bare(state);
    assert_status(apipie_request_set_seed(d->request, UINT64_MAX), APIPIE_OK);
    perform_prompt(d);
    assert_contains(raw_server_request(d->server, 0)->body, "\"seed\":18446744073709551615");
}

struct number {
    const char *name;
    double value;
};

#define NUMBER(v)                                                                                  \
    {                                                                                              \
#v, v                                                                                      \
    }
static const struct number numbers[] = {NUMBER(0.0),
                                        NUMBER(1.0),
                                        NUMBER(0.1),
                                        NUMBER(0.35),
                                        NUMBER(1.0 / 3),
                                        NUMBER(0.5),
                                        NUMBER(1e-7),
                                        NUMBER(0.30000000000000004),
                                        NUMBER(5e-324),
                                        NUMBER(2.2250738585072014e-308),
                                        NUMBER(0.9999999999999999)};

static void a_double_is_exact(void **state)
{
    struct draw *d = bare(state);
    double v = ((const struct number *)d->row)->value;
    assert_status(apipie_request_set_strength(d->request, v), APIPIE_OK);
    perform_prompt(d);
    json_t *body = sent(d);
    double got = json_number_value(json_object_get(body, "strength"));
    json_decref(body);
    assert_true(got >= v && got <= v);
}

static void a_comma_locale_changes_nothing(void **state)
{
    static const char *const names[] = {"fr_FR.UTF-8", "de_DE.UTF-8", "fr_FR.utf8", "de_DE.utf8"};
    struct draw *d = bare(state);
    const char *found = NULL;
    for (size_t i = 0; !found && i < sizeof names / sizeof names[0]; i++)
        found = setlocale(LC_ALL, names[i]);
    if (!found)
        skip(); /* no such locale here */
    apipie_request_set_strength(d->request, 0.35);
    apipie_request_set_guidance(d->request, 7.5);
    apipie_request_set_prompt(d->request, "a lake", APIPIE_NTS);
    apipie_status status = apipie_request_perform(d->request);
    setlocale(LC_ALL, "C");
    assert_ended(d->request, status, APIPIE_OK);
    assert_contains(raw_server_request(d->server, 0)->body, "\"strength\":0.35");
    assert_contains(raw_server_request(d->server, 0)->body, "\"cfg_scale\":7.5");
}

/* ---- input images */

struct picture {
    const char *name;
    size_t size;
};

static const struct picture pictures[] = {
    {"86 bytes", 86},   {"87 bytes", 87},       {"88 bytes", 88},   {"159 bytes", 159},
    {"160 bytes", 160}, {"65536 bytes", 65536}, {"1 MiB", 1048576}, {"1 MiB and 1", 1048577}};

static void an_input_image_is_a_data_uri(void **state)
{
    struct draw *d = bare(state);
    size_t n = ((const struct picture *)d->row)->size;
    uint8_t *bytes = calloc(1, n + 128);
    assert_non_null(bytes);
    for (size_t i = draw_decode(PNG1, bytes); i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    assert_status(apipie_request_set_image_bytes(d->request, bytes, n), APIPIE_OK);
    char *base64 = draw_encode(bytes, n);
    memset(bytes, 0, n); /* setters copy */
    free(bytes);
    perform_prompt(d);
    json_t *body = sent(d);
    const char *got = json_string_value(json_object_get(body, "image"));
    int equal =
        got && strncmp(got, "data:image/png;base64,", 22) == 0 && strcmp(got + 22, base64) == 0;
    size_t members = json_object_size(body);
    free(base64);
    json_decref(body);
    assert_true(equal);
    assert_int_equal(members, 2);
}

static void the_type_of_an_input_image_is_found(void **state)
{
    struct draw *d = bare(state);
    uint8_t bytes[1024];
    size_t n = draw_decode(JPEG1, bytes);
    assert_status(apipie_request_set_image_bytes(d->request, bytes, n), APIPIE_OK);
    perform_prompt(d);
    assert_contains(raw_server_request(d->server, 0)->body, "data:image/jpeg;base64," JPEG1);
}

static void a_copy_is_the_same_request(void **state)
{
    struct draw *d = bare(state);
    uint8_t bytes[1024];
    size_t n = draw_decode(JPEG1, bytes);
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++)
        setters[i].set(d->request);
    apipie_request_set_image_bytes(d->request, bytes, n);
    perform_prompt(d);
    apipie_request *copy = apipie_request_copy(d->request);
    apipie_request_unref(d->request);
    d->request = copy;
    assert_status(apipie_request_status(copy), APIPIE_E_STATE);
    assert_ended(copy, apipie_request_perform(copy), APIPIE_OK);
    assert_string_equal(raw_server_request(d->server, 0)->body,
                        raw_server_request(d->server, 1)->body);
}

static void commands_in_a_prompt_are_warned_of(void **state)
{
    struct draw *d = bare(state);
    apipie_request_set_prompt(d->request, ":style:anime a lake", APIPIE_NTS);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 1);
    assert_sent(d, "{\"prompt\":\":style:anime a lake\"}");
}

static void ordinary_colons_are_not(void **state)
{
    struct draw *d = bare(state);
    apipie_request_set_prompt(d->request, "16:9, at 12:30: (a lake:1.2) <lora:x:0.8>", APIPIE_NTS);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

/* ---- where it goes */

static void a_slash_behind_the_base_url(void **state)
{
    char url[128];
    struct draw *d = bare(state);
    snprintf(url, sizeof url, "%s/", raw_server_base(d->server));
    assert_status(apipie_client_set_base_url(d->client, url), APIPIE_OK);
    perform_prompt(d);
    assert_string_equal(raw_server_request(d->server, 0)->path, "/v1/images/generations");
}

static void key_and_base_url_from_the_environment(void **state)
{
    char text[128];
    struct draw *d = bare(state);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    setenv("APIPIE_API_KEY", "from-the-environment", 1);
    setenv("APIPIE_BASE_URL", raw_server_base(d->server), 1);
    d->client = apipie_client_new(NULL);
    unsetenv("APIPIE_API_KEY");
    unsetenv("APIPIE_BASE_URL");
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    perform_prompt(d);
    assert_true(
        raw_request_header(raw_server_request(d->server, 0), "Authorization", text, sizeof text));
    assert_string_equal(text, "Bearer from-the-environment");
}

static void this_machine_is_never_asked_by_proxy(void **state)
{
    char url[64];
    struct draw *d = bare(state);
    int port = raw_port_refused(url, sizeof url);
    setenv("http_proxy", url, 1);
    setenv("all_proxy", url, 1);
    apipie_request_set_prompt(d->request, "a lake", APIPIE_NTS);
    apipie_status status = apipie_request_perform(d->request);
    raw_port_close(port);
    assert_ended(d->request, status, APIPIE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(only_the_prompt),

        DRAW_TEST(all_setters_together),
        DRAW_TEST(setting_again_replaces),
        DRAW_TEST(a_prompt_goes_out_as_it_is),
        DRAW_TEST(a_megabyte_of_prompt),
        DRAW_TEST(seeds_are_exact),

        DRAW_TEST(a_comma_locale_changes_nothing),

        DRAW_TEST(the_type_of_an_input_image_is_found),
        DRAW_TEST(a_copy_is_the_same_request),
        DRAW_TEST(commands_in_a_prompt_are_warned_of),
        DRAW_TEST(ordinary_colons_are_not),
        DRAW_TEST(a_slash_behind_the_base_url),
        DRAW_TEST(key_and_base_url_from_the_environment),
        DRAW_TEST(this_machine_is_never_asked_by_proxy),
    };
    int failed = cmocka_run_group_tests_name("requests", tests, NULL, NULL);
    failed += DRAW_ROWS(a_setter_sends_one_member, setters);
    failed += DRAW_ROWS(a_double_is_exact, numbers);
    failed += DRAW_ROWS(an_input_image_is_a_data_uri, pictures);
    return failed;
}
