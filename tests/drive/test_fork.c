/* SPDX-License-Identifier: MIT */
/* A child after fork() is refused quietly and touches nothing of its parent's. Knows the public API and the raw server. The child
 * says by its exit code at which step it was wrong. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/draw.h"

#define FORK_LIMIT_MS 5000
#define FORK_LARGE    (300 * 1024)

/* What the child gets. */
struct fork_view {
    apipie_client *client;
    apipie_request *running, *ended, *builder, *kept;
    int32_t unrefs;
};

/* ---- the child */

/* Another program takes over: a tool that looks for leaks at the end would find what the parent's threads held. */
static void child_end(int code)
{
    char text[24];
    snprintf(text, sizeof text, "exit %d", code);
    execl("/bin/sh", "sh", "-c", text, (char *)NULL);
    _exit(99);
}

#define CHILD_EXPECT(what)                                                                         \
    do {                                                                                           \
        if (!(what))                                                                               \
            child_end(__LINE__ % 200 + 50);                                                        \
    } while (0)

static void child_is_refused(struct fork_view *v)
{
    apipie_client *c = v->client;
    CHILD_EXPECT(apipie_request_submit(v->builder) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_request_perform(v->builder) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_poll(c, 0) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_poll(c, -1) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_start_worker(c) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_set_poll_budget(c, 5) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_request_new(c, APIPIE_REQUEST_IMAGE) == NULL);
    CHILD_EXPECT(apipie_request_copy(v->builder) == NULL);
    CHILD_EXPECT(apipie_need_new(c) == NULL);
    CHILD_EXPECT(apipie_catalog_new(c) == NULL);
    CHILD_EXPECT(apipie_catalog_parse(c, "[]", 2) == NULL);
    CHILD_EXPECT(apipie_client_catalog(c) == NULL);
    CHILD_EXPECT(apipie_client_estimate(c, v->builder, NULL) == APIPIE_UNKNOWN);
    CHILD_EXPECT(apipie_client_set_models_cache(c, NULL, 1) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_set_models_history(c, NULL) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_wait_available(c, NULL, NULL, 0) == APIPIE_E_FORKED);
    CHILD_EXPECT(apipie_client_next(c) == NULL);
    CHILD_EXPECT(apipie_client_queue_fd(c) == -1);
    CHILD_EXPECT(apipie_client_loop_fd(c) == -1);
    CHILD_EXPECT(apipie_client_next_timeout(c) == -1);
    apipie_client_wakeup(c);
    if (v->running) {
        CHILD_EXPECT(apipie_request_wait(v->running, -1) == APIPIE_E_FORKED);
        CHILD_EXPECT(apipie_request_status(v->running) == APIPIE_PENDING);
        CHILD_EXPECT(apipie_request_progress(v->running, APIPIE_PROGRESS_PHASE) >= 0);
        apipie_request_cancel(v->running);
    }
    if (v->ended) {
        CHILD_EXPECT(apipie_request_status(v->ended) == APIPIE_OK);
        CHILD_EXPECT(apipie_request_wait(v->ended, -1) == APIPIE_OK);
        CHILD_EXPECT(apipie_result_image_count(apipie_request_result(v->ended)) == 1);
    }
}

static void child_lets_go(struct fork_view *v)
{
    int64_t since = draw_now_ms();
    apipie_request_unref(v->builder);
    apipie_request_unref(v->running);
    apipie_request_unref(v->ended);
    while (v->unrefs-- > 0)
        apipie_client_unref(v->client);
    CHILD_EXPECT(draw_now_ms() - since < 200);
    /* It belonged to a client that is gone, whoever made that. */
    apipie_status status = apipie_request_submit(v->kept);
    CHILD_EXPECT(status == APIPIE_E_FORKED || status == APIPIE_E_CANCELLED);
    apipie_request_unref(v->kept);
    CHILD_EXPECT(draw_now_ms() - since < 400);
}

static void child_main(struct fork_view *v)
{
    child_is_refused(v);
    child_lets_go(v);
    child_end(0);
}

/* Its exit code; 1000 when it hung, 2000 + a signal when it died. */
static int fork_join(pid_t child, int32_t limit_ms)
{
    int status = 0;
    int64_t until = draw_now_ms() + limit_ms;
    pid_t done = 0;
    while ((done = waitpid(child, &status, WNOHANG)) == 0 && draw_now_ms() < until)
        draw_sleep_ms(2);
    if (done == 0) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return 1000;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2000 + WTERMSIG(status);
}

static int fork_child(struct fork_view *v)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        child_main(v);
    int code = fork_join(child, FORK_LIMIT_MS);
    if (code != 0)
        print_error("the child ended with %d\n", code);
    return code;
}

/* ---- the parent */

/* Half a picture, then nothing until told to go on, then the rest. */
struct fork_server {
    sem_t go;
    atomic_int halves;
    char *picture; /* in base64 */
};

static void fork_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct fork_server *s = user;
    if (strstr(q->body, "halves") == NULL) {
        raw_reply_json(c, 200, ONE_IMAGE);
        return;
    }
    size_t n = strlen(s->picture), half = n / 2;
    char length[96];
    static const char before[] = "{\"data\":[{\"b64_json\":\"", after[] = "\"}]}";
    snprintf(length, sizeof length, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
             n + strlen(before) + strlen(after));
    raw_head(c, 200, length);
    raw_send_text(c, before);
    raw_send(c, s->picture, half);
    atomic_fetch_add(&s->halves, 1);
    while (sem_trywait(&s->go))
        raw_pause_ms(c, 2);
    raw_send(c, s->picture + half, n - half);
    raw_send_text(c, after);
}

static void fork_make_picture(struct fork_server *s)
{
    uint8_t *bytes = calloc(1, FORK_LARGE);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    s->picture = draw_encode(bytes, FORK_LARGE);
    free(bytes);
}

static int fork_entries(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n - 2;
}

static void fork_until_half(struct draw *d, apipie_request *r, int32_t worker)
{
    int64_t until = draw_now_ms() + 5000;
    while (apipie_request_progress(r, APIPIE_PROGRESS_DOWN) < FORK_LARGE / 2 &&
           draw_now_ms() < until) {
        if (worker)
            draw_sleep_ms(2);
        else
            apipie_client_poll(d->client, 5);
    }
    assert_true(apipie_request_progress(r, APIPIE_PROGRESS_DOWN) >= FORK_LARGE / 2);
}

static void fork_in_flight(struct draw *d, int32_t worker, int32_t loop)
{
    struct fork_server s = {.halves = 0};
    char folder[] = "/tmp/apipie-fork-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.png", folder);
    fork_make_picture(&s);
    sem_init(&s.go, 0, 0);
    draw_serve(d, fork_handler, &s);
    if (worker)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    if (loop)
        assert_true(apipie_client_loop_fd(d->client) >= 0);
    apipie_request *r = draw_request(d->client);
    apipie_request_set_prompt(r, "in two halves", APIPIE_NTS);
    apipie_request_set_output_file(r, path);
    apipie_request *builder = draw_request(d->client), *kept = draw_request(d->client);
    assert_status(apipie_request_submit(r), APIPIE_OK);
    fork_until_half(d, r, worker);
    int files = fork_entries(folder);
    struct fork_view v = {d->client, r, NULL, builder, kept, 1};
    int code = fork_child(&v);
    assert_int_equal(code, 0);
    assert_int_equal(fork_entries(folder), files);
    sem_post(&s.go);
    assert_ended(r, apipie_request_wait(r, 5000), APIPIE_OK);
    assert_int_equal(apipie_result_image_size(apipie_request_result(r), 0), FORK_LARGE);
    assert_string_equal(apipie_result_image_path(apipie_request_result(r), 0), path);
    assert_int_equal(access(path, R_OK), 0);
    /* The same connection serves the next one. */
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_connections(d->server), 1);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    apipie_request_unref(r);
    apipie_request_unref(builder);
    apipie_request_unref(kept);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server);
    sem_destroy(&s.go);
    free(s.picture);
}

static void test_in_flight(void **state)
{
    fork_in_flight(*state, 0, 0);
}

static void test_in_flight_loop(void **state)
{
    fork_in_flight(*state, 0, 1);
}

static void test_in_flight_worker(void **state)
{
    fork_in_flight(*state, 1, 0);
}

/* Nothing is under way: the child frees all that is its own, and the parent's connection lives. */
static void fork_idle(struct draw *d, int32_t worker, int32_t loop)
{
    struct fork_server s = {.halves = 0};
    draw_serve(d, fork_handler, &s);
    if (worker)
        assert_status(apipie_client_start_worker(d->client), APIPIE_OK);
    struct pollfd p = {loop ? (int)apipie_client_loop_fd(d->client) : -1, POLLIN, 0};
    apipie_request *ended = draw_request(d->client), *builder = draw_request(d->client);
    apipie_request *kept = draw_request(d->client);
    assert_ended(ended, apipie_request_perform(ended), APIPIE_OK);
    for (int32_t i = 0; i < 3; i++) {
        struct fork_view v = {d->client, NULL, ended, builder, kept, 1};
        assert_int_equal(fork_child(&v), 0);
    }
    if (loop) { /* the set that child and parent share is as it was */
        apipie_client_poll(d->client, 0);
        assert_int_equal(poll(&p, 1, 0), 0);
        assert_status(apipie_request_submit(builder), APIPIE_OK);
        int64_t since = draw_now_ms();
        while (apipie_request_status(builder) == APIPIE_PENDING && draw_now_ms() < since + 3000) {
            poll(&p, 1, 1000);
            apipie_client_poll(d->client, 0);
        }
        assert_in_range(draw_now_ms() - since, 0, 900);
        apipie_request_unref(apipie_client_next(d->client));
    }
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_connections(d->server), 1);
    assert_int_equal(raw_server_count(d->server, NULL), loop ? 3 : 2);
    apipie_request_unref(ended);
    apipie_request_unref(builder);
    apipie_request_unref(kept);
}

static void test_idle(void **state)
{
    fork_idle(*state, 0, 0);
}

static void test_idle_loop(void **state)
{
    fork_idle(*state, 0, 1);
}

static void test_idle_worker(void **state)
{
    fork_idle(*state, 1, 0);
}

/* A child that lives on holds copies of the sockets: what the parent closes must leave its epoll set all the same. */
static void test_long_lived_child(void **state)
{
    struct draw *d = *state;
    struct fork_server s = {.halves = 0};
    fork_make_picture(&s);
    sem_init(&s.go, 0, 0);
    draw_serve(d, fork_handler, &s);
    struct pollfd p = {(int)apipie_client_loop_fd(d->client), POLLIN, 0};
    apipie_request_set_prompt(d->request, "in two halves", APIPIE_NTS);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    fork_until_half(d, d->request, 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, 1000), APIPIE_E_CANCELLED);
    sem_post(&s.go); /* the server goes on sending to the child's copy */
    draw_sleep_ms(100);
    int ready = 0;
    for (int32_t i = 0; i < 5; i++) {
        apipie_client_poll(d->client, 0);
        ready = poll(&p, 1, 20);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(ready, 0);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->server = raw_server_stop(d->server);
    sem_destroy(&s.go);
    free(s.picture);
}

/* The same while it connects: libcurl closes such a socket before it says that it need not be watched any more. */
static void test_long_lived_child_connecting(void **state)
{
    struct draw *d = *state;
    char url[64];
    int port = raw_port_silent(url, sizeof url);
    if (port < 0)
        skip();
    d->client = draw_client(url);
    d->request = draw_request(d->client);
    struct pollfd p = {(int)apipie_client_loop_fd(d->client), POLLIN, 0};
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    for (int32_t i = 0; i < 20; i++)
        apipie_client_poll(d->client, 5);
    assert_int_equal(apipie_request_progress(d->request, APIPIE_PROGRESS_PHASE),
                     APIPIE_PHASE_CONNECTING);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        raw_port_close(port);
        for (;;)
            pause();
    }
    draw_sleep_ms(50); /* the child has closed its copy of the port */
    apipie_request_cancel(d->request);
    assert_status(apipie_request_wait(d->request, 1000), APIPIE_E_CANCELLED);
    raw_port_close(port); /* attempts to connect are refused now: that of the child's copy too */
    int ready = 0;
    for (int64_t since = draw_now_ms(); !ready && draw_now_ms() < since + 2000;) {
        apipie_client_poll(d->client, 0);
        ready = poll(&p, 1, 100);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(ready, 0);
}

/* Connections that were given up are forgotten: their numbers may be those of the host's own files by now. */
static void test_files_of_the_host(void **state)
{
    struct draw *d = *state;
    char url[64], name[] = "/tmp/apipie-fork-XXXXXX";
    int port = raw_port_silent(url, sizeof url);
    if (port < 0)
        skip();
    d->client = draw_client(url);
    draw_again(d);
    apipie_request_set_timeout(d->request, 100);
    assert_status(apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    int file = mkstemp(name), more[16];
    assert_true(file >= 0);
    for (int32_t i = 0; i < 16; i++)
        more[i] = dup(file);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        apipie_client_unref(d->client);
        for (int32_t i = 0; i < 16; i++)
            CHILD_EXPECT(write(more[i], "x", 1) == 1);
        CHILD_EXPECT(write(file, "x", 1) == 1);
        child_end(0);
    }
    assert_int_equal(fork_join(child, FORK_LIMIT_MS), 0);
    assert_int_equal(lseek(file, 0, SEEK_END), 17);
    for (int32_t i = 0; i < 16; i++)
        close(more[i]);
    close(file);
    unlink(name);
    raw_port_close(port);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(test_in_flight),         DRAW_TEST(test_in_flight_loop),
        DRAW_TEST(test_in_flight_worker),  DRAW_TEST(test_idle),
        DRAW_TEST(test_idle_loop),         DRAW_TEST(test_idle_worker),
        DRAW_TEST(test_long_lived_child),  DRAW_TEST(test_long_lived_child_connecting),
        DRAW_TEST(test_files_of_the_host),

    };
    if (argc > 1) /* only those */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
