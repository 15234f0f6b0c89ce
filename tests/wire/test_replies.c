/* SPDX-License-Identifier: MIT */
/* Good replies of every shape that has been seen: all of them end as the same bytes. Knows the public API alone. */
#include "../support/draw.h"

#include <stdlib.h>
#include <string.h>

/* A case that must end as PNG1 and nothing else, with that many warnings. */
struct shape {
    const char *name;
    const char *body;
    size_t warnings;
};

static const struct shape shapes[] = {
    {"plain", ONE_IMAGE, 0},
    {"with everything",
     "{\"created\":1700000000,\"data\":[{\"url\":null,\"b64_json\":\"" PNG1
     "\",\"revised_prompt\":\"x\"}],\"usage\":{\"cost\":0.008}}",
     0},
    {"the picture last",
     "{\"usage\":{},\"x\":[1,[2]],\"data\":[{\"n\":{},\"b64_json\":\"" PNG1 "\"}]}", 0},
    {"extra members",
     "{\"id\":\"i\",\"model\":\"m\",\"object\":\"list\",\"data\":[{\"index\":0,\"type\":"
     "\"b64_json\",\"embedding\":null,\"b64_json\":\"" PNG1 "\"}]}",
     0},
    {"url null behind", "{\"data\":[{\"b64_json\":\"" PNG1 "\",\"url\":null}]}", 0},
    {"b64_json null, url", "{\"data\":[{\"b64_json\":null,\"url\":\"$ORIGIN/pics/1\"}]}", 0},
    {"url alone", "{\"data\":[{\"url\":\"$ORIGIN/pics/1\"}]}", 0},
    {"url with escaped slashes", "{\"data\":[{\"url\":\"$ORIGIN\\/pics\\/1\"}]}", 0},
    {"relative url", "{\"data\":[{\"url\":\"/pics/1\"}]}", 0},
    {"url relative to the request", "{\"data\":[{\"url\":\"../../pics/1\"}]}", 0},
    {"url in b64_json", "{\"data\":[{\"b64_json\":\"$ORIGIN/pics/1\"}]}", 0},
    {"data URI in url", "{\"data\":[{\"url\":\"data:image/png;base64," PNG1 "\"}]}", 0},
    {"data URI in b64_json", "{\"data\":[{\"b64_json\":\"data:image/png;base64," PNG1 "\"}]}", 0},
    {"both, the same picture",
     "{\"data\":[{\"b64_json\":\"" PNG1 "\",\"url\":\"$ORIGIN/pics/1\"}]}", 0},
    {"url empty", "{\"data\":[{\"url\":\"\",\"b64_json\":\"" PNG1 "\"}]}", 0},
    {"bare array", "[{\"b64_json\":\"" PNG1 "\"}]", 0},
    {"bare array with url", "[{\"url\":\"$ORIGIN/pics/1\"}]", 0},
    {"BOM", "\xef\xbb\xbf" ONE_IMAGE, 0},
    {"keepalive blanks", "   \r\n\n\t   " ONE_IMAGE, 0},
    {"blanks behind", ONE_IMAGE "\r\n\r\n  ", 0},
    {"escaped key", "{\"data\":[{\"b64\\u005fjson\":\"" PNG1 "\"}]}", 0},
    {"same key elsewhere",
     "{\"b64_json\":\"no\",\"x\":{\"data\":[{\"b64_json\":\"" PNG2
     "\"}]},\"data\":[{\"b64_json\":\"" PNG1 "\"}]}",
     0},
    {"duplicate key, the last one wins",
     "{\"data\":[{\"b64_json\":\"" PNG2 "\",\"b64_json\":\"" PNG1 "\"}]}", 0},
    {"duplicate data, the last one wins",
     "{\"data\":[{\"b64_json\":\"" PNG2 "\"}],\"data\":[{\"b64_json\":\"" PNG1 "\"}]}", 0},
    {"huge numbers",
     "{\"created\":1e999,\"x\":18446744073709552000,\"y\":-0,\"data\":[{\"b64_json\":\"" PNG1
     "\"}]}",
     0},
    {"nesting of 40 levels",
     "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
     ",\"data\":[{\"b64_json\":\"" PNG1 "\"}]}",
     0},
};

static void perform_shape(struct draw *d, const char *body, size_t warnings)
{
    assert_ended(d->request, draw_perform_json(d, body), APIPIE_OK);
    draw_assert_one(d, warnings);
    assert_int_equal(apipie_result_image_width(draw_result(d), 0), 3);
    assert_int_equal(apipie_result_image_height(draw_result(d), 0), 2);
}

static void a_shape(void **state)
{
    struct draw *d = *state;
    const struct shape *s = d->row;
    perform_shape(d, s->body, s->warnings);
}

/* Base64 as it is found in the wild. */
static const char *const spellings[] = {
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/Sv+YkQ8PcXVsvvX/"
    "FrgIAV+8Jkhdl86AAAAAASUVORK5CYII",
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp_Sv-YkQ8PcXVsvvX_"
    "FrgIAV-8Jkhdl86AAAAAASUVORK5CYII=",
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp\\/Sv\\u002bYkQ8PcXVsvvX\\/"
    "FrgIAV+8Jkhdl86AAAAAASUVORK5CYII=",
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/S\\n"
    "v+YkQ8PcXVsvvX/FrgIAV+8Jkhdl86AAAAAASUVORK5CYII=\\n",
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/S\\r\\n"
    "v+YkQ8PcXVsvvX/FrgIAV+8Jkhdl86AAAAAASUVORK5CYII=  ",
};

static void a_spelling_of_base64(void **state)
{
    struct draw *d = *state;
    char *body =
        draw_replace("{\"data\":[{\"b64_json\":\"%\"}]}", "%", *(const char *const *)d->row);
    perform_shape(d, body, 0);
    free(body);
}

static void send_png_body(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    draw_send_picture(c, PNG1, user);
}

static void body_is_an_image(void **state, char *type)
{
    struct draw *d = *state;
    draw_serve(d, send_png_body, type);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

static void body_image_png(void **state)
{
    static char type[] = "image/png";
    body_is_an_image(state, type);
}

static void body_image_with_wrong_type(void **state)
{
    static char type[] = "application/json";
    body_is_an_image(state, type);
}

static void json_with_wrong_type(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 200, "Content-Type: text/html\r\n", ONE_IMAGE);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

static void json_type_with_a_parameter(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 200, "Content-Type: application/json; type=image/png\r\n", ONE_IMAGE);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

static void jpeg_that_is_called_png(void **state)
{
    struct draw *d = *state;
    assert_status(
        draw_perform_json(d, "{\"data\":[{\"url\":\"data:image/png;base64," JPEG1 "\"}]}"),
        APIPIE_OK);
    draw_assert_image(draw_result(d), 0, JPEG1, "image/jpeg");
    assert_int_equal(apipie_result_image_width(draw_result(d), 0), 4);
    assert_int_equal(apipie_result_image_height(draw_result(d), 0), 3);
}

static void gif_and_webp(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" GIF1 "\"},{\"b64_json\":\"" WEBP1 "\"}]}");
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_image(draw_result(d), 0, GIF1, "image/gif");
    draw_assert_image(draw_result(d), 1, WEBP1, "image/webp");
    assert_int_equal(apipie_result_image_width(draw_result(d), 1), 1);
}

static void svg_is_an_image(void **state)
{
    struct draw *d = *state;
    static const char svg[] =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>";
    char *base64 = draw_encode(svg, sizeof svg - 1);
    char *body = draw_replace("{\"data\":[{\"b64_json\":\"%\"}]}", "%", base64);
    apipie_status status = draw_perform_json(d, body);
    free(body);
    assert_ended(d->request, status, APIPIE_OK);
    draw_assert_image(draw_result(d), 0, base64, "image/svg+xml");
    assert_int_equal(apipie_result_image_width(draw_result(d), 0), 0);
    free(base64);
}

static void order_is_kept(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"url\":\"/pics/3\"},{\"b64_json\":\"" PNG1
                       "\"},{\"b64_json\":null,\"url\":\"$ORIGIN/pics/2\"}]}");
    apipie_request_set_n(d->request, 3);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_image_count(r), 3);
    draw_assert_image(r, 0, PNG3, "image/png");
    draw_assert_image(r, 1, PNG1, "image/png");
    draw_assert_image(r, 2, PNG2, "image/png");
    assert_contains(apipie_result_image_url(r, 0), "/pics/3");
    assert_contains(apipie_result_image_url(r, 0), raw_server_origin(d->server));
    assert_null(apipie_result_image_url(r, 1));
    assert_int_equal(apipie_result_warning_count(r), 0);
    assert_int_equal(apipie_request_tries(d->request), 1);
    assert_int_equal(apipie_request_attempt_count(d->request), 3);
}

static void fewer_than_asked_is_a_warning(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_n(d->request, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 1);
}

static void revised_prompts_on_some(void **state)
{
    struct draw *d = *state;
    draw_serve_json(
        d, "{\"data\":[{\"b64_json\":\"" PNG1 "\"},{\"revised_prompt\":\"a \\\"deep\\\" lake\","
           "\"b64_json\":\"" PNG2 "\"},{\"revised_prompt\":null,\"b64_json\":\"" PNG3 "\"}]}");
    apipie_request_set_n(d->request, 3);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_null(apipie_result_image_revised_prompt(r, 0));
    assert_string_equal(apipie_result_image_revised_prompt(r, 1), "a \"deep\" lake");
    assert_null(apipie_result_image_revised_prompt(r, 2));
}

static void created_and_served_by(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(
        d, 200, "Content-Type: application/json\r\nx-request-id: req-77\r\n",
        "{\"created\":1700000000,\"provider\":\"prodia\",\"model\":\"sdxl\",\"data\":[{"
        "\"b64_json\":\"" PNG1 "\"}]}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_int_equal(apipie_result_created(r), INT64_C(1700000000000));
    assert_string_equal(apipie_result_backend(r), "apipie");
    assert_string_equal(apipie_result_provider(r), "prodia");
    assert_string_equal(apipie_result_model(r), "sdxl");
    assert_string_equal(apipie_result_request_id(r), "req-77");
}

static void asked_names_stand_in(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_provider(d->request, "pool");
    apipie_request_set_model(d->request, "all");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_string_equal(apipie_result_provider(r), "pool");
    assert_string_equal(apipie_result_model(r), "all");
    assert_int_equal(apipie_result_created(r), APIPIE_UNKNOWN);
    assert_null(apipie_result_request_id(r));
}

static void json_without_the_picture(void **state)
{
    struct draw *d = *state;
    size_t n = 0;
    draw_serve_json(d, "{\"created\":1e999,\"cost\":0.1000,\"data\":[{\"b64_json\":\"" PNG1
                       "\"}],\"note\":\"\\ud800 \\u0000 \xff\"}");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const char *json = apipie_result_json(draw_result(d), &n);
    assert_non_null(json);
    assert_int_equal(strlen(json), n);
    assert_contains(json, "\"b64_json\":null");
    assert_contains(json, "1e999");
    assert_contains(json, "0.1000");
    assert_contains(json, "\xef\xbf\xbd");
    assert_lacks(json, "\xff");
    assert_lacks(json, "iVBOR");
}

static void seeds(void **state)
{
    struct draw *d = *state;
    uint64_t seed = 0;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" PNG1
                       "\",\"seed\":18446744073709551615},{\"b64_json\":\"" PNG2
                       "\",\"seed\":\"42\"},{\"b64_json\":\"" PNG3 "\"}]}");
    apipie_request_set_n(d->request, 3);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    const apipie_result *r = draw_result(d);
    assert_status(apipie_result_image_seed(r, 0, &seed), APIPIE_OK);
    assert_true(seed == UINT64_MAX);
    assert_status(apipie_result_image_seed(r, 1, &seed), APIPIE_OK);
    assert_true(seed == 42);
    assert_status(apipie_result_image_seed(r, 2, &seed), APIPIE_E_STATE);
    assert_true(seed == 42);
}

/* Byte by byte: where the network cuts must not matter. */
static void drip_reply(struct raw_conn *c, const struct raw_request *q, void *user)
{
    const char *body = user;
    (void)q;
    raw_head(c, 200, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    for (size_t i = 0; body[i]; i++)
        raw_chunk(c, body + i, 1);
    raw_chunk(c, NULL, 0);
}

static void one_byte_a_chunk(void **state)
{
    struct draw *d = *state;
    static char body[] = ONE_IMAGE;
    draw_serve(d, drip_reply, body);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_assert_one(d, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(body_image_png),
        DRAW_TEST(body_image_with_wrong_type),
        DRAW_TEST(json_with_wrong_type),
        DRAW_TEST(json_type_with_a_parameter),
        DRAW_TEST(jpeg_that_is_called_png),
        DRAW_TEST(gif_and_webp),
        DRAW_TEST(svg_is_an_image),
        DRAW_TEST(order_is_kept),
        DRAW_TEST(fewer_than_asked_is_a_warning),
        DRAW_TEST(revised_prompts_on_some),
        DRAW_TEST(created_and_served_by),
        DRAW_TEST(asked_names_stand_in),
        DRAW_TEST(json_without_the_picture),
        DRAW_TEST(seeds),
        DRAW_TEST(one_byte_a_chunk),
    };
    int failed = cmocka_run_group_tests_name("replies", tests, NULL, NULL);
    failed += DRAW_ROWS(a_shape, shapes);
    failed += DRAW_ROWS(a_spelling_of_base64, spellings);
    return failed;
}
