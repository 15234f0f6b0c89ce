/* SPDX-License-Identifier: MIT */
/* Knows replies whose pictures stand in data[], as OpenAI's images API has it and many servers after it; must not know who answered. */
#include "dialect/shared_priv.h"

const struct pie_path pie_answer_paths[] = {
    {"data[].b64_json", PIE_PATH_IMAGE},
    {"data[].url", PIE_PATH_URL},
    {"[].b64_json", PIE_PATH_IMAGE}, /* some servers leave the envelope out */
    {"[].url", PIE_PATH_URL},
    {NULL, 0},
};

/* "image_generation.completed", "image_edit.partial_image" and the like. */
static const struct pie_path answer_event_paths[] = {
    {"b64_json", PIE_PATH_IMAGE},
    {"url", PIE_PATH_URL},
    {"type", PIE_PATH_NAME},
    {NULL, 0},
};
static const struct pie_event answer_events[] = {
    {".partial_image", PIE_EVENT_PARTIAL},
    {"error", PIE_EVENT_ERROR},
    {NULL, 0},
};
const struct pie_stream pie_answer_stream = {answer_event_paths, answer_events};

apipie_status pie_answer_text(const struct pie_mem *mem, struct pie_slice s, char **ret)
{
    if (s.n == 0)
        return APIPIE_OK;
    char *copy = pie_mem_text(mem, s.p, s.n);
    if (copy == NULL)
        return APIPIE_E_MEMORY;
    pie_mem_free(mem, *ret);
    *ret = copy;
    return APIPIE_OK;
}

size_t pie_answer_index(const struct pie_part *part)
{
    return part->index[0];
}

/* Bytes beat a url, and a url beats the news that something is broken. */
apipie_status pie_answer_part(struct apipie_result *ret, const struct pie_part *part, size_t index)
{
    if (index >=
        PIE_ITEMS_MAX) /* the number is the server's: it must not decide how much memory we take */
        index = ret->count;
    apipie_status status = pie_result_grow(ret, index + 1);
    if (status != APIPIE_OK)
        return status;
    struct pie_image *image = &ret->images[index];
    switch (part->kind) {
    case PIE_PART_IMAGE:
        pie_image_take(image, part);
        break;
    case PIE_PART_URL:
        return pie_answer_text(ret->mem, pie_slice_text(part->url), &image->url);
    case PIE_PART_BROKEN:
        if (image->size == 0) {
            image->status = part->status;
            pie_text_copy(pie_slice_text(part->problem), image->problem, sizeof(image->problem));
        }
        break;
    default:
        break;
    }
    return APIPIE_OK;
}

static void answer_count(const struct pie_node *usage, const char *name, const char *other,
                         int64_t *ret)
{
    if (pie_node_int(pie_node_get(usage, name), ret) != APIPIE_OK && other != NULL)
        pie_node_int(pie_node_get(usage, other), ret);
    if (*ret < 0)
        *ret = APIPIE_UNKNOWN;
}

/* Of what the tokens were. */
static void answer_details(const struct pie_node *usage, int64_t detail[PIE_TOKEN_DETAILS])
{
    const struct pie_node *in = pie_node_get(usage, "input_tokens_details");
    const struct pie_node *out = pie_node_get(usage, "output_tokens_details");
    answer_count(in, "text_tokens", NULL, &detail[APIPIE_TOKENS_INPUT_TEXT]);
    answer_count(in, "image_tokens", NULL, &detail[APIPIE_TOKENS_INPUT_IMAGE]);
    answer_count(out, "text_tokens", NULL, &detail[APIPIE_TOKENS_OUTPUT_TEXT]);
    answer_count(out, "image_tokens", NULL, &detail[APIPIE_TOKENS_OUTPUT_IMAGE]);
}

/* Servers that do not count answer zeros: that is no free picture. */
static void answer_usage(const struct pie_node *root, struct pie_usage *u)
{
    const struct pie_node *usage = pie_node_get(root, "usage");
    if (pie_node_kind(usage) != PIE_JSON_OBJECT)
        usage = pie_node_get(root, "queryDetails");
    pie_node_money(pie_node_get(usage, "cost"), &u->cost);
    answer_count(usage, "prompt_tokens", "promptTokens", &u->prompt_tokens);
    answer_count(usage, "input_tokens", NULL, &u->prompt_tokens);
    answer_count(usage, "completion_tokens", "output_tokens", &u->completion_tokens);
    answer_count(usage, "total_tokens", "totalTokens", &u->total_tokens);
    answer_count(usage, "latency_ms", "latencyMs", &u->latency_ms);
    if (u->cost <= 0 && u->prompt_tokens <= 0 && u->completion_tokens <= 0 &&
        u->total_tokens <= 0 && u->latency_ms <= 0) {
        u->cost = u->prompt_tokens = u->completion_tokens = APIPIE_UNKNOWN;
        u->total_tokens = u->latency_ms = APIPIE_UNKNOWN;
        return;
    }
    answer_details(usage, u->detail);
}

static void answer_created(const struct pie_node *root, int64_t *ret_ms)
{
    int64_t seconds = APIPIE_UNKNOWN;
    if (pie_node_int(pie_node_get(root, "created"), &seconds) != APIPIE_OK)
        pie_node_int(pie_node_get(root, "created_at"), &seconds);
    if (seconds > 0 && seconds < INT64_MAX / 1000)
        *ret_ms = seconds * 1000;
}

static apipie_status answer_names(const struct pie_call *c, const struct pie_node *root,
                                  struct apipie_result *ret)
{
    const struct pie_node *usage = pie_node_get(root, "usage");
    struct pie_slice model = pie_node_text(pie_node_get(root, "model"));
    struct pie_slice provider = pie_node_text(pie_node_get(root, "provider"));
    if (model.n == 0)
        model = pie_node_text(pie_node_get(usage, "model_used"));
    if (model.n == 0)
        model = pie_slice_text(c->model);
    if (provider.n == 0)
        provider = pie_node_text(pie_node_get(pie_node_get(root, "queryDetails"), "provider"));
    if (provider.n == 0)
        provider = pie_slice_text(c->provider);
    apipie_status status = pie_answer_text(ret->mem, model, &ret->model);
    return status == APIPIE_OK ? pie_answer_text(ret->mem, provider, &ret->provider) : status;
}

static apipie_status answer_item(const struct pie_node *item, struct apipie_result *ret, size_t i)
{
    struct pie_image *image = &ret->images[i];
    image->has_seed = pie_node_uint(pie_node_get(item, "seed"), &image->seed) == APIPIE_OK;
    return pie_answer_text(ret->mem, pie_node_text(pie_node_get(item, "revised_prompt")),
                           &image->revised_prompt);
}

/* What the reply says about each image, besides the image. */
static apipie_status answer_items(const struct pie_node *root, struct apipie_result *ret)
{
    const struct pie_node *data = pie_node_get(root, "data");
    if (pie_node_kind(root) == PIE_JSON_ARRAY)
        data = root;
    size_t count = pie_node_kind(data) == PIE_JSON_ARRAY ? pie_node_count(data) : 0;
    /* More items than a reply may have images: only what has a part counts. */
    apipie_status status = count <= PIE_ITEMS_MAX ? pie_result_grow(ret, count) : APIPIE_OK;
    for (size_t i = 0; i < count && i < ret->count && status == APIPIE_OK; i++)
        status = answer_item(pie_node_at(data, i), ret, i);
    return status;
}

static void answer_say_why(struct apipie_result *ret)
{
    for (size_t i = 0; i < ret->count; i++) {
        struct pie_image *image = &ret->images[i];
        if (image->size != 0 || image->url != NULL || image->status != APIPIE_OK)
            continue;
        image->status = APIPIE_E_NO_IMAGE;
        pie_text_copy(pie_slice_text("neither a url nor bytes came"), image->problem,
                      sizeof(image->problem));
    }
}

static void answer_warn_count(const struct pie_call *c, struct apipie_result *ret)
{
    struct pie_buf text;
    if (c->n <= 0 || ret->count == 0 || ret->count >= (size_t)c->n)
        return;
    pie_buf_init(&text, ret->mem, 200);
    pie_buf_add_int(&text, c->n);
    pie_buf_add_text(&text, " images were asked for, the server sent ");
    pie_buf_add_uint(&text, ret->count);
    if (text.failed == APIPIE_OK)
        pie_result_warn(ret, text.p, NULL);
    pie_buf_free(&text);
}

/* In the headers, or as the servers have it that say it in the body. */
static void answer_request_id(const struct pie_reply *reply, char out[128])
{
    static const char *const names[] = {"request_id", "id"};
    pie_explain_request_id(&reply->outcome->headers, out);
    for (size_t i = 0; i < PIE_COUNT(names) && out[0] == '\0'; i++)
        pie_text_display(pie_node_text(pie_node_get(reply->root, names[i])), out, 128);
}

apipie_status pie_answer_end(const struct pie_call *c, const struct pie_reply *reply,
                             struct apipie_result *ret, struct apipie_error *err)
{
    int32_t useful = 0;
    answer_created(reply->root, &ret->created_ms);
    answer_request_id(reply, ret->request_id);
    answer_say_why(ret);
    answer_warn_count(c, ret);
    for (size_t i = 0; i < ret->count; i++)
        useful |= ret->images[i].size != 0 || ret->images[i].url != NULL;
    if (useful && (reply->failed || pie_explain_has_error(reply->root)))
        pie_result_warn(ret, "the reply holds an error beside the picture; see its JSON", NULL);
    if (!useful)
        pie_explain_no_image(reply, ret, err);
    return useful ? APIPIE_OK : err->code;
}

apipie_status pie_answer_parts(const struct pie_reply *reply, struct apipie_result *ret)
{
    apipie_status status = APIPIE_OK;
    for (size_t i = 0; i < reply->part_count && status == APIPIE_OK; i++)
        status = pie_answer_part(ret, &reply->parts[i], pie_answer_index(&reply->parts[i]));
    return status;
}

void pie_answer_route(const struct pie_call *c, struct apipie_result *ret)
{
    if (pie_answer_text(ret->mem, pie_slice_text(c->model), &ret->model) != APIPIE_OK ||
        pie_answer_text(ret->mem, pie_slice_text(c->provider), &ret->provider) != APIPIE_OK)
        pie_result_warn(ret, "out of memory: some texts of the reply are missing", NULL);
}

apipie_status pie_answer_decode(const struct pie_call *c, const struct pie_reply *reply,
                                struct apipie_result *ret, struct apipie_error *err)
{
    apipie_status status = pie_answer_parts(reply, ret);
    if (status != APIPIE_OK)
        return status;
    /* The picture is there: a text that found no memory is not worth losing it. */
    if (answer_items(reply->root, ret) != APIPIE_OK ||
        answer_names(c, reply->root, ret) != APIPIE_OK)
        pie_result_warn(ret, "out of memory: some texts of the reply are missing", NULL);
    answer_usage(reply->root, &ret->usage);
    return pie_answer_end(c, reply, ret, err);
}
