/* SPDX-License-Identifier: MIT */
/* What is never in a log: keys, queries of urls, image data, control bytes, and prompts unless asked. Knows the public API alone. */
#include "../support/diary.h"
#include "../support/parts.h"

#include <stdio.h>
#include <string.h>

static struct diary diary, other;

/* ---- downloads and redirects: no query */

static void a_download_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"url\":\"$ORIGIN/pics/1?sig=" SECRET "#" SECRET "\"},"
                       "{\"url\":\"$ORIGIN/pics/9?sig=" SECRET "\"},"
                       "{\"url\":\"http://" SECRET "\\n?sig=" SECRET "\"},"
                       "{\"url\":\"ftp://h/a?sig=" SECRET "\"},"
                       "{\"url\":\"ftp://h/a?b c=" SECRET "\"}]}");
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "/pics/1: delivered, HTTP 200, ", 1);
    assert_lines(&diary, 3, "download GET http://127.0.0.1:", 2);
    assert_lines(&diary, 2, "download failed: rejected, HTTP 404, not_found: ", 1);
    assert_lines(&diary, 2, "warning: image 2: ", 1);
    assert_lines(&diary, 2, "warning: image 4: ", 1);
    assert_lines(&diary, 3, "ended: ok, 1 of 5 images", 1);
    for (size_t i = 0; i < apipie_result_warning_count(draw_result(d)); i++)
        assert_lacks(apipie_result_warning(draw_result(d), i), SECRET);
}

static void a_redirect_is_told(void **state)
{
    static const struct draw_reply replies[] = {
        {307, "Location: $ORIGIN/v2/images/generations?token=" SECRET "\r\n", ""},
        {200, NULL, ONE_IMAGE}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "/v1/images/generations: rejected, HTTP 307, ", 1);
    assert_lines(&diary, 3, "/v2/images/generations: delivered, HTTP 200, ", 1);
    assert_lines(&diary, 2, "", 0);
}

static void a_refused_redirect_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 307, "Location: https://u:" SECRET "@elsewhere.example/x?t=" SECRET "\r\n",
                     "");
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_lines(&diary, 2, "to another place: https://elsewhere.example/x", 1);
    assert_lines(&diary, 1, "--base-url https://elsewhere.example/x", 1);
}

/* ---- what is never there */

struct echo {
    const char *name;
    struct draw_reply reply;
};

#define LONG20 "0123456789 1234567890"
#define LONG   LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20
#define UMLAUT "\xC3\xA4\xC3\xB6\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"
#define UMLAUTS                                                                                    \
    UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT     \
        UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT

static const struct echo echoes[] = {
    {"message", {401, NULL, "{\"error\":{\"message\":\"bad key " TOKEN " given\"}}"}},
    {"code", {400, NULL, "{\"error\":{\"code\":\"" TOKEN "\",\"message\":\"no\"}}"}},
    {"text", {400, "Content-Type: text/plain\r\n", "Bearer " TOKEN}},
    {"page", {403, "Content-Type: text/html\r\n", "<html><title>" TOKEN "</title></html>"}},
    {"header", {500, "x-request-id: " TOKEN "\r\n", ""}},
    {"location", {307, "Location: http://elsewhere.example/" TOKEN "\r\n", ""}},
    {"url", {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/" TOKEN "/x?k=" TOKEN "\"}]}"}},
    {"url that is none", {200, NULL, "{\"data\":[{\"url\":\"http://[" TOKEN "\"}]}"}},
    {"cut", {400, NULL, "{\"error\":\"" LONG LONG " " TOKEN "\"}"}},
    {"model", {200, NULL, "{\"model\":\"" TOKEN "\",\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"}},
    {"control bytes",
     {400, NULL, "{\"error\":\"a\\u0007b\\u001b[31m\\r\\nrequest 9: \\u2028 \\u202e \\u0085\"}"}},
    {"no UTF-8", {400, "Content-Type: text/plain\r\n", "caf\xE9 \xFF\xFE \xC3"}},
    {"long", {400, NULL, "{\"error\":\"" LONG LONG LONG "\"}"}},
    {"long characters", {400, NULL, "{\"error\":\"" UMLAUTS UMLAUTS UMLAUTS "\"}"}},
    {"data", {400, NULL, "{\"error\":\"data:image/png;base64," PNG2 "\"}"}},
    {"bare data", {400, NULL, "{\"error\":\"" PNG2 PNG2 "\"}"}},
};

static void a_line_is_fit_to_be_kept(void **state)
{
    struct draw *d = *state;
    const struct echo *row = d->row;
    draw_serve_reply(d, row->reply.status, row->reply.headers, row->reply.body);
    assert_status(apipie_client_set_key(d->client, TOKEN), APIPIE_OK);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    apipie_request_perform(d->request);
    assert_true(diary.count > 4);
    assert_lines(&diary, 3, "call POST", 1); /* and nothing odd */
    diary_assert_nowhere(&diary, "iVBORw0KGgo");
}

/* The key of a callback, in a warning of a part: its job is over when the whole tells. */
static apipie_status give_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    (void)refused;
    snprintf(key, capacity, "%s", TOKEN);
    return APIPIE_OK;
}

static void a_fresh_key_is_told(void **state)
{
    static const struct draw_reply replies[] = {{401, NULL, "{}"}, {200, NULL, ONE_IMAGE}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    assert_status(apipie_client_set_key_fn(d->client, give_key, NULL, NULL), APIPIE_OK);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(
        &diary, 2,
        "rejected, HTTP 401, auth, route any provider/any model, again with a fresh key: ", 1);
    assert_lines(&diary, 2, "", 1);
}

/* A getter that hosts print. */
static void a_warning_holds_no_key(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" PNG1 "\"},{\"url\":\"ftp://h/" TOKEN "\"}]}");
    assert_status(apipie_client_set_key(d->client, TOKEN), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "image 2: ");
    assert_lacks(apipie_result_warning(draw_result(d), 0), "0123456789");
}

static void a_key_of_a_callback_is_masked(void **state)
{
    static const struct draw_reply broken = {500, NULL, "{\"error\":\"for " TOKEN "\"}"};
    static const struct parts_plan plan = {.replies = {NULL, NULL, &broken, &broken}};
    struct draw *d = *state;
    parts_serve(d, &plan);
    assert_status(apipie_client_set_key_fn(d->client, give_key, NULL, NULL), APIPIE_OK);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 2, "request 1: warning: image 3: HTTP 500: for *****", 1);
    diary_assert_nowhere(&diary, "tok_");
}

/* The values of the host's own headers, of client and request, whole and cut. */
static void a_header_is_not_told(void **state)
{
    static const struct draw_reply replies[] = {
        {400, NULL, "{\"error\":\"no team 'blue 0123456789' and no tenant tnt_0123456789\"}"},
        {400, NULL, "{\"error\":\"" LONG LONG " tnt_0123456789\"}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_status(apipie_client_set_header(d->client, "X-Team", "blue 0123456789"), APIPIE_OK);
    for (int32_t i = 0; i < 2; i++) {
        draw_again(d);
        apipie_request_set_header(d->request, "X-Tenant", "tnt_0123456789");
        apipie_request_perform(d->request);
    }
    assert_lines(&diary, 1, "no team '***************' and no tenant **************", 1);
    diary_assert_nowhere(&diary, "blue 0");
    diary_assert_nowhere(&diary, "tnt_");
}

#define PROMPT      "a portrait of Marta Example, \"12 Elm Street\", soft\nlight"
#define PROMPT_JSON "a portrait of Marta Example, \\\"12 Elm Street\\\", soft\\nlight"

static const struct echo quotes[] = {
    {"whole", {400, NULL, "{\"error\":\"refused: " PROMPT_JSON " (policy)\"}"}},
    {"begins with it", {400, NULL, "{\"error\":\"" PROMPT_JSON "\"}"}},
    {"in JSON", {400, NULL, "{\"error\":{\"message\":{\"prompt\":\"" PROMPT_JSON "\"}}}"}},
    {"text", {500, "Content-Type: text/plain\r\n", "cannot draw " PROMPT}},
    {"beginning", {400, NULL, "{\"error\":\"a portrait of Marta Example is not allowed\"}"}},
    {"header", {500, "x-request-id: a-portrait-of-marta-example-12-elm-street-soft-light\r\n", ""}},
    {"url",
     {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/a%20portrait%20of%20Marta%20Example/x.png\"}]}"}},
    {"negative", {400, NULL, "{\"error\":\"negative: Marta's husband John\"}"}},
};

static void no_prompt_unless_asked(void **state)
{
    struct draw *d = *state;
    const struct echo *row = d->row;
    draw_serve_reply(d, row->reply.status, row->reply.headers, row->reply.body);
    apipie_request_set_prompt(d->request, PROMPT, APIPIE_NTS);
    apipie_request_set_negative_prompt(d->request, "Marta's husband John", APIPIE_NTS);
    diary_keep(d, &diary, APIPIE_LOG_DEBUG);
    apipie_request_perform(d->request);
    assert_lines(&diary, 1, "failed: ", 1);
    diary_assert_nowhere(&diary, "Marta");
    diary_assert_nowhere(&diary, "marta");
    diary_assert_nowhere(&diary, "Elm");
    draw_again(d);
    apipie_request_set_prompt(d->request, PROMPT, APIPIE_NTS);
    diary_keep(d, &other, APIPIE_LOG_PROMPT);
    apipie_request_perform(d->request);
    assert_lines(&other, 5, "prompt: a portrait of Marta Example, \"12 Elm Street\", soft light",
                 1);
}

static void a_long_prompt_is_cut(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_prompt(d->request, UMLAUTS UMLAUTS UMLAUTS, APIPIE_NTS);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 5, "prompt: " UMLAUT, 1);
    assert_lines(&diary, 5, "...", 1);
}

static void a_request_id_holds_no_key(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 200, "X-Request-Id: id-" DRAW_KEY "\r\n", ONE_IMAGE);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_contains(apipie_request_attempt_request_id(d->request, 0), "id-");
    assert_lacks(apipie_request_attempt_request_id(d->request, 0), DRAW_KEY);
    assert_lacks(apipie_result_request_id(draw_result(d)), DRAW_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_download_is_told),         DRAW_TEST(a_redirect_is_told),
        DRAW_TEST(a_refused_redirect_is_told), DRAW_TEST(a_fresh_key_is_told),
        DRAW_TEST(a_warning_holds_no_key),     DRAW_TEST(a_key_of_a_callback_is_masked),
        DRAW_TEST(a_long_prompt_is_cut),       DRAW_TEST(a_request_id_holds_no_key),
        DRAW_TEST(a_header_is_not_told),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(a_line_is_fit_to_be_kept, echoes);
    failed += DRAW_ROWS(no_prompt_unless_asked, quotes);
    return failed;
}
