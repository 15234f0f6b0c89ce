/* SPDX-License-Identifier: MIT */
/* What the files of the sandbox know of each other. server.c alone sees libmicrohttpd, png.c libpng. */
#ifndef PIE_SANDBOX_PRIV_H
#define PIE_SANDBOX_PRIV_H

#include <apipie/sandbox.h>

#include "base/base.h"
#include "codec/codec.h"
#include "catalog/catalog.h"

#define PIE_SANDBOX_SIDE_MAX  2048
#define PIE_SANDBOX_N_MAX     10
#define PIE_SANDBOX_BODY_MAX  (400u * 1024 * 1024)
#define PIE_SANDBOX_TEXT_MAX  (1024 * 1024)        /* bytes of a prompt */
#define PIE_SANDBOX_REPLY_MAX (512u * 1024 * 1024) /* ten large pictures as base64 fit */

/* ---- noise.c: all from 0 to 1. */

float pie_hash(uint32_t seed, int32_t x, int32_t y);
float pie_noise(uint32_t seed, float x, float y);
/* Octaves of noise, each finer by 2; `sharp` folds them up to crests. */
float pie_fractal(uint32_t seed, float x, float y, int32_t octaves, int32_t sharp);

/* ---- light.c: what the words say of the hour and the weather. */

struct pie_rgb {
    float r, g, b;
};

struct pie_light {
    struct pie_rgb zenith, middle, low, sun, rock, wood;
    float sun_height; /* above the far shore, of what there is */
    float sun_size, night;
    int32_t snow, wood_near, wind, flat;
};

struct pie_light pie_light_for(struct pie_slice prompt, uint32_t seed);

/* ---- paint.c: a landscape, row by row. The same words and seed give the same picture. */

struct pie_scene;
struct pie_scene *pie_scene_new(const struct pie_mem *mem, int32_t width, int32_t height,
                                struct pie_slice prompt, uint32_t seed);
struct pie_scene *pie_scene_free(struct pie_scene *scene);
void pie_scene_row(const struct pie_scene *scene, int32_t y, uint8_t *ret_rgb);

/* ---- png.c: the picture as a file. APIPIE_OK or APIPIE_E_MEMORY. */

/* coarse: 1, or the side of blocks of one colour. */
apipie_status pie_png_draw(const struct pie_scene *scene, int32_t width, int32_t height,
                           int32_t coarse, struct pie_buf *out);

/* ---- store.c: pictures that can be fetched by name; the oldest go first. */

struct pie_picture {
    int32_t refs;
    char name[40]; /* "....png" */
    struct pie_buf png;
    const char *mime; /* static; of an upload: as it came */
    int32_t misses;   /* so many times it is "not there yet" (url404) */
    int32_t wrong_mime;
};

#define PIE_STORE_COUNT 512
#define PIE_STORE_BYTES (256u * 1024 * 1024)

struct pie_store {
    struct pie_picture *pictures[PIE_STORE_COUNT]; /* oldest first */
    size_t count, bytes;
};

/* One reference, for the caller; the buffer is empty. */
struct pie_picture *pie_picture_new(const char *end); /* of its name: ".png" */
struct pie_picture *pie_picture_unref(struct pie_picture *picture);
/* The sandbox's lock is held around these. put takes a reference of its own. */
void pie_store_put(struct pie_store *store, struct pie_picture *picture);
struct pie_picture *pie_store_get(struct pie_store *store, const char *name);
void pie_store_clear(struct pie_store *store);

/* ---- fault.c: the words of apipie/sandbox.h. */

enum {
    PIE_FAULT_STATUS = 1 << 0,
    PIE_FAULT_RETRY_AFTER = 1 << 1,
    PIE_FAULT_QUOTA = 1 << 2,
    PIE_FAULT_CONTENT = 1 << 3,
    PIE_FAULT_ERROR200 = 1 << 4,
    PIE_FAULT_HTML = 1 << 5,
    PIE_FAULT_HTML200 = 1 << 6,
    PIE_FAULT_CUT = 1 << 7,
    PIE_FAULT_STALL = 1 << 8,
    PIE_FAULT_BADJSON = 1 << 9,
    PIE_FAULT_TRUNCATE = 1 << 10,
    PIE_FAULT_NOIMAGE = 1 << 11,
    PIE_FAULT_FEWER = 1 << 12,
    PIE_FAULT_WRONGMIME = 1 << 13,
    PIE_FAULT_DATAURL = 1 << 14,
    PIE_FAULT_RELURL = 1 << 15,
    PIE_FAULT_URLIN64 = 1 << 16,
    PIE_FAULT_URL404 = 1 << 17,
    PIE_FAULT_NOUSAGE = 1 << 18,
    PIE_FAULT_COSTSTRING = 1 << 19,
    PIE_FAULT_LATE = 1 << 20,
    PIE_FAULT_RATELIMIT = 1 << 21,
    PIE_FAULT_ONLYONE = 1 << 22,
    PIE_FAULT_SHOULDRETRY = 1 << 23,
    PIE_FAULT_SSE = 1 << 24,
    PIE_FAULT_GRID = 1 << 25,
    PIE_FAULT_PROGRESS = 1 << 26,
    PIE_FAULT_JOBFAIL = 1 << 27,
    PIE_FAULT_QUEUEFULL = 1 << 28,
    PIE_FAULT_EXPIRED = 1 << 29,
    PIE_FAULT_BLURRED = 1 << 30
};

/* Of PIE_FAULT_SSE. */
enum {
    PIE_SSE_CRLF = 1 << 0,
    PIE_SSE_CR = 1 << 1,
    PIE_SSE_NOSPACE = 1 << 2,
    PIE_SSE_COMMENTS = 1 << 3,
    PIE_SSE_LINES = 1 << 4,
    PIE_SSE_BOM = 1 << 5,
    PIE_SSE_BYTES = 1 << 6,
    PIE_SSE_DONE = 1 << 7,
    PIE_SSE_ERROR = 1 << 8,
    PIE_SSE_EOF = 1 << 9,
    PIE_SSE_PLAIN = 1 << 10
};

/* Those with which nothing is drawn. */
#define PIE_FAULT_REFUSED                                                                          \
    (PIE_FAULT_STATUS | PIE_FAULT_QUOTA | PIE_FAULT_CONTENT | PIE_FAULT_ERROR200 |                 \
     PIE_FAULT_HTML | PIE_FAULT_HTML200)

struct pie_fault {
    int32_t set; /* PIE_FAULT_* */
    int32_t status;
    int32_t stall_ms, late_ms;
    char retry_after[64];
    char rate_remaining[64], rate_reset[64];
    const char *should_retry;
    int32_t sse;       /* PIE_SSE_* */
    char progress[64]; /* what a local server says of itself */
};

/* Empty text: no fault. APIPIE_E_ARGUMENT for a word or value that is not known. */
apipie_status pie_fault_parse(struct pie_slice text, struct pie_fault *ret);
/* "cut, stall:MS, ..." */
void pie_fault_list(struct pie_buf *out);

/* ---- answer.c: what goes back, before it is HTTP. */

#define PIE_ANSWER_EXTRA 6
#define PIE_ANSWER_STOPS 128

struct pie_answer_header {
    const char *name;
    char value[128];
};

struct pie_answer {
    int32_t status;
    const char *mime;
    struct pie_buf body;
    struct pie_picture *picture; /* instead of body */
    const char *allow;           /* of a 405 */
    char retry_after[64];        /* of this and the next five, what is empty is not sent */
    char retry_after_ms[PIE_NUMBER_MAX];
    char rate_limit[PIE_NUMBER_MAX];
    char rate_remaining[64], rate_reset[64];
    int64_t rate_reset_ms; /* the same, until a fault says otherwise */
    const char *should_retry;
    char etag[PIE_HASH_TEXT + 2];
    const char *modified; /* an HTTP date */
    int32_t cut;          /* close without a word */
    int32_t truncate;     /* break off in the middle */
    int32_t no_id;        /* a server that names no request */
    int32_t close;        /* the connection ends with it, as it says */
    struct pie_answer_header extra[PIE_ANSWER_EXTRA];
    size_t extra_count;
    /* Piece by piece, of a length that nobody announces: pieces end at each stop, and a pause follows. */
    int32_t stream;
    size_t stops[PIE_ANSWER_STOPS], stop_count;
    int64_t pause_ms;
    size_t piece_max; /* 0: any */
};

void pie_answer_init(struct pie_answer *answer);
void pie_answer_free(struct pie_answer *answer);
/* The gateway's shape; param may be NULL. */
void pie_answer_error(struct pie_answer *answer, int32_t status, const char *code,
                      const char *message, const char *param);
/* The code and the words that fit a status; and the gateway's answer with them. */
void pie_answer_words(int32_t status, const char **ret_code, const char **ret_message);
void pie_answer_status(struct pie_answer *answer, int32_t status);
/* {"error":{"message","type","param","code"}}; type, code and param may be NULL. */
void pie_answer_typed_error(struct pie_answer *answer, int32_t status, const char *type,
                            const char *code, const char *message, const char *param);
/* 422 with {"detail":[{"loc":["body",field],"msg","type"}]}, as FastAPI words it; field may be NULL. */
void pie_answer_invalid(struct pie_answer *answer, const char *field, const char *message,
                        const char *type);
/* A message: a, a name that came from somewhere, b. */
#define PIE_ANSWER_SAY 1024
void pie_answer_say(char out[PIE_ANSWER_SAY], const char *a, struct pie_slice name, const char *b);
/* 16 random bytes in hex; and any bytes, of which out holds 2 * n + 1. */
#define PIE_ANSWER_ID 33
void pie_answer_id(char out[PIE_ANSWER_ID]);
void pie_answer_hex(const uint8_t *p, size_t n, char *out);
/* For a wire that says nothing of its limits. */
void pie_answer_no_rate(struct pie_answer *answer);
/* One more header, or another value of it; beyond PIE_ANSWER_EXTRA they are not sent. */
void pie_answer_header(struct pie_answer *answer, const char *name, const char *value);
/* Of a stream: what was written so far goes out before what follows. */
void pie_answer_stop(struct pie_answer *answer);
/* How a wire words a refusal; pie_answer_error is the gateway's. */
typedef void (*pie_error_fn)(struct pie_answer *answer, int32_t status, const char *code,
                             const char *message, const char *param);

struct apipie_sandbox;

/* ---- spoil.c: what a fault makes of an answer. */

/* The words of one call. APIPIE_E_ARGUMENT with the refusal in answer. */
apipie_status pie_spoil_words(struct pie_slice words, struct pie_answer *answer,
                              struct pie_fault *ret);
/* The fault that meets a call: its own words, else its route's, else the server's, which it uses up. */
apipie_status pie_spoil_choose(struct apipie_sandbox *box, const struct pie_model *model,
                               struct pie_slice words, struct pie_answer *answer,
                               struct pie_fault *ret);
/* Instead of an answer, with PIE_FAULT_REFUSED: nothing is drawn, nothing is billed. */
void pie_spoil_refuse(const struct pie_fault *f, struct pie_answer *answer, pie_error_fn error);
/* Of an answer that is ready. */
void pie_spoil_answer(struct apipie_sandbox *box, const struct pie_fault *f,
                      struct pie_answer *answer);

/* ---- intake.c: a request's body of any size made small and safe, while it arrives. */

struct pie_intake {
    struct pie_buf text;
    uint64_t total;
    size_t string_max; /* bytes of a string that are kept */
    size_t start;      /* in text: of the string or number that is open */
    int32_t state;
    int32_t broken;
};

/* wide: pictures inside are kept. */
void pie_intake_init(struct pie_intake *in, int32_t wide);
void pie_intake_free(struct pie_intake *in);
void pie_intake_write(struct pie_intake *in, const char *p, size_t n);
/* APIPIE_OK, APIPIE_E_TOO_LARGE, APIPIE_E_MALFORMED, APIPIE_E_MEMORY. */
apipie_status pie_intake_end(struct pie_intake *in, struct pie_doc **ret);

/* ---- order.c: a request understood, as strictly as a real gateway does. */

struct pie_order {
    const struct pie_model *model;
    struct pie_slice prompt; /* borrowed from the document */
    struct pie_slice fault;
    struct pie_slice image, mask; /* URLs; empty: none */
    int32_t n, width, height;
    int32_t hd, base64, revised;
    uint32_t seed; /* of prompt, model and the caller's seed */
    int32_t steps; /* APIPIE_UNKNOWN: as the model likes it */
    int32_t seeded;
    uint64_t wanted; /* the caller's seed itself, if it is seeded */
};

/* What unchanged programs of OpenAI's client ask for; not in the list of models. */
#define PIE_SANDBOX_OPENAI 8
extern const struct pie_model pie_sandbox_openai[PIE_SANDBOX_OPENAI];

/* n_max: pictures a call, at most PIE_SANDBOX_N_MAX. APIPIE_OK, or APIPIE_E_ARGUMENT with the refusal in
 * answer. */
apipie_status pie_order_read(const struct pie_node *root, int32_t n_max, struct pie_answer *answer,
                             struct pie_order *ret);
/* The refusal of a model that makes at most n_max. APIPIE_E_ARGUMENT. */
apipie_status pie_order_refuse_n(struct pie_answer *answer, int32_t n_max);

/* ---- price.c */

int64_t pie_price_cost(const char *provider, int32_t width, int32_t height,
                       int32_t hd); /* microdollars */
int64_t pie_price_latency(const char *provider, int32_t width, int32_t height, int32_t hd);
void pie_price_write(int64_t microdollars, struct pie_buf *out); /* "0.008000" */

/* ---- models.c: the list. */

struct pie_models_filter {
    const char *type, *subtype, *provider, *model, *enabled; /* NULL: any */
    int32_t voices, restrictions;                            /* other lists */
    int32_t detailed;                                        /* more of each */
    /* what the caller has already; NULL: nothing */
    const char *none_match, *modified_since;
};

/* 304 without a body when the caller has the same. */
void pie_models_answer(const struct pie_models_filter *filter, struct pie_answer *answer);

/* ---- till.c: what was billed, newest first. The sandbox's lock is held around these. */

#define PIE_TILL_MAX 10000

struct pie_till_row {
    const struct pie_model *model;
    int64_t wall_ms;
    int64_t visible_ms; /* of the steady clock: not listed before */
    int64_t cost;       /* microdollars */
    int64_t tokens, characters, latency_ms;
};

struct pie_till {
    struct pie_till_row *rows; /* a ring: row i at i % PIE_TILL_MAX */
    int64_t count;             /* of all that ever were */
};

apipie_status pie_till_init(struct pie_till *till);
void pie_till_free(struct pie_till *till);
void pie_till_add(struct pie_till *till, const struct pie_till_row *row);
void pie_till_write(const struct pie_till *till, int64_t now_ms, int64_t limit, int64_t offset,
                    struct pie_buf *out);

/* ---- throttle.c: a bucket that holds a minute's requests. */

struct pie_throttle {
    int32_t per_minute; /* 0: no limit */
    int64_t level, at_ms;
};

/* Full from now on. */
void pie_throttle_set(struct pie_throttle *t, int32_t per_minute, int64_t now_ms);
/* Counts one request and writes the x-ratelimit headers of its answer. APIPIE_E_LIMIT with a 429 in answer when it
 * is one too many. */
apipie_status pie_throttle_take(struct pie_throttle *t, int64_t now_ms, struct pie_answer *answer);
/* As Go writes it: "0s", "17ms", "1.5s", "6m0s", "1h2m3.5s". */
void pie_throttle_duration(int64_t ms, char out[PIE_NUMBER_MAX]);

/* ---- outage.c: faults of one route, of a provider or of a model. */

/* The local servers, by the names of their wires. */
#define PIE_SANDBOX_LOCAL 2
extern const struct pie_model pie_sandbox_local[PIE_SANDBOX_LOCAL];

struct pie_outage;
/* Empty names: any; a fault of nothing takes back. APIPIE_E_ARGUMENT for names that no model has. */
apipie_status pie_outage_set(struct pie_outage **list, struct pie_slice provider,
                             struct pie_slice model, const struct pie_fault *fault);
/* Of those that meet a model, the one that names most of it; NULL: none does. */
const struct pie_fault *pie_outage_of(const struct pie_outage *list, const struct pie_model *model);
void pie_outage_clear(struct pie_outage **list);

/* ---- generate.c */

/* header_fault: "" when there is none. */
void pie_generate(struct apipie_sandbox *box, struct pie_intake *in, struct pie_slice header_fault,
                  struct pie_answer *answer);

/* ---- server.c */

struct pie_server;
apipie_status pie_server_start(struct apipie_sandbox *box, int32_t port, struct pie_server **ret);
int32_t pie_server_port(const struct pie_server *server);
struct pie_server *pie_server_stop(struct pie_server *server);

/* ---- sandbox.c */

/* APIPIE_E_CANCELLED when the sandbox stops first. */
apipie_status pie_sandbox_sleep(struct apipie_sandbox *box, int64_t ms);
int32_t pie_sandbox_takes_key(struct apipie_sandbox *box, struct pie_slice key);

/* A key that was handed out stays readable when another one is set. */
struct pie_sandbox_key {
    struct pie_sandbox_key *before;
    char *text;
};

/* ---- what the local servers are doing; the lock is held. Their doors are in wires_priv.h. */

struct pie_a1111 {
    int32_t busy; /* a job runs; others wait */
    int32_t waiting;
    int32_t interrupted, skipped;
    int64_t began_ms, picture_ms; /* the job, the picture */
    int32_t job_count, job_no;    /* -1 while the job begins */
    int32_t steps, draw_ms;       /* draw_ms: of a picture */
    char job[16];
    char prompt[256];
    uint32_t seed;
    char progress[64]; /* of the fault */
    int32_t model;     /* which checkpoint is loaded */
};

struct pie_sdcpp_job;

struct pie_sdcpp {
    int32_t busy; /* one picture at a time, for calls and jobs */
    int32_t waiting;
    uint64_t next_id;
    struct pie_thread *worker;
    struct pie_sdcpp_job *jobs; /* the oldest first */
    size_t count;
};

#define PIE_PRODIA_JOBS 64 /* so many are kept, the latest ones */

struct pie_prodia_job;

struct pie_prodia {
    struct pie_prodia_job *jobs[PIE_PRODIA_JOBS]; /* a ring; NULL: none yet */
    size_t next;
};

struct pie_stability_job; /* the newest first */

#define PIE_WIRES_MAX       16
#define PIE_SANDBOX_NUMBERS 16 /* of APIPIE_SANDBOX_* */

struct apipie_sandbox {
    int32_t refs;
    int32_t port;
    char root[40]; /* "http://127.0.0.1:PORT", empty before the start */
    char url[48];
    struct pie_server *server;
    struct pie_lock *lock; /* of all below */
    int32_t stopping;
    int32_t fault_times;
    struct pie_fault fault;
    int64_t requests, billed;
    int64_t billed_micro;
    struct pie_sandbox_key *key; /* the one that is taken, before the others */
    int32_t n_max;
    struct pie_store store;
    struct pie_till till;
    struct pie_throttle throttle;
    struct pie_outage *outages;
    char wire_urls[PIE_WIRES_MAX][64]; /* in the order of pie_wires */
    int32_t draw_ms;                   /* how long a picture of the local ones takes */
    char basic[800];                   /* base64 of "user:password"; empty: none is asked for */
    struct pie_a1111 a1111;
    struct pie_sdcpp sdcpp;
    struct pie_prodia prodia;
    struct pie_stability_job *stability;
    int64_t numbers[PIE_SANDBOX_NUMBERS];
};

#endif
