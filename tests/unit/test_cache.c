/* SPDX-License-Identifier: MIT */
/* The content cache as it is meant: what comes back, what two requests must share, who makes room. */
#include "cache_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MANY ((uint64_t)1 << 30)

/* ---- what comes back */

static void describe(struct world *w, struct drawing *d)
{
    struct apipie_result *r = d->result;
    r->provider = pie_mem_text(&w->mem, "openai", 6);
    r->model = pie_mem_text(&w->mem, "gpt-image-1", 11);
    r->usage.cost = 40000000000;
    r->images[0].has_seed = 1;
    r->images[0].seed = UINT64_MAX;
    r->images[1].revised_prompt = pie_mem_text(&w->mem, "a \"red\" f\xC3\xB6x\n\\", 14);
}

static void a_stored_picture_comes_back(void **state)
{
    struct world *w = *state;
    struct drawing d;
    struct apipie_result *r = NULL;
    world_open(w, MANY);
    assert_int_equal(drawing_begin(w, WORLD_KEY, 100000, 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 5, 0), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 3, 1), APIPIE_OK);
    describe(w, &d);
    drawing_publish(&d);
    assert_int_equal(world_load(w, WORLD_KEY, &r), APIPIE_OK);
    assert_int_equal(r->count, 2);
    assert_int_equal(r->cached, 1);
    assert_int_equal(r->billed, APIPIE_BILLED_NO);
    assert_int_equal(r->usage.cost, 0);
    assert_string_equal(r->provider, "openai");
    assert_string_equal(r->model, "gpt-image-1");
    for (size_t i = 0; i < 2; i++) {
        const struct pie_image *is = &r->images[i], *was = &d.result->images[i];
        assert_int_equal(is->size, 100000);
        assert_int_equal(is->data.n, 100000);
        assert_memory_equal(is->data.p, was->data.p, 100000);
        assert_string_equal(is->mime, "image/png");
        assert_int_equal(is->width, 3);
        assert_int_equal(is->height, 2);
        assert_int_equal(is->has_seed, was->has_seed);
    }
    assert_true(r->images[0].seed == UINT64_MAX);
    assert_null(r->images[0].revised_prompt);
    assert_string_equal(r->images[1].revised_prompt, "a \"red\" f\xC3\xB6x\n\\");
    drawing_end(&d);
    pie_result_free(r);
}

/* The result that was there is put in its place, and its slots are the sink's. */
static void load_fills_slots_and_replaces_nothing_else(void **state)
{
    struct world *w = *state;
    struct pie_wish wish;
    struct pie_sink *sink = NULL;
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, 100, 1);
    pie_wish_init(&wish, &w->mem, APIPIE_REQUEST_IMAGE);
    wish.max_image_bytes = 100;
    assert_int_equal(pie_sink_new(&w->mem, &wish, &sink), APIPIE_OK);
    struct apipie_result *r = pie_result_new(&w->mem);
    assert_int_equal(pie_result_grow(r, 3), APIPIE_OK);
    r->provider = pie_mem_text(&w->mem, "old", 3);
    r->created_ms = 77;
    assert_int_equal(pie_cache_load(w->cache, pie_slice_text(WORLD_KEY), sink, 100, r), APIPIE_OK);
    assert_int_equal(r->count, 1);
    assert_int_equal(r->images[0].slot, 0);
    assert_null(r->provider);
    assert_int_equal(r->created_ms, 77);
    sink->type->close(sink);
    pie_result_free(r);
    pie_wish_free(&wish);
}

static void assert_mode(const char *path, unsigned mode)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, mode);
}

static void people_find_pictures_and_a_description(void **state)
{
    struct world *w = *state;
    size_t n = 0;
    struct drawing d;
    uint8_t p[200];
    world_open(w, MANY);
    assert_int_equal(drawing_begin(w, WORLD_KEY, sizeof(p), 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    d.result->usage.cost = 40000000000;
    drawing_publish(&d);
    drawing_end(&d);
    world_picture(p, sizeof(p), 1);
    char *picture = world_read(world_entry(w, WORLD_KEY, "1.png"), &n);
    assert_int_equal(n, sizeof(p));
    assert_memory_equal(picture, p, n);
    char *json = world_read(world_entry(w, WORLD_KEY, "entry.json"), &n);
    assert_non_null(strstr(json, "\"cost\":\"0.04\""));
    assert_non_null(strstr(json, "\"bytes\":200"));
    assert_non_null(strstr(json, "\"date\":\"20"));
    assert_int_equal(pie_json_check(pie_slice(json, n)), APIPIE_OK);
    assert_mode(world_entry(w, WORLD_KEY, NULL), 0700);
    assert_mode(world_entry(w, WORLD_KEY, "1.png"), 0600);
    assert_mode(world_entry(w, WORLD_KEY, "entry.json"), 0600);
    assert_int_equal(world_count(w, &n), 1);
    assert_int_equal(n, 0);
    free(picture);
    free(json);
}

static void another_request_is_a_miss(void **state)
{
    struct world *w = *state;
    world_open(w, MANY);
    assert_false(world_hit(w, WORLD_KEY, 100, 1));
    world_draw(w, WORLD_KEY, 100, 1);
    assert_false(world_hit(w, WORLD_KEY " ", 100, 1));
    assert_false(world_hit(w, "", 100, 1));
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
}

static void the_next_process_finds_it(void **state)
{
    struct world *w = *state;
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, 70000, 1);
    world_open(w, MANY);
    assert_true(world_hit(w, WORLD_KEY, 70000, 1));
}

static void who_was_first_stays(void **state)
{
    struct world *w = *state;
    size_t others = 0;
    world_open(w, MANY);
    world_draw(w, WORLD_KEY, 100, 1);
    world_draw(w, WORLD_KEY, 120, 2);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    assert_int_equal(world_count(w, &others), 1);
    assert_int_equal(others, 0);
}

static void long_and_odd_keys_are_keys(void **state)
{
    static const char odd[] = "\"\\\n\t\x01\x7F\xC3\xA4\xE2\x82\xAC\xF0\x9F\x90\xBA</\\u0001";
    struct world *w = *state;
    struct pie_buf key;
    world_open(w, MANY);
    pie_buf_init(&key, &w->mem, SIZE_MAX);
    while (key.n < 200000)
        pie_buf_add_text(&key, odd);
    /* U+0001 as it is would be read back as another character: such a key is a miss, never a wrong picture */
    world_draw(w, key.p, 100, 1);
    assert_false(world_hit(w, key.p, 100, 1));
    for (size_t i = 0; i < key.n; i++)
        key.p[i] = key.p[i] == '\x01' ? '\x02' : key.p[i];
    world_draw(w, key.p, 100, 2);
    assert_true(world_hit(w, key.p, 100, 2));
    while (key.n <= PIE_CACHE_KEY_MAX)
        pie_buf_add_text(&key, "a long prompt ");
    world_draw(w, key.p, 100, 3);
    assert_false(world_hit(w, key.p, 100, 3));
    world_draw(w, "bad \xFF utf-8", 100, 3);
    assert_false(world_hit(w, "bad \xFF utf-8", 100, 3));
    pie_buf_free(&key);
}

static void the_hash_is_the_known_one(void **state)
{
    static const char *const known[][2] = {{"", "6c62272e07bb014262b821756295c58d"},
                                           {"a", "d228cb696f1a8caf78912b704e4a8964"},
                                           {"foobar", "343e1662793c64bf6f0d3597ba446f18"}};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(known); i++) {
        struct pie_hash h;
        char text[PIE_HASH_TEXT];
        pie_hash_init(&h);
        pie_hash_add(&h, known[i][0], strlen(known[i][0]));
        pie_hash_text(&h, text);
        assert_string_equal(text, known[i][1]);
    }
}

/* ---- what is not kept */

static void change_nothing(struct drawing *d)
{
    (void)d;
}

static void lose_an_image(struct drawing *d)
{
    d->result->images[0].size = 0;
}

static void fail_an_image(struct drawing *d)
{
    d->result->images[0].status = APIPIE_E_FILE;
}

static void add_an_image(struct drawing *d)
{
    assert_int_equal(pie_result_grow(d->result, 2), APIPIE_OK);
}

static void take_all_images(struct drawing *d)
{
    d->result->count = 0;
}

static void make_it_longer(struct drawing *d)
{
    d->result->images[0].size++;
}

static void forget_the_format(struct drawing *d)
{
    d->result->images[0].mime = PIE_MIME_UNKNOWN;
}

static void say_that_it_is_cached(struct drawing *d)
{
    d->result->cached = 1;
}

static void warn_of_damage(struct drawing *d)
{
    pie_result_warn(d->result, "the reply is damaged: ", "bad literal, at byte 7");
}

static void warn_of_the_prompt(struct drawing *d)
{
    pie_result_warn(d->result, "the prompt's ends hold \":word:word\"", NULL);
}

static void warn_of_both(struct drawing *d)
{
    warn_of_the_prompt(d);
    warn_of_damage(d);
}

static void revise_at_length(struct drawing *d)
{
    const struct pie_mem *mem = d->result->mem;
    char *text = pie_mem_new(mem, PIE_CACHE_TEXT_MAX + 2, 1);
    memset(text, 'x', PIE_CACHE_TEXT_MAX + 1);
    d->result->images[0].revised_prompt = text;
}

static void only_good_results_are_kept(void **state)
{
    static const struct {
        void (*change)(struct drawing *d);
        int32_t kept;
    } rows[] = {{change_nothing, 1},        {lose_an_image, 0},   {fail_an_image, 0},
                {add_an_image, 0},          {take_all_images, 0}, {make_it_longer, 0},
                {forget_the_format, 0},     {warn_of_damage, 0},  {warn_of_the_prompt, 1},
                {say_that_it_is_cached, 0}, {warn_of_both, 0},    {revise_at_length, 0}};
    struct world *w = *state;
    world_open(w, MANY);
    for (size_t i = 0; i < PIE_COUNT(rows); i++) {
        struct drawing d;
        size_t others = 0;
        assert_int_equal(drawing_begin(w, WORLD_KEY, 100, 1, &d), APIPIE_OK);
        assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
        struct pie_image *image = &d.result->images[0];
        assert_int_equal(d.sink->type->commit(d.sink, 0, 0, 1, image), APIPIE_OK);
        rows[i].change(&d);
        pie_cache_sink_publish(d.sink, d.result);
        d.result->count = d.result->count != 0 ? d.result->count : 1;
        drawing_end(&d);
        assert_int_equal(world_count(w, &others), rows[i].kept);
        assert_int_equal(others, 0);
        assert_int_equal(world_hit(w, WORLD_KEY, 100, 1), rows[i].kept);
        pie_folder_remove(world_entry(w, WORLD_KEY, NULL));
    }
}

static void what_was_not_committed_is_not_kept(void **state)
{
    struct world *w = *state;
    struct drawing d;
    size_t others = 0;
    world_open(w, MANY);
    assert_int_equal(drawing_begin(w, WORLD_KEY, 100, 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    pie_cache_sink_publish(d.sink, d.result);
    assert_int_equal(world_count(w, &others), 0);
    assert_int_equal(others, 1);
    drawing_end(&d);
    assert_int_equal(world_count(w, &others), 0);
    assert_int_equal(others, 0);
    /* a picture of a try that failed is no part of the entry */
    assert_int_equal(drawing_begin(w, WORLD_KEY, 100, 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 1, 0), APIPIE_OK);
    drawing_publish(&d);
    drawing_end(&d);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    assert_int_equal(pie_path_kind(world_entry(w, WORLD_KEY, "slot-0")), PIE_PATH_ABSENT);
}

/* ---- room */

/* Entries of 1000 bytes and a little JSON; used `age` seconds ago. */
static void put_aged(struct world *w, const char *key, int64_t age)
{
    struct timespec times[2];
    world_draw(w, key, 1000, 1);
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= age;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, world_entry(w, key, NULL), times, 0), 0);
}

static uint64_t entry_bytes(struct world *w, const char *key)
{
    size_t n = 0;
    free(world_read(world_entry(w, key, "entry.json"), &n));
    return n + 1000;
}

static void the_oldest_make_room(void **state)
{
    struct world *w = *state;
    world_open(w, MANY);
    put_aged(w, "b", 30);
    put_aged(w, "a", 40);
    put_aged(w, "c", 20);
    uint64_t one = entry_bytes(w, "a");
    world_open(w, 3 * one + one / 2);
    assert_true(world_has(w, "a") && world_has(w, "b") && world_has(w, "c"));
    put_aged(w, "d", 10);
    assert_false(world_has(w, "a"));
    assert_true(world_has(w, "b") && world_has(w, "c") && world_has(w, "d"));
    /* used again: the next one goes instead */
    assert_true(world_hit(w, "b", 1000, 1));
    put_aged(w, "e", 5);
    assert_false(world_has(w, "c"));
    assert_true(world_has(w, "b") && world_has(w, "d") && world_has(w, "e"));
}

/* Each of its pictures would fit, all of them do not: it must not push out the others and then go too. */
static void what_is_too_large_pushes_nothing_out(void **state)
{
    struct world *w = *state;
    struct drawing d;
    size_t others = 0;
    world_open(w, MANY);
    put_aged(w, "a", 40);
    put_aged(w, "b", 30);
    world_open(w, 2 * entry_bytes(w, "a") + 100);
    assert_int_equal(drawing_begin(w, WORLD_KEY, 1500, 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 1, 1), APIPIE_OK);
    drawing_publish(&d);
    drawing_end(&d);
    assert_true(world_has(w, "a") && world_has(w, "b"));
    assert_int_equal(world_count(w, &others), 2);
    assert_int_equal(others, 0);
}

static void a_smaller_limit_is_kept_at_once(void **state)
{
    struct world *w = *state;
    size_t others = 0;
    world_open(w, MANY);
    put_aged(w, "a", 40);
    put_aged(w, "b", 30);
    put_aged(w, "c", 20);
    uint64_t one = entry_bytes(w, "a");
    world_open(w, one);
    assert_int_equal(world_count(w, &others), 1);
    assert_true(world_hit(w, "c", 1000, 1));
    world_open(w, one - 1);
    assert_int_equal(world_count(w, &others), 0);
    world_draw(w, "d", 1000, 1);
    assert_int_equal(world_count(w, &others), 0);
    assert_int_equal(others, 0);
    world_open(w, 0);
    world_draw(w, "d", 1000, 1);
    assert_int_equal(world_count(w, &others), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(a_stored_picture_comes_back),
        T(load_fills_slots_and_replaces_nothing_else),
        T(people_find_pictures_and_a_description),
        T(another_request_is_a_miss),
        T(the_next_process_finds_it),
        T(who_was_first_stays),
        T(long_and_odd_keys_are_keys),
        T(the_hash_is_the_known_one),
        T(only_good_results_are_kept),
        T(what_was_not_committed_is_not_kept),
        T(the_oldest_make_room),
        T(what_is_too_large_pushes_nothing_out),
        T(a_smaller_limit_is_kept_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
