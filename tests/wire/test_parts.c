/* SPDX-License-Identifier: MIT */
/* Several images from a route that makes one a call: when a request is taken apart, into what, and where the pictures go.
 * Knows the public API alone. */
#include "../support/parts.h"

#include <stdlib.h>
#include <string.h>

#define SOON "Content-Type: application/json\r\nretry-after-ms: 1\r\n"

/* ---- taken apart */

static void assert_calls(struct draw *d, int32_t first)
{
    char key[PARTS_IMAGES + 1][128], field[64];
    int32_t seen = 0;
    for (int32_t i = 0; i < PARTS_IMAGES; i++) {
        const struct raw_request *q = raw_server_request(d->server, first + i);
        assert_non_null(q);
        draw_field(q, "n", field, sizeof field);
        assert_true(field[0] == 0 || strcmp(field, "1") == 0);
        draw_field(q, "seed", field, sizeof field);
        assert_in_range(strtol(field, NULL, 10), PARTS_SEED, PARTS_SEED + PARTS_IMAGES - 1);
        seen |= 1 << parts_of(q);
        draw_field(q, "prompt", field, sizeof field);
        assert_string_equal(field, "a lake");
        assert_true(raw_request_header(q, "Idempotency-Key", key[i], sizeof key[i]));
        for (int32_t j = 0; j < i; j++)
            assert_string_not_equal(key[i], key[j]);
    }
    assert_int_equal(seen, (1 << PARTS_IMAGES) - 1);
}

static void four_calls_side_by_side(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 1 + PARTS_IMAGES};
    parts_serve(d, &plan);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + PARTS_IMAGES);
    assert_int_equal(raw_server_busiest(d->server), PARTS_IMAGES);
    assert_calls(d, 1);
    assert_int_equal(apipie_request_tries(d->request), 1 + PARTS_IMAGES);
    assert_int_equal(apipie_request_attempt_count(d->request), 1 + PARTS_IMAGES);
    assert_int_equal(apipie_request_attempt_outcome(d->request, 0), APIPIE_OUTCOME_REJECTED);
    assert_status(apipie_request_attempt_status(d->request, 0), APIPIE_E_PARAMETER);
    for (size_t i = 1; i <= PARTS_IMAGES; i++) {
        assert_int_equal(apipie_request_attempt_outcome(d->request, i), APIPIE_OUTCOME_DELIVERED);
        assert_int_equal(apipie_request_attempt_billed(d->request, i), APIPIE_BILLED_YES);
    }
}

static void the_route_is_remembered(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 0};
    parts_serve(d, &plan);
    apipie_request_set_model(d->request, "small");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + PARTS_IMAGES);
    parts_ask(d);
    apipie_request_set_model(d->request, "small");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + 2 * PARTS_IMAGES);
    assert_calls(d, 1 + PARTS_IMAGES);
    assert_int_equal(apipie_request_tries(d->request), PARTS_IMAGES);
    /* another route is another matter */
    parts_ask(d);
    apipie_request_set_model(d->request, "large");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(raw_server_count(d->server, "POST"), 2 + 3 * PARTS_IMAGES);
}

static void no_seed_no_seeds(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 0};
    parts_serve(d, &plan);
    draw_again(d);
    apipie_request_set_n(d->request, 3);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), 3);
    assert_int_equal(raw_server_count(d->server, "POST"), 4);
    assert_int_equal(draw_posts(d->server, "seed"), 0);
}

static void never_more_than_may_be_out(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.slow_ms = 100};
    parts_serve(d, &plan);
    apipie_client_set_max_in_flight(d->client, 2);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(raw_server_busiest(d->server), 2);
}

static void pictures_by_url(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 1 + PARTS_IMAGES, .by_url = 1};
    parts_serve(d, &plan);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    parts_assert_all(d);
    assert_int_equal(raw_server_count(d->server, "POST"), 1 + PARTS_IMAGES);
    assert_int_equal(raw_server_count(d->server, "GET"), PARTS_IMAGES);
}

/* ---- not taken apart */

#define FOUR                                                                                       \
    "{\"data\":[{\"b64_json\":\"" PNG1 "\"},{\"b64_json\":\"" PNG2 "\"},{\"b64_json\":\"" PNG3     \
    "\"},{\"b64_json\":\"" PNG1 "\"}]}"

struct whole {
    const char *name;
    struct draw_reply reply;
    apipie_status code;
};

static const struct whole wholes[] = {
    {"it makes four", {200, SOON, FOUR}, APIPIE_OK},
    {"it makes fewer", {200, SOON, ONE_IMAGE}, APIPIE_OK},
    {"the size is wrong",
     {400, SOON, "{\"error\":{\"message\":\"size must be 1024x1024\",\"param\":\"size\"}}"},
     APIPIE_E_PARAMETER},
    {"too many, but several",
     {400, SOON, "{\"error\":{\"message\":\"n must be at most 2\",\"param\":\"n\"}}"},
     APIPIE_E_PARAMETER},
    {"a 500 that speaks of n", {500, SOON, PARTS_ONE_EACH}, APIPIE_E_SERVER},
};

static void sent_as_it_is(void **state)
{
    struct draw *d = *state;
    const struct whole *row = d->row;
    draw_serve_reply(d, row->reply.status, row->reply.headers, row->reply.body);
    for (int i = 1; i <= 2; i++) {
        parts_ask(d);
        assert_ended(d->request, apipie_request_perform(d->request), row->code);
        assert_int_equal(raw_server_count(d->server, "POST"), i);
    }
    assert_order(d->server, "n", "44");
}

/* ---- where the pictures go */

struct output {
    const char *name;
    int file;
    const char *names[PARTS_IMAGES];
};

static const struct output outputs[] = {
    {"a file", 1, {"x.png", "x-2.png", "x-3.png", "x-4.png"}},
    {"a folder", 0, {"x.png", "x-2.png", "x-3.png", "x-4.png"}},
};

static void into_files(void **state)
{
    struct draw *d = *state;
    const struct output *row = d->row;
    static const struct parts_plan plan = {.gather = 1 + PARTS_IMAGES};
    parts_make_folder();
    parts_serve(d, &plan);
    if (row->file)
        apipie_request_set_output_file(d->request, parts_in_folder("x.png"));
    else
        apipie_request_set_output_folder(d->request, parts_folder(), "x");
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_image_count(draw_result(d)), PARTS_IMAGES);
    for (size_t i = 0; i < PARTS_IMAGES; i++) {
        const char *path = apipie_result_image_path(draw_result(d), i);
        assert_non_null(path);
        assert_string_equal(path, parts_in_folder(row->names[i]));
        parts_assert_file(path, parts_pictures[i]);
    }
    assert_int_equal(parts_entries(1), PARTS_IMAGES);
}

static void into_the_hosts_hands(void **state)
{
    struct draw *d = *state;
    static const struct parts_plan plan = {.gather = 1 + PARTS_IMAGES};
    struct parts_host host = {.odd = 0};
    parts_serve(d, &plan);
    parts_set_host(d->request, &host);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(parts_committed(&host), PARTS_IMAGES);
    for (int slot = 0; slot < 16; slot++)
        assert_true(host.at[slot] >= 0);
    d->request = apipie_request_unref(d->request); /* before the host goes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(four_calls_side_by_side), DRAW_TEST(the_route_is_remembered),
        DRAW_TEST(no_seed_no_seeds),        DRAW_TEST(never_more_than_may_be_out),
        DRAW_TEST(pictures_by_url),         DRAW_TEST(into_the_hosts_hands),
    };
    int failed = cmocka_run_group_tests_name("parts", tests, NULL, NULL);
    failed += DRAW_ROWS(sent_as_it_is, wholes);
    failed += DRAW_ROWS(into_files, outputs);
    return failed;
}
