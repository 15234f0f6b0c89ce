/* SPDX-License-Identifier: MIT */
/* The file of lists of models: what in it may be believed, and what it may not take the place of. */
#include "engine/engine_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char folder[] = "/tmp/apipie-shelf-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/models", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* A whole file that says this of one list; what is read of it. */
static size_t read_back(char *etag, char *modified, int64_t wall_ms, const char **ret_problem)
{
    struct pie_shelf s;
    struct pie_shelf_list lists[PIE_SHELF_LISTS];
    struct pie_buf text;
    char url[] = "https://h/v1/models";
    const char *reason = NULL;
    size_t n = 0;
    *ret_problem = NULL;
    pie_shelf_init(&s, &pie_mem_libc);
    s.count = 1;
    s.lists[0] = (struct pie_shelf_list){.url = url, .etag = etag, .modified = modified};
    s.lists[0].wall_ms = wall_ms;
    pie_buf_init(&s.lists[0].text, &pie_mem_libc, 100);
    pie_buf_add_text(&s.lists[0].text, "[]");
    pie_buf_init(&text, &pie_mem_libc, 10000);
    assert_int_equal(pie_shelf_write(&s, &text), APIPIE_OK);
    assert_int_equal(pie_save_private(&pie_mem_libc, path, pie_buf_slice(&text), &reason),
                     APIPIE_OK);
    pie_buf_free(&text);
    pie_buf_free(&s.lists[0].text);
    for (size_t i = 0; i < PIE_SHELF_LISTS; i++) {
        memset(&lists[i], 0, sizeof(lists[i]));
        pie_buf_init(&lists[i].text, &pie_mem_libc, 100);
    }
    assert_int_equal(pie_shelf_read(&pie_mem_libc, path, lists, &n, ret_problem), APIPIE_OK);
    for (size_t i = 0; i < n; i++)
        pie_shelf_list_free(&lists[i]);
    return n;
}

static void what_it_says_is_looked_at(void **state)
{
    static const struct {
        const char *etag, *modified;
        int64_t wall_ms;
        size_t n;
    } rows[] = {
        {"\"a\"", "Wed, 21 Oct 2026 07:28:00 GMT", 7, 1},
        {NULL, NULL, 0, 1},
        {"\"a\"\r\nX-Other: 1", NULL, 7, 0},
        {NULL, "Wed\nX-Other: 1", 7, 0},
        {"\"\xc3\xa9\"", NULL, 7, 0},
        {NULL, NULL, -1, 0},
        {NULL, NULL, INT64_MIN + 1, 0},
    };
    const char *problem = NULL;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        char etag[64] = "", modified[64] = "";
        snprintf(etag, sizeof etag, "%s", rows[i].etag != NULL ? rows[i].etag : "");
        snprintf(modified, sizeof modified, "%s", rows[i].modified != NULL ? rows[i].modified : "");
        size_t n = read_back(rows[i].etag != NULL ? etag : NULL,
                             rows[i].modified != NULL ? modified : NULL, rows[i].wall_ms, &problem);
        if (n != rows[i].n || (problem == NULL) != (n == 1))
            fail_msg("row %zu: %zu lists, %s", i, n, problem != NULL ? problem : "no problem");
    }
}

static void a_pipe_stays_a_pipe(void **state)
{
    const char *reason = NULL;
    struct stat st;
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pie_save_private(&pie_mem_libc, path, pie_slice_text("text"), &reason),
                     APIPIE_E_FILE);
    assert_string_equal(reason, "it is no regular file");
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says_is_looked_at),
        cmocka_unit_test(a_pipe_stays_a_pipe),
    };
    return cmocka_run_group_tests_name("shelf", tests, make_folder, drop_folder);
}
