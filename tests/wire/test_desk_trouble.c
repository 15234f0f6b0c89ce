/* SPDX-License-Identifier: MIT */
/* Servers under the desk, and others beside them, when something goes wrong: what is told to whom, and who is asked then. */
#include "../support/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The stage's server is the gateway, `other` is the backend "desk", which is asked first. */
static void serve_desk(struct draw *d, const char *dialect, raw_handler handler)
{
    draw_serve_json(d, ONE_IMAGE);
    d->other = raw_server_start(handler, NULL);
    assert_non_null(d->other);
    assert_status(
        apipie_client_add_backend(d->client, "desk", dialect, raw_server_origin(d->other)),
        APIPIE_OK);
    apipie_request_unref(d->request);
    d->request = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    assert_status(apipie_request_set_prompt(d->request, "a cat", 5), APIPIE_OK);
}

static int32_t is_for(const struct raw_request *q, const char *path)
{
    return strncmp(q->path, path, strlen(path)) == 0;
}

static int32_t came(struct raw_server *s, const char *path)
{
    int32_t n = 0;
    for (int32_t i = 0; raw_server_request(s, i) != NULL; i++)
        n += is_for(raw_server_request(s, i), path);
    return n;
}

#define TXT2IMG   "/sdapi/v1/txt2img"
#define MODELS    "/sdapi/v1/sd-models"
#define LOOK      "/sdapi/v1/progress"
#define INTERRUPT "/sdapi/v1/interrupt"
#define DRAWN     "{\"images\":[\"" PNG1 "\"],\"info\":\"{}\"}"

/* ---- keys */

#define SECRET         "artist:such-a-secret"
#define SECRET_ENCODED "YXJ0aXN0OnN1Y2gtYS1zZWNyZXQ="

static void echoes_the_key(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply_json(c, 401,
                   "{\"detail\":\"Basic " SECRET_ENCODED " is not welcome, nor is " SECRET
                   ", with such-a-secret\"}");
}

/* The key goes out in base64: a server that shows what it was sent shows that. */
static void a_password_is_in_no_message(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "a1111", echoes_the_key);
    assert_status(apipie_client_set_backend_key(d->client, "desk", SECRET), APIPIE_OK);
    apipie_request_set_backend(d->request, "desk");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_AUTH);
    assert_contains(raw_server_request(d->other, 0)->head, SECRET_ENCODED);
    assert_contains(apipie_error_message(draw_error(d)), "is not welcome");
    assert_lacks(apipie_error_message(draw_error(d)), "YXJ0aXN0");
    assert_lacks(apipie_error_message(draw_error(d)), "such-a-secret");
    assert_lacks(apipie_request_attempt_message(d->request, 0), "YXJ0aXN0");
    assert_lacks(apipie_request_attempt_message(d->request, 0), "such-a-secret");
}

/* ---- who is asked next */

static void checks_badly(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply_json(c, 500, "{\"error\":\"RuntimeError\",\"detail\":\"\",\"errors\":\"\"}");
}

/* The call itself was never sent: whoever wants nothing drawn twice may still be served elsewhere. */
static void a_question_that_fails_leaves_no_doubt(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "a1111", checks_badly);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    apipie_request_add_route(d->request, "desk", NULL, "dreamshaper_8");
    apipie_request_add_route(d->request, "apipie", "prodia", "a");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(came(d->other, MODELS), 1);
    assert_int_equal(came(d->other, TXT2IMG), 0);
    assert_string_equal(apipie_result_backend(draw_result(d)), "apipie");
}

static void sends_elsewhere(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply(c, 307, "Location: http://127.0.0.1:1/login\r\n", "", 0);
}

/* A desk behind somebody's page for a password. */
static void a_redirect_to_another_place_is_passed_over(void **state)
{
    static const char *const models[] = {NULL, "dreamshaper_8"};
    for (size_t i = 0; i < 2; i++) {
        struct draw *d = *state;
        serve_desk(d, "a1111", sends_elsewhere);
        apipie_request_add_route(d->request, "desk", NULL, models[i]);
        apipie_request_add_route(d->request, "apipie", "prodia", "a");
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        assert_int_equal(raw_server_count(d->other, NULL), 1);
        assert_string_equal(apipie_result_backend(draw_result(d)), "apipie");
        draw_teardown(state);
        draw_setup(state);
    }
}

static void has_many_checkpoints(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char *list = malloc(2000000);
    size_t n = 0;
    (void)user;
    if (!is_for(q, MODELS) || list == NULL) {
        free(list);
        raw_reply_json(c, 200, DRAWN);
        return;
    }
    for (int32_t i = 0; i < 9000; i++)
        n += (size_t)snprintf(list + n, 2000000 - n,
                              "%c{\"title\":\"folder/model_%d.safetensors [0123456789]\","
                              "\"model_name\":\"model_%d\",\"hash\":\"0123456789\",\"config\":null,"
                              "\"filename\":\"/m/stable-diffusion/folder/model_%d.safetensors\"}",
                              i == 0 ? '[' : ',', i, i, i);
    list[n++] = ']';
    raw_reply(c, 200, "Content-Type: application/json\r\n", list, n);
    free(list);
}

/* Collectors have thousands: the last one is there too. */
static void a_long_list_of_checkpoints_is_read_whole(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "a1111", has_many_checkpoints);
    apipie_request_set_backend(d->request, "desk");
    apipie_request_set_model(d->request, "model_8999");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
}

/* ---- given up */

static void draws_one_after_the_other(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    if (!is_for(q, TXT2IMG)) {
        raw_reply_json(c, 200, "{}");
        return;
    }
    /* Until the test says that it is enough: it asks for the models. */
    for (int32_t i = 0; i < 2000 && came(raw_server_of(c), MODELS) == 0; i++)
        raw_pause_ms(c, 5);
    raw_reply_json(c, 200, DRAWN);
}

/* The stage's request is drawn, and the one that is returned, the caller's to drop, waits there behind it. */
static apipie_request *two_are_out(struct draw *d)
{
    serve_desk(d, "a1111", draws_one_after_the_other);
    apipie_client_set_default_backend(d->client, "desk");
    apipie_request *second = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
    apipie_request_set_prompt(second, "a dog", 5);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (came(d->other, TXT2IMG) < 1)
        apipie_request_wait(d->request, 5);
    assert_status(apipie_request_submit(second), APIPIE_OK);
    while (came(d->other, TXT2IMG) < 2)
        apipie_request_wait(second, 5);
    return second;
}

/* The server draws one after the other and knows but one word, "interrupt": for one that waits there it would hit another's picture. */
static void who_waits_there_interrupts_nobody(void **state)
{
    struct draw *d = *state;
    apipie_request *second = two_are_out(d);
    apipie_request_cancel(second);
    assert_ended(second, apipie_request_wait(second, -1), APIPIE_E_CANCELLED);
    apipie_request_unref(second);
    apipie_request *list = apipie_request_new(d->client, APIPIE_REQUEST_MODELS);
    apipie_request_perform(list);
    apipie_request_unref(list);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_OK);
    assert_int_equal(came(d->other, INTERRUPT), 0);
}

/* The other way round it is the one that is drawn. */
static void who_is_drawn_is_interrupted(void **state)
{
    struct draw *d = *state;
    apipie_request *second = two_are_out(d);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    while (came(d->other, INTERRUPT) == 0)
        draw_sleep_ms(5);
    apipie_request_cancel(second);
    assert_ended(second, apipie_request_wait(second, -1), APIPIE_E_CANCELLED);
    apipie_request_unref(second);
}

static void draws_at_once(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    raw_reply_json(c, 200, is_for(q, TXT2IMG) ? DRAWN : "{}");
}

static apipie_status enough(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    (void)slot;
    (void)data;
    (void)size;
    apipie_request_cancel(user);
    return APIPIE_OK;
}

static apipie_status enough_of_a_job(void *user, uint32_t slot, const uint8_t *data, size_t size)
{
    struct draw *d = user;
    (void)slot;
    (void)data;
    (void)size;
    if (came(d->other, "/sdcpp/v1/jobs/") != 0)
        apipie_request_cancel(d->request);
    return APIPIE_OK;
}

/* It has answered: what is drawn there now is somebody else's. */
static void an_answer_is_not_interrupted(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "a1111", draws_at_once);
    apipie_request_set_backend(d->request, "desk");
    apipie_request_set_sink(d->request, NULL, enough, NULL, NULL, NULL, d->request, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(came(d->other, TXT2IMG), 1);
    assert_int_equal(came(d->other, INTERRUPT), 0);
}

static void is_never_done(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)user;
    (void)q;
    raw_reply_json(c, 200,
                   "{\"id\":\"job_1\",\"status\":\"generating\",\"result\":{\"images\":["
                   "{\"index\":0,\"b64_json\":\"" PNG1 "\"}]}}");
}

/* The cancel is seen with a reply, before it is looked for: it counts once. */
static void a_farewell_is_not_cut_short(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "sdcpp", is_never_done);
    apipie_request_set_backend(d->request, "desk");
    apipie_request_set_sink(d->request, NULL, enough_of_a_job, NULL, NULL, NULL, d, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CANCELLED);
    assert_int_equal(came(d->other, "/sdcpp/v1/jobs/job_1/cancel"), 1);
}

static void talks_on_and_on(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const char noise[16384];
    (void)user;
    if (is_for(q, TXT2IMG))
        raw_stall(c);
    raw_head(c, 200, "Connection: close\r\n");
    for (int32_t i = 0; i < 20000; i++)
        raw_send(c, noise, sizeof(noise));
}

/* A server that answers a farewell without an end keeps nobody, however small the turns are. */
static void a_farewell_is_short(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "a1111", talks_on_and_on);
    apipie_request_set_backend(d->request, "desk");
    apipie_request_set_timeout(d->request, 15000);
    apipie_client_set_poll_budget(d->client, 1);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    while (came(d->other, TXT2IMG) == 0)
        apipie_client_poll(d->client, 1);
    int64_t since = draw_now_ms();
    apipie_request_cancel(d->request);
    while (apipie_request_status(d->request) == APIPIE_PENDING) {
        apipie_client_poll(d->client, 0);
        draw_sleep_ms(1);
    }
    assert_true(draw_now_ms() - since < 5000); /* else as long as the time limit */
}

/* ---- prices and lists */

/* The one that serves what names none: no price of the gateway's. */
static void the_default_backend_is_what_is_estimated(void **state)
{
    struct draw *d = *state;
    int32_t source = -1;
    serve_desk(d, "a1111", draws_at_once);
    assert_status(apipie_client_set_price(d->client, NULL, NULL, 1000), APIPIE_OK);
    assert_int_equal(apipie_client_estimate(d->client, d->request, &source), 1000);
    apipie_client_set_default_backend(d->client, "desk");
    assert_int_equal(apipie_client_estimate(d->client, d->request, &source), 0);
    assert_int_equal(source, APIPIE_PRICE_FREE);
}

static void lists_by_key(struct raw_conn *c, const struct raw_request *q, void *user)
{
    char key[100] = "";
    char text[200];
    (void)user;
    raw_request_header(q, "authorization", key, sizeof(key));
    snprintf(text, sizeof(text), "{\"object\":\"list\",\"data\":[{\"id\":\"model-of-%s\"}]}",
             strlen(key) > 7 ? key + 7 : "nobody");
    raw_reply_json(c, 200, text);
}

static apipie_catalog *list_of(struct draw *d, const char *backend)
{
    apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_MODELS);
    apipie_request_set_backend(r, backend);
    assert_ended(r, apipie_request_perform(r), APIPIE_OK);
    apipie_catalog *list = apipie_catalog_ref(apipie_request_catalog(r));
    apipie_request_unref(r);
    return list;
}

/* Two accounts at one server are two lists: neither is shown with the other's key. */
static void a_list_is_of_one_backend(void **state)
{
    static const char *const names[] = {"mine", "yours"};
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    d->other = raw_server_start(lists_by_key, NULL);
    assert_status(apipie_client_set_models_cache(d->client, NULL, 60000), APIPIE_OK);
    for (size_t i = 0; i < 2; i++) {
        char want[40];
        char key[40];
        snprintf(key, sizeof(key), "key-%s", names[i]);
        snprintf(want, sizeof(want), "model-of-key-%s", names[i]);
        apipie_client_add_backend(d->client, names[i], "openai", raw_server_base(d->other));
        apipie_client_set_backend_key(d->client, names[i], key);
        apipie_catalog *list = list_of(d, names[i]);
        assert_int_equal(apipie_catalog_count(list), 1);
        assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_PROVIDER), names[i]);
        assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_NAME), want);
        apipie_catalog_unref(list);
        list = list_of(d, names[i]);
        assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_NAME), want);
        apipie_catalog_unref(list);
    }
    assert_int_equal(raw_server_count(d->other, "GET"), 2); /* each is kept */
}

static void lists_all_sorts(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply_json(c, 200,
                   "{\"data\":[[1,\"gpt-image-1\"],[],\"dall-e-2\",7,null,{},{\"id\":[3]},"
                   "{\"id\":\"gpt-image-1\",\"owned_by\":{\"a\":[]}}]}");
}

/* Rows that are none are left out. */
static void a_list_of_all_sorts(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "openai", lists_all_sorts);
    apipie_catalog *list = list_of(d, "desk");
    assert_int_equal(apipie_catalog_count(list), 1);
    assert_string_equal(apipie_catalog_text(list, 0, APIPIE_MODEL_NAME), "gpt-image-1");
    assert_true(apipie_catalog_warning_count(list) != 0);
    apipie_catalog_unref(list);
}

static void lists_a_talker(struct raw_conn *c, const struct raw_request *q, void *user)
{
    static const size_t room = 8000000;
    char *list = malloc(room);
    size_t n = 0;
    (void)q;
    (void)user;
    if (list == NULL)
        return;
    n += (size_t)snprintf(list, room, "{\"data\":[{\"id\":\"gpt-image-1\"");
    for (int32_t i = 0; i < 400000; i++)
        n += (size_t)snprintf(list + n, room - n, ",\"m%d\":%d", i, i % 10);
    n += (size_t)snprintf(list + n, room - n, "}]}");
    raw_reply(c, 200, "Content-Type: application/json\r\n", list, n);
    free(list);
}

/* However much is said of a model: without a limit this one would take minutes. */
static void a_row_without_an_end(void **state)
{
    struct draw *d = *state;
    serve_desk(d, "openai", lists_a_talker);
    apipie_catalog *list = list_of(d, "desk");
    assert_int_equal(apipie_catalog_count(list), 1);
    apipie_catalog_unref(list);
}

/* ---- cache */

static void refuses(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_reply_json(c, 404, "{\"detail\":\"Not Found\"}");
}

/* What the first route leaves out the second one draws with. */
static void another_quality_is_another_picture(void **state)
{
    static const char *const qualities[] = {"standard", "hd", "standard"};
    struct draw *d = *state;
    char path[] = "/tmp/apipie-cache-XXXXXX";
    char command[80];
    assert_non_null(mkdtemp(path));
    serve_desk(d, "a1111", refuses);
    assert_status(apipie_client_set_cache(d->client, path, 1000000), APIPIE_OK);
    for (size_t i = 0; i < 3; i++) {
        apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
        apipie_request_set_prompt(r, "a cat", 5);
        apipie_request_set_seed(r, 7);
        apipie_request_set_quality(r, qualities[i]);
        apipie_request_set_unsupported(r, APIPIE_UNSUPPORTED_DROP);
        apipie_request_add_route(r, "desk", NULL, NULL);
        apipie_request_add_route(r, "apipie", "prodia", "a");
        assert_ended(r, apipie_request_perform(r), APIPIE_OK);
        apipie_request_unref(r);
    }
    snprintf(command, sizeof(command), "rm -rf %s", path);
    assert_int_equal(system(command), 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_password_is_in_no_message),
        DRAW_TEST(a_question_that_fails_leaves_no_doubt),
        DRAW_TEST(a_redirect_to_another_place_is_passed_over),
        DRAW_TEST(who_waits_there_interrupts_nobody),
        DRAW_TEST(who_is_drawn_is_interrupted),
        DRAW_TEST(an_answer_is_not_interrupted),
        DRAW_TEST(a_farewell_is_not_cut_short),
        DRAW_TEST(a_farewell_is_short),
        DRAW_TEST(a_long_list_of_checkpoints_is_read_whole),
        DRAW_TEST(the_default_backend_is_what_is_estimated),
        DRAW_TEST(a_list_is_of_one_backend),
        DRAW_TEST(a_list_of_all_sorts),
        DRAW_TEST(a_row_without_an_end),
        DRAW_TEST(another_quality_is_another_picture),
    };
    return cmocka_run_group_tests_name("desk trouble", tests, NULL, NULL);
}
