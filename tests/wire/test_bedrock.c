/* SPDX-License-Identifier: MIT */
/* Stability's models on Amazon Bedrock: exactly what is sent, and what is not. Knows the public API alone. */
#include "../support/asks.h"

#include <stdlib.h>
#include <string.h>

#define KEY   "ABSKdGhpcyBpcyBubyBrZXk="
#define SDXL  "stability.stable-diffusion-xl-v1"
#define SDXL0 "stability.stable-diffusion-xl-v0"
#define SD35  "stability.sd3-5-large-v1:0"
#define CORE  "stability.stable-image-core-v1:1"
#define ULTRA "stability.stable-image-ultra-v1:0"

#define ONE "{\"seeds\":[7],\"finish_reasons\":[null],\"images\":[\"" PNG1 "\"]}"

/* The server speaks bedrock here; a request is there. */
static struct draw *serve(void **state)
{
    static const struct draw_reply one = {200, NULL, ONE};
    struct draw *d = *state;
    asks_serve(d, "bedrock", "", &one);
    assert_status(apipie_client_set_backend_key(d->client, "own", KEY), APIPIE_OK);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, SD35, "p");
    return d;
}

/* ---- what is asked, as a row of a table writes it: letters that stand for setters */

static apipie_status own_extra(apipie_request *r, char what)
{
    switch (what) {
    case 'x':
        return apipie_request_set_extra(r, "style_preset", "\"anime\"");
    case 'X':
        return apipie_request_set_extra(r, "text_prompts", " [{\"text\":\"fog\",\"weight\":0.5}]");
    case 'Y':
        return apipie_request_set_extra(r, "text_prompts", "\"fog\"");
    case 'B':
        return apipie_request_set_extra(r, "mask_source", "\"MASK_IMAGE_BLACK\"");
    case 'C':
        return apipie_request_set_extra(r, "cfg_scale", "3");
    case 'W':
        return apipie_request_set_extra(r, "samples", "2");
    default:
        return APIPIE_E_ARGUMENT;
    }
}

static apipie_status own(apipie_request *r, char what)
{
    switch (what) {
    case '1':
        return apipie_request_set_n(r, 1);
    case 'e':
        return apipie_request_set_seed(r, 4294967295U);
    case 'E':
        return apipie_request_set_seed(r, 4294967296U);
    case 'z':
        return apipie_request_set_size(r, 1216, 832);
    case 'Z':
        return apipie_request_set_size(r, 800, 600);
    case 'A':
        return apipie_request_set_aspect_ratio(r, "7:3");
    case 'k':
        return apipie_request_set_sampler(r, "K_EULER");
    case 'w':
        return apipie_request_set_strength(r, 0.7);
    case 'D':
        return apipie_request_add_image_url(r, "data:image/png;base64,QUJD");
    default:
        return own_extra(r, what);
    }
}

static void fresh(struct draw *d, int32_t kind, const char *model, const char *letters)
{
    asks_fresh_own(d, kind, model, letters, own);
}

struct ask {
    const char *name;
    int32_t kind;
    const char *model, *letters, *path, *body;
};

#define SDXL_PATH "/model/stability.stable-diffusion-xl-v1/invoke"
#define SD35_PATH "/model/stability.sd3-5-large-v1%3A0/invoke"
#define ARN       "arn:aws:bedrock:us-west-2::foundation-model/stability.sd3-large-v1:0"
#define ARN_PATH                                                                                   \
    "/model/arn%3Aaws%3Abedrock%3Aus-west-2%3A%3Afoundation-model%2Fstability.sd3-large-v1%3A0/"   \
    "invoke"
#define PROMPTS "{\"text_prompts\":[{\"text\":\"a \\\"lake\\\"\"}"

static const struct ask asks[] = {
    {"a prompt alone, of SDXL", APIPIE_REQUEST_IMAGE, SDXL, "p", SDXL_PATH, PROMPTS "]}"},
    {"all of SDXL", APIPIE_REQUEST_IMAGE, SDXL, "pgGet1zkx", SDXL_PATH,
     PROMPTS ",{\"text\":\"people\",\"weight\":-1}],\"cfg_scale\":7.5,\"seed\":4294967295,"
             "\"steps\":20,\"samples\":1,\"width\":1216,\"height\":832,\"sampler\":\"K_EULER\","
             "\"style_preset\":\"anime\"}"},
    {"more weighted prompts", APIPIE_REQUEST_IMAGE, SDXL, "pgX", SDXL_PATH,
     PROMPTS ",{\"text\":\"people\",\"weight\":-1},{\"text\":\"fog\",\"weight\":0.5}]}"},
    {"all of the first SDXL", APIPIE_REQUEST_IMAGE, SDXL0, "pgGet1",
     "/model/stability.stable-diffusion-xl-v0/invoke",
     PROMPTS ",{\"text\":\"people\",\"weight\":-1}],\"cfg_scale\":7.5,\"seed\":4294967295,"
             "\"steps\":20}"},
    {"SDXL from an image", APIPIE_REQUEST_EDIT, SDXL, "pIw", SDXL_PATH,
     PROMPTS "],\"image_strength\":0.3,\"init_image\":\"" PNG1 "\"}"},
    {"SDXL under a mask", APIPIE_REQUEST_EDIT, SDXL, "pIM", SDXL_PATH,
     PROMPTS "],\"init_image\":\"" PNG1
             "\",\"mask_source\":\"MASK_IMAGE_WHITE\",\"mask_image\":\"" PNG2 "\"}"},
    {"... which is a black one", APIPIE_REQUEST_EDIT, SDXL, "pIMB", SDXL_PATH,
     PROMPTS "],\"mask_source\":\"MASK_IMAGE_BLACK\",\"init_image\":\"" PNG1
             "\",\"mask_image\":\"" PNG2 "\"}"},
    {"a prompt alone, of SD3.5", APIPIE_REQUEST_IMAGE, SD35, "p", SD35_PATH,
     "{\"prompt\":\"a \\\"lake\\\"\"}"},
    {"all of SD3.5", APIPIE_REQUEST_IMAGE, SD35, "pgae1j", SD35_PATH,
     "{\"prompt\":\"a \\\"lake\\\"\",\"negative_prompt\":\"people\",\"aspect_ratio\":\"16:9\","
     "\"output_format\":\"JPEG\",\"seed\":4294967295}"},
    {"SD3.5 from an image", APIPIE_REQUEST_EDIT, SD35, "pIw", SD35_PATH,
     "{\"prompt\":\"a \\\"lake\\\"\",\"strength\":0.7,\"mode\":\"image-to-image\",\"image\":\"" PNG1
     "\"}"},
    {"Ultra from an image by data URL", APIPIE_REQUEST_IMAGE, ULTRA, "pDw",
     "/model/stability.stable-image-ultra-v1%3A0/invoke",
     "{\"prompt\":\"a \\\"lake\\\"\",\"strength\":0.7,\"mode\":\"image-to-image\","
     "\"image\":\"QUJD\"}"},
    {"Core", APIPIE_REQUEST_IMAGE, CORE, "pae", "/model/stability.stable-image-core-v1%3A1/invoke",
     "{\"prompt\":\"a \\\"lake\\\"\",\"aspect_ratio\":\"16:9\",\"seed\":4294967295}"},
    {"an ARN", APIPIE_REQUEST_IMAGE, ARN, "pg", ARN_PATH,
     "{\"prompt\":\"a \\\"lake\\\"\",\"negative_prompt\":\"people\"}"},
};

static void exactly_this_is_sent(void **state)
{
    struct draw *d = serve(state);
    const struct ask *a = d->row;
    char text[200];
    fresh(d, a->kind, a->model, a->letters);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    const struct raw_request *q = raw_server_request(d->server, 0);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->path, a->path);
    assert_string_equal(q->body, a->body);
    assert_true(raw_request_header(q, "authorization", text, sizeof text));
    assert_string_equal(text, "Bearer " KEY);
    assert_true(raw_request_header(q, "accept", text, sizeof text));
    assert_string_equal(text, "application/json");
    assert_false(raw_request_header(q, "x-amz-date", text, sizeof text));
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) /* and nobody else's */
        assert_int_equal(asks_is(q, asks[i].path, asks[i].body), &asks[i] == a);
}

/* ---- what is not sent */

struct refusal {
    const char *name;
    int32_t kind;
    const char *model, *letters;
    apipie_status status;
    const char *says;
};

static const struct refusal refusals[] = {
    {"no model", APIPIE_REQUEST_IMAGE, NULL, "p", APIPIE_E_ARGUMENT, "set_model"},
    {"a variation", APIPIE_REQUEST_VARIATION, SDXL, "I", APIPIE_E_UNSUPPORTED, "variations"},
    {"a size of SDXL", APIPIE_REQUEST_IMAGE, SDXL, "pZ", APIPIE_E_UNSUPPORTED, "800x600"},
    {"any size of the first SDXL", APIPIE_REQUEST_IMAGE, SDXL0, "pz", APIPIE_E_UNSUPPORTED,
     "set_size"},
    {"an image of the first SDXL", APIPIE_REQUEST_IMAGE, SDXL0, "pI", APIPIE_E_UNSUPPORTED,
     "set_image"},
    {"a sampler of the first SDXL", APIPIE_REQUEST_IMAGE, SDXL0, "pk", APIPIE_E_UNSUPPORTED,
     "set_sampler"},
    {"a ratio of SDXL", APIPIE_REQUEST_IMAGE, SDXL, "pa", APIPIE_E_UNSUPPORTED, "set_aspect_ratio"},
    {"strength without an image", APIPIE_REQUEST_IMAGE, SDXL, "pw", APIPIE_E_UNSUPPORTED,
     "set_strength"},
    {"two images", APIPIE_REQUEST_EDIT, SDXL, "pII", APIPIE_E_UNSUPPORTED, "add_image"},
    {"an image by URL", APIPIE_REQUEST_EDIT, SDXL, "pU", APIPIE_E_UNSUPPORTED, "set_image_url"},
    {"steps of SD3.5", APIPIE_REQUEST_IMAGE, SD35, "pt", APIPIE_E_UNSUPPORTED, "set_steps"},
    {"guidance of SD3.5", APIPIE_REQUEST_IMAGE, SD35, "pG", APIPIE_E_UNSUPPORTED, "set_guidance"},
    {"a size of SD3.5", APIPIE_REQUEST_IMAGE, SD35, "pz", APIPIE_E_UNSUPPORTED, "set_aspect_ratio"},
    {"a ratio that is none of its", APIPIE_REQUEST_IMAGE, SD35, "pA", APIPIE_E_UNSUPPORTED, "7:3"},
    {"a ratio beside an image", APIPIE_REQUEST_EDIT, SD35, "pIa", APIPIE_E_UNSUPPORTED,
     "set_aspect_ratio"},
    {"a mask of SD3.5", APIPIE_REQUEST_EDIT, SD35, "pIM", APIPIE_E_UNSUPPORTED, "set_mask"},
    {"webp", APIPIE_REQUEST_IMAGE, SD35, "po", APIPIE_E_UNSUPPORTED, "webp"},
    {"an image of Core", APIPIE_REQUEST_IMAGE, CORE, "pI", APIPIE_E_UNSUPPORTED, "set_image"},
    {"quality", APIPIE_REQUEST_IMAGE, SD35, "pq", APIPIE_E_UNSUPPORTED, "set_quality"},
    {"a large seed", APIPIE_REQUEST_IMAGE, SD35, "pE", APIPIE_E_ARGUMENT, "set_seed"},
    {"a field twice", APIPIE_REQUEST_IMAGE, SDXL, "pGC", APIPIE_E_ARGUMENT, "cfg_scale"},
    {"pictures by an extra field", APIPIE_REQUEST_IMAGE, SDXL, "pW", APIPIE_E_ARGUMENT, "samples"},
    {"prompts that are no list", APIPIE_REQUEST_IMAGE, SDXL, "pY", APIPIE_E_ARGUMENT,
     "text_prompts"},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state);
    const struct refusal *a = d->row;
    fresh(d, a->kind, a->model, a->letters);
    asks_assert_refused(d, a->status, a->says);
}

struct bend {
    const char *name;
    const char *model, *letters, *dropped, *nearest; /* bodies */
    const char *warning;                             /* of the nearest */
};

#define LAKE "{\"prompt\":\"a \\\"lake\\\"\""
static const struct bend bends[] = {
    {"a size of SDXL", SDXL, "pZ", PROMPTS "]}", PROMPTS "],\"width\":1152,\"height\":896}",
     "1152x896"},
    {"a size of SD3.5", SD35, "pZ", LAKE "}", LAKE ",\"aspect_ratio\":\"5:4\"}", "5:4"},
    {"a ratio", SD35, "pA", LAKE "}", LAKE ",\"aspect_ratio\":\"21:9\"}", "21:9"},
    {"size and ratio", SD35, "pza", LAKE ",\"aspect_ratio\":\"16:9\"}",
     LAKE ",\"aspect_ratio\":\"16:9\"}", "set_size"},
    {"webp", SD35, "po", LAKE "}", LAKE ",\"output_format\":\"PNG\"}", "PNG"},
    {"an image", CORE, "pI", LAKE "}", LAKE "}", "set_image"},
};

static void what_it_does_not_take_is_left_out_or_changed(void **state)
{
    struct draw *d = serve(state);
    const struct bend *b = d->row;
    for (int32_t how = APIPIE_UNSUPPORTED_DROP; how <= APIPIE_UNSUPPORTED_NEAREST; how++) {
        fresh(d, APIPIE_REQUEST_IMAGE, b->model, b->letters);
        apipie_request_set_unsupported(d->request, how);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        const struct raw_request *q = draw_sent(d);
        assert_string_equal(q->body, how == APIPIE_UNSUPPORTED_DROP ? b->dropped : b->nearest);
        assert_true(apipie_result_warning_count(draw_result(d)) > 0);
        if (how == APIPIE_UNSUPPORTED_NEAREST)
            assert_contains(apipie_result_warning(draw_result(d), 0), b->warning);
    }
}

/* Bedrock draws one picture a call. */
static void several_are_asked_for_one_by_one(void **state)
{
    struct draw *d = serve(state);
    fresh(d, APIPIE_REQUEST_IMAGE, SD35, "p");
    apipie_request_set_n(d->request, 3);
    apipie_request_set_seed(d->request, 4294967294U);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 3);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
    assert_int_equal(draw_posts(d->server, LAKE ",\"seed\":4294967294}"), 1);
    assert_int_equal(draw_posts(d->server, LAKE ",\"seed\":4294967295}"), 1);
    assert_int_equal(draw_posts(d->server, LAKE ",\"seed\":0}"), 1); /* they go round */
}

static void what_is_too_large_is_not_sent(void **state)
{
    struct draw *d = serve(state);
    const size_t n = 18750000; /* in base64 25,000,000 */
    uint8_t *bytes = calloc(1, n);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    fresh(d, APIPIE_REQUEST_EDIT, SD35, "p");
    assert_status(apipie_request_add_image_bytes(d->request, bytes, n), APIPIE_OK);
    free(bytes);
    asks_assert_refused(d, APIPIE_E_LIMIT, "25,000,000");
}

/* What is shown of a request has the same names. */
static void the_parameters_can_be_seen(void **state)
{
    struct draw *d = serve(state);
    char text[400];
    size_t n = 0;
    fresh(d, APIPIE_REQUEST_IMAGE, SDXL, "pgIM");
    n = apipie_request_format_json(d->request, text, sizeof text);
    assert_true(n > 0 && n < sizeof text);
    assert_string_equal(text, PROMPTS ",{\"text\":\"people\",\"weight\":-1}],\"init_image\":null,"
                                      "\"mask_source\":\"MASK_IMAGE_WHITE\",\"mask_image\":null}");
}

/* ---- keys that are to sign with */

struct pair {
    const char *name, *base_url, *key;
    apipie_status status;
    const char *says;
};

#define PAIR "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define AWS  "https://bedrock-runtime.us-east-1.amazonaws.com"
#ifdef WITHOUT_SIGV4 /* an API key still works: see above */
#define PAIRED(status, says) APIPIE_E_UNSUPPORTED, "without SigV4"
#else
#define PAIRED(status, says) status, says
#endif

static const struct pair pairs[] = {
    {"no secret", AWS, "AKIDEXAMPLE:", PAIRED(APIPIE_E_CONFIG, "key is none")},
    {"four parts", AWS, PAIR ":t:u", PAIRED(APIPIE_E_CONFIG, "key is none")},
    {"no region", "http://127.0.0.1:9", PAIR, PAIRED(APIPIE_E_CONFIG, "names no region")},
    {"the name alone", "https://bedrock-runtime/us-east-1", PAIR,
     PAIRED(APIPIE_E_CONFIG, "names no region")},
};

/* Seen by submit, before anything is sent or put aside. */
static void a_pair_that_cannot_sign_is_refused(void **state)
{
    struct draw *d = *state;
    const struct pair *p = d->row;
    serve(state);
    assert_status(apipie_client_add_backend(d->client, "pair", "bedrock", p->base_url), APIPIE_OK);
    assert_status(apipie_client_set_backend_key(d->client, "pair", p->key), APIPIE_OK);
    assert_status(apipie_request_set_backend(d->request, "pair"), APIPIE_OK);
    assert_status(apipie_request_submit(d->request), p->status);
    assert_contains(apipie_error_message(draw_error(d)), p->says);
    assert_lacks(apipie_error_message(draw_error(d)), "EXAMPLE");
}

/* There is no list to be had at this address, nor bills. */
static void it_has_no_lists(void **state)
{
    struct draw *d = serve(state);
    fresh(d, APIPIE_REQUEST_MODELS, NULL, "");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    fresh(d, APIPIE_REQUEST_HISTORY, NULL, "");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    assert_int_equal(raw_server_count(d->server, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(several_are_asked_for_one_by_one),
        DRAW_TEST(what_is_too_large_is_not_sent),
        DRAW_TEST(the_parameters_can_be_seen),
        DRAW_TEST(it_has_no_lists),
    };
    return DRAW_ROWS(exactly_this_is_sent, asks) +
           DRAW_ROWS(this_is_refused_before_it_is_sent, refusals) +
           DRAW_ROWS(what_it_does_not_take_is_left_out_or_changed, bends) +
           DRAW_ROWS(a_pair_that_cannot_sign_is_refused, pairs) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
