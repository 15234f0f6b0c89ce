/* SPDX-License-Identifier: MIT */
/* The content cache in trouble: damaged entries, full disks, sinks that fail, other threads and processes, no memory. Never
 * a wrong picture, never a lost one. */
#include "cache_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY ((uint64_t)1 << 30)

/* ---- damaged entries */

/* The entry as it was stored, to be put back. */
struct stored {
    char *json;
    size_t json_n;
    uint8_t picture[100];
};

static void store(struct world *w, struct stored *s)
{
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, sizeof(s->picture), 1);
    s->json = world_read(world_entry(w, WORLD_KEY, "entry.json"), &s->json_n);
    world_picture(s->picture, sizeof(s->picture), 1);
}

static void put_back(struct world *w, const char *key, const struct stored *s)
{
    mkdir(world_entry(w, key, NULL), 0700);
    world_write(world_entry(w, key, "entry.json"), s->json, s->json_n);
    world_write(world_entry(w, key, "1.png"), s->picture, sizeof(s->picture));
}

static void assert_removed(struct world *w)
{
    size_t others = 0;
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
    assert_int_equal(world_count(w, &others), 0);
    assert_int_equal(others, 0);
}

static void a_description_cut_anywhere_is_a_miss(void **state)
{
    struct world *w = *state;
    struct stored s;
    store(w, &s);
    for (size_t n = 0; n < s.json_n; n++) {
        put_back(w, WORLD_KEY, &s);
        world_write(world_entry(w, WORLD_KEY, "entry.json"), s.json, n);
        assert_removed(w);
    }
    put_back(w, WORLD_KEY, &s);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    free(s.json);
}

/* Either it does not matter or it is found out: world_hit fails for any other picture. */
static void a_changed_byte_is_never_a_wrong_picture(void **state)
{
    struct world *w = *state;
    struct stored s;
    size_t hits = 0;
    store(w, &s);
    for (size_t i = 0; i < s.json_n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            s.json[i] = (char)(s.json[i] ^ 1 << bit);
            put_back(w, WORLD_KEY, &s);
            hits += (size_t)world_hit(w, WORLD_KEY, 100, 1);
            s.json[i] = (char)(s.json[i] ^ 1 << bit);
        }
    }
    /* the date, width, height and the like */
    assert_in_range(hits, 1, s.json_n * 8 / 2);
    for (size_t i = 0; i < sizeof(s.picture); i++) {
        s.picture[i] ^= 0x10;
        put_back(w, WORLD_KEY, &s);
        assert_removed(w);
        s.picture[i] ^= 0x10;
    }
    free(s.json);
}

static void another_size_is_a_miss(void **state)
{
    struct world *w = *state;
    struct stored s;
    uint8_t more[101] = {0};
    store(w, &s);
    memcpy(more, s.picture, sizeof(s.picture));
    for (size_t n = 0; n <= sizeof(more); n++) {
        put_back(w, WORLD_KEY, &s);
        world_write(world_entry(w, WORLD_KEY, "1.png"), more, n);
        if (n == sizeof(s.picture))
            assert_true(world_hit(w, WORLD_KEY, 100, 1));
        else
            assert_removed(w);
    }
    free(s.json);
}

static void what_is_no_file_is_a_miss(void **state)
{
    struct world *w = *state;
    struct stored s;
    store(w, &s);
    put_back(w, WORLD_KEY, &s);
    assert_int_equal(unlink(world_entry(w, WORLD_KEY, "1.png")), 0);
    assert_removed(w);
    put_back(w, WORLD_KEY, &s);
    assert_int_equal(unlink(world_entry(w, WORLD_KEY, "entry.json")), 0);
    assert_removed(w);
    put_back(w, WORLD_KEY, &s);
    assert_int_equal(unlink(world_entry(w, WORLD_KEY, "1.png")), 0);
    assert_int_equal(mkfifo(world_entry(w, WORLD_KEY, "1.png"), 0600), 0);
    assert_removed(w);
    free(s.json);
}

/* A description that somebody wrote names files in its folder alone. */
static void a_name_cannot_lead_away(void **state)
{
    struct world *w = *state;
    struct stored s;
    char json[2000];
    store(w, &s);
    world_write(world_path(w, "own.png"), s.picture, sizeof(s.picture));
    const char *name = strstr(s.json, "\"1.png\"");
    assert_non_null(name);
    snprintf(json, sizeof(json), "%.*s\"../own.png\"%.*s", (int)(name - s.json), s.json,
             (int)(s.json_n - (size_t)(name - s.json) - 7), name + 7);
    put_back(w, WORLD_KEY, &s);
    world_write(world_entry(w, WORLD_KEY, "entry.json"), json, strlen(json));
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
    assert_int_equal(pie_path_kind(world_path(w, "own.png")), PIE_PATH_FILE);
    free(s.json);
}

static void keys_that_meet_are_a_miss(void **state)
{
    static const char other[] = "{\"request\":{\"prompt\":\"a cat\",\"seed\":7}}";
    struct world *w = *state;
    struct stored s;
    store(w, &s);
    put_back(w, other, &s); /* as if both keys had one name */
    assert_false(world_hit(w, other, 100, 1));
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    world_draw(w, other, 150, 9);
    assert_true(world_hit(w, other, 150, 9));
    free(s.json);
}

static void a_longer_or_shorter_key_is_another(void **state)
{
    struct world *w = *state;
    struct stored s;
    store(w, &s);
    put_back(w, WORLD_KEY "x", &s);
    assert_false(world_hit(w, WORLD_KEY "x", 100, 1));
    put_back(w, "{", &s);
    assert_false(world_hit(w, "{", 100, 1));
    free(s.json);
}

/* ---- folders and disks */

static void folders_that_cannot_be(void **state)
{
    struct world *w = *state;
    struct pie_cache *c = NULL;
    const char *reason = NULL;
    char path[700];
    world_write(world_path(w, "file"), "x", 1);
    assert_int_equal(pie_cache_open(&w->mem, world_path(w, "file"), 1, &c, &reason), APIPIE_E_FILE);
    assert_non_null(reason);
    reason = NULL;
    assert_int_equal(pie_cache_open(&w->mem, world_path(w, "file/below/it"), 1, &c, &reason),
                     APIPIE_E_FILE);
    assert_non_null(reason);
    assert_int_equal(pie_cache_open(&w->mem, "", 1, &c, &reason), APIPIE_E_FILE);
    assert_null(c);
    snprintf(path, sizeof(path), "%s//a/b/c/", w->folder);
    assert_int_equal(pie_cache_open(&w->mem, path, MANY, &w->cache, &reason), APIPIE_OK);
    world_draw(w, WORLD_KEY, 100, 1);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
}

static void a_folder_that_went_away_comes_back(void **state)
{
    struct world *w = *state;
    char path[700];
    world_open(w, MANY);
    pie_cache_drop(w->cache);
    const char *reason = NULL;
    snprintf(path, sizeof(path), "%s/inner", w->folder);
    assert_int_equal(pie_cache_open(&w->mem, path, MANY, &w->cache, &reason), APIPIE_OK);
    pie_folder_remove(path);
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
    world_draw(w, WORLD_KEY, 100, 1);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    pie_folder_remove(world_entry(w, WORLD_KEY, NULL));
    assert_true(rename(path, world_path(w, "moved")) == 0);
    world_write(path, "x", 1);
    world_draw(w, WORLD_KEY, 100, 1); /* it asserts that the picture passes */
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
}

/* A file may not grow beyond `limit`: what a full disk looks like to whoever writes. */
static void with_file_limit(struct world *w, rlim_t limit, size_t n)
{
    struct rlimit before, now;
    struct drawing d;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    now = before;
    now.rlim_cur = limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(drawing_begin(w, WORLD_KEY, n, 1, &d), APIPIE_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    apipie_status status = drawing_picture(&d, 0, 0);
    drawing_publish(&d);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, APIPIE_OK);
    assert_int_equal(d.result->images[0].status, APIPIE_OK);
    assert_int_equal(d.result->images[0].data.n, n);
    drawing_end(&d);
    /* nor does it become an entry that is found out later */
    size_t others = 0;
    assert_int_equal(world_count(w, &others), limit >= 9000);
    assert_int_equal(others, 0);
}

static void a_full_disk_harms_no_picture(void **state)
{
    struct world *w = *state;
    world_open(w, MANY);
    with_file_limit(w, 0, 100);
    with_file_limit(w, 5000, 9000); /* in the picture's second half */
    with_file_limit(w, 110, 100);   /* in the description */
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
    with_file_limit(w, 9000, 9000);
    assert_true(world_hit(w, WORLD_KEY, 9000, 1));
}

static void make_temporary(struct world *w, const char *name, int64_t age)
{
    struct timespec times[2];
    char file[200];
    snprintf(file, sizeof(file), "%s/slot-0", name);
    assert_int_equal(mkdir(world_path(w, name), 0700), 0);
    world_write(world_path(w, file), "x", 1);
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= age;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, world_path(w, name), times, 0), 0);
}

static void old_left_overs_go(void **state)
{
    static const char *const stay[] = {
        ".apipie-cache-0123456789abcde1.tmp", ".apipie-cache-0123456789abcdeg.tmp",
        ".apipie-cache-0123456789abcde.tmp", ".apipie-0123456789abcdef.tmp", "a-folder"};
    struct world *w = *state;
    make_temporary(w, ".apipie-cache-0123456789abcdef.tmp", 3700);
    make_temporary(w, stay[0], 3500);
    for (size_t i = 1; i < PIE_COUNT(stay); i++)
        make_temporary(w, stay[i], 1000000);
    world_open(w, MANY);
    assert_int_equal(pie_path_kind(world_path(w, ".apipie-cache-0123456789abcdef.tmp")),
                     PIE_PATH_ABSENT);
    for (size_t i = 0; i < PIE_COUNT(stay); i++)
        assert_int_equal(pie_path_kind(world_path(w, stay[i])), PIE_PATH_FOLDER);
}

/* A link in the place of an entry leads to what is not ours: its files are never removed. */
static void links_are_not_followed(void **state)
{
    struct world *w = *state;
    char target[200], link_path[600];
    make_temporary(w, "theirs", 100);
    snprintf(target, sizeof(target), "%s/theirs", w->folder);
    memcpy(link_path, world_entry(w, WORLD_KEY, NULL), sizeof(link_path) - 1);
    link_path[sizeof(link_path) - 1] = '\0';
    assert_int_equal(symlink(target, link_path), 0);
    world_open(w, 0);
    struct stat st;
    assert_int_equal(lstat(link_path, &st), 0);
    world_draw(w, WORLD_KEY, 100, 1);
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
    assert_int_equal(pie_path_kind(world_path(w, "theirs/slot-0")), PIE_PATH_FILE);
}

/* What cannot be looked at now says nothing about the entry: it is a miss, and stays. */
static void too_many_open_files_remove_nothing(void **state)
{
    struct world *w = *state;
    struct rlimit before, now;
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, 100, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    int32_t hit = world_hit(w, WORLD_KEY, 100, 1);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_false(hit);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
}

/* ---- threads and processes */

static void *publish_again_and_again(void *user)
{
    struct world mine = {.cache = user, .mem = pie_mem_libc};
    for (int i = 0; i < 150; i++) {
        world_draw(&mine, WORLD_KEY, 3000, 1);
        world_hit(&mine, WORLD_KEY, 3000, 1);
        if (i % 10 == 9) {
            char name[PIE_CACHE_NAME];
            pie_cache_name(pie_slice_text(WORLD_KEY), name);
            pie_cache_remove(user, name);
        }
    }
    return NULL;
}

static void threads_publish_one_entry(void **state)
{
    struct world *w = *state;
    struct pie_cache *caches[2] = {NULL, NULL};
    pthread_t threads[4];
    size_t others = 0;
    const char *reason = NULL;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pie_cache_open(&pie_mem_libc, w->folder, 10000, &caches[i], &reason),
                         APIPIE_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, publish_again_and_again, caches[i / 2]),
                         0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(world_count(w, &others), 0, 1);
    assert_int_equal(others, 0);
    pie_cache_drop(caches[0]);
    pie_cache_drop(caches[1]);
}

/* A process that draws and loads, with room for three entries of eight. */
static int32_t child(const struct world *w, uint32_t number)
{
    struct world mine = {.mem = pie_mem_libc};
    int32_t hits = 0;
    memcpy(mine.folder, w->folder, sizeof(mine.folder));
    world_open(&mine, 13000);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t which = (i * 7 + number * 3 + i / 8) % 8;
        const char key[] = {'k', (char)('0' + which), '\0'};
        if (world_hit(&mine, key, 3000 + which, which))
            hits++;
        else
            world_draw(&mine, key, 3000 + which, which);
    }
    pie_cache_drop(mine.cache);
    return hits;
}

static void processes_share_a_folder(void **state)
{
    struct world *w = *state;
    pid_t pids[4];
    for (uint32_t i = 0; i < 4; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(child(w, i) > 0 ? 7 : 8);
    }
    for (size_t i = 0; i < 4; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 7);
    }
    size_t others = 0;
    world_open(w, 13000);
    assert_in_range(world_count(w, &others), 1, 3);
    assert_int_equal(others, 0);
}

/* ---- no memory */

static apipie_status try_to_keep(struct world *w, int32_t *ret_passed)
{
    struct drawing d;
    *ret_passed = 0;
    apipie_status status = drawing_begin(w, WORLD_KEY, 1000, 1, &d);
    if (status == APIPIE_OK)
        status = drawing_picture(&d, 0, 0);
    if (status == APIPIE_OK) {
        drawing_publish(&d);
        *ret_passed = d.result->images[0].status == APIPIE_OK && d.result->images[0].data.n == 1000;
    }
    drawing_end(&d);
    return status;
}

static void keeping_without_memory(void **state)
{
    struct world *w = *state;
    int32_t passed = 0, left_out = 0;
    size_t others = 0;
    world_open(w, MANY);
    for (int64_t i = 1; i < 1000; i++) {
        scarce_refuse(&w->scarce, i);
        apipie_status status = try_to_keep(w, &passed);
        int32_t over = w->scarce.refused == 0;
        scarce_give_all(&w->scarce);
        assert_true(passed || status == APIPIE_E_MEMORY);
        int32_t hit = world_hit(w, WORLD_KEY, 1000, 1);
        left_out += passed && !hit;
        assert_int_equal(world_count(w, &others), hit);
        assert_int_equal(others, 0);
        pie_folder_remove(world_entry(w, WORLD_KEY, NULL));
        if (over) {
            assert_true(hit && passed);
            assert_in_range(left_out, 2, i); /* what only wished to grow by more does without */
            return;
        }
    }
    fail();
}

static void loading_without_memory(void **state)
{
    struct world *w = *state;
    struct apipie_result *r = NULL;
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, 1000, 1);
    for (int64_t i = 1; i < 1000; i++) {
        scarce_refuse(&w->scarce, i);
        int64_t before = w->scarce.alive;
        apipie_status status = world_load(w, WORLD_KEY, &r);
        int32_t over = w->scarce.refused == 0;
        scarce_give_all(&w->scarce);
        r = pie_result_free(r);
        assert_int_equal(w->scarce.alive, before);
        assert_true(status == APIPIE_OK || (!over && status == APIPIE_E_MEMORY));
        assert_true(world_hit(w, WORLD_KEY, 1000, 1)); /* nothing was taken for damage */
        if (over)
            return;
    }
    fail();
}

static void opening_without_memory(void **state)
{
    struct world *w = *state;
    const char *reason = NULL;
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, 1000, 1);
    world_draw(w, "other", 1000, 1);
    for (int64_t i = 1; i < 100; i++) {
        struct pie_cache *c = NULL;
        scarce_refuse(&w->scarce, i);
        int64_t before = w->scarce.alive;
        apipie_status status = pie_cache_open(&w->mem, w->folder, MANY, &c, &reason);
        int32_t over = w->scarce.refused == 0;
        scarce_give_all(&w->scarce);
        assert_true(status == APIPIE_OK || (!over && status == APIPIE_E_MEMORY));
        pie_cache_drop(c);
        assert_int_equal(w->scarce.alive, before);
        assert_true(world_hit(w, WORLD_KEY, 1000, 1));
        if (over)
            return;
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(a_description_cut_anywhere_is_a_miss),
        T(a_changed_byte_is_never_a_wrong_picture),
        T(another_size_is_a_miss),
        T(what_is_no_file_is_a_miss),
        T(a_name_cannot_lead_away),
        T(keys_that_meet_are_a_miss),
        T(a_longer_or_shorter_key_is_another),
        T(folders_that_cannot_be),
        T(a_folder_that_went_away_comes_back),
        T(a_full_disk_harms_no_picture),
        T(too_many_open_files_remove_nothing),
        T(old_left_overs_go),
        T(links_are_not_followed),
        T(threads_publish_one_entry),
        T(processes_share_a_folder),
        T(keeping_without_memory),
        T(loading_without_memory),
        T(opening_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
