/* SPDX-License-Identifier: MIT */
/* The transport of lib/http against a server that says what it is told: progress, owners, cancel, and handles that are
 * used again. Knows the door http/http.h alone. */
#include "http/http.h"

#include "../support/rawserver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int64_t no_end = INT64_MAX;

#define SLOTS 64
#define REPLY "{\"data\":[]}"

struct slot {
    struct pie_writer writer;
    struct pie_http_request request;
    struct pie_progress progress;
    int32_t out; /* 1 while the transport has it */
    size_t bytes;
};

struct stage {
    struct raw_server *server;
    struct pie_transport *transport;
    struct slot slots[SLOTS];
};

/* ---- a writer that counts */

static apipie_status count_head(struct pie_writer *w, int32_t status, const struct pie_headers *h)
{
    (void)w;
    (void)status;
    (void)h;
    return APIPIE_OK;
}

static apipie_status count_write(struct pie_writer *w, const uint8_t *p, size_t n)
{
    (void)p;
    ((struct slot *)w)->bytes += n;
    return APIPIE_OK;
}

static apipie_status count_end(struct pie_writer *w)
{
    (void)w;
    return APIPIE_OK;
}

static const struct pie_writer_type count_writer = {"count", count_head, count_write, count_end};

/* ---- the stage */

static void stage_open(struct stage *s, raw_handler handler, void *user)
{
    memset(s, 0, sizeof(*s));
    s->server = raw_server_start(handler, user);
    assert_non_null(s->server);
    assert_int_equal(pie_curl_transport_new(&pie_mem_libc, &s->transport), APIPIE_OK);
    for (size_t i = 0; i < SLOTS; i++)
        pie_http_request_init(&s->slots[i].request, &pie_mem_libc);
}

static void stage_close(struct stage *s)
{
    s->transport->type->close(s->transport);
    raw_server_stop(s->server);
    for (size_t i = 0; i < SLOTS; i++)
        pie_http_request_free(&s->slots[i].request);
}

static struct slot *stage_fill(struct stage *s, size_t i, const char *method, const char *path)
{
    struct slot *slot = &s->slots[i];
    struct pie_http_request *q = &slot->request;
    pie_http_request_free(q);
    pie_http_request_init(q, &pie_mem_libc);
    q->method = method;
    q->connect_timeout_ms = 5000;
    q->once = strcmp(method, "POST") == 0;
    pie_buf_add_text(&q->url, raw_server_origin(s->server));
    pie_buf_add_text(&q->url, path);
    slot->writer.type = &count_writer;
    slot->bytes = 0;
    return slot;
}

static void stage_post(struct stage *s, size_t i, const char *path, const void *body, size_t n)
{
    struct slot *slot = stage_fill(s, i, "POST", path);
    pie_headers_add(&slot->request.headers, pie_slice_text("Authorization"),
                    pie_slice_text("Bearer secret"));
    pie_http_request_add_bytes(&slot->request, body, n, NULL);
}

static void stage_send(struct stage *s, size_t i)
{
    struct slot *slot = &s->slots[i];
    assert_int_equal(s->transport->type->submit(s->transport, &slot->request, &slot->writer,
                                                &slot->progress, slot),
                     APIPIE_OK);
    assert_non_null(slot->progress.exchange);
    slot->out = 1;
}

static struct slot *stage_next(struct stage *s, struct pie_outcome *ret)
{
    struct slot *slot = s->transport->type->next(s->transport, ret);
    if (slot == NULL)
        return NULL;
    assert_true(slot->out);
    assert_null(slot->progress.exchange);
    slot->out = 0;
    return slot;
}

/* The next one that ends, within seconds. */
static struct slot *stage_wait(struct stage *s, struct pie_outcome *ret)
{
    int64_t until = pie_clock_ms() + 5000;
    struct slot *slot = NULL;
    while ((slot = stage_next(s, ret)) == NULL && pie_clock_ms() < until)
        s->transport->type->drive(s->transport, 100, &no_end);
    assert_non_null(slot);
    return slot;
}

static int32_t stage_wait_wire(struct stage *s)
{
    struct pie_outcome o;
    pie_outcome_init(&o, &pie_mem_libc);
    stage_wait(s, &o);
    pie_outcome_free(&o);
    return o.wire;
}

/* Turns until the request in that slot has left. */
static void stage_wait_sent(struct stage *s, const struct slot *slot)
{
    int64_t until = pie_clock_ms() + 5000;
    while (slot->progress.sent_us == APIPIE_UNKNOWN && pie_clock_ms() < until)
        s->transport->type->drive(s->transport, 10, &no_end);
    assert_true(slot->progress.sent_us >= slot->progress.started_us);
}

/* ---- what the server does */

/* Until as many requests are here as there are slots. */
static void wait_for_all(struct raw_conn *c, const struct raw_request *q)
{
    int32_t all = ((q->number - 1) / SLOTS + 1) * SLOTS;
    for (int32_t i = 0; i < 5000 && raw_server_count(raw_server_of(c), NULL) < all; i++)
        raw_pause_ms(c, 1);
}

static void answer(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (strcmp(q->path, "/all") == 0)
        wait_for_all(c, q);
    if (strcmp(q->path, "/stall") == 0)
        raw_stall(c);
    else if (strcmp(q->path, "/die") == 0 && q->turn > 1)
        raw_close(c);
    else
        raw_reply_json(c, 200, REPLY);
}

/* ---- tests */

static void assert_progress_whole(const struct slot *slot, uint64_t up)
{
    const struct pie_progress *p = &slot->progress;
    assert_true(p->started_us <= p->sent_us);
    assert_true(p->sent_us <= p->first_byte_us);
    assert_true(p->first_byte_us <= p->last_byte_us);
    assert_int_equal(p->up, up);
    assert_int_equal(p->down, strlen(REPLY));
    assert_int_equal(slot->bytes, strlen(REPLY));
}

static void progress_tells_how_far_it_is(void **state)
{
    static char large[3 << 20];
    struct stage *s = *state;
    const size_t sizes[] = {1, 5, 16384, 16385, 100000, sizeof(large)};
    memset(large, 'x', sizeof(large));
    stage_open(s, answer, NULL);
    for (size_t i = 0; i < PIE_COUNT(sizes); i++) {
        stage_post(s, i, "/", large, sizes[i]);
        stage_send(s, i);
        assert_int_equal(s->slots[i].progress.sent_us, APIPIE_UNKNOWN);
        assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
        assert_progress_whole(&s->slots[i], sizes[i]);
        assert_int_equal(raw_server_request(s->server, (int32_t)i)->body_size, sizes[i]);
    }
    stage_close(s);
}

static void a_part_of_the_body_is_not_all(void **state)
{
    static char large[32 << 20];
    struct stage *s = *state;
    const struct pie_progress *p = &s->slots[0].progress;
    int32_t parts = 0;
    stage_open(s, answer, NULL);
    stage_post(s, 0, "/stall", large, sizeof(large));
    stage_send(s, 0);
    while (p->up < sizeof(large)) {
        parts += p->up != 0;
        assert_int_equal(p->last_byte_us != APIPIE_UNKNOWN, p->up != 0);
        assert_int_equal(p->sent_us, APIPIE_UNKNOWN);
        assert_int_equal(s->transport->type->drive(s->transport, 100, &no_end), APIPIE_OK);
    }
    assert_true(parts > 0);
    stage_wait_sent(s, &s->slots[0]);
    assert_int_equal(p->last_byte_us, p->sent_us);
    assert_int_equal(p->first_byte_us, APIPIE_UNKNOWN);
    stage_close(s);
}

static void a_request_without_a_body_is_sent_too(void **state)
{
    struct stage *s = *state;
    stage_open(s, answer, NULL);
    stage_fill(s, 0, "GET", "/stall");
    stage_send(s, 0);
    stage_wait_sent(s, &s->slots[0]);
    assert_int_equal(s->slots[0].progress.first_byte_us, APIPIE_UNKNOWN);
    stage_close(s);
}

/* The second request runs on the handle of the first, and must not inherit from it. */
static void a_handle_forgets_its_last_request(void **state)
{
    struct stage *s = *state;
    char value[100];
    stage_open(s, answer, NULL);
    stage_post(s, 0, "/first", "body", 4);
    stage_send(s, 0);
    assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    stage_fill(s, 0, "GET", "/second");
    stage_send(s, 0);
    assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    const struct raw_request *q = raw_server_request(s->server, 1);
    assert_string_equal(q->method, "GET");
    assert_string_equal(q->path, "/second");
    assert_int_equal(q->body_size, 0);
    assert_false(raw_request_header(q, "Authorization", value, sizeof(value)));
    assert_false(raw_request_header(q, "Content-Length", value, sizeof(value)));
    assert_int_equal(raw_server_connections(s->server), 1);
    stage_post(s, 0, "/third", "other", 5);
    stage_send(s, 0);
    assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    q = raw_server_request(s->server, 2);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->body, "other");
    assert_true(raw_request_header(q, "Authorization", value, sizeof(value)));
    stage_close(s);
}

/* Two calls on one connection; the server reads the second and hangs up. libcurl would send it again. */
static void a_paid_call_on_a_dying_connection_goes_once(void **state)
{
    struct stage *s = *state;
    stage_open(s, answer, NULL);
    for (size_t turn = 0; turn < 2; turn++) {
        stage_post(s, 0, "/die", "pay", 3);
        stage_send(s, 0);
        assert_int_equal(stage_wait_wire(s), turn == 0 ? PIE_WIRE_OK : PIE_WIRE_RESENT);
    }
    assert_int_equal(raw_server_count(s->server, "POST"), 2);
    stage_post(s, 0, "/", "pay", 3);
    stage_send(s, 0);
    assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    assert_int_equal(raw_server_count(s->server, "POST"), 3);
    stage_close(s);
}

static void cancel_ends_one_and_no_other(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    struct pie_transport *t = NULL;
    stage_open(s, answer, NULL);
    t = s->transport;
    for (size_t i = 0; i < 3; i++) {
        stage_post(s, i, i == 1 ? "/stall" : "/", "pay", 3);
        stage_send(s, i);
    }
    stage_wait_sent(s, &s->slots[1]);
    pie_outcome_init(&o, &pie_mem_libc);
    t->type->cancel(t, &s->slots[1].progress, &o);
    assert_int_equal(o.wire, PIE_WIRE_STOPPED);
    assert_true(o.sent);
    assert_null(s->slots[1].progress.exchange);
    t->type->cancel(t, &s->slots[1].progress, &o); /* nothing is out: nothing happens */
    pie_outcome_free(&o);
    s->slots[1].out = 0;
    assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    pie_outcome_init(&o, &pie_mem_libc);
    t->type->drive(t, 20, &no_end);
    assert_null(t->type->next(t, &o));
    pie_outcome_free(&o);
    stage_close(s);
}

/* One that has ended, but was not asked for yet, tells its own end when it is cancelled. */
static void cancel_after_the_end(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    struct slot *slot = NULL;
    stage_open(s, answer, NULL);
    for (size_t i = 0; i < 2; i++) {
        stage_post(s, i, "/", "pay", 3);
        stage_send(s, i);
    }
    int64_t until = pie_clock_ms() + 5000;
    while ((s->slots[0].bytes == 0 || s->slots[1].bytes == 0) && pie_clock_ms() < until)
        s->transport->type->drive(s->transport, 10, &no_end);
    pie_outcome_init(&o, &pie_mem_libc);
    s->transport->type->cancel(s->transport, &s->slots[0].progress, &o);
    assert_int_equal(o.wire, PIE_WIRE_OK);
    assert_int_equal(o.status, 200);
    s->slots[0].out = 0;
    pie_outcome_free(&o);
    pie_outcome_init(&o, &pie_mem_libc);
    slot = stage_next(s, &o);
    assert_ptr_equal(slot, &s->slots[1]);
    assert_null(stage_next(s, &o));
    pie_outcome_free(&o);
    stage_close(s);
}

static void connections_are_used_again(void **state)
{
    struct stage *s = *state;
    stage_open(s, answer, NULL);
    for (int32_t round = 0; round < 4; round++) {
        for (size_t i = 0; i < SLOTS; i++) {
            stage_post(s, i, "/all", "pay", 3);
            stage_send(s, i);
        }
        for (size_t i = 0; i < SLOTS; i++)
            assert_int_equal(stage_wait_wire(s), PIE_WIRE_OK);
    }
    assert_int_equal(raw_server_count(s->server, "POST"), 4 * SLOTS);
    assert_int_equal(raw_server_connections(s->server), SLOTS);
    stage_close(s);
}

/* Who is woken before it sleeps does not sleep; once. */
static void a_wakeup_is_not_lost(void **state)
{
    struct stage *s = *state;
    stage_open(s, answer, NULL);
    int64_t started = pie_clock_ms();
    s->transport->type->wakeup(s->transport);
    s->transport->type->drive(s->transport, 5000, &no_end);
    assert_true(pie_clock_ms() - started < 2500);
    started = pie_clock_ms();
    s->transport->type->drive(s->transport, 100, &no_end);
    assert_true(pie_clock_ms() - started >= 90);
    stage_close(s);
}

int main(void)
{
    static struct stage stage;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(progress_tells_how_far_it_is, &stage),
        cmocka_unit_test_prestate(a_part_of_the_body_is_not_all, &stage),
        cmocka_unit_test_prestate(a_request_without_a_body_is_sent_too, &stage),
        cmocka_unit_test_prestate(a_handle_forgets_its_last_request, &stage),
        cmocka_unit_test_prestate(a_paid_call_on_a_dying_connection_goes_once, &stage),
        cmocka_unit_test_prestate(cancel_ends_one_and_no_other, &stage),
        cmocka_unit_test_prestate(cancel_after_the_end, &stage),
        cmocka_unit_test_prestate(connections_are_used_again, &stage),
        cmocka_unit_test_prestate(a_wakeup_is_not_lost, &stage),
    };
    return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
