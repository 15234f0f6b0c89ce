/* SPDX-License-Identifier: MIT */
/* Reply bodies as servers send them, good and nasty: what comes of each, and that no way of cutting them changes it. */
#include "../support/scarce.h"
#include "need.h"
#include "replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- tests */

static void each_reply_is_understood(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(replies); i++) {
        struct pie_buf whole;
        const struct reply *r = &replies[i];
        record_all(&what, r->body, r->n, &whole);
        need_holds(&whole, r->name, "misuse: 0\n");
        for (size_t k = 0; k < PIE_COUNT(r->holds) && r->holds[k] != NULL; k++)
            need_holds(&whole, r->name, r->holds[k]);
        need_readable(&whole, r->name);
        need_rest(&whole, r->rest);
        pie_buf_free(&whole);
    }
}

static void any_chunking_gives_the_same(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(replies); i++) {
        struct pie_buf whole;
        record_all(&what, replies[i].body, replies[i].n, &whole);
        need_same_in_pieces(&what, replies[i].name, replies[i].body, replies[i].n, &whole);
        pie_buf_free(&whole);
    }
}

/* Also cut short after each byte: readable, no misuse of the sink, and the same in pieces. */
static void a_cut_anywhere_is_survived(void **state)
{
    struct record what = {reply_paths, 200, 0, 1, 0, 0, NULL, NULL};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(replies); i++) {
        for (size_t n = 0; n < replies[i].n; n++) {
            struct pie_buf whole, pieces;
            record_all(&what, replies[i].body, n, &whole);
            need_holds(&whole, replies[i].name, "misuse: 0\n");
            need_readable(&whole, replies[i].name);
            pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
            record_pieces(&what, replies[i].body, n, 1, 1, &pieces);
            need_same(&whole, &pieces, replies[i].name, n, 1);
            pie_buf_free(&pieces);
            pie_buf_free(&whole);
        }
    }
}

static void a_cut_keeps_what_was_whole(void **state)
{
    struct record what = {reply_paths, 200, 0, 1, 0, 0, NULL, NULL};
    static const char in_picture[] =
        "{\"data\":[{\"b64_json\":\"" PNG64 "\"},{\"b64_json\":\"iVBORw0K";
    static const char in_text[] =
        "{\"data\":[{\"b64_json\":\"" PNG64 "\"}],\"usage\":{\"cost\":0.0";
    static const char in_body[] = PNG;
    struct pie_buf whole;
    (void)state;
    record_all(&what, in_picture, sizeof(in_picture) - 1, &whole);
    need_holds(&whole, "in a picture", "[0,0,0,0] image slot 0\n" PNG_IS);
    need_holds(&whole, "in a picture",
               "[1,0,0,0] broken slot -1\n  broken: -400 the reply breaks off");
    need_holds(&whole, "in a picture",
               "rest: {\"data\":[{\"b64_json\":null},{\"b64_json\":null}]}\n");
    pie_buf_free(&whole);
    record_all(&what, in_text, sizeof(in_text) - 1, &whole);
    need_holds(&whole, "in a text", "[0,0,0,0] image slot 0\n" PNG_IS);
    need_holds(&whole, "in a text",
               "rest: {\"data\":[{\"b64_json\":null}],\"usage\":{\"cost\":null}}\n");
    need_holds(&whole, "in a text", "  what: the reply breaks off\n");
    pie_buf_free(&whole);
    record_all(&what, in_body, sizeof(in_body) - 1, &whole);
    need_holds(&whole, "in the body",
               "path -1 [0,0,0,0] broken slot -1\n  broken: -400 the reply breaks off");
    need_holds(&whole, "in the body", "slot: 0 a image/png 0 \n");
    pie_buf_free(&whole);
}

static void failed_replies_stay_text(void **state)
{
    struct record what = {reply_paths, 500, 0, 0, 0, 0, NULL, NULL};
    static const char body[] = " {\"error\":\"x\",\"images\":[\"" PNG64 "\"]}";
    struct pie_buf whole;
    (void)state;
    record_all(&what, body, sizeof(body) - 1, &whole);
    need_holds(&whole, "500",
               "kind: text\nfailure: 0\nshortened: 0\nmisuse: 0\nrest: {\"error\":\"x\"");
    need_same_in_pieces(&what, "500", body, sizeof(body) - 1, &whole);
    pie_buf_free(&whole);
    size_t n = 3 * PIE_BODY_TEXT_MAX;
    char *large = malloc(n);
    assert_non_null(large);
    memset(large, 'x', n);
    record_all(&what, large, n, &whole);
    need_holds(&whole, "large", "shortened: 1\n");
    assert_int_equal(record_rest(&whole).n, PIE_BODY_TEXT_MAX);
    pie_buf_free(&whole);
    free(large);
}

static void downloads_are_pictures_unless_they_are_text(void **state)
{
    struct record what = {NULL, 200, 1, 0, 0, 0, NULL, NULL};
    static const struct reply rows[] = {
        {"png", BODY(PNG), NULL, {"kind: image", PNG_IS}},
        {"unknown format",
         BODY("\n\0\1\2unknown"),
         NULL,
         {"kind: image", "application/octet-stream 0x0, 11 bytes"}},
        {"JSON",
         BODY(" {\"error\":\"gone\"}"),
         NULL,
         {"kind: text", "rest: {\"error\":\"gone\"}\n"}},
        {"XML",
         BODY("\xEF\xBB\xBF<?xml version=\"1.0\"?><Error><Code>Expired</Code></Error>"),
         NULL,
         {"kind: text", "rest: <?xml"}},
        {"plain words", BODY("link expired\r\n"), NULL, {"kind: text"}},
        {"svg",
         BODY("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
         NULL,
         {"kind: image", "image/svg+xml"}},
        {"nothing", BODY(""), NULL, {"kind: none"}},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct pie_buf whole;
        record_all(&what, rows[i].body, rows[i].n, &whole);
        for (size_t k = 0; k < PIE_COUNT(rows[i].holds) && rows[i].holds[k] != NULL; k++)
            need_holds(&whole, rows[i].name, rows[i].holds[k]);
        need_same_in_pieces(&what, rows[i].name, rows[i].body, rows[i].n, &whole);
        pie_buf_free(&whole);
    }
}

static void a_full_disk_does_not_end_the_reply(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 40, NULL, NULL};
    static const char body[] =
        "{\"images\":[\"" PNG64 "\",\"" PNG64 "\"],\"usage\":{\"cost\":0.008}}";
    struct pie_buf whole;
    (void)state;
    record_all(&what, body, sizeof(body) - 1, &whole);
    need_holds(&whole, "full disk", "failure: -102\n");
    need_holds(&whole, "full disk", "[0,0,0,0] image slot 0\n");
    need_holds(&whole, "full disk",
               "[1,0,0,0] broken slot -1\n  broken: -102 cannot write x: no space left\n");
    need_holds(&whole, "full disk", "\"cost\":\"\\u00010.008\"");
    pie_buf_free(&whole);
}

static void a_large_picture_is_refused_and_the_rest_read(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 36, 0, NULL, NULL};
    static const char body[] = "{\"images\":[\"" PNG64 "\",\"" PNG64 "AA\"],\"usage\":1}";
    struct pie_buf whole;
    (void)state;
    record_all(&what, body, sizeof(body) - 1, &whole);
    need_holds(&whole, "limit", "failure: -401\n");
    need_holds(&whole, "limit", "[0,0,0,0] image slot 0\n" PNG_IS);
    need_holds(&whole, "limit",
               "[1,0,0,0] broken slot -1\n  broken: -401 it has more bytes than the limit, 36\n");
    need_holds(&whole, "limit", "\"usage\":\"\\u00011\"");
    need_same_in_pieces(&what, "limit", body, sizeof(body) - 1, &whole);
    pie_buf_free(&whole);
}

/* A body from pieces that are repeated. */
static void repeat(struct pie_buf *b, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        pie_buf_add_text(b, text);
}

static void need_same_in_some(const struct record *what, const char *name,
                              const struct pie_buf *body, struct pie_buf *whole)
{
    static const size_t steps[] = {1, 13, 4096, 65536};
    record_all(what, body->p, body->n, whole);
    need_readable(whole, name);
    for (size_t i = 0; i < PIE_COUNT(steps); i++) {
        struct pie_buf pieces;
        pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
        record_pieces(what, body->p, body->n, steps[i], steps[i], &pieces);
        need_same(whole, &pieces, name, steps[i], steps[i]);
        pie_buf_free(&pieces);
    }
}

static void nesting_is_bounded(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "{\"a\":", 1);
    repeat(&body, "[", 5000);
    repeat(&body, "\"]\\\"\"", 1);
    repeat(&body, "]", 5000);
    repeat(&body, ",\"images\":[\"" PNG64 "\"]}", 1);
    need_same_in_some(&what, "deep", &body, &whole);
    need_holds(&whole, "deep", "  what: nested too deeply\n");
    need_holds(&whole, "deep", "path 2 [0,0,0,0] image slot 0\n" PNG_IS);
    need_holds(&whole, "deep", "[[null]]");
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void long_texts_are_dropped(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "{\"fits\":\"", 1);
    repeat(&body, "0123456789abcdef", PIE_REST_STRING_MAX / 16);
    repeat(&body, "\",\"echo\":\"", 1);
    repeat(&body, "0123456789abcdef", PIE_REST_STRING_MAX / 16);
    repeat(&body, "!\",\"images\":[\"" PNG64 "\"],\"cost\":1}", 1);
    need_same_in_some(&what, "long", &body, &whole);
    need_holds(&whole, "long", "shortened: 1\n");
    need_holds(&whole, "long", "cdef\",\"echo\":null,\"images\":[null],\"cost\":\"\\u00011\"}\n");
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void the_rest_is_bounded(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "{\"list\":[{\"a\":[", 1);
    repeat(&body, "\"\\u0002some text of a list that does not end\",", 60000);
    repeat(&body, "1]}],\"images\":[\"" PNG64 "\"]}", 1);
    need_same_in_some(&what, "large", &body, &whole);
    need_holds(&whole, "large", "shortened: 1\n");
    need_holds(&whole, "large", PNG_IS);
    assert_true(record_rest(&whole).n <= PIE_REST_MAX);
    assert_true(record_rest(&whole).n > PIE_REST_MAX - 256);
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

/* A long text that crosses the end of the rest: dropped or full must not depend on the chunks. */
static void a_long_text_at_the_end_of_the_rest(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "[", 1);
    repeat(&body, "\"some text of a list that does not end soon, really\",", 19500);
    repeat(&body, "\"", 1);
    repeat(&body, "0123456789abcdef", 5000);
    repeat(&body, "\",true]", 1);
    need_same_in_some(&what, "long at the end", &body, &whole);
    need_holds(&whole, "long at the end", ",null,true]\n");
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void long_keys_numbers_urls_and_headers(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "{\"", 1);
    repeat(&body, "k", 300);
    repeat(&body, "\":1,\"n\":", 1);
    repeat(&body, "7", 513);
    repeat(&body, ",\"m\":", 1);
    repeat(&body, "7", 512);
    repeat(&body, ",\"output\":[\"", 1);
    repeat(&body, "u", 16385);
    repeat(&body, "\",\"", 1);
    repeat(&body, "u", 16384);
    repeat(&body, "\",\"data:", 1);
    repeat(&body, "x", 300);
    repeat(&body, ";base64," PNG64 "\"]}", 1);
    need_same_in_some(&what, "long things", &body, &whole);
    need_holds(&whole, "long things", "kkk\":\"\\u00011\",\"n\":null,\"m\":\"\\u00017777");
    need_holds(&whole, "long things",
               "path 4 [0,0,0,0] broken slot -1\n  broken: -400 the url is too long\n");
    need_holds(&whole, "long things", "path 4 [1,0,0,0] url");
    need_holds(&whole, "long things", "-400 a data URI with too long a header\n");
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void more_pictures_than_can_be_taken(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "{\"images\":[", 1);
    repeat(&body, "\"QUJD\",", PIE_PARTS_MAX + 3);
    repeat(&body, "\"QUJD\"]}", 1);
    need_same_in_some(&what, "many", &body, &whole);
    need_holds(&whole, "many", "  what: more pictures than can be taken\n");
    need_holds(&whole, "many", "[255,0,0,0] image slot 255\n");
    assert_false(record_holds(&whole, "[256,0,0,0]"));
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void blanks_before_the_reply_are_skipped(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0, NULL, NULL};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, " \n", 5000);
    repeat(&body, "{\"output\":\"/a\"}x", 1);
    need_same_in_some(&what, "keep-alive blanks", &body, &whole);
    need_holds(&whole, "keep-alive blanks", "kind: json\n");
    need_holds(&whole, "keep-alive blanks", "damage: 10015\n");
    need_holds(&whole, "keep-alive blanks", "  url: /a\n");
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void a_body_is_used_for_many_legs(void **state)
{
    struct record_sink sink;
    struct pie_body *body = NULL;
    struct pie_buf cut;
    size_t n = 0;
    (void)state;
    record_sink_init(&sink);
    pie_buf_init(&cut, &pie_mem_libc, SIZE_MAX);
    repeat(&cut, "{\"images\":[\"", 1);
    repeat(&cut, PNG64, 10000); /* enough to reach the sink before the end */
    assert_int_equal(pie_body_new(&pie_mem_libc, &sink.base, UINT64_MAX, &body), APIPIE_OK);
    struct pie_writer *w = pie_body_writer(body);
    pie_body_reset(body, reply_paths, 0, 0);
    w->type->head(w, 200, NULL);
    assert_int_equal(w->type->write(w, (const uint8_t *)cut.p, cut.n), APIPIE_OK);
    assert_int_equal(sink.state[0], 'b');
    pie_body_reset(body, NULL, 7, 1);
    assert_int_equal(sink.state[0], 'a'); /* nothing of a leg that was given up stays open */
    assert_int_equal(pie_body_rest(body).n, 0);
    w->type->head(w, 200, NULL);
    assert_int_equal(w->type->write(w, (const uint8_t *)PNG, sizeof(PNG) - 1), APIPIE_OK);
    assert_int_equal(w->type->end(w), APIPIE_OK);
    pie_body_finish(body, 1);
    pie_body_finish(body, 0); /* once is enough */
    const struct pie_part *parts = pie_body_parts(body, &n);
    assert_int_equal(n, 1);
    assert_int_equal(parts[0].kind, PIE_PART_IMAGE);
    assert_int_equal(parts[0].slot, 7);
    assert_int_equal(sink.misuse, 0);
    assert_memory_equal(sink.bytes[7].p, PNG, 36);
    pie_body_free(body);
    pie_buf_free(&cut);
    record_sink_free(&sink);
}

/* ---- memory that runs out */

/* The whole way into a memory sink, with only so much memory. 1 when it sufficed. */
static int32_t runs_in(const struct pie_mem *mem, const char *text, size_t n)
{
    struct pie_wish wish;
    struct pie_sink *sink = NULL;
    struct pie_body *body = NULL;
    size_t parts = 0;
    pie_wish_init(&wish, mem, APIPIE_REQUEST_IMAGE);
    wish.max_image_bytes = 1 << 20;
    apipie_status status = pie_sink_new(mem, &wish, &sink);
    if (status == APIPIE_OK)
        status = pie_body_new(mem, sink, 1 << 20, &body);
    if (status == APIPIE_OK) {
        struct pie_writer *w = pie_body_writer(body);
        pie_body_reset(body, reply_paths, 0, 0);
        w->type->head(w, 200, NULL);
        status = w->type->write(w, (const uint8_t *)text, n);
        pie_body_finish(body, status == APIPIE_OK);
        if (status == APIPIE_OK)
            status = pie_body_failure(body);
        assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
        const struct pie_part *part = pie_body_parts(body, &parts);
        for (size_t i = 0; status == APIPIE_OK && i < parts; i++)
            assert_int_not_equal(part[i].kind, PIE_PART_BROKEN);
    }
    pie_body_free(body);
    if (sink != NULL)
        sink->type->close(sink);
    pie_wish_free(&wish);
    return status == APIPIE_OK;
}

static void each_allocation_may_fail(void **state)
{
    static const char text[] =
        "{\"a\":\"text\",\"output\":\"/a\",\"images\":[\"" PNG64 "\",\"" PNG64
        "\",\"data:;base64,QUJD\"],\"images\":[\"QUJD\",\"\"]}";
    (void)state;
    int32_t enough = 0;
    int32_t n = 0;
    for (; !enough; n++) {
        struct scarce scarce = {0};
        struct pie_mem mem = SCARCE_MEM(&scarce);
        scarce_give(&scarce, n);
        enough = runs_in(&mem, text, sizeof(text) - 1);
        assert_int_equal(scarce.alive, 0);
        assert_true(n < 100);
    }
    assert_true(n > 5);
}

static void any_text_becomes_safe_json(void **state)
{
    struct pie_buf out;
    struct pie_damage damage;
    (void)state;
    pie_buf_init(&out, &pie_mem_libc, 4096);
    assert_int_equal(pie_json_safe(&pie_mem_libc,
                                   pie_slice_text("\xEF\xBB\xBF {\"a\":1e999,\"b\":NaN}"), &out,
                                   &damage),
                     APIPIE_OK);
    assert_string_equal(out.p, "{\"a\":\"\\u00011e999\",\"b\":null}");
    assert_int_equal(damage.found, 1);
    assert_int_equal(damage.offset, 19);
    pie_buf_clear(&out);
    assert_int_equal(pie_json_safe(&pie_mem_libc, pie_slice_text("<html>"), &out, NULL),
                     APIPIE_E_MALFORMED);
    assert_int_equal(pie_json_safe(&pie_mem_libc, pie_slice(NULL, 0), &out, NULL),
                     APIPIE_E_MALFORMED);
    pie_buf_free(&out);
    pie_buf_init(&out, &pie_mem_libc, 8);
    assert_int_equal(pie_json_safe(&pie_mem_libc, pie_slice_text("[]"), &out, NULL),
                     APIPIE_E_LIMIT);
    pie_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reply_is_understood),
        cmocka_unit_test(any_chunking_gives_the_same),
        cmocka_unit_test(a_cut_anywhere_is_survived),
        cmocka_unit_test(a_cut_keeps_what_was_whole),
        cmocka_unit_test(failed_replies_stay_text),
        cmocka_unit_test(downloads_are_pictures_unless_they_are_text),
        cmocka_unit_test(a_full_disk_does_not_end_the_reply),
        cmocka_unit_test(a_large_picture_is_refused_and_the_rest_read),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(long_texts_are_dropped),
        cmocka_unit_test(the_rest_is_bounded),
        cmocka_unit_test(a_long_text_at_the_end_of_the_rest),
        cmocka_unit_test(long_keys_numbers_urls_and_headers),
        cmocka_unit_test(more_pictures_than_can_be_taken),
        cmocka_unit_test(blanks_before_the_reply_are_skipped),
        cmocka_unit_test(a_body_is_used_for_many_legs),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(any_text_becomes_safe_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
