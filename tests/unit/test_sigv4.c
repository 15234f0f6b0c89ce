/* SPDX-License-Identifier: MIT */
/* Signatures for AWS: known ones, what they are about, and keys that are none. */
#include "wires.h"

#include "dialect/sigv4_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCESS  "AKIDEXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define BEDROCK "https://bedrock-runtime.us-east-1.amazonaws.com"

/* Computed by another implementation, and those of AWS's own suite (get-vanilla, post-vanilla). */
struct vector {
    const char *name, *method, *url, *type, *body; /* type NULL: neither that nor Accept */
    const char *token, *service;
    int64_t wall_ms;
    const char *body_hash, *canonical_hash, *signature, *names;
};

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define JAN   INT64_C(1704164645000) /* 2024-01-02 03:04:05 */
#define AUG   INT64_C(1440938160999) /* 2015-08-30 12:36:00.999 */

static const struct vector vectors[] = {
    {"sdxl", "POST", BEDROCK "/model/stability.stable-diffusion-xl-v1/invoke", "application/json",
     "{\"text_prompts\":[{\"text\":\"a cat\"}],\"cfg_scale\":7,\"seed\":1,\"steps\":30}", "",
     "bedrock", JAN, "5c9cc7607b9957af93d1265174d25060337fdd7611e87abe85eb3e487c8d4e76",
     "70ef449f41718dcebb7af2679019b9b154d11b911938834d072341ddc0499690",
     "7d993297eb5d3bf0d7e8c30bc04313aee2cc93daed2e5b128c0fef4229432828",
     "accept;content-type;host;x-amz-date"},
    {"a colon and a token", "POST", BEDROCK "/model/stability.sd3-5-large-v1%3A0/invoke",
     "application/json", "{\"prompt\":\"a cat\"}", "SESSIONTOKEN", "bedrock", JAN,
     "6c2ed3bea0cbbaec773071995caf22fbd3b9ab40d6c93b804ddfb4ed9f6c33a2",
     "8e13fec3dd693fa7665ee120c4f9b866a7ac70c091c87b331c814a64281b0f59",
     "249926ffc40b7f7e0c68cf978408ea083a7c3a4d8ff127a41c54a6bd4f750aea",
     "accept;content-type;host;x-amz-date;x-amz-security-token"},
    {"get-vanilla", "GET", "https://example.amazonaws.com/", NULL, "", "", "service", AUG, EMPTY,
     "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "host;x-amz-date"},
    {"without a path, with the port that goes without saying", "GET",
     "https://example.amazonaws.com:443", NULL, "", "", "service", AUG, EMPTY,
     "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", "host;x-amz-date"},
    {"post-vanilla", "POST", "https://example.amazonaws.com/", NULL, "", "", "service", AUG, EMPTY,
     NULL, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", "host;x-amz-date"},
};

static void hex(const uint8_t *p, char out[65])
{
    for (size_t i = 0; i < PIE_SHA256; i++)
        sprintf(out + 2 * i, "%02x", p[i]);
}

static void fill(struct pie_http_request *q, const struct vector *v)
{
    pie_http_request_init(q, &pie_mem_libc);
    q->method = v->method;
    pie_buf_add_text(&q->url, v->url);
    if (v->type != NULL) {
        pie_headers_add(&q->headers, pie_slice_text("Content-Type"), pie_slice_text(v->type));
        pie_headers_add(&q->headers, pie_slice_text("Accept"), pie_slice_text(v->type));
    }
    pie_headers_add(&q->headers, pie_slice_text("X-Mine"), pie_slice_text("is not signed"));
    pie_buf_add_text(&q->text, v->body);
    assert_int_equal(pie_http_request_end_body(q), APIPIE_OK);
}

static struct pie_sigv4 signer(const struct vector *v)
{
    struct pie_sigv4 s;
    memset(&s, 0, sizeof(s));
    assert_true(pie_sigv4_read_key(ACCESS ":" SECRET, &s));
    s.token = pie_slice_text(v->token);
    s.region = pie_slice_text("us-east-1");
    s.service = pie_slice_text(v->service);
    s.wall_ms = v->wall_ms;
    return s;
}

static void assert_canonical(const struct pie_http_request *q, const struct vector *v)
{
    uint8_t hash[PIE_SHA256];
    char text[65], problem[PIE_HTTP_PROBLEM];
    struct pie_buf canonical;
    pie_buf_init(&canonical, &pie_mem_libc, 65536);
    assert_int_equal(pie_sha256_body(q, hash, problem), APIPIE_OK);
    hex(hash, text);
    assert_string_equal(text, v->body_hash);
    pie_sigv4_canonical(q, hash, &canonical);
    assert_int_equal(pie_sha256(pie_buf_slice(&canonical), hash), APIPIE_OK);
    hex(hash, text);
    if (v->canonical_hash != NULL)
        assert_string_equal(text, v->canonical_hash);
    pie_buf_free(&canonical);
}

static void assert_signed(const struct pie_http_request *q, const struct vector *v)
{
    char want[400];
    snprintf(want, sizeof want,
             "AWS4-HMAC-SHA256 Credential=" ACCESS
             "/%s/us-east-1/%s/aws4_request, SignedHeaders=%s, Signature=%s",
             v->wall_ms == JAN ? "20240102" : "20150830", v->service, v->names, v->signature);
    assert_string_equal(pie_headers_get(&q->headers, "authorization"), want);
    assert_string_equal(pie_headers_get(&q->headers, "x-amz-date"),
                        v->wall_ms == JAN ? "20240102T030405Z" : "20150830T123600Z");
    const char *token = pie_headers_get(&q->headers, "x-amz-security-token");
    assert_string_equal(token != NULL ? token : "", v->token);
}

static void signatures_are_those_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct pie_http_request q;
        char problem[PIE_HTTP_PROBLEM];
        struct pie_sigv4 s = signer(v);
        print_message("%s\n", v->name);
        fill(&q, v);
        assert_int_equal(pie_sigv4_sign(&s, &q, problem), APIPIE_OK);
        assert_canonical(&q, v);
        assert_signed(&q, v);
        pie_http_request_free(&q);
    }
}

static void the_key_of_a_day(void **state)
{
    uint8_t key[PIE_SHA256];
    char text[65];
    struct pie_sigv4 s = signer(&vectors[0]);
    (void)state;
    assert_int_equal(pie_sigv4_day_key(&s, key), APIPIE_OK);
    hex(key, text);
    assert_string_equal(text, "e3ec5837eab8d6495fec14a96fc0c2f6a1fd6b5a46db7814d454e3ef9c4d505b");
}

/* Each try has its own date, and nothing of the one before stays. */
static void a_second_signature_replaces_the_first(void **state)
{
    struct pie_http_request q;
    char problem[PIE_HTTP_PROBLEM], first[65];
    struct vector later = vectors[1];
    struct pie_sigv4 s = signer(&later);
    (void)state;
    fill(&q, &later);
    s.wall_ms += 61000;
    s.token = pie_slice_text("OTHERTOKEN");
    assert_int_equal(pie_sigv4_sign(&s, &q, problem), APIPIE_OK);
    const size_t headers = pie_headers_count(&q.headers);
    const char *at = strstr(pie_headers_get(&q.headers, "authorization"), "Signature=");
    assert_non_null(at);
    snprintf(first, sizeof first, "%s", at + strlen("Signature="));
    assert_string_not_equal(first, later.signature);
    s = signer(&later);
    assert_int_equal(pie_sigv4_sign(&s, &q, problem), APIPIE_OK);
    assert_int_equal(pie_headers_count(&q.headers), headers);
    assert_signed(&q, &later);
    pie_http_request_free(&q);
}

/* The hash of a body that is read from a file and encoded on the way is that of what travels. */
static void a_body_with_a_file_is_read_through(void **state)
{
    char path[] = "/tmp/sigv4-XXXXXX";
    struct pie_http_request q, whole;
    struct pie_file_stamp stamp;
    uint8_t a[PIE_SHA256], b[PIE_SHA256];
    char problem[PIE_HTTP_PROBLEM] = "";
    static char bytes[100000];
    const char *reason = NULL;
    pie_file f = PIE_FILE_NONE;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes);
    assert_int_equal(pie_file_open_read(path, &f, &reason), APIPIE_OK);
    assert_int_equal(pie_file_stamp(f, &stamp, &reason), APIPIE_OK);
    pie_file_close(f, &reason);
    pie_http_request_init(&q, &pie_mem_libc);
    pie_buf_add_text(&q.text, "{\"image\":\"");
    pie_http_request_add_file(&q, path, &stamp, 0, sizeof bytes, pie_base64_encode);
    pie_buf_add_text(&q.text, "\"}");
    assert_int_equal(pie_http_request_end_body(&q), APIPIE_OK);
    pie_http_request_init(&whole, &pie_mem_libc);
    pie_buf_add_text(&whole.text, "{\"image\":\"");
    char *encoded = malloc(sizeof bytes * 2);
    pie_buf_add(&whole.text, encoded,
                pie_base64_encode((const uint8_t *)bytes, sizeof bytes, encoded));
    free(encoded);
    pie_buf_add_text(&whole.text, "\"}");
    assert_int_equal(pie_http_request_end_body(&whole), APIPIE_OK);
    assert_int_equal(pie_sha256_body(&q, a, problem), APIPIE_OK);
    assert_int_equal(pie_sha256_body(&whole, b, problem), APIPIE_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_true(ftruncate(fd, 5) == 0);
    assert_int_equal(pie_sha256_body(&q, a, problem), APIPIE_E_FILE);
    assert_non_null(strstr(problem, "sigv4-"));
    close(fd);
    unlink(path);
    pie_http_request_free(&q);
    pie_http_request_free(&whole);
}

static void keys_that_are_none(void **state)
{
    static const char *const bad[] = {"",     ":",       "A:",    ":B",   "A::C",
                                      "A:B:", "A:B:C:D", "A/B:C", "A,B:C"};
    struct pie_sigv4 s;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bad); i++) {
        if (pie_sigv4_read_key(bad[i], &s))
            fail_msg("%s", bad[i]);
    }
    assert_true(pie_sigv4_read_key("A:b/c+d=:T/o+k=", &s));
    assert_true(pie_slice_equal(s.access, "A") && pie_slice_equal(s.secret, "b/c+d=") &&
                pie_slice_equal(s.token, "T/o+k="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_others),
        cmocka_unit_test(the_key_of_a_day),
        cmocka_unit_test(a_second_signature_replaces_the_first),
        cmocka_unit_test(a_body_with_a_file_is_read_through),
        cmocka_unit_test(keys_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
