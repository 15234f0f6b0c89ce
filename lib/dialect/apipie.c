/* SPDX-License-Identifier: MIT */
/* Knows the images route of the APIpie gateway (https://apipie.ai/docs/Features/Images); must not send anything. */
#include "dialect/apipie_priv.h"
#include "dialect/shared_priv.h"

/* ---- encode */

static const struct pie_field apipie_table[] = {
    {"provider", PIE_WISH_PROVIDER, 0},
    {"model", PIE_WISH_MODEL, 0},
    {"prompt", PIE_WISH_PROMPT, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"quality", PIE_WISH_QUALITY, 0},
    {"style", PIE_WISH_STYLE, 0},
    {"response_format", PIE_WISH_FORMAT, 0},
    {"routing", PIE_WISH_ROUTING, 0},
    {"user", PIE_WISH_USER, 0},
    {"aspect_ratio", PIE_WISH_ASPECT, 0},
    {"n", PIE_FIELD_NUMBER, PIE_WISH_HAS_N},
    {"size", PIE_FIELD_NUMBER, PIE_WISH_HAS_SIZE},
    {"steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {"cfg_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {NULL, 0, 0},
};

/* The pictures that go with it, by what the gateway calls them; the mask's name is that of other images APIs, for it documents none. */
static const struct pie_input *apipie_input(const struct pie_call *c, size_t which,
                                            const char **ret_name)
{
    *ret_name = which == 0 ? "image" : "mask";
    if (which == 0)
        return c->images != 0 ? &c->wish->images.items[0] : NULL;
    return c->mask;
}
#define APIPIE_INPUTS 2

/* The gateway documents a URL alone. */
static int32_t apipie_is_uploaded(const struct pie_call *c, const struct pie_input *in)
{
    const char *note = NULL;
    return in != NULL && in->kind != PIE_INPUT_URL && c->wish->transfer == APIPIE_TRANSFER_AUTO &&
           !c->no_uploads && pie_apipie_takes_upload(in, &note);
}

/* URL number `which` of those that were found; empty when it was not yet. */
static struct pie_slice apipie_found(const struct pie_call *c, size_t which)
{
    struct pie_slice rest = pie_slice_text(c->found);
    for (;; which--) {
        const char *end = rest.n != 0 ? memchr(rest.p, '\n', rest.n) : NULL;
        if (end == NULL)
            return pie_slice("", 0);
        size_t n = (size_t)(end - rest.p);
        if (which == 0)
            return pie_slice(rest.p, n);
        rest = pie_slice(rest.p + n + 1, rest.n - n - 1);
    }
}

static const struct pie_input *apipie_next_upload(const struct pie_call *c)
{
    size_t which = 0;
    const char *name = NULL;
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const struct pie_input *in = apipie_input(c, i, &name);
        if (!apipie_is_uploaded(c, in))
            continue;
        if (apipie_found(c, which).n == 0)
            return in;
        which++;
    }
    return NULL;
}

static void apipie_write(const struct pie_call *c, struct pie_buf *out)
{
    pie_fields_json(out, c, apipie_table);
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const char *name = NULL;
        const struct pie_input *in = apipie_input(c, i, &name);
        if (in == NULL)
            continue;
        pie_field_name(out, name);
        pie_input_json_short(out, in);
    }
    pie_buf_add_char(out, '}');
}

static apipie_status apipie_body(const struct pie_call *c, struct pie_http_request *q)
{
    size_t uploaded = 0;
    pie_fields_json(&q->text, c, apipie_table);
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const char *name = NULL;
        const struct pie_input *in = apipie_input(c, i, &name);
        if (in == NULL)
            continue;
        pie_field_name(&q->text, name);
        struct pie_slice url = pie_slice("", 0);
        if (apipie_is_uploaded(c, in))
            url = apipie_found(c, uploaded++);
        if (url.n != 0)
            pie_json_string(&q->text, url);
        else
            pie_input_json(q, in, PIE_INPUT_AS_DATA_URI);
    }
    pie_buf_add_char(&q->text, '}');
    return pie_http_request_end_body(q);
}

/* ---- what cannot be asked for */

static apipie_status apipie_check_extras(const struct pie_call *c, struct apipie_error *err)
{
    const char *also[APIPIE_INPUTS + 1] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        if (apipie_input(c, i, &also[n]) != NULL)
            n++;
    }
    also[n] = NULL;
    return pie_fields_check(c, apipie_table, also, err);
}

/* An edit is a generation with an image: the gateway has no route of its own for it. */
static apipie_status apipie_check_kind(const struct pie_wish *w, struct apipie_error *err)
{
    if (w->kind != APIPIE_REQUEST_VARIATION)
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_UNSUPPORTED,
                  "ask a backend that speaks openai, or edit it with a prompt",
                  "the gateway makes no variations", NULL, NULL);
    return err->code;
}

/* What an upload does to a picture, or why it is sent in a way that the gateway does not document. */
static void apipie_note_inputs(const struct pie_call *c, struct pie_buf *notes)
{
    static const char *const setters[APIPIE_INPUTS][2] = {
        {"set_image: ", "set_image: sent as a data: URL, for "},
        {"set_mask: ", "set_mask: sent as a data: URL, for "}};
    const char *name = NULL;
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const char *note = NULL;
        const struct pie_input *in = apipie_input(c, i, &name);
        if (in == NULL || in->kind == PIE_INPUT_URL || c->wish->transfer != APIPIE_TRANSFER_AUTO)
            continue;
        int32_t taken = pie_apipie_takes_upload(in, &note) && !c->no_uploads;
        if (c->no_uploads)
            note = "this server has no uploads";
        if (note != NULL)
            pie_call_note(notes, setters[i][!taken], note);
    }
}

static apipie_status apipie_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    apipie_status status = apipie_check_kind(c->wish, err);
    if (status == APIPIE_OK)
        status = apipie_check_extras(c, err);
    if (status == APIPIE_OK)
        status =
            pie_fields_check_stream(c->wish, "leave it out: the picture comes in one reply", err);
    if (status == APIPIE_OK && c->mask != NULL)
        pie_call_note(notes, "set_mask: the gateway documents no masks: ",
                      "whether this model heeded it, only the picture can tell");
    if (status == APIPIE_OK)
        apipie_note_inputs(c, notes);
    return status;
}

static apipie_status apipie_encode(const struct pie_call *c, struct pie_leg *leg,
                                   struct apipie_error *err)
{
    apipie_status status = apipie_check_extras(c, err);
    if (status == APIPIE_OK)
        status = pie_begin_paid(c, "/images/generations", leg);
    if (status == APIPIE_OK)
        status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    return status == APIPIE_OK ? apipie_body(c, &leg->request) : status;
}

/* ---- decode */

/* The gateway takes ":word:word" near the ends of a text for a command of its own
 * (https://apipie.ai/docs/Features/InlineCLI); whether it does so for images is not documented. */
#define APIPIE_INLINE_REACH 250

static size_t apipie_word(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (pie_is_alpha(p[i]) || pie_is_digit(p[i]) || p[i] == '_' || p[i] == '-'))
        i++;
    return i;
}

static int32_t apipie_has_command(struct pie_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ':' || (i > 0 && !pie_is_blank(s.p[i - 1])))
            continue;
        size_t first = apipie_word(s.p + i + 1, s.n - i - 1);
        size_t colon = i + 1 + first;
        if (first != 0 && colon + 1 < s.n && s.p[colon] == ':' &&
            apipie_word(s.p + colon + 1, s.n - colon - 1) != 0)
            return 1;
    }
    return 0;
}

static void apipie_warn_commands(const struct pie_wish *w, struct apipie_result *ret)
{
    struct pie_slice s = pie_slice_text(w->text[PIE_WISH_PROMPT]);
    size_t reach = s.n < APIPIE_INLINE_REACH ? s.n : APIPIE_INLINE_REACH;
    if (apipie_has_command(pie_slice(s.p, reach)) ||
        apipie_has_command(pie_slice(s.p + s.n - reach, reach)))
        pie_result_warn(
            ret,
            "the prompt's ends hold \":word:word\", which the gateway may take for one of its "
            "inline commands",
            NULL);
}

static apipie_status apipie_decode(const struct pie_call *c, const struct pie_reply *reply,
                                   struct apipie_result *ret, struct apipie_error *err)
{
    apipie_status status = pie_answer_decode(c, reply, ret, err);
    if (status != APIPIE_OK)
        return status;
    apipie_warn_commands(c->wish, ret);
    return APIPIE_OK;
}

/* It is not documented which of them a model takes: the gateway answers for that. */
const struct pie_dialect pie_dialect_apipie = {
    .name = "apipie",
    .paths = pie_answer_paths,
    /* Not documented for images; a gateway that hands on what OpenAI streams sends it. */
    .stream = &pie_answer_stream,
    .takes_texts = ~(UINT32_C(1) << PIE_WISH_SAMPLER | UINT32_C(1) << PIE_WISH_ENCODING |
                     UINT32_C(1) << PIE_WISH_BACKGROUND | UINT32_C(1) << PIE_WISH_MODERATION |
                     UINT32_C(1) << PIE_WISH_FIDELITY),
    .takes_images = 1,
    .takes_mask = 1,
    /* It is not asked to stream, and answers all the same. */
    .takes_numbers = PIE_WISH_HAS_ALL & ~(uint32_t)PIE_WISH_HAS_COMPRESSION,
    .check = apipie_check,
    .encode = apipie_encode,
    .write = apipie_write,
    .decode = apipie_decode,
    .ask_history = pie_apipie_ask_history,
    .read_history = pie_apipie_read_history,
    .read_page = pie_apipie_read_page,
    .takes_upload = pie_apipie_takes_upload,
    .ask_upload = pie_apipie_ask_upload,
    .read_upload = pie_apipie_read_upload,
    .next_upload = apipie_next_upload,
    .models_path = "/models",
    .models_detailed = "/models/detailed",
};
