/* SPDX-License-Identifier: MIT */
/* Bills: what was paid, by the gateway's history or by a ledger, newest first. A list that grows while it is read, and never changes
 * after that. Pure but for pie_bills_load(). */
#ifndef PIE_METER_BILLS_H
#define PIE_METER_BILLS_H

#include "base/base.h"

#include "meter/stats.h"

#define PIE_BILL_TEXTS   8  /* APIPIE_BILL_ID and on */
#define PIE_BILL_NUMBERS 11 /* APIPIE_BILL_TIME and on */

/* Places of the fields. */
#define PIE_BILL_TEXT_AT(field)   ((field)-APIPIE_BILL_ID)
#define PIE_BILL_NUMBER_AT(field) ((field)-APIPIE_BILL_TIME)

struct pie_bill {
    uint32_t text[PIE_BILL_TEXTS]; /* places among the texts; 0: unknown */
    int64_t number[PIE_BILL_NUMBERS];
};

/* What a bill says before it is kept; texts are borrowed. */
struct pie_bill_says {
    struct pie_slice text[PIE_BILL_TEXTS];
    int64_t number[PIE_BILL_NUMBERS];
};

/* A set of hashes, open addressing; room is a power of two, never full. */
struct pie_bills_seen {
    struct pie_hash *slot;
    unsigned char *used;
    size_t count, room;
};

struct apipie_history {
    const struct pie_mem *mem;
    int32_t refs;                 /* atomic */
    struct apipie_client *client; /* whose memory it is; for whoever drops it */
    struct pie_buf texts;         /* each ends with NUL; place 0 is "" */
    uint32_t *name;               /* those that repeat: places, by hash */
    size_t name_count, name_room;
    struct pie_bill *rows;
    size_t n, room;
    int32_t complete;
    int32_t walked; /* by pages of the gateway: another walk may go on behind it */
    /* what it covers, by the clock of its times; how far that is before ours, and how exactly this is known */
    int64_t from_ms, to_ms, ahead_ms, slack_ms;
    int64_t asked_from_ms, asked_to_ms; /* APIPIE_UNKNOWN: open */
    /* how a walk goes on: rows that were read, and which */
    uint64_t offset;
    struct pie_bills_seen seen;
    size_t page; /* where the present page begins */
};

/* ---- bills.c */

struct apipie_history *
pie_bills_new(const struct pie_mem *mem);      /* one reference; NULL without memory */
void pie_bills_free(struct apipie_history *h); /* NULL is fine */
/* All unknown. */
void pie_bill_says_init(struct pie_bill_says *says);
/* APIPIE_E_MEMORY, or APIPIE_E_LIMIT for gigabytes of names. */
apipie_status pie_bills_add(struct apipie_history *h, const struct pie_bill_says *says);
/* Another text for a row. */
apipie_status pie_bills_set_text(struct apipie_history *h, size_t index, int32_t field,
                                 struct pie_slice text);
/* 1 when this row came on an earlier page: by its id, or without one by all that it says. */
int32_t pie_bills_has(const struct apipie_history *h, const struct pie_bill_says *says);
/* The page has ended: from now on its rows are those of an earlier one. APIPIE_E_MEMORY. */
apipie_status pie_bills_turn(struct apipie_history *h);
/* `to` goes on where `from` ended. APIPIE_E_MEMORY. */
apipie_status pie_bills_go_on(struct apipie_history *to, const struct apipie_history *from);
/* NULL, APIPIE_UNKNOWN past the end and for other fields. */
const char *pie_bills_text(const struct apipie_history *h, size_t index, int32_t field);
int64_t pie_bills_number(const struct apipie_history *h, size_t index, int32_t field);
/* Statistics of the pictures among them. NULL without memory. */
struct apipie_stats *pie_bills_stats(const struct apipie_history *h);

/* ---- bills_ledger.c */

/* Adds what a ledger says. Newest first; covers from_ms (or its first line) to to_ms (or now). APIPIE_E_FILE with a constant text in
 * *ret_reason, APIPIE_E_MEMORY. */
apipie_status pie_bills_load(struct apipie_history *h, const char *path, int64_t from_ms,
                             int64_t to_ms, int64_t now_wall_ms, const char **ret_reason);

/* ---- totals.c: handles count their references; client as above */

struct apipie_totals {
    const struct pie_mem *mem;
    int32_t refs;
    struct apipie_client *client;
    struct pie_buf texts;
    struct pie_total_row *rows;
    size_t n;
};

/* NULL without memory; by is APIPIE_TOTALS_*. */
struct apipie_totals *pie_totals_new(const struct apipie_history *h, int32_t by);
void pie_totals_free(struct apipie_totals *t);
const char *pie_totals_text(const struct apipie_totals *t, size_t row);
int64_t pie_totals_number(const struct apipie_totals *t, size_t row, int32_t which);

/* ---- audit.c: keeps both histories by a reference of the caller's */

#define PIE_AUDIT_NUMBERS (APIPIE_AUDIT_TO + 1)

struct pie_audit_row {
    int32_t kind;
    int64_t time_ms; /* by our clock */
    int64_t at[2];   /* in the ledger, in the gateway's history; APIPIE_UNKNOWN */
};

struct apipie_audit {
    const struct pie_mem *mem;
    int32_t refs;
    struct apipie_history *side[2];
    struct pie_audit_row *rows;
    size_t n;
    int64_t number[PIE_AUDIT_NUMBERS];
};

/* NULL without memory. */
struct apipie_audit *pie_audit_new(struct apipie_history *ledger, struct apipie_history *gateway);
void pie_audit_free(struct apipie_audit *a);

#endif
