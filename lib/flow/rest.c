/* SPDX-License-Identifier: MIT */
/* Knows how to write JSON that is valid at every moment; must not know how the reply is read or what it means. */
#include "flow/rest_priv.h"

#define REST_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

void pie_rest_init(struct pie_rest *r, struct pie_buf *out)
{
    memset(r, 0, sizeof(*r));
    r->out = out;
    r->limit = out->max > PIE_REST_CLOSING ? out->max - PIE_REST_CLOSING : 0;
    r->mark = out->n;
}

/* Back to the last place where the text can be closed. */
static void rest_cut(struct pie_rest *r)
{
    pie_buf_truncate(r->out, r->mark);
    if (r->pending)
        pie_buf_add_text(r->out, "null");
    r->pending = 0;
    r->mark = r->out->n;
}

static void rest_fill(struct pie_rest *r)
{
    rest_cut(r);
    r->full = 1;
}

static void rest_add(struct pie_rest *r, const char *p, size_t n)
{
    if (r->full || r->overflow)
        return;
    if (n <= r->limit && r->out->n <= r->limit - n) {
        pie_buf_add(r->out, p, n);
        return;
    }
    /* A string may yet turn out to be one that is dropped for its own length: its end decides, lest the result
     * depend on how the bytes were cut. */
    r->shortened = 1;
    r->overflow = r->in_string;
    if (!r->in_string)
        rest_fill(r);
}

static void rest_add_text(struct pie_rest *r, const char *text)
{
    rest_add(r, text, strlen(text));
}

static uint64_t rest_level(const struct pie_rest *r)
{
    return (uint64_t)1 << (r->depth - 1);
}

static void rest_comma(struct pie_rest *r)
{
    if (r->depth == 0)
        return;
    if ((r->filled & rest_level(r)) != 0)
        rest_add(r, ",", 1);
    r->filled |= rest_level(r);
}

/* From here on a value that is not finished is worth a null. */
static void rest_value_pending(struct pie_rest *r)
{
    if (r->full)
        return;
    r->mark = r->out->n;
    r->pending = 1;
}

/* In an object the comma stands before the key. */
static void rest_value_begin(struct pie_rest *r)
{
    if (r->depth != 0 && (r->objects & rest_level(r)) == 0)
        rest_comma(r);
    rest_value_pending(r);
}

static void rest_value_end(struct pie_rest *r)
{
    if (r->full)
        return;
    r->mark = r->out->n;
    r->pending = 0;
}

void pie_rest_open(struct pie_rest *r, char bracket)
{
    rest_value_begin(r);
    rest_add(r, &bracket, 1);
    if (r->full)
        return;
    r->depth++;
    r->objects &= ~rest_level(r);
    r->filled &= ~rest_level(r);
    if (bracket == '{')
        r->objects |= rest_level(r);
    rest_value_end(r);
}

/* When full the levels stay as they were when it filled: finish closes those. The room for that is kept, so that
 * a bracket goes past rest_add. */
void pie_rest_close(struct pie_rest *r)
{
    if (r->full || r->depth == 0)
        return;
    pie_buf_add_char(r->out, (r->objects & rest_level(r)) != 0 ? '}' : ']');
    r->depth--;
    rest_value_end(r);
}

void pie_rest_literal(struct pie_rest *r, const char *text)
{
    rest_value_begin(r);
    rest_add_text(r, text);
    rest_value_end(r);
}

void pie_rest_number(struct pie_rest *r, const char *p, size_t n)
{
    rest_value_begin(r);
    rest_add_text(r, "\"" PIE_JSON_NUMBER);
    rest_add(r, p, n);
    rest_add(r, "\"", 1);
    rest_value_end(r);
}

/* ---- strings */

static uint64_t rest_any_below_20(uint64_t w)
{
    return (w - UINT64_C(0x2020202020202020)) & ~w;
}

static uint64_t rest_any_equal(uint64_t w, uint64_t pattern)
{
    w ^= pattern;
    return (w - UINT64_C(0x0101010101010101)) & ~w;
}

static int32_t rest_is_plain(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

size_t pie_rest_plain_run(const char *p, size_t n)
{
    size_t i = 0;
    /* eight bytes at a time: the high bit of a byte in `odd` says that some byte is none of ours */
    while (n - i >= 8) {
        uint64_t w;
        memcpy(&w, p + i, sizeof(w));
        uint64_t odd = w | rest_any_below_20(w) | rest_any_equal(w, UINT64_C(0x2222222222222222)) |
                       rest_any_equal(w, UINT64_C(0x5C5C5C5C5C5C5C5C));
        if ((odd & UINT64_C(0x8080808080808080)) != 0)
            break;
        i += 8;
    }
    while (i < n && rest_is_plain(p[i]))
        i++;
    return i;
}

/* A string over the limit goes back to null, at once: what the server echoes need not be held until its end. */
static int32_t rest_string_room(struct pie_rest *r, size_t n)
{
    if (r->dropped)
        return 0;
    r->string_n = n > SIZE_MAX - r->string_n ? SIZE_MAX : r->string_n + n;
    if (r->string_n <= PIE_REST_STRING_MAX)
        return 1;
    r->dropped = 1;
    r->shortened = 1;
    if (!r->full)
        rest_cut(r);
    return 0;
}

/* A character that began and did not go on: one U+FFFD for all of it. */
static void rest_flush_part(struct pie_rest *r)
{
    if (r->need != 0)
        rest_add_text(r, REST_REPLACEMENT);
    r->need = r->have = 0;
}

/* Where RFC 3629 narrows the second byte: overlong forms, surrogates, the end of Unicode. */
static void rest_start_part(struct pie_rest *r, uint8_t c)
{
    if (c < 0xC2 || c > 0xF4) {
        rest_add_text(r, REST_REPLACEMENT);
        return;
    }
    r->part[0] = c;
    r->have = 1;
    r->need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    r->low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    r->high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
}

/* 1 when the byte was taken, 0 when it does not go on with the character at hand. */
static int32_t rest_continue_part(struct pie_rest *r, uint8_t c)
{
    if (c < r->low || c > r->high) {
        rest_flush_part(r);
        return 0;
    }
    r->part[r->have++] = c;
    r->low = 0x80;
    r->high = 0xBF;
    if (r->have == r->need) {
        rest_add(r, (const char *)r->part, r->have);
        r->need = r->have = 0;
    }
    return 1;
}

static void rest_control(struct pie_rest *r, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    /* U+0000 ends texts in C; U+0001 marks our numbers, and no server may forge one. */
    if (c < 2)
        rest_add_text(r, REST_REPLACEMENT);
    else
        rest_add(r, text, sizeof(text));
}

static void rest_odd_byte(struct pie_rest *r, uint8_t c)
{
    if (r->need != 0 && rest_continue_part(r, c))
        return;
    if (c >= 0x80) {
        rest_start_part(r, c);
    } else if (c < 0x20) {
        rest_control(r, c);
    } else {
        char text[2] = {'\\', (char)c};
        rest_add(r, c == '"' || c == '\\' ? text : text + 1, c == '"' || c == '\\' ? 2 : 1);
    }
}

/* What the two kinds of string have in common: bytes of any kind made safe. */
static void rest_make_safe(struct pie_rest *r, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t run = r->need == 0 ? pie_rest_plain_run(p + i, n - i) : 0;
        if (run != 0)
            rest_add(r, p + i, run);
        else
            rest_odd_byte(r, (uint8_t)p[i]);
        i += run != 0 ? run : 1;
    }
}

void pie_rest_key(struct pie_rest *r, const char *p, size_t n)
{
    rest_comma(r);
    rest_add(r, "\"", 1);
    rest_make_safe(r, p, n);
    rest_flush_part(r);
    rest_add_text(r, "\":");
    rest_value_pending(r);
}

void pie_rest_string_begin(struct pie_rest *r)
{
    rest_value_begin(r);
    rest_add(r, "\"", 1);
    r->string_n = 0;
    r->dropped = r->overflow = 0;
    r->in_string = 1;
}

void pie_rest_string_plain(struct pie_rest *r, const char *p, size_t n)
{
    if (!rest_string_room(r, n))
        return;
    rest_flush_part(r);
    rest_add(r, p, n);
}

void pie_rest_string_text(struct pie_rest *r, const char *p, size_t n)
{
    if (rest_string_room(r, n))
        rest_make_safe(r, p, n);
}

void pie_rest_string_end(struct pie_rest *r)
{
    if (!r->dropped) {
        rest_flush_part(r);
        rest_add(r, "\"", 1);
    }
    r->need = r->have = 0;
    r->in_string = 0;
    if (r->overflow && !r->dropped)
        rest_fill(r);
    r->overflow = 0;
    rest_value_end(r);
}

void pie_rest_finish(struct pie_rest *r)
{
    if (!r->full)
        rest_cut(r);
    r->full = 0;
    while (r->depth != 0)
        pie_rest_close(r);
    r->full = 1;
}
