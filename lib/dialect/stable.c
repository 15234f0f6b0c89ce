/* SPDX-License-Identifier: MIT */
/* Knows the body of SDXL, and what Stability's models say of the pictures that they answer with; must not know who serves them. */
#include "dialect/stable_priv.h"

/* ---- asked */

const struct pie_field pie_stable_sdxl_fields[] = {
    {"cfg_scale", PIE_FIELD_NUMBER, PIE_WISH_HAS_GUIDANCE},
    {"seed", PIE_FIELD_NUMBER, PIE_WISH_HAS_SEED},
    {"steps", PIE_FIELD_NUMBER, PIE_WISH_HAS_STEPS},
    {"samples", PIE_FIELD_NUMBER, PIE_WISH_HAS_N},
    {"width", PIE_FIELD_WIDTH, PIE_WISH_HAS_SIZE},
    {"height", PIE_FIELD_HEIGHT, PIE_WISH_HAS_SIZE},
    {"sampler", PIE_WISH_SAMPLER, 0},
    {"image_strength", PIE_FIELD_NUMBER, PIE_WISH_HAS_STRENGTH},
    {NULL, 0, 0},
};

/* To six digits: 1 - 0.7 is to be 0.3. */
void pie_stable_turn(struct pie_call *c)
{
    c->seed &= UINT32_MAX;
    c->strength = (double)(int64_t)((1 - c->strength) * 1e6 + 0.5) / 1e6;
}

/* What the user wants to add stands in a list of its own. */
static void stable_more_prompts(struct pie_buf *out, const struct pie_wish *w)
{
    struct pie_slice list = pie_slice_trim(pie_slice_text(pie_wish_extra(w, "text_prompts")));
    if (list.n < 2)
        return;
    list = pie_slice_trim(pie_slice(list.p + 1, list.n - 2));
    if (list.n == 0)
        return;
    pie_buf_add_char(out, ',');
    pie_buf_add_slice(out, list);
}

/* SDXL weighs its prompts: what must not be seen weighs less than nothing. */
static void stable_prompts(struct pie_buf *out, const struct pie_call *c)
{
    const char *prompt = pie_call_text(c, PIE_WISH_PROMPT);
    const char *negative = pie_call_text(c, PIE_WISH_NEGATIVE);
    pie_field_name(out, "text_prompts");
    pie_buf_add_text(out, "[{");
    pie_field_text(out, "text", prompt != NULL ? prompt : "");
    pie_buf_add_char(out, '}');
    if (negative != NULL) {
        pie_buf_add_text(out, ",{");
        pie_field_text(out, "text", negative);
        pie_field_int(out, "weight", -1);
        pie_buf_add_char(out, '}');
    }
    stable_more_prompts(out, c->wish);
    pie_buf_add_char(out, ']');
}

void pie_stable_sdxl(struct pie_buf *out, const struct pie_call *c)
{
    stable_prompts(out, c);
    pie_fields_members(out, c, pie_stable_sdxl_fields);
    pie_field_extras(out, c->wish, "text_prompts");
}

/* ---- answered */

/* What is said of picture number i, by the name that it has among artifacts, in a list, alone, or in a header. */
static struct pie_slice stable_said(const struct pie_reply *reply, size_t i,
                                    const char *const names[4])
{
    const struct pie_node *artifact = pie_node_at(pie_node_get(reply->root, "artifacts"), i);
    const struct pie_node *list = pie_node_get(reply->root, names[1]);
    if (artifact != NULL)
        return pie_node_text(pie_node_get(artifact, names[0]));
    if (list != NULL || i != 0)
        return pie_node_text(pie_node_at(list, i));
    struct pie_slice said = pie_node_text(pie_node_get(reply->root, names[2]));
    return said.n != 0 ? said : pie_slice_text(pie_headers_get(&reply->outcome->headers, names[3]));
}

/* Why a picture is not as it should be; empty when it is. */
static struct pie_slice stable_reason(const struct pie_reply *reply, size_t i)
{
    static const char *const names[] = {"finishReason", "finish_reasons", "finish_reason",
                                        "finish-reason"};
    struct pie_slice reason = pie_slice_trim(stable_said(reply, i, names));
    return pie_slice_equal_nocase(reason, "SUCCESS") ? pie_slice("", 0) : reason;
}

static int32_t stable_is_filter(struct pie_slice reason)
{
    return pie_slice_find_nocase(reason, "filter") < reason.n;
}

static void stable_judge(const struct pie_reply *reply, struct apipie_result *ret, size_t i)
{
    static const char *const seeds[] = {"seed", "seeds", "seed", "seed"};
    struct pie_image *image = &ret->images[i];
    struct pie_slice reason = stable_reason(reply, i);
    image->has_seed = pie_number_uint(stable_said(reply, i, seeds), &image->seed) == APIPIE_OK;
    if (reason.n == 0)
        return;
    char shown[sizeof(image->problem)];
    pie_text_display(reason, shown, sizeof(shown));
    if (image->size != 0) {
        pie_result_warn(ret,
                        stable_is_filter(reason)
                            ? "the provider filtered a picture; what it sent instead is delivered: "
                            : "the provider says of a picture: ",
                        shown);
        return;
    }
    image->status = stable_is_filter(reason) ? APIPIE_E_CONTENT_POLICY : APIPIE_E_SERVER;
    pie_text_copy(pie_slice_text(shown), image->problem, sizeof(image->problem));
}

apipie_status pie_stable_pictures(const struct pie_reply *reply, struct apipie_result *ret)
{
    static const char *const lists[] = {"artifacts", "images", "finish_reasons"};
    apipie_status status = pie_answer_parts(reply, ret);
    for (size_t i = 0; i < PIE_COUNT(lists) && status == APIPIE_OK; i++) {
        size_t count = pie_node_count(pie_node_get(reply->root, lists[i]));
        if (count > ret->count && count <= PIE_ITEMS_MAX)
            status = pie_result_grow(ret, count);
    }
    if (status == APIPIE_OK && ret->count == 0 && stable_reason(reply, 0).n != 0)
        status =
            pie_result_grow(ret, 1); /* a place for what is said of the one that did not come */
    for (size_t i = 0; i < ret->count && status == APIPIE_OK; i++)
        stable_judge(reply, ret, i);
    return status;
}

apipie_status pie_stable_end(const struct pie_call *c, const struct pie_reply *reply,
                             struct apipie_result *ret, struct apipie_error *err)
{
    pie_answer_route(c, ret);
    apipie_status status = pie_answer_end(c, reply, ret, err);
    if (status == APIPIE_E_CONTENT_POLICY) { /* it will not pass later either */
        err->retryable = 0;
        err->fault = pie_error_fault(status);
        pie_text_copy(pie_slice_text("change the prompt or the input image"), err->hint,
                      sizeof(err->hint));
    }
    return status;
}
