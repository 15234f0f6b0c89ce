/* SPDX-License-Identifier: MIT */
/* The log: which lines each level gets, what is never in them, and how long a sink lives. Knows the public API alone. */
#include "../support/parts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON   "Content-Type: application/json\r\nretry-after-ms: 1\r\n"
#define SECRET "s3cr3t-signature"
#define TOKEN  "tok_0123456789abcdef" /* a key that does not look like one */

#define DIARY_LINES 600

/* Static in the tests: the teardown may be what frees it. */
struct diary {
    pthread_mutex_t lock;
    char lines[DIARY_LINES][600];
    int32_t levels[DIARY_LINES];
    int32_t count, freed;
    const char *odd; /* what was wrong with a line */
    apipie_client *client;
    apipie_request *cancels; /* from inside, at its first call */
    int32_t asks;            /* every getter of the request, inside */
};

static struct diary diary, other;

static void diary_open(struct diary *y)
{
    memset(y, 0, sizeof *y);
    pthread_mutex_init(&y->lock, NULL);
}

static void diary_free(void *user)
{
    ((struct diary *)user)->freed++;
}

static int is_utf8(const unsigned char *p)
{
    while (*p) {
        size_t n = *p < 0x80 ? 1 : *p >= 0xC2 && *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
        if (*p >= 0x80 && *p < 0xC2)
            return 0;
        for (size_t i = 1; i < n; i++)
            if ((p[i] & 0xC0) != 0x80)
                return 0;
        p += n;
    }
    return 1;
}

static const char *what_is_odd(const struct diary *y, const char *line)
{
    if (y->freed)
        return "a line after the end";
    if (strlen(line) >= 512)
        return "too long";
    if (!is_utf8((const unsigned char *)line))
        return "no UTF-8";
    for (const char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return "a control byte";
    if (strstr(line, "0123456789abcdef") || strstr(line, "tok_0123") || strstr(line, "pie-0123"))
        return "the key";
    if (strstr(line, SECRET) || strstr(line, "s3cr"))
        return "a query";
    return strncmp(line, "request ", 8) == 0 ? NULL : "no number";
}

static void diary_log(void *user, int32_t level, const char *line)
{
    struct diary *y = user;
    pthread_mutex_lock(&y->lock);
    const char *odd = what_is_odd(y, line);
    y->odd = odd ? odd : y->odd;
    if (y->count < DIARY_LINES) {
        snprintf(y->lines[y->count], sizeof y->lines[0], "%s", line);
        y->levels[y->count] = level;
        y->count++;
    } else {
        y->odd = "too many lines";
    }
    apipie_request *cancels = y->cancels;
    y->cancels = NULL;
    pthread_mutex_unlock(&y->lock);
    apipie_request_cancel(cancels);
}

static void keep_diary(struct draw *d, struct diary *y, int32_t level)
{
    diary_open(y);
    assert_status(apipie_client_set_log(d->client, level, diary_log, y, diary_free), APIPIE_OK);
}

static void show(const struct diary *y)
{
    for (int32_t i = 0; i < y->count; i++)
        print_error("%d %s\n", (int)y->levels[i], y->lines[i]);
}

static int32_t lines_of(const struct diary *y, int32_t level, const char *piece)
{
    int32_t n = 0;
    for (int32_t i = 0; i < y->count; i++)
        n += y->levels[i] == level && strstr(y->lines[i], piece) != NULL;
    return n;
}

#define assert_lines(y, level, piece, want) assert_lines_at(y, level, piece, want, __LINE__)
static void assert_lines_at(const struct diary *y, int32_t level, const char *piece, int32_t want,
                            int line)
{
    if (y->odd) {
        print_error("%s\n", y->odd);
        show(y);
        _fail(__FILE__, line);
    }
    if (lines_of(y, level, piece) == want)
        return;
    print_error("%d lines of level %d with \"%s\" instead of %d\n", (int)lines_of(y, level, piece),
                (int)level, piece, (int)want);
    show(y);
    _fail(__FILE__, line);
}

/* Before the first line with `b` there is one with `a`. */
static void assert_before(const struct diary *y, const char *a, const char *b)
{
    for (int32_t i = 0; i < y->count; i++) {
        if (strstr(y->lines[i], a))
            return;
        if (strstr(y->lines[i], b))
            break;
    }
    show(y);
    fail_msg("%s does not come before %s", a, b);
}

static void assert_nowhere(const struct diary *y, const char *piece)
{
    for (int32_t level = 0; level <= APIPIE_LOG_PROMPT; level++)
        assert_lines(y, level, piece, 0);
}

/* ---- levels */

static const struct level {
    const char *name;
    int32_t most; /* 0: no log */
} levels[] = {{"none", 0}, {"error", 1}, {"warning", 2}, {"info", 3}, {"debug", 4}, {"prompt", 5}};

static void each_level_holds_those_before(void **state)
{
    static const struct draw_reply replies[] = {
        {429, SOON, "{\"error\":{\"message\":\"slow down\"}}"}, {400, NULL, "{\"error\":\"no\"}"}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    const int32_t most = ((const struct level *)d->row)->most;
    draw_serve_script(d, &script);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 2);
    apipie_request_set_negative_prompt(d->request, "no boats", APIPIE_NTS);
    apipie_request_set_size(d->request, 640, 320);
    keep_diary(d, &diary, most ? most : 1);
    if (!most)
        assert_status(apipie_client_set_log(d->client, 0, NULL, NULL, NULL), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_PARAMETER);
    assert_int_equal(diary.count != 0, most > 0);
    assert_lines(&diary, 1, "", most >= 1);
    assert_lines(&diary, 1, "request 1: failed: parameter, not billed: HTTP 400: no; change",
                 most >= 1);
    assert_lines(&diary, 2, "", most >= 2 ? 2 : 0);
    assert_lines(&diary, 2,
                 "request 1: call failed: rejected, HTTP 429, rate_limited, route any provider/any "
                 "model, again in 1 ms: HTTP 429: slow down",
                 most >= 2);
    assert_lines(&diary, 2, "call failed: rejected, HTTP 400, parameter, route", most >= 2);
    assert_lines(&diary, 3, "", most >= 3 ? 3 : 0);
    assert_lines(&diary, 3,
                 "request 1: submitted: image, any provider/any model, n 1, size 640x320",
                 most >= 3);
    assert_lines(&diary, 3, "/v1/images/generations: rejected, HTTP 400, parameter, ", most >= 3);
    assert_lines(&diary, 3, " 14 bytes, not billed", most >= 3);
    assert_lines(&diary, 4, "request 1: queued", most >= 4 ? 2 : 0);
    assert_lines(&diary, 4, "request 1: in flight", most >= 4 ? 2 : 0);
    assert_lines(&diary, 4, "request 1: waiting", most >= 4 ? 1 : 0);
    assert_lines(&diary, 5, "", most >= 5 ? 2 : 0);
    assert_lines(&diary, 5, "request 1: prompt: a lake", most >= 5);
    assert_lines(&diary, 5, "request 1: negative prompt: no boats", most >= 5);
}

static void a_success_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 200, "x-request-id: req-77\r\n",
                     "{\"data\":[{\"b64_json\":\"" PNG1 "\"}],\"usage\":{\"cost\":0.008}}");
    apipie_request_set_provider(d->request, "prodia");
    apipie_request_set_model(d->request, "sdxl");
    keep_diary(d, &diary, APIPIE_LOG_INFO);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_again(d);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "", 6);
    assert_lines(&diary, 3, "request 1: submitted: image, prodia/sdxl, n 1", 1);
    assert_lines(&diary, 3, "request 1: call POST http://127.0.0.1:", 1);
    assert_lines(&diary, 3, "/v1/images/generations: delivered, HTTP 200, ", 2);
    assert_lines(&diary, 3, ", billed, id req-77", 2);
    assert_lines(&diary, 3, "request 1: ended: ok, 1 of 1 images, cost 0.008 USD, ", 1);
    assert_lines(&diary, 3, "request 2: ended: ok", 1);
    assert_before(&diary, "submitted", "call POST");
    assert_before(&diary, "call POST", "ended: ok");
}

static void a_refused_submit_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    keep_diary(d, &diary, APIPIE_LOG_PROMPT);
    apipie_request_set_n(d->request, -1);
    assert_status(apipie_request_submit(d->request), APIPIE_E_ARGUMENT);
    assert_lines(&diary, 1, "request 1: failed: usage, not billed: set_n: ", 1);
    assert_int_equal(diary.count, 1);
    draw_again(d);
    apipie_request_cancel(d->request);
    assert_status(apipie_request_submit(d->request), APIPIE_E_CANCELLED);
    assert_lines(&diary, 1, "request 2: failed: cancelled, not billed: ", 1);
    assert_int_equal(diary.freed, 0);
}

/* ---- ways to end */

static void the_next_route_is_told(void **state)
{
    static const struct draw_reply gone = {404, NULL, "{\"error\":\"no such model\"}"};
    static const struct draw_stage stage = {.models = {DRAW_REPLIES(&gone)}};
    struct draw *d = *state;
    draw_serve_stage(d, &stage);
    apipie_request_unref(d->request);
    d->request = draw_request_for(d->client, "AB");
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "submitted: image, pA/A and 1 more routes, n 1", 1);
    assert_lines(&diary, 2,
                 "call failed: rejected, HTTP 404, not_found, route pA/A, next route pB/B: ", 1);
    assert_lines(&diary, 2, "", 1);
    assert_lines(&diary, 1, "", 0);
    assert_lines(&diary, 3, "ended: ok", 1);
}

static void stall(struct raw_conn *c, const struct raw_request *q, void *user)
{
    (void)q;
    (void)user;
    raw_stall(c);
}

static void a_time_limit_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall, NULL);
    apipie_request_set_timeout(d->request, 100);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_TIMEOUT);
    assert_lines(&diary, 1, "failed: timeout, perhaps billed: the time limit passed", 1);
    assert_lines(&diary, 2, "call failed: unknown, timeout, route", 1);
    assert_lines(&diary, 3, "generations: unknown, timeout, ", 1);
}

static void a_cancel_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve(d, stall, NULL);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    assert_status(apipie_request_wait(d->request, 50), APIPIE_PENDING);
    apipie_request_cancel(d->request);
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_lines(&diary, 1, "failed: cancelled, perhaps billed: cancelled; ", 1);
    assert_lines(&diary, 2, "call failed: unknown, cancelled, route", 1);
    assert_int_equal(diary.freed, 0);
}

static void a_cancel_from_inside(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_status(apipie_request_submit(d->request), APIPIE_OK);
    diary.cancels = d->request;
    assert_ended(d->request, apipie_request_wait(d->request, -1), APIPIE_E_CANCELLED);
    assert_lines(&diary, 1, "failed: cancelled", 1);
}

static void parts_have_numbers(void **state)
{
    struct draw *d = *state;
    static const struct draw_reply broken = {500, NULL, "{\"error\":\"oops\"}"};
    static const struct parts_plan plan = {.replies = {NULL, NULL, &broken, NULL}};
    parts_serve(d, &plan);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 2, "request 1: call failed: rejected, HTTP 400", 1);
    assert_lines(&diary, 2, ", next one call for each image: ", 1);
    assert_lines(&diary, 2, "request 1 part 3: call failed: unknown, HTTP 500, server, route", 1);
    assert_lines(&diary, 2, "request 1: warning: image 3: HTTP 500: oops", 1);
    assert_lines(&diary, 3, "request 1 part 1: call POST ", 1);
    assert_lines(&diary, 3, "request 1 part 4: call POST ", 1);
    assert_lines(&diary, 4, "request 1 part 2: in flight", 1);
    assert_lines(&diary, 4, "request 1: waiting for others", 1);
    assert_lines(&diary, 3, "ended: ok, 3 of 4 images", 1);
    assert_before(&diary, "request 1 part 4: ended", "ended: ok");
    assert_lines(&diary, 1, "", 0);
}

/* ---- downloads and redirects: no query */

static void a_download_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"url\":\"$ORIGIN/pics/1?sig=" SECRET "#" SECRET "\"},"
                       "{\"url\":\"$ORIGIN/pics/9?sig=" SECRET "\"},"
                       "{\"url\":\"http://" SECRET "\\n?sig=" SECRET "\"},"
                       "{\"url\":\"ftp://h/a?sig=" SECRET "\"},"
                       "{\"url\":\"ftp://h/a?b c=" SECRET "\"}]}");
    keep_diary(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "/pics/1: delivered, HTTP 200, ", 1);
    assert_lines(&diary, 3, "download GET http://127.0.0.1:", 2);
    assert_lines(&diary, 2, "download failed: rejected, HTTP 404, not_found: ", 1);
    assert_lines(&diary, 2, "warning: image 2: ", 1);
    assert_lines(&diary, 2, "warning: image 4: ", 1);
    assert_lines(&diary, 3, "ended: ok, 1 of 5 images", 1);
    for (size_t i = 0; i < apipie_result_warning_count(draw_result(d)); i++)
        assert_lacks(apipie_result_warning(draw_result(d), i), SECRET);
}

static void a_redirect_is_told(void **state)
{
    static const struct draw_reply replies[] = {
        {307, "Location: $ORIGIN/v2/images/generations?token=" SECRET "\r\n", ""},
        {200, NULL, ONE_IMAGE}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 3, "/v1/images/generations: rejected, HTTP 307, ", 1);
    assert_lines(&diary, 3, "/v2/images/generations: delivered, HTTP 200, ", 1);
    assert_lines(&diary, 2, "", 0);
}

static void a_refused_redirect_is_told(void **state)
{
    struct draw *d = *state;
    draw_serve_reply(d, 307, "Location: https://u:" SECRET "@elsewhere.example/x?t=" SECRET "\r\n",
                     "");
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_E_NETWORK);
    assert_lines(&diary, 2, "to another place: https://elsewhere.example/x", 1);
    assert_lines(&diary, 1, "--base-url https://elsewhere.example/x", 1);
}

/* ---- what is never there */

struct echo {
    const char *name;
    struct draw_reply reply;
};

#define LONG20 "0123456789 1234567890"
#define LONG   LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20 LONG20
#define UMLAUT "\xC3\xA4\xC3\xB6\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"
#define UMLAUTS                                                                                    \
    UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT     \
        UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT UMLAUT

static const struct echo echoes[] = {
    {"message", {401, NULL, "{\"error\":{\"message\":\"bad key " TOKEN " given\"}}"}},
    {"code", {400, NULL, "{\"error\":{\"code\":\"" TOKEN "\",\"message\":\"no\"}}"}},
    {"text", {400, "Content-Type: text/plain\r\n", "Bearer " TOKEN}},
    {"page", {403, "Content-Type: text/html\r\n", "<html><title>" TOKEN "</title></html>"}},
    {"header", {500, "x-request-id: " TOKEN "\r\n", ""}},
    {"location", {307, "Location: http://elsewhere.example/" TOKEN "\r\n", ""}},
    {"url", {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/" TOKEN "/x?k=" TOKEN "\"}]}"}},
    {"url that is none", {200, NULL, "{\"data\":[{\"url\":\"http://[" TOKEN "\"}]}"}},
    {"cut", {400, NULL, "{\"error\":\"" LONG LONG " " TOKEN "\"}"}},
    {"model", {200, NULL, "{\"model\":\"" TOKEN "\",\"data\":[{\"b64_json\":\"" PNG1 "\"}]}"}},
    {"control bytes",
     {400, NULL, "{\"error\":\"a\\u0007b\\u001b[31m\\r\\nrequest 9: \\u2028 \\u202e \\u0085\"}"}},
    {"no UTF-8", {400, "Content-Type: text/plain\r\n", "caf\xE9 \xFF\xFE \xC3"}},
    {"long", {400, NULL, "{\"error\":\"" LONG LONG LONG "\"}"}},
    {"long characters", {400, NULL, "{\"error\":\"" UMLAUTS UMLAUTS UMLAUTS "\"}"}},
    {"data", {400, NULL, "{\"error\":\"data:image/png;base64," PNG2 "\"}"}},
    {"bare data", {400, NULL, "{\"error\":\"" PNG2 PNG2 "\"}"}},
};

static void a_line_is_fit_to_be_kept(void **state)
{
    struct draw *d = *state;
    const struct echo *row = d->row;
    draw_serve_reply(d, row->reply.status, row->reply.headers, row->reply.body);
    assert_status(apipie_client_set_key(d->client, TOKEN), APIPIE_OK);
    keep_diary(d, &diary, APIPIE_LOG_PROMPT);
    apipie_request_perform(d->request);
    assert_true(diary.count > 4);
    assert_lines(&diary, 3, "call POST", 1); /* and nothing odd */
    assert_nowhere(&diary, "iVBORw0KGgo");
}

/* The key of a callback, in a warning of a part: its job is over when the whole tells. */
static apipie_status give_key(void *user, int32_t refused, char *key, size_t capacity)
{
    (void)user;
    (void)refused;
    snprintf(key, capacity, "%s", TOKEN);
    return APIPIE_OK;
}

static void a_fresh_key_is_told(void **state)
{
    static const struct draw_reply replies[] = {{401, NULL, "{}"}, {200, NULL, ONE_IMAGE}};
    static const struct draw_script script = DRAW_SCRIPT(replies);
    struct draw *d = *state;
    draw_serve_script(d, &script);
    assert_status(apipie_client_set_key_fn(d->client, give_key, NULL, NULL), APIPIE_OK);
    apipie_request_set_retry(d->request, APIPIE_RETRY_SAFE, 0);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(
        &diary, 2,
        "rejected, HTTP 401, auth, route any provider/any model, again with a fresh key: ", 1);
    assert_lines(&diary, 2, "", 1);
}

/* A getter that hosts print. */
static void a_warning_holds_no_key(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, "{\"data\":[{\"b64_json\":\"" PNG1 "\"},{\"url\":\"ftp://h/" TOKEN "\"}]}");
    assert_status(apipie_client_set_key(d->client, TOKEN), APIPIE_OK);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_int_equal(apipie_result_warning_count(draw_result(d)), 1);
    assert_contains(apipie_result_warning(draw_result(d), 0), "image 2: ");
    assert_lacks(apipie_result_warning(draw_result(d), 0), "0123456789");
}

static void a_key_of_a_callback_is_masked(void **state)
{
    static const struct draw_reply broken = {500, NULL, "{\"error\":\"for " TOKEN "\"}"};
    static const struct parts_plan plan = {.replies = {NULL, NULL, &broken, &broken}};
    struct draw *d = *state;
    parts_serve(d, &plan);
    assert_status(apipie_client_set_key_fn(d->client, give_key, NULL, NULL), APIPIE_OK);
    keep_diary(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 2, "request 1: warning: image 3: HTTP 500: for *****", 1);
    assert_nowhere(&diary, "tok_");
}

#define PROMPT      "a portrait of Marta Example, \"12 Elm Street\", soft\nlight"
#define PROMPT_JSON "a portrait of Marta Example, \\\"12 Elm Street\\\", soft\\nlight"

static const struct echo quotes[] = {
    {"whole", {400, NULL, "{\"error\":\"refused: " PROMPT_JSON " (policy)\"}"}},
    {"begins with it", {400, NULL, "{\"error\":\"" PROMPT_JSON "\"}"}},
    {"in JSON", {400, NULL, "{\"error\":{\"message\":{\"prompt\":\"" PROMPT_JSON "\"}}}"}},
    {"text", {500, "Content-Type: text/plain\r\n", "cannot draw " PROMPT}},
    {"beginning", {400, NULL, "{\"error\":\"a portrait of Marta Example is not allowed\"}"}},
    {"header", {500, "x-request-id: a-portrait-of-marta-example-12-elm-street-soft-light\r\n", ""}},
    {"url",
     {200, NULL, "{\"data\":[{\"url\":\"$ORIGIN/a%20portrait%20of%20Marta%20Example/x.png\"}]}"}},
    {"negative", {400, NULL, "{\"error\":\"negative: Marta's husband John\"}"}},
};

static void no_prompt_unless_asked(void **state)
{
    struct draw *d = *state;
    const struct echo *row = d->row;
    draw_serve_reply(d, row->reply.status, row->reply.headers, row->reply.body);
    apipie_request_set_prompt(d->request, PROMPT, APIPIE_NTS);
    apipie_request_set_negative_prompt(d->request, "Marta's husband John", APIPIE_NTS);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    apipie_request_perform(d->request);
    assert_lines(&diary, 1, "failed: ", 1);
    assert_nowhere(&diary, "Marta");
    assert_nowhere(&diary, "marta");
    assert_nowhere(&diary, "Elm");
    draw_again(d);
    apipie_request_set_prompt(d->request, PROMPT, APIPIE_NTS);
    keep_diary(d, &other, APIPIE_LOG_PROMPT);
    apipie_request_perform(d->request);
    assert_lines(&other, 5, "prompt: a portrait of Marta Example, \"12 Elm Street\", soft light",
                 1);
}

static void a_long_prompt_is_cut(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    apipie_request_set_prompt(d->request, UMLAUTS UMLAUTS UMLAUTS, APIPIE_NTS);
    keep_diary(d, &diary, APIPIE_LOG_PROMPT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&diary, 5, "prompt: " UMLAUT, 1);
    assert_lines(&diary, 5, "...", 1);
}

/* ---- how long it lives */

static void each_request_has_the_log_of_its_submit(void **state)
{
    struct draw *d = *state;
    static const struct draw_stage stage = {.slow_ms = 50};
    draw_serve_stage(d, &stage);
    draw_more(d, 3);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    keep_diary(d, &other, APIPIE_LOG_INFO);
    assert_int_equal(diary.freed, 0);
    assert_status(apipie_request_submit(d->more[1]), APIPIE_OK);
    assert_status(apipie_client_set_log(d->client, 0, NULL, NULL, NULL), APIPIE_OK);
    assert_status(apipie_request_submit(d->more[2]), APIPIE_OK);
    assert_int_equal(other.freed, 0);
    assert_int_equal(draw_wait_more(d), 3);
    assert_lines(&diary, 3, "request 1: ended: ok", 1);
    assert_lines(&diary, 3, "request 2", 0);
    assert_lines(&other, 3, "request 2: ended: ok", 1);
    assert_lines(&other, 3, "request 1", 0);
    assert_lines(&other, 3, "", 3);
    assert_lines(&other, 4, "", 0);
    assert_nowhere(&other, "request 3");
    assert_int_equal(diary.freed, 1);
    assert_int_equal(other.freed, 1);
}

static void it_is_freed_with_the_client(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    draw_more(d, 1);
    assert_status(apipie_request_submit(d->more[0]), APIPIE_OK);
    d->client = apipie_client_unref(d->client); /* ends it */
    assert_lines(&diary, 1, "request 2: failed: cancelled", 1);
    d->request = apipie_request_unref(d->request);
    assert_int_equal(diary.freed, 0);
    draw_more(d, 0);
    assert_int_equal(diary.freed, 1);
}

static void bad_arguments(void **state)
{
    struct draw *d = *state;
    draw_serve_json(d, ONE_IMAGE);
    diary_open(&diary);
    assert_status(apipie_client_set_log(d->client, 0, diary_log, &diary, diary_free),
                  APIPIE_E_ARGUMENT);
    assert_int_equal(diary.freed, 1);
    assert_status(apipie_client_set_log(d->client, 6, diary_log, &diary, diary_free),
                  APIPIE_E_ARGUMENT);
    assert_int_equal(diary.freed, 2);
    assert_status(apipie_client_set_log(NULL, 1, diary_log, &diary, diary_free), APIPIE_E_ARGUMENT);
    assert_int_equal(diary.freed, 3);
    assert_status(apipie_client_set_log(d->client, 1, NULL, &diary, diary_free), APIPIE_OK);
    assert_int_equal(diary.freed, 4);
    /* what was there stays */
    keep_diary(d, &other, APIPIE_LOG_INFO);
    assert_status(apipie_client_set_log(d->client, 9, diary_log, NULL, NULL), APIPIE_E_ARGUMENT);
    assert_ended(d->request, apipie_request_perform(d->request), APIPIE_OK);
    assert_lines(&other, 3, "", 3);
}

/* ---- threads */

#define THREADS 4
#define EACH    5

static void *draw_some(void *user)
{
    for (int32_t i = 0; i < EACH; i++) {
        apipie_request *r = draw_request(user);
        apipie_request_perform(r);
        apipie_request_unref(r);
    }
    return NULL;
}

static void four_threads_share_a_log(void **state)
{
    struct draw *d = *state;
    pthread_t threads[THREADS];
    draw_serve_json(d, ONE_IMAGE);
    keep_diary(d, &diary, APIPIE_LOG_DEBUG);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_some, d->client), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_lines(&diary, 3, "ended: ok", THREADS * EACH);
    assert_lines(&diary, 3, "submitted: ", THREADS * EACH);
    assert_lines(&diary, 3, "request 20: ", 3);
    assert_lines(&diary, 3, "request 21", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST(a_success_is_told),
        DRAW_TEST(a_refused_submit_is_told),
        DRAW_TEST(the_next_route_is_told),
        DRAW_TEST(a_time_limit_is_told),
        DRAW_TEST(a_cancel_is_told),
        DRAW_TEST(a_cancel_from_inside),
        DRAW_TEST(parts_have_numbers),
        DRAW_TEST(a_download_is_told),
        DRAW_TEST(a_redirect_is_told),
        DRAW_TEST(a_refused_redirect_is_told),
        DRAW_TEST(a_fresh_key_is_told),
        DRAW_TEST(a_warning_holds_no_key),
        DRAW_TEST(a_key_of_a_callback_is_masked),
        DRAW_TEST(a_long_prompt_is_cut),
        DRAW_TEST(each_request_has_the_log_of_its_submit),
        DRAW_TEST(it_is_freed_with_the_client),
        DRAW_TEST(bad_arguments),
        DRAW_TEST(four_threads_share_a_log),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    failed += DRAW_ROWS(each_level_holds_those_before, levels);
    failed += DRAW_ROWS(a_line_is_fit_to_be_kept, echoes);
    failed += DRAW_ROWS(no_prompt_unless_asked, quotes);
    return failed;
}
