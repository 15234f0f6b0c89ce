/* SPDX-License-Identifier: MIT */
/* The file in which prices, latencies and availability are written down as they change. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/lists.h"
#include "../support/scarce.h"

#define A(price, ms, available)                                                                    \
    "{\"model\":\"a\",\"provider\":\"p\",\"avg_cost\":\"" price                                    \
    "\",\"price_type\":\"image\",\"latency\":\"1/2/3/4/5/" ms "\",\"available\":" available "}"
#define B                                                                                          \
    "{\"model\":\"b \\\"x\\\"\",\"provider\":\"p\",\"avg_cost\":\"0.5\",\"price_type\":\"image\"}"
#define ROWS(rows)                                                                                 \
    {                                                                                              \
        200, NULL, "{\"data\":[" rows "]}"                                                         \
    }

static char folder[] = "/tmp/apipie-history-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/prices.jsonl", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static size_t lines_of(const char *part)
{
    FILE *f = fopen(path, "r");
    char line[4096];
    size_t n = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        n += strstr(line, part) != NULL;
    fclose(f);
    return n;
}

static void append(const char *text)
{
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void keeps_history(struct draw *d)
{
    assert_status(apipie_client_set_models_history(d->client, path), APIPIE_OK);
}

static void begin_anew(struct draw *d)
{
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = draw_client(raw_server_base(d->server));
    keeps_history(d);
}

static void a_line_for_each_change(void **state)
{
    static const struct draw_reply replies[] = {
        ROWS(A("0.1", "9", "1") "," B "," A("0.1", "9", "1")), /* twice the same */
        ROWS(B "," A("0.1", "9", "1")),
        ROWS(A("0.2", "9", "1") "," B),
        ROWS(A("0.2", "8", "1") "," B),
        ROWS(A("0.2", "8", "0") "," B),
        ROWS(A("0.2", "8", "0") ",{\"model\":\"v\",\"provider\":\"p\",\"voice\":\"x\"}"),
    };
    static const struct draw_script script = DRAW_SCRIPT(replies);
    static const size_t want[] = {2, 2, 3, 4, 5, 5};
    struct draw *d = *state;
    struct stat about;
    unlink(path);
    lists_serve(d, &script);
    keeps_history(d);
    for (size_t i = 0; i < 6; i++) {
        lists_get(d);
        assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
        assert_int_equal(lines_of("\n"), want[i]);
    }
    assert_int_equal(
        lines_of("\"provider\":\"p\",\"model\":\"a\",\"price_usd\":\"0.2\",\"input_usd\":null,"
                 "\"output_usd\":null,\"average_usd\":\"0.2\",\"latency_ms\":[1,2,3,4,5,8],"
                 "\"available\":0}\n"),
        1);
    assert_int_equal(lines_of("\"model\":\"b \\\"x\\\"\",\"price_usd\":\"0.5\""), 1);
    assert_int_equal(lines_of("{\"wall_ms\":1"), 5);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void what_is_written_is_known_to_the_next(void **state)
{
    static const struct draw_reply replies[] = {ROWS(A("0.1", "9", "1") "," B),
                                                ROWS(A("0.1", "9", "1") "," B),
                                                ROWS(A("0.3", "9", "1") "," B)};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    unlink(path);
    lists_serve(d, &script);
    keeps_history(d);
    lists_get(d);
    begin_anew(d);
    lists_get(d);
    assert_int_equal(lines_of("\n"), 2);
    lists_get(d);
    assert_int_equal(lines_of("\n"), 3);
}

/* Half a line of one that died, lines of nobody, and a file that was taken away. */
static void a_spoilt_file_goes_on(void **state)
{
    static const struct draw_reply reply = ROWS(A("0.1", "9", "1") "," B);
    static const struct draw_script script = {&reply, 1};
    struct draw *d = *state;
    unlink(path);
    append("hello\n{\"wall_ms\":1,\"provider\":7,\"price_usd\":\n\n{\"wall_ms\":17,\"prov");
    lists_serve(d, &script);
    keeps_history(d);
    lists_get(d);
    assert_int_equal(lines_of("price_usd\":\""), 2);
    assert_int_equal(lines_of("{\"wall_ms\":17,\"prov\n"), 1);
    begin_anew(d);
    lists_get(d);
    assert_int_equal(lines_of("price_usd\":\""), 2);
    append("{\"wall_ms\":18");
    lists_get(d);
    assert_int_equal(lines_of("price_usd\":\""), 2);
    unlink(path);
    lists_get(d);
    assert_int_equal(lines_of("price_usd\":\""), 2);
    assert_int_equal(truncate(path, 0), 0);
    lists_get(d);
    assert_int_equal(lines_of("price_usd\":\""), 2);
}

static void lists_of_before_are_not_written(void **state)
{
    static const struct draw_reply replies[] = {ROWS(B), {500, NULL, "{}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    unlink(path);
    lists_serve(d, &script);
    assert_status(apipie_client_set_models_cache(d->client, NULL, 0), APIPIE_OK);
    lists_get(d);
    keeps_history(d);
    lists_get(d);
    assert_int_equal(lines_of("\n"), 0);
}

static void a_file_that_cannot_be(void **state)
{
    static const struct draw_reply reply = ROWS(B);
    static const struct draw_script script = {&reply, 1};
    struct draw *d = *state;
    unlink(path);
    lists_serve(d, &script);
    assert_status(apipie_client_set_models_history(d->client, folder), APIPIE_E_FILE);
    assert_status(apipie_client_set_models_history(d->client, "/nonexistent/x"), APIPIE_E_FILE);
    assert_status(apipie_client_set_models_history(d->client, ""), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_set_models_history(NULL, path), APIPIE_E_ARGUMENT);
    keeps_history(d);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    lists_get(d);
    assert_int_equal(rmdir(path), 0);
    assert_non_null(lists_warning(d, "history of prices"));
    assert_status(apipie_client_set_models_history(d->client, NULL), APIPIE_OK);
    lists_get(d);
    assert_int_equal(access(path, F_OK), -1);
}

/* Each line once, whoever writes it. */
static void *ask_for_lists(void *user)
{
    struct raw_server *server = user;
    apipie_client *client = draw_client(raw_server_base(server));
    uintptr_t good = apipie_client_set_models_history(client, path) == APIPIE_OK;
    for (int i = 0; i < 10; i++) {
        apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_MODELS);
        good += apipie_request_perform(r) == APIPIE_OK &&
                apipie_result_warning_count(apipie_request_result(r)) == 0;
        apipie_request_unref(r);
    }
    apipie_client_unref(client);
    return (void *)good;
}

static void several_write_at_once(void **state)
{
    static const struct draw_reply reply = ROWS(A("0.1", "9", "1") "," B);
    static const struct draw_script script = {&reply, 1};
    struct draw *d = *state;
    pthread_t threads[4];
    unlink(path);
    lists_serve(d, &script);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_lists, d->server), 0);
    for (int i = 0; i < 4; i++) {
        void *good = NULL;
        pthread_join(threads[i], &good);
        assert_int_equal((uintptr_t)good, 11);
    }
    assert_int_equal(lines_of("\n"), 2);
}

/* ---- without memory, wherever it ends */

static int32_t good_or_out(apipie_status status)
{
    return status == APIPIE_OK || status == APIPIE_E_MEMORY;
}

/* 1 when the memory held. */
static int32_t ask_with_little(struct draw *d, const char *cache, int64_t n)
{
    struct scarce scarce = {0};
    const apipie_allocator allocator = SCARCE_TABLE(&scarce);
    scarce_refuse(&scarce, n);
    apipie_client *client = apipie_client_new(&allocator);
    if (client != NULL) {
        apipie_client_set_key(client, DRAW_KEY);
        apipie_client_set_base_url(client, raw_server_base(d->server));
        apipie_client_set_retry(client, APIPIE_RETRY_NEVER, 0);
        assert_true(good_or_out(apipie_client_set_models_cache(client, cache, 0)));
        assert_true(good_or_out(apipie_client_set_models_history(client, path)));
        apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_MODELS);
        apipie_request_set_filter(r, "type", "image");
        apipie_status status = apipie_request_perform(r);
        assert_true(good_or_out(status) || r == NULL || status == APIPIE_E_CONFIG ||
                    status == APIPIE_E_CONNECT);
        if (status == APIPIE_OK)
            assert_int_equal(apipie_catalog_count(apipie_request_catalog(r)), 2);
        apipie_catalog *view = apipie_client_catalog(client);
        apipie_catalog_unref(view);
        apipie_request_unref(r);
        apipie_client_unref(client);
    }
    assert_int_equal(scarce.alive, 0);
    return scarce.refused == 0;
}

static void memory_may_end_anywhere(void **state)
{
    static const struct draw_reply replies[] = {
        {200, "Content-Type: application/json\r\nETag: \"1\"\r\n",
         "{\"data\":[" A("0.1", "9", "1") "," B "]}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    char cache[80];
    int64_t n = 1;
    snprintf(cache, sizeof cache, "%s/lists", folder);
    lists_serve(d, &script);
    d->client = (d->request = apipie_request_unref(d->request), apipie_client_unref(d->client));
    while (!ask_with_little(d, cache, n))
        n++;
    assert_true(n > 100);
    assert_int_equal(unlink(cache), 0);
    begin_anew(d); /* the file is good */
    lists_get(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_line_for_each_change),  DRAW_TEST(what_is_written_is_known_to_the_next),
        DRAW_TEST(a_spoilt_file_goes_on),   DRAW_TEST(lists_of_before_are_not_written),
        DRAW_TEST(a_file_that_cannot_be),   DRAW_TEST(several_write_at_once),
        DRAW_TEST(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
