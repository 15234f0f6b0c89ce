/* SPDX-License-Identifier: MIT */
/* Knows the replies that the server has, and what each means for the money; must not decide which is given. */
#include "chaos.h"

#define JSON  "Content-Type: application/json\r\n"
#define HTML  "Content-Type: text/html\r\n"
#define WORDS "{\"error\":{\"message\":\"chaos\",\"type\":\"t\",\"code\":\"c\"}}"
#define PAGE  "<html><head><title>bad gateway</title></head><body>nginx</body></html>"

#define NO  CHAOS_COST_NONE
#define SAY CHAOS_COST_NAMED

/* What a reply of another kind than a picture is made of. */
#define TEXT(status, headers, text, bill, again, need, early)                                      \
    status, headers, CHAOS_BODY_TEXT, NO, text, CHAOS_BILL_##bill, CHAOS_AGAIN_##again,            \
        CHAOS_NEED_##need, early
#define DRAWN(body, cost)                                                                          \
    200, JSON, CHAOS_BODY_##body, CHAOS_COST_##cost, NULL, CHAOS_BILL_ALWAYS, CHAOS_AGAIN_NO,      \
        CHAOS_NEED_LINE, 0
/* A success without a picture: who names a cost has billed it. */
#define EMPTY(text, cost, bill)                                                                    \
    200, JSON, CHAOS_BODY_TEXT, CHAOS_COST_##cost, text, CHAOS_BILL_##bill, CHAOS_AGAIN_NO,        \
        CHAOS_NEED_LINE, 0

const struct chaos_kind chaos_kinds[] = {
    {"picture", 300, DRAWN(JSON, NAMED)},
    {"picture, no usage", 40, DRAWN(JSON, NONE)},
    {"picture, usage of zeros", 15, DRAWN(JSON, ZEROS)},
    {"picture, nonsense for a cost", 15, DRAWN(JSON, NONSENSE)},
    {"picture, free", 10, DRAWN(JSON, FREE)},
    {"picture as bytes", 15, 200, "Content-Type: image/png\r\n", CHAOS_BODY_BYTES, NO, NULL,
     CHAOS_BILL_ALWAYS, CHAOS_AGAIN_NO, CHAOS_NEED_LINE, 0},
    {"url", 50, DRAWN(URL, NAMED)},
    {"url, no usage", 20, DRAWN(URL, NONE)},
    {"broken picture", 10, DRAWN(BROKEN, NONE)},
    {"broken picture with a cost", 10, DRAWN(BROKEN, NAMED)},
    {"200 with an error", 20, EMPTY("{\"error\":{\"message\":\"rate limit\"}%s}", NONE, PERHAPS)},
    {"200 with an error and a cost", 10,
     EMPTY("{\"error\":{\"message\":\"overloaded\"}%s}", NAMED, ALWAYS)},
    {"200 with nothing", 10, EMPTY("{\"data\":[]%s}", NONE, PERHAPS)},
    {"200 with nothing and a cost", 10, EMPTY("{\"data\":[]%s}", NAMED, ALWAYS)},
    {"200 that is no JSON", 8, EMPTY("{\"data\":[{\"b64_json\":", NONE, PERHAPS)},
    {"200 with a page", 5, TEXT(200, HTML, PAGE, PERHAPS, NO, LINE, 0)},
    {"202", 3, TEXT(202, JSON, "{\"id\":\"job\"}", PERHAPS, NO, LINE, 0)},
    {"204", 3, 204, "", CHAOS_BODY_NONE, NO, NULL, CHAOS_BILL_PERHAPS, CHAOS_AGAIN_NO,
     CHAOS_NEED_LINE, 0},

    {"429, retry-after-ms", 40,
     TEXT(429, JSON "retry-after-ms: 2\r\n", WORDS, NEVER, REFUSED, LINE, 1)},
    {"429, Retry-After", 25,
     TEXT(429, JSON "Retry-After: 0.004\r\n", WORDS, NEVER, REFUSED, LINE, 1)},
    {"429, Retry-After 0", 15,
     TEXT(429, JSON "Retry-After: 0\r\n", WORDS, NEVER, REFUSED, LINE, 0)},
    {"429", 6, TEXT(429, JSON, WORDS, NEVER, REFUSED, LINE, 1)},
    {"429, none remains", 5,
     TEXT(429, JSON "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 3ms\r\n",
          WORDS, NEVER, REFUSED, LINE, 0)},
    {"429, not again", 5,
     TEXT(429, JSON "x-should-retry: false\r\n", WORDS, NEVER, REFUSED, LINE, 0)},
    {"429, no credit", 5,
     TEXT(429, JSON, "{\"error\":{\"message\":\"m\",\"code\":\"insufficient_quota\"}}", NEVER,
          REFUSED, LINE, 0)},
    {"425", 8, TEXT(425, JSON "retry-after-ms: 1\r\n", WORDS, NEVER, REFUSED, LINE, 0)},
    {"503, Retry-After", 25,
     TEXT(503, JSON "Retry-After: 0.003\r\n", WORDS, NEVER, REFUSED, SAID, 1)},
    {"503, overloaded", 8,
     TEXT(503, JSON, "{\"error\":{\"message\":\"the model is overloaded\"}}", NEVER, REFUSED, SAID,
          0)},
    {"503", 15, TEXT(503, JSON, WORDS, PERHAPS, NO, LINE, 1)},
    {"503, a page", 5, TEXT(503, HTML, PAGE, PERHAPS, NO, LINE, 0)},
    {"500", 15, TEXT(500, JSON, WORDS, PERHAPS, NO, LINE, 1)},
    {"500, send it again", 10,
     TEXT(500, JSON "retry-after-ms: 1\r\nx-should-retry: true\r\n", WORDS, PERHAPS, NO, LINE, 0)},
    {"502, a page", 12, TEXT(502, HTML, PAGE, PERHAPS, NO, LINE, 0)},
    {"504", 8, TEXT(504, HTML "Retry-After: 0.002\r\n", PAGE, PERHAPS, NO, LINE, 0)},
    {"524", 4, TEXT(524, HTML, PAGE, PERHAPS, NO, LINE, 0)},
    {"408", 8, TEXT(408, JSON "retry-after-ms: 1\r\n", WORDS, PERHAPS, NO, LINE, 1)},
    {"409", 8, TEXT(409, JSON "retry-after-ms: 1\r\n", WORDS, PERHAPS, NO, LINE, 0)},
    {"424", 4, TEXT(424, JSON, WORDS, PERHAPS, NO, LINE, 0)},
    {"499", 4, TEXT(499, JSON, WORDS, PERHAPS, NO, LINE, 0)},

    {"400", 15, TEXT(400, JSON, WORDS, NEVER, ROUTE, LINE, 1)},
    {"400, send it again", 5,
     TEXT(400, JSON "retry-after-ms: 1\r\nx-should-retry: true\r\n", WORDS, NEVER, REFUSED, SAID,
          0)},
    {"400, refused content", 10,
     TEXT(400, JSON,
          "{\"error\":{\"message\":\"safety system\",\"code\":\"content_policy_violation\"}}",
          NEVER, NO, ALL, 0)},
    {"401", 4, TEXT(401, JSON, WORDS, NEVER, ROUTE, LINE, 0)},
    {"402", 8, TEXT(402, JSON, WORDS, NEVER, NO, LINE, 0)},
    {"403", 4, TEXT(403, JSON, WORDS, NEVER, ROUTE, LINE, 0)},
    {"404", 6, TEXT(404, JSON, WORDS, NEVER, ROUTE, LINE, 0)},
    {"413", 4, TEXT(413, JSON, WORDS, NEVER, ROUTE, LINE, 1)},
    {"422", 6, TEXT(422, JSON, WORDS, NEVER, ROUTE, LINE, 0)},

    {"307", 12, TEXT(307, "Location: /v1/again\r\n", "", NEVER, HOP, SAID, 0)},
    {"308", 4, TEXT(308, "Location: again\r\n", "", NEVER, HOP, SAID, 1)},
    {"302", 4, TEXT(302, "Location: /v1/again\r\n", "", NEVER, HOP, SAID, 0)},
    {"302 to nowhere", 3, TEXT(302, "Location: http://127.0.0.9:9/\r\n", "", NEVER, NO, LINE, 0)},
    {"303", 4, TEXT(303, "Location: /v1/done\r\n", "", PERHAPS, NO, LINE, 0)},
    {"300", 2, TEXT(300, JSON, "{}", NEVER, NO, LINE, 0)},

    /* The last one: only to calls for more than one image. */
    {"400, one image", 0,
     TEXT(400, JSON, "{\"error\":{\"message\":\"You must provide n=1 for this model.\"}}", NEVER,
          REFUSED, SAID, 0)},
};

const size_t chaos_kind_count = sizeof(chaos_kinds) / sizeof(chaos_kinds[0]);
