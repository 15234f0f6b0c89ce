/* SPDX-License-Identifier: MIT */
/* The sealed request: what the user asked for, and only that. */
#ifndef PIE_WISH_H
#define PIE_WISH_H

#include "base/base.h"

#include "data/input.h"
#include "data/routes.h"

/* Texts of a wish, by place. NULL: not set. */
enum {
    PIE_WISH_PROVIDER,
    PIE_WISH_MODEL,
    PIE_WISH_PROMPT,
    PIE_WISH_NEGATIVE,
    PIE_WISH_QUALITY,
    PIE_WISH_STYLE,
    PIE_WISH_FORMAT,
    PIE_WISH_ROUTING,
    PIE_WISH_USER,
    PIE_WISH_ASPECT,
    PIE_WISH_OUTPUT, /* file or folder */
    PIE_WISH_STEM,   /* file name in the folder, without extension */
    PIE_WISH_TAG,    /* whose money */
    PIE_WISH_TRACE,  /* traceparent */
    PIE_WISH_BACKEND,
    PIE_WISH_SAMPLER,
    PIE_WISH_ENCODING, /* of the picture: "png" */
    PIE_WISH_BACKGROUND,
    PIE_WISH_MODERATION,
    PIE_WISH_FIDELITY, /* to the input images */
    PIE_WISH_TEXTS
};

/* Numbers that were set. */
enum {
    PIE_WISH_HAS_N = 1,
    PIE_WISH_HAS_SIZE = 2,
    PIE_WISH_HAS_STEPS = 4,
    PIE_WISH_HAS_STRENGTH = 8,
    PIE_WISH_HAS_GUIDANCE = 16,
    PIE_WISH_HAS_SEED = 32,
    PIE_WISH_HAS_COMPRESSION = 64,
    PIE_WISH_HAS_STREAM = 128,
    PIE_WISH_HAS_PARTIALS = 256,
    PIE_WISH_HAS_ALL = 511,
    PIE_WISH_HAS_RETRY = 512 /* no parameter: the policy was set by the host */
};

enum { PIE_OUTPUT_MEMORY, PIE_OUTPUT_FILE, PIE_OUTPUT_FOLDER, PIE_OUTPUT_HOST };

struct pie_extra {
    char *name;
    char *json;
    struct pie_extra *next;
};

/* One of a query that picks rows of a list. */
struct pie_filter {
    char *name;
    char *value; /* NULL: the name alone */
    struct pie_filter *next;
};

/* The host's sink; user is freed once, by pie_wish_free. */
struct pie_host_sink {
    apipie_sink_begin_fn begin;
    apipie_sink_write_fn write;
    apipie_sink_end_fn end;
    apipie_sink_commit_fn commit;
    apipie_sink_abort_fn abort_slot;
    void *user;
    apipie_free_fn user_free;
};

struct pie_wish {
    const struct pie_mem *mem;
    int32_t kind;
    uint32_t has; /* PIE_WISH_HAS_* */
    char *text[PIE_WISH_TEXTS];
    int32_t n, width, height, steps, compression;
    double strength, guidance;
    uint64_t seed;
    struct pie_inputs images;   /* input images, in the order they were given */
    struct pie_input mask;      /* PIE_INPUT_NONE: none */
    struct pie_extra *extras;   /* in the order they were set */
    struct pie_filter *filters; /* by name, so that the same query has the same address */
    int32_t detailed;           /* the list with more members */
    int32_t stream;             /* as it is drawn, where a server can */
    int32_t partial_images;     /* sketches of each image; APIPIE_UNKNOWN: not set */
    int32_t output;             /* PIE_OUTPUT_* */
    struct pie_host_sink sink;
    /* how to call */
    int64_t timeout_ms, connect_timeout_ms;
    int64_t first_byte_timeout_ms, stall_timeout_ms; /* 0: none */
    int32_t retry_policy, retries;
    int32_t unsupported; /* APIPIE_UNSUPPORTED_*: what to do with what a backend does not take */
    int32_t transfer;    /* APIPIE_TRANSFER_*: how pictures get there */
    int32_t priority;    /* seconds */
    int64_t budget;      /* picodollars; APIPIE_UNKNOWN: no cap */
    struct pie_routes routes;   /* of its own */
    struct pie_headers headers; /* for its calls, besides the client's */
    uint64_t max_image_bytes;
};

void pie_wish_init(struct pie_wish *w, const struct pie_mem *mem, int32_t kind);
/* All but the host's sink. APIPIE_E_MEMORY leaves `to` empty. */
apipie_status pie_wish_copy(struct pie_wish *to, const struct pie_wish *from);
void pie_wish_free(struct pie_wish *w);
/* Replaces text number `which`; NULL takes it back. */
apipie_status pie_wish_set_text(struct pie_wish *w, int32_t which, const char *text, size_t n);
/* Copies it in place of all input images; NULL: there are none. APIPIE_E_MEMORY: all is as before. */
apipie_status pie_wish_set_image(struct pie_wish *w, const struct pie_input *image);
/* json NULL takes it back. */
apipie_status pie_wish_set_extra(struct pie_wish *w, const char *name, const char *json);
/* The value of one, JSON text; NULL when it is not set. */
const char *pie_wish_extra(const struct pie_wish *w, const char *name);
size_t pie_wish_extra_bytes(const struct pie_wish *w);
/* value NULL: the name alone; "": takes it back. */
apipie_status pie_wish_set_filter(struct pie_wish *w, const char *name, const char *value);
void pie_wish_clear_sink(struct pie_wish *w); /* frees user */

#endif
