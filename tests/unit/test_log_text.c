/* SPDX-License-Identifier: MIT */
/* What of a text may stand in a log: no query, no password, no key, no prompt, no data. Literals alone. */
#include "engine/engine_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define KEY  "sk-pie-0123456789abcdef"
#define CALM "a calm lake at dawn, two swans; oil on canvas"

static void assert_shown(const char *text, const char *prompt, const char *want)
{
    char out[PIE_LOG_LINE];
    const struct pie_log_hide hide = {KEY, {prompt, NULL}, {NULL, NULL}};
    pie_log_text(pie_slice_text(text), &hide, out, sizeof(out));
    assert_string_equal(out, want);
}

static void urls_end_with_their_path(void **state)
{
    (void)state;
    assert_shown("GET https://h/a.png?sig=x now", NULL, "GET https://h/a.png now");
    assert_shown("https://h/a#part", NULL, "https://h/a");
    assert_shown("https://h?sig=x", NULL, "https://h");
    assert_shown("see:https://me:pw@h:1/a?b", NULL, "see:https://h:1/a");
    assert_shown("https://me@pw@h/a@b", NULL, "https://h/a@b");
    assert_shown("{\"url\":\"https://h/x?a=1\",\"y\":2}", NULL, "{\"url\":\"https://h/x");
    assert_shown("to no url: /a/b?sig=x", NULL, "to no url: /a/b");
    assert_shown("is this an https port?", NULL, "is this an https port?");
    assert_shown("what? yes #3 and/or", NULL, "what? yes #3 and/or");
    assert_shown("", NULL, "");
}

static void keys_are_masked(void **state)
{
    (void)state;
    assert_shown("key " KEY " is bad", NULL, "key *********************** is bad");
    assert_shown("https://h/" KEY "/x", NULL, "https://h/***********************/x");
    assert_shown("the key sk-pie-0123...", NULL, "the key sk-***********");
}

static void data_is_left_out(void **state)
{
    char text[PIE_LOG_LINE] = "image ";
    (void)state;
    assert_shown("data:image/png;base64,iVBORw0K", NULL, "data:image/png;base64,");
    for (size_t i = 0; i < 200; i++)
        text[6 + i] = "iVBORw0KGgo+/"[i % 13];
    assert_shown(text, NULL, "image (data)");
    text[6 + 127] = '\0';
    assert_shown(text, NULL, text);
}

static void prompts_are_left_out(void **state)
{
    (void)state;
    assert_shown("no '" CALM "' here", CALM, "no '(prompt)' here");
    assert_shown("no \"A CALM LAKE  at dawn two swans oil on canvas\"", CALM, "no \"(prompt)\"");
    assert_shown("of a-calm-lake-at-dawn-two-swans-oil-on-canvas.png", CALM, "of (prompt).png");
    assert_shown("https://h/p/a%20calm%20lake%20at%20dawn%2C%20two%20swans", CALM,
                 "https://h/p/(prompt)");
    assert_shown("{\\\"a calm\\nlake at dawn, two swans; oil on canvas\\\"}", CALM,
                 "{\\\"(prompt)\\\"}");
    assert_shown("{\\\\\\\"a calm\\\\nlake at dawn, two swans; oil on canvas\\\\\\\"}", CALM,
                 "{\\\\\\\"(prompt)\\\\\\\"}");
    assert_shown("{\"p\": \"F\\u00fcchse \\u732B \\ud83D\\ude00\"}",
                 "F\xC3\xBC"
                 "chse \xE7\x8C\xAB \xF0\x9F\x98\x80",
                 "{\"p\": \"(prompt)\"}");
    assert_shown("{\"p\": \"\\\\u732b\\\\u732b\\\\u732b\"}", "\xE7\x8C\xAB\xE7\x8C\xAB\xE7\x8C\xAB",
                 "{\"p\": \"\\(prompt)\"}");
    assert_shown("\\u00zz \\ud83d \\u", CALM, "\\u00zz \\ud83d \\u");
    assert_shown("no: a calm lake at dawn, two geese, big", CALM, "no: (prompt)");
    assert_shown("no: a calm la...", CALM, "no: (prompt)");
    assert_shown("a calm lake", CALM, "a calm lake"); /* the words of many */
    assert_shown(CALM " and " CALM, CALM, "(prompt) and (prompt)");
    assert_shown("caf\xC3\xA9 noir \xE2\x98\x95", "caf\xC3\xA9 noir \xE2\x98\x95", "(prompt)");
}

static void short_prompts_stand_alone(void **state)
{
    (void)state;
    assert_shown("bad category: cat.", "cat", "bad category: (prompt).");
    assert_shown("cat", "cat", "(prompt)");
    assert_shown("a lake", "a lake", "(prompt)");
    assert_shown("a prompt", "prompt", "a (prompt)");
    assert_shown("HTTP 400!", "!", "HTTP 400!");
}

static void there_is_always_room(void **state)
{
    char text[2 * PIE_LOG_LINE], out[PIE_LOG_LINE], small[8];
    const struct pie_log_hide hide = {NULL, {"x", "y"}, {NULL, NULL}};
    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i++)
        text[i] = "x y "[i % 4];
    text[sizeof(text) - 1] = '\0';
    pie_log_text(pie_slice_text(text), &hide, out, sizeof(out));
    assert_true(strlen(out) < sizeof(out));
    assert_memory_equal(out, "(prompt) (prompt) (prompt)", 26);
    assert_null(strchr(out, 'x'));
    assert_null(strchr(out, 'y'));
    pie_log_text(pie_slice_text("no x here"), &hide, small, sizeof(small));
    assert_true(strlen(small) < sizeof(small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_end_with_their_path),  cmocka_unit_test(keys_are_masked),
        cmocka_unit_test(data_is_left_out),          cmocka_unit_test(prompts_are_left_out),
        cmocka_unit_test(short_prompts_stand_alone), cmocka_unit_test(there_is_always_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
