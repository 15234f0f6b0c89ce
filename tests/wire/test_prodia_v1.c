/* SPDX-License-Identifier: MIT */
/* Prodia's API before its jobs: checkpoints by name, jobs that are looked at until they are drawn. Knows the public API alone. */
#include "../support/asks.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define XL    "dreamshaperXL10_alpha2.safetensors [c8afe2ef]"
#define BASE  "sd_xl_base_1.0.safetensors [be9edd61]"
#define OLD   "v1-5-pruned-emaonly.safetensors [d7049739]"
#define SDV1  "sdv1_4.ckpt [7460a6fa]"
#define LISTS "[\"" XL "\",7,null,\"\",\"" BASE "\",\"both.ckpt [1]\",\"sub/twin.safetensors [2]\"]"
#define OTHER                                                                                      \
    "[\"" OLD "\",\"" SDV1 "\",\"both.ckpt [1]\",\"twin.safetensors [3]\",\"both.safetensors "     \
    "[4]\"]"

#define STATUS(status, more) "{\"job\":\"8f1c-7\",\"status\":\"" status "\"" more "}"
#define DRAWN                                                                                      \
    STATUS("succeeded", ",\"imageUrl\":\"$ORIGIN/pics/1\",\"params\":{\"seed\":77,\"steps\":25}")

struct old {
    const char *name;
    struct draw_reply xl, sd, taken, polls[4]; /* the last one for all that follow */
    atomic_int looks;
};

static void old_handler(struct raw_conn *c, const struct raw_request *q, void *user)
{
    struct old *o = user;
    if (strcmp(q->path, "/v1/sdxl/models") == 0) {
        draw_send_reply(c, &o->xl);
    } else if (strcmp(q->path, "/v1/sd/models") == 0) {
        draw_send_reply(c, &o->sd);
    } else if (strcmp(q->method, "POST") == 0) {
        draw_send_reply(c, &o->taken);
    } else if (strcmp(q->path, "/v1/job/8f1c-7") == 0) {
        int32_t i = atomic_fetch_add(&o->looks, 1);
        while (i > 0 && (i > 3 || o->polls[i].status == 0))
            i--;
        draw_send_reply(c, &o->polls[i]);
    } else if (strcmp(q->path, "/pics/1") == 0) {
        draw_send_picture(c, PNG1, "image/png");
    } else {
        raw_reply_json(c, 404, "{\"error\":\"no such thing\"}");
    }
}

static struct draw *serve(void **state, struct old *o)
{
    struct draw *d = *state;
    atomic_store(&o->looks, 0);
    draw_serve(d, old_handler, o);
    asks_backend(d, "prodia", "/v1");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "p");
    return d;
}

/* What a server of this kind does when nothing is wrong. */
#define LISTED                                                                                     \
    {200, NULL, LISTS}, {200, NULL, OTHER},                                                        \
    {                                                                                              \
        200, NULL, STATUS("queued", "")                                                            \
    }
static struct old fine = {"fine",
                          LISTED,
                          {{200, NULL, STATUS("queued", ",\"imageUrl\":null")},
                           {200, NULL, STATUS("generating", "")},
                           {200, NULL, DRAWN}},
                          0};

/* Has it drawn when it takes it. */
static struct old quick = {"quick",
                           {200, NULL, LISTS},
                           {200, NULL, OTHER},
                           {200, NULL, STATUS("succeeded", ",\"imageUrl\":\"$ORIGIN/pics/1\"")},
                           {{500, NULL, "{}"}},
                           0};

static const struct raw_request *posted(struct draw *d)
{
    for (int32_t i = 0; raw_server_request(d->server, i) != NULL; i++) {
        if (strcmp(raw_server_request(d->server, i)->method, "POST") == 0)
            return raw_server_request(d->server, i);
    }
    fail_msg("nothing was posted");
    return NULL;
}

/* The paths that were asked for, one a line. */
static void assert_asked(struct draw *d, const char *want)
{
    char text[2000] = "";
    for (int32_t i = 0; raw_server_request(d->server, i) != NULL; i++) {
        const char *path = raw_server_request(d->server, i)->path;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", path);
    }
    assert_string_equal(text, want);
}

/* ---- a whole call */

static void a_job_is_looked_at_until_it_is_drawn(void **state)
{
    struct draw *d = serve(state, &fine);
    uint64_t seed = 0;
    const int64_t began = draw_now_ms();
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const int64_t took = draw_now_ms() - began;
    draw_assert_one(d, 0);
    assert_asked(d, "/v1/sdxl/models\n/v1/sdxl/generate\n/v1/job/8f1c-7\n/v1/job/8f1c-7\n"
                    "/v1/job/8f1c-7\n/pics/1\n");
    assert_true(took >= 250 + 375 + 500 && took < 4000);
    const apipie_result *r = draw_result(d);
    assert_string_equal(apipie_result_model(r), XL);
    assert_string_equal(apipie_result_request_id(r), "8f1c-7");
    assert_int_equal(apipie_result_cost(r), APIPIE_UNKNOWN);
    assert_status(apipie_result_image_seed(r, 0, &seed), APIPIE_OK);
    assert_int_equal(seed, 77);
}

static void the_key_has_its_own_header(void **state)
{
    struct draw *d = serve(state, &fine);
    char key[100];
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    for (int32_t i = 0; i < 6; i++) {
        const struct raw_request *q = raw_server_request(d->server, i);
        const int32_t has = raw_request_header(q, "x-prodia-key", key, sizeof key);
        assert_false(raw_request_header(q, "authorization", key + 50, 50));
        assert_int_equal(has, strcmp(q->path, "/pics/1") != 0);
        if (has)
            assert_string_equal(key, "key-0123456789abcdef");
    }
}

/* ---- what is sent */

struct ask {
    const char *name;
    int32_t kind;
    const char *model, *letters, *path, *body;
};

#define BEGIN(model) "{\"model\":\"" model "\",\"prompt\":\"a \\\"lake\\\"\""

static const struct ask asks[] = {
    {"a prompt alone", APIPIE_REQUEST_IMAGE, XL, "p", "/v1/sdxl/generate", BEGIN(XL) "}"},
    {"the bare name", APIPIE_REQUEST_IMAGE, "dreamshaperXL10_alpha2", "p", "/v1/sdxl/generate",
     BEGIN(XL) "}"},
    {"the file's name", APIPIE_REQUEST_IMAGE, "sdv1_4.ckpt", "p", "/v1/sd/generate",
     BEGIN(SDV1) "}"},
    {"a name with points", APIPIE_REQUEST_IMAGE, "sd_xl_base_1.0", "p", "/v1/sdxl/generate",
     BEGIN(BASE) "}"},
    {"of the other list, in full", APIPIE_REQUEST_IMAGE, OLD, "p", "/v1/sd/generate",
     BEGIN(OLD) "}"},
    {"one of two, in full", APIPIE_REQUEST_IMAGE, "twin.safetensors [3]", "p", "/v1/sd/generate",
     BEGIN("twin.safetensors [3]") "}"},
    {"all of it", APIPIE_REQUEST_IMAGE, "v1-5-pruned-emaonly", "pgmstSG", "/v1/sd/generate",
     BEGIN(OLD) ",\"negative_prompt\":\"people\",\"sampler\":\"Euler\",\"steps\":20,"
                "\"cfg_scale\":7.5,\"seed\":18446744073709551615,\"width\":512,\"height\":768}"},
    {"a picture to start from", APIPIE_REQUEST_IMAGE, XL, "pIT", "/v1/sdxl/transform",
     BEGIN(XL) ",\"denoising_strength\":0.4,\"imageData\":\"" PNG1 "\"}"},
    {"a picture by URL", APIPIE_REQUEST_EDIT, "v1-5-pruned-emaonly", "pU", "/v1/sd/transform",
     BEGIN(OLD) ",\"imageUrl\":\"" ASKS_URL "\"}"},
    {"a mask", APIPIE_REQUEST_EDIT, XL, "pUM", "/v1/sdxl/inpainting",
     BEGIN(XL) ",\"imageUrl\":\"" ASKS_URL "\",\"maskData\":\"" PNG2 "\"}"},
};

static void exactly_this_is_sent(void **state)
{
    struct draw *d = serve(state, &quick);
    const struct ask *a = d->row;
    asks_fresh(d, a->kind, a->model, a->letters);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct raw_request *q = posted(d);
    assert_string_equal(q->body, a->body);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        assert_int_equal(asks_is(q, asks[i].path, asks[i].body),
                         strcmp(asks[i].path, a->path) == 0 && strcmp(asks[i].body, a->body) == 0);
}

struct shape {
    const char *asked, *sent;
    int32_t unsupported;
    size_t warnings;
};

static const struct shape shapes[] = {
    {"square", "\"square\"", APIPIE_UNSUPPORTED_REFUSE, 0},
    {"landscape", "\"landscape\"", APIPIE_UNSUPPORTED_REFUSE, 0},
    {"16:9", "\"landscape\"", APIPIE_UNSUPPORTED_NEAREST, 1},
    {"2:3", "\"portrait\"", APIPIE_UNSUPPORTED_NEAREST, 1},
    {"4:4", "\"square\"", APIPIE_UNSUPPORTED_NEAREST, 1},
    {"round", NULL, APIPIE_UNSUPPORTED_NEAREST, 1},
    {"16:10", NULL, APIPIE_UNSUPPORTED_DROP, 1},
};

static void shapes_have_names(void **state)
{
    struct draw *d = serve(state, &quick);
    const struct shape *s = d->row;
    char sent[200];
    apipie_request_set_unsupported(d->request, s->unsupported);
    apipie_request_set_aspect_ratio(d->request, s->asked);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    snprintf(sent, sizeof sent, BEGIN(XL) "%s%s}", s->sent != NULL ? ",\"aspect_ratio\":" : "",
             s->sent != NULL ? s->sent : "");
    assert_string_equal(posted(d)->body, sent);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), s->warnings);
}

static void sizes_end_at_1024(void **state)
{
    struct draw *d = serve(state, &quick);
    apipie_request_set_size(d->request, 1024, 1025);
    assert_status(apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    assert_contains(apipie_error_message(draw_error(d)), "1 to 1024");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "p");
    apipie_request_set_size(d->request, 800, 2000);
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_NEAREST);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(posted(d)->body, BEGIN(XL) ",\"width\":800,\"height\":1024}");
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 1);
}

static const struct asks_refusal refusals[] = {
    {"no model", APIPIE_REQUEST_IMAGE, NULL, "p", NULL, APIPIE_E_ARGUMENT, "set_model", NULL},
    {"a variation", APIPIE_REQUEST_VARIATION, XL, "I", NULL, APIPIE_E_UNSUPPORTED, "variation",
     NULL},
    {"two pictures", APIPIE_REQUEST_EDIT, XL, "pIJ", NULL, APIPIE_E_UNSUPPORTED, "add_image", NULL},
    {"strength of nothing", APIPIE_REQUEST_IMAGE, XL, "pT", NULL, APIPIE_E_UNSUPPORTED,
     "set_strength", NULL},
    {"a ratio", APIPIE_REQUEST_IMAGE, XL, "pa", NULL, APIPIE_E_UNSUPPORTED,
     "square, portrait and landscape: 16:9", NULL},
    {"a format", APIPIE_REQUEST_IMAGE, XL, "pO", NULL, APIPIE_E_UNSUPPORTED, "set_output_format",
     NULL},
    {"quality", APIPIE_REQUEST_IMAGE, XL, "pq", NULL, APIPIE_E_UNSUPPORTED, "set_quality", NULL},
    {"the picture twice", APIPIE_REQUEST_EDIT, XL, "pI", "imageUrl", APIPIE_E_ARGUMENT, "imageUrl",
     NULL},
    {"the mask twice", APIPIE_REQUEST_EDIT, XL, "pIM", "maskData", APIPIE_E_ARGUMENT, "maskData",
     NULL},
    {"the scale twice", APIPIE_REQUEST_IMAGE, XL, "pG", "cfg_scale", APIPIE_E_ARGUMENT, "cfg_scale",
     NULL},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state, &quick);
    asks_assert_refusal(d, d->row);
}

static void the_shape_cannot_be_set_twice(void **state)
{
    struct draw *d = serve(state, &quick);
    apipie_request_set_aspect_ratio(d->request, "square");
    apipie_request_set_extra(d->request, "aspect_ratio", "\"portrait\"");
    assert_status(apipie_request_perform(d->request), APIPIE_E_ARGUMENT);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

static void a_request_reads_as_it_is_sent(void **state)
{
    struct draw *d = serve(state, &quick);
    char json[400];
    asks_fresh(d, APIPIE_REQUEST_IMAGE, "dreamshaperXL10_alpha2", "pIM");
    assert_in_range(apipie_request_format_json(d->request, json, sizeof json), 1, sizeof json - 1);
    assert_string_equal(json,
                        BEGIN("dreamshaperXL10_alpha2") ",\"imageData\":null,\"maskData\":null}");
}

/* ---- names */

struct name {
    const char *name;
    struct old server;
    const char *model;
    apipie_status want;
    const char *says, *also; /* also: or in the hint */
    int32_t asked;           /* requests */
};

#define QUEUED                                                                                     \
    {                                                                                              \
        200, NULL, STATUS("queued", "")                                                            \
    }
#define POLLS                                                                                      \
    {                                                                                              \
        {                                                                                          \
            200, NULL, DRAWN                                                                       \
        }                                                                                          \
    }
static struct name names[] = {
    {"unknown",
     {"", LISTED, POLLS, 0},
     "dreamshaper_8",
     APIPIE_E_NOT_FOUND,
     "no checkpoint of that name: dreamshaper_8; there are: " XL,
     OLD,
     2},
    {"of nothing",
     {"", {200, NULL, "[]"}, {200, NULL, "[]"}, QUEUED, POLLS, 0},
     "a",
     APIPIE_E_NOT_FOUND,
     "of that name: a",
     "of that name: a",
     2},
    {"a beginning",
     {"", LISTED, POLLS, 0},
     "dreamshaperXL10",
     APIPIE_E_NOT_FOUND,
     "dreamshaperXL10",
     "lists of models",
     2},
    {"in both lists, and one of them again",
     {"", LISTED, POLLS, 0},
     "both",
     APIPIE_E_ARGUMENT,
     "several of that name: both.ckpt [1], both.ckpt [1], both.safetensors [4]",
     "full name",
     2},
    {"twins",
     {"", LISTED, POLLS, 0},
     "twin",
     APIPIE_E_ARGUMENT,
     "sub/twin.safetensors [2], twin.safetensors [3]",
     "full name",
     2},
    {"a list that is none",
     {"", {200, NULL, "{\"models\":[]}"}, {200, NULL, OTHER}, QUEUED, POLLS, 0},
     XL,
     APIPIE_E_MALFORMED,
     "list of models",
     "api.prodia.com",
     1},
    {"no access",
     {"",
      {402, NULL, "{\"error\":\"Your key has no access\"}"},
      {200, NULL, OTHER},
      QUEUED,
      POLLS,
      0},
     XL,
     APIPIE_E_QUOTA,
     "no access",
     "credit",
     1},
    {"a bad key",
     {"",
      {401, "Content-Type: text/plain\r\n", "Invalid API key"},
      {200, NULL, OTHER},
      QUEUED,
      POLLS,
      0},
     XL,
     APIPIE_E_AUTH,
     "Invalid API key",
     "/v1",
     1},
    {"nothing at the other list",
     {"", {200, NULL, LISTS}, {404, NULL, "{}"}, QUEUED, POLLS, 0},
     "sdv1_4",
     APIPIE_E_NOT_FOUND,
     "404",
     "base URL",
     2},
};

static void names_are_looked_up(void **state)
{
    struct draw *d = *state;
    struct name *n = (struct name *)(uintptr_t)d->row;
    serve(state, &n->server);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, n->model, "p");
    assert_ended(d->request, apipie_request_perform(d->request), n->want);
    const apipie_error *e = draw_error(d);
    assert_contains(apipie_error_message(e), n->says);
    if (strstr(apipie_error_message(e), n->also) == NULL)
        assert_contains(apipie_error_hint(e), n->also);
    assert_int_equal(raw_server_count(d->server, "POST"), 0);
    assert_int_equal(raw_server_count(d->server, NULL), n->asked);
    assert_int_equal(apipie_error_billed(e), APIPIE_BILLED_NO);
}

/* ---- jobs that end otherwise */

struct end {
    const char *name;
    struct old server;
    apipie_status want;
    const char *says;
    int32_t billed, looks;
};

static struct end ends[] = {
    {"failed",
     {"", LISTED, {{200, NULL, STATUS("failed", "")}}, 0},
     APIPIE_E_SERVER,
     "failed",
     APIPIE_BILLED_YES,
     1},
    {"failed, and says why",
     {"", LISTED, {{200, NULL, STATUS("failed", ",\"error\":\"NSFW content\"")}}, 0},
     APIPIE_E_CONTENT_POLICY,
     "NSFW",
     APIPIE_BILLED_YES,
     1},
    {"no url",
     {"", LISTED, {{200, NULL, STATUS("succeeded", "")}}, 0},
     APIPIE_E_NO_IMAGE,
     "without a picture",
     APIPIE_BILLED_YES,
     1},
    {"no status",
     {"", LISTED, {{200, NULL, "{\"job\":\"8f1c-7\"}"}}, 0},
     APIPIE_E_MALFORMED,
     "how the job is",
     APIPIE_BILLED_YES,
     1},
    {"no job",
     {"", {200, NULL, LISTS}, {200, NULL, OTHER}, {200, NULL, "{\"status\":\"queued\"}"}, POLLS, 0},
     APIPIE_E_MALFORMED,
     "named no job",
     APIPIE_BILLED_UNKNOWN,
     0},
    {"a job that is a path",
     {"",
      {200, NULL, LISTS},
      {200, NULL, OTHER},
      {200, NULL, "{\"job\":\"../sd/models\",\"status\":\"queued\"}"},
      POLLS,
      0},
     APIPIE_E_MALFORMED,
     "named no job",
     APIPIE_BILLED_UNKNOWN,
     0},
    {"forgotten",
     {"", LISTED, {{404, NULL, "{\"error\":\"no such job\"}"}}, 0},
     APIPIE_E_NOT_FOUND,
     "no such job",
     APIPIE_BILLED_YES,
     1},
    {"not taken",
     {"",
      {200, NULL, LISTS},
      {200, NULL, OTHER},
      {400, "Content-Type: text/plain\r\n", "Invalid Sampler"},
      POLLS,
      0},
     APIPIE_E_PARAMETER,
     "Invalid Sampler",
     APIPIE_BILLED_NO,
     0},
    {"too many",
     {"",
      {200, NULL, LISTS},
      {200, NULL, OTHER},
      {429, "Content-Type: text/plain\r\n", "Slow down"},
      POLLS,
      0},
     APIPIE_E_RATE_LIMITED,
     "Slow down",
     APIPIE_BILLED_NO,
     0},
};

static void jobs_may_end_otherwise(void **state)
{
    struct draw *d = *state;
    struct end *e = (struct end *)(uintptr_t)d->row;
    serve(state, &e->server);
    assert_ended(d->request, apipie_request_perform(d->request), e->want);
    assert_contains(apipie_error_message(draw_error(d)), e->says);
    assert_int_equal(apipie_error_billed(draw_error(d)), e->billed);
    assert_int_equal(atomic_load(&e->server.looks), e->looks);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

/* A job that was taken may have been billed, whatever becomes of it. */
static void a_job_that_failed_is_not_begun_again(void **state)
{
    static struct old failing = {
        "failing", LISTED, {{200, NULL, STATUS("failed", ",\"error\":\"no worker\"")}}, 0};
    struct draw *d = serve(state, &failing);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 2);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_SERVER);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
}

/* A question about a job costs nothing: it is asked again. */
static void a_look_that_fails_is_made_again(void **state)
{
    static struct old stumbling = {
        "stumbling", LISTED, {{503, NULL, "{}"}, {429, NULL, "{}"}, {200, NULL, DRAWN}}, 0};
    struct draw *d = serve(state, &stumbling);
    apipie_client_set_retry(d->client, APIPIE_RETRY_SAFE, 2);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "pS");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
    assert_int_equal(raw_server_count(d->server, "POST"), 1);
    assert_int_equal(atomic_load(&stumbling.looks), 3);
}

static void drawn_at_once(void **state)
{
    struct draw *d = serve(state, &quick);
    uint64_t seed = 0;
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "pS");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(atomic_load(&quick.looks), 0);
    assert_status(apipie_result_image_seed(draw_result(d), 0, &seed), APIPIE_OK);
    assert_true(seed == UINT64_MAX); /* as it was asked for */
}

static void a_picture_outlives_the_words_beside_it(void **state)
{
    static struct old broken = {
        "broken",
        LISTED,
        {{200, NULL, "{\"job\":\"8f1c-7\",\"imageUrl\":\"$ORIGIN/pics/1\",\"status\":\"succ"}},
        0};
    struct draw *d = serve(state, &broken);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "damaged");
}

static void memory_may_run_out(void **state)
{
    static const struct asks_short shorts[] = {
        {"prodia", "/v1", "sdv1_4", "pI", APIPIE_REQUEST_IMAGE},
        {"prodia", "/v1", "twin.safetensors [3]", "pUM", APIPIE_REQUEST_EDIT},
    };
    struct draw *d = serve(state, &quick);
    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++)
        asks_run_out_of_memory(d, &shorts[i]);
}

/* ---- lists */

static void its_models_are_two_lists(void **state)
{
    struct draw *d = serve(state, &quick);
    const apipie_catalog *c = asks_list(d, NULL);
    assert_string_equal(draw_sent(d)->path, "/v1/sd/models");
    assert_int_equal(apipie_catalog_count(c), 5);
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_NAME), "v1-5-pruned-emaonly");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_PROVIDER), "own");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_TYPE), "image");
    assert_contains(apipie_catalog_json(c, 0, NULL), "\"description\":\"" OLD "\"");
    assert_int_equal(apipie_catalog_number(c, 0, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_count(asks_list(d, "image")), 5);
    assert_int_equal(apipie_catalog_count(asks_list(d, "chat")), 0);
    asks_fresh(d, APIPIE_REQUEST_MODELS, NULL, "");
    assert_status(apipie_request_set_filter(d->request, "subtype", "sdxl"), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->path, "/v1/sdxl/models");
    c = apipie_request_catalog(d->request);
    assert_int_equal(apipie_catalog_count(c), 4);
    assert_contains(apipie_catalog_json(c, 0, NULL), "\"subtype\":\"sdxl\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_job_is_looked_at_until_it_is_drawn),
        DRAW_TEST(the_key_has_its_own_header),
        DRAW_TEST(sizes_end_at_1024),
        DRAW_TEST(the_shape_cannot_be_set_twice),
        DRAW_TEST(a_request_reads_as_it_is_sent),
        DRAW_TEST(a_job_that_failed_is_not_begun_again),
        DRAW_TEST(a_look_that_fails_is_made_again),
        DRAW_TEST(drawn_at_once),
        DRAW_TEST(a_picture_outlives_the_words_beside_it),
        DRAW_TEST(memory_may_run_out),
        DRAW_TEST(its_models_are_two_lists),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(exactly_this_is_sent, asks);
    failed += DRAW_ROWS(shapes_have_names, shapes);
    failed += DRAW_ROWS(this_is_refused_before_it_is_sent, refusals);
    failed += DRAW_ROWS(names_are_looked_up, names);
    return failed + DRAW_ROWS(jobs_may_end_otherwise, ends);
}
