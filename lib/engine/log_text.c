/* SPDX-License-Identifier: MIT */
/* Knows what of a text may stand in a log; must not know requests. Pure. */
#include "engine/engine_priv.h"

/* ---- urls: what follows the path may be a signature, what stands before the host a password */

static size_t logtext_find(const char *p, size_t n, const char *part)
{
    return pie_slice_find_nocase(pie_slice(p, n), part);
}

/* Takes user and password out. Where the rest of the word may hold a query. */
static size_t logtext_take_user(char *p, size_t *n)
{
    size_t start = logtext_find(p, *n, "://");
    size_t at = SIZE_MAX;
    if (start == *n)
        return SIZE_MAX;
    start += 3;
    for (size_t i = start; i < *n && strchr("/?#", p[i]) == NULL; i++)
        at = p[i] == '@' ? i : at;
    if (at != SIZE_MAX) {
        memmove(p + start, p + at + 1, *n - at - 1);
        *n -= at + 1 - start;
    }
    return start;
}

/* How much of a word may stay. */
static size_t logtext_trim_word(char *p, size_t n)
{
    size_t i = logtext_take_user(p, &n);
    const char *slash = memchr(p, '/', n);
    if (i == SIZE_MAX && slash != NULL) /* a path alone */
        i = (size_t)(slash - p);
    for (; i != SIZE_MAX && i + 1 < n; i++) {
        if (p[i] == '?' || p[i] == '#')
            n = i;
    }
    size_t data = logtext_find(p, n, ";base64,");
    return data < n ? data + 8 : n;
}

static void logtext_trim_words(char *text)
{
    size_t to = 0;
    for (size_t at = 0; text[at] != '\0';) {
        size_t n = strcspn(text + at, " ");
        size_t kept = logtext_trim_word(text + at, n);
        memmove(text + to, text + at, kept);
        to += kept;
        at += n;
        if (text[at] == ' ') {
            text[to++] = ' ';
            at++;
        }
    }
    text[to] = '\0';
}

/* ---- data: no word of any language is that long */

#define LOGTEXT_DATA 128

static int32_t logtext_is_data(char c)
{
    return pie_is_alpha(c) || pie_is_digit(c) || (c != '\0' && strchr("+/=_-", c) != NULL);
}

static void logtext_take_data(char *text)
{
    static const char stands[] = "(data)";
    size_t to = 0;
    for (size_t at = 0; text[at] != '\0';) {
        size_t n = 0;
        while (logtext_is_data(text[at + n]))
            n++;
        if (n >= LOGTEXT_DATA) {
            memcpy(text + to, stands, sizeof(stands) - 1);
            to += sizeof(stands) - 1;
        } else {
            n += n == 0;
            memmove(text + to, text + at, n);
            to += n;
        }
        at += n;
    }
    text[to] = '\0';
}

/* ---- prompts */

/* So much of the beginning of a prompt is the prompt. */
#define LOGTEXT_MUCH 16
/* A shorter one may be a part of other words: it must stand alone. */
#define LOGTEXT_SHORT 8
/* A cut text may end with a piece of a prompt. */
#define LOGTEXT_PIECE 4

static int32_t logtext_hex(char c)
{
    if (pie_is_digit(c))
        return c - '0';
    int lower = pie_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* JSON's \\uXXXX. */
static int32_t logtext_unit(struct pie_slice s, size_t at, uint32_t *ret)
{
    uint32_t unit = 0;
    if (s.n < 6 || at > s.n - 6 || s.p[at] != '\\' || s.p[at + 1] != 'u')
        return 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        int32_t digit = logtext_hex(s.p[i]);
        if (digit < 0)
            return 0;
        unit = unit * 16 + (uint32_t)digit;
    }
    *ret = unit;
    return 1;
}

/* As UTF-8; the bytes. */
static size_t logtext_utf8(uint32_t c, unsigned char out[4])
{
    static const unsigned char first[] = {0x00, 0x00, 0xC0, 0xE0, 0xF0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (unsigned char)(0x80 | (c & 0x3F));
    out[0] = (unsigned char)(first[n] | c);
    return n;
}

/* What was read: bytes of a letter or digit of some language, none for all others: servers add, drop and escape them as they like. */
struct logtext_letter {
    unsigned char bytes[4];
    size_t n;
};

static int32_t logtext_counts(unsigned char c)
{
    return pie_is_alpha(c) || pie_is_digit(c) || c >= 0x80;
}

/* The bytes that a character takes in a text that quotes it by JSON's rules; at is a backslash. */
static size_t logtext_read_escape(struct pie_slice s, size_t at, struct logtext_letter *ret)
{
    uint32_t unit = 0;
    uint32_t low = 0;
    size_t n = 6;
    if (at + 1 == s.n || s.p[at + 1] == '\\') /* quoted more than once */
        return 1;
    if (!logtext_unit(s, at, &unit))
        return 2;
    if ((unit & 0xFC00) == 0xD800 && logtext_unit(s, at + 6, &low) && (low & 0xFC00) == 0xDC00) {
        unit = 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF);
        n = 12;
    }
    ret->n = logtext_utf8(unit, ret->bytes);
    return n;
}

/* The bytes that a character takes in a text, however it was quoted. */
static size_t logtext_read(struct pie_slice s, size_t at, struct logtext_letter *ret)
{
    size_t n = 1;
    ret->n = 0;
    if (s.p[at] == '\\') {
        n = logtext_read_escape(s, at, ret);
    } else if (s.p[at] == '%' && s.n - at >= 3 && logtext_hex(s.p[at + 1]) >= 0 &&
               logtext_hex(s.p[at + 2]) >= 0) {
        ret->bytes[0] = (unsigned char)(logtext_hex(s.p[at + 1]) * 16 + logtext_hex(s.p[at + 2]));
        ret->n = 1;
        n = 3;
    } else {
        ret->bytes[0] = (unsigned char)s.p[at];
        ret->n = 1;
    }
    if (ret->n == 1)
        ret->bytes[0] = (unsigned char)pie_lower(ret->bytes[0]);
    ret->n = ret->n != 0 && logtext_counts(ret->bytes[0]) ? ret->n : 0;
    return n;
}

/* Where somebody reads. */
struct logtext_place {
    struct pie_slice s;
    size_t at; /* behind the letter */
    struct logtext_letter letter;
    size_t given; /* bytes of it */
};

static struct logtext_place logtext_start(struct pie_slice s, size_t at)
{
    struct logtext_place p;
    memset(&p, 0, sizeof(p));
    p.s = s;
    p.at = at;
    return p;
}

/* The next byte that counts, 0 at the end. */
static unsigned char logtext_next(struct logtext_place *p)
{
    while (p->given == p->letter.n && p->at < p->s.n) {
        p->at += logtext_read(p->s, p->at, &p->letter);
        p->given = 0;
    }
    return p->given < p->letter.n ? p->letter.bytes[p->given++] : 0;
}

static int32_t logtext_ends_cut(struct pie_slice s)
{
    return s.n >= 3 && memcmp(s.p + s.n - 3, "...", 3) == 0;
}

static int32_t logtext_stands_alone(struct pie_slice s, size_t from, size_t to)
{
    struct logtext_letter before = {{0}, 0};
    struct logtext_letter after = {{0}, 0};
    if (from > 0)
        logtext_read(s, from - 1, &before);
    if (to < s.n)
        logtext_read(s, to, &after);
    return before.n == 0 && after.n == 0;
}

/* The bytes of s from `from` on that are the prompt or its beginning; 0: none. */
static size_t logtext_match(struct pie_slice s, size_t from, struct pie_slice prompt)
{
    size_t end = from, count = 0;
    struct logtext_place text = logtext_start(s, from);
    struct logtext_place words = logtext_start(prompt, 0);
    unsigned char want = logtext_next(&words);
    unsigned char have = 0;
    while (want != 0 && (have = logtext_next(&text)) == want) {
        end = text.at;
        count++;
        want = logtext_next(&words);
    }
    if (count == 0)
        return 0;
    if (want == 0) /* all of it */
        return count >= LOGTEXT_SHORT || logtext_stands_alone(s, from, end) ? end - from : 0;
    if (count >= LOGTEXT_MUCH) /* what follows may be the rest of it in other words */
        return s.n - from;
    return have == 0 && count >= LOGTEXT_PIECE && logtext_ends_cut(s) ? s.n - from : 0;
}

/* "(prompt)" for n bytes of text, as far as there is room. */
static void logtext_replace(char *text, size_t capacity, size_t at, size_t n)
{
    static const char stands[] = "(prompt)";
    char rest[PIE_LOG_LINE];
    pie_text_copy(pie_slice_text(text + at + n), rest, sizeof(rest));
    pie_text_copy(pie_slice_text(stands), text + at, capacity - at);
    at += strlen(text + at);
    pie_text_copy(pie_slice_text(rest), text + at, capacity - at);
}

static void logtext_take_prompt(char *text, size_t capacity, const char *prompt)
{
    char shown[PIE_LOG_LINE];
    pie_text_display(pie_slice_text(prompt), shown, sizeof(shown));
    for (size_t at = 0; text[at] != '\0'; at++) {
        struct logtext_letter first;
        struct pie_slice s = pie_slice_text(text);
        logtext_read(s, at, &first);
        size_t n = first.n != 0 ? logtext_match(s, at, pie_slice_text(shown)) : 0;
        if (n == 0)
            continue;
        logtext_replace(text, capacity, at, n);
        at += strlen("(prompt");
        if (at >= strlen(text))
            return;
    }
}

static void logtext_take_headers(char *text, const struct pie_headers *h)
{
    const char *name = NULL;
    const char *value = NULL;
    for (size_t at = 0; h != NULL && pie_headers_next(h, &at, &name, &value);)
        pie_verdict_mask_value(text, value);
}

void pie_log_text(struct pie_slice text, const struct pie_log_hide *hide, char *out,
                  size_t capacity)
{
    pie_text_display(text, out, capacity);
    for (size_t i = 0; i < PIE_COUNT(hide->headers); i++)
        logtext_take_headers(out, hide->headers[i]);
    logtext_trim_words(out);
    pie_verdict_mask_text(out, hide->key);
    for (size_t i = 0; i < PIE_COUNT(hide->prompts); i++) {
        if (hide->prompts[i] != NULL)
            logtext_take_prompt(out, capacity, hide->prompts[i]);
    }
    logtext_take_data(out);
}
