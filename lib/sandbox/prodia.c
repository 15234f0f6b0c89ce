/* SPDX-License-Identifier: MIT */
/* Knows Prodia's inference API (https://docs.prodia.com/reference/inference): types of jobs, their configs and inputs, and the three
 * forms of a reply; must not know HTTP. */
#include "sandbox/wires_priv.h"

/* What a job begins with. */
enum { PRO2_DRAWS, PRO2_STARTS, PRO2_FILLS };

const struct pie_model pie_sandbox_prodia[PIE_SANDBOX_PRODIA] = {
    {.provider = "prodia", .model = "inference.sdxl.txt2img.v1", .description = "", .best_for = ""},
    {.provider = "prodia", .model = "v2.job.sdxl.txt2img", .description = "", .best_for = ""},
    {.provider = "prodia", .model = "inference.sd15.txt2img.v1", .description = "", .best_for = ""},
    {.provider = "prodia",
     .model = "inference.flux.schnell.txt2img.v2",
     .description = "",
     .best_for = ""},
    {.provider = "prodia", .model = "inference.sdxl.img2img.v1", .description = "", .best_for = ""},
    {.provider = "prodia",
     .model = "inference.flux.dev.img2img.v1",
     .description = "",
     .best_for = ""},
    {.provider = "prodia",
     .model = "inference.sdxl.inpainting.v1",
     .description = "",
     .best_for = ""},
};

static const struct pie_rule pro2_job_rules[] = {
    {"type", PIE_JSON_TEXT, 1, 1, 200, NULL},
    {"config", PIE_JSON_OBJECT, 1, 0, 0, NULL},
};

#define PRO2_STYLES                                                                                \
    "3d-model analog-film anime cinematic comic-book digital-art enhance fantasy-art isometric "   \
    "line-art low-poly neon-punk origami photographic pixel-art texture craft-clay"
#define PRO2_COMMON                                                                                \
    {"prompt", PIE_JSON_TEXT, 1, 1, 4096, NULL}, {"seed", PIE_RULE_WHOLE, 0, 0, 0, NULL},          \
        {"width", PIE_RULE_WHOLE, 0, 256, 1920, NULL},                                             \
        {"height", PIE_RULE_WHOLE, 0, 256, 1920, NULL},                                            \
        {"style_preset", PIE_JSON_TEXT, 0, 0, 0, PRO2_STYLES},                                     \
    {                                                                                              \
        "progressive", PIE_JSON_BOOL, 0, 0, 0, NULL                                                \
    }
#define PRO2_STABLE                                                                                \
    {"negative_prompt", PIE_JSON_TEXT, 0, 0, 4096, NULL},                                          \
        {"steps", PIE_RULE_WHOLE, 0, 1, 100, NULL},                                                \
    {                                                                                              \
        "guidance_scale", PIE_JSON_NUMERIC, 0, 0, 100, NULL                                        \
    }
#define PRO2_STRENGTH                                                                              \
    {                                                                                              \
        "strength", PIE_JSON_NUMERIC, 0, 0, 1, NULL                                                \
    }
#define PRO2_LORAS                                                                                 \
    {                                                                                              \
        "loras", PIE_JSON_ARRAY, 0, 0, 3, NULL                                                     \
    }

static const struct pie_rule pro2_stable[] = {PRO2_COMMON, PRO2_STABLE};
static const struct pie_rule pro2_stable_from[] = {PRO2_COMMON, PRO2_STABLE, PRO2_STRENGTH};
static const struct pie_rule pro2_schnell[] = {
    PRO2_COMMON, PRO2_LORAS, {"steps", PIE_RULE_WHOLE, 0, 1, 4, NULL}};
static const struct pie_rule pro2_dev_from[] = {
    PRO2_COMMON,
    PRO2_LORAS,
    PRO2_STRENGTH,
    {"steps", PIE_RULE_WHOLE, 0, 1, 100, NULL},
    {"guidance_scale", PIE_JSON_NUMERIC, 0, 0, 20, NULL}};

/* In the order of the types. */
static const struct pro2_type {
    const struct pie_rule *rules;
    size_t rule_count;
    int32_t begins, steps;
} pro2_types[PIE_SANDBOX_PRODIA] = {
    {pro2_stable, PIE_COUNT(pro2_stable), PRO2_DRAWS, 25},
    {pro2_stable, PIE_COUNT(pro2_stable), PRO2_DRAWS, 25},
    {pro2_stable, PIE_COUNT(pro2_stable), PRO2_DRAWS, 25},
    {pro2_schnell, PIE_COUNT(pro2_schnell), PRO2_DRAWS, 4},
    {pro2_stable_from, PIE_COUNT(pro2_stable_from), PRO2_STARTS, 25},
    {pro2_dev_from, PIE_COUNT(pro2_dev_from), PRO2_STARTS, 25},
    {pro2_stable_from, PIE_COUNT(pro2_stable_from), PRO2_FILLS, 25},
};

/* How the reply is to come. */
enum { PRO2_RAW, PRO2_JSON, PRO2_FORM };

#define PRO2_BOUNDARY "----prodia-9f4c1d6b7a2e48d0b35f"

struct pro2_order {
    const struct pie_model *model;
    const struct pro2_type *type;
    const struct pie_node *config;
    struct pie_slice prompt;
    int32_t form; /* PRO2_RAW and the others */
    int32_t width, height;
    int64_t steps;
    uint64_t seed;
    uint32_t look; /* of all that changes the picture */
    struct pie_inputs inputs;
};

/* ---- errors */

static void pro2_error(struct pie_answer *answer, int32_t status, const char *code,
                       const char *message, const char *param)
{
    (void)param;
    if (code != NULL && strcmp(code, "insufficient_quota") == 0) {
        status = 402;
        message = "Insufficient credits: the account has no credit left.";
    }
    pie_buf_clear(&answer->body);
    answer->status = status;
    answer->mime = status == 401 ? "text/plain" : "application/json";
    if (status == 401) {
        pie_buf_add_text(&answer->body, message);
        return;
    }
    pie_buf_add_text(&answer->body, "{\"error\":");
    pie_json_string(&answer->body, pie_slice_text(message));
    pie_buf_add_char(&answer->body, '}');
}

static void pro2_part(struct pie_buf *out, const char *name, const char *file, const char *type,
                      struct pie_slice bytes)
{
    pie_buf_add_text(out, "--" PRO2_BOUNDARY "\r\nContent-Disposition: form-data; name=\"");
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, "\"; filename=\"");
    pie_buf_add_text(out, file);
    pie_buf_add_text(out, "\"\r\nContent-Type: ");
    pie_buf_add_text(out, type);
    pie_buf_add_text(out, "\r\n\r\n");
    pie_buf_add_slice(out, bytes);
    pie_buf_add_text(out, "\r\n");
}

/* The job, and a picture (empty: none), as the one form that holds both. */
static void pro2_form(struct pie_answer *answer, struct pie_slice job, struct pie_slice picture)
{
    struct pie_buf *out = &answer->body;

    answer->mime = "multipart/form-data; boundary=" PRO2_BOUNDARY;
    pro2_part(out, "job", "job.json", "application/json", job);
    if (picture.n != 0)
        pro2_part(out, "output", "output.png", "image/png", picture);
    pie_buf_add_text(out, "--" PRO2_BOUNDARY "--\r\n");
}

/* What is said of a job comes the way that the job would have. */
static void pro2_say_in_form(struct pie_answer *answer)
{
    struct pie_buf job = answer->body;

    if (strcmp(answer->mime, "application/json") != 0)
        return;
    pie_buf_init(&answer->body, job.mem, job.max);
    pro2_form(answer, pie_buf_slice(&job), pie_slice("", 0));
    pie_buf_free(&job);
}

static apipie_status pro2_refuse(struct pie_answer *answer, const char *message)
{
    pro2_error(answer, 400, NULL, message, NULL);
    return APIPIE_E_ARGUMENT;
}

static apipie_status pro2_refuse_breach(struct pie_answer *answer, const struct pie_breach *b)
{
    static const char *const ends[] = {
        [PIE_BREACH_UNKNOWN] = "' is not known for this type of job.",
        [PIE_BREACH_MISSING] = "' is required.",
        [PIE_BREACH_KIND] = "' has the wrong type.",
        [PIE_BREACH_LOW] = "' is below what is allowed.",
        [PIE_BREACH_HIGH] = "' is above what is allowed.",
        [PIE_BREACH_CHOICE] = "' has an unknown value.",
    };
    char text[PIE_ANSWER_SAY];

    pie_answer_say(text, "'", pie_slice_text(b->name), ends[b->what]);
    return pro2_refuse(answer, text);
}

/* ---- reading */

/* "multipart/form-data; image/png", "image/png", "application/json". */
static apipie_status pro2_accept(const struct pie_call *call, struct pie_answer *answer,
                                 int32_t *ret)
{
    static const struct {
        const char *accept;
        int32_t form;
    } known[] = {
        {"", PRO2_RAW},
        {"*/*", PRO2_RAW},
        {"image/png", PRO2_RAW},
        {"application/json", PRO2_JSON},
        {"multipart/form-data", PRO2_FORM},
        {"multipart/form-data; image/png", PRO2_FORM},
    };
    struct pie_slice accept = pie_call_header(call, "Accept");

    for (size_t i = 0; i < PIE_COUNT(known); i++)
        if (accept.n == strlen(known[i].accept) &&
            pie_slice_starts_nocase(accept, known[i].accept)) {
            *ret = known[i].form;
            return APIPIE_OK;
        }
    return pro2_refuse(answer, "This 'Accept' is not in the sandbox, which draws image/png alone, "
                               "and says it as such, as application/json or in "
                               "multipart/form-data.");
}

static apipie_status pro2_find_type(struct pie_slice type, struct pie_answer *answer,
                                    struct pro2_order *o)
{
    char text[PIE_ANSWER_SAY];

    for (size_t i = 0; i < PIE_SANDBOX_PRODIA; i++)
        if (pie_slice_equal(type, pie_sandbox_prodia[i].model)) {
            o->model = &pie_sandbox_prodia[i];
            o->type = &pro2_types[i];
            return APIPIE_OK;
        }
    pie_answer_say(text, "There is no type of a job of that name: ", type, ".");
    return pro2_refuse(answer, text);
}

static apipie_status pro2_loras(const struct pie_node *list, struct pie_answer *answer)
{
    for (size_t i = 0; i < pie_node_count(list); i++)
        if (pie_node_kind(pie_node_at(list, i)) != PIE_JSON_TEXT)
            return pro2_refuse(answer, "'loras' has names alone.");
    return APIPIE_OK;
}

/* Pictures by the order in which they came; the one behind the picture is the mask. */
static apipie_status pro2_input(const struct pie_field *part, struct pie_answer *answer,
                                struct pro2_order *o)
{
    struct pie_probe probe;

    pie_probe(part->body, &probe);
    if (probe.kind == PIE_PROBE_OTHER)
        return pro2_refuse(answer, "An 'input' cannot be read as a picture.");
    if (o->type->begins == PRO2_FILLS && o->inputs.count == 1 && o->inputs.mask_bytes == 0)
        pie_inputs_mask(&o->inputs, part->body);
    else
        pie_box_inputs_add(&o->inputs, part->body, &probe);
    return APIPIE_OK;
}

static int32_t pro2_twice(const struct pie_fields *form, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (pie_call_same(form->parts[i].filename, form->parts[index].filename))
            return 1;
    return 0;
}

/* form NULL: the job came alone. */
static apipie_status pro2_inputs(const struct pie_fields *form, struct pie_answer *answer,
                                 struct pro2_order *o)
{
    static const size_t wanted[] = {[PRO2_DRAWS] = 0, [PRO2_STARTS] = 1, [PRO2_FILLS] = 2};
    size_t count = 0;

    for (size_t i = 0; form != NULL && i < form->count; i++) {
        const struct pie_field *part = &form->parts[i];

        if (pie_slice_equal(part->name, "job"))
            continue;
        if (!pie_slice_equal(part->name, "input") || !part->is_file)
            return pro2_refuse(answer, "A form has one 'job' and files called 'input'.");
        if (pro2_twice(form, i))
            return pro2_refuse(answer, "Each 'input' needs a file name of its own.");
        if (++count <= wanted[o->type->begins] && pro2_input(part, answer, o) != APIPIE_OK)
            return APIPIE_E_ARGUMENT;
    }
    if (count == wanted[o->type->begins])
        return APIPIE_OK;
    return pro2_refuse(answer, count == 0 ? "The job needs an 'input'."
                                          : "The job takes another number of 'input's.");
}

/* A picture's own size where none is asked for. */
static void pro2_fill(struct pro2_order *o)
{
    static const char *const looks[] = {"prompt", "negative_prompt", "style_preset",
                                        "guidance_scale", "strength"};
    const struct pie_node *seed = pie_node_get(o->config, "seed");
    int64_t v = o->inputs.first.width > 0 ? o->inputs.first.width : 1024;

    o->prompt = pie_node_text(pie_node_get(o->config, "prompt"));
    (void)pie_node_int(pie_node_get(o->config, "width"), &v);
    o->width = (int32_t)v;
    v = o->inputs.first.height > 0 ? o->inputs.first.height : 1024;
    (void)pie_node_int(pie_node_get(o->config, "height"), &v);
    o->height = (int32_t)v;
    o->steps = o->type->steps;
    (void)pie_node_int(pie_node_get(o->config, "steps"), &o->steps);
    if (seed == NULL)
        o->seed = pie_random_below(UINT32_MAX);
    o->look = pie_draw_hash(PIE_DRAW_HASH, pie_slice_text(o->model->model));
    for (size_t i = 0; i < PIE_COUNT(looks); i++)
        o->look = pie_draw_hash(o->look, pie_node_text(pie_node_get(o->config, looks[i])));
    o->look = pie_draw_hash_uint(o->look, (uint64_t)o->steps);
    o->look = pie_draw_hash_uint(o->look, o->inputs.hash);
    o->look = pie_draw_hash_uint(o->look, o->seed);
}

static apipie_status pro2_read(const struct pie_node *job, const struct pie_fields *form,
                               struct pie_answer *answer, struct pro2_order *o)
{
    struct pie_breach breach;

    if (pie_node_kind(job) != PIE_JSON_OBJECT)
        return pro2_refuse(answer, "The job is no JSON object.");
    if (pie_rules_check(job, pro2_job_rules, PIE_COUNT(pro2_job_rules), 0, &breach) != APIPIE_OK)
        return pro2_refuse_breach(answer, &breach);
    if (pro2_find_type(pie_node_text(pie_node_get(job, "type")), answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    o->config = pie_node_get(job, "config");
    if (pie_rules_check(o->config, o->type->rules, o->type->rule_count, 0, &breach) != APIPIE_OK)
        return pro2_refuse_breach(answer, &breach);
    if (pie_node_get(o->config, "seed") != NULL &&
        pie_node_uint(pie_node_get(o->config, "seed"), &o->seed) != APIPIE_OK)
        return pro2_refuse(answer, "'seed' is below or above what is allowed.");
    if (pro2_loras(pie_node_get(o->config, "loras"), answer) != APIPIE_OK ||
        pro2_inputs(form, answer, o) != APIPIE_OK)
        return APIPIE_E_ARGUMENT;
    if (o->inputs.first.width > 1920 || o->inputs.first.height > 1920)
        return pro2_refuse(answer, "The 'input' is larger than 1920x1920.");
    pro2_fill(o);
    return APIPIE_OK;
}

/* ---- drawing */

static void pro2_price(const struct pie_call *call, const struct pro2_order *o,
                       const struct pie_fault *f, struct pie_buf *out)
{
    const char *quote = f->set & PIE_FAULT_COSTSTRING ? "\"" : "";

    pie_buf_add_text(out, ",\"price\":");
    if (!pie_slice_equal(pie_call_query(call, "price"), "true") || f->set & PIE_FAULT_NOUSAGE) {
        pie_buf_add_text(out, "null");
        return;
    }
    pie_buf_add_text(out, "{\"product\":");
    pie_json_string(out, pie_slice_text(o->model->model));
    pie_buf_add_text(out, ",\"dollars\":");
    pie_buf_add_text(out, quote);
    pie_price_write(pie_price_cost("prodia", o->width, o->height, 0), out);
    pie_buf_add_text(out, quote);
    pie_buf_add_char(out, '}');
}

static void pro2_time(struct pie_buf *out, const char *name, int64_t ms)
{
    char text[PIE_NUMBER_MAX];

    pie_number_iso_text(ms, text);
    pie_buf_add_text(out, name);
    pie_buf_add_text(out, text);
    pie_buf_add_char(out, '"');
}

/* The config as it came, and the seed that was taken. */
static void pro2_config(const struct pro2_order *o, struct pie_buf *out)
{
    pie_buf_add_text(out, ",\"config\":{\"seed\":");
    pie_buf_add_uint(out, o->seed);
    for (size_t i = 0; i < pie_node_count(o->config); i++) {
        const char *key = NULL;
        const struct pie_node *value = pie_node_member(o->config, i, &key);

        if (strcmp(key, "seed") == 0)
            continue;
        pie_buf_add_char(out, ',');
        pie_json_string(out, pie_slice_text(key));
        pie_buf_add_char(out, ':');
        pie_node_write(value, out);
    }
    pie_buf_add_char(out, '}');
}

static void pro2_job(const struct pie_call *call, const struct pro2_order *o,
                     const struct pie_fault *f, struct pie_buf *out)
{
    const int64_t now = pie_clock_wall_ms();
    const int64_t took = pie_price_latency("prodia", o->width, o->height, 0);
    char id[PIE_ANSWER_ID];

    pie_answer_id(id);
    pie_buf_add_text(out, "{\"id\":\"");
    pie_buf_add_text(out, id);
    pie_buf_add_text(out, "\",\"type\":");
    pie_json_string(out, pie_slice_text(o->model->model));
    pro2_config(o, out);
    pro2_time(out, ",\"created_at\":\"", now - took);
    pro2_time(out, ",\"updated_at\":\"", now);
    pro2_time(out, ",\"expires_at\":\"", now + 3600000);
    if (f->set & PIE_FAULT_JOBFAIL)
        pie_buf_add_text(out,
                         ",\"state\":{\"current\":\"failed\"},\"error\":\"the worker was lost\"");
    else
        pie_buf_add_text(out, ",\"state\":{\"current\":\"completed\"}");
    pie_buf_add_text(out, ",\"metrics\":{\"elapsed\":");
    pie_price_write(took * 1000, out); /* seconds, as dollars are written */
    pie_buf_add_text(out, ",\"ips\":12.5}");
    pro2_price(call, o, f, out);
    pie_buf_add_char(out, '}');
}

static void pro2_answer(const struct pro2_order *o, const struct pie_buf *job,
                        struct pie_slice picture, struct pie_answer *answer)
{
    if (o->form == PRO2_FORM) {
        pro2_form(answer, pie_buf_slice(job), picture);
        return;
    }
    if (o->form == PRO2_RAW && picture.n != 0) {
        answer->mime = "image/png";
        pie_buf_add_slice(&answer->body, picture);
        return;
    }
    pie_buf_add_slice(&answer->body, pie_buf_slice(job));
}

static void pro2_reply(struct apipie_sandbox *box, const struct pie_call *call,
                       const struct pro2_order *o, const struct pie_fault *f,
                       struct pie_answer *answer)
{
    const struct pie_drawing d = {o->prompt, o->look, o->width, o->height, 1};
    const int32_t none = PIE_FAULT_NOIMAGE | PIE_FAULT_FEWER | PIE_FAULT_JOBFAIL;
    struct pie_buf job, picture;
    apipie_status status = APIPIE_OK;

    pie_buf_init(&job, &pie_mem_libc, PIE_SANDBOX_TEXT_MAX);
    pie_buf_init(&picture, &pie_mem_libc, PIE_SANDBOX_REPLY_MAX);
    if (!(f->set & none))
        status = pie_draw(&d, &picture);
    pro2_job(call, o, f, &job);
    if (status == APIPIE_OK && job.failed == APIPIE_OK)
        pro2_answer(o, &job, pie_buf_slice(&picture), answer);
    if (status != APIPIE_OK || job.failed != APIPIE_OK || answer->body.failed != APIPIE_OK)
        pro2_error(answer, 500, NULL, "The server had an error.", NULL);
    else if (!(f->set & (PIE_FAULT_FEWER | PIE_FAULT_JOBFAIL)))
        pie_bill(box, o->model, o->prompt, pie_price_cost("prodia", o->width, o->height, 0),
                 pie_price_latency("prodia", o->width, o->height, 0), f);
    pie_buf_free(&job);
    pie_buf_free(&picture);
}

static void pro2_draw(struct apipie_sandbox *box, const struct pie_call *call,
                      const struct pro2_order *o, struct pie_answer *answer)
{
    struct pie_fault fault;

    if (pie_spoil_choose(box, o->model, call->fault, answer, &fault) != APIPIE_OK)
        return;
    pie_box_note(box, &o->inputs, &o->seed, o->steps);
    if (fault.set & PIE_FAULT_REFUSED) {
        pie_spoil_refuse(&fault, answer, pro2_error);
        if (o->form == PRO2_FORM && fault.set & (PIE_FAULT_CONTENT | PIE_FAULT_ERROR200))
            pro2_say_in_form(answer);
    } else {
        pro2_reply(box, call, o, &fault, answer);
    }
    if (o->form == PRO2_FORM)
        fault.set &= ~PIE_FAULT_WRONGMIME; /* the type has the boundary */
    pie_spoil_answer(box, &fault, answer);
}

/* The job in one of the parts of a form. */
static apipie_status pro2_form_job(const struct pie_fields *form, struct pie_answer *answer,
                                   struct pie_doc **ret)
{
    const struct pie_field *part = pie_fields_find(form, "job", 0);
    struct pie_intake in;
    apipie_status status;

    if (part == NULL || pie_fields_find(form, "job", 1) != NULL)
        return pro2_refuse(answer, "A form has one part called 'job', and one alone.");
    if (!part->is_file || !pie_media_is(part->mime, "application/json"))
        return pro2_refuse(answer, "The part 'job' is a file of application/json.");
    pie_intake_init(&in, 1);
    pie_intake_write(&in, part->body.p, part->body.n);
    status = pie_intake_end(&in, ret);
    pie_intake_free(&in);
    return status == APIPIE_OK ? APIPIE_OK : pro2_refuse(answer, "The job is no JSON.");
}

static void pro2_jobs(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer)
{
    struct pie_doc *doc = NULL;
    struct pie_fields form;
    struct pro2_order o;
    apipie_status status;

    memset(&o, 0, sizeof(o));
    status = pro2_accept(call, answer, &o.form);
    if (status == APIPIE_OK && call->is_form)
        status = pie_fields_parse(call->media, call->body, &form) == APIPIE_OK
                     ? pro2_form_job(&form, answer, &doc)
                     : pro2_refuse(answer, "The form cannot be read.");
    else if (status == APIPIE_OK && !pie_media_is(call->media, "application/json"))
        status = pro2_refuse(answer, "Send application/json or multipart/form-data.");
    else if (status == APIPIE_OK && pie_call_json(call, &doc) != APIPIE_OK)
        status = pro2_refuse(answer, "The job is no JSON.");
    if (status == APIPIE_OK)
        status = pro2_read(pie_doc_root(doc), call->is_form ? &form : NULL, answer, &o);
    if (status == APIPIE_OK)
        pro2_draw(box, call, &o, answer);
    else if (o.form == PRO2_FORM)
        pro2_say_in_form(answer);
    pie_doc_free(doc);
}

/* ---- the door */

static const struct pie_route pro2_routes[] = {{"/job", "POST", pro2_jobs, 1}};

/* It says when to come again, and nothing else of its limits. */
static void pro2_no_rate(struct pie_answer *answer)
{
    pie_answer_no_rate(answer);
    answer->retry_after_ms[0] = '\0';
}

void pie_prodia_answer(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer)
{
    const char *allow;
    const struct pie_route *route =
        pie_route_find(pro2_routes, PIE_COUNT(pro2_routes), call, &allow);
    apipie_status status = APIPIE_OK;

    if (route == NULL) {
        pro2_error(answer, allow != NULL ? 405 : 404, NULL,
                   allow != NULL ? "Method not allowed" : "Not found", NULL);
        answer->allow = allow;
        return;
    }
    pie_call_arrived(box);
    if (!pie_sandbox_takes_key(box, pie_call_bearer(call))) {
        pro2_error(answer, 401, NULL, "token is invalid", NULL);
        return;
    }
    status = pie_call_throttle(box, answer, pro2_error);
    if (status == APIPIE_OK)
        pie_call_run(box, route, call, answer, pro2_error);
    pro2_no_rate(answer);
}
