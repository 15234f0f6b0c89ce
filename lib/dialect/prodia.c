/* SPDX-License-Identifier: MIT */
/* Knows Prodia's inference API of jobs (https://docs.prodia.com/reference/inference), and whether an address speaks it or the API
 * before; must not send anything. */
#include "dialect/prodia_priv.h"

/* Of the API before. A job's pictures are the body itself, or parts of it. */
static const struct pie_path prodia_paths[] = {
    {"imageUrl", PIE_PATH_URL},
    {NULL, 0},
};

/* Members of a job's config. */
static const struct pie_field prodia_table[] = {
    {"prompt", PIE_WISH_PROMPT, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"guidance_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {"width", PIE_FIELD_WIDTH, PIE_WISH_HAS_SIZE},
    {"height", PIE_FIELD_HEIGHT, PIE_WISH_HAS_SIZE},
    {NULL, 0, 0},
};

static int32_t prodia_is_v1(const struct pie_call *c)
{
    static const char end[] = "/v1";
    const size_t n = c->base_url != NULL ? strlen(c->base_url) : 0;
    return n >= sizeof(end) - 1 && strcmp(c->base_url + n - (sizeof(end) - 1), end) == 0;
}

/* Does the type of the job say that of itself? */
static int32_t prodia_says(const struct pie_call *c, const char *word)
{
    struct pie_slice type = pie_slice_text(c->model);
    return pie_slice_find_nocase(type, word) < type.n;
}

/* ---- encode */

static void prodia_job(struct pie_buf *out, const struct pie_call *c)
{
    pie_buf_add_char(out, '{');
    pie_field_text(out, "type", c->model != NULL ? c->model : "");
    pie_field_name(out, "config");
    pie_fields_json(out, c, prodia_table);
    pie_buf_add_text(out, "}}");
}

static void prodia_write(const struct pie_call *c, struct pie_buf *out)
{
    const size_t inputs = c->images + (c->mask != NULL);
    if (prodia_is_v1(c)) {
        pie_prodia_v1_write(c, out);
        return;
    }
    prodia_job(out, c);
    if (inputs == 0 || out->failed != APIPIE_OK)
        return;
    pie_buf_truncate(out, out->n - 1); /* the brace */
    pie_field_name(out, "input");
    for (size_t i = 0; i < inputs; i++)
        pie_buf_add_text(out, i == 0 ? "[null" : ",null");
    pie_buf_add_text(out, "]}");
}

/* The job and its inputs; the mask is the last one. */
static apipie_status prodia_form(const struct pie_call *c, struct pie_leg *leg)
{
    const struct pie_input *images = c->wish->images.items;
    struct pie_multipart m;
    struct pie_buf job;
    char file[PIE_INPUT_NAME];
    apipie_status status = APIPIE_OK;
    pie_buf_init(&job, leg->request.text.mem, leg->request.text.max);
    prodia_job(&job, c);
    pie_multipart_begin(&m, &leg->request, c->random);
    pie_multipart_json(&m, "job", "job.json", pie_buf_slice(&job));
    for (size_t i = 0; i < c->images && status == APIPIE_OK; i++) {
        pie_input_name(&images[i], "input", i, file);
        status = pie_multipart_file(&m, "input", file, &images[i]);
    }
    if (status == APIPIE_OK && c->mask != NULL) {
        pie_input_name(c->mask, "mask", 0, file);
        status = pie_multipart_file(&m, "input", file, c->mask);
    }
    if (status == APIPIE_OK)
        status = job.failed;
    pie_buf_free(&job);
    return status == APIPIE_OK ? pie_multipart_end(&m) : status;
}

static const struct {
    const char *name, *accept;
} prodia_encodings[] = {
    {"png", "multipart/form-data; image/png"},
    {"jpeg", "multipart/form-data; image/jpeg"},
    {"jpg", "multipart/form-data; image/jpeg"},
    {"webp", "multipart/form-data; image/webp"},
};

/* A form: only there the job, and with it the price, comes beside the picture. NULL: not from there. */
static const char *prodia_accept(const struct pie_call *c)
{
    struct pie_slice name = pie_slice_text(pie_call_text(c, PIE_WISH_ENCODING));
    for (size_t i = 0; i < PIE_COUNT(prodia_encodings); i++) {
        if (name.n == 0 || pie_slice_equal_nocase(name, prodia_encodings[i].name))
            return prodia_encodings[i].accept;
    }
    return NULL;
}

static apipie_status prodia_encode(const struct pie_call *c, struct pie_leg *leg,
                                   struct apipie_error *err)
{
    (void)err;
    if (prodia_is_v1(c))
        return pie_prodia_v1_encode(c, leg);
    apipie_status status = pie_begin_paid(c, "/job?price=true", leg);
    if (status == APIPIE_OK)
        status = pie_headers_set(&leg->request.headers, "Accept", prodia_accept(c));
    if (status != APIPIE_OK)
        return status;
    if (c->images != 0)
        return prodia_form(c, leg);
    status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    prodia_job(&leg->request.text, c);
    return pie_http_request_end_body(&leg->request);
}

/* A job draws one picture. */
static int32_t prodia_one_image(const struct pie_call *c)
{
    (void)c;
    return 1;
}

/* ---- what cannot be asked for */

static void prodia_narrow(const struct pie_call *c, struct pie_takes *takes)
{
    if (prodia_is_v1(c)) {
        pie_prodia_v1_narrow(c, takes);
        return;
    }
    takes->texts &= PIE_PRODIA_TEXT(NEGATIVE) | PIE_PRODIA_TEXT(ENCODING);
    takes->mask = prodia_says(c, "inpaint");
    if (prodia_says(c, "txt2img"))
        takes->images = 0;
    if (c->images == 0 || takes->images == 0)
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_STRENGTH;
}

/* "inference.sdxl.txt2img.v1", "v2.job.sdxl.txt2img": names of checkpoints have points too. */
static int32_t prodia_is_type(const char *model)
{
    struct pie_slice s = pie_slice_text(model);
    size_t n = s.n;
    if (pie_slice_starts_nocase(s, "inference.") || pie_slice_starts_nocase(s, "v2.job."))
        return 1;
    while (n > 0 && pie_is_digit(s.p[n - 1]))
        n--;
    return n < s.n && n > 2 && s.p[n - 1] == 'v' && s.p[n - 2] == '.' && strchr(model, ' ') == NULL;
}

static apipie_status prodia_check_type(const struct pie_call *c, struct apipie_error *err)
{
    const int32_t starts = prodia_says(c, "img2img") || prodia_says(c, "inpaint");
    apipie_status status = pie_check_model(c, err);
    if (status != APIPIE_OK)
        return status;
    if (!prodia_is_type(c->model))
        pie_error_set(err, APIPIE_E_ARGUMENT,
                      "models are types of jobs there, like inference.sdxl.txt2img.v1; checkpoints "
                      "by their names are at a backend with the base URL "
                      "https://api.prodia.com/v1",
                      "set_model: is no type of a job: ", c->model, NULL);
    else if (c->images == 0 && starts)
        pie_error_set(err, APIPIE_E_ARGUMENT, "give it: apipie_request_set_image_file(), --image",
                      "set_image: the job starts from a picture: ", c->model, NULL);
    else if (c->mask == NULL && c->images < 2 && prodia_says(c, "inpaint"))
        pie_error_set(err, APIPIE_E_ARGUMENT, "give it: apipie_request_set_mask_file(), --mask",
                      "set_mask: the job draws where a mask says: ", c->model, NULL);
    return err->code != APIPIE_OK ? err->code : pie_check_pictures(c, PIE_INPUT_AS_FILE, err);
}

static apipie_status prodia_fit_encoding(struct pie_call *c, struct pie_buf *notes,
                                         struct apipie_error *err)
{
    if (prodia_accept(c) != NULL)
        return APIPIE_OK;
    if (!pie_call_leave_out(c, "set_output_format", ": the server makes png, jpeg and webp: ",
                            pie_call_text(c, PIE_WISH_ENCODING), notes, err))
        return err->code;
    c->left_out |= PIE_PRODIA_TEXT(ENCODING);
    return APIPIE_OK;
}

static apipie_status prodia_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    static const char *const none[] = {NULL};
    if (prodia_is_v1(c))
        return pie_prodia_v1_check(c, notes, err);
    apipie_status status = prodia_check_type(c, err);
    if (status == APIPIE_OK)
        status = pie_fields_check(c, prodia_table, none, err);
    return status == APIPIE_OK ? prodia_fit_encoding(c, notes, err) : status;
}

/* ---- the API before needs to ask more than once */

static apipie_status prodia_prepare(const struct pie_call *c, struct pie_leg *leg,
                                    int32_t *ret_needed, struct apipie_error *err)
{
    (void)err;
    *ret_needed = 0;
    return prodia_is_v1(c) ? pie_prodia_v1_prepare(c, leg, ret_needed) : APIPIE_OK;
}

static apipie_status prodia_step(const struct pie_call *c, const struct pie_reply *reply,
                                 struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                                 struct apipie_error *err)
{
    return prodia_is_v1(c) ? pie_prodia_v1_step(c, reply, s, leg, ret_after_ms, err) : APIPIE_OK;
}

static apipie_status prodia_ask_models(const struct pie_call *c, struct pie_leg *leg)
{
    return prodia_is_v1(c) ? pie_prodia_v1_ask_models(c, leg) : APIPIE_E_UNSUPPORTED;
}

/* ---- decode */

/* Headers name the exchange; the job's own id is what Prodia knows it by. */
static void prodia_id(const struct pie_node *root, char out[128])
{
    struct pie_slice id = pie_node_text(pie_node_get(root, "id"));
    if (id.n == 0)
        id = pie_node_text(pie_node_get(root, "job"));
    if (id.n != 0)
        pie_text_display(id, out, 128);
}

static void prodia_usage(const struct pie_node *root, struct apipie_result *ret)
{
    const struct pie_node *price = pie_node_get(pie_node_get(root, "price"), "dollars");
    struct pie_slice took = pie_node_text(pie_node_get(pie_node_get(root, "metrics"), "elapsed"));
    int64_t v = APIPIE_UNKNOWN;
    if (pie_node_money(price, &v) == APIPIE_OK && v >= 0)
        ret->usage.cost = v;
    if (pie_number_seconds(took, &v) == APIPIE_OK)
        ret->usage.latency_ms = v;
    if (pie_number_iso_date(pie_node_text(pie_node_get(root, "created_at")), &v) == APIPIE_OK)
        ret->created_ms = v;
}

static int32_t prodia_has_failed(const struct pie_node *root)
{
    struct pie_slice state = pie_node_text(pie_node_get(pie_node_get(root, "state"), "current"));
    return pie_slice_equal_nocase(state, "failed");
}

/* Failed without a word why. */
static void prodia_explain_failed(struct apipie_error *err)
{
    err->code = APIPIE_E_SERVER;
    err->fault = pie_error_fault(err->code);
    err->retryable = err->should_retry != 0;
    pie_text_copy(pie_slice_text("the server says that the job has failed"), err->message,
                  sizeof(err->message));
    pie_text_copy(pie_slice_text("look at your usage before you pay again; if it stays so, report "
                                 "the job's id to Prodia's support"),
                  err->hint, sizeof(err->hint));
}

static apipie_status prodia_decode_job(const struct pie_call *c, const struct pie_reply *reply,
                                       struct apipie_result *ret, struct apipie_error *err)
{
    const int32_t failed = prodia_has_failed(reply->root);
    apipie_status status = pie_answer_parts(reply, ret);
    if (status != APIPIE_OK)
        return status;
    pie_answer_route(c, ret);
    if (ret->count != 0)
        ret->images[0].has_seed =
            pie_node_uint(pie_node_get(pie_node_get(reply->root, "config"), "seed"),
                          &ret->images[0].seed) == APIPIE_OK;
    status = pie_answer_end(c, reply, ret, err);
    prodia_usage(reply->root, ret);
    if (status == APIPIE_E_NO_IMAGE && failed)
        prodia_explain_failed(err);
    else if (status == APIPIE_OK && failed && !pie_explain_has_error(reply->root))
        pie_result_warn(ret, "the server says that the job has failed, and sent a picture", NULL);
    return status == APIPIE_OK ? APIPIE_OK : err->code;
}

static apipie_status prodia_decode(const struct pie_call *c, const struct pie_reply *reply,
                                   struct apipie_result *ret, struct apipie_error *err)
{
    apipie_status status = prodia_is_v1(c) ? pie_prodia_v1_decode(c, reply, ret, err)
                                           : prodia_decode_job(c, reply, ret, err);
    prodia_id(reply->root, ret->request_id);
    if (err->code != APIPIE_OK)
        prodia_id(reply->root, err->request_id);
    return status;
}

/* ---- explain */

static const struct pie_known prodia_known[] = {
    {401, "", APIPIE_E_AUTH, 0,
     "check the token (of Prodia's dashboard): the API of jobs and the one before it, whose base "
     "URL ends with /v1, know different ones"},
    {402, "", APIPIE_E_QUOTA, 0,
     "the token has no access to the API, or its account no credit left: see Prodia's dashboard"},
    {404, "", APIPIE_E_NOT_FOUND, 0,
     "check the type of the job, or the checkpoint; the base URL is "
     "https://inference.prodia.com/v2, or https://api.prodia.com/v1 for the API before it"},
    {0, NULL, APIPIE_OK, 0, NULL},
};

/* The official client says the same after its tries (https://github.com/prodialabs/prodia-js). */
static void prodia_explain(const struct pie_reply *reply, struct apipie_error *err)
{
    prodia_id(reply->root, err->request_id);
    if (reply->outcome->status != 429 || err->code != APIPIE_E_RATE_LIMITED)
        return;
    pie_text_copy(
        pie_slice_text("too many requests: wait, or send fewer at once; a wrong token and "
                       "a type of job that Prodia does not have are answered the same: if "
                       "it stays so, check both"),
        err->hint, sizeof(err->hint));
}

const struct pie_dialect pie_dialect_prodia = {
    .name = "prodia",
    .paths = prodia_paths,
    .takes_texts = PIE_PRODIA_TEXT(NEGATIVE) | PIE_PRODIA_TEXT(ENCODING) |
                   PIE_PRODIA_TEXT(SAMPLER) | PIE_PRODIA_TEXT(ASPECT),
    .takes_numbers = PIE_PRODIA_NUMBERS,
    .takes_images = APIPIE_LIMIT_IMAGES,
    .takes_mask = 1,
    .narrow = prodia_narrow,
    .check = prodia_check,
    .encode = prodia_encode,
    .one_image = prodia_one_image,
    .write = prodia_write,
    .decode = prodia_decode,
    .known = prodia_known,
    .explain = prodia_explain,
    .ask_models = prodia_ask_models,
    .write_models = pie_prodia_v1_write_models,
    .prepare = prodia_prepare,
    .prepared = pie_prodia_v1_prepared,
    .step = prodia_step,
};
