/* SPDX-License-Identifier: MIT */
/* The sandbox's lists over HTTP: whether the caller has them already, the two odd ones, and their faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

/* The value of a header line, without its end; "" when there is none. */
static void header_of(const struct talk *t, const char *name, char *out, size_t room)
{
    out[0] = '\0';
    const char *at = t->head != NULL ? strstr(t->head, name) : NULL;
    if (at == NULL)
        return;
    at += strlen(name);
    at += strspn(at, ": ");
    snprintf(out, room, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static long asked_with(const char *path, const char *name, const char *value)
{
    char line[300];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct talk t = talk(talk_base, path, NULL, line, NULL);
    assert_true(t.status != 304 || t.n == 0);
    long status = t.status;
    talk_end(&t);
    return status;
}

static void says_when_nothing_is_new(void **state)
{
    char etag[100], other[100], modified[100], list[300];
    (void)state;
    struct talk t = talk(talk_base, "/models", NULL, NULL, NULL);
    assert_int_equal(t.status, 200);
    header_of(&t, "ETag", etag, sizeof etag);
    header_of(&t, "Last-Modified", modified, sizeof modified);
    assert_true(etag[0] == '"' && strlen(etag) > 10);
    talk_end(&t);
    t = talk(talk_base, "/models?provider=bedrock", NULL, NULL, NULL);
    header_of(&t, "ETag", other, sizeof other);
    assert_string_not_equal(etag, other);
    talk_end(&t);
    snprintf(list, sizeof list, "\"x\", W/%s", etag);
    assert_int_equal(asked_with("/models", "If-None-Match", etag), 304);
    assert_int_equal(asked_with("/models", "If-None-Match", list), 304);
    assert_int_equal(asked_with("/models", "If-None-Match", "*"), 304);
    assert_int_equal(asked_with("/models", "If-None-Match", other), 200);
    assert_int_equal(asked_with("/models", "If-Modified-Since", modified), 304);
    assert_int_equal(asked_with("/models", "If-Modified-Since", "Mon, 06 Nov 2023 08:49:37 GMT"),
                     200);
    assert_int_equal(asked_with("/models", "If-Modified-Since", "yesterday"), 200);
    t = talk(talk_base, "/models", NULL, "If-None-Match: \"x\"",
             "If-Modified-Since: Sun, 06 Nov 2044 08:49:37 GMT");
    assert_int_equal(t.status, 200); /* the tag counts */
    talk_end(&t);
}

static void lists_voices(void **state)
{
    (void)state;
    struct talk t = talk(talk_base, "/models?voices", NULL, NULL, NULL);
    assert_string_equal(talk_text(&t, "data.0.voice"), "alloy");
    assert_null(talk_at(&t, "data.0.voice_id"));
    assert_true(strlen(talk_text(&t, "data.1.voice_id")) > 0);
    assert_null(talk_at(&t, "data.1.voice"));
    assert_non_null(strstr(talk_text(&t, "data.0.description"), "gender: "));
    talk_end(&t);
}

static void lists_restrictions(void **state)
{
    (void)state;
    struct talk t = talk(talk_base, "/models?restrictions", NULL, NULL, NULL);
    assert_int_equal(json_integer_value(talk_at(&t, "data.0.restrict_id")), 1);
    assert_string_equal(talk_text(&t, "data.0.name"), "bedrock");
    json_t *inside = json_loads(talk_text(&t, "data.0.countries"), 0, NULL);
    assert_non_null(inside);
    json_t *first = json_array_get(json_object_get(inside, "countries"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "alpha-2")), "CU");
    assert_string_equal(json_string_value(json_object_get(first, "name")), "Cuba");
    json_decref(inside);
    talk_end(&t);
}

static void lists_details(void **state)
{
    (void)state;
    struct talk t =
        talk(talk_base, "/models/detailed?provider=deepinfra&model=stable-diffusion-2-1", NULL,
             NULL, NULL);
    assert_int_equal(t.status, 200);
    assert_int_equal(json_array_size(talk_at(&t, "data")), 1);
    assert_string_equal(talk_text(&t, "data.0.pricing.confirmed.input_cost"), "0.080000");
    assert_true(json_is_real(talk_at(&t, "data.0.pricing.advertised.input_cost_per_token")));
    assert_true(json_is_boolean(talk_at(&t, "data.0.abortable")));
    assert_string_equal(talk_text(&t, "data.0.output_modalities.0"), "image");
    assert_string_equal(talk_text(&t, "data.0.supported_input_parameters.quality.enum.1"), "hd");
    assert_string_equal(talk_text(&t, "data.0.price_type"), "image");
    talk_end(&t);
    t = talk(talk_base, "/models/detailed?type=llm&restrictions", NULL, NULL, NULL);
    assert_int_equal(json_array_size(talk_at(&t, "data")), 0);
    talk_end(&t);
}

static void fails_as_it_is_told(void **state)
{
    (void)state;
    struct talk t =
        talk(talk_base, "/models", NULL, "X-Sandbox-Fault: status:503;retry-after:3", NULL);
    char after[20];
    header_of(&t, "Retry-After", after, sizeof after);
    assert_int_equal(t.status, 503);
    assert_string_equal(after, "3");
    talk_end(&t);
    t = talk(talk_base, "/models", NULL, "X-Sandbox-Fault: badjson", NULL);
    assert_int_equal(t.status, 200);
    assert_null(t.json);
    talk_end(&t);
    t = talk(talk_base, "/models", NULL, "X-Sandbox-Fault: html", NULL);
    assert_int_equal(t.status, 502);
    talk_end(&t);
    t = talk(talk_base, "/models", NULL, "X-Sandbox-Fault: truncate", NULL);
    assert_int_equal(t.code, CURLE_PARTIAL_FILE);
    talk_end(&t);
    t = talk(talk_base, "/models", NULL, "X-Sandbox-Fault: cut", NULL);
    assert_int_not_equal(t.code, CURLE_OK);
    talk_end(&t);
    t = talk(talk_base, "/models", NULL, "X-Sandbox-Fault: nonsense", NULL);
    talk_expect_error(&t, 400, "invalid_parameter");
    assert_int_equal(apipie_sandbox_request_count(talk_box), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(says_when_nothing_is_new), TEST(lists_voices),
        TEST(lists_restrictions),       TEST(lists_details),
        TEST(fails_as_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
