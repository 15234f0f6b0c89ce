/* SPDX-License-Identifier: MIT */
/* Reply bodies as servers send them, good and nasty: what comes of each, and that no way of cutting them changes it. */
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* A PNG's first 36 bytes, 16 x 32 pixels; its base64 holds '+' and '/'. */
#define PNG64 "iVBORw0KGgoAAAANSUhEUgAAABAAAAAgCAIAAAA/7777/z4B"
#define PNG                                                                                        \
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20\x08\x02\0\0\0\x3f\xef\xbe\xfb\xff\x3e\x01"
#define PNG_IS "  image: image/png 16x32, 36 bytes\n"
#define FFFD   "\xEF\xBF\xBD"

static const struct pie_path reply_paths[] = {{"data[].b64_json", PIE_PATH_IMAGE},
                                              {"data[].url", PIE_PATH_URL},
                                              {"images[]", PIE_PATH_IMAGE},
                                              {"output", PIE_PATH_URL},
                                              {"output[]", PIE_PATH_URL},
                                              {"[].b64_json", PIE_PATH_IMAGE},
                                              {"[].url", PIE_PATH_URL},
                                              {NULL, 0}};

struct reply {
    const char *name;
    const char *body;
    size_t n;
    const char *rest;     /* as plain JSON; NULL: not looked at */
    const char *holds[6]; /* lines of the record */
};

#define BODY(text) text, sizeof(text) - 1

static const struct reply replies[] = {
    {"the gateway's example",
     BODY("{\"created\": 1,\"data\": [{\"url\": \"https://x.ai/a.jpg\", \"b64_json\": null, "
          "\"revised_prompt\": \"a lake\"}],\"usage\":{\"cost\":0.008000,\"latency_ms\":5200}}"),
     "{\"created\":1,\"data\":[{\"url\":null,\"b64_json\":null,\"revised_prompt\":\"a lake\"}],"
     "\"usage\":{\"cost\":0.008000,\"latency_ms\":5200}}",
     {"kind: json\nfailure: 0\nshortened: 0\npart: path 1 [0,0,0,0] url slot -1\n"
      "  url: https://x.ai/a.jpg\npart: path 0 [0,0,0,0] null slot -1\n"}},
    {"base64",
     BODY("{\"data\":[{\"b64_json\":\"" PNG64 "\"}]}"),
     "{\"data\":[{\"b64_json\":null}]}",
     {"shortened: 0\npart: path 0 [0,0,0,0] image slot 0\n" PNG_IS "slot: 0 e image/png 36 "}},
    {"two items, the first null",
     BODY("{\"data\":[{\"b64_json\":null},{\"b64_json\":\"" PNG64 "\"}]}"),
     "{\"data\":[{\"b64_json\":null},{\"b64_json\":null}]}",
     {"path 0 [0,0,0,0] null", "path 0 [1,0,0,0] image slot 0\n" PNG_IS}},
    {"data URI in url",
     BODY("{\"data\":[{\"url\":\" DATA:image/png;name=x;BASE64,\\n" PNG64 "\"}]}"),
     NULL,
     {"path 1 [0,0,0,0] image slot 0\n" PNG_IS}},
    {"data URI in b64_json",
     BODY("{\"data\":[{\"b64_json\":\"data:;base64," PNG64 "\"}]}"),
     NULL,
     {"path 0 [0,0,0,0] image slot 0\n" PNG_IS}},
    {"data URI that is text",
     BODY("{\"data\":[{\"url\":\"data:image/svg+xml,%3Csvg\"}]}"),
     NULL,
     {"path 1 [0,0,0,0] broken", "a data URI that is not base64"}},
    {"data URI without a comma",
     BODY("{\"data\":[{\"url\":\"data:image/png;base64\"}]}"),
     NULL,
     {"broken: -400 a data URI without a comma"}},
    {"relative url",
     BODY("{\"data\":[{\"url\":\"/media/x.jpg \"}]}"),
     NULL,
     {"  url: /media/x.jpg\n"}},
    {"relative url like a scheme",
     BODY("{\"data\":[{\"url\":\"dat\"},{\"url\":\"h\"}]}"),
     NULL,
     {"  url: dat\n", "  url: h\n"}},
    {"url inside b64_json",
     BODY("{\"data\":[{\"b64_json\":\"HTTPS:\\/\\/x.ai\\/a?b=\\u0063\"}]}"),
     NULL,
     {"path 0 [0,0,0,0] url slot -1\n  url: HTTPS://x.ai/a?b=c\n"}},
    {"base64 that begins like a url or data URI",
     BODY("{\"images\":[\"https/+A\",\"data\",\"http\",\"h\"]}"),
     NULL,
     {"path 2 [0,0,0,0] image slot 0\n  image: application/octet-stream 0x0, 6 bytes",
      "path 2 [1,0,0,0] image slot 1\n", "path 2 [2,0,0,0] image slot 2\n",
      "path 2 [3,0,0,0] broken"}},
    {"a bare array",
     BODY("[{\"url\":\"a.png\"},{\"b64_json\":\"" PNG64 "\"}]"),
     "[{\"url\":null},{\"b64_json\":null}]",
     {"path 6 [0,0,0,0] url", "path 5 [1,0,0,0] image slot 0\n" PNG_IS}},
    {"string, then array",
     BODY("{\"output\":\"/a\",\"images\":[\"" PNG64 "\",\"\",null,\" \\n\"]}"),
     "{\"output\":null,\"images\":[null,null,null,null]}",
     {"path 3 [0,0,0,0] url", "path 2 [0,0,0,0] image slot 0", "path 2 [1,0,0,0] empty",
      "path 2 [2,0,0,0] null", "path 2 [3,0,0,0] empty"}},
    {"array where a string may stand too",
     BODY("{\"output\":[\"/a\",\"/b\"]}"),
     NULL,
     {"shortened: 0\npart: path 4 [0,0,0,0] url slot -1\n  url: /a\npart: path 4 [1,0,0,0] url"}},
    {"objects where a string should be",
     BODY("{\"output\":{\"a\":\"" PNG64 "\"},\"images\":[[1]]}"),
     "{\"output\":{\"a\":\"" PNG64 "\"},\"images\":[[1]]}",
     {"path 3 [0,0,0,0] null", "path 2 [0,0,0,0] null"}},
    {"the key elsewhere is ordinary text",
     BODY("{\"b64_json\":\"" PNG64 "\",\"x\":{\"data\":[{\"b64_json\":\"y\"}]}}"),
     "{\"b64_json\":\"" PNG64 "\",\"x\":{\"data\":[{\"b64_json\":\"y\"}]}}",
     {"shortened: 0\nmisuse: 0\n"}},
    {"byte order mark and blanks",
     BODY("\xEF\xBB\xBF \r\n\t[{\"url\":\"a\"}]"),
     "[{\"url\":null}]",
     {"kind: json", "  url: a\n"}},
    {"keys escaped",
     BODY("{\"d\\u0061ta\":[{\"b64\\u005fjson\":\"" PNG64 "\"}]}"),
     "{\"data\":[{\"b64_json\":null}]}",
     {PNG_IS}},
    {"duplicate keys, the later picture counts",
     BODY("{\"data\":[{\"b64_json\":\"QUJD\",\"b64_json\":\"" PNG64 "\"}]}"),
     NULL,
     {"shortened: 0\npart: path 0 [0,0,0,0] image slot 1\n" PNG_IS
      "slot: 0 a application/octet-stream 0 \nslot: 1 e image/png 36 "}},
    {"duplicate keys, no picture is thrown away for a null",
     BODY("{\"data\":[{\"b64_json\":\"" PNG64
          "\",\"b64_json\":null}],\"data\":[{\"b64_json\":\"!\"}]}"),
     NULL,
     {"shortened: 0\npart: path 0 [0,0,0,0] image slot 0\n" PNG_IS "slot: 0 e image/png 36 "}},
    {"duplicate keys, a url for a null",
     BODY("{\"output\":null,\"output\":\"/a\",\"output\":\"/b\"}"),
     NULL,
     {"shortened: 0\npart: path 3 [0,0,0,0] url slot -1\n  url: /b\nmisuse: 0\n"}},
    {"escapes and blanks in base64",
     BODY("{\"images\":[\" iVBORw0KGgoAAAAN\\nSUhEUgAAABAAAA\\r\\n\\tAgCAIAAAA\\/7777\\u002fz4B "
          "\"]}"),
     NULL,
     {PNG_IS}},
    {"raw line ends in base64",
     BODY("{\"images\":[\"iVBORw0KGgoAAAAN\nSUhEUgAAABAAAA\r\n\tAgCAIAAAA/7777/z4B\n\"]}"),
     NULL,
     {"shortened: 0\npart", PNG_IS}},
    {"the other alphabet, no padding",
     BODY("{\"images\":[\"__8\",\"_w\",\"-A==\",\"__8=\"]}"),
     NULL,
     {"path 2 [0,0,0,0] image slot 0\n  image: application/octet-stream 0x0, 2 bytes",
      "path 2 [1,0,0,0] image slot 1\n  image: application/octet-stream 0x0, 1 bytes",
      "slot: 2 e application/octet-stream 1 \xF8\n",
      "slot: 3 e application/octet-stream 2 \xFF\xFF\n"}},
    {"bad base64",
     BODY("{\"images\":[\"" PNG64 "!\",\"A\",\"AB\",\"" PNG64 "=\",\"" PNG64 "\\u0000\"]}"),
     NULL,
     {"path 2 [0,0,0,0] broken slot -1\n  broken: -400 the base64 holds a character that is none",
      "path 2 [1,0,0,0] broken slot -1\n  broken: -400 the base64 does not end where it should",
      "path 2 [2,0,0,0] broken", "path 2 [3,0,0,0] broken", "path 2 [4,0,0,0] broken"}},
    {"a url with control bytes",
     BODY("{\"data\":[{\"url\":\"http://x/\\u001b[31m\"},{\"url\":\"http://\xFF\"}]}"),
     NULL,
     {"path 1 [0,0,0,0] broken slot -1\n  broken: -400 the url holds bytes that no url has",
      "path 1 [1,0,0,0] broken"}},
    {"texts that jansson would refuse",
     BODY("{\"a\":\"x\xFFy\\u0000z\",\"b\":\"\\ud800\",\"c\":\"\\udc00\\ud83d\\ude00\",\"d\":"
          "\"\\ud83dA\\ud83d\\n\","
          "\"e\":\"\xE2\x82\",\"f\":\"\xE2\x82\\u0041\",\"g\":\"\xED\xA0\x80\",\"h\":"
          "\"\\u0001\1\"}"),
     "{\"a\":\"x" FFFD "y" FFFD "z\",\"b\":\"" FFFD "\",\"c\":\"" FFFD
     "\xF0\x9F\x98\x80\",\"d\":\"" FFFD "A" FFFD "\\u000a\",\"e\":\"" FFFD "\",\"f\":\"" FFFD
     "A\",\"g\":\"" FFFD FFFD FFFD "\",\"h\":\"" FFFD FFFD "\"}",
     {"shortened: 0\nmisuse"}},
    {"quotes, control bytes and all escapes",
     BODY("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\",\"b\":\"x\ty\nz\\u001f\"}"),
     "{\"a\":\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\xC3\xA9\xE2\x82\xAC\","
     "\"b\":\"x\\u0009y\\u000az\\u001f\"}",
     {"shortened: 0\nmisuse"}},
    {"escapes that are none",
     BODY("{\"a\":\"\\x41\\u12G4\\'\\u\",\"b\":1}"),
     "{\"a\":\"x41" FFFD "G4'" FFFD "\",\"b\":1}",
     {"damage: 7\n  what: a bad escape\n"}},
    {"numbers",
     BODY("[1e999,18446744073709552000,0.008000,-0,1E+2, 0.5e-7]"),
     "[1e999,18446744073709552000,0.008000,-0,1E+2,0.5e-7]",
     {"shortened: 0\nmisuse"}},
    {"numbers and words that are none",
     BODY("[NaN,1,-Infinity,01,+1,.5,1.,1e,-,nul,truex,undefined,true,false,null]"),
     "[null,1,null,null,null,null,null,null,null,null,null,null,true,false,null]",
     {"damage: 1\n  what: a value that JSON does not know\n"}},
    {"commas too many",
     BODY("{\"a\":[1,,2,],\"b\":{,\"c\":1,},}"),
     "{\"a\":[1,2],\"b\":{\"c\":1}}",
     {"damage: 8\n  what: a comma without a value\n"}},
    {"commas and colons too few",
     BODY("{\"a\":[1 2\"x\"[]] \"b\" 1,\"c\":,\"d\"}"),
     "{\"a\":[1,2,\"x\",[]],\"b\":1,\"c\":null,\"d\":null}",
     {"what: a comma is missing"}},
    {"brackets that do not fit",
     BODY("{\"data\":[{\"b64_json\":\"" PNG64 "\"],\"x\":[1}"),
     "{\"data\":[{\"b64_json\":null}],\"x\":[1]}",
     {"what: a bracket that does not fit", PNG_IS}},
    {"no JSON after all",
     BODY("{\"a\":1,'b':2}"),
     "{\"a\":1}",
     {"damage: 7\n  what: this is no JSON from here on"}},
    {"text behind",
     BODY("{\"images\":[\"" PNG64 "\"]}\n\n<html>{\"images\":[\"x\"]}"),
     "{\"images\":[null]}",
     {"what: text behind the JSON", PNG_IS}},
    {"an empty reply", BODY(""), "", {"kind: none"}},
    {"blanks", BODY(" \r\n "), "", {"kind: none"}},
    {"HTML",
     BODY("<!DOCTYPE html><html><title>502</title>"),
     NULL,
     {"kind: text", "rest: <!DOCTYPE html><html><title>502</title>\n"}},
    {"the picture itself",
     BODY(PNG),
     NULL,
     {"kind: image\nfailure: 0\nshortened: 0\npart: path -1 [0,0,0,0] image slot 0\n" PNG_IS}},
    {"a drawing itself",
     BODY(" <?xml version=\"1.0\"?>\n<svg width=\"1\"/>"),
     NULL,
     {"kind: image", "image/svg+xml 0x0, 39 bytes"}},
    {"a data URI itself",
     BODY("\n data:image/png;base64," PNG64 "\r\n"),
     NULL,
     {"kind: image", "part: path -1 [0,0,0,0] image slot 0\n" PNG_IS}},
};

/* ---- helpers */

static void record_all(const struct record *what, const char *p, size_t n, struct pie_buf *out)
{
    pie_buf_init(out, &pie_mem_libc, SIZE_MAX);
    record_pieces(what, p, n, n, 0, out);
    assert_int_equal(out->failed, APIPIE_OK);
}

static void need_same(const struct pie_buf *whole, const struct pie_buf *pieces, const char *name,
                      size_t first, size_t step)
{
    if (whole->n == pieces->n && memcmp(whole->p, pieces->p, whole->n) == 0)
        return;
    print_error("%s, cut at %u, step %u:\n%s\nbut whole:\n%s\n", name, (unsigned)first,
                (unsigned)step, pieces->p, whole->p);
    fail();
}

static void need_same_in_pieces(const struct record *what, const char *name, const char *p,
                                size_t n, const struct pie_buf *whole)
{
    static const size_t steps[] = {1, 2, 3, 7};
    struct pie_buf pieces;
    pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
    for (size_t first = 0; first <= n; first++) {
        pie_buf_clear(&pieces);
        record_pieces(what, p, n, first, 0, &pieces);
        need_same(whole, &pieces, name, first, 0);
    }
    for (size_t i = 0; i < PIE_COUNT(steps); i++) {
        pie_buf_clear(&pieces);
        record_pieces(what, p, n, steps[i], steps[i], &pieces);
        need_same(whole, &pieces, name, steps[i], steps[i]);
    }
    pie_buf_free(&pieces);
}

static int32_t buf_holds(const struct pie_buf *b, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= b->n; i++) {
        if (memcmp(b->p + i, part, n) == 0)
            return 1;
    }
    return 0;
}

static void need_holds(const struct pie_buf *b, const char *name, const char *part)
{
    if (buf_holds(b, part))
        return;
    print_error("%s: no '%s' in\n%s\n", name, part, b->p);
    fail();
}

static struct pie_slice record_rest(const struct pie_buf *whole)
{
    static const char mark[] = "\nrest: ";
    for (size_t i = 0; i + sizeof(mark) <= whole->n; i++) {
        if (memcmp(whole->p + i, mark, sizeof(mark) - 1) == 0) {
            size_t start = i + sizeof(mark) - 1;
            return pie_slice(whole->p + start, whole->n - start - 1);
        }
    }
    return pie_slice(NULL, 0);
}

/* The promise: whatever came, the rest of a JSON reply can be read. */
static void need_readable(const struct pie_buf *whole, const char *name)
{
    struct pie_doc *doc = NULL;
    if (!buf_holds(whole, "kind: json\n"))
        return;
    struct pie_slice rest = record_rest(whole);
    if (pie_doc_parse(&pie_mem_libc, rest, &doc) != APIPIE_OK) {
        print_error("%s: the rest is no JSON:\n%.*s\n", name, (int)rest.n, rest.p);
        fail();
    }
    pie_doc_free(doc);
}

static void need_rest(const struct pie_buf *whole, const struct reply *r)
{
    struct pie_buf plain;
    if (r->rest == NULL)
        return;
    pie_buf_init(&plain, &pie_mem_libc, SIZE_MAX);
    pie_json_plain(record_rest(whole), &plain);
    pie_buf_add(&plain, "", 0);
    assert_string_equal(plain.p, r->rest);
    pie_buf_free(&plain);
}

/* ---- tests */

static void each_reply_is_understood(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(replies); i++) {
        struct pie_buf whole;
        const struct reply *r = &replies[i];
        record_all(&what, r->body, r->n, &whole);
        need_holds(&whole, r->name, "misuse: 0\n");
        for (size_t k = 0; k < PIE_COUNT(r->holds) && r->holds[k] != NULL; k++)
            need_holds(&whole, r->name, r->holds[k]);
        need_readable(&whole, r->name);
        need_rest(&whole, r);
        pie_buf_free(&whole);
    }
}

static void any_chunking_gives_the_same(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 1, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 1, 0, 0};
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
    struct record what = {reply_paths, 500, 0, 0, 0, 0};
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
    struct record what = {NULL, 200, 1, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 40};
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
    struct record what = {reply_paths, 200, 0, 0, 36, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "{\"images\":[", 1);
    repeat(&body, "\"QUJD\",", PIE_PARTS_MAX + 3);
    repeat(&body, "\"QUJD\"]}", 1);
    need_same_in_some(&what, "many", &body, &whole);
    need_holds(&whole, "many", "  what: more pictures than can be taken\n");
    need_holds(&whole, "many", "[255,0,0,0] image slot 255\n");
    assert_false(buf_holds(&whole, "[256,0,0,0]"));
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void blanks_before_the_reply_are_skipped(void **state)
{
    struct record what = {reply_paths, 200, 0, 0, 0, 0};
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

struct scarce {
    int32_t left;  /* allocations that succeed */
    int32_t alive; /* blocks not given back */
};

static void *scarce_alloc(void *user, size_t size)
{
    struct scarce *m = user;
    void *block = m->left-- > 0 ? malloc(size) : NULL;
    m->alive += block != NULL;
    return block;
}

static void *scarce_resize(void *user, void *block, size_t size)
{
    struct scarce *m = user;
    return m->left-- > 0 ? realloc(block, size) : NULL;
}

static void scarce_release(void *user, void *block)
{
    struct scarce *m = user;
    m->alive--;
    free(block);
}

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
    for (int32_t n = 0; !enough; n++) {
        struct scarce scarce = {n, 0};
        struct pie_mem mem = {&scarce, scarce_alloc, scarce_resize, scarce_release};
        enough = runs_in(&mem, text, sizeof(text) - 1);
        assert_int_equal(scarce.alive, 0);
        assert_true(n < 100);
    }
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
