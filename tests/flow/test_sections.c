/* SPDX-License-Identifier: MIT */
/* Replies that are multipart: what comes of each, and that no way of cutting them changes it. */
#include "need.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* The first bytes of a GIF of 2 x 3 pixels, with what looks like a delimiter, and a PNG's head. */
#define GIF     "GIF89a\x02\0\x03\0\r\n--\r\n--Bx\r\n\n--\r\n--B-\r\0"
#define GIF_IS  "  image: image/gif 2x3, 33 bytes\n"
#define JPEG    "\xFF\xD8\xFF\xE0picture"
#define JPEG_IS "  image: image/jpeg 0x0, 11 bytes\n"
#define JOB     "{\"id\":\"j\",\"price\":{\"dollars\":0.0025}}"
#define PART    "Content-Disposition: form-data; name=\"x\"\r\n\r\n"
#define FORM    "multipart/form-data; boundary=B"

#define BODY(text) text, sizeof(text) - 1

static const struct pie_path section_paths[] = {{"image", PIE_PATH_IMAGE}, {NULL, 0}};

static const struct section {
    const char *name;
    const char *body;
    size_t n;
    const char *rest; /* as plain JSON; NULL: not looked at */
    const char *holds[4];
    const char *lacks;
} sections[] = {
    {"a job and its picture",
     BODY("--B\r\n" PART JOB "\r\n--B\r\n" PART GIF "\r\n--B--\r\n"),
     JOB,
     {"kind: json\nfailure: 0\nshortened: 0\npart: path -1 [0,0,0,0] image slot 0\n" GIF_IS
      "slot: 0 e image/gif 33 " GIF},
     "damage"},
    {"the picture first, headers in any case, line feeds alone",
     BODY("--B\ncontent-TYPE: image/jpeg\n\n" JPEG "\n--B\n\n" JOB "\n--B--"),
     JOB,
     {"kind: json\n", "path -1 [0,0,0,0] image slot 0\n" JPEG_IS},
     "damage"},
    {"two pictures",
     BODY("--B\r\n" PART JPEG "\r\n--B\r\n" PART JOB "\r\n--B\r\n" PART GIF "\r\n--B--"),
     JOB,
     {"path -1 [0,0,0,0] image slot 0\n" JPEG_IS "part: path -1 [1,0,0,0] image slot 1\n" GIF_IS},
     "damage"},
    {"pictures alone",
     BODY("--B\r\n" PART JPEG "\r\n--B\r\n" PART JPEG "\r\n--B--"),
     NULL,
     {"kind: image\n", "[0,0,0,0] image", "[1,0,0,0] image", "rest: \n"},
     "damage"},
    {"a picture inside the JSON too",
     BODY("--B\r\n" PART "{\"image\":\"QUJD\"}\r\n--B\r\n" PART JPEG "\r\n--B--"),
     "{\"image\":null}",
     {"path 0 [0,0,0,0] image slot 0\n", "path -1 [0,0,0,0] image slot 1\n"},
     "damage"},
    {"the first JSON counts, and no text beside it",
     BODY("--B\r\n" PART "a note\r\n--B\r\n" PART JOB "\r\n--B\r\n" PART
          "{\"id\":2}\r\n--B\r\n" PART "another\r\n--B--"),
     JOB,
     {"kind: json\n"},
     "damage"},
    {"the first text, where there is no JSON",
     BODY("--B\r\n" PART "token is invalid\r\n--B\r\n" PART "another\r\n--B--"),
     NULL,
     {"kind: text\n", "rest: token is invalid\n"},
     "damage"},
    {"empty parts",
     BODY("--B\r\n" PART "\r\n--B\r\n\r\n\r\n--B--"),
     NULL,
     {"kind: none\n"},
     "part:"},
    {"cut in the picture",
     BODY("--B\r\n" PART JOB "\r\n--B\r\n" PART JPEG),
     JOB,
     {"kind: json\n", "damage", "[0,0,0,0] broken slot -1\n  broken: -400 the reply breaks off",
      "slot: 0 a image/jpeg 0"},
     NULL},
    {"cut behind the picture",
     BODY("--B\r\n" PART JOB "\r\n--B\r\n" PART JPEG "\r\n--B"),
     JOB,
     {"damage", "the reply breaks off between its parts\n", "[0,0,0,0] image slot 0\n" JPEG_IS},
     NULL},
    {"broken JSON",
     BODY("--B\r\n" PART "{\"id\":\"j\",\"pri\r\n--B\r\n" PART JPEG "\r\n--B--"),
     NULL,
     {"kind: json\n", "damage", "[0,0,0,0] image slot 0\n"},
     NULL},
    {"no multipart at all", BODY("<html>"), NULL, {"kind: none\n", "damage"}, "part:"},
};

static void check_section(struct record *what, const struct section *r)
{
    struct pie_buf whole;
    record_all(what, r->body, r->n, &whole);
    need_holds(&whole, r->name, "misuse: 0\n");
    for (size_t k = 0; k < PIE_COUNT(r->holds) && r->holds[k] != NULL; k++)
        need_holds(&whole, r->name, r->holds[k]);
    if (r->lacks != NULL && record_holds(&whole, r->lacks))
        fail_msg("%s: %s", r->name, whole.p);
    need_readable(&whole, r->name);
    need_rest(&whole, r->rest);
    need_same_in_pieces(what, r->name, r->body, r->n, &whole);
    pie_buf_free(&whole);
}

static void each_is_understood(void **state)
{
    struct record what = {section_paths, 200, 0, 0, 0, 0, NULL, FORM};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(sections); i++)
        check_section(&what, &sections[i]);
}

/* Types are often wrong: what is JSON or a picture is read as that. */
static void what_is_no_form_is_what_it_is(void **state)
{
    static const struct section others[] = {
        {"JSON", BODY("\r\n " JOB), JOB, {"kind: json\n"}, "damage"},
        {"JSON with a picture",
         BODY("{\"image\":\"QUJD\"}"),
         "{\"image\":null}",
         {"kind: json\n", "path 0 [0,0,0,0] image slot 0\n"},
         "damage"},
        {"a picture",
         BODY(GIF),
         NULL,
         {"kind: image\n", "path -1 [0,0,0,0] image slot 0\n" GIF_IS},
         "damage"},
        {"three bytes of one",
         BODY("\xFF\xD8\xFF"),
         NULL,
         {"kind: image\n", "image/jpeg"},
         "damage"},
    };
    struct record what = {section_paths, 200, 0, 0, 0, 0, NULL, FORM};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(others); i++)
        check_section(&what, &others[i]);
}

static void a_cut_anywhere_is_survived(void **state)
{
    struct record what = {section_paths, 200, 0, 1, 0, 0, NULL, FORM};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(sections); i++) {
        for (size_t n = 0; n < sections[i].n; n++) {
            struct pie_buf whole, pieces;
            record_all(&what, sections[i].body, n, &whole);
            need_holds(&whole, sections[i].name, "misuse: 0\n");
            need_readable(&whole, sections[i].name);
            pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
            record_pieces(&what, sections[i].body, n, 1, 1, &pieces);
            need_same(&whole, &pieces, sections[i].name, n, 1);
            pie_buf_free(&pieces);
            pie_buf_free(&whole);
        }
    }
}

/* What failed says is text, whatever it is: the first of it. */
static void a_failed_one_is_the_text_of_its_first_part(void **state)
{
    struct record what = {section_paths, 400, 0, 0, 0, 0, NULL, FORM};
    static const char body[] = "--B\r\n" PART "{\"error\":\"no\"}\r\n--B\r\n" PART JPEG "\r\n--B--";
    struct pie_buf whole;
    (void)state;
    record_all(&what, body, sizeof(body) - 1, &whole);
    need_holds(&whole, "400", "kind: text\n");
    need_holds(&whole, "400", "rest: {\"error\":\"no\"}\n");
    need_same_in_pieces(&what, "400", body, sizeof(body) - 1, &whole);
    pie_buf_free(&whole);
}

/* A large picture is refused, a full disk ends the picture: the job is read on. */
static void what_cannot_be_taken_is_told(void **state)
{
    struct record large = {section_paths, 200, 0, 0, 8, 0, NULL, FORM};
    struct record full = {section_paths, 200, 0, 0, 0, 8, NULL, FORM};
    static const char body[] = "--B\r\n" PART JPEG "\r\n--B\r\n" PART JOB "\r\n--B--";
    struct pie_buf whole;
    (void)state;
    record_all(&large, body, sizeof(body) - 1, &whole);
    need_holds(&whole, "large", "[0,0,0,0] broken");
    need_rest(&whole, JOB);
    pie_buf_free(&whole);
    record_all(&full, body, sizeof(body) - 1, &whole);
    need_holds(&whole, "full", "cannot write x: no space left");
    need_rest(&whole, JOB);
    pie_buf_free(&whole);
}

static void more_pictures_than_can_be_taken(void **state)
{
    struct record what = {section_paths, 200, 0, 0, 0, 0, NULL, FORM};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    for (size_t i = 0; i < PIE_PARTS_MAX + 2; i++)
        pie_buf_add_text(&body, "--B\r\n" PART JPEG "\r\n");
    pie_buf_add_text(&body, "--B\r\n" PART JOB "\r\n--B--");
    record_all(&what, body.p, body.n, &whole);
    need_holds(&whole, "many", "[255,0,0,0] image");
    assert_false(record_holds(&whole, "[256,0,0,0]"));
    need_holds(&whole, "many", "more pictures than can be taken");
    need_rest(&whole, JOB);
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

/* Another type, or none that names a boundary: the body is what it is. */
static void only_the_type_makes_it_one(void **state)
{
    static const char *const types[] = {NULL, "multipart/form-data", "text/plain; boundary=B"};
    static const char body[] = "--B\r\n" PART JPEG "\r\n--B--";
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(types); i++) {
        struct record what = {section_paths, 200, 0, 0, 0, 0, NULL, types[i]};
        struct pie_buf whole;
        record_all(&what, body, sizeof(body) - 1, &whole);
        need_holds(&whole, "type", "kind: text\n");
        need_holds(&whole, "type", "rest: --B");
        pie_buf_free(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_understood),
        cmocka_unit_test(what_is_no_form_is_what_it_is),
        cmocka_unit_test(a_cut_anywhere_is_survived),
        cmocka_unit_test(a_failed_one_is_the_text_of_its_first_part),
        cmocka_unit_test(what_cannot_be_taken_is_told),
        cmocka_unit_test(more_pictures_than_can_be_taken),
        cmocka_unit_test(only_the_type_makes_it_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
