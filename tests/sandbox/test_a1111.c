/* SPDX-License-Identifier: MIT */
/* The sandbox as Automatic1111's web API: pictures, models, keys, and how it says no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define BASE     apipie_sandbox_backend_url(talk_box, "a1111")
#define TXT      "/sdapi/v1/txt2img"
#define IMG      "/sdapi/v1/img2img"
#define LAKE     "\"prompt\":\"a lake\",\"width\":64,\"height\":64,\"seed\":7"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct talk ask(const char *path, const char *body)
{
    return talk(BASE, path, body, NULL, NULL);
}

static struct talk ask_fault(const char *body, const char *fault)
{
    char header[128];

    snprintf(header, sizeof(header), "X-Sandbox-Fault: %s", fault);
    return talk(BASE, TXT, body, header, NULL);
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

static void expect(struct talk *t, long status, const char *error, const char *detail)
{
    assert_int_equal(t->code, CURLE_OK);
    assert_int_equal(t->status, status);
    assert_string_equal(talk_text(t, "error"), error);
    assert_string_equal(talk_text(t, "detail"), detail);
    assert_non_null(talk_at(t, "errors"));
    assert_non_null(talk_at(t, "body"));
    talk_end(t);
}

static void draws(void **state)
{
    struct talk t = ask(TXT, "{" LAKE ",\"batch_size\":2,\"n_iter\":2,\"steps\":\"12\","
                             "\"cfg_scale\":5.5,\"nosuch\":[1]}");
    struct talk info = info_of(&t);

    (void)state;
    assert_int_equal(t.status, 200);
    assert_int_equal(json_array_size(talk_at(&t, "images")), 4);
    for (int i = 0; i < 4; i++) {
        char path[16], seed[16];

        snprintf(path, sizeof(path), "images.%d", i);
        snprintf(seed, sizeof(seed), "all_seeds.%d", i);
        assert_true(talk_holds_png(&t, path, 64, 64));
        assert_int_equal(json_integer_value(talk_at(&info, seed)), 7 + i);
    }
    assert_string_equal(talk_text(&t, "parameters.prompt"), "a lake");
    assert_int_equal(json_integer_value(talk_at(&info, "seed")), 7);
    assert_int_equal(json_integer_value(talk_at(&info, "steps")), 12);
    assert_int_equal(json_integer_value(talk_at(&info, "index_of_first_image")), 0);
    assert_true(json_real_value(talk_at(&info, "cfg_scale")) == 5.5);
    assert_string_equal(talk_text(&info, "sampler_name"), "Euler");
    assert_string_equal(talk_text(&info, "sd_model_name"), "v1-5-pruned-emaonly");
    assert_non_null(strstr(t.head, "X-Process-Time: "));
    assert_null(strstr(t.head, "x-request-id"));
    talk_end(&info);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_SEED), 7);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STEPS), 12);
    assert_int_equal(apipie_sandbox_request_count(talk_box), 1);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void draws_with_nothing_said(void **state)
{
    struct talk a = ask(TXT, "{}"), b = ask(TXT, "{\"seed\":-1}");
    struct talk info = info_of(&a), other = info_of(&b);

    (void)state;
    assert_true(talk_holds_png(&a, "images.0", 512, 512));
    assert_int_equal(json_integer_value(talk_at(&info, "steps")), 50);
    assert_true(json_integer_value(talk_at(&info, "seed")) >= 0); /* any, and another each time */
    assert_int_not_equal(json_integer_value(talk_at(&info, "seed")),
                         json_integer_value(talk_at(&other, "seed")));
    talk_end(&info);
    talk_end(&other);
    talk_end(&a);
    talk_end(&b);
}

/* A seed names the picture, wherever it stands in a batch. */
static void draws_the_same_for_the_same_seed(void **state)
{
    struct talk a = ask(TXT, "{" LAKE ",\"n_iter\":2}");
    struct talk b = ask(TXT, "{\"prompt\":\"a lake\",\"width\":71,\"height\":64,\"seed\":8}");
    struct talk c = ask(TXT, "{" LAKE ",\"negative_prompt\":\"fog\"}");

    (void)state;
    assert_string_equal(talk_text(&a, "images.1"), talk_text(&b, "images.0")); /* 71 becomes 64 */
    assert_string_not_equal(talk_text(&a, "images.0"), talk_text(&c, "images.0"));
    talk_end(&a);
    talk_end(&b);
    talk_end(&c);
}

static void puts_a_grid_in_front(void **state)
{
    struct talk t = ask_fault("{" LAKE ",\"batch_size\":2}", "grid"), info = info_of(&t);

    (void)state;
    assert_int_equal(json_array_size(talk_at(&t, "images")), 3);
    assert_true(talk_holds_png(&t, "images.0", 512, 512));
    assert_true(talk_holds_png(&t, "images.1", 64, 64));
    assert_int_equal(json_integer_value(talk_at(&info, "index_of_first_image")), 1);
    talk_end(&info);
    talk_end(&t);
    t = ask(TXT, "{" LAKE ",\"batch_size\":2,\"save_images\":true}"); /* as the real one does */
    assert_int_equal(json_array_size(talk_at(&t, "images")), 3);
    talk_end(&t);
    t = ask(TXT, "{" LAKE ",\"batch_size\":2,\"send_images\":false}");
    assert_int_equal(t.status, 200);
    assert_int_equal(json_array_size(talk_at(&t, "images")), 0);
    talk_end(&t);
}

/* ---- models */

static void knows_its_models(void **state)
{
    struct talk t = ask("/sdapi/v1/sd-models", NULL);

    (void)state;
    assert_string_equal(talk_text(&t, "1.title"), "sd_xl_base_1.0.safetensors [31e35c80fc]");
    assert_string_equal(talk_text(&t, "1.model_name"), "sd_xl_base_1.0");
    assert_true(json_is_null(talk_at(&t, "2.hash")));
    assert_string_equal(talk_text(&t, "2.title"), "dreamshaper_8.safetensors");
    talk_end(&t);
    t = ask("/sdapi/v1/samplers", NULL);
    assert_string_equal(talk_text(&t, "3.name"), "Euler");
    assert_string_equal(talk_text(&t, "3.aliases.0"), "k_euler");
    talk_end(&t);
    t = ask("/sdapi/v1/schedulers", NULL);
    assert_string_equal(talk_text(&t, "2.name"), "karras");
    talk_end(&t);
    t = ask("/sdapi/v1/cmd-flags", NULL);
    assert_true(json_is_true(talk_at(&t, "api")));
    talk_end(&t);
}

static const char *drawn_with(const char *body, char out[64])
{
    struct talk t = ask(TXT, body), info = info_of(&t);

    assert_int_equal(t.status, 200);
    snprintf(out, 64, "%s", talk_text(&info, "sd_model_name"));
    talk_end(&info);
    talk_end(&t);
    return out;
}

static void changes_the_model(void **state)
{
    char name[64];
    struct talk t;

    (void)state;
    assert_string_equal(drawn_with("{" LAKE ",\"override_settings\":{\"sd_model_checkpoint\":"
                                   "\"sd_xl_base_1.0\"}}",
                                   name),
                        "sd_xl_base_1.0");
    assert_string_equal(drawn_with("{" LAKE "}", name), "v1-5-pruned-emaonly");
    /* Not there: dropped without a word. */
    assert_string_equal(
        drawn_with("{" LAKE ",\"override_settings\":{\"sd_model_checkpoint\":\"nosuch\"}}", name),
        "v1-5-pruned-emaonly");
    t = ask("/sdapi/v1/options", "{\"sd_model_checkpoint\":\"nosuch\"}");
    assert_non_null(strstr(talk_text(&t, "errors"), "model 'nosuch' not found"));
    expect(&t, 500, "RuntimeError", "");
    t = ask("/sdapi/v1/options", "{\"sd_model_checkpoint\":\"dreamshaper_8.safetensors\"}");
    assert_int_equal(t.status, 200);
    assert_string_equal(t.body, "null");
    talk_end(&t);
    t = ask("/sdapi/v1/options", NULL);
    assert_string_equal(talk_text(&t, "sd_model_checkpoint"), "dreamshaper_8.safetensors");
    assert_string_equal(talk_text(&t, "samples_format"), "png");
    talk_end(&t);
    assert_string_equal(drawn_with("{" LAKE "}", name), "dreamshaper_8");
    assert_string_equal(
        drawn_with("{" LAKE ",\"override_settings\":{\"sd_model_checkpoint\":\"31e35c80fc\"},"
                   "\"override_settings_restore_afterwards\":false}",
                   name),
        "sd_xl_base_1.0");
    assert_string_equal(drawn_with("{" LAKE "}", name), "sd_xl_base_1.0");
}

/* ---- img2img */

static struct talk paint(const char *before, const void *p, size_t n, const char *behind)
{
    char start[256], *body;
    struct talk t;

    snprintf(start, sizeof(start), "{" LAKE ",\"init_images\":[\"%s", before);
    body = talk_base64(start, p, n, behind);
    t = ask(IMG, body);
    free(body);
    return t;
}

static void repaints(void **state)
{
    size_t n, mask_n;
    unsigned char *png = talk_png(64, 64, 0, 1, &n), *mask = talk_png(64, 64, 0, 2, &mask_n);
    char *with_mask =
        talk_base64("\"],\"mask\":\"", mask, mask_n, "\",\"denoising_strength\":0.5}");
    struct talk plain = paint("", png, n, "\"]}");
    struct talk uri = paint("data:image/png;base64,", png, n, "\"]}");
    struct talk masked = paint("", png, n, with_mask), info = info_of(&masked);

    (void)state;
    assert_true(talk_holds_png(&plain, "images.0", 64, 64));
    assert_string_equal(talk_text(&plain, "images.0"), talk_text(&uri, "images.0"));
    assert_string_not_equal(talk_text(&plain, "images.0"), talk_text(&masked, "images.0"));
    assert_true(json_is_null(talk_at(&plain, "parameters.init_images")));
    assert_true(json_real_value(talk_at(&info, "denoising_strength")) == 0.5);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUTS), 1);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_INPUT_BYTES), n);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_MASK_BYTES), mask_n);
    talk_end(&info);
    talk_end(&plain);
    talk_end(&uri);
    talk_end(&masked);
    plain = paint("", png, n - 1, "\"]}"); /* not whole */
    expect(&plain, 500, "HTTPException", "Invalid encoded image");
    free(with_mask);
    free(png);
    free(mask);
}

static void refuses_bad_orders(void **state)
{
    static const struct {
        const char *path, *body, *error, *detail;
        long status;
    } cases[] = {
        {IMG, "{" LAKE "}", "HTTPException", "Init image not found", 404},
        {IMG, "{" LAKE ",\"init_images\":null}", "HTTPException", "Init image not found", 404},
        {IMG, "{" LAKE ",\"init_images\":[]}", "IndexError", "", 500},
        {IMG, "{" LAKE ",\"init_images\":[\"%%\"]}", "HTTPException", "Invalid encoded image", 500},
        {IMG, "{" LAKE ",\"init_images\":[\"AAAA\"]}", "HTTPException", "Invalid encoded image",
         500},
        {IMG, "{" LAKE ",\"init_images\":[7]}", "HTTPException", "Invalid encoded image", 500},
        {IMG, "{" LAKE ",\"init_images\":[\"http://127.0.0.1/a.png\"]}", "HTTPException",
         "Request to local resource not allowed", 500},
        {IMG, "{" LAKE ",\"init_images\":[\"https://example.com/a.png\"]}", "HTTPException",
         "Requests not allowed", 500},
        {TXT, "{" LAKE ",\"sampler_name\":\"Nosuch\"}", "HTTPException", "Sampler not found", 400},
        {TXT, "{" LAKE ",\"script_name\":\"x\"}", "HTTPException", "Script 'script_name' not found",
         422},
        {TXT, "{\"width\":4096}", "OutOfMemoryError", "", 500},
        {TXT, "{\"width\":0}", "RuntimeError", "", 500},
        {TXT, "{\"batch_size\":50,\"n_iter\":3}", "OutOfMemoryError", "", 500},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct talk t = ask(cases[i].path, cases[i].body);

        expect(&t, cases[i].status, cases[i].error, cases[i].detail);
    }
}

static void validates(void **state)
{
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"", NULL},
        {"{", NULL},
        {"[]", NULL},
        {"{\"prompt\":7}", "prompt"},
        {"{\"steps\":\"many\"}", "steps"},
        {"{\"steps\":1.5}", "steps"},
        {"{\"cfg_scale\":\"high\"}", "cfg_scale"},
        {"{\"width\":{}}", "width"},
        {"{\"restore_faces\":\"perhaps\"}", "restore_faces"},
        {"{\"override_settings\":[]}", "override_settings"},
        {"{\"styles\":\"x\"}", "styles"},
    };
    struct talk t;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        t = ask(TXT, cases[i].body);
        assert_int_equal(t.status, 422);
        assert_string_equal(talk_text(&t, "detail.0.loc.0"), "body");
        if (cases[i].field != NULL)
            assert_string_equal(talk_text(&t, "detail.0.loc.1"), cases[i].field);
        assert_true(strlen(talk_text(&t, "detail.0.msg")) > 5);
        assert_true(strlen(talk_text(&t, "detail.0.type")) > 5);
        talk_end(&t);
    }
    t = talk_raw(BASE, TXT, "{" LAKE "}", strlen("{" LAKE "}"), "text/plain", NULL);
    assert_int_equal(t.status, 422);
    talk_end(&t);
    t = ask("/sdapi/v1/nosuch", NULL);
    assert_int_equal(t.status, 404);
    assert_string_equal(talk_text(&t, "detail"), "Not Found");
    talk_end(&t);
    t = ask(TXT, NULL);
    assert_int_equal(t.status, 405);
    assert_string_equal(talk_text(&t, "detail"), "Method Not Allowed");
    talk_end(&t);
}

static void asks_for_basic(void **state)
{
    char *long_name = malloc(300);
    struct talk t;

    (void)state;
    memset(long_name, 'a', 299);
    long_name[299] = '\0';
    assert_int_equal(apipie_sandbox_set_basic(talk_box, "a:b", "c"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_basic(talk_box, long_name, "c"), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_basic(talk_box, "me", long_name), APIPIE_E_ARGUMENT);
    free(long_name);
    assert_int_equal(apipie_sandbox_set_basic(talk_box, "me", "p:w"), APIPIE_OK);
    t = ask(TXT, "{" LAKE "}");
    assert_null(strstr(t.head, "WWW-Authenticate"));
    expect(&t, 401, "HTTPException", "Not authenticated");
    t = talk(BASE, TXT, "{" LAKE "}", "Authorization: Basic bWU6d3Jvbmc=", NULL);
    expect(&t, 401, "HTTPException", "Incorrect username or password");
    t = talk(BASE, "/sdapi/v1/progress", NULL, "Authorization: Bearer bWU6cDp3", NULL);
    expect(&t, 401, "HTTPException", "Not authenticated");
    t = talk(BASE, TXT, "{" LAKE "}", "Authorization: basic bWU6cDp3", NULL);
    assert_int_equal(t.status, 200);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_set_basic(talk_box, NULL, NULL), APIPIE_OK);
    t = ask(TXT, "{" LAKE "}");
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

static void fails_as_it_is_told(void **state)
{
    struct talk t = ask_fault("{" LAKE "}", "status:503");

    (void)state;
    expect(&t, 503, "service_unavailable", "");
    t = ask_fault("{" LAKE "}", "status:404");
    expect(&t, 404, "HTTPException", "There is nothing here.");
    t = ask_fault("{" LAKE "}", "cut");
    assert_int_equal(t.code, CURLE_GOT_NOTHING);
    talk_end(&t);
    t = ask_fault("{" LAKE "}", "noimage");
    assert_int_equal(json_array_size(talk_at(&t, "images")), 0);
    talk_end(&t);
    t = ask_fault("{" LAKE ",\"n_iter\":2}", "fewer");
    assert_int_equal(json_array_size(talk_at(&t, "images")), 1);
    talk_end(&t);
    t = ask_fault("{" LAKE "}", "badjson");
    assert_null(t.json);
    talk_end(&t);
    t = talk(BASE, "/sdapi/v1/sd-models", NULL, "X-Sandbox-Fault: html", NULL);
    assert_int_equal(t.status, 502);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_set_route_fault(talk_box, "a1111", NULL, "status:500"),
                     APIPIE_OK);
    t = ask(TXT, "{" LAKE "}");
    expect(&t, 500, "server_error", "");
    t = talk_post("{" SMALL "}"); /* the gateway is well */
    assert_int_equal(t.status, 200);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws),
        TEST(draws_with_nothing_said),
        TEST(draws_the_same_for_the_same_seed),
        TEST(puts_a_grid_in_front),
        TEST(knows_its_models),
        TEST(changes_the_model),
        TEST(repaints),
        TEST(refuses_bad_orders),
        TEST(validates),
        TEST(asks_for_basic),
        TEST(fails_as_it_is_told),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-a1111", tests, NULL, NULL);
}
