/* SPDX-License-Identifier: MIT */
/* Text that came from a stranger, buffers that may not grow for ever, header lists, addresses. */
#include "base/base.h"
#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void utf8_is_checked(void **state)
{
    static const struct {
        const char *text;
        size_t n, good;
    } rows[] = {
        {"plain", 5, 5},
        {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9, 9},
        {"a\x80", 2, 1},             /* a lonely continuation */
        {"\xC0\xAF", 2, 0},          /* overlong */
        {"\xE0\x80\xAF", 3, 0},      /* overlong */
        {"\xED\xA0\x80", 3, 0},      /* a surrogate */
        {"\xF4\x90\x80\x80", 4, 0},  /* above U+10FFFF */
        {"ab\xE2\x82", 4, 2},        /* cut */
        {"\xFF", 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++)
        assert_int_equal(pie_utf8_valid(rows[i].text, rows[i].n), rows[i].good);
    assert_int_equal(pie_utf8_cut("a\xE2\x82\xAC", 4, 3), 1);
    assert_int_equal(pie_utf8_cut("a\xE2\x82\xAC", 4, 4), 4);
}

static void display_is_safe(void **state)
{
    char out[32];
    (void)state;
    pie_text_display(pie_slice_text("  red\x1B[31m \r\n  alert\a "), out, sizeof(out));
    assert_string_equal(out, "red [31m alert ");
    pie_text_display(pie_slice_text("bad \xFF byte"), out, sizeof(out));
    assert_string_equal(out, "bad \xEF\xBF\xBD byte");
    pie_text_display(pie_slice_text("\xC2\x9B" "csi \xE2\x80\xAE" "back"), out, sizeof(out));
    assert_string_equal(out, " csi back");
    pie_text_display(pie_slice_text("0123456789012345678901234567890123456789"), out, sizeof(out));
    assert_int_equal(strlen(out), 31);
    assert_string_equal(out + 28, "...");
}

static void buffers_stop_at_their_maximum(void **state)
{
    struct pie_buf b;
    (void)state;
    pie_buf_init(&b, &pie_mem_libc, 10);
    pie_buf_add_text(&b, "12345");
    pie_buf_add_text(&b, "67890");
    assert_int_equal(b.failed, APIPIE_OK);
    assert_string_equal(b.p, "1234567890");
    pie_buf_add_char(&b, 'x');
    assert_int_equal(b.failed, APIPIE_E_LIMIT);
    pie_buf_truncate(&b, 2);
    pie_buf_add_char(&b, 'x'); /* a failure sticks */
    assert_string_equal(b.p, "12");
    pie_buf_clear(&b);
    pie_buf_add_int(&b, -42);
    assert_string_equal(b.p, "-42");
    pie_buf_free(&b);
}

static void headers_keep_order_and_bounds(void **state)
{
    struct pie_headers h;
    char large[1000];
    (void)state;
    memset(large, 'x', sizeof(large));
    pie_headers_init(&h, &pie_mem_libc);
    pie_headers_add(&h, pie_slice_text("Retry-After"), pie_slice_text("  3 "));
    pie_headers_add(&h, pie_slice_text("retry-after"), pie_slice_text("4"));
    assert_string_equal(pie_headers_get(&h, "RETRY-AFTER"), "3");
    assert_null(pie_headers_get(&h, "retry"));
    int32_t full = 0;
    for (int i = 0; i < 100; i++)
        full |= pie_headers_add(&h, pie_slice_text("x"), pie_slice(large, sizeof(large))) == APIPIE_E_LIMIT;
    assert_true(full);
    assert_string_equal(pie_headers_get(&h, "retry-after"), "3");
    pie_headers_free(&h);
}

static void private_addresses_are_known(void **state)
{
    static const char *const inside[] = {
        "127.0.0.1", "10.1.2.3",  "172.16.0.1",  "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "0.0.0.0",   "100.64.1.1", "[::1]",      "::1",            "[fe80::1%25eth0]", "fd00::1",
        "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost", "a.localhost", "LOCALHOST.",
        "224.0.0.1", "255.255.255.255"};
    static const char *const outside[] = {"1.1.1.1", "172.32.0.1", "8.8.8.8", "[2606:4700::1111]",
                                          "example.com", "localhost.example.com", "notlocalhost"};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(inside); i++) {
        if (!pie_url_host_is_private(inside[i]))
            fail_msg("%s counts as public", inside[i]);
    }
    for (size_t i = 0; i < PIE_COUNT(outside); i++) {
        if (pie_url_host_is_private(outside[i]))
            fail_msg("%s counts as private", outside[i]);
    }
    assert_true(pie_url_host_is_loopback("127.8.8.8"));
    assert_false(pie_url_host_is_loopback("10.0.0.1"));
}

static void urls_resolve(void **state)
{
    static const char base[] = "https://apipie.ai/v1/images/generations";
    static const struct {
        const char *reference, *want;
    } rows[] = {
        {"/temp/x.jpg", "https://apipie.ai/temp/x.jpg"},
        {"x.jpg", "https://apipie.ai/v1/images/x.jpg"},
        {"../x.jpg?a=1", "https://apipie.ai/v1/x.jpg?a=1"},
        {"//cdn.example/x", "https://cdn.example/x"},
        /* A signed URL stays as it came, byte for byte. */
        {"https://cdn.example/a/../b?sig=%2f+A=", "https://cdn.example/a/../b?sig=%2f+A="},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        char *got = NULL;
        assert_int_equal(pie_url_resolve(&pie_mem_libc, base, rows[i].reference, &got), APIPIE_OK);
        assert_string_equal(got, rows[i].want);
        pie_mem_free(&pie_mem_libc, got);
    }
    struct pie_url u;
    assert_int_equal(pie_url_parse(&pie_mem_libc, "ftp://x/", &u), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_url_parse(&pie_mem_libc, "apipie.ai/v1", &u), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_url_parse(&pie_mem_libc, "http://127.1:80/", &u), APIPIE_OK);
    assert_string_equal(u.host, "127.0.0.1"); /* short forms do not hide */
    pie_url_free(&pie_mem_libc, &u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(display_is_safe),
        cmocka_unit_test(buffers_stop_at_their_maximum),
        cmocka_unit_test(headers_keep_order_and_bounds),
        cmocka_unit_test(private_addresses_are_known),
        cmocka_unit_test(urls_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
