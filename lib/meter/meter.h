/* SPDX-License-Identifier: MIT */
/* The door of meter: what is spent, what is reserved, what nobody knows; and the ledger file that outlives the process.
 *
 * Days: with a ledger, totals and caps are of the UTC day, and an attempt belongs to the day of its reservation, whenever
 * it ends. Without one there are no days: they are of the meter's life.
 * Other processes: what they reserved and have not settled counts as unknown, whether they live or died; it leaves that
 * place with the line that settles or resolves it.
 * The file is the truth: one that shrank, was replaced or was rewritten is read anew, and what it does not say is not
 * counted, but for this meter's own reservations. It survives the death of the process at any instant; against the loss
 * of power it is as safe as the file system makes it (there is no fsync).
 * A client that forks takes a meter of its own in the child. */
#ifndef PIE_METER_H
#define PIE_METER_H

#include "base/base.h"
#include "data/data.h"
#include "codec/codec.h"

#include "meter/stats.h"
#include "meter/health.h"
#include "meter/bills.h"

struct pie_meter;

/* One attempt that may cost money, before it is sent. All texts are borrowed; NULL where there is none. */
struct pie_meter_ask {
    const char *backend, *provider, *model, *tag;
    int32_t images;
    uint64_t
        prompt_chars; /* characters of the prompt, for reconciliation; the prompt itself is never written */
    int64_t estimate; /* picodollars; APIPIE_UNKNOWN: no price is known */
    int64_t cap;      /* what the whole request may cost; APIPIE_UNKNOWN: no cap */
    int64_t spent;    /* by earlier attempts of the request, unknown ones included */
    int64_t now_wall_ms;
};

/* A reservation: plain, owned by the job, written by reserve, consumed by settle. */
struct pie_meter_hold {
    int32_t open;    /* 1 between reserve and settle */
    char id[37];     /* UUID text: joins the two lines of the ledger */
    int64_t amount;  /* picodollars; 0 when no price is known and no cap asks for one */
    int32_t day;     /* days since 1970 UTC at the reservation */
    const char *tag; /* the meter's own copy; NULL */
};

/* How an attempt ended. */
struct pie_meter_end {
    int32_t billed;  /* APIPIE_BILLED_* */
    int32_t outcome; /* APIPIE_OUTCOME_* */
    int64_t
        cost; /* the server's figure, or APIPIE_UNKNOWN: then the reserved amount counts, marked estimated */
    const char *request_id; /* "" or NULL: none */
    int64_t now_wall_ms;
};

struct pie_meter_totals {
    int64_t spent;     /* settled, estimated ones included */
    int64_t estimated; /* the part of spent that no server confirmed */
    int64_t reserved;  /* out now */
    int64_t unknown;   /* kept back for attempts whose bill nobody knows */
    int64_t unknown_count;
};

/* Any thread may call any of these: the meter has a lock of its own. With a ledger, reserve, settle, resolve and
 * open_ledger may wait up to a second for another process that holds the file; totals does not. */

struct pie_meter *pie_meter_new(const struct pie_mem *mem); /* NULL without memory */
struct pie_meter *pie_meter_free(struct pie_meter *m);

/* tag NULL: the client's cap. picodollars APIPIE_UNKNOWN takes the cap back. APIPIE_E_ARGUMENT for another negative amount,
 * or a tag that is empty, too long (APIPIE_LIMIT_TEXT), no UTF-8 or has control bytes; APIPIE_E_MEMORY. */
apipie_status pie_meter_set_cap(struct pie_meter *m, const char *tag, int64_t picodollars);

/* Opens or makes (mode 0600) the ledger file and counts today's lines (UTC). From then on totals and caps are of the UTC
 * day and of all processes that share the file; what was counted before is left behind, but for reservations that are
 * out. path NULL closes it: what stands stays, without days. APIPIE_E_FILE with a constant text in *ret_reason,
 * APIPIE_E_MEMORY: the ledger that was open stays open. */
apipie_status pie_meter_open_ledger(struct pie_meter *m, const char *path, int64_t now_wall_ms,
                                    const char **ret_reason);

/* Before sending. APIPIE_OK: ret is open, and the ledger has the line (a crash from here on is counted as unknown).
 * APIPIE_E_BUDGET: over a cap, or a cap stands and no price is known; APIPIE_E_FILE: the ledger cannot be written;
 * APIPIE_E_ARGUMENT: such a tag cannot be (see set_cap; an empty one is none); APIPIE_E_MEMORY. On failure err says
 * which, with what stands and what was asked, nothing is reserved, and ret is as it was. */
apipie_status pie_meter_reserve(struct pie_meter *m, const struct pie_meter_ask *ask,
                                struct pie_meter_hold *ret, struct apipie_error *err);

/* Would it be over a cap, as far as is known here? APIPIE_OK or APIPIE_E_BUDGET, as reserve; nothing is reserved, and no file is read. */
apipie_status pie_meter_check(struct pie_meter *m, const struct pie_meter_ask *ask,
                              struct apipie_error *err);

/* After it ended; closes the hold. NO gives the amount back, YES counts cost (or the amount, where the cost is negative
 * or above 10,000 dollars), UNKNOWN keeps the amount. A hold that is not open: nothing happens.
 * A ledger that cannot be written any more is remembered (pie_meter_problem) and totals stay right in memory; the lines
 * wait (up to 64 KiB of them) and go out with the next one that can be written.
 * *ret_charge: picodollars that now count (0 for NO). */
void pie_meter_settle(struct pie_meter *m, struct pie_meter_hold *hold,
                      const struct pie_meter_end *end, int64_t *ret_charge);

/* What was unknown became known (reconciled): by the id of its hold. billed is NO or YES. An id that is out now, or that
 * is not known (any more: with a ledger unknown ones are remembered until the end of the next day): nothing happens, and 0 comes
 * back. */
int32_t pie_meter_resolve(struct pie_meter *m, const char *id, int32_t billed, int64_t cost,
                          int64_t now_wall_ms);

/* tag NULL: everything. Reads what other processes appended first; where that fails: as far as is known. */
void pie_meter_totals(struct pie_meter *m, const char *tag, int64_t now_wall_ms,
                      struct pie_meter_totals *ret);

/* NULL, or why lines are missing in the ledger since it was opened: a constant text. It goes when the lines that waited
 * were written after all. */
const char *pie_meter_problem(struct pie_meter *m);

#endif
