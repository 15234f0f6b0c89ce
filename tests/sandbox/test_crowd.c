/* SPDX-License-Identifier: MIT */
/* All wires at once: many callers, and such as mean no good. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define KEY1 "X-Prodia-Key: sk-pie-sandbox"
#define CORE "/stability/v2beta/stable-image/generate/core"

/* A small order of each. */
static const struct order {
    const char *path, *body, *key;
    int32_t any_type; /* it does not look at the Content-Type */
} orders[] = {
    {"/v1/images/generations", "{" SMALL "}", TALK_KEY, 1},
    {"/openai/v1/images/generations",
     "{\"model\":\"gpt-image-2\",\"prompt\":\"a\",\"size\":\"64x80\"}", TALK_KEY, 0},
    {"/a1111/sdapi/v1/txt2img", "{\"prompt\":\"a\",\"width\":64,\"height\":64,\"steps\":1}", NULL,
     0},
    {"/sdcpp/sdcpp/v1/img_gen", "{\"prompt\":\"a\",\"width\":64,\"height\":64}", NULL, 1},
    {"/together/v1/images/generations",
     "{\"model\":\"black-forest-labs/FLUX.1-schnell\",\"prompt\":\"a\",\"width\":64,"
     "\"height\":64}",
     TALK_KEY, 0},
    {"/deepinfra/v1/inference/stability-ai/sdxl", "{\"prompt\":\"a\",\"width\":128,\"height\":128}",
     TALK_KEY, 0},
    {"/bedrock/model/stability.sd3-5-large-v1:0/invoke",
     "{\"prompt\":\"a\",\"aspect_ratio\":\"21:9\"}", TALK_KEY, 0},
    {"/prodia/v2/job",
     "{\"type\":\"inference.sdxl.txt2img.v1\",\"config\":{\"prompt\":\"a\",\"width\":256,"
     "\"height\":256}}",
     TALK_KEY, 0},
    {"/prodia/v1/sd/generate", "{\"prompt\":\"a\",\"width\":64,\"height\":64}", KEY1, 0},
    {"/stability/v1/generation/stable-diffusion-v1-6/text-to-image",
     "{\"text_prompts\":[{\"text\":\"a\"}]}", TALK_KEY, 0},
};
#define ORDERS (sizeof orders / sizeof orders[0])

static long sent_as(const struct order *o, const char *type)
{
    struct talk t = talk_raw(talk_root, o->path, o->body, strlen(o->body), type, o->key);
    long status = t.status;
    assert_int_equal(t.code, CURLE_OK);
    talk_end(&t);
    return status;
}

static void types_are_read_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDERS; i++) {
        print_message("%s\n", orders[i].path);
        assert_in_range(sent_as(&orders[i], "Application/JSON ; charset=utf-8"), 200, 202);
        if (!orders[i].any_type)
            assert_in_range(sent_as(&orders[i], "application/jsonl"), 400, 422);
    }
}

/* ---- forms */

static void is_refused(const char *path, const void *body, size_t n, const char *type)
{
    struct talk t = talk_raw(talk_root, path, body, n, type, TALK_KEY);
    assert_int_equal(t.code, CURLE_OK);
    if (t.status < 400 || t.status > 422)
        fail_msg("%s: %ld for %.*s", path, t.status, (int)n, (const char *)body);
    talk_end(&t);
}

#define FORM  "multipart/form-data; boundary=b"
#define PART  "--b\r\nContent-Disposition: form-data; name="
#define WHOLE PART "\"prompt\"\r\n\r\na\r\n--b--\r\n"

static void broken_forms_are_refused(void **state)
{
    static const char *const paths[] = {
        CORE,
        "/stability/v1/generation/stable-diffusion-v1-6/image-to-image",
        "/deepinfra/v1/openai/images/edits",
        "/prodia/v2/job",
        "/openai/v1/images/edits",
        "/urlshare"};
    static const char *const bodies[] = {"--b--\r\n",
                                         "--b\r\n\r\n\r\n--b--\r\n",
                                         "--c\r\n",
                                         PART "\r\n\r\na\r\n--b--\r\n",
                                         PART "\"\"\r\n\r\na\r\n--b--\r\n",
                                         PART "\"prompt\r\n\r\na\r\n--b--\r\n",
                                         PART "\"prompt\\\"\r\n\r\na\r\n--b--\r\n",
                                         PART "\"prompt\"\n\na\n--b--\n",
                                         PART "\"prompt\"\r\nnothing\r\n\r\na\r\n--b--\r\n",
                                         PART "\"prompt\"\r\n\r\na\r\n--bb--\r\n",
                                         PART "\"prompt\"\r\n\r\na\r\n--b--\r\nmore",
                                         PART "\"prompt\"\r\n\r\n\xff\xfe\r\n--b--\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (size_t k = 0; k < sizeof bodies / sizeof bodies[0]; k++)
            is_refused(paths[i], bodies[k], strlen(bodies[k]), FORM);
        is_refused(paths[i], WHOLE, strlen(WHOLE), "multipart/form-data");
        is_refused(paths[i], WHOLE, strlen(WHOLE), "multipart/form-data; boundary=");
        is_refused(paths[i], WHOLE, strlen(WHOLE), "multipart/form-data; boundary=\"b");
        is_refused(paths[i], WHOLE, strlen(WHOLE), "multipart/form-datas; boundary=b");
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

/* The last line end may be missing, and nothing else. */
static void a_form_that_is_cut_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n + 2 < strlen(WHOLE); n++)
        is_refused(CORE, WHOLE, n, FORM);
    struct talk t = talk_raw(talk_root, CORE, WHOLE, strlen(WHOLE), FORM, TALK_KEY);
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

static void a_form_of_many_parts_is_refused(void **state)
{
    char *body = calloc(1, 1 << 16);
    size_t n = 0;
    (void)state;
    for (int i = 0; i < 500; i++)
        n += (size_t)snprintf(body + n, 100, PART "\"x%d\"\r\n\r\na\r\n", i);
    strcpy(body + n, "--b--\r\n");
    is_refused(CORE, body, strlen(body), FORM);
    is_refused("/prodia/v2/job", body, strlen(body), FORM);
    free(body);
}

/* ---- jobs: the latest ones are kept */

static void job_path(struct talk *t, const char *member, const char *before, char out[160])
{
    assert_true(strlen(talk_text(t, member)) > 10);
    snprintf(out, 160, "%s%s", before, talk_text(t, member));
    talk_end(t);
}

static void ends_in(const char *path, const char *key, long status)
{
    struct talk t = talk(talk_root, path, NULL, key, NULL);
    assert_int_equal(t.status, status);
    talk_end(&t);
}

static void old_jobs_are_forgotten(void **state)
{
    char first[2][160], last[2][160];
    size_t n = 0;
    unsigned char *png = talk_png(64, 64, 0, 1, &n);
    const struct talk_part parts[] = {{"prompt", NULL, NULL, "a", 1},
                                      {"image", "a.png", "image/png", png, n}};
    (void)state;
    for (int i = 0; i < 65; i++) {
        struct talk t = talk(talk_root, "/prodia/v1/sd/generate",
                             "{\"prompt\":\"a\",\"width\":16,\"height\":16}", KEY1, NULL);
        job_path(&t, "job", "/prodia/v1/job/", i == 0 ? first[0] : last[0]);
        t = talk_form(talk_root, "/stability/v2beta/stable-image/upscale/creative", parts, 2,
                      TALK_KEY);
        job_path(&t, "id", "/stability/v2beta/results/", i == 0 ? first[1] : last[1]);
    }
    ends_in(first[0], KEY1, 404);
    ends_in(last[0], KEY1, 200);
    ends_in(first[1], TALK_KEY, 404);
    ends_in(last[1], TALK_KEY, 200);
    free(png);
}

/* ---- at once */

#define CALLERS 4
#define ROUNDS  3

static void *caller(void *user)
{
    long *good = user;
    for (size_t i = 0; i < ROUNDS * ORDERS; i++) {
        const struct order *o = &orders[(i + (size_t)*good) % ORDERS];
        struct talk t = talk(talk_root, o->path, o->body, o->key, NULL);
        struct talk list = talk(talk_root, "/together/v1/models", NULL, TALK_KEY, NULL);
        if (t.code != CURLE_OK || list.code != CURLE_OK ||
            (t.status != 200 && t.status != 202 && t.status != 429 && t.status != 503))
            *good = -1000;
        *good += t.status < 300;
        talk_end(&t);
        talk_end(&list);
    }
    return NULL;
}

static void all_call_at_once(void **state)
{
    pthread_t threads[CALLERS];
    long good[CALLERS] = {0, 0, 0, 0};
    int64_t seen = 0;
    (void)state;
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, caller, &good[i]), 0);
    for (int i = 0; apipie_sandbox_request_count(talk_box) < CALLERS * ROUNDS * (int)ORDERS; i++) {
        apipie_sandbox_set_fault(talk_box, "status:503", 1);
        apipie_sandbox_set_route_fault(talk_box, "prodia", NULL, i % 2 ? "status:503" : NULL);
        apipie_sandbox_set_drawing_time(talk_box, i % 3);
        apipie_sandbox_set_rate(talk_box, i % 4 ? 0 : 100000);
        apipie_sandbox_set_key(talk_box, APIPIE_SANDBOX_KEY);
        for (int32_t field = 1; field <= APIPIE_SANDBOX_UPLOADS; field++)
            seen |= apipie_sandbox_number(talk_box, field);
        ends_in("/prodia/v1/job/none", KEY1, 404);
        assert_true(apipie_sandbox_billed_count(talk_box) <= CALLERS * ROUNDS * (int)ORDERS);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(good[i] > 0);
    }
    assert_true(seen != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(types_are_read_whole),          TEST(broken_forms_are_refused),
        TEST(a_form_that_is_cut_is_refused), TEST(a_form_of_many_parts_is_refused),
        TEST(old_jobs_are_forgotten),        TEST(all_call_at_once),
    };
    curl_global_init(CURL_GLOBAL_ALL); /* not by two threads at once */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
