/* SPDX-License-Identifier: MIT */
/* Where pictures go: names, nothing left behind, nothing overwritten, devices and folders that cannot be written. */
#include "flow/flow.h"
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct world {
    char folder[64];
    struct pie_wish wish;
    struct pie_sink *sink;
    struct apipie_error err;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return -1;
    memcpy(w->folder, "/tmp/apipie-sinks-XXXXXX", sizeof("/tmp/apipie-sinks-XXXXXX"));
    if (mkdtemp(w->folder) == NULL)
        return -1;
    pie_wish_init(&w->wish, &pie_mem_libc, APIPIE_REQUEST_IMAGE);
    w->wish.max_image_bytes = 1 << 20;
    pie_error_init(&w->err, &pie_mem_libc);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    if (w->sink != NULL)
        w->sink->type->close(w->sink);
    pie_wish_free(&w->wish);
    pie_error_free(&w->err);
    remove_all(w->folder);
    free(w);
    return 0;
}

static const char *in(const struct world *w, const char *name)
{
    static char path[600];
    snprintf(path, sizeof(path), "%s/%s", w->folder, name);
    return path;
}

static void set_text(struct world *w, int32_t which, const char *text)
{
    assert_int_equal(pie_wish_set_text(&w->wish, which, text, strlen(text)), APIPIE_OK);
}

static apipie_status open_sink(struct world *w, int32_t output, const char *path)
{
    w->wish.output = output;
    if (path != NULL)
        set_text(w, PIE_WISH_OUTPUT, path);
    assert_int_equal(pie_sink_new(&pie_mem_libc, &w->wish, &w->sink), APIPIE_OK);
    return w->sink->type->open(w->sink, &w->err);
}

static void close_sink(struct world *w)
{
    w->sink->type->close(w->sink);
    w->sink = NULL;
}

/* begin, two writes, end */
static void put(struct world *w, uint32_t slot, const char *text)
{
    struct pie_sink *s = w->sink;
    size_t half = strlen(text) / 2;
    assert_int_equal(s->type->begin(s, slot, "image/png"), APIPIE_OK);
    assert_int_equal(s->type->write(s, slot, (const uint8_t *)text, half), APIPIE_OK);
    assert_int_equal(s->type->write(s, slot, (const uint8_t *)text + half, strlen(text) - half),
                     APIPIE_OK);
    assert_int_equal(s->type->end(s, slot), APIPIE_OK);
}

static apipie_status commit(struct world *w, uint32_t slot, size_t index, size_t count,
                            char *ret_name)
{
    struct pie_image image;
    memset(&image, 0, sizeof(image));
    pie_buf_init(&image.data, &pie_mem_libc, 1);
    apipie_status status = w->sink->type->commit(w->sink, slot, index, count, &image);
    snprintf(ret_name, 600, "%s", image.path != NULL ? image.path : "");
    pie_mem_free(&pie_mem_libc, image.path);
    pie_buf_free(&image.data);
    return status;
}

static void need_commit(struct world *w, uint32_t slot, size_t index, size_t count,
                        const char *name)
{
    char got[600];
    assert_int_equal(commit(w, slot, index, count, got), APIPIE_OK);
    assert_string_equal(got, in(w, name));
}

static void need_file(const struct world *w, const char *name, const char *text)
{
    char got[256] = "";
    FILE *f = fopen(in(w, name), "rb");
    if (f == NULL)
        fail_msg("%s is not there", name);
    size_t n = fread(got, 1, sizeof(got) - 1, f);
    fclose(f);
    got[n] = '\0';
    assert_string_equal(got, text);
}

static void write_file(const struct world *w, const char *name, const char *text)
{
    FILE *f = fopen(in(w, name), "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static size_t count_files(const struct world *w)
{
    size_t n = 0;
    DIR *d = opendir(w->folder);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

/* ---- memory */

static void memory_hands_its_bytes_over(void **state)
{
    struct world *w = *state;
    struct pie_image image;
    memset(&image, 0, sizeof(image));
    pie_buf_init(&image.data, &pie_mem_libc, 1);
    assert_int_equal(open_sink(w, PIE_OUTPUT_MEMORY, NULL), APIPIE_OK);
    put(w, 0, "void");
    put(w, 3, "second");
    put(w, 0, "first");
    assert_int_equal(w->sink->type->commit(w->sink, 0, 0, 2, &image), APIPIE_OK);
    assert_int_equal(image.data.n, 5);
    assert_memory_equal(image.data.p, "first", 5);
    w->sink->type->abort(w->sink, 3);
    w->sink->type->abort(w->sink, 3);
    w->sink->type->abort(w->sink, 77);
    put(w, 4, "never committed");
    close_sink(w);
    assert_memory_equal(image.data.p, "first", 5);
    pie_buf_free(&image.data);
}

/* ---- one file */

static void a_file_appears_at_commit(void **state)
{
    struct world *w = *state;
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "lake.png")), APIPIE_OK);
    assert_int_equal(count_files(w), 1); /* the temporary one */
    put(w, 0, "picture");
    assert_int_equal(pie_path_kind(in(w, "lake.png")), PIE_PATH_ABSENT);
    need_commit(w, 0, 0, 1, "lake.png");
    close_sink(w);
    need_file(w, "lake.png", "picture");
    assert_int_equal(count_files(w), 1);
}

static void several_pictures_are_numbered(void **state)
{
    struct world *w = *state;
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "a.b.png")), APIPIE_OK);
    put(w, 2, "one");
    put(w, 0, "two");
    put(w, 1, "three");
    need_commit(w, 2, 0, 3, "a.b.png");
    need_commit(w, 0, 1, 3, "a.b-2.png");
    need_commit(w, 1, 2, 3, "a.b-3.png");
    close_sink(w);
    need_file(w, "a.b.png", "one");
    need_file(w, "a.b-2.png", "two");
    need_file(w, "a.b-3.png", "three");
    assert_int_equal(count_files(w), 3);
}

static void names_without_an_extension_are_numbered(void **state)
{
    struct world *w = *state;
    assert_int_equal(mkdir(in(w, "v1.2"), 0700), 0);
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "v1.2/.lake")), APIPIE_OK);
    put(w, 0, "two");
    need_commit(w, 0, 1, 2, "v1.2/.lake-2");
}

static void an_older_file_stays_until_commit(void **state)
{
    struct world *w = *state;
    write_file(w, "lake.png", "old");
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "lake.png")), APIPIE_OK);
    put(w, 0, "new");
    close_sink(w);
    need_file(w, "lake.png", "old");
    assert_int_equal(count_files(w), 1);
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "lake.png")), APIPIE_OK);
    put(w, 0, "new");
    need_commit(w, 0, 0, 1, "lake.png");
    close_sink(w);
    need_file(w, "lake.png", "new");
    assert_int_equal(count_files(w), 1);
}

static void what_is_not_committed_is_removed(void **state)
{
    struct world *w = *state;
    struct pie_sink *s;
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "lake.png")), APIPIE_OK);
    s = w->sink;
    put(w, 0, "aborted");
    s->type->abort(s, 0);
    s->type->abort(s, 0);
    assert_int_equal(count_files(w), 0);
    assert_int_equal(s->type->begin(s, 0, "image/png"), APIPIE_OK);
    assert_int_equal(s->type->write(s, 0, (const uint8_t *)"x", 1), APIPIE_OK);
    assert_int_equal(s->type->begin(s, 0, "image/png"),
                     APIPIE_OK); /* a retry: the first x is void */
    assert_int_equal(s->type->write(s, 0, (const uint8_t *)"y", 1), APIPIE_OK);
    assert_int_equal(count_files(w), 1);
    put(w, 1, "open");
    need_commit(w, 0, 0, 1, "lake.png"); /* ended by commit if need be */
    close_sink(w);
    need_file(w, "lake.png", "y");
    assert_int_equal(count_files(w), 1);
}

static void a_failed_commit_leaves_nothing(void **state)
{
    struct world *w = *state;
    char name[600];
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "lake.png")), APIPIE_OK);
    put(w, 0, "picture");
    assert_int_equal(mkdir(in(w, "lake.png"), 0700), 0); /* somebody was faster */
    write_file(w, "lake.png/x", "x");
    assert_int_equal(commit(w, 0, 0, 1, name), APIPIE_E_FILE);
    assert_string_equal(name, "");
    assert_non_null(strstr(w->sink->problem, "lake.png: "));
    assert_int_equal(count_files(w), 1);
}

/* ---- outputs that cannot be written are found before anything is sent */

static void need_refused(struct world *w, int32_t output, const char *path, const char *why)
{
    assert_int_equal(open_sink(w, output, path), APIPIE_E_FILE);
    assert_int_equal(w->err.code, APIPIE_E_FILE);
    if (strstr(w->err.message, why) == NULL)
        fail_msg("'%s' does not say '%s'", w->err.message, why);
    assert_int_not_equal(strlen(w->err.hint), 0);
    close_sink(w);
}

static void bad_outputs_are_refused_at_once(void **state)
{
    struct world *w = *state;
    char deep[600], longer[400];
    write_file(w, "file", "x");
    snprintf(deep, sizeof(deep), "%s/none/lake.png", w->folder);
    need_refused(w, PIE_OUTPUT_FILE, deep, "/none/lake.png: no such file or folder");
    need_refused(w, PIE_OUTPUT_FILE, w->folder, "it is a folder");
    need_refused(w, PIE_OUTPUT_FILE, in(w, "new/"), "it is a folder");
    need_refused(w, PIE_OUTPUT_FILE, in(w, "file/lake.png"), "a part of the path is no folder");
    need_refused(w, PIE_OUTPUT_FILE, "", "the name is empty");
    need_refused(w, PIE_OUTPUT_FOLDER, in(w, "file"), "there is no such folder");
    need_refused(w, PIE_OUTPUT_FOLDER, in(w, "none"), "there is no such folder");
    memset(longer, 'x', sizeof(longer));
    longer[300] = '\0';
    need_refused(w, PIE_OUTPUT_FILE, in(w, longer), "the name is too long");
    assert_int_equal(count_files(w), 1);
    if (geteuid() != 0) { /* root may write anywhere */
        assert_int_equal(chmod(w->folder, 0500), 0);
        need_refused(w, PIE_OUTPUT_FILE, in(w, "lake.png"), "permission denied");
        need_refused(w, PIE_OUTPUT_FOLDER, w->folder, "permission denied");
    }
    need_refused(w, PIE_OUTPUT_FOLDER, "/proc/self", ": ");
}

/* ---- a folder */

static void folder_names_come_from_the_prompt(void **state)
{
    struct world *w = *state;
    set_text(w, PIE_WISH_PROMPT,
             "A serene Landscape, with (mountains:1.2) reflected in a calm lake");
    assert_int_equal(open_sink(w, PIE_OUTPUT_FOLDER, w->folder), APIPIE_OK);
    put(w, 0, "one");
    need_commit(w, 0, 0, 1, "a-serene-landscape-with-mountains-1-2.png");
    put(w, 1, "two");
    need_commit(w, 1, 0, 1, "a-serene-landscape-with-mountains-1-2-2.png");
    put(w, 2, "three");
    need_commit(w, 2, 0, 2, "a-serene-landscape-with-mountains-1-2-3.png");
    put(w, 3, "four");
    need_commit(w, 3, 1, 2, "a-serene-landscape-with-mountains-1-2-4.png");
    close_sink(w);
    need_file(w, "a-serene-landscape-with-mountains-1-2.png", "one");
    assert_int_equal(count_files(w), 4);
}

static void odd_prompts_give_good_names(void **state)
{
    static const char *const rows[][2] = {
        {"../../etc/passwd", "etc-passwd.png"},
        {".hidden", "hidden.png"},
        {" \n\t!!! ", "image.png"},
        {"\x1b[31mred\x07", "31mred.png"},
        {"B\xC3\xA4ren \xE2\x80\xAE rtl", "b\xC3\xA4ren-rtl.png"},
        {"Donaudampfschifffahrtsgesellschaftskapitaensmuetze blue",
         "donaudampfschifffahrtsgesellschaftskapit.png"},
        {"\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1"
         "\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1",
         "\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1"
         "\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1\xE5\xB1\xB1.png"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        set_text(w, PIE_WISH_PROMPT, rows[i][0]);
        assert_int_equal(open_sink(w, PIE_OUTPUT_FOLDER, w->folder), APIPIE_OK);
        put(w, 0, "x");
        need_commit(w, 0, 0, 1, rows[i][1]);
        close_sink(w);
    }
    assert_int_equal(count_files(w), PIE_COUNT(rows));
}

static void a_stem_cannot_leave_the_folder(void **state)
{
    struct world *w = *state;
    set_text(w, PIE_WISH_STEM, "../My Lake");
    assert_int_equal(open_sink(w, PIE_OUTPUT_FOLDER, in(w, "")), APIPIE_OK); /* ends with '/' */
    put(w, 0, "x");
    need_commit(w, 0, 0, 1, "-.-My Lake.png");
    w->sink->type->begin(w->sink, 1, "image/jpeg");
    need_commit(w, 1, 1, 2, "-.-My Lake-2.jpg");
}

/* ---- devices and pipes */

static void a_device_is_written_directly(void **state)
{
    struct world *w = *state;
    char name[600];
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, "/dev/null"), APIPIE_OK);
    put(w, 0, "picture");
    assert_int_equal(commit(w, 0, 0, 1, name), APIPIE_OK);
    assert_string_equal(name, "/dev/null");
    assert_int_equal(w->sink->type->begin(w->sink, 1, "image/png"), APIPIE_E_FILE);
    assert_non_null(strstr(w->sink->problem, "/dev/null: there is room for one picture only"));
    close_sink(w);
    assert_int_equal(pie_path_kind("/dev/null"), PIE_PATH_SPECIAL);
}

static void a_pipe_gets_the_bytes(void **state)
{
    struct world *w = *state;
    char got[64] = "";
    char name[600];
    assert_int_equal(mkfifo(in(w, "pipe"), 0600), 0);
    int fd = open(in(w, "pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, in(w, "pipe")), APIPIE_OK);
    put(w, 0, "picture");
    assert_int_equal(read(fd, got, sizeof(got) - 1), 7);
    assert_string_equal(got, "picture");
    w->sink->type->abort(w->sink, 0);
    assert_int_equal(w->sink->type->begin(w->sink, 0, "image/png"),
                     APIPIE_E_FILE); /* cannot be taken back */
    assert_int_equal(commit(w, 9, 0, 1, name), APIPIE_E_INTERNAL);
    close_sink(w);
    assert_int_equal(count_files(w), 1);
    close(fd);
}

static void a_full_device_says_so(void **state)
{
    struct world *w = *state;
    if (pie_path_kind("/dev/full") != PIE_PATH_SPECIAL)
        skip();
    assert_int_equal(open_sink(w, PIE_OUTPUT_FILE, "/dev/full"), APIPIE_OK);
    assert_int_equal(w->sink->type->begin(w->sink, 0, "image/png"), APIPIE_OK);
    assert_int_equal(w->sink->type->write(w->sink, 0, (const uint8_t *)"x", 1), APIPIE_E_FILE);
    assert_string_equal(w->sink->problem, "cannot write /dev/full: no space left on the device");
}

/* /dev/stdout may be a regular file behind a redirect: it is written, never renamed over. */
static void standard_output_is_never_replaced(void **state)
{
    struct world *w = *state;
    char name[600];
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    int fd = open(in(w, "redirected"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
    apipie_status opened = open_sink(w, PIE_OUTPUT_FILE, "/dev/stdout");
    put(w, 0, "picture");
    apipie_status committed = commit(w, 0, 0, 1, name);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(fd);
    assert_int_equal(opened, APIPIE_OK);
    assert_int_equal(committed, APIPIE_OK);
    need_file(w, "redirected", "picture");
    assert_int_equal(count_files(w), 1);
}

/* ---- the host's own functions */

struct host {
    char log[256];
    apipie_status begin, write, end, commit;
};

static void host_log(struct host *h, const char *what, uint32_t slot)
{
    size_t n = strlen(h->log);
    snprintf(h->log + n, sizeof(h->log) - n, "%s%u ", what, (unsigned)slot);
}

static apipie_status host_begin(void *user, uint32_t slot, const char *mime)
{
    struct host *h = user;
    assert_string_equal(mime, "image/png");
    host_log(h, "b", slot);
    return h->begin;
}

static apipie_status host_write(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct host *h = user;
    assert_true(data != NULL && size != 0);
    host_log(h, "w", slot);
    return h->write;
}

static apipie_status host_end(void *user, uint32_t slot)
{
    struct host *h = user;
    host_log(h, "e", slot);
    return h->end;
}

static apipie_status host_commit(void *user, uint32_t slot, size_t index)
{
    struct host *h = user;
    host_log(h, "c", slot);
    host_log(h, "=", (uint32_t)index);
    return h->commit;
}

static void host_abort(void *user, uint32_t slot)
{
    host_log(user, "a", slot);
}

static void set_host(struct world *w, struct host *h)
{
    memset(h, 0, sizeof(*h));
    w->wish.sink.begin = host_begin;
    w->wish.sink.write = host_write;
    w->wish.sink.end = host_end;
    w->wish.sink.commit = host_commit;
    w->wish.sink.abort_slot = host_abort;
    w->wish.sink.user = h;
    assert_int_equal(open_sink(w, PIE_OUTPUT_HOST, NULL), APIPIE_OK);
}

static void the_host_hears_of_each_slot_once(void **state)
{
    struct world *w = *state;
    struct host h;
    char name[600];
    set_host(w, &h);
    put(w, 0, "ab");
    put(w, 1, "cd");
    put(w, 2, "ef");
    assert_int_equal(commit(w, 1, 0, 1, name), APIPIE_OK);
    w->sink->type->abort(w->sink, 0);
    w->sink->type->abort(w->sink, 0);
    w->sink->type->abort(w->sink, 1);
    close_sink(w);
    assert_string_equal(h.log, "b0 w0 w0 e0 b1 w1 w1 e1 b2 w2 w2 e2 c1 =0 a0 a2 ");
}

static void the_host_may_refuse(void **state)
{
    struct world *w = *state;
    struct host h;
    char name[600];
    set_host(w, &h);
    h.begin = -12345;
    assert_int_equal(w->sink->type->begin(w->sink, 0, "image/png"), APIPIE_E_SINK);
    assert_int_not_equal(strlen(w->sink->problem), 0);
    w->sink->type->abort(w->sink, 0);
    h.begin = 0;
    h.write = APIPIE_E_CANCELLED;
    assert_int_equal(w->sink->type->begin(w->sink, 1, "image/png"), APIPIE_OK);
    assert_int_equal(w->sink->type->write(w->sink, 1, (const uint8_t *)"x", 1), APIPIE_E_SINK);
    h.write = 0;
    h.end = 1;
    assert_int_equal(w->sink->type->end(w->sink, 1), APIPIE_E_SINK);
    h.commit = 1;
    assert_int_equal(commit(w, 1, 0, 1, name), APIPIE_E_SINK);
    close_sink(w);
    assert_string_equal(h.log, "b0 a0 b1 w1 e1 c1 =0 ");
}

static void only_write_is_required(void **state)
{
    struct world *w = *state;
    struct host h;
    char name[600];
    memset(&h, 0, sizeof(h));
    w->wish.sink.write = host_write;
    w->wish.sink.user = &h;
    assert_int_equal(open_sink(w, PIE_OUTPUT_HOST, NULL), APIPIE_OK);
    put(w, 0, "ab");
    assert_int_equal(commit(w, 0, 0, 1, name), APIPIE_OK);
    put(w, 1, "ab");
    close_sink(w);
    assert_string_equal(h.log, "w0 w0 w1 w1 ");
}

/* ---- saving what is in memory */

static void saving_replaces_or_leaves_alone(void **state)
{
    struct world *w = *state;
    const char *why = NULL;
    assert_int_equal(pie_sink_save(&pie_mem_libc, in(w, "x.png"), "old", 3, &why), APIPIE_OK);
    assert_int_equal(pie_sink_save(&pie_mem_libc, in(w, "x.png"), "newer", 5, &why), APIPIE_OK);
    need_file(w, "x.png", "newer");
    assert_int_equal(pie_sink_save(&pie_mem_libc, w->folder, "x", 1, &why), APIPIE_E_FILE);
    assert_string_equal(why, "it is a folder");
    assert_int_equal(pie_sink_save(&pie_mem_libc, in(w, "none/x"), "x", 1, &why), APIPIE_E_FILE);
    assert_string_equal(why, "no such file or folder");
    assert_int_equal(pie_sink_save(&pie_mem_libc, "/dev/null", "x", 1, &why), APIPIE_OK);
    if (pie_path_kind("/dev/full") == PIE_PATH_SPECIAL) {
        assert_int_equal(pie_sink_save(&pie_mem_libc, "/dev/full", "x", 1, &why), APIPIE_E_FILE);
        assert_string_equal(why, "no space left on the device");
    }
    assert_int_equal(count_files(w), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(memory_hands_its_bytes_over),
        TEST(a_file_appears_at_commit),
        TEST(several_pictures_are_numbered),
        TEST(names_without_an_extension_are_numbered),
        TEST(an_older_file_stays_until_commit),
        TEST(what_is_not_committed_is_removed),
        TEST(a_failed_commit_leaves_nothing),
        TEST(bad_outputs_are_refused_at_once),
        TEST(folder_names_come_from_the_prompt),
        TEST(odd_prompts_give_good_names),
        TEST(a_stem_cannot_leave_the_folder),
        TEST(a_device_is_written_directly),
        TEST(a_pipe_gets_the_bytes),
        TEST(a_full_device_says_so),
        TEST(standard_output_is_never_replaced),
        TEST(the_host_hears_of_each_slot_once),
        TEST(the_host_may_refuse),
        TEST(only_write_is_required),
        TEST(saving_replaces_or_leaves_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
