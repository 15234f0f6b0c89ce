/* SPDX-License-Identifier: MIT */
/* Knows what servers that draw on a machine of the user's have in common; must not know one from another. */
#include "dialect/local_priv.h"
#include "dialect/explain_priv.h"

/* ---- members */

void pie_local_text(struct pie_buf *out, const char *name, const char *text)
{
    pie_field_name(out, name);
    pie_json_string(out, pie_slice_text(text));
}

void pie_local_int(struct pie_buf *out, const char *name, int64_t v)
{
    pie_field_name(out, name);
    pie_buf_add_int(out, v);
}

void pie_local_double(struct pie_buf *out, const char *name, double v)
{
    pie_field_name(out, name);
    pie_field_double(out, v);
}

void pie_local_extras(struct pie_buf *out, const struct pie_wish *w, const char *but)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        if (but != NULL && strcmp(e->name, but) == 0)
            continue;
        pie_field_name(out, e->name);
        pie_buf_add_text(out, e->json);
    }
}

/* What stands between the braces; {NULL,0} of what is no object. The text is known to be JSON. */
static struct pie_slice local_inner(const char *json)
{
    struct pie_slice s = pie_slice_trim(pie_slice_text(json));
    if (s.n < 2 || s.p[0] != '{')
        return pie_slice(NULL, 0);
    return pie_slice_trim(pie_slice(s.p + 1, s.n - 2));
}

void pie_local_members(struct pie_buf *out, const char *json)
{
    struct pie_slice inner = local_inner(json);
    if (inner.n == 0)
        return;
    if (out->failed == APIPIE_OK && out->p[out->n - 1] != '{')
        pie_buf_add_char(out, ',');
    pie_buf_add_slice(out, inner);
}

void pie_local_picture(struct pie_buf *out, struct pie_leg *leg, const struct pie_input *in)
{
    if (leg == NULL)
        pie_input_json_short(out, in);
    else if (pie_input_fits(in, PIE_INPUT_AS_BASE64))
        pie_input_json(&leg->request, in, PIE_INPUT_AS_BASE64);
    else
        pie_input_json(&leg->request, in, PIE_INPUT_AS_DATA_URI);
}

/* ---- what cannot be asked for */

const char *pie_local_extra(const struct pie_wish *w, const char *name)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return e->json;
    }
    return NULL;
}

/* "name" somewhere in it, at any depth: errs towards yes. */
static int32_t local_has_member(struct pie_slice inner, const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 1; i + n < inner.n; i++) {
        if (inner.p[i - 1] == '"' && inner.p[i + n] == '"' && memcmp(inner.p + i, name, n) == 0)
            return 1;
    }
    return 0;
}

apipie_status pie_local_check_object(const struct pie_wish *w, const char *extra,
                                     const char *member, struct apipie_error *err)
{
    const char *json = pie_local_extra(w, extra);
    if (json == NULL)
        return APIPIE_OK;
    struct pie_slice inner = local_inner(json);
    if (inner.p != NULL && !local_has_member(inner, member))
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_ARGUMENT, "use the setter or set_extra for it, not both",
                  inner.p == NULL ? "set_extra: it must be an object, for a setter writes into it "
                                    "too: "
                                  : "set_extra: another setter has set a member of it too: ",
                  extra, NULL);
    return err->code;
}

apipie_status pie_local_check_count(const struct pie_wish *w, const char *name,
                                    struct apipie_error *err)
{
    if (pie_local_extra(w, name) == NULL)
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_ARGUMENT, "use apipie_request_set_n(), -n",
                  "set_extra: this field has a setter that must be used: ", name, NULL);
    return err->code;
}

/* ---- errors */

static const struct pie_local_known *local_find(const struct pie_complaint *c, int32_t status,
                                                const struct pie_local_known *known)
{
    for (; known->word != NULL; known++) {
        const char *const words[] = {known->word, NULL};
        if ((known->status == 0 || known->status == status) &&
            (known->word[0] == '\0' || pie_complaint_says(c, words)))
            return known;
    }
    return NULL;
}

void pie_local_explain(const struct pie_reply *reply, const struct pie_local_known *known,
                       struct apipie_error *err)
{
    struct pie_complaint c;
    pie_explain(reply, err);
    pie_complaint_init(&c, err->body.mem);
    pie_complaint_read(&c, reply);
    known = local_find(&c, reply->outcome->status, known);
    pie_complaint_free(&c);
    if (known == NULL)
        return;
    err->code = known->code;
    err->fault = pie_error_fault(known->code);
    err->retryable = known->retryable && err->should_retry != 0;
    pie_text_copy(pie_slice_text(known->hint), err->hint, sizeof(err->hint));
}

/* ---- lists of models */

static void local_member(struct pie_buf *out, const char *name, struct pie_slice value)
{
    pie_field_name(out, name);
    pie_json_string(out, value);
}

/* Nothing in it is a number: plain JSON and safe JSON are the same then. */
void pie_local_model(struct pie_buf *out, const struct pie_wish *w, const char *backend,
                     struct pie_slice name, struct pie_slice title)
{
    if (name.n == 0 || !pie_models_wanted(w, pie_slice_text(backend), name, "image"))
        return;
    if (out->failed == APIPIE_OK && out->n != 0 && out->p[out->n - 1] == '}')
        pie_buf_add_char(out, ',');
    pie_buf_add_char(out, '{');
    local_member(out, "id", name);
    local_member(out, "model", name);
    pie_local_text(out, "provider", backend);
    pie_local_text(out, "type", "image");
    if (title.n != 0)
        local_member(out, "description", title);
    pie_local_text(out, "price_type", "image");
    pie_local_text(out, "img_price", "0"); /* it costs nothing, and that is known */
    pie_field_name(out, "enabled");
    pie_buf_add_text(out, "true");
    pie_field_name(out, "available");
    pie_buf_add_text(out, "true}");
}
