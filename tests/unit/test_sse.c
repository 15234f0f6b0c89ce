/* SPDX-License-Identifier: MIT */
/* Event streams: every form of a line end, every way of cutting, and how often a byte is looked at. */
#include <string.h>

#include "codec/codec.h"

/* Every byte that the parser lets memchr look at is counted. The library's own copy is not linked then. */
static uint64_t looked_at;
static void *counting_memchr(const void *p, int c, size_t n)
{
    const char *found = memchr(p, c, n);
    looked_at += found != NULL ? (uint64_t)(found - (const char *)p) + 1 : n;
    return (void *)(uintptr_t)found;
}
#define memchr counting_memchr
#include "codec/sse.c"
#undef memchr

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- what comes out, as text: "name|data;" for each event */

struct seen {
    struct pie_sse sse;
    char text[4096];
    size_t n;
    int32_t open;
    uint64_t bytes;  /* of data */
    uint32_t pieces; /* that it came in */
    int32_t stop_at; /* refuse that piece */
};

static void seen_add(struct seen *s, const char *p, size_t n)
{
    if (n > sizeof s->text - 1 - s->n)
        n = sizeof s->text - 1 - s->n;
    memcpy(s->text + s->n, p, n);
    s->n += n;
    s->text[s->n] = '\0';
}

static apipie_status seen_begin(void *user)
{
    struct seen *s = user;
    assert_false(s->open);
    s->open = 1;
    return APIPIE_OK;
}

static apipie_status seen_data(void *user, const char *p, size_t n)
{
    struct seen *s = user;
    assert_true(s->open);
    assert_true(n != 0);
    s->bytes += n;
    if ((int32_t)++s->pieces == s->stop_at)
        return APIPIE_E_MEMORY;
    seen_add(s, p, n);
    return APIPIE_OK;
}

static apipie_status seen_end(void *user)
{
    struct seen *s = user;
    struct pie_slice name = pie_sse_name(&s->sse);
    assert_true(s->open);
    s->open = 0;
    seen_add(s, "|", 1);
    seen_add(s, name.p, name.n);
    seen_add(s, ";", 1);
    return APIPIE_OK;
}

static const struct pie_sse_out seen_out = {seen_begin, seen_data, seen_end};

static void seen_init(struct seen *s)
{
    memset(s, 0, sizeof *s);
    pie_sse_init(&s->sse, &seen_out, s, 0);
}

/* Bit i of `cuts`: a cut behind byte i; the last one is for all that follow. */
static int32_t seen_is_cut(uint32_t cuts, size_t behind)
{
    return (int32_t)(cuts >> (behind < 31 ? behind : 31) & 1);
}

/* Each piece is a copy of its own, so that reading behind it would be seen. */
static void seen_read(struct seen *s, const char *p, size_t n, uint32_t cuts)
{
    seen_init(s);
    for (size_t at = 0; at < n;) {
        size_t piece = 1;
        while (at + piece < n && !seen_is_cut(cuts, at + piece - 1))
            piece++;
        char *copy = malloc(piece);
        assert_non_null(copy);
        memcpy(copy, p + at, piece);
        assert_int_equal(pie_sse_write(&s->sse, copy, piece), APIPIE_OK);
        free(copy);
        at += piece;
    }
    assert_int_equal(pie_sse_finish(&s->sse), APIPIE_OK);
    assert_false(s->open);
}

/* One by one, and every single cut; every set of cuts when there are few places. */
static void need_events(const char *name, const char *p, size_t n, const char *want)
{
    struct seen s;
    seen_read(&s, p, n, 0);
    if (strcmp(s.text, want) != 0)
        fail_msg("%s: '%s' instead of '%s'", name, s.text, want);
    uint32_t all = n <= 16 ? (uint32_t)1 << (n - 1) : 0;
    for (uint32_t cuts = 1; cuts < all; cuts++) {
        seen_read(&s, p, n, cuts);
        if (strcmp(s.text, want) != 0)
            fail_msg("%s, cut %x: '%s' instead of '%s'", name, cuts, s.text, want);
    }
    for (size_t step = 1; step < n && step <= 5; step++) {
        seen_init(&s);
        for (size_t at = 0; at < n; at += step)
            pie_sse_write(&s.sse, p + at, step < n - at ? step : n - at);
        pie_sse_finish(&s.sse);
        if (strcmp(s.text, want) != 0)
            fail_msg("%s, step %zu: '%s' instead of '%s'", name, step, s.text, want);
    }
}

static const struct {
    const char *name, *stream, *want;
} streams[] = {
    {"nothing", "\n", ""},
    {"one", "data:x\n\n", "x|;"},
    {"a blank behind the colon", "data: x\n\n", "x|;"},
    {"only one of them", "data:  x\n\n", " x|;"},
    {"carriage returns", "data:x\r\rdata:y\r\r", "x|;y|;"},
    {"both", "data:x\r\n\r\nd\r\n", "x|;"},
    {"mixed", "data:a\ndata:b\r\n\rdata:c\n\n", "a\nb|;c|;"},
    {"line feed, then return", "data:x\n\r", "x|;"},
    {"two returns and a feed", "data:x\r\r\n", "x|;"},
    {"two lines", "data:a\ndata:b\n\n", "a\nb|;"},
    {"an empty line of data", "data:\ndata\n\n", "\n|;"},
    {"data without a colon", "data\n\n", "|;"},
    {"a comment", ":x\n\ndata:y\n:z\n\n", "y|;"},
    {"a comment that looks like data", ":data: x\n\n", ""},
    {"a name", "event:n\ndata:x\n\n", "x|n;"},
    {"a name behind", "data:x\nevent:n\n\n", "x|n;"},
    {"the last name counts", "event:a\nevent:b\ndata:\n\n", "|b;"},
    {"a name taken back", "event:a\nevent\ndata:\n\n", "|;"},
    {"a name without data", "event:a\n\ndata:x\n\n", "x|;"},
    {"no name of the one before", "event:a\ndata:x\n\ndata:y\n\n", "x|a;y|;"},
    {"id and retry", "id:1\nretry:5\ndata:x\n\n", "x|;"},
    {"fields that only begin so", "datax:1\nevents:2\ndat:3\n\n", ""},
    {"fields in other letters", "Data:1\nDATA:2\n\n", ""},
    {"a blank before the field", " data:x\n\n", ""},
    {"a long field", "averylongfieldname:1\ndata:x\n\n", "x|;"},
    {"colons", "data:a:b\n\n", "a:b|;"},
    {"a mark at the start",
     "\xEF\xBB\xBF"
     "data:x\n\n",
     "x|;"},
    {"only one of these",
     "\xEF\xBB\xBF\xEF\xBB\xBF"
     "data:x\n\n",
     ""},
    {"half a mark",
     "\xEF\xBB"
     "data:x\n\ndata:y\n\n",
     "y|;"},
    {"no empty line", "data:x\n", "x|;"},
    {"not even an end of line", "event:n\ndata:x", "x|n;"},
    {"cut in a field", "data:x\ndat", "x|;"},
    {"cut behind data", "data", "|;"},
    {"cut in a return", "data:x\r", "x|;"},
    {"done", "data:[DONE]\n\ndata:x\n\n", ""},
    {"done with more", "data: [DONE] x\nevent:y\n\n", ""},
    {"done behind one", "data:x\n\ndata:[DONE]", "x|;"},
    {"nearly done", "data:[DONE\n\ndata:[\n\n", "[DONE|;[|;"},
    {"done in two lines", "data:[DO\ndata:NE]\n\n", "[DO\nNE]|;"},
    {"done, but later", "data:x[DONE]\n\n", "x[DONE]|;"},
    {"done in the second line", "data:x\ndata:[DONE]\n\n", "x\n[DONE]|;"},
    {"a list", "data:[1]\n\n", "[1]|;"},
    {"done in a comment", ":[DONE]\ndata:x\n\n", "x|;"},
};

static void streams_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIE_COUNT(streams); i++)
        need_events(streams[i].name, streams[i].stream, strlen(streams[i].stream), streams[i].want);
}

/* A reader that takes the whole text and thinks in lines: what the rules say, without any state. */
static void plain_read(const char *p, size_t n, char *out)
{
    char name[32] = "";
    size_t data_n = 0;
    int has_data = 0;
    char data[64];
    out[0] = '\0';
    for (size_t at = 0; at <= n;) {
        size_t end = at;
        while (end < n && p[end] != '\n' && p[end] != '\r')
            end++;
        int last = end == n;
        size_t line = end - at;
        if (line == 0 && (!last || at == n)) {
            if (has_data)
                sprintf(out + strlen(out), "%.*s|%s;", (int)data_n, data, name);
            has_data = 0;
            data_n = 0;
            name[0] = '\0';
        }
        const char *colon = memchr(p + at, ':', line);
        size_t field = colon != NULL ? (size_t)(colon - (p + at)) : line;
        size_t value = field == line ? line : field + 1;
        value += value < line && p[at + value] == ' ';
        if (field == 4 && memcmp(p + at, "data", 4) == 0) {
            if (has_data)
                data[data_n++] = '\n';
            memcpy(data + data_n, p + at + value, line - value);
            data_n += line - value;
            has_data = 1;
        }
        if (last && line != 0) { /* the end is an end of line, and an empty one behind it */
            at = n;
            continue;
        }
        if (last)
            break;
        at = end + (p[end] == '\r' && end + 1 < n && p[end + 1] == '\n' ? 2 : 1);
    }
}

/* All texts of up to seven pieces, in all cuts: nothing may depend on where they lie. */
static void all_small_streams(void **state)
{
    static const char *const pieces[] = {"data", ":", " ", "\n", "\r", "x"};
    (void)state;
    uint32_t count = 1;
    for (int length = 1; length <= 7; length++) {
        count *= PIE_COUNT(pieces);
        for (uint32_t number = 0; number < count; number++) {
            char text[64] = "";
            char want[256];
            struct seen s;
            uint32_t rest = number;
            for (int i = 0; i < length; i++, rest /= PIE_COUNT(pieces))
                strcat(text, pieces[rest % PIE_COUNT(pieces)]);
            size_t n = strlen(text);
            plain_read(text, n, want);
            seen_read(&s, text, n, 0);
            if (strcmp(s.text, want) != 0)
                fail_msg("'%s': '%s' instead of '%s'", text, s.text, want);
            seen_read(&s, text, n, UINT32_MAX);
            if (strcmp(s.text, want) != 0)
                fail_msg("'%s' byte by byte: '%s' instead of '%s'", text, s.text, want);
        }
    }
}

static void a_nul_is_a_byte_like_others(void **state)
{
    static const char text[] = "da\0ta:x\nevent:n\ndata:y\n\n";
    (void)state;
    need_events("in a field", text, sizeof text - 1, "y|n;");
}

static void names_have_a_limit(void **state)
{
    char text[400];
    struct seen s;
    (void)state;
    for (int n = PIE_SSE_NAME - 1; n <= PIE_SSE_NAME + 1; n++) {
        sprintf(text, "event:%0*d\ndata:x\n\n", n, 1);
        seen_read(&s, text, strlen(text), 0);
        assert_int_equal(s.n, n <= PIE_SSE_NAME ? n + 3 : 3);
        seen_read(&s, text, strlen(text), UINT32_MAX);
        assert_int_equal(s.n, n <= PIE_SSE_NAME ? n + 3 : 3);
    }
}

static void what_is_refused_stays_refused(void **state)
{
    static const char text[] = "data:x\n\ndata:y\n\n";
    struct seen s;
    (void)state;
    seen_init(&s);
    s.stop_at = 1;
    assert_int_equal(pie_sse_write(&s.sse, text, sizeof text - 1), APIPIE_E_MEMORY);
    assert_int_equal(pie_sse_write(&s.sse, text, sizeof text - 1), APIPIE_E_MEMORY);
    assert_int_equal(pie_sse_finish(&s.sse), APIPIE_E_MEMORY);
    assert_int_equal(s.pieces, 1);
}

static void it_says_where_data_stands(void **state)
{
    static const char text[] = "data: [DO\ndata:x";
    struct seen s;
    (void)state;
    seen_init(&s);
    pie_sse_init(&s.sse, &seen_out, &s, 1000);
    pie_sse_write(&s.sse, text, sizeof text - 1);
    assert_int_equal(s.sse.at, 1000 + sizeof text - 1);
}

/* ---- work, not time: however it is cut, a byte is looked at twice at most */

#define LARGE ((size_t)64 << 20)
#define LINES ((size_t)1 << 20) /* of many lines: what is not linear shall fail soon */

static void work_is_linear(const char *name, char fill, char line_end, size_t line, size_t chunk)
{
    size_t all = line != 0 ? LINES : LARGE;
    char *text = malloc(all);
    struct seen s;
    assert_non_null(text);
    memset(text, fill, all);
    memcpy(text, "data:", 5);
    for (size_t at = line; line != 0 && at + 6 < all; at += line) {
        text[at] = line_end;
        memcpy(text + at + 1, "data:", 5);
    }
    seen_init(&s);
    looked_at = 0;
    for (size_t at = 0; at < all; at += chunk)
        pie_sse_write(&s.sse, text + at, chunk < all - at ? chunk : all - at);
    pie_sse_finish(&s.sse);
    free(text);
    if (looked_at > 2 * all + all / 8)
        fail_msg("%s: %llu bytes were looked at for %zu", name, (unsigned long long)looked_at, all);
    assert_true(s.bytes > all / 2);
}

static void a_large_event_takes_linear_work(void **state)
{
    (void)state;
    work_is_linear("one line", 'A', 0, 0, LARGE);
    work_is_linear("one line in pieces", 'A', 0, 0, 16384);
    work_is_linear("one line in small pieces", 'A', 0, 0, 3);
    work_is_linear("line feeds", 'A', '\n', 77, LARGE);
    work_is_linear("returns", 'A', '\r', 77, LARGE);
    work_is_linear("brackets", '[', '\r', 12, LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_read),
        cmocka_unit_test(all_small_streams),
        cmocka_unit_test(a_nul_is_a_byte_like_others),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(what_is_refused_stays_refused),
        cmocka_unit_test(it_says_where_data_stands),
        cmocka_unit_test(a_large_event_takes_linear_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
