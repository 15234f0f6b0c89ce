/* SPDX-License-Identifier: MIT */
/* test_unload LIBRARY: loads the library, works with it, and unloads it, many times over: nothing stays, no thread, no
 * descriptor, no memory. Knows the public API by its names only; the server is another process. APIPIE_UNLOAD_ROUNDS: how
 * often. */
#define _GNU_SOURCE /* mallinfo2() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apipie/apipie.h>

#include "../support/rawserver.h"

#define UNLOAD_ROUNDS 100
#define UNLOAD_WARM   10
/* Of memory that is in use, this much more after all rounds is a leak. */
#define UNLOAD_GROWTH 512
#define UNLOAD_SOON   2000
#define UNLOAD_PICTURE                                                                             \
    "{\"data\":[{\"b64_json\":"                                                                    \
    "\"iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/"                        \
    "Sv+YkQ8PcXVsvvX/FrgIAV+8Jkhdl86AAAAAASUVORK5CYII=\"}]}"

/* The functions that are used, by their names. */
#define UNLOAD_NAMES(X)                                                                            \
    X(client_new)                                                                                  \
    X(client_set_key)                                                                              \
    X(client_set_base_url)                                                                         \
    X(client_start_worker)                                                                         \
    X(client_poll)                                                                                 \
    X(client_next)                                                                                 \
    X(client_queue_fd)                                                                             \
    X(client_loop_fd)                                                                              \
    X(client_unref)                                                                                \
    X(request_new)                                                                                 \
    X(request_set_prompt)                                                                          \
    X(request_submit)                                                                              \
    X(request_perform)                                                                             \
    X(request_status)                                                                              \
    X(request_result)                                                                              \
    X(request_unref)                                                                               \
    X(result_image_count)

#define UNLOAD_POINTER(name) __typeof__(&apipie_##name) name;
struct unload_api {
    UNLOAD_NAMES(UNLOAD_POINTER)
};

static const char *unload_library;
static char unload_base[80];

/* ---- the server, a process of its own: its threads and memory are not ours */

static void unload_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply_json(c, 200, UNLOAD_PICTURE);
}

/* Lives until the other end of the pipe is closed. */
static void unload_serve(int say, int until)
{
    char drop;
    struct raw_server *s = raw_server_start(unload_handler, NULL);
    if (!s || write(say, raw_server_base(s), strlen(raw_server_base(s)) + 1) < 0)
        _exit(1);
    while (read(until, &drop, 1) > 0)
        ;
    raw_server_stop(s);
    _exit(0);
}

static pid_t unload_server(int *ret_end)
{
    int say[2], until[2];
    if (pipe(say) || pipe(until))
        abort();
    pid_t child = fork();
    if (child == 0) {
        close(say[0]);
        close(until[1]);
        unload_serve(say[1], until[0]);
    }
    close(say[1]);
    close(until[0]);
    if (child < 0 || read(say[0], unload_base, sizeof unload_base) <= 0)
        abort();
    close(say[0]);
    *ret_end = until[1];
    return child;
}

/* ---- what must not grow */

static int unload_entries(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* A thread that was joined may be seen for a moment. */
static int unload_settles(const char *folder, int want)
{
    const struct timespec moment = {0, 1000000};
    for (int i = 0; i < UNLOAD_SOON && unload_entries(folder) != want; i++)
        nanosleep(&moment, NULL);
    return unload_entries(folder);
}

/* ---- a round */

static void *unload_open(struct unload_api *api)
{
    void *library = dlopen(unload_library, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        print_error("%s\n", dlerror());
    assert_non_null(library);
#define UNLOAD_FIND(name)                                                                          \
    do {                                                                                           \
        void *found = dlsym(library, "apipie_" #name);                                             \
        assert_non_null(found);                                                                    \
        memcpy(&api->name, &found, sizeof found);                                                  \
    } while (0);
    UNLOAD_NAMES(UNLOAD_FIND)
    return library;
}

static apipie_request *unload_request(const struct unload_api *api, apipie_client *client)
{
    apipie_request *r = api->request_new(client, APIPIE_REQUEST_IMAGE);
    assert_non_null(r);
    api->request_set_prompt(r, "a lake", APIPIE_NTS);
    return r;
}

static apipie_client *unload_client(const struct unload_api *api)
{
    apipie_client *client = api->client_new(NULL);
    assert_non_null(client);
    assert_int_equal(api->client_set_key(client, "sk-pie-0123456789abcdef"), APIPIE_OK);
    assert_int_equal(api->client_set_base_url(client, unload_base), APIPIE_OK);
    return client;
}

static void unload_check(const struct unload_api *api, apipie_request *r)
{
    assert_int_equal(api->request_status(r), APIPIE_OK);
    assert_int_equal(api->result_image_count(api->request_result(r)), 1);
    api->request_unref(r);
}

static void unload_blocking(const struct unload_api *api)
{
    apipie_client *client = unload_client(api);
    apipie_request *r = unload_request(api, client);
    assert_true(api->client_loop_fd(client) >= 0);
    assert_int_equal(api->request_perform(r), APIPIE_OK);
    unload_check(api, r);
    api->client_unref(client);
}

/* By the worker, and one is still under way when the client goes. */
static void unload_worker(const struct unload_api *api)
{
    apipie_client *client = unload_client(api);
    struct pollfd p = {(int)api->client_queue_fd(client), POLLIN, 0};
    assert_int_equal(api->client_start_worker(client), APIPIE_OK);
    apipie_request *r = unload_request(api, client);
    assert_int_equal(api->request_submit(r), APIPIE_OK);
    api->request_unref(r);
    assert_int_equal(poll(&p, 1, 10000), 1);
    unload_check(api, api->client_next(client));
    r = unload_request(api, client);
    assert_int_equal(api->request_submit(r), APIPIE_OK);
    api->request_unref(r);
    api->client_unref(client);
}

static void unload_round(void)
{
    struct unload_api api;
    void *library = unload_open(&api);
    unload_blocking(&api);
    unload_worker(&api);
    assert_int_equal(dlclose(library), 0);
    assert_null(dlopen(unload_library, RTLD_NOW | RTLD_NOLOAD)); /* it is really gone */
}

static void test_unload(void **state)
{
    const char *rounds_text = getenv("APIPIE_UNLOAD_ROUNDS");
    int rounds = rounds_text ? atoi(rounds_text) : UNLOAD_ROUNDS, warm = 0;
    (void)state;
    for (; warm < UNLOAD_WARM && warm < rounds; warm++)
        unload_round();
    int files = unload_entries("/proc/self/fd");
    int tasks = unload_entries("/proc/self/task"); /* a sanitizer has one of its own */
    size_t memory = mallinfo2().uordblks;
    for (int i = warm; i < rounds; i++)
        unload_round();
    size_t after = mallinfo2().uordblks;
    print_message("%d rounds; %ld bytes more after the last %d\n", rounds,
                  (long)after - (long)memory, rounds - warm);
    assert_int_equal(unload_settles("/proc/self/task", tasks), tasks);
    assert_int_equal(unload_settles("/proc/self/fd", files), files);
    assert_true(after < memory + UNLOAD_GROWTH);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unload)};
    int end = -1, status = 0;
    if (argc < 2)
        return 2;
    unload_library = argv[1];
    pid_t server = unload_server(&end);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    close(end);
    waitpid(server, &status, 0);
    return failed || status != 0;
}
