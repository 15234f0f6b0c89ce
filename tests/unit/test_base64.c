/* SPDX-License-Identifier: MIT */
/* base64 both ways: libb64's encoder is the oracle, strictness is a table. */
#include "codec/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* A generator of our own: a failure must come again. */
static uint32_t rolled = 1;

static uint32_t roll(uint32_t below)
{
    rolled = rolled * 1664525u + 1013904223u;
    return (rolled >> 8) % below;
}

/* Decodes in random pieces, each in a block of its own so that no byte too many is read or written unseen. */
static apipie_status decode(const char *p, size_t n, size_t largest, struct pie_buf *out,
                            uint64_t *ret_offset)
{
    struct pie_base64 d;
    uint8_t last[2];
    size_t got = 0;
    apipie_status status = APIPIE_OK;
    pie_base64_init(&d);
    for (size_t at = 0; at < n && status == APIPIE_OK;) {
        size_t piece = 1 + roll((uint32_t)largest);
        piece = piece < n - at ? piece : n - at;
        char *from = malloc(piece);
        uint8_t *to = malloc(PIE_BASE64_ROOM(piece));
        assert_true(from != NULL && to != NULL);
        memcpy(from, p + at, piece);
        status = pie_base64_decode(&d, from, piece, to, &got);
        pie_buf_add(out, to, got);
        free(from);
        free(to);
        at += piece;
    }
    if (status == APIPIE_OK) {
        status = pie_base64_end(&d, last, &got);
        if (status == APIPIE_OK)
            pie_buf_add(out, last, got);
    }
    *ret_offset = d.offset;
    return status;
}

static void need_decoded(const char *text, size_t text_n, size_t largest, const uint8_t *bytes,
                         size_t n)
{
    struct pie_buf out;
    uint64_t offset = 0;
    pie_buf_init(&out, &pie_mem_libc, SIZE_MAX);
    assert_int_equal(decode(text, text_n, largest, &out, &offset), APIPIE_OK);
    assert_int_equal(out.n, n);
    assert_int_equal(offset, text_n);
    if (n != 0)
        assert_memory_equal(out.p, bytes, n);
    pie_buf_free(&out);
}

/* White space at random places, the other alphabet and no padding, all of which real servers send. */
static size_t disguise(const char *from, size_t n, char *to, uint32_t blank_every, int32_t url,
                       int32_t bare)
{
    static const char blanks[] = " \t\r\n";
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (roll(blank_every) == 0)
            to[used++] = blanks[roll(4)];
        if (bare && from[i] == '=')
            continue;
        to[used++] = url && from[i] == '+' ? '-' : url && from[i] == '/' ? '_' : from[i];
    }
    return used;
}

static void random_bytes_come_back(void **state)
{
    static uint8_t bytes[5000];
    static char text[8000], other[16000];
    (void)state;
    for (int round = 0; round < 3000; round++) {
        size_t n = roll(round % 10 == 0 ? sizeof(bytes) : 100);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)roll(256);
        size_t text_n = pie_base64_encode(bytes, n, text);
        assert_int_equal(text_n, pie_base64_length(n));
        assert_null(memchr(text, '\n', text_n));
        need_decoded(text, text_n, text_n + 1, bytes, n);
        need_decoded(text, text_n, 1 + roll(90), bytes, n);
        size_t other_n =
            disguise(text, text_n, other, 2 + roll(100), (int32_t)roll(2), (int32_t)roll(2));
        need_decoded(other, other_n, 1 + roll(200), bytes, n);
    }
}

static void known_answers(void **state)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};
    char text[16];
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        const uint8_t *bytes = (const uint8_t *)rows[i][0];
        size_t n = pie_base64_encode(bytes, strlen(rows[i][0]), text);
        assert_int_equal(n, strlen(rows[i][1]));
        assert_memory_equal(text, rows[i][1], n);
        need_decoded(text, n, 3, bytes, strlen(rows[i][0]));
    }
}

/* A large picture is encoded in pieces of any size that three divides. */
static void pieces_join_without_padding(void **state)
{
    static uint8_t bytes[30001];
    static char whole[40010], joined[40010];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)roll(256);
    size_t n = pie_base64_encode(bytes, sizeof(bytes), whole);
    size_t used = 0;
    for (size_t at = 0; at < sizeof(bytes);) {
        size_t piece = 3 * (1 + roll(1500));
        piece = piece < sizeof(bytes) - at ? piece : sizeof(bytes) - at;
        used += pie_base64_encode(bytes + at, piece, joined + used);
        at += piece;
    }
    assert_int_equal(used, n);
    assert_memory_equal(joined, whole, n);
}

static void anything_else_is_an_error(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        uint64_t offset; /* where it broke; the length when only the end tells */
    } rows[] = {
        {"A", 1, 1},
        {"AAAAA", 5, 5},
        {"AB", 2, 2},
        {"AAB", 3, 3},
        {"AA=", 3, 3},
        {"A=", 2, 1},
        {"=", 1, 0},
        {"====", 4, 0},
        {"AA===", 5, 4},
        {"AAA==", 5, 4},
        {"AAAA=", 5, 4},
        {"AB==", 4, 4},
        {"AA==A", 5, 4},
        {"AA==AAAA", 8, 4},
        {"AA=A", 4, 3},
        {"AAA=\n=", 6, 5},
        {"AA*A", 4, 2},
        {"AAA\0", 4, 3},
        {"\x80"
         "AAA",
         4, 0},
        {"AAAA\xFF", 5, 4},
        {"AA,A", 4, 2},
        {"A%2B", 4, 1},
        {"AAAA\vAAAA", 9, 4},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAA!AAAAAAAA", 38, 29},
        {"{\"a\":1}", 7, 0},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        for (size_t largest = 1; largest <= rows[i].n; largest++) {
            struct pie_buf out;
            uint64_t offset = 0;
            pie_buf_init(&out, &pie_mem_libc, SIZE_MAX);
            if (decode(rows[i].text, rows[i].n, largest, &out, &offset) != APIPIE_E_MALFORMED ||
                offset != rows[i].offset)
                fail_msg("row %u: broke at %u", (unsigned)i, (unsigned)offset);
            pie_buf_free(&out);
        }
    }
}

/* All 256 bytes at each place of the widest step: the alphabets, blanks, and nothing else. */
static void every_byte_is_known_or_refused(void **state)
{
    char text[96];
    (void)state;
    for (int c = 0; c < 256; c++) {
        int32_t known = pie_is_alpha(c) || pie_is_digit(c) || pie_is_blank(c) ||
                        (c != 0 && strchr("+/-_", c) != NULL);
        for (size_t place = 0; place < 40; place++) {
            struct pie_buf out;
            uint64_t offset = 0;
            memset(text, 'A', sizeof(text)); /* a blank leaves 95 characters: a good end */
            text[place] = (char)c;
            pie_buf_init(&out, &pie_mem_libc, SIZE_MAX);
            apipie_status status = decode(text, sizeof(text), 1000, &out, &offset);
            assert_int_equal(status == APIPIE_OK, known);
            if (c != '=') /* which may be padding: then the next one is wrong */
                assert_int_equal(offset, known ? sizeof(text) : place);
            pie_buf_free(&out);
        }
    }
}

static void a_broken_decoder_stays_broken(void **state)
{
    struct pie_base64 d;
    uint8_t out[64];
    size_t n = 77;
    (void)state;
    pie_base64_init(&d);
    assert_int_equal(pie_base64_decode(&d, "QUJDRA==x", 9, out, &n), APIPIE_E_MALFORMED);
    assert_int_equal(n, 3);
    assert_memory_equal(out, "ABC", 3);
    assert_int_equal(pie_base64_decode(&d, "QUJD", 4, out, &n), APIPIE_E_MALFORMED);
    assert_int_equal(n, 0);
    assert_int_equal(pie_base64_end(&d, out, &n), APIPIE_E_MALFORMED);
    assert_true(d.offset == 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(random_bytes_come_back),
        cmocka_unit_test(pieces_join_without_padding),
        cmocka_unit_test(anything_else_is_an_error),
        cmocka_unit_test(every_byte_is_known_or_refused),
        cmocka_unit_test(a_broken_decoder_stays_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
