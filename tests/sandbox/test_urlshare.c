/* SPDX-License-Identifier: MIT */
/* Uploads to the sandbox: what is taken, what is refused, and what the links are good for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define SHARE      "/urlshare"
#define NUMBER(of) apipie_sandbox_number(talk_box, APIPIE_SANDBOX_##of)

static const char gif[] = "GIF89a\1\0\1\0";

static struct talk_part file(const char *name, const char *type, const void *p, size_t n)
{
    struct talk_part part = {"file", name, type, p, n};

    return part;
}

static struct talk share(const char *name, const char *type, const void *p, size_t n)
{
    struct talk_part part = file(name, type, p, n);

    return talk_form(talk_root, SHARE, &part, 1, TALK_KEY);
}

static void what_came_can_be_fetched(void **state)
{
    static const struct {
        const char *name, *type, *bytes, *end;
        size_t n;
    } kinds[] = {
        {"a.gif", "image/gif", gif, ".gif", sizeof gif - 1},
        {"A.JPEG", "image/jpeg", "\xff\xd8\xff\xe0", ".jpeg", 4},
        {"a.jpg", "image/jpeg", "\xff\xd8\xff\xe0", ".jpg", 4},
        {"a.tiff", "image/tiff", "MM\0*", ".tiff", 4},
        {"a.tif", "image/tiff", "II*\0", ".tif", 4},
        {"a.bmp", "image/bmp", "BM", ".bmp", 2},
        {"a.webp", "image/webp", "RIFF\0\0\0\0WEBP", ".webp", 12},
        {"a.svg", "image/svg+xml", "<svg/>", ".svg", 6},
        {"a.png", "image/png", "\x89PNG\r\n\x1a\n", ".png", 8},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct talk t = share(kinds[i].name, kinds[i].type, kinds[i].bytes, kinds[i].n), got;
        const char *url;

        assert_int_equal(t.status, 200);
        url = talk_text(&t, "url");
        assert_memory_equal(url, talk_root, strlen(talk_root));
        assert_string_equal(url + strlen(url) - strlen(kinds[i].end), kinds[i].end);
        got = talk_fetch(&t, "url");
        assert_int_equal(got.status, 200);
        assert_int_equal(got.n, kinds[i].n);
        assert_memory_equal(got.body, kinds[i].bytes, kinds[i].n);
        assert_non_null(strstr(got.head, kinds[i].type));
        talk_end(&got);
        talk_end(&t);
        assert_int_equal(NUMBER(UPLOADS), (int64_t)i + 1);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void refused(struct talk t, long status, const char *code)
{
    talk_expect_error(&t, status, code);
    assert_int_equal(NUMBER(UPLOADS), 0);
}

static void what_is_no_upload(void **state)
{
    struct talk_part parts[2] = {file("a.gif", "image/gif", gif, sizeof gif - 1),
                                 file("b.gif", "image/gif", gif, sizeof gif - 1)};
    struct talk_part text = {"file", NULL, NULL, "GIF89a", 6};

    (void)state;
    refused(talk(talk_root, SHARE, "{}", TALK_KEY, NULL), 400, "invalid_parameter");
    refused(talk_form(talk_root, SHARE, parts, 2, TALK_KEY), 400, "invalid_parameter");
    refused(talk_form(talk_root, SHARE, &text, 1, TALK_KEY), 400, "invalid_parameter");
    parts[0].name = "image";
    refused(talk_form(talk_root, SHARE, parts, 1, TALK_KEY), 400, "invalid_parameter");
    refused(share("a.avif", "image/avif",
                  "\0\0\0\x18"
                  "ftypavif",
                  12),
            400, "invalid_parameter");
    refused(share("a.png", "image/gif", gif, sizeof gif - 1), 400, "invalid_parameter");
    refused(share("a.gif", "image/png", gif, sizeof gif - 1), 400, "invalid_parameter");
    refused(share("a.gif", "image/gif", "no picture", 10), 400, "invalid_parameter");
    refused(share(".gif", "image/gif", gif, sizeof gif - 1), 400, "invalid_parameter");
    refused(talk_form(talk_root, SHARE, parts + 1, 1, NULL), 401, "invalid_api_key");
    refused(talk_form(talk_root, SHARE, parts + 1, 1, "Authorization: Bearer x"), 401,
            "invalid_api_key");
    refused(talk(talk_root, SHARE, NULL, TALK_KEY, NULL), 405, "method_not_allowed");
    refused(talk_form(talk_base, SHARE, parts + 1, 1, TALK_KEY), 404, "not_found");
}

static void five_megabytes_and_no_more(void **state)
{
    const size_t most = (size_t)5 * 1024 * 1024;
    char *bytes = calloc(1, most + 1);
    struct talk t;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, gif, sizeof gif - 1);
    refused(share("a.gif", "image/gif", bytes, most + 1), 400, "invalid_parameter");
    t = share("a.gif", "image/gif", bytes, most);
    free(bytes);
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

/* The picture of the call that brings that link; to be freed. */
static char *drawn(const char *member, const char *url, long status)
{
    char body[400];
    char *picture;
    struct talk t;

    snprintf(body, sizeof body, "{" SMALL ",\"response_format\":\"b64_json\",\"%s\":\"%s\"}",
             member, url);
    t = talk_post(body);
    assert_int_equal(t.status, status);
    picture = strdup(talk_text(&t, "data.0.b64_json"));
    talk_end(&t);
    return picture;
}

static void a_link_is_drawn_from(void **state)
{
    struct talk one = share("a.gif", "image/gif", gif, sizeof gif - 1);
    struct talk same = share("b.gif", "image/gif", gif, sizeof gif - 1);
    struct talk other = share("b.gif", "image/gif", gif, sizeof gif - 2);
    char *p[4];
    char gone[120];

    (void)state;
    p[0] = drawn("image", talk_text(&one, "url"), 200);
    assert_int_equal(NUMBER(INPUTS), 1);
    assert_int_equal(NUMBER(INPUT_BYTES), (int64_t)sizeof gif - 1);
    p[1] = drawn("image", talk_text(&same, "url"), 200);
    p[2] = drawn("image", talk_text(&other, "url"), 200);
    p[3] = drawn("image", "https://example.com/a.png", 200); /* it is believed */
    assert_string_equal(p[0], p[1]);
    assert_string_not_equal(p[0], p[2]);
    assert_string_not_equal(p[0], p[3]);
    for (size_t i = 0; i < COUNT(p); i++)
        free(p[i]);
    free(drawn("mask", talk_text(&one, "url"), 200));
    assert_int_equal(NUMBER(MASK_BYTES), (int64_t)sizeof gif - 1);
    snprintf(gone, sizeof gone, "%s/temp/00000000000000000000000000000000.gif", talk_root);
    free(drawn("image", gone, 400));
    free(drawn("mask", gone, 400));
    talk_end(&one);
    talk_end(&same);
    talk_end(&other);
}

/* ---- by the library */

static apipie_client *client_new(void)
{
    apipie_client *client = apipie_client_new(NULL);

    assert_int_equal(apipie_client_set_base_url(client, apipie_sandbox_url(talk_box)), APIPIE_OK);
    assert_int_equal(apipie_client_set_key(client, apipie_sandbox_key(talk_box)), APIPIE_OK);
    return client;
}

static apipie_request *request_new(apipie_client *client, int32_t kind)
{
    apipie_request *q = apipie_request_new(client, kind);

    assert_int_equal(apipie_request_set_image_bytes(q, gif, sizeof gif - 1), APIPIE_OK);
    assert_int_equal(apipie_request_set_retry(q, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    if (kind == APIPIE_REQUEST_UPLOAD)
        return q;
    assert_int_equal(apipie_request_set_prompt(q, "a lake", APIPIE_NTS), APIPIE_OK);
    assert_int_equal(apipie_request_set_model(q, "sd_xl_base_1.0"), APIPIE_OK);
    assert_int_equal(apipie_request_set_size(q, 64, 64), APIPIE_OK);
    return q;
}

static void the_library_uploads(void **state)
{
    apipie_client *client = client_new();

    (void)state;
    for (int i = 0; i < 3; i++) {
        apipie_request *q = request_new(client, APIPIE_REQUEST_EDIT);

        assert_int_equal(apipie_request_perform(q), APIPIE_OK);
        assert_int_equal(apipie_result_image_width(apipie_request_result(q), 0), 64);
        assert_int_equal(NUMBER(UPLOADS), 1);
        assert_int_equal(NUMBER(INPUT_BYTES), (int64_t)sizeof gif - 1);
        apipie_request_unref(q);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 3);
    apipie_client_unref(client);
}

static void it_fails_on_demand(void **state)
{
    static const struct {
        const char *fault;
        apipie_status want;
    } faults[] = {
        {"status:500", APIPIE_E_SERVER},
        {"status:400", APIPIE_E_PARAMETER},
        {"html200", APIPIE_E_MALFORMED},
        {"badjson", APIPIE_E_MALFORMED},
        {"error200", APIPIE_E_SERVER},
        {"truncate", APIPIE_E_NETWORK},
        {"cut", APIPIE_E_NETWORK},
        {"quota", APIPIE_E_QUOTA},
        {"status:500;cut", APIPIE_E_NETWORK},
        {"stall:10", APIPIE_OK},
    };
    apipie_client *client = client_new();

    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        apipie_request *q = request_new(client, APIPIE_REQUEST_UPLOAD);

        apipie_request_set_header(q, "X-Sandbox-Fault", faults[i].fault);
        assert_int_equal(apipie_request_perform(q), faults[i].want);
        apipie_request_unref(q);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
    apipie_client_unref(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_came_can_be_fetched), TEST(what_is_no_upload),   TEST(five_megabytes_and_no_more),
        TEST(a_link_is_drawn_from),     TEST(the_library_uploads), TEST(it_fails_on_demand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
