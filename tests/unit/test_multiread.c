/* SPDX-License-Identifier: MIT */
/* Multipart bodies: what is a delimiter and what only looks like one, every way of cutting, and how often a byte is looked at. */
#include <string.h>

#include "codec/codec.h"

/* Every byte that the reader lets memchr look at is counted. The library's own copy is not linked then. */
static uint64_t looked_at;
static void *counting_memchr(const void *p, int c, size_t n)
{
    const char *found = memchr(p, c, n);
    looked_at += found != NULL ? (uint64_t)(found - (const char *)p) + 1 : n;
    return (void *)(uintptr_t)found;
}
#define memchr counting_memchr
#include "codec/multiread.c"
#undef memchr

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- what comes out, as text: "[data]" for each part, "[data~" for one that was cut */

struct seen {
    struct pie_multiread m;
    char text[1024];
    size_t n;
    int32_t open;
    uint64_t bytes;
    uint32_t pieces;
    int32_t stop_at; /* refuse that piece */
};

static void seen_add(struct seen *s, const char *p, size_t n)
{
    if (n > sizeof s->text - 1 - s->n)
        n = sizeof s->text - 1 - s->n;
    memcpy(s->text + s->n, p, n);
    s->n += n;
    s->text[s->n] = '\0';
}

static apipie_status seen_begin(void *user)
{
    struct seen *s = user;
    assert_false(s->open);
    s->open = 1;
    seen_add(s, "[", 1);
    return APIPIE_OK;
}

static apipie_status seen_data(void *user, const char *p, size_t n)
{
    struct seen *s = user;
    assert_true(s->open);
    assert_true(n != 0);
    s->bytes += n;
    if ((int32_t)++s->pieces == s->stop_at)
        return APIPIE_E_SINK;
    seen_add(s, p, n);
    return APIPIE_OK;
}

static apipie_status seen_end(void *user, int32_t whole)
{
    struct seen *s = user;
    assert_true(s->open);
    s->open = 0;
    seen_add(s, whole ? "]" : "~", 1);
    return APIPIE_OK;
}

static const struct pie_multiread_out seen_out = {seen_begin, seen_data, seen_end};

static void seen_init(struct seen *s, const char *boundary)
{
    memset(s, 0, sizeof(*s));
    pie_multiread_init(&s->m, pie_slice_text(boundary), &seen_out, s);
}

/* ---- bodies */

#define HEAD "--B\r\nContent-Disposition: form-data; name=\"output\"\r\n\r\n"

static const struct {
    const char *body;
    const char *want;
    int32_t done;
} bodies[] = {
    {HEAD "one\r\n--B\r\n\r\ntwo\r\n--B--\r\n", "[one][two]", 1},
    {"\r\n" HEAD "one\r\n--B--", "[one]", 1},
    {"a preamble\r\n--Bee\r\n" HEAD "one\r\n--B--and what follows\r\n--B\r\n\r\nno", "[one]", 1},
    /* of one kind of line end only, or blanks behind the boundary */
    {"--B\ncontent-type: image/png\n\none\n--B\n\ntwo\n--B--\n", "[one][two]", 1},
    {"--B \t \r\nX: y\r\n\r\none\r\n--B   \r\n\r\ntwo\r\n--B--", "[one][two]", 1},
    /* parts without headers, without a byte, and without even an empty line of their own */
    {"--B\r\n\r\n\r\n--B\r\n\r\n\r\n--B--", "[][]", 1},
    {"--B\r\nX: y\r\n\r\n--B--", "[]", 1},
    /* what only looks like a delimiter is data */
    {HEAD "a\r\n--C\r\n--\r\n-\r\n\r\r\n\nb\r\n--B--", "[a\r\n--C\r\n--\r\n-\r\n\r\r\n\nb]", 1},
    {HEAD "a\r\n--Bx\r\n--B-\r\n--B-x\r\n--B \r\r\n--B--", "[a\r\n--Bx\r\n--B-\r\n--B-x\r\n--B \r]",
     1},
    {HEAD "a--B--\r\n --B\r\nb\r\n--B--", "[a--B--\r\n --B\r\nb]", 1},
    {HEAD "a\r\n--B                  \r\nb\r\n--B--", "[a\r\n--B                  \r\nb]", 1},
    {HEAD "\r\r\n--B--", "[\r]", 1},
    {HEAD "\n\n--B--", "[\n]", 1},
    {HEAD "a\r\n-\r\n--\r\n--B--", "[a\r\n-\r\n--]", 1},
    {HEAD "a\r--B--\r\n--B--", "[a\r--B--]", 1},
    /* cut */
    {HEAD "one", "[one~", 0},
    {HEAD "one\r\n--", "[one\r\n--~", 0},
    {HEAD "one\r\n--B", "[one]", 0},
    {HEAD "one\r\n--B\r\nX: y\r\n", "[one]", 0},
    {"--B\r\nX: y", "", 0},
    {"no multipart at all", "", 0},
    {"", "", 0},
};

static void check_body(size_t i, size_t first, size_t step)
{
    struct seen s;
    const char *body = bodies[i].body;
    const size_t n = strlen(body);
    seen_init(&s, "B");
    for (size_t at = 0; at < n;) {
        size_t piece = at < first ? first - at : step;
        if (piece > n - at)
            piece = n - at;
        assert_int_equal(pie_multiread_write(&s.m, body + at, piece), APIPIE_OK);
        at += piece;
        assert_int_equal(s.m.at, at);
    }
    assert_int_equal(pie_multiread_is_done(&s.m), bodies[i].done);
    assert_int_equal(pie_multiread_finish(&s.m), APIPIE_OK);
    if (strcmp(s.text, bodies[i].want) != 0)
        fail_msg("body %zu, cut at %zu, then every %zu: %s", i, first, step, s.text);
}

static void parts_are_the_same_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bodies); i++) {
        check_body(i, 0, SIZE_MAX);
        check_body(i, 0, 1);
        check_body(i, 0, 3);
        for (size_t first = 1; first < strlen(bodies[i].body); first++)
            check_body(i, first, SIZE_MAX);
    }
}

static void a_content_type_names_its_boundary(void **state)
{
    static const struct {
        const char *type, *want;
    } rows[] = {
        {"multipart/form-data; boundary=abc", "abc"},
        {"Multipart/Mixed;Boundary=\"a b;c\"; charset=utf-8", "a b;c"},
        {"multipart/form-data; charset=x;\tboundary=abc ; x=y", "abc"},
        {" multipart/form-data ; boundary=a", "a"},
        {"multipart/form-data; boundary=\"abc", "abc"},
        {"multipart/form-data; x-boundary=abc", ""},
        {"multipart/form-data; boundary=", ""},
        {"multipart/form-data; boundary=\"\"", ""},
        {"multipart/form-data", ""},
        {"image/png; boundary=abc", ""},
        {"multipart/form-data; boundary="
         "0123456789012345678901234567890123456789012345678901234567890123456789",
         "0123456789012345678901234567890123456789012345678901234567890123456789"},
        {"multipart/form-data; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890",
         ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct pie_slice got = pie_multiread_boundary(rows[i].type);
        if (!pie_slice_equal(got, rows[i].want))
            fail_msg("%s: %.*s", rows[i].type, (int)got.n, got.n != 0 ? got.p : "");
    }
    assert_int_equal(pie_multiread_boundary(NULL).n, 0);
}

static void a_refusal_ends_the_reading(void **state)
{
    struct seen s;
    static const char body[] = HEAD "one\r\n--B\r\n\r\ntwo\r\n--B--";
    (void)state;
    seen_init(&s, "B");
    s.stop_at = 2;
    assert_int_equal(pie_multiread_write(&s.m, body, sizeof(body) - 1), APIPIE_E_SINK);
    assert_string_equal(s.text, "[one][");
    assert_int_equal(pie_multiread_write(&s.m, "x", 1), APIPIE_E_SINK);
    assert_int_equal(pie_multiread_finish(&s.m), APIPIE_E_SINK);
    assert_int_equal(s.pieces, 2);
}

/* Random bytes have a line feed every 256 and a lot of "\r\n"; they go on in the pieces in which they came. */
static void each_byte_is_looked_at_once(void **state)
{
    enum { SIZE = 1 << 20, PIECE = 16384 };
    struct seen s;
    uint32_t x = 1;
    char *p = malloc(SIZE);
    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < SIZE; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (char)(x >> 24);
    }
    for (size_t i = 0; i + 8 < SIZE; i += 1000)
        memcpy(p + i, "\r\n--X\r\n-", 8);
    seen_init(&s, "XY");
    assert_int_equal(pie_multiread_write(&s.m, "--XY\r\n\r\n", 8), APIPIE_OK);
    looked_at = 0;
    for (size_t at = 0; at < SIZE; at += PIECE)
        assert_int_equal(pie_multiread_write(&s.m, p + at, PIECE), APIPIE_OK);
    assert_int_equal(pie_multiread_write(&s.m, "\r\n--XY--", 8), APIPIE_OK);
    assert_int_equal(pie_multiread_finish(&s.m), APIPIE_OK);
    assert_int_equal(s.bytes, SIZE);
    assert_true(s.pieces <= 3 * SIZE / PIECE);
    assert_true(looked_at <= SIZE + SIZE / 64);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_the_same_however_they_are_cut),
        cmocka_unit_test(a_content_type_names_its_boundary),
        cmocka_unit_test(a_refusal_ends_the_reading),
        cmocka_unit_test(each_byte_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
