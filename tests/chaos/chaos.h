/* SPDX-License-Identifier: MIT */
/* The chaos test: many calls against a server that fails in every way, and two books that must agree. plan.c: what goes
 * wrong, drawn from a seed; reply.c: its bytes; server.c: the server; book.c: the server's own book; crowd.c: the calls;
 * report.c: what their callers saw; paper.c: the ledger as it stands in the file; audit.c: whether all of them tell the same story. */
#ifndef TEST_CHAOS_H
#define TEST_CHAOS_H

#include <stddef.h>
#include <stdint.h>

#include <apipie/apipie.h>

#define CHAOS_KEY       "sk-pie-chaos-0123456789"
#define CHAOS_PROVIDERS 8
#define CHAOS_ROUTES    3
#define CHAOS_LEFT      32 /* calls that still run when the client goes */
#define CHAOS_EXTRA                                                                                \
    1000 /* calls that are made while others, which nobody waits for, come to their end */

/* ---- plan.c: dice. The same seed and numbers give the same throws. */

struct chaos_dice {
    uint64_t state;
};

struct chaos_dice chaos_dice(uint64_t seed, uint64_t a, uint64_t b);
/* 0 to n - 1. */
uint32_t chaos_below(struct chaos_dice *d, uint32_t n);
/* 1 in so many of a thousand throws. */
int32_t chaos_hits(struct chaos_dice *d, uint32_t per_mille);

/* How the calls of one run are made. */
struct chaos_form {
    const char *name;
    int32_t policy, retries;
    int32_t calls; /* in the short form */
    int32_t threads;
    int32_t routes; /* 0: a call names one provider */
    int32_t images; /* the most that a call asks for */
    int32_t breaker;
    uint32_t cancels, hurries,
        lets_go; /* per mille: cancelled; with a very short time limit; dropped after submit */
};

/* ---- plan.c: what the server does */

enum { CHAOS_READ_ALL, CHAOS_READ_NOTHING, CHAOS_READ_HEAD, CHAOS_READ_PART };
enum { CHAOS_CLOSE, CHAOS_RESET, CHAOS_HOLD, CHAOS_REPLY };

/* How far a request is read, and what comes then if that is not all of it. By connection and turn. */
struct chaos_door {
    int32_t read;   /* CHAOS_READ_* */
    int32_t ending; /* CHAOS_*; HOLD: silence, then closed */
    int32_t hold_ms;
    uint32_t part; /* of 1000 of the body */
};

struct chaos_door chaos_door(uint64_t seed, uint64_t connection, int32_t turn);

/* Whether a request that was read whole is drawn and billed. */
enum { CHAOS_BILL_NEVER, CHAOS_BILL_PERHAPS, CHAOS_BILL_ALWAYS };
/* Who may send it again, when he has read so much of the reply. */
enum {
    CHAOS_AGAIN_NO,
    CHAOS_AGAIN_HOP,     /* a redirect: everybody */
    CHAOS_AGAIN_REFUSED, /* nothing was done: all but "never" */
    CHAOS_AGAIN_ROUTE    /* nothing was done here: who has another route */
};
enum {
    CHAOS_NEED_LINE, /* the status */
    CHAOS_NEED_SAID, /* the headers of the kind, and perhaps some words */
    CHAOS_NEED_ALL
};
enum {
    CHAOS_BODY_TEXT,
    CHAOS_BODY_NONE,
    CHAOS_BODY_JSON,   /* a picture in base64 */
    CHAOS_BODY_BROKEN, /* the same with a bad character */
    CHAOS_BODY_URL,
    CHAOS_BODY_BYTES /* the picture itself */
};
enum { CHAOS_COST_NONE, CHAOS_COST_NAMED, CHAOS_COST_ZEROS, CHAOS_COST_NONSENSE, CHAOS_COST_FREE };

struct chaos_kind {
    const char *name;
    uint32_t weight;
    int32_t status;
    const char *headers; /* lines that end in CRLF */
    int32_t body, cost;  /* CHAOS_BODY_*, CHAOS_COST_* */
    const char *text;    /* of CHAOS_BODY_TEXT; with %s: ',"usage":{...}' or nothing */
    int32_t bill, again, need;
    int32_t early; /* may be said before the request was read whole */
};

extern const struct chaos_kind chaos_kinds[];
extern const size_t chaos_kind_count;

/* What a request gets. By call and how often that came. */
struct chaos_answer {
    size_t kind;
    int32_t billed;
    int64_t amount; /* picodollars */
    int32_t wait_ms;
    int32_t cut;     /* so many of 1000 bytes are sent; 1000: all */
    int32_t ending;  /* then CHAOS_CLOSE, _RESET or _HOLD; _REPLY: the connection goes on */
    int32_t hold_ms; /* of CHAOS_HOLD */
    int32_t framing; /* 0 length, 1 chunks, 2 until the end of the connection */
    int32_t drip;    /* bytes at a time; 0: at once */
    int32_t first_continue, cost_first, exponent, padded, with_id;
};

struct chaos_answer chaos_answer(uint64_t seed, int32_t number, int32_t times);
/* Before the request was read whole: never billed. */
struct chaos_answer chaos_answer_early(uint64_t seed, uint64_t connection, int32_t turn);
/* To a GET of a picture: 200, 404, 500 or nothing; the kind is 0. */
struct chaos_answer chaos_answer_get(uint64_t seed, uint64_t count, int32_t *ret_status);
/* The first reply to this call comes late or never. */
int32_t chaos_is_slow(uint64_t seed, int32_t number);

/* ---- plan.c: what the caller does */

struct chaos_wish {
    int32_t number;
    int32_t provider; /* of CHAOS_PROVIDERS, the first one of its routes */
    int32_t images;
    size_t prompt;      /* bytes more than usual */
    size_t picture;     /* bytes of an input image */
    int64_t timeout_ms; /* 0: the client's */
    int64_t connect_ms, first_byte_ms, stall_ms;
    int64_t budget;       /* APIPIE_UNKNOWN: none */
    int32_t cancel_after; /* ms; -1: not */
    int32_t cancel_apart; /* by another thread */
    int32_t let_go;
    int32_t sink;
};

struct chaos_wish chaos_wish(const struct chaos_form *form, uint64_t seed, int32_t number);
int64_t chaos_price(int32_t provider);

/* ---- book.c: what the server saw and did, in the order it came */

struct chaos_arrival {
    char key[40];
    int32_t number; /* -1: not seen */
    int32_t order;
    int32_t whole;
    int32_t again; /* CHAOS_AGAIN_*, as far as that was said */
    int32_t kind;  /* of chaos_kinds; -1: no reply was begun */
    int32_t billed;
    int64_t amount;
    int32_t matched; /* the audit's own */
};

struct chaos_book {
    struct chaos_arrival *arrivals;
    size_t count, room;
    int32_t *times; /* by number: how often it came whole */
    int32_t calls;
    uint64_t connections, turns_lost, gets, outages;
    int32_t leaks; /* GETs with a key */
};

int32_t chaos_book_init(struct chaos_book *b, int32_t calls);
void chaos_book_free(struct chaos_book *b);
/* The index of a new arrival; -1 without memory. */
int32_t chaos_book_add(struct chaos_book *b, const char *key, int32_t number, int32_t whole);
/* Gives arrivals without a number the number of their key, and sorts them by number, then as they came; those without a
 * number by key. */
void chaos_book_sort(struct chaos_book *b);

/* ---- reply.c */

struct chaos_bytes {
    char *p;
    size_t n, room;
    size_t line_end,
        said_end; /* of the final response in it: its first line, what its kind says in headers */
};

void chaos_bytes_free(struct chaos_bytes *b);
void chaos_bytes_add(struct chaos_bytes *b, const void *p, size_t n);
/* id: of the reply; NULL: none. */
void chaos_reply_make(struct chaos_bytes *out, const struct chaos_answer *a, const char *id,
                      const char *origin, int32_t order);
void chaos_reply_get(struct chaos_bytes *out, int32_t status);
/* The picture that all replies hold. */
const uint8_t *chaos_picture(size_t *ret_size);

/* ---- server.c */

struct chaos_server;

/* A thread of its own. The book is its alone until it has stopped. */
struct chaos_server *chaos_server_start(uint64_t seed, struct chaos_book *book);
const char *chaos_server_base(const struct chaos_server *s);
/* Serves what is still out, then ends. */
void chaos_server_stop(struct chaos_server *s);

/* ---- crowd.c: what the callers saw */

struct chaos_report {
    apipie_status status;
    int32_t submitted, ends; /* how often it was seen to end */
    int32_t billed, kind, tries;
    int64_t charge;
    int32_t generates, sent, skipped,
        resent;       /* attempts of the paid call: all, sent ones, routes that were passed over,
                                                 and those whose kept connection had died */
    int32_t repeated; /* it went on after an attempt that was delivered or is unknown */
    int32_t let_go;
    int32_t freed, commits; /* of its sink */
    uint32_t open;          /* slots of its sink that have begun and not ended */
};

struct chaos_crowd {
    const struct chaos_form *form;
    uint64_t seed;
    int32_t calls; /* those beside CHAOS_LEFT and CHAOS_EXTRA */
    const char *base_url, *ledger;
    struct chaos_report *reports; /* by number */
};

/* All numbers that a run may use. */
int32_t chaos_crowd_numbers(int32_t calls);
/* Makes all the calls, and a client for them; the last CHAOS_LEFT calls are still out when it goes. */
void chaos_crowd_run(struct chaos_crowd *c);

/* ---- report.c */

/* The sink of some calls; user is the report. */
void chaos_report_sink(apipie_request *r, struct chaos_report *report);
/* Of a request that has ended: whether it is one story, and what it says. */
void chaos_report_take(const struct chaos_crowd *c, int32_t number, apipie_request *r);
/* Do the client's sums agree with the file? Nothing is out. */
void chaos_report_money(apipie_client *client, const char *ledger, const char *when);

/* ---- paper.c: the ledger, read by another reader */

struct chaos_entry {
    char id[40];
    int32_t number;
    int32_t provider;
    int32_t images;
    int64_t amount;
    int32_t reserves, settles; /* lines */
    int32_t billed;            /* APIPIE_BILLED_*, of the settle line */
    int32_t estimated;
    int64_t cost;
    int32_t order; /* of the arrival, by the reply's id; -1: none */
    char day[12];  /* of the reservation */
};

struct chaos_paper {
    struct chaos_entry *entries;
    size_t count, room;
    int32_t bad_lines;
};

int32_t chaos_paper_read(struct chaos_paper *p, const char *path);
void chaos_paper_free(struct chaos_paper *p);
struct chaos_sums {
    int64_t spent, estimated, unknown, unsettled;
    int64_t yes, no, guessed, unknowns; /* entries */
};
/* day NULL: all of them. */
void chaos_paper_sums(const struct chaos_paper *p, const char *day, struct chaos_sums *ret);
/* Today by the system's clock, as the ledger writes it. */
void chaos_today(char out[12]);

/* ---- audit.c */

void chaos_audit(const struct chaos_crowd *c, struct chaos_book *b, struct chaos_paper *p);
/* The figures of a run, one line; verbose: also how often each kind of reply was given. */
void chaos_audit_print(const struct chaos_crowd *c, const struct chaos_book *b,
                       const struct chaos_paper *p, double seconds, int32_t verbose);

/* ---- chaos.c */

/* A line about something that is wrong. Any thread. */
void chaos_wrong(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;
int32_t chaos_wrongs(void);
int64_t chaos_now_ms(void);

#endif
