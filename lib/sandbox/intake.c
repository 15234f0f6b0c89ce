/* SPDX-License-Identifier: MIT */
/* Knows where strings and numbers begin and end in JSON; must not know what they mean. An input image of hundreds
 * of megabytes passes through and only its start is kept; numbers keep their exact text. */
#include "sandbox/sandbox_priv.h"

/* Longer than any text that an order may hold: what is cut off is never missed. */
#define INTAKE_STRING_MAX (8u * 1024 * 1024)
#define INTAKE_TEXT_MAX   (32u * 1024 * 1024)
/* Where pictures stand in the strings and are read. */
#define INTAKE_STRING_WIDE (128u * 1024 * 1024)
#define INTAKE_TEXT_WIDE   PIE_SANDBOX_BODY_MAX

enum {
    INTAKE_BETWEEN,
    INTAKE_STRING,
    INTAKE_ESCAPE,
    INTAKE_SKIP,
    INTAKE_SKIP_ESCAPE,
    INTAKE_NUMBER
};

void pie_intake_init(struct pie_intake *in, int32_t wide)
{
    memset(in, 0, sizeof(*in));
    in->string_max = wide ? INTAKE_STRING_WIDE : INTAKE_STRING_MAX;
    pie_buf_init(&in->text, &pie_mem_libc, wide ? INTAKE_TEXT_WIDE : INTAKE_TEXT_MAX);
}

void pie_intake_free(struct pie_intake *in)
{
    pie_buf_free(&in->text);
}

static int32_t intake_starts_number(char c)
{
    return c == '-' || pie_is_digit(c);
}

static int32_t intake_in_number(char c)
{
    return intake_starts_number(c) || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* jansson would turn it into a double, or refuse it. */
static void intake_open_number(struct pie_intake *in)
{
    pie_buf_add_text(&in->text, "\"" PIE_JSON_NUMBER);
    in->start = in->text.n;
    in->state = INTAKE_NUMBER;
}

static void intake_close_number(struct pie_intake *in)
{
    const struct pie_buf *text = &in->text;

    if (text->failed == APIPIE_OK &&
        !pie_json_is_number(pie_slice(text->p + in->start, text->n - in->start)))
        in->broken = 1;
    pie_buf_add_char(&in->text, '"');
    in->state = INTAKE_BETWEEN;
}

/* Each takes what belongs to its state and returns how much that was; 0 only when the state changed. */

static size_t intake_between(struct pie_intake *in, const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] != '"' && !intake_starts_number(p[i]))
        i++;
    pie_buf_add(&in->text, p, i);
    if (i == n)
        return n;
    if (p[i] != '"') {
        intake_open_number(in);
        return i;
    }
    pie_buf_add_char(&in->text, '"');
    in->start = in->text.n;
    in->state = INTAKE_STRING;
    return i + 1;
}

static size_t intake_number(struct pie_intake *in, const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && intake_in_number(p[i]))
        i++;
    pie_buf_add(&in->text, p, i);
    if (i < n)
        intake_close_number(in);
    return i;
}

/* Up to a quote, a backslash, or the first character that need not be kept. */
static size_t intake_string(struct pie_intake *in, const char *p, size_t n)
{
    size_t i = 0, kept = in->text.n - in->start;

    while (i < n && p[i] != '"' && p[i] != '\\' &&
           (kept + i < in->string_max || ((unsigned char)p[i] & 0xC0) == 0x80))
        i++;
    pie_buf_add(&in->text, p, i);
    if (i == n)
        return n;
    if (p[i] != '"' && kept + i >= in->string_max) {
        in->state = INTAKE_SKIP;
        return i;
    }
    pie_buf_add_char(&in->text, p[i]);
    in->state = p[i] == '"' ? INTAKE_BETWEEN : INTAKE_ESCAPE;
    return i + 1;
}

static size_t intake_skip(struct pie_intake *in, const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] != '"' && p[i] != '\\')
        i++;
    if (i == n)
        return n;
    if (p[i] == '"')
        pie_buf_add_char(&in->text, '"');
    in->state = p[i] == '"' ? INTAKE_BETWEEN : INTAKE_SKIP_ESCAPE;
    return i + 1;
}

static size_t intake_step(struct pie_intake *in, const char *p, size_t n)
{
    switch (in->state) {
    case INTAKE_STRING:
        return intake_string(in, p, n);
    case INTAKE_ESCAPE:
        pie_buf_add_char(&in->text, *p);
        in->state = INTAKE_STRING;
        return 1;
    case INTAKE_SKIP:
        return intake_skip(in, p, n);
    case INTAKE_SKIP_ESCAPE:
        in->state = INTAKE_SKIP;
        return 1;
    case INTAKE_NUMBER:
        return intake_number(in, p, n);
    default:
        return intake_between(in, p, n);
    }
}

void pie_intake_write(struct pie_intake *in, const char *p, size_t n)
{
    in->total += n;
    while (n != 0 && in->total <= PIE_SANDBOX_BODY_MAX && in->text.failed == APIPIE_OK) {
        size_t used = intake_step(in, p, n);

        p += used;
        n -= used;
    }
}

apipie_status pie_intake_end(struct pie_intake *in, struct pie_doc **ret)
{
    if (in->state == INTAKE_NUMBER)
        intake_close_number(in);
    if (in->total > PIE_SANDBOX_BODY_MAX || in->text.failed == APIPIE_E_LIMIT)
        return APIPIE_E_TOO_LARGE;
    if (in->text.failed != APIPIE_OK)
        return in->text.failed;
    if (in->broken)
        return APIPIE_E_MALFORMED;
    return pie_doc_parse(&pie_mem_libc, pie_buf_slice(&in->text), ret);
}
