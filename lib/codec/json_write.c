/* SPDX-License-Identifier: MIT */
/* Knows how JSON is written and checked; must not know what any member means. */
#include "codec/json_priv.h"

static void json_escape(struct pie_buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    switch (c) {
    case '"':
        pie_buf_add_text(out, "\\\"");
        break;
    case '\\':
        pie_buf_add_text(out, "\\\\");
        break;
    case '\n':
        pie_buf_add_text(out, "\\n");
        break;
    case '\r':
        pie_buf_add_text(out, "\\r");
        break;
    case '\t':
        pie_buf_add_text(out, "\\t");
        break;
    default:
        pie_buf_add(out, text, sizeof(text));
        break;
    }
}

void pie_json_string(struct pie_buf *out, struct pie_slice text)
{
    size_t start = 0;
    pie_buf_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        pie_buf_add(out, text.p + start, i - start);
        json_escape(out, c);
        start = i + 1;
    }
    if (text.n != start)
        pie_buf_add(out, text.p + start, text.n - start);
    pie_buf_add_char(out, '"');
}

static void json_write_number(const struct pie_node *node, struct pie_buf *out)
{
    const json_t *value = json_of_node(node);
    char text[PIE_NUMBER_MAX];
    if (json_is_integer(value)) {
        pie_buf_add_int(out, json_integer_value(value));
    } else if (json_is_real(value)) {
        pie_number_double(json_real_value(value), text);
        pie_buf_add_text(out, text);
    } else {
        pie_buf_add_slice(out, pie_node_text(node));
    }
}

static void json_write_array(const struct pie_node *node, struct pie_buf *out)
{
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < pie_node_count(node); i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_node_write(pie_node_at(node, i), out);
    }
    pie_buf_add_char(out, ']');
}

static void json_write_object(const struct pie_node *node, struct pie_buf *out)
{
    /* jansson's iterators take a pointer that is not const, and do not write through it. */
    union {
        const struct pie_node *node;
        json_t *value;
    } of = {node};
    int32_t first = 1;
    pie_buf_add_char(out, '{');
    for (void *at = json_object_iter(of.value); at != NULL;
         at = json_object_iter_next(of.value, at)) {
        if (!first)
            pie_buf_add_char(out, ',');
        first = 0;
        pie_json_string(out, pie_slice_text(json_object_iter_key(at)));
        pie_buf_add_char(out, ':');
        pie_node_write(json_as_node(json_object_iter_value(at)), out);
    }
    pie_buf_add_char(out, '}');
}

void pie_node_write(const struct pie_node *node, struct pie_buf *out)
{
    switch (pie_node_kind(node)) {
    case PIE_JSON_OBJECT:
        json_write_object(node, out);
        break;
    case PIE_JSON_ARRAY:
        json_write_array(node, out);
        break;
    case PIE_JSON_TEXT:
        pie_json_string(out, pie_node_text(node));
        break;
    case PIE_JSON_NUMERIC:
        json_write_number(node, out);
        break;
    case PIE_JSON_BOOL:
        pie_buf_add_text(out, json_is_true(json_of_node(node)) ? "true" : "false");
        break;
    default:
        pie_buf_add_text(out, "null");
        break;
    }
}

/* Bytes of the string that starts at p[0] == '"', both quotes included. */
static size_t json_string_span(const char *p, size_t n)
{
    size_t i = 1;
    while (i < n && p[i] != '"')
        i += p[i] == '\\' ? 2 : 1;
    return i < n ? i + 1 : n;
}

void pie_json_plain(struct pie_slice safe, struct pie_buf *out)
{
    const size_t mark = sizeof(PIE_JSON_NUMBER) - 1;
    size_t i = 0;
    while (i < safe.n) {
        const char *quote = memchr(safe.p + i, '"', safe.n - i);
        size_t start = quote != NULL ? (size_t)(quote - safe.p) : safe.n;
        pie_buf_add(out, safe.p + i, start - i);
        i = start;
        if (i == safe.n)
            break;
        size_t span = json_string_span(safe.p + i, safe.n - i);
        if (span > mark + 2 && memcmp(safe.p + i + 1, PIE_JSON_NUMBER, mark) == 0)
            pie_buf_add(out, safe.p + i + 1 + mark, span - mark - 2);
        else
            pie_buf_add(out, safe.p + i, span);
        i += span;
    }
}

apipie_status pie_json_check(struct pie_slice text)
{
    json_error_t error;
    const size_t flags =
        JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
    json_t *value = json_loadb(text.p != NULL ? text.p : "", text.n, flags, &error);
    if (value == NULL && json_error_code(&error) == json_error_out_of_memory)
        return APIPIE_E_MEMORY;
    if (value == NULL)
        return APIPIE_E_ARGUMENT;
    json_decref(value);
    return APIPIE_OK;
}
