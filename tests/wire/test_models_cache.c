/* SPDX-License-Identifier: MIT */
/* Lists of models that are used again: in memory, by the server's word, when it fails, and out of a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/lists.h"

#define HOUR 3600000

static const struct draw_reply two = {200, LISTS_ETAG, LISTS_TWO};
static const struct draw_reply same = {304, "ETag: \"abc-1\"\r\n", ""};
static const struct draw_reply three = {
    200, NULL,
    "[{\"model\":\"a\",\"provider\":\"p\"},{\"model\":\"b\",\"provider\":\"p\"},"
    "{\"model\":\"c\",\"provider\":\"p\"}]"};
static const struct draw_reply oops = {500, NULL, "{\"error\":{\"message\":\"oops\"}}"};

static void caches(struct draw *d, const char *path, int64_t ttl_ms)
{
    assert_status(apipie_client_set_models_cache(d->client, path, ttl_ms), APIPIE_OK);
}

static void young_lists_need_no_asking(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    caches(d, NULL, HOUR);
    lists_get(d);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 0);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 0);
    assert_int_equal(apipie_result_billed(draw_result(d)), APIPIE_BILLED_NO);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    lists_ask(d); /* another question */
    apipie_request_set_filter(d->request, "type", "image");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    caches(d, NULL, APIPIE_UNKNOWN);
    lists_get(d);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
}

static void assert_asked_if(const struct draw *d, int32_t index, int32_t wanted)
{
    char seen[128] = "";
    const struct raw_request *q = raw_server_request(d->server, index);
    assert_int_equal(raw_request_header(q, "If-None-Match", seen, sizeof seen), wanted);
    if (wanted)
        assert_string_equal(seen, "\"abc-1\"");
    assert_int_equal(raw_request_header(q, "If-Modified-Since", seen, sizeof seen), wanted);
    if (wanted)
        assert_string_equal(seen, "Wed, 21 Oct 2026 07:28:00 GMT");
}

static void the_server_is_asked_for_another_one(void **state)
{
    const struct draw_reply replies[] = {two, same, three, three};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    caches(d, NULL, 0);
    lists_get(d);
    assert_asked_if(d, 0, 0);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 0);
    assert_int_equal(apipie_request_attempt_http_status(d->request, 0), 304);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_DELIVERED);
    assert_asked_if(d, 1, 1);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 3);
    assert_asked_if(d, 2, 1);
    lists_get(d); /* that one had neither tag nor date */
    assert_asked_if(d, 3, 0);
}

static void a_304_renews(void **state)
{
    const struct draw_reply replies[] = {two, same};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    caches(d, NULL, 300);
    lists_get(d);
    draw_sleep_ms(350);
    lists_get(d);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    lists_get(d);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
}

/* ---- when the server fails */

struct failure {
    const char *name;
    struct draw_reply reply;
    apipie_status want; /* APIPIE_OK: the old list serves */
};

static const struct failure failures[] = {
    {"500", {500, NULL, "{\"error\":{\"message\":\"oops\"}}"}, APIPIE_OK},
    {"503", {503, NULL, "{}"}, APIPIE_OK},
    {"reset", {0, NULL, ""}, APIPIE_OK},
    {"silence", {-1, NULL, ""}, APIPIE_OK},
    {"cut", {-2, NULL, LISTS_TWO}, APIPIE_OK},
    {"bad JSON", {200, NULL, "{\"data\":[{\"model\":\"a\",\"provider\":\"p\"},{\"mod"}, APIPIE_OK},
    {"html", {200, "Content-Type: text/html\r\n", "<html></html>"}, APIPIE_OK},
    {"no list", {200, NULL, "{\"a\":1}"}, APIPIE_OK},
    {"401", {401, NULL, "{}"}, APIPIE_E_AUTH},
    {"404", {404, NULL, "{}"}, APIPIE_E_NOT_FOUND},
};

static void an_old_list_serves(void **state)
{
    struct draw *d = *state;
    const struct failure *f = d->row;
    const struct draw_reply replies[] = {two, f->reply};
    const struct draw_script script = DRAW_SCRIPT(replies);
    lists_serve(d, &script);
    caches(d, NULL, 0);
    lists_get(d);
    lists_ask(d);
    assert_status(apipie_request_set_timeout(d->request, 500), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), f->want);
    if (f->want == APIPIE_OK) {
        assert_int_equal(apipie_catalog_count(apipie_request_catalog(d->request)), 2);
        assert_non_null(lists_warning(d, "s old: "));
        assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
        assert_null(draw_error(d));
    } else {
        assert_null(apipie_request_catalog(d->request));
    }
    assert_int_equal(apipie_request_attempt_count(d->request), 1);
    assert_true(apipie_request_attempt_status(d->request, 0) < 0);
}

static void without_a_cache_it_does_not(void **state)
{
    const struct draw_reply replies[] = {two, oops};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    lists_get(d);
    lists_ask(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
}

static void a_cancelled_one_is_cancelled(void **state)
{
    const struct draw_reply replies[] = {two, {-1, NULL, ""}};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    lists_serve(d, &script);
    caches(d, NULL, 0);
    lists_get(d);
    lists_ask(d);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    apipie_client_poll(d->client, 50);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
}

/* ---- the file */

static char folder[] = "/tmp/apipie-models-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/models", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* nothing else is left in it */
}

/* Another process: a client that knows nothing. */
static void begin_anew(struct draw *d, int64_t ttl_ms)
{
    d->request = apipie_request_unref(d->request);
    d->client = apipie_client_unref(d->client);
    d->client = draw_client(raw_server_base(d->server));
    caches(d, path, ttl_ms);
}

static void the_file_outlives_the_process(void **state)
{
    const struct draw_reply replies[] = {two, three, same, oops};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    struct stat about;
    unlink(path);
    lists_serve(d, &script);
    caches(d, path, HOUR);
    lists_get(d);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    lists_ask(d);
    apipie_request_set_filter(d->request, "provider", "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    begin_anew(d, HOUR);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
    lists_ask(d);
    apipie_request_set_filter(d->request, "provider", "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_catalog_count(apipie_request_catalog(d->request)), 3);
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    begin_anew(d, 0);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_asked_if(d, 2, 1);
    begin_anew(d, 0);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_non_null(lists_warning(d, "s old: "));
}

static char *slurp(size_t *ret_n)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(100000);
    assert_non_null(f);
    *ret_n = fread(text, 1, 100000, f);
    fclose(f);
    return text;
}

static void spill(const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

/* The list is fetched, with a warning, and the file is good again. */
static void assert_ignored(struct draw *d, const char *text, size_t n)
{
    int32_t before = raw_server_count(d->server, NULL);
    spill(text, n);
    begin_anew(d, HOUR);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_int_equal(raw_server_count(d->server, NULL), before + 1);
    assert_non_null(lists_warning(d, "is not used: "));
    lists_get(d);
    assert_null(lists_warning(d, "is not used: "));
    begin_anew(d, HOUR);
    lists_get(d);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
}

static void a_spoilt_file_is_not_used(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    size_t n = 0;
    unlink(path);
    lists_serve(d, &script);
    caches(d, path, HOUR);
    lists_get(d);
    char *text = slurp(&n);
    assert_ignored(d, text, n / 2);
    assert_ignored(d, text, n - 1);
    assert_ignored(d, text, 10);
    assert_ignored(d, text, 0);
    assert_ignored(d, "{\"models\":[]}\n", 14);
    text[n / 2] ^= 1;
    assert_ignored(d, text, n);
    text[n / 2] ^= 1;
    text[14] = '2'; /* another format */
    assert_ignored(d, text, n);
    free(text);
}

static void a_file_that_cannot_be_written(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    caches(d, "/nonexistent-folder/models", HOUR);
    assert_int_equal(apipie_catalog_count(lists_get(d)), 2);
    assert_non_null(lists_warning(d, "cannot be written"));
    lists_get(d);
    assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
}

static void a_list_that_is_pushed_out(void **state)
{
    const struct draw_script script = {&two, 1};
    struct draw *d = *state;
    char name[8];
    lists_serve(d, &script);
    caches(d, NULL, HOUR);
    for (int i = 0; i < 12; i++) {
        lists_ask(d);
        snprintf(name, sizeof name, "p%d", i);
        apipie_request_set_filter(d->request, "provider", name);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        draw_sleep_ms(2);
    }
    for (int i = 11; i >= 0; i--) {
        lists_ask(d);
        snprintf(name, sizeof name, "p%d", i);
        apipie_request_set_filter(d->request, "provider", name);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        if (i >= 4)
            assert_int_equal(apipie_result_is_cached(draw_result(d)), 1);
    }
    assert_int_equal(raw_server_count(d->server, NULL), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(young_lists_need_no_asking),
        DRAW_TEST(the_server_is_asked_for_another_one),
        DRAW_TEST(a_304_renews),
        DRAW_TEST(without_a_cache_it_does_not),
        DRAW_TEST(a_cancelled_one_is_cancelled),
        DRAW_TEST(the_file_outlives_the_process),
        DRAW_TEST(a_spoilt_file_is_not_used),
        DRAW_TEST(a_file_that_cannot_be_written),
        DRAW_TEST(a_list_that_is_pushed_out),
    };
    int failed = cmocka_run_group_tests(tests, make_folder, drop_folder);
    return failed + DRAW_ROWS(an_old_list_serves, failures);
}
