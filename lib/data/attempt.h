/* SPDX-License-Identifier: MIT */
/* The log of one exchange. */
#ifndef PIE_ATTEMPT_H
#define PIE_ATTEMPT_H

#include "base/base.h"

struct pie_attempt {
    int32_t purpose; /* APIPIE_PURPOSE_* */
    int32_t outcome; /* APIPIE_OUTCOME_* */
    int32_t billed;  /* APIPIE_BILLED_* */
    apipie_status status;
    int32_t http_status;
    int64_t time[6]; /* by APIPIE_TIME_* */
    char request_id[128];
};

void pie_attempt_init(struct pie_attempt *a);

#endif
