/* SPDX-License-Identifier: MIT */
/* What the files of meter share: sums, books, open attempts, and the ledger's lines. */
#ifndef PIE_METER_PRIV_H
#define PIE_METER_PRIV_H

#include "meter/meter.h"

#define PIE_METER_DAY_MS INT64_C(86400000)
/* The longest line that is written or read, with its end: longer ones are skipped. */
#define PIE_METER_LINE 65536

/* ---- Text to element, chained. Elements are their owner's; the table holds none of their memory. */

struct pie_meter_node {
    struct pie_meter_node *next;
    const char *key; /* of the element, as long as it is in the table */
    uint64_t hash;
};

struct pie_meter_table {
    const struct pie_mem *mem;
    struct pie_meter_node **slots;
    size_t count, room; /* room is a power of two, or 0 */
};

void pie_meter_table_init(struct pie_meter_table *t, const struct pie_mem *mem);
void pie_meter_table_free(struct pie_meter_table *t);
struct pie_meter_node *pie_meter_table_find(const struct pie_meter_table *t, struct pie_slice key);
/* key must not be in the table yet. APIPIE_OK or APIPIE_E_MEMORY. */
apipie_status pie_meter_table_put(struct pie_meter_table *t, struct pie_meter_node *node,
                                  const char *key);
void pie_meter_table_take(struct pie_meter_table *t, struct pie_meter_node *node);
/* Takes every element out for which drop() says 1; drop() frees it. */
void pie_meter_table_sweep(struct pie_meter_table *t, void *user,
                           int32_t (*drop)(void *user, struct pie_meter_node *node));

/* ---- Sums and attempts. */

/* More than an int64 of picodollars holds, so that what was added can be taken away again exactly. */
struct pie_meter_sum {
    int64_t dollars, rest; /* rest: picodollars below one dollar */
};

/* The four places where an amount can stand. An open attempt is RESERVED (ours, out now) or UNKNOWN (ours and nobody
 * knows; or of another process, whose line has no end yet). */
enum {
    PIE_METER_RESERVED,
    PIE_METER_UNKNOWN,
    PIE_METER_SPENT,
    PIE_METER_ESTIMATED,
    PIE_METER_PLACES
};

struct pie_meter_book {
    struct pie_meter_sum sum[PIE_METER_PLACES];
    int64_t unknown_count;
};

struct pie_meter_tag {
    struct pie_meter_node node; /* key: name */
    char *name;
    int64_t cap;
    size_t attempts; /* open ones that point here */
    struct pie_meter_book book;
};

/* An attempt that has not ended for good. */
struct pie_meter_attempt {
    struct pie_meter_node node; /* key: id */
    char id[37];
    int8_t place;   /* PIE_METER_RESERVED or _UNKNOWN */
    int8_t counted; /* its amount stands in the books: it is of the books' day */
    int8_t written; /* the ledger has its reserve line */
    int64_t time_ms;
    int64_t amount;
    struct pie_meter_tag *tag;
};

struct pie_meter_ledger {
    pie_file file;
    char *path;       /* absolute */
    char *buffer;     /* PIE_METER_LINE bytes */
    uint64_t offset;  /* what stands before it is in the books */
    int32_t skipping; /* inside of a line that is too long */
    int32_t stale;    /* the books must be made anew from the start of the file */
    char mark[48];    /* the bytes before offset: a file that was rewritten shows here */
    size_t mark_n;
    struct pie_buf out;  /* '\n', then the lines that wait to be written */
    const char *problem; /* why lines wait */
    int32_t lost;        /* too many waited: the file will never have them */
};

struct pie_meter {
    const struct pie_mem *mem;
    struct pie_lock *lock;
    int64_t cap;
    struct pie_meter_book book;
    struct pie_meter_table tags, attempts;
    int64_t now_ms;
    int32_t day; /* of the books, when there is a ledger */
    struct pie_meter_ledger ledger;
};

void pie_meter_sum_add(struct pie_meter_sum *s, int64_t amount);
void pie_meter_sum_take(struct pie_meter_sum *s, int64_t amount);
int64_t pie_meter_sum_value(const struct pie_meter_sum *s); /* INT64_MAX when it does not fit */
void pie_meter_book_totals(const struct pie_meter_book *b, struct pie_meter_totals *ret);
/* What counts against a cap: spent, reserved and unknown. */
int64_t pie_meter_book_stands(const struct pie_meter_book *b);

int32_t pie_meter_has_ledger(const struct pie_meter *m);
int32_t pie_meter_day(int64_t time_ms);
/* What a tag may be: UTF-8 without control bytes, 1 to APIPIE_LIMIT_TEXT bytes. */
int32_t pie_meter_tag_is_good(struct pie_slice name);
struct pie_meter_tag *pie_meter_tag_find(const struct pie_meter *m, struct pie_slice name);
/* Finds or makes it. APIPIE_OK or APIPIE_E_MEMORY. */
apipie_status pie_meter_tag_get(struct pie_meter *m, struct pie_slice name,
                                struct pie_meter_tag **ret);
struct pie_meter_attempt *pie_meter_attempt_find(const struct pie_meter *m, struct pie_slice id);

/* A new attempt, and its amount in the books. id is not there yet and fits; tag may be empty. */
apipie_status pie_meter_attempt_add(struct pie_meter *m, struct pie_slice id, struct pie_slice tag,
                                    int64_t amount, int64_t time_ms, int32_t place,
                                    struct pie_meter_attempt **ret);
/* A server's figure that can be true. */
int32_t pie_meter_cost_is_good(int64_t cost);
/* How it ended: APIPIE_BILLED_*. NO and YES end the attempt, which is freed. A cost that is not good: the amount counts.
 * estimated: the figure is somebody's estimate already. What counts now comes back. */
int64_t pie_meter_attempt_end(struct pie_meter *m, struct pie_meter_attempt *a, int32_t billed,
                              int64_t cost, int32_t estimated);
void pie_meter_attempt_drop(struct pie_meter *m, struct pie_meter_attempt *a);
/* Empty books; only this meter's own reservations stay. For a ledger that is read from its start. */
void pie_meter_forget(struct pie_meter *m);
void pie_meter_forget_all(struct pie_meter *m);

/* ---- Lines of the ledger. */

/* The writers add one line with its end. */
void pie_meter_line_reserve(struct pie_buf *out, const struct pie_meter_ask *ask, const char *id,
                            int64_t amount);
/* For an attempt whose first line is not in this file. */
void pie_meter_line_again(struct pie_buf *out, const struct pie_meter_attempt *a);
/* cost: what counts; only written for YES. */
void pie_meter_line_settle(struct pie_buf *out, const char *id, const struct pie_meter_end *end,
                           int64_t cost, int32_t estimated);
void pie_meter_line_resolve(struct pie_buf *out, const char *id, const struct pie_meter_end *end,
                            int64_t cost, int32_t estimated);
/* Brings the meter up to date with one line, whoever wrote it. What is no line of a ledger, or of no interest any more,
 * is APIPIE_OK; else APIPIE_E_MEMORY. */
apipie_status pie_meter_line_read(struct pie_meter *m, struct pie_slice line);

/* ---- The ledger's file. All of them: with the meter's lock held. */

void pie_meter_ledger_init(struct pie_meter_ledger *l);
void pie_meter_ledger_close(struct pie_meter_ledger *l, const struct pie_mem *mem);
/* Changes nothing in the books. */
apipie_status pie_meter_ledger_open(struct pie_meter_ledger *l, const struct pie_mem *mem,
                                    const char *path, const char **ret_reason);
/* Reads what is there, without the file's lock: whole lines only. */
apipie_status pie_meter_ledger_look(struct pie_meter *m, int64_t now_wall_ms,
                                    const char **ret_reason);
/* Takes the file's lock and reads all that is there. On failure it is not held. */
apipie_status pie_meter_ledger_enter(struct pie_meter *m, int64_t now_wall_ms,
                                     const char **ret_reason);
void pie_meter_ledger_leave(struct pie_meter *m);
/* Inside of enter and leave: writes the lines that wait, in one write. */
apipie_status pie_meter_ledger_write(struct pie_meter *m, const char **ret_reason);

/* ---- Caps. */

/* May the attempt be made? APIPIE_OK, or APIPIE_E_BUDGET with err filled. */
apipie_status pie_meter_budget_check(const struct pie_meter *m, const struct pie_meter_ask *ask,
                                     struct apipie_error *err);

#endif
