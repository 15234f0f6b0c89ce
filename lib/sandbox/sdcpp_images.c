/* SPDX-License-Identifier: MIT */
/* Knows the routes of stable-diffusion.cpp that draw while the caller waits: OpenAI's and Automatic1111's as it speaks
 * them. Must not know its jobs. */
#include "sandbox/wires_priv.h"

#define IMAGES_OPEN  "<sd_cpp_extra_args>"
#define IMAGES_CLOSE "</sd_cpp_extra_args>"

/* A body that is no JSON, or JSON of a wrong type, is a 500 there. */
static apipie_status images_throw(struct pie_answer *answer, const char *message)
{
    pie_sdcpp_error2(answer, 500, "server_error", message);
    return APIPIE_E_ARGUMENT;
}

static apipie_status images_refuse(struct pie_answer *answer, const char *message)
{
    pie_sdcpp_error(answer, 400, NULL, message, NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status images_type(const struct pie_node *root, const char *name, int32_t kind,
                                 struct pie_answer *answer, struct pie_slice *ret)
{
    const struct pie_node *node = pie_node_get(root, name);

    *ret = pie_node_text(node);
    if (node == NULL || pie_node_kind(node) == kind)
        return APIPIE_OK;
    return images_throw(answer, kind == PIE_JSON_TEXT
                                    ? "[json.exception.type_error.302] type must be string"
                                    : "[json.exception.type_error.302] type must be number");
}

/* As std::stoi: blanks, a sign, digits, and whatever follows; *ret stays for what is no number. */
static struct pie_slice images_stoi(struct pie_slice s, int32_t *ret)
{
    int64_t v = 0;
    size_t i = 0, first;
    int32_t minus;

    while (i < s.n && pie_is_blank(s.p[i]))
        i++;
    minus = i < s.n && s.p[i] == '-';
    i += i < s.n && (s.p[i] == '-' || s.p[i] == '+') ? 1 : 0;
    for (first = i; i < s.n && pie_is_digit(s.p[i]) && v <= INT32_MAX; i++)
        v = v * 10 + (s.p[i] - '0');
    if (i == first || v > INT32_MAX)
        return pie_slice(s.p, 0);
    *ret = (int32_t)(minus ? -v : v);
    return s;
}

/* "64x64"; what cannot be read is passed over in silence. */
static void images_size(struct pie_slice size, struct pie_sdcpp_order *o)
{
    const char *x = size.n != 0 ? memchr(size.p, 'x', size.n) : NULL;
    size_t at = x != NULL ? (size_t)(x - size.p) : 0;

    if (x != NULL && images_stoi(pie_slice(size.p, at), &o->width).n != 0)
        (void)images_stoi(pie_slice(x + 1, size.n - at - 1), &o->height);
}

/* ---- <sd_cpp_extra_args> */

static size_t images_find(struct pie_slice s, size_t from, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = from; i + n <= s.n; i++)
        if (memcmp(s.p + i, part, n) == 0)
            return i;
    return s.n;
}

/* The first block counts, all are taken out: whoever types one ahead of ours wins. A block is on one line. */
static apipie_status images_extra(struct pie_sdcpp_order *o, struct pie_answer *answer)
{
    struct pie_slice prompt = pie_buf_slice(&o->prompt);
    struct pie_buf left, args;
    struct pie_intake in;
    struct pie_doc *doc = NULL;
    apipie_status status = APIPIE_OK;
    size_t at = 0;

    pie_buf_init(&left, &pie_mem_libc, PIE_SANDBOX_TEXT_MAX);
    pie_buf_init(&args, &pie_mem_libc, PIE_SANDBOX_TEXT_MAX);
    while (at < prompt.n) {
        size_t open = images_find(prompt, at, IMAGES_OPEN);
        size_t inside = open + sizeof(IMAGES_OPEN) - 1;
        size_t close = inside < prompt.n ? images_find(prompt, inside, IMAGES_CLOSE) : prompt.n;

        if (close == prompt.n || memchr(prompt.p + inside, '\n', close - inside) != NULL)
            break;
        pie_buf_add_slice(&left, pie_slice(prompt.p + at, open - at));
        if (args.n == 0)
            pie_buf_add_slice(&args, pie_slice(prompt.p + inside, close - inside));
        at = close + sizeof(IMAGES_CLOSE) - 1;
    }
    pie_buf_add_slice(&left, pie_slice(prompt.p + at, prompt.n - at));
    pie_buf_clear(&o->prompt);
    pie_buf_add_slice(&o->prompt, pie_buf_slice(&left));
    if (args.n != 0) {
        pie_intake_init(&in, 0);
        pie_intake_write(&in, args.p, args.n);
        status = pie_intake_end(&in, &doc);
        if (status == APIPIE_OK)
            status = pie_sdcpp_native(pie_doc_root(doc), o);
        pie_intake_free(&in);
        pie_doc_free(doc);
        if (status != APIPIE_OK)
            status = images_refuse(answer, "invalid sd_cpp_extra_args");
    }
    pie_buf_free(&left);
    pie_buf_free(&args);
    return status;
}

/* ---- answers */

static void images_item(struct pie_buf *out, const char *open, const struct pie_buf *png,
                        const char *close)
{
    if (out->p[out->n - 1] != '[')
        pie_buf_add_char(out, ',');
    pie_buf_add_text(out, open);
    pie_draw_base64(out, pie_buf_slice(png));
    pie_buf_add_text(out, close);
}

/* All pictures of a call, between `open` and `close` each. */
static apipie_status images_draw(struct apipie_sandbox *box, const struct pie_sdcpp_order *o,
                                 const struct pie_fault *f, const char *open, const char *close,
                                 struct pie_buf *out)
{
    int32_t count = f->set & PIE_FAULT_NOIMAGE ? 0 : o->n - (f->set & PIE_FAULT_FEWER ? 1 : 0);
    apipie_status status = pie_sdcpp_turn(box);
    struct pie_buf png;

    if (status != APIPIE_OK)
        return status;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    for (int32_t i = 0; i < count && status == APIPIE_OK; i++) {
        pie_buf_init(&png, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
        status = pie_sdcpp_draw(box, o, i, &png);
        if (status == APIPIE_OK)
            images_item(out, open, &png, close);
        pie_buf_free(&png);
    }
    pie_sdcpp_turn_end(box);
    return status == APIPIE_OK ? out->failed : status;
}

static void images_failed(struct pie_answer *answer, apipie_status status)
{
    if (status == APIPIE_E_CANCELLED)
        answer->cut = 1;
    else
        pie_sdcpp_error(answer, 500, NULL, "generate_image returned no results", NULL);
}

static void images_openai(struct apipie_sandbox *box, const struct pie_sdcpp_order *o,
                          const struct pie_fault *f, struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body;
    apipie_status status;

    pie_buf_add_text(out, "{\"created\":");
    pie_buf_add_int(out, pie_clock_wall_ms() / 1000);
    pie_buf_add_text(out, ",\"output_format\":\"png\",\"data\":[");
    status = images_draw(box, o, f, "{\"b64_json\":\"", "\"}", out);
    pie_buf_add_text(out, "]}");
    if (status != APIPIE_OK)
        images_failed(answer, status);
}

static void images_sdapi(struct apipie_sandbox *box, const struct pie_sdcpp_order *o,
                         const struct pie_node *root, const struct pie_fault *f,
                         struct pie_answer *answer)
{
    struct pie_buf *out = &answer->body, info;
    apipie_status status;

    pie_buf_init(&info, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    pie_buf_add_text(out, "{\"images\":[");
    status = images_draw(box, o, f, "\"", "\"", out);
    pie_buf_add_text(out, "],\"parameters\":");
    pie_node_write(root, out);
    pie_buf_add_text(&info, "{\"prompt\":");
    pie_json_string(&info, pie_buf_slice(&o->prompt));
    pie_buf_add_text(&info, ",\"seed\":");
    pie_buf_add_uint(&info, o->seed);
    pie_buf_add_text(&info, ",\"steps\":");
    pie_buf_add_int(&info, o->steps);
    pie_buf_add_char(&info, '}');
    pie_buf_add_text(out, ",\"info\":");
    pie_json_string(out, pie_buf_slice(&info));
    pie_buf_add_char(out, '}');
    pie_buf_free(&info);
    if (status != APIPIE_OK)
        images_failed(answer, status);
}

/* A good order: the fault that it meets, then the pictures. root NULL: the OpenAI family. */
static void images_serve(struct apipie_sandbox *box, const struct pie_call *call,
                         const struct pie_sdcpp_order *o, const struct pie_node *root,
                         struct pie_answer *answer)
{
    struct pie_fault fault;

    if (pie_spoil_choose(box, &pie_sandbox_local[1], call->fault, answer, &fault) != APIPIE_OK)
        return;
    if (fault.set & PIE_FAULT_REFUSED)
        pie_spoil_refuse(&fault, answer, pie_sdcpp_error);
    else if (root != NULL)
        images_sdapi(box, o, root, &fault, answer);
    else
        images_openai(box, o, &fault, answer);
    pie_spoil_answer(box, &fault, answer);
}

/* ---- the OpenAI family */

static apipie_status images_format(struct pie_slice format, int32_t edits,
                                   struct pie_answer *answer)
{
    if (format.n == 0 || pie_slice_equal(format, "png"))
        return APIPIE_OK;
    if (pie_slice_equal(format, "jpeg") || (!edits && pie_slice_equal(format, "webp")))
        return images_refuse(answer, "this output_format is not in the sandbox, which draws png");
    return images_refuse(answer, edits ? "invalid output_format, must be one of [png, jpeg]"
                                       : "invalid output_format, must be one of [png, jpeg, webp]");
}

static apipie_status images_finish(struct pie_sdcpp_order *o, struct pie_answer *answer)
{
    if (images_extra(o, answer) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    return pie_sdcpp_check(o) == APIPIE_OK ? APIPIE_OK : images_refuse(answer, "invalid params");
}

static apipie_status images_generation(const struct pie_node *root, struct pie_sdcpp_order *o,
                                       struct pie_answer *answer)
{
    struct pie_slice prompt, n, size, format, ignored;

    if (pie_node_kind(root) != PIE_JSON_OBJECT)
        return images_throw(answer, "[json.exception.type_error.306] cannot use value() with it");
    if (images_type(root, "prompt", PIE_JSON_TEXT, answer, &prompt) != APIPIE_OK ||
        images_type(root, "n", PIE_JSON_NUMERIC, answer, &n) != APIPIE_OK ||
        images_type(root, "size", PIE_JSON_TEXT, answer, &size) != APIPIE_OK ||
        images_type(root, "output_format", PIE_JSON_TEXT, answer, &format) != APIPIE_OK ||
        images_type(root, "output_compression", PIE_JSON_NUMERIC, answer, &ignored) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (prompt.n == 0)
        return images_refuse(answer, "prompt required");
    if (images_format(format, 0, answer) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    pie_buf_add_slice(&o->prompt, prompt);
    (void)images_stoi(n, &o->n);
    o->n = o->n > 1 ? o->n : 1;
    images_size(size, o);
    return images_finish(o, answer);
}

/* The body as JSON, or the answer that a throw makes of it. */
static apipie_status images_json(const struct pie_call *call, struct pie_answer *answer,
                                 struct pie_doc **ret)
{
    if (call->in->total == 0)
        return images_refuse(answer, "empty body");
    if (pie_call_json(call, ret) != APIPIE_OK)
        return images_throw(answer, "[json.exception.parse_error.101] parse error at line 1, "
                                    "column 1: syntax error while parsing value");
    return APIPIE_OK;
}

void pie_sdcpp_generations(struct apipie_sandbox *box, const struct pie_call *call,
                           struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct pie_sdcpp_order o;

    pie_sdcpp_order_init(&o);
    if (images_json(call, answer, &doc) == APIPIE_OK &&
        images_generation(pie_doc_root(doc), &o, answer) == APIPIE_OK)
        images_serve(box, call, &o, NULL, answer);
    pie_doc_free(doc);
    pie_sdcpp_order_free(&o);
}

/* A picture that cannot be read is left out without a word. */
static void images_files(const struct pie_fields *form, const char *name, struct pie_sdcpp_order *o)
{
    const struct pie_field *part;

    for (size_t i = 0; (part = pie_fields_find(form, name, i)) != NULL; i++) {
        struct pie_probe probe;

        pie_probe(part->body, &probe);
        if (part->is_file && probe.kind != PIE_PROBE_OTHER)
            pie_box_inputs_add(&o->inputs, part->body, &probe);
    }
}

static apipie_status images_edit(const struct pie_fields *form, struct pie_sdcpp_order *o,
                                 struct pie_answer *answer)
{
    const struct pie_field *mask = pie_fields_find(form, "mask", 0);
    int32_t many = pie_fields_find(form, "image[]", 0) != NULL;

    pie_buf_add_slice(&o->prompt, pie_fields_text(form, "prompt"));
    if (o->prompt.n == 0)
        return images_refuse(answer, "prompt required");
    if (!many && pie_fields_find(form, "image", 0) == NULL)
        return images_refuse(answer, "at least one image[] required");
    if (images_format(pie_fields_text(form, "output_format"), 1, answer) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    images_files(form, many ? "image[]" : "image", o);
    if (mask != NULL && mask->is_file)
        pie_inputs_mask(&o->inputs, mask->body);
    if (o->inputs.first.kind == PIE_PROBE_PNG) {
        o->width = o->inputs.first.width;
        o->height = o->inputs.first.height;
    }
    (void)images_stoi(pie_fields_text(form, "n"), &o->n);
    images_size(pie_fields_text(form, "size"), o);
    return images_finish(o, answer);
}

void pie_sdcpp_edits(struct apipie_sandbox *box, const struct pie_call *call,
                     struct pie_answer *answer)
{
    struct pie_fields form;
    struct pie_sdcpp_order o;

    pie_sdcpp_order_init(&o);
    if (!call->is_form)
        (void)images_refuse(answer, "Content-Type must be multipart/form-data");
    else if (pie_fields_parse(call->media, call->body, &form) != APIPIE_OK)
        (void)images_refuse(answer, "prompt required");
    else if (images_edit(&form, &o, answer) == APIPIE_OK)
        images_serve(box, call, &o, NULL, answer);
    pie_sdcpp_order_free(&o);
}

/* ---- the sdapi family */

static apipie_status images_a1111(const struct pie_node *root, int32_t image_route,
                                  struct pie_sdcpp_order *o, struct pie_answer *answer)
{
    const struct pie_node *images = pie_call_get(root, "init_images");
    struct pie_slice prompt = pie_node_text(pie_call_get(root, "prompt"));
    int64_t n = 1;

    if (pie_sdcpp_native(root, o) != APIPIE_OK)
        return images_throw(answer, "[json.exception.type_error.302] type must be number");
    (void)pie_node_int(pie_call_get(root, "batch_size"), &n);
    (void)pie_node_int(pie_call_get(root, "steps"), &o->steps);
    if (prompt.n == 0)
        return images_refuse(answer, "prompt required");
    if (o->width <= 0 || o->height <= 0)
        return images_refuse(answer, "width and height must be positive");
    o->n = (int32_t)(n < 1 ? 1 : n > PIE_SDCPP_N ? PIE_SDCPP_N : n);
    if (image_route && pie_node_count(images) == 0)
        return images_refuse(answer, "img2img requires init_images");
    for (size_t i = 0; image_route && i < pie_node_count(images); i++)
        if (pie_sdcpp_input(pie_node_text(pie_node_at(images, i)), 0, &o->inputs) != APIPIE_OK)
            return images_refuse(answer, "failed to decode init_images");
    if (image_route &&
        pie_sdcpp_input(pie_node_text(pie_call_get(root, "mask")), 1, &o->inputs) != APIPIE_OK)
        return images_refuse(answer, "failed to decode mask");
    return pie_sdcpp_check(o) == APIPIE_OK ? APIPIE_OK : images_refuse(answer, "invalid params");
}

static void images_sdapi_route(struct apipie_sandbox *box, const struct pie_call *call,
                               int32_t image_route, struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct pie_sdcpp_order o;

    pie_sdcpp_order_init(&o);
    o.seed = pie_random_below(INT32_MAX);
    if (images_json(call, answer, &doc) == APIPIE_OK &&
        images_a1111(pie_doc_root(doc), image_route, &o, answer) == APIPIE_OK)
        images_serve(box, call, &o, pie_doc_root(doc), answer);
    pie_doc_free(doc);
    pie_sdcpp_order_free(&o);
}

void pie_sdcpp_txt2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    images_sdapi_route(box, call, 0, answer);
}

void pie_sdcpp_img2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    images_sdapi_route(box, call, 1, answer);
}
