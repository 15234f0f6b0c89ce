/* SPDX-License-Identifier: MIT */
/* The transport that plays a recording: progress, owners, cancel, turns with a budget, wake-ups, every way to end. Knows the door
 * http/http.h alone. */
#include "http/http.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SLOTS 4
#define PIECE 65536
#define FIRST "apipie-recording 1\n"

struct slot {
    struct pie_writer writer;
    struct pie_http_request request;
    struct pie_progress progress;
    struct pie_view view;
    size_t bytes, heads, ends, largest;
    int32_t status;
    size_t fail_at; /* 0: never */
    char type[64];
};

struct stage {
    struct pie_transport *t;
    struct slot slots[SLOTS];
    char path[64];
    struct pie_buf file;
};

static apipie_status stage_drive(struct stage *s, int64_t timeout_ms, int64_t until_us)
{
    return s->t->type->drive(s->t, timeout_ms, &until_us);
}

/* ---- a writer that counts */

static apipie_status count_head(struct pie_writer *w, int32_t status, const struct pie_headers *h)
{
    struct slot *s = (struct slot *)w;
    const char *type = pie_headers_get(h, "content-type");
    s->heads++;
    s->status = status;
    snprintf(s->type, sizeof s->type, "%s", type != NULL ? type : "");
    return APIPIE_OK;
}

static apipie_status count_write(struct pie_writer *w, const uint8_t *p, size_t n)
{
    struct slot *s = (struct slot *)w;
    (void)p;
    s->bytes += n;
    s->largest = n > s->largest ? n : s->largest;
    return s->fail_at != 0 && s->bytes >= s->fail_at ? APIPIE_E_SINK : APIPIE_OK;
}

static apipie_status count_end(struct pie_writer *w)
{
    ((struct slot *)w)->ends++;
    return APIPIE_OK;
}

static const struct pie_writer_type count_writer = {"count", count_head, count_write, count_end};

/* ---- the stage */

static int stage_setup(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    *state = s;
    strcpy(s->path, "/tmp/apipie-replay-XXXXXX");
    int fd = mkstemp(s->path);
    close(fd);
    pie_buf_init(&s->file, &pie_mem_libc, 1 << 22);
    pie_buf_add_text(&s->file, FIRST);
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &s->slots[i];
        slot->writer.type = &count_writer;
        pie_http_request_init(&slot->request, &pie_mem_libc);
        slot->request.method = "POST";
        slot->request.view = &slot->view;
        pie_buf_add_text(&slot->request.url, "https://h/v1");
        pie_http_request_add_bytes(&slot->request, "{}", 2, NULL);
    }
    return fd < 0;
}

static int stage_teardown(void **state)
{
    struct stage *s = *state;
    if (s->t != NULL)
        s->t->type->close(s->t);
    for (size_t i = 0; i < SLOTS; i++)
        pie_http_request_free(&s->slots[i].request);
    unlink(s->path);
    pie_buf_free(&s->file);
    free(s);
    return 0;
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_setup, stage_teardown)

/* An exchange of that number: a POST of "{}", and a body of so many pieces. */
static void tape(struct stage *s, int number, int pieces, const char *end)
{
    static char body[PIECE];
    char line[160];
    snprintf(line, sizeof line, "request %d POST 12\nhttps://h/v1\nsend %d 2\n{}\n", number,
             number);
    pie_buf_add_text(&s->file, line);
    snprintf(line, sizeof line, "head %d 200 25\nContent-Type: text/plain\n", number);
    pie_buf_add_text(&s->file, line);
    pie_buf_add_char(&s->file, '\n');
    for (int i = 0; i < pieces; i++) {
        snprintf(line, sizeof line, "body %d %d\n", number, PIECE);
        pie_buf_add_text(&s->file, line);
        pie_buf_add(&s->file, body, sizeof body);
        pie_buf_add_char(&s->file, '\n');
    }
    snprintf(line, sizeof line, "end %d %s\n", number, end);
    pie_buf_add_text(&s->file, line);
}

static void play(struct stage *s)
{
    FILE *f = fopen(s->path, "wb");
    assert_non_null(f);
    fwrite(s->file.p, 1, s->file.n, f);
    fclose(f);
    assert_int_equal(pie_replay_transport_new(&pie_mem_libc, s->path, &s->t), APIPIE_OK);
}

static struct slot *submit(struct stage *s, size_t i)
{
    struct slot *slot = &s->slots[i];
    assert_int_equal(s->t->type->submit(s->t, &slot->request, &slot->writer, &slot->progress, slot),
                     APIPIE_OK);
    assert_non_null(slot->progress.exchange);
    return slot;
}

static struct slot *next(struct stage *s, struct pie_outcome *o)
{
    pie_outcome_init(o, &pie_mem_libc);
    return s->t->type->next(s->t, o);
}

#define GOOD "ok 0 1 1 11 22 33 44 55 0\n"

/* ---- */

static void all_of_an_exchange(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 1, 2, GOOD);
    play(s);
    assert_int_equal(s->t->type->timeout(s->t), -1);
    struct slot *slot = submit(s, 0);
    assert_int_equal(slot->view.phase, APIPIE_PHASE_LOOKUP);
    assert_int_equal(slot->view.up_all, 2);
    assert_int_equal(s->t->type->timeout(s->t), 0);
    assert_null(next(s, &o));
    assert_int_equal(stage_drive(s, 60000, INT64_MAX), APIPIE_OK); /* does not wait */
    assert_ptr_equal(next(s, &o), slot);
    assert_null(slot->progress.exchange);
    assert_int_equal(o.wire, PIE_WIRE_OK);
    assert_int_equal(o.status, 200);
    assert_int_equal(o.sent, 1);
    assert_int_equal(o.private_peer, 1);
    assert_int_equal(o.lookup_us, 11);
    assert_int_equal(o.connect_us, 22);
    assert_int_equal(o.tls_us, 33);
    assert_int_equal(o.first_byte_us, 44);
    assert_int_equal(o.total_us, 55);
    assert_int_equal(o.body_bytes, 2 * PIECE);
    assert_string_equal(pie_headers_get(&o.headers, "content-type"), "text/plain");
    pie_outcome_free(&o);
    assert_int_equal(slot->heads, 1);
    assert_int_equal(slot->ends, 1);
    assert_int_equal(slot->status, 200);
    assert_string_equal(slot->type, "text/plain");
    assert_int_equal(slot->bytes, 2 * PIECE);
    assert_int_equal(slot->view.phase, APIPIE_PHASE_RECEIVING);
    assert_int_equal(slot->view.up, 2);
    assert_int_equal(slot->view.down, 2 * PIECE);
    assert_int_equal(slot->view.down_all, 2 * PIECE);
    assert_int_equal(slot->progress.up, 2);
    assert_int_equal(slot->progress.down, 2 * PIECE);
    assert_true(slot->progress.sent_us >= slot->progress.started_us);
    assert_true(slot->progress.first_byte_us >= slot->progress.started_us);
    assert_true(slot->progress.last_byte_us >= slot->progress.first_byte_us);
    assert_int_equal(s->t->type->timeout(s->t), -1);
    assert_null(next(s, &o));
}

/* A turn whose time is up does one piece; who comes next is another one. */
static void turns_are_short_and_fair(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 1, 3, GOOD);
    tape(s, 2, 3, GOOD);
    play(s);
    struct slot *a = submit(s, 0);
    struct slot *b = submit(s, 1);
    stage_drive(s, 0, 0);
    assert_int_equal(a->bytes, PIECE);
    assert_int_equal(b->bytes, 0);
    assert_int_equal(a->progress.behind, 1);
    assert_int_equal(b->progress.behind, 1);
    stage_drive(s, 0, 0);
    assert_int_equal(a->bytes, PIECE);
    assert_int_equal(b->bytes, PIECE);
    stage_drive(s, 0, 0);
    stage_drive(s, 0, 0);
    assert_int_equal(a->bytes, 2 * PIECE);
    assert_int_equal(b->bytes, 2 * PIECE);
    stage_drive(s, 0, 0);
    assert_ptr_equal(next(s, &o), a);
    pie_outcome_free(&o);
    assert_int_equal(a->progress.behind, 0);
    assert_null(next(s, &o));
}

/* Whoever waits for something else gets a look in between, however long a body is. */
static void no_turn_is_endless(void **state)
{
    struct stage *s = *state;
    tape(s, 1, 40, GOOD);
    play(s);
    struct slot *slot = submit(s, 0);
    stage_drive(s, 0, INT64_MAX);
    assert_true(slot->bytes > 0 && slot->bytes < 40 * PIECE);
    assert_int_equal(slot->progress.behind, 1);
}

/* By hand it may be longer than any piece that is written. */
static void a_long_piece_comes_in_short_ones(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    char body[200000];
    memset(body, 'x', sizeof body);
    pie_buf_add_text(&s->file, "request 1 POST 12\nhttps://h/v1\nsend 1 1\n{\nsend 1 1\n}\n"
                               "head 1 200 0\n\nbody 1 200000\n");
    pie_buf_add(&s->file, body, sizeof body);
    pie_buf_add_text(&s->file, "\nend 1 " GOOD "\n");
    play(s);
    struct slot *slot = submit(s, 0);
    stage_drive(s, 0, INT64_MAX);
    assert_ptr_equal(next(s, &o), slot);
    assert_int_equal(o.wire, PIE_WIRE_OK);
    pie_outcome_free(&o);
    assert_int_equal(slot->bytes, 200000);
    assert_true(slot->largest <= PIECE);
}

static void the_same_order_as_recorded(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 3, 0, "cut 0 1 0 1 2 3 4 5 4\ngone");
    tape(s, 7, 0, GOOD);
    play(s);
    struct slot *a = submit(s, 0), *b = submit(s, 1), *c = submit(s, 2);
    stage_drive(s, 0, INT64_MAX);
    assert_ptr_equal(next(s, &o), c); /* at once: there is no third one */
    assert_int_equal(o.wire, PIE_WIRE_UNRECORDED);
    assert_int_equal(o.sent, 0);
    assert_string_equal(o.detail, "no further exchange for POST https://h/v1");
    pie_outcome_free(&o);
    assert_ptr_equal(next(s, &o), a);
    assert_int_equal(o.wire, PIE_WIRE_CUT);
    assert_string_equal(o.detail, "gone");
    assert_int_equal(o.status, 200);
    pie_outcome_free(&o);
    assert_int_equal(a->heads, 0); /* as libcurl's: no byte of the body came */
    assert_int_equal(a->ends, 0);
    assert_ptr_equal(next(s, &o), b);
    assert_int_equal(o.wire, PIE_WIRE_OK);
    pie_outcome_free(&o);
}

static void another_request_is_none(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 1, 0, GOOD);
    play(s);
    s->slots[0].request.method = "GET";
    s->slots[1].request.segment_count = 0;
    pie_buf_add_text(&s->slots[2].request.url, "/x?sign=secret");
    for (size_t i = 0; i < 3; i++) {
        submit(s, i);
        assert_ptr_equal(next(s, &o), &s->slots[i]);
        assert_int_equal(o.wire, PIE_WIRE_UNRECORDED);
        assert_null(strstr(o.detail, "secret"));
        pie_outcome_free(&o);
    }
    assert_ptr_equal(submit(s, 3), &s->slots[3]);
    stage_drive(s, 0, INT64_MAX);
    assert_ptr_equal(next(s, &o), &s->slots[3]);
    assert_int_equal(o.wire, PIE_WIRE_OK);
    pie_outcome_free(&o);
}

static void what_runs_can_be_cancelled(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 1, 3, GOOD);
    tape(s, 2, 3, GOOD);
    tape(s, 3, 0, GOOD);
    play(s);
    struct slot *a = submit(s, 0), *b = submit(s, 1), *c = submit(s, 2);
    stage_drive(s, 0, 0);
    pie_outcome_init(&o, &pie_mem_libc);
    s->t->type->cancel(s->t, &a->progress, &o); /* in the middle */
    assert_int_equal(o.wire, PIE_WIRE_STOPPED);
    assert_int_equal(o.status, 200);
    assert_int_equal(o.sent, 1);
    assert_int_equal(o.body_bytes, PIECE);
    pie_outcome_free(&o);
    pie_outcome_init(&o, &pie_mem_libc);
    s->t->type->cancel(s->t, &b->progress, &o); /* before it began */
    assert_int_equal(o.wire, PIE_WIRE_STOPPED);
    assert_int_equal(o.status, 0);
    assert_int_equal(o.sent, 0);
    pie_outcome_free(&o);
    stage_drive(s, 0, INT64_MAX);
    pie_outcome_init(&o, &pie_mem_libc);
    s->t->type->cancel(s->t, &c->progress, &o); /* it had ended */
    assert_int_equal(o.wire, PIE_WIRE_OK);
    pie_outcome_free(&o);
    assert_null(next(s, &o));
    assert_int_equal(s->t->type->timeout(s->t), -1);
    assert_null(c->progress.exchange);
}

static void a_writer_that_fails(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 1, 3, GOOD);
    tape(s, 2, 1, "writer -503 1 0 1 2 3 4 5 0\n"); /* failed then, and does not now */
    play(s);
    struct slot *a = submit(s, 0);
    a->fail_at = 2 * PIECE;
    stage_drive(s, 0, INT64_MAX);
    assert_ptr_equal(next(s, &o), a);
    assert_int_equal(o.wire, PIE_WIRE_WRITER);
    assert_int_equal(o.writer_status, APIPIE_E_SINK);
    pie_outcome_free(&o);
    assert_int_equal(a->bytes, 2 * PIECE);
    assert_int_equal(a->ends, 0);
    struct slot *b = submit(s, 1);
    stage_drive(s, 0, INT64_MAX);
    assert_ptr_equal(next(s, &o), b);
    assert_int_equal(o.wire, PIE_WIRE_WRITER);
    assert_int_equal(o.writer_status, -503);
    pie_outcome_free(&o);
}

static void every_end_has_its_name(void **state)
{
    static const struct {
        const char *name;
        int32_t wire;
    } ends[] = {{"lookup", PIE_WIRE_LOOKUP},
                {"connect", PIE_WIRE_CONNECT},
                {"connect-timeout", PIE_WIRE_CONNECT_TIMEOUT},
                {"tls", PIE_WIRE_TLS},
                {"certificate", PIE_WIRE_CERTIFICATE},
                {"refused", PIE_WIRE_REFUSED},
                {"cut", PIE_WIRE_CUT},
                {"resent", PIE_WIRE_RESENT},
                {"memory", PIE_WIRE_MEMORY},
                {"other", PIE_WIRE_OTHER}};
    struct stage *s = *state;
    struct pie_outcome o;
    for (size_t i = 0; i < PIE_COUNT(ends); i++) {
        char line[160];
        snprintf(line, sizeof line,
                 "request %d POST 12\nhttps://h/v1\nsend %d 2\n{}\n"
                 "end %d %s 0 0 0 -1 -1 -1 -1 7 0\n\n",
                 (int)i, (int)i, (int)i, ends[i].name);
        pie_buf_add_text(&s->file, line);
    }
    play(s);
    for (size_t i = 0; i < PIE_COUNT(ends); i++) {
        struct slot *slot = submit(s, 0);
        stage_drive(s, 0, INT64_MAX);
        assert_ptr_equal(next(s, &o), slot);
        assert_int_equal(o.wire, ends[i].wire);
        assert_int_equal(o.sent, 0);
        assert_int_equal(o.status, 0);
        assert_int_equal(o.lookup_us, APIPIE_UNKNOWN);
        assert_int_equal(slot->progress.sent_us, APIPIE_UNKNOWN);
        assert_int_equal(slot->progress.first_byte_us, APIPIE_UNKNOWN);
        pie_outcome_free(&o);
    }
}

static int32_t is_readable(int64_t fd)
{
    struct pollfd p = {(int)fd, POLLIN, 0};
    return poll(&p, 1, 0) == 1;
}

static void a_wait_can_be_ended(void **state)
{
    struct stage *s = *state;
    play(s);
    int64_t fd = s->t->type->fd(s->t);
    assert_false(is_readable(fd));
    int64_t before = pie_clock_ms();
    stage_drive(s, 30, INT64_MAX);
    assert_in_range(pie_clock_ms() - before, 25, 2000);
    s->t->type->wakeup(s->t);
    assert_true(is_readable(fd));
    before = pie_clock_ms();
    stage_drive(s, 60000, INT64_MAX);
    assert_in_range(pie_clock_ms() - before, 0, 5000);
    assert_false(is_readable(fd));
}

static void a_file_that_shrinks_meanwhile(void **state)
{
    struct stage *s = *state;
    struct pie_outcome o;
    tape(s, 1, 3, GOOD);
    play(s);
    struct slot *slot = submit(s, 0);
    stage_drive(s, 0, 0);
    assert_int_equal(truncate(s->path, 1000), 0);
    stage_drive(s, 0, INT64_MAX);
    assert_ptr_equal(next(s, &o), slot);
    assert_int_equal(o.wire, PIE_WIRE_OTHER);
    assert_string_equal(o.detail, "the recording cannot be read");
    pie_outcome_free(&o);
}

/* What is out goes with it; in a child of fork() it is left alone. */
static void closed_while_something_is_out(void **state)
{
    struct stage *s = *state;
    tape(s, 1, 3, GOOD);
    tape(s, 2, 0, GOOD);
    play(s);
    submit(s, 0);
    submit(s, 1);
    submit(s, 2);
    s->t->type->abandon(s->t);
    stage_drive(s, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(all_of_an_exchange),
        STAGE_TEST(turns_are_short_and_fair),
        STAGE_TEST(no_turn_is_endless),
        STAGE_TEST(a_long_piece_comes_in_short_ones),
        STAGE_TEST(the_same_order_as_recorded),
        STAGE_TEST(another_request_is_none),
        STAGE_TEST(what_runs_can_be_cancelled),
        STAGE_TEST(a_writer_that_fails),
        STAGE_TEST(every_end_has_its_name),
        STAGE_TEST(a_wait_can_be_ended),
        STAGE_TEST(a_file_that_shrinks_meanwhile),
        STAGE_TEST(closed_while_something_is_out),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
