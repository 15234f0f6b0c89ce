/* SPDX-License-Identifier: MIT */
/* Knows Prodia's API before its jobs (https://docs.prodia.com, v1): checkpoints by name, and pictures by URL when they are drawn; must
 * not send anything. */
#include "dialect/prodia_priv.h"

#define PRODIA1_SIDE_MOST 1024

/* Looks at a job, which a step counts in its stage. */
#define PRODIA1_FIRST_MS INT64_C(250)
#define PRODIA1_MORE_MS  INT64_C(125)
#define PRODIA1_MOST_MS  INT64_C(2000)

static const struct pie_field prodia1_table[] = {
    {"model", PIE_WISH_MODEL, 0},
    {"prompt", PIE_WISH_PROMPT, 0},
    {"negative_prompt", PIE_WISH_NEGATIVE, 0},
    {"sampler", PIE_WISH_SAMPLER, 0},
    {"steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"cfg_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"width", PIE_FIELD_WIDTH, PIE_WISH_HAS_SIZE},
    {"height", PIE_FIELD_HEIGHT, PIE_WISH_HAS_SIZE},
    {"denoising_strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {NULL, 0, 0},
};

/* ---- which checkpoint it is
 *
 * The server wants a checkpoint's full name, "name.safetensors [hash]", and the route of the list that it is in: SDXL's first, then the
 * other one. c->found is lines: some names of the first list; a '?' with each of its checkpoints that may be meant; and at last a '='
 * with list and name of the one that is. */

#define PRODIA1_NAME  512 /* no checkpoint has a longer one */
#define PRODIA1_MAYBE 4   /* so many are told apart in a message */

/* "sdxl name.safetensors [hash]", the list and the name; NULL while it is not known. */
static const char *prodia1_found(const struct pie_call *c)
{
    const char *line = c->found != NULL ? strrchr(c->found, '\n') : NULL;
    return line != NULL && line[1] == '=' ? line + 2 : NULL;
}

static const char *prodia1_model(const struct pie_call *c)
{
    const char *found = prodia1_found(c);
    return found != NULL ? found + strcspn(found, " ") + 1 : c->model;
}

static int32_t prodia1_is_xl(const struct pie_call *c)
{
    const char *found = prodia1_found(c);
    return found != NULL && strncmp(found, "sdxl ", 5) == 0;
}

static apipie_status prodia1_begin(const struct pie_call *c, apipie_status begun,
                                   struct pie_leg *leg)
{
    leg->with_key = c->key != NULL;
    if (begun != APIPIE_OK || c->key == NULL)
        return begun;
    return pie_begin_header(&leg->request, "X-Prodia-Key", c->key);
}

static struct pie_call prodia1_bare(const struct pie_call *c)
{
    struct pie_call bare = *c;
    bare.key = NULL;
    return bare;
}

apipie_status pie_prodia_v1_prepare(const struct pie_call *c, struct pie_leg *leg,
                                    int32_t *ret_needed)
{
    const struct pie_call bare = prodia1_bare(c);
    *ret_needed = prodia1_found(c) == NULL;
    if (!*ret_needed)
        return APIPIE_OK;
    apipie_status status =
        pie_begin(&bare, "GET", c->found == NULL ? "/sdxl/models" : "/sd/models", leg);
    leg->purpose = APIPIE_PURPOSE_CHECK;
    return prodia1_begin(c, status, leg);
}

/* A name that can stand on a line. */
static struct pie_slice prodia1_name(const struct pie_node *list, size_t i)
{
    const struct pie_node *item = pie_node_at(list, i);
    struct pie_slice name = pie_node_text(item);
    if (pie_node_kind(item) != PIE_JSON_TEXT)
        return pie_slice("", 0);
    for (size_t k = 0; k < name.n; k++) {
        if ((unsigned char)name.p[k] < ' ')
            return pie_slice("", 0);
    }
    return name.n < PRODIA1_NAME ? name : pie_slice("", 0);
}

static void prodia1_line(struct pie_buf *found, const char *mark, struct pie_slice name)
{
    char copy[PRODIA1_NAME]; /* it may be a line of found itself, which moves when it grows */
    pie_text_copy(name, copy, sizeof(copy));
    pie_buf_add_char(found, '\n');
    pie_buf_add_text(found, mark);
    pie_buf_add_text(found, copy);
}

/* The checkpoints of one list that may be meant, once each; or the one that is, alone. *ret_sure says which. */
static size_t prodia1_pick(const struct pie_node *list, const char *model,
                           struct pie_slice maybe[PRODIA1_MAYBE], int32_t *ret_sure)
{
    size_t count = 0;
    *ret_sure = 0;
    for (size_t i = 0; i < pie_node_count(list); i++) {
        struct pie_slice name = prodia1_name(list, i);
        if (pie_slice_equal(name, model)) {
            maybe[0] = name;
            *ret_sure = 1;
            return 1;
        }
        int32_t known = !pie_checkpoint_is(name, model) || count == PRODIA1_MAYBE;
        for (size_t k = 0; k < count && !known; k++)
            known = maybe[k].n == name.n && memcmp(maybe[k].p, name.p, name.n) == 0;
        if (!known)
            maybe[count++] = name;
    }
    return count;
}

/* Those that the first list said. */
static size_t prodia1_before(const struct pie_call *c, struct pie_slice maybe[PRODIA1_MAYBE])
{
    size_t count = 0;
    const char *line = c->found != NULL ? strchr(c->found, '\n') : NULL;
    for (; line != NULL && count < PRODIA1_MAYBE; line = strchr(line + 1, '\n'))
        maybe[count++] = pie_slice(line + 2, strcspn(line + 2, "\n"));
    return count;
}

/* Both lists are known, and name none of them, or several. */
static apipie_status prodia1_refuse(const struct pie_call *c, const struct pie_node *list,
                                    const struct pie_slice *maybe, size_t count,
                                    struct apipie_error *err)
{
    struct pie_buf names;
    pie_buf_init(&names, err->body.mem, 2 * PIE_CHECKPOINT_SHOWN + PRODIA1_NAME);
    for (size_t i = 0; i < count; i++)
        pie_checkpoint_show(&names, 2 * PIE_CHECKPOINT_SHOWN, maybe[i]);
    if (count != 0) {
        pie_error_set(err, APIPIE_E_ARGUMENT, "give the full name of the one that you mean",
                      "set_model: the server has several of that name: ",
                      names.failed == APIPIE_OK ? names.p : NULL, NULL);
    } else {
        pie_buf_add(&names, c->found, strcspn(c->found, "\n"));
        for (size_t i = 0; i < pie_node_count(list); i++)
            pie_checkpoint_show(&names, PIE_CHECKPOINT_SHOWN, prodia1_name(list, i));
        pie_checkpoint_refuse(c->model, &names, "give one of these, or look at the lists of models",
                              err);
    }
    pie_buf_free(&names);
    return err->code;
}

static void prodia1_keep(const struct pie_node *list, const struct pie_slice *maybe, size_t count,
                         struct pie_buf *found)
{
    for (size_t i = 0; i < pie_node_count(list); i++)
        pie_checkpoint_show(found, PIE_CHECKPOINT_SHOWN / 2, prodia1_name(list, i));
    for (size_t i = 0; i < count; i++)
        prodia1_line(found, "?", maybe[i]);
    if (found->n == 0)
        pie_buf_add_char(found, ' '); /* it was asked */
}

apipie_status pie_prodia_v1_prepared(const struct pie_call *c, const struct pie_reply *reply,
                                     struct pie_buf *found, struct apipie_error *err)
{
    const char *const mark = c->found == NULL ? "=sdxl " : "=sd ";
    struct pie_slice maybe[2 * PRODIA1_MAYBE];
    const size_t before = prodia1_before(c, maybe);
    int32_t sure = 0;
    if (pie_node_kind(reply->root) != PIE_JSON_ARRAY)
        return pie_poll_broken("the server's list of models is none",
                               "the base URL of the API before is https://api.prodia.com/v1", err);
    const size_t more = prodia1_pick(reply->root, c->model, maybe + before, &sure);
    if (sure)
        prodia1_line(found, mark, maybe[before]);
    else if (c->found == NULL)
        prodia1_keep(reply->root, maybe, more, found);
    else if (before + more == 1)
        prodia1_line(found, before == 1 ? "=sdxl " : mark, maybe[0]);
    else
        return prodia1_refuse(c, reply->root, maybe, before + more, err);
    return APIPIE_OK;
}

/* ---- shapes */

static const char *const prodia1_shapes[] = {"square", "portrait", "landscape"};

/* The server's word for the aspect ratio: as it was set, or for "16:9" and the like. NULL: it has none. */
static const char *prodia1_shape(const struct pie_call *c)
{
    const char *asked = pie_call_text(c, PIE_WISH_ASPECT);
    int32_t width = 0;
    int32_t height = 0;
    for (size_t i = 0; asked != NULL && i < PIE_COUNT(prodia1_shapes); i++) {
        if (strcmp(asked, prodia1_shapes[i]) == 0)
            return prodia1_shapes[i];
    }
    if (asked == NULL || !pie_call_ratio(asked, &width, &height))
        return NULL;
    return prodia1_shapes[width == height ? 0 : width < height ? 1 : 2];
}

static apipie_status prodia1_fit_shape(struct pie_call *c, struct pie_buf *notes,
                                       struct apipie_error *err)
{
    const char *asked = pie_call_text(c, PIE_WISH_ASPECT);
    const char *shape = prodia1_shape(c);
    if (asked == NULL || (shape != NULL && strcmp(asked, shape) == 0))
        return APIPIE_OK;
    if (shape != NULL && pie_call_may_change(c)) {
        pie_call_note(notes, "set_aspect_ratio: became ", shape);
        return APIPIE_OK;
    }
    if (!pie_call_leave_out(c, "set_aspect_ratio",
                            ": the server knows square, portrait and landscape: ", asked, notes,
                            err))
        return err->code;
    c->left_out |= PIE_PRODIA_TEXT(ASPECT);
    return APIPIE_OK;
}

/* ---- encode */

static void prodia1_picture(struct pie_buf *out, struct pie_leg *leg, const struct pie_input *in,
                            const char *as_url, const char *as_data)
{
    pie_field_name(out, pie_input_fits(in, PIE_INPUT_AS_BASE64) ? as_data : as_url);
    pie_input_member(out, leg, in);
}

/* leg NULL: the bytes of pictures are left out. */
static void prodia1_body(struct pie_buf *out, const struct pie_call *c, struct pie_leg *leg)
{
    struct pie_call named = *c;
    named.model = prodia1_model(c);
    const char *shape = prodia1_shape(c);
    pie_fields_json(out, &named, prodia1_table);
    if (shape != NULL)
        pie_field_text(out, "aspect_ratio", shape);
    if (c->images != 0)
        prodia1_picture(out, leg, &c->wish->images.items[0], "imageUrl", "imageData");
    if (c->mask != NULL)
        prodia1_picture(out, leg, c->mask, "maskUrl", "maskData");
    pie_buf_add_char(out, '}');
}

void pie_prodia_v1_write(const struct pie_call *c, struct pie_buf *out)
{
    prodia1_body(out, c, NULL);
}

apipie_status pie_prodia_v1_encode(const struct pie_call *c, struct pie_leg *leg)
{
    static const char *const routes[2][3] = {
        {"/sd/generate", "/sd/transform", "/sd/inpainting"},
        {"/sdxl/generate", "/sdxl/transform", "/sdxl/inpainting"},
    };
    const struct pie_call bare = prodia1_bare(c);
    const int32_t does = c->mask != NULL ? 2 : c->images != 0;
    apipie_status status = pie_begin_paid(&bare, routes[prodia1_is_xl(c)][does], leg);
    status = prodia1_begin(c, status, leg);
    if (status == APIPIE_OK)
        status = pie_begin_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    prodia1_body(&leg->request.text, c, leg);
    return pie_http_request_end_body(&leg->request);
}

/* ---- what cannot be asked for */

void pie_prodia_v1_narrow(const struct pie_call *c, struct pie_takes *takes)
{
    takes->texts &= PIE_PRODIA_TEXT(NEGATIVE) | PIE_PRODIA_TEXT(SAMPLER) | PIE_PRODIA_TEXT(ASPECT);
    takes->images = 1;
    if (c->images == 0)
        takes->numbers &= ~(uint32_t)PIE_WISH_HAS_STRENGTH;
}

apipie_status pie_prodia_v1_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    static const char *const pictures[] = {"imageUrl", "imageData", "maskUrl", "maskData"};
    const char *also[PIE_COUNT(pictures) + 2] = {NULL};
    const size_t taken = c->mask != NULL ? 4 : c->images != 0 ? 2 : 0;
    memcpy(also, pictures, taken * sizeof(pictures[0]));
    if (pie_call_text(c, PIE_WISH_ASPECT) != NULL)
        also[taken] = "aspect_ratio";
    apipie_status status = pie_check_model(c, err);
    if (status == APIPIE_OK)
        status = pie_fields_check(c, prodia1_table, also, err);
    if (status == APIPIE_OK)
        status = pie_call_fit_sides(c, 1, PRODIA1_SIDE_MOST, notes, err);
    return status == APIPIE_OK ? prodia1_fit_shape(c, notes, err) : status;
}

/* ---- jobs */

static apipie_status prodia1_broken(struct apipie_error *err, const char *what)
{
    return pie_poll_broken(what, "is it Prodia's API that answers at this address?", err);
}

static apipie_status prodia1_look(const struct pie_call *c, struct pie_step *s, struct pie_leg *leg,
                                  int64_t *ret_after_ms)
{
    const struct pie_call bare = prodia1_bare(c);
    const int64_t pause = PRODIA1_FIRST_MS + PRODIA1_MORE_MS * s->stage++;
    apipie_status status = pie_poll_begin(&bare, s, "GET", "/job/", "", APIPIE_PURPOSE_POLL, leg);
    status = prodia1_begin(c, status, leg);
    *ret_after_ms = pause < PRODIA1_MOST_MS ? pause : PRODIA1_MOST_MS;
    return status == APIPIE_OK ? APIPIE_PENDING : status;
}

/* It is drawn then, whatever became of the words beside it. */
static int32_t prodia1_has_picture(const struct pie_reply *reply)
{
    return reply->part_count != 0 &&
           (reply->parts[0].kind == PIE_PART_URL || reply->parts[0].kind == PIE_PART_IMAGE);
}

apipie_status pie_prodia_v1_step(const struct pie_call *c, const struct pie_reply *reply,
                                 struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                                 struct apipie_error *err)
{
    struct pie_slice status = pie_node_text(pie_node_get(reply->root, "status"));
    if (pie_slice_equal(status, "succeeded") || prodia1_has_picture(reply))
        return APIPIE_OK;
    if (pie_slice_equal(status, "failed") || pie_explain_has_error(reply->root)) {
        pie_explain(reply, err);
        return err->code;
    }
    if (s->stage == 0 && !pie_poll_take(pie_node_text(pie_node_get(reply->root, "job")), s))
        return prodia1_broken(err, "the server took the call, and named no job");
    if (status.n == 0)
        return prodia1_broken(err, "the server does not say how the job is");
    return prodia1_look(c, s, leg, ret_after_ms);
}

/* ---- decode */

apipie_status pie_prodia_v1_decode(const struct pie_call *c, const struct pie_reply *reply,
                                   struct apipie_result *ret, struct apipie_error *err)
{
    const struct pie_node *params = pie_node_get(reply->root, "params");
    struct pie_call named = *c;
    named.model = prodia1_model(c);
    apipie_status status = pie_answer_parts(reply, ret);
    if (status != APIPIE_OK)
        return status;
    pie_answer_route(&named, ret);
    if (ret->count != 0) {
        struct pie_image *image = &ret->images[0];
        image->has_seed = pie_node_uint(pie_node_get(params, "seed"), &image->seed) == APIPIE_OK;
        if (!image->has_seed && pie_call_has(c, PIE_WISH_HAS_SEED)) {
            image->has_seed = 1;
            image->seed = c->seed;
        }
    }
    return pie_answer_end(c, reply, ret, err);
}

/* ---- models: there are two lists, and an answer is one of them. Those of SDXL are asked for by the subtype. */

static int32_t prodia1_wants_xl(const struct pie_wish *w)
{
    for (const struct pie_filter *f = w->filters; f != NULL; f = f->next) {
        if (strcmp(f->name, "subtype") == 0 && f->value != NULL &&
            pie_slice_equal_nocase(pie_slice_text(f->value), "sdxl"))
            return 1;
    }
    return 0;
}

apipie_status pie_prodia_v1_ask_models(const struct pie_call *c, struct pie_leg *leg)
{
    const struct pie_call bare = prodia1_bare(c);
    apipie_status status = pie_begin_models(
        &bare, prodia1_wants_xl(c->wish) ? "/sdxl/models" : "/sd/models", '#', leg);
    return prodia1_begin(c, status, leg);
}

apipie_status pie_prodia_v1_write_models(const struct pie_call *c, const struct pie_reply *reply,
                                         const char *backend, struct pie_buf *out)
{
    const char *subtype = prodia1_wants_xl(c->wish) ? "sdxl" : "sd";
    if (pie_node_kind(reply->root) != PIE_JSON_ARRAY)
        return APIPIE_E_MALFORMED;
    pie_buf_add_text(out, "{\"data\":[");
    for (size_t i = 0; i < pie_node_count(reply->root); i++) {
        struct pie_slice title = prodia1_name(reply->root, i);
        struct pie_slice name = pie_checkpoint_stem(title);
        if (name.n == 0 || !pie_models_wanted(c->wish, pie_slice_text(backend), name, "image"))
            continue;
        pie_models_row(out, NULL, pie_slice_text(backend), name, "image");
        pie_field_text(out, "subtype", subtype);
        pie_field_name(out, "description");
        pie_json_string(out, title);
        pie_buf_add_char(out, '}');
    }
    pie_buf_add_text(out, "]}");
    return out->failed;
}
