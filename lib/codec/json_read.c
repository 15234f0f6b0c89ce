/* SPDX-License-Identifier: MIT */
/* Knows how to read JSON with jansson; must not know what any member means. */
#include "codec/json_priv.h"

struct pie_doc {
    const struct pie_mem *mem;
    json_t *root;
};

const char *pie_json_version(void)
{
    return JANSSON_VERSION; /* jansson_version_str() came with 2.13 */
}

/* jansson keeps the order of members, and the last of equal keys wins. Text that was made safe has no number left
 * that could overflow; what comes without (the sandbox's requests) must not fail for a large integer either. */
static apipie_status json_load(struct pie_slice text, json_t **ret)
{
    json_error_t error;
    const char *p = text.p != NULL ? text.p : "";
    json_t *root = json_loadb(p, text.n, JSON_DECODE_ANY, &error);
    if (root == NULL && json_error_code(&error) == json_error_numeric_overflow)
        root = json_loadb(p, text.n, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
    if (root == NULL)
        return json_error_code(&error) == json_error_out_of_memory ? APIPIE_E_MEMORY
                                                                   : APIPIE_E_MALFORMED;
    *ret = root;
    return APIPIE_OK;
}

apipie_status pie_doc_parse(const struct pie_mem *mem, struct pie_slice text, struct pie_doc **ret)
{
    struct pie_doc *doc = pie_mem_new(mem, 1, sizeof(*doc));
    if (doc == NULL)
        return APIPIE_E_MEMORY;
    doc->mem = mem;
    apipie_status status = json_load(text, &doc->root);
    if (status != APIPIE_OK) {
        pie_doc_free(doc);
        return status;
    }
    *ret = doc;
    return APIPIE_OK;
}

struct pie_doc *pie_doc_free(struct pie_doc *doc)
{
    if (doc == NULL)
        return NULL;
    json_decref(doc->root);
    return pie_mem_free(doc->mem, doc);
}

const struct pie_node *pie_doc_root(const struct pie_doc *doc)
{
    return doc != NULL ? json_as_node(doc->root) : NULL;
}

/* Past the digits at i; 0 when there is none. */
static size_t json_digits(struct pie_slice s, size_t i)
{
    size_t start = i;
    while (i < s.n && pie_is_digit(s.p[i]))
        i++;
    return i == start ? 0 : i;
}

int32_t pie_json_is_number(struct pie_slice text)
{
    size_t start = text.n != 0 && text.p[0] == '-' ? 1 : 0;
    size_t i = json_digits(text, start);
    if (i == 0 || (text.p[start] == '0' && i - start > 1))
        return 0;
    if (i < text.n && text.p[i] == '.') {
        i = json_digits(text, i + 1);
        if (i == 0)
            return 0;
    }
    if (i < text.n && (text.p[i] == 'e' || text.p[i] == 'E')) {
        i++;
        i = json_digits(text, i < text.n && (text.p[i] == '+' || text.p[i] == '-') ? i + 1 : i);
    }
    return i != 0 && i == text.n;
}

/* The exact text behind U+0001. Text that was not made safe could hold that character: then it is no number. */
static int32_t json_marked(const json_t *value, struct pie_slice *ret)
{
    if (!json_is_string(value) || json_string_length(value) < 2)
        return 0;
    const char *p = json_string_value(value);
    struct pie_slice number = pie_slice(p + 1, json_string_length(value) - 1);
    if (p[0] != '\1' || !pie_json_is_number(number))
        return 0;
    *ret = number;
    return 1;
}

int32_t pie_node_kind(const struct pie_node *node)
{
    struct pie_slice number;
    const json_t *value = json_of_node(node);
    if (value == NULL)
        return PIE_JSON_ABSENT;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return PIE_JSON_OBJECT;
    case JSON_ARRAY:
        return PIE_JSON_ARRAY;
    case JSON_STRING:
        return json_marked(value, &number) ? PIE_JSON_NUMERIC : PIE_JSON_TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return PIE_JSON_NUMERIC;
    case JSON_TRUE:
    case JSON_FALSE:
        return PIE_JSON_BOOL;
    case JSON_NULL:
        return PIE_JSON_NULL;
    }
    return PIE_JSON_ABSENT;
}

const struct pie_node *pie_node_get(const struct pie_node *object, const char *key)
{
    return json_as_node(json_object_get(json_of_node(object), key));
}

const struct pie_node *pie_node_at(const struct pie_node *array, size_t index)
{
    return json_as_node(json_array_get(json_of_node(array), index));
}

size_t pie_node_count(const struct pie_node *array_or_object)
{
    const json_t *value = json_of_node(array_or_object);
    return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

const struct pie_node *pie_node_member(const struct pie_node *object, size_t index,
                                       const char **ret_key)
{
    /* jansson's iterators take a pointer that is not const, and do not write through it. */
    union {
        const struct pie_node *node;
        json_t *value;
    } of = {object};
    void *at = json_object_iter(of.value);
    while (at != NULL && index-- > 0)
        at = json_object_iter_next(of.value, at);
    if (at == NULL)
        return NULL;
    *ret_key = json_object_iter_key(at);
    return json_as_node(json_object_iter_value(at));
}

struct pie_slice pie_node_text(const struct pie_node *node)
{
    const json_t *value = json_of_node(node);
    struct pie_slice number;
    if (!json_is_string(value))
        return pie_slice(NULL, 0);
    if (json_marked(value, &number))
        return number;
    return pie_slice(json_string_value(value), json_string_length(value));
}

/* Any node that can stand for a number, as text; room holds one that has none of its own. */
static struct pie_slice json_number_text(const struct pie_node *node, char room[PIE_NUMBER_MAX])
{
    const json_t *value = json_of_node(node);
    if (value == NULL)
        return pie_slice(NULL, 0);
    if (json_is_integer(value))
        pie_number_int_text(json_integer_value(value), room);
    else if (json_is_real(value))
        pie_number_double(json_real_value(value), room);
    else if (json_is_boolean(value))
        pie_number_int_text(json_is_true(value) ? 1 : 0, room);
    else
        return pie_node_text(node);
    return pie_slice_text(room);
}

apipie_status pie_node_int(const struct pie_node *node, int64_t *ret)
{
    char room[PIE_NUMBER_MAX];
    return pie_number_int(json_number_text(node, room), ret);
}

apipie_status pie_node_uint(const struct pie_node *node, uint64_t *ret)
{
    char room[PIE_NUMBER_MAX];
    struct pie_slice text = pie_slice_trim(json_number_text(node, room));
    if (pie_number_uint(text, ret) == APIPIE_OK)
        return APIPIE_OK;
    /* Fractions, exponents, groups. What was clamped is another number: better none than a wrong seed. */
    int64_t v = 0;
    apipie_status status = pie_number_int(text, &v);
    if (status != APIPIE_OK || v < 0 || v == INT64_MAX)
        return APIPIE_E_ARGUMENT;
    *ret = (uint64_t)v;
    return APIPIE_OK;
}

apipie_status pie_node_money(const struct pie_node *node, int64_t *ret)
{
    char room[PIE_NUMBER_MAX];
    return pie_number_money(json_number_text(node, room), ret);
}
