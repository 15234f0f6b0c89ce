/* SPDX-License-Identifier: MIT */
/* Recordings that are none, or damaged; calls at the wrong time; disks and memory that end. Knows the public API alone. */
#include "../support/scarce.h"
#include "../support/tape.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- doors */

static void what_is_no_recording(void **state)
{
    static const char *const others[] = {"", "apipie-recording 1", "apipie-recording 2\n",
                                         "{\"log\":{}}\n", "apipie-recording 10\n"};
    const char *path = tape_fresh();
    apipie_client *client = apipie_client_new(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        tape_write(path, others[i], strlen(others[i]));
        assert_status(apipie_client_replay(client, path), APIPIE_E_FILE);
    }
    assert_status(apipie_client_replay(client, tape_path("absent")), APIPIE_E_FILE);
    assert_status(apipie_client_replay(client, tape_path(".")), APIPIE_E_FILE);
    assert_status(apipie_client_replay(client, "/dev/zero"), APIPIE_E_FILE);
    assert_status(apipie_client_replay(client, ""), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_replay(client, NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_replay(NULL, path), APIPIE_E_ARGUMENT);
    tape_write(path, "apipie-recording 1\n", 19); /* one of nothing */
    assert_status(apipie_client_replay(client, path), APIPIE_OK);
    client = apipie_client_unref(client);
}

static void what_cannot_be_recorded(void **state)
{
    const char *path = tape_fresh();
    apipie_client *client = apipie_client_new(NULL);
    size_t n = 0;
    (void)state;
    tape_write(path, "mine", 4);
    assert_status(apipie_client_record(client, path), APIPIE_E_FILE);
    char *file = tape_read(path, &n);
    assert_string_equal(file, "mine");
    free(file);
    assert_status(apipie_client_record(client, tape_path("no/folder")), APIPIE_E_FILE);
    assert_status(apipie_client_record(client, "/dev/full"), APIPIE_E_FILE);
    assert_status(apipie_client_record(client, NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_record(NULL, path), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_record(client, tape_path("good")), APIPIE_OK);
    client = apipie_client_unref(client);
}

static void only_once_and_before_the_first_submit(void **state)
{
    struct draw *d = *state;
    const char *path = tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_status(apipie_client_record(d->client, tape_path("2")), APIPIE_E_STATE);
    assert_status(apipie_client_replay(d->client, path), APIPIE_E_STATE);
    assert_int_equal(access(tape_path("2"), F_OK), -1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    assert_status(apipie_client_replay(d->client, path), APIPIE_E_STATE);
    assert_status(apipie_client_record(d->client, tape_path("3")), APIPIE_E_STATE);
    apipie_client *late = draw_client("http://127.0.0.1:1/v1");
    apipie_request *r = draw_request(late);
    assert_status(apipie_request_submit(r), APIPIE_OK);
    assert_status(apipie_client_record(late, tape_path("4")), APIPIE_E_STATE);
    assert_status(apipie_client_replay(late, path), APIPIE_E_STATE);
    r = apipie_request_unref(r);
    late = apipie_client_unref(late);
}

/* What else a client refuses, it refuses here too. */
static void the_rules_stay(void **state)
{
    const char *path = tape_fresh();
    (void)state;
    tape_write(path, "apipie-recording 1\n", 19);
    apipie_client *client = tape_client("http://127.0.0.1:1/v1", path);
    assert_status(apipie_client_set_base_url(client, "http://example.com/v1"), APIPIE_E_CONFIG);
    assert_status(apipie_client_set_base_url(client, "https://example.com/v1"), APIPIE_OK);
    apipie_request *r = draw_request(client);
    assert_status(apipie_request_perform(r), APIPIE_E_CONNECT);
    assert_contains(apipie_error_message(apipie_request_error(r)),
                    "the recording holds no exchange");
    r = apipie_request_unref(r);
    client = apipie_client_unref(client);
}

/* ---- damage */

/* 503, then a picture by url. */
static char *record_some(struct draw *d, const char *path, size_t *ret_size)
{
    static const struct draw_reply replies[] = {
        {503, "Retry-After-Ms: 1\r\n", "{\"error\":{\"message\":\"overloaded\"}}"},
        {200, NULL, "{\"data\":[{\"url\":\"/pics/1\"},{\"b64_json\":\"" PNG2 "\"}]}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    draw_serve_script(d, &script);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 1);
    draw_again(d);
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    tape_turn(d, path);
    return tape_read(path, ret_size);
}

/* Replays a damaged file; how the request ended. */
static apipie_status replay_some(struct draw *d, const char *base, const char *path)
{
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = apipie_client_new(NULL);
    assert_non_null(d->client);
    apipie_status status = apipie_client_replay(d->client, path);
    if (status != APIPIE_OK)
        return status;
    apipie_client_set_base_url(d->client, base);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 1);
    d->request = draw_request(d->client);
    apipie_request_set_n(d->request, 2);
    apipie_request_set_timeout(d->request, 5000);
    status = apipie_request_perform(d->request);
    assert_true(status == APIPIE_OK || apipie_error_message(draw_error(d))[0] != 0);
    return status;
}

static void keep_base(const struct draw *d, char base[128])
{
    snprintf(base, 128, "%s", raw_server_base(d->server));
}

/* The base URL stands in the first request. */
static void base_of(const char *file, char base[128])
{
    const char *url = strstr(file, "http://");
    assert_non_null(url);
    snprintf(base, 128, "%.*s", (int)(strstr(url, "/v1") + 3 - url), url);
}

static void a_file_that_was_cut(void **state)
{
    struct draw *d = *state;
    char base[128];
    size_t n = 0;
    int32_t good = 0, unrecorded = 0, no_recording = 0;
    const char *path = tape_fresh();
    char *file = record_some(d, path, &n);
    base_of(file, base);
    for (size_t cut = 0; cut <= n; cut += cut + 97 < n || cut == n ? 97 : n - cut) {
        tape_write(path, file, cut);
        apipie_status status = replay_some(d, base, path);
        good += status == APIPIE_OK;
        unrecorded += status == APIPIE_E_CONNECT;
        no_recording += status == APIPIE_E_FILE;
        assert_true(cut < 19 ? status == APIPIE_E_FILE : status != APIPIE_E_FILE);
    }
    assert_true(good >= 1 && unrecorded >= 3 && no_recording == 1);
    free(file);
}

/* Any byte may be another: an ordinary end, whatever comes of it. */
static void a_file_with_wrong_bytes(void **state)
{
    static const char wrong[] = {'\n', ' ', '-', '9', '\0', (char)0xFF};
    struct draw *d = *state;
    char base[128];
    size_t n = 0;
    int32_t good = 0, failed = 0;
    const char *path = tape_fresh();
    char *file = record_some(d, path, &n);
    base_of(file, base);
    for (size_t i = 0; i < n; i += 13) {
        char right = file[i];
        file[i] = wrong[i % sizeof wrong];
        tape_write(path, file, n);
        file[i] = right;
        apipie_status status = replay_some(d, base, path);
        good += status == APIPIE_OK;
        failed += status < 0;
    }
    assert_true(good > 0 && failed > 0);
    free(file);
}

/* Lines that nobody would write. */
static void lines_of_all_kinds(void **state)
{
#define FIRST "apipie-recording 1\n"
    static const char *const files[] = {
        FIRST "\n",
        FIRST "request\n",
        FIRST "request 1 POST\n",
        FIRST "request 1 POST 18446744073709551615\nx\n",
        FIRST "request 1 POST 9223372036854775807\nx\n",
        FIRST "request 99999999999999999999 POST 1\nx\n",
        FIRST "request 1 POST 1\nx\nrequest 1 POST 1\nx\n",
        FIRST "end 1 ok 0 1 0 1 1 1 1 1 0\n\n",
        FIRST "request 1 POST 1\nx\nend 1 ok 0 1 0 1 1 1 1 1 0\n\n",
        FIRST "request 1 POST 1\nx\nhead 1 0 0\n\nend 1 ok 0 1 0 1 1 1 1 1 0\n\n",
        FIRST "request 1 POST 1\nx\nhead 1 200 0\n\nend 1 fine 0 1 0 1 1 1 1 1 0\n\n",
        FIRST "request 1 POST 1\nx\nbody 1 1\nx\nend 1 cut 0 1 0 1 1 1 1 1 0\n\n",
        FIRST "a b c d e f g h i j k l m n o p q r s t 0\n\n",
    };
    struct draw *d = *state;
    const char *path = tape_fresh();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        tape_write(path, files[i], strlen(files[i]));
        assert_status(replay_some(d, "https://example.com/v1", path), APIPIE_E_CONNECT);
    }
}

/* What a newer version may add is passed over. */
static void kinds_that_are_not_known(void **state)
{
    struct draw *d = *state;
    char base[128];
    size_t n = 0;
    const char *path = tape_fresh();
    char *file = record_some(d, path, &n);
    base_of(file, base);
    char *more = malloc(n + 64);
    assert_non_null(more);
    char *head = strstr(file, "head 1 ");
    size_t before = (size_t)(head - file);
    memcpy(more, file, before);
    size_t added = (size_t)snprintf(more + before, 64, "trailer 1 of some kind 3\nabc\n");
    memcpy(more + before + added, head, n - before);
    tape_write(path, more, n + added);
    assert_status(replay_some(d, base, path), APIPIE_OK);
    free(more);
    free(file);
}

/* ---- a disk that is full */

static void a_full_disk_harms_no_request(void **state)
{
    struct draw *d = *state;
    struct rlimit before, small;
    struct stat st;
    char base[128];
    const char *path = tape_fresh();
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1500;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int32_t good = 0;
    for (int i = 0; i < 5; i++) {
        good += apipie_request_perform(d->request) == APIPIE_OK;
        draw_again(d);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(good, 5);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 500 && st.st_size <= 1500);
    keep_base(d, base);
    tape_turn(d, path);
    good = 0;
    for (int i = 0; i < 5; i++) { /* those that are whole */
        good += apipie_request_perform(d->request) == APIPIE_OK;
        draw_again(d);
    }
    assert_true(good >= 1 && good < 5);
}

/* ---- memory that ends */

/* One call with the n-th allocation failing; what it came to. */
static apipie_status call_without_memory(struct scarce *m, const char *base, const char *path,
                                         int record)
{
    const apipie_allocator table = SCARCE_TABLE(m);
    apipie_client *client = apipie_client_new(&table);
    if (!client)
        return APIPIE_E_MEMORY;
    apipie_status status =
        record ? apipie_client_record(client, path) : apipie_client_replay(client, path);
    if (status == APIPIE_OK && record)
        status = apipie_client_set_key(client, DRAW_KEY);
    if (status == APIPIE_OK)
        status = apipie_client_set_base_url(client, base);
    apipie_request *r =
        status == APIPIE_OK ? apipie_request_new(client, APIPIE_REQUEST_IMAGE) : NULL;
    if (status == APIPIE_OK) {
        apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
        apipie_request_set_response_format(r, "b64_json");
        status = r ? apipie_request_perform(r) : APIPIE_E_MEMORY;
    }
    r = apipie_request_unref(r);
    client = apipie_client_unref(client);
    return status;
}

static void sweep(const char *base, const char *path, int record)
{
    for (int64_t at = 1; at < 2000; at++) {
        struct scarce scarce = {0};
        scarce_refuse(&scarce, at);
        if (record)
            unlink(path);
        apipie_status status = call_without_memory(&scarce, base, path, record);
        assert_int_equal(scarce.alive, 0);
        if (scarce.refused == 0) {
            assert_status(status, APIPIE_OK);
            assert_true(at > 20);
            return;
        }
        assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
        if (record && access(path, F_OK) == 0) {
            size_t n = 0;
            char *file = tape_read(path, &n);
            assert_int_equal(tape_count(file, n, DRAW_KEY), 0);
            free(file);
        }
    }
    fail();
}

static void every_allocation_may_fail(void **state)
{
    struct draw *d = *state;
    char base[128];
    const char *path = tape_fresh();
    draw_serve_json(d,
                    "{\"data\":[{\"b64_json\":\"" PNG1 "\",\"revised_prompt\":\"" DRAW_KEY "\"}]}");
    keep_base(d, base);
    sweep(base, path, 1);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server);
    sweep(base, path, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(what_is_no_recording),
        DRAW_TEST(what_cannot_be_recorded),
        DRAW_TEST(only_once_and_before_the_first_submit),
        DRAW_TEST(the_rules_stay),
        DRAW_TEST(a_file_that_was_cut),
        DRAW_TEST(a_file_with_wrong_bytes),
        DRAW_TEST(lines_of_all_kinds),
        DRAW_TEST(kinds_that_are_not_known),
        DRAW_TEST(a_full_disk_harms_no_request),
        DRAW_TEST(every_allocation_may_fail),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests_name("recording damage", tests, NULL, NULL);
    tape_end();
    return failed;
}
