/* SPDX-License-Identifier: MIT */
/* The door of flow: the path of a body from the socket to the sink. No sockets, no provider, no clock. */
#ifndef PIE_FLOW_H
#define PIE_FLOW_H

#include "base/base.h"
#include "data/data.h"
#include "codec/codec.h"

/* ---- sink: where decoded bytes go. Slots are small numbers; nothing counts until commit. */

struct pie_sink;

struct pie_sink_type {
    const char *name;
    /* Before anything is sent: what cannot be written is found now. err is filled on failure. */
    apipie_status (*open)(struct pie_sink *s, struct apipie_error *err);
    /* A slot begins, perhaps again: what it held is void. */
    apipie_status (*begin)(struct pie_sink *s, uint32_t slot, const char *mime);
    apipie_status (*write)(struct pie_sink *s, uint32_t slot, const uint8_t *p, size_t n);
    apipie_status (*end)(struct pie_sink *s, uint32_t slot);
    /* The slot is image `index` of `count`: fills data or path of image. */
    apipie_status (*commit)(struct pie_sink *s, uint32_t slot, size_t index, size_t count,
                            struct pie_image *image);
    void (*abort)(struct pie_sink *s, uint32_t slot);
    /* Aborts what was not committed, frees itself. */
    void (*close)(struct pie_sink *s);
    /* 0 when bytes went where they cannot be taken back, so that no other try can be kept. NULL: always 1. */
    int32_t (*can_restart)(struct pie_sink *s);
};

struct pie_sink {
    const struct pie_sink_type *type;
    char problem[200]; /* why the last call failed, for a person */
};

/* The sink that the wish asks for. The wish lives longer. */
apipie_status pie_sink_new(const struct pie_mem *mem, const struct pie_wish *wish,
                           struct pie_sink **ret);
int32_t pie_sink_can_restart(struct pie_sink *s);
/* Writes bytes to path by way of a temporary file. reason is static. */
apipie_status pie_sink_save(const struct pie_mem *mem, const char *path, const void *p, size_t n,
                            const char **ret_reason);

/* ---- magic: what an image is, by its bytes, streaming. */

/* Bytes from the start that are kept until the format is known. */
#define PIE_MAGIC_HEAD 256

struct pie_magic {
    uint8_t head[PIE_MAGIC_HEAD];
    size_t have;
    const char *mime; /* NULL until known; PIE_MIME_UNKNOWN when it is none of ours */
    int32_t width, height;
    uint64_t size;
    /* private to magic.c: the walk to the dimensions of formats that hide them */
    int32_t state;
    uint64_t skip;
    uint8_t seg[16];
    size_t seg_have;
};

#define PIE_MIME_UNKNOWN "application/octet-stream"

void pie_magic_init(struct pie_magic *m);
void pie_magic_write(struct pie_magic *m, const uint8_t *p, size_t n);
void pie_magic_end(struct pie_magic *m); /* mime is known from here on */
/* 1: more bytes tell nothing new. */
int32_t pie_magic_is_done(const struct pie_magic *m);
/* In one go. Never NULL. */
const char *pie_magic_mime(const uint8_t *p, size_t n);
const char *pie_magic_extension(const char *mime); /* ".png", ... ".bin" */

/* ---- body: the root of the chain. One per job, reset for each leg. A multipart body (one by its type and by its first bytes) is
 * what its first JSON is (without one, its first text), and its pictures are parts with path -1 and index 0, 1, 2... */

enum {
    PIE_BODY_NONE,  /* nothing came */
    PIE_BODY_JSON,  /* rest and parts */
    PIE_BODY_IMAGE, /* the body itself is a picture: one part, path -1, index 0; or all that a multipart body has are pictures */
    PIE_BODY_EVENTS, /* a stream: the rest is an array of what its events say, without those that were sketches */
    PIE_BODY_TEXT /* anything else, at most PIE_BODY_TEXT_MAX bytes kept raw: errors, HTML */
};

#define PIE_BODY_TEXT_MAX   65536
#define PIE_REST_MAX        (1024 * 1024)
#define PIE_REST_LIST_MAX   (64 * 1024 * 1024) /* for lists */
#define PIE_REST_STRING_MAX 65536
#define PIE_DEPTH_MAX       64
#define PIE_PARTS_MAX       256
#define PIE_EVENTS_MAX      256   /* events without a picture that are kept */
#define PIE_EVENT_REST_MAX  65536 /* of one event */

struct pie_damage {
    int32_t found;
    uint64_t offset;  /* of the first damage in the body */
    const char *what; /* static: "the reply breaks off", "bad literal", ... */
};

struct pie_body; /* a pie_writer: pie_body_writer() */

/* Pictures go to sink under slots from first_slot on. */
apipie_status pie_body_new(const struct pie_mem *mem, struct pie_sink *sink,
                           uint64_t max_image_bytes, struct pie_body **ret);
struct pie_body *pie_body_free(struct pie_body *b);
/* Images that begin and are done are counted there. */
void pie_body_show(struct pie_body *b, struct pie_view *view);
/* How replies are read that come as a stream of events; NULL: they are text. Before a reset. */
void pie_body_set_stream(struct pie_body *b, const struct pie_stream *stream);
/* A sketch of image number `image` is whole, at most max_image_bytes of it. The function may take the bytes: then it leaves the
 * buffer empty. */
typedef void (*pie_partial_fn)(void *user, size_t image, struct pie_buf *bytes, const char *mime);
void pie_body_set_partial(struct pie_body *b, pie_partial_fn fn, void *user);
/* Before each leg. paths NULL: nothing in JSON is a picture. expect_image: a download, where JSON and HTML are
 * kept as text. */
void pie_body_reset(struct pie_body *b, const struct pie_path *paths, uint32_t first_slot,
                    int32_t expect_image);
/* How long the rest may be, instead of PIE_REST_MAX. Before a reset. */
void pie_body_set_rest(struct pie_body *b, size_t max);
struct pie_writer *pie_body_writer(struct pie_body *b);
/* After the last byte, also after a cut (complete 0): closes what is open. What is not whole is aborted. */
void pie_body_finish(struct pie_body *b, int32_t complete);
int32_t pie_body_kind(const struct pie_body *b);
/* Safe JSON of a PIE_BODY_JSON or _EVENTS; for PIE_BODY_TEXT the raw bytes. */
struct pie_slice pie_body_rest(const struct pie_body *b);
/* Of a stream: the element of the rest whose event was named as one that says an error; -1: none was. */
int32_t pie_body_event_failed(const struct pie_body *b);
const struct pie_part *pie_body_parts(const struct pie_body *b, size_t *ret_n);
const struct pie_damage *pie_body_damage(const struct pie_body *b);
/* 1 when a string was dropped for its length, or the rest for its size. */
int32_t pie_body_shortened(const struct pie_body *b);
/* APIPIE_OK, or why the picture cannot be had although the server sent it (sink or memory failure, too large). */
apipie_status pie_body_failure(const struct pie_body *b);

/* Any text to safe JSON, without pictures: for error bodies. Always valid JSON in out unless out fails;
 * APIPIE_E_MALFORMED when it does not even begin like an object or array. */
apipie_status pie_json_safe(const struct pie_mem *mem, struct pie_slice text, struct pie_buf *out,
                            struct pie_damage *ret_damage);

#endif
