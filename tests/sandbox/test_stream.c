/* SPDX-License-Identifier: MIT */
/* Streams of events of the sandbox's OpenAI wire, as they should be and with every trap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "talk.h"

#define BASE    apipie_sandbox_backend_url(talk_box, "openai")
#define STREAM  "\"model\":\"gpt-image-2\",\"prompt\":\"a lake\",\"size\":\"64x64\",\"stream\":true"
#define PARTIAL "event: image_generation.partial_image\n"
#define WHOLE   "event: image_generation.completed\n"

static struct talk stream(const char *more, const char *fault)
{
    char body[256], header[128];

    snprintf(body, sizeof(body), "{" STREAM "%s}", more);
    snprintf(header, sizeof(header), "X-Sandbox-Fault: %s", fault != NULL ? fault : "");
    return talk(BASE, GENERATE, body, TALK_KEY, fault != NULL ? header : NULL);
}

static int count(const char *text, const char *part)
{
    int n = 0;

    while (text != NULL && (text = strstr(text, part)) != NULL) {
        text += strlen(part);
        n++;
    }
    return n;
}

/* The data of event number `index`, of a stream without traps. */
static struct talk data_of(const struct talk *t, int index)
{
    const char *at = t->body;
    struct talk event;

    memset(&event, 0, sizeof(event));
    while ((at = strstr(at, "\ndata: ")) != NULL && index-- > 0)
        at++;
    assert_non_null(at);
    event.json = json_loadb(at + 7, strcspn(at + 7, "\n"), 0, NULL);
    assert_non_null(event.json);
    return event;
}

static void streams_partial_pictures(void **state)
{
    struct talk t = stream(",\"partial_images\":2", NULL), whole = stream("", NULL), event;

    (void)state;
    assert_int_equal(t.status, 200);
    assert_non_null(strstr(t.head, "Content-Type: text/event-stream"));
    assert_non_null(strstr(t.head, "Transfer-Encoding: chunked"));
    assert_null(strstr(t.head, "Content-Length"));
    assert_int_equal(count(t.body, PARTIAL), 2);
    assert_int_equal(count(t.body, WHOLE), 1);
    for (int i = 0; i < 3; i++) {
        event = data_of(&t, i);
        assert_true(talk_holds_png(&event, "b64_json", 64, 64));
        assert_string_equal(talk_text(&event, "size"), "64x64");
        assert_string_equal(talk_text(&event, "quality"), "medium");
        assert_string_equal(talk_text(&event, "background"), "opaque");
        assert_string_equal(talk_text(&event, "output_format"), "png");
        assert_true(json_is_integer(talk_at(&event, "created_at")));
        assert_string_equal(talk_text(&event, "type"), i < 2 ? "image_generation.partial_image"
                                                             : "image_generation.completed");
        assert_int_equal(json_integer_value(talk_at(&event, "partial_image_index")), i < 2 ? i : 0);
        assert_int_equal(talk_at(&event, "usage.total_tokens") != NULL, i == 2);
        talk_end(&event);
    }
    assert_int_equal(count(whole.body, "event: "), 1);
    event = data_of(&whole, 0);
    talk_end(&whole);
    whole = data_of(&t, 2); /* the last is what comes without partial ones */
    assert_string_equal(talk_text(&event, "b64_json"), talk_text(&whole, "b64_json"));
    talk_end(&event);
    talk_end(&whole);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 2);
    assert_int_equal(apipie_sandbox_number(talk_box, APIPIE_SANDBOX_STREAMS), 2);
}

static void ends_each_of_several(void **state)
{
    struct talk t = stream(",\"partial_images\":1,\"n\":2", NULL);

    (void)state;
    assert_int_equal(count(t.body, PARTIAL), 2);
    assert_int_equal(count(t.body, WHOLE), 2);
    talk_end(&t);
}

static void streams_edits(void **state)
{
    struct talk t = talk(BASE, "/images/edits",
                         "{" STREAM ",\"partial_images\":1,\"images\":[{\"image_url\":"
                         "\"https://example.com/a.png\"}]}",
                         TALK_KEY, NULL);

    (void)state;
    assert_int_equal(count(t.body, "event: image_edit.partial_image\n"), 1);
    assert_int_equal(count(t.body, "event: image_edit.completed\n"), 1);
    talk_end(&t);
}

/* Hangs up as soon as one event is whole. */
static size_t watch(char *p, size_t size, size_t n, void *user)
{
    struct talk *t = user;

    t->body = realloc(t->body, t->n + n + 1);
    memcpy(t->body + t->n, p, size * n);
    t->n += n;
    t->body[t->n] = '\0';
    return strstr(t->body, "\n\n") != NULL ? 0 : size * n;
}

/* The first event comes at once, while the next ones are minutes away; and the server ends although one waits. */
static void spreads_the_events(void **state)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, TALK_KEY);
    struct talk t;
    char url[256];

    (void)state;
    memset(&t, 0, sizeof(t));
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, -1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 600001), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_drawing_time(talk_box, 600000), APIPIE_OK);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    snprintf(url, sizeof(url), "%s" GENERATE, BASE);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{" STREAM ",\"partial_images\":2}");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t);
    assert_int_equal(curl_easy_perform(curl), CURLE_WRITE_ERROR);
    assert_int_equal(count(t.body, "event: "), 1);
    assert_int_equal(count(t.body, PARTIAL), 1);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    talk_end(&t);
}

static void lays_traps(void **state)
{
    static const struct {
        const char *trap, *holds, *not ;
    } cases[] = {
        {"crlf", "image_generation.completed\r\ndata: {", "d\ndata"},
        {"cr", "image_generation.completed\rdata: {", "\n"},
        {"nospace", "event:image_generation.completed\ndata:{", "data: "},
        {"comments", "}\n\n: SANDBOX PROCESSING\n\n", NULL},
        {"lines", "\ndata: {\"type\":\"image_generation.completed\",\ndata: \"b64_json\"", NULL},
        {"bom",
         "\xEF\xBB\xBF"
         "event: ",
         NULL},
        {"bytes", "event: image_generation.completed\ndata: {", NULL},
        {"done", "}\n\ndata: [DONE]\n\n", NULL},
        {"crlf,nospace,done", "}\r\n\r\ndata:[DONE]\r\n\r\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char fault[64];
        struct talk t;

        snprintf(fault, sizeof(fault), "sse:%s", cases[i].trap);
        t = stream(",\"partial_images\":1", fault);
        assert_int_equal(t.code, CURLE_OK);
        assert_non_null(t.body);
        assert_non_null(strstr(t.body, cases[i].holds));
        if (cases[i].not != NULL)
            assert_null(strstr(t.body, cases[i].not ));
        talk_end(&t);
    }
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 9);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "sse:nosuch", 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "sse", 1), APIPIE_E_ARGUMENT);
    assert_int_equal(apipie_sandbox_set_fault(talk_box, "sse:cr,", 1), APIPIE_E_ARGUMENT);
}

static void breaks_off(void **state)
{
    struct talk t = stream(",\"partial_images\":2", "sse:eof");

    (void)state;
    assert_int_equal(t.code, CURLE_OK);
    assert_int_equal(count(t.body, PARTIAL), 2);
    assert_int_equal(count(t.body, "completed"), 0);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 1);
    t = stream(",\"partial_images\":2",
               "truncate"); /* in the middle of an event, without the last chunk */
    assert_int_not_equal(t.code, CURLE_OK);
    assert_int_equal(t.status, 200);
    assert_int_equal(count(t.body, "usage"), 0);
    assert_true(t.n > 100);
    talk_end(&t);
}

static void fails_in_the_stream(void **state)
{
    struct talk t = stream(",\"partial_images\":1", "sse:error");

    (void)state;
    assert_int_equal(t.status, 200);
    assert_int_equal(count(t.body, PARTIAL), 1);
    assert_int_equal(count(t.body, "event: error\ndata: {\"type\":\"error\",\"error\":{"), 1);
    assert_int_equal(count(t.body, "completed"), 0);
    talk_end(&t);
    assert_int_equal(apipie_sandbox_billed_count(talk_box), 0);
}

static void answers_plain_json(void **state)
{
    struct talk t = stream(",\"partial_images\":1", "sse:plain");

    (void)state;
    assert_non_null(strstr(t.head, "Content-Type: application/json"));
    assert_true(talk_holds_png(&t, "data.0.b64_json", 64, 64));
    talk_end(&t);
    t = stream("", "status:503"); /* refused before it begins */
    assert_int_equal(t.status, 503);
    assert_non_null(strstr(t.head, "Content-Type: application/json"));
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(streams_partial_pictures), TEST(ends_each_of_several), TEST(streams_edits),
        TEST(spreads_the_events),       TEST(lays_traps),           TEST(breaks_off),
        TEST(fails_in_the_stream),      TEST(answers_plain_json),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests_name("sandbox-stream", tests, NULL, NULL);
}
