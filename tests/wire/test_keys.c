/* SPDX-License-Identifier: MIT */
/* Keys that rotate: a function of the host is asked for one before each paid call. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gives "sk-pie-key-1", "sk-pie-key-2", ... Static in the tests: the teardown may be what frees it. */
struct ring {
    int32_t asked, freed;
    int32_t refused[8];   /* what it was told, by turn */
    apipie_status answer; /* instead of a key */
    const char *key;      /* instead of a number; NULL: numbers */
    size_t capacity;
    int32_t dirty; /* the buffer was not empty when it came */
    /* replaces itself from inside */
    apipie_client *client;
    struct ring *next;
    int32_t freed_inside;
};

static void ring_free(void *user)
{
    ((struct ring *)user)->freed++;
}

static apipie_status ring_key(void *user, int32_t refused, char *key, size_t capacity)
{
    struct ring *r = user;
    if (r->asked < 8)
        r->refused[r->asked] = refused;
    r->asked++;
    r->capacity = capacity;
    for (size_t i = 0; i < capacity; i++)
        r->dirty += key[i] != 0;
    if (r->client) {
        apipie_client_set_key_fn(r->client, ring_key, r->next, ring_free);
        r->freed_inside = r->freed;
    }
    if (r->key)
        snprintf(key, capacity, "%s", r->key);
    else
        snprintf(key, capacity, "sk-pie-key-%d", (int)r->asked);
    return r->answer;
}

static void set_ring(struct draw *d, struct ring *r)
{
    assert_status(apipie_client_set_key_fn(d->client, ring_key, r, ring_free), APIPIE_OK);
}

/* Not APIPIE_RETRY_NEVER, which would not send a call twice even after a 401. */
static void serve(struct draw *d, const struct draw_script *script)
{
    draw_serve_script(d, script);
    assert_status(apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 0), APIPIE_OK);
    draw_again(d);
}

static void assert_sent_with(struct draw *d, int32_t index, const char *key)
{
    char got[128], want[128];
    const struct raw_request *q = raw_server_request(d->server, index);
    assert_non_null(q);
    snprintf(want, sizeof want, "Bearer %s", key);
    assert_true(raw_request_header(q, "Authorization", got, sizeof got));
    assert_string_equal(got, want);
}

static const struct draw_reply fine[] = {{200, NULL, ONE_IMAGE}};
#define REFUSED(key)                                                                               \
    {                                                                                              \
        401, NULL,                                                                                 \
            "{\"error\":{\"message\":\"Incorrect API key: " key                                    \
            "\",\"code\":\"invalid_api_key\"}}"                                                    \
    }

static void a_key_is_asked_for_before_each_call(void **state)
{
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(fine);
    static struct ring r;
    r = (struct ring){0};
    serve(d, &script);
    set_ring(d, &r);
    assert_int_equal(r.asked, 0);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_int_equal(r.asked, 0); /* when it is sent, not before */
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_int_equal(r.asked, 1);
    assert_int_equal(r.refused[0], 0);
    assert_int_equal(r.capacity, APIPIE_LIMIT_TEXT + 1);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(r.asked, 2);
    assert_int_equal(r.dirty, 0);
    assert_sent_with(d, 0, "sk-pie-key-1");
    assert_sent_with(d, 1, "sk-pie-key-2");
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(r.freed, 1);
}

static void a_refused_key_is_asked_for_again(void **state)
{
    static const struct draw_reply replies[] = {REFUSED("sk-pie-key-1"), {200, NULL, ONE_IMAGE}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    static struct ring r;
    r = (struct ring){0};
    serve(d, &script);
    set_ring(d, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(r.asked, 2);
    assert_int_equal(r.refused[0], 0);
    assert_int_equal(r.refused[1], 1);
    assert_sent_with(d, 0, "sk-pie-key-1");
    assert_sent_with(d, 1, "sk-pie-key-2");
    assert_int_equal(apipie_request_attempt_count(d->request), 2);
    assert_int_equal(apipie_request_tries(d->request), 2);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), 401);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_REJECTED);
    assert_int_equal(apipie_request_attempt_billed(d->request, 0), APIPIE_BILLED_NO);
    assert_status(apipie_request_attempt_status(d->request, 0), APIPIE_E_AUTH);
    assert_contains(apipie_request_attempt_message(d->request, 0), "Incorrect API key");
    assert_lacks(apipie_request_attempt_message(d->request, 0), "key-1");
    /* the next request starts afresh */
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(r.asked, 3);
    assert_int_equal(r.refused[2], 0);
}

static void a_key_refused_twice_is_the_end(void **state)
{
    static const struct draw_reply replies[] = {
        REFUSED("sk-pie-key-1"), REFUSED("sk-pie-key-2"), {200, NULL, ONE_IMAGE}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    static struct ring r;
    r = (struct ring){0};
    serve(d, &script);
    set_ring(d, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_AUTH);
    assert_int_equal(r.asked, 2);
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
    const apipie_error *e = draw_error(d);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_fault(e), APIPIE_FAULT_ACCOUNT);
    assert_contains(apipie_error_message(e), "Incorrect API key");
    assert_lacks(apipie_error_message(e), "key-2");
    assert_lacks(apipie_error_body(e, NULL), "key-2");
    assert_lacks(apipie_request_attempt_message(d->request, 1), "key-2");
}

static void under_never_a_key_is_asked_for_once(void **state)
{
    static const struct draw_reply replies[] = {REFUSED("k"), {200, NULL, ONE_IMAGE}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    static struct ring r;
    r = (struct ring){0};
    draw_serve_script(d, &script);
    set_ring(d, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_AUTH);
    assert_int_equal(r.asked, 1);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

static void a_retry_asks_too(void **state)
{
    static const struct draw_reply replies[] = {
        {429, "Retry-After: 0\r\n", "{\"error\":{\"message\":\"slow down\"}}"},
        {200, NULL, ONE_IMAGE}};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    static struct ring r;
    r = (struct ring){0};
    serve(d, &script);
    set_ring(d, &r);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(r.asked, 2);
    assert_int_equal(r.refused[1], 0); /* nobody refused the key */
    assert_sent_with(d, 1, "sk-pie-key-2");
}

/* ---- no key */

static char unended[APIPIE_LIMIT_TEXT + 2];

struct bad_key {
    const char *name;
    apipie_status answer;
    const char *key; /* NULL: a good one */
};

static const struct bad_key bad_keys[] = {
    {"a failure", APIPIE_E_CONFIG, NULL},     {"another failure", APIPIE_E_NETWORK, NULL},
    {"not yet", APIPIE_PENDING, NULL},        {"no key", APIPIE_OK, ""},
    {"a blank", APIPIE_OK, "sk-pie key"},     {"a line end", APIPIE_OK, "sk-pie-key\r\nX: y"},
    {"no ASCII", APIPIE_OK, "sk-pi\xc3\xa9"},
};

static void assert_unsent(struct draw *d)
{
    const apipie_error *e = draw_error(d);
    assert_non_null(e);
    assert_contains(apipie_error_message(e), "key");
    assert_lacks(apipie_error_message(e), "sk-pi");
    assert_lacks(apipie_error_hint(e), "sk-pi");
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_fault(e), APIPIE_FAULT_CALLER);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_int_equal(raw_server_connections(d->server), 0);
}

static void without_a_key_nothing_is_sent(void **state)
{
    struct draw *d = *state;
    const struct bad_key *row = d->row;
    static struct ring r;
    r = (struct ring){.answer = row->answer, .key = row->key};
    draw_serve_json(d, ONE_IMAGE);
    set_ring(d, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONFIG);
    assert_int_equal(r.asked, 1);
    assert_unsent(d);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(r.freed, 1);
}

static apipie_status unended_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    (void)refused;
    memset(key, 'k', capacity);
    return APIPIE_OK;
}

static void a_key_without_an_end(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_key_fn(d->client, unended_key, NULL, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONFIG);
    assert_unsent(d);
    assert_lacks(apipie_error_message(draw_error(d)), "kkkk");
}

static void the_longest_key_fits(void **state)
{
    struct draw *d = *state;
    static struct ring r;
    r = (struct ring){.key = unended};
    char got[APIPIE_LIMIT_TEXT + 16];
    memset(unended, 'k', APIPIE_LIMIT_TEXT);
    draw_serve_json(d, ONE_IMAGE);
    set_ring(d, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_true(
        raw_request_header(raw_server_request(d->server, 0), "Authorization", got, sizeof got));
    assert_int_equal(strlen(got), strlen("Bearer ") + APIPIE_LIMIT_TEXT);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
}

/* ---- whose it is, and how long */

static void a_callback_goes_before_a_key(void **state)
{
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(fine);
    static struct ring r;
    r = (struct ring){0};
    serve(d, &script);
    set_ring(d, &r);
    assert_status(apipie_client_set_key(d->client, "sk-pie-own"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_status(apipie_client_set_key_fn(d->client, NULL, NULL, NULL), APIPIE_OK);
    draw_again(d);
    assert_int_equal(r.freed, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(r.asked, 1);
    assert_sent_with(d, 0, "sk-pie-key-1");
    assert_sent_with(d, 1, "sk-pie-own");
}

static void a_callback_is_enough(void **state)
{
    struct draw *d = *state;
    static struct ring r;
    r = (struct ring){0};
    draw_serve_json(d, ONE_IMAGE);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = apipie_client_new(NULL); /* without a key */
    assert_non_null(d->client);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    draw_again(d);
    assert_status(apipie_request_perform(d->request), APIPIE_E_CONFIG);
    set_ring(d, &r);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_sent_with(d, 0, "sk-pie-key-1");
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(r.freed, 1);
}

static void a_request_keeps_the_callback_it_was_submitted_with(void **state)
{
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(fine);
    static struct ring first;
    first = (struct ring){0};
    static struct ring second;
    second = (struct ring){.key = "sk-pie-second"};
    serve(d, &script);
    set_ring(d, &first);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    set_ring(d, &second);
    assert_int_equal(first.freed, 0);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_sent_with(d, 0, "sk-pie-key-1");
    assert_int_equal(second.asked, 0);
    draw_again(d);
    assert_int_equal(first.freed, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_sent_with(d, 1, "sk-pie-second");
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(first.freed, 1);
    assert_int_equal(second.freed, 1);
}

static void a_callback_is_replaced_from_inside(void **state)
{
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(fine);
    static struct ring second;
    second = (struct ring){.key = "sk-pie-second"};
    static struct ring first;
    first = (struct ring){.next = &second};
    serve(d, &script);
    first.client = d->client;
    set_ring(d, &first);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(first.freed_inside, 0);
    draw_again(d);
    assert_int_equal(first.freed, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_sent_with(d, 0, "sk-pie-key-1");
    assert_sent_with(d, 1, "sk-pie-second");
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(second.freed, 1);
}

static void user_is_freed_once_whatever_comes(void **state)
{
    struct draw *d = *state;
    static struct ring r;
    r = (struct ring){0};
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_key_fn(NULL, ring_key, &r, ring_free), APIPIE_E_ARGUMENT);
    assert_int_equal(r.freed, 1);
    assert_status(apipie_client_set_key_fn(d->client, NULL, &r, ring_free), APIPIE_OK);
    assert_int_equal(r.freed, 2);
    set_ring(d, &r);
    set_ring(d, &r);
    assert_int_equal(r.freed, 3);
    assert_status(apipie_client_set_key_fn(d->client, NULL, NULL, NULL), APIPIE_OK);
    assert_int_equal(r.freed, 4);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_sent_with(d, 0, DRAW_KEY);
    assert_int_equal(r.asked, 0);
}

/* ---- what is left of a key in memory */

#define SECRET "sk-pie-secret-in-memory"

static int32_t left_blocks;

struct block {
    size_t size;
    uint64_t align;
};

static int32_t holds(const char *p, size_t n)
{
    for (size_t i = 0; i + sizeof SECRET - 1 <= n; i++) {
        if (memcmp(p + i, SECRET, sizeof SECRET - 1) == 0)
            return 1;
    }
    return 0;
}

static void *left_alloc(void *user, size_t size)
{
    (void)user;
    struct block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->size = size;
    memset(b + 1, 0, size); /* what is compared later has been written */
    return b + 1;
}

static void left_release(void *user, void *p)
{
    struct block *b = (struct block *)p - 1;
    (void)user;
    left_blocks += holds(p, b->size);
    free(b);
}

static void *left_resize(void *user, void *p, size_t size)
{
    void *fresh = left_alloc(user, size);
    if (!p || !fresh)
        return fresh;
    size_t old = ((struct block *)p - 1)->size;
    memcpy(fresh, p, old < size ? old : size);
    left_release(user, p);
    return fresh;
}

static void a_key_does_not_stay_in_memory(void **state)
{
    static const struct draw_reply replies[] = {REFUSED("it"), {200, NULL, ONE_IMAGE}};
    static const apipie_allocator allocator = {sizeof allocator, NULL, left_alloc, left_resize,
                                               left_release};
    struct draw *d = *state;
    struct draw_script script = DRAW_SCRIPT(replies);
    static struct ring r;
    r = (struct ring){.key = SECRET};
    serve(d, &script);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    left_blocks = 0;
    d->client = apipie_client_new(&allocator);
    assert_non_null(d->client);
    apipie_client_set_base_url(d->client, raw_server_base(d->server));
    set_ring(d, &r);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(r.asked, 2);
    /* and one that is set */
    assert_status(apipie_client_set_key(d->client, SECRET), APIPIE_OK);
    assert_status(apipie_client_set_key_fn(d->client, NULL, NULL, NULL), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_status(apipie_client_set_key(d->client, SECRET "-2"), APIPIE_OK);
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_int_equal(left_blocks, 0);
}

/* The buffer lies on the stack of who pumps: a stack of the test's own can be looked at when its thread is gone. */
enum { STACK = 1 << 20 };

struct pump {
    apipie_request *request;
    apipie_status status;
    char *at; /* the buffer */
};

static apipie_status pump_key(void *user, int32_t refused, char *key, size_t capacity)
{
    struct pump *p = user;
    (void)refused;
    /* all over the buffer: what comes later on this stack covers a part of it only */
    for (size_t i = 0; i + sizeof SECRET < capacity; i += sizeof SECRET - 1)
        memcpy(key + i, SECRET, sizeof SECRET);
    p->at = key;
    return APIPIE_OK;
}

static void *pump(void *arg)
{
    struct pump *p = arg;
    p->status = apipie_request_perform(p->request);
    return NULL;
}

static void the_buffer_is_wiped(void **state)
{
    struct draw *d = *state;
    struct pump p = {0};
    pthread_attr_t attr;
    pthread_t thread;
    void *stack = NULL;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_key_fn(d->client, pump_key, &p, NULL), APIPIE_OK);
    p.request = d->request;
    assert_int_equal(posix_memalign(&stack, 65536, STACK), 0);
    memset(stack, 0, STACK);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
    int created = pthread_create(&thread, &attr, pump, &p);
    pthread_attr_destroy(&attr);
    if (created == 0)
        pthread_join(thread, NULL);
    int32_t inside = p.at >= (char *)stack && p.at < (char *)stack + STACK;
    int32_t left = holds(stack, STACK);
    free(stack);
    assert_int_equal(created, 0);
    assert_ended(d->request, p.status, APIPIE_OK);
#ifdef __SANITIZE_ADDRESS__
    if (!inside) /* the sanitizer keeps such buffers elsewhere, to find uses after the return */
        skip();
#endif
    assert_true(inside);
    assert_false(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_key_is_asked_for_before_each_call),
        DRAW_TEST(a_refused_key_is_asked_for_again),
        DRAW_TEST(a_key_refused_twice_is_the_end),
        DRAW_TEST(under_never_a_key_is_asked_for_once),
        DRAW_TEST(a_retry_asks_too),
        DRAW_TEST(a_key_without_an_end),
        DRAW_TEST(the_longest_key_fits),
        DRAW_TEST(a_callback_goes_before_a_key),
        DRAW_TEST(a_callback_is_enough),
        DRAW_TEST(a_request_keeps_the_callback_it_was_submitted_with),
        DRAW_TEST(a_callback_is_replaced_from_inside),
        DRAW_TEST(user_is_freed_once_whatever_comes),
        DRAW_TEST(a_key_does_not_stay_in_memory),
        DRAW_TEST(the_buffer_is_wiped),
    };
    int failed = cmocka_run_group_tests_name("keys", tests, NULL, NULL);
    failed += DRAW_ROWS(without_a_key_nothing_is_sent, bad_keys);
    return failed;
}
