/* SPDX-License-Identifier: MIT */
/* Replies that come as a stream of events: what comes of each, and that no way of cutting them changes it. */
#include "../support/scarce.h"
#include "record.h"
#include "replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* "QUJD" is "ABC", "REVG" is "DEF". */
static const struct pie_path event_paths[] = {{"b64_json", PIE_PATH_IMAGE},
                                              {"url", PIE_PATH_URL},
                                              {"data[].b64_json", PIE_PATH_IMAGE},
                                              {"type", PIE_PATH_NAME},
                                              {NULL, 0}};
static const struct pie_event event_kinds[] = {
    {".partial_image", PIE_EVENT_PARTIAL}, {"error", PIE_EVENT_ERROR}, {NULL, 0}};
static const struct pie_stream event_stream = {event_paths, event_kinds};

#define STREAM  "text/event-stream"
#define DONE    "{\"type\":\"image.completed\",\"b64_json\":\"QUJD\",\"usage\":{\"n\":1}}"
#define SKETCH  "{\"type\":\"image.partial_image\",\"b64_json\":\"REVG\",\"partial_image_index\":0}"
#define UNNAMED "{\"b64_json\":\"QUJD\"}"
#define KEPT    "[{\"type\":\"image.completed\",\"b64_json\":null,\"usage\":{\"n\":1}}]"

static const struct {
    const char *name;
    const char *body;
    const char *rest; /* as plain JSON */
    const char *holds[4];
    const char *lacks;
} events[] = {
    {"one",
     "data: " DONE "\n\n",
     KEPT,
     {"kind: events\nfailure: 0\nshortened: 0\npart: path 0 [0,0,0,0] image slot 0 event 0\n",
      "slot: 0 e application/octet-stream 3 ABC\n"},
     "sketch"},
    {"named by the stream",
     "event: image.completed\ndata: " UNNAMED "\n\n",
     "[{\"b64_json\":null}]",
     {"[0,0,0,0] image slot 0 event 0\n"},
     "damage"},
    {"a sketch, then the picture",
     "event: image.partial_image\ndata: " SKETCH "\n\nevent: image.completed\ndata: " DONE "\n\n",
     KEPT,
     {"shortened: 0\nsketch: 0 application/octet-stream 3 DEF\npart: path 0 [0,0,0,0] image slot 0 "
      "event 0\n",
      "slot: 0 e application/octet-stream 3 ABC\nmisuse"},
     "damage"},
    {"a sketch that only its data names",
     "data: " SKETCH "\n\ndata: " DONE "\n\n",
     KEPT,
     {"sketch: 0 application/octet-stream 3 DEF\npart: path 0 [0,0,0,0] image slot 0 event 0\n"},
     "DEF\nmisuse"},
    {"a sketch that only the stream names",
     "event: image.partial_image\ndata: {\"b64_json\":\"REVG\"}\n\ndata: " DONE "\n\n",
     KEPT,
     {"sketch: 0 application/octet-stream 3 DEF\npart"},
     "3 DEF\nmisuse"},
    {"a sketch that is named at its end",
     "data: {\"b64_json\":\"REVG\",\"type\":\"image.partial_image\"}\n\ndata: " DONE "\n\n",
     KEPT,
     {"sketch: 0 application/octet-stream 3 DEF\npart"},
     "3 DEF\nmisuse"},
    {"a sketch that is named behind its data",
     "data: {\"b64_json\":\"REVG\"}\nevent: image.partial_image\n\ndata: " DONE "\n\n",
     KEPT,
     {"sketch: 0 application/octet-stream 3 DEF\npart"},
     "3 DEF\nmisuse"},
    {"a picture that nobody names",
     "data: " UNNAMED "\n\n",
     "[{\"b64_json\":null}]",
     {"part: path 0 [0,0,0,0] image slot 0 event 0\n",
      "slot: 0 e application/octet-stream 3 ABC\n"},
     "sketch"},
    {"a picture that is named at its end",
     "data: {\"b64_json\":\"QUJD\",\"type\":\"image.completed\"}\n\n",
     NULL,
     {"image slot 0 event 0\n", "3 ABC\n"},
     "sketch"},
    {"names that do not agree: it counts",
     "event: image.partial_image\ndata: " DONE "\n\n",
     KEPT,
     {"image slot 0 event 0\n", "3 ABC\n"},
     "sketch"},
    {"nor so",
     "data: " SKETCH "\nevent: image.completed\n\n",
     NULL,
     {"image slot 0 event 0\n", "3 DEF\n"},
     "sketch"},
    {"two pictures of one event: no sketch",
     "data: "
     "{\"data\":[{\"b64_json\":\"QUJD\"},{\"b64_json\":\"REVG\"}],\"type\":\"x.partial_image\"}"
     "\n\n",
     NULL,
     {"part: path 2 [0,0,0,0] image slot 0 event 0\n",
      "part: path 2 [0,1,0,0] image slot 1 event 0\n", "0 e application/octet-stream 3 ABC\n",
      "1 e application/octet-stream 3 DEF\n"},
     "sketch"},
    {"a sketch has one picture",
     "event: x.partial_image\ndata: {\"b64_json\":\"QUJD\",\"data\":[{\"b64_json\":\"REVG\"}]}\n\n",
     "[]",
     {"sketch: 0 application/octet-stream 3 ABC\n"},
     "DEF"},
    {"a url in a sketch is none",
     "event: x.partial_image\ndata: {\"url\":\"https://x/a.png\"}\n\ndata: " DONE "\n\n",
     KEPT,
     {"failure: 0\nshortened: 0\npart: path 0 [0,0,0,0] image slot 0 event 0\n"},
     "https"},
    {"a null in a sketch is none",
     "event: x.partial_image\ndata: {\"b64_json\":\"REVG\",\"url\":null}\n\ndata: " DONE "\n\n",
     KEPT,
     {"sketch: 0 application/octet-stream 3 DEF\npart: path 0 [0,0,0,0] image slot 0 event 0\n"},
     "null slot"},
    {"a url that nobody names",
     "data: {\"url\":\"https://x/a.png\",\"b64_json\":null}\n\n",
     NULL,
     {"part: path 1 [0,0,0,0] url slot -1 event 0\n  url: https://x/a.png\n"},
     "damage"},
    {"two pictures",
     "data: " DONE
     "\n\ndata: {\"type\":\"image.partial_image\",\"b64_json\":\"REVG\"}\n\ndata: " DONE "\n\n",
     NULL,
     {"sketch: 1 application/octet-stream 3 DEF\n", "[0,0,0,0] image slot 0 event 0\n",
      "[1,0,0,0] image slot 1 event 1\n"},
     "damage"},
    {"other events are kept, and are no pictures",
     ":hi\n\ndata: {\"type\":\"queued\",\"n\":1}\n\ndata: ping\n\ndata:\n\ndata: " DONE "\n\n",
     "[{\"type\":\"queued\",\"n\":1},\"ping\",{\"type\":\"image.completed\",\"b64_json\":null,"
     "\"usage\":{\"n\":1}}]",
     {"part: path 0 [0,0,0,0] image slot 0 event 2\n"},
     "damage"},
    {"several lines",
     "data: {\"type\":\"x\",\ndata: \"b64_json\":\"QU\ndata: JD\"\ndata:\ndata:}\n\n",
     "[{\"type\":\"x\",\"b64_json\":null}]",
     {"image slot 0 event 0\n", "3 ABC\n"},
     "damage"},
    {"lines that end with returns",
     "event: x.partial_image\rdata: {\"b64_json\":\"REVG\"}\r\rdata: " DONE "\r\r",
     KEPT,
     {"sketch: 0 application/octet-stream 3 DEF\npart", "3 ABC\n"},
     "damage"},
    {"a mark and no blank",
     "\xEF\xBB\xBF"
     "data:" DONE "\r\n\r\n",
     KEPT,
     {"image slot 0 event 0\n"},
     "damage"},
    {"no empty line at the end", "data: " DONE, KEPT, {"image slot 0 event 0\n"}, "damage"},
    {"done", "data: " DONE "\n\ndata: [DONE]\n\ndata: " DONE "\n\n", KEPT, {"slot 0"}, "slot 1"},
    {"done without a picture: nothing was cut",
     "data: [DONE]\n\n",
     "[]",
     {"kind: events\n"},
     "damage"},
    {"a list as data",
     "data: [1,{\"type\":\"error\"}]\n\n",
     "[[1,{\"type\":\"error\"}]]",
     {"damage: 28\n  what: the stream ends before a picture is complete\n"},
     "failed"},
    {"an error by its name",
     "event: error\ndata: {\"message\":\"no\"}\n\n",
     "[{\"message\":\"no\"}]",
     {"failed: 0\n"},
     "damage"},
    {"an error by its type",
     "data: {\"type\":\"queued\"}\n\ndata: {\"type\":\"error\",\"message\":\"no\"}\n\n",
     "[{\"type\":\"queued\"},{\"type\":\"error\",\"message\":\"no\"}]",
     {"failed: 1\n"},
     "damage"},
    {"an error that is text",
     "event: error\ndata: it broke\n\n",
     "[\"it broke\"]",
     {"failed: 0\n"},
     "damage"},
    {"an error that says nothing", "event: error\ndata\n\n", "[\"\"]", {"failed: 0\n"}, "damage"},
    {"an error behind the picture",
     "data: " DONE "\n\nevent: error\ndata: {}\n\n",
     NULL,
     {"failed: 1\n", "image slot 0 event 0\n"},
     "damage"},
    {"no picture",
     "event: x.partial_image\ndata: " SKETCH "\n\n",
     "[]",
     {"sketch: 0", "damage: 103\n  what: the stream ends before a picture is complete\n"},
     "part: "},
    {"cut in a picture",
     "data: {\"type\":\"image.completed\",\"b64_json\":\"QU",
     "[{\"type\":\"image.completed\",\"b64_json\":null}]",
     {"damage: 46\n  what: the reply breaks off\n", "broken slot -1 event 0\n"},
     "sketch"},
    {"cut in a sketch",
     "data: " DONE "\n\nevent: x.partial_image\ndata: {\"b64_json\":\"QU",
     KEPT,
     {"image slot 0 event 0\n"},
     "sketch"},
    {"a sketch that is no base64",
     "event: x.partial_image\ndata: {\"b64_json\":\"Q!!D\"}\n\ndata: " DONE "\n\n",
     KEPT,
     {"failure: 0\nshortened: 0\npart: path 0 [0,0,0,0] image slot 0 event 0\n"},
     "sketch"},
    {"a picture that is no base64",
     "data: {\"b64_json\":\"Q!!D\"}\n\ndata: " DONE "\n\n",
     NULL,
     {"part: path 0 [0,0,0,0] broken slot -1 event 0\n", "[1,0,0,0] image slot 0 event 1\n"},
     "sketch"},
    {"damage in one event stays there",
     "data: {\"a\":\"x\n\ndata: " DONE "\n\n",
     "[{\"a\":null},{\"type\":\"image.completed\",\"b64_json\":null,\"usage\":{\"n\":1}}]",
     {"damage: 13\n", "image slot 0 event 1\n"},
     NULL},
    {"blanks before the stream",
     "\r\n \n\ndata: " DONE "\n\n",
     KEPT,
     {"image slot 0 event 0\n"},
     "damage"},
};

/* ---- helpers */

static void run_whole(const struct record *what, const char *p, size_t n, struct pie_buf *out)
{
    pie_buf_init(out, &pie_mem_libc, SIZE_MAX);
    record_pieces(what, p, n, n, 0, out);
    pie_buf_add(out, "", 0);
    assert_int_equal(out->failed, APIPIE_OK);
}

static void need_cuts(const struct record *what, const char *name, const char *p, size_t n,
                      const struct pie_buf *whole)
{
    struct pie_buf pieces;
    pie_buf_init(&pieces, &pie_mem_libc, SIZE_MAX);
    for (size_t first = 0; first < n + 4; first++) {
        size_t step = first > n ? first - n : 0; /* at last in pieces of one, two, three */
        pie_buf_clear(&pieces);
        record_pieces(what, p, n, step != 0 ? step : first, step, &pieces);
        pie_buf_add(&pieces, "", 0);
        if (strcmp(pieces.p, whole->p) != 0)
            fail_msg("%s, cut at %zu:\n%s\nbut whole:\n%s", name, first, pieces.p, whole->p);
    }
    pie_buf_free(&pieces);
}

static void need_text(const char *name, const struct pie_buf *whole, const char *part, int wanted)
{
    if (part != NULL && (strstr(whole->p, part) != NULL) != wanted)
        fail_msg("%s: '%s' is %s in\n%s", name, part, wanted ? "not" : "", whole->p);
}

/* As it can be read, in plain JSON. */
static void need_kept(const char *name, const struct pie_buf *whole, const char *want)
{
    struct pie_doc *doc = NULL;
    struct pie_buf plain;
    const char *rest = strstr(whole->p, "\nrest: ");
    assert_non_null(rest);
    struct pie_slice text = pie_slice(rest + 7, strlen(rest + 7) - 1);
    if (pie_doc_parse(&pie_mem_libc, text, &doc) != APIPIE_OK)
        fail_msg("%s: the rest is no JSON: %s", name, text.p);
    assert_int_equal(pie_node_kind(pie_doc_root(doc)), PIE_JSON_ARRAY);
    pie_doc_free(doc);
    pie_buf_init(&plain, &pie_mem_libc, SIZE_MAX);
    pie_json_plain(text, &plain);
    pie_buf_add(&plain, "", 0);
    if (want != NULL && strcmp(plain.p, want) != 0)
        fail_msg("%s: kept is %s, not %s", name, plain.p, want);
    pie_buf_free(&plain);
}

/* ---- tests */

static void each_stream_is_understood(void **state)
{
    struct record what = {.paths = reply_paths, .stream = &event_stream, .type = STREAM};
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(events); i++) {
        struct pie_buf whole;
        run_whole(&what, events[i].body, strlen(events[i].body), &whole);
        need_text(events[i].name, &whole, "misuse: 0\n", 1);
        for (size_t k = 0; k < PIE_COUNT(events[i].holds); k++)
            need_text(events[i].name, &whole, events[i].holds[k], 1);
        need_text(events[i].name, &whole, events[i].lacks, 0);
        need_kept(events[i].name, &whole, events[i].rest);
        need_cuts(&what, events[i].name, events[i].body, strlen(events[i].body), &whole);
        pie_buf_free(&whole);
    }
}

/* Wherever the connection breaks, what came so far is told, and no sketch is a picture. */
static void a_stream_may_break_anywhere(void **state)
{
    static const char body[] =
        "event: x.partial_image\r\ndata: " SKETCH "\r\n\r\ndata: " DONE "\r\n\r\n";
    struct record what = {.stream = &event_stream, .type = STREAM, .cut = 1};
    (void)state;
    for (size_t n = 8; n < sizeof body; n++) {
        struct pie_buf whole;
        run_whole(&what, body, n, &whole);
        need_text("broken", &whole, "kind: events\n", 1);
        need_text("broken", &whole, "misuse: 0\n", 1);
        need_text("broken", &whole, "slot: 0 e application/octet-stream 3 DEF", 0);
        need_kept("broken", &whole, NULL);
        int32_t complete = strstr(whole.p, "image slot 0 event 0\n") != NULL;
        need_text("broken", &whole, "damage", !complete || n < sizeof body - 5);
        pie_buf_free(&whole);
    }
}

static const struct {
    const char *name, *type, *body, *want;
} bodies[] = {
    {"JSON is JSON", STREAM, "{\"output\":\"https://x/a\"}", "kind: json\n"},
    {"with a parameter", "Text/Event-Stream ; charset=utf-8", "data: " DONE "\n\n",
     "kind: events\n"},
    {"a comment first", STREAM, ": hello\n\ndata: " DONE "\n\n", "kind: events\n"},
    {"another type, a name first", "text/plain", "event: x\ndata: " DONE "\n\n", "kind: events\n"},
    {"another type, data first", NULL, "data: " DONE "\n\n", "kind: events\n"},
    {"another type, no blank", NULL, "data:" DONE "\n\n", "kind: events\n"},
    {"a data URI", NULL, "data:;base64,QUJD", "kind: image\n"},
    {"a data URI that is text", NULL, "data:,{}", "kind: image\n"},
    {"text", NULL, "events: none", "kind: text\n"},
    {"nothing", STREAM, "", "kind: none\n"},
    {"only blanks", STREAM, "\n\n", "kind: none\n"},
};

static void streams_are_known_by_type_and_first_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(bodies); i++) {
        struct record what = {
            .paths = reply_paths, .stream = &event_stream, .type = bodies[i].type};
        struct pie_buf whole;
        size_t n = strlen(bodies[i].body);
        run_whole(&what, bodies[i].body, n, &whole);
        need_text(bodies[i].name, &whole, bodies[i].want, 1);
        need_cuts(&what, bodies[i].name, bodies[i].body, n, &whole);
        pie_buf_free(&whole);
        what.status = 500; /* an error is kept as it is */
        run_whole(&what, bodies[i].body, n, &whole);
        need_text(bodies[i].name, &whole, "kind: events", 0);
        pie_buf_free(&whole);
        what.status = 200;
        what.stream = NULL; /* who expects no stream gets text */
        run_whole(&what, bodies[i].body, n, &whole);
        need_text(bodies[i].name, &whole, "kind: events", 0);
        pie_buf_free(&whole);
    }
}

static void repeat(struct pie_buf *b, const char *text, int32_t times)
{
    for (int32_t i = 0; i < times; i++)
        pie_buf_add_text(b, text);
}

static int32_t count(const char *text, const char *part)
{
    int32_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

static void many_events_push_out_no_picture(void **state)
{
    struct record what = {.stream = &event_stream, .type = STREAM};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    repeat(&body, "data: {\"progress\":1}\n\n", 5000);
    repeat(&body, "event: x.partial_image\ndata: " SKETCH "\n\n", 300);
    repeat(&body, "data: " DONE "\n\n", 1);
    run_whole(&what, body.p, body.n, &whole);
    need_text("many", &whole, "image slot 0 event 256\n", 1);
    need_text("many", &whole, "\"usage\":", 1);
    need_text("many", &whole, "shortened: 0\n", 1);
    assert_int_equal(count(whole.p, "progress"), PIE_EVENTS_MAX);
    assert_int_equal(count(whole.p, "sketch: 0 "), 300);
    need_kept("many", &whole, NULL);
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void large_events_push_out_no_picture(void **state)
{
    struct record what = {.stream = &event_stream, .type = STREAM};
    struct pie_buf body, whole;
    (void)state;
    pie_buf_init(&body, &pie_mem_libc, SIZE_MAX);
    for (int32_t i = 0; i < 12; i++) { /* each is longer than its share */
        repeat(&body, "data: {\"a\":[0", 1);
        repeat(&body, ",\"0123456789\"", 10000);
        repeat(&body, "]}\n\n", 1);
    }
    repeat(&body, "data: " DONE "\n\n", 1);
    run_whole(&what, body.p, body.n, &whole);
    need_text("large", &whole, "image slot 0 event 12\n", 1);
    need_text("large", &whole, "\"usage\":", 1);
    need_text("large", &whole, "shortened: 1\n", 1);
    need_kept("large", &whole, NULL);
    pie_buf_free(&whole);
    /* When there is no room at all, the pictures still are pictures. */
    pie_buf_clear(&body);
    for (int32_t i = 0; i < 40; i++) {
        repeat(&body, "data: {\"a\":[0", 1);
        repeat(&body, ",\"0123456789\"", 10000);
        repeat(&body, "],\"b64_json\":\"QUJD\"}\n\n", 1);
    }
    run_whole(&what, body.p, body.n, &whole);
    need_text("full", &whole, "[39,0,0,0] image slot 39", 1);
    need_text("full", &whole, "shortened: 1\n", 1);
    need_kept("full", &whole, NULL);
    assert_in_range(strlen(strstr(whole.p, "\nrest: ")), 1 << 19, PIE_REST_MAX + 10);
    pie_buf_free(&whole);
    pie_buf_free(&body);
}

static void sketches_have_the_limit_of_pictures(void **state)
{
    static const char body[] = "event: x.partial_image\ndata: {\"b64_json\":\"QUJDREVG\"}\n\n"
                               "data: {\"b64_json\":\"QUJDREVG\"}\n\ndata: " DONE "\n\n";
    struct record what = {.stream = &event_stream, .type = STREAM, .max_image = 5};
    struct pie_buf whole;
    (void)state;
    run_whole(&what, body, sizeof body - 1, &whole);
    need_text("too large", &whole, "sketch", 0);
    need_text("too large", &whole, "[0,0,0,0] broken slot -1 event 0\n", 1);
    need_text("too large", &whole, "[1,0,0,0] image slot 0 event 1\n", 1);
    need_cuts(&what, "too large", body, sizeof body - 1, &whole);
    pie_buf_free(&whole);
}

/* ---- memory that runs out */

/* Every other sketch is taken. */
static void take_sketch(void *user, size_t image, struct pie_buf *bytes, const char *mime)
{
    int32_t *taken = user;
    (void)image;
    (void)mime;
    if ((++*taken & 1) != 0)
        pie_buf_free(bytes);
}

static int32_t runs_in(const struct pie_mem *mem, const char *text, size_t n)
{
    struct record_sink sink;
    struct pie_body *body = NULL;
    int32_t taken = 0;
    size_t parts = 0;
    record_sink_init(&sink);
    apipie_status status = pie_body_new(mem, &sink.base, 1 << 20, &body);
    if (status == APIPIE_OK) {
        struct pie_writer *w = pie_body_writer(body);
        pie_body_set_stream(body, &event_stream);
        pie_body_set_partial(body, take_sketch, &taken);
        pie_body_reset(body, NULL, 0, 0);
        w->type->head(w, 200, NULL);
        status = w->type->write(w, (const uint8_t *)text, n);
        pie_body_finish(body, status == APIPIE_OK);
        if (status == APIPIE_OK)
            status = pie_body_failure(body);
        assert_true(status == APIPIE_OK || status == APIPIE_E_MEMORY);
        pie_body_parts(body, &parts);
        assert_true(status != APIPIE_OK || parts == 3);
    }
    pie_body_free(body);
    for (size_t i = 0; i < RECORD_SLOTS; i++)
        assert_int_not_equal(sink.state[i], 'b'); /* nothing stays open */
    assert_int_equal(sink.misuse, 0);
    record_sink_free(&sink);
    return status == APIPIE_OK;
}

static void each_allocation_may_fail(void **state)
{
    static const char text[] =
        "event: x.partial_image\ndata: " SKETCH "\n\nevent: x.partial_image\ndata: " SKETCH
        "\n\ndata: {\"b64_json\":\"" PNG64 "\"}\n\ndata: {\"url\":\"https://x/a\"}\n\ndata: " DONE
        "\n\nevent: error\ndata: no\n\n";
    (void)state;
    int32_t enough = 0;
    int32_t n = 0;
    for (; !enough; n++) {
        struct scarce scarce = {0};
        struct pie_mem mem = SCARCE_MEM(&scarce);
        scarce_give(&scarce, n);
        enough = runs_in(&mem, text, sizeof text - 1);
        assert_int_equal(scarce.alive, 0);
    }
    assert_in_range(n, 6, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stream_is_understood),
        cmocka_unit_test(a_stream_may_break_anywhere),
        cmocka_unit_test(streams_are_known_by_type_and_first_bytes),
        cmocka_unit_test(many_events_push_out_no_picture),
        cmocka_unit_test(large_events_push_out_no_picture),
        cmocka_unit_test(sketches_have_the_limit_of_pictures),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
