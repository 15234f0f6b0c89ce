/* SPDX-License-Identifier: MIT */
/* The gateway's history of bills, page by page, while it grows. */
#include "../support/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE INT64_C(60000)

/* A history: row number n was made n minutes after noon, so the newest has the highest number. */
struct book {
    struct draw *d;
    int32_t rows;     /* at first */
    int32_t grow;     /* before each page but the first */
    int32_t no_id;    /* rows have none */
    int32_t no_limit; /* pages do not say how many they hold at most */
    int32_t most; /* what the server gives at most, whatever was asked for; 0: what was asked for */
    int32_t stuck;            /* every page is the first */
    const char *odd;          /* another first row; NULL */
    struct draw_reply bad[4]; /* instead of pages, one after the other; status 0: a page */
};

static int32_t number_in(const char *path, const char *name)
{
    const char *at = strstr(path, name);
    return at != NULL ? atoi(at + strlen(name)) : -1;
}

static void row_text(const struct book *b, int32_t n, char *out, size_t capacity)
{
    int64_t second = (n % 1440) * 60;
    char id[32] = "";
    if (!b->no_id)
        snprintf(id, sizeof(id), "\"id\":%d,", 1000 + n);
    snprintf(
        out, capacity,
        "{%s\"username\":\"ann\",\"timestamp\":\"2026-11-%02dT%02d:%02d:00.000Z\",\"app\":\"%s\","
        "\"provider\":\"%s\",\"route\":\"%s\",\"unit\":\"image\",\"prompt_tokens\":7,\"prompt_"
        "char\":33,"
        "\"response_tokens\":0,\"response_char\":0,\"cost\":\"0.00%d0\",\"latency_ms\":%d,"
        "\"source_ip\":\"10.0.0.1\",\"chat_id\":null}",
        id, 1 + n / 1440, (int)(second / 3600), (int)(second / 60 % 60),
        n % 3 == 0 ? "web" : "batch", n % 2 == 0 ? "prodia" : "together",
        n % 2 == 0 ? "prodia/sdxl" : "sd-2.1", 1 + n % 4, 1000 + n);
}

static void send_page(struct raw_conn *c, const struct raw_request *q, const struct book *b)
{
    int32_t limit = number_in(q->path, "limit="), offset = number_in(q->path, "offset=");
    int32_t total = b->rows + b->grow * (q->number - 1);
    char *body = calloc(1, 200000), row[600];
    limit = b->most != 0 && b->most < limit ? b->most : limit;
    offset = b->stuck ? 0 : offset;
    strcpy(body, "{\"items\":[");
    for (int32_t i = offset; i < offset + limit && i < total; i++) {
        row_text(b, total - 1 - i, row, sizeof(row));
        strcat(body, i == offset ? "" : ",");
        strcat(body, i == 0 && b->odd != NULL ? b->odd : row);
    }
    if (b->no_limit)
        strcat(body, "]}");
    else
        sprintf(body + strlen(body), "],\"limit\":%d,\"offset\":%d}", limit, offset);
    raw_reply_json(c, 200, body);
    free(body);
}

static void book_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct book *b = user;
    if (q->number <= 4 && b->bad[q->number - 1].status != 0)
        draw_send_reply(c, &b->bad[q->number - 1]);
    else
        send_page(c, q, b);
}

static void open_book(struct draw *d, struct book *b)
{
    b->d = d;
    draw_serve(d, book_handler, b);
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_HISTORY);
}

static apipie_history *read_book(struct draw *d)
{
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    apipie_history *h = apipie_request_history(d->request);
    assert_non_null(h);
    return h;
}

/* Row i is number `newest` - i. */
static void assert_run(const apipie_history *h, int32_t newest, size_t count)
{
    char id[32];
    assert_int_equal(apipie_history_count(h), count);
    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%d", 1000 + newest - (int)i);
        assert_string_equal(apipie_history_text(h, i, APIPIE_BILL_ID), id);
    }
}

static void reads_what_a_row_says(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 3};
    open_book(d, &b);
    const apipie_history *h = read_book(d);
    assert_run(h, 2, 3);
    assert_true(apipie_history_is_complete(h));
    assert_string_equal(apipie_history_text(h, 0, APIPIE_BILL_BACKEND), "apipie");
    assert_string_equal(apipie_history_text(h, 0, APIPIE_BILL_PROVIDER), "prodia");
    assert_string_equal(apipie_history_text(h, 0, APIPIE_BILL_MODEL), "sdxl");
    assert_string_equal(apipie_history_text(h, 1, APIPIE_BILL_MODEL), "sd-2.1");
    assert_string_equal(apipie_history_text(h, 0, APIPIE_BILL_UNIT), "image");
    assert_string_equal(apipie_history_text(h, 0, APIPIE_BILL_KEY), "batch");
    assert_null(apipie_history_text(h, 0, APIPIE_BILL_TAG));
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_TIME), INT64_C(1793491320000));
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_COST), 3 * APIPIE_DOLLAR / 1000);
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_LATENCY), 1002);
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_PROMPT_TOKENS), 7);
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_RESPONSE_TOKENS), 0);
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_PROMPT_CHARS), 33);
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_IMAGES), 1);
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_BILLED), APIPIE_BILLED_YES);
    assert_int_equal(apipie_history_number(h, 3, APIPIE_BILL_COST), APIPIE_UNKNOWN);
    assert_null(apipie_history_text(h, 3, APIPIE_BILL_ID));
    assert_null(apipie_history_text(h, 0, APIPIE_BILL_TIME));
    assert_int_equal(apipie_history_number(h, 0, APIPIE_BILL_ID), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_NO);
    assert_int_equal(apipie_request_attempt_purpose(d->request, 0), APIPIE_PURPOSE_HISTORY);
}

static void walks_all_pages(void **state)
{
    static const struct {
        struct book book;
        int32_t pages;
    } rows[] = {
        {{.rows = 0}, 1},
        {{.rows = 49}, 1},
        {{.rows = 50}, 2}, /* nobody can know */
        {{.rows = 151}, 4},
        {{.rows = 45, .most = 10}, 5},                /* a server with smaller pages that says so */
        {{.rows = 45, .most = 10, .no_limit = 1}, 6}, /* ... and one that does not */
        {{.rows = 60, .no_id = 1}, 2},
    };
    struct draw *d = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct book b = rows[i].book;
        open_book(d, &b);
        const apipie_history *h = read_book(d);
        if (b.no_id)
            assert_int_equal(apipie_history_count(h), b.rows);
        else
            assert_run(h, b.rows - 1, (size_t)b.rows);
        assert_true(apipie_history_is_complete(h));
        assert_int_equal(raw_server_count(d->server, "GET"), rows[i].pages);
        draw_teardown(state);
        draw_setup(state);
        d = *state;
    }
}

/* New rows push the last ones of a page to the top of the next. */
static void a_growing_history_shows_nothing_twice(void **state)
{
    static const struct book books[] = {
        {.rows = 170, .grow = 1},
        {.rows = 170, .grow = 49},
        {.rows = 120, .grow = 20, .no_id = 1},
    };
    struct draw *d = *state;
    for (size_t i = 0; i < sizeof(books) / sizeof(books[0]); i++) {
        struct book b = books[i];
        open_book(d, &b);
        const apipie_history *h = read_book(d);
        if (b.no_id)
            assert_int_equal(apipie_history_count(h), b.rows);
        else
            assert_run(h, b.rows - 1, (size_t)b.rows);
        draw_teardown(state);
        draw_setup(state);
        d = *state;
    }
}

/* Piece by piece, as an iterator; the history grows all the while. */
static void goes_on_where_it_ended(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 333, .grow = 3};
    apipie_history *before = NULL;
    int32_t next = 332, pieces = 0;
    open_book(d, &b);
    for (int32_t complete = 0; !complete; pieces++) {
        apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_HISTORY);
        assert_int_equal(apipie_request_set_max_rows(r, 70), APIPIE_OK);
        assert_int_equal(apipie_request_set_after(r, before), APIPIE_OK);
        assert_ended(r, apipie_request_perform(r), APIPIE_OK);
        apipie_history_unref(before);
        before = apipie_history_ref(apipie_request_history(r));
        apipie_request_unref(r);
        complete = apipie_history_is_complete(before);
        assert_run(before, next, complete ? 333 % 70 : 70);
        next -= (int32_t)apipie_history_count(before);
    }
    assert_int_equal(pieces, 5);
    assert_int_equal(next, -1);
    apipie_history_unref(before);
}

static void a_copy_asks_for_the_same(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 30};
    open_book(d, &b);
    assert_int_equal(apipie_request_set_max_rows(d->request, 4), APIPIE_OK);
    assert_run(read_book(d), 29, 4);
    apipie_request *go_on = apipie_request_new(d->client, APIPIE_REQUEST_HISTORY);
    apipie_request_set_after(go_on, apipie_request_history(d->request));
    apipie_request_set_max_rows(go_on, 5);
    apipie_request *copy = apipie_request_copy(go_on);
    assert_non_null(copy);
    apipie_request_unref(go_on);
    assert_ended(copy, apipie_request_perform(copy), APIPIE_OK);
    assert_run(apipie_request_history(copy), 25, 5);
    apipie_request_unref(copy);
}

static void a_period_is_half_open(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 200};
    int64_t zero = INT64_C(1793491200000); /* 2026-11-01, row 0 */
    open_book(d, &b);
    apipie_request_set_period(d->request, zero + 100 * MINUTE, zero + 120 * MINUTE);
    assert_run(read_book(d), 119, 20);
    assert_int_equal(raw_server_count(d->server, "GET"), 3); /* what is older is not asked for */
    assert_true(apipie_history_is_complete(apipie_request_history(d->request)));
}

/* However much is newer than the period. */
static void a_period_may_be_long_ago(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 2100};
    int64_t zero = INT64_C(1793491200000);
    open_book(d, &b);
    apipie_request_set_period(d->request, zero + 10 * MINUTE, zero + 20 * MINUTE);
    assert_run(read_book(d), 19, 10);
    assert_true(apipie_history_is_complete(apipie_request_history(d->request)));
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
}

/* However much was added meanwhile. */
static void goes_on_behind_many_new_ones(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 1300};
    open_book(d, &b);
    assert_int_equal(apipie_request_set_max_rows(d->request, 1250), APIPIE_OK);
    assert_run(read_book(d), 1299, 1250);
    b.rows += 1200;
    apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_HISTORY);
    assert_int_equal(apipie_request_set_after(r, apipie_request_history(d->request)), APIPIE_OK);
    assert_ended(r, apipie_request_perform(r), APIPIE_OK);
    assert_run(apipie_request_history(r), 49, 50);
    assert_true(apipie_history_is_complete(apipie_request_history(r)));
    apipie_request_unref(r);
}

static void refuses_what_cannot_be(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 1};
    open_book(d, &b);
    assert_int_equal(apipie_request_set_period(d->request, 2, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
    assert_contains(apipie_error_message(draw_error(d)), "set_period");
    assert_null(apipie_request_history(d->request));
    apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_HISTORY);
    assert_int_equal(apipie_request_set_period(r, -2, 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_request_set_max_rows(r, 0), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_request_set_max_rows(r, 10000001), APIPIE_E_ARGUMENT);
    apipie_request_unref(r);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

static void odd_rows_cost_themselves_only(void **state)
{
    static const struct {
        const char *row;
        size_t kept; /* besides the two good ones */
        const char *warning;
    } rows[] = {
        {"null", 0, "1 rows of the history say nothing"},
        {"{}", 0, "1 rows of the history say nothing"},
        {"\"text\"", 0, "1 rows of the history say nothing"},
        {"{\"cost\":\"-1\",\"provider\":\"prodia\"}", 1, NULL},
        {"{\"cost\":1e999,\"route\":\"x\",\"timestamp\":\"yesterday\"}", 1, NULL},
        {"{\"cost\":\"0.0000001260\",\"timestamp\":1793491260}", 1, NULL},
    };
    struct draw *d = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct book b = {.rows = 3, .odd = rows[i].row};
        open_book(d, &b);
        assert_int_equal(apipie_history_count(read_book(d)), 2 + rows[i].kept);
        assert_int_equal(apipie_result_warning_count(draw_result(d)), rows[i].warning != NULL);
        if (rows[i].warning != NULL)
            assert_contains(apipie_result_warning(draw_result(d), 0), rows[i].warning);
        if (i == 3 || i == 4)
            assert_int_equal(
                apipie_history_number(apipie_request_history(d->request), 0, APIPIE_BILL_COST),
                APIPIE_UNKNOWN);
        if (i == 5)
            assert_int_equal(
                apipie_history_number(apipie_request_history(d->request), 0, APIPIE_BILL_COST),
                126000);
        draw_teardown(state);
        draw_setup(state);
        d = *state;
    }
}

static void no_page_is_a_failure(void **state)
{
    static const struct draw_reply replies[] = {
        {200, NULL, "{\"object\":\"list\"}"},
        {200, NULL, "[{\"id\":1"},
        {200, "Content-Type: text/html\r\n", "<html><title>Welcome</title></html>"},
        {200, NULL, "{\"error\":{\"message\":\"no\"}}"},
        {401, NULL, "{\"error\":{\"message\":\"bad key\"}}"},
        {500, NULL, "{\"error\":{\"message\":\"oops\"}}"},
    };
    static const apipie_status wants[] = {APIPIE_E_MALFORMED, APIPIE_E_MALFORMED,
                                          APIPIE_E_MALFORMED, 0,
                                          APIPIE_E_AUTH,      APIPIE_E_SERVER};
    struct draw *d = *state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct book b = {.rows = 3, .bad = {replies[i]}};
        open_book(d, &b);
        apipie_status got = apipie_request_perform(d->request);
        if (wants[i] != 0)
            assert_ended(d->request, got, wants[i]);
        assert_true(got < 0);
        assert_null(apipie_request_history(d->request));
        assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
        draw_teardown(state);
        draw_setup(state);
        d = *state;
    }
}

/* A page that fails is asked for again, and the walk goes on. */
static void a_failing_page_is_asked_again(void **state)
{
    struct draw *d = *state;
    struct book b = {
        .rows = 120,
        .bad = {{0, NULL, NULL}, {500, NULL, "{}"}, {429, "Retry-After: 0\r\n", "{}"}}};
    open_book(d, &b);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_run(read_book(d), 119, 120);
    assert_int_equal(raw_server_count(d->server, "GET"), 5);
}

static void redirects_are_followed_each_time(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 60,
                     .bad = {{307, "Location: /v1/elsewhere/?limit=50&offset=0\r\n", ""}}};
    open_book(d, &b);
    assert_run(read_book(d), 59, 60);
    assert_int_equal(raw_server_count(d->server, "GET"), 3);
    assert_contains(raw_server_request(d->server, 1)->path, "/v1/elsewhere/");
    assert_contains(raw_server_request(d->server, 2)->path, "/v1/queries/?limit=50&offset=50");
}

/* A server that shows the same page for ever. */
static void an_endless_history_ends(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 70, .stuck = 1};
    open_book(d, &b);
    const apipie_history *h = read_book(d);
    assert_run(h, 69, 50);
    assert_false(apipie_history_is_complete(h));
    assert_contains(apipie_result_warning(draw_result(d), 0), "again and again");
    assert_true(raw_server_count(d->server, "GET") < 30);
}

static void a_walk_can_be_cancelled(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 500, .bad = {{0, NULL, NULL}, {503, "Retry-After: 5\r\n", "{}"}}};
    open_book(d, &b);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    assert_int_equal(apipie_request_submit(d->request), APIPIE_OK);
    assert_int_equal(apipie_request_wait(d->request, 300), APIPIE_PENDING);
    apipie_request_cancel(d->request);
    assert_int_equal(apipie_request_wait(d->request, 2000), APIPIE_E_CANCELLED);
    assert_null(apipie_request_history(d->request));
}

/* It outlives its request and its client. */
static void a_history_can_be_kept(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 5};
    open_book(d, &b);
    apipie_history *h = apipie_history_ref(read_book(d));
    apipie_totals *t = apipie_history_totals(h, APIPIE_TOTALS_MODEL);
    draw_teardown(state);
    assert_run(h, 4, 5);
    apipie_history_unref(h);
    assert_int_equal(apipie_totals_count(t), 2);
    assert_string_equal(apipie_totals_text(t, 0), "prodia/sdxl");
    apipie_totals_unref(t);
    draw_setup(state);
}

static void nothing_is_told_of_the_user(void **state)
{
    struct draw *d = *state;
    struct book b = {.rows = 2};
    open_book(d, &b);
    const apipie_history *h = read_book(d);
    for (int32_t field = 1; field < 100; field++) {
        for (size_t i = 0; i < apipie_history_count(h); i++) {
            const char *text = apipie_history_text(h, i, field);
            assert_true(text == NULL ||
                        (strcmp(text, "ann") != 0 && strcmp(text, "10.0.0.1") != 0));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(reads_what_a_row_says),
        DRAW_TEST(walks_all_pages),
        DRAW_TEST(a_growing_history_shows_nothing_twice),
        DRAW_TEST(goes_on_where_it_ended),
        DRAW_TEST(a_copy_asks_for_the_same),
        DRAW_TEST(a_period_is_half_open),
        DRAW_TEST(a_period_may_be_long_ago),
        DRAW_TEST(goes_on_behind_many_new_ones),
        DRAW_TEST(refuses_what_cannot_be),
        DRAW_TEST(odd_rows_cost_themselves_only),
        DRAW_TEST(no_page_is_a_failure),
        DRAW_TEST(a_failing_page_is_asked_again),
        DRAW_TEST(redirects_are_followed_each_time),
        DRAW_TEST(an_endless_history_ends),
        DRAW_TEST(a_walk_can_be_cancelled),
        DRAW_TEST(a_history_can_be_kept),
        DRAW_TEST(nothing_is_told_of_the_user),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
