/* SPDX-License-Identifier: MIT */
/* What the files of the wires know of each other: a call without HTTP, pictures that come and go, and each wire's door. */
#ifndef PIE_WIRES_PRIV_H
#define PIE_WIRES_PRIV_H

#include "sandbox/sandbox_priv.h"

/* ---- draw.c */

#define PIE_DRAW_HASH 2166136261u /* of nothing */
#define PIE_DRAW_NEXT 40503u      /* from the seed of one picture of a call to the next */

struct pie_drawing {
    struct pie_slice prompt;
    uint32_t seed;
    int32_t width, height;
    int32_t coarse; /* 1; more: begun only, in blocks of that side */
};

apipie_status pie_draw(const struct pie_drawing *d, struct pie_buf *out);
apipie_status pie_draw_picture(const struct pie_drawing *d, struct pie_picture **ret);
void pie_draw_base64(struct pie_buf *out, struct pie_slice bytes);
/* Puts the picture into the store and writes its url. */
void pie_draw_link(struct apipie_sandbox *box, const struct pie_fault *f,
                   struct pie_picture *picture, struct pie_buf *out);
/* In quotes: the picture in base64 or its url, or what the fault puts there instead. */
void pie_draw_value(struct apipie_sandbox *box, const struct pie_fault *f, int32_t base64,
                    struct pie_picture *picture, struct pie_buf *out);
uint32_t pie_draw_hash(uint32_t h, struct pie_slice s);
uint32_t pie_draw_hash_uint(uint32_t h, uint64_t v);

/* ---- bill.c */

uint64_t pie_bill_tokens(struct pie_slice prompt);
int64_t pie_bill_characters(struct pie_slice text); /* of valid UTF-8 */
/* cost in microdollars. */
void pie_bill(struct apipie_sandbox *box, const struct pie_model *model, struct pie_slice prompt,
              int64_t cost, int64_t latency_ms, const struct pie_fault *f);

/* ---- fields.c: multipart/form-data. */

#define PIE_FIELDS_MAX 64

struct pie_field {
    struct pie_slice name, filename, mime, body;
    int32_t is_file; /* has a filename */
};

struct pie_fields {
    struct pie_field parts[PIE_FIELDS_MAX];
    size_t count;
};

/* APIPIE_E_ARGUMENT for what is not whole and exact. The parts borrow from body. */
apipie_status pie_fields_parse(struct pie_slice content_type, struct pie_slice body,
                               struct pie_fields *ret);
/* Number `index` of those with the name; NULL: there is none. */
const struct pie_field *pie_fields_find(const struct pie_fields *form, const char *name,
                                        size_t index);
/* Of the first, when it is no file. */
struct pie_slice pie_fields_text(const struct pie_fields *form, const char *name);

/* ---- probe.c: pictures that came. */

enum { PIE_PROBE_OTHER, PIE_PROBE_PNG, PIE_PROBE_JPEG, PIE_PROBE_WEBP };

struct pie_probe {
    int32_t kind;          /* OTHER as well for what is cut short */
    int32_t width, height; /* of a PNG */
    int32_t alpha;
};

struct pie_inputs {
    size_t count;
    uint64_t bytes, mask_bytes;
    uint32_t hash; /* of all, the mask included */
    struct pie_probe first;
};

void pie_probe(struct pie_slice bytes, struct pie_probe *ret);
apipie_status pie_probe_base64(struct pie_slice text, struct pie_buf *out);
void pie_box_inputs_add(struct pie_inputs *in, struct pie_slice bytes,
                        const struct pie_probe *probe);
void pie_inputs_mask(struct pie_inputs *in, struct pie_slice bytes);

/* ---- source.c: pictures that stand inside JSON. */

/* The bytes of a data: URI, or of a picture of ours by its url. APIPIE_E_ARGUMENT for anything else. */
apipie_status pie_source_read(struct apipie_sandbox *box, struct pie_slice url,
                              struct pie_buf *out);
/* The same, counted among the inputs; nothing is fetched: another https: url stands for its picture. APIPIE_E_MALFORMED for
 * bytes that are no picture. */
apipie_status pie_source_url(struct apipie_sandbox *box, struct pie_slice url,
                             struct pie_inputs *in);
/* Plain base64. The probe may be NULL. */
apipie_status pie_source_base64(struct pie_slice text, int32_t is_mask, struct pie_inputs *in,
                                struct pie_probe *ret);

/* ---- urlshare.c */

/* An upload by someone whose key is good; words: the fault in the header. */
void pie_urlshare(struct apipie_sandbox *box, struct pie_slice media, struct pie_slice body,
                  struct pie_slice words, struct pie_answer *answer);

/* ---- rules.c: the members of a JSON object, or the fields of a form, against a table. */

#define PIE_RULE_WHOLE 101 /* a kind beside PIE_JSON_*: a number without a fraction */
#define PIE_RULE_FILE  102 /* likewise, of a form */

struct pie_rule {
    const char *name;
    int32_t kind;
    int32_t needed;
    int64_t least, most; /* of a number; characters of a text; members of a list. Both 0: any */
    const char *choices; /* of a text, between blanks; NULL: any */
};

enum {
    PIE_BREACH_UNKNOWN = 1, /* no such rule */
    PIE_BREACH_MISSING,
    PIE_BREACH_KIND,
    PIE_BREACH_LOW,
    PIE_BREACH_HIGH,
    PIE_BREACH_CHOICE,
    PIE_BREACH_TWICE /* of a form alone */
};

struct pie_breach {
    int32_t what;
    const char *name;       /* of the member; NULL of a field */
    struct pie_slice shown; /* the same, of both */
    const struct pie_rule *rule;
    const struct pie_node *node;
};

/* Is it one of those between the blanks? */
int32_t pie_rules_choice(const char *choices, struct pie_slice text);
/* Only objects. APIPIE_E_ARGUMENT with the first breach in ret. nulls: null is as good as absent. */
apipie_status pie_rules_check(const struct pie_node *object, const struct pie_rule *rules,
                              size_t count, int32_t nulls, struct pie_breach *ret);

/* names: the rules that count, between blanks; needed: those that must be there. A number is one as JSON writes it. */
apipie_status pie_rules_form(const struct pie_fields *form, const struct pie_rule *rules,
                             size_t count, const char *names, const char *needed,
                             struct pie_breach *ret);

/* ---- call.c: one call, without HTTP. */

struct pie_call {
    const char *path; /* behind the wire's base, decoded */
    const char *method;
    struct pie_slice target;                      /* as it was sent: with the base and the query */
    struct pie_slice media, authorization, fault; /* headers */
    int32_t is_form;
    struct pie_intake *in;
    struct pie_slice body; /* of a form, and of a wire that wants the bytes */
    int64_t at_ms;
    void *connection; /* for pie_call_header() and pie_call_query() */
};

/* By name, trimmed; of a header that is not there NULL and 0. */
struct pie_slice pie_call_header(const struct pie_call *call, const char *name);
/* Of ?name=value, decoded. */
struct pie_slice pie_call_query(const struct pie_call *call, const char *name);

typedef void (*pie_call_fn)(struct apipie_sandbox *box, const struct pie_call *call,
                            struct pie_answer *answer);

struct pie_route {
    const char *path; /* one '*' stands for any text, pie_call_wild() */
    const char *method;
    pie_call_fn answer;
    int32_t draws; /* looks for its fault by itself, when the call has turned out good */
};

/* NULL: none; then *ret_allow is the method that the path takes, or NULL. */
const struct pie_route *pie_route_find(const struct pie_route *routes, size_t n,
                                       const struct pie_call *call, const char **ret_allow);
/* What stands for the '*' of that route; empty: the path is another one. */
struct pie_slice pie_call_wild(const struct pie_call *call, const char *path);
/* Of "Authorization: Bearer KEY"; empty: none. */
struct pie_slice pie_call_bearer(const struct pie_call *call);
int32_t pie_call_same(struct pie_slice a, struct pie_slice b);
/* A Content-Type without its parameters. */
int32_t pie_media_is(struct pie_slice media, const char *type);
/* One more that is to draw something, good or bad. */
void pie_call_arrived(struct apipie_sandbox *box);
/* Of those that may draw: is it one too many? APIPIE_E_LIMIT with the refusal in answer. */
apipie_status pie_call_throttle(struct apipie_sandbox *box, struct pie_answer *answer,
                                pie_error_fn error);
/* The body as JSON: APIPIE_OK, APIPIE_E_TOO_LARGE, APIPIE_E_MALFORMED, APIPIE_E_MEMORY. */
apipie_status pie_call_json(const struct pie_call *call, struct pie_doc **ret);
/* Answers; a call that draws nothing is spoilt by the words that it brings, and by no others. */
void pie_call_run(struct apipie_sandbox *box, const struct pie_route *route,
                  const struct pie_call *call, struct pie_answer *answer, pie_error_fn error);
/* "null", as good as absent. */
const struct pie_node *pie_call_get(const struct pie_node *object, const char *key);
/* A member that was held against its rule; `otherwise` where it is absent. */
int64_t pie_call_int(const struct pie_node *object, const char *key, int64_t otherwise);

/* What tests ask for afterwards; the lock is taken. */
void pie_call_count(struct apipie_sandbox *box, int32_t field);
/* seed NULL: there is none. */
void pie_box_note(struct apipie_sandbox *box, const struct pie_inputs *in, const uint64_t *seed,
                  int64_t steps);

/* ---- wires.c: the whole servers, each below a base of its own. A new one is a line there. */

struct pie_wire {
    const char *name; /* of the dialect, and of which one where a dialect has two */
    const char *base;
    pie_call_fn answer;
    const struct pie_model *models; /* those that a fault can be set for */
    size_t model_count;
    int32_t wants_bytes; /* of every body, not of forms alone */
};

extern const struct pie_wire pie_wires[];
extern const size_t pie_wire_count;

/* ---- openai*.c */

void pie_openai_answer(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer);
void pie_openai_error(struct pie_answer *answer, int32_t status, const char *code,
                      const char *message, const char *param);
/* The message is a + "'" + name + "'" + b. APIPIE_E_ARGUMENT. */
apipie_status pie_openai_refuse(struct pie_answer *answer, const char *code, struct pie_slice param,
                                const char *a, const char *b);

enum {
    PIE_OPENAI_GENERATION = 1,
    PIE_OPENAI_FORM = 2, /* edits as a form */
    PIE_OPENAI_EDIT = 4, /* edits as JSON */
    PIE_OPENAI_VARIATION = 8
};

/* Families of models that take the same parameters. */
enum {
    PIE_OPENAI_DALLE2 = 1,
    PIE_OPENAI_DALLE3 = 2,
    PIE_OPENAI_GPT1 = 4,
    PIE_OPENAI_MINI = 8,
    PIE_OPENAI_GPT2 = 16,
    PIE_OPENAI_GPT = 4 | 8 | 16
};

#define PIE_OPENAI_ARGS 64
#define PIE_OPENAI_FILE 100 /* a kind beside PIE_JSON_* */

/* One parameter, from a form or from JSON. */
struct pie_openai_arg {
    struct pie_slice name, text;
    int32_t kind;
    const struct pie_node *node;  /* of JSON */
    const struct pie_field *part; /* of a form */
};

struct pie_openai_order {
    struct pie_openai_arg args[PIE_OPENAI_ARGS];
    size_t count;
    int32_t route, family;
    const struct pie_model *model;
    struct pie_slice prompt, quality, background;
    int32_t n, width, height, partials;
    int32_t high, base64, stream;
    struct pie_inputs inputs;
    uint32_t seed;
};

/* Both: APIPIE_OK, or APIPIE_E_ARGUMENT with the refusal in answer. One of root and form is NULL. */
apipie_status pie_openai_read(const struct pie_node *root, const struct pie_fields *form,
                              int32_t route, struct pie_answer *answer,
                              struct pie_openai_order *ret);
apipie_status pie_openai_pictures(struct apipie_sandbox *box, struct pie_answer *answer,
                                  struct pie_openai_order *o);
/* By name; NULL: absent or null. */
const struct pie_openai_arg *pie_openai_arg(const struct pie_openai_order *o, const char *name);
/* Draws, bills, writes. */
void pie_openai_reply(struct apipie_sandbox *box, const struct pie_openai_order *o,
                      const struct pie_fault *f, struct pie_answer *answer);

/* ---- sse.c: one event, with the traps that were asked for. */

void pie_sse_begin(struct pie_answer *answer, int32_t traps);
void pie_sse_event(struct pie_answer *answer, int32_t traps, const char *type,
                   struct pie_slice json);
void pie_sse_done(struct pie_answer *answer, int32_t traps);

/* ---- together.c, deepinfra*.c, bedrock*.c: each its door, and the models that it has. */

#define PIE_SANDBOX_TOGETHER 4
extern const struct pie_model pie_sandbox_together[PIE_SANDBOX_TOGETHER];
void pie_together_answer(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer);

#define PIE_SANDBOX_DEEPINFRA 7
extern const struct pie_model pie_sandbox_deepinfra[PIE_SANDBOX_DEEPINFRA];
void pie_deepinfra_answer(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer);
/* The last of the models edits pictures, and does nothing else. */
void pie_deepinfra_edits(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer);
/* Begins an answer of that status, whatever its shape; what it says. */
const char *pie_deepinfra_words(struct pie_answer *answer, int32_t status, const char *code,
                                const char *message);
/* {"error":{"message"}}, as the routes after OpenAI's have it. */
void pie_deepinfra_error(struct pie_answer *answer, int32_t status, const char *code,
                         const char *message, const char *param);

#define PIE_SANDBOX_BEDROCK 9
extern const struct pie_model pie_sandbox_bedrock[PIE_SANDBOX_BEDROCK];
void pie_bedrock_answer(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer);
/* {"message"} under the name of an exception: `code` is that, when it ends so, else it follows from the status. */
void pie_bedrock_error(struct pie_answer *answer, int32_t status, const char *code,
                       const char *message, const char *param);
/* An API key, or a signature. APIPIE_E_ARGUMENT with the refusal in answer. */
apipie_status pie_bedrock_check_caller(struct apipie_sandbox *box, const struct pie_call *call,
                                       struct pie_answer *answer);

/* What a call of InvokeModel asks for. */
struct pie_bedrock_order {
    const struct pie_model *model;
    int32_t artifacts; /* SDXL's way to answer */
    struct pie_slice prompt;
    int32_t width, height;
    int64_t steps; /* APIPIE_UNKNOWN: the model has none */
    uint64_t seed;
    uint32_t look; /* of all that changes the picture */
    struct pie_inputs inputs;
};

/* The body that `model`, one of the table above, reads. APIPIE_E_ARGUMENT with the refusal in answer. */
apipie_status pie_bedrock_read(const struct pie_node *root, const struct pie_model *model,
                               struct pie_answer *answer, struct pie_bedrock_order *ret);

/* ---- hash_openssl.c or hash_none.c, as the library was built */

#define PIE_SANDBOX_SHA256 32

/* 0: the others answer APIPIE_E_UNSUPPORTED. */
int32_t pie_sandbox_can_hash(void);
/* APIPIE_OK or APIPIE_E_INTERNAL. */
apipie_status pie_sandbox_sha256(struct pie_slice s, uint8_t out[PIE_SANDBOX_SHA256]);
apipie_status pie_sandbox_hmac(struct pie_slice key, struct pie_slice s,
                               uint8_t out[PIE_SANDBOX_SHA256]);

/* ---- prodia.c, prodia_v1.c: the API of jobs, and the one before. */

#define PIE_SANDBOX_PRODIA 7
extern const struct pie_model pie_sandbox_prodia[PIE_SANDBOX_PRODIA];
void pie_prodia_answer(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer);
#define PIE_SANDBOX_PRODIA_V1 12
extern const struct pie_model pie_sandbox_prodia_v1[PIE_SANDBOX_PRODIA_V1];
void pie_prodia_v1_answer(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer);
/* Forgets all jobs; nothing else runs any more. */
void pie_prodia_v1_close(struct apipie_sandbox *box);

/* ---- shapes.c: what Stability's models know, whoever serves them; choices of struct pie_rule. */

#define PIE_STABLE_RATIOS "16:9 1:1 21:9 2:3 3:2 4:5 5:4 9:16 9:21"
#define PIE_STABLE_STYLES                                                                          \
    "3d-model analog-film anime cinematic comic-book digital-art enhance fantasy-art isometric "   \
    "line-art low-poly modeling-compound neon-punk origami photographic pixel-art tile-texture"
#define PIE_STABLE_SAMPLERS                                                                        \
    "DDIM DDPM K_DPMPP_2M K_DPMPP_2S_ANCESTRAL K_DPM_2 K_DPM_2_ANCESTRAL K_EULER "                 \
    "K_EULER_ANCESTRAL K_HEUN K_LMS"
#define PIE_STABLE_PRESETS "FAST_BLUE FAST_GREEN NONE SIMPLE SLOW SLOWER SLOWEST"
#define PIE_STABLE_STARTS  "IMAGE_STRENGTH STEP_SCHEDULE"
#define PIE_STABLE_MASKS   "MASK_IMAGE_WHITE MASK_IMAGE_BLACK INIT_IMAGE_ALPHA"

/* What is drawn of that ratio; of none a square. */
void pie_stable_shape(struct pie_slice ratio, int32_t *ret_width, int32_t *ret_height);
/* Is it one of the sizes of SDXL 1.0? */
int32_t pie_stable_is_size(int64_t width, int64_t height);

/* ---- stability*.c */

#define PIE_SANDBOX_STABILITY 17
extern const struct pie_model pie_sandbox_stability[PIE_SANDBOX_STABILITY];
void pie_stability_answer(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer);
/* v2beta: {"errors":["field: message"],"id","name"}. */
void pie_stability_error(struct pie_answer *answer, int32_t status, const char *code,
                         const char *message, const char *param);
/* v1: {"id","message","name"}. */
void pie_stability_engine_error(struct pie_answer *answer, int32_t status, const char *code,
                                const char *message, const char *param);
/* "field: what is wrong with it", under that name. APIPIE_E_ARGUMENT. */
apipie_status pie_stability_refuse(struct pie_answer *answer, pie_error_fn error, const char *name,
                                   struct pie_slice field, const char *what);
apipie_status pie_stability_refuse_breach(struct pie_answer *answer, pie_error_fn error,
                                          const struct pie_breach *breach);
/* By its name; NULL: there is none. */
const struct pie_model *pie_stability_model(struct pie_slice name);

/* How the reply comes. */
enum { PIE_STABILITY_RAW, PIE_STABILITY_JSON };

struct pie_stability_order {
    const struct pie_model *model;
    struct pie_slice prompt;
    int32_t n, width, height;
    int64_t steps; /* APIPIE_UNKNOWN: the route has none */
    int64_t cost;  /* microdollars of a picture */
    uint64_t seed;
    uint32_t look; /* of all that changes the picture but the seed */
    int32_t way, engine, later;
    struct pie_inputs inputs;
};

/* What Accept asks for; none: `otherwise`. APIPIE_E_ARGUMENT with the refusal in answer. */
apipie_status pie_stability_way(const struct pie_call *call, int32_t otherwise,
                                struct pie_answer *answer, pie_error_fn error, int32_t *ret);
/* Text of a seed; of none, or of 0, any. */
uint64_t pie_stability_seed(struct pie_slice text);
/* A picture among the files of a form; NULL: none. */
apipie_status pie_stability_input(const struct pie_field *part, int32_t is_mask,
                                  struct pie_answer *answer, pie_error_fn error,
                                  struct pie_stability_order *o);
void pie_stability_form(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer);
void pie_stability_engine(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer);
/* A good order: its fault, then the picture, or the job. */
void pie_stability_draw(struct apipie_sandbox *box, const struct pie_call *call,
                        const struct pie_stability_order *o, struct pie_answer *answer);
void pie_stability_result(struct apipie_sandbox *box, const struct pie_call *call,
                          struct pie_answer *answer);
void pie_stability_close(struct apipie_sandbox *box);

/* ---- a1111*.c */

void pie_a1111_answer(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer);
/* {"error":"HTTPException","detail":message,...}; from 500 on an exception named by code. */
void pie_a1111_error(struct pie_answer *answer, int32_t status, const char *code,
                     const char *message, const char *param);
void pie_a1111_txt2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer);
void pie_a1111_img2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer);
/* Whatever names it: title, model name, hash, file; -1: unknown. */
int32_t pie_a1111_model(struct pie_slice name);
const char *pie_a1111_model_name(int32_t model);
const char *pie_a1111_model_hash(int32_t model);
int32_t pie_a1111_has_sampler(struct pie_slice name);

/* a1111_job.c */
/* Waits for the jobs before. APIPIE_E_CANCELLED when the sandbox stops. */
apipie_status pie_a1111_begin(struct apipie_sandbox *box, const struct pie_a1111 *job);
/* Number `no` of `count` takes its time. In thousandths how far it came; below 1000 after a skip or an interrupt. */
int32_t pie_a1111_pass(struct apipie_sandbox *box, int32_t no, int32_t count);
int32_t pie_a1111_is_interrupted(struct apipie_sandbox *box);
void pie_a1111_end(struct apipie_sandbox *box);
void pie_a1111_progress(struct apipie_sandbox *box, const struct pie_call *call,
                        struct pie_answer *answer);
void pie_a1111_interrupt(struct apipie_sandbox *box, const struct pie_call *call,
                         struct pie_answer *answer);
void pie_a1111_skip(struct apipie_sandbox *box, const struct pie_call *call,
                    struct pie_answer *answer);

/* ---- sdcpp*.c */

#define PIE_SDCPP_N     8 /* pictures a call */
#define PIE_SDCPP_QUEUE 64
#define PIE_SDCPP_JOBS  256

/* What stable-diffusion.cpp is to draw. */
struct pie_sdcpp_order {
    struct pie_buf prompt;
    int32_t n, width, height;
    int64_t steps;
    uint64_t seed;
    uint32_t look; /* hash of all else that changes the picture */
    struct pie_inputs inputs;
};

void pie_sdcpp_answer(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer);
/* {"error":message}, and the connection ends. */
void pie_sdcpp_error(struct pie_answer *answer, int32_t status, const char *code,
                     const char *message, const char *param);
/* {"error":what,"message":...} */
void pie_sdcpp_error2(struct pie_answer *answer, int32_t status, const char *error,
                      const char *message);
void pie_sdcpp_order_init(struct pie_sdcpp_order *o);
void pie_sdcpp_order_free(struct pie_sdcpp_order *o);
/* The members of the native body; also those inside <sd_cpp_extra_args>. APIPIE_E_ARGUMENT: one has a wrong type or
 * value. */
apipie_status pie_sdcpp_native(const struct pie_node *root, struct pie_sdcpp_order *o);
/* Native pictures: raw base64 or a data: URL. */
apipie_status pie_sdcpp_native_inputs(const struct pie_node *root, struct pie_sdcpp_order *o);
apipie_status pie_sdcpp_check(const struct pie_sdcpp_order *o);
/* A picture and its mask, as base64 with or without "data:...,"; text may be empty. */
apipie_status pie_sdcpp_input(struct pie_slice text, int32_t is_mask, struct pie_inputs *in);
/* One picture: waits for its turn and for the drawing time. APIPIE_E_CANCELLED when the sandbox stops. */
apipie_status pie_sdcpp_turn(struct apipie_sandbox *box);
void pie_sdcpp_turn_end(struct apipie_sandbox *box);
apipie_status pie_sdcpp_draw(struct apipie_sandbox *box, const struct pie_sdcpp_order *o,
                             int32_t index, struct pie_buf *out);

/* sdcpp_images.c */
void pie_sdcpp_generations(struct apipie_sandbox *box, const struct pie_call *call,
                           struct pie_answer *answer);
void pie_sdcpp_edits(struct apipie_sandbox *box, const struct pie_call *call,
                     struct pie_answer *answer);
void pie_sdcpp_txt2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer);
void pie_sdcpp_img2img(struct apipie_sandbox *box, const struct pie_call *call,
                       struct pie_answer *answer);

/* sdcpp_jobs.c */
void pie_sdcpp_submit(struct apipie_sandbox *box, const struct pie_call *call,
                      struct pie_answer *answer);
/* GET or POST .../cancel of /sdcpp/v1/jobs/...; path is what is behind that. */
void pie_sdcpp_job(struct apipie_sandbox *box, const struct pie_call *call, const char *path,
                   struct pie_answer *answer);
/* Ends the worker and forgets all; nothing else runs any more. */
void pie_sdcpp_close(struct apipie_sandbox *box);

#endif
