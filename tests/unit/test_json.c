/* SPDX-License-Identifier: MIT */
/* JSON read and written: exact numbers, tolerant readers, strict checks. */
#include "codec/codec.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NUM(text) "\"\\u0001" text "\""

static struct pie_doc *parse(const char *text)
{
    struct pie_doc *doc = NULL;
    assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_slice_text(text), &doc), APIPIE_OK);
    return doc;
}

static void need_text(struct pie_slice got, const char *text)
{
    if (!pie_slice_equal(got, text))
        fail_msg("'%.*s' is not '%s'", (int)got.n, got.p, text);
}

static void nodes_are_found(void **state)
{
    const char *key = NULL;
    (void)state;
    struct pie_doc *doc = parse("{\"z\":1,\"a\":[true,null,\"x\"],\"z\":{\"b\":{}},\"\":\"\"}");
    const struct pie_node *root = pie_doc_root(doc);
    assert_int_equal(pie_node_kind(root), PIE_JSON_OBJECT);
    assert_int_equal(pie_node_count(root), 3);
    const struct pie_node *z = pie_node_get(root, "z"); /* the last one wins */
    assert_int_equal(pie_node_kind(z), PIE_JSON_OBJECT);
    assert_int_equal(pie_node_kind(pie_node_get(z, "b")), PIE_JSON_OBJECT);
    const struct pie_node *a = pie_node_get(root, "a");
    assert_int_equal(pie_node_count(a), 3);
    assert_int_equal(pie_node_kind(pie_node_at(a, 0)), PIE_JSON_BOOL);
    assert_int_equal(pie_node_kind(pie_node_at(a, 1)), PIE_JSON_NULL);
    assert_int_equal(pie_node_kind(pie_node_at(a, 2)), PIE_JSON_TEXT);
    assert_int_equal(pie_node_kind(pie_node_at(a, 3)), PIE_JSON_ABSENT);
    assert_ptr_equal(pie_node_member(root, 1, &key), a);
    assert_string_equal(key, "a");
    assert_null(pie_node_member(root, 3, &key));
    need_text(pie_node_text(pie_node_get(root, "")), "");
    pie_doc_free(doc);
}

static void absent_nodes_are_harmless(void **state)
{
    int64_t i = 77;
    uint64_t u = 77;
    const char *key = "same";
    struct pie_buf out;
    (void)state;
    assert_null(pie_doc_root(NULL));
    assert_null(pie_doc_free(NULL));
    assert_null(pie_node_get(NULL, "x"));
    assert_null(pie_node_at(NULL, 0));
    assert_null(pie_node_member(NULL, 0, &key));
    assert_string_equal(key, "same");
    assert_int_equal(pie_node_count(NULL), 0);
    assert_int_equal(pie_node_kind(NULL), PIE_JSON_ABSENT);
    assert_null(pie_node_text(NULL).p);
    assert_int_equal(pie_node_int(NULL, &i), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_node_uint(NULL, &u), APIPIE_E_ARGUMENT);
    assert_int_equal(pie_node_money(NULL, &i), APIPIE_E_ARGUMENT);
    assert_true(i == 77 && u == 77);
    pie_buf_init(&out, &pie_mem_libc, 100);
    pie_node_write(NULL, &out);
    assert_string_equal(out.p, "null");
    pie_buf_free(&out);
    struct pie_doc *doc = parse("[{}]"); /* the wrong kind is as good as absent */
    assert_null(pie_node_get(pie_doc_root(doc), "x"));
    assert_null(pie_node_at(pie_node_at(pie_doc_root(doc), 0), 0));
    pie_doc_free(doc);
}

static void numbers_are_exact(void **state)
{
    static const struct {
        const char *json;
        int32_t has_int, has_uint, has_money;
        int64_t i;
        uint64_t u;
        int64_t money;
    } rows[] = {
        {NUM("0.008000"), 1, 1, 1, 0, 0, 8000000000},
        {NUM("5200"), 1, 1, 0, 5200, 5200, 0},
        {NUM("14.5"), 1, 1, 1, 15, 15, 14500000000000},
        {"\"0.0000001260\"", 1, 1, 1, 0, 0, 126000},
        {"\"310,000\"", 1, 1, 1, 310000, 310000, 310000000000000000},
        {NUM("18446744073709551615"), 1, 1, 0, INT64_MAX, UINT64_MAX, 0},
        {NUM("18446744073709552000"), 1, 0, 0, INT64_MAX, 0, 0},
        {NUM("9007199254740993"), 1, 1, 0, 9007199254740993, 9007199254740993, 0},
        {NUM("1e3"), 1, 1, 1, 1000, 1000, 1000000000000000},
        {NUM("-1"), 1, 0, 0, -1, 0, 0},
        {NUM("1e999"), 1, 0, 0, INT64_MAX, 0, 0},
        {"true", 1, 1, 1, 1, 1, 1000000000000},
        {"false", 1, 1, 1, 0, 0, 0},
        {"null", 0, 0, 0, 0, 0, 0},
        {"\"\"", 0, 0, 0, 0, 0, 0},
        {"\"abc\"", 0, 0, 0, 0, 0, 0},
        {"[]", 0, 0, 0, 0, 0, 0},
        /* as they stand in a request that nobody made safe */
        {"15", 1, 1, 1, 15, 15, 15000000000000},
        {"0.008", 1, 1, 1, 0, 0, 8000000000},
        {"1.5", 1, 1, 1, 2, 2, 1500000000000},
        {"1e300", 1, 0, 0, INT64_MAX, 0, 0},
    };
    (void)state;
    for (size_t k = 0; k < PIE_COUNT(rows); k++) {
        int64_t i = -7, money = -7;
        uint64_t u = 7;
        char text[64] = "[";
        strncat(text, rows[k].json, 60);
        strncat(text, "]", 2);
        struct pie_doc *doc = parse(text);
        const struct pie_node *node = pie_node_at(pie_doc_root(doc), 0);
        int32_t good = (pie_node_int(node, &i) == APIPIE_OK) == rows[k].has_int &&
                       (pie_node_uint(node, &u) == APIPIE_OK) == rows[k].has_uint;
        good =
            good && (!rows[k].has_int || i == rows[k].i) && (!rows[k].has_uint || u == rows[k].u);
        good = good && (!rows[k].has_money ||
                        (pie_node_money(node, &money) == APIPIE_OK && money == rows[k].money));
        if (!good)
            fail_msg("%s: %lld %llu %lld", rows[k].json, (long long)i, (unsigned long long)u,
                     (long long)money);
        pie_doc_free(doc);
    }
}

static void the_text_of_a_number_survives(void **state)
{
    (void)state;
    struct pie_doc *doc = parse("[" NUM("0.008000") ",\"x\",7,\"\\u0001\",\"\\u00011;\"]");
    const struct pie_node *root = pie_doc_root(doc);
    assert_int_equal(pie_node_kind(pie_node_at(root, 0)), PIE_JSON_NUMERIC);
    need_text(pie_node_text(pie_node_at(root, 0)), "0.008000");
    assert_int_equal(pie_node_kind(pie_node_at(root, 2)), PIE_JSON_NUMERIC);
    assert_null(pie_node_text(pie_node_at(root, 2)).p);
    /* the mark alone makes no number */
    assert_int_equal(pie_node_kind(pie_node_at(root, 3)), PIE_JSON_TEXT);
    assert_int_equal(pie_node_kind(pie_node_at(root, 4)), PIE_JSON_TEXT);
    pie_doc_free(doc);
}

static void large_integers_do_not_fail_a_request(void **state)
{
    (void)state;
    struct pie_doc *doc = parse("{\"seed\":99999999999999999999,\"n\":2}");
    int64_t n = 0;
    assert_int_equal(pie_node_int(pie_node_get(pie_doc_root(doc), "n"), &n), APIPIE_OK);
    assert_int_equal(n, 2);
    pie_doc_free(doc);
}

static void bad_json_is_malformed(void **state)
{
    static const char *const rows[] = {"",         "{",     "[1,]",        "{\"a\"}", "nul",
                                       "\"\xFF\"", "[] []", "\"\\ud800\"", "1e999"};
    struct pie_doc *doc = NULL;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++)
        assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_slice_text(rows[i]), &doc),
                         APIPIE_E_MALFORMED);
    assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_slice(NULL, 0), &doc), APIPIE_E_MALFORMED);
    assert_null(doc);
}

static void writing_gives_plain_json(void **state)
{
    struct pie_buf out;
    (void)state;
    pie_buf_init(&out, &pie_mem_libc, 1000);
    struct pie_doc *doc = parse("{\"b\":[" NUM(
        "0.008000") ",1.5,-7,true,null,{}],\"a\":\"q\\\"\\\\\\u0002\\n\xC3\xA9\",\"e\":[]}");
    pie_node_write(pie_doc_root(doc), &out);
    assert_string_equal(
        out.p,
        "{\"b\":[0.008000,1.5,-7,true,null,{}],\"a\":\"q\\\"\\\\\\u0002\\n\xC3\xA9\",\"e\":[]}");
    pie_doc_free(doc);
    pie_buf_clear(&out);
    pie_json_plain(pie_slice_text("{\"a\":[" NUM("0.0") "," NUM(
                       "-1e5") "],\"\\\\\":\"\\\"\\u0001\",\"b\":" NUM("1") "}"),
                   &out);
    assert_string_equal(out.p, "{\"a\":[0.0,-1e5],\"\\\\\":\"\\\"\\u0001\",\"b\":1}");
    pie_buf_clear(&out);
    pie_json_plain(pie_slice_text("[\"cut \\"), &out);
    assert_string_equal(out.p, "[\"cut \\");
    pie_buf_free(&out);
}

static void strings_are_quoted(void **state)
{
    struct pie_buf out;
    (void)state;
    pie_buf_init(&out, &pie_mem_libc, 100);
    pie_json_string(&out, pie_slice("a\"b\\c\n\r\t\x01\x1f\0/\xE2\x82\xAC", 15));
    assert_string_equal(out.p, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\\u0000/\xE2\x82\xAC\"");
    pie_buf_clear(&out);
    pie_json_string(&out, pie_slice(NULL, 0));
    assert_string_equal(out.p, "\"\"");
    pie_buf_free(&out);
    pie_buf_init(&out, &pie_mem_libc, 3);
    pie_json_string(&out, pie_slice_text("too long"));
    assert_int_equal(out.failed, APIPIE_E_LIMIT);
    pie_buf_free(&out);
}

static void checking_is_strict(void **state)
{
    static const char *const good[] = {
        "1",          "0.5", "\"auto\"", "{\"a\":[1,2]}", "null", " true ", "99999999999999999999",
        "\"\\u0000\""};
    static const char *const bad[] = {
        "",     " ",   "01",       "+1",    "NaN",   "'a'", "{\"a\":1,\"a\":2}",
        "[1,]", "1 2", "\"\xFF\"", "{a:1}", "\"\t\""};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(good); i++)
        assert_int_equal(pie_json_check(pie_slice_text(good[i])), APIPIE_OK);
    for (size_t i = 0; i < PIE_COUNT(bad); i++)
        assert_int_equal(pie_json_check(pie_slice_text(bad[i])), APIPIE_E_ARGUMENT);
}

static void the_grammar_of_numbers(void **state)
{
    static const char *const good[] = {"0", "-0", "1", "10", "0.5", "-1.25e+10", "1E5", "1e-5"};
    static const char *const bad[] = {"",   "-",   "01",  "-01", "+1",    ".5",    "1.",
                                      "1e", "1e+", "0x1", "1 ",  "1.5.5", "1e5e5", "NaN"};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(good); i++)
        assert_int_equal(pie_json_is_number(pie_slice_text(good[i])), 1);
    for (size_t i = 0; i < PIE_COUNT(bad); i++)
        assert_int_equal(pie_json_is_number(pie_slice_text(bad[i])), 0);
}

int main(void)
{
    /* where it is there, a locale with another decimal point must change nothing */
    setlocale(LC_ALL, "");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_found),
        cmocka_unit_test(absent_nodes_are_harmless),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(the_text_of_a_number_survives),
        cmocka_unit_test(large_integers_do_not_fail_a_request),
        cmocka_unit_test(bad_json_is_malformed),
        cmocka_unit_test(writing_gives_plain_json),
        cmocka_unit_test(strings_are_quoted),
        cmocka_unit_test(checking_is_strict),
        cmocka_unit_test(the_grammar_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
