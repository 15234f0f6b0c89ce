/* SPDX-License-Identifier: MIT */
/* The gateway's history: pages asked for and read, and which row is a call whose end nobody saw. */
#include "dialect/dialect.h"
#include "flow/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* 2024-05-01T12:34:56.789Z */
#define NOON INT64_C(1714566896789)

struct page {
    struct pie_outcome outcome;
    struct pie_buf safe;
    struct pie_doc *doc;
    struct pie_reply reply;
};

static void page_open(struct page *p, const char *body)
{
    struct pie_damage damage;
    memset(p, 0, sizeof(*p));
    pie_outcome_init(&p->outcome, &pie_mem_libc);
    pie_buf_init(&p->safe, &pie_mem_libc, 1 << 20);
    p->outcome.status = 200;
    p->reply.outcome = &p->outcome;
    assert_int_equal(pie_json_safe(&pie_mem_libc, pie_slice_text(body), &p->safe, &damage),
                     APIPIE_OK);
    assert_int_equal(pie_doc_parse(&pie_mem_libc, pie_buf_slice(&p->safe), &p->doc), APIPIE_OK);
    p->reply.root = pie_doc_root(p->doc);
}

static void page_close(struct page *p)
{
    pie_doc_free(p->doc);
    pie_buf_free(&p->safe);
    pie_outcome_free(&p->outcome);
}

static int32_t page_row(const struct page *p, size_t index, struct pie_history_row *ret)
{
    return pie_dialect_apipie.read_history(&p->reply, index, ret);
}

static void need_text(struct pie_slice got, const char *text)
{
    if (!pie_slice_equal(got, text))
        fail_msg("'%.*s' is not '%s'", (int)got.n, got.p, text);
}

static void need_nothing(const struct pie_history_row *row)
{
    assert_true(row->time_ms == APIPIE_UNKNOWN && row->cost == APIPIE_UNKNOWN);
    assert_true(row->prompt_chars == APIPIE_UNKNOWN && row->latency_ms == APIPIE_UNKNOWN);
    assert_true(row->id.n == 0 && row->provider.n == 0 && row->route.n == 0 && row->unit.n == 0);
}

/* ---- asking */

static void a_page_is_asked_for(void **state)
{
    struct pie_call c;
    struct pie_leg leg;
    struct apipie_error err;
    (void)state;
    memset(&c, 0, sizeof(c));
    memset(&leg, 0, sizeof(leg));
    c.base_url = "https://gateway.test/v1";
    c.key = "key-one";
    pie_error_init(&err, &pie_mem_libc);
    pie_http_request_init(&leg.request, &pie_mem_libc);
    assert_int_equal(pie_dialect_apipie.ask_history(&c, 50, 0, &leg, &err), APIPIE_OK);
    assert_string_equal(leg.request.url.p, "https://gateway.test/v1/queries/?limit=50&offset=0");
    assert_string_equal(leg.request.method, "GET");
    assert_int_equal(leg.purpose, APIPIE_PURPOSE_HISTORY);
    assert_true(leg.with_key == 1 && leg.paid == 0 && leg.request.once == 0);
    assert_int_equal(leg.request.segment_count, 0);
    assert_string_equal(pie_headers_get(&leg.request.headers, "authorization"), "Bearer key-one");
    assert_string_equal(pie_headers_get(&leg.request.headers, "accept"), "application/json");
    assert_null(pie_headers_get(&leg.request.headers, "content-type"));
    c.key = "key-two"; /* the same leg, the next page */
    assert_int_equal(pie_dialect_apipie.ask_history(&c, 7, UINT64_MAX, &leg, &err), APIPIE_OK);
    assert_string_equal(leg.request.url.p,
                        "https://gateway.test/v1/queries/?limit=7&offset=18446744073709551615");
    assert_string_equal(pie_headers_get(&leg.request.headers, "authorization"), "Bearer key-two");
    pie_http_request_free(&leg.request);
}

/* ---- reading */

static void a_documented_page_is_read(void **state)
{
    struct page p;
    struct pie_history_row row;
    (void)state;
    page_open(
        &p,
        "{\"items\":[{\"id\":12345,\"username\":\"user@example.com\",\"timestamp\":\"2023-09-15T14:"
        "32:17Z\","
        "\"app\":\"My "
        "Application\",\"provider\":\"openai\",\"route\":\"dall-e-3\",\"unit\":\"image\","
        "\"prompt_tokens\":42,\"prompt_char\":256,\"response_tokens\":128,\"response_char\":768,"
        "\"cost\":\"0.000123456789\",\"latency_ms\":1250},"
        "{\"id\":\"12344\",\"timestamp\":\"2023-09-15T14:30:05Z\"}],\"limit\":50,\"offset\":0}");
    assert_int_equal(page_row(&p, 0, &row), 1);
    need_text(row.id, "12345");
    need_text(row.provider, "openai");
    need_text(row.route, "dall-e-3");
    need_text(row.unit, "image");
    assert_true(row.time_ms == INT64_C(1694788337000));
    assert_true(row.cost == 123456789);
    assert_int_equal(row.prompt_chars, 256);
    assert_int_equal(row.latency_ms, 1250);
    assert_int_equal(page_row(&p, 1, &row), 1);
    need_text(row.id, "12344");
    assert_true(row.time_ms == INT64_C(1694788205000));
    assert_true(row.cost == APIPIE_UNKNOWN && row.prompt_chars == APIPIE_UNKNOWN);
    assert_int_equal(page_row(&p, 2, &row), 0);
    need_nothing(&row);
    page_close(&p);
}

/* One row whose member is `json`. */
static void read_one(const char *name, const char *json, struct pie_history_row *ret,
                     struct page *p)
{
    struct pie_buf body;
    pie_buf_init(&body, &pie_mem_libc, 4096);
    pie_buf_add_text(&body, "[{\"");
    pie_buf_add_text(&body, name);
    pie_buf_add_text(&body, "\":");
    pie_buf_add_text(&body, json);
    pie_buf_add_text(&body, "}]");
    page_open(p, body.p);
    assert_int_equal(page_row(p, 0, ret), 1);
    pie_buf_free(&body);
}

struct reading {
    const char *name, *json;
    int64_t want;
};

static int64_t row_number(const struct pie_history_row *row, const char *name)
{
    if (strcmp(name, "timestamp") == 0)
        return row->time_ms;
    if (strcmp(name, "cost") == 0)
        return row->cost;
    return strncmp(name, "prompt", 6) == 0 ? row->prompt_chars : row->latency_ms;
}

static void every_type_is_read(void **state)
{
    static const struct reading rows[] = {
        {"timestamp", "\"2024-05-01T12:34:56.789Z\"", NOON},
        {"timestamp", "\"2024-05-01 14:34:56.789+02:00\"", NOON},
        {"timestamp", "1714566896", NOON - 789},
        {"timestamp", "1714566896.789", NOON},
        {"timestamp", "\"1714566896\"", NOON - 789},
        {"timestamp", "1714566896789", NOON},
        {"timestamp", "1.714566896789e12", NOON},
        {"timestamp", "1714566896789123", NOON},
        {"timestamp", "0", APIPIE_UNKNOWN},
        {"timestamp", "-1714566896", APIPIE_UNKNOWN},
        {"timestamp", "1e300", APIPIE_UNKNOWN},
        {"timestamp", "99999999999999999999", APIPIE_UNKNOWN},
        {"timestamp", "\"1970-01-01T00:00:00Z\"", APIPIE_UNKNOWN},
        {"timestamp", "\"yesterday\"", APIPIE_UNKNOWN},
        {"timestamp", "\"\"", APIPIE_UNKNOWN},
        {"timestamp", "null", APIPIE_UNKNOWN},
        {"timestamp", "true", APIPIE_UNKNOWN},
        {"timestamp", "{}", APIPIE_UNKNOWN},
        {"cost", "\"0.008000000000\"", INT64_C(8000000000)},
        {"cost", "0.008", INT64_C(8000000000)},
        {"cost", "1.26e-7", 126000},
        {"cost", "\"0.000000000001\"", 1},
        {"cost", "0", 0},
        {"cost", "\"0.000000000000\"", 0},
        {"cost", "-0.5", APIPIE_UNKNOWN},
        {"cost", "1e999", APIPIE_UNKNOWN},
        {"cost", "\"free\"", APIPIE_UNKNOWN},
        {"cost", "\"\"", APIPIE_UNKNOWN},
        {"cost", "null", APIPIE_UNKNOWN},
        {"cost", "true", APIPIE_UNKNOWN},
        {"cost", "[1]", APIPIE_UNKNOWN},
        {"prompt_char", "42", 42},
        {"prompt_char", "\"1,042\"", 1042},
        {"prompt_characters", "42", 42},
        {"prompt_char", "0", APIPIE_UNKNOWN}, /* not counted: no prompt is empty */
        {"prompt_char", "-1", APIPIE_UNKNOWN},
        {"prompt_char", "null", APIPIE_UNKNOWN},
        {"latency_ms", "\"1250\"", 1250},
        {"latencyMs", "0", 0},
        {"latency_ms", "-5", APIPIE_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct pie_history_row row;
        struct page p;
        read_one(rows[i].name, rows[i].json, &row, &p);
        int64_t got = row_number(&row, rows[i].name);
        if (got != rows[i].want)
            fail_msg("%s %s: got %lld", rows[i].name, rows[i].json, (long long)got);
        page_close(&p);
    }
}

static void envelopes_are_optional(void **state)
{
    static const char *const bodies[] = {
        "{\"items\":[{\"id\":1},{\"id\":2}]}",
        "{\"data\":[{\"id\":1},{\"id\":2}]}",
        "{\"data\":\"old\",\"items\":[{\"id\":1},{\"id\":2}]}",
        "[{\"id\":1},{\"id\":2}]",
    };
    struct pie_history_row row;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bodies); i++) {
        struct page p;
        page_open(&p, bodies[i]);
        assert_int_equal(page_row(&p, 1, &row), 1);
        need_text(row.id, "2");
        assert_int_equal(page_row(&p, 2, &row), 0);
        page_close(&p);
    }
}

static void what_is_no_row_is_counted_and_says_nothing(void **state)
{
    struct page p;
    struct pie_history_row row;
    (void)state;
    page_open(&p, "{\"items\":[null,7,\"x\",[{\"id\":1}],{\"id\":5}]}");
    for (size_t i = 0; i < 4; i++) {
        memset(&row, 'x', sizeof(row));
        assert_int_equal(page_row(&p, i, &row), 1);
        need_nothing(&row);
    }
    assert_int_equal(page_row(&p, 4, &row), 1);
    need_text(row.id, "5");
    assert_int_equal(page_row(&p, 5, &row), 0);
    page_close(&p);
}

static void what_is_no_page_has_no_rows(void **state)
{
    static const char *const bodies[] = {"{}",
                                         "[]",
                                         "{\"items\":[]}",
                                         "{\"items\":{\"0\":{\"id\":1}}}",
                                         "{\"items\":null}",
                                         "{\"error\":{\"message\":\"no\"}}"};
    struct pie_history_row row;
    struct pie_reply none;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bodies); i++) {
        struct page p;
        page_open(&p, bodies[i]);
        memset(&row, 'x', sizeof(row));
        assert_int_equal(page_row(&p, 0, &row), 0);
        need_nothing(&row);
        page_close(&p);
    }
    memset(&none, 0, sizeof(none)); /* no JSON came */
    assert_int_equal(pie_dialect_apipie.read_history(&none, 0, &row), 0);
}

/* ---- matching */

static struct pie_lost_call lost_call(const char *provider, const char *model)
{
    struct pie_lost_call lost;
    pie_lost_call_init(&lost, "a cat");
    lost.from_ms = NOON;
    lost.to_ms = NOON + 60000;
    lost.provider = provider;
    lost.model = model;
    return lost;
}

static struct pie_history_row row_of(const char *provider, const char *route)
{
    struct pie_history_row row;
    memset(&row, 0, sizeof(row));
    row.time_ms = NOON + 1000;
    row.cost = 5;
    row.prompt_chars = 5;
    row.latency_ms = APIPIE_UNKNOWN;
    row.id = pie_slice_text("7");
    row.provider = pie_slice_text(provider);
    row.route = pie_slice_text(route);
    row.unit = pie_slice_text("image");
    return row;
}

static int32_t fits(const char *provider, const char *model, const char *row_provider,
                    const char *route)
{
    struct pie_lost_call lost = lost_call(provider, model);
    struct pie_history_row row = row_of(row_provider, route);
    int32_t one = pie_lost_call_match(&lost, &row);
    assert_int_equal(lost.found, one);
    assert_true(lost.cost == (one ? 5 : APIPIE_UNKNOWN));
    assert_string_equal(lost.id, one ? "7" : "");
    return one;
}

static void routes_are_compared(void **state)
{
    (void)state;
    assert_true(fits("prodia", "sdxl", "prodia", "sdxl"));
    assert_true(fits("Prodia", "SDXL", "pRODIA", "sdxl"));
    assert_true(fits(NULL, NULL, "prodia", "sdxl"));
    assert_true(fits(NULL, "sdxl", "prodia", "sdxl"));
    assert_true(fits("prodia", NULL, "prodia", "sdxl"));
    assert_true(fits("prodia", "sdxl", "", "sdxl"));
    assert_true(fits("pool", "fast", "prodia", "sdxl")); /* the gateway chose */
    assert_true(fits("prodia", "sdxl", "prodia", "prodia/sdxl"));
    assert_true(fits(NULL, "prodia/sdxl", "prodia", "sdxl"));
    assert_true(fits("together", "org/sdxl", "together", "org/sdxl"));
    assert_true(fits("together", "org/sdxl", "together", "together/org/sdxl"));
    assert_false(fits("prodia", "sdxl", "together", "sdxl"));
    assert_false(fits("prodia", "sdxl", "prodia", "sdxl-turbo"));
    assert_false(fits("prodia", "sdxl", "prodia", "sd"));
    assert_false(fits("prodia", "sdxl", "prodia", ""));
    assert_false(fits("together", "a/sdxl", "together", "b/sdxl"));
    assert_false(fits("together", "a/b/sdxl", "together", "sdxl")); /* one only */
    assert_false(fits("together", "sdxl", "together", "a/b/sdxl"));
    assert_false(fits("prodia", "prodia/", "prodia", ""));
    assert_false(fits("prodia", "prodia/", "prodia", "/"));
}

static int32_t fits_at(int64_t time_ms)
{
    struct pie_lost_call lost = lost_call("prodia", "sdxl");
    struct pie_history_row row = row_of("prodia", "sdxl");
    row.time_ms = time_ms;
    return pie_lost_call_match(&lost, &row);
}

static void the_window_is_kept(void **state)
{
    (void)state;
    assert_true(fits_at(NOON));
    assert_true(fits_at(NOON + 60000));
    assert_false(fits_at(NOON - 1));
    assert_false(fits_at(NOON + 60001));
    assert_true(fits_at(NOON - 789)); /* a whole second: any moment of it */
    assert_false(fits_at(NOON - 1789));
    assert_false(fits_at(APIPIE_UNKNOWN));
    assert_false(fits_at(INT64_MAX));
    struct pie_lost_call lost = lost_call("prodia", "sdxl");
    struct pie_history_row row = row_of("prodia", "sdxl");
    lost.from_ms = INT64_MIN;
    lost.to_ms = INT64_MAX;
    row.time_ms = APIPIE_UNKNOWN;
    assert_false(pie_lost_call_match(&lost, &row));
    row.time_ms = INT64_MAX / 1000 * 1000;
    assert_true(pie_lost_call_match(&lost, &row));
}

static void units_and_lengths_are_compared(void **state)
{
    static const struct {
        const char *unit;
        int64_t chars;
        int32_t want;
    } rows[] = {{"image", 5, 1},  {"IMAGE", 5, 1},     {"images", 5, 1}, {"", 5, 1},
                {"token", 5, 0},  {"character", 5, 0}, {"image", 4, 0},  {"image", 6, 0},
                {"image", -1, 1}, {"token", -1, 0}};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct pie_lost_call lost = lost_call("prodia", "sdxl");
        struct pie_history_row row = row_of("prodia", "sdxl");
        row.unit = pie_slice_text(rows[i].unit);
        row.prompt_chars = rows[i].chars;
        assert_int_equal(pie_lost_call_match(&lost, &row), rows[i].want);
    }
}

static void characters_are_counted_both_ways(void **state)
{
    static const struct {
        const char *prompt;
        uint64_t chars, units;
    } rows[] = {
        {"", 0, 0},
        {"a cat", 5, 5},
        {"\xC3\xA9t\xC3\xA9", 3, 3},
        {"\xE7\x8C\xAB", 1, 1},                              /* U+732B */
        {"\xF0\x9F\x90\x88", 1, 2},                          /* U+1F408 */
        {"a\xF0\x9F\x90\x88\xE2\x80\x8D\xE2\xAC\x9B", 4, 5}, /* a, cat, joiner, black square */
        {"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xDF\xBF\x7F", 4, 5},  /* the last of each length */
    };
    struct pie_lost_call lost;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        pie_lost_call_init(&lost, rows[i].prompt);
        assert_true(lost.prompt_chars == rows[i].chars);
        assert_true(lost.prompt_units == rows[i].units);
    }
    pie_lost_call_init(&lost, NULL);
    assert_true(lost.prompt_chars == 0 && lost.found == 0 && lost.cost == APIPIE_UNKNOWN);
    for (int64_t chars = 0; chars < 5; chars++) {
        struct pie_history_row row = row_of("prodia", "sdxl");
        struct pie_lost_call call = lost_call("prodia", "sdxl");
        pie_lost_call_init(&lost, "\xF0\x9F\x90\x88\xF0\x9F\x90\x88"); /* 2 or 4 */
        call.prompt_chars = lost.prompt_chars;
        call.prompt_units = lost.prompt_units;
        row.prompt_chars = chars;
        assert_int_equal(pie_lost_call_match(&call, &row), chars == 2 || chars == 4);
    }
}

static void see(struct pie_lost_call *lost, const char *id, int64_t cost)
{
    struct pie_history_row row = row_of("prodia", "sdxl");
    row.id = pie_slice_text(id);
    row.cost = cost;
    assert_int_equal(pie_lost_call_match(lost, &row), cost >= 0);
}

static void the_first_row_is_kept(void **state)
{
    struct pie_lost_call lost = lost_call("prodia", "sdxl");
    struct pie_history_row other = row_of("prodia", "sd15");
    (void)state;
    assert_int_equal(pie_lost_call_match(&lost, &other), 0);
    assert_int_equal(lost.found, 0);
    see(&lost, "11", 0); /* a picture may be free */
    assert_true(lost.found == 1 && lost.cost == 0);
    assert_string_equal(lost.id, "11");
    see(&lost, "11", 0); /* it came again at the top of the next page */
    assert_int_equal(lost.found, 1);
    see(&lost, "10", 9);
    assert_true(lost.found == 2 && lost.cost == 0);
    assert_string_equal(lost.id, "11");
    lost = lost_call("prodia", "sdxl");
    see(&lost, "", 3);
    see(&lost, "", 3); /* without ids nobody knows that they are one */
    assert_int_equal(lost.found, 2);
}

/* A row that may be the call and does not say its price must not leave another one looking like the only one. */
static void rows_without_a_cost_make_it_unclear(void **state)
{
    struct pie_lost_call lost = lost_call("prodia", "sdxl");
    (void)state;
    see(&lost, "1", APIPIE_UNKNOWN);
    assert_true(lost.found == 0 && lost.unpriced == 1 && lost.cost == APIPIE_UNKNOWN);
    see(&lost, "2", 9);
    assert_true(lost.found == 2 && lost.cost == 9);
    assert_string_equal(lost.id, "2");
    lost = lost_call("prodia", "sdxl");
    see(&lost, "2", 9);
    see(&lost, "1", APIPIE_UNKNOWN);
    assert_true(lost.found == 2 && lost.unpriced == 1);
}

static void ids_are_bounded_and_fit_for_display(void **state)
{
    struct pie_lost_call lost = lost_call("prodia", "sdxl");
    char one[100], other[100];
    (void)state;
    memset(one, 'x', sizeof(one));
    one[99] = '\0';
    memcpy(other, one, sizeof(other));
    other[98] = 'y';
    see(&lost, one, 3);
    assert_int_equal(strlen(lost.id), sizeof(lost.id) - 1);
    see(&lost, other, 3); /* two ids with the same beginning are two rows */
    assert_int_equal(lost.found, 2);
    lost = lost_call("prodia", "sdxl");
    see(&lost, "a\x1b[31mb", 3);
    assert_string_equal(lost.id, "a [31mb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_asked_for),
        cmocka_unit_test(a_documented_page_is_read),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(envelopes_are_optional),
        cmocka_unit_test(what_is_no_row_is_counted_and_says_nothing),
        cmocka_unit_test(what_is_no_page_has_no_rows),
        cmocka_unit_test(routes_are_compared),
        cmocka_unit_test(the_window_is_kept),
        cmocka_unit_test(units_and_lengths_are_compared),
        cmocka_unit_test(characters_are_counted_both_ways),
        cmocka_unit_test(the_first_row_is_kept),
        cmocka_unit_test(rows_without_a_cost_make_it_unclear),
        cmocka_unit_test(ids_are_bounded_and_fit_for_display),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
