/* SPDX-License-Identifier: MIT */
/* Health: how a route or a whole provider does. The rules are pure: the caller says what time it is (milliseconds since 1970), and
 * a clock that is set back does no harm. The table of all routes has a lock of its own. docs/health.md has the rules in words. */
#ifndef PIE_METER_HEALTH_H
#define PIE_METER_HEALTH_H

#include "base/base.h"
#include "codec/codec.h"

/* ---- window.c: the last calls */

#define PIE_WINDOW_CALLS 20
#define PIE_WINDOW_MS    900000

struct pie_window_call {
    int64_t at_ms;
    int64_t took_ms; /* APIPIE_UNKNOWN: says nothing about times */
    int32_t good;
};

struct pie_window {
    struct pie_window_call calls[PIE_WINDOW_CALLS]; /* a ring */
    size_t next, count;
};

struct pie_window_view {
    int32_t calls, failed;
    int32_t
        success;   /* per mille, a call weighs less the older it is; APIPIE_UNKNOWN without calls */
    int32_t timed; /* calls with a time */
    int64_t p50_ms;  /* of these; APIPIE_UNKNOWN */
    int64_t late_ms; /* the same of the last five */
    int64_t last_ms; /* the latest call of all, however old; APIPIE_UNKNOWN */
};

void pie_window_add(struct pie_window *w, int64_t at_ms, int32_t good, int64_t took_ms);
/* The calls of both, each once, the latest of them; those of `other` that come after now are none. */
void pie_window_merge(struct pie_window *w, const struct pie_window *other, int64_t now_ms);
/* The n-th call, the oldest first. */
const struct pie_window_call *pie_window_at(const struct pie_window *w, size_t n);
void pie_window_look(const struct pie_window *w, int64_t now_ms, struct pie_window_view *ret);
/* The middle one of so many times, which it puts in order; count is not 0. */
int64_t pie_window_median(int64_t *times, size_t count);

/* ---- trend.c: what is usual, and what leaves it */

#define PIE_TREND_CALLS 20 /* with a time: from then on there is a baseline */

struct pie_trend {
    int64_t first[PIE_TREND_CALLS];
    size_t timed;            /* up to PIE_TREND_CALLS */
    double baseline, spread; /* milliseconds */
    double rate;             /* of failures, slowly moving */
    int64_t fed;             /* calls so far */
    double errors, times;    /* the sums of what is beyond the usual */
};

/* APIPIE_HEALTH_WARNING_* that this call gives rise to, or 0. */
int32_t pie_trend_add(struct pie_trend *t, int32_t good, int64_t took_ms);
/* Milliseconds; APIPIE_UNKNOWN: not enough calls. */
int64_t pie_trend_baseline(const struct pie_trend *t);
/* What the better fed of both knows. 1: it was the other one. */
int32_t pie_trend_merge(struct pie_trend *t, const struct pie_trend *other);
/* What was summed up is done with. */
void pie_trend_restart(struct pie_trend *t);

/* ---- uptime.c: a week of minutes */

#define PIE_UPTIME_HOUR 60
#define PIE_UPTIME_DAY  1440
#define PIE_UPTIME_WEEK 10080
enum { PIE_UPTIME_UP = 1, PIE_UPTIME_DOWN = 2 }; /* both: half of it */

struct pie_uptime {
    int64_t head;                              /* the latest minute; 0: none yet */
    unsigned char minute[PIE_UPTIME_WEEK / 4]; /* a ring, two bits each */
};

void pie_uptime_mark(struct pie_uptime *u, int64_t at_ms, int32_t what);
/* Down all along. */
void pie_uptime_mark_span(struct pie_uptime *u, int64_t from_ms, int64_t to_ms);
/* UP, DOWN, both, or 0. */
int32_t pie_uptime_at(const struct pie_uptime *u, int64_t minute);
/* What either knows of the minutes up to now. */
void pie_uptime_merge(struct pie_uptime *u, const struct pie_uptime *other, int64_t now_ms);
/* Per mille of the known ones among the last so many minutes, the present one included; APIPIE_UNKNOWN. */
int32_t pie_uptime_share(const struct pie_uptime *u, int64_t now_ms, int32_t minutes);

/* ---- health.c: the rules */

#define PIE_HEALTH_LEAST    5   /* calls before the share of good ones says something */
#define PIE_HEALTH_DEGRADED 900 /* per mille that are good: below that */
#define PIE_HEALTH_DOWN     500
#define PIE_HEALTH_FAILURES 3 /* in a row: down */
#define PIE_HEALTH_BACK     3 /* good ones in a row: not down any more */
#define PIE_HEALTH_WELL     8 /* good ones in a row: well again, whatever was before them */
#define PIE_HEALTH_REASON   96

/* What the gateway's lists say. Bad news counts while it is young; good news proves nothing. */
struct pie_health_word {
    int32_t usable;  /* 1, 0; APIPIE_UNKNOWN: no list speaks of it */
    int32_t refuted; /* 0, but a call succeeded since the lists began to say so */
    int64_t at_ms;   /* of the newest list */
    int64_t down_ms; /* up to then the minutes are marked that it was not usable in */
};

struct pie_health {
    struct pie_window window;
    struct pie_trend trend;
    struct pie_uptime uptime;
    struct pie_health_word listed;
    int32_t whole; /* of several: a provider, a group */
    int32_t state; /* of the last news */
    int64_t since_ms;
    int32_t own;     /* the same by its own calls alone */
    int64_t good_ms; /* the last good call; APIPIE_UNKNOWN */
    int32_t good_run, bad_run;
    int32_t warning; /* APIPIE_HEALTH_WARNING_* */
    int32_t quiet;   /* calls since then */
    int32_t slow;    /* degraded by its times */
    int32_t rests;   /* its breaker is not closed */
    int64_t rested_ms, rest_until_ms;
};

struct pie_health_view {
    int32_t state, warning;
    int64_t since_ms;
    struct pie_window_view window;
    int64_t baseline_ms;
    int32_t listed; /* 1, 0, APIPIE_UNKNOWN: what young lists say */
    char reason[PIE_HEALTH_REASON];
};

const char *pie_health_name(int32_t state); /* "healthy" */
void pie_health_init(struct pie_health *h, int64_t now_ms);
/* A call was judged: good 1 or 0. */
void pie_health_call(struct pie_health *h, int64_t now_ms, int32_t good, int64_t took_ms);
/* The breaker: rests 1 until that time, when a probe decides; 0: closed. */
void pie_health_rest(struct pie_health *h, int64_t now_ms, int32_t rests, int64_t until_ms);
/* A list of that time says 1, 0 or (APIPIE_UNKNOWN) nothing of it. Older ones than the newest are nothing. */
void pie_health_listed(struct pie_health *h, int64_t now_ms, int64_t at_ms, int32_t usable);
/* What another one has seen of the same route, later or at the same time: the same again changes nothing. Not the breaker. */
void pie_health_merge(struct pie_health *h, const struct pie_health *other, int64_t now_ms);
void pie_health_look(const struct pie_health *h, int64_t now_ms, struct pie_health_view *ret);
/* As pie_uptime_share, with what is going on. */
int32_t pie_health_uptime(struct pie_health *h, int64_t now_ms, int32_t minutes);

/* ---- health_table.c: all routes and providers, and who wants to know. Any thread. */

/* Routes, providers and groups; what comes beyond that is not watched. So many of the routes may be there only because a list says
 * that they are not available. */
#define PIE_HEALTH_PLACES 4096
#define PIE_HEALTH_LISTED 1024
#define PIE_HEALTH_TEXTS  (APIPIE_HEALTH_MODEL + 1)

struct pie_health_table;
struct pie_health_place; /* of a route; stays as long as the table */

/* What the engine knows of the way there, by its steady clock. */
struct pie_health_gate {
    int32_t rests;     /* the breaker is not closed */
    int64_t until_ms;  /* ... and no probe may go before; INT64_MAX: one is out */
    int64_t paused_ms; /* the server asked for silence until then */
};

struct pie_health_news {
    int32_t scope;
    const char *text[PIE_HEALTH_TEXTS]; /* the table's own */
    int32_t before, after;              /* the same: a warning */
    char reason[PIE_HEALTH_REASON];
};

/* The group of a model, a constant text, or NULL. Pure. */
typedef const char *(*pie_health_group_fn)(const char *provider, const char *model);

struct pie_health_table *pie_health_table_new(const struct pie_mem *mem);
struct pie_health_table *pie_health_table_free(struct pie_health_table *t);
/* Routes that come from now on are counted in their groups too. */
void pie_health_table_groups(struct pie_health_table *t, pie_health_group_fn group);
/* NULL texts are "". NULL without memory, or when there are too many. */
struct pie_health_place *pie_health_table_route(struct pie_health_table *t, const char *backend,
                                                const char *provider, const char *model,
                                                int64_t wall_ms);
/* What a call tells: somebody wants to be told of it; the gate is another one. */
enum { PIE_HEALTH_NEWS = 1, PIE_HEALTH_MOVED = 2 };
/* A call that way was judged. place NULL: nothing. PIE_HEALTH_NEWS or 0. */
int32_t pie_health_table_call(struct pie_health_table *t, struct pie_health_place *place,
                              int64_t wall_ms, int32_t good, int64_t took_ms);
/* The gate changed; now_ms and the gate are of the steady clock. PIE_HEALTH_* bits. */
int32_t pie_health_table_gate(struct pie_health_table *t, struct pie_health_place *place,
                              const struct pie_health_gate *gate, int64_t now_ms, int64_t wall_ms);
/* What a list says of one model; borrowed. */
struct pie_health_fact {
    const char *provider, *model, *group; /* group: a constant, or NULL */
    int32_t usable;                       /* 1, 0, APIPIE_UNKNOWN */
};
struct pie_health_said {
    const char *backend;
    const struct pie_health_fact *facts;
    size_t n;
    int64_t at_ms;
};
/* All that a list says; routes of the backend that it says 0 of are made. only: NULL, or the one route that is told. *ret_what:
 * PIE_HEALTH_NEWS or 0. Without memory APIPIE_E_MEMORY, and the list is as good as none. */
apipie_status pie_health_table_listed(struct pie_health_table *t,
                                      const struct pie_health_said *said,
                                      struct pie_health_place *only, int64_t wall_ms,
                                      int32_t *ret_what);
/* What a file of pie_health_save() holds, over what is there. *ret_what: PIE_HEALTH_NEWS or 0. APIPIE_E_FILE with a constant text in
 * *ret_reason, APIPIE_E_MEMORY: nothing of it counts. */
apipie_status pie_health_table_load(struct pie_health_table *t, const char *path, int64_t wall_ms,
                                    int32_t *ret_what, const char **ret_reason);
/* From now on changes are news, or are not. What was before is none. */
void pie_health_table_tell(struct pie_health_table *t, int32_t wanted, int64_t wall_ms);
/* One piece of news that has not been taken. Several changes of one route since then are one. 0: there is none. */
int32_t pie_health_table_news(struct pie_health_table *t, int64_t wall_ms,
                              struct pie_health_news *ret);
/* The state of a route, or with model NULL a provider's, or without both the worst of all. */
int32_t pie_health_table_state(struct pie_health_table *t, const char *backend,
                               const char *provider, const char *model, int64_t wall_ms);
/* When a request may go one of the ways that these names mean, NULL any: <= now at once; INT64_MAX: nobody knows yet. */
int64_t pie_health_table_open(struct pie_health_table *t, const char *provider, const char *model,
                              int64_t now_ms);

/* ---- snapshots */

struct pie_health_row {
    const char *text[PIE_HEALTH_TEXTS]; /* the table's own */
    int32_t scope;                      /* APIPIE_HEALTH_ROUTE, _PROVIDER or _GROUP */
    int32_t uptime[3];
    struct pie_health_view view;
    struct pie_health health; /* all of it, for the file */
};

/* The host's handle counts references; client is whose memory it is of, for whoever drops it. */
struct apipie_health {
    const struct pie_mem *mem;
    int32_t refs; /* atomic */
    struct apipie_client *client;
    struct pie_health_row *rows;
    size_t count;
};

/* NULL without memory. */
struct apipie_health *pie_health_take(struct pie_health_table *t, const struct pie_mem *mem,
                                      int64_t wall_ms);
void pie_health_free(struct apipie_health *s);

/* ---- health_file.c */

/* APIPIE_E_FILE with a constant text in *ret_reason, APIPIE_E_MEMORY: what was there stays. */
apipie_status pie_health_save(const struct apipie_health *s, const char *path,
                              const char **ret_reason);
/* One line of it, without its end. */
void pie_health_write(struct pie_buf *out, const struct pie_health_row *row);
/* A line back: 0 when it is none. Texts are borrowed from the line's. */
int32_t pie_health_read(const struct pie_node *root, struct pie_health_row *ret,
                        struct pie_slice text[PIE_HEALTH_TEXTS]);

/* ---- health_list.c: what a list says, found by the names of a route */

struct pie_health_list {
    const struct pie_mem *mem;
    const struct pie_health_fact *facts;
    size_t n, room;
    uint32_t *slot[2], *next[2]; /* chains by model, and by provider; counted from 1 */
};

apipie_status pie_health_list_init(struct pie_health_list *l, const struct pie_mem *mem,
                                   const struct pie_health_fact *facts, size_t n);
void pie_health_list_free(struct pie_health_list *l);
/* Of all models that the names mean, "" any: 1 when one is usable, 0 when all are not; APIPIE_UNKNOWN. A model may be behind
 * "provider/". */
int32_t pie_health_list_usable(const struct pie_health_list *l, const char *provider,
                               const char *model);
int32_t pie_health_list_group(const struct pie_health_list *l, const char *group);

#endif
