/* SPDX-License-Identifier: MIT */
/* Prices over time: what clients wrote down is read again, as it was at any moment, whatever else stands in the file. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/lists.h"
#include "../support/scarce.h"

#define DREAM(price, ms, available)                                                                \
    "{\"model\":\"dreamshaper_8\",\"provider\":\"prodia\",\"type\":\"image\",\"avg_cost\":"        \
    "\"" price "\",\"price_type\":\"image\",\"latency\":\"1/2/3/4/5/" ms                           \
    "\",\"available\":" available "}"
#define OWN(price)                                                                                 \
    "{\"model\":\"own \\\"x\\\" \xc3\xa9\",\"provider\":\"p\",\"avg_cost\":\"" price               \
    "\",\"price_type\":\"image\"}"
#define TALKER                                                                                     \
    "{\"model\":\"talker\",\"provider\":\"p\",\"type\":\"llm\",\"input_cost\":\"0.000001\"}"
#define ROWS(rows)                                                                                 \
    {                                                                                              \
        200, NULL, "{\"data\":[" rows "]}"                                                         \
    }
/* A line as it is written; wall_ms, model, price, milliseconds, available. */
#define LINE(wall, model, price, ms, available)                                                    \
    "{\"wall_ms\":" wall ",\"type\":\"image\",\"provider\":\"prodia\",\"model\":\"" model          \
    "\",\"price_usd\":" price ",\"input_usd\":null,\"output_usd\":null,\"average_usd\":null,"      \
    "\"latency_ms\":[null,null,null,null,null," ms "],\"available\":" available "}\n"

static char folder[] = "/tmp/apipie-prices-XXXXXX";
static char path[64];
static apipie_client *reader;

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/prices.jsonl", folder);
    reader = apipie_client_new(NULL);
    return reader != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    reader = apipie_client_unref(reader);
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static apipie_price_history *load(void)
{
    apipie_price_history *h = NULL;
    assert_status(apipie_price_history_load(reader, path, &h), APIPIE_OK);
    assert_non_null(h);
    return h;
}

static apipie_price_history *load_text(const char *text)
{
    write_file(text, strlen(text));
    return load();
}

static int64_t number_at(const apipie_catalog *c, const char *model, int32_t field)
{
    int64_t i = apipie_catalog_find(c, NULL, model);
    assert_int_not_equal(i, APIPIE_UNKNOWN);
    return apipie_catalog_number(c, (size_t)i, field);
}

/* ---- written by a client */

static void write_with(struct draw *d, const struct draw_script *script)
{
    unlink(path);
    lists_serve(d, script);
    assert_status(apipie_client_set_models_history(d->client, path), APIPIE_OK);
    for (int32_t i = 0; i < script->count; i++) {
        if (i != 0)
            draw_sleep_ms(4); /* another moment */
        lists_get(d);
        assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
    }
}

static const struct draw_reply changing[] = {
    ROWS(DREAM("0.1", "900", "1") "," OWN("0.5") "," TALKER),
    ROWS(DREAM("0.1", "900", "1") "," OWN("0.5") "," TALKER),
    ROWS(DREAM("0.2", "900", "1") "," OWN("0.5") "," TALKER),
    ROWS(DREAM("0.2", "800", "0") "," OWN("0.25") "," TALKER),
};
static const struct draw_script changes = DRAW_SCRIPT(changing);

static void every_line_is_read_again(void **state)
{
    apipie_price_history *h;
    write_with(*state, &changes);
    h = load();
    assert_int_equal(apipie_price_history_count(h), 6);
    assert_int_equal(apipie_price_history_skipped(h), 0);
    assert_string_equal(apipie_price_history_text(h, 0, APIPIE_MODEL_PROVIDER), "prodia");
    assert_string_equal(apipie_price_history_text(h, 0, APIPIE_MODEL_NAME), "dreamshaper_8");
    assert_string_equal(apipie_price_history_text(h, 0, APIPIE_MODEL_TYPE), "image");
    assert_string_equal(apipie_price_history_text(h, 1, APIPIE_MODEL_NAME), "own \"x\" \xc3\xa9");
    assert_null(apipie_price_history_text(h, 1, APIPIE_MODEL_TYPE));
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 10);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_AVG_COST), APIPIE_DOLLAR / 10);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_INPUT_COST), APIPIE_UNKNOWN);
    assert_int_equal(apipie_price_history_number(h, 2, APIPIE_MODEL_INPUT_COST), 1000000);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_LATENCY_2K), 1);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_LATENCY_32K), 5);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_LATENCY), 900);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_AVAILABLE), 1);
    assert_int_equal(apipie_price_history_number(h, 1, APIPIE_MODEL_AVAILABLE), APIPIE_UNKNOWN);
    assert_int_equal(apipie_price_history_number(h, 3, APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 5);
    assert_int_equal(apipie_price_history_number(h, 4, APIPIE_MODEL_AVAILABLE), 0);
    assert_int_equal(apipie_price_history_number(h, 5, APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 4);
    for (size_t i = 1; i < 6; i++)
        assert_true(apipie_price_history_time(h, i) >= apipie_price_history_time(h, i - 1));
    assert_int_equal(apipie_price_history_number(h, 6, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_QUERY_COUNT), APIPIE_UNKNOWN);
    assert_int_equal(apipie_price_history_time(h, 6), APIPIE_UNKNOWN);
    assert_null(apipie_price_history_text(h, 6, APIPIE_MODEL_NAME));
    assert_null(apipie_price_history_text(h, 0, APIPIE_MODEL_FAMILY));
    apipie_price_history_unref(h);
}

static void count_change(void *user, int32_t kind, const char *provider, const char *model,
                         int64_t before, int64_t after)
{
    char *said = user;
    size_t n = strlen(said);
    snprintf(said + n, 512 - n, "%d %s/%s %lld %lld; ", (int)kind, provider, model,
             (long long)(before > 1 ? before / 1000000000 : before),
             (long long)(after > 1 ? after / 1000000000 : after));
}

static void the_list_as_it_was(void **state)
{
    struct draw *d = *state;
    apipie_catalog *then, *now;
    apipie_price_history *h;
    char said[512] = "", want[512];
    int64_t first, last;
    write_with(d, &changes);
    h = load();
    first = apipie_price_history_time(h, 0);
    last = apipie_price_history_time(h, 5);
    then = apipie_price_history_at(h, first);
    now = apipie_price_history_at(h, last);
    h = apipie_price_history_unref(h);
    assert_int_equal(apipie_catalog_count(then), 3);
    assert_int_equal(apipie_catalog_fetched(then), first);
    assert_int_equal(apipie_catalog_fetched(now), last);
    assert_int_equal(number_at(then, "dreamshaper_8", APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 10);
    assert_int_equal(number_at(then, "dreamshaper_8", APIPIE_MODEL_LATENCY), 900);
    assert_int_equal(number_at(then, "dreamshaper_8", APIPIE_MODEL_LIVE), 1);
    assert_int_equal(number_at(then, "dreamshaper_8", APIPIE_MODEL_BUILT_IN), 1);
    assert_int_equal(number_at(now, "dreamshaper_8", APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 5);
    assert_int_equal(number_at(now, "dreamshaper_8", APIPIE_MODEL_AVAILABLE), 0);
    assert_int_equal(number_at(now, "talker", APIPIE_MODEL_INPUT_COST), 1000000);
    /* The list that was fetched last is what the file says last. */
    assert_status(apipie_catalog_diff(now, apipie_request_catalog(d->request), count_change, said),
                  APIPIE_OK);
    assert_string_equal(said, "");
    assert_status(apipie_catalog_diff(then, now, count_change, said), APIPIE_OK);
    snprintf(want, sizeof want,
             "%d p/own \"x\" \xc3\xa9 500 250; %d prodia/dreamshaper_8 100 200; "
             "%d prodia/dreamshaper_8 1 0; ",
             APIPIE_CHANGE_PRICE_DOWN, APIPIE_CHANGE_PRICE_UP, APIPIE_CHANGE_AVAILABILITY);
    assert_string_equal(said, want);
    apipie_catalog_unref(then);
    apipie_catalog_unref(now);
}

static void it_compares_by_what_is_built_in(void **state)
{
    apipie_price_history *h;
    apipie_catalog *then, *sorted;
    apipie_comparison *families;
    write_with(*state, &changes);
    h = load();
    then = apipie_price_history_at(h, apipie_price_history_time(h, 5));
    families = apipie_compare(then, NULL, APIPIE_MODEL_FAMILY);
    assert_int_equal(apipie_comparison_count(families), 2); /* who talks, draws not */
    assert_string_equal(apipie_comparison_text(families, 0), "SD 1.x");
    assert_int_equal(apipie_comparison_number(families, 0, APIPIE_COMPARE_MODELS), 1);
    assert_int_equal(apipie_comparison_number(families, 0, APIPIE_COMPARE_PRICE_LOW),
                     APIPIE_DOLLAR / 5);
    assert_null(apipie_comparison_text(families, 1));
    sorted = apipie_catalog_sort(then, APIPIE_MODEL_PRICE, 1);
    assert_string_equal(apipie_catalog_text(sorted, 1, APIPIE_MODEL_NAME), "dreamshaper_8");
    assert_int_equal(apipie_catalog_price(sorted, 1, 1024, 1024, "standard"), APIPIE_DOLLAR / 5);
    assert_int_equal(apipie_catalog_price(sorted, 1, 512, 512, NULL), APIPIE_UNKNOWN);
    apipie_catalog_unref(sorted);
    apipie_comparison_unref(families);
    apipie_catalog_unref(then);
    apipie_price_history_unref(h);
}

/* ---- by hand */

static void at_each_moment(void **state)
{
    (void)state;
    apipie_price_history *h =
        load_text(LINE("1000", "a", "\"0.1\"", "5", "1") LINE("2000", "b", "\"0.2\"", "5", "1")
                      LINE("2000", "a", "\"0.3\"", "5", "1") LINE("3000", "a", "null", "7", "0"));
    static const struct {
        int64_t wall_ms;
        size_t models;
        int64_t tenths, ms;
    } want[] = {{-1, 0, 0, 0},   {0, 0, 0, 0},     {999, 0, 0, 0},
                {1000, 1, 1, 5}, {1999, 1, 1, 5},  {2000, 2, 3, 5},
                {2999, 2, 3, 5}, {3000, 2, -1, 7}, {INT64_MAX, 2, -1, 7}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        apipie_catalog *c = apipie_price_history_at(h, want[i].wall_ms);
        assert_int_equal(apipie_catalog_count(c), want[i].models);
        assert_int_equal(apipie_catalog_fetched(c), want[i].wall_ms);
        if (want[i].models != 0) {
            int64_t price = number_at(c, "a", APIPIE_MODEL_PRICE);
            assert_int_equal(price == APIPIE_UNKNOWN ? -1 : price / (APIPIE_DOLLAR / 10),
                             want[i].tenths);
            assert_int_equal(number_at(c, "a", APIPIE_MODEL_LATENCY), want[i].ms);
        }
        apipie_catalog_unref(c);
    }
    apipie_price_history_unref(h);
}

/* Within one moment the last line counts, and it stays the last. */
static void lines_out_of_turn_are_put_in_order(void **state)
{
    (void)state;
    apipie_price_history *h =
        load_text(LINE("3000", "a", "\"0.3\"", "5", "1") LINE("1000", "a", "\"0.1\"", "5", "1")
                      LINE("2000", "a", "\"0.5\"", "5", "1") LINE("1000", "b", "\"0.7\"", "5", "1")
                          LINE("2000", "a", "\"0.2\"", "5", "1"));
    static const int64_t tenths[] = {1, 7, 5, 2, 3};
    apipie_catalog *c = apipie_price_history_at(h, 2000);
    assert_int_equal(apipie_price_history_count(h), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(apipie_price_history_number(h, i, APIPIE_MODEL_PRICE),
                         tenths[i] * (APIPIE_DOLLAR / 10));
    assert_int_equal(apipie_price_history_time(h, 0), 1000);
    assert_int_equal(apipie_price_history_time(h, 4), 3000);
    assert_int_equal(number_at(c, "a", APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 5);
    apipie_catalog_unref(c);
    apipie_price_history_unref(h);
}

static const char good[] = LINE("1000", "a", "\"0.1\"", "5", "1");

/* Each is passed over, whatever stands around it. */
static void damaged_lines_are_passed_over(void **state)
{
    static const char *const bad[] = {
        "hello\n",
        "{}\n",
        "[]\n",
        "null\n",
        "7\n",
        "{\"wall_ms\":1000}\n",
        "{\"wall_ms\":1000,\"prov\n",
        "\xff\xfe\x80\n",
        LINE("-1", "a", "\"0.1\"", "5", "1"),
        LINE("null", "a", "\"0.1\"", "5", "1"),
        LINE("\"1000\"", "a", "\"0.1\"", "5", "1"),
        LINE("99999999999999999999", "a", "\"0.1\"", "5", "1"),
        LINE("1e30", "a", "\"0.1\"", "5", "1"),
        LINE("1000", "", "\"0.1\"", "5", "1"),
        LINE("1000", "a", "\"-0.1\"", "5", "1"),
        LINE("1000", "a", "\"99999999999\"", "5", "1"),
        LINE("1000", "a", "\"cheap\"", "5", "1"),
        LINE("1000", "a", "\"\"", "5", "1"),
        LINE("1000", "a", "true", "5", "1"),
        LINE("1000", "a", "\"0.1\"", "-5", "1"),
        LINE("1000", "a", "\"0.1\"", "1e10", "1"),
        LINE("1000", "a", "\"0.1\"", "5,6", "1"),
        LINE("1000", "a", "\"0.1\"", "\"5\"", "1"),
        LINE("1000", "a", "\"0.1\"", "5", "2"),
        LINE("1000", "a", "\"0.1\"", "5", "\"yes\""),
        LINE("1000", "a", "\"0.1\"", "5", "1} {"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[2048];
        snprintf(text, sizeof text, "%s%s\n\r\n%s", good, bad[i], good);
        apipie_price_history *h = load_text(text);
        if (apipie_price_history_count(h) != 2 || apipie_price_history_skipped(h) != 1)
            fail_msg("%s: %zu lines, %zu skipped", bad[i], apipie_price_history_count(h),
                     apipie_price_history_skipped(h));
        apipie_price_history_unref(h);
    }
}

#define NO_TYPE                                                                                    \
    "{\"wall_ms\":5,\"new\":{\"a\":[1]},\"provider\":\"prodia\",\"model\":\"m\",\"price_usd\":0."  \
    "5,"                                                                                           \
    "\"input_usd\":null,\"output_usd\":null,\"average_usd\":null,"                                 \
    "\"latency_ms\":[1,2,3,4,5,6],\"available\":null,\"later\":true}\n"

/* What is not known to this version does not hurt, and what an older one did not write is not missed. */
static void other_members_do_not_hurt(void **state)
{
    (void)state;
    apipie_price_history *h = load_text(NO_TYPE);
    assert_int_equal(apipie_price_history_count(h), 1);
    assert_int_equal(apipie_price_history_number(h, 0, APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 2);
    assert_null(apipie_price_history_text(h, 0, APIPIE_MODEL_TYPE));
    apipie_price_history_unref(h);
    h = load_text(NO_TYPE LINE("6", "m", "null", "1", "0") NO_TYPE);
    assert_int_equal(apipie_price_history_count(h), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(apipie_price_history_text(h, i, APIPIE_MODEL_TYPE), "image");
    apipie_price_history_unref(h);
}

/* Cut after every byte: whole lines stay, half of one is counted. */
static void cut_anywhere(void **state)
{
    char text[2 * sizeof good];
    size_t one = sizeof good - 1;
    (void)state;
    snprintf(text, sizeof text, "%s%s", good, good);
    for (size_t n = 0; n <= 2 * one; n++) {
        apipie_price_history *h;
        write_file(text, n);
        h = load();
        assert_int_equal(apipie_price_history_count(h),
                         (n + 1) / one); /* the line end may be cut */
        assert_int_equal(apipie_price_history_skipped(h), n % one != 0 && (n + 1) % one != 0);
        apipie_price_history_unref(h);
    }
}

static void huge_lines_are_passed_over(void **state)
{
    size_t n = (size_t)3 << 20;
    size_t one = sizeof good - 1;
    char *text = malloc(n + 2 * one);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', n);
    memcpy(text, good, one);
    memcpy(text + one, "{\"model\":\"", 10);
    text[n - 1] = '\n';
    memcpy(text + n, good, one);
    write_file(text, n + one);
    free(text);
    apipie_client *client = apipie_client_new(NULL);
    assert_status(apipie_client_set_memory_limit(client, 1 << 20), APIPIE_OK);
    apipie_price_history *h = NULL;
    assert_status(apipie_price_history_load(client, path, &h), APIPIE_OK);
    assert_int_equal(apipie_price_history_count(h), 2);
    assert_int_equal(apipie_price_history_skipped(h), 1);
    apipie_price_history_unref(h);
    apipie_client_unref(client);
}

static void a_file_above_the_ceiling_is_no_memory(void **state)
{
    apipie_price_history *h = NULL;
    FILE *f = fopen(path, "w");
    apipie_client *client = apipie_client_new(NULL);
    (void)state;
    assert_non_null(f);
    for (int i = 0; i < 30000; i++)
        fprintf(f, LINE("%d", "a", "\"0.1\"", "5", "1"), i);
    assert_int_equal(fclose(f), 0);
    assert_status(apipie_client_set_memory_limit(client, 1 << 20), APIPIE_OK);
    assert_status(apipie_price_history_load(client, path, &h), APIPIE_E_MEMORY);
    assert_null(h);
    assert_status(apipie_client_set_memory_limit(client, 4 << 20), APIPIE_OK);
    assert_status(apipie_price_history_load(client, path, &h), APIPIE_OK); /* 30,000 times 72 */
    assert_int_equal(apipie_price_history_count(h), 30000);
    client = apipie_client_unref(client);
    assert_int_equal(apipie_price_history_time(h, 29999), 29999);
    apipie_price_history_unref(h);
}

static void many_models_are_told_apart(void **state)
{
    FILE *f = fopen(path, "w");
    (void)state;
    assert_non_null(f);
    for (int i = 0; i < 3000; i++)
        fprintf(f, LINE("%d", "m%d", "\"0.%04d\"", "5", "1"), i / 1000, i % 1500, i);
    assert_int_equal(fclose(f), 0);
    apipie_price_history *h = load();
    apipie_catalog *c = apipie_price_history_at(h, 1);
    assert_int_equal(apipie_catalog_count(c), 1500);
    assert_int_equal(number_at(c, "m499", APIPIE_MODEL_PRICE), 1999 * (APIPIE_DOLLAR / 10000));
    assert_int_equal(number_at(c, "m500", APIPIE_MODEL_PRICE), 500 * (APIPIE_DOLLAR / 10000));
    apipie_catalog_unref(c);
    apipie_price_history_unref(h);
}

static void files_that_are_none(void **state)
{
    apipie_price_history *h = NULL;
    apipie_catalog *c;
    (void)state;
    unlink(path);
    assert_status(apipie_price_history_load(reader, path, &h), APIPIE_E_FILE);
    assert_int_equal(access(path, F_OK), -1);
    assert_status(apipie_price_history_load(reader, folder, &h), APIPIE_E_FILE);
    assert_status(apipie_price_history_load(reader, "", &h), APIPIE_E_ARGUMENT);
    assert_status(apipie_price_history_load(reader, NULL, &h), APIPIE_E_ARGUMENT);
    assert_status(apipie_price_history_load(NULL, path, &h), APIPIE_E_ARGUMENT);
    assert_status(apipie_price_history_load(reader, path, NULL), APIPIE_E_ARGUMENT);
    assert_null(h);
    h = load_text("");
    assert_int_equal(apipie_price_history_count(h), 0);
    assert_int_equal(apipie_price_history_skipped(h), 0);
    c = apipie_price_history_at(h, 1000);
    assert_non_null(c);
    assert_int_equal(apipie_catalog_count(c), 0);
    apipie_catalog_unref(c);
    assert_ptr_equal(apipie_price_history_ref(h), h);
    apipie_price_history_unref(h);
    assert_null(apipie_price_history_unref(h));
    assert_null(apipie_price_history_ref(NULL));
    assert_null(apipie_price_history_unref(NULL));
    assert_null(apipie_price_history_at(NULL, 0));
    assert_null(apipie_price_history_text(NULL, 0, APIPIE_MODEL_NAME));
    assert_int_equal(apipie_price_history_number(NULL, 0, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
    assert_int_equal(apipie_price_history_time(NULL, 0), APIPIE_UNKNOWN);
    assert_int_equal(apipie_price_history_count(NULL) + apipie_price_history_skipped(NULL), 0);
}

/* A file that may only be read is read. */
static void it_is_only_read(void **state)
{
    (void)state;
    write_file(good, sizeof good - 1);
    assert_int_equal(chmod(path, 0400), 0);
    apipie_price_history *h = load();
    assert_int_equal(apipie_price_history_count(h), 1);
    apipie_price_history_unref(h);
    assert_int_equal(chmod(path, 0600), 0);
}

/* ---- several write, somebody reads */

static void *write_lists(void *user)
{
    apipie_client *client = draw_client(raw_server_base(user));
    uintptr_t right = apipie_client_set_models_history(client, path) == APIPIE_OK;
    for (int i = 0; i < 20; i++) {
        apipie_request *r = apipie_request_new(client, APIPIE_REQUEST_MODELS);
        right += apipie_request_perform(r) == APIPIE_OK;
        apipie_request_unref(r);
    }
    apipie_client_unref(client);
    return (void *)right;
}

static void two_write_and_one_reads(void **state)
{
    static const struct draw_reply flapping[] = {
        ROWS(DREAM("0.1", "9", "1") "," OWN("0.5")), ROWS(DREAM("0.2", "9", "1") "," OWN("0.5")),
        ROWS(DREAM("0.3", "9", "1") "," OWN("0.4")), ROWS(DREAM("0.1", "9", "1") "," OWN("0.5")),
        ROWS(DREAM("0.2", "9", "1") "," OWN("0.3")), ROWS(DREAM("0.4", "9", "1") "," OWN("0.5"))};
    static const struct draw_script script = DRAW_SCRIPT(flapping);
    struct draw *d = *state;
    pthread_t threads[2];
    size_t before = 0;
    unlink(path);
    write_file("", 0);
    lists_serve(d, &script);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lists, d->server), 0);
    for (int i = 0; i < 20; i++) { /* meanwhile: never less than before, and never a wrong line */
        apipie_price_history *h = load();
        assert_true(apipie_price_history_count(h) >= before);
        before = apipie_price_history_count(h);
        assert_true(apipie_price_history_skipped(h) <= 1);
        apipie_price_history_unref(h);
    }
    for (int i = 0; i < 2; i++) {
        void *right = NULL;
        pthread_join(threads[i], &right);
        assert_int_equal((uintptr_t)right, 21);
    }
    apipie_price_history *h = load();
    apipie_catalog *now = apipie_price_history_at(h, INT64_MAX);
    assert_true(apipie_price_history_count(h) >= 6);
    assert_int_equal(apipie_price_history_skipped(h), 0);
    for (size_t i = 1; i < apipie_price_history_count(h); i++)
        assert_true(apipie_price_history_time(h, i) >= apipie_price_history_time(h, i - 1));
    assert_int_equal(apipie_catalog_count(now), 2);
    apipie_catalog_unref(now);
    apipie_price_history_unref(h);
}

/* ---- without memory, wherever it ends */

/* 1 when the memory held. */
static int32_t read_with_little(int64_t n)
{
    struct scarce scarce = {0};
    const apipie_allocator allocator = SCARCE_TABLE(&scarce);
    apipie_price_history *h = NULL;
    apipie_catalog *c = NULL;
    apipie_client *client = apipie_client_new(&allocator);
    assert_non_null(client);
    scarce_refuse(&scarce, n);
    apipie_status status = apipie_price_history_load(client, path, &h);
    assert_true(status == APIPIE_OK || (status == APIPIE_E_MEMORY && h == NULL));
    if (h != NULL)
        c = apipie_price_history_at(h, 2000);
    int32_t held = scarce.refused == 0;
    scarce_give_all(&scarce);
    assert_true(!held || apipie_catalog_count(c) == 3);
    client = apipie_client_unref(client);
    h = apipie_price_history_unref(h);
    if (held)
        assert_int_equal(number_at(c, "a", APIPIE_MODEL_PRICE), APIPIE_DOLLAR / 10);
    apipie_catalog_unref(c);
    assert_int_equal(scarce.alive, 0);
    return held;
}

static void memory_may_end_anywhere(void **state)
{
    (void)state;
    int64_t n = 1;
    static const char text[] =
        LINE("2000", "b", "\"0.2\"", "5", "1") LINE("1000", "a", "\"0.1\"", "5", "1")
            LINE("1500", "dreamshaper_8", "\"0.3\"", "5", "1") "broken\n";
    write_file(text, sizeof text - 1);
    while (!read_with_little(n))
        n++;
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(every_line_is_read_again),
        DRAW_TEST(the_list_as_it_was),
        DRAW_TEST(it_compares_by_what_is_built_in),
        cmocka_unit_test(at_each_moment),
        cmocka_unit_test(lines_out_of_turn_are_put_in_order),
        cmocka_unit_test(damaged_lines_are_passed_over),
        cmocka_unit_test(other_members_do_not_hurt),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(huge_lines_are_passed_over),
        cmocka_unit_test(a_file_above_the_ceiling_is_no_memory),
        cmocka_unit_test(many_models_are_told_apart),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(it_is_only_read),
        DRAW_TEST(two_write_and_one_reads),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
