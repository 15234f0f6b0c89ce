/* SPDX-License-Identifier: MIT */
/* Knows ASCII and UTF-8; must not ask the locale. */
#include "base/base.h"

struct pie_slice pie_slice(const char *p, size_t n)
{
    struct pie_slice s = {p, n};
    return s;
}

struct pie_slice pie_slice_text(const char *text)
{
    return pie_slice(text, text != NULL ? strlen(text) : 0);
}

int32_t pie_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

int32_t pie_is_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int32_t pie_is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int pie_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

struct pie_slice pie_slice_trim(struct pie_slice s)
{
    while (s.n != 0 && pie_is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n != 0 && pie_is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

int32_t pie_slice_equal(struct pie_slice s, const char *text)
{
    size_t n = strlen(text);
    return s.n == n && (n == 0 || memcmp(s.p, text, n) == 0);
}

int32_t pie_slice_starts_nocase(struct pie_slice s, const char *start)
{
    size_t n = strlen(start);
    if (s.n < n)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (pie_lower(s.p[i]) != pie_lower(start[i]))
            return 0;
    }
    return 1;
}

struct pie_slice pie_slice_behind(struct pie_slice s, struct pie_slice front)
{
    if (front.n == 0 || s.n <= front.n || s.p[front.n] != '/')
        return s;
    for (size_t i = 0; i < front.n; i++) {
        if (pie_lower((unsigned char)s.p[i]) != pie_lower((unsigned char)front.p[i]))
            return s;
    }
    return pie_slice(s.p + front.n + 1, s.n - front.n - 1);
}

int32_t pie_slice_equal_nocase(struct pie_slice s, const char *text)
{
    return s.n == strlen(text) && pie_slice_starts_nocase(s, text);
}

size_t pie_slice_find_nocase(struct pie_slice s, const char *part)
{
    for (size_t i = 0; i < s.n; i++) {
        if (pie_slice_starts_nocase(pie_slice(s.p + i, s.n - i), part))
            return i;
    }
    return s.n;
}

/* Bytes of the character that starts at p, 0 when it is no valid UTF-8 (RFC 3629). */
static size_t text_character(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    /* overlong forms, surrogates, and what lies above U+10FFFF */
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return length;
}

size_t pie_utf8_valid(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t length = text_character((const unsigned char *)p + i, n - i);
        if (length == 0)
            break;
        i += length;
    }
    return i;
}

size_t pie_utf8_cut(const char *p, size_t n, size_t limit)
{
    if (n <= limit)
        return n;
    while (limit > 0 && ((unsigned char)p[limit] & 0xC0) == 0x80)
        limit--;
    return limit;
}

void pie_text_copy(struct pie_slice s, char *out, size_t capacity)
{
    size_t n = pie_utf8_cut(s.p, s.n, capacity - 1);
    if (n != 0)
        memcpy(out, s.p, n);
    out[n] = '\0';
}

/* One character for display: itself, or what stands for a byte that must not be shown. */
static size_t text_shown(const unsigned char *p, size_t n, const char **ret, size_t *ret_n)
{
    size_t length = text_character(p, n);
    *ret = (const char *)p;
    *ret_n = length;
    if (length == 0) {
        *ret = "\xEF\xBF\xBD";
        *ret_n = 3;
        return 1;
    }
    int32_t control = p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0);
    /* U+2028, U+2029 break lines; U+202A..E and U+2066..9 turn the direction of the text around. */
    if (length == 3 && p[0] == 0xE2 && (p[1] == 0x80 || p[1] == 0x81))
        control = control || (p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE) ||
                  (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9);
    if (control) {
        *ret = " ";
        *ret_n = 1;
    }
    return length;
}

void pie_text_display(struct pie_slice s, char *out, size_t capacity)
{
    size_t used = 0;
    size_t i = 0;
    s = pie_slice_trim(s);
    while (i < s.n) {
        const char *shown = NULL;
        size_t n = 0;
        i += text_shown((const unsigned char *)s.p + i, s.n - i, &shown, &n);
        if (n == 1 && shown[0] == ' ' && used != 0 && out[used - 1] == ' ')
            continue;
        if (used + n + 4 > capacity) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        memcpy(out + used, shown, n);
        used += n;
    }
    out[used] = '\0';
}
