/* SPDX-License-Identifier: MIT */
/* Calls under limits from almost nothing to enough: each gives the whole picture or ends for want of memory, what was paid is
 * never called free, and the client draws on. Knows the public API alone. */
#include "limit_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWEEP_SERVER 120 /* limits that one server serves */

struct sweep {
    const char *name;
    struct limit_wish wish;
    int32_t steps;
    int64_t step; /* bytes; 0: such that the last one is enough */
    int32_t cold; /* each step has a client that has drawn nothing yet */
};

#define SWEEP_FILE "to a file" /* the path is the test's */

static const struct sweep sweeps[] = {
    {"base64", {200 * KIB, "b64_json", 0, NULL}, 64, 0, 0},
    {"base64, first call", {200 * KIB, "b64_json", 0, NULL}, 64, 0, 1},
    {"base64, small steps", {100, "b64_json", 0, NULL}, 600, 16, 0},
    {"base64, first call, small steps", {100, "b64_json", 0, NULL}, 1200, 16, 1},
    {"base64, a tiny picture", {100, "b64_json", 0, NULL}, 900, 0, 0},
    {"url", {200 * KIB, "url", 0, NULL}, 64, 0, 0},
    {"url, small steps", {100, "url", 0, NULL}, 800, 16, 0},
    {"several", {50 * KIB, "b64_json", 4, NULL}, 64, 0, 0},
    {"to a file", {200 * KIB, "b64_json", 0, SWEEP_FILE}, 64, 0, 0},
    {"to a file, small steps", {100, "b64_json", 0, SWEEP_FILE}, 600, 16, 0},
};

/* What is wrong with the end of a call, or NULL. */
static const char *sweep_end(const apipie_request *r, const struct limit_wish *w,
                             apipie_status status, int32_t sent)
{
    int exists = w->path && remove(w->path) == 0;
    int32_t unpaid = apipie_error_billed(apipie_request_error(r)) == APIPIE_BILLED_NO;
    if (status == APIPIE_E_MEMORY && exists)
        return "a failure that leaves a file";
    if (status == APIPIE_E_MEMORY && !apipie_error_message(apipie_request_error(r))[0])
        return "no message";
    if (status == APIPIE_E_MEMORY && unpaid == sent)
        return sent ? "what was paid is called free" : "what was not sent is called paid";
    if (status != APIPIE_OK)
        return status == APIPIE_E_MEMORY ? NULL : apipie_status_name(status);
    if (w->path)
        return exists ? NULL : "a success without the file";
    for (size_t i = 0; i < (w->n ? (size_t)w->n : 1); i++) {
        /* With several, a success may lack some: that is told, and no picture is half there. */
        if (apipie_result_image_size(apipie_request_result(r), i) == 0 && w->n > 1)
            continue;
        if (!limit_picture_is_whole(r, i, w->bytes))
            return "a success without the whole picture";
    }
    return NULL;
}

/* One call on the client of the stage; *ret_good counts those that succeeded. */
static const char *sweep_call(struct draw *d, const struct limit_wish *w, int32_t *ret_good)
{
    int32_t posts = raw_server_count(d->server, "POST");
    const char *problem = NULL;
    apipie_request *r = limit_ask(d->client, w);
    if (r) {
        apipie_status status = apipie_request_perform(r);
        problem = sweep_end(r, w, status, raw_server_count(d->server, "POST") - posts);
        *ret_good += status == APIPIE_OK;
        apipie_request_unref(r);
    }
    return raw_server_count(d->server, "POST") > posts + 1 ? "sent twice" : problem;
}

/* The same client without a limit, to show that nothing is broken. */
static const char *sweep_again(struct draw *d, const struct limit_wish *w)
{
    int32_t good = 0;
    limit_set(d, 0);
    const char *problem = sweep_call(d, w, &good);
    return good == 1 ? problem : "the client is of no use afterwards";
}

static const char *sweep_step(struct draw *d, const struct limit_wish *w, int64_t room,
                              const struct limit_host *host, int32_t *ret_good)
{
    int64_t before = limit_now(d);
    int64_t beside = host->bytes - before; /* the client's own block */
    limit_set(d, before + room);
    const char *problem = sweep_call(d, w, ret_good);
    int64_t after = limit_now(d);
    if (host->bytes - after != beside)
        problem = "counted wrong";
    if (!problem)
        problem = sweep_again(d, w);
    int64_t again = limit_now(d);
    if (!problem && sweep_call(d, w, &(int32_t){0}))
        problem = "the client is of no use at last";
    if (!problem && (limit_now(d) != again || after > again))
        problem = "what was held has not come back";
    return problem;
}

static int64_t sweep_need(struct draw *d, const struct limit_wish *w)
{
    int32_t good = 0;
    int64_t before = limit_now(d);
    assert_null(sweep_call(d, w, &good));
    assert_int_equal(good, 1);
    return limit_peak(d) - before;
}

static void sweep_all(struct draw *d, const struct sweep *s, const struct limit_wish *w)
{
    struct limit_host host = {PTHREAD_MUTEX_INITIALIZER, 0};
    int32_t good = 0, problems = 0;
    d->client = limit_client(d, &host);
    int64_t need = sweep_need(d, w);
    for (int32_t i = 1; i <= s->steps; i++) {
        int64_t room = s->step ? s->step * i : need * i / s->steps;
        if (i % SWEEP_SERVER == 0) {
            limit_set(d, 0);
            limit_serve(d);
        }
        if (s->cold) {
            d->client = apipie_client_unref(d->client);
            problems += host.bytes != 0;
            d->client = limit_client(d, &host);
        }
        const char *problem = sweep_step(d, w, room, &host, &good);
        if (problem)
            print_error("room for %lld bytes: %s\n", (long long)room, problem);
        problems += problem != NULL;
    }
    d->client = apipie_client_unref(d->client);
    assert_int_equal(host.bytes, 0);
    assert_int_equal(problems, 0);
    print_message("%d of %d limits were enough\n", (int)good, (int)s->steps);
    assert_true(good < s->steps);
    if (!s->step)
        assert_true(good > 0);
}

static void sweep_test(void **state)
{
    struct draw *d = *state;
    const struct sweep *s = d->row;
    struct limit_wish w = s->wish;
    char folder[] = "/tmp/apipie-limit-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lake.png", folder);
    w.path = w.path ? path : NULL;
    limit_serve(d);
    sweep_all(d, s, &w);
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
}

int main(void)
{
    return DRAW_ROWS(sweep_test, sweeps);
}
