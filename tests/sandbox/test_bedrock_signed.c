/* SPDX-License-Identifier: MIT */
/* The sandbox as Amazon Bedrock for callers that sign: signatures made here by AWS's description alone, by libcurl, and by the
 * library; right ones, and wrong in every part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "round.h"

#define BASE   apipie_sandbox_backend_url(talk_box, "bedrock")
#define MODEL  "stability.sd3-5-large-v1:0"
#define SENT   "/bedrock/model/stability.sd3-5-large-v1%3A0/invoke"
#define TWICE  "/bedrock/model/stability.sd3-5-large-v1%253A0/invoke"
#define BODY   "{\"prompt\":\"a lake\",\"aspect_ratio\":\"21:9\"}"
#define SDXL   "/model/stability.stable-diffusion-xl-v1/invoke"
#define ALWAYS "content-type;host;x-amz-date"

/* What is signed; what is sent beside it may be another thing. */
struct call {
    char key[200]; /* ACCESS:SECRET[:TOKEN] */
    const char *region, *service, *path, *names;
    const char *signed_body, *body, *sent_token;
    int64_t clock_s; /* off by so much */
    const char *day; /* NULL: the date's */
};

static struct call right(const char *key)
{
    struct call c = {"",  APIPIE_SANDBOX_AWS_REGION, "bedrock", TWICE, ALWAYS, BODY, BODY, NULL, 0,
                     NULL};
    snprintf(c.key, sizeof c.key, "%s", key);
    return c;
}

static void hex(const unsigned char *p, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void hash(const char *text, char out[65])
{
    unsigned char sum[32];
    EVP_Digest(text, strlen(text), sum, NULL, EVP_sha256(), NULL);
    hex(sum, sizeof sum, out);
}

static void chain(unsigned char key[100], size_t *n, const char *text)
{
    unsigned char sum[32];
    unsigned made = 0;
    HMAC(EVP_sha256(), key, (int)*n, (const unsigned char *)text, strlen(text), sum, &made);
    memcpy(key, sum, made);
    *n = made;
}

/* "name:value" for every name of the list, as they are sent. */
static void canonical_headers(const struct call *c, const char *date, const char *token, char *out,
                              size_t capacity)
{
    char names[200], *rest = names;
    const char *host = strstr(talk_root, "://") + 3;
    snprintf(names, sizeof names, "%s", c->names);
    out[0] = '\0';
    for (char *name; (name = strtok_r(rest, ";", &rest)) != NULL;) {
        size_t at = strlen(out);
        snprintf(out + at, capacity - at, "%s:%s\n", name,
                 strcmp(name, "host") == 0           ? host
                 : strcmp(name, "x-amz-date") == 0   ? date
                 : strcmp(name, "content-type") == 0 ? "application/json"
                 : strcmp(name, "x-odd") == 0        ? "a b"
                                                     : token);
    }
}

/* Signs, and sends. */
static struct talk send_signed(const struct call *c)
{
    char key[200], *rest = key, date[20], day[12], sum[65], text[2000], headers[600], scope[100];
    unsigned char chained[100] = "AWS4";
    time_t now = time(NULL) + c->clock_s;
    snprintf(key, sizeof key, "%s", c->key);
    char *access = strtok_r(rest, ":", &rest), *secret = strtok_r(rest, ":", &rest);
    const char *token = c->sent_token != NULL ? c->sent_token : rest != NULL ? rest : "";
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", gmtime(&now));
    snprintf(day, sizeof day, "%.8s", c->day != NULL ? c->day : date);
    canonical_headers(c, date, token, headers, sizeof headers);
    hash(c->signed_body, sum);
    snprintf(text, sizeof text, "POST\n%s\n\n%s\n%s\n%s", c->path, headers, c->names, sum);
    hash(text, sum);
    snprintf(scope, sizeof scope, "%s/%s/%s/aws4_request", day, c->region, c->service);
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, sum);
    strcat((char *)chained, secret);
    size_t n = strlen((const char *)chained);
    const char *const steps[] = {day, c->region, c->service, "aws4_request", text};
    for (size_t i = 0; i < 5; i++)
        chain(chained, &n, steps[i]);
    hex(chained, n, sum);
    snprintf(text, sizeof text,
             "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s\r\n"
             "X-Amz-Date: %s\r\nX-Odd:  a   b \r\n%s%s",
             access, scope, c->names, sum, date,
             token[0] != '\0' ? "X-Amz-Security-Token: " : "X-None: -", token);
    return talk(talk_root, SENT, c->body, text, NULL);
}

/* The exception, or "" for a picture. */
static void expect(const struct call *c, long status, const char *exception, const char *says)
{
    char line[128];
    struct talk t = send_signed(c);
    snprintf(line, sizeof line, "x-amzn-ErrorType: %s:", exception);
    if (t.status != status)
        print_message("%s\n", t.body);
    assert_int_equal(t.status, status);
    if (status == 200)
        assert_true(talk_holds_png(&t, "images.0", 1536, 640));
    else
        assert_non_null(strstr(t.head, line));
    if (says != NULL)
        assert_non_null(strstr(talk_text(&t, "message"), says));
    talk_end(&t);
}

static void right_ones_are_served(void **state)
{
    struct call c = right(APIPIE_SANDBOX_AWS_KEY);
    (void)state;
    expect(&c, 200, "", NULL);
    c = right(APIPIE_SANDBOX_AWS_SESSION);
    c.names = ALWAYS ";x-amz-security-token";
    expect(&c, 200, "", NULL);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.names = "host;x-amz-date;x-odd"; /* blanks in a row count as one */
    expect(&c, 200, "", NULL);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.clock_s = -290;
    expect(&c, 200, "", NULL);
    c.clock_s = 290;
    expect(&c, 200, "", NULL);
}

static void wrong_ones_are_not(void **state)
{
    static const char invalid[] = "InvalidSignatureException", differs[] = "does not match";
    struct call c = right(APIPIE_SANDBOX_AWS_KEY);
    (void)state;
    c.key[strlen(c.key) - 1] = 'T'; /* the secret */
    expect(&c, 403, invalid, differs);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.body = "{\"prompt\":\"a lake\",\"aspect_ratio\":\"21:9\" }";
    expect(&c, 403, invalid, differs);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.path = SENT; /* not encoded once more */
    expect(&c, 403, invalid, differs);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.names = "content-type;host";
    expect(&c, 403, invalid, differs);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.names = "host;content-type;x-amz-date";
    expect(&c, 403, invalid, differs);
    c = right(APIPIE_SANDBOX_AWS_SESSION); /* the token is sent, and not signed */
    expect(&c, 403, invalid, differs);
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.region = "eu-west-1";
    expect(&c, 403, invalid, "valid region");
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.service = "bedrock-runtime";
    expect(&c, 403, invalid, "correct service");
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.day = "20240102";
    expect(&c, 403, invalid, "Date in Credential scope");
    c = right(APIPIE_SANDBOX_AWS_KEY);
    c.clock_s = -310;
    expect(&c, 403, invalid, "expired");
    c.clock_s = 310;
    expect(&c, 403, invalid, "not yet");
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void strangers_are_not(void **state)
{
    static const char stranger[] = "UnrecognizedClientException";
    struct call c = right("AKIAOTHER:pie/sandbox+secret");
    (void)state;
    expect(&c, 403, stranger, NULL);
    c = right(APIPIE_SANDBOX_AWS_SESSION);
    c.names = ALWAYS ";x-amz-security-token";
    c.sent_token = "another/token==";
    expect(&c, 403, stranger, NULL);
    c.sent_token = ""; /* none */
    c.names = ALWAYS;
    expect(&c, 403, stranger, NULL);
    c = right(APIPIE_SANDBOX_AWS_EXPIRED);
    c.names = ALWAYS ";x-amz-security-token";
    expect(&c, 403, "ExpiredTokenException", NULL);
    struct talk t = talk(BASE, SDXL, "{}", "Authorization: AWS4-HMAC-SHA256 Credential=A/B", NULL);
    assert_int_equal(t.status, 400);
    assert_non_null(strstr(t.head, "x-amzn-ErrorType: IncompleteSignatureException:"));
    talk_end(&t);
}

/* libcurl signs by itself: another's understanding of the same pages. Its releases before 8.9 know no ids with a colon. */
static void libcurl_signs_too(void **state)
{
    static const char words[] = "{\"text_prompts\":[{\"text\":\"a lake\"}]}";
    long status = 0;
    char url[200], pair[] = APIPIE_SANDBOX_AWS_KEY;
    CURL *curl = curl_easy_init();
    FILE *nowhere = fopen("/dev/null", "w");
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    (void)state;
    snprintf(url, sizeof url, "%s%s", BASE, SDXL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, words);
    curl_easy_setopt(curl, CURLOPT_USERPWD, pair);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, nowhere);
    if (curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:bedrock") == CURLE_OK) {
        assert_int_equal(curl_easy_perform(curl), CURLE_OK);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        assert_int_equal(status, 200);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    fclose(nowhere);
}

/* ---- the library's own */

static const struct round sd3 = {.wire = "bedrock", .model = MODEL};

/* The region stands in the host's name; names below "localhost" are this machine. */
static void sign_with(const char *region, const char *key)
{
    char url[200];
    round_request = apipie_request_unref(round_request);
    round_client = apipie_client_unref(round_client);
    round_client = apipie_client_new(NULL);
    snprintf(url, sizeof url, "http://bedrock-runtime.%s.localhost%s/bedrock", region,
             strrchr(talk_root, ':'));
    apipie_client_set_retry(round_client, APIPIE_RETRY_SAFE, 0);
    assert_int_equal(apipie_client_add_backend(round_client, "bedrock", "bedrock", url), APIPIE_OK);
    assert_int_equal(apipie_client_set_backend_key(round_client, "bedrock", key), APIPIE_OK);
}

static void the_client_signs(void **state)
{
    size_t n = 0;
    unsigned char *picture = talk_png(64, 80, 0, 7, &n);
    (void)state;
    sign_with("us-east-1", APIPIE_SANDBOX_AWS_KEY);
    round_fresh(&sd3, APIPIE_REQUEST_IMAGE);
    round_need(APIPIE_OK);
    round_picture(&sd3, 0);
    sign_with("us-east-1", APIPIE_SANDBOX_AWS_SESSION);
    apipie_request *q = round_fresh(&sd3, APIPIE_REQUEST_EDIT); /* a body in pieces */
    assert_int_equal(apipie_request_set_image_bytes(q, picture, n), APIPIE_OK);
    round_need(APIPIE_OK);
    assert_int_equal(apipie_result_image_height(apipie_request_result(q), 0), 80);
    q = round_fresh(&sd3, APIPIE_REQUEST_IMAGE);
    apipie_request_set_model(q, "stability.stable-diffusion-xl-v1");
    round_need(APIPIE_OK);
    free(picture);
}

static void the_client_is_refused(void **state)
{
    static const struct {
        const char *region, *key, *says;
    } rows[] = {
        {"us-east-1", "AKIASANDBOXEXAMPLE:pie/sandbox+wrong", "signature"},
        {"eu-west-1", APIPIE_SANDBOX_AWS_KEY, "region"},
        {"us-east-1", "AKIAOTHER:pie/sandbox+secret", "security token"},
        {"us-east-1", "ASIASANDBOXEXAMPLE:pie/sandbox+session", "security token"},
        {"us-east-1", APIPIE_SANDBOX_AWS_EXPIRED, "expired"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sign_with(rows[i].region, rows[i].key);
        round_fresh(&sd3, APIPIE_REQUEST_IMAGE);
        round_need(APIPIE_E_AUTH);
        const apipie_error *e = apipie_request_error(round_request);
        assert_non_null(strstr(apipie_error_message(e), rows[i].says));
        assert_int_equal(apipie_error_http_status(e), 403);
        assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(right_ones_are_served),  TEST(wrong_ones_are_not),
        TEST(strangers_are_not),      TEST(libcurl_signs_too),
        ROUND_TEST(the_client_signs), ROUND_TEST(the_client_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
