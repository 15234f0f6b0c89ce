/* SPDX-License-Identifier: MIT */
/* The door of catalog: models and their prices, built in or listed by the gateway. Pure: no clock, no files, no sockets. */
#ifndef PIE_CATALOG_H
#define PIE_CATALOG_H

#include "base/base.h"

/* ---- the built-in table */

/* One line of models.tsv. The provider is lower case, as the wire has it ("prodia"). What does not follow from the seed is
 * NULL. */
struct pie_model {
    const char *provider;
    const char *model;
    const char *description;
    const char *best_for;
    const char *family;     /* "SD 1.x", "SD 2.x", "SDXL" */
    const char *series;     /* "Realistic Vision" */
    const char *version;    /* "5.1" */
    const char *speciality; /* "realistic", "anime", ... */
    const char *license, *license_url;
    int32_t side;  /* of its native square, in pixels */
    int32_t edits; /* 1: paints into a picture that it gets */
};

/* In the order of models.tsv; made from it by models_to_c.py. */
extern const struct pie_model pie_models[];
extern const size_t pie_model_count;

/* "prodia/x" to "x" when prodia, in any case, is the provider; any other slash belongs to the name. It ends where the name
 * ends. */
struct pie_slice pie_model_bare(struct pie_slice name, struct pie_slice provider);
/* The model of a table that `name` means: bare, or behind "provider/" in any case; provider may be empty. NULL
 * when there is none, or when a provider that is given is not the model's own. */
const struct pie_model *pie_model_find(const struct pie_model *table, size_t n,
                                       struct pie_slice provider, struct pie_slice name);

/* ---- catalogues. One is immutable, counts its references, and may be read by any thread. Selections of one share its
 * records. It keeps a copy of *mem; the allocator behind it, and its count, must live as long: see pie_catalog_own(). */

struct apipie_catalog;

/* All: ret is written on success only; APIPIE_E_MEMORY when memory ends, APIPIE_E_LIMIT for a list of gigabytes. */
apipie_status pie_catalog_built_in(const struct pie_mem *mem, struct apipie_catalog **ret);
/* text: the body of GET /v1/models as it came or was filed (plain JSON): an object with data[], or a bare array. Rows that
 * are no objects, or have no provider and model to name them by, are dropped with a warning that says which and why; a
 * damaged tail keeps what came before. APIPIE_E_MALFORMED when it is no list at all. fetched_wall_ms: APIPIE_UNKNOWN, or
 * when it came. */
apipie_status pie_catalog_parse(const struct pie_mem *mem, struct pie_slice text,
                                int64_t fetched_wall_ms, struct apipie_catalog **ret);
/* The same for text that flow has made safe (pie_body's rest). cut: it broke off, its last row is not trusted. */
apipie_status pie_catalog_parse_safe(const struct pie_mem *mem, struct pie_slice safe, int32_t cut,
                                     int64_t fetched_wall_ms, struct apipie_catalog **ret);
/* Live over built-in: live wins; what only one side knows is kept, and marked (APIPIE_MODEL_LIVE, _BUILT_IN). The live rows
 * come first, in their order. Either may be NULL. The result borrows nothing from them. */
apipie_status pie_catalog_merge(const struct pie_mem *mem, const struct apipie_catalog *built_in,
                                const struct apipie_catalog *live, struct apipie_catalog **ret);

/* What keeps the memory (a client, with pie_client_keep() done before): drop(owner) is called once, after the last block
 * of the catalogue and of all its selections went back. At most once, before anyone else has the catalogue. Without it the
 * catalogue must not outlive its memory. */
void pie_catalog_own(struct apipie_catalog *c, void (*drop)(void *owner), void *owner);

/* Both take NULL. */
struct apipie_catalog *pie_catalog_keep(struct apipie_catalog *c);
void pie_catalog_drop(struct apipie_catalog *c);

/* ---- read */

size_t pie_catalog_count(const struct apipie_catalog *c);
/* The first row that they name, as pie_model_find() understands them; APIPIE_UNKNOWN. */
int64_t pie_catalog_find(const struct apipie_catalog *c, struct pie_slice provider,
                         struct pie_slice name);
/* NULL / APIPIE_UNKNOWN for what is not known, a field of the other kind, and an index past the end. */
const char *pie_catalog_text(const struct apipie_catalog *c, size_t index, int32_t field);
int64_t pie_catalog_number(const struct apipie_catalog *c, size_t index, int32_t field);
/* 1 when it can be used as far as is said, 0 when something says no, else unknown. */
int64_t pie_catalog_usable(const struct apipie_catalog *c, size_t index);
/* The record as it was sent; {NULL, 0} for one that was not. p[n] is NUL. */
struct pie_slice pie_catalog_json(const struct apipie_catalog *c, size_t index);
/* Of one image: exact picodollars, or APIPIE_UNKNOWN. width and height 0: of whatever size, as the list has it; steps 0: the model's own. quality NULL: standard. */
int64_t pie_catalog_price(const struct apipie_catalog *c, size_t index, int32_t width,
                          int32_t height, int32_t steps, const char *quality);
/* Is it not offered there? 1, 0, APIPIE_UNKNOWN. A list of restrictions, or one that is empty, can tell. */
int32_t pie_catalog_restricted(const struct apipie_catalog *c, struct pie_slice provider,
                               struct pie_slice model, struct pie_slice country);
int32_t pie_catalog_restricts(const struct apipie_catalog *c);
size_t pie_catalog_restriction_count(const struct apipie_catalog *c);
/* APIPIE_RESTRICTION_* */
const char *pie_catalog_restriction(const struct apipie_catalog *c, size_t index, int32_t which);
size_t pie_catalog_warning_count(const struct apipie_catalog *c);
const char *pie_catalog_warning(const struct apipie_catalog *c, size_t index);
int64_t pie_catalog_fetched(const struct apipie_catalog *c);

/* ---- select: each gives a new catalogue that shares the records. APIPIE_E_ARGUMENT for a field of the wrong kind. */

int32_t pie_catalog_is_text(int32_t field);
int32_t pie_catalog_is_number(int32_t field);
apipie_status pie_catalog_where_text(struct apipie_catalog *c, int32_t field, const char *value,
                                     struct apipie_catalog **ret);
apipie_status pie_catalog_where_number(struct apipie_catalog *c, int32_t field, int64_t least,
                                       int64_t most, struct apipie_catalog **ret);
apipie_status pie_catalog_sort(struct apipie_catalog *c, int32_t field, int32_t descending,
                               struct apipie_catalog **ret);
/* Group number n in the order of first appearance; *ret is NULL past the end. */
apipie_status pie_catalog_group(struct apipie_catalog *c, int32_t field, size_t n,
                                struct apipie_catalog **ret);

/* ---- compare */

typedef void (*pie_catalog_change)(void *user, int32_t kind, const char *provider,
                                   const char *model, int64_t before, int64_t after);
/* Calls fn for each APIPIE_CHANGE_* from older to newer, in the order of provider and model. NULL is an empty list. Scratch
 * memory is newer's, or older's. */
apipie_status pie_catalog_diff(const struct apipie_catalog *older,
                               const struct apipie_catalog *newer, pie_catalog_change fn,
                               void *user);

/* ---- track: prices, latencies and availability as they were written down over time. Once it is read it is immutable, counts its
 * references, and may be read by any thread. It keeps a copy of *mem, as a catalogue does. */

#define PIE_TRACK_LINE ((size_t)32768) /* a longer line is none of ours */

struct apipie_price_history;

/* For pie_lines_read(), whose lines are still to come; NULL without memory. pie_track_drop() in any case. */
struct apipie_price_history *pie_track_new(const struct pie_mem *mem);
/* One line. What is none of ours is counted and passed over; only APIPIE_E_MEMORY. */
apipie_status pie_track_take(struct apipie_price_history *h, struct pie_slice line);
/* That was all, but for so many that nobody could read: lines are put in the order of their time. APIPIE_E_MEMORY. */
apipie_status pie_track_end(struct apipie_price_history *h, size_t skipped);
/* As pie_catalog_own(). */
void pie_track_own(struct apipie_price_history *h, void (*drop)(void *owner), void *owner);
void *pie_track_owner(const struct apipie_price_history *h);
/* Both take NULL. */
struct apipie_price_history *pie_track_keep(struct apipie_price_history *h);
void pie_track_drop(struct apipie_price_history *h);

size_t pie_track_count(const struct apipie_price_history *h);
size_t pie_track_skipped(const struct apipie_price_history *h);
int64_t pie_track_time(const struct apipie_price_history *h, size_t index);
const char *pie_track_text(const struct apipie_price_history *h, size_t index, int32_t field);
int64_t pie_track_number(const struct apipie_price_history *h, size_t index, int32_t field);
/* The models that were known by then, each as its last line says, with what is built in about them. */
apipie_status pie_track_catalog(const struct apipie_price_history *h, int64_t wall_ms,
                                struct apipie_catalog **ret);

#include "catalog/choose.h"

#endif
