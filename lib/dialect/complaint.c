/* SPDX-License-Identifier: MIT */
/* Knows every shape in which servers complain; must not judge what a complaint means. */
#include "dialect/explain_priv.h"

/* Longer messages help nobody. */
#define COMPLAINT_TEXT_MAX 4096
/* "{}", "[]", "null" are not worth showing. */
#define COMPLAINT_EMPTY 8

void pie_complaint_init(struct pie_complaint *c, const struct pie_mem *mem)
{
    memset(c, 0, sizeof(*c));
    pie_buf_init(&c->message, mem, COMPLAINT_TEXT_MAX);
}

void pie_complaint_free(struct pie_complaint *c)
{
    pie_buf_free(&c->message);
}

static void complaint_say(struct pie_complaint *c, struct pie_slice text)
{
    size_t room = c->message.max - c->message.n;
    text = pie_slice_trim(text);
    if (text.n == 0)
        return;
    if (c->message.n != 0 && room > 2) {
        pie_buf_add_text(&c->message, "; ");
        room -= 2;
    }
    pie_buf_add(&c->message, text.p, pie_utf8_cut(text.p, text.n, room));
}

static void complaint_field(struct pie_slice text, char *out, size_t capacity)
{
    if (out[0] == '\0')
        pie_text_display(text, out, capacity);
}

/* A message that should be a string may be an object: better shown as JSON than lost. */
static void complaint_say_node(struct pie_complaint *c, const struct pie_node *node)
{
    int32_t kind = pie_node_kind(node);
    if (kind == PIE_JSON_OBJECT || kind == PIE_JSON_ARRAY) {
        struct pie_buf json;
        pie_buf_init(&json, c->message.mem, 65536);
        pie_node_write(node, &json);
        if (json.failed == APIPIE_OK)
            complaint_say(c, pie_buf_slice(&json));
        pie_buf_free(&json);
        return;
    }
    complaint_say(c, pie_node_text(node));
}

/* "extra fields not permitted" says nothing without the field. */
static void complaint_say_where(struct pie_complaint *c, struct pie_slice where,
                                const struct pie_node *node)
{
    struct pie_slice text = pie_node_text(node);
    struct pie_buf both;
    if (where.n == 0 || text.n == 0 || pie_slice_find_nocase(text, where.p) < text.n) {
        complaint_say_node(c, node);
        return;
    }
    pie_buf_init(&both, c->message.mem, 65536);
    pie_buf_add_slice(&both, where);
    pie_buf_add_text(&both, ": ");
    pie_buf_add_slice(&both, text);
    complaint_say(c, both.failed == APIPIE_OK ? pie_buf_slice(&both) : text);
    pie_buf_free(&both);
}

/* {"loc":["body","size"],"msg":"..."} of FastAPI, or a plain string. */
static void complaint_item(struct pie_complaint *c, const struct pie_node *item)
{
    const struct pie_node *where = pie_node_get(item, "loc");
    const struct pie_node *last = NULL;
    if (pie_node_kind(item) != PIE_JSON_OBJECT) {
        complaint_say(c, pie_node_text(item));
        return;
    }
    if (pie_node_count(where) != 0)
        last = pie_node_at(where, pie_node_count(where) - 1);
    complaint_field(pie_node_text(last), c->param, sizeof(c->param));
    complaint_field(pie_node_text(pie_node_get(item, "type")), c->code, sizeof(c->code));
    complaint_say_where(c, pie_node_text(last), pie_node_get(item, "msg"));
    complaint_say_where(c, pie_node_text(last), pie_node_get(item, "message"));
}

static void complaint_list(struct pie_complaint *c, const struct pie_node *list)
{
    for (size_t i = 0; i < pie_node_count(list) && i < 8; i++)
        complaint_item(c, pie_node_at(list, i));
}

static void complaint_codes(struct pie_complaint *c, const struct pie_node *object)
{
    complaint_field(pie_node_text(pie_node_get(object, "code")), c->code, sizeof(c->code));
    complaint_field(pie_node_text(pie_node_get(object, "type")), c->type, sizeof(c->type));
    complaint_field(pie_node_text(pie_node_get(object, "error_type")), c->type, sizeof(c->type));
    complaint_field(pie_node_text(pie_node_get(object, "param")), c->param, sizeof(c->param));
}

static void complaint_object(struct pie_complaint *c, const struct pie_node *error)
{
    complaint_codes(c, error);
    complaint_field(pie_node_text(pie_node_get(error, "status")), c->type, sizeof(c->type));
    complaint_say_node(c, pie_node_get(error, "message"));
    if (c->message.n == 0)
        complaint_say_node(c, pie_node_get(error, "error"));
}

/* "detail" is a text, a list of {loc,msg}, or an object with "error" or "message". */
static void complaint_detail(struct pie_complaint *c, const struct pie_node *detail)
{
    int32_t kind = pie_node_kind(detail);
    if (kind == PIE_JSON_ARRAY)
        complaint_list(c, detail);
    else if (kind == PIE_JSON_OBJECT)
        complaint_object(c, detail);
    else
        complaint_say(c, pie_node_text(detail));
}

/* "errors" is a list, or the text that Automatic1111 puts the real reason into. */
static void complaint_errors(struct pie_complaint *c, const struct pie_node *errors)
{
    if (pie_node_kind(errors) == PIE_JSON_ARRAY)
        complaint_list(c, errors);
    else
        complaint_say(c, pie_node_text(errors));
}

/* {"error":"OutOfMemoryError","errors":"CUDA out of memory"}: the word is a code when more is said elsewhere. */
static void complaint_error_text(struct pie_complaint *c, const struct pie_node *root)
{
    struct pie_slice word = pie_node_text(pie_node_get(root, "error"));
    complaint_detail(c, pie_node_get(root, "detail"));
    complaint_errors(c, pie_node_get(root, "errors"));
    complaint_say_node(c, pie_node_get(root, "message"));
    if (c->message.n != 0)
        complaint_field(word, c->code, sizeof(c->code));
    else
        complaint_say(c, word);
}

static void complaint_top(struct pie_complaint *c, const struct pie_node *root)
{
    static const char *const places[] = {"message", "Message", "title", "reason"};
    complaint_detail(c, pie_node_get(root, "detail"));
    complaint_errors(c, pie_node_get(root, "errors"));
    for (size_t i = 0; i < PIE_COUNT(places) && c->message.n == 0; i++)
        complaint_say_node(c, pie_node_get(root, places[i]));
}

void pie_complaint_read_json(struct pie_complaint *c, const struct pie_node *root)
{
    const struct pie_node *error = pie_node_get(root, "error");
    if (pie_node_kind(error) == PIE_JSON_OBJECT)
        complaint_object(c, error);
    else if (pie_node_text(error).n != 0)
        complaint_error_text(c, root);
    if (c->message.n == 0)
        complaint_top(c, root);
    complaint_codes(c, root);
    complaint_field(pie_node_text(pie_node_get(root, "name")), c->code, sizeof(c->code));
    complaint_field(pie_node_text(pie_node_get(root, "reject_reason")), c->code, sizeof(c->code));
    complaint_field(pie_node_text(pie_node_get(root, "__type")), c->code, sizeof(c->code));
    complaint_list(c, pie_node_get(root, "finish_reasons"));
    if (c->message.n == 0)
        complaint_say(c, pie_node_text(pie_node_get(root, "status")));
}

/* What stands between two tags of a page. */
static struct pie_slice complaint_between(struct pie_slice s, const char *open, const char *close)
{
    size_t start = pie_slice_find_nocase(s, open);
    if (start == s.n)
        return pie_slice(NULL, 0);
    struct pie_slice rest = {s.p + start, s.n - start};
    const char *end = memchr(rest.p, '>', rest.n);
    if (end == NULL)
        return pie_slice(NULL, 0);
    rest.n -= (size_t)(end + 1 - rest.p);
    rest.p = end + 1;
    size_t n = pie_slice_find_nocase(rest, close);
    return n == rest.n ? pie_slice(NULL, 0) : pie_slice_trim(pie_slice(rest.p, n));
}

/* A storage host answers XML, a proxy HTML, some providers a plain line. */
static void complaint_text(struct pie_complaint *c, struct pie_slice text)
{
    text = pie_slice_trim(text);
    if (text.n == 0)
        return;
    if (text.p[0] != '<') {
        complaint_say(c, pie_slice(text.p, pie_utf8_cut(text.p, text.n, 200)));
        return;
    }
    struct pie_slice code = complaint_between(text, "<Code", "</Code");
    complaint_field(code, c->code, sizeof(c->code));
    complaint_say(c, complaint_between(text, "<Message", "</Message"));
    c->html = code.n == 0;
    if (c->message.n == 0)
        complaint_say(c, complaint_between(text, "<title", "</title"));
    if (c->message.n == 0)
        complaint_say(c, complaint_between(text, "<h1", "</h1"));
}

/* "ValidationException:http://internal.amazon.com/..." */
static void complaint_amazon(struct pie_complaint *c, const struct pie_headers *headers)
{
    struct pie_slice type = pie_slice_text(pie_headers_get(headers, "x-amzn-errortype"));
    const char *colon = type.n != 0 ? memchr(type.p, ':', type.n) : NULL;
    if (colon != NULL)
        type.n = (size_t)(colon - type.p);
    complaint_field(type, c->code, sizeof(c->code));
}

void pie_complaint_read(struct pie_complaint *c, const struct pie_reply *reply)
{
    if (reply->root != NULL)
        pie_complaint_read_json(c, reply->root);
    else
        complaint_text(c, reply->text);
    /* JSON that says nothing where we look, or was cut: its beginning is better than nothing. */
    if (c->message.n == 0 && reply->root != NULL && reply->text.n > COMPLAINT_EMPTY)
        complaint_text(c, reply->text);
    complaint_amazon(c, &reply->outcome->headers);
}

int32_t pie_complaint_says(const struct pie_complaint *c, const char *const *words)
{
    const struct pie_slice places[] = {pie_slice_text(c->code), pie_slice_text(c->type),
                                       pie_buf_slice(&c->message)};
    for (; *words != NULL; words++) {
        for (size_t i = 0; i < PIE_COUNT(places); i++) {
            if (pie_slice_find_nocase(places[i], *words) < places[i].n)
                return 1;
        }
    }
    return 0;
}
