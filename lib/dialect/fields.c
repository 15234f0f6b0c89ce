/* SPDX-License-Identifier: MIT */
/* Knows how parameters are written by name, as JSON and as a form; must not know what any server calls them. */
#include "dialect/shared_priv.h"

static int32_t fields_is_set(const struct pie_call *c, const struct pie_field *f)
{
    return f->text >= 0 ? pie_call_text(c, f->text) != NULL : pie_call_has(c, f->number);
}

void pie_field_name(struct pie_buf *out, const char *name)
{
    if (out->failed == APIPIE_OK && out->n != 0 && out->p[out->n - 1] != '{')
        pie_buf_add_char(out, ',');
    pie_json_string(out, pie_slice_text(name));
    pie_buf_add_char(out, ':');
}

static void fields_double(struct pie_buf *out, double v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_double(v, text);
    pie_buf_add_text(out, text);
}

void pie_field_text(struct pie_buf *out, const char *name, const char *text)
{
    pie_field_name(out, name);
    pie_json_string(out, pie_slice_text(text));
}

void pie_field_int(struct pie_buf *out, const char *name, int64_t v)
{
    pie_field_name(out, name);
    pie_buf_add_int(out, v);
}

void pie_field_double(struct pie_buf *out, const char *name, double v)
{
    pie_field_name(out, name);
    fields_double(out, v);
}

void pie_field_extras(struct pie_buf *out, const struct pie_wish *w, const char *but)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        if (but != NULL && strcmp(e->name, but) == 0)
            continue;
        pie_field_name(out, e->name);
        pie_buf_add_text(out, e->json);
    }
}

/* What stands between the braces; {NULL,0} of what is no object. The text is known to be JSON. */
static struct pie_slice fields_inner(const char *json)
{
    struct pie_slice s = pie_slice_trim(pie_slice_text(json));
    if (s.n < 2 || s.p[0] != '{')
        return pie_slice(NULL, 0);
    return pie_slice_trim(pie_slice(s.p + 1, s.n - 2));
}

void pie_field_members(struct pie_buf *out, const char *json)
{
    struct pie_slice inner = fields_inner(json);
    if (inner.n == 0)
        return;
    if (out->failed == APIPIE_OK && out->p[out->n - 1] != '{')
        pie_buf_add_char(out, ',');
    pie_buf_add_slice(out, inner);
}

static void fields_size(struct pie_buf *out, const struct pie_call *c, int32_t side)
{
    if (side != PIE_FIELD_HEIGHT)
        pie_buf_add_int(out, c->width);
    if (side == PIE_FIELD_NUMBER)
        pie_buf_add_char(out, 'x');
    if (side != PIE_FIELD_WIDTH)
        pie_buf_add_int(out, c->height);
}

/* Without the quotes of those that are texts. */
static void fields_number(struct pie_buf *out, const struct pie_call *c, const struct pie_field *f)
{
    switch (f->number) {
    case PIE_WISH_HAS_N:
        pie_buf_add_int(out, c->n);
        break;
    case PIE_WISH_HAS_SIZE:
        fields_size(out, c, f->text);
        break;
    case PIE_WISH_HAS_STEPS:
        pie_buf_add_int(out, c->steps);
        break;
    case PIE_WISH_HAS_STRENGTH:
        fields_double(out, c->strength);
        break;
    case PIE_WISH_HAS_GUIDANCE:
        fields_double(out, c->guidance);
        break;
    case PIE_WISH_HAS_COMPRESSION:
        pie_buf_add_int(out, c->compression);
        break;
    case PIE_WISH_HAS_STREAM:
        pie_buf_add_text(out, "true");
        break;
    case PIE_WISH_HAS_PARTIALS:
        pie_buf_add_int(out, c->partial_images);
        break;
    default:
        pie_buf_add_uint(out, c->seed);
        break;
    }
}

void pie_fields_members(struct pie_buf *out, const struct pie_call *c,
                        const struct pie_field *fields)
{
    for (const struct pie_field *f = fields; f->name != NULL; f++) {
        if (!fields_is_set(c, f))
            continue;
        pie_field_name(out, f->name);
        if (f->text >= 0) {
            pie_json_string(out, pie_slice_text(pie_call_text(c, f->text)));
            continue;
        }
        const int32_t quoted = f->number == PIE_WISH_HAS_SIZE && f->text == PIE_FIELD_NUMBER;
        if (quoted)
            pie_buf_add_char(out, '"');
        fields_number(out, c, f);
        if (quoted)
            pie_buf_add_char(out, '"');
    }
}

void pie_fields_json(struct pie_buf *out, const struct pie_call *c, const struct pie_field *fields)
{
    pie_buf_add_char(out, '{');
    pie_fields_members(out, c, fields);
    pie_field_extras(out, c->wish, NULL);
}

/* ---- forms */

/* A text as it is meant, all else as it is written. */
static void fields_form_extra(struct pie_multipart *m, const struct pie_extra *e)
{
    struct pie_doc *doc = NULL;
    struct pie_slice json = pie_slice_trim(pie_slice_text(e->json));
    if (json.n != 0 && json.p[0] == '"') {
        struct pie_buf safe;
        struct pie_buf *text = &m->q->text;
        pie_buf_init(&safe, text->mem, 2 * APIPIE_LIMIT_EXTRA);
        pie_buf_add_char(&safe, '[');
        pie_buf_add_slice(&safe, json);
        pie_buf_add_char(&safe, ']');
        apipie_status status = safe.failed;
        if (status == APIPIE_OK)
            status = pie_doc_parse(text->mem, pie_buf_slice(&safe), &doc);
        if (status == APIPIE_OK)
            pie_multipart_text(m, e->name, pie_node_text(pie_node_at(pie_doc_root(doc), 0)));
        else
            text->failed = status;
        pie_doc_free(doc);
        pie_buf_free(&safe);
        return;
    }
    pie_multipart_text(m, e->name, json);
}

void pie_form_members(struct pie_multipart *m, const struct pie_call *c,
                      const struct pie_field *fields)
{
    for (const struct pie_field *f = fields; f->name != NULL; f++) {
        if (!fields_is_set(c, f))
            continue;
        if (f->text >= 0) {
            pie_multipart_text(m, f->name, pie_slice_text(pie_call_text(c, f->text)));
            continue;
        }
        struct pie_buf number;
        pie_buf_init(&number, m->q->text.mem, 64);
        fields_number(&number, c, f);
        if (number.failed == APIPIE_OK)
            pie_multipart_text(m, f->name, pie_buf_slice(&number));
        else
            m->q->text.failed = number.failed;
        pie_buf_free(&number);
    }
}

void pie_form_extras(struct pie_multipart *m, const struct pie_wish *w, const char *but)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        if (but == NULL || strcmp(e->name, but) != 0)
            fields_form_extra(m, e);
    }
}

void pie_fields_form(struct pie_multipart *m, const struct pie_call *c,
                     const struct pie_field *fields)
{
    pie_form_members(m, c, fields);
    pie_form_extras(m, c->wish, NULL);
}

/* ---- what extra fields may not be */

static int32_t fields_hold(const struct pie_call *c, const struct pie_field *fields,
                           const char *const *also, const char *name)
{
    for (const struct pie_field *f = fields; f->name != NULL; f++) {
        if (strcmp(f->name, name) == 0 && fields_is_set(c, f))
            return 1;
    }
    for (; *also != NULL; also++) {
        if (strcmp(*also, name) == 0)
            return 1;
    }
    return 0;
}

/* Servers disagree about which one of two counts. */
static apipie_status fields_check_twice(const struct pie_call *c, const struct pie_field *fields,
                                        const char *const *also, struct apipie_error *err)
{
    for (const struct pie_extra *e = c->wish->extras; e != NULL; e = e->next) {
        if (fields_hold(c, fields, also, e->name)) {
            pie_error_set(err, APIPIE_E_ARGUMENT, "use the setter or set_extra for it, not both",
                          "set_extra: another setter has set this field too: ", e->name, NULL);
            return err->code;
        }
    }
    return APIPIE_OK;
}

apipie_status pie_fields_check(const struct pie_call *c, const struct pie_field *fields,
                               const char *const *also, struct apipie_error *err)
{
    apipie_status status = fields_check_twice(c, fields, also, err);
    return status == APIPIE_OK ? pie_fields_check_count(c->wish, "n", err) : status;
}

/* "name" somewhere in it, at any depth: errs towards yes. */
static int32_t fields_has_member(struct pie_slice inner, const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 1; i + n < inner.n; i++) {
        if (inner.p[i - 1] == '"' && inner.p[i + n] == '"' && memcmp(inner.p + i, name, n) == 0)
            return 1;
    }
    return 0;
}

apipie_status pie_fields_check_object(const struct pie_wish *w, const char *extra,
                                      const char *member, struct apipie_error *err)
{
    const char *json = pie_wish_extra(w, extra);
    if (json == NULL)
        return APIPIE_OK;
    struct pie_slice inner = fields_inner(json);
    if (inner.p != NULL && !fields_has_member(inner, member))
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_ARGUMENT, "use the setter or set_extra for it, not both",
                  inner.p == NULL ? "set_extra: it must be an object, for a setter writes into it "
                                    "too: "
                                  : "set_extra: another setter has set a member of it too: ",
                  extra, NULL);
    return err->code;
}

apipie_status pie_fields_check_setter(const struct pie_wish *w, const char *name, const char *hint,
                                      struct apipie_error *err)
{
    if (pie_wish_extra(w, name) == NULL)
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_ARGUMENT, hint,
                  "set_extra: this field has a setter that must be used: ", name, NULL);
    return err->code;
}

/* It decides what is reserved and whether the call must be split. */
apipie_status pie_fields_check_count(const struct pie_wish *w, const char *name,
                                     struct apipie_error *err)
{
    return pie_fields_check_setter(w, name, "use apipie_request_set_n(), -n", err);
}

apipie_status pie_fields_check_stream(const struct pie_wish *w, const char *hint,
                                      struct apipie_error *err)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        struct pie_slice json = pie_slice_trim(pie_slice_text(e->json));
        if (strcmp(e->name, "stream") != 0 || pie_slice_equal(json, "false") ||
            pie_slice_equal(json, "null"))
            continue;
        pie_error_set(err, APIPIE_E_UNSUPPORTED, hint,
                      "set_extra: replies that are streams are not in this version: ", e->name,
                      NULL);
        return err->code;
    }
    return APIPIE_OK;
}

apipie_status pie_check_model(const struct pie_call *c, struct apipie_error *err)
{
    if (c->wish->kind == APIPIE_REQUEST_VARIATION) {
        pie_error_set(err, APIPIE_E_UNSUPPORTED,
                      "ask a backend that speaks openai, or edit it with a prompt",
                      "servers of this kind make no variations", NULL, NULL);
        return err->code;
    }
    if (c->model != NULL && c->model[0] != '\0')
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_ARGUMENT,
                  "name one: apipie_request_set_model(), --model, or a route with a model",
                  "set_model: servers of this kind choose no model by themselves", NULL, NULL);
    return err->code;
}

apipie_status pie_check_pictures(const struct pie_call *c, int32_t as, struct apipie_error *err)
{
    int32_t fits = c->mask == NULL || pie_input_fits(c->mask, as);
    for (size_t i = 0; i < c->images; i++)
        fits &= pie_input_fits(&c->wish->images.items[i], as);
    if (fits)
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_UNSUPPORTED, "give the picture as bytes or as a file",
                  "set_image_url: servers of this kind fetch no pictures", NULL, NULL);
    return err->code;
}

apipie_status pie_fit_count(struct pie_call *c, int32_t most, struct pie_buf *notes,
                            struct apipie_error *err)
{
    char why[64] = ": the server draws ";
    if (c->n <= most)
        return APIPIE_OK;
    pie_number_int_text(most, why + strlen(why));
    pie_text_copy(pie_slice_text(" pictures a call at most"), why + strlen(why), 26);
    const int32_t changes = pie_call_may_change(c);
    if (changes)
        pie_call_note(notes, "set_n", why);
    else if (!pie_call_leave_out(c, "set_n", why, NULL, notes, err))
        return err->code;
    c->n = changes ? most : 0;
    return APIPIE_OK;
}
