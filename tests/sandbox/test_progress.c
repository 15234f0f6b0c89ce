/* SPDX-License-Identifier: MIT */
/* The sandbox as Automatic1111's web API while it draws: progress, interrupts, skips, and who waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "talk.h"

#define BASE   apipie_sandbox_backend_url(talk_box, "a1111")
#define TXT    "/sdapi/v1/txt2img"
#define LAKE   "\"prompt\":\"a lake\",\"width\":64,\"height\":64,\"seed\":7"
#define SLOWLY 60000 /* ms a picture that is stopped before it ends */

static struct talk ask(const char *path, const char *body)
{
    return talk(BASE, path, body, NULL, NULL);
}

/* The string "info", read again. */
static struct talk info_of(const struct talk *t)
{
    struct talk info;

    memset(&info, 0, sizeof(info));
    info.json = json_loads(talk_text(t, "info"), 0, NULL);
    assert_non_null(info.json);
    return info;
}

struct job {
    pthread_t thread;
    const char *body;
    struct talk reply;
};

static void *run(void *user)
{
    struct job *job = user;

    job->reply = ask(TXT, job->body);
    return NULL;
}

static void wait_for(int32_t field, int64_t value)
{
    struct timespec pause = {0, 2000000};

    while (apipie_sandbox_number(talk_box, field) != value)
        nanosleep(&pause, NULL);
}

static void begin(struct job *job, const char *body, int32_t ms)
{
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, ms), APIPIE_OK);
    job->body = body;
    assert_int_equal(pthread_create(&job->thread, NULL, run, job), 0);
    wait_for(APIPIE_SANDBOX_RUNNING, 1);
}

static double progress(const char *query, const char *fault)
{
    char path[128];
    struct talk t;
    double v;

    snprintf(path, sizeof(path), "/sdapi/v1/progress%s", query);
    t = talk(BASE, path, NULL, fault, NULL);
    assert_int_equal(t.status, 200);
    v = json_number_value(talk_at(&t, "progress"));
    if (strstr(query, "true") != NULL)
        assert_true(json_is_null(talk_at(&t, "current_image")));
    else if (json_is_string(talk_at(&t, "current_image")))
        assert_true(talk_holds_png(&t, "current_image", 64, 64));
    assert_non_null(talk_at(&t, "eta_relative"));
    assert_non_null(talk_at(&t, "state.job_count"));
    assert_non_null(talk_at(&t, "textinfo"));
    talk_end(&t);
    return v;
}

/* Below 0 while it begins, more than half with the second of two pictures, and back at 0. */
static void shows_its_progress(void **state)
{
    struct timespec pause = {0, 5000000};
    struct job job;
    struct talk t;
    double v;

    (void)state;
    assert_true(progress("", NULL) == 0);
    begin(&job, "{" LAKE ",\"n_iter\":2,\"steps\":1000}", SLOWLY);
    while (progress("?skip_current_image=true", NULL) >= 0)
        nanosleep(&pause, NULL);
    t = ask("/sdapi/v1/skip", "{}");
    talk_end(&t);
    do {
        v = progress("", NULL);
        assert_true(v <= 1);
    } while (v < 0.5);
    t = ask("/sdapi/v1/interrupt", "{}");
    talk_end(&t);
    pthread_join(job.thread, NULL);
    assert_true(progress("", NULL) == 0);
    assert_int_equal(json_array_size(talk_at(&job.reply, "images")), 2);
    talk_end(&job.reply);
    assert_true(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_PROGRESS) > 3);
}

static void says_any_progress(void **state)
{
    struct job job;
    struct talk t;

    (void)state;
    assert_true(progress("", "X-Sandbox-Fault: progress:-3.5") == -3.5);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "progress:many", 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "progress:1e9", 1), APIPIE_OK);
    begin(&job, "{" LAKE "}", SLOWLY);
    assert_true(progress("", NULL) == 1e9);
    t = ask("/sdapi/v1/interrupt", "{}");
    talk_end(&t);
    pthread_join(job.thread, NULL);
    talk_end(&job.reply);
    assert_true(progress("", NULL) == 0);
}

static void is_interrupted(void **state)
{
    struct job job;
    struct talk t, whole, info;

    (void)state;
    whole = ask(TXT, "{" LAKE "}");
    t = ask("/sdapi/v1/interrupt", ""); /* nothing runs: nothing happens to the next one */
    assert_string_equal(t.body, "{}");
    talk_end(&t);
    begin(&job, "{" LAKE ",\"n_iter\":3}", SLOWLY);
    t = ask("/sdapi/v1/interrupt", "{}");
    assert_int_equal(t.status, 200);
    talk_end(&t);
    pthread_join(job.thread, NULL);
    info = info_of(&job.reply);
    assert_int_equal(job.reply.status, 200);
    assert_int_equal(json_array_size(talk_at(&job.reply, "images")), 1); /* begun, as it was */
    assert_true(talk_holds_png(&job.reply, "images.0", 64, 64));
    assert_string_not_equal(talk_text(&job.reply, "images.0"), talk_text(&whole, "images.0"));
    assert_int_equal(json_array_size(talk_at(&info, "all_seeds")), 3);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INTERRUPTS), 2);
    talk_end(&info);
    talk_end(&job.reply);
    talk_end(&whole);
}

/* A skip ends one picture of several, not the job. */
static void is_skipped(void **state)
{
    struct timespec pause = {0, 2000000};
    struct job job;
    struct talk t;
    int64_t no = 0;

    (void)state;
    begin(&job, "{" LAKE ",\"n_iter\":2}", SLOWLY);
    t = ask("/sdapi/v1/skip", "{}");
    assert_string_equal(t.body, "null");
    talk_end(&t);
    while (no != 1) {
        t = ask("/sdapi/v1/progress", NULL);
        no = json_integer_value(talk_at(&t, "state.job_no"));
        talk_end(&t);
        nanosleep(&pause, NULL);
    }
    t = ask("/sdapi/v1/skip", "{}");
    talk_end(&t);
    pthread_join(job.thread, NULL);
    assert_int_equal(json_array_size(talk_at(&job.reply, "images")), 2);
    talk_end(&job.reply);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SKIPS), 2);
}

static void draws_one_after_the_other(void **state)
{
    struct job first, second;
    struct talk t;

    (void)state;
    begin(&first, "{" LAKE "}", SLOWLY);
    second.body = "{" LAKE "}";
    assert_int_equal(pthread_create(&second.thread, NULL, run, &second), 0);
    wait_for(APIPIE_SANDBOX_WAITING, 1);
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 0), APIPIE_OK);
    t = ask("/sdapi/v1/interrupt", "{}"); /* the running one, whosever it is */
    talk_end(&t);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    assert_int_equal(first.reply.status, 200);
    assert_string_not_equal(talk_text(&first.reply, "images.0"),
                            talk_text(&second.reply, "images.0"));
    talk_end(&first.reply);
    talk_end(&second.reply);
}

static void stops_while_it_draws(void **state)
{
    struct job first, second;

    (void)state;
    begin(&first, "{" LAKE "}", 600000);
    second.body = "{" LAKE "}";
    assert_int_equal(pthread_create(&second.thread, NULL, run, &second), 0);
    wait_for(APIPIE_SANDBOX_WAITING, 1);
    talk_box = apipie_sandbox_unref(talk_box);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    talk_end(&first.reply);
    assert_int_equal(second.reply.code, CURLE_GOT_NOTHING);
    talk_end(&second.reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_its_progress), TEST(says_any_progress),         TEST(is_interrupted),
        TEST(is_skipped),         TEST(draws_one_after_the_other), TEST(stops_while_it_draws),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-progress", tests, NULL, NULL);
}
