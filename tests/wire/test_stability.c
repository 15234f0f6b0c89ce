/* SPDX-License-Identifier: MIT */
/* Stability's platform: exactly what is sent where, and what is not. Knows the public API alone. */
#include "../support/asks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XL  "stable-diffusion-xl-1024-v1-0"
#define V16 "stable-diffusion-v1-6"
#define HEADERS                                                                                    \
    "Content-Type: image/png\r\nfinish-reason: SUCCESS\r\nseed: 343940597\r\nx-request-id: "       \
    "r-1\r\n"

static struct draw *serve(void **state)
{
    static const struct draw_reply r = {200, HEADERS, DRAW_PICTURE};
    struct draw *d = *state;
    asks_serve(d, "stability", "", &r);
    return d;
}

/* ---- what is sent */

struct ask {
    const char *name;
    int32_t kind;
    const char *model, *letters, *extra, *value;
    const char *path, *body;
};

#define V2      "/v2beta/stable-image/"
#define V1      "/v1/generation/"
#define PROMPT  ASKS_FIELD("prompt", "a \"lake\"")
#define PEOPLE  ASKS_FIELD("negative_prompt", "people")
#define WIDE    ASKS_FIELD("aspect_ratio", "16:9")
#define SEED    ASKS_FIELD("seed", "7")
#define FORMAT  ASKS_FIELD("output_format", "webp")
#define IMAGE   ASKS_FILE("image", "image.png", "image/png", "$1")
#define MASK    ASKS_FILE("mask", "mask.png", "image/png", "$2")
#define FAR     ASKS_FIELD("strength", "0.4")
#define END     "--B--\r\n"
#define LAKE    "{\"text_prompts\":[{\"text\":\"a \\\"lake\\\"\"}"
#define WEIGHTS ASKS_FIELD("text_prompts[0][text]", "a \"lake\"")
#define NOBODY                                                                                     \
    ASKS_FIELD("text_prompts[1][text]", "people") ASKS_FIELD("text_prompts[1][weight]", "-1")
#define INIT ASKS_FILE("init_image", "image.png", "image/png", "$1")

static const struct ask asks[] = {
    {"ultra", APIPIE_REQUEST_IMAGE, "ultra", "p", NULL, NULL, V2 "generate/ultra", PROMPT END},
    {"all of ultra", APIPIE_REQUEST_IMAGE, "stable-image-ultra", "pgavo", NULL, NULL,
     V2 "generate/ultra", PROMPT WIDE FORMAT PEOPLE SEED END},
    {"ultra from a picture", APIPIE_REQUEST_IMAGE, "ultra", "pITa", NULL, NULL, V2 "generate/ultra",
     PROMPT WIDE FAR IMAGE END},
    {"core", APIPIE_REQUEST_IMAGE, "core", "pj", "style_preset", "\"anime\"", V2 "generate/core",
     PROMPT ASKS_FIELD("output_format", "jpeg") ASKS_FIELD("style_preset", "anime") END},
    {"core by its longer name", APIPIE_REQUEST_IMAGE, "stable-image-core", "pga", NULL, NULL,
     V2 "generate/core", PROMPT WIDE PEOPLE END},
    {"sd3.5", APIPIE_REQUEST_IMAGE, "sd3.5-large", "pgavGO", NULL, NULL, V2 "generate/sd3",
     ASKS_FIELD("model", "sd3.5-large") PROMPT WIDE ASKS_FIELD("output_format", "png")
         PEOPLE SEED ASKS_FIELD("cfg_scale", "7.5") END},
    {"sd3.5 from a picture", APIPIE_REQUEST_EDIT, "sd3.5-medium", "pIT", NULL, NULL,
     V2 "generate/sd3",
     ASKS_FIELD("model", "sd3.5-medium") PROMPT ASKS_FIELD("mode", "image-to-image") FAR IMAGE END},
    {"the turbo one", APIPIE_REQUEST_IMAGE, "sd3.5-large-turbo", "p", NULL, NULL, V2 "generate/sd3",
     ASKS_FIELD("model", "sd3.5-large-turbo") PROMPT END},
    {"whatever the server takes for it", APIPIE_REQUEST_IMAGE, "sd3", "p", NULL, NULL,
     V2 "generate/sd3", PROMPT END},
    {"inpaint", APIPIE_REQUEST_EDIT, "inpaint", "pIMgv", "grow_mask", "5", V2 "edit/inpaint",
     PROMPT PEOPLE SEED ASKS_FIELD("grow_mask", "5") IMAGE MASK END},
    {"inpaint by the alpha channel", APIPIE_REQUEST_EDIT, "inpaint", "pI", NULL, NULL,
     V2 "edit/inpaint", PROMPT IMAGE END},
    {"erase", APIPIE_REQUEST_EDIT, "erase", "IMv", NULL, NULL, V2 "edit/erase",
     SEED IMAGE MASK END},
    {"outpaint", APIPIE_REQUEST_EDIT, "outpaint", "pI", "left", "200", V2 "edit/outpaint",
     PROMPT ASKS_FIELD("left", "200") IMAGE END},
    {"outpaint without words", APIPIE_REQUEST_EDIT, "outpaint", "I", "up", "64", V2 "edit/outpaint",
     ASKS_FIELD("up", "64") IMAGE END},
    {"search and replace", APIPIE_REQUEST_EDIT, "search-and-replace", "pIg", "search_prompt",
     "\"dog\"", V2 "edit/search-and-replace",
     PROMPT PEOPLE ASKS_FIELD("search_prompt", "dog") IMAGE END},
    {"search and recolor", APIPIE_REQUEST_EDIT, "search-and-recolor", "pI", "select_prompt",
     "\"dog\"", V2 "edit/search-and-recolor", PROMPT ASKS_FIELD("select_prompt", "dog") IMAGE END},
    {"remove background", APIPIE_REQUEST_EDIT, "remove-background", "Io", NULL, NULL,
     V2 "edit/remove-background", FORMAT IMAGE END},
    {"upscale", APIPIE_REQUEST_EDIT, "fast", "I", NULL, NULL, V2 "upscale/fast", IMAGE END},
    {"upscale, by its longer name", APIPIE_REQUEST_EDIT, "upscale-conservative", "pI", "creativity",
     "0.35", V2 "upscale/conservative", PROMPT ASKS_FIELD("creativity", "0.35") IMAGE END},
    {"an engine", APIPIE_REQUEST_IMAGE, XL, "p", NULL, NULL, V1 XL "/text-to-image", LAKE "]}"},
    {"all of an engine", APIPIE_REQUEST_IMAGE, V16, "pgGvtns", "style_preset", "\"anime\"",
     V1 V16 "/text-to-image",
     LAKE ",{\"text\":\"people\",\"weight\":-1}],\"cfg_scale\":7.5,\"seed\":7,\"steps\":20,"
          "\"samples\":2,\"width\":512,\"height\":768,\"style_preset\":\"anime\"}"},
    {"an engine that is in no table", APIPIE_REQUEST_IMAGE, "x/y z", "pm", "text_prompts",
     " [{\"text\":\"fog\",\"weight\":0.5}]", V1 "x%2Fy%20z/text-to-image",
     LAKE ",{\"text\":\"fog\",\"weight\":0.5}],\"sampler\":\"Euler\"}"},
    {"an engine from a picture", APIPIE_REQUEST_EDIT, XL, "pgITvn", NULL, NULL,
     V1 XL "/image-to-image",
     WEIGHTS NOBODY SEED ASKS_FIELD("samples", "2") ASKS_FIELD("image_strength", "0.6") INIT END},
    {"more weighted prompts in a form", APIPIE_REQUEST_EDIT, XL, "pgI", "text_prompts",
     "[{\"text\":\"fog\",\"weight\":0.50},{\"text\":\"m\"}]", V1 XL "/image-to-image",
     WEIGHTS NOBODY ASKS_FIELD("text_prompts[2][text]", "fog") ASKS_FIELD(
         "text_prompts[2][weight]", "0.50") ASKS_FIELD("text_prompts[3][text]", "m") INIT END},
    {"an engine under a mask", APIPIE_REQUEST_EDIT, XL, "pIM", NULL, NULL,
     V1 XL "/image-to-image/masking",
     WEIGHTS ASKS_FIELD("mask_source", "MASK_IMAGE_WHITE")
         INIT ASKS_FILE("mask_image", "mask.png", "image/png", "$2") END},
    {"... which is a black one", APIPIE_REQUEST_EDIT, XL, "pIM", "mask_source",
     "\"MASK_IMAGE_BLACK\"", V1 XL "/image-to-image/masking",
     WEIGHTS ASKS_FIELD("mask_source", "MASK_IMAGE_BLACK")
         INIT ASKS_FILE("mask_image", "mask.png", "image/png", "$2") END},
    {"... which is in the image itself", APIPIE_REQUEST_EDIT, XL, "pI", "mask_source",
     "\"INIT_IMAGE_ALPHA\"", V1 XL "/image-to-image/masking",
     WEIGHTS ASKS_FIELD("mask_source", "INIT_IMAGE_ALPHA") INIT END},
};

static void set_all(struct draw *d, const struct ask *a)
{
    asks_fresh(d, a->kind, a->model, a->letters);
    if (a->extra != NULL)
        assert_status(apipie_request_set_extra(d->request, a->extra, a->value), APIPIE_OK);
}

static void exactly_this_is_sent(void **state)
{
    struct draw *d = serve(state);
    const struct ask *a = d->row;
    char text[200];
    set_all(d, a);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, NULL), 1);
    const struct raw_request *q = draw_sent(d);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->path, a->path);
    if (a->body[0] == '{')
        assert_string_equal(q->body, a->body);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) /* and nobody else's */
        assert_int_equal(asks_is(q, asks[i].path, asks[i].body), &asks[i] == a);
    assert_true(raw_request_header(q, "authorization", text, sizeof text));
    assert_string_equal(text, "Bearer key-0123456789abcdef");
    assert_true(raw_request_header(q, "accept", text, sizeof text));
    assert_string_equal(text, strncmp(a->path, "/v2", 3) == 0 ? "image/*" : "application/json");
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
    assert_string_equal(apipie_result_model(draw_result(d)), a->model);
}

/* ---- what is not sent */

#define NO APIPIE_E_UNSUPPORTED
static const struct asks_refusal refusals[] = {
    {"no model", APIPIE_REQUEST_IMAGE, NULL, "p", NULL, APIPIE_E_ARGUMENT, "set_model", NULL},
    {"a variation of what needs words", APIPIE_REQUEST_VARIATION, "ultra", "IT", NULL, NO,
     "variations", NULL},
    {"a variation by an engine", APIPIE_REQUEST_VARIATION, XL, "I", NULL, NO, "variations", NULL},
    {"words that nobody reads", APIPIE_REQUEST_EDIT, "remove-background", "pI", NULL, NO,
     "ask it without", NULL},
    {"an edit of nothing", APIPIE_REQUEST_IMAGE, "inpaint", "p", NULL, APIPIE_E_ARGUMENT,
     "set_image", NULL},
    {"a mask of ultra", APIPIE_REQUEST_EDIT, "ultra", "pIMT", NULL, NO, "inpaint", NULL},
    {"a mask of sd3.5", APIPIE_REQUEST_EDIT, "sd3.5-large", "pIMT", NULL, NO, "inpaint", NULL},
    {"a mask of outpaint", APIPIE_REQUEST_EDIT, "outpaint", "pIM", NULL, NO, "inpaint", NULL},
    {"an image of core", APIPIE_REQUEST_IMAGE, "core", "pI", NULL, NO, "set_image", NULL},
    {"a mask of core", APIPIE_REQUEST_EDIT, "core", "pIM", NULL, NO, "set_image", NULL},
    {"two images", APIPIE_REQUEST_EDIT, "inpaint", "pIJ", NULL, NO, "add_image", NULL},
    {"an image by URL", APIPIE_REQUEST_EDIT, "inpaint", "pU", NULL, NO, "set_image_url", NULL},
    {"the same of an engine", APIPIE_REQUEST_EDIT, XL, "pU", NULL, NO, "set_image_url", NULL},
    {"how far is not said", APIPIE_REQUEST_EDIT, "ultra", "pI", NULL, APIPIE_E_ARGUMENT,
     "set_strength", NULL},
    {"far from nothing", APIPIE_REQUEST_IMAGE, "ultra", "pT", NULL, NO, "set_strength", NULL},
    {"far of an edit", APIPIE_REQUEST_EDIT, "inpaint", "pIT", NULL, NO, "set_strength", NULL},
    {"far under a mask", APIPIE_REQUEST_EDIT, XL, "pIMT", NULL, NO, "set_strength", NULL},
    {"a size", APIPIE_REQUEST_IMAGE, "core", "ps", NULL, NO, "set_aspect_ratio", NULL},
    {"a size of SDXL", APIPIE_REQUEST_IMAGE, XL, "ps", NULL, NO, "512x768", NULL},
    {"a size beside an image", APIPIE_REQUEST_EDIT, V16, "pIs", NULL, NO, "set_size", NULL},
    {"a ratio beside an image", APIPIE_REQUEST_EDIT, "sd3.5-large", "pITa", NULL, NO,
     "set_aspect_ratio", NULL},
    {"a ratio of an engine", APIPIE_REQUEST_IMAGE, XL, "pa", NULL, NO, "set_aspect_ratio", NULL},
    {"a ratio of an edit", APIPIE_REQUEST_EDIT, "inpaint", "pIa", NULL, NO, "set_aspect_ratio",
     NULL},
    {"people and turbo", APIPIE_REQUEST_IMAGE, "sd3.5-large-turbo", "pg", NULL, NO,
     "set_negative_prompt", NULL},
    {"people and outpaint", APIPIE_REQUEST_EDIT, "outpaint", "pIg", NULL, NO, "set_negative_prompt",
     NULL},
    {"guidance of ultra", APIPIE_REQUEST_IMAGE, "ultra", "pG", NULL, NO, "set_guidance", NULL},
    {"steps", APIPIE_REQUEST_IMAGE, "sd3.5-large", "pt", NULL, NO, "set_steps", NULL},
    {"a sampler", APIPIE_REQUEST_IMAGE, "core", "pm", NULL, NO, "set_sampler", NULL},
    {"webp of sd3.5", APIPIE_REQUEST_IMAGE, "sd3.5-large", "po", NULL, NO, "webp", NULL},
    {"jpeg without a background", APIPIE_REQUEST_EDIT, "remove-background", "Ij", NULL, NO, "jpeg",
     NULL},
    {"a format of an engine", APIPIE_REQUEST_IMAGE, XL, "pO", NULL, NO, "set_output_format", NULL},
    {"a seed without a place for one", APIPIE_REQUEST_EDIT, "fast", "Iv", NULL, NO, "set_seed",
     NULL},
    {"a large seed", APIPIE_REQUEST_IMAGE, "core", "pS", NULL, APIPIE_E_ARGUMENT, "set_seed", NULL},
    {"quality", APIPIE_REQUEST_IMAGE, "core", "pq", NULL, NO, "set_quality", NULL},
    {"a response format", APIPIE_REQUEST_IMAGE, "core", "pr", NULL, NO, "set_response_format",
     NULL},
    {"a user", APIPIE_REQUEST_IMAGE, "core", "pu", NULL, NO, "set_user", NULL},
    {"a field twice", APIPIE_REQUEST_IMAGE, "sd3.5-large", "pG", "cfg_scale", APIPIE_E_ARGUMENT,
     "cfg_scale", NULL},
    {"the prompt twice", APIPIE_REQUEST_IMAGE, "core", "p", "prompt", APIPIE_E_ARGUMENT, "prompt",
     NULL},
    {"the model twice", APIPIE_REQUEST_IMAGE, "sd3.5-large", "p", "model", APIPIE_E_ARGUMENT,
     "model", NULL},
    {"the image twice", APIPIE_REQUEST_EDIT, "inpaint", "pI", "image", APIPIE_E_ARGUMENT, "image",
     NULL},
    {"the mask twice", APIPIE_REQUEST_EDIT, XL, "pIM", "mask_image", APIPIE_E_ARGUMENT,
     "mask_image", NULL},
    {"pictures by an extra field", APIPIE_REQUEST_IMAGE, XL, "p", "samples", APIPIE_E_ARGUMENT,
     "samples", NULL},
    {"prompts that are no list", APIPIE_REQUEST_IMAGE, XL, "p", "text_prompts", APIPIE_E_ARGUMENT,
     "text_prompts", NULL},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state);
    asks_assert_refusal(d, d->row);
}

/* The largest seed of v2beta is one less than that of the engines. */
static void seeds_end_where_the_route_says(void **state)
{
    struct draw *d = serve(state);
    for (uint64_t seed = 4294967294U; seed <= 4294967296U; seed++) {
        asks_fresh(d, APIPIE_REQUEST_IMAGE, "core", "p");
        apipie_request_set_seed(d->request, seed);
        assert_ended(d->request, apipie_request_perform(d->request),
                     seed <= 4294967294U ? APIPIE_OK : APIPIE_E_ARGUMENT);
        asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "p");
        apipie_request_set_seed(d->request, seed);
        assert_ended(d->request, apipie_request_perform(d->request),
                     seed <= 4294967295U ? APIPIE_OK : APIPIE_E_ARGUMENT);
    }
    assert_int_equal(raw_server_count(d->server, "POST"), 3);
}

struct bend {
    const char *name;
    int32_t kind;
    const char *model, *letters;
    int32_t width, height;
    const char *ratio;
    const char *dropped, *nearest; /* bodies */
    const char *warning;           /* of the nearest */
};

#define BECAME(size) LAKE "]," size "}"
static const struct bend bends[] = {
    {"a size of SDXL", APIPIE_REQUEST_IMAGE, XL, "p", 800, 600, NULL, LAKE "]}",
     BECAME("\"width\":1152,\"height\":896"), "1152x896"},
    {"odd sides", APIPIE_REQUEST_IMAGE, V16, "p", 500, 700, NULL, LAKE "]}",
     BECAME("\"width\":512,\"height\":704"), "512x704"},
    {"too small", APIPIE_REQUEST_IMAGE, V16, "p", 256, 256, NULL, LAKE "]}",
     BECAME("\"width\":512,\"height\":512"), "512x512"},
    {"too large", APIPIE_REQUEST_IMAGE, V16, "p", 2048, 4096, NULL, LAKE "]}",
     BECAME("\"width\":704,\"height\":1408"), "704x1408"},
    {"too narrow", APIPIE_REQUEST_IMAGE, V16, "p", 64, 4000, NULL, LAKE "]}",
     BECAME("\"width\":128,\"height\":4032"), "128x4032"},
    {"a size is a ratio", APIPIE_REQUEST_IMAGE, "core", "p", 800, 600, NULL, PROMPT END,
     PROMPT ASKS_FIELD("aspect_ratio", "5:4") END, "5:4"},
    {"a ratio", APIPIE_REQUEST_IMAGE, "core", "p", 0, 0, "7:3", PROMPT END,
     PROMPT ASKS_FIELD("aspect_ratio", "21:9") END, "21:9"},
    {"a format", APIPIE_REQUEST_IMAGE, "sd3", "po", 0, 0, NULL, PROMPT END,
     PROMPT ASKS_FIELD("output_format", "png") END, "PNG"},
    {"a mask", APIPIE_REQUEST_EDIT, "outpaint", "pIM", 0, 0, NULL, PROMPT IMAGE END,
     PROMPT IMAGE END, "set_mask"},
    {"words", APIPIE_REQUEST_EDIT, "erase", "pI", 0, 0, NULL, IMAGE END, IMAGE END, "set_prompt"},
    {"steps", APIPIE_REQUEST_IMAGE, "core", "pt", 0, 0, NULL, PROMPT END, PROMPT END, "set_steps"},
};

static void what_it_does_not_take_is_left_out_or_changed(void **state)
{
    struct draw *d = serve(state);
    const struct bend *b = d->row;
    for (int32_t how = APIPIE_UNSUPPORTED_DROP; how <= APIPIE_UNSUPPORTED_NEAREST; how++) {
        asks_fresh(d, b->kind, b->model, b->letters);
        if (b->width != 0)
            apipie_request_set_size(d->request, b->width, b->height);
        apipie_request_set_aspect_ratio(d->request, b->ratio);
        apipie_request_set_unsupported(d->request, how);
        assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
        const struct raw_request *q = draw_sent(d);
        assert_true(asks_is(q, q->path, how == APIPIE_UNSUPPORTED_DROP ? b->dropped : b->nearest));
        assert_true(apipie_result_warning_count(draw_result(d)) > 0);
        if (how == APIPIE_UNSUPPORTED_NEAREST)
            assert_contains(apipie_result_warning(draw_result(d), 0), b->warning);
    }
}

/* v2beta draws one picture a call; the last seeds begin anew, at 1: 0 is any. */
static void several_are_asked_for_one_by_one(void **state)
{
    struct draw *d = serve(state);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, "core", "p");
    apipie_request_set_n(d->request, 3);
    apipie_request_set_seed(d->request, 4294967293U);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 3);
    assert_int_equal(raw_server_count(d->server, NULL), 3);
    assert_int_equal(draw_posts(d->server, "\r\n\r\n4294967293\r\n"), 1);
    assert_int_equal(draw_posts(d->server, "\r\n\r\n4294967294\r\n"), 1);
    assert_int_equal(draw_posts(d->server, "name=\"seed\"\r\n\r\n1\r\n"), 1);
}

static void an_engine_draws_ten_a_call(void **state)
{
    struct draw *d = serve(state);
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "p");
    apipie_request_set_n(d->request, 11);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_UNSUPPORTED);
    assert_contains(apipie_error_message(draw_error(d)), "10 pictures");
    asks_fresh(d, APIPIE_REQUEST_IMAGE, XL, "p");
    apipie_request_set_n(d->request, 11);
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_NEAREST);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_string_equal(draw_sent(d)->body, LAKE "],\"samples\":10}");
}

static void what_is_too_large_is_not_sent(void **state)
{
    struct draw *d = serve(state);
    const size_t n = 10 * 1024 * 1024;
    uint8_t *bytes = calloc(1, n);
    assert_non_null(bytes);
    draw_decode(PNG1, bytes);
    asks_fresh(d, APIPIE_REQUEST_EDIT, "inpaint", "p");
    assert_status(apipie_request_add_image_bytes(d->request, bytes, n), APIPIE_OK);
    free(bytes);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_LIMIT);
    assert_contains(apipie_error_message(draw_error(d)), "10 MiB");
    assert_int_equal(raw_server_count(d->server, NULL), 0);
    assert_int_equal(apipie_error_billed(draw_error(d)), APIPIE_BILLED_NO);
}

/* What is shown of a request has the same names, and the model too. */
static void the_parameters_can_be_seen(void **state)
{
    static const struct {
        const char *model, *letters, *want;
    } rows[] = {
        {"sd3.5-large", "pgaITj",
         "{\"model\":\"sd3.5-large\",\"prompt\":\"a \\\"lake\\\"\",\"aspect_ratio\":\"16:9\","
         "\"output_format\":\"jpeg\",\"mode\":\"image-to-image\",\"negative_prompt\":\"people\","
         "\"strength\":0.4,\"image\":null}"},
        {"replace-background-and-relight", "pI",
         "{\"model\":\"replace-background-and-relight\",\"background_prompt\":\"a \\\"lake\\\"\","
         "\"subject_image\":null}"},
        {XL, "pIM",
         "{\"model\":\"" XL "\",\"text_prompts\":[{\"text\":\"a \\\"lake\\\"\"}],"
         "\"mask_source\":\"MASK_IMAGE_WHITE\",\"init_image\":null,\"mask_image\":null}"},
    };
    struct draw *d = serve(state);
    char text[400];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        asks_fresh(d, APIPIE_REQUEST_EDIT, rows[i].model, rows[i].letters);
        size_t n = apipie_request_format_json(d->request, text, sizeof text);
        assert_true(n > 0 && n < sizeof text);
        assert_string_equal(text, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(seeds_end_where_the_route_says), DRAW_TEST(several_are_asked_for_one_by_one),
        DRAW_TEST(an_engine_draws_ten_a_call),     DRAW_TEST(what_is_too_large_is_not_sent),
        DRAW_TEST(the_parameters_can_be_seen),
    };
    return DRAW_ROWS(exactly_this_is_sent, asks) +
           DRAW_ROWS(this_is_refused_before_it_is_sent, refusals) +
           DRAW_ROWS(what_it_does_not_take_is_left_out_or_changed, bends) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
