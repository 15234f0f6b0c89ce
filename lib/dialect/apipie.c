/* SPDX-License-Identifier: MIT */
/* Knows the images route of the APIpie gateway (https://apipie.ai/docs/Features/Images); must not send anything. */
#include "dialect/apipie_priv.h"
#include "dialect/input_priv.h"

static const struct pie_path apipie_paths[] = {
    {"data[].b64_json", PIE_PATH_IMAGE},
    {"data[].url", PIE_PATH_URL},
    {"[].b64_json", PIE_PATH_IMAGE}, /* some servers leave the envelope out */
    {"[].url", PIE_PATH_URL},
    {NULL, 0},
};

/* Not documented for images. A gateway that hands on what OpenAI streams sends these events, whether they were asked for or not. */
static const struct pie_path apipie_event_paths[] = {
    {"b64_json", PIE_PATH_IMAGE},
    {"url", PIE_PATH_URL},
    {"type", PIE_PATH_NAME},
    {NULL, 0},
};
static const struct pie_event apipie_events[] = {
    {".partial_image", PIE_EVENT_PARTIAL},
    {"error", PIE_EVENT_ERROR},
    {NULL, 0},
};
static const struct pie_stream apipie_stream = {apipie_event_paths, apipie_events};

/* ---- encode */

/* Texts of a wish and what the gateway calls them. */
static const struct {
    const char *name;
    int32_t text;
} apipie_text_fields[] = {
    {"provider", PIE_WISH_PROVIDER},
    {"model", PIE_WISH_MODEL},
    {"prompt", PIE_WISH_PROMPT},
    {"negative_prompt", PIE_WISH_NEGATIVE},
    {"quality", PIE_WISH_QUALITY},
    {"style", PIE_WISH_STYLE},
    {"response_format", PIE_WISH_FORMAT},
    {"routing", PIE_WISH_ROUTING},
    {"user", PIE_WISH_USER},
    {"aspect_ratio", PIE_WISH_ASPECT},
};

static const struct {
    const char *name;
    uint32_t has;
} apipie_number_fields[] = {
    {"n", PIE_WISH_HAS_N},
    {"size", PIE_WISH_HAS_SIZE},
    {"steps", PIE_WISH_HAS_STEPS},
    {"strength", PIE_WISH_HAS_STRENGTH},
    {"cfg_scale", PIE_WISH_HAS_GUIDANCE},
    {"seed", PIE_WISH_HAS_SEED},
};

static int32_t apipie_has_number(const struct pie_call *c, uint32_t which)
{
    if (which == PIE_WISH_HAS_N)
        return c->n != 0;
    return which == PIE_WISH_HAS_SEED ? c->has_seed : (c->has & which) != 0;
}

/* A value never ends with the brace that opens the object. */
static void apipie_name(struct pie_buf *out, const char *name)
{
    if (out->failed == APIPIE_OK && out->p[out->n - 1] != '{')
        pie_buf_add_char(out, ',');
    pie_json_string(out, pie_slice_text(name));
    pie_buf_add_char(out, ':');
}

static void apipie_double(struct pie_buf *out, double v)
{
    char text[PIE_NUMBER_MAX];
    pie_number_double(v, text);
    pie_buf_add_text(out, text);
}

static void apipie_number(struct pie_buf *out, const struct pie_call *c, uint32_t which)
{
    switch (which) {
    case PIE_WISH_HAS_N:
        pie_buf_add_int(out, c->n);
        break;
    case PIE_WISH_HAS_SIZE:
        pie_buf_add_char(out, '"');
        pie_buf_add_int(out, c->width);
        pie_buf_add_char(out, 'x');
        pie_buf_add_int(out, c->height);
        pie_buf_add_char(out, '"');
        break;
    case PIE_WISH_HAS_STEPS:
        pie_buf_add_int(out, c->steps);
        break;
    case PIE_WISH_HAS_STRENGTH:
        apipie_double(out, c->strength);
        break;
    case PIE_WISH_HAS_GUIDANCE:
        apipie_double(out, c->guidance);
        break;
    default:
        pie_buf_add_uint(out, c->seed);
        break;
    }
}

/* The open object, without the pictures. */
static void apipie_fields(struct pie_buf *out, const struct pie_call *c)
{
    pie_buf_add_char(out, '{');
    for (size_t i = 0; i < PIE_COUNT(apipie_text_fields); i++) {
        const char *text = pie_call_text(c, apipie_text_fields[i].text);
        if (text == NULL)
            continue;
        apipie_name(out, apipie_text_fields[i].name);
        pie_json_string(out, pie_slice_text(text));
    }
    for (size_t i = 0; i < PIE_COUNT(apipie_number_fields); i++) {
        if (!apipie_has_number(c, apipie_number_fields[i].has))
            continue;
        apipie_name(out, apipie_number_fields[i].name);
        apipie_number(out, c, apipie_number_fields[i].has);
    }
    for (const struct pie_extra *e = c->wish->extras; e != NULL; e = e->next) {
        apipie_name(out, e->name);
        pie_buf_add_text(out, e->json);
    }
}

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

static void apipie_write(const struct pie_call *c, struct pie_buf *out)
{
    apipie_fields(out, c);
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const char *name = NULL;
        const struct pie_input *in = apipie_input(c, i, &name);
        if (in == NULL)
            continue;
        apipie_name(out, name);
        pie_input_json_short(out, in);
    }
    pie_buf_add_char(out, '}');
}

static apipie_status apipie_body(const struct pie_call *c, struct pie_http_request *q)
{
    apipie_fields(&q->text, c);
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const char *name = NULL;
        const struct pie_input *in = apipie_input(c, i, &name);
        if (in == NULL)
            continue;
        apipie_name(&q->text, name);
        pie_input_json(q, in, PIE_INPUT_AS_DATA_URI);
    }
    pie_buf_add_char(&q->text, '}');
    return pie_http_request_end_body(q);
}

static apipie_status apipie_header(struct pie_http_request *q, const char *name, const char *value)
{
    return pie_headers_add(&q->headers, pie_slice_text(name), pie_slice_text(value));
}

static apipie_status apipie_key(const char *key, struct pie_http_request *q)
{
    struct pie_buf line;
    pie_buf_init(&line, q->text.mem, PIE_HEADERS_MAX);
    pie_buf_reserve(&line, strlen("Bearer ") + strlen(key)); /* growing would leave copies behind */
    pie_buf_add_text(&line, "Bearer ");
    pie_buf_add_text(&line, key);
    apipie_status status = line.failed;
    if (status == APIPIE_OK)
        status = apipie_header(q, "Authorization", line.p);
    if (line.p != NULL)
        pie_mem_wipe(line.p, line.cap);
    pie_buf_free(&line);
    return status;
}

/* Keeps the memory, but neither a key nor a byte of what was asked before. */
static void apipie_empty(struct pie_leg *leg)
{
    struct pie_http_request *q = &leg->request;
    leg->purpose = leg->paid = leg->with_key = 0;
    q->once = q->public_only = 0;
    pie_http_request_clear_body(q);
    if (q->headers.text.p != NULL)
        pie_mem_wipe(q->headers.text.p, q->headers.text.cap);
    pie_headers_clear(&q->headers);
    pie_buf_clear(&q->url);
}

apipie_status pie_apipie_begin(const struct pie_call *c, const char *method, const char *path,
                               struct pie_leg *leg)
{
    struct pie_http_request *q = &leg->request;
    apipie_empty(leg);
    q->method = method;
    pie_buf_add_text(&q->url, c->base_url);
    pie_buf_add_text(&q->url, path);
    apipie_status status = q->url.failed;
    if (status == APIPIE_OK && c->key != NULL)
        status = apipie_key(c->key, q);
    if (status == APIPIE_OK)
        status = apipie_header(q, "Accept", "application/json");
    return status;
}

/* ---- what cannot be asked for */

/* A field that a setter or a route has set may not come again as an extra: servers disagree about which one counts. */
static int32_t apipie_field_is_set(const struct pie_call *c, const char *name)
{
    for (size_t i = 0; i < PIE_COUNT(apipie_text_fields); i++) {
        if (strcmp(apipie_text_fields[i].name, name) == 0 &&
            pie_call_text(c, apipie_text_fields[i].text) != NULL)
            return 1;
    }
    for (size_t i = 0; i < PIE_COUNT(apipie_number_fields); i++) {
        if (strcmp(apipie_number_fields[i].name, name) == 0 &&
            apipie_has_number(c, apipie_number_fields[i].has))
            return 1;
    }
    for (size_t i = 0; i < APIPIE_INPUTS; i++) {
        const char *input = NULL;
        if (apipie_input(c, i, &input) != NULL && strcmp(input, name) == 0)
            return 1;
    }
    return 0;
}

static apipie_status apipie_check_extras(const struct pie_call *c, struct apipie_error *err)
{
    for (const struct pie_extra *e = c->wish->extras; e != NULL; e = e->next) {
        if (apipie_field_is_set(c, e->name)) {
            pie_error_set(err, APIPIE_E_ARGUMENT, "use the setter or set_extra for it, not both",
                          "set_extra: another setter has set this field too: ", e->name, NULL);
            return err->code;
        }
    }
    return APIPIE_OK;
}

/* A reply that comes as events would be paid for, and could not be read. */
static apipie_status apipie_check_stream(const struct pie_wish *w, struct apipie_error *err)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        struct pie_slice json = pie_slice_trim(pie_slice_text(e->json));
        if (strcmp(e->name, "stream") != 0 || pie_slice_equal(json, "false") ||
            pie_slice_equal(json, "null"))
            continue;
        pie_error_set(err, APIPIE_E_UNSUPPORTED, "leave it out: the picture comes in one reply",
                      "set_extra: replies that are streams are not in this version: ", e->name,
                      NULL);
        return err->code;
    }
    return APIPIE_OK;
}

/* The number of pictures decides what is reserved and whether the call must be split. */
static apipie_status apipie_check_n(const struct pie_wish *w, struct apipie_error *err)
{
    for (const struct pie_extra *e = w->extras; e != NULL; e = e->next) {
        if (strcmp(e->name, "n") == 0) {
            pie_error_set(err, APIPIE_E_ARGUMENT, "use apipie_request_set_n(), -n",
                          "set_extra: this field has a setter that must be used: ", e->name, NULL);
            return err->code;
        }
    }
    return APIPIE_OK;
}

static apipie_status apipie_check(struct pie_call *c, struct pie_buf *notes,
                                  struct apipie_error *err)
{
    (void)notes;
    apipie_status status = apipie_check_extras(c, err);
    if (status == APIPIE_OK)
        status = apipie_check_n(c->wish, err);
    if (status == APIPIE_OK)
        status = apipie_check_stream(c->wish, err);
    if (status == APIPIE_OK && c->mask != NULL)
        pie_call_note(notes, "set_mask: the gateway documents no masks: ",
                      "whether this model heeded it, only the picture can tell");
    return status;
}

static apipie_status apipie_encode(const struct pie_call *c, struct pie_leg *leg,
                                   struct apipie_error *err)
{
    apipie_status status = apipie_check_extras(c, err);
    if (status == APIPIE_OK)
        status = pie_apipie_begin(c, "POST", "/images/generations", leg);
    if (status == APIPIE_OK)
        status = apipie_header(&leg->request, "Content-Type", "application/json");
    if (status != APIPIE_OK)
        return status;
    leg->purpose = APIPIE_PURPOSE_GENERATE;
    leg->paid = 1;
    leg->with_key = c->key != NULL;
    leg->request.once = 1;
    return apipie_body(c, &leg->request);
}

/* ---- decode */

static apipie_status apipie_set_text(const struct pie_mem *mem, struct pie_slice s, char **ret)
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

/* Bytes beat a url, and a url beats the news that something is broken. */
static apipie_status apipie_take_part(struct apipie_result *ret, const struct pie_part *part)
{
    size_t index = part->path < 0 ? 0 : part->index[0];
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
        return apipie_set_text(ret->mem, pie_slice_text(part->url), &image->url);
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

static void apipie_count(const struct pie_node *usage, const char *name, const char *other,
                         int64_t *ret)
{
    if (pie_node_int(pie_node_get(usage, name), ret) != APIPIE_OK && other != NULL)
        pie_node_int(pie_node_get(usage, other), ret);
    if (*ret < 0)
        *ret = APIPIE_UNKNOWN;
}

/* Servers that do not count answer zeros: that is no free picture. */
static void apipie_usage(const struct pie_node *root, struct pie_usage *u)
{
    const struct pie_node *usage = pie_node_get(root, "usage");
    if (pie_node_kind(usage) != PIE_JSON_OBJECT)
        usage = pie_node_get(root, "queryDetails");
    pie_node_money(pie_node_get(usage, "cost"), &u->cost);
    apipie_count(usage, "prompt_tokens", "promptTokens", &u->prompt_tokens);
    apipie_count(usage, "input_tokens", NULL, &u->prompt_tokens);
    apipie_count(usage, "completion_tokens", "output_tokens", &u->completion_tokens);
    apipie_count(usage, "total_tokens", "totalTokens", &u->total_tokens);
    apipie_count(usage, "latency_ms", "latencyMs", &u->latency_ms);
    if (u->cost <= 0 && u->prompt_tokens <= 0 && u->completion_tokens <= 0 &&
        u->total_tokens <= 0 && u->latency_ms <= 0) {
        u->cost = u->prompt_tokens = u->completion_tokens = APIPIE_UNKNOWN;
        u->total_tokens = u->latency_ms = APIPIE_UNKNOWN;
    }
}

static apipie_status apipie_names(const struct pie_call *c, const struct pie_node *root,
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
    apipie_status status = apipie_set_text(ret->mem, model, &ret->model);
    return status == APIPIE_OK ? apipie_set_text(ret->mem, provider, &ret->provider) : status;
}

static apipie_status apipie_item(const struct pie_node *item, struct apipie_result *ret, size_t i)
{
    struct pie_image *image = &ret->images[i];
    image->has_seed = pie_node_uint(pie_node_get(item, "seed"), &image->seed) == APIPIE_OK;
    return apipie_set_text(ret->mem, pie_node_text(pie_node_get(item, "revised_prompt")),
                           &image->revised_prompt);
}

/* What the reply says about each image, besides the image. */
static apipie_status apipie_items(const struct pie_node *root, struct apipie_result *ret)
{
    const struct pie_node *data = pie_node_get(root, "data");
    if (pie_node_kind(root) == PIE_JSON_ARRAY)
        data = root;
    size_t count = pie_node_kind(data) == PIE_JSON_ARRAY ? pie_node_count(data) : 0;
    /* More items than a reply may have images: only what has a part counts. */
    apipie_status status = count <= PIE_ITEMS_MAX ? pie_result_grow(ret, count) : APIPIE_OK;
    for (size_t i = 0; i < count && i < ret->count && status == APIPIE_OK; i++)
        status = apipie_item(pie_node_at(data, i), ret, i);
    return status;
}

static void apipie_say_why(struct apipie_result *ret)
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

static void apipie_warn_count(const struct pie_call *c, struct apipie_result *ret)
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
    apipie_status status = APIPIE_OK;
    int64_t created = APIPIE_UNKNOWN;
    int32_t useful = 0;
    for (size_t i = 0; i < reply->part_count && status == APIPIE_OK; i++)
        status = apipie_take_part(ret, &reply->parts[i]);
    if (status != APIPIE_OK)
        return status;
    /* The picture is there: a text that found no memory is not worth losing it. */
    if (apipie_items(reply->root, ret) != APIPIE_OK ||
        apipie_names(c, reply->root, ret) != APIPIE_OK)
        pie_result_warn(ret, "out of memory: some texts of the reply are missing", NULL);
    apipie_usage(reply->root, &ret->usage);
    if (pie_node_int(pie_node_get(reply->root, "created"), &created) == APIPIE_OK && created > 0 &&
        created < INT64_MAX / 1000)
        ret->created_ms = created * 1000;
    pie_explain_request_id(&reply->outcome->headers, ret->request_id);
    apipie_say_why(ret);
    apipie_warn_count(c, ret);
    apipie_warn_commands(c->wish, ret);
    for (size_t i = 0; i < ret->count; i++)
        useful |= ret->images[i].size != 0 || ret->images[i].url != NULL;
    if (useful && (reply->failed || pie_explain_has_error(reply->root)))
        pie_result_warn(ret, "the reply holds an error beside the picture; see its JSON", NULL);
    if (!useful)
        pie_explain_no_image(reply, ret, err);
    return useful ? APIPIE_OK : err->code;
}

/* It is not documented which of them a model takes: the gateway answers for that. */
const struct pie_dialect pie_dialect_apipie = {
    .name = "apipie",
    .paths = apipie_paths,
    .stream = &apipie_stream,
    .takes_texts = ~(UINT32_C(1) << PIE_WISH_SAMPLER | UINT32_C(1) << PIE_WISH_ENCODING),
    .takes_numbers = PIE_WISH_HAS_ALL,
    .takes_images = 1,
    .takes_mask = 1,
    .check = apipie_check,
    .encode = apipie_encode,
    .write = apipie_write,
    .decode = apipie_decode,
    .explain = pie_explain,
    .ask_history = pie_apipie_ask_history,
    .read_history = pie_apipie_read_history,
    .read_page = pie_apipie_read_page,
    .ask_models = pie_apipie_ask_models,
};
