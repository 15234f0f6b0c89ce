/* SPDX-License-Identifier: MIT */
/* Bodies out of pieces: memory and files, plain and as base64, and multipart/form-data read by a parser that allows nothing
 * but what RFC 7578 says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dialect/input_priv.h"

#define LARGE 40001 /* more than is read at a time, and no whole groups of three */

struct stage {
    char path[64];
    uint8_t bytes[LARGE];
    struct pie_file_stamp stamp;
    struct pie_http_request q;
    struct pie_buf want, got;
};

static void stage_stamp(struct stage *s)
{
    const char *reason = NULL;
    pie_file f = PIE_FILE_NONE;
    assert_int_equal(pie_file_open_read(s->path, &f, &reason), APIPIE_OK);
    assert_int_equal(pie_file_stamp(f, &s->stamp, &reason), APIPIE_OK);
    pie_file_close(f, &reason);
}

static void stage_write(struct stage *s, const char *mode, const void *p, size_t n)
{
    FILE *f = fopen(s->path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Another time of change than any before. */
static void stage_age(struct stage *s, int seconds)
{
    struct timespec at[2] = {{0, UTIME_OMIT}, {1000000 + seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, s->path, at, 0), 0);
}

static int stage_setup(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    *state = s;
    strcpy(s->path, "/tmp/apipie-inputs-XXXXXX");
    close(mkstemp(s->path));
    for (size_t i = 0; i < LARGE; i++)
        s->bytes[i] = (uint8_t)(i * i >> 5);
    memcpy(s->bytes, "\x89PNG\r\n\x1a\n", 8);
    stage_write(s, "wb", s->bytes, LARGE);
    stage_stamp(s);
    pie_http_request_init(&s->q, &pie_mem_libc);
    pie_buf_init(&s->want, &pie_mem_libc, 1 << 22);
    pie_buf_init(&s->got, &pie_mem_libc, 1 << 22);
    return 0;
}

static int stage_teardown(void **state)
{
    struct stage *s = *state;
    unlink(s->path);
    pie_http_request_free(&s->q);
    pie_buf_free(&s->want);
    pie_buf_free(&s->got);
    free(s);
    return 0;
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_setup, stage_teardown)

static void want_base64(struct stage *s, size_t from, size_t n)
{
    char *text = malloc(n * 2 + 8);
    assert_non_null(text);
    pie_buf_add(&s->want, text, pie_base64_encode(s->bytes + from, n, text));
    free(text);
}

static void want_text(struct stage *s, const char *text)
{
    pie_buf_add_text(&s->want, text);
    pie_buf_add_text(&s->q.text, text);
}

static void add_file(struct stage *s, size_t from, size_t n, pie_segment_encode_fn encode)
{
    pie_http_request_add_file(&s->q, s->path, &s->stamp, from, n, encode);
    if (encode != NULL)
        want_base64(s, from, n);
    else
        pie_buf_add(&s->want, s->bytes + from, n);
}

static void add_bytes(struct stage *s, size_t from, size_t n, pie_segment_encode_fn encode)
{
    pie_http_request_add_bytes(&s->q, s->bytes + from, n, encode);
    if (encode != NULL)
        want_base64(s, from, n);
    else
        pie_buf_add(&s->want, s->bytes + from, n);
}

/* The body, read so many bytes at a time; where it stopped. */
static void read_body(struct stage *s, size_t room, struct pie_http_place *at)
{
    static char piece[100000];
    size_t n = 0;
    pie_buf_clear(&s->got);
    while ((n = pie_http_request_read(&s->q, at, piece, room)) != 0) {
        assert_in_range(n, 1, room);
        pie_buf_add(&s->got, piece, n);
    }
    assert_int_equal(s->got.failed, APIPIE_OK);
}

static void need_body(struct stage *s)
{
    static const size_t rooms[] = {4, 5, 7, 64, 6143, 8192, 8193, 65536, 100000};
    struct pie_http_place at;
    pie_http_place_init(&at);
    assert_int_equal(pie_http_request_end_body(&s->q), APIPIE_OK);
    assert_int_equal(pie_http_request_length(&s->q), s->want.n);
    for (size_t i = 0; i < PIE_COUNT(rooms); i++) {
        read_body(s, rooms[i], &at);
        assert_null(at.reason);
        assert_int_equal(s->got.n, s->want.n);
        assert_memory_equal(s->got.p, s->want.p, s->want.n);
        assert_int_equal(at.file, PIE_FILE_NONE); /* nothing stays open behind the end */
        pie_http_place_rewind(&at);
    }
}

static void pieces_come_in_order(void **state)
{
    struct stage *s = *state;
    want_text(s, "{\"a\":\"");
    add_file(s, 0, LARGE, pie_base64_encode);
    want_text(s, "\",\"b\":\"");
    add_bytes(s, 0, LARGE, pie_base64_encode);
    add_bytes(s, 7, 1, pie_base64_encode); /* nothing between two */
    add_file(s, 9, 2, pie_base64_encode);
    add_file(s, LARGE - 3, 3, pie_base64_encode);
    add_bytes(s, 0, 30000, NULL);
    for (int i = 0; i < 3000; i++)
        want_text(s, "the text moves while it grows ");
    add_file(s, 100, 20000, NULL);
    add_bytes(s, 0, 0, NULL); /* nothing is nothing */
    want_text(s, "}");
    need_body(s);
    assert_null(pie_http_request_plain(&s->q));
    pie_http_request_clear_body(&s->q); /* and again, in the same memory */
    pie_buf_clear(&s->want);
    want_text(s, "{}");
    need_body(s);
    assert_ptr_equal(pie_http_request_plain(&s->q), s->q.text.p);
    pie_http_request_clear_body(&s->q);
    pie_buf_clear(&s->want);
    add_file(s, 0, LARGE, NULL);
    need_body(s);
    pie_http_request_clear_body(&s->q);
    pie_buf_clear(&s->want);
    pie_buf_add_text(&s->want, "");
    need_body(s);
}

static void there_are_not_too_many(void **state)
{
    struct stage *s = *state;
    for (int i = 0; i < PIE_SEGMENTS_MAX; i++)
        pie_http_request_add_bytes(&s->q, "x", 1, NULL);
    assert_int_equal(pie_http_request_end_body(&s->q), APIPIE_OK);
    assert_int_equal(pie_http_request_length(&s->q), PIE_SEGMENTS_MAX);
    pie_http_request_add_bytes(&s->q, "x", 1, NULL);
    assert_int_equal(pie_http_request_end_body(&s->q), APIPIE_E_LIMIT);
    pie_http_request_clear_body(&s->q);
    pie_http_request_add_bytes(&s->q, "x", 1, NULL);
    assert_int_equal(pie_http_request_end_body(&s->q), APIPIE_OK);
}

/* ---- files that are not what they were */

static void gone(struct stage *s)
{
    unlink(s->path);
}

static void a_folder(struct stage *s)
{
    unlink(s->path);
    mkdir(s->path, 0700);
}

static void cut(struct stage *s)
{
    assert_int_equal(truncate(s->path, 30000), 0);
}

static void grown(struct stage *s)
{
    stage_write(s, "ab", "x", 1);
}

static void other_bytes(struct stage *s)
{
    stage_write(s, "r+b", "\x89PNG\r\n\x1a\n?", 9);
    stage_age(s, 1);
}

static const struct {
    const char *name;
    void (*change)(struct stage *s);
    const char *word;
} changes[] = {{"gone", gone, "no such file"},
               {"a folder", a_folder, "no regular file"},
               {"cut", cut, "changed"},
               {"grown", grown, "changed"},
               {"other bytes of the same length", other_bytes, "changed"}};

static void need_problem(struct stage *s, struct pie_http_place *at, const char *word)
{
    char problem[PIE_HTTP_PROBLEM];
    pie_http_request_problem(&s->q, at, problem);
    if (strstr(problem, word) == NULL || strstr(problem, s->path) == NULL)
        fail_msg("\"%s\" lacks \"%s\" or the path", problem, word);
}

static void each_change_is_found(void **state, int32_t encoded, size_t before)
{
    char piece[4096];
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(changes); i++) {
        void *fresh = NULL;
        struct pie_http_place at;
        stage_setup(&fresh);
        struct stage *s = fresh;
        pie_http_place_init(&at);
        want_text(s, "before ");
        add_file(s, 0, LARGE, encoded ? pie_base64_encode : NULL);
        want_text(s, " behind");
        assert_int_equal(pie_http_request_end_body(&s->q), APIPIE_OK);
        assert_int_equal(pie_http_request_check_files(&s->q, piece), APIPIE_OK);
        for (size_t n = 0; n < before;) {
            size_t got = pie_http_request_read(&s->q, &at, piece, sizeof(piece));
            assert_in_range(got, 1, sizeof(piece));
            n += got;
        }
        changes[i].change(s);
        assert_int_equal(pie_http_request_check_files(&s->q, piece), APIPIE_E_FILE);
        if (strstr(piece, changes[i].word) == NULL)
            fail_msg("%s: \"%s\"", changes[i].name, piece);
        read_body(s, sizeof(piece), &at);
        /* One that was open keeps what it is, whatever its name becomes. */
        if (before == 0 || i > 1) {
            assert_in_range(s->got.n + before, 0, s->want.n - 1);
            need_problem(s, &at, before == 0 || i != 2 ? changes[i].word : "shorter");
            assert_int_equal(pie_http_request_read(&s->q, &at, piece, sizeof(piece)), 0);
        } else {
            assert_null(at.reason);
            assert_memory_equal(s->got.p + s->got.n - 7, " behind", 7);
        }
        pie_http_place_rewind(&at);
        assert_null(at.reason);
        rmdir(s->path);
        stage_teardown(&fresh);
    }
}

static void files_that_changed_before(void **state)
{
    each_change_is_found(state, 0, 0);
    each_change_is_found(state, 1, 0);
}

static void files_that_change_meanwhile(void **state)
{
    each_change_is_found(state, 0, 10000);
    each_change_is_found(state, 1, 10000);
}

/* ---- in JSON */

static void set_input(struct pie_input *in, int32_t kind, const void *p, size_t n, const char *mime)
{
    memset(in, 0, sizeof(*in));
    in->kind = kind;
    in->p = p;
    in->n = n;
    in->mime = mime;
}

static void set_url(struct pie_input *in, const char *url)
{
    set_input(in, PIE_INPUT_URL, url, strlen(url), NULL);
}

static void need_json(struct stage *s, const struct pie_input *in, int32_t as, const char *want)
{
    pie_http_request_clear_body(&s->q);
    pie_buf_clear(&s->want);
    pie_buf_add_text(&s->want, want);
    assert_true(pie_input_fits(in, as));
    pie_input_json(&s->q, in, as);
    need_body(s);
}

static void pictures_stand_in_json(void **state)
{
    struct stage *s = *state;
    struct pie_input in;
    set_input(&in, PIE_INPUT_BYTES, "\x89PNG", 4, "image/png");
    need_json(s, &in, PIE_INPUT_AS_DATA_URI, "\"data:image/png;base64,iVBORw==\"");
    need_json(s, &in, PIE_INPUT_AS_BASE64, "\"iVBORw==\"");
    stage_write(s, "wb", "\x89PNG", 4);
    stage_stamp(s);
    set_input(&in, PIE_INPUT_FILE, s->path, strlen(s->path), "image/png");
    in.stamp = s->stamp;
    need_json(s, &in, PIE_INPUT_AS_DATA_URI, "\"data:image/png;base64,iVBORw==\"");
    need_json(s, &in, PIE_INPUT_AS_BASE64, "\"iVBORw==\"");
    set_url(&in, "https://a/\"b\"");
    need_json(s, &in, PIE_INPUT_AS_DATA_URI, "\"https://a/\\\"b\\\"\"");
    assert_false(pie_input_fits(&in, PIE_INPUT_AS_BASE64));
    set_url(&in, "DATA:image/png;Base64,iVBORw==");
    need_json(s, &in, PIE_INPUT_AS_DATA_URI, "\"DATA:image/png;Base64,iVBORw==\"");
    need_json(s, &in, PIE_INPUT_AS_BASE64, "\"iVBORw==\"");
    set_url(&in, "data:image/svg+xml,<svg>"); /* no base64, and none is made of it */
    assert_false(pie_input_fits(&in, PIE_INPUT_AS_BASE64));
    set_url(&in, "data:,;base64,iVBORw==");
    assert_false(pie_input_fits(&in, PIE_INPUT_AS_BASE64));
}

static void names_tell_nothing_of_the_disk(void **state)
{
    struct pie_input in;
    char name[PIE_INPUT_NAME];
    (void)state;
    set_input(&in, PIE_INPUT_BYTES, "", 0, "image/png");
    pie_input_name(&in, "image", 0, name);
    assert_string_equal(name, "image.png");
    in.mime = "image/svg+xml";
    pie_input_name(&in, "image", 15, name);
    assert_string_equal(name, "image-16.svg");
    in.mime = NULL;
    pie_input_name(&in, "a stem that is too long", SIZE_MAX - 1, name);
    assert_string_equal(name, "a stem that is -18446744073709551615.bin");
}

/* ---- multipart */

struct part {
    char name[200], file_name[200], type[64];
    const char *body;
    size_t n;
};

/* Moves on behind `text`, which must stand there. */
static void must_read(const char **at, const char *end, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        fail_msg("\"%.40s\" is not \"%s\"", *at, text);
    *at += n;
}

static int may_read(const char **at, const char *end, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        return 0;
    *at += n;
    return 1;
}

static void read_until(const char **at, const char *end, char stop, char *out, size_t capacity)
{
    size_t n = 0;
    for (; *at < end && **at != stop; ++*at) {
        assert_true(**at != '\r' && **at != '\n' && n + 1 < capacity);
        out[n++] = **at;
    }
    out[n] = '\0';
    assert_true(*at < end);
}

static size_t parse(const char *body, size_t n, const char *boundary, struct part *parts)
{
    const char *at = body;
    const char *end = body + n;
    char mark[100];
    size_t count = 0;
    snprintf(mark, sizeof mark, "\r\n--%s", boundary);
    must_read(&at, end, mark + 2);
    while (may_read(&at, end, "\r\n")) {
        struct part *p = &parts[count++];
        memset(p, 0, sizeof(*p));
        must_read(&at, end, "Content-Disposition: form-data; name=\"");
        read_until(&at, end, '"', p->name, sizeof(p->name));
        must_read(&at, end, "\"");
        if (may_read(&at, end, "; filename=\"")) {
            read_until(&at, end, '"', p->file_name, sizeof(p->file_name));
            must_read(&at, end, "\"\r\nContent-Type: ");
            read_until(&at, end, '\r', p->type, sizeof(p->type));
        }
        must_read(&at, end, "\r\n\r\n");
        p->body = at;
        while ((size_t)(end - at) >= strlen(mark) && memcmp(at, mark, strlen(mark)) != 0)
            at++;
        p->n = (size_t)(at - p->body);
        must_read(&at, end, mark);
    }
    must_read(&at, end, "--\r\n");
    assert_ptr_equal(at, end);
    return count;
}

static void need_part(const struct part *p, const char *name, const char *file_name,
                      const char *type, const void *body, size_t n)
{
    assert_string_equal(p->name, name);
    assert_string_equal(p->file_name, file_name);
    assert_string_equal(p->type, type);
    assert_int_equal(p->n, n);
    assert_memory_equal(p->body, body, n);
}

static const uint8_t random_bytes[PIE_MULTIPART_RANDOM] = {0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF};

/* Ends it, reads it, and takes it apart. */
static size_t read_parts(struct stage *s, struct pie_multipart *m, struct part *parts)
{
    struct pie_http_place at;
    char want[100];
    pie_http_place_init(&at);
    assert_int_equal(pie_multipart_end(m), APIPIE_OK);
    snprintf(want, sizeof want, "multipart/form-data; boundary=%s", m->boundary);
    assert_string_equal(pie_headers_get(&s->q.headers, "content-type"), want);
    assert_in_range(strlen(m->boundary), 20, 70);
    read_body(s, 65536, &at);
    assert_null(at.reason);
    assert_int_equal(s->got.n, pie_http_request_length(&s->q));
    pie_http_place_rewind(&at);
    return parse(s->got.p, s->got.n, m->boundary, parts);
}

static void fields_and_files(void **state)
{
    struct stage *s = *state;
    struct pie_multipart m;
    struct pie_input bytes, file, url;
    struct part parts[8];
    set_input(&bytes, PIE_INPUT_BYTES, s->bytes, 9, "image/png");
    set_input(&file, PIE_INPUT_FILE, s->path, strlen(s->path), "image/webp");
    file.stamp = s->stamp;
    set_url(&url, "https://a/b.png");
    pie_multipart_begin(&m, &s->q, random_bytes);
    pie_multipart_text(&m, "model", pie_slice_text("dall-e-2"));
    assert_int_equal(pie_multipart_file(&m, "image[]", "image.png", &bytes), APIPIE_OK);
    assert_int_equal(pie_multipart_file(&m, "image[]", "image-2.webp", &file), APIPIE_OK);
    assert_int_equal(pie_multipart_file(&m, "image[]", "c", &url), APIPIE_E_UNSUPPORTED);
    pie_multipart_text(&m, "prompt", pie_slice("line\r\n--\nline\0two\xC3\xA9", 20));
    pie_multipart_text(&m, "n", pie_slice_text(""));
    assert_int_equal(pie_multipart_file(&m, "mask", "mask.png", &bytes), APIPIE_OK);
    assert_int_equal(read_parts(s, &m, parts), 6);
    need_part(&parts[0], "model", "", "", "dall-e-2", 8);
    need_part(&parts[1], "image[]", "image.png", "image/png", s->bytes, 9);
    need_part(&parts[2], "image[]", "image-2.webp", "image/webp", s->bytes, LARGE);
    need_part(&parts[3], "prompt", "", "", "line\r\n--\nline\0two\xC3\xA9", 20); /* as it is */
    need_part(&parts[4], "n", "", "", "", 0);
    need_part(&parts[5], "mask", "mask.png", "image/png", s->bytes, 9);
}

static void nothing_breaks_out_of_a_name(void **state)
{
    struct stage *s = *state;
    struct pie_multipart m;
    struct pie_input in;
    struct part parts[3];
    set_input(&in, PIE_INPUT_BYTES, "GIF89a", 6, "image/gif");
    pie_multipart_begin(&m, &s->q, random_bytes);
    pie_multipart_text(&m, "a\"; filename=\"b", pie_slice_text("1"));
    assert_int_equal(pie_multipart_file(&m, "x\r\n\r\ny", "\"%22\\\n\xC3\xBC.gif", &in), APIPIE_OK);
    assert_int_equal(read_parts(s, &m, parts), 2);
    need_part(&parts[0], "a%22; filename=%22b", "", "", "1", 1);
    need_part(&parts[1], "x%0D%0A%0D%0Ay", "%22%22\\%0A\xC3\xBC.gif", "image/gif", "GIF89a", 6);
}

static void no_field_at_all(void **state)
{
    struct stage *s = *state;
    struct pie_multipart m;
    pie_multipart_begin(&m, &s->q, random_bytes);
    assert_int_equal(pie_multipart_end(&m), APIPIE_OK);
    assert_string_equal(s->q.text.p, "--apipie-0001027f80feff000000000000000000--\r\n");
}

static void the_boundary_is_of_the_random_bytes(void **state)
{
    struct stage *s = *state;
    struct pie_multipart a, b;
    uint8_t other[PIE_MULTIPART_RANDOM];
    memcpy(other, random_bytes, sizeof(other));
    pie_multipart_begin(&a, &s->q, random_bytes);
    for (size_t i = 0; i < sizeof(other); i++) { /* each of them, whole */
        for (int bit = 0; bit < 8; bit++) {
            other[i] ^= (uint8_t)(1 << bit);
            pie_multipart_begin(&b, &s->q, other);
            assert_string_not_equal(a.boundary, b.boundary);
            other[i] ^= (uint8_t)(1 << bit);
        }
    }
    pie_multipart_begin(&b, &s->q, other);
    assert_string_equal(a.boundary, b.boundary);
}

/* A mask and all the images that there may be. */
static void the_most_pictures(void **state)
{
    struct stage *s = *state;
    struct pie_multipart m;
    struct pie_input in;
    struct part parts[APIPIE_LIMIT_IMAGES + 20];
    set_input(&in, PIE_INPUT_FILE, s->path, strlen(s->path), "image/png");
    in.stamp = s->stamp;
    pie_multipart_begin(&m, &s->q, random_bytes);
    for (int i = 0; i < 16; i++)
        pie_multipart_text(&m, "field", pie_slice_text("value"));
    for (int i = 0; i < APIPIE_LIMIT_IMAGES; i++)
        assert_int_equal(pie_multipart_file(&m, "image[]", "image.png", &in), APIPIE_OK);
    assert_int_equal(pie_multipart_file(&m, "mask", "mask.png", &in), APIPIE_OK);
    assert_int_equal(read_parts(s, &m, parts), 16 + APIPIE_LIMIT_IMAGES + 1);
    for (size_t i = 16; i < 16 + APIPIE_LIMIT_IMAGES + 1; i++)
        assert_int_equal(parts[i].n, LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(pieces_come_in_order),      STAGE_TEST(there_are_not_too_many),
        STAGE_TEST(files_that_changed_before), STAGE_TEST(files_that_change_meanwhile),
        STAGE_TEST(pictures_stand_in_json),    STAGE_TEST(names_tell_nothing_of_the_disk),
        STAGE_TEST(fields_and_files),          STAGE_TEST(nothing_breaks_out_of_a_name),
        STAGE_TEST(no_field_at_all),           STAGE_TEST(the_boundary_is_of_the_random_bytes),
        STAGE_TEST(the_most_pictures),
    };
    return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
