/* SPDX-License-Identifier: MIT */
/* Calls that carry a signature: a server that computes it again from what came, and what is never sent, logged or told. Knows the
 * public API alone. */
#include "../support/asks.h"
#include "../support/diary.h"
#include "../support/tape.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACCESS  "AKIDEXAMPLE"
#define SECRETS "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SESSION "IQoJb3JpZ2luX2VjEXAMPLEsession/+token=="
#define PAIR    ACCESS ":" SECRETS
#define MODEL   "stability.sd3-5-large-v1:0"
#define SENT    "/model/stability.sd3-5-large-v1%3A0/invoke"
#define TWICE   "/model/stability.sd3-5-large-v1%253A0/invoke"
#define ONE     "{\"seeds\":[7],\"finish_reasons\":[null],\"images\":[\"" PNG1 "\"]}"

static struct diary diary;

/* ---- the server's side, from AWS's description alone */

static void hash_text(const void *p, size_t n, char out[65])
{
    unsigned char hash[32];
    EVP_Digest(p, n, hash, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof hash; i++)
        sprintf(out + 2 * i, "%02x", hash[i]);
}

static void keyed(unsigned char key[64], size_t *n, const char *text)
{
    unsigned char out[32];
    unsigned int made = 0;
    HMAC(EVP_sha256(), key, (int)*n, (const unsigned char *)text, strlen(text), out, &made);
    memcpy(key, out, made);
    *n = made;
}

static void header(const struct raw_request *q, const char *name, char out[600])
{
    out[0] = '\0';
    raw_request_header(q, name, out, 600);
}

/* The Authorization that it should have, of a request to `path`, which is `twice` when it is encoded once more. */
static void should_be(const struct raw_request *q, const char *twice, const char *region, char *out,
                      size_t capacity)
{
    static const char *const names[] = {"accept", "content-type", "host", "x-amz-date",
                                        "x-amz-security-token"};
    char text[4096], value[600], signed_names[200] = "", date[600], hash[65];
    unsigned char key[64] = "AWS4" SECRETS;
    size_t n = strlen((const char *)key), at = 0;
    at += (size_t)snprintf(text, sizeof text, "POST\n%s\n\n", twice);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        header(q, names[i], value);
        if (value[0] == '\0')
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s:%s\n", names[i], value);
        snprintf(signed_names + strlen(signed_names), sizeof signed_names - strlen(signed_names),
                 "%s%s", signed_names[0] ? ";" : "", names[i]);
    }
    hash_text(q->body, q->body_size, hash);
    snprintf(text + at, sizeof text - at, "\n%s\n%s", signed_names, hash);
    hash_text(text, strlen(text), hash);
    header(q, "x-amz-date", date);
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/bedrock/aws4_request\n%s", date,
             date, region, hash);
    snprintf(value, sizeof value, "%.8s", date);
    keyed(key, &n, value);
    keyed(key, &n, region);
    keyed(key, &n, "bedrock");
    keyed(key, &n, "aws4_request");
    keyed(key, &n, text);
    at = (size_t)snprintf(out, capacity,
                          "AWS4-HMAC-SHA256 Credential=" ACCESS
                          "/%.8s/%s/bedrock/aws4_request, SignedHeaders=%s, Signature=",
                          date, region, signed_names);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, capacity - at, "%02x", key[i]);
}

/* When the stage was set, as AWS writes it. */
static char began[20];

static void date_now(char out[20])
{
    time_t now = time(NULL);
    strftime(out, 20, "%Y%m%dT%H%M%SZ", gmtime(&now));
}

static void assert_right(const struct raw_request *q, const char *path, const char *twice,
                         const char *token)
{
    char want[1000], got[1000] = "", text[600];
    char now[20];
    assert_non_null(q);
    assert_string_equal(q->path, path);
    should_be(q, twice, "us-east-1", want, sizeof want);
    assert_true(raw_request_header(q, "authorization", got, sizeof got));
    assert_string_equal(got, want);
    header(q, "x-amz-security-token", text);
    assert_string_equal(text, token);
    header(q, "x-amz-date", text);
    date_now(now);
    assert_true(strcmp(began, text) <= 0 && strcmp(text, now) <= 0);
    assert_null(strstr(q->head, SECRETS));
    assert_null(strstr(q->head, "Bearer"));
    assert_null(strstr(q->body, ACCESS));
}

/* ---- the stage: names below "localhost" are this machine */

static void serve_with(struct draw *d, const char *key)
{
    char url[200];
    date_now(began);
    const char *port = strrchr(raw_server_origin(d->server), ':');
    snprintf(url, sizeof url, "http://bedrock-runtime.us-east-1.localhost%s", port);
    assert_status(apipie_client_add_backend(d->client, "own", "bedrock", url), APIPIE_OK);
    assert_status(apipie_client_set_backend_key(d->client, "own", key), APIPIE_OK);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "");
    assert_status(apipie_request_set_prompt(d->request, "a caf\xC3\xA9", APIPIE_NTS), APIPIE_OK);
}

static void a_pair_signs(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE);
    serve_with(d, PAIR);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_right(raw_server_request(d->server, 0), SENT, TWICE, "");
    diary_assert_nowhere(&diary, SECRETS);
}

static void a_session_signs_too(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE);
    serve_with(d, PAIR ":" SESSION);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_right(raw_server_request(d->server, 0), SENT, TWICE, SESSION);
    diary_assert_nowhere(&diary, SECRETS);
    diary_assert_nowhere(&diary, SESSION);
}

/* Headers of the host's own go with it, and are not signed: proxies may change them. */
static void other_headers_do_not_matter(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE);
    assert_status(apipie_client_set_header(d->client, "X-Team", "lakes"), APIPIE_OK);
    serve_with(d, PAIR);
    assert_status(apipie_request_set_header(d->request, "A-First", "of all"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_right(raw_server_request(d->server, 0), SENT, TWICE, "");
    assert_non_null(strstr(raw_server_request(d->server, 0)->head, "A-First: of all"));
}

/* The body's hash is that of what travels, read from a file on the way. */
static void a_file_is_signed(void **state)
{
    struct draw *d = *state;
    uint8_t bytes[50000] = {0};
    char path[300];
    snprintf(path, sizeof path, "%s", tape_path("in.png"));
    draw_decode(PNG1, bytes);
    tape_write(path, bytes, sizeof bytes);
    draw_serve_json(d, ONE);
    serve_with(d, PAIR);
    assert_status(apipie_request_set_image_file(d->request, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_right(raw_server_request(d->server, 0), SENT, TWICE, "");
    assert_true(raw_server_request(d->server, 0)->body_size > sizeof bytes * 4 / 3);
}

/* Each try is signed by its own clock; what is asked stays the same to the byte. */
static void a_second_try_is_signed_anew(void **state)
{
    static const struct draw_reply replies[] = {
        {429, "Content-Type: application/json\r\nretry-after-ms: 1100\r\n", "{}"},
        {200, NULL, ONE}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    char first[600], second[600];
    draw_serve_script(d, &script);
    serve_with(d, PAIR ":" SESSION);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct raw_request *p = raw_server_request(d->server, 0);
    const struct raw_request *q = raw_server_request(d->server, 1);
    assert_right(p, SENT, TWICE, SESSION);
    assert_right(q, SENT, TWICE, SESSION);
    header(p, "x-amz-date", first);
    header(q, "x-amz-date", second);
    assert_true(strcmp(first, second) < 0);
    header(p, "idempotency-key", first);
    header(q, "idempotency-key", second);
    assert_string_equal(first, second);
    assert_string_equal(p->body, q->body);
}

static void moved(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strcmp(q->path, SENT) == 0)
        raw_reply(c, 307, "Location: /new/v1%3A0/invoke\r\n", "", 0);
    else
        raw_reply_json(c, 200, ONE);
}

/* Another address, another signature. */
static void a_redirect_is_signed_for_where_it_goes(void **state)
{
    struct draw *d = *state;
    draw_serve(d, moved, NULL);
    serve_with(d, PAIR);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_right(raw_server_request(d->server, 0), SENT, TWICE, "");
    assert_right(raw_server_request(d->server, 1), "/new/v1%3A0/invoke", "/new/v1%253A0/invoke",
                 "");
}

/* AWS repeats what it should have been, session token and all. */
static void what_aws_repeats_is_masked(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(
        d, 403,
        "Content-Type: application/json\r\n"
        "x-amzn-ErrorType: InvalidSignatureException\r\n",
        "{\"message\":\"The Canonical String should have been\\nx-amz-security-token:" SESSION
        "\\n of " SECRETS "\"}");
    serve_with(d, PAIR ":" SESSION);
    diary_keep(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_AUTH);
    assert_contains(apipie_error_hint(draw_error(d)), "clock");
    assert_contains(apipie_error_message(draw_error(d)), "***");
    assert_lacks(apipie_error_message(draw_error(d)), SESSION);
    assert_lacks(apipie_error_message(draw_error(d)), SECRETS);
    assert_lacks(apipie_error_body(draw_error(d), NULL), SESSION);
    assert_lacks(apipie_error_body(draw_error(d), NULL), SECRETS);
    diary_assert_nowhere(&diary, SESSION);
    diary_assert_nowhere(&diary, SECRETS);
}

/* A recording holds nothing to sign with, not even for a minute, and plays without a key. */
static void a_recording_has_no_secret(void **state)
{
    struct draw *d = *state;
    size_t n = 0;
    const char *path = tape_fresh();
    draw_serve_reply(d, 200, "Content-Type: application/json\r\nx-echo: " SESSION "\r\n", ONE);
    serve_with(d, PAIR ":" SESSION);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_request_unref(d->request);
    d->request = NULL;
    d->client = apipie_client_unref(d->client);
    char *file = tape_read(path, &n);
    assert_true(tape_count(file, n, "/invoke") > 0);
    assert_int_equal(tape_count(file, n, SECRETS), 0);
    assert_int_equal(tape_count(file, n, SESSION), 0);
    assert_int_equal(tape_count(file, n, "Signature="), 0);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_pair_signs),
        DRAW_TEST(a_session_signs_too),
        DRAW_TEST(other_headers_do_not_matter),
        DRAW_TEST(a_file_is_signed),
        DRAW_TEST(a_second_try_is_signed_anew),
        DRAW_TEST(a_redirect_is_signed_for_where_it_goes),
        DRAW_TEST(what_aws_repeats_is_masked),
        DRAW_TEST(a_recording_has_no_secret),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tape_end();
    return failed;
}
