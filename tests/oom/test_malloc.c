/* SPDX-License-Identifier: MIT */
/* Every malloc() that happens on the calling thread inside perform fails once, libcurl's, jansson's and libc's own
 * included: a clean status, no crash, and the client draws on. Replaces malloc() for the whole program, so that it must
 * not run under a sanitizer; glibc only. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "../support/draw.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#define SWEEP_MAX 20000

/* glibc's own, under the names that stay when malloc() is replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

/* Of this thread: whether it counts, and at which number it fails. */
static _Thread_local int64_t sweep_armed, sweep_count, sweep_fail_at;
static _Thread_local int64_t sweep_live;
/* Whether libcurl itself was at work, and whether it was when a call was refused: some versions then lose blocks of
 * their own, which nobody outside can give back. */
static _Thread_local int sweep_in_curl, sweep_refused_in_curl;

static int sweep_refuse(void)
{
    if (!sweep_armed || ++sweep_count != sweep_fail_at)
        return 0;
    sweep_refused_in_curl = sweep_in_curl;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    void *p = sweep_refuse() ? NULL : __libc_malloc(size);
    sweep_live += p != NULL;
    return p;
}

void *calloc(size_t count, size_t size)
{
    void *p = sweep_refuse() ? NULL : __libc_calloc(count, size);
    sweep_live += p != NULL;
    return p;
}

void *realloc(void *block, size_t size)
{
    void *p = sweep_refuse() ? NULL : __libc_realloc(block, size);
    sweep_live += p && !block;
    return p;
}

void free(void *block)
{
    sweep_live -= block != NULL;
    __libc_free(block);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t s, int what, int *running)
{
    CURLMcode (*next)(CURLM *, curl_socket_t, int, int *) = NULL;
    void *found = dlsym(RTLD_NEXT, "curl_multi_socket_action");
    memcpy(&next, &found, sizeof next);
    sweep_in_curl = 1;
    CURLMcode code = next(multi, s, what, running);
    sweep_in_curl = 0;
    return code;
}

struct sweep {
    const char *name;
    struct draw_reply reply;
    apipie_status want;
};

static const struct sweep sweeps[] = {
    {"base64",
     {200, NULL, "{\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"usage\":{\"cost\":0.04}}"},
     APIPIE_OK},
    {"url", {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"}]}"}, APIPIE_OK},
    {"an error", {400, NULL, "{\"error\":{\"message\":\"bad size\"}}"}, APIPIE_E_PARAMETER},
};

static void perform_armed(apipie_request *r, int64_t n)
{
    sweep_count = 0;
    sweep_fail_at = n;
    sweep_refused_in_curl = 0;
    sweep_armed = 1;
    (void)apipie_request_perform(r);
    sweep_armed = 0;
}

/* libcurl calls some of its own shortages a failure to connect or to send. */
static const char *end_problem(const struct draw *d, const struct sweep *s)
{
    apipie_status status = apipie_request_status(d->request);
    if (status == APIPIE_OK && apipie_result_image_size(draw_result(d), 0) != 86)
        return "a success without the whole picture";
    if (status == s->want || status == APIPIE_E_MEMORY || status == APIPIE_E_CONNECT ||
        status == APIPIE_E_NETWORK)
        return NULL;
    return apipie_status_name(status);
}

/* One call with malloc() number n refused; 0 when the call needed fewer. */
static int sweep_once(struct draw *d, int64_t n, int32_t *problems)
{
    const struct sweep *s = d->row;
    int64_t live = sweep_live;
    int32_t before = raw_server_count(d->server, "POST");
    d->client = draw_client(raw_server_base(d->server));
    d->request = draw_request(d->client);
    perform_armed(d->request, n);
    int reached = sweep_count >= n;
    const char *problem = end_problem(d, s);
    if (raw_server_count(d->server, "POST") > before + 1)
        problem = "sent twice";
    draw_again(d);
    if (apipie_request_perform(d->request) != s->want)
        problem = "the client is of no use afterwards";
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    if (sweep_live != live && sweep_refused_in_curl)
        print_message("malloc %d refused: libcurl loses %d blocks\n", (int)n,
                      (int)(sweep_live - live));
    else if (!problem && sweep_live != live)
        problem = "blocks leak";
    if (problem)
        print_error("malloc %d refused: %s\n", (int)n, problem);
    *problems += problem != NULL;
    return reached;
}

static void every_malloc_fails_once(void **state)
{
    struct draw *d = *state;
    const struct sweep *s = d->row;
    int64_t n = 1;
    int32_t problems = 0;
    d->reply = s->reply;
    d->script = (struct draw_script){&d->reply, 1};
    d->server = raw_server_start(draw_handler, &d->script);
    (void)sweep_once(d, 0, &problems); /* what is made once in a process is made */
    problems = 0;
    (void)sweep_once(d, 0, &problems);
    assert_int_equal(problems, 0);
    while (n < SWEEP_MAX && sweep_once(d, n, &problems))
        n++;
    print_message("%d calls of malloc\n", (int)n - 1);
    assert_int_equal(problems, 0);
    assert_true(n > 50);
    assert_true(n < SWEEP_MAX);
}

/* ---- an idle poll takes no memory at all */

static void silent(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static int32_t drawing(const struct draw *d, int32_t count)
{
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++)
        n += apipie_request_progress(d->more[i], APIPIE_PROGRESS_PHASE) == APIPIE_PHASE_DRAWING;
    return n;
}

static void an_idle_poll_allocates_nothing(void **state)
{
    enum { COUNT = 20, POLLS = 1000 };
    struct draw *d = *state;
    draw_serve(d, silent, NULL);
    apipie_client_set_max_in_flight(d->client, COUNT);
    draw_more(d, COUNT);
    draw_submit_more(d);
    int64_t until = draw_now_ms() + 10000;
    while (drawing(d, COUNT) < COUNT && draw_now_ms() < until)
        apipie_client_poll(d->client, 1);
    assert_int_equal(drawing(d, COUNT), COUNT);
    apipie_client_poll(d->client, 0);
    sweep_count = sweep_fail_at = 0;
    sweep_armed = 1;
    for (int i = 0; i < POLLS; i++)
        apipie_client_poll(d->client, 0);
    sweep_armed = 0;
    assert_int_equal(sweep_count, 0);
    for (int i = 0; i < COUNT; i++)
        apipie_request_cancel(d->more[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DRAW_TEST(an_idle_poll_allocates_nothing)};
    return DRAW_ROWS(every_malloc_fails_once, sweeps) +
           cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
