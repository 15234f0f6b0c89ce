/* SPDX-License-Identifier: MIT */
/* The language of Automatic1111's web API: what is sent, what a reply means, checkpoints, progress. */
#include "wires.h"

static void open_wish(struct wires *t)
{
    wires_open(t, "a1111", "a \"cat\"");
}

static void only_what_was_set_is_sent(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_encode(&t, "/sdapi/v1/txt2img");
    assert_string_equal(t.body.p, "{\"prompt\":\"a \\\"cat\\\"\"}");
    assert_string_equal(pie_headers_get(&t.leg.request.headers, "content-type"),
                        "application/json");
    assert_null(pie_headers_get(&t.leg.request.headers, "authorization"));
    assert_int_equal(t.leg.with_key, 0);
    wires_close(&t);
}

static void everything_has_its_name(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_text(&t, PIE_WISH_NEGATIVE, "dog");
    wires_text(&t, PIE_WISH_SAMPLER, "Euler a");
    wires_text(&t, PIE_WISH_MODEL, "dreamshaper_8");
    wires_extra(&t, "clip_skip", "2");
    wires_extra(&t, "override_settings", " { \"sd_vae\" : \"x\" } ");
    t.wish.has = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS | PIE_WISH_HAS_GUIDANCE |
                 PIE_WISH_HAS_SEED | PIE_WISH_HAS_STRENGTH;
    t.wish.n = 3;
    t.wish.width = 512;
    t.wish.height = 768;
    t.wish.steps = 20;
    t.wish.guidance = 7.5;
    t.wish.strength = 0.4;
    t.wish.seed = UINT64_MAX;
    wires_need_check(&t, APIPIE_OK, NULL);
    wires_encode(&t, "/sdapi/v1/txt2img");
    assert_string_equal(
        t.body.p,
        "{\"prompt\":\"a \\\"cat\\\"\",\"negative_prompt\":\"dog\",\"sampler_name\":\"Euler a\","
        "\"batch_size\":3,\"width\":512,\"height\":768,\"steps\":20,\"cfg_scale\":7.5,"
        "\"denoising_strength\":0.4,\"seed\":18446744073709551615,\"override_settings\":{"
        "\"sd_model_checkpoint\":\"dreamshaper_8\",\"sd_vae\" : \"x\"},\"clip_skip\":2}");
    wires_close(&t);
}

/* Without a model the user's own settings go as they are. */
static void settings_without_a_model_are_the_users(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_extra(&t, "override_settings", "{}");
    wires_encode(&t, "/sdapi/v1/txt2img");
    assert_string_equal(t.body.p, "{\"prompt\":\"a \\\"cat\\\"\",\"override_settings\":{}}");
    wires_text(&t, PIE_WISH_MODEL, "x");
    wires_encode(&t, "/sdapi/v1/txt2img");
    assert_string_equal(t.body.p, "{\"prompt\":\"a \\\"cat\\\"\",\"override_settings\":{"
                                  "\"sd_model_checkpoint\":\"x\"}}");
    wires_close(&t);
}

static void a_picture_makes_it_img2img(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_image(&t);
    t.wish.has = PIE_WISH_HAS_STRENGTH;
    t.wish.strength = 0.5;
    wires_encode(&t, "/sdapi/v1/img2img");
    assert_string_equal(t.body.p, "{\"prompt\":\"a \\\"cat\\\"\",\"denoising_strength\":0.5,"
                                  "\"init_images\":[\"iVBORw==\"]}");
    wires_mask(&t);
    wires_encode(&t, "/sdapi/v1/img2img");
    assert_string_equal(
        t.body.p, "{\"prompt\":\"a \\\"cat\\\"\",\"denoising_strength\":0.5,"
                  "\"init_images\":[\"iVBORw==\"],\"inpainting_fill\":1,\"inpaint_full_res\":false,"
                  "\"mask\":\"bWFzaw==\"}");
    wires_extra(&t, "inpainting_fill", "2"); /* the user's own word counts */
    wires_extra(&t, "inpaint_full_res", "true");
    wires_encode(&t, "/sdapi/v1/img2img");
    assert_string_equal(
        t.body.p, "{\"prompt\":\"a \\\"cat\\\"\",\"denoising_strength\":0.5,\"inpainting_fill\":2,"
                  "\"inpaint_full_res\":true,\"init_images\":[\"iVBORw==\"],"
                  "\"mask\":\"bWFzaw==\"}");
    pie_buf_clear(&t.body);
    t.wire->write(&t.call, &t.body); /* without the bytes */
    assert_non_null(strstr(t.body.p, "\"init_images\":[null],\"mask\":null}"));
    wires_close(&t);
}

/* The server cuts data URLs its own way, and fetches others. */
static void pictures_by_url(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_image_url(&t, "data:image/png;charset=x;base64,AAAA");
    wires_encode(&t, "/sdapi/v1/img2img");
    assert_non_null(strstr(t.body.p, "\"init_images\":[\"AAAA\"]"));
    pie_inputs_clear(&pie_mem_libc, &t.wish.images);
    wires_image_url(&t, "https://pictures.test/a.png");
    wires_encode(&t, "/sdapi/v1/img2img");
    assert_non_null(strstr(t.body.p, "\"init_images\":[\"https://pictures.test/a.png\"]"));
    wires_close(&t);
}

static void what_cannot_be_asked_for(void **state)
{
    static const struct wires_field rows[] = {
        {"prompt", "\"x\"", APIPIE_E_ARGUMENT},
        {"n", "2", APIPIE_E_ARGUMENT},
        {"batch_size", "2", APIPIE_E_ARGUMENT},
        {"width", "64", APIPIE_E_ARGUMENT},
        {"height", "64", APIPIE_E_ARGUMENT},
        {"override_settings", "{\"sd_model_checkpoint\":\"b\"}", APIPIE_E_ARGUMENT},
        {"override_settings", "[]", APIPIE_E_ARGUMENT},
        {"override_settings", "{\"sd_vae\":\"b\"}", APIPIE_OK},
        {"init_images", "[]", APIPIE_OK}, /* none is set */
        {"steps", "3", APIPIE_OK},
        {"n_iter", "2", APIPIE_OK}};
    struct wires t;
    (void)state;
    open_wish(&t);
    t.wish.has = PIE_WISH_HAS_SIZE;
    wires_text(&t, PIE_WISH_MODEL, "a");
    wires_need_fields(&t, rows, PIE_COUNT(rows));
    wires_mask(&t);
    wires_need_check(&t, APIPIE_E_ARGUMENT, "no input image");
    wires_image(&t);
    wires_need_check(&t, APIPIE_OK, NULL);
    wires_extra(&t, "mask", "null");
    wires_need_check(&t, APIPIE_E_ARGUMENT, "mask");
    wires_extra(&t, "mask", NULL);
    wires_image(&t);
    wires_need_check(&t, APIPIE_E_UNSUPPORTED, "one input image");
    wires_close(&t);
}

static void parameters_of_others_are_refused(void **state)
{
    static const int32_t texts[] = {PIE_WISH_QUALITY, PIE_WISH_STYLE,  PIE_WISH_FORMAT,
                                    PIE_WISH_ROUTING, PIE_WISH_ASPECT, PIE_WISH_ENCODING};
    struct wires t;
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(texts); i++) {
        open_wish(&t);
        wires_text(&t, texts[i], "x");
        wires_need_check(&t, APIPIE_E_UNSUPPORTED, "a1111");
        t.wish.unsupported = APIPIE_UNSUPPORTED_DROP;
        wires_need_check(&t, APIPIE_OK, NULL);
        wires_close(&t);
    }
}

/* ---- the key */

static void a_key_with_a_colon_is_basic_at_once(void **state)
{
    struct wires t;
    int32_t needed = 0;
    (void)state;
    open_wish(&t);
    wires_text(&t, PIE_WISH_MODEL, "x");
    wires_call(&t);
    t.call.key = "Aladdin:open sesame"; /* RFC 7617, 2 */
    assert_int_equal(t.wire->encode(&t.call, &t.leg, &t.err), APIPIE_OK);
    assert_string_equal(pie_headers_get(&t.leg.request.headers, "authorization"),
                        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_int_equal(t.leg.with_key, 1);
    assert_int_equal(t.wire->prepare(&t.call, &t.leg, &needed, &t.err), APIPIE_OK);
    assert_int_equal(needed, 1);
    assert_string_equal(t.leg.request.url.p, "http://box:7860/sdapi/v1/sd-models");
    assert_non_null(pie_headers_get(&t.leg.request.headers, "authorization"));
    assert_int_equal(t.wire->ask_progress(&t.call, &t.leg), 1);
    assert_non_null(pie_headers_get(&t.leg.request.headers, "authorization"));
    assert_int_equal(t.wire->abandon(&t.call, &t.step, &t.leg), 1);
    assert_non_null(pie_headers_get(&t.leg.request.headers, "authorization"));
    t.call.key = "0123456789012345678901234567890123456789:12345678901234567890123456789";
    assert_int_equal(t.wire->encode(&t.call, &t.leg, &t.err), APIPIE_OK);
    assert_string_equal(pie_headers_get(&t.leg.request.headers, "authorization"),
                        "Basic MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OToxMjM0NTY3ODkw"
                        "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ==");
    t.call.key = "token"; /* of a proxy */
    assert_int_equal(t.wire->encode(&t.call, &t.leg, &t.err), APIPIE_OK);
    assert_string_equal(pie_headers_get(&t.leg.request.headers, "authorization"), "Bearer token");
    wires_close(&t);
}

/* ---- checkpoints */

#define LIST                                                                                       \
    "[{\"title\":\"sdxl/base_1.0.safetensors [31e35c80fc]\",\"model_name\":\"sdxl_base_1.0\","     \
    "\"hash\":\"31e35c80fc\",\"sha256\":\"31e35c80fc4829d1\",\"filename\":\"/m/sdxl/"              \
    "base_1.0.safetensors\",\"config\":null},"                                                     \
    "{\"title\":\"dreamshaper_8.ckpt\",\"model_name\":\"dreamshaper_8\",\"hash\":null,"            \
    "\"sha256\":null,\"filename\":\"/m/dreamshaper_8.ckpt\",\"config\":null}]"

static void checkpoints_are_known_by_any_of_their_names(void **state)
{
    static const struct {
        const char *name;
        apipie_status want;
    } rows[] = {{"sdxl/base_1.0.safetensors [31e35c80fc]", APIPIE_OK},
                {"sdxl/base_1.0.safetensors", APIPIE_OK},
                {"sdxl_base_1.0", APIPIE_OK},
                {"base_1.0", APIPIE_OK},
                {"31e35c80fc", APIPIE_OK},
                {"31e35c80fc4829d1", APIPIE_OK},
                {"dreamshaper_8", APIPIE_OK},
                {"dreamshaper_8.ckpt", APIPIE_OK},
                {"dreamshaper", APIPIE_E_NOT_FOUND},
                {"Dreamshaper_8", APIPIE_E_NOT_FOUND},
                {"31e35", APIPIE_E_NOT_FOUND}};
    struct wires t;
    int32_t needed = 7;
    struct pie_buf found;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    pie_buf_init(&found, &pie_mem_libc, 100);
    assert_int_equal(t.wire->prepare(&t.call, &t.leg, &needed, &t.err), APIPIE_OK);
    assert_int_equal(needed, 0);
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        wires_text(&t, PIE_WISH_MODEL, rows[i].name);
        wires_call(&t);
        assert_int_equal(t.wire->prepare(&t.call, &t.leg, &needed, &t.err), APIPIE_OK);
        assert_int_equal(needed, 1);
        assert_int_equal(t.leg.purpose, APIPIE_PURPOSE_CHECK);
        assert_string_equal(t.leg.request.method, "GET");
        assert_true(t.leg.paid == 0 && t.leg.request.once == 0);
        wires_reply(&t, 200, LIST);
        assert_int_equal(t.wire->prepared(&t.call, &t.reply, &found, &t.err), rows[i].want);
        assert_int_equal(t.err.code, rows[i].want);
        assert_int_equal(found.n != 0, rows[i].want == APIPIE_OK);
        if (found.n != 0) {
            t.call.found = found.p;
            assert_int_equal(t.wire->prepare(&t.call, &t.leg, &needed, &t.err), APIPIE_OK);
            assert_int_equal(needed, 0);
        }
        pie_buf_clear(&found);
    }
    assert_non_null(strstr(t.err.message, "31e35; there are: sdxl_base_1.0, dreamshaper_8"));
    wires_reply(&t, 200, "{}");
    assert_int_equal(t.wire->prepared(&t.call, &t.reply, &found, &t.err), APIPIE_E_MALFORMED);
    wires_reply(&t, 200, "[]");
    assert_int_equal(t.wire->prepared(&t.call, &t.reply, &found, &t.err), APIPIE_E_NOT_FOUND);
    pie_buf_free(&found);
    wires_close(&t);
}

static void the_list_is_one_of_models_that_cost_nothing(void **state)
{
    struct wires t;
    struct pie_buf out;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    assert_int_equal(pie_dialect_ask_models(t.wire, &t.call, &t.leg), APIPIE_OK);
    assert_string_equal(t.leg.request.url.p, "http://box:7860/sdapi/v1/sd-models");
    assert_int_equal(t.leg.purpose, APIPIE_PURPOSE_MODELS);
    wires_reply(&t, 200, LIST);
    wires_models(&t, &out);
    assert_string_equal(
        out.p,
        "{\"data\":[{\"id\":\"sdxl_base_1.0\",\"model\":\"sdxl_base_1.0\",\"provider\":\"desk\","
        "\"type\":\"image\",\"description\":\"sdxl/base_1.0.safetensors [31e35c80fc]\","
        "\"price_type\":\"image\",\"img_price\":\"0\",\"enabled\":true,\"available\":true},"
        "{\"id\":\"dreamshaper_8\",\"model\":\"dreamshaper_8\",\"provider\":\"desk\","
        "\"type\":\"image\",\"description\":\"dreamshaper_8.ckpt\",\"price_type\":\"image\","
        "\"img_price\":\"0\",\"enabled\":true,\"available\":true}]}");
    pie_buf_free(&out);
    assert_int_equal(pie_wish_set_filter(&t.wish, "model", "dreamshaper_8"), APIPIE_OK);
    wires_models(&t, &out);
    assert_null(strstr(out.p, "sdxl"));
    assert_non_null(strstr(out.p, "dreamshaper_8"));
    pie_buf_free(&out);
    wires_reply(&t, 200, "{}");
    pie_buf_init(&out, &pie_mem_libc, 1000);
    assert_int_equal(t.wire->write_models(&t.call, &t.reply, "desk", &out), APIPIE_E_MALFORMED);
    pie_buf_free(&out);
    wires_close(&t);
}

/* ---- replies */

#define INFO(FIRST)                                                                                \
    "{\"images\":[],\"parameters\":{},\"info\":\"{\\\"prompt\\\":\\\"a cat\\\",\\\"seed\\\": 7,"   \
    "\\\"all_seeds\\\": [7, 18446744073709551615],\\\"sd_model_name\\\": "                         \
    "\\\"sdxl_base_1.0\\\","                                                                       \
    "\\\"sd_model_hash\\\": \\\"31e35c80fc\\\",\\\"index_of_first_image\\\": " FIRST "}\"}"

static void info_is_read_a_second_time(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    wires_reply(&t, 200, INFO("0"));
    assert_int_equal(pie_headers_add(&t.outcome.headers, pie_slice_text("X-Process-Time"),
                                     pie_slice_text("3.2014")),
                     APIPIE_OK);
    wires_pictures(&t, 0, 2);
    assert_int_equal(wires_decode(&t), APIPIE_OK);
    assert_int_equal(t.result->count, 2);
    assert_true(t.result->images[0].has_seed && t.result->images[0].seed == 7);
    assert_true(t.result->images[1].has_seed && t.result->images[1].seed == UINT64_MAX);
    assert_string_equal(t.result->model, "sdxl_base_1.0");
    assert_int_equal(t.result->usage.latency_ms, 3202);
    assert_int_equal(t.result->usage.cost, APIPIE_UNKNOWN);
    assert_int_equal(t.result->warning_count, 0);
    wires_close(&t);
}

static void a_grid_is_no_picture(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    wires_reply(&t, 200, INFO("1"));
    wires_pictures(&t, 0, 3);
    assert_int_equal(wires_decode(&t), APIPIE_OK);
    assert_int_equal(t.result->count, 2);
    assert_true(t.result->images[0].slot == 1 && t.result->images[0].seed == 7);
    assert_true(t.result->images[1].slot == 2 && t.result->images[1].seed == UINT64_MAX);
    /* what cannot be is not believed */
    static const char *const bad[] = {"3", "-1", "9223372036854775807", "\\\"x\\\"", "null"};
    for (size_t i = 0; i < PIE_COUNT(bad); i++) {
        char text[600];
        const char *whole = INFO("@");
        const char *at = strchr(whole, '@');
        memcpy(text, whole, (size_t)(at - whole));
        text[at - whole] = '\0';
        strcat(text, bad[i]);
        strcat(text, at + 1);
        wires_reply(&t, 200, text);
        wires_pictures(&t, 0, 3);
        assert_int_equal(wires_decode(&t), APIPIE_OK);
        assert_int_equal(t.result->count, 3);
    }
    wires_close(&t);
}

static void info_may_be_anything(void **state)
{
    static const char *const infos[] = {"\"\"",   "\"no JSON\"",        "null", "{\"seed\":7}",
                                        "\"[]\"", "\"{\\\"all_seeds\"", "7"};
    struct wires t;
    char text[200];
    (void)state;
    open_wish(&t);
    wires_call(&t);
    for (size_t i = 0; i < PIE_COUNT(infos); i++) {
        strcpy(text, "{\"images\":[],\"info\":");
        strcat(text, infos[i]);
        strcat(text, "}");
        wires_reply(&t, 200, text);
        wires_pictures(&t, 0, 1);
        assert_int_equal(wires_decode(&t), APIPIE_OK);
        assert_int_equal(t.result->count, 1);
        assert_int_equal(t.result->images[0].has_seed, 0);
    }
    wires_close(&t);
}

static void another_checkpoint_is_told(void **state)
{
    static const struct {
        const char *asked;
        size_t warnings;
    } rows[] = {{"sdxl_base_1.0", 0},
                {"sdxl_base_1.0.safetensors", 0},
                {"x/sdxl_base_1.0.safetensors [abc]", 0},
                {"whatever.ckpt [31e35c80fc]", 0},
                {"31e35c80fc", 0},
                {"31e35c80fc4829d14f90", 0},
                {"dreamshaper_8", 1},
                {"sdxl_base", 1}};
    struct wires t;
    (void)state;
    open_wish(&t);
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        wires_text(&t, PIE_WISH_MODEL, rows[i].asked);
        wires_call(&t);
        wires_reply(&t, 200, INFO("0"));
        wires_pictures(&t, 0, 2);
        assert_int_equal(wires_decode(&t), APIPIE_OK);
        assert_int_equal(t.result->warning_count, rows[i].warnings);
        assert_string_equal(t.result->model, "sdxl_base_1.0"); /* the one that drew */
    }
    assert_non_null(strstr(t.result->warnings[0], "another checkpoint"));
    wires_close(&t);
}

static void no_picture_is_an_error(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    wires_reply(&t, 200, "{\"images\":null,\"parameters\":{},\"info\":\"{}\"}");
    assert_int_equal(wires_decode(&t), APIPIE_E_NO_IMAGE);
    wires_reply(&t, 200, "{\"images\":[],\"parameters\":{},\"info\":\"{}\"}");
    assert_int_equal(wires_decode(&t), APIPIE_E_NO_IMAGE);
    wires_close(&t);
}

/* ---- errors */

static void errors_mean_what_they_say(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_need_error(&t, 500,
                     "{\"error\":\"OutOfMemoryError\",\"detail\":\"\",\"body\":\"\","
                     "\"errors\":\"CUDA out of memory. Tried to allocate 2.00 GiB\"}",
                     APIPIE_E_SERVER, 0, "CUDA out of memory", "smaller size");
    wires_need_error(&t, 500,
                     "{\"error\":\"NansException\",\"detail\":\"\",\"body\":\"\",\"errors\":\"A "
                     "tensor with all NaNs was produced\"}",
                     APIPIE_E_SERVER, 1, "NaNs", NULL);
    wires_need_error(&t, 400,
                     "{\"error\":\"HTTPException\",\"detail\":\"Sampler not found\",\"body\":\"\","
                     "\"errors\":\"\"}",
                     APIPIE_E_PARAMETER, 0, "Sampler not found", "samplers");
    wires_need_error(&t, 404, "{\"detail\":\"Sampler not found\"}", APIPIE_E_PARAMETER, 0,
                     "Sampler not found", "samplers");
    wires_need_error(&t, 404, "{\"detail\":\"Init image not found\"}", APIPIE_E_PARAMETER, 0,
                     "Init image not found", NULL);
    wires_need_error(&t, 404, "{\"detail\":\"Not Found\"}", APIPIE_E_NOT_FOUND, 0, "Not Found",
                     "--api");
    wires_need_error(&t, 401,
                     "{\"error\":\"HTTPException\",\"detail\":\"Not authenticated\",\"body\":\"\","
                     "\"errors\":\"\"}",
                     APIPIE_E_AUTH, 0, "Not authenticated", "user:password");
    wires_need_error(&t, 422,
                     "{\"detail\":[{\"loc\":[\"body\",\"steps\"],\"msg\":\"value is not a valid "
                     "integer\",\"type\":\"type_error.integer\"}]}",
                     APIPIE_E_PARAMETER, 0, "not a valid integer", NULL);
    assert_string_equal(t.err.provider_param, "steps");
    wires_need_error(&t, 500,
                     "{\"error\":\"HTTPException\",\"detail\":\"Invalid encoded image\","
                     "\"body\":\"\",\"errors\":\"\"}",
                     APIPIE_E_PARAMETER, 0, "Invalid encoded image", "PNG");
    wires_need_error(&t, 500, "{\"detail\":\"Requests not allowed\"}", APIPIE_E_PARAMETER, 0,
                     "Requests not allowed", "as a file");
    wires_need_error(&t, 500, "Internal Server Error", APIPIE_E_SERVER, 1, "Internal Server Error",
                     NULL);
    wires_close(&t);
}

/* ---- beside the call */

static int32_t progress_of(struct wires *t, const char *body)
{
    wires_reply(t, 200, body);
    return t->wire->read_progress(&t->reply);
}

static void progress_is_per_mille(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    assert_int_equal(t.wire->ask_progress(&t.call, &t.leg), 1);
    assert_string_equal(t.leg.request.url.p,
                        "http://box:7860/sdapi/v1/progress?skip_current_image=true");
    assert_int_equal(t.leg.purpose, APIPIE_PURPOSE_PROGRESS);
    assert_int_equal(progress_of(&t, "{\"progress\":0.01,\"state\":{\"job_count\":1}}"), 10);
    assert_int_equal(progress_of(&t, "{\"progress\":0.4999,\"state\":{\"job_count\":1}}"), 499);
    assert_int_equal(progress_of(&t, "{\"progress\":1.0,\"state\":{\"job_count\":1}}"), 1000);
    assert_int_equal(progress_of(&t, "{\"progress\":1e-2}"), 10);
    assert_int_equal(progress_of(&t, "{\"progress\":-0.94,\"state\":{\"job_count\":-1}}"), 0);
    assert_int_equal(progress_of(&t, "{\"progress\":1.5,\"state\":{\"job_count\":-1}}"), 1000);
    assert_int_equal(progress_of(&t, "{\"progress\":1e300,\"state\":{\"job_count\":-1}}"), 1000);
    assert_int_equal(progress_of(&t, "{\"progress\":0,\"state\":{\"job_count\":0}}"),
                     APIPIE_UNKNOWN); /* nothing is drawn any more */
    assert_int_equal(progress_of(&t, "{\"progress\":\"x\"}"), APIPIE_UNKNOWN);
    assert_int_equal(progress_of(&t, "{\"progress\":NaN}"), APIPIE_UNKNOWN);
    assert_int_equal(progress_of(&t, "{}"), APIPIE_UNKNOWN);
    assert_int_equal(progress_of(&t, "gone"), APIPIE_UNKNOWN);
    wires_close(&t);
}

static void who_leaves_interrupts(void **state)
{
    struct wires t;
    (void)state;
    open_wish(&t);
    wires_call(&t);
    assert_int_equal(t.wire->abandon(&t.call, &t.step, &t.leg), 1);
    assert_string_equal(t.leg.request.url.p, "http://box:7860/sdapi/v1/interrupt");
    assert_string_equal(t.leg.request.method, "POST");
    assert_int_equal(t.leg.purpose, APIPIE_PURPOSE_STOP);
    assert_true(t.leg.paid == 0 && pie_http_request_length(&t.leg.request) == 0);
    assert_int_equal(t.wire->free, 1);
    wires_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_set_is_sent),
        cmocka_unit_test(everything_has_its_name),
        cmocka_unit_test(settings_without_a_model_are_the_users),
        cmocka_unit_test(a_picture_makes_it_img2img),
        cmocka_unit_test(pictures_by_url),
        cmocka_unit_test(what_cannot_be_asked_for),
        cmocka_unit_test(parameters_of_others_are_refused),
        cmocka_unit_test(a_key_with_a_colon_is_basic_at_once),
        cmocka_unit_test(checkpoints_are_known_by_any_of_their_names),
        cmocka_unit_test(the_list_is_one_of_models_that_cost_nothing),
        cmocka_unit_test(info_is_read_a_second_time),
        cmocka_unit_test(a_grid_is_no_picture),
        cmocka_unit_test(info_may_be_anything),
        cmocka_unit_test(another_checkpoint_is_told),
        cmocka_unit_test(no_picture_is_an_error),
        cmocka_unit_test(errors_mean_what_they_say),
        cmocka_unit_test(progress_is_per_mille),
        cmocka_unit_test(who_leaves_interrupts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
