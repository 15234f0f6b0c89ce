/* SPDX-License-Identifier: MIT */
/* A snapshot as JSON, for Prometheus and as OpenMetrics, byte for byte. With "prometheus", "openmetrics" or "json" it prints one
 * instead, for other programs to judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "meter/meter.h"

static struct pie_counters *fill(void)
{
    struct pie_counters *c = pie_counters_new(&pie_mem_libc);
    const struct pie_stats_attempt a = {.is_call = 1,
                                        .billed_unknown = 1,
                                        .bytes_up = 200,
                                        .bytes_down = 3000,
                                        .cost = INT64_C(8000000001),
                                        .estimated = 1,
                                        .prompt_tokens = 15,
                                        .completion_tokens = APIPIE_UNKNOWN,
                                        .first_byte_ms = 1280,
                                        .server_ms = 700000,
                                        .now_wall_ms = 1500};
    const struct pie_stats_request good = {
        .status = APIPIE_OK, .images = 2, .total_ms = 2005, .now_wall_ms = 2000};
    const apipie_status failed[] = {APIPIE_E_FILE, APIPIE_E_SINK, APIPIE_E_SINK, APIPIE_E_SERVER};
    struct pie_stats_row *row = pie_counters_route(c, "apipie", "pro\"di\\a", "s\nd");
    pie_counters_attempt(c, row, &a);
    pie_counters_request(c, row, &good);
    for (size_t i = 0; i < 4; i++) {
        const struct pie_stats_request q = {
            .status = failed[i], .total_ms = APIPIE_UNKNOWN, .now_wall_ms = 3000};
        pie_counters_request(c, row, &q);
    }
    return c;
}

static void format(struct pie_buf *out, struct pie_counters *c, int32_t which)
{
    struct apipie_stats *s = pie_stats_take(c, &pie_mem_libc);
    pie_buf_init(out, &pie_mem_libc, SIZE_MAX);
    if (which == APIPIE_FORMAT_JSON)
        pie_stats_json(out, s);
    else
        pie_stats_prometheus(out, s, which == APIPIE_FORMAT_OPENMETRICS);
    pie_stats_free(s);
    pie_counters_free(c);
}

static void assert_text(int32_t which, const char *want)
{
    struct pie_buf out;
    format(&out, fill(), which);
    assert_string_equal(out.p, want);
    pie_buf_free(&out);
}

static void assert_pieces(int32_t which, const char *const *pieces, size_t count)
{
    struct pie_buf want;
    pie_buf_init(&want, &pie_mem_libc, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        pie_buf_add_text(&want, pieces[i]);
    assert_text(which, want.p);
    pie_buf_free(&want);
}

static void as_json(void **state)
{
    (void)state;
    assert_text(
        APIPIE_FORMAT_JSON,
        "{\"format\":\"apipie-stats\",\"version\":1,\"bounds_ms\":[10,20,40,80,160,320,640,1280,"
        "2560,5120,10240,20480,40960,81920,163840,327680,655360],\"routes\":[{\"backend\":"
        "\"apipie\",\"provider\":\"pro\\\"di\\\\a\",\"model\":\"s\\nd\",\"requests\":5,"
        "\"requests_ok\":1,\"requests_cached\":0,\"images\":2,\"attempts\":1,\"retries\":0,"
        "\"failovers\":0,\"billed_unknown\":1,\"bytes_up\":200,\"bytes_down\":3000,\"cost_usd\":"
        "\"0.008000000001\",\"cost_estimated_usd\":\"0.000000000001\",\"tokens_prompt\":15,"
        "\"tokens_completion\":0,\"first_ms\":1500,\"last_ms\":3000,\"ended\":[{\"status\":0,"
        "\"name\":\"ok\",\"count\":1},{\"status\":-102,\"name\":\"file\",\"count\":1},{\"status\":"
        "-103,\"name\":\"file\",\"count\":2},{\"status\":-306,\"name\":\"server\",\"count\":1}],"
        "\"total\":{\"count\":1,\"sum_ms\":2005,\"buckets\":[0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0]},"
        "\"first_byte\":{\"count\":1,\"sum_ms\":1280,\"buckets\":[0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,"
        "0,0]},\"server\":{\"count\":1,\"sum_ms\":700000,\"buckets\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
        "0,0,0,1]}}]}");
}

#define L "backend=\"apipie\",provider=\"pro\\\"di\\\\a\",model=\"s\\nd\""
/* The buckets of a histogram with one time: so many before it are empty. */
#define B(name, le, n) name "_bucket{" L ",le=\"" le "\"} " #n "\n"
#define BUCKETS(name, b9, b10, b11)                                                                \
    B(name, "0.01", 0)                                                                             \
    B(name, "0.02", 0)                                                                             \
    B(name, "0.04", 0)                                                                             \
    B(name, "0.08", 0)                                                                             \
    B(name, "0.16", 0)                                                                             \
    B(name, "0.32", 0)                                                                             \
    B(name, "0.64", 0)                                                                             \
    B(name, "1.28", b9)                                                                            \
    B(name, "2.56", b10)                                                                           \
    B(name, "5.12", b11)                                                                           \
    B(name, "10.24", b11)                                                                          \
    B(name, "20.48", b11)                                                                          \
    B(name, "40.96", b11)                                                                          \
    B(name, "81.92", b11)                                                                          \
    B(name, "163.84", b11)                                                                         \
    B(name, "327.68", b11)                                                                         \
    B(name, "655.36", b11)                                                                         \
    B(name, "+Inf", 1)
#define HISTOGRAM(name, help, unit, buckets, sum)                                                  \
    "# HELP " name " " help "\n# TYPE " name " histogram\n" unit buckets name "_sum{" L "} " sum   \
    "\n" name "_count{" L "} 1\n"
#define COUNTER(name, s, help, unit, value)                                                        \
    "# HELP " name s " " help "\n# TYPE " name s " counter\n" unit name "_total{" L "} " value "\n"

#define REQUESTS(s)                                                                                \
    "# HELP apipie_requests" s " Requests that have ended, by how they ended.\n# TYPE "            \
    "apipie_requests" s " counter\napipie_requests_total{" L ",status=\"ok\"} 1\n"                 \
    "apipie_requests_total{" L ",status=\"file\"} 3\napipie_requests_total{" L                     \
    ",status=\"server\"} 1\n"
#define ALL(s, bytes, dollars, gauge, h1, h2, h3)                                                  \
    REQUESTS(s),                                                                                   \
        COUNTER("apipie_cached_requests", s, "Requests answered out of the cache.", "", "0"),      \
        COUNTER("apipie_images", s, "Pictures that were drawn.", "", "2"),                         \
        COUNTER("apipie_attempts", s, "Exchanges of the paid call.", "", "1"),                     \
        COUNTER("apipie_retries", s, "Attempts after another one on the same route.", "", "0"),    \
        COUNTER("apipie_failovers", s, "Attempts because another route had failed.", "", "0"),     \
        COUNTER("apipie_billed_unknown_attempts", s,                                               \
                "Attempts of which nobody knew whether they were billed.", "", "1"),               \
        COUNTER("apipie_sent_bytes", s, "Bodies of requests.", bytes("apipie_sent_bytes"), "200"), \
        COUNTER("apipie_received_bytes", s, "Bodies of replies and of pictures by url.",           \
                bytes("apipie_received_bytes"), "3000"),                                           \
        COUNTER("apipie_cost_dollars", s,                                                          \
                "What billed attempts cost in US dollars, estimates included.",                    \
                dollars("apipie_cost_dollars"), "0.008000000001"),                                 \
        COUNTER("apipie_estimated_cost_dollars", s,                                                \
                "The part of the cost that no server confirmed, in US dollars.",                   \
                dollars("apipie_estimated_cost_dollars"), "0.000000000001"),                       \
        "# HELP apipie_tokens" s " Tokens, as far as replies name them.\n# TYPE apipie_tokens" s   \
        " counter\napipie_tokens_total{" L ",type=\"prompt\"} 15\napipie_tokens_total{" L          \
        ",type=\"completion\"} 0\n",                                                               \
        "# HELP apipie_last_activity_timestamp_seconds When something was counted last.\n"         \
        "# TYPE apipie_last_activity_timestamp_seconds gauge\n" gauge                              \
        "apipie_last_activity_timestamp_seconds{" L "} 3\n",                                       \
        HISTOGRAM("apipie_request_duration_seconds",                                               \
                  "Submit to end, of requests that drew a picture.", h1,                           \
                  BUCKETS("apipie_request_duration_seconds", 0, 1, 1), "2.005"),                   \
        HISTOGRAM(                                                                                 \
            "apipie_time_to_first_byte_seconds",                                                   \
            "Start of the exchange to the first byte of its reply, of attempts that brought a "    \
            "picture.",                                                                            \
            h2, BUCKETS("apipie_time_to_first_byte_seconds", 1, 1, 1), "1.28"),                    \
        HISTOGRAM("apipie_server_duration_seconds",                                                \
                  "The latency that the reply names, of attempts that brought a picture.", h3,     \
                  BUCKETS("apipie_server_duration_seconds", 0, 0, 0), "700")

#define NO_UNIT(name) ""
#define BYTES(name)   "# UNIT " name " bytes\n"
#define DOLLARS(name) "# UNIT " name " dollars\n"
#define SECONDS(name) "# UNIT " name " seconds\n"

static void for_prometheus(void **state)
{
    (void)state;
    static const char *const want[] = {ALL("_total", NO_UNIT, NO_UNIT, "", "", "", "")};
    assert_pieces(APIPIE_FORMAT_PROMETHEUS, want, sizeof want / sizeof *want);
}

static void as_open_metrics(void **state)
{
    (void)state;
    static const char *const want[] = {ALL("", BYTES, DOLLARS,
                                           SECONDS("apipie_last_activity_timestamp_seconds"),
                                           SECONDS("apipie_request_duration_seconds"),
                                           SECONDS("apipie_time_to_first_byte_seconds"),
                                           SECONDS("apipie_server_duration_seconds")),
                                       "# EOF\n"};
    assert_pieces(APIPIE_FORMAT_OPENMETRICS, want, sizeof want / sizeof *want);
}

/* Three routes and all statuses. */
static struct pie_counters *fill_more(void)
{
    static const char *const models[] = {"", "flux", "\xc3\xa9 {}=,"};
    struct pie_counters *c = fill();
    for (size_t i = 0; i < 3; i++) {
        struct pie_stats_row *row = pie_counters_route(c, "apipie", i != 0 ? "p" : "", models[i]);
        for (size_t k = 0; k < PIE_ERROR_STATUSES; k++) {
            const struct pie_stats_request q = {
                .status = pie_error_at(k), .total_ms = (int64_t)(k * 100), .now_wall_ms = 3000};
            if (q.status != APIPIE_PENDING)
                pie_counters_request(c, row, &q);
        }
    }
    return c;
}

static int print(const char *what)
{
    struct pie_buf out;
    int32_t which = strcmp(what, "json") == 0          ? APIPIE_FORMAT_JSON
                    : strcmp(what, "openmetrics") == 0 ? APIPIE_FORMAT_OPENMETRICS
                                                       : APIPIE_FORMAT_PROMETHEUS;
    format(&out, fill_more(), which);
    fputs(out.p, stdout);
    pie_buf_free(&out);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_json),
        cmocka_unit_test(for_prometheus),
        cmocka_unit_test(as_open_metrics),
    };
    if (argc == 2)
        return print(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
