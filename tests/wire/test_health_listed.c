/* SPDX-License-Identifier: MIT */
/* What a fetched list of models does to health, and health that outlives its client. Knows the public API alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/lists.h"

#define ROW(provider, model, available)                                                            \
    "{\"provider\":\"" provider "\",\"model\":\"" model                                            \
    "\",\"type\":\"image\",\"enabled\":1,\"available\":" available "}"
#define CHAT "{\"provider\":\"t\",\"model\":\"chat\",\"type\":\"llm\",\"available\":1}"
#define LIST(rows)                                                                                 \
    {                                                                                              \
        200, LISTS_ETAG, "{\"data\":[" rows "]}"                                                   \
    }

static const struct draw_reply a_off =
    LIST(ROW("p", "a", "0") "," ROW("p", "b", "1") "," ROW("t", "c", "0") "," CHAT);
static const struct draw_reply a_on =
    LIST(ROW("p", "a", "1") "," ROW("p", "b", "1") "," ROW("t", "c", "1") "," CHAT);
static const struct draw_reply same = {304, "ETag: \"abc-1\"\r\n", ""};

struct heard {
    char text[2048];
};

static void hear(void *user, const char *backend, const char *provider, const char *model,
                 int32_t scope, int32_t before, int32_t after, const char *reason)
{
    struct heard *h = user;
    size_t n = strlen(h->text);
    (void)backend;
    snprintf(h->text + n, sizeof(h->text) - n, "%s%s%s %d>%d %s\n", provider,
             scope == APIPIE_HEALTH_ROUTE ? "/" : "", model, before, after, reason);
}

static int32_t state_of(const struct draw *d, const char *provider, const char *model)
{
    return apipie_client_health(d->client, "apipie", provider, model);
}

static void call(struct draw *d, const char *provider, const char *model)
{
    draw_again(d);
    apipie_request_set_provider(d->request, provider);
    apipie_request_set_model(d->request, model);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

static apipie_client *second_client(const struct draw *d)
{
    char url[64];
    snprintf(url, sizeof(url), "%s/v1", raw_server_origin(d->server));
    return draw_client(url);
}

/* The row of those names; the count when there is none. */
static size_t row_of(const apipie_health *h, int32_t scope, const char *provider, const char *model)
{
    size_t i = 0;
    while (i < apipie_health_count(h) &&
           (apipie_health_number(h, i, APIPIE_HEALTH_SCOPE) != scope ||
            strcmp(apipie_health_text(h, i, APIPIE_HEALTH_PROVIDER_NAME), provider) != 0 ||
            strcmp(apipie_health_text(h, i, APIPIE_HEALTH_MODEL), model) != 0))
        i++;
    return i;
}

static void a_list_counts_until_a_call_knows_better(void **state)
{
    /* The second of these is for the call, which gets a picture. */
    const struct draw_reply replies[] = {a_off, a_off, a_off, a_on, a_off};
    const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    struct heard heard = {""};
    lists_serve(d, &script);
    assert_status(apipie_client_set_health_fn(d->client, hear, &heard, NULL), APIPIE_OK);
    lists_get(d);
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_DOWN);
    assert_int_equal(state_of(d, "p", "b"), APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(state_of(d, "p", NULL), APIPIE_HEALTH_UNKNOWN);
    assert_int_equal(state_of(d, "t", NULL), APIPIE_HEALTH_DOWN); /* its chat is no picture */
    assert_int_equal(apipie_client_health(d->client, NULL, NULL, NULL), APIPIE_HEALTH_UNKNOWN);
    apipie_client_poll(d->client, 0);
    assert_string_equal(heard.text, "p/a 0>3 the gateway lists it as not available\n"
                                    "t 0>3 the gateway lists none of its models as available\n"
                                    "t/c 0>3 the gateway lists it as not available\n");
    heard.text[0] = '\0';
    /* It is no gate: a call goes, and knows better. */
    assert_status(apipie_client_wait_available(d->client, "p", "a", 0), APIPIE_OK);
    call(d, "p", "a");
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_HEALTHY);
    lists_get(d); /* the same again */
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_HEALTHY);
    apipie_client_poll(d->client, 0);
    assert_string_equal(heard.text,
                        "p/a 3>1 0 of the last 1 failed\np 0>1 0 of the last 1 failed\n");
    heard.text[0] = '\0';
    lists_get(d);
    apipie_client_poll(d->client, 0);
    assert_string_equal(heard.text, "t 3>0 no call yet; the gateway lists it as available\n"
                                    "t/c 3>0 no call yet; the gateway lists it as available\n");
    lists_get(d); /* it was on meanwhile: this is news */
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_DOWN);
    apipie_client_set_health_fn(d->client, NULL, NULL, NULL);
}

static void a_selection_says_nothing(void **state)
{
    const struct draw_script script = {&a_off, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    lists_ask(d);
    apipie_request_set_filter(d->request, "provider", "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_UNKNOWN);
    lists_ask(d);
    apipie_request_set_filter(d->request, "type", "image"); /* all that count */
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_DOWN);
}

static void rows_of_a_list(void **state)
{
    const struct draw_script script = {&a_off, 1};
    struct draw *d = *state;
    lists_serve(d, &script);
    call(d, "p", "b");
    lists_get(d);
    apipie_health *h = apipie_client_health_snapshot(d->client);
    assert_int_equal(apipie_health_count(h), 5); /* p, a, b, t, c */
    size_t a = row_of(h, APIPIE_HEALTH_ROUTE, "p", "a");
    size_t b = row_of(h, APIPIE_HEALTH_ROUTE, "p", "b");
    assert_int_equal(apipie_health_number(h, a, APIPIE_HEALTH_STATE), APIPIE_HEALTH_DOWN);
    assert_int_equal(apipie_health_number(h, a, APIPIE_HEALTH_LISTED), 0);
    assert_int_equal(apipie_health_number(h, a, APIPIE_HEALTH_CALLS), 0);
    assert_int_equal(apipie_health_number(h, a, APIPIE_HEALTH_UPTIME_HOUR), 0);
    assert_string_equal(apipie_health_text(h, a, APIPIE_HEALTH_REASON),
                        "the gateway lists it as not available");
    assert_int_equal(apipie_health_number(h, b, APIPIE_HEALTH_STATE), APIPIE_HEALTH_HEALTHY);
    assert_int_equal(apipie_health_number(h, b, APIPIE_HEALTH_LISTED), 1);
    assert_int_equal(apipie_health_number(h, b, APIPIE_HEALTH_UPTIME_HOUR), 1000);
    apipie_health_unref(h);
}

static void list_or_failure(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct draw_reply *const *two = user;
    draw_send_reply(c, two[strcmp(q->method, "POST") == 0]);
}

/* A route that is called later, by a name that leaves more open. */
static void a_route_that_comes_later(void **state)
{
    static const struct draw_reply list = LIST(ROW("p", "a", "0") "," ROW("t", "a", "0"));
    static const struct draw_reply broken = {500, NULL, "{\"error\":{\"message\":\"it broke\"}}"};
    struct draw *d = *state;
    const struct draw_reply *two[] = {&list, &broken};
    draw_serve(d, list_or_failure, two);
    lists_get(d);
    draw_again(d);
    apipie_request_set_model(d->request, "a");
    assert_status(apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(apipie_client_health(d->client, NULL, "", "a"), APIPIE_HEALTH_DOWN);
}

/* A list of the cache's file is as old as it is; one that the server confirms is new. */
static void a_list_of_a_file(void **state)
{
    const struct draw_reply replies[] = {a_off, same};
    const struct draw_script script = DRAW_SCRIPT(replies);
    char path[] = "/tmp/apipie-listed-XXXXXX";
    struct draw *d = *state;
    close(mkstemp(path));
    unlink(path);
    lists_serve(d, &script);
    assert_status(apipie_client_set_models_cache(d->client, path, 0), APIPIE_OK);
    lists_get(d);
    apipie_client *other = second_client(d);
    assert_int_equal(apipie_client_health(other, NULL, "p", "a"), APIPIE_HEALTH_UNKNOWN);
    assert_status(apipie_client_set_models_cache(other, path, 0), APIPIE_OK);
    assert_int_equal(apipie_client_health(other, NULL, "p", "a"), APIPIE_HEALTH_DOWN);
    apipie_client_unref(other);
    draw_sleep_ms(5);
    lists_get(d); /* 304 */
    assert_int_equal(raw_server_count(d->server, NULL), 2);
    assert_int_equal(state_of(d, "p", "a"), APIPIE_HEALTH_DOWN);
    unlink(path);
}

static void it_outlives_its_client(void **state)
{
    static const struct draw_reply good = {200, NULL, ONE_IMAGE};
    static const struct draw_reply broken = {500, NULL, "{\"error\":{\"message\":\"it broke\"}}"};
    static const struct draw_stage stage = {
        {DRAW_REPLIES(&good), DRAW_REPLIES(&good, &broken, &good, &broken, &good)}, 0};
    char path[] = "/tmp/apipie-health-XXXXXX";
    struct stat st;
    struct heard heard = {""};
    struct draw *d = *state;
    close(mkstemp(path));
    draw_serve_stage(d, &stage);
    for (int32_t i = 0; i < 7; i++) {
        apipie_request *r = draw_request_for(d->client, i < 2 ? "A" : "B");
        apipie_request_set_retry(r, APIPIE_RETRY_NEVER, 0);
        apipie_request_perform(r);
        apipie_request_unref(r);
    }
    apipie_health *h = apipie_client_health_snapshot(d->client);
    assert_status(apipie_health_save(h, path), APIPIE_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    apipie_client *other = second_client(d);
    apipie_client_set_health_fn(other, hear, &heard, NULL);
    for (int32_t times = 0; times < 2; times++) {
        assert_status(apipie_client_load_health(other, path), APIPIE_OK);
        apipie_health *back = apipie_client_health_snapshot(other);
        assert_int_equal(apipie_health_count(back), apipie_health_count(h));
        for (size_t i = 0; i < apipie_health_count(h); i++) {
            for (int32_t k = 0; k <= APIPIE_HEALTH_LISTED; k++)
                if (k != APIPIE_HEALTH_SUCCESS) /* weighs by age */
                    assert_int_equal(apipie_health_number(back, i, k),
                                     apipie_health_number(h, i, k));
            for (int32_t k = 0; k <= APIPIE_HEALTH_REASON; k++)
                assert_string_equal(apipie_health_text(back, i, k), apipie_health_text(h, i, k));
        }
        apipie_health_unref(back);
    }
    apipie_client_poll(other, 0);
    assert_contains(heard.text, "pB/B 0>2 2 of the last 5 failed\n");
    apipie_client_unref(other);
    apipie_health_unref(h);
    unlink(path);
}

static void bad_paths(void **state)
{
    static const char other_file[] = "apipie-stats 1\n";
    char path[] = "/tmp/apipie-health-XXXXXX";
    struct draw *d = *state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, other_file, strlen(other_file)), strlen(other_file));
    close(fd);
    draw_serve_json(d, ONE_IMAGE);
    apipie_health *h = apipie_client_health_snapshot(d->client);
    assert_status(apipie_client_load_health(d->client, path), APIPIE_E_FILE);
    assert_status(apipie_client_load_health(d->client, "/nowhere/health"), APIPIE_E_FILE);
    assert_status(apipie_client_load_health(d->client, NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_load_health(d->client, ""), APIPIE_E_ARGUMENT);
    assert_status(apipie_client_load_health(NULL, path), APIPIE_E_ARGUMENT);
    assert_status(apipie_health_save(h, "/nowhere/health"), APIPIE_E_FILE);
    assert_status(apipie_health_save(h, "/dev/null"), APIPIE_E_FILE);
    assert_status(apipie_health_save(h, NULL), APIPIE_E_ARGUMENT);
    assert_status(apipie_health_save(NULL, path), APIPIE_E_ARGUMENT);
    assert_status(apipie_health_save(h, path), APIPIE_OK);
    assert_status(apipie_client_load_health(d->client, path), APIPIE_OK);
    apipie_health_unref(h);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_list_counts_until_a_call_knows_better),
        DRAW_TEST(a_selection_says_nothing),
        DRAW_TEST(rows_of_a_list),
        DRAW_TEST(a_route_that_comes_later),
        DRAW_TEST(a_list_of_a_file),
        DRAW_TEST(it_outlives_its_client),
        DRAW_TEST(bad_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
