/* SPDX-License-Identifier: MIT */
/* DeepInfra: native inference, edits after OpenAI, errors, prices and its list. Knows the public API alone. */
#include "../support/asks.h"

#include <string.h>

#define MODEL "stabilityai/sdxl-turbo"
#define DATA  "data:image/png;base64,"
#define DID(status, ms, cost)                                                                      \
    "\"inference_status\":{\"status\":\"" status "\",\"runtime_ms\":" ms ",\"cost\":" cost         \
    ",\"tokens_generated\":null,\"tokens_input\":null}"
#define WHOLE "{\"images\":[\"" DATA PNG1 "\"]," DID("succeeded", "812", "0.0002") "}"

static struct draw *serve(void **state, int32_t status, const char *body)
{
    struct draw *d = *state;
    const struct draw_reply r = {status, NULL, body};
    asks_serve(d, "deepinfra", "", &r);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "p");
    return d;
}

/* ---- what is sent */

struct ask {
    const char *name;
    int32_t kind;
    const char *letters, *path, *body;
};

#define BEGIN  "{\"prompt\":\"a \\\"lake\\\"\""
#define NATIVE "/v1/inference/" MODEL
#define EDITS  "/v1/openai/images/edits"
#define NAMED  ASKS_FIELD("model", MODEL) ASKS_FIELD("prompt", "a \"lake\"")
#define FIRST  ASKS_FILE("image", "image.png", "image/png", "$1")

static const struct ask asks[] = {
    {"a prompt alone", APIPIE_REQUEST_IMAGE, "p", NATIVE, BEGIN "}"},
    {"in the reply, as always", APIPIE_REQUEST_IMAGE, "prn", NATIVE, BEGIN ",\"num_images\":2}"},
    {"all of it", APIPIE_REQUEST_IMAGE, "pgnstGTS", NATIVE,
     BEGIN ",\"negative_prompt\":\"people\",\"num_images\":2,\"width\":512,\"height\":768,"
           "\"num_inference_steps\":20,\"guidance_scale\":7.5,\"strength\":0.4,"
           "\"seed\":18446744073709551615}"},
    {"an aspect ratio", APIPIE_REQUEST_IMAGE, "pa", NATIVE, BEGIN ",\"aspect_ratio\":\"16:9\"}"},
    {"a picture to start from", APIPIE_REQUEST_IMAGE, "pIT", NATIVE,
     BEGIN ",\"strength\":0.4,\"image\":\"" DATA PNG1 "\"}"},
    {"one by URL", APIPIE_REQUEST_IMAGE, "pU", NATIVE, BEGIN ",\"image\":\"" ASKS_URL "\"}"},
    {"an edit", APIPIE_REQUEST_EDIT, "pI", EDITS, NAMED FIRST "--B--\r\n"},
    {"an edit with all", APIPIE_REQUEST_EDIT, "pIrns", EDITS,
     NAMED ASKS_FIELD("response_format", "b64_json") ASKS_FIELD("n", "2")
         ASKS_FIELD("size", "512x768") FIRST "--B--\r\n"},
    {"several pictures", APIPIE_REQUEST_IMAGE, "pIJ", EDITS,
     NAMED FIRST ASKS_FILE("image", "image-2.jpeg", "image/jpeg", "$3") "--B--\r\n"},
    {"a mask", APIPIE_REQUEST_IMAGE, "pIM", EDITS,
     NAMED FIRST ASKS_FILE("mask", "mask.png", "image/png", "$2") "--B--\r\n"},
};

static void exactly_this_is_sent(void **state)
{
    const struct ask *a = ((struct draw *)*state)->row;
    const int32_t edits = strcmp(a->path, EDITS) == 0;
    struct draw *d = serve(state, 200, edits ? ONE_IMAGE : WHOLE);
    char key[100];
    asks_fresh(d, a->kind, MODEL, a->letters);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct raw_request *q = draw_sent(d);
    assert_string_equal(q->path, a->path);
    if (a->body[0] == '{')
        assert_string_equal(q->body, a->body);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
        assert_int_equal(asks_is(q, asks[i].path, asks[i].body), &asks[i] == a);
    assert_true(raw_request_header(q, "authorization", key, sizeof key));
    assert_string_equal(key, edits ? "Bearer " ASKS_KEY : "bearer " ASKS_KEY);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_string_equal(apipie_result_model(draw_result(d)), MODEL);
}

/* Only the slashes of a name stay what they are. */
static void a_name_becomes_a_path(void **state)
{
    struct draw *d = serve(state, 200, WHOLE);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, "own er/a:b?c#d%\xC3\xA9", "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->path, "/v1/inference/own%20er/a%3Ab%3Fc%23d%25%C3%A9");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "p");
    apipie_request_set_extra(d->request, "scheduler", "\"DDIM\"");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->body, BEGIN ",\"scheduler\":\"DDIM\"}");
}

/* What a veto, a recipe and the cache see names the model, wherever it stands on the wire. */
static void the_model_is_written_down(void **state)
{
    struct draw *d = serve(state, 200, WHOLE);
    char text[400] = "";
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "pI");
    apipie_request_format_json(d->request, text, sizeof text);
    assert_string_equal(text,
                        "{\"model\":\"" MODEL "\",\"prompt\":\"a \\\"lake\\\"\",\"image\":null}");
    asks_fresh(d, APIPIE_REQUEST_EDIT, MODEL, "pIJM");
    apipie_request_format_json(d->request, text, sizeof text);
    assert_string_equal(text, "{\"model\":\"" MODEL
                              "\",\"prompt\":\"a \\\"lake\\\"\",\"image\":[null,null],"
                              "\"mask\":null}");
}

static const struct asks_refusal refusals[] = {
    {"no model", APIPIE_REQUEST_IMAGE, NULL, "p", NULL, APIPIE_E_ARGUMENT, "set_model", NULL},
    {"a way out", APIPIE_REQUEST_IMAGE, "a/../../b", "p", NULL, APIPIE_E_ARGUMENT, "a/../../b",
     NULL},
    {"a dot", APIPIE_REQUEST_IMAGE, "./b", "p", NULL, APIPIE_E_ARGUMENT, "./b", NULL},
    {"no name", APIPIE_REQUEST_IMAGE, "a/", "p", NULL, APIPIE_E_ARGUMENT, "a/", NULL},
    {"no owner", APIPIE_REQUEST_IMAGE, "/a", "p", NULL, APIPIE_E_ARGUMENT, "/a", NULL},
    {"a variation", APIPIE_REQUEST_VARIATION, MODEL, "I", NULL, APIPIE_E_UNSUPPORTED, "variation",
     NULL},
    {"an edit by URL", APIPIE_REQUEST_EDIT, MODEL, "pU", NULL, APIPIE_E_UNSUPPORTED,
     "set_image_url", NULL},
    {"one of several by URL", APIPIE_REQUEST_IMAGE, MODEL, "pIU", NULL, APIPIE_E_UNSUPPORTED,
     "set_image_url", NULL},
    {"steps of an edit", APIPIE_REQUEST_EDIT, MODEL, "pIt", NULL, APIPIE_E_UNSUPPORTED, "set_steps",
     NULL},
    {"a seed of an edit", APIPIE_REQUEST_EDIT, MODEL, "pIS", NULL, APIPIE_E_UNSUPPORTED, "set_seed",
     NULL},
    {"a url", APIPIE_REQUEST_IMAGE, MODEL, "pR", NULL, APIPIE_E_UNSUPPORTED, "b64_json", NULL},
    {"quality", APIPIE_REQUEST_IMAGE, MODEL, "pq", NULL, APIPIE_E_UNSUPPORTED, "set_quality", NULL},
    {"a user", APIPIE_REQUEST_IMAGE, MODEL, "pu", NULL, APIPIE_E_UNSUPPORTED, "set_user", NULL},
    {"a sampler", APIPIE_REQUEST_IMAGE, MODEL, "pm", NULL, APIPIE_E_UNSUPPORTED, "set_sampler",
     NULL},
    {"png", APIPIE_REQUEST_IMAGE, MODEL, "pO", NULL, APIPIE_E_UNSUPPORTED, "set_output_format",
     NULL},
    {"the number as an extra", APIPIE_REQUEST_IMAGE, MODEL, "p", "num_images", APIPIE_E_ARGUMENT,
     "num_images", NULL},
    {"the width as an extra", APIPIE_REQUEST_IMAGE, MODEL, "p", "width", APIPIE_E_ARGUMENT,
     "a setter that must be used: width", NULL},
    {"the height as an extra", APIPIE_REQUEST_IMAGE, MODEL, "p", "height", APIPIE_E_ARGUMENT,
     "a setter that must be used: height", NULL},
    {"the steps as an extra", APIPIE_REQUEST_IMAGE, MODEL, "p", "num_inference_steps",
     APIPIE_E_ARGUMENT, "a setter that must be used: num_inference_steps", NULL},
    {"the picture twice", APIPIE_REQUEST_IMAGE, MODEL, "pI", "image", APIPIE_E_ARGUMENT, "image",
     NULL},
    {"the mask twice", APIPIE_REQUEST_EDIT, MODEL, "pIM", "mask", APIPIE_E_ARGUMENT, "mask", NULL},
    {"the height twice", APIPIE_REQUEST_IMAGE, MODEL, "ps", "height", APIPIE_E_ARGUMENT, "height",
     NULL},
    {"a webhook", APIPIE_REQUEST_IMAGE, MODEL, "p", "webhook", APIPIE_E_UNSUPPORTED, "webhook",
     NULL},
    {"a stream", APIPIE_REQUEST_IMAGE, MODEL, "p", "stream", APIPIE_E_UNSUPPORTED, "stream", NULL},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state, 200, WHOLE);
    asks_assert_refusal(d, d->row);
}

static void sizes_and_numbers_have_bounds(void **state)
{
    static const char *const want[] = {NULL, BEGIN "}",
                                       BEGIN ",\"num_images\":4,\"width\":128,\"height\":2048}"};
    struct draw *d = serve(state, 200, WHOLE);
    for (int32_t how = APIPIE_UNSUPPORTED_REFUSE; how <= APIPIE_UNSUPPORTED_NEAREST; how++) {
        asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "p");
        apipie_request_set_n(d->request, 5);
        apipie_request_set_size(d->request, 64, 4096);
        assert_status(apipie_request_set_unsupported(d->request, how), APIPIE_OK);
        assert_ended(d->request, apipie_request_perform(d->request),
                     how == APIPIE_UNSUPPORTED_REFUSE ? APIPIE_E_UNSUPPORTED : APIPIE_OK);
        if (how == APIPIE_UNSUPPORTED_REFUSE)
            continue;
        assert_string_equal(draw_sent(d)->body, want[how]);
    }
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, "p");
    apipie_request_set_n(d->request, 5);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    assert_contains(apipie_error_message(draw_error(d)), "set_n");
}

/* ---- replies */

static void a_whole_reply_is_understood(void **state)
{
    struct draw *d =
        serve(state, 200,
              "{\"images\":[\"" DATA PNG1 "\",\"data:image/jpeg;base64," JPEG1
              "\"],\"nsfw_content_detected\":[false,false],\"seed\":18446744073709551614,"
              "\"request_id\":\"RkZ-1\",\"inference_status\":{\"status\":\"succeeded\","
              "\"runtime_ms\":812,\"cost\":0.00025,\"tokens_generated\":7,\"tokens_input\":3}}");
    uint64_t seed = 0;
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    draw_assert_image(r, 0, PNG1, "image/png");
    draw_assert_image(r, 1, JPEG1, "image/jpeg");
    assert_status(apipie_result_image_seed(r, 0, &seed), APIPIE_OK);
    assert_true(seed == UINT64_MAX - 1);
    assert_int_not_equal(apipie_result_image_seed(r, 1, &seed), APIPIE_OK);
    assert_int_equal(apipie_result_cost(r), INT64_C(250000000));
    assert_int_equal(apipie_result_latency(r), 812);
    assert_int_equal(apipie_result_prompt_tokens(r), 3);
    assert_int_equal(apipie_result_completion_tokens(r), 7);
    assert_string_equal(apipie_result_request_id(r), "RkZ-1");
    assert_int_equal(apipie_result_warning_count(r), 0);
}

/* The other shape: one picture, by url. */
static void a_picture_by_url(void **state)
{
    struct draw *d = serve(state, 200,
                           "{\"image_url\":\"$ORIGIN/pics/3\"," DID(
                               "unknown", "5", "0.04") ",\"request_id\":\"R2\",\"status\":\"ok\"}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG3, "image/png");
    assert_int_equal(apipie_result_cost(draw_result(d)), INT64_C(40000000000));
    assert_string_equal(apipie_result_request_id(draw_result(d)), "R2");
}

static void a_missing_picture_is_missing_alone(void **state)
{
    struct draw *d =
        serve(state, 200,
              "{\"images\":[null,\"" DATA PNG2 "\",\"\"],"
              "\"nsfw_content_detected\":[true,false,false]," DID("succeeded", "9", "0.1") "}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), 3);
    assert_int_equal(apipie_result_image_size(r, 0), 0);
    draw_assert_image(r, 1, PNG2, "image/png");
    assert_int_equal(apipie_result_image_size(r, 2), 0);
    assert_contains(apipie_result_warning(r, 0), "not safe for work: 1");
}

/* Whole pictures are delivered, whatever is said beside them. */
static void a_picture_of_a_failure_is_delivered(void **state)
{
    struct draw *d =
        serve(state, 200, "{\"images\":[\"" DATA PNG1 "\"]," DID("failed", "0", "0") "}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "failed");
    assert_int_equal(apipie_result_cost(draw_result(d)), APIPIE_UNKNOWN); /* not free */
}

struct seed {
    const char *name;
    const char *json;
    int32_t ask;
    int32_t known;
    uint64_t want;
};

#define ROUNDED "18446744073709552000"

static const struct seed seeds[] = {
    {"small", "7", 0, 1, 7},
    {"a text", "\"12345678901234567890\"", 0, 1, UINT64_C(12345678901234567890)},
    {"the largest", "18446744073709551615", 0, 1, UINT64_MAX},
    {"rounded, and nobody's", ROUNDED, 0, 0, 0},
    {"ours, rounded", ROUNDED, 1, 1, UINT64_MAX},
    {"ours, through a double", "18446744073709551000", 1, 1, UINT64_MAX},
    {"nobody's, through a double", "18446744073709551000", 0, 1, UINT64_C(18446744073709551000)},
    {"not ours", "7", 1, 1, 7},
    {"null", "null", 1, 0, 0},
    {"negative", "-1", 0, 0, 0},
};

static void seeds_have_64_bits(void **state)
{
    struct draw *d = *state;
    const struct seed *s = d->row;
    char body[2000];
    uint64_t got = 0;
    strcpy(body, "{\"images\":[\"" DATA PNG1 "\"],\"seed\":");
    strcat(body, s->json);
    strcat(body, "}");
    serve(state, 200, body);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, MODEL, s->ask ? "pS" : "p");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_seed(draw_result(d), 0, &got) == APIPIE_OK, s->known);
    if (s->known)
        assert_true(got == s->want);
}

/* ---- errors */

static const struct asks_failure failures[] = {
    {"a parameter", 422,
     "{\"detail\":[{\"loc\":[\"body\",\"width\"],\"msg\":\"value is not a multiple of 8\","
     "\"type\":\"value_error\"}]}",
     APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, "value_error", "multiple of 8", NULL},
    {"an object", 400, "{\"detail\":{\"error\":\"bad size\"}}", APIPIE_E_PARAMETER, 0,
     APIPIE_BILLED_NO, NULL, "bad size", NULL},
    {"a text", 400, "{\"detail\":\"bad seed\"}", APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO, NULL,
     "bad seed", NULL},
    {"another text", 400, "{\"error\":\"bad steps\"}", APIPIE_E_PARAMETER, 0, APIPIE_BILLED_NO,
     NULL, "bad steps", NULL},
    {"of an edit", 400, "{\"error\":{\"message\":\"bad image\"}}", APIPIE_E_PARAMETER, 0,
     APIPIE_BILLED_NO, NULL, "bad image", NULL},
    {"a bad key", 401, "{\"detail\":{\"error\":\"User is not authenticated\"}}", APIPIE_E_AUTH, 0,
     APIPIE_BILLED_NO, NULL, "authenticated", NULL},
    {"no balance", 402, "{\"detail\":{\"error\":\"inference prohibited, please add balance\"}}",
     APIPIE_E_QUOTA, 0, APIPIE_BILLED_NO, NULL, "balance", "top up"},
    {"no model", 404, "{\"detail\":{\"error\":\"Model is not available\"}}", APIPIE_E_NOT_FOUND, 0,
     APIPIE_BILLED_NO, NULL, "not available", "owner"},
    {"too many", 429, "{\"detail\":{\"error\":\"Rate limit exceeded\"}}", APIPIE_E_RATE_LIMITED, 1,
     APIPIE_BILLED_NO, NULL, "Rate limit", "200"},
    {"failed", 500, "{\"detail\":{\"error\":\"internal error\"}}", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "internal", NULL},
    {"busy", 503, "{\"detail\":{\"error\":\"Model busy\"}}", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "busy", NULL},
    {"it has failed", 200, "{\"images\":null," DID("failed", "3", "0.0") "}", APIPIE_E_SERVER, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "inference has failed", "request id"},
    {"it only waits", 200, "{\"images\":null," DID("queued", "0", "0.0") "}", APIPIE_E_NO_IMAGE, 1,
     APIPIE_BILLED_UNKNOWN, NULL, "without a picture", NULL},
    {"a filter", 200,
     "{\"images\":[null],\"nsfw_content_detected\":[true]," DID("succeeded", "9", "0.001") "}",
     APIPIE_E_CONTENT_POLICY, 0, APIPIE_BILLED_YES, NULL, "kept the picture back", "prompt"},
    {"nothing", 200, "{\"images\":[\"\"]," DID("succeeded", "9", "0.001") "}", APIPIE_E_NO_IMAGE, 1,
     APIPIE_BILLED_YES, NULL, "without a picture", NULL},
    {"an error as a success", 200, "{\"detail\":{\"error\":\"oops\"},\"error\":\"oops\"}",
     APIPIE_E_SERVER, 1, APIPIE_BILLED_UNKNOWN, NULL, "oops", NULL},
};

static void errors_mean_what_they_say(void **state)
{
    struct draw *d = *state;
    const struct asks_failure *f = d->row;
    serve(state, f->status, f->body);
    asks_assert_failure(d, f);
}

/* ---- its list */

static const char list[] =
    "[{\"model_name\":\"black-forest-labs/FLUX-1-dev\",\"type\":\"text-to-image\","
    "\"reported_type\":\"text-to-image\",\"description\":\"FLUX\",\"pricing\":{"
    "\"type\":\"image_units\",\"cents_per_image_unit\":0.9,\"default_width\":1024,"
    "\"default_height\":1024,\"default_iterations\":25},\"deprecated\":null},"
    "{\"model_name\":\"b/flat\",\"type\":\"text-to-image\",\"pricing\":{\"type\":\"image_units\","
    "\"cents_per_image_unit\":4,\"default_width\":0,\"default_height\":0,"
    "\"default_iterations\":0}},"
    "{\"model_name\":\"CompVis/old\",\"type\":\"text-to-image\",\"pricing\":{\"type\":\"time\","
    "\"cents_per_sec\":0.05},\"deprecated\":1727395200},"
    "{\"model_name\":\"meta/"
    "llama\",\"type\":\"text-generation\",\"pricing\":{\"type\":\"tokens\"}},"
    "{\"type\":\"text-to-image\"}]";

static void its_models_are_listed_with_prices(void **state)
{
    struct draw *d = *state;
    asks_serve_list(d, "deepinfra", "", list);
    const apipie_catalog *c = asks_list(d, NULL);
    assert_string_equal(draw_sent(d)->path, "/models/list");
    assert_int_equal(apipie_catalog_count(c), 4);
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_PROVIDER), "own");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_NAME),
                        "black-forest-labs/FLUX-1-dev");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_TYPE), "image");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_SUBTYPE), "text-to-image");
    assert_string_equal(apipie_catalog_text(c, 0, APIPIE_MODEL_DESCRIPTION), "FLUX");
    assert_int_equal(apipie_catalog_number(c, 0, APIPIE_MODEL_PRICE), INT64_C(9000000000));
    assert_int_equal(apipie_catalog_number(c, 1, APIPIE_MODEL_PRICE), INT64_C(40000000000));
    assert_int_equal(apipie_catalog_number(c, 2, APIPIE_MODEL_PRICE), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_number(c, 0, APIPIE_MODEL_ENABLED), APIPIE_UNKNOWN);
    assert_int_equal(apipie_catalog_number(c, 2, APIPIE_MODEL_ENABLED), 0);
    assert_string_equal(apipie_catalog_text(c, 3, APIPIE_MODEL_TYPE), "text-generation");
    assert_int_equal(apipie_catalog_count(asks_list(d, "image")), 3);
    assert_int_equal(apipie_catalog_count(asks_list(d, "voice")), 0);
}

/* Once the list is known: by each side and by the steps, at the model's own size and steps where none are set, and flat where the list says
 * so. */
static void what_a_picture_costs_is_known_beforehand(void **state)
{
    static const struct {
        const char *model;
        int32_t width, height, steps, n;
        int64_t want;
    } rows[] = {
        {"black-forest-labs/FLUX-1-dev", 0, 0, 0, 0, INT64_C(9000000000)},
        {"black-forest-labs/FLUX-1-dev", 1024, 1024, 25, 1, INT64_C(9000000000)},
        {"black-forest-labs/FLUX-1-dev", 512, 1024, 50, 0, INT64_C(9000000000)},
        {"black-forest-labs/FLUX-1-dev", 512, 512, 5, 2, INT64_C(900000000)},
        {"black-forest-labs/FLUX-1-dev", 129, 129, 0, 0, INT64_C(142830849)}, /* rounded up */
        {"b/flat", 2048, 2048, 50, 0, INT64_C(40000000000)},
        {"CompVis/old", 512, 512, 0, 0, APIPIE_UNKNOWN},
        {"not/there", 512, 512, 0, 0, APIPIE_UNKNOWN},
    };
    struct draw *d = *state;
    int32_t source = 99;
    asks_serve_list(d, "deepinfra", "", list);
    for (int32_t listed = 0; listed < 2; listed++) {
        if (listed)
            asks_list(d, NULL);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            apipie_request *r = apipie_request_new(d->client, APIPIE_REQUEST_IMAGE);
            apipie_request_set_backend(r, "own");
            apipie_request_set_model(r, rows[i].model);
            if (rows[i].width != 0)
                apipie_request_set_size(r, rows[i].width, rows[i].height);
            if (rows[i].steps != 0)
                apipie_request_set_steps(r, rows[i].steps);
            if (rows[i].n != 0)
                apipie_request_set_n(r, rows[i].n);
            const int64_t want = listed ? rows[i].want : APIPIE_UNKNOWN;
            const int64_t got = apipie_client_estimate(d->client, r, &source);
            if (got != want)
                fail_msg("row %d: %lld", (int)i, (long long)got);
            assert_int_equal(source, want < 0 ? APIPIE_PRICE_NONE : APIPIE_PRICE_LISTED);
            apipie_request_unref(r);
        }
    }
}

/* What counts is what is sent: a size that is left out is the model's own, one that is changed is the new one. */
static void what_is_sent_is_what_a_budget_counts(void **state)
{
    static const struct {
        int32_t unsupported;
        int64_t want;
    } rows[] = {
        {APIPIE_UNSUPPORTED_DROP, INT64_C(9000000000)},
        {APIPIE_UNSUPPORTED_NEAREST, INT64_C(140625000)}, /* 128x128 */
    };
    struct draw *d = *state;
    int32_t source = 99;
    asks_serve_list(d, "deepinfra", "", list);
    asks_list(d, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        asks_fresh(d, APIPIE_REQUEST_IMAGE, "black-forest-labs/FLUX-1-dev", "p");
        apipie_request_set_size(d->request, 16, 16);
        apipie_request_set_unsupported(d->request, rows[i].unsupported);
        assert_int_equal(apipie_client_estimate(d->client, d->request, &source), rows[i].want);
        assert_status(apipie_request_set_budget(d->request, rows[i].want - 1), APIPIE_OK);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_BUDGET);
        assert_int_equal(raw_server_count(d->server, "POST"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_name_becomes_a_path),
        DRAW_TEST(the_model_is_written_down),
        DRAW_TEST(sizes_and_numbers_have_bounds),
        DRAW_TEST(a_whole_reply_is_understood),
        DRAW_TEST(a_picture_by_url),
        DRAW_TEST(a_missing_picture_is_missing_alone),
        DRAW_TEST(a_picture_of_a_failure_is_delivered),
        DRAW_TEST(its_models_are_listed_with_prices),
        DRAW_TEST(what_a_picture_costs_is_known_beforehand),
        DRAW_TEST(what_is_sent_is_what_a_budget_counts),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(exactly_this_is_sent, asks);
    failed += DRAW_ROWS(this_is_refused_before_it_is_sent, refusals);
    failed += DRAW_ROWS(seeds_have_64_bits, seeds);
    return failed + DRAW_ROWS(errors_mean_what_they_say, failures);
}
