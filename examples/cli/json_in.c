/* SPDX-License-Identifier: MIT */
/* Knows the grammar of JSON, to the letter; not what is said in it. */
#include "json_in.h"

#include <stdint.h>
#include <string.h>

#include "text.h"

#define DEEPEST 64

struct scan {
    const char *at, *end;
    const char *problem; /* the first one */
};

static int fail(struct scan *s, const char *problem)
{
    if (s->problem == NULL)
        s->problem = problem;
    return 0;
}

/* -1 at the end. */
static int peek(const struct scan *s)
{
    return s->at < s->end ? (unsigned char)*s->at : -1;
}

static void skip_blanks(struct scan *s)
{
    while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' || peek(s) == '\r')
        s->at++;
}

static int scan_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return fail(s, "no JSON value");
    s->at += n;
    return 1;
}

static size_t scan_digits(struct scan *s)
{
    const char *begin = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return (size_t)(s->at - begin);
}

static int scan_number(struct scan *s)
{
    const char *begin;
    size_t whole;

    if (peek(s) == '-')
        s->at++;
    begin = s->at;
    whole = scan_digits(s);
    if (whole == 0 || (whole > 1 && *begin == '0'))
        return fail(s, "no number of JSON");
    if (peek(s) == '.') {
        s->at++;
        if (scan_digits(s) == 0)
            return fail(s, "no number of JSON");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (scan_digits(s) == 0)
            return fail(s, "no number of JSON");
    }
    return 1;
}

/* The four digits of \uXXXX; -1 when they are none. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t sum = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = at[i] == '\0' ? NULL : strchr(digits, at[i]);

        if (found == NULL)
            return -1;
        sum = sum * 16 + (int32_t)((found - digits) % 16);
    }
    return sum;
}

/* What stands behind a backslash: its character, and how many bytes it takes; -1 when it is wrong. */
static int32_t escape(const char *at, const char *end, size_t *ret_length)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    const char *letter = at == end || *at == '\0' ? NULL : strchr(letters, *at);
    int32_t high, low;

    *ret_length = 1;
    if (letter != NULL)
        return means[letter - letters];
    if (at == end || *at != 'u' || (high = hex4(at + 1, end)) < 0)
        return -1;
    *ret_length = 5;
    if (high < 0xD800 || high > 0xDFFF)
        return high;
    if (high > 0xDBFF || end - at < 11 || at[5] != '\\' || at[6] != 'u')
        return -1;
    low = hex4(at + 7, end);
    *ret_length = 11;
    return low < 0xDC00 || low > 0xDFFF ? -1 : 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static int scan_text(struct scan *s)
{
    s->at++;
    while (s->at < s->end && *s->at != '"') {
        size_t length;

        if (*s->at == '\\') {
            if (escape(s->at + 1, s->end, &length) < 0)
                return fail(s, "an escape that is none of JSON");
            length++;
        } else if ((unsigned char)*s->at < 0x20) {
            return fail(s, "a control byte in a text");
        } else if (cli_text_next(s->at, &length) < 0) {
            return fail(s, "not valid UTF-8");
        }
        s->at += length;
    }
    if (s->at >= s->end)
        return fail(s, "a text that does not end");
    s->at++;
    return 1;
}

static int scan_value(struct scan *s, int depth, struct cli_json_value *ret);

static int scan_key(struct scan *s, struct cli_json_value *ret)
{
    ret->kind = CLI_JSON_TEXT;
    ret->at = s->at;
    if (peek(s) != '"')
        return fail(s, "a member without a name");
    if (!scan_text(s))
        return 0;
    ret->n = (size_t)(s->at - ret->at);
    skip_blanks(s);
    if (peek(s) != ':')
        return fail(s, "':' is missing");
    s->at++;
    skip_blanks(s);
    return 1;
}

static int scan_members(struct scan *s, int depth, char end)
{
    s->at++;
    skip_blanks(s);
    if (peek(s) == end) {
        s->at++;
        return 1;
    }
    for (;;) {
        struct cli_json_value key, value;

        if ((end == '}' && !scan_key(s, &key)) || !scan_value(s, depth + 1, &value))
            return 0;
        skip_blanks(s);
        if (peek(s) != ',' && peek(s) != end)
            return fail(s, "',' or the end of a list or object is missing");
        if (*s->at++ == end)
            return 1;
        skip_blanks(s);
    }
}

static int scan_value(struct scan *s, int depth, struct cli_json_value *ret)
{
    int good;

    ret->at = s->at;
    if (depth > DEEPEST)
        return fail(s, "nested too deep");
    switch (peek(s)) {
    case '{':
        ret->kind = CLI_JSON_OBJECT;
        good = scan_members(s, depth, '}');
        break;
    case '[':
        ret->kind = CLI_JSON_ARRAY;
        good = scan_members(s, depth, ']');
        break;
    case '"':
        ret->kind = CLI_JSON_TEXT;
        good = scan_text(s);
        break;
    case 't':
        ret->kind = CLI_JSON_TRUE;
        good = scan_word(s, "true");
        break;
    case 'f':
        ret->kind = CLI_JSON_FALSE;
        good = scan_word(s, "false");
        break;
    case 'n':
        ret->kind = CLI_JSON_NULL;
        good = scan_word(s, "null");
        break;
    default:
        ret->kind = CLI_JSON_NUMBER;
        good = scan_number(s);
    }
    ret->n = (size_t)(s->at - ret->at);
    return good;
}

const char *cli_json_read(const char *text, size_t n, struct cli_json_value *ret)
{
    struct scan s = {text, text + n, NULL};

    skip_blanks(&s);
    if (scan_value(&s, 0, ret)) {
        skip_blanks(&s);
        if (s.at == s.end)
            return NULL;
        s.problem = "something stands behind the value";
    }
    ret->at = s.at;
    return s.problem;
}

void cli_json_walk(struct cli_json_walk *walk, const struct cli_json_value *value)
{
    walk->at = value->at + 1;
    walk->end = value->at + value->n - 1;
}

int cli_json_next(struct cli_json_walk *walk, struct cli_json_value *ret_key,
                  struct cli_json_value *ret)
{
    struct scan s = {walk->at, walk->end, NULL};

    skip_blanks(&s);
    if (peek(&s) == ',')
        s.at++;
    skip_blanks(&s);
    if (s.at == s.end || (ret_key != NULL && !scan_key(&s, ret_key)) || !scan_value(&s, 0, ret))
        return 0;
    walk->at = s.at;
    return 1;
}

static size_t put_utf8(int32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t cli_json_decode(const struct cli_json_value *value, char *out)
{
    const char *at = value->at + 1, *end = value->at + value->n - 1;
    size_t n = 0;

    while (at < end) {
        size_t length;

        if (*at != '\\') {
            out[n++] = *at++;
            continue;
        }
        n += put_utf8(escape(at + 1, end, &length), out + n);
        at += length + 1;
    }
    out[n] = '\0';
    return n;
}

int cli_json_is(const struct cli_json_value *value, const char *text)
{
    char plain[64];

    return value->kind == CLI_JSON_TEXT && value->n <= sizeof plain &&
           cli_json_decode(value, plain) == strlen(text) && strcmp(plain, text) == 0;
}
