/* SPDX-License-Identifier: MIT */
/* Pictures in files and folders, and that nothing is left behind. Knows the public API alone. */
#include "../support/draw.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/apipie-test-XXXXXX");
    return mkdtemp(folder) ? draw_setup(state) : -1;
}

static int drop_folder(void **state)
{
    char path[512];
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' || strlen(e->d_name) > 2)
            remove(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
    return draw_teardown(state);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int entries(void)
{
    int n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return n;
}

static void assert_file(const char *path, const char *base64)
{
    uint8_t want[1024], got[1025];
    size_t n = draw_decode(base64, want);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(got, 1, sizeof got, f);
    fclose(f);
    assert_int_equal(size, n);
    assert_memory_equal(got, want, n);
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void into_a_file(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_output_file(d->request, in_folder("lake.png")), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_file(in_folder("lake.png"), PNG1);
    assert_int_equal(entries(), 1);
    assert_string_equal(apipie_result_image_path(draw_result(d), 0), in_folder("lake.png"));
    assert_null(apipie_result_image_data(draw_result(d), 0, NULL));
    assert_int_equal(apipie_result_image_size(draw_result(d), 0), 86);
    assert_status(apipie_result_save(draw_result(d), 0, in_folder("x")), APIPIE_E_STATE);
}

static void over_a_file_only_when_whole(void **state)
{
    struct draw *d = *state;
    put_file(in_folder("lake.png"), "old");
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAM");
    apipie_request_set_output_file(d->request, in_folder("lake.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_MALFORMED);
    assert_int_equal(entries(), 1);
    struct stat st;
    assert_int_equal(stat(in_folder("lake.png"), &st), 0);
    assert_int_equal(st.st_size, 3);
}

static void over_a_file(void **state)
{
    struct draw *d = *state;
    put_file(in_folder("lake.png"), "old");
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_output_file(d->request, in_folder("lake.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_file(in_folder("lake.png"), PNG1);
    assert_int_equal(entries(), 1);
}

static void nothing_is_left_after_a_failure(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 500, NULL, "{}");
    apipie_request_set_output_file(d->request, in_folder("lake.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(entries(), 0);
}

static void nothing_is_left_by_a_request_that_never_ran(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_output_file(d->request, in_folder("lake.png"));
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(entries(), 0);
}

static void several_files(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/3\"},{\"b64_json\":\"" PNG1
                       "\"},{\"b64_json\":\"" PNG2 "\"}]}");
    apipie_request_set_n(d->request, 3);
    apipie_request_set_output_file(d->request, in_folder("x.png"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_file(in_folder("x.png"), PNG3);
    assert_file(in_folder("x-2.png"), PNG1);
    assert_file(in_folder("x-3.png"), PNG2);
    assert_int_equal(entries(), 3);
    assert_string_equal(apipie_result_image_path(draw_result(d), 2), in_folder("x-3.png"));
}

static void files_that_cannot_be_are_found_before_sending(void **state)
{
    static const char *const names[] = {"no/such/lake.png", "file/lake.png", "folder"};
    struct draw *d = *state;
    put_file(in_folder("file"), "x");
    assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
    draw_serve_json(d, ONE_IMAGE);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        draw_again(d);
        print_message("%s\n", names[i]);
        assert_status(apipie_request_set_output_file(d->request, in_folder(names[i])), APIPIE_OK);
        assert_status(apipie_request_submit(d->request), APIPIE_E_FILE);
        assert_status(apipie_request_status(d->request), APIPIE_E_FILE);
        assert_contains(apipie_error_message(draw_error(d)), names[i]);
        assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
    }
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_int_equal(entries(), 2);
}

/* A link of our own to a device: should the library ever rename over it, the machine keeps the device. */
static const char *link_to_device(const char *device)
{
    struct stat st;
    if (stat(device, &st) != 0 || !S_ISCHR(st.st_mode))
        skip(); /* no such device here */
    assert_int_equal(symlink(device, in_folder("device")), 0);
    return in_folder("device");
}

static void a_full_disk(void **state)
{
    struct draw *d = *state;
    struct stat st;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_output_file(d->request, link_to_device("/dev/full"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_FILE);
    assert_contains(apipie_error_message(draw_error(d)), in_folder("device"));
    assert_true(apipie_error_billed(draw_error(d)) != APIPIE_BILLED_NO);
    assert_int_equal(lstat(in_folder("device"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void a_device(void **state)
{
    struct draw *d = *state;
    struct stat st;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_output_file(d->request, link_to_device("/dev/null"));
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(lstat(in_folder("device"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(entries(), 1);
}

static void into_a_folder(void **state)
{
    struct draw *d = *state;
    char first[256];
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_output_folder(d->request, folder, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    snprintf(first, sizeof first, "%s", apipie_result_image_path(draw_result(d), 0));
    assert_contains(first, folder);
    assert_contains(first, "lake");
    assert_string_equal(first + strlen(first) - 4, ".png");
    draw_again(d);
    apipie_request_set_output_folder(d->request, folder, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_not_equal(apipie_result_image_path(draw_result(d), 0), first);
    assert_file(first, PNG1);
    assert_int_equal(entries(), 2);
}

static void the_extension_follows_the_bytes(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" JPEG1 "\"},{\"b64_json\":\"" WEBP1 "\"}]}");
    apipie_request_set_n(d->request, 2);
    assert_status(apipie_request_set_output_folder(d->request, folder, "my.pic"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_file(in_folder("my.pic.jpg"), JPEG1);
    assert_string_equal(apipie_result_image_path(draw_result(d), 0), in_folder("my.pic.jpg"));
    const char *second = apipie_result_image_path(draw_result(d), 1);
    assert_string_equal(second + strlen(second) - 5, ".webp");
    assert_int_equal(entries(), 2);
}

static void a_stem_stays_in_its_folder(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_output_folder(d->request, folder, "../out"),
                  APIPIE_E_ARGUMENT);
    draw_again(d);
    apipie_request_set_prompt(d->request, "../../etc/passwd \n \x1b[31m caf\xc3\xa9 ...",
                              APIPIE_NTS);
    apipie_request_set_output_folder(d->request, folder, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const char *path = apipie_result_image_path(draw_result(d), 0);
    assert_null(strchr(path + strlen(folder) + 1, '/'));
    assert_true(path[strlen(folder) + 1] != '.');
    assert_int_equal(entries(), 1);
}

static void a_folder_that_is_none(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_output_folder(d->request, in_folder("nowhere"), NULL);
    assert_status(apipie_request_submit(d->request), APIPIE_E_FILE);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

static void saved_from_memory(void **state)
{
    struct draw *d = *state;
    assert_ended(d->request, draw_perform_json(d, ONE_IMAGE), APIPIE_OK);
    assert_status(apipie_result_save(draw_result(d), 0, in_folder("a.png")), APIPIE_OK);
    assert_status(apipie_result_save(draw_result(d), 0, in_folder("a.png")), APIPIE_OK);
    assert_file(in_folder("a.png"), PNG1);
    assert_status(apipie_result_save(draw_result(d), 0, in_folder("no/a.png")), APIPIE_E_FILE);
    assert_true(apipie_result_save(draw_result(d), 1, in_folder("b.png")) < 0);
    assert_true(apipie_result_save(draw_result(d), 0, NULL) < 0);
    assert_int_equal(entries(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(into_a_file),
        FILE_TEST(over_a_file_only_when_whole),
        FILE_TEST(over_a_file),
        FILE_TEST(nothing_is_left_after_a_failure),
        FILE_TEST(nothing_is_left_by_a_request_that_never_ran),
        FILE_TEST(several_files),
        FILE_TEST(files_that_cannot_be_are_found_before_sending),
        FILE_TEST(a_full_disk),
        FILE_TEST(a_device),
        FILE_TEST(into_a_folder),
        FILE_TEST(the_extension_follows_the_bytes),
        FILE_TEST(a_stem_stays_in_its_folder),
        FILE_TEST(a_folder_that_is_none),
        FILE_TEST(saved_from_memory),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
