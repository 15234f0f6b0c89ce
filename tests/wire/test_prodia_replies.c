/* SPDX-License-Identifier: MIT */
/* Prodia's replies: forms with a job and its pictures, and pictures alone. Knows the public API alone. */
#include "../support/asks.h"

#include <stdio.h>
#include <string.h>

#define TYPE "inference.sdxl.txt2img.v1"

#define JOB_OF(more)                                                                               \
    "{\"id\":\"j-1\",\"type\":\"" TYPE "\",\"config\":{\"prompt\":\"a\",\"seed\":"                 \
    "18446744073709551615},\"created_at\":\"2026-01-31T23:59:59.250Z\",\"state\":{\"current\":"    \
    "\"completed\"},\"metrics\":{\"elapsed\":0.2345,\"ips\":12.5}" more "}"
#define JOB JOB_OF(",\"price\":{\"product\":\"sdxl\",\"dollars\":0.0000001260}")

/* Parts as Prodia writes them, and what stands in the way of them. */
#define OF_JOB(job)                                                                                \
    "--B\r\nContent-Disposition: form-data; name=\"job\"; filename=\"job.json\"\r\n"               \
    "Content-Type: application/json\r\n\r\n" job "\r\n"
#define OUTPUT(type, bytes)                                                                        \
    "--B\r\nContent-Disposition: form-data; name=\"output\"; filename=\"output\"\r\n"              \
    "Content-Type: " type "\r\n\r\n" bytes "\r\n"
#define END    "--B--\r\n"
#define BOUND  "prodia-0123--form"
#define BARE   "multipart/form-data; boundary=" BOUND
#define QUOTED "Multipart/Form-Data; charset=\"a;b\"; BOUNDARY=\"" BOUND "\""

/* A picture with nearly the delimiter in it. */
#define TAIL "\r\n--\r\n--prodia-0123--for\r\n-" BOUND "\r--" BOUND "\n\r\n\r\n"

struct reply {
    const char *name;
    const char *type;
    const char *body;
    int32_t cut; /* so many bytes of the body are missing, and the connection breaks off */
    const char *pictures[3];
    const char *tail; /* behind the first picture's bytes; NULL: nothing */
    int32_t job, warnings;
};

static const struct reply replies[] = {
    {"a job and its picture",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$1") END,
     0,
     {PNG1},
     NULL,
     1,
     0},
    {"a quoted boundary", QUOTED, OF_JOB(JOB) OUTPUT("image/png", "$1") END, 0, {PNG1}, NULL, 1, 0},
    {"headers in small letters, and none",
     BARE,
     "--B\r\ncontent-disposition: form-data; name=job\r\ncontent-type: application/json\r\n\r\n" JOB
     "\r\n--B\r\n\r\n$3\r\n" END,
     0,
     {JPEG1},
     NULL,
     1,
     0},
    {"a preamble, and blanks",
     BARE,
     "This is a form.\r\n--B  \r\nContent-Type: application/json\r\n\r\n" JOB
     "\r\n" OUTPUT("image/png", "$1") "--B--  \r\nthe end",
     0,
     {PNG1},
     NULL,
     1,
     0},
    {"the picture first", BARE, OUTPUT("image/png", "$2") OF_JOB(JOB) END, 0, {PNG2}, NULL, 1, 0},
    {"a type that is wrong",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$3") END,
     0,
     {JPEG1},
     NULL,
     1,
     0},
    {"two pictures",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$1") OUTPUT("image/jpeg", "$3") END,
     0,
     {PNG1, JPEG1},
     NULL,
     1,
     0},
    {"nearly a delimiter in the picture",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$1" TAIL) END,
     0,
     {PNG1},
     TAIL,
     1,
     0},
    {"no delimiter at the end",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$1") "--B",
     0,
     {PNG1},
     NULL,
     1,
     1},
    {"cut in the second picture",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$1") OUTPUT("image/jpeg", "$3") END,
     60,
     {PNG1},
     NULL,
     1,
     2},
    {"cut behind the picture",
     BARE,
     OF_JOB(JOB) OUTPUT("image/png", "$1") END,
     4,
     {PNG1},
     NULL,
     1,
     1},
    {"an error beside it",
     BARE,
     OF_JOB(JOB_OF(",\"price\":{\"dollars\":1.26e-7},\"error\":\"one of two failed\""))
         OUTPUT("image/png", "$1") END,
     0,
     {PNG1},
     NULL,
     1,
     1},
    {"a picture alone in the form", BARE, OUTPUT("image/png", "$1") END, 0, {PNG1}, NULL, 0, 0},
    {"broken JSON",
     BARE,
     OF_JOB("{\"id\":\"j-1\",\"price\":{") OUTPUT("image/png", "$1") END,
     0,
     {PNG1},
     NULL,
     0,
     1},
    {"the picture itself", "image/png", "$1", 0, {PNG1}, NULL, 0, 0},
    {"the picture itself, said to be a form", BARE, "$1", 0, {PNG1}, NULL, 0, 0},
    {"no form at all", BARE, "accepted", 0, {NULL}, NULL, 0, 0},
};

static void form_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct reply *r = user;
    uint8_t bytes[4096];
    char headers[300];
    size_t n = asks_put(bytes, r->body, BOUND);
    (void)q;
    snprintf(headers, sizeof headers, "Content-Type: %s\r\n", r->type);
    if (r->cut == 0) {
        raw_reply(c, 200, headers, bytes, n);
        return;
    }
    snprintf(headers, sizeof headers, "Content-Type: %s\r\nContent-Length: %d\r\n", r->type,
             (int)n);
    raw_head(c, 200, headers);
    raw_drip(c, bytes, n - (size_t)r->cut, 37, 0);
    raw_close(c);
}

static struct draw *serve(void **state, const struct reply *r)
{
    struct draw *d = *state;
    struct reply *mine = (struct reply *)(uintptr_t)r;
    draw_serve(d, form_handler, mine);
    asks_backend(d, "prodia", "/v2");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, TYPE, "p");
    return d;
}

static void assert_picture(const apipie_result *r, size_t i, const char *base64, const char *tail)
{
    uint8_t want[1024];
    size_t size = 0;
    size_t n = draw_decode(base64, want);
    memcpy(want + n, tail, strlen(tail));
    const uint8_t *got = apipie_result_image_data(r, i, &size);
    assert_int_equal(size, n + strlen(tail));
    assert_memory_equal(got, want, size);
}

static void assert_job(const apipie_result *r)
{
    uint64_t seed = 0;
    assert_int_equal(apipie_result_cost(r), 126000);
    assert_int_equal(apipie_result_latency(r), 235);
    assert_string_equal(apipie_result_request_id(r), "j-1");
    assert_int_equal(apipie_result_created(r), INT64_C(1769903999250));
    assert_status(apipie_result_image_seed(r, 0, &seed), APIPIE_OK);
    assert_true(seed == UINT64_MAX);
}

static void replies_are_understood(void **state)
{
    struct draw *d = *state;
    const struct reply *r = d->row;
    size_t count = 0;
    serve(state, r);
    const apipie_status status = apipie_request_perform(d->request);
    while (count < 3 && r->pictures[count] != NULL)
        count++;
    if (count == 0) {
        assert_ended(d->request, status, APIPIE_E_MALFORMED);
        return;
    }
    assert_ended(d->request, status, APIPIE_OK);
    const apipie_result *got = draw_result(d);
    for (size_t i = 0; i < count; i++)
        assert_picture(got, i, r->pictures[i], i == 0 && r->tail != NULL ? r->tail : "");
    assert_string_equal(apipie_result_model(got), TYPE);
    if (r->job)
        assert_job(got);
    else
        assert_int_equal(apipie_result_cost(got), APIPIE_UNKNOWN);
    assert_int_equal(apipie_result_warning_count(got), r->warnings);
}

/* ---- figures */

struct figure {
    const char *name, *price;
    int64_t cost;
};

static const struct figure figures[] = {
    {"a price", ",\"price\":{\"dollars\":0.0025}", INT64_C(2500000000)},
    {"of nothing", ",\"price\":{\"dollars\":0}", 0},
    {"as a text", ",\"price\":{\"dollars\":\"0.0025\"}", INT64_C(2500000000)},
    {"none", "", APIPIE_UNKNOWN},
    {"null", ",\"price\":null", APIPIE_UNKNOWN},
    {"no dollars", ",\"price\":{\"product\":\"a\"}", APIPIE_UNKNOWN},
    {"null dollars", ",\"price\":{\"dollars\":null}", APIPIE_UNKNOWN},
    {"less than nothing", ",\"price\":{\"dollars\":-1}", APIPIE_UNKNOWN},
    {"no number", ",\"price\":{\"dollars\":[1]}", APIPIE_UNKNOWN},
    {"a number without end", ",\"price\":{\"dollars\":1e999}", APIPIE_UNKNOWN},
};

static void the_price_is_that_of_the_job(void **state)
{
    struct draw *d = *state;
    const struct figure *f = d->row;
    char body[2048];
    snprintf(body, sizeof body, "%s{\"id\":7,\"metrics\":{\"elapsed\":\"?\"},\"config\":[]%s}%s",
             "--B\r\n\r\n", f->price, "\r\n" OUTPUT("image/png", "$1") END);
    const struct reply r = {f->name, BARE, body, 0, {PNG1}, NULL, 0, 0};
    serve(state, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    uint64_t seed = 0;
    assert_int_equal(apipie_result_cost(draw_result(d)), f->cost);
    assert_int_equal(apipie_result_latency(draw_result(d)), APIPIE_UNKNOWN);
    assert_true(apipie_result_image_seed(draw_result(d), 0, &seed) != APIPIE_OK);
    d->server = raw_server_stop(d->server); /* its replies are here */
}

static void a_cut_in_the_only_picture_is_a_failure(void **state)
{
    static const struct reply r = {
        "cut", BARE, OF_JOB(JOB) OUTPUT("image/png", "$1") END, 30, {NULL}, NULL, 0, 0};
    struct draw *d = serve(state, &r);
    apipie_status status = apipie_request_perform(d->request);
    assert_true(status != APIPIE_OK);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_UNKNOWN);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
}

static void a_failed_job_with_a_picture_is_told(void **state)
{
    static const struct reply r = {
        "failed",
        BARE,
        OF_JOB("{\"state\":{\"current\":\"failed\"}}") OUTPUT("image/png", "$1") END,
        0,
        {PNG1},
        NULL,
        0,
        1};
    struct draw *d = serve(state, &r);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "failed");
}

/* ---- the API before */

static void lists_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    if (strcmp(q->method, "POST") == 0)
        raw_reply_json(c, 200, "{\"job\":\"j-1\",\"status\":\"failed\"}");
    else
        raw_reply_json(c, 200, strcmp(q->path, "/v1/sdxl/models") == 0 ? (const char *)user : "[]");
}

/* What the first list said is kept while the second one adds to it: however long a name is, it is sent as it is. */
static void names_of_any_length_are_kept(void **state)
{
    struct draw *d = *state;
    char model[300] = "";
    char list[400];
    char body[400];
    draw_serve(d, lists_handler, list);
    asks_backend(d, "prodia", "/v1");
    for (int32_t n = 1; n < 240; n += 7) {
        memset(model, 'm', (size_t)n);
        snprintf(list, sizeof list, "[\"%s.ckpt [1]\"]", model);
        snprintf(body, sizeof body, "{\"model\":\"%s.ckpt [1]\",\"prompt\":\"a \\\"lake\\\"\"}",
                 model);
        asks_fresh(d, APIPIE_REQUEST_IMAGE, model, "p");
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
        assert_string_equal(draw_sent(d)->path, "/v1/sdxl/generate");
        assert_string_equal(draw_sent(d)->body, body);
    }
    d->server = raw_server_stop(d->server); /* the list is here */
}

static void memory_may_run_out(void **state)
{
    static const struct asks_short shorts[] = {
        {"prodia", "/v2", TYPE, "pgO", APIPIE_REQUEST_IMAGE},
        {"prodia", "/v2", "inference.sdxl.inpainting.v1", "pIM", APIPIE_REQUEST_EDIT},
    };
    struct draw *d = serve(state, &replies[0]);
    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++)
        asks_run_out_of_memory(d, &shorts[i]);
}

/* ---- the API before: names that are looked up */

struct list {
    char body[400]; /* of SDXL's checkpoints; the other list is empty */
};

static void list_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct list *l = user;
    if (strcmp(q->path, "/v1/sdxl/models") == 0)
        raw_reply_json(c, 200, l->body);
    else if (strcmp(q->path, "/v1/sd/models") == 0)
        raw_reply_json(c, 200, "[]");
    else
        raw_reply_json(c, 400, "{\"error\":\"no\"}");
}

/* A model that the first list has by its bare name and the second one not: of every length, for what is found out grows. */
static void a_name_of_any_length(void **state)
{
    static struct list l;
    char name[301], want[400];
    struct draw *d = *state;
    draw_serve(d, list_handler, &l);
    asks_backend(d, "prodia", "/v1");
    for (int n = 1; n <= 300; n += n < 130 ? 1 : 17) {
        memset(name, 'a', sizeof name);
        name[n] = '\0';
        snprintf(l.body, sizeof l.body, "[\"%s.ckpt [1]\"]", name);
        snprintf(want, sizeof want, "{\"model\":\"%s.ckpt [1]\"", name);
        asks_fresh(d, APIPIE_REQUEST_IMAGE, name, "p");
        assert_status(apipie_request_perform(d->request), APIPIE_E_PARAMETER);
        assert_int_equal(draw_posts(d->server, want), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_cut_in_the_only_picture_is_a_failure),
        DRAW_TEST(a_failed_job_with_a_picture_is_told),
        DRAW_TEST(names_of_any_length_are_kept),
        DRAW_TEST(memory_may_run_out),
        DRAW_TEST(a_name_of_any_length),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(replies_are_understood, replies);
    return failed + DRAW_ROWS(the_price_is_that_of_the_job, figures);
}
