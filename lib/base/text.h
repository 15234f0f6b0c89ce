/* SPDX-License-Identifier: MIT */
/* Borrowed text, ASCII without a locale, UTF-8. */
#ifndef PIE_TEXT_H
#define PIE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Borrowed text: not owned, not ended by NUL. */
struct pie_slice {
    const char *p;
    size_t n;
};

struct pie_slice pie_slice(const char *p, size_t n);
struct pie_slice pie_slice_text(const char *text);   /* NULL gives an empty slice */
struct pie_slice pie_slice_trim(struct pie_slice s); /* blanks, tabs, line ends on both sides */
int32_t pie_slice_equal(struct pie_slice s, const char *text);
int32_t pie_slice_equal_nocase(struct pie_slice s, const char *text); /* ASCII only */
int32_t pie_slice_starts_nocase(struct pie_slice s, const char *start);
/* "front/x" to x, the front in any case; anything else as it is. */
struct pie_slice pie_slice_behind(struct pie_slice s, struct pie_slice front);
/* Index of the first place of `part`, letters of ASCII compared without case; s.n if absent. */
size_t pie_slice_find_nocase(struct pie_slice s, const char *part);

int32_t pie_is_digit(int c);
int32_t pie_is_alpha(int c);
int32_t pie_is_blank(int c); /* space, tab, CR, LF */
int pie_lower(int c);

/* How many leading bytes are valid UTF-8 (no surrogates, no overlongs): n when all are. */
size_t pie_utf8_valid(const char *p, size_t n);
/* Length of the longest prefix of at most `limit` bytes that does not cut a character. */
size_t pie_utf8_cut(const char *p, size_t n, size_t limit);
/* Copies into out[capacity] with NUL: control bytes and bad UTF-8 become blanks or U+FFFD, runs of
 * blanks become one, too long is cut with "...". For messages that came from a server. */
void pie_text_display(struct pie_slice s, char *out, size_t capacity);
/* Plain copy into out[capacity] with NUL, cut between characters. */
void pie_text_copy(struct pie_slice s, char *out, size_t capacity);

#endif
