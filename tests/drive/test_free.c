/* SPDX-License-Identifier: MIT */
/* The client's last reference goes in every state of a request: all ends at once, is told once, and is freed once. Knows the
 * public API and the raw server. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/draw.h"
#include "count.h"

#define FREE_SOON_MS 1000
#define FREE_BIG     (24 * 1024 * 1024)

enum { FREE_POLL, FREE_WAIT, FREE_WORKER };

struct free_stage {
    struct scarce blocks;
    atomic_int done, progress, done_freed, progress_freed, user_freed;
    apipie_status status; /* in done */
};

/* ---- the server: what it does is in the prompt */

static char *free_large; /* a reply of some megabytes */

static void free_half(struct raw_conn *c)
{
    raw_head(c, 200, "Content-Type: application/json\r\nContent-Length: 300000\r\n");
    raw_send_text(c, "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAAS");
    raw_stall(c);
}

static void free_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const struct draw_reply busy = {
        503, "retry-after-ms: 30000\r\n",
        "{\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}"};
    (void)user;
    if (strstr(q->body, "busy"))
        draw_send_reply(c, &busy);
    else if (strstr(q->body, "half"))
        free_half(c);
    else if (strstr(q->body, "large"))
        raw_reply_json(c, 200, free_large);
    else if (strstr(q->body, "good"))
        raw_reply_json(c, 200, ONE_IMAGE);
    else
        raw_stall(c);
}

static void free_make_large(void)
{
    static const char start[] = "{\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAA";
    size_t n = (size_t)4 << 20;
    free_large = malloc(sizeof start + n + 8);
    if (!free_large)
        abort();
    memcpy(free_large, start, sizeof start - 1);
    memset(free_large + sizeof start - 1, 'A', n);
    memcpy(free_large + sizeof start - 1 + n, "\"}]}", 5);
}

/* ---- callbacks that count */

static void free_on_done(void *user, apipie_request *r)
{
    struct free_stage *f = user;
    f->status = apipie_request_status(r);
    atomic_fetch_add(&f->done, 1);
}

static void free_on_progress(void *user, apipie_request *r)
{
    struct free_stage *f = user;
    (void)r;
    atomic_fetch_add(&f->progress, 1);
}

static void free_done_user(void *user)
{
    atomic_fetch_add(&((struct free_stage *)user)->done_freed, 1);
}

static void free_progress_user(void *user)
{
    atomic_fetch_add(&((struct free_stage *)user)->progress_freed, 1);
}

static void free_user(void *user)
{
    atomic_fetch_add(&((struct free_stage *)user)->user_freed, 1);
}

static apipie_request *free_request(apipie_client *client, const char *prompt)
{
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    assert_non_null(r);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    return r;
}

/* ---- states */

/* Where the request is when the client goes. */
struct free_row {
    const char *name, *prompt;
    int64_t phase; /* that it must have reached; APIPIE_PHASE_* */
    int32_t drive;
    int32_t line;      /* another one is out before it */
    int32_t silent;    /* the server's port does not answer */
    int32_t deaf;      /* ... takes the connection and reads nothing */
    int64_t budget_us; /* with a reply that is larger than it allows */
    int32_t file;
};

static const struct free_row free_rows[] = {
    {"queued", "good", APIPIE_PHASE_QUEUED, -1, 0, 0, 0, 0, 0},
    {"line-poll", "stall", APIPIE_PHASE_QUEUED, FREE_POLL, 1, 0, 0, 0, 0},
    {"line-worker", "stall", APIPIE_PHASE_QUEUED, FREE_WORKER, 1, 0, 0, 0, 0},
    {"backoff-poll", "busy", APIPIE_PHASE_WAITING, FREE_POLL, 0, 0, 0, 0, 0},
    {"backoff-wait", "busy", APIPIE_PHASE_WAITING, FREE_WAIT, 0, 0, 0, 0, 0},
    {"backoff-worker", "busy", APIPIE_PHASE_WAITING, FREE_WORKER, 0, 0, 0, 0, 0},
    {"connecting-poll", "x", APIPIE_PHASE_CONNECTING, FREE_POLL, 0, 1, 0, 0, 0},
    {"connecting-wait", "x", APIPIE_PHASE_CONNECTING, FREE_WAIT, 0, 1, 0, 0, 0},
    {"connecting-worker", "x", APIPIE_PHASE_CONNECTING, FREE_WORKER, 0, 1, 0, 0, 0},
    {"sending-poll", "x", APIPIE_PHASE_SENDING, FREE_POLL, 0, 0, 1, 0, 0},
    {"sending-wait", "x", APIPIE_PHASE_SENDING, FREE_WAIT, 0, 0, 1, 0, 0},
    {"sending-worker", "x", APIPIE_PHASE_SENDING, FREE_WORKER, 0, 0, 1, 0, 0},
    {"drawing-poll", "stall", APIPIE_PHASE_DRAWING, FREE_POLL, 0, 0, 0, 0, 0},
    {"drawing-wait", "stall", APIPIE_PHASE_DRAWING, FREE_WAIT, 0, 0, 0, 0, 1},
    {"drawing-worker", "stall", APIPIE_PHASE_DRAWING, FREE_WORKER, 0, 0, 0, 0, 1},
    {"receiving-poll", "half", APIPIE_PHASE_RECEIVING, FREE_POLL, 0, 0, 0, 0, 1},
    {"receiving-wait", "half", APIPIE_PHASE_RECEIVING, FREE_WAIT, 0, 0, 0, 0, 0},
    {"receiving-worker", "half", APIPIE_PHASE_RECEIVING, FREE_WORKER, 0, 0, 0, 0, 0},
    {"paused", "large", APIPIE_PHASE_RECEIVING, FREE_POLL, 0, 0, 0, 1, 1},
    {"ended-poll", "good", APIPIE_PHASE_ENDED, FREE_POLL, 0, 0, 0, 0, 1},
    {"ended-worker", "good", APIPIE_PHASE_ENDED, FREE_WORKER, 0, 0, 0, 0, 0},
};

/* A port whose connections nobody accepts: the system takes them, and a little of what is sent. */
static int free_deaf(char *url, size_t capacity)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0 &&
                getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    snprintf(url, capacity, "http://127.0.0.1:%d/v1", (int)ntohs(at.sin_port));
    return fd;
}

static void free_big_input(apipie_request *r)
{
    uint8_t *bytes = calloc(1, FREE_BIG);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    assert_status(apipie_request_set_image_bytes(r, bytes, FREE_BIG), APIPIE_OK);
    free(bytes);
}

static int32_t free_there(const struct free_row *row, const apipie_request *r, int64_t since)
{
    if (row->line) /* it looks the same before anybody has seen it */
        return draw_now_ms() - since > 100;
    return apipie_request_progress(r, APIPIE_PROGRESS_PHASE) == row->phase &&
           (row->phase != APIPIE_PHASE_RECEIVING ||
            apipie_request_progress(r, APIPIE_PROGRESS_DOWN) > 0);
}

static void free_reach(const struct free_row *row, apipie_client *client, apipie_request *r)
{
    int64_t since = draw_now_ms();
    if (row->drive == FREE_WORKER)
        assert_status(apipie_client_start_worker(client), APIPIE_OK);
    while (!free_there(row, r, since) && draw_now_ms() < since + 5000) {
        if (row->drive == FREE_POLL)
            apipie_client_poll(client, row->budget_us ? 0 : 5);
        else if (row->drive == FREE_WAIT)
            apipie_request_wait(r, 5);
        else
            draw_sleep_ms(5);
    }
    assert_int_equal(apipie_request_progress(r, APIPIE_PROGRESS_PHASE), row->phase);
}

static apipie_request *free_submit(struct free_stage *f, const struct free_row *row,
                                   apipie_client *client, const char *path)
{
    apipie_request *r = free_request(client, row->prompt);
    apipie_request_set_user_data(r, f, free_user);
    apipie_request_set_done(r, free_on_done, f, free_done_user);
    apipie_request_set_progress(r, free_on_progress, f, free_progress_user);
    if (row->deaf)
        free_big_input(r);
    if (row->file)
        apipie_request_set_output_file(r, path);
    assert_status(apipie_request_submit(r), APIPIE_OK);
    return r;
}

/* All that is true afterwards, but for what the request holds. */
static void free_check(struct free_stage *f, const struct free_row *row, apipie_request *r,
                       int64_t took_ms)
{
    apipie_status want = row->phase == APIPIE_PHASE_ENDED ? APIPIE_OK : APIPIE_E_CANCELLED;
    print_message("%s: %d ms\n", row->name, (int)took_ms);
    assert_in_range(took_ms, 0, FREE_SOON_MS - 1);
    assert_status(apipie_request_status(r), want);
    assert_status(apipie_request_wait(r, -1), want);
    /* Polled: told by poll. Otherwise by the unref. */
    assert_int_equal(atomic_load(&f->done), 1);
    assert_status(f->status, want);
    assert_int_equal(atomic_load(&f->user_freed), 0);
    assert_int_equal(apipie_request_progress(r, APIPIE_PROGRESS_PHASE), APIPIE_PHASE_ENDED);
    assert_status(apipie_request_submit(r), APIPIE_E_STATE);
    apipie_request_cancel(r);
    apipie_request *copy = apipie_request_copy(r);
    assert_non_null(copy);
    assert_status(apipie_request_submit(copy), APIPIE_E_CANCELLED);
    apipie_request_unref(copy);
    apipie_request_unref(r);
    assert_int_equal(atomic_load(&f->user_freed), 1);
    assert_int_equal(atomic_load(&f->done_freed), 1);
    assert_int_equal(atomic_load(&f->progress_freed), 1);
    assert_int_equal(atomic_load(&f->blocks.alive), 0);
}

static void free_state(const struct free_row *row, const char *base, struct free_stage *f,
                       const char *folder)
{
    char path[128];
    apipie_request *first = NULL;
    snprintf(path, sizeof path, "%s/x.png", folder);
    apipie_client *client = count_client(&f->blocks, base);
    apipie_client_set_poll_budget(client, row->budget_us);
    if (row->line) {
        apipie_client_set_max_in_flight(client, 1);
        first = free_request(client, "stall");
        assert_status(apipie_request_submit(first), APIPIE_OK);
        apipie_request_unref(first);
    }
    apipie_request *r = free_submit(f, row, client, path);
    if (row->drive >= 0)
        free_reach(row, client, r);
    int64_t since = draw_now_ms();
    apipie_client_unref(client);
    int64_t took_ms = draw_now_ms() - since;
    free_check(f, row, r, took_ms);
    unlink(path);
    assert_int_equal(count_entries(folder), 2); /* no temporary file is left */
}

static void test_states(void **state)
{
    struct draw *d = *state;
    char folder[] = "/tmp/apipie-free-XXXXXX", url[64];
    const struct free_row *row = d->row;
    struct free_stage f;
    int port = -1;
    memset(&f, 0, sizeof f);
    assert_non_null(mkdtemp(folder));
    d->server = raw_server_start(free_handler, NULL);
    const char *base = raw_server_base(d->server);
    if (row->silent || row->deaf) {
        port = row->silent ? raw_port_silent(url, sizeof url) : free_deaf(url, sizeof url);
        base = url;
    }
    if (port < 0 && base == url)
        print_message("skipped: this machine has no silent port\n");
    else
        free_state(row, base, &f, folder);
    if (row->silent)
        raw_port_close(port);
    else if (port >= 0)
        close(port);
    rmdir(folder);
}

/* ---- other threads are inside */

#define FREE_THREADS 6

struct free_thread {
    pthread_t id;
    apipie_client *client; /* NULL: it waits */
    apipie_request *request;
    apipie_status status;
};

static void *free_inside(void *user)
{
    struct free_thread *t = user;
    if (t->client)
        t->status = apipie_client_poll(t->client, 10000);
    else
        t->status = apipie_request_wait(t->request, -1);
    return NULL;
}

static void free_under_threads(struct draw *d, int32_t worker)
{
    struct free_thread threads[FREE_THREADS];
    struct free_stage f;
    memset(&f, 0, sizeof f);
    d->server = raw_server_start(free_handler, NULL);
    apipie_client *client = count_client(&f.blocks, raw_server_base(d->server));
    if (worker)
        assert_status(apipie_client_start_worker(client), APIPIE_OK);
    for (int32_t i = 0; i < FREE_THREADS; i++) {
        threads[i].client = i % 2 ? client : NULL;
        threads[i].request = free_request(client, "stall");
        assert_status(apipie_request_submit(threads[i].request), APIPIE_OK);
        assert_int_equal(pthread_create(&threads[i].id, NULL, free_inside, &threads[i]), 0);
    }
    draw_sleep_ms(100);
    int64_t since = draw_now_ms();
    apipie_client_unref(client);
    int64_t took_ms = draw_now_ms() - since;
    for (int32_t i = 0; i < FREE_THREADS; i++)
        pthread_join(threads[i].id, NULL);
    print_message("unref: %d ms, all threads out: %d ms\n", (int)took_ms,
                  (int)(draw_now_ms() - since));
    assert_in_range(draw_now_ms() - since, 0, FREE_SOON_MS - 1);
    for (int32_t i = 0; i < FREE_THREADS; i++) {
        assert_status(apipie_request_status(threads[i].request), APIPIE_E_CANCELLED);
        assert_true(threads[i].client || threads[i].status == APIPIE_E_CANCELLED);
        apipie_request_unref(threads[i].request);
    }
    assert_int_equal(atomic_load(&f.blocks.alive), 0);
}

static void test_threads(void **state)
{
    free_under_threads(*state, 0);
}

static void test_threads_worker(void **state)
{
    free_under_threads(*state, 1);
}

/* Somebody who holds a request begins to wait in the very moment in which the client goes. */
static void free_race(struct draw *d, int32_t worker)
{
    struct free_stage f;
    memset(&f, 0, sizeof f);
    d->server = raw_server_start(free_handler, NULL);
    for (int32_t i = 0; i < 150; i++) {
        struct free_thread t = {.client = NULL};
        apipie_client *client = count_client(&f.blocks, raw_server_base(d->server));
        if (worker)
            assert_status(apipie_client_start_worker(client), APIPIE_OK);
        t.request = free_request(client, i % 2 ? "stall" : "good");
        assert_status(apipie_request_submit(t.request), APIPIE_OK);
        if (i % 3)
            apipie_client_poll(client, 0);
        assert_int_equal(pthread_create(&t.id, NULL, free_inside, &t), 0);
        for (volatile int32_t k = 0; k < i * 300; k++)
            ;
        apipie_client_unref(client);
        pthread_join(t.id, NULL);
        assert_true(t.status == APIPIE_E_CANCELLED || (t.status == APIPIE_OK && i % 2 == 0));
        apipie_request_unref(t.request);
        assert_int_equal(atomic_load(&f.blocks.alive), 0);
    }
}

static void test_race(void **state)
{
    free_race(*state, 0);
}

static void test_race_worker(void **state)
{
    free_race(*state, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(test_threads),
        DRAW_TEST(test_threads_worker),
        DRAW_TEST(test_race),
        DRAW_TEST(test_race_worker),
    };
    if (argc > 1) /* only those */
        cmocka_set_test_filter(argv[1]);
    free_make_large();
    int before = count_entries("/proc/self/fd");
    int failed = DRAW_ROWS(test_states, free_rows) + cmocka_run_group_tests(tests, NULL, NULL);
    int after = count_entries("/proc/self/fd");
    if (after != before)
        print_error("%d descriptors instead of %d\n", after, before);
    free(free_large);
    return failed + (after != before);
}
