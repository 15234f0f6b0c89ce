/* SPDX-License-Identifier: MIT */
/* The door of dialect: one file a wire language. Pure: no sockets, no clock. */
#ifndef PIE_DIALECT_H
#define PIE_DIALECT_H

#include "base/base.h"
#include "data/data.h"
#include "codec/codec.h"
#include "http/http.h"

/* One call for a wish: where, as whom, by which route, and how much of it. All borrowed. */
struct pie_call {
    const struct pie_wish *wish;
    const char *base_url; /* no slash at the end; never NULL for encode and ask_history */
    const char *key;      /* NULL: none is sent */
    const char *provider; /* the route, instead of the wish's; NULL: the gateway chooses */
    const char *model;    /* likewise */
    int32_t n;            /* images of this call; 0: not sent, the server's default holds */
    int32_t has_seed;     /* 0: no seed is sent */
    uint64_t seed;        /* the wish's, or that of a part */
    uint32_t has;         /* PIE_WISH_HAS_* of those below */
    int32_t width, height, steps, compression, partial_images;
    double strength, guidance;
    int32_t way;                  /* 0: the first; or as the dialect's instead() said */
    uint32_t left_out;            /* bits 1 << PIE_WISH_* of texts that are not sent */
    size_t images;                /* of the wish's input images so many, from the first on */
    const struct pie_input *mask; /* NULL: none */
    int64_t wall_ms;              /* since 1970 UTC, for signatures; 0 where none is made */
    const char *found;            /* by the questions before the call; NULL: nothing so far */
    int32_t no_uploads;           /* 1: this server has none, as it turned out */
    const uint8_t *random; /* 16 bytes that nobody who made an input image can know, the same for
                                     each try; NULL: zeros */
};

/* Parameters that a call may hold, as pie_dialect.takes_*. */
struct pie_takes {
    uint32_t texts, numbers;
    size_t images;
    int32_t mask;
};

struct pie_dialect;

/* The route and numbers that the wish itself asks for; base_url and key stay NULL. */
void pie_call_init(struct pie_call *c, const struct pie_wish *w);
/* Text number `which` as this call sends it: provider and model are the route's. NULL: not sent. */
const char *pie_call_text(const struct pie_call *c, int32_t which);
/* Is number `which`, one of PIE_WISH_HAS_*, sent? */
int32_t pie_call_has(const struct pie_call *c, uint32_t which);
/* Makes the call one that the dialect takes, as the wish says (APIPIE_UNSUPPORTED_*). notes: NULL, or gets a line, with its end, for
 * each thing that is left out or changed. APIPIE_OK, or err's code. */
apipie_status pie_call_fit(const struct pie_dialect *d, struct pie_call *c, struct pie_buf *notes,
                           struct apipie_error *err);
/* The wish's choice for what a route does not take: 1, and a note that it was left out; or 0, and err. */
int32_t pie_call_leave_out(const struct pie_call *c, const char *setter, const char *why,
                           const char *name, struct pie_buf *notes, struct apipie_error *err);
/* The wish's second choice: may a value be changed to the nearest that the wire knows? Then `what` is noted. */
int32_t pie_call_may_change(const struct pie_call *c);
void pie_call_note(struct pie_buf *notes, const char *what, const char *more);

/* A size with a side outside of that becomes the nearest one, or is left out, as the wish says. APIPIE_OK, or err's code. */
apipie_status pie_call_fit_sides(struct pie_call *c, int32_t least, int32_t most,
                                 struct pie_buf *notes, struct apipie_error *err);
/* "16:9" in numbers, neither of them 0. 0: the text is no ratio. */
int32_t pie_call_ratio(const char *text, int32_t *ret_width, int32_t *ret_height);

/* One exchange to make. */
struct pie_leg {
    struct pie_http_request request;
    int32_t purpose; /* APIPIE_PURPOSE_* */
    int32_t paid;
    int32_t with_key;
};

/* What came back, as decode needs it. */
struct pie_reply {
    const struct pie_outcome *outcome;
    const struct pie_node *root; /* NULL: no JSON */
    struct pie_slice text;       /* raw, when it is no JSON */
    const struct pie_part *parts;
    size_t part_count;
    /* Of a stream: an array of what its events said, but for sketches; pie_part.event counts there. root is then the event that the
     * reply comes down to: the last one with a picture, else the one that says why there is none. NULL: no stream. */
    const struct pie_node *events;
    int32_t failed; /* one of the events says an error, whatever else came */
};

/* A row of the gateway's history: one call that was billed. What the row does not say, or not readably, is APIPIE_UNKNOWN
 * or empty; a row that is no object is all that. */
struct pie_history_row {
    int64_t time_ms;      /* since 1970 UTC, as the server wrote it: often cut to whole seconds */
    int64_t cost;         /* picodollars */
    int64_t prompt_chars; /* code points or UTF-16 units: servers differ */
    int64_t response_chars, prompt_tokens, response_tokens;
    int64_t latency_ms;
    struct pie_slice id, provider, route, unit,
        app; /* borrowed from the reply; app: the key's name */
};

/* What a call remembers between its exchanges; zeros before the first. */
struct pie_step {
    int32_t stage; /* the dialect's own */
    char id[200];  /* of a job at the server, or where it is asked for */
};

/* What the words of a failed reply mean. A list of these ends with a NULL word. */
struct pie_known {
    int32_t status; /* HTTP; 0: any */
    const char *word;
    apipie_status code;
    int32_t retryable;
    const char *hint;
};

struct pie_dialect {
    const char *name;
    int32_t free; /* 1: it draws on a machine of the user's: nothing is billed */
    const struct pie_path *paths;
    /* Parameters that it takes: bits 1 << PIE_WISH_* of texts, and PIE_WISH_HAS_* of numbers. */
    uint32_t takes_texts, takes_numbers;
    size_t takes_images; /* input images at most */
    int32_t takes_mask;
    /* 1: an edit of that model needs no prompt. NULL: each does. */
    int32_t (*wordless)(const struct pie_call *c);
    /* What the kind and the model of the call do not take of these is taken out. NULL: nothing is. */
    void (*narrow)(const struct pie_call *c, struct pie_takes *takes);
    /* What cannot be asked for by one route, before anything is queued. base_url and key may be NULL: where requests are only looked
     * at, and a key that the host is asked for. What it does not take is
     * left out already; it may change values to the nearest, with a note (notes may be NULL), where pie_call_may_change().
     * APIPIE_OK, or err's code: err says why. */
    apipie_status (*check)(struct pie_call *c, struct pie_buf *notes, struct apipie_error *err);
    /* Fills leg: initialised by the caller, or used before (then all of it but connect_timeout_ms is filled anew, the old
     * key is wiped, and the memory is kept). The body borrows from leg and from the wish. APIPIE_OK; err's code, when err
     * says what cannot be asked for by this route; or APIPIE_E_MEMORY or _E_LIMIT (too large) with err untouched. */
    apipie_status (*encode)(const struct pie_call *c, struct pie_leg *leg,
                            struct apipie_error *err);
    /* What holds for one try only, put on a leg that encode filled, before each sending of the call and at the address where it goes
     * (after a redirect another one). Nothing of the leg changes after it. APIPIE_OK; err's code; or APIPIE_E_MEMORY or _E_LIMIT
     * with err untouched. NULL: nothing does. */
    apipie_status (*sign)(const struct pie_call *c, struct pie_leg *leg, struct apipie_error *err);
    /* 1: it is known beforehand that the call makes one image, however many are asked for: several are asked for one by one. NULL:
     * it is not known. */
    int32_t (*one_image)(const struct pie_call *c);
    /* Appends the parameters as a JSON object, member by member as encode sends them, with null for the bytes of an input
     * image. Needs no base_url and no key, and no wish that check likes. A failure sticks in out. */
    void (*write)(const struct pie_call *c, struct pie_buf *out);
    /* A 2xx reply to what it means: images with slots and urls, usage, warnings; or err when it is an error in
     * disguise or holds no picture (ret may then still carry usage). APIPIE_OK or err's code or _E_MEMORY. */
    apipie_status (*decode)(const struct pie_call *c, const struct pie_reply *reply,
                            struct apipie_result *ret, struct apipie_error *err);
    /* What the words of its failed replies mean, where the status alone says it wrongly. NULL: none. */
    const struct pie_known *known;
    /* What such a reply says that no table can: after the table, see pie_dialect_explain(). NULL: nothing. */
    void (*explain)(const struct pie_reply *reply, struct apipie_error *err);
    /* One page of the history of bills, newest first: a leg that costs nothing, filled as encode does. There is no total:
     * pages go on until one has fewer than `limit` rows. NULL: the wire has no history. */
    apipie_status (*ask_history)(const struct pie_call *c, uint64_t limit, uint64_t offset,
                                 struct pie_leg *leg, struct apipie_error *err);
    /* Row `index` of a page, broken rows counted. 0 when there is none: past the end, or the reply is no page (see
     * pie_explain_has_error). */
    int32_t (*read_history)(const struct pie_reply *reply, size_t index,
                            struct pie_history_row *ret);
    /* 1 when the reply is a page; *ret_more: whether another one may follow. */
    int32_t (*read_page)(const struct pie_reply *reply, int32_t *ret_more);
    /* Where the list of models is; NULL: the wire has none. */
    const char *models_path;
    /* Instead of the three: a leg that costs nothing, filled as encode does; APIPIE_E_UNSUPPORTED: there is no list at this address. */
    apipie_status (*ask_models)(const struct pie_call *c, struct pie_leg *leg);
    /* Where the same list says more of each; then its server knows the filters of the wish too. NULL: neither. */
    const char *models_detailed;
    /* What a picture of that model costs, whatever its size, as far as the provider has published it and no route says it: picodollars, or
     * APIPIE_UNKNOWN. NULL: nothing of the kind. */
    int64_t (*price)(const char *model);
    /* How replies are read that come as a stream of events. NULL: none does. */
    const struct pie_stream *stream;
    /* A list of models in another form than the gateway's, to that form (pie_catalog_parse): plain JSON into out, and of it what the
     * wish's filters let through. NULL: it is the gateway's. backend is the provider of models that name none. APIPIE_OK,
     * APIPIE_E_MALFORMED, or out's failure. */
    apipie_status (*write_models)(const struct pie_call *c, const struct pie_reply *reply,
                                  const char *backend, struct pie_buf *out);

    /* ---- pictures that get a URL before the call; all four or none */

    /* 1: it takes the picture; *ret_note is NULL, or what it does to it. 0: it does not; *ret_note says why. */
    int32_t (*takes_upload)(const struct pie_input *in, const char **ret_note);
    /* A picture that it takes to the server: a leg that costs nothing, filled as encode does (purpose APIPIE_PURPOSE_UPLOAD). APIPIE_OK,
     * APIPIE_E_MEMORY or _E_LIMIT. */
    apipie_status (*ask_upload)(const struct pie_call *c, const struct pie_input *in,
                                struct pie_leg *leg);
    /* Its 2xx reply: the URL as it stands there; empty when there is none. */
    struct pie_slice (*read_upload)(const struct pie_reply *reply);
    /* The next one of the call that needs one: c->found holds the URLs of those before it, with a newline behind each. NULL: all have
     * theirs. Such a dialect has no other questions before the call. */
    const struct pie_input *(*next_upload)(const struct pie_call *c);

    /* ---- calls of several exchanges; each NULL where the wire needs none */

    /* A question that costs nothing, before the call: leg is filled as encode does (purpose APIPIE_PURPOSE_CHECK). *ret_needed 0: not
     * for this call, or not any more: it is asked for the next one after each answer (c->found). */
    apipie_status (*prepare)(const struct pie_call *c, struct pie_leg *leg, int32_t *ret_needed,
                             struct apipie_error *err);
    /* Its 2xx reply. What it says is appended to found, which is c->found from then on: as long as that is empty, the same is asked again.
     * c->found points into found, which moves when it grows. APIPIE_OK; or err's code: the call is not sent. A failure of found counts
     * by itself. */
    apipie_status (*prepared)(const struct pie_call *c, const struct pie_reply *reply,
                              struct pie_buf *found, struct apipie_error *err);
    /* A reply to the call that is no success: 0; or, for c->way from now on, in what other way the server is to be asked: this one it
     * does not have, and nothing was drawn. */
    int32_t (*instead)(const struct pie_call *c, const struct pie_reply *reply);
    /* A 2xx reply to the call, or to what came after it. APIPIE_OK: it is the answer, for decode. APIPIE_PENDING: leg is filled with
     * what is to be asked in *ret_after_ms (purpose APIPIE_PURPOSE_POLL; its pictures are at the same paths). Or err's code. */
    apipie_status (*step)(const struct pie_call *c, const struct pie_reply *reply,
                          struct pie_step *s, struct pie_leg *leg, int64_t *ret_after_ms,
                          struct apipie_error *err);
    /* Nobody waits for the call any more: the leg that tells the server (purpose APIPIE_PURPOSE_STOP). 0: there is none. */
    int32_t (*abandon)(const struct pie_call *c, const struct pie_step *s, struct pie_leg *leg);
    /* 1: that stops whatever the server draws, not this call alone; it draws one after the other, as they came. */
    int32_t stops_any;
    /* Beside the call, twice a second: how far it is (purpose APIPIE_PURPOSE_PROGRESS). 0: there is none. */
    int32_t (*ask_progress)(const struct pie_call *c, struct pie_leg *leg);
    /* Per mille, or APIPIE_UNKNOWN. */
    int32_t (*read_progress)(const struct pie_reply *reply);
};

/* A reply that is no success to what it means; sets should_retry and one_image too, but not retry_after_ms. */
void pie_dialect_explain(const struct pie_dialect *d, const struct pie_reply *reply,
                         struct apipie_error *err);
int32_t pie_dialect_has_models(const struct pie_dialect *d);
/* The list of models, by the filters of the wish: a leg that costs nothing, filled as encode does. APIPIE_OK, APIPIE_E_MEMORY or APIPIE_E_LIMIT. */
apipie_status pie_dialect_ask_models(const struct pie_dialect *d, const struct pie_call *c,
                                     struct pie_leg *leg);

extern const struct pie_dialect pie_dialect_apipie;
extern const struct pie_dialect pie_dialect_openai;
extern const struct pie_dialect pie_dialect_a1111;
extern const struct pie_dialect pie_dialect_sdcpp;
extern const struct pie_dialect pie_dialect_together;
extern const struct pie_dialect pie_dialect_deepinfra;
extern const struct pie_dialect pie_dialect_bedrock;
extern const struct pie_dialect pie_dialect_prodia;
extern const struct pie_dialect pie_dialect_stability;

/* NULL when there is none of that name. */
const struct pie_dialect *pie_dialect_find(const char *name);
/* NULL past the last one. */
const struct pie_dialect *pie_dialect_at(size_t index);

/* Most items of a reply that are looked at, with or without a picture. */
#define PIE_ITEMS_MAX 256

/* Serves every dialect: status, headers and a body of any shape to an error. */
void pie_explain(const struct pie_reply *reply, struct apipie_error *err);
/* A 2xx reply without a picture or a url to err: what the reply says of it, else what was wrong with the parts. */
void pie_explain_no_image(const struct pie_reply *reply, const struct apipie_result *result,
                          struct apipie_error *err);
/* 1 when a JSON reply holds an error member, or a list of errors, that says something. */
int32_t pie_explain_has_error(const struct pie_node *root);
/* The server's id for the exchange; "" when none. */
void pie_explain_request_id(const struct pie_headers *headers, char out[128]);
/* retry-after-ms, Retry-After in seconds, fractions and dates (clock: the server's Date, else now_wall_ms);
 * APIPIE_UNKNOWN without or with a senseless one. */
int64_t pie_explain_retry_after(const struct pie_headers *headers, int64_t now_wall_ms);
/* x-should-retry: 1 true, 0 false, APIPIE_UNKNOWN without it or with anything else. pie_explain and
 * pie_explain_no_image put it into err; 0 takes err's retryable away, 1 does not grant it. */
int32_t pie_explain_should_retry(const struct pie_headers *headers);

/* ---- which rows of a history are a call whose end nobody saw */

struct pie_lost_call {
    /* since 1970 UTC by the server's clock: when it was sent, and the latest that it can have been drawn; both included */
    int64_t from_ms, to_ms;
    /* the route that was asked, borrowed; NULL: any; provider "pool": any of both */
    const char *provider, *model;
    uint64_t prompt_chars; /* code points of the prompt */
    uint64_t prompt_units; /* the same in UTF-16: either count will do */
    /* rows that fit so far; 1: that one is the call; more: nobody can tell which one is */
    int32_t found;
    /* rows that fit but for their cost; beside one that has a cost they count as found too */
    int32_t unpriced;
    int64_t cost; /* of the first one with a cost; APIPIE_UNKNOWN */
    char id[64];  /* of the same one, fit for display */
};

/* Counts the prompt (UTF-8; NULL: none) and forgets the rest; the window and the route are the caller's to fill. */
void pie_lost_call_init(struct pie_lost_call *lost, const char *prompt);
/* Counts the row for a lost call, the first one once however often it is shown. 1 when it fits and has a cost. Fits: made in
 * the window (a time in whole seconds stands for all of its second), by unit "image" or none, the same provider and prompt
 * length where the row tells them, and the same model, one leading "provider/" on either side apart. */
int32_t pie_lost_call_match(struct pie_lost_call *lost, const struct pie_history_row *row);

#endif
