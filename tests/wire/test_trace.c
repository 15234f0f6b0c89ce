/* SPDX-License-Identifier: MIT */
/* The trace hook and traceparent: one call for each exchange, what may be asked inside, and what the server sees. Knows the
 * public API alone. */
#include "../support/parts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOON  "Content-Type: application/json\r\nretry-after-ms: 1\r\n"
#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define GIVEN "00-" TRACE "-b7ad6b7169203331-01"

#define SPANS 64

/* All that the getters say of one attempt. */
struct span {
    int32_t purpose, outcome, billed, status, http_status;
    int64_t time[9];
    char id[128], provider[64], model[64], message[256], parent[64];
};

/* Static in the tests: the teardown may be what frees it. */
struct tracer {
    struct span spans[SPANS];
    int32_t count, freed;
    const apipie_request *want; /* the one that was submitted */
    const char *odd;
    int32_t thread; /* another one asks too */
};

static struct tracer tracer, other;

static void copy(char *out, size_t capacity, const char *text)
{
    snprintf(out, capacity, "%s", text ? text : "(none)");
}

static void read_span(struct span *s, const apipie_request *r, size_t i)
{
    memset(s, 0, sizeof *s);
    s->purpose = apipie_request_attempt_purpose(r, i);
    s->outcome = apipie_request_attempt_outcome(r, i);
    s->billed = apipie_request_attempt_billed(r, i);
    s->status = apipie_request_attempt_status(r, i);
    s->http_status = apipie_request_attempt_http_status(r, i);
    for (int32_t t = 0; t < 9; t++)
        s->time[t] = apipie_request_attempt_time(r, i, t);
    copy(s->id, sizeof s->id, apipie_request_attempt_request_id(r, i));
    copy(s->provider, sizeof s->provider, apipie_request_attempt_provider(r, i));
    copy(s->model, sizeof s->model, apipie_request_attempt_model(r, i));
    copy(s->message, sizeof s->message, apipie_request_attempt_message(r, i));
    copy(s->parent, sizeof s->parent, apipie_request_attempt_traceparent(r, i));
}

static int says_nothing(const apipie_request *r, size_t i)
{
    return apipie_request_attempt_purpose(r, i) == 0 && apipie_request_attempt_outcome(r, i) == 0 &&
           apipie_request_attempt_status(r, i) == APIPIE_E_ARGUMENT &&
           apipie_request_attempt_time(r, i, APIPIE_TIME_CLOCK) == APIPIE_UNKNOWN &&
           !apipie_request_attempt_message(r, i) && !apipie_request_attempt_traceparent(r, i) &&
           !apipie_request_attempt_provider(r, i) && !apipie_request_attempt_request_id(r, i);
}

struct question {
    const apipie_request *request;
    size_t index;
    int nothing;
};

static void *ask(void *user)
{
    struct question *q = user;
    q->nothing = says_nothing(q->request, q->index);
    return NULL;
}

static void ask_elsewhere(struct tracer *t, const apipie_request *request, size_t index)
{
    pthread_t thread;
    struct question q = {request, index, 0};
    if (pthread_create(&thread, NULL, ask, &q) != 0)
        return;
    pthread_join(thread, NULL);
    if (!q.nothing)
        t->odd = "another thread is told";
}

static void trace(void *user, const apipie_request *request, size_t index)
{
    struct tracer *t = user;
    if (t->freed || t->count == SPANS)
        t->odd = "a call after the end, or too many";
    if (t->want && request != t->want)
        t->odd = "another request";
    if (!says_nothing(request, index + 1) || (index > 0 && !says_nothing(request, index - 1)))
        t->odd = "another attempt is told of";
    if (apipie_request_attempt_count(request) != 0 || apipie_request_tries(request) != 0 ||
        apipie_request_status(request) != APIPIE_PENDING)
        t->odd = "it seems to have ended";
    if (t->thread)
        ask_elsewhere(t, request, index);
    if (t->count < SPANS)
        read_span(&t->spans[t->count++], request, index);
}

static void trace_free(void *user)
{
    ((struct tracer *)user)->freed++;
}

static void keep_trace(struct draw *d, struct tracer *t)
{
    assert_status(apipie_client_set_trace(d->client, NULL, NULL, NULL), APIPIE_OK);
    memset(t, 0, sizeof *t);
    t->thread = 1;
    assert_status(apipie_client_set_trace(d->client, trace, t, trace_free), APIPIE_OK);
}

/* Each attempt was traced once, and as it is now. in_order: of a request that did not become several. */
static void assert_traced(const struct tracer *t, const apipie_request *r, int32_t want,
                          int in_order)
{
    int32_t seen[SPANS] = {0};
    if (t->odd)
        fail_msg("%s", t->odd);
    assert_int_equal(t->count, want);
    assert_int_equal(apipie_request_attempt_count(r), want);
    for (int32_t i = 0; i < want; i++) {
        struct span now;
        int32_t j = in_order ? i : 0;
        read_span(&now, r, (size_t)i);
        while (j < want && (seen[j] || memcmp(&now, &t->spans[j], sizeof now) != 0))
            j = in_order ? want : j + 1;
        if (j >= want)
            fail_msg("attempt %d was not traced so", (int)i);
        seen[j] = 1;
    }
    assert_true(says_nothing(r, (size_t)want));
}

/* ---- one call for each exchange */

static void retries_and_downloads(void **state)
{
    static const struct draw_reply replies[] = {
        {429, SOON, "{\"error\":\"slow down\"}"},
        {200, "x-request-id: r-2\r\n",
         "{\"data\":[{\"url\":\"$ORIGIN/pics/2\"},{\"url\":\"$ORIGIN/pics/9\"}]}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    struct timespec now;
    draw_serve_script(d, &script);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    apipie_request_set_provider(d->request, "prodia");
    apipie_request_set_model(d->request, "sdxl");
    keep_trace(d, &tracer);
    tracer.want = d->request;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct span *s = tracer.spans;
    assert_true(tracer.count >= 4); /* a fresh url that is not there is tried again */
    assert_traced(&tracer, d->request, tracer.count, 1);
    assert_int_equal(s[0].outcome, APIPIE_OUTCOME_REJECTED);
    assert_int_equal(s[0].http_status, 429);
    assert_string_equal(s[0].message, "HTTP 429: slow down");
    assert_string_equal(s[0].provider, "prodia");
    assert_int_equal(s[1].outcome, APIPIE_OUTCOME_DELIVERED);
    assert_int_equal(s[1].billed, APIPIE_BILLED_YES);
    assert_string_equal(s[1].id, "r-2");
    assert_true(s[1].time[APIPIE_TIME_FIRST_BYTE] >= 0);
    assert_true(s[1].time[APIPIE_TIME_TOTAL] >= s[1].time[APIPIE_TIME_FIRST_BYTE]);
    assert_int_equal(s[2].purpose, APIPIE_PURPOSE_DOWNLOAD);
    assert_int_equal(s[3].http_status, 404);
    assert_string_equal(s[0].parent, "(none)");
    clock_gettime(CLOCK_REALTIME, &now);
    assert_in_range(s[0].time[APIPIE_TIME_CLOCK], ((int64_t)now.tv_sec - 60) * 1000,
                    ((int64_t)now.tv_sec + 1) * 1000);
    assert_true(s[1].time[APIPIE_TIME_CLOCK] >= s[0].time[APIPIE_TIME_CLOCK]);
    assert_int_equal(s[0].time[8], APIPIE_UNKNOWN);
}

static void parts_are_traced(void **state)
{
    static const struct draw_reply broken = {500, NULL, "{\"error\":\"oops\"}"};
    static const struct parts_plan plan = {.replies = {NULL, &broken, NULL, NULL}, .by_url = 1};
    struct draw *d = *state;
    parts_serve(d, &plan);
    apipie_request_set_model(d->request, "small");
    keep_trace(d, &tracer);
    tracer.want = d->request;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_traced(&tracer, d->request, 1 + PARTS_IMAGES + 3, 0);
}

static void what_was_not_sent_is_traced(void **state)
{
    struct draw *d = *state;
    char url[64];
    int port = raw_port_refused(url, sizeof url);
    d->client = draw_client(url);
    d->request = draw_request(d->client);
    keep_trace(d, &tracer);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    raw_port_close(port);
    assert_traced(&tracer, d->request, 1, 1);
    assert_int_equal(tracer.spans[0].outcome, APIPIE_OUTCOME_NOT_SENT);
}

static void routes_that_rest_are_traced(void **state)
{
    static const struct draw_reply broken = {500, NULL, "{\"error\":\"oops\"}"};
    static const struct draw_stage stage = {.models = {DRAW_REPLIES(&broken)}};
    struct draw *d = *state;
    draw_serve_stage(d, &stage);
    assert_status(apipie_client_set_breaker(d->client, 1, 60000), APIPIE_OK);
    apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, "A");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    apipie_request_unref(d->request);
    keep_trace(d, &tracer);
    d->request = draw_request_for(d->client, "AB");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_traced(&tracer, d->request, 2, 1);
    assert_status(tracer.spans[0].status, APIPIE_E_UNAVAILABLE);
    assert_string_equal(tracer.spans[0].model, "A");
    apipie_request_unref(d->request);
    keep_trace(d, &tracer);
    d->request = draw_request_for(d->client, "A");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNAVAILABLE);
    assert_traced(&tracer, d->request, 1, 1);
    assert_int_equal(tracer.spans[0].outcome, APIPIE_OUTCOME_NOT_SENT);
}

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void what_was_stopped_is_traced(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall, NULL);
    keep_trace(d, &tracer);
    apipie_request_set_timeout(d->request, 100);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_traced(&tracer, d->request, 1, 1);
    assert_int_equal(tracer.spans[0].outcome, APIPIE_OUTCOME_UNKNOWN);
    draw_again(d);
    keep_trace(d, &tracer);
    apipie_request_set_first_byte_timeout(d->request, 50);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_traced(&tracer, d->request, 1, 1);
    draw_again(d);
    keep_trace(d, &tracer);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, 50), APIPIE_PENDING);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_traced(&tracer, d->request, 1, 1);
    assert_status(tracer.spans[0].status, APIPIE_E_CANCELLED);
}

/* ---- while another thread asks all the time */

static void *ask_on(void *user)
{
    struct question *q = user;
    q->nothing = 1;
    while (apipie_request_status(q->request) == APIPIE_PENDING)
        q->nothing &=
            says_nothing(q->request, 0) || apipie_request_status(q->request) != APIPIE_PENDING;
    return NULL;
}

static void another_thread_asks_meanwhile(void **state)
{
    struct draw *d = *state;
    pthread_t thread;
    draw_serve_json(d, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"},{\"url\":\"$ORIGIN/pics/2\"}]}");
    keep_trace(d, &tracer);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    struct question q = {d->request, 0, 0};
    assert_int_equal(pthread_create(&thread, NULL, ask_on, &q), 0);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    pthread_join(thread, NULL);
    assert_true(q.nothing);
    assert_traced(&tracer, d->request, 3, 1);
}

/* ---- how long a hook lives */

static void each_request_has_the_hook_of_its_submit(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    draw_more(d, 2);
    keep_trace(d, &tracer);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    keep_trace(d, &other);
    assert_status(apipie_request_submit(d->more[1]), APIPIE_OK);
    assert_int_equal(tracer.freed, 0); /* replaced, and still in use */
    assert_int_equal(draw_wait_more(d), 2);
    assert_traced(&tracer, d->more[0], 1, 1);
    assert_traced(&other, d->more[1], 1, 1);
    assert_int_equal(tracer.freed, 1);
    assert_int_equal(other.freed, 0);
    assert_status(apipie_client_set_trace(d->client, NULL, NULL, NULL), APIPIE_OK);
    assert_int_equal(other.freed, 1);
    assert_status(apipie_client_set_trace(NULL, trace, &other, trace_free), APIPIE_E_ARGUMENT);
    assert_int_equal(other.freed, 2);
}

/* ---- traceparent */

/* What the server saw is what the attempt says, an id of its own in the same trace. -> which request of the server */
static void assert_carried(struct draw *d, size_t attempt, int32_t request)
{
    char seen[128] = "";
    const char *said = apipie_request_attempt_traceparent(d->request, attempt);
    const struct raw_request *q = raw_server_request(d->server, request);
    assert_non_null(said);
    assert_non_null(q);
    assert_true(raw_request_header(q, "traceparent", seen, sizeof seen));
    assert_string_equal(said, seen);
    assert_null(strstr(strstr(q->head, "traceparent") + 1, "traceparent"));
    assert_int_equal(strlen(said), 55);
    assert_memory_equal(said, GIVEN, 36);
    assert_string_equal(said + 52, "-01");
    assert_memory_not_equal(said + 36, &GIVEN[36], 16);
    assert_int_equal(strspn(said + 36, "0123456789abcdef"), 16);
    for (size_t i = 0; i < attempt; i++) {
        const char *before = apipie_request_attempt_traceparent(d->request, i);
        assert_true(!before || strcmp(before, said) != 0);
    }
}

static void each_call_has_an_id(void **state)
{
    static const struct draw_reply replies[] = {
        {429, SOON, "{}"},
        {307, "Location: $ORIGIN/v2/images/generations\r\n", ""},
        {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"}]}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    char seen[128];
    draw_serve_script(d, &script);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    assert_status(apipie_request_set_traceparent(d->request, GIVEN), APIPIE_OK);
    keep_trace(d, &tracer);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    for (int32_t i = 0; i < 3; i++)
        assert_carried(d, (size_t)i, i);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_null(apipie_request_attempt_traceparent(d->request, 3));
    assert_false(
        raw_request_header(raw_server_request(d->server, 3), "traceparent", seen, sizeof seen));
    assert_traced(&tracer, d->request, 4, 1);
    assert_null(apipie_request_attempt_traceparent(d->request, 4));
    assert_null(apipie_request_attempt_traceparent(NULL, 0));
}

static void each_part_has_an_id(void **state)
{
    static const struct parts_plan plan = {.gather = 0};
    struct draw *d = *state;
    parts_serve(d, &plan);
    assert_status(apipie_request_set_traceparent(d->request, GIVEN), APIPIE_OK);
    keep_trace(d, &tracer);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_traced(&tracer, d->request, 1 + PARTS_IMAGES, 0);
    for (size_t i = 0; i < 1 + PARTS_IMAGES; i++) {
        const char *said = apipie_request_attempt_traceparent(d->request, i);
        assert_memory_equal(said, GIVEN, 36);
        int32_t seen = 0;
        for (int32_t j = 0; j < raw_server_count(d->server, NULL); j++)
            seen += strstr(raw_server_request(d->server, j)->head, said) != NULL;
        assert_int_equal(seen, 1);
    }
}

static void lose_it(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strcmp(q->method, "POST") == 0)
        raw_reply_json(c, 500, "{\"error\":\"oops\"}");
    else
        raw_reply_json(c, 200, "{\"items\":[]}");
}

static void a_look_into_the_history_has_an_id(void **state)
{
    struct draw *d = *state;
    draw_serve(d, lose_it, NULL);
    assert_status(apipie_client_set_reconcile(d->client, 1500), APIPIE_OK);
    assert_status(apipie_request_set_traceparent(d->request, GIVEN), APIPIE_OK);
    keep_trace(d, &tracer);
    tracer.want = d->request;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(raw_server_count(d->server, "GET"), 1);
    assert_carried(d, 0, 0);
    assert_carried(d, 1, 1);
    assert_int_equal(tracer.spans[1].purpose, APIPIE_PURPOSE_HISTORY);
    assert_traced(&tracer, d->request, 2, 0);
}

static void a_copy_keeps_the_trace(void **state)
{
    struct draw *d = *state;
    char seen[128];
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_traceparent(d->request, GIVEN), APIPIE_OK);
    apipie_request *fresh = apipie_request_copy(d->request);
    apipie_request_unref(d->request);
    d->request = fresh;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_carried(d, 0, 0);
    assert_status(apipie_request_set_traceparent(d->request, GIVEN), APIPIE_E_STATE);
    /* taken back */
    fresh = apipie_request_copy(d->request);
    apipie_request_unref(d->request);
    d->request = fresh;
    assert_status(apipie_request_set_traceparent(d->request, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_null(apipie_request_attempt_traceparent(d->request, 0));
    assert_false(
        raw_request_header(raw_server_request(d->server, 1), "traceparent", seen, sizeof seen));
    assert_status(apipie_request_set_traceparent(NULL, GIVEN), APIPIE_E_ARGUMENT);
}

struct row {
    const char *name, *value;
    apipie_status status;
};

#define PARENT "b7ad6b7169203331"
#define ZEROS  "0000000000000000"

static const struct row rows[] = {
    {"good", GIVEN, APIPIE_OK},
    {"not sampled", "00-" TRACE "-" PARENT "-00", APIPIE_OK},
    {"flags of later days", "00-" TRACE "-" PARENT "-ff", APIPIE_OK},
    {"empty", "", APIPIE_E_ARGUMENT},
    {"another version", "01-" TRACE "-" PARENT "-01", APIPIE_E_ARGUMENT},
    {"no version", "ff-" TRACE "-" PARENT "-01", APIPIE_E_ARGUMENT},
    {"more behind", GIVEN "-00", APIPIE_E_ARGUMENT},
    {"a line end", GIVEN "\r\nx: y", APIPIE_E_ARGUMENT},
    {"a blank", " " GIVEN, APIPIE_E_ARGUMENT},
    {"cut", "00-" TRACE "-" PARENT "-0", APIPIE_E_ARGUMENT},
    {"no flags", "00-" TRACE "-" PARENT, APIPIE_E_ARGUMENT},
    {"a short trace", "00-0af7651916cd43dd8448eb211c80319-" PARENT "-01", APIPIE_E_ARGUMENT},
    {"a long parent", "00-" TRACE "-" PARENT "0-01", APIPIE_E_ARGUMENT},
    {"upper case", "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01", APIPIE_E_ARGUMENT},
    {"no hex", "00-" TRACE "-g7ad6b7169203331-01", APIPIE_E_ARGUMENT},
    {"no hex flags", "00-" TRACE "-" PARENT "-0x", APIPIE_E_ARGUMENT},
    {"no trace", "00-" ZEROS ZEROS "-" PARENT "-01", APIPIE_E_ARGUMENT},
    {"no parent", "00-" TRACE "-" ZEROS "-01", APIPIE_E_ARGUMENT},
};

static void bad_values_are_refused(void **state)
{
    struct draw *d = *state;
    const struct row *row = d->row;
    draw_serve_json(d, ONE_IMAGE);
    assert_status(apipie_request_set_traceparent(d->request, row->value), row->status);
    assert_ended(d->request, apipie_request_perform(d->request), row->status);
    assert_int_equal(raw_server_count(d->server, NULL), row->status == APIPIE_OK);
    if (row->status != APIPIE_OK)
        assert_contains(apipie_error_message(draw_error(d)), "set_traceparent: ");
    else
        assert_memory_equal(apipie_request_attempt_traceparent(d->request, 0) + 52, row->value + 52,
                            4);
}

/* The server's own clock, where it says one: how far ours is from it. */
static void the_servers_clock(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 200, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", ONE_IMAGE);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_request_attempt_time(d->request, 0, APIPIE_TIME_SERVER),
                     INT64_C(784111777000));
    assert_int_equal(apipie_request_attempt_is_proxied(d->request, 0), 0);
    assert_int_equal(apipie_request_attempt_time(d->request, 9, APIPIE_TIME_SERVER),
                     APIPIE_UNKNOWN);
    draw_again(d);
    assert_int_equal(apipie_request_attempt_is_proxied(d->request, 0), APIPIE_UNKNOWN);
    draw_teardown(state);
    draw_setup(state);
    d = *state;
    draw_serve_reply(d, 200, "Date: yesterday\r\n", ONE_IMAGE);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_request_attempt_time(d->request, 0, APIPIE_TIME_SERVER),
                     APIPIE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(the_servers_clock),
        DRAW_TEST(retries_and_downloads),
        DRAW_TEST(parts_are_traced),
        DRAW_TEST(what_was_not_sent_is_traced),
        DRAW_TEST(routes_that_rest_are_traced),
        DRAW_TEST(what_was_stopped_is_traced),
        DRAW_TEST(another_thread_asks_meanwhile),
        DRAW_TEST(each_request_has_the_hook_of_its_submit),
        DRAW_TEST(each_call_has_an_id),
        DRAW_TEST(each_part_has_an_id),
        DRAW_TEST(a_look_into_the_history_has_an_id),
        DRAW_TEST(a_copy_keeps_the_trace),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(bad_values_are_refused, rows);
    return failed;
}
