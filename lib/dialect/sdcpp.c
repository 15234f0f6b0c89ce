/* SPDX-License-Identifier: MIT */
/* Knows the web API of stable-diffusion.cpp's server (examples/server of https://github.com/leejet/stable-diffusion.cpp): its own,
 * of jobs, and the one that it has after OpenAI's; must not send anything. */
#include "dialect/shared_priv.h"

static const struct pie_path sdcpp_paths[] = {
    {"result.images[].b64_json", PIE_PATH_IMAGE}, /* of a job */
    {"data[].b64_json", PIE_PATH_IMAGE},          /* without jobs */
    {NULL, 0},
};

/* The other way to ask: as OpenAI's API has it, of a server that has no jobs. */
#define SDCPP_WITHOUT_JOBS 1

/* Looks at a job, which a step counts in its stage: 100 ms after it was taken, then twice as long each time. */
#define SDCPP_FIRST_MS INT64_C(100)
#define SDCPP_MOST_MS  INT64_C(2000)

/* ---- encode: what both ways have */

/* The server takes what stands between these for parameters of its own, wherever in a prompt. */
#define SDCPP_WORD  "sd_cpp_extra_args>"
#define SDCPP_OPEN  "<" SDCPP_WORD
#define SDCPP_CLOSE "</" SDCPP_WORD

/* A user's text with a blank behind the bracket of such words, so that they are none. */
static void sdcpp_plain(struct pie_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *behind = text + (text[1] == '/' ? 2 : 1);
        pie_buf_add_char(out, *text);
        if (*text == '<' && strncmp(behind, SDCPP_WORD, strlen(SDCPP_WORD)) == 0)
            pie_buf_add_char(out, ' ');
    }
}

static void sdcpp_prompt(struct pie_buf *out, const struct pie_call *c, const struct pie_mem *mem)
{
    const char *prompt = pie_call_text(c, PIE_WISH_PROMPT);
    struct pie_buf plain;
    if (prompt == NULL)
        return;
    pie_buf_init(&plain, mem, 2 * APIPIE_LIMIT_PROMPT);
    sdcpp_plain(&plain, prompt);
    pie_field_name(out, "prompt");
    pie_json_string(out, pie_buf_slice(&plain));
    if (plain.failed != APIPIE_OK && out->failed == APIPIE_OK)
        out->failed = plain.failed;
    pie_buf_free(&plain);
}

static int32_t sdcpp_has_sample(const struct pie_call *c)
{
    return pie_call_text(c, PIE_WISH_SAMPLER) != NULL || pie_call_has(c, PIE_WISH_HAS_STEPS) ||
           pie_call_has(c, PIE_WISH_HAS_GUIDANCE);
}

/* Beside what the user has put into it. */
static void sdcpp_sample(struct pie_buf *out, const struct pie_call *c)
{
    const char *sampler = pie_call_text(c, PIE_WISH_SAMPLER);
    if (!sdcpp_has_sample(c))
        return;
    pie_field_name(out, "sample_params");
    pie_buf_add_char(out, '{');
    if (sampler != NULL)
        pie_field_text(out, "sample_method", sampler);
    if (pie_call_has(c, PIE_WISH_HAS_STEPS))
        pie_field_int(out, "sample_steps", c->steps);
    if (pie_call_has(c, PIE_WISH_HAS_GUIDANCE)) {
        pie_field_name(out, "guidance");
        pie_buf_add_char(out, '{');
        pie_field_double(out, "txt_cfg", c->guidance);
        pie_buf_add_char(out, '}');
    }
    pie_field_members(out, pie_wish_extra(c->wish, "sample_params"));
    pie_buf_add_char(out, '}');
}

/* What OpenAI's way has no fields for. */
static void sdcpp_own(struct pie_buf *out, const struct pie_call *c)
{
    const char *negative = pie_call_text(c, PIE_WISH_NEGATIVE);
    if (negative != NULL)
        pie_field_text(out, "negative_prompt", negative);
    if (pie_call_has(c, PIE_WISH_HAS_STRENGTH))
        pie_field_double(out, "strength", c->strength);
    if (pie_call_has(c, PIE_WISH_HAS_SEED)) {
        pie_field_name(out, "seed");
        pie_buf_add_uint(out, c->seed);
    }
    sdcpp_sample(out, c);
    pie_field_extras(out, c->wish, sdcpp_has_sample(c) ? "sample_params" : NULL);
}

/* ---- encode: a job */

/* An edit shows its pictures to models that look at pictures, and begins with the first one, as the server's own route for edits does;
 * any other request begins with its picture. */
static void sdcpp_pictures(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    if (c->images == 0)
        return;
    pie_field_name(out, "init_image");
    pie_input_member(out, leg, &c->wish->images.items[0]);
    if (c->mask != NULL) {
        pie_field_name(out, "mask_image");
        pie_input_member(out, leg, c->mask);
    }
    if (c->wish->kind != APIPIE_REQUEST_EDIT && c->images == 1)
        return;
    pie_field_name(out, "ref_images");
    pie_buf_add_char(out, '[');
    for (size_t i = 0; i < c->images; i++) {
        if (i != 0)
            pie_buf_add_char(out, ',');
        pie_input_member(out, leg, &c->wish->images.items[i]);
    }
    pie_buf_add_char(out, ']');
}

/* leg NULL: the bytes of pictures are left out. */
static void sdcpp_job(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    const char *encoding = pie_call_text(c, PIE_WISH_ENCODING);
    pie_buf_add_char(out, '{');
    sdcpp_prompt(out, c, out->mem);
    if (pie_call_has(c, PIE_WISH_HAS_SIZE)) {
        pie_field_int(out, "width", c->width);
        pie_field_int(out, "height", c->height);
    }
    if (pie_call_has(c, PIE_WISH_HAS_N))
        pie_field_int(out, "batch_count", c->n);
    if (encoding != NULL)
        pie_field_text(out, "output_format", encoding);
    if (pie_call_has(c, PIE_WISH_HAS_COMPRESSION))
        pie_field_int(out, "output_compression", c->compression);
    sdcpp_own(out, c);
    sdcpp_pictures(out, c, leg);
    pie_buf_add_char(out, '}');
}

static void sdcpp_write(const struct pie_call *c, struct pie_buf *out)
{
    sdcpp_job(out, c, NULL);
}

static apipie_status sdcpp_encode_job(const struct pie_call *c, struct pie_leg *leg)
{
    apipie_status status = pie_begin_paid(c, "/sdcpp/v1/img_gen", leg);
    if (status == APIPIE_OK)
        status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    sdcpp_job(&leg->request.text, c, leg);
    return pie_http_request_end_body(&leg->request);
}

/* ---- encode: without jobs */

/* The server looks for the block on one line, and for its end wherever it stands. Line ends in JSON are blanks; '<' is only in its
 * strings. */
static void sdcpp_one_line(struct pie_buf *out, struct pie_slice json)
{
    for (size_t i = 0; i < json.n; i++) {
        if (json.p[i] == '<')
            pie_buf_add_text(out, "\\u003c");
        else
            pie_buf_add_char(out, json.p[i] == '\n' || json.p[i] == '\r' ? ' ' : json.p[i]);
    }
}

/* The user's prompt, and what there is no field for behind it. */
static void sdcpp_long_prompt(struct pie_buf *out, const struct pie_call *c)
{
    const char *prompt = pie_call_text(c, PIE_WISH_PROMPT);
    struct pie_buf own;
    sdcpp_plain(out, prompt != NULL ? prompt : "");
    pie_buf_init(&own, out->mem, out->max);
    pie_buf_add_char(&own, '{');
    sdcpp_own(&own, c);
    pie_buf_add_char(&own, '}');
    if (own.failed == APIPIE_OK && own.n > 2) {
        pie_buf_add_text(out, " " SDCPP_OPEN);
        sdcpp_one_line(out, pie_buf_slice(&own));
        pie_buf_add_text(out, SDCPP_CLOSE);
    }
    if (own.failed != APIPIE_OK && out->failed == APIPIE_OK)
        out->failed = own.failed;
    pie_buf_free(&own);
}

static void sdcpp_size(const struct pie_call *c, struct pie_buf *out)
{
    pie_buf_add_int(out, c->width);
    pie_buf_add_char(out, 'x');
    pie_buf_add_int(out, c->height);
}

static void sdcpp_generation(struct pie_buf *out, const struct pie_call *c,
                             const struct pie_buf *prompt)
{
    const char *encoding = pie_call_text(c, PIE_WISH_ENCODING);
    pie_buf_add_char(out, '{');
    pie_field_name(out, "prompt");
    pie_json_string(out, pie_buf_slice(prompt));
    if (pie_call_has(c, PIE_WISH_HAS_N))
        pie_field_int(out, "n", c->n);
    if (pie_call_has(c, PIE_WISH_HAS_SIZE)) {
        pie_field_name(out, "size");
        pie_buf_add_char(out, '"');
        sdcpp_size(c, out);
        pie_buf_add_char(out, '"');
    }
    if (encoding != NULL)
        pie_field_text(out, "output_format", encoding);
    if (pie_call_has(c, PIE_WISH_HAS_COMPRESSION))
        pie_field_int(out, "output_compression", c->compression);
    pie_buf_add_char(out, '}');
}

static void sdcpp_form_number(struct pie_multipart *m, const char *name, int64_t v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_int_text(v, text);
    pie_multipart_text(m, name, pie_slice_text(text));
}

static void sdcpp_form_texts(struct pie_multipart *m, const struct pie_call *c,
                             const struct pie_buf *prompt)
{
    const char *encoding = pie_call_text(c, PIE_WISH_ENCODING);
    pie_multipart_text(m, "prompt", pie_buf_slice(prompt));
    if (pie_call_has(c, PIE_WISH_HAS_N))
        sdcpp_form_number(m, "n", c->n);
    if (pie_call_has(c, PIE_WISH_HAS_SIZE)) {
        struct pie_buf size;
        pie_buf_init(&size, prompt->mem, 2 * PIE_NUMBER_MAX);
        sdcpp_size(c, &size);
        pie_multipart_text(m, "size", pie_buf_slice(&size));
        pie_buf_free(&size);
    }
    if (encoding != NULL)
        pie_multipart_text(m, "output_format", pie_slice_text(encoding));
    if (pie_call_has(c, PIE_WISH_HAS_COMPRESSION))
        sdcpp_form_number(m, "output_compression", c->compression);
}

static apipie_status sdcpp_form(const struct pie_call *c, const struct pie_buf *prompt,
                                struct pie_leg *leg, struct apipie_error *err)
{
    const struct pie_input *items = c->wish->images.items;
    struct pie_multipart m;
    char name[PIE_INPUT_NAME];
    apipie_status status = APIPIE_OK;
    pie_multipart_begin(&m, &leg->request, c->random);
    sdcpp_form_texts(&m, c, prompt);
    for (size_t i = 0; i < c->images && status == APIPIE_OK; i++) {
        pie_input_name(&items[i], "image", i, name);
        status = pie_multipart_file(&m, "image[]", name, &items[i]);
    }
    if (status == APIPIE_OK && c->mask != NULL) {
        pie_input_name(c->mask, "mask", 0, name);
        status = pie_multipart_file(&m, "mask", name, c->mask);
    }
    if (status == APIPIE_OK)
        return pie_multipart_end(&m);
    pie_error_set(err, APIPIE_E_UNSUPPORTED, "give the picture as bytes or as a file",
                  "this server is an old one, and takes no data: URLs", NULL, NULL);
    return err->code;
}

static apipie_status sdcpp_encode_call(const struct pie_call *c, struct pie_leg *leg,
                                       struct apipie_error *err)
{
    const int32_t edits = c->images != 0;
    struct pie_buf prompt;
    apipie_status status =
        pie_begin_paid(c, edits ? "/v1/images/edits" : "/v1/images/generations", leg);
    pie_buf_init(&prompt, leg->request.text.mem, leg->request.text.max);
    if (status == APIPIE_OK)
        sdcpp_long_prompt(&prompt, c);
    if (status == APIPIE_OK)
        status = prompt.failed;
    if (status == APIPIE_OK && edits)
        status = sdcpp_form(c, &prompt, leg, err);
    if (status == APIPIE_OK && !edits)
        status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status == APIPIE_OK && !edits) {
        sdcpp_generation(&leg->request.text, c, &prompt);
        status = pie_http_request_end_body(&leg->request);
    }
    pie_buf_free(&prompt);
    return status;
}

/* What the server does not know it answers with an empty 404; its own errors are JSON. */
static int32_t sdcpp_instead(const struct pie_call *c, const struct pie_reply *reply)
{
    const int32_t unknown =
        reply->outcome->status == 404 && reply->root == NULL && reply->text.n == 0;
    return c->way == 0 && unknown ? SDCPP_WITHOUT_JOBS : 0;
}

static apipie_status sdcpp_encode(const struct pie_call *c, struct pie_leg *leg,
                                  struct apipie_error *err)
{
    return c->way == SDCPP_WITHOUT_JOBS ? sdcpp_encode_call(c, leg, err) : sdcpp_encode_job(c, leg);
}

/* ---- what cannot be asked for */

#define SDCPP_NAMES 13

static void sdcpp_name_if(int32_t set, const char *name, const char ***at)
{
    if (set)
        *(*at)++ = name;
}

static void sdcpp_names_set(const struct pie_call *c, const char *names[SDCPP_NAMES])
{
    const char **at = names;
    sdcpp_name_if(pie_call_text(c, PIE_WISH_PROMPT) != NULL, "prompt", &at);
    sdcpp_name_if(pie_call_text(c, PIE_WISH_NEGATIVE) != NULL, "negative_prompt", &at);
    sdcpp_name_if(pie_call_text(c, PIE_WISH_ENCODING) != NULL, "output_format", &at);
    sdcpp_name_if(pie_call_has(c, PIE_WISH_HAS_SIZE), "width", &at);
    sdcpp_name_if(pie_call_has(c, PIE_WISH_HAS_SIZE), "height", &at);
    sdcpp_name_if(pie_call_has(c, PIE_WISH_HAS_STRENGTH), "strength", &at);
    sdcpp_name_if(pie_call_has(c, PIE_WISH_HAS_SEED), "seed", &at);
    sdcpp_name_if(pie_call_has(c, PIE_WISH_HAS_COMPRESSION), "output_compression", &at);
    sdcpp_name_if(c->images != 0, "init_image", &at);
    sdcpp_name_if(c->images > 1 || (c->wish->kind == APIPIE_REQUEST_EDIT && c->images != 0),
                  "ref_images", &at);
    sdcpp_name_if(c->mask != NULL, "mask_image", &at);
    *at = NULL;
}

static apipie_status sdcpp_check_sample(const struct pie_call *c, struct apipie_error *err)
{
    static const char extra[] = "sample_params";
    apipie_status status = APIPIE_OK;
    if (pie_call_text(c, PIE_WISH_SAMPLER) != NULL)
        status = pie_fields_check_object(c->wish, extra, "sample_method", err);
    if (status == APIPIE_OK && pie_call_has(c, PIE_WISH_HAS_STEPS))
        status = pie_fields_check_object(c->wish, extra, "sample_steps", err);
    if (status == APIPIE_OK && pie_call_has(c, PIE_WISH_HAS_GUIDANCE))
        status = pie_fields_check_object(c->wish, extra, "guidance", err);
    return status;
}

/* A seed above is a negative number to the server: any. */
static apipie_status sdcpp_check_seed(const struct pie_call *c, struct apipie_error *err)
{
    if (!pie_call_has(c, PIE_WISH_HAS_SEED) || c->seed <= INT64_MAX)
        return APIPIE_OK;
    pie_error_set(err, APIPIE_E_ARGUMENT, "give one of at most 9223372036854775807",
                  "set_seed: servers of this kind take no larger seeds", NULL, NULL);
    return err->code;
}

static apipie_status sdcpp_check(struct pie_call *c, struct pie_buf *notes,
                                 struct apipie_error *err)
{
    static const struct pie_field none[] = {{NULL, PIE_FIELD_NUMBER, 0}};
    const char *names[SDCPP_NAMES];
    (void)notes;
    sdcpp_names_set(c, names);
    apipie_status status = pie_fields_check(c, none, names, err);
    if (status == APIPIE_OK)
        status = pie_fields_check_count(c->wish, "batch_count", err);
    if (status == APIPIE_OK)
        status = sdcpp_check_sample(c, err);
    if (status == APIPIE_OK)
        status = sdcpp_check_seed(c, err);
    return status == APIPIE_OK ? pie_check_pictures(c, PIE_INPUT_AS_BASE64, err) : status;
}

/* ---- jobs */

#define SDCPP_JOBS "/sdcpp/v1/jobs/"

static apipie_status sdcpp_look(const struct pie_call *c, struct pie_step *s, struct pie_leg *leg,
                                int64_t *ret_after_ms)
{
    const int32_t looks = s->stage - 1;
    const int64_t pause = looks < 10 ? SDCPP_FIRST_MS << looks : SDCPP_MOST_MS;
    apipie_status status = pie_poll_begin(c, s, "GET", SDCPP_JOBS, "", APIPIE_PURPOSE_POLL, leg);
    *ret_after_ms = pause < SDCPP_MOST_MS ? pause : SDCPP_MOST_MS;
    return status == APIPIE_OK ? APIPIE_PENDING : status;
}

static apipie_status sdcpp_broken(struct apipie_error *err, const char *what)
{
    return pie_poll_broken(what, "is there a server of stable-diffusion.cpp at this address?", err);
}

/* The job has an end that is no picture. */
static apipie_status sdcpp_failed(const struct pie_reply *reply, int32_t cancelled,
                                  struct apipie_error *err)
{
    pie_explain(reply, err);
    if (cancelled) {
        err->retryable = 0;
        pie_text_copy(pie_slice_text("somebody has cancelled it at the server"), err->hint,
                      sizeof(err->hint));
    }
    return err->code;
}

static apipie_status sdcpp_accepted(const struct pie_call *c, const struct pie_reply *reply,
                                    struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                                    struct apipie_error *err)
{
    if (!pie_poll_take(pie_node_text(pie_node_get(reply->root, "id")), s))
        return sdcpp_broken(err, "the server took the call, and named no job");
    s->stage = 1;
    return sdcpp_look(c, s, leg, ret_after_ms);
}

static apipie_status sdcpp_step(const struct pie_call *c, const struct pie_reply *reply,
                                struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                                struct apipie_error *err)
{
    struct pie_slice status = pie_node_text(pie_node_get(reply->root, "status"));
    const int32_t cancelled = pie_slice_equal(status, "cancelled");
    if (c->way == SDCPP_WITHOUT_JOBS)
        return APIPIE_OK;
    if (cancelled || pie_slice_equal(status, "failed"))
        return sdcpp_failed(reply, cancelled, err);
    if (pie_slice_equal(status, "completed"))
        return APIPIE_OK;
    if (s->stage == 0)
        return sdcpp_accepted(c, reply, s, leg, ret_after_ms, err);
    if (status.n == 0)
        return sdcpp_broken(err, "the server does not say how the job is");
    s->stage++;
    return sdcpp_look(c, s, leg, ret_after_ms);
}

static int32_t sdcpp_abandon(const struct pie_call *c, const struct pie_step *s,
                             struct pie_leg *leg)
{
    return s->id[0] != '\0' && pie_poll_begin(c, s, "POST", SDCPP_JOBS, "/cancel",
                                              APIPIE_PURPOSE_STOP, leg) == APIPIE_OK;
}

/* ---- decode */

/* The first picture has the seed that was asked for, each one behind it the next. */
static void sdcpp_seeds(const struct pie_call *c, struct apipie_result *ret)
{
    if (!pie_call_has(c, PIE_WISH_HAS_SEED) || (c->n > 1 && ret->count != (size_t)c->n))
        return;
    for (size_t i = 0; i < ret->count; i++) {
        ret->images[i].has_seed = 1;
        ret->images[i].seed = c->seed + i;
    }
}

static apipie_status sdcpp_decode(const struct pie_call *c, const struct pie_reply *reply,
                                  struct apipie_result *ret, struct apipie_error *err)
{
    apipie_status status = pie_answer_parts(reply, ret);
    if (status != APIPIE_OK)
        return status;
    pie_answer_route(c, ret);
    if (c->model != NULL && c->model[0] != '\0')
        pie_result_warn(ret,
                        "the server draws with the model that it was started with, whatever is "
                        "asked for: ",
                        c->model);
    sdcpp_seeds(c, ret);
    return pie_answer_end(c, reply, ret, err);
}

/* ---- explain */

static const struct pie_known sdcpp_known[] = {
    {500, "[json.exception", APIPIE_E_PARAMETER, 0,
     "the server cannot read the call: look at the extra fields"},
    {404, "job not found", APIPIE_E_SERVER, 1,
     "the server knows nothing of the job any more: it was started anew"},
    {410, "", APIPIE_E_SERVER, 1,
     "the server keeps a finished job for some minutes only, and nobody asked for it in time"},
    {404, "", APIPIE_E_NOT_FOUND, 0,
     "give the backend the server's address without a path, like http://127.0.0.1:1234"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

/* ---- models: the one that the server was started with */

static apipie_status sdcpp_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                        const char *backend, struct pie_buf *out)
{
    const struct pie_node *model = pie_node_get(reply->root, "model");
    struct pie_slice name = pie_node_text(pie_node_get(model, "stem"));
    if (pie_node_kind(model) != PIE_JSON_OBJECT)
        return APIPIE_E_MALFORMED;
    if (name.n == 0)
        name = pie_node_text(pie_node_get(model, "name"));
    pie_buf_add_text(out, "{\"data\":[");
    pie_models_free_row(out, c->wish, backend, name, pie_node_text(pie_node_get(model, "name")));
    pie_buf_add_text(out, "]}");
    return out->failed;
}

const struct pie_dialect pie_dialect_sdcpp = {
    .name = "sdcpp",
    .free = 1,
    .paths = sdcpp_paths,
    .takes_texts = UINT32_C(1) << PIE_WISH_NEGATIVE | UINT32_C(1) << PIE_WISH_SAMPLER |
                   UINT32_C(1) << PIE_WISH_ENCODING,
    .takes_numbers = PIE_WISH_HAS_N | PIE_WISH_HAS_SIZE | PIE_WISH_HAS_STEPS |
                     PIE_WISH_HAS_STRENGTH | PIE_WISH_HAS_GUIDANCE | PIE_WISH_HAS_SEED |
                     PIE_WISH_HAS_COMPRESSION,
    .takes_images = APIPIE_LIMIT_IMAGES,
    .takes_mask = 1,
    .check = sdcpp_check,
    .encode = sdcpp_encode,
    .write = sdcpp_write,
    .decode = sdcpp_decode,
    .known = sdcpp_known,
    .models_path = "/sdcpp/v1/capabilities",
    .write_models = sdcpp_write_models,
    .step = sdcpp_step,
    .instead = sdcpp_instead,
    .abandon = sdcpp_abandon,
};
