/* SPDX-License-Identifier: MIT */
/* A veto of the host on what is drawn: what it sees, what it stops, and how long it lives. Knows the public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Static in the tests: the teardown may be what frees it. */
struct censor {
    apipie_status answer;
    const char *reason; /* NULL: says none */
    int32_t asked, freed;
    int32_t freed_inside; /* by a replacement from inside the hook */
    apipie_status status; /* of the request, as seen from inside */
    size_t prompt_size, json_size;
    char prompt[64], json[512];
    apipie_client *client; /* replaces the hook from inside; NULL: does not */
    struct censor *next;
};

static void censor_free(void *user)
{
    ((struct censor *)user)->freed++;
}

static apipie_status censor_veto(void *user, const apipie_request *request, char *reason,
                                 size_t capacity)
{
    struct censor *c = user;
    const char *prompt = apipie_request_prompt(request, &c->prompt_size);
    c->asked++;
    snprintf(c->prompt, sizeof c->prompt, "%s", prompt ? prompt : "(none)");
    c->json_size = apipie_request_format_json(request, c->json, sizeof c->json);
    c->status = apipie_request_status(request);
    if (c->client) {
        apipie_client_set_veto(c->client, censor_veto, c->next, censor_free);
        c->freed_inside = c->freed;
    }
    if (c->reason)
        snprintf(reason, capacity, "%s", c->reason);
    return c->answer;
}

static void set_censor(struct draw *d, struct censor *c)
{
    assert_status(apipie_client_set_veto(d->client, censor_veto, c, censor_free), APIPIE_OK);
}

static void drop_client(struct draw *d)
{
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
}

static void assert_vetoed(struct draw *d, const char *message)
{
    const apipie_error *e = draw_error(d);
    assert_status(apipie_request_status(d->request), APIPIE_E_VETOED);
    assert_status(apipie_error_code(e), APIPIE_E_VETOED);
    assert_contains(apipie_error_message(e), message);
    assert_int_equal(apipie_error_fault(e), APIPIE_FAULT_CALLER);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
    assert_int_equal(apipie_error_is_retryable(e), 0);
    assert_int_equal(apipie_error_attempts(e), 0);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
    assert_null(draw_result(d));
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_int_equal(raw_server_connections(d->server), 0);
}

static void a_veto_sees_all_and_refuses(void **state)
{
    struct draw *d = *state;
    static struct censor c;
    c = (struct censor){.answer = APIPIE_E_ARGUMENT, .reason = "no lakes in this game"};
    draw_serve_json(d, ONE_IMAGE);
    set_censor(d, &c);
    apipie_request_set_model(d->request, "sd_xl_base_1.0");
    apipie_request_set_size(d->request, 640, 320);
    assert_ended(d->request, apipie_request_submit(d->request), APIPIE_E_VETOED);
    assert_vetoed(d, "no lakes in this game");
    assert_string_equal(apipie_status_name(APIPIE_E_VETOED), "vetoed");
    assert_int_equal(c.asked, 1);
    assert_status(c.status, APIPIE_PENDING);
    assert_string_equal(c.prompt, "a lake");
    assert_int_equal(c.prompt_size, 6);
    assert_int_equal(c.json_size, strlen(c.json));
    assert_contains(c.json, "\"prompt\":\"a lake\"");
    assert_contains(c.json, "\"model\":\"sd_xl_base_1.0\"");
    assert_contains(c.json, "640x320");
    assert_int_equal(c.freed, 0);
    drop_client(d);
    assert_int_equal(c.freed, 1);
}

static void what_a_veto_sees_is_what_is_sent(void **state)
{
    struct draw *d = *state;
    static struct censor c;
    c = (struct censor){.answer = APIPIE_OK, .reason = "not read"};
    draw_serve_json(d, ONE_IMAGE);
    set_censor(d, &c);
    apipie_request_set_extra(d->request, "mood", "[1,\"calm\"]");
    apipie_request_set_seed(d->request, UINT64_MAX);
    assert_status(apipie_request_add_route(d->request, NULL, "prodia", "sdv1_4"), APIPIE_OK);
    assert_status(apipie_request_add_route(d->request, NULL, "bedrock", "titan"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(c.asked, 1);
    assert_contains(c.json, "\"provider\":\"prodia\"");
    assert_contains(c.json, "\"model\":\"sdv1_4\"");
    assert_string_equal(c.json, raw_server_request(d->server, 0)->body);
}

struct row {
    const char *name;
    apipie_status answer;
    const char *reason;
    const char *message; /* part of the error's */
};

static const struct row reasons[] = {
    {"none", APIPIE_E_ARGUMENT, NULL, "veto"},
    {"empty", APIPIE_E_ARGUMENT, "", "veto"},
    {"another failure", APIPIE_E_MEMORY, "no", "no"},
    {"not yet is no consent", APIPIE_PENDING, "later", "later"},
    {"control bytes", APIPIE_E_ARGUMENT, "not\n\x1b[31mred\x07", "not [31mred"},
    {"no UTF-8", APIPIE_E_ARGUMENT, "a \xff lake", "a \xef\xbf\xbd lake"},
};

static void a_reason_is_shown_safely(void **state)
{
    struct draw *d = *state;
    const struct row *row = d->row;
    static struct censor c;
    c = (struct censor){.answer = row->answer, .reason = row->reason};
    draw_serve_json(d, ONE_IMAGE);
    set_censor(d, &c);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_VETOED);
    assert_vetoed(d, row->message);
    drop_client(d);
}

/* Fills the buffer and forgets the NUL. */
static apipie_status endless_veto(void *user, const apipie_request *request, char *reason,
                                  size_t capacity)
{
    (void)user;
    (void)request;
    memset(reason, 'x', capacity);
    return APIPIE_E_ARGUMENT;
}

static void a_reason_without_an_end(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_client_set_veto(d->client, endless_veto, NULL, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_VETOED);
    assert_vetoed(d, "xxxxxxxx");
}

static void a_veto_is_asked_once_for_each_request(void **state)
{
    struct draw *d = *state;
    static struct censor c;
    c = (struct censor){.answer = APIPIE_E_ARGUMENT, .reason = "no"};
    draw_serve_json(d, ONE_IMAGE);
    set_censor(d, &c);
    /* a bad request does not get that far */
    apipie_request_set_n(d->request, 0);
    assert_status(apipie_request_perform(d->request), APIPIE_E_ARGUMENT);
    assert_int_equal(c.asked, 0);
    draw_again(d);
    assert_status(apipie_request_perform(d->request), APIPIE_E_VETOED);
    assert_status(apipie_request_submit(d->request), APIPIE_E_STATE);
    assert_status(apipie_request_wait(d->request, -1), APIPIE_E_VETOED);
    assert_int_equal(c.asked, 1);
    /* a copy is another request */
    apipie_request *copy = apipie_request_copy(d->request);
    c.answer = APIPIE_OK;
    apipie_status status = apipie_request_perform(copy);
    apipie_request_unref(copy);
    assert_status(status, APIPIE_OK);
    assert_int_equal(c.asked, 2);
}

static void a_veto_is_taken_back(void **state)
{
    struct draw *d = *state;
    static struct censor c;
    c = (struct censor){.answer = APIPIE_E_ARGUMENT};
    static struct censor other;
    other = (struct censor){.answer = APIPIE_E_ARGUMENT};
    draw_serve_json(d, ONE_IMAGE);
    set_censor(d, &c);
    set_censor(d, &other);
    assert_int_equal(c.freed, 1);
    assert_status(apipie_client_set_veto(d->client, NULL, NULL, NULL), APIPIE_OK);
    assert_int_equal(other.freed, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    /* with nothing to call, nothing is kept */
    assert_status(apipie_client_set_veto(d->client, NULL, &c, censor_free), APIPIE_OK);
    assert_int_equal(c.freed, 2);
    assert_status(apipie_client_set_veto(NULL, censor_veto, &c, censor_free), APIPIE_E_ARGUMENT);
    assert_int_equal(c.freed, 3);
    assert_status(apipie_client_set_veto(NULL, NULL, NULL, NULL), APIPIE_E_ARGUMENT);
    drop_client(d);
    assert_int_equal(c.freed, 3);
    assert_int_equal(other.freed, 1);
}

static void a_veto_is_replaced_from_inside(void **state)
{
    struct draw *d = *state;
    static struct censor next;
    next = (struct censor){.answer = APIPIE_OK};
    static struct censor c;
    c = (struct censor){.answer = APIPIE_E_ARGUMENT, .reason = "the first", .next = &next};
    draw_serve_json(d, ONE_IMAGE);
    c.client = d->client;
    set_censor(d, &c);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_VETOED);
    assert_vetoed(d, "the first");
    assert_int_equal(c.freed_inside, 0); /* it was still being called */
    assert_int_equal(c.freed, 1);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(next.asked, 1);
    drop_client(d);
    assert_int_equal(next.freed, 1);
    assert_int_equal(c.freed, 1);
}

/* ---- replaced by one thread while others are in it */

enum { CROWD = 4, CROWD_CALLS = 100, CROWD_SETS = 300 };

static pthread_mutex_t crowd_lock = PTHREAD_MUTEX_INITIALIZER;
static int32_t crowd_asked, crowd_freed, crowd_bad;

static apipie_status crowd_veto(void *user, const apipie_request *request, char *reason,
                                size_t capacity)
{
    (void)request;
    (void)reason;
    (void)capacity;
    pthread_mutex_lock(&crowd_lock);
    crowd_asked++;
    crowd_bad += *(int32_t *)user != 4711;
    pthread_mutex_unlock(&crowd_lock);
    return APIPIE_E_ARGUMENT;
}

static void crowd_free(void *user)
{
    *(int32_t *)user = 0; /* who still uses it shows */
    free(user);
    pthread_mutex_lock(&crowd_lock);
    crowd_freed++;
    pthread_mutex_unlock(&crowd_lock);
}

static void *crowd_submit(void *arg)
{
    for (int32_t i = 0; i < CROWD_CALLS; i++) {
        apipie_request *r = apipie_request_new(arg, APIPIE_REQUEST_IMAGE);
        apipie_request_set_prompt(r, "a lake", APIPIE_NTS);
        if (apipie_request_submit(r) != APIPIE_E_VETOED) {
            pthread_mutex_lock(&crowd_lock);
            crowd_bad++;
            pthread_mutex_unlock(&crowd_lock);
        }
        apipie_request_unref(r);
    }
    return NULL;
}

static apipie_status crowd_set(apipie_client *client)
{
    int32_t *user = malloc(sizeof *user);
    if (user)
        *user = 4711;
    return apipie_client_set_veto(client, crowd_veto, user, crowd_free);
}

static void a_veto_is_replaced_while_in_use(void **state)
{
    struct draw *d = *state;
    pthread_t threads[CROWD];
    int32_t unset = 0;
    draw_serve_json(d, ONE_IMAGE);
    crowd_asked = crowd_freed = crowd_bad = 0;
    assert_status(crowd_set(d->client), APIPIE_OK);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_submit, d->client), 0);
    for (int i = 1; i < CROWD_SETS; i++)
        unset += crowd_set(d->client) != APIPIE_OK;
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd_freed, CROWD_SETS - 1);
    drop_client(d);
    assert_int_equal(crowd_asked, CROWD * CROWD_CALLS);
    assert_int_equal(crowd_freed, CROWD_SETS);
    assert_int_equal(crowd_bad, 0);
    assert_int_equal(unset, 0);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_veto_sees_all_and_refuses),
        DRAW_TEST(what_a_veto_sees_is_what_is_sent),
        DRAW_TEST(a_reason_without_an_end),
        DRAW_TEST(a_veto_is_asked_once_for_each_request),
        DRAW_TEST(a_veto_is_taken_back),
        DRAW_TEST(a_veto_is_replaced_from_inside),
        DRAW_TEST(a_veto_is_replaced_while_in_use),
    };
    int failed = cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
    failed += DRAW_ROWS(a_reason_is_shown_safely, reasons);
    return failed;
}
