/* SPDX-License-Identifier: MIT */
/* The log of one exchange. */
#ifndef PIE_ATTEMPT_H
#define PIE_ATTEMPT_H

#include "base/base.h"

/* Bytes of a traceparent, version 00 (https://www.w3.org/TR/trace-context/): "00-<trace>-<parent>-<flags>". */
#define PIE_TRACEPARENT 55

struct pie_attempt {
    int32_t purpose; /* APIPIE_PURPOSE_* */
    int32_t outcome; /* APIPIE_OUTCOME_* */
    int32_t billed;  /* APIPIE_BILLED_* */
    apipie_status status;
    int32_t http_status;
    int64_t time[6];     /* by APIPIE_TIME_* */
    const char *backend; /* lives as long as the client; NULL: none */
    int32_t route;       /* which of the request's; -1: none */
    int32_t charge_kind; /* APIPIE_CHARGE_* */
    int64_t charge;      /* picodollars that count for it */
    char request_id[128];
    char message[160];   /* why it failed */
    char hold[37];       /* its id in the ledger; "" without one */
    int64_t wall_ms;     /* when it was sent, since 1970 UTC */
    int64_t server_ms;   /* the server's Date, likewise; -1: it said none */
    int32_t proxied;     /* -1: it was not tried */
    uint64_t bytes;      /* of the reply's body */
    uint64_t bytes_sent; /* of the request's, when it may have left */
    /* that it carried; "" without one */
    char traceparent[PIE_TRACEPARENT + 1];
};

void pie_attempt_init(struct pie_attempt *a);

#endif
