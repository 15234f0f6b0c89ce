/* SPDX-License-Identifier: MIT */
/* Statistics without a client: histograms, merging, routes, and what is left of a file that was cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/scarce.h"
#include "meter/meter.h"

/* ---- histograms */

static void bounds(void **state)
{
    (void)state;
    struct pie_histogram h = {{0}, 0, 0};
    for (size_t i = 0; i + 1 < APIPIE_STATS_BUCKETS; i++) {
        assert_int_equal(pie_histogram_bound(i), INT64_C(10) << i);
        pie_histogram_add(&h, pie_histogram_bound(i));     /* a bound is in its own bucket */
        pie_histogram_add(&h, pie_histogram_bound(i) + 1); /* above it: in the next one */
    }
    assert_true(pie_histogram_bound(APIPIE_STATS_BUCKETS - 1) == INT64_MAX);
    assert_int_equal(h.bucket[0], 1);
    for (size_t i = 1; i + 1 < APIPIE_STATS_BUCKETS; i++)
        assert_int_equal(h.bucket[i], 2);
    assert_int_equal(h.bucket[APIPIE_STATS_BUCKETS - 1], 1);
    assert_int_equal(h.count, 2 * (APIPIE_STATS_BUCKETS - 1));
    pie_histogram_add(&h, -1);
    assert_int_equal(h.count, 2 * (APIPIE_STATS_BUCKETS - 1));
    pie_histogram_add(&h, INT64_MAX);
    pie_histogram_add(&h, 5);
    assert_true(h.sum_ms == INT64_MAX);
}

static void quantiles(void **state)
{
    (void)state;
    struct pie_histogram h = {{0}, 0, 0};
    assert_int_equal(pie_histogram_quantile(&h, 500), APIPIE_UNKNOWN);
    for (int i = 0; i < 10; i++)
        pie_histogram_add(&h, 1000); /* 640 to 1280 */
    assert_int_equal(pie_histogram_quantile(&h, 0), 640);
    assert_int_equal(pie_histogram_quantile(&h, 500), 960);
    assert_int_equal(pie_histogram_quantile(&h, 1000), 1280);
    for (int i = 0; i < 30; i++)
        pie_histogram_add(&h, 5); /* 0 to 10 */
    assert_int_equal(pie_histogram_quantile(&h, 0), 0);
    assert_int_equal(pie_histogram_quantile(&h, 375), 5);
    assert_int_equal(pie_histogram_quantile(&h, 750), 10);
    assert_int_equal(pie_histogram_quantile(&h, 875), 960);
    h = (struct pie_histogram){{0}, 0, 0};
    pie_histogram_add(&h, 1000000000);
    assert_int_equal(pie_histogram_quantile(&h, 500), 655360);
}

/* ---- routes */

static struct pie_counters *fresh(void)
{
    struct pie_counters *c = pie_counters_new(&pie_mem_libc);
    assert_non_null(c);
    return c;
}

static void request(struct pie_counters *c, const char *provider, const char *model,
                    apipie_status status, int64_t now_ms)
{
    const struct pie_stats_request q = {
        .status = status, .images = status == APIPIE_OK, .total_ms = 100, .now_wall_ms = now_ms};
    pie_counters_request(c, pie_counters_route(c, "b", provider, model), &q);
}

static struct apipie_stats *take(struct pie_counters *c, size_t rows)
{
    struct apipie_stats *s = pie_stats_take(c, &pie_mem_libc);
    assert_non_null(s);
    assert_int_equal(s->count, rows);
    return s;
}

static void routes_are_ordered(void **state)
{
    (void)state;
    struct pie_counters *c = fresh();
    char name[16];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "m%03d", i * 7 % 500);
        request(c, "p", name, APIPIE_OK, 5);
        request(c, NULL, name, APIPIE_OK, 5);
    }
    assert_ptr_equal(pie_counters_route(c, "b", "p", "m007"),
                     pie_counters_route(c, "b", "p", "m007"));
    pie_counters_route(c, "b", "never", "counted");
    struct apipie_stats *s = take(c, 1000);
    for (size_t i = 1; i < s->count; i++)
        assert_true(pie_stats_row_order(&s->rows[i - 1], &s->rows[i]) < 0);
    for (size_t i = 0; i < s->count; i++)
        assert_int_equal(pie_stats_find(s, &s->rows[i]), i);
    const struct pie_stats_row other = {{"b", "pm", "007"}, {0}, {0}, {{{0}, 0, 0}}};
    assert_true(pie_stats_find(s, &other) == SIZE_MAX);
    pie_counters_reset(c);
    struct apipie_stats *empty = take(c, 0);
    pie_stats_free(empty);
    assert_int_equal(pie_stats_row_number(&s->rows[0], APIPIE_STATS_REQUESTS), 1);
    pie_stats_free(s);
    pie_counters_free(c);
}

static void too_many_routes(void **state)
{
    (void)state;
    struct pie_counters *c = fresh();
    char *endless = malloc(APIPIE_LIMIT_TEXT + 2);
    const struct pie_stats_row *last = NULL;
    char name[16];
    for (int i = 0; i < PIE_STATS_ROUTES + 50; i++) {
        snprintf(name, sizeof name, "%d", i);
        request(c, "p", name, APIPIE_OK, 5);
    }
    struct apipie_stats *s = take(c, PIE_STATS_ROUTES + 1);
    const struct pie_stats_row other = {
        {"b", PIE_STATS_OTHER, PIE_STATS_OTHER}, {0}, {0}, {{{0}, 0, 0}}};
    size_t at = pie_stats_find(s, &other);
    assert_true(at < s->count);
    assert_int_equal(pie_stats_row_number(&s->rows[at], APIPIE_STATS_REQUESTS), 50);
    pie_stats_free(s);
    for (int i = 0; i < 200; i++) { /* backends out of a file */
        snprintf(name, sizeof name, "b%d", i);
        at = (size_t)(pie_counters_route(c, name, "p", "m") == last);
        assert_int_equal(at, i >= 63);
        last = i == 62 ? pie_counters_route(c, "never", "p", "m") : last;
    }
    pie_counters_free(c);
    memset(endless, 'x', APIPIE_LIMIT_TEXT + 1);
    endless[APIPIE_LIMIT_TEXT + 1] = '\0';
    c = fresh();
    request(c, endless, "m", APIPIE_OK, 5);
    s = take(c, 1);
    assert_string_equal(s->rows[0].text[APIPIE_STATS_PROVIDER], PIE_STATS_OTHER);
    pie_stats_free(s);
    pie_counters_free(c);
    free(endless);
}

/* Each status that has a name has a place of its own. */
static void every_status(void **state)
{
    (void)state;
    struct pie_counters *c = fresh();
    int64_t known = 0;
    for (apipie_status status = 0; status > -600; status--) {
        size_t place = pie_error_index(status);
        assert_true(place < PIE_ERROR_STATUSES);
        if (strcmp(pie_error_name(status), "unknown") == 0) {
            assert_int_equal(pie_error_at(place), APIPIE_E_INTERNAL);
            continue;
        }
        assert_int_equal(pie_error_at(place), status);
        request(c, "p", "m", status, 5);
        known++;
    }
    struct apipie_stats *s = take(c, 1);
    assert_int_equal(pie_stats_row_number(&s->rows[0], APIPIE_STATS_REQUESTS), known);
    assert_int_equal(pie_stats_row_number(&s->rows[0], APIPIE_STATS_REQUESTS_OK), 1);
    assert_int_equal(pie_error_at(PIE_ERROR_STATUSES), APIPIE_PENDING);
    pie_stats_free(s);
    pie_counters_free(c);
}

static void merged(void **state)
{
    (void)state;
    struct pie_counters *c = fresh();
    struct pie_counters *d = fresh();
    request(c, "p", "a", APIPIE_OK, 50);
    request(c, "p", "c", APIPIE_E_SERVER, 60);
    request(d, "p", "b", APIPIE_OK, 70);
    request(d, "p", "c", APIPIE_OK, 20);
    struct apipie_stats *s = take(c, 2);
    struct apipie_stats *t = take(d, 2);
    struct apipie_stats *both = pie_stats_merge(s, t);
    pie_stats_free(s);
    pie_stats_free(t);
    pie_counters_free(c);
    pie_counters_free(d); /* its names are its own */
    assert_int_equal(both->count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(both->rows[i].text[APIPIE_STATS_MODEL][0], 'a' + (int)i);
    const struct pie_stats_row *row = &both->rows[2];
    assert_int_equal(pie_stats_row_number(row, APIPIE_STATS_REQUESTS), 2);
    assert_int_equal(pie_stats_row_number(row, APIPIE_STATS_REQUESTS_OK), 1);
    assert_int_equal(pie_stats_row_number(row, APIPIE_STATS_FIRST_MS), 20);
    assert_int_equal(pie_stats_row_number(row, APIPIE_STATS_LAST_MS), 60);
    assert_int_equal(row->time[APIPIE_STATS_TOTAL].sum_ms, 200);
    assert_int_equal(both->rows[0].number[APIPIE_STATS_FIRST_MS], 50);
    pie_stats_free(both);
}

/* ---- the file */

static char path[64], cut[80];

static int make_folder(void **state)
{
    (void)state;
    strcpy(path, "/tmp/apipie-stats-XXXXXX");
    if (mkdtemp(path) == NULL)
        return -1;
    strcat(path, "/f");
    snprintf(cut, sizeof cut, "%.50s-cut", path);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(cut);
    *strrchr(path, '/') = '\0';
    return rmdir(path);
}

static size_t save_three(char *out, size_t capacity)
{
    const char *reason = NULL;
    struct pie_counters *c = fresh();
    request(c, "p", "one\n\"\\\xc3\xa9", APIPIE_OK, 5);
    request(c, "p", "three", APIPIE_E_QUOTA, 6);
    request(c, "", "two", APIPIE_OK, 7);
    struct apipie_stats *s = take(c, 3);
    assert_int_equal(pie_stats_save(s, path, &reason), APIPIE_OK);
    pie_stats_free(s);
    pie_counters_free(c);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "rb");
    size_t n = fread(out, 1, capacity, f);
    fclose(f);
    assert_true(n < capacity);
    return n;
}

static void write_cut(const char *text, size_t n)
{
    FILE *f = fopen(cut, "wb");
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

/* What can be read of such a file: rows. */
static size_t load(const char *text, size_t n, apipie_status want)
{
    const char *reason = NULL;
    struct pie_counters *c = fresh();
    write_cut(text, n);
    assert_int_equal(pie_stats_load(c, &pie_mem_libc, cut, &reason), want);
    struct apipie_stats *s = pie_stats_take(c, &pie_mem_libc);
    size_t rows = s->count;
    pie_stats_free(s);
    pie_counters_free(c);
    return rows;
}

static void cut_at_every_byte(void **state)
{
    (void)state;
    char text[8192];
    size_t n = save_three(text, sizeof text);
    size_t whole = 0;
    size_t first = strlen("apipie-stats 1\n");
    for (size_t i = 0; i <= n; i++) {
        /* A line is whole without its end. */
        whole += i > first && i < n && text[i] == '\n';
        assert_int_equal(load(text, i, APIPIE_OK), i < first ? 0 : whole);
    }
    assert_int_equal(whole, 3);
    assert_int_equal(load(text, n, APIPIE_OK), 3);
}

static void damaged_at_every_byte(void **state)
{
    (void)state;
    char text[8192];
    size_t n = save_three(text, sizeof text);
    size_t first = strlen("apipie-stats 1\n");
    for (size_t i = 0; i < n; i++) {
        char was = text[i];
        text[i] = (char)(was ^ 1);
        if (i < first)
            assert_int_equal(load(text, n, APIPIE_E_FILE), 0);
        else
            assert_in_range(load(text, n, APIPIE_OK), text[i] == '\n' || was == '\n' ? 1 : 2, 2);
        text[i] = was;
    }
}

static void other_files(void **state)
{
    (void)state;
    const char *reason = NULL;
    struct pie_counters *c = fresh();
    assert_int_equal(load("{}", 2, APIPIE_E_FILE), 0);
    assert_int_equal(load("\n", 1, APIPIE_E_FILE), 0);
    assert_int_equal(load("apipie-st\nx\n", 12, APIPIE_E_FILE), 0);
    assert_int_equal(load("apipie-stats 2\n", 15, APIPIE_E_FILE), 0);
    assert_int_equal(load("", 0, APIPIE_OK), 0);
    assert_int_equal(pie_stats_load(c, &pie_mem_libc, "/nowhere/x", &reason), APIPIE_E_FILE);
    assert_int_equal(pie_stats_load(c, &pie_mem_libc, "/tmp", &reason), APIPIE_E_FILE);
    assert_string_equal(reason, "it is no regular file");
    pie_counters_free(c);
}

/* A line of somebody's own, with a hash that is right. */
static size_t load_line(const char *json)
{
    char text[4096];
    char hash[PIE_HASH_TEXT];
    struct pie_hash h;
    pie_hash_init(&h);
    pie_hash_add(&h, json, strlen(json));
    pie_hash_text(&h, hash);
    int n = snprintf(text, sizeof text, "apipie-stats 1\n%s %s\n", hash, json);
    return load(text, (size_t)n, APIPIE_OK);
}

#define NO_TIME "{\"sum_ms\":0,\"buckets\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}"
#define LINE(figures)                                                                              \
    "{\"backend\":\"b\",\"provider\":\"p\",\"model\":\"m\"," figures "\"total\":" NO_TIME          \
    ",\"first_byte\":" NO_TIME ",\"server\":" NO_TIME "}"

static void odd_lines(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t rows;
    } lines[] = {
        {LINE("\"first_ms\":1,\"last_ms\":2,"), 1},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"new_figure\":[1],"), 1},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"images\":-1,"), 0},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"images\":99999999999999999999,"), 1} /* clamped */,
        {LINE("\"first_ms\":1,\"last_ms\":2,\"cost_usd\":\"-1\","), 0},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"cost_usd\":\"1e30\","), 0},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"ended\":[{\"count\":1}],"), 0},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"ended\":[{\"status\":0,\"count\":-1}],"), 0},
        {LINE("\"first_ms\":1,\"last_ms\":2,\"ended\":[{\"status\":-999,\"count\":1}],"), 1},
        {LINE("\"first_ms\":3,\"last_ms\":2,"), 0},
        {LINE(""), 0},
        {"{\"first_ms\":1,\"last_ms\":2}", 0},
        {"[]", 0},
        {"{", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (load_line(lines[i].json) != lines[i].rows)
            fail_msg("line %zu: not %zu rows", i, lines[i].rows);
}

/* ---- without memory */

static void without_memory(void **state)
{
    (void)state;
    struct scarce scarce = {0};
    const struct pie_mem mem = SCARCE_MEM(&scarce);
    const char *reason = NULL;
    char text[8192];
    int32_t room = 0;
    int32_t done = 0;
    write_cut(text, save_three(text, sizeof text));
    for (; !done; room++) {
        scarce_give(&scarce, room);
        struct pie_counters *c = pie_counters_new(&mem);
        if (c == NULL)
            continue;
        apipie_status status = pie_stats_load(c, &mem, cut, &reason);
        struct apipie_stats *s = status == APIPIE_OK ? pie_stats_take(c, &mem) : NULL;
        struct apipie_stats *t = s != NULL ? pie_stats_merge(s, s) : NULL;
        if (t != NULL)
            done = pie_stats_save(t, path, &reason) == APIPIE_OK;
        scarce_give_all(&scarce);
        pie_stats_free(s);
        pie_stats_free(t);
        if (status != APIPIE_OK) {
            assert_int_equal(status, APIPIE_E_MEMORY);
            s = pie_stats_take(c, &mem);
            assert_int_equal(s->count, 0); /* all of it or nothing */
            pie_stats_free(s);
        }
        pie_counters_free(c);
        assert_int_equal(scarce.alive, 0);
    }
    assert_in_range(room, 20, 200);
}

/* ---- several threads */

#define THREADS 4
#define EACH    2000

static void *count(void *user)
{
    char name[8];
    for (int i = 0; i < EACH; i++) {
        snprintf(name, sizeof name, "%d", i % 20);
        request(user, "p", name, APIPIE_OK, 5);
    }
    return NULL;
}

static void at_once(void **state)
{
    (void)state;
    struct pie_counters *c = fresh();
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, c), 0);
    for (int i = 0; i < 50; i++)
        pie_stats_free(pie_stats_take(c, &pie_mem_libc));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct apipie_stats *s = take(c, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(pie_stats_row_number(&s->rows[i], APIPIE_STATS_IMAGES),
                         THREADS * EACH / 20);
    pie_stats_free(s);
    pie_counters_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(routes_are_ordered),
        cmocka_unit_test(too_many_routes),
        cmocka_unit_test(every_status),
        cmocka_unit_test(merged),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(damaged_at_every_byte),
        cmocka_unit_test(other_files),
        cmocka_unit_test(odd_lines),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(at_once),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
