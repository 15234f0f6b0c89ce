/* SPDX-License-Identifier: MIT */
/* Pictures and masks sent to the sandbox's OpenAI wire, as files and as urls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define BASE     apipie_sandbox_backend_url(talk_box, "openai")
#define EDITS    "/images/edits"
#define VARY     "/images/variations"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct bytes {
    unsigned char *p;
    size_t n;
};

/* Two squares, an oblong, a mask of a square's size, one of another size, one without alpha: made once. */
static struct bytes square, other, oblong, mask, small_mask, flat_mask;

static int make(void **state)
{
    (void)state;
    square.p = talk_png(64, 64, 0, 1, &square.n);
    other.p = talk_png(64, 64, 0, 2, &other.n);
    oblong.p = talk_png(64, 32, 0, 3, &oblong.n);
    mask.p = talk_png(64, 64, 1, 4, &mask.n);
    small_mask.p = talk_png(32, 32, 1, 5, &small_mask.n);
    flat_mask.p = talk_png(64, 64, 0, 6, &flat_mask.n);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    free(square.p);
    free(other.p);
    free(oblong.p);
    free(mask.p);
    free(small_mask.p);
    free(flat_mask.p);
    return 0;
}

static struct talk_part text(const char *name, const char *value)
{
    struct talk_part part = {name, NULL, NULL, value, strlen(value)};

    return part;
}

static struct talk_part file(const char *name, struct bytes b)
{
    struct talk_part part = {name, "x.png", "image/png", b.p, b.n};

    return part;
}

static void expect(struct talk *t, long status, const char *code, const char *param)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error.code"), code);
    assert_string_equal(talk_text(t, "error.param"), param);
    assert_true(strlen(talk_text(t, "error.message")) > 10);
    talk_end(t);
}

/* ---- as files */

static struct talk edit(struct talk_part image, struct talk_part more)
{
    struct talk_part parts[] = {text("model", "gpt-image-2"), text("prompt", "a lake"),
                                text("size", "64x64"), image, more};

    return talk_form(BASE, EDITS, parts, COUNT(parts), TALK_KEY);
}

static void draws_what_arrived(void **state)
{
    struct talk t = edit(file("image", square), file("mask", mask));
    char *first = strdup(talk_text(&t, "data.0.b64_json"));

    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "data.0.b64_json", 64, 64));
    assert_int_equal(json_integer_value(talk_at(&t, "usage.input_tokens_details.image_tokens")),
                     646);
    assert_int_equal(json_integer_value(talk_at(&t, "usage.output_tokens_details.text_tokens")), 0);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 1);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), square.n);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES), mask.n);
    t = edit(file("image", square), file("mask", mask));
    assert_string_equal(talk_text(&t, "data.0.b64_json"), first);
    talk_end(&t);
    t = edit(file("image", other), file("mask", mask)); /* another picture */
    assert_int_equal(t.status, 200);
    assert_string_not_equal(talk_text(&t, "data.0.b64_json"), first);
    talk_end(&t);
    t = edit(file("image", square), text("n", "1")); /* no mask */
    assert_int_equal(t.status, 200);
    assert_string_not_equal(talk_text(&t, "data.0.b64_json"), first);
    talk_end(&t);
    free(first);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 4);
}

static void takes_several(void **state)
{
    struct talk_part parts[18] = {text("prompt", "x"), text("model", "gpt-image-2")};
    struct talk t;

    (void)state;
    for (int i = 2; i < 18; i++)
        parts[i] = file("image[]", i % 2 ? square : other);
    parts[17] = text("size", "64x64");
    t = talk_form(BASE, EDITS, parts, 18, TALK_KEY);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 15);
    parts[2] = file("image", square); /* one name or the other */
    t = talk_form(BASE, EDITS, parts, 4, TALK_KEY);
    expect(&t, 400, "duplicate_parameter", "image");
    parts[3] = file("image", square);
    t = talk_form(BASE, EDITS, parts, 4, TALK_KEY);
    expect(&t, 400, "duplicate_parameter", "image");
}

static void takes_every_parameter_as_a_form(void **state)
{
    struct talk_part parts[] = {
        text("model", "gpt-image-1.5"),
        text("prompt", "x"),
        text("n", "1"),
        text("size", "auto"),
        text("quality", "low"),
        text("background", "opaque"),
        text("output_format", "png"),
        text("output_compression", "100"),
        text("user", "me"),
        text("stream", "false"),
        text("partial_images", "0"),
        text("input_fidelity", "high"),
        file("image", square),
    };
    struct talk t = talk_form(BASE, EDITS, parts, COUNT(parts), TALK_KEY);

    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "data.0.b64_json", 1024, 1024));
    talk_end(&t);
}

static void refuses_bad_forms(void **state)
{
    static const char no_mime[] = "application/octet-stream";
    struct bytes cut = {square.p, square.n - 1}, junk = {(unsigned char *)"GIF89a 12345", 12};
    struct talk_part untyped = file("image", square), bare = text("image", "data:image/png,x");
    const struct {
        struct talk_part image, more;
        const char *code, *param;
    } cases[] = {
        {text("user", "me"), text("n", "1"), "missing_required_parameter", "image"},
        {file("image", cut), text("n", "1"), "invalid_image_file", "image"},
        {file("image", junk), text("n", "1"), "invalid_image_file", "image"},
        {bare, text("n", "1"), "invalid_type", "image"},
        {file("image", square), text("n", "one"), "invalid_type", "n"},
        {file("image", square), text("n", "11"), "integer_above_max_value", "n"},
        {file("image", square), text("n", ""), "invalid_type", "n"},
        {file("image", square), text("stream", "yes"), "invalid_type", "stream"},
        {file("image", square), file("user", square), "invalid_type", "user"},
        {file("image", square), text("moderation", "low"), "unknown_parameter", "moderation"},
        {file("image", square), text("strength", "0.5"), "unknown_parameter", "strength"},
        {file("image", square), text("response_format", "b64_json"), "unknown_parameter",
         "response_format"},
        {file("image", square), text("prompt", "again"), "duplicate_parameter", "prompt"},
        {file("image", square), file("mask", small_mask), "invalid_image_file", "mask"},
        {file("image", square), file("mask", flat_mask), "invalid_image_file", "mask"},
        {file("image", square), file("mask", junk), "invalid_image_file", "mask"},
    };
    struct talk t;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        t = edit(cases[i].image, cases[i].more);
        expect(&t, 400, cases[i].code, cases[i].param);
    }
    untyped.type = no_mime;
    t = edit(untyped, text("n", "1"));
    expect(&t, 400, "unsupported_file_mimetype", "image");
    t = talk_raw(BASE, EDITS, "--b\r\nfoo", 8, "multipart/form-data; boundary=b", TALK_KEY);
    expect(&t, 400, "", "");
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void is_strict_with_dall_e_2(void **state)
{
    struct talk_part parts[] = {text("model", "dall-e-2"), text("prompt", "x"),
                                text("size", "256x256"), file("image", square), file("mask", mask)};
    struct talk t = talk_form(BASE, EDITS, parts, 5, TALK_KEY);
    struct talk picture = talk_fetch(&t, "data.0.url");

    (void)state;
    assert_true(talk_is_png(picture.body, picture.n, 256, 256));
    talk_end(&picture);
    talk_end(&t);
    parts[3] = file("image", oblong);
    t = talk_form(BASE, EDITS, parts, 4, TALK_KEY);
    expect(&t, 400, "invalid_image_file", "image");
    parts[3] = file("image[]", square);
    t = talk_form(BASE, EDITS, parts, 4, TALK_KEY);
    expect(&t, 400, "unknown_parameter", "image[]");
    parts[0] = text("model", "dall-e-3");
    parts[3] = file("image", square);
    t = talk_form(BASE, EDITS, parts, 4, TALK_KEY);
    expect(&t, 400, "invalid_value", "model");
    parts[0] = text("model", "gpt-image-1-mini");
    parts[2] = text("input_fidelity", "high");
    t = talk_form(BASE, EDITS, parts, 4, TALK_KEY);
    expect(&t, 400, "unknown_parameter", "input_fidelity");
}

static void varies(void **state)
{
    struct talk_part parts[] = {file("image", square), text("size", "256x256"), text("n", "2"),
                                text("response_format", "b64_json"), text("user", "me")};
    struct talk t = talk_form(BASE, VARY, parts, 5, TALK_KEY);

    (void)state;
    assert_int_equal(t.status, 200);
    assert_true(talk_holds_png(&t, "data.1.b64_json", 256, 256));
    talk_end(&t);
    parts[4] = text("prompt", "x");
    t = talk_form(BASE, VARY, parts, 5, TALK_KEY);
    expect(&t, 400, "unknown_parameter", "prompt");
    parts[4] = text("model", "gpt-image-1");
    t = talk_form(BASE, VARY, parts, 5, TALK_KEY);
    expect(&t, 400, "invalid_value", "model");
    parts[0] = file("image", oblong);
    t = talk_form(BASE, VARY, parts, 4, TALK_KEY);
    expect(&t, 400, "invalid_image_file", "image");
    t = talk_form(BASE, VARY, parts + 1, 3, TALK_KEY);
    expect(&t, 400, "missing_required_parameter", "image");
}

/* ---- as urls */

#define JSON_START "{\"model\":\"gpt-image-2\",\"prompt\":\"a lake\",\"size\":\"64x64\","

/* JSON_START, then `before`, the base64, `behind`. */
static struct talk edit_json(const char *before, struct bytes b, const char *behind)
{
    char start[512], *body;
    struct talk t;

    snprintf(start, sizeof(start), "%s%s", JSON_START, before);
    body = talk_base64(start, b.p, b.n, behind);
    t = talk(BASE, EDITS, body, TALK_KEY, NULL);
    free(body);
    return t;
}

#define ONE "\"images\":[{\"image_url\":\"data:image/png;base64,"

static void edits_by_data_url(void **state)
{
    char *with_mask = talk_base64("\"}],\"mask\":{\"image_url\":\"data:image/png;base64,", mask.p,
                                  mask.n, "\"},\"moderation\":\"auto\"}");
    struct talk t = edit_json(ONE, square, with_mask);
    struct talk form = edit(file("image", square), file("mask", mask));

    (void)state;
    free(with_mask);
    assert_int_equal(t.status, 200);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), square.n);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES), mask.n);
    /* The same bytes by either way: the same picture. */
    assert_string_equal(talk_text(&t, "data.0.b64_json"), talk_text(&form, "data.0.b64_json"));
    talk_end(&form);
    talk_end(&t);
}

static void edits_by_link(void **state)
{
    struct talk drawn = talk_post("{" SMALL "}"), picture = talk_fetch(&drawn, "data.0.url");
    char body[512];
    struct talk t;

    (void)state;
    snprintf(body, sizeof(body), JSON_START "\"images\":[{\"image_url\":\"%s\"}]}",
             talk_text(&drawn, "data.0.url"));
    t = talk(BASE, EDITS, body, TALK_KEY, NULL);
    assert_int_equal(t.status, 200);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), picture.n);
    talk_end(&t);
    t = talk(BASE, EDITS, JSON_START "\"images\":[{\"image_url\":\"https://example.com/a.png\"}]}",
             TALK_KEY, NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    talk_end(&picture);
    talk_end(&drawn);
}

static void refuses_bad_urls(void **state)
{
    static const struct {
        const char *rest, *code, *param;
        long status;
    } cases[] = {
        {"\"user\":\"me\"}", "missing_required_parameter", "images", 400},
        {"\"images\":[]}", "array_below_min_length", "images", 400},
        {"\"images\":{}}", "invalid_type", "images", 400},
        {"\"images\":[\"https://a/b\"]}", "invalid_type", "images", 400},
        {"\"images\":[{}]}", "invalid_value", "images", 400},
        {"\"images\":[{\"image_url\":7}]}", "invalid_type", "images", 400},
        {"\"images\":[{\"image_url\":\"https://a/b\",\"file_id\":\"f\"}]}", "invalid_value",
         "images", 400},
        {"\"images\":[{\"image_url\":\"https://a/b\",\"x\":1}]}", "invalid_value", "images", 400},
        {"\"images\":[{\"file_id\":\"file-1\"}]}", "invalid_value", "images", 404},
        {"\"images\":[{\"image_url\":\"http://example.com/a.png\"}]}", "invalid_value", "images",
         400},
        {"\"images\":[{\"image_url\":\"data:image/gif;base64,AAAA\"}]}", "invalid_value", "images",
         400},
        {"\"images\":[{\"image_url\":\"data:image/png;base64,%%%\"}]}", "invalid_value", "images",
         400},
        {"\"images\":[{\"image_url\":\"data:image/png;base64,AAAA\"}]}", "invalid_image_file",
         "images", 400},
        {"\"images\":[{\"image_url\":\"https://a/b\"}],\"mask\":\"x\"}", "invalid_type", "mask",
         400},
        {"\"images\":[{\"image_url\":\"https://a/b\"}],\"image\":\"x\"}", "unknown_parameter",
         "image", 400},
    };
    struct talk t;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[512];

        snprintf(body, sizeof(body), "%s%s", JSON_START, cases[i].rest);
        t = talk(BASE, EDITS, body, TALK_KEY, NULL);
        expect(&t, cases[i].status, cases[i].code, cases[i].param);
    }
    t = talk(
        BASE, EDITS,
        "{\"model\":\"dall-e-2\",\"prompt\":\"x\",\"images\":[{\"image_url\":\"https://a/b\"}]}",
        TALK_KEY, NULL);
    expect(&t, 400, "invalid_value", "model");
    t = talk_long(BASE, EDITS, JSON_START ONE, 100, "\"}]}"); /* a form's Content-Type */
    expect(&t, 400, "unsupported_content_type", "");
}

/* The API's own limit, in characters, and one more. */
static void measures_an_image_url(void **state)
{
    const size_t most = 20971520;
    char *body = malloc(most + 300);
    size_t at = (size_t)snprintf(body, 200, JSON_START "\"images\":[{\"image_url\":\"");
    struct talk t;

    (void)state;
    memcpy(body + at, "https://", 8);
    memset(body + at + 8, 'a', most - 8);
    memcpy(body + at + most, "\"}]}", 5);
    t = talk(BASE, EDITS, body, TALK_KEY, NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    memcpy(body + at + most, "a\"}]}", 6);
    t = talk(BASE, EDITS, body, TALK_KEY, NULL);
    expect(&t, 400, "string_above_max_length", "images");
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws_what_arrived),
        TEST(takes_several),
        TEST(takes_every_parameter_as_a_form),
        TEST(refuses_bad_forms),
        TEST(is_strict_with_dall_e_2),
        TEST(varies),
        TEST(edits_by_data_url),
        TEST(edits_by_link),
        TEST(refuses_bad_urls),
        TEST(measures_an_image_url),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-edits", tests, make, unmake);
}
