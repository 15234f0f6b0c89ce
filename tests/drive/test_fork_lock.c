/* SPDX-License-Identifier: MIT */
/* A thread of the parent holds the client's lock at the fork, and is not there in the child to let it go: nothing may wait for
 * it there. Knows the public API. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/draw.h"

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

static struct {
    atomic_int armed, inside;
    sem_t go;
} fork_gate;

static void *gate_alloc(void *user, size_t size)
{
    (void)user;
    if (atomic_exchange(&fork_gate.armed, 0)) {
        atomic_store(&fork_gate.inside, 1);
        sem_wait(&fork_gate.go);
    }
    return malloc(size);
}

static void *gate_resize(void *user, void *block, size_t size)
{
    return block ? realloc(block, size) : gate_alloc(user, size);
}

static void gate_release(void *user, void *block)
{
    (void)user;
    free(block);
}

static void *gate_thread(void *user)
{
    apipie_client_set_price(user, "p", "m", 5); /* takes memory under the lock */
    return NULL;
}

static void gate_key(apipie_client *c)
{
    apipie_client_set_key(c, "sk-other");
}
static void gate_url(apipie_client *c)
{
    apipie_client_set_base_url(c, "https://example.com/v1");
}
static void gate_http(apipie_client *c)
{
    apipie_client_allow_http(c, 1);
}
static void gate_limits(apipie_client *c)
{
    apipie_client_set_timeout(c, 5);
}
static void gate_in_flight(apipie_client *c)
{
    apipie_client_set_max_in_flight(c, 5);
}
static void gate_route(apipie_client *c)
{
    apipie_client_add_route(c, NULL, "p", "m");
}
static void gate_routes(apipie_client *c)
{
    apipie_client_clear_routes(c);
}
static void gate_rate(apipie_client *c)
{
    apipie_client_set_rate(c, NULL, 5, 5);
}
static void gate_price(apipie_client *c)
{
    apipie_client_set_price(c, NULL, NULL, 5);
}
static void gate_veto(apipie_client *c)
{
    apipie_client_set_veto(c, NULL, NULL, NULL);
}
static void gate_key_fn(apipie_client *c)
{
    apipie_client_set_key_fn(c, NULL, NULL, NULL);
}
static void gate_cache(apipie_client *c)
{
    apipie_client_set_cache(c, NULL, 1);
}
static void gate_reconcile(apipie_client *c)
{
    apipie_client_set_reconcile(c, 5);
}
static void gate_breaker(apipie_client *c)
{
    apipie_client_set_breaker(c, 1, 1);
}
static void gate_budget(apipie_client *c)
{
    apipie_client_set_budget(c, 5);
}
static void gate_money(apipie_client *c)
{
    apipie_client_money(c, NULL, APIPIE_MONEY_SPENT);
}
static void gate_refused(apipie_client *c)
{
    apipie_client_poll(c, 0);
    apipie_client_next(c);
    apipie_client_queue_fd(c);
    apipie_client_loop_fd(c);
    apipie_client_next_timeout(c);
    apipie_client_wakeup(c);
    apipie_client_start_worker(c);
    apipie_request_new(c, APIPIE_REQUEST_IMAGE);
}
static apipie_request *gate_request;
static void gate_submit(apipie_client *c)
{
    (void)c;
    apipie_request_cancel(gate_request);
    apipie_request_submit(gate_request);
    apipie_request_wait(gate_request, -1);
    apipie_request_copy(gate_request);
}
static void gate_json(apipie_client *c)
{
    (void)c;
    apipie_request_format_json(gate_request, NULL, 0);
}
static void gate_unref(apipie_client *c)
{
    apipie_request_unref(gate_request);
    apipie_client_unref(c);
}

static const struct {
    const char *name;
    void (*run)(apipie_client *c);
    int32_t may_hang; /* a known gap: to be refused with APIPIE_E_FORKED */
} gate_doors[] = {
    {"poll, next, fds, wakeup, worker, new", gate_refused, 0},
    {"submit, wait, cancel, copy", gate_submit, 0},
    {"unref", gate_unref, 0},
    {"format_json", gate_json, 1},
    {"set_key", gate_key, 1},
    {"set_base_url", gate_url, 1},
    {"allow_http", gate_http, 1},
    {"set_timeout and the like", gate_limits, 1},
    {"set_max_in_flight", gate_in_flight, 1},
    {"add_route", gate_route, 1},
    {"clear_routes", gate_routes, 1},
    {"set_rate", gate_rate, 1},
    {"set_price", gate_price, 1},
    {"set_veto", gate_veto, 1},
    {"set_key_fn", gate_key_fn, 1},
    {"set_cache", gate_cache, 1},
    {"set_reconcile", gate_reconcile, 1},
    {"set_breaker", gate_breaker, 1},
    {"set_budget", gate_budget, 0},
    {"money", gate_money, 0},
};

static int gate_hangs(apipie_client *client)
{
    int hang = 0;
    for (size_t i = 0; i < sizeof gate_doors / sizeof gate_doors[0]; i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            gate_doors[i].run(client);
            _exit(0);
        }
        int code = fork_join(child, 200);
        if (code != 0)
            print_message("%s: %s (%d)\n", gate_doors[i].name, code == 1000 ? "hangs" : "dies",
                          code);
        hang += code != 0 && !gate_doors[i].may_hang;
    }
    return hang;
}

static void test_lock_is_held(void **state)
{
    apipie_allocator a = {sizeof a, NULL, gate_alloc, gate_resize, gate_release};
    apipie_client *client = apipie_client_new(&a);
    pthread_t thread;
    (void)state;
    gate_request = draw_request(client);
    sem_init(&fork_gate.go, 0, 0);
    atomic_store(&fork_gate.inside, 0);
    atomic_store(&fork_gate.armed, 1);
    assert_int_equal(pthread_create(&thread, NULL, gate_thread, client), 0);
    while (!atomic_load(&fork_gate.inside))
        draw_sleep_ms(1);
    int hang = gate_hangs(client);
    sem_post(&fork_gate.go);
    pthread_join(thread, NULL);
    apipie_request_unref(gate_request);
    apipie_client_unref(client);
    sem_destroy(&fork_gate.go);
    assert_int_equal(hang, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(test_lock_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
