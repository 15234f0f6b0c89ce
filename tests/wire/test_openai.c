/* SPDX-License-Identifier: MIT */
/* OpenAI's images API: exactly what is sent, field by field, and what is not. Knows the public API alone. */
#include "../support/asks.h"
#include "../support/tape.h"

#include <stdio.h>
#include <string.h>

static struct draw *serve(void **state)
{
    static const struct draw_reply one = {200, NULL, ONE_IMAGE};
    struct draw *d = *state;
    asks_serve(d, "openai", "/v1", &one);
    return d;
}

/* ---- what is asked, as a row of a table writes it: letters that stand for setters */

static apipie_status own(apipie_request *r, char what)
{
    switch (what) {
    case 'y':
        return apipie_request_set_style(r, "vivid");
    case 'b':
        return apipie_request_set_background(r, "transparent");
    case 'l':
        return apipie_request_set_moderation(r, "low");
    case 'f':
        return apipie_request_set_input_fidelity(r, "high");
    case 'x':
        apipie_request_set_extra(r, "seed_text", "\"a\\u00e9\\n\"");
        return apipie_request_set_extra(r, "deep", "{\"a\":[1,2]}");
    case 'z':
        return apipie_request_set_size(r, 1024, 1536);
    case 'd':
        return apipie_request_set_size(r, 512, 512);
    case 'c':
        return apipie_request_set_output_compression(r, 80);
    case 'V':
        return apipie_request_set_stream(r, 1);
    case 'P':
        return apipie_request_set_partial_images(r, 2);
    case 'N':
        return apipie_request_set_mask_url(r, ASKS_URL);
    default:
        return APIPIE_E_ARGUMENT;
    }
}

/* A request of a kind to the server, which speaks openai here. */
static void fresh(struct draw *d, int32_t kind, const char *model, const char *letters)
{
    asks_fresh_own(d, kind, model, letters, own);
}

struct ask {
    const char *name;
    int32_t kind;
    const char *model, *letters;
    const char *path; /* without its version */
    const char *body;
};

static const struct ask asks[] = {
    {"a prompt alone", APIPIE_REQUEST_IMAGE, NULL, "p", "/images/generations",
     "{\"prompt\":\"a \\\"lake\\\"\"}"},
    {"all of gpt-image", APIPIE_REQUEST_IMAGE, "gpt-image-1.5", "pqubolnzcVP",
     "/images/generations",
     "{\"model\":\"gpt-image-1.5\",\"prompt\":\"a \\\"lake\\\"\",\"quality\":\"high\","
     "\"user\":\"me\",\"background\":\"transparent\",\"output_format\":\"webp\","
     "\"moderation\":\"low\",\"n\":2,\"size\":\"1024x1536\",\"output_compression\":80,"
     "\"stream\":true,\"partial_images\":2}"},
    {"all of dall-e-3", APIPIE_REQUEST_IMAGE, "dall-e-3", "pqyru", "/images/generations",
     "{\"model\":\"dall-e-3\",\"prompt\":\"a \\\"lake\\\"\",\"quality\":\"high\","
     "\"style\":\"vivid\",\"response_format\":\"b64_json\",\"user\":\"me\"}"},
    {"of a model that nobody knows", APIPIE_REQUEST_IMAGE, "flux", "pydrbV", "/images/generations",
     "{\"model\":\"flux\",\"prompt\":\"a \\\"lake\\\"\",\"style\":\"vivid\","
     "\"response_format\":\"b64_json\",\"background\":\"transparent\",\"size\":\"512x512\","
     "\"stream\":true}"},
    {"extra fields", APIPIE_REQUEST_IMAGE, NULL, "px", "/images/generations",
     "{\"prompt\":\"a \\\"lake\\\"\",\"seed_text\":\"a\\u00e9\\n\",\"deep\":{\"a\":[1,2]}}"},
    {"an edit of one image", APIPIE_REQUEST_EDIT, "gpt-image-1", "pIfnV", "/images/edits",
     ASKS_FIELD("model", "gpt-image-1") ASKS_FIELD("prompt", "a \"lake\"")
         ASKS_FIELD("input_fidelity", "high") ASKS_FIELD("n", "2") ASKS_FIELD("stream", "true")
             ASKS_FILE("image", "image.png", "image/png", "$1") "--B--\r\n"},
    {"an edit of two images with a mask", APIPIE_REQUEST_EDIT, NULL, "pIJMd", "/images/edits",
     ASKS_FIELD("prompt", "a \"lake\"") ASKS_FIELD("size", "512x512")
         ASKS_FILE("image[]", "image.png", "image/png", "$1")
             ASKS_FILE("image[]", "image-2.jpeg", "image/jpeg", "$3")
                 ASKS_FILE("mask", "mask.png", "image/png", "$2") "--B--\r\n"},
    {"an image request with an image", APIPIE_REQUEST_IMAGE, "dall-e-2", "pIr", "/images/edits",
     ASKS_FIELD("model", "dall-e-2") ASKS_FIELD("prompt", "a \"lake\"")
         ASKS_FIELD("response_format", "b64_json")
             ASKS_FILE("image", "image.png", "image/png", "$1") "--B--\r\n"},
    {"extra fields in a form", APIPIE_REQUEST_EDIT, NULL, "pIx", "/images/edits",
     ASKS_FIELD("prompt", "a \"lake\"") ASKS_FIELD("seed_text", "a\xC3\xA9\n") ASKS_FIELD(
         "deep", "{\"a\":[1,2]}") ASKS_FILE("image", "image.png", "image/png", "$1") "--B--\r\n"},
    {"an edit by URL", APIPIE_REQUEST_EDIT, "gpt-image-1", "pUl", "/images/edits",
     "{\"model\":\"gpt-image-1\",\"prompt\":\"a \\\"lake\\\"\",\"moderation\":\"low\","
     "\"images\":[{\"image_url\":\"" ASKS_URL "\"}]}"},
    {"an edit by URL and bytes", APIPIE_REQUEST_EDIT, NULL, "pUIN", "/images/edits",
     "{\"prompt\":\"a \\\"lake\\\"\",\"images\":[{\"image_url\":\"" ASKS_URL
     "\"},{\"image_url\":\"data:image/png;base64," PNG1 "\"}],\"mask\":{\"image_url\":\"" ASKS_URL
     "\"}}"},
    {"a variation", APIPIE_REQUEST_VARIATION, "dall-e-2", "Indru", "/images/variations",
     ASKS_FIELD("model", "dall-e-2") ASKS_FIELD("response_format", "b64_json")
         ASKS_FIELD("user", "me") ASKS_FIELD("n", "2") ASKS_FIELD("size", "512x512")
             ASKS_FILE("image", "image.png", "image/png", "$1") "--B--\r\n"},
};

static void exactly_this_is_sent(void **state)
{
    struct draw *d = serve(state);
    const struct ask *a = d->row;
    char key[200], path[100];
    fresh(d, a->kind, a->model, a->letters);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const struct raw_request *q = draw_sent(d);
    snprintf(path, sizeof path, "/v1%s", a->path);
    assert_string_equal(q->path, path);
    assert_true(raw_request_header(q, "authorization", key, sizeof key));
    assert_string_equal(key, "Bearer " ASKS_KEY);
    if (a->body[0] == '{')
        assert_string_equal(q->body, a->body);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
        assert_int_equal(asks_is(q, path, asks[i].body), &asks[i] == a); /* and nobody else's */
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
    {"response_format of gpt-image", APIPIE_REQUEST_IMAGE, "gpt-image-1", "pr",
     APIPIE_E_UNSUPPORTED, "set_response_format"},
    {"style of gpt-image", APIPIE_REQUEST_IMAGE, "gpt-image-2-2026-04-21", "py",
     APIPIE_E_UNSUPPORTED, "set_style"},
    {"background of dall-e", APIPIE_REQUEST_IMAGE, "dall-e-3", "pb", APIPIE_E_UNSUPPORTED,
     "set_background"},
    {"a stream of dall-e", APIPIE_REQUEST_IMAGE, "dall-e-2", "pV", APIPIE_E_UNSUPPORTED,
     "set_stream"},
    {"sketches of dall-e", APIPIE_REQUEST_IMAGE, "dall-e-2", "pP", APIPIE_E_UNSUPPORTED,
     "set_partial_images"},
    {"a size of gpt-image", APIPIE_REQUEST_IMAGE, "gpt-image-1", "pd", APIPIE_E_UNSUPPORTED,
     "512x512"},
    {"input_fidelity without an input", APIPIE_REQUEST_IMAGE, "gpt-image-1", "pf",
     APIPIE_E_UNSUPPORTED, "set_input_fidelity"},
    {"input_fidelity of the small one", APIPIE_REQUEST_EDIT, "gpt-image-1-mini", "pIf",
     APIPIE_E_UNSUPPORTED, "set_input_fidelity"},
    {"moderation in a form", APIPIE_REQUEST_EDIT, "gpt-image-1", "pIl", APIPIE_E_UNSUPPORTED,
     "set_moderation"},
    {"an edit of dall-e-3", APIPIE_REQUEST_EDIT, "dall-e-3", "pI", APIPIE_E_UNSUPPORTED,
     "set_image"},
    {"two images of dall-e-2", APIPIE_REQUEST_EDIT, "dall-e-2", "pII", APIPIE_E_UNSUPPORTED,
     "add_image"},
    {"dall-e-2 by URL", APIPIE_REQUEST_EDIT, "dall-e-2", "pU", APIPIE_E_UNSUPPORTED,
     "set_image_url"},
    {"a variation by URL", APIPIE_REQUEST_VARIATION, "dall-e-2", "U", APIPIE_E_UNSUPPORTED,
     "set_image_url"},
    {"a variation of two", APIPIE_REQUEST_VARIATION, NULL, "IJ", APIPIE_E_UNSUPPORTED, "add_image"},
    {"a variation with a mask", APIPIE_REQUEST_VARIATION, NULL, "IM", APIPIE_E_UNSUPPORTED,
     "set_mask"},
    {"a variation with a prompt", APIPIE_REQUEST_VARIATION, NULL, "pI", APIPIE_E_UNSUPPORTED,
     "set_prompt"},
    {"a variation with quality", APIPIE_REQUEST_VARIATION, NULL, "qI", APIPIE_E_UNSUPPORTED,
     "set_quality"},
    {"a variation of nothing", APIPIE_REQUEST_VARIATION, NULL, "", APIPIE_E_ARGUMENT,
     "no input image"},
    {"an edit of nothing", APIPIE_REQUEST_EDIT, NULL, "p", APIPIE_E_ARGUMENT, "no input image"},
    {"an edit without a prompt", APIPIE_REQUEST_EDIT, NULL, "I", APIPIE_E_ARGUMENT, "set_prompt"},
    {"a mask of nothing", APIPIE_REQUEST_IMAGE, NULL, "pM", APIPIE_E_ARGUMENT, "set_mask"},
};

static void this_is_refused_before_it_is_sent(void **state)
{
    struct draw *d = serve(state);
    const struct refusal *a = d->row;
    fresh(d, a->kind, a->model, a->letters);
    asks_assert_refused(d, a->status, a->says);
}

/* What no server of this kind takes, and what is left out instead when that was chosen. */
static void what_it_does_not_take_can_be_left_out(void **state)
{
    struct draw *d = serve(state);
    for (int32_t how = APIPIE_UNSUPPORTED_REFUSE; how <= APIPIE_UNSUPPORTED_NEAREST; how++) {
        fresh(d, APIPIE_REQUEST_IMAGE, "gpt-image-1", "prdgtGm");
        apipie_request *r = d->request;
        apipie_request_set_seed(r, 7);
        apipie_request_set_routing(r, "price");
        apipie_request_set_aspect_ratio(r, "1:1");
        assert_status(apipie_request_set_unsupported(r, how), APIPIE_OK);
        assert_ended(r, apipie_request_perform(r),
                     how == APIPIE_UNSUPPORTED_REFUSE ? APIPIE_E_UNSUPPORTED : APIPIE_OK);
        if (how == APIPIE_UNSUPPORTED_REFUSE)
            continue;
        assert_string_equal(draw_sent(d)->body,
                            how == APIPIE_UNSUPPORTED_DROP
                                ? "{\"model\":\"gpt-image-1\",\"prompt\":\"a \\\"lake\\\"\"}"
                                : "{\"model\":\"gpt-image-1\",\"prompt\":\"a \\\"lake\\\"\","
                                  "\"size\":\"1024x1024\"}");
        assert_int_equal(apipie_result_warning_count(draw_result(d)), 9);
    }
    assert_int_equal(raw_server_count(d->server, NULL), 2);
}

/* ---- sizes */

struct nearest {
    const char *name;
    const char *model;
    int32_t width, height;
    const char *want;
};

static const struct nearest nearests[] = {
    {"dall-e-2", "dall-e-2", 300, 300, "256x256"},
    {"dall-e-2 up", "dall-e-2", 768, 768, "1024x1024"},
    {"dall-e-3", "dall-e-3", 1920, 1080, "1792x1024"},
    {"dall-e-3 upright", "dall-e-3", 832, 1216, "1024x1024"},
    {"gpt-image-1", "gpt-image-1-mini", 1344, 768, "1536x1024"},
    {"gpt-image-1 upright", "gpt-image-1.5", 768, 1344, "1024x1536"},
    {"a size that is one", "gpt-image-1", 1024, 1536, "1024x1536"},
    {"any size in sixteens", "gpt-image-2", 1040, 592, "1040x592"},
    {"to sixteens", "gpt-image-2-2026-04-21", 1001, 1000, "1008x1008"},
    {"within the largest", "gpt-image-2", 8192, 4096, "3840x2160"},
    {"upright within the largest", "gpt-image-2", 3000, 4096, "2160x3840"},
    {"three to one", "gpt-image-2", 3840, 160, "480x160"},
    {"a later one", "gpt-image-3", 300, 300, "300x300"},
    {"another one", "sdxl", 300, 301, "300x301"},
};

static void the_nearest_size_is_asked_for(void **state)
{
    struct draw *d = serve(state);
    const struct nearest *a = d->row;
    char size[32], asked[32];
    fresh(d, APIPIE_REQUEST_IMAGE, a->model, "p");
    apipie_request_set_size(d->request, a->width, a->height);
    apipie_request_set_unsupported(d->request, APIPIE_UNSUPPORTED_NEAREST);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_field(draw_sent(d), "size", size, sizeof size);
    assert_string_equal(size, a->want);
    snprintf(asked, sizeof asked, "%dx%d", (int)a->width, (int)a->height);
    if (strcmp(asked, a->want) == 0) {
        assert_int_equal(apipie_result_warning_count(draw_result(d)), 0);
    } else {
        assert_int_equal(apipie_result_warning_count(draw_result(d)), 1);
        assert_contains(apipie_result_warning(draw_result(d), 0), a->want);
    }
}

/* ---- recordings */

/* Its boundary is another one each time; another form finds nothing. */
static void a_form_can_be_played_back(void **state)
{
    struct draw *d = serve(state);
    char base[128];
    const char *path = tape_fresh();
    assert_status(apipie_client_record(d->client, path), APIPIE_OK);
    fresh(d, APIPIE_REQUEST_EDIT, "gpt-image-1", "pIJM");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    snprintf(base, sizeof base, "%s", raw_server_base(d->server));
    tape_turn(d, path);
    assert_status(apipie_client_add_backend(d->client, "own", "openai", base), APIPIE_OK);
    fresh(d, APIPIE_REQUEST_EDIT, "gpt-image-1", "pIJMu");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_CONNECT);
    fresh(d, APIPIE_REQUEST_EDIT, "gpt-image-1", "pIJM");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_image(draw_result(d), 0, PNG1, "image/png");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(what_it_does_not_take_can_be_left_out),
        DRAW_TEST(a_form_can_be_played_back),
    };
    if (!tape_begin())
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tape_end();
    failed += DRAW_ROWS(exactly_this_is_sent, asks);
    failed += DRAW_ROWS(this_is_refused_before_it_is_sent, refusals);
    failed += DRAW_ROWS(the_nearest_size_is_asked_for, nearests);
    return failed;
}
