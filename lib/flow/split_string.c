/* SPDX-License-Identifier: MIT */
/* Knows how JSON strings are unescaped, cut anywhere; must not know where in the document they stand. */
#include "flow/split_priv.h"

/* How far an escape has come: behind '\', then behind 'u' and up to three digits. */
enum { STRING_ESCAPE_NONE, STRING_ESCAPE_BEGUN, STRING_ESCAPE_HEX };

#define STRING_REPLACEMENT 0xFFFD

/* Unescaped text; `plain` says that pie_rest_plain_run measured it. */
static void string_text(struct pie_split *s, const char *p, size_t n, int32_t plain)
{
    if (s->string == PIE_SPLIT_IS_KEY || s->string == PIE_SPLIT_IS_NAME)
        pie_split_word_add(s, p, n);
    if (s->string == PIE_SPLIT_IS_KEY)
        return;
    if (s->string == PIE_SPLIT_IS_PICTURE)
        pie_split_check(s, s->out->text(s->user, p, n));
    else if (plain)
        pie_rest_string_plain(&s->rest, p, n);
    else
        pie_rest_string_text(&s->rest, p, n);
}

static void string_character(struct pie_split *s, uint32_t code)
{
    char text[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3F));
    text[0] = (char)(lead[n] | code);
    string_text(s, text, n, 0);
}

/* A first half whose second half did not come. */
static void string_lone_high(struct pie_split *s)
{
    if (s->high == 0)
        return;
    s->high = 0;
    string_character(s, STRING_REPLACEMENT);
}

static void string_escaped_code(struct pie_split *s, uint32_t code)
{
    int32_t low = code >= 0xDC00 && code <= 0xDFFF;
    if (low && s->high != 0) {
        code = 0x10000 + ((s->high - 0xD800) << 10) + (code - 0xDC00);
        s->high = 0;
        string_character(s, code);
        return;
    }
    string_lone_high(s);
    if (code >= 0xD800 && code <= 0xDBFF)
        s->high = code;
    else
        string_character(s, low ? STRING_REPLACEMENT : code);
}

static const char *string_bad_escape(struct pie_split *s, const char *at)
{
    pie_split_damage(s, at, "a bad escape");
    s->escape = STRING_ESCAPE_NONE;
    return at;
}

/* The byte behind a backslash. One that means nothing there is read as if there was no backslash. */
static const char *string_escape_letter(struct pie_split *s, const char *at)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (*at == 'u') {
        s->escape = STRING_ESCAPE_HEX;
        s->code = 0;
        return at + 1;
    }
    string_lone_high(s);
    const char *letter = memchr(letters, *at, sizeof(letters) - 1);
    if (letter == NULL)
        return string_bad_escape(s, at);
    s->escape = STRING_ESCAPE_NONE;
    string_text(s, meanings + (letter - letters), 1, 0);
    return at + 1;
}

static int32_t string_hex(char c)
{
    if (pie_is_digit(c))
        return c - '0';
    int lower = pie_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static const char *string_escape(struct pie_split *s, const char *at)
{
    if (s->escape == STRING_ESCAPE_BEGUN)
        return string_escape_letter(s, at);
    int32_t digit = string_hex(*at);
    if (digit < 0) {
        string_lone_high(s);
        string_character(s, STRING_REPLACEMENT);
        return string_bad_escape(s, at);
    }
    s->code = s->code << 4 | (uint32_t)digit;
    s->escape++;
    if (s->escape == STRING_ESCAPE_HEX + 4) {
        s->escape = STRING_ESCAPE_NONE;
        string_escaped_code(s, s->code);
    }
    return at + 1;
}

/* The hot path: a slice of the chunk goes on as it is. The next quote is looked for once, not once per escape. */
static const char *string_picture_run(struct pie_split *s, const char *at, const char *end,
                                      const char **quote)
{
    if (*quote == NULL || *quote < at) {
        *quote = memchr(at, '"', (size_t)(end - at));
        if (*quote == NULL)
            *quote = end;
    }
    const char *stop = memchr(at, '\\', (size_t)(*quote - at));
    if (stop == NULL)
        stop = *quote;
    string_text(s, at, (size_t)(stop - at), 0);
    return stop;
}

static const char *string_text_run(struct pie_split *s, const char *at, const char *end)
{
    size_t n = pie_rest_plain_run(at, (size_t)(end - at));
    int32_t plain = n != 0;
    while (!plain && at + n < end && at[n] != '"' && at[n] != '\\' &&
           ((unsigned char)at[n] < 0x20 || (unsigned char)at[n] >= 0x80))
        n++;
    string_text(s, at, n, plain);
    return at + n;
}

const char *pie_split_string(struct pie_split *s, const char *at, const char *end)
{
    const char *quote = NULL;
    while (at < end && s->failed == APIPIE_OK) {
        if (s->escape != STRING_ESCAPE_NONE) {
            at = string_escape(s, at);
            continue;
        }
        if (*at == '\\') {
            s->escape = STRING_ESCAPE_BEGUN;
            at++;
            continue;
        }
        string_lone_high(s);
        if (*at == '"')
            break;
        at = s->string == PIE_SPLIT_IS_PICTURE ? string_picture_run(s, at, end, &quote)
                                               : string_text_run(s, at, end);
    }
    return at;
}
