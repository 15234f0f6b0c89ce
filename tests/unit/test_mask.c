/* SPDX-License-Identifier: MIT */
/* Secrets in a stream become asterisks, wherever its pieces begin and end. Knows mask.c alone. */
#include "http/mask_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
    const char *name;
    const char *headers[4][2];
    const char *text, *want;
};

static const struct row rows[] = {
    {"no secret", {{"Accept", "application/json"}}, "application/json", "application/json"},
    {"the key", {{"Authorization", "Bearer 0123456789"}}, "x0123456789y", "x**********y"},
    {"of any scheme", {{"Authorization", "Token 0123456789"}}, "0123456789", "**********"},
    {"without a scheme", {{"Authorization", "0123456789"}}, "0123456789", "**********"},
    {"twice",
     {{"Authorization", "Bearer 0123456789"}},
     "01234567890123456789",
     "********************"},
    {"almost", {{"Authorization", "Bearer 0123456789"}}, "012345678 0012345678", NULL},
    {"begun again", {{"Authorization", "Bearer 0101010123"}}, "01010101010123", "0101**********"},
    {"its start at the end", {{"Authorization", "Bearer 0123456789"}}, "01234567", NULL},
    {"repeats itself", {{"Authorization", "Bearer aaaaaaaa"}}, "aaaaaaaaaaaa", "********aaaa"},
    {"a header of the host", {{"X-Api-Key", "abcdefgh"}}, "abcdefgh", "********"},
    {"too short for a secret", {{"X-Api-Key", "abcdefg"}}, "abcdefg", NULL},
    {"what all send",
     {{"Content-Type", "application/json"}, {"accept", "image/webp,image/png"}},
     "application/json image/webp,image/png",
     NULL},
    {"what is random",
     {{"Idempotency-Key", "00000000-1111"}, {"traceparent", "00-11111111-22-01"}},
     "00000000-1111 00-11111111-22-01",
     NULL},
    {"two, of other lengths",
     {{"Authorization", "Bearer 0123456789"}, {"X-Api-Key", "abcdefgh"}},
     "abcdefgh0123456789abcdefg",
     "******************abcdefg"},
    {"a password, however it comes back",
     {{"Authorization", "Basic YXJ0aXN0OnN1Y2gtYS1zZWNyZXQ="}},
     "YXJ0aXN0OnN1Y2gtYS1zZWNyZXQ= artist:such-a-secret such-a-secret",
     "**************************** ******************** *************"},
    {"what is no base64 after all",
     {{"Authorization", "Basic :!:!:!:!"}},
     "such-a-secret :!:!:!:!",
     "such-a-secret ********"},
    {"one inside the other",
     {{"X-One", "abcdefgh"}, {"X-Two", "abcdefghijkl"}},
     "abcdefghijkl abcdefghijk",
     "************ ********ijk"},
};

static void learn(struct pie_secrets *s, const struct row *row)
{
    struct pie_headers h;
    pie_headers_init(&h, &pie_mem_libc);
    for (size_t i = 0; i < 4 && row->headers[i][0] != NULL; i++)
        pie_headers_add(&h, pie_slice_text(row->headers[i][0]), pie_slice_text(row->headers[i][1]));
    assert_int_equal(pie_secrets_learn(s, &h), APIPIE_OK);
    pie_headers_free(&h);
}

static void assert_masked(const struct pie_secrets *s, const char *text, const char *want,
                          size_t piece)
{
    struct pie_mask mask;
    struct pie_buf out;
    pie_mask_init(&mask, s);
    pie_buf_init(&out, &pie_mem_libc, 1000);
    for (int32_t stream = 0; stream < 2; stream++) { /* the second one on the same mask */
        pie_buf_clear(&out);
        for (size_t n = strlen(text), done = 0; done < n; done += piece)
            pie_mask_feed(&mask, text + done, piece < n - done ? piece : n - done, &out);
        pie_mask_end(&mask, &out);
        assert_int_equal(out.failed, APIPIE_OK);
        assert_string_equal(out.p, want);
    }
    pie_buf_free(&out);
    pie_mask_free(&mask);
}

static void in_pieces_of_every_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct pie_secrets s;
        pie_secrets_init(&s, &pie_mem_libc);
        learn(&s, &rows[i]);
        for (size_t piece = 1; piece <= strlen(rows[i].text); piece++)
            assert_masked(&s, rows[i].text, rows[i].want != NULL ? rows[i].want : rows[i].text,
                          piece);
        pie_secrets_free(&s);
    }
}

/* Nothing is kept longer than it may be the start of a secret. */
static void what_is_sure_comes_out_at_once(void **state)
{
    struct pie_secrets s;
    struct pie_mask mask;
    struct pie_buf out;
    (void)state;
    pie_secrets_init(&s, &pie_mem_libc);
    pie_buf_init(&out, &pie_mem_libc, 1000);
    learn(&s, &rows[1]);
    pie_mask_init(&mask, &s);
    pie_mask_feed(&mask, "abcdefghijklmnop", 16, &out);
    assert_string_equal(out.p, "abcdefg");
    pie_mask_feed(&mask, "q", 1, &out);
    assert_string_equal(out.p, "abcdefgh");
    pie_mask_free(&mask);
    pie_buf_free(&out);
    pie_secrets_free(&s);
}

/* A header with another value each time does not drive the key out. */
static void the_newest_are_kept(void **state)
{
    struct pie_secrets s;
    char value[] = "random-0000";
    const struct row key = {"", {{"Authorization", "Bearer 0123456789"}}, NULL, NULL};
    const struct row other = {"", {{"X-Number", value}}, NULL, NULL};
    (void)state;
    pie_secrets_init(&s, &pie_mem_libc);
    for (int32_t i = 0; i < 3 * PIE_SECRETS; i++) {
        value[8] = (char)('0' + i / 100);
        value[9] = (char)('0' + i / 10 % 10);
        value[10] = (char)('0' + i % 10);
        learn(&s, &other);
        learn(&s, &key);
    }
    assert_int_equal(s.count, PIE_SECRETS);
    assert_masked(&s, "0123456789", "**********", 3);
    assert_masked(&s, value, "***********", 3);
    assert_masked(&s, "random-0000", "random-0000", 3);
    pie_secrets_free(&s);
    assert_masked(&s, value, value, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_pieces_of_every_size),
        cmocka_unit_test(what_is_sure_comes_out_at_once),
        cmocka_unit_test(the_newest_are_kept),
    };
    return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
