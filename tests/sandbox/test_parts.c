/* SPDX-License-Identifier: MIT */
/* Parts of the sandbox whose clock must be ours: the history's ring and dates, the bucket of a rate. And forms and pictures,
 * byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/wires_priv.h"

static const struct pie_model model = {
    .provider = "prodia", .model = "m", .description = "", .best_for = ""};

static void writes_times(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1709164800001, "2024-02-29T00:00:00.001Z"},
        {1735689599999, "2024-12-31T23:59:59.999Z"},
        {1735689600000, "2025-01-01T00:00:00.000Z"},
        {1792567680050, "2026-10-21T07:28:00.050Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
    };
    char text[PIE_NUMBER_MAX];

    (void)state;
    for (size_t i = 0; i < PIE_COUNT(cases); i++) {
        pie_number_iso_text(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void writes_durations_as_go_does(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ms"},
        {17, "17ms"},
        {999, "999ms"},
        {1000, "1s"},
        {1500, "1.5s"},
        {2050, "2.05s"},
        {59999, "59.999s"},
        {60000, "1m0s"},
        {60001, "1m0.001s"},
        {360000, "6m0s"},
        {3600000, "1h0m0s"},
        {3723500, "1h2m3.5s"},
        {360000000, "100h0m0s"},
    };
    char text[PIE_NUMBER_MAX];

    (void)state;
    for (size_t i = 0; i < PIE_COUNT(cases); i++) {
        pie_throttle_duration(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* One request of the bucket at a time; what its answer says. */
static void take(struct pie_throttle *t, int64_t ms, apipie_status status, const char *remaining,
                 const char *reset, const char *wait, const char *wait_ms)
{
    struct pie_answer answer;

    pie_answer_init(&answer);
    assert_int_equal(pie_throttle_take(t, ms, &answer), status);
    assert_int_equal(answer.status, status == APIPIE_OK ? 200 : 429);
    assert_string_equal(answer.rate_remaining, remaining);
    assert_string_equal(answer.rate_reset, reset);
    assert_string_equal(answer.retry_after, wait);
    assert_string_equal(answer.retry_after_ms, wait_ms);
    pie_answer_free(&answer);
}

static void counts_a_minute_s_requests(void **state)
{
    struct pie_throttle t;

    (void)state;
    pie_throttle_set(&t, 0, 500);
    take(&t, 500, APIPIE_OK, "", "", "", "");
    pie_throttle_set(&t, 3, 1000); /* one every 20 s */
    take(&t, 1000, APIPIE_OK, "2", "20s", "", "");
    take(&t, 1000, APIPIE_OK, "1", "40s", "", "");
    take(&t, 2000, APIPIE_OK, "0", "59s", "", "");
    take(&t, 2000, APIPIE_E_LIMIT, "0", "59s", "19", "19000");
    take(&t, 20999, APIPIE_E_LIMIT, "0", "40.001s", "1", "1");
    take(&t, 21000, APIPIE_OK, "0", "1m0s", "", "");
    take(&t, 21001, APIPIE_E_LIMIT, "0", "59.999s", "20", "19999");
    take(&t, 61000, APIPIE_OK, "1", "40s", "", "");
    take(&t, 61000 + (int64_t)1000 * 86400000, APIPIE_OK, "2", "20s", "", "");
    pie_throttle_set(&t, INT32_MAX, 0);
    take(&t, INT64_MAX, APIPIE_OK, "2147483646", "1ms", "", "");
}

static int64_t first_and_count(const struct pie_till *till, int64_t now, int64_t limit,
                               int64_t offset, size_t *ret_count)
{
    struct pie_buf out;
    const char *at;
    uint64_t first = 0;

    pie_buf_init(&out, &pie_mem_libc, 1u << 20);
    pie_till_write(till, now, limit, offset, &out);
    assert_int_equal(out.failed, APIPIE_OK);
    *ret_count = 0;
    for (at = out.p; (at = strstr(at, "{\"id\":")) != NULL; at += 6, ++*ret_count)
        if (*ret_count == 0)
            assert_int_equal(pie_number_uint(pie_slice(at + 6, strcspn(at + 6, ",")), &first),
                             APIPIE_OK);
    pie_buf_free(&out);
    return (int64_t)first;
}

static void keeps_the_last_10000_rows(void **state)
{
    struct pie_till till;
    struct pie_till_row row;
    size_t n;

    (void)state;
    assert_int_equal(pie_till_init(&till), APIPIE_OK);
    memset(&row, 0, sizeof(row));
    row.model = &model;
    assert_int_equal(first_and_count(&till, 0, 100, 0, &n), 0);
    assert_int_equal(n, 0);
    for (int64_t i = 1; i <= 25003; i++) {
        row.visible_ms = i == 25001 ? 50 : 0;
        pie_till_add(&till, &row);
    }
    assert_int_equal(first_and_count(&till, 50, 100, 0, &n), 25003);
    assert_int_equal(n, 100);
    assert_int_equal(first_and_count(&till, 50, 100, 9990, &n), 15013);
    assert_int_equal(n, 10);
    assert_int_equal(first_and_count(&till, 50, 1, 9999, &n), 15004);
    assert_int_equal(n, 1);
    first_and_count(&till, 50, 100, 10000, &n);
    assert_int_equal(n, 0);
    assert_int_equal(first_and_count(&till, 50, 1, 2, &n), 25001);
    assert_int_equal(first_and_count(&till, 49, 1, 2, &n), 25000); /* one is not listed yet */
    first_and_count(&till, 49, 1, 9999, &n);
    assert_int_equal(n, 0);
    pie_till_free(&till);
}

/* ---- forms, byte by byte */

static apipie_status parse(const char *type, const char *body, struct pie_fields *ret)
{
    return pie_fields_parse(pie_slice_text(type), pie_slice_text(body), ret);
}

#define FORM        "multipart/form-data; boundary=b"
#define DISPOSITION "Content-Disposition: form-data; name="

static void reads_forms(void **state)
{
    struct pie_fields form;
    const struct pie_field *part;

    (void)state;
    assert_int_equal(parse("Multipart/form-data; charset=utf-8; boundary=\"a b\"",
                           "--a b\r\n" DISPOSITION "\"n\"\r\n\r\n1\r\n--a b--", &form),
                     APIPIE_OK);
    assert_true(pie_slice_equal(pie_fields_text(&form, "n"), "1"));
    assert_int_equal(
        parse(FORM,
              "--b\r\ncontent-disposition: form-data; filename=\"name=\\\"x\\\";.png\"; "
              "name=\"image[]\"\r\nContent-Type: image/png\r\nX-Other: 1\r\n\r\n"
              "a\r\n--c\r\n-\r\n\r\n--b\r\n" DISPOSITION "\"empty\"\r\n\r\n\r\n--b\r\n" DISPOSITION
              "plain\r\n\r\nx--b inside\r\n--b--\r\n",
              &form),
        APIPIE_OK);
    assert_int_equal(form.count, 3);
    part = pie_fields_find(&form, "image[]", 0);
    assert_true(part->is_file);
    assert_true(pie_slice_equal(part->filename, "name=\\\"x\\\";.png"));
    assert_true(pie_slice_equal(part->mime, "image/png"));
    assert_true(pie_slice_equal(part->body, "a\r\n--c\r\n-\r\n"));
    assert_null(pie_fields_find(&form, "image[]", 1));
    assert_int_equal(pie_fields_text(&form, "image[]").n, 0); /* a file is no text */
    assert_int_equal(pie_fields_find(&form, "empty", 0)->body.n, 0);
    assert_true(pie_slice_equal(pie_fields_text(&form, "plain"), "x--b inside"));
    assert_int_equal(parse(FORM, "--b--", &form), APIPIE_OK);
    assert_int_equal(form.count, 0);
}

static void refuses_bad_forms(void **state)
{
    static const struct {
        const char *type, *body;
    } cases[] = {
        {"multipart/form-data", "--b--"},
        {"multipart/form-data; boundary=", "--b--"},
        {"multipart/form-data; boundary=\"b", "--b--"},
        {FORM, ""},
        {FORM, "--"},
        {FORM, "--b"},
        {FORM, "--c--"},
        {FORM, "\r\n--b--"},
        {FORM, "--b--x"},
        {FORM, "--b\n" DISPOSITION "\"n\"\n\n1\n--b--"},
        {FORM, "--b\r\n" DISPOSITION "\"n\"\r\n\r\n1"},
        {FORM, "--b\r\n" DISPOSITION "\"n\"\r\n\r\n1\r\n--b"},
        {FORM, "--b\r\n" DISPOSITION "\"n\"\r\n\r\n1--b--"},
        {FORM, "--b\r\n" DISPOSITION "\"n\"\r\n1\r\n--b--"},
        {FORM, "--b\r\n" DISPOSITION "\"\"\r\n\r\n1\r\n--b--"},
        {FORM, "--b\r\n" DISPOSITION "\"n\r\n\r\n1\r\n--b--"},
        {FORM, "--b\r\nContent-Disposition: attachment; name=\"n\"\r\n\r\n1\r\n--b--"},
        {FORM, "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"},
        {FORM, "--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--"},
        {FORM, "--b\r\nno header\r\n" DISPOSITION "\"n\"\r\n\r\n1\r\n--b--"},
        {FORM, "--b \r\n" DISPOSITION "\"n\"\r\n\r\n1\r\n--b--"},
    };
    struct pie_fields form;

    (void)state;
    for (size_t i = 0; i < PIE_COUNT(cases); i++)
        assert_int_equal(parse(cases[i].type, cases[i].body, &form), APIPIE_E_ARGUMENT);
}

/* Every piece of a good form is one that is not whole; of the heap, so that a byte too far is seen. */
static void refuses_cut_forms(void **state)
{
    static const char whole[] = "--b\r\n" DISPOSITION "\"n\"; filename=\"f\"\r\n\r\nxy\r\n--b--";
    struct pie_fields form;

    (void)state;
    for (size_t n = 0; n < sizeof(whole); n++) {
        char *piece = pie_mem_text(&pie_mem_libc, whole, n);

        assert_int_equal(pie_fields_parse(pie_slice_text(FORM), pie_slice(piece, n), &form),
                         n == sizeof(whole) - 1 ? APIPIE_OK : APIPIE_E_ARGUMENT);
        pie_mem_free(&pie_mem_libc, piece);
        if (n == sizeof(whole) - 1)
            break;
    }
}

/* ---- pictures that came */

static void tells_pictures_apart(void **state)
{
    struct pie_drawing d = {{"a lake", 6}, 1, 24, 16, 1};
    struct pie_probe probe;
    struct pie_buf png, copy;

    (void)state;
    pie_buf_init(&png, &pie_mem_libc, 100000);
    pie_buf_init(&copy, &pie_mem_libc, 100000);
    assert_int_equal(pie_draw(&d, &png), APIPIE_OK);
    pie_probe(pie_buf_slice(&png), &probe);
    assert_int_equal(probe.kind, PIE_PROBE_PNG);
    assert_int_equal(probe.width, 24);
    assert_int_equal(probe.height, 16);
    assert_false(probe.alpha);
    for (size_t n = 0; n < png.n; n++) { /* no beginning of it is whole */
        char *piece = pie_mem_text(&pie_mem_libc, png.p, n);

        pie_probe(pie_slice(piece, n), &probe);
        assert_int_equal(probe.kind, PIE_PROBE_OTHER);
        pie_mem_free(&pie_mem_libc, piece);
    }
    pie_buf_add_slice(&copy, pie_buf_slice(&png));
    pie_buf_add_char(&copy, 'x');
    pie_probe(pie_buf_slice(&copy), &probe);
    assert_int_equal(probe.kind, PIE_PROBE_OTHER);
    pie_probe(pie_slice("\xff\xd8\xff\xe0 0123456\xff\xd9", 14), &probe);
    assert_int_equal(probe.kind, PIE_PROBE_JPEG);
    pie_probe(pie_slice("\xff\xd8\xff\xe0 0123456\xff", 13), &probe);
    assert_int_equal(probe.kind, PIE_PROBE_OTHER);
    pie_probe(pie_slice("RIFF\4\0\0\0WEBPVP8 ", 16), &probe);
    assert_int_equal(probe.kind, PIE_PROBE_WEBP);
    pie_buf_free(&png);
    pie_buf_free(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_times),
        cmocka_unit_test(writes_durations_as_go_does),
        cmocka_unit_test(counts_a_minute_s_requests),
        cmocka_unit_test(keeps_the_last_10000_rows),
        cmocka_unit_test(reads_forms),
        cmocka_unit_test(refuses_bad_forms),
        cmocka_unit_test(refuses_cut_forms),
        cmocka_unit_test(tells_pictures_apart),
    };

    return cmocka_run_group_tests_name("sandbox-parts", tests, NULL, NULL);
}
