/* SPDX-License-Identifier: MIT */
/* The content cache between the body and a sink that begins again, fails or says no; and what makes two requests the same. */
#include "cache_world.h"

#include <stdio.h>
#include <unistd.h>

#define MANY ((uint64_t)1 << 30)

/* ---- the host's sink: it keeps the last try of each slot and may fail at a call */

#define HOST_SLOTS 4

struct host {
    struct pie_wish wish;
    struct pie_sink *sink;
    struct pie_buf bytes[HOST_SLOTS];
    int32_t begun[HOST_SLOTS], ended[HOST_SLOTS], committed[HOST_SLOTS], aborted[HOST_SLOTS];
    int32_t calls, fail_at;
};

static apipie_status host_call(struct host *h)
{
    return ++h->calls == h->fail_at ? APIPIE_E_SINK : APIPIE_OK;
}

static apipie_status host_begin(void *user, uint32_t slot, const char *mime)
{
    struct host *h = user;
    (void)mime;
    h->begun[slot]++;
    pie_buf_clear(&h->bytes[slot]);
    return host_call(h);
}

static apipie_status host_write(void *user, uint32_t slot, const uint8_t *p, size_t n)
{
    struct host *h = user;
    pie_buf_add(&h->bytes[slot], p, n);
    return host_call(h);
}

static apipie_status host_end(void *user, uint32_t slot)
{
    struct host *h = user;
    h->ended[slot]++;
    return host_call(h);
}

static apipie_status host_commit(void *user, uint32_t slot, size_t index)
{
    struct host *h = user;
    (void)index;
    h->committed[slot]++;
    return host_call(h);
}

static void host_abort(void *user, uint32_t slot)
{
    struct host *h = user;
    h->aborted[slot]++;
}

static void host_open(struct world *w, struct host *h, int32_t fail_at)
{
    const struct pie_host_sink sink = {host_begin, host_write, host_end, host_commit,
                                       host_abort, h,          NULL};
    memset(h, 0, sizeof(*h));
    pie_wish_init(&h->wish, &w->mem, APIPIE_REQUEST_IMAGE);
    h->wish.output = PIE_OUTPUT_HOST;
    h->wish.sink = sink;
    h->fail_at = fail_at;
    for (size_t i = 0; i < HOST_SLOTS; i++)
        pie_buf_init(&h->bytes[i], &w->mem, SIZE_MAX);
    assert_int_equal(pie_sink_new(&w->mem, &h->wish, &h->sink), APIPIE_OK);
}

static void host_wrap(struct world *w, struct host *h)
{
    assert_int_equal(pie_cache_sink_new(w->cache, pie_slice_text(WORLD_KEY), h->sink, &h->sink),
                     APIPIE_OK);
}

static void host_close(struct host *h)
{
    if (h->sink != NULL)
        h->sink->type->close(h->sink);
    for (size_t i = 0; i < HOST_SLOTS; i++)
        pie_buf_free(&h->bytes[i]);
    pie_wish_free(&h->wish);
}

/* A drawing that goes to the host. */
static struct drawing host_drawing(struct world *w, struct host *h, size_t n, uint32_t seed)
{
    struct drawing d = {.sink = h->sink, .result = pie_result_new(&w->mem), .n = n, .seed = seed};
    pie_wish_init(&d.wish, &w->mem, APIPIE_REQUEST_IMAGE);
    return d;
}

/* Files that are being written, in the one temporary folder. */
static void see_file(void *user, const struct pie_folder_item *item)
{
    int32_t *count = user;
    (void)item;
    ++*count;
}

struct search {
    const struct world *w;
    int32_t count;
};

static void see_folder(void *user, const struct pie_folder_item *item)
{
    struct search *search = user;
    if (item->name[0] == '.')
        pie_folder_each(world_path(search->w, item->name), see_file, &search->count);
}

static int32_t files_under_way(const struct world *w)
{
    struct search search = {w, 0};
    pie_folder_each(w->folder, see_folder, &search);
    return search.count;
}

static void a_slot_that_begins_again(void **state)
{
    struct world *w = *state;
    struct host h;
    size_t others = 0;
    world_open(w, MANY);
    host_open(w, &h, 0);
    host_wrap(w, &h);
    struct drawing d = host_drawing(w, &h, 5000, 1);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    assert_int_equal(d.sink->type->begin(d.sink, 0, "image/png"), APIPIE_OK);
    assert_int_equal(d.sink->type->write(d.sink, 0, (const uint8_t *)"half", 4), APIPIE_OK);
    d.n = 1000;
    d.seed = 2;
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    drawing_publish(&d);
    assert_int_equal(h.begun[0], 3);
    assert_int_equal(h.committed[0], 1);
    assert_int_equal(h.bytes[0].n, 1000);
    assert_true(world_hit(w, WORLD_KEY, 1000, 2));
    h.sink = NULL;
    drawing_end(&d);
    host_close(&h);
    assert_int_equal(world_count(w, &others), 1);
    assert_int_equal(others, 0);
}

static void a_slot_that_begins_again_once(void **state)
{
    struct world *w = *state;
    struct host h;
    world_open(w, MANY);
    host_open(w, &h, 0);
    host_wrap(w, &h);
    struct drawing d = host_drawing(w, &h, 100, 1);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    d.seed = 2;
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    drawing_publish(&d);
    assert_true(world_hit(w, WORLD_KEY, 100, 2));
    h.sink = NULL;
    drawing_end(&d);
    host_close(&h);
}

static void an_aborted_slot_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct host h;
    size_t others = 0;
    world_open(w, MANY);
    host_open(w, &h, 0);
    host_wrap(w, &h);
    struct drawing d = host_drawing(w, &h, 100, 1);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    assert_int_equal(files_under_way(w), 1);
    d.sink->type->abort(d.sink, 0);
    assert_int_equal(files_under_way(w), 0);
    assert_int_equal(h.aborted[0], 1);
    assert_int_equal(drawing_picture(&d, 1, 0), APIPIE_OK);
    drawing_publish(&d);
    h.sink = NULL;
    drawing_end(&d);
    host_close(&h);
    assert_true(world_hit(w, WORLD_KEY, 100, 1));
    assert_int_equal(world_count(w, &others), 1);
    assert_int_equal(others, 0);
}

/* Whatever the host refuses is refused, with its words, and not kept. */
static void a_sink_that_fails_while_it_is_drawn(void **state)
{
    struct world *w = *state;
    for (int32_t fail_at = 1; fail_at <= 5; fail_at++) {
        struct host h;
        size_t others = 0;
        world_open(w, MANY);
        host_open(w, &h, fail_at);
        host_wrap(w, &h);
        struct drawing d = host_drawing(w, &h, 100, 1);
        apipie_status status = drawing_picture(&d, 0, 0);
        assert_int_equal(status, fail_at <= 4 ? APIPIE_E_SINK : APIPIE_OK);
        drawing_publish(&d);
        if (fail_at == 5)
            assert_int_equal(d.result->images[0].status, APIPIE_E_SINK);
        assert_non_null(strstr(d.sink->problem, "the program's sink refused"));
        h.sink = NULL;
        drawing_end(&d);
        assert_int_equal(h.aborted[0], fail_at <= 4);
        host_close(&h);
        assert_int_equal(world_count(w, &others), 0);
        assert_int_equal(others, 0);
    }
}

/* begin, write, end of two pictures: the sink's failure, all slots aborted, the entry stays, the result untouched. */
static void a_sink_that_fails_while_it_is_loaded(void **state)
{
    struct world *w = *state;
    struct drawing d;
    world_open(w, MANY);
    assert_int_equal(drawing_begin(w, WORLD_KEY, 100, 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 1, 1), APIPIE_OK);
    drawing_publish(&d);
    drawing_end(&d);
    for (int32_t fail_at = 1; fail_at <= 7; fail_at++) {
        struct host h;
        host_open(w, &h, fail_at);
        struct apipie_result *r = pie_result_new(&w->mem);
        apipie_status status = pie_cache_load(w->cache, pie_slice_text(WORLD_KEY), h.sink, 100, r);
        assert_int_equal(status, fail_at <= 6 ? APIPIE_E_SINK : APIPIE_OK);
        assert_int_equal(r->count, fail_at <= 6 ? 0 : 2);
        assert_int_equal(r->cached, fail_at == 7);
        assert_int_equal(h.aborted[0], fail_at <= 6);
        assert_int_equal(h.aborted[1], fail_at > 3 && fail_at <= 6);
        assert_int_equal(h.begun[1], fail_at > 3);
        assert_true(world_has(w, WORLD_KEY));
        pie_result_free(r);
        host_close(&h);
    }
}

/* Nothing goes to the sink before all of the entry was looked at: some sinks cannot take it back. */
static void a_damaged_entry_does_not_touch_the_sink(void **state)
{
    struct world *w = *state;
    struct drawing d;
    struct host h;
    world_open(w, MANY);
    assert_int_equal(drawing_begin(w, WORLD_KEY, 100, 1, &d), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 0, 0), APIPIE_OK);
    assert_int_equal(drawing_picture(&d, 1, 1), APIPIE_OK);
    drawing_publish(&d);
    drawing_end(&d);
    host_open(w, &h, 0);
    struct apipie_result *r = pie_result_new(&w->mem);
    assert_int_equal(pie_cache_load(w->cache, pie_slice_text(WORLD_KEY), h.sink, 99, r),
                     APIPIE_E_TOO_LARGE);
    assert_string_equal(h.sink->problem, "it has more bytes than the limit, 99");
    assert_true(world_has(w, WORLD_KEY));
    unlink(world_entry(w, WORLD_KEY, "2.png"));
    assert_int_equal(pie_cache_load(w->cache, pie_slice_text(WORLD_KEY), h.sink, 100, r),
                     APIPIE_E_NOT_FOUND);
    assert_int_equal(h.calls, 0);
    assert_int_equal(r->count, 0);
    assert_false(world_has(w, WORLD_KEY));
    pie_result_free(r);
    host_close(&h);
}

/* Only the cache's own sink publishes; it restarts where the other can, and opens it. */
static apipie_status refuse_to_open(struct pie_sink *s, struct apipie_error *err)
{
    (void)err;
    pie_text_copy(pie_slice_text("no such place"), s->problem, sizeof(s->problem));
    return APIPIE_E_FILE;
}

static void just_close(struct pie_sink *s)
{
    s->problem[0] = '!';
}

static int32_t never_again(struct pie_sink *s)
{
    (void)s;
    return 0;
}

static void the_inner_sink_is_asked(void **state)
{
    static const struct pie_sink_type type = {"stub", refuse_to_open, NULL,       NULL,       NULL,
                                              NULL,   NULL,           just_close, never_again};
    struct world *w = *state;
    struct pie_sink stub = {&type, ""}, *sink = NULL;
    struct apipie_error err;
    struct apipie_result *r = pie_result_new(&w->mem);
    world_open(w, MANY);
    pie_error_init(&err, &w->mem);
    pie_cache_sink_publish(&stub, r);
    assert_int_equal(pie_cache_sink_new(w->cache, pie_slice_text("k"), &stub, &sink), APIPIE_OK);
    assert_ptr_not_equal(sink, &stub);
    assert_int_equal(sink->type->open(sink, &err), APIPIE_E_FILE);
    assert_string_equal(sink->problem, "no such place");
    assert_int_equal(pie_sink_can_restart(sink), 0);
    pie_cache_sink_publish(sink, r);
    /* the sink keeps the cache */
    pie_cache_drop(w->cache);
    w->cache = NULL;
    sink->type->close(sink);
    assert_int_equal(stub.problem[0], '!');
    assert_null(pie_cache_keep(NULL));
    pie_cache_drop(NULL);
    pie_error_free(&err);
    pie_result_free(r);
}

/* ---- keys */

static void fake_write(const struct pie_call *c, struct pie_buf *out)
{
    pie_buf_add_text(out, "{\"prompt\":");
    pie_json_string(out, pie_slice_text(c->wish->text[PIE_WISH_PROMPT]));
    pie_buf_add_text(out, ",\"image\":");
    pie_json_string(out, pie_slice_text(c->wish->images.count != 0 ? "is for the key" : ""));
    pie_buf_add_text(out, ",\"model\":");
    pie_json_string(out, pie_slice_text(c->model));
    pie_buf_add_text(out, ",\"n\":");
    pie_buf_add_int(out, c->n);
    pie_buf_add_text(out, ",\"seed\":");
    pie_buf_add_uint(out, c->seed);
    pie_buf_add_char(out, '}');
}

struct asked {
    struct pie_dialect dialect;
    struct pie_place place;
    struct pie_place *places[2];
    struct pie_route route[2];
    struct pie_routes routes;
    struct pie_wish wish;
    struct apipie_request r;
    char base_url[40], provider[20];
};

static void asked_init(struct world *w, struct asked *a)
{
    memset(a, 0, sizeof(*a));
    a->dialect.name = "fake";
    a->dialect.write = fake_write;
    memcpy(a->base_url, "https://a.example/v1", sizeof("https://a.example/v1"));
    memcpy(a->provider, "openai", sizeof("openai"));
    a->place.base_url = a->base_url;
    a->place.key = a->provider; /* whatever it is, it must not be seen */
    a->route[0].provider = a->provider;
    a->routes.items = a->route;
    a->routes.count = 2;
    pie_wish_init(&a->wish, &w->mem, APIPIE_REQUEST_IMAGE);
    pie_wish_set_text(&a->wish, PIE_WISH_PROMPT, "a \"fox\"", 7);
    a->wish.has = PIE_WISH_HAS_N | PIE_WISH_HAS_SEED;
    a->wish.n = 2;
    a->wish.seed = UINT64_MAX;
    a->place.dialect = &a->dialect;
    a->places[0] = a->places[1] = &a->place;
    a->r.places = a->places;
    a->r.routes = &a->routes;
    a->r.asked = &a->wish;
}

/* Is the key the same as before the change? The present one takes its place. */
static int32_t key_is(struct asked *a, struct pie_buf *before)
{
    struct pie_buf now;
    pie_buf_init(&now, before->mem, SIZE_MAX);
    pie_cache_key(&a->r, &now);
    assert_int_equal(now.failed, APIPIE_OK);
    assert_int_equal(pie_json_check(pie_buf_slice(&now)), APIPIE_OK);
    int32_t same = now.n == before->n && before->n != 0 && memcmp(now.p, before->p, now.n) == 0;
    pie_buf_free(before);
    *before = now;
    return same;
}

static void the_key_holds_the_request(void **state)
{
    struct world *w = *state;
    struct asked a;
    struct pie_buf key;
    asked_init(w, &a);
    pie_buf_init(&key, &w->mem, SIZE_MAX);
    key_is(&a, &key);
    assert_string_equal(key.p,
                        "{\"base_url\":\"https://a.example/v1\",\"dialect\":\"fake\",\"kind\":1,"
                        "\"routes\":[[\"openai\",null],[null,null]],\"request\":{\"prompt\":"
                        "\"a \\\"fox\\\"\",\"image\":\"\",\"model\":\"\",\"n\":2,"
                        "\"seed\":18446744073709551615}}");
    assert_true(key_is(&a, &key));
    a.wish.output = PIE_OUTPUT_HOST;
    a.wish.timeout_ms = a.wish.stall_timeout_ms = 5;
    a.wish.retries = 9;
    a.wish.budget = 3;
    a.wish.priority = 3;
    pie_wish_set_text(&a.wish, PIE_WISH_TAG, "tag", 3);
    pie_wish_set_text(&a.wish, PIE_WISH_STEM, "stem", 4);
    assert_true(key_is(&a, &key));
    a.wish.seed--;
    assert_false(key_is(&a, &key));
    a.wish.n = 1;
    assert_false(key_is(&a, &key));
    a.base_url[8] = 'b';
    assert_false(key_is(&a, &key));
    a.provider[0] = 'O';
    assert_false(key_is(&a, &key));
    a.routes.count = 1;
    assert_false(key_is(&a, &key));
    a.wish.kind++;
    assert_false(key_is(&a, &key));
    assert_true(key_is(&a, &key));
    pie_buf_free(&key);
    pie_wish_free(&a.wish);
}

static void set_input(struct asked *a, int32_t kind, const void *p, size_t n, const char *mime)
{
    struct pie_input in;
    memset(&in, 0, sizeof(in));
    in.kind = kind;
    in.p = p;
    in.n = n;
    in.mime = mime;
    assert_int_equal(pie_wish_set_image(&a->wish, &in), APIPIE_OK);
}

static void the_bytes_of_an_input_image_count(void **state)
{
    uint8_t png[10] = "\x89PNG\r\n\x1a\n";
    struct world *w = *state;
    struct asked a;
    struct pie_buf key;
    asked_init(w, &a);
    pie_buf_init(&key, &w->mem, SIZE_MAX);
    key_is(&a, &key);
    set_input(&a, PIE_INPUT_BYTES, png, 8, "image/png");
    assert_false(key_is(&a, &key));
    assert_true(key_is(&a, &key));
    set_input(&a, PIE_INPUT_BYTES, png, 9, "image/png");
    assert_false(key_is(&a, &key));
    png[8] ^= 1;
    set_input(&a, PIE_INPUT_BYTES, png, 9, "image/png");
    assert_false(key_is(&a, &key));
    a.wish.images.items[0].mime = "image/webp";
    assert_false(key_is(&a, &key));
    assert_int_equal(pie_inputs_add(a.wish.mem, &a.wish.images, &a.wish.images.items[0]),
                     APIPIE_OK);
    assert_false(key_is(&a, &key));
    a.wish.images.count = 1; /* one image with a mask is not two images */
    a.wish.mask = a.wish.images.items[1];
    assert_false(key_is(&a, &key));
    pie_buf_free(&key);
    pie_wish_free(&a.wish);
}

/* Wherever the bytes come from, they are the same picture. */
static void a_file_counts_by_what_is_in_it(void **state)
{
    static char bytes[40000] = "\x89PNG\r\n\x1a\n"; /* more than is read at a time */
    char path[] = "/tmp/apipie-key-XXXXXX";
    struct world *w = *state;
    struct asked a;
    struct pie_buf key;
    const char *reason = NULL;
    pie_file f = mkstemp(path);
    asked_init(w, &a);
    pie_buf_init(&key, &w->mem, SIZE_MAX);
    bytes[39999] = 1;
    set_input(&a, PIE_INPUT_BYTES, bytes, sizeof(bytes), "image/png");
    key_is(&a, &key);
    assert_int_equal(pie_file_write(f, bytes, sizeof(bytes), &reason), APIPIE_OK);
    set_input(&a, PIE_INPUT_FILE, path, strlen(path), "image/png");
    assert_int_equal(pie_file_stamp(f, &a.wish.images.items[0].stamp, &reason), APIPIE_OK);
    assert_true(key_is(&a, &key));
    bytes[39999] = 2;
    set_input(&a, PIE_INPUT_BYTES, bytes, sizeof(bytes), "image/png");
    assert_false(key_is(&a, &key));
    set_input(&a, PIE_INPUT_FILE, path, strlen(path), "image/png");
    assert_int_equal(pie_file_stamp(f, &a.wish.images.items[0].stamp, &reason), APIPIE_OK);
    assert_int_equal(pie_file_write(f, "x", 1, &reason), APIPIE_OK);
    pie_buf_clear(&key);
    assert_int_equal(pie_cache_key(&a.r, &key), APIPIE_E_FILE); /* it is another file now */
    unlink(path);
    pie_buf_clear(&key);
    assert_int_equal(pie_cache_key(&a.r, &key), APIPIE_E_FILE);
    pie_file_close(f, &reason);
    pie_buf_free(&key);
    pie_wish_free(&a.wish);
}

/* Data urls may be as long as images are. */
static void a_data_url_counts_by_its_hash(void **state)
{
    struct world *w = *state;
    struct asked a;
    struct pie_buf key;
    char url[5000];
    asked_init(w, &a);
    pie_buf_init(&key, &w->mem, SIZE_MAX);
    memset(url, 'A', sizeof(url));
    memcpy(url, "DATA:image/png;base64,", 22);
    set_input(&a, PIE_INPUT_URL, url, sizeof(url), NULL);
    key_is(&a, &key);
    assert_in_range(key.n, 1, 1000);
    assert_true(key_is(&a, &key));
    assert_int_equal(a.wish.images.items[0].n, sizeof(url));
    url[4000] = 'B';
    set_input(&a, PIE_INPUT_URL, url, sizeof(url), NULL);
    assert_false(key_is(&a, &key));
    set_input(&a, PIE_INPUT_URL, "https://b.example/x.png", 23, NULL);
    assert_false(key_is(&a, &key));
    assert_non_null(strstr(key.p, "\"https://b.example/x.png\""));
    pie_buf_free(&key);
    pie_buf_init(&key, &w->mem, 100);
    assert_int_equal(pie_cache_key(&a.r, &key), APIPIE_E_LIMIT);
    pie_buf_free(&key);
    pie_wish_free(&a.wish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)
        T(a_slot_that_begins_again),
        T(a_slot_that_begins_again_once),
        T(an_aborted_slot_leaves_nothing),
        T(a_sink_that_fails_while_it_is_drawn),
        T(a_sink_that_fails_while_it_is_loaded),
        T(a_damaged_entry_does_not_touch_the_sink),
        T(the_inner_sink_is_asked),
        T(the_key_holds_the_request),
        T(the_bytes_of_an_input_image_count),
        T(a_file_counts_by_what_is_in_it),
        T(a_data_url_counts_by_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
