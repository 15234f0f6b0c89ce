/* SPDX-License-Identifier: MIT */
/* Stability's platform: what replies, jobs, errors and its list of engines mean. Knows the public API alone. */
#include "../support/asks.h"

#include <stdio.h>
#include <string.h>

#define XL   "stable-diffusion-xl-1024-v1-0"
#define JSON "Content-Type: application/json; type=image/png\r\nx-request-id: r-7\r\n"

static struct draw *serve(void **state, const char *model, const struct draw_reply *r)
{
    struct draw *d = *state;
    asks_serve(d, "stability", "", r);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, model, "p");
    return d;
}

/* ---- pictures, in all forms in which they come */

struct form {
    const char *name, *model;
    struct draw_reply reply;
    uint64_t seed;
    int32_t has_seed;
    const char *request_id, *warning; /* NULL: none */
};

#define RAW(more)                                                                                  \
    {                                                                                              \
        200, "Content-Type: image/png\r\nx-request-id: r-7\r\n" more, DRAW_PICTURE                 \
    }
#define TEXT(body)                                                                                 \
    {                                                                                              \
        200, JSON, body                                                                            \
    }
#define B64 "\"" PNG1 "\""

static const struct form forms[] = {
    {"bytes between headers", "core", RAW("finish-reason: SUCCESS\r\nseed: 343940597\r\n"),
     343940597, 1, "r-7", NULL},
    {"bytes alone", "core", RAW(""), 0, 0, "r-7", NULL},
    {"bytes of an engine", XL, RAW("Finish-Reason: SUCCESS\r\nSeed: 4294967295\r\n"), 4294967295U,
     1, "r-7", NULL},
    {"a header that is none", "core", RAW("seed: many\r\nfinish-reason: \r\n"), 0, 0, "r-7", NULL},
    {"a type that is not true",
     "core",
     {200, "Content-Type: application/json\r\nseed: 5\r\n", DRAW_PICTURE},
     5,
     1,
     NULL,
     NULL},
    {"JSON", "core", TEXT("{\"image\":" B64 ",\"finish_reason\":\"SUCCESS\",\"seed\":343940597}"),
     343940597, 1, "r-7", NULL},
    {"JSON with a text for a seed", "core", TEXT("{\"seed\":\"9\",\"image\":" B64 "}"), 9, 1, "r-7",
     NULL},
    {"JSON with nothing else", "core", TEXT("{\"image\":" B64 "}"), 0, 0, "r-7", NULL},
    {"an artifact", XL,
     TEXT("{\"artifacts\":[{\"base64\":" B64
          ",\"finishReason\":\"SUCCESS\",\"seed\":4294967295}]}"),
     4294967295U, 1, "r-7", NULL},
    {"an artifact that calls itself a success", XL,
     TEXT("{\"result\":\"success\",\"artifacts\":[{\"base64\":" B64 ",\"seed\":3}]}"), 3, 1, "r-7",
     NULL},
    {"an artifact, and a success behind it", XL,
     TEXT("{\"artifacts\":[{\"base64\":" B64 ",\"seed\":3}],\"result\":\"success\"}"), 3, 1, "r-7",
     NULL},
    {"a picture between two words", "core",
     TEXT("{\"result\":\"success\",\"image\":" B64 ",\"seed\":3,\"result\":\"success\"}"), 3, 1,
     "r-7", NULL},
    {"a filtered picture", "core", RAW("finish-reason: CONTENT_FILTERED\r\nseed: 1\r\n"), 1, 1,
     "r-7", "filtered a picture"},
    {"a filtered picture in JSON", "core",
     TEXT("{\"image\":" B64 ",\"finish_reason\":\"CONTENT_FILTERED\",\"seed\":1}"), 1, 1, "r-7",
     "CONTENT_FILTERED"},
    {"a filtered artifact", XL,
     TEXT("{\"artifacts\":[{\"base64\":" B64
          ",\"finishReason\":\"CONTENT_FILTERED\",\"seed\":1}]}"),
     1, 1, "r-7", "filtered a picture"},
    {"a picture of an error", "core", RAW("finish-reason: ERROR\r\n"), 0, 0, "r-7", "ERROR"},
};

static void a_picture_is_understood(void **state)
{
    const struct form *f = ((struct draw *)*state)->row;
    struct draw *d = serve(state, f->model, &f->reply);
    uint64_t seed = 0;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    draw_assert_one(d, f->warning != NULL);
    assert_int_equal(apipie_result_image_seed(r, 0, &seed) == APIPIE_OK, f->has_seed);
    if (f->has_seed)
        assert_true(seed == f->seed);
    if (f->warning != NULL)
        assert_contains(apipie_result_warning(r, 0), f->warning);
    if (f->request_id != NULL)
        assert_string_equal(apipie_result_request_id(r), f->request_id);
    else
        assert_null(apipie_result_request_id(r));
    assert_string_equal(apipie_result_model(r), f->model);
    assert_int_equal(apipie_result_billed(r), APIPIE_BILLED_YES);
    assert_int_equal(apipie_result_cost(r), APIPIE_UNKNOWN);
}

static void several_artifacts_are_judged_each(void **state)
{
    static const struct draw_reply r =
        TEXT("{\"artifacts\":[{\"base64\":" B64 ",\"finishReason\":\"SUCCESS\",\"seed\":11},"
             "{\"base64\":\"\",\"finishReason\":\"CONTENT_FILTERED\",\"seed\":12},"
             "{\"base64\":\"" PNG2 "\",\"finishReason\":\"CONTENT_FILTERED\",\"seed\":13}]}");
    struct draw *d = serve(state, XL, &r);
    uint64_t seed = 0;
    apipie_request_set_n(d->request, 3);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *result = draw_result(d);
    assert_int_equal(apipie_result_image_count(result), 3);
    draw_assert_image(result, 0, PNG1, "image/png");
    assert_int_equal(apipie_result_image_size(result, 1), 0);
    draw_assert_image(result, 2, PNG2, "image/png");
    assert_status(apipie_result_image_seed(result, 2, &seed), APIPIE_OK);
    assert_true(seed == 13);
    assert_contains(apipie_result_warning(result, 0), "CONTENT_FILTERED");
}

/* ---- errors */

#define NAMED(name, text) "{\"id\":\"e-1\",\"name\":\"" name "\",\"errors\":[\"" text "\"]}"
#define PLAIN(name, text) "{\"id\":\"e-1\",\"name\":\"" name "\",\"message\":\"" text "\"}"

static const struct asks_failure failures[] = {
    {"no form", 400, NAMED("bad_request", "content-type: must be multipart/form-data"),
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "bad_request", "multipart/form-data", NULL},
    {"two at once", 400,
     "{\"id\":\"e-1\",\"name\":\"bad_request\",\"errors\":[\"prompt: cannot be blank\",\"seed: too "
     "large\"]}",
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "bad_request",
     "prompt: cannot be blank; seed: too large", "parameter"},
    {"of an engine", 400, PLAIN("invalid_samples", "samples must be 1"), APIPIE_E_PARAMETER, 0,
     APIPIE_BILLED_NO, "invalid_samples", "samples must be 1", NULL},
    {"a bad word", 400, PLAIN("invalid_prompts", "One or more prompts contains filtered words."),
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, "invalid_prompts", "filtered words", "prompt"},
    {"a bad key", 401, PLAIN("unauthorized", "missing authorization header"), APIPIE_E_AUTH, 0,
     APIPIE_BILLED_NO, "unauthorized", "missing authorization", "key"},
    {"a bad key of v2beta", 401, NAMED("unauthorized", "authorization: invalid or missing header"),
     APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, "unauthorized", "invalid or missing", "key"},
    {"no credits", 402,
     NAMED("payment_required", "You lack sufficient credits to make this request."), APIPIE_E_QUOTA,
     0, APIPIE_BILLED_NO, "payment_required", "sufficient credits",
     "platform.stability.ai/account"},
    {"no credits of an engine", 429,
     PLAIN("insufficient_balance", "Your organization does not have enough balance"),
     APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO, "insufficient_balance", "enough balance",
     "platform.stability.ai/account"},
    {"moderated", 403,
     NAMED("content_moderation", "Your request was flagged by our content moderation system."),
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_NO, "content_moderation", "flagged",
     "nothing was charged"},
    {"not allowed", 403, PLAIN("permission_denied", "You lack the necessary permissions"),
     APIPIE_E_AUTH, 0, APIPIE_BILLED_NO, "permission_denied", "permissions", "key"},
    {"no such engine", 404, PLAIN("not_found", "The specified engine was not found"),
     APIPIE_E_NOT_FOUND, 0, APIPIE_BILLED_NO, "not_found", "engine", "without a path"},
    {"too large", 413, NAMED("payload_too_large", "image: must be less than 10MiB"),
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "payload_too_large", "10MiB", "10 MiB"},
    {"another language", 422,
     NAMED("invalid_language", "English is the only supported language for this service."),
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "invalid_language", "English", NULL},
    {"too many", 429,
     NAMED("rate_limit_exceeded", "You have exceeded the rate limit of 150 requests within a 10 "
                                  "second period, and have been timed out for 60 seconds."),
     APIPIE_E_RATE_LIMITED, 1, APIPIE_BILLED_NO, "rate_limit_exceeded", "150 requests",
     "apipie_client_set_rate()"},
    {"a spent quota", 429, NAMED("quota", "You exceeded your current quota"), APIPIE_E_QUOTA, 0,
     APIPIE_BILLED_NO, NULL, "quota", "credit"},
    {"failed", 500, NAMED("internal_error", "An unexpected server error has occurred"),
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, "internal_error", "unexpected", "request id"},
    {"failed, of an engine", 500, PLAIN("server_error", "An unexpected error occurred"),
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, "server_error", "unexpected", NULL},
    {"a page in between", 502, "<html><title>502 Bad Gateway</title></html>", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "Bad Gateway", "gateway"},
    {"filtered, and nothing sent", 200, "{\"finish_reason\":\"CONTENT_FILTERED\",\"seed\":1}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "CONTENT_FILTERED", "prompt"},
    {"an artifact that is filtered", 200,
     "{\"artifacts\":[{\"base64\":\"\",\"finishReason\":\"CONTENT_FILTERED\",\"seed\":1}]}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_UNKNOWN, NULL, "CONTENT_FILTERED", "prompt"},
    {"an error, and no picture", 200, "{\"artifacts\":[{\"finishReason\":\"ERROR\",\"seed\":1}]}",
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "ERROR", NULL},
    {"the same of v2beta", 200, "{\"finish_reason\":\"ERROR\"}", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "ERROR", NULL},
    {"nothing", 200, "{}", APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_UNKNOWN, NULL, "without a picture",
     NULL},
    {"a success without a picture", 200, "{\"result\":\"success\",\"artifacts\":[]}",
     APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_YES, NULL, "without a picture", NULL},
    {"other types", 200, "{\"artifacts\":7,\"image\":{},\"finish_reason\":[1],\"seed\":null}",
     APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_UNKNOWN, NULL, "without a picture", NULL},
    {"an empty picture", 200, "{\"image\":\"\",\"finish_reason\":\"SUCCESS\",\"seed\":1}",
     APIPIE_E_NO_IMAGE, 1, APIPIE_BILLED_UNKNOWN, NULL, "without a picture", NULL},
    {"no base64", 200, "{\"image\":\"!!!\"}", APIPIE_E_MALFORMED, 1, APIPIE_BILLED_UNKNOWN, NULL,
     "without a picture", NULL},
    {"an error as a success", 200,
     "{\"error\":{\"message\":\"it broke\"},\"name\":\"internal_error\"}", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, "internal_error", "it broke", NULL},
    {"errors as a success", 200, NAMED("internal_error", "it broke"), APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, "internal_error", "it broke", NULL},
    {"a page", 200, "<html>hello</html>", APIPIE_E_MALFORMED, 1, APIPIE_BILLED_UNKNOWN, NULL,
     "neither JSON", NULL},
};

static void errors_mean_what_they_say(void **state)
{
    const struct asks_failure *f = ((struct draw *)*state)->row;
    const struct draw_reply r = {f->status, NULL, f->body};
    struct draw *d = serve(state, "core", &r);
    asks_assert_failure(d, f);
    if (f->status >= 400 && f->body[0] == '{')
        assert_string_equal(apipie_error_request_id(draw_error(d)), "e-1");
}

/* ---- jobs */

struct job {
    struct draw_reply taken;
    struct draw_reply looks[4];
    int32_t count; /* of them; the last one stays */
};

static void job_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const struct job *job = user;
    if (strcmp(q->method, "POST") == 0) {
        draw_send_reply(c, &job->taken);
        return;
    }
    const int32_t look = q->number - 2 < job->count ? q->number - 2 : job->count - 1;
    draw_send_reply(c, &job->looks[look]);
}

static struct draw *serve_job(void **state, const struct job *job, const char *model)
{
    struct draw *d = *state;
    draw_serve(d, job_handler, (void *)(uintptr_t)job);
    asks_backend(d, "stability", "");
    asks_fresh(d, APIPIE_REQUEST_EDIT, model, "pI");
    return d;
}

#define SOON "Content-Type: application/json\r\nretry-after-ms: 30\r\n"
#define ID   "a6dc6c6e20acda010fe14d71f180658f2896ed9b4ec25aa99a6ff06c796987c4"
#define WAITS                                                                                      \
    {                                                                                              \
        202, SOON, "{\"id\":\"" ID "\",\"status\":\"in-progress\"}"                                \
    }
#define TAKEN(status)                                                                              \
    {                                                                                              \
        status, SOON, "{\"id\":\"" ID "\"}"                                                        \
    }

static void a_job_is_asked_for_its_picture(void **state)
{
    static const struct job jobs[] = {
        {TAKEN(200), {WAITS, WAITS, RAW("finish-reason: SUCCESS\r\nseed: 5\r\n")}, 3},
        {TAKEN(202),
         {WAITS, WAITS, TEXT("{\"result\":" B64 ",\"finish_reason\":\"SUCCESS\",\"seed\":5}")},
         3},
        {TAKEN(202),
         {WAITS,
          {200, SOON, "{\"id\":\"" ID "\",\"status\":\"in-progress\"}"},
          TEXT("{\"image\":" B64 ",\"finish_reason\":\"SUCCESS\",\"seed\":5}")},
         3},
    };
    struct draw *d = *state;
    char text[100];
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        uint64_t seed = 0;
        serve_job(state, &jobs[i], i == 0 ? "creative" : "replace-background-and-relight");
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        draw_assert_one(d, 0);
        assert_status(apipie_result_image_seed(draw_result(d), 0, &seed), APIPIE_OK);
        assert_true(seed == 5);
        assert_int_equal(raw_server_count(d->server, NULL), 4);
        const struct raw_request *first = raw_server_request(d->server, 0);
        assert_true(asks_is(
            first,
            i == 0 ? "/v2beta/stable-image/upscale/creative"
                   : "/v2beta/stable-image/edit/replace-background-and-relight",
            i == 0 ? ASKS_FIELD("prompt", "a \"lake\"")
                         ASKS_FILE("image", "image.png", "image/png", "$1") "--B--\r\n"
                   : ASKS_FIELD("background_prompt", "a \"lake\"")
                         ASKS_FILE("subject_image", "image.png", "image/png", "$1") "--B--\r\n"));
        assert_true(raw_request_header(first, "accept", text, sizeof text));
        assert_string_equal(text, "application/json");
        const struct raw_request *look = draw_sent(d);
        assert_string_equal(look->method, "GET");
        assert_string_equal(look->path, "/v2beta/results/" ID);
        assert_true(raw_request_header(look, "accept", text, sizeof text));
        assert_string_equal(text, "image/*");
        assert_true(raw_request_header(look, "authorization", text, sizeof text));
        assert_string_equal(text, "Bearer key-0123456789abcdef");
        assert_true(look->came_ms - first->came_ms >= 85);
        draw_teardown(state);
        draw_setup(state);
        d = *state;
    }
}

static void jobs_fail_as_they_are(void **state)
{
    static const struct {
        struct job job;
        apipie_status want;
        int32_t asked; /* exchanges */
        const char *says;
        int32_t billed;
    } rows[] = {
        {{TAKEN(200), {{404, SOON, NAMED("not_found", "id: not found")}}, 1},
         APIPIE_E_NOT_FOUND,
         2,
         "not found",
         APIPIE_BILLED_YES},
        {{TAKEN(200), {WAITS, {200, SOON, "{\"finish_reason\":\"CONTENT_FILTERED\"}"}}, 2},
         APIPIE_E_CONTENT_POLICY,
         3,
         "CONTENT_FILTERED",
         APIPIE_BILLED_YES},
        {{TAKEN(200), {{403, SOON, NAMED("content_moderation", "flagged")}}, 1},
         APIPIE_E_CONTENT_POLICY,
         2,
         "flagged",
         APIPIE_BILLED_YES},
        {{TAKEN(200), {{200, SOON, "{}"}}, 1},
         APIPIE_E_NO_IMAGE,
         2,
         "without a picture",
         APIPIE_BILLED_YES},
        {{{200, SOON, "{\"id\":\"../../v1/user\"}"}, {WAITS}, 1},
         APIPIE_E_MALFORMED,
         1,
         "named no job",
         APIPIE_BILLED_UNKNOWN},
        {{{200, SOON, NAMED("internal_error", "it broke")}, {WAITS}, 1},
         APIPIE_E_SERVER,
         1,
         "it broke",
         APIPIE_BILLED_UNKNOWN},
        {{{200, SOON, "{}"}, {WAITS}, 1},
         APIPIE_E_MALFORMED,
         1,
         "named no job",
         APIPIE_BILLED_UNKNOWN},
        {{{403, SOON, NAMED("content_moderation", "flagged")}, {WAITS}, 1},
         APIPIE_E_CONTENT_POLICY,
         1,
         "flagged",
         APIPIE_BILLED_NO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct draw *d = serve_job(state, &rows[i].job, "creative");
        apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
        apipie_status got = apipie_request_perform(d->request);
        if (got != rows[i].want || raw_server_count(d->server, NULL) != rows[i].asked ||
            apipie_error_billed(draw_error(d)) != rows[i].billed)
            print_message("row %d\n", (int)i);
        assert_ended(d->request, got, rows[i].want);
        assert_contains(apipie_error_message(draw_error(d)), rows[i].says);
        assert_int_equal(raw_server_count(d->server, NULL), rows[i].asked);
        assert_int_equal(apipie_error_billed(draw_error(d)), rows[i].billed);
        draw_teardown(state);
        draw_setup(state);
    }
}

/* A look that failed is no new job. */
static void a_look_is_taken_again(void **state)
{
    static const struct job job = {
        TAKEN(200), {{500, SOON, NAMED("internal_error", "x")}, RAW("seed: 5\r\n")}, 2};
    struct draw *d = serve_job(state, &job, "creative");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 1);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(raw_server_count(d->server, "GET"), 2);
}

/* Without a word of the server it is asked every ten seconds. */
static void a_job_is_not_looked_at_too_often(void **state)
{
    static const struct job job = {{200, NULL, "{\"id\":\"" ID "\"}"}, {RAW("")}, 1};
    struct draw *d = serve_job(state, &job, "creative");
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, 700), APIPIE_PENDING);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
}

/* ---- its list */

static const char list[] =
    "[{\"description\":\"Stability-AI Stable Diffusion XL v1.0\",\"id\":\"" XL
    "\",\"name\":\"Stable Diffusion XL v1.0\",\"type\":\"PICTURE\"},"
    "{\"id\":\"stable-diffusion-v1-6\",\"name\":\"v1.6\",\"type\":\"PICTURE\"},"
    "{\"id\":\"speaks\",\"type\":\"AUDIO\"},{\"type\":\"PICTURE\"},7]";

static struct draw *serve_list(void **state, const char *body)
{
    struct draw *d = *state;
    asks_serve_list(d, "stability", "", body);
    return d;
}

static size_t row_of(const apipie_catalog *c, const char *name)
{
    size_t i = 0;
    while (i < apipie_catalog_count(c) &&
           strcmp(apipie_catalog_text(c, i, APIPIE_MODEL_NAME), name) != 0)
        i++;
    assert_true(i < apipie_catalog_count(c));
    return i;
}

static void its_models_are_listed_with_prices(void **state)
{
    static const struct {
        const char *name;
        int64_t price;
    } want[] = {
        {XL, APIPIE_UNKNOWN},
        {"ultra", INT64_C(80000000000)},
        {"core", INT64_C(30000000000)},
        {"sd3.5-large", INT64_C(65000000000)},
        {"sd3.5-large-turbo", INT64_C(40000000000)},
        {"sd3.5-medium", INT64_C(35000000000)},
    };
    struct draw *d = serve_list(state, list);
    const apipie_catalog *c = asks_list(d, NULL);
    assert_string_equal(draw_sent(d)->path, "/v1/engines/list");
    assert_int_equal(apipie_catalog_count(c), 8);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const size_t row = row_of(c, want[i].name);
        assert_string_equal(apipie_catalog_text(c, row, APIPIE_MODEL_PROVIDER), "own");
        assert_string_equal(apipie_catalog_text(c, row, APIPIE_MODEL_TYPE), "image");
        assert_non_null(apipie_catalog_text(c, row, APIPIE_MODEL_DESCRIPTION));
        assert_int_equal(apipie_catalog_number(c, row, APIPIE_MODEL_PRICE), want[i].price);
        assert_int_equal(apipie_catalog_price(c, row, 1536, 640, NULL), want[i].price);
    }
    assert_string_equal(apipie_catalog_text(c, row_of(c, "speaks"), APIPIE_MODEL_TYPE), "AUDIO");
    assert_int_equal(apipie_catalog_count(asks_list(d, "image")), 7);
    assert_int_equal(apipie_catalog_count(asks_list(d, "voice")), 0);
}

/* A known price of any size: what it will cost is known before it is asked, and a budget can refuse it. */
static void what_it_costs_is_known_before(void **state)
{
    struct draw *d = serve_list(state, list);
    int32_t source = 0;
    /* without the list: as was published */
    asks_fresh(d, APIPIE_REQUEST_IMAGE, "stable-image-ultra", "pa");
    assert_int_equal(apipie_client_estimate(d->client, d->request, &source), INT64_C(80000000000));
    assert_int_equal(source, APIPIE_PRICE_PUBLISHED);
    asks_fresh(d, APIPIE_REQUEST_EDIT, "inpaint", "pIM");
    assert_int_equal(apipie_client_estimate(d->client, d->request, &source), APIPIE_UNKNOWN);
    assert_int_equal(source, APIPIE_PRICE_NONE);
    asks_list(d, NULL);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, "sd3.5-large", "pna");
    assert_int_equal(apipie_client_estimate(d->client, d->request, &source), INT64_C(130000000000));
    assert_int_equal(source, APIPIE_PRICE_LISTED);
    assert_status(apipie_request_set_budget(d->request, INT64_C(60000000000)), APIPIE_OK);
    const int32_t before = raw_server_count(d->server, NULL);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_BUDGET);
    assert_int_equal(raw_server_count(d->server, NULL), before);
}

static void a_list_that_is_none(void **state)
{
    struct draw *d = serve_list(state, "{\"engines\":7}");
    asks_fresh(d, APIPIE_REQUEST_MODELS, NULL, "");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(several_artifacts_are_judged_each),
        DRAW_TEST(a_job_is_asked_for_its_picture),
        DRAW_TEST(jobs_fail_as_they_are),
        DRAW_TEST(a_look_is_taken_again),
        DRAW_TEST(a_job_is_not_looked_at_too_often),
        DRAW_TEST(its_models_are_listed_with_prices),
        DRAW_TEST(what_it_costs_is_known_before),
        DRAW_TEST(a_list_that_is_none),
    };
    return DRAW_ROWS(a_picture_is_understood, forms) +
           DRAW_ROWS(errors_mean_what_they_say, failures) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
