/* SPDX-License-Identifier: MIT */
/* The client's memory limit and its figures: what passes the limit fails alone, whatever the limit is, all that was counted
 * comes back, and what was paid is told. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB       1024
#define MIB       (1024 * KIB)
#define COST      INT64_C(40000000000) /* 0.04 USD, of each reply */
#define LIMIT_TOP ((size_t)32 * MIB)

/* ---- a server that gives pictures of as many bytes as the prompt asks for */

static uint8_t *picture_bytes(size_t n)
{
    uint8_t *bytes = malloc(n + sizeof PNG1);
    if (!bytes)
        abort();
    size_t head = draw_decode(PNG1, bytes);
    for (size_t i = head; i < n; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    return bytes;
}

static int picture_is_whole(const apipie_request *r, size_t index, size_t n)
{
    size_t size = 0;
    const uint8_t *data = apipie_result_image_data(apipie_request_result(r), index, &size);
    uint8_t *want = picture_bytes(n);
    int same = data && size == n && memcmp(data, want, n) == 0;
    free(want);
    return same;
}

#define SILENT "silent" /* a model that does not say what it cost */

struct hall {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int32_t gone;  /* replies of pictures of 1 MiB and more that have left */
    int32_t after; /* smaller ones wait until so many have */
};

static void hall_wait(struct hall *h)
{
    pthread_mutex_lock(&h->lock);
    while (h->gone < h->after)
        pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static void hall_tell(struct hall *h)
{
    pthread_mutex_lock(&h->lock);
    h->gone++;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void send_urls(struct raw_conn *c, size_t bytes)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"data\":[{\"url\":\"%s/pics/%zu\"}],\"usage\":{\"cost\":\"0.04\"}}", raw_origin(c),
             bytes);
    raw_reply_json(c, 200, body);
}

static void send_base64(struct raw_conn *c, size_t bytes, int n, const char *usage)
{
    uint8_t *picture = picture_bytes(bytes);
    char *base64 = draw_encode(picture, bytes);
    size_t capacity = (strlen(base64) + 64) * (size_t)n + 256;
    char *body = malloc(capacity);
    if (!body)
        abort();
    size_t at = (size_t)snprintf(body, capacity, "{\"data\":[");
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(body + at, capacity - at,
                               "%s{\"b64_json\":\"%s\",\"revised_prompt\":\"a lake\"}",
                               i ? "," : "", base64);
    snprintf(body + at, capacity - at, "],%s\"created\":1}", usage);
    raw_reply_json(c, 200, body);
    free(body);
    free(base64);
    free(picture);
}

static void handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *ask = strstr(q->body, "bytes=");
    const char *pic = strstr(q->path, "/pics/");
    if (pic) {
        size_t bytes = strtoul(pic + 6, NULL, 10);
        uint8_t *picture = picture_bytes(bytes);
        raw_reply(c, 200, "Content-Type: image/png\r\n", picture, bytes);
        free(picture);
        return;
    }
    size_t bytes = ask ? strtoul(ask + 6, NULL, 10) : 100;
    char n[32] = "";
    draw_field(q, "n", n, sizeof n);
    if (user && bytes < MIB)
        hall_wait(user);
    if (strstr(q->body, "\"url\""))
        send_urls(c, bytes);
    else
        send_base64(c, bytes, n[0] ? (int)strtol(n, NULL, 10) : 1,
                    strstr(q->body, SILENT) ? "" : "\"usage\":{\"cost\":\"0.04\"},");
    if (user && bytes >= MIB)
        hall_tell(user);
}

/* ---- requests */

struct wish {
    size_t bytes;
    const char *format;
    int32_t n;        /* images; 0: not said */
    const char *path; /* NULL: to memory */
};

static apipie_request *ask(apipie_client *client, const struct wish *w)
{
    char prompt[64];
    apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_IMAGE);
    snprintf(prompt, sizeof prompt, "bytes=%zu", w->bytes);
    apipie_request_set_prompt(r, prompt, APIPIE_NTS);
    apipie_request_set_response_format(r, w->format ? w->format : "b64_json");
    if (w->n)
        apipie_request_set_n(r, w->n);
    if (w->path)
        apipie_request_set_output_file(r, w->path);
    return r;
}

/* Asks for a picture to memory on the stage, and waits. */
static apipie_status draw_bytes(struct draw *d, size_t bytes, const char *format)
{
    const struct wish w = {bytes, format, 0, NULL};
    apipie_request_unref(d->request);
    d->request = ask(d->client, &w);
    return apipie_request_perform(d->request);
}

static int64_t now(const struct draw *d)
{
    return apipie_client_memory(d->client, APIPIE_MEMORY_NOW);
}

static int64_t peak(const struct draw *d)
{
    return apipie_client_memory(d->client, APIPIE_MEMORY_PEAK);
}

static int64_t refused(const struct draw *d)
{
    return apipie_client_memory(d->client, APIPIE_MEMORY_REFUSED);
}

static void limit(struct draw *d, int64_t bytes)
{
    assert_status(apipie_client_set_memory_limit(d->client, (uint64_t)bytes), APIPIE_OK);
}

/* What is made once and kept has been made: what is held now is held again after each call. */
static int64_t warm_up(struct draw *d)
{
    for (int32_t i = 0; i < 2; i++) {
        assert_ended(d->request, draw_bytes(d, 1000, i ? "url" : "b64_json"), APIPIE_OK);
        d->request = apipie_request_unref(d->request);
    }
    return now(d);
}

/* ---- tests */

static void the_doors(void **state)
{
    struct draw *d = *state;
    assert_status(apipie_client_set_memory_limit(NULL, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_client_memory(NULL, APIPIE_MEMORY_NOW), APIPIE_UNKNOWN);
    d->client = apipie_client_new(NULL);
    assert_int_equal(apipie_client_memory(d->client, -1), APIPIE_UNKNOWN);
    assert_int_equal(apipie_client_memory(d->client, 3), APIPIE_UNKNOWN);
    int64_t before = now(d);
    assert_true(before > 0);
    assert_true(before < 64 * KIB);
    assert_true(peak(d) >= before);
    assert_int_equal(refused(d), 0);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_OK);
    assert_in_range(now(d) - before, sizeof DRAW_KEY, sizeof DRAW_KEY + 64);
}

/* A client that already holds more gives nothing new, and goes on when it may again. */
static void a_limit_below_what_is_held(void **state)
{
    struct draw *d = *state;
    d->client = draw_client("http://127.0.0.1:9/v1");
    limit(d, 1);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_E_MEMORY);
    assert_null(apipie_request_new(d->client, APIPIE_REQUEST_IMAGE));
    assert_int_equal(refused(d), 2);
    limit(d, 0);
    d->request = draw_request(d->client);
    limit(d, 1);
    assert_status(apipie_request_set_model(d->request, "m"), APIPIE_E_MEMORY);
    limit(d, INT64_MAX);
    assert_status(apipie_request_submit(d->request), APIPIE_E_MEMORY); /* the first bad setter */
    assert_status(apipie_client_set_memory_limit(d->client, UINT64_MAX), APIPIE_OK);
    assert_status(apipie_client_set_key(d->client, DRAW_KEY), APIPIE_OK);
    assert_int_equal(refused(d), 3);
}

/* How pictures come. */
static const struct way {
    const char *name, *format;
    size_t attempts;
} ways[] = {{"base64", "b64_json", 1}, {"url", "url", 2}};

/* The one that is too large was drawn and paid: so it is told, and the smaller ones go on. */
static void a_picture_too_large(void **state)
{
    struct draw *d = *state;
    const struct way *way = d->row;
    draw_serve(d, handler, NULL);
    int64_t before = warm_up(d);
    limit(d, before + 800 * KIB);
    assert_ended(d->request, draw_bytes(d, 300 * KIB, way->format), APIPIE_OK);
    assert_true(picture_is_whole(d->request, 0, 300 * KIB));
    d->request = apipie_request_unref(d->request);
    assert_int_equal(now(d), before);
    assert_int_equal(refused(d), 0);
    assert_in_range(peak(d), 300 * KIB, before + 800 * KIB);

    assert_ended(d->request, draw_bytes(d, 4 * MIB, way->format), APIPIE_E_MEMORY);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_hint(e), "apipie_client_set_memory_limit()");
    assert_contains(apipie_error_hint(e), "billed");
    assert_int_equal(apipie_error_fault(e), APIPIE_FAULT_LIBRARY);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_YES);
    assert_int_equal(apipie_result_cost(draw_result(d)), COST);
    assert_int_equal(apipie_request_attempt_count(d->request), way->attempts);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_YES);
    assert_int_equal(apipie_client_money(d->client, NULL, APIPIE_MONEY_SPENT), 4 * COST);
    assert_true(refused(d) > 0);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(now(d), before);

    assert_ended(d->request, draw_bytes(d, 300 * KIB, way->format), APIPIE_OK);
    assert_true(picture_is_whole(d->request, 0, 300 * KIB));
    assert_in_range(peak(d), 300 * KIB, before + 800 * KIB);
    limit(d, 0);
    assert_ended(d->request, draw_bytes(d, 4 * MIB, way->format), APIPIE_OK);
    assert_true(picture_is_whole(d->request, 0, 4 * MIB));
    assert_true(peak(d) >= before + 4 * MIB);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(now(d), before);
}

/* Room for the reply, but not for the work on its picture: the picture is lost, not the news about it. */
static void no_room_for_the_decoder(void **state)
{
    struct draw *d = *state;
    draw_serve(d, handler, NULL);
    const struct wish w = {1000, NULL, 0, NULL};
    limit(d, warm_up(d) + 64 * KIB);
    d->request = ask(d->client, &w);
    apipie_request_set_model(d->request, SILENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_MEMORY);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_YES);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_ended(d->request, draw_bytes(d, 1000, "url"), APIPIE_OK);
}

/* A limit with room for the picture, but not for another half of it. */
static void what_fits_is_not_lost_to_doubling(void **state)
{
    struct draw *d = *state;
    const size_t bytes = 2 * MIB + 100 * KIB; /* just above a power of two */
    draw_serve(d, handler, NULL);
    int64_t before = warm_up(d);
    limit(d, before + (int64_t)bytes + 192 * KIB);
    assert_ended(d->request, draw_bytes(d, bytes, "b64_json"), APIPIE_OK);
    assert_true(picture_is_whole(d->request, 0, bytes));
    assert_in_range(now(d) - before, bytes, bytes + 16 * KIB);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(now(d), before);
}

/* The seven wait until the eighth, which needs more than there is, has come almost whole. */
static void the_others_go_on(void **state)
{
    struct draw *d = *state;
    struct hall hall = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 1};
    draw_serve(d, handler, NULL);
    int64_t before = warm_up(d);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    raw_server_stop(d->server);
    d->server = raw_server_start(handler, &hall);
    d->client = draw_client(raw_server_base(d->server));
    limit(d, before + 8 * MIB);
    for (size_t i = 0; i < 8; i++) {
        const struct wish w = {i == 3 ? LIMIT_TOP : 100 * KIB + i, NULL, 0, NULL};
        d->more[i] = ask(d->client, &w);
    }
    draw_submit_more(d);
    assert_int_equal(draw_wait_more(d), 7);
    for (size_t i = 0; i < 8; i++) {
        assert_ended(d->more[i], apipie_request_status(d->more[i]),
                     i == 3 ? APIPIE_E_MEMORY : APIPIE_OK);
        assert_true(i == 3 || picture_is_whole(d->more[i], 0, 100 * KIB + i));
    }
    assert_int_equal(apipie_error_billed(apipie_request_error(d->more[3])), APIPIE_BILLED_YES);
    assert_true(refused(d) > 0);
    assert_in_range(peak(d), 8 * 100 * KIB, before + 8 * MIB);
    draw_more(d, 0);
    assert_ended(d->request, draw_bytes(d, 1000, "b64_json"), APIPIE_OK);
}

/* Those that a limit refuses among them. */
static void a_hundred_calls_leave_nothing(void **state)
{
    struct draw *d = *state;
    int32_t good = 0;
    draw_serve(d, handler, NULL);
    int64_t before = warm_up(d);
    limit(d, before + 600 * KIB);
    for (size_t i = 0; i < 100; i++) {
        apipie_status status = draw_bytes(d, (i * 37 % 100 + 1) * 10 * KIB, i % 3 ? NULL : "url");
        assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
        good += status == APIPIE_OK;
        if (i % 10 == 0)
            apipie_request_cancel(d->request);
        d->request = apipie_request_unref(d->request);
        assert_int_equal(now(d), before);
    }
    assert_in_range(good, 30, 70);
    assert_in_range(peak(d), 300 * KIB, before + 600 * KIB);
}

/* ---- sweeps */

/* A host's allocator that adds up what it gave. */
struct host {
    pthread_mutex_t lock;
    int64_t bytes;
};

union host_head {
    size_t size;
    max_align_t align;
};

static void host_add(struct host *h, int64_t bytes)
{
    pthread_mutex_lock(&h->lock);
    h->bytes += bytes;
    pthread_mutex_unlock(&h->lock);
}

static void *host_alloc(void *user, size_t size)
{
    union host_head *head = malloc(size + sizeof *head);
    if (!head)
        return NULL;
    head->size = size;
    host_add(user, (int64_t)size);
    return head + 1;
}

static void host_release(void *user, void *block)
{
    union host_head *head = (union host_head *)block - 1;
    host_add(user, -(int64_t)head->size);
    free(head);
}

static void *host_resize(void *user, void *block, size_t size)
{
    size_t before = ((union host_head *)block - 1)->size;
    void *other = host_alloc(user, size);
    if (other) {
        memcpy(other, block, before < size ? before : size);
        host_release(user, block);
    }
    return other;
}

struct sweep {
    const char *name;
    struct wish wish;
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

/* The raw server takes a limited number of connections and requests. */
#define SWEEP_SERVER 120

static void sweep_serve(struct draw *d)
{
    raw_server_stop(d->server);
    d->server = raw_server_start(handler, NULL);
    assert_non_null(d->server);
    if (d->client)
        assert_status(apipie_client_set_base_url(d->client, raw_server_base(d->server)), APIPIE_OK);
}

static apipie_client *sweep_client(const struct draw *d, struct host *host)
{
    const apipie_allocator a = {sizeof a, host, host_alloc, host_resize, host_release};
    apipie_client *client = apipie_client_new(&a);
    assert_non_null(client);
    assert_status(apipie_client_set_key(client, DRAW_KEY), APIPIE_OK);
    assert_status(apipie_client_set_base_url(client, raw_server_base(d->server)), APIPIE_OK);
    assert_status(apipie_client_set_retry(client, APIPIE_RETRY_NEVER, 0), APIPIE_OK);
    return client;
}

/* What is wrong with the end of a call, or NULL. */
static const char *sweep_end(const apipie_request *r, const struct wish *w, apipie_status status,
                             int32_t sent)
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
        if (!picture_is_whole(r, i, w->bytes))
            return "a success without the whole picture";
    }
    return NULL;
}

/* One call on the client of the stage; *ret_good counts those that succeeded. */
static const char *sweep_call(struct draw *d, const struct wish *w, int32_t *ret_good)
{
    int32_t posts = raw_server_count(d->server, "POST");
    const char *problem = NULL;
    apipie_request *r = ask(d->client, w);
    if (r) {
        apipie_status status = apipie_request_perform(r);
        problem = sweep_end(r, w, status, raw_server_count(d->server, "POST") - posts);
        *ret_good += status == APIPIE_OK;
        apipie_request_unref(r);
    }
    return raw_server_count(d->server, "POST") > posts + 1 ? "sent twice" : problem;
}

/* The same client without a limit, to show that nothing is broken. */
static const char *sweep_again(struct draw *d, const struct wish *w)
{
    int32_t good = 0;
    limit(d, 0);
    const char *problem = sweep_call(d, w, &good);
    return good == 1 ? problem : "the client is of no use afterwards";
}

static const char *sweep_step(struct draw *d, const struct wish *w, int64_t room,
                              const struct host *host, int32_t *ret_good)
{
    int64_t before = now(d);
    int64_t beside = host->bytes - before; /* the client's own block */
    limit(d, before + room);
    const char *problem = sweep_call(d, w, ret_good);
    int64_t after = now(d);
    if (host->bytes - after != beside)
        problem = "counted wrong";
    if (!problem)
        problem = sweep_again(d, w);
    int64_t again = now(d);
    if (!problem && sweep_call(d, w, &(int32_t){0}))
        problem = "the client is of no use at last";
    if (!problem && (now(d) != again || after > again))
        problem = "what was held has not come back";
    return problem;
}

static int64_t sweep_need(struct draw *d, const struct wish *w)
{
    int32_t good = 0;
    int64_t before = now(d);
    assert_null(sweep_call(d, w, &good));
    assert_int_equal(good, 1);
    return peak(d) - before;
}

static void sweep_all(struct draw *d, const struct sweep *s, const struct wish *w)
{
    struct host host = {PTHREAD_MUTEX_INITIALIZER, 0};
    int32_t good = 0, problems = 0;
    d->client = sweep_client(d, &host);
    int64_t need = sweep_need(d, w);
    for (int32_t i = 1; i <= s->steps; i++) {
        int64_t room = s->step ? s->step * i : need * i / s->steps;
        if (i % SWEEP_SERVER == 0) {
            limit(d, 0);
            sweep_serve(d);
        }
        if (s->cold) {
            d->client = apipie_client_unref(d->client);
            problems += host.bytes != 0;
            d->client = sweep_client(d, &host);
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
    struct wish w = s->wish;
    char folder[] = "/tmp/apipie-limit-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lake.png", folder);
    w.path = w.path ? path : NULL;
    sweep_serve(d);
    sweep_all(d, s, &w);
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
}

/* ---- threads */

#define CROWD       4
#define CROWD_CALLS 25

struct crowd {
    apipie_client *client;
    size_t number;
    int32_t good, bad;
};

static void *crowd_main(void *user)
{
    struct crowd *c = user;
    for (size_t i = 0; i < CROWD_CALLS; i++) {
        const struct wish w = {10 * KIB + c->number * 100 + i, i % 4 ? NULL : "url", 0, NULL};
        apipie_request *r = ask(c->client, &w);
        if (apipie_request_perform(r) == APIPIE_OK && picture_is_whole(r, 0, w.bytes))
            c->good++;
        else if (apipie_request_status(r) != APIPIE_E_MEMORY)
            c->bad++;
        apipie_request_unref(r);
        /* Among all that asks: what is read is never nonsense. */
        if (apipie_client_memory(c->client, APIPIE_MEMORY_NOW) <= 0 ||
            apipie_client_memory(c->client, APIPIE_MEMORY_PEAK) > (int64_t)LIMIT_TOP)
            c->bad++;
    }
    return NULL;
}

static void crowd_run(struct draw *d, struct crowd *crowd)
{
    pthread_t threads[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = (struct crowd){d->client, i, 0, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &crowd[i]), 0);
    }
    for (size_t i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
}

static void several_threads(void **state)
{
    struct draw *d = *state;
    struct host host = {PTHREAD_MUTEX_INITIALIZER, 0};
    struct crowd crowd[CROWD];
    sweep_serve(d);
    d->client = sweep_client(d, &host);
    int64_t beside = host.bytes - now(d);
    limit(d, 16 * MIB);
    crowd_run(d, crowd);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].good, CROWD_CALLS);
        assert_int_equal(crowd[i].bad, 0);
    }
    assert_int_equal(refused(d), 0);
    assert_int_equal(host.bytes - now(d), beside);
    limit(d, now(d) + 200 * KIB); /* not for four at once */
    crowd_run(d, crowd);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(crowd[i].bad, 0);
    assert_int_equal(host.bytes - now(d), beside);
    assert_true(now(d) < 64 * KIB);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(host.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_doors),
        DRAW_TEST(a_limit_below_what_is_held),
        DRAW_TEST(no_room_for_the_decoder),
        DRAW_TEST(what_fits_is_not_lost_to_doubling),
        DRAW_TEST(the_others_go_on),
        DRAW_TEST(a_hundred_calls_leave_nothing),
        DRAW_TEST(several_threads),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(a_picture_too_large, ways);
    return failed + DRAW_ROWS(sweep_test, sweeps);
}
