/* SPDX-License-Identifier: MIT */
/* Health by the calls of a real server: states and their way back, who is told of changes and where, waiting for a way. Knows the
 * public API alone. */
#include "../support/draw.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct draw_reply good = {200, NULL, ONE_IMAGE};
static const struct draw_reply broken = {500, NULL, "{\"error\":{\"message\":\"it broke\"}}"};
static const struct draw_reply policy = {
    400, NULL, "{\"error\":{\"code\":\"content_policy_violation\",\"message\":\"m\"}}"};
static const struct draw_reply busy = {429, "Content-Type: application/json\r\nRetry-After: 1\r\n",
                                       "{}"};

/* What the callback heard: "pA/A 0>1" a line. */
struct heard {
    char text[4096];
    int32_t count, at_once, most_at_once;
    apipie_client *client;
    int32_t wrong; /* calls inside the callback that did not say what they must */
    int32_t freed;
    int64_t first_ms; /* when the first call came */
};

static void hear(void *user, const char *backend, const char *provider, const char *model,
                 int32_t scope, int32_t before, int32_t after, const char *reason)
{
    struct heard *h = user;
    int32_t now = __atomic_add_fetch(&h->at_once, 1, __ATOMIC_SEQ_CST);
    if (now > h->most_at_once)
        h->most_at_once = now;
    size_t n = strlen(h->text);
    if (n < sizeof(h->text) - 80)
        snprintf(h->text + n, sizeof(h->text) - n, "%s%s%s %d>%d\n", provider,
                 scope == APIPIE_HEALTH_ROUTE ? "/" : "", model, before, after);
    h->count++;
    if (h->first_ms == 0)
        h->first_ms = draw_now_ms();
    h->wrong += strcmp(backend, "apipie") != 0 || reason[0] == '\0';
    if (h->client != NULL) {
        h->wrong += apipie_client_poll(h->client, 0) != APIPIE_E_REENTRANT;
        h->wrong += apipie_client_wait_available(h->client, NULL, NULL, 0) != APIPIE_E_REENTRANT;
        h->wrong += apipie_client_health(h->client, backend, provider,
                                         scope == APIPIE_HEALTH_ROUTE ? model : NULL) != after;
        apipie_health_unref(apipie_client_health_snapshot(h->client));
    }
    __atomic_add_fetch(&h->at_once, -1, __ATOMIC_SEQ_CST);
}

static void forget(void *user)
{
    ((struct heard *)user)->freed++;
}

static apipie_status call(struct draw *d, const char *route)
{
    apipie_request *r = draw_request_for(d->client, route);
    apipie_request_set_retry(r, APIPIE_RETRY_NEVER, 0);
    apipie_status status = apipie_request_perform(r);
    apipie_request_unref(r);
    return status;
}

static void calls(struct draw *d, const char *route, int32_t times)
{
    for (int32_t i = 0; i < times; i++)
        call(d, route);
}

static int32_t state_of(const struct draw *d, const char *model)
{
    char provider[8];
    snprintf(provider, sizeof(provider), "p%s", model);
    return apipie_client_health(d->client, "apipie", provider, model);
}

/* The figure of the only route. */
static int64_t of_route(const struct draw *d, int32_t which)
{
    apipie_health *s = apipie_client_health_snapshot(d->client);
    int64_t n = apipie_health_number(s, 1, which);
    apipie_health_unref(s);
    return n;
}

static void down_and_back(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&good, &policy, &broken, &broken, &broken, &good)}, 0};
    struct heard heard = {.client = NULL};
    draw_serve_stage(d, &stage);
    heard.client = d->client;
    assert_int_equal(apipie_client_health(d->client, NULL, NULL, NULL), APIPIE_HEALTH_UNKNOWN);
    assert_status(apipie_client_set_health_fn(d->client, hear, &heard, forget), APIPIE_OK);
    calls(d, "A", 2);
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_HEALTHY);
    assert_int_equal(of_route(d, APIPIE_HEALTH_CALLS), 2); /* a refused prompt is an answer */
    assert_int_equal(of_route(d, APIPIE_HEALTH_FAILED), 0);
    calls(d, "A", 3);
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_DOWN);
    assert_int_equal(apipie_client_health(d->client, NULL, NULL, NULL), APIPIE_HEALTH_DOWN);
    assert_int_equal(apipie_client_health(d->client, NULL, "pB", NULL), APIPIE_HEALTH_UNKNOWN);
    calls(d, "A", 2);
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_DOWN);
    calls(d, "A", 1);
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_DEGRADED);
    calls(d, "A", 5);
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_HEALTHY);
    assert_string_equal(heard.text,
                        "pA/A 0>1\npA 0>1\npA/A 1>1\npA 1>1\npA/A 1>3\npA 1>3\npA/A 3>2\npA 3>2\n"
                        "pA/A 2>1\npA 2>1\n");
    assert_int_equal(heard.wrong, 0);
    apipie_client_set_health_fn(d->client, NULL, NULL, NULL);
    assert_int_equal(heard.freed, 1);
}

static void rows_of_a_snapshot(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&good), DRAW_REPLIES(&good, &broken, &good, &broken, &good)}, 0};
    draw_serve_stage(d, &stage);
    calls(d, "A", 2);
    calls(d, "B", 5);
    apipie_health *s = apipie_client_health_snapshot(d->client);
    assert_int_equal(apipie_health_count(s), 4);
    assert_string_equal(apipie_health_text(s, 0, APIPIE_HEALTH_BACKEND), "apipie");
    assert_string_equal(apipie_health_text(s, 0, APIPIE_HEALTH_PROVIDER_NAME), "pA");
    assert_string_equal(apipie_health_text(s, 0, APIPIE_HEALTH_MODEL), "");
    assert_int_equal(apipie_health_number(s, 0, APIPIE_HEALTH_SCOPE), APIPIE_HEALTH_PROVIDER);
    assert_string_equal(apipie_health_text(s, 3, APIPIE_HEALTH_MODEL), "B");
    assert_string_equal(apipie_health_text(s, 3, APIPIE_HEALTH_REASON), "2 of the last 5 failed");
    assert_int_equal(apipie_health_number(s, 3, APIPIE_HEALTH_SCOPE), APIPIE_HEALTH_ROUTE);
    assert_int_equal(apipie_health_number(s, 3, APIPIE_HEALTH_STATE), APIPIE_HEALTH_DEGRADED);
    assert_int_equal(apipie_health_number(s, 3, APIPIE_HEALTH_CALLS), 5);
    assert_int_equal(apipie_health_number(s, 3, APIPIE_HEALTH_FAILED), 2);
    assert_in_range(apipie_health_number(s, 3, APIPIE_HEALTH_SUCCESS), 599, 600);
    assert_in_range(apipie_health_number(s, 3, APIPIE_HEALTH_P50_MS), 0, 5000);
    assert_int_equal(apipie_health_number(s, 3, APIPIE_HEALTH_BASELINE_MS), APIPIE_UNKNOWN);
    assert_int_equal(apipie_health_number(s, 2, APIPIE_HEALTH_P50_MS), APIPIE_UNKNOWN);
    assert_int_equal(apipie_health_number(s, 1, APIPIE_HEALTH_UPTIME_HOUR), 1000);
    assert_in_range(apipie_health_number(s, 3, APIPIE_HEALTH_UPTIME_WEEK), 500, 750);
    assert_in_range(apipie_health_number(s, 3, APIPIE_HEALTH_SINCE_MS),
                    (int64_t)time(NULL) * 1000 - 60000, (int64_t)time(NULL) * 1000 + 1000);
    assert_int_equal(apipie_health_number(s, 4, APIPIE_HEALTH_STATE), APIPIE_UNKNOWN);
    assert_int_equal(apipie_health_number(s, 0, 99), APIPIE_UNKNOWN);
    assert_null(apipie_health_text(s, 0, 4));
    assert_null(apipie_health_text(s, 9, 0));
    assert_int_equal(apipie_health_count(NULL), 0);
    assert_string_equal(apipie_health_name(APIPIE_HEALTH_DOWN), "down");
    assert_string_equal(apipie_health_name(-1), "unknown");
    /* It outlives the client. */
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    assert_string_equal(apipie_health_text(apipie_health_ref(s), 1, APIPIE_HEALTH_MODEL), "A");
    apipie_health_unref(s);
    assert_null(apipie_health_unref(s));
}

static int64_t calls_of_group(const struct draw *d, const char *name)
{
    int64_t n = APIPIE_UNKNOWN;
    apipie_health *s = apipie_client_health_snapshot(d->client);
    for (size_t i = 0; i < apipie_health_count(s); i++) {
        if (apipie_health_number(s, i, APIPIE_HEALTH_SCOPE) == APIPIE_HEALTH_GROUP &&
            strcmp(apipie_health_text(s, i, APIPIE_HEALTH_MODEL), name) == 0)
            n = apipie_health_number(s, i, APIPIE_HEALTH_CALLS);
    }
    apipie_health_unref(s);
    return n;
}

static void kinds_of_models_are_groups(void **state)
{
    static const char *const models[][2] = {{"prodia", "sd_xl_base_1.0"},
                                            {"together", "stable-diffusion-xl-base-1.0"},
                                            {"prodia", "sdv1_4"},
                                            {"prodia", "v1-5-inpainting"},
                                            {"prodia", "of-another-house"}};
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        draw_again(d);
        apipie_request_set_provider(d->request, models[i][0]);
        apipie_request_set_model(d->request, models[i][1]);
        assert_status(apipie_request_perform(d->request), APIPIE_OK);
    }
    assert_int_equal(calls_of_group(d, "SDXL"), 2);
    assert_int_equal(calls_of_group(d, "base"), 1);
    assert_int_equal(calls_of_group(d, "specialised"), 1);
}

static void told_in_poll(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&good)}, 0};
    struct heard heard = {.client = NULL};
    draw_serve_stage(d, &stage);
    apipie_client_set_health_fn(d->client, hear, &heard, NULL);
    apipie_client_start_worker(d->client);
    assert_true(apipie_client_queue_fd(d->client) >= 0);
    apipie_request_set_model(d->request, "A");
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    int64_t from = draw_now_ms();
    while (heard.count < 2 && draw_now_ms() - from < 5000)
        apipie_client_poll(d->client, 5000);
    assert_string_equal(heard.text, "/A 0>1\n 0>1\n");
    assert_true(draw_now_ms() - from < 4000);
    draw_sleep_ms(20); /* nothing else rings */
    apipie_request_unref(apipie_client_next(d->client));
    assert_int_equal(apipie_client_poll(d->client, 0), APIPIE_OK);
    assert_int_equal(apipie_client_next_timeout(d->client), -1);
    apipie_client_set_health_fn(d->client, NULL, NULL, NULL);
}

static void answer_slowly(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char model[8];
    (void)user;
    draw_field(q, "model", model, sizeof(model));
    if (strcmp(model, "B") == 0)
        raw_pause_ms(c, 800);
    raw_reply_json(c, 200, ONE_IMAGE);
}

/* Who waits for one request hears of another one's route meanwhile, whoever moves the bytes. */
static void told_in_wait(struct draw *d, int32_t worker)
{
    struct heard heard = {.client = NULL};
    draw_serve(d, answer_slowly, NULL);
    apipie_client_set_health_fn(d->client, hear, &heard, NULL);
    if (worker)
        apipie_client_start_worker(d->client);
    apipie_request *slow = draw_request_for(d->client, "B");
    apipie_request *fast = draw_request_for(d->client, "A");
    int64_t from = draw_now_ms();
    assert_status(apipie_request_submit(slow), APIPIE_OK);
    assert_status(apipie_request_submit(fast), APIPIE_OK);
    assert_status(apipie_request_wait(slow, 10000), APIPIE_OK);
    assert_true(heard.first_ms != 0);
    assert_in_range(heard.first_ms - from, 0, 600);
    assert_string_equal(heard.text, "pA/A 0>1\npA 0>1\npB/B 0>1\npB 0>1\n");
    apipie_request_unref(slow);
    apipie_request_unref(fast);
    apipie_client_set_health_fn(d->client, NULL, NULL, NULL);
}

static void told_in_wait_of_a_leader(void **state)
{
    told_in_wait(*state, 0);
}

static void told_in_wait_beside_a_worker(void **state)
{
    told_in_wait(*state, 1);
}

/* ---- waiting for a way */

static int64_t cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_for_a_rest(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&broken, &broken, &good), DRAW_REPLIES(&good)}, 0};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 400);
    assert_status(apipie_client_wait_available(d->client, "pA", "A", -1), APIPIE_OK);
    calls(d, "A", 2);
    int64_t from = draw_now_ms();
    int64_t cpu = cpu_ms();
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 0), APIPIE_PENDING);
    assert_status(apipie_client_wait_available(d->client, "pB", NULL, 0), APIPIE_OK);
    assert_status(apipie_client_wait_available(d->client, NULL, NULL, 100), APIPIE_PENDING);
    assert_in_range(draw_now_ms() - from, 99, 390);
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_DOWN);
    assert_status(apipie_client_wait_available(d->client, "pA", NULL, -1), APIPIE_OK);
    assert_in_range(draw_now_ms() - from, 380, 3000);
    assert_true(cpu_ms() - cpu < 150); /* it slept */
    assert_status(call(d, "A"), APIPIE_OK);
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 0), APIPIE_OK);
    calls(d, "B", 1);
    assert_status(apipie_client_wait_available(d->client, NULL, NULL, 0), APIPIE_OK);
    assert_status(apipie_client_wait_available(NULL, NULL, NULL, 0), APIPIE_E_ARGUMENT);
}

static void wait_for_a_pause(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&busy, &good)}, 0};
    draw_serve_stage(d, &stage);
    calls(d, "A", 1);
    int64_t from = draw_now_ms();
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 50), APIPIE_PENDING);
    /* A matter of pace is none of health. */
    assert_int_equal(state_of(d, "A"), APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(of_route(d, APIPIE_HEALTH_CALLS), 0);
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 5000), APIPIE_OK);
    assert_in_range(draw_now_ms() - from, 800, 3000);
}

/* The reply of a probe opens the way for who waits, before its next rest would. */
static void a_probe_opens_the_way(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {{DRAW_REPLIES(&broken, &broken, &good)}, 300};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 300);
    calls(d, "A", 2);
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 5000), APIPIE_OK);
    apipie_request *probe = draw_request_for(d->client, "A");
    assert_status(apipie_request_submit(probe), APIPIE_OK);
    apipie_client_poll(d->client, 50);
    int64_t from = draw_now_ms();
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 20), APIPIE_PENDING);
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 5000), APIPIE_OK);
    assert_in_range(draw_now_ms() - from, 20, 3000);
    assert_status(apipie_request_wait(probe, 5000), APIPIE_OK);
    apipie_request_unref(probe);
}

/* ---- many threads */

#define THREADS 6

struct crowd {
    struct draw *d;
    int32_t stop;
};

static void *crowd_draws(void *user)
{
    struct crowd *c = user;
    for (int32_t i = 0; i < 15; i++) {
        call(c->d, i % 2 ? "A" : "B");
        apipie_client_wait_available(c->d->client, i % 2 ? "pA" : NULL, NULL, 5);
    }
    return NULL;
}

static void *crowd_looks(void *user)
{
    struct crowd *c = user;
    while (!__atomic_load_n(&c->stop, __ATOMIC_SEQ_CST)) {
        apipie_client_poll(c->d->client, 2);
        apipie_health_unref(apipie_client_health_snapshot(c->d->client));
        apipie_client_health(c->d->client, NULL, NULL, NULL);
    }
    return NULL;
}

static void run_crowd(struct draw *d, struct heard *heard)
{
    pthread_t threads[THREADS];
    struct crowd crowd = {d, 0};
    for (int32_t i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < 2 ? crowd_looks : crowd_draws, &crowd), 0);
    for (int32_t i = 0; i < 20; i++) {
        draw_sleep_ms(5);
        apipie_client_set_health_fn(d->client, i % 4 == 0 ? NULL : hear, heard, NULL);
    }
    for (int32_t i = THREADS - 1; i >= 0; i--) {
        if (i == 1)
            __atomic_store_n(&crowd.stop, 1, __ATOMIC_SEQ_CST);
        pthread_join(threads[i], NULL);
    }
}

static void many_threads(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&broken, &broken, &good, &good, &good, &good), DRAW_REPLIES(&good)}, 1};
    struct heard heard = {.client = NULL};
    draw_serve_stage(d, &stage);
    apipie_client_set_breaker(d->client, 2, 10);
    heard.client = NULL;
    apipie_client_set_health_fn(d->client, hear, &heard, NULL);
    run_crowd(d, &heard);
    apipie_client_set_health_fn(d->client, NULL, NULL, NULL);
    assert_int_equal(heard.most_at_once <= 1, 1);
    assert_int_equal(heard.wrong, 0);
    assert_status(apipie_client_wait_available(d->client, NULL, NULL, 5000), APIPIE_OK);
}

static void many_threads_and_a_worker(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&broken, &broken, &good), DRAW_REPLIES(&good)}, 1};
    struct heard heard = {.client = NULL};
    draw_serve_stage(d, &stage);
    apipie_client_start_worker(d->client);
    apipie_client_set_breaker(d->client, 2, 300);
    calls(d, "A", 2);
    int64_t from = draw_now_ms();
    assert_status(apipie_client_wait_available(d->client, "pA", "A", 5000), APIPIE_OK);
    assert_in_range(draw_now_ms() - from, 200, 3000);
    run_crowd(d, &heard);
    apipie_client_set_health_fn(d->client, NULL, NULL, NULL);
    assert_int_equal(heard.most_at_once <= 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(down_and_back),
        DRAW_TEST(rows_of_a_snapshot),
        DRAW_TEST(kinds_of_models_are_groups),
        DRAW_TEST(told_in_poll),
        DRAW_TEST(told_in_wait_of_a_leader),
        DRAW_TEST(told_in_wait_beside_a_worker),
        DRAW_TEST(wait_for_a_rest),
        DRAW_TEST(wait_for_a_pause),
        DRAW_TEST(a_probe_opens_the_way),
        DRAW_TEST(many_threads),
        DRAW_TEST(many_threads_and_a_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
