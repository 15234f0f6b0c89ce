/* SPDX-License-Identifier: MIT */
/* Statistics: what a client did, by (backend, provider, model). Counters are the living thing, with a lock of their own;
 * struct apipie_stats is what stood in them at one moment. */
#ifndef PIE_METER_STATS_H
#define PIE_METER_STATS_H

#include "base/base.h"
#include "data/data.h"

/* More routes than that are counted together: names may come from a server. */
#define PIE_STATS_ROUTES 10000
#define PIE_STATS_OTHER  "(other)"

#define PIE_STATS_NUMBERS (APIPIE_STATS_LAST_MS + 1)
#define PIE_STATS_TEXTS   (APIPIE_STATS_MODEL + 1)
#define PIE_STATS_TIMES   (APIPIE_STATS_SERVER + 1)

/* ---- histogram.c: pure */

/* How many times fell between two bounds. What does not fit any more stays at INT64_MAX. */
struct pie_histogram {
    int64_t bucket[APIPIE_STATS_BUCKETS]; /* up to its bound and above the one before */
    int64_t count;
    int64_t sum_ms;
};

/* INT64_MAX for the last one. */
int64_t pie_histogram_bound(size_t bucket);
void pie_histogram_add(struct pie_histogram *h, int64_t ms);
void pie_histogram_merge(struct pie_histogram *to, const struct pie_histogram *from);
/* Interpolated between the bounds; APIPIE_UNKNOWN when empty. */
int64_t pie_histogram_quantile(const struct pie_histogram *h, int32_t per_mille);
/* Sums of what is never negative: INT64_MAX when it does not fit. */
int64_t pie_stats_sum(int64_t a, int64_t b);

/* ---- one route */

struct pie_stats_row {
    const char *text[PIE_STATS_TEXTS]; /* borrowed; "" where none was named */
    int64_t number[PIE_STATS_NUMBERS]; /* those of requests stay 0: they follow from ended */
    int64_t ended[PIE_ERROR_STATUSES]; /* requests, by pie_error_index() */
    struct pie_histogram time[PIE_STATS_TIMES];
};

int64_t pie_stats_row_number(const struct pie_stats_row *row, int32_t which);
void pie_stats_row_merge(struct pie_stats_row *to, const struct pie_stats_row *from);
/* By backend, provider and model, as strcmp() does. */
int32_t pie_stats_row_order(const struct pie_stats_row *a, const struct pie_stats_row *b);

/* ---- counters.c: any thread */

struct pie_counters;

/* One exchange. Amounts and times that nobody knows are APIPIE_UNKNOWN, and not counted. */
struct pie_stats_attempt {
    int32_t is_call; /* of the paid call, not a picture's url */
    int32_t retry, failover;
    int32_t billed_unknown;
    int64_t bytes_up, bytes_down;
    int64_t cost, estimated; /* what counts; the part of it that no server confirmed */
    int64_t prompt_tokens, completion_tokens;
    int64_t first_byte_ms, server_ms;
    int64_t now_wall_ms;
};

/* One request that has ended. */
struct pie_stats_request {
    apipie_status status;
    int32_t cached;
    int64_t images;
    int64_t total_ms; /* APIPIE_UNKNOWN: not counted */
    int64_t now_wall_ms;
};

struct pie_counters *pie_counters_new(const struct pie_mem *mem); /* NULL without memory */
struct pie_counters *pie_counters_free(struct pie_counters *c);
/* The route's place, which stays as long as the counters; NULL texts are "". NULL without memory. */
struct pie_stats_row *pie_counters_route(struct pie_counters *c, const char *backend,
                                         const char *provider, const char *model);
/* row NULL: nothing is counted. */
void pie_counters_attempt(struct pie_counters *c, struct pie_stats_row *row,
                          const struct pie_stats_attempt *a);
void pie_counters_request(struct pie_counters *c, struct pie_stats_row *row,
                          const struct pie_stats_request *q);
/* All figures become 0. */
void pie_counters_reset(struct pie_counters *c);
/* Adds all that stands in `from`, or without memory nothing. */
apipie_status pie_counters_add(struct pie_counters *c, struct pie_counters *from);
/* Adds one row. APIPIE_OK or APIPIE_E_MEMORY. */
apipie_status pie_counters_add_row(struct pie_counters *c, const struct pie_stats_row *row);

/* ---- stats.c: snapshots. The host's handle counts references; client is whose memory it is of, for whoever drops it. */

struct apipie_stats {
    const struct pie_mem *mem;
    int32_t refs; /* atomic */
    struct apipie_client *client;
    struct pie_stats_row *rows; /* ordered */
    size_t count;
    char *texts; /* of its own, when it is merged; NULL: those of the counters */
};

/* Texts are the counters' own. NULL without memory. */
struct apipie_stats *pie_stats_take(struct pie_counters *c, const struct pie_mem *mem);
/* b may be NULL. NULL without memory. */
struct apipie_stats *pie_stats_merge(const struct apipie_stats *a, const struct apipie_stats *b);
void pie_stats_free(struct apipie_stats *s);
/* SIZE_MAX when it is not there. */
size_t pie_stats_find(const struct apipie_stats *s, const struct pie_stats_row *names);

/* ---- stats_json.c, stats_prometheus.c: pure. Straight-line: failures stick in out. */

void pie_stats_row_json(struct pie_buf *out, const struct pie_stats_row *row);
void pie_stats_json(struct pie_buf *out, const struct apipie_stats *s);
void pie_stats_prometheus(struct pie_buf *out, const struct apipie_stats *s, int32_t open_metrics);

/* ---- stats_file.c */

/* Atomic, mode 0600. APIPIE_E_FILE with a constant text in *ret_reason, APIPIE_E_MEMORY. */
apipie_status pie_stats_save(const struct apipie_stats *s, const char *path,
                             const char **ret_reason);
/* Adds what the file holds: every line that is whole, whatever happened to the others. APIPIE_E_FILE: it cannot be read, or is
 * of another kind; APIPIE_E_MEMORY: nothing was added. */
apipie_status pie_stats_load(struct pie_counters *c, const struct pie_mem *mem, const char *path,
                             const char **ret_reason);

#endif
